//! The wires that hardware would need, by class (R13.8).

use serde::Serialize;

use super::built::Built;
use super::subject::Subject;
use super::uses::{Information, uses};
use crate::hir::{Relative, Rule, Synapse, SynapseId};
use crate::network::Network;
use crate::resolve::Library;

/// Where a synapse's wires go, relative to the network's forward edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Along an edge.
    Forward,
    /// Against an edge.
    Feedback,
    /// Within a layer.
    Lateral,
    /// Between the input or output layer and all others.
    Broadcast,
}

impl Class {
    /// The class of a synapse.
    pub fn of(synapse: &Synapse) -> Self {
        match (synapse.from.layer, synapse.to.layer) {
            (Relative::Input | Relative::Output, _) | (_, Relative::Input | Relative::Output) => {
                Self::Broadcast
            }
            (Relative::Below, _) | (Relative::Own, Relative::Above) => Self::Forward,
            (Relative::Above, _) | (Relative::Own, Relative::Below) => Self::Feedback,
            (Relative::Own, Relative::Own) => Self::Lateral,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Feedback => "feedback",
            Self::Lateral => "lateral",
            Self::Broadcast => "broadcast",
        }
    }
}

/// In which directions signals travel through a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// From the presynaptic to the postsynaptic unit.
    OneWay,
    /// Both ways through one physical synapse, declared `symmetric`.
    Bidirectional,
    /// Both ways, though the weight exists at one end: a copy of it must be carried to the other.
    Transported,
}

/// All instances of one synapse of the rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wire {
    /// Its name.
    pub synapse: String,
    /// Where it goes.
    pub class: Class,
    /// Which directions it is read in.
    pub traffic: Traffic,
    /// Whether a `learn` changes it.
    pub learned: bool,
    /// Whether what arrives was sent a step before.
    pub delayed: bool,
    /// The pairs of layers it joins.
    pub instances: u64,
    /// The pairs of units it joins, one physical synapse each.
    pub synapses: u64,
    /// The different weights of these: fewer where a kernel is shared by all positions.
    pub weights: u64,
}

/// All wires of a rule on a network, as far as they are built.
pub fn wires(rule: &Rule, library: &Library, network: &Network, built: &Built) -> Vec<Wire> {
    let against = read_backwards(rule, library);
    let wire = |(id, synapse): (usize, &Synapse)| {
        let mut edges = rule.instances(network, SynapseId(id));
        edges.retain(|&edge| built.weight(SynapseId(id), edge));
        let traffic = match (against.contains(&SynapseId(id)), synapse.symmetric) {
            (false, _) => Traffic::OneWay,
            (true, Some(_)) => Traffic::Bidirectional,
            (true, None) => Traffic::Transported,
        };
        let total = |of: fn(&Built, &Rule, &Network, SynapseId, _) -> u64| {
            edges.iter().map(|&edge| of(built, rule, network, SynapseId(id), edge)).sum()
        };
        Wire {
            synapse: synapse.name.clone(),
            class: Class::of(synapse),
            traffic,
            learned: super::bill::is_learned(rule, SynapseId(id)),
            delayed: synapse.delayed,
            instances: edges.len() as u64,
            synapses: total(Built::synapses),
            weights: total(Built::numbers),
        }
    };
    let weights = rule.synapses.iter().enumerate().filter(|(_, synapse)| synapse.beside.is_none());
    weights.map(wire).filter(|wire| wire.instances > 0).collect()
}

/// The synapses read against their direction, as arrivals or as reciprocal weights.
fn read_backwards(rule: &Rule, library: &Library) -> Vec<SynapseId> {
    let found = Subject::all(rule).into_iter().flat_map(|subject| uses(subject, rule, library, None));
    let backwards = found.filter_map(|used| match used.information {
        Information::Arrival { synapse, transposed: true }
        | Information::Weight { synapse, transposed: true } => Some(rule.weight_of(synapse)),
        Information::Arrival { transposed: false, .. }
        | Information::Weight { transposed: false, .. }
        | Information::Variable { .. }
        | Information::Sent { .. }
        | Information::Trace(..)
        | Information::Neighbours(..)
        | Information::Signal(..)
        | Information::Beside { .. }
        | Information::Layer
        | Information::Group(_)
        | Information::Batch
        | Information::Data
        | Information::Target => None,
    });
    backwards.collect()
}
