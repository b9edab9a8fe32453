//! A rule learning from data: parameters, minibatches, epochs, evaluation, checkpoints.
//!
//! # What holds
//!
//! 1. A run is a function of the rule, the data, the precision, the minibatch size and the seed: neither the back end
//!    (up to roundings) nor the number of threads nor the moments at which it was interrupted (up to roundings, R12.8) matter (R19.1).
//! 2. A call of [`Session::train`] happens completely or not at all: if it is stopped or fails, parameters and counters
//!    are those before the call.
//! 3. Training never leaves a parameter infinite or NaN: the call fails and names the parameter and the update (R19.3).
//! 4. Evaluation changes nothing (R19.2).

mod by_case;
mod checkpoint;
mod error;
mod evaluation;
mod minibatch;
mod presentation;
mod relaxation;
mod tables;
mod together;
mod training;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use plr_ir::model::{Count, Model, Piece};
use plr_ir::tensor::Data;
use plr_ir::types::count;
use plr_ir::{Precision, Tensor};

use crate::backend::{Backend, Context};
use crate::data::{Batches, Dataset, Epoch};
use crate::init;
use crate::room;

pub use checkpoint::{Begun, Snapshot};
pub use error::SessionError;
pub use evaluation::{Evaluation, Predictions};
pub(crate) use presentation::{DATA, TARGET};
pub use relaxation::CutOff;
pub use tables::first_values;
pub use together::Together;
pub(crate) use together::presentations_are_alike;
pub use training::{Control, Progress, Report};

use presentation::Presentation;
use tables::Tables;
use training::Trainer;

/// The parameters now, before the current call of [`Session::train`], and after the next update, whose memory is there
/// but not used yet.
const COPIES: u64 = 3;

/// How a rule is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where its programs run.
    pub backend: Backend,
    /// The precision of all numbers.
    pub precision: Precision,
    /// Samples per minibatch, at least 1; the last minibatch of an epoch may be smaller.
    pub batch: usize,
    /// The seed of parameters, shuffling and the rule's own draws.
    pub seed: u64,
}

/// A rule in the course of learning.
pub struct Session<'m> {
    model: &'m dyn Model,
    options: Options,
    parameters: Vec<Tensor>,
    /// The parameters before the current call of [`Session::train`].
    before: Vec<Tensor>,
    /// What goes on from one presentation to another.
    tables: Tables,
    position: Position,
    /// The order of samples in the epoch it belongs to.
    order: Option<(u64, Epoch)>,
    /// By minibatch size: the full one and, where it does not divide the data, that of the rest.
    trainers: Vec<Trainer>,
    evaluators: BTreeMap<usize, Presentation>,
    compile_time: Duration,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Completed epochs.
    pub epoch: u64,
    /// Minibatches presented in the epoch that has begun.
    pub minibatch: usize,
    /// Updates made in all.
    pub updates: u64,
    /// Minibatches of an epoch; 0 before the first one.
    pub minibatches: usize,
}

impl Position {
    /// What a rule is told about the presentation that comes next (R8.10, R8.15).
    pub(crate) fn count(self, count: Count) -> f64 {
        match count {
            Count::Epoch => self.epoch as f64 + 1.0,
            Count::Minibatch => self.minibatch as f64 + 1.0,
            Count::Minibatches => self.minibatches.max(1) as f64,
        }
    }
}

impl<'m> Session<'m> {
    /// A rule before its first update, compiled for its minibatch size.
    ///
    /// # Errors
    /// [`SessionError::NoRoom`], [`SessionError::Run`] and the other compiler bugs; the data is looked at when it is used.
    pub fn new(model: &'m dyn Model, options: Options) -> Result<Self, SessionError> {
        let mut session = Self {
            model,
            options,
            parameters: Vec::new(),
            before: Vec::new(),
            tables: Tables::default(),
            position: Position::default(),
            order: None,
            trainers: Vec::new(),
            evaluators: BTreeMap::new(),
            compile_time: Duration::ZERO,
        };
        room_for_traces(model, options)?;
        // Compiled first: whether its numbers fit into memory is known before any is drawn.
        session.trainer(options.batch)?;
        room::check(init::bytes(model.parameters(), options.precision).saturating_mul(COPIES))?;
        let (seed, precision, threads) = (options.seed, options.precision, options.backend.threads());
        session.parameters = init::on_threads(model.parameters(), seed, precision, threads)?;
        session.before = session.parameters.clone();
        Ok(session)
    }

    /// Whether a data set has what the rule reads, and as many features and outputs as the network.
    ///
    /// # Errors
    /// [`SessionError::FeaturesDiffer`], [`SessionError::OutputsDiffer`], [`SessionError::NoTargets`].
    pub fn fits(&self, data: &Dataset) -> Result<(), SessionError> {
        self.trainers.iter().try_for_each(|trainer| trainer.fits(data))
    }

    /// The rule.
    pub fn model(&self) -> &'m dyn Model {
        self.model
    }

    /// How it is run.
    pub fn options(&self) -> Options {
        self.options
    }

    /// The parameters, in the model's order.
    pub fn parameters(&self) -> &[Tensor] {
        &self.parameters
    }

    /// How far the run has come.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Time spent so far on making programs (lowering and optimising) and compiling them.
    pub fn compile_time(&self) -> Duration {
        self.compile_time
    }

    /// The place in `trainers` of the update compiled for minibatches of `batch` samples.
    fn trainer(&mut self, batch: usize) -> Result<usize, SessionError> {
        if let Some(at) = self.trainers.iter().position(|trainer| trainer.batch() == batch) {
            return Ok(at);
        }
        let start = Instant::now();
        self.trainers.push(Trainer::new(self.model, batch, self.options)?);
        self.compile_time += start.elapsed();
        Ok(self.trainers.len() - 1)
    }

    /// Compiles the evaluation for groups of `batch` samples; false if the rule has no prediction.
    fn prepare_evaluation(&mut self, batch: usize) -> Result<bool, SessionError> {
        if !self.evaluators.contains_key(&batch) {
            let start = Instant::now();
            let Options { precision, backend, .. } = self.options;
            let Some(new) = Presentation::new(self.model, Piece::Evaluate, batch, precision, backend)? else {
                return Ok(false);
            };
            self.evaluators.insert(batch, new);
            self.compile_time += start.elapsed();
        }
        Ok(true)
    }

    fn context(&self) -> Context {
        Context { seed: self.options.seed, update: self.position.updates as u32 }
    }

    /// The order of the samples in the current epoch.
    fn order(&mut self, samples: usize) -> Result<Epoch, SessionError> {
        let batches = Batches::new(samples, self.options.batch, self.options.seed)?;
        let current = self.position.epoch;
        match self.order.take() {
            Some((epoch, order)) if epoch == current && order.order().len() == samples => Ok(order),
            Some(_) | None => Ok(batches.epoch(current)),
        }
    }
}

/// Copies numbers between tensors of one shape and precision without a new allocation.
fn copy_all(from: &[Tensor], to: &mut [Tensor]) {
    for (from, to) in from.iter().zip(to) {
        match (&from.data, &mut to.data) {
            (Data::F32(from), Data::F32(to)) => to.copy_from_slice(from),
            (Data::F64(from), Data::F64(to)) => to.copy_from_slice(from),
            (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => {
                unreachable!("all parameters of a session have its precision")
            }
        }
    }
}

/// Whether there is memory for what synapses keep of the samples of a minibatch (R20.10).
fn room_for_traces(model: &dyn Model, options: Options) -> Result<(), SessionError> {
    let traces = model.traces(options.batch);
    let numbers = traces.iter().fold(0_u64, |sum, (_, dims)| sum.saturating_add(count(dims) as u64));
    let bytes = numbers.saturating_mul(options.precision.bytes() as u64);
    let largest = traces.into_iter().max_by_key(|(_, dims)| count(dims));
    match (room::check(bytes), largest) {
        (Err(room), Some((trace, dims))) => Err(SessionError::NoRoomForTraces { trace, dims, room }),
        (Ok(()) | Err(_), _) => Ok(()),
    }
}
