//! Plasticity: the reduction over samples of a synapse's or unit's equation, as contractions wherever it factors.
//!
//! A synapse's equation is one number per sample, postsynaptic and presynaptic unit. Written out, that is a tensor of
//! batch × post × pre. But equations of the whiteboard are sums of products of a postsynaptic factor, a presynaptic
//! factor and perhaps the weight, and `Σ_b p_bi q_bj` is a matrix product. So the equation is expanded just as far as
//! its terms factor, and only what does not factor is written out.

use plr_ir::Value;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::ast::BatchReduction;

use crate::hir::{Expr, ExprKind, PlasticityId};
use crate::memory::has_filter;

use super::environment::{Environment, Unavailable};
use super::expression::{Context, Lowerer};
use super::factors::{counts_once, is_multiplied_out, is_one_factor, joins_both_ends, same_for_all_samples};
use super::setting::ParameterId;
use super::term::{self, Axes, Extents, Term};
use super::written_out::written_out;

/// A product.
struct Product {
    /// Its sign.
    sign: f64,
    factors: Vec<Term>,
    /// One of the factors is what a filter returns, to whom the samples have been added up already.
    filtered: bool,
}

impl Lowerer<'_> {
    /// What an equation adds to a parameter, reduced over samples.
    pub fn increment(
        &mut self,
        equation: PlasticityId,
        id: ParameterId,
        environment: &Environment,
    ) -> Result<Value, Unavailable> {
        let setting = self.setting;
        let place = setting.rule.phases.len() + equation.0;
        let equation = &setting.rule.plasticity[equation.0];
        let Some(site) = id.site() else { unreachable!("whatever learns has a site") };
        let cx = self.learner_context(equation.target, site, environment);
        self.draw_for_learned(place, equation.target, site);
        let cx = Context { reduction: equation.reduction, sets: equation.sets, ..cx };
        let at_kernel = cx.own == Axes::SHARED;
        let increment = written_out(&equation.increment, &setting.library, at_kernel);
        let total = self.over_samples(&increment, cx)?;
        let total = term::as_number(&mut self.b, &cx.extents, total);
        let own = cx.own;
        let total = term::widen(&mut self.b, &cx.extents, total, own).value;
        Ok(self.laid_out(total, cx))
    }

    /// What each synapse or unit that evaluates has one number of; a kernel's weights are one axis.
    pub fn own(&mut self, value: Value, cx: Context<'_>) -> Term {
        match cx.along.and_then(|along| along.kernel()) {
            Some(_) => Term { value: self.b.reshape(value, &[cx.extents.shared]), axes: cx.own },
            None => Term { value, axes: cx.own },
        }
    }

    /// One number for each shared weight in the shape of its kernel; other things as they are.
    pub fn laid_out(&mut self, value: Value, cx: Context<'_>) -> Value {
        match cx.along.and_then(|along| along.kernel()) {
            Some(kernel) => self.b.reshape(value, &kernel.kernel_dims()),
            None => value,
        }
    }

    /// The reduction over samples of an expression. Linear structure is followed from outside: sums, and factors that do
    /// not vary over samples, stay outside the reduction.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    pub fn over_samples(&mut self, expr: &Expr, cx: Context<'_>) -> Result<Term, Unavailable> {
        let extents = &cx.extents;
        Ok(match &expr.kind {
            ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
                let (a, b) = (self.over_samples(a, cx)?, self.over_samples(b, cx)?);
                term::binary(&mut self.b, extents, *op, a, b)
            }
            ExprKind::Unary(UnaryOp::Neg, a) => {
                let a = self.over_samples(a, cx)?;
                self.negate(a, extents)
            }
            ExprKind::Binary(op @ (BinaryOp::Mul | BinaryOp::Div), a, b) => {
                let right = self.constant_over_samples(b, cx);
                let left = if *op == BinaryOp::Mul && right.is_none() {
                    self.constant_over_samples(a, cx)
                } else {
                    None
                };
                match (left, right) {
                    (Some(left), _) => {
                        let sum = self.over_samples(b, cx)?;
                        term::binary(&mut self.b, extents, *op, left?, sum)
                    }
                    (None, Some(right)) => {
                        let sum = self.over_samples(a, cx)?;
                        term::binary(&mut self.b, extents, *op, sum, right?)
                    }
                    (None, None) => self.sum_of_products(expr, cx)?,
                }
            }
            _ => self.sum_of_products(expr, cx)?,
        })
    }

    /// The expression, if it is a constant or a weight: something that cannot vary over samples whatever the rule, and that no
    /// filter has made of samples. Where numbers are shared it is a constant, since a weight counts for each pair of units only
    /// beside what they have (R8.13).
    fn constant_over_samples(&mut self, expr: &Expr, cx: Context<'_>) -> Option<Result<Term, Unavailable>> {
        if !same_for_all_samples(expr) || has_filter(expr) {
            return None;
        }
        let found = self.evaluate(expr, cx);
        let shared = cx.own == Axes::SHARED;
        (!shared || found.as_ref().is_ok_and(|found| found.axes == Axes::NONE)).then_some(found)
    }

    fn sum_of_products(&mut self, expr: &Expr, cx: Context<'_>) -> Result<Term, Unavailable> {
        let of_unit = cx.along.is_none();
        let once = cx.own == Axes::SHARED && counts_once(expr, of_unit, &self.setting.rule);
        let cx = Context { by_channel: once && of_unit, ..cx };
        let mut total: Option<Term> = None;
        for product in self.products(expr, cx)? {
            let part = self.reduce_product(product, once, cx);
            total = Some(match total {
                Some(total) => term::binary(&mut self.b, &cx.extents, BinaryOp::Add, total, part),
                None => part,
            });
        }
        Ok(total.unwrap_or_else(|| term::number(&mut self.b, 0.0)))
    }

    /// Expands an expression over samples, post and pre into products of factors of fewer axes.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn products(&mut self, expr: &Expr, cx: Context<'_>) -> Result<Vec<Product>, Unavailable> {
        if is_one_factor(expr) {
            return Ok(vec![self.single(expr, cx)?]);
        }
        Ok(match &expr.kind {
            ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
                let (mut a, b) = (self.products(a, cx)?, self.products(b, cx)?);
                let sign = if *op == BinaryOp::Sub { -1.0 } else { 1.0 };
                a.extend(b.into_iter().map(|product| product.times(sign)));
                a
            }
            ExprKind::Unary(UnaryOp::Neg, a) => {
                self.products(a, cx)?.into_iter().map(|product| product.times(-1.0)).collect()
            }
            ExprKind::Binary(BinaryOp::Mul, a, b) if is_multiplied_out(a, b) => {
                let (a, b) = (self.products(a, cx)?, self.products(b, cx)?);
                a.iter().flat_map(|x| b.iter().map(move |y| x.joined(y))).collect()
            }
            ExprKind::Binary(BinaryOp::Div, a, b) if !joins_both_ends(b) => {
                let one = term::number(&mut self.b, 1.0);
                let below = self.factor(b, cx)?;
                let inverse = term::binary(&mut self.b, &cx.extents, BinaryOp::Div, one, below);
                let mut a = self.products(a, cx)?;
                let filtered = has_filter(b);
                a.iter_mut().for_each(|product| {
                    product.factors.push(inverse);
                    product.filtered |= filtered;
                });
                a
            }
            // What shares weights cannot be written out (R8.13).
            ExprKind::Binary(BinaryOp::Mul, ..) if cx.own == Axes::SHARED => {
                return Err(Unavailable::Inseparable { at: expr.span });
            }
            _ => vec![self.single(expr, cx)?],
        })
    }

    /// The product of one factor.
    fn single(&mut self, expr: &Expr, cx: Context<'_>) -> Result<Product, Unavailable> {
        let factors = vec![self.factor(expr, cx)?];
        Ok(Product { sign: 1.0, factors, filtered: has_filter(expr) })
    }

    fn factor(&mut self, expr: &Expr, cx: Context<'_>) -> Result<Term, Unavailable> {
        let found = self.evaluate(expr, cx)?;
        let of_samples = found.axes.contains(Axes::SAMPLE.union(Axes::SHARED));
        if cx.own == Axes::SHARED && (found.axes.is_mixed() || of_samples) {
            return Err(Unavailable::Inseparable { at: expr.span });
        }
        Ok(term::as_number(&mut self.b, &cx.extents, found))
    }

    /// The reduction over samples of one product.
    fn reduce_product(
        &mut self,
        Product { sign, factors, filtered }: Product,
        once: bool,
        cx: Context<'_>,
    ) -> Term {
        let extents = &cx.extents;
        let all = factors.iter().fold(Axes::NONE, |axes, f| axes.union(f.axes));
        let dense = Axes::SAMPLE.union(Axes::UNIT).union(Axes::PRE);
        let inseparable = factors.iter().any(|f| f.axes == dense);
        let varies = all.contains(Axes::SAMPLE);
        let reduced = if cx.own == Axes::SHARED {
            self.reduce_shared(&factors, once, cx)
        } else if inseparable || !all.contains(Axes::PRE) || !varies {
            let product = self.product(&factors, extents);
            self.over_batch(product, extents)
        } else {
            self.outer_product(&factors, extents)
        };
        let samples = self.batch as f64;
        // R8.3, R8.4
        let weight = match (cx.reduction, varies) {
            (BatchReduction::Mean, true) => sign / samples,
            (BatchReduction::Sum, false) if !filtered => sign * samples,
            (BatchReduction::Mean, false) | (BatchReduction::Sum, _) => sign,
        };
        self.scale(reduced, weight, extents)
    }

    fn scale(&mut self, x: Term, by: f64, extents: &Extents) -> Term {
        if by == 1.0 {
            return x;
        }
        let by = term::number(&mut self.b, by);
        term::binary(&mut self.b, extents, BinaryOp::Mul, x, by)
    }

    /// The sum over samples of what varies over them.
    pub fn over_batch(&mut self, x: Term, extents: &Extents) -> Term {
        if !x.axes.contains(Axes::SAMPLE) {
            return x;
        }
        term::reduce(&mut self.b, extents, ReduceKind::Sum, x, Axes::SAMPLE)
    }

    /// The product of factors, 1 if there are none.
    pub fn product(&mut self, factors: &[Term], extents: &Extents) -> Term {
        let mut factors = factors.iter().copied();
        let first = factors.next();
        let mut product = first.unwrap_or_else(|| term::number(&mut self.b, 1.0));
        for factor in factors {
            product = term::binary(&mut self.b, extents, BinaryOp::Mul, product, factor);
        }
        product
    }

    /// `Σ_b p_bi q_bj`, times the factors that vary over synapses only.
    fn outer_product(&mut self, factors: &[Term], extents: &Extents) -> Term {
        let both = Axes::UNIT.union(Axes::PRE);
        let weights: Vec<Term> = factors.iter().copied().filter(|f| f.axes == both).collect();
        let pre: Vec<Term> =
            factors.iter().copied().filter(|f| f.axes != both && f.axes.contains(Axes::PRE)).collect();
        let post: Vec<Term> =
            factors.iter().copied().filter(|f| f.axes != both && !f.axes.contains(Axes::PRE)).collect();
        let (post, pre) = (self.product(&post, extents), self.product(&pre, extents));
        let sum = match (post.axes.contains(Axes::SAMPLE), pre.axes.contains(Axes::SAMPLE)) {
            (true, true) if post.axes.contains(Axes::UNIT) && pre.axes.contains(Axes::PRE) => {
                Term { value: self.b.contract("bi,bj->ij", post.value, pre.value), axes: both }
            }
            (true, true) => {
                // One side is one number per sample, as with a modulator: it joins the other side.
                let product = term::binary(&mut self.b, extents, BinaryOp::Mul, post, pre);
                term::reduce(&mut self.b, extents, ReduceKind::Sum, product, Axes::SAMPLE)
            }
            (true, false) => {
                let sum = term::reduce(&mut self.b, extents, ReduceKind::Sum, post, Axes::SAMPLE);
                term::binary(&mut self.b, extents, BinaryOp::Mul, sum, pre)
            }
            (false, _) => {
                let sum = term::reduce(&mut self.b, extents, ReduceKind::Sum, pre, Axes::SAMPLE);
                term::binary(&mut self.b, extents, BinaryOp::Mul, post, sum)
            }
        };
        weights
            .into_iter()
            .fold(sum, |sum, weight| term::binary(&mut self.b, extents, BinaryOp::Mul, sum, weight))
    }
}

impl Product {
    /// The product of both.
    fn joined(&self, other: &Self) -> Self {
        Self {
            sign: self.sign * other.sign,
            factors: self.factors.iter().chain(&other.factors).copied().collect(),
            filtered: self.filtered || other.filtered,
        }
    }

    /// With another sign.
    fn times(self, sign: f64) -> Self {
        Self { sign: self.sign * sign, ..self }
    }
}
