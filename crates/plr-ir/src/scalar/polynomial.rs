//! Polynomials, evaluated in one stated order.
//!
//! The coefficients in the modules beside this one are minimax approximations (Remez exchange, 60 decimal digits),
//! each table with its interval and its error before rounding.

use super::{Machine, Precision};

/// The coefficients of a polynomial for each precision, the constant term first.
pub(super) struct Coefficients {
    /// For [`Precision::F32`].
    pub single: &'static [f64],
    /// For [`Precision::F64`].
    pub double: &'static [f64],
}

/// `c₀ + x·(c₁ + x·(c₂ + …))`, each product and each sum rounded.
#[inline]
pub(super) fn horner<M: Machine>(m: &mut M, coefficients: &Coefficients, x: M::Real) -> M::Real {
    let table = match m.precision() {
        Precision::F32 => coefficients.single,
        Precision::F64 => coefficients.double,
    };
    let mut sum = m.real(table[table.len() - 1]);
    for &coefficient in table[..table.len() - 1].iter().rev() {
        let product = m.mul(sum, x);
        let coefficient = m.real(coefficient);
        sum = m.add(product, coefficient);
    }
    sum
}

/// `a·b + c`, both rounded.
#[inline]
pub(super) fn multiply_then_add<M: Machine>(m: &mut M, a: M::Real, b: M::Real, c: M::Real) -> M::Real {
    let product = m.mul(a, b);
    m.add(product, c)
}

/// `c − a·b`, both rounded.
#[inline]
pub(super) fn subtract_product<M: Machine>(m: &mut M, c: M::Real, a: M::Real, b: M::Real) -> M::Real {
    let product = m.mul(a, b);
    m.sub(c, product)
}
