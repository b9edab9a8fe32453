//! The angle between what a rule adds to its parameters and the negative gradient, as a run says it.

use plr_ir::Tensor;
use plr_ir::model::{Model, Parameter, Reference, Sampling};

use super::error::CheckError;
use super::measure::Evidence;
use super::minibatch::Minibatch;
use super::sampled::Presentation;
use crate::backend::{Arrays, Backend, Context};
use crate::metrics;

/// How large a part of a fixed point may be missing: an angle then errs by some millionths of a degree, in half the time.
const ENOUGH: f64 = 1e-8;

/// The angle of one learned parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Angle {
    /// The parameter, `W/input->h1`.
    pub parameter: String,
    /// Its group, `W`.
    pub group: String,
    /// Between increment and negative gradient, in degrees; NaN if nothing is added.
    pub degrees: f64,
}

/// The angle of every learned parameter that the gradient says something about, in the model's order, on one minibatch in the
/// precision of the parameters, which stand in the model's order. Increments and gradient have the same draws.
///
/// # Errors
/// If the reference does not exist for these parameters, and compiler bugs.
pub fn angles(
    model: &dyn Model,
    reference: Reference,
    backend: Backend,
    parameters: &[Tensor],
    minibatch: &Minibatch,
    context: Context,
) -> Result<Vec<Angle>, CheckError> {
    let sampling = Sampling::Once;
    let enough = ENOUGH;
    let presentation = Presentation { model, backend, parameters, minibatch, context, sampling, enough };
    let evidence = Evidence {
        parameters: Vec::new(),
        increments: presentation.increments()?,
        gradients: presentation.gradients(reference)?,
        observed: Arrays::new(),
        direction: None,
    };
    let angle = |(parameter, increment, descent): (&Parameter, Vec<f64>, Vec<f64>)| Angle {
        parameter: parameter.name.clone(),
        group: parameter.group.clone(),
        degrees: metrics::angle(&increment, &descent),
    };
    Ok(evidence.pairs(model)?.into_iter().map(angle).collect())
}
