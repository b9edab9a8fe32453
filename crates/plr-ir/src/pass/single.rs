//! Sums of one term: contractions that sum over nothing, or over axes of one element, become products of elements, which
//! fusion understands; so do reductions of one element.
//!
//! ```text
//! %2: real[4,5] = contract bi,bj->ij %0, %1     // of real[1,4] and real[1,5]
//! =>
//! %3: real[4] = reshape %0
//! %4: real[4,5] = broadcast %3 axes(0)
//! %5: real[5] = reshape %1
//! %6: real[4,5] = broadcast %5 axes(1)
//! %2: real[4,5] = mul %4, %6
//! ```
//!
//! A factor whose axes come in another order than in the result would have to be transposed: then the contraction stays.

use crate::program::{Block, Contraction, Op, Operation, Program, Value};
use crate::scalar::BinaryOp;
use crate::types::{Location, Type};

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let mut body = std::mem::take(&mut program.body);
    block(program, &mut body);
    program.body = body;
}

fn block(program: &mut Program, block: &mut Block) {
    let operations = std::mem::take(&mut block.operations);
    for mut operation in operations {
        if let Op::Repeat(repeat) = &mut operation.op {
            self::block(program, &mut repeat.body);
        }
        let mut rewrite = Rewrite { program, location: operation.location, into: &mut block.operations };
        if let Some(op) = rewrite.operation(&operation) {
            operation.op = op;
        }
        block.operations.push(operation);
    }
}

/// One operation being replaced.
struct Rewrite<'a> {
    program: &'a mut Program,
    location: Location,
    /// Where what comes before it goes.
    into: &'a mut Vec<Operation>,
}

impl Rewrite<'_> {
    /// What the operation is instead, if it is a sum of one term.
    fn operation(&mut self, operation: &Operation) -> Option<Op> {
        let &[result] = operation.results.as_slice() else { return None };
        let ty = self.program.type_of(result).clone();
        if let Op::Contract { lhs, rhs, spec } = &operation.op {
            let lhs = self.factor(*lhs, &spec.lhs, spec)?;
            let rhs = self.factor(*rhs, &spec.rhs, spec)?;
            let [lhs, rhs] = [lhs, rhs].map(|factor| self.repeated(factor, &ty));
            return Some(Op::Binary(BinaryOp::Mul, lhs, rhs));
        }
        let Op::Reduce { input, axes, .. } = &operation.op else { return None };
        let dims = &self.program.type_of(*input).dims;
        axes.iter().all(|&axis| dims[axis] == 1).then_some(Op::Reshape(*input))
    }

    fn push(&mut self, op: Op, ty: Type) -> Value {
        let value = self.program.new_value(ty);
        self.into.push(Operation { results: vec![value], op, location: self.location });
        value
    }

    /// A factor, its dimensions without the summed ones, and their places in the result; `None` if more than one term
    /// is summed along an axis, or if axes would have to change places.
    fn factor(
        &self,
        value: Value,
        labels: &[u8],
        spec: &Contraction,
    ) -> Option<(Value, Vec<usize>, Vec<usize>)> {
        let ty = self.program.type_of(value);
        let (mut dims, mut axes) = (Vec::new(), Vec::new());
        for (label, &extent) in labels.iter().zip(&ty.dims) {
            match spec.out.iter().position(|out| out == label) {
                Some(axis) => {
                    dims.push(extent);
                    axes.push(axis);
                }
                None if extent == 1 => {}
                None => return None,
            }
        }
        axes.is_sorted().then_some((value, dims, axes))
    }

    /// A factor with all axes of the result.
    fn repeated(&mut self, (value, dims, axes): (Value, Vec<usize>, Vec<usize>), ty: &Type) -> Value {
        let mut value = value;
        if self.program.type_of(value).rank() != dims.len() {
            value = self.push(Op::Reshape(value), Type { dims, ..*ty });
        }
        if axes.len() == ty.rank() {
            value
        } else {
            self.push(Op::Broadcast { input: value, axes }, ty.clone())
        }
    }
}
