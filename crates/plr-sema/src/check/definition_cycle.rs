//! A `let` or signal that is defined by itself.
//!
//! Allowed: `let e = x - mu` with `let mu = W @ below.x`. Forbidden: `let a = b` with `let b = a`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A `let` or signal that is defined by itself.
#[derive(Debug)]
pub struct DefinitionCycle {
    /// Where it is read inside its own definition.
    pub at: Span,
    /// Its declaration.
    pub declared: Span,
    /// Its name.
    pub name: String,
}

impl Finding for DefinitionCycle {
    fn code(&self) -> &'static str {
        "definition_cycle"
    }

    fn message(&self) -> String {
        format!("the definition of `{}` needs `{}` itself", self.name, self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "read while it is being defined")
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.declared, "defined here")]
    }

    fn help(&self) -> Option<String> {
        Some("make one of them a `state`: a state has a value from before the step".to_owned())
    }
}
