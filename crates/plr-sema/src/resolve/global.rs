//! Signals and predictions: nobody's equations, which read the input and the output layer (R10.2).

use plr_syntax::span::Span;

use crate::hir::{Expr, ExprKind, Place};

/// The layers, of input and output, over whose units an expression varies.
pub fn unit_layers(expr: &Expr) -> Vec<Place> {
    let mut found = match &expr.kind {
        ExprKind::Variable { place, .. } => vec![*place],
        ExprKind::Target | ExprKind::Cost { .. } => vec![Place::Output],
        ExprKind::Layer(..) => return Vec::new(),
        _ => Vec::new(),
    };
    expr.for_each_child(|child| found.extend(unit_layers(child)));
    found.sort_by_key(|place| *place as usize);
    found.dedup();
    found
}

/// The first operation that joins a value of the input units with one of the output units.
pub fn joins_two_layers(expr: &Expr) -> Option<Span> {
    let mut found = None;
    expr.for_each_child(|child| found = found.or_else(|| joins_two_layers(child)));
    found.or_else(|| (unit_layers(expr).len() > 1).then_some(expr.span))
}
