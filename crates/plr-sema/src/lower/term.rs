//! Values with named axes: which of sample, unit and presynaptic unit a value varies over.
//!
//! A constant stays a scalar and a bias a vector until an operation needs them wider, so that nothing is repeated
//! in memory for the sake of shapes.

use plr_ir::builder::Builder;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_ir::{Elem, Value};

/// A set of axes, in the order of a tensor's dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes(u8);

impl Axes {
    /// No axis: the same for all.
    pub const NONE: Self = Self(0);
    /// The samples of the minibatch.
    pub const SAMPLE: Self = Self(1);
    /// The units of the reader's layer; for a synapse, the postsynaptic ones.
    pub const UNIT: Self = Self(2);
    /// The presynaptic units.
    pub const PRE: Self = Self(4);
    /// Numbers that several units or synapses share: the weights of a kernel, or a parameter's values by channel.
    pub const SHARED: Self = Self(8);

    /// Both sets together.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The axes of `self` that are not in `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` are in `self`.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether what has these axes varies over both ends of synapses.
    pub fn joins_both_ends(self) -> bool {
        self.contains(Self::UNIT.union(Self::PRE))
    }

    /// The axis of the presynaptic units of synapses with these axes: in a one-to-one projection that of the postsynaptic
    /// ones.
    pub fn presynaptic(self) -> Self {
        if self == Self::UNIT { Self::UNIT } else { Self::PRE }
    }

    /// Whether something varies over more than one of post, pre and what is shared.
    pub fn is_mixed(self) -> bool {
        self.without(Self::SAMPLE).list().count() > 1
    }

    /// The single axes in order.
    fn list(self) -> impl Iterator<Item = Self> {
        [Self::SAMPLE, Self::UNIT, Self::PRE, Self::SHARED].into_iter().filter(move |a| self.contains(*a))
    }

    /// The position of one axis among the dimensions.
    fn position(self, axis: Self) -> usize {
        self.list().position(|a| a == axis).unwrap_or(0)
    }
}

/// A value and the axes it varies over.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// The value; its dimensions are the extents of the axes.
    pub value: Value,
    /// Its axes.
    pub axes: Axes,
}

/// How long the axes are where an expression is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Extents {
    /// Samples.
    pub samples: usize,
    /// Units of the reader's layer.
    pub units: usize,
    /// Presynaptic units.
    pub pre: usize,
    /// Shared numbers.
    pub shared: usize,
}

impl Extents {
    /// The dimensions of a value with these axes.
    pub fn dims(&self, axes: Axes) -> Vec<usize> {
        axes.list()
            .map(|axis| match axis {
                Axes::SAMPLE => self.samples,
                Axes::UNIT => self.units,
                Axes::PRE => self.pre,
                _ => self.shared,
            })
            .collect()
    }
}

/// Repeats a term along the axes it lacks.
pub fn widen(b: &mut Builder, extents: &Extents, term: Term, axes: Axes) -> Term {
    let axes = axes.union(term.axes);
    let places: Vec<usize> = term.axes.list().map(|axis| axes.position(axis)).collect();
    Term { value: b.broadcast(term.value, &places, &extents.dims(axes)), axes }
}

/// Both terms over the axes of either.
pub fn meet(b: &mut Builder, extents: &Extents, x: Term, y: Term) -> (Term, Term) {
    (widen(b, extents, x, y.axes), widen(b, extents, y, x.axes))
}

/// A real constant.
pub fn number(b: &mut Builder, x: f64) -> Term {
    Term { value: b.constant(x, &[]), axes: Axes::NONE }
}

/// Truth values as the numbers 1 and 0; numbers as they are.
pub fn as_number(b: &mut Builder, extents: &Extents, term: Term) -> Term {
    if b.type_of(term.value).elem != Elem::Bool {
        return term;
    }
    let dims = extents.dims(term.axes);
    let (one, zero) = (b.constant(1.0, &dims), b.constant(0.0, &dims));
    Term { value: b.select(term.value, one, zero), axes: term.axes }
}

/// A number as a truth value: whether it is not 0 (R5.9).
pub fn as_condition(b: &mut Builder, extents: &Extents, term: Term) -> Term {
    if b.type_of(term.value).elem == Elem::Bool {
        return term;
    }
    let zero = b.constant(0.0, &extents.dims(term.axes));
    Term { value: b.compare(CompareOp::Ne, term.value, zero), axes: term.axes }
}

/// A scalar operation, element by element.
pub fn unary(b: &mut Builder, extents: &Extents, op: UnaryOp, x: Term) -> Term {
    let x = as_number(b, extents, x);
    Term { value: b.unary(op, x.value), axes: x.axes }
}

/// A scalar operation on two terms, element by element over the axes of either.
pub fn binary(b: &mut Builder, extents: &Extents, op: BinaryOp, x: Term, y: Term) -> Term {
    let (x, y) = (as_number(b, extents, x), as_number(b, extents, y));
    let (x, y) = meet(b, extents, x, y);
    Term { value: b.binary(op, x.value, y.value), axes: x.axes }
}

/// A comparison of two terms.
pub fn compare(b: &mut Builder, extents: &Extents, op: CompareOp, x: Term, y: Term) -> Term {
    let (x, y) = (as_number(b, extents, x), as_number(b, extents, y));
    let (x, y) = meet(b, extents, x, y);
    Term { value: b.compare(op, x.value, y.value), axes: x.axes }
}

/// Conjunction (`all`) or disjunction of two conditions.
pub fn logic(b: &mut Builder, extents: &Extents, all: bool, x: Term, y: Term) -> Term {
    let (x, y) = (as_condition(b, extents, x), as_condition(b, extents, y));
    let (x, y) = meet(b, extents, x, y);
    let value = if all { b.and(x.value, y.value) } else { b.or(x.value, y.value) };
    Term { value, axes: x.axes }
}

/// `x` where the condition holds, else `y`.
pub fn select(b: &mut Builder, extents: &Extents, condition: Term, x: Term, y: Term) -> Term {
    let condition = as_condition(b, extents, condition);
    let (x, y) = (as_number(b, extents, x), as_number(b, extents, y));
    let axes = condition.axes.union(x.axes).union(y.axes);
    let [c, x, y] = [condition, x, y].map(|t| widen(b, extents, t, axes));
    Term { value: b.select(c.value, x.value, y.value), axes }
}

/// Folds one axis away. A term that does not vary along the axis is repeated first, so that a sum counts it.
pub fn reduce(b: &mut Builder, extents: &Extents, kind: ReduceKind, x: Term, axis: Axes) -> Term {
    let x = as_number(b, extents, x);
    let x = widen(b, extents, x, axis);
    let value = b.reduce(kind, x.value, &[x.axes.position(axis)]);
    Term { value, axes: x.axes.without(axis) }
}

/// The ranks of the reader's units. What is ranked is of units alone, never of synapses (R5.13).
pub fn rank(b: &mut Builder, extents: &Extents, x: Term) -> Term {
    let x = as_number(b, extents, x);
    let x = widen(b, extents, x, Axes::UNIT);
    debug_assert!(!x.axes.contains(Axes::PRE), "the units of two layers are ranked");
    Term { value: b.rank(x.value), axes: x.axes }
}

/// The sums along an axis so far: over the reader's units or, of a synapse, those from one unit (R5.15) or into one (R5.24).
pub fn running_sum(b: &mut Builder, extents: &Extents, x: Term, axis: Axes) -> Term {
    let x = as_number(b, extents, x);
    let x = widen(b, extents, x, axis);
    Term { value: b.running_sum(x.value, x.axes.position(axis)), axes: x.axes }
}

/// What a value is in the sample before, for the first one in the last (R5.18): one after the other, as in a loop that keeps
/// the one it has just passed.
pub fn shift(b: &mut Builder, x: Term) -> Term {
    let samples = b.type_of(x.value).dims.first().copied().filter(|_| x.axes.contains(Axes::SAMPLE));
    let Some(samples) = samples.and_then(|samples| u32::try_from(samples).ok()).filter(|&s| s > 1) else {
        return x;
    };
    let rest = b.type_of(x.value).dims[1..].to_vec();
    let nothing = [b.constant(0.0, &rest)];
    let (index, _) = b.begin_repeat(&nothing);
    let here = b.slice(x.value, 0, index);
    let last = b.end_repeat(samples, &nothing, vec![here], None);
    let initial = [x.value, last[0]];
    let (index, carried) = b.begin_repeat(&initial);
    let shifted = b.insert(carried[0], carried[1], 0, index);
    let here = b.slice(x.value, 0, index);
    let done = b.end_repeat(samples, &initial, vec![shifted, here], None);
    Term { value: done[0], ..x }
}

/// For each sample what a value is in the sample at its place in `order`, bit for bit.
pub fn permuted(b: &mut Builder, x: Term, order: Value) -> Term {
    let dims = b.type_of(x.value).dims.clone();
    let others: Vec<usize> = (1..dims.len()).collect();
    let initial = [x.value];
    let (index, carried) = b.begin_repeat(&initial);
    let here = b.slice(x.value, 0, index);
    let here = b.broadcast(here, &others, &dims);
    let place = b.convert_index(index);
    let place = b.broadcast(place, &[], &dims[..1]);
    let gets = b.compare(CompareOp::Eq, order, place);
    let gets = b.broadcast(gets, &[0], &dims);
    let next = b.select(gets, here, carried[0]);
    let done = b.end_repeat(dims[0] as u32, &initial, vec![next], None);
    Term { value: done[0], ..x }
}
