//! Random programs of differentiable operations whose values stay of moderate size.

use plr_ir::builder::Builder;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_ir::{Precision, Program, Type, Value};

use crate::sample::Sample;

/// Rows and columns of the matrices in a program, which also has scalars and vectors of columns.
const MATRIX: [usize; 2] = [2, 3];

/// What has been built so far, by rank.
struct Growth {
    sample: Sample,
    scalars: Vec<Value>,
    vectors: Vec<Value>,
    matrices: Vec<Value>,
}

/// A program of `operations` operations, loops included, with three inputs and three outputs.
pub fn program(seed: u64, operations: usize) -> Program {
    let mut b = Builder::new(format!("smooth {seed}"), Precision::F64);
    let scalar = b.input("scalar", Type::real([]));
    let vector = b.input("vector", Type::real([MATRIX[1]]));
    let matrix = b.input("matrix", Type::real(MATRIX));
    let mut growth =
        Growth { sample: Sample(seed), scalars: vec![scalar], vectors: vec![vector], matrices: vec![matrix] };
    (0..operations).for_each(|_| growth.grow(&mut b, 2));
    let [s, v, m] =
        [&growth.scalars, &growth.vectors, &growth.matrices].map(|values| values[values.len() - 1]);
    b.output("scalar", s);
    b.output("vector", v);
    b.output("matrix", m);
    b.finish()
}

impl Growth {
    fn scalar(&mut self) -> Value {
        self.scalars[self.sample.below(self.scalars.len())]
    }

    fn vector(&mut self) -> Value {
        self.vectors[self.sample.below(self.vectors.len())]
    }

    fn matrix(&mut self) -> Value {
        self.matrices[self.sample.below(self.matrices.len())]
    }

    /// Two values of one type, and that type's dimensions.
    fn pair(&mut self) -> (Value, Value, &'static [usize]) {
        match self.sample.below(3) {
            0 => (self.scalar(), self.scalar(), &[]),
            1 => (self.vector(), self.vector(), &MATRIX[1..]),
            _ => (self.matrix(), self.matrix(), &MATRIX),
        }
    }

    fn keep(&mut self, b: &Builder, value: Value) {
        match b.type_of(value).rank() {
            0 => self.scalars.push(value),
            1 => self.vectors.push(value),
            _ => self.matrices.push(value),
        }
    }

    /// Adds one operation; a loop only where loops may still nest.
    fn grow(&mut self, b: &mut Builder, depth: usize) {
        let value = match self.sample.below(if depth > 0 { 9 } else { 8 }) {
            0 | 1 => self.unary(b),
            2 | 3 => self.binary(b),
            4 => self.contract(b),
            5 => self.reduce(b),
            6 => self.broadcast(b),
            7 => self.choose(b),
            _ => return self.repeat(b, depth),
        };
        self.keep(b, value);
    }

    fn unary(&mut self, b: &mut Builder) -> Value {
        use UnaryOp::{Abs, Cos, Neg, Sigmoid, Sin, Softplus, Tanh};
        let (a, _, _) = self.pair();
        let op = [Abs, Cos, Neg, Sigmoid, Sin, Softplus, Tanh][self.sample.below(7)];
        b.unary(op, a)
    }

    /// Of two bounded values; divisors and bases lie between ½ and 1½.
    fn binary(&mut self, b: &mut Builder) -> Value {
        let (first, second, dims) = self.pair();
        let first = b.unary(UnaryOp::Tanh, first);
        let second = b.unary(UnaryOp::Sigmoid, second);
        let half = b.constant(0.5, dims);
        let positive = b.binary(BinaryOp::Add, second, half);
        match BinaryOp::ALL[self.sample.below(BinaryOp::ALL.len())] {
            BinaryOp::Pow => b.binary(BinaryOp::Pow, positive, first),
            op @ (BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::Min
            | BinaryOp::Max) => b.binary(op, first, positive),
        }
    }

    fn contract(&mut self, b: &mut Builder) -> Value {
        let (v, w, m, n) = (self.vector(), self.vector(), self.matrix(), self.matrix());
        let (text, lhs, rhs) = [
            ("bi,bi->", m, n),
            ("i,bi->i", v, m),
            ("bi,i->bi", m, v),
            ("i,i->", v, w),
            ("bi,cj->i", m, n),
            ("i,bj->bi", v, m),
            ("bi,bj->ij", m, n),
        ][self.sample.below(7)];
        let value = b.contract(text, lhs, rhs);
        let value = b.unary(UnaryOp::Tanh, value);
        if text.ends_with("ij") { b.reduce(ReduceKind::Sum, value, &[1]) } else { value }
    }

    fn reduce(&mut self, b: &mut Builder) -> Value {
        use ReduceKind::{Max, Min, Sum};
        let kind = [Sum, Sum, Max, Min][self.sample.below(4)];
        match self.sample.below(3) {
            0 => b.reduce(kind, self.vector(), &[0]),
            1 => b.reduce(kind, self.matrix(), &[0]),
            _ => b.reduce(kind, self.matrix(), &[0, 1]),
        }
    }

    fn broadcast(&mut self, b: &mut Builder) -> Value {
        match self.sample.below(3) {
            0 => b.broadcast(self.scalar(), &[], &MATRIX),
            1 => b.broadcast(self.scalar(), &[], &MATRIX[1..]),
            _ => b.broadcast(self.vector(), &[1], &MATRIX),
        }
    }

    fn choose(&mut self, b: &mut Builder) -> Value {
        let (first, second, _) = self.pair();
        let squashed = b.unary(UnaryOp::Tanh, first);
        let condition = b.compare(CompareOp::Lt, squashed, second);
        b.select(condition, second, squashed)
    }

    /// A loop over one scalar and one matrix with a few operations inside; what it defines inside stays inside.
    fn repeat(&mut self, b: &mut Builder, depth: usize) {
        let initial = [self.scalar(), self.matrix()];
        let count = 1 + self.sample.below(4) as u32;
        let outside = [self.scalars.len(), self.vectors.len(), self.matrices.len()];
        let results = b.repeat(count, &initial, |b, step, carried| {
            let step = b.convert_index(step);
            self.scalars.extend([carried[0], step]);
            self.matrices.push(carried[1]);
            (0..4).for_each(|_| self.grow(b, depth - 1));
            let (scalar, matrix) = (self.scalar(), self.matrix());
            let scalar = b.binary(BinaryOp::Add, scalar, carried[0]);
            let next = vec![b.unary(UnaryOp::Sin, scalar), b.unary(UnaryOp::Tanh, matrix)];
            self.scalars.truncate(outside[0]);
            self.vectors.truncate(outside[1]);
            self.matrices.truncate(outside[2]);
            next
        });
        results.into_iter().for_each(|value| self.keep(b, value));
    }
}
