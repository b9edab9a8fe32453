//! A variable, hyper-parameter, synapse or signal that no equation reads, and no claim of a check.
//!
//! Allowed: `let e = x - mu` read by some equation.

use std::collections::HashSet;

use plr_syntax::diagnostic::{Finding, Findings, Label, Severity};
use plr_syntax::span::Span;

use crate::hir::{
    Expr, ExprKind, HyperId, Initialiser, Observed, Rule, SignalId, Statement, SynapseId, VariableId,
    VariableKind,
};

/// A name that no equation reads.
#[derive(Debug)]
pub struct UnusedName {
    /// Its declaration.
    pub at: Span,
    /// The name.
    pub name: String,
}

impl Finding for UnusedName {
    fn code(&self) -> &'static str {
        "unused_name"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("nothing reads `{}`", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "declared here")
    }
}

/// Reports the names of a rule that nothing reads. Weights and parameters count as read: learning them is a purpose (R2.5).
pub fn report<'a>(rule: &Rule, observed: impl Iterator<Item = &'a Observed>, findings: &mut Findings) {
    let mut read = Reads::of(rule);
    observed.flat_map(|observed| &observed.values).for_each(|value| read.expression(value));
    let mut unused = |used: bool, name: &str, at: Span| {
        if !used {
            findings.push(UnusedName { at, name: name.to_owned() });
        }
    };
    for (i, hyper) in rule.hyper_parameters.iter().enumerate() {
        unused(read.hyper_parameters.contains(&HyperId(i)), &hyper.name, hyper.span);
    }
    for (i, variable) in rule.variables.iter().enumerate() {
        let param = matches!(variable.kind, VariableKind::Param(_));
        unused(param || read.variables.contains(&VariableId(i)), &variable.name, variable.span);
    }
    for (i, synapse) in rule.synapses.iter().enumerate() {
        unused(read.synapses.contains(&SynapseId(i)), &synapse.name, synapse.span);
    }
    for (i, signal) in rule.signals.iter().enumerate() {
        unused(read.signals.contains(&SignalId(i)), &signal.name, signal.span);
    }
}

/// What the expressions of a rule read.
#[derive(Default)]
struct Reads {
    hyper_parameters: HashSet<HyperId>,
    variables: HashSet<VariableId>,
    synapses: HashSet<SynapseId>,
    signals: HashSet<SignalId>,
}

impl Reads {
    fn of(rule: &Rule) -> Self {
        let mut reads = Self::default();
        rule.hyper_parameters.iter().for_each(|h| reads.expression(&h.default));
        rule.populations.iter().flat_map(|p| &p.number).for_each(|e| reads.expression(e));
        for variable in &rule.variables {
            match &variable.kind {
                VariableKind::State(reset) => reset.iter().for_each(|e| reads.expression(e)),
                VariableKind::Let(definitions) => definitions.iter().for_each(|(_, e)| reads.expression(e)),
                VariableKind::Param(init) => reads.initialiser(init),
            }
        }
        for synapse in &rule.synapses {
            reads.initialiser(&synapse.init);
            reads.synapses.extend(synapse.mask);
            synapse.bounds.iter().flat_map(|(low, high)| [low, high]).for_each(|e| reads.expression(e));
        }
        rule.signals.iter().for_each(|s| reads.expression(&s.value));
        for phase in &rule.phases {
            reads.expression(&phase.steps);
            phase.until.iter().chain(&phase.dt).for_each(|e| reads.expression(e));
            for statement in phase.statements() {
                statement.written().for_each(|dynamics| reads.expression(&dynamics.value));
                if let Statement::Trace(tracing) = statement {
                    reads.expression(&tracing.value);
                }
            }
        }
        rule.plasticity
            .iter()
            .flat_map(|p| std::iter::once(&p.increment).chain(&p.when))
            .for_each(|e| reads.expression(e));
        rule.predict.iter().for_each(|p| reads.expression(&p.value));
        reads
    }

    fn initialiser(&mut self, init: &Initialiser) {
        let (constants, parts) = init.parts();
        constants.into_iter().for_each(|e| self.expression(e));
        parts.into_iter().for_each(|part| self.initialiser(part));
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Hyper(id) => {
                self.hyper_parameters.insert(*id);
            }
            ExprKind::Variable { variable, .. } => {
                self.variables.insert(*variable);
            }
            ExprKind::Trace(synapse, _)
            | ExprKind::Weight { synapse, .. }
            | ExprKind::Arrive { synapse, .. } => {
                self.synapses.insert(*synapse);
            }
            ExprKind::Signal(signal, _) => {
                self.signals.insert(*signal);
            }
            _ => {}
        }
        expr.for_each_child(|child| self.expression(child));
    }
}
