//! Rules: first all declarations, so that the order of the text does not matter, then what they say (R2.1).

use plr_ir::scalar::BinaryOp;
use plr_syntax::ast::{self, Member, Occasion, VariableKind as Written};
use plr_syntax::diagnostic::Findings;
use plr_syntax::finding::DuplicateClause;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::fixed_is_learned::FixedIsLearned;
use crate::check::missing_clause::MissingClause;
use crate::check::parameter_never_learned::ParameterNeverLearned;
use crate::check::reserved_name::{RESERVED, ReservedName};
use crate::check::shape_mismatch::{ShapeMismatch, Shapes};
use crate::check::unknown_name::UnknownName;
use crate::hir::{
    Act, Endpoint, Expr, ExprKind, HyperParameter, Initialiser, Integrator, Learned, Licence, Phase, PhaseId,
    Place, Population, PopulationId, Predict, Relative, Rule, Signal, Size, Synapse, SynapseId, Variable,
    VariableId, VariableKind,
};

use super::expression::{self, mismatch};
use super::global::{joins_two_layers, unit_layers};
use super::initialiser::initialiser;
use super::scope::{Moment, Reader, Scope};
use super::{Constants, Declared, Library};

/// Resolves a rule. What has a mistake is left out, with a finding.
pub fn resolve(item: &ast::Rule, library: &Library, findings: &mut Findings) -> Rule {
    let mut skeleton = declare(item, findings);
    endpoints(item, &mut skeleton, library, findings);
    sizes(item, &mut skeleton, library, findings);
    let mut rule = skeleton.clone();
    let mut resolver = Resolver {
        skeleton: &skeleton,
        library,
        mistaken: Vec::new(),
        lost: false,
        ended: 0,
        dt: None,
        in_phase: false,
        stepwise: false,
        moment: Moment::Definition,
        findings,
    };
    resolver.heads(item, &mut rule);
    resolver.members(item, &mut rule);
    let Resolver { mistaken, lost, .. } = resolver;
    if !lost {
        never_learned(&rule, &mistaken, findings);
    }
    rule.with_constants(Constants::of(&rule, library, &[]), library)
}

/// How many units populations have (R3.9, R3.13).
fn sizes(item: &ast::Rule, rule: &mut Rule, library: &Library, findings: &mut Findings) {
    let neurons = item.members.iter().filter_map(|member| match member {
        Member::Neuron(neuron) => Some(neuron),
        Member::Synapse(_)
        | Member::Signal(_)
        | Member::Phase(_)
        | Member::Learn(_)
        | Member::Predict(_)
        | Member::Check(_)
        | Member::Error(_) => None,
    });
    for (i, neuron) in neurons.enumerate() {
        let Some(written) = &neuron.size else { continue };
        let size = population_size(written, rule, library, findings);
        if let Some((size, number)) = size {
            (rule.populations[i].size, rule.populations[i].number) = (size, number);
        }
    }
}

/// `sized above`, `sized 10`, `sized k * self`: what is counted, and the number, if one is written.
fn population_size(
    written: &ast::Expr,
    rule: &Rule,
    library: &Library,
    findings: &mut Findings,
) -> Option<(Size, Option<Expr>)> {
    let Some((relative, numbers)) = of_layer(written) else {
        findings.push(BadValue {
            at: written.span,
            what: "the size of a population".to_owned(),
            wanted: "`below`, `above`, `self`, `input`, `output`, a number of units, or a number times a layer",
            found: "something else".to_owned(),
        });
        return None;
    };
    let (visible, hyper_parameters) = (library.functions.len(), rule.hyper_parameters.len());
    let scope = super::function::scope(library, findings);
    let mut scope = Scope { rule: Some(rule), visible, hyper_parameters, ..scope };
    let mut product: Option<Expr> = None;
    for number in numbers {
        let number = expression::resolve(number, Reader::Constant, &mut scope)?;
        product = Some(match product {
            None => number,
            Some(product) => Expr {
                span: product.span.to(number.span),
                kind: ExprKind::Binary(BinaryOp::Mul, Box::new(product), Box::new(number)),
            },
        });
    }
    let size = match (relative, &product) {
        (Some(Relative::Own), None) => Size::Layer,
        (Some(relative), None) => Size::Like(relative),
        (Some(relative), Some(_)) => Size::Times(relative, 1),
        (None, _) => Size::Count(1),
    };
    Some((size, product))
}

/// The layer of which a size is a multiple, if it is, and the numbers by which it is multiplied; nothing if it is neither a
/// number nor that.
fn of_layer(written: &ast::Expr) -> Option<(Option<Relative>, Vec<&ast::Expr>)> {
    if let ast::ExprKind::Name(name) = &written.kind
        && let Some(relative) = Relative::named(name)
    {
        return Some((Some(relative), Vec::new()));
    }
    let ast::ExprKind::Binary(ast::BinaryOp::Multiply, a, b) = &written.kind else {
        return Some((None, vec![written]));
    };
    let ((of_a, mut numbers), (of_b, others)) = (of_layer(a)?, of_layer(b)?);
    if of_a.is_some() && of_b.is_some() {
        return None;
    }
    numbers.extend(others);
    Some((of_a.or(of_b), numbers))
}

/// The two ends of every synapse: expressions cannot be resolved before these are known.
fn endpoints(item: &ast::Rule, rule: &mut Rule, library: &Library, findings: &mut Findings) {
    for member in &item.members {
        let Member::Synapse(written) = member else { continue };
        let visible = library.functions.len();
        let mut scope = Scope { rule: Some(rule), visible, ..super::function::scope(library, findings) };
        let ends = (endpoint(&written.from, &mut scope), endpoint(&written.to, &mut scope));
        let (Some(from), Some(to)) = ends else { continue };
        let across = [(Relative::Input, Relative::Output), (Relative::Output, Relative::Input)];
        let own = from.layer == Relative::Own || to.layer == Relative::Own;
        if !own && !across.contains(&(from.layer, to.layer)) {
            findings.push(ShapeMismatch {
                at: written.from.head.span.to(written.to.head.span),
                shapes: Shapes::NoOwnEnd,
            });
        }
        if let Some(synapse) = rule.synapses.iter_mut().find(|s| s.span == written.name.span) {
            (synapse.from, synapse.to) = (from, to);
        }
    }
    for i in 0..rule.synapses.len() {
        if let Some(weight) = rule.synapses[i].beside {
            (rule.synapses[i].from, rule.synapses[i].to) =
                (rule.synapses[weight.0].from, rule.synapses[weight.0].to);
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
        script: Vec::new(),
        predict: None,
        constants: Constants::default(),
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
                    declare_quantities(synapse, &mut rule, findings);
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

/// The numbers that a synapse has beside its weight form a namespace with it. `.T` is no such number.
fn declare_quantities(synapse: &ast::Synapse, rule: &mut Rule, findings: &mut Findings) {
    let weight = SynapseId(rule.synapses.len() - 1);
    let mut declared = Declared::default();
    declared.add(&synapse.name, findings);
    synapse.variables.iter().for_each(|variable| no_role(variable, findings));
    for quantity in synapse.variables.iter().filter(|v| matches!(v.kind, Written::Param | Written::Trace)) {
        let name = &quantity.name;
        if name.text == "T" || RESERVED.contains(&name.text.as_str()) {
            findings.push(ReservedName { at: name.span, name: name.text.clone() });
        }
        if declared.add(name, findings) {
            rule.synapses.push(beside(weight, quantity, &rule.synapses[weight.0]));
        }
    }
    let mask = synapse.attributes.iter().find_map(|attribute| match &attribute.arguments[..] {
        [named] if attribute.name.text == "mask" => mask_named(named, synapse),
        _ => None,
    });
    let named = |s: &Synapse| s.beside == Some(weight) && Some(s.name.as_str()) == mask;
    rule.synapses[weight.0].mask = rule.synapses.iter().position(named).map(SynapseId);
}

/// The `param` of a synapse that is named as its mask (R4.11).
fn mask_named<'t>(named: &'t ast::Expr, synapse: &ast::Synapse) -> Option<&'t str> {
    let ast::ExprKind::Name(name) = &named.kind else { return None };
    let beside = |v: &ast::Variable| v.name.text == *name && v.kind == Written::Param;
    synapse.variables.iter().any(beside).then_some(name)
}

/// A role stands before a definition, and before nothing else that is declared (R3.5).
fn no_role(variable: &ast::Variable, findings: &mut Findings) {
    let kind = match variable.kind {
        Written::Let => return,
        Written::State => "before a `state`, which all layers have",
        Written::Param => "before a `param`, which all layers have",
        Written::Trace => "before a `trace`",
    };
    if let Some((_, at)) = variable.role {
        let (what, found) = ("a role".to_owned(), kind.to_owned());
        let wanted = "before a `let`, an equation, a clamp or a release";
        findings.push(BadValue { at, what, wanted, found });
    }
}

/// Variables of one population form one namespace; a `let` may have one definition per role.
fn declare_population(neuron: &ast::Neuron, rule: &mut Rule, findings: &mut Findings) {
    let population = PopulationId(rule.populations.len());
    let span = neuron.name.as_ref().map_or(neuron.span, |n| n.span);
    let name = neuron.name.as_ref().map(|n| n.text.clone());
    rule.populations.push(Population { name, size: Size::Layer, number: None, span });
    let mut declared = Declared::default();
    let mut roles: Vec<(&str, Written, Option<ast::Role>)> = Vec::new();
    for variable in &neuron.variables {
        no_role(variable, findings);
        let (name, role) = (&variable.name, variable.role.map(|(role, _)| role));
        let mut others = roles.iter().filter(|(n, ..)| *n == name.text).peekable();
        let another_role = variable.kind == Written::Let
            && others.peek().is_some()
            && others.all(|(_, kind, other)| *kind == Written::Let && *other != role);
        roles.push((&name.text, variable.kind, role));
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
                Written::Trace => {
                    findings.push(BadValue {
                        at: name.span,
                        what: "a quantity of a unit".to_owned(),
                        wanted: "a `state`, a `let` or a `param`",
                        found: "a `trace`, which only synapses have".to_owned(),
                    });
                    continue;
                }
            };
            let (name, span, fixed) = (name.text.clone(), name.span, variable.fixed());
            let kept = variable.kept();
            // R3.11
            if kept.is_some() && variable.value.is_none() {
                findings.push(MissingClause {
                    at: span,
                    owner: "a state that is kept",
                    clause: "= first value",
                });
            }
            rule.variables.push(Variable { name, population, kind, fixed, kept, span });
        }
    }
}

fn blank_synapse(synapse: &ast::Synapse) -> Synapse {
    let attribute = |word: &str| synapse.attributes.iter().find(|a| a.name.text == word).map(|a| a.span);
    let end = Endpoint { layer: Relative::Own, population: PopulationId(0) };
    let (fixed, symmetric) = (attribute("fixed"), attribute("symmetric"));
    Synapse {
        name: synapse.name.text.clone(),
        from: end,
        to: end,
        init: Initialiser::Glorot,
        fixed,
        symmetric,
        one_to_one: attribute("one_to_one").is_some(),
        kernel: synapse.attributes.iter().find_map(|attribute| match &attribute.arguments[..] {
            [size] if attribute.name.text == "kernel" => rows_of_kernel(size),
            _ => None,
        }),
        delayed: attribute("delay").is_some(),
        beside: None,
        trace: None,
        kept: None,
        bounds: None,
        mask: None,
        span: synapse.name.span,
    }
}

/// The rows, and columns, of a kernel: an odd number, so that one of them is in the middle (R4.16).
fn rows_of_kernel(written: &ast::Expr) -> Option<usize> {
    let ast::ExprKind::Number(rows) = written.kind else { return None };
    (rows % 2.0 == 1.0 && rows < 1e6).then_some(rows as usize)
}

/// A further quantity of a synapse (R4.8).
fn beside(weight: SynapseId, written: &ast::Variable, synapse: &Synapse) -> Synapse {
    let (name, span, fixed) = (written.name.text.clone(), written.name.span, written.fixed());
    let trace = (written.kind == Written::Trace).then(|| zero(span));
    let kept = written.kept();
    Synapse { name, fixed, beside: Some(weight), trace, kept, span, ..synapse.clone() }
}

/// A phase of which only the name is known.
pub(super) fn blank_phase(phase: &ast::Phase) -> Phase {
    let span = phase.name.span;
    let one = Expr { kind: ExprKind::Number(1.0), span };
    Phase {
        name: phase.name.text.clone(),
        steps: one,
        until: None,
        from: None,
        over_time: phase.over_time.is_some(),
        reversed: phase.reversed.is_some(),
        dt: None,
        integrator: Integrator::default(),
        body: Vec::new(),
        span,
    }
}

/// A weight or unit parameter that is not fixed is learned, and the other way round. An equation that has a mistake in
/// it is one all the same (R4.5).
fn never_learned(rule: &Rule, mistaken: &[Learned], findings: &mut Findings) {
    let synapses = rule.synapses.iter().enumerate().filter(|(_, s)| s.trace.is_none());
    let synapses = synapses.map(|(i, s)| (Learned::Synapse(SynapseId(i)), &s.name, s.span, s.fixed));
    let params = rule.variables.iter().enumerate().filter(|(_, v)| matches!(v.kind, VariableKind::Param(_)));
    let params = params.map(|(i, v)| (Learned::Unit(VariableId(i)), &v.name, v.span, v.fixed));
    for (target, name, at, fixed) in synapses.chain(params) {
        let equation = rule.plasticity.iter().find(|p| p.target == target);
        let name = name.clone();
        match (equation, fixed) {
            (None, None) if !mistaken.contains(&target) => {
                findings.push(ParameterNeverLearned { at, name });
            }
            (Some(equation), Some(declared)) => {
                findings.push(FixedIsLearned { at: equation.span, declared, name });
            }
            (None, _) | (Some(_), None) => {}
        }
    }
}

/// What may be said of a synapse, and how.
const ATTRIBUTES: [(&str, &str); 7] = [
    ("fixed", "the word `fixed` alone"),
    ("symmetric", "the word `symmetric` alone"),
    ("one_to_one", "the word `one_to_one` alone"),
    ("in", "two bounds, `in [0, 1]`"),
    ("mask", "a number of the synapse, as in `mask(m) { fixed param m = bernoulli(0.1) }`"),
    ("delay", "a number, `delay 1`"),
    ("kernel", "a number, `kernel 3`"),
];

/// Resolves the members of a rule.
pub(super) struct Resolver<'a> {
    pub(super) skeleton: &'a Rule,
    library: &'a Library,
    /// What plasticity equations with a mistake in them would change.
    pub(super) mistaken: Vec<Learned>,
    /// Some plasticity equation changes nobody knows what.
    pub(super) lost: bool,
    /// How many phases have ended where the expression at hand is evaluated.
    pub(super) ended: usize,
    /// The time step of the phase at hand.
    pub(super) dt: Option<Expr>,
    /// Whether it is in a phase.
    pub(super) in_phase: bool,
    /// Whether it is evaluated in the steps of that phase.
    pub(super) stepwise: bool,
    /// When the expression at hand is evaluated.
    pub(super) moment: Moment,
    pub(super) findings: &'a mut Findings,
}

impl Resolver<'_> {
    /// The scope of the expression at hand.
    pub(super) fn scope(&mut self) -> Scope<'_> {
        Scope {
            library: self.library,
            visible: self.library.functions.len(),
            rule: Some(self.skeleton),
            hyper_parameters: self.skeleton.hyper_parameters.len(),
            ended: self.ended,
            dt: self.dt.as_ref(),
            in_phase: self.in_phase,
            stepwise: self.stepwise,
            moment: self.moment,
            findings: self.findings,
        }
    }

    pub(super) fn expression(&mut self, tree: &ast::Expr, reader: Reader<'_>) -> Option<Expr> {
        expression::resolve(tree, reader, &mut self.scope())
    }

    /// A signal or a prediction, which is no number of each hidden unit.
    fn global(&mut self, tree: &ast::Expr, hidden: Shapes) -> Option<Expr> {
        let value = self.expression(tree, Reader::Global)?;
        if let Some(at) = joins_two_layers(&value, self.skeleton) {
            return mismatch(at, Shapes::TwoLayers, &mut self.scope());
        }
        // There are several hidden layers, or none.
        if unit_layers(&value, self.skeleton).iter().any(|(place, _)| *place == Place::Hidden) {
            return mismatch(value.span, hidden, &mut self.scope());
        }
        Some(value)
    }

    pub(super) fn constant(&mut self, tree: &ast::Expr) -> Option<Expr> {
        self.expression(tree, Reader::Constant)
    }

    /// A default sees the hyper-parameters before it.
    fn heads(&mut self, item: &ast::Rule, rule: &mut Rule) {
        for (i, hyper) in rule.hyper_parameters.iter_mut().enumerate() {
            let Some(written) = item.parameters.iter().find(|p| p.name.span == hyper.span) else { continue };
            let mut scope = self.scope();
            scope.hyper_parameters = i;
            if let Some(value) = expression::resolve(&written.value, Reader::Constant, &mut scope) {
                hyper.default = value;
            }
        }
    }

    fn members(&mut self, item: &ast::Rule, rule: &mut Rule) {
        let mut neurons = 0;
        for member in &item.members {
            match member {
                Member::Neuron(neuron) => {
                    self.variables(neuron, PopulationId(neurons), rule);
                    neurons += 1;
                }
                Member::Synapse(synapse) => self.synapse(synapse, rule),
                Member::Signal(signal) => {
                    let value =
                        self.at_any_time(|resolver| resolver.global(&signal.value, Shapes::NotGlobal));
                    let found = rule.signals.iter_mut().find(|s| s.span == signal.name.span);
                    if let (Some(found), Some(value)) = (found, value) {
                        found.value = value;
                    }
                }
                Member::Phase(phase) => self.phase(phase, rule),
                Member::Learn(learn) => {
                    let learnt = self.learn(learn, rule);
                    rule.script.push(Act::Learn(learnt));
                }
                Member::Predict(_) => {}
                Member::Check(_) | Member::Error(_) => {}
            }
        }
        for member in &item.members {
            if let Member::Predict(predict) = member {
                self.predict(predict, rule);
            }
        }
    }

    /// Resolves an expression that may be read at any time.
    fn at_any_time<T>(&mut self, resolve: impl FnOnce(&mut Self) -> T) -> T {
        let ended = std::mem::replace(&mut self.ended, self.skeleton.phases.len());
        let resolved = resolve(self);
        self.ended = ended;
        resolved
    }

    fn variables(&mut self, neuron: &ast::Neuron, population: PopulationId, rule: &mut Rule) {
        for written in &neuron.variables {
            let found =
                rule.variables.iter().position(|v| v.population == population && v.name == written.name.text);
            let Some(position) = found else { continue };
            let Some(tree) = &written.value else { continue };
            match written.kind {
                Written::State if calls_a_draw(tree, self.library) => {
                    let state = written.name.text.clone();
                    let _no_value: Option<Expr> =
                        mismatch(tree.span, Shapes::DrawnFirst { state }, &mut self.scope());
                }
                Written::State => {
                    let value = self.constant(tree);
                    rule.variables[position].kind = VariableKind::State(value);
                }
                Written::Param => {
                    let owner = Learned::Unit(VariableId(position));
                    if let Some(init) = initialiser(tree, owner, &mut self.scope()) {
                        rule.variables[position].kind = VariableKind::Param(init);
                    }
                }
                Written::Trace => {}
                Written::Let => {
                    let value =
                        self.at_any_time(|resolver| resolver.expression(tree, Reader::Unit(population)));
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
        self.no_attribute_twice(written);
        for attribute in &written.attributes {
            match (attribute.name.text.as_str(), &attribute.arguments[..]) {
                ("fixed" | "symmetric" | "one_to_one", []) => {}
                ("delay", [steps]) => self.delay(steps, &written.name),
                ("kernel", [size]) => self.kernel(size, &rule.synapses[position], attribute.span),
                ("in", [low, high]) => {
                    let (low, high) = (self.constant(low), self.constant(high));
                    rule.synapses[position].bounds = low.zip(high);
                }
                ("mask", [named]) => self.mask(named, written),
                (name, _) => match ATTRIBUTES.iter().find(|(known, _)| *known == name) {
                    Some((_, wanted)) => self.findings.push(BadValue {
                        at: attribute.span,
                        what: format!("what a synapse says of `{name}`"),
                        wanted,
                        found: "said in other words".to_owned(),
                    }),
                    None => {
                        let known = ATTRIBUTES.map(|(known, _)| known.to_owned()).to_vec();
                        self.scope().unknown("attribute of a synapse", name, attribute.name.span, known);
                    }
                },
            }
        }
        let owner = Learned::Synapse(SynapseId(position));
        if let Some(tree) = &written.init
            && let Some(init) = initialiser(tree, owner, &mut self.scope())
        {
            rule.synapses[position].init = init;
        }
        for quantity in &written.variables {
            self.quantity(quantity, rule);
        }
    }

    fn no_attribute_twice(&mut self, synapse: &ast::Synapse) {
        for (position, attribute) in synapse.attributes.iter().enumerate() {
            let same = |earlier: &&ast::Call| earlier.name.text == attribute.name.text;
            if let Some(first) = synapse.attributes[..position].iter().find(same) {
                self.findings.push(DuplicateClause { first: first.span, second: attribute.span });
            }
        }
    }

    /// How late a synapse transmits (R20.5).
    fn delay(&mut self, steps: &ast::Expr, synapse: &ast::Name) {
        if !matches!(steps.kind, ast::ExprKind::Number(1.0)) {
            self.findings.push(BadValue {
                at: steps.span,
                what: format!("the delay of `{}`", synapse.text),
                wanted: "1, the step before",
                found: "another number".to_owned(),
            });
        }
    }

    /// Finds what is wrong with a kernel within a layer (R4.16).
    fn kernel(&mut self, size: &ast::Expr, synapse: &Synapse, attribute: Span) {
        if [synapse.from.layer, synapse.to.layer] != [Relative::Own; 2] || synapse.one_to_one {
            self.findings.push(BadValue {
                at: attribute,
                what: format!("what `{}` with a kernel joins", synapse.name),
                wanted: "a layer with itself, and not one to one",
                found: "another projection".to_owned(),
            });
        }
        if rows_of_kernel(size).is_none() {
            let number = if let ast::ExprKind::Number(number) = size.kind { Some(number) } else { None };
            let found = number.map_or("no number".to_owned(), |number| number.to_string());
            let what = "the number of rows of a kernel".to_owned();
            self.findings.push(BadValue { at: size.span, what, wanted: "odd", found });
        }
    }

    /// Finds what is wrong with what says which of the synapses there are (R4.11).
    fn mask(&mut self, named: &ast::Expr, written: &ast::Synapse) {
        if mask_named(named, written).is_none() {
            self.findings.push(BadValue {
                at: named.span,
                what: format!("the mask of `{}`", written.name.text),
                wanted: "a `param` of that synapse",
                found: "something else".to_owned(),
            });
        }
    }

    /// A further quantity of a synapse.
    fn quantity(&mut self, written: &ast::Variable, rule: &mut Rule) {
        if !matches!(written.kind, Written::Param | Written::Trace) {
            self.findings.push(BadValue {
                at: written.name.span,
                what: "a quantity of a synapse".to_owned(),
                wanted: "a `param` or a `trace`",
                found: "another kind".to_owned(),
            });
            return;
        }
        let Some(position) = rule.synapses.iter().position(|s| s.span == written.name.span) else { return };
        if written.kind == Written::Trace {
            if let Some(first) = written.value.as_ref().and_then(|tree| self.constant(tree)) {
                rule.synapses[position].trace = Some(first);
            }
            return;
        }
        let owner = Learned::Synapse(SynapseId(position));
        let init = match &written.value {
            Some(tree) => initialiser(tree, owner, &mut self.scope()),
            None => Some(Initialiser::Constant(zero(written.name.span))),
        };
        if let Some(init) = init {
            rule.synapses[position].init = init;
        }
    }

    fn predict(&mut self, predict: &ast::Predict, rule: &mut Rule) {
        self.ended = self.skeleton.phases.len();
        let after = self.scope().phase(&predict.phase);
        self.ended = after.map_or(self.ended, |PhaseId(p)| p + 1);
        let hidden = Shapes::PredictedElsewhere { layer: "hidden" };
        let value = self.global(&predict.value, hidden).and_then(|value| {
            if unit_layers(&value, self.skeleton).iter().any(|(place, _)| *place == Place::Input) {
                return mismatch(
                    value.span,
                    Shapes::PredictedElsewhere { layer: "input" },
                    &mut self.scope(),
                );
            }
            // R9.4
            if predict.occasion == Occasion::EachClass && !unit_layers(&value, self.skeleton).is_empty() {
                return mismatch(value.span, Shapes::NotOfClass, &mut self.scope());
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
            if predict.occasion == Occasion::EveryStep && !rule.phases[after.0].over_time {
                self.findings.push(BadValue {
                    at: predict.phase.span,
                    what: "the phase of `predict … over`".to_owned(),
                    wanted: "a phase over time",
                    found: "another phase".to_owned(),
                });
            }
            let occasion = predict.occasion;
            rule.predict = Some(Predict { value, after, occasion, span: predict.span });
        }
    }
}

/// Whether a random number is asked for in a tree.
fn calls_a_draw(tree: &ast::Expr, library: &Library) -> bool {
    match &tree.kind {
        ast::ExprKind::Call(call) => {
            let name = call.name.text.as_str();
            let function = library.functions.iter().rfind(|function| function.name == name);
            let draws = function.map_or(matches!(name, "normal" | "uniform"), |function| function.draws);
            draws || call.arguments.iter().any(|argument| calls_a_draw(argument, library))
        }
        ast::ExprKind::Unary(_, a) => calls_a_draw(a, library),
        ast::ExprKind::Binary(_, a, b) => calls_a_draw(a, library) || calls_a_draw(b, library),
        ast::ExprKind::If(c, a, b) => [c, a, b].into_iter().any(|part| calls_a_draw(part, library)),
        ast::ExprKind::Number(_)
        | ast::ExprKind::Text(_)
        | ast::ExprKind::Name(_)
        | ast::ExprKind::Field(..)
        | ast::ExprKind::At(..)
        | ast::ExprKind::Error => false,
    }
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
            let known = known.chain(scope.populations()).collect();
            scope.unknown("layer or population", &name.text, name.span, known);
            None
        }
    }
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
