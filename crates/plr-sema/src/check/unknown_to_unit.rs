//! A unit that reads what only other units are told: the target outside the output layer, the data outside the input.
//!
//! Allowed: `output e = target - x`. Forbidden: `hidden e = target - x`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A unit that reads what only other units are told.
#[derive(Debug)]
pub struct UnknownToUnit {
    /// Where it reads.
    pub at: Span,
    /// What it reads: `target`, `data`, `cost`.
    pub what: &'static str,
    /// Who knows it: `output`.
    pub who: &'static str,
    /// The layer that asked.
    pub layer: String,
}

impl Finding for UnknownToUnit {
    fn code(&self) -> &'static str {
        "unknown_to_unit"
    }

    fn message(&self) -> String {
        format!("only {} units know the {}", self.who, self.what)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("asked of layer `{}`", self.layer))
    }

    fn help(&self) -> Option<String> {
        Some(format!("write the equation for those units only: `{} … = …`", self.who))
    }
}
