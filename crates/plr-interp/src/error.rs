//! What can be wrong with the tensors and names that a caller supplies.

use std::fmt;

use plr_ir::Precision;

/// A supplied tensor or name does not fit the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not one tensor per input.
    InputCount {
        /// How many inputs the program has.
        expected: usize,
        /// How many tensors were given.
        found: usize,
    },
    /// Not one cotangent per output.
    CotangentCount {
        /// How many outputs the program has.
        expected: usize,
        /// How many tensors were given.
        found: usize,
    },
    /// A tensor of another precision than the program's.
    Precision {
        /// The input or output it was given for.
        name: String,
        /// The program's precision.
        expected: Precision,
        /// The tensor's precision.
        found: Precision,
    },
    /// A tensor of other dimensions than the program's value.
    Dimensions {
        /// The input or output it was given for.
        name: String,
        /// The dimensions in the program.
        expected: Vec<usize>,
        /// The dimensions of the tensor.
        found: Vec<usize>,
    },
    /// A tensor whose elements are not as many as its dimensions say.
    ElementCount {
        /// The input or output it was given for.
        name: String,
        /// The product of the dimensions.
        expected: usize,
        /// The number of elements.
        found: usize,
    },
    /// A gradient is wanted by an input at a position where there is none.
    NoSuchInput {
        /// The position.
        position: usize,
        /// How many inputs the program has.
        count: usize,
    },
    /// A cotangent for an output that the program does not have.
    NoSuchOutput {
        /// The name.
        name: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InputCount { expected, found } => {
                write!(f, "{found} inputs given, the program has {expected}")
            }
            Self::CotangentCount { expected, found } => {
                write!(f, "{found} cotangents given, the program has {expected} outputs")
            }
            Self::Precision { name, expected, found } => {
                write!(f, "`{name}` is given in {found}, the program is in {expected}")
            }
            Self::Dimensions { name, expected, found } => {
                write!(f, "`{name}` is given with dimensions {found:?}, the program has {expected:?}")
            }
            Self::ElementCount { name, expected, found } => {
                write!(f, "`{name}` is given with {found} elements, its dimensions need {expected}")
            }
            Self::NoSuchInput { position, count } => {
                write!(f, "there is no input {position}, the program has {count} inputs, counted from 0")
            }
            Self::NoSuchOutput { name } => write!(f, "the program has no output `{name}`"),
        }
    }
}

impl std::error::Error for Error {}
