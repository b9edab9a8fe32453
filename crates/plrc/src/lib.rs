//! A thin shell around the compiler: reads arguments and files, calls, prints. It has no algorithm of its own.
//!
//! [`driver`] is the table of contents: each step from text to a trained network is one function there. Each command
//! has a file under [`command`], with its flags and what it prints.
//!
//! # Exit codes
//!
//! | code | means |
//! |---|---|
//! | 0 | everything went well |
//! | 1 | a mistake in the given files or numbers, or a verification that failed |
//! | 2 | arguments that are not understood |
//! | 101 | a bug in plrc |
//! | 130 | stopped by Ctrl-C, or a run by SIGTERM |

mod bug;
mod changes;
pub mod command;
mod data;
pub mod diagnostics;
pub mod driver;
pub mod failure;
mod imports;
mod interrupt;
mod optimised;
mod progress;
pub mod selection;
mod shell;
mod stack;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use command::Arguments;
use shell::Shell;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    bug::install_hook();
    interrupt::termination::take_over();
    stack::with_room(run)
}

fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Who closed the terminal does not want to read about it.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let shell = Shell::new(arguments.error_format);
    match arguments.command.run(&shell) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            shell.report(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
