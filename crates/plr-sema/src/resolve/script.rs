//! What happens in a presentation: phases with their statements, and learning.

use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::ast::{self, Assign, BatchReduction};
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::missing_clause::MissingClause;
use crate::check::shape_mismatch::Shapes;
use crate::check::unknown_name::UnknownName;
use crate::hir::{
    Act, Dynamics, Expr, ExprKind, FunctionId, Integrator, Learned, PhaseId, Place, Plasticity, PlasticityId,
    Rule, Statement, SynapseId, Tracing, VariableId, VariableKind,
};

use super::Library;
use super::expression::mismatch;
use super::rule::{Resolver, blank_phase, tolerance};
use super::scope::{Moment, Reader};

impl Resolver<'_> {
    /// Resolves a phase, which runs next.
    pub(super) fn phase(&mut self, written: &ast::Phase, rule: &mut Rule) {
        let mut phase = blank_phase(written);
        phase.dt = written.dt.as_ref().and_then(|tree| self.constant(tree));
        phase.integrator = written.integrator.as_ref().and_then(|n| self.integrator(n)).unwrap_or_default();
        if let Some(steps) = written.steps.as_ref().and_then(|tree| self.constant(tree)) {
            phase.steps = steps;
        }
        if let (Some(tree), None, None) = (&written.until, &written.steps, written.over_time) {
            self.findings.push(BadValue {
                at: tree.span,
                what: format!("the number of steps of `{}`", written.name.text),
                wanted: "needed too: `steps = n until …`",
                found: "a tolerance alone".to_owned(),
            });
        }
        let until = written.until.as_ref().and_then(|tree| tolerance(tree, self.findings));
        phase.until = until.and_then(|tree| self.constant(tree));
        phase.from = written.from.as_ref().and_then(|name| self.scope().phase(name));
        if let (Some(over_time), Some(other)) =
            (written.over_time, written.steps.as_ref().or(written.until.as_ref()))
        {
            self.findings.push(BadValue {
                at: other.span.to(over_time),
                what: format!("the number of steps of `{}`", written.name.text),
                wanted: "`over time` or `steps = n`, not both",
                found: "said twice".to_owned(),
            });
        }
        if let (Some(reversed), Some(until)) = (written.reversed, &written.until) {
            self.findings.push(BadValue {
                at: until.span.to(reversed),
                what: format!("the last step of `{}`", written.name.text),
                wanted: "known before its first one, as a phase that is `reversed` begins there",
                found: "a tolerance".to_owned(),
            });
        }
        self.dt.clone_from(&phase.dt);
        (self.in_phase, self.stepwise) = (true, true);
        phase.body = self.statements(&written.body, rule);
        (self.dt, self.in_phase, self.stepwise) = (None, false, false);
        rule.script.push(Act::Run(PhaseId(self.ended)));
        rule.phases[self.ended] = phase;
        self.ended += 1;
    }

    fn integrator(&mut self, name: &ast::Name) -> Option<Integrator> {
        let known =
            [("euler", Integrator::Euler), ("heun", Integrator::Heun), ("rk4", Integrator::RungeKutta)];
        let found = known.iter().find(|(word, _)| *word == name.text);
        if found.is_none() {
            let known = known.map(|(word, _)| word.to_owned()).to_vec();
            self.findings.push(UnknownName {
                at: name.span,
                kind: "integrator",
                name: name.text.clone(),
                known,
            });
        }
        found.map(|(_, integrator)| *integrator)
    }

    fn statements(&mut self, body: &[ast::PhaseStatement], rule: &mut Rule) -> Vec<Statement> {
        body.iter().flat_map(|statement| self.statement(statement, rule)).collect()
    }

    fn statement(&mut self, statement: &ast::PhaseStatement, rule: &mut Rule) -> Vec<Statement> {
        if let ast::PhaseStatement::Equation(equation) = statement {
            // R7.22
            return equation.targets.iter().filter_map(|target| self.equation(equation, target)).collect();
        }
        self.other_statement(statement, rule).into_iter().collect()
    }

    /// An equation, of a state or of a trace.
    fn equation(&mut self, written: &ast::Equation, target: &ast::Target) -> Option<Statement> {
        Some(match self.written(target)? {
            Learned::Synapse(found) if self.skeleton.synapses[found.0].trace.is_some() => {
                Statement::Trace(self.tracing(found, written, target)?)
            }
            Learned::Synapse(_) | Learned::Unit(_) => Statement::Equation(self.dynamics(written, target)?),
        })
    }

    /// A statement that is no equation.
    fn other_statement(&mut self, statement: &ast::PhaseStatement, rule: &mut Rule) -> Option<Statement> {
        Some(match statement {
            ast::PhaseStatement::Clamp(clamp) => {
                let written = ast::Equation {
                    role: clamp.role,
                    targets: vec![clamp.target.clone()],
                    assign: Assign::Set,
                    value: clamp.value.clone(),
                    span: clamp.span,
                };
                // Only over time it is evaluated anew at every step.
                self.stepwise = self.skeleton.phases[self.ended].over_time;
                let clamp = self.dynamics(&written, &clamp.target);
                self.stepwise = true;
                Statement::Clamp(clamp?)
            }
            ast::PhaseStatement::Release(release) => {
                let role = release.role.map(|(role, _)| role);
                Statement::Release { role, variable: self.state(&release.target)? }
            }
            ast::PhaseStatement::Sweep(sweep) => {
                let each = sweep.body.iter().flat_map(|e| e.targets.iter().map(move |target| (e, target)));
                let body = each.filter_map(|(e, target)| self.dynamics(e, target)).collect();
                Statement::Sweep(sweep.direction, body)
            }
            ast::PhaseStatement::Learn(learn) => Statement::Learn(self.learn(learn, rule)),
            ast::PhaseStatement::InTurn(body, _) => Statement::InTurn(self.statements(body, rule)),
            ast::PhaseStatement::Equation(_) | ast::PhaseStatement::Error(_) => return None,
        })
    }

    fn dynamics(&mut self, written: &ast::Equation, target: &ast::Target) -> Option<Dynamics> {
        let variable = self.state(target)?;
        let population = self.skeleton.variables[variable.0].population;
        let moment = std::mem::replace(&mut self.moment, Moment::Step);
        let right = self.expression(&written.value, Reader::Unit(population));
        self.moment = moment;
        let right = right?;
        let span = target.name.span;
        let own = Expr { kind: ExprKind::Variable { place: Place::Own, variable, past: None }, span };
        let (value, rate) = match written.assign {
            Assign::Set => (right, None),
            // R7.4
            Assign::Add => (combine(BinaryOp::Add, own, right), None),
            Assign::Subtract => (combine(BinaryOp::Sub, own, right), None),
            Assign::Rate => {
                let change = combine(BinaryOp::Mul, self.time_step(span)?, right.clone());
                (combine(BinaryOp::Add, own, change), Some(right))
            }
        };
        let role = written.role.map(|(role, _)| role);
        Some(Dynamics { role, variable, value, rate, span: written.span })
    }

    /// The equation of a trace.
    fn tracing(
        &mut self,
        trace: SynapseId,
        written: &ast::Equation,
        target: &ast::Target,
    ) -> Option<Tracing> {
        let moment = std::mem::replace(&mut self.moment, Moment::Step);
        let right = self.expression(&written.value, Reader::Synapse(trace));
        self.moment = moment;
        let (right, at) = (right?, target.name.span);
        let own = Expr { kind: ExprKind::Trace(trace, None), span: at };
        let value = match written.assign {
            Assign::Set => right,
            Assign::Add => combine(BinaryOp::Add, own, right),
            Assign::Subtract => combine(BinaryOp::Sub, own, right),
            Assign::Rate => {
                let change = combine(BinaryOp::Mul, self.time_step(at)?, right);
                combine(BinaryOp::Add, own, change)
            }
        };
        let role = written.role.map(|(role, _)| role);
        Some(Tracing { role, trace, value, span: written.span })
    }

    /// `dt`, which an equation of a rate needs (R7.14).
    fn time_step(&mut self, at: Span) -> Option<Expr> {
        match &self.dt {
            Some(dt) => Some(Expr { kind: dt.kind.clone(), span: at }),
            None => {
                self.findings.push(MissingClause { at, owner: "a phase with rates", clause: "dt" });
                None
            }
        }
    }

    /// What an equation writes (R7.8): a variable, in the named population, in the one without a name or in the only one that has
    /// it, or a weight or a number beside one, of the named or of the only synapse that has it.
    fn written(&mut self, target: &ast::Target) -> Option<Learned> {
        let owner = target.population.as_ref();
        let Some(owner) = owner else { return self.written_alone(&target.name) };
        let skeleton = self.skeleton;
        if let Some(synapse) = self.scope().synapse(&owner.text) {
            let found = self.scope().quantity(synapse, &target.name.text);
            if found.is_none() {
                let known = self.scope().quantities_of(synapse);
                self.scope().unknown("number of this synapse", &target.name.text, target.name.span, known);
            }
            return found.map(Learned::Synapse);
        }
        let named = match owner.text.as_str() {
            "self" => self.scope().population(None).or_else(|| self.scope().only_population()),
            name => self.scope().population(Some(name)),
        };
        let Some(population) = named else {
            let populations = skeleton.populations.iter().filter_map(|p| p.name.clone());
            let synapses = skeleton.synapses.iter().filter(|s| s.beside.is_none()).map(|s| s.name.clone());
            let known = populations.chain(synapses).collect();
            self.scope().unknown("population or synapse", &owner.text, owner.span, known);
            return None;
        };
        let found = self.scope().variable(population, &target.name.text);
        if found.is_none() {
            let known = self.scope().variables_of(population);
            self.scope().unknown("variable", &target.name.text, target.name.span, known);
        }
        found.map(Learned::Unit)
    }

    /// The same of a bare name.
    fn written_alone(&mut self, name: &ast::Name) -> Option<Learned> {
        if let Some(synapse) = self.scope().synapse(&name.text) {
            return Some(Learned::Synapse(synapse));
        }
        let nameless = self.scope().population(None);
        if let Some(own) = nameless.and_then(|population| self.scope().variable(population, &name.text)) {
            return Some(Learned::Unit(own));
        }
        let skeleton = self.skeleton;
        let variables = (0..skeleton.variables.len()).filter(|&i| skeleton.variables[i].name == name.text);
        let variables = variables.map(|i| Learned::Unit(VariableId(i)));
        let quantities = self.scope().quantities(&name.text).into_iter().map(Learned::Synapse);
        let found: Vec<Learned> = variables.chain(quantities).collect();
        if let [one] = found[..] {
            return Some(one);
        }
        let (kind, known) = if found.is_empty() {
            let variables = skeleton.variables.iter().map(|v| v.name.clone());
            ("variable", variables.chain(self.scope().synaptic_names()).collect())
        } else {
            ("single variable", found.iter().map(|&one| skeleton.learned_name(one)).collect())
        };
        self.scope().unknown(kind, &name.text, name.span, known);
        None
    }

    fn state(&mut self, target: &ast::Target) -> Option<VariableId> {
        let (is, change) = match self.written(target)? {
            Learned::Synapse(synapse) => match self.skeleton.synapses[synapse.0].trace {
                Some(_) => ("a trace", Some("in a phase traces change outside sweeps")),
                None => ("a weight", Some("weights change in `learn`")),
            },
            Learned::Unit(variable) => match self.skeleton.variables[variable.0].kind {
                VariableKind::State(_) => return Some(variable),
                VariableKind::Let(_) => ("a definition", None),
                VariableKind::Param(_) => ("a parameter", Some("parameters change in `learn`")),
            },
        };
        mismatch(target.name.span, Shapes::NotWritable { is, wanted: "a state", change }, &mut self.scope())
    }

    /// Resolves the equations of a `learn` block, and says which they are.
    pub(super) fn learn(&mut self, learn: &ast::Learn, rule: &mut Rule) -> Vec<PlasticityId> {
        let first = rule.plasticity.len();
        let moment = std::mem::replace(&mut self.moment, Moment::Learning);
        let when = learn.when.as_ref().and_then(|when| self.condition(when));
        self.lost |= learn.when.is_some() && when.is_none();
        for written in &learn.body {
            for target in &written.targets {
                let learnt = self.learnt(written, target);
                let (reduction, when) = (learn.reduction, when.clone());
                rule.plasticity.extend(learnt.map(|learnt| Plasticity { reduction, when, ..learnt }));
            }
        }
        self.moment = moment;
        (first..rule.plasticity.len()).map(PlasticityId).collect()
    }

    /// One equation for one of its targets.
    fn learnt(&mut self, written: &ast::Equation, target: &ast::Target) -> Option<Plasticity> {
        let at = target.name.span;
        let Some(target) = self.learned(target) else {
            self.lost = true;
            return None;
        };
        let (reader, current) = match target {
            Learned::Synapse(synapse) => {
                (Reader::Synapse(synapse), ExprKind::Weight { synapse, transposed: false })
            }
            Learned::Unit(variable) => {
                let population = self.skeleton.variables[variable.0].population;
                (Reader::Unit(population), ExprKind::Variable { place: Place::Own, variable, past: None })
            }
        };
        let Some(value) = self.expression(&written.value, reader) else {
            self.mistaken.push(target);
            return None;
        };
        let span = value.span;
        // R8.2
        let increment = match written.assign {
            Assign::Add => value,
            Assign::Subtract => Expr { kind: ExprKind::Unary(UnaryOp::Neg, Box::new(value)), span },
            Assign::Set => combine(BinaryOp::Sub, value, Expr { kind: current, span: at }),
            Assign::Rate => combine(BinaryOp::Mul, self.time_step(at)?, value),
        };
        let role = written.role.map(|(role, _)| role);
        let (reduction, sets) = (BatchReduction::Mean, written.assign == Assign::Set);
        Some(Plasticity { role, target, increment, sets, when: None, reduction, span: written.span })
    }

    /// When a block learns: a condition that is the same for all samples and sites (R8.14).
    fn condition(&mut self, when: &ast::Expr) -> Option<Expr> {
        let condition = self.expression(when, Reader::Global)?;
        if is_of_the_presentation(&condition, self.scope().library) {
            return Some(condition);
        }
        let (what, found) = ("when a block learns".to_owned(), "something else".to_owned());
        let wanted = "made of hyper-parameters, the time and the counts of presentations";
        self.findings.push(BadValue { at: when.span, what, wanted, found });
        None
    }

    fn learned(&mut self, target: &ast::Target) -> Option<Learned> {
        let found = self.written(target)?;
        let (is, change) = match found {
            Learned::Synapse(synapse) => match self.skeleton.synapses[synapse.0].trace {
                Some(_) => ("a trace", Some("traces change in phases")),
                None => return Some(found),
            },
            Learned::Unit(variable) => match self.skeleton.variables[variable.0].kind {
                VariableKind::Param(_) => return Some(found),
                VariableKind::Let(_) => ("a definition", None),
                VariableKind::State(_) => ("a state", Some("states change in phases")),
            },
        };
        let shapes = Shapes::NotWritable { is, wanted: "a weight or a `param`", change };
        mismatch(target.name.span, shapes, &mut self.scope())
    }
}

pub(super) fn combine(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    let span = a.span.to(b.span);
    Expr { kind: ExprKind::Binary(op, Box::new(a), Box::new(b)), span }
}

/// Whether an expression is one number for the whole minibatch and network, without a look at either.
fn is_of_the_presentation(expr: &Expr, library: &Library) -> bool {
    let element_wise = |function: FunctionId| {
        let function = &library.functions[function.0];
        !function.layer_wide && !function.draws
    };
    let mut known = matches!(expr.kind, ExprKind::Call { function, .. } if element_wise(function));
    known |= matches!(
        expr.kind,
        ExprKind::Number(_)
            | ExprKind::Hyper(_)
            | ExprKind::Updates
            | ExprKind::Count(_)
            | ExprKind::Time { .. }
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::Compare(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Not(_)
            | ExprKind::If(..)
    );
    expr.for_each_child(|child| known = known && is_of_the_presentation(child, library));
    known
}
