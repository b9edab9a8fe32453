//! First steps: of a loop that begins at zero, the first step goes in front of it if sums vanish there.
//!
//! ```text
//! %3: real[3] = constant 0.0
//! %4: real[3] = repeat 20 (%5: index, %6: real[3] = %3) {
//!   %7: real[3] = contract ij,j->i %0, %6
//!   %8: real[3] = add %1, %7
//!   %9: real[3] = tanh %8
//!   yield %9
//! }
//! =>
//! %7: real[3] = constant 0.0                     // all terms are products with zero
//! %8: real[3] = add %1, %7
//! %9: real[3] = tanh %8
//! %4: real[3] = repeat 19 (%5: index, %6: real[3] = %9) { … }
//! ```
//!
//! States of a relaxation begin at zero more often than not. Only loops whose body does not ask which step it is are looked at: their
//! first step is the others' code. Where a factor is infinite or NaN, a sum that vanishes here would be NaN: then no number is
//! within the bounds of the sum, and so every one is.

use std::collections::HashMap;

use super::fold::{evaluate_binary, evaluate_unary};
use crate::program::{Block, Op, Operation, Program, Repeat, Value};

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let mut body = std::mem::take(&mut program.body);
    let mut peel = Peel { program, constants: HashMap::new() };
    peel.block(&mut body);
    program.body = body;
}

/// The state of the walk.
struct Peel<'a> {
    program: &'a mut Program,
    /// The values that have been passed and are one number everywhere.
    constants: HashMap<Value, f64>,
}

impl Peel<'_> {
    fn block(&mut self, block: &mut Block) {
        for mut operation in std::mem::take(&mut block.operations) {
            if let Op::Constant(number) = operation.op {
                self.constants.insert(operation.results[0], number);
            }
            if let Op::Repeat(repeat) = &mut operation.op {
                self.block(&mut repeat.body);
                block.operations.extend(self.first_step(repeat));
            }
            block.operations.push(operation);
        }
    }

    /// Takes the first step out of a loop; nothing if no sum vanishes in it.
    fn first_step(&mut self, repeat: &mut Repeat) -> Vec<Operation> {
        let zero = |value: &Value| self.constants.get(value) == Some(&0.0);
        let first_is_like_others = repeat.until.is_none() && !asks_for_step(&repeat.body);
        if repeat.count < 2 || !first_is_like_others || !repeat.initial.iter().any(zero) {
            return Vec::new();
        }
        let values = self.program.values.len();
        let now = self.renamed(repeat);
        let mut first = repeat.body.clone();
        first.map_values(&mut |value| now.get(&value).copied().unwrap_or(value));
        let mut vanished = false;
        for operation in &mut first.operations {
            if let Some((number, is_sum)) = self.number(&operation.op) {
                vanished |= is_sum;
                self.constants.insert(operation.results[0], number);
                operation.op = Op::Constant(number);
            }
        }
        if !vanished {
            self.constants.retain(|value, _| value.index() < values);
            self.program.values.truncate(values);
            return Vec::new();
        }
        repeat.count -= 1;
        repeat.initial = first.results;
        first.operations
    }

    /// The values of a loop's body in its first step.
    fn renamed(&mut self, repeat: &Repeat) -> HashMap<Value, Value> {
        let parameters = repeat.body.parameters[1..].iter().copied();
        let mut now: HashMap<Value, Value> = parameters.zip(repeat.initial.iter().copied()).collect();
        let mut inside = Vec::new();
        repeat.body.for_each_definition(&mut |value| inside.push(value));
        for value in inside {
            let ty = self.program.type_of(value).clone();
            now.entry(value).or_insert_with(|| self.program.new_value(ty));
        }
        now
    }

    /// The number that an operation's result is everywhere, if that is known, and whether it is a sum of products with zero.
    #[allow(clippy::wildcard_enum_match_arm, reason = "of no other operation it is known, present or future")]
    fn number(&self, op: &Op) -> Option<(f64, bool)> {
        let number = |value: &Value| self.constants.get(value).copied();
        let precision = self.program.precision;
        match op {
            Op::Unary(op, a) => Some((evaluate_unary(precision, *op, number(a)?), false)),
            Op::Binary(op, a, b) => Some((evaluate_binary(precision, *op, number(a)?, number(b)?), false)),
            Op::Broadcast { input, .. } | Op::Reshape(input) => Some((number(input)?, false)),
            Op::Contract { lhs, rhs, .. } | Op::Convolve { lhs, rhs, .. } => {
                [lhs, rhs].into_iter().any(|factor| number(factor) == Some(0.0)).then_some((0.0, true))
            }
            _ => None,
        }
    }
}

/// Whether something in a loop's body depends on the step's number.
fn asks_for_step(body: &Block) -> bool {
    let mut asks = false;
    body.for_each_use(&mut |value| asks |= value == body.parameters[0]);
    asks
}
