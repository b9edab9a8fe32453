//! Where gradients go another way than the values they are of: along declared surrogate derivatives (R20.11), and not at all
//! where the rule cuts them (R20.12) or a reference holds them (R14.17). Only programs that are made to be differentiated say so.

use plr_ir::Value;
use plr_ir::model::Holding;
use plr_ir::types::Elem;

use crate::hir::Expr;

use super::environment::Environment;
use super::expression::{Context, Evaluated, Lowerer};
use super::term::{self, Extents, Term};

/// Who will differentiate a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gradients {
    /// Nobody.
    #[default]
    None,
    /// A reference that follows surrogate derivatives.
    Led {
        /// Whether it is cut.
        cut: bool,
        /// What it holds.
        holding: Holding,
    },
}

impl Gradients {
    /// A reference that goes everywhere.
    pub const LED: Self = Self::Led { cut: false, holding: Holding::Nothing };

    /// Whether there is a reference that holds this.
    pub fn hold(self, what: Holding) -> bool {
        matches!(self, Self::Led { holding, .. } if holding == what)
    }
}

impl Lowerer<'_> {
    /// A value that another layer has made: no gradient flows through it, if the reference holds such.
    pub fn foreign(&mut self, term: Term) -> Term {
        // Nor does one flow through a truth.
        if !self.gradients.hold(Holding::Layers) || self.b.type_of(term.value).elem != Elem::Real {
            return term;
        }
        Term { value: self.b.detach(term.value, None), ..term }
    }

    /// No gradient flows to how states and traces became what they are, now or at the end of a phase.
    pub fn hold_states(&mut self, now: &mut Environment) {
        let mut hold = |value: Value| self.b.detach(value, None);
        now.change(&mut hold);
        self.stored.iter_mut().flatten().for_each(|stored| stored.change(&mut hold));
    }

    /// A value through which no gradient flows, if the reference is cut.
    pub fn cut(&mut self, expr: &Expr, cx: Context<'_>) -> Evaluated {
        let x = self.evaluate(expr, cx)?;
        if !matches!(self.gradients, Gradients::Led { cut: true, .. }) {
            return Ok(x);
        }
        let x = term::as_number(&mut self.b, &cx.extents, x);
        Ok(Term { value: self.b.detach(x.value, None), ..x })
    }

    /// A value whose derivative by an argument is taken for the slope.
    pub fn led(&mut self, value: Term, argument: Term, slope: Term, extents: &Extents) -> Term {
        let axes = value.axes.union(argument.axes).union(slope.axes);
        let [value, argument, slope] = [value, argument, slope].map(|x| {
            let x = term::as_number(&mut self.b, extents, x);
            term::widen(&mut self.b, extents, x, axes).value
        });
        Term { value: self.b.detach(value, Some((argument, slope))), axes }
    }
}
