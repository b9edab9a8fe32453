//! Common subexpressions: what has been computed, here or in a block around, is not computed again.
//!
//! ```text
//! %2: real[3] = mul %0, %1                       %2: real[3] = mul %0, %1
//! %3: real[3] = mul %1, %0                =>     %4: real[3] = add %2, %2
//! %4: real[3] = add %2, %3
//! ```
//!
//! Two operations are equal if they do the same to equal operands; the order of the operands of `add`, `mul`, `and` and `or`
//! and the letters of contraction labels do not matter. (`max` and `min` are not symmetric: of two zeros they return
//! the first. Exchanging the factors of a contraction may exchange the order in which it sums.) Draws of random numbers
//! are equal if law, stream, step and dimensions are. Loops and maps are never taken for equal.

use std::collections::HashMap;

use crate::analysis::Substitution;
use crate::geometry::{Convolution, Pooling};
use crate::program::{
    Block, Contraction, ConvolveForm, Law, Op, Operation, PoolKind, Program, ReduceKind, Value,
};
use crate::scalar::{BinaryOp, CompareOp, UnaryOp};
use crate::types::{Precision, Type};

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let mut body = std::mem::take(&mut program.body);
    let substitution = Substitution::new(program);
    Search { program, substitution, known: HashMap::new(), open: Vec::new() }.block(&mut body);
    program.body = body;
}

/// What an operation computes, so written that equal operations have equal keys.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Constant(u64),
    Unary(UnaryOp, Value),
    Binary(BinaryOp, Value, Value),
    Compare(CompareOp, Value, Value),
    And(Value, Value),
    Or(Value, Value),
    Not(Value),
    Select(Value, Value, Value),
    FromIndex(Value),
    Broadcast(Value, Vec<usize>),
    Contract(Value, Value, Contraction),
    Reduce(ReduceKind, Value, Vec<usize>),
    Rank(Value),
    RunningSum(Value, usize),
    Convolve(ConvolveForm, Value, Value, Convolution),
    Pool(PoolKind, Value, Pooling),
    Unpool(Value, Option<Value>, Pooling),
    Reshape(Value),
    Range(Value, usize, usize),
    Slice(Value, usize, Value),
    Insert(Value, Value, usize, Value),
    Before(Value, usize, Value),
    Detach(Value, Option<(Value, Value)>),
    Random(Law, u32, Option<Value>),
}

impl Key {
    /// `None` for what is never taken for equal.
    fn of(op: &Op, precision: Precision) -> Option<Self> {
        Some(match op {
            Op::Constant(c) => Key::Constant(precision.choose(f64::from(*c as f32), *c).to_bits()),
            Op::Unary(op, a) => Key::Unary(*op, *a),
            Op::Binary(op @ (BinaryOp::Add | BinaryOp::Mul), a, b) => Key::Binary(*op, *a.min(b), *a.max(b)),
            Op::Binary(op, a, b) => Key::Binary(*op, *a, *b),
            Op::Compare(op, a, b) => Key::Compare(*op, *a, *b),
            Op::And(a, b) => Key::And(*a.min(b), *a.max(b)),
            Op::Or(a, b) => Key::Or(*a.min(b), *a.max(b)),
            Op::Not(a) => Key::Not(*a),
            Op::Select(c, a, b) => Key::Select(*c, *a, *b),
            Op::FromIndex(a) => Key::FromIndex(*a),
            Op::Broadcast { input, axes } => Key::Broadcast(*input, axes.clone()),
            Op::Contract { lhs, rhs, spec } => Key::Contract(*lhs, *rhs, relabelled(spec)),
            Op::Reduce { kind, input, axes } => Key::Reduce(*kind, *input, axes.clone()),
            Op::Rank(a) => Key::Rank(*a),
            Op::RunningSum { input, axis } => Key::RunningSum(*input, *axis),
            Op::Convolve { form, lhs, rhs, geometry } => Key::Convolve(*form, *lhs, *rhs, *geometry),
            Op::Pool { kind, input, geometry } => Key::Pool(*kind, *input, *geometry),
            Op::Unpool { input, by, geometry } => Key::Unpool(*input, *by, *geometry),
            Op::Reshape(a) => Key::Reshape(*a),
            Op::Range { input, axis, first } => Key::Range(*input, *axis, *first),
            Op::Slice { input, axis, index } => Key::Slice(*input, *axis, *index),
            Op::Insert { into, value, axis, index } => Key::Insert(*into, *value, *axis, *index),
            Op::Before { input, axis, index } => Key::Before(*input, *axis, *index),
            Op::Detach { value, path } => Key::Detach(*value, *path),
            Op::Random { law, stream, step } => Key::Random(*law, *stream, *step),
            Op::Repeat(_) | Op::Map(_) => return None,
        })
    }
}

/// The contraction with labels numbered in the order in which they appear.
fn relabelled(spec: &Contraction) -> Contraction {
    let mut labels = Vec::new();
    let mut relabel = |old: &Vec<u8>| -> Vec<u8> {
        let number = |label: &u8| {
            let position = labels.iter().position(|l| l == label).unwrap_or_else(|| {
                labels.push(*label);
                labels.len() - 1
            });
            position as u8
        };
        old.iter().map(number).collect()
    };
    Contraction { lhs: relabel(&spec.lhs), rhs: relabel(&spec.rhs), out: relabel(&spec.out) }
}

/// The state of the walk.
struct Search<'a> {
    program: &'a Program,
    substitution: Substitution,
    /// What has been computed, and in which block.
    known: HashMap<(Key, &'a Type), (Value, usize)>,
    /// For each block that was begun, whether it has not ended yet; the values of those that have are not visible.
    open: Vec<bool>,
}

impl Search<'_> {
    fn block(&mut self, block: &mut Block) {
        let this = self.open.len();
        self.open.push(true);
        block.operations.retain_mut(|operation| self.is_new(operation, this));
        self.substitution.apply_to_results(block);
        self.open[this] = false;
    }

    /// Whether the operation computes something that is not known in its block.
    fn is_new(&mut self, operation: &mut Operation, block: usize) -> bool {
        self.substitution.apply(&mut operation.op);
        if let Op::Repeat(repeat) = &mut operation.op {
            self.block(&mut repeat.body);
            if let Some(until) = &mut repeat.until {
                until.residual = self.substitution.get(until.residual);
            }
        }
        let &[result] = operation.results.as_slice() else { return true };
        let Some(key) = Key::of(&operation.op, self.program.precision) else { return true };
        let program: &_ = self.program;
        let known = self.known.entry((key, program.type_of(result))).or_insert((result, block));
        if self.open[known.1] && known.0 != result {
            self.substitution.replace(result, known.0);
            return false;
        }
        *known = (result, block);
        true
    }
}
