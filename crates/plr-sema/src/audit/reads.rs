//! Which elements of which inputs an equation depends on, everything expanded: what the perturbation test tests.
//!
//! The expression is interpreted abstractly: its value is the set of inputs it depends on, each with the pattern of
//! elements as seen by the reader. What another unit sends is evaluated as that unit sees it, then widened to the
//! whole layer, because the reader hears all units of it. Definitions and functions are followed to their end; a
//! function's setting and a hyper-parameter are constants and no inputs.
//!
//! Patterns are per sample: a plasticity equation, reduced over the minibatch, reads these elements of every sample,
//! but no sample's contribution reads another sample, unless the pattern is `Batch`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use plr_ir::model::{self, Count, Owner, Pattern, Reading};
use plr_ir::types::Location;
use plr_syntax::span::Span;

use super::operations::products;
use super::pattern::{
    along_edge, by_all_synapses, by_all_units, by_channel, by_near_units, by_only_synapse, by_presynaptic,
    join,
};
use super::subject::source_name;
use crate::equation::{self, Instance, Site, Source};
use crate::group::{Evaluator, Group, groups_of};
use crate::hir::{
    Dynamics, Expr, ExprKind, Filter, Function, Learned, Past, Place, PopulationId, Rule, Share, SynapseId,
    VariableId, VariableKind,
};
use crate::lower::Defined;
use crate::lower::written_out::written_out;
use crate::memory::{Memory, UPDATES, filterings};
use crate::network::{LayerId, Network};
use crate::resolve::{Library, layer_among, several_layers};
use crate::winner::sent_up;

/// An input of an equation's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// A state of a layer, now or in the past.
    State(VariableId, LayerId, Option<Past>),
    /// A unit parameter of a layer.
    Parameter(VariableId, LayerId),
    /// The weights of an instance of a synapse.
    Weight(SynapseId, (LayerId, LayerId)),
    /// The traces of an instance of a synapse, now or in the past.
    Trace(SynapseId, (LayerId, LayerId), Option<Past>),
    /// A filter's memory.
    Memory(Memory),
    /// The number of presentations so far.
    Updates,
    /// Where in training the presentation is.
    Count(Count),
    /// The minibatch's inputs, as far as an input layer is told them.
    Data(LayerId),
    /// The minibatch's targets.
    Target,
}

impl Input {
    /// `s/h1`, `s/h1@free`, `s/h1@forward at time`, `P.b/h1`, `W/input->h1`, `data`, `target`
    pub fn name(self, rule: &Rule, library: &Library, network: &Network) -> String {
        let at = |variable, layer: LayerId| {
            format!("{}/{}", rule.variable_name(variable), network.layers[layer].name)
        };
        let between =
            |synapse: SynapseId, edge| format!("{}/{}", rule.synapse_name(synapse), network.edge_name(edge));
        let then = |name: String, past: Option<Past>| match past {
            Some(past) => format!("{name}@{}", past.name(rule)),
            None => name,
        };
        match self {
            Self::State(variable, layer, phase) => then(at(variable, layer), phase),
            Self::Parameter(variable, layer) => at(variable, layer),
            Self::Weight(synapse, edge) => between(synapse, edge),
            Self::Trace(synapse, edge, phase) => then(between(synapse, edge), phase),
            Self::Memory(memory) => {
                let called = filterings(rule, library).into_iter().find(|f| f.place == memory.place);
                let group = called.map(|f| f.group(memory.index));
                format!("{}/{}", group.unwrap_or_default(), memory.site.name(network))
            }
            Self::Updates => UPDATES.to_owned(),
            Self::Count(count) => count.name().to_owned(),
            Self::Data(_) => "data".to_owned(),
            Self::Target => "target".to_owned(),
        }
    }

    /// The part of what has its name that it is, if it is not all: the features that one of several input layers is told.
    fn part(self, network: &Network) -> Option<Range<usize>> {
        let Self::Data(layer) = self else { return None };
        let (first, units) = (network.first_feature(layer), network.layers[layer].units);
        (units < network.features()).then_some(first..first + units)
    }

    /// Whether it has a value for each sample.
    fn has_samples(self) -> bool {
        match self {
            Self::State(..) | Self::Trace(..) | Self::Data(_) | Self::Target => true,
            Self::Parameter(..) | Self::Weight(..) | Self::Memory(_) | Self::Updates | Self::Count(_) => {
                false
            }
        }
    }
}

/// What a value depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads(BTreeMap<Input, Pattern>);

impl Reads {
    fn one(input: Input, pattern: Pattern) -> Self {
        Self(BTreeMap::from([(input, pattern)]))
    }

    fn add(&mut self, other: Self) {
        for (input, pattern) in other.0 {
            self.0.entry(input).and_modify(|p| *p = join(*p, pattern)).or_insert(pattern);
        }
    }

    fn map(mut self, change: impl Fn(Input, Pattern) -> Pattern) -> Self {
        self.0.iter_mut().for_each(|(&input, pattern)| *pattern = change(input, *pattern));
        self
    }

    fn by_all_units(self) -> Self {
        self.map(|_, pattern| by_all_units(pattern))
    }

    /// The inputs and their patterns in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (Input, Pattern)> {
        self.0.iter().map(|(&input, &pattern)| (input, pattern))
    }
}

/// One arrival, as written, at one instance of its synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// Where it is written.
    pub span: Span,
    /// The instance, as (presynaptic, postsynaptic) layers.
    pub edge: (LayerId, LayerId),
    /// Of which synapse.
    pub synapse: SynapseId,
    /// Read against its direction.
    pub transposed: bool,
    /// How many products with what is sent each synapse adds up.
    pub products: u64,
    /// With the values at the end of that phase.
    pub phase: Option<Past>,
}

/// What the names of an expression mean around it.
#[derive(Clone, Copy)]
struct Scope<'s> {
    here: Evaluator,
    /// Inside a definition read at the end of a phase.
    phase: Option<Past>,
    /// Inside a function.
    arguments: &'s [Reads],
    settings: &'s [Reads],
    /// Inside a function that is about a part of a layer.
    share: Share,
}

/// Evaluates expressions to what they depend on.
pub struct Reader<'a> {
    rule: &'a Rule,
    library: &'a Library,
    network: &'a Network,
    definitions: HashMap<(Defined, Option<Past>), Reads>,
    arrivals: BTreeSet<Arrival>,
    /// The layer that a reduction over several of them is at.
    among: Option<LayerId>,
}

impl<'a> Reader<'a> {
    /// A reader that has seen no equation yet.
    pub fn new(rule: &'a Rule, library: &'a Library, network: &'a Network) -> Self {
        Self { rule, library, network, definitions: HashMap::new(), arrivals: BTreeSet::new(), among: None }
    }

    /// What an expression depends on.
    pub fn at(&mut self, here: Evaluator, expr: &Expr) -> Reads {
        self.eval(expr, Scope { here, phase: None, arguments: &[], settings: &[], share: Share::Layer })
    }

    /// What an equation depends on at a site.
    pub fn of(&mut self, instance: &Instance<'_>) -> Reads {
        let target = instance.source.target();
        self.at(self.rule.evaluator(target, instance.site), instance.source.value())
    }

    /// What the equation of a state depends on in a layer.
    pub fn of_state(&mut self, layer: LayerId, dynamics: &Dynamics) -> Reads {
        self.at(Evaluator::Unit(self.rule.group(dynamics.variable, layer)), &dynamics.value)
    }

    /// All arrivals that had to be known so far, the same one once.
    pub fn arrivals(&self) -> &BTreeSet<Arrival> {
        &self.arrivals
    }

    fn eval(&mut self, expr: &Expr, scope: Scope<'_>) -> Reads {
        match &expr.kind {
            ExprKind::Number(_)
            | ExprKind::Hyper(_)
            | ExprKind::Distance { .. }
            | ExprKind::Coordinate { .. }
            | ExprKind::Draw(_) => Reads::default(),
            ExprKind::Time { .. } => Reads::default(),
            ExprKind::Updates => Reads::one(Input::Updates, Pattern::All),
            &ExprKind::Count(count) => Reads::one(Input::Count(count), Pattern::All),
            ExprKind::Filtered { filter, increment, place, .. } => {
                let mut reads = self.eval(increment, scope);
                if let Some(filter) = filter {
                    reads.add(self.memories(&self.library.filters[filter.0], *place, scope.here));
                }
                reads
            }
            &ExprKind::Variable { place, variable, past } => {
                self.variable(place, variable, past.or(scope.phase), scope.here)
            }
            &ExprKind::Weight { synapse, transposed } => self.weight(synapse, transposed, scope.here),
            &ExprKind::Trace(synapse, phase) => self.trace(synapse, phase.or(scope.phase), scope.here),
            ExprKind::Arrive { synapse, transposed, weight, sent, .. } => {
                self.arrive((*synapse, *transposed), (weight, sent), expr.span, scope)
            }
            &ExprKind::Signal(signal, phase) => {
                let phase = phase.or(scope.phase);
                let value = &self.rule.signals[signal.0].value;
                self.defined(Defined::Signal(signal), Evaluator::Nobody, phase, Some(value))
            }
            ExprKind::Data => {
                let (layer, sight) = self.locate(None, scope.here);
                Reads::one(Input::Data(layer), sight)
            }
            ExprKind::Target => Reads::one(Input::Target, self.sight(None, scope.here)),
            ExprKind::Activation { primed, argument } => {
                let owner = self.owner(argument, scope.here);
                let argument = self.eval(argument, scope);
                self.activate(owner, *primed, argument)
            }
            ExprKind::Cost { of_drive, argument, .. } => self.cost(*of_drive, argument, scope),
            ExprKind::Call { .. } => self.call(expr, scope.share, scope),
            ExprKind::Over(part, reduced) => {
                let share = self.rule.share(part, self.library);
                let (ExprKind::Layer(_, a) | ExprKind::Rank(a) | ExprKind::RunningSum(a)) = &reduced.kind
                else {
                    return self.call(reduced, share, scope);
                };
                let reads = self.eval(a, scope);
                self.by_units_of(share, scope.here, reads)
            }
            ExprKind::Beside { population, together, value } => {
                self.beside(*population, together.is_some(), value, scope)
            }
            &ExprKind::Argument(i) => scope.arguments.get(i).cloned().unwrap_or_default(),
            &ExprKind::Setting(i) => scope.settings.get(i).cloned().unwrap_or_default(),
            ExprKind::Layer(_, argument) | ExprKind::Rank(argument) | ExprKind::RunningSum(argument) => {
                let Some(layers) = several_layers(argument, self.rule, self.network) else {
                    let reads = self.eval(argument, scope);
                    return self.by_units_of(scope.share, scope.here, reads);
                };
                let mut reads = Reads::default();
                for layer in layers {
                    let outside = self.among.replace(layer);
                    reads.add(self.eval(argument, scope));
                    self.among = outside;
                }
                reads.by_all_units()
            }
            ExprKind::Batch(_, argument) | ExprKind::Shift(argument) | ExprKind::Shuffle(argument) => {
                let all_samples =
                    |input: Input, pattern| if input.has_samples() { Pattern::Batch } else { pattern };
                self.eval(argument, scope).map(all_samples)
            }
            ExprKind::Cut(_)
            | ExprKind::Increment(_)
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::PoissonQuantile(..)
            | ExprKind::Compare(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Not(_)
            | ExprKind::If(..) => {
                let mut reads = Reads::default();
                expr.for_each_child(|child| reads.add(self.eval(child, scope)));
                reads
            }
        }
    }

    /// A function, about a part of the layer or all of it; what it is given is read as around it.
    fn call(&mut self, called: &Expr, share: Share, scope: Scope<'_>) -> Reads {
        let ExprKind::Call { function, primed, arguments, settings, .. } = &called.kind else {
            return Reads::default();
        };
        let function = &self.library.functions[function.0];
        let arguments: Vec<_> = arguments.iter().map(|a| self.eval(a, scope)).collect();
        let given =
            |s: &Option<Expr>, this: &mut Self| s.as_ref().map(|s| this.eval(s, scope)).unwrap_or_default();
        let settings: Vec<_> = settings.iter().map(|s| given(s, self)).collect();
        let inside = Scope { arguments: &arguments, settings: &settings, share, ..scope };
        self.eval(value_of(function, *primed), inside)
    }

    /// What a unit reads through the units of a part of its layer, each of which reads this.
    fn by_units_of(&self, share: Share, here: Evaluator, reads: Reads) -> Reads {
        match (share, here) {
            (Share::Groups { size, .. }, Evaluator::Unit(own)) => {
                let [channels, places] = self.rule.channels_and_places(self.network, own);
                // Where there are no such groups the equation has no value.
                let size = groups_of(size, channels).unwrap_or(channels);
                self.near((size, size, places), reads)
            }
            _ => reads.by_all_units(),
        }
    }

    /// What a unit reads through the units near it.
    fn near(&self, near: (usize, usize, usize), reads: Reads) -> Reads {
        let (_, _, places) = near;
        // The units of a channel share their parameters.
        let shared = |input| places > 1 && matches!(input, Input::Parameter(..));
        reads.map(
            |input, pattern| {
                if shared(input) { by_all_units(pattern) } else { by_near_units(near, pattern) }
            },
        )
    }

    /// What a unit reads of those that belong to it, or of the one to which it belongs.
    fn beside(&mut self, population: PopulationId, members: bool, value: &Expr, scope: Scope<'_>) -> Reads {
        let Evaluator::Unit(own) = scope.here else { return Reads::default() };
        let others = Group { population, layer: own.layer };
        let reads = self.eval(value, Scope { here: Evaluator::Unit(others), ..scope });
        let [channels, places] = self.rule.channels_and_places(self.network, own);
        let [theirs, _] = self.rule.channels_and_places(self.network, others);
        let ratio = |many: usize, few: usize| many.checked_div(few).unwrap_or(1);
        let near =
            if members { (1, ratio(theirs, channels), places) } else { (ratio(channels, theirs), 1, places) };
        self.near(near, reads)
    }

    /// The layer of a place, and how the elements of the unit there are seen from `here`.
    fn locate(&self, place: Option<Place>, here: Evaluator) -> (LayerId, Pattern) {
        match (place, here) {
            (Some(place @ (Place::Hidden | Place::Input)), _) => {
                (layer_among(place, self.among, self.network), Pattern::Layer)
            }
            (Some(Place::Output), _) | (_, Evaluator::Nobody) => (self.network.output(), Pattern::Layer),
            (_, Evaluator::Unit(own)) => (own.layer, Pattern::Own),
            (Some(Place::Pre), Evaluator::Synapse(_, pre, _)) => (pre.layer, Pattern::Presynaptic),
            (Some(Place::Post | Place::Own | Place::Sender) | None, Evaluator::Synapse(_, _, post)) => {
                (post.layer, Pattern::Own)
            }
        }
    }

    fn sight(&self, place: Option<Place>, here: Evaluator) -> Pattern {
        self.locate(place, here).1
    }

    /// The units whose variables an expression has; its evaluator's if it has none.
    fn owner(&self, expr: &Expr, here: Evaluator) -> Group {
        match (expr.first_variable(), here) {
            (Some((place, variable)), _) => self.rule.group(variable, self.locate(Some(place), here).0),
            (None, Evaluator::Unit(own) | Evaluator::Synapse(_, _, own)) => own,
            (None, Evaluator::Nobody) => {
                Group { population: PopulationId::LAYER, layer: self.network.output() }
            }
        }
    }

    fn variable(
        &mut self,
        place: Place,
        variable: VariableId,
        phase: Option<Past>,
        here: Evaluator,
    ) -> Reads {
        let (layer, sight) = self.locate(Some(place), here);
        let reads = self.of_unit(variable, layer, phase);
        match sight {
            Pattern::Own => reads,
            Pattern::Presynaptic => reads.map(|_, pattern| by_presynaptic(pattern)),
            Pattern::Near { .. }
            | Pattern::Layer
            | Pattern::Row
            | Pattern::Column
            | Pattern::Entry
            | Pattern::Reciprocal
            | Pattern::All
            | Pattern::Batch => reads.by_all_units(),
        }
    }

    /// What a variable of a unit depends on, as that unit sees it.
    fn of_unit(&mut self, variable: VariableId, layer: LayerId, phase: Option<Past>) -> Reads {
        let kind = &self.rule.variables[variable.0].kind;
        match kind {
            VariableKind::State(_) => Reads::one(Input::State(variable, layer, phase), Pattern::Own),
            VariableKind::Param(_) => Reads::one(Input::Parameter(variable, layer), Pattern::Own),
            VariableKind::Let(_) => {
                let here = Evaluator::Unit(self.rule.group(variable, layer));
                let value = equation::definition(kind, self.network, layer);
                self.defined(Defined::Let(variable, layer), here, phase, value)
            }
        }
    }

    /// What a definition depends on, found once.
    fn defined(
        &mut self,
        defined: Defined,
        here: Evaluator,
        phase: Option<Past>,
        value: Option<&Expr>,
    ) -> Reads {
        let key = (defined, phase);
        if let Some(known) = self.definitions.get(&key) {
            return known.clone();
        }
        // Definitions that need themselves are rejected before; this entry ends the recursion all the same.
        self.definitions.insert(key, Reads::default());
        let scope = Scope { here, phase, arguments: &[], settings: &[], share: Share::Layer };
        let reads = value.map(|value| self.eval(value, scope)).unwrap_or_default();
        self.definitions.insert(key, reads.clone());
        reads
    }

    /// The reader's own trace.
    fn trace(&self, synapse: SynapseId, phase: Option<Past>, here: Evaluator) -> Reads {
        let Evaluator::Synapse(_, pre, post) = here else { return Reads::default() };
        Reads::one(Input::Trace(synapse, (pre.layer, post.layer), phase), Pattern::Entry)
    }

    fn weight(&self, synapse: SynapseId, transposed: bool, here: Evaluator) -> Reads {
        // Resolution lets only synapses' equations name a bare weight.
        let Evaluator::Synapse(reader, pre, post) = here else { return Reads::default() };
        let found = self.rule.beside(self.network, synapse, (reader, pre, post), transposed);
        let Ok((edge, reciprocal)) = found else { return Reads::default() };
        // A kernel is laid out alike in both directions.
        let along = self.rule.along(self.network, synapse, edge);
        let shared = along.is_some_and(|along| along.kernel().is_some());
        let pattern = if reciprocal && !shared { Pattern::Reciprocal } else { Pattern::Entry };
        Reads::one(Input::Weight(synapse, edge), pattern)
    }

    /// A filter's memories at the site of what it filters, and perhaps the number of the presentation.
    fn memories(&self, filter: &Filter, place: u32, here: Evaluator) -> Reads {
        let (site, pattern) = match here {
            Evaluator::Unit(own) => (Site::Layer(own.layer), Pattern::Own),
            Evaluator::Synapse(_, pre, post) => (Site::Edge(pre.layer, post.layer), Pattern::Entry),
            Evaluator::Nobody => return Reads::default(),
        };
        let mut reads = Reads::default();
        let calls = filterings(self.rule, self.library);
        let counts = calls.iter().any(|call| call.place == place && call.counts);
        for index in 0..filter.memories.len() + usize::from(counts) {
            reads.add(Reads::one(Input::Memory(Memory { place, index, site }), pattern));
        }
        if filter.counts_updates() && !counts {
            reads.add(Reads::one(Input::Updates, Pattern::All));
        }
        reads
    }

    fn arrive(
        &mut self,
        (synapse, transposed): (SynapseId, bool),
        (weight, sent): (&Expr, &Expr),
        span: Span,
        scope: Scope<'_>,
    ) -> Reads {
        let one_to_one = self.rule.synapses[synapse.0].one_to_one;
        let mut reads = Reads::default();
        for edge in self.rule.instances(self.network, synapse) {
            let (pre, post) = self.rule.joined(synapse, edge);
            let (near, sender) = if transposed { (pre, post) } else { (post, pre) };
            if Evaluator::Unit(near) == scope.here {
                let along = self.rule.along(self.network, synapse, edge);
                let at_kernel = along.is_some_and(|along| along.kernel().is_some());
                let products = products(&written_out(weight, self.library, at_kernel), at_kernel);
                self.arrivals.insert(Arrival {
                    span,
                    edge,
                    synapse,
                    transposed,
                    products,
                    phase: scope.phase,
                });
                let along = self.rule.along(self.network, synapse, edge);
                let weights =
                    self.eval(weight, Scope { here: Evaluator::Synapse(synapse, pre, post), ..scope });
                reads.add(weights.map(|_, pattern| match one_to_one {
                    true => by_only_synapse(pattern),
                    false => by_all_synapses(pattern, along.as_ref(), transposed),
                }));
                let sent = self.eval(sent, Scope { here: Evaluator::Unit(sender), ..scope });
                reads.add(if one_to_one { sent } else { sent.by_all_units() });
                if along.is_some_and(|along| along.brings_down_largest(transposed))
                    && let Some(sent) = sent_up(self.rule, self.network, near, sender)
                {
                    let sent = self.eval(sent, Scope { here: Evaluator::Unit(near), ..scope });
                    reads.add(sent.by_all_units());
                }
            }
        }
        reads
    }

    fn activate(&mut self, owner: Group, primed: bool, argument: Reads) -> Reads {
        match self.rule.activation(self.network, owner) {
            None if primed => Reads::default(),
            None => argument,
            Some(activation) => {
                let value = value_of(&self.library.functions[activation.function.0], primed);
                self.eval(
                    value,
                    Scope {
                        here: Evaluator::Unit(owner),
                        phase: None,
                        arguments: &[argument],
                        settings: &[],
                        share: Share::Layer,
                    },
                )
            }
        }
    }

    /// The cost of a unit reads its activity, or its drive and what the activation reads of that, and its target. By the
    /// drive it depends on whatever the activation makes of that, and with it on the targets of these units.
    fn cost(&mut self, of_drive: bool, argument: &Expr, scope: Scope<'_>) -> Reads {
        let sight = self.locate(argument.first_variable().map(|(place, _)| place), scope.here).1;
        let mut reads = self.eval(argument, scope);
        reads.add(Reads::one(Input::Target, sight));
        if of_drive {
            let owner = self.owner(argument, scope.here);
            reads.add(self.activate(owner, false, reads.clone()));
        }
        reads
    }
}

/// The body of a function, or its derivative.
fn value_of(function: &Function, primed: bool) -> &Expr {
    match &function.derivative {
        Some(derivative) if primed => derivative,
        Some(_) | None => &function.body,
    }
}

/// An equation at a site with exactly the inputs its owner may read. The location is the first byte of its text.
pub fn equation(
    rule: &Rule,
    library: &Library,
    network: &Network,
    instance: &Instance<'_>,
) -> model::Equation {
    let (value, span, owner) = match instance.source {
        Source::Dynamics(_, dynamics) => (&dynamics.value, dynamics.span, Owner::Unit),
        Source::Trace(_, tracing) => (&tracing.value, tracing.span, Owner::Synapse),
        Source::Plasticity(plasticity) => {
            let owner = match plasticity.target {
                Learned::Synapse(_) => Owner::Synapse,
                Learned::Unit(_) => Owner::UnitParameter,
            };
            (&plasticity.increment, plasticity.span, owner)
        }
    };
    let target = instance.source.target();
    let reads = Reader::new(rule, library, network).at(rule.evaluator(target, instance.site), value);
    let along = match target {
        Learned::Synapse(synapse) => rule.along(network, synapse, instance.site.ends()),
        Learned::Unit(_) => None,
    };
    let reads = match along {
        Some(along) => reads.map(|_, pattern| along_edge(pattern, &along)),
        None if owner == Owner::UnitParameter => reads.map(|_, pattern| by_channel(pattern)),
        None => reads,
    };
    let reading = |(input, pattern): (Input, Pattern)| Reading {
        input: input.name(rule, library, network),
        pattern,
        part: input.part(network),
    };
    model::Equation {
        name: format!("{} at {}", source_name(rule, instance.source), instance.site.name(network)),
        owner,
        reads: reads.iter().map(reading).collect(),
        location: Location(span.start),
    }
}
