//! One presentation from given arrays: every state at the end of every phase, every increment, every new weight.

use std::fmt;

use plr_ir::model::{Count, Kept, Model, Piece};
use plr_ir::{Precision, Program, Tensor};

use crate::backend::{Arrays, Backend, Context, RunError, Runner, reads_input};
use crate::init;
use crate::room::{self, NoRoom};
use crate::session::first_values;

/// Why a presentation could not be made from the given arrays.
#[derive(Clone, Debug, PartialEq)]
pub enum ProbeError {
    /// An array that the presentation takes is not given.
    Missing {
        /// Its name.
        name: String,
        /// Its dimensions; the first of `data` and `target` is the number of samples.
        dims: Vec<Option<usize>>,
    },
    /// Arrays are given that the presentation does not take.
    Unknown {
        /// Their names.
        names: Vec<String>,
        /// The names of all that it takes.
        known: Vec<String>,
    },
    /// An array has other dimensions than it should.
    ShapeDiffers {
        /// Its name.
        name: String,
        /// The dimensions it should have; the number of samples is free in `data`.
        wanted: Vec<Option<usize>>,
        /// The dimensions it has.
        given: Vec<usize>,
    },
    /// What there is at every step has no room in memory.
    NoRoom(NoRoom),
    /// The rule has no program for a presentation.
    NoProgram,
    /// The program could not be compiled or run.
    Run(RunError),
}

impl ProbeError {
    /// Whether it is a mistake of the compiler.
    pub fn is_bug(&self) -> bool {
        match self {
            Self::NoProgram => true,
            Self::Run(error) => error.is_bug(),
            Self::Missing { .. } | Self::Unknown { .. } | Self::ShapeDiffers { .. } | Self::NoRoom(_) => {
                false
            }
        }
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, dims } => write!(f, "the array `{name}` {} is missing", shape(dims)),
            Self::Unknown { names, known } => {
                write!(f, "the rule takes no array {}; it takes {}", quoted(names), quoted(known))
            }
            Self::ShapeDiffers { name, wanted, given } => {
                write!(f, "the array `{name}` has the shape {given:?} instead of {}", shape(wanted))
            }
            Self::NoRoom(room) => write!(f, "what there is at every step needs {room}"),
            Self::NoProgram => f.write_str("compiler bug: the rule has no program for a presentation"),
            Self::Run(error) => error.fmt(f),
        }
    }
}

fn shape(dims: &[Option<usize>]) -> String {
    let dims: Vec<String> =
        dims.iter().map(|d| d.map_or_else(|| "samples".to_owned(), |d| d.to_string())).collect();
    format!("[{}]", dims.join(", "))
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl std::error::Error for ProbeError {}

impl From<RunError> for ProbeError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

/// Presents a minibatch to a rule. `arrays` holds every parameter under its name (the counter of updates is that of the context unless
/// it is there), `data` `[samples, features]`, and
/// `target` `[samples, outputs]` if the rule reads it, or with steps as [`plr_ir::model::Shape`] says, and kept states
/// `[samples, units]` that do not have first values; they are rounded to `precision`, and weights are moved to where masks and bounds
/// let them be, as first ones are. Returns what [`Piece::Probe`] yields or, if `every_step` is wanted, [`Piece::EveryStep`], in
/// its order; the cost where there are targets.
///
/// # Errors
/// If an array is missing, unknown or of the wrong shape.
pub fn probe(
    model: &dyn Model,
    arrays: &Arrays,
    precision: Precision,
    every_step: bool,
    (backend, context): (Backend, Context),
) -> Result<Vec<(String, Tensor)>, ProbeError> {
    let shape = model.shape();
    // The first is the number of samples, which is free.
    let of_samples = |mut dims: Vec<usize>, samples| {
        dims.remove(0);
        std::iter::once(samples).chain(dims.into_iter().map(Some)).collect::<Vec<_>>()
    };
    check_names(model, arrays)?;
    let given = |kept: &&Kept| arrays.contains_key(&kept.name);
    let counter = update_counter(model, arrays);
    for parameter in model.parameters().iter().filter(|parameter| Some(&parameter.name) != counter) {
        let wanted: Vec<Option<usize>> = parameter.dims.iter().copied().map(Some).collect();
        check_shape(arrays, &parameter.name, wanted)?;
    }
    let samples = check_shape(arrays, "data", of_samples(shape.data(1), None))?[0];
    for kept in model.kept().iter().filter(given) {
        check_shape(arrays, &kept.name, kept.rows(samples).into_iter().map(Some).collect())?;
    }
    let piece = match every_step {
        true => Piece::EveryStep { cost: arrays.contains_key("target") },
        false => Piece::Probe,
    };
    let program = model.program(piece, samples, precision).ok_or(ProbeError::NoProgram)?;
    if every_step {
        room_for_outputs(&program)?;
    }
    let mut inputs = first_values(model, samples, precision);
    inputs.extend(arrays.iter().map(|(name, tensor)| (name.clone(), tensor.cast(precision))));
    let before = Tensor::from_f64([], &[f64::from(context.update)], precision);
    inputs.extend(counter.map(|counter| (counter.clone(), before)));
    // R4.7, R4.11
    let within = init::with_given(model.parameters(), 0, precision, arrays);
    let within = model.parameters().iter().zip(within).filter(|(parameter, _)| parameter.init.may_be_given());
    inputs.extend(within.map(|(parameter, tensor)| (parameter.name.clone(), tensor)));
    if arrays.contains_key("target") || reads_input(&program, "target") {
        check_shape(arrays, "target", of_samples(shape.target(samples), Some(samples)))?;
    } else {
        inputs.insert("target".to_owned(), Tensor::zeros(shape.target(samples), precision));
    }
    let order = program.outputs.clone();
    let mut found = Runner::new(program, backend)?.run_named(&inputs, context)?;
    Ok(order.into_iter().filter_map(|name| found.remove_entry(&name)).collect())
}

/// The counter of updates, if the rule has one and it is not given: it is what the context says.
fn update_counter<'m>(model: &'m dyn Model, arrays: &Arrays) -> Option<&'m String> {
    // All other parameters are of a site.
    let counter = model.parameters().iter().find(|parameter| parameter.site.is_empty())?;
    (!arrays.contains_key(&counter.name)).then_some(&counter.name)
}

/// Whether there is memory for all that a program yields, and for what its loops make it of.
fn room_for_outputs(program: &Program) -> Result<(), ProbeError> {
    const COPIES: u64 = 2;
    let numbers = program.body.results.iter().map(|output| program.type_of(*output).count() as u64);
    let bytes = numbers.fold(0, u64::saturating_add).saturating_mul(program.precision.bytes() as u64);
    room::check(bytes.saturating_mul(COPIES)).map_err(ProbeError::NoRoom)
}

fn check_names(model: &dyn Model, arrays: &Arrays) -> Result<(), ProbeError> {
    let parameters = model.parameters().iter().map(|parameter| parameter.name.as_str());
    let kept = model.kept().iter().map(|kept| kept.name.as_str());
    let known: Vec<String> = parameters.chain(kept).chain(["data", "target"]).map(str::to_owned).collect();
    let names: Vec<String> =
        arrays.keys().filter(|name| !known.contains(name) && Count::named(name).is_none()).cloned().collect();
    if names.is_empty() { Ok(()) } else { Err(ProbeError::Unknown { names, known }) }
}

/// The dimensions of an array, if it is there and has at least one sample and the wanted dimensions.
fn check_shape<'a>(
    arrays: &'a Arrays,
    name: &str,
    wanted: Vec<Option<usize>>,
) -> Result<&'a [usize], ProbeError> {
    let Some(tensor) = arrays.get(name) else {
        return Err(ProbeError::Missing { name: name.to_owned(), dims: wanted });
    };
    let given = &tensor.dims;
    let fits = |(given, wanted): (&usize, &Option<usize>)| {
        *given > 0 && wanted.is_none_or(|wanted| *given == wanted)
    };
    if given.len() == wanted.len() && given.iter().zip(&wanted).all(fits) {
        return Ok(given);
    }
    Err(ProbeError::ShapeDiffers { name: name.to_owned(), wanted, given: given.clone() })
}
