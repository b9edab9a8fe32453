//! What happens in a presentation: phases, plasticity, and what is predicted.

use super::{Expr, Name, Role};
use crate::span::Span;

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
