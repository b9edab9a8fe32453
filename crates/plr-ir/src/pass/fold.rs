//! Constant folding: computes at compile time what has no inputs, and uses the algebra that is exact.
//!
//! ```text
//! %1: real[3] = constant 2.0                     %1: real[3] = constant 2.0
//! %2: real[3] = exp %1                     =>    %2: real[3] = constant 7.38905609893065
//! %3: real[3] = constant 1.0                     %3: real[3] = constant 1.0
//! %4: real[3] = mul %0, %3                       (uses of %4 use %0)
//! ```
//!
//! Arithmetic is that of [`scalar`] at the program's precision. The identities used hold for every real, both zeros and the
//! infinities included, and give NaN for NaN:
//!
//! | | | why |
//! |---|---|---|
//! | `x * 1`, `1 * x`, `x / 1` | `x` | |
//! | `x * -1`, `-1 * x`, `x / -1` | `neg x` | |
//! | `x + -0`, `-0 + x`, `x - 0` | `x` | not `x + 0`, which turns −0 into 0 |
//! | `-0 - x` | `neg x` | not `0 - x`, which is 0 for 0 |
//! | `a + neg b`, `neg b + a`, `a - neg b` | `a - b`, `a - b`, `a + b` | IEEE 754 defines the difference so |
//! | `neg a * neg b`, `neg a / neg b` | `a * b`, `a / b` | rounding is symmetric |
//! | `neg neg x`, `abs neg x`, `abs abs x` | `x`, `abs x`, `abs x` | |
//! | `select(c, x, x)`, `select(true, x, y)`, `select(not c, x, y)` | `x`, `x`, `select(c, y, x)` | |
//! | `not not b`, `b and true`, `b or false`, `b and b`, `b or b` | `b` | |
//! | broadcast of a constant, of a broadcast | a constant, one broadcast | |
//! | broadcast, unary operation or comparison with the truth value of a constant | known | |

use crate::analysis::Substitution;
use crate::program::{Block, Op, Operation, Program, Value};
use crate::scalar::{self, BinaryOp, CompareOp, Host, Precision, UnaryOp};

/// Folds the whole program.
pub(super) fn run(program: &mut Program) {
    let mut body = std::mem::take(&mut program.body);
    let facts = vec![Fact::None; program.values.len()];
    let mut fold = Fold { program, facts, substitution: Substitution::new(program) };
    fold.block(&mut body);
    program.body = body;
}

/// What is known of a value.
#[derive(Clone, Debug)]
enum Fact {
    /// Nothing of interest.
    None,
    /// It is this real everywhere, once rounded to the program's precision.
    Real(f64),
    /// It is this truth value everywhere.
    Bool(bool),
    /// It is the opposite of another.
    Neg(Value),
    /// It is a magnitude.
    Abs,
    /// It is the negation of another.
    Not(Value),
    /// It is a broadcast.
    Broadcast(Value, Vec<usize>),
}

/// What becomes of an operation.
enum Outcome {
    /// It stays, or becomes this one.
    Op(Op),
    /// Its result is another value.
    Value(Value),
}

/// The state of the walk.
struct Fold<'a> {
    program: &'a Program,
    facts: Vec<Fact>,
    substitution: Substitution,
}

impl Fold<'_> {
    fn block(&mut self, block: &mut Block) {
        block.operations.retain_mut(|operation| self.operation(operation));
        self.substitution.apply_to_results(block);
    }

    /// Rewrites an operation; false if it is no longer wanted.
    fn operation(&mut self, operation: &mut Operation) -> bool {
        self.substitution.apply(&mut operation.op);
        if let Op::Repeat(repeat) = &mut operation.op {
            self.block(&mut repeat.body);
            if let Some(until) = &mut repeat.until {
                until.residual = self.substitution.get(until.residual);
            }
            return true;
        }
        let &[result] = operation.results.as_slice() else { return true };
        let op = std::mem::replace(&mut operation.op, Op::Constant(0.0));
        match self.simplify(op, result) {
            Outcome::Op(op) => {
                self.facts[result.index()] = self.fact(&op);
                operation.op = op;
                true
            }
            Outcome::Value(value) => {
                self.substitution.replace(result, value);
                false
            }
        }
    }

    /// What the result of an operation that stays is known to be.
    fn fact(&self, op: &Op) -> Fact {
        match op {
            Op::Constant(c) => Fact::Real(*c),
            Op::Unary(UnaryOp::Neg, a) => Fact::Neg(*a),
            Op::Unary(UnaryOp::Abs, _) => Fact::Abs,
            Op::Compare(op, a, b) => {
                self.reals(*a, *b).map_or(Fact::None, |(a, b)| Fact::Bool(self.compare(*op, a, b)))
            }
            Op::And(a, b) => self.decided(*a, *b, false),
            Op::Or(a, b) => self.decided(*a, *b, true),
            Op::Not(a) => self.bool(*a).map_or(Fact::Not(*a), |a| Fact::Bool(!a)),
            Op::Broadcast { input, axes } => match self.bool(*input) {
                Some(known) => Fact::Bool(known),
                None => Fact::Broadcast(*input, axes.clone()),
            },
            Op::Unary(..)
            | Op::Binary(..)
            | Op::Select(..)
            | Op::FromIndex(_)
            | Op::Contract { .. }
            | Op::Reduce { .. }
            | Op::Rank(_)
            | Op::RunningSum { .. }
            | Op::Convolve { .. }
            | Op::Pool { .. }
            | Op::Unpool { .. }
            | Op::Reshape(_)
            | Op::Range { .. }
            | Op::Slice { .. }
            | Op::Insert { .. }
            | Op::Before { .. }
            | Op::Detach { .. }
            | Op::Random { .. }
            | Op::Repeat(_)
            | Op::Map(_) => Fact::None,
        }
    }

    /// A simpler operation with the same result, or the result itself.
    fn simplify(&self, op: Op, result: Value) -> Outcome {
        match op {
            Op::Unary(op, a) => self.unary(op, a),
            Op::Binary(op, a, b) => self.binary(op, a, b),
            Op::And(a, b) => self.logic(op, a, b, true),
            Op::Or(a, b) => self.logic(op, a, b, false),
            Op::Not(a) => {
                if let Fact::Not(inner) = self.facts[a.index()] {
                    Outcome::Value(inner)
                } else {
                    Outcome::Op(op)
                }
            }
            Op::Select(c, a, b) => self.select(c, a, b),
            Op::Reshape(a) => {
                if let Fact::Real(c) = self.facts[a.index()] {
                    Outcome::Op(Op::Constant(c))
                } else {
                    Outcome::Op(op)
                }
            }
            Op::Broadcast { input, axes } => self.broadcast(input, axes, result),
            Op::Constant(_)
            | Op::Compare(..)
            | Op::FromIndex(_)
            | Op::Contract { .. }
            | Op::Reduce { .. }
            | Op::Rank(_)
            | Op::RunningSum { .. }
            | Op::Convolve { .. }
            | Op::Pool { .. }
            | Op::Unpool { .. }
            | Op::Range { .. }
            | Op::Slice { .. }
            | Op::Insert { .. }
            | Op::Before { .. }
            | Op::Detach { .. }
            | Op::Random { .. }
            | Op::Repeat(_)
            | Op::Map(_) => Outcome::Op(op),
        }
    }

    fn unary(&self, op: UnaryOp, a: Value) -> Outcome {
        match (op, &self.facts[a.index()]) {
            (_, Fact::Real(a)) => Outcome::Op(Op::Constant(evaluate_unary(self.program.precision, op, *a))),
            (UnaryOp::Neg, Fact::Neg(inner)) => Outcome::Value(*inner),
            (UnaryOp::Abs, Fact::Neg(inner)) => Outcome::Op(Op::Unary(op, *inner)),
            (UnaryOp::Abs, Fact::Abs) => Outcome::Value(a),
            _ => Outcome::Op(Op::Unary(op, a)),
        }
    }

    fn binary(&self, op: BinaryOp, a: Value, b: Value) -> Outcome {
        if let Some((x, y)) = self.reals(a, b) {
            return Outcome::Op(Op::Constant(evaluate_binary(self.program.precision, op, x, y)));
        }
        let left = self.real(a).and_then(|c| self.with_constant_on_the_left(op, c, b));
        let right = || self.real(b).and_then(|c| self.with_constant_on_the_right(op, a, c));
        let signs = || self.without_signs(op, a, b).map(Outcome::Op);
        left.or_else(right).or_else(signs).unwrap_or(Outcome::Op(Op::Binary(op, a, b)))
    }

    fn with_constant_on_the_left(&self, op: BinaryOp, c: f64, x: Value) -> Option<Outcome> {
        match op {
            BinaryOp::Add | BinaryOp::Mul => self.with_constant_on_the_right(op, x, c),
            BinaryOp::Sub => is_negative_zero(c).then_some(Outcome::Op(Op::Unary(UnaryOp::Neg, x))),
            BinaryOp::Div | BinaryOp::Min | BinaryOp::Max | BinaryOp::Pow => None,
        }
    }

    fn with_constant_on_the_right(&self, op: BinaryOp, x: Value, c: f64) -> Option<Outcome> {
        match op {
            BinaryOp::Mul | BinaryOp::Div if c == 1.0 => Some(Outcome::Value(x)),
            BinaryOp::Mul | BinaryOp::Div if c == -1.0 => Some(Outcome::Op(Op::Unary(UnaryOp::Neg, x))),
            BinaryOp::Add => is_negative_zero(c).then_some(Outcome::Value(x)),
            BinaryOp::Sub => is_negative_zero(-c).then_some(Outcome::Value(x)),
            BinaryOp::Mul | BinaryOp::Div | BinaryOp::Min | BinaryOp::Max | BinaryOp::Pow => None,
        }
    }

    /// Sums, differences, products and quotients of opposites.
    fn without_signs(&self, op: BinaryOp, a: Value, b: Value) -> Option<Op> {
        let opposite = |value: Value| {
            if let Fact::Neg(inner) = self.facts[value.index()] { Some(inner) } else { None }
        };
        match (op, opposite(a), opposite(b)) {
            (BinaryOp::Add, _, Some(b)) => Some(Op::Binary(BinaryOp::Sub, a, b)),
            (BinaryOp::Add, Some(a), None) => Some(Op::Binary(BinaryOp::Sub, b, a)),
            (BinaryOp::Sub, _, Some(b)) => Some(Op::Binary(BinaryOp::Add, a, b)),
            (BinaryOp::Mul | BinaryOp::Div, Some(a), Some(b)) => Some(Op::Binary(op, a, b)),
            _ => None,
        }
    }

    /// Conjunction and disjunction, `neutral` being the operand that does not matter.
    fn logic(&self, op: Op, a: Value, b: Value, neutral: bool) -> Outcome {
        if a == b || self.bool(b) == Some(neutral) {
            Outcome::Value(a)
        } else if self.bool(a) == Some(neutral) {
            Outcome::Value(b)
        } else {
            Outcome::Op(op)
        }
    }

    fn select(&self, c: Value, a: Value, b: Value) -> Outcome {
        match self.facts[c.index()] {
            _ if a == b => Outcome::Value(a),
            Fact::Bool(true) => Outcome::Value(a),
            Fact::Bool(false) => Outcome::Value(b),
            Fact::Not(c) => Outcome::Op(Op::Select(c, b, a)),
            Fact::None | Fact::Real(_) | Fact::Neg(_) | Fact::Abs | Fact::Broadcast(..) => {
                Outcome::Op(Op::Select(c, a, b))
            }
        }
    }

    fn broadcast(&self, input: Value, axes: Vec<usize>, result: Value) -> Outcome {
        if self.program.type_of(input) == self.program.type_of(result) {
            return Outcome::Value(input);
        }
        match &self.facts[input.index()] {
            Fact::Real(c) => Outcome::Op(Op::Constant(*c)),
            Fact::Broadcast(inner, inner_axes) => {
                let axes = inner_axes.iter().map(|&axis| axes[axis]).collect();
                Outcome::Op(Op::Broadcast { input: *inner, axes })
            }
            Fact::None | Fact::Bool(_) | Fact::Neg(_) | Fact::Abs | Fact::Not(_) => {
                Outcome::Op(Op::Broadcast { input, axes })
            }
        }
    }

    /// The real that the value is everywhere, rounded.
    fn real(&self, value: Value) -> Option<f64> {
        if let Fact::Real(c) = self.facts[value.index()] {
            Some(rounded(c, self.program.precision))
        } else {
            None
        }
    }

    fn reals(&self, a: Value, b: Value) -> Option<(f64, f64)> {
        self.real(a).zip(self.real(b))
    }

    /// The truth value that the value is everywhere.
    fn bool(&self, value: Value) -> Option<bool> {
        if let Fact::Bool(known) = self.facts[value.index()] { Some(known) } else { None }
    }

    /// A conjunction or disjunction that one operand decides.
    fn decided(&self, a: Value, b: Value, by: bool) -> Fact {
        let decides = self.bool(a) == Some(by) || self.bool(b) == Some(by);
        if decides { Fact::Bool(by) } else { Fact::None }
    }

    fn compare(&self, op: CompareOp, a: f64, b: f64) -> bool {
        scalar::compare(&mut Host::<f64>::default(), op, a, b)
    }
}

/// The operation on a number, rounded to the precision before and after.
pub(crate) fn evaluate_unary(precision: Precision, op: UnaryOp, a: f64) -> f64 {
    match precision {
        Precision::F32 => f64::from(scalar::unary(&mut Host::<f32>::default(), op, a as f32)),
        Precision::F64 => scalar::unary(&mut Host::<f64>::default(), op, a),
    }
}

/// The operation on two numbers, rounded to the precision before and after.
pub(crate) fn evaluate_binary(precision: Precision, op: BinaryOp, a: f64, b: f64) -> f64 {
    match precision {
        Precision::F32 => f64::from(scalar::binary(&mut Host::<f32>::default(), op, a as f32, b as f32)),
        Precision::F64 => scalar::binary(&mut Host::<f64>::default(), op, a, b),
    }
}

/// The nearest number of the precision.
pub(crate) fn rounded(c: f64, precision: Precision) -> f64 {
    match precision {
        Precision::F32 => f64::from(c as f32),
        Precision::F64 => c,
    }
}

fn is_negative_zero(c: f64) -> bool {
    c == 0.0 && c.is_sign_negative()
}
