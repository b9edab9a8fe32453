//! An experiment without something it needs.
//!
//! Allowed: `experiment e { rule R;  network n;  data digits }`. Forbidden: `experiment e { rule R }`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// An experiment without something it needs.
#[derive(Debug)]
pub struct MissingClause {
    /// The experiment's name.
    pub at: Span,
    /// The clause's word.
    pub clause: &'static str,
}

impl Finding for MissingClause {
    fn code(&self) -> &'static str {
        "missing_clause"
    }

    fn message(&self) -> String {
        format!("an experiment needs a `{}` clause", self.clause)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "missing here")
    }
}
