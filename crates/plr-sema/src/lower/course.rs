//! The course of a sample through time: what is presented at a step, and what is predicted there.
//!
//! A phase over time is a loop whose steps each present one slice of `data` and `target`, where these have slices (R20.2). Beside
//! the states that the phase moves the loop carries what was presented last, which stays presented when the phase has
//! ended, and, where the prediction is made at every step, the predictions and the sum of their costs (R20.6).

use plr_ir::Value;
use plr_ir::model::Sequence;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::BinaryOp;
use plr_syntax::ast::Occasion;

use plr_syntax::span::Span;

use crate::hir::{Expr, ExprKind, Past, PhaseId, Predict};

use super::environment::{Environment, Unavailable};
use super::expression::{Context, Evaluated, Lowerer};
use super::presentation::Presentation;
use super::setting::Duration;
use super::term::{self, Axes, Term};

/// What the samples are, and what of them is presented.
#[derive(Debug)]
pub struct Course {
    /// All of the data, and of the targets where the program has them.
    whole: (Value, Option<Value>),
    sequence: Option<Sequence>,
    /// The data of the step at hand, or of the last one; none before the first.
    pub data: Option<Value>,
    /// The targets, likewise.
    pub target: Option<Value>,
    /// Both in the step before.
    earlier: (Option<Value>, Option<Value>),
    /// What was predicted at every step or for each class, where that is wanted.
    pub scores: Option<Scores>,
    /// The target is a class, in a pass that is for it.
    of_class: bool,
}

/// Predictions at every step of a phase, or for each class.
#[derive(Clone, Debug)]
pub struct Scores {
    /// Of which phase.
    phase: PhaseId,
    /// `real[batch, steps, outputs]`, or `real[batch, outputs]` if there is one for each class.
    pub prediction: Value,
    /// The cost, over all steps, `real[batch]`, where that is wanted.
    pub loss: Option<Value>,
    /// Why there are none, if so.
    pub missing: Option<Unavailable>,
}

impl Scores {
    /// One of them, if there are any.
    pub fn get<T>(&self, score: T) -> Result<T, Unavailable> {
        self.missing.clone().map_or(Ok(score), Err)
    }
}

impl Course {
    /// Before the first step.
    pub fn new(data: Value, target: Option<Value>, sequence: Option<Sequence>) -> Self {
        let whole_data = Some(data).filter(|_| sequence.is_none_or(|s| !s.data));
        let whole_target = target.filter(|_| sequence.is_none_or(|s| !s.target));
        Self {
            whole: (data, target),
            sequence,
            data: whole_data,
            target: whole_target,
            earlier: (None, None),
            scores: None,
            of_class: false,
        }
    }

    /// What was presented in the step before; where steps have nothing of their own, what is presented.
    pub fn before(&self, over_time: bool) -> (Option<Value>, Option<Value>) {
        if over_time { self.earlier } else { (self.data, self.target) }
    }

    /// What is presented, where it is the same at every step.
    pub fn lasting(&self) -> (Option<Value>, Option<Value>) {
        let (data, target) = self.varying();
        (self.data.filter(|_| data.is_none()), self.target.filter(|_| target.is_none()))
    }

    /// What has a slice for each step: data, targets.
    fn varying(&self) -> (Option<Value>, Option<Value>) {
        let Some(sequence) = self.sequence else { return (None, None) };
        let target = self.whole.1.filter(|_| sequence.target && !self.of_class);
        (Some(self.whole.0).filter(|_| sequence.data), target)
    }
}

impl Lowerer<'_> {
    /// Runs the presentation up to the end of a phase, and predicts at every step of it or for each class if the rule says so.
    pub fn predict(&mut self, durations: &[Duration], phase: PhaseId, with_loss: bool) -> Presentation {
        let predict = self.setting.rule.predict.as_ref();
        if let Some(predict) = predict.filter(|p| p.occasion == Occasion::EachClass) {
            return self.predict_classes(predict, durations, phase, with_loss);
        }
        let every_step = predict.filter(|p| p.occasion == Occasion::EveryStep && p.after == phase);
        if every_step.is_some() {
            let outputs = self.setting.shape().outputs;
            let steps = durations[phase.0].steps as usize;
            let prediction = self.b.constant(0.0, &[self.batch, steps, outputs]);
            let loss = with_loss.then(|| self.b.constant(0.0, &[self.batch]));
            self.course.scores = Some(Scores { phase, prediction, loss, missing: None });
        }
        self.present(durations, Some(phase))
    }

    /// Runs the presentation once for each class, with that class as the target; what the rule makes of each is a column of the
    /// drive of the prediction (R9.4).
    fn predict_classes(
        &mut self,
        predict: &Predict,
        durations: &[Duration],
        phase: PhaseId,
        with_loss: bool,
    ) -> Presentation {
        let outputs = self.setting.shape().outputs;
        let before = (self.parameters.clone(), self.course.target);
        let none = self.b.constant(0.0, &[self.batch, outputs]);
        let (class, carried) = self.b.begin_repeat(&[none]);
        let one = self.b.constant(1.0, &[self.batch]);
        self.course.target = Some(self.b.insert(none, one, 1, class));
        self.course.of_class = true;
        let presentation = self.present(durations, Some(phase));
        let found = self.globally(&predict.value, &presentation.environment).map(|found| {
            let extents = self.output_extents();
            let found = term::as_number(&mut self.b, &extents, found);
            term::widen(&mut self.b, &extents, found, Axes::SAMPLE).value
        });
        let (next, mut missing) = match found {
            Ok(found) => (self.b.insert(carried[0], found, 1, class), None),
            Err(unavailable) => (carried[0], Some(unavailable)),
        };
        let drive = self.b.end_repeat(outputs as u32, &[none], vec![next], None)[0];
        (self.parameters, self.course.target) = before;
        self.course.of_class = false;
        let drive = Term { value: drive, axes: Axes::SAMPLE.union(Axes::UNIT) };
        let mut scored = |this: &mut Self, kind: fn(Box<Expr>) -> ExprKind| {
            let found = this.of_drive(kind, drive, predict, &presentation.environment);
            found.map_err(|unavailable| missing = Some(unavailable)).map_or(drive.value, |term| term.value)
        };
        let prediction = scored(self, |argument| ExprKind::Activation { primed: false, argument });
        let loss = with_loss.then(|| {
            let cost = scored(self, |argument| ExprKind::Cost { primed: false, of_drive: true, argument });
            self.b.reduce(ReduceKind::Sum, cost, &[1])
        });
        self.course.scores = Some(Scores { phase, prediction, loss, missing });
        presentation
    }

    /// An expression of the drive of the output units.
    fn of_drive(
        &mut self,
        kind: fn(Box<Expr>) -> ExprKind,
        drive: Term,
        predict: &Predict,
        states: &Environment,
    ) -> Result<Term, Unavailable> {
        let span = predict.span;
        let argument = Box::new(Expr { kind: ExprKind::Argument(0), span });
        let found = self.with_arguments(&Expr { kind: kind(argument), span }, &[Ok(drive)], states)?;
        let extents = self.output_extents();
        let found = term::as_number(&mut self.b, &extents, found);
        Ok(term::widen(&mut self.b, &extents, found, Axes::SAMPLE.union(Axes::UNIT)))
    }

    /// What a loop over time carries beside states and parameters, before its first step.
    pub fn course(&mut self, phase: PhaseId) -> Vec<Value> {
        if !self.setting.rule.phases[phase.0].over_time {
            return Vec::new();
        }
        let mut carried = Vec::new();
        let (data, target) = self.course.varying();
        for (whole, now) in [(data, self.course.data), (target, self.course.target)] {
            let Some(whole) = whole else { continue };
            let mut dims = self.b.type_of(whole).dims.clone();
            dims.remove(1);
            carried.push(now.unwrap_or_else(|| self.b.constant(0.0, &dims)));
        }
        carried.extend(self.scored(phase));
        carried
    }

    /// The predictions and losses that a phase adds to.
    fn scored(&self, phase: PhaseId) -> Vec<Value> {
        let Some(scores) = self.course.scores.as_ref().filter(|scores| scores.phase == phase) else {
            return Vec::new();
        };
        std::iter::once(scores.prediction).chain(scores.loss).collect()
    }

    /// A step begins: presents its slices. `carried` is what [`Self::course`] was, now.
    pub fn begin_step(&mut self, phase: PhaseId, step: Value, carried: &[Value]) {
        if !self.setting.rule.phases[phase.0].over_time {
            return;
        }
        let (data, target) = self.course.varying();
        let mut last = carried.iter().copied();
        let earlier_data = if data.is_some() { last.next() } else { self.course.data };
        let earlier_target = if target.is_some() { last.next() } else { self.course.target };
        self.course.earlier = (earlier_data, earlier_target);
        if let Some(whole) = data {
            self.course.data = Some(self.b.slice(whole, 1, step));
        }
        if let Some(whole) = target {
            self.course.target = Some(self.b.slice(whole, 1, step));
        }
        self.set_scored(phase, carried);
    }

    /// A step ends: predicts. Returns what the loop carries on.
    pub fn end_step(&mut self, phase: PhaseId, step: Value, after: &Environment) -> Vec<Value> {
        if !self.setting.rule.phases[phase.0].over_time {
            return Vec::new();
        }
        self.score(phase, step, after);
        let (data, target) = self.course.varying();
        let mut next = Vec::new();
        next.extend(self.course.data.filter(|_| data.is_some()));
        next.extend(self.course.target.filter(|_| target.is_some()));
        next.extend(self.scored(phase));
        next
    }

    /// The loop has ended with these carried values.
    pub fn end_course(&mut self, phase: PhaseId, results: &[Value]) {
        if !self.setting.rule.phases[phase.0].over_time {
            return;
        }
        let mut results = results.iter().copied();
        let (data, target) = self.course.varying();
        if data.is_some() {
            self.course.data = results.next();
        }
        if target.is_some() {
            self.course.target = results.next();
        }
        let scored: Vec<Value> = results.collect();
        self.set_scored_last(phase, &scored);
    }

    /// The last of the carried values are the scores.
    fn set_scored(&mut self, phase: PhaseId, carried: &[Value]) {
        let count = self.scored(phase).len();
        self.set_scored_last(phase, &carried[carried.len() - count..]);
    }

    fn set_scored_last(&mut self, phase: PhaseId, values: &[Value]) {
        let Some(scores) = self.course.scores.as_mut().filter(|scores| scores.phase == phase) else { return };
        let places = std::iter::once(&mut scores.prediction).chain(&mut scores.loss);
        places.zip(values).for_each(|(place, &value)| *place = value);
    }

    /// Predicts at the end of a step, and adds to the losses.
    fn score(&mut self, phase: PhaseId, step: Value, after: &Environment) {
        let Some(predict) = &self.setting.rule.predict else { return };
        let Some(mut scores) = self.course.scores.clone().filter(|scores| scores.phase == phase) else {
            return;
        };
        match self.prediction(predict, after) {
            Ok(now) => scores.prediction = self.b.insert(scores.prediction, now, 1, step),
            Err(unavailable) => scores.missing = Some(unavailable),
        }
        match scores.loss.map(|sum| (sum, self.loss(predict, after))) {
            Some((sum, Ok(now))) => scores.loss = Some(self.b.binary(BinaryOp::Add, sum, now)),
            Some((_, Err(unavailable))) => scores.missing = Some(unavailable),
            None => {}
        }
        self.course.scores = Some(scores);
    }

    /// The prediction with the states at hand, `real[batch, outputs]`.
    pub fn prediction(&mut self, predict: &Predict, states: &Environment) -> Result<Value, Unavailable> {
        let found = self.globally(&predict.value, states)?;
        let extents = self.output_extents();
        let found = term::as_number(&mut self.b, &extents, found);
        Ok(term::widen(&mut self.b, &extents, found, Axes::SAMPLE.union(Axes::UNIT)).value)
    }

    /// The cost of each sample's prediction with the states at hand, `real[batch]`.
    pub fn loss(&mut self, predict: &Predict, states: &Environment) -> Result<Value, Unavailable> {
        let prediction = self.prediction(predict, states)?;
        self.loss_of(prediction, predict.span, states)
    }

    /// The cost of each sample of predictions, `real[batch]`.
    pub fn loss_of(
        &mut self,
        prediction: Value,
        span: Span,
        states: &Environment,
    ) -> Result<Value, Unavailable> {
        let argument = Box::new(Expr { kind: ExprKind::Argument(0), span });
        let cost = Expr { kind: ExprKind::Cost { primed: false, of_drive: false, argument }, span };
        let prediction = Term { value: prediction, axes: Axes::SAMPLE.union(Axes::UNIT) };
        let found = self.with_arguments(&cost, &[Ok(prediction)], states)?;
        let extents = self.output_extents();
        let found = term::widen(&mut self.b, &extents, found, Axes::SAMPLE.union(Axes::UNIT));
        Ok(self.b.reduce(ReduceKind::Sum, found.value, &[1]))
    }

    /// The number of the step of a phase, or of its steps (R7.18, R20.4); in a definition of the phase in which it is read.
    pub fn time(&mut self, phase: Option<PhaseId>, whole: bool, at: Span, cx: Context<'_>) -> Evaluated {
        // What a definition was at the end of a phase had a duration, but nobody has kept the time.
        let phase = match (phase, cx.phase) {
            (Some(phase), _) => Some(phase),
            (None, Some(Past { phase, at_time: false })) => Some(phase).filter(|_| whole),
            (None, Some(Past { at_time: true, .. }) | None) => self.running,
        };
        let phase = phase.ok_or(Unavailable::Timeless { at })?;
        let steps = self.setting.steps(&self.setting.rule.phases[phase.0]);
        Ok(match self.step.filter(|_| !whole) {
            Some(step) => Term { value: self.b.convert_index(step), axes: Axes::NONE },
            None => term::number(&mut self.b, if whole { steps } else { 0.0 }),
        })
    }
}
