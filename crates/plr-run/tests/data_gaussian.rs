//! The Gaussian samples against their closed form: mean 0, covariance `Σ sₖ² dₖ dₖᵀ`.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]

use plr_run::data::DataError;
use plr_run::data::gaussian::Gaussian;

#[test]
fn covariance_and_directions_are_those_asked_for() {
    let spectrum = [3.0, 1.5, 1.0, 0.5];
    let samples = 20_000;
    let made = Gaussian::new(&spectrum, 5).unwrap();
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    for (i, a) in made.directions.iter().enumerate() {
        for (j, b) in made.directions.iter().enumerate() {
            assert!((dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-14);
        }
    }
    let cells = made.samples(0..samples);
    assert_eq!(made.samples(7..9), cells[28..36]);
    let rows = cells.chunks_exact(4);
    for (k, (direction, deviation)) in made.directions.iter().zip(spectrum).enumerate() {
        let scores: Vec<f64> = rows.clone().map(|row| dot(row, direction) / deviation).collect();
        let moment = |power: i32| -> f64 {
            scores.iter().map(|s| (0..power).fold(1.0, |p, _| p * s)).sum::<f64>() / samples as f64
        };
        // Standard errors of the moments of a normal sample: 1, √2, √15, √96 over √n; five of them.
        for (power, expected, error) in [(1, 0.0, 1.0), (2, 1.0, 1.42), (3, 0.0, 3.88), (4, 3.0, 9.8)] {
            let bound = 5.0 * error / (samples as f64).sqrt();
            assert!(
                (moment(power) - expected).abs() < bound,
                "direction {k}, moment {power}: {}",
                moment(power)
            );
        }
    }
    assert_eq!(made.first_direction(), made.directions[0]);
}

#[test]
fn a_spectrum_that_is_none_is_an_error() {
    for spectrum in [&[][..], &[1.0, 2.0], &[1.0, 0.0], &[f64::NAN], &[f64::INFINITY]] {
        assert!(matches!(Gaussian::new(spectrum, 0), Err(DataError::Generated { .. })), "{spectrum:?}");
    }
}
