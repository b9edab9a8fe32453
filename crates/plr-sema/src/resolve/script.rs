//! What happens in a presentation: phases with their statements, and learning.

use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::ast::{self, Assign};

use crate::check::bad_value::BadValue;
use crate::check::missing_clause::MissingClause;
use crate::check::shape_mismatch::Shapes;
use crate::check::unknown_name::UnknownName;
use crate::hir::{
    Act, Dynamics, Expr, ExprKind, Integrator, Learned, PhaseId, Place, Plasticity, PlasticityId, Rule,
    Statement, Synapse, SynapseId, Tracing, Variable, VariableId, VariableKind,
};

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
        self.dt.clone_from(&phase.dt);
        self.in_phase = true;
        phase.body = self.statements(&written.body, rule);
        (self.dt, self.in_phase) = (None, false);
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
        body.iter().filter_map(|statement| self.statement(statement, rule)).collect()
    }

    fn statement(&mut self, statement: &ast::PhaseStatement, rule: &mut Rule) -> Option<Statement> {
        Some(match statement {
            ast::PhaseStatement::Clamp(clamp) => {
                let written = ast::Equation {
                    role: clamp.role,
                    target: clamp.target.clone(),
                    assign: Assign::Set,
                    value: clamp.value.clone(),
                    span: clamp.span,
                };
                Statement::Clamp(self.dynamics(&written)?)
            }
            ast::PhaseStatement::Release(release) => {
                let role = release.role.map(|(role, _)| role);
                Statement::Release { role, variable: self.state(&release.target)? }
            }
            ast::PhaseStatement::Equation(equation) => match self.traced(&equation.target) {
                Some(trace) => Statement::Trace(self.tracing(trace, equation)?),
                None => Statement::Equation(self.dynamics(equation)?),
            },
            ast::PhaseStatement::Sweep(sweep) => Statement::Sweep(
                sweep.direction,
                sweep.body.iter().filter_map(|e| self.dynamics(e)).collect(),
            ),
            ast::PhaseStatement::Learn(learn) => Statement::Learn(self.learn(learn, rule)),
            ast::PhaseStatement::InTurn(body, _) => Statement::InTurn(self.statements(body, rule)),
            ast::PhaseStatement::Error(_) => return None,
        })
    }

    fn dynamics(&mut self, written: &ast::Equation) -> Option<Dynamics> {
        let variable = self.state(&written.target)?;
        let population = self.skeleton.variables[variable.0].population;
        let moment = std::mem::replace(&mut self.moment, Moment::Step);
        let right = self.expression(&written.value, Reader::Unit(population));
        self.moment = moment;
        let right = right?;
        let span = written.target.name.span;
        let own = Expr { kind: ExprKind::Variable { place: Place::Own, variable, phase: None }, span };
        let (value, rate) = match written.assign {
            Assign::Set => (right, None),
            // R7.4
            Assign::Add => (combine(BinaryOp::Add, own, right), None),
            Assign::Subtract => (combine(BinaryOp::Sub, own, right), None),
            Assign::Rate => {
                let change = combine(BinaryOp::Mul, self.time_step(written)?, right.clone());
                (combine(BinaryOp::Add, own, change), Some(right))
            }
        };
        let role = written.role.map(|(role, _)| role);
        Some(Dynamics { role, variable, value, rate, span: written.span })
    }

    /// The trace that an equation writes, if it is one.
    fn traced(&mut self, target: &ast::Target) -> Option<SynapseId> {
        let found = self.scope().synapse(&target.name.text).filter(|_| target.population.is_none())?;
        self.skeleton.synapses[found.0].trace.is_some().then_some(found)
    }

    /// The equation of a trace.
    fn tracing(&mut self, trace: SynapseId, written: &ast::Equation) -> Option<Tracing> {
        let moment = std::mem::replace(&mut self.moment, Moment::Step);
        let right = self.expression(&written.value, Reader::Synapse(trace));
        self.moment = moment;
        let (right, at) = (right?, written.target.name.span);
        let own = Expr { kind: ExprKind::Trace(trace), span: at };
        let value = match written.assign {
            Assign::Set => right,
            Assign::Add => combine(BinaryOp::Add, own, right),
            Assign::Subtract => combine(BinaryOp::Sub, own, right),
            Assign::Rate => {
                let change = combine(BinaryOp::Mul, self.time_step(written)?, right);
                combine(BinaryOp::Add, own, change)
            }
        };
        let role = written.role.map(|(role, _)| role);
        Some(Tracing { role, trace, value, span: written.span })
    }

    /// `dt`, which an equation of a rate needs (R7.14).
    fn time_step(&mut self, written: &ast::Equation) -> Option<Expr> {
        let at = written.target.name.span;
        match &self.dt {
            Some(dt) => Some(Expr { kind: dt.kind.clone(), span: at }),
            None => {
                self.findings.push(MissingClause { at, owner: "a phase with rates", clause: "dt" });
                None
            }
        }
    }

    /// The variable that an equation writes, in the named or in the only population that has it.
    fn written(&mut self, target: &ast::Target) -> Option<VariableId> {
        let skeleton = self.skeleton;
        if let Some(name) = &target.population
            && !skeleton.populations.iter().any(|p| p.name.as_deref() == Some(&name.text))
        {
            let known = skeleton.populations.iter().filter_map(|p| p.name.clone()).collect();
            self.scope().unknown("population", &name.text, name.span, known);
            return None;
        }
        let wanted = target.population.as_ref().map(|n| n.text.as_str());
        let fits =
            |v: &Variable| wanted.is_none() || skeleton.populations[v.population.0].name.as_deref() == wanted;
        let found: Vec<usize> = (0..skeleton.variables.len())
            .filter(|&i| skeleton.variables[i].name == target.name.text && fits(&skeleton.variables[i]))
            .collect();
        if let [one] = found[..] {
            return Some(VariableId(one));
        }
        let variables = skeleton.variables.iter().map(|v| v.name.clone());
        let known = variables.chain(skeleton.synapses.iter().map(|s| s.name.clone())).collect();
        let kind = if found.is_empty() { "variable" } else { "single variable" };
        self.scope().unknown(kind, &target.name.text, target.name.span, known);
        None
    }

    fn state(&mut self, target: &ast::Target) -> Option<VariableId> {
        let at = target.name.span;
        let of_synapse = |s: &&Synapse| target.population.is_none() && s.name == target.name.text;
        if let Some(synapse) = self.skeleton.synapses.iter().find(of_synapse) {
            let (is, change) = match synapse.trace {
                Some(_) => ("a trace", Some("in a phase traces change outside sweeps")),
                None => ("a weight", Some("weights change in `learn`")),
            };
            let shapes = Shapes::NotWritable { is, wanted: "a state", change };
            return mismatch(at, shapes, &mut self.scope());
        }
        let variable = self.written(target)?;
        let (is, change) = match self.skeleton.variables[variable.0].kind {
            VariableKind::State(_) => return Some(variable),
            VariableKind::Let(_) => ("a definition", None),
            VariableKind::Param(_) => ("a parameter", Some("parameters change in `learn`")),
        };
        mismatch(at, Shapes::NotWritable { is, wanted: "a state", change }, &mut self.scope())
    }

    /// Resolves the equations of a `learn` block, and says which they are.
    pub(super) fn learn(&mut self, learn: &ast::Learn, rule: &mut Rule) -> Vec<PlasticityId> {
        let first = rule.plasticity.len();
        let moment = std::mem::replace(&mut self.moment, Moment::Learning);
        let when = learn.when.as_ref().and_then(|when| self.condition(when));
        self.lost |= learn.when.is_some() && when.is_none();
        for written in &learn.body {
            let Some(target) = self.learned(&written.target) else {
                self.lost = true;
                continue;
            };
            let (reader, current) = match target {
                Learned::Synapse(synapse) => {
                    (Reader::Synapse(synapse), ExprKind::Weight { synapse, transposed: false })
                }
                Learned::Unit(variable) => {
                    let population = self.skeleton.variables[variable.0].population;
                    (
                        Reader::Unit(population),
                        ExprKind::Variable { place: Place::Own, variable, phase: None },
                    )
                }
            };
            let Some(value) = self.expression(&written.value, reader) else {
                self.mistaken.push(target);
                continue;
            };
            let span = value.span;
            // R8.2
            let increment = match written.assign {
                Assign::Add => value,
                Assign::Subtract => Expr { kind: ExprKind::Unary(UnaryOp::Neg, Box::new(value)), span },
                Assign::Set => {
                    combine(BinaryOp::Sub, value, Expr { kind: current, span: written.target.name.span })
                }
                Assign::Rate => match self.time_step(written) {
                    Some(dt) => combine(BinaryOp::Mul, dt, value),
                    None => continue,
                },
            };
            let role = written.role.map(|(role, _)| role);
            rule.plasticity.push(Plasticity {
                role,
                target,
                increment,
                when: when.clone(),
                reduction: learn.reduction,
                span: written.span,
            });
        }
        self.moment = moment;
        (first..rule.plasticity.len()).map(PlasticityId).collect()
    }

    /// When a block learns: a condition that is the same for all samples and sites (R8.14).
    fn condition(&mut self, when: &ast::Expr) -> Option<Expr> {
        let condition = self.expression(when, Reader::Global)?;
        if is_of_the_presentation(&condition) {
            return Some(condition);
        }
        let (what, found) = ("when a block learns".to_owned(), "something else".to_owned());
        let wanted = "made of hyper-parameters, the time and the counts of presentations";
        self.findings.push(BadValue { at: when.span, what, wanted, found });
        None
    }

    fn learned(&mut self, target: &ast::Target) -> Option<Learned> {
        if target.population.is_none()
            && let Some(synapse) = self.scope().synapse(&target.name.text)
        {
            if self.skeleton.synapses[synapse.0].trace.is_some() {
                let change = Some("traces change in phases");
                let shapes = Shapes::NotWritable { is: "a trace", wanted: "a weight or a `param`", change };
                return mismatch(target.name.span, shapes, &mut self.scope());
            }
            return Some(Learned::Synapse(synapse));
        }
        let variable = self.written(target)?;
        let (is, change) = match self.skeleton.variables[variable.0].kind {
            VariableKind::Param(_) => return Some(Learned::Unit(variable)),
            VariableKind::Let(_) => ("a definition", None),
            VariableKind::State(_) => ("a state", Some("states change in phases")),
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
fn is_of_the_presentation(expr: &Expr) -> bool {
    let mut known = matches!(
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
    expr.for_each_child(|child| known = known && is_of_the_presentation(child));
    known
}
