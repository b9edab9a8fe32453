//! A synapse or `param` declared fixed that a `learn` updates.
//!
//! Allowed: `synapse B : above -> self = normal(1), fixed` and no `B += …`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A synapse or `param` declared fixed that a `learn` updates.
#[derive(Debug)]
pub struct FixedIsLearned {
    /// The equation that updates it.
    pub at: Span,
    /// The declaration.
    pub declared: Span,
    /// Its name.
    pub name: String,
}

impl Finding for FixedIsLearned {
    fn code(&self) -> &'static str {
        "fixed_is_learned"
    }

    fn message(&self) -> String {
        format!("`{}` is fixed and learned", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "updated here")
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.declared, "declared fixed here")]
    }
}
