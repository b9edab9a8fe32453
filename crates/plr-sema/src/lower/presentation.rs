//! One presentation: resets, then the phases in order, with their clamps, steps and orders of update.

use plr_ir::program::{ReduceKind, Until};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Location, Value};
use plr_syntax::ast::Direction;

use crate::equation::{self, Site, sweep_order};
use crate::hir::{Act, Dynamics, Expr, Phase, PhaseId, PlasticityId, Statement, VariableId, VariableKind};
use crate::network::{LayerId, Network};

use super::detour::Gradients;
use super::environment::{Cell, Environment, Quantity, Unavailable};
use super::expression::{Circumstances, Lowerer};
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
    /// The start of a presentation: states that are kept are what they were, others with a reset value have that, and the
    /// others nothing (R3.2, R3.3, R7.1).
    pub fn begin(&mut self) -> Presentation {
        let setting = self.setting;
        let layers = setting.network.layers.len();
        let mut environment = Environment::new(setting.rule.variables.len(), layers);
        for (i, variable) in setting.rule.variables.iter().enumerate() {
            let VariableKind::State(Some(reset)) = &variable.kind else { continue };
            for layer in equation::layers(VariableId(i), None, &setting.rule, &setting.network) {
                let cell = (VariableId(i), layer);
                let dims = [self.batch, setting.units_of(cell.0, layer)];
                let value = setting.constant_at(reset, Site::Layer(layer));
                // R3.11
                let kept = self.kept.get(&Quantity::State(cell)).copied();
                let value = kept.unwrap_or_else(|| self.b.constant(value, &dims));
                environment.write(cell, Ok(value));
            }
        }
        self.begin_traces(&mut environment);
        Presentation { environment, clamped: Vec::new(), relaxations: Vec::new() }
    }

    /// Runs the presentation up to the end of a phase, or to its own.
    pub fn present(&mut self, durations: &[Duration], last: Option<PhaseId>) -> Presentation {
        let mut presentation = self.begin();
        for act in &self.setting.rule.script {
            match act {
                Act::Run(phase) => {
                    self.run_phase(*phase, durations[phase.0], &mut presentation);
                    if last == Some(*phase) {
                        break;
                    }
                }
                Act::Learn(block) => {
                    let after = match self.gradients {
                        Gradients::None => self.learn(block, &presentation.environment),
                        Gradients::Led { .. } => self.learned_before(block, &presentation.environment),
                    };
                    self.parameters.extend(after);
                }
            }
        }
        presentation
    }

    /// Runs a phase from start to end.
    pub fn run_phase(&mut self, phase: PhaseId, duration: Duration, presentation: &mut Presentation) {
        self.b.set_location(phase_location(phase));
        self.enter_phase(phase, presentation);
        let moved = self.moved(phase, presentation);
        let over_time = self.setting.rule.phases[phase.0].over_time;
        if duration.steps == 1 && duration.until.is_none() && !over_time && !self.is_stepwise(phase) {
            let before = presentation.environment.clone();
            presentation.environment = self.step(phase, &before, &presentation.clamped);
            self.shoot_once(phase, &before, &presentation.environment);
        } else {
            self.repeat_steps(phase, duration, &moved, presentation);
        }
        self.running = None;
        self.stored[phase.0] = Some(presentation.environment.clone());
        let (parameters, data, target) = (self.parameters.clone(), self.course.data, self.course.target);
        self.then[phase.0] = Some(Circumstances { parameters, data, target });
        self.b.set_location(Location::default());
    }

    /// Goes back to the states at the end of another phase if the phase says so; then its clamps take hold (R7.11). Traces go on.
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
        self.begin_drawing();
        self.running = Some(phase);
        self.clamp(phase, presentation);
        self.end_clamping();
    }

    /// Clamps take hold and are let go. In a phase over time they are evaluated at every step (R7.9, R7.10, R20.3).
    fn clamp(&mut self, phase: PhaseId, presentation: &mut Presentation) {
        let setting = self.setting;
        let declared = &setting.rule.phases[phase.0];
        let mut read: Option<(&Dynamics, Environment)> = None;
        for (cell, clamp) in equation::holds(declared, &setting.rule, &setting.network) {
            let Some(clamp) = clamp else {
                presentation.clamped.retain(|held| *held != cell);
                continue;
            };
            if !declared.over_time {
                // In all its layers at once (R7.9).
                if read.as_ref().is_none_or(|(last, _)| !std::ptr::eq(*last, clamp)) {
                    read = Some((clamp, presentation.environment.clone()));
                }
                if let Some((_, read)) = &read {
                    self.hold(phase, clamp, cell, (read, &mut presentation.environment));
                }
            }
            presentation.clamped.push(cell);
        }
    }

    /// Sets a clamped state.
    fn hold(
        &mut self,
        phase: PhaseId,
        clamp: &Dynamics,
        cell: Cell,
        (read, environment): (&Environment, &mut Environment),
    ) {
        self.draw_for_state(phase.0, cell.0, cell.1);
        let value = self.state_value(&clamp.value, cell, read);
        environment.write(cell, value);
    }

    /// The clamps of a phase that are in force, in the order of the text.
    fn held<'p>(&self, phase: &'p Phase, clamped: &[Cell]) -> Vec<(&'p Dynamics, Vec<Cell>)> {
        let cells = |clamp: &Dynamics| {
            let cells = self.layers(clamp).into_iter().map(|layer| (clamp.variable, layer));
            cells.filter(|cell| clamped.contains(cell)).collect()
        };
        equation::clamps_of(phase).into_iter().map(|clamp| (clamp, cells(clamp))).collect()
    }

    /// All states in all layers.
    pub fn cells(&self) -> Vec<Cell> {
        let (rule, network) = (&self.setting.rule, &self.setting.network);
        let variables = rule.variables.iter().enumerate();
        let states =
            variables.filter(|(_, v)| matches!(v.kind, VariableKind::State(_))).map(|(i, _)| VariableId(i));
        let cells = |v| equation::layers(v, None, rule, network).into_iter().map(move |layer| (v, layer));
        states.flat_map(cells).collect()
    }

    /// The states that a phase writes, in the order of declaration.
    pub fn moved(&self, phase: PhaseId, presentation: &Presentation) -> Vec<Cell> {
        let declared = &self.setting.rule.phases[phase.0];
        let mut written = Vec::new();
        for dynamics in declared.statements().into_iter().flat_map(Statement::dynamics) {
            written.extend(self.layers(dynamics).into_iter().map(|layer| (dynamics.variable, layer)));
        }
        written.retain(|cell| !presentation.clamped.contains(cell));
        if declared.over_time {
            written
                .extend(self.held(declared, &presentation.clamped).into_iter().flat_map(|(_, cells)| cells));
        }
        written.sort();
        written.dedup();
        written
    }

    /// The layers that an equation is for.
    fn layers(&self, dynamics: &Dynamics) -> Vec<LayerId> {
        equation::layers(dynamics.variable, dynamics.role, &self.setting.rule, &self.setting.network)
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
        let changed = self.changed_within(&self.setting.rule.phases[phase.0]);
        let mut initial: Vec<Value> = moved.iter().map(|&cell| self.initial(cell, &before)).collect();
        let traces = self.traced(phase);
        initial.extend(traces.iter().map(|&cell| self.initial_trace(cell, &before)));
        let tracing = moved.len()..initial.len();
        initial.extend(changed.iter().map(|id| self.parameters[id]));
        let learning = tracing.end..initial.len();
        let states = moved.iter().copied().map(Quantity::State);
        let quantities: Vec<Quantity> = states.chain(traces.iter().copied().map(Quantity::Trace)).collect();
        let recording = self.begin_recording(phase, &quantities, &initial[..tracing.end], duration.steps);
        initial.extend(recording);
        let recording = learning.end..initial.len();
        initial.extend(self.begin_film(phase, duration.steps, &before));
        let filming = recording.end..initial.len();
        initial.extend(self.course(phase));
        let (step, carried) = self.b.begin_repeat(&initial);
        let outside = self.step.replace(step);
        self.parameters.extend(changed.iter().copied().zip(carried[learning.clone()].iter().copied()));
        self.begin_step(phase, step, &carried[filming.end..]);
        self.replay(phase, step);
        let mut inside = before.clone();
        for (&cell, &value) in moved.iter().zip(&carried) {
            if before.get(cell).is_some() {
                inside.write(cell, Ok(value));
            }
        }
        inside.set_traces(&traces, &carried[tracing.clone()]);
        let after = self.step_of_several(phase, duration, &mut inside, &presentation.clamped);
        let mut next: Vec<Value> =
            moved.iter().zip(&carried).map(|(&cell, &old)| after.get(cell).unwrap_or(old)).collect();
        let old_traces = traces.iter().zip(&carried[tracing.clone()]);
        next.extend(old_traces.map(|(&cell, &old)| after.trace(cell).unwrap_or(old)));
        let until = duration
            .until
            .map(|tolerance| Until { residual: self.residual(&carried[..moved.len()], &next), tolerance });
        let moments = (&carried[..tracing.end], &next[..]);
        let recorded = self.record(step, &quantities, &carried[recording.clone()], moments);
        next.extend(changed.iter().map(|id| self.parameters[id]));
        next.extend(recorded);
        next.extend(self.shoot(step, &carried[filming.clone()], &after));
        next.extend(self.end_step(phase, step, &after));
        let results = if self.setting.rule.phases[phase.0].reversed {
            self.b.end_reversed_repeat(duration.steps, &initial, next)
        } else {
            self.b.end_repeat(duration.steps, &initial, next, until)
        };
        self.replayed.clear();
        self.step = outside;
        self.parameters.extend(changed.iter().copied().zip(results[learning.clone()].iter().copied()));
        self.end_course(phase, &results[filming.end..initial.len()]);
        self.end_film(phase, &results[filming]);
        self.end_recording(phase, quantities, &results[recording], before.clone());
        presentation.environment = before;
        for (&cell, &value) in moved.iter().zip(&results) {
            let entry = match after.entry(cell) {
                Some(Ok(_)) => Some(Ok(value)),
                other => other,
            };
            presentation.environment.set_entry(cell, entry);
        }
        presentation.environment.set_traces(&traces, &results[tracing]);
        presentation.environment.forget_traces(&after);
        if until.is_some() {
            let steps = self.b.convert_index(results[initial.len()]);
            presentation.relaxations.push((phase, steps, results[initial.len() + 1]));
        }
    }

    /// A step of a loop. What has no value at the end of a step has none in the next one, and what reads it there has none either
    /// (R3.8): the equations of all steps are the same.
    fn step_of_several(
        &mut self,
        phase: PhaseId,
        duration: Duration,
        inside: &mut Environment,
        clamped: &[Cell],
    ) -> Environment {
        loop {
            let unlearned = (self.parameters.clone(), self.learning.clone(), self.memories.clone());
            let after = self.step(phase, inside, clamped);
            if duration.steps == 1 || !inside.lose(&after) {
                return after;
            }
            (self.parameters, self.learning, self.memories) = unlearned;
        }
    }

    fn initial(&mut self, cell: Cell, environment: &Environment) -> Value {
        let dims = [self.batch, self.setting.units_of(cell.0, cell.1)];
        environment.get(cell).unwrap_or_else(|| self.b.constant(0.0, &dims))
    }

    /// The largest absolute change of any state of any sample (R7.12).
    pub fn residual(&mut self, old: &[Value], new: &[Value]) -> Value {
        let mut largest = self.b.constant(0.0, &[]);
        for (&old, &new) in old.iter().zip(new) {
            let change = self.b.binary(BinaryOp::Sub, new, old);
            let change = self.b.unary(UnaryOp::Abs, change);
            let axes: Vec<usize> = (0..self.b.type_of(change).rank()).collect();
            let change = self.b.reduce(ReduceKind::Max, change, &axes);
            largest = self.b.binary(BinaryOp::Max, largest, change);
        }
        largest
    }

    /// One step. Plain equations and plasticity read what was before the step; in an ordered block they read what was just
    /// written (R7.3, R7.7).
    pub fn step(&mut self, phase: PhaseId, previous: &Environment, clamped: &[Cell]) -> Environment {
        self.begin_drawing_in_step();
        let setting = self.setting;
        let declared = &setting.rule.phases[phase.0];
        let mut before = previous.clone();
        if declared.over_time {
            for (clamp, cells) in self.held(declared, clamped) {
                let read = before.clone();
                for cell in cells {
                    self.hold(phase, clamp, cell, (&read, &mut before));
                }
            }
        }
        let before = &before;
        let parameters = self.parameters.clone();
        let (data, target) = self.course.before(declared.over_time);
        let circumstances = Circumstances { parameters: parameters.clone(), data, target };
        self.previous = Some((previous.clone(), circumstances));
        let mut turn = Turn { phase, clamped, now: before.clone() };
        for statements in declared.body.chunk_by(|a, b| !a.is_ordered() && !b.is_ordered()) {
            if let [ordered] = statements
                && ordered.is_ordered()
            {
                self.in_turn(ordered, &mut turn);
                continue;
            }
            let now = std::mem::replace(&mut self.parameters, parameters.clone());
            // What a block has learned in this step stays (R8.2).
            let learnt = self.learn_onto(&now, &plain_plasticity(statements), before);
            for traced in statements {
                self.trace(phase, traced, before, &mut turn.now);
            }
            let equations: Vec<&Dynamics> = statements.iter().filter_map(plain_equation).collect();
            self.apply(&equations, &all_layers(&setting.network), before, &mut turn);
            self.parameters = now;
            self.parameters.extend(learnt);
        }
        self.last_step = self.previous.take();
        turn.now
    }

    fn in_turn(&mut self, statement: &Statement, turn: &mut Turn<'_>) {
        let network = &self.setting.network;
        match statement {
            Statement::Clamp(_) | Statement::Release { .. } => {}
            Statement::Trace(_) => {
                let before = turn.now.clone();
                self.trace(turn.phase, statement, &before, &mut turn.now);
            }
            // R8.7
            Statement::Learn(block) => {
                let learnt = self.learn(block, &turn.now);
                self.parameters.extend(learnt);
            }
            Statement::Equation(dynamics) => {
                let before = turn.now.clone();
                self.apply(&[dynamics], &all_layers(network), &before, turn);
            }
            // R7.20
            Statement::Sweep(Direction::Random, body) => self.one_by_one(body, turn),
            // R7.5
            Statement::Sweep(direction, body) => {
                for layers in sweep_order(*direction, network) {
                    for dynamics in body {
                        let before = turn.now.clone();
                        self.apply(&[dynamics], &layers, &before, turn);
                    }
                }
            }
            // R7.6
            Statement::InTurn(body) => body.iter().for_each(|s| self.in_turn(s, turn)),
        }
    }

    /// Evaluates equations together, in some layers, on the states in `read`, and writes the results.
    fn apply(
        &mut self,
        equations: &[&Dynamics],
        layers: &[LayerId],
        read: &Environment,
        turn: &mut Turn<'_>,
    ) {
        let at = |d| self.moved_by(d, turn).into_iter().filter(|l| layers.contains(l)).map(move |l| (d, l));
        let sites: Vec<(&Dynamics, LayerId)> = equations.iter().flat_map(|&d| at(d)).collect();
        for (cell, value) in self.evaluate_together(&sites, turn.phase, read) {
            let value = self.nudged(cell, turn.phase, value);
            turn.now.write(cell, value);
        }
    }

    /// The layers in which an equation writes its state.
    pub fn moved_by(&self, dynamics: &Dynamics, turn: &Turn<'_>) -> Vec<LayerId> {
        let (rule, network) = (&self.setting.rule, &self.setting.network);
        let moves = |&layer: &LayerId| {
            equation::evaluates(layer, (dynamics.variable, dynamics.role), rule, network)
                && !turn.clamped.contains(&(dynamics.variable, layer))
        };
        (0..network.layers.len()).filter(moves).collect()
    }

    /// The value of a state: one number per sample and unit.
    pub fn state_value(
        &mut self,
        expr: &Expr,
        cell: Cell,
        environment: &Environment,
    ) -> Result<Value, Unavailable> {
        let group = self.setting.rule.group(cell.0, cell.1);
        let found = self.at_group(expr, group, environment)?;
        let extents = self.unit_extents(group);
        let found = term::as_number(&mut self.b, &extents, found);
        Ok(term::widen(&mut self.b, &extents, found, Axes::SAMPLE.union(Axes::UNIT)).value)
    }
}

/// A step on its way.
pub struct Turn<'t> {
    /// Of which phase.
    pub phase: PhaseId,
    /// The states that are held.
    pub clamped: &'t [Cell],
    /// The states now.
    pub now: Environment,
}

fn all_layers(network: &Network) -> Vec<LayerId> {
    (0..network.layers.len()).collect()
}

fn plain_equation(statement: &Statement) -> Option<&Dynamics> {
    if let Statement::Equation(dynamics) = statement { Some(dynamics) } else { None }
}

/// The plasticity of a step that reads what was before it.
fn plain_plasticity(body: &[Statement]) -> Vec<PlasticityId> {
    let plain = body.iter().filter_map(|s| if let Statement::Learn(block) = s { Some(block) } else { None });
    plain.flatten().copied().collect()
}

/// What operations of a phase are marked with.
pub fn phase_location(PhaseId(phase): PhaseId) -> Location {
    Location(phase as u32 + 1)
}
