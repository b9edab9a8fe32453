//! The angles to the gradient along training: when they are taken, how they are printed, and the time that takes.

use std::time::{Duration, Instant};

use plr_ir::model::Model as _;
use plr_run::data::Dataset;
use plr_run::session::Session;

use crate::failure::Failure;
use crate::optimised::Optimised;
use crate::progress::duration;
use crate::shell::Shell;

use super::angles::{self, Angles, Missing};
use super::report::degrees;

/// Angles as training goes on. They are taken on what the session has learned so far, and change nothing of it (R19.5).
#[derive(Debug)]
pub struct Along<'m> {
    model: &'m Optimised,
    /// After how many updates again, beside the end of every epoch.
    every: Option<u64>,
    /// The gradient that was printed last.
    reference: Option<String>,
    /// Whether they cannot be had: then nobody asks again.
    given_up: bool,
    measured: u32,
    time: Duration,
    /// What was found last, and after how many updates.
    last: Option<(u64, Result<Angles, Missing>)>,
}

impl<'m> Along<'m> {
    /// Before training.
    pub fn new(model: &'m Optimised, every: Option<u64>) -> Self {
        Self { model, every, reference: None, given_up: false, measured: 0, time: Duration::ZERO, last: None }
    }

    /// The parameters that have an angle, in the order of [`Self::cells`].
    pub fn columns(model: &Optimised) -> Vec<String> {
        let synapses = model.parameters().iter().filter(|p| p.learned && p.synaptic);
        synapses.map(|parameter| parameter.name.clone()).collect()
    }

    /// How many updates may be made before angles are taken again; those at the end of an epoch aside.
    pub fn until_next(&self, updates: u64) -> Option<u64> {
        self.every.map(|every| every - updates % every)
    }

    /// Takes the angles now; once says why there are none.
    pub fn take(&mut self, session: &Session<'_>, data: &Dataset, shell: Shell) -> Result<(), Failure> {
        if self.given_up {
            return Ok(());
        }
        let (clock, updates) = (Instant::now(), session.position().updates);
        let found = angles::measure(session, self.model, data)?;
        self.time += clock.elapsed();
        self.measured += 1;
        if let Err(why) = &found {
            self.given_up = true;
            shell.warn(format_args!("no angles along training: {why}"));
        }
        self.last = Some((updates, found));
        Ok(())
    }

    /// Prints what was found last, and to which gradient where that is another than before.
    pub fn print(&mut self, shell: Shell) -> Result<(), Failure> {
        let Some((updates, Ok(angles))) = &self.last else { return Ok(()) };
        if self.reference.as_ref() != Some(&angles.reference) {
            shell.line(format_args!("angles to {}", angles.reference))?;
            self.reference = Some(angles.reference.clone());
        }
        shell.line(line(*updates, angles))
    }

    /// What was found last, one cell for each of [`Self::columns`]; empty where nothing can be said.
    pub fn cells(&self) -> Vec<String> {
        let found = self.last.iter().filter_map(|(_, found)| found.as_ref().ok());
        let all: Vec<_> = found.flat_map(|angles| &angles.angles).collect();
        let cell = |name: &String| {
            let angle = all.iter().find(|angle| angle.parameter == *name && !angle.degrees.is_nan());
            angle.map(|angle| angle.degrees.to_string()).unwrap_or_default()
        };
        Self::columns(self.model).iter().map(cell).collect()
    }

    /// What was found after so many updates, if that was the last time, and what all of it has cost.
    pub fn finish(self, updates: u64) -> (Option<Result<Angles, Missing>>, Cost) {
        let cost = Cost { measured: self.measured, time: self.time };
        (self.last.filter(|(at, _)| *at == updates).map(|(_, found)| found), cost)
    }
}

/// What it has cost to look at something along training.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// How often they were taken.
    pub measured: u32,
    /// The time of that.
    pub time: Duration,
}

/// `angles after 100 updates   46.68° W/input->h1   0.00° W/h1->output`
fn line(updates: u64, angles: &Angles) -> String {
    let each: Vec<String> = angles
        .angles
        .iter()
        .map(|angle| format!("   {} {}", degrees(angle.degrees), angle.parameter))
        .collect();
    format!("angles after {updates} updates{}", each.concat())
}

impl Cost {
    /// `1.20 s`, and how that compares with the time of training, if there was any.
    pub fn words(self, training: Duration) -> [String; 2] {
        let times = if self.measured == 1 { "once".to_owned() } else { format!("{} times", self.measured) };
        if training.is_zero() {
            return [duration(self.time), times];
        }
        let part = 100.0 * self.time.as_secs_f64() / training.as_secs_f64();
        [duration(self.time), format!("{times}; {part:.0} % of the time of training")]
    }
}
