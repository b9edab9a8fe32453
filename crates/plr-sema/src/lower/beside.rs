//! Units of one layer that belong to units of another population there: what they make together for those, and what they know of
//! those (R5.22).

use crate::group::{Evaluator, Group};
use crate::hir::{Expr, PopulationId, Reduction};

use super::expression::{Context, Evaluated, Lowerer};
use super::term::{self, Axes, Term};

impl Lowerer<'_> {
    /// What the units of a population that belong to the evaluator make together or, if nothing takes them together, what the
    /// one has to which the evaluator belongs. So many channels of the one stand for each channel of the other.
    pub fn beside(
        &mut self,
        population: PopulationId,
        together: Option<Reduction>,
        value: &Expr,
        cx: Context<'_>,
    ) -> Evaluated {
        let Evaluator::Unit(own) = cx.reader else {
            unreachable!("resolution lets units alone name what is beside them")
        };
        let others = Group { population, layer: own.layer };
        let extents = self.unit_extents(others);
        let found = self.evaluate(value, Context { sender: Some(others), extents, ..cx })?;
        let found = term::as_number(&mut self.b, &extents, found);
        let found = term::widen(&mut self.b, &extents, found, Axes::UNIT);
        let mut samples = self.b.type_of(found.value).dims.clone();
        samples.pop();
        let (members, owners) = if together.is_some() { (others, own) } else { (own, others) };
        let (rule, network) = (&self.setting.rule, &self.setting.network);
        let [all, places] = rule.channels_and_places(network, members);
        let [channels, _] = rule.channels_and_places(network, owners);
        let dims = |parts: &[usize]| [&samples[..], parts].concat();
        let apart = dims(&[channels, all / channels, places]);
        let axis = samples.len() + 1;
        let value = match together {
            Some(reduction) => {
                let apart = self.b.reshape(found.value, &apart);
                self.folded(reduction, apart, axis)
            }
            None => {
                let owners = self.b.reshape(found.value, &dims(&[channels, places]));
                self.spread(owners, axis, &apart)
            }
        };
        Ok(Term { value: self.b.reshape(value, &dims(&[self.setting.units(own)])), ..found })
    }
}
