//! Numbers that several units share, beside what these have: they count once, and the units' terms once for each unit.

use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::counted_once::CountedOnce;
use crate::equation::{self, Site, Source};
use crate::hir::{Expr, ExprKind, Learned, Plasticity, Rule};
use crate::lower::factors::{is_of_units, same_for_all_samples};
use crate::network::Network;

/// Finds the numbers that stand by themselves in a sum beside what units have, in what is added to them, where several units share
/// them on a network and they are built (R8.13).
pub fn counted_once(
    rule: &Rule,
    network: &Network,
    built: &dyn Fn(Learned, Site) -> bool,
    findings: &mut Findings,
) {
    for plasticity in rule.plasticity.iter().filter(|plasticity| !plasticity.sets) {
        let sites = equation::sites(Source::Plasticity(plasticity), rule, network);
        let shared =
            |site: &Site| built(plasticity.target, *site) && is_shared(plasticity, *site, rule, network);
        if sites.iter().any(shared)
            && let Some(at) = in_sums(&plasticity.increment, plasticity.target, rule)
        {
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

/// Where the number itself stands in such a sum: in an expression, times something that is the same for all, or in what a filter is
/// given.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn in_sums(expr: &Expr, target: Learned, rule: &Rule) -> Option<Span> {
    let within = |part: &Expr| in_sums(part, target, rule);
    match &expr.kind {
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, ..) => {
            let mut terms = Vec::new();
            take_apart(expr, &mut terms);
            let of_units = |term: &&Expr| is_of_units(term, matches!(target, Learned::Unit(_)), rule);
            let own = terms.iter().find(|term| is_number_of(term, target));
            let beside = own.filter(|_| terms.iter().any(of_units));
            beside.map(|own| own.span).or_else(|| terms.into_iter().find_map(within))
        }
        ExprKind::Unary(UnaryOp::Neg, a) => within(a),
        ExprKind::Binary(BinaryOp::Mul, a, b) if same_for_all_samples(a) => within(b),
        ExprKind::Binary(BinaryOp::Mul | BinaryOp::Div, a, b) if same_for_all_samples(b) => within(a),
        ExprKind::Filtered { increment, .. } => within(increment),
        _ => None,
    }
}

/// The terms of a sum.
fn take_apart<'e>(expr: &'e Expr, terms: &mut Vec<&'e Expr>) {
    if let ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) = &expr.kind {
        take_apart(a, terms);
        take_apart(b, terms);
    } else if let ExprKind::Unary(UnaryOp::Neg, a) = &expr.kind {
        take_apart(a, terms);
    } else {
        terms.push(expr);
    }
}

/// Whether an expression is the number that is learned, and no more.
fn is_number_of(expr: &Expr, target: Learned) -> bool {
    if let ExprKind::Weight { synapse, .. } = expr.kind {
        return target == Learned::Synapse(synapse);
    }
    matches!(expr.kind, ExprKind::Variable { variable, .. } if target == Learned::Unit(variable))
}
