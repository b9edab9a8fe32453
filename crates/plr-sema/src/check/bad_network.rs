//! A network that is not a directed acyclic graph of layers from inputs to one output (R15.4).
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
    /// No input layer.
    NoInput,
    /// Not exactly one output layer.
    Outputs,
    /// A role at the wrong place of a chain.
    Misplaced(Role),
    /// The layer is on no path from an input to the output.
    Disconnected(String),
    /// The edges form a cycle.
    Cycle,
    /// An edge that cannot be, and why.
    Edge(String, WrongEdge),
    /// An activation on the input layer.
    InputActivation,
    /// A function that draws, or reads other samples, as an activation.
    NotOfSample(String),
    /// Pooling that does not stand between two layers, or says more than its window.
    Pool,
    /// A word that says nothing about a kernel or window.
    Geometry(String),
    /// A convolution without a kernel.
    NoKernel,
    /// A kernel or window over a layer without rows and columns.
    NoSpace,
    /// A kernel or window that does not fit into the layer below.
    DoesNotFit {
        /// Its rows and columns.
        size: usize,
        /// The padding around the layer.
        padding: usize,
        /// The layer.
        low: String,
    },
    /// A layer that would have other rows and columns for each layer below.
    OtherSpace,
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

/// A network that is not a directed acyclic graph of layers from inputs to one output.
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
            Flaw::NoInput => "a network has an input layer".to_owned(),
            Flaw::Outputs => "a network has exactly one output layer".to_owned(),
            Flaw::Misplaced(Role::Input) => "the input layer of a chain is its first".to_owned(),
            Flaw::Misplaced(Role::Hidden) => {
                "the first and the last layer of a chain are not hidden".to_owned()
            }
            Flaw::Misplaced(Role::Output) => "the output layer of a chain is its last".to_owned(),
            Flaw::Disconnected(layer) => {
                format!("layer `{layer}` is on no path from an input to the output")
            }
            Flaw::Cycle => "the edges form a cycle".to_owned(),
            Flaw::Edge(edge, WrongEdge::Twice) => format!("the edge `{edge}` is there twice"),
            Flaw::Edge(edge, _) => format!("`{edge}` cannot be an edge"),
            Flaw::InputActivation => "the input layer has no activation".to_owned(),
            Flaw::NotOfSample(name) => {
                format!("`{name}` draws or reads other samples, which an activation does not")
            }
            Flaw::Pool => "pooling stands between two layers and has a window, nothing else".to_owned(),
            Flaw::Geometry(word) => format!("`{word}` says nothing about a window"),
            Flaw::NoKernel => "a convolution has a kernel".to_owned(),
            Flaw::NoSpace => "the layer below has no rows and columns".to_owned(),
            Flaw::DoesNotFit { size, padding: 0, low } => {
                format!("a window of {size} x {size} does not fit into a layer {low}")
            }
            Flaw::DoesNotFit { size, padding, .. } if padding >= size => {
                format!("a padding of {padding} is not less than the window of {size} x {size}")
            }
            Flaw::DoesNotFit { size, padding, low } => {
                format!("a window of {size} x {size} does not fit over a layer {low} with padding {padding}")
            }
            Flaw::OtherSpace => "the layers below give it different rows and columns".to_owned(),
            Flaw::InheritedLayerWide(name) => {
                format!("`{name}` reads its whole layer; write it on each layer that is meant")
            }
        }
    }

    fn primary(&self) -> Label {
        let text = match &self.flaw {
            Flaw::TooShort => "too few layers",
            Flaw::Units => "not such a number",
            Flaw::NoInput | Flaw::Outputs => "this network",
            Flaw::Misplaced(_) => "not its place",
            Flaw::Disconnected(_) => "this layer",
            Flaw::Cycle => "this network",
            Flaw::Edge(_, WrongEdge::IntoInput) => "the input layer hears no other layer",
            Flaw::Edge(_, WrongEdge::OutOfOutput) => "the output layer sends to no other layer",
            Flaw::Edge(_, WrongEdge::Twice) => "a second time",
            Flaw::InputActivation => "its units are what the data says",
            Flaw::NotOfSample(_) => "call it in an equation instead",
            Flaw::Pool => "not here, or not so",
            Flaw::Geometry(_) => "`k5` is a window of 5 x 5, `s2` a stride, `p1` padding, each once",
            Flaw::NoKernel => "say how large, as in `k5`",
            Flaw::NoSpace => "this moves over rows and columns; a layer like `1x28x28` has them",
            Flaw::DoesNotFit { .. } => "this window",
            Flaw::OtherSpace => "this layer",
            Flaw::InheritedLayerWide(_) => "this layer would have it too",
        };
        Label::new(self.at, text)
    }
}
