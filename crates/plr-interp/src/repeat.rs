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
        let mut carried = self.get_all(&repeat.initial);
        let mut steps = 0;
        while steps < repeat.count {
            let index = Operand::constant(Datum::Index(steps));
            let arguments = std::iter::once(index).chain(carried);
            repeat
                .body
                .parameters
                .iter()
                .zip(arguments)
                .for_each(|(&parameter, value)| self.define(parameter, value));
            self.block(&repeat.body);
            carried = self.get_all(&repeat.body.results);
            steps += 1;
            if repeat.until.is_some_and(|until| self.has_settled(until)) {
                break;
            }
        }
        if let Some(until) = repeat.until {
            carried.push(Operand::constant(Datum::Index(steps)));
            carried.push(self.get(until.residual));
        }
        results.iter().zip(carried).for_each(|(&result, value)| self.define(result, value));
    }

    /// Whether the residual of the step that just ran is below the tolerance, rounded to the program's precision as
    /// every constant is. A residual that is not a number never is.
    fn has_settled(&self, until: Until) -> bool {
        let residual = self.get(until.residual);
        let tolerance = T::from_f64(until.tolerance);
        residual.datum.real().iter().all(|&residual| residual < tolerance)
    }
}
