//! How large first values are when those that they name are written out, and that none of them needs itself (R4.10, R4.11).

use std::collections::HashMap;

use plr_syntax::diagnostic::Findings;

use crate::check::bad_value::BadValue;
use crate::check::first_value_too_large::{FirstValueTooLarge, LIMIT};
use crate::hir::{Initialiser, Learned, SynapseId, VariableId};

use super::setting::Setting;

impl Setting {
    /// Finds the first values that cannot be written out.
    pub fn check_written_first(&self, findings: &mut Findings) {
        let synapses = (0..self.rule.synapses.len()).map(|i| Learned::Synapse(SynapseId(i)));
        let variables = (0..self.rule.variables.len()).map(|i| Learned::Unit(VariableId(i)));
        let mut sizes = Sizes { setting: self, known: HashMap::new(), findings };
        for target in synapses.chain(variables) {
            sizes.of(target);
        }
    }
}

/// The sizes of first values, in operations.
struct Sizes<'s> {
    setting: &'s Setting,
    /// Nothing while it is being found.
    known: HashMap<Learned, Option<u64>>,
    findings: &'s mut Findings,
}

impl Sizes<'_> {
    fn of(&mut self, target: Learned) -> u64 {
        match self.known.get(&target) {
            Some(Some(size)) => return *size,
            Some(None) => return self.needs_itself(target),
            None => {}
        }
        self.known.insert(target, None);
        let setting = self.setting;
        let mut size = setting.initialiser(target).map_or(1, |init| self.written_out(init));
        if let Some(mask) = mask_of(target, setting) {
            size = size.saturating_add(self.of(Learned::Synapse(mask)));
        }
        if size > LIMIT {
            let (name, at) = setting.rule.declaration(target);
            self.findings.push(FirstValueTooLarge { at, name, size });
            // What names it is no further mistake.
            size = 1;
        }
        self.known.insert(target, Some(size));
        size
    }

    fn written_out(&mut self, init: &Initialiser) -> u64 {
        let own = match init {
            Initialiser::Weight { synapse, .. } => self.of(Learned::Synapse(*synapse)),
            Initialiser::Param(variable) => self.of(Learned::Unit(*variable)),
            Initialiser::Constant(_)
            | Initialiser::Normal(_)
            | Initialiser::Uniform(..)
            | Initialiser::Glorot
            | Initialiser::He
            | Initialiser::Bernoulli(_)
            | Initialiser::Orthogonal(_)
            | Initialiser::Identity
            | Initialiser::Fan { .. }
            | Initialiser::Coordinate { .. }
            | Initialiser::Unary(..)
            | Initialiser::Binary(..)
            | Initialiser::Compare(..)
            | Initialiser::Select(_) => 1,
        };
        init.parts().1.into_iter().fold(own, |size, part| size.saturating_add(self.written_out(part)))
    }

    /// A first value names earlier ones only, so it is by a mask that it comes back to itself.
    fn needs_itself(&mut self, target: Learned) -> u64 {
        let rule = &self.setting.rule;
        if let Some(mask) = mask_of(target, self.setting) {
            self.findings.push(BadValue {
                at: rule.synapses[mask.0].span,
                what: format!("the mask of `{}`", rule.declaration(target).0),
                wanted: "made of first values that it does not mask",
                found: "made of the weights that it masks".to_owned(),
            });
        }
        1
    }
}

/// The number that a synapse is multiplied by.
fn mask_of(target: Learned, setting: &Setting) -> Option<SynapseId> {
    match target {
        Learned::Synapse(synapse) => setting.rule.synapses[synapse.0].mask,
        Learned::Unit(_) => None,
    }
}
