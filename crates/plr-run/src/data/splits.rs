//! Training, validation and test set.

use super::batches::permutation;
use super::dataset::Dataset;
use super::draws::{Draws, Stream};
use super::error::DataError;

/// The seed of the choice of the validation samples; fixed, so that runs with different seeds are measured on the
/// same samples.
const HOLDOUT_SEED: u64 = 0;
/// One training sample in so many is held out when nobody says how many (R16.2).
const HELD_OUT: usize = 10;

/// A training set, a validation set to watch while training, and a test set that is out of reach until the end.
#[derive(Debug)]
pub struct Splits {
    /// What is learned from, in the order of the source.
    pub train: Dataset,
    /// What progress is measured on; `None` if no validation samples were asked for.
    pub validation: Option<Dataset>,
    test: Option<Dataset>,
    /// What else the source has, by name.
    pub unused: Vec<String>,
}

/// What a source has, as it is.
#[derive(Debug)]
pub struct Sets {
    /// To learn from.
    pub train: Dataset,
    /// To watch progress on, if the source says which.
    pub validation: Option<Dataset>,
    /// To test on.
    pub test: Option<Dataset>,
    /// What is none of these, by name.
    pub unused: Vec<String>,
}

impl From<(Dataset, Option<Dataset>)> for Sets {
    fn from((train, test): (Dataset, Option<Dataset>)) -> Self {
        Self { train, validation: None, test, unused: Vec::new() }
    }
}

impl Splits {
    /// Takes `validation` samples of `train` aside and locks `test` away.
    ///
    /// # Errors
    /// As those of [`Self::of`].
    pub fn new(train: Dataset, test: Option<Dataset>, validation: usize) -> Result<Self, DataError> {
        Self::of((train, test).into(), Some(validation))
    }

    /// Takes so many training samples aside to validate on or, where nobody says how many, the validation set that there is or one in ten;
    /// and locks the test set away.
    ///
    /// The validation samples are drawn at random, since files are often sorted by class; the choice depends on the
    /// two counts only, not on the seed of the run (R17.4).
    ///
    /// # Errors
    /// [`DataError::ValidationTooLarge`] if nothing is left to train on, [`DataError::SetDiffers`] if another set
    /// has other features or outputs than the training set.
    pub fn of(sets: Sets, validation: Option<usize>) -> Result<Self, DataError> {
        let Sets { mut train, validation: mut own, mut test, mut unused } = sets;
        if validation.is_some() && own.take().is_some() {
            unused.push("the validation set".to_owned());
        }
        let all = [Some(&train), own.as_ref(), test.as_ref()];
        let counted = all.into_iter().flatten().map(Dataset::counted_classes);
        if let Some(classes) = counted.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max()) {
            let sets = [Some(&mut train), own.as_mut(), test.as_mut()];
            sets.into_iter().flatten().for_each(|set| set.fit_to(classes));
        }
        let samples = train.samples();
        let held_out = validation.unwrap_or(if own.is_some() { 0 } else { samples / HELD_OUT });
        if held_out >= samples {
            return Err(DataError::ValidationTooLarge { validation: held_out, samples });
        }
        let dims = |set: &Dataset| (set.features(), set.outputs());
        for (name, set) in [("validation", &own), ("test", &test)] {
            if let Some(other) = set.as_ref().map(dims).filter(|other| *other != dims(&train)) {
                return Err(DataError::SetDiffers { set: name, train: dims(&train), other });
            }
        }
        let validation = held_out;
        if validation == 0 {
            return Ok(Self { train, validation: own, test, unused });
        }
        let mut order = permutation(samples, Draws::new(HOLDOUT_SEED, Stream::Holdout, 0));
        let mut kept = order.split_off(validation);
        order.sort_unstable();
        kept.sort_unstable();
        Ok(Self { validation: Some(train.select(&order)), train: train.select(&kept), test, unused })
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
