//! The natural logarithm and what is made of it.
//!
//! An argument is written `x = 2ᵏ·(1 + f)` with `√½ ≤ 1 + f < √2`. With `s = f/(2 + f)`,
//! `log(1 + f) = 2·artanh(s) = 2s + s·R(s²)`, and `2s = f − s·f`, so that the leading `f` is exact (the arrangement of
//! Sun's fdlibm, 1993).

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::exponential::{exp_of_negated_magnitude, ln_2};
use super::polynomial::{Coefficients, horner};
use super::{Machine, Precision};

/// `(2·artanh(s)/s − 2)/s²` in `z = s²` on |s| ≤ (√2 − 1)/(√2 + 1); the error is below 2^−37.6 and 2^−59.5 of the logarithm.
const LOGARITHM: Coefficients = Coefficients {
    single: &[0.666_666_6, 0.400_003_34, 0.285_372_73, 0.235_828_6],
    double: &[
        0.666_666_666_666_673_5,
        0.399_999_999_994_129_1,
        0.285_714_287_428_214_6,
        0.222_221_985_248_574_12,
        0.181_835_670_230_485_39,
        0.153_139_770_671_816_44,
        0.147_967_277_440_408_6,
    ],
};

/// `log x`.
#[inline]
pub(super) fn log<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let zero = m.real(0.0);
    let infinity = m.real(f64::INFINITY);
    let minus_infinity = m.real(f64::NEG_INFINITY);
    let nan = m.real(f64::NAN);
    let Split { exponent, fraction } = split(m, x);
    let logarithm = log_of_split(m, exponent, fraction);
    let is_zero = m.equal(x, zero);
    let not_positive = m.select(is_zero, minus_infinity, nan);
    let positive = m.less(zero, x);
    let below_infinity = m.select(positive, logarithm, not_positive);
    let finite = m.less(x, infinity);
    m.select(finite, below_infinity, x)
}

/// `max(x, 0) + log(1 + e^−|x|)`.
#[inline]
pub(super) fn softplus<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let zero = m.real(0.0);
    let e = exp_of_negated_magnitude(m, x);
    let logarithm = log_of_one_plus(m, e);
    let positive = m.less(zero, x);
    let linear = m.select(positive, x, zero);
    m.add(linear, logarithm)
}

/// `log(1 + e)` for `0 ≤ e ≤ 1`.
#[inline]
fn log_of_one_plus<M: Machine>(m: &mut M, e: M::Real) -> M::Real {
    let zero = m.real(0.0);
    let half = m.real(0.5);
    let one = m.real(1.0);
    let threshold = m.real(SQRT_2 - 1.0);
    let large = m.less(threshold, e);
    let excess = m.sub(e, one);
    let halved = m.mul(excess, half);
    let fraction = m.select(large, halved, e);
    let exponent = m.select(large, one, zero);
    log_of_split(m, exponent, fraction)
}

/// `2^exponent·(1 + fraction)`.
pub(super) struct Split<R> {
    /// Integral.
    pub exponent: R,
    /// Between √½ − 1 and √2 − 1; exact.
    pub fraction: R,
}

/// Splits a positive finite `x`, subnormal or not; anything else gives numbers without meaning.
///
/// Subtracting the bits of √½ from those of `x` leaves in the exponent field how many doublings lie between them, and
/// in the fraction field what is to be added to √½ again.
#[inline]
pub(super) fn split<M: Machine>(m: &mut M, x: M::Real) -> Split<M::Real> {
    let precision = m.precision();
    let fraction_bits = precision.fraction_bits();
    let (x, lift) = without_subnormals(m, x);
    let root_half = match precision {
        Precision::F32 => u64::from((FRAC_1_SQRT_2 as f32).to_bits()),
        Precision::F64 => FRAC_1_SQRT_2.to_bits(),
    };
    let bias = u64::from(precision.exponent_bias());
    let origin = m.bits(root_half.wrapping_sub(bias << fraction_bits));
    let x_bits = m.bits_of_real(x);
    let distance = m.bits_sub(x_bits, origin);

    let biased = m.shift_right(distance, fraction_bits);
    let exponent = integral(m, biased);
    let exponent = m.sub(exponent, lift);

    let fraction_mask = m.bits((1 << fraction_bits) - 1);
    let root_half = m.bits(root_half);
    let one = m.real(1.0);
    let within = m.bits_and(distance, fraction_mask);
    let significand = m.bits_add(within, root_half);
    let significand = m.real_of_bits(significand);
    let fraction = m.sub(significand, one);
    Split { exponent, fraction }
}

/// `x` multiplied by a power of two where it is subnormal; and the logarithm of that power plus the exponent bias.
#[inline]
fn without_subnormals<M: Machine>(m: &mut M, x: M::Real) -> (M::Real, M::Real) {
    let precision = m.precision();
    let smallest_normal = m.real(precision.choose(f64::from(f32::MIN_POSITIVE), f64::MIN_POSITIVE));
    let factor = m.real(precision.choose(33_554_432.0, 18_014_398_509_481_984.0));
    let bias = f64::from(precision.exponent_bias());
    let lift_of_normal = m.real(bias);
    let lift_of_subnormal = m.real(bias + precision.choose(25.0, 54.0));
    let subnormal = m.less(x, smallest_normal);
    let lifted = m.mul(x, factor);
    let x = m.select(subnormal, lifted, x);
    let lift = m.select(subnormal, lift_of_subnormal, lift_of_normal);
    (x, lift)
}

/// The real with the value of a small non-negative integer: as the fraction of 2^`fraction_bits` it counts in ones.
#[inline]
fn integral<M: Machine>(m: &mut M, integer: M::Bits) -> M::Real {
    let precision = m.precision();
    let unit = precision.choose(8_388_608.0, 4_503_599_627_370_496.0);
    let ones = m.real(unit);
    let unit_bits = m.bits_of_real(ones);
    let sum = m.bits_or(integer, unit_bits);
    let sum = m.real_of_bits(sum);
    m.sub(sum, ones)
}

/// `exponent·ln 2 + log(1 + fraction)`.
#[inline]
fn log_of_split<M: Machine>(m: &mut M, exponent: M::Real, fraction: M::Real) -> M::Real {
    let (ln_2_high, ln_2_low) = ln_2(m.precision());
    let high = m.real(ln_2_high);
    let low = m.real(ln_2_low);
    let half = m.real(0.5);
    let two = m.real(2.0);
    let denominator = m.add(fraction, two);
    let s = m.div(fraction, denominator);
    let tail = artanh_tail(m, s);
    let halved = m.mul(fraction, half);
    let half_square = m.mul(halved, fraction);
    let correction = m.add(half_square, tail);
    let correction = m.mul(s, correction);
    let low_part = m.mul(exponent, low);
    let correction = m.add(correction, low_part);
    let small = m.sub(half_square, correction);
    let small = m.sub(small, fraction);
    let high_part = m.mul(exponent, high);
    m.sub(high_part, small)
}

/// `R(s²) = 2·artanh(s)/s − 2`.
#[inline]
pub(super) fn artanh_tail<M: Machine>(m: &mut M, s: M::Real) -> M::Real {
    let z = m.mul(s, s);
    let polynomial = horner(m, &LOGARITHM, z);
    m.mul(z, polynomial)
}
