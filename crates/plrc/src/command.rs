//! The commands: a file for each, with its flags and what it prints.

pub mod audit;
pub mod check;
pub mod emit;
pub mod explain;
pub mod fmt;
pub mod new;
pub mod probe;
pub mod run;
pub mod verify;

use clap::{Parser, Subcommand, ValueEnum};
use plr_ir::Precision;
use plr_run::backend::Backend;

use crate::diagnostics::ErrorFormat;
use crate::failure::Failure;
use crate::shell::Shell;

/// The compiler of plr, a language for local learning rules of neural networks.
#[derive(Debug, Parser)]
#[command(name = "plrc", version, max_term_width = 100)]
pub struct Arguments {
    /// How errors and warnings look.
    #[arg(long, global = true, value_enum, default_value_t = ErrorFormat::Graphical, value_name = "FORMAT")]
    pub error_format: ErrorFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check files: syntax, names, shapes, locality.
    Check(check::Check),
    /// Say what each equation uses, how local that is, and what hardware would pay.
    Audit(audit::Audit),
    /// Compile a rule and train a network with it.
    Run(Box<run::Run>),
    /// Put everything to the test that a file claims and the compiler concludes.
    Verify(verify::Verify),
    /// Present one minibatch from given arrays and write down everything that happens.
    Probe(probe::Probe),
    /// Print a program at one of the stages of its compilation.
    Emit(emit::Emit),
    /// Bring files into the canonical format.
    Fmt(fmt::Fmt),
    /// Explain a finding.
    Explain(explain::Explain),
    /// Start a new rule.
    New(new::New),
}

impl Command {
    /// Does it.
    pub(crate) fn run(&self, shell: &Shell) -> Result<(), Failure> {
        match self {
            Self::Check(command) => command.run(*shell),
            Self::Audit(command) => command.run(*shell),
            Self::Run(command) => command.run(*shell),
            Self::Verify(command) => command.run(*shell),
            Self::Probe(command) => command.run(*shell),
            Self::Emit(command) => command.run(*shell),
            Self::Fmt(command) => command.run(*shell),
            Self::Explain(command) => command.run(*shell),
            Self::New(command) => command.run(*shell),
        }
    }
}

/// `--precision`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArgument {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl From<PrecisionArgument> for Precision {
    fn from(argument: PrecisionArgument) -> Self {
        match argument {
            PrecisionArgument::F32 => Self::F32,
            PrecisionArgument::F64 => Self::F64,
        }
    }
}

/// `--backend`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendArgument {
    /// Compiled code.
    Jit,
    /// The reference interpreter.
    Interp,
}

impl BackendArgument {
    /// The back end with so many threads, if it has any.
    fn with_threads(self, threads: usize) -> Backend {
        match self {
            Self::Jit => Backend::Jit { threads },
            Self::Interp => Backend::Interpreter,
        }
    }
}

/// Goes on with the next file after a failure, and fails in the end if one failed.
fn each<T>(shell: Shell, items: &[T], mut one: impl FnMut(&T) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut failed = false;
    for item in items {
        match one(item) {
            Ok(()) => {}
            Err(stop) if stop.ends_everything() => return Err(stop),
            Err(failure) => {
                shell.report(&failure);
                failed = true;
            }
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(()) }
}
