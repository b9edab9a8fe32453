//! What the audit judges, one row each: every definition, signal, clamp and equation of a rule.
//!
//! An equation answers for all that is written in it and in the definitions of its own unit. What stands behind the
//! name of another unit's variable is that unit's information, arriving as one number; it is answered for in that
//! unit's own row. Hence definitions and clamps have rows too, or nobody would answer for them (R13.1).

use plr_syntax::ast::Role;
use plr_syntax::span::Span;

use crate::equation::{self, Site, Source};
use crate::group::Evaluator;
use crate::hir::{Dynamics, Expr, Learned, PhaseId, Rule, SignalId, SynapseId, VariableId, VariableKind};
use crate::network::{LayerId, Network};

/// Something that is computed from something.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'r> {
    /// One definition of a `let`, for the layers of a role or for all that are left.
    Definition(VariableId, Option<Role>, &'r Expr),
    /// A global signal.
    Signal(SignalId, &'r Expr),
    /// A clamp in a phase.
    Clamp(PhaseId, &'r Dynamics),
    /// An equation.
    Equation(Source<'r>),
}

impl<'r> Subject<'r> {
    /// All of a rule: definitions, signals, clamps, equations, each in the order of the text.
    pub fn all(rule: &'r Rule) -> Vec<Self> {
        let mut all = Vec::new();
        for (id, variable) in rule.variables.iter().enumerate() {
            if let VariableKind::Let(definitions) = &variable.kind {
                all.extend(
                    definitions.iter().map(|(role, value)| Self::Definition(VariableId(id), *role, value)),
                );
            }
        }
        all.extend(
            rule.signals.iter().enumerate().map(|(id, signal)| Self::Signal(SignalId(id), &signal.value)),
        );
        for (id, phase) in rule.phases.iter().enumerate() {
            all.extend(equation::clamps_of(phase).into_iter().map(|clamp| Self::Clamp(PhaseId(id), clamp)));
        }
        all.extend(equation::sources(rule).into_iter().map(Self::Equation));
        all
    }

    /// What it computes from.
    pub fn value(self) -> &'r Expr {
        match self {
            Self::Definition(_, _, value) | Self::Signal(_, value) => value,
            Self::Clamp(_, dynamics) | Self::Equation(Source::Dynamics(_, dynamics)) => &dynamics.value,
            Self::Equation(Source::Trace(_, tracing)) => &tracing.value,
            Self::Equation(Source::Plasticity(plasticity)) => &plasticity.increment,
        }
    }

    /// The layers it is for; all if absent.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Definition(_, role, _) => role,
            Self::Signal(..) => None,
            Self::Clamp(_, dynamics) | Self::Equation(Source::Dynamics(_, dynamics)) => dynamics.role,
            Self::Equation(Source::Trace(_, tracing)) => tracing.role,
            Self::Equation(Source::Plasticity(plasticity)) => plasticity.role,
        }
    }

    /// The synapse whose equation it is.
    pub fn synapse(self) -> Option<SynapseId> {
        match self {
            Self::Equation(Source::Trace(_, tracing)) => Some(tracing.trace),
            Self::Equation(Source::Plasticity(plasticity)) => match plasticity.target {
                Learned::Synapse(synapse) => Some(synapse),
                Learned::Unit(_) => None,
            },
            Self::Equation(Source::Dynamics(..))
            | Self::Definition(..)
            | Self::Signal(..)
            | Self::Clamp(..) => None,
        }
    }

    /// `let mu`, `signal R`, `predict: clamp input x`, `infer: hidden x`, `learn: W`
    pub fn name(self, rule: &Rule) -> String {
        let role = self.role().map(|role| format!("{} ", role_word(role))).unwrap_or_default();
        match self {
            Self::Definition(variable, ..) => format!("{role}let {}", rule.variable_name(variable)),
            Self::Signal(signal, _) => format!("signal {}", rule.signals[signal.0].name),
            Self::Clamp(phase, dynamics) => {
                let variable = rule.variable_name(dynamics.variable);
                format!("{}: clamp {role}{variable}", rule.phases[phase.0].name)
            }
            Self::Equation(source) => {
                let name = source_name(rule, source);
                name.replacen(": ", &format!(": {role}"), 1)
            }
        }
    }

    /// Who evaluates it at a site.
    pub fn evaluator(self, rule: &Rule, site: Site) -> Evaluator {
        match self {
            Self::Definition(variable, ..) => Evaluator::Unit(rule.group(variable, site.owner())),
            Self::Clamp(_, clamp) => Evaluator::Unit(rule.group(clamp.variable, site.owner())),
            Self::Signal(..) => Evaluator::Nobody,
            Self::Equation(source) => rule.evaluator(source.target(), site),
        }
    }

    /// Where its text stands.
    pub fn span(self) -> Span {
        match self {
            Self::Definition(_, _, value) | Self::Signal(_, value) => value.span,
            Self::Clamp(_, dynamics) | Self::Equation(Source::Dynamics(_, dynamics)) => dynamics.span,
            Self::Equation(Source::Trace(_, tracing)) => tracing.span,
            Self::Equation(Source::Plasticity(plasticity)) => plasticity.span,
        }
    }

    /// Where it is evaluated on a network; nowhere in particular if it is a signal.
    pub fn sites(self, rule: &Rule, network: &Network) -> Vec<Site> {
        let layers = 0..network.layers.len();
        match self {
            Self::Definition(variable, _, value) => {
                let kind = &rule.variables[variable.0].kind;
                let holds = |&layer: &LayerId| {
                    rule.exists(network, rule.group(variable, layer))
                        && equation::definition(kind, network, layer).is_some_and(|d| std::ptr::eq(d, value))
                };
                layers.filter(holds).map(Site::Layer).collect()
            }
            Self::Signal(..) => Vec::new(),
            Self::Clamp(_, clamp) => equation::layers(clamp.variable, clamp.role, rule, network)
                .into_iter()
                .map(Site::Layer)
                .collect(),
            Self::Equation(source) => equation::sites(source, rule, network),
        }
    }
}

/// `infer: x`, `learn: W`, `learn: b`
pub fn source_name(rule: &Rule, source: Source<'_>) -> String {
    match source {
        Source::Dynamics(phase, dynamics) => {
            format!("{}: {}", rule.phases[phase.0].name, rule.variable_name(dynamics.variable))
        }
        Source::Trace(phase, tracing) => {
            format!("{}: {}", rule.phases[phase.0].name, rule.synapse_name(tracing.trace))
        }
        Source::Plasticity(plasticity) => format!("learn: {}", rule.learned_name(plasticity.target)),
    }
}

/// `input`, `hidden`, `output`
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Input => "input",
        Role::Hidden => "hidden",
        Role::Output => "output",
    }
}
