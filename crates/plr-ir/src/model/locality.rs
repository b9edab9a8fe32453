//! What each equation may read.

use std::ops::Range;

use crate::types::Location;

/// One equation of the rule at one layer or edge, with all that it may read according to the locality audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// What it computes and where, for people: `infer: x at h1`, `learn: W at input->h1`.
    pub name: String,
    /// Whose result `value` is: one per sample and unit `[batch, units]`, or, for plasticity, one per synapse
    /// `[post, pre]` or unit `[units]`, reduced over the batch.
    pub owner: Owner,
    /// The inputs of its program that it may read, and which of their elements; everything else must not matter.
    pub reads: Vec<Reading>,
    /// Where it stands.
    pub location: Location,
}

/// Who evaluates an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A unit: the dynamics of a state.
    Unit,
    /// A synapse: the plasticity of a weight.
    Synapse,
    /// A unit: the plasticity of its own parameter.
    UnitParameter,
}

/// One input of an equation.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The input's name: `s/h1`, `s/h1@free`, `W/input->h1`, `data`, `target`.
    pub input: String,
    /// The elements read by the owner: by unit `i`, or by the synapse from unit `j` to unit `i`.
    pub pattern: Pattern,
    /// The units that the pattern is about, if they are not all that the input has.
    pub part: Option<Range<usize>>,
}

/// Which elements of an input the owner reads. Samples never see each other except with [`Pattern::Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Element `i`: the owner's own unit, or the postsynaptic one.
    Own,
    /// Element `j`: the presynaptic unit.
    Presynaptic,
    /// Some units near the owner: those of a group of channels at its place, or those of another population that belong to it, or
    /// to which it belongs. They are the units at its place whose channel, divided by `theirs`, is the owner's, divided by `own`.
    Near {
        /// Of how many channels the owner's is one that all read the same.
        own: usize,
        /// How many channels they read.
        theirs: usize,
        /// How many units a channel has.
        places: usize,
    },
    /// All units of a layer, through synapses or a layer-wide reduction.
    Layer,
    /// Row `i` of a matrix: the synapses that end here.
    Row,
    /// Column `i` of a matrix: the synapses that leave here.
    Column,
    /// Element `(i, j)` of a matrix: this synapse.
    Entry,
    /// Element `(j, i)` of a matrix: the reciprocal synapse.
    Reciprocal,
    /// Every element of a matrix, or every unit of a layer, of the same sample: what reaches the owner through another
    /// unit that reads its own part of it.
    All,
    /// Every element, of all samples too.
    Batch,
}
