//! Equations that are lost: in the same step another one writes the same state before anything reads it, or a clamp
//! holds the state wherever the equation would move it.
//!
//! Plain equations read the values before the step, so nothing tells which of two counts: wherever both write a state,
//! that is a mistake. In ordered blocks the text tells, and to write once more in some layers is a way of saying what
//! they do instead; there only an equation that is lost in all its layers is doubtful (R7.19).

use std::collections::BTreeMap;

use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use super::reads::Reader;
use super::schedule::Slot;
use crate::check::lost_equation::{LostEquation, Winner};
use crate::equation::{self, Site, sweep_order};
use crate::hir::{Dynamics, ExprKind, Learned, Phase, Place, Rule, Statement, Tracing, VariableId};
use crate::network::{LayerId, Network};
use crate::resolve::Library;

/// Finds the lost equations of a rule on a network (R7.3, R7.19).
pub fn lost_equations(rule: &Rule, library: &Library, network: &Network, findings: &mut Findings) {
    let mut held = BTreeMap::new();
    for phase in &rule.phases {
        for (state, clamp) in equation::holds(phase, rule, network) {
            match clamp {
                Some(clamp) => held.insert(state, clamp.span),
                None => held.remove(&state),
            };
        }
        let reader = Reader::new(rule, library, network);
        let mut step =
            Step { rule, network, held: &held, reader, written: BTreeMap::new(), lost: Vec::new() };
        step.statements(&phase.body);
        step.report(findings);
        held_everywhere(phase, (rule, network), &held, findings);
        traced_twice(&phase.body, (rule, network), findings);
    }
}

/// The clamps in force, and where each stands.
type Held = BTreeMap<Cell, Span>;

/// A state of a layer.
type Cell = (VariableId, LayerId);

/// What was last written in a step.
#[derive(Clone, Copy)]
struct Written<'r> {
    by: &'r Dynamics,
    /// It read the values before the step.
    plain: bool,
}

/// An equation that was lost in a layer.
struct Loss<'r> {
    lost: Written<'r>,
    layer: LayerId,
    winner: Written<'r>,
}

/// One step of a phase.
struct Step<'r, 'h> {
    rule: &'r Rule,
    network: &'r Network,
    held: &'h Held,
    reader: Reader<'r>,
    /// What nothing has read since.
    written: BTreeMap<Cell, Written<'r>>,
    lost: Vec<Loss<'r>>,
}

impl<'r> Step<'r, '_> {
    fn statements(&mut self, body: &'r [Statement]) {
        for statement in body {
            match statement {
                // R7.3
                Statement::Equation(dynamics) => self.write(dynamics, &self.layers(dynamics), true),
                Statement::Sweep(..) | Statement::InTurn(_) => self.ordered(statement),
                Statement::Clamp(_)
                | Statement::Release { .. }
                | Statement::Trace(_)
                | Statement::Learn(_) => {}
            }
        }
    }

    /// A statement that reads what was written before it.
    fn ordered(&mut self, statement: &'r Statement) {
        match statement {
            Statement::Equation(dynamics) => self.evaluate(dynamics, &self.layers(dynamics)),
            Statement::Sweep(direction, body) => {
                for turn in sweep_order(*direction, self.network) {
                    for dynamics in body {
                        let mut layers = self.layers(dynamics);
                        layers.retain(|layer| turn.contains(layer));
                        self.evaluate(dynamics, &layers);
                    }
                }
            }
            Statement::InTurn(body) => body.iter().for_each(|statement| self.ordered(statement)),
            // Synapses may read anything.
            Statement::Trace(_) | Statement::Learn(_) => self.written.clear(),
            Statement::Clamp(_) | Statement::Release { .. } => {}
        }
    }

    /// The layers where an equation moves its state.
    fn layers(&self, dynamics: &Dynamics) -> Vec<LayerId> {
        let mut layers = equation::layers(dynamics.variable, dynamics.role, self.rule, self.network);
        layers.retain(|&layer| !self.held.contains_key(&(dynamics.variable, layer)));
        layers
    }

    fn evaluate(&mut self, dynamics: &'r Dynamics, layers: &[LayerId]) {
        for &layer in layers {
            let reads = self.reader.of_state(layer, dynamics);
            for slot in reads.iter().filter_map(|(input, _)| Slot::read_now(input)) {
                if let Slot::State(variable, layer) = slot {
                    self.written.remove(&(variable, layer));
                }
            }
        }
        self.write(dynamics, layers, false);
    }

    fn write(&mut self, dynamics: &'r Dynamics, layers: &[LayerId], plain: bool) {
        let winner = Written { by: dynamics, plain };
        for &layer in layers {
            if let Some(lost) = self.written.insert((dynamics.variable, layer), winner) {
                self.lost.push(Loss { lost, layer, winner });
            }
        }
    }

    fn report(self, findings: &mut Findings) {
        let mut done: Vec<Span> = Vec::new();
        for loss in &self.lost {
            let Written { by, plain } = loss.lost;
            let at_once = plain && loss.winner.plain;
            let of_same = |other: &&Loss<'_>| {
                std::ptr::eq(other.lost.by, by) && (!at_once || std::ptr::eq(other.winner.by, loss.winner.by))
            };
            let mut layers: Vec<LayerId> = self.lost.iter().filter(of_same).map(|l| l.layer).collect();
            layers.sort_unstable();
            layers.dedup();
            if done.contains(&by.span) || (!at_once && layers != self.layers(by)) {
                continue;
            }
            done.push(by.span);
            let increments = is_increment(by) && is_increment(loss.winner.by);
            let winner = if at_once { Winner::AtOnce { increments } } else { Winner::Later };
            findings.push(finding(by, loss.winner.by.span, winner, &layers, (self.rule, self.network)));
        }
    }
}

fn finding(
    lost: &Dynamics,
    other: Span,
    winner: Winner,
    layers: &[LayerId],
    (rule, network): (&Rule, &Network),
) -> LostEquation {
    let name = rule.variable_name(lost.variable);
    LostEquation { at: lost.span, name, layers: names(layers, network), winner, other }
}

fn names(layers: &[LayerId], network: &Network) -> Vec<String> {
    layers.iter().map(|&layer| network.layers[layer].name.clone()).collect()
}

/// `x += e`, `x -= e` or `dx/dt = e`
fn is_increment(dynamics: &Dynamics) -> bool {
    let ExprKind::Binary(_, left, _) = &dynamics.value.kind else { return false };
    matches!(left.kind, ExprKind::Variable { place: Place::Own, variable, past: None } if variable == dynamics.variable)
}

/// Equations whose every layer is held by a clamp.
fn held_everywhere(phase: &Phase, (rule, network): (&Rule, &Network), held: &Held, findings: &mut Findings) {
    for dynamics in phase.statements().into_iter().flat_map(Statement::dynamics) {
        let layers = equation::layers(dynamics.variable, dynamics.role, rule, network);
        let clamps: Option<Vec<&Span>> =
            layers.iter().map(|&layer| held.get(&(dynamics.variable, layer))).collect();
        if let Some([clamp, ..]) = clamps.as_deref() {
            findings.push(finding(dynamics, **clamp, Winner::Clamp, &layers, (rule, network)));
        }
    }
}

/// Traces that two plain equations of a step write.
fn traced_twice(body: &[Statement], (rule, network): (&Rule, &Network), findings: &mut Findings) {
    let trace =
        |s: &'_ Statement| if let Statement::Trace(tracing) = s { Some(tracing.clone()) } else { None };
    let tracings: Vec<Tracing> = body.iter().filter_map(trace).collect();
    let sites = |t: &Tracing| equation::owned(Learned::Synapse(t.trace), t.role, rule, network);
    for (i, lost) in tracings.iter().enumerate() {
        for winner in tracings[i + 1..].iter().filter(|winner| winner.trace == lost.trace) {
            let elsewhere = sites(winner);
            let mut layers: Vec<LayerId> =
                sites(lost).into_iter().filter(|site| elsewhere.contains(site)).map(Site::owner).collect();
            layers.sort_unstable();
            layers.dedup();
            if !layers.is_empty() {
                let name = rule.synapse_name(lost.trace);
                let (layers, winner) = (names(&layers, network), winner.span);
                let at_once = Winner::AtOnce { increments: false };
                findings.push(LostEquation { at: lost.span, name, layers, winner: at_once, other: winner });
            }
        }
    }
}
