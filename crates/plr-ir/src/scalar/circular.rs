//! Sine and cosine.
//!
//! The nearest multiple of π/2 is subtracted in parts (Cody and Waite 1980). On what is left, |r| ≤ π/4, sine and cosine are
//! one polynomial each; the lowest bit of the multiple says which of them is wanted, the next one is its sign. The cosine of
//! `x` is the sine one quarter turn on.

use std::f64::consts::FRAC_2_PI;

use super::polynomial::{Coefficients, horner, multiply_then_add, subtract_product};
use super::{Machine, Precision};

/// `(sin r − r)/r³` in `r²` on |r| ≤ π/4; the error is below 2^−27.9 and 2^−57.9 of the sine.
const SINE: Coefficients = Coefficients {
    single: &[-0.166_666_55, 0.008_332_158, -0.000_195_149_58],
    double: &[
        -0.166_666_666_666_666_3,
        0.008_333_333_333_322_063,
        -0.000_198_412_698_295_427_72,
        2.755_731_360_457_033_5e-6,
        -2.505_074_504_328_905_3e-8,
        1.589_606_776_749_957_8e-10,
    ],
};

/// `(cos r − 1 + r²/2)/r⁴` in `r²` on |r| ≤ π/4; the error is below 2^−33.2 and 2^−64.2.
const COSINE: Coefficients = Coefficients {
    single: &[0.041_666_646, -0.001_388_736_4, 2.443_809_2e-5],
    double: &[
        0.041_666_666_666_666_6,
        -0.001_388_888_888_887_406_4,
        2.480_158_728_944_354_3e-5,
        -2.755_731_434_067_781_4e-7,
        2.087_572_162_621_773_5e-9,
        -1.135_955_945_633_040_8e-11,
    ],
};

/// The sum is π/2; the products of all parts but the last with any multiple in the range are exact.
const fn parts_of_quarter_turn(precision: Precision) -> &'static [f64] {
    precision.choose(
        &[1.570_312_5, 4.837_512_969_970_703e-4, 7.549_533_620_476_723e-8, 2.563_344e-12],
        &[1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21],
    )
}

/// Both functions are NaN beyond.
const fn range(precision: Precision) -> f64 {
    precision.choose(8192.0, 1_048_576.0)
}

/// `sin x`.
#[inline]
pub(super) fn sin<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let Reduced { quarter_turns, rest } = reduce(m, x);
    let sine = sin_of_reduced(m, quarter_turns, rest);
    within_range(m, x, sine)
}

/// `cos x`.
#[inline]
pub(super) fn cos<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let Reduced { quarter_turns, rest } = reduce(m, x);
    let one = m.bits(1);
    let quarter_turns = m.bits_add(quarter_turns, one);
    let sine = sin_of_reduced(m, quarter_turns, rest);
    within_range(m, x, sine)
}

/// `x = quarter_turns·π/2 + rest`.
struct Reduced<M: Machine> {
    /// Right in the lowest two bits, which is all that matters.
    quarter_turns: M::Bits,
    /// |rest| ≤ π/4, or a trifle more.
    rest: M::Real,
}

/// Splits off the multiple of π/2.
#[inline]
fn reduce<M: Machine>(m: &mut M, x: M::Real) -> Reduced<M> {
    let inverse = m.real(FRAC_2_PI);
    let magic = m.real(m.precision().integral_magic());
    let shifted = multiply_then_add(m, x, inverse, magic);
    let multiple = m.sub(shifted, magic);
    let mut rest = x;
    for &part in parts_of_quarter_turn(m.precision()) {
        let part = m.real(part);
        rest = subtract_product(m, rest, multiple, part);
    }
    let quarter_turns = m.bits_of_real(shifted);
    Reduced { quarter_turns, rest }
}

/// `sin(quarter_turns·π/2 + r)`.
#[inline]
fn sin_of_reduced<M: Machine>(m: &mut M, quarter_turns: M::Bits, r: M::Real) -> M::Real {
    let square = m.mul(r, r);
    let sine = sin_near_zero(m, r, square);
    let cosine = cos_near_zero(m, square);
    let odd = is_odd(m, quarter_turns);
    let value = m.select(odd, cosine, sine);

    let sign_position = m.precision().choose(31, 63);
    let half_turns = m.shift_right(quarter_turns, 1);
    let sign = m.shift_left(half_turns, sign_position);
    let value = m.bits_of_real(value);
    let signed = m.bits_xor(value, sign);
    m.real_of_bits(signed)
}

/// `sin r` for |r| ≤ π/4.
#[inline]
fn sin_near_zero<M: Machine>(m: &mut M, r: M::Real, square: M::Real) -> M::Real {
    let tail = horner(m, &SINE, square);
    let cube = m.mul(square, r);
    multiply_then_add(m, cube, tail, r)
}

/// `cos r` for |r| ≤ π/4.
#[inline]
fn cos_near_zero<M: Machine>(m: &mut M, square: M::Real) -> M::Real {
    let one = m.real(1.0);
    let minus_half = m.real(-0.5);
    let tail = horner(m, &COSINE, square);
    let parabola = multiply_then_add(m, square, minus_half, one);
    let fourth_power = m.mul(square, square);
    multiply_then_add(m, fourth_power, tail, parabola)
}

/// Whether the lowest bit is set: put where the sign of a 1 is, it makes the number negative.
#[inline]
fn is_odd<M: Machine>(m: &mut M, integer: M::Bits) -> M::Mask {
    let sign_position = m.precision().choose(31, 63);
    let zero = m.real(0.0);
    let one = m.real(1.0);
    let one = m.bits_of_real(one);
    let sign = m.shift_left(integer, sign_position);
    let signed = m.bits_or(one, sign);
    let signed = m.real_of_bits(signed);
    m.less(signed, zero)
}

/// `value` where `x` is in the range, else NaN.
#[inline]
fn within_range<M: Machine>(m: &mut M, x: M::Real, value: M::Real) -> M::Real {
    let nan = m.real(f64::NAN);
    let bound = m.real(range(m.precision()));
    let magnitude = m.abs(x);
    let inside = m.less_equal(magnitude, bound);
    m.select(inside, value, nan)
}
