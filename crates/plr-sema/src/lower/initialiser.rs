//! First values at the sites of a network.

use plr_ir::model::Init;
use plr_ir::scalar::{BinaryOp, CompareOp};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::not_convolvable::{NotConvolvable, Obstacle};
use crate::check::shape_mismatch::ShapeMismatch;
use crate::equation::{self, Site};
use crate::group::Absent;
use crate::hir::{
    Coordinate, Expr, Initialiser, Learned, Place, Synapse, SynapseId, VariableId, VariableKind,
};
use crate::network::LayerId;
use crate::resolve::check_numbers;

use super::setting::{ParameterId, Setting};

impl Setting {
    /// The first value of a parameter at a site: as declared, or as a check has it, within its constraints (R4.4, R4.7,
    /// R4.11).
    pub fn first_value(&self, target: Learned, site: Site) -> Init {
        let found = self.initialiser(target).map_or(Init::Constant(0.0), |i| self.law(i, target, site));
        let found = Init::Own(Box::new(found));
        let Learned::Synapse(synapse) = target else { return found };
        let synapse = &self.rule.synapses[synapse.0];
        let together = |op, a, b| Init::Binary(op, Box::new(a), Box::new(b));
        let mask = synapse.mask.map(|mask| self.of(Learned::Synapse(mask), site, false));
        let masked = match &mask {
            Some(mask) => together(BinaryOp::Mul, found, mask.clone()),
            None => found,
        };
        let Some((low, high)) = self.bounds_at(synapse, site) else { return masked };
        let [least, most] = [low, high].map(Init::Constant);
        let bounded = together(BinaryOp::Min, together(BinaryOp::Max, masked, least), most);
        match mask {
            Some(mask) if !(low..=high).contains(&0.0) => {
                let there = Init::Compare(CompareOp::Ne, Box::new(mask), Box::new(Init::Constant(0.0)));
                together(BinaryOp::Mul, bounded, there)
            }
            _ => bounded,
        }
    }

    /// Between which numbers the weights of a synapse are kept at a site (R4.7).
    pub(super) fn bounds_at(&self, synapse: &Synapse, site: Site) -> Option<(f64, f64)> {
        let (low, high) = synapse.bounds.as_ref()?;
        Some((self.constant_at(low, site), self.constant_at(high, site)))
    }

    pub(super) fn initialiser(&self, target: Learned) -> Option<&Initialiser> {
        let (name, declared) = match target {
            Learned::Synapse(synapse) => {
                let synapse = &self.rule.synapses[synapse.0];
                (&synapse.name, Some(&synapse.init))
            }
            Learned::Unit(variable) => {
                let variable = &self.rule.variables[variable.0];
                let VariableKind::Param(init) = &variable.kind else { return None };
                (&variable.name, Some(init))
            }
        };
        let full = self.rule.learned_name(target);
        let given = self.init.iter().rfind(|(given, _)| given == name || *given == full);
        given.map_or(declared, |(_, init)| Some(init))
    }

    /// Finds the numbers that are none of their laws (R4.4), and bounds that are not in order (R4.7), at all sites.
    pub fn check_laws(&self, findings: &mut Findings) {
        let synapses = (0..self.rule.synapses.len()).map(|i| Learned::Synapse(SynapseId(i)));
        let variables = (0..self.rule.variables.len()).map(|i| Learned::Unit(VariableId(i)));
        for target in synapses.chain(variables) {
            self.check_law(target, &|e| self.constant(e), findings);
            for site in self.sites_of(target) {
                self.check_law(target, &|e| self.constant_at(e, site), findings);
            }
        }
    }

    /// Where a parameter is, if some hyper-parameters have other values at single sites.
    fn sites_of(&self, target: Learned) -> Vec<Site> {
        let (rule, network) = (&self.rule, &self.network);
        match target {
            _ if self.sites.is_empty() => Vec::new(),
            Learned::Synapse(synapse) => {
                let instances = rule.instances(network, synapse).into_iter();
                instances.map(|(pre, post)| Site::Edge(pre, post)).collect()
            }
            Learned::Unit(variable) => {
                equation::layers(variable, None, rule, network).into_iter().map(Site::Layer).collect()
            }
        }
    }

    fn check_law(&self, target: Learned, value: &dyn Fn(&Expr) -> f64, findings: &mut Findings) {
        if let Some(init) = self.initialiser(target) {
            check_numbers(init, value, findings);
        }
        if let Learned::Synapse(synapse) = target
            && let Some((low, high)) = &self.rule.synapses[synapse.0].bounds
            && !(value(low)..).contains(&value(high))
        {
            let (what, found) = ("the upper bound of a weight".to_owned(), value(high).to_string());
            let wanted = "a number that is not below the lower one";
            findings.push(BadValue { at: high.span, what, wanted, found });
        }
    }

    fn law(&self, init: &Initialiser, target: Learned, site: Site) -> Init {
        let (fan_in, fan_out) = self.fans(target, site);
        match init {
            Initialiser::Constant(expr) => Init::Constant(self.constant_at(expr, site)),
            Initialiser::Normal(deviation) => {
                Init::Normal { mean: 0.0, deviation: self.constant_at(deviation, site) }
            }
            Initialiser::Uniform(low, high) => {
                Init::Uniform { low: self.constant_at(low, site), high: self.constant_at(high, site) }
            }
            Initialiser::Glorot => {
                let bound = (6.0 / (fan_in + fan_out)).sqrt();
                Init::Uniform { low: -bound, high: bound }
            }
            Initialiser::He => Init::Normal { mean: 0.0, deviation: (2.0 / fan_in).sqrt() },
            Initialiser::Bernoulli(p) => Init::Bernoulli(self.constant_at(p, site)),
            Initialiser::Orthogonal(gain) => Init::Orthogonal(self.constant_at(gain, site)),
            Initialiser::Identity => self.identity(target, site),
            Initialiser::Fan { into } => Init::Constant(if *into { fan_in } else { fan_out }),
            Initialiser::Weight { synapse, transposed, .. } => {
                match self.alike(*synapse, *transposed, target, site) {
                    Ok((pair, transposed)) => {
                        self.of(Learned::Synapse(*synapse), Site::Edge(pair.0, pair.1), transposed)
                    }
                    Err(_) => Init::Constant(0.0),
                }
            }
            Initialiser::Param(variable) => self.of(Learned::Unit(*variable), site, false),
            Initialiser::Coordinate { place, coordinate, .. } => {
                self.coordinates(*coordinate, *place, target, site).unwrap_or(Init::Constant(0.0))
            }
            Initialiser::Compare(op, a, b) => {
                let (a, b) = (self.law(a, target, site), self.law(b, target, site));
                Init::Compare(*op, Box::new(a), Box::new(b))
            }
            Initialiser::Select(parts) => {
                Init::Select(Box::new(parts.each_ref().map(|part| self.law(part, target, site))))
            }
            Initialiser::Unary(op, a) => Init::Unary(*op, Box::new(self.law(a, target, site))),
            Initialiser::Binary(op, a, b) => {
                let (a, b) = (self.law(a, target, site), self.law(b, target, site));
                Init::Binary(*op, Box::new(a), Box::new(b))
            }
        }
    }

    /// 1 between units of the same place: along a kernel its middle, between channels of the same number.
    fn identity(&self, target: Learned, site: Site) -> Init {
        let Learned::Synapse(synapse) = target else { return Init::Identity };
        let along = self.rule.along(&self.network, synapse, site.ends());
        let Some(kernel) = along.and_then(|along| along.kernel()) else { return Init::Identity };
        let dims = self.weight_dims(synapse, site.ends());
        // Units with kernels of their own follow each other within a channel.
        let units = dims[0] / kernel.channels;
        let number = |axis, each: usize| {
            let numbers = (0..dims[axis]).map(|at| (at / each) as f64).collect();
            Box::new(Init::Along { axis, numbers })
        };
        let middle = |axis: usize| {
            let place = Box::new(Init::Constant((dims[axis] / 2) as f64));
            Box::new(Init::Compare(CompareOp::Eq, number(axis, 1), place))
        };
        let same = Box::new(Init::Compare(CompareOp::Eq, number(0, units), number(1, 1)));
        let place = Box::new(Init::Binary(BinaryOp::Mul, middle(2), middle(3)));
        Init::Binary(BinaryOp::Mul, same, place)
    }

    /// Where the units along an axis of a parameter are in their layer; nowhere if several units or pairs of units share what
    /// stands there (R4.13).
    fn coordinates(&self, coordinate: Coordinate, place: Place, target: Learned, site: Site) -> Option<Init> {
        let (rule, network) = (&self.rule, &self.network);
        let (group, axis) = match target {
            Learned::Unit(variable) => (rule.group(variable, site.owner()), 0),
            Learned::Synapse(synapse) => {
                let along = rule.along(network, synapse, site.ends());
                if along.is_some_and(|along| along.kernel().is_some() || along.join.pool.is_some()) {
                    return None;
                }
                let (pre, post) = rule.joined(synapse, site.ends());
                let one_to_one = rule.synapses[synapse.0].one_to_one;
                if place == Place::Pre { (pre, usize::from(!one_to_one)) } else { (post, 0) }
            }
        };
        let space = rule.space(network, group);
        let of = |unit| coordinate.of(unit, space) as f64;
        let numbers: Vec<f64> = match (target, rule.sharing(network, group)) {
            (Learned::Unit(_), Some(space)) if coordinate == Coordinate::Channel => {
                (0..space.channels).map(|channel| of(channel * space.positions())).collect()
            }
            (Learned::Unit(_), Some(space)) if space.positions() > 1 => return None,
            _ => (0..self.units(group)).map(of).collect(),
        };
        Some(Init::Along { axis, numbers })
    }

    /// The first value of another parameter.
    fn of(&self, target: Learned, site: Site, transposed: bool) -> Init {
        let (group, dims) = match target {
            Learned::Synapse(synapse) => {
                (self.rule.synapse_name(synapse), self.weight_dims(synapse, site.ends()))
            }
            Learned::Unit(variable) => {
                (self.rule.variable_name(variable), self.parameter_dims(variable, site.owner()))
            }
        };
        let init = Box::new(self.first_value(target, site));
        // A kernel is laid out alike in both directions.
        let transposed = transposed && dims.len() <= 2;
        Init::Of { name: format!("{group}/{}", site.name(&self.network)), dims, init, transposed }
    }

    /// The numbers of units from which and to which synapses run (R4.4).
    fn fans(&self, target: Learned, site: Site) -> (f64, f64) {
        match target {
            Learned::Synapse(synapse) if self.rule.synapses[synapse.0].one_to_one => (1.0, 1.0),
            Learned::Synapse(synapse) => self.synaptic_fans(synapse, site.ends()),
            Learned::Unit(variable) => {
                let units = self.units_of(variable, site.owner()) as f64;
                (units, units)
            }
        }
    }

    /// With a kernel as many as one unit sees or is seen by, if the kernel moves by one (R4.12).
    fn synaptic_fans(&self, synapse: SynapseId, pair: (LayerId, LayerId)) -> (f64, f64) {
        let along = self.rule.along(&self.network, synapse, pair);
        let Some((along, kernel)) = along.and_then(|along| Some((along, along.kernel()?))) else {
            let dims = self.weight_dims(synapse, pair);
            return (dims[1] as f64, dims[0] as f64);
        };
        let area = kernel.kernel * kernel.kernel;
        let (above, below) = ((kernel.channels * area) as f64, (kernel.low.channels * area) as f64);
        if along.upward { (below, above) } else { (above, below) }
    }

    /// The weights between the same units that the first value of another synapse takes, if there are some (R4.10).
    fn alike(
        &self,
        synapse: SynapseId,
        transposed: bool,
        target: Learned,
        site: Site,
    ) -> Result<((LayerId, LayerId), bool), Absent> {
        let Learned::Synapse(own) = target else { return Err(Absent::Nowhere) };
        self.rule.alike(&self.network, synapse, (own, site.ends()), transposed)
    }

    /// Finds the first values, of these parameters, that are taken from synapses that are not there (R4.10), or from places
    /// that units share (R4.13).
    pub fn check_first_values(&self, of: impl Iterator<Item = ParameterId>, findings: &mut Findings) {
        let mut found = Vec::new();
        let mut shared = Vec::new();
        for (target, site) in of.filter_map(|id| Some((id.learned()?, id.site()?))) {
            let nowhere = self.initialiser(target).and_then(|init| self.nowhere(init, target, site));
            if let Some(at) = nowhere.filter(|at| !shared.contains(at)) {
                shared.push(at);
                findings.push(NotConvolvable { at, obstacle: Obstacle::SharedPlace });
            }
            let missing = self.initialiser(target).and_then(|init| self.missing(init, target, site));
            if let Some((synapse, at, absent)) = missing.filter(|(_, at, _)| !found.contains(at)) {
                found.push(at);
                let shapes = absent.shapes(self.rule.synapse_name(synapse));
                findings.push(ShapeMismatch { at, shapes });
            }
        }
    }

    fn missing(&self, init: &Initialiser, target: Learned, site: Site) -> Option<(SynapseId, Span, Absent)> {
        if let Initialiser::Weight { synapse, transposed, span } = init {
            let absent = self.alike(*synapse, *transposed, target, site).err();
            return absent.map(|absent| (*synapse, *span, absent));
        }
        init.parts().1.into_iter().find_map(|part| self.missing(part, target, site))
    }

    /// Where a place is read that units share.
    fn nowhere(&self, init: &Initialiser, target: Learned, site: Site) -> Option<Span> {
        if let Initialiser::Coordinate { place, coordinate, span } = init {
            return self.coordinates(*coordinate, *place, target, site).is_none().then_some(*span);
        }
        init.parts().1.into_iter().find_map(|part| self.nowhere(part, target, site))
    }
}
