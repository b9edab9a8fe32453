//! A presentation as a calendar: which layers, and synapses with traces, compute what in one step of each phase, in which order,
//! and which values are then the same as at the end of an earlier phase.

use std::collections::{BTreeMap, BTreeSet};

use plr_syntax::ast::Direction;

use super::reads::Input;
use crate::equation::{self, Instance, Site, Source, sweep_order};
use crate::hir::{
    Act, Dynamics, Expr, ExprKind, Learned, Past, Phase, PhaseId, PlasticityId, Rule, Statement, SynapseId,
    VariableId,
};
use crate::network::{LayerId, Network};

/// What an equation of a phase writes at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// A state of a layer.
    State(VariableId, LayerId),
    /// A trace of the synapses from the first layer to the second.
    Trace(SynapseId, (LayerId, LayerId)),
}

impl Slot {
    /// What an equation writes.
    pub fn written_by(instance: &Instance<'_>) -> Self {
        match instance.source.target() {
            Learned::Unit(variable) => Self::State(variable, instance.site.owner()),
            Learned::Synapse(trace) => Self::Trace(trace, instance.site.ends()),
        }
    }

    /// A state or trace that is read, and when, if not now.
    pub fn read(input: Input) -> Option<(Self, Option<Past>)> {
        match input {
            Input::State(variable, layer, phase) => Some((Self::State(variable, layer), phase)),
            Input::Trace(trace, edge, phase) => Some((Self::Trace(trace, edge), phase)),
            Input::Parameter(..)
            | Input::Weight(..)
            | Input::Memory(_)
            | Input::Updates
            | Input::Count(_)
            | Input::Data(_)
            | Input::Target => None,
        }
    }

    /// The same, if it is read as it is now.
    pub fn read_now(input: Input) -> Option<Self> {
        Self::read(input).filter(|(_, phase)| phase.is_none()).map(|(slot, _)| slot)
    }

    /// The layer that has it: of a trace the one where its synapses end.
    pub fn layer(self) -> LayerId {
        match self {
            Self::State(_, layer) | Self::Trace(_, (_, layer)) => layer,
        }
    }
}

/// One phase.
#[derive(Debug, Default)]
pub struct Plan<'r> {
    /// One step: turns one after the other.
    pub turns: Vec<Turn<'r>>,
    /// Which values are what, at the end of the phase: the number of the phase that last wrote them, from 1; absent if
    /// none did. Two equal numbers are the same value.
    pub versions: BTreeMap<Slot, usize>,
    /// What the phase writes.
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
    /// The equations at their sites, clamped states left out.
    pub equations: Vec<Instance<'r>>,
}

/// All phases of a rule on a network.
pub fn plans<'r>(rule: &'r Rule, network: &Network) -> Vec<Plan<'r>> {
    let mut plans: Vec<Plan<'r>> = Vec::new();
    let mut held = Held::default();
    for (id, phase) in rule.phases.iter().enumerate() {
        let mut plan = Plan::default();
        let start = phase.from.map_or(id.checked_sub(1), |PhaseId(from)| Some(from));
        plan.versions = start.map(|start| plans[start].versions.clone()).unwrap_or_default();
        if let Some(before) = id.checked_sub(1) {
            // Traces go on whatever the phase starts from.
            plan.versions.retain(|slot, _| matches!(slot, Slot::State(..)));
            let traces = plans[before].versions.iter().filter(|(slot, _)| matches!(slot, Slot::Trace(..)));
            plan.versions.extend(traces);
        }
        clamp(phase, (rule, network), &mut held, &mut plan.written);
        let mut layout = Layout { phase: PhaseId(id), rule, network, held: &held, turns: Vec::new() };
        layout.body(&phase.body);
        plan.turns = layout.turns;
        let equations = plan.turns.iter().flat_map(|turn| &turn.equations);
        plan.written.extend(equations.map(Slot::written_by));
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
                let blocks = equation::blocks_of(&rule.phases[phase.0]);
                blocks.into_iter().for_each(|block| learn(block, &mut next, &mut found));
            }
            Act::Learn(equations) => {
                next.every_step = None;
                learn(equations, &mut next, &mut found);
            }
        }
    }
    found
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

/// Clamps take hold, and are let go; those that change something write.
fn clamp(phase: &Phase, (rule, network): (&Rule, &Network), held: &mut Held, written: &mut BTreeSet<Slot>) {
    for ((variable, layer), clamp) in equation::holds(phase, rule, network) {
        let slot = Slot::State(variable, layer);
        let Some(clamp) = clamp else {
            held.0.remove(&slot);
            continue;
        };
        let sample = Sample::of(&clamp.value);
        let before = held.0.insert(slot, sample);
        if sample.is_none() || before != Some(sample) {
            written.insert(slot);
        }
    }
}

/// One step of a phase on its way to be a list of turns.
struct Layout<'r, 'h> {
    phase: PhaseId,
    rule: &'r Rule,
    network: &'h Network,
    held: &'h Held,
    turns: Vec<Turn<'r>>,
}

impl<'r> Layout<'r, '_> {
    /// Plain statements that stand next to each other are one turn.
    fn body(&mut self, body: &'r [Statement]) {
        for statements in body.chunk_by(|a, b| !a.is_ordered() && !b.is_ordered()) {
            if let [ordered] = statements
                && ordered.is_ordered()
            {
                self.ordered(ordered);
                continue;
            }
            let equations = statements.iter().flat_map(|s| self.moved(s)).collect();
            self.push(Turn { sight: Sight::BeforeStep, units: 0, equations });
        }
    }

    /// A sweep has one turn for each layer; statements in turn have their own.
    fn ordered(&mut self, statement: &'r Statement) {
        match statement {
            Statement::Sweep(direction, body) => {
                for layers in sweep_order(*direction, self.network) {
                    let sites = layers.into_iter().flat_map(|layer| body.iter().map(move |d| (layer, d)));
                    let equations: Vec<_> = sites.filter_map(|(layer, d)| self.moved_at(layer, d)).collect();
                    let one_by_one = *direction == Direction::Random;
                    let units = if one_by_one { units(&equations, (self.rule, self.network)) } else { 0 };
                    self.push(Turn { sight: Sight::Latest, units, equations });
                }
            }
            Statement::InTurn(body) => body.iter().for_each(|statement| self.ordered(statement)),
            Statement::Equation(_)
            | Statement::Trace(_)
            | Statement::Clamp(_)
            | Statement::Release { .. }
            | Statement::Learn(_) => {
                let equations = self.moved(statement);
                self.push(Turn { sight: Sight::BeforeTurn, units: 0, equations });
            }
        }
    }

    /// A plain equation where it moves something.
    fn moved(&self, statement: &'r Statement) -> Vec<Instance<'r>> {
        match statement {
            Statement::Equation(dynamics) => {
                (0..self.network.layers.len()).filter_map(|layer| self.moved_at(layer, dynamics)).collect()
            }
            Statement::Trace(tracing) => {
                let source = Source::Trace(self.phase, tracing);
                let sites = equation::sites(source, self.rule, self.network).into_iter();
                sites.map(|site| Instance { source, site }).collect()
            }
            Statement::Clamp(_)
            | Statement::Release { .. }
            | Statement::Learn(_)
            | Statement::Sweep(..)
            | Statement::InTurn(_) => Vec::new(),
        }
    }

    fn moved_at(&self, layer: LayerId, dynamics: &'r Dynamics) -> Option<Instance<'r>> {
        let moves = equation::evaluates(layer, (dynamics.variable, dynamics.role), self.rule, self.network)
            && !self.held.0.contains_key(&Slot::State(dynamics.variable, layer));
        let source = Source::Dynamics(self.phase, dynamics);
        moves.then_some(Instance { source, site: Site::Layer(layer) })
    }

    fn push(&mut self, turn: Turn<'r>) {
        if !turn.equations.is_empty() {
            self.turns.push(turn);
        }
    }
}

/// The units that have a state which one of the equations moves.
fn units(equations: &[Instance<'_>], (rule, network): (&Rule, &Network)) -> u64 {
    let group = |instance: &Instance<'_>| match instance.source.target() {
        Learned::Unit(variable) => Some(rule.group(variable, instance.site.owner())),
        Learned::Synapse(_) => None,
    };
    let groups: BTreeSet<_> = equations.iter().filter_map(group).collect();
    groups.into_iter().map(|group| rule.units(network, group) as u64).sum()
}

/// The longest chain of layers, or of synapses with traces, that must compute one after the other in one step, or of units where
/// they have turns of their own. A layer's turn in a sweep counts once, whatever the number of its equations, and so do those
/// that are evaluated together; a turn that reads nothing written in the same step starts at once. `reads` gives what an equation
/// depends on as it is now.
pub fn depth(plan: &Plan<'_>, mut reads: impl FnMut(&Instance<'_>) -> BTreeSet<Slot>) -> u64 {
    let mut ready: BTreeMap<Slot, u64> = BTreeMap::new();
    let mut longest = 0;
    for turn in &plan.turns {
        let mut written: BTreeMap<Slot, u64> = BTreeMap::new();
        if turn.units > 0 {
            let reads = turn.equations.iter().flat_map(&mut reads);
            let start = reads.filter_map(|slot| ready.get(&slot).copied()).max().unwrap_or(0);
            let slots = turn.equations.iter().map(Slot::written_by);
            longest = longest.max(start + turn.units);
            ready.extend(slots.map(|slot| (slot, start + turn.units)));
            continue;
        }
        for instance in &turn.equations {
            let time = |slot: &Slot| match (turn.sight, written.get(slot)) {
                (Sight::BeforeStep, _) => 1,
                (Sight::Latest, Some(&now)) => now,
                (Sight::BeforeTurn, _) | (Sight::Latest, None) => ready.get(slot).copied().unwrap_or(0) + 1,
            };
            let done = reads(instance).iter().map(time).max().unwrap_or(1);
            longest = longest.max(done);
            written.insert(Slot::written_by(instance), done);
        }
        ready.extend(written);
    }
    longest
}
