//! A number that several units share, by itself in a sum that is added to it: it counts once beside terms that count for each unit.
//!
//! Allowed: `b = b + rate * (x - b)`, `b += lr * x - decay * b`. Forbidden, where the units of a channel share `b`:
//! `b += rate * (x - b)`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A number that counts once in a sum of which the rest counts for each unit.
#[derive(Debug)]
pub struct CountedOnce {
    /// The number.
    pub at: Span,
    /// What learns.
    pub name: String,
    /// Whether it is a synapse's.
    pub of_synapse: bool,
}

impl Finding for CountedOnce {
    fn code(&self) -> &'static str {
        "counted_once"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        let each = if self.of_synapse { "pair of units" } else { "unit" };
        format!("this counts once, and what stands beside it for each {each} that shares `{}`", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "one number for all of them")
    }

    fn help(&self) -> Option<String> {
        Some(format!("write `{0} = {0} + …`, which becomes the mean over them", self.name))
    }
}
