//! A source whose offsets do not fit into 32 bits.

use crate::diagnostic::{Finding, Label};
use crate::span::Span;

/// A source of 4 GiB or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTooLarge {
    /// Its length in bytes.
    pub bytes: usize,
}

impl Finding for SourceTooLarge {
    fn code(&self) -> &'static str {
        "source_too_large"
    }

    fn message(&self) -> String {
        format!("a source of {} bytes is too large", self.bytes)
    }

    fn primary(&self) -> Label {
        Label::new(Span::default(), "a file must be smaller than 4 GiB")
    }
}
