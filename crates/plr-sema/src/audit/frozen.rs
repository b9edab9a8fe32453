//! Draws of clamps that stand still through the steps of a phase.

use plr_syntax::diagnostic::Findings;

use crate::check::frozen_draw::FrozenDraw;
use crate::hir::{Rule, Statement};
use crate::lower::Duration;
use crate::resolve::{Library, draws};

/// Finds the clamps of phases of several steps that draw (R11.9).
pub fn frozen_draws(rule: &Rule, library: &Library, durations: &[Duration], findings: &mut Findings) {
    for (phase, duration) in rule.phases.iter().zip(durations) {
        if !phase.over_time && duration.steps > 1 {
            in_statements(&phase.body, (rule, library), findings);
        }
    }
}

fn in_statements(body: &[Statement], (rule, library): (&Rule, &Library), findings: &mut Findings) {
    for statement in body {
        match statement {
            Statement::Clamp(dynamics) if draws(&dynamics.value, library) => {
                let name = rule.variables[dynamics.variable.0].name.clone();
                findings.push(FrozenDraw { at: dynamics.value.span, name });
            }
            Statement::InTurn(body) => in_statements(body, (rule, library), findings),
            Statement::Clamp(_)
            | Statement::Release { .. }
            | Statement::Equation(_)
            | Statement::Trace(_)
            | Statement::Learn(_)
            | Statement::Sweep(..) => {}
        }
    }
}
