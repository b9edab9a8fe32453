//! A value given for an edge or a layer that the network does not have.
//!
//! Allowed: `lr input->h1 = 0.1` in a network with those layers. Forbidden: `lr input->h7 = 0.1`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

use super::unknown_name::closest;

/// A value for an edge or a layer that the network does not have.
#[derive(Debug)]
pub struct UnknownEdge {
    /// Where it is named.
    pub at: Span,
    /// The edge or layer.
    pub name: String,
    /// The edges and layers there are.
    pub known: Vec<String>,
}

impl Finding for UnknownEdge {
    fn code(&self) -> &'static str {
        "unknown_edge"
    }

    fn message(&self) -> String {
        format!("the network has no `{}`", self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "not in the network")
    }

    fn help(&self) -> Option<String> {
        match closest(&self.name, &self.known) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None => Some(format!("it has {}", self.known.join(", "))),
        }
    }
}
