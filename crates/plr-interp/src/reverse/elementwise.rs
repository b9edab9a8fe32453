//! Derivatives of element-wise operations, in closed form. Those at kinks are listed in the head of the crate.

use ndarray::{ArrayD, Zip};
use plr_ir::scalar::{self, BinaryOp, UnaryOp};

use crate::elementwise::both;
use crate::number::{Number, Shared};

/// The cotangent of `x` from that of `y = op(x)`.
pub(super) fn unary<T: Number>(
    op: UnaryOp,
    x: &Shared<T>,
    y: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    Zip::from(x).and(y).and(cotangent).map_collect(|&x, &y, &cotangent| unary_scalar(op, x, y, cotangent))
}

fn unary_scalar<T: Number>(op: UnaryOp, x: T, y: T, cotangent: T) -> T {
    let of = |op, x| scalar::unary(&mut T::Host::default(), op, x);
    let sigmoid = |x| of(UnaryOp::Sigmoid, x);
    let two = T::one() + T::one();
    match op {
        UnaryOp::Neg => -cotangent,
        UnaryOp::Abs => cotangent * of(UnaryOp::Sign, x),
        // At 0, where it has none, as if it were flat: so has the norm of zeros (R14.24).
        UnaryOp::Sqrt if y == T::zero() => T::zero(),
        UnaryOp::Sqrt => cotangent / (two * y),
        UnaryOp::Exp => cotangent * y,
        UnaryOp::Log => cotangent / x,
        // 1 − tanh²(x), without its cancellation where tanh is almost 1.
        UnaryOp::Tanh => cotangent * (two * sigmoid(two * x)) * (two * sigmoid(-(two * x))),
        UnaryOp::Sigmoid => cotangent * sigmoid(x) * sigmoid(-x),
        UnaryOp::Softplus => cotangent * sigmoid(x),
        UnaryOp::Sin => cotangent * of(UnaryOp::Cos, x),
        UnaryOp::Cos => -(cotangent * of(UnaryOp::Sin, x)),
        UnaryOp::Sign | UnaryOp::Floor | UnaryOp::Round => T::zero(),
    }
}

/// The cotangent of the operand at `position` from that of `y = op(a, b)`, given `[a, b, y]`.
pub(super) fn binary<T: Number>(
    op: BinaryOp,
    position: usize,
    [a, b, y]: [&Shared<T>; 3],
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    let rule = if position == 0 { by_first } else { by_second };
    Zip::from(a)
        .and(b)
        .and(y)
        .and(cotangent)
        .map_collect(|&a, &b, &y, &cotangent| rule(op, [a, b, y], cotangent))
}

/// The cotangent of `a` from that of `y = op(a, b)`.
fn by_first<T: Number>(op: BinaryOp, [a, b, _]: [T; 3], cotangent: T) -> T {
    match op {
        BinaryOp::Add | BinaryOp::Sub => cotangent,
        BinaryOp::Mul => cotangent * b,
        BinaryOp::Div => cotangent / b,
        BinaryOp::Max | BinaryOp::Min => {
            if second_is_chosen(op, a, b) {
                T::zero()
            } else {
                cotangent
            }
        }
        BinaryOp::Pow if b == T::zero() => T::zero(),
        BinaryOp::Pow => {
            cotangent * b * scalar::binary(&mut T::Host::default(), BinaryOp::Pow, a, b - T::one())
        }
    }
}

/// The cotangent of `b` from that of `y = op(a, b)`.
fn by_second<T: Number>(op: BinaryOp, [a, b, y]: [T; 3], cotangent: T) -> T {
    match op {
        BinaryOp::Add => cotangent,
        BinaryOp::Sub => -cotangent,
        BinaryOp::Mul => cotangent * a,
        BinaryOp::Div => -(cotangent * y / b),
        BinaryOp::Max | BinaryOp::Min => {
            if second_is_chosen(op, a, b) {
                cotangent
            } else {
                T::zero()
            }
        }
        BinaryOp::Pow if a == T::zero() => T::zero(),
        BinaryOp::Pow => cotangent * y * scalar::unary(&mut T::Host::default(), UnaryOp::Log, a),
    }
}

/// Whether `max` or `min` of `a` and `b` is `b`; of two equal numbers it is `a`.
fn second_is_chosen<T: Number>(op: BinaryOp, a: T, b: T) -> bool {
    if op == BinaryOp::Max { a < b } else { b < a }
}

/// The cotangent of the operand at `position`, 1 or 2, from that of the choice between both.
pub(super) fn select<T: Number>(
    condition: &Shared<bool>,
    position: usize,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    both(condition, cotangent, |condition, cotangent| {
        let chosen = if condition { 1 } else { 2 };
        if position == chosen { cotangent } else { T::zero() }
    })
}
