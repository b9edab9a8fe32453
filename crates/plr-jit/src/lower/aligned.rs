//! Rows that begin at cache lines.
//!
//! A vector that reaches from one cache line into the next is loaded at half the pace. In a tile of rows that goes through a loop the
//! same rows are read again and again: their values lie further apart than their elements demand, and of a matrix that
//! is the same for all samples the tile has a copy whose rows do. What is between two rows nobody reads.

use std::collections::{HashMap, HashSet};

use plr_ir::Elem;
use plr_ir::program::{Block, Op, Operation, Program, Value};

use super::{Lowering, View};
use crate::memory::ALIGNMENT;
use crate::space::dense;

/// Rows of fewer bytes are too short for it.
const LEAST_ROW_BYTES: usize = 4 * ALIGNMENT;
/// Larger matrices are not in the nearest cache, from where alone lines are slower than loads.
const MOST_BYTES: usize = 64 << 10;
/// Loops of fewer steps are over before a copy is worth it.
const LEAST_STEPS: u32 = 4;

/// The values of a tile's program whose rows are to begin at cache lines, inputs among them: how far they are then apart, in
/// elements.
pub(super) fn aligned(program: &Program) -> HashMap<Value, usize> {
    let mut seen = Seen::default();
    seen.block(&program.body, false);
    let apart = |value: &Value| Some((*value, apart(program, *value)?));
    seen.in_loops.difference(&seen.dense).filter_map(apart).collect()
}

/// How far rows that begin at cache lines are apart, if they do not do so anyway and are long enough.
fn apart(program: &Program, value: Value) -> Option<usize> {
    let (ty, bytes) = (program.type_of(value), program.precision.bytes());
    let [rows, columns] = ty.dims[..] else { return None };
    let long = columns * bytes >= LEAST_ROW_BYTES && rows * columns * bytes <= MOST_BYTES;
    let apart = columns.next_multiple_of(ALIGNMENT / bytes);
    (ty.elem == Elem::Real && rows > 1 && long && apart != columns).then_some(apart)
}

/// What a program does with its values.
#[derive(Default)]
struct Seen {
    /// Values in loops of several steps, and what these begin and end with.
    in_loops: HashSet<Value>,
    /// Operands and results of operations that know no other rows than dense ones.
    dense: HashSet<Value>,
}

impl Seen {
    fn block(&mut self, block: &Block, in_loop: bool) {
        for operation in &block.operations {
            self.operation(operation, in_loop);
        }
    }

    fn operation(&mut self, operation: &Operation, in_loop: bool) {
        let Operation { results, op, .. } = operation;
        let repeats = matches!(op, Op::Repeat(repeat) if repeat.count >= LEAST_STEPS);
        if in_loop || repeats {
            self.in_loops.extend(results);
            op.for_each_operand(|value| {
                self.in_loops.insert(value);
            });
        }
        if let Op::Repeat(repeat) = op {
            self.in_loops.extend(repeat.body.parameters.iter().filter(|_| in_loop || repeats));
            self.block(&repeat.body, in_loop || repeats);
        } else if !(op.is_element_wise()
            || matches!(op, Op::Map(_) | Op::Contract { .. } | Op::Broadcast { .. } | Op::Reduce { .. }))
        {
            self.dense.extend(results);
            op.for_each_operand(|value| {
                self.dense.insert(value);
            });
        }
    }
}

impl Lowering<'_> {
    /// The distances between neighbours along the axes of a stored value, in elements.
    pub(super) fn strides(&self, value: Value) -> Vec<usize> {
        match self.aligned.get(&value) {
            Some(&apart) => vec![apart, 1],
            None => dense(&self.type_of(value).dims),
        }
    }

    /// Copies the inputs whose rows are to begin at cache lines; what is used from then on are the copies.
    pub(super) fn align_inputs(&mut self, inputs: &[Value]) {
        for &input in inputs {
            if let Some(apart) = self.aligned.remove(&input) {
                let copy = self.fresh(self.type_of(input).clone());
                self.aligned.insert(copy, apart);
                self.copy_to(copy, input);
                self.views[input.index()] = self.views[copy.index()].clone();
            }
        }
    }

    /// Lets the rows of a value that is not computed yet be as far apart as those of another.
    pub(super) fn lay_out_like(&mut self, value: Value, like: Value) {
        match self.aligned.get(&like) {
            Some(&apart) => self.aligned.insert(value, apart),
            None => self.aligned.remove(&value),
        };
    }

    /// The same value in memory, its rows as far apart as those of another.
    pub(super) fn stored_like(&mut self, value: Value, like: Value) -> Value {
        let stored = self.stored_anyhow(value);
        match self.aligned.get(&stored) == self.aligned.get(&like) {
            true => stored,
            false => self.copy_like(stored, like),
        }
    }

    /// A value with the elements of `value`, in memory of its own, its rows as far apart as those of another.
    pub(super) fn copy_like(&mut self, value: Value, like: Value) -> Value {
        let copy = self.fresh(self.type_of(value).clone());
        self.lay_out_like(copy, like);
        self.copy_to(copy, value);
        copy
    }

    /// The same value in memory, however far its rows are apart.
    pub(super) fn stored_anyhow(&mut self, value: Value) -> Value {
        let rank = self.type_of(value).rank();
        match self.view(value) {
            View::Stored { value: stored, axes } if axes.len() == rank => *stored,
            View::Stored { .. } | View::Constant(_) | View::Computed { .. } | View::Index(_) => {
                self.copy(value)
            }
        }
    }
}
