//! A program in which every contraction errs as much as it is allowed to.

use plr_ir::program::{Contraction, Law, Operation};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::types::Location;
use plr_ir::{Block, Op, Precision, Program, Type, Value};

/// Streams from here on are taken by no variable of a rule.
const FIRST_STREAM: u32 = 0x8000_0000;
/// Streams set aside for each draw.
const STREAMS_PER_DRAW: u32 = 1 << 16;

/// Twice the unit round-off.
pub(super) fn epsilon(precision: Precision) -> f64 {
    precision.choose(f64::from(f32::EPSILON), f64::EPSILON)
}

/// Whether there is a contraction in the block or a loop inside it.
pub(super) fn has_contraction(block: &Block) -> bool {
    block.operations.iter().any(|operation| match &operation.op {
        Op::Contract { .. } => true,
        Op::Repeat(repeat) => has_contraction(&repeat.body),
        Op::Constant(_)
        | Op::Unary(..)
        | Op::Binary(..)
        | Op::Compare(..)
        | Op::And(..)
        | Op::Or(..)
        | Op::Not(_)
        | Op::Select(..)
        | Op::FromIndex(_)
        | Op::Broadcast { .. }
        | Op::Reduce { .. }
        | Op::Rank(_)
        | Op::Slice { .. }
        | Op::Insert { .. }
        | Op::Detach { .. }
        | Op::Random { .. }
        | Op::Map(_) => false,
    })
}

/// The program with every contraction moved by a random part of its allowance `n·ε·Σ|a·b|`, `times` as large; different in
/// every draw.
///
/// In even draws the part of an element is the same in every step of a loop, as a rounding error is once a relaxation
/// has come to rest: then it adds up, and a loop with a tolerance still ends. In odd draws it is different in every step,
/// as rounding errors are on the way: then it shows in differences between steps, such as residuals.
pub(super) fn add(program: &Program, draw: u32, times: f64) -> Program {
    let stream = FIRST_STREAM + draw * STREAMS_PER_DRAW;
    let by_step = !draw.is_multiple_of(2);
    let mut noise = Noise { program: program.clone(), stream, times, by_step, step: None };
    let body = std::mem::take(&mut noise.program.body);
    noise.program.body = noise.block(body);
    noise.program
}

struct Noise {
    /// Gives new values; its body is empty until the end.
    program: Program,
    /// The stream of the next contraction.
    stream: u32,
    /// By how much the allowance is exceeded.
    times: f64,
    /// Whether noise differs from step to step.
    by_step: bool,
    /// The step of the loop under way, if noise differs from step to step.
    step: Option<Value>,
}

impl Noise {
    fn block(&mut self, block: Block) -> Block {
        let mut operations = Vec::with_capacity(block.operations.len());
        for mut operation in block.operations {
            if let Op::Repeat(repeat) = &mut operation.op {
                let outside = self.step;
                self.step = repeat.body.parameters.first().copied().filter(|_| self.by_step);
                repeat.body = self.block(std::mem::take(&mut repeat.body));
                self.step = outside;
            }
            match &operation.op {
                Op::Contract { lhs, rhs, spec } => {
                    let (factors, spec) = ((*lhs, *rhs), spec.clone());
                    self.contraction(operation, factors, &spec, &mut operations);
                }
                Op::Constant(_)
                | Op::Unary(..)
                | Op::Binary(..)
                | Op::Compare(..)
                | Op::And(..)
                | Op::Or(..)
                | Op::Not(_)
                | Op::Select(..)
                | Op::FromIndex(_)
                | Op::Broadcast { .. }
                | Op::Reduce { .. }
                | Op::Rank(_)
                | Op::Slice { .. }
                | Op::Insert { .. }
                | Op::Detach { .. }
                | Op::Random { .. }
                | Op::Repeat(_)
                | Op::Map(_) => operations.push(operation),
            }
        }
        Block { operations, ..block }
    }

    /// `c + (u·2tnε − tnε)·Σ|a·b|` in the place of `c = Σ a·b`, with `u` uniform on the unit interval.
    fn contraction(
        &mut self,
        operation: Operation,
        (lhs, rhs): (Value, Value),
        spec: &Contraction,
        operations: &mut Vec<Operation>,
    ) {
        let Operation { results, op, location } = operation;
        let ty = self.program.type_of(results[0]).clone();
        let allowance = self.times * self.terms(lhs, rhs, spec) as f64 * epsilon(self.program.precision);
        let mut append = Append { program: &mut self.program, operations, location };
        let exact = append.push(op, ty.clone());
        let (lhs, rhs) = (append.magnitude(lhs), append.magnitude(rhs));
        let magnitude = append.push(Op::Contract { lhs, rhs, spec: spec.clone() }, ty.clone());
        let uniform =
            append.push(Op::Random { law: Law::Uniform, stream: self.stream, step: self.step }, ty.clone());
        let width = append.push(Op::Constant(2.0 * allowance), ty.clone());
        let scaled = append.push(Op::Binary(BinaryOp::Mul, uniform, width), ty.clone());
        let middle = append.push(Op::Constant(allowance), ty.clone());
        let part = append.push(Op::Binary(BinaryOp::Sub, scaled, middle), ty.clone());
        let error = append.push(Op::Binary(BinaryOp::Mul, part, magnitude), ty);
        operations.push(Operation { results, op: Op::Binary(BinaryOp::Add, exact, error), location });
        self.stream += 1;
    }

    /// The number of products that are summed for one result.
    fn terms(&self, lhs: Value, rhs: Value, spec: &Contraction) -> usize {
        let labels = |labels: &[u8], value: Value| -> Vec<(u8, usize)> {
            labels.iter().copied().zip(self.program.type_of(value).dims.iter().copied()).collect()
        };
        let mut all = labels(&spec.lhs, lhs);
        all.extend(labels(&spec.rhs, rhs).into_iter().filter(|(label, _)| !spec.lhs.contains(label)));
        all.iter().filter(|(label, _)| !spec.out.contains(label)).map(|(_, extent)| extent).product()
    }
}

/// Appends operations that come from one place.
struct Append<'a> {
    program: &'a mut Program,
    operations: &'a mut Vec<Operation>,
    location: Location,
}

impl Append<'_> {
    fn push(&mut self, op: Op, ty: Type) -> Value {
        let value = self.program.new_value(ty);
        self.operations.push(Operation { results: vec![value], op, location: self.location });
        value
    }

    fn magnitude(&mut self, value: Value) -> Value {
        let ty = self.program.type_of(value).clone();
        self.push(Op::Unary(UnaryOp::Abs, value), ty)
    }
}
