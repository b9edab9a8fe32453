//! Gaussian samples with known principal directions: what a rule that finds them is checked against.

use super::dataset::{Dataset, Targets};
use super::draws::{Draws, Stream};
use super::error::DataError;
use super::table::{Cells, Table};

/// Zero-mean Gaussian samples without targets.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// The samples, `[samples, features]`, f64.
    pub data: Dataset,
    /// Orthonormal directions `[features][features]`; the standard deviation along the k-th is the k-th of the
    /// spectrum.
    pub directions: Vec<Vec<f64>>,
}

impl Gaussian {
    /// The direction along which the samples vary most: unit length, its sign arbitrary.
    pub fn first_direction(&self) -> &[f64] {
        &self.directions[0]
    }
}

/// Draws `samples` from the Gaussian with standard deviations `spectrum`, one per feature, falling, along random
/// orthonormal directions. A function of all arguments; the same on every machine.
///
/// # Errors
/// [`DataError::Generated`] without samples, or if the spectrum is empty, not falling, or not of positive finite
/// numbers.
pub fn generate(samples: usize, spectrum: &[f64], seed: u64) -> Result<Gaussian, DataError> {
    let positive = spectrum.iter().all(|&s| s > 0.0 && (s as f32).is_finite());
    if samples == 0 || spectrum.is_empty() || !positive || !spectrum.is_sorted_by(|a, b| a >= b) {
        let needs = "a sample and falling, positive, finite standard deviations";
        return Err(DataError::Generated { what: "gaussian samples", needs });
    }
    let features = spectrum.len();
    let directions = orthonormal(features, seed);
    let mut cells = Vec::with_capacity(samples * features);
    for sample in 0..samples {
        let mut draws = Draws::new(seed, Stream::Gaussian, sample as u64);
        let scores: Vec<f64> = spectrum.iter().map(|deviation| deviation * draws.normal()).collect();
        for feature in 0..features {
            cells.push(
                scores.iter().zip(&directions).map(|(score, direction)| score * direction[feature]).sum(),
            );
        }
    }
    let table = Table::new(features, Cells::F64(cells)).expect("every sample has all features");
    Ok(Gaussian { data: Dataset::new("gaussian samples", table, Targets::None)?, directions })
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
