//! A declaration that takes a name with a fixed meaning.
//!
//! Allowed: `state u`. Forbidden: `state f`, `state target`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// The names with a fixed meaning (R1.7).
pub const RESERVED: [&str; 15] = [
    "f",
    "cost",
    "loss",
    "data",
    "target",
    "below",
    "above",
    "self",
    "input",
    "output",
    "hidden",
    "pre",
    "post",
    "persistent",
    "carried",
];

/// A declaration that takes a name with a fixed meaning.
#[derive(Debug)]
pub struct ReservedName {
    /// The declaration.
    pub at: Span,
    /// The name.
    pub name: String,
}

impl Finding for ReservedName {
    fn code(&self) -> &'static str {
        "reserved_name"
    }

    fn message(&self) -> String {
        format!("`{}` has a fixed meaning in the language", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "choose another name here")
    }
}
