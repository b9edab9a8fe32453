//! A phase whose results nothing uses.
//!
//! Allowed: a phase whose states a later phase, a `learn` or the prediction reads.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A phase whose results nothing uses.
#[derive(Debug)]
pub struct UnusedPhase {
    /// Its name in its declaration.
    pub at: Span,
    /// Its name.
    pub name: String,
}

impl Finding for UnusedPhase {
    fn code(&self) -> &'static str {
        "unused_phase"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("nothing uses what phase `{}` computes", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "no later phase, `learn` or `predict` depends on it")
    }
}
