//! An experiment, filter or phase without something it needs, or with something twice.
//!
//! Allowed: `experiment e { rule R;  network n;  data digits }`. Forbidden: `experiment e { rule R }`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// An experiment, filter or phase without something it needs, or with something twice.
#[derive(Debug)]
pub struct MissingClause {
    /// Its name, or the second clause.
    pub at: Span,
    /// What it is: `an experiment`.
    pub owner: &'static str,
    /// The clause's word.
    pub clause: &'static str,
    /// It is there twice.
    pub twice: bool,
}

impl Finding for MissingClause {
    fn code(&self) -> &'static str {
        "missing_clause"
    }

    fn message(&self) -> String {
        if self.twice {
            format!("{} has one `{}`", self.owner, self.clause)
        } else {
            format!("{} needs `{}`", self.owner, self.clause)
        }
    }

    fn primary(&self) -> Label {
        Label::new(self.at, if self.twice { "the second one" } else { "missing here" })
    }
}
