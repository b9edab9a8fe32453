//! Which samples make up which minibatch.

use super::draws::{Draws, Stream};
use super::error::DataError;

/// The division of a training set into shuffled minibatches, anew in every epoch.
///
/// The order of an epoch is a function of the seed, the epoch and the number of samples alone, so that a run can
/// be resumed at any epoch and two rules can be compared on the same sequence of samples (R11.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    samples: usize,
    batch: usize,
    seed: u64,
}

impl Batches {
    /// Minibatches of `batch` samples out of `samples`.
    ///
    /// # Errors
    /// [`DataError::Batch`] if `batch` is 0 or larger than `samples`.
    pub fn new(samples: usize, batch: usize, seed: u64) -> Result<Self, DataError> {
        if batch == 0 || batch > samples {
            return Err(DataError::Batch { batch, samples });
        }
        Ok(Self { samples, batch, seed })
    }

    /// Minibatches per epoch; the last one is smaller where `batch` does not divide the number of samples.
    pub fn per_epoch(&self) -> usize {
        self.samples.div_ceil(self.batch)
    }

    /// The minibatches of one epoch, counted from 0: every sample exactly once (R16.4).
    pub fn epoch(&self, epoch: u64) -> Epoch {
        Epoch {
            order: permutation(self.samples, Draws::new(self.seed, Stream::Shuffle, epoch)),
            batch: self.batch,
        }
    }
}

/// The minibatches of one pass over the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    order: Vec<usize>,
    batch: usize,
}

impl Epoch {
    /// The samples in their own order, for evaluation; minibatches of `batch` (at least 1) samples.
    pub fn in_order(samples: usize, batch: usize) -> Self {
        Self { order: (0..samples).collect(), batch: batch.max(1) }
    }

    /// The indices of the samples of each minibatch; the last may be smaller.
    pub fn batches(&self) -> std::slice::Chunks<'_, usize> {
        self.order.chunks(self.batch)
    }

    /// The indices of all samples in the order of this pass.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

/// A uniformly drawn permutation of `0..count` (Fisher and Yates, Durstenfeld's form).
pub(super) fn permutation(count: usize, mut draws: Draws) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, draws.below(last + 1));
    }
    order
}
