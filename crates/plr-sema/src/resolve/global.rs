//! Signals and predictions: nobody's equations, which read the input and the output layer (R10.2).

use plr_syntax::span::Span;

use crate::hir::{Expr, ExprKind, Place};

/// The layers, of input and output, over whose units an expression varies.
pub fn unit_layers(expr: &Expr) -> Vec<Place> {
    if matches!(expr.kind, ExprKind::Layer(..)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let ExprKind::Variable { place, .. } = expr.kind {
        found.push(place);
    } else if matches!(expr.kind, ExprKind::Target | ExprKind::Cost { .. }) {
        found.push(Place::Output);
    }
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
