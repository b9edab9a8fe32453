//! A clamp that reads the state which it clamps, in a phase `from` another one, while the state is still clamped from a phase between.
//!
//! Allowed: `phase minus (from = free) { clamp output x = x[free] - … }`. Forbidden, after a phase `plus` that clamps `output x`:
//! `phase minus (from = free) { clamp output x = x - … }`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A clamp that reads what an earlier clamp has left.
#[derive(Debug)]
pub struct StaleClamp {
    /// What the state is clamped at.
    pub at: Span,
    /// The state.
    pub name: String,
    /// The phase from whose end the clamp's own phase begins.
    pub from: String,
    /// The phase that has clamped the state since.
    pub by: String,
    /// Where it does.
    pub earlier: Span,
}

impl Finding for StaleClamp {
    fn code(&self) -> &'static str {
        "stale_clamp"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("`{}` is not here what it was at the end of `{}`", self.name, self.from)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("reads what `{}` has clamped it at", self.by))
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.earlier, "still clamped from here")]
    }

    fn help(&self) -> Option<String> {
        let Self { name, from, .. } = self;
        Some(format!("`from = {from}` does not take back what is clamped: write `{name}[{from}]`"))
    }
}
