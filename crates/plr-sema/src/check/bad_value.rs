//! A number outside the range that makes sense where it stands.
//!
//! Allowed: `steps = 20`, `batch 64`. Forbidden: `steps = 0`, `batch 2.5`, `until residual < -1`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A number outside the range that makes sense.
#[derive(Debug)]
pub struct BadValue {
    /// Where it stands.
    pub at: Span,
    /// What it is for: `the number of steps`.
    pub what: String,
    /// What it must be: `a positive integer`.
    pub wanted: &'static str,
    /// What it is.
    pub found: String,
}

impl Finding for BadValue {
    fn code(&self) -> &'static str {
        "bad_value"
    }

    fn message(&self) -> String {
        format!("{} must be {}", self.what, self.wanted)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("this is {}", self.found))
    }
}
