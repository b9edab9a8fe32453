//! A weight or unit parameter that no `learn` updates and that is not declared fixed.
//!
//! Allowed: `synapse B : above -> self = normal(1), fixed`. Forbidden: the same without `fixed` and without `B += …`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A weight or unit parameter that no `learn` updates.
#[derive(Debug)]
pub struct ParameterNeverLearned {
    /// Where it is declared.
    pub at: Span,
    /// Its name.
    pub name: String,
}

impl Finding for ParameterNeverLearned {
    fn code(&self) -> &'static str {
        "parameter_never_learned"
    }

    fn message(&self) -> String {
        format!("no `learn` updates `{}`", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "keeps its first value for ever")
    }

    fn help(&self) -> Option<String> {
        Some("if that is meant, declare it `fixed`".to_owned())
    }
}
