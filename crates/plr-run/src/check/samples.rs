//! The minibatches of a check: a function of its seed and of how many came before (R14.12).

use plr_ir::model::{CheckData, Model, Shape};
use plr_ir::{Precision, Tensor};

use super::error::CheckError;
use crate::backend::Arrays;
use crate::data::gaussian::{self, Gaussian};
use crate::draws::Draws;
use crate::session::first_values;

/// Where targets lie that are drawn independently of the inputs.
const TARGETS: (f64, f64) = (0.2, 0.8);

/// Makes the minibatches of a check.
pub(super) struct Samples {
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
    /// The patterns, `[patterns, features]`.
    Patterns(Vec<f64>),
    Gaussian(Gaussian),
    /// The matrix of the teacher, `[outputs, features]`.
    Teacher(Vec<f64>),
}

/// What one presentation is given beside the parameters.
#[derive(Clone, Debug)]
pub struct Minibatch {
    /// `[batch, features]`, or with steps.
    pub data: Tensor,
    /// `[batch, outputs]`, or with steps; zero if the law has no targets.
    pub target: Tensor,
    /// What earlier presentations have left of the kept states, by name; those that are not there have first values.
    pub left: Arrays,
}

impl Minibatch {
    /// One that no others came before.
    pub fn new(data: Tensor, target: Tensor) -> Self {
        Self { data, target, left: Arrays::new() }
    }

    /// By name, as the programs of a rule take it, in a precision.
    pub(super) fn arrays(&self, model: &dyn Model, precision: Precision) -> Arrays {
        let mut arrays = first_values(model, self.data.dims[0], precision);
        let left = self.left.iter().map(|(name, tensor)| (name.clone(), tensor.cast(precision)));
        arrays.extend(left);
        arrays.insert("data".to_owned(), self.data.cast(precision));
        arrays.insert("target".to_owned(), self.target.cast(precision));
        arrays
    }
}

impl Samples {
    /// Minibatches 0 to `last` of a check on a network of the given features and outputs, rounded to `precision`.
    pub(super) fn new(
        law: &CheckData,
        shape: Shape,
        batch: usize,
        seed: u64,
        precision: Precision,
        last: u32,
    ) -> Result<Self, CheckError> {
        let Shape { features, outputs, sequence } = shape;
        let steps = sequence.map_or(1, |sequence| sequence.steps as usize);
        let law = match law {
            CheckData::Random => Law::Random,
            CheckData::Classes => Law::Classes,
            CheckData::Patterns(count) => {
                Law::Patterns(Draws::new(seed, "check: patterns", 0).normals(count * features))
            }
            CheckData::Gaussian(spectrum) => {
                if spectrum.len() != features {
                    return Err(CheckError::SpectrumDiffers { spectrum: spectrum.len(), features });
                }
                Law::Gaussian(gaussian::generate((last as usize + 1) * batch * steps, spectrum, seed)?)
            }
            CheckData::Teacher => {
                let deviation = 1.0 / (features as f64).sqrt();
                let mut draws = Draws::new(seed, "check: teacher", 0);
                Law::Teacher((0..outputs * features).map(|_| deviation * draws.normal()).collect())
            }
        };
        Ok(Self { law, batch, steps, shape, seed, precision })
    }

    /// The minibatch presented after `before` others.
    pub(super) fn minibatch(&self, before: u32) -> Minibatch {
        let inputs = self.inputs(before);
        let targets = match &self.law {
            Law::Random => self.uniform_targets(before),
            Law::Classes => self.classes(before, self.shape.outputs),
            Law::Patterns(patterns) => self.classes(before, patterns.len() / self.shape.features),
            Law::Gaussian(_) => vec![0.0; self.rows() * self.shape.outputs],
            Law::Teacher(matrix) => {
                inputs.chunks(self.shape.features).flat_map(|x| multiply(matrix, x)).collect()
            }
        };
        Minibatch::new(
            Tensor::from_f64(self.shape.data(self.batch), &inputs, self.precision),
            Tensor::from_f64(self.shape.target(self.batch), &targets, self.precision),
        )
    }

    /// The direction in which the inputs vary most, if the law has one.
    pub(super) fn principal_direction(&self) -> Option<&[f64]> {
        match &self.law {
            Law::Gaussian(gaussian) => Some(gaussian.first_direction()),
            Law::Random | Law::Classes | Law::Patterns(_) | Law::Teacher(_) => None,
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
            Law::Random | Law::Classes | Law::Teacher(_) => {
                Draws::new(self.seed, "check: data", before).normals(self.rows() * self.shape.features)
            }
            Law::Gaussian(gaussian) => {
                let first = before as usize * self.rows();
                let rows: Vec<usize> = (first..first + self.rows()).collect();
                let mut inputs = vec![0.0; self.rows() * self.shape.features];
                gaussian.data.inputs().gather(&rows, &mut inputs);
                inputs
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

/// A row-major matrix times a vector.
fn multiply(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks(vector.len()).map(|row| row.iter().zip(vector).map(|(m, x)| m * x).sum()).collect()
}
