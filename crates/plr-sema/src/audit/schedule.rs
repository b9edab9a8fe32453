//! A presentation as a calendar: which layers compute what in one step of each phase, in which order, and which values
//! are then the same as at the end of an earlier phase.

use std::collections::{BTreeMap, BTreeSet};

use plr_syntax::ast::Direction;

use crate::equation::{self, sweep_order};
use crate::hir::{Act, Dynamics, Expr, ExprKind, PhaseId, PlasticityId, Rule, Statement, VariableId};
use crate::network::{LayerId, Network};

/// A state of a layer.
pub type Slot = (VariableId, LayerId);

/// One phase.
#[derive(Debug, Default)]
pub struct Plan<'r> {
    /// One step: turns one after the other.
    pub turns: Vec<Turn<'r>>,
    /// Which values are what, at the end of the phase: the number of the phase that last wrote them, from 1; absent if
    /// none did. Two equal numbers are the same value.
    pub versions: BTreeMap<Slot, usize>,
    /// The states the phase writes.
    pub written: BTreeSet<Slot>,
}

/// What the equations of a turn read of what is written in the same step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Nothing: plain equations, wherever they stand (R7.3, R7.7).
    BeforeStep,
    /// What earlier turns wrote: statements in turn (R7.6).
    BeforeTurn,
    /// Besides, what the equations above wrote in this turn: a sweep (R7.5).
    Latest,
}

/// Equations that are evaluated together, or one layer's in a sweep.
#[derive(Debug)]
pub struct Turn<'r> {
    /// What they read.
    pub sight: Sight,
    /// The units that move one after the other in it, in an order that nobody knows before; 0 if whole layers move.
    pub units: u64,
    /// The equations with their layers, clamped states left out.
    pub equations: Vec<(LayerId, &'r Dynamics)>,
}

/// All phases of a rule on a network.
pub fn plans<'r>(rule: &'r Rule, network: &Network) -> Vec<Plan<'r>> {
    let mut plans: Vec<Plan<'r>> = Vec::new();
    let mut held = Held::default();
    for (id, phase) in rule.phases.iter().enumerate() {
        let mut plan = Plan::default();
        let start = phase.from.map_or(id.checked_sub(1), |PhaseId(from)| Some(from));
        plan.versions = start.map(|start| plans[start].versions.clone()).unwrap_or_default();
        clamp(&phase.body, (rule, network), &mut held, &mut plan.written);
        lay_out(&phase.body, (rule, network), &held, Sight::BeforeStep, &mut plan.turns);
        let equations = plan.turns.iter().flat_map(|turn| &turn.equations);
        plan.written.extend(equations.map(|&(layer, dynamics)| (dynamics.variable, layer)));
        plan.versions.extend(plan.written.iter().map(|&slot| (slot, id + 1)));
        plans.push(plan);
    }
    plans
}

/// When a learning equation is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// How many phases have begun by then.
    pub phases: usize,
    /// The phase at whose every step it is evaluated; otherwise it is once.
    pub every_step: Option<PhaseId>,
    /// How many blocks of learning come before its own.
    pub blocks: usize,
}

/// The occasion of each learning equation, by its position.
pub fn occasions(rule: &Rule) -> Vec<Occasion> {
    let last = Occasion { phases: rule.phases.len(), every_step: None, blocks: 0 };
    let mut found = vec![last; rule.plasticity.len()];
    let mut next = Occasion { phases: 0, ..last };
    for act in &rule.script {
        match act {
            Act::Run(phase) => {
                next.phases = phase.0 + 1;
                next.every_step = Some(*phase);
                learn_in(&rule.phases[phase.0].body, &mut next, &mut found);
            }
            Act::Learn(equations) => {
                next.every_step = None;
                learn(equations, &mut next, &mut found);
            }
        }
    }
    found
}

fn learn_in(body: &[Statement], next: &mut Occasion, found: &mut [Occasion]) {
    for statement in body {
        match statement {
            Statement::Learn(equations) => learn(equations, next, found),
            Statement::InTurn(body) => learn_in(body, next, found),
            Statement::Clamp(_)
            | Statement::Release { .. }
            | Statement::Equation(_)
            | Statement::Trace(_)
            | Statement::Sweep(..) => {}
        }
    }
}

fn learn(equations: &[PlasticityId], next: &mut Occasion, found: &mut [Occasion]) {
    equations.iter().for_each(|id| found[id.0] = *next);
    next.blocks += 1;
}

/// The clamped states, and whether the sample itself holds them (its input or target): such a clamp, repeated, changes nothing.
#[derive(Debug, Default)]
struct Held(BTreeMap<Slot, Option<Sample>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    Data,
    Target,
}

impl Sample {
    fn of(value: &Expr) -> Option<Self> {
        if matches!(value.kind, ExprKind::Data) {
            Some(Self::Data)
        } else {
            matches!(value.kind, ExprKind::Target).then_some(Self::Target)
        }
    }
}

fn clamp(
    body: &[Statement],
    (rule, network): (&Rule, &Network),
    held: &mut Held,
    written: &mut BTreeSet<Slot>,
) {
    let layers = |variable, role| equation::layers(variable, role, rule, network).into_iter();
    for statement in body {
        match statement {
            Statement::Clamp(dynamics) => {
                let sample = Sample::of(&dynamics.value);
                for layer in layers(dynamics.variable, dynamics.role) {
                    let before = held.0.insert((dynamics.variable, layer), sample);
                    if sample.is_none() || before != Some(sample) {
                        written.insert((dynamics.variable, layer));
                    }
                }
            }
            Statement::Release { role, variable } => layers(*variable, *role).for_each(|layer| {
                held.0.remove(&(*variable, layer));
            }),
            Statement::InTurn(body) => clamp(body, (rule, network), held, written),
            Statement::Equation(_) | Statement::Trace(_) | Statement::Learn(_) | Statement::Sweep(..) => {}
        }
    }
}

/// Equations that stand next to each other are one turn, with the sight of plain ones; a sweep has one turn for each layer;
/// statements in turn have their own.
fn lay_out<'r>(
    body: &'r [Statement],
    (rule, network): (&Rule, &Network),
    held: &Held,
    sight: Sight,
    turns: &mut Vec<Turn<'r>>,
) {
    let mut together = Turn { sight, units: 0, equations: Vec::new() };
    let at = |layer: LayerId, dynamics: &'r Dynamics| {
        let moves = equation::evaluates(layer, (dynamics.variable, dynamics.role), rule, network)
            && !held.0.contains_key(&(dynamics.variable, layer));
        moves.then_some((layer, dynamics))
    };
    let layers = || 0..network.layers.len();
    for statement in body {
        match statement {
            Statement::Equation(dynamics) => {
                together.equations.extend(layers().filter_map(|layer| at(layer, dynamics)))
            }
            Statement::Sweep(direction, body) => {
                flush(&mut together, turns);
                for layers in sweep_order(*direction, network) {
                    let equations: Vec<_> = layers
                        .iter()
                        .flat_map(|&layer| body.iter().filter_map(move |d| at(layer, d)))
                        .collect();
                    let one_by_one = *direction == Direction::Random;
                    let units = if one_by_one { units(&equations, (rule, network)) } else { 0 };
                    flush(&mut Turn { sight: Sight::Latest, units, equations }, turns);
                }
            }
            Statement::InTurn(body) => {
                flush(&mut together, turns);
                for statement in body {
                    let alone = std::slice::from_ref(statement);
                    lay_out(alone, (rule, network), held, Sight::BeforeTurn, turns);
                }
            }
            Statement::Clamp(_) | Statement::Release { .. } | Statement::Trace(_) | Statement::Learn(_) => {}
        }
    }
    flush(&mut together, turns);
}

fn flush<'r>(turn: &mut Turn<'r>, turns: &mut Vec<Turn<'r>>) {
    let equations = std::mem::take(&mut turn.equations);
    if !equations.is_empty() {
        turns.push(Turn { sight: turn.sight, units: turn.units, equations });
    }
}

/// The units that have a state which one of the equations moves.
fn units(equations: &[(LayerId, &Dynamics)], (rule, network): (&Rule, &Network)) -> u64 {
    let groups: BTreeSet<_> =
        equations.iter().map(|&(layer, dynamics)| rule.group(dynamics.variable, layer)).collect();
    groups.into_iter().map(|group| rule.units(network, group) as u64).sum()
}

/// The longest chain of layers that must compute one after the other in one step, or of units where they have turns of their
/// own. A layer's turn in a sweep counts once, whatever the number of its equations, and so do those that are evaluated
/// together; a turn that reads nothing written in the same step starts at once. `reads` gives the current states an equation depends on.
pub fn depth(plan: &Plan<'_>, mut reads: impl FnMut(LayerId, &Dynamics) -> BTreeSet<Slot>) -> u64 {
    let mut ready: BTreeMap<Slot, u64> = BTreeMap::new();
    let mut longest = 0;
    for turn in &plan.turns {
        let mut written: BTreeMap<Slot, u64> = BTreeMap::new();
        if turn.units > 0 {
            let reads = turn.equations.iter().flat_map(|&(layer, dynamics)| reads(layer, dynamics));
            let start = reads.filter_map(|slot| ready.get(&slot).copied()).max().unwrap_or(0);
            let slots = turn.equations.iter().map(|&(layer, dynamics)| (dynamics.variable, layer));
            longest = longest.max(start + turn.units);
            ready.extend(slots.map(|slot| (slot, start + turn.units)));
            continue;
        }
        for &(layer, dynamics) in &turn.equations {
            let time = |slot: &Slot| match (turn.sight, written.get(slot)) {
                (Sight::BeforeStep, _) => 1,
                (Sight::Latest, Some(&now)) => now,
                (Sight::BeforeTurn, _) | (Sight::Latest, None) => ready.get(slot).copied().unwrap_or(0) + 1,
            };
            let done = reads(layer, dynamics).iter().map(time).max().unwrap_or(1);
            longest = longest.max(done);
            written.insert((dynamics.variable, layer), done);
        }
        ready.extend(written);
    }
    longest
}
