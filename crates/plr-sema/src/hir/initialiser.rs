//! First values of parameters.

use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_syntax::span::Span;

use super::{Coordinate, Expr, Place, SynapseId, VariableId};

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
    /// `fan_in` or, otherwise, `fan_out`.
    Fan {
        /// The units from which synapses come.
        into: bool,
    },
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
            | Self::Fan { .. }
            | Self::Weight { .. }
            | Self::Param(_)
            | Self::Coordinate { .. } => (Vec::new(), Vec::new()),
            Self::Unary(_, a) => (Vec::new(), vec![a]),
            Self::Binary(_, a, b) | Self::Compare(_, a, b) => (Vec::new(), vec![a, b]),
            Self::Select(parts) => (Vec::new(), parts.iter().collect()),
        }
    }
}
