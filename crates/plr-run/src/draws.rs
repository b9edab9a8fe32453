//! Named random streams: every draw is a function of a seed, a name, an item and a position (R11.1).
//!
//! Whatever is drawn on the host for a rule (first weights, samples of a check, perturbations) is drawn from here by
//! name, so that the same quantity gets the same numbers whatever else is drawn in the run.

use plr_ir::program::Law;
use plr_ir::random::{self, Address};
use plr_ir::scalar::{self, Host, UnaryOp};

/// Keeps the key apart from the draws of compiled programs under the same seed ("name" in ASCII).
const NAMED_KEY: u32 = 0x6e61_6d65;

/// The draws of one item of a named stream, in order.
#[derive(Clone, Debug)]
pub struct Draws {
    key: [u32; 2],
    stream: u64,
    item: u32,
    block: u32,
    words: [u32; 4],
    used: usize,
}

impl Draws {
    /// The stream of that name under a seed; `item` counts independent parts of it, minibatches for example.
    pub fn new(seed: u64, name: &str, item: u32) -> Self {
        let key = [seed as u32, (seed >> 32) as u32 ^ NAMED_KEY];
        Self { key, stream: hash(name), item, block: 0, words: [0; 4], used: 4 }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        if self.used == self.words.len() {
            let counter = [self.block, self.item, self.stream as u32, (self.stream >> 32) as u32];
            self.words = random::philox4x32_10(counter, self.key);
            self.block += 1;
            self.used = 0;
        }
        self.used += 2;
        u64::from(self.words[self.used - 2]) << 32 | u64::from(self.words[self.used - 1])
    }

    /// Uniform in the open unit interval, an odd multiple of `2^-53`.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Gaussian with mean 0 and deviation 1, by Box and Muller's transformation of two uniform draws.
    pub fn normal(&mut self) -> f64 {
        let mut host = Host::<f64>::default();
        let radius = (-2.0 * scalar::unary(&mut host, UnaryOp::Log, self.uniform())).sqrt();
        radius * scalar::unary(&mut host, UnaryOp::Cos, std::f64::consts::TAU * self.uniform())
    }

    /// The uniform draws from the one of this number on, of a stream that has not been drawn from: what [`Self::uniform`] would give.
    pub fn uniforms_from(&self, first: usize, out: &mut [f64]) {
        random::fill(Law::Uniform, self.address(), first as u64, out);
    }

    /// The same of Gaussian draws, each of which takes a block.
    pub fn normals_from(&self, first: usize, out: &mut [f64]) {
        random::fill_even(self.address(), first as u64, out);
    }

    /// Where a program would draw the same numbers in f64.
    fn address(&self) -> Address {
        let seed = u64::from(self.key[1]) << 32 | u64::from(self.key[0]);
        let (step, update) = (self.stream as u32, (self.stream >> 32) as u32);
        Address { seed, update, step, stream: self.item }
    }

    /// An index below `bound`, which is at least 1; the bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// That many independent standard Gaussian numbers.
    pub fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }
}

/// FNV-1a over the bytes of the name, 64 bits.
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published test vectors of FNV-1a, 64 bits (Fowler, Noll, Vo).
    #[test]
    fn hash_matches_published_vectors() {
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    /// Mean and variance of both laws, within five deviations of the mean of 20,000 draws.
    #[test]
    fn laws_have_their_moments() {
        let mut draws = Draws::new(7, "moments", 0);
        let count = 20_000;
        let uniform: Vec<f64> = (0..count).map(|_| draws.uniform()).collect();
        let normal = draws.normals(count);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / count as f64;
        let variance =
            |v: &[f64]| v.iter().map(|x| (x - mean(v)) * (x - mean(v))).sum::<f64>() / count as f64;
        assert!((mean(&uniform) - 0.5).abs() < 0.011 && (variance(&uniform) - 1.0 / 12.0).abs() < 0.003);
        assert!(mean(&normal).abs() < 0.036 && (variance(&normal) - 1.0).abs() < 0.05);
    }

    /// Many at a time are those one by one, wherever they begin.
    #[test]
    fn draws_have_places() {
        for first in [0, 1, 7, 130] {
            let (mut uniforms, mut normals) = (vec![0.0; 300], vec![0.0; 300]);
            let draws = Draws::new(3 << 40 | 5, "places", 2);
            draws.uniforms_from(first, &mut uniforms);
            draws.normals_from(first, &mut normals);
            let (mut one, mut other) = (draws.clone(), draws);
            let one_by_one: Vec<f64> = (0..first + 300).map(|_| one.uniform()).skip(first).collect();
            assert_eq!(uniforms, one_by_one);
            assert_eq!(normals, other.normals(first + 300)[first..]);
        }
    }

    #[test]
    fn streams_differ_by_seed_name_and_item() {
        let first = |seed, name, item| Draws::new(seed, name, item).bits();
        let all =
            [first(1, "a", 0), first(2, "a", 0), first(1, "b", 0), first(1, "a", 1), first(1 << 40, "a", 0)];
        for (i, x) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|y| x != y));
        }
        assert_eq!(first(1, "a", 0), all[0]);
    }
}
