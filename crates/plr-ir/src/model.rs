//! A rule on a network, as those who run it see it: its parameters, the programs it consists of, what each equation
//! may read, and what it claims.
//!
//! # Names
//!
//! | name | is |
//! |---|---|
//! | `W/input->h1` | the instance of synapse parameter `W` on the edge from `input` to `h1` |
//! | `b/h1` | the instance of unit parameter `b` in layer `h1`; `P.b/h1` in a named population |
//! | `data`, `target` | the minibatch, `real[batch, features]` and `real[batch, outputs]`, or with steps, [`Shape`] |
//! | `state/free/s/h1` | state `s` of layer `h1` at the end of phase `free` |
//! | `increment/W/input->h1`, `new/W/input->h1` | what one presentation adds to a parameter, and the parameter after it |
//! | `prediction`, `loss`, `cost` | per sample and output unit, per sample, and the mean over samples |
//! | `steps/free`, `residual/free` | how long a phase with a tolerance ran, and what it reached |

use std::fmt;
use std::ops::Range;

use crate::choices::Choices;
use crate::pass;
use crate::program::Program;
use crate::scalar::{BinaryOp, CompareOp, UnaryOp};
use crate::types::{Location, Precision, count};

/// A learned or fixed quantity of one site of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its full name, `W/input->h1` (R4.3).
    pub name: String,
    /// The name in the rule, `W`.
    pub group: String,
    /// The edge `input->h1` or the layer `h1`.
    pub site: String,
    /// The layer that owns it: a synapse belongs to its postsynaptic layer.
    pub layer: String,
    /// The dimensions: `[post, pre]` for a synapse, `[units]` for a unit parameter.
    pub dims: Vec<usize>,
    /// The value before the first update.
    pub init: Init,
    /// Whether some `learn` updates it.
    pub learned: bool,
    /// Whether it is a synapse's.
    pub synaptic: bool,
    /// The parameter that is 0 where there is none of it, if not everything is there (R4.11).
    pub mask: Option<String>,
}

/// The first value of a parameter. Numbers are drawn independently for each element unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Init {
    /// The same number everywhere.
    Constant(f64),
    /// Uniform between two bounds.
    Uniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Gaussian.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
    },
    /// 1 with this probability, otherwise 0.
    Bernoulli(f64),
    /// Of a matrix: random orthonormal rows, or columns if there are more rows than columns, all equally likely, times this.
    Orthogonal(f64),
    /// Of a matrix: 1 on the diagonal, 0 elsewhere.
    Identity,
    /// The first value of another parameter, or its transpose.
    Of {
        /// The other's full name, from which it draws its numbers.
        name: String,
        /// The other's extents.
        dims: Vec<usize>,
        /// The other's first value.
        init: Box<Init>,
        /// Whether its transpose is meant.
        transposed: bool,
    },
    /// What a rule says of a parameter of its own, within its constraints: another run's number may stand in its place.
    Own(Box<Init>),
    /// Along this axis these numbers, along all others the same.
    Along {
        /// The axis.
        axis: usize,
        /// As many as it is long.
        numbers: Vec<f64>,
    },
    /// A function of a first value, element by element.
    Unary(UnaryOp, Box<Init>),
    /// A function of two first values, element by element.
    Binary(BinaryOp, Box<Init>, Box<Init>),
    /// 1 where two first values compare so, else 0.
    Compare(CompareOp, Box<Init>, Box<Init>),
    /// The second first value where the first is not 0, else the third.
    Select(Box<[Init; 3]>),
}

impl Init {
    /// Whether another run's number may stand in the place of what a rule says; what filters remember begins anew.
    pub fn may_be_given(&self) -> bool {
        match self {
            Self::Own(_) => true,
            Self::Binary(_, a, _) => a.may_be_given(),
            Self::Constant(_)
            | Self::Uniform { .. }
            | Self::Normal { .. }
            | Self::Bernoulli(_)
            | Self::Orthogonal(_)
            | Self::Identity
            | Self::Of { .. }
            | Self::Along { .. }
            | Self::Unary(..)
            | Self::Compare(..)
            | Self::Select(_) => false,
        }
    }
}

/// Where in training a presentation is: the inputs of a program that are neither parameters nor samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Count {
    /// The number of the epoch, from 1.
    Epoch,
    /// The number of the minibatch in its epoch, from 1.
    Minibatch,
    /// How many minibatches the epoch has.
    Minibatches,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Epoch, Self::Minibatch, Self::Minibatches];

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|count| count.name() == name)
    }

    /// What rules and programs call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Minibatch => "minibatch",
            Self::Minibatches => "minibatches",
        }
    }
}

/// A state of one layer, or a trace of the synapses between two, that goes on from one presentation to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its name, `s/h1`, `W.e/input->h1`: an input of the programs marked ‡ of [`Piece`], and an output of [`Piece::Update`].
    pub name: String,
    /// The dimensions of what each sample, or place in the minibatch, has: the units, or the synapses.
    pub dims: Vec<usize>,
    /// The value with which a sample, or a place in the minibatch, begins its first presentation.
    pub first: f64,
    /// To which presentation it goes on.
    pub keeping: Keeping,
}

impl Kept {
    /// How many numbers each sample, or place in the minibatch, has.
    pub fn width(&self) -> usize {
        count(&self.dims)
    }

    /// The dimensions of those of so many samples or places.
    pub fn rows(&self, rows: usize) -> Vec<usize> {
        std::iter::once(rows).chain(self.dims.iter().copied()).collect()
    }
}

/// To which presentation a state goes on from this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// To the next one of the same sample.
    Sample,
    /// To the next one at the same place in a minibatch.
    Place,
}

/// The programs a rule on a network consists of. All take the parameters and `data`; those marked † take `target` too, and
/// those marked ‡ also what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// ‡ One presentation: the learned parameters and kept states after it, under their own names, and `steps/…`,
    /// `residual/…`.
    Update,
    /// ‡ One presentation with everything inside: `state/…`, `increment/…`, `new/…`, `steps/…`, `residual/…`.
    Probe,
    /// The presentation up to what the prediction needs: `prediction`.
    Predict,
    /// † As `Predict`, and `loss`.
    Evaluate,
    /// ‡ The presentation up to the end of a phase, from the phase's position in the rule: `cost`.
    Cost(usize),
    /// ‡ As `Cost`, with the values that gradients do not flow through detached.
    CutCost(usize),
    /// ‡ The presentation up to the end of a phase that writes a state, by its position among all variables, with `nudge/x/h1`
    /// added wherever it does: `prediction`, to which `nudge` is added, and its `loss`.
    Nudged {
        /// The state.
        state: usize,
        /// The phase.
        phase: usize,
    },
    /// ‡ One step of a phase from given states: inputs `state/s/h1` for every state the phase moves, outputs the same
    /// names after the step, `cost` of the *given* states, and the largest change as `residual`.
    Step(usize),
    /// † One equation alone, from given states, stored states and parameters: `value`. See [`Equation`].
    Equation(usize),
    /// ‡ The presentation up to the end of a phase, and there the sum over units and layers of a unit's expression that a
    /// check observes, by the observation's number: `cost`, its mean over samples. What is held is detached.
    Objective {
        /// The observation's number.
        observation: usize,
        /// The phase.
        phase: usize,
        /// What is held.
        holding: Holding,
        /// Whether gradients do not flow where the rule or the expression cuts them.
        cut: bool,
    },
    /// ‡ The presentation without learning, and what a check observes at its end, by the observation's number:
    /// `first/W/input->h1` for every site and, where two values are compared, `second/…` of the same shape. Where it looks
    /// at increments, all of them are inputs, `increment/…`.
    Observe(usize),
}

/// A rule specialised to a network, hyper-parameters and cost: what a session runs and a check examines.
pub trait Model {
    /// The rule's name.
    fn name(&self) -> &str;
    /// Everything that is kept between presentations, in a fixed order.
    fn parameters(&self) -> &[Parameter];
    /// The states and traces that go on from one presentation to another, in a fixed order.
    fn kept(&self) -> &[Kept];
    /// What a sample is.
    fn shape(&self) -> Shape;
    /// The names of the phases in order.
    fn phases(&self) -> &[String];
    /// Every equation on every layer or edge.
    fn equations(&self) -> &[Equation];
    /// What synapses keep of each sample of a minibatch, and what is stored of each step of a phase: names with dimensions. All
    /// are there at once.
    fn traces(&self, batch: usize) -> Vec<(String, Vec<usize>)>;
    /// A program for minibatches of `batch` samples, optimised; `None` if the rule has no such piece
    /// (a rule without `predict` has no prediction, cost or loss).
    fn program(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program>;
    /// As `program`, without [`Op::Map`](crate::Op::Map).
    fn unfused(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program>;
    /// Optimises a program made of [`Self::unfused`] ones, as [`Self::program`] does.
    fn optimise(&self, program: &mut Program) {
        pass::optimise(program, pass::Options::default());
    }
    /// How its programs are to be compiled.
    fn choices(&self) -> Choices {
        Choices::default()
    }
}

/// What the samples of a rule on a network are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The number of features of the input.
    pub features: usize,
    /// The number of units of the output layer.
    pub outputs: usize,
    /// For a rule that has a phase over time.
    pub sequence: Option<Sequence>,
}

/// How a sample is presented over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// For how many steps, at least 1.
    pub steps: u32,
    /// Whether each step has features of its own.
    pub data: bool,
    /// Whether each step has a target of its own.
    pub target: bool,
}

impl Shape {
    /// The dimensions of `data`: `[batch, features]`, or `[batch, steps, features]`.
    pub fn data(&self, batch: usize) -> Vec<usize> {
        let steps = self.sequence.filter(|s| s.data).map(|s| s.steps as usize);
        [Some(batch), steps, Some(self.features)].into_iter().flatten().collect()
    }

    /// The dimensions of `target`: `[batch, outputs]`, or `[batch, steps, outputs]`.
    pub fn target(&self, batch: usize) -> Vec<usize> {
        let steps = self.sequence.filter(|s| s.target).map(|s| s.steps as usize);
        [Some(batch), steps, Some(self.outputs)].into_iter().flatten().collect()
    }
}

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

/// One equation of the rule at one layer or edge, with all that it may read according to the locality audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// What it computes and where, for people: `infer: x at h1`, `learn: W at input->h1`.
    pub name: String,
    /// Whose result `value` is: one per sample and unit `[batch, units]`, or, for plasticity, one per synapse
    /// `[post, pre]` or unit `[units]`, reduced over the batch.
    pub owner: Owner,
    /// The inputs of its program that it may read, and which of their elements; everything else must not matter.
    pub reads: Vec<Reading>,
    /// Where it stands.
    pub location: Location,
}

/// Who evaluates an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A unit: the dynamics of a state.
    Unit,
    /// A synapse: the plasticity of a weight.
    Synapse,
    /// A unit: the plasticity of its own parameter.
    UnitParameter,
}

/// One input of an equation.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The input's name: `s/h1`, `s/h1@free`, `W/input->h1`, `data`, `target`.
    pub input: String,
    /// The elements read by the owner: by unit `i`, or by the synapse from unit `j` to unit `i`.
    pub pattern: Pattern,
    /// The units that the pattern is about, if they are not all that the input has.
    pub part: Option<Range<usize>>,
}

/// Which elements of an input the owner reads. Samples never see each other except with [`Pattern::Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Element `i`: the owner's own unit, or the postsynaptic one.
    Own,
    /// Element `j`: the presynaptic unit.
    Presynaptic,
    /// Some units near the owner: those of a group of channels at its place, or those of another population that belong to it, or
    /// to which it belongs. They are the units at its place whose channel, divided by `theirs`, is the owner's, divided by `own`.
    Near {
        /// Of how many channels the owner's is one that all read the same.
        own: usize,
        /// How many channels they read.
        theirs: usize,
        /// How many units a channel has.
        places: usize,
    },
    /// All units of a layer, through synapses or a layer-wide reduction.
    Layer,
    /// Row `i` of a matrix: the synapses that end here.
    Row,
    /// Column `i` of a matrix: the synapses that leave here.
    Column,
    /// Element `(i, j)` of a matrix: this synapse.
    Entry,
    /// Element `(j, i)` of a matrix: the reciprocal synapse.
    Reciprocal,
    /// Every element of a matrix, or every unit of a layer, of the same sample: what reaches the owner through another
    /// unit that reads its own part of it.
    All,
    /// Every element, of all samples too.
    Batch,
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
