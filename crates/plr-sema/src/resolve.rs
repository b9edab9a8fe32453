//! From names to what they name: turns a tree into resolved rules, networks and experiments.

mod claim;
mod constant;
mod experiment;
mod expression;
mod filter;
mod first_function;
mod function;
mod global;
mod initialiser;
mod law;
mod network;
mod present;
mod rule;
mod scope;
mod script;
mod space;
mod synapses;
mod transmission;

pub use claim::{CheckSetting, ResolvedCheck};
pub use constant::{Constants, constant};
pub use experiment::{DataSource, Expected, Experiment, Length, Optimiser, SiteValue, linear_output};
pub use function::{draws, has_weight, is_global, places};
pub use global::{layer_among, several_layers, unit_layers};
pub use initialiser::check_numbers;
pub use law::LAWS;
pub use network::chain as network_chain;
pub use network::{MOST_UNITS, number_of_units};

use plr_syntax::ast;
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::duplicate_name::DuplicateName;
use crate::hir::{Cost, Filter, FilterId, Function, Rule};
use crate::network::Network;

/// The functions and costs that a file's text can name, the prelude's first.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// Functions; a later one shadows an earlier one of the same name.
    pub functions: Vec<Function>,
    /// Costs; likewise.
    pub costs: Vec<Cost>,
    /// Filters; likewise.
    pub filters: Vec<Filter>,
    /// The functions of the file, wherever they stand.
    pub written: Vec<ast::Name>,
}

impl Library {
    /// The function that a name means at the end of the file (R6.4).
    pub fn function(&self, name: &str) -> Option<crate::hir::FunctionId> {
        self.functions.iter().rposition(|f| f.name == name).map(crate::hir::FunctionId)
    }

    /// The cost that a name means.
    pub fn cost(&self, name: &str) -> Option<&Cost> {
        self.costs.iter().rfind(|c| c.name == name)
    }

    /// Whether a cost of the file reads a whole layer (R13.5).
    pub fn has_wide_cost(&self) -> bool {
        self.costs.iter().any(|cost| cost.span.is_some() && cost.layer_wide)
    }

    /// The filter that a name means.
    pub fn filter(&self, name: &str) -> Option<FilterId> {
        self.filters.iter().rposition(|f| f.name == name).map(FilterId)
    }

    /// The functions, costs and filters that every file can use (R6.9, R6.11, R8.12, R11.7).
    pub fn prelude() -> Self {
        let parsed = plr_syntax::parse(include_str!("prelude.plr"));
        let mut findings = parsed.findings;
        let mut library = Self::default();
        function::resolve_all(&parsed.file, None, &mut library, &mut findings);
        filter::resolve_all(&parsed.file, &mut library, &mut findings);
        assert!(findings.is_empty(), "this is a bug in plrc: the prelude has mistakes: {findings:?}");
        library
    }
}

/// A whole file with its names resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The prelude and the file's own functions, costs and filters.
    pub library: Library,
    /// The rules with their checks.
    pub rules: Vec<(Rule, Vec<ResolvedCheck>)>,
    /// The named networks.
    pub networks: Vec<(String, Network)>,
    /// The names of networks with a mistake in them: it has been said, and who uses one is left out without a word.
    pub flawed: Vec<String>,
    /// The experiments.
    pub experiments: Vec<Experiment>,
}

/// Resolves a whole file. Rules with a mistake in them are left out (R1.9).
pub fn resolve(source: &str, file: &ast::File) -> (Resolved, Findings) {
    let mut findings = Findings::new();
    let mut library = Library::prelude();
    let own = (library.functions.len(), library.costs.len());
    let function =
        |item: &ast::Item| if let ast::Item::Function(f) = item { Some(f.name.clone()) } else { None };
    library.written = file.items.iter().filter_map(function).collect();
    function::resolve_all(file, Some(own), &mut library, &mut findings);
    filter::resolve_all(file, &mut library, &mut findings);
    let (rules, networks, flawed, experiments) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut resolved = Resolved { library, rules, networks, flawed, experiments };
    let mut declared = Declared::default();
    for item in &file.items {
        if let ast::Item::Network(item) = item
            && declared.add(&item.name, &mut findings)
        {
            let name = item.name.text.clone();
            match network::resolve(&item.body, item.name.span, &resolved.library, &mut findings) {
                Some(network) => resolved.networks.push((name, network)),
                None => resolved.flawed.push(name),
            }
        }
    }
    let mut declared = Declared::default();
    for item in &file.items {
        if let ast::Item::Rule(item) = item
            && declared.add(&item.name, &mut findings)
        {
            let mut own = Findings::new();
            let rule = rule::resolve(item, &resolved.library, &mut own);
            let checks = claim::resolve_all(source, item, &rule, &resolved, &mut own);
            // What is read in an equation with a mistake in it is not known, nor what a check observes that is left out.
            let all = item.members.iter().filter(|member| matches!(member, ast::Member::Check(_))).count();
            if !own.any_error() {
                crate::check::definition_cycle::report(&rule, &mut own);
            }
            if !own.any_error() && checks.len() == all {
                let observed = checks.iter().flat_map(|check| &check.setting.observed);
                crate::check::unused_name::report(&rule, observed, &mut own);
                crate::check::never_written::report(&rule, &mut own);
                crate::check::set_adds::report(&rule, &mut own);
                resolved.rules.push((rule, checks));
            }
            findings.append(own);
        }
    }
    let mut declared = Declared::default();
    for item in &file.items {
        if let ast::Item::Experiment(item) = item
            && declared.add(&item.name, &mut findings)
            && let Some(experiment) = experiment::resolve(item, file, &resolved, &mut findings)
        {
            resolved.experiments.push(experiment);
        }
    }
    (resolved, findings)
}

/// The names of one namespace and where they are declared.
#[derive(Debug, Default)]
pub struct Declared(Vec<(String, Span)>);

impl Declared {
    /// Declares a name; a second declaration is a finding, and false.
    pub fn add(&mut self, name: &ast::Name, findings: &mut Findings) -> bool {
        if let Some((_, first)) = self.0.iter().find(|(n, _)| *n == name.text) {
            findings.push(DuplicateName { at: name.span, first: *first, name: name.text.clone() });
            return false;
        }
        self.0.push((name.text.clone(), name.span));
        true
    }
}
