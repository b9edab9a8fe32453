//! An equation that has a value nowhere, since a weight that it names is not there, and on which nothing observable depends.
//!
//! Allowed: `V += lr * (post.x * pre.x - W)` with `V` and `W` both `below -> self`. Forbidden: with `W : below -> self` and
//! `V : self -> self`, where nothing reads `V`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// An equation that has a value nowhere.
#[derive(Debug)]
pub struct NeverEvaluated {
    /// Where the weight is named.
    pub at: Span,
    /// The synapse whose weight it is.
    pub synapse: String,
    /// Whether there are weights between the two layers, but in another form.
    pub other_form: bool,
    /// What the equation is of.
    pub target: String,
}

impl Finding for NeverEvaluated {
    fn code(&self) -> &'static str {
        "never_evaluated"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("this equation of `{}` has a value nowhere, so that it does nothing", self.target)
    }

    fn primary(&self) -> Label {
        let text = match self.other_form {
            false => format!("no synapse of `{}` joins these two neurons in that direction", self.synapse),
            true => format!("`{}` joins these two layers in another form", self.synapse),
        };
        Label::new(self.at, text)
    }

    fn help(&self) -> Option<String> {
        Some("nothing depends on it: name a weight that is there, or leave the equation out".to_owned())
    }
}
