//! Filters: an increment, reduced over samples, goes through a filter's equations.

use crate::hir::{Expr, FilterId};
use crate::memory::{Memory, filterings};

use super::environment::Unavailable;
use super::expression::{Context, Evaluated, Lowerer};
use super::setting::ParameterId;
use super::term::{self, Axes, Term};
use plr_ir::model::Count;
use plr_ir::scalar::BinaryOp;

impl Lowerer<'_> {
    /// What a filter makes of an increment (R8.9). What it remembers is noted for whoever commits the update.
    pub fn filtered(
        &mut self,
        filter: Option<FilterId>,
        settings: &[Option<Expr>],
        increment: &Expr,
        place: u32,
        cx: Context<'_>,
    ) -> Evaluated {
        let increment = self.over_samples(increment, cx)?;
        let increment = term::as_number(&mut self.b, &cx.extents, increment);
        let Some(filter) = filter else { return Ok(increment) };
        let filter = &self.setting.library.filters[filter.0];
        let Some(site) = cx.site else { unreachable!("whatever learns has a site") };
        let memory = |index| ParameterId::Memory(Memory { place, index, site });
        let result = cx.own;
        let mut arguments: Vec<Evaluated> = vec![Ok(increment)];
        for index in 0..filter.memories.len() {
            // One that is written before anybody reads it is not built.
            let memory = self.parameter(memory(index));
            arguments.push(memory.map(|value| self.own(value, cx)));
        }
        let counted = memory(filter.memories.len());
        let counts_itself = || {
            let calls = filterings(&self.setting.rule, &self.setting.library);
            calls.iter().any(|call| call.place == place && call.counts)
        };
        arguments.push(if !filter.counts_updates() {
            Ok(term::number(&mut self.b, 0.0))
        } else if counts_itself() {
            self.steps_of_filter(counted, cx)
        } else {
            self.updates()
        });
        let mut bound = Vec::new();
        for (given, (_, default)) in settings.iter().zip(&filter.settings) {
            bound.push(self.evaluate(given.as_ref().unwrap_or(default), cx));
        }
        for (index, value) in &filter.updates {
            let value = match self.evaluate(value, Context { arguments: &arguments, settings: &bound, ..cx })
            {
                Ok(value) => value,
                // Nor is one that only it itself reads.
                Err(unavailable) => {
                    arguments[1 + index] = Err(unavailable);
                    continue;
                }
            };
            let value = term::as_number(&mut self.b, &cx.extents, value);
            let value = term::widen(&mut self.b, &cx.extents, value, result);
            arguments[1 + index] = Ok(value);
            self.memories.retain(|(id, _)| *id != memory(*index));
            let kept = self.laid_out(value.value, cx);
            self.memories.push((memory(*index), kept));
        }
        self.evaluate(&filter.result, Context { arguments: &arguments, settings: &bound, ..cx })
    }

    /// How often a filter has filtered, this time included, where it remembers that (R8.10).
    fn steps_of_filter(&mut self, memory: ParameterId, cx: Context<'_>) -> Evaluated {
        let before = self.parameter(memory)?;
        let before = self.own(before, cx);
        let one = term::number(&mut self.b, 1.0);
        let now = term::binary(&mut self.b, &cx.extents, BinaryOp::Add, before, one);
        self.memories.retain(|(id, _)| *id != memory);
        let kept = self.laid_out(now.value, cx);
        self.memories.push((memory, kept));
        Ok(now)
    }

    /// Where in training the presentation is (R8.10, R8.15).
    pub fn count(&self, count: Count) -> Result<Term, Unavailable> {
        Ok(Term { value: *self.counts.get(&count).ok_or(Unavailable::NotBuilt)?, axes: Axes::NONE })
    }

    /// The number of this presentation, from 1 (R8.10).
    pub fn updates(&mut self) -> Result<Term, Unavailable> {
        let before = Term { value: self.parameter(ParameterId::Updates)?, axes: Axes::NONE };
        let one = term::number(&mut self.b, 1.0);
        Ok(Term { value: self.b.binary(BinaryOp::Add, before.value, one.value), axes: Axes::NONE })
    }
}
