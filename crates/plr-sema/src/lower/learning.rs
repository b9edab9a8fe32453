//! Learning: blocks of plasticity equations change parameters, all from what they were before.

use std::collections::{HashMap, HashSet};

use plr_ir::Value;
use plr_ir::scalar::{BinaryOp, CompareOp};

use crate::equation::{self, Site, Source};
use crate::hir::{Learned, Phase, PlasticityId, SynapseId};
use crate::memory::{Memory, filterings, for_each_call};

use super::environment::{Environment, Unavailable};
use super::expression::Lowerer;
use super::parameter_at;
use super::setting::ParameterId;
use super::term;

/// The learning of a program under construction.
#[derive(Clone, Debug, Default)]
pub struct Learning {
    /// The parameters that learn; the others stay.
    marked: HashSet<ParameterId>,
    /// What should have learned but could not.
    pub missing: Vec<Unavailable>,
    /// What was added to each parameter that has changed, bounds aside; `None` where it changed in a loop.
    pub increments: HashMap<ParameterId, Option<Value>>,
}

impl Learning {
    /// Only these learn.
    pub fn of(marked: HashSet<ParameterId>) -> Self {
        Self { marked, ..Self::default() }
    }
}

impl Lowerer<'_> {
    /// The parameters after a block of equations.
    pub fn learn(&mut self, block: &[PlasticityId], read: &Environment) -> Vec<(ParameterId, Value)> {
        let now = self.parameters.clone();
        self.learn_onto(&now, block, read)
    }

    /// The parameters after a block of equations which read other parameters than those that they add to.
    pub fn learn_onto(
        &mut self,
        onto: &HashMap<ParameterId, Value>,
        block: &[PlasticityId],
        read: &Environment,
    ) -> Vec<(ParameterId, Value)> {
        let mut totals: Vec<(ParameterId, Value)> = Vec::new();
        for (equation, id) in self.learners(block) {
            match self.increment_when(equation, id, read) {
                Ok(increment) => match totals.iter().position(|(other, _)| *other == id) {
                    Some(at) => totals[at].1 = self.b.binary(BinaryOp::Add, totals[at].1, increment),
                    None => totals.push((id, increment)),
                },
                Err(unavailable) => {
                    self.learning.iter_mut().for_each(|l| l.missing.push(unavailable.clone()));
                }
            }
        }
        let mut new: HashMap<ParameterId, Value> = HashMap::new();
        for &(id, increment) in &totals {
            new.insert(id, self.b.binary(BinaryOp::Add, onto[&id], increment));
        }
        let changed: Vec<ParameterId> = totals.iter().map(|(id, _)| *id).collect();
        let mut after = std::mem::take(&mut self.memories);
        for id in self.with_masked(changed) {
            after.push((id, self.constrained(id, &new, onto)));
        }
        totals.into_iter().for_each(|(id, increment)| self.note(id, increment));
        after
    }

    /// The parameters, and the weights that learn of which one of them is the mask.
    fn with_masked(&self, mut changed: Vec<ParameterId>) -> Vec<ParameterId> {
        let Some(learning) = &self.learning else { return changed };
        for synapse in (0..self.setting.rule.synapses.len()).map(SynapseId) {
            for at in 0..changed.len() {
                let ParameterId::Weight(_, pre, post) = changed[at] else { continue };
                let weight = ParameterId::Weight(synapse, pre, post);
                let masked = self.mask_of(weight) == Some(changed[at]);
                // A weight that does not learn is masked as one that does (R4.11).
                let fixed = self.setting.rule.is_fixed(Learned::Synapse(synapse));
                let there =
                    fixed && self.parameters.contains_key(&weight) || learning.marked.contains(&weight);
                if masked && there && !changed.contains(&weight) {
                    changed.push(weight);
                }
            }
        }
        changed
    }

    /// The mask of a weight.
    fn mask_of(&self, id: ParameterId) -> Option<ParameterId> {
        let ParameterId::Weight(synapse, pre, post) = id else { return None };
        self.setting.rule.synapses[synapse.0].mask.map(|mask| ParameterId::Weight(mask, pre, post))
    }

    /// The parameters after a block that comes before what will be differentiated: what they gain is a constant, and a
    /// gradient is by what they were (R14.22).
    pub fn learned_before(
        &mut self,
        block: &[PlasticityId],
        read: &Environment,
    ) -> Vec<(ParameterId, Value)> {
        let before = self.learning.replace(Learning::of(self.parameters.keys().copied().collect()));
        let after = self.learn(block, read);
        self.learning = before;
        let one = self.b.constant(1.0, &[]);
        let held = |(id, new): (ParameterId, Value)| {
            let old = self.parameters.get(&id).copied();
            let dims = self.b.type_of(new).dims.clone();
            let slope = self.b.broadcast(one, &[], &dims);
            (id, self.b.detach(new, old.map(|old| (old, slope))))
        };
        after.into_iter().map(held).collect()
    }

    /// What an equation adds to a parameter: nothing where its block does not learn, and then its filters remember what
    /// they did (R8.14).
    fn increment_when(
        &mut self,
        equation: PlasticityId,
        id: ParameterId,
        read: &Environment,
    ) -> Result<Value, Unavailable> {
        let setting = self.setting;
        let known = self.memories.len();
        let increment = self.increment(equation, id, read)?;
        let plasticity = &setting.rule.plasticity[equation.0];
        let (Some(when), Some(site)) = (&plasticity.when, id.site()) else { return Ok(increment) };
        let cx = self.learner_context(plasticity.target, site, read);
        let condition = self.evaluate(when, cx)?;
        let condition = term::as_condition(&mut self.b, &cx.extents, condition).value;
        for at in known..self.memories.len() {
            let (memory, new) = self.memories[at];
            if let Some(&old) = self.parameters.get(&memory) {
                self.memories[at].1 = self.chosen(condition, new, old);
            }
        }
        let dims = self.b.type_of(increment).dims.clone();
        // To which everything adds to itself, zeros of either sign too.
        let nothing = self.b.constant(-0.0, &dims);
        Ok(self.chosen(condition, increment, nothing))
    }

    /// One of two arrays, by one condition.
    fn chosen(&mut self, condition: Value, yes: Value, no: Value) -> Value {
        let dims = self.b.type_of(yes).dims.clone();
        let condition = self.b.broadcast(condition, &[], &dims);
        self.b.select(condition, yes, no)
    }

    /// The equations of a block at the sites of the network, with what changes there.
    fn learners(&self, block: &[PlasticityId]) -> Vec<(PlasticityId, ParameterId)> {
        let Some(learning) = &self.learning else { return Vec::new() };
        let rule = &self.setting.rule;
        let mut found = Vec::new();
        for &id in block {
            let equation = &rule.plasticity[id.0];
            for site in equation::sites(Source::Plasticity(equation), rule, &self.setting.network) {
                let parameter = parameter_at(equation.target, site);
                if learning.marked.contains(&parameter) {
                    found.push((id, parameter));
                }
            }
        }
        found
    }

    /// What a parameter becomes, of those that are new: the nearest that it may be (R4.7), and 0 where the mask says so
    /// (R4.11). What is not new is as it was.
    fn constrained(
        &mut self,
        id: ParameterId,
        new: &HashMap<ParameterId, Value>,
        old: &HashMap<ParameterId, Value>,
    ) -> Value {
        let now = |id: ParameterId| new.get(&id).copied().unwrap_or_else(|| old[&id]);
        let mask = self.mask_of(id).map(now);
        let value = match mask {
            Some(mask) => self.b.binary(BinaryOp::Mul, now(id), mask),
            None => now(id),
        };
        let ParameterId::Weight(synapse, pre, post) = id else { return value };
        let synapse = &self.setting.rule.synapses[synapse.0];
        let bounds = self.setting.bounds_at(synapse, Site::Edge(pre, post));
        let Some((low, high)) = bounds else { return value };
        let dims = self.b.type_of(value).dims.clone();
        let [least, most] = [low, high].map(|bound| self.b.constant(bound, &dims));
        let bounded = self.b.binary(BinaryOp::Max, value, least);
        let bounded = self.b.binary(BinaryOp::Min, bounded, most);
        match mask {
            Some(mask) if !(low..=high).contains(&0.0) => {
                let nothing = self.b.constant(0.0, &dims);
                let there = self.b.compare(CompareOp::Ne, mask, nothing);
                self.b.select(there, bounded, nothing)
            }
            _ => bounded,
        }
    }

    /// 0 where the mask of a weight says that there is no synapse.
    fn masked(&mut self, id: ParameterId, value: Value) -> Value {
        let Some(mask) = self.mask_of(id) else { return value };
        self.b.binary(BinaryOp::Mul, value, self.parameters[&mask])
    }

    /// Adds to what is known to have been added to a parameter, bounds aside (R14.18). In a loop nobody knows.
    fn note(&mut self, id: ParameterId, increment: Value) {
        let known = self.learning.as_ref().map(|learning| learning.increments.get(&id).copied());
        let total = match known {
            None => return,
            Some(_) if self.step.is_some() => None,
            Some(None) => Some(self.masked(id, increment)),
            Some(Some(before)) => before.map(|before| {
                let increment = self.masked(id, increment);
                self.b.binary(BinaryOp::Add, before, increment)
            }),
        };
        self.learning.iter_mut().for_each(|learning| {
            learning.increments.insert(id, total);
        });
    }

    /// The parameters that change in a step of a phase, filters' memories included.
    pub fn changed_within(&self, phase: &Phase) -> Vec<ParameterId> {
        let rule = &self.setting.rule;
        let mut changed = Vec::new();
        let calls = filterings(rule, &self.setting.library);
        let learners = self.learners(&equation::blocks_of(phase).concat());
        for &(equation, id) in &learners {
            let mut places = Vec::new();
            for_each_call(&rule.plasticity[equation.0].increment, &mut |_, _, place| places.push(place));
            let filters = calls.iter().filter(|call| places.contains(&call.place));
            for call in filters {
                let Some(site) = id.site() else { continue };
                let memory = |index| ParameterId::Memory(Memory { place: call.place, index, site });
                changed.extend((0..call.memories()).map(memory));
            }
            changed.push(id);
        }
        let mut changed = self.with_masked(changed);
        changed.retain(|id| self.parameters.contains_key(id));
        let mut seen = HashSet::new();
        changed.retain(|id| seen.insert(*id));
        changed
    }
}
