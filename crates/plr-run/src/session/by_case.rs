//! Presentations that do what their place in training asks for, and nothing else.

use std::time::{Duration, Instant};

use plr_ir::cases::Cases;
use plr_ir::model::{Model, Piece};
use plr_ir::several::work;
use plr_ir::{Program, Tensor};

use super::error::SessionError;
use super::presentation::Presentation;
use super::{Options, Position};
use crate::backend::{Backend, Context};

/// A presentation of its own is worth it where it does at most so much in a hundred of what all do.
const MOST_WORK: usize = 80;

/// The update of a rule for each way in which the conditions come out that are known before a presentation begins (R8.14).
#[derive(Debug)]
pub(super) struct ByCase {
    /// The update, as it is for all cases.
    unfused: Program,
    /// What it does.
    work: usize,
    /// Whether each condition holds.
    conditions: Presentation,
    /// The cases that there were so far; none of its own where that is not worth it.
    known: Vec<(Vec<bool>, Option<Presentation>)>,
    /// The time that compiling them has taken.
    compile_time: Duration,
}

impl ByCase {
    /// As compiled code makes them; `None` if there are no such conditions, or little depends on them.
    pub(super) fn new(
        model: &dyn Model,
        update: &Program,
        batch: usize,
        backend: Backend,
    ) -> Result<Option<Self>, SessionError> {
        let compiled = matches!(backend, Backend::Jit { .. });
        if !compiled || !model.choices().cases || !plr_ir::cases::has_scalar_truths(update) {
            return Ok(None);
        }
        let Some(unfused) = model.unfused(Piece::Update, batch, update.precision) else { return Ok(None) };
        let Some(cases) = Cases::of(&unfused) else { return Ok(None) };
        let mut least = cases.program(&vec![false; cases.count()]);
        model.optimise(&mut least);
        let work = work(update);
        if !is_worthwhile(&least, work) {
            return Ok(None);
        }
        let one = Backend::Jit { threads: 1 };
        let conditions = Presentation::other(model, cases.conditions(), batch, one, false)?;
        Ok(Some(Self { unfused, work, conditions, known: Vec::new(), compile_time: Duration::ZERO }))
    }

    /// The presentation for a place in training, if there is one of its own.
    pub(super) fn at(
        &mut self,
        (model, options): (&dyn Model, Options),
        parameters: &mut [Tensor],
        (context, position): (Context, Position),
    ) -> Result<Option<&mut Presentation>, SessionError> {
        let outputs = self.conditions.run(parameters, context, position, None)?;
        let holds: Vec<bool> = outputs.iter().map(|output| output.to_f64() == [1.0]).collect();
        let at = match self.known.iter().position(|(known, _)| *known == holds) {
            Some(at) => at,
            None => {
                let start = Instant::now();
                let presentation = self.presentation(model, options, &holds)?;
                self.known.push((holds, presentation));
                self.compile_time += start.elapsed();
                self.known.len() - 1
            }
        };
        Ok(self.known[at].1.as_mut())
    }

    /// The presentation for a case, compiled if it is worth it.
    fn presentation(
        &self,
        model: &dyn Model,
        options: Options,
        holds: &[bool],
    ) -> Result<Option<Presentation>, SessionError> {
        let Some(cases) = Cases::of(&self.unfused) else { return Ok(None) };
        let mut program = cases.program(holds);
        model.optimise(&mut program);
        let worthwhile = is_worthwhile(&program, self.work);
        let batch = self.conditions.batch();
        worthwhile.then(|| Presentation::other(model, program, batch, options.backend, true)).transpose()
    }

    /// The time that compiling has taken since the last call.
    pub(super) fn take_compile_time(&mut self) -> Duration {
        std::mem::take(&mut self.compile_time)
    }
}

/// Whether a program does little enough beside so much work.
fn is_worthwhile(program: &Program, of: usize) -> bool {
    work(program).saturating_mul(100) <= of.saturating_mul(MOST_WORK)
}
