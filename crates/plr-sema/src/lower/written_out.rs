//! Functions and powers of both ends of a synapse, written out, so that the products can be seen that they are sums of.
//!
//! Elsewhere a call stays a call, whose arguments are evaluated once.

use plr_ir::scalar::{BinaryOp, UnaryOp};

use crate::hir::{Expr, ExprKind};
use crate::resolve::{Library, draws};

use super::factors::joins_both_ends;

/// A call that would have more parts written out stays a call, whose arguments are evaluated once.
const MOST: u64 = 1000;

/// An expression of a synapse with its calls (R6.2) written out where they are of both ends, or of an end and the weight, and are
/// sums or products; at a kernel, where anything else would be refused, its powers (R5.14) too. Elsewhere a square stays one,
/// which is never negative. A function of what draws is left, as that would be drawn more often.
pub fn written_out(expr: &Expr, library: &Library, at_kernel: bool) -> Expr {
    let mut found = expr.clone();
    write_out(&mut found, library, at_kernel);
    found
}

fn write_out(expr: &mut Expr, library: &Library, at_kernel: bool) {
    expr.for_each_child_mut(|child| write_out(child, library, at_kernel));
    let mut of_draws = false;
    expr.for_each_child(|child| of_draws |= draws(child, library));
    if !joins_both_ends(expr) || of_draws {
        return;
    }
    if let Some(found) = body(expr, library, at_kernel).or_else(|| power(expr).filter(|_| at_kernel)) {
        *expr = found;
    }
}

/// The body of the function that is called, with the arguments in their places, if it is a sum or a product. A surrogate
/// derivative belongs to the call as a whole.
fn body(expr: &Expr, library: &Library, at_kernel: bool) -> Option<Expr> {
    let ExprKind::Call { function, primed, arguments, settings, .. } = &expr.kind else { return None };
    let function = &library.functions[function.0];
    if function.layer_wide || function.surrogate {
        return None;
    }
    let mut found = if *primed { function.derivative.clone()? } else { function.body.clone() };
    let settings = settings.iter().zip(&function.settings);
    let settings: Vec<Expr> =
        settings.map(|(given, (_, default))| given.clone().unwrap_or_else(|| default.clone())).collect();
    let sizes = |given: &[Expr]| given.iter().map(|expr| size(expr, &[], &[])).collect::<Vec<_>>();
    if size(&found, &sizes(arguments), &sizes(&settings)) > MOST {
        return None;
    }
    put_in(&mut found, arguments, &settings);
    write_out(&mut found, library, at_kernel);
    let has_terms = matches!(
        found.kind,
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div, ..)
            | ExprKind::Unary(UnaryOp::Neg, _)
    );
    has_terms.then_some(found)
}

/// How many parts an expression has, if the arguments and settings in it have so many.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn size(expr: &Expr, arguments: &[u64], settings: &[u64]) -> u64 {
    let given = match expr.kind {
        ExprKind::Argument(at) => arguments.get(at),
        ExprKind::Setting(at) => settings.get(at),
        _ => None,
    };
    let mut parts: u64 = given.copied().unwrap_or(1);
    expr.for_each_child(|child| parts = parts.saturating_add(size(child, arguments, settings)));
    parts
}

fn put_in(expr: &mut Expr, arguments: &[Expr], settings: &[Expr]) {
    let found = if let ExprKind::Argument(at) = expr.kind {
        arguments.get(at)
    } else if let ExprKind::Setting(at) = expr.kind {
        settings.get(at)
    } else {
        return expr.for_each_child_mut(|child| put_in(child, arguments, settings));
    };
    if let Some(found) = found {
        expr.clone_from(found);
    }
}

/// `x * x` for `x ^ 2`; only so far, since the products of sums that come of it are multiplied out.
fn power(expr: &Expr) -> Option<Expr> {
    let ExprKind::Binary(BinaryOp::Pow, base, exponent) = &expr.kind else { return None };
    let ExprKind::Number(exponent) = exponent.kind else { return None };
    let factors = [2, 3, 4].into_iter().find(|&n| f64::from(n) == exponent)?;
    let times = |product: Expr, _| Expr {
        kind: ExprKind::Binary(BinaryOp::Mul, Box::new(product), base.clone()),
        span: expr.span,
    };
    Some((1..factors).fold((**base).clone(), times))
}
