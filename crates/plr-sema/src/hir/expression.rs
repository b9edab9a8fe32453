//! Expressions, of which every name is known.

use plr_ir::model::Count;
use plr_ir::program::{Law, ReduceKind};
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_syntax::span::Span;

use super::{
    Coordinate, FilterId, FunctionId, HyperId, Part, PhaseId, Place, PopulationId, Reduction, Rule, SignalId,
    SynapseId, VariableId,
};

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
        /// Whether the function draws.
        draws: bool,
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
}
