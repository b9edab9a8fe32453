//! Expressions at a site of the network.
//!
//! A unit's expression varies over samples and the units of its layer; a synapse's over samples, postsynaptic and
//! presynaptic units. Whatever belongs to one end of a synapse is evaluated as that unit's own.

use std::borrow::Cow;
use std::collections::HashMap;

use plr_ir::builder::Builder;
use plr_ir::model::{Count, Shape};
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Type, Value};
use plr_syntax::ast::{BatchReduction, Role};
use plr_syntax::span::Span;

use crate::equation::{Site, definition};
use crate::group::{Along, Evaluator, Group};
use crate::hir::{
    Expr, ExprKind, FunctionId, Learned, Past, PhaseId, Place, PopulationId, Reduction, Share, SignalId,
    SynapseId, VariableId, VariableKind,
};
use crate::memory::counts;
use crate::network::LayerId;
use crate::resolve::{layer_among, several_layers, unit_layers};

use super::course::Course;
use super::detour::Gradients;
use super::draw::Draws;
use super::environment::{Defined, Environment, Quantity, Unavailable};
use super::film::Film;
use super::learning::Learning;
use super::nudge::Nudges;
use super::quantile;
use super::replay::{Moments, Trajectory};
use super::setting::{ParameterId, Setting};
use super::term::{self, Axes, Extents, Term};
use super::trace;

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
    /// What a presentation adds to them, where a check asks.
    pub increments: HashMap<ParameterId, Value>,
    /// The state that is nudged in a phase, and by what in each layer, where a check asks.
    pub nudges: Option<Nudges>,
    /// What changes parameters; `None` where nothing learns.
    pub learning: Option<Learning>,
    /// What filters will remember after the increments that were evaluated since somebody took these.
    pub memories: Vec<(ParameterId, Value)>,
    /// The step of the loop around.
    pub step: Option<Value>,
    /// The phase whose clamps and equations are evaluated.
    pub running: Option<PhaseId>,
    /// Tells the draws of one equation at one site from those of others.
    pub draws: Draws,
    /// What the samples are, and the step of them that is presented.
    pub course: Course,
    /// Over what each trace varies.
    pub trace_axes: HashMap<SynapseId, Axes>,
    /// For whom gradients are led and cut.
    pub gradients: Gradients,
    /// The states at the end of the step before, in a step, and what else there was.
    pub previous: Option<(Environment, Circumstances)>,
    /// The same of the step that has ended last.
    pub last_step: Option<(Environment, Circumstances)>,
    /// The states at the end of the phases that have ended.
    pub stored: Vec<Option<Environment>>,
    /// What else there was at the end of those of them that this program has run.
    pub then: Vec<Option<Circumstances>>,
    /// The states at each step of those of which somebody reads that.
    pub trajectories: HashMap<PhaseId, Trajectory>,
    /// Those of them at the time of the step at hand.
    pub replayed: HashMap<PhaseId, Moments>,
    /// Everything at the end of every step, if somebody looks.
    pub film: Option<Film>,
    /// The states and traces that earlier presentations have left.
    pub kept: HashMap<Quantity, Value>,
    /// Where in training the presentation is, as far as the rule asks.
    pub counts: HashMap<Count, Value>,
    /// The layer that a reduction over several of them is at.
    among: Option<LayerId>,
    /// Definitions that are being evaluated, to find cycles, and those that are, for this equation.
    definitions: HashMap<Definition, Option<Evaluated>>,
}

/// What a definition reads beside states, at an earlier moment.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The parameters.
    pub parameters: HashMap<ParameterId, Value>,
    /// What was presented.
    pub data: Option<Value>,
    /// The target.
    pub target: Option<Value>,
}

/// What stands behind a name, at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Definition {
    defined: Defined,
    past: Option<Past>,
    /// In the step before.
    late: bool,
}

/// Who evaluates an expression, on what.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// Who.
    pub(super) reader: Evaluator,
    /// The units at the other end of the synapses being summed.
    pub(super) sender: Option<Group>,
    /// Where hyper-parameters are looked up.
    pub(super) site: Option<Site>,
    /// The states now.
    pub(super) environment: &'c Environment,
    /// Whose states `environment` is: a phase's end, or now.
    pub(super) phase: Option<Past>,
    /// `environment` is of the step before.
    pub(super) late: bool,
    /// The ends of the synapse that reads of whose units it hears one step late.
    pub(super) delayed: &'c [Place],
    /// The end of the synapse that reads whose units are another layer's, for which gradients may be held.
    pub(super) foreign: Option<Place>,
    /// The arguments of the function being evaluated. One without a value is no matter unless it is used.
    pub(super) arguments: &'c [Evaluated],
    /// Its settings, likewise.
    pub(super) settings: &'c [Evaluated],
    /// How long the axes are.
    pub(super) extents: Extents,
    /// The axes of one number for each unit or synapse that evaluates.
    pub(super) own: Axes,
    /// The edge along which the synapse that evaluates runs, if it does more than join all with all.
    pub(super) along: Option<Along>,
    /// What is being evaluated is a parameter's own, and has no unit: parameters are read by channel (R8.13).
    pub(super) by_channel: bool,
    /// How the increments of samples combine.
    pub(super) reduction: BatchReduction,
    /// The equation says what a number becomes: those that share it take the mean (R8.13).
    pub(super) sets: bool,
    /// With which units those of a layer are reduced and ranked: inside a function, what its call says.
    pub(super) share: Share,
}

impl<'s> Lowerer<'s> {
    /// An empty program. Its inputs are all parameters, `data`, `target` if wanted, and the counts that the rule asks for.
    pub fn new(
        setting: &'s Setting,
        mut b: Builder,
        batch: usize,
        parameters: &[(ParameterId, plr_ir::model::Parameter)],
        (shape, target): (Shape, bool),
    ) -> Self {
        let inputs: HashMap<_, _> = parameters
            .iter()
            .map(|(id, p)| (*id, b.input(p.name.clone(), Type::real(p.dims.clone()))))
            .collect();
        let data = b.input("data", Type::real(shape.data(batch)));
        let target = target.then(|| b.input("target", Type::real(shape.target(batch))));
        let asked = counts(&setting.rule, &setting.observed);
        let counts = asked.map(|count| (count, b.input(count.name(), Type::real([])))).collect();
        let phases = setting.rule.phases.len();
        let (stored, then) = (vec![None; phases], vec![None; phases]);
        Self {
            setting,
            b,
            batch,
            parameters: inputs.clone(),
            increments: HashMap::new(),
            nudges: None,
            inputs,
            learning: None,
            memories: Vec::new(),
            step: None,
            running: None,
            draws: Draws::default(),
            course: Course::new(data, target, shape.sequence),
            trace_axes: trace::axes(&setting.rule, &setting.library),
            gradients: Gradients::None,
            previous: None,
            last_step: None,
            stored,
            then,
            trajectories: HashMap::new(),
            replayed: HashMap::new(),
            film: None,
            kept: HashMap::new(),
            counts,
            among: None,
            definitions: HashMap::new(),
        }
    }

    /// The extents of values of units.
    pub fn unit_extents(&self, group: Group) -> Extents {
        Extents { samples: self.batch, units: self.setting.units(group), pre: 1, shared: 1 }
    }

    /// The extents of the prediction.
    pub fn output_extents(&self) -> Extents {
        Extents { samples: self.batch, units: self.setting.shape().outputs, pre: 1, shared: 1 }
    }

    /// Evaluates a unit's equation.
    pub fn at_group(&mut self, expr: &Expr, group: Group, environment: &Environment) -> Evaluated {
        self.definitions.clear();
        let context = self.unit_context(group, environment, None);
        self.evaluate(expr, context)
    }

    /// Evaluates a prediction or signal.
    pub fn globally(&mut self, expr: &Expr, environment: &Environment) -> Evaluated {
        self.with_arguments(expr, &[], environment)
    }

    /// Evaluates a global expression in which something stands for arguments.
    pub fn with_arguments(
        &mut self,
        expr: &Expr,
        arguments: &[Evaluated],
        environment: &Environment,
    ) -> Evaluated {
        self.definitions.clear();
        let site = Some(Site::Layer(self.setting.network.output()));
        let context = Context { site, arguments, ..self.nobodys_context(environment, None) };
        self.evaluate(expr, context)
    }

    /// The context of who learns something.
    pub fn learner_context<'c>(
        &mut self,
        target: Learned,
        site: Site,
        environment: &'c Environment,
    ) -> Context<'c> {
        self.definitions.clear();
        match target {
            Learned::Synapse(synapse) => self.synapse_context(synapse, site, environment),
            Learned::Unit(variable) => {
                let group = self.setting.rule.group(variable, site.owner());
                let cx = self.unit_context(group, environment, None);
                match self.setting.rule.sharing(&self.setting.network, group) {
                    None => cx,
                    Some(space) => {
                        let extents = Extents { shared: space.channels, ..cx.extents };
                        Context { extents, own: Axes::SHARED, ..cx }
                    }
                }
            }
        }
    }

    /// The extents of values of synapses.
    pub fn synapse_extents(&self, synapse: SynapseId, site: Site) -> Extents {
        self.setting.synapse_extents(synapse, site, self.batch)
    }

    pub(super) fn synapse_context<'c>(
        &self,
        synapse: SynapseId,
        site: Site,
        environment: &'c Environment,
    ) -> Context<'c> {
        let (rule, network) = (&self.setting.rule, &self.setting.network);
        let (pre, post) = rule.joined(synapse, site.ends());
        let along = rule.along(network, synapse, site.ends());
        let own = match (rule.synapses[synapse.0].one_to_one, along.and_then(|along| along.kernel())) {
            (true, _) => Axes::UNIT,
            (false, Some(_)) => Axes::SHARED,
            (false, None) => Axes::UNIT.union(Axes::PRE),
        };
        Context {
            reader: Evaluator::Synapse(synapse, pre, post),
            delayed: if rule.synapses[synapse.0].delayed { &[Place::Pre] } else { &[] },
            site: Some(site),
            extents: self.synapse_extents(synapse, site),
            own,
            along,
            ..self.unit_context(post, environment, None)
        }
    }

    /// Who observes: a synapse, or each unit, be it one of a channel that shares its parameters (R14.15).
    pub fn observer_context<'c>(
        &mut self,
        owner: Learned,
        site: Site,
        states: &'c Environment,
    ) -> Context<'c> {
        let Learned::Unit(variable) = owner else { return self.learner_context(owner, site, states) };
        self.definitions.clear();
        self.unit_context(self.setting.rule.group(variable, site.owner()), states, None)
    }

    pub(super) fn unit_context<'c>(
        &self,
        own: Group,
        environment: &'c Environment,
        phase: Option<Past>,
    ) -> Context<'c> {
        Context {
            reader: Evaluator::Unit(own),
            site: Some(Site::Layer(own.layer)),
            extents: self.unit_extents(own),
            own: Axes::UNIT,
            ..self.nobodys_context(environment, phase)
        }
    }

    fn nobodys_context<'c>(&self, environment: &'c Environment, phase: Option<Past>) -> Context<'c> {
        Context {
            reader: Evaluator::Nobody,
            sender: None,
            site: None,
            environment,
            phase,
            late: false,
            delayed: &[],
            foreign: None,
            arguments: &[],
            settings: &[],
            extents: self.output_extents(),
            own: Axes::NONE,
            along: None,
            by_channel: false,
            reduction: BatchReduction::Mean,
            sets: false,
            share: Share::Layer,
        }
    }

    /// Evaluates an expression.
    pub fn evaluate(&mut self, expr: &Expr, cx: Context<'_>) -> Evaluated {
        if let Some(found) = self.evaluate_for_end(expr, cx) {
            return found;
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
            ExprKind::Variable { place, variable, past } => {
                return self.variable(*place, *variable, past.or(cx.phase), expr.span, cx);
            }
            ExprKind::Weight { synapse, transposed } => {
                return self.weight(*synapse, *transposed, expr.span, cx);
            }
            ExprKind::Trace(synapse, phase) => return self.own_trace(*synapse, phase.or(cx.phase), cx),
            ExprKind::Arrive { synapse, transposed, together, weight, sent } => {
                return self.arrive((*synapse, *transposed), *together, (weight, sent), cx);
            }
            ExprKind::Signal(signal, phase) => {
                return self.signal(*signal, phase.or(cx.phase), expr.span, cx);
            }
            ExprKind::Data => return self.data(expr.span, cx),
            ExprKind::Target => return self.told("target", Role::Output, self.course.target, expr.span, cx),
            ExprKind::Activation { primed, argument } => {
                let x = self.evaluate(argument, cx);
                return self.activation(self.owner(argument, cx), *primed, x, expr.span, cx);
            }
            ExprKind::Cost { primed, of_drive, argument } => {
                let x = self.evaluate(argument, cx);
                let drive = of_drive.then(|| self.owner(argument, cx));
                return self.cost(*primed, drive, x, expr.span, cx);
            }
            ExprKind::Call { function, primed, arguments, settings, .. } => {
                let arguments: Vec<_> = arguments.iter().map(|a| self.evaluate(a, cx)).collect();
                let given = settings.iter().map(|s| s.as_ref().map(|s| self.evaluate(s, cx)));
                let settings: Vec<_> = given.collect();
                return self.call(*function, *primed, &arguments, &settings, None, expr.span, cx);
            }
            ExprKind::Unary(op, a) => {
                let a = self.evaluate(a, cx)?;
                term::unary(&mut self.b, &extents, *op, a)
            }
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.evaluate(a, cx)?, self.evaluate(b, cx)?);
                match self.b.known(b.value).filter(|_| *op == BinaryOp::Pow).and_then(whole) {
                    Some(power) => self.power(a, power, &extents),
                    None => term::binary(&mut self.b, &extents, *op, a, b),
                }
            }
            ExprKind::PoissonQuantile(level, rate) => return self.poisson_quantile(level, rate, cx),
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
            ExprKind::Count(count) => self.count(*count)?,
            ExprKind::Time { phase, whole } => return self.time(*phase, *whole, expr.span, cx),
            ExprKind::Distance { from_input } => self.distance(*from_input, cx),
            ExprKind::Coordinate { place, population, coordinate } => {
                self.coordinate(*coordinate, (*place, *population), cx)
            }
            ExprKind::Draw(law) => self.draw(*law, cx),
            ExprKind::Over(part, a) => return self.over_part(part, a, cx),
            ExprKind::Beside { population, together, value } => {
                return self.beside(*population, *together, value, cx);
            }
            ExprKind::Layer(reduction, a) => return self.over_units((*reduction, a), expr, cx),
            ExprKind::Cut(a) => return self.cut(a, cx),
            ExprKind::Increment(a) => return self.increment_of(a, cx),
            ExprKind::Rank(_) | ExprKind::RunningSum(_) => return self.over(cx.share, expr, cx),
            ExprKind::Shift(a) => return self.shifted(a, cx),
            ExprKind::Shuffle(a) => return self.shuffled(a, cx),
            ExprKind::Batch(reduction, a) => {
                let a = self.evaluate(a, cx)?;
                self.reduction(*reduction, a, Axes::SAMPLE, extents.samples, &extents)
            }
        })
    }

    /// In a signal or prediction, the extents are those of the layer whose units an expression is about.
    fn among_units<'c>(&self, expr: &Expr, cx: Context<'c>) -> Context<'c> {
        let inner = if let ExprKind::Layer(_, argument) = &expr.kind { argument } else { expr };
        match unit_layers(inner, &self.setting.rule)[..] {
            [(place, size)] if cx.reader == Evaluator::Nobody => {
                let units = size.units(&self.setting.network, self.layer(place, cx));
                Context { extents: Extents { units, ..cx.extents }, ..cx }
            }
            _ => cx,
        }
    }

    /// A value in the sample before (R5.18).
    fn shifted(&mut self, expr: &Expr, cx: Context<'_>) -> Evaluated {
        let found = self.evaluate(expr, cx)?;
        let found = term::as_number(&mut self.b, &cx.extents, found);
        Ok(term::shift(&mut self.b, found))
    }

    /// A count with that distribution function (R11.8).
    fn poisson_quantile(&mut self, level: &Expr, rate: &Expr, cx: Context<'_>) -> Evaluated {
        let [level, rate] = [self.evaluate(level, cx)?, self.evaluate(rate, cx)?]
            .map(|term| term::as_number(&mut self.b, &cx.extents, term));
        let (level, rate) = term::meet(&mut self.b, &cx.extents, level, rate);
        Ok(Term { value: quantile::poisson(&mut self.b, level.value, rate.value), ..level })
    }

    /// A value in another sample (R5.20).
    fn shuffled(&mut self, expr: &Expr, cx: Context<'_>) -> Evaluated {
        let found = self.evaluate(expr, cx)?;
        let found = term::as_number(&mut self.b, &cx.extents, found);
        if !found.axes.contains(Axes::SAMPLE) {
            return Ok(found);
        }
        let order = self.order_of_samples(self.b.type_of(found.value).dims[0]);
        Ok(term::permuted(&mut self.b, found, order))
    }

    /// The distance of the site's layer (R5.12).
    fn distance(&mut self, from_input: bool, cx: Context<'_>) -> Term {
        let network = &self.setting.network;
        let distances = if from_input { network.distances() } else { network.heights() };
        let layer = cx.site.map_or(network.output(), Site::owner);
        term::number(&mut self.b, distances[layer] as f64)
    }

    /// `x^n` in products (R5.9): that of an even number is the square of the half, that of an odd one has a factor `x` more.
    fn power(&mut self, x: Term, n: u32, extents: &Extents) -> Term {
        let (one, other) = match n {
            0 | 1 => return term::as_number(&mut self.b, extents, x),
            n if n.is_multiple_of(2) => {
                let half = self.power(x, n / 2, extents);
                (half, half)
            }
            n => (self.power(x, n - 1, extents), x),
        };
        term::binary(&mut self.b, extents, BinaryOp::Mul, one, other)
    }

    pub(super) fn reduction(
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

    /// A reduction over the units of a layer, or of several.
    fn over_units(
        &mut self,
        (reduction, argument): (Reduction, &Expr),
        expr: &Expr,
        cx: Context<'_>,
    ) -> Evaluated {
        match several_layers(argument, &self.setting.rule, &self.setting.network) {
            Some(layers) => self.over_several(reduction, argument, &layers, cx),
            None => self.over(cx.share, expr, cx),
        }
    }

    /// A reduction over the units of several layers: over those of each, and then over these (R10.3).
    fn over_several(
        &mut self,
        reduction: Reduction,
        argument: &Expr,
        layers: &[LayerId],
        cx: Context<'_>,
    ) -> Evaluated {
        // The mean is that of all units, not of the layers' means.
        let each = if reduction == Reduction::Mean { Reduction::Sum } else { reduction };
        let (mut total, mut count) = (None, 0);
        for &layer in layers {
            let outside = self.among.replace(layer);
            let inside = self.among_units(argument, cx);
            let found = self.evaluate(argument, cx);
            self.among = outside;
            count += inside.extents.units;
            let found = self.reduction(each, found?, Axes::UNIT, inside.extents.units, &inside.extents);
            total = Some(match total {
                None => found,
                Some(total) => {
                    let join = match each {
                        Reduction::Sum | Reduction::Mean => BinaryOp::Add,
                        Reduction::Max => BinaryOp::Max,
                        Reduction::Min => BinaryOp::Min,
                    };
                    term::binary(&mut self.b, &cx.extents, join, total, found)
                }
            });
        }
        let nothing = if each == Reduction::Sum { 0.0 } else { f64::NAN };
        let total = total.unwrap_or_else(|| term::number(&mut self.b, nothing));
        if reduction != Reduction::Mean {
            return Ok(total);
        }
        let count = term::number(&mut self.b, count as f64);
        Ok(term::binary(&mut self.b, &cx.extents, BinaryOp::Div, total, count))
    }

    /// The layer of a place.
    pub(super) fn layer(&self, place: Place, cx: Context<'_>) -> LayerId {
        let network = &self.setting.network;
        match (place, cx.reader) {
            (Place::Input | Place::Hidden, _) => layer_among(place, self.among, network),
            (Place::Output, _) | (_, Evaluator::Nobody) => network.output(),
            (Place::Sender, Evaluator::Unit(own)) => cx.sender.unwrap_or(own).layer,
            // Inside an end of a synapse that unit reads its own.
            (Place::Own | Place::Pre | Place::Post, Evaluator::Unit(own)) => own.layer,
            (Place::Pre, Evaluator::Synapse(_, pre, _)) => pre.layer,
            (Place::Own | Place::Post | Place::Sender, Evaluator::Synapse(_, _, post)) => post.layer,
        }
    }

    /// The units whose variables an expression has; resolution has made sure that there are some.
    fn owner(&self, expr: &Expr, cx: Context<'_>) -> Group {
        match (expr.first_variable(), cx.reader) {
            (Some((place, variable)), _) => self.setting.rule.group(variable, self.layer(place, cx)),
            (None, Evaluator::Unit(own) | Evaluator::Synapse(_, _, own)) => cx.sender.unwrap_or(own),
            (None, Evaluator::Nobody) => {
                Group { population: PopulationId::LAYER, layer: self.setting.network.output() }
            }
        }
    }

    /// The states now or in the past.
    pub(super) fn states<'e>(&'e self, phase: Option<Past>, cx: Context<'e>) -> Option<&'e Environment> {
        match phase {
            phase if phase == cx.phase => Some(cx.environment),
            Some(Past { phase: PhaseId(p), at_time: false }) => self.stored[p].as_ref(),
            // What a definition was at the end of a phase it was outside the steps of any.
            Some(Past { at_time: true, .. }) if cx.phase.is_some_and(|past| !past.at_time) => None,
            Some(Past { phase, at_time: true }) => {
                let moments = self.replayed.get(&phase);
                moments.map(|moments| if cx.late { &moments.before } else { &moments.after })
            }
            None => Some(cx.environment),
        }
    }

    /// The same, for as long as an expression is evaluated on them.
    fn states_of<'c>(&self, phase: Option<Past>, cx: Context<'c>) -> Option<Cow<'c, Environment>> {
        match phase {
            None => Some(Cow::Borrowed(cx.environment)),
            phase if phase == cx.phase => Some(Cow::Borrowed(cx.environment)),
            phase => self.states(phase, cx).cloned().map(Cow::Owned),
        }
    }

    /// Why there are no states then, for who reads a variable in a layer.
    fn unknown_then(
        &self,
        past: Option<Past>,
        (variable, layer): (VariableId, LayerId),
        at: Span,
    ) -> Unavailable {
        match past {
            Some(Past { phase, at_time: true }) if self.stored[phase.0].is_some() => {
                Unavailable::Timeless { at }
            }
            _ => Unavailable::Unwritten { variable, layer, at },
        }
    }

    fn variable(
        &mut self,
        place: Place,
        variable: VariableId,
        phase: Option<Past>,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let layer = self.layer(place, cx);
        let both = Axes::SAMPLE.union(Axes::UNIT);
        let setting = self.setting;
        match &setting.rule.variables[variable.0].kind {
            VariableKind::Param(_) => {
                let value = self.parameter(ParameterId::Unit(variable, layer))?;
                let space = setting.rule.sharing(&setting.network, setting.rule.group(variable, layer));
                Ok(match space {
                    None => Term { value, axes: Axes::UNIT },
                    Some(_) if cx.by_channel => Term { value, axes: Axes::SHARED },
                    Some(space) => {
                        let value = self.by_units(value, [space.channels, space.positions()]);
                        Term { value, axes: Axes::UNIT }
                    }
                })
            }
            VariableKind::State(_) => {
                let unknown = self.unknown_then(phase, (variable, layer), at);
                let environment = self.states(phase, cx).ok_or(unknown)?;
                environment.read((variable, layer), at).map(|value| Term { value, axes: both })
            }
            kind @ VariableKind::Let(_) => {
                let Some(value) = definition(kind, &setting.network, layer) else {
                    return Err(Unavailable::Undefined { variable, layer, at });
                };
                self.definition((variable, value), layer, phase, at, cx)
            }
        }
    }

    /// A definition is evaluated once for an equation; one that needs itself has no value (R3.4, R3.6, R10.1).
    fn once(
        &mut self,
        defined: Defined,
        past: Option<Past>,
        at: Span,
        cx: Context<'_>,
        evaluate: impl FnOnce(&mut Self) -> Evaluated,
    ) -> Evaluated {
        let key = Definition { defined, past, late: cx.late };
        match self.definitions.get(&key) {
            Some(Some(found)) => return found.clone(),
            Some(None) => return Err(Unavailable::Cycle { defined, at }),
            None => {}
        }
        self.definitions.insert(key, None);
        let found = evaluate(self);
        self.definitions.insert(key, Some(found.clone()));
        found
    }

    fn definition(
        &mut self,
        (variable, value): (VariableId, &Expr),
        layer: LayerId,
        phase: Option<Past>,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        self.once(Defined::Let(variable, layer), phase, at, cx, |this| {
            let unknown = this.unknown_then(phase, (variable, layer), at);
            let environment = this.states_of(phase, cx).ok_or(unknown)?;
            let group = this.setting.rule.group(variable, layer);
            let unit = this.unit_context(group, &environment, phase);
            this.as_at_the_end_of(phase, |this| this.evaluate(value, Context { late: cx.late, ..unit }))
        })
    }

    fn signal(&mut self, signal: SignalId, phase: Option<Past>, at: Span, cx: Context<'_>) -> Evaluated {
        let value = &self.setting.rule.signals[signal.0].value;
        let found = self.once(Defined::Signal(signal), phase, at, cx, |this| {
            let environment = this.states_of(phase, cx).ok_or(Unavailable::NotGlobal { at })?;
            let nobody = this.nobodys_context(&environment, phase);
            let nobody = Context { late: cx.late, ..nobody };
            let found = this.as_at_the_end_of(phase, |this| this.evaluate(value, nobody))?;
            match found.axes.contains(Axes::UNIT) {
                true => Err(Unavailable::NotGlobal { at: value.span }),
                false => Ok(found),
            }
        })?;
        Ok(self.foreign(found))
    }

    /// Evaluates with the parameters and with what was presented at the end of a phase (R5.7): a `learn` may have come since, and other
    /// steps of the sample. What was at the same time had the data that there are now (R20.15).
    fn as_at_the_end_of(
        &mut self,
        past: Option<Past>,
        evaluate: impl FnOnce(&mut Self) -> Evaluated,
    ) -> Evaluated {
        let Some(Past { phase, at_time }) = past else { return evaluate(self) };
        let Some(mut then) = self.then[phase.0].clone() else { return evaluate(self) };
        if at_time {
            (then.data, then.target) = (self.course.data, self.course.target);
        }
        self.as_then(then, evaluate)
    }

    /// Evaluates with the parameters of the end of the step before, and with what was presented then (R20.5).
    pub fn as_in_the_step_before(
        &mut self,
        cx: Context<'_>,
        evaluate: impl FnOnce(&mut Self) -> Evaluated,
    ) -> Evaluated {
        let before = match cx.phase {
            None => self.previous.clone().map(|(_, before)| before),
            // Nobody has kept what was presented in the step before that which is replayed (R20.15).
            Some(Past { at_time: true, .. }) => {
                let (data, target) = self.course.lasting();
                Some(Circumstances { parameters: self.parameters.clone(), data, target })
            }
            Some(Past { at_time: false, .. }) => None,
        };
        match before {
            Some(before) => self.as_then(before, evaluate),
            None => evaluate(self),
        }
    }

    fn as_then(&mut self, then: Circumstances, evaluate: impl FnOnce(&mut Self) -> Evaluated) -> Evaluated {
        let parameters = std::mem::replace(&mut self.parameters, then.parameters);
        let (data, target) = (self.course.data, self.course.target);
        (self.course.data, self.course.target) = (then.data, then.target);
        let found = evaluate(self);
        self.parameters = parameters;
        (self.course.data, self.course.target) = (data, target);
        found
    }

    /// A parameter as it is now.
    pub fn parameter(&self, id: ParameterId) -> Result<Value, Unavailable> {
        self.parameters.get(&id).copied().ok_or(Unavailable::NotBuilt)
    }

    fn weight(&mut self, synapse: SynapseId, transposed: bool, at: Span, cx: Context<'_>) -> Evaluated {
        let Evaluator::Synapse(reader, pre, post) = cx.reader else {
            unreachable!("resolution gives weights to synapses only")
        };
        let setting = self.setting;
        let found = setting.rule.beside(&setting.network, synapse, (reader, pre, post), transposed);
        let ((from, to), reciprocal) =
            found.map_err(|absent| Unavailable::NoWeight { synapse, absent, at })?;
        let value = self.parameter(ParameterId::Weight(synapse, from, to))?;
        let axes = cx.own;
        // A kernel is laid out alike in both directions.
        if axes == Axes::SHARED {
            let weight = self.own(value, cx);
            return Ok(self.of_synapse(weight, cx));
        }
        if !reciprocal || setting.rule.synapses[synapse.0].one_to_one {
            return Ok(self.of_synapse(Term { value, axes }, cx));
        }
        let one = self.b.constant(1.0, &[]);
        Ok(Term { value: self.b.contract("ji,->ij", value, one), axes })
    }

    /// The features of a sample that an input layer is told: those behind the ones of the layers before it (R15.10).
    fn data(&mut self, at: Span, cx: Context<'_>) -> Evaluated {
        let told = self.told("data", Role::Input, self.course.data, at, cx)?;
        let (layer, network) = (self.informed(cx), &self.setting.network);
        let (first, units) = (network.first_feature(layer), network.layers[layer].units);
        Ok(Term { value: self.b.range(told.value, 1, first, units), ..told })
    }

    /// The layer whose units know what is told.
    fn informed(&self, cx: Context<'_>) -> LayerId {
        cx.sender.map_or_else(|| self.layer(Place::Own, cx), |sender| sender.layer)
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
        let layer = self.informed(cx);
        let group = match (cx.sender, cx.reader) {
            (Some(group), _) | (None, Evaluator::Unit(group)) => Some(group),
            (None, Evaluator::Synapse(..) | Evaluator::Nobody) => None,
        };
        let resized = group.filter(|&group| !self.setting.rule.is_whole_layer(group));
        let resized = resized.map(|group| group.population);
        let informs = self.setting.network.layers[layer].role == role;
        let who = if role == Role::Input { "input" } else { "output" };
        match value {
            Some(value) if resized.is_none() && informs => {
                Ok(Term { value, axes: Axes::SAMPLE.union(Axes::UNIT) })
            }
            Some(_) | None => {
                let resized = resized.filter(|_| informs);
                Err(Unavailable::NotTold { what, who, layer, resized, at })
            }
        }
    }

    /// The activation of a group, or its derivative (R6.5).
    fn activation(
        &mut self,
        group: Group,
        primed: bool,
        x: Evaluated,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let setting = self.setting;
        let Some(activation) = setting.rule.activation(&setting.network, group) else {
            return if primed { Ok(term::number(&mut self.b, 1.0)) } else { x };
        };
        let settings: Vec<Option<Evaluated>> =
            activation.settings.iter().map(|s| s.map(|s| Ok(term::number(&mut self.b, s)))).collect();
        self.call(activation.function, primed, &[x], &settings, Some(group.layer), at, cx)
    }

    /// A function's value for given arguments, or its declared derivative.
    #[allow(
        clippy::too_many_arguments,
        reason = "a call is all of these; a struct would be built for one use"
    )]
    pub(super) fn call(
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
        let inside = Context { arguments, settings: &bound, ..cx };
        let value = self.evaluate(body, inside)?;
        match &function.derivative {
            Some(slope) if function.surrogate && !primed && self.gradients != Gradients::None => {
                let slope = self.evaluate(slope, inside)?;
                let argument = arguments[0].clone()?;
                Ok(self.led(value, argument, slope, &cx.extents))
            }
            Some(_) | None => Ok(value),
        }
    }

    /// The cost at the output units: of the activity (`loss`), or of the drive of a group (`cost`), through its activation (R6.7).
    fn cost(
        &mut self,
        primed: bool,
        drive: Option<Group>,
        x: Evaluated,
        at: Span,
        cx: Context<'_>,
    ) -> Evaluated {
        let setting = self.setting;
        let target = self.told("target", Role::Output, self.course.target, at, cx);
        let Some(cost) = setting.cost() else {
            unreachable!("a setting's cost is looked up when it is made")
        };
        let activity = match drive {
            Some(group) => self.activation(group, false, x.clone(), at, cx),
            None => x.clone(),
        };
        let arguments = [activity, target];
        let inside = Context { arguments: &arguments, settings: &[], ..cx };
        if !primed {
            return self.evaluate(&cost.body, inside);
        }
        // R6.8
        let activation = drive.and_then(|group| setting.rule.activation(&setting.network, group));
        let plain = activation.filter(|a| a.settings.iter().all(Option::is_none));
        if let Some((_, derivative)) = plain.and_then(|a| cost.after.iter().find(|(f, _)| *f == a.function)) {
            return self.evaluate(derivative, inside);
        }
        let missing = || Unavailable::NoDerivative { function: cost.name.clone(), layer: None, at };
        let outer = self.evaluate(cost.derivative.as_ref().ok_or_else(missing)?, inside)?;
        let Some(group) = drive else { return Ok(outer) };
        let inner = self.activation(group, true, x, at, cx)?;
        Ok(term::binary(&mut self.b, &cx.extents, BinaryOp::Mul, outer, inner))
    }

    /// What a presentation adds to a parameter, where a check asks.
    fn increment_of(&mut self, parameter: &Expr, cx: Context<'_>) -> Evaluated {
        std::mem::swap(&mut self.parameters, &mut self.increments);
        let found = self.evaluate(parameter, cx);
        std::mem::swap(&mut self.parameters, &mut self.increments);
        found
    }

    /// The opposite of a term.
    pub fn negate(&mut self, x: Term, extents: &Extents) -> Term {
        term::unary(&mut self.b, extents, UnaryOp::Neg, x)
    }
}

/// The largest exponent of a power that is products: six of them take less time than a logarithm and an exponential.
const LARGEST_POWER: u32 = 16;

/// The exponent of a power that is products (R5.9).
fn whole(exponent: f64) -> Option<u32> {
    (1..=LARGEST_POWER).find(|&n| f64::from(n) == exponent)
}
