//! The operations that remain when loops and maps have been run through: each makes one value from others.

use ndarray::{Array, IxDyn};
use plr_ir::geometry::{Convolution, Pooling};
use plr_ir::program::{Contraction, ConvolveForm, Law, PoolKind, ReduceKind};
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};

use crate::datum::{Datum, Operand, ill_typed};
use crate::number::Number;
use crate::{Context, axes, contract, convolve, elementwise, random, rank, reduce, slice};

/// An operation without its operands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Primitive<'p> {
    /// The same number everywhere.
    Constant(f64),
    /// Real to real.
    Unary(UnaryOp),
    /// Two reals to real.
    Binary(BinaryOp),
    /// Two reals to truth value.
    Compare(CompareOp),
    /// Conjunction.
    And,
    /// Disjunction.
    Or,
    /// Negation of a truth value.
    Not,
    /// Choice: condition, then, else.
    Select,
    /// Step number to real.
    FromIndex,
    /// Repetition; for each axis of the operand its place in the result.
    Broadcast(&'p [usize]),
    /// Sums of products.
    Contract(&'p Contraction),
    /// One of the sums of a convolution.
    Convolve(ConvolveForm, &'p Convolution),
    /// What becomes of windows.
    Pool(PoolKind, &'p Pooling),
    /// The adjoint of the mean over windows or, if there is a second operand, to the largest of windows of that.
    Unpool(&'p Pooling),
    /// The same elements in other dimensions.
    Reshape,
    /// A fold of the given axes.
    Reduce(ReduceKind, &'p [usize]),
    /// The rank of each element in its row.
    Rank,
    /// The sum of each element and those before it along an axis.
    RunningSum(usize),
    /// What stands along an axis from a place on.
    Range(usize, usize),
    /// What is at the place, the second operand, along an axis.
    Slice(usize),
    /// The first operand with the second at the place, the third, along an axis.
    Insert(usize),
    /// The first operand with zeros from the place, the second, along an axis on.
    Before(usize),
    /// The first operand; gradients flow to the second, if there is one, times the third.
    Detach,
    /// Draws from a law in a stream; the operand, if any, is the step.
    Random(Law, u32),
}

impl Primitive<'_> {
    /// The value of the operation, of dimensions `dims`.
    pub fn value<T: Number>(self, operands: &[Operand<T>], dims: &[usize], context: Context) -> Datum<T> {
        let real = |i: usize| operands[i].datum.real();
        let bool = |i: usize| operands[i].datum.bool();
        let array = match self {
            Self::Constant(number) => Array::from_elem(dims, T::from_f64(number)),
            Self::Unary(op) => elementwise::unary(op, real(0)),
            Self::Binary(op) => elementwise::binary(op, real(0), real(1)),
            Self::Select => elementwise::select(bool(0), real(1), real(2)),
            Self::FromIndex => Array::from_elem(dims, T::from_f64(f64::from(operands[0].datum.index()))),
            Self::Contract(spec) => contract::contract(spec, real(0), real(1)),
            Self::Convolve(form, geometry) => convolve::convolve(form, geometry, real(0), real(1), dims),
            Self::Pool(kind, geometry) => convolve::pool(kind, geometry, real(0)),
            Self::Unpool(geometry) if operands.len() > 1 => convolve::to_largest(geometry, real(1), real(0)),
            Self::Unpool(geometry) => convolve::unpool(geometry, real(0)),
            Self::Reshape => return reshape(&operands[0].datum, dims),
            Self::Reduce(kind, axes) => reduce::reduce(kind, real(0), axes),
            Self::Rank => rank::ranks(real(0)),
            Self::RunningSum(axis) => reduce::running_sum(real(0), axis),
            Self::Range(axis, first) => slice::range(real(0), axis, first, dims),
            Self::Slice(axis) => slice::slice(real(0), axis, operands[1].datum.index()),
            Self::Insert(axis) => slice::insert(real(0), real(1), axis, operands[2].datum.index()),
            Self::Before(axis) => slice::before(real(0), axis, operands[1].datum.index()),
            Self::Detach => real(0).to_owned(),
            Self::Random(law, stream) => {
                let step = operands.first().map_or(0, |step| step.datum.index());
                random::draws(law, context, stream, step, dims)
            }
            Self::Broadcast(axes) => return broadcast(&operands[0].datum, axes, dims),
            Self::Compare(op) => {
                return Datum::Bool(elementwise::compare(op, real(0), real(1)).into_shared());
            }
            Self::And => return Datum::Bool(elementwise::and(bool(0), bool(1)).into_shared()),
            Self::Or => return Datum::Bool(elementwise::or(bool(0), bool(1)).into_shared()),
            Self::Not => return Datum::Bool(elementwise::not(bool(0)).into_shared()),
        };
        Datum::Real(array.into_shared())
    }
}

/// A value of any kind, repeated.
fn broadcast<T: Number>(input: &Datum<T>, axes: &[usize], dims: &[usize]) -> Datum<T> {
    match input {
        Datum::Real(array) => Datum::Real(axes::broadcast(array, axes, dims).into_shared()),
        Datum::Bool(array) => Datum::Bool(axes::broadcast(array, axes, dims).into_shared()),
        Datum::Index(_) => ill_typed("arrays"),
    }
}

/// A value of any kind in other dimensions.
fn reshape<T: Number>(input: &Datum<T>, dims: &[usize]) -> Datum<T> {
    match input {
        Datum::Real(array) => {
            Datum::Real(axes::reshaped(axes::row_major(array.view()), IxDyn(dims)).into_shared())
        }
        Datum::Bool(array) => {
            Datum::Bool(axes::reshaped(axes::row_major(array.view()), IxDyn(dims)).into_shared())
        }
        Datum::Index(_) => ill_typed("arrays"),
    }
}
