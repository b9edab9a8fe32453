//! A unit that reads what only other units are told: the target outside the output layer, the data outside the input; or what
//! nobody knows, the target before the prediction, the time outside phases.
//!
//! Allowed: `output e = target - x`. Forbidden: `hidden e = target - x`; a prediction that depends on the target; `learn { W += time }`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A unit that reads what it does not know.
#[derive(Debug)]
pub struct UnknownToUnit {
    /// Where it reads.
    pub at: Span,
    /// What it reads.
    pub unknown: Unknown,
}

/// What a unit may read without knowing it.
#[derive(Debug)]
pub enum Unknown {
    /// What only units of a role are told.
    Told {
        /// `target`, `data`, `cost`.
        what: &'static str,
        /// Who knows it: `output`.
        who: &'static str,
        /// The layer that asked.
        layer: String,
    },
    /// What the units of the layer are told, but not those of a population of another size there.
    Resized {
        /// `target`, `data`.
        what: &'static str,
        /// The population.
        population: String,
    },
    /// What units would know, but not yet when they predict.
    BeforePrediction {
        /// `target`
        what: &'static str,
    },
    /// The time, or what was at that time, outside the steps of phases.
    Time,
}

impl Finding for UnknownToUnit {
    fn code(&self) -> &'static str {
        "unknown_to_unit"
    }

    fn message(&self) -> String {
        match &self.unknown {
            Unknown::Told { what, who, .. } => format!("only {who} units know the {what}"),
            Unknown::Resized { what, .. } => {
                format!("a population with a size of its own is not told the {what}")
            }
            Unknown::BeforePrediction { what } => {
                format!("nobody knows the {what} when the prediction is made")
            }
            Unknown::Time => "nobody knows the time here".to_owned(),
        }
    }

    fn primary(&self) -> Label {
        let text = match &self.unknown {
            Unknown::Told { layer, .. } => format!("asked of layer `{layer}`"),
            Unknown::Resized { population, .. } => format!("asked by `{population}`"),
            Unknown::BeforePrediction { .. } => "the prediction depends on this".to_owned(),
            Unknown::Time => "read outside the steps of phases".to_owned(),
        };
        Label::new(self.at, text)
    }

    fn help(&self) -> Option<String> {
        Some(match &self.unknown {
            Unknown::Told { who, .. } => format!("write the equation for those units only: `{who} … = …`"),
            Unknown::Resized { what, population } => {
                format!(
                    "send it from the layer's own units: `synapse S : self -> {population}`, `S @ {what}`"
                )
            }
            Unknown::BeforePrediction { what } => {
                format!("`predict … after` an earlier phase, which does not read the {what}")
            }
            Unknown::Time => "write it into a state in the steps of a phase, and read that".to_owned(),
        })
    }
}
