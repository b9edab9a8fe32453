//! Draws of clamps that stand still through the steps of a phase.

use plr_syntax::diagnostic::Findings;

use crate::check::frozen_draw::FrozenDraw;
use crate::equation;
use crate::hir::Rule;
use crate::lower::Duration;
use crate::resolve::{Library, draws};

/// Finds the clamps of phases of several steps that draw (R11.9).
pub fn frozen_draws(rule: &Rule, library: &Library, durations: &[Duration], findings: &mut Findings) {
    for (phase, duration) in rule.phases.iter().zip(durations) {
        if !phase.over_time && duration.steps > 1 {
            for clamp in equation::clamps_of(phase) {
                if draws(&clamp.value, library) {
                    let name = rule.variables[clamp.variable.0].name.clone();
                    findings.push(FrozenDraw { at: clamp.value.span, name });
                }
            }
        }
    }
}
