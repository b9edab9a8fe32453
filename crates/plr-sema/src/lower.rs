//! From a resolved rule and a network to programs.
//!
//! Every equation is lowered in every layer it applies to. Where an equation reads something that has no value there
//! (the error of an input unit that nobody ever computes), its result has none either; that is a mistake only if
//! something observable needs it. What is observable: the prediction, and the weights; without a prediction, the weights
//! alone. Parameters on which nothing observable depends are not built.

mod arrival;
mod beside;
mod course;
mod detour;
mod draw;
mod environment;
mod expression;
mod filter;
mod initialiser;
mod integrate;
mod learning;
mod nudge;
mod one_by_one;
mod part;
mod piece;
pub(crate) mod plasticity;
mod presentation;
mod quantile;
mod replay;
mod setting;
mod spatial;
pub(crate) mod term;
pub(crate) mod trace;
mod written_first;
pub(crate) mod written_out;

use std::cell::OnceCell;
use std::collections::HashSet;

use plr_ir::model::{Equation, Kept, Model, Parameter, Piece, Shape};
use plr_ir::pass::{self, Options};
use plr_ir::{Location, Op, Precision, Program, Value, program::Block};
use plr_syntax::diagnostic::Findings;

use crate::audit::{self, Built, Projection};
use crate::check::unused_phase::UnusedPhase;
use crate::equation::{self, Site, Source};
use crate::hir::{Learned, Observed, PhaseId, Rule, SynapseId};

use environment::Quantity;

pub use environment::Defined;
pub use setting::{Duration, ParameterId, Setting};

/// The minibatch size at which a rule is first lowered, to see what is observable.
const TRIAL_BATCH: usize = 2;

/// A rule specialised to a network and everything else: makes its programs.
#[derive(Debug)]
pub struct Specialised {
    setting: Setting,
    durations: Vec<Duration>,
    phases: Vec<String>,
    /// The parameters on which something observable depends.
    parameters: Vec<(ParameterId, Parameter)>,
    /// The states and traces that go on to other presentations and on which something observable depends.
    kept: Vec<(Quantity, Kept)>,
    listed: (Vec<Parameter>, Vec<Kept>),
    equations: OnceCell<Vec<Equation>>,
}

impl Specialised {
    /// Specialises a rule, or says what is wrong with it on this network; warnings come with success.
    pub fn new(setting: Setting) -> Result<(Self, Findings), Findings> {
        let mut findings = Findings::new();
        let Setting { rule, library, network, observed, .. } = &setting;
        let (used, claimed) = (OnceCell::new(), claimed(observed, rule));
        let is_used = |synapse, pair| {
            claimed.contains(&synapse)
                || used
                    .get_or_init(|| audit::used_synapses(rule, library, network))
                    .contains(&(synapse, pair))
        };
        rule.check_sizes(network, library, &is_used, &mut findings);
        setting.check_written_first(&mut findings);
        if !findings.is_empty() {
            return Err(findings);
        }
        let durations = setting.durations()?;
        let phases = setting.rule.phases.iter().map(|p| p.name.clone()).collect();
        let parameters = setting.parameters();
        let kept = setting.kept_values();
        let (listed, equations) = (Default::default(), OnceCell::new());
        let mut made = Self { setting, durations, phases, parameters, kept, listed, equations };
        let mut warnings = Findings::new();
        let Setting { rule, library, network, .. } = &made.setting;
        audit::lost_equations(rule, library, network, &mut warnings);
        audit::empty_sums(rule, network, &mut warnings);
        audit::stale_clamps(rule, library, network, &mut warnings);
        audit::frozen_draws(rule, library, &made.durations, &mut warnings);
        // With everything built: a phase has its use even if what a claim needs is not there outside its check.
        let looked_at = made.looked_at();
        let update = match made.keep_observable() {
            Ok(update) if !warnings.any_error() => update,
            Ok(_) => return Err(warnings),
            Err(errors) => {
                warnings.append(errors);
                return Err(warnings);
            }
        };
        made.setting.check_laws(&mut findings);
        made.setting.check_first_values(made.parameters.iter().map(|(id, _)| *id), &mut findings);
        if !findings.is_empty() {
            return Err(findings);
        }
        made.listed.0 = made.parameters.iter().map(|(_, p)| p.clone()).collect();
        made.listed.1 = made.kept.iter().map(|(_, kept)| kept.clone()).collect();
        made.unused_phases(&update, looked_at, &mut warnings);
        let Setting { rule, network, .. } = &made.setting;
        let built = |target: Learned, site: Site| {
            let is = |id: &ParameterId| id.learned() == Some(target) && id.site() == Some(site);
            made.parameters.iter().any(|(id, _)| is(id))
        };
        audit::counted_once(rule, network, &built, &mut warnings);
        Ok((made, warnings))
    }

    /// What the rule is specialised to.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// How long each phase runs.
    pub fn durations(&self) -> &[Duration] {
        &self.durations
    }

    /// The program of a piece as lowered, before any pass.
    pub fn raw(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        // Whatever could have no value was reported when the rule was specialised.
        piece::Builder { model: self, batch, precision }.build(piece).ok().flatten()
    }

    /// Drops the parameters and kept states on which nothing observable depends: starting from what the prediction reads (or,
    /// without one, from the weights that learn or are read, or whatever else learns if they do not), adds what their updates read,
    /// until nothing is new. What the rule says it learns and nothing reads anywhere counts too, where it can learn, and in the setting of
    /// a check what is `fixed` and in the way to what it observes. Returns the last update program (R3.8).
    fn keep_observable(&mut self) -> Result<Program, Findings> {
        let everything = std::mem::take(&mut self.parameters);
        self.parameters.clone_from(&everything);
        let predicted = self.trial(&Piece::Predict, None)?;
        let mut marks: Vec<bool> = match &predicted {
            Some(program) => used_inputs(program)[..everything.len()].to_vec(),
            None => self.counted(),
        };
        // The kept states stand behind the parameters, in the inputs of an update behind the minibatch too.
        marks.resize(everything.len() + self.kept.len(), false);
        let mut update = self.add_what_is_read(&mut marks)?;
        let observed = self.setting.observed.iter().filter(|_| self.setting.measured);
        let more = std::iter::once(None).chain(observed.map(Some));
        for observed in more {
            let mut more =
                observed.map_or_else(|| self.with_unread(&marks), |o| self.with_observed(o, &marks));
            if more != marks
                && let Ok(of_more) = self.add_what_is_read(&mut more)
            {
                (marks, update) = (more, of_more);
            }
        }
        let mut of_states = marks.split_off(everything.len()).into_iter();
        self.kept.retain(|_| of_states.next() == Some(true));
        self.parameters =
            everything.into_iter().zip(&marks).filter(|(_, mark)| **mark).map(|(p, _)| p).collect();
        Ok(update)
    }

    /// Marks what the updates of all that is marked read. Returns the last update program.
    fn add_what_is_read(&self, marks: &mut Vec<bool>) -> Result<Program, Findings> {
        loop {
            let Some(update) = self.trial(&Piece::Update, Some(marks))? else {
                unreachable!("every rule has an update")
            };
            let mut used = used_inputs(&update);
            used.drain(self.parameters.len()..update.inputs.len() - self.kept.len());
            let next: Vec<bool> = marks.iter().zip(&used).map(|(&mark, &used)| mark || used).collect();
            if next == *marks {
                return Ok(update);
            }
            *marks = next;
        }
    }

    /// The marks, and one for each parameter that learns where it can and is declared with none that is marked.
    fn with_unread(&self, marks: &[bool]) -> Vec<bool> {
        let read = self.declared(marks);
        let mut more = marks.to_vec();
        for (position, (id, parameter)) in self.parameters.iter().enumerate() {
            let unread = id.learned().is_some_and(|declared| !read.contains(&declared));
            more[position] |= unread && parameter.learned && self.can_learn(position);
        }
        more
    }

    /// The marks, and one for each `fixed` parameter and each kept state in what a check observes. An objective needs all of them, or
    /// it would be another one; a claim is about what is there, as far as anything of it is: it needs those that are declared with
    /// none that is marked.
    fn with_observed(&self, observed: &Observed, marks: &[bool]) -> Vec<bool> {
        let mut more = marks.to_vec();
        let rule = &self.setting.rule;
        let Ok(mut program) = self.trial_builder().observe(observed) else { return more };
        drop_dead_code(&mut program);
        let used = program.inputs.iter().zip(used_inputs(&program)).filter(|(_, used)| *used);
        let used: HashSet<&str> = used.map(|(name, _)| name.as_str()).collect();
        let there = self.declared(marks);
        let wanted = |declared: Learned| {
            rule.is_fixed(declared) && (observed.objective.is_some() || !there.contains(&declared))
        };
        let (parameters, kept) = more.split_at_mut(self.parameters.len());
        for (mark, (id, parameter)) in parameters.iter_mut().zip(&self.parameters) {
            *mark |= id.learned().is_some_and(wanted) && used.contains(parameter.name.as_str());
        }
        for (mark, (_, state)) in kept.iter_mut().zip(&self.kept) {
            *mark |= used.contains(state.name.as_str());
        }
        more
    }

    /// What the marked parameters are declared as.
    fn declared(&self, marks: &[bool]) -> Vec<Learned> {
        let marked = self.parameters.iter().zip(marks).filter(|(_, mark)| **mark);
        marked.filter_map(|((id, _), _)| id.learned()).collect()
    }

    /// The parameters that count where nothing is predicted: the weights that learn, the fixed ones that something reads and, where
    /// no weights learn, what does and can.
    fn counted(&self) -> Vec<bool> {
        let Setting { rule, library, network, .. } = &self.setting;
        let mut reader = audit::reads::Reader::new(rule, library, network);
        let mut read = HashSet::new();
        let mut reads: Vec<_> = equation::instances(rule, network).iter().map(|i| reader.of(i)).collect();
        for clamp in equation::clamps(rule) {
            let layers = equation::layers(clamp.variable, clamp.role, rule, network);
            reads.extend(layers.into_iter().map(|layer| reader.of_state(layer, clamp)));
        }
        for (input, _) in reads.iter().flat_map(|reads| reads.iter()) {
            if let audit::reads::Input::Weight(synapse, (pre, post)) = input {
                read.insert(ParameterId::Weight(synapse, pre, post));
            }
        }
        let weight = |(id, _): &&(ParameterId, Parameter)| matches!(id, ParameterId::Weight(..));
        let weights_learn = self.parameters.iter().filter(weight).any(|(_, parameter)| parameter.learned);
        let counts = |(position, (id, parameter)): (usize, &(ParameterId, Parameter))| match *id {
            ParameterId::Weight(synapse, ..) => {
                !rule.is_fixed(Learned::Synapse(synapse)) || read.contains(id)
            }
            ParameterId::Unit(..) => !weights_learn && parameter.learned && self.can_learn(position),
            ParameterId::Memory(_) | ParameterId::Updates => false,
        };
        self.parameters.iter().enumerate().map(counts).collect()
    }

    /// Whether all that a parameter learns from has a value.
    fn can_learn(&self, position: usize) -> bool {
        let alone: Vec<bool> = (0..self.parameters.len() + self.kept.len()).map(|i| i == position).collect();
        self.trial(&Piece::Update, Some(&alone)).is_ok()
    }

    fn trial(&self, piece: &Piece, learned: Option<&[bool]>) -> Result<Option<Program>, Findings> {
        let builder = self.trial_builder();
        let built = match learned {
            Some(learned) => builder.update(learned).map(Some),
            None => builder.build(*piece),
        };
        let mut program = built.map_err(|unavailable| {
            let mut findings = Findings::new();
            unavailable.iter().for_each(|u| u.report(&self.setting, &mut findings));
            findings
        })?;
        program.iter_mut().for_each(drop_dead_code);
        Ok(program)
    }

    fn trial_builder(&self) -> piece::Builder<'_> {
        piece::Builder { model: self, batch: TRIAL_BATCH, precision: Precision::F32 }
    }

    /// The places of all operations that make what checks observe.
    fn looked_at(&self) -> Vec<Location> {
        let mut found = Vec::new();
        for observed in &self.setting.observed {
            let Ok(mut program) = self.trial_builder().observe(observed) else { continue };
            drop_dead_code(&mut program);
            locations(&program.body, &mut found);
        }
        found
    }

    /// A phase is used if an operation of it is left when everything is gone that is neither observable nor observed by a
    /// check (R7.17).
    fn unused_phases(&self, update: &Program, mut left: Vec<Location>, warnings: &mut Findings) {
        locations(&update.body, &mut left);
        if let Some(mut program) = self.raw(Piece::Predict, TRIAL_BATCH, Precision::F32) {
            drop_dead_code(&mut program);
            locations(&program.body, &mut left);
        }
        let sources = equation::sources(&self.setting.rule);
        let runs = |i: usize| {
            let in_phase = |s: &Source<'_>| matches!(s, Source::Dynamics(PhaseId(p), _) | Source::Trace(PhaseId(p), _) if *p == i);
            sources.iter().any(in_phase)
        };
        let gone = |i: &usize| runs(*i) && !left.contains(&presentation::phase_location(PhaseId(*i)));
        let gone: Vec<usize> = (0..self.setting.rule.phases.len()).filter(gone).collect();
        if gone.is_empty() {
            return;
        }
        // What only copies has no operation that could be left.
        let mut all = Vec::new();
        if let Some(probe) = self.raw(Piece::Probe, TRIAL_BATCH, Precision::F32) {
            locations(&probe.body, &mut all);
        }
        for i in gone.into_iter().filter(|i| all.contains(&presentation::phase_location(PhaseId(*i)))) {
            let phase = &self.setting.rule.phases[i];
            warnings.push(UnusedPhase { at: phase.span, name: phase.name.clone() });
        }
    }

    /// What is built.
    pub fn built(&self) -> Built {
        let weights = self.parameters.iter().filter_map(|(id, _)| match *id {
            ParameterId::Weight(synapse, pre, post) => Some((synapse, (pre, post))),
            ParameterId::Unit(..) | ParameterId::Memory(_) | ParameterId::Updates => None,
        });
        let units = self.parameters.iter().filter_map(|(id, _)| match *id {
            ParameterId::Unit(variable, layer) => Some((variable, layer)),
            ParameterId::Weight(..) | ParameterId::Memory(_) | ParameterId::Updates => None,
        });
        let kept = || self.kept.iter().map(|(quantity, _)| *quantity);
        let states = kept().filter_map(|q| if let Quantity::State(cell) = q { Some(cell) } else { None });
        let traces = kept().filter_map(|q| match q {
            Quantity::Trace((trace, pre, post)) => Some((trace, (pre, post))),
            Quantity::State(_) => None,
        });
        Built::of(weights.chain(traces), units.chain(states))
    }

    /// The masks that stay what they are, of all instances of synapses that are built and share no weights (R4.11).
    pub fn masks(&self) -> Vec<(Projection, Parameter)> {
        let Setting { rule, network, .. } = &self.setting;
        let all = self.setting.parameters();
        let mask = |id: ParameterId| {
            let ParameterId::Weight(synapse, pre, post) = id else { return None };
            let mask = rule.synapses[synapse.0].mask.filter(|mask| rule.is_fixed(Learned::Synapse(*mask)))?;
            let kernel = rule.along(network, synapse, (pre, post)).and_then(|along| along.kernel());
            let mask = ParameterId::Weight(mask, pre, post);
            let (_, found) = all.iter().find(|(id, _)| *id == mask && kernel.is_none())?;
            Some(((synapse, (pre, post)), found.clone()))
        };
        self.parameters.iter().filter_map(|(id, _)| mask(*id)).collect()
    }

    /// The equations of the rule at the sites of the network; plasticity of parameters that are not built left out.
    pub fn instances(&self) -> Vec<equation::Instance<'_>> {
        let mut instances = equation::instances(&self.setting.rule, &self.setting.network);
        instances.retain(|instance| match instance.source {
            Source::Dynamics(..) | Source::Trace(..) => true,
            Source::Plasticity(p) => {
                self.parameters.iter().any(|(id, _)| *id == parameter_at(p.target, instance.site))
            }
        });
        let builder = self.trial_builder();
        instances.retain(|instance| builder.equation(instance).is_ok());
        instances
    }
}

/// The parameter that a plasticity equation changes at a site.
/// The synapses, by their weights, that claims and objectives look at.
fn claimed(observed: &[Observed], rule: &Rule) -> HashSet<SynapseId> {
    let owner = |observed: &Observed| match observed.owner {
        Learned::Synapse(synapse) => Some(synapse),
        Learned::Unit(_) => None,
    };
    let mut found: Vec<SynapseId> = observed.iter().filter_map(owner).collect();
    for value in observed.iter().flat_map(|observed| &observed.values) {
        found.extend(value.weights());
    }
    found.into_iter().map(|synapse| rule.weight_of(synapse)).collect()
}

fn parameter_at(target: Learned, site: Site) -> ParameterId {
    match target {
        Learned::Synapse(synapse) => {
            let (pre, post) = site.ends();
            ParameterId::Weight(synapse, pre, post)
        }
        Learned::Unit(variable) => ParameterId::Unit(variable, site.owner()),
    }
}

/// Leaves what the outputs need, as lowered: no other pass may run, since a parameter whose every use is folded away
/// is still read by the program as lowered.
fn drop_dead_code(program: &mut Program) {
    (pass::DCE.run)(program);
}

/// For each input of a program, whether an operation or an output uses it.
fn used_inputs(program: &Program) -> Vec<bool> {
    let mut used = vec![false; program.values.len()];
    mark(&program.body, &mut used);
    program.body.parameters.iter().map(|p| used[p.index()]).collect()
}

fn mark(block: &Block, used: &mut [bool]) {
    let mut mark_value = |value: Value| used[value.index()] = true;
    block.results.iter().copied().for_each(&mut mark_value);
    for operation in &block.operations {
        operation.op.for_each_operand(&mut mark_value);
    }
    for operation in &block.operations {
        if let Op::Repeat(repeat) = &operation.op {
            mark(&repeat.body, used);
        }
    }
}

fn locations(block: &Block, found: &mut Vec<Location>) {
    for operation in &block.operations {
        found.push(operation.location);
        if let Op::Repeat(repeat) = &operation.op {
            locations(&repeat.body, found);
        }
    }
}

impl Model for Specialised {
    fn name(&self) -> &str {
        &self.setting.rule.name
    }

    fn parameters(&self) -> &[Parameter] {
        &self.listed.0
    }

    fn kept(&self) -> &[Kept] {
        &self.listed.1
    }

    fn shape(&self) -> Shape {
        self.setting.shape()
    }

    fn phases(&self) -> &[String] {
        &self.phases
    }

    fn equations(&self) -> &[Equation] {
        let setting = &self.setting;
        let read = |i: &equation::Instance<'_>| {
            audit::reads::equation(&setting.rule, &setting.library, &setting.network, i)
        };
        self.equations.get_or_init(|| self.instances().iter().map(read).collect())
    }

    fn traces(&self, batch: usize) -> Vec<(String, Vec<usize>)> {
        piece::Builder { model: self, batch, precision: Precision::F32 }.traces()
    }

    fn program(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        let mut program = self.raw(piece, batch, precision)?;
        pass::optimise(&mut program, Options::default());
        Some(program)
    }

    fn unfused(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        let mut program = self.raw(piece, batch, precision)?;
        pass::optimise(&mut program, Options { without: vec!["fuse".to_owned()], ..Options::default() });
        Some(program)
    }
}
