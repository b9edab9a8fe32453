//! Which element of an input belongs to whom.

use std::fmt;

use plr_ir::model::{Owner, Pattern, Reading};

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
    /// A weight of a kernel.
    Shared {
        /// Its place in the kernel.
        weight: usize,
        /// The channel of the layer above.
        high: usize,
        /// The channel of the layer below.
        low: usize,
    },
    /// A unit's own parameter, or a channel's.
    UnitParameter {
        /// The unit or channel.
        unit: usize,
    },
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit { sample, unit } => write!(f, "unit {unit} in sample {sample}"),
            Self::Synapse { post, pre } => write!(f, "the synapse from unit {pre} to unit {post}"),
            Self::Shared { weight, high, low } => {
                write!(f, "weight {weight} of the kernel, from channel {low} to channel {high}")
            }
            Self::UnitParameter { unit } => write!(f, "unit {unit}"),
        }
    }
}

/// A few owners of a result of the given dimensions: the first, one in the middle, the last.
pub(super) fn chosen(owner: Owner, dims: &[usize]) -> Vec<Element> {
    let (rows, columns) = match *dims {
        [rows, columns] => (rows, columns),
        [units] => (units, units),
        [high, low, height, width] => (high, low * height * width),
        _ => (1, 1),
    };
    let pairs = [(0, 0), (rows / 2, columns - 1), (rows - 1, columns / 2)];
    let mut chosen: Vec<Element> = Vec::new();
    for (row, column) in pairs {
        let element = match (owner, dims) {
            (Owner::Unit, _) => Element::Unit { sample: row, unit: column },
            (Owner::Synapse, &[_, _, height, width]) => {
                Element::Shared { weight: row * columns + column, high: row, low: column / (height * width) }
            }
            // A synapse of a one-to-one projection has no column of its own.
            (Owner::Synapse, [] | [_]) => Element::Synapse { post: row, pre: row },
            (Owner::Synapse, _) => Element::Synapse { post: row, pre: column },
            (Owner::UnitParameter, _) => Element::UnitParameter { unit: row },
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
        Element::Shared { weight, .. } => return weight,
        Element::UnitParameter { unit } => (unit, 0),
    };
    match *dims {
        [_, columns] => row * columns + column,
        [_] => row,
        _ => 0,
    }
}

/// Whether the owner may read the element at `at` of an input by one reading; `value` are the dimensions of all owners'
/// results. `shared` says that the input is a parameter; otherwise its first axis counts samples, and a unit reads its own
/// sample only, whereas plasticity, a mean over the batch, reads all of them.
pub(super) fn may_read(
    (owner, value): (Element, &[usize]),
    reading: &Reading,
    dims: &[usize],
    shared: bool,
    at: usize,
) -> bool {
    let pattern = reading.pattern;
    if pattern == Pattern::Batch {
        return true;
    }
    let reader = Reader::new(owner, value);
    // A single number is everybody's.
    if shared || dims.is_empty() {
        return in_parameter(pattern, dims, at, reader);
    }
    let own_sample = match owner {
        Element::Unit { sample, .. } => Some(sample),
        Element::Synapse { .. } | Element::Shared { .. } | Element::UnitParameter { .. } => None,
    };
    let (sample, rest) = split(dims, at);
    let (units, unit) = match &reading.part {
        Some(part) if !part.contains(&rest) => return false,
        Some(part) => (&[part.len()][..], rest - part.start),
        None => (&dims[1..], rest),
    };
    own_sample.is_none_or(|own| own == sample) && in_sample(pattern, units, unit, reader)
}

/// A unit, or channel, among how many.
#[derive(Clone, Copy)]
struct Among(usize, usize);

impl Among {
    /// Whether it is the one at a place among `count` others: the same, its channel, or a unit of this channel.
    fn has(self, at: usize, count: usize) -> bool {
        let Self(own, owners) = self;
        if count > owners { at / (count / owners) == own } else { own / (owners / count) == at }
    }
}

/// The two ends of an owner: of a unit twice the same.
#[derive(Clone, Copy)]
struct Reader {
    post: Among,
    pre: Among,
    /// Its place in a kernel, if it is a weight of one.
    weight: Option<usize>,
}

impl Reader {
    fn new(owner: Element, value: &[usize]) -> Self {
        let extent = |axis: usize| value.get(axis).copied().unwrap_or(1);
        let last = value.len().saturating_sub(1);
        let unit = |unit: Among| Self { post: unit, pre: unit, weight: None };
        match owner {
            Element::Unit { unit: own, .. } => unit(Among(own, extent(last))),
            Element::UnitParameter { unit: own } => unit(Among(own, extent(0))),
            Element::Synapse { post, pre } => {
                Self { post: Among(post, extent(0)), pre: Among(pre, extent(last)), weight: None }
            }
            Element::Shared { weight, high, low } => {
                let (post, pre) = (Among(high, extent(0)), Among(low, extent(1)));
                Self { post, pre, weight: Some(weight) }
            }
        }
    }
}

/// The sample an element belongs to and its place within the sample.
fn split(dims: &[usize], at: usize) -> (usize, usize) {
    let size: usize = dims[1..].iter().product();
    (at / size, at % size)
}

/// One sample's quantities: one per unit, one per synapse (a trace), or a single one (a signal).
fn in_sample(pattern: Pattern, dims: &[usize], at: usize, reader: Reader) -> bool {
    dims.is_empty() || in_parameter(pattern, dims, at, reader)
}

/// A quantity of each unit `[units]` or of each synapse `[post, pre]`; of a kernel's weights the first two axes count.
fn in_parameter(pattern: Pattern, dims: &[usize], at: usize, Reader { post, pre, weight }: Reader) -> bool {
    let (rows, columns, inside) = match *dims {
        [rows, columns] => (rows, Some(columns), 1),
        [high, low, height, width] => (high, Some(low), height * width),
        [units] => (units, None, 1),
        _ => (1, None, 1),
    };
    let row = at / (columns.unwrap_or(1) * inside);
    match (pattern, columns) {
        (Pattern::Layer | Pattern::All | Pattern::Batch, _) => true,
        (Pattern::Near { own, theirs, places }, _) => {
            let Among(unit, _) = post;
            row % places == unit % places && row / places / theirs == unit / places / own
        }
        (Pattern::Own | Pattern::Row, _) => post.has(row, rows),
        (Pattern::Presynaptic, Some(columns)) => pre.has(at / inside % columns, columns),
        // The owner's own column: for a synapse, the postsynaptic unit's.
        (Pattern::Column, Some(columns)) => post.has(at / inside % columns, columns),
        (Pattern::Entry, Some(columns)) => match weight {
            Some(weight) => at == weight,
            None => post.has(row, rows) && pre.has(at % columns, columns),
        },
        (Pattern::Reciprocal, Some(columns)) => pre.has(row, rows) && post.has(at % columns, columns),
        (Pattern::Presynaptic | Pattern::Column | Pattern::Reciprocal, None) => pre.has(row, rows),
        (Pattern::Entry, None) => post.has(row, rows),
    }
}
