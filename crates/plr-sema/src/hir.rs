//! A rule with every name resolved: what the audit reads and what lowering walks.
//!
//! Places are relative ("the sender", "the postsynaptic unit"): nothing here knows a network. Expressions form a tree;
//! calls of user functions are kept as calls, so that an argument is written and evaluated once.

use plr_ir::geometry::Grid;
use plr_ir::model::Count;
use plr_ir::program::{Law, ReduceKind};
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_syntax::ast::{BatchReduction, Direction, Keeping, Occasion, Role};
use plr_syntax::span::Span;

use crate::resolve::{Constants, Library, constant};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub usize);
    };
}

id!(
    /// Position in [`Rule::hyper_parameters`].
    HyperId
);
id!(
    /// Position in [`Rule::populations`].
    PopulationId
);
id!(
    /// Position in [`Rule::variables`].
    VariableId
);
id!(
    /// Position in [`Rule::synapses`].
    SynapseId
);
id!(
    /// Position in [`Rule::signals`].
    SignalId
);
id!(
    /// Position in [`Rule::phases`].
    PhaseId
);
id!(
    /// Position in [`Rule::plasticity`].
    PlasticityId
);
id!(
    /// Position in the list of filters of a file, those of the library first.
    FilterId
);
id!(
    /// Position in the list of functions of a file, the prelude's first.
    FunctionId
);

impl PopulationId {
    /// No population of the rule: the units of a layer as the network has them, which are told the sample.
    pub const LAYER: Self = Self(usize::MAX);
}

/// A resolved rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// The numbers in its head.
    pub hyper_parameters: Vec<HyperParameter>,
    /// The licences in its head.
    pub licences: Vec<(Licence, Span)>,
    /// Its populations.
    pub populations: Vec<Population>,
    /// The variables of all populations.
    pub variables: Vec<Variable>,
    /// Its synapses.
    pub synapses: Vec<Synapse>,
    /// Its global signals.
    pub signals: Vec<Signal>,
    /// Its phases, in the order of the text.
    pub phases: Vec<Phase>,
    /// Its plasticity, in the order of the text.
    pub plasticity: Vec<Plasticity>,
    /// One presentation: what happens, in the order of the text.
    pub script: Vec<Act>,
    /// What it predicts.
    pub predict: Option<Predict>,
    /// The values of its hyper-parameters, by which populations have their sizes: those of its head or, in a setting, others.
    pub constants: Constants,
}

impl Rule {
    /// Whether a phase of it goes through the steps of a sample.
    pub fn over_time(&self) -> bool {
        self.phases.iter().any(|phase| phase.over_time)
    }

    /// `W`, or `W.m` of a number that `W` has beside its weight (R4.3).
    pub fn synapse_name(&self, synapse: SynapseId) -> String {
        let declared = &self.synapses[synapse.0];
        match declared.beside {
            Some(weight) => format!("{}.{}", self.synapses[weight.0].name, declared.name),
            None => declared.name.clone(),
        }
    }

    /// What a part of a layer is here.
    pub fn share(&self, part: &Part, library: &Library) -> Share {
        match part {
            Part::Channels => Share::Channels,
            Part::Places => Share::Places,
            Part::Synapses(_, end) => Share::Synapses(*end),
            Part::Groups(size) => Share::Groups {
                size: constant(size, &self.constants, library).unwrap_or(f64::NAN),
                at: size.span,
            },
        }
    }

    /// Whether several units of one population belong to each unit of another (R5.22).
    pub fn belongs(&self, member: PopulationId, owner: PopulationId) -> bool {
        let Size::Times(layer, _) = self.size(member) else { return false };
        match self.size(owner) {
            Size::Layer => layer == Relative::Own,
            Size::Like(other) => layer == other,
            Size::Times(..) | Size::Count(_) => false,
        }
    }

    /// Whether something is declared `fixed` (R4.5).
    pub fn is_fixed(&self, learned: Learned) -> bool {
        match learned {
            Learned::Synapse(synapse) => self.synapses[synapse.0].fixed.is_some(),
            Learned::Unit(variable) => self.variables[variable.0].fixed.is_some(),
        }
    }

    /// The synapse itself of one of its quantities.
    pub fn weight_of(&self, synapse: SynapseId) -> SynapseId {
        self.synapses[synapse.0].beside.unwrap_or(synapse)
    }
}

/// What a check looks at.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Whose it is: each synapse's, or each unit's that has the variable.
    pub owner: Learned,
    /// One value, or two to be compared.
    pub values: Vec<Expr>,
    /// The phase of whose end it is the objective; what a claim looks at is that at the end of the presentation.
    pub objective: Option<PhaseId>,
}

impl Observed {
    /// What the states say in it: with 1 for each number of a synapse or unit itself that stands in it.
    pub fn of_states(&self, rule: &Rule) -> Self {
        let mut found = self.clone();
        found.values.iter_mut().for_each(|value| value.without_parameters(rule));
        found
    }
}

/// A part of a presentation.
#[derive(Clone, Debug)]
pub enum Act {
    /// A phase runs.
    Run(PhaseId),
    /// Parameters learn, all from their values before.
    Learn(Vec<PlasticityId>),
}

/// A number in a rule's head.
#[derive(Clone, Debug)]
pub struct HyperParameter {
    /// Its name.
    pub name: String,
    /// Its default; may use the hyper-parameters before it.
    pub default: Expr,
    /// Where it is declared.
    pub span: Span,
}

/// Permission for a kind of non-local read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Licence {
    /// Reading synapses backwards that are not `symmetric`.
    WeightTransport,
    /// Reading, in a synapse's equation, the weight of another synapse.
    OtherSynapse,
    /// Reductions over the samples of a minibatch in an equation.
    BatchStatistics,
    /// Values of each step of an earlier phase.
    StoredTrajectory,
}

impl Licence {
    /// All licences.
    pub const ALL: [Self; 4] =
        [Self::WeightTransport, Self::OtherSynapse, Self::BatchStatistics, Self::StoredTrajectory];

    /// Its name after `allow`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WeightTransport => "weight_transport",
            Self::OtherSynapse => "other_synapse",
            Self::BatchStatistics => "batch_statistics",
            Self::StoredTrajectory => "stored_trajectory",
        }
    }
}

/// A population that exists once in every layer (R3.1).
#[derive(Clone, Debug)]
pub struct Population {
    /// Its name; `None` for the only, unnamed one.
    pub name: Option<String>,
    /// How many units it has.
    pub size: Size,
    /// The number that is written in its size, a constant.
    pub number: Option<Expr>,
    /// Where it is declared.
    pub span: Span,
}

/// How many units a population has in a layer (R3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As many as the layer.
    Layer,
    /// As many as another layer.
    Like(Relative),
    /// So many times as many as a layer.
    Times(Relative, usize),
    /// That many.
    Count(usize),
}

/// A variable of a population.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub population: PopulationId,
    /// What it is.
    pub kind: VariableKind,
    /// It is a `param` that is not learned.
    pub fixed: Option<Span>,
    /// It is a `state` that goes on to another presentation (R3.11).
    pub kept: Option<Keeping>,
    /// Where its name is declared.
    pub span: Span,
}

/// What a variable is.
#[derive(Clone, Debug)]
pub enum VariableKind {
    /// One value per unit and sample; reset to the given constant at the start of a presentation if there is one.
    State(Option<Expr>),
    /// Definitions, each for the layers of a role or for all; the first that fits a layer holds there.
    Let(Vec<(Option<Role>, Expr)>),
    /// One value per unit, kept between presentations (R3.7).
    Param(Initialiser),
}

/// A projection.
#[derive(Clone, Debug)]
pub struct Synapse {
    /// Its name.
    pub name: String,
    /// The presynaptic side.
    pub from: Endpoint,
    /// The postsynaptic side.
    pub to: Endpoint,
    /// The law of its first weights.
    pub init: Initialiser,
    /// It is not learned.
    pub fixed: Option<Span>,
    /// It is one physical, bidirectional synapse (R4.6).
    pub symmetric: Option<Span>,
    /// Each unit is joined with the one in its place only (R4.9).
    pub one_to_one: bool,
    /// The rows, and columns, of its kernel, if it has one of its own (R4.16).
    pub kernel: Option<usize>,
    /// It transmits what was there before the step (R20.5).
    pub delayed: bool,
    /// The synapse of which this is a further quantity, beside the weight.
    pub beside: Option<SynapseId>,
    /// It is one number for each synapse and sample, which begins a presentation with this constant (R20.9).
    pub trace: Option<Expr>,
    /// It is a trace that goes on to another presentation (R20.13).
    pub kept: Option<Keeping>,
    /// Where its weights stay, constants.
    pub bounds: Option<(Expr, Expr)>,
    /// The quantity beside it that its weights are multiplied by whenever they are set (R4.11).
    pub mask: Option<SynapseId>,
    /// Where its name is declared.
    pub span: Span,
}

/// One side of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The layer, relative to the projection's own.
    pub layer: Relative,
    /// The population there.
    pub population: PopulationId,
}

/// A layer, relative to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relative {
    /// The layers that send forward edges here.
    Below,
    /// The layers that receive forward edges from here.
    Above,
    /// The same layer.
    Own,
    /// The network's input layer.
    Input,
    /// The network's output layer.
    Output,
}

impl Relative {
    /// All of them.
    const ALL: [Self; 5] = [Self::Below, Self::Above, Self::Own, Self::Input, Self::Output];

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relative| relative.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::Above => "above",
            Self::Own => "self",
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// The first value of a parameter; fan-in and fan-out are those of the instance (R4.4).
#[derive(Clone, Debug)]
pub enum Initialiser {
    /// The same number everywhere.
    Constant(Expr),
    /// `normal(deviation)`
    Normal(Expr),
    /// `uniform(low, high)`
    Uniform(Expr, Expr),
    /// `glorot()`: uniform on ±sqrt(6 / (fan-in + fan-out)) (Glorot & Bengio 2010, eq. 16).
    Glorot,
    /// `he()`: Gaussian of deviation sqrt(2 / fan-in) (He et al. 2015, eq. 10).
    He,
    /// `bernoulli(p)`
    Bernoulli(Expr),
    /// `orthogonal(gain)`: random orthonormal rows or columns (Saxe et al. 2014), times a gain.
    Orthogonal(Expr),
    /// `identity()`
    Identity,
    /// The first value of the synapse between the same two groups of an earlier projection (R4.10).
    Weight {
        /// The projection.
        synapse: SynapseId,
        /// The reciprocal one is meant.
        transposed: bool,
        /// Where it is read.
        span: Span,
    },
    /// The first value of an earlier `param` of the same unit.
    Param(VariableId),
    /// Where a unit is in its layer: the parameter's own, or an end of the synapse (R4.13).
    Coordinate {
        /// Which unit.
        place: Place,
        /// What is asked.
        coordinate: Coordinate,
        /// Where it is read.
        span: Span,
    },
    /// A function of a first value.
    Unary(UnaryOp, Box<Initialiser>),
    /// A function of two first values.
    Binary(BinaryOp, Box<Initialiser>, Box<Initialiser>),
    /// 1 where two first values compare so, else 0.
    Compare(CompareOp, Box<Initialiser>, Box<Initialiser>),
    /// The second first value where the first is not 0, else the third.
    Select(Box<[Initialiser; 3]>),
}

impl Initialiser {
    /// Its direct parts: constants, and first values of which it is a function.
    pub fn parts(&self) -> (Vec<&Expr>, Vec<&Self>) {
        match self {
            Self::Constant(e) | Self::Normal(e) | Self::Bernoulli(e) | Self::Orthogonal(e) => {
                (vec![e], Vec::new())
            }
            Self::Uniform(a, b) => (vec![a, b], Vec::new()),
            Self::Glorot
            | Self::He
            | Self::Identity
            | Self::Weight { .. }
            | Self::Param(_)
            | Self::Coordinate { .. } => (Vec::new(), Vec::new()),
            Self::Unary(_, a) => (Vec::new(), vec![a]),
            Self::Binary(_, a, b) | Self::Compare(_, a, b) => (Vec::new(), vec![a, b]),
            Self::Select(parts) => (Vec::new(), parts.iter().collect()),
        }
    }
}

/// A global scalar per sample (R10.1).
#[derive(Clone, Debug)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// Its definition, over the input and output layers.
    pub value: Expr,
    /// Where its name is declared.
    pub span: Span,
}

/// A stretch of dynamics.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// How many steps, at most.
    pub steps: Expr,
    /// Stop when the largest change of a state in a step is less.
    pub until: Option<Expr>,
    /// Start from the states at the end of that phase.
    pub from: Option<PhaseId>,
    /// A step for each step of the sample (R20.1).
    pub over_time: bool,
    /// From the last step to the first (R20.14).
    pub reversed: bool,
    /// How long a step takes.
    pub dt: Option<Expr>,
    /// How rates become steps.
    pub integrator: Integrator,
    /// One step.
    pub body: Vec<Statement>,
    /// Where its name stands.
    pub span: Span,
}

/// How `dx/dt = …` is stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Integrator {
    /// `x + dt k(x)`
    #[default]
    Euler,
    /// `x + dt/2 (k₁ + k₂)`: `k₂` after a full Euler step.
    Heun,
    /// The classical method of order four.
    RungeKutta,
}

impl Integrator {
    /// How often a step evaluates a rate.
    pub fn stages(self) -> u64 {
        match self {
            Self::Euler => 1,
            Self::Heun => 2,
            Self::RungeKutta => 4,
        }
    }
}

/// A statement of a phase.
#[derive(Clone, Debug)]
pub enum Statement {
    /// Hold a variable at a value until it is released.
    Clamp(Dynamics),
    /// Let a variable move again.
    Release {
        /// The layers; all if absent.
        role: Option<Role>,
        /// The variable.
        variable: VariableId,
    },
    /// An equation that reads the values before the step.
    Equation(Dynamics),
    /// Plasticity at every step.
    Learn(Vec<PlasticityId>),
    /// An equation of a trace, which reads the values before the step.
    Trace(Tracing),
    /// Equations, layer by layer, each reading what was just written.
    Sweep(Direction, Vec<Dynamics>),
    /// Statements, one after the other, each reading what was just written.
    InTurn(Vec<Statement>),
}

/// `role variable = value`
#[derive(Clone, Debug)]
pub struct Dynamics {
    /// The layers; all if absent.
    pub role: Option<Role>,
    /// What is written; a state.
    pub variable: VariableId,
    /// The new value; of a rate, the one after a step of Euler's method.
    pub value: Expr,
    /// `dx/dt`, if the equation gives that.
    pub rate: Option<Expr>,
    /// The whole equation.
    pub span: Span,
}

/// `trace = value`
#[derive(Clone, Debug)]
pub struct Tracing {
    /// The layers where the synapses end; all if absent.
    pub role: Option<Role>,
    /// What is written.
    pub trace: SynapseId,
    /// The new value.
    pub value: Expr,
    /// The whole equation.
    pub span: Span,
}

/// What a plasticity equation changes (R8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Learned {
    /// A weight.
    Synapse(SynapseId),
    /// A unit parameter.
    Unit(VariableId),
}

/// `W += value`
#[derive(Clone, Debug)]
pub struct Plasticity {
    /// The layers that own what changes; all if absent.
    pub role: Option<Role>,
    /// What changes.
    pub target: Learned,
    /// What is added: the reduction over samples of this.
    pub increment: Expr,
    /// It is written as what the parameter is to become, `W = value`.
    pub sets: bool,
    /// Where this is false, nothing changes; one number for all samples and sites.
    pub when: Option<Expr>,
    /// How samples combine.
    pub reduction: BatchReduction,
    /// The whole equation.
    pub span: Span,
}

/// `predict value after phase`, and other occasions
#[derive(Clone, Debug)]
pub struct Predict {
    /// The prediction, at the output units.
    pub value: Expr,
    /// The last phase that is run.
    pub after: PhaseId,
    /// When it is made.
    pub occasion: Occasion,
    /// The whole clause.
    pub span: Span,
}

/// A resolved expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// Wherever they stand.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// Where a variable is read, relative to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The reader's own unit (in a unit's equation).
    Own,
    /// The presynaptic unit (in a synapse's equation).
    Pre,
    /// The postsynaptic unit (in a synapse's equation).
    Post,
    /// The unit at the other end of the synapses being summed (inside `W @ …`).
    Sender,
    /// The input layer (in a signal or a prediction).
    Input,
    /// The output layer (in a signal or a prediction).
    Output,
    /// Each hidden layer in turn (in a reduction of a signal or a prediction).
    Hidden,
}

/// Where a unit is in its layer (R5.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coordinate {
    /// Its place among all units, from 0.
    Index,
    /// Its channel.
    Channel,
    /// Its row.
    Row,
    /// Its column.
    Column,
}

impl Coordinate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Index, Self::Channel, Self::Row, Self::Column];

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coordinate| coordinate.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Channel => "channel",
            Self::Row => "row",
            Self::Column => "column",
        }
    }

    /// Of a unit of a layer with these channels, rows and columns; without them each unit is a channel.
    pub fn of(self, unit: usize, space: Option<Grid>) -> usize {
        let (height, width) = space.map_or((1, 1), |space| (space.height, space.width));
        match self {
            Self::Index => unit,
            Self::Channel => unit / (height * width),
            Self::Row => unit / width % height,
            Self::Column => unit % width,
        }
    }
}

/// A moment that is over when a value of it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Past {
    /// The phase of which it is the end.
    pub phase: PhaseId,
    /// It is the end of the phase's step of the same time instead (R20.15).
    pub at_time: bool,
}

impl Past {
    /// The end of a phase.
    pub fn end(phase: PhaseId) -> Self {
        Self { phase, at_time: false }
    }

    /// `free`, `forward at time`
    pub fn name(self, rule: &Rule) -> String {
        let at_time = if self.at_time { " at time" } else { "" };
        format!("{}{at_time}", rule.phases[self.phase.0].name)
    }
}

/// The kinds of resolved expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number.
    Number(f64),
    /// A hyper-parameter of the rule.
    Hyper(HyperId),
    /// A variable of a unit, now or at the end of a phase.
    Variable {
        /// Which unit's.
        place: Place,
        /// Which variable.
        variable: VariableId,
        /// When; now if absent.
        past: Option<Past>,
    },
    /// Where a unit is in its layer.
    Coordinate {
        /// Its population.
        population: PopulationId,
        /// Which unit.
        place: Place,
        /// What is asked.
        coordinate: Coordinate,
    },
    /// A weight: this synapse's own, or another's between the same two units.
    Weight {
        /// Which synapse's.
        synapse: SynapseId,
        /// Read from the other orientation.
        transposed: bool,
    },
    /// In the equation of a synapse, its trace, now or in the past.
    Trace(SynapseId, Option<Past>),
    /// What arrives through all instances of a synapse that end here, or, transposed, of those that leave here.
    Arrive {
        /// Through which synapse.
        synapse: SynapseId,
        /// Against its direction.
        transposed: bool,
        /// How what its synapses make is taken together.
        together: ReduceKind,
        /// What each synapse multiplies by, in the words of its own equations; no weight in it is transposed.
        weight: Box<Expr>,
        /// What the sender sends; its variables have [`Place::Sender`].
        sent: Box<Expr>,
    },
    /// A global signal, now or in the past.
    Signal(SignalId, Option<Past>),
    /// The input of the sample at this unit (input units only).
    Data,
    /// The target of the sample at this unit (output units only).
    Target,
    /// `f(x)` or `f'(x)`: the activation of the layer whose variable `x` is.
    Activation {
        /// The derivative.
        primed: bool,
        /// Its argument.
        argument: Box<Expr>,
    },
    /// The cost or its derivative at this output unit.
    Cost {
        /// The derivative.
        primed: bool,
        /// The argument is the unit's drive (`cost`), not its activity (`loss`).
        of_drive: bool,
        /// Its argument.
        argument: Box<Expr>,
    },
    /// A function of the file or the prelude.
    Call {
        /// Which.
        function: FunctionId,
        /// The derivative with respect to the first argument.
        primed: bool,
        /// As many as the function has.
        arguments: Vec<Expr>,
        /// One for each setting of the function, in its order; `None` for the default.
        settings: Vec<Option<Expr>>,
    },
    /// Inside a function or cost: its positional argument.
    Argument(usize),
    /// Inside a function: its setting.
    Setting(usize),
    /// A scalar operation.
    Unary(UnaryOp, Box<Expr>),
    /// A scalar operation.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A comparison; a number, 1 or 0, unless it is a condition.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `a and b`
    And(Box<Expr>, Box<Expr>),
    /// `a or b`
    Or(Box<Expr>, Box<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// In plasticity: an increment, reduced over samples, through a filter.
    Filtered {
        /// Which filter; `None` for the one that the experiment chooses.
        filter: Option<FilterId>,
        /// One for each setting of the filter, in its order; `None` for the default.
        settings: Vec<Option<Expr>>,
        /// The increment.
        increment: Box<Expr>,
        /// Where the call stands, which tells its memory from that of others.
        place: u32,
    },
    /// The number of this presentation, from 1.
    Updates,
    /// Where in training this presentation is.
    Count(Count),
    /// In a phase the number of the step, from 0, or the number of steps.
    Time {
        /// Which phase; in a definition the one in which it is read.
        phase: Option<PhaseId>,
        /// The number of steps.
        whole: bool,
    },
    /// How far the layer is from the input or, otherwise, from the output: the longest way along forward edges. A synapse's is
    /// that of the layer it ends in.
    Distance {
        /// From the input.
        from_input: bool,
    },
    /// A fresh random number for each unit (or synapse) and sample, at each step.
    Draw(Law),
    /// A reduction over the units of the layer whose variables the argument has.
    Layer(Reduction, Box<Expr>),
    /// The rank of each unit of that layer by the argument.
    Rank(Box<Expr>),
    /// The argument; where a reference is cut, no gradient flows through it (R20.12).
    Cut(Box<Expr>),
    /// In a check: what a presentation adds to the parameter that the argument is.
    Increment(Box<Expr>),
    /// The sum over the units of a layer, or over the synapses from one unit, up to the evaluator's own (R5.15).
    RunningSum(Box<Expr>),
    /// A reduction, a rank, a running sum, or a function of these, over a part of the layer.
    Over(Part, Box<Expr>),
    /// What the units that belong to the evaluator make together, or what the unit has to which it belongs (R5.22).
    Beside {
        /// The population of these units, in the evaluator's layer.
        population: PopulationId,
        /// How those that belong to the evaluator are taken together; nothing if it belongs to the other.
        together: Option<Reduction>,
        /// What each of them has; its variables have [`Place::Sender`].
        value: Box<Expr>,
    },
    /// A reduction over the samples of the minibatch.
    Batch(Reduction, Box<Expr>),
    /// The argument in the sample before, for the first one in the last (R5.18).
    Shift(Box<Expr>),
    /// The argument in another sample, in an order that is drawn (R5.20).
    Shuffle(Box<Expr>),
    /// The smallest count that is as probable as the first, or less, under Poisson's law with the second as its rate (R11.8).
    PoissonQuantile(Box<Expr>, Box<Expr>),
}

/// The units of a layer with which one is reduced and ranked (R5.19, R5.21), as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The channels of its place.
    Channels,
    /// The places of its channel.
    Places,
    /// So many channels of its place, of which it is one; a constant.
    Groups(Box<Expr>),
    /// Not of a layer: the synapses of this one that end in the same unit or, if it is [`Place::Pre`], leave the same (R5.24).
    Synapses(SynapseId, Place),
}

impl Part {
    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "channels" => Some(Self::Channels),
            "places" => Some(Self::Places),
            _ => None,
        }
    }
}

/// The units of a layer with which one is reduced and ranked, in a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Share {
    /// All of them.
    #[default]
    Layer,
    /// The channels of its place.
    Channels,
    /// The places of its channel.
    Places,
    /// So many channels of its place.
    Groups {
        /// How many; whether there are groups of that size is another question.
        size: f64,
        /// Where it is written.
        at: Span,
    },
    /// The synapses that have the same unit at that end.
    Synapses(Place),
}

/// Reductions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

impl Expr {
    /// The synaptic quantities, traces among them, that an expression reads as numbers.
    pub fn weights(&self) -> Vec<SynapseId> {
        if let ExprKind::Weight { synapse, .. } | ExprKind::Trace(synapse, _) = self.kind {
            return vec![synapse];
        }
        let mut found = Vec::new();
        self.for_each_child(|child| found.extend(child.weights()));
        found.sort();
        found.dedup();
        found
    }

    /// The first variable that belongs to the evaluator or a place it names, and where. What arrives belongs to whoever
    /// evaluates it, not to the senders.
    pub fn first_variable(&self) -> Option<(Place, VariableId)> {
        if let ExprKind::Variable { place, variable, .. } = self.kind {
            return Some((place, variable));
        }
        if let ExprKind::Arrive { .. } | ExprKind::Beside { .. } = self.kind {
            return None;
        }
        let mut found = None;
        self.for_each_child(|child| found = found.or_else(|| child.first_variable()));
        found
    }

    /// Calls `visit` on the direct sub-expressions, not on definitions behind names.
    pub fn for_each_child<'a>(&'a self, mut visit: impl FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Number(_)
            | ExprKind::Hyper(_)
            | ExprKind::Variable { .. }
            | ExprKind::Weight { .. }
            | ExprKind::Trace(..)
            | ExprKind::Signal(..)
            | ExprKind::Data
            | ExprKind::Target
            | ExprKind::Argument(_)
            | ExprKind::Setting(_)
            | ExprKind::Updates
            | ExprKind::Count(_)
            | ExprKind::Time { .. }
            | ExprKind::Distance { .. }
            | ExprKind::Coordinate { .. }
            | ExprKind::Draw(_) => {}
            ExprKind::Filtered { settings, increment, .. } => {
                settings.iter().flatten().for_each(&mut visit);
                visit(increment);
            }
            ExprKind::Arrive { weight, sent, .. } => [weight, sent].into_iter().for_each(|e| visit(e)),
            ExprKind::Activation { argument, .. } | ExprKind::Cost { argument, .. } => visit(argument),
            ExprKind::Call { arguments, settings, .. } => {
                arguments.iter().chain(settings.iter().flatten()).for_each(visit)
            }
            ExprKind::Unary(_, a)
            | ExprKind::Not(a)
            | ExprKind::Layer(_, a)
            | ExprKind::Rank(a)
            | ExprKind::Cut(a)
            | ExprKind::Increment(a)
            | ExprKind::RunningSum(a)
            | ExprKind::Batch(_, a)
            | ExprKind::Shift(a)
            | ExprKind::Shuffle(a)
            | ExprKind::Beside { value: a, .. } => visit(a),
            ExprKind::Over(part, a) => {
                if let Part::Groups(size) = part {
                    visit(size);
                }
                visit(a);
            }
            ExprKind::Binary(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::PoissonQuantile(a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b) => {
                visit(a);
                visit(b);
            }
            ExprKind::If(c, a, b) => [c, a, b].into_iter().for_each(|e| visit(e)),
        }
    }

    /// Puts 1 for each weight, increment and parameter that is not of what arrives.
    fn without_parameters(&mut self, rule: &Rule) {
        if matches!(self.kind, ExprKind::Arrive { .. } | ExprKind::Beside { .. }) {
            return;
        }
        let parameter = if let ExprKind::Variable { variable, .. } = &self.kind {
            matches!(rule.variables[variable.0].kind, VariableKind::Param(_))
        } else {
            matches!(self.kind, ExprKind::Weight { .. } | ExprKind::Increment(_))
        };
        if parameter {
            self.kind = ExprKind::Number(1.0);
        }
        self.for_each_child_mut(|child| child.without_parameters(rule));
    }

    /// Calls `visit` on the direct sub-expressions, to change them.
    pub fn for_each_child_mut(&mut self, mut visit: impl FnMut(&mut Expr)) {
        match &mut self.kind {
            ExprKind::Number(_)
            | ExprKind::Hyper(_)
            | ExprKind::Variable { .. }
            | ExprKind::Weight { .. }
            | ExprKind::Trace(..)
            | ExprKind::Signal(..)
            | ExprKind::Data
            | ExprKind::Target
            | ExprKind::Argument(_)
            | ExprKind::Setting(_)
            | ExprKind::Updates
            | ExprKind::Count(_)
            | ExprKind::Time { .. }
            | ExprKind::Distance { .. }
            | ExprKind::Coordinate { .. }
            | ExprKind::Draw(_) => {}
            ExprKind::Filtered { settings, increment, .. } => {
                settings.iter_mut().flatten().for_each(&mut visit);
                visit(increment);
            }
            ExprKind::Arrive { weight, sent, .. } => [weight, sent].into_iter().for_each(|e| visit(e)),
            ExprKind::Activation { argument, .. } | ExprKind::Cost { argument, .. } => visit(argument),
            ExprKind::Call { arguments, settings, .. } => {
                arguments.iter_mut().chain(settings.iter_mut().flatten()).for_each(visit)
            }
            ExprKind::Unary(_, a)
            | ExprKind::Not(a)
            | ExprKind::Layer(_, a)
            | ExprKind::Rank(a)
            | ExprKind::Cut(a)
            | ExprKind::Increment(a)
            | ExprKind::RunningSum(a)
            | ExprKind::Batch(_, a)
            | ExprKind::Shift(a)
            | ExprKind::Shuffle(a)
            | ExprKind::Beside { value: a, .. } => visit(a),
            ExprKind::Over(part, a) => {
                if let Part::Groups(size) = part {
                    visit(size);
                }
                visit(a);
            }
            ExprKind::Binary(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::PoissonQuantile(a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b) => {
                visit(a);
                visit(b);
            }
            ExprKind::If(c, a, b) => [c, a, b].into_iter().for_each(|e| visit(e)),
        }
    }
}

/// A function of the file or the prelude.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// How many positional arguments it has.
    pub arguments: usize,
    /// Its settings with their defaults, constants.
    pub settings: Vec<(String, Expr)>,
    /// Its value.
    pub body: Expr,
    /// Its derivative with respect to the first argument.
    pub derivative: Option<Expr>,
    /// Whether gradients take that for the derivative whatever the value does (R20.11).
    pub surrogate: bool,
    /// Whether it or its derivative reads the whole layer (a reduction, a rank, or a function that has one).
    pub layer_wide: bool,
    /// Of each such reduction the arguments that it reduces.
    pub reduced: Vec<Vec<usize>>,
    /// Whether it draws random numbers.
    pub draws: bool,
    /// How many operations it is, calls written out.
    pub size: u64,
    /// Where its name stands; `None` in the prelude.
    pub span: Option<Span>,
}

/// A filter of the file or the library: what becomes of an increment, with a memory of its own for each parameter
/// that is filtered. In its expressions argument 0 is the increment, then come the memories, then the number of the
/// presentation.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// Its settings with their defaults, constants.
    pub settings: Vec<(String, Expr)>,
    /// Its memories with their first values, constants.
    pub memories: Vec<(String, Expr)>,
    /// New values of memories, in order; each sees those before it.
    pub updates: Vec<(usize, Expr)>,
    /// What comes out.
    pub result: Expr,
}

/// A cost of the file or the prelude. Argument 0 is the activity, argument 1 the target.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Its name.
    pub name: String,
    /// The cost of one unit.
    pub body: Expr,
    /// The derivative with respect to the activity.
    pub derivative: Option<Expr>,
    /// The derivative with respect to the drive, when the output layer has that activation.
    pub after: Vec<(FunctionId, Expr)>,
    /// Where its name stands; `None` in the prelude.
    pub span: Option<Span>,
}
