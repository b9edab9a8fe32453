//! Element-wise operations: what `plr_ir::scalar` says, on each element alone.

use ndarray::{Array, ArrayD, IxDyn, Zip};
use plr_ir::scalar::{self, BinaryOp, CompareOp, UnaryOp};

use crate::number::{Number, Shared};

/// Real to real.
pub(crate) fn unary<T: Number>(op: UnaryOp, a: &Shared<T>) -> ArrayD<T> {
    a.mapv(|a| scalar::unary(&mut T::Host::default(), op, a))
}

/// Two arrays of reals to one.
pub(crate) fn binary<T: Number>(op: BinaryOp, a: &Shared<T>, b: &Shared<T>) -> ArrayD<T> {
    both(a, b, |a, b| scalar::binary(&mut T::Host::default(), op, a, b))
}

/// Two arrays of reals to truth values.
pub(crate) fn compare<T: Number>(op: CompareOp, a: &Shared<T>, b: &Shared<T>) -> ArrayD<bool> {
    both(a, b, |a, b| scalar::compare(&mut T::Host::default(), op, a, b))
}

/// Conjunction.
pub(crate) fn and(a: &Shared<bool>, b: &Shared<bool>) -> ArrayD<bool> {
    both(a, b, |a, b| a && b)
}

/// Disjunction.
pub(crate) fn or(a: &Shared<bool>, b: &Shared<bool>) -> ArrayD<bool> {
    both(a, b, |a, b| a || b)
}

/// Negation.
pub(crate) fn not(a: &Shared<bool>) -> ArrayD<bool> {
    a.mapv(|a| !a)
}

/// `a` where the condition holds, else `b`.
pub(crate) fn select<T: Number>(condition: &Shared<bool>, a: &Shared<T>, b: &Shared<T>) -> ArrayD<T> {
    Zip::from(condition).and(a).and(b).map_collect(|&condition, &a, &b| if condition { a } else { b })
}

/// `f` on corresponding elements of two arrays of the same dimensions.
pub(crate) fn both<A: Copy, B: Copy, C>(
    a: &Shared<A>,
    b: &Shared<B>,
    f: impl Fn(A, B) -> C,
) -> Array<C, IxDyn> {
    Zip::from(a).and(b).map_collect(|&a, &b| f(a, b))
}
