//! Pieces that evaluate what checks observe (R14.15, R14.17).

use plr_ir::model::Holding;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::BinaryOp;
use plr_ir::{Type, Value};

use super::{Builder, Built};
use crate::equation::{self, Site};
use crate::hir::{Expr, ExprKind, Observed, PhaseId};
use crate::lower::detour::Gradients;
use crate::lower::environment::{Environment, Unavailable};
use crate::lower::expression::Lowerer;
use crate::lower::term::{self, Axes};
use crate::resolve::is_global;

impl Builder<'_> {
    /// What a check observes, at every site where it has a value (R14.15).
    pub fn observe(&self, observed: &Observed) -> Built {
        let mut lowerer = self.presenting("observe");
        if observed.values.iter().any(has_increment) {
            for (id, parameter) in &self.model.parameters {
                let name = format!("increment/{}", parameter.name);
                let value = lowerer.b.input(name, Type::real(parameter.dims.clone()));
                lowerer.increments.insert(*id, value);
            }
        }
        let presentation = lowerer.present(&self.model.durations, observed.objective);
        let mut missing = Vec::new();
        for site in self.observed_sites(observed) {
            match self.observed_at(&mut lowerer, (observed, Axes::NONE), site, &presentation.environment) {
                Ok(values) => {
                    let site = site.name(&self.model.setting.network);
                    for (value, which) in values.into_iter().zip(["first", "second"]) {
                        lowerer.b.output(format!("{which}/{site}"), value);
                    }
                }
                Err(unavailable) => missing.push(unavailable),
            }
        }
        let program = lowerer.b.finish();
        if program.outputs.is_empty() { Err(missing) } else { Ok(program) }
    }

    /// What each layer's units make of an expression, all together, with what comes from other layers, or every state, held or not (R14.17).
    pub(super) fn objective(&self, objective: &Observed, phase: PhaseId, gradients: Gradients) -> Built {
        let mut lowerer = self.presenting("objective");
        lowerer.gradients = gradients;
        let mut presentation = lowerer.present(&self.model.durations, Some(phase));
        if gradients.hold(Holding::States) {
            lowerer.hold_states(&mut presentation.environment);
        }
        let (mut total, mut missing) = (None, Vec::new());
        if let [value] = &objective.values[..]
            && is_global(value)
        {
            total = Some(self.sum_of_samples(&mut lowerer, value, &presentation.environment)?);
        }
        let sites = if total.is_some() { Vec::new() } else { self.observed_sites(objective) };
        for site in sites {
            match self.observed_at(&mut lowerer, (objective, Axes::SAMPLE), site, &presentation.environment) {
                Ok(values) => {
                    for value in values {
                        let axes: Vec<usize> = (0..lowerer.b.type_of(value).rank()).collect();
                        let sum = lowerer.b.reduce(ReduceKind::Sum, value, &axes);
                        total = Some(match total {
                            Some(total) => lowerer.b.binary(BinaryOp::Add, total, sum),
                            None => sum,
                        });
                    }
                }
                Err(unavailable) => missing.push(unavailable),
            }
        }
        let Some(total) = total else { return Err(missing) };
        let count = lowerer.b.constant(self.batch as f64, &[]);
        let mean = lowerer.b.binary(BinaryOp::Div, total, count);
        lowerer.b.output("cost", mean);
        Ok(lowerer.b.finish())
    }

    /// The sum over samples of what is one number for each.
    fn sum_of_samples(
        &self,
        lowerer: &mut Lowerer<'_>,
        value: &Expr,
        states: &Environment,
    ) -> Result<Value, Vec<Unavailable>> {
        let found = lowerer.globally(value, states).map_err(|unavailable| vec![unavailable])?;
        let extents = lowerer.output_extents();
        let found = term::as_number(&mut lowerer.b, &extents, found);
        let found = term::widen(&mut lowerer.b, &extents, found, Axes::SAMPLE);
        Ok(lowerer.b.reduce(ReduceKind::Sum, found.value, &[0]))
    }

    fn observed_sites(&self, observed: &Observed) -> Vec<Site> {
        equation::owned(observed.owner, None, &self.model.setting.rule, &self.model.setting.network)
    }

    /// The values at a site, all of one shape, with at least these axes.
    fn observed_at(
        &self,
        lowerer: &mut Lowerer<'_>,
        (observed, least): (&Observed, Axes),
        site: Site,
        states: &Environment,
    ) -> Result<Vec<Value>, Unavailable> {
        let mut terms = Vec::new();
        let cx = lowerer.observer_context(observed.owner, site, states);
        let (extents, own) = (cx.extents, cx.own);
        for value in &observed.values {
            let cx = lowerer.observer_context(observed.owner, site, states);
            let found = lowerer.evaluate(value, cx)?;
            terms.push(term::as_number(&mut lowerer.b, &extents, found));
        }
        let axes = terms.iter().fold(own.union(least), |axes, term| axes.union(term.axes));
        Ok(terms.into_iter().map(|t| term::widen(&mut lowerer.b, &extents, t, axes).value).collect())
    }
}

/// Whether an increment stands in an expression.
fn has_increment(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Increment(_));
    expr.for_each_child(|child| found |= has_increment(child));
    found
}
