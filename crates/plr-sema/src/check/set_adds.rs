//! An equation `W = …` of a `learn` after which `W` is something else, because what it adds is not all, or is added several times.
//!
//! Allowed: `learn { W = clip(W) }` in a block of its own. Forbidden: `learn { W += g;  W = clip(W) }`; `learn (sum) { b = 0.5 }`.

use plr_syntax::ast::{BatchReduction, Role};
use plr_syntax::diagnostic::{Finding, Findings, Label, Severity};
use plr_syntax::span::Span;

use crate::equation;
use crate::hir::{Plasticity, Rule};

/// An equation that sets a parameter to something which it does not become.
#[derive(Debug)]
pub struct SetAdds {
    /// The equation.
    pub at: Span,
    /// What it sets.
    pub name: String,
    /// Why it becomes something else.
    pub why: Why,
}

/// Why a parameter becomes something else.
#[derive(Debug)]
pub enum Why {
    /// Another equation of the block adds to it too.
    Beside(Span),
    /// The difference counts once for each sample.
    Samples,
}

impl Finding for SetAdds {
    fn code(&self) -> &'static str {
        "set_adds"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("this is not what `{}` becomes", self.name)
    }

    fn primary(&self) -> Label {
        let difference = format!("adds this, less what `{}` was before the block", self.name);
        match self.why {
            Why::Beside(_) => Label::new(self.at, difference),
            Why::Samples => Label::new(self.at, format!("{difference}, once for each sample")),
        }
    }

    fn secondary(&self) -> Vec<Label> {
        match self.why {
            Why::Beside(other) => vec![Label::new(other, "adds to it as well")],
            Why::Samples => Vec::new(),
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self.why {
            Why::Beside(_) => {
                "the equations of a block read what was before it; write a second `learn` below".to_owned()
            }
            Why::Samples => "write it into a `learn` without `(sum)`".to_owned(),
        })
    }
}

/// Reports the equations of a rule that set what becomes something else (R8.2, R8.4).
pub fn report(rule: &Rule, findings: &mut Findings) {
    for block in equation::learning_blocks(rule) {
        let equations: Vec<&Plasticity> = block.iter().map(|id| &rule.plasticity[id.0]).collect();
        for (at, equation) in equations.iter().enumerate().filter(|(_, equation)| equation.sets) {
            let others = equations.iter().enumerate().filter(|(other, _)| *other != at);
            let mut alike = others
                .map(|(_, other)| other)
                .filter(|other| other.target == equation.target && overlap(other.role, equation.role));
            let why = match (equation.reduction, alike.next()) {
                (BatchReduction::Sum, _) => Why::Samples,
                (BatchReduction::Mean, Some(other)) => Why::Beside(other.span),
                (BatchReduction::Mean, None) => continue,
            };
            let (name, _) = rule.declaration(equation.target);
            findings.push(SetAdds { at: equation.span, name, why });
        }
    }
}

/// Whether there may be a layer that both roles are of.
fn overlap(a: Option<Role>, b: Option<Role>) -> bool {
    a.is_none() || b.is_none() || a == b
}
