//! Which element of an input belongs to whom.

use std::fmt;

use plr_ir::model::{Owner, Pattern};

/// The owner of one element of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// A unit's state in one sample.
    Unit {
        /// The sample.
        sample: usize,
        /// The unit.
        unit: usize,
    },
    /// A synapse.
    Synapse {
        /// The postsynaptic unit.
        post: usize,
        /// The presynaptic unit.
        pre: usize,
    },
    /// A unit's own parameter.
    UnitParameter {
        /// The unit.
        unit: usize,
    },
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit { sample, unit } => write!(f, "unit {unit} in sample {sample}"),
            Self::Synapse { post, pre } => write!(f, "the synapse from unit {pre} to unit {post}"),
            Self::UnitParameter { unit } => write!(f, "unit {unit}"),
        }
    }
}

/// A few owners of a result of the given dimensions: the first, one in the middle, the last.
pub(super) fn chosen(owner: Owner, dims: &[usize]) -> Vec<Element> {
    let (rows, columns) = match *dims {
        [rows, columns] => (rows, columns),
        [units] => (units, units),
        _ => (1, 1),
    };
    let pairs = [(0, 0), (rows / 2, columns - 1), (rows - 1, columns / 2)];
    let mut chosen: Vec<Element> = Vec::new();
    for (row, column) in pairs {
        let element = match owner {
            Owner::Unit => Element::Unit { sample: row, unit: column },
            // A synapse of a one-to-one projection has no column of its own.
            Owner::Synapse if dims.len() < 2 => Element::Synapse { post: row, pre: row },
            Owner::Synapse => Element::Synapse { post: row, pre: column },
            Owner::UnitParameter => Element::UnitParameter { unit: row },
        };
        if !chosen.contains(&element) {
            chosen.push(element);
        }
    }
    chosen
}

/// The place of an owner's element in a result of the given dimensions.
pub(super) fn place(owner: Element, dims: &[usize]) -> usize {
    let (row, column) = match owner {
        Element::Unit { sample, unit } => (sample, unit),
        Element::Synapse { post, pre } => (post, pre),
        Element::UnitParameter { unit } => (unit, 0),
    };
    match *dims {
        [_, columns] => row * columns + column,
        [_] => row,
        _ => 0,
    }
}

/// Whether the owner may read the element at `at` of an input under one pattern. `shared` says that the input is a
/// parameter; otherwise its first axis counts samples, and a unit reads its own sample only, whereas plasticity, a mean
/// over the batch, reads all of them.
pub(super) fn may_read(owner: Element, pattern: Pattern, dims: &[usize], shared: bool, at: usize) -> bool {
    if pattern == Pattern::Batch {
        return true;
    }
    let (post, pre, own_sample) = match owner {
        Element::Unit { sample, unit } => (unit, unit, Some(sample)),
        Element::Synapse { post, pre } => (post, pre, None),
        Element::UnitParameter { unit } => (unit, unit, None),
    };
    if shared {
        return in_parameter(pattern, dims, at, post, pre);
    }
    let (sample, rest) = split(dims, at);
    own_sample.is_none_or(|own| own == sample) && in_sample(pattern, &dims[1..], rest, post, pre)
}

/// The sample an element belongs to and its place within the sample.
fn split(dims: &[usize], at: usize) -> (usize, usize) {
    let size: usize = dims[1..].iter().product();
    (at / size, at % size)
}

/// One sample's quantities: one per unit, one per synapse (a trace), or a single one (a signal).
fn in_sample(pattern: Pattern, dims: &[usize], at: usize, post: usize, pre: usize) -> bool {
    dims.is_empty() || in_parameter(pattern, dims, at, post, pre)
}

/// A quantity of each unit `[units]` or of each synapse `[post, pre]`.
fn in_parameter(pattern: Pattern, dims: &[usize], at: usize, post: usize, pre: usize) -> bool {
    match (pattern, dims) {
        (Pattern::Layer | Pattern::All | Pattern::Batch, _) => true,
        (Pattern::Own | Pattern::Row, &[_, columns]) => at / columns == post,
        (Pattern::Presynaptic, &[_, columns]) => at % columns == pre,
        // The owner's own column: for a synapse, the postsynaptic unit's.
        (Pattern::Column, &[_, columns]) => at % columns == post,
        (Pattern::Entry, &[_, columns]) => at == post * columns + pre,
        (Pattern::Reciprocal, &[_, columns]) => at == pre * columns + post,
        (Pattern::Presynaptic | Pattern::Column | Pattern::Reciprocal, _) => at == pre,
        (Pattern::Own | Pattern::Row | Pattern::Entry, _) => at == post,
    }
}
