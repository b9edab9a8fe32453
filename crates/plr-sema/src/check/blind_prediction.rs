//! A prediction on which the data have no effect.
//!
//! Allowed: `phase p { clamp input x = data;  sweep up { x = W @ below.x } }`, `predict output.x after p`. Forbidden, the same with
//! plain equations in one step, which read what was before it: `phase p { clamp input x = data;  z = W @ below.x;  x = f(z) }`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A prediction that is the same whatever the sample is.
#[derive(Debug)]
pub struct BlindPrediction {
    /// The prediction.
    pub at: Span,
    /// Whether an equation or clamp of the rule reads `data`.
    pub shown: bool,
}

impl Finding for BlindPrediction {
    fn code(&self) -> &'static str {
        "blind_prediction"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        "the prediction does not depend on `data`".to_owned()
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "the same for every sample")
    }

    fn help(&self) -> Option<String> {
        Some(match self.shown {
            true => "equations side by side read what was before the step: write `sweep up { … }` or `in turn { … }`, or take more steps",
            false => "show the sample to the input layer: `clamp input x = data`",
        }
        .to_owned())
    }
}
