//! What arrives through synapses (R5.2, R5.14).
//!
//! Each synapse multiplies what is sent by an expression of its own, which may vary over samples, the units near by, that hear
//! the sum, and those far away, that send. Written out, that is a tensor of all three. But a sum may be taken apart, and in a
//! product the factors of the far units join what is sent, those of the near units what arrives; what is left is mostly a
//! matrix of weights, and only what truly is of both ends and a sample is written out.

use plr_ir::program::{ConvolveForm, PoolKind, ReduceKind};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::span::Span;

use crate::equation::Site;
use crate::group::{Along, Evaluator, Group};
use crate::hir::{Expr, ExprKind, Place, SynapseId};
use crate::winner::sent_up;

use super::environment::Unavailable;
use super::expression::{Context, Evaluated, Lowerer};
use super::factors::{joins_both_ends, multiplied, same_for_all_samples};
use super::term::{self, Axes, Extents, Term};
use super::written_out::written_out;

/// A product of factors, perhaps the opposite of it.
#[derive(Clone)]
struct Product<'e> {
    negative: bool,
    /// Each a factor or, if marked, a divisor.
    factors: Vec<(&'e Expr, bool)>,
}

/// The synapses of one instance, as they are read.
#[derive(Clone, Copy)]
struct Crossing<'c> {
    /// Against their direction.
    transposed: bool,
    /// What evaluates the expression of a synapse.
    own: Context<'c>,
    /// The units that hear, and those that send.
    groups: (Group, Group),
    /// Where this expression stands.
    at: Span,
}

impl Crossing<'_> {
    /// The axis of the units that send, in the words of the synapse.
    fn far(&self) -> Axes {
        if self.transposed { Axes::UNIT } else { self.own.own.presynaptic() }
    }

    /// The axis of those that hear.
    fn near(&self) -> Axes {
        if self.transposed { self.own.own.presynaptic() } else { Axes::UNIT }
    }

    /// As many units as there are along one of these, as the synapse sees them.
    fn extents(&self, axis: Axes) -> Extents {
        let Extents { samples, units, pre, .. } = self.own.extents;
        let units = if axis == Axes::PRE { pre } else { units };
        Extents { samples, units, pre: 1, shared: 1 }
    }
}

impl Lowerer<'_> {
    /// The sum over all instances of a synapse that end here (or, transposed, leave here) of what each of its synapses makes of
    /// what is sent (R5.2, R5.4); or the largest or smallest of what each makes (R5.23).
    pub fn arrive(
        &mut self,
        (synapse, transposed): (SynapseId, bool),
        together: ReduceKind,
        (weight, sent): (&Expr, &Expr),
        cx: Context<'_>,
    ) -> Evaluated {
        let setting = self.setting;
        let (joins, nothing) = match together {
            ReduceKind::Sum => (BinaryOp::Add, 0.0),
            ReduceKind::Max => (BinaryOp::Max, f64::NEG_INFINITY),
            ReduceKind::Min => (BinaryOp::Min, f64::INFINITY),
        };
        let mut total: Option<Term> = None;
        for pair in setting.rule.instances(&setting.network, synapse) {
            let (pre, post) = setting.rule.joined(synapse, pair);
            let (far, near) = if transposed { (post, pre) } else { (pre, post) };
            if Evaluator::Unit(near) != cx.reader {
                continue;
            }
            let extents = self.unit_extents(far);
            let delayed = setting.rule.synapses[synapse.0].delayed;
            let previous = self.states_before(cx).filter(|_| delayed);
            let (environment, late) = previous.as_ref().map_or((cx.environment, cx.late), |p| (p, true));
            let sender = Context { sender: Some(far), extents, environment, late, ..cx };
            let found = match previous.is_some() {
                true => self.as_in_the_step_before(cx, |lowerer| lowerer.evaluate(sent, sender))?,
                false => self.evaluate(sent, sender)?,
            };
            let found = term::as_number(&mut self.b, &extents, found);
            let found = term::widen(&mut self.b, &extents, found, Axes::UNIT);
            let found = if far.layer == near.layer { found } else { self.foreign(found) };
            let end = if transposed { Place::Post } else { Place::Pre };
            // R20.5
            let late: &[Place] = if transposed { &[Place::Pre, Place::Post] } else { &[Place::Pre] };
            let own = Context {
                phase: cx.phase,
                late: cx.late,
                delayed: if delayed { late } else { &[] },
                foreign: (far.layer != near.layer).then_some(end),
                ..self.synapse_context(synapse, Site::Edge(pair.0, pair.1), cx.environment)
            };
            let crossing = Crossing { transposed, own, groups: (near, far), at: weight.span };
            let made = match together {
                ReduceKind::Sum => self.through(weight, found, crossing)?,
                ReduceKind::Max | ReduceKind::Min => self.extreme(together, weight, crossing)?,
            };
            total = Some(match total {
                Some(total) => term::binary(&mut self.b, &cx.extents, joins, total, made),
                None => made,
            });
        }
        Ok(total.unwrap_or_else(|| term::number(&mut self.b, nothing)))
    }

    /// The largest or smallest of what the synapses of one instance make. Where they share weights, or join windows, none is one
    /// by itself.
    fn extreme(&mut self, which: ReduceKind, made: &Expr, crossing: Crossing<'_>) -> Evaluated {
        let own = crossing.own;
        if own.along.is_some() {
            return Err(Unavailable::Inseparable { at: crossing.at });
        }
        let found = self.evaluate(made, own)?;
        let found = term::as_number(&mut self.b, &own.extents, found);
        if own.own == Axes::UNIT {
            return Ok(found);
        }
        let found = term::reduce(&mut self.b, &own.extents, which, found, crossing.far());
        let of_units = found.axes.contains(crossing.near());
        let axes = found.axes.without(crossing.near());
        Ok(Term { axes: if of_units { axes.union(Axes::UNIT) } else { axes }, ..found })
    }

    /// What one instance makes of what is sent: along an edge with pooling, of what is sent pooled or, downwards, divided among
    /// the units of a window (R4.12).
    fn through(&mut self, weight: &Expr, sent: Term, crossing: Crossing<'_>) -> Evaluated {
        let upward = crossing.own.along.map(|along| along.upward != crossing.transposed);
        let pool = crossing.own.along.and_then(|along| along.join.pool);
        let sent = if upward == Some(true) { self.pooled(pool, sent) } else { sent };
        let mut sum: Option<Term> = None;
        let at_kernel = crossing.own.own == Axes::SHARED;
        let weight = &written_out(weight, &self.setting.library, at_kernel);
        for Product { negative, factors } in summands(weight, at_kernel) {
            let part = self.weighted(&factors, sent, crossing)?;
            let near = crossing.extents(crossing.near());
            sum = Some(match sum {
                Some(sum) => {
                    let op = if negative { BinaryOp::Sub } else { BinaryOp::Add };
                    term::binary(&mut self.b, &near, op, sum, part)
                }
                None if negative => self.negate(part, &near),
                None => part,
            });
        }
        let sum = sum.unwrap_or_else(|| term::number(&mut self.b, 0.0));
        match pool.filter(|_| upward == Some(false)) {
            None => Ok(sum),
            Some((PoolKind::Mean, pooling)) => {
                Ok(self.by_samples(sum, |lowerer, value| lowerer.b.unpool(pooling, value)))
            }
            Some((PoolKind::Max, pooling)) => {
                let units = self.sent_up(crossing)?;
                let near = crossing.extents(crossing.near());
                let units_extents = self.unit_extents(crossing.groups.0);
                let sum = term::widen(&mut self.b, &near, sum, Axes::SAMPLE.union(Axes::UNIT));
                let units = term::widen(&mut self.b, &units_extents, units, Axes::SAMPLE.union(Axes::UNIT));
                Ok(Term { value: self.b.unpool_by(pooling, sum.value, units.value), ..sum })
            }
        }
    }

    /// What the units that hear something from above send up along the same edge, whose largest wins a window (R4.14).
    fn sent_up(&mut self, crossing: Crossing<'_>) -> Evaluated {
        let (near, far) = crossing.groups;
        let (setting, own) = (self.setting, crossing.own);
        let sent = sent_up(&setting.rule, &setting.network, near, far);
        let sent = sent.ok_or(Unavailable::NotReversible { at: crossing.at })?;
        let unit = self.unit_context(near, own.environment, own.phase);
        let site = Some(Site::Layer(far.layer));
        let found = self.evaluate(sent, Context { sender: Some(near), site, late: own.late, ..unit })?;
        Ok(term::as_number(&mut self.b, &unit.extents, found))
    }

    /// The sum of what is sent, times the factors of each synapse.
    fn weighted(&mut self, factors: &[(&Expr, bool)], sent: Term, crossing: Crossing<'_>) -> Evaluated {
        let own = crossing.own;
        let mut found = Vec::new();
        for &(factor, divides) in factors {
            let term = self.evaluate(factor, own)?;
            let term = term::as_number(&mut self.b, &own.extents, term);
            found.push(if divides { self.inverse(term, &own.extents) } else { term });
        }
        if own.own == Axes::UNIT {
            let weight = self.product(&found, &own.extents);
            return Ok(term::binary(&mut self.b, &own.extents, BinaryOp::Mul, weight, sent));
        }
        let of = |axes: Axes, all: &mut Vec<Term>| {
            all.extract_if(.., |f| Axes::SAMPLE.union(axes).contains(f.axes)).collect::<Vec<_>>()
        };
        let mut synaptic: Vec<Term> = found.extract_if(.., |f| f.axes == own.own).collect();
        let near = of(crossing.near(), &mut found);
        let far = of(crossing.far(), &mut found);
        synaptic.extend(found);
        if far.is_empty() && synaptic.is_empty() && near.is_empty() {
            unreachable!("a product has factors");
        }
        let sent = self.joined(far, crossing.far(), sent, crossing);
        let weight = self.product(&synaptic, &own.extents);
        let weight = term::widen(&mut self.b, &own.extents, weight, own.own);
        let sum = match own.along.and_then(|along| Some((along, along.kernel()?))) {
            None => self.summed(sent, weight, crossing),
            Some(_) if weight.axes != Axes::SHARED => {
                return Err(Unavailable::Inseparable { at: crossing.at });
            }
            Some((along, kernel)) => {
                let Along { upward, .. } = along;
                let upward = upward != crossing.transposed;
                let form = if upward { ConvolveForm::Forward } else { ConvolveForm::Adjoint };
                let weights = self.b.reshape(weight.value, &kernel.kernel_dims());
                self.by_samples(sent, |lowerer, value| lowerer.b.convolve(form, kernel, value, weights))
            }
        };
        Ok(self.joined(near, crossing.near(), sum, crossing))
    }

    /// The sum over the units that send of what is sent times what each synapse has, for each sample if that differs from one
    /// to the other.
    fn summed(&mut self, sent: Term, weight: Term, crossing: Crossing<'_>) -> Term {
        let by_sample = weight.axes.contains(Axes::SAMPLE);
        let sent = match by_sample {
            true => term::widen(&mut self.b, &crossing.extents(crossing.far()), sent, Axes::SAMPLE),
            false => sent,
        };
        let spec = match (by_sample, sent.axes.contains(Axes::SAMPLE), crossing.transposed) {
            (true, _, false) => "bj,bij->bi",
            (true, _, true) => "bi,bij->bj",
            (false, true, false) => "bj,ij->bi",
            (false, true, true) => "bi,ij->bj",
            (false, false, false) => "j,ij->i",
            (false, false, true) => "i,ij->j",
        };
        Term { value: self.b.contract(spec, sent.value, weight.value), axes: sent.axes }
    }

    /// A value of units at one end times the factors that a synapse has of them, or of none.
    fn joined(&mut self, factors: Vec<Term>, axis: Axes, value: Term, crossing: Crossing<'_>) -> Term {
        let extents = crossing.extents(axis);
        factors.into_iter().fold(value, |value, factor| {
            let axes = if factor.axes.contains(axis) {
                factor.axes.without(axis).union(Axes::UNIT)
            } else {
                factor.axes
            };
            term::binary(&mut self.b, &extents, BinaryOp::Mul, Term { axes, ..factor }, value)
        })
    }

    fn inverse(&mut self, x: Term, extents: &Extents) -> Term {
        let one = term::number(&mut self.b, 1.0);
        term::binary(&mut self.b, extents, BinaryOp::Div, one, x)
    }

    /// What belongs to the synapse itself: where it is read backwards, to the layer at the other end.
    pub fn of_synapse(&mut self, term: Term, cx: Context<'_>) -> Term {
        if cx.foreign == Some(Place::Post) { self.foreign(term) } else { term }
    }
}

/// What each synapse multiplies by as a sum of products. At a kernel products of sums are multiplied out.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn summands(weight: &Expr, at_kernel: bool) -> Vec<Product<'_>> {
    if !same_for_all_samples(weight) {
        match &weight.kind {
            ExprKind::Binary(BinaryOp::Add, a, b) => {
                return [summands(a, at_kernel), summands(b, at_kernel)].concat();
            }
            ExprKind::Binary(BinaryOp::Sub, a, b) => {
                let mut both = summands(a, at_kernel);
                both.extend(summands(b, at_kernel).into_iter().map(Product::opposite));
                return both;
            }
            ExprKind::Unary(UnaryOp::Neg, a) => {
                return summands(a, at_kernel).into_iter().map(Product::opposite).collect();
            }
            ExprKind::Binary(BinaryOp::Mul, a, b) if at_kernel => {
                let (a, b) = (terms(a), terms(b));
                if multiplied(a.len() as u64, b.len() as u64).is_some() {
                    return a.iter().flat_map(|x| b.iter().map(move |y| x.joined(y))).collect();
                }
            }
            _ => {}
        }
    }
    whole(weight)
}

/// The terms of a factor: of what joins both ends, so that each may be of one.
fn terms(factor: &Expr) -> Vec<Product<'_>> {
    if joins_both_ends(factor) { summands(factor, true) } else { whole(factor) }
}

/// One product.
fn whole(weight: &Expr) -> Vec<Product<'_>> {
    let mut product = Product { negative: false, factors: Vec::new() };
    product.multiply(weight);
    vec![product]
}

impl<'e> Product<'e> {
    /// The product of both.
    fn joined(&self, other: &Self) -> Self {
        let factors = self.factors.iter().chain(&other.factors).copied().collect();
        Self { negative: self.negative != other.negative, factors }
    }

    fn opposite(self) -> Self {
        Self { negative: !self.negative, ..self }
    }

    /// Takes an expression apart into factors where it is of several owners.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn multiply(&mut self, expr: &'e Expr) {
        match &expr.kind {
            ExprKind::Binary(BinaryOp::Mul, a, b) if !same_for_all_samples(expr) => {
                self.multiply(a);
                self.multiply(b);
            }
            ExprKind::Binary(BinaryOp::Div, a, b) if joins_both_ends(expr) => {
                self.multiply(a);
                self.factors.push((b, true));
            }
            ExprKind::Unary(UnaryOp::Neg, a) if !same_for_all_samples(expr) => {
                self.negative = !self.negative;
                self.multiply(a);
            }
            _ => self.factors.push((expr, false)),
        }
    }
}
