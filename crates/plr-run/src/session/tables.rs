//! States and traces that go on from one presentation to another (R3.11, R20.13): a row for each sample of the training set, or for each place in
//! a minibatch.

use plr_ir::model::{Count, Keeping, Kept, Model};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor};

use super::error::SessionError;
use super::{Options, copy_all};
use crate::backend::Arrays;
use crate::room;

/// The states now, and before the current call of `train`.
const COPIES: u64 = 2;

/// What is kept, one table with a row for each sample or place for each state of each layer and each trace, in the model's order.
#[derive(Debug, Default)]
pub(super) struct Tables {
    now: Vec<Tensor>,
    before: Vec<Tensor>,
}

impl Tables {
    /// Makes sure that there are tables for so many training samples. Those that are not there yet have first values.
    pub(super) fn fit(
        &mut self,
        kept: &[Kept],
        options: Options,
        samples: usize,
    ) -> Result<(), SessionError> {
        let rows = |kept: &Kept| rows(kept, options.batch, samples);
        let fits = |(table, kept): (&Tensor, &Kept)| table.dims[0] == rows(kept);
        if self.now.len() == kept.len() && self.now.iter().zip(kept).all(fits) {
            return Ok(());
        }
        let bytes = |kept: &Kept| {
            let numbers =
                kept.rows(rows(kept)).into_iter().map(|dim| dim as u64).fold(1, u64::saturating_mul);
            numbers.saturating_mul(options.precision.bytes() as u64)
        };
        let all = kept.iter().fold(0_u64, |sum, kept| sum.saturating_add(bytes(kept)));
        let largest = kept.iter().max_by_key(|kept| bytes(kept));
        if let (Err(room), Some(kept)) = (room::check(all.saturating_mul(COPIES)), largest) {
            let dims = kept.rows(rows(kept));
            return Err(SessionError::NoRoomForKept { state: kept.name.clone(), dims, room });
        }
        let mut old = std::mem::take(&mut self.now).into_iter();
        let mut table = |kept: &Kept| match old.next() {
            Some(table) if fits((&table, kept)) => table,
            Some(_) | None => first(kept, rows(kept), options.precision),
        };
        self.now = kept.iter().map(&mut table).collect();
        self.before = self.now.clone();
        Ok(())
    }

    /// The tables, in the model's order; none before the first training.
    pub(super) fn all(&self) -> &[Tensor] {
        &self.now
    }

    /// Takes tables from elsewhere, in the model's order.
    pub(super) fn set(&mut self, tables: Vec<Tensor>) {
        self.before.clone_from(&tables);
        self.now = tables;
    }

    /// Remembers the states as they are.
    pub(super) fn remember(&mut self) {
        copy_all(&self.now, &mut self.before);
    }

    /// Goes back to the states that were remembered.
    pub(super) fn restore(&mut self) {
        copy_all(&self.before, &mut self.now);
    }

    /// Copies what a minibatch of these samples goes on from.
    pub(super) fn hand_out(&self, kept: &[Kept], samples: &[usize], rows: &mut [Tensor]) {
        for ((kept, table), out) in kept.iter().zip(&self.now).zip(rows) {
            let rows = (0..samples.len()).map(|place| (row(kept, samples, place), place));
            copy_rows(table, out, kept.width(), rows);
        }
    }

    /// Keeps what a minibatch of these samples has left of one state.
    pub(super) fn take_in(&mut self, at: usize, kept: &Kept, samples: &[usize], left: &Tensor) {
        let rows = (0..samples.len()).map(|place| (place, row(kept, samples, place)));
        copy_rows(left, &mut self.now[at], kept.width(), rows);
    }
}

/// What the first presentation of a minibatch is given beside parameters and samples, by name: what it goes on from, and where
/// in training it is: in an epoch of one minibatch (R3.12, R8.15).
pub fn first_values(model: &dyn Model, batch: usize, precision: Precision) -> Arrays {
    let kept = model.kept().iter().map(|kept| (kept.name.clone(), first(kept, batch, precision)));
    let counts = Count::ALL.map(|count| (count.name().to_owned(), Tensor::from_f64([], &[1.0], precision)));
    kept.chain(counts).collect()
}

/// First values for so many samples or places.
pub fn first(kept: &Kept, rows: usize, precision: Precision) -> Tensor {
    Tensor::from_f64(kept.rows(rows), &vec![kept.first; rows * kept.width()], precision)
}

fn rows(kept: &Kept, batch: usize, samples: usize) -> usize {
    match kept.keeping {
        Keeping::Sample => samples,
        Keeping::Place => batch,
    }
}

/// The row of the sample at a place in a minibatch.
fn row(kept: &Kept, samples: &[usize], place: usize) -> usize {
    match kept.keeping {
        Keeping::Sample => samples[place],
        Keeping::Place => place,
    }
}

/// Copies rows of so many numbers; both tensors have one precision.
fn copy_rows(from: &Tensor, to: &mut Tensor, width: usize, rows: impl Iterator<Item = (usize, usize)>) {
    let range = |row: usize| row * width..(row + 1) * width;
    match (&from.data, &mut to.data) {
        (Data::F32(from), Data::F32(to)) => {
            rows.for_each(|(a, b)| to[range(b)].copy_from_slice(&from[range(a)]));
        }
        (Data::F64(from), Data::F64(to)) => {
            rows.for_each(|(a, b)| to[range(b)].copy_from_slice(&from[range(a)]));
        }
        (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => {
            unreachable!("all states of a session have its precision")
        }
    }
}
