//! What there is at the end of every step of every phase, for who looks at a presentation from outside (R19.9).
//!
//! The loop of a phase carries, beside everything else, an array for each thing that is looked at, into which every step puts its
//! own. Of a step that was not taken, since the phase had reached its tolerance, there is NaN.

use plr_ir::Value;
use plr_syntax::ast::Occasion;
use plr_syntax::span::Span;

use crate::equation;
use crate::hir::{Expr, ExprKind, PhaseId, Place, SignalId, VariableId, VariableKind};

use super::environment::{Cell, Environment, TraceCell, Unavailable};
use super::expression::Lowerer;
use super::term::{self, Axes};

/// All that is looked at.
#[derive(Clone, Debug)]
pub struct Film {
    /// Whether the cost of what is predicted is looked at too.
    cost: bool,
    /// The phases that have ended.
    reels: Vec<(PhaseId, Vec<Reel>)>,
    /// The phase that runs.
    running: Vec<Reel>,
}

/// One thing in all steps of a phase.
#[derive(Clone, Copy, Debug)]
struct Reel {
    shown: Shown,
    /// `real[batch, steps, …]`
    value: Value,
    /// Whether it has a value at the ends of the steps.
    there: bool,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
enum Shown {
    /// A state, or a `let`.
    Unit(Cell),
    Trace(TraceCell),
    Signal(SignalId),
    Prediction,
    Loss,
}

impl Film {
    /// Before the first phase.
    pub fn new(cost: bool) -> Self {
        Self { cost, reels: Vec::new(), running: Vec::new() }
    }
}

impl Lowerer<'_> {
    /// What the loop of a phase of so many steps carries for the film before its first step; nothing if nobody looks.
    pub fn begin_film(&mut self, phase: PhaseId, steps: u32, before: &Environment) -> Vec<Value> {
        let Some(film) = &self.film else { return Vec::new() };
        let reels: Vec<Reel> = self
            .shown(phase, film.cost)
            .into_iter()
            .filter_map(|shown| {
                let mut dims = self.dims(shown, before)?;
                dims.insert(1, steps as usize);
                Some(Reel { shown, value: self.b.constant(f64::NAN, &dims), there: false })
            })
            .collect();
        let carried = reels.iter().map(|reel| reel.value).collect();
        self.film.iter_mut().for_each(|film| film.running.clone_from(&reels));
        carried
    }

    /// What it carries after a step; `carried` is what it carried until then.
    pub fn shoot(&mut self, step: Value, carried: &[Value], after: &Environment) -> Vec<Value> {
        let mut running =
            self.film.as_mut().map(|film| std::mem::take(&mut film.running)).unwrap_or_default();
        for (reel, &carried) in running.iter_mut().zip(carried) {
            let found = self.look_at(reel.shown, after);
            reel.there = found.is_ok();
            reel.value = found.map_or(carried, |now| self.b.insert(carried, now, 1, step));
        }
        let next = running.iter().map(|reel| reel.value).collect();
        self.film.iter_mut().for_each(|film| film.running.clone_from(&running));
        next
    }

    /// The loop has ended with these carried values.
    pub fn end_film(&mut self, phase: PhaseId, results: &[Value]) {
        let Some(film) = &mut self.film else { return };
        let mut reels = std::mem::take(&mut film.running);
        reels.iter_mut().zip(results).for_each(|(reel, &value)| reel.value = value);
        film.reels.push((phase, reels));
    }

    /// A phase of one step that is no loop has run.
    pub fn shoot_once(&mut self, phase: PhaseId, before: &Environment, after: &Environment) {
        let carried = self.begin_film(phase, 1, before);
        let mut reels = self.film.as_mut().map(|film| std::mem::take(&mut film.running)).unwrap_or_default();
        for (reel, carried) in reels.iter_mut().zip(carried) {
            let found = self.look_at(reel.shown, after);
            reel.there = found.is_ok();
            let dims = self.b.type_of(carried).dims.clone();
            let axes: Vec<usize> = (0..dims.len()).filter(|axis| *axis != 1).collect();
            reel.value = found.map_or(carried, |now| self.b.broadcast(now, &axes, &dims));
        }
        if let Some(film) = &mut self.film {
            film.reels.push((phase, reels));
        }
    }

    /// Everything, by name.
    pub fn developed(&mut self) -> Vec<(String, Value)> {
        let reels = self.film.take().map(|film| film.reels).unwrap_or_default();
        let all =
            reels.into_iter().flat_map(|(phase, reels)| reels.into_iter().map(move |reel| (phase, reel)));
        all.filter(|(_, reel)| reel.there)
            .map(|(phase, reel)| (self.title(phase, reel.shown), reel.value))
            .collect()
    }

    fn title(&self, phase: PhaseId, shown: Shown) -> String {
        let setting = self.setting;
        let phase = &setting.rule.phases[phase.0].name;
        match shown {
            Shown::Unit((variable, layer)) => {
                format!("every_step/{phase}/{}", setting.state_name(variable, layer))
            }
            Shown::Trace(cell) => format!("every_step/{phase}/{}", setting.trace_name(cell)),
            Shown::Signal(signal) => format!("every_step/{phase}/{}", setting.rule.signals[signal.0].name),
            Shown::Prediction => format!("prediction/{phase}"),
            Shown::Loss => format!("loss/{phase}"),
        }
    }

    /// What there is to look at in a phase: what it moves, what is defined, and what is predicted. A prediction for each class is none
    /// of one presentation.
    fn shown(&self, phase: PhaseId, cost: bool) -> Vec<Shown> {
        let (rule, network) = (&self.setting.rule, &self.setting.network);
        let lets = (0..rule.variables.len())
            .map(VariableId)
            .filter(|id| matches!(rule.variables[id.0].kind, VariableKind::Let(_)));
        let lets =
            lets.flat_map(|id| equation::layers(id, None, rule, network).into_iter().map(move |l| (id, l)));
        let predicts = rule.predict.as_ref().is_some_and(|predict| predict.occasion != Occasion::EachClass);
        let predicted = [(predicts, Shown::Prediction), (predicts && cost, Shown::Loss)];
        self.cells()
            .into_iter()
            .chain(lets)
            .map(Shown::Unit)
            .chain(self.traced(phase).into_iter().map(Shown::Trace))
            .chain((0..rule.signals.len()).map(|signal| Shown::Signal(SignalId(signal))))
            .chain(predicted.into_iter().filter(|(there, _)| *there).map(|(_, shown)| shown))
            .collect()
    }

    /// The dimensions of what is looked at; none if there is no such thing.
    fn dims(&mut self, shown: Shown, before: &Environment) -> Option<Vec<usize>> {
        let batch = self.batch;
        Some(match shown {
            Shown::Unit((variable, layer)) => vec![batch, self.setting.units_of(variable, layer)],
            Shown::Trace(cell) => {
                let whole = self.whole_trace(cell, before).ok()?;
                self.b.type_of(whole).dims.clone()
            }
            Shown::Signal(_) | Shown::Loss => vec![batch],
            Shown::Prediction => vec![batch, self.setting.shape().outputs],
        })
    }

    /// What it is at the end of a step. What arrives with a delay is what was sent when it began (R20.5).
    fn look_at(&mut self, shown: Shown, after: &Environment) -> Result<Value, Unavailable> {
        let own = |variable| ExprKind::Variable { place: Place::Own, variable, past: None };
        let expr = |kind| Expr { kind, span: Span::new(0, 0) };
        self.previous.clone_from(&self.last_step);
        let predict = self.setting.rule.predict.as_ref();
        let nothing = Err(Unavailable::NotBuilt);
        let found = match shown {
            Shown::Unit((variable, layer)) => {
                self.state_value(&expr(own(variable)), (variable, layer), after)
            }
            Shown::Trace(cell) => self.whole_trace(cell, after),
            Shown::Signal(signal) => {
                self.globally(&expr(ExprKind::Signal(signal, None)), after).map(|found| {
                    let extents = self.output_extents();
                    let found = term::as_number(&mut self.b, &extents, found);
                    term::widen(&mut self.b, &extents, found, Axes::SAMPLE).value
                })
            }
            Shown::Prediction => predict.map_or(nothing, |predict| self.prediction(predict, after)),
            Shown::Loss => predict.map_or(nothing, |predict| self.loss(predict, after)),
        };
        self.previous = None;
        found
    }
}
