//! Axes of one element: they are dropped, so that what an online rule computes of its only sample is of vectors and matrices.
//!
//! ```text
//! %1: real[1,7] = …                                 %1: real[7] = …
//! %3: real[1,5] = contract bj,ij->bi %1, %2     =>  %3: real[5] = contract j,ij->i %1, %2
//! %4: real[1,5,7] = broadcast %3 axes(0,1)          %4: real[5,7] = broadcast %3 axes(0)
//! ```
//!
//! Inputs are reshaped where the program begins and outputs where it ends. What lies along an axis of one element is its only
//! element: sums, slices and running sums of it are it. A program with convolutions or windows, which say what each of their
//! axes is, stays as it is.
//!
//! Whoever executes contractions may sum those of fewer axes in another order (R12.7); nothing else changes.

use crate::program::{Block, Contraction, MapInput, Op, Operation, Program, Value};
use crate::types::{Location, Type};

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let unit = program.values.iter().any(|ty| ty.dims.contains(&1));
    if !unit || has_windows(&program.body) {
        return;
    }
    let old = program.values.clone();
    let now = (0..old.len()).map(|i| Value(i as u32)).collect();
    let mut body = std::mem::take(&mut program.body);
    program.values.iter_mut().for_each(|ty| *ty = squeezed(ty));
    let mut squeeze = Squeeze { program, old, now };
    let inputs = squeeze.inputs(&mut body);
    squeeze.block(&mut body);
    body.operations.splice(0..0, inputs);
    squeeze.outputs(&mut body);
    program.body = body;
}

fn has_windows(block: &Block) -> bool {
    block.operations.iter().any(|operation| {
        matches!(operation.op, Op::Convolve { .. } | Op::Pool { .. } | Op::Unpool { .. })
            || matches!(&operation.op, Op::Repeat(repeat) if has_windows(&repeat.body))
    })
}

fn squeezed(ty: &Type) -> Type {
    Type { dims: ty.dims.iter().copied().filter(|&extent| extent != 1).collect(), ..*ty }
}

/// The state of the walk.
struct Squeeze<'a> {
    /// Its values have their new types.
    program: &'a mut Program,
    /// The types before.
    old: Vec<Type>,
    /// Which value stands for which.
    now: Vec<Value>,
}

impl Squeeze<'_> {
    /// Inputs keep their types: what the program uses is reshaped.
    fn inputs(&mut self, body: &mut Block) -> Vec<Operation> {
        let mut reshapes = Vec::new();
        for &input in &body.parameters {
            let ty = self.old[input.index()].clone();
            if ty.dims.contains(&1) {
                let inside = self.program.new_value(squeezed(&ty));
                self.old.push(ty.clone());
                self.now.push(inside);
                self.program.values[input.index()] = ty;
                self.now[input.index()] = inside;
                reshapes.push(reshape(inside, input));
            }
        }
        reshapes
    }

    /// Outputs have the types that they had.
    fn outputs(&mut self, body: &mut Block) {
        for result in &mut body.results {
            // `block` has replaced it; the first value that it stands for has its type.
            let (asked, inside) = (*result, self.now[result.index()]);
            let ty = self.old[asked.index()].clone();
            *result = inside;
            if self.program.type_of(inside) != &ty {
                let outside = self.program.new_value(ty);
                body.operations.push(reshape(outside, inside));
                *result = outside;
            }
        }
    }

    /// The operations of a block, and what an inner one hands out.
    fn block(&mut self, block: &mut Block) {
        let operations = std::mem::take(&mut block.operations);
        for mut operation in operations {
            if let Some(only) = self.only_element(&operation) {
                let result = operation.results[0];
                self.now[result.index()] = self.now[only.index()];
                continue;
            }
            self.operation(&mut operation);
            let reshape = self.one_of_several(&mut operation);
            block.operations.push(operation);
            block.operations.extend(reshape);
        }
    }

    /// The operand that the result is once axes of one element are gone.
    #[allow(clippy::wildcard_enum_match_arm, reason = "no other operation does, present or future")]
    fn only_element(&self, operation: &Operation) -> Option<Value> {
        let &[result] = operation.results.as_slice() else { return None };
        let dims = |value: Value| &self.old[value.index()].dims;
        let same = |value: Value| squeezed(&self.old[value.index()]) == squeezed(&self.old[result.index()]);
        match &operation.op {
            Op::Reshape(input) | Op::Broadcast { input, .. } => same(*input).then_some(*input),
            Op::Reduce { input, axes, .. } => {
                axes.iter().all(|&axis| dims(*input)[axis] == 1).then_some(*input)
            }
            Op::RunningSum { input, axis }
            | Op::Range { input, axis, .. }
            | Op::Slice { input, axis, .. } => (dims(*input)[*axis] == 1).then_some(*input),
            Op::Insert { into, value, axis, .. } => (dims(*into)[*axis] == 1).then_some(*value),
            _ => None,
        }
    }

    /// A range of one place has the axis along which it is taken, and loses it afterwards.
    fn one_of_several(&mut self, operation: &mut Operation) -> Option<Operation> {
        let (&Op::Range { input, axis, .. }, &[result]) = (&operation.op, operation.results.as_slice())
        else {
            return None;
        };
        let mut ty = self.program.type_of(input).clone();
        if self.program.type_of(result).rank() == ty.rank() {
            return None;
        }
        ty.dims[axis] = 1;
        let place = self.program.new_value(ty.clone());
        self.old.push(ty);
        self.now.push(place);
        operation.results = vec![place];
        Some(reshape(result, place))
    }

    /// The axes, of those of a value, that are left, as they are counted then.
    fn axes(&self, value: Value, axes: &[usize]) -> Vec<usize> {
        let dims = &self.old[value.index()].dims;
        let left = axes.iter().filter(|&&axis| dims[axis] != 1);
        left.map(|&axis| dims[..axis].iter().filter(|&&extent| extent != 1).count()).collect()
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "other operations say nothing of axes, present or future"
    )]
    fn operation(&mut self, operation: &mut Operation) {
        let result = operation.results.first().copied();
        match &mut operation.op {
            Op::Broadcast { axes, .. } => {
                if let Some(result) = result {
                    *axes = self.axes(result, axes);
                }
            }
            Op::Contract { lhs, rhs, spec } => {
                *spec = Contraction {
                    lhs: self.labels(*lhs, &spec.lhs),
                    rhs: self.labels(*rhs, &spec.rhs),
                    out: result.map_or_else(Vec::new, |result| self.labels(result, &spec.out)),
                };
            }
            Op::Reduce { input, axes, .. } => *axes = self.axes(*input, axes),
            Op::RunningSum { input, axis }
            | Op::Range { input, axis, .. }
            | Op::Slice { input, axis, .. }
            | Op::Before { input, axis, .. } => {
                *axis = self.axes(*input, &[*axis]).first().copied().unwrap_or(0);
            }
            Op::Insert { into, axis, .. } => {
                *axis = self.axes(*into, &[*axis]).first().copied().unwrap_or(0);
            }
            Op::Rank(input) if self.old[input.index()].dims.last() == Some(&1) => {
                operation.op = Op::Constant(0.0);
            }
            Op::Repeat(repeat) => {
                self.block(&mut repeat.body);
                let now = &self.now;
                repeat.body.results.iter_mut().for_each(|result| *result = now[result.index()]);
                if let Some(until) = &mut repeat.until {
                    until.residual = now[until.residual.index()];
                }
            }
            Op::Map(map) => {
                for MapInput { axes, .. } in &mut map.inputs {
                    if let Some(result) = result {
                        *axes = self.axes(result, axes);
                    }
                }
            }
            _ => {}
        }
        operation.op.map_operands(|value| self.now[value.index()]);
    }

    fn labels(&self, value: Value, labels: &[u8]) -> Vec<u8> {
        let dims = &self.old[value.index()].dims;
        labels.iter().zip(dims).filter(|(_, extent)| **extent != 1).map(|(label, _)| *label).collect()
    }
}

fn reshape(result: Value, input: Value) -> Operation {
    Operation { results: vec![result], op: Op::Reshape(input), location: Location::default() }
}
