//! The pipeline on one screen: read → parse → check → lower → optimise → compile → run.
//!
//! Each step takes one age of the program and returns the next.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use plr_ir::Program;
use plr_ir::choices::Choices;
use plr_ir::model::Piece;
use plr_run::backend;
use plr_run::data::{Batches, Splits};
use plr_run::session::{self, Session};
use plr_sema::{Analysis, DEFAULT_BATCH, Specialised, analyse};
use plr_syntax::diagnostic::Findings;

use crate::changes;
use crate::data;
use crate::diagnostics::Source;
use crate::failure::Failure;
use crate::imports;
use crate::optimised::{Optimised, Passes};
use crate::selection::{Overrides, Plan, Which};

/// A legal file with the text that places in it refer to.
#[derive(Debug)]
pub struct Checked {
    /// The text.
    pub source: Source,
    /// What it says.
    pub analysis: Analysis,
    /// Doubts about it.
    pub warnings: Findings,
}

/// Reads a program; `-` is the standard input.
///
/// # Errors
/// If it is not a readable file of UTF-8 text.
pub fn read(path: &Path) -> Result<Source, Failure> {
    if path.is_dir() {
        return Err(Failure::Directory { path: path.to_owned() });
    }
    let (path, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        (Path::new("standard input"), io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (path, fs::read(path))
    };
    text(path, bytes.map_err(|error| Failure::Read { path: path.to_owned(), error })?)
}

/// The bytes of a file as text.
///
/// # Errors
/// [`Failure::NotText`] with the first byte that is not UTF-8.
fn text(path: &Path, bytes: Vec<u8>) -> Result<Source, Failure> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(path.display().to_string(), text).at(path)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
            let column = good.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
            Err(Failure::NotText { path: path.to_owned(), line, column })
        }
    }
}

/// Parses a program, resolves its names, and judges shapes and locality. Mistakes of syntax are reported alone:
/// what is said of the rest of such a file would be guesses.
///
/// # Errors
/// [`Failure::Findings`] if any of them is an error.
pub fn check(source: Source) -> Result<Checked, Failure> {
    check_with(source, Which::Only, &Overrides::default())
}

/// The same, with the clauses of the command line in the experiment that is meant.
///
/// # Errors
/// [`Failure::Findings`] if any of them is an error.
pub fn check_with(source: Source, which: Which<'_>, overrides: &Overrides) -> Result<Checked, Failure> {
    let own = source.text().len();
    let mut program = imports::parse(source);
    changes::put_in(&mut program, which, overrides);
    changes::watch(&mut program, which, overrides);
    let imports::Program { source, text, file, mut findings } = program;
    if findings.any_error() {
        return Err(Failure::Findings { source, findings });
    }
    let (analysis, found) = analyse(&text, &file);
    findings.append(found);
    // What is doubtful in another file is said where that is checked.
    findings.drop_doubts_from(own + 1);
    for experiment in analysis.experiments() {
        if let Some(written) = &experiment.data
            && let Err(found) = data::of_experiment(written, &experiment.network)
        {
            findings.append(found);
        }
    }
    if findings.any_error() {
        return Err(Failure::Findings { source, findings });
    }
    Ok(Checked { source, analysis, warnings: findings })
}

/// Specialises a rule to a network and everything else that its text leaves open.
///
/// # Errors
/// [`Failure::Findings`] if the rule has no meaning there.
pub fn lower(checked: &Checked, plan: &Plan) -> Result<Specialised, Failure> {
    match checked.analysis.specialise(plan.rule, plan.choice.clone()) {
        Ok((model, _warnings_of_the_check)) => Ok(model),
        Err(findings) => Err(Failure::Findings { source: checked.source.clone(), findings }),
    }
}

/// Lets the passes run over every program that is made from now on.
pub fn optimise(model: Specialised, passes: &Passes) -> Optimised {
    Optimised::new(model, passes)
}

/// Reads or generates the data, as targets for the network, and sees that a minibatch of it can be made. Where nobody says how large one is, it is no larger
/// than the training set (R16.2).
///
/// # Errors
/// [`Failure::Data`], and [`Failure::Layout`] if the channels of images do not come first.
pub fn load(plan: &mut Plan) -> Result<Splits, Failure> {
    let network = &plan.choice.network;
    let splits =
        plr_run::data::load(&plan.data, plan.validation)?.fit_to(network.layers[network.output()].units);
    data::laid_out(splits.train.sample_shape(), network)?;
    let samples = splits.train.samples();
    let batch = *plan.batch.get_or_insert(DEFAULT_BATCH.min(samples));
    Batches::new(samples, batch, plan.seed)?;
    Ok(splits)
}

/// Compiles the update of a model; what comes back is ready to train.
///
/// # Errors
/// Bugs of the compiler.
pub fn compile(model: &Optimised, options: session::Options) -> Result<Session<'_>, Failure> {
    Ok(Session::new(model, options)?)
}

/// Compiles one program alone and keeps the text of its kernels.
///
/// # Errors
/// If this machine cannot run compiled code or has too little memory, and bugs of the compiler.
pub fn kernels(program: &Program, choices: Choices) -> Result<plr_jit::Executable, Failure> {
    let options =
        plr_jit::Options { keep_text: true, in_place: true, choices, ..plr_jit::Options::default() };
    Ok(backend::compile(program, options)?)
}

/// The program of a piece as lowered, before any pass.
///
/// # Errors
/// [`Failure::NoPiece`] if the rule has none; `name` is the piece as the user wrote it.
pub fn program(model: &Specialised, piece: Piece, name: &str, plan: &Plan) -> Result<Program, Failure> {
    let missing = || Failure::NoPiece { rule: model.setting().rule.name.clone(), piece: name.to_owned() };
    model.raw(piece, plan.batch(), plan.precision).ok_or_else(missing)
}
