//! A first value that is too large when the first values that it names are written out in it.
//!
//! Allowed: `param b = a + 1` with `param a = normal(1)`. Forbidden: forty parameters each of which names the one before it twice.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// The largest first value, in operations, those that it names written out.
pub const LIMIT: u64 = 1000;

/// A first value that is too large when the first values that it names are written out in it.
#[derive(Debug)]
pub struct FirstValueTooLarge {
    /// The name of what has it.
    pub at: Span,
    /// That name.
    pub name: String,
    /// Its size.
    pub size: u64,
}

impl Finding for FirstValueTooLarge {
    fn code(&self) -> &'static str {
        "first_value_too_large"
    }

    fn message(&self) -> String {
        format!("the first value of `{}` is too large when those that it names are written out", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("{} operations, at most {LIMIT} are possible", self.size))
    }
}
