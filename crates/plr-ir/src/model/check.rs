//! What a rule claims: settings, references, and measures with their bounds.

use std::fmt;

use super::{Model, Piece};
use crate::scalar::{BinaryOp, UnaryOp};
use crate::types::{Location, Precision};

/// Makes models of one rule under changed settings; what a check needs to sweep a parameter.
pub trait Workshop {
    /// The model in the setting of the given check (its network, cost, initialisers, tolerance), or of the rule's own
    /// defaults, with some hyper-parameters replaced. The error is a sentence for the user.
    fn model(&self, check: Option<usize>, settings: &[(String, f64)]) -> Result<Box<dyn Model>, String>;
    /// The rule's checks.
    fn checks(&self) -> &[Check];
    /// The default value of a hyper-parameter or, as `infer.steps`, of the number of steps of a phase.
    fn hyper_parameter(&self, name: &str) -> Option<f64>;
    /// The hyper-parameters, with their values in the setting of the given check or by default.
    fn hyper_parameters(&self, check: Option<usize>) -> Vec<(String, f64)>;
}

/// A `check` block: a setting, and claims that hold in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What the increments are compared with.
    pub reference: Reference,
    /// Where samples come from.
    pub data: DataLaw,
    /// The minibatch size.
    pub batch: usize,
    /// The seed of parameters and data.
    pub seed: u64,
    /// The precision of the compiled rule; references are always in f64.
    pub precision: Precision,
    /// The claims.
    pub claims: Vec<Claim>,
}

/// What increments are compared with. Phases by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The gradient of the cost through everything up to the end of a phase.
    FeedForward(usize),
    /// The same, without what would flow where the rule cuts gradients.
    Cut(usize),
    /// The same, with the output error `e` of each sample replaced by `S⁻¹ e`, where `S = Σ J Jᵀ` and `J` is how the prediction
    /// depends on a state in a layer: of all layers, or for each layer's parameters of its own alone.
    Preconditioned {
        /// The state, by its position among all variables.
        state: usize,
        /// The phase that writes it.
        phase: usize,
        /// Each layer's own alone.
        own: bool,
    },
    /// The gradient of the cost at the fixed point of a phase.
    Equilibrium(usize),
    /// The gradient of the cost through the last steps of a phase.
    Unrolled {
        /// How many steps.
        steps: u32,
        /// Of which phase.
        phase: usize,
    },
    /// The gradient by central differences of the cost at the end of a phase.
    FiniteDifferences(usize),
    /// The gradient of an observation, summed over units and layers, at the end of a phase.
    Objective {
        /// The observation's number.
        observation: usize,
        /// The phase.
        phase: usize,
        /// What is held.
        holding: Holding,
        /// Whether it is without what would flow where the rule or the observation cuts gradients.
        cut: bool,
    },
    /// Nothing: claims are about the parameters themselves.
    Law,
}

/// What is held while an objective is differentiated (R14.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holding {
    /// Nothing.
    Nothing,
    /// What comes from other layers.
    Layers,
    /// All states, as they are at the end of the phase.
    States,
}

impl Reference {
    /// What has as its cost the cost whose gradient it is; nothing for a law.
    pub fn cost(self) -> Option<Piece> {
        match self {
            Self::FeedForward(phase)
            | Self::Equilibrium(phase)
            | Self::Unrolled { phase, .. }
            | Self::Preconditioned { phase, .. }
            | Self::FiniteDifferences(phase) => Some(Piece::Cost(phase)),
            Self::Cut(phase) => Some(Piece::CutCost(phase)),
            Self::Objective { observation, phase, holding, cut } => {
                Some(Piece::Objective { observation, phase, holding, cut })
            }
            Self::Law => None,
        }
    }
}

/// How samples are drawn (R14.12).
#[derive(Clone, Debug, PartialEq)]
pub enum DataLaw {
    /// Independent standard Gaussian inputs; independent targets uniform on [0.2, 0.8].
    Random,
    /// Independent standard Gaussian inputs; as the target one class, each with the same probability.
    Classes,
    /// Every vector of zeros and ones in turn, sample by sample, as a number is written in binary, the first feature changing
    /// fastest; targets as in `Random`.
    Corners,
    /// One of so many fixed standard Gaussian vectors, each with the same probability; as the target its number, as a class.
    Patterns(usize),
    /// Gaussian inputs with the given standard deviation along each of a fixed set of orthogonal directions; no targets.
    Gaussian(Vec<f64>),
    /// Independent standard Gaussian inputs; targets are a fixed random linear map of them, with Gaussian entries of
    /// deviation `1/sqrt(features)`.
    Teacher,
}

/// One `expect` line.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The claim as written.
    pub text: String,
    /// What is measured.
    pub measure: Measure,
    /// How it compares with the bound.
    pub comparison: Comparison,
    /// The bound; degrees for angles.
    pub bound: f64,
    /// For `==`: the largest allowed distance from the bound.
    pub tolerance: f64,
    /// Only groups owned by this layer; all if absent.
    pub at: Option<String>,
    /// Hyper-parameters in this claim.
    pub settings: Vec<(String, f64)>,
    /// Updates made before measuring.
    pub updates: u32,
    /// Over which draws is averaged.
    pub sampling: Sampling,
    /// Where it stands.
    pub location: Location,
}

/// Over which of its draws what a rule does is averaged before it is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// None: it does it once.
    #[default]
    Once,
    /// So many presentations of the same samples.
    Mean(u32),
    /// All possible outcomes, each with its probability.
    All,
}

/// A measured number of each site of a parameter group or of an observation. The number of a claim is the worst of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// Between the increment of a parameter group and the negative gradient.
    Gradient(Metric, String),
    /// Between the two values of an observation, by its number.
    Between(Metric, usize),
    /// The largest magnitude of an observation, by its number.
    Largest(usize),
    /// The mean of an observation, by its number.
    Mean(usize),
    /// Euclidean norm of each row of the parameter.
    RowNorm(String),
    /// Absolute cosine between the first row and the first principal direction of [`DataLaw::Gaussian`].
    PrincipalAlignment(String),
    /// The same number everywhere.
    Number(f64),
    /// A function of a measure.
    Unary(UnaryOp, Box<Measure>),
    /// A function of two measures of the same sites.
    Binary(BinaryOp, Box<Measure>, Box<Measure>),
    /// The slope of a measure against a hyper-parameter, or against the number of draws, on a log-log line.
    Order {
        /// The measure.
        of: Box<Measure>,
        /// The hyper-parameter, or [`DRAWS`].
        parameter: String,
        /// Its values.
        values: Vec<f64>,
    },
}

/// What the number of updates before a measurement is called.
pub const UPDATES: &str = "updates";

/// What the number of draws that a claim is averaged over is called.
pub const DRAWS: &str = "draws";

impl Measure {
    /// The same of observations whose numbers begin with this one instead of 0.
    #[must_use]
    pub fn of_observations_from(self, first: usize) -> Self {
        let within = |part: Box<Self>| Box::new(part.of_observations_from(first));
        match self {
            Self::Between(metric, number) => Self::Between(metric, first + number),
            Self::Largest(number) => Self::Largest(first + number),
            Self::Mean(number) => Self::Mean(first + number),
            Self::Unary(op, a) => Self::Unary(op, within(a)),
            Self::Binary(op, a, b) => Self::Binary(op, within(a), within(b)),
            Self::Order { of, parameter, values } => Self::Order { of: within(of), parameter, values },
            Self::Gradient(..) | Self::RowNorm(_) | Self::PrincipalAlignment(_) | Self::Number(_) => self,
        }
    }

    /// Whether it measures anything.
    pub fn measures(&self) -> bool {
        match self {
            Self::Number(_) => false,
            Self::Unary(_, a) => a.measures(),
            Self::Binary(_, a, b) => a.measures() || b.measures(),
            Self::Gradient(..)
            | Self::Between(..)
            | Self::Largest(_)
            | Self::Mean(_)
            | Self::RowNorm(_)
            | Self::PrincipalAlignment(_)
            | Self::Order { .. } => true,
        }
    }
}

/// How alike two lists of numbers are: `u`, and `v` as the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// `u·v / (|u| |v|)`
    Cosine,
    /// One minus the cosine, without cancellation.
    CosineDistance,
    /// The angle in degrees.
    Angle,
    /// `|u - v| / |v|`
    RelativeError,
    /// The factor that best scales `v` to `u`.
    Scale,
    /// The fraction of elements whose signs agree.
    SignAgreement,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Cosine,
        Self::CosineDistance,
        Self::Angle,
        Self::RelativeError,
        Self::Scale,
        Self::SignAgreement,
    ];

    /// Its name in a claim.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::CosineDistance => "cosine_distance",
            Self::Angle => "angle",
            Self::RelativeError => "relative_error",
            Self::Scale => "scale",
            Self::SignAgreement => "sign_agreement",
        }
    }
}

/// How a measured number compares with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==` within the tolerance
    Equal,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
        })
    }
}

impl Comparison {
    /// Whether a number satisfies it; NaN satisfies none (R14.5).
    pub fn holds(self, number: f64, bound: f64, tolerance: f64) -> bool {
        match self {
            Self::Less => number < bound,
            Self::LessEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterEqual => number >= bound,
            Self::Equal => (number - bound).abs() <= tolerance,
        }
    }
}
