//! Sums over synapses that are 0 because no such synapse ends where the equation says that it holds.

use plr_syntax::ast::Role;
use plr_syntax::diagnostic::Findings;

use crate::check::empty_sum::EmptySum;
use crate::equation;
use crate::hir::{Dynamics, Expr, ExprKind, Rule, Statement};
use crate::network::{LayerId, Network};

/// Finds the empty sums of a rule on a network (R7.21). An equation without a role holds at both ends of the network, where
/// half of its sums may well be empty.
pub fn empty_sums(rule: &Rule, network: &Network, findings: &mut Findings) {
    let bodies = rule.phases.iter().map(|phase| &phase.body[..]);
    bodies.for_each(|body| in_statements(body, (rule, network), findings));
}

fn in_statements(body: &[Statement], within: (&Rule, &Network), findings: &mut Findings) {
    for statement in body {
        match statement {
            Statement::Equation(dynamics) | Statement::Clamp(dynamics) => {
                in_equation(dynamics, within, findings);
            }
            Statement::Sweep(_, body) => body.iter().for_each(|d| in_equation(d, within, findings)),
            Statement::InTurn(body) => in_statements(body, within, findings),
            Statement::Release { .. } | Statement::Trace(_) | Statement::Learn(_) => {}
        }
    }
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
    if let ExprKind::Arrive { synapse, transposed, .. } = expr.kind {
        let ends = |(pre, post): (LayerId, LayerId)| layers.contains(if transposed { &pre } else { &post });
        if !rule.instances(network, synapse).into_iter().any(ends) {
            let synapse = rule.synapses[synapse.0].name.clone();
            findings.push(EmptySum { at: expr.span, synapse, transposed, role });
        }
    }
    expr.for_each_child(|child| in_expression(child, role, layers, (rule, network), findings));
}
