//! Counter-based random numbers for data: every draw is a function of seed, stream, item and position.
//!
//! Image 517 of the digits, or the order of epoch 3, can so be made without making what comes before it.

use plr_ir::scalar::{self, Host, UnaryOp};

/// What the numbers are drawn for; draws of different streams are independent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// The order of the training samples; the item is the epoch.
    Shuffle = 1,
    /// The choice of the validation samples; the item is 0.
    Holdout = 2,
    /// The generated digits; the item is the image.
    Digits = 3,
    /// Gaussian samples; the item is the sample.
    Gaussian = 4,
    /// The principal directions of the Gaussian samples; the item is the direction.
    Directions = 5,
    /// The choice of training samples that are predicted along training; the item is 0.
    Watched = 6,
}

/// Keeps the key apart from the draws of compiled programs under the same seed ("data" in ASCII).
const DATA_KEY: u32 = 0x6461_7461;

/// The draws of one item of a stream, in order.
pub(super) struct Draws {
    key: [u32; 2],
    item: u64,
    stream: Stream,
    block: u32,
    words: [u32; 4],
    used: usize,
}

impl Draws {
    pub(super) fn new(seed: u64, stream: Stream, item: u64) -> Self {
        let key = [low(seed), high(seed) ^ DATA_KEY];
        Self { key, item, stream, block: 0, words: [0; 4], used: 4 }
    }

    /// 32 random bits.
    pub(super) fn bits(&mut self) -> u32 {
        if self.used == self.words.len() {
            let counter = [self.block, low(self.item), high(self.item), self.stream as u32];
            self.words = philox(counter, self.key);
            self.block += 1;
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// An index below `bound`, which is at least 1; from 64 bits, so that the bias is below `bound / 2^64`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bits = u64::from(self.bits()) << 32 | u64::from(self.bits());
        ((u128::from(bits) * bound as u128) >> 64) as usize
    }

    /// Uniform in `[0, 1)`, a multiple of `2^-24`.
    pub(super) fn uniform(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in `[low, high)`, up to rounding.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// A standard normal number (Box and Muller 1958, the cosine of the pair).
    pub(super) fn normal(&mut self) -> f64 {
        // In (0, 1], so that the logarithm is finite.
        let radius = (f64::from(self.bits()) + 1.0) / 4_294_967_296.0;
        let turn = f64::from(self.bits()) / 4_294_967_296.0;
        (-2.0 * unary(UnaryOp::Log, radius)).sqrt() * unary(UnaryOp::Cos, std::f64::consts::TAU * turn)
    }
}

fn unary(op: UnaryOp, x: f64) -> f64 {
    scalar::unary(&mut Host::<f64>::default(), op, x)
}

fn low(word: u64) -> u32 {
    word as u32
}

fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    plr_ir::random::philox4x32_10(counter, key)
}
