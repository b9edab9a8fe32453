//! Networks: chains of layers and graphs.

use super::{Call, Expr, Name, Role};
use crate::span::Span;

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
