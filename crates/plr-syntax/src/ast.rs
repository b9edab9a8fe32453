//! The tree of a `.plr` file, as written: names are text, nothing is resolved, every node has its span.
//!
//! A node that failed to parse is an `Error` variant, so that the rest of the file can still be analysed.

mod check;
mod experiment;
mod expression;
mod function;
mod network;
mod rule;
mod script;

use crate::span::Span;

pub use check::{Check, CheckSetting, Comparison, Expectation, Holding, Reference};
pub use experiment::{Clause, Experiment, SiteSetting};
pub use expression::{BinaryOp, Call, Expr, ExprKind, Setting, UnaryOp};
pub use function::{CostFunction, Filter, FilterLine, Function};
pub use network::{ChainLayer, Extents, GraphStatement, NetworkBody, NetworkItem, NetworkRef, Stop, Units};
pub use rule::{Endpoint, Keeping, Member, Modifier, Neuron, Rule, Signal, Synapse, Variable, VariableKind};
pub use script::{
    Assign, BatchReduction, Clamp, Direction, Equation, Learn, Occasion, Phase, PhaseStatement, Predict,
    Release, Sweep, Target,
};

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
