//! Along edges with kernels and pooling: what is sent through them, and what is summed for a shared weight.

use plr_ir::Value;
use plr_ir::geometry::{Convolution, Pooling};
use plr_ir::program::{ConvolveForm, PoolKind, ReduceKind};
use plr_ir::scalar::BinaryOp;

use crate::group::{Along, Evaluator, Group};
use crate::hir::{Coordinate, Place, PopulationId};

use super::expression::{Context, Lowerer};
use super::term::{self, Axes, Term};

impl Lowerer<'_> {
    /// The units of the layer below as those above see them through the edge's pooling: what varies over units is pooled.
    pub fn pooled(&mut self, pool: Option<(PoolKind, Pooling)>, x: Term) -> Term {
        match pool {
            Some((kind, pooling)) if x.axes.contains(Axes::UNIT) => {
                self.by_samples(x, |lowerer, value| lowerer.b.pool(kind, pooling, value))
            }
            Some(_) | None => x,
        }
    }

    /// An operation on units of samples; what is the same for all samples is one sample.
    pub fn by_samples(&mut self, x: Term, apply: impl FnOnce(&mut Self, Value) -> Value) -> Term {
        if x.axes.contains(Axes::SAMPLE) {
            return Term { value: apply(self, x.value), ..x };
        }
        let units = self.b.type_of(x.value).count();
        let one = self.b.reshape(x.value, &[1, units]);
        let value = apply(self, one);
        let units = self.b.type_of(value).count();
        Term { value: self.b.reshape(value, &[units]), ..x }
    }

    /// Where each unit of who evaluates, or sends, is in its layer, or in a signal each of a population there (R5.17).
    pub fn coordinate(
        &mut self,
        coordinate: Coordinate,
        (place, population): (Place, PopulationId),
        cx: Context<'_>,
    ) -> Term {
        let group = match (cx.sender, cx.reader) {
            (Some(group), _) | (None, Evaluator::Unit(group)) => group,
            (None, Evaluator::Nobody | Evaluator::Synapse(..)) => {
                Group { population, layer: self.layer(place, cx) }
            }
        };
        let setting = self.setting;
        let units = setting.units(group);
        let space = setting.rule.space(&setting.network, group);
        let all = match space {
            Some(space) => vec![space.channels, space.height, space.width],
            None => vec![units, 1, 1],
        };
        let (dims, axis) = match coordinate {
            Coordinate::Index => (vec![units], 0),
            Coordinate::Channel => (all, 0),
            Coordinate::Row => (all, 1),
            Coordinate::Column => (all, 2),
        };
        let along = self.counted(dims[axis]);
        let spread = self.b.broadcast(along, &[axis], &dims);
        Term { value: self.b.reshape(spread, &[units]), axes: Axes::UNIT }
    }

    /// 0, 1, 2, …
    fn counted(&mut self, count: usize) -> Value {
        let ones = self.b.constant(1.0, &[count]);
        let sums = self.b.running_sum(ones, 0);
        self.b.binary(BinaryOp::Sub, sums, ones)
    }

    /// A unit parameter, one number for each channel, for each unit (R3.10).
    pub fn by_units(&mut self, values: Value, [channels, positions]: [usize; 2]) -> Value {
        let repeated = self.b.broadcast(values, &[0], &[channels, positions]);
        self.b.reshape(repeated, &[channels * positions])
    }

    /// The sum over positions, and samples if there are some, of what the units of a channel would add to their parameter:
    /// first of each sample, so that samples stay apart as long as they can.
    fn by_channels(&mut self, x: Term, channels: usize) -> Value {
        let samples = if x.axes.contains(Axes::SAMPLE) { self.b.type_of(x.value).dims[0] } else { 1 };
        let positions = self.b.type_of(x.value).count() / (samples * channels);
        if !x.axes.contains(Axes::SAMPLE) {
            let places = self.b.reshape(x.value, &[channels, positions]);
            return self.b.reduce(ReduceKind::Sum, places, &[1]);
        }
        let places = self.b.reshape(x.value, &[samples, channels, positions]);
        let sums = self.b.reduce(ReduceKind::Sum, places, &[2]);
        self.b.reduce(ReduceKind::Sum, sums, &[0])
    }

    /// What a product of factors, each of one end or of weights, adds to each weight of a kernel: the sum over samples and
    /// over all pairs of units that the weight joins, or their mean (R8.13).
    fn sum_over_pairs(
        &mut self,
        factors: &[Term],
        along: Along,
        kernel: Convolution,
        cx: Context<'_>,
    ) -> Term {
        let extents = &cx.extents;
        let of = |wanted: fn(&Term) -> bool| factors.iter().copied().filter(wanted).collect::<Vec<_>>();
        let weights = of(|f| f.axes.contains(Axes::SHARED));
        let pre = of(|f| f.axes.contains(Axes::PRE));
        let post = of(|f| !f.axes.contains(Axes::SHARED) && !f.axes.contains(Axes::PRE));
        let (post, pre) = (self.product(&post, extents), self.product(&pre, extents));
        let samples = Axes::SAMPLE;
        let both = if post.axes.union(pre.axes).contains(samples) { samples } else { Axes::NONE };
        let post = term::widen(&mut self.b, extents, post, both.union(Axes::UNIT));
        let pre = term::widen(&mut self.b, extents, pre, both.union(Axes::PRE));
        let [post, pre] = [post, pre].map(|end| self.as_samples(end));
        let mut sum = self.correlated(post, pre, along, kernel, cx);
        if cx.sets {
            let pairs = self.pairs(along, kernel, cx);
            sum = term::binary(&mut self.b, extents, BinaryOp::Div, sum, pairs);
        }
        let multiply = |sum, weight| term::binary(&mut self.b, extents, BinaryOp::Mul, sum, weight);
        weights.into_iter().fold(sum, multiply)
    }

    /// The sum of products of both ends, `[samples, units]` each, over all pairs that a weight joins.
    fn correlated(
        &mut self,
        post: Value,
        pre: Value,
        along: Along,
        kernel: Convolution,
        cx: Context<'_>,
    ) -> Term {
        let (high, low) = if along.upward { (post, pre) } else { (pre, post) };
        let sum = self.b.convolve(ConvolveForm::Correlate, kernel, high, low);
        Term { value: self.b.reshape(sum, &[cx.extents.shared]), axes: Axes::SHARED }
    }

    /// How many pairs of units each weight joins, 1 where it joins none.
    fn pairs(&mut self, along: Along, kernel: Convolution, cx: Context<'_>) -> Term {
        let post = self.b.constant(1.0, &[1, cx.extents.units]);
        let pre = self.b.constant(1.0, &[1, cx.extents.pre]);
        let pairs = self.correlated(post, pre, along, kernel, cx);
        let one = term::number(&mut self.b, 1.0);
        term::binary(&mut self.b, &cx.extents, BinaryOp::Max, pairs, one)
    }

    /// What a product of factors adds to shared numbers, summed over samples and over the pairs of units, or units, that share
    /// each, unless it counts once (R8.13).
    pub fn reduce_shared(&mut self, factors: &[Term], once: bool, cx: Context<'_>) -> Term {
        let extents = &cx.extents;
        if let Some((along, kernel)) =
            cx.along.and_then(|along| Some((along, along.kernel()?))).filter(|_| !once)
        {
            return self.sum_over_pairs(factors, along, kernel, cx);
        }
        let (shared, units): (Vec<Term>, Vec<Term>) =
            factors.iter().copied().partition(|f| f.axes.contains(Axes::SHARED));
        let product = self.product(&units, extents);
        let sum = if once {
            self.over_batch(product, extents)
        } else {
            let product = term::widen(&mut self.b, extents, product, Axes::UNIT);
            let sum = Term { value: self.by_channels(product, extents.shared), axes: Axes::SHARED };
            let places = term::number(&mut self.b, (extents.units / extents.shared) as f64);
            if cx.sets { term::binary(&mut self.b, extents, BinaryOp::Div, sum, places) } else { sum }
        };
        let multiply = |sum, factor| term::binary(&mut self.b, extents, BinaryOp::Mul, sum, factor);
        shared.into_iter().fold(sum, multiply)
    }

    /// `[samples, units]`, with one sample where there is none.
    fn as_samples(&mut self, x: Term) -> Value {
        if x.axes.contains(Axes::SAMPLE) {
            return x.value;
        }
        let units = self.b.type_of(x.value).count();
        self.b.reshape(x.value, &[1, units])
    }
}
