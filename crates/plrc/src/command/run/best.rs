//! The weights of the epoch that was best on the validation set (R19.7).

use std::path::Path;

use plr_run::init;
use plr_run::room;
use plr_run::session::{Evaluation, Session, SessionError, Snapshot};
use plr_run::weights;

use crate::failure::Failure;

/// Keys of a weights file that says how good it is.
const LOSS: &str = "validation_loss";
const ACCURACY: &str = "validation_accuracy";

/// The best epoch so far, and when there has been enough of those that were not.
#[derive(Debug)]
pub struct Best {
    /// After how many epochs in a row without a better one training ends.
    patience: Option<u64>,
    found: Option<Found>,
}

/// An epoch that was better than those before.
#[derive(Debug)]
pub struct Found {
    /// What had been learned then.
    pub snapshot: Snapshot,
    /// On the validation set.
    pub validation: Evaluation,
    /// On training samples, if they are watched.
    pub training: Option<Evaluation>,
}

impl Best {
    /// Before the first epoch.
    ///
    /// # Errors
    /// If there is no room for the weights once more.
    pub fn new(session: &Session<'_>, patience: Option<u64>) -> Result<Self, Failure> {
        let bytes = init::bytes(session.model().parameters(), session.options().precision);
        room::check(bytes).map_err(|room| Failure::Session(SessionError::NoRoom(room)))?;
        Ok(Self { patience, found: None })
    }

    /// Takes what was best of the run that goes on, if that is written at `path` and no later than where it goes on.
    ///
    /// # Errors
    /// If the file is not one of this run.
    pub fn take_up(
        &mut self,
        path: &Path,
        session: &Session<'_>,
        samples: [usize; 2],
    ) -> Result<(), Failure> {
        if !path.exists() {
            return Ok(());
        }
        let [training, validation] = samples;
        let file = weights::load(path).map_err(|error| Failure::Session(error.into()))?;
        let number = |key| file.about.get(key).and_then(|text| text.parse::<f64>().ok());
        let (Some(loss), accuracy) = (number(LOSS), number(ACCURACY)) else { return Ok(()) };
        let snapshot = session.snapshot_of(path, training)?;
        if snapshot.position().updates <= session.position().updates {
            let validation = Evaluation { samples: validation, loss, accuracy };
            self.found = Some(Found { snapshot, validation, training: None });
        }
        Ok(())
    }

    /// An epoch has ended: whether it was the best so far. Of equally good ones the first is.
    pub fn offer(
        &mut self,
        session: &Session<'_>,
        validation: Evaluation,
        training: Option<Evaluation>,
    ) -> bool {
        let better = self.found.as_ref().is_none_or(|found| is_better(validation, found.validation));
        if better {
            self.found = Some(Found { snapshot: session.snapshot(), validation, training });
        }
        better
    }

    /// Whether so many epochs have passed since the best one that training ends.
    pub fn is_over(&self, epochs: u64) -> bool {
        let (Some(patience), Some(found)) = (self.patience, &self.found) else { return false };
        epochs >= found.snapshot.position().epoch.saturating_add(patience)
    }

    /// The best epoch, if any has ended.
    pub fn into_found(self) -> Option<Found> {
        self.found
    }
}

/// By accuracy where there are classes, by loss where there are none.
fn is_better(new: Evaluation, old: Evaluation) -> bool {
    match (new.accuracy, old.accuracy) {
        (Some(new), Some(old)) => new > old,
        (Some(_) | None, _) => new.loss < old.loss,
    }
}

/// What a weights file says about how good it is.
pub fn about(validation: Evaluation) -> Vec<(&'static str, String)> {
    let accuracy = validation.accuracy.map(|accuracy| (ACCURACY, accuracy.to_string()));
    std::iter::once((LOSS, validation.loss.to_string())).chain(accuracy).collect()
}
