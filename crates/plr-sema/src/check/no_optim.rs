//! An optimiser for a rule that has no use for one.
//!
//! Allowed: `optimiser adam` where the rule learns by `W += optim(…)`. Forbidden: where it learns by `W += lr * …` alone.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// An optimiser for a rule that has no use for one.
#[derive(Debug)]
pub struct NoOptim {
    /// The optimiser.
    pub at: Span,
    /// The rule.
    pub rule: String,
}

impl Finding for NoOptim {
    fn code(&self) -> &'static str {
        "no_optim"
    }

    fn message(&self) -> String {
        format!("the rule `{}` never asks for `optim`", self.rule)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "it would change nothing")
    }

    fn help(&self) -> Option<String> {
        Some("write `W += optim(e)` in the rule, where `e` is what is to be added".to_owned())
    }
}
