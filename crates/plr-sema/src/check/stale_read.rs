//! A plain equation of a phase of one step that reads a state which the same step writes, before it was ever written.
//!
//! Allowed: `in turn { x = W @ below.x;  e = target - x }`. Forbidden, with `state x = 0`: `sweep up { x = W @ below.x };
//! output e = target - x`, which is `target - 0` at every presentation.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A plain equation that reads the first value of a state for ever.
#[derive(Debug)]
pub struct StaleRead {
    /// What is read where.
    pub at: Span,
    /// The state.
    pub name: String,
    /// The equation of the same step that writes it.
    pub written: Span,
    /// What reads learns.
    pub learns: bool,
}

impl Finding for StaleRead {
    fn code(&self) -> &'static str {
        "stale_read"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("this reads the first value of `{}` at every presentation", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("reads `{}` as it was before the only step", self.name))
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.written, "written here, in this step")]
    }

    fn help(&self) -> Option<String> {
        Some(match self.learns {
            true => {
                "write the `learn` behind the phase, or into `in turn { … }` with what it reads".to_owned()
            }
            false => "write it into a later phase, or both into `in turn { … }`".to_owned(),
        })
    }
}
