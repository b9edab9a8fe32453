//! A model whose programs are optimised as the command line says, and the time that took.

use std::cell::RefCell;
use std::time::Duration;

use clap::Args;
use plr_ir::choices::{CHOICES, Choices};
use plr_ir::model::{Equation, Kept, Model, Parameter, Piece, Shape};
use plr_ir::pass::{self, PIPELINE};
use plr_ir::{Precision, Program};
use plr_sema::Specialised;

use crate::progress::duration;
use crate::table::Table;

/// What the command line says about passes.
#[derive(Args, Clone, Debug, Default)]
pub struct Passes {
    /// Leave a pass or a choice of code generation out, as in `-Z no-fuse` or `-Z no-tile`.
    #[arg(short = 'Z', value_name = "no-PASS", value_parser = left_out)]
    without: Vec<String>,
    /// Say how long each pass took.
    #[arg(long)]
    pub time_passes: bool,
}

/// `no-fuse` as the name of the pass.
fn left_out(text: &str) -> Result<String, String> {
    let choices = || CHOICES.iter().map(|choice| choice.name);
    let known = |name: &&str| pass::find(name).is_some() || choices().any(|choice| choice == *name);
    text.strip_prefix("no-").filter(known).map(str::to_owned).ok_or_else(|| {
        let all: Vec<String> =
            names().into_iter().chain(choices()).map(|name| format!("no-{name}")).collect();
        format!("it is one of {}", all.join(", "))
    })
}

/// The names of the passes, each once, in the order in which they first run.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for pass in PIPELINE {
        if !names.contains(&pass.name) {
            names.push(pass.name);
        }
    }
    names
}

/// A model that optimises what it lowers.
#[derive(Debug)]
pub struct Optimised {
    model: Specialised,
    without: Vec<String>,
    /// By name of the pass: runs, and time in all.
    times: RefCell<Vec<(&'static str, u32, Duration)>>,
}

impl Optimised {
    /// A model whose programs go through all passes that are not left out.
    pub fn new(model: Specialised, passes: &Passes) -> Self {
        let times = names().into_iter().map(|name| (name, 0, Duration::ZERO)).collect();
        Self { model, without: passes.without.clone(), times: RefCell::new(times) }
    }

    /// The model before any pass.
    pub fn lowered(&self) -> &Specialised {
        &self.model
    }

    /// Runs the passes over a program; `after` hears of each.
    pub fn optimise_and_tell(&self, program: &mut Program, mut after: impl FnMut(&'static str, &Program)) {
        let mut note = |pass: &'static pass::Pass, program: &Program, time: Duration| {
            for (name, runs, sum) in self.times.borrow_mut().iter_mut() {
                if *name == pass.name {
                    *runs += 1;
                    *sum += time;
                }
            }
            after(pass.name, program);
        };
        let options = pass::Options {
            without: self.without.clone(),
            after: Some(Box::new(&mut note)),
            ..pass::Options::default()
        };
        pass::optimise(program, options);
    }

    /// How often each pass ran and how long it took in all.
    pub fn times(&self) -> Table {
        let mut table = Table::with_head(["pass", "runs", "time", "does"]);
        for (name, runs, time) in self.times.borrow().iter() {
            let about = pass::find(name).map_or("", |pass| pass.about);
            table.row([(*name).to_owned(), runs.to_string(), duration(*time), about.to_owned()]);
        }
        table
    }
}

impl Model for Optimised {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn parameters(&self) -> &[Parameter] {
        self.model.parameters()
    }

    fn kept(&self) -> &[Kept] {
        self.model.kept()
    }

    fn traces(&self, batch: usize) -> Vec<(String, Vec<usize>)> {
        self.model.traces(batch)
    }

    fn shape(&self) -> Shape {
        self.model.shape()
    }

    fn phases(&self) -> &[String] {
        self.model.phases()
    }

    fn equations(&self) -> &[Equation] {
        self.model.equations()
    }

    fn program(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        let mut program = self.model.raw(piece, batch, precision)?;
        self.optimise(&mut program);
        Some(program)
    }

    fn missing(&self, piece: Piece) -> Option<String> {
        self.model.missing(piece)
    }

    fn unfused(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        let mut program = self.model.raw(piece, batch, precision)?;
        let without = self.without.iter().cloned().chain(["fuse".to_owned()]).collect();
        pass::optimise(&mut program, pass::Options { without, ..pass::Options::default() });
        Some(program)
    }

    fn optimise(&self, program: &mut Program) {
        self.optimise_and_tell(program, |_, _| {});
    }

    fn choices(&self) -> Choices {
        let mut choices = Choices::default();
        for choice in CHOICES.iter().filter(|choice| self.without.iter().any(|name| name == choice.name)) {
            (choice.leave_out)(&mut choices);
        }
        choices
    }
}
