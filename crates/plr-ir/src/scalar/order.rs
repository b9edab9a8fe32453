//! What follows from comparing: the larger, the smaller, the sign.

use super::Machine;

/// `b` if `a < b`, else `a`; NaN if either is.
#[inline]
pub(super) fn max<M: Machine>(m: &mut M, a: M::Real, b: M::Real) -> M::Real {
    let less = m.less(a, b);
    let larger = m.select(less, b, a);
    unless_nan(m, larger, b)
}

/// `b` if `b < a`, else `a`; NaN if either is.
#[inline]
pub(super) fn min<M: Machine>(m: &mut M, a: M::Real, b: M::Real) -> M::Real {
    let less = m.less(b, a);
    let smaller = m.select(less, b, a);
    unless_nan(m, smaller, b)
}

/// 1, −1, or `x` itself at zeros and NaN.
#[inline]
pub(super) fn sign<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let zero = m.real(0.0);
    let one = m.real(1.0);
    let minus_one = m.real(-1.0);
    let negative = m.less(x, zero);
    let positive = m.less(zero, x);
    let not_above = m.select(negative, minus_one, x);
    m.select(positive, one, not_above)
}

/// `bound` if `x` is below it, else `x`; NaN stays. `bound` must not be NaN.
#[inline]
pub(super) fn at_least<M: Machine>(m: &mut M, x: M::Real, bound: f64) -> M::Real {
    let bound = m.real(bound);
    let below = m.less(x, bound);
    m.select(below, bound, x)
}

/// `bound` if `x` is above it, else `x`; NaN stays. `bound` must not be NaN.
#[inline]
pub(super) fn at_most<M: Machine>(m: &mut M, x: M::Real, bound: f64) -> M::Real {
    let bound = m.real(bound);
    let above = m.less(bound, x);
    m.select(above, bound, x)
}

/// `value`, but `b` where `b` is NaN. A comparison with NaN already chose `a`, so `a` needs no such care; and where `b`
/// does not change in a loop the test leaves the loop.
#[inline]
fn unless_nan<M: Machine>(m: &mut M, value: M::Real, b: M::Real) -> M::Real {
    let ordinary = m.equal(b, b);
    m.select(ordinary, value, b)
}
