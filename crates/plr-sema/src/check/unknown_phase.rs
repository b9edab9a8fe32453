//! A phase that does not exist, or that has not ended where its states are read.
//!
//! Allowed: `x[free]` after `phase free`. Forbidden: `x[fre]`; `x[nudged]` inside `phase free`, which runs before.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

use super::unknown_name::closest;

/// A phase that does not exist or has not ended.
#[derive(Debug)]
pub struct UnknownPhase {
    /// Where it is used.
    pub at: Span,
    /// The name.
    pub name: String,
    /// The phases that have ended there.
    pub ended: Vec<String>,
    /// Where the phase is declared, if it exists but runs later.
    pub later: Option<Span>,
}

impl Finding for UnknownPhase {
    fn code(&self) -> &'static str {
        "unknown_phase"
    }

    fn message(&self) -> String {
        match self.later {
            Some(_) => format!("phase `{}` has not ended here", self.name),
            None => format!("there is no phase named `{}`", self.name),
        }
    }

    fn primary(&self) -> Label {
        Label::new(self.at, if self.later.is_some() { "read before the phase ends" } else { "not found" })
    }

    fn secondary(&self) -> Vec<Label> {
        self.later.map(|at| Label::new(at, "the phase runs here")).into_iter().collect()
    }

    fn help(&self) -> Option<String> {
        if self.later.is_some() {
            return None;
        }
        match closest(&self.name, &self.ended) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if self.ended.is_empty() => None,
            None => Some(format!("there is `{}`", self.ended.join("`, `"))),
        }
    }
}
