//! Samples that are drawn by a law (R14.12): for checks minibatch by minibatch, a function of the seed and of how many
//! came before; for experiments all at once (R17.5).

use plr_ir::model::{DataLaw, Shape};
use plr_ir::{Precision, Tensor};

use super::dataset::{Dataset, Targets};
use super::error::DataError;
use super::gaussian::Gaussian;
use super::table::{Cells, Table};
use crate::draws::Draws;
use crate::room;

/// Where targets lie that are drawn independently of the inputs.
const TARGETS: (f64, f64) = (0.2, 0.8);

/// How often all numbers are in memory while they are drawn: as drawn, as a table, and divided into training and test
/// samples.
const COPIES: u64 = 3;

/// Makes minibatches of drawn samples.
pub(crate) struct Samples {
    law: Law,
    /// Samples of a minibatch.
    batch: usize,
    /// Of which so many steps are drawn each.
    steps: usize,
    shape: Shape,
    seed: u64,
    precision: Precision,
}

enum Law {
    Random,
    Classes,
    Corners,
    /// The patterns, `[patterns, features]`.
    Patterns(Vec<f64>),
    Gaussian(Gaussian),
    /// The matrix of the teacher, `[outputs, features]`.
    Teacher(Vec<f64>),
}

impl Samples {
    /// Minibatches for a network of the given features and outputs, rounded to `precision`.
    ///
    /// # Errors
    /// [`DataError::NoRoom`], [`DataError::SpectrumDiffers`], and as [`Gaussian::new`].
    pub(crate) fn new(
        law: &DataLaw,
        shape: Shape,
        batch: usize,
        seed: u64,
        precision: Precision,
    ) -> Result<Self, DataError> {
        let Shape { features, outputs, sequence } = shape;
        let steps = sequence.map_or(1, |sequence| sequence.steps as usize);
        check_room(law, [features, outputs], batch.saturating_mul(steps))?;
        let law = match law {
            DataLaw::Random => Law::Random,
            DataLaw::Classes => Law::Classes,
            DataLaw::Corners => Law::Corners,
            DataLaw::Patterns(count) => {
                Law::Patterns(Draws::new(seed, "check: patterns", 0).normals(count * features))
            }
            DataLaw::Gaussian(spectrum) => {
                if spectrum.len() != features {
                    return Err(DataError::SpectrumDiffers { spectrum: spectrum.len(), features });
                }
                Law::Gaussian(Gaussian::new(spectrum, seed)?)
            }
            DataLaw::Teacher => {
                let deviation = 1.0 / (features as f64).sqrt();
                let mut draws = Draws::new(seed, "check: teacher", 0);
                Law::Teacher((0..outputs * features).map(|_| deviation * draws.normal()).collect())
            }
        };
        Ok(Self { law, batch, steps, shape, seed, precision })
    }

    /// The data and targets of the minibatch presented after `before` others, with steps if samples have some; targets are zero if
    /// the law has none.
    pub(crate) fn minibatch(&self, before: u32) -> (Tensor, Tensor) {
        let inputs = self.inputs(before);
        let targets = match &self.law {
            Law::Random | Law::Corners => self.uniform_targets(before),
            Law::Classes => self.classes(before, self.shape.outputs),
            Law::Patterns(patterns) => self.classes(before, patterns.len() / self.shape.features),
            Law::Gaussian(_) => vec![0.0; self.rows() * self.shape.outputs],
            Law::Teacher(matrix) => taught(matrix, &inputs, self.shape.features),
        };
        (
            Tensor::from_f64(self.shape.data(self.batch), &inputs, self.precision),
            Tensor::from_f64(self.shape.target(self.batch), &targets, self.precision),
        )
    }

    /// The direction in which the inputs vary most, if the law has one.
    pub(crate) fn principal_direction(&self) -> Option<&[f64]> {
        match &self.law {
            Law::Gaussian(gaussian) => Some(gaussian.first_direction()),
            Law::Random | Law::Classes | Law::Corners | Law::Patterns(_) | Law::Teacher(_) => None,
        }
    }

    /// How many inputs are drawn for a minibatch.
    fn rows(&self) -> usize {
        self.batch * self.steps
    }

    fn inputs(&self, before: u32) -> Vec<f64> {
        match &self.law {
            Law::Patterns(patterns) => {
                let features = self.shape.features;
                let chosen = self.choices(before, patterns.len() / features);
                chosen.into_iter().flat_map(|k| &patterns[k * features..][..features]).copied().collect()
            }
            Law::Corners => {
                let first = u64::from(before) * self.rows() as u64;
                let row = |i: u64| (0..self.shape.features as u32).map(move |j| digit(first + i, j));
                (0..self.rows() as u64).flat_map(row).collect()
            }
            Law::Random | Law::Classes | Law::Teacher(_) => {
                Draws::new(self.seed, "check: data", before).normals(self.rows() * self.shape.features)
            }
            Law::Gaussian(gaussian) => {
                let first = before as usize * self.rows();
                gaussian.samples(first..first + self.rows())
            }
        }
    }

    /// One of so many things for each input of a minibatch.
    fn choices(&self, before: u32, count: usize) -> Vec<usize> {
        let mut draws = Draws::new(self.seed, "check: choice", before);
        (0..self.rows()).map(|_| draws.below(count)).collect()
    }

    /// 1 at the output of what was chosen, counted round and round the outputs, and 0 at the others.
    fn classes(&self, before: u32, count: usize) -> Vec<f64> {
        let outputs = self.shape.outputs;
        let of = |class: usize| (0..outputs).map(move |i| f64::from(u8::from(i == class % outputs)));
        self.choices(before, count).into_iter().flat_map(of).collect()
    }

    fn uniform_targets(&self, before: u32) -> Vec<f64> {
        let mut draws = Draws::new(self.seed, "check: target", before);
        let (low, high) = TARGETS;
        (0..self.rows() * self.shape.outputs).map(|_| low + (high - low) * draws.uniform()).collect()
    }
}

/// Whether there is memory for the numbers of so many samples, and for those that their law is made of.
fn check_room(law: &DataLaw, [features, outputs]: [usize; 2], samples: usize) -> Result<(), DataError> {
    let of_law = match law {
        DataLaw::Patterns(count) => count.saturating_mul(features),
        DataLaw::Teacher => outputs.saturating_mul(features),
        DataLaw::Gaussian(_) | DataLaw::Random | DataLaw::Classes | DataLaw::Corners => 0,
    };
    let numbers = samples.saturating_mul(features + outputs).saturating_add(of_law) as u64;
    room::check(numbers.saturating_mul(size_of::<f64>() as u64))
        .map_err(|room| DataError::NoRoom { what: "samples", room })
}

/// Training and test samples for a network of the given features and outputs, all of the same law (R17.5).
///
/// # Errors
/// [`DataError::SpectrumDiffers`], and as [`Gaussian::new`] and [`Dataset::new`].
pub(super) fn generate(
    law: &DataLaw,
    shape: Shape,
    [train, test]: [usize; 2],
    seed: u64,
) -> Result<(Dataset, Option<Dataset>), DataError> {
    let shape = Shape { sequence: None, ..shape };
    let numbers = ((train + test) as u64).saturating_mul((shape.features + shape.outputs) as u64);
    room::check(numbers.saturating_mul(COPIES * size_of::<f64>() as u64))
        .map_err(|room| DataError::NoRoom { what: "samples", room })?;
    let samples = Samples::new(law, shape, train + test, seed, Precision::F64)?;
    let inputs = samples.inputs(0);
    let targets = match &samples.law {
        Law::Gaussian(_) => Targets::None,
        Law::Classes => labels(samples.choices(0, shape.outputs), shape.outputs),
        Law::Patterns(patterns) => labels(samples.choices(0, patterns.len() / shape.features), shape.outputs),
        Law::Random | Law::Corners => Targets::Values(table(shape.outputs, samples.uniform_targets(0))),
        Law::Teacher(matrix) => {
            Targets::Values(table(shape.outputs, taught(matrix, &inputs, shape.features)))
        }
    };
    let all = Dataset::new("drawn samples", table(shape.features, inputs), targets)?;
    let part = |from: usize, to: usize| all.select(&(from..to).collect::<Vec<_>>());
    Ok((part(0, train), (test > 0).then(|| part(train, train + test))))
}

/// A digit of a number in binary, from the lowest; 0 beyond the highest.
fn digit(number: u64, place: u32) -> f64 {
    f64::from(number.checked_shr(place).is_some_and(|rest| rest % 2 == 1))
}

fn table(columns: usize, cells: Vec<f64>) -> Table {
    Table::new(columns, Cells::F64(cells)).expect("every sample has all columns")
}

/// Classes, counted round and round the outputs.
fn labels(choices: Vec<usize>, outputs: usize) -> Targets {
    Targets::Labels { labels: choices.into_iter().map(|k| (k % outputs) as u32).collect(), classes: outputs }
}

/// What a teacher says of each input.
fn taught(matrix: &[f64], inputs: &[f64], features: usize) -> Vec<f64> {
    inputs.chunks(features).flat_map(|x| multiply(matrix, x)).collect()
}

/// A row-major matrix times a vector.
fn multiply(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks(vector.len()).map(|row| row.iter().zip(vector).map(|(m, x)| m * x).sum()).collect()
}
