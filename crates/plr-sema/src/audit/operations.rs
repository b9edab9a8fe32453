//! Multiplications with addition per presentation of one sample.

use plr_ir::scalar::{BinaryOp, UnaryOp};
use serde::Serialize;

use super::reads::{Arrival, Reader};
use super::schedule::Plan;
use crate::equation::{self, Source};
use crate::hir::{Expr, ExprKind, Learned, Place, Rule};
use crate::lower::plasticity::same_for_all_samples;
use crate::network::Network;
use crate::resolve::Library;

/// Multiply-adds in sums over synapses. What units compute element by element is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MultiplyAdds {
    /// In the phases: each arrival as written, at each layer that needs it, once per step, one for each pair of
    /// units that an instance of its synapse joins, and each summand before `@`. A definition that several equations need counts once per step.
    pub dynamics: u64,
    /// In learning: the arrivals it needs beyond that, and for each synapse the number of outer products the increment
    /// is a sum of.
    pub plasticity: u64,
}

/// Counts them.
pub fn multiply_adds(
    rule: &Rule,
    library: &Library,
    network: &Network,
    plans: &[Plan<'_>],
    steps: &[u64],
) -> MultiplyAdds {
    let mut dynamics: u64 = 0;
    for (plan, &steps) in plans.iter().zip(steps) {
        let mut reader = Reader::new(rule, library, network);
        for &(layer, equation) in plan.turns.iter().flat_map(|turn| &turn.equations) {
            reader.of_state(layer, equation);
        }
        dynamics = dynamics.saturating_add(steps.saturating_mul(arrivals(&reader, rule, network)));
    }
    for source in equation::sources(rule) {
        let Source::Trace(phase, tracing) = source else { continue };
        let sites = equation::sites(source, rule, network).into_iter();
        let synapses = sites.map(|site| rule.owners(network, source.target(), site) as u64).sum::<u64>();
        let products = outer_products(&tracing.value).saturating_mul(synapses);
        dynamics = dynamics.saturating_add(steps[phase.0].saturating_mul(products));
    }
    let mut reader = Reader::new(rule, library, network);
    let mut plasticity = 0;
    for equation in &rule.plasticity {
        for site in equation::sites(Source::Plasticity(equation), rule, network) {
            reader.at(rule.evaluator(equation.target, site), &equation.increment);
            if let Learned::Synapse(_) = equation.target {
                let synapses = rule.owners(network, equation.target, site) as u64;
                plasticity += outer_products(&equation.increment) * synapses;
            }
        }
    }
    MultiplyAdds { dynamics, plasticity: plasticity + arrivals(&reader, rule, network) }
}

fn arrivals(reader: &Reader<'_>, rule: &Rule, network: &Network) -> u64 {
    let of = |arrival: &Arrival| arrival.products * rule.pairs(network, arrival.synapse, arrival.edge) as u64;
    reader.arrivals().iter().map(of).sum()
}

/// How many products with what is sent each synapse adds up: one, or one for each summand of what stands before `@` if that
/// varies over samples.
pub fn products(weight: &Expr) -> u64 {
    match &weight.kind {
        _ if same_for_all_samples(weight) => 1,
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => products(a) + products(b),
        ExprKind::Unary(UnaryOp::Neg, a) => products(a),
        _ => 1,
    }
}

/// How many products of a presynaptic, a postsynaptic and a synaptic factor an increment is a sum of, when products of
/// sums are multiplied out. What has fewer than two kinds of factors is one factor, however it is written.
pub fn outer_products(increment: &Expr) -> u64 {
    if factors(increment).into_iter().filter(|&has| has).count() < 2 {
        return 1;
    }
    if let ExprKind::Binary(op, a, b) = &increment.kind {
        match op {
            BinaryOp::Add | BinaryOp::Sub => return outer_products(a) + outer_products(b),
            BinaryOp::Mul => return outer_products(a) * outer_products(b),
            BinaryOp::Div => return outer_products(a),
            BinaryOp::Pow | BinaryOp::Max | BinaryOp::Min => {}
        }
    }
    if let ExprKind::Unary(UnaryOp::Neg, a) = &increment.kind {
        return outer_products(a);
    }
    1
}

/// Whether an expression has a presynaptic, a postsynaptic and a synaptic factor.
fn factors(expr: &Expr) -> [bool; 3] {
    let mut found = [
        matches!(expr.kind, ExprKind::Variable { place: Place::Pre, .. }),
        matches!(expr.kind, ExprKind::Variable { place: Place::Post, .. }),
        matches!(expr.kind, ExprKind::Weight { .. } | ExprKind::Trace(_)),
    ];
    expr.for_each_child(|child| {
        for (found, here) in found.iter_mut().zip(factors(child)) {
            *found |= here;
        }
    });
    found
}
