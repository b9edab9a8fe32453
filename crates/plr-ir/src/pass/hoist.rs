//! Loop-invariant code: moves what does not change from step to step in front of the loop, and recognises carried values
//! that never change.
//!
//! ```text
//! %3: real[3], %4: real[3] = repeat 9 (%5: index, %6: real[3] = %0, %7: real[3] = %1) {
//!   %8: real[3] = tanh %7
//!   %9: real[3] = mul %6, %8
//!   yield %9, %7
//! }
//! =>
//! %8: real[3] = tanh %1
//! %3: real[3], %4: real[3] = repeat 9 (%5: index, %6: real[3] = %0, %7: real[3] = %1) {
//!   %9: real[3] = mul %6, %8
//!   yield %9, %1                     // and uses of %4 use %1
//! }
//! ```
//!
//! A carried value whose next value is itself, or its initial value, *is* its initial value. An operation all of whose operands
//! are defined outside the loop can go there; so can a whole loop, and random draws, which are the same in every step unless
//! they are told the step. As every loop runs at least one step, nothing is computed that was not computed before, and a loop's
//! result that its body takes from outside is that value. The emptied carries are left to [`dce`](super::dce).

use crate::analysis::Substitution;
use crate::program::{Block, Op, Operation, Program, Repeat, Value};

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let mut body = std::mem::take(&mut program.body);
    let mut hoist = Hoist { level: vec![0; program.values.len()], substitution: Substitution::new(program) };
    let stays_outside = hoist.block(&mut body, 0);
    debug_assert!(stays_outside.is_empty(), "there is nothing around the program");
    program.body = body;
}

/// The state of the walk.
struct Hoist {
    /// How many loops are around the definition of each value that has been passed.
    level: Vec<usize>,
    substitution: Substitution,
}

impl Hoist {
    /// Goes through the operations of a block inside `level` loops. Those that may leave it are returned, in order.
    fn block(&mut self, block: &mut Block, level: usize) -> Vec<Operation> {
        for parameter in &block.parameters {
            self.level[parameter.index()] = level;
        }
        let mut inside = Vec::with_capacity(block.operations.len());
        let mut outside = Vec::new();
        for mut operation in std::mem::take(&mut block.operations) {
            self.substitution.apply(&mut operation.op);
            let mut freed = Vec::new();
            if let Op::Repeat(repeat) = &mut operation.op {
                freed = self.repeat(repeat, &operation.results, level);
            }
            for operation in freed.into_iter().chain([operation]) {
                let depends_on = self.depends_on(&operation, level);
                for result in &operation.results {
                    self.level[result.index()] = depends_on;
                }
                if depends_on < level { &mut outside } else { &mut inside }.push(operation);
            }
        }
        block.operations = inside;
        self.substitution.apply_to_results(block);
        outside
    }

    /// A loop inside `level` others; returns what leaves its body.
    fn repeat(&mut self, repeat: &mut Repeat, results: &[Value], level: usize) -> Vec<Operation> {
        let Repeat { initial, body, until, .. } = repeat;
        for ((&parameter, &next), &initial) in body.parameters[1..].iter().zip(&body.results).zip(&*initial) {
            let next = self.substitution.get(next);
            if next == parameter || next == initial {
                self.substitution.replace(parameter, initial);
            }
        }
        let freed = self.block(body, level + 1);
        if let Some(until) = until {
            until.residual = self.substitution.get(until.residual);
        }
        for (&next, &result) in body.results.iter().zip(results) {
            if self.level[next.index()] <= level {
                self.substitution.replace(result, next);
            }
        }
        freed
    }

    /// Inside how many loops, at most `level`, an operation must stay for what it uses to be visible. Values at deeper levels
    /// are the operation's own.
    fn depends_on(&self, operation: &Operation, level: usize) -> usize {
        let mut deepest = 0;
        operation.for_each_use(&mut |value| {
            let used = self.level[value.index()];
            if used <= level {
                deepest = deepest.max(used);
            }
        });
        deepest
    }
}
