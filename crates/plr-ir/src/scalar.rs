//! What the scalar operations of the language return, on every input, in every back end.
//!
//! Each operation is written once, over the primitive operations of a [`Machine`]. The interpreter and constant folding
//! run it on the [`Host`]; the compiler runs it on a machine that appends instructions. Both therefore do the same
//! roundings in the same order, and element-wise results agree bit for bit, on scalars and on vectors.
//! No definition branches, none uses a fused multiply-add, none calls the platform's mathematical library.
//!
//! # On every operation
//!
//! 1. Reals are IEEE 754 binary32 or binary64; `add`, `sub`, `mul`, `div` and `sqrt` are the correctly rounded ones (ties
//!    to even). Subnormal numbers are kept.
//! 2. **NaN is never swallowed**: if an operand is NaN, so is the result, of `max`, `min`, `sign` and `pow` too. Which NaN
//!    (sign, payload) is not specified, except that `neg` and `abs` change the sign bit alone (R12.2).
//! 3. `neg` flips the sign bit, `abs` clears it; `neg(x)` is not `0 − x`.
//! 4. `floor(x)` is the largest integer not above `x`; `round(x)` is the nearest integer, the even one of two. Both keep
//!    ±0 and ±∞.
//! 5. `sign(x)` is 1 above zero, −1 below, and `x` itself at ±0.
//! 6. `max(a, b)` is `b` if `a < b`, else `a`; `min(a, b)` is `b` if `b < a`, else `a`. Hence of two zeros either returns the
//!    first whatever their signs, and ±∞ are ordinary (R12.3).
//! 7. Comparisons are IEEE's: with a NaN all are false but `ne`, which is `not eq`; −0 equals +0.
//!
//! # Exponential family
//!
//! 8. `exp` underflows gradually to +0 and overflows to +∞; `exp(−∞) = 0`, `exp(±0) = 1`.
//! 9. `log(±0) = −∞`, `log(+∞) = +∞`, `log(1) = +0`; below zero it is NaN. Subnormal arguments are as exact as others.
//! 10. `tanh` is odd, keeps ±0, and is exactly ±1 from where the nearest real is ±1 onwards.
//! 11. `sigmoid(x) = 1/(1 + e^−x)` is computed without cancellation on both sides: `sigmoid(−∞) = 0`, `sigmoid(+∞) = 1`,
//!     and to the left it underflows gradually as `exp` does.
//! 12. `softplus(x) = log(1 + e^x)`: `softplus(−∞) = 0`, `softplus(+∞) = +∞`, never below `max(x, 0)` (R12.4).
//!
//! # Circular functions
//!
//! 13. `sin` and `cos` are defined for |x| ≤ 2¹³ in f32 and |x| ≤ 2²⁰ in f64, and NaN beyond: an argument of that
//!     size is a mistake, and is to be seen. Zero results are +0 or −0 (R12.5).
//!
//! # Power
//!
//! 14. `pow(x, 0) = 1` and `pow(1, y) = 1` for all that are not NaN (R12.6).
//! 15. For `x < 0`, −∞ included, the result is NaN unless `y` is integral (±∞ counts as even); it is negative if `y` is
//!     odd. A zero passes its sign on by the same rule.
//! 16. `pow(±0, y)` is zero for `y > 0` and infinite for `y < 0`; `pow(±∞, y)` the reverse.
//!
//! # Accuracy and cost
//!
//! The largest error in units of the last place of the exact result; and the number of primitive operations in f32 / in
//! f64, divisions included and given once more, constants not. f32: measured over all bit patterns (`pow`: over 10⁸
//! pairs); f64: over 10⁷ random arguments (`pow`: 10⁶) against quadruple precision. The tests repeat both on a sample.
//!
//! | | f32 | f64 | operations | divisions |
//! |---|---|---|---|---|
//! | `exp` | 1.03 | 1.02 | 29 / 39 | 0 |
//! | `log` | 0.85 | 0.82 | 38 / 44 | 1 |
//! | `tanh` | 2.31 | 2.49 | 37 / 47 | 1 |
//! | `sigmoid` | 2.41 | 2.37 | 33 / 43 | 1 |
//! | `softplus` | 1.69 | 1.61 | 57 / 73 | 1 |
//! | `sin` | 2.34 | 2.37 | 38 / 48 | 0 |
//! | `cos` | 2.33 | 2.40 | 39 / 49 | 0 |
//! | `sign` | 0 | 0 | 4 / 4 | 0 |
//! | `min` | 0 | 0 | 4 / 4 | 0 |
//! | `max` | 0 | 0 | 4 / 4 | 0 |
//! | `pow` | 1.22 | 1.23 | 144 / 162 | 2 |

mod circular;
mod exponential;
mod logarithm;
mod machine;
mod operation;
mod order;
mod polynomial;
mod power;

pub use machine::{Host, Machine, Precision, Real};
pub use operation::{BinaryOp, CompareOp, UnaryOp};

/// Appends the operations of `op` on `x`, or performs them on the host.
#[inline]
pub fn unary<M: Machine>(m: &mut M, op: UnaryOp, x: M::Real) -> M::Real {
    match op {
        UnaryOp::Neg => m.neg(x),
        UnaryOp::Abs => m.abs(x),
        UnaryOp::Sqrt => m.sqrt(x),
        UnaryOp::Exp => exponential::exp(m, x),
        UnaryOp::Log => logarithm::log(m, x),
        UnaryOp::Tanh => exponential::tanh(m, x),
        UnaryOp::Sigmoid => exponential::sigmoid(m, x),
        UnaryOp::Softplus => logarithm::softplus(m, x),
        UnaryOp::Sin => circular::sin(m, x),
        UnaryOp::Cos => circular::cos(m, x),
        UnaryOp::Sign => order::sign(m, x),
        UnaryOp::Floor => m.floor(x),
        UnaryOp::Round => m.round_ties_even(x),
    }
}

/// Appends the operations of `op` on `a` and `b`, or performs them on the host.
#[inline]
pub fn binary<M: Machine>(m: &mut M, op: BinaryOp, a: M::Real, b: M::Real) -> M::Real {
    match op {
        BinaryOp::Add => m.add(a, b),
        BinaryOp::Sub => m.sub(a, b),
        BinaryOp::Mul => m.mul(a, b),
        BinaryOp::Div => m.div(a, b),
        BinaryOp::Min => order::min(m, a, b),
        BinaryOp::Max => order::max(m, a, b),
        BinaryOp::Pow => power::pow(m, a, b),
    }
}

/// Appends the comparison of `a` with `b`, or performs it on the host.
#[inline]
pub fn compare<M: Machine>(m: &mut M, op: CompareOp, a: M::Real, b: M::Real) -> M::Mask {
    match op {
        CompareOp::Lt => m.less(a, b),
        CompareOp::Le => m.less_equal(a, b),
        CompareOp::Gt => m.less(b, a),
        CompareOp::Ge => m.less_equal(b, a),
        CompareOp::Eq => m.equal(a, b),
        CompareOp::Ne => {
            let equal = m.equal(a, b);
            m.not(equal)
        }
    }
}
