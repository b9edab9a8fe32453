//! The values of constant expressions: numbers, hyper-parameters, functions of them.

use plr_ir::scalar::{self, Host};

use crate::hir::{Expr, ExprKind, Rule};

use super::Library;

/// A rule's hyper-parameters, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constants {
    /// Their values.
    pub values: Vec<f64>,
    /// Whether they are not the defaults.
    pub given: Vec<bool>,
}

impl Constants {
    /// The defaults of a rule's head, with some replaced; a default may use those before it, replaced or not (R2.2).
    pub fn of(rule: &Rule, library: &Library, replaced: &[(String, f64)]) -> Self {
        let mut all = Self::default();
        for hyper in &rule.hyper_parameters {
            let given = replaced.iter().rfind(|(name, _)| *name == hyper.name).map(|(_, value)| *value);
            all.push(given.or_else(|| constant(&hyper.default, &all, library)), given.is_some());
        }
        all
    }

    /// The same where some have values of their own, and defaults follow (R16.3).
    pub fn with(&self, rule: &Rule, library: &Library, own: impl Fn(&str) -> Option<f64>) -> Self {
        let mut all = Self::default();
        for (hyper, (value, given)) in rule.hyper_parameters.iter().zip(self.values.iter().zip(&self.given)) {
            let own = own(&hyper.name);
            let found = own.or_else(|| given.then_some(*value));
            all.push(found.or_else(|| constant(&hyper.default, &all, library)), own.is_some() || *given);
        }
        all
    }

    fn push(&mut self, value: Option<f64>, given: bool) {
        self.values.push(value.unwrap_or(f64::NAN));
        self.given.push(given);
    }
}

/// The value of a constant expression in f64; `None` if something in it varies.
pub fn constant(expr: &Expr, constants: &Constants, library: &Library) -> Option<f64> {
    Evaluation { constants, library, arguments: &[], settings: &[] }.value(expr)
}

struct Evaluation<'a> {
    constants: &'a Constants,
    library: &'a Library,
    arguments: &'a [f64],
    settings: &'a [f64],
}

impl Evaluation<'_> {
    fn value(&self, expr: &Expr) -> Option<f64> {
        let mut host = Host::<f64>::default();
        Some(match &expr.kind {
            ExprKind::Number(x) => *x,
            ExprKind::Hyper(id) => *self.constants.values.get(id.0)?,
            ExprKind::Argument(i) => *self.arguments.get(*i)?,
            ExprKind::Setting(i) => *self.settings.get(*i)?,
            ExprKind::Unary(op, a) => scalar::unary(&mut host, *op, self.value(a)?),
            ExprKind::Binary(op, a, b) => scalar::binary(&mut host, *op, self.value(a)?, self.value(b)?),
            ExprKind::Compare(op, a, b) => {
                truth(scalar::compare(&mut host, *op, self.value(a)?, self.value(b)?))
            }
            ExprKind::And(a, b) => truth(self.value(a)? != 0.0 && self.value(b)? != 0.0),
            ExprKind::Or(a, b) => truth(self.value(a)? != 0.0 || self.value(b)? != 0.0),
            ExprKind::Not(a) => truth(self.value(a)? == 0.0),
            ExprKind::If(c, a, b) => self.value(if self.value(c)? != 0.0 { a } else { b })?,
            ExprKind::Call { function, primed, arguments, settings, .. } => {
                let function = &self.library.functions[function.0];
                let arguments: Option<Vec<f64>> = arguments.iter().map(|a| self.value(a)).collect();
                let defaults = function.settings.iter().map(|(_, default)| default);
                let settings: Option<Vec<f64>> = settings
                    .iter()
                    .zip(defaults)
                    .map(|(given, default)| self.value(given.as_ref().unwrap_or(default)))
                    .collect();
                let body = if *primed { function.derivative.as_ref()? } else { &function.body };
                Evaluation { arguments: &arguments?, settings: &settings?, ..*self }.value(body)?
            }
            ExprKind::Variable { .. }
            | ExprKind::Weight { .. }
            | ExprKind::Arrive { .. }
            | ExprKind::Beside { .. }
            | ExprKind::Signal(..)
            | ExprKind::Data
            | ExprKind::Filtered { .. }
            | ExprKind::Updates
            | ExprKind::Count(_)
            | ExprKind::Trace(..)
            | ExprKind::Time { .. }
            | ExprKind::Distance { .. }
            | ExprKind::Coordinate { .. }
            | ExprKind::Draw(_)
            | ExprKind::Target
            | ExprKind::Activation { .. }
            | ExprKind::Cost { .. }
            | ExprKind::Layer(..)
            | ExprKind::Rank(_)
            | ExprKind::Cut(_)
            | ExprKind::Increment(_)
            | ExprKind::RunningSum(_)
            | ExprKind::Batch(..)
            | ExprKind::Shift(_)
            | ExprKind::Shuffle(_)
            | ExprKind::PoissonQuantile(..)
            | ExprKind::Over(..) => return None,
        })
    }
}

fn truth(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}
