//! The numbered sentences at the head of `random`.
#![allow(clippy::disallowed_methods, reason = "the platform's library is the independent source of the laws")]

use plr_ir::program::Law;
use plr_ir::random::{Address, draw, fill, fill_even, lanes, philox4x32_10};
use plr_ir::scalar::{Precision, Real};

const ADDRESS: Address = Address { seed: 0x0123_4567_89ab_cdef, update: 7, step: 3, stream: 11 };
const COUNT: usize = 100_000;

fn sample<T: Real>(law: Law, address: Address, count: usize) -> Vec<f64> {
    let mut out = vec![T::default(); count];
    fill(law, address, 0, &mut out);
    out.into_iter().map(T::to_f64).collect()
}

/// The known answers of the authors' library Random123 (file `kat_vectors`).
#[test]
fn sentence_2_philox_gives_the_known_answers() {
    let ones = u32::MAX;
    let cases = [
        ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([ones; 4], [ones; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];
    for (counter, key, expected) in cases {
        assert_eq!(philox4x32_10(counter, key), expected);
    }
}

#[test]
fn sentences_2_to_4_uniform_numbers_are_made_of_the_addressed_words() {
    let key = [0x89ab_cdef, 0x0123_4567];
    for element in 0..40u64 {
        let words = philox4x32_10([(element / 4) as u32, 11, 3, 7], key);
        let expected = (f64::from(words[(element % 4) as usize] >> 9) + 0.5) * 2f64.powi(-23);
        assert_eq!(f64::from(draw::<f32>(Law::Uniform, ADDRESS, element)), expected);

        let words = philox4x32_10([(element / 2) as u32, 11, 3, 7], key);
        let pair = &words[(element % 2) as usize * 2..][..2];
        let bits = (u64::from(pair[0]) << 32 | u64::from(pair[1])) >> 12;
        assert_eq!(draw::<f64>(Law::Uniform, ADDRESS, element), (bits as f64 + 0.5) * 2f64.powi(-52));
    }
}

#[test]
fn sentence_5_normal_numbers_are_box_muller_pairs() {
    fn check<T: Real>(tolerance: f64) {
        for pair in 0..500u64 {
            let at = |law, lane| draw::<T>(law, ADDRESS, 2 * pair + lane).to_f64();
            let radius = (-2.0 * at(Law::Uniform, 0).ln()).sqrt();
            let angle = std::f64::consts::TAU * at(Law::Uniform, 1);
            assert!((at(Law::Normal, 0) - radius * angle.cos()).abs() < tolerance);
            assert!((at(Law::Normal, 1) - radius * angle.sin()).abs() < tolerance);
        }
    }
    check::<f32>(1e-5);
    check::<f64>(1e-14);
}

#[test]
fn filling_in_pieces_equals_drawing_one_by_one() {
    fn check<T: Real>() {
        for law in [Law::Uniform, Law::Normal] {
            let one_by_one: Vec<T> = (0..50).map(|element| draw(law, ADDRESS, element)).collect();
            for first in 0..9 {
                for length in 0..14 {
                    let mut piece = vec![T::default(); length];
                    fill(law, ADDRESS, first as u64, &mut piece);
                    assert_eq!(piece, one_by_one[first..first + length]);
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
    assert_eq!(Precision::ALL.map(lanes), [4, 2]);
}

/// Many blocks are made together; beyond the last index the counter begins again.
#[test]
fn many_draws_at_a_time_are_the_same() {
    fn check<T: Real>() {
        for law in [Law::Uniform, Law::Normal] {
            for first in [0, 3, (lanes(T::PRECISION) as u64) * (u64::from(u32::MAX) - 40)] {
                let one_by_one: Vec<T> = (first..first + 1000).map(|at| draw(law, ADDRESS, at)).collect();
                for length in [255, 256, 257, 700, 1000] {
                    let mut piece = vec![T::default(); length];
                    fill(law, ADDRESS, first, &mut piece);
                    assert_eq!(piece, one_by_one[..length]);
                }
            }
        }
    }
    check::<f32>();
    check::<f64>();
    for (first, length) in [(0, 300), (5, 64), (17, 63), (2, 0)] {
        let mut evens = vec![0.0; length];
        fill_even(ADDRESS, first, &mut evens);
        let expected: Vec<f64> =
            (first..).take(length).map(|block| draw(Law::Normal, ADDRESS, 2 * block)).collect();
        assert_eq!(evens, expected);
    }
}

#[test]
fn every_part_of_the_address_matters() {
    let reference = sample::<f64>(Law::Uniform, ADDRESS, 1000);
    let others = [
        Address { seed: ADDRESS.seed ^ 1, ..ADDRESS },
        Address { seed: ADDRESS.seed ^ 1 << 32, ..ADDRESS },
        Address { update: ADDRESS.update + 1, ..ADDRESS },
        Address { step: ADDRESS.step + 1, ..ADDRESS },
        Address { stream: ADDRESS.stream + 1, ..ADDRESS },
    ];
    for other in others {
        let sample = sample::<f64>(Law::Uniform, other, 1000);
        assert!(reference.iter().zip(&sample).all(|(a, b)| a != b));
        // Independent uniform numbers: the mean product of deviations is 0 with deviation 1/(12·√1000).
        let covariance =
            reference.iter().zip(&sample).map(|(a, b)| (a - 0.5) * (b - 0.5)).sum::<f64>() / 1000.0;
        assert!(covariance.abs() < 4.0 / (12.0 * 1000f64.sqrt()), "{other:?}: {covariance}");
    }
}

/// The largest distance between the empirical and the true distribution function, times the root of the count.
fn kolmogorov_smirnov(mut sample: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let count = sample.len() as f64;
    let distance = |(i, &x): (usize, &f64)| {
        let expected = distribution(x);
        f64::max((expected - i as f64 / count).abs(), (expected - (i + 1) as f64 / count).abs())
    };
    sample.iter().enumerate().map(distance).fold(0.0, f64::max) * count.sqrt()
}

/// The distribution function of the normal law by Simpson's rule on its density.
fn normal_distribution(x: f64) -> f64 {
    let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let steps = 64;
    let h = x / f64::from(steps);
    let weight = |i: i32| if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    0.5 + h / 3.0 * (0..=steps).map(|i| weight(i) * density(h * f64::from(i))).sum::<f64>()
}

/// 1.95 is exceeded by chance once in a thousand.
#[test]
fn draws_follow_their_laws() {
    for uniform in [sample::<f32>(Law::Uniform, ADDRESS, COUNT), sample::<f64>(Law::Uniform, ADDRESS, COUNT)]
    {
        assert!(uniform.iter().all(|&u| 0.0 < u && u < 1.0));
        assert!(kolmogorov_smirnov(uniform, |x| x) < 1.95);
    }
    for normal in [sample::<f32>(Law::Normal, ADDRESS, COUNT), sample::<f64>(Law::Normal, ADDRESS, COUNT)] {
        assert!(kolmogorov_smirnov(normal, normal_distribution) < 1.95);
    }
}

/// Moments of the normal law are 0, 1, 0, 3; those of a sample deviate by `sqrt(variance of xᵏ / count)`.
#[test]
fn normal_draws_have_the_moments_of_their_law() {
    for normal in [sample::<f32>(Law::Normal, ADDRESS, COUNT), sample::<f64>(Law::Normal, ADDRESS, COUNT)] {
        for (power, moment, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let mean = normal.iter().map(|x| x.powi(power)).sum::<f64>() / COUNT as f64;
            let deviation = f64::sqrt(variance / COUNT as f64);
            assert!((mean - moment).abs() < 4.0 * deviation, "moment {power} is {mean}");
        }
        let neighbours =
            normal.chunks_exact(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / (COUNT / 2) as f64;
        assert!(
            neighbours.abs() < 4.0 / f64::sqrt((COUNT / 2) as f64),
            "the two of a pair correlate: {neighbours}"
        );
    }
}

#[test]
fn sentence_6_a_comparison_makes_bernoulli_draws() {
    let uniform = sample::<f32>(Law::Uniform, ADDRESS, COUNT);
    for p in [0.0, 0.01, 0.3, 0.5, 0.9, 1.0] {
        let rate = uniform.iter().filter(|&&u| u < p).count() as f64 / COUNT as f64;
        assert!((rate - p).abs() <= 4.0 * f64::sqrt(p * (1.0 - p) / COUNT as f64), "{rate} instead of {p}");
    }
}

/// The extreme words give numbers inside the open interval, and finite normal ones.
#[test]
fn sentence_4_the_interval_is_open_and_symmetric() {
    let extremes = |bits: i32| [0.5 * 2f64.powi(-bits), 1.0 - 0.5 * 2f64.powi(-bits)];
    assert!(extremes(23).iter().all(|&u| f64::from(u as f32) == u && u > 0.0 && u < 1.0));
    assert!(extremes(52).iter().all(|&u| u > 0.0 && u < 1.0));
    assert!((-2.0 * extremes(23)[0].ln()).sqrt() < 5.8);
    assert!((-2.0 * extremes(52)[0].ln()).sqrt() < 8.6);
}
