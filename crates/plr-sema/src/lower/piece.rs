//! The pieces of a model, each a program of its own.

mod given;
mod observed;

use plr_ir::model::{Holding, Parameter, Piece, Shape};
use plr_ir::program::ReduceKind;
use plr_ir::scalar::BinaryOp;
use plr_ir::{Precision, Program, Type, Value, builder};

use crate::audit;
use crate::audit::schedule::Slot;
use crate::hir::{Past, PhaseId, Predict, VariableId};

use super::Specialised;
use super::detour::Gradients;
use super::environment::{Environment, Quantity, Unavailable};
use super::expression::Lowerer;
use super::film::Film;
use super::learning::Learning;
use super::presentation::Presentation;
use super::setting::ParameterId;

/// Builds pieces of one model for one minibatch size and precision.
pub struct Builder<'m> {
    /// The model.
    pub model: &'m Specialised,
    /// The minibatch size.
    pub batch: usize,
    /// The precision.
    pub precision: Precision,
}

/// A program, or what observable things have no value, and why.
type Built = Result<Program, Vec<Unavailable>>;

impl Builder<'_> {
    /// Builds a piece; `None` if the rule has no such piece (R9.3).
    pub fn build(&self, piece: Piece) -> Result<Option<Program>, Vec<Unavailable>> {
        let predict = self.model.setting.rule.predict.as_ref();
        let predicting = |build: &dyn Fn(&Predict) -> Built| predict.map(build).transpose();
        match piece {
            Piece::Update => self.update(&self.all()).map(Some),
            Piece::Probe => self.probe(None).map(Some),
            Piece::EveryStep { cost } => self.probe(Some(Film::new(cost))).map(Some),
            Piece::Equation(i) => match self.model.instances().get(i) {
                Some(instance) => self.equation(instance).map(Some),
                None => Ok(None),
            },
            Piece::Observe(i) => match self.model.setting.observed.get(i) {
                Some(observed) => self.observe(observed).map(Some),
                None => Ok(None),
            },
            Piece::Objective { observation, phase, holding, cut } => {
                let gradients = Gradients::Led { cut, holding };
                let objective = self.model.setting.observed.get(observation);
                objective.map(|o| self.objective(o, PhaseId(phase), gradients)).transpose()
            }
            Piece::Nudged { state, phase } => {
                predicting(&|predict| self.nudged(predict, VariableId(state), PhaseId(phase)))
            }
            Piece::Predict => predicting(&|predict| self.predict(predict, false)),
            Piece::Evaluate => predicting(&|predict| self.predict(predict, true)),
            Piece::Cost(phase) => {
                predicting(&|predict| self.cost_after(predict, PhaseId(phase), Gradients::LED))
            }
            Piece::CutCost(phase) => {
                let cut = Gradients::Led { cut: true, holding: Holding::Nothing };
                predicting(&|predict| self.cost_after(predict, PhaseId(phase), cut))
            }
            Piece::Step(phase) if self.model.setting.rule.phases[phase].over_time => Ok(None),
            Piece::Step(phase) => self.one_step(PhaseId(phase)).map(Some),
        }
    }

    fn lowerer(&self, piece: &str, target: bool) -> Lowerer<'_> {
        self.lowerer_of(piece, self.model.setting.shape(), target)
    }

    fn lowerer_of(&self, piece: &str, shape: Shape, target: bool) -> Lowerer<'_> {
        let setting = &self.model.setting;
        let name = format!("{}.{piece}", setting.rule.name);
        Lowerer::new(
            setting,
            builder::Builder::new(name, self.precision),
            self.batch,
            &self.model.parameters,
            (shape, target),
        )
    }

    /// As the other, in a presentation that goes on from earlier ones (R3.11).
    fn presenting(&self, piece: &str) -> Lowerer<'_> {
        let mut lowerer = self.lowerer(piece, true);
        for (quantity, kept) in &self.model.kept {
            let value = lowerer.b.input(kept.name.clone(), Type::real(kept.rows(self.batch)));
            lowerer.kept.insert(*quantity, value);
        }
        lowerer
    }

    /// Every parameter and every kept state is marked.
    fn all(&self) -> Vec<bool> {
        vec![true; self.model.parameters.len() + self.model.kept.len()]
    }

    /// The names and dimensions of all traces, and of what is stored of each step of a phase.
    pub fn traces(&self) -> Vec<(String, Vec<usize>)> {
        let (lowerer, setting) = (self.lowerer("traces", false), &self.model.setting);
        let described = |cell| (setting.trace_name(cell), lowerer.trace_dims(cell));
        let trajectory = |(phase, slot): (PhaseId, Slot)| {
            let (name, each) = match slot {
                Slot::State(variable, layer) => {
                    let dims = vec![self.batch, setting.units_of(variable, layer)];
                    (setting.state_name(variable, layer), dims)
                }
                Slot::Trace(trace, (pre, post)) => described((trace, pre, post)),
            };
            let past = Past { phase, at_time: true };
            let steps = self.model.durations[phase.0].steps as usize;
            (format!("{name}@{}", past.name(&setting.rule)), [vec![steps], each].concat())
        };
        let stored = audit::bill::trajectories(&setting.rule, &setting.library, &setting.network);
        let traces: Vec<_> = lowerer.traces().into_iter().map(described).collect();
        traces.into_iter().chain(stored.into_iter().map(trajectory)).collect()
    }

    /// One presentation; outputs the marked parameters and then kept states after it. A marked parameter without a value for
    /// its increment is an error if it has somebody to learn it (R8.1).
    pub fn update(&self, marked: &[bool]) -> Built {
        let mut lowerer = self.presenting("update");
        let presentation = self.learn(&mut lowerer, marked)?;
        for (id, parameter) in self.changed(&lowerer, marked) {
            let new = lowerer.parameters[id];
            lowerer.b.output(parameter.name.clone(), new);
        }
        for (name, value) in self.left(&lowerer, marked, &presentation)? {
            lowerer.b.output(name, value);
        }
        self.relaxations(&mut lowerer, &presentation);
        Ok(lowerer.b.finish())
    }

    /// What the marked kept states are at the end of a presentation, of those that are no longer what they were.
    fn left(
        &self,
        lowerer: &Lowerer<'_>,
        marked: &[bool],
        presentation: &Presentation,
    ) -> Result<Vec<(String, Value)>, Vec<Unavailable>> {
        let kept = self.model.kept.iter().zip(&marked[self.model.parameters.len()..]);
        let mut left = Vec::new();
        for ((quantity, kept), _) in kept.filter(|(_, marked)| **marked) {
            let value = match *quantity {
                Quantity::State(cell) => {
                    let declared = self.model.setting.rule.variables[cell.0.0].span;
                    presentation.environment.read(cell, declared)
                }
                Quantity::Trace(cell) => presentation.environment.trace(cell),
            };
            let value = value.map_err(|u| vec![u])?;
            if value != lowerer.kept[quantity] {
                left.push((kept.name.clone(), value));
            }
        }
        Ok(left)
    }

    /// A whole presentation in which the marked parameters learn.
    fn learn(&self, lowerer: &mut Lowerer<'_>, marked: &[bool]) -> Result<Presentation, Vec<Unavailable>> {
        let parameters = self.model.parameters.iter().zip(marked);
        let learned = parameters.filter(|((_, parameter), marked)| **marked && parameter.learned);
        lowerer.learning = Some(Learning::of(learned.map(|((id, _), _)| *id).collect()));
        let count = lowerer.parameters.contains_key(&ParameterId::Updates).then(|| lowerer.updates());
        let presentation = lowerer.present(&self.model.durations, None);
        if let Some(Ok(count)) = count {
            lowerer.parameters.insert(ParameterId::Updates, count.value);
        }
        let missing = lowerer.learning.as_mut().map(|l| std::mem::take(&mut l.missing)).unwrap_or_default();
        if missing.is_empty() { Ok(presentation) } else { Err(missing) }
    }

    /// The marked parameters that are no longer what they were.
    fn changed<'a>(&'a self, lowerer: &Lowerer<'_>, marked: &[bool]) -> Vec<&'a (ParameterId, Parameter)> {
        let parameters = self.model.parameters.iter().zip(marked);
        let changed = |(id, _): &&(ParameterId, Parameter)| lowerer.parameters[id] != lowerer.inputs[id];
        parameters.filter(|(_, marked)| **marked).map(|(entry, _)| entry).filter(changed).collect()
    }

    fn relaxations(&self, lowerer: &mut Lowerer<'_>, presentation: &Presentation) {
        for (PhaseId(phase), steps, residual) in &presentation.relaxations {
            let name = &self.model.phases[*phase];
            lowerer.b.output(format!("steps/{name}"), *steps);
            lowerer.b.output(format!("residual/{name}"), *residual);
        }
    }

    /// One presentation with everything inside, perhaps at every step.
    fn probe(&self, film: Option<Film>) -> Built {
        let mut lowerer = self.presenting("probe");
        lowerer.film = film;
        let marked = self.all();
        let presentation = self.learn(&mut lowerer, &marked)?;
        for (phase, name) in self.model.phases.iter().enumerate() {
            let Some(stored) = lowerer.stored[phase].clone() else { continue };
            for (variable, layer) in lowerer.cells() {
                if let Some(value) = stored.get((variable, layer)) {
                    let state = self.model.setting.state_name(variable, layer);
                    lowerer.b.output(format!("state/{name}/{state}"), value);
                }
            }
            for cell in lowerer.traces() {
                if let Ok(value) = lowerer.whole_trace(cell, &stored) {
                    let trace = self.model.setting.trace_name(cell);
                    lowerer.b.output(format!("state/{name}/{trace}"), value);
                }
            }
        }
        for (id, parameter) in self.changed(&lowerer, &marked) {
            let new = lowerer.parameters[id];
            let alone = lowerer.learning.as_ref().and_then(|l| l.increments.get(id).copied().flatten());
            let increment = alone.unwrap_or_else(|| lowerer.b.binary(BinaryOp::Sub, new, lowerer.inputs[id]));
            lowerer.b.output(format!("increment/{}", parameter.name), increment);
            lowerer.b.output(format!("new/{}", parameter.name), new);
        }
        for (name, value) in self.left(&lowerer, &marked, &presentation)? {
            lowerer.b.output(format!("new/{name}"), value);
        }
        self.relaxations(&mut lowerer, &presentation);
        for (name, value) in lowerer.developed() {
            lowerer.b.output(name, value);
        }
        Ok(lowerer.b.finish())
    }

    fn predict(&self, predict: &Predict, evaluate: bool) -> Built {
        let mut lowerer = self.lowerer(if evaluate { "evaluate" } else { "predict" }, evaluate);
        // R9.1
        let presentation = lowerer.predict(&self.model.durations, predict.after, evaluate);
        let prediction = match &lowerer.course.scores {
            Some(scores) => scores.get(scores.prediction),
            None => lowerer.prediction(predict, &presentation.environment),
        };
        lowerer.b.output("prediction", prediction.map_err(|u| vec![u])?);
        if evaluate {
            let loss = self.loss(&mut lowerer, predict, &presentation.environment)?;
            lowerer.b.output("loss", loss);
        }
        Ok(lowerer.b.finish())
    }

    /// The cost of each sample, `real[batch]`: of its predictions at every step so far, or with the states at hand.
    fn loss(
        &self,
        lowerer: &mut Lowerer<'_>,
        predict: &Predict,
        states: &Environment,
    ) -> Result<Value, Vec<Unavailable>> {
        let scores = lowerer.course.scores.as_ref();
        let scored = scores.and_then(|scores| scores.loss.map(|loss| scores.get(loss)));
        scored.unwrap_or_else(|| lowerer.loss(predict, states)).map_err(|u| vec![u])
    }

    /// The mean over samples of the cost (R6.6).
    fn cost(
        &self,
        lowerer: &mut Lowerer<'_>,
        predict: &Predict,
        states: &Environment,
    ) -> Result<Value, Vec<Unavailable>> {
        let loss = self.loss(lowerer, predict, states)?;
        let sum = lowerer.b.reduce(ReduceKind::Sum, loss, &[0]);
        let count = lowerer.b.constant(self.batch as f64, &[]);
        Ok(lowerer.b.binary(BinaryOp::Div, sum, count))
    }

    fn cost_after(&self, predict: &Predict, phase: PhaseId, gradients: Gradients) -> Built {
        let mut lowerer = self.presenting("cost");
        lowerer.gradients = gradients;
        let presentation = lowerer.predict(&self.model.durations, phase, true);
        let cost = self.cost(&mut lowerer, predict, &presentation.environment)?;
        lowerer.b.output("cost", cost);
        Ok(lowerer.b.finish())
    }

    /// The cost at the end of a phase with a state nudged there, and the prediction, which is nudged itself.
    fn nudged(&self, predict: &Predict, state: VariableId, phase: PhaseId) -> Built {
        let mut lowerer = self.presenting("nudged");
        lowerer.gradients = Gradients::LED;
        lowerer.nudge(state, phase);
        let outputs = Type::real([self.batch, self.model.setting.shape().outputs]);
        let nudge = lowerer.b.input("nudge", outputs);
        let presentation = lowerer.present(&self.model.durations, Some(phase));
        let prediction = lowerer.prediction(predict, &presentation.environment).map_err(|u| vec![u])?;
        let prediction = lowerer.b.binary(BinaryOp::Add, prediction, nudge);
        lowerer.b.output("prediction", prediction);
        let states = &presentation.environment;
        let loss = lowerer.loss_of(prediction, predict.span, states).map_err(|u| vec![u])?;
        lowerer.b.output("loss", loss);
        Ok(lowerer.b.finish())
    }
}
