//! What names mean in the different parts of a rule.

use plr_syntax::ast;
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::unknown_name::UnknownName;
use crate::check::unknown_phase::UnknownPhase;
use crate::hir::{
    Endpoint, Expr, PhaseId, Place, PopulationId, Relative, Rule, SignalId, Synapse, SynapseId, VariableId,
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
    /// Whether it is evaluated in the steps of that phase, so that steps of others are at the same time.
    pub stepwise: bool,
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
        let named = |s: &Synapse| s.name == name && s.beside.is_none();
        self.rule?.synapses.iter().position(named).map(SynapseId)
    }

    /// A number that a synapse has beside its weight, by its name in the synapse (R4.15).
    pub fn quantity(&self, synapse: SynapseId, name: &str) -> Option<SynapseId> {
        let rule = self.rule?;
        let weight = rule.weight_of(synapse);
        let named = |s: &Synapse| s.name == name && s.beside == Some(weight);
        rule.synapses.iter().position(named).map(SynapseId)
    }

    /// The synapses that have a number of that name beside their weight.
    pub fn quantities(&self, name: &str) -> Vec<SynapseId> {
        let synapses = self.rule.map_or(&[][..], |rule| &rule.synapses);
        let named = |&id: &usize| synapses[id].name == name && synapses[id].beside.is_some();
        (0..synapses.len()).filter(named).map(SynapseId).collect()
    }

    /// What the name of a weight, or of a number beside it, means to a reader: its own synapse's number, a synapse, or the number
    /// of the only one that has one of that name (R2.3).
    pub fn synaptic(&self, name: &str, reader: Reader<'_>) -> Option<SynapseId> {
        if let Reader::Synapse(own) = reader
            && let Some(own) = self.quantity(own, name)
        {
            return Some(own);
        }
        let taken = |rule: &Rule| {
            rule.hyper_parameters.iter().any(|h| h.name == name)
                || rule.signals.iter().any(|s| s.name == name)
                || rule.populations.iter().any(|p| p.name.as_deref() == Some(name))
        };
        self.synapse(name).or_else(|| match self.quantities(name)[..] {
            [only] if !self.rule.is_some_and(taken) => Some(only),
            _ => None,
        })
    }

    /// The same of `W`, `m` or `W.m` at the head of a path, and how many names of the path that is.
    pub fn synaptic_path(&self, path: &[ast::Name], reader: Reader<'_>) -> Option<(SynapseId, usize)> {
        let head = self.synaptic(&path.first()?.text, reader)?;
        let beside = path.get(1).and_then(|name| self.quantity(head, &name.text));
        match beside.filter(|_| self.rule.is_some_and(|rule| rule.weight_of(head) == head)) {
            Some(beside) => Some((beside, 2)),
            None => Some((head, 1)),
        }
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

    /// The names of the rule's populations.
    pub fn populations(&self) -> Vec<String> {
        self.rule.into_iter().flat_map(|r| r.populations.iter().filter_map(|p| p.name.clone())).collect()
    }

    /// Reports a name that nothing in scope has.
    pub fn unknown(&mut self, kind: &'static str, name: &str, at: Span, known: Vec<String>) {
        self.findings.push(UnknownName { at, kind, name: name.to_owned(), known });
    }

    /// Reports a name that numbers of several synapses have, and how to say which is meant.
    pub fn several(&mut self, name: &str, at: Span) {
        let found = self.quantities(name);
        let known =
            self.rule.map_or(Vec::new(), |rule| found.iter().map(|&id| rule.synapse_name(id)).collect());
        self.unknown("single number of a synapse", name, at, known);
    }

    /// The names of all weights and of the numbers beside them.
    pub fn synaptic_names(&self) -> Vec<String> {
        self.rule.map_or(Vec::new(), |rule| {
            (0..rule.synapses.len()).map(|id| rule.synapse_name(SynapseId(id))).collect()
        })
    }

    /// The names of the numbers that a synapse has beside its weight.
    pub fn quantities_of(&self, synapse: SynapseId) -> Vec<String> {
        let synapses = self.rule.map_or(&[][..], |rule| &rule.synapses);
        synapses.iter().filter(|s| s.beside == Some(synapse)).map(|s| s.name.clone()).collect()
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
