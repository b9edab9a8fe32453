//! Gaussian samples with known principal directions: what a rule that finds them is checked against.

use std::ops::Range;

use super::draws::{Draws, Stream};
use super::error::DataError;

/// A zero-mean Gaussian with given standard deviations along random orthonormal directions, of which any sample can be drawn
/// without those before it.
#[derive(Clone, Debug)]
pub struct Gaussian {
    spectrum: Vec<f64>,
    seed: u64,
    /// Orthonormal directions `[features][features]`; the standard deviation along the k-th is the k-th of the
    /// spectrum.
    pub directions: Vec<Vec<f64>>,
}

impl Gaussian {
    /// The Gaussian with standard deviations `spectrum`, one per feature, falling. A function of all arguments; the same on
    /// every machine.
    ///
    /// # Errors
    /// [`DataError::Generated`] if the spectrum is empty, not falling, or not of positive finite numbers.
    pub fn new(spectrum: &[f64], seed: u64) -> Result<Self, DataError> {
        let positive = spectrum.iter().all(|&s| s > 0.0 && (s as f32).is_finite());
        if spectrum.is_empty() || !positive || !spectrum.is_sorted_by(|a, b| a >= b) {
            let needs = "falling, positive, finite standard deviations";
            return Err(DataError::Generated { what: "gaussian samples", needs });
        }
        let directions = orthonormal(spectrum.len(), seed);
        Ok(Self { spectrum: spectrum.to_vec(), seed, directions })
    }

    /// The samples of these numbers, `[samples, features]`.
    pub fn samples(&self, numbers: Range<usize>) -> Vec<f64> {
        numbers.flat_map(|number| self.sample(number)).collect()
    }

    fn sample(&self, number: usize) -> impl Iterator<Item = f64> {
        let mut draws = Draws::new(self.seed, Stream::Gaussian, number as u64);
        let scores: Vec<f64> = self.spectrum.iter().map(|deviation| deviation * draws.normal()).collect();
        (0..scores.len()).map(move |feature| {
            scores.iter().zip(&self.directions).map(|(score, direction)| score * direction[feature]).sum()
        })
    }

    /// The direction along which the samples vary most: unit length, its sign arbitrary.
    pub fn first_direction(&self) -> &[f64] {
        &self.directions[0]
    }
}

/// Uniformly distributed orthonormal vectors: normal draws, orthogonalised by modified Gram–Schmidt, twice
/// ("twice is enough", Giraud et al. 2005).
fn orthonormal(count: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    let mut item = 0;
    while basis.len() < count {
        let mut draws = Draws::new(seed, Stream::Directions, item);
        item += 1;
        let mut vector: Vec<f64> = (0..count).map(|_| draws.normal()).collect();
        for _ in 0..2 {
            for earlier in &basis {
                let overlap = dot(earlier, &vector);
                vector.iter_mut().zip(earlier).for_each(|(v, e)| *v -= overlap * e);
            }
        }
        let length = dot(&vector, &vector).sqrt();
        // A draw that lies almost in the span of the earlier ones would leave only rounding errors.
        if length > 1e-6 {
            vector.iter_mut().for_each(|v| *v /= length);
            basis.push(vector);
        }
    }
    basis
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
