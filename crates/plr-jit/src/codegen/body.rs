//! What is computed for each element, whatever becomes of it.

use cranelift_codegen::ir::Value;
use plr_ir::program::{Local, MapInstruction};
use plr_ir::scalar::{self, BinaryOp, Machine, UnaryOp};

use super::emitter::Emitter;

/// A body of at most this weight is unrolled four times, to hide latencies and share loop overhead.
const LIGHT: usize = 12;
/// A body of at most this weight is unrolled twice; a heavier one would only spill.
const MEDIUM: usize = 80;

/// How many vectors of a body of some weight are computed at a time.
pub(super) fn unroll(weight: usize) -> i64 {
    if weight <= LIGHT {
        4
    } else if weight <= MEDIUM {
        2
    } else {
        1
    }
}

/// Roughly the number of machine instructions of a body for each vector.
pub(crate) fn weight(body: &[MapInstruction]) -> usize {
    body.iter().map(instruction_weight).sum()
}

/// Roughly the machine instructions of one instruction.
fn instruction_weight(instruction: &MapInstruction) -> usize {
    match instruction {
        MapInstruction::Unary(op, _) => match op {
            UnaryOp::Neg | UnaryOp::Abs | UnaryOp::Floor | UnaryOp::Round => 1,
            UnaryOp::Sqrt | UnaryOp::Sign => 4,
            UnaryOp::Exp | UnaryOp::Tanh | UnaryOp::Sigmoid => 30,
            UnaryOp::Log | UnaryOp::Sin | UnaryOp::Cos => 40,
            UnaryOp::Softplus => 70,
        },
        MapInstruction::Binary(op, _, _) => match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul => 1,
            BinaryOp::Min | BinaryOp::Max => 3,
            BinaryOp::Div => 4,
            BinaryOp::Pow => 160,
        },
        MapInstruction::Input(_) | MapInstruction::Constant(_) | MapInstruction::Not(_) => 1,
        MapInstruction::Compare(..)
        | MapInstruction::And(..)
        | MapInstruction::Or(..)
        | MapInstruction::Select(..) => 1,
    }
}

/// Appends a body, given one vector of every input; what each of its instructions gives.
pub(super) fn compute(
    emitter: &mut Emitter<'_, '_>,
    body: &[MapInstruction],
    inputs: &[Value],
) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::with_capacity(body.len());
    for instruction in body {
        let at = |local: &Local| values[local.0 as usize];
        let value = match instruction {
            MapInstruction::Input(i) => inputs[*i as usize],
            MapInstruction::Constant(number) => emitter.real(*number),
            MapInstruction::Unary(op, a) => scalar::unary(emitter, *op, at(a)),
            MapInstruction::Binary(op, a, b) => scalar::binary(emitter, *op, at(a), at(b)),
            MapInstruction::Compare(op, a, b) => scalar::compare(emitter, *op, at(a), at(b)),
            MapInstruction::And(a, b) => emitter.and(at(a), at(b)),
            MapInstruction::Or(a, b) => emitter.or(at(a), at(b)),
            MapInstruction::Not(a) => emitter.not(at(a)),
            MapInstruction::Select(c, a, b) => emitter.select(at(c), at(a), at(b)),
        };
        values.push(value);
    }
    values
}
