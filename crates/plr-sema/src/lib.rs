//! Decides whether a tree is a legal and local program and lowers it, with a network, to IR.
//!
//! The way of a file: [`analyse`] resolves names ([`resolve`]), judges locality ([`audit`]) and lowers each rule once on a
//! small network to see that every value it needs exists ([`lower`]). What passes is an [`Analysis`], from which
//! [`Analysis::specialise`] makes a model on a chosen network, and [`Analysis::workshop`] what a check needs.

pub mod audit;
pub mod check;
pub mod equation;
mod group;
pub mod hir;
pub mod lower;
pub mod memory;
pub mod network;
pub mod resolve;
mod winner;
mod workshop;

use std::sync::Arc;

use plr_ir::model::{Measure, Sequence};
use plr_syntax::ast;
use plr_syntax::diagnostic::Findings;

use network::Network;
use resolve::{Constants, DataSource, Experiment, Library, Optimiser, Resolved, ResolvedCheck, SiteValue};

pub use lower::{Claims, Setting, Specialised};
pub use workshop::RuleWorkshop;

/// The minibatch size of an experiment that does not say (R16.2).
pub const DEFAULT_BATCH: usize = 64;
/// How many steps a sample has when nobody says.
pub const DEFAULT_STEPS: u32 = 10;

/// The cost when none is chosen.
pub const DEFAULT_COST: &str = "half_squared_error";

/// A legal file.
#[derive(Clone, Debug)]
pub struct Analysis {
    library: Arc<Library>,
    rules: Vec<(Arc<hir::Rule>, Vec<ResolvedCheck>)>,
    networks: Vec<(String, Network)>,
    experiments: Vec<Experiment>,
}

/// What a rule is to be specialised to; what is absent has the rule's defaults.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The network.
    pub network: Network,
    /// Hyper-parameters.
    pub settings: Vec<(String, f64)>,
    /// Hyper-parameters on single edges or layers.
    pub sites: Vec<SiteValue>,
    /// The cost.
    pub cost: Option<String>,
    /// The filter that the rule calls `optim`.
    pub optimiser: Option<Optimiser>,
    /// How samples are presented over time.
    pub sequence: Sequence,
}

impl Choice {
    /// A network, with the language's defaults.
    pub fn on(network: Network) -> Self {
        let (settings, sites, sequence) = (Vec::new(), Vec::new(), sequence(None));
        Self { network, settings, sites, cost: None, optimiser: None, sequence }
    }
}

/// Analyses a file, the tree of `source`. The findings may be warnings; with an error among them there is no analysis of what is wrong, but
/// of the rest there is.
pub fn analyse(source: &str, file: &ast::File) -> (Analysis, Findings) {
    let (resolved, mut findings) = resolve::resolve(source, file);
    let Resolved { library, rules, networks, experiments, .. } = resolved;
    let library = Arc::new(library);
    let rules = rules.into_iter().map(|(rule, checks)| (Arc::new(rule), checks)).collect();
    let analysis = Analysis { library, rules, networks, experiments };
    for (rule, _) in &analysis.rules {
        findings.append(audit::non_local(rule, &analysis.library));
        match analysis.tried(rule) {
            Ok((_, warnings)) => findings.append(warnings),
            Err(errors) => findings.append(errors),
        }
    }
    (analysis, findings)
}

/// The network on which rules are examined when a file names none: small, with two hidden layers, every layer of
/// another size.
pub fn small_network(library: &Library) -> Network {
    let text = "network small { 6 - 8 - 7 - 4 sigmoid(gain = 0.8) }";
    let parsed = plr_syntax::parse(text);
    let mut findings = parsed.findings;
    let chain = parsed.file.items.iter().find_map(|item| {
        let ast::Item::Network(network) = item else { return None };
        let ast::NetworkBody::Chain(layers) = &network.body else { return None };
        resolve::network_chain(layers, network.span, library, &mut findings)
    });
    let Some(network) = chain else { unreachable!("the text above is a legal chain: {findings:?}") };
    network
}

impl Analysis {
    /// The rules by name, in the order of the text.
    pub fn rules(&self) -> impl Iterator<Item = &hir::Rule> {
        self.rules.iter().map(|(rule, _)| rule.as_ref())
    }

    /// The experiments.
    pub fn experiments(&self) -> &[Experiment] {
        &self.experiments
    }

    /// The named networks.
    pub fn networks(&self) -> &[(String, Network)] {
        &self.networks
    }

    /// Functions and costs.
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// The position of a rule.
    pub fn rule(&self, name: &str) -> Option<usize> {
        self.rules.iter().position(|(r, _)| r.name == name)
    }

    /// A rule on what it is examined with, made small or, where it means nothing there, as it is: sizes may fit each other in
    /// numbers that stand in the rule (R2.4).
    fn tried(&self, rule: &Arc<hir::Rule>) -> Result<(Specialised, Findings), Findings> {
        let whole = self.trial(rule);
        let constants = Constants::of(rule, &self.library, &whole.settings);
        let mut network = whole.network.clone();
        network.shrink(rule.with_constants(constants, &self.library).common_group(&self.library));
        let small = Choice { network, ..whole.clone() };
        Specialised::new(self.setting(rule, small)).or_else(|_| Specialised::new(self.setting(rule, whole)))
    }

    /// What a rule is examined with: the network, cost and hyper-parameters of its first experiment or else of its first check
    /// that names a network; otherwise the small chain (R2.4).
    fn trial(&self, rule: &hir::Rule) -> Choice {
        let own = self.experiments.iter().find(|e| self.rules[e.rule].0.name == rule.name);
        let Some(experiment) = own else { return self.of_check(rule) };
        Choice {
            network: experiment.network.clone(),
            settings: experiment.settings.clone(),
            sites: Vec::new(),
            cost: experiment.cost.clone(),
            optimiser: experiment.optimiser.clone(),
            sequence: sequence(experiment.time),
        }
    }

    /// What a rule that has no experiment is examined with.
    pub fn choice_of_check(&self, rule: usize) -> Choice {
        self.of_check(&self.rules[rule].0)
    }

    /// The network, cost and hyper-parameters of the first check of a rule that names a network, or the small chain.
    fn of_check(&self, rule: &hir::Rule) -> Choice {
        let checks = self.rules.iter().find(|(r, _)| r.name == rule.name).map(|(_, checks)| &checks[..]);
        let setting = checks.into_iter().flatten().map(|c| &c.setting).find(|s| s.network.is_some());
        let network = setting.and_then(|s| s.network.clone());
        let network = network.unwrap_or_else(|| {
            let mut network = small_network(&self.library);
            let times = rule.common_group(&self.library);
            network.layers.iter_mut().for_each(|layer| layer.units = layer.units.saturating_mul(times));
            network
        });
        Choice {
            settings: setting.map(|s| s.settings.clone()).unwrap_or_default(),
            cost: setting.and_then(|s| s.cost.clone()),
            ..Choice::on(network)
        }
    }

    fn setting(&self, rule: &Arc<hir::Rule>, choice: Choice) -> Setting {
        let own = self.rules.iter().filter(|(known, _)| known.name == rule.name);
        let checks = own.flat_map(|(_, checks)| checks);
        Setting {
            rule: {
                let constants = Constants::of(rule, &self.library, &choice.settings);
                let mut rule = rule.with_constants(constants, &self.library);
                if let Some(optimiser) = &choice.optimiser {
                    memory::choose_optimiser(&mut rule, optimiser);
                }
                Arc::new(rule)
            },
            library: Arc::clone(&self.library),
            network: choice.network,
            sites: choice.sites,
            cost: choice.cost.unwrap_or_else(|| DEFAULT_COST.to_owned()),
            init: Vec::new(),
            sequence: choice.sequence,
            until: Vec::new(),
            steps: Vec::new(),
            observed: checks.flat_map(|check| check.setting.observed.iter().cloned()).collect(),
            claims: Claims::Examined,
        }
    }

    /// Specialises a rule, by its position.
    pub fn specialise(&self, rule: usize, choice: Choice) -> Result<(Specialised, Findings), Findings> {
        let setting = self.setting(&self.rules[rule].0, choice);
        Specialised::new(Setting { claims: Claims::Unmeasured, ..setting })
    }

    /// What the last check of a rule measures, observations numbered as they are in models of [`Self::specialise`].
    pub fn last_measures(&self, rule: usize) -> Vec<Measure> {
        let checks = &self.rules[rule].1;
        let Some((last, before)) = checks.split_last() else { return Vec::new() };
        let first = before.iter().map(|check| check.setting.observed.len()).sum();
        let claims = last.check.claims.iter();
        claims.map(|claim| claim.measure.clone().of_observations_from(first)).collect()
    }

    /// A rule on the small network or, where it means nothing there, on that of its first experiment, made small (R13.7).
    pub fn examined(&self, rule: usize) -> Result<Specialised, Findings> {
        let (own, _) = &self.rules[rule];
        let elsewhere = || self.tried(own).map(|(model, _)| model).ok();
        self.workshop(rule).specialised(None, &[]).or_else(|findings| elsewhere().ok_or(findings))
    }

    /// What the checks of a rule need.
    pub fn workshop(&self, rule: usize) -> RuleWorkshop {
        RuleWorkshop::new(
            Arc::clone(&self.library),
            Arc::clone(&self.rules[rule].0),
            self.rules[rule].1.clone(),
        )
    }
}

/// How samples are presented over time as long as nobody knows them: shown whole for so many steps, or
/// with features and a target of their own for each step.
pub fn sequence(time: Option<u32>) -> Sequence {
    let steps = time.unwrap_or(DEFAULT_STEPS);
    Sequence { steps, data: time.is_none(), target: time.is_none() }
}

/// Where samples come from, when an experiment does not say: the embedded digits.
pub fn default_data() -> DataSource {
    DataSource {
        name: "digits".to_owned(),
        law: None,
        texts: Vec::new(),
        settings: Vec::new(),
        span: plr_syntax::span::Span::default(),
    }
}
