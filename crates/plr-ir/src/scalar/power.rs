//! `x^y = e^(y·log x)`, with the logarithm and the product carried in pairs of reals.
//!
//! An exponential turns the absolute error of its argument into a relative one, so an argument of 88 must be known to 7 bits
//! more than a real holds. A pair `high + low` has them. A product of highs is exact because each has only half the bits
//! (after Dekker 1971, and the arrangement of Sun's fdlibm, 1993).

use super::exponential::{exp_of_sum, ln_2, with_sign_of};
use super::logarithm::{Split, split};
use super::order::{at_least, at_most};
use super::polynomial::{Coefficients, horner, multiply_then_add, subtract_product};
use super::{Machine, Precision};

/// `Q(z) = (3·artanh(s)/s − 3 − z)/z²` in `z = s²` on |s| ≤ (√2 − 1)/(√2 + 1); the error is below 2^−36.7 and 2^−66.2 of the
/// logarithm.
const ARTANH: Coefficients = Coefficients {
    single: &[0.600_002_3, 0.428_206_62, 0.351_288],
    double: &[
        0.600_000_000_000_034,
        0.428_571_428_551_440_15,
        0.333_333_337_808_764_7,
        0.272_726_764_607_547_1,
        0.230_801_402_745_575,
        0.198_851_240_465_704_8,
        0.197_954_710_279_182_9,
    ],
};

/// ⅔ in two parts, the first with half the bits.
const fn two_thirds(precision: Precision) -> (f64, f64) {
    precision.choose((0.666_503_906_25, 1.627_604_2e-4), (0.666_666_656_732_559_2, 9.934_107_462_565_104e-9))
}

/// An unevaluated sum; `low` is small beside `high`.
struct Pair<R> {
    high: R,
    low: R,
}

/// `x^y`.
#[inline]
pub(super) fn pow<M: Machine>(m: &mut M, x: M::Real, y: M::Real) -> M::Real {
    let magnitude = m.abs(x);
    let power = pow_of_positive(m, magnitude, y);
    let power = unless_base_is_extreme(m, magnitude, y, power);
    let power = signed(m, x, y, power);

    let zero = m.real(0.0);
    let one = m.real(1.0);
    let nan = m.real(f64::NAN);
    let trivial = m.equal(y, zero);
    let power = m.select(trivial, one, power);
    let x_ordinary = m.equal(x, x);
    let y_ordinary = m.equal(y, y);
    let ordinary = m.and(x_ordinary, y_ordinary);
    m.select(ordinary, power, nan)
}

/// `x^y` for positive finite `x`.
#[inline]
fn pow_of_positive<M: Machine>(m: &mut M, x: M::Real, y: M::Real) -> M::Real {
    // At 2⁶⁴ every power but that of 1 is 0 or infinite; the bound keeps the products below finite.
    let y = at_most(m, y, 18_446_744_073_709_551_616.0);
    let y = at_least(m, y, -18_446_744_073_709_551_616.0);
    let logarithm = log_in_pair(m, x);
    let y_high = upper_half(m, y);
    let y_low = m.sub(y, y_high);
    let exponent = multiply_pairs(m, &Pair { high: y_high, low: y_low }, &logarithm);
    // Beyond the bound the exponential is 0 or infinite, and `low` no longer small.
    let zero = m.real(0.0);
    let bound = m.real(1024.0);
    let magnitude = m.abs(exponent.high);
    let small = m.less(magnitude, bound);
    let low = m.select(small, exponent.low, zero);
    exp_of_sum(m, exponent.high, low)
}

/// `power`, or what zero and infinite bases give instead.
#[inline]
fn unless_base_is_extreme<M: Machine>(m: &mut M, magnitude: M::Real, y: M::Real, power: M::Real) -> M::Real {
    let zero = m.real(0.0);
    let infinity = m.real(f64::INFINITY);
    let inverted = m.less(y, zero);
    let of_zero = m.select(inverted, infinity, zero);
    let of_infinity = m.select(inverted, zero, infinity);
    let is_zero = m.equal(magnitude, zero);
    let is_infinite = m.equal(magnitude, infinity);
    let power = m.select(is_zero, of_zero, power);
    m.select(is_infinite, of_infinity, power)
}

/// The power of the magnitude of `x`, with the sign that `x` and the parity of `y` give it; NaN if there is none.
#[inline]
fn signed<M: Machine>(m: &mut M, x: M::Real, y: M::Real, power: M::Real) -> M::Real {
    let zero = m.real(0.0);
    let half = m.real(0.5);
    let nan = m.real(f64::NAN);
    let integral = is_integral(m, y);
    let y_halved = m.mul(y, half);
    let even = is_integral(m, y_halved);
    let of_odd = with_sign_of(m, power, x);
    let of_integral = m.select(even, power, of_odd);
    let negative = m.less(x, zero);
    let of_other = m.select(negative, nan, power);
    m.select(integral, of_integral, of_other)
}

/// Whether `x` has no fractional part; true of ±∞.
#[inline]
fn is_integral<M: Machine>(m: &mut M, x: M::Real) -> M::Mask {
    let floor = m.floor(x);
    m.equal(floor, x)
}

/// `log x` for positive finite `x`: with `s` and `z = s²` as in the plain logarithm,
/// `log(1 + f) = ⅔·s·(3 + z + z²·Q(z))`, of which all but the term with `Q` is carried in pairs.
#[inline]
fn log_in_pair<M: Machine>(m: &mut M, x: M::Real) -> Pair<M::Real> {
    let Split { exponent, fraction } = split(m, x);
    let (ln_2_high, ln_2_low) = ln_2(m.precision());
    let ln_2_high = m.real(ln_2_high);
    let ln_2_low = m.real(ln_2_low);
    let s = quotient_in_pair(m, fraction);
    let of_fraction = artanh_twice_in_pair(m, &s);
    let of_power = m.mul(exponent, ln_2_high);
    let of_power_low = m.mul(exponent, ln_2_low);
    let sum = sum_in_pair(m, of_power, of_fraction.high);
    let low = m.add(of_fraction.low, of_power_low);
    let low = m.add(low, sum.low);
    sum_in_pair(m, sum.high, low)
}

/// `f/(2 + f)`. `high` is the quotient cut to half its bits; what its product with the denominator misses is divided again.
#[inline]
fn quotient_in_pair<M: Machine>(m: &mut M, f: M::Real) -> Pair<M::Real> {
    let two = m.real(2.0);
    let denominator = m.add(f, two);
    let quotient = m.div(f, denominator);
    let high = upper_half(m, quotient);
    let denominator_high = upper_half(m, denominator);
    let denominator_low = m.sub(denominator_high, two);
    let denominator_low = m.sub(f, denominator_low);
    let missed = subtract_product(m, f, high, denominator_high);
    let missed = subtract_product(m, missed, high, denominator_low);
    let low = m.div(missed, denominator);
    Pair { high, low }
}

/// `2·artanh s = ⅔·s·(3 + z + z²·Q(z))`; the high part of `s` has half its bits.
#[inline]
fn artanh_twice_in_pair<M: Machine>(m: &mut M, s: &Pair<M::Real>) -> Pair<M::Real> {
    let three = m.real(3.0);
    let whole = m.add(s.high, s.low);
    let z = m.mul(whole, whole);
    let z_high = m.mul(s.high, s.high);
    let twice = m.add(whole, s.high);
    let z_low = m.mul(s.low, twice);
    let polynomial = horner(m, &ARTANH, z);
    let z_squared = m.mul(z, z);
    let rest = multiply_then_add(m, z_squared, polynomial, z_low);

    let factor = m.add(z_high, three);
    let factor = m.add(factor, rest);
    let rounded = m.sub(factor, three);
    let rounded = m.sub(rounded, z_high);
    let factor_low = m.sub(rest, rounded);
    let product = multiply_pairs(m, s, &Pair { high: factor, low: factor_low });
    let (high, low) = two_thirds(m.precision());
    let two_thirds = Pair { high: m.real(high), low: m.real(low) };
    multiply_pairs(m, &two_thirds, &product)
}

/// `a·b`; the high part of `a` has half its bits, that of `b` has all.
#[inline]
fn multiply_pairs<M: Machine>(m: &mut M, a: &Pair<M::Real>, b: &Pair<M::Real>) -> Pair<M::Real> {
    let b_high = upper_half(m, b.high);
    let b_low = m.sub(b.high, b_high);
    let b_low = m.add(b_low, b.low);
    let exact = m.mul(a.high, b_high);
    let first = m.mul(a.low, b.high);
    let second = m.mul(a.high, b_low);
    let rest = m.add(first, second);
    sum_in_pair(m, exact, rest)
}

/// `a + b` and its rounding error, for `a = 0` or |a| ≥ |b| (Dekker 1971).
#[inline]
fn sum_in_pair<M: Machine>(m: &mut M, a: M::Real, b: M::Real) -> Pair<M::Real> {
    let high = m.add(a, b);
    let rounded_b = m.sub(high, a);
    let low = m.sub(b, rounded_b);
    Pair { high, low }
}

/// `x` with the lower half of its significand cleared.
#[inline]
fn upper_half<M: Machine>(m: &mut M, x: M::Real) -> M::Real {
    let mask = match m.precision() {
        Precision::F32 => 0xffff_f000,
        Precision::F64 => 0xffff_ffff_f800_0000,
    };
    let mask = m.bits(mask);
    let bits = m.bits_of_real(x);
    let upper = m.bits_and(bits, mask);
    m.real_of_bits(upper)
}
