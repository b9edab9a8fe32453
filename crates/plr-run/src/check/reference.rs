//! Gradients to compare increments with: always in f64, always by the interpreter, so that compiled code is never its
//! own judge.

use plr_ir::model::{Model, Parameter, Piece, Reference};
use plr_ir::{Precision, Program, Tensor};

use super::error::CheckError;
use super::minibatch::Minibatch;
use super::{differences, equilibrium, preconditioned, unrolled};
use crate::backend::{Arrays, Context, bind, check_room, execute_error};

/// The gradient of the cost with respect to one learned parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// The parameter.
    pub parameter: String,
    /// The derivatives: of all elements in row-major order, or of `elements`.
    pub values: Vec<f64>,
    /// The elements that were differentiated, if not all.
    pub elements: Option<Vec<usize>>,
}

/// One presentation whose cost is differentiated.
pub(super) struct Presented<'a> {
    pub(super) model: &'a dyn Model,
    /// The parameters, `data` and `target`, all in f64.
    pub(super) arrays: Arrays,
    /// The seed and the update, and the precision in which the increments are drawn.
    pub(super) context: plr_interp::Context,
    pub(super) batch: usize,
    /// How large a part of a fixed point may be missing, if that need not be as little as rounding allows.
    pub(super) enough: f64,
}

impl<'a> Presented<'a> {
    /// A presentation of a minibatch to a rule with the given parameters, in the model's order.
    pub(super) fn new(
        model: &'a dyn Model,
        parameters: &[Tensor],
        minibatch: &Minibatch,
        context: Context,
    ) -> Self {
        let names = model.parameters().iter().map(|parameter| parameter.name.clone());
        let tensors = parameters.iter().map(|tensor| tensor.cast(Precision::F64));
        let mut arrays: Arrays = names.zip(tensors).collect();
        arrays.extend(minibatch.arrays(model, Precision::F64));
        let Context { seed, update } = context;
        let context = plr_interp::Context { seed, update, draws: Some(minibatch.data.precision()) };
        Self { model, arrays, context, batch: minibatch.data.dims[0], enough: 0.0 }
    }

    /// A program of the rule in f64 for this minibatch.
    pub(super) fn program(&self, piece: Piece, phase: usize) -> Result<Program, CheckError> {
        let program = self.model.program(piece, self.batch, Precision::F64);
        let is_objective = matches!(piece, Piece::Objective { .. });
        let program = program.ok_or_else(|| match self.phase(phase) {
            phase if is_objective => CheckError::NoObjective { phase },
            phase => CheckError::NoCost { phase },
        })?;
        check_room(&program, &program.values)?;
        Ok(program)
    }

    /// The name of a phase.
    pub(super) fn phase(&self, phase: usize) -> String {
        self.model.phases()[phase].clone()
    }

    /// The learned parameters.
    pub(super) fn learned(&self) -> impl Iterator<Item = &'a Parameter> {
        self.model.parameters().iter().filter(|parameter| parameter.learned)
    }

    /// Leaves nothing of a gradient where there is no synapse (R14.1).
    pub(super) fn mask(&self, gradient: &mut Gradient) {
        let parameter = self.learned().find(|parameter| parameter.name == gradient.parameter);
        let mask = parameter.and_then(|parameter| self.arrays.get(parameter.mask.as_ref()?));
        let Some(mask) = mask.map(Tensor::to_f64) else { return };
        for (k, value) in gradient.values.iter_mut().enumerate() {
            let element = gradient.elements.as_ref().map_or(k, |elements| elements[k]);
            if mask[element] == 0.0 {
                *value = 0.0;
            }
        }
    }

    /// Runs a program on arrays.
    pub(super) fn evaluate(&self, program: &Program, arrays: &Arrays) -> Result<Arrays, CheckError> {
        let outputs = plr_interp::evaluate(program, &bind(program, arrays)?, self.context)
            .map_err(|error| execute_error(program, &error))?;
        Ok(program.outputs.iter().cloned().zip(outputs).collect())
    }

    /// Pulls cotangents of some outputs (zero for the others) back to the wanted inputs; an input that the program does
    /// not have is left out.
    pub(super) fn pullback(
        &self,
        program: &Program,
        arrays: &Arrays,
        cotangents: &[(&str, &Tensor)],
        wanted: &[&str],
    ) -> Result<Arrays, CheckError> {
        let inputs = bind(program, arrays)?;
        let place = |name: &&str| program.inputs.iter().position(|input| input == name);
        let (names, places): (Vec<&str>, Vec<usize>) =
            wanted.iter().filter_map(|n| Some((*n, place(n)?))).unzip();
        let seeds: Vec<(&str, Tensor)> =
            cotangents.iter().map(|&(name, tensor)| (name, tensor.clone())).collect();
        let found = plr_interp::gradient(program, &inputs, self.context, &seeds, &places)
            .map_err(|error| execute_error(program, &error))?;
        Ok(names.into_iter().map(str::to_owned).zip(found.gradients).collect())
    }
}

/// The gradients of the cost with respect to all learned parameters, in the model's order, in f64 (R14.1).
///
/// `parameters` stand in the model's order; the minibatch is `data` `[batch, features]` and `target`
/// `[batch, outputs]`.
///
/// # Errors
/// If the reference does not exist for these parameters, [`CheckError::NoReference`] for a law, and compiler bugs.
pub fn gradients(
    model: &dyn Model,
    reference: Reference,
    parameters: &[Tensor],
    minibatch: &Minibatch,
    context: Context,
) -> Result<Vec<Gradient>, CheckError> {
    of_presented(&Presented::new(model, parameters, minibatch, context), reference)
}

/// The same of one presentation.
pub(super) fn of_presented(
    presented: &Presented<'_>,
    reference: Reference,
) -> Result<Vec<Gradient>, CheckError> {
    let mut gradients = of_all(presented, reference)?;
    gradients.iter_mut().for_each(|gradient| presented.mask(gradient));
    Ok(gradients)
}

/// The gradients, as if all synapses were there.
fn of_all(presented: &Presented<'_>, reference: Reference) -> Result<Vec<Gradient>, CheckError> {
    match reference {
        Reference::FeedForward(phase) => feed_forward(presented, Piece::Cost(phase), phase),
        Reference::Cut(phase) => feed_forward(presented, Piece::CutCost(phase), phase),
        Reference::Preconditioned { state, phase, own } => {
            preconditioned::gradients(presented, (state, phase), own)
        }
        Reference::Equilibrium(phase) => equilibrium::gradients(presented, phase),
        Reference::Unrolled { steps, phase } => unrolled::gradients(presented, steps, phase),
        Reference::FiniteDifferences(phase) => differences::gradients(presented, phase),
        Reference::Objective { observation, phase, holding, cut } => {
            feed_forward(presented, Piece::Objective { observation, phase, holding, cut }, phase)
        }
        Reference::Law => Err(CheckError::NoReference),
    }
}

/// Of what a program has as its cost at the end of a phase, through everything before.
fn feed_forward(presented: &Presented<'_>, cost: Piece, phase: usize) -> Result<Vec<Gradient>, CheckError> {
    let program = presented.program(cost, phase)?;
    let learned: Vec<&str> = presented.learned().map(|parameter| parameter.name.as_str()).collect();
    let one = Tensor::from_f64([], &[1.0], Precision::F64);
    let found = presented.pullback(&program, &presented.arrays, &[("cost", &one)], &learned)?;
    Ok(all_elements(presented, |name| found.get(name).map(Tensor::to_f64)))
}

/// Gradients with all their elements; zero where the cost does not depend on a parameter.
pub(super) fn all_elements(
    presented: &Presented<'_>,
    values: impl Fn(&str) -> Option<Vec<f64>>,
) -> Vec<Gradient> {
    let gradient = |parameter: &Parameter| Gradient {
        parameter: parameter.name.clone(),
        values: values(&parameter.name).unwrap_or_else(|| vec![0.0; parameter.dims.iter().product()]),
        elements: None,
    };
    presented.learned().map(gradient).collect()
}
