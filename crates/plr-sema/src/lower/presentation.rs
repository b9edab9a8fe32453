//! One presentation: resets, then the phases in order, with their clamps, steps and orders of update.

use plr_ir::program::{ReduceKind, Until};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Location, Value};
use plr_syntax::ast::Direction;

use crate::equation::applies;
use crate::hir::{Dynamics, Expr, PhaseId, Statement, VariableId, VariableKind};
use crate::network::LayerId;

use super::environment::{Cell, Environment, Unavailable};
use super::expression::Lowerer;
use super::setting::Duration;
use super::term::{self, Axes};

/// A presentation on its way.
pub struct Presentation {
    /// The states now.
    pub environment: Environment,
    /// The states that are held.
    pub clamped: Vec<Cell>,
    /// For each phase that ran until a tolerance: its steps and its last residual, as real scalars.
    pub relaxations: Vec<(PhaseId, Value, Value)>,
}

impl Lowerer<'_> {
    /// The start of a presentation: states with a reset value have it, the others nothing (R3.2, R3.3, R7.1).
    pub fn begin(&mut self) -> Presentation {
        let setting = self.setting;
        let layers = setting.network.layers.len();
        let mut environment = Environment::new(setting.rule.variables.len(), layers);
        for (i, variable) in setting.rule.variables.iter().enumerate() {
            let VariableKind::State(Some(reset)) = &variable.kind else { continue };
            let value = setting.constant(reset);
            for layer in 0..layers {
                let dims = [self.batch, setting.units(layer)];
                let value = self.b.constant(value, &dims);
                environment.write((VariableId(i), layer), Ok(value));
            }
        }
        Presentation { environment, clamped: Vec::new(), relaxations: Vec::new() }
    }

    /// Runs a phase from start to end.
    pub fn run_phase(&mut self, phase: PhaseId, duration: Duration, presentation: &mut Presentation) {
        self.b.set_location(phase_location(phase));
        self.enter_phase(phase, presentation);
        let moved = self.moved(phase, presentation);
        if duration.steps == 1 && duration.until.is_none() {
            presentation.environment = self.step(phase, &presentation.environment, &presentation.clamped);
        } else {
            self.repeat_steps(phase, duration, &moved, presentation);
        }
        self.stored[phase.0] = Some(presentation.environment.clone());
        self.b.set_location(Location::default());
    }

    /// Goes back to the states at the end of another phase if the phase says so; then its clamps take hold (R7.11).
    pub fn enter_phase(&mut self, phase: PhaseId, presentation: &mut Presentation) {
        let setting = self.setting;
        let declared = &setting.rule.phases[phase.0];
        if let Some(stored) = declared.from.and_then(|PhaseId(from)| self.stored[from].clone()) {
            for cell in self.cells() {
                if !presentation.clamped.contains(&cell) {
                    presentation.environment.set_entry(cell, stored.entry(cell));
                }
            }
        }
        self.clamp(&declared.body, presentation);
    }

    fn clamp(&mut self, body: &[Statement], presentation: &mut Presentation) {
        for statement in body {
            match statement {
                // R7.9
                Statement::Clamp(clamp) => {
                    for layer in self.layers(clamp) {
                        let cell = (clamp.variable, layer);
                        let value = self.state_value(&clamp.value, layer, &presentation.environment);
                        presentation.environment.write(cell, value);
                        presentation.clamped.push(cell);
                    }
                }
                // R7.10
                Statement::Release { role, variable } => {
                    let network = &self.setting.network;
                    presentation
                        .clamped
                        .retain(|&(v, layer)| v != *variable || !applies(*role, network, layer));
                }
                Statement::InTurn(body) => self.clamp(body, presentation),
                Statement::Equation(_) | Statement::Sweep(..) => {}
            }
        }
    }

    /// All states in all layers.
    pub fn cells(&self) -> Vec<Cell> {
        let layers = self.setting.network.layers.len();
        let variables = self.setting.rule.variables.iter().enumerate();
        let states =
            variables.filter(|(_, v)| matches!(v.kind, VariableKind::State(_))).map(|(i, _)| VariableId(i));
        states.flat_map(|v| (0..layers).map(move |l| (v, l))).collect()
    }

    /// The states that a phase writes, in the order of declaration.
    pub fn moved(&self, phase: PhaseId, presentation: &Presentation) -> Vec<Cell> {
        let mut written = Vec::new();
        self.collect_written(&self.setting.rule.phases[phase.0].body, &mut written);
        written.retain(|cell| !presentation.clamped.contains(cell));
        written.sort();
        written.dedup();
        written
    }

    fn collect_written(&self, body: &[Statement], written: &mut Vec<Cell>) {
        let cells = |d: &Dynamics| self.layers(d).into_iter().map(|l| (d.variable, l)).collect::<Vec<_>>();
        for statement in body {
            match statement {
                Statement::Equation(dynamics) => written.extend(cells(dynamics)),
                Statement::Sweep(_, body) => body.iter().for_each(|d| written.extend(cells(d))),
                Statement::InTurn(body) => self.collect_written(body, written),
                Statement::Clamp(_) | Statement::Release { .. } => {}
            }
        }
    }

    /// The layers that an equation is for.
    fn layers(&self, dynamics: &Dynamics) -> Vec<LayerId> {
        let network = &self.setting.network;
        (0..network.layers.len()).filter(|&l| applies(dynamics.role, network, l)).collect()
    }

    /// Several steps, as a loop that carries the states that the phase moves. A state that has no value yet is carried
    /// as zeros that nobody reads.
    fn repeat_steps(
        &mut self,
        phase: PhaseId,
        duration: Duration,
        moved: &[Cell],
        presentation: &mut Presentation,
    ) {
        let before = presentation.environment.clone();
        let initial: Vec<Value> = moved.iter().map(|&cell| self.initial(cell, &before)).collect();
        let (_, carried) = self.b.begin_repeat(&initial);
        let mut inside = before.clone();
        for (&cell, &value) in moved.iter().zip(&carried) {
            if before.get(cell).is_some() {
                inside.write(cell, Ok(value));
            }
        }
        let after = self.step(phase, &inside, &presentation.clamped);
        let next: Vec<Value> =
            moved.iter().zip(&carried).map(|(&cell, &old)| after.get(cell).unwrap_or(old)).collect();
        let until =
            duration.until.map(|tolerance| Until { residual: self.residual(&carried, &next), tolerance });
        let results = self.b.end_repeat(duration.steps, &initial, next, until);
        presentation.environment = before;
        for (&cell, &value) in moved.iter().zip(&results) {
            let entry = match after.entry(cell) {
                Some(Ok(_)) => Some(Ok(value)),
                other => other,
            };
            presentation.environment.set_entry(cell, entry);
        }
        if until.is_some() {
            let steps = self.b.convert_index(results[moved.len()]);
            presentation.relaxations.push((phase, steps, results[moved.len() + 1]));
        }
    }

    fn initial(&mut self, cell: Cell, environment: &Environment) -> Value {
        let dims = [self.batch, self.setting.units(cell.1)];
        environment.get(cell).unwrap_or_else(|| self.b.constant(0.0, &dims))
    }

    /// The largest absolute change of any state of any sample (R7.12).
    pub fn residual(&mut self, old: &[Value], new: &[Value]) -> Value {
        let mut largest = self.b.constant(0.0, &[]);
        for (&old, &new) in old.iter().zip(new) {
            let change = self.b.binary(BinaryOp::Sub, new, old);
            let change = self.b.unary(UnaryOp::Abs, change);
            let change = self.b.reduce(ReduceKind::Max, change, &[0, 1]);
            largest = self.b.binary(BinaryOp::Max, largest, change);
        }
        largest
    }

    /// One step. Plain equations read the states before the step; equations in an ordered block read what was just
    /// written (R7.3, R7.7).
    pub fn step(&mut self, phase: PhaseId, before: &Environment, clamped: &[Cell]) -> Environment {
        let setting = self.setting;
        let mut now = before.clone();
        for statement in &setting.rule.phases[phase.0].body {
            match statement {
                Statement::Equation(dynamics) => {
                    self.apply(dynamics, &self.layers(dynamics), before, &mut now, clamped)
                }
                ordered => self.in_turn(ordered, &mut now, clamped),
            }
        }
        now
    }

    fn in_turn(&mut self, statement: &Statement, now: &mut Environment, clamped: &[Cell]) {
        match statement {
            Statement::Clamp(_) | Statement::Release { .. } => {}
            Statement::Equation(dynamics) => {
                let before = now.clone();
                self.apply(dynamics, &self.layers(dynamics), &before, now, clamped);
            }
            // R7.5
            Statement::Sweep(direction, body) => {
                let mut order: Vec<LayerId> = (0..self.setting.network.layers.len()).collect();
                if *direction == Direction::Down {
                    order.reverse();
                }
                for layer in order {
                    for dynamics in body {
                        if applies(dynamics.role, &self.setting.network, layer) {
                            let before = now.clone();
                            self.apply(dynamics, &[layer], &before, now, clamped);
                        }
                    }
                }
            }
            // R7.6
            Statement::InTurn(body) => body.iter().for_each(|s| self.in_turn(s, now, clamped)),
        }
    }

    /// Evaluates an equation in some layers on the states in `read` and writes the results to `now`.
    fn apply(
        &mut self,
        dynamics: &Dynamics,
        layers: &[LayerId],
        read: &Environment,
        now: &mut Environment,
        clamped: &[Cell],
    ) {
        for &layer in layers {
            let cell = (dynamics.variable, layer);
            if !clamped.contains(&cell) {
                let value = self.state_value(&dynamics.value, layer, read);
                now.write(cell, value);
            }
        }
    }

    /// The value of a state: one number per sample and unit.
    pub fn state_value(
        &mut self,
        expr: &Expr,
        layer: LayerId,
        environment: &Environment,
    ) -> Result<Value, Unavailable> {
        let found = self.at_layer(expr, layer, environment)?;
        let extents = self.unit_extents(layer);
        let found = term::as_number(&mut self.b, &extents, found);
        Ok(term::widen(&mut self.b, &extents, found, Axes::SAMPLE.union(Axes::UNIT)).value)
    }
}

/// What operations of a phase are marked with.
pub fn phase_location(PhaseId(phase): PhaseId) -> Location {
    Location(phase as u32 + 1)
}
