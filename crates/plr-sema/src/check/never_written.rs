//! A state that nothing ever writes, read where something that changes may be meant.
//!
//! Allowed: `state y = 0`, written by some phase. Forbidden: `state y = 0` that is only read.

use plr_syntax::diagnostic::{Finding, Findings, Label, Severity};
use plr_syntax::span::Span;

use crate::equation;
use crate::hir::{Rule, VariableId, VariableKind};

/// A state that nothing writes.
#[derive(Debug)]
pub struct NeverWritten {
    /// Its declaration.
    pub at: Span,
    /// Its name.
    pub name: String,
    /// Where a signal of that name is declared, if there is one.
    pub hides: Option<Span>,
}

impl Finding for NeverWritten {
    fn code(&self) -> &'static str {
        "never_written"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("nothing writes `{}`", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "always what it begins with")
    }

    fn secondary(&self) -> Vec<Label> {
        let text = format!("the units of this population do not hear this `{}`", self.name);
        self.hides.map(|at| Label::new(at, text)).into_iter().collect()
    }

    fn help(&self) -> Option<String> {
        Some(match self.hides {
            Some(_) => {
                format!("the state hides the signal: leave it out, or give one `{}` another name", self.name)
            }
            None => {
                "write it in a phase; what never changes is a hyper-parameter or a `fixed param`".to_owned()
            }
        })
    }
}

/// Reports the states that have a first value and never another (R3.3). Those without one cannot be read.
pub fn report(rule: &Rule, findings: &mut Findings) {
    let written = equation::written(rule);
    for (id, variable) in rule.variables.iter().enumerate() {
        let begins = matches!(variable.kind, VariableKind::State(Some(_)));
        if begins && !written.contains(&VariableId(id)) {
            let hides = rule.signals.iter().find(|signal| signal.name == variable.name).map(|s| s.span);
            findings.push(NeverWritten { at: variable.span, name: variable.name.clone(), hides });
        }
    }
}
