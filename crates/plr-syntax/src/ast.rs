//! The tree of a `.plr` file, as written: names are text, nothing is resolved, every node has its span.
//!
//! A node that failed to parse is an `Error` variant, so that the rest of the file can still be analysed.

use crate::span::Span;

/// An identifier where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The identifier.
    pub text: String,
    /// Where it is written.
    pub span: Span,
}

/// A whole source file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// The top-level items in the order of the text.
    pub items: Vec<Item>,
}

/// A top-level item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `rule Name(…) allow … { … }`
    Rule(Rule),
    /// `fn name(x; p = 1) = … with derivative …`
    Function(Function),
    /// `cost name(x, target) = … with derivative …`
    Cost(CostFunction),
    /// `filter adam(g; lr = 1e-3) { … }`
    Filter(Filter),
    /// `network name { … }`
    Network(NetworkItem),
    /// `experiment name { … }`
    Experiment(Experiment),
    /// `use "FILE"`
    Use(Use),
    /// Text that did not parse; the error is in the parse result.
    Error(Span),
}

/// `use "FILE"`: what another file defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The file, as written.
    pub path: String,
    /// Where it is written, with its quotes.
    pub span: Span,
}

/// `fn name(arguments; settings) = body with derivative derivative`
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The function's name.
    pub name: Name,
    /// Positional arguments.
    pub arguments: Vec<Name>,
    /// Named parameters with their defaults, written after `;`.
    pub settings: Vec<Setting>,
    /// The value.
    pub body: Expr,
    /// The derivative with respect to the first argument.
    pub derivative: Option<Expr>,
    /// `surrogate`: gradients take it for the derivative.
    pub surrogate: bool,
    /// The whole item.
    pub span: Span,
}

/// `cost name(x, target) = body with derivative d, derivative after softmax e`
///
/// `filter adam(g; lr = 1e-3) { param m = 0;  m = …;  return … }`: what becomes of an increment, with a memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its name.
    pub name: Name,
    /// What it filters.
    pub input: Name,
    /// Named numbers after `;`, with defaults.
    pub settings: Vec<Setting>,
    /// Its lines in the order of the text.
    pub lines: Vec<FilterLine>,
    /// The whole item.
    pub span: Span,
}

/// A line of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterLine {
    /// `param m = 0, v = 0`: what it remembers, with first values.
    Param(Vec<(Name, Option<Expr>)>),
    /// `m = …`, `m += …`
    Update(Name, Assign, Expr),
    /// `return …`
    Return(Expr, Span),
}

/// The body is the cost of one output unit, as a function of its activity; a sample's cost is the sum over units.
#[derive(Clone, Debug, PartialEq)]
pub struct CostFunction {
    /// The cost's name.
    pub name: Name,
    /// The name of the activity.
    pub activity: Name,
    /// The name of the target.
    pub target: Name,
    /// The cost of one unit.
    pub body: Expr,
    /// The derivative with respect to the unit's activity.
    pub derivative: Option<Expr>,
    /// Closed forms of the derivative with respect to the unit's *drive*, when the output layer has the named activation.
    pub after: Vec<(Name, Expr)>,
    /// The whole item.
    pub span: Span,
}

/// `name = value`: a hyper-parameter with its default, or a named argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `rule Name(parameters) allow a, b { members }`
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The rule's name.
    pub name: Name,
    /// Hyper-parameters with defaults.
    pub parameters: Vec<Setting>,
    /// The licences in the head: `allow weight_transport`.
    pub allow: Vec<Name>,
    /// The members in the order of the text.
    pub members: Vec<Member>,
    /// The whole item.
    pub span: Span,
}

/// A member of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// `neuron P { … }`
    Neuron(Neuron),
    /// `synapse W : below -> self = glorot(), fixed`
    Synapse(Synapse),
    /// `signal R = …`
    Signal(Signal),
    /// `phase free (steps = 30) { … }`
    Phase(Phase),
    /// `learn { … }`
    Learn(Learn),
    /// `predict output.x after forward`
    Predict(Predict),
    /// `check gradient after forward { … }`
    Check(Check),
    /// Text that did not parse.
    Error(Span),
}

/// `neuron P sized above { state x;  let u = …;  param b = 0 }`: a population that exists once in every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Neuron {
    /// The population's name; `None` for the only, unnamed one.
    pub name: Option<Name>,
    /// The layer whose size it has, or its number of units; that of its own layer if absent.
    pub size: Option<Expr>,
    /// Its variables.
    pub variables: Vec<Variable>,
    /// The whole member.
    pub span: Span,
}

/// A variable of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// What it is.
    pub kind: VariableKind,
    /// `hidden let e = …`: which layers the definition is for; `None` for all.
    pub role: Option<(Role, Span)>,
    /// `fixed param g = …`, `carried state s = …`
    pub modifier: Option<(Modifier, Span)>,
    /// Its name.
    pub name: Name,
    /// Reset value of a state, initial value of a parameter, definition of a `let`.
    pub value: Option<Expr>,
}

impl Variable {
    /// Where it is said that it is not learned.
    pub fn fixed(&self) -> Option<Span> {
        self.modifier.filter(|(modifier, _)| *modifier == Modifier::Fixed).map(|(_, span)| span)
    }

    /// From where to where its values are kept, if that is longer than a presentation.
    pub fn kept(&self) -> Option<Keeping> {
        match self.modifier {
            Some((Modifier::Kept(keeping), _)) => Some(keeping),
            Some((Modifier::Fixed, _)) | None => None,
        }
    }
}

/// What a word before `state` or `param` says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `fixed param`: it is not learned.
    Fixed,
    /// `persistent state`, `carried trace`: it outlives the presentation.
    Kept(Keeping),
}

/// To which presentation a state goes on from this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// `persistent`: to the next one of the same sample.
    Sample,
    /// `carried`: to the next one at the same place in a minibatch.
    Place,
}

impl Keeping {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sample => "persistent",
            Self::Place => "carried",
        }
    }
}

/// The kinds of variables of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// One value per unit and sample.
    State,
    /// A definition, re-read at each use.
    Let,
    /// One value per unit or synapse, shared by samples and kept between presentations.
    Param,
    /// One value per synapse and sample.
    Trace,
}

/// `synapse W : from -> to = init, attribute, …`
#[derive(Clone, Debug, PartialEq)]
pub struct Synapse {
    /// The weight's name.
    pub name: Name,
    /// The presynaptic side.
    pub from: Endpoint,
    /// The postsynaptic side.
    pub to: Endpoint,
    /// The initialiser, a call such as `glorot()` or a number.
    pub init: Option<Expr>,
    /// `fixed`, `symmetric`, `in [0, 1]`, …
    pub attributes: Vec<Call>,
    /// `{ param m = 0 }`: further quantities of each synapse.
    pub variables: Vec<Variable>,
    /// The whole member.
    pub span: Span,
}

/// `below`, `above.P`, `self`, `input`, `output`, or a population's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The layer word or the population's name.
    pub head: Name,
    /// The population after a dot.
    pub population: Option<Name>,
}

/// `signal R = …`: a global scalar per sample, heard by everyone.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Its name.
    pub name: Name,
    /// Its definition.
    pub value: Expr,
}

/// Which layers an equation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Layers that receive the data.
    Input,
    /// Neither input nor output.
    Hidden,
    /// Layers that know the target.
    Output,
}

/// `phase name (options) { body }`
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// The phase's name.
    pub name: Name,
    /// `steps = n`; one step when absent.
    pub steps: Option<Expr>,
    /// `until residual < tolerance`
    pub until: Option<Expr>,
    /// `from = phase`: start from the states at the end of that phase.
    pub from: Option<Name>,
    /// `dt = 0.1`: the time that one step takes.
    pub dt: Option<Expr>,
    /// `integrator = heun`: how `dx/dt = …` is stepped.
    pub integrator: Option<Name>,
    /// `over time`: a step for each step of the sample.
    pub over_time: Option<Span>,
    /// `reversed`: from the last step to the first.
    pub reversed: Option<Span>,
    /// The schedule.
    pub body: Vec<PhaseStatement>,
    /// The whole member.
    pub span: Span,
}

/// A statement of a phase.
#[derive(Clone, Debug, PartialEq)]
pub enum PhaseStatement {
    /// `clamp input x = data`
    Clamp(Clamp),
    /// `release input x`
    Release(Release),
    /// A synchronous equation.
    Equation(Equation),
    /// `sweep up { … }`
    Sweep(Sweep),
    /// `learn { … }` at every step
    Learn(Learn),
    /// `in turn { … }`
    InTurn(Vec<PhaseStatement>, Span),
    /// Text that did not parse.
    Error(Span),
}

/// `clamp role population: variable = value`
#[derive(Clone, Debug, PartialEq)]
pub struct Clamp {
    /// The clamped layers; all when absent.
    pub role: Option<(Role, Span)>,
    /// The clamped variable.
    pub target: Target,
    /// The value it is held at.
    pub value: Expr,
    /// The whole statement.
    pub span: Span,
}

/// `release role variable`
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The released layers; all when absent.
    pub role: Option<(Role, Span)>,
    /// The released variable.
    pub target: Target,
    /// The whole statement.
    pub span: Span,
}

/// The left side of an equation: `x`, `W`, or `P.x` with a named population.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The population before a dot.
    pub population: Option<Name>,
    /// The variable or synapse.
    pub name: Name,
}

/// `sweep up { … }`: layers one after the other, each sees what was just written.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// The order of the layers.
    pub direction: Direction,
    /// Its equations.
    pub body: Vec<Equation>,
    /// The whole statement.
    pub span: Span,
}

/// The order of the layers in a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the input to the output.
    Up,
    /// From the output to the input.
    Down,
    /// All layers at even distance from the input together, then the others.
    EvenOdd,
    /// The units of all layers one after the other, in an order that is drawn.
    Random,
}

/// `role target = value`, `target += value`, `target -= value`
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// Which layers it is for; all when absent.
    pub role: Option<(Role, Span)>,
    /// What it writes, each by the same words; one or more.
    pub targets: Vec<Target>,
    /// How it writes.
    pub assign: Assign,
    /// The new value or the increment.
    pub value: Expr,
    /// The whole statement.
    pub span: Span,
}

/// How an equation writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assign {
    /// `=`
    Set,
    /// `+=`
    Add,
    /// `-=`
    Subtract,
    /// `dx/dt =`; the target is `x`
    Rate,
}

/// `learn (sum) when … { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Learn {
    /// When anything is learned; always when absent.
    pub when: Option<Expr>,
    /// Over the samples of a batch.
    pub reduction: BatchReduction,
    /// The plasticity equations.
    pub body: Vec<Equation>,
    /// The whole member.
    pub span: Span,
}

/// How increments of the samples of a batch combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchReduction {
    /// The default.
    Mean,
    /// `learn (sum)`
    Sum,
}

/// `predict value after phase`, and other occasions
#[derive(Clone, Debug, PartialEq)]
pub struct Predict {
    /// The prediction, an expression over `output.…`.
    pub value: Expr,
    /// The last phase that is run for it.
    pub phase: Name,
    /// When it is made.
    pub occasion: Occasion,
    /// The whole member.
    pub span: Span,
}

/// When a prediction is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// `after`: at the end of a phase.
    End,
    /// `over`: at every step of a phase.
    EveryStep,
    /// `for each class after`: at the end of a phase, once with each class as the target.
    EachClass,
}

/// `check gradient after forward { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What the increments are compared with.
    pub reference: Reference,
    /// The setting in which it holds.
    pub settings: Vec<CheckSetting>,
    /// The claims.
    pub expectations: Vec<Expectation>,
    /// The whole member.
    pub span: Span,
}

/// What is held while an objective is differentiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// `through`: nothing.
    Nothing,
    /// `of`: what comes from other layers.
    Layers,
    /// `of … given states`: all states.
    States,
}

/// The reference of a check.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// `gradient after phase`: of the cost, through everything up to the end of the phase.
    FeedForward(Name),
    /// `gradient after phase preconditioned by own state`: with the output error transformed by how the prediction depends
    /// on a state.
    Preconditioned {
        /// The phase.
        phase: Name,
        /// The state.
        state: Name,
        /// Each layer's own alone.
        own: bool,
    },
    /// `gradient with cuts after phase`
    Cut(Name),
    /// `gradient at equilibrium of phase`: at the phase's fixed point.
    Equilibrium(Name),
    /// `gradient unrolled(k) of phase`: through the last k steps of the phase.
    Unrolled(Expr, Name),
    /// `gradient by finite_differences after phase`
    FiniteDifferences(Name),
    /// `gradient of objective after phase`: each layer's own, what comes from other layers held; `gradient through objective
    /// after phase`: nothing held; `gradient of objective given states after phase`: all states held; each with or without
    /// `with cuts`.
    Objective {
        /// What each unit has of it.
        objective: Expr,
        /// The phase.
        phase: Name,
        /// What is held.
        holding: Holding,
        /// Whether gradients are cut.
        cuts: bool,
    },
    /// `law`: identities of the parameters themselves.
    Law,
}

/// One line of a check's setting.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckSetting {
    /// `network …`
    Network(NetworkRef),
    /// `cost name`
    Cost(Name),
    /// `precision f64`
    Precision(Name),
    /// `data source(…)`
    Data(Call),
    /// `batch 16`
    Batch(Expr),
    /// `seed 1`
    Seed(Expr),
    /// `time 10`
    Time(Expr),
    /// `steps until residual < 1e-13`, for every phase of several steps, or `steps of p until …` for one
    Until(Option<Name>, Expr),
    /// `set lr = 0.005`: a hyper-parameter of the rule
    Set(Vec<Setting>),
    /// `init W = normal(0.01)`: another initialiser of a synapse or parameter
    Init(Vec<Setting>),
    /// Text that did not parse.
    Error(Span),
}

/// `expect measure < bound within tolerance at layer when p = v after n updates averaged over n draws`
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What is measured: `angle(W)`, `order(relative_error(W), beta)`, `2 * mean(x) - 1`.
    pub measure: Expr,
    /// How it compares.
    pub comparison: Comparison,
    /// The claimed value; angles in degrees.
    pub bound: Expr,
    /// `deg` after the bound.
    pub unit: Option<Name>,
    /// `within tolerance`, for `==`.
    pub tolerance: Option<Expr>,
    /// `at layer`: only the groups that end in that layer.
    pub at: Option<Name>,
    /// `when beta = 1e-2`
    pub when: Vec<Setting>,
    /// `over 0.1, 0.01, 0.001`: the values of the small parameter of an order.
    pub over: Vec<Expr>,
    /// `after 500 updates`
    pub updates: Option<Expr>,
    /// `averaged over 100 draws`, or over `all`
    pub averaged: Option<Expr>,
    /// The whole claim.
    pub span: Span,
}

/// The comparison of a claim.
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
    /// `==`
    Equal,
}

/// `network name { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkItem {
    /// Its name.
    pub name: Name,
    /// Its layers and edges.
    pub body: NetworkBody,
    /// The whole item.
    pub span: Span,
}

/// A network's layers and edges.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkBody {
    /// `input 784 - 512 relu - output 10 softmax`
    Chain(Vec<ChainLayer>),
    /// `input x = 784;  layer h = 512 relu;  output y = 10;  x -> h -> y`
    Graph(Vec<GraphStatement>),
}

/// One layer of a chain, or pooling between two.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainLayer {
    /// A written role; the first is the input and the last the output without it.
    pub role: Option<(Role, Span)>,
    /// The units, as written.
    pub units: Units,
    /// The activation: a name or a call with settings.
    pub activation: Option<Call>,
    /// The whole layer.
    pub span: Span,
}

/// Channels, rows and columns.
pub type Extents = [u32; 3];

/// What a layer consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Units {
    /// `784`, `n`, `(2 * n)`: so many.
    Count(Expr),
    /// `1x28x28`
    Grid(Extents, Span),
    /// `conv 16 k5 s2 p1`: so many channels that see the layer below through a kernel; the words that follow.
    Convolution(Expr, Vec<Name>),
    /// `local 16 k5 s2 p1`: likewise, and each unit has weights of its own.
    Local(Expr, Vec<Name>),
    /// `avgpool 2`: no layer, but what the next one sees of the one below: averages over windows of this size.
    AveragePool(Expr, Vec<Name>),
    /// `maxpool 3 s2`: likewise, the largest of each window.
    MaxPool(Expr, Vec<Name>),
}

/// What a path leads to.
#[allow(clippy::large_enum_variant, reason = "a path has few stops")]
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// A layer.
    Layer(Name),
    /// A pooling window, through which the next layer sees the one before.
    Pool(ChainLayer),
}

/// A statement of a network graph.
#[allow(clippy::large_enum_variant, reason = "a network has few statements")]
#[derive(Clone, Debug, PartialEq)]
pub enum GraphStatement {
    /// `layer h1 = 512 relu`
    Layer(Name, ChainLayer),
    /// `x -> h1 -> avgpool 2 -> y`
    Path(Vec<Stop>, Span),
    /// Text that did not parse.
    Error(Span),
}

/// A network where one is asked for: a name or a chain written in place.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkRef {
    /// The name of a `network` item.
    Named(Name),
    /// A chain in place.
    Chain(Vec<ChainLayer>, Span),
}

/// `experiment name { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: Name,
    /// Its clauses in the order of the text.
    pub clauses: Vec<Clause>,
    /// The whole item.
    pub span: Span,
}

/// A clause of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// `rule CentredEP(beta = 0.2)`
    Rule(Call),
    /// `network …`
    Network(NetworkRef),
    /// `cost half_squared_error`
    Cost(Name),
    /// `optimiser adam(lr = 1e-3)`
    Optimiser(Call),
    /// `data idx("data/mnist")`
    Data(Call),
    /// `validation 10000`: how many training samples are held out
    Validation(Expr),
    /// `batch 20`
    Batch(Expr),
    /// `epochs 25`
    Epochs(Expr),
    /// `updates 1000`
    Updates(Expr),
    /// `seed 1`
    Seed(Expr),
    /// `time 10`: how many steps each sample is shown for
    Time(Expr),
    /// `precision f64`
    Precision(Name),
    /// `expect accuracy > 0.9`
    Expect(Box<Expectation>),
    /// `lr input->h1 = 0.1, h1->output = 0.05`: a hyper-parameter's value on single edges or layers
    PerSite(Name, Vec<SiteSetting>),
    /// Text that did not parse.
    Error(Span),
}

/// `input->h1 = 0.1` or `h1 = 0.1`
#[derive(Clone, Debug, PartialEq)]
pub struct SiteSetting {
    /// The edge's source, or the layer.
    pub from: Name,
    /// The edge's target; `None` for a layer.
    pub to: Option<Name>,
    /// The value there.
    pub value: Expr,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

impl Expr {
    /// The expressions it is directly made of, in the order of the text.
    pub fn parts(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Name(_) | ExprKind::Error => Vec::new(),
            ExprKind::Field(a, _) | ExprKind::At(a, ..) | ExprKind::Unary(_, a) => vec![a],
            ExprKind::Binary(_, a, b) => vec![a, b],
            ExprKind::If(c, a, b) => vec![c, a, b],
            ExprKind::Call(call) => {
                call.arguments.iter().chain(call.settings.iter().map(|setting| &setting.value)).collect()
            }
        }
    }
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `0.1`, `1e-3`
    Number(f64),
    /// `"text"`, only as an argument of a data source
    Text(String),
    /// `x`, `W`, `below`, `target`
    Name(String),
    /// `below.x`, `W.T`
    Field(Box<Expr>, Name),
    /// `x[free]`, and, if marked, `x[forward at time]`
    At(Box<Expr>, Name, bool),
    /// `f(a)`, `f'(a)`, `normal(0.1)`
    Call(Call),
    /// `-x`, `not x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`, `W @ below.x`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Text that did not parse.
    Error,
}

/// `name(arguments, setting = value)`, `name'(…)`; also a bare name where a call may have no parentheses.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function's name, without the prime.
    pub name: Name,
    /// Whether the derivative is meant.
    pub primed: bool,
    /// Positional arguments.
    pub arguments: Vec<Expr>,
    /// Named arguments.
    pub settings: Vec<Setting>,
    /// The whole call.
    pub span: Span,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-x`
    Negate,
    /// `not x`
    Not,
}

/// Infix operators, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a or b`
    Or,
    /// `a and b`
    And,
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
    /// `a > b`
    Greater,
    /// `a >= b`
    GreaterEqual,
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
    /// `W @ below.x`: what arrives through all instances of a synapse
    Arrive,
    /// `a ^ b`
    Power,
}
