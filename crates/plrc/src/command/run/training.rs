//! Epoch after epoch: a line for each, and its weights on disk.

use std::time::{Duration, Instant};

use plr_run::data::{Dataset, Splits};
use plr_run::session::{Control, CutOff, Evaluation, Position, Report, Session, SessionError};
use plr_sema::resolve::Length;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::{Bar, duration};
use crate::shell::Shell;

use super::along::{Along, Cost};
use super::best::{Best, Found};
use super::directory::{Directory, EpochRow};
use super::report::{loss_text, percent};
use super::watch::Watched;

/// A session in the course of learning, and who hears about it.
pub struct Training<'a> {
    pub session: Session<'a>,
    shell: Shell,
    interrupt: Interrupt,
    bar: Bar,
    pub splits: Splits,
    pub directory: Option<Directory>,
    /// Whether anything has been evaluated.
    evaluated: bool,
    /// On the validation set, after the last complete call.
    pub last_evaluation: Option<Evaluation>,
    pub cut_off: Vec<CutOff>,
    pub watch: Watch<'a>,
    /// On training samples, if they are watched, after the last complete call; and what that has cost.
    pub last_training: Option<Evaluation>,
    pub curve_cost: Cost,
    /// Time spent on minibatches, and the samples presented in it.
    pub time: Duration,
    samples: usize,
    /// The part of the time that belongs to the line to come.
    part: Duration,
    /// Whether what should be on disk could not be written.
    unwritten: bool,
}

/// What is looked at as training goes on, beside the validation set.
#[derive(Debug, Default)]
pub struct Watch<'a> {
    /// Angles to the gradient.
    pub along: Option<Along<'a>>,
    /// Training samples that are predicted.
    pub curve: Option<Dataset>,
    /// The best epoch.
    pub best: Option<Best>,
    /// What the rule does.
    pub watched: Option<Watched<'a>>,
}

impl<'a> Training<'a> {
    /// Before the first update.
    pub fn new(
        session: Session<'a>,
        splits: Splits,
        shell: Shell,
        interrupt: Interrupt,
        directory: Option<Directory>,
        watch: Watch<'a>,
    ) -> Self {
        Self {
            session,
            shell,
            interrupt,
            bar: Bar::new(shell.is_terminal()),
            splits,
            directory,
            evaluated: false,
            last_evaluation: None,
            cut_off: Vec::new(),
            watch,
            last_training: None,
            curve_cost: Cost::default(),
            time: Duration::ZERO,
            samples: 0,
            part: Duration::ZERO,
            unwritten: false,
        }
    }

    /// Trains for that long, or until Ctrl-C; however it ends, everything that was learned until then is on disk (R18.1).
    pub fn run(&mut self, length: Length) -> Result<(), Failure> {
        let trained = self.train_for(length);
        let written = self.write(None);
        trained.and(written)
    }

    fn train_for(&mut self, length: Length) -> Result<(), Failure> {
        self.take_angles()?;
        self.print_angles()?;
        if let Some(watched) = &self.watch.watched {
            self.shell.line(format_args!("before   {}", watched.words()))?;
        }
        while let Some(most) = self.left(length) {
            let next = self.watch.along.as_ref().and_then(|a| a.until_next(self.session.position().updates));
            let most = most.into_iter().chain(next).min();
            let report = self.train(most).map_err(|error| self.failure(error))?;
            if report.stopped {
                return Err(self.interrupted());
            }
            self.count(&report);
            self.take_angles()?;
            if report.complete || self.left(length).is_none() {
                self.record(&report)?;
            }
            self.print_angles()?;
            if self.directory.as_ref().is_some_and(Directory::is_due) {
                self.write_or_go_on();
            }
        }
        Ok(())
    }

    /// As [`Self::write`]. Where that cannot be done now it is said once, and tried again after the next epoch.
    fn write_or_go_on(&mut self) {
        let failure = self.write(None).err();
        if let (Some(failure), false) = (&failure, self.unwritten) {
            self.shell.warn(format_args!("{failure}; training goes on, and tries again"));
        }
        self.unwritten = failure.is_some();
    }

    /// Takes the angles of now, if they are wanted.
    fn take_angles(&mut self) -> Result<(), Failure> {
        let Some(along) = &mut self.watch.along else { return Ok(()) };
        along.take(&self.session, self.splits.measured(), self.shell)?;
        if let Some(directory) = &mut self.directory {
            directory.angles(self.session.position().updates, &along.cells());
        }
        Ok(())
    }

    /// Writes down what is not on disk yet, and the weights of the best epoch if that has just ended.
    fn write(&mut self, best: Option<Evaluation>) -> Result<(), Failure> {
        self.directory.as_mut().map_or(Ok(()), |directory| directory.write(&self.session, best))
    }

    fn print_angles(&mut self) -> Result<(), Failure> {
        self.watch.along.as_mut().map_or(Ok(()), |along| along.print(self.shell))
    }

    /// Fails after Ctrl-C.
    pub fn unless_interrupted(&mut self) -> Result<(), Failure> {
        if self.interrupt.pressed() { Err(self.interrupted()) } else { Ok(()) }
    }

    /// How many minibatches the next call may present; `None` when nothing is left to do.
    fn left(&self, length: Length) -> Option<Option<u64>> {
        let position = self.session.position();
        if self.watch.best.as_ref().is_some_and(|best| best.is_over(position.epoch)) {
            return None;
        }
        match length {
            Length::Epochs(epochs) => (position.epoch < u64::from(epochs)).then_some(None),
            Length::Updates(updates) => {
                (position.updates < updates).then(|| Some(updates - position.updates))
            }
        }
    }

    fn train(&mut self, most: Option<u64>) -> Result<Report, SessionError> {
        let (bar, interrupt) = (&self.bar, &self.interrupt);
        bar.begin(self.session.position().epoch);
        let report = self.session.train(&self.splits.train, most, &mut |progress| {
            bar.show(progress);
            if interrupt.pressed() { Control::Stop } else { Control::Continue }
        });
        self.bar.clear();
        report
    }

    /// Evaluates on the validation set, if no epoch has (R18.5).
    pub fn evaluate_once(&mut self) -> Result<(), Failure> {
        if self.evaluated { Ok(()) } else { self.evaluate().map_err(|error| self.failure(error)) }
    }

    fn evaluate(&mut self) -> Result<(), SessionError> {
        self.evaluated = true;
        (self.last_evaluation, self.last_training) = (None, None);
        let evaluated = self.splits.validation.as_ref().map(|validation| self.session.evaluate(validation));
        self.last_evaluation = evaluated.transpose()?.flatten();
        let Some(curve) = &self.watch.curve else { return Ok(()) };
        let clock = Instant::now();
        // R19.6
        self.last_training = self.session.evaluate(curve)?;
        self.curve_cost.measured += 1;
        self.curve_cost.time += clock.elapsed();
        Ok(())
    }

    /// Keeps the epoch that has ended if it is the best so far.
    fn keep(&mut self) -> Result<(), Failure> {
        let (Some(best), Some(validation)) = (&mut self.watch.best, self.last_evaluation) else {
            return Ok(());
        };
        if best.offer(&self.session, validation, self.last_training) {
            self.write(Some(validation))?;
        }
        Ok(())
    }

    /// Goes back to the best epoch, if one was looked for; which one that is.
    pub fn go_back_to_best(&mut self) -> Option<Position> {
        let Found { snapshot, validation, training } = self.watch.best.take()?.into_found()?;
        let position = snapshot.position();
        self.session.look_back_at(snapshot);
        (self.last_evaluation, self.last_training) = (Some(validation), training);
        Some(position)
    }

    /// Takes what is watched now.
    pub fn watch_now(&mut self) -> Result<(), Failure> {
        let Some(watched) = &mut self.watch.watched else { return Ok(()) };
        watched.take(&self.session, self.splits.measured())
    }

    /// Evaluates, notes an epoch, even where that fails, since its weights are there, and prints its line.
    fn record(&mut self, report: &Report) -> Result<(), Failure> {
        let time = std::mem::take(&mut self.part);
        let (evaluated, watching) = (self.evaluate(), self.watch_now());
        self.note(report, time);
        evaluated.map_err(|error| self.failure(error)).and(watching)?;
        self.keep()?;
        let evaluations = (self.last_evaluation, self.last_training);
        let watched = self.watch.watched.as_ref().map(Watched::words).unwrap_or_default();
        self.shell.line(line((report, time), self.session.position().updates, evaluations, &watched))
    }

    /// Adds an epoch to the table.
    fn note(&mut self, report: &Report, time: Duration) {
        let Some(directory) = &mut self.directory else { return };
        directory.epoch(EpochRow {
            epoch: report.epoch + 1,
            updates: self.session.position().updates,
            seconds: time.as_secs_f64(),
            validation: self.last_evaluation,
            training: self.last_training,
            watched: self.watch.watched.as_ref().map(Watched::cells).unwrap_or_default(),
            angles: self.watch.along.as_ref().map(Along::cells).unwrap_or_default(),
        });
    }

    fn count(&mut self, report: &Report) {
        self.time += report.time;
        self.part += report.time;
        self.samples += report.samples;
        for new in &report.cut_off {
            match self.cut_off.iter_mut().find(|known| known.phase == new.phase) {
                Some(known) => {
                    known.presentations += new.presentations;
                    if new.residual.is_nan() || new.residual > known.residual {
                        known.residual = new.residual;
                    }
                }
                None => self.cut_off.push(new.clone()),
            }
        }
    }

    /// The mean time of an epoch: of as many samples as there are.
    pub fn epoch_time(&self) -> Duration {
        self.time.mul_f64(self.splits.train.samples() as f64 / self.samples.max(1) as f64)
    }

    fn failure(&mut self, error: SessionError) -> Failure {
        Failure::Training { error, kept: self.ended() }
    }

    fn interrupted(&mut self) -> Failure {
        Failure::Interrupted { kept: self.ended() }
    }

    /// Writes down what there is when training ends before its time, and says it. What cannot be written is not what ends it: which
    /// weights there are is said all the same.
    fn ended(&mut self) -> String {
        let _ = self.write(None);
        let nothing = "no weights were kept, because there is no `--out`";
        self.directory.as_ref().map_or_else(|| nothing.to_owned(), Directory::kept)
    }
}

/// `epoch  3   loss 0.0312   accuracy 95.10 %   2.31 s`
fn line(
    (report, time): (&Report, Duration),
    updates: u64,
    (validation, training): (Option<Evaluation>, Option<Evaluation>),
    watched: &str,
) -> String {
    let mut text = match report.complete {
        true => format!("epoch {:>3}", report.epoch + 1),
        false => format!("after {updates} updates"),
    };
    for (of, evaluation) in [("", validation), ("training ", training)] {
        let Some(Evaluation { loss, accuracy, .. }) = evaluation else { continue };
        text.push_str(&format!("   {of}loss {}", loss_text(loss, 4)));
        if let Some(accuracy) = accuracy {
            text.push_str(&format!("   {of}accuracy {}", percent(accuracy)));
        }
    }
    format!("{text}{watched}   {}", duration(time))
}
