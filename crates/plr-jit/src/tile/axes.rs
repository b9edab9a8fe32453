//! Which axes are the same axis, and which of them runs over samples.

use std::collections::HashMap;

use plr_ir::program::{Block, ConvolveForm, Op, Operation, Program, Repeat, Value};

use super::LEAST_SAMPLES;

/// The axes of all values, in classes of axes that operations connect.
pub(super) struct Axes {
    /// By value: where its axes begin.
    first: Vec<usize>,
    /// By axis: another of its class, or itself.
    parent: Vec<usize>,
    /// By axis: whether it is not the first of its value.
    inner: Vec<bool>,
}

impl Axes {
    /// Of a program. Constants connect nothing: one constant may stand for different things.
    pub(super) fn of(program: &Program) -> Self {
        let mut this = Self { first: Vec::new(), parent: Vec::new(), inner: Vec::new() };
        for ty in &program.values {
            this.first.push(this.parent.len());
            for axis in 0..ty.rank() {
                this.parent.push(this.parent.len());
                this.inner.push(axis > 0);
            }
        }
        let mut constant = vec![false; program.values.len()];
        // Outside of its loops a step number is one of a loop around it: what depends on that is in no tile.
        let in_tiles = |op: &Op| !matches!(op, Op::Slice { .. } | Op::Insert { .. });
        for operation in program.body.operations.iter().filter(|operation| in_tiles(&operation.op)) {
            this.operation(program, operation, &mut constant);
        }
        this
    }

    /// The class of an axis of a value.
    pub(super) fn class(&self, value: Value, axis: usize) -> usize {
        let mut at = self.first[value.index()] + axis;
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, a: (Value, usize), b: (Value, usize)) {
        let (a, b) = (self.class(a.0, a.1), self.class(b.0, b.1));
        self.parent[b] = a;
        self.inner[a] |= self.inner[b];
    }

    fn join_all(&mut self, a: Value, b: Value, rank: usize) {
        (0..rank).for_each(|axis| self.join((a, axis), (b, axis)));
    }

    fn block(&mut self, program: &Program, block: &Block, constant: &mut [bool]) {
        for operation in &block.operations {
            self.operation(program, operation, constant);
        }
    }

    /// Connects the axes of an operation's operands and results; those of an operation that is not known here stay apart.
    fn operation(&mut self, program: &Program, operation: &Operation, constant: &mut [bool]) {
        let Some(&result) = operation.results.first() else { return };
        let rank = program.type_of(result).rank();
        let op = &operation.op;
        if let Op::Constant(_) = op {
            constant[result.index()] = true;
        } else if op.is_element_wise() {
            op.for_each_operand(|value| {
                if !constant[value.index()] {
                    self.join_all(result, value, rank);
                }
            });
        } else if let Op::Rank(value) | Op::Detach { value, .. } | Op::RunningSum { input: value, .. } = op {
            self.join_all(result, *value, rank);
        } else if let Op::Reshape(input) = op {
            // Row-major order keeps the first axis, whatever becomes of the others.
            if program.type_of(*input).dims.first() == program.type_of(result).dims.first() {
                self.along(*input, result, &[0][..rank.min(1)], constant);
            }
        } else if let Op::Unpool { input, by, .. } = op {
            [Some(input), by.as_ref()].into_iter().flatten().for_each(|value| {
                self.along(result, *value, &[0], constant);
            });
        } else if let Op::Pool { input: value, .. }
        | Op::Convolve {
            form: ConvolveForm::Forward | ConvolveForm::Adjoint, lhs: value, ..
        } = op
        {
            self.along(result, *value, &[0], constant);
        } else if let Op::Convolve { form: ConvolveForm::Correlate, lhs, rhs, .. } = op {
            self.along(*lhs, *rhs, &[0], constant);
        } else if let Op::Broadcast { input, axes } = op {
            self.along(result, *input, axes, constant);
        } else if let Op::Contract { lhs, rhs, spec } = op {
            let operands = [(result, &spec.out), (*lhs, &spec.lhs), (*rhs, &spec.rhs)];
            self.contract(operands.into_iter().filter(|(value, _)| !constant[value.index()]));
        } else if let Op::Reduce { input, axes, .. } = op {
            let kept = (0..program.type_of(*input).rank()).filter(|axis| !axes.contains(axis));
            kept.enumerate().for_each(|(i, axis)| self.join((result, i), (*input, axis)));
        } else if let Op::Range { input, axis, .. } = op {
            let kept = (0..rank).filter(|other| other != axis);
            kept.for_each(|axis| self.join((result, axis), (*input, axis)));
        } else if let Op::Slice { input, axis, .. } = op {
            let kept: Vec<usize> = (0..=rank).filter(|other| other != axis).collect();
            self.along(*input, result, &kept, constant);
        } else if let Op::Insert { into, value, axis, .. } = op {
            let kept: Vec<usize> = (0..rank).filter(|other| other != axis).collect();
            self.along(result, *value, &kept, constant);
            self.along(result, *into, &(0..rank).collect::<Vec<_>>(), constant);
        } else if let Op::Map(map) = op {
            operation.results.iter().for_each(|&other| self.join_all(result, other, rank));
            map.inputs.iter().for_each(|input| self.along(result, input.value, &input.axes, constant));
        } else if let Op::Repeat(repeat) = op {
            self.repeat(program, repeat, &operation.results, constant);
        }
    }

    /// Axis `i` of the part is axis `axes[i]` of the whole.
    fn along(&mut self, whole: Value, part: Value, axes: &[usize], constant: &[bool]) {
        if !constant[whole.index()] && !constant[part.index()] {
            axes.iter().enumerate().for_each(|(i, &axis)| self.join((whole, axis), (part, i)));
        }
    }

    fn contract<'l>(&mut self, operands: impl Iterator<Item = (Value, &'l Vec<u8>)>) {
        let mut known: HashMap<u8, (Value, usize)> = HashMap::new();
        for (value, labels) in operands {
            for (axis, &label) in labels.iter().enumerate() {
                let other = *known.entry(label).or_insert((value, axis));
                self.join(other, (value, axis));
            }
        }
    }

    fn repeat(&mut self, program: &Program, repeat: &Repeat, results: &[Value], constant: &mut [bool]) {
        self.block(program, &repeat.body, constant);
        let parameters = &repeat.body.parameters[1..];
        for (i, &parameter) in parameters.iter().enumerate() {
            let rank = program.type_of(parameter).rank();
            self.join_all(parameter, results[i], rank);
            for other in [repeat.initial[i], repeat.body.results[i]] {
                if !constant[other.index()] {
                    self.join_all(parameter, other, rank);
                }
            }
        }
    }

    /// The class of axes that are first wherever they are, and along which most multiplications are made that keep it, and
    /// how long they are; `None` if there is none, or if it is too short to be cut into tiles.
    pub(super) fn samples(&self, program: &Program) -> Option<(usize, usize)> {
        let mut work: HashMap<(usize, usize), usize> = HashMap::new();
        self.count_work(program, &program.body, &mut work);
        work.into_iter().max_by_key(|&(class, work)| (work, std::cmp::Reverse(class))).map(|(class, _)| class)
    }

    fn count_work(&self, program: &Program, block: &Block, work: &mut HashMap<(usize, usize), usize>) {
        for operation in &block.operations {
            if let Op::Repeat(repeat) = &operation.op {
                self.count_work(program, &repeat.body, work);
            }
            let Some([lhs, rhs]) = keeping(&operation.op) else { continue };
            let result = operation.results[0];
            let extent = program.type_of(result).dims[0];
            if extent < LEAST_SAMPLES {
                continue;
            }
            let class = self.class(result, 0);
            if !self.inner[class] {
                let count = program.type_of(lhs).count().max(program.type_of(rhs).count());
                let sum = work.entry((class, extent)).or_default();
                *sum = sum.saturating_add(count);
            }
        }
    }
}

/// The factors of an operation that multiplies along the first axis of its result.
fn keeping(op: &Op) -> Option<[Value; 2]> {
    if let Op::Contract { lhs, rhs, spec } = op {
        return (!spec.out.is_empty()).then_some([*lhs, *rhs]);
    }
    let Op::Convolve { form: ConvolveForm::Forward | ConvolveForm::Adjoint, lhs, rhs, .. } = op else {
        return None;
    };
    Some([*lhs, *rhs])
}
