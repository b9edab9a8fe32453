//! Multiplications with addition per presentation of one sample.

use plr_ir::scalar::{BinaryOp, UnaryOp};
use serde::Serialize;

use super::built::Built;
use super::reads::{Arrival, Reader};
use super::schedule::{Plan, occasions};
use crate::equation::{self, Site, Source};
use crate::hir::{Expr, ExprKind, Learned, PhaseId, Place, Rule};
use crate::lower::factors::{joins_both_ends, multiplied, same_for_all_samples};
use crate::lower::written_out::written_out;
use crate::network::Network;
use crate::resolve::Library;

/// Multiply-adds in sums over synapses. What units compute element by element is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MultiplyAdds {
    /// In the phases: each arrival as written, at each layer that needs it, once per step, or per stage of the integrator
    /// where a rate needs it, one for each pair of units that an instance of its synapse joins, and each summand before `@`. A
    /// definition that several equations need counts once. Traces as learning.
    pub dynamics: u64,
    /// In learning, each time it happens: the arrivals it needs itself, and for each synapse the number of outer products
    /// the increment is a sum of.
    pub plasticity: u64,
}

/// Counts them.
pub fn multiply_adds(
    rule: &Rule,
    library: &Library,
    (network, built): (&Network, &Built),
    plans: &[Plan<'_>],
    steps: &[u64],
) -> MultiplyAdds {
    let count = Count { rule, library, network, built };
    let phases = plans.iter().enumerate().map(|(phase, plan)| {
        let stages = rule.phases[phase].integrator.stages();
        steps[phase].saturating_mul(count.step(plan, stages).saturating_add(count.tracing(PhaseId(phase))))
    });
    let occasions = occasions(rule);
    let every_step = |phase| occasions.iter().map(move |o| o.every_step == phase).collect::<Vec<_>>();
    let in_phases = (0..plans.len())
        .map(|phase| steps[phase].saturating_mul(count.learning(&every_step(Some(PhaseId(phase))))));
    let plasticity = in_phases.chain([count.learning(&every_step(None))]);
    MultiplyAdds {
        dynamics: phases.fold(0, u64::saturating_add),
        plasticity: plasticity.fold(0, u64::saturating_add),
    }
}

struct Count<'a> {
    rule: &'a Rule,
    library: &'a Library,
    network: &'a Network,
    built: &'a Built,
}

impl<'a> Count<'a> {
    fn reader(&self) -> Reader<'a> {
        Reader::new(self.rule, self.library, self.network)
    }

    /// The arrivals of one step, those that rates need once for each stage.
    fn step(&self, plan: &Plan<'_>, stages: u64) -> u64 {
        let (mut all, mut rates) = (self.reader(), self.reader());
        for instance in plan.turns.iter().flat_map(|turn| &turn.equations) {
            all.of(instance);
            if matches!(instance.source, Source::Dynamics(_, equation) if equation.rate.is_some()) {
                rates.of(instance);
            }
        }
        (stages - 1).saturating_mul(self.arrivals(&rates)).saturating_add(self.arrivals(&all))
    }

    /// The products of the traces that one step of a phase writes.
    fn tracing(&self, phase: PhaseId) -> u64 {
        let products = |source: Source<'_>| match source {
            Source::Trace(written, tracing) if written == phase => {
                let sites = equation::sites(source, self.rule, self.network);
                let products = |site| self.products(&tracing.value, source.target(), site);
                sites.into_iter().map(products).fold(0, u64::saturating_add)
            }
            Source::Trace(..) | Source::Dynamics(..) | Source::Plasticity(_) => 0,
        };
        equation::sources(self.rule).into_iter().map(products).fold(0, u64::saturating_add)
    }

    /// What the chosen learning equations need when they are evaluated once.
    fn learning(&self, chosen: &[bool]) -> u64 {
        let mut reader = self.reader();
        let mut products: u64 = 0;
        for (equation, _) in self.rule.plasticity.iter().zip(chosen).filter(|(_, chosen)| **chosen) {
            let sites = equation::sites(Source::Plasticity(equation), self.rule, self.network);
            for site in sites.into_iter().filter(|&site| self.built.at(equation.target, site)) {
                reader.at(self.rule.evaluator(equation.target, site), &equation.increment);
                if let Learned::Synapse(_) = equation.target {
                    products =
                        products.saturating_add(self.products(&equation.increment, equation.target, site));
                }
            }
        }
        products.saturating_add(self.arrivals(&reader))
    }

    fn products(&self, value: &Expr, target: Learned, site: Site) -> u64 {
        let owners = match target {
            Learned::Synapse(synapse) => self.built.synapses(self.rule, self.network, synapse, site.ends()),
            Learned::Unit(_) => self.rule.owners(self.network, target, site) as u64,
        };
        outer_products(&written_out(value, self.library, self.at_kernel(target, site))).saturating_mul(owners)
    }

    /// Whether the synapses of a site share weights.
    fn at_kernel(&self, target: Learned, site: Site) -> bool {
        let Learned::Synapse(synapse) = target else { return false };
        self.rule.along(self.network, synapse, site.ends()).is_some_and(|along| along.kernel().is_some())
    }

    fn arrivals(&self, reader: &Reader<'_>) -> u64 {
        let products = |arrival: &Arrival| {
            let pairs = self.built.synapses(self.rule, self.network, arrival.synapse, arrival.edge);
            arrival.products.saturating_mul(pairs)
        };
        reader.arrivals().iter().map(products).fold(0, u64::saturating_add)
    }
}

/// How many products with what is sent each synapse adds up: one, or one for each summand of what stands before `@` if that
/// varies over samples. At a kernel products of sums are multiplied out.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
pub fn products(weight: &Expr, at_kernel: bool) -> u64 {
    match &weight.kind {
        _ if same_for_all_samples(weight) => 1,
        ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => {
            products(a, at_kernel) + products(b, at_kernel)
        }
        ExprKind::Unary(UnaryOp::Neg, a) => products(a, at_kernel),
        ExprKind::Binary(BinaryOp::Mul, a, b) if at_kernel => multiplied(terms(a), terms(b)).unwrap_or(1),
        _ => 1,
    }
}

/// The terms of a factor: those of what joins both ends are added up one by one.
fn terms(factor: &Expr) -> u64 {
    if joins_both_ends(factor) { products(factor, true) } else { 1 }
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
            BinaryOp::Mul => return multiplied(outer_products(a), outer_products(b)).unwrap_or(1),
            BinaryOp::Div => return outer_products(a),
            BinaryOp::Pow | BinaryOp::Max | BinaryOp::Min => {}
        }
    }
    if let ExprKind::Unary(UnaryOp::Neg, a) | ExprKind::Filtered { increment: a, .. } = &increment.kind {
        return outer_products(a);
    }
    1
}

/// Whether an expression has a presynaptic, a postsynaptic and a synaptic factor.
fn factors(expr: &Expr) -> [bool; 3] {
    let mut found = [
        matches!(expr.kind, ExprKind::Variable { place: Place::Pre, .. }),
        matches!(expr.kind, ExprKind::Variable { place: Place::Post, .. }),
        matches!(expr.kind, ExprKind::Weight { .. } | ExprKind::Trace(..)),
    ];
    expr.for_each_child(|child| {
        for (found, here) in found.iter_mut().zip(factors(child)) {
            *found |= here;
        }
    });
    found
}
