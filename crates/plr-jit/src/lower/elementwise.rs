//! Element-wise operations, single or fused, as maps over index spaces.

use std::collections::HashMap;
use std::rc::Rc;

use plr_ir::program::{Local, Map, MapInput, MapInstruction, Op, Value};
use plr_ir::scalar::BinaryOp;

use super::{Lowering, Task, View, is_truth};
use crate::space::{Space, along};

/// Element-wise code over one index space.
#[derive(Clone, Debug)]
pub(crate) struct MapTask {
    /// The index space, collapsed; its operands are the inputs, then the results.
    pub(crate) space: Space,
    /// What it reads.
    pub(crate) inputs: Vec<MapOperand>,
    /// What it computes for each element.
    pub(crate) body: Vec<MapInstruction>,
    /// The values it defines, and which instruction gives each.
    pub(crate) results: Vec<(Value, Local)>,
    /// An input and a result that are one row, which goes from each index of the outermost axis to the next; none without.
    pub(crate) running: Option<[Value; 2]>,
}

/// A value read by a [`MapTask`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapOperand {
    /// The value.
    pub(crate) value: Value,
    /// Whether its elements are truth values.
    pub(crate) truth: bool,
    /// Whether it has all axes of the space: element by element a result may be written over it.
    pub(crate) whole: bool,
}

impl Lowering<'_> {
    /// A value with the elements of `value`, in memory of its own.
    pub(super) fn copy(&mut self, value: Value) -> Value {
        let copy = self.fresh(self.type_of(value).clone());
        self.copy_to(copy, value);
        copy
    }

    /// Gives a value that is not computed yet the elements of another.
    pub(super) fn copy_to(&mut self, copy: Value, value: Value) {
        let mut body = Body::default();
        let element = body.read(self, value);
        self.map(&body, &[(copy, element)]);
    }

    /// Lowers a change of dimensions, which is a copy: what is so changed is small.
    pub(super) fn reshape(&mut self, input: Value, result: Value) {
        let number = if let View::Constant(number) = self.view(input) { Some(*number) } else { None };
        if let Some(number) = number {
            self.views[result.index()] = Some(View::Constant(number));
            return;
        }
        let input = self.stored(input);
        let truth = is_truth(self.type_of(input));
        let space = Space { dims: vec![self.type_of(input).count()], strides: vec![vec![1]; 2] };
        self.define(result);
        self.push(Task::Map(MapTask {
            space: space.collapsed(),
            inputs: vec![MapOperand { value: input, truth, whole: true }],
            body: vec![MapInstruction::Input(0)],
            results: vec![(result, Local(0))],
            running: None,
        }));
    }

    /// Lowers an element-wise operation that stands alone.
    pub(super) fn single(&mut self, op: &Op, result: Value) {
        let mut body = Body::default();
        let mut operands = [Local(0); 3];
        let mut places = operands.iter_mut();
        op.for_each_operand(|value| {
            if let Some(place) = places.next() {
                *place = body.read(self, value);
            }
        });
        let Some(instruction) = instruction(op, operands) else {
            unreachable!("`single` is called for element-wise operations")
        };
        let last = body.push(instruction);
        self.element_wise(&body, &[(result, last)]);
    }

    /// Lowers a fused operation.
    pub(super) fn fused(&mut self, map: &Map, results: &[Value]) {
        let mut body = Body::default();
        let mut locals: Vec<Local> = Vec::with_capacity(map.body.len());
        for instruction in &map.body {
            locals.push(if let MapInstruction::Input(i) = instruction {
                body.read_along(self, &map.inputs[*i as usize])
            } else {
                body.push(instruction.moved(|local| locals[local.0 as usize]))
            });
        }
        let results: Vec<(Value, Local)> = results
            .iter()
            .zip(&map.results)
            .map(|(&value, local)| (value, locals[local.0 as usize]))
            .collect();
        self.element_wise(&body, &results);
    }

    /// What element-wise code gives: tasks, but for what is fleeting, which is known by its code.
    fn element_wise(&mut self, body: &Body, results: &[(Value, Local)]) {
        let is_fleeting = |(value, _): &(Value, Local)| self.fleeting.get(value.index()) == Some(&true);
        let fleeting: Vec<(Value, Local)> = results.iter().copied().filter(is_fleeting).collect();
        let kept: Vec<(Value, Local)> = results.iter().copied().filter(|r| !is_fleeting(r)).collect();
        for (value, local) in fleeting {
            let code = Rc::new(body.pruned(&[local]));
            let axes = (0..self.type_of(value).rank()).collect();
            self.views[value.index()] = Some(View::Computed { code, axes });
        }
        if !kept.is_empty() {
            self.map(body, &kept);
        }
    }

    /// `result[…] = lhs[…]·rhs[…]`, the axes of the factors being these axes of the result.
    pub(super) fn products(&mut self, factors: [MapInput; 2], result: Value) {
        let mut body = Body::default();
        let [lhs, rhs] = factors.map(|factor| body.read_along(self, &factor));
        let product = body.push(MapInstruction::Binary(BinaryOp::Mul, lhs, rhs));
        self.map(&body, &[(result, product)]);
    }

    fn map(&mut self, body: &Body, results: &[(Value, Local)]) {
        let locals: Vec<Local> = results.iter().map(|&(_, local)| local).collect();
        let Code { inputs, body, results: locals } = body.pruned(&locals);
        let dims = self.dims(results[0].0);
        let read = |(value, axes): &(Value, Vec<usize>)| along(&self.strides(*value), axes, dims.len());
        let written = results.iter().map(|(value, _)| self.strides(*value));
        let strides = inputs.iter().map(read).chain(written).collect();
        let operand = |(value, axes): &(Value, Vec<usize>)| self.operand(*value, axes.len() == dims.len());
        let inputs = inputs.iter().map(operand).collect();
        let space = Space { dims, strides }.collapsed();
        results.iter().for_each(|&(value, _)| self.define(value));
        let results = results.iter().map(|&(value, _)| value).zip(locals).collect();
        self.push(Task::Map(MapTask { space, inputs, body, results, running: None }));
    }

    /// A stored value as an operand; `whole` says whether it has all axes of the space.
    pub(super) fn operand(&self, value: Value, whole: bool) -> MapOperand {
        MapOperand { value, truth: is_truth(self.type_of(value)), whole }
    }
}

/// An element-wise operation as an instruction on instructions; `None` for any other.
#[allow(clippy::wildcard_enum_match_arm, reason = "other operations are no instructions, present or future")]
pub(super) fn instruction(op: &Op, [a, b, c]: [Local; 3]) -> Option<MapInstruction> {
    Some(match op {
        Op::Unary(op, _) => MapInstruction::Unary(*op, a),
        Op::Binary(op, ..) => MapInstruction::Binary(*op, a, b),
        Op::Compare(op, ..) => MapInstruction::Compare(*op, a, b),
        Op::And(..) => MapInstruction::And(a, b),
        Op::Or(..) => MapInstruction::Or(a, b),
        Op::Not(_) => MapInstruction::Not(a),
        Op::Select(..) => MapInstruction::Select(a, b, c),
        _ => return None,
    })
}

/// Element-wise code over a space that whoever uses it knows.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// The stored values that it reads, each with the axes of the space that its own axes follow.
    pub(super) inputs: Vec<(Value, Vec<usize>)>,
    /// What it computes for each element.
    pub(super) body: Vec<MapInstruction>,
    /// Which instructions give what is wanted of it.
    pub(super) results: Vec<Local>,
}

/// Element-wise code in the making.
#[derive(Default)]
pub(super) struct Body {
    inputs: Vec<(Value, Vec<usize>)>,
    instructions: Vec<MapInstruction>,
    /// What has been read already: a value along these axes.
    read: HashMap<(Value, Vec<usize>), Local>,
}

impl Body {
    pub(super) fn push(&mut self, instruction: MapInstruction) -> Local {
        self.instructions.push(instruction);
        Local(self.instructions.len() as u32 - 1)
    }

    /// Reads, or computes, a value with all axes of the space.
    pub(super) fn read(&mut self, lowering: &Lowering<'_>, value: Value) -> Local {
        let axes = (0..lowering.type_of(value).rank()).collect();
        self.read_along(lowering, &MapInput { value, axes })
    }

    /// Reads, or computes, a value along some axes of the space.
    pub(super) fn read_along(&mut self, lowering: &Lowering<'_>, input: &MapInput) -> Local {
        let known = (input.value, input.axes.clone());
        if let Some(&local) = self.read.get(&known) {
            return local;
        }
        let follow = |axes: &[usize]| axes.iter().map(|&axis| input.axes[axis]).collect::<Vec<_>>();
        let local = match lowering.view(input.value) {
            View::Constant(number) => self.push(MapInstruction::Constant(*number)),
            View::Stored { value, axes } => self.input(*value, follow(axes)),
            View::Computed { code, axes } => self.append(code, &follow(axes))[0],
            View::Index(_) => unreachable!("verified programs compute with reals"),
        };
        self.read.insert(known, local);
        local
    }

    /// Reads a stored value along some axes.
    fn input(&mut self, value: Value, axes: Vec<usize>) -> Local {
        let position = self.inputs.iter().position(|read| *read == (value, axes.clone()));
        let position = position.unwrap_or_else(|| {
            self.inputs.push((value, axes));
            self.inputs.len() - 1
        });
        self.push(MapInstruction::Input(position as u32))
    }

    /// Appends code whose axes are these of the space, and says where its results are.
    fn append(&mut self, code: &Code, axes: &[usize]) -> Vec<Local> {
        let mut locals: Vec<Local> = Vec::with_capacity(code.body.len());
        for instruction in &code.body {
            locals.push(if let MapInstruction::Input(i) = instruction {
                let (value, own) = &code.inputs[*i as usize];
                self.input(*value, own.iter().map(|&axis| axes[axis]).collect())
            } else {
                self.push(instruction.moved(|local| locals[local.0 as usize]))
            });
        }
        code.results.iter().map(|local| locals[local.0 as usize]).collect()
    }

    /// The code without what these results do not need.
    pub(super) fn pruned(&self, results: &[Local]) -> Code {
        let mut needed = vec![false; self.instructions.len()];
        results.iter().for_each(|local| needed[local.0 as usize] = true);
        for at in (0..needed.len()).rev() {
            if needed[at] {
                self.instructions[at].moved(|local| {
                    needed[local.0 as usize] = true;
                    local
                });
            }
        }
        let mut pruned = Self::default();
        let mut places = vec![Local(0); needed.len()];
        for (at, instruction) in self.instructions.iter().enumerate().filter(|&(at, _)| needed[at]) {
            places[at] = if let MapInstruction::Input(i) = instruction {
                let (value, axes) = self.inputs[*i as usize].clone();
                pruned.input(value, axes)
            } else {
                pruned.push(instruction.moved(|local| places[local.0 as usize]))
            };
        }
        let results = results.iter().map(|local| places[local.0 as usize]).collect();
        Code { inputs: pruned.inputs, body: pruned.instructions, results }
    }
}
