//! The angle between what the trained rule would add to each synapse group and the negative gradient (R19.4).

use std::fmt;

use plr_ir::Precision;
use plr_ir::model::{Model as _, Reference};
use plr_run::backend::Context;
use plr_run::check::{Angle, CheckError, angles};
use plr_run::data::Dataset;
use plr_run::init;
use plr_run::room::{self, NoRoom};
use plr_run::session::Session;

use crate::failure::Failure;
use crate::optimised::Optimised;

use super::watch::minibatch;

/// Samples of the minibatch on which angles are taken, at most.
pub const SAMPLES: usize = 64;
/// The units of all these samples, roughly at most: the gradient is the interpreter's, which takes its time.
const UNITS: usize = 1 << 18;
/// The parameters in the precision of the reference, the increments, and the gradient as it grows and as it is compared.
const COPIES: u64 = 6;

/// The angles, and to which gradient.
#[derive(Clone, Debug)]
pub struct Angles {
    /// Of every learned synapse group.
    pub angles: Vec<Angle>,
    /// Which gradient, in words.
    pub reference: String,
}

/// What angles need and is not there.
#[derive(Debug)]
pub enum Missing {
    /// Nobody wants them.
    Unwanted,
    /// The rule predicts nothing.
    Cost,
    /// The data has no targets for the outputs.
    Targets,
    /// The gradient does not fit into memory.
    Room(NoRoom),
    /// There is no such gradient.
    Gradient(CheckError),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwanted => f.write_str("not taken"),
            Self::Cost => f.write_str("the rule has no cost"),
            Self::Targets => f.write_str("the data has no targets"),
            Self::Room(room) => write!(f, "the gradient needs {room}"),
            Self::Gradient(error) => error.fmt(f),
        }
    }
}

/// Takes the angles on the first samples of a data set.
///
/// # Errors
/// Bugs of the compiler.
pub fn measure(
    session: &Session<'_>,
    model: &Optimised,
    data: &Dataset,
) -> Result<Result<Angles, Missing>, Failure> {
    match measured(session, model, data) {
        Err(Missing::Gradient(error)) if error.is_bug() => Err(Failure::Check(error)),
        angles => Ok(angles),
    }
}

fn measured(session: &Session<'_>, model: &Optimised, data: &Dataset) -> Result<Angles, Missing> {
    let Some(predict) = &model.lowered().setting().rule.predict else { return Err(Missing::Cost) };
    if data.outputs() != model.shape().target(1).iter().product::<usize>() {
        return Err(Missing::Targets);
    }
    room::check(init::bytes(model.parameters(), Precision::F64).saturating_mul(COPIES))
        .map_err(Missing::Room)?;
    let phase = predict.after.0;
    let name = &model.phases()[phase];
    let setting = model.lowered().setting();
    let several = model.lowered().durations()[phase].steps > 1;
    let over_time = setting.rule.phases[phase].over_time;
    if setting.may_rest(predict.after) {
        match to(session, model, data, Reference::Equilibrium(phase)) {
            Ok(angles) => {
                return Ok(Angles {
                    angles,
                    reference: format!("the gradient at the fixed point of `{name}`"),
                });
            }
            // A phase without a fixed point still has a gradient through its steps.
            Err(CheckError::NotAtEquilibrium { .. } | CheckError::NotContracting { .. }) => {}
            Err(error) => return Err(Missing::Gradient(error)),
        }
    }
    let angles = to(session, model, data, Reference::FeedForward(phase)).map_err(Missing::Gradient)?;
    let through = if several || over_time { "through all steps of" } else { "through" };
    Ok(Angles { angles, reference: format!("the gradient {through} `{name}`") })
}

fn to(
    session: &Session<'_>,
    model: &Optimised,
    data: &Dataset,
    reference: Reference,
) -> Result<Vec<Angle>, CheckError> {
    let options = session.options();
    let units: usize = model.lowered().setting().network.layers.iter().map(|layer| layer.units).sum();
    let samples = (UNITS / units.max(1)).clamp(1, SAMPLES);
    let context = Context { seed: options.seed, update: session.position().updates as u32 };
    let minibatch = minibatch(session, model, data, samples);
    let all = angles(model, reference, options.backend, session.parameters(), &minibatch, context)?;
    let synaptic = |angle: &Angle| model.parameters().iter().any(|p| p.name == angle.parameter && p.synaptic);
    Ok(all.into_iter().filter(synaptic).collect())
}
