//! The values of a running program.

use plr_ir::Tensor;

use crate::number::{self, Number, Shared};
use crate::reverse::Variable;

/// What a value of the program is at one moment of a run. Copies share their elements.
#[derive(Clone, Debug)]
pub(crate) enum Datum<T> {
    /// Real numbers.
    Real(Shared<T>),
    /// Truth values.
    Bool(Shared<bool>),
    /// A step number.
    Index(u32),
}

impl<T: Number> Datum<T> {
    /// The real numbers; panics on anything else.
    pub fn real(&self) -> &Shared<T> {
        match self {
            Self::Real(array) => array,
            Self::Bool(_) | Self::Index(_) => ill_typed("real numbers"),
        }
    }

    /// The truth values; panics on anything else.
    pub fn bool(&self) -> &Shared<bool> {
        match self {
            Self::Bool(array) => array,
            Self::Real(_) | Self::Index(_) => ill_typed("truth values"),
        }
    }

    /// The step number; panics on anything else.
    pub fn index(&self) -> u32 {
        match self {
            Self::Index(step) => *step,
            Self::Real(_) | Self::Bool(_) => ill_typed("a step number"),
        }
    }

    /// The real numbers as a tensor; panics on anything else.
    pub fn to_tensor(&self) -> Tensor {
        number::tensor(self.real())
    }
}

/// The end of a run that met a value of another kind than the operation takes.
pub(crate) fn ill_typed(expected: &str) -> ! {
    panic!(
        "a bug of the compiler: an operation on {expected} met something else; the program was not verified"
    )
}

/// A value together with its place in the record of the run.
#[derive(Clone, Debug)]
pub(crate) struct Operand<T> {
    /// The value.
    pub datum: Datum<T>,
    /// By what name cotangents reach it; absent if no wanted input reaches it.
    pub variable: Option<Variable>,
}

impl<T> Operand<T> {
    /// A value that no wanted input reaches.
    pub fn constant(datum: Datum<T>) -> Self {
        Self { datum, variable: None }
    }
}
