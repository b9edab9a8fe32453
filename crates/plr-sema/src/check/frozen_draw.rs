//! A random number in a clamp of a phase with several steps, which all see the same one.
//!
//! Allowed: `phase p (steps = 50) { input z = bernoulli(data);  … }`. Forbidden: `phase p (steps = 50) { clamp input z =
//! bernoulli(data);  … }`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A random number in a clamp of a phase with several steps.
#[derive(Debug)]
pub struct FrozenDraw {
    /// What the state is clamped at.
    pub at: Span,
    /// The state.
    pub name: String,
}

impl Finding for FrozenDraw {
    fn code(&self) -> &'static str {
        "frozen_draw"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("what `{}` is clamped at is drawn once, for all steps", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "drawn when the phase begins")
    }

    fn help(&self) -> Option<String> {
        Some(
            "without `clamp` it is drawn at every step; for one draw, clamp it in a phase of one step before"
                .to_owned(),
        )
    }
}
