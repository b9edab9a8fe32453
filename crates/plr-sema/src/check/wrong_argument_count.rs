//! A function called with too many or too few arguments.
//!
//! Allowed: `exp(x)`. Forbidden: `exp(x, y)`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A function called with too many or too few arguments.
#[derive(Debug)]
pub struct WrongArgumentCount {
    /// The call.
    pub at: Span,
    /// The function.
    pub name: String,
    /// How many it takes.
    pub expected: usize,
    /// How many were given.
    pub found: usize,
}

impl Finding for WrongArgumentCount {
    fn code(&self) -> &'static str {
        "wrong_argument_count"
    }

    fn message(&self) -> String {
        let plural = if self.expected == 1 { "" } else { "s" };
        format!("`{}` takes {} argument{plural}, not {}", self.name, self.expected, self.found)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("called with {}", self.found))
    }
}
