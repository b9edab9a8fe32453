//! The gradient of the cost through the last steps of a phase: backpropagation through that stretch of time, the state
//! at its beginning held fixed.
//!
//! The states `k` steps before the end are what the same presentation leaves when the phase's loop runs `k` times less.

use plr_ir::model::Piece;
use plr_ir::program::Operation;
use plr_ir::{Op, Program, Tensor, Value};

use super::equilibrium::{end_states, pull_step};
use super::error::CheckError;
use super::reference::{Gradient, Presented, all_elements};
use crate::backend::{Arrays, number};

pub(super) fn gradients(
    presented: &Presented<'_>,
    steps: u32,
    phase: usize,
) -> Result<Vec<Gradient>, CheckError> {
    let step = presented.program(Piece::Step(phase), phase)?;
    let trajectory = trajectory(presented, &step, steps, phase)?;
    let learned: Vec<&str> = presented.learned().map(|parameter| parameter.name.as_str()).collect();
    let states: Vec<&str> =
        step.inputs.iter().map(String::as_str).filter(|n| n.starts_with("state/")).collect();
    let wanted: Vec<&str> = learned.iter().chain(&states).copied().collect();
    let (last, earlier) = match trajectory.split_last() {
        Some(split) => split,
        None => return Err(CheckError::NoLoop { phase: presented.phase(phase) }),
    };
    // The cost of the last states; from there back, what they owe to the states and parameters before.
    let mut found = pull_step(presented, &step, last, &Arrays::new(), Some(1.0), &wanted)?;
    let mut sum = Arrays::new();
    accumulate(&mut sum, &found, &learned);
    for states_before in earlier.iter().rev() {
        let sensitivity = found.into_iter().filter(|(name, _)| name.starts_with("state/")).collect();
        found = pull_step(presented, &step, states_before, &sensitivity, None, &wanted)?;
        accumulate(&mut sum, &found, &learned);
    }
    Ok(all_elements(presented, |name| sum.get(name).map(Tensor::to_f64)))
}

fn accumulate(sum: &mut Arrays, found: &Arrays, learned: &[&str]) {
    for (name, tensor) in found.iter().filter(|(name, _)| learned.contains(&name.as_str())) {
        let total: Vec<f64> = match sum.get(name) {
            Some(known) => known.to_f64().iter().zip(tensor.to_f64()).map(|(a, b)| a + b).collect(),
            None => tensor.to_f64(),
        };
        sum.insert(name.clone(), Tensor::from_f64(tensor.dims.clone(), &total, tensor.precision()));
    }
}

/// The states at each of the last `steps` steps and at the end.
fn trajectory(
    presented: &Presented<'_>,
    step: &Program,
    steps: u32,
    phase: usize,
) -> Result<Vec<Arrays>, CheckError> {
    let probe = presented.program(Piece::Probe, phase)?;
    let name = presented.phase(phase);
    let made = presented.evaluate(&probe, &presented.arrays)?.get(&format!("steps/{name}")).map(number);
    let earlier = shortened(probe, &name, made, steps)?;
    let first = end_states(presented, step, phase, &presented.evaluate(&earlier, &presented.arrays)?)?;
    let mut trajectory = vec![first];
    for _ in 0..steps {
        let states = &trajectory[trajectory.len() - 1];
        let mut arrays = presented.arrays.clone();
        arrays.extend(states.iter().map(|(name, tensor)| (name.clone(), tensor.clone())));
        let after = presented.evaluate(step, &arrays)?;
        trajectory.push(after.into_iter().filter(|(name, _)| states.contains_key(name)).collect());
    }
    Ok(trajectory)
}

/// The same presentation with the loop of a phase `less` steps shorter; `made` is how many steps it ran, where it has
/// a tolerance.
fn shortened(mut program: Program, phase: &str, made: Option<f64>, less: u32) -> Result<Program, CheckError> {
    let prefix = format!("state/{phase}/");
    let outputs: Vec<usize> =
        (0..program.outputs.len()).filter(|&k| program.outputs[k].starts_with(&prefix)).collect();
    let ends: Vec<Value> = outputs.iter().map(|&k| program.body.results[k]).collect();
    // The last loop that makes a state of the phase: states it only passes through come from earlier ones.
    let makes = |operation: &Operation| {
        matches!(operation.op, Op::Repeat(_)) && operation.results.iter().any(|result| ends.contains(result))
    };
    let no_loop = || CheckError::NoLoop { phase: phase.to_owned() };
    let at = program.body.operations.iter().rposition(makes).ok_or_else(no_loop)?;
    let results = program.body.operations[at].results.clone();
    let Op::Repeat(repeat) = &mut program.body.operations[at].op else { return Err(no_loop()) };
    let made = made.map_or(repeat.count, |made| made as u32);
    if less > made {
        return Err(CheckError::TooFewSteps { phase: phase.to_owned(), wanted: less, made });
    }
    if less < made {
        repeat.count = made - less;
        return Ok(program);
    }
    // A loop runs at least once: before the first step are its initial values.
    let initial = repeat.initial.clone();
    for output in outputs {
        let result = &mut program.body.results[output];
        if let Some(carried) = results.iter().position(|value| value == result).and_then(|k| initial.get(k)) {
            *result = *carried;
        }
    }
    Ok(program)
}
