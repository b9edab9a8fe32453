//! What one presentation of a check is given.

use plr_ir::model::Model;
use plr_ir::{Precision, Tensor};

use crate::backend::Arrays;
use crate::session::{EPOCH, first_values};

/// What one presentation is given beside the parameters.
#[derive(Clone, Debug)]
pub struct Minibatch {
    /// `[batch, features]`, or with steps.
    pub data: Tensor,
    /// `[batch, outputs]`, or with steps; zero if there are no targets.
    pub target: Tensor,
    /// What earlier presentations have left of the kept states, by name; those that are not there have first values.
    pub left: Arrays,
    /// The number of the epoch, from 1 (R8.10).
    pub epoch: u64,
}

impl Minibatch {
    /// One that no others came before.
    pub fn new(data: Tensor, target: Tensor) -> Self {
        Self { data, target, left: Arrays::new(), epoch: 1 }
    }

    /// By name, as the programs of a rule take it, in a precision.
    pub(super) fn arrays(&self, model: &dyn Model, precision: Precision) -> Arrays {
        let mut arrays = first_values(model, self.data.dims[0], precision);
        let left = self.left.iter().map(|(name, tensor)| (name.clone(), tensor.cast(precision)));
        arrays.extend(left);
        arrays.insert(EPOCH.to_owned(), Tensor::from_f64([], &[self.epoch as f64], precision));
        arrays.insert("data".to_owned(), self.data.cast(precision));
        arrays.insert("target".to_owned(), self.target.cast(precision));
        arrays
    }
}
