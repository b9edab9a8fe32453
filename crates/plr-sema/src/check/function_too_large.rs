//! A function that is too large when the functions it calls are written out in it.
//!
//! Allowed: `fn g(x) = h(x) + 1`. Forbidden: forty functions each of which calls the one before it twice.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// The largest function, in operations, calls written out.
pub const LIMIT: u64 = 100_000;

/// A function that is too large when the functions it calls are written out in it.
#[derive(Debug)]
pub struct FunctionTooLarge {
    /// Its name.
    pub at: Span,
    /// The function.
    pub name: String,
    /// Its size.
    pub size: u64,
}

impl Finding for FunctionTooLarge {
    fn code(&self) -> &'static str {
        "function_too_large"
    }

    fn message(&self) -> String {
        format!("`{}` is too large when its calls are written out", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("{} operations, at most {LIMIT} are possible", self.size))
    }

    fn help(&self) -> Option<String> {
        Some("keep a value that is used several times in a `let`".to_owned())
    }
}
