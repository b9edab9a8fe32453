//! A constant in a sum that a shared parameter learns, which counts once beside terms that count for each unit.
//!
//! Allowed: `d = rho - x` in a phase, `b += lr * d`. Forbidden, where the units of a channel share `b`: `b += lr * (rho - x)`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A constant that counts once in a sum of which the rest counts for each unit.
#[derive(Debug)]
pub struct CountedOnce {
    /// The constant, or signal.
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
        Label::new(self.at, "the same for all of them")
    }

    fn help(&self) -> Option<String> {
        Some(if self.of_synapse {
            "write it into an equation of its own if that is meant; what units have in a state counts for each".to_owned()
        } else {
            format!(
                "write the sum into a state, `d = …` and `{} += … * d`, or this into an equation of its own if it is meant",
                self.name
            )
        })
    }
}
