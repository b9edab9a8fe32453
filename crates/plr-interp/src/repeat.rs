//! Loops: the body runs again and again on the values that the step before handed out.

use plr_ir::Value;
use plr_ir::program::{Repeat, Until};

use crate::datum::{Datum, Operand};
use crate::interpreter::Interpreter;
use crate::number::Number;

impl<'p, T: Number> Interpreter<'p, T> {
    /// Runs a loop and defines its results: the carried values, then, if it can stop early, the number of steps that ran
    /// and the last residual.
    pub(crate) fn repeat(&mut self, repeat: &'p Repeat, results: &[Value]) {
        let mut steps = 0;
        while steps < repeat.count {
            self.begin_step(repeat, steps);
            self.block(&repeat.body);
            steps += 1;
            if repeat.until.is_some_and(|until| self.has_settled(until)) {
                break;
            }
        }
        self.end_loop(repeat, steps, results);
    }

    /// Defines the parameters of a loop's body for the step that is made after so many: at the first one the initial values, later what the step before handed
    /// out.
    pub(crate) fn begin_step(&mut self, repeat: &Repeat, step: u32) {
        let carried = self.get_all(if step == 0 { &repeat.initial } else { &repeat.body.results });
        let index = if repeat.reversed { repeat.count - 1 - step } else { step };
        let index = Operand::constant(Datum::Index(index));
        let arguments = std::iter::once(index).chain(carried);
        let parameters = repeat.body.parameters.iter().zip(arguments);
        parameters.for_each(|(&parameter, value)| self.define(parameter, value));
    }

    /// Defines the results of a loop that has made so many steps.
    pub(crate) fn end_loop(&mut self, repeat: &Repeat, steps: u32, results: &[Value]) {
        let mut carried = self.get_all(&repeat.body.results);
        if let Some(until) = repeat.until {
            carried.push(Operand::constant(Datum::Index(steps)));
            carried.push(self.get(until.residual));
        }
        results.iter().zip(carried).for_each(|(&result, value)| self.define(result, value));
    }

    /// Whether the residual of the step that just ran ends the loop; the tolerance is rounded to the program's precision as
    /// every constant is.
    fn has_settled(&self, until: Until) -> bool {
        self.get(until.residual).datum.real().iter().all(|&residual| until.ends(residual))
    }
}
