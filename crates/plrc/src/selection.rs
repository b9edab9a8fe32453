//! What is to be run: an experiment or a rule of the file, with what the command line changes in it.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use plr_ir::Precision;
use plr_ir::model::Sequence;
use plr_run::data::Source as Data;
use plr_sema::check::unknown_name::UnknownName;
use plr_sema::network::Network;
use plr_sema::resolve::{Expected, Experiment, Length, linear_output, network_chain};
use plr_sema::{Choice, DEFAULT_BATCH, DEFAULT_COST, DEFAULT_STEPS, sequence};
use plr_syntax::ast::{Item, NetworkBody, NetworkItem};
use plr_syntax::diagnostic::{Finding, Findings};
use plr_syntax::span::Span;

use crate::data;
use crate::diagnostics::Source;
use crate::driver::Checked;
use crate::failure::Failure;

/// What every command that needs a rule on a network can change.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// The network: a chain such as "784 - 128 sigmoid - 10", or the name of one in the file.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub network: Option<String>,
    /// A hyper-parameter of the rule, as in `--set beta=0.1`; on all edges, also where the experiment sets it on some.
    #[arg(long, value_name = "NAME=VALUE", value_parser = Setting::parse)]
    pub set: Vec<Setting>,
    /// Clauses of an experiment, in the place of its own or for a rule that has none, as in `--with "cost softmax_cross_entropy;
    /// optimiser adam(lr = 1e-3)"`.
    #[arg(long, value_name = "CLAUSES", value_parser = NonEmptyStringValueParser::new())]
    pub with: Vec<String>,
    /// What a run watches.
    #[arg(skip)]
    pub watch: Vec<String>,
}

/// `beta=0.1`
#[derive(Clone, Debug)]
pub struct Setting {
    text: String,
    name: String,
    value: f64,
}

impl Setting {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("it is a name, `=` and a number")?;
        if name.trim().is_empty() {
            return Err("there is no name before `=`".to_owned());
        }
        Ok(Self { text: text.to_owned(), name: name.trim().to_owned(), value: finite(value)? })
    }
}

/// A number of the command line.
///
/// # Errors
/// If it is none, or not finite.
pub fn finite(text: &str) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("`{}` is not a number", text.trim()))?;
    if value.is_finite() { Ok(value) } else { Err(format!("`{value}` is not a finite number")) }
}

/// Which experiment or rule of a file is meant.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// The only one there is.
    Only,
    /// The experiment of that name, or else the rule.
    Named(&'a str),
    /// The experiment of that name.
    Experiment(&'a str),
    /// The rule of that name, in its first experiment if there is one.
    Rule(&'a str),
}

impl<'a> Which<'a> {
    /// What the flags `--rule` and `--experiment` say, of which one at most is given.
    pub fn flagged(rule: Option<&'a str>, experiment: Option<&'a str>) -> Self {
        match (rule, experiment) {
            (_, Some(name)) => Self::Experiment(name),
            (Some(name), None) => Self::Rule(name),
            (None, None) => Self::Only,
        }
    }
}

/// Everything that is needed to run a rule.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The rule, by position.
    pub rule: usize,
    /// The experiment, if there is one.
    pub experiment: Option<String>,
    /// What it is specialised to.
    pub choice: Choice,
    /// Where samples come from.
    pub data: Data,
    /// Training samples held out, if anybody says how many.
    pub validation: Option<usize>,
    /// Samples per update.
    pub batch: Option<usize>,
    /// How long it trains.
    pub length: Length,
    /// For how many steps each sample is shown whole, if anybody says so.
    pub time: Option<u32>,
    /// The seed of weights, order and draws.
    pub seed: u64,
    /// The precision of all numbers.
    pub precision: Precision,
    /// What the experiment says it ends with.
    pub expected: Vec<Expected>,
}

impl Plan {
    /// The minibatch size, whatever data there are.
    pub fn batch(&self) -> usize {
        self.batch.unwrap_or(DEFAULT_BATCH)
    }

    /// The name of the cost.
    pub fn cost(&self) -> &str {
        self.choice.cost.as_deref().unwrap_or(DEFAULT_COST)
    }
}

/// The plan of an experiment or a rule, with what the command line changes.
///
/// # Errors
/// If it is not clear what is meant, or the changes do not fit.
pub fn plan(checked: &Checked, which: Which<'_>, overrides: &Overrides) -> Result<Plan, Failure> {
    let (rule, experiment) = subject(checked, which)?;
    let mut plan = match experiment {
        Some(experiment) => of_experiment(experiment, checked)?,
        None => {
            let name = name_of(checked, rule);
            let text = overrides.network.as_deref().ok_or(Failure::NoNetwork { rule: name })?;
            of_rule(rule, Choice::on(network(checked, text)?))
        }
    };
    if let (Some(text), Some(experiment)) = (&overrides.network, experiment) {
        plan.choice.network = network(checked, text)?;
        // What is drawn is drawn for this network (R17.5).
        plan.data = source(experiment, &plan.choice.network, checked)?;
    }
    for setting in &overrides.set {
        set(checked, &mut plan, setting)?;
    }
    sites_exist(&plan)?;
    Ok(plan)
}

/// What is doubtful in the network that the command line gives an experiment (R6.8); clauses on the command line are looked at with it.
pub fn doubts(checked: &Checked, plan: &Plan, overrides: &Overrides) -> Option<(Source, Findings)> {
    let text = overrides.network.as_deref().filter(|_| overrides.with.is_empty())?;
    let rule = checked.analysis.rules().nth(plan.rule)?;
    let chosen = (plan.cost(), Span::new(0, text.len() as u32));
    let doubt = linear_output(checked.analysis.library(), chosen, &plan.choice.network, rule)?;
    let mut findings = Findings::new();
    findings.push(doubt);
    Some((Source::new("--network", text), findings))
}

fn name_of(checked: &Checked, rule: usize) -> String {
    checked.analysis.rules().nth(rule).map_or_else(String::new, |rule| rule.name.clone())
}

/// The rule that is meant and, if there is one, the experiment.
fn subject<'c>(checked: &'c Checked, which: Which<'_>) -> Result<(usize, Option<&'c Experiment>), Failure> {
    let experiments = checked.analysis.experiments();
    let by_name = |name: &str| experiments.iter().find(|e| e.name == name).map(|e| (e.rule, Some(e)));
    let of_rule = |rule: usize| (rule, experiments.iter().find(|e| e.rule == rule));
    let place = format!("`{}`", checked.source.name());
    let names: Vec<String> = experiments.iter().map(|e| e.name.clone()).collect();
    let rules: Vec<String> = checked.analysis.rules().map(|rule| rule.name.clone()).collect();
    let unknown = |what, name: &str, known| Failure::Choice {
        what,
        asked: Some(name.to_owned()),
        place: place.clone(),
        known,
    };
    match which {
        Which::Only => match (experiments, rules.len()) {
            ([only], _) => Ok((only.rule, Some(only))),
            ([], 1) => Ok((0, None)),
            ([], _) => Err(Failure::Choice { what: "rule", asked: None, place, known: rules }),
            _ => Err(Failure::Choice { what: "experiment", asked: None, place, known: names }),
        },
        Which::Named(name) => match (by_name(name), checked.analysis.rule(name)) {
            (Some(found), _) => Ok(found),
            (None, Some(rule)) => Ok(of_rule(rule)),
            (None, None) if names.is_empty() => Err(unknown("rule", name, rules)),
            (None, None) => Err(unknown("experiment", name, names)),
        },
        Which::Experiment(name) => by_name(name).ok_or_else(|| unknown("experiment", name, names)),
        Which::Rule(name) => {
            checked.analysis.rule(name).map(of_rule).ok_or_else(|| unknown("rule", name, rules))
        }
    }
}

/// A rule on what is chosen for it, with the language's defaults for an experiment.
pub fn of_rule(rule: usize, choice: Choice) -> Plan {
    Plan {
        rule,
        experiment: None,
        choice,
        data: Data::default(),
        validation: None,
        batch: None,
        length: Length::Epochs(10),
        time: None,
        seed: 1,
        precision: Precision::F32,
        expected: Vec::new(),
    }
}

/// An experiment as written.
///
/// # Errors
/// If its data is not one; a checked file has no such mistake.
pub fn of_experiment(experiment: &Experiment, checked: &Checked) -> Result<Plan, Failure> {
    let data = source(experiment, &experiment.network, checked)?;
    Ok(Plan {
        rule: experiment.rule,
        experiment: Some(experiment.name.clone()),
        choice: Choice {
            network: experiment.network.clone(),
            settings: experiment.settings.clone(),
            sites: experiment.sites.clone(),
            optimiser: experiment.optimiser.clone(),
            cost: experiment.cost.clone(),
            sequence: Sequence {
                steps: experiment.time.or_else(|| data.steps()).unwrap_or(DEFAULT_STEPS),
                ..sequence(experiment.time)
            },
        },
        data,
        validation: experiment.validation,
        batch: experiment.batch,
        length: experiment.length,
        time: experiment.time,
        seed: experiment.seed,
        precision: experiment.precision,
        expected: experiment.expected.clone(),
    })
}

/// Where an experiment has its samples from, on a network.
fn source(experiment: &Experiment, network: &Network, checked: &Checked) -> Result<Data, Failure> {
    let Some(written) = &experiment.data else { return Ok(Data::default()) };
    data::of_experiment(written, network)
        .map_err(|findings| Failure::Findings { source: checked.source.clone(), findings })
}

/// A network by its name in the file, or written as a chain.
fn network(checked: &Checked, text: &str) -> Result<Network, Failure> {
    let named = checked.analysis.networks();
    let name = text.trim();
    if let Some((_, network)) = named.iter().find(|(known, _)| known == name) {
        return Ok(network.clone());
    }
    let is_chain = name.contains(|c: char| !c.is_alphanumeric() && c != '_');
    if is_chain || name.starts_with(|c: char| c.is_ascii_digit()) {
        return chain(checked, name);
    }
    let known = named.iter().map(|(name, _)| name.clone()).collect();
    let at = Span::new(0, name.len() as u32);
    Err(in_argument("--network", name, UnknownName { at, kind: "network", name: name.to_owned(), known }))
}

/// A network written as a chain, read as a program would be that has nothing else in it.
fn chain(checked: &Checked, text: &str) -> Result<Network, Failure> {
    const BEFORE: &str = "network given { ";
    let source = Source::new("--network", text).after(BEFORE.len());
    let parsed = plr_syntax::parse(&format!("{BEFORE}{text} }}"));
    let mut findings = parsed.findings;
    match parsed.file.items.as_slice() {
        [Item::Network(NetworkItem { body: NetworkBody::Chain(layers), span, .. })]
            if !findings.any_error() =>
        {
            let library = checked.analysis.library();
            network_chain(layers, *span, library, &mut findings).ok_or(Failure::Findings { source, findings })
        }
        _no_chain => Err(Failure::Findings { source, findings: unfinished(BEFORE, text) }),
    }
}

/// The first mistake of an argument, found without the brace that its author did not write.
fn unfinished(before: &str, text: &str) -> Findings {
    plr_syntax::parse(&format!("{before}{text}")).findings.first()
}

/// Replaces a hyper-parameter, everywhere.
fn set(checked: &Checked, plan: &mut Plan, setting: &Setting) -> Result<(), Failure> {
    let rule = checked.analysis.rules().nth(plan.rule);
    let known: Vec<String> =
        rule.iter().flat_map(|rule| &rule.hyper_parameters).map(|h| h.name.clone()).collect();
    if !known.contains(&setting.name) {
        let at = Span::new(0, setting.name.len() as u32);
        let finding = UnknownName { at, kind: "hyper-parameter", name: setting.name.clone(), known };
        return Err(in_argument("--set", &setting.text, finding));
    }
    plan.choice.sites.retain(|site| site.name != setting.name);
    plan.choice.settings.push((setting.name.clone(), setting.value));
    Ok(())
}

/// A mistake in an argument, shown as one in a source.
fn in_argument(flag: &str, text: &str, finding: impl Finding + 'static) -> Failure {
    let mut findings = Findings::new();
    findings.push(finding);
    Failure::Findings { source: Source::new(flag, text), findings }
}

/// Another network may lack an edge on which the experiment sets a number.
fn sites_exist(plan: &Plan) -> Result<(), Failure> {
    let network = &plan.choice.network;
    let edges = network.edges.iter().map(|&edge| network.edge_name(edge));
    let known: Vec<String> = edges.chain(network.layers.iter().map(|layer| layer.name.clone())).collect();
    match plan.choice.sites.iter().find(|value| !known.contains(&value.site)) {
        None => Ok(()),
        Some(value) => Err(Failure::Site {
            name: value.name.clone(),
            site: value.site.clone(),
            network: network.text.clone(),
        }),
    }
}
