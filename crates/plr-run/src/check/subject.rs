//! The rule under examination: trained and measured in the settings that the claims ask for, each only once.

use plr_ir::Tensor;
use plr_ir::model::{Check, Model, Piece, Workshop};

use super::error::CheckError;
use super::measure::{Evidence, Needs};
use super::reference::gradients;
use crate::backend::{Arrays, Backend, Context, Runner};
use crate::data::drawn::{Minibatch, Samples};
use crate::init;

/// Hyper-parameters that are set, by name.
pub(super) type Settings = [(String, f64)];

/// The hyper-parameter that increments are proportional to.
const LEARNING_RATE: &str = "lr";

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
    parameters: Vec<Tensor>,
}

/// What was found after some updates.
struct Examined {
    settings: Vec<(String, f64)>,
    updates: u32,
    needs: Needs,
    model: Box<dyn Model>,
    evidence: Evidence,
}

impl<'a> Subject<'a> {
    pub(super) fn new(workshop: &'a dyn Workshop, check: usize, backend: Backend) -> Self {
        let (trained, examined) = (Vec::new(), Vec::new());
        Self { workshop, position: check, check: &workshop.checks()[check], backend, trained, examined }
    }

    /// What the rule does in a setting after some updates, as far as a measure needs it.
    pub(super) fn evidence(
        &mut self,
        settings: &Settings,
        updates: u32,
        needs: Needs,
    ) -> Result<(&dyn Model, &Evidence), CheckError> {
        let known = |e: &Examined| e.settings == settings && e.updates == updates && e.needs == needs;
        let at = match self.examined.iter().position(known) {
            Some(at) => at,
            None => {
                let examined = self.examine(settings, updates, needs)?;
                self.examined.push(examined);
                self.examined.len() - 1
            }
        };
        Ok((self.examined[at].model.as_ref(), &self.examined[at].evidence))
    }

    fn examine(&mut self, settings: &Settings, updates: u32, needs: Needs) -> Result<Examined, CheckError> {
        let parameters = self.trained(settings, updates)?;
        let mut measured = settings.to_vec();
        // R14.2
        let compares = matches!(needs, Needs::Gradient(_));
        let sets_rate = settings.iter().any(|(name, _)| name == LEARNING_RATE);
        if compares && !sets_rate && self.workshop.hyper_parameter(LEARNING_RATE).is_some() {
            measured.push((LEARNING_RATE.to_owned(), 1.0));
        }
        let model = self.model(&measured)?;
        let samples = self.samples(model.as_ref(), updates)?;
        let mut evidence = Evidence {
            parameters,
            increments: Arrays::new(),
            gradients: Vec::new(),
            observed: Arrays::new(),
            direction: samples.principal_direction().map(<[f64]>::to_vec),
        };
        let context = Context { seed: self.check.seed, update: updates };
        match needs {
            Needs::Nothing => {}
            Needs::Gradient(reference) => {
                let minibatch = samples.minibatch(updates);
                let presented = (&minibatch.data, &minibatch.target);
                evidence.gradients =
                    gradients(model.as_ref(), reference, &evidence.parameters, presented, context)?;
                evidence.increments =
                    increments(model.as_ref(), self.backend, &evidence.parameters, &minibatch, context)?;
            }
            Needs::Observation(number) => {
                let program = model.program(Piece::Observe(number), self.check.batch, self.check.precision);
                let program = program.ok_or(CheckError::NothingObserved)?;
                let arrays = given(model.as_ref(), &evidence.parameters, &samples.minibatch(updates));
                evidence.observed = Runner::new(program, self.backend)?.run_named(&arrays, context)?;
            }
        }
        Ok(Examined { settings: settings.to_vec(), updates, needs, model, evidence })
    }

    /// The parameters after some updates: from the beginning, or from where an earlier claim left off.
    fn trained(&mut self, settings: &Settings, updates: u32) -> Result<Vec<Tensor>, CheckError> {
        let before = |t: &&Trained| t.settings == settings && t.updates <= updates;
        let known = self.trained.iter().filter(before).max_by_key(|t| t.updates);
        let model = self.model(settings)?;
        let (mut parameters, first) = match known {
            Some(known) => (known.parameters.clone(), known.updates),
            None => (init::parameters(model.parameters(), self.check.seed, self.check.precision), 0),
        };
        if first < updates {
            let samples = self.samples(model.as_ref(), updates)?;
            self.train(model.as_ref(), &samples, &mut parameters, first..updates)?;
        }
        self.trained.push(Trained { settings: settings.to_vec(), updates, parameters: parameters.clone() });
        Ok(parameters)
    }

    fn train(
        &self,
        model: &dyn Model,
        samples: &Samples,
        parameters: &mut [Tensor],
        updates: std::ops::Range<u32>,
    ) -> Result<(), CheckError> {
        let program = model.program(Piece::Update, self.check.batch, self.check.precision);
        let program =
            program.ok_or_else(|| CheckError::MissingOutput { output: "new parameters".to_owned() })?;
        let mut runner = Runner::new(program, self.backend)?;
        let mut arrays = Arrays::new();
        for update in updates {
            let Minibatch { data, target } = samples.minibatch(update);
            arrays.insert("data".to_owned(), data);
            arrays.insert("target".to_owned(), target);
            for (parameter, tensor) in model.parameters().iter().zip(&*parameters) {
                arrays.insert(parameter.name.clone(), tensor.clone());
            }
            let context = Context { seed: self.check.seed, update };
            let mut new = runner.run_named(&arrays, context)?;
            for (parameter, tensor) in model.parameters().iter().zip(&mut *parameters) {
                if let Some(new) = new.remove(&parameter.name) {
                    *tensor = new;
                }
            }
        }
        Ok(())
    }

    fn model(&self, settings: &Settings) -> Result<Box<dyn Model>, CheckError> {
        self.workshop.model(Some(self.position), settings).map_err(|reason| CheckError::Setting { reason })
    }

    fn samples(&self, model: &dyn Model, last: u32) -> Result<Samples, CheckError> {
        let Check { data, batch, seed, precision, .. } = self.check;
        Ok(Samples::new(data, model.shape(), *batch, *seed, *precision, last)?)
    }
}

/// Everything that one presentation yields on a back end, in the precision of the parameters.
pub(super) fn increments(
    model: &dyn Model,
    backend: Backend,
    parameters: &[Tensor],
    minibatch: &Minibatch,
    context: Context,
) -> Result<Arrays, CheckError> {
    let program = model.program(Piece::Probe, minibatch.data.dims[0], minibatch.data.precision());
    let program = program.ok_or_else(|| CheckError::MissingOutput { output: "increments".to_owned() })?;
    Ok(Runner::new(program, backend)?.run_named(&given(model, parameters, minibatch), context)?)
}

/// Parameters and a minibatch by their names.
fn given(model: &dyn Model, parameters: &[Tensor], minibatch: &Minibatch) -> Arrays {
    let names = model.parameters().iter().map(|parameter| parameter.name.clone());
    let mut arrays: Arrays = names.zip(parameters.iter().cloned()).collect();
    arrays.insert("data".to_owned(), minibatch.data.clone());
    arrays.insert("target".to_owned(), minibatch.target.clone());
    arrays
}
