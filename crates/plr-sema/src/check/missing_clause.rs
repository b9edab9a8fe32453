//! An experiment, filter or phase without something it needs.
//!
//! Allowed: `experiment e { rule R;  network n;  data digits }`. Forbidden: `experiment e { rule R }`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// An experiment, filter or phase without something it needs.
#[derive(Debug)]
pub struct MissingClause {
    /// Its name.
    pub at: Span,
    /// What it is: `an experiment`.
    pub owner: &'static str,
    /// The clause's word.
    pub clause: &'static str,
}

impl Finding for MissingClause {
    fn code(&self) -> &'static str {
        "missing_clause"
    }

    fn message(&self) -> String {
        format!("{} needs `{}`", self.owner, self.clause)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "missing here")
    }
}
