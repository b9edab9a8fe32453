//! Training, validation and test set.

use super::batches::permutation;
use super::dataset::Dataset;
use super::draws::{Draws, Stream};
use super::error::DataError;

/// The seed of the choice of the validation samples; fixed, so that runs with different seeds are measured on the
/// same samples.
const HOLDOUT_SEED: u64 = 0;

/// A training set, a validation set to watch while training, and a test set that is out of reach until the end.
#[derive(Debug)]
pub struct Splits {
    /// What is learned from, in the order of the source.
    pub train: Dataset,
    /// What progress is measured on; `None` if no validation samples were asked for.
    pub validation: Option<Dataset>,
    test: Option<Dataset>,
}

impl Splits {
    /// Takes `validation` samples of `train` aside and locks `test` away.
    ///
    /// The validation samples are drawn at random, since files are often sorted by class; the choice depends on the
    /// two counts only, not on the seed of the run (R17.4).
    ///
    /// # Errors
    /// [`DataError::ValidationTooLarge`] if nothing is left to train on, [`DataError::TestDiffers`] if the test set
    /// has other features or outputs than the training set.
    pub fn new(mut train: Dataset, mut test: Option<Dataset>, validation: usize) -> Result<Self, DataError> {
        let samples = train.samples();
        if let Some(test) = &mut test
            && let (Some(seen), Some(unseen)) = (train.counted_classes(), test.counted_classes())
        {
            let classes = seen.max(unseen);
            train.fit_to(classes);
            test.fit_to(classes);
        }
        if validation >= samples {
            return Err(DataError::ValidationTooLarge { validation, samples });
        }
        if let Some(test) = &test {
            let (train, test) = ((train.features(), train.outputs()), (test.features(), test.outputs()));
            if train != test {
                return Err(DataError::TestDiffers { train, test });
            }
        }
        if validation == 0 {
            return Ok(Self { train, validation: None, test });
        }
        let mut order = permutation(samples, Draws::new(HOLDOUT_SEED, Stream::Holdout, 0));
        let mut kept = order.split_off(validation);
        order.sort_unstable();
        kept.sort_unstable();
        Ok(Self { validation: Some(train.select(&order)), train: train.select(&kept), test })
    }

    /// With targets for a network of so many outputs, if they could be (R17.3).
    #[must_use]
    pub fn fit_to(mut self, outputs: usize) -> Self {
        let sets = [Some(&mut self.train), self.validation.as_mut(), self.test.as_mut()];
        sets.into_iter().flatten().for_each(|set| set.fit_to(outputs));
        self
    }

    /// What is measured on before the end: the validation set or, without one, what is learned from.
    pub fn measured(&self) -> &Dataset {
        self.validation.as_ref().unwrap_or(&self.train)
    }

    /// So many training samples, the same ones whatever the seed of the run; all if nobody says how many, or there are no more.
    #[must_use]
    pub fn some_of_training(&self, count: Option<u64>) -> Dataset {
        let all = self.train.samples();
        let Some(count) = count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count < all)
        else {
            return self.train.clone();
        };
        let mut order = permutation(self.train.samples(), Draws::new(HOLDOUT_SEED, Stream::Watched, 0));
        order.truncate(count);
        order.sort_unstable();
        self.train.select(&order)
    }

    /// The number of test samples, 0 without a test set.
    pub fn test_samples(&self) -> usize {
        self.test.as_ref().map_or(0, Dataset::samples)
    }

    /// The test set, in exchange for everything there is to train on: it can be touched only once and only at the
    /// end.
    pub fn into_test(self) -> Option<Dataset> {
        self.test
    }
}
