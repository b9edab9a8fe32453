//! What filters remember: for every call of a filter in a learning equation, its memories at every site of what it
//! filters. They are parameters like any other.

use std::collections::HashSet;

use plr_ir::model::Count;

use crate::equation::{self, Site, Source};
use crate::hir::{Expr, ExprKind, Filter, Learned, Observed, Plasticity, Rule, SynapseId, VariableId};
use crate::resolve::{Library, Optimiser};

/// The call of a filter.
#[derive(Clone, Debug)]
pub struct Filtering<'r> {
    /// Where the call stands.
    pub place: u32,
    /// The filter.
    pub filter: &'r Filter,
    /// Its settings, as far as the call has some.
    settings: &'r [Option<Expr>],
    /// What learns from its result.
    pub target: Learned,
    /// The names of its memories, of which no other parameter has one.
    names: Vec<String>,
    /// It asks how often it has filtered and does not do so once in each presentation, so that it remembers that too (R8.10).
    pub counts: bool,
}

/// A memory of a filter at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Memory {
    /// Where the call of the filter stands.
    pub place: u32,
    /// Position in [`Filter::memories`], or behind them.
    pub index: usize,
    /// Where what it filters is.
    pub site: Site,
}

/// All calls of filters in the order of the text. The chosen filter has been put in its place.
pub fn filterings<'r>(rule: &'r Rule, library: &'r Library) -> Vec<Filtering<'r>> {
    let synapses = (0..rule.synapses.len()).map(|i| Learned::Synapse(SynapseId(i)));
    let units = (0..rule.variables.len()).map(|i| Learned::Unit(VariableId(i)));
    let mut taken: HashSet<String> = synapses.chain(units).map(|one| rule.learned_name(one)).collect();
    let mut found: Vec<Filtering<'r>> = Vec::new();
    for plasticity in &rule.plasticity {
        let target = plasticity.target;
        for_each_call(&plasticity.increment, &mut |filter, settings, place| {
            let filter = &library.filters[filter];
            let counts = filter.counts_updates() && !learns_once(plasticity, rule);
            let names = free_names(&rule.learned_name(target), (filter, counts), &taken);
            taken.extend(names.iter().cloned());
            found.push(Filtering { place, filter, settings, target, names, counts });
        });
    }
    found
}

/// `W.m`, or else `W.m2`, or with the next number that is free for all memories of a call (R8.8).
fn free_names(target: &str, (filter, counts): (&Filter, bool), taken: &HashSet<String>) -> Vec<String> {
    let mut number = 1;
    loop {
        let behind = if number == 1 { String::new() } else { number.to_string() };
        let memories = filter.memories.iter().map(|(memory, _)| memory.as_str());
        let memories = memories.chain(counts.then_some(UPDATES));
        let names: Vec<String> = memories.map(|memory| format!("{target}.{memory}{behind}")).collect();
        if names.iter().all(|name| !taken.contains(name)) {
            return names;
        }
        number += 1;
    }
}

/// Whether an equation learns once in every presentation.
fn learns_once(plasticity: &Plasticity, rule: &Rule) -> bool {
    plasticity.when.is_none() && equation::phase_of(rule, Source::Plasticity(plasticity)).is_none()
}

/// Visits every call of a filter in an expression, with the filter's position, the settings and where the call stands.
pub fn for_each_call<'r>(expr: &'r Expr, visit: &mut dyn FnMut(usize, &'r [Option<Expr>], u32)) {
    if let ExprKind::Filtered { filter: Some(filter), settings, place, .. } = &expr.kind {
        visit(filter.0, settings, *place);
    }
    expr.for_each_child(|child| for_each_call(child, visit));
}

impl Filtering<'_> {
    /// `W.m`, the group of a memory.
    pub fn group(&self, index: usize) -> String {
        self.names[index].clone()
    }

    /// How many numbers it remembers, the one that it counts last.
    pub fn memories(&self) -> usize {
        self.names.len()
    }

    /// The first value of a memory, a constant (R8.8).
    pub fn first(&self, index: usize) -> Expr {
        let given = self.settings.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let defaults = self.filter.settings.iter().map(|(_, default)| default);
        let settings: Vec<Expr> = defaults.zip(given).map(|(d, given)| given.unwrap_or(d).clone()).collect();
        match self.filter.memories.get(index) {
            Some((_, first)) => first.with_settings(&settings),
            None => Expr { kind: ExprKind::Number(0.0), span: self.filter.result.span },
        }
    }
}

/// The name of the parameter that counts presentations.
pub const UPDATES: &str = "updates";

/// Whether anything in the rule asks for the number of the presentation.
pub fn counts_updates(rule: &Rule, library: &Library) -> bool {
    filterings(rule, library).iter().any(|f| f.filter.counts_updates() && !f.counts)
        || asks(rule, &|kind| matches!(kind, ExprKind::Updates))
}

/// What a rule, or what is observed of it, asks of where in training a presentation is.
pub fn counts<'r>(rule: &'r Rule, observed: &'r [Observed]) -> impl Iterator<Item = Count> {
    Count::ALL.into_iter().filter(|count| {
        let wanted = |kind: &ExprKind| *kind == ExprKind::Count(*count);
        let mut values = observed.iter().flat_map(|observed| &observed.values);
        asks(rule, &wanted) || values.any(|value| mentions(value, &wanted))
    })
}

/// Whether an expression of the rule has such a part.
pub fn asks(rule: &Rule, wanted: &dyn Fn(&ExprKind) -> bool) -> bool {
    equation::expressions(rule).any(|expr| mentions(expr, wanted))
}

impl Filter {
    /// Whether it asks for the number of the presentation, its last argument.
    pub fn counts_updates(&self) -> bool {
        let last = self.memories.len() + 1;
        let asks = |e: &Expr| mentions(e, &|kind| matches!(kind, ExprKind::Argument(i) if *i == last));
        self.updates.iter().any(|(_, value)| asks(value)) || asks(&self.result)
    }
}

/// Whether an expression has a filter's result in it.
pub fn has_filter(expr: &Expr) -> bool {
    mentions(expr, &|kind| matches!(kind, ExprKind::Filtered { .. }))
}

/// Whether an expression has such a part.
pub fn mentions(expr: &Expr, wanted: &dyn Fn(&ExprKind) -> bool) -> bool {
    let mut found = wanted(&expr.kind);
    expr.for_each_child(|child| found = found || mentions(child, wanted));
    found
}

/// Whether a rule has `optim` for which an experiment can choose a filter.
pub fn asks_for_optimiser(rule: &Rule) -> bool {
    let open = |kind: &ExprKind| matches!(kind, ExprKind::Filtered { filter: None, .. });
    rule.plasticity.iter().any(|plasticity| mentions(&plasticity.increment, &open))
}

/// Puts a filter in the place of `optim` (R8.11).
pub fn choose_optimiser(rule: &mut Rule, optimiser: &Optimiser) {
    for plasticity in &mut rule.plasticity {
        choose(&mut plasticity.increment, optimiser);
    }
}

fn choose(expr: &mut Expr, optimiser: &Optimiser) {
    if let ExprKind::Filtered { filter: filter @ None, settings, .. } = &mut expr.kind {
        *filter = Some(optimiser.filter);
        settings.clone_from(&optimiser.settings);
    }
    expr.for_each_child_mut(|child| choose(child, optimiser));
}
