//! Sentences about the code that are true.
//!
//! The architecture is told in `crates/README.md`; here it is held to what cargo and the sources say.

mod manifest;
mod map;
mod prose;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let trials = vec![
        Trial::test("the arrows between crates are those of the map", map::arrows),
        Trial::test("no crate knows what it must never know", map::ignorance),
        Trial::test("each crate's sentence is that of its source", map::sentences),
        Trial::test("every path on the map exists", map::paths),
        Trial::test("the two back ends never name each other", prose::siblings),
        Trial::test("unsafe is in plr-jit alone, with a reason at each place", prose::unsafe_code),
        Trial::test("every crate has the lints of the house", prose::lints),
        Trial::test("no learning rule is known by its name", prose::rule_names),
        Trial::test("every module says what it is for", prose::heads),
        Trial::test("no file is named for nothing in particular", prose::file_names),
        Trial::test("no test is ignored or hopes for a panic", prose::no_excuses),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
