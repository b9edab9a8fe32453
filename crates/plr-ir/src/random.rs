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

/// How many blocks are made together, each step of all of them before the next, so that the host can do several at a time.
const TOGETHER: usize = 64;

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
    let mut many = body.chunks_exact_mut(lanes * TOGETHER);
    for chunk in &mut many {
        let drawn = blocks::<T, TOGETHER>(law, address, index);
        for (at, out) in chunk.chunks_exact_mut(lanes).enumerate() {
            out.iter_mut().zip(&drawn).for_each(|(out, lane)| *out = lane[at]);
        }
        index += TOGETHER as u64;
    }
    for chunk in many.into_remainder().chunks_mut(lanes) {
        chunk.copy_from_slice(&block(law, address, index)[..chunk.len()]);
        index += 1;
    }
}

/// The normal draws of the even lanes in f64, one of each block from `first` on.
pub fn fill_even(address: Address, first: u64, out: &mut [f64]) {
    let mut index = first;
    let mut many = out.chunks_exact_mut(TOGETHER);
    for chunk in &mut many {
        chunk.copy_from_slice(&evens::<TOGETHER>(address, index));
        index += TOGETHER as u64;
    }
    for out in many.into_remainder() {
        [*out] = evens(address, index);
        index += 1;
    }
}

#[inline]
fn evens<const N: usize>(address: Address, first: u64) -> [f64; N] {
    let [u, v, ..] = uniforms(&words(address, first));
    turned(&radii(u), UnaryOp::Cos, v)
}

/// The draws of all lanes of a block; in f64 the last two places are unused.
fn block<T: Real>(law: Law, address: Address, index: u64) -> [T; 4] {
    blocks::<T, 1>(law, address, index).map(|[lane]| lane)
}

/// The same of several blocks from this one on, lane by lane.
#[inline]
fn blocks<T: Real, const N: usize>(law: Law, address: Address, first: u64) -> [[T; N]; 4] {
    let uniforms = uniforms(&words(address, first));
    match law {
        Law::Uniform => uniforms,
        Law::Normal => normals(&uniforms),
    }
}

/// The words of the blocks.
#[inline]
fn words<const N: usize>(address: Address, first: u64) -> [[u32; N]; 4] {
    let Address { seed, update, step, stream } = address;
    let mut counters = [[first as u32; N], [stream; N], [step; N], [update; N]];
    counters[0].iter_mut().zip(0_u32..).for_each(|(index, at)| *index = index.wrapping_add(at));
    philox::blocks(counters, [seed as u32, (seed >> 32) as u32])
}

/// The uniform numbers of all lanes.
#[inline]
fn uniforms<T: Real, const N: usize>(words: &[[u32; N]; 4]) -> [[T; N]; 4] {
    let mut uniforms = [[T::default(); N]; 4];
    match T::PRECISION {
        Precision::F32 => {
            for (lane, words) in uniforms.iter_mut().zip(words) {
                for (uniform, word) in lane.iter_mut().zip(words) {
                    *uniform = T::from_f64((f64::from(word >> 9) + 0.5) / 8_388_608.0);
                }
            }
        }
        Precision::F64 => {
            for (lane, words) in uniforms.iter_mut().zip(words.chunks_exact(2)) {
                for (uniform, (high, low)) in lane.iter_mut().zip(words[0].iter().zip(&words[1])) {
                    *uniform = T::from_f64(uniform_of_two(*high, *low));
                }
            }
        }
    }
    uniforms
}

/// The uniform number of two words. As the fraction of 2⁵² their bits count in ones, which is exact, and a conversion that hosts can do
/// several of at a time.
#[inline]
fn uniform_of_two(high: u32, low: u32) -> f64 {
    let unit: f64 = 4_503_599_627_370_496.0;
    let bits = (u64::from(high) << 32 | u64::from(low)) >> 12;
    (f64::from_bits(bits | unit.to_bits()) - unit + 0.5) / unit
}

/// The normal numbers of all lanes from their uniform ones.
#[inline]
fn normals<T: Real, const N: usize>(uniforms: &[[T; N]; 4]) -> [[T; N]; 4] {
    let mut normals = [[T::default(); N]; 4];
    let pairs = normals.chunks_exact_mut(2).zip(uniforms.chunks_exact(2));
    for (pair, uniforms) in pairs.take(lanes(T::PRECISION) / 2) {
        let radii = radii(uniforms[0]);
        pair[0] = turned(&radii, UnaryOp::Cos, uniforms[1]);
        pair[1] = turned(&radii, UnaryOp::Sin, uniforms[1]);
    }
    normals
}

/// The distance of two independent normal numbers from the origin, from a uniform number.
#[inline]
fn radii<T: Real, const N: usize>(mut uniforms: [T; N]) -> [T; N] {
    let m = &mut T::Host::default();
    let minus_two = m.real(-2.0);
    for u in &mut uniforms {
        let logarithm = unary(m, UnaryOp::Log, *u);
        let square = binary(m, BinaryOp::Mul, logarithm, minus_two);
        *u = unary(m, UnaryOp::Sqrt, square);
    }
    uniforms
}

/// One of the two: their direction is uniform too, `function` is the sine or the cosine.
#[inline]
fn turned<T: Real, const N: usize>(radii: &[T; N], function: UnaryOp, mut uniforms: [T; N]) -> [T; N] {
    let m = &mut T::Host::default();
    let full_turn = m.real(TAU);
    for (v, radius) in uniforms.iter_mut().zip(radii) {
        let angle = binary(m, BinaryOp::Mul, *v, full_turn);
        let part = unary(m, function, angle);
        *v = binary(m, BinaryOp::Mul, *radius, part);
    }
    uniforms
}
