//! A unit that reads another unit without a synapse between them.
//!
//! Allowed: `x = W @ below.x`. Forbidden: `x = below.x`; `x = W @ below.below.x`, two synapses away.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A unit that reads another unit without a synapse between them.
#[derive(Debug)]
pub struct NoSynapse {
    /// Where it reads.
    pub at: Span,
    /// What it reads, in words: `the layer above`.
    pub whose: String,
    /// How many synapses away it is.
    pub distance: usize,
    /// The local way, if there is one: `W @ below.x`.
    pub instead: Option<String>,
}

impl Finding for NoSynapse {
    fn code(&self) -> &'static str {
        "no_synapse"
    }

    fn message(&self) -> String {
        match self.distance {
            0 | 1 => format!("nothing carries a value of {} to this reader", self.whose),
            n => format!("{} is {n} synapses away", self.whose),
        }
    }

    fn primary(&self) -> Label {
        let text = match self.distance {
            0 | 1 => format!("known only to {}; a unit hears other units through synapses", self.whose),
            _ => "a neuron hears its neighbours only".to_owned(),
        };
        Label::new(self.at, text)
    }

    fn help(&self) -> Option<String> {
        self.instead.as_ref().map(|instead| format!("read what arrives through a synapse: `{instead}`"))
    }
}
