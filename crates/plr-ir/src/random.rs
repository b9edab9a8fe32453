//! Random numbers that are a function of where they are drawn.
//!
//! There is no generator with a state. A draw is addressed, and its address is hashed by Philox4x32-10 (Salmon, Moraes, Dror
//! and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). So a draw is the same on any number of threads, in any
//! order, in every back end, and can be made again later instead of being stored.
//!
//! 1. The address of a draw is the run's seed, the number of the update, the number of the step, the stream of the variable,
//!    and the row-major index of the element ([`Address`]).
//! 2. The key is the seed, its low word first. The counter is `[element / lanes, stream, step, update]`, its first word taken
//!    modulo 2³². The hash is a block of four words.
//! 3. A block serves `lanes` neighbouring elements: 4 in f32, which take one word each, and 2 in f64, which take
//!    two, the high word first. Lane `element mod lanes` is the element's own.
//! 4. **Uniform**: the top 23 bits of the word `k` give `(k + ½)·2⁻²³` in f32, the top 52 bits of two words `(k + ½)·2⁻⁵²` in
//!    f64. The interval is open, (0, 1); both formulas are exact, and symmetric about ½.
//! 5. **Normal**: lanes `2j` and `2j + 1` are a pair (Box and Muller 1958). With their uniforms `u` and `v`,
//!    `r = sqrt(−2·log u)` and `φ = 2π·v` in the operations of [`scalar`](crate::scalar), the even lane is `r·cos φ`, the odd
//!    one `r·sin φ`. The largest magnitude is 5.8 in f32 and 8.6 in f64.
//! 6. A Bernoulli draw of probability `p` is the comparison `uniform < p`: never for `p ≤ 0`, always for `p ≥ 1`.
//! 7. The precisions draw different numbers from one address.

mod philox;

pub use philox::philox4x32_10;

use std::f64::consts::TAU;

use crate::program::Law;
use crate::scalar::{BinaryOp, Machine, Precision, Real, UnaryOp, binary, unary};

/// Where draws are made; the element comes beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// Of the whole run.
    pub seed: u64,
    /// The number of the update.
    pub update: u32,
    /// The number of the step within the presentation; 0 outside loops.
    pub step: u32,
    /// Separates variables.
    pub stream: u32,
}

/// How many neighbouring elements one block of Philox serves.
pub const fn lanes(precision: Precision) -> usize {
    precision.choose(4, 2)
}

/// The draw of one element.
pub fn draw<T: Real>(law: Law, address: Address, element: u64) -> T {
    let lanes = lanes(T::PRECISION) as u64;
    block(law, address, element / lanes)[(element % lanes) as usize]
}

/// The draws of the elements `first`, `first + 1`, …; each is what [`draw`] gives, at a fraction of the cost.
pub fn fill<T: Real>(law: Law, address: Address, first: u64, out: &mut [T]) {
    let lanes = lanes(T::PRECISION);
    let mut index = first / lanes as u64;
    let start = (first % lanes as u64) as usize;
    let (head, body) = out.split_at_mut(out.len().min((lanes - start) % lanes));
    if !head.is_empty() {
        head.copy_from_slice(&block(law, address, index)[start..start + head.len()]);
        index += 1;
    }
    for chunk in body.chunks_mut(lanes) {
        chunk.copy_from_slice(&block(law, address, index)[..chunk.len()]);
        index += 1;
    }
}

/// The draws of all lanes of a block; in f64 the last two places are unused.
fn block<T: Real>(law: Law, address: Address, index: u64) -> [T; 4] {
    let Address { seed, update, step, stream } = address;
    let words = philox4x32_10([index as u32, stream, step, update], [seed as u32, (seed >> 32) as u32]);
    let uniforms = uniforms(words);
    match law {
        Law::Uniform => uniforms,
        Law::Normal => normals(uniforms),
    }
}

/// The uniform numbers of all lanes.
fn uniforms<T: Real>(words: [u32; 4]) -> [T; 4] {
    match T::PRECISION {
        Precision::F32 => words.map(|word| T::from_f64((f64::from(word >> 9) + 0.5) / 8_388_608.0)),
        Precision::F64 => {
            let uniform = |high: u32, low: u32| {
                let bits = (u64::from(high) << 32 | u64::from(low)) >> 12;
                T::from_f64((bits as f64 + 0.5) / 4_503_599_627_370_496.0)
            };
            [uniform(words[0], words[1]), uniform(words[2], words[3]), T::default(), T::default()]
        }
    }
}

/// The normal numbers of all lanes from their uniform ones.
fn normals<T: Real>(uniforms: [T; 4]) -> [T; 4] {
    let mut machine = T::Host::default();
    let mut normals = [T::default(); 4];
    for (pair, uniforms) in
        normals.chunks_exact_mut(2).zip(uniforms.chunks_exact(2)).take(lanes(T::PRECISION) / 2)
    {
        pair.copy_from_slice(&box_muller(&mut machine, uniforms[0], uniforms[1]));
    }
    normals
}

/// Two independent normal numbers from two independent uniform ones.
fn box_muller<M: Machine>(m: &mut M, u: M::Real, v: M::Real) -> [M::Real; 2] {
    let minus_two = m.real(-2.0);
    let full_turn = m.real(TAU);
    let logarithm = unary(m, UnaryOp::Log, u);
    let square = binary(m, BinaryOp::Mul, logarithm, minus_two);
    let radius = unary(m, UnaryOp::Sqrt, square);
    let angle = binary(m, BinaryOp::Mul, v, full_turn);
    let cosine = unary(m, UnaryOp::Cos, angle);
    let sine = unary(m, UnaryOp::Sin, angle);
    [binary(m, BinaryOp::Mul, radius, cosine), binary(m, BinaryOp::Mul, radius, sine)]
}
