//! The directory of a run: its weights, its epochs, what it was and what came of it. Each file is replaced as a whole (R18.2).

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plr_run::atomic_file;
use plr_run::data::npz;
use plr_run::session::{Evaluation, Predictions, Session, SessionError};
use serde_json::Value;

use crate::failure::Failure;

use super::best;
use super::report::{About, Outcome};

/// The table of angles along training.
const ANGLES: &str = "angles.csv";
/// The weights of the best epoch.
const BEST: &str = "best.safetensors";
/// What is predicted for the test set.
const PREDICTIONS: &str = "predictions.npz";
/// All that a directory may have.
const FILES: [&str; 6] = ["weights.safetensors", BEST, "epochs.csv", ANGLES, PREDICTIONS, "run.json"];

/// What of training may be lost beside the epoch at work, if the process is killed: writing what a fraction of a millisecond has
/// learned would take most of the time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where a run is written.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Updates made before the weights were written last.
    updates: u64,
    /// When that was.
    written: Instant,
    /// Whether something has come since.
    pending: bool,
    about: Value,
    epochs: String,
    /// Whether training samples are watched.
    curve: bool,
    /// The lines of `angles.csv`, if angles are taken along training.
    angles: Option<String>,
}

/// What the tables of a run have beside what they always have.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// How training samples are predicted.
    pub curve: bool,
    /// The heads of what is watched.
    pub watched: &'a [String],
    /// The parameters whose angles are taken along training, if any are.
    pub angles: Option<&'a [String]>,
}

/// A line of `epochs.csv`.
#[derive(Clone, Debug)]
pub struct EpochRow {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Updates made in all.
    pub updates: u64,
    /// The time of its minibatches.
    pub seconds: f64,
    /// On the validation set.
    pub validation: Option<Evaluation>,
    /// On training samples, if the directory was opened for that.
    pub training: Option<Evaluation>,
    /// What is watched, as the directory was opened for.
    pub watched: Vec<String>,
    /// The angle of each parameter that the directory was opened for.
    pub angles: Vec<String>,
}

impl Directory {
    /// Makes the directory if it is not there, and writes what is known before training, so that a place that cannot be
    /// written is found out now; the weights first, because they are the most likely not to fit.
    pub fn open(
        path: &Path,
        about: &About,
        session: &Session<'_>,
        Columns { curve, watched, angles }: Columns<'_>,
    ) -> Result<Self, Failure> {
        if path.exists() && !path.is_dir() {
            return Err(Failure::NoDirectory { path: path.to_owned() });
        }
        fs::create_dir_all(path).map_err(|error| Failure::Write { path: path.to_owned(), error })?;
        let named: String = angles.unwrap_or_default().iter().map(|name| format!(",angle {name}")).collect();
        // R18.4
        atomic_file::remove_left_behind(path, &FILES);
        let done = session.position().updates;
        let before = |file: &str, head: String, (column, below)| {
            let known = lines_until(&path.join(file), &head, (column, below));
            head + &known
        };
        // What another run has left is none of this one; what the run has that goes on stays.
        let old: &[&str] = match (done, angles) {
            (0, None) => &[BEST, PREDICTIONS, ANGLES],
            (0, Some(_)) => &[BEST, PREDICTIONS],
            (1.., _) => &[PREDICTIONS],
        };
        let training = if curve { ",training_loss,training_accuracy" } else { "" };
        let watched = cells(watched);
        let head =
            format!("epoch,updates,seconds,validation_loss,validation_accuracy{training}{watched}{named}\n");
        let epochs = before("epochs.csv", head, (1, done + 1));
        // The angles where it goes on are taken anew.
        let angles = angles.map(|_| before(ANGLES, format!("updates{named}\n"), (0, done)));
        let (about, written) = (about.json(), Instant::now());
        let (path, pending) = (path.to_owned(), false);
        let mut directory = Self { path, updates: 0, written, pending, about, epochs, curve, angles };
        directory.save(session)?;
        for old in old.iter().map(|name| directory.path.join(name)).filter(|old| old.exists()) {
            fs::remove_file(&old).map_err(|error| Failure::Write { path: old, error })?;
        }
        directory.replace("epochs.csv", &directory.epochs)?;
        directory.replace("run.json", &pretty(&directory.about))?;
        Ok(directory)
    }

    fn weights(&self) -> PathBuf {
        self.path.join("weights.safetensors")
    }

    fn save(&mut self, session: &Session<'_>) -> Result<(), SessionError> {
        session.save(&self.weights())?;
        self.updates = session.position().updates;
        self.written = Instant::now();
        Ok(())
    }

    /// Whether the weights were written so long ago that it is time again (R18.1).
    pub fn is_due(&self) -> bool {
        self.written.elapsed() >= PATIENCE
    }

    /// Writes the tables and the weights as they are now, if lines have come since the last time; those of the best epoch too, if that
    /// has just ended.
    pub fn write(&mut self, session: &Session<'_>, best: Option<Evaluation>) -> Result<(), Failure> {
        if !self.pending {
            return Ok(());
        }
        // The lines first: of an epoch that the weights do not know they are left out by the run that goes on (R18.4), and none is
        // missing.
        self.replace("epochs.csv", &self.epochs)?;
        if let Some(lines) = &self.angles {
            self.replace(ANGLES, lines)?;
        }
        let best = best.map(|validation| session.save_with(&self.path.join(BEST), &best::about(validation)));
        let written = best.unwrap_or(Ok(())).and_then(|()| self.save(session));
        written.map_err(|error| Failure::Training { error, kept: self.kept() })?;
        self.pending = false;
        Ok(())
    }

    /// Where the weights of the best epoch are in a directory.
    pub fn best(path: &Path) -> PathBuf {
        path.join(BEST)
    }

    /// Writes what is predicted for the test set (R19.8).
    pub fn predictions(&self, found: Predictions) -> Result<(), Failure> {
        let Predictions { predictions, targets } = found;
        let arrays = [("prediction", predictions), ("target", targets)];
        let arrays = arrays.map(|(name, array)| (name.to_owned(), array)).into_iter().collect();
        Ok(npz::write_arrays(&self.path.join(PREDICTIONS), &arrays)?)
    }

    /// Which weights are there, in words.
    pub fn kept(&self) -> String {
        format!("the weights after {} updates are in `{}`", self.updates, self.weights().display())
    }

    /// Adds an epoch, which is written with the next weights.
    pub fn epoch(&mut self, row: EpochRow) {
        let EpochRow { epoch, updates, seconds, validation, training, watched, angles } = row;
        let evaluated = |evaluation: Option<Evaluation>| {
            let loss = evaluation.map(|e| e.loss.to_string());
            let accuracy = evaluation.and_then(|e| e.accuracy).map(|a| a.to_string());
            cells(&[loss, accuracy].map(Option::unwrap_or_default))
        };
        let training = if self.curve { evaluated(training) } else { String::new() };
        let (validation, watched, angles) = (evaluated(validation), cells(&watched), cells(&angles));
        // Writing to a string cannot fail.
        let _ = writeln!(self.epochs, "{epoch},{updates},{seconds}{validation}{training}{watched}{angles}");
        self.pending = true;
    }

    /// Adds angles that were taken after so many updates, which are written with the next weights.
    pub fn angles(&mut self, updates: u64, angles: &[String]) {
        if let Some(lines) = &mut self.angles {
            let _ = writeln!(lines, "{updates}{}", cells(angles));
            self.pending = true;
        }
    }

    /// Adds what came of the run to what it was.
    pub fn finish(&self, outcome: &Outcome) -> Result<(), Failure> {
        let mut all = self.about.clone();
        if let Value::Object(fields) = &mut all {
            fields.insert("result".to_owned(), outcome.json());
        }
        self.replace("run.json", &pretty(&all))
    }

    fn replace(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path.join(name);
        let written = atomic_file::replace(&path, |file| file.write_all(text.as_bytes()));
        written.map_err(|error| Failure::Write { path, error })
    }
}

/// The lines of a table, if it is there, in which a column has a number below so many updates: those of the run that goes on, with
/// the columns of this head. What it did later is not known to a weights file that was put back.
fn lines_until(path: &Path, head: &str, (column, below): (usize, u64)) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let Some((old, lines)) = text.split_once('\n') else { return String::new() };
    let old: Vec<&str> = old.split(',').collect();
    let places: Vec<Option<usize>> =
        head.trim_end().split(',').map(|name| old.iter().position(|known| *known == name)).collect();
    if places.get(column).is_none_or(|place| *place != Some(column)) {
        return String::new();
    }
    let known = |line: &&str| {
        let number = line.split(',').nth(column).and_then(|cell| cell.parse::<u64>().ok());
        number.is_some_and(|number| number < below)
    };
    let arranged = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |place: &Option<usize>| place.and_then(|at| cells.get(at).copied()).unwrap_or_default();
        places.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
    };
    lines.lines().filter(known).map(arranged).collect()
}

/// Cells behind others.
fn cells(cells: &[String]) -> String {
    cells.iter().map(|cell| format!(",{cell}")).collect()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
