//! Rules: first all declarations, so that the order of the text does not matter, then what they say (R2.1).

use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::ast::{self, Assign, Member, VariableKind as Written};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::fixed_is_learned::FixedIsLearned;
use crate::check::parameter_never_learned::ParameterNeverLearned;
use crate::check::reserved_name::{RESERVED, ReservedName};
use crate::check::shape_mismatch::{ShapeMismatch, Shapes};
use crate::check::unknown_name::UnknownName;
use crate::hir::{
    Dynamics, Endpoint, Expr, ExprKind, HyperParameter, Initialiser, Learned, Licence, Phase, PhaseId, Place,
    Plasticity, Population, PopulationId, Predict, Relative, Rule, Signal, Statement, Synapse, SynapseId,
    Variable, VariableId, VariableKind,
};

use super::expression::{self, mismatch};
use super::global::{joins_two_layers, unit_layers};
use super::scope::{Reader, Scope};
use super::{Declared, Library};

/// Resolves a rule. What has a mistake is left out, with a finding.
pub fn resolve(item: &ast::Rule, library: &Library, findings: &mut Findings) -> Rule {
    let mut skeleton = declare(item, findings);
    endpoints(item, &mut skeleton, library, findings);
    let mut rule = skeleton.clone();
    let mut resolver = Resolver { skeleton: &skeleton, library, mistaken: Vec::new(), lost: false, findings };
    resolver.heads(item, &mut rule);
    resolver.members(item, &mut rule);
    let Resolver { mistaken, lost, .. } = resolver;
    if !lost {
        never_learned(&rule, &mistaken, findings);
    }
    // What is read in an equation with a mistake in it is not known.
    if !findings.any_error() {
        super::super::check::unused_name::report(&rule, findings);
    }
    rule
}

/// The two ends of every synapse: expressions cannot be resolved before these are known.
fn endpoints(item: &ast::Rule, rule: &mut Rule, library: &Library, findings: &mut Findings) {
    for member in &item.members {
        let Member::Synapse(written) = member else { continue };
        let visible = library.functions.len();
        let mut scope = Scope { library, visible, rule: Some(rule), hyper_parameters: 0, ended: 0, findings };
        let ends = (endpoint(&written.from, &mut scope), endpoint(&written.to, &mut scope));
        let (Some(from), Some(to)) = ends else { continue };
        if from.layer != Relative::Own && to.layer != Relative::Own {
            findings.push(ShapeMismatch {
                at: written.from.head.span.to(written.to.head.span),
                shapes: Shapes::NoOwnEnd,
            });
        }
        if let Some(synapse) = rule.synapses.iter_mut().find(|s| s.span == written.name.span) {
            (synapse.from, synapse.to) = (from, to);
        }
    }
}

fn zero(span: Span) -> Expr {
    Expr { kind: ExprKind::Number(0.0), span }
}

/// The names of a rule, without what they mean (R2.3).
fn declare(item: &ast::Rule, findings: &mut Findings) -> Rule {
    let mut names = Declared::default();
    let mut free = |name: &ast::Name, findings: &mut Findings| {
        // It is declared all the same: its uses are no further mistakes.
        if RESERVED.contains(&name.text.as_str()) {
            findings.push(ReservedName { at: name.span, name: name.text.clone() });
        }
        names.add(name, findings)
    };
    let mut rule = Rule {
        name: item.name.text.clone(),
        span: item.name.span,
        hyper_parameters: Vec::new(),
        licences: licences(item, findings),
        populations: Vec::new(),
        variables: Vec::new(),
        synapses: Vec::new(),
        signals: Vec::new(),
        phases: Vec::new(),
        plasticity: Vec::new(),
        predict: None,
    };
    for parameter in &item.parameters {
        if free(&parameter.name, findings) {
            let (name, span) = (parameter.name.text.clone(), parameter.name.span);
            rule.hyper_parameters.push(HyperParameter { name, default: zero(span), span });
        }
    }
    let mut phases = Declared::default();
    let mut populations: Vec<Option<String>> = Vec::new();
    for member in &item.members {
        match member {
            Member::Neuron(neuron) => {
                let name = neuron.name.as_ref();
                let unnamed = ast::Name { text: "neuron".to_owned(), span: neuron.span };
                if populations.contains(&name.map(|n| n.text.clone())) || name.is_some() {
                    free(name.unwrap_or(&unnamed), findings);
                }
                populations.push(name.map(|n| n.text.clone()));
                declare_population(neuron, &mut rule, findings);
            }
            Member::Synapse(synapse) => {
                if free(&synapse.name, findings) {
                    rule.synapses.push(blank_synapse(synapse));
                }
            }
            Member::Signal(signal) => {
                if free(&signal.name, findings) {
                    rule.signals.push(Signal {
                        name: signal.name.text.clone(),
                        value: zero(signal.name.span),
                        span: signal.name.span,
                    });
                }
            }
            Member::Phase(phase) => {
                phases.add(&phase.name, findings);
                rule.phases.push(blank_phase(phase));
            }
            Member::Learn(_) | Member::Predict(_) | Member::Check(_) | Member::Error(_) => {}
        }
    }
    rule
}

fn licences(item: &ast::Rule, findings: &mut Findings) -> Vec<(Licence, Span)> {
    let mut found = Vec::new();
    for name in &item.allow {
        match Licence::ALL.iter().find(|l| l.name() == name.text) {
            Some(licence) => found.push((*licence, name.span)),
            None => {
                let known = Licence::ALL.iter().map(|l| l.name().to_owned()).collect();
                findings.push(UnknownName { at: name.span, kind: "licence", name: name.text.clone(), known });
            }
        }
    }
    found
}

/// Variables of one population form one namespace; a `let` may have one definition per role.
fn declare_population(neuron: &ast::Neuron, rule: &mut Rule, findings: &mut Findings) {
    let population = PopulationId(rule.populations.len());
    let span = neuron.name.as_ref().map_or(neuron.span, |n| n.span);
    rule.populations.push(Population { name: neuron.name.as_ref().map(|n| n.text.clone()), span });
    let mut declared = Declared::default();
    let mut roles: Vec<(&str, Option<ast::Role>)> = Vec::new();
    for variable in &neuron.variables {
        let (name, role) = (&variable.name, variable.role.map(|(role, _)| role));
        let another_role = variable.kind == Written::Let
            && roles.iter().any(|(n, _)| *n == name.text)
            && !roles.contains(&(name.text.as_str(), role));
        roles.push((&name.text, role));
        if another_role {
            continue;
        }
        if RESERVED.contains(&name.text.as_str()) {
            findings.push(ReservedName { at: name.span, name: name.text.clone() });
        }
        if declared.add(name, findings) {
            let kind = match variable.kind {
                Written::State => VariableKind::State(None),
                Written::Let => VariableKind::Let(Vec::new()),
                Written::Param => VariableKind::Param(Initialiser::Constant(zero(name.span))),
            };
            rule.variables.push(Variable { name: name.text.clone(), population, kind, span: name.span });
        }
    }
}

fn blank_synapse(synapse: &ast::Synapse) -> Synapse {
    let attribute = |word: &str| synapse.attributes.iter().find(|a| a.text == word).map(|a| a.span);
    let end = Endpoint { layer: Relative::Own, population: PopulationId(0) };
    let (fixed, symmetric) = (attribute("fixed"), attribute("symmetric"));
    Synapse {
        name: synapse.name.text.clone(),
        from: end,
        to: end,
        init: Initialiser::Glorot,
        fixed,
        symmetric,
        span: synapse.name.span,
    }
}

fn blank_phase(phase: &ast::Phase) -> Phase {
    let span = phase.name.span;
    let one = Expr { kind: ExprKind::Number(1.0), span };
    Phase { name: phase.name.text.clone(), steps: one, until: None, from: None, body: Vec::new(), span }
}

/// A weight or unit parameter that is not fixed is learned, and the other way round. An equation that has a mistake in
/// it is one all the same (R4.5).
fn never_learned(rule: &Rule, mistaken: &[Learned], findings: &mut Findings) {
    for (i, synapse) in rule.synapses.iter().enumerate() {
        let equation = rule.plasticity.iter().find(|p| p.target == Learned::Synapse(SynapseId(i)));
        match (equation, synapse.fixed) {
            (None, None) if mistaken.contains(&Learned::Synapse(SynapseId(i))) => {}
            (None, None) => {
                findings.push(ParameterNeverLearned {
                    at: synapse.span,
                    name: synapse.name.clone(),
                    synapse: true,
                });
            }
            (Some(equation), Some(declared)) => {
                findings.push(FixedIsLearned { at: equation.span, declared, name: synapse.name.clone() });
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
    }
    for (i, variable) in rule.variables.iter().enumerate() {
        let target = Learned::Unit(VariableId(i));
        let learned = rule.plasticity.iter().any(|p| p.target == target) || mistaken.contains(&target);
        if matches!(variable.kind, VariableKind::Param(_)) && !learned {
            findings.push(ParameterNeverLearned {
                at: variable.span,
                name: variable.name.clone(),
                synapse: false,
            });
        }
    }
}

struct Resolver<'a> {
    skeleton: &'a Rule,
    library: &'a Library,
    /// What plasticity equations with a mistake in them would change.
    mistaken: Vec<Learned>,
    /// Some plasticity equation changes nobody knows what.
    lost: bool,
    findings: &'a mut Findings,
}

impl Resolver<'_> {
    /// The scope of an expression evaluated after `ended` phases.
    fn scope(&mut self, ended: usize) -> Scope<'_> {
        Scope {
            library: self.library,
            visible: self.library.functions.len(),
            rule: Some(self.skeleton),
            hyper_parameters: self.skeleton.hyper_parameters.len(),
            ended,
            findings: self.findings,
        }
    }

    /// All phases have ended.
    fn all(&self) -> usize {
        self.skeleton.phases.len()
    }

    fn expression(&mut self, tree: &ast::Expr, reader: Reader<'_>, ended: usize) -> Option<Expr> {
        expression::resolve(tree, reader, &mut self.scope(ended))
    }

    /// A signal or a prediction.
    fn global(&mut self, tree: &ast::Expr, ended: usize) -> Option<Expr> {
        let value = self.expression(tree, Reader::Global, ended)?;
        match joins_two_layers(&value) {
            Some(at) => mismatch(at, Shapes::TwoLayers, &mut self.scope(ended)),
            None => Some(value),
        }
    }

    fn constant(&mut self, tree: &ast::Expr) -> Option<Expr> {
        self.expression(tree, Reader::Constant, 0)
    }

    /// A default sees the hyper-parameters before it.
    fn heads(&mut self, item: &ast::Rule, rule: &mut Rule) {
        for (i, hyper) in rule.hyper_parameters.iter_mut().enumerate() {
            let Some(written) = item.parameters.iter().find(|p| p.name.span == hyper.span) else { continue };
            let mut scope = self.scope(0);
            scope.hyper_parameters = i;
            if let Some(value) = expression::resolve(&written.value, Reader::Constant, &mut scope) {
                hyper.default = value;
            }
        }
    }

    fn members(&mut self, item: &ast::Rule, rule: &mut Rule) {
        let (mut neurons, mut phases) = (0, 0);
        for member in &item.members {
            match member {
                Member::Neuron(neuron) => {
                    self.variables(neuron, PopulationId(neurons), rule);
                    neurons += 1;
                }
                Member::Synapse(synapse) => self.synapse(synapse, rule),
                Member::Signal(signal) => {
                    let value = self.global(&signal.value, self.all());
                    let found = rule.signals.iter_mut().find(|s| s.span == signal.name.span);
                    if let (Some(found), Some(value)) = (found, value) {
                        found.value = value;
                    }
                }
                Member::Phase(phase) => {
                    rule.phases[phases] = self.phase(phase, phases);
                    phases += 1;
                }
                Member::Learn(learn) => self.learn(learn, rule),
                Member::Predict(predict) => self.predict(predict, rule),
                Member::Check(_) | Member::Error(_) => {}
            }
        }
    }

    fn variables(&mut self, neuron: &ast::Neuron, population: PopulationId, rule: &mut Rule) {
        for written in &neuron.variables {
            let found =
                rule.variables.iter().position(|v| v.population == population && v.name == written.name.text);
            let Some(position) = found else { continue };
            let Some(tree) = &written.value else { continue };
            match written.kind {
                Written::State => {
                    let value = self.constant(tree);
                    rule.variables[position].kind = VariableKind::State(value);
                }
                Written::Param => {
                    if let Some(init) = self.initialiser(tree) {
                        rule.variables[position].kind = VariableKind::Param(init);
                    }
                }
                Written::Let => {
                    let value = self.expression(tree, Reader::Unit(population), self.all());
                    if let (VariableKind::Let(definitions), Some(value)) =
                        (&mut rule.variables[position].kind, value)
                    {
                        definitions.push((written.role.map(|(role, _)| role), value));
                        // A definition for a role comes before the one for all layers.
                        definitions.sort_by_key(|(role, _)| role.is_none());
                    }
                }
            }
        }
    }

    fn synapse(&mut self, written: &ast::Synapse, rule: &mut Rule) {
        let Some(position) = rule.synapses.iter().position(|s| s.span == written.name.span) else { return };
        for attribute in &written.attributes {
            if !matches!(attribute.text.as_str(), "fixed" | "symmetric") {
                let known = ["fixed", "symmetric"].map(str::to_owned).to_vec();
                self.scope(0).unknown("attribute of a synapse", &attribute.text, attribute.span, known);
            }
        }
        if let Some(init) = written.init.as_ref().and_then(|tree| self.initialiser(tree)) {
            rule.synapses[position].init = init;
        }
    }

    fn initialiser(&mut self, tree: &ast::Expr) -> Option<Initialiser> {
        initialiser(tree, &mut self.scope(0))
    }

    fn phase(&mut self, written: &ast::Phase, position: usize) -> Phase {
        let mut phase = blank_phase(written);
        if let Some(steps) = written.steps.as_ref().and_then(|tree| self.constant(tree)) {
            phase.steps = steps;
        }
        if let (Some(tree), None) = (&written.until, &written.steps) {
            self.findings.push(BadValue {
                at: tree.span,
                what: format!("the number of steps of `{}`", written.name.text),
                wanted: "needed too: `steps = n until …`",
                found: "a tolerance alone".to_owned(),
            });
        }
        let until = written.until.as_ref().and_then(|tree| tolerance(tree, self.findings));
        phase.until = until.and_then(|tree| self.constant(tree));
        phase.from = written.from.as_ref().and_then(|name| self.scope(position).phase(name));
        phase.body = self.statements(&written.body, position);
        phase
    }

    fn statements(&mut self, body: &[ast::PhaseStatement], phase: usize) -> Vec<Statement> {
        body.iter().filter_map(|statement| self.statement(statement, phase)).collect()
    }

    fn statement(&mut self, statement: &ast::PhaseStatement, phase: usize) -> Option<Statement> {
        Some(match statement {
            ast::PhaseStatement::Clamp(clamp) => {
                let written = ast::Equation {
                    role: clamp.role,
                    target: clamp.target.clone(),
                    assign: Assign::Set,
                    value: clamp.value.clone(),
                    span: clamp.span,
                };
                Statement::Clamp(self.dynamics(&written, phase)?)
            }
            ast::PhaseStatement::Release(release) => {
                let role = release.role.map(|(role, _)| role);
                Statement::Release { role, variable: self.state(&release.target)? }
            }
            ast::PhaseStatement::Equation(equation) => Statement::Equation(self.dynamics(equation, phase)?),
            ast::PhaseStatement::Sweep(sweep) => Statement::Sweep(
                sweep.direction,
                sweep.body.iter().filter_map(|e| self.dynamics(e, phase)).collect(),
            ),
            ast::PhaseStatement::InTurn(body, _) => Statement::InTurn(self.statements(body, phase)),
            ast::PhaseStatement::Error(_) => return None,
        })
    }

    fn dynamics(&mut self, written: &ast::Equation, phase: usize) -> Option<Dynamics> {
        let variable = self.state(&written.target)?;
        let population = self.skeleton.variables[variable.0].population;
        let value = self.expression(&written.value, Reader::Unit(population), phase)?;
        let span = written.target.name.span;
        let own = Expr { kind: ExprKind::Variable { place: Place::Own, variable, phase: None }, span };
        let value = match written.assign {
            Assign::Set => value,
            // R7.4
            Assign::Add => combine(BinaryOp::Add, own, value),
            Assign::Subtract => combine(BinaryOp::Sub, own, value),
        };
        Some(Dynamics { role: written.role.map(|(role, _)| role), variable, value, span: written.span })
    }

    /// The variable that an equation writes, in the named or in the only population that has it.
    fn written(&mut self, target: &ast::Target) -> Option<VariableId> {
        let skeleton = self.skeleton;
        if let Some(name) = &target.population
            && !skeleton.populations.iter().any(|p| p.name.as_deref() == Some(&name.text))
        {
            let known = skeleton.populations.iter().filter_map(|p| p.name.clone()).collect();
            self.scope(0).unknown("population", &name.text, name.span, known);
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
        self.scope(0).unknown(kind, &target.name.text, target.name.span, known);
        None
    }

    fn state(&mut self, target: &ast::Target) -> Option<VariableId> {
        let at = target.name.span;
        if self.skeleton.synapses.iter().any(|s| s.name == target.name.text) {
            let change = Some("weights change in `learn`");
            let shapes = Shapes::NotWritable { is: "a weight", wanted: "a state", change };
            return mismatch(at, shapes, &mut self.scope(0));
        }
        let variable = self.written(target)?;
        let (is, change) = match self.skeleton.variables[variable.0].kind {
            VariableKind::State(_) => return Some(variable),
            VariableKind::Let(_) => ("a definition", None),
            VariableKind::Param(_) => ("a parameter", Some("parameters change in `learn`")),
        };
        mismatch(at, Shapes::NotWritable { is, wanted: "a state", change }, &mut self.scope(0))
    }

    fn learn(&mut self, learn: &ast::Learn, rule: &mut Rule) {
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
            let Some(value) = self.expression(&written.value, reader, self.all()) else {
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
            };
            let role = written.role.map(|(role, _)| role);
            rule.plasticity.push(Plasticity {
                role,
                target,
                increment,
                reduction: learn.reduction,
                span: written.span,
            });
        }
    }

    fn learned(&mut self, target: &ast::Target) -> Option<Learned> {
        if target.population.is_none()
            && let Some(synapse) = self.scope(0).synapse(&target.name.text)
        {
            return Some(Learned::Synapse(synapse));
        }
        let variable = self.written(target)?;
        let (is, change) = match self.skeleton.variables[variable.0].kind {
            VariableKind::Param(_) => return Some(Learned::Unit(variable)),
            VariableKind::Let(_) => ("a definition", None),
            VariableKind::State(_) => ("a state", Some("states change in phases")),
        };
        let shapes = Shapes::NotWritable { is, wanted: "a weight or a `param`", change };
        mismatch(target.name.span, shapes, &mut self.scope(0))
    }

    fn predict(&mut self, predict: &ast::Predict, rule: &mut Rule) {
        let after = self.scope(self.skeleton.phases.len()).phase(&predict.after);
        let ended = after.map_or(self.all(), |PhaseId(p)| p + 1);
        let value = self.global(&predict.value, ended).and_then(|value| {
            if unit_layers(&value).contains(&Place::Input) {
                return mismatch(value.span, Shapes::PredictedByInput, &mut self.scope(ended));
            }
            Some(value)
        });
        if rule.predict.is_some() {
            let first = rule.predict.as_ref().map_or(predict.span, |p| p.span);
            self.findings.push(crate::check::duplicate_name::DuplicateName {
                at: predict.span,
                first,
                name: "predict".to_owned(),
            });
        }
        if let (Some(after), Some(value)) = (after, value) {
            rule.predict = Some(Predict { value, after, span: predict.span });
        }
    }
}

fn combine(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    let span = a.span.to(b.span);
    Expr { kind: ExprKind::Binary(op, Box::new(a), Box::new(b)), span }
}

/// `below`, `above.P`, `P`
fn endpoint(written: &ast::Endpoint, scope: &mut Scope<'_>) -> Option<Endpoint> {
    let mut path = vec![written.head.clone()];
    path.extend(written.population.clone());
    match scope.endpoint(&path) {
        Some((end, used)) if used == path.len() => Some(end),
        Some(_) | None => {
            let name = &path[path.len() - 1];
            let known = ["below", "above", "self", "input", "output"].map(str::to_owned).into_iter();
            let populations =
                scope.rule.into_iter().flat_map(|r| r.populations.iter().filter_map(|p| p.name.clone()));
            let known = known.chain(populations).collect();
            scope.unknown("layer or population", &name.text, name.span, known);
            None
        }
    }
}

/// `glorot()`, `normal(0.1)`, `uniform(-1, 1)`, or a constant.
pub fn initialiser(tree: &ast::Expr, scope: &mut Scope<'_>) -> Option<Initialiser> {
    if let ast::ExprKind::Call(call) = &tree.kind {
        let mut arguments = Vec::new();
        let expected = match call.name.text.as_str() {
            "glorot" | "he" => Some(0),
            "normal" => Some(1),
            "uniform" => Some(2),
            _ => None,
        };
        if let Some(expected) = expected {
            for argument in &call.arguments {
                arguments.push(expression::resolve(argument, Reader::Constant, scope)?);
            }
            let found = arguments.len();
            let mut arguments = arguments.into_iter();
            let built = match (call.name.text.as_str(), found, arguments.next(), arguments.next()) {
                ("glorot", 0, ..) => Some(Initialiser::Glorot),
                ("he", 0, ..) => Some(Initialiser::He),
                ("normal", 1, Some(deviation), _) => Some(Initialiser::Normal(deviation)),
                ("uniform", 2, Some(low), Some(high)) => Some(Initialiser::Uniform(low, high)),
                _ => None,
            };
            if built.is_none() {
                let name = call.name.text.clone();
                let finding = crate::check::wrong_argument_count::WrongArgumentCount {
                    at: call.span,
                    name,
                    expected,
                    found,
                };
                scope.findings.push(finding);
            }
            return built;
        }
    }
    expression::resolve(tree, Reader::Constant, scope).map(Initialiser::Constant)
}

/// The tolerance in `residual < tolerance`.
pub fn tolerance<'t>(tree: &'t ast::Expr, findings: &mut Findings) -> Option<&'t ast::Expr> {
    if let ast::ExprKind::Binary(ast::BinaryOp::Less, left, right) = &tree.kind
        && matches!(&left.kind, ast::ExprKind::Name(name) if name == "residual")
    {
        return Some(right);
    }
    let (what, found) = ("the condition after `until`".to_owned(), "something else".to_owned());
    findings.push(BadValue { at: tree.span, what, wanted: "`residual < tolerance`", found });
    None
}
