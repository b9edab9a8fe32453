//! What a synapse reads of the units at one of its ends (R5.16), perhaps as it was in the step before (R20.5).

use plr_ir::program::PoolKind;

use crate::group::{Evaluator, Group};
use crate::hir::{Expr, ExprKind, Past, Place};
use crate::memory::mentions;
use crate::resolve::{has_weight, places};
use crate::winner::all_sent_up;

use super::environment::{Environment, Unavailable};
use super::expression::{Context, Evaluated, Lowerer};
use super::term::{self, Axes, Term};

impl Lowerer<'_> {
    /// What a synapse's expression is at one of its ends, if it is about that one alone.
    pub fn evaluate_for_end(&mut self, expr: &Expr, cx: Context<'_>) -> Option<Evaluated> {
        let Evaluator::Synapse(_, pre, post) = cx.reader else { return None };
        // A weight is no unit's own, whatever stands beside it.
        if has_weight(expr) {
            return None;
        }
        let (place, end) = match places(expr)[..] {
            [place @ Place::Pre] => (place, pre),
            [place @ Place::Post] => (place, post),
            _ => return None,
        };
        if self.is_of_winners(place, cx) && !self.is_sent_up(expr, place, cx) {
            // What each value of the winners makes, if that is known of the parts.
            let elementwise = self.is_elementwise(expr);
            return if elementwise { None } else { Some(Err(Unavailable::PartOfWindow { at: expr.span })) };
        }
        let previous = self.states_before(cx).filter(|_| cx.delayed.contains(&place));
        // What every unit hears is not delayed (R20.5).
        if previous.is_some() && self.joins_a_signal(expr) {
            return None;
        }
        let (environment, late) = previous.as_ref().map_or((cx.environment, cx.late), |p| (p, true));
        let cx = Context { environment, late, ..cx };
        let at_end = |lowerer: &mut Self| lowerer.evaluate_end(expr, end, place == Place::Pre, cx);
        let found = if previous.is_some() { self.as_in_the_step_before(cx, at_end) } else { at_end(self) };
        Some(found.map(|found| if cx.foreign == Some(place) { self.foreign(found) } else { found }))
    }

    /// The states of the step before that which is evaluated; none outside of steps, where there is no delay (R20.5).
    pub fn states_before(&self, cx: Context<'_>) -> Option<Environment> {
        match cx.phase {
            None => self.previous.as_ref().map(|(states, _)| states.clone()),
            Some(Past { at_time: false, .. }) => None,
            Some(Past { phase, at_time: true }) => {
                self.replayed.get(&phase).map(|moments| moments.before.clone())
            }
        }
    }

    /// Whether what a synapse hears of one end are the largest of windows.
    fn is_of_winners(&self, place: Place, cx: Context<'_>) -> bool {
        let pool = cx.along.and_then(|along| along.pool_at(place == Place::Pre));
        pool.is_some_and(|(kind, _)| kind == PoolKind::Max)
    }

    /// Whether an expression of the units at that end is what they send up, perhaps at the end of a phase.
    fn is_sent_up(&self, expr: &Expr, place: Place, cx: Context<'_>) -> bool {
        let Evaluator::Synapse(_, pre, post) = cx.reader else { return false };
        let (below, above) = if place == Place::Pre { (pre, post) } else { (post, pre) };
        all_sent_up(&self.setting.rule, &self.setting.network, below, above)
            .iter()
            .any(|(sent, _)| as_now(sent) == as_now(expr))
    }

    /// Whether an expression computes, element by element, with a signal.
    fn joins_a_signal(&self, expr: &Expr) -> bool {
        self.is_elementwise(expr) && mentions(expr, &|kind| matches!(kind, ExprKind::Signal(..)))
    }

    /// Whether an expression computes element by element.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn is_elementwise(&self, expr: &Expr) -> bool {
        let functions = &self.setting.library.functions;
        match &expr.kind {
            ExprKind::Call { function, .. } => !functions[function.0].layer_wide,
            ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::Compare(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Not(_)
            | ExprKind::If(..)
            | ExprKind::PoissonQuantile(..) => true,
            _ => false,
        }
    }

    /// What belongs to one end of a synapse is that unit's own, pooled as the synapse sees it (R5.16); its units are then the
    /// axis of that end.
    pub fn evaluate_end(&mut self, expr: &Expr, end: Group, presynaptic: bool, cx: Context<'_>) -> Evaluated {
        let late = cx.late;
        let unit = Context { site: cx.site, late, ..self.unit_context(end, cx.environment, cx.phase) };
        let found = self.evaluate(expr, unit)?;
        let pool = cx.along.and_then(|along| along.pool_at(presynaptic));
        // A truth is pooled as a number.
        let found = if pool.is_some() { term::as_number(&mut self.b, &unit.extents, found) } else { found };
        let found = self.pooled(pool, found);
        let axis = if presynaptic { cx.own.presynaptic() } else { Axes::UNIT };
        let axes = if found.axes.contains(Axes::UNIT) {
            found.axes.without(Axes::UNIT).union(axis)
        } else {
            found.axes
        };
        Ok(Term { axes, ..found })
    }
}

/// An expression as of now, of nobody's end.
fn as_now(expr: &Expr) -> Expr {
    let mut found = expr.clone();
    forget_when(&mut found);
    found
}

fn forget_when(expr: &mut Expr) {
    if let ExprKind::Variable { place, past, .. } = &mut expr.kind {
        (*place, *past) = (Place::Own, None);
    } else if let ExprKind::Coordinate { place, .. } = &mut expr.kind {
        *place = Place::Own;
    }
    expr.for_each_child_mut(forget_when);
}
