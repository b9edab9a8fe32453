//! The arrays that minibatches are gathered into.

use std::sync::{Mutex, PoisonError};

use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor};

use crate::data::Dataset;

/// About so many numbers are gathered at a time: who does that beside something else soon looks up again.
const NUMBERS_PER_PART: usize = 1 << 11;

/// The arrays of one presentation.
#[derive(Clone, Debug)]
pub(super) struct Minibatch {
    /// The inputs.
    pub(super) data: Tensor,
    /// The targets, if the rule reads them; otherwise they stay zero.
    pub(super) target: Tensor,
    /// The data set's targets where the rule does not read them.
    spare: Tensor,
}

/// What a run presents.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    /// One for each presentation, or one for all.
    pub(super) minibatches: Vec<Minibatch>,
    /// Whose the rows are.
    samples: Vec<usize>,
}

/// Some rows of a minibatch that are to be gathered.
#[derive(Debug)]
pub(super) struct Part<'a> {
    samples: &'a [usize],
    rows: Mutex<Rows<'a>>,
}

/// Rows of inputs and of targets.
#[derive(Debug)]
enum Rows<'a> {
    F32([&'a mut [f32]; 2]),
    F64([&'a mut [f64]; 2]),
}

impl Gathered {
    /// Nothing yet.
    pub(super) fn new(minibatches: Vec<Minibatch>) -> Self {
        Self { minibatches, samples: Vec::new() }
    }

    /// Whether these samples are here.
    pub(super) fn holds(&self, samples: &[usize]) -> bool {
        !samples.is_empty() && self.samples == samples
    }

    /// Nobody's rows are to be used any more.
    pub(super) fn forget(&mut self) {
        self.samples.clear();
    }

    /// What is to be done for the named samples to be here, so many in each minibatch.
    pub(super) fn parts<'a>(
        &'a mut self,
        data: &Dataset,
        (samples, batch): (&'a [usize], usize),
        reads_target: bool,
    ) -> Vec<Part<'a>> {
        self.forget();
        self.samples.extend(samples);
        let minibatches = self.minibatches.iter_mut().zip(samples.chunks(batch));
        minibatches.flat_map(|(minibatch, samples)| minibatch.parts(data, samples, reads_target)).collect()
    }
}

impl Minibatch {
    /// Of as many samples as these dimensions of inputs and targets say.
    pub(super) fn new([data, target]: [Vec<usize>; 2], precision: Precision) -> Self {
        Self {
            data: Tensor::zeros(data, precision),
            target: Tensor::zeros(target, precision),
            spare: Tensor::zeros([0], precision),
        }
    }

    /// The targets gathered last, one row for each sample.
    pub(super) fn targets(&self, reads_target: bool) -> &Tensor {
        if reads_target { &self.target } else { &self.spare }
    }

    /// What is to be done for the named samples to be here.
    fn parts<'a>(&'a mut self, data: &Dataset, samples: &'a [usize], reads_target: bool) -> Vec<Part<'a>> {
        let target = if reads_target { &mut self.target } else { &mut self.spare };
        if target.count() != samples.len() * data.outputs() {
            *target = Tensor::zeros([samples.len(), data.outputs()], target.precision());
        }
        let samples = samples.chunks((NUMBERS_PER_PART / data.features().max(1)).max(1));
        let widths = [data.features(), data.outputs()];
        match (&mut self.data.data, &mut target.data) {
            (Data::F32(inputs), Data::F32(targets)) => cut([inputs, targets], widths, samples, Rows::F32),
            (Data::F64(inputs), Data::F64(targets)) => cut([inputs, targets], widths, samples, Rows::F64),
            (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => {
                unreachable!("both buffers were made in one precision")
            }
        }
    }
}

/// Inputs and targets of so many numbers a sample, cut into parts of these samples.
fn cut<'a, T>(
    mut left: [&'a mut [T]; 2],
    widths: [usize; 2],
    samples: impl Iterator<Item = &'a [usize]>,
    rows: impl Fn([&'a mut [T]; 2]) -> Rows<'a>,
) -> Vec<Part<'a>> {
    let part = |samples: &'a [usize]| {
        let taken = std::array::from_fn(|at| {
            let (taken, rest) = std::mem::take(&mut left[at]).split_at_mut(samples.len() * widths[at]);
            left[at] = rest;
            taken
        });
        Part { samples, rows: Mutex::new(rows(taken)) }
    };
    samples.map(part).collect()
}

impl Part<'_> {
    /// Copies the samples here.
    pub(super) fn gather(&self, data: &Dataset) {
        match &mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner) {
            Rows::F32([inputs, targets]) => data.gather(self.samples, inputs, targets),
            Rows::F64([inputs, targets]) => data.gather(self.samples, inputs, targets),
        }
    }
}
