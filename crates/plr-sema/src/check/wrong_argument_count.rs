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

    fn help(&self) -> Option<String> {
        let help = match (self.name.as_str(), self.expected) {
            ("normal", 0) => "its mean is 0 and its deviation 1: `m + d * normal()` has others",
            ("normal", _) => {
                "its mean is 0: `normal(0.1)` has the deviation 0.1, and `m + normal(0.1)` another mean"
            }
            ("uniform", 0) => "it is between 0 and 1: `a + (b - a) * uniform()` is between `a` and `b`",
            ("max" | "min", _) => "of three numbers it is `max(a, max(b, c))`, and likewise `min`",
            _ => return None,
        };
        Some(help.to_owned())
    }
}
