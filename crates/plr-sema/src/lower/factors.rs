//! What factors an expression has, and of how many products it is a sum.

use plr_ir::scalar::{BinaryOp, UnaryOp};

use crate::hir::{Expr, ExprKind, Place, Rule, VariableKind};
use crate::memory::has_filter;

/// As many products are the most that a product of sums is multiplied out into (R5.14, R8.13): a square of a sum of a few
/// terms, or the fourth power, is less, and of more factors there soon are too many.
const MOST_PRODUCTS: u64 = 256;

/// How many products the product of so many and so many is, if it is multiplied out.
pub fn multiplied(a: u64, b: u64) -> Option<u64> {
    Some(a.saturating_mul(b)).filter(|&products| products <= MOST_PRODUCTS)
}

/// Whether an expression over samples is one factor, however it is written: of one end alone, and of no filter.
pub fn is_one_factor(expr: &Expr) -> bool {
    !joins_both_ends(expr) && !has_filter(expr)
}

/// Whether a product is multiplied out where it is no factor. What filters return is there once and stays apart.
pub fn is_multiplied_out(a: &Expr, b: &Expr) -> bool {
    has_filter(a) || has_filter(b) || multiplied(products(a), products(b)).is_some()
}

/// The products of factors that an expression over samples is a sum of.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn products(expr: &Expr) -> u64 {
    match &expr.kind {
        _ if is_one_factor(expr) => 1,
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => products(a) + products(b),
        ExprKind::Unary(UnaryOp::Neg, a) => products(a),
        ExprKind::Binary(BinaryOp::Mul, a, b) => multiplied(products(a), products(b)).unwrap_or(1),
        ExprKind::Binary(BinaryOp::Div, a, b) if !joins_both_ends(b) => products(a),
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
fn is_the_same_for_all_samples(kind: &ExprKind) -> bool {
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

/// Whether an expression is of a number that is learned, or drawn for it, or comes from a filter, and of no unit: where units, or
/// pairs of units, share that number it counts once (R8.13). What units have is what has a variable of theirs, but in their own
/// equations their parameters are numbers that are learned.
pub fn counts_once(expr: &Expr, of_unit: bool, rule: &Rule) -> bool {
    let (mut own, mut of_units) = (false, false);
    find_owners(expr, of_unit, rule, (&mut own, &mut of_units));
    own && !of_units
}

/// Whether an expression has a variable of a unit, one that it has one by one with the other units of its layer.
pub fn is_of_units(expr: &Expr, of_unit: bool, rule: &Rule) -> bool {
    let (mut own, mut of_units) = (false, false);
    find_owners(expr, of_unit, rule, (&mut own, &mut of_units));
    of_units
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn find_owners(expr: &Expr, of_unit: bool, rule: &Rule, (own, of_units): (&mut bool, &mut bool)) {
    match &expr.kind {
        ExprKind::Filtered { .. } => {
            *own = true;
            return;
        }
        ExprKind::Weight { .. } | ExprKind::Draw(_) | ExprKind::Call { draws: true, .. } => *own = true,
        ExprKind::Variable { variable, .. } => match (of_unit, &rule.variables[variable.0].kind) {
            (true, VariableKind::Param(_)) => *own = true,
            (false, VariableKind::Param(_)) | (_, VariableKind::State(_) | VariableKind::Let(_)) => {
                *of_units = true;
            }
        },
        // One number for all units.
        ExprKind::Signal(..) => {}
        kind => *of_units |= !is_the_same_for_all_samples(kind),
    }
    expr.for_each_child(|child| find_owners(child, of_unit, rule, (own, of_units)));
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
