//! Clamps that read what they clamp, where a phase that begins elsewhere does not take an earlier clamp back.

use std::collections::BTreeMap;

use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use super::reads::{Input, Reader};
use crate::check::stale_clamp::StaleClamp;
use crate::equation;
use crate::hir::{PhaseId, Rule, VariableId};
use crate::network::{LayerId, Network};
use crate::resolve::Library;

/// What is clamped, and by which phase and statement.
type Held = BTreeMap<(VariableId, LayerId), (PhaseId, Span)>;

/// Finds the clamps of phases `from` another one that read a state which they clamp and which has been clamped since (R7.11).
pub fn stale_clamps(rule: &Rule, library: &Library, network: &Network, findings: &mut Findings) {
    let mut reader = Reader::new(rule, library, network);
    let mut held = Held::new();
    for (position, phase) in rule.phases.iter().enumerate() {
        for clamp in equation::clamps_of(phase) {
            let Some(from) = phase.from else { continue };
            let since = |layer| {
                let state = (clamp.variable, layer);
                let (by, at) = *held.get(&state).filter(|(by, _)| *by > from)?;
                let now = Input::State(clamp.variable, layer, None);
                reader.of_state(layer, clamp).iter().any(|(input, _)| input == now).then_some((by, at))
            };
            let layers = equation::layers(clamp.variable, clamp.role, rule, network);
            if let Some((by, earlier)) = layers.into_iter().find_map(since) {
                findings.push(StaleClamp {
                    at: clamp.value.span,
                    name: rule.variable_name(clamp.variable),
                    from: rule.phases[from.0].name.clone(),
                    by: rule.phases[by.0].name.clone(),
                    earlier,
                });
            }
        }
        for (state, clamp) in equation::holds(phase, rule, network) {
            match clamp {
                Some(clamp) => held.insert(state, (PhaseId(position), clamp.span)),
                None => held.remove(&state),
            };
        }
    }
}
