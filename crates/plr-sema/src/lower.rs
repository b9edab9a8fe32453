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
mod end;
mod environment;
mod expression;
pub(crate) mod factors;
mod film;
mod filter;
mod initialiser;
mod integrate;
mod learning;
mod nudge;
mod observable;
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
mod unused;
mod written_first;
pub(crate) mod written_out;

use std::cell::OnceCell;
use std::collections::HashSet;

use plr_ir::model::{Equation, Kept, Model, Parameter, Piece, Shape};
use plr_ir::pass::{self, Options};
use plr_ir::{Precision, Program};
use plr_syntax::diagnostic::Findings;

use crate::audit::{self, Built, Projection};
use crate::equation::{self, Site, Source};
use crate::group::Absent;
use crate::hir::{Learned, Observed, Rule, SynapseId};
use crate::workshop::sentences;

use environment::{Quantity, Unavailable};

pub use environment::Defined;
pub use setting::{Claims, Duration, ParameterId, Setting};

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
        let Setting { rule, library, network, observed, claims, .. } = &setting;
        let claimed = if *claims == Claims::Unmeasured { HashSet::new() } else { claimed(observed, rule) };
        let used = OnceCell::new();
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
        audit::stale_reads(rule, library, network, &made.durations, &mut warnings);
        // With everything built: a phase has its use even if what a claim needs is not there outside its check.
        let examined = made.setting.claims != Claims::Unmeasured;
        let looked_at = examined.then(|| made.looked_at());
        let mut never_evaluated = if examined { made.never_evaluated() } else { Vec::new() };
        let update = match made.keep_observable() {
            Ok((update, idle)) if !warnings.any_error() => {
                never_evaluated.extend(idle.into_iter().filter(|_| examined));
                update
            }
            Ok(_) => return Err(warnings),
            Err(errors) => {
                warnings.append(errors);
                return Err(warnings);
            }
        };
        never_evaluated.into_iter().for_each(|doubt| warnings.push(doubt));
        made.setting.check_laws(&mut findings);
        made.setting.check_first_values(made.parameters.iter().map(|(id, _)| *id), &mut findings);
        if !findings.is_empty() {
            return Err(findings);
        }
        made.listed.0 = made.parameters.iter().map(|(_, p)| p.clone()).collect();
        made.listed.1 = made.kept.iter().map(|(_, kept)| kept.clone()).collect();
        made.blind_prediction().filter(|_| examined).into_iter().for_each(|doubt| warnings.push(doubt));
        if let Some(looked_at) = looked_at {
            made.unused_phases(&update, looked_at, &mut warnings);
        }
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

    /// For programs that nobody runs.
    fn trial_builder(&self) -> piece::Builder<'_> {
        piece::Builder { model: self, batch: TRIAL_BATCH, precision: Precision::F32 }
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

/// The parameter that a plasticity equation changes at a site.
fn parameter_at(target: Learned, site: Site) -> ParameterId {
    match target {
        Learned::Synapse(synapse) => {
            let (pre, post) = site.ends();
            ParameterId::Weight(synapse, pre, post)
        }
        Learned::Unit(variable) => ParameterId::Unit(variable, site.owner()),
    }
}

/// What is wrong where a rule has no value for something observable.
fn reported(missing: &[Unavailable], setting: &Setting) -> Findings {
    let mut findings = Findings::new();
    missing.iter().for_each(|unavailable| unavailable.report(setting, &mut findings));
    findings
}

/// Leaves what the outputs need, as lowered: no other pass may run, since a parameter whose every use is folded away
/// is still read by the program as lowered.
fn drop_dead_code(program: &mut Program) {
    (pass::DCE.run)(program);
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

    fn missing(&self, piece: Piece) -> Option<String> {
        let mut missing = self.trial_builder().build(piece).err().filter(|missing| !missing.is_empty())?;
        // That there are no such synapses at some site is least of a reason.
        missing.sort_by_key(|m| matches!(m, Unavailable::NoWeight { absent: Absent::Nowhere, .. }));
        Some(sentences(&reported(&missing, &self.setting)))
    }

    fn unfused(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        let mut program = self.raw(piece, batch, precision)?;
        pass::optimise(&mut program, Options { without: vec!["fuse".to_owned()], ..Options::default() });
        Some(program)
    }
}
