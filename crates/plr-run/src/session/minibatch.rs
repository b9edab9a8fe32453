//! The arrays that a minibatch is gathered into.

use plr_ir::scalar::Real;
use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor};

use crate::backend::Runner;
use crate::data::Dataset;

/// Minibatches of fewer bytes are gathered by one thread.
const LEAST_SHARED_BYTES: usize = 1 << 15;
/// Parts of a minibatch that threads share.
const PARTS: usize = 4;

/// The arrays of one presentation.
#[derive(Debug)]
pub(super) struct Minibatch {
    /// The inputs.
    pub(super) data: Tensor,
    /// The targets, if the rule reads them; otherwise they stay zero.
    pub(super) target: Tensor,
    /// The data set's targets where the rule does not read them.
    spare: Tensor,
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

    /// Copies the named samples here, on the threads that run the program.
    pub(super) fn gather(&mut self, data: &Dataset, samples: &[usize], reads_target: bool, runner: &Runner) {
        let target = if reads_target { &mut self.target } else { &mut self.spare };
        if target.count() != samples.len() * data.outputs() {
            *target = Tensor::zeros([samples.len(), data.outputs()], target.precision());
        }
        match (&mut self.data.data, &mut target.data) {
            (Data::F32(inputs), Data::F32(targets)) => gather(data, samples, inputs, targets, runner),
            (Data::F64(inputs), Data::F64(targets)) => gather(data, samples, inputs, targets, runner),
            (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => {
                unreachable!("both buffers were made in one precision")
            }
        }
    }
}

/// As [`Dataset::gather`]: large minibatches by those who will compute with them.
fn gather<T: Real + Send>(
    data: &Dataset,
    samples: &[usize],
    inputs: &mut [T],
    targets: &mut [T],
    runner: &Runner,
) {
    data.targets().gather(samples, targets);
    let features = data.features();
    let parts = if size_of_val(inputs) < LEAST_SHARED_BYTES { 1 } else { PARTS };
    let rows = samples.len().div_ceil(parts);
    runner.fill(inputs, (rows * features).max(1), &|number, part| {
        let samples = &samples[number * rows..];
        data.inputs().gather(&samples[..samples.len().min(rows)], part);
    });
}
