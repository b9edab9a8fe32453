//! The command line of the plr compiler.

use std::process::ExitCode;

/// Arrays begin where vectors do.
#[global_allocator]
static MEMORY: plr_jit::Aligned = plr_jit::Aligned;

fn main() -> ExitCode {
    plrc::main()
}
