//! The hash behind all random numbers.

/// The multipliers of the two halves of the counter.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// What the key's words grow by each round: the golden ratio and √3 − 1, in units of 2⁻³².
const INCREMENTS: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
/// Enough for the statistical tests of the authors with a margin.
const ROUNDS: u32 = 10;

/// Philox4x32-10 of Salmon et al. 2011: for every key a permutation of the counters, whose values pass for random.
#[inline]
pub fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    blocks(counter.map(|word| [word]), key).map(|[word]| word)
}

/// The same of several counters, word by word.
#[inline]
pub(super) fn blocks<const N: usize>(counters: [[u32; N]; 4], key: [u32; 2]) -> [[u32; N]; 4] {
    let [mut a, mut b, mut c, mut d] = counters;
    let mut key = key;
    for _ in 0..ROUNDS {
        for at in 0..N {
            let (a_high, a_low) = wide_product(MULTIPLIERS[0], a[at]);
            let (c_high, c_low) = wide_product(MULTIPLIERS[1], c[at]);
            a[at] = c_high ^ b[at] ^ key[0];
            b[at] = c_low;
            c[at] = a_high ^ d[at] ^ key[1];
            d[at] = a_low;
        }
        key = [key[0].wrapping_add(INCREMENTS[0]), key[1].wrapping_add(INCREMENTS[1])];
    }
    [a, b, c, d]
}

/// The high and the low word of a product.
#[inline]
fn wide_product(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    ((product >> 32) as u32, product as u32)
}
