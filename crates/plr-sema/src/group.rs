//! Which units a population has in a layer, and which of them synapses join.

use plr_ir::geometry::{Convolution, Grid, Pooling};
use plr_ir::program::PoolKind;
use plr_ir::types::count;
use plr_syntax::diagnostic::Findings;

use crate::check::bad_value::BadValue;
use crate::check::shape_mismatch::{ShapeMismatch, Shapes};
use crate::equation::{self, Site};
use crate::hir::{
    Expr, ExprKind, Learned, Population, PopulationId, Relative, Rule, Share, Size, Synapse, SynapseId,
    VariableId,
};
use crate::lower::trace;
use crate::network::{Activation, Join, LayerId, Network};
use crate::resolve::{Constants, Library, MOST_UNITS, constant, number_of_units};

/// A population in a layer: units that share an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    /// The population.
    pub population: PopulationId,
    /// The layer.
    pub layer: LayerId,
}

/// Who evaluates an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evaluator {
    /// Each unit of a group.
    Unit(Group),
    /// Each synapse of a projection, from the units of the first group to those of the second.
    Synapse(SynapseId, Group, Group),
    /// Nobody in particular, once for the whole network: a signal or a prediction.
    Nobody,
}

/// How synapses between two groups run along an edge that does more than join every unit with every other (R4.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Along {
    /// What the edge does.
    pub join: Join,
    /// Whether the synapses run the edge's way: the presynaptic units are then those of the layer below.
    pub upward: bool,
}

impl Along {
    /// The pooling at one end, if the units of this end are pooled: those of the layer below.
    pub fn pool_at(&self, presynaptic: bool) -> Option<(PoolKind, Pooling)> {
        self.join.pool.filter(|_| presynaptic == self.upward)
    }

    /// Whether what comes through the synapses, against their direction or not, goes down to the largest of windows.
    pub fn brings_down_largest(&self, transposed: bool) -> bool {
        self.upward == transposed && self.join.pool.is_some_and(|(kind, _)| kind == PoolKind::Max)
    }

    /// The kernel, if the weights are shared.
    pub fn kernel(&self) -> Option<Convolution> {
        self.join.kernel
    }

    /// How many units of a group of so many the synapses see at one end: fewer than there are if they are pooled.
    pub fn seen(&self, units: usize, presynaptic: bool) -> usize {
        let pooled = self.pool_at(presynaptic).and_then(|(_, pooling)| pooling.high());
        pooled.map_or(units, Grid::units)
    }
}

/// How the weights of an instance of a synapse stand. Those of two projections are of the same pairs of units only where they
/// stand alike (R5.6, R4.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    one_to_one: bool,
    along: Option<Along>,
}

impl Form {
    /// The form of what runs the other way between the same units. A kernel is laid out by the edge, whichever way it runs.
    fn turned(self) -> Self {
        let along = self.along.map(|along| Along { upward: !along.upward, ..along });
        Self { along, ..self }
    }
}

/// Why a synapse has no weight between the two units of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It joins no such groups.
    Nowhere,
    /// It joins them in another form.
    OtherForm,
}

impl Absent {
    /// What is wrong where that weight is named.
    pub fn shapes(self, synapse: String) -> Shapes {
        match self {
            Self::Nowhere => Shapes::NoWeight { synapse },
            Self::OtherForm => Shapes::OtherForm { synapse },
        }
    }
}

/// A size of groups into which a number of units fall (R5.21).
pub fn groups_of(size: f64, units: usize) -> Option<usize> {
    let whole = size.fract() == 0.0 && size >= 1.0 && size <= units as f64;
    Some(size as usize).filter(|&size| whole && units.is_multiple_of(size))
}

impl Size {
    /// The layer whose size and activation units of this size have in a layer; none where there are no such units (R3.9).
    pub fn model(self, network: &Network, layer: LayerId) -> Option<LayerId> {
        match self {
            Self::Layer | Self::Count(_) => Some(layer),
            Self::Like(relative) | Self::Times(relative, _) => {
                network.relatives(layer, relative).first().copied()
            }
        }
    }

    /// How many units there are for each unit of that layer.
    fn times(self) -> usize {
        match self {
            Self::Times(_, times) => times,
            Self::Layer | Self::Like(_) | Self::Count(_) => 1,
        }
    }

    /// The number of units in a layer.
    pub fn units(self, network: &Network, layer: LayerId) -> usize {
        match self {
            Self::Count(units) => units,
            Self::Layer | Self::Like(_) | Self::Times(..) => {
                let units = self.model(network, layer).map_or(0, |model| network.layers[model].units);
                units.saturating_mul(self.times())
            }
        }
    }
}

impl Rule {
    /// The rule with these values of its hyper-parameters, which sizes of populations follow (R3.13). A number that is none of
    /// units counts as 1 until it is found.
    pub fn with_constants(&self, constants: Constants, library: &Library) -> Self {
        let mut rule = Self { constants, ..self.clone() };
        for population in &mut rule.populations {
            let Some(number) = &population.number else { continue };
            let units = constant(number, &rule.constants, library).and_then(number_of_units).unwrap_or(1);
            population.size = match population.size {
                Size::Times(relative, _) => Size::Times(relative, units),
                Size::Count(_) | Size::Layer | Size::Like(_) => Size::Count(units),
            };
        }
        rule
    }

    /// The size of a population.
    pub fn size(&self, population: PopulationId) -> Size {
        self.populations.get(population.0).map_or(Size::Layer, |p| p.size)
    }

    /// Who has a variable or a synaptic quantity at a site, and evaluates its equations.
    pub fn evaluator(&self, target: Learned, site: Site) -> Evaluator {
        match target {
            Learned::Unit(variable) => Evaluator::Unit(self.group(variable, site.owner())),
            Learned::Synapse(synapse) => {
                let (pre, post) = self.joined(synapse, site.ends());
                Evaluator::Synapse(synapse, pre, post)
            }
        }
    }

    /// How many of them there are.
    pub fn owners(&self, network: &Network, target: Learned, site: Site) -> usize {
        match target {
            Learned::Unit(variable) => self.units(network, self.group(variable, site.owner())),
            Learned::Synapse(synapse) => self.pairs(network, synapse, site.ends()),
        }
    }

    /// The units that a variable has in a layer.
    pub fn group(&self, variable: VariableId, layer: LayerId) -> Group {
        Group { population: self.variables[variable.0].population, layer }
    }

    /// The groups that an instance of a synapse joins, the presynaptic one first.
    pub fn joined(&self, synapse: SynapseId, (pre, post): (LayerId, LayerId)) -> (Group, Group) {
        let synapse = &self.synapses[synapse.0];
        let group = |population, layer| Group { population, layer };
        (group(synapse.from.population, pre), group(synapse.to.population, post))
    }

    /// The number of units of a group; 0 where the population does not exist.
    pub fn units(&self, network: &Network, group: Group) -> usize {
        self.size(group.population).units(network, group.layer)
    }

    /// The layer whose units those of a group stand for, one for each or a number for each (R3.9); none for a given number of
    /// units.
    pub fn model(&self, network: &Network, group: Group) -> Option<LayerId> {
        match self.size(group.population) {
            Size::Count(_) => None,
            size @ (Size::Layer | Size::Like(_) | Size::Times(..)) => size.model(network, group.layer),
        }
    }

    /// How many units of a group stand for each unit of that layer.
    pub fn times(&self, group: Group) -> usize {
        self.size(group.population).times()
    }

    /// Whether a group has units.
    pub fn exists(&self, network: &Network, group: Group) -> bool {
        self.size(group.population).model(network, group.layer).is_some()
    }

    /// The activation of a group: that of the layer it is modelled after (R6.5).
    pub fn activation<'n>(&self, network: &'n Network, group: Group) -> Option<&'n Activation> {
        let model = self.size(group.population).model(network, group.layer)?;
        network.layers[model].activation.as_ref()
    }

    /// Whether a group has exactly the units of its layer, which are told the sample's data and target.
    pub fn is_whole_layer(&self, group: Group) -> bool {
        self.size(group.population) == Size::Layer
    }

    /// The instances of a synapse, as (presynaptic, postsynaptic) layers: those at whose ends there are units (R4.1).
    pub fn instances(&self, network: &Network, synapse: SynapseId) -> Vec<(LayerId, LayerId)> {
        let declared = &self.synapses[synapse.0];
        let mut pairs = network.instances(declared.from, declared.to);
        pairs.retain(|&pair| {
            let (pre, post) = self.joined(synapse, pair);
            let there = |group| match declared.kernel {
                Some(_) => self.space(network, group).is_some(),
                None => self.exists(network, group),
            };
            there(pre) && there(post)
        });
        pairs
    }

    /// The kernel of an instance of a synapse that has one of its own: every unit of a place hears those around that place (R4.16).
    fn own_kernel(&self, network: &Network, synapse: SynapseId, pair: (LayerId, LayerId)) -> Option<Along> {
        let kernel = self.synapses[synapse.0].kernel?;
        let (pre, post) = self.joined(synapse, pair);
        let (low, high) = (self.space(network, pre)?, self.space(network, post)?);
        let (channels, padding) = (high.channels, kernel / 2);
        let kernel = Convolution { low, channels, kernel, stride: 1, padding, local: false };
        Some(Along { join: Join { pool: None, kernel: Some(kernel) }, upward: true })
    }

    /// What an instance of a synapse runs along, if it has a kernel of its own, or if its edge has pooling or a kernel: between
    /// populations that are modelled after the edge's layers, one way or the other (R4.12).
    pub fn along(&self, network: &Network, synapse: SynapseId, pair: (LayerId, LayerId)) -> Option<Along> {
        let declared = &self.synapses[synapse.0];
        let far = |relative| matches!(relative, Relative::Input | Relative::Output);
        if declared.one_to_one || far(declared.from.layer) || far(declared.to.layer) {
            return None;
        }
        if declared.kernel.is_some() {
            return self.own_kernel(network, synapse, pair);
        }
        let (pre, post) = self.joined(synapse, pair);
        let models = (self.model(network, pre)?, self.model(network, post)?);
        let times = (self.times(pre), self.times(post));
        let along = |edge, (below, above), upward| {
            network.joins.get(&edge).map(|join| Along { join: join.times(below, above), upward })
        };
        let turned = |(a, b)| (b, a);
        along(models, times, true).or_else(|| along(turned(models), turned(times), false))
    }

    /// The shape of the weights of an instance of a synapse: one row for each postsynaptic unit; one to one, one number;
    /// with a kernel, its channels above and below, its rows and columns (R4.3, R4.9, R4.12).
    pub fn weight_dims(&self, network: &Network, synapse: SynapseId, pair: (LayerId, LayerId)) -> Vec<usize> {
        let (pre, post) = self.joined(synapse, pair);
        let (pre, post) = (self.units(network, pre), self.units(network, post));
        if self.synapses[synapse.0].one_to_one {
            return vec![post];
        }
        match self.along(network, synapse, pair) {
            None => vec![post, pre],
            Some(along) => match along.kernel() {
                Some(kernel) => kernel.kernel_dims().to_vec(),
                None => vec![along.seen(post, false), along.seen(pre, true)],
            },
        }
    }

    /// The number of weights of an instance of a synapse.
    pub fn weights(&self, network: &Network, synapse: SynapseId, pair: (LayerId, LayerId)) -> usize {
        count(&self.weight_dims(network, synapse, pair))
    }

    /// The number of pairs of units that an instance of a synapse joins: with a kernel, several share a weight.
    pub fn pairs(&self, network: &Network, synapse: SynapseId, pair: (LayerId, LayerId)) -> usize {
        let kernel = self.along(network, synapse, pair).and_then(|along| along.kernel());
        kernel.map_or_else(|| self.weights(network, synapse, pair), |kernel| kernel.pairs())
    }

    /// The channels, rows and columns of the units of a group (R15.7).
    pub fn space(&self, network: &Network, group: Group) -> Option<Grid> {
        network.layers[self.model(network, group)?].space.map(|space| space.times(self.times(group)))
    }

    /// The channels, and the places of each; without rows and columns each unit is a channel of one place.
    pub fn channels_and_places(&self, network: &Network, group: Group) -> [usize; 2] {
        let space = self.space(network, group);
        space.map_or([self.units(network, group), 1], |space| [space.channels, space.positions()])
    }

    /// The least number of units that falls into groups of all sizes that the rule has (R5.21).
    pub fn common_group(&self, library: &Library) -> usize {
        let mut sizes = Vec::new();
        equation::expressions(self).for_each(|expr| self.groups(expr, library, &mut sizes));
        sizes.into_iter().fold(1, |common: usize, size| {
            let larger = (1..=size).map(|times| common.saturating_mul(times));
            larger.into_iter().find(|units| units.is_multiple_of(size)).unwrap_or(common)
        })
    }

    fn groups(&self, expr: &Expr, library: &Library, found: &mut Vec<usize>) {
        if let ExprKind::Over(part, _) = &expr.kind
            && let Share::Groups { size, .. } = self.share(part, library)
        {
            found.extend(number_of_units(size));
        }
        if let ExprKind::Call { function, .. } = &expr.kind {
            self.groups(&library.functions[function.0].body, library, found);
        }
        expr.for_each_child(|child| self.groups(child, library, found));
    }

    /// The space of a group, if the units of a channel share their parameters (R3.10).
    pub fn sharing(&self, network: &Network, group: Group) -> Option<Grid> {
        let local = network.layers[self.model(network, group)?].local;
        self.space(network, group).filter(|_| !local)
    }

    /// The number of values of a parameter of the units of a group: one for each, or for each channel.
    pub fn values(&self, network: &Network, group: Group) -> usize {
        self.sharing(network, group).map_or_else(|| self.units(network, group), |space| space.channels)
    }

    /// The instance of a synapse whose weight the equation of another, or of itself, reads between the same two groups, and
    /// whether it runs the other way: the parallel one, or the reciprocal one where the text says `.T` or there is no
    /// other. It joins the units as the reader does (R5.6).
    pub fn beside(
        &self,
        network: &Network,
        synapse: SynapseId,
        (reader, pre, post): (SynapseId, Group, Group),
        transposed: bool,
    ) -> Result<((LayerId, LayerId), bool), Absent> {
        let instances = self.instances(network, synapse);
        let joins = |pair, ends| instances.contains(&pair) && self.joined(synapse, pair) == ends;
        let (parallel, reciprocal) = ((pre.layer, post.layer), (post.layer, pre.layer));
        let found = match !transposed && joins(parallel, (pre, post)) {
            true => (parallel, false),
            false if joins(reciprocal, (post, pre)) => (reciprocal, true),
            false => return Err(Absent::Nowhere),
        };
        self.standing_alike(network, (reader, parallel), (synapse, found))
    }

    /// The instance of a synapse between groups like those that an instance of another joins, and whether it runs the other way:
    /// of several that of the same layers (R4.10).
    pub fn alike(
        &self,
        network: &Network,
        synapse: SynapseId,
        (own, pair): (SynapseId, (LayerId, LayerId)),
        transposed: bool,
    ) -> Result<((LayerId, LayerId), bool), Absent> {
        // Units of a given number stand for none, and are those of their layer.
        let stands_for = |group: Group| {
            (self.model(network, group).ok_or(group.layer), self.times(group), self.units(network, group))
        };
        let ends = |synapse, pair| {
            let (pre, post) = self.joined(synapse, pair);
            (stands_for(pre), stands_for(post))
        };
        let (pre, post) = ends(own, pair);
        let find = |wanted, layers, reciprocal| {
            let mut fitting = self.instances(network, synapse);
            fitting.retain(|found| ends(synapse, *found) == wanted);
            let first = fitting.first().copied()?;
            Some((if fitting.contains(&layers) { layers } else { first }, reciprocal))
        };
        let parallel = if transposed { None } else { find((pre, post), pair, false) };
        let found = parallel.or_else(|| find((post, pre), (pair.1, pair.0), true));
        self.standing_alike(network, (own, pair), (synapse, found.ok_or(Absent::Nowhere)?))
    }

    /// The instance that was found, perhaps one that runs the other way, if its weights are those of the same pairs of units as
    /// the ones of an instance between the same groups.
    fn standing_alike(
        &self,
        network: &Network,
        (own, ends): (SynapseId, (LayerId, LayerId)),
        (synapse, (pair, reciprocal)): (SynapseId, ((LayerId, LayerId), bool)),
    ) -> Result<((LayerId, LayerId), bool), Absent> {
        let form = |synapse: SynapseId, pair| Form {
            one_to_one: self.synapses[synapse.0].one_to_one,
            along: self.along(network, synapse, pair),
        };
        let found = form(synapse, pair);
        match form(own, ends) == if reciprocal { found.turned() } else { found } {
            true => Ok((pair, reciprocal)),
            false => Err(Absent::OtherForm),
        }
    }

    /// What is wrong with the sizes of groups on a network, where the synapses between them are used.
    pub fn check_sizes(
        &self,
        network: &Network,
        library: &Library,
        used: &dyn Fn(SynapseId, (LayerId, LayerId)) -> bool,
        findings: &mut Findings,
    ) {
        self.check_traces(network, library, findings);
        self.check_kernels(network, used, findings);
        for (id, population) in self.populations.iter().enumerate() {
            self.check_population(PopulationId(id), population, (network, library), findings);
        }
        self.check_one_to_one(network, used, findings);
    }

    /// Finds traces of both ends of synapses along a kernel (R20.9).
    fn check_traces(&self, network: &Network, library: &Library, findings: &mut Findings) {
        for (trace, _) in trace::axes(self, library).into_iter().filter(|(_, axes)| axes.joins_both_ends()) {
            let along = |&pair: &(LayerId, LayerId)| self.along(network, trace, pair);
            let shared =
                |pair: &(LayerId, LayerId)| along(pair).is_some_and(|along| along.kernel().is_some());
            if let Some(pair) = self.instances(network, trace).into_iter().find(shared) {
                let shapes = Shapes::TracedKernel { edge: network.edge_name(pair) };
                findings.push(ShapeMismatch { at: self.synapses[trace.0].span, shapes });
            }
        }
    }

    /// Finds kernels between groups that have different places (R4.16).
    fn check_kernels(
        &self,
        network: &Network,
        used: &dyn Fn(SynapseId, (LayerId, LayerId)) -> bool,
        findings: &mut Findings,
    ) {
        for (i, synapse) in self.synapses.iter().enumerate().filter(|(_, s)| s.beside.is_none()) {
            let (id, kernel) = (SynapseId(i), synapse.kernel);
            let apart = |&pair: &(LayerId, LayerId)| {
                let (pre, post) = self.joined(id, pair);
                let places = |group| self.space(network, group).map(|space| (space.height, space.width));
                places(pre) != places(post)
            };
            let pairs = kernel.map(|_| self.instances(network, id)).unwrap_or_default();
            if let Some(&(_, layer)) = pairs.iter().find(|pair| apart(pair) && used(id, **pair)) {
                let shapes = Shapes::OtherPlaces { layer: network.layers[layer].name.clone() };
                findings.push(ShapeMismatch { at: synapse.span, shapes });
            }
        }
    }

    /// Finds sizes of a population that are no numbers of units, or nobody's (R3.9, R3.13).
    fn check_population(
        &self,
        id: PopulationId,
        population: &Population,
        (network, library): (&Network, &Library),
        findings: &mut Findings,
    ) {
        if let Some(number) = &population.number {
            let value = constant(number, &self.constants, library).unwrap_or(f64::NAN);
            let mut wrong = |what: String, found: String| {
                let wanted = "an integer from 1 to 1,000,000";
                findings.push(BadValue { at: number.span, what, wanted, found });
            };
            let units = |layer| self.units(network, Group { population: id, layer });
            let many =
                (0..network.layers.len()).map(|l| (l, units(l))).find(|&(_, units)| units > MOST_UNITS);
            if number_of_units(value).is_none() {
                wrong("the number in the size of a population".to_owned(), value.to_string());
            } else if let Some((layer, units)) = many {
                let layer = &network.layers[layer].name;
                wrong(format!("the number of units of the population in `{layer}`"), units.to_string());
            }
        }
        let (Size::Like(relative) | Size::Times(relative, _)) = population.size else { return };
        let several = (0..network.layers.len()).find(|&l| network.relatives(l, relative).len() > 1);
        if let Some(layer) = several {
            let (layer, relative) = (network.layers[layer].name.clone(), relative.word());
            let shapes = Shapes::SizedBySeveral { layer, relative };
            findings.push(ShapeMismatch { at: population.span, shapes });
        }
    }

    /// Finds synapses between units in their places that are not as many (R4.9).
    fn check_one_to_one(
        &self,
        network: &Network,
        used: &dyn Fn(SynapseId, (LayerId, LayerId)) -> bool,
        findings: &mut Findings,
    ) {
        let one_to_one = |(_, s): &(usize, &Synapse)| s.one_to_one && s.beside.is_none();
        for (i, synapse) in self.synapses.iter().enumerate().filter(one_to_one) {
            let id = SynapseId(i);
            for pair in self.instances(network, id) {
                let (pre, post) = self.joined(id, pair);
                let (pre, post) = (self.units(network, pre), self.units(network, post));
                if pre != post && used(id, pair) {
                    let shapes = Shapes::NotOneToOne { edge: network.edge_name(pair), pre, post };
                    findings.push(ShapeMismatch { at: synapse.span, shapes });
                    break;
                }
            }
        }
    }
}

impl Network {
    /// The layers in a relation to a layer.
    pub fn relatives(&self, layer: LayerId, relative: Relative) -> Vec<LayerId> {
        match relative {
            Relative::Own => vec![layer],
            Relative::Input => self.inputs(),
            Relative::Output => vec![self.output()],
            Relative::Below => self.edges.iter().filter(|e| e.1 == layer).map(|e| e.0).collect(),
            Relative::Above => self.edges.iter().filter(|e| e.0 == layer).map(|e| e.1).collect(),
        }
    }
}
