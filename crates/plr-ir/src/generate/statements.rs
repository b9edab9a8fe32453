//! One random operation after the other.

use super::Generator;
use crate::builder::Builder;
use crate::program::{Law, ReduceKind, Until, Value};
use crate::scalar::{BinaryOp, CompareOp, UnaryOp};
use crate::types::Elem;

/// Contractions by shape: products with a matrix from either side, outer products, products per sample, scalar products,
/// permuted results, labels that only one factor has, and sums over nothing or over everything.
const CONTRACTIONS: &[&str] = &[
    "bj,ij->bi",
    "bi,ij->bj",
    "bi,bj->ij",
    "bij,bj->bi",
    "i,j->ij",
    "bi,bi->b",
    "ij,j->i",
    "i,ij->j",
    "ij,bj->ib",
    "bij,bi->bj",
    "bi,bj->bij",
    "bij,ij->b",
    "bi,bi->",
    "bi,bi->i",
    "ij,ij->ij",
    "b,bi->i",
    ",i->i",
    "bi,j->i",
    "bij,bij->j",
    "ij,->ji",
];

impl Generator {
    /// Makes something and says about how many operations it took.
    pub fn statement(&mut self, b: &mut Builder, depth: usize) -> usize {
        self.relocate(b);
        let value = match self.random.below(34) {
            0..=4 => self.unary(b),
            5..=10 => self.binary(b),
            11 => {
                let dims = self.dims();
                self.compare(b, &dims)
            }
            12 => self.logic(b),
            13 | 14 => self.select(b),
            15 => {
                let (constant, dims) = (self.constant(), self.dims());
                b.constant(constant, &dims)
            }
            16 | 17 => {
                let dims = self.dims();
                self.broadcast_to(b, &dims)
            }
            18..=20 => self.contract(b),
            21 => self.reduce(b),
            22 => {
                if self.random.percent(50) {
                    self.rank(b)
                } else {
                    self.running_sum(b)
                }
            }
            23 => {
                let dims = self.dims();
                self.draw(b, &dims)
            }
            24 => match self.index(b) {
                Some(index) => b.convert_index(index),
                None => return 0,
            },
            25 if self.random.percent(40) => self.range(b),
            25 if self.random.percent(25) => self.before(b),
            25 => self.slice(b),
            26 | 27 => self.insert(b),
            28 => self.detach(b),
            29 => self.convolve(b),
            30 => self.pool(b),
            31 => self.reshape(b),
            _ if depth == 0 => return 0,
            _ => return self.repeat(b, depth - 1),
        };
        self.scope.push(value);
        1
    }

    fn unary(&mut self, b: &mut Builder) -> Value {
        let op = self.random.pick(UnaryOp::ALL);
        let operand = self.real(b);
        let narrow = matches!(op, UnaryOp::Exp | UnaryOp::Log | UnaryOp::Sqrt | UnaryOp::Sin | UnaryOp::Cos);
        let operand =
            if narrow && self.random.percent(80) { self.between_zero_and_one(b, operand) } else { operand };
        b.unary(op, operand)
    }

    fn between_zero_and_one(&mut self, b: &mut Builder, operand: Value) -> Value {
        let value = b.unary(UnaryOp::Sigmoid, operand);
        self.scope.push(value);
        value
    }

    fn binary(&mut self, b: &mut Builder) -> Value {
        use BinaryOp::{Add, Div, Max, Min, Mul, Pow, Sub};
        let op = self.random.pick(&[Add, Add, Add, Sub, Sub, Sub, Mul, Mul, Mul, Div, Min, Max, Pow]);
        let lhs = self.real(b);
        let dims = b.type_of(lhs).dims.clone();
        let rhs = self.real_of(b, &dims);
        if op == Pow && self.random.percent(80) {
            let lhs = self.between_zero_and_one(b, lhs);
            return b.binary(op, lhs, rhs);
        }
        if self.random.percent(50) { b.binary(op, lhs, rhs) } else { b.binary(op, rhs, lhs) }
    }

    pub fn compare(&mut self, b: &mut Builder, dims: &[usize]) -> Value {
        let op = self.random.pick(CompareOp::ALL);
        let (lhs, rhs) = (self.real_of(b, dims), self.real_of(b, dims));
        let value = b.compare(op, lhs, rhs);
        self.scope.push(value);
        value
    }

    fn logic(&mut self, b: &mut Builder) -> Value {
        let dims = self.dims();
        let (lhs, rhs) = (self.bool_of(b, &dims), self.bool_of(b, &dims));
        match self.random.below(4) {
            0 => b.and(lhs, rhs),
            1 => b.or(lhs, rhs),
            2 => b.not(lhs),
            _ => {
                let (dims, axes) = ([vec![3], dims].concat(), (1..=rank(b, lhs)).collect::<Vec<_>>());
                b.broadcast(lhs, &axes, &dims)
            }
        }
    }

    fn select(&mut self, b: &mut Builder) -> Value {
        let lhs = self.real(b);
        let dims = b.type_of(lhs).dims.clone();
        let (condition, rhs) = (self.bool_of(b, &dims), self.real_of(b, &dims));
        b.select(condition, lhs, rhs)
    }

    /// A broadcast of something that fits, of a constant if nothing does.
    pub fn broadcast_to(&mut self, b: &mut Builder, dims: &[usize]) -> Value {
        let fits = |value: &Value| axes_of(&b.type_of(*value).dims, dims).is_some();
        let choices: Vec<Value> =
            self.visible(b, |ty| ty.elem == Elem::Real).into_iter().filter(fits).collect();
        let input =
            if choices.is_empty() { b.constant(self.constant(), &[]) } else { self.random.pick(&choices) };
        let axes = axes_of(&b.type_of(input).dims, dims).unwrap_or_default();
        b.broadcast(input, &axes, dims)
    }

    fn contract(&mut self, b: &mut Builder) -> Value {
        let spec = self.random.pick(CONTRACTIONS);
        let (lhs, rest) = spec.split_once(',').unwrap_or_default();
        let (rhs, _) = rest.split_once("->").unwrap_or_default();
        let [lhs, rhs] = [lhs, rhs].map(|labels| {
            let dims = self.dims_of(labels.as_bytes());
            let factor = self.real_of(b, &dims);
            if self.settings.exact { small_integers(b, factor) } else { factor }
        });
        b.contract(spec, lhs, rhs)
    }

    fn reduce(&mut self, b: &mut Builder) -> Value {
        let Some(input) = self.real_with_axes(b) else { return self.real(b) };
        let rank = rank(b, input);
        let first = self.random.below(rank);
        let axes: Vec<usize> = (0..rank).filter(|&axis| axis == first || self.random.percent(40)).collect();
        let kind = self.random.pick(&[ReduceKind::Sum, ReduceKind::Max, ReduceKind::Min]);
        b.reduce(kind, input, &axes)
    }

    fn rank(&mut self, b: &mut Builder) -> Value {
        match self.real_with_axes(b) {
            Some(input) => b.rank(input),
            None => self.real(b),
        }
    }

    fn running_sum(&mut self, b: &mut Builder) -> Value {
        let Some(input) = self.real_with_axes(b) else { return self.real(b) };
        let axis = self.random.below(rank(b, input));
        b.running_sum(input, axis)
    }

    /// What is at a step's place along an axis; often there are more steps than places, or fewer.
    fn slice(&mut self, b: &mut Builder) -> Value {
        let (Some(input), Some(index)) = (self.real_with_axes(b), self.index(b)) else { return self.real(b) };
        let axis = self.random.below(rank(b, input));
        b.slice(input, axis, index)
    }

    /// Some places along an axis; often several follow each other, and may be tiled as one.
    fn range(&mut self, b: &mut Builder) -> Value {
        let Some(input) = self.real_with_axes(b) else { return self.real(b) };
        let axis = self.random.below(rank(b, input));
        let extent = b.type_of(input).dims[axis];
        let first = self.random.below(extent);
        let places = 1 + self.random.below(extent - first);
        b.range(input, axis, first, places)
    }

    /// What is before a step's place; often it is a factor of a product along that axis.
    fn before(&mut self, b: &mut Builder) -> Value {
        let (Some(input), Some(index)) = (self.real_with_axes(b), self.index(b)) else { return self.real(b) };
        let dims = b.type_of(input).dims.clone();
        let Some(axis) = dims.iter().position(|&dim| dim > 1) else { return input };
        let before = b.before(input, axis, index);
        let (true, &[rows, _]) = (self.random.percent(60), dims.as_slice()) else { return before };
        let other = self.real_of(b, &[rows, 3]);
        if axis == 0 {
            b.contract("ki,kj->ij", before, other)
        } else {
            b.contract("ik,ij->kj", before, other)
        }
    }

    fn insert(&mut self, b: &mut Builder) -> Value {
        let (Some(into), Some(index)) = (self.real_with_axes(b), self.index(b)) else { return self.real(b) };
        let mut dims = b.type_of(into).dims.clone();
        let axis = self.random.below(dims.len());
        dims.remove(axis);
        let value = self.real_of(b, &dims);
        b.insert(into, value, axis, index)
    }

    fn detach(&mut self, b: &mut Builder) -> Value {
        let value = self.real(b);
        let dims = b.type_of(value).dims.clone();
        let path = self.random.percent(70).then(|| (self.real_of(b, &dims), self.real_of(b, &dims)));
        b.detach(value, path)
    }

    /// A visible real that is no scalar.
    fn real_with_axes(&mut self, b: &Builder) -> Option<Value> {
        let choices = self.visible(b, |ty| ty.elem == Elem::Real && ty.rank() > 0);
        if choices.is_empty() { None } else { Some(self.random.pick(&choices)) }
    }

    pub fn draw(&mut self, b: &mut Builder, dims: &[usize]) -> Value {
        if self.random.percent(70) {
            self.streams += 1;
        }
        let step = if self.random.percent(60) { self.index(b) } else { None };
        b.random(self.random.pick(&[Law::Uniform, Law::Normal]), self.streams, step, dims)
    }

    /// A loop over up to three visible values, at times with a tolerance; some carried values never change.
    fn repeat(&mut self, b: &mut Builder, depth: usize) -> usize {
        let initial: Vec<Value> = (0..self.random.below(4)).map(|_| self.real(b)).collect();
        let count = 1 + self.random.below(4) as u32;
        let outside = self.scope.len();
        let (step, carried) = b.begin_repeat(&initial);
        self.scope.push(step);
        self.scope.extend(&carried);
        let made: usize = (0..2 + self.random.below(6)).map(|_| self.statement(b, depth)).sum();
        let next = (0..carried.len()).map(|i| self.next(b, &initial, &carried, i)).collect();
        let until = self.random.percent(40).then(|| {
            let tolerance = self.random.pick(&[1e-3, 0.5, 2.0]);
            Until { residual: self.residual(b), tolerance }
        });
        let results = match until {
            None if self.random.percent(25) => b.end_reversed_repeat(count, &initial, next),
            until => b.end_repeat(count, &initial, next, until),
        };
        self.scope.truncate(outside);
        self.scope.extend(results);
        made + 1
    }

    /// The value that a loop carries on for the carried value at `i`.
    fn next(&mut self, b: &mut Builder, initial: &[Value], carried: &[Value], i: usize) -> Value {
        let dims = b.type_of(carried[i]).dims.clone();
        match self.random.below(8) {
            0 => carried[i],
            1 => initial[i],
            2 => self.real_of(b, &dims),
            3 => {
                let change = self.real_of(b, &dims);
                b.binary(BinaryOp::Add, carried[i], change)
            }
            _ => {
                let change = self.real_of(b, &dims);
                let sum = b.binary(BinaryOp::Sub, carried[i], change);
                b.unary(UnaryOp::Tanh, sum)
            }
        }
    }

    /// The largest magnitude of some value.
    fn residual(&mut self, b: &mut Builder) -> Value {
        let value = self.real(b);
        let magnitude = b.unary(UnaryOp::Abs, value);
        let axes: Vec<usize> = (0..rank(b, value)).collect();
        if axes.is_empty() { magnitude } else { b.reduce(ReduceKind::Max, magnitude, &axes) }
    }
}

/// The rank of a value.
fn rank(b: &Builder, value: Value) -> usize {
    b.type_of(value).rank()
}

/// The axes of `dims` that `input` can follow, if there are some.
fn axes_of(input: &[usize], dims: &[usize]) -> Option<Vec<usize>> {
    let mut axes = Vec::new();
    let mut next = 0;
    for dim in input {
        let axis = next + dims[next..].iter().position(|d| d == dim)?;
        axes.push(axis);
        next = axis + 1;
    }
    Some(axes)
}

/// Rounded to an integer between −8 and 8; sums of products of such numbers are exact in any order.
pub(super) fn small_integers(b: &mut Builder, value: Value) -> Value {
    let dims = b.type_of(value).dims.clone();
    let (low, high) = (b.constant(-8.0, &dims), b.constant(8.0, &dims));
    let value = b.binary(BinaryOp::Max, value, low);
    let value = b.binary(BinaryOp::Min, value, high);
    b.unary(UnaryOp::Round, value)
}
