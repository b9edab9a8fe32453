//! What can go wrong while a rule is trained and evaluated.

use std::fmt;

use crate::backend::RunError;
use crate::data::DataError;
use crate::room::NoRoom;
use crate::weights::WeightsError;

/// Why a session could not go on. Its parameters are those before the call that failed.
#[derive(Debug)]
pub enum SessionError {
    /// The samples have other features than the network's input.
    FeaturesDiffer {
        /// Features of the network.
        network: usize,
        /// Features of the data.
        data: usize,
    },
    /// The targets have another width than the network's output.
    OutputsDiffer {
        /// Output units of the network.
        network: usize,
        /// Outputs of the data.
        data: usize,
    },
    /// The labels are of more classes than the network has outputs.
    ClassesDiffer {
        /// Output units of the network.
        network: usize,
        /// Classes that the labels ask for.
        classes: usize,
    },
    /// The rule reads targets and the data has none.
    NoTargets,
    /// The minibatch is empty or larger than the data.
    Batch(DataError),
    /// A parameter became infinite or NaN.
    NotFinite {
        /// The parameter.
        parameter: String,
        /// The number.
        value: f64,
        /// The update that made it so, counted from 1 over the whole run.
        update: u64,
        /// Its epoch, counted from 1.
        epoch: u64,
    },
    /// The mean loss of an evaluation is infinite or NaN.
    LossNotFinite {
        /// The loss.
        loss: f64,
        /// The updates made before.
        updates: u64,
    },
    /// The traces of a minibatch do not fit into memory.
    NoRoomForTraces {
        /// The largest.
        trace: String,
        /// Its dimensions, samples first.
        dims: Vec<usize>,
        /// All of them.
        room: NoRoom,
    },
    /// What goes on from one presentation to another does not fit into memory.
    NoRoomForKept {
        /// The largest.
        state: String,
        /// Its dimensions, samples or places first.
        dims: Vec<usize>,
        /// All of them.
        room: NoRoom,
    },
    /// A weights file could not be read or written.
    Weights(WeightsError),
    /// A weights file says something else than a number about how far its run had come.
    Position {
        /// What it speaks of.
        key: &'static str,
        /// What it says.
        text: String,
    },
    /// A weights file is of a run that cannot go on here.
    OtherRun {
        /// In what they differ.
        what: &'static str,
        /// What it is there.
        found: String,
        /// What it is here.
        here: String,
    },
    /// A program of the rule takes something that is neither a parameter nor the minibatch.
    UnknownInput {
        /// The input.
        input: String,
    },
    /// A program of the rule lacks an output.
    MissingOutput {
        /// The output.
        output: String,
    },
    /// The parameters do not fit into memory.
    NoRoom(NoRoom),
    /// A program could not be compiled or run.
    Run(RunError),
}

impl SessionError {
    /// Whether it is a mistake of the compiler.
    pub fn is_bug(&self) -> bool {
        match self {
            Self::UnknownInput { .. } | Self::MissingOutput { .. } => true,
            Self::Run(error) => error.is_bug(),
            Self::FeaturesDiffer { .. }
            | Self::OutputsDiffer { .. }
            | Self::ClassesDiffer { .. }
            | Self::NoTargets
            | Self::Batch(_)
            | Self::NotFinite { .. }
            | Self::LossNotFinite { .. }
            | Self::Weights(_)
            | Self::Position { .. }
            | Self::OtherRun { .. }
            | Self::NoRoomForTraces { .. }
            | Self::NoRoomForKept { .. }
            | Self::NoRoom(_) => false,
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FeaturesDiffer { network, data } => {
                write!(f, "the network has {network} input units, but a sample has {data} features")
            }
            Self::OutputsDiffer { network, data } => {
                write!(f, "the network's output has {network} units, but a target has {data} values")?;
                match data {
                    1 => f.write_str("; classes are integers from 0"),
                    _ => f.write_str("; targets of every step are [samples, steps, outputs]"),
                }
            }
            Self::ClassesDiffer { network: 1, classes } => write!(
                f,
                "the network's output has one unit, but there are labels up to {}; targets of one number are reals, or [samples, 1]",
                classes - 1
            ),
            Self::ClassesDiffer { network, classes } => write!(
                f,
                "the network's output has {network} units, but there are labels up to {}, counted from 0",
                classes - 1
            ),
            Self::NoTargets => f.write_str("the rule reads `target`, but the data has no targets"),
            Self::Batch(error) => error.fmt(f),
            Self::NotFinite { parameter, value, update, epoch } => {
                write!(
                    f,
                    "training diverged: `{parameter}` became {value} in update {update} (epoch {epoch})"
                )
            }
            Self::LossNotFinite { loss, updates } => {
                write!(f, "training diverged: the loss is {loss} after {updates} updates")
            }
            Self::Weights(error) => error.fmt(f),
            Self::Position { key, text } => {
                write!(f, "the weights file says `{text}` where the number of its {key} should stand")
            }
            Self::OtherRun { what, found, here } => {
                write!(f, "the weights file is of another run: its {what} is {found}, and here it is {here}")
            }
            Self::UnknownInput { input } => {
                write!(f, "compiler bug: a program takes `{input}`, which is no parameter of the rule")
            }
            Self::MissingOutput { output } => write!(f, "compiler bug: a program does not yield `{output}`"),
            Self::NoRoomForTraces { trace, dims, room } => write!(
                f,
                "traces and stored trajectories need {room}; the largest, `{trace}`, is {} numbers",
                dims.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
            ),
            Self::NoRoomForKept { state, dims, room } => write!(
                f,
                "what is kept needs {room}; the largest, `{state}`, is {} numbers",
                dims.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
            ),
            Self::NoRoom(room) => write!(f, "the parameters of the network need {room}"),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SessionError {}

impl From<RunError> for SessionError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<DataError> for SessionError {
    fn from(error: DataError) -> Self {
        Self::Batch(error)
    }
}

impl From<NoRoom> for SessionError {
    fn from(error: NoRoom) -> Self {
        Self::NoRoom(error)
    }
}

impl From<WeightsError> for SessionError {
    fn from(error: WeightsError) -> Self {
        Self::Weights(error)
    }
}
