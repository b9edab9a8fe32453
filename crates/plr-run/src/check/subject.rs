//! The rule under examination: trained and measured in the settings that the claims ask for, each only once.

use plr_ir::Tensor;
use plr_ir::model::{Check, Keeping, Model, Piece, Sampling, Workshop};

use super::error::CheckError;
use super::measure::{Evidence, Needs};
use super::minibatch::Minibatch;
use super::sampled::Presentation;
use crate::backend::{Arrays, Backend, Context, RunError, Runner};
use crate::data::drawn::Samples;
use crate::init;

/// Hyper-parameters that are set, by name.
pub(super) type Settings = [(String, f64)];

/// The hyper-parameter that increments are proportional to.
pub(super) const LEARNING_RATE: &str = "lr";

/// A rule in the setting of one check.
pub(super) struct Subject<'a> {
    workshop: &'a dyn Workshop,
    position: usize,
    check: &'a Check,
    backend: Backend,
    trained: Vec<Trained>,
    examined: Vec<Examined>,
}

/// Parameters after some updates.
struct Trained {
    settings: Vec<(String, f64)>,
    updates: u32,
    after: After,
}

/// What updates leave behind.
#[derive(Clone)]
struct After {
    /// In the model's order.
    parameters: Vec<Tensor>,
    /// The kept states that the next minibatch goes on from.
    left: Arrays,
}

/// What was found after some updates.
struct Examined {
    settings: Vec<(String, f64)>,
    updates: u32,
    needs: Needs,
    sampling: Sampling,
    at: Option<String>,
    model: Box<dyn Model>,
    evidence: Evidence,
}

impl<'a> Subject<'a> {
    /// In the setting of the check at a position, with the samples and the precision of another one, or of the same.
    pub(super) fn new(
        workshop: &'a dyn Workshop,
        position: usize,
        check: &'a Check,
        backend: Backend,
    ) -> Self {
        let (trained, examined) = (Vec::new(), Vec::new());
        Self { workshop, position, check, backend, trained, examined }
    }

    /// What the rule does in a setting after some updates, as far as a measure needs it.
    pub(super) fn evidence(
        &mut self,
        settings: &Settings,
        updates: u32,
        needs: Needs,
        (sampling, at): (Sampling, Option<&str>),
    ) -> Result<(&dyn Model, &Evidence), CheckError> {
        let known = |e: &Examined| {
            let same = e.settings == settings && e.updates == updates && e.needs == needs;
            same && e.sampling == sampling && e.at.as_deref() == at
        };
        let at = match self.examined.iter().position(known) {
            Some(at) => at,
            None => {
                let examined = self.examine(settings, updates, needs, (sampling, at))?;
                self.examined.push(examined);
                self.examined.len() - 1
            }
        };
        Ok((self.examined[at].model.as_ref(), &self.examined[at].evidence))
    }

    fn examine(
        &mut self,
        settings: &Settings,
        updates: u32,
        needs: Needs,
        (sampling, at): (Sampling, Option<&str>),
    ) -> Result<Examined, CheckError> {
        let After { parameters, left } = self.trained(settings, updates)?;
        let mut measured = settings.to_vec();
        // R14.2
        let compares = matches!(needs, Needs::Gradient(_));
        let sets_rate = settings.iter().any(|(name, _)| name == LEARNING_RATE);
        if compares && !sets_rate && self.workshop.hyper_parameter(LEARNING_RATE).is_some() {
            measured.push((LEARNING_RATE.to_owned(), 1.0));
        }
        let model = self.model(&measured)?;
        let samples = self.samples(model.as_ref())?;
        let mut evidence = Evidence {
            parameters,
            increments: Arrays::new(),
            gradients: Vec::new(),
            observed: Arrays::new(),
            direction: samples.principal_direction().map(<[f64]>::to_vec),
        };
        let (data, target) = samples.minibatch(updates);
        let presentation = Presentation {
            model: model.as_ref(),
            backend: self.backend,
            parameters: &evidence.parameters,
            minibatch: &Minibatch { left, ..Minibatch::new(data, target) },
            context: Context { seed: self.check.seed, update: updates },
            sampling,
            enough: 0.0,
        };
        match needs {
            Needs::Nothing => {}
            Needs::Gradient(reference) => {
                (evidence.gradients, evidence.increments) =
                    (presentation.gradients(reference)?, presentation.increments()?);
            }
            Needs::Observation(number) => {
                evidence.observed = presentation.observed(number, at)?;
            }
        }
        let (settings, at) = (settings.to_vec(), at.map(str::to_owned));
        Ok(Examined { settings, updates, needs, sampling, at, model, evidence })
    }

    /// The samples of a minibatch.
    pub(super) fn batch(&self) -> usize {
        self.check.batch
    }

    /// The default of a hyper-parameter, if there is one of that name.
    pub(super) fn knows(&self, name: &str) -> Option<f64> {
        self.workshop.hyper_parameter(name)
    }

    /// The parameters after some updates: from the beginning, or from where an earlier claim left off.
    fn trained(&mut self, settings: &Settings, updates: u32) -> Result<After, CheckError> {
        let before = |t: &&Trained| t.settings == settings && t.updates <= updates;
        let known = self.trained.iter().filter(before).max_by_key(|t| t.updates);
        let model = self.model(settings)?;
        let (mut after, first) = match known {
            Some(known) => (known.after.clone(), known.updates),
            None => {
                let parameters = init::parameters(model.parameters(), self.check.seed, self.check.precision)
                    .map_err(|room| RunError::NoRoom { program: model.name().to_owned(), room })?;
                (After { parameters, left: Arrays::new() }, 0)
            }
        };
        if first < updates {
            let samples = self.samples(model.as_ref())?;
            self.train(model.as_ref(), &samples, &mut after, first..updates)?;
        }
        self.trained.push(Trained { settings: settings.to_vec(), updates, after: after.clone() });
        Ok(after)
    }

    fn train(
        &self,
        model: &dyn Model,
        samples: &Samples,
        After { parameters, left }: &mut After,
        updates: std::ops::Range<u32>,
    ) -> Result<(), CheckError> {
        let program = model.program(Piece::Update, self.check.batch, self.check.precision);
        let program =
            program.ok_or_else(|| CheckError::MissingOutput { output: "new parameters".to_owned() })?;
        let mut runner = Runner::new(program, self.backend)?;
        for update in updates {
            let (data, target) = samples.minibatch(update);
            let minibatch = Minibatch { left: left.clone(), ..Minibatch::new(data, target) };
            let arrays = given(model, parameters, &minibatch);
            let context = Context { seed: self.check.seed, update };
            let mut new = runner.run_named(&arrays, context)?;
            for (parameter, tensor) in model.parameters().iter().zip(&mut *parameters) {
                if let Some(new) = new.remove(&parameter.name) {
                    *tensor = new;
                }
            }
            // The samples of the next minibatch are others, its places the same (R14.8).
            for kept in model.kept().iter().filter(|kept| kept.keeping == Keeping::Place) {
                left.extend(new.remove_entry(&kept.name));
            }
        }
        Ok(())
    }

    fn model(&self, settings: &Settings) -> Result<Box<dyn Model>, CheckError> {
        self.workshop.model(Some(self.position), settings).map_err(|reason| CheckError::Setting { reason })
    }

    fn samples(&self, model: &dyn Model) -> Result<Samples, CheckError> {
        let Check { data, batch, seed, precision, .. } = self.check;
        Ok(Samples::new(data, model.shape(), *batch, *seed, *precision)?)
    }
}

/// Parameters and a minibatch by their names.
pub(super) fn given(model: &dyn Model, parameters: &[Tensor], minibatch: &Minibatch) -> Arrays {
    let names = model.parameters().iter().map(|parameter| parameter.name.clone());
    let mut arrays: Arrays = names.zip(parameters.iter().cloned()).collect();
    arrays.extend(minibatch.arrays(model, minibatch.data.precision()));
    arrays
}
