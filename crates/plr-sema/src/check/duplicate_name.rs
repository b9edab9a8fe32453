//! A name declared twice where one meaning is needed.
//!
//! Allowed: `neuron { state x, y }`. Forbidden: `neuron { state x, x }`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A name declared twice.
#[derive(Debug)]
pub struct DuplicateName {
    /// The second declaration.
    pub at: Span,
    /// The first one.
    pub first: Span,
    /// The name.
    pub name: String,
}

impl Finding for DuplicateName {
    fn code(&self) -> &'static str {
        "duplicate_name"
    }

    fn message(&self) -> String {
        format!("`{}` is declared twice", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "declared again here")
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.first, "first declared here")]
    }
}
