//! A session on disk: its parameters and how far it has come.

use std::collections::BTreeMap;
use std::path::Path;

use plr_ir::model::{Keeping, Kept, Parameter};
use plr_ir::{Precision, Tensor};

use super::error::SessionError;
use super::tables::Tables;
use super::{Options, Position, Session};
use crate::init;
use crate::weights::{self, Expected, Weights, WeightsError};

/// What a run began with beside the parameters that a file gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    /// The parameters that the file does not have.
    pub drawn: Vec<String>,
    /// What the file has and the rule does not.
    pub left: Vec<String>,
}

/// What had been learned at some moment, and when that was: enough to evaluate it again.
#[derive(Clone, Debug)]
pub struct Snapshot {
    parameters: Vec<Tensor>,
    position: Position,
}

impl Snapshot {
    /// How far the run had come.
    pub fn position(&self) -> Position {
        self.position
    }
}

impl Session<'_> {
    /// What has been learned so far.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { parameters: self.parameters.clone(), position: self.position }
    }

    /// Has learned what it had at that moment. It can be evaluated and saved then; what is kept (R3.11) and the order of samples
    /// are those of the end, so that training does not go on from here.
    pub fn look_back_at(&mut self, snapshot: Snapshot) {
        let Snapshot { parameters, position } = snapshot;
        (self.parameters, self.position) = (parameters, position);
    }

    /// Writes the parameters to a safetensors file, completely or not at all, with the rule's name, the seed and the
    /// position of the run.
    ///
    /// # Errors
    /// [`SessionError::Weights`]; what was at `path` before is then still there.
    pub fn save(&self, path: &Path) -> Result<(), SessionError> {
        self.save_with(path, &[])
    }

    /// As [`Self::save`], with more that is said about these weights.
    ///
    /// # Errors
    /// As those of [`Self::save`].
    pub fn save_with(&self, path: &Path, more: &[(&str, String)]) -> Result<(), SessionError> {
        let names = self.model.parameters().iter().map(|parameter| parameter.name.clone());
        let kept = self.model.kept().iter().map(|kept| kept.name.clone());
        let kept = kept.zip(self.tables.all());
        let tensors = names.zip(&self.parameters).chain(kept).collect();
        let Position { epoch, minibatch, updates, minibatches } = self.position;
        let about = [
            ("rule", self.model.name().to_owned()),
            ("seed", self.options.seed.to_string()),
            ("epoch", epoch.to_string()),
            ("minibatch", minibatch.to_string()),
            ("updates", updates.to_string()),
            ("minibatches", minibatches.to_string()),
        ];
        let about = about.into_iter().chain(more.iter().cloned());
        let about = about.map(|(key, text)| (key.to_owned(), text)).collect();
        Ok(weights::save(path, &Weights { tensors, about })?)
    }

    /// Takes parameters and position from a file that [`Session::save`] wrote; training goes on as if it had never been
    /// interrupted (R18.4).
    ///
    /// # Errors
    /// [`SessionError::Weights`] if the file is not readable or not of this rule on this network in this precision,
    /// [`SessionError::Position`] if it says something else than numbers that belong together about its position,
    /// [`SessionError::OtherRun`] if it is of a run of another rule, with another seed or of other epochs than of `samples` samples, or does
    /// not say of which. The session is then unchanged.
    pub fn load(&mut self, path: &Path, samples: usize) -> Result<(), SessionError> {
        let (snapshot, tables) = self.read(path, samples)?;
        self.tables.set(tables);
        self.look_back_at(snapshot);
        Ok(())
    }

    /// What had been learned when a file was written that [`Self::load`] would take.
    ///
    /// # Errors
    /// As those of [`Self::load`].
    pub fn snapshot_of(&self, path: &Path, samples: usize) -> Result<Snapshot, SessionError> {
        self.read(path, samples).map(|(snapshot, _)| snapshot)
    }

    /// What a file of this run has: what was learned, and what is kept.
    fn read(&self, path: &Path, samples: usize) -> Result<(Snapshot, Vec<Tensor>), SessionError> {
        let precision = self.options.precision;
        let parameters: Vec<Expected> =
            self.model.parameters().iter().map(|parameter| expected(parameter, precision)).collect();
        let mut loaded = weights::load(path)?;
        let position = Position {
            epoch: number(&loaded, "epoch")?,
            minibatch: number(&loaded, "minibatch")?,
            updates: number(&loaded, "updates")?,
            minibatches: number(&loaded, "minibatches")?,
        };
        self.is_of_this_run(&loaded, position, samples)?;
        let kept = self.expected_tables(&loaded);
        weights::check(path, &loaded, &[&parameters[..], &kept].concat())?;
        // All of them are there, as was checked.
        let mut take = |expected: &[Expected]| -> Vec<Tensor> {
            expected.iter().filter_map(|expected| loaded.tensors.remove(&expected.name)).collect()
        };
        let (tables, parameters) = (take(&kept), take(&parameters));
        let names = self.model.parameters().iter().map(|parameter| &parameter.name);
        are_finite(path, names.zip(&parameters))?;
        Ok((Snapshot { parameters, position }, tables))
    }

    /// Whether a file says that it is of a run like this one, as far as it says anything.
    fn is_of_this_run(
        &self,
        loaded: &Weights,
        position: Position,
        samples: usize,
    ) -> Result<(), SessionError> {
        let of_epoch = samples.div_ceil(self.options.batch);
        let other =
            |what, found: &str, here: String| SessionError::OtherRun { what, found: found.to_owned(), here };
        let here = [("rule", self.model.name().to_owned()), ("seed", self.options.seed.to_string())];
        for (what, here) in here {
            let found = loaded.about.get(what).map_or("not said", String::as_str);
            if found != here {
                return Err(other(what, found, here));
            }
        }
        let minibatches = position.minibatches;
        if minibatches != 0 && minibatches != of_epoch {
            let what = "number of minibatches of an epoch";
            return Err(other(what, &minibatches.to_string(), of_epoch.to_string()));
        }
        position.check()
    }

    /// Begins with the parameters that a file has in the place of first values: those of its names, within their constraints. The others
    /// are drawn, or follow them. What filters remember, what is kept and the counts of presentations are those of a run that begins (R18.3).
    ///
    /// # Errors
    /// [`SessionError::Weights`] if the file is not readable, has nothing that the rule on this network has, or has it in another
    /// shape or precision, or not finite. The session is then unchanged.
    pub fn begin_with(&mut self, path: &Path) -> Result<Begun, SessionError> {
        let Options { precision, seed, .. } = self.options;
        let loaded = weights::load(path)?;
        let own: Vec<_> = self.model.parameters().iter().filter(|p| p.init.may_be_given()).collect();
        let is_there = |name: &String| loaded.tensors.contains_key(name);
        let (given, drawn): (Vec<_>, Vec<_>) = own.into_iter().partition(|p| is_there(&p.name));
        let names = |parameters: &[&Parameter]| parameters.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
        if given.is_empty() {
            let (found, known) = (loaded.tensors.keys().cloned().collect(), names(&drawn));
            return Err(WeightsError::Foreign { path: path.to_owned(), found, known }.into());
        }
        let expected: Vec<Expected> = given.iter().map(|parameter| expected(parameter, precision)).collect();
        let (tensors, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            loaded.tensors.into_iter().partition(|(name, _)| expected.iter().any(|e| e.name == *name));
        let taken = Weights { tensors, about: BTreeMap::new() };
        weights::check(path, &taken, &expected)?;
        are_finite(path, taken.tensors.iter())?;
        self.parameters = init::with_given(self.model.parameters(), seed, precision, &taken.tensors);
        self.tables = Tables::default();
        self.position = Position::default();
        let anew = |name: &String| {
            self.model.parameters().iter().any(|p| p.name == *name)
                || self.model.kept().iter().any(|kept| kept.name == *name)
        };
        let left = others.into_keys().filter(|name| !anew(name)).collect();
        Ok(Begun { drawn: names(&drawn), left })
    }

    /// The kept states that a file should have: all or, of a run that has not begun, none.
    fn expected_tables(&self, loaded: &Weights) -> Vec<Expected> {
        let Options { precision, batch, .. } = self.options;
        let begun = self.model.kept().iter().any(|kept| loaded.tensors.contains_key(&kept.name));
        let expected = |kept: &Kept| {
            let samples = loaded.tensors.get(&kept.name).and_then(|table| table.dims.first().copied());
            let rows = match kept.keeping {
                Keeping::Sample => samples.unwrap_or_default(),
                Keeping::Place => batch,
            };
            Expected { name: kept.name.clone(), dims: kept.rows(rows), precision }
        };
        self.model.kept().iter().filter(|_| begun).map(expected).collect()
    }
}

/// Sees that no number is infinite or NaN.
fn are_finite<'t>(
    path: &Path,
    mut tensors: impl Iterator<Item = (&'t String, &'t Tensor)>,
) -> Result<(), WeightsError> {
    match tensors.find(|(_, tensor)| !tensor.to_f64().into_iter().all(f64::is_finite)) {
        None => Ok(()),
        Some((name, _)) => Err(WeightsError::NotFinite { path: path.to_owned(), name: name.clone() }),
    }
}

fn expected(parameter: &Parameter, precision: Precision) -> Expected {
    Expected { name: parameter.name.clone(), dims: parameter.dims.clone(), precision }
}

impl Position {
    /// Sees that its numbers belong together: a minibatch is an update.
    fn check(self) -> Result<(), SessionError> {
        let wrong = |key, text: String| Err(SessionError::Position { key, text });
        if self.minibatch >= self.minibatches.max(1) {
            return wrong("minibatch", self.minibatch.to_string());
        }
        let updates = self.epoch.checked_mul(self.minibatches as u64);
        match updates.and_then(|updates| updates.checked_add(self.minibatch as u64)) {
            Some(updates) if updates == self.updates => Ok(()),
            Some(_) | None => wrong("updates", self.updates.to_string()),
        }
    }
}

/// A number that a file says about itself; 0 if it says nothing.
fn number<T: std::str::FromStr + Default>(weights: &Weights, key: &'static str) -> Result<T, SessionError> {
    let Some(text) = weights.about.get(key) else { return Ok(T::default()) };
    text.parse().map_err(|_| SessionError::Position { key, text: text.clone() })
}
