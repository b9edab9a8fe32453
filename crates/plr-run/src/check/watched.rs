//! What a rule does on one minibatch while it is trained, in the words of claims.

use plr_ir::Tensor;
use plr_ir::model::{Measure, Model, Sampling};
use plr_ir::scalar::{self, Host};

use super::error::CheckError;
use super::measure::{Evidence, PerSite, per_site};
use super::minibatch::Minibatch;
use super::sampled::Presentation;
use super::{combined, observation};
use crate::backend::{Arrays, Backend, Context};

/// What a measure is at every site of a rule with these parameters, which stand in the model's order, on a minibatch in their
/// precision.
///
/// # Errors
/// If it is one of gradients, which take a check, or nothing is there to be observed; and compiler bugs.
pub fn watched(
    model: &dyn Model,
    measure: &Measure,
    backend: Backend,
    parameters: &[Tensor],
    minibatch: &Minibatch,
    context: Context,
) -> Result<PerSite, CheckError> {
    let within = |part: &Measure| watched(model, part, backend, parameters, minibatch, context);
    match measure {
        Measure::Number(number) => Ok(vec![(String::new(), *number)]),
        Measure::Unary(op, a) => {
            let all = within(a)?.into_iter();
            Ok(all.map(|(site, a)| (site, scalar::unary(&mut Host::<f64>::default(), *op, a))).collect())
        }
        Measure::Binary(op, a, b) => {
            combined(within(a)?, within(b)?, |a, b| scalar::binary(&mut Host::<f64>::default(), *op, a, b))
        }
        Measure::Between(..) | Measure::Largest(_) | Measure::Mean(_) | Measure::RowNorm(_) => {
            let (sampling, enough) = (Sampling::Once, 0.0);
            let presentation =
                Presentation { model, backend, parameters, minibatch, context, sampling, enough };
            let observed = match observation(measure) {
                Some(number) => presentation.observed(number, None)?,
                None => Arrays::new(),
            };
            let (increments, gradients, direction) = (Arrays::new(), Vec::new(), None);
            let parameters = parameters.to_vec();
            per_site(
                measure,
                None,
                model,
                &Evidence { parameters, increments, gradients, observed, direction },
            )
        }
        Measure::Gradient(..) | Measure::Order { .. } | Measure::PrincipalAlignment(_) => {
            Err(CheckError::NotWatched)
        }
    }
}
