//! How local an equation is: derived from what it uses, never asserted.
//!
//! | an equation uses | it requires |
//! |---|---|
//! | its own variables; those of units that belong to it, or to which it belongs; what arrives through synapses that end here; in a synapse: its weight, `pre`, `post`; values of earlier phases | nothing |
//! | a declared `signal` | [`Requirement::Modulator`] |
//! | a reduction over a layer or a group, a layer-wide function or activation | [`Requirement::Lateral`] |
//! | a `symmetric` synapse against its direction | [`Requirement::SymmetricSynapses`] |
//! | another synapse against its direction, or in a synapse's equation the reciprocal weight | [`Requirement::WeightTransport`] |
//! | in a synapse's equation, another synapse's weight, also in a running sum | [`Requirement::OtherSynapse`] |
//! | other samples of the minibatch | [`Requirement::BatchStatistics`] |
//! | values of each step of an earlier phase | [`Requirement::StoredTrajectory`] |
//!
//! The last four are not local and need a licence in the rule's head. A verdict is the set of requirements, so more
//! uses can only make it less local. A signal's own definition may reduce over the input and output layers: that is
//! what a signal is (R13.2, R13.6).

use std::collections::BTreeSet;
use std::fmt;

use plr_syntax::diagnostic::Findings;
use serde::Serialize;

use super::subject::Subject;
use super::uses::{Information, Use, uses};
use crate::check::non_local_read::{Foreign, NonLocalRead, Reader, Sent};
use crate::check::unused_licence::UnusedLicence;
use crate::equation::Site;
use crate::hir::{Licence, Rule, SynapseId};
use crate::network::Network;
use crate::resolve::Library;

/// Something that must exist beyond a unit and the synapses that end at it, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// A global scalar is broadcast.
    Modulator,
    /// The units of a layer hear each other.
    Lateral,
    /// A synapse works in both directions with the same weight.
    SymmetricSynapses,
    /// Weights are known at both ends of a synapse that works in one direction.
    WeightTransport,
    /// A synapse knows the weight of another one.
    OtherSynapse,
    /// Samples know each other.
    BatchStatistics,
    /// Something remembers each step.
    StoredTrajectory,
}

impl Requirement {
    /// The licence it needs, if it is not local.
    pub fn licence(self) -> Option<Licence> {
        match self {
            Self::Modulator | Self::Lateral | Self::SymmetricSynapses => None,
            Self::WeightTransport => Some(Licence::WeightTransport),
            Self::OtherSynapse => Some(Licence::OtherSynapse),
            Self::BatchStatistics => Some(Licence::BatchStatistics),
            Self::StoredTrajectory => Some(Licence::StoredTrajectory),
        }
    }
}

/// What a use requires, in the equation of a synapse if one is given.
pub fn requirement(rule: &Rule, synapse: Option<SynapseId>, information: Information) -> Option<Requirement> {
    let against = |quantity: SynapseId| match rule.synapses[rule.weight_of(quantity).0].symmetric {
        Some(_) => Requirement::SymmetricSynapses,
        None => Requirement::WeightTransport,
    };
    if information.past().is_some_and(|past| past.at_time) {
        return Some(Requirement::StoredTrajectory);
    }
    match information {
        Information::Variable { .. }
        | Information::Sent { .. }
        | Information::Trace(..)
        | Information::Beside { .. }
        | Information::Data
        | Information::Target => None,
        Information::Arrival { synapse, transposed } => transposed.then(|| against(synapse)),
        Information::Weight { synapse: read, transposed: false } => {
            let (own, read) = (synapse.map(|own| rule.weight_of(own)), rule.weight_of(read));
            let against = |own: SynapseId| rule.synapses[own.0].runs_against(&rule.synapses[read.0]);
            match own {
                Some(own) if own == read => None,
                Some(own) if against(own) => Some(Requirement::WeightTransport),
                Some(_) | None => Some(Requirement::OtherSynapse),
            }
        }
        Information::Weight { synapse: read, transposed: true } if Some(read) == synapse => {
            Some(against(read))
        }
        Information::Weight { transposed: true, .. } => Some(Requirement::WeightTransport),
        Information::Neighbours(..) => Some(Requirement::OtherSynapse),
        Information::Signal(..) => Some(Requirement::Modulator),
        Information::Layer | Information::Group(_) => Some(Requirement::Lateral),
        Information::Batch => Some(Requirement::BatchStatistics),
    }
}

/// The requirements of an equation. `Display` gives the words of the language's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict(BTreeSet<Requirement>);

impl Verdict {
    /// Of a subject: at a site of a network, or wherever all activations are element-wise.
    pub fn of(subject: Subject<'_>, rule: &Rule, library: &Library, at: Option<(&Network, Site)>) -> Self {
        let found = uses(subject, rule, library, at);
        let needed = found.iter().filter_map(|u| requirement(rule, subject.synapse(), u.information));
        match subject {
            // A signal is global by declaration; only what no declaration makes available counts.
            Subject::Signal(..) => needed.filter(|r| r.licence().is_some()).collect(),
            Subject::Definition(..) | Subject::Clamp(..) | Subject::Equation(_) => needed.collect(),
        }
    }

    /// The requirements, the worst last.
    pub fn requirements(&self) -> impl Iterator<Item = Requirement> {
        self.0.iter().copied()
    }

    /// Whether no licence is needed.
    pub fn is_local(&self) -> bool {
        self.licences().is_empty()
    }

    /// The licences that are needed.
    pub fn licences(&self) -> Vec<Licence> {
        self.requirements().filter_map(Requirement::licence).collect()
    }

    /// The verdict of two equations together.
    pub fn and(mut self, other: &Self) -> Self {
        self.0.extend(&other.0);
        self
    }
}

impl FromIterator<Requirement> for Verdict {
    fn from_iter<I: IntoIterator<Item = Requirement>>(requirements: I) -> Self {
        Self(requirements.into_iter().collect())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let licences: Vec<_> = self.licences().into_iter().map(Licence::name).collect();
        if !licences.is_empty() {
            return write!(f, "not local ({})", licences.join(", "));
        }
        f.write_str("local")?;
        for (requirement, word) in
            [(Requirement::Modulator, " + modulator"), (Requirement::Lateral, " + lateral")]
        {
            if self.0.contains(&requirement) {
                f.write_str(word)?;
            }
        }
        if self.0.contains(&Requirement::SymmetricSynapses) {
            f.write_str(if self.0.len() > 1 {
                ", given symmetric synapses"
            } else {
                " given symmetric synapses"
            })?;
        }
        Ok(())
    }
}

/// Every use that needs a licence the rule's head does not give, and every licence that no use needs (R13.3, R13.4).
pub fn non_local(rule: &Rule, library: &Library) -> Findings {
    let mut findings = Findings::new();
    let mut needed = Vec::new();
    for subject in Subject::all(rule) {
        let found = uses(subject, rule, library, None);
        for &used in &found {
            let licence =
                requirement(rule, subject.synapse(), used.information).and_then(Requirement::licence);
            let Some(licence) = licence else { continue };
            needed.push(licence);
            if rule.licences.iter().all(|(given, _)| *given != licence) {
                findings.push(finding(rule, subject, licence, used, &found));
            }
        }
    }
    for &(licence, at) in rule.licences.iter().filter(|(licence, _)| !needed.contains(licence)) {
        findings.push(UnusedLicence { at, licence });
    }
    findings
}

fn finding(rule: &Rule, subject: Subject<'_>, licence: Licence, used: Use, all: &[Use]) -> NonLocalRead {
    let (reader, own) = match (subject, subject.synapse()) {
        (Subject::Signal(..), _) => (Reader::Signal, None),
        (_, Some(synapse)) => (Reader::Synapse, Some(rule.synapse_name(synapse))),
        (_, None) => (Reader::Neuron, None),
    };
    let (foreign, read) = match used.information {
        information if information.past().is_some_and(|past| past.at_time) => (Foreign::EachStep, None),
        Information::Arrival { synapse, .. } => {
            (Foreign::LeavingWeights(sent(rule, synapse, all)), Some(synapse))
        }
        Information::Weight { synapse, .. } if licence == Licence::WeightTransport => {
            (Foreign::ReciprocalWeight, Some(synapse))
        }
        Information::Neighbours(synapse, end) => (Foreign::Neighbours(end), Some(synapse)),
        Information::Weight { synapse, .. } => (Foreign::OtherWeight, Some(synapse)),
        Information::Variable { .. }
        | Information::Sent { .. }
        | Information::Trace(..)
        | Information::Signal(..)
        | Information::Beside { .. }
        | Information::Group(_)
        | Information::Layer
        | Information::Batch
        | Information::Data
        | Information::Target => (Foreign::OtherSamples, None),
    };
    let synapse = read.map(|synapse| (rule.synapse_name(synapse), rule.synapses[synapse.0].span));
    NonLocalRead { at: used.span, reader, own, synapse, foreign, licence }
}

/// The local alternative to reading a synapse backwards: its mirror image, and what to hear through that.
fn sent(rule: &Rule, synapse: SynapseId, all: &[Use]) -> Sent {
    let backwards = |used: &Use| {
        let Information::Sent { synapse: through, transposed: true, variable, .. } = used.information else {
            return None;
        };
        (through == synapse).then_some(variable)
    };
    let mut variables: Vec<_> = all.iter().filter_map(backwards).collect();
    variables.dedup();
    let (from, to) = super::words::mirrored(rule, synapse);
    let taken = |name: &str| {
        rule.synapses.iter().any(|s| s.name == name) || rule.variables.iter().any(|v| v.name == name)
    };
    let name =
        ["B", "Wb", "feedback", "W_feedback"].into_iter().find(|name| !taken(name)).unwrap_or("W_back");
    let variables = variables.into_iter().map(|v| rule.variables[v.0].name.clone()).collect();
    Sent { feedback: name.to_owned(), from, to, variables }
}
