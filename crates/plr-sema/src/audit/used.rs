//! The synapses, instance by instance, that something reads or writes.

use std::collections::HashSet;

use super::reads::{Input, Reader};
use crate::equation::{self, Site, Source};
use crate::hir::{Learned, Rule, SynapseId};
use crate::network::{LayerId, Network};
use crate::resolve::Library;

/// An instance of a synapse.
type Instance = (SynapseId, (LayerId, LayerId));

/// The instances, by their weights, that an equation reads or writes in one of its layers.
pub fn used_synapses(rule: &Rule, library: &Library, network: &Network) -> HashSet<Instance> {
    let mut reader = Reader::new(rule, library, network);
    let mut found = HashSet::new();
    let mut reads = Vec::new();
    for instance in equation::instances(rule, network) {
        if let (Source::Trace(..) | Source::Plasticity(_), Learned::Synapse(synapse), Site::Edge(pre, post)) =
            (instance.source, instance.source.target(), instance.site)
        {
            found.insert((rule.weight_of(synapse), (pre, post)));
        }
        reads.push(reader.of(&instance));
    }
    for clamp in equation::clamps(rule) {
        let layers = equation::layers(clamp.variable, clamp.role, rule, network);
        reads.extend(layers.into_iter().map(|layer| reader.of_state(layer, clamp)));
    }
    for (input, _) in reads.iter().flat_map(|reads| reads.iter()) {
        if let Input::Weight(synapse, pair) | Input::Trace(synapse, pair, _) = input {
            found.insert((rule.weight_of(synapse), pair));
        }
    }
    found
}
