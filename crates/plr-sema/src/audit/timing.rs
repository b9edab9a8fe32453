//! Update locking: what learning has to wait for (Jaderberg et al. 2017, "Decoupled neural interfaces").

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::built::Built;
use super::reads::{Input, Reader, Reads};
use super::schedule::{Occasion, Plan, Sight, Slot, Turn, occasions};
use super::subject::source_name;
use crate::equation::{self, Site, Source};
use crate::hir::{Learned, PhaseId, Rule};
use crate::network::Network;
use crate::resolve::Library;

/// What a learning equation waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Locking {
    /// The equation.
    pub equation: String,
    /// The phase at whose every step it learns, if it stands in one.
    pub every_step: Option<String>,
    /// The phases that compute the values it reads and must be over.
    pub waits_for: Vec<String>,
    /// The sites at which it reads something that depends on layers further from the input than its own: there it waits
    /// for the forward pass through the rest of the network.
    pub locked_at: Vec<String>,
}

/// The locking of every learning equation.
pub fn locking(
    rule: &Rule,
    library: &Library,
    (network, built): (&Network, &Built),
    plans: &[Plan<'_>],
    steps: &[u64],
) -> Vec<Locking> {
    let mut reader = Reader::new(rule, library, network);
    let reach = Reach::of(rule, network, plans, steps, &mut reader);
    let (mut found, mut earlier) = (Vec::new(), Earlier::default());
    let occasions = occasions(rule);
    for (at, plasticity) in rule.plasticity.iter().enumerate() {
        let source = Source::Plasticity(plasticity);
        let Occasion { phases, every_step, blocks } = occasions[at];
        let (mut waits_for, mut locked_at) = (BTreeSet::new(), Vec::new());
        for site in
            equation::sites(source, rule, network).into_iter().filter(|&s| built.at(plasticity.target, s))
        {
            let reads = reader.at(rule.evaluator(plasticity.target, site), &plasticity.increment);
            let mut phases_read: BTreeSet<PhaseId> =
                reads.iter().filter_map(|(input, _)| written_by(input, phases, plans)).collect();
            if let Some(phase) = every_step.filter(|phase| phases_read.remove(phase)) {
                phases_read.extend(before(phase, &reads, (rule, network), plans, &mut reader));
            }
            let mut level = reach.of_reads(&reads, phases);
            for (input, _) in reads.iter() {
                for learned in earlier.of(input, blocks) {
                    phases_read.extend(&learned.waits_for);
                    level = level.max(learned.level);
                }
            }
            if level > reach.level[site.owner()] {
                locked_at.push(site.name(network));
            }
            waits_for.extend(&phases_read);
            phases_read.extend(every_step);
            earlier.0.push(Learning {
                target: plasticity.target,
                site,
                blocks,
                waits_for: phases_read,
                level,
            });
        }
        let name = |PhaseId(phase)| rule.phases[phase].name.clone();
        let waits_for = waits_for.into_iter().filter(|&phase| Some(phase) != every_step).map(name).collect();
        let (equation, every_step) = (source_name(rule, source), every_step.map(name));
        found.push(Locking { equation, every_step, waits_for, locked_at });
    }
    found
}

/// What has learned before, in the order of the text.
#[derive(Default)]
struct Earlier(Vec<Learning>);

/// An equation at a site, and what it has waited for, itself and through what it read of others.
struct Learning {
    target: Learned,
    site: Site,
    /// How many blocks of learning came before its own.
    blocks: usize,
    waits_for: BTreeSet<PhaseId>,
    /// How far from the input what it read comes from.
    level: usize,
}

impl Earlier {
    /// What earlier blocks have made of a parameter: who reads that has waited for what they did.
    fn of(&self, input: Input, blocks: usize) -> impl Iterator<Item = &Learning> {
        let parameter = match input {
            Input::Weight(synapse, ends) => Some((Learned::Synapse(synapse), ends)),
            Input::Parameter(variable, layer) => Some((Learned::Unit(variable), (layer, layer))),
            Input::State(..)
            | Input::Trace(..)
            | Input::Memory(_)
            | Input::Updates
            | Input::Count(_)
            | Input::Data(_)
            | Input::Target => None,
        };
        self.0.iter().filter(move |learning| {
            learning.blocks < blocks && parameter == Some((learning.target, learning.site.ends()))
        })
    }
}

/// The phase that computed a state or trace that is read when `phases` phases have begun.
fn written_by(input: Input, phases: usize, plans: &[Plan<'_>]) -> Option<PhaseId> {
    let (slot, past) = Slot::read(input)?;
    let phase = past.map_or(phases.checked_sub(1), |past| Some(past.phase.0))?;
    // Versions are the numbers of phases, from 1.
    plans[phase].versions.get(&slot).map(|version| PhaseId(version - 1))
}

/// The earlier phases of which a step of a phase knows what is read: from an equation or clamp of the phase on the way.
fn before(
    phase: PhaseId,
    reads: &Reads,
    (rule, network): (&Rule, &Network),
    plans: &[Plan<'_>],
    reader: &mut Reader<'_>,
) -> BTreeSet<PhaseId> {
    let mut makers: Vec<(Slot, Reads)> = Vec::new();
    for instance in plans[phase.0].turns.iter().flat_map(|turn| &turn.equations) {
        makers.push((Slot::written_by(instance), reader.of(instance)));
    }
    for clamp in equation::clamps_of(&rule.phases[phase.0]) {
        for layer in equation::layers(clamp.variable, clamp.role, rule, network) {
            makers.push((Slot::State(clamp.variable, layer), reader.of_state(layer, clamp)));
        }
    }
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<Input> = reads.iter().map(|(input, _)| input).collect();
    while let Some(input) = open.pop() {
        match (written_by(input, phase.0 + 1, plans), Slot::read(input)) {
            (Some(by), Some((slot, _))) if by == phase => {
                if seen.insert(slot) {
                    let made = makers.iter().filter(|(of, _)| *of == slot);
                    open.extend(made.flat_map(|(_, reads)| reads.iter().map(|(input, _)| input)));
                }
            }
            (by, _) => found.extend(by),
        }
    }
    found
}

/// How far from the input the information in a value comes from, in forward edges.
struct Reach {
    /// Each layer's own distance: the longest path from the input.
    level: Vec<usize>,
    /// Of states and traces at the end of each phase; of the layer's own level if absent.
    states: Vec<BTreeMap<Slot, usize>>,
}

impl Reach {
    fn of(
        rule: &Rule,
        network: &Network,
        plans: &[Plan<'_>],
        steps: &[u64],
        reader: &mut Reader<'_>,
    ) -> Self {
        let mut reach = Self { level: network.distances(), states: Vec::new() };
        for (id, plan) in plans.iter().enumerate() {
            let start = rule.phases[id].from.map_or(id.checked_sub(1), |PhaseId(from)| Some(from));
            let mut at_first = start.map(|start| reach.states[start].clone()).unwrap_or_default();
            if let Some(before) = id.checked_sub(1) {
                // Traces go on whatever the phase starts from.
                let traces = reach.states[before].iter().filter(|(slot, _)| matches!(slot, Slot::Trace(..)));
                at_first.extend(traces);
            }
            reach.states.push(at_first);
            // Information only spreads, so a step that changes nothing is the last that can.
            for _ in 0..steps[id] {
                let before = reach.states[id].clone();
                for turn in &plan.turns {
                    // Unit by unit, in some order, it may spread through all layers.
                    let passes = if turn.units > 0 { network.layers.len() } else { 1 };
                    (0..passes).for_each(|_| reach.spread(id, turn, &before, reader));
                }
                if reach.states[id] == before {
                    break;
                }
            }
        }
        reach
    }

    /// One turn of a step before which the states were these.
    fn spread(
        &mut self,
        phase: usize,
        turn: &Turn<'_>,
        before: &BTreeMap<Slot, usize>,
        reader: &mut Reader<'_>,
    ) {
        let mut written = BTreeMap::new();
        for instance in &turn.equations {
            let reads = reader.of(instance);
            let slot = Slot::written_by(instance);
            match turn.sight {
                Sight::BeforeStep => written.insert(slot, self.of_reads_among(&reads, Some(before))),
                Sight::BeforeTurn => written.insert(slot, self.of_reads(&reads, phase + 1)),
                Sight::Latest => {
                    let value = self.of_reads(&reads, phase + 1);
                    self.states[phase].insert(slot, value)
                }
            };
        }
        self.states[phase].extend(written);
    }

    /// Of what is read when `phases` phases have begun.
    fn of_reads(&self, reads: &Reads, phases: usize) -> usize {
        let now = phases.checked_sub(1).map(|phase| &self.states[phase]);
        self.of_reads_among(reads, now)
    }

    /// Of what is read where what there is now is this.
    fn of_reads_among(&self, reads: &Reads, now: Option<&BTreeMap<Slot, usize>>) -> usize {
        let of_input = |(input, _)| match Slot::read(input) {
            Some((slot, past)) => {
                let states = past.map_or(now, |past| Some(&self.states[past.phase.0]));
                let known = states.and_then(|states| states.get(&slot)).copied();
                known.unwrap_or(0).max(self.level[slot.layer()])
            }
            None if input == Input::Target => self.level.iter().copied().max().unwrap_or(0),
            None => 0,
        };
        reads.iter().map(of_input).max().unwrap_or(0)
    }
}
