//! What hardware would pay for a rule on a network. Each field says exactly what it counts (R13.9).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plr_syntax::ast::Keeping;
use serde::Serialize;

use super::built::Built;
use super::operations::{MultiplyAdds, multiply_adds};
use super::reads::Reader;
use super::schedule::{Plan, Slot, depth, plans};
use super::subject::{Subject, source_name};
use super::timing::{Locking, locking};
use super::uses::{Information, uses};
use super::wires::{Wire, wires};
use crate::equation::{self, Site};
use crate::group::Group;
use crate::hir::{
    Learned, Past, Phase, PhaseId, PopulationId, Rule, Signal, SignalId, Synapse, SynapseId, Variable,
    VariableId, VariableKind,
};
use crate::lower::term::Axes;
use crate::lower::trace;
use crate::memory::{Filtering, filterings};
use crate::network::{LayerId, Network};
use crate::resolve::Library;

/// The bill for one presentation of one sample, and for what is kept between presentations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bill {
    /// The units of all layers and populations.
    pub units: u64,
    /// The states of a unit, by name: working memory, one number each per unit.
    pub states: Vec<String>,
    /// Copies of states and traces that must outlive the values they are copies of.
    pub copies: Vec<PhaseCopy>,
    /// States and traces of which each step of a phase must be stored.
    pub trajectories: Vec<Trajectory>,
    /// States and traces that outlive the presentation.
    pub kept: Vec<KeptState>,
    /// Parameters of units.
    pub unit_parameters: Vec<UnitParameter>,
    /// Numbers that synapses have beside their weights.
    pub synapse_parameters: Vec<SynapseParameter>,
    /// What filters remember of what they filter.
    pub memories: Vec<FilterMemory>,
    /// What synapses keep of each sample.
    pub traces: Vec<Trace>,
    /// The synapses, one weight each.
    pub wires: Vec<Wire>,
    /// The global signals.
    pub broadcasts: Vec<Broadcast>,
    /// The phases in order.
    pub phases: Vec<PhaseCost>,
    /// The sum of the phases' steps.
    pub steps: u64,
    /// The longest chain of layers, or of synapses with traces, that compute one after the other: the sum over phases of steps
    /// times the depth of a step, learning excepted.
    pub sequential_depth: u64,
    /// What each learning equation waits for.
    pub locking: Vec<Locking>,
    /// Multiplications with addition in sums over synapses.
    pub multiply_adds: MultiplyAdds,
}

/// A state or trace at the end of a phase that is read after it has moved on, by an equation or by a phase that starts from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhaseCopy {
    /// The state.
    pub state: String,
    /// The phase at whose end it is copied.
    pub phase: String,
    /// The layers whose units keep the copy, or the edges whose synapses do.
    pub layers: Vec<String>,
    /// How many numbers that is.
    pub values: u64,
}

/// A state or trace of which every value at the end of a step is stored, or at its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trajectory {
    /// What is stored at each step.
    pub each: PhaseCopy,
    /// How many steps.
    pub steps: u64,
}

/// A state or trace that goes on from one presentation to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptState {
    /// Its name.
    pub state: String,
    /// Whether each training sample has its own; otherwise each place in a minibatch has.
    pub by_sample: bool,
    /// How many numbers each has, one for each unit of all layers or, of a trace, as many as it is kept in.
    pub values: u64,
}

/// A trace at all instances of its synapse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Its name.
    pub name: String,
    /// Whether it is the same for all synapses of a unit.
    pub of_unit: bool,
    /// How many numbers there are.
    pub values: u64,
}

/// A parameter of each unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitParameter {
    /// Its name.
    pub name: String,
    /// Whether a `learn` changes it.
    pub learned: bool,
    /// How many units have one.
    pub units: u64,
    /// How many different ones there are: fewer where the units of a channel share it.
    pub values: u64,
}

/// A number beside the weight of each synapse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SynapseParameter {
    /// Its name.
    pub name: String,
    /// Whether a `learn` changes it.
    pub learned: bool,
    /// How many different ones there are.
    pub values: u64,
}

/// A memory of a filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FilterMemory {
    /// What learns, a dot, and the memory's name.
    pub name: String,
    /// How many numbers there are, one for each that learns.
    pub values: u64,
}

/// A global signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broadcast {
    /// Its name.
    pub signal: String,
    /// The equations that hear it.
    pub readers: Vec<String>,
    /// Units and synapses that hear it: the sum over the readers' sites.
    pub fan_out: u64,
}

/// A phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhaseCost {
    /// Its name.
    pub name: String,
    /// How many steps, at most.
    pub steps: u64,
    /// Whether they are those of the sample.
    pub over_time: bool,
    /// Whether the last one comes first.
    pub reversed: bool,
    /// Whether it may stop earlier.
    pub until: bool,
    /// The longest chain of layers, or of synapses with traces, that compute one after the other in one step: a synchronous step
    /// is 1, a sweep as deep as its layers depend on each other.
    pub depth: u64,
}

/// The bill for what is built; `steps` says how many a phase has, at most.
pub fn bill(
    rule: &Rule,
    library: &Library,
    (network, built): (&Network, &Built),
    steps: &dyn Fn(&Phase) -> f64,
) -> Bill {
    let plans = plans(rule, network);
    let phases = phases(rule, library, network, &plans, steps);
    let steps: Vec<u64> = phases.iter().map(|phase| phase.steps).collect();
    Bill {
        units: (0..rule.populations.len()).map(|p| units(rule, network, PopulationId(p))).sum(),
        states: states(rule),
        copies: copies(rule, library, network, &plans),
        trajectories: trajectories_billed(rule, library, network, &steps),
        kept: kept(rule, library, network, built),
        unit_parameters: unit_parameters(rule, network, built),
        synapse_parameters: synapse_parameters(rule, network, built),
        memories: memories(rule, library, network, built),
        traces: traces(rule, library, network),
        wires: wires(rule, library, network, built),
        broadcasts: broadcasts(rule, library, network),
        steps: steps.iter().fold(0, |sum, &n| sum.saturating_add(n)),
        sequential_depth: phases.iter().fold(0, |sum, p| sum.saturating_add(p.steps.saturating_mul(p.depth))),
        phases,
        locking: locking(rule, library, (network, built), &plans, &steps),
        multiply_adds: multiply_adds(rule, library, (network, built), &plans, &steps),
    }
}

/// The units of a population in all layers.
fn units(rule: &Rule, network: &Network, population: PopulationId) -> u64 {
    let group = |layer| Group { population, layer };
    (0..network.layers.len()).map(|layer| rule.units(network, group(layer)) as u64).sum()
}

fn states(rule: &Rule) -> Vec<String> {
    let is_state = |&id: &usize| matches!(rule.variables[id].kind, VariableKind::State(_));
    (0..rule.variables.len()).filter(is_state).map(|id| rule.variable_name(VariableId(id))).collect()
}

fn kept(rule: &Rule, library: &Library, network: &Network, built: &Built) -> Vec<KeptState> {
    let state = |(id, variable): (usize, &Variable)| {
        let layers = layers(network, |layer| built.unit(VariableId(id), layer));
        let units = |layer| rule.units(network, Group { population: variable.population, layer }) as u64;
        Some(KeptState {
            state: rule.variable_name(VariableId(id)),
            by_sample: variable.kept? == Keeping::Sample,
            values: layers.map(units).sum(),
        })
    };
    let axes = trace::axes(rule, library);
    let trace = |(id, synapse): (usize, &Synapse)| {
        let instances = rule.instances(network, SynapseId(id)).into_iter();
        let there = instances.filter(|&edge| built.weight(SynapseId(id), edge));
        Some(KeptState {
            state: rule.synapse_name(SynapseId(id)),
            by_sample: synapse.kept? == Keeping::Sample,
            values: there.map(|edge| trace_values(rule, network, &axes, SynapseId(id), edge) as u64).sum(),
        })
    };
    let states = rule.variables.iter().enumerate().filter_map(state);
    let traces = rule.synapses.iter().enumerate().filter_map(trace);
    states.chain(traces).filter(|kept| kept.values > 0).collect()
}

/// The layers in which something is.
fn layers(network: &Network, is: impl Fn(LayerId) -> bool) -> impl Iterator<Item = LayerId> {
    (0..network.layers.len()).filter(move |&layer| is(layer))
}

fn unit_parameters(rule: &Rule, network: &Network, built: &Built) -> Vec<UnitParameter> {
    let mut found = Vec::new();
    for (id, variable) in rule.variables.iter().enumerate() {
        if let VariableKind::Param(_) = variable.kind {
            let id = VariableId(id);
            let learned = rule.plasticity.iter().any(|p| p.target == Learned::Unit(id));
            let units = |layer| rule.units(network, rule.group(id, layer)) as u64;
            found.push(UnitParameter {
                name: rule.variable_name(id),
                learned,
                units: layers(network, |layer| built.unit(id, layer)).map(units).sum(),
                values: values(rule, (network, built), Learned::Unit(id)),
            });
        }
    }
    found.retain(|parameter| parameter.units > 0);
    found
}

/// How many different numbers all instances of a parameter are that are built.
fn values(rule: &Rule, (network, built): (&Network, &Built), parameter: Learned) -> u64 {
    match parameter {
        Learned::Unit(id) => {
            let layers = layers(network, |layer| built.unit(id, layer));
            layers.map(|layer| rule.values(network, rule.group(id, layer)) as u64).sum()
        }
        Learned::Synapse(id) => {
            let instances = rule.instances(network, id).into_iter().filter(|&pair| built.weight(id, pair));
            instances.map(|pair| built.numbers(rule, network, id, pair)).sum()
        }
    }
}

fn synapse_parameters(rule: &Rule, network: &Network, built: &Built) -> Vec<SynapseParameter> {
    let beside = rule.synapses.iter().enumerate();
    let beside = beside.filter(|(_, synapse)| synapse.beside.is_some() && synapse.trace.is_none());
    let parameter = |(id, _): (usize, &Synapse)| SynapseParameter {
        name: rule.synapse_name(SynapseId(id)),
        learned: is_learned(rule, SynapseId(id)),
        values: values(rule, (network, built), Learned::Synapse(SynapseId(id))),
    };
    beside.map(parameter).filter(|parameter| parameter.values > 0).collect()
}

fn memories(rule: &Rule, library: &Library, network: &Network, built: &Built) -> Vec<FilterMemory> {
    let filterings = filterings(rule, library);
    let memories = filterings.iter().flat_map(|f| (0..f.memories()).map(move |index| (f, index)));
    let memory = |(filtering, index): (&Filtering<'_>, usize)| {
        let values = values(rule, (network, built), filtering.target);
        FilterMemory { name: filtering.group(index), values }
    };
    memories.map(memory).filter(|memory| memory.values > 0).collect()
}

/// The numbers that traces are, one for each synapse or, where it depends on one end alone, for each unit there (R20.10).
fn traces(rule: &Rule, library: &Library, network: &Network) -> Vec<Trace> {
    let axes = trace::axes(rule, library);
    let mut found = Vec::new();
    for (i, synapse) in rule.synapses.iter().enumerate().filter(|(_, synapse)| synapse.trace.is_some()) {
        let trace = SynapseId(i);
        let of_unit = axes.get(&trace).is_some_and(|axes| !axes.joins_both_ends()) && !synapse.one_to_one;
        let values = |pair| trace_values(rule, network, &axes, trace, pair) as u64;
        let values = rule.instances(network, trace).into_iter().map(values).sum();
        found.push(Trace { name: rule.synapse_name(trace), of_unit, values });
    }
    found
}

/// The numbers that a trace is between two layers.
fn trace_values(
    rule: &Rule,
    network: &Network,
    axes: &HashMap<SynapseId, Axes>,
    trace: SynapseId,
    pair: (LayerId, LayerId),
) -> usize {
    let axes = axes.get(&trace).copied().unwrap_or(Axes::NONE);
    if axes.joins_both_ends() || rule.synapses[trace.0].one_to_one {
        return rule.weights(network, trace, pair);
    }
    let (pre, post) = rule.joined(trace, pair);
    rule.units(network, if axes.contains(Axes::UNIT) { post } else { pre })
}

/// Whether some `learn` changes a synapse.
pub(super) fn is_learned(rule: &Rule, synapse: SynapseId) -> bool {
    rule.plasticity.iter().any(|p| p.target == Learned::Synapse(synapse))
}

fn phases(
    rule: &Rule,
    library: &Library,
    network: &Network,
    plans: &[Plan<'_>],
    steps: &dyn Fn(&Phase) -> f64,
) -> Vec<PhaseCost> {
    let mut reader = Reader::new(rule, library, network);
    let mut cost = |(phase, plan): (&Phase, &Plan<'_>)| PhaseCost {
        name: phase.name.clone(),
        // A float that is no count (negative, not a number) becomes 0; resolution has told the user.
        steps: steps(phase) as u64,
        until: phase.until.is_some(),
        over_time: phase.over_time,
        reversed: phase.reversed,
        depth: depth(plan, |instance| {
            reader.of(instance).iter().filter_map(|(input, _)| Slot::read_now(input)).collect()
        }),
    };
    rule.phases.iter().zip(plans).map(&mut cost).collect()
}

/// Every stored value that differs from the current one when it is read, and every value that a phase restores.
fn copies(rule: &Rule, library: &Library, network: &Network, plans: &[Plan<'_>]) -> Vec<PhaseCopy> {
    let mut needed: BTreeSet<(PhaseId, Slot)> = BTreeSet::new();
    let version = |phase: usize, slot: &Slot| plans[phase].versions.get(slot).copied();
    let mut reader = Reader::new(rule, library, network);
    for instance in equation::instances(rule, network) {
        let reading = match instance.source {
            equation::Source::Dynamics(phase, _) | equation::Source::Trace(phase, _) => phase.0,
            // After the last phase; a rule without phases stores nothing.
            equation::Source::Plasticity(_) => plans.len().saturating_sub(1),
        };
        for (slot, past) in reader.of(&instance).iter().filter_map(|(input, _)| Slot::read(input)) {
            // While a phase runs, what it writes is neither the old nor the new value.
            let Some(Past { phase, at_time: false }) = past else { continue };
            if version(phase.0, &slot) != version(reading, &slot) {
                needed.insert((phase, slot));
            }
        }
    }
    for (id, phase) in rule.phases.iter().enumerate() {
        if let (Some(from), Some(before)) = (phase.from, id.checked_sub(1)) {
            // Traces go on (R7.11).
            let is_state = |slot: &Slot| matches!(slot, Slot::State(..));
            let moved = |slot: &&Slot| is_state(slot) && version(from.0, slot) != version(before, slot);
            needed.extend(plans[before].versions.keys().filter(moved).map(|&slot| (from, slot)));
        }
    }
    stored(needed, rule, library, network)
}

/// How many numbers states and traces are at the ends of phases.
fn stored(
    needed: impl IntoIterator<Item = (PhaseId, Slot)>,
    rule: &Rule,
    library: &Library,
    network: &Network,
) -> Vec<PhaseCopy> {
    let mut sites: BTreeMap<_, Vec<Site>> = BTreeMap::new();
    for (phase, slot) in needed {
        let (owner, site) = match slot {
            Slot::State(state, layer) => ((false, state.0), Site::Layer(layer)),
            Slot::Trace(trace, (pre, post)) => ((true, trace.0), Site::Edge(pre, post)),
        };
        sites.entry((phase, owner)).or_default().push(site);
    }
    let axes = trace::axes(rule, library);
    let copy = |((phase, (traced, id)), sites): ((PhaseId, (bool, usize)), Vec<Site>)| PhaseCopy {
        state: if traced { rule.synapse_name(SynapseId(id)) } else { rule.variable_name(VariableId(id)) },
        phase: rule.phases[phase.0].name.clone(),
        values: sites
            .iter()
            .map(|site| match traced {
                true => trace_values(rule, network, &axes, SynapseId(id), site.ends()),
                false => rule.units(network, rule.group(VariableId(id), site.owner())),
            } as u64)
            .sum(),
        layers: sites.into_iter().map(|site| site.name(network)).collect(),
    };
    sites.into_iter().map(copy).collect()
}

fn trajectories_billed(rule: &Rule, library: &Library, network: &Network, steps: &[u64]) -> Vec<Trajectory> {
    let found = stored(trajectories(rule, library, network), rule, library, network);
    let steps_of = |name: &str| rule.phases.iter().position(|p| p.name == name).map_or(0, |p| steps[p]);
    found.into_iter().map(|each| Trajectory { steps: steps_of(&each.phase), each }).collect()
}

/// What is read of other phases' steps at the same time, which must be stored at each of these (R20.15).
pub fn trajectories(rule: &Rule, library: &Library, network: &Network) -> BTreeSet<(PhaseId, Slot)> {
    let mut reader = Reader::new(rule, library, network);
    let mut reads: Vec<_> = equation::instances(rule, network).iter().map(|i| reader.of(i)).collect();
    for clamp in equation::clamps(rule) {
        for layer in equation::layers(clamp.variable, clamp.role, rule, network) {
            reads.push(reader.of_state(layer, clamp));
        }
    }
    let slots = reads.iter().flat_map(|reads| reads.iter()).filter_map(|(input, _)| Slot::read(input));
    let stored =
        |(slot, past): (Slot, Option<Past>)| past.filter(|past| past.at_time).map(|past| (past.phase, slot));
    slots.filter_map(stored).collect()
}

fn broadcasts(rule: &Rule, library: &Library, network: &Network) -> Vec<Broadcast> {
    let owners = |source: &equation::Source<'_>| -> u64 {
        let sites = equation::sites(*source, rule, network).into_iter();
        sites.map(|site| rule.owners(network, source.target(), site) as u64).sum()
    };
    let broadcast = |(id, signal): (usize, &Signal)| {
        let hears = |source: &equation::Source<'_>| {
            let found = uses(Subject::Equation(*source), rule, library, None);
            found
                .iter()
                .any(|u| matches!(u.information, Information::Signal(SignalId(heard), _) if heard == id))
        };
        let readers: Vec<_> = equation::sources(rule).into_iter().filter(hears).collect();
        let fan_out = readers.iter().map(owners).sum();
        let readers = readers.into_iter().map(|reader| source_name(rule, reader)).collect();
        Broadcast { signal: signal.name.clone(), readers, fan_out }
    };
    rule.signals.iter().enumerate().map(broadcast).collect()
}
