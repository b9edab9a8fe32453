//! Dead code: removes what no output depends on.
//!
//! ```text
//! %1: real[3], %2: real[3] = repeat 9 (%3: index, %4: real[3] = %0, %5: real[3] = %0) {
//!   %6: real[3] = tanh %4
//!   %7: real[3] = add %5, %6        // only ever feeds itself
//!   yield %6, %7
//! }
//! output "x" = %1
//! =>
//! %1: real[3] = repeat 9 (%3: index, %4: real[3] = %0) {
//!   %6: real[3] = tanh %4
//!   yield %6
//! }
//! output "x" = %1
//! ```
//!
//! A value is alive if an output depends on it. Dependence goes through loops value by value: a carried value depends on its
//! initial value and on what the body hands out for it, and what leaves a loop with a tolerance depends on the residual too.
//! Marking begins at the outputs, so a carried value that only feeds itself is never reached. A map lives or dies as a whole;
//! fusion, which makes them, runs on programs without dead code.

use crate::program::{Block, Op, Operation, Program, Repeat, Value};

/// Removes dead code from the whole program.
pub(super) fn run(program: &mut Program) {
    let mut sources = Sources { of: vec![Vec::new(); program.values.len()] };
    sources.block(&program.body);
    let alive = sources.reachable(&program.body.results);
    let mut body = std::mem::take(&mut program.body);
    sweep(&mut body, &alive);
    program.body = body;
}

/// For each value those that it directly depends on.
struct Sources {
    of: Vec<Vec<Value>>,
}

impl Sources {
    fn block(&mut self, block: &Block) {
        for Operation { results, op, .. } in &block.operations {
            if let Op::Repeat(repeat) = op {
                self.repeat(repeat, results);
            } else {
                let mut operands = Vec::new();
                op.for_each_operand(|value| operands.push(value));
                for result in results {
                    self.of[result.index()].clone_from(&operands);
                }
            }
        }
    }

    fn repeat(&mut self, repeat: &Repeat, results: &[Value]) {
        let residual = repeat.until.map(|until| until.residual);
        let carried = repeat.initial.iter().zip(&repeat.body.results);
        for ((&initial, &next), parameter) in carried.zip(&repeat.body.parameters[1..]) {
            self.of[parameter.index()] = vec![initial, next];
        }
        for (i, result) in results.iter().enumerate() {
            let next = repeat.body.results.get(i).copied();
            self.of[result.index()] =
                repeat.initial.get(i).copied().into_iter().chain(next).chain(residual).collect();
        }
        self.block(&repeat.body);
    }

    /// Whether each value is among the roots or what they depend on.
    fn reachable(&self, roots: &[Value]) -> Vec<bool> {
        let mut alive = vec![false; self.of.len()];
        let mut waiting = roots.to_vec();
        while let Some(value) = waiting.pop() {
            if !std::mem::replace(&mut alive[value.index()], true) {
                waiting.extend_from_slice(&self.of[value.index()]);
            }
        }
        alive
    }
}

/// Removes what is not alive.
fn sweep(block: &mut Block, alive: &[bool]) {
    let is_alive = |value: &Value| alive[value.index()];
    block.operations.retain_mut(|Operation { results, op, .. }| {
        if !results.iter().any(is_alive) {
            return false;
        }
        if let Op::Repeat(repeat) = op {
            sweep_repeat(repeat, results, alive);
        }
        true
    });
}

/// Removes carried values that are alive neither inside nor after the loop.
fn sweep_repeat(repeat: &mut Repeat, results: &mut Vec<Value>, alive: &[bool]) {
    let parameters = &repeat.body.parameters[1..];
    let wanted: Vec<bool> =
        parameters.iter().zip(&*results).map(|(p, r)| alive[p.index()] || alive[r.index()]).collect();
    // The count and the residual, which follow the carried values, stay.
    let keep = |values: &mut Vec<Value>, first: usize| {
        let mut position = 0..;
        values.retain(|_| {
            let carried = position.next().and_then(|at: usize| at.checked_sub(first));
            carried.and_then(|at| wanted.get(at)).copied().unwrap_or(true)
        });
    };
    keep(&mut repeat.body.parameters, 1);
    keep(&mut repeat.initial, 0);
    keep(&mut repeat.body.results, 0);
    keep(results, 0);
    sweep(&mut repeat.body, alive);
}
