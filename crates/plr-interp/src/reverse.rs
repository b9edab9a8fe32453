//! Differentiation in reverse: records a run and passes cotangents back through the record.

mod contract;
mod convolve;
mod elementwise;
mod repetition;
mod slice;
mod tape;

pub(crate) use tape::{Tape, Variable};

use plr_ir::{Precision, Program, Tensor};

use crate::Context;
use crate::error::Error;
use crate::interpreter::Interpreter;
use crate::number::{self, Number, Shared};

/// What differentiating a run gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Differentiated {
    /// The outputs of the program, as [`evaluate`](crate::evaluate) returns them.
    pub outputs: Vec<Tensor>,
    /// The gradients, one for each wanted input, of its dimensions.
    pub gradients: Vec<Tensor>,
}

/// Evaluates a program, and the gradients, by the inputs at the positions `wanted`, of the sum of its outputs
/// weighted with `seeds`: `Σ ⟨seed, output⟩`.
///
/// Each seed names an output and has its dimensions; outputs without one weigh nothing. The derivatives at kinks are
/// listed in the head of the crate.
///
/// # Errors
///
/// Those of [`evaluate`](crate::evaluate); if a seed names no output or does not fit it, or a wanted position is no
/// input's.
///
/// # Panics
///
/// If the program does not pass the verifier.
pub fn gradient(
    program: &Program,
    inputs: &[&Tensor],
    context: Context,
    seeds: &[(&str, Tensor)],
    wanted: &[usize],
) -> Result<Differentiated, Error> {
    let position = |name: &str| {
        let position = program.outputs.iter().position(|output| output == name);
        position.ok_or_else(|| Error::NoSuchOutput { name: name.to_owned() })
    };
    let placed =
        seeds.iter().map(|(name, seed)| Ok((position(name)?, seed))).collect::<Result<Vec<_>, _>>()?;
    at_precision(program, inputs, context, &placed, wanted)
}

/// Evaluates a program and multiplies `cotangents`, one for each output, with its Jacobian from the left: one gradient
/// for each input.
///
/// # Errors
///
/// Those of [`gradient`]; if the cotangents are not as many as the outputs.
///
/// # Panics
///
/// If the program does not pass the verifier.
pub fn vjp(
    program: &Program,
    inputs: &[&Tensor],
    context: Context,
    cotangents: &[Tensor],
) -> Result<Differentiated, Error> {
    let expected = program.outputs.len();
    if cotangents.len() != expected {
        return Err(Error::CotangentCount { expected, found: cotangents.len() });
    }
    let placed: Vec<(usize, &Tensor)> = cotangents.iter().enumerate().collect();
    let wanted: Vec<usize> = (0..program.inputs.len()).collect();
    at_precision(program, inputs, context, &placed, &wanted)
}

/// Chooses the number type; seeds by the position of their output.
fn at_precision(
    program: &Program,
    inputs: &[&Tensor],
    context: Context,
    seeds: &[(usize, &Tensor)],
    wanted: &[usize],
) -> Result<Differentiated, Error> {
    match program.precision {
        Precision::F32 => differentiate::<f32>(program, inputs, context, seeds, wanted),
        Precision::F64 => differentiate::<f64>(program, inputs, context, seeds, wanted),
    }
}

fn differentiate<T: Number>(
    program: &Program,
    inputs: &[&Tensor],
    context: Context,
    seeds: &[(usize, &Tensor)],
    wanted: &[usize],
) -> Result<Differentiated, Error> {
    let inputs = number::arrays::<T>(program, inputs)?;
    if let Some(&position) = wanted.iter().find(|&&position| position >= inputs.len()) {
        return Err(Error::NoSuchInput { position, count: inputs.len() });
    }
    let seeds = seeds.iter().map(|&(position, seed)| Ok((position, seed_array(program, position, seed)?)));
    let seeds: Vec<(usize, Shared<T>)> = seeds.collect::<Result<_, Error>>()?;

    let mut interpreter = Interpreter::new(program, inputs, context);
    let variables: Vec<Variable> =
        wanted.iter().map(|&position| interpreter.differentiate_by(position)).collect();
    let outputs = interpreter.run();
    let mut cotangents = interpreter.tape.cotangents();
    for (position, seed) in seeds {
        if let Some(variable) = outputs[position].variable {
            cotangents.add(variable, seed);
        }
    }
    interpreter.tape.pull_back(&mut cotangents);
    let gradient = |(&variable, &position)| match cotangents.get(variable) {
        Some(cotangent) => number::tensor(cotangent),
        None => Tensor::zeros(input_dims(program, position), program.precision),
    };
    let gradients = variables.iter().zip(wanted).map(gradient).collect();
    Ok(Differentiated { outputs: outputs.iter().map(|output| output.datum.to_tensor()).collect(), gradients })
}

/// A seed as an array of its output's dimensions.
fn seed_array<T: Number>(program: &Program, position: usize, seed: &Tensor) -> Result<Shared<T>, Error> {
    let output = program.type_of(program.body.results[position]);
    number::array(&program.outputs[position], &output.dims, seed)
}

/// The dimensions of an input.
fn input_dims(program: &Program, position: usize) -> Vec<usize> {
    program.type_of(program.body.parameters[position]).dims.clone()
}
