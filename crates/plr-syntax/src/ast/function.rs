//! Functions, costs and filters.

use super::{Assign, Expr, Name, Setting};
use crate::span::Span;

/// `fn name(arguments; settings) = body with derivative derivative`
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The function's name.
    pub name: Name,
    /// Positional arguments.
    pub arguments: Vec<Name>,
    /// Named parameters with their defaults, written after `;`.
    pub settings: Vec<Setting>,
    /// The value.
    pub body: Expr,
    /// The derivative with respect to the first argument.
    pub derivative: Option<Expr>,
    /// `surrogate`: gradients take it for the derivative.
    pub surrogate: bool,
    /// The whole item.
    pub span: Span,
}

/// `filter adam(g; lr = 1e-3) { param m = 0;  m = …;  return … }`: what becomes of an increment, with a memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its name.
    pub name: Name,
    /// What it filters.
    pub input: Name,
    /// Named numbers after `;`, with defaults.
    pub settings: Vec<Setting>,
    /// Its lines in the order of the text.
    pub lines: Vec<FilterLine>,
    /// The whole item.
    pub span: Span,
}

/// A line of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterLine {
    /// `param m = 0, v = 0`: what it remembers, with first values.
    Param(Vec<(Name, Option<Expr>)>),
    /// `m = …`, `m += …`
    Update(Name, Assign, Expr),
    /// `return …`
    Return(Expr, Span),
}

/// `cost name(x, target) = body with derivative d, derivative after softmax e`
///
/// The body is the cost of one output unit, as a function of its activity; a sample's cost is the sum over units.
#[derive(Clone, Debug, PartialEq)]
pub struct CostFunction {
    /// The cost's name.
    pub name: Name,
    /// The name of the activity.
    pub activity: Name,
    /// The name of the target.
    pub target: Name,
    /// The cost of one unit.
    pub body: Expr,
    /// The derivative with respect to the unit's activity.
    pub derivative: Option<Expr>,
    /// Closed forms of the derivative with respect to the unit's *drive*, when the output layer has the named activation.
    pub after: Vec<(Name, Expr)>,
    /// The whole item.
    pub span: Span,
}
