//! Expressions at a site of the network.
//!
//! A unit's expression varies over samples and the units of its layer; a synapse's over samples, postsynaptic and
//! presynaptic units. Whatever belongs to one end of a synapse is evaluated as that unit's own.

use std::collections::HashMap;

use plr_ir::builder::Builder;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Type, Value};
use plr_syntax::ast::{BatchReduction, Role};
use plr_syntax::span::Span;

use crate::equation::{Site, definition};
use crate::hir::{
    Expr, ExprKind, FunctionId, PhaseId, Place, Reduction, SynapseId, VariableId, VariableKind,
};
use crate::network::LayerId;
use crate::resolve::{has_weight, places, unit_layers};

use super::draw::Draws;
use super::environment::{Environment, Unavailable};
use super::learning::Learning;
use super::setting::{ParameterId, Setting};
use super::term::{self, Axes, Extents, Term};

/// What an expression evaluates to.
pub type Evaluated = Result<Term, Unavailable>;

/// Lowers expressions into the program under construction.
pub struct Lowerer<'s> {
    /// What the rule is specialised to.
    pub setting: &'s Setting,
    /// The program under construction.
    pub b: Builder,
    /// The minibatch size.
    pub batch: usize,
    /// The parameters before the presentation.
    pub inputs: HashMap<ParameterId, Value>,
    /// The parameters as they are now.
    pub parameters: HashMap<ParameterId, Value>,
    /// What changes parameters; `None` where nothing learns.
    pub learning: Option<Learning>,
    /// What filters will remember after the increments that were evaluated since somebody took these.
    pub memories: Vec<(ParameterId, Value)>,
    /// The step of the loop around.
    pub step: Option<Value>,
    /// Tells the draws of one equation at one site from those of others.
    pub draws: Draws,
    /// The inputs of the samples.
    pub data: Value,
    /// The targets of the samples, where the program has them.
    pub target: Option<Value>,
    /// The states at the end of the phases that have ended.
    pub stored: Vec<Option<Environment>>,
    /// Definitions that are being evaluated, to find cycles, and those that are, for this equation.
    definitions: HashMap<(VariableId, LayerId, Option<PhaseId>), Option<Evaluated>>,
}

/// Who evaluates an expression, on what.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// Who.
    pub(super) reader: Reader,
    /// The layer at the other end of the synapses being summed.
    pub(super) sender: Option<LayerId>,
    /// Where hyper-parameters are looked up.
    pub(super) site: Option<Site>,
    /// The states now.
    pub(super) environment: &'c Environment,
    /// Whose states `environment` is: a phase's end, or now.
    pub(super) phase: Option<PhaseId>,
    /// The arguments of the function being evaluated. One without a value is no matter unless it is used.
    pub(super) arguments: &'c [Evaluated],
    /// Its settings, likewise.
    pub(super) settings: &'c [Evaluated],
    /// How long the axes are.
    pub(super) extents: Extents,
    /// How the increments of samples combine.
    pub(super) reduction: BatchReduction,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reader {
    Unit(LayerId),
    Synapse { pre: LayerId, post: LayerId },
    Global,
}

impl<'s> Lowerer<'s> {
    /// An empty program. Its inputs are all parameters, `data`, and `target` if wanted.
    pub fn new(
        setting: &'s Setting,
        mut b: Builder,
        batch: usize,
        parameters: &[(ParameterId, plr_ir::model::Parameter)],
        target: bool,
    ) -> Self {
        let inputs: HashMap<_, _> = parameters
            .iter()
            .map(|(id, p)| (*id, b.input(p.name.clone(), Type::real(p.dims.clone()))))
            .collect();
        let features = setting.units(setting.network.input());
        let outputs = setting.units(setting.network.output());
        let data = b.input("data", Type::real([batch, features]));
        let target = target.then(|| b.input("target", Type::real([batch, outputs])));
        let stored = vec![None; setting.rule.phases.len()];
        Self {
            setting,
            b,
            batch,
            parameters: inputs.clone(),
            inputs,
            learning: None,
            memories: Vec::new(),
            step: None,
            draws: Draws::default(),
            data,
            target,
            stored,
            definitions: HashMap::new(),
        }
    }

    /// The extents of values of a layer's units.
    pub fn unit_extents(&self, layer: LayerId) -> Extents {
        Extents { samples: self.batch, units: self.setting.units(layer), pre: 1 }
    }

    /// Evaluates a unit's equation in a layer.
    pub fn at_layer(&mut self, expr: &Expr, layer: LayerId, environment: &Environment) -> Evaluated {
        self.definitions.clear();
        let context = self.unit_context(layer, environment, None);
        self.evaluate(expr, context)
    }

    /// Evaluates a prediction or signal.
    pub fn globally(&mut self, expr: &Expr, environment: &Environment) -> Evaluated {
        self.definitions.clear();
        let layer = self.setting.network.output();
        let context = Context { reader: Reader::Global, ..self.unit_context(layer, environment, None) };
        self.evaluate(expr, context)
    }

    /// A synapse's context.
    pub fn synapse_context<'c>(
        &mut self,
        pre: LayerId,
        post: LayerId,
        environment: &'c Environment,
    ) -> Context<'c> {
        self.definitions.clear();
        let extents =
            Extents { samples: self.batch, units: self.setting.units(post), pre: self.setting.units(pre) };
        let context = self.unit_context(post, environment, None);
        Context {
            reader: Reader::Synapse { pre, post },
            site: Some(Site::Edge(pre, post)),
            extents,
            ..context
        }
    }

    /// A unit's context, for its plasticity.
    pub fn layer_context<'c>(&mut self, layer: LayerId, environment: &'c Environment) -> Context<'c> {
        self.definitions.clear();
        self.unit_context(layer, environment, None)
    }

    /// The axes of one number for each unit or synapse that evaluates an expression.
    pub fn own_axes(&self, cx: Context<'_>) -> Axes {
        match cx.reader {
            Reader::Synapse { .. } => Axes::UNIT.union(Axes::PRE),
            Reader::Unit(_) => Axes::UNIT,
            Reader::Global => Axes::NONE,
        }
    }

    fn unit_context<'c>(
        &self,
        layer: LayerId,
        environment: &'c Environment,
        phase: Option<PhaseId>,
    ) -> Context<'c> {
        Context {
            reader: Reader::Unit(layer),
            sender: None,
            site: Some(Site::Layer(layer)),
            environment,
            phase,
            arguments: &[],
            settings: &[],
            extents: self.unit_extents(layer),
            reduction: BatchReduction::Mean,
        }
    }

    /// Evaluates an expression.
    pub fn evaluate(&mut self, expr: &Expr, cx: Context<'_>) -> Evaluated {
        // A weight is no unit's own, whatever stands beside it.
        if let Reader::Synapse { pre, post } = cx.reader
            && !has_weight(expr)
        {
            match places(expr)[..] {
                [Place::Pre] => return self.evaluate_end(expr, pre, true, cx),
                [Place::Post] => return self.evaluate_end(expr, post, false, cx),
                _ => {}
            }
        }
        let cx = self.among_units(expr, cx);
        let extents = cx.extents;
        Ok(match &expr.kind {
            ExprKind::Number(x) => term::number(&mut self.b, *x),
            ExprKind::Hyper(id) => {
                let value = self.setting.hyper(*id, cx.site);
                term::number(&mut self.b, value)
            }
            ExprKind::Argument(i) => return cx.arguments[*i].clone(),
            ExprKind::Setting(i) => return cx.settings[*i].clone(),
            ExprKind::Variable { place, variable, phase } => {
                return self.variable(*place, *variable, phase.or(cx.phase), expr.span, cx);
            }
            ExprKind::Weight { synapse, transposed } => {
                return self.weight(*synapse, *transposed, expr.span, cx);
            }
            ExprKind::Arrive { synapse, transposed, sent } => {
                return self.arrive(*synapse, *transposed, sent, cx);
            }
            ExprKind::Signal(signal, phase) => {
                return self.signal(signal.0, phase.or(cx.phase), expr.span, cx);
            }
            ExprKind::Data => return self.told("data", Role::Input, Some(self.data), expr.span, cx),
            ExprKind::Target => return self.told("target", Role::Output, self.target, expr.span, cx),
            ExprKind::Activation { primed, argument } => {
                let x = self.evaluate(argument, cx);
                return self.activation(self.owner(argument, cx), *primed, x, expr.span, cx);
            }
            ExprKind::Cost { primed, of_drive, argument } => {
                let x = self.evaluate(argument, cx);
                return self.cost(*primed, *of_drive, x, expr.span, cx);
            }
            ExprKind::Call { function, primed, arguments, settings } => {
                let arguments: Vec<_> = arguments.iter().map(|a| self.evaluate(a, cx)).collect();
                let given = settings.iter().map(|s| s.as_ref().map(|s| self.evaluate(s, cx)));
                let settings: Vec<_> = given.collect();
                return self.call(*function, *primed, &arguments, &settings, None, expr.span, cx);
            }
            ExprKind::Unary(op, a) => {
                let a = self.evaluate(a, cx)?;
                term::unary(&mut self.b, &extents, *op, a)
            }
            ExprKind::Binary(BinaryOp::Pow, a, power) if small_power(power).is_some() => {
                let a = self.evaluate(a, cx)?;
                self.multiply_out(a, small_power(power).unwrap_or(1), &extents)
            }
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.evaluate(a, cx)?, self.evaluate(b, cx)?);
                term::binary(&mut self.b, &extents, *op, a, b)
            }
            ExprKind::Compare(op, a, b) => {
                let (a, b) = (self.evaluate(a, cx)?, self.evaluate(b, cx)?);
                term::compare(&mut self.b, &extents, *op, a, b)
            }
            ExprKind::And(a, b) | ExprKind::Or(a, b) => {
                let all = matches!(expr.kind, ExprKind::And(..));
                let (a, b) = (self.evaluate(a, cx)?, self.evaluate(b, cx)?);
                term::logic(&mut self.b, &extents, all, a, b)
            }
            ExprKind::Not(a) => {
                let a = self.evaluate(a, cx)?;
                let a = term::as_condition(&mut self.b, &extents, a);
                Term { value: self.b.not(a.value), ..a }
            }
            ExprKind::If(c, a, b) => {
                let (c, a, b) = (self.evaluate(c, cx)?, self.evaluate(a, cx)?, self.evaluate(b, cx)?);
                term::select(&mut self.b, &extents, c, a, b)
            }
            ExprKind::Filtered { filter, settings, increment, place } => {
                return self.filtered(*filter, settings, increment, *place, cx);
            }
            ExprKind::Updates => self.updates()?,
            ExprKind::Distance { from_input } => self.distance(*from_input, cx),
            ExprKind::Draw(law) => self.draw(*law, cx),
            ExprKind::Layer(reduction, a) => {
                let a = self.evaluate(a, cx)?;
                self.reduction(*reduction, a, Axes::UNIT, extents.units, &extents)
            }
            ExprKind::Rank(a) => {
                let a = self.evaluate(a, cx)?;
                term::rank(&mut self.b, &extents, a)
            }
            ExprKind::Batch(reduction, a) => {
                let a = self.evaluate(a, cx)?;
                self.reduction(*reduction, a, Axes::SAMPLE, extents.samples, &extents)
            }
        })
    }

    /// In a signal or prediction, the extents are those of the layer whose units an expression is about.
    fn among_units<'c>(&self, expr: &Expr, cx: Context<'c>) -> Context<'c> {
        let inner = if let ExprKind::Layer(_, argument) = &expr.kind { argument } else { expr };
        match unit_layers(inner)[..] {
            [place @ (Place::Input | Place::Output)] if cx.reader == Reader::Global => {
                Context { extents: self.unit_extents(self.layer(place, cx)), ..cx }
            }
            _ => cx,
        }
    }

    /// The distance of the site's layer (R5.12).
    fn distance(&mut self, from_input: bool, cx: Context<'_>) -> Term {
        let network = &self.setting.network;
        let distances = if from_input { network.distances() } else { network.heights() };
        let layer = cx.site.map_or(network.output(), Site::owner);
        term::number(&mut self.b, distances[layer] as f64)
    }

    /// What belongs to one end of a synapse is that unit's own; its units are then the presynaptic axis.
    fn evaluate_end(&mut self, expr: &Expr, layer: LayerId, presynaptic: bool, cx: Context<'_>) -> Evaluated {
        let unit = Context { site: cx.site, ..self.unit_context(layer, cx.environment, cx.phase) };
        let found = self.evaluate(expr, unit)?;
        let axes = if presynaptic && found.axes.contains(Axes::UNIT) {
            found.axes.without(Axes::UNIT).union(Axes::PRE)
        } else {
            found.axes
        };
        Ok(Term { axes, ..found })
    }

    /// `x^n` for a small literal `n` is repeated multiplication.
    fn multiply_out(&mut self, x: Term, power: u32, extents: &Extents) -> Term {
        let mut product = x;
        for _ in 1..power {
            product = term::binary(&mut self.b, extents, BinaryOp::Mul, product, x);
        }
        product
    }

    fn reduction(
        &mut self,
        reduction: Reduction,
        x: Term,
        axis: Axes,
        count: usize,
        extents: &Extents,
    ) -> Term {
        let kind = match reduction {
            Reduction::Sum | Reduction::Mean => ReduceKind::Sum,
            Reduction::Max => ReduceKind::Max,
            Reduction::Min => ReduceKind::Min,
        };
        let folded = term::reduce(&mut self.b, extents, kind, x, axis);
        if reduction != Reduction::Mean {
            return folded;
        }
        let count = term::number(&mut self.b, count as f64);
        term::binary(&mut self.b, extents, BinaryOp::Div, folded, count)
    }

    /// The layer of a place.
    fn layer(&self, place: Place, cx: Context<'_>) -> LayerId {
        let network = &self.setting.network;
        match (place, cx.reader) {
            (Place::Input, _) => network.input(),
            (Place::Output, _) | (_, Reader::Global) => network.output(),
            (Place::Sender, Reader::Unit(own)) => cx.sender.unwrap_or(own),
            // Inside an end of a synapse that unit reads its own.
            (Place::Own | Place::Pre | Place::Post, Reader::Unit(own)) => own,
            (Place::Pre, Reader::Synapse { pre, .. }) => pre,
            (Place::Own | Place::Post | Place::Sender, Reader::Synapse { post, .. }) => post,
        }
    }

    /// The layer whose variables an expression has; resolution has made sure that there is one.
    fn owner(&self, expr: &Expr, cx: Context<'_>) -> LayerId {
        self.layer(places(expr).first().copied().unwrap_or(Place::Own), cx)
    }

    /// The states at the end of a phase, or now.
    fn states<'e>(&'e self, phase: Option<PhaseId>, cx: Context<'e>) -> Option<&'e Environment> {
        match phase {
            phase if phase == cx.phase => Some(cx.environment),
            Some(PhaseId(p)) => self.stored[p].as_ref(),
            None => Some(cx.environment),
        }
    }

    fn variable(
        &mut self,
        place: Place,
        variable: VariableId,
        phase: Option<PhaseId>,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let layer = self.layer(place, cx);
        let both = Axes::SAMPLE.union(Axes::UNIT);
        let setting = self.setting;
        match &setting.rule.variables[variable.0].kind {
            VariableKind::Param(_) => {
                Ok(Term { value: self.parameter(ParameterId::Unit(variable, layer))?, axes: Axes::UNIT })
            }
            VariableKind::State(_) => {
                let unwritten = Unavailable::Unwritten { variable, layer, at };
                let environment = self.states(phase, cx).ok_or(unwritten)?;
                environment.read((variable, layer), at).map(|value| Term { value, axes: both })
            }
            kind @ VariableKind::Let(_) => {
                let Some(value) = definition(kind, &setting.network, layer) else {
                    return Err(Unavailable::Undefined { variable, layer, at });
                };
                self.definition(variable, value, layer, phase, at, cx)
            }
        }
    }

    /// A definition is evaluated once for an equation; one that needs itself has no value (R3.4, R3.6).
    fn definition(
        &mut self,
        variable: VariableId,
        value: &Expr,
        layer: LayerId,
        phase: Option<PhaseId>,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let key = (variable, layer, phase);
        match self.definitions.get(&key) {
            Some(Some(found)) => return found.clone(),
            Some(None) => return Err(Unavailable::Cycle { variable, at }),
            None => {}
        }
        self.definitions.insert(key, None);
        let unwritten = Unavailable::Unwritten { variable, layer, at };
        let environment = self.states(phase, cx).ok_or(unwritten)?.clone();
        let found = self.evaluate(value, self.unit_context(layer, &environment, phase));
        self.definitions.insert(key, Some(found.clone()));
        found
    }

    fn signal(&mut self, signal: usize, phase: Option<PhaseId>, at: Span, cx: Context<'_>) -> Evaluated {
        let setting = self.setting;
        let value = &setting.rule.signals[signal].value;
        let unwritten = Unavailable::NotGlobal { at };
        let environment = self.states(phase, cx).ok_or(unwritten)?.clone();
        let layer = setting.network.output();
        let context =
            Context { reader: Reader::Global, site: None, ..self.unit_context(layer, &environment, phase) };
        let found = self.evaluate(value, context)?;
        if found.axes.contains(Axes::UNIT) {
            Err(Unavailable::NotGlobal { at: value.span })
        } else {
            Ok(found)
        }
    }

    /// A parameter as it is now.
    pub fn parameter(&self, id: ParameterId) -> Result<Value, Unavailable> {
        self.parameters.get(&id).copied().ok_or(Unavailable::NotBuilt)
    }

    fn weight(&mut self, synapse: SynapseId, transposed: bool, at: Span, cx: Context<'_>) -> Evaluated {
        let Reader::Synapse { pre, post } = cx.reader else {
            unreachable!("resolution gives weights to synapses only")
        };
        let setting = self.setting;
        let declared = &setting.rule.synapses[synapse.0];
        let found = setting.network.beside((declared.from, declared.to), (pre, post), transposed);
        let ((from, to), reciprocal) = found.ok_or(Unavailable::NoWeight { synapse, at })?;
        let value = self.parameter(ParameterId::Weight(synapse, from, to))?;
        let axes = Axes::UNIT.union(Axes::PRE);
        if !reciprocal {
            return Ok(Term { value, axes });
        }
        let one = self.b.constant(1.0, &[]);
        Ok(Term { value: self.b.contract("ji,->ij", value, one), axes })
    }

    /// The sum over all instances of a synapse that end here (or, transposed, leave here) of weight times what is sent (R5.2, R5.4).
    fn arrive(&mut self, synapse: SynapseId, transposed: bool, sent: &Expr, cx: Context<'_>) -> Evaluated {
        let Reader::Unit(here) = cx.reader else { unreachable!("resolution gives sums to units only") };
        let setting = self.setting;
        let declared = &setting.rule.synapses[synapse.0];
        let mut total: Option<Term> = None;
        for (pre, post) in setting.network.instances(declared.from, declared.to) {
            let (far, near) = if transposed { (post, pre) } else { (pre, post) };
            if near != here {
                continue;
            }
            let extents = self.unit_extents(far);
            let sender = Context { sender: Some(far), extents, ..cx };
            let found = self.evaluate(sent, sender)?;
            let found = term::as_number(&mut self.b, &extents, found);
            let found = term::widen(&mut self.b, &extents, found, Axes::UNIT);
            let weight = self.parameter(ParameterId::Weight(synapse, pre, post))?;
            let spec = match (found.axes.contains(Axes::SAMPLE), transposed) {
                (true, false) => "bj,ij->bi",
                (true, true) => "bi,ij->bj",
                (false, false) => "j,ij->i",
                (false, true) => "i,ij->j",
            };
            let sum = Term { value: self.b.contract(spec, found.value, weight), axes: found.axes };
            total = Some(match total {
                Some(total) => term::binary(&mut self.b, &cx.extents, BinaryOp::Add, total, sum),
                None => sum,
            });
        }
        Ok(total.unwrap_or_else(|| term::number(&mut self.b, 0.0)))
    }

    /// What only the units of a role are told (R5.8).
    fn told(
        &mut self,
        what: &'static str,
        role: Role,
        value: Option<Value>,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let layer = cx.sender.unwrap_or_else(|| self.layer(Place::Own, cx));
        let who = if role == Role::Input { "input" } else { "output" };
        match value {
            Some(value) if self.setting.network.layers[layer].role == role => {
                Ok(Term { value, axes: Axes::SAMPLE.union(Axes::UNIT) })
            }
            Some(_) | None => Err(Unavailable::NotTold { what, who, layer, at }),
        }
    }

    /// The activation of a layer, or its derivative (R6.5).
    fn activation(
        &mut self,
        layer: LayerId,
        primed: bool,
        x: Evaluated,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let setting = self.setting;
        let Some(activation) = &setting.network.layers[layer].activation else {
            return if primed { Ok(term::number(&mut self.b, 1.0)) } else { x };
        };
        let settings: Vec<Option<Evaluated>> =
            activation.settings.iter().map(|s| s.map(|s| Ok(term::number(&mut self.b, s)))).collect();
        self.call(activation.function, primed, &[x], &settings, Some(layer), at, cx)
    }

    /// A function's value for given arguments, or its declared derivative.
    #[allow(
        clippy::too_many_arguments,
        reason = "a call is all of these; a struct would be built for one use"
    )]
    fn call(
        &mut self,
        function: FunctionId,
        primed: bool,
        arguments: &[Evaluated],
        settings: &[Option<Evaluated>],
        layer: Option<LayerId>,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let setting = self.setting;
        let function = &setting.library.functions[function.0];
        let body = if primed { function.derivative.as_ref() } else { Some(&function.body) };
        let Some(body) = body else {
            return Err(Unavailable::NoDerivative { function: function.name.clone(), layer, at });
        };
        let mut bound = Vec::new();
        for (given, (_, default)) in settings.iter().zip(&function.settings) {
            bound.push(match given {
                Some(given) => given.clone(),
                None => self.evaluate(default, cx),
            });
        }
        self.evaluate(body, Context { arguments, settings: &bound, ..cx })
    }

    /// The cost at the output units: of the activity (`loss`), or of the drive (`cost`), through the activation (R6.7).
    fn cost(&mut self, primed: bool, of_drive: bool, x: Evaluated, at: Span, cx: Context<'_>) -> Evaluated {
        let setting = self.setting;
        let target = self.told("target", Role::Output, self.target, at, cx);
        let Some(cost) = setting.cost() else {
            unreachable!("a setting's cost is looked up when it is made")
        };
        let output = setting.network.output();
        let activity = if of_drive { self.activation(output, false, x.clone(), at, cx) } else { x.clone() };
        let arguments = [activity, target];
        let inside = Context { arguments: &arguments, settings: &[], ..cx };
        if !primed {
            return self.evaluate(&cost.body, inside);
        }
        let plain = setting.network.layers[output]
            .activation
            .as_ref()
            .filter(|a| a.settings.iter().all(Option::is_none));
        // R6.8
        let closed = plain.and_then(|a| cost.after.iter().find(|(f, _)| *f == a.function));
        if let (true, Some((_, derivative))) = (of_drive, closed) {
            return self.evaluate(derivative, inside);
        }
        let missing = || Unavailable::NoDerivative { function: cost.name.clone(), layer: None, at };
        let outer = self.evaluate(cost.derivative.as_ref().ok_or_else(missing)?, inside)?;
        if !of_drive {
            return Ok(outer);
        }
        let inner = self.activation(output, true, x, at, cx)?;
        Ok(term::binary(&mut self.b, &cx.extents, BinaryOp::Mul, outer, inner))
    }

    /// The opposite of a term.
    pub fn negate(&mut self, x: Term, extents: &Extents) -> Term {
        term::unary(&mut self.b, extents, UnaryOp::Neg, x)
    }
}

/// The exponent of a power that is multiplied out: a literal 2, 3 or 4.
fn small_power(exponent: &Expr) -> Option<u32> {
    let ExprKind::Number(x) = exponent.kind else { return None };
    [2, 3, 4].into_iter().find(|&n| f64::from(n) == x)
}
