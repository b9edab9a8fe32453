//! Several presentations in a row as one program: where a call for each would cost more than what it computes, or where
//! weights need not be there in between (R12.8).

use plr_ir::deferred::Deferral;
use plr_ir::model::{Count, Model, Piece};
use plr_ir::{Program, several};

use super::presentation::{DATA, TARGET};
use crate::backend::reads_input;

/// So many presentations are made at a time where one is small.
const SMALL_PRESENTATIONS: usize = 16;
/// Presentations of more multiplications are worth a call each, some 10 µs.
const MOST_MULTIPLICATIONS: usize = 1 << 18;

/// Updates are put off for about so many samples: they fill the registers of a product, and soon cost more than they spare, for
/// each is compared with each.
const DEFERRED_SAMPLES: usize = 80;
/// For no more presentations than these, and no fewer: few of many samples fill registers by themselves.
const DEFERRED: std::ops::RangeInclusive<usize> = 4..=32;
/// Smaller matrices are not worth it.
const LEAST_DEFERRED_WEIGHTS: usize = 1 << 14;

/// The update of a rule for several presentations in a row.
#[derive(Debug)]
pub struct Together {
    /// The program.
    pub program: Program,
    /// How many presentations it makes.
    pub presentations: usize,
    /// Whether their samples are one input, one presentation's after the other's, and not each an input of its own.
    pub joined: bool,
}

impl Together {
    /// As compiled code runs an update for minibatches of `batch` samples; `None` where each presentation is worth a call and the
    /// weights that it leaves, or needs the one before to be over.
    pub fn of(model: &dyn Model, update: &Program, batch: usize) -> Option<Self> {
        if !presentations_are_alike(model, update) {
            return None;
        }
        Self::deferred(model, update, batch).or_else(|| Self::small(model, update))
    }

    fn deferred(model: &dyn Model, update: &Program, batch: usize) -> Option<Self> {
        let presentations = (DEFERRED_SAMPLES / batch).min(*DEFERRED.end());
        if !DEFERRED.contains(&presentations) || !model.choices().deferred {
            return None;
        }
        let unfused = model.unfused(Piece::Update, batch, update.precision)?;
        let deferral = Deferral::of(&unfused, &[DATA, TARGET])?;
        let samples = presentations * batch;
        // The shorter side of a matrix says what answers cost, beside comparing samples.
        let pays = |(_, [rows, columns]): (&str, [usize; 2])| {
            rows * columns >= LEAST_DEFERRED_WEIGHTS && rows.min(columns) >= samples
        };
        if !deferral.matrices().any(pays) {
            return None;
        }
        let mut program = deferral.program(presentations);
        model.optimise(&mut program);
        Some(Self { program, presentations, joined: true })
    }

    fn small(model: &dyn Model, update: &Program) -> Option<Self> {
        let small = several::multiplications(update) <= MOST_MULTIPLICATIONS;
        if !small || !model.choices().several {
            return None;
        }
        let program = several::several(update, SMALL_PRESENTATIONS, &[DATA, TARGET])?;
        Some(Self { program, presentations: SMALL_PRESENTATIONS, joined: false })
    }
}

/// Whether presentations differ in nothing but their samples: nothing is kept, and what a rule is told about its place in the
/// epoch is the same for all.
pub(crate) fn presentations_are_alike(model: &dyn Model, update: &Program) -> bool {
    model.kept().is_empty() && !reads_input(update, Count::Minibatch.name())
}
