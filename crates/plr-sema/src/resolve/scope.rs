//! What names mean in the different parts of a rule.

use plr_syntax::ast;
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::unknown_name::UnknownName;
use crate::check::unknown_phase::UnknownPhase;
use crate::hir::{
    Endpoint, Expr, PhaseId, Place, PopulationId, Relative, Rule, SignalId, SynapseId, VariableId,
};

use super::Library;

/// Who evaluates an expression: this decides what its names mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reader<'a> {
    /// A unit of a population.
    Unit(PopulationId),
    /// A synapse.
    Synapse(SynapseId),
    /// The unit at the other end of a synapse, whose layer is so called by the reader.
    Sender(Endpoint),
    /// Nobody: a signal or a prediction.
    Global,
    /// The definition of a function: its positional arguments and settings.
    Function(&'a [ast::Name], &'a [ast::Setting]),
    /// Nobody: only numbers and hyper-parameters.
    Constant,
}

/// When an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Whenever somebody reads it: a definition, or a constant.
    Definition,
    /// Once in a step.
    Step,
    /// When parameters learn.
    Learning,
    /// When a check looks, at the end of a presentation.
    Check,
}

/// Everything an expression can name.
pub struct Scope<'a> {
    /// Functions and costs.
    pub library: &'a Library,
    /// The functions that are visible: those before this position.
    pub visible: usize,
    /// The rule, complete with declarations; definitions may still be empty. `None` outside rules.
    pub rule: Option<&'a Rule>,
    /// How many hyper-parameters are visible.
    pub hyper_parameters: usize,
    /// How many phases have ended where the expression is evaluated.
    pub ended: usize,
    /// The time step of the phase around the expression.
    pub dt: Option<&'a Expr>,
    /// Whether it is in a phase, the one after those that have ended.
    pub in_phase: bool,
    /// When the expression is evaluated.
    pub moment: Moment,
    /// The findings.
    pub findings: &'a mut Findings,
}

impl Scope<'_> {
    /// The variable of a population by its name.
    pub fn variable(&self, population: PopulationId, name: &str) -> Option<VariableId> {
        let rule = self.rule?;
        rule.variables.iter().position(|v| v.population == population && v.name == name).map(VariableId)
    }

    /// A population by its name; the unnamed one for `None`.
    pub fn population(&self, name: Option<&str>) -> Option<PopulationId> {
        self.rule?.populations.iter().position(|p| p.name.as_deref() == name).map(PopulationId)
    }

    /// A synapse by its name.
    pub fn synapse(&self, name: &str) -> Option<SynapseId> {
        self.rule?.synapses.iter().position(|s| s.name == name).map(SynapseId)
    }

    /// A signal by its name.
    pub fn signal(&self, name: &str) -> Option<SignalId> {
        self.rule?.signals.iter().position(|s| s.name == name).map(SignalId)
    }

    /// A phase that has ended, by its name; otherwise a finding.
    pub fn phase(&mut self, name: &ast::Name) -> Option<PhaseId> {
        let phases = self.rule.map_or(&[][..], |r| &r.phases);
        let found = phases.iter().position(|p| p.name == name.text);
        if let Some(position) = found.filter(|&p| p < self.ended) {
            return Some(PhaseId(position));
        }
        let ended = phases[..self.ended.min(phases.len())].iter().map(|p| p.name.clone()).collect();
        let later = found.map(|p| phases[p].span);
        self.findings.push(UnknownPhase { at: name.span, name: name.text.clone(), ended, later });
        None
    }

    /// The layer word and population of `below`, `above.P`, `P`; `None` if the first name is none of those (R4.2).
    pub fn endpoint(&self, path: &[ast::Name]) -> Option<(Endpoint, usize)> {
        let head = path.first()?;
        let Some(layer) = Relative::named(&head.text) else {
            let population = self.population(Some(&head.text))?;
            return Some((Endpoint { layer: Relative::Own, population }, 1));
        };
        let named = path.get(1).and_then(|n| self.population(Some(&n.text)));
        let population = named.or_else(|| self.population(None)).or_else(|| self.only_population())?;
        Some((Endpoint { layer, population }, if named.is_some() { 2 } else { 1 }))
    }

    /// The population, if there is just one.
    pub fn only_population(&self) -> Option<PopulationId> {
        (self.rule?.populations.len() == 1).then_some(PopulationId(0))
    }

    /// Reports a name that nothing in scope has.
    pub fn unknown(&mut self, kind: &'static str, name: &str, at: Span, known: Vec<String>) {
        self.findings.push(UnknownName { at, kind, name: name.to_owned(), known });
    }

    /// The names of the variables of a population.
    pub fn variables_of(&self, population: PopulationId) -> Vec<String> {
        let variables = self.rule.map_or(&[][..], |r| &r.variables);
        variables.iter().filter(|v| v.population == population).map(|v| v.name.clone()).collect()
    }

    /// The names that any reader in a rule can use without a place: hyper-parameters and signals.
    pub fn global_names(&self) -> Vec<String> {
        let Some(rule) = self.rule else { return Vec::new() };
        let hyper = rule.hyper_parameters[..self.hyper_parameters].iter().map(|h| h.name.clone());
        hyper.chain(rule.signals.iter().map(|s| s.name.clone())).collect()
    }
}

impl Reader<'_> {
    /// The place of a variable named without a path, if that makes sense for this reader.
    pub fn own_place(self) -> Option<(Place, PopulationId)> {
        match self {
            Reader::Unit(population) => Some((Place::Own, population)),
            Reader::Synapse(_)
            | Reader::Sender(_)
            | Reader::Global
            | Reader::Function(..)
            | Reader::Constant => None,
        }
    }
}
