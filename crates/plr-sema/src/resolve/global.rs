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

/// The layers that a reduction over the hidden layers, or over several input layers, goes over: those that have what it is about.
/// Nothing if it is about one layer.
pub fn several_layers(argument: &Expr, rule: &Rule, network: &Network) -> Option<Vec<LayerId>> {
    if matches!(argument.kind, ExprKind::Layer(..)) {
        return None;
    }
    if let ExprKind::Variable { place, variable, .. } = argument.kind
        && let Some(role) = role_of_several(place, network)
    {
        return Some(equation::layers(variable, Some(role), rule, network));
    }
    let mut found = None;
    argument.for_each_child(|child| found = found.take().or_else(|| several_layers(child, rule, network)));
    found
}

/// The role of the layers at a place, if there may be several.
fn role_of_several(place: Place, network: &Network) -> Option<Role> {
    match place {
        Place::Hidden => Some(Role::Hidden),
        Place::Input => (network.inputs().len() > 1).then_some(Role::Input),
        Place::Own | Place::Sender | Place::Pre | Place::Post | Place::Output => None,
    }
}

/// The layer that a place is while a reduction over several layers is at one of them (R10.3).
pub fn layer_among(place: Place, among: Option<LayerId>, network: &Network) -> LayerId {
    let of_role = |role| among.filter(|&layer| network.layers[layer].role == role);
    match place {
        Place::Hidden => of_role(Role::Hidden).unwrap_or(network.output()),
        Place::Input => of_role(Role::Input).unwrap_or(network.input()),
        Place::Own | Place::Sender | Place::Pre | Place::Post | Place::Output => network.output(),
    }
}

/// The first operation that joins a value of the input units with one of the output units.
pub fn joins_two_layers(expr: &Expr, rule: &Rule) -> Option<Span> {
    let mut found = None;
    expr.for_each_child(|child| found = found.or_else(|| joins_two_layers(child, rule)));
    found.or_else(|| (unit_layers(expr, rule).len() > 1).then_some(expr.span))
}
