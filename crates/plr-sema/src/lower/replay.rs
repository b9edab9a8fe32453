//! What states and traces were at each step of a phase, for later phases whose steps are at the same time (R20.15).
//!
//! The loop of a phase that is replayed carries, beside everything else, what it has been through: for each state and trace that
//! it moves all values at the ends of its steps, and all those at their beginnings, which is what synapses with a delay
//! transmitted. What nobody reads of it is dead code, and does not stay.

use plr_ir::Value;

use crate::equation::replays;
use crate::hir::PhaseId;

use super::environment::{Environment, Quantity, Unavailable};
use super::expression::Lowerer;

/// All values of states and traces in the steps of a phase.
#[derive(Clone, Debug)]
pub struct Trajectory {
    /// What they are of.
    quantities: Vec<Quantity>,
    /// At the ends of the steps, in the same order: `real[batch, steps, units]` of states, steps first of traces.
    after: Vec<Value>,
    /// At their beginnings.
    before: Vec<Value>,
    /// What had a value before the first step, and why other things had none.
    first: Environment,
}

/// What states and traces were at the end of a step, and at its beginning.
#[derive(Clone, Debug)]
pub struct Moments {
    /// At the end.
    pub after: Environment,
    /// At the beginning.
    pub before: Environment,
}

impl Quantity {
    /// The axis of its trajectory along which the steps are.
    fn steps_axis(self) -> usize {
        match self {
            Self::State(_) => 1,
            Self::Trace(_) => 0,
        }
    }
}

impl Lowerer<'_> {
    /// Whether a phase reads steps of others, or others read its steps.
    pub fn is_stepwise(&self, phase: PhaseId) -> bool {
        replays(&self.setting.rule).iter().any(|replay| replay.of == phase || replay.by == phase)
    }

    /// What the loop of a phase carries of its past before the first of so many steps; nothing if no other phase reads it.
    pub fn begin_recording(
        &mut self,
        phase: PhaseId,
        quantities: &[Quantity],
        now: &[Value],
        steps: u32,
    ) -> Vec<Value> {
        if !replays(&self.setting.rule).iter().any(|replay| replay.of == phase) {
            return Vec::new();
        }
        let nothing = |(&quantity, &value): (&Quantity, &Value)| {
            let mut dims = self.b.type_of(value).dims.clone();
            dims.insert(quantity.steps_axis(), steps as usize);
            self.b.constant(0.0, &dims)
        };
        let nothing: Vec<Value> = quantities.iter().zip(now).map(nothing).collect();
        [nothing.clone(), nothing].concat()
    }

    /// What it carries after a step; `recorded` is what it carried before.
    pub fn record(
        &mut self,
        step: Value,
        quantities: &[Quantity],
        recorded: &[Value],
        (before, after): (&[Value], &[Value]),
    ) -> Vec<Value> {
        let moments = quantities.iter().zip(after).chain(quantities.iter().zip(before));
        let inserted = recorded
            .iter()
            .zip(moments)
            .map(|(&into, (quantity, &value))| self.b.insert(into, value, quantity.steps_axis(), step));
        inserted.collect()
    }

    /// The loop has ended.
    pub fn end_recording(
        &mut self,
        phase: PhaseId,
        quantities: Vec<Quantity>,
        recorded: &[Value],
        first: Environment,
    ) {
        if recorded.is_empty() {
            return;
        }
        let (after, before) = recorded.split_at(quantities.len());
        let (after, before) = (after.to_vec(), before.to_vec());
        self.trajectories.insert(phase, Trajectory { quantities, after, before, first });
    }

    /// A step of a phase begins: at the same time were those of the phases that it replays.
    pub fn replay(&mut self, phase: PhaseId, step: Value) {
        for replay in replays(&self.setting.rule).into_iter().filter(|replay| replay.by == phase) {
            let trajectory = self.trajectories.get(&replay.of).cloned();
            let (Some(trajectory), Some(last)) = (trajectory, self.stored[replay.of.0].clone()) else {
                continue;
            };
            let before = self.at_step(step, &trajectory, &trajectory.before, &trajectory.first);
            let after = self.at_step(step, &trajectory, &trajectory.after, &last);
            self.replayed.insert(replay.of, Moments { after, before });
        }
    }

    /// What there was at a step; `known` has a value for what has one there.
    fn at_step(
        &mut self,
        step: Value,
        trajectory: &Trajectory,
        values: &[Value],
        known: &Environment,
    ) -> Environment {
        let mut moment = known.clone();
        for (&quantity, &all) in trajectory.quantities.iter().zip(values) {
            let has_value = match quantity {
                Quantity::State(cell) => known.get(cell).is_some(),
                Quantity::Trace(cell) => known.trace(cell).is_ok(),
            };
            if has_value {
                let value: Result<Value, Unavailable> = Ok(self.b.slice(all, quantity.steps_axis(), step));
                match quantity {
                    Quantity::State(cell) => moment.write(cell, value),
                    Quantity::Trace(cell) => moment.write_trace(cell, value),
                }
            }
        }
        moment
    }
}
