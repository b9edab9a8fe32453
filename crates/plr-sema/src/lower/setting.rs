//! A rule with everything fixed that its text leaves open: network, hyper-parameters, cost, initialisers.

use std::borrow::Cow;
use std::sync::Arc;

use plr_ir::model::{Init, Keeping, Kept, Parameter, Sequence, Shape};
use plr_syntax::ast;
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use super::environment::{Quantity, TraceCell};
use super::term::{Axes, Extents};
use super::trace;
use crate::check::bad_value::BadValue;
use crate::equation::{self, Site, applies};
use crate::group::Group;
use crate::hir::{
    Cost, Expr, HyperId, Initialiser, Learned, Observed, Phase, PhaseId, Plasticity, Rule, SynapseId,
    VariableId, VariableKind,
};
use crate::memory::{Memory, UPDATES, counts_updates, filterings};
use crate::network::{LayerId, Network};
use crate::resolve::{Constants, Library, SiteValue, constant};

/// The most steps of a phase that a check lets run until its residual is small (R14.11).
const MOST_STEPS: u32 = 100_000;

/// How much counts what checks observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    /// Nobody looks: it need not have a value here.
    Unmeasured,
    /// It is to have a meaning.
    Examined,
    /// It is measured, and what it needs is built.
    Measured,
}

/// Everything a rule is specialised to.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Functions and costs.
    pub library: Arc<Library>,
    /// The network.
    pub network: Network,
    /// Hyper-parameters on single edges or layers.
    pub sites: Vec<SiteValue>,
    /// The cost's name.
    pub cost: String,
    /// Initialisers that replace the rule's, by the name of the synapse or parameter.
    pub init: Vec<(String, Initialiser)>,
    /// How samples are presented in phases over time.
    pub sequence: Sequence,
    /// Phases that run until a residual instead: one, or every one of several steps.
    pub until: Vec<(Option<PhaseId>, f64)>,
    /// Phases that run for another number of steps, by name, and then whatever `until` says.
    pub steps: Vec<(String, f64)>,
    /// What a check observes, or what all of the rule's do.
    pub observed: Vec<Observed>,
    /// How much that counts.
    pub claims: Claims,
}

/// How long a phase runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Duration {
    /// At most.
    pub steps: u32,
    /// Until the residual is less.
    pub until: Option<f64>,
}

impl Setting {
    /// The value of a hyper-parameter at a site.
    pub fn hyper(&self, id: HyperId, site: Option<Site>) -> f64 {
        self.constants(site).values[id.0]
    }

    /// The values of all hyper-parameters at a site.
    fn constants(&self, site: Option<Site>) -> Cow<'_, Constants> {
        let constants = &self.rule.constants;
        let Some(site) = site.filter(|_| !self.sites.is_empty()) else { return Cow::Borrowed(constants) };
        let own = |name: &str| {
            let mut own = self.sites.iter().rev().filter(|v| v.name == name && self.covers(&v.site, site));
            own.next().map(|v| v.value)
        };
        Cow::Owned(constants.with(&self.rule, &self.library, own))
    }

    /// Whether a value given for an edge or layer holds at a site: an edge's for its synapses in both orientations and for
    /// the units it ends in, a layer's for its units and the synapses that end there (R16.3).
    fn covers(&self, given: &str, site: Site) -> bool {
        let (from, to) = match given.split_once("->") {
            Some((from, to)) => (self.network.layer(from), self.network.layer(to)),
            None => (None, self.network.layer(given)),
        };
        match (site, from) {
            (Site::Layer(layer), _) => to == Some(layer),
            (Site::Edge(pre, post), Some(_)) => {
                (from, to) == (Some(pre), Some(post)) || (from, to) == (Some(post), Some(pre))
            }
            (Site::Edge(_, post), None) => to == Some(post),
        }
    }

    /// The chosen cost.
    pub fn cost(&self) -> Option<&Cost> {
        self.library.cost(&self.cost)
    }

    /// A cost that declares its derivative after an activation, if the chosen one does not.
    pub fn cost_after(&self, activation: &str) -> Option<String> {
        let library = &self.library;
        let declares =
            |cost: &&Cost| cost.after.iter().any(|(id, _)| library.functions[id.0].name == activation);
        let found = library.costs.iter().find(declares)?;
        self.cost().is_none_or(|chosen| !declares(&chosen)).then(|| found.name.clone())
    }

    /// The value of a constant expression of the rule that is nowhere.
    pub fn constant(&self, expr: &Expr) -> f64 {
        constant(expr, &self.rule.constants, &self.library).unwrap_or(f64::NAN)
    }

    /// The value of a constant expression at a site (R16.3).
    pub fn constant_at(&self, expr: &Expr, site: Site) -> f64 {
        constant(expr, &self.constants(Some(site)), &self.library).unwrap_or(f64::NAN)
    }

    /// How many steps a phase has, at most.
    pub fn steps(&self, phase: &Phase) -> f64 {
        match self.other_steps(phase) {
            _ if phase.over_time => f64::from(self.sequence.steps),
            Some(other) => other,
            None => self.constant(&phase.steps),
        }
    }

    /// Whether a phase goes through steps that are alike, so that it may come to rest.
    pub fn may_rest(&self, phase: PhaseId) -> bool {
        let declared = &self.rule.phases[phase.0];
        self.steps(declared) > 1.0 && equation::restless(&self.rule, &self.library, phase).is_none()
    }

    fn other_steps(&self, phase: &Phase) -> Option<f64> {
        self.steps.iter().rfind(|(name, _)| *name == phase.name).map(|(_, steps)| *steps)
    }

    /// The residual until which a phase of so many steps runs instead (R14.11).
    fn residual(&self, phase: PhaseId, steps: u32) -> Option<f64> {
        let of = |phase: Option<PhaseId>| self.until.iter().rfind(move |(of, _)| *of == phase);
        let found = of(Some(phase)).or_else(|| of(None).filter(|_| steps > 1));
        found.map(|(_, tolerance)| *tolerance)
    }

    /// How long each phase runs, or a finding for each that cannot (R7.2).
    pub fn durations(&self) -> Result<Vec<Duration>, Findings> {
        let mut findings = Findings::new();
        let mut durations = Vec::new();
        for (id, phase) in self.rule.phases.iter().enumerate() {
            let other = self.other_steps(phase);
            let steps = self.steps(phase);
            if steps.fract() != 0.0 || !(1.0..=1e9).contains(&steps) {
                bad(
                    phase.steps.span,
                    &format!("the number of steps of `{}`", phase.name),
                    "an integer from 1 to 1,000,000,000",
                    steps,
                    &mut findings,
                );
            }
            let until = phase.until.as_ref().map(|expr| (self.constant(expr), expr.span));
            if let Some((tolerance, at)) = until.filter(|(t, _)| t.is_nan() || *t <= 0.0) {
                bad(
                    at,
                    &format!("the tolerance of `{}`", phase.name),
                    "a positive number",
                    tolerance,
                    &mut findings,
                );
            }
            let own = Duration { steps: steps as u32, until: until.map(|(t, _)| t) };
            let duration = match self.residual(PhaseId(id), own.steps) {
                Some(tolerance) if other.is_none() && !phase.over_time => {
                    Duration { steps: MOST_STEPS, until: Some(tolerance) }
                }
                Some(_) | None => own,
            };
            if let Some(dt) = &phase.dt {
                let value = self.constant(dt);
                if value.is_nan() || value <= 0.0 {
                    bad(
                        dt.span,
                        &format!("the time step of `{}`", phase.name),
                        "a positive number",
                        value,
                        &mut findings,
                    );
                }
            }
            durations.push(duration);
        }
        self.check_replays(&durations, &mut findings);
        if findings.is_empty() { Ok(durations) } else { Err(findings) }
    }

    /// Phases whose steps are at the same time have as many, and know how many (R20.15).
    fn check_replays(&self, durations: &[Duration], findings: &mut Findings) {
        for replay in equation::replays(&self.rule) {
            let [of, by] = [replay.of, replay.by].map(|PhaseId(phase)| {
                (durations[phase], self.rule.phases[phase].over_time, &self.rule.phases[phase].name)
            });
            if (of.0, of.1) != (by.0, by.1) || of.0.until.is_some() {
                findings.push(BadValue {
                    at: replay.at,
                    what: format!("the steps of `{}` at the time of those of `{}`", of.2, by.2),
                    wanted: "the same: both phases over time, or of one number of steps without a tolerance",
                    found: format!("{} steps and {}", of.0.steps, by.0.steps),
                });
            }
        }
    }

    /// All parameters at all sites of the network, weights first.
    pub fn parameters(&self) -> Vec<(ParameterId, Parameter)> {
        let mut parameters = Vec::new();
        let weights = self.rule.synapses.iter().enumerate().filter(|(_, synapse)| synapse.trace.is_none());
        for (i, _) in weights {
            for (pre, post) in self.rule.instances(&self.network, SynapseId(i)) {
                let id = ParameterId::Weight(SynapseId(i), pre, post);
                let dims = self.weight_dims(SynapseId(i), (pre, post));
                let (target, site) = (Learned::Synapse(SynapseId(i)), Site::Edge(pre, post));
                parameters
                    .push((id, self.parameter(self.rule.synapse_name(SynapseId(i)), site, dims, target)));
            }
        }
        for (i, variable) in self.rule.variables.iter().enumerate() {
            if !matches!(variable.kind, VariableKind::Param(_)) {
                continue;
            }
            for layer in equation::layers(VariableId(i), None, &self.rule, &self.network) {
                let id = ParameterId::Unit(VariableId(i), layer);
                let dims = self.parameter_dims(VariableId(i), layer);
                let (target, group) = (Learned::Unit(VariableId(i)), self.rule.variable_name(VariableId(i)));
                parameters.push((id, self.parameter(group, Site::Layer(layer), dims, target)));
            }
        }
        parameters.extend(self.memories(&parameters));
        if counts_updates(&self.rule, &self.library) {
            parameters
                .push((ParameterId::Updates, self.kept(UPDATES.to_owned(), String::new(), Vec::new(), 0.0)));
        }
        parameters
    }

    /// All states that go on to other presentations, in all layers (R3.11), then all such traces (R20.13).
    pub fn kept_values(&self) -> Vec<(Quantity, Kept)> {
        let mut kept = Vec::new();
        for (i, variable) in self.rule.variables.iter().enumerate() {
            let (Some(keeping), VariableKind::State(Some(first))) = (variable.kept, &variable.kind) else {
                continue;
            };
            let keeping = as_kept(keeping);
            for layer in equation::layers(VariableId(i), None, &self.rule, &self.network) {
                let cell = (VariableId(i), layer);
                let (name, dims) = (self.state_name(cell.0, layer), vec![self.units_of(cell.0, layer)]);
                let first = self.constant_at(first, Site::Layer(layer));
                kept.push((Quantity::State(cell), Kept { name, dims, first, keeping }));
            }
        }
        let axes = trace::axes(&self.rule, &self.library);
        for (i, synapse) in self.rule.synapses.iter().enumerate() {
            let (Some(keeping), Some(first)) = (synapse.kept, &synapse.trace) else { continue };
            let keeping = as_kept(keeping);
            for (pre, post) in self.rule.instances(&self.network, SynapseId(i)) {
                let cell = (SynapseId(i), pre, post);
                let extents = self.synapse_extents(cell.0, Site::Edge(pre, post), 1);
                let (name, dims) = (self.trace_name(cell), extents.dims(axes[&cell.0].without(Axes::SAMPLE)));
                let first = self.constant_at(first, Site::Edge(pre, post));
                kept.push((Quantity::Trace(cell), Kept { name, dims, first, keeping }));
            }
        }
        kept
    }

    /// The extents of values of synapses, for so many samples.
    pub fn synapse_extents(&self, synapse: SynapseId, site: Site, samples: usize) -> Extents {
        let (rule, network) = (&self.rule, &self.network);
        let (pre, post) = rule.joined(synapse, site.ends());
        let along = rule.along(network, synapse, site.ends());
        let units = |group, presynaptic| {
            let units = self.units(group);
            along.map_or(units, |along| along.seen(units, presynaptic))
        };
        Extents {
            samples,
            units: units(post, false),
            pre: if rule.synapses[synapse.0].one_to_one { 1 } else { units(pre, true) },
            shared: rule.weights(network, synapse, site.ends()),
        }
    }

    /// The memories of all filters, beside what they filter.
    fn memories(&self, filtered: &[(ParameterId, Parameter)]) -> Vec<(ParameterId, Parameter)> {
        let mut memories = Vec::new();
        for filtering in filterings(&self.rule, &self.library) {
            for (id, parameter) in filtered.iter().filter(|(id, _)| id.learned() == Some(filtering.target)) {
                for index in 0..filtering.memories() {
                    let Some(site) = id.site() else { continue };
                    let memory = Memory { place: filtering.place, index, site };
                    let group = filtering.group(index);
                    let first = self.constant_at(&filtering.first(index), site);
                    let (site, dims) = (parameter.site.clone(), parameter.dims.clone());
                    let kept = self.kept(group, site, dims, first);
                    memories.push((ParameterId::Memory(memory), kept));
                }
            }
        }
        memories
    }

    /// Something that is kept between presentations and is neither a synapse's nor a unit's.
    fn kept(&self, group: String, site: String, dims: Vec<usize>, first: f64) -> Parameter {
        let name = if site.is_empty() { group.clone() } else { format!("{group}/{site}") };
        let layer = site.rsplit("->").next().unwrap_or_default().to_owned();
        let init = Init::Constant(first);
        Parameter { name, group, site, layer, init, learned: true, synaptic: false, mask: None, dims }
    }

    fn parameter(&self, group: String, site: Site, dims: Vec<usize>, target: Learned) -> Parameter {
        let learns = |p: &&Plasticity| p.target == target && applies(p.role, &self.network, site.owner());
        let learned = self.rule.plasticity.iter().any(|p| learns(&p));
        let layer = self.network.layers[site.owner()].name.clone();
        let init = self.first_value(target, site);
        let site = site.name(&self.network);
        let mask = match target {
            Learned::Synapse(synapse) => self.rule.synapses[synapse.0].mask,
            Learned::Unit(_) => None,
        };
        Parameter {
            name: format!("{group}/{site}"),
            mask: mask.map(|mask| format!("{}/{site}", self.rule.synapse_name(mask))),
            group,
            site,
            layer,
            init,
            learned,
            synaptic: matches!(target, Learned::Synapse(_)),
            dims,
        }
    }

    /// What a sample is.
    pub fn shape(&self) -> Shape {
        Shape {
            features: self.network.features(),
            outputs: self.network.layers[self.network.output()].units,
            sequence: self.rule.over_time().then_some(self.sequence),
        }
    }

    /// The number of units of a group.
    pub fn units(&self, group: Group) -> usize {
        self.rule.units(&self.network, group)
    }

    /// The number of units that have a variable in a layer.
    pub fn units_of(&self, variable: VariableId, layer: LayerId) -> usize {
        self.units(self.rule.group(variable, layer))
    }

    /// The shape of a unit parameter in a layer: one number for each unit, or for each channel (R3.10).
    pub fn parameter_dims(&self, variable: VariableId, layer: LayerId) -> Vec<usize> {
        vec![self.rule.values(&self.network, self.rule.group(variable, layer))]
    }

    /// The shape of the weights of an instance of a synapse.
    pub fn weight_dims(&self, synapse: SynapseId, pair: (LayerId, LayerId)) -> Vec<usize> {
        self.rule.weight_dims(&self.network, synapse, pair)
    }

    /// `W.e/input->h1`
    pub fn trace_name(&self, (synapse, pre, post): TraceCell) -> String {
        format!("{}/{}", self.rule.synapse_name(synapse), self.network.edge_name((pre, post)))
    }

    /// `x/h1`
    pub fn state_name(&self, variable: VariableId, layer: LayerId) -> String {
        format!("{}/{}", self.rule.variable_name(variable), self.network.layers[layer].name)
    }
}

/// A parameter at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterId {
    /// A synapse's weights from the first layer to the second.
    Weight(SynapseId, LayerId, LayerId),
    /// A unit parameter in a layer.
    Unit(VariableId, LayerId),
    /// What a filter remembers.
    Memory(Memory),
    /// The number of presentations so far.
    Updates,
}

impl ParameterId {
    /// What the rule's equations call it, if they do.
    pub fn learned(self) -> Option<Learned> {
        match self {
            Self::Weight(synapse, ..) => Some(Learned::Synapse(synapse)),
            Self::Unit(variable, _) => Some(Learned::Unit(variable)),
            Self::Memory(_) | Self::Updates => None,
        }
    }

    /// Where it is, if it is somewhere.
    pub fn site(self) -> Option<Site> {
        match self {
            Self::Weight(_, pre, post) => Some(Site::Edge(pre, post)),
            Self::Unit(_, layer) => Some(Site::Layer(layer)),
            Self::Memory(memory) => Some(memory.site),
            Self::Updates => None,
        }
    }
}

fn as_kept(keeping: ast::Keeping) -> Keeping {
    match keeping {
        ast::Keeping::Sample => Keeping::Sample,
        ast::Keeping::Place => Keeping::Place,
    }
}

fn bad(at: Span, what: &str, wanted: &'static str, found: f64, findings: &mut Findings) {
    findings.push(BadValue { at, what: what.to_owned(), wanted, found: found.to_string() });
}
