//! Which values of a program depend on the result of a contraction or convolution: the only ones that may differ between back ends.

use plr_ir::program::Repeat;
use plr_ir::{Block, Op, Program, Value};

/// For each value, by its index, whether a contraction or convolution reaches it.
pub(super) fn values(program: &Program) -> Vec<bool> {
    let mut reach = Reach { reached: vec![false; program.values.len()] };
    reach.block(&program.body);
    reach.reached
}

struct Reach {
    /// By value.
    reached: Vec<bool>,
}

impl Reach {
    fn has(&self, value: Value) -> bool {
        self.reached[value.index()]
    }

    /// Marks a value; whether that is new.
    fn mark(&mut self, value: Value) -> bool {
        !std::mem::replace(&mut self.reached[value.index()], true)
    }

    fn block(&mut self, block: &Block) {
        for operation in &block.operations {
            if let Op::Repeat(repeat) = &operation.op {
                self.repeat(repeat, &operation.results);
                continue;
            }
            let mut reached = matches!(operation.op, Op::Contract { .. } | Op::Convolve { .. });
            operation.op.for_each_operand(|operand| reached |= self.has(operand));
            if reached {
                operation.results.iter().for_each(|&result| {
                    self.mark(result);
                });
            }
        }
    }

    /// What a step carries, the next one reads: until nothing new is reached.
    fn repeat(&mut self, repeat: &Repeat, results: &[Value]) {
        let carried = &repeat.body.parameters[1..];
        let mut news = true;
        while news {
            self.block(&repeat.body);
            news = false;
            for (k, &inside) in carried.iter().enumerate() {
                if self.has(repeat.initial[k]) || self.has(repeat.body.results[k]) {
                    news |= self.mark(inside);
                }
            }
        }
        // Where a contraction decides when the loop stops, it reaches everything that comes out.
        let stops = repeat.until.as_ref().is_some_and(|until| self.has(until.residual));
        for (k, &result) in results.iter().enumerate() {
            if stops || carried.get(k).is_some_and(|&inside| self.has(inside)) {
                self.mark(result);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use plr_ir::text::parse;

    use super::values;

    /// `h` is a contraction, `late` reads the `h` of the step before, `x` and `n` go their own ways.
    const LOOP: &str = r#"program "loop" f32 (%x "x": real[4,3], %w "W": real[3,3]) {
  %x9: real[4,3], %h9: real[4,3], %l9: real[4,3], %n9: real[4,3] = repeat 9 (%t: index, %x1: real[4,3] = %x, %h1: real[4,3] = %x, %l1: real[4,3] = %x, %n1: real[4,3] = %x) {
    %h2: real[4,3] = contract bj,ij->bi %x1, %w
    %l2: real[4,3] = tanh %h1
    %n2: real[4,3] = tanh %n1
    yield %x1, %h2, %l2, %n2
  }
  output "x" = %x9
  output "h" = %h9
  output "late" = %l9
  output "n" = %n9
}
"#;

    #[test]
    fn a_contraction_reaches_what_reads_it_a_step_later() {
        let program = parse(LOOP).unwrap();
        let reached = values(&program);
        let outputs: Vec<bool> = program.body.results.iter().map(|result| reached[result.index()]).collect();
        assert_eq!(outputs, [false, true, true, false]);
    }
}
