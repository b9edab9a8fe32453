//! What a rule or an experiment claims.

use super::{Call, Expr, Name, NetworkRef, Setting};
use crate::span::Span;

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
