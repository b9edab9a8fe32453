//! Why a claim could not be measured.

use std::fmt;

use plr_interp::Unenumerable;

use super::undefined::Undefined;
use crate::backend::RunError;
use crate::data::DataError;

/// Why a claim could not be measured. A claim that was measured and does not hold is no error.
#[derive(Debug)]
pub enum CheckError {
    /// The rule cannot be made in the setting of the claim.
    Setting {
        /// Why, as the rule's maker says it.
        reason: String,
    },
    /// The rule has no cost at the end of the phase, because it has no prediction.
    NoCost {
        /// The phase.
        phase: String,
    },
    /// A learned parameter of that name does not exist (in that layer).
    UnknownGroup {
        /// The group.
        group: String,
        /// The layer that was asked for.
        layer: Option<String>,
    },
    /// A measure compares increments with a gradient, and the check has no reference.
    NoReference,
    /// A measure of rows was asked of a parameter that has none.
    NoRows {
        /// The parameter.
        parameter: String,
    },
    /// What a claim observes has a value nowhere.
    NothingObserved {
        /// Why, as far as the model knows.
        reason: Option<String>,
    },
    /// A measure that takes a gradient, or the samples of a check, is to be watched along training.
    NotWatched,
    /// The objective of a gradient has a value nowhere.
    NoObjective {
        /// The phase at whose end it was sought.
        phase: String,
    },
    /// No learned synapse has a gradient other than 0.
    NothingCompared,
    /// The samples of the check have no principal direction, or another number of features than a row.
    NoPrincipalDirection,
    /// A phase does not come to rest, so there is no gradient at its fixed point.
    NotAtEquilibrium {
        /// The phase.
        phase: String,
        /// The largest change in the best of the steps.
        residual: f64,
        /// Steps made beyond the end of the phase.
        steps: u32,
    },
    /// The sensitivity at the fixed point does not converge: the phase's steps do not contract there.
    NotContracting {
        /// The phase.
        phase: String,
        /// The estimated factor by which one step multiplies a perturbation; below 1 it would converge.
        factor: f64,
        /// Iterations made.
        iterations: u32,
    },
    /// An unrolled reference asks for more steps than the phase has made.
    TooFewSteps {
        /// The phase.
        phase: String,
        /// Steps asked for.
        wanted: u32,
        /// Steps the phase makes.
        made: u32,
    },
    /// The end of a phase cannot be found in the program of a presentation.
    NoLoop {
        /// The phase.
        phase: String,
    },
    /// A claim combines measures of different sites.
    SitesDiffer,
    /// A claim is over all draws, and these are not to be gone through.
    Unenumerable {
        /// Why.
        reason: Unenumerable,
    },
    /// A claim is over all draws, and gradients would have to flow through them.
    DrawsOnTheWay,
    /// The matrix that preconditions the output error has no inverse.
    Singular {
        /// The layers that it is made of.
        layers: Vec<String>,
    },
    /// What is measured is no number.
    Undefined {
        /// Where.
        site: String,
        /// Why.
        cause: Undefined,
    },
    /// A program lacks an output.
    MissingOutput {
        /// The output.
        output: String,
    },
    /// The samples could not be drawn.
    Data(DataError),
    /// A program could not be compiled or run.
    Run(RunError),
}

impl CheckError {
    /// Whether it is a mistake of the compiler.
    pub fn is_bug(&self) -> bool {
        match self {
            Self::MissingOutput { .. } => true,
            Self::Run(error) => error.is_bug(),
            Self::Setting { .. }
            | Self::NoCost { .. }
            | Self::UnknownGroup { .. }
            | Self::NoReference
            | Self::NoRows { .. }
            | Self::NoPrincipalDirection
            | Self::NothingObserved { .. }
            | Self::NotWatched
            | Self::NoObjective { .. }
            | Self::NothingCompared
            | Self::NotAtEquilibrium { .. }
            | Self::NotContracting { .. }
            | Self::TooFewSteps { .. }
            | Self::NoLoop { .. }
            | Self::SitesDiffer
            | Self::Unenumerable { .. }
            | Self::DrawsOnTheWay
            | Self::Singular { .. }
            | Self::Undefined { .. }
            | Self::Data(_) => false,
        }
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting { reason } => f.write_str(reason),
            Self::NoCost { phase } => {
                write!(f, "there is no cost at the end of phase `{phase}`, because the rule has no `predict`")
            }
            Self::UnknownGroup { group, layer: None } => write!(f, "no parameter `{group}` is learned"),
            Self::UnknownGroup { group, layer: Some(layer) } => {
                write!(f, "no parameter `{group}` is learned at `{layer}`")
            }
            Self::NoReference => f.write_str("the check has no gradient to compare with"),
            Self::NoRows { parameter } => write!(f, "`{parameter}` is not a matrix and has no rows"),
            Self::NothingObserved { reason } => {
                f.write_str("what is observed has a value at no site")?;
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::NotWatched => f.write_str(
                "what is watched along training is made of what the rule does: `mean(e)`, `largest(e)`, `angle(W, B.T)`, `row_norm(W)`",
            ),
            Self::NoObjective { phase } => {
                write!(f, "the objective has a value in no layer at the end of phase `{phase}`")
            }
            Self::NothingCompared => f.write_str("the gradient of every learned synapse is 0"),
            Self::NoPrincipalDirection => {
                f.write_str("the samples of the check have no principal direction among the rows' elements")
            }
            Self::NotAtEquilibrium { phase, residual, steps } => write!(
                f,
                "phase `{phase}` has not come to rest {steps} steps after its end; the smallest change was {residual:.1e}"
            ),
            Self::NotContracting { phase, factor, iterations } => write!(
                f,
                "the gradient at the fixed point of `{phase}` does not exist: after {iterations} iterations one step \
                 still multiplies a perturbation by {factor:.4}"
            ),
            Self::TooFewSteps { phase, wanted, made } => {
                write!(f, "the reference goes back {wanted} steps, but phase `{phase}` makes {made}")
            }
            Self::NoLoop { phase } => write!(f, "phase `{phase}` has no steps to go back through"),
            Self::SitesDiffer => f.write_str("the claim combines measures of different sites"),
            Self::Unenumerable { reason } => reason.fmt(f),
            Self::Undefined { site, cause } if site.is_empty() => cause.fmt(f),
            Self::Undefined { site, cause } => write!(f, "{cause} at {site}"),
            Self::DrawsOnTheWay => f.write_str(
                "the cost depends on what is drawn: over all draws compare with `gradient by finite_differences`",
            ),
            Self::Singular { layers } => write!(
                f,
                "what the state of {} does to the prediction cannot be inverted: it has too few units, or some do nothing",
                layers.join(", ")
            ),
            Self::MissingOutput { output } => write!(f, "compiler bug: a program does not yield `{output}`"),
            Self::Data(error) => error.fmt(f),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CheckError {}

impl From<RunError> for CheckError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<DataError> for CheckError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}
