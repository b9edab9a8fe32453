//! What one presentation of a check is given.

use plr_ir::model::{Count, Model};
use plr_ir::{Precision, Tensor};

use crate::backend::Arrays;
use crate::session::{Position, first_values};

/// What one presentation is given beside the parameters.
#[derive(Clone, Debug)]
pub struct Minibatch {
    /// `[batch, features]`, or with steps.
    pub data: Tensor,
    /// `[batch, outputs]`, or with steps; zero if there are no targets.
    pub target: Tensor,
    /// What earlier presentations have left of the kept states, by name; those that are not there have first values.
    pub left: Arrays,
    /// Where in training it is presented.
    pub position: Position,
}

impl Minibatch {
    /// One that no others came before.
    pub fn new(data: Tensor, target: Tensor) -> Self {
        Self { data, target, left: Arrays::new(), position: Position::default() }
    }

    /// By name, as the programs of a rule take it, in a precision.
    pub(super) fn arrays(&self, model: &dyn Model, precision: Precision) -> Arrays {
        let mut arrays = first_values(model, self.data.dims[0], precision);
        let left = self.left.iter().map(|(name, tensor)| (name.clone(), tensor.cast(precision)));
        arrays.extend(left);
        let count = |count| Tensor::from_f64([], &[self.position.count(count)], precision);
        arrays.extend(Count::ALL.map(|which| (which.name().to_owned(), count(which))));
        arrays.insert("data".to_owned(), self.data.cast(precision));
        arrays.insert("target".to_owned(), self.target.cast(precision));
        arrays
    }
}
