//! The derivative of a function, activation or cost that declares none.
//!
//! Allowed: `f'(x)` where `f` is `relu`. Forbidden: `f'(x)` where `f` is `softmax`, which has no derivative per unit.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// The derivative of a function that declares none.
#[derive(Debug)]
pub struct MissingDerivative {
    /// Where it is asked for.
    pub at: Span,
    /// The function.
    pub function: String,
    /// The layer whose activation it is, if it was asked for as `f'`.
    pub layer: Option<String>,
    /// A cost that has a derivative after it, if that layer is the output and the chosen one has none.
    pub cost: Option<String>,
}

impl Finding for MissingDerivative {
    fn code(&self) -> &'static str {
        "missing_derivative"
    }

    fn message(&self) -> String {
        format!("`{}` declares no derivative", self.function)
    }

    fn primary(&self) -> Label {
        let place = self.layer.as_ref().map(|l| format!(", by layer `{l}`")).unwrap_or_default();
        Label::new(self.at, format!("asked for here{place}"))
    }

    fn help(&self) -> Option<String> {
        if let Some(cost) = &self.cost {
            return Some(format!(
                "after `{}` the cost is mostly another, whose derivative by the drive is known: write `cost {cost}`",
                self.function
            ));
        }
        Some(format!(
            "if its value depends on one unit only, `fn {}(x) = … with derivative …` declares one",
            self.function
        ))
    }
}
