//! Signals and predictions: nobody's equations, which read the input and the output layer (R10.2).

use plr_syntax::span::Span;

use crate::hir::{Expr, ExprKind, Place, Rule, Size};

/// The layers, of input and output, over whose units an expression varies, and how many units these are.
pub fn unit_layers(expr: &Expr, rule: &Rule) -> Vec<(Place, Size)> {
    if matches!(expr.kind, ExprKind::Layer(..)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let ExprKind::Variable { place, variable, .. } = expr.kind {
        found.push((place, rule.size(rule.variables[variable.0].population)));
    } else if matches!(expr.kind, ExprKind::Target | ExprKind::Cost { .. }) {
        found.push((Place::Output, Size::Layer));
    }
    expr.for_each_child(|child| found.extend(unit_layers(child, rule)));
    let mut layers = Vec::new();
    for layer in found {
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    layers
}

/// The first operation that joins a value of the input units with one of the output units.
pub fn joins_two_layers(expr: &Expr, rule: &Rule) -> Option<Span> {
    let mut found = None;
    expr.for_each_child(|child| found = found.or_else(|| joins_two_layers(child, rule)));
    found.or_else(|| (unit_layers(expr, rule).len() > 1).then_some(expr.span))
}
