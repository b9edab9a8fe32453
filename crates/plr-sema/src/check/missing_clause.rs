//! An experiment without something it needs, or with something twice.
//!
//! Allowed: `experiment e { rule R;  network n;  data digits }`. Forbidden: `experiment e { rule R }`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// An experiment without something it needs, or with something twice.
#[derive(Debug)]
pub struct MissingClause {
    /// The experiment's name, or the second clause.
    pub at: Span,
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
            format!("an experiment has one `{}` clause", self.clause)
        } else {
            format!("an experiment needs a `{}` clause", self.clause)
        }
    }

    fn primary(&self) -> Label {
        Label::new(self.at, if self.twice { "the second one" } else { "missing here" })
    }
}
