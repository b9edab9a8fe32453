//! A sum over synapses where there are none.
//!
//! Allowed: `x = W @ below.x + B @ above.x`, which holds in all layers; each sum is 0 at one end of the network. Forbidden: `input x
//! = W @ below.x`, which holds where no `W` ends.

use plr_ir::program::ReduceKind;
use plr_syntax::ast::Role;
use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

/// A sum over synapses where there are none.
#[derive(Debug)]
pub struct EmptySum {
    /// The sum.
    pub at: Span,
    /// The synapse.
    pub synapse: String,
    /// Whether it is read against its direction.
    pub transposed: bool,
    /// How it takes together.
    pub together: ReduceKind,
    /// The layers that the equation is for.
    pub role: Role,
}

impl Finding for EmptySum {
    fn code(&self) -> &'static str {
        "empty_sum"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("nothing arrives through `{}` here", self.synapse)
    }

    fn primary(&self) -> Label {
        let joins = if self.transposed { "begins" } else { "ends" };
        let layer = match self.role {
            Role::Input => "the input layer",
            Role::Hidden => "a hidden layer",
            Role::Output => "the output layer",
        };
        let nothing = match self.together {
            ReduceKind::Sum => "0",
            ReduceKind::Max => "−∞",
            ReduceKind::Min => "∞",
        };
        Label::new(self.at, format!("no `{}` {joins} in {layer}, so this is {nothing}", self.synapse))
    }
}
