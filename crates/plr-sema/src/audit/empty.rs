//! Sums over synapses that are 0 because no such synapse ends where the equation says that it holds.

use plr_syntax::ast::Role;
use plr_syntax::diagnostic::Findings;

use crate::check::empty_sum::EmptySum;
use crate::equation;
use crate::hir::{Dynamics, Expr, ExprKind, Learned, Phase, Place, Relative, Rule, Statement, VariableId};
use crate::memory::mentions;
use crate::network::{LayerId, Network};

/// Finds the empty sums of a rule on a network (R7.21). An equation without a role holds at both ends of the network, where
/// half of its sums may well be empty, unless synapses learn from it there and the sum is all that it says, or one of what comes
/// from that very end.
pub fn empty_sums(rule: &Rule, network: &Network, findings: &mut Findings) {
    for statement in rule.phases.iter().flat_map(Phase::statements) {
        statement.written().for_each(|dynamics| in_equation(dynamics, (rule, network), findings));
        let of_all = statement.dynamics().iter().filter(|dynamics| dynamics.role.is_none());
        of_all.for_each(|dynamics| learned_from(dynamics, (rule, network), findings));
    }
}

/// An equation without a role that is one sum, or has one of what the input or the output sends to all: the first layer in which
/// that is empty, the input or the output itself if there is more than the sum, nothing else gives the state a value, and a
/// synapse reads it to learn.
fn learned_from(dynamics: &Dynamics, of: (&Rule, &Network), findings: &mut Findings) {
    sum_learned_from(&dynamics.value, dynamics, of, findings);
}

fn sum_learned_from(
    expr: &Expr,
    dynamics: &Dynamics,
    (rule, network): (&Rule, &Network),
    findings: &mut Findings,
) {
    expr.for_each_child(|child| sum_learned_from(child, dynamics, (rule, network), findings));
    let ExprKind::Arrive { synapse, transposed, together, .. } = expr.kind else { return };
    let declared = &rule.synapses[synapse.0];
    let sends = if transposed { declared.to.layer } else { declared.from.layer };
    let whole = expr.span == dynamics.value.span;
    let may_be_empty = |layer: LayerId| match sends {
        _ if whole => false,
        Relative::Input => !network.inputs().contains(&layer),
        Relative::Output => layer != network.output(),
        Relative::Own | Relative::Below | Relative::Above => true,
    };
    let ends = |layer: LayerId| {
        let end = |(pre, post): (LayerId, LayerId)| if transposed { pre } else { post };
        rule.instances(network, synapse).into_iter().any(|instance| end(instance) == layer)
    };
    let variable = dynamics.variable;
    let other = |found: &Dynamics, layer: LayerId| {
        found.variable == variable
            && found.span != dynamics.span
            && equation::layers(variable, found.role, rule, network).contains(&layer)
    };
    let written = |layer: LayerId| {
        let statements = rule.phases.iter().flat_map(Phase::statements);
        statements.flat_map(Statement::written).any(|found| other(found, layer))
    };
    let layers = equation::layers(variable, None, rule, network).into_iter();
    let mut empty = layers.filter(|&layer| !ends(layer) && !may_be_empty(layer) && !written(layer));
    if let Some(layer) = empty.find(|&layer| teaches(variable, layer, (rule, network))) {
        let (at, synapse) = (expr.span, rule.synapse_name(synapse));
        let role = match () {
            () if network.inputs().contains(&layer) => Role::Input,
            () if layer == network.output() => Role::Output,
            () => Role::Hidden,
        };
        findings.push(EmptySum { at, synapse, transposed, together, role });
    }
}

/// Whether a synapse that begins or ends in the layer learns from the variable of its unit there.
fn teaches(variable: VariableId, layer: LayerId, (rule, network): (&Rule, &Network)) -> bool {
    rule.plasticity.iter().any(|plasticity| {
        let Learned::Synapse(synapse) = plasticity.target else { return false };
        let instances = rule.instances(network, synapse);
        let reads = |from: Place| {
            let same = |kind: &ExprKind| {
                matches!(kind, ExprKind::Variable { place, variable: read, .. } if (*place, *read) == (from, variable))
            };
            mentions(&plasticity.increment, &same)
        };
        instances
            .iter()
            .any(|&(pre, post)| (pre == layer && reads(Place::Pre)) || (post == layer && reads(Place::Post)))
    })
}

fn in_equation(dynamics: &Dynamics, (rule, network): (&Rule, &Network), findings: &mut Findings) {
    let Some(role) = dynamics.role else { return };
    let layers = equation::layers(dynamics.variable, Some(role), rule, network);
    if !layers.is_empty() {
        in_expression(&dynamics.value, role, &layers, (rule, network), findings);
    }
}

fn in_expression(
    expr: &Expr,
    role: Role,
    layers: &[LayerId],
    (rule, network): (&Rule, &Network),
    findings: &mut Findings,
) {
    if let ExprKind::Arrive { synapse, transposed, together, .. } = expr.kind {
        let ends = |(pre, post): (LayerId, LayerId)| layers.contains(if transposed { &pre } else { &post });
        if !rule.instances(network, synapse).into_iter().any(ends) {
            let synapse = rule.synapse_name(synapse);
            findings.push(EmptySum { at: expr.span, synapse, transposed, together, role });
        }
    }
    expr.for_each_child(|child| in_expression(child, role, layers, (rule, network), findings));
}
