//! Pieces that begin with states that are given: one step of a phase, and one equation.

use plr_ir::model::Shape;
use plr_ir::program::ReduceKind;
use plr_ir::{Type, Value};

use super::{Builder, Built};
use crate::equation::{self, Instance, Source};
use crate::hir::{Past, PhaseId, PlasticityId};
use crate::lower::detour::Gradients;
use crate::lower::environment::Environment;
use crate::lower::expression::Lowerer;
use crate::lower::parameter_at;
use crate::lower::presentation::Presentation;
use crate::lower::replay::Moments;

impl Builder<'_> {
    /// The presentation up to the start of a phase.
    fn before(&self, lowerer: &mut Lowerer<'_>, phase: PhaseId) -> Presentation {
        match phase.0.checked_sub(1) {
            Some(last) => lowerer.present(&self.model.durations, Some(PhaseId(last))),
            None => lowerer.begin(),
        }
    }

    /// One step of a phase from given states.
    pub(super) fn one_step(&self, phase: PhaseId) -> Built {
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
        if let Some(predict) = &self.model.setting.rule.predict {
            let cost = self.cost(&mut lowerer, predict, &given)?;
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

    /// States and traces as inputs of a program, with a suffix to their names.
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
