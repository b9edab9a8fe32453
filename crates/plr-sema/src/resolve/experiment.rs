//! Experiments: which rule on which network, which data, how long.

use std::fmt;

use plr_ir::Precision;
use plr_ir::model::{Comparison, DataLaw};
use plr_syntax::ast::{self, Clause, ExprKind as Tree, NetworkRef};
use plr_syntax::diagnostic::Findings;
use plr_syntax::finding::DuplicateClause;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::linear_output::LinearOutput;
use crate::check::missing_clause::MissingClause;
use crate::check::no_optim::NoOptim;
use crate::check::unknown_edge::UnknownEdge;
use crate::check::unknown_name::UnknownName;
use crate::hir::{Expr, ExprKind, FilterId, FunctionId, Rule};
use crate::memory::{asks, asks_for_optimiser};
use crate::network::Network;

use super::constant::{Constants, constant};
use super::law::{LAWS, law};
use super::scope::Reader;
use super::{Library, Resolved, filter, function, network};

/// An experiment with everything it names.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// The rule, by position in [`Resolved::rules`].
    pub rule: usize,
    /// Hyper-parameters that differ from the rule's defaults.
    pub settings: Vec<(String, f64)>,
    /// Hyper-parameters on single edges or layers.
    pub sites: Vec<SiteValue>,
    /// The network.
    pub network: Network,
    /// The cost, if one is chosen.
    pub cost: Option<String>,
    /// The filter that the rule calls `optim`, if one is chosen, with its settings.
    pub optimiser: Option<Optimiser>,
    /// Where samples come from; the embedded digits if absent.
    pub data: Option<DataSource>,
    /// How many training samples are held out.
    pub validation: Option<usize>,
    /// Samples per update, if it says how many (R16.2).
    pub batch: Option<usize>,
    /// How long it trains.
    pub length: Length,
    /// For how many steps each sample is shown whole; otherwise its first axis is time.
    pub time: Option<u32>,
    /// The seed of weights, order and draws.
    pub seed: u64,
    /// Of the compiled code.
    pub precision: Precision,
    /// What it ends with.
    pub expected: Vec<Expected>,
}

/// What an experiment is said to end with, on the test samples (R16.6).
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// What is looked at.
    pub figure: Figure,
    /// How it compares with the bound.
    pub comparison: Comparison,
    /// The bound.
    pub bound: f64,
}

/// A figure of a trained rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The fraction of right predictions.
    Accuracy,
    /// The mean cost of a prediction.
    Loss,
}

impl Figure {
    /// All of them.
    const ALL: [Self; 2] = [Self::Accuracy, Self::Loss];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Loss => "loss",
        }
    }
}

impl Expected {
    /// Whether it is so of these figures, as far as there are any.
    pub fn holds(&self, accuracy: Option<f64>, loss: Option<f64>) -> bool {
        let figure = match self.figure {
            Figure::Accuracy => accuracy,
            Figure::Loss => loss,
        };
        figure.is_some_and(|figure| self.comparison.holds(figure, self.bound, 0.0))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.figure.name(), self.comparison, self.bound)
    }
}

/// A filter with settings.
#[derive(Clone, Debug)]
pub struct Optimiser {
    /// Which filter.
    pub filter: FilterId,
    /// One for each setting of the filter, in its order; `None` for the default.
    pub settings: Vec<Option<Expr>>,
}

/// How long an experiment trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Passes over the training set.
    Epochs(u32),
    /// Minibatches.
    Updates(u64),
}

/// A data source as written: `idx("data/mnist")`, `digits(train = 12000)`.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSource {
    /// Its name.
    pub name: String,
    /// The law, if it is drawn by one.
    pub law: Option<DataLaw>,
    /// Texts in the parentheses.
    pub texts: Vec<String>,
    /// Named numbers in the parentheses.
    pub settings: Vec<(String, f64)>,
    /// Where it stands.
    pub span: Span,
}

/// A hyper-parameter on an edge or a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteValue {
    /// The hyper-parameter.
    pub name: String,
    /// The edge `input->h1`, or the layer `h1`.
    pub site: String,
    /// The value there.
    pub value: f64,
}

/// Resolves an experiment; `None` means that a finding was reported (R16.1).
pub fn resolve(
    item: &ast::Experiment,
    file: &ast::File,
    resolved: &Resolved,
    findings: &mut Findings,
) -> Option<Experiment> {
    let mut reader = ClauseReader { library: &resolved.library, findings };
    reader.no_clause_twice(item);
    let call = item.clauses.iter().find_map(|c| if let Clause::Rule(call) = c { Some(call) } else { None });
    let rule = match call {
        Some(call) => reader.rule(call, file, resolved),
        None => reader.missing(item, "rule"),
    };
    let written = item.clauses.iter().find_map(|c| if let Clause::Network(n) = c { Some(n) } else { None });
    let network = match written {
        Some(written) => reader.network(written, resolved),
        None => reader.missing(item, "network"),
    };
    let (call, rule, network) = (call?, rule?, network?);
    let settings = reader.settings(&call.settings, &resolved.rules[rule].0)?;
    // R16.2
    let mut experiment = Experiment {
        name: item.name.text.clone(),
        rule,
        settings,
        sites: Vec::new(),
        network,
        cost: None,
        optimiser: None,
        data: None,
        validation: None,
        batch: None,
        length: Length::Epochs(10),
        time: None,
        seed: 1,
        precision: Precision::F32,
        expected: Vec::new(),
    };
    let complete = item
        .clauses
        .iter()
        .map(|clause| reader.clause(clause, &mut experiment, resolved))
        .fold(true, |a, b| a & b.is_some());
    reader.output(item, &experiment, &resolved.rules[rule].0);
    complete.then_some(experiment)
}

/// A doubt about a cost that is made for an activation where the output layer has none and the rule does not take it (R6.8).
pub fn linear_output(
    library: &Library,
    (cost, at): (&str, Span),
    network: &Network,
    rule: &Rule,
) -> Option<LinearOutput> {
    let cost = library.cost(cost)?;
    let function = |id: FunctionId| &library.functions[id.0].name;
    let same = |id: FunctionId| matches!(library.functions[id.0].body.kind, ExprKind::Argument(0));
    let activation = network.layers[network.output()].activation.as_ref();
    let linear = activation.is_none_or(|activation| same(activation.function));
    let made_for = |id: &FunctionId| cost.after.iter().any(|(after, _)| after == id);
    let made_for = |kind: &ExprKind| matches!(kind, ExprKind::Call { function, .. } if made_for(function));
    (linear && !cost.after.is_empty() && !asks(rule, &made_for)).then(|| {
        let after = cost.after.iter().map(|(id, _)| function(*id).clone()).collect();
        LinearOutput { at, cost: cost.name.clone(), after }
    })
}

struct ClauseReader<'a> {
    library: &'a Library,
    findings: &'a mut Findings,
}

impl ClauseReader<'_> {
    /// Doubts a cost where it is chosen.
    fn output(&mut self, item: &ast::Experiment, experiment: &Experiment, rule: &Rule) {
        let written =
            item.clauses.iter().find_map(|c| if let Clause::Cost(name) = c { Some(name) } else { None });
        let Some(written) = written else { return };
        let doubt = linear_output(self.library, (&written.text, written.span), &experiment.network, rule);
        doubt.into_iter().for_each(|doubt| self.findings.push(doubt));
    }

    fn missing<T>(&mut self, item: &ast::Experiment, clause: &'static str) -> Option<T> {
        self.findings.push(MissingClause { at: item.name.span, owner: "an experiment", clause });
        None
    }

    fn no_clause_twice(&mut self, item: &ast::Experiment) {
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for clause in &item.clauses {
            let Some((word, second)) = clause_word(clause) else { continue };
            match seen.iter().find(|(known, _)| *known == word) {
                Some(&(_, first)) => self.findings.push(DuplicateClause { first, second }),
                None => seen.push((word, second)),
            }
        }
    }

    fn rule(&mut self, call: &ast::Call, file: &ast::File, resolved: &Resolved) -> Option<usize> {
        let found = resolved.rules.iter().position(|(r, _)| r.name == call.name.text);
        // A rule that is there but has mistakes is no unknown name.
        let written =
            file.items.iter().any(|i| matches!(i, ast::Item::Rule(r) if r.name.text == call.name.text));
        if found.is_none() && !written {
            let known = resolved.rules.iter().map(|(r, _)| r.name.clone()).collect();
            self.findings.push(UnknownName {
                at: call.name.span,
                kind: "rule",
                name: call.name.text.clone(),
                known,
            });
        }
        found
    }

    fn network(&mut self, written: &NetworkRef, resolved: &Resolved) -> Option<Network> {
        named_or_chain(written, resolved, self.findings)
    }

    fn settings(&mut self, written: &[ast::Setting], rule: &Rule) -> Option<Vec<(String, f64)>> {
        let mut settings = Vec::new();
        for setting in written {
            hyper_parameter(&setting.name, rule, self.findings)?;
            settings.push((setting.name.text.clone(), self.number(&setting.value)?));
        }
        Some(settings)
    }

    fn number(&mut self, tree: &ast::Expr) -> Option<f64> {
        number(tree, self.library, self.findings)
    }

    fn count(&mut self, tree: &ast::Expr, what: &str, least: u64) -> Option<u64> {
        count(tree, what, least, self.library, self.findings)
    }

    fn clause(&mut self, clause: &Clause, experiment: &mut Experiment, resolved: &Resolved) -> Option<()> {
        match clause {
            Clause::Rule(_) | Clause::Network(_) => {}
            Clause::Cost(name) => experiment.cost = Some(cost(name, self.library, self.findings)?),
            Clause::Optimiser(call) => {
                let rule = &resolved.rules[experiment.rule].0;
                experiment.optimiser = Some(self.optimiser(call, rule)?);
            }
            Clause::Data(call) => experiment.data = Some(self.data(call)?),
            Clause::Validation(tree) => {
                experiment.validation = Some(self.count(tree, "the number of held out samples", 0)? as usize)
            }
            Clause::Batch(tree) => {
                experiment.batch = Some(self.count(tree, "the minibatch size", 1)? as usize);
            }
            Clause::Epochs(tree) => {
                experiment.length = Length::Epochs(self.count(tree, "the number of epochs", 1)? as u32)
            }
            Clause::Updates(tree) => {
                experiment.length = Length::Updates(self.count(tree, "the number of updates", 1)?)
            }
            Clause::Time(tree) => experiment.time = Some(self.count(tree, "the number of steps", 1)? as u32),
            Clause::Seed(tree) => experiment.seed = self.count(tree, "the seed", 0)?,
            Clause::Precision(name) => experiment.precision = precision(name, self.findings)?,
            Clause::Expect(written) => experiment.expected.push(self.expected(written)?),
            Clause::PerSite(name, values) => {
                hyper_parameter(name, &resolved.rules[experiment.rule].0, self.findings)?;
                for value in values {
                    let site = self.site(value, &experiment.network)?;
                    let value = self.number(&value.value)?;
                    experiment.sites.push(SiteValue { name: name.text.clone(), site, value });
                }
            }
            Clause::Error(_) => return None,
        }
        Some(())
    }

    /// `expect accuracy > 0.9` (R16.6)
    fn expected(&mut self, written: &ast::Expectation) -> Option<Expected> {
        let ast::Expectation { measure, bound, unit, tolerance, at, when, over, updates, averaged, .. } =
            written;
        let qualified = unit.is_some() || tolerance.is_some() || at.is_some() || updates.is_some();
        let qualified = qualified || averaged.is_some() || !when.is_empty() || !over.is_empty();
        let ast::ExprKind::Name(name) = &measure.kind else { return self.unexpected(written) };
        if qualified || written.comparison == ast::Comparison::Equal {
            return self.unexpected(written);
        }
        let Some(figure) = Figure::ALL.into_iter().find(|figure| figure.name() == name) else {
            let known = Figure::ALL.map(|figure| figure.name().to_owned()).to_vec();
            let (at, name) = (measure.span, name.clone());
            self.findings.push(UnknownName { at, kind: "figure", name, known });
            return None;
        };
        let at = bound.span;
        let bound = self.number(bound)?;
        if figure == Figure::Accuracy && !(0.0..=1.0).contains(&bound) {
            let (what, found) = ("an accuracy".to_owned(), bound.to_string());
            self.findings.push(BadValue { at, what, wanted: "a fraction, from 0 to 1", found });
            return None;
        }
        Some(Expected { figure, comparison: comparison(written.comparison), bound })
    }

    fn unexpected<T>(&mut self, written: &ast::Expectation) -> Option<T> {
        let (what, found) = ("what an experiment expects".to_owned(), "something else".to_owned());
        let wanted = "`accuracy` or `loss`, less or greater than a number";
        self.findings.push(BadValue { at: written.span, what, wanted, found });
        None
    }

    fn optimiser(&mut self, call: &ast::Call, rule: &Rule) -> Option<Optimiser> {
        let library = self.library;
        let Some(filter) = library.filter(&call.name.text) else {
            let known = library.filters.iter().map(|f| f.name.clone()).collect();
            let (at, name) = (call.name.span, call.name.text.clone());
            self.findings.push(UnknownName { at, kind: "filter", name, known });
            return None;
        };
        let mut scope = function::scope(library, self.findings);
        let settings = filter::settings(call, Some(filter), &mut scope)?;
        if !asks_for_optimiser(rule) {
            self.findings.push(NoOptim { at: call.span, rule: rule.name.clone() });
            return None;
        }
        Some(Optimiser { filter, settings })
    }

    fn data(&mut self, call: &ast::Call) -> Option<DataSource> {
        let drawn = LAWS.contains(&call.name.text.as_str());
        let law = if drawn { Some(law(call, self.library, self.findings)?) } else { None };
        let mut texts = Vec::new();
        for argument in call.arguments.iter().filter(|_| !drawn) {
            let Tree::Text(text) = &argument.kind else {
                let (what, found) = ("the place of the data".to_owned(), "not a text".to_owned());
                self.findings.push(BadValue { at: argument.span, what, wanted: "a text in quotes", found });
                return None;
            };
            texts.push(text.clone());
        }
        let mut settings = Vec::new();
        for setting in &call.settings {
            settings.push((setting.name.text.clone(), self.number(&setting.value)?));
        }
        Some(DataSource { name: call.name.text.clone(), law, texts, settings, span: call.span })
    }

    fn site(&mut self, written: &ast::SiteSetting, network: &Network) -> Option<String> {
        let (name, at) = match &written.to {
            Some(to) => (format!("{}->{}", written.from.text, to.text), written.from.span.to(to.span)),
            None => (written.from.text.clone(), written.from.span),
        };
        let edges: Vec<String> = network.edges.iter().map(|&e| network.edge_name(e)).collect();
        let known: Vec<String> =
            edges.into_iter().chain(network.layers.iter().map(|layer| layer.name.clone())).collect();
        if known.contains(&name) {
            return Some(name);
        }
        self.findings.push(UnknownEdge { at, name, known });
        None
    }
}

fn clause_word(clause: &Clause) -> Option<(&'static str, Span)> {
    Some(match clause {
        Clause::Rule(call) => ("rule", call.span),
        Clause::Network(NetworkRef::Named(name)) => ("network", name.span),
        Clause::Network(NetworkRef::Chain(_, span)) => ("network", *span),
        Clause::Cost(name) => ("cost", name.span),
        Clause::Optimiser(call) => ("optimiser", call.span),
        Clause::Data(call) => ("data", call.span),
        Clause::Validation(tree) => ("validation", tree.span),
        Clause::Batch(tree) => ("batch", tree.span),
        // Two ways to say one thing.
        Clause::Epochs(tree) | Clause::Updates(tree) => ("length", tree.span),
        Clause::Seed(tree) => ("seed", tree.span),
        Clause::Time(tree) => ("time", tree.span),
        Clause::Precision(name) => ("precision", name.span),
        Clause::PerSite(..) | Clause::Expect(_) | Clause::Error(_) => return None,
    })
}

/// A network by name or written in place.
pub fn named_or_chain(written: &NetworkRef, resolved: &Resolved, findings: &mut Findings) -> Option<Network> {
    match written {
        NetworkRef::Chain(layers, span) => network::chain(layers, *span, &resolved.library, findings),
        NetworkRef::Named(name) => {
            let found = resolved.networks.iter().find(|(n, _)| *n == name.text);
            if found.is_none() && !resolved.flawed.contains(&name.text) {
                let known = resolved.networks.iter().map(|(n, _)| n.clone()).collect();
                findings.push(UnknownName { at: name.span, kind: "network", name: name.text.clone(), known });
            }
            found.map(|(_, network)| network.clone())
        }
    }
}

/// The hyper-parameter of that name, or a finding.
pub fn hyper_parameter(name: &ast::Name, rule: &Rule, findings: &mut Findings) -> Option<()> {
    if rule.hyper_parameters.iter().any(|h| h.name == name.text) {
        return Some(());
    }
    let known = rule.hyper_parameters.iter().map(|h| h.name.clone()).collect();
    findings.push(UnknownName { at: name.span, kind: "hyper-parameter", name: name.text.clone(), known });
    None
}

/// A number in an experiment or a check.
pub fn number(tree: &ast::Expr, library: &Library, findings: &mut Findings) -> Option<f64> {
    let mut scope = function::scope(library, findings);
    let expr = super::expression::resolve(tree, Reader::Constant, &mut scope)?;
    constant(&expr, &Constants::default(), library)
}

/// An integer of at least `least`, below 2³², in an experiment or a check (R16.5).
pub fn count(
    tree: &ast::Expr,
    what: &str,
    least: u64,
    library: &Library,
    findings: &mut Findings,
) -> Option<u64> {
    let value = number(tree, library, findings)?;
    if value.fract() == 0.0 && value >= least as f64 && value < 4_294_967_296.0 {
        return Some(value as u64);
    }
    let wanted = match least {
        0 => "an integer from 0 to 4,294,967,295",
        _ => "an integer from 1 to 4,294,967,295",
    };
    findings.push(BadValue { at: tree.span, what: what.to_owned(), wanted, found: value.to_string() });
    None
}

/// A cost by its name.
pub fn cost(name: &ast::Name, library: &Library, findings: &mut Findings) -> Option<String> {
    if library.cost(&name.text).is_none() {
        let known = library.costs.iter().map(|c| c.name.clone()).collect();
        findings.push(UnknownName { at: name.span, kind: "cost", name: name.text.clone(), known });
        return None;
    }
    Some(name.text.clone())
}

/// `f32` or `f64`
pub fn precision(name: &ast::Name, findings: &mut Findings) -> Option<Precision> {
    match name.text.as_str() {
        "f32" => Some(Precision::F32),
        "f64" => Some(Precision::F64),
        _ => {
            let known = ["f32", "f64"].map(str::to_owned).to_vec();
            findings.push(UnknownName { at: name.span, kind: "precision", name: name.text.clone(), known });
            None
        }
    }
}

/// A comparison of a claim.
pub fn comparison(written: ast::Comparison) -> Comparison {
    match written {
        ast::Comparison::Less => Comparison::Less,
        ast::Comparison::LessEqual => Comparison::LessEqual,
        ast::Comparison::Greater => Comparison::Greater,
        ast::Comparison::GreaterEqual => Comparison::GreaterEqual,
        ast::Comparison::Equal => Comparison::Equal,
    }
}
