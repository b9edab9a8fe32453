//! An equation that has a value nowhere, since a weight that it names is not there or a state has no value, and on which nothing
//! observable depends.
//!
//! Allowed: `V += lr * (post.x * pre.x - W)` with `V` and `W` both `below -> self`. Forbidden: with `W : below -> self` and
//! `V : self -> self`, where nothing reads `V`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// An equation that has a value nowhere.
#[derive(Debug)]
pub struct NeverEvaluated {
    /// Where what it lacks is named.
    pub at: Span,
    /// What it lacks.
    pub lack: Lack,
    /// What the equation is of.
    pub target: String,
}

/// What an equation lacks.
#[derive(Debug)]
pub enum Lack {
    /// The weight of a synapse of this name.
    Weight(String),
    /// The same, where there are weights between the two layers, but in another form.
    OtherForm(String),
    /// A value of a state of this name.
    Value(String),
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
        let text = match &self.lack {
            Lack::Weight(synapse) => {
                format!("no synapse of `{synapse}` joins these two neurons in that direction")
            }
            Lack::OtherForm(synapse) => format!("`{synapse}` joins these two layers in another form"),
            Lack::Value(state) => format!("`{state}` has no value here"),
        };
        Label::new(self.at, text)
    }

    fn help(&self) -> Option<String> {
        let what = match &self.lack {
            Lack::Weight(_) | Lack::OtherForm(_) => "name a weight that is there",
            Lack::Value(_) => "read it where it has been written",
        };
        Some(format!("nothing depends on it: {what}, or leave the equation out"))
    }
}
