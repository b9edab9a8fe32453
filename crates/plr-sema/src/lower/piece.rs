//! The pieces of a model, each a program of its own.

use plr_ir::model::{Holding, Parameter, Piece, Shape};
use plr_ir::program::ReduceKind;
use plr_ir::scalar::BinaryOp;
use plr_ir::{Precision, Program, Type, Value, builder};

use crate::audit;
use crate::audit::schedule::Slot;
use crate::equation::{self, Instance, Site, Source};
use crate::hir::{Expr, ExprKind, Observed, Past, PhaseId, PlasticityId, VariableId};
use crate::resolve::is_global;

use super::detour::Gradients;
use super::environment::{Environment, Quantity, Unavailable};
use super::expression::Lowerer;
use super::learning::Learning;
use super::presentation::Presentation;
use super::replay::Moments;
use super::setting::ParameterId;
use super::term::{self, Axes};
use super::{Specialised, parameter_at};

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
        let predicts = self.model.setting.rule.predict.is_some();
        match piece {
            Piece::Update => self.update(&self.all()).map(Some),
            Piece::Probe => self.probe().map(Some),
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
            Piece::Predict | Piece::Evaluate | Piece::Cost(_) | Piece::CutCost(_) | Piece::Nudged { .. }
                if !predicts =>
            {
                Ok(None)
            }
            Piece::Nudged { state, phase } => self.nudged(VariableId(state), PhaseId(phase)).map(Some),
            Piece::Predict => self.predict(false).map(Some),
            Piece::Evaluate => self.predict(true).map(Some),
            Piece::Cost(phase) => self.cost_after(PhaseId(phase), Gradients::LED).map(Some),
            Piece::CutCost(phase) => {
                let cut = Gradients::Led { cut: true, holding: Holding::Nothing };
                self.cost_after(PhaseId(phase), cut).map(Some)
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

    /// One presentation with everything inside.
    fn probe(&self) -> Built {
        let mut lowerer = self.presenting("probe");
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
        Ok(lowerer.b.finish())
    }

    fn predict(&self, evaluate: bool) -> Built {
        let Some(predict) = &self.model.setting.rule.predict else {
            unreachable!("asked only of rules that predict")
        };
        let mut lowerer = self.lowerer(if evaluate { "evaluate" } else { "predict" }, evaluate);
        // R9.1
        let presentation = lowerer.predict(&self.model.durations, predict.after, evaluate);
        let prediction = match &lowerer.course.scores {
            Some(scores) => scores.get(scores.prediction),
            None => lowerer.prediction(predict, &presentation.environment),
        };
        lowerer.b.output("prediction", prediction.map_err(|u| vec![u])?);
        if evaluate {
            let loss = self.loss(&mut lowerer, &presentation.environment)?;
            lowerer.b.output("loss", loss);
        }
        Ok(lowerer.b.finish())
    }

    /// The cost of each sample, `real[batch]`: of its predictions at every step so far, or with the states at hand.
    fn loss(&self, lowerer: &mut Lowerer<'_>, states: &Environment) -> Result<Value, Vec<Unavailable>> {
        let Some(predict) = &self.model.setting.rule.predict else {
            unreachable!("asked only of rules that predict")
        };
        let scores = lowerer.course.scores.as_ref();
        let scored = scores.and_then(|scores| scores.loss.map(|loss| scores.get(loss)));
        scored.unwrap_or_else(|| lowerer.loss(predict, states)).map_err(|u| vec![u])
    }

    /// The mean over samples of the cost (R6.6).
    fn cost(&self, lowerer: &mut Lowerer<'_>, states: &Environment) -> Result<Value, Vec<Unavailable>> {
        let loss = self.loss(lowerer, states)?;
        let sum = lowerer.b.reduce(ReduceKind::Sum, loss, &[0]);
        let count = lowerer.b.constant(self.batch as f64, &[]);
        Ok(lowerer.b.binary(BinaryOp::Div, sum, count))
    }

    fn cost_after(&self, phase: PhaseId, gradients: Gradients) -> Built {
        let mut lowerer = self.presenting("cost");
        lowerer.gradients = gradients;
        let presentation = lowerer.predict(&self.model.durations, phase, true);
        let cost = self.cost(&mut lowerer, &presentation.environment)?;
        lowerer.b.output("cost", cost);
        Ok(lowerer.b.finish())
    }

    /// The cost at the end of a phase with a state nudged there, and the prediction, which is nudged itself.
    fn nudged(&self, state: VariableId, phase: PhaseId) -> Built {
        let Some(predict) = &self.model.setting.rule.predict else {
            unreachable!("asked only of rules that predict")
        };
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

    /// The presentation up to the start of a phase.
    fn before(&self, lowerer: &mut Lowerer<'_>, phase: PhaseId) -> Presentation {
        match phase.0.checked_sub(1) {
            Some(last) => lowerer.present(&self.model.durations, Some(PhaseId(last))),
            None => lowerer.begin(),
        }
    }

    /// One step of a phase from given states.
    fn one_step(&self, phase: PhaseId) -> Built {
        let mut lowerer = self.presenting("step");
        lowerer.gradients = Gradients::LED;
        lowerer.keep_whole_traces();
        let mut presentation = self.before(&mut lowerer, phase);
        lowerer.enter_phase(phase, &mut presentation);
        let mut moved = lowerer.moved(phase, &presentation);
        // What has no value at the end of the phase, for want of a parameter that nothing observable needs, is no state.
        let reached = self.presenting("reached").present(&self.model.durations, Some(phase)).environment;
        moved.retain(|&cell| reached.get(cell).is_some());
        let mut given = presentation.environment.clone();
        let mut old = Vec::new();
        for &(variable, layer) in &moved {
            let name = format!("state/{}", self.model.setting.state_name(variable, layer));
            let value =
                lowerer.b.input(name, Type::real([self.batch, self.model.setting.units_of(variable, layer)]));
            given.write((variable, layer), Ok(value));
            old.push(value);
        }
        let traces = lowerer.moving_traces(phase);
        for &cell in &traces {
            let name = format!("state/{}", self.model.setting.trace_name(cell));
            let value = lowerer.b.input(name, Type::real(lowerer.trace_dims(cell)));
            given.write_trace(cell, Ok(value));
            old.push(value);
        }
        let after = lowerer.step(phase, &given, &presentation.clamped);
        lowerer.running = None;
        let reached = moved.iter().map(|&cell| after.get(cell));
        let reached = reached.chain(traces.iter().map(|&cell| after.trace(cell).ok()));
        let new: Vec<Value> = reached.zip(&old).map(|(new, &old)| new.unwrap_or(old)).collect();
        let names = moved.iter().map(|&(variable, layer)| self.model.setting.state_name(variable, layer));
        let names = names.chain(traces.iter().map(|&cell| self.model.setting.trace_name(cell)));
        for (name, &value) in names.zip(&new) {
            lowerer.b.output(format!("state/{name}"), value);
        }
        let residual = lowerer.residual(&old, &new);
        lowerer.b.output("residual", residual);
        if self.model.setting.rule.predict.is_some() {
            let cost = self.cost(&mut lowerer, &given)?;
            lowerer.b.output("cost", cost);
        }
        Ok(lowerer.b.finish())
    }

    /// One equation from given states, now and at the end of every phase.
    pub fn equation(&self, instance: &Instance<'_>) -> Built {
        // It is evaluated in one step, whose data and target it is given.
        let shape = Shape { sequence: None, ..self.model.setting.shape() };
        let mut lowerer = self.lowerer_of("equation", shape, true);
        // So that nobody else's trace is read through one that they share.
        lowerer.keep_whole_traces();
        let now = self.given_states(&mut lowerer, "");
        for (phase, name) in self.model.phases.iter().enumerate() {
            let stored = self.given_states(&mut lowerer, &format!("@{name}"));
            lowerer.stored[phase] = Some(stored);
        }
        for replay in equation::replays(&self.model.setting.rule) {
            let name =
                format!("@{}", Past { phase: replay.of, at_time: true }.name(&self.model.setting.rule));
            if !lowerer.replayed.contains_key(&replay.of) {
                let given = self.given_states(&mut lowerer, &name);
                lowerer.replayed.insert(replay.of, Moments { after: given.clone(), before: given });
            }
        }
        lowerer.running = equation::phase_of(&self.model.setting.rule, instance.source);
        let value = match instance.source {
            Source::Dynamics(phase, dynamics) => {
                lowerer.draw_for_state(phase.0, dynamics.variable, instance.site.owner());
                lowerer.state_value(&dynamics.value, (dynamics.variable, instance.site.owner()), &now)
            }
            Source::Trace(phase, tracing) => {
                let (pre, post) = instance.site.ends();
                // One number for each synapse: the sum over samples.
                let value = lowerer.trace_value(phase, tracing, (tracing.trace, pre, post), &now);
                value.map(|value| lowerer.b.reduce(ReduceKind::Sum, value, &[0]))
            }
            Source::Plasticity(equation) => {
                let plasticity = &self.model.setting.rule.plasticity;
                let position = plasticity.iter().position(|p| std::ptr::eq(p, equation));
                let id = PlasticityId(position.unwrap_or_default());
                lowerer.increment(id, parameter_at(equation.target, instance.site), &now)
            }
        };
        let value = value.map_err(|u| vec![u])?;
        lowerer.b.output("value", value);
        Ok(lowerer.b.finish())
    }

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
    fn objective(&self, objective: &Observed, phase: PhaseId, gradients: Gradients) -> Built {
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

    fn given_states(&self, lowerer: &mut Lowerer<'_>, suffix: &str) -> Environment {
        let setting = &self.model.setting;
        let mut states = Environment::new(setting.rule.variables.len(), setting.network.layers.len());
        for (variable, layer) in lowerer.cells() {
            let name = format!("{}{suffix}", setting.state_name(variable, layer));
            let value = lowerer.b.input(name, Type::real([self.batch, setting.units_of(variable, layer)]));
            states.write((variable, layer), Ok(value));
        }
        for cell in lowerer.traces() {
            let (name, dims) = (format!("{}{suffix}", setting.trace_name(cell)), lowerer.trace_dims(cell));
            let value = lowerer.b.input(name, Type::real(dims));
            states.write_trace(cell, Ok(value));
        }
        states
    }
}

/// Whether an increment stands in an expression.
fn has_increment(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Increment(_));
    expr.for_each_child(|child| found |= has_increment(child));
    found
}
