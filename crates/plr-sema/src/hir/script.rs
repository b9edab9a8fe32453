//! What happens in a presentation: phases and their statements, plasticity, what is predicted and what a check looks at.

use plr_syntax::ast::{BatchReduction, Direction, Occasion, Role};
use plr_syntax::span::Span;

use super::{Expr, PhaseId, PlasticityId, SynapseId, VariableId};

/// A part of a presentation.
#[derive(Clone, Debug)]
pub enum Act {
    /// A phase runs.
    Run(PhaseId),
    /// Parameters learn, all from their values before.
    Learn(Vec<PlasticityId>),
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

impl Phase {
    /// Its statements in the order of the text, those `in turn` one by one.
    pub fn statements(&self) -> Vec<&Statement> {
        opened(&self.body)
    }
}

/// Statements in the order of the text, those `in turn` one by one.
pub fn opened(body: &[Statement]) -> Vec<&Statement> {
    let mut found = Vec::new();
    for statement in body {
        if let Statement::InTurn(body) = statement {
            found.extend(opened(body));
        } else {
            found.push(statement);
        }
    }
    found
}

impl Statement {
    /// Whether what is in it reads what was just written, and not what was before the step (R7.7).
    pub fn is_ordered(&self) -> bool {
        matches!(self, Self::Sweep(..) | Self::InTurn(_))
    }

    /// The equations of states that it is or that it sweeps over.
    pub fn dynamics(&self) -> &[Dynamics] {
        match self {
            Self::Equation(dynamics) => std::slice::from_ref(dynamics),
            Self::Sweep(_, equations) => equations,
            Self::Clamp(_) | Self::Release { .. } | Self::Learn(_) | Self::Trace(_) | Self::InTurn(_) => &[],
        }
    }

    /// The clamp, if it is one.
    pub fn clamp(&self) -> Option<&Dynamics> {
        if let Self::Clamp(clamp) = self { Some(clamp) } else { None }
    }

    /// Its clamps and equations of states.
    pub fn written(&self) -> impl Iterator<Item = &Dynamics> {
        self.clamp().into_iter().chain(self.dynamics())
    }

    /// The equations that learn at every step, if it is a block of such.
    pub fn learning(&self) -> Option<&[PlasticityId]> {
        if let Self::Learn(block) = self { Some(block) } else { None }
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
