//! What factors an expression has, and of how many products it is a sum.

use plr_ir::scalar::{BinaryOp, UnaryOp};

use crate::hir::{Expr, ExprKind, Place};
use crate::memory::has_filter;

/// As many products are the most that a product of sums is multiplied out into (R5.14, R8.13): a square of a sum of a few
/// terms, or the fourth power, is less, and of more factors there soon are too many.
const MOST_PRODUCTS: u64 = 256;

/// How many products the product of so many and so many is, if it is multiplied out.
pub fn multiplied(a: u64, b: u64) -> Option<u64> {
    Some(a.saturating_mul(b)).filter(|&products| products <= MOST_PRODUCTS)
}

/// Whether an expression over samples is one factor, however it is written: of one end alone, with terms `apart` of units or of
/// none, and of no filter.
pub fn is_one_factor(expr: &Expr, apart: bool) -> bool {
    let mixed = apart && has_term_without_units(expr) && !is_without_units(expr);
    !joins_both_ends(expr) && !has_filter(expr) && !mixed
}

/// Whether a product is multiplied out where it is no factor. What filters return is there once and stays apart.
pub fn is_multiplied_out(a: &Expr, b: &Expr, apart: bool) -> bool {
    has_filter(a) || has_filter(b) || multiplied(products(a, apart), products(b, apart)).is_some()
}

/// The products of factors that an expression over samples is a sum of.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn products(expr: &Expr, apart: bool) -> u64 {
    match &expr.kind {
        _ if is_one_factor(expr, apart) => 1,
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => products(a, apart) + products(b, apart),
        ExprKind::Unary(UnaryOp::Neg, a) => products(a, apart),
        ExprKind::Binary(BinaryOp::Mul, a, b) => {
            multiplied(products(a, apart), products(b, apart)).unwrap_or(1)
        }
        ExprKind::Binary(BinaryOp::Div, a, b) if !joins_both_ends(b) => products(a, apart),
        _ => 1,
    }
}

/// Whether an expression is made of numbers, hyper-parameters, weights and what filters return, and not of what units have.
pub fn same_for_all_samples(expr: &Expr) -> bool {
    if let ExprKind::Filtered { .. } = expr.kind {
        return true;
    }
    let mut all = is_the_same_for_all_samples(&expr.kind);
    expr.for_each_child(|child| all &= same_for_all_samples(child));
    all
}

/// Whether what an expression is, its parts excepted, can vary over neither samples nor units.
pub fn is_the_same_for_all_samples(kind: &ExprKind) -> bool {
    !matches!(
        kind,
        ExprKind::Variable { .. }
            | ExprKind::Coordinate { .. }
            | ExprKind::Trace(..)
            | ExprKind::Arrive { .. }
            | ExprKind::Signal(..)
            | ExprKind::Data
            | ExprKind::Target
            | ExprKind::Activation { .. }
            | ExprKind::Cost { .. }
            | ExprKind::Batch(..)
            | ExprKind::Shift(_)
            | ExprKind::Shuffle(_)
    )
}

/// Whether an expression, written out as a sum of products, has a term that is of no unit.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
pub fn has_term_without_units(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => {
            has_term_without_units(a) || has_term_without_units(b)
        }
        ExprKind::Unary(UnaryOp::Neg, a) => has_term_without_units(a),
        ExprKind::Binary(BinaryOp::Mul, a, b) => has_term_without_units(a) && has_term_without_units(b),
        ExprKind::Binary(BinaryOp::Div, a, b) => has_term_without_units(a) && is_without_units(b),
        _ => is_without_units(expr),
    }
}

/// Whether an expression is made of numbers, weights, filters and signals alone.
fn is_without_units(expr: &Expr) -> bool {
    if let ExprKind::Filtered { .. } | ExprKind::Signal(..) = expr.kind {
        return true;
    }
    let mut all = is_the_same_for_all_samples(&expr.kind);
    expr.for_each_child(|child| all &= is_without_units(child));
    all
}

/// Whether an expression has more than one of: postsynaptic variables, presynaptic variables, weights.
pub fn joins_both_ends(expr: &Expr) -> bool {
    let mut kinds = [false; 3];
    ends(expr, &mut kinds);
    kinds.iter().filter(|k| **k).count() > 1
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn ends(expr: &Expr, kinds: &mut [bool; 3]) {
    match &expr.kind {
        ExprKind::Variable { place: Place::Pre, .. } | ExprKind::Coordinate { place: Place::Pre, .. } => {
            kinds[0] = true;
        }
        ExprKind::Variable { .. } | ExprKind::Coordinate { .. } | ExprKind::Signal(..) => kinds[1] = true,
        // A draw is the synapse's own, also that of a function.
        ExprKind::Weight { .. }
        | ExprKind::Trace(..)
        | ExprKind::Draw(_)
        | ExprKind::Call { draws: true, .. } => kinds[2] = true,
        ExprKind::Filtered { .. } => {
            kinds[2] = true;
            return;
        }
        _ => {}
    }
    expr.for_each_child(|child| ends(child, kinds));
}
