//! A cost that is made for an activation, of an output layer that has none.
//!
//! Allowed: `cost softmax_cross_entropy` of `784 - 10 softmax`, or where the rule itself computes a `softmax`. Forbidden: of
//! `784 - 10`, whose outputs are no probabilities.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A cost that is made for an activation, of an output layer that has none.
#[derive(Debug)]
pub struct LinearOutput {
    /// Where the cost is chosen.
    pub at: Span,
    /// The cost.
    pub cost: String,
    /// The activations that it is made for.
    pub after: Vec<String>,
}

impl Finding for LinearOutput {
    fn code(&self) -> &'static str {
        "linear_output"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("the output layer has no activation, as `{}` would have it", self.cost)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("made for outputs by `{}`", self.after.join("` or `")))
    }

    fn help(&self) -> Option<String> {
        Some(format!("end the network with `{}`, as in `784 - 10 {0}`", self.after.first()?))
    }
}
