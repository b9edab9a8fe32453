//! A program in which every contraction and convolution errs as much as it is allowed to.

use plr_ir::geometry::{Convolution, Grid};
use plr_ir::program::{Contraction, ConvolveForm, Law, Operation};
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

/// Whether there is a contraction or convolution in the block or a loop inside it.
pub(super) fn has_contraction(block: &Block) -> bool {
    block.operations.iter().any(|operation| match &operation.op {
        Op::Contract { .. } | Op::Convolve { .. } => true,
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
        | Op::RunningSum { .. }
        | Op::Pool { .. }
        | Op::Unpool { .. }
        | Op::Reshape(_)
        | Op::Range { .. }
        | Op::Slice { .. }
        | Op::Insert { .. }
        | Op::Detach { .. }
        | Op::Random { .. }
        | Op::Map(_) => false,
    })
}

/// The program with every contraction and convolution moved by a random part of its allowance `n·ε·Σ|a·b|`, `times` as large; different in
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
    /// The stream of the next sum of products.
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
                    let (factors, spec) = ([*lhs, *rhs], spec.clone());
                    let terms = self.terms(factors, &spec);
                    let with = |[lhs, rhs]: [Value; 2]| Op::Contract { lhs, rhs, spec };
                    self.product(operation, factors, terms, with, &mut operations);
                }
                Op::Convolve { form, lhs, rhs, geometry } => {
                    let (form, factors, geometry) = (*form, [*lhs, *rhs], *geometry);
                    let samples = self.program.type_of(factors[0]).dims[0];
                    let terms = most_terms(form, &geometry, samples);
                    let with = |[lhs, rhs]: [Value; 2]| Op::Convolve { form, lhs, rhs, geometry };
                    self.product(operation, factors, terms, with, &mut operations);
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
                | Op::RunningSum { .. }
                | Op::Pool { .. }
                | Op::Unpool { .. }
                | Op::Reshape(_)
                | Op::Range { .. }
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

    /// `c + (u·2tnε − tnε)·Σ|a·b|` in the place of `c = Σ a·b`, with `u` uniform on the unit interval: `n` is the number of
    /// terms, and `with` gives the sum for other factors.
    fn product(
        &mut self,
        operation: Operation,
        factors: [Value; 2],
        terms: usize,
        with: impl FnOnce([Value; 2]) -> Op,
        operations: &mut Vec<Operation>,
    ) {
        let Operation { results, op, location } = operation;
        let ty = self.program.type_of(results[0]).clone();
        let allowance = self.times * terms as f64 * epsilon(self.program.precision);
        let mut append = Append { program: &mut self.program, operations, location };
        let exact = append.push(op, ty.clone());
        let magnitudes = factors.map(|factor| append.magnitude(factor));
        let magnitude = append.push(with(magnitudes), ty.clone());
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
    fn terms(&self, [lhs, rhs]: [Value; 2], spec: &Contraction) -> usize {
        let labels = |labels: &[u8], value: Value| -> Vec<(u8, usize)> {
            labels.iter().copied().zip(self.program.type_of(value).dims.iter().copied()).collect()
        };
        let mut all = labels(&spec.lhs, lhs);
        all.extend(labels(&spec.rhs, rhs).into_iter().filter(|(label, _)| !spec.lhs.contains(label)));
        all.iter().filter(|(label, _)| !spec.out.contains(label)).map(|(_, extent)| extent).product()
    }
}

/// The largest number of products that a convolution sums for one result.
fn most_terms(form: ConvolveForm, geometry: &Convolution, samples: usize) -> usize {
    let area = geometry.kernel * geometry.kernel;
    match form {
        ConvolveForm::Forward => geometry.low.channels * area,
        ConvolveForm::Adjoint => geometry.channels * area,
        ConvolveForm::Correlate => samples * geometry.high().map_or(0, Grid::positions),
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
