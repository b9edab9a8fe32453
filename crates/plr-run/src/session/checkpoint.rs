//! A session on disk: its parameters and how far it has come.

use std::collections::BTreeMap;
use std::path::Path;

use plr_ir::Tensor;
use plr_ir::model::{Keeping, Kept};

use super::error::SessionError;
use super::{Options, Position, Session};
use crate::weights::{self, Expected, Weights};

impl Session<'_> {
    /// Writes the parameters to a safetensors file, completely or not at all, with the rule's name, the seed and the
    /// position of the run.
    ///
    /// # Errors
    /// [`SessionError::Weights`]; what was at `path` before is then still there.
    pub fn save(&self, path: &Path) -> Result<(), SessionError> {
        let names = self.model.parameters().iter().map(|parameter| parameter.name.clone());
        let kept = self.model.kept().iter().map(|kept| kept.name.clone());
        let kept = kept.zip(self.tables.all().iter().cloned());
        let tensors = names.zip(self.parameters.iter().cloned()).chain(kept).collect();
        let Position { epoch, minibatch, updates, minibatches } = self.position;
        let about = [
            ("rule", self.model.name().to_owned()),
            ("seed", self.options.seed.to_string()),
            ("epoch", epoch.to_string()),
            ("minibatch", minibatch.to_string()),
            ("updates", updates.to_string()),
            ("minibatches", minibatches.to_string()),
        ];
        let about = about.map(|(key, text)| (key.to_owned(), text));
        Ok(weights::save(path, &Weights { tensors, about: BTreeMap::from(about) })?)
    }

    /// Takes parameters and position from a file that [`Session::save`] wrote; training goes on as if it had never been
    /// interrupted. A file without a position starts a run of its own.
    ///
    /// # Errors
    /// [`SessionError::Weights`] if the file is not readable or not of this rule on this network in this precision,
    /// [`SessionError::Position`] if it says something else than a number about its position. The session is then
    /// unchanged.
    pub fn load(&mut self, path: &Path) -> Result<(), SessionError> {
        let precision = self.options.precision;
        let expected =
            |p: &plr_ir::model::Parameter| Expected { name: p.name.clone(), dims: p.dims.clone(), precision };
        let parameters: Vec<Expected> = self.model.parameters().iter().map(expected).collect();
        let mut loaded = weights::load(path)?;
        let kept = self.expected_tables(&loaded);
        weights::check(path, &loaded, &[&parameters[..], &kept].concat())?;
        let position = Position {
            epoch: number(&loaded, "epoch")?,
            minibatch: number(&loaded, "minibatch")?,
            updates: number(&loaded, "updates")?,
            minibatches: number(&loaded, "minibatches")?,
        };
        let tables: Vec<Tensor> = kept.iter().filter_map(|kept| loaded.tensors.remove(&kept.name)).collect();
        self.tables.set(tables);
        for (expected, parameter) in parameters.iter().zip(&mut self.parameters) {
            if let Some(tensor) = loaded.tensors.remove(&expected.name) {
                *parameter = tensor;
            }
        }
        self.position = position;
        Ok(())
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

/// A number that a file says about itself; 0 if it says nothing.
fn number<T: std::str::FromStr + Default>(weights: &Weights, key: &'static str) -> Result<T, SessionError> {
    let Some(text) = weights.about.get(key) else { return Ok(T::default()) };
    text.parse().map_err(|_| SessionError::Position { key, text: text.clone() })
}
