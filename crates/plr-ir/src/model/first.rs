//! Parameters and their first values.

use crate::scalar::{BinaryOp, CompareOp, UnaryOp};

/// A learned or fixed quantity of one site of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its full name, `W/input->h1` (R4.3).
    pub name: String,
    /// The name in the rule, `W`.
    pub group: String,
    /// The edge `input->h1` or the layer `h1`.
    pub site: String,
    /// The layer that owns it: a synapse belongs to its postsynaptic layer.
    pub layer: String,
    /// The dimensions: `[post, pre]` for a synapse, `[units]` for a unit parameter.
    pub dims: Vec<usize>,
    /// The value before the first update.
    pub init: Init,
    /// Whether some `learn` updates it.
    pub learned: bool,
    /// Whether it is a synapse's.
    pub synaptic: bool,
    /// The parameter that is 0 where there is none of it, if not everything is there (R4.11).
    pub mask: Option<String>,
}

/// The first value of a parameter. Numbers are drawn independently for each element unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Init {
    /// The same number everywhere.
    Constant(f64),
    /// Uniform between two bounds.
    Uniform {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// Gaussian.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
    },
    /// 1 with this probability, otherwise 0.
    Bernoulli(f64),
    /// Of a matrix: random orthonormal rows, or columns if there are more rows than columns, all equally likely, times this.
    Orthogonal(f64),
    /// Of a matrix: 1 on the diagonal, 0 elsewhere.
    Identity,
    /// The first value of another parameter, or its transpose.
    Of {
        /// The other's full name, from which it draws its numbers.
        name: String,
        /// The other's extents.
        dims: Vec<usize>,
        /// The other's first value.
        init: Box<Init>,
        /// Whether its transpose is meant.
        transposed: bool,
    },
    /// What a rule says of a parameter of its own, within its constraints: another run's number may stand in its place.
    Own(Box<Init>),
    /// Along this axis these numbers, along all others the same.
    Along {
        /// The axis.
        axis: usize,
        /// As many as it is long.
        numbers: Vec<f64>,
    },
    /// A function of a first value, element by element.
    Unary(UnaryOp, Box<Init>),
    /// A function of two first values, element by element.
    Binary(BinaryOp, Box<Init>, Box<Init>),
    /// 1 where two first values compare so, else 0.
    Compare(CompareOp, Box<Init>, Box<Init>),
    /// The second first value where the first is not 0, else the third.
    Select(Box<[Init; 3]>),
}

impl Init {
    /// Whether a law is drawn from for it.
    pub fn is_drawn(&self) -> bool {
        match self {
            Self::Uniform { .. } | Self::Normal { .. } | Self::Bernoulli(_) | Self::Orthogonal(_) => true,
            Self::Constant(_) | Self::Identity | Self::Along { .. } => false,
            Self::Of { init: a, .. } | Self::Own(a) | Self::Unary(_, a) => a.is_drawn(),
            Self::Binary(_, a, b) | Self::Compare(_, a, b) => a.is_drawn() || b.is_drawn(),
            Self::Select(parts) => parts.iter().any(|part| part.is_drawn()),
        }
    }

    /// Whether another run's number may stand in the place of what a rule says; what filters remember begins anew.
    pub fn may_be_given(&self) -> bool {
        match self {
            Self::Own(_) => true,
            Self::Binary(_, a, _) => a.may_be_given(),
            Self::Constant(_)
            | Self::Uniform { .. }
            | Self::Normal { .. }
            | Self::Bernoulli(_)
            | Self::Orthogonal(_)
            | Self::Identity
            | Self::Of { .. }
            | Self::Along { .. }
            | Self::Unary(..)
            | Self::Compare(..)
            | Self::Select(_) => false,
        }
    }
}
