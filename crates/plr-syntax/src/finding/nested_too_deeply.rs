//! Brackets or operators inside each other, deeper than any walk over the tree should have to follow.

use crate::diagnostic::{Finding, Label};
use crate::span::Span;

/// Brackets or operators nest too deeply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedTooDeeply {
    /// The bracket that is one too many, or the expression that is too high.
    pub span: Span,
    /// How deep they may nest.
    pub limit: u32,
}

impl Finding for NestedTooDeeply {
    fn code(&self) -> &'static str {
        "nested_too_deeply"
    }

    fn message(&self) -> String {
        format!("more than {} levels inside each other", self.limit)
    }

    fn primary(&self) -> Label {
        Label::new(self.span, "one level too many")
    }

    fn help(&self) -> Option<String> {
        Some("name a part of it, with `let` or `fn`".to_owned())
    }
}
