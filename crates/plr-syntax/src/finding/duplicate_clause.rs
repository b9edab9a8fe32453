//! A clause that may stand once stands twice: `expect angle(W) < 90 deg at output at output`.

use crate::diagnostic::{Finding, Label};
use crate::span::Span;

/// A clause that may stand once stands twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateClause {
    /// The clause that counts.
    pub first: Span,
    /// The clause that repeats it.
    pub second: Span,
}

impl Finding for DuplicateClause {
    fn code(&self) -> &'static str {
        "duplicate_clause"
    }

    fn message(&self) -> String {
        "this is already said".to_owned()
    }

    fn primary(&self) -> Label {
        Label::new(self.second, "said a second time")
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.first, "first said here")]
    }
}
