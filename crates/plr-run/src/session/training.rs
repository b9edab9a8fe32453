//! Minibatch after minibatch.

use std::time::{Duration, Instant};

use plr_ir::model::{Model, Piece};
use plr_ir::scalar::Real;
use plr_ir::tensor::Data;
use plr_ir::{Program, Tensor};

use super::by_case::ByCase;
use super::error::SessionError;
use super::presentation::Presentation;
use super::relaxation::{CutOff, Relaxation, relaxations};
use super::tables::Tables;
use super::together::Together;
use super::{Options, Position, Session, copy_all};
use crate::backend::{Backend, Context};
use crate::data::{Dataset, Epoch};

/// What a caller hears after every minibatch, or after several that are presented together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The epoch under way, counted from 0.
    pub epoch: u64,
    /// Minibatches of this epoch that have been presented.
    pub minibatch: usize,
    /// Minibatches of an epoch.
    pub of: usize,
    /// Updates made in all.
    pub updates: u64,
}

/// What a caller answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Stop here and forget the current call.
    Stop,
}

/// What one call of [`Session::train`] did.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The epoch it belongs to, counted from 0.
    pub epoch: u64,
    /// Updates made; 0 if it was stopped.
    pub updates: u64,
    /// Samples presented; 0 if it was stopped.
    pub samples: usize,
    /// Whether the epoch is complete.
    pub complete: bool,
    /// Whether the caller asked to stop: then nothing has changed.
    pub stopped: bool,
    /// Time spent on minibatches, compilation excluded.
    pub time: Duration,
    /// Relaxations that did not reach their tolerance, by phase.
    pub cut_off: Vec<CutOff>,
}

/// The update of a rule, ready for minibatches of one size.
#[derive(Debug)]
pub(super) struct Trainer {
    presentation: Presentation,
    /// Several presentations in a row, if they are made at a time.
    several: Option<Several>,
    /// What there is to do by where in training a presentation is, if that makes a difference.
    by_case: Option<ByCase>,
    relaxations: Vec<Relaxation>,
}

/// Several presentations that are made at a time.
#[derive(Debug)]
struct Several {
    presentation: Presentation,
    /// How many they are.
    count: usize,
    /// Whether where they begin in an epoch makes a difference to roundings.
    aligned: bool,
}

impl Several {
    /// As compiled code makes them.
    fn new(
        model: &dyn Model,
        update: &Program,
        batch: usize,
        backend: Backend,
    ) -> Result<Option<Self>, SessionError> {
        let compiled = matches!(backend, Backend::Jit { .. });
        let Some(together) = Together::of(model, update, batch).filter(|_| compiled) else { return Ok(None) };
        let (count, aligned) = (together.presentations, together.joined);
        let presentation = Presentation::together(model, together, batch, backend)?;
        Ok(Some(Self { presentation, count, aligned }))
    }

    /// Whether they can be made now, if so many minibatches are left to present.
    fn begins(&self, minibatch: usize, left: usize) -> bool {
        left >= self.count && (!self.aligned || minibatch.is_multiple_of(self.count))
    }
}

impl Trainer {
    pub(super) fn new(model: &dyn Model, batch: usize, options: Options) -> Result<Self, SessionError> {
        let Options { backend, precision, .. } = options;
        let presentation = Presentation::new(model, Piece::Update, batch, precision, backend)?
            .ok_or_else(|| SessionError::MissingOutput { output: "new parameters".to_owned() })?;
        let program = presentation.runner().program();
        let several = match batch == options.batch {
            true => Several::new(model, program, batch, backend)?,
            false => None,
        };
        let relaxations = relaxations(program);
        let by_case = match several {
            Some(_) => None,
            None => ByCase::new(model, program, batch, backend)?,
        };
        Ok(Self { presentation, several, by_case, relaxations })
    }

    pub(super) fn batch(&self) -> usize {
        self.presentation.batch()
    }

    pub(super) fn fits(&self, data: &Dataset) -> Result<(), SessionError> {
        self.presentation.fits(data)
    }

    /// What an earlier call has gathered, of other data maybe, is not to be used any more.
    fn forget_ahead(&mut self) {
        self.presentation.forget_ahead();
        if let Some(several) = &mut self.several {
            several.presentation.forget_ahead();
        }
    }

    /// One update, or several if there are so many samples: the new parameters take the place of the old ones. What is likely to be
    /// presented next may be gathered meanwhile.
    fn step(
        &mut self,
        (model, options): (&dyn Model, Options),
        (parameters, tables): (&mut [Tensor], &mut Tables),
        (data, samples, next): (&Dataset, &[usize], &[usize]),
        (context, position): (Context, Position),
    ) -> Result<(), SessionError> {
        let next = (!next.is_empty()).then_some((data, next));
        if let Some(several) = self.several.as_mut().filter(|_| samples.len() > self.presentation.batch()) {
            several.presentation.gather(data, samples);
            return several.presentation.run(parameters, context, position, next).map(drop);
        }
        let own = match &mut self.by_case {
            Some(by_case) => by_case.at((model, options), parameters, (context, position))?,
            None => None,
        };
        // Whether the next one is of the same case is not known yet.
        let next = next.filter(|_| own.is_none());
        let presentation = own.unwrap_or(&mut self.presentation);
        presentation.gather(data, samples);
        let kept = model.kept();
        tables.hand_out(kept, samples, presentation.kept_mut());
        let outputs = presentation.run(parameters, context, position, next)?;
        for relaxation in &mut self.relaxations {
            relaxation.observe(outputs);
        }
        for (at, (kept, left)) in kept.iter().zip(presentation.kept_mut()).enumerate() {
            tables.take_in(at, kept, samples, left);
        }
        Ok(())
    }
}

impl Session<'_> {
    /// Presents minibatches to the end of the epoch, or at most `most` of them; the next call goes on from there.
    /// `progress` is called after every update, or after several that are made together.
    ///
    /// # Errors
    /// If the data does not fit the network or the minibatch size, if a parameter stops being finite, and on compiler
    /// bugs. Parameters and position are then those before the call.
    pub fn train(
        &mut self,
        data: &Dataset,
        most: Option<u64>,
        progress: &mut dyn FnMut(Progress) -> Control,
    ) -> Result<Report, SessionError> {
        let order = self.order(data.samples())?;
        self.prepare(data, &order, most)?;
        let start = self.position;
        self.trainers.iter_mut().for_each(Trainer::forget_ahead);
        self.tables.fit(self.model.kept(), self.options, data.samples())?;
        copy_all(&self.parameters, &mut self.before);
        self.tables.remember();
        let report = self.train_prepared(data, &order, most, progress);
        if !matches!(report, Ok(Report { stopped: false, .. })) {
            self.go_back();
            self.position = start;
        }
        self.order = Some((start.epoch, order));
        report
    }

    /// Parameters and kept states are what they were before the current call.
    fn go_back(&mut self) {
        copy_all(&self.before, &mut self.parameters);
        self.tables.restore();
    }

    /// Compiles for the minibatch sizes to come, so that the time of training is free of it.
    fn prepare(&mut self, data: &Dataset, order: &Epoch, most: Option<u64>) -> Result<(), SessionError> {
        let full = self.trainer(self.options.batch)?;
        self.trainers[full].fits(data)?;
        let rest = data.samples() % self.options.batch;
        let left = order.batches().len().saturating_sub(self.position.minibatch);
        if rest != 0 && most.is_none_or(|most| most >= left as u64) {
            self.trainer(rest)?;
        }
        Ok(())
    }

    fn train_prepared(
        &mut self,
        data: &Dataset,
        order: &Epoch,
        most: Option<u64>,
        progress: &mut dyn FnMut(Progress) -> Control,
    ) -> Result<Report, SessionError> {
        let (clock, start, compiled) = (Instant::now(), self.position, self.compile_time);
        let of = order.batches().len();
        self.position.minibatches = of;
        let left = of.saturating_sub(start.minibatch);
        let count = most.map_or(left, |most| usize::try_from(most).map_or(left, |most| most.min(left)));
        let mut report = Report {
            epoch: start.epoch,
            updates: 0,
            samples: 0,
            complete: false,
            stopped: false,
            time: Duration::ZERO,
            cut_off: Vec::new(),
        };
        let end = start.minibatch + count;
        while self.position.minibatch < end {
            let [samples, next] = self.next(order, end - self.position.minibatch)?;
            self.update(data, samples, next)?;
            report.samples += samples.len();
            let (minibatch, updates) = (self.position.minibatch, self.position.updates);
            if progress(Progress { epoch: start.epoch, minibatch, of, updates }) == Control::Stop {
                self.forget_cut_off();
                return Ok(Report { samples: 0, stopped: true, time: clock.elapsed(), ..report });
            }
        }
        report.updates = count as u64;
        self.check_finite(data, order, count)?;
        report.complete = self.position.minibatch >= of;
        if report.complete {
            self.position.epoch += 1;
            self.position.minibatch = 0;
        }
        report.time = clock.elapsed().saturating_sub(self.compile_time - compiled);
        report.cut_off = self.take_cut_off();
        Ok(report)
    }

    /// The samples of the next minibatch, or of several, but of no more than `most`, if they can be presented at a time; and those of
    /// as many after it, if there are.
    fn next<'o>(&mut self, order: &'o Epoch, most: usize) -> Result<[&'o [usize]; 2], SessionError> {
        let left = &order.order()[self.position.minibatch * self.options.batch..];
        let batch = left.len().min(self.options.batch);
        let trainer = self.trainer(batch)?;
        let several = self.trainers[trainer].several.as_ref();
        let whole = |several: &&Several| {
            several.begins(self.position.minibatch, most) && left.len() >= several.count * batch
        };
        let count = several.filter(whole).map_or(1, |several| several.count);
        let (now, after) = left.split_at(count * batch);
        let next = after.get(..now.len()).filter(|_| most >= 2 * count);
        Ok([now, next.unwrap_or(&[])])
    }

    /// One minibatch, or several in a row.
    fn update(&mut self, data: &Dataset, samples: &[usize], next: &[usize]) -> Result<(), SessionError> {
        let context = self.context();
        let trainer = self.trainer(samples.len().min(self.options.batch))?;
        let trainer = &mut self.trainers[trainer];
        trainer.step(
            (self.model, self.options),
            (&mut self.parameters, &mut self.tables),
            (data, samples, next),
            (context, self.position),
        )?;
        self.compile_time += trainer.by_case.as_mut().map_or(Duration::ZERO, ByCase::take_compile_time);
        let minibatches = samples.len().div_ceil(self.options.batch);
        self.position.minibatch += minibatches;
        self.position.updates += minibatches as u64;
        Ok(())
    }

    /// Parameters are looked at once per call, which costs nothing beside the minibatches. Only if one of them is not
    /// finite the call is repeated, bit for bit the same, to find out when it happened.
    fn check_finite(&mut self, data: &Dataset, order: &Epoch, count: usize) -> Result<(), SessionError> {
        let Some(at_the_end) = self.not_finite() else { return Ok(()) };
        self.forget_cut_off();
        self.go_back();
        self.position.minibatch -= count;
        self.position.updates -= count as u64;
        let first = self.position.minibatch;
        for samples in order.batches().skip(first).take(count) {
            self.update(data, samples, &[])?;
            if let Some(found) = self.not_finite() {
                return Err(found);
            }
        }
        // A rule that recovers from a NaN or depends on more than it should; what was seen is still true.
        Err(at_the_end)
    }

    /// The first parameter or kept state with an infinite or NaN element, as an error of the last update.
    fn not_finite(&self) -> Option<SessionError> {
        let parameters = self.model.parameters().iter().map(|parameter| &parameter.name);
        let kept = self.model.kept().iter().map(|kept| &kept.name);
        let all = parameters.zip(&self.parameters).chain(kept.zip(self.tables.all()));
        let mut found = all.filter_map(|(name, tensor)| Some((first_not_finite(tensor)?, name.clone())));
        let (value, parameter) = found.next()?;
        let (update, epoch) = (self.position.updates, self.position.epoch + 1);
        Some(SessionError::NotFinite { parameter, value, update, epoch })
    }

    /// What was cut off since the last call, by phase, all minibatch sizes together.
    fn take_cut_off(&mut self) -> Vec<CutOff> {
        let mut all: Vec<CutOff> = Vec::new();
        let relaxations = self.trainers.iter_mut().flat_map(|trainer| &mut trainer.relaxations);
        for counted in relaxations.filter_map(Relaxation::take) {
            match all.iter_mut().find(|known| known.phase == counted.phase) {
                Some(known) => known.merge(&counted),
                None => all.push(counted),
            }
        }
        all
    }

    fn forget_cut_off(&mut self) {
        self.take_cut_off();
    }
}

fn first_not_finite(tensor: &Tensor) -> Option<f64> {
    match &tensor.data {
        Data::F32(numbers) => first_of_them(numbers),
        Data::F64(numbers) => first_of_them(numbers),
    }
}

/// The first number that is not finite. A loop without an early end is one of vectors: many are looked at together.
fn first_of_them(numbers: &[impl Real]) -> Option<f64> {
    const TOGETHER: usize = 1024;
    let finite = |part: &&[_]| part.iter().fold(true, |all, x: &_| all & Real::to_f64(*x).is_finite());
    let part = numbers.chunks(TOGETHER).find(|part| !finite(part))?;
    part.iter().map(|x| x.to_f64()).find(|x| !x.is_finite())
}
