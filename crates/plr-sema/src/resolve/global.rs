//! Signals and predictions: nobody's equations, which read the input and the output layer (R10.2).

use plr_syntax::ast::Role;
use plr_syntax::span::Span;

use crate::equation;
use crate::hir::{Expr, ExprKind, Place, Rule, Size};
use crate::network::{LayerId, Network};

/// The layers, of input and output, over whose units an expression varies, and how many units these are.
pub fn unit_layers(expr: &Expr, rule: &Rule) -> Vec<(Place, Size)> {
    if matches!(expr.kind, ExprKind::Layer(..)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let ExprKind::Variable { place, variable, .. } = expr.kind {
        found.push((place, rule.size(rule.variables[variable.0].population)));
    } else if let ExprKind::Coordinate { place, population, .. } = expr.kind {
        found.push((place, rule.size(population)));
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

/// The layers that a reduction over the hidden layers goes over: those that have what it is about. Nothing if it is about another
/// layer.
pub fn hidden_layers(argument: &Expr, rule: &Rule, network: &Network) -> Option<Vec<LayerId>> {
    if matches!(argument.kind, ExprKind::Layer(..)) {
        return None;
    }
    if let ExprKind::Variable { place: Place::Hidden, variable, .. } = argument.kind {
        return Some(equation::layers(variable, Some(Role::Hidden), rule, network));
    }
    let mut found = None;
    argument.for_each_child(|child| found = found.take().or_else(|| hidden_layers(child, rule, network)));
    found
}

/// The first operation that joins a value of the input units with one of the output units.
pub fn joins_two_layers(expr: &Expr, rule: &Rule) -> Option<Span> {
    let mut found = None;
    expr.for_each_child(|child| found = found.or_else(|| joins_two_layers(child, rule)));
    found.or_else(|| (unit_layers(expr, rule).len() > 1).then_some(expr.span))
}
