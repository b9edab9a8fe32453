//! Functions, filters and costs, of the file or the prelude.

use plr_syntax::span::Span;

use super::{Expr, FunctionId};

/// A function of the file or the prelude.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// How many positional arguments it has.
    pub arguments: usize,
    /// Its settings with their defaults, constants.
    pub settings: Vec<(String, Expr)>,
    /// Its value.
    pub body: Expr,
    /// Its derivative with respect to the first argument.
    pub derivative: Option<Expr>,
    /// Whether gradients take that for the derivative whatever the value does (R20.11).
    pub surrogate: bool,
    /// Whether it or its derivative reads the whole layer (a reduction, a rank, or a function that has one).
    pub layer_wide: bool,
    /// Of each such reduction the arguments that it reduces.
    pub reduced: Vec<Vec<usize>>,
    /// Whether it or its derivative reads other samples.
    pub of_batch: bool,
    /// Whether it draws random numbers.
    pub draws: bool,
    /// How many operations it is, calls written out.
    pub size: u64,
    /// Where its name stands; `None` in the prelude.
    pub span: Option<Span>,
}

/// A filter of the file or the library: what becomes of an increment, with a memory of its own for each parameter
/// that is filtered. In its expressions argument 0 is the increment, then come the memories, then the number of the
/// presentation.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// Its settings with their defaults, constants.
    pub settings: Vec<(String, Expr)>,
    /// Its memories with their first values, constants of its settings.
    pub memories: Vec<(String, Expr)>,
    /// New values of memories, in order; each sees those before it.
    pub updates: Vec<(usize, Expr)>,
    /// What comes out.
    pub result: Expr,
}

/// A cost of the file or the prelude. Argument 0 is the activity, argument 1 the target.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Its name.
    pub name: String,
    /// The cost of one unit.
    pub body: Expr,
    /// The derivative with respect to the activity.
    pub derivative: Option<Expr>,
    /// The derivative with respect to the drive, when the output layer has that activation.
    pub after: Vec<(FunctionId, Expr)>,
    /// Whether it or its derivative with respect to the activity reads the whole layer.
    pub layer_wide: bool,
    /// Where its name stands; `None` in the prelude.
    pub span: Option<Span>,
}
