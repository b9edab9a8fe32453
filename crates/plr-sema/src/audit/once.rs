//! Constants in sums that a shared parameter learns: they count once, and the units' terms beside them once for each unit.

use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::counted_once::CountedOnce;
use crate::equation::{self, Site, Source};
use crate::hir::{Expr, ExprKind, Learned, Plasticity, Rule, VariableKind};
use crate::network::Network;

/// Finds the constants and signals that stand in a sum beside what units have, in what a parameter learns that several of them share
/// on a network, where it is built (R8.13).
pub fn counted_once(
    rule: &Rule,
    network: &Network,
    built: &dyn Fn(Learned, Site) -> bool,
    findings: &mut Findings,
) {
    for plasticity in &rule.plasticity {
        let sites = equation::sites(Source::Plasticity(plasticity), rule, network);
        let shared =
            |site: &Site| built(plasticity.target, *site) && is_shared(plasticity, *site, rule, network);
        if let Some(at) = sites.iter().any(shared).then(|| in_sums(&plasticity.increment, rule)).flatten() {
            let (name, _) = rule.declaration(plasticity.target);
            let of_synapse = matches!(plasticity.target, Learned::Synapse(_));
            findings.push(CountedOnce { at, name, of_synapse });
        }
    }
}

/// Whether several units, or pairs of units, have the number that is learned at a site.
fn is_shared(plasticity: &Plasticity, site: Site, rule: &Rule, network: &Network) -> bool {
    match plasticity.target {
        Learned::Unit(variable) => {
            let space = rule.sharing(network, rule.group(variable, site.owner()));
            space.is_some_and(|space| space.positions() > 1)
        }
        Learned::Synapse(synapse) => {
            let along = rule.along(network, synapse, site.ends());
            along.and_then(|along| along.kernel()).is_some_and(|kernel| !kernel.local)
        }
    }
}

/// Where such a constant stands, in an expression or in what a filter in it is given.
fn in_sums(expr: &Expr, rule: &Rule) -> Option<Span> {
    let found = terms(expr, rule);
    if found.iter().any(|term| term.of_units)
        && let Some(once) = found.iter().find(|term| !term.of_units && !term.own)
    {
        return Some(once.at);
    }
    filtered(expr).into_iter().find_map(|increment| in_sums(increment, rule))
}

/// What the filters in an expression are given.
fn filtered(expr: &Expr) -> Vec<&Expr> {
    if let ExprKind::Filtered { increment, .. } = &expr.kind {
        return vec![increment];
    }
    let mut found = Vec::new();
    expr.for_each_child(|child| found.extend(filtered(child)));
    found
}

/// A term of a sum.
#[derive(Clone, Copy)]
struct Summand {
    /// It has what units have, one by one.
    of_units: bool,
    /// It has the number of a parameter, or a number that is drawn for it.
    own: bool,
    at: Span,
}

/// The terms of an expression, products of sums multiplied out.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn terms(expr: &Expr, rule: &Rule) -> Vec<Summand> {
    match &expr.kind {
        &ExprKind::Number(0.0) => Vec::new(),
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => [terms(a, rule), terms(b, rule)].concat(),
        ExprKind::Unary(UnaryOp::Neg, a) => terms(a, rule),
        ExprKind::Binary(op @ (BinaryOp::Mul | BinaryOp::Div), a, b) => {
            let b = if *op == BinaryOp::Mul { terms(b, rule) } else { vec![single(b, rule)] };
            products(&terms(a, rule), &b, expr.span)
        }
        _ => vec![single(expr, rule)],
    }
}

/// Each term of a sum times each one of another, one of each kind.
fn products(a: &[Summand], b: &[Summand], whole: Span) -> Vec<Summand> {
    let mut found: Vec<Summand> = Vec::new();
    for x in a {
        for y in b {
            let at = match (a.len(), b.len()) {
                (1, 1) => whole,
                (1, _) => y.at,
                (_, 1) => x.at,
                _ => whole,
            };
            let product = Summand { of_units: x.of_units || y.of_units, own: x.own || y.own, at };
            let known = |other: &Summand| (other.of_units, other.own) == (product.of_units, product.own);
            if !found.iter().any(known) {
                found.push(product);
            }
        }
    }
    found
}

/// An expression as one term.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn single(expr: &Expr, rule: &Rule) -> Summand {
    let mut found = Summand { of_units: false, own: false, at: expr.span };
    match &expr.kind {
        ExprKind::Variable { variable, .. } => match rule.variables[variable.0].kind {
            VariableKind::Param(_) => found.own = true,
            VariableKind::State(_) | VariableKind::Let(_) => found.of_units = true,
        },
        ExprKind::Weight { .. } | ExprKind::Draw(_) | ExprKind::Filtered { .. } => found.own = true,
        ExprKind::Trace(..)
        | ExprKind::Coordinate { .. }
        | ExprKind::Arrive { .. }
        | ExprKind::Beside { .. }
        | ExprKind::Over(..)
        | ExprKind::Rank(_)
        | ExprKind::RunningSum(_)
        | ExprKind::Activation { .. }
        | ExprKind::Cost { .. }
        | ExprKind::Data
        | ExprKind::Target => found.of_units = true,
        // It is one number for all units.
        ExprKind::Layer(..) => {}
        _ => expr.for_each_child(|child| {
            let Summand { of_units, own, .. } = single(child, rule);
            found.of_units |= of_units;
            found.own |= own;
        }),
    }
    found
}
