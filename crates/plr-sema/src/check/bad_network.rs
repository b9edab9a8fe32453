//! A network that is not a directed acyclic graph of layers from one input to one output (R15.4).
//!
//! Allowed: `network n { input 784 - 256 relu - output 10 }`. Forbidden: `network n { input 0 - 10 }`.

use plr_syntax::ast::Role;
use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// What is wrong with a network.
#[derive(Debug)]
pub enum Flaw {
    /// Fewer than two layers.
    TooShort,
    /// A number of units that is not a positive integer (of at most a million).
    Units,
    /// Not exactly one layer with this role.
    Role(&'static str),
    /// A role at the wrong place of a chain.
    Misplaced(Role),
    /// The layer is on no path from the input to the output.
    Disconnected(String),
    /// The edges form a cycle.
    Cycle,
    /// An edge that cannot be, and why.
    Edge(String, WrongEdge),
    /// An activation on the input layer.
    InputActivation,
    /// A layer that takes an activation reading the whole layer from its right neighbour.
    InheritedLayerWide(String),
}

/// Why an edge cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongEdge {
    /// It ends in the input layer.
    IntoInput,
    /// It leaves the output layer.
    OutOfOutput,
    /// It is there already.
    Twice,
}

/// A network that is not a directed acyclic graph of layers from one input to one output.
#[derive(Debug)]
pub struct BadNetwork {
    /// Where.
    pub at: Span,
    /// What is wrong.
    pub flaw: Flaw,
}

impl Finding for BadNetwork {
    fn code(&self) -> &'static str {
        "bad_network"
    }

    fn message(&self) -> String {
        match &self.flaw {
            Flaw::TooShort => "a network has at least an input and an output layer".to_owned(),
            Flaw::Units => "the number of units must be an integer from 1 to 1000000".to_owned(),
            Flaw::Role(role) => format!("a network has exactly one {role} layer"),
            Flaw::Misplaced(Role::Input) => "the input layer of a chain is its first".to_owned(),
            Flaw::Misplaced(Role::Hidden) => {
                "the first and the last layer of a chain are not hidden".to_owned()
            }
            Flaw::Misplaced(Role::Output) => "the output layer of a chain is its last".to_owned(),
            Flaw::Disconnected(layer) => {
                format!("layer `{layer}` is on no path from the input to the output")
            }
            Flaw::Cycle => "the edges form a cycle".to_owned(),
            Flaw::Edge(edge, WrongEdge::Twice) => format!("the edge `{edge}` is there twice"),
            Flaw::Edge(edge, _) => format!("`{edge}` cannot be an edge"),
            Flaw::InputActivation => "the input layer has no activation".to_owned(),
            Flaw::InheritedLayerWide(name) => {
                format!("`{name}` reads its whole layer; write it on each layer that is meant")
            }
        }
    }

    fn primary(&self) -> Label {
        let text = match &self.flaw {
            Flaw::TooShort => "too few layers",
            Flaw::Units => "not such a number",
            Flaw::Role(_) => "this network",
            Flaw::Misplaced(_) => "not its place",
            Flaw::Disconnected(_) => "this layer",
            Flaw::Cycle => "this network",
            Flaw::Edge(_, WrongEdge::IntoInput) => "the input layer hears no other layer",
            Flaw::Edge(_, WrongEdge::OutOfOutput) => "the output layer sends to no other layer",
            Flaw::Edge(_, WrongEdge::Twice) => "a second time",
            Flaw::InputActivation => "its units are what the data says",
            Flaw::InheritedLayerWide(_) => "this layer would have it too",
        };
        Label::new(self.at, text)
    }
}
