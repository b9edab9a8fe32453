//! The gradient of the cost at the fixed point of a phase, by implicit differentiation.
//!
//! At a fixed point `s = F(s, θ)` the cost `C(s, θ)` has the gradient `∂C/∂θ + (∂F/∂θ)ᵀ λ`, where `λ` solves
//! `λ = ∂C/∂s + (∂F/∂s)ᵀ λ` (Almeida 1987, Pineda 1987). Both come from pulling `(λ, 1)` back through one step, whose
//! outputs are the states after it and the cost of the states before it.

use plr_ir::model::Piece;
use plr_ir::{Precision, Program, Tensor};

use super::error::CheckError;
use super::reference::{Gradient, Presented, all_elements};
use crate::backend::{Arrays, number};
use crate::metrics::largest_magnitude;

/// A phase is at rest when no state changes by more than this part of the largest state (or of 1).
const AT_REST: f64 = 1e-14;
/// If rounding keeps a phase from coming that close, this is close enough.
const NEARLY_AT_REST: f64 = 1e-10;
/// The sensitivity is found when it changes by no more than this part of its largest element.
const CONVERGED: f64 = 1e-15;
/// If rounding keeps it from that, this is close enough.
const NEARLY_CONVERGED: f64 = 1e-11;
/// Steps and iterations without getting closer after which rounding is to blame.
const PATIENCE: u32 = 100;
/// Steps and iterations at most.
const MOST: u32 = 50_000;

pub(super) fn gradients(presented: &Presented<'_>, phase: usize) -> Result<Vec<Gradient>, CheckError> {
    let program = presented.program(Piece::Step(phase), phase)?;
    let end = presented.evaluate(&presented.program(Piece::Probe, phase)?, &presented.arrays)?;
    let states = end_states(presented, &program, phase, &end)?;
    let at_rest = relax(presented, &program, phase, states)?;
    let sensitivity = sensitivity(presented, &program, phase, &at_rest)?;
    let learned: Vec<&str> = presented.learned().map(|parameter| parameter.name.as_str()).collect();
    let found = pull_step(presented, &program, &at_rest, &sensitivity, Some(1.0), &learned)?;
    Ok(all_elements(presented, |name| found.get(name).map(Tensor::to_f64)))
}

/// The states that a step of the phase takes, as a presentation leaves them at the end of the phase.
pub(super) fn end_states(
    presented: &Presented<'_>,
    step: &Program,
    phase: usize,
    end: &Arrays,
) -> Result<Arrays, CheckError> {
    let phase = presented.phase(phase);
    let state = |input: &String| -> Option<Result<(String, Tensor), CheckError>> {
        let output = format!("state/{phase}/{}", input.strip_prefix("state/")?);
        let found = end.get(&output).cloned().map(|tensor| (input.clone(), tensor));
        Some(found.ok_or(CheckError::MissingOutput { output }))
    };
    step.inputs.iter().filter_map(state).collect()
}

/// The presentation's arrays and the given states.
fn with_states(presented: &Presented<'_>, states: &Arrays) -> Arrays {
    presented.arrays.iter().chain(states).map(|(name, tensor)| (name.clone(), tensor.clone())).collect()
}

/// Goes on with the steps of the phase until nothing changes any more.
fn relax(
    presented: &Presented<'_>,
    program: &Program,
    phase: usize,
    states: Arrays,
) -> Result<Arrays, CheckError> {
    let mut arrays = with_states(presented, &states);
    let (mut best, mut best_states, mut since_best) = (f64::INFINITY, states, 0);
    let mut steps = 0;
    while best > larger(AT_REST, presented.enough) && since_best < PATIENCE && steps < MOST {
        let after = presented.evaluate(program, &arrays)?;
        let residual = after.get("residual").map(number);
        let residual = residual.ok_or_else(|| CheckError::MissingOutput { output: "residual".to_owned() })?;
        let size = best_states.values().map(|s| largest_magnitude(&s.to_f64())).fold(1.0, larger);
        steps += 1;
        since_best += 1;
        for (name, tensor) in after.into_iter().filter(|(name, _)| best_states.contains_key(name)) {
            arrays.insert(name, tensor);
        }
        if residual / size < best {
            (best, since_best) = (residual / size, 0);
            best_states.iter_mut().for_each(|(name, tensor)| tensor.clone_from(&arrays[name]));
        }
    }
    if best <= larger(NEARLY_AT_REST, presented.enough) {
        return Ok(best_states);
    }
    Err(CheckError::NotAtEquilibrium { phase: presented.phase(phase), residual: best, steps })
}

/// Solves `λ = ∂C/∂s + (∂F/∂s)ᵀ λ` by iteration, which converges where the phase itself does.
fn sensitivity(
    presented: &Presented<'_>,
    program: &Program,
    phase: usize,
    states: &Arrays,
) -> Result<Arrays, CheckError> {
    let names: Vec<&str> = states.keys().map(String::as_str).collect();
    let zero = |tensor: &Tensor| Tensor::zeros(tensor.dims.clone(), Precision::F64);
    let mut lambda: Arrays = states.iter().map(|(name, tensor)| (name.clone(), zero(tensor))).collect();
    let (mut best, mut since_best, mut iterations) = (f64::INFINITY, 0, 0);
    let (mut before, mut factor) = (f64::NAN, f64::NAN);
    while best > larger(CONVERGED, presented.enough) && since_best < PATIENCE && iterations < MOST {
        let next = pull_step(presented, program, states, &lambda, Some(1.0), &names)?;
        let (change, size) = change(&lambda, &next);
        factor = change / before;
        before = change;
        lambda = next;
        iterations += 1;
        since_best += 1;
        // A sensitivity that is zero, because the cost does not depend on the states, is found at once.
        let relative = if change == 0.0 { 0.0 } else { change / size };
        if relative < best {
            (best, since_best) = (relative, 0);
        }
    }
    if best <= larger(NEARLY_CONVERGED, presented.enough) {
        return Ok(lambda);
    }
    Err(CheckError::NotContracting { phase: presented.phase(phase), factor, iterations })
}

/// Pulls a sensitivity of the states after a step, and of the cost, back to the wanted inputs.
pub(super) fn pull_step(
    presented: &Presented<'_>,
    program: &Program,
    states: &Arrays,
    sensitivity: &Arrays,
    cost: Option<f64>,
    wanted: &[&str],
) -> Result<Arrays, CheckError> {
    let cost = cost.map(|cost| Tensor::from_f64([], &[cost], Precision::F64));
    let of_states = sensitivity.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let cotangents: Vec<(&str, &Tensor)> = of_states.chain(cost.iter().map(|c| ("cost", c))).collect();
    presented.pullback(program, &with_states(presented, states), &cotangents, wanted)
}

/// The largest difference between two sensitivities and the largest element of the second.
fn change(old: &Arrays, new: &Arrays) -> (f64, f64) {
    let difference = |(name, tensor): (&String, &Tensor)| {
        let old = old[name].to_f64();
        largest_magnitude(&tensor.to_f64().iter().zip(old).map(|(n, o)| n - o).collect::<Vec<f64>>())
    };
    let largest = new.values().map(|tensor| largest_magnitude(&tensor.to_f64())).fold(0.0, larger);
    (new.iter().map(difference).fold(0.0, larger), largest)
}

/// The larger of two, NaN if one is.
fn larger(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}
