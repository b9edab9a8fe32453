//! Element-wise operations, single or fused, as maps over index spaces.

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
        let mut inputs = Inputs::default();
        let body = vec![inputs.read(self, value)];
        self.map(inputs, body, &[(copy, Local(0))]);
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
        let mut inputs = Inputs::default();
        let mut body = Vec::with_capacity(4);
        op.for_each_operand(|value| body.push(inputs.read(self, value)));
        let (a, b, c) = (Local(0), Local(1), Local(2));
        let instruction = match op {
            Op::Unary(op, _) => MapInstruction::Unary(*op, a),
            Op::Binary(op, ..) => MapInstruction::Binary(*op, a, b),
            Op::Compare(op, ..) => MapInstruction::Compare(*op, a, b),
            Op::And(..) => MapInstruction::And(a, b),
            Op::Or(..) => MapInstruction::Or(a, b),
            Op::Not(_) => MapInstruction::Not(a),
            Op::Select(..) => MapInstruction::Select(a, b, c),
            Op::Constant(_)
            | Op::FromIndex(_)
            | Op::Broadcast { .. }
            | Op::Contract { .. }
            | Op::Reduce { .. }
            | Op::Rank(_)
            | Op::RunningSum { .. }
            | Op::Convolve { .. }
            | Op::Pool { .. }
            | Op::Unpool { .. }
            | Op::Reshape(_)
            | Op::Range { .. }
            | Op::Slice { .. }
            | Op::Insert { .. }
            | Op::Before { .. }
            | Op::Detach { .. }
            | Op::Random { .. }
            | Op::Repeat(_)
            | Op::Map(_) => unreachable!("`single` is called for element-wise operations"),
        };
        body.push(instruction);
        let last = Local(body.len() as u32 - 1);
        self.map(inputs, body, &[(result, last)]);
    }

    /// Lowers a fused operation.
    pub(super) fn fused(&mut self, map: &Map, results: &[Value]) {
        let mut inputs = Inputs::default();
        let mut read = |instruction: &MapInstruction| match instruction {
            MapInstruction::Input(i) => inputs.read_along(self, &map.inputs[*i as usize]),
            MapInstruction::Constant(_)
            | MapInstruction::Unary(..)
            | MapInstruction::Binary(..)
            | MapInstruction::Compare(..)
            | MapInstruction::And(..)
            | MapInstruction::Or(..)
            | MapInstruction::Not(_)
            | MapInstruction::Select(..) => instruction.clone(),
        };
        let body = map.body.iter().map(&mut read).collect();
        let results: Vec<(Value, Local)> = results.iter().copied().zip(map.results.iter().copied()).collect();
        self.map(inputs, body, &results);
    }

    /// `result[…] = lhs[…]·rhs[…]`, the axes of the factors being these axes of the result.
    pub(super) fn products(&mut self, factors: [MapInput; 2], result: Value) {
        let mut inputs = Inputs::default();
        let mut body: Vec<MapInstruction> =
            factors.iter().map(|factor| inputs.read_along(self, factor)).collect();
        body.push(MapInstruction::Binary(BinaryOp::Mul, Local(0), Local(1)));
        self.map(inputs, body, &[(result, Local(2))]);
    }

    fn map(&mut self, inputs: Inputs, body: Vec<MapInstruction>, results: &[(Value, Local)]) {
        let dims = self.dims(results[0].0);
        let read = |(value, axes): &(Value, Vec<usize>)| along(&self.strides(*value), axes, dims.len());
        let written = results.iter().map(|(value, _)| self.strides(*value));
        let strides = inputs.0.iter().map(read).chain(written).collect();
        let operand = |(value, axes): &(Value, Vec<usize>)| MapOperand {
            value: *value,
            truth: is_truth(self.type_of(*value)),
            whole: axes.len() == dims.len(),
        };
        let operands = inputs.0.iter().map(operand).collect();
        let space = Space { dims: dims.clone(), strides }.collapsed();
        results.iter().for_each(|&(value, _)| self.define(value));
        self.push(Task::Map(MapTask {
            space,
            inputs: operands,
            body,
            results: results.to_vec(),
            running: None,
        }));
    }
}

/// The stored values that a map reads, each with the axes of the space that its own axes follow.
#[derive(Default)]
struct Inputs(Vec<(Value, Vec<usize>)>);

impl Inputs {
    /// The instruction that reads a value with all axes of the space.
    fn read(&mut self, lowering: &Lowering<'_>, value: Value) -> MapInstruction {
        let axes = (0..lowering.type_of(value).rank()).collect();
        self.read_along(lowering, &MapInput { value, axes })
    }

    /// The instruction that reads a value along some axes of the space.
    fn read_along(&mut self, lowering: &Lowering<'_>, input: &MapInput) -> MapInstruction {
        let (value, axes) = match lowering.view(input.value) {
            View::Constant(number) => return MapInstruction::Constant(*number),
            View::Stored { value, axes } => {
                (*value, axes.iter().map(|&axis| input.axes[axis]).collect::<Vec<_>>())
            }
            View::Index(_) => unreachable!("verified programs compute with reals"),
        };
        let known = self.0.iter().position(|read| *read == (value, axes.clone()));
        let position = known.unwrap_or_else(|| {
            self.0.push((value, axes));
            self.0.len() - 1
        });
        MapInstruction::Input(position as u32)
    }
}
