//! Clauses that may stand in any order, but each only once.

use super::Builder;
use crate::ast::{Comparison, Expectation, Expr, Name, Phase, PhaseStatement, Setting};
use crate::finding::DuplicateClause;
use crate::span::Span;

/// An option in the head of a phase.
#[derive(Clone, Debug)]
pub(crate) enum PhaseOption {
    /// `steps = 30`
    Steps(Expr),
    /// `until residual < 1e-6`
    Until(Expr),
    /// `from = free`
    From(Name),
    /// `dt = 0.1`
    Dt(Expr),
    /// `integrator = heun`
    Integrator(Name),
    /// `over time`
    OverTime,
    /// `reversed`
    Reversed,
}

/// The options in the head of a phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhaseOptions {
    steps: Once<Expr>,
    until: Once<Expr>,
    from: Once<Name>,
    dt: Once<Expr>,
    integrator: Once<Name>,
    over_time: Once<Span>,
    reversed: Once<Span>,
}

/// A clause after the bound of a claim.
#[derive(Clone, Debug)]
pub(crate) enum Trailing {
    /// `within 0.1`
    Within(Expr),
    /// `at output`
    At(Name),
    /// `when beta = 1e-2`
    When(Vec<Setting>),
    /// `over 0.1, 0.01`
    Over(Vec<Expr>),
    /// `after 500 updates`
    Updates(Expr),
    /// `averaged over 100 draws`
    Averaged(Expr),
}

/// A derivative of a cost.
#[derive(Clone, Debug)]
pub(crate) enum Derivative {
    /// `derivative e`: with respect to the activity.
    Plain(Expr),
    /// `derivative after softmax e`: with respect to the drive of that activation.
    After(Name, Expr),
}

/// A clause that may stand once, with where it stands.
#[derive(Clone, Debug)]
struct Once<T>(Option<(T, Span)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    /// The value, if the clause stood somewhere.
    fn value(self) -> Option<T> {
        self.0.map(|(value, _)| value)
    }
}

impl PhaseOptions {
    /// The phase with these options.
    pub(crate) fn phase(self, name: Name, body: Vec<PhaseStatement>, span: Span) -> Phase {
        let Self { steps, until, from, dt, integrator, over_time, reversed } = self;
        let (steps, until, from) = (steps.value(), until.value(), from.value());
        let (dt, integrator, over_time) = (dt.value(), integrator.value(), over_time.value());
        let reversed = reversed.value();
        Phase { name, steps, until, from, dt, integrator, over_time, reversed, body, span }
    }
}

impl Builder<'_> {
    /// Sorts the options of a phase.
    pub(crate) fn phase_options(&mut self, list: Vec<(PhaseOption, Span)>) -> PhaseOptions {
        let mut options = PhaseOptions::default();
        for (option, span) in list {
            match option {
                PhaseOption::Steps(value) => self.once(&mut options.steps, value, span),
                PhaseOption::Until(value) => self.once(&mut options.until, value, span),
                PhaseOption::From(value) => self.once(&mut options.from, value, span),
                PhaseOption::Dt(value) => self.once(&mut options.dt, value, span),
                PhaseOption::Integrator(value) => self.once(&mut options.integrator, value, span),
                PhaseOption::OverTime => self.once(&mut options.over_time, span, span),
                PhaseOption::Reversed => self.once(&mut options.reversed, span, span),
            }
        }
        options
    }

    /// A claim with its trailing clauses.
    pub(crate) fn expectation(
        &mut self,
        (measure, comparison, bound, unit): (Expr, Comparison, Expr, Option<Name>),
        trailing: Vec<(Trailing, Span)>,
        span: Span,
    ) -> Expectation {
        let (mut tolerance, mut at, mut updates) = (Once::default(), Once::default(), Once::default());
        let (mut when, mut over, mut averaged) = (Once::default(), Once::default(), Once::default());
        for (clause, span) in trailing {
            match clause {
                Trailing::Within(value) => self.once(&mut tolerance, value, span),
                Trailing::At(value) => self.once(&mut at, value, span),
                Trailing::When(value) => self.once(&mut when, value, span),
                Trailing::Over(value) => self.once(&mut over, value, span),
                Trailing::Updates(value) => self.once(&mut updates, value, span),
                Trailing::Averaged(value) => self.once(&mut averaged, value, span),
            }
        }
        Expectation {
            measure,
            comparison,
            bound,
            unit,
            tolerance: tolerance.value(),
            at: at.value(),
            when: when.value().unwrap_or_default(),
            over: over.value().unwrap_or_default(),
            updates: updates.value(),
            averaged: averaged.value(),
            span,
        }
    }

    /// The derivative of a cost, and its closed forms.
    pub(crate) fn derivatives(&mut self, list: Vec<(Derivative, Span)>) -> (Option<Expr>, Vec<(Name, Expr)>) {
        let mut plain = Once::default();
        let mut after = Vec::new();
        for (derivative, span) in list {
            match derivative {
                Derivative::Plain(value) => self.once(&mut plain, value, span),
                Derivative::After(activation, value) => after.push((activation, value)),
            }
        }
        (plain.value(), after)
    }

    /// Puts a clause in its place, and reports a second one.
    fn once<T>(&mut self, place: &mut Once<T>, value: T, span: Span) {
        match &place.0 {
            None => place.0 = Some((value, span)),
            Some((_, first)) => self.findings.push(DuplicateClause { first: *first, second: span }),
        }
    }
}
