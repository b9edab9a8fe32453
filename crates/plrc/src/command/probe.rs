//! `plrc probe`: one presentation from given arrays, so that anyone can compare with her own code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use plr_ir::model::{Keeping, Kept, Model as _, Sequence};
use plr_run::backend::{Arrays, Context};
use plr_run::data::npy::Array;
use plr_run::data::npz;
use plr_run::weights;

use crate::driver;
use crate::failure::Failure;
use crate::optimised::Passes;
use crate::selection::{self, Overrides, Which};
use crate::shell::Shell;

use super::{BackendArgument, PrecisionArgument};

/// Present one minibatch from given arrays and write down everything that happens.
///
/// The output has, by name, every state at the end of every phase (`state/PHASE/x/h1`), every increment
/// (`increment/W/input->h1`), every new weight (`new/W/input->h1`), and how long each relaxation took (`steps/PHASE`).
#[derive(Args, Debug)]
pub struct Probe {
    /// The program.
    file: PathBuf,
    /// The rule, if the file has several.
    #[arg(long)]
    rule: Option<String>,
    /// The experiment, if the file has several.
    #[arg(long, conflicts_with = "rule")]
    experiment: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// The parameters: an array for each, such as `W/input->h1` with the shape [post, pre], in an .npz file or the .safetensors file
    /// of a run.
    #[arg(long, value_name = "IN.npz")]
    params: PathBuf,
    /// The minibatch: `data` with the shape [samples, features], or [samples, steps, features] over time, and, if the
    /// rule reads it, `target`.
    #[arg(long, value_name = "BATCH.npz")]
    data: PathBuf,
    /// Where everything is written.
    #[arg(long, value_name = "OUT.npz")]
    out: PathBuf,
    /// The precision of all numbers.
    #[arg(long, value_enum, default_value_t = PrecisionArgument::F64)]
    precision: PrecisionArgument,
    /// Where the program runs.
    #[arg(long, value_enum, default_value_t = BackendArgument::Jit)]
    backend: BackendArgument,
    /// The seed of the rule's own draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many updates came before, for the rule's own draws.
    #[arg(long, default_value_t = 0)]
    update: u32,
    /// Write down too what there is at the end of every step: states, `let`s, traces and signals (`every_step/PHASE/x/h1` with the
    /// shape [samples, steps, units]), what would be predicted then (`prediction/PHASE`) and, given a target, its cost for each
    /// sample (`loss/PHASE`).
    #[arg(long)]
    every_step: bool,
}

impl Probe {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        let which = Which::flagged(self.rule.as_deref(), self.experiment.as_deref());
        let checked = driver::check_with(driver::read(&self.file)?, which, &self.overrides)?;
        shell.findings(&checked.source, &checked.warnings);
        let mut plan = selection::plan(&checked, which, &self.overrides)?;
        let mut arrays = self.arrays()?;
        plan.choice.sequence = sequence(&arrays, plan.choice.sequence);
        let model = driver::optimise(driver::lower(&checked, &plan)?, &Passes::default());
        if is_of_a_run(&self.params) {
            for name in leave_kept(&mut arrays, model.kept()) {
                shell.remark(format_args!("`{name}` of the weights file is of other samples, and not used"));
            }
        }
        let context = Context { seed: self.seed, update: self.update };
        let backend = self.backend.with_threads(1);
        let precision = self.precision.into();
        let found = plr_run::probe::probe(&model, &arrays, precision, self.every_step, (backend, context));
        let found: BTreeMap<_, _> = found.map_err(Failure::Probe)?.into_iter().collect();
        npz::write_arrays(&self.out, &found)?;
        shell.line(format_args!("{} arrays in {}", found.len(), self.out.display()))
    }

    /// The arrays of both files.
    fn arrays(&self) -> Result<Arrays, Failure> {
        let mut arrays = Arrays::new();
        for (name, tensor) in of_file(&self.params)?.into_iter().chain(of_file(&self.data)?) {
            if arrays.insert(name.clone(), tensor).is_some() {
                return Err(Failure::ArrayTwice { name });
            }
        }
        Ok(arrays)
    }
}

/// The arrays of an .npz or .safetensors file.
fn of_file(path: &Path) -> Result<Arrays, Failure> {
    if is_of_a_run(path) {
        let weights = weights::load(path).map_err(|error| Failure::Session(error.into()))?;
        return Ok(weights.tensors.into_iter().collect());
    }
    let tensor = |(name, array): (String, Array)| {
        let tensor = if name == "data" { array.into_samples() } else { array.into_tensor() };
        (name, tensor)
    };
    Ok(npz::read_arrays(path)?.into_iter().map(tensor).collect())
}

/// Takes away what a run has kept of its own samples, and says what that is (R3.12). What is carried is of places, and stays if there are as
/// many samples.
fn leave_kept(arrays: &mut Arrays, kept: &[Kept]) -> Vec<String> {
    let rows = |name: &str| arrays.get(name).map(|array| array.dims.first().copied());
    let of_others = |kept: &&Kept| {
        let carried = matches!(kept.keeping, Keeping::Place) && rows(&kept.name) == rows("data");
        rows(&kept.name).is_some() && !carried
    };
    let left: Vec<String> = kept.iter().filter(of_others).map(|kept| kept.name.clone()).collect();
    for name in &left {
        arrays.remove(name);
    }
    left
}

fn is_of_a_run(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "safetensors")
}

/// How the given samples are presented over time: arrays of three axes have steps.
fn sequence(arrays: &Arrays, otherwise: Sequence) -> Sequence {
    let steps = |name| match arrays.get(name).map(|array| &array.dims[..]) {
        Some(&[_, steps, _]) => u32::try_from(steps).ok().filter(|&steps| steps > 0),
        Some(_) | None => None,
    };
    let (data, target) = (steps("data"), steps("target"));
    let steps = data.or(target).unwrap_or(otherwise.steps);
    Sequence { steps, data: data.is_some(), target: target.is_some() }
}
