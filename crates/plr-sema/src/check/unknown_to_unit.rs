//! A unit that reads what only other units are told: the target outside the output layer, the data outside the input.
//!
//! Allowed: `output e = target - x`. Forbidden: `hidden e = target - x`; a prediction that depends on the target.

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
    /// The units that asked would know, but not yet when they predict.
    pub predicting: bool,
}

impl Finding for UnknownToUnit {
    fn code(&self) -> &'static str {
        "unknown_to_unit"
    }

    fn message(&self) -> String {
        if self.predicting {
            format!("nobody knows the {} when the prediction is made", self.what)
        } else {
            format!("only {} units know the {}", self.who, self.what)
        }
    }

    fn primary(&self) -> Label {
        if self.predicting {
            Label::new(self.at, "the prediction depends on this")
        } else {
            Label::new(self.at, format!("asked of layer `{}`", self.layer))
        }
    }

    fn help(&self) -> Option<String> {
        Some(if self.predicting {
            format!("`predict … after` an earlier phase, which does not read the {}", self.what)
        } else {
            format!("write the equation for those units only: `{} … = …`", self.who)
        })
    }
}
