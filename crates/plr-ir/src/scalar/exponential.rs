//! The exponential and what is a quotient of exponentials.
//!
//! An argument is written `x = n·ln 2 + r` with integral `n` and |r| ≤ ln 2 / 2 (Cody and Waite 1980); then
//! `e^x = 2ⁿ·e^r`, where `e^r` is a polynomial and `2ⁿ` is put together from bits.

use std::f64::consts::LOG2_E;

use super::order::{at_least, at_most};
use super::polynomial::{Coefficients, horner, multiply_then_add, subtract_product};
use super::{Machine, Precision};

/// `(e^r − 1 − r)/r²` on |r| ≤ ln 2 / 2; the error of `e^r − 1` is below 2^−26.1 and 2^−55.6 of it.
const EXPONENTIAL: Coefficients = Coefficients {
    single: &[0.499_999_97, 0.166_665_43, 0.041_667_2, 0.008_366_521, 0.001_388_252_5],
    double: &[
        0.500_000_000_000_000_6,
        0.166_666_666_666_665_88,
        0.041_666_666_666_576_74,
        0.008_333_333_333_389_557,
        0.001_388_888_893_156_703_6,
        0.000_198_412_697_189_797_32,
        2.480_150_527_162_987_6e-5,
        2.755_740_757_794_092_6e-6,
        2.762_603_862_697_482_7e-7,
        2.505_376_104_765_685_7e-8,
    ],
};

/// ln 2 in two parts: the first has so few bits that its product with any exponent is exact.
pub(super) const fn ln_2(precision: Precision) -> (f64, f64) {
    precision
        .choose((0.693_115_234_375, 3.194_618_4e-5), (0.693_147_180_560_117_7, -1.723_944_452_561_483_5e-13))
}

/// Below the first `e^x` rounds to 0, above the second to +∞.
const fn bounds(precision: Precision) -> (f64, f64) {
    precision.choose((-104.0, 89.0), (-746.0, 710.0))
}

/// `e^x`.
#[inline]
pub(super) fn exp<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let (lowest, highest) = bounds(m.precision());
    let x = at_most(m, x, highest);
    let x = at_least(m, x, lowest);
    let reduced = reduce(m, x, 2);
    exp_of_reduced(m, reduced)
}

/// `e^(high + low)`, where `low` is the rounding error of `high`.
#[inline]
pub(super) fn exp_of_sum<M: Machine>(m: &mut M, high: M::Real, low: M::Real) -> M::Real {
    let (lowest, highest) = bounds(m.precision());
    let high = at_most(m, high, highest);
    let high = at_least(m, high, lowest);
    let reduced = reduce(m, high, 2);
    let rest = m.add(reduced.rest, low);
    exp_of_reduced(m, Reduced { rest, ..reduced })
}

/// `e^−|x|`, which lies in [0, 1].
#[inline]
pub(super) fn exp_of_negated_magnitude<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let (lowest, _) = bounds(m.precision());
    let magnitude = m.abs(x);
    let negated = m.neg(magnitude);
    let negated = at_least(m, negated, lowest);
    let reduced = reduce(m, negated, 2);
    exp_of_reduced(m, reduced)
}

/// With `e = e^(−2|x|)`: `tanh |x| = (1 − e)/(1 + e)`, from `1 − e` without cancellation up to ½, and from there on
/// `1 − 2e/(1 + e)`, which has the smaller error; then the sign of `x`.
#[inline]
pub(super) fn tanh<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let minus_two = m.real(-2.0);
    let one = m.real(1.0);
    let two = m.real(2.0);
    let third = m.real(1.0 / 3.0);
    let magnitude = m.abs(x);
    let exponent = m.mul(magnitude, minus_two);
    let (e, minus_one) = exp_of_nonpositive(m, exponent);
    let small = m.less(third, e);
    let complement = m.abs(minus_one);
    let doubled = m.add(e, e);
    let numerator = m.select(small, complement, doubled);
    let denominator = m.add(minus_one, two);
    let quotient = m.div(numerator, denominator);
    let from_one = m.sub(one, quotient);
    let result = m.select(small, quotient, from_one);
    with_sign_of(m, result, x)
}

/// `e/(1 + e)` with `e = e^−|x|` for negative `x`, `1/(1 + e)` for others.
#[inline]
pub(super) fn sigmoid<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let zero = m.real(0.0);
    let one = m.real(1.0);
    let e = exp_of_negated_magnitude(m, x);
    let negative = m.less(x, zero);
    let numerator = m.select(negative, e, one);
    let denominator = m.add(e, one);
    m.div(numerator, denominator)
}

/// `magnitude`, whose sign bit is clear, with the sign bit of `x`.
#[inline]
pub(super) fn with_sign_of<M: Machine>(m: &mut M, magnitude: M::Real, x: M::Real) -> M::Real {
    let sign_bit = m.bits(m.precision().sign_bit());
    let x = m.bits_of_real(x);
    let sign = m.bits_and(x, sign_bit);
    let magnitude = m.bits_of_real(magnitude);
    let signed = m.bits_or(magnitude, sign);
    m.real_of_bits(signed)
}

/// `x = n·ln 2 + rest`.
struct Reduced<M: Machine> {
    /// Holds `n` plus a multiple of the exponent bias in the lowest bits.
    exponent: M::Bits,
    /// |rest| ≤ ln 2 / 2, or a trifle more.
    rest: M::Real,
}

/// Splits off the multiple of ln 2; `biases` times the exponent bias is added to the exponent's bits.
#[inline]
fn reduce<M: Machine>(m: &mut M, x: M::Real, biases: u32) -> Reduced<M> {
    let precision = m.precision();
    let (ln_2_high, ln_2_low) = ln_2(precision);
    let bias = f64::from(biases * precision.exponent_bias());
    let magic = m.real(precision.integral_magic() + bias);
    let log2_e = m.real(LOG2_E);
    let shifted = multiply_then_add(m, x, log2_e, magic);
    let n = m.sub(shifted, magic);
    let high = m.real(ln_2_high);
    let low = m.real(ln_2_low);
    let rest = subtract_product(m, x, n, high);
    let rest = subtract_product(m, rest, n, low);
    let exponent = m.bits_of_real(shifted);
    Reduced { exponent, rest }
}

/// `e^r − 1` for |r| ≤ ln 2 / 2.
#[inline]
fn exp_minus_one_near_zero<M: Machine>(m: &mut M, r: M::Real) -> M::Real {
    let square = m.mul(r, r);
    let tail = horner(m, &EXPONENTIAL, r);
    multiply_then_add(m, square, tail, r)
}

/// `e^r·2ⁿ`; needs two biases in the exponent's bits.
///
/// 2ⁿ need not be a normal number, but its two halves 2^⌊n/2⌋ and 2^⌈n/2⌉ are, and each gets one of the biases. Only the
/// last product can round.
#[inline]
fn exp_of_reduced<M: Machine>(m: &mut M, reduced: Reduced<M>) -> M::Real {
    let fraction_bits = m.precision().fraction_bits();
    let one = m.real(1.0);
    let minus_one = exp_minus_one_near_zero(m, reduced.rest);
    let exponential = m.add(minus_one, one);
    let lower = m.shift_right(reduced.exponent, 1);
    let upper = m.bits_sub(reduced.exponent, lower);
    let lower = m.shift_left(lower, fraction_bits);
    let upper = m.shift_left(upper, fraction_bits);
    let lower = m.real_of_bits(lower);
    let upper = m.real_of_bits(upper);
    let scaled = m.mul(exponential, lower);
    m.mul(scaled, upper)
}

/// `e^x` and `e^x − 1` for `x ≤ 0`, each to its own relative accuracy; below −40 they are what they are there.
#[inline]
fn exp_of_nonpositive<M: Machine>(m: &mut M, x: M::Real) -> (M::Real, M::Real) {
    let fraction_bits = m.precision().fraction_bits();
    let one = m.real(1.0);
    let x = at_least(m, x, -40.0);
    let reduced = reduce(m, x, 1);
    let power = m.shift_left(reduced.exponent, fraction_bits);
    let power = m.real_of_bits(power);
    let minus_one = exp_minus_one_near_zero(m, reduced.rest);
    let scaled = m.mul(power, minus_one);
    let power_minus_one = m.sub(power, one);
    let exponential = m.add(scaled, power);
    let exponential_minus_one = m.add(scaled, power_minus_one);
    (exponential, exponential_minus_one)
}
