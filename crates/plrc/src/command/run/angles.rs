//! The angle between what the trained rule would add to each synapse group and the negative gradient.

use plr_ir::Tensor;
use plr_ir::model::{Model as _, Reference};
use plr_ir::tensor::Data;
use plr_run::backend::Context;
use plr_run::check::{Angle, CheckError, angles};
use plr_run::data::Dataset;
use plr_run::session::Session;

use crate::failure::Failure;
use crate::optimised::Optimised;

/// Samples of the minibatch on which angles are taken.
const SAMPLES: usize = 64;

/// The angles, and to which gradient.
#[derive(Clone, Debug)]
pub struct Angles {
    /// Of every learned synapse group.
    pub angles: Vec<Angle>,
    /// Which gradient, in words.
    pub reference: String,
}

/// Takes the angles on the first samples of a data set; `None` if the rule has no cost.
pub fn measure(session: &Session<'_>, model: &Optimised, data: &Dataset) -> Result<Option<Angles>, Failure> {
    let setting = model.lowered().setting();
    let Some(predict) = &setting.rule.predict else { return Ok(None) };
    if data.outputs() != model.shape().1 {
        return Ok(None);
    }
    let phase = predict.after.0;
    let name = &model.phases()[phase];
    let relaxes = model.lowered().durations()[phase].steps > 1;
    if relaxes {
        match to(session, model, data, Reference::Equilibrium(phase)) {
            Ok(angles) => {
                return Ok(Some(Angles {
                    angles,
                    reference: format!("the gradient at the fixed point of `{name}`"),
                }));
            }
            // A phase without a fixed point still has a gradient through its steps.
            Err(CheckError::NotAtEquilibrium { .. } | CheckError::NotContracting { .. }) => {}
            Err(error) => return Err(Failure::Check(error)),
        }
    }
    let angles = to(session, model, data, Reference::FeedForward(phase)).map_err(Failure::Check)?;
    let through = if relaxes { "through all steps of" } else { "through" };
    Ok(Some(Angles { angles, reference: format!("the gradient {through} `{name}`") }))
}

fn to(
    session: &Session<'_>,
    model: &Optimised,
    data: &Dataset,
    reference: Reference,
) -> Result<Vec<Angle>, CheckError> {
    let options = session.options();
    let indices: Vec<usize> = (0..data.samples().min(SAMPLES)).collect();
    let mut inputs = Tensor::zeros([indices.len(), data.features()], options.precision);
    let mut targets = Tensor::zeros([indices.len(), data.outputs()], options.precision);
    match (&mut inputs.data, &mut targets.data) {
        (Data::F32(inputs), Data::F32(targets)) => data.gather(&indices, inputs, targets),
        (Data::F64(inputs), Data::F64(targets)) => data.gather(&indices, inputs, targets),
        (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => {
            unreachable!("both arrays were made in one precision")
        }
    }
    let context = Context { seed: options.seed, update: session.position().updates as u32 };
    let all = angles(model, reference, options.backend, session.parameters(), (&inputs, &targets), context)?;
    let synaptic = |angle: &Angle| model.parameters().iter().any(|p| p.name == angle.parameter && p.synaptic);
    Ok(all.into_iter().filter(synaptic).collect())
}
