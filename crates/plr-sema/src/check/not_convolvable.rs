//! An equation that has no meaning on a network with kernels or pooling.
//!
//! Allowed along a kernel: `W += post.y * (pre.y - post.y * W)`. Forbidden: `W += max(post.y, pre.y)`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// What a shared weight or parameter adds up is no sum of products, each factor of one end.
    Inseparable,
    /// Feedback through the largest of a window, where it is not clear of what.
    LargestOfWindow,
    /// Something else than what is sent up through the largest of a window.
    PartOfWindow,
    /// A first value that several units share asks where a unit is.
    SharedPlace,
}

/// An equation that has no meaning on a network with kernels or pooling.
#[derive(Debug)]
pub struct NotConvolvable {
    /// Where.
    pub at: Span,
    /// Why.
    pub obstacle: Obstacle,
}

impl Finding for NotConvolvable {
    fn code(&self) -> &'static str {
        "not_convolvable"
    }

    fn message(&self) -> String {
        match self.obstacle {
            Obstacle::Inseparable => "what a kernel adds up must be products of one end or weight each",
            Obstacle::LargestOfWindow => "what is largest in a window is not clear to what comes back",
            Obstacle::PartOfWindow => {
                "a synapse hears what has won a window, and no unit has won one with this"
            }
            Obstacle::SharedPlace => "what several units share has no place in a layer",
        }
        .to_owned()
    }

    fn primary(&self) -> Label {
        let text = match self.obstacle {
            Obstacle::Inseparable => "no sum of such products",
            Obstacle::LargestOfWindow => "read from above, along an edge with `maxpool`",
            Obstacle::PartOfWindow => "not sent up along this edge with `maxpool`",
            Obstacle::SharedPlace => "of which of them?",
        };
        Label::new(self.at, text)
    }

    fn help(&self) -> Option<String> {
        match self.obstacle {
            Obstacle::Inseparable | Obstacle::SharedPlace => None,
            Obstacle::PartOfWindow => Some("read what is sent up there, or pool with `avgpool`".to_owned()),
            Obstacle::LargestOfWindow => {
                Some("send one and the same expression up this edge wherever something is sent, or pool with `avgpool`".to_owned())
            },
        }
    }
}
