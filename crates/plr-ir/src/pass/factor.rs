//! Common factors: sums and differences of contractions that have a factor in common become one contraction.
//!
//! ```text
//! %3: real[5,7] = contract bi,bj->ij %0, %2      %6: real[4,5] = sub %0, %1
//! %4: real[5,7] = contract bi,bj->ij %1, %2  =>  %5: real[5,7] = contract bi,bj->ij %6, %2
//! %5: real[5,7] = sub %3, %4
//! ```
//!
//! Both may be multiplied by the same constant, which is then multiplied by once. A contrast of two phases has such a
//! factor wherever what is presynaptic was clamped in both.
//!
//! This changes roundings. Each element of the new contraction is within the bound of one with as many terms,
//! whose `Σ|(a ± b)·x|` is not above the `Σ|a·x| + Σ|b·x|` of those that it replaces.

use std::collections::HashMap;

use crate::program::{Block, Contraction, Op, Operation, Program, Value};
use crate::scalar::BinaryOp;

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let uses = program.body.count_uses();
    let mut body = std::mem::take(&mut program.body);
    block(program, &uses, &mut body);
    program.body = body;
}

fn block(program: &mut Program, uses: &HashMap<Value, usize>, block: &mut Block) {
    let mut search = Search { program, uses, known: HashMap::new() };
    for mut operation in std::mem::take(&mut block.operations) {
        if let Op::Repeat(repeat) = &mut operation.op {
            self::block(search.program, uses, &mut repeat.body);
        }
        if let Some(op) = search.joined(&operation, &mut block.operations) {
            operation.op = op;
        }
        search.note(&operation);
        block.operations.push(operation);
    }
}

/// What sums and differences may be made of.
#[derive(Clone, Debug)]
enum Known {
    Constant(f64),
    Contraction([Value; 2], Contraction),
    /// A product of a contraction and a constant, in this order or the other.
    Scaled {
        contraction: Value,
        by: Value,
        first: bool,
    },
}

/// A contraction, and the constant it is multiplied by.
struct Term {
    factors: [Value; 2],
    spec: Contraction,
    /// The constant's value and number, and whether it comes first.
    by: Option<(Value, f64, bool)>,
}

/// The state of the walk through one block.
struct Search<'a> {
    program: &'a mut Program,
    /// How often each value is used in the whole program.
    uses: &'a HashMap<Value, usize>,
    /// Values of this block.
    known: HashMap<Value, Known>,
}

impl Search<'_> {
    fn note(&mut self, operation: &Operation) {
        let &[result] = operation.results.as_slice() else { return };
        let known = if let Op::Constant(number) = operation.op {
            Some(Known::Constant(number))
        } else if let Op::Contract { lhs, rhs, spec } = &operation.op {
            Some(Known::Contraction([*lhs, *rhs], spec.clone()))
        } else if let Op::Binary(BinaryOp::Mul, a, b) = operation.op {
            self.scaled(a, b)
        } else {
            None
        };
        self.known.extend(known.map(|known| (result, known)));
    }

    fn scaled(&self, a: Value, b: Value) -> Option<Known> {
        match (self.known.get(&a)?, self.known.get(&b)?) {
            (Known::Contraction(..), Known::Constant(_)) => {
                Some(Known::Scaled { contraction: a, by: b, first: false })
            }
            (Known::Constant(_), Known::Contraction(..)) => {
                Some(Known::Scaled { contraction: b, by: a, first: true })
            }
            _ => None,
        }
    }

    /// The value as a contraction that nothing else needs.
    fn term(&self, value: Value) -> Option<Term> {
        let once = |value: Value| self.uses.get(&value).is_none_or(|&uses| uses == 1);
        let (contraction, by) = match self.known.get(&value)? {
            Known::Constant(_) => return None,
            Known::Contraction(..) => (value, None),
            Known::Scaled { contraction, by, first } => {
                let Some(Known::Constant(number)) = self.known.get(by) else { return None };
                (*contraction, Some((*by, *number, *first)))
            }
        };
        let Some(Known::Contraction(factors, spec)) = self.known.get(&contraction) else { return None };
        (once(value) && once(contraction)).then(|| Term { factors: *factors, spec: spec.clone(), by })
    }

    /// What the operation is instead, if it is a sum or difference of such contractions.
    fn joined(&mut self, operation: &Operation, into: &mut Vec<Operation>) -> Option<Op> {
        let Op::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) = operation.op else { return None };
        let (a, b) = (self.term(a)?, self.term(b)?);
        let number = |term: &Term| term.by.map(|(_, number, _)| number.to_bits());
        if a.spec != b.spec || number(&a) != number(&b) {
            return None;
        }
        let side = (0..2).find(|&side| a.factors[1 - side] == b.factors[1 - side])?;
        let mut push = |op: Op, like: Value| {
            let ty = self.program.type_of(like).clone();
            let result = self.program.new_value(ty);
            into.push(Operation { results: vec![result], op, location: operation.location });
            result
        };
        let own = push(Op::Binary(op, a.factors[side], b.factors[side]), a.factors[side]);
        let [lhs, rhs] = if side == 0 { [own, a.factors[1]] } else { [a.factors[0], own] };
        let contract = Op::Contract { lhs, rhs, spec: a.spec };
        let Some((by, _, first)) = a.by else { return Some(contract) };
        let product = push(contract.clone(), operation.results[0]);
        let Op::Contract { lhs, rhs, spec } = contract else { return None };
        self.known.insert(product, Known::Contraction([lhs, rhs], spec));
        Some(if first {
            Op::Binary(BinaryOp::Mul, by, product)
        } else {
            Op::Binary(BinaryOp::Mul, product, by)
        })
    }
}
