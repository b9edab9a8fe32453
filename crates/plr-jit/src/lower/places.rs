//! What is at a place along an axis, and what is before it: slices, what is put in their place, and tensors that steps fill.

use plr_ir::Type;
use plr_ir::program::{Op, Operation, Repeat, Value};

use super::{Lowering, Rows, SliceTask, Slot, Task};
use crate::memory::ALIGNMENT;

/// What a tensor with zeros from a place on is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// The tensor.
    pub(super) whole: Value,
    /// The axis.
    pub(super) axis: usize,
    /// The place.
    pub(super) slot: Slot,
}

impl Lowering<'_> {
    pub(super) fn slice(&mut self, input: Value, axis: usize, index: Value, result: Value) {
        let input = self.stored(input);
        let from = SliceTask { whole: input, rows: self.rows(input, axis), place: self.index(index) };
        self.define(result);
        // Of rows that begin at cache lines none is copied.
        let bytes = from.rows.elements * self.program.precision.bytes();
        self.push(match from.rows.count == 1 && bytes.is_multiple_of(ALIGNMENT) {
            true => Task::View { from, result },
            false => Task::Slice { from, result },
        });
    }

    pub(super) fn insert(&mut self, into: Value, value: Value, (axis, index): (usize, Value), result: Value) {
        let (into, value) = (self.stored(into), self.stored(value));
        let task = SliceTask { whole: into, rows: self.rows(into, axis), place: self.index(index) };
        self.define(result);
        self.push(Task::Insert { into: task, value, result });
    }

    /// A tensor with zeros from a place on; where a product of its first terms is enough, nobody uses the task.
    pub(super) fn before(&mut self, input: Value, axis: usize, index: Value, result: Value) {
        let (whole, slot) = (self.stored(input), self.index(index));
        self.befores.insert(result, Before { whole, axis, slot });
        let from = SliceTask { whole, rows: self.rows(whole, axis), place: slot };
        self.define(result);
        self.push(Task::Before { from, result });
    }

    /// The rows of a stored value along an axis.
    pub(super) fn rows(&self, value: Value, axis: usize) -> Rows {
        let dims = &self.type_of(value).dims;
        let count = |dims: &[usize]| dims.iter().product();
        Rows { count: count(&dims[..axis]), places: dims[axis], elements: count(&dims[axis + 1..]) }
    }

    /// Room for a value of that type.
    pub(super) fn room(&mut self, like: Value) -> Value {
        let result = self.fresh(self.type_of(like).clone());
        self.push(Task::Room { result });
        result
    }
}

/// Whether nobody sees what a carried tensor begins with: every step puts something at its own place, and looks at earlier places
/// alone.
pub(super) fn is_filled(repeat: &Repeat, parameter: Value, next: Value, ty: &Type) -> bool {
    let step = repeat.body.parameters[0];
    let put = |operation: &Operation| {
        let Op::Insert { into, value, axis, index } = operation.op else { return None };
        let own = operation.results == [next] && into == parameter && value != parameter && index == step;
        own.then_some(axis)
    };
    let Some(along) = repeat.body.operations.iter().find_map(put) else { return false };
    let handed_on = repeat.body.results.contains(&parameter);
    let all_places = repeat.count as usize >= ty.dims[along] && !repeat.reversed && repeat.until.is_none();
    let mut seen = handed_on || !all_places;
    for operation in &repeat.body.operations {
        let earlier =
            matches!(operation.op, Op::Before { axis, index, .. } if axis == along && index == step);
        let alright = earlier || put(operation).is_some();
        operation.for_each_use(&mut |value| seen |= value == parameter && !alright);
    }
    !seen
}
