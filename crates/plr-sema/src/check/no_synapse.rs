//! A reader of another unit without a synapse between them.
//!
//! Allowed: `x = W @ below.x`. Forbidden: `x = below.x`; `x = W @ below.below.x`, two synapses away.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A reader of another unit without a synapse between them.
#[derive(Debug)]
pub struct NoSynapse {
    /// Where it reads.
    pub at: Span,
    /// What it reads.
    pub remote: Remote,
}

/// What is read over there.
#[derive(Debug)]
pub enum Remote {
    /// A variable of the units next door, with nothing that carries it here.
    Neighbour {
        /// Whose it is: `below`.
        whose: String,
        /// Who reads it.
        reader: Listener,
        /// The local way, if there is one: `W @ below.x`, for a synapse `pre.x`.
        instead: Option<String>,
    },
    /// A variable of units further away.
    Distant {
        /// Whose it is: `below.below`.
        whose: String,
        /// How many synapses away they are.
        distance: usize,
    },
    /// What arrives at another unit, or at no unit in particular.
    Arrivals,
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// A unit.
    Unit,
    /// A synapse.
    Synapse,
    /// A signal or a prediction.
    Global,
    /// A claim, about each layer in turn.
    Claim,
}

impl Finding for NoSynapse {
    fn code(&self) -> &'static str {
        "no_synapse"
    }

    fn message(&self) -> String {
        match &self.remote {
            Remote::Neighbour { whose, reader: Listener::Claim, .. } => {
                format!("a claim does not name the units of `{whose}`")
            }
            Remote::Neighbour { whose, .. } => format!("nothing carries a value of `{whose}` to this reader"),
            Remote::Distant { whose, distance } => format!("`{whose}` is {distance} synapses away"),
            Remote::Arrivals => "what arrives at a unit is known to that unit only".to_owned(),
        }
    }

    fn primary(&self) -> Label {
        let text = match &self.remote {
            Remote::Neighbour { whose, reader, .. } => {
                let hears = match reader {
                    Listener::Unit => "a unit hears other units through synapses",
                    Listener::Synapse => "a synapse hears the two units it joins",
                    Listener::Global => "input and output units alone are heard everywhere",
                    Listener::Claim => "a claim is about the units of each layer by themselves",
                };
                format!("known only to `{whose}`; {hears}")
            }
            Remote::Distant { .. } => "a unit hears its neighbours only".to_owned(),
            Remote::Arrivals => "a sum over the synapses of another unit".to_owned(),
        };
        Label::new(self.at, text)
    }

    fn help(&self) -> Option<String> {
        match &self.remote {
            Remote::Neighbour { instead, reader: Listener::Synapse, .. } => {
                instead.as_ref().map(|instead| format!("it is called `{instead}` here"))
            }
            Remote::Neighbour { instead, reader: Listener::Claim, .. } => instead.as_ref().map(|instead| {
                format!("name the variable alone, and the layer behind the claim: `{instead}`")
            }),
            Remote::Neighbour { instead, reader: Listener::Global, .. } => {
                instead.as_ref().map(|instead| format!("name the layer too: `{instead}`"))
            }
            Remote::Neighbour { instead, .. } => {
                instead.as_ref().map(|instead| format!("read what arrives through a synapse: `{instead}`"))
            }
            Remote::Distant { .. } => None,
            Remote::Arrivals => Some("define the sum as a `let` of the neuron and read that".to_owned()),
        }
    }
}
