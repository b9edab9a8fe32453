//! A program in which everything that two back ends may do differently errs as much as it is allowed to: every sum of
//! products, and every rounding of what comes of one.

use plr_ir::geometry::{Convolution, Grid};
use plr_ir::program::{Contraction, ConvolveForm, Law, Operation, PoolKind, ReduceKind};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::types::Location;
use plr_ir::{Block, Op, Precision, Program, Type, Value};

use super::reach;

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
    block.operations.iter().any(|operation| {
        matches!(operation.op, Op::Contract { .. } | Op::Convolve { .. })
            || matches!(&operation.op, Op::Repeat(repeat) if has_contraction(&repeat.body))
    })
}

/// The program with every contraction and convolution moved by a random part of its allowance `n·ε·Σ|a·b|`, `times` as large,
/// and every result of an operation on what comes of them by one of its own: the same operation on nearly the same numbers may
/// round the other way. Different in every draw. The program has no [`Op::Map`].
///
/// In even draws the part of an element is the same in every step of a loop, as a rounding error is once a relaxation
/// has come to rest: then it adds up, and a loop with a tolerance still ends. In odd draws it is different in every step,
/// as rounding errors are on the way: then it shows in differences between steps, such as residuals.
pub(super) fn add(program: &Program, draw: u32, times: f64) -> Program {
    let stream = FIRST_STREAM + draw * STREAMS_PER_DRAW;
    let by_step = !draw.is_multiple_of(2);
    let reached = reach::values(program);
    let mut noise = Noise { program: program.clone(), reached, stream, times, by_step, step: None };
    let body = std::mem::take(&mut noise.program.body);
    noise.program.body = noise.block(body);
    noise.program
}

struct Noise {
    /// Gives new values; its body is empty until the end.
    program: Program,
    /// By value of the program as it was: whether a sum of products reaches it.
    reached: Vec<bool>,
    /// The stream of the next error.
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
                    self.sum(operation, factors, terms, with, &mut operations);
                }
                Op::Convolve { form, lhs, rhs, geometry } => {
                    let (form, factors, geometry) = (*form, [*lhs, *rhs], *geometry);
                    let samples = self.program.type_of(factors[0]).dims[0];
                    let terms = most_terms(form, &geometry, samples);
                    let with = |[lhs, rhs]: [Value; 2]| Op::Convolve { form, lhs, rhs, geometry };
                    self.sum(operation, factors, terms, with, &mut operations);
                }
                _ if !self.reached[operation.results.first().map_or(0, |value| value.index())] => {
                    operations.push(operation)
                }
                Op::Unary(op, _) => {
                    let accuracy = unary_accuracy(*op);
                    self.rounded(operation, accuracy, &mut operations);
                }
                Op::Binary(op, ..) => {
                    let accuracy = binary_accuracy(*op);
                    self.rounded(operation, accuracy, &mut operations);
                }
                Op::Reduce { kind: ReduceKind::Sum, input, axes } => {
                    let (summed, axes) = (*input, axes.clone());
                    let dims = &self.program.type_of(summed).dims;
                    let terms = axes.iter().map(|&axis| dims[axis]).product();
                    let with = |[input]: [Value; 1]| Op::Reduce { kind: ReduceKind::Sum, input, axes };
                    self.sum(operation, [summed], terms, with, &mut operations);
                }
                Op::RunningSum { input, axis } => {
                    let (summed, axis) = (*input, *axis);
                    let terms = self.program.type_of(summed).dims[axis];
                    let with = |[input]: [Value; 1]| Op::RunningSum { input, axis };
                    self.sum(operation, [summed], terms, with, &mut operations);
                }
                Op::Pool { kind: PoolKind::Mean, input, geometry } => {
                    let (summed, geometry) = (*input, *geometry);
                    let terms = geometry.window * geometry.window + 1;
                    let with = |[input]: [Value; 1]| Op::Pool { kind: PoolKind::Mean, input, geometry };
                    self.sum(operation, [summed], terms, with, &mut operations);
                }
                Op::Unpool { input, by, geometry } => {
                    let (summed, by, geometry) = (*input, *by, *geometry);
                    let terms = geometry.window * geometry.window + 1;
                    let with = |[input]: [Value; 1]| Op::Unpool { input, by, geometry };
                    self.sum(operation, [summed], terms, with, &mut operations);
                }
                Op::Constant(_)
                | Op::Compare(..)
                | Op::And(..)
                | Op::Or(..)
                | Op::Not(_)
                | Op::Select(..)
                | Op::FromIndex(_)
                | Op::Broadcast { .. }
                | Op::Reduce { .. }
                | Op::Rank(_)
                | Op::Pool { .. }
                | Op::Reshape(_)
                | Op::Range { .. }
                | Op::Slice { .. }
                | Op::Insert { .. }
                | Op::Before { .. }
                | Op::Detach { .. }
                | Op::Random { .. }
                | Op::Repeat(_)
                | Op::Map(_) => operations.push(operation),
            }
        }
        Block { operations, ..block }
    }

    /// A sum of `terms` products, or of numbers, moved by a part of `n·ε·Σ|a·b|`; `with` gives the sum for other factors.
    fn sum<const N: usize>(
        &mut self,
        operation: Operation,
        factors: [Value; N],
        terms: usize,
        with: impl FnOnce([Value; N]) -> Op,
        operations: &mut Vec<Operation>,
    ) {
        let magnitude = |append: &mut Append<'_>, _: Value, ty: &Type| {
            let magnitudes = factors.map(|factor| append.magnitude(factor));
            append.push(with(magnitudes), ty.clone())
        };
        self.moved(operation, terms as f64, magnitude, operations);
    }

    /// A result that is within `accuracy` units of the last place, in both back ends, moved by a part of what that may come to.
    fn rounded(&mut self, operation: Operation, accuracy: f64, operations: &mut Vec<Operation>) {
        if accuracy == 0.0 {
            operations.push(operation);
        } else {
            let magnitude = |append: &mut Append<'_>, exact: Value, _: &Type| append.magnitude(exact);
            self.moved(operation, 2.0 * accuracy, magnitude, operations);
        }
    }

    /// `c + (u·2tnε − tnε)·m` in the place of `c`, with `u` uniform on the unit interval, for so many errors `n` of the size
    /// of ε times a magnitude `m`.
    fn moved(
        &mut self,
        operation: Operation,
        errors: f64,
        magnitude: impl FnOnce(&mut Append<'_>, Value, &Type) -> Value,
        operations: &mut Vec<Operation>,
    ) {
        let Operation { results, op, location } = operation;
        let ty = self.program.type_of(results[0]).clone();
        let precision = self.program.precision;
        let allowance = self.times * errors * epsilon(precision);
        let mut append = Append { program: &mut self.program, operations, location };
        let exact = append.push(op, ty.clone());
        let magnitude = magnitude(&mut append, exact, &ty);
        // What is infinite stays so.
        let largest = precision.choose(f64::from(f32::MAX), f64::MAX);
        let largest = append.push(Op::Constant(largest), ty.clone());
        let magnitude = append.push(Op::Binary(BinaryOp::Min, magnitude, largest), ty.clone());
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
        ConvolveForm::Correlate if geometry.local => samples,
        ConvolveForm::Correlate => samples * geometry.high().map_or(0, Grid::positions),
    }
}

/// Within how many units of the last place a function is: the table of [`plr_ir::scalar`], rounded up.
fn unary_accuracy(op: UnaryOp) -> f64 {
    match op {
        UnaryOp::Neg | UnaryOp::Abs | UnaryOp::Sign | UnaryOp::Floor | UnaryOp::Round => 0.0,
        UnaryOp::Sqrt => 0.5,
        UnaryOp::Log => 1.0,
        UnaryOp::Exp => 1.5,
        UnaryOp::Softplus => 2.0,
        UnaryOp::Tanh | UnaryOp::Sigmoid | UnaryOp::Sin | UnaryOp::Cos => 2.5,
    }
}

/// The same of two numbers.
fn binary_accuracy(op: BinaryOp) -> f64 {
    match op {
        BinaryOp::Min | BinaryOp::Max => 0.0,
        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => 0.5,
        BinaryOp::Pow => 1.5,
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
