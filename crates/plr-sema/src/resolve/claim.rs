//! Checks: the setting of each, and its claims as measures with bounds.

use plr_ir::model::{Check, Claim, DRAWS, DataLaw, Holding, Measure, Metric, Reference, Sampling};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Location, Precision};
use plr_syntax::ast::{self, BatchReduction, CheckSetting as Written};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::unknown_name::UnknownName;
use crate::check::unknown_phase::UnknownPhase;
use crate::check::wrong_argument_count::WrongArgumentCount;
use crate::equation;
use crate::hir::{
    Expr, Initialiser, Learned, Licence, Observed, PhaseId, PopulationId, Rule, SynapseId, Variable,
    VariableId, VariableKind,
};
use crate::memory::has_filter;
use crate::network::Network;

use super::experiment::{comparison, cost, count, hyper_parameter, named_or_chain, number, precision};
use super::expression::{names, resolve};
use super::function::is_global;
use super::initialiser::{check_numbers, initialiser};
use super::law::{LAWS, law};
use super::scope::{Moment, Reader, Scope};
use super::transmission::untransposed;
use super::{Constants, Library, Resolved, constant, function, rule, synapses};
use crate::DEFAULT_STEPS;

/// The orders of magnitude over which an order is fitted when the claim names none.
const DECADES: [f64; 3] = [0.1, 0.01, 0.001];
/// The distance from a claimed order that still counts as equal, when the claim names none.
const ORDER_TOLERANCE: f64 = 0.1;
/// The distance from any other claimed value that still counts as equal, when the claim names none.
const VALUE_TOLERANCE: f64 = 1e-6;

/// A check with the setting that the rule is to be specialised to.
#[derive(Clone, Debug)]
pub struct ResolvedCheck {
    /// What is run and claimed.
    pub check: Check,
    /// The rule's setting.
    pub setting: CheckSetting,
}

/// What a check changes in the rule's setting.
#[derive(Clone, Debug)]
pub struct CheckSetting {
    /// The network; a small chain if the check names none.
    pub network: Option<Network>,
    /// The cost.
    pub cost: Option<String>,
    /// Hyper-parameters.
    pub settings: Vec<(String, f64)>,
    /// Initialisers of synapses and parameters by name.
    pub init: Vec<(String, Initialiser)>,
    /// How many steps a sample has for a rule with a phase over time.
    pub time: u32,
    /// Phases that run until a residual: one, or every one of several steps.
    pub until: Vec<(Option<PhaseId>, f64)>,
    /// What its claims observe.
    pub observed: Vec<Observed>,
}

/// Resolves the checks of a rule. One with a mistake is left out, with a finding.
pub fn resolve_all(
    source: &str,
    item: &ast::Rule,
    rule: &Rule,
    resolved: &Resolved,
    findings: &mut Findings,
) -> Vec<ResolvedCheck> {
    let mut checks = Vec::new();
    for member in &item.members {
        if let ast::Member::Check(check) = member {
            let mut own = Findings::new();
            let found = Resolver { source, rule, resolved, findings: &mut own }.check(check);
            let said = own.any_error() || on_flawed_network(check, resolved);
            assert!(found.is_some() || said, "a check is left out, and nobody says why");
            findings.append(own);
            checks.extend(found);
        }
    }
    checks
}

/// Whether a check names a network with a mistake in it, which has been said.
fn on_flawed_network(check: &ast::Check, resolved: &Resolved) -> bool {
    check.settings.iter().any(|line| match line {
        Written::Network(ast::NetworkRef::Named(name)) => resolved.flawed.contains(&name.text),
        Written::Network(ast::NetworkRef::Chain(..))
        | Written::Cost(_)
        | Written::Precision(_)
        | Written::Data(_)
        | Written::Batch(_)
        | Written::Seed(_)
        | Written::Time(_)
        | Written::Until(..)
        | Written::Set(_)
        | Written::Init(_)
        | Written::Error(_) => false,
    })
}

struct Resolver<'a> {
    source: &'a str,
    rule: &'a Rule,
    resolved: &'a Resolved,
    findings: &'a mut Findings,
}

impl Resolver<'_> {
    fn check(&mut self, written: &ast::Check) -> Option<ResolvedCheck> {
        let mut observed = Vec::new();
        let reference = self.reference(&written.reference, &mut observed)?;
        // R14.10
        let check = Check {
            reference,
            data: DataLaw::Random,
            batch: 5,
            seed: 1,
            precision: Precision::F64,
            claims: Vec::new(),
        };
        let setting = CheckSetting {
            network: None,
            cost: None,
            settings: Vec::new(),
            init: Vec::new(),
            time: DEFAULT_STEPS,
            until: Vec::new(),
            observed,
        };
        let mut found = ResolvedCheck { check, setting };
        for line in &written.settings {
            self.setting(line, &mut found)?;
        }
        self.laws(&found.setting)?;
        for expectation in &written.expectations {
            let claim = self.claim(expectation, &mut found)?;
            found.check.claims.push(claim);
        }
        Some(found)
    }

    fn phase(&mut self, name: &ast::Name) -> Option<usize> {
        let found = self.rule.phases.iter().position(|p| p.name == name.text);
        if found.is_none() {
            let ended = self.rule.phases.iter().map(|p| p.name.clone()).collect();
            self.findings.push(UnknownPhase { at: name.span, name: name.text.clone(), ended, later: None });
        }
        found
    }

    /// A phase that may have a fixed point (R14.25).
    fn relaxation(&mut self, name: &ast::Name) -> Option<usize> {
        let phase = self.phase(name)?;
        if let Some(found) = equation::restless(self.rule, &self.resolved.library, PhaseId(phase)) {
            self.findings.push(BadValue {
                at: name.span,
                what: "the phase of an equilibrium or unrolled gradient".to_owned(),
                wanted: "one that is run once, in steps that are alike: write `gradient after …`",
                found: found.to_owned(),
            });
            return None;
        }
        Some(phase)
    }

    /// A phase whose number of steps is its own.
    fn in_steps(&mut self, name: &ast::Name) -> Option<PhaseId> {
        let phase = self.phase(name)?;
        if self.rule.phases[phase].over_time {
            self.findings.push(BadValue {
                at: name.span,
                what: "the phase that runs until its residual is small".to_owned(),
                wanted: "one that is not over time",
                found: "a phase over time".to_owned(),
            });
            return None;
        }
        Some(PhaseId(phase))
    }

    /// A state of any population, by its name.
    fn state(&mut self, name: &ast::Name) -> Option<VariableId> {
        let states = |v: &&Variable| matches!(v.kind, VariableKind::State(_));
        let position = self.rule.variables.iter().position(|v| v.name == name.text && states(&v));
        if position.is_none() {
            let known = self.rule.variables.iter().filter(states).map(|v| v.name.clone()).collect();
            self.findings.push(UnknownName { at: name.span, kind: "state", name: name.text.clone(), known });
        }
        position.map(VariableId)
    }

    fn reference(&mut self, written: &ast::Reference, observed: &mut Vec<Observed>) -> Option<Reference> {
        Some(match written {
            ast::Reference::FeedForward(phase) => Reference::FeedForward(self.phase(phase)?),
            ast::Reference::Preconditioned { phase, state, own } => {
                let (phase, state) = (self.phase(phase)?, self.state(state)?);
                Reference::Preconditioned { state: state.0, phase, own: *own }
            }
            ast::Reference::Cut(phase) => Reference::Cut(self.phase(phase)?),
            ast::Reference::Equilibrium(phase) => Reference::Equilibrium(self.relaxation(phase)?),
            ast::Reference::Unrolled(steps, phase) => {
                let steps =
                    count(steps, "the number of unrolled steps", 1, &self.resolved.library, self.findings)?
                        as u32;
                Reference::Unrolled { steps, phase: self.relaxation(phase)? }
            }
            ast::Reference::FiniteDifferences(phase) => Reference::FiniteDifferences(self.phase(phase)?),
            ast::Reference::Objective { objective, phase: name, holding, cuts } => {
                let phase = self.phase(name)?;
                let observation = self.observation(&[objective], Some(PhaseId(phase)), observed)?;
                if let Learned::Synapse(_) = observed[observation].owner {
                    let (what, found) = ("an objective".to_owned(), "a synapse's".to_owned());
                    let wanted = "an expression of a unit";
                    self.findings.push(BadValue { at: objective.span, what, wanted, found });
                    return None;
                }
                let global = observed[observation].values.iter().all(is_global);
                if global && *holding == ast::Holding::Layers {
                    let (what, found) = ("each layer's own objective".to_owned(), "a signal".to_owned());
                    let wanted = "an expression of a unit; that of a signal is `gradient through …`";
                    self.findings.push(BadValue { at: objective.span, what, wanted, found });
                    return None;
                }
                let holding = match holding {
                    ast::Holding::Nothing => Holding::Nothing,
                    ast::Holding::Layers => Holding::Layers,
                    ast::Holding::States => Holding::States,
                };
                Reference::Objective { observation, phase, holding, cut: *cuts }
            }
            ast::Reference::Law => Reference::Law,
        })
    }

    fn setting(&mut self, line: &Written, found: &mut ResolvedCheck) -> Option<()> {
        let library = &self.resolved.library;
        match line {
            Written::Network(network) => {
                found.setting.network = Some(named_or_chain(network, self.resolved, self.findings)?)
            }
            Written::Cost(name) => found.setting.cost = Some(cost(name, library, self.findings)?),
            Written::Precision(name) => found.check.precision = precision(name, self.findings)?,
            Written::Data(call) => found.check.data = self.data(call)?,
            Written::Batch(tree) => {
                found.check.batch = count(tree, "the minibatch size", 1, library, self.findings)? as usize
            }
            Written::Time(tree) => {
                if !self.rule.over_time() {
                    let what = "the number of steps of a sample".to_owned();
                    let (wanted, found) =
                        ("given to a rule with a phase over time", "given to another".to_owned());
                    self.findings.push(BadValue { at: tree.span, what, wanted, found });
                    return None;
                }
                found.setting.time = count(tree, "the number of steps", 1, library, self.findings)? as u32
            }
            Written::Seed(tree) => found.check.seed = count(tree, "the seed", 0, library, self.findings)?,
            Written::Until(phase, tree) => {
                let phase = match phase {
                    Some(name) => Some(self.in_steps(name)?),
                    None => None,
                };
                let tolerance = number(rule::tolerance(tree, self.findings)?, library, self.findings)?;
                if tolerance.is_nan() || tolerance <= 0.0 {
                    let what = "the tolerance".to_owned();
                    self.findings.push(BadValue {
                        at: tree.span,
                        what,
                        wanted: "a positive number",
                        found: tolerance.to_string(),
                    });
                    return None;
                }
                found.setting.until.push((phase, tolerance));
            }
            Written::Set(settings) => found.setting.settings.extend(self.settings(settings)?),
            Written::Init(settings) => {
                for setting in settings {
                    let init = self.initialiser(setting)?;
                    found.setting.init.push((setting.name.text.clone(), init));
                }
            }
            Written::Error(_) => return None,
        }
        Some(())
    }

    /// Whether the numbers of first values are those of their laws, with the check's hyper-parameters (R4.4).
    fn laws(&mut self, setting: &CheckSetting) -> Option<()> {
        let library = &self.resolved.library;
        let constants = Constants::of(self.rule, library, &setting.settings);
        let mut findings = Findings::new();
        for (_, init) in &setting.init {
            let value = |e: &Expr| constant(e, &constants, library).unwrap_or(f64::NAN);
            check_numbers(init, &value, &mut findings);
        }
        let fine = findings.is_empty();
        self.findings.append(findings);
        fine.then_some(())
    }

    fn settings(&mut self, written: &[ast::Setting]) -> Option<Vec<(String, f64)>> {
        let mut settings = Vec::new();
        for setting in written {
            hyper_parameter(&setting.name, self.rule, self.findings)?;
            settings.push((
                setting.name.text.clone(),
                number(&setting.value, &self.resolved.library, self.findings)?,
            ));
        }
        Some(settings)
    }

    fn initialiser(&mut self, setting: &ast::Setting) -> Option<Initialiser> {
        let name = &setting.name;
        let known = self.parameters();
        let named = known.iter().find(|(_, full, bare)| [full, bare].contains(&&name.text));
        let Some(&(owner, ..)) = named else {
            let known = known.into_iter().map(|(_, full, _)| full).collect();
            return self.unknown_parameter(name.span, name.text.clone(), known);
        };
        initialiser(&setting.value, owner, &mut scope(self.rule, &self.resolved.library, self.findings))
    }

    /// The full name (R4.3) of a synapse or unit parameter, of which a measure has the name: `W`, `b` or `P.b`.
    fn group(&mut self, tree: &ast::Expr) -> Option<String> {
        let Some(written) = dotted(tree) else {
            self.findings.push(BadValue {
                at: tree.span,
                what: "what increments are measured of".to_owned(),
                wanted: "the name of a synapse or parameter",
                found: "an expression".to_owned(),
            });
            return None;
        };
        let known = self.parameters();
        // Without its population a parameter is meant that no other has the name of.
        let bare: Vec<_> = known.iter().filter(|(_, _, bare)| *bare == written).collect();
        let full = known.iter().find(|(_, full, _)| *full == written).or(bare.first().copied());
        if let Some((_, full, _)) = full.filter(|_| bare.len() < 2) {
            return Some(full.clone());
        }
        self.unknown_parameter(tree.span, written, known.into_iter().map(|(_, full, _)| full).collect())
    }

    /// All synapses and unit parameters with their full names and names.
    fn parameters(&self) -> Vec<(Learned, String, String)> {
        let unit = |(i, v): (usize, &Variable)| {
            (Learned::Unit(VariableId(i)), self.rule.variable_name(VariableId(i)), v.name.clone())
        };
        let synapses = self.rule.synapses.iter().enumerate();
        let synapses = synapses.map(|(i, s)| {
            let id = SynapseId(i);
            (Learned::Synapse(id), self.rule.synapse_name(id), s.name.clone())
        });
        let all = self.rule.variables.iter().enumerate();
        let params = all.filter(|(_, v)| matches!(v.kind, VariableKind::Param(_)));
        synapses.chain(params.map(unit)).collect()
    }

    fn unknown_parameter<T>(&mut self, at: Span, name: String, known: Vec<String>) -> Option<T> {
        self.findings.push(UnknownName { at, kind: "synapse or parameter", name, known });
        None
    }

    fn data(&mut self, call: &ast::Call) -> Option<DataLaw> {
        if let Some(setting) = call.settings.first() {
            let (kind, name) = ("setting of a check's data", setting.name.text.clone());
            self.findings.push(UnknownName { at: setting.name.span, kind, name, known: Vec::new() });
            return None;
        }
        if LAWS.contains(&call.name.text.as_str()) {
            return law(call, &self.resolved.library, self.findings);
        }
        self.findings.push(UnknownName {
            at: call.name.span,
            kind: "data of a check",
            name: call.name.text.clone(),
            known: LAWS.map(str::to_owned).to_vec(),
        });
        None
    }

    fn claim(&mut self, written: &ast::Expectation, found: &mut ResolvedCheck) -> Option<Claim> {
        let library = &self.resolved.library;
        // R14.7
        let settings = self.settings(&written.when)?;
        let constants = [&found.setting.settings[..], &settings].concat();
        let measure = self.measured(&written.measure, written, &constants, &mut found.setting.observed)?;
        if !measure.measures() {
            let (what, found) = ("what a claim compares with its bound".to_owned(), "a number".to_owned());
            let wanted = "a measure, such as `angle(W)`";
            self.findings.push(BadValue { at: written.measure.span, what, wanted, found });
            return None;
        }
        if let Some(at) = measure_in(&written.bound) {
            let (what, found) = ("the bound of a claim".to_owned(), "a measure".to_owned());
            let wanted = "a constant: measures are compared as in `mean(a) - mean(b) < 0`";
            self.findings.push(BadValue { at, what, wanted, found });
            return None;
        }
        let bound = self.bound(&written.bound, &constants)?;
        // R14.9
        if let Some(unit) = written.unit.as_ref().filter(|u| u.text != "deg") {
            let known = vec!["deg".to_owned()];
            self.findings.push(UnknownName { at: unit.span, kind: "unit", name: unit.text.clone(), known });
            return None;
        }
        let natural =
            if matches!(measure, Measure::Order { .. }) { ORDER_TOLERANCE } else { VALUE_TOLERANCE };
        let tolerance = match &written.tolerance {
            Some(tree) => self.tolerance(tree, written.comparison)?,
            None => natural,
        };
        if let Some(value) = written.over.first().filter(|_| !has_order(&measure)) {
            let what = "the list of values after `over`".to_owned();
            let (wanted, found) = ("in a claim about an `order`", "in another".to_owned());
            self.findings.push(BadValue { at: value.span, what, wanted, found });
            return None;
        }
        let updates = match &written.updates {
            Some(tree) => count(tree, "the number of updates", 0, library, self.findings)? as u32,
            None => 0,
        };
        let sampling = self.sampling(written.averaged.as_ref())?;
        let comparison = comparison(written.comparison);
        let at = match &written.at {
            Some(name) => Some(self.layer(name, found)?),
            None => None,
        };
        let location = Location(written.span.start);
        let words = self.source[written.span.range()].split_whitespace();
        let text = words.skip_while(|w| *w == "expect").collect::<Vec<_>>().join(" ");
        Some(Claim { text, measure, comparison, bound, tolerance, at, settings, updates, sampling, location })
    }

    /// How far from a claimed value still counts as equal (R14.5).
    fn tolerance(&mut self, tree: &ast::Expr, comparison: ast::Comparison) -> Option<f64> {
        let tolerance = number(tree, &self.resolved.library, self.findings)?;
        let (wanted, found) = if comparison != ast::Comparison::Equal {
            ("with `==`", "with another comparison".to_owned())
        } else if !(0.0..).contains(&tolerance) {
            ("a number from 0", tolerance.to_string())
        } else {
            return Some(tolerance);
        };
        let what = "the tolerance of a claim".to_owned();
        self.findings.push(BadValue { at: tree.span, what, wanted, found });
        None
    }

    /// A constant, with the hyper-parameters as they are in the claim (R14.7).
    fn bound(&mut self, tree: &ast::Expr, settings: &[(String, f64)]) -> Option<f64> {
        let library = &self.resolved.library;
        let expr = resolve(tree, Reader::Constant, &mut scope(self.rule, library, self.findings))?;
        constant(&expr, &Constants::of(self.rule, library, settings), library)
    }

    /// `1000`, `all`: over how many draws a claim is averaged (R14.19).
    fn sampling(&mut self, written: Option<&ast::Expr>) -> Option<Sampling> {
        let Some(tree) = written else { return Some(Sampling::Once) };
        if !matches!(&tree.kind, ast::ExprKind::Name(name) if name == "all") {
            let library = &self.resolved.library;
            let many = count(tree, "the number of draws", 1, library, self.findings)?;
            return Some(Sampling::Mean(many as u32));
        }
        match joins_samples(self.rule) {
            None => Some(Sampling::All),
            Some(found) => {
                let what = "a claim over all draws of each sample".to_owned();
                let wanted = "about increments that are means over the samples";
                self.findings.push(BadValue { at: tree.span, what, wanted, found: found.to_owned() });
                None
            }
        }
    }

    /// Measures, numbers, and arithmetic on them.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn measured(
        &mut self,
        tree: &ast::Expr,
        claim: &ast::Expectation,
        constants: &[(String, f64)],
        observed: &mut Vec<Observed>,
    ) -> Option<Measure> {
        if let ast::ExprKind::Unary(ast::UnaryOp::Negate, a) = &tree.kind {
            let a = self.measured(a, claim, constants, observed)?;
            return Some(Measure::Unary(UnaryOp::Neg, Box::new(a)));
        }
        if let ast::ExprKind::Binary(op, a, b) = &tree.kind
            && let Some(op) = arithmetic(*op)
        {
            let a = self.measured(a, claim, constants, observed)?;
            let b = self.measured(b, claim, constants, observed)?;
            return Some(Measure::Binary(op, Box::new(a), Box::new(b)));
        }
        match &tree.kind {
            ast::ExprKind::Call(call) => self.measure(call, &claim.over, observed),
            ast::ExprKind::Name(name) if measures().contains(&name.as_str()) => {
                let (name, expected) = (name.clone(), 1);
                self.findings.push(WrongArgumentCount { at: tree.span, name, expected, found: 0 });
                None
            }
            _ => self.bound(tree, constants).map(Measure::Number),
        }
    }

    fn layer(&mut self, name: &ast::Name, found: &ResolvedCheck) -> Option<String> {
        let default = super::super::small_network(&self.resolved.library);
        let network = found.setting.network.as_ref().unwrap_or(&default);
        if network.layer(&name.text).is_none() {
            let known = network.layers.iter().map(|l| l.name.clone()).collect();
            self.findings.push(UnknownName { at: name.span, kind: "layer", name: name.text.clone(), known });
            return None;
        }
        Some(name.text.clone())
    }

    /// `angle(W)`, `largest(x[p])`, `order(relative_error(W), beta)`
    fn measure(
        &mut self,
        call: &ast::Call,
        over: &[ast::Expr],
        observed: &mut Vec<Observed>,
    ) -> Option<Measure> {
        let trees: Vec<&ast::Expr> = call.arguments.iter().collect();
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == call.name.text);
        match (metric, call.name.text.as_str(), &call.arguments[..]) {
            (_, "order", _) => self.order(call, over, observed),
            (Some(metric), _, [group]) => Some(Measure::Gradient(metric, self.group(group)?)),
            (Some(metric), _, [_, _]) => {
                self.observation(&trees, None, observed).map(|number| Measure::Between(metric, number))
            }
            (_, "largest", [_]) => self.observation(&trees, None, observed).map(Measure::Largest),
            (_, "mean", [_]) => self.observation(&trees, None, observed).map(Measure::Mean),
            (_, "row_norm", [group]) => Some(Measure::RowNorm(self.group(group)?)),
            (_, "principal_alignment", [group]) => Some(Measure::PrincipalAlignment(self.group(group)?)),
            (Some(_), ..) | (_, "largest" | "mean" | "row_norm" | "principal_alignment", _) => {
                self.wrong_count(call, 1)
            }
            (None, name, _) => {
                let known = measures().into_iter().map(str::to_owned).collect();
                self.findings.push(UnknownName {
                    at: call.name.span,
                    kind: "measure",
                    name: name.to_owned(),
                    known,
                });
                None
            }
        }
    }

    /// Values of a synapse, if a weight stands there as a number, or an end where there is only one synapse, and otherwise of a
    /// unit; their number among all.
    fn observation(
        &mut self,
        trees: &[&ast::Expr],
        objective: Option<PhaseId>,
        observed: &mut Vec<Observed>,
    ) -> Option<usize> {
        let mut scope = scope(self.rule, &self.resolved.library, self.findings);
        scope.ended = objective.map_or(self.rule.phases.len(), |PhaseId(phase)| phase + 1);
        scope.moment = Moment::Check;
        let read = |transposed| trees.iter().find_map(|tree| weight(tree, transposed, &scope));
        // R14.15
        let only =
            || trees.iter().any(|tree| names_end(tree, self.rule)).then(|| only_synapse(self.rule)).flatten();
        let (owner, reader) = match read(false).or_else(|| read(true)).or_else(only) {
            Some(synapse) => (Learned::Synapse(synapse), Reader::Synapse(synapse)),
            None => {
                let population = trees.iter().find_map(|tree| population(tree, self.rule));
                let population = population.unwrap_or(PopulationId(0));
                let first = self.rule.variables.iter().position(|v| v.population == population)?;
                (Learned::Unit(VariableId(first)), Reader::Unit(population))
            }
        };
        let values: Vec<_> = trees.iter().map(|tree| resolve(tree, reader, &mut scope)).collect();
        observed.push(Observed { owner, values: values.into_iter().collect::<Option<_>>()?, objective });
        Some(observed.len() - 1)
    }

    fn order(
        &mut self,
        call: &ast::Call,
        over: &[ast::Expr],
        observed: &mut Vec<Observed>,
    ) -> Option<Measure> {
        let [of, parameter] = call.arguments.as_slice() else { return self.wrong_count(call, 2) };
        let ast::ExprKind::Call(inner) = &of.kind else { return self.wrong_count(call, 2) };
        let of = Box::new(self.measure(inner, &[], observed)?);
        let ast::ExprKind::Name(text) = &parameter.kind else {
            let what = "what an order is against".to_owned();
            let (wanted, found) = ("the name of a hyper-parameter", "an expression".to_owned());
            self.findings.push(BadValue { at: parameter.span, what, wanted, found });
            return None;
        };
        let parameter = ast::Name { text: text.clone(), span: parameter.span };
        let draws = parameter.text == DRAWS && self.rule.hyper_parameters.iter().all(|h| h.name != DRAWS);
        if !draws {
            hyper_parameter(&parameter, self.rule, self.findings)?;
        }
        let mut values = Vec::new();
        for value in over {
            values.push(number(value, &self.resolved.library, self.findings)?);
        }
        if draws && !values.iter().all(|&n| n >= 1.0 && n <= f64::from(u32::MAX) && n.fract() == 0.0) {
            let what = "the list of numbers of draws".to_owned();
            let found = format!("{values:?}");
            self.findings.push(BadValue { at: call.span, what, wanted: "whole numbers", found });
            return None;
        }
        let distinct = values.iter().all(|v| *v > 0.0) && values.windows(2).all(|w| w[0] != w[1]);
        if (draws || !over.is_empty()) && (values.len() < 2 || !distinct) {
            let what = "the list of values of an order".to_owned();
            self.findings.push(BadValue {
                at: call.span,
                what,
                wanted: "two or more different positive numbers",
                found: format!("{values:?}"),
            });
            return None;
        }
        if values.is_empty() {
            values = DECADES.to_vec();
        }
        Some(Measure::Order { of, parameter: parameter.text, values })
    }

    fn wrong_count<T>(&mut self, call: &ast::Call, expected: usize) -> Option<T> {
        let (name, found) = (call.name.text.clone(), call.arguments.len());
        self.findings.push(WrongArgumentCount { at: call.span, name, expected, found });
        None
    }
}

/// The names of all measures.
fn measures() -> Vec<&'static str> {
    let others = ["largest", "mean", "row_norm", "principal_alignment", "order"];
    Metric::ALL.iter().map(|metric| metric.name()).chain(others).collect()
}

/// Where an expression has a measure.
fn measure_in(tree: &ast::Expr) -> Option<Span> {
    let is = matches!(&tree.kind, ast::ExprKind::Call(call) if measures().contains(&call.name.text.as_str()));
    if is { Some(tree.span) } else { tree.parts().into_iter().find_map(measure_in) }
}

fn has_order(measure: &Measure) -> bool {
    match measure {
        Measure::Order { .. } => true,
        Measure::Unary(_, a) => has_order(a),
        Measure::Binary(_, a, b) => has_order(a) || has_order(b),
        Measure::Number(_)
        | Measure::Gradient(..)
        | Measure::Between(..)
        | Measure::Largest(_)
        | Measure::Mean(_)
        | Measure::RowNorm(_)
        | Measure::PrincipalAlignment(_) => false,
    }
}

fn arithmetic(op: ast::BinaryOp) -> Option<BinaryOp> {
    match op {
        ast::BinaryOp::Add => Some(BinaryOp::Add),
        ast::BinaryOp::Subtract => Some(BinaryOp::Sub),
        ast::BinaryOp::Multiply => Some(BinaryOp::Mul),
        ast::BinaryOp::Divide => Some(BinaryOp::Div),
        ast::BinaryOp::Power => Some(BinaryOp::Pow),
        ast::BinaryOp::Arrive
        | ast::BinaryOp::Or
        | ast::BinaryOp::And
        | ast::BinaryOp::Equal
        | ast::BinaryOp::NotEqual
        | ast::BinaryOp::Less
        | ast::BinaryOp::LessEqual
        | ast::BinaryOp::Greater
        | ast::BinaryOp::GreaterEqual => None,
    }
}

/// Why the increment of a minibatch is not the mean of those of its samples, if so.
fn joins_samples(rule: &Rule) -> Option<&'static str> {
    if rule.plasticity.iter().any(|p| p.reduction == BatchReduction::Sum) {
        return Some("`learn (sum)`");
    }
    if rule.plasticity.iter().any(|p| has_filter(&p.increment)) {
        return Some("what a filter makes of them");
    }
    let licences = rule.licences.iter();
    licences.into_iter().any(|(l, _)| *l == Licence::BatchStatistics).then_some("`batch_statistics`")
}

/// A name, or two with a point between them.
fn dotted(tree: &ast::Expr) -> Option<String> {
    let name =
        |tree: &ast::Expr| if let ast::ExprKind::Name(text) = &tree.kind { Some(text.clone()) } else { None };
    if let ast::ExprKind::Field(inner, last) = &tree.kind {
        return name(inner).map(|first| format!("{first}.{}", last.text));
    }
    name(tree)
}

/// What an expression can name before any phase.
fn scope<'a>(rule: &'a Rule, library: &'a Library, findings: &'a mut Findings) -> Scope<'a> {
    let hyper_parameters = rule.hyper_parameters.len();
    Scope { rule: Some(rule), hyper_parameters, ..function::scope(library, findings) }
}

/// The first synapse whose weight stands in an expression as a number, not before `@`; with `.T` only if asked for.
fn weight(tree: &ast::Expr, transposed: bool, scope: &Scope<'_>) -> Option<SynapseId> {
    if scope.rule.is_some_and(|rule| arrives(tree, rule)) || (untransposed(tree).1 && !transposed) {
        return None;
    }
    if let Some(path) = names(tree) {
        // R2.3
        let units = |rule: &Rule| rule.variables.iter().any(|v| path.len() == 1 && v.name == path[0].text);
        let synapse = scope.synaptic_path(&path, Reader::Global).map(|(synapse, _)| synapse);
        return synapse.filter(|_| !scope.rule.is_some_and(units));
    }
    tree.parts().into_iter().find_map(|part| weight(part, transposed, scope))
}

/// Whether `pre` or `post` stands in an expression, not in what arrives.
fn names_end(tree: &ast::Expr, rule: &Rule) -> bool {
    if arrives(tree, rule) {
        return false;
    }
    matches!(&tree.kind, ast::ExprKind::Name(name) if name == "pre" || name == "post")
        || tree.parts().into_iter().any(|part| names_end(part, rule))
}

/// The synapse of a rule that has only one.
fn only_synapse(rule: &Rule) -> Option<SynapseId> {
    let mut weights = (0..rule.synapses.len()).map(SynapseId).filter(|&s| rule.weight_of(s) == s);
    weights.next().filter(|_| weights.next().is_none())
}

/// The population of the first variable of an expression, not of what arrives: the one it names, or the one whose
/// variable it is.
fn population(tree: &ast::Expr, rule: &Rule) -> Option<PopulationId> {
    if arrives(tree, rule) {
        return None;
    }
    if let ast::ExprKind::Name(name) = &tree.kind {
        let named = rule.populations.iter().position(|p| p.name.as_ref() == Some(name)).map(PopulationId);
        return named.or_else(|| rule.variables.iter().find(|v| v.name == *name).map(|v| v.population));
    }
    tree.parts().into_iter().find_map(|part| population(part, rule))
}

/// Whether it is what synapses bring to a unit.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn arrives(tree: &ast::Expr, rule: &Rule) -> bool {
    match &tree.kind {
        ast::ExprKind::Binary(ast::BinaryOp::Arrive, ..) => true,
        ast::ExprKind::Call(call) => synapses::hears(call, rule),
        _ => false,
    }
}
