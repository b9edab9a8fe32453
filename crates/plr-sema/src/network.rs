//! Networks as lowering and the audit see them: layers in topological order, and the edges between them.

use std::collections::{BTreeMap, BTreeSet};

use plr_ir::geometry::{Convolution, Grid, Pooling};
use plr_ir::program::PoolKind;

use crate::hir::{Endpoint, FunctionId, Relative};
use plr_syntax::ast::Role;

/// A layer's position in [`Network::layers`].
pub type LayerId = usize;

/// A directed acyclic graph of layers with one output layer and one input layer or more.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The network in one line: `784 - 256 sigmoid - 10`, or a graph's layers and edges.
    pub text: String,
    /// The layers; every edge goes from an earlier to a later one.
    pub layers: Vec<Layer>,
    /// The edges, sorted by target, then source.
    pub edges: Vec<(LayerId, LayerId)>,
    /// How the edges join their layers, those excepted that join every unit with every other.
    pub joins: BTreeMap<(LayerId, LayerId), Join>,
}

/// How an edge joins the units of the layer below with those of the layer above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Join {
    /// What becomes of the layer below first.
    pub pool: Option<(PoolKind, Pooling)>,
    /// Which of these units each unit above sees; all of them if absent.
    pub kernel: Option<Convolution>,
}

impl Join {
    /// The same between so many times the channels of the two layers.
    pub fn times(self, below: usize, above: usize) -> Self {
        let pool =
            self.pool.map(|(kind, pooling)| (kind, Pooling { low: pooling.low.times(below), ..pooling }));
        let kernel = self.kernel.map(|kernel| Convolution {
            low: kernel.low.times(below),
            channels: kernel.channels.saturating_mul(above),
            ..kernel
        });
        Self { pool, kernel }
    }
}

/// A layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// `input`, `h1`, …, `output`, or the name in a graph.
    pub name: String,
    /// What it sees of a sample.
    pub role: Role,
    /// The number of units.
    pub units: usize,
    /// Its channels, rows and columns, if its units have places.
    pub space: Option<Grid>,
    /// Whether each of its units has weights and parameters of its own all the same.
    pub local: bool,
    /// The activation with its settings; the identity if absent.
    pub activation: Option<Activation>,
}

/// A layer's activation.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The function.
    pub function: FunctionId,
    /// One for each setting of the function, in its order; `None` for the default.
    pub settings: Vec<Option<f64>>,
}

impl Network {
    /// Adds an edge.
    pub fn add(&mut self, edge: (LayerId, LayerId), join: Join) {
        self.edges.push(edge);
        if join != Join::default() {
            self.joins.insert(edge, join);
        }
    }

    /// The first input layer.
    pub fn input(&self) -> LayerId {
        self.with_role(Role::Input)
    }

    /// The input layers: most networks have one.
    pub fn inputs(&self) -> Vec<LayerId> {
        (0..self.layers.len()).filter(|&layer| self.layers[layer].role == Role::Input).collect()
    }

    /// The features of a sample: the input layers stand one after the other in it (R15.10).
    pub fn features(&self) -> usize {
        self.inputs().into_iter().map(|layer| self.layers[layer].units).sum()
    }

    /// Where the features of an input layer begin in a sample (R15.10).
    pub fn first_feature(&self, input: LayerId) -> usize {
        self.inputs().into_iter().filter(|&layer| layer < input).map(|layer| self.layers[layer].units).sum()
    }

    /// The output layer.
    pub fn output(&self) -> LayerId {
        self.with_role(Role::Output)
    }

    fn with_role(&self, role: Role) -> LayerId {
        let Some(layer) = self.layers.iter().position(|l| l.role == role) else {
            unreachable!("resolution gives every network an input and an output layer")
        };
        layer
    }

    /// The layer of that name.
    pub fn layer(&self, name: &str) -> Option<LayerId> {
        self.layers.iter().position(|l| l.name == name)
    }

    /// Makes the layers whose units have no places small. Equal sizes stay equal and the others in their order, so that
    /// what fits in the large network fits in the small one; what is left over by groups of so many units stays (R2.4).
    pub fn shrink(&mut self, group: usize) {
        let sizes: BTreeSet<usize> =
            self.layers.iter().filter(|l| l.space.is_none()).map(|l| l.units).collect();
        for layer in self.layers.iter_mut().filter(|layer| layer.space.is_none()) {
            let few = (3 + sizes.range(..layer.units).count()).saturating_mul(group);
            layer.units = layer.units.min(few.saturating_add(layer.units % group));
        }
    }

    /// Each layer's distance from the input: the longest path in forward edges.
    pub fn distances(&self) -> Vec<usize> {
        let mut distances = vec![0; self.layers.len()];
        // Every edge goes from an earlier to a later layer.
        for layer in 0..distances.len() {
            let below = self.edges.iter().filter(|edge| edge.1 == layer).map(|edge| distances[edge.0] + 1);
            distances[layer] = below.max().unwrap_or(0);
        }
        distances
    }

    /// Each layer's distance from the output: the longest path in forward edges.
    pub fn heights(&self) -> Vec<usize> {
        let mut heights = vec![0; self.layers.len()];
        for layer in (0..heights.len()).rev() {
            let above = self.edges.iter().filter(|edge| edge.0 == layer).map(|edge| heights[edge.1] + 1);
            heights[layer] = above.max().unwrap_or(0);
        }
        heights
    }

    /// The instances of a projection, as (presynaptic, postsynaptic) layers, by postsynaptic layer.
    ///
    /// `below -> self` and `above -> self` have one per edge, the latter reversed; `input -> self` and `output -> self` one per
    /// sender and other layer, input layers excepted; a projection within a layer one per layer that is no input (R4.1).
    pub fn instances(&self, from: Endpoint, to: Endpoint) -> Vec<(LayerId, LayerId)> {
        let receivers = || (0..self.layers.len()).filter(|&l| self.layers[l].role != Role::Input);
        let broadcast = |sender: LayerId| receivers().filter(move |&l| l != sender).map(move |l| (sender, l));
        let mut pairs: Vec<_> = match (from.layer, to.layer) {
            (Relative::Below, _) | (Relative::Own, Relative::Above) => self.edges.clone(),
            (Relative::Above, _) | (Relative::Own, Relative::Below) => {
                self.edges.iter().map(|&(u, v)| (v, u)).collect()
            }
            (Relative::Input, Relative::Output) => self.across().collect(),
            (Relative::Output, Relative::Input) => self.across().map(|(i, o)| (o, i)).collect(),
            (Relative::Input, _) => self.inputs().into_iter().flat_map(broadcast).collect(),
            (Relative::Output, _) => broadcast(self.output()).collect(),
            (Relative::Own, Relative::Output) => broadcast(self.output()).map(|(o, l)| (l, o)).collect(),
            (Relative::Own, Relative::Input) => {
                self.inputs().into_iter().flat_map(broadcast).map(|(i, l)| (l, i)).collect()
            }
            (Relative::Own, Relative::Own) => receivers().map(|l| (l, l)).collect(),
        };
        pairs.sort_by_key(|&(pre, post)| (post, pre));
        pairs
    }

    /// From each input layer to the output layer, if that is another.
    fn across(&self) -> impl Iterator<Item = (LayerId, LayerId)> {
        let output = self.output();
        self.inputs().into_iter().filter(move |&input| input != output).map(move |input| (input, output))
    }

    /// `input->h1`
    pub fn edge_name(&self, (pre, post): (LayerId, LayerId)) -> String {
        format!("{}->{}", self.layers[pre].name, self.layers[post].name)
    }
}
