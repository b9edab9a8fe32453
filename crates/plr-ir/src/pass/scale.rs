//! Constants in front of what is contracted: they go to the constant that the contraction is multiplied by.
//!
//! ```text
//! %2: real[4,5] = mul 0.1 %0                            (removed, if nobody else needs it)
//! %4: real[5,7] = contract bi,bj->ij %2, %1      =>     %4: real[5,7] = contract bi,bj->ij %0, %1
//! %5: real[5,7] = mul 0.25 %4                           %5: real[5,7] = mul 0.025 %4
//! ```
//!
//! So an update computes, and has in memory, the error alone and not the error times a rate beside it. It is done
//! where the factor without the constant is there anyway, and the constant is such that nothing comes near the ends of the
//! range of numbers that was not near them before.
//!
//! This changes roundings: of every term one goes, and one comes to the sum.

use std::collections::HashMap;

use crate::program::{Block, Op, Operation, Program, Value};
use crate::scalar::BinaryOp;

/// What constants may be.
const RANGE: std::ops::RangeInclusive<f64> = 1e-6..=1.0;

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let mut uses: HashMap<Value, usize> = HashMap::new();
    program.body.for_each_use(&mut |value| *uses.entry(value).or_default() += 1);
    let mut body = std::mem::take(&mut program.body);
    block(program, &uses, &mut body);
    program.body = body;
}

fn block(program: &mut Program, uses: &HashMap<Value, usize>, block: &mut Block) {
    let mut known =
        Known { uses, constants: HashMap::new(), scaled: HashMap::new(), contractions: HashMap::new() };
    for mut operation in std::mem::take(&mut block.operations) {
        if let Op::Repeat(repeat) = &mut operation.op {
            self::block(program, uses, &mut repeat.body);
        }
        if let Some(moved) = known.moved(&operation) {
            let ty = program.type_of(moved.constant).clone();
            let constant = program.new_value(ty);
            let op = Op::Constant(moved.number);
            block.operations.push(Operation { results: vec![constant], op, location: operation.location });
            operation.op = Op::Binary(BinaryOp::Mul, constant, moved.contraction);
            let contract = &mut block.operations[moved.at].op;
            contract.map_operands(|value| if value == moved.factor { moved.instead } else { value });
        }
        known.note(&operation, block.operations.len());
        block.operations.push(operation);
    }
}

/// A constant that goes from a factor of a contraction to what the contraction is multiplied by.
struct Moved {
    contraction: Value,
    /// Where that is.
    at: usize,
    factor: Value,
    instead: Value,
    /// What it is multiplied by now, and the number that it is to be.
    constant: Value,
    number: f64,
}

/// What a block has computed so far.
struct Known<'a> {
    /// How often each value is used in the whole program.
    uses: &'a HashMap<Value, usize>,
    constants: HashMap<Value, f64>,
    /// Values that are another one times a constant.
    scaled: HashMap<Value, (Value, f64)>,
    /// Where contractions are, and of what.
    contractions: HashMap<Value, (usize, [Value; 2])>,
}

impl Known<'_> {
    fn note(&mut self, operation: &Operation, at: usize) {
        let &[result] = operation.results.as_slice() else { return };
        if let Op::Constant(number) = operation.op {
            self.constants.insert(result, number);
        } else if let Op::Contract { lhs, rhs, .. } = operation.op {
            self.contractions.insert(result, (at, [lhs, rhs]));
        } else if let Some((value, _, number)) = self.product(&operation.op) {
            self.scaled.insert(result, (value, number));
        }
    }

    /// The constant that can go, if the operation multiplies a contraction by another one.
    fn moved(&self, operation: &Operation) -> Option<Moved> {
        let (contraction, constant, by) = self.product(&operation.op)?;
        let &(at, factors) = self.contractions.get(&contraction)?;
        let used = |value: &Value| self.uses.get(value).copied().unwrap_or(0);
        if used(&contraction) != 1 || factors[0] == factors[1] || !RANGE.contains(&by.abs()) {
            return None;
        }
        factors.into_iter().find_map(|factor| {
            let &(instead, number) = self.scaled.get(&factor)?;
            let there_anyway = used(&factor) == 1 && used(&instead) > 1;
            let moves = there_anyway && RANGE.contains(&number.abs());
            moves.then_some(Moved { contraction, at, factor, instead, constant, number: number * by })
        })
    }

    /// A value times a constant: both, and the number.
    fn product(&self, op: &Op) -> Option<(Value, Value, f64)> {
        let Op::Binary(BinaryOp::Mul, a, b) = *op else { return None };
        let constant = |value: &Value| self.constants.get(value).copied();
        constant(&a).map(|number| (b, a, number)).or_else(|| constant(&b).map(|number| (a, b, number)))
    }
}
