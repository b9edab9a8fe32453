//! What of a rule is there on a network: what nothing observable depends on is not built (R3.8).

use std::collections::{BTreeMap, BTreeSet};

use crate::equation::Site;
use crate::hir::{Learned, Rule, SynapseId, VariableId};
use crate::network::{LayerId, Network};

/// An instance of a synapse, or of a number that it has beside its weight.
pub type Projection = (SynapseId, (LayerId, LayerId));

/// A variable in a layer.
type Cell = (VariableId, LayerId);

/// The parameters, kept states and kept traces that are built.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// If it is not everything.
    listed: Option<Listed>,
    /// How many synapses an instance has whose mask leaves some out.
    present: BTreeMap<Projection, u64>,
}

#[derive(Clone, Debug, Default)]
struct Listed {
    /// Weights, numbers beside them, and kept traces.
    weights: BTreeSet<Projection>,
    /// Parameters of units, and kept states.
    units: BTreeSet<Cell>,
}

impl Built {
    /// All that the rule declares.
    pub fn everything() -> Self {
        Self::default()
    }

    /// These weights and kept traces, and these parameters and kept states of units.
    pub fn of(weights: impl Iterator<Item = Projection>, units: impl Iterator<Item = Cell>) -> Self {
        let listed = Listed { weights: weights.collect(), units: units.collect() };
        Self { listed: Some(listed), present: BTreeMap::new() }
    }

    /// With so many synapses in instances whose mask leaves some out (R4.11).
    #[must_use]
    pub fn masked(self, present: impl Iterator<Item = (Projection, u64)>) -> Self {
        Self { present: present.collect(), ..self }
    }

    /// The synapses of an instance, each of which has a number of that name.
    pub fn synapses(
        &self,
        rule: &Rule,
        network: &Network,
        synapse: SynapseId,
        edge: (LayerId, LayerId),
    ) -> u64 {
        self.left_by_mask(rule, synapse, edge).unwrap_or_else(|| rule.pairs(network, synapse, edge) as u64)
    }

    /// The different numbers of that name of an instance: fewer than synapses where a kernel is shared.
    pub fn numbers(
        &self,
        rule: &Rule,
        network: &Network,
        synapse: SynapseId,
        edge: (LayerId, LayerId),
    ) -> u64 {
        self.left_by_mask(rule, synapse, edge).unwrap_or_else(|| rule.weights(network, synapse, edge) as u64)
    }

    /// The synapses that an instance's mask leaves, if it leaves some out.
    fn left_by_mask(&self, rule: &Rule, synapse: SynapseId, edge: (LayerId, LayerId)) -> Option<u64> {
        self.present.get(&(rule.weight_of(synapse), edge)).copied()
    }

    /// Whether an instance of a synapse has weights, or keeps its trace.
    pub fn weight(&self, synapse: SynapseId, edge: (LayerId, LayerId)) -> bool {
        self.listed.as_ref().is_none_or(|listed| listed.weights.contains(&(synapse, edge)))
    }

    /// Whether a layer has a parameter or kept state.
    pub fn unit(&self, variable: VariableId, layer: LayerId) -> bool {
        self.listed.as_ref().is_none_or(|listed| listed.units.contains(&(variable, layer)))
    }

    /// Whether what learns is there at a site.
    pub fn at(&self, learned: Learned, site: Site) -> bool {
        match learned {
            Learned::Synapse(synapse) => self.weight(synapse, site.ends()),
            Learned::Unit(variable) => self.unit(variable, site.owner()),
        }
    }
}
