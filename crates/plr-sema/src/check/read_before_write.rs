//! A state that is read where nothing has written it.
//!
//! Allowed: `state x` written by an earlier phase, or `state x = 0`. Forbidden: reading `x` in the first phase
//! of a rule with `state x` and no reset value.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A state that is read where nothing has written it.
#[derive(Debug)]
pub struct ReadBeforeWrite {
    /// Where it is read.
    pub at: Span,
    /// Where it is declared.
    pub declared: Span,
    /// Its name.
    pub name: String,
    /// The layer in which it has no value.
    pub layer: String,
    /// Where it is written in the same step, if it is read in a plain equation.
    pub written: Option<Written>,
}

/// Where a state is written that a plain equation of the same step reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// In an ordered block above.
    Above,
    /// In another plain equation.
    Beside,
}

impl Finding for ReadBeforeWrite {
    fn code(&self) -> &'static str {
        "read_before_write"
    }

    fn message(&self) -> String {
        format!("state `{}` has no value yet", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, format!("read here, in layer `{}`, before anything writes it", self.layer))
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.declared, "declared without a reset value")]
    }

    fn help(&self) -> Option<String> {
        Some(match self.written {
            Some(Written::Above) => {
                "a plain equation below a block reads what was before the step: put both into `in turn { … }`".to_owned()
            }
            Some(Written::Beside) => {
                "equations side by side read what was before the step: put them into `in turn { … }`, the one that writes it first".to_owned()
            }
            None => format!("give it one, `state {} = 0`, or write it in an earlier phase", self.name),
        })
    }
}
