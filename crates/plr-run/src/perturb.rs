//! The locality audit put to the test: what an equation is said not to read must not change its result by one bit (R13.7).
//!
//! For each equation on each layer or edge, and a few of its owners (a unit, or a synapse), every element that the owner
//! may not read is replaced, by other random numbers, by huge ones and by NaN, and the owner's result is compared bit
//! for bit. If it changes, the inputs are replaced one by one to name those that were read. Conversely, every input that
//! is said to be read is replaced where it may be read; one that changes nothing is reported as [`Finding::idle`]: it is
//! no mistake (a gate can be shut at the drawn values), but an audit all of whose readings are idle proves nothing.

mod elements;

use std::fmt;

use plr_ir::model::{Equation, Model, Piece, Reading};
use plr_ir::tensor::Data;
use plr_ir::types::Location;
use plr_ir::{Precision, Program, Tensor};

use crate::backend::{Arrays, Backend, Context, RunError, Runner, execute_error};
use crate::draws::Draws;

pub use elements::Element;

use elements::{may_read, place};

/// Samples of the minibatch: enough that one can stand between others.
const BATCH: usize = 3;

/// What was found about one equation.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The equation, `infer: x at h1`.
    pub equation: String,
    /// Where it stands.
    pub location: Location,
    /// How many owners were examined.
    pub owners: usize,
    /// Inputs that were read where they must not be.
    pub leaks: Vec<Leak>,
    /// Inputs that are said to be read and changed nothing.
    pub idle: Vec<String>,
}

/// An input whose forbidden elements change an owner's result.
#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    /// The input: `s/h1`, `s/h1@free`, `W/input->h1`.
    pub input: String,
    /// Whose result changed.
    pub element: Element,
    /// By which numbers.
    pub by: Replacement,
}

/// What elements are replaced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Other draws from the same law.
    Random,
    /// Numbers of both signs far beyond all others.
    Huge,
    /// No numbers at all.
    Nan,
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "other random numbers",
            Self::Huge => "huge numbers",
            Self::Nan => "NaN",
        })
    }
}

/// Examines every equation of a rule on a back end.
///
/// # Errors
/// If a program cannot be compiled or run.
pub fn run(
    model: &dyn Model,
    precision: Precision,
    seed: u64,
    backend: Backend,
) -> Result<Vec<Finding>, RunError> {
    let mut findings = Vec::new();
    for (position, equation) in model.equations().iter().enumerate() {
        if let Some(program) = model.program(Piece::Equation(position), BATCH, precision) {
            findings.push(Examination::new(model, equation, program, seed, backend)?.finding()?);
        }
    }
    Ok(findings)
}

/// One equation with random arrays.
struct Examination<'a> {
    model: &'a dyn Model,
    equation: &'a Equation,
    runner: Runner,
    arrays: Arrays,
    /// The result for these arrays.
    value: Tensor,
    context: Context,
}

impl<'a> Examination<'a> {
    fn new(
        model: &'a dyn Model,
        equation: &'a Equation,
        program: Program,
        seed: u64,
        backend: Backend,
    ) -> Result<Self, RunError> {
        let draw = |(k, name): (usize, &String)| {
            let dims = program.type_of(program.body.parameters[k]).dims.clone();
            let numbers = Draws::new(seed, &format!("perturb: {name}"), 0).normals(dims.iter().product());
            (name.clone(), Tensor::from_f64(dims, &numbers, program.precision))
        };
        let arrays: Arrays = program.inputs.iter().enumerate().map(draw).collect();
        let value = Tensor::zeros([], program.precision);
        let context = Context { seed, update: 0 };
        let mut examination =
            Self { model, equation, runner: Runner::new(program, backend)?, arrays, value, context };
        examination.value = examination.evaluate(&examination.arrays.clone())?;
        Ok(examination)
    }

    fn evaluate(&mut self, arrays: &Arrays) -> Result<Tensor, RunError> {
        let mut outputs = self.runner.run_named(arrays, self.context)?;
        let program = self.runner.program();
        outputs.remove("value").ok_or_else(|| execute_error(program, &"it does not yield `value`"))
    }

    fn finding(mut self) -> Result<Finding, RunError> {
        let owners = elements::chosen(self.equation.owner, &self.value.dims);
        let mut leaks = Vec::new();
        for &owner in &owners {
            for by in [Replacement::Random, Replacement::Huge, Replacement::Nan] {
                self.leaks(owner, by, &mut leaks)?;
            }
        }
        let mut idle = Vec::new();
        for reading in &self.equation.reads {
            if !self.is_read(reading, &owners)? {
                idle.push(reading.input.clone());
            }
        }
        let Equation { name, location, .. } = self.equation;
        Ok(Finding { equation: name.clone(), location: *location, owners: owners.len(), leaks, idle })
    }

    /// Replaces everything that the owner may not read; if that matters, input by input.
    fn leaks(&mut self, owner: Element, by: Replacement, leaks: &mut Vec<Leak>) -> Result<(), RunError> {
        let all: Vec<String> = self.arrays.keys().cloned().collect();
        let everything =
            all.iter().fold(self.arrays.clone(), |arrays, input| self.replaced(arrays, input, owner, by));
        if self.same(owner, &everything)? {
            return Ok(());
        }
        let known = leaks.len();
        for input in &all {
            let arrays = self.replaced(self.arrays.clone(), input, owner, by);
            if !self.same(owner, &arrays)? && !leaks.iter().any(|leak| leak.input == *input) {
                leaks.push(Leak { input: input.clone(), element: owner, by });
            }
        }
        if leaks.is_empty() && known == 0 {
            // Only together do they matter: name them all.
            leaks.push(Leak { input: all.join(", "), element: owner, by });
        }
        Ok(())
    }

    /// Whether replacing an input where it may be read changes the result of an owner.
    fn is_read(&mut self, reading: &Reading, owners: &[Element]) -> Result<bool, RunError> {
        for &owner in owners {
            let mut arrays = self.arrays.clone();
            self.replace(&mut arrays, &reading.input, Replacement::Random, |at| {
                self.may_read(&reading.input, at, owner)
            });
            if !self.same(owner, &arrays)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the owner's result is what it was, to the last bit.
    fn same(&mut self, owner: Element, arrays: &Arrays) -> Result<bool, RunError> {
        let at = place(owner, &self.value.dims);
        let value = self.evaluate(arrays)?;
        Ok(bits(&value, at) == bits(&self.value, at))
    }

    /// The arrays with the elements of an input replaced that the owner may not read.
    fn replaced(&self, mut arrays: Arrays, input: &str, owner: Element, by: Replacement) -> Arrays {
        self.replace(&mut arrays, input, by, |at| !self.may_read(input, at, owner));
        arrays
    }

    fn replace(&self, arrays: &mut Arrays, input: &str, by: Replacement, which: impl Fn(usize) -> bool) {
        let Some(tensor) = arrays.get_mut(input) else { return };
        let mut draws = Draws::new(self.context.seed, &format!("perturb: {input}"), 1);
        let mut other = || match by {
            Replacement::Random => draws.normal(),
            Replacement::Huge => 1e30 * draws.normal(),
            Replacement::Nan => f64::NAN,
        };
        let mut numbers = tensor.to_f64();
        for (at, number) in numbers.iter_mut().enumerate() {
            let other = other();
            if which(at) {
                *number = other;
            }
        }
        *tensor = Tensor::from_f64(tensor.dims.clone(), &numbers, tensor.precision());
    }

    /// Whether the owner may read an element of an input.
    fn may_read(&self, input: &str, at: usize, owner: Element) -> bool {
        let dims = &self.arrays[input].dims;
        let shared = self.model.parameters().iter().any(|parameter| parameter.name == input);
        let readings = self.equation.reads.iter().filter(|reading| reading.input == input);
        let owner = (owner, &self.value.dims[..]);
        readings.into_iter().any(|reading| may_read(owner, reading, dims, shared, at))
    }
}

/// The bits of an element; all NaN are one.
fn bits(tensor: &Tensor, at: usize) -> u64 {
    let number = match &tensor.data {
        Data::F32(numbers) => f64::from(numbers[at]),
        Data::F64(numbers) => numbers[at],
    };
    if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() }
}
