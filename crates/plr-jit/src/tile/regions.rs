//! Which operations treat each sample by itself, and how they are cut out of the program.
//!
//! Operations get *levels*: even outside of tiles, odd inside. An operation is at the lowest level of its kind that is not below
//! the levels of those it uses. In the order of levels everything comes after what it uses, and the operations of an odd
//! level need nothing that depends on them and is computed elsewhere: they are a region. What is fleeting is at no level: whoever reads
//! it computes it.

use std::collections::{HashMap, HashSet};

use plr_ir::geometry::Convolution;
use plr_ir::program::{Block, ConvolveForm, Op, Operation, Program, Repeat, Value};
use plr_ir::{Elem, several};

use super::axes::Axes;
use super::lanes::runs_on;
use super::{
    Layout, Region, Section, layout, layout_in_rows, layout_in_space, layout_of_multiplied,
    layout_of_weights, plain, position,
};
use crate::lower::Pick;

/// Fewer bytes of weights are soon fetched from another core.
const LEAST_WHOLE_BYTES: usize = 256 << 10;

/// So many multiplications for each element take about as long as moving it into another order and back.
const FEW_MULTIPLICATIONS: usize = 256;

/// What is known of a program, and has to do with tiles.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Whether sums may run on from tile to tile.
    pub(crate) running: bool,
    /// By value, whether it is fleeting: it is not in memory.
    pub(crate) fleeting: &'a [bool],
    /// Contractions that a choice picks from.
    pub(crate) picked: &'a HashMap<Value, Pick>,
}

/// The stretches of a program's body, in an order in which they can be run.
pub(crate) fn sections(program: &Program, known: Known<'_>) -> Vec<Section> {
    let axes = Axes::of(program);
    let Some((class, count)) = axes.samples(program) else { return plain(program) };
    let mut samples = Samples { program, axes, class, count, known };
    samples.sections().unwrap_or_else(|| {
        samples.known.running = false;
        samples.sections().unwrap_or_else(|| plain(program))
    })
}

/// The stretches of the body of a loop, in an order in which they can be run. Its steps follow each other; tiles that are made
/// anew in each must have a loop of their own to be worth it.
pub(crate) fn sections_of_body(program: &Program, body: &Block, known: Known<'_>) -> Vec<Section> {
    let alone = || vec![Section::Plain(body.operations.clone())];
    if !body.operations.iter().any(|operation| matches!(operation.op, Op::Repeat(_))) {
        return alone();
    }
    // Constants belong to whoever uses them.
    let constants =
        program.body.operations.iter().filter(|operation| matches!(operation.op, Op::Constant(_)));
    let operations = constants.chain(&body.operations).cloned().collect();
    let body = Block { operations, ..body.clone() };
    let (inputs, outputs) = (Vec::new(), Vec::new());
    sections(&Program { body, inputs, outputs, ..program.clone() }, known)
}

/// The sample axis of a program.
pub(super) struct Samples<'a> {
    pub(super) program: &'a Program,
    axes: Axes,
    class: usize,
    /// How many samples there are.
    pub(super) count: usize,
    known: Known<'a>,
}

impl Samples<'_> {
    /// The stretches of the program's body; `None` if sums would have to run on through tiles that are in no order.
    fn sections(&self) -> Option<Vec<Section>> {
        let levels = self.levels();
        let highest = levels.iter().copied().flatten().max().unwrap_or(0);
        let mut sections = Vec::new();
        for level in 0..=highest {
            let members = self.members(|at| levels[at] == Some(level));
            let worthwhile = level % 2 == 1 && members.iter().any(|operation| self.multiplies(operation));
            let of_weights = self.are_of_weights(&members);
            let region = worthwhile
                .then(|| Region::cut(self, &members))
                // Rows of weights alone are in no cache longer for being read in tiles.
                .filter(|region| !of_weights || region.renews(self.program));
            let runs_on = members.iter().any(|member| runs_on(member));
            if let Some(region) = region {
                if runs_on && !(of_weights && region.can_be_in_order()) {
                    return None;
                }
                sections.push(Section::Tiled(Box::new(region)));
            } else if !members.is_empty() {
                sections.push(Section::Plain(members.into_iter().cloned().collect()));
            }
        }
        Some(sections)
    }

    /// Whether the value has a number, or several, for each sample.
    pub(super) fn has(&self, value: Value) -> bool {
        self.program.type_of(value).rank() > 0 && self.axes.class(value, 0) == self.class
    }

    /// How a tile of the operations is laid out, going by what is cut.
    pub(super) fn layout(&self, members: &[&Operation], cut: &[Value]) -> Layout {
        let (count, bytes) = (self.count, self.program.precision.bytes());
        let convolutions = members.iter().flat_map(|member| convolutions(&member.op)).collect::<Vec<_>>();
        if !convolutions.is_empty() {
            let goes_on = |of: &Convolution| of.stride == 1 && !of.local;
            return layout_in_space(count, bytes, convolutions.iter().all(goes_on));
        }
        let largest = cut.iter().map(|&value| self.program.type_of(value).count()).max();
        let bytes_of_row = bytes * largest.unwrap_or(0) / count;
        if self.are_of_weights(members) {
            return layout_of_weights(count, bytes_of_row);
        }
        if self.are_soon_renewed(members, cut) {
            return layout_of_multiplied(count, bytes_of_row);
        }
        // What a sample picks is not beside what another one does.
        match self.picks(members) {
            true => layout_in_rows(count, bytes),
            false => layout(count, bytes),
        }
    }

    /// Whether there is a contraction from which a choice picks.
    fn picks(&self, members: &[&Operation]) -> bool {
        fn in_it(operation: &Operation, picked: &HashMap<Value, Pick>) -> bool {
            let of_contraction = operation.results.iter().any(|result| picked.contains_key(result));
            let in_block = |block: &Block| block.operations.iter().any(|operation| in_it(operation, picked));
            of_contraction || matches!(&operation.op, Op::Repeat(repeat) if in_block(&repeat.body))
        }
        members.iter().any(|member| in_it(member, self.known.picked))
    }

    /// Whether among what is cut are inputs that the program renews, with so little to compute between that putting samples last
    /// and first again would take as long.
    fn are_soon_renewed(&self, members: &[&Operation], cut: &[Value]) -> bool {
        let program = self.program;
        let name =
            |value: Value| position(&program.body.parameters, value).and_then(|at| program.inputs.get(at));
        let renewed = |&&value: &&Value| name(value).is_some_and(|name| program.output(name).is_some());
        let elements: usize = cut.iter().filter(renewed).map(|&value| program.type_of(value).count()).sum();
        let operations = members.iter().map(|&member| &member.op);
        elements > 0 && several::multiplications_of(program, operations) < FEW_MULTIPLICATIONS * elements
    }

    /// Whether what is cut apart are rows of matrices, which are multiplied by vectors.
    pub(super) fn are_of_weights(&self, members: &[&Operation]) -> bool {
        let rank = |value: Value| self.program.type_of(value).rank();
        let of_weights = |operation: &&Operation| {
            let Op::Contract { lhs, rhs, .. } = operation.op else { return !self.multiplies(operation) };
            let (rows, other) = if self.has(lhs) { (lhs, rhs) } else { (rhs, lhs) };
            self.has(rows) && rank(rows) > 1 && !self.has(other) && rank(other) < 2
        };
        members.iter().all(of_weights)
    }

    /// The operations at certain places, and those of what is fleeting that they read.
    pub(super) fn members(&self, is_member: impl Fn(usize) -> bool) -> Vec<&'_ Operation> {
        let mut members = Vec::new();
        let mut read: HashSet<Value> = HashSet::new();
        for (at, operation) in self.program.body.operations.iter().enumerate().rev() {
            let passed =
                || self.passes(operation) && operation.results.iter().any(|result| read.contains(result));
            if is_member(at) || passed() {
                operation.for_each_use(&mut |value| {
                    read.insert(value);
                });
                members.push(operation);
            }
        }
        members.reverse();
        members
    }

    /// Whether whoever reads what the operation gives computes it, in tiles or outside.
    pub(super) fn passes(&self, operation: &Operation) -> bool {
        let is_fleeting = |result: &Value| self.known.fleeting.get(result.index()) == Some(&true);
        operation.results.iter().all(is_fleeting) && self.separable(operation)
    }

    /// The level of each operation; none of what is fleeting.
    fn levels(&self) -> Vec<Option<usize>> {
        let mut of_value: HashMap<Value, usize> = HashMap::new();
        let mut levels = Vec::with_capacity(self.program.body.operations.len());
        for operation in &self.program.body.operations {
            if self.passes(operation) {
                let mut level = 0;
                operation
                    .for_each_use(&mut |value| level = level.max(of_value.get(&value).copied().unwrap_or(0)));
                of_value.extend(operation.results.iter().map(|&result| (result, level)));
                levels.push(None);
                continue;
            }
            let before = |value: Value| of_value.get(&value).is_none_or(|&level| level == 0);
            let inside = (self.separable(operation) || self.sums(&operation.op) || self.runs_on(operation))
                && !self.takes_index(operation)
                && !self.is_better_whole(&operation.op, before);
            let mut level = usize::from(inside);
            operation.for_each_use(&mut |value| {
                let used = of_value.get(&value).copied().unwrap_or(0);
                level = level.max(if (used % 2 == 1) == inside { used } else { used + 1 });
            });
            // A sum over samples is whole when all tiles are through.
            let known = if inside && is_sum(&operation.op) { level + 1 } else { level };
            operation.results.iter().for_each(|&result| {
                of_value.insert(result, known);
            });
            levels.push(Some(level));
        }
        levels
    }

    /// Whether the operation computes something of each sample from things of that sample and of all. Along the axes that
    /// operands and result have in common, everything is as the classes say.
    fn separable(&self, operation: &Operation) -> bool {
        let op = &operation.op;
        if let Op::Repeat(repeat) = op {
            return self.separable_loop(repeat, &operation.results);
        }
        let known = op.is_element_wise()
            || self.keeps_samples(op)
            || in_lanes(op).is_some_and(|form| form != ConvolveForm::Correlate)
            || matches!(
                op,
                Op::Broadcast { .. }
                    | Op::Reduce { .. }
                    | Op::Range { .. }
                    | Op::Slice { .. }
                    | Op::Insert { .. }
                    | Op::Detach { .. }
                    | Op::Pool { .. }
                    | Op::Unpool { .. }
                    | Op::Map(_)
            );
        let known = known || matches!(op, Op::RunningSum { axis: 1.., .. });
        // A reshaped value of samples may have had them as another axis before.
        let reshaped = matches!(op, Op::Reshape(input) if self.has(*input));
        (known || reshaped) && operation.results.iter().all(|&result| self.has(result))
    }

    /// Whether it is a product of many weights with samples that are there `before` any tile. Cut by weights instead of by
    /// samples, the thread that has changed some of them is the one that reads them, and no other.
    fn is_better_whole(&self, op: &Op, before: impl Fn(Value) -> bool) -> bool {
        let Op::Contract { lhs, rhs, .. } = op else { return false };
        let (samples, weights) = if self.has(*lhs) { (*lhs, *rhs) } else { (*rhs, *lhs) };
        let rank = |value: Value| self.program.type_of(value).rank();
        let bytes = self.program.type_of(weights).count() * self.program.precision.bytes();
        let of_weights = rank(samples) == 2 && rank(weights) == 2 && !self.has(weights);
        of_weights && bytes >= LEAST_WHOLE_BYTES && before(samples) && before(weights)
    }

    /// Whether it is a contraction whose factors have samples where its result has them. A vector times a constant matrix can
    /// sum over what the classes call samples: constants connect no axes, and the result may be of as many.
    fn keeps_samples(&self, op: &Op) -> bool {
        let Op::Contract { lhs, rhs, spec } = op else { return false };
        let kept =
            |(&value, labels): (&Value, &Vec<u8>)| !self.has(value) || labels.first() == spec.out.first();
        [(lhs, &spec.lhs), (rhs, &spec.rhs)].into_iter().all(kept)
    }

    /// Whether the operation sums over samples, and can do so tile by tile.
    fn sums(&self, op: &Op) -> bool {
        let mut of_samples = is_sum(op);
        op.for_each_operand(|value| of_samples &= self.has(value));
        of_samples
    }

    /// Whether its sums run on from sample to sample, if that is allowed here, in rows of several numbers.
    fn runs_on(&self, operation: &Operation) -> bool {
        let result = operation.results.first().filter(|_| self.known.running && runs_on(operation));
        result.is_some_and(|&result| {
            let dims = &self.program.type_of(result).dims;
            self.has(result) && dims[1..].iter().product::<usize>() > 1
        })
    }

    /// Whether it uses a step number from elsewhere: tiles have those of their own loops, and others for what is before a place alone.
    fn takes_index(&self, operation: &Operation) -> bool {
        let mut own = Vec::new();
        if let Op::Repeat(repeat) = &operation.op {
            repeat.body.for_each_definition(&mut |value| own.push(value));
        }
        let mut takes = false;
        operation.for_each_use(&mut |value| {
            takes |= self.program.type_of(value).elem == Elem::Index && position(&own, value).is_none();
        });
        takes
    }

    fn separable_loop(&self, repeat: &Repeat, results: &[Value]) -> bool {
        repeat.until.is_none()
            && results.iter().all(|&result| self.has(result))
            && repeat.body.operations.iter().all(|operation| {
                self.separable(operation)
                    || matches!(operation.op, Op::Constant(_) | Op::FromIndex(_))
                    || self.of_scalars(operation)
                    || self.is_slice_for_all(operation)
            })
    }

    /// Whether it is element-wise and of scalars that are the same for all samples, like a rate that depends on the step.
    fn of_scalars(&self, operation: &Operation) -> bool {
        let scalar = |value: Value| self.program.type_of(value).rank() == 0;
        let mut scalars = operation.results.iter().all(|&result| scalar(result));
        operation.for_each_use(&mut |value| scalars &= scalar(value));
        scalars && (operation.op.is_element_wise() || matches!(operation.op, Op::Map(_)))
    }

    /// Whether it takes a slice of something that is the same for all samples.
    fn is_slice_for_all(&self, operation: &Operation) -> bool {
        matches!(operation.op, Op::Slice { input, .. } if !self.has(input) && !self.has(operation.results[0]))
    }

    /// Whether there is a contraction in it: without one there is nothing to gain from tiles.
    fn multiplies(&self, operation: &Operation) -> bool {
        fn in_it(op: &Op) -> bool {
            let in_block = |block: &Block| block.operations.iter().any(|operation| in_it(&operation.op));
            matches!(op, Op::Contract { .. } | Op::Convolve { .. })
                || matches!(op, Op::Repeat(repeat) if in_block(&repeat.body))
        }
        in_it(&operation.op)
    }
}

/// Whether it is a sum over samples and positions that tiles know how to compute.
pub(super) fn is_sum(op: &Op) -> bool {
    in_lanes(op) == Some(ConvolveForm::Correlate)
}

/// The form of a convolution.
fn in_lanes(op: &Op) -> Option<ConvolveForm> {
    if let Op::Convolve { form, .. } = op { Some(*form) } else { None }
}

/// The convolutions in it: those of tiles are of samples in lanes.
fn convolutions(op: &Op) -> Vec<Convolution> {
    if let Op::Convolve { geometry, .. } = op {
        return vec![*geometry];
    }
    let Op::Repeat(repeat) = op else { return Vec::new() };
    repeat.body.operations.iter().flat_map(|operation| convolutions(&operation.op)).collect()
}
