//! The command line of the plr compiler.

use std::process::ExitCode;

fn main() -> ExitCode {
    plrc::main()
}
