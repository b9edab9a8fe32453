//! A licence in a rule's head that no equation needs.
//!
//! Allowed: `rule Backprop(lr = 0.1) allow weight_transport { … W.T @ above.d … }`.
//! Forbidden: the same head on a rule that writes `B @ above.d`.

use plr_syntax::diagnostic::{Finding, Label, Severity};
use plr_syntax::span::Span;

use crate::hir::Licence;

/// A licence that no equation needs.
#[derive(Debug)]
pub struct UnusedLicence {
    /// Where it stands.
    pub at: Span,
    /// Which.
    pub licence: Licence,
}

impl Finding for UnusedLicence {
    fn code(&self) -> &'static str {
        "unused_licence"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn message(&self) -> String {
        format!("the rule does not need `allow {}`", self.licence.name())
    }

    fn primary(&self) -> Label {
        let what = match self.licence {
            Licence::WeightTransport => "no equation reads a one-way synapse backwards",
            Licence::OtherSynapse => "no synapse reads another one's weight",
            Licence::BatchStatistics => "no equation reduces over the minibatch",
            Licence::StoredTrajectory => "nothing reads what was at each step of an earlier phase",
        };
        Label::new(self.at, what)
    }

    fn help(&self) -> Option<String> {
        Some("remove it: the rule is more local than its head says".to_owned())
    }
}
