//! Passes: programs to programs of the same meaning, bit for bit.
//!
//! An [exact](Pass::exact) pass never changes which roundings happen to a number that is observed, nor their order; contractions
//! stay what they are, element-wise operations may merge into [`Op::Map`](crate::Op::Map), which does the same in one pass over
//! memory. The others keep within the bounds of the contractions that they replace (R12.7).
//! Only which NaN an operation returns is open, as it is in [`scalar`](crate::scalar).
//! Every pass takes and leaves a program that [verifies](crate::verify).

mod cse;
mod dce;
mod factor;
mod fold;
mod fuse;
mod hoist;
mod peel;
mod scale;
mod single;
mod squeeze;
mod steps;

use std::fmt::{self, Debug, Formatter};
use std::time::{Duration, Instant};

pub(crate) use fold::{evaluate_binary, evaluate_unary, rounded};

use crate::analysis::renumber;
use crate::program::Program;
use crate::verify::verify;

/// A named transformation.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Its name on the command line, as in `--after fold`.
    pub name: &'static str,
    /// What it does, one clause for people.
    pub about: &'static str,
    /// Does it.
    pub run: fn(&mut Program),
    /// Whether every bit stays as it was.
    pub exact: bool,
}

const FOLD: Pass = Pass { name: "fold", about: "compute what is constant", run: fold::run, exact: true };
const CSE: Pass = Pass { name: "cse", about: "compute equal things once", run: cse::run, exact: true };
const HOIST: Pass =
    Pass { name: "hoist", about: "move what does not change out of loops", run: hoist::run, exact: true };
const SINGLE: Pass =
    Pass { name: "single", about: "turn sums of one term into products", run: single::run, exact: true };
const FACTOR: Pass = Pass {
    name: "factor",
    about: "join contractions with a factor in common",
    run: factor::run,
    exact: false,
};
const SCALE: Pass =
    Pass { name: "scale", about: "take constants out of what is contracted", run: scale::run, exact: false };
const SQUEEZE: Pass =
    Pass { name: "squeeze", about: "drop axes of one element", run: squeeze::run, exact: false };
const PEEL: Pass = Pass {
    name: "peel",
    about: "take the first step out of loops that begin at zero",
    run: peel::run,
    exact: false,
};
const STEPS: Pass = Pass {
    name: "steps",
    about: "contract what the steps of loops contract for all of them at once",
    run: steps::run,
    exact: false,
};
/// Removes what nobody uses; alone, it changes nothing else.
pub const DCE: Pass = Pass { name: "dce", about: "remove what nobody uses", run: dce::run, exact: true };
const FUSE: Pass = Pass { name: "fuse", about: "merge element-wise operations", run: fuse::run, exact: true };

/// The passes in the order in which [`optimise`] runs them.
///
/// Constants and equal values are found first, so that more turns out not to change in a loop; once it has moved out it
/// meets its equals there, hence the second round. Before it what loops contract step by step leaves them, and sums of one term become element-wise; after it first steps are
/// short, as loops have in them only what changes, and equal factors are known as such. Fusion comes last because nothing
/// looks into maps.
pub const PIPELINE: &[Pass] =
    &[FOLD, CSE, HOIST, SQUEEZE, STEPS, SINGLE, FOLD, CSE, HOIST, PEEL, FACTOR, SCALE, DCE, FUSE, DCE];

/// The pass of that name.
pub fn find(name: &str) -> Option<&'static Pass> {
    PIPELINE.iter().find(|pass| pass.name == name)
}

/// The names of the passes that may change roundings.
pub fn inexact() -> Vec<String> {
    PIPELINE.iter().filter(|pass| !pass.exact).map(|pass| pass.name.to_owned()).collect()
}

/// What [`optimise`] calls after a pass: the pass, the program as it left it, and the time it took.
pub type Observer<'a> = dyn FnMut(&'static Pass, &Program, Duration) + 'a;

/// How to optimise.
pub struct Options<'a> {
    /// Names of passes to leave out.
    pub without: Vec<String>,
    /// Whether to verify the program before the first and after every pass; by default in debug builds only.
    pub verify: bool,
    /// Called after each pass.
    pub after: Option<Box<Observer<'a>>>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { without: Vec::new(), verify: cfg!(debug_assertions), after: None }
    }
}

impl Debug for Options<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("without", &self.without)
            .field("verify", &self.verify)
            .finish_non_exhaustive()
    }
}

/// Runs the passes of [`PIPELINE`] that are not left out, then numbers the values as the text form does.
///
/// Panics, if asked to verify, when a program violates a guarantee: that is a bug of the compiler, not of its user.
pub fn optimise(program: &mut Program, mut options: Options<'_>) {
    if options.verify {
        insist(program, "lowering");
    }
    for pass in PIPELINE.iter().filter(|pass| !options.without.iter().any(|name| name == pass.name)) {
        let start = Instant::now();
        (pass.run)(program);
        let duration = start.elapsed();
        if options.verify {
            insist(program, pass.name);
        }
        if let Some(after) = &mut options.after {
            after(pass, program, duration);
        }
    }
    renumber(program);
}

/// Panics if the program violates a guarantee, after saving it where the message says.
fn insist(program: &Program, culprit: &str) {
    let Err(violations) = verify(program) else { return };
    let path = std::env::temp_dir().join(format!("plrc-bug-{}-after-{culprit}.plir", std::process::id()));
    let place = match std::fs::write(&path, program.to_string()) {
        Ok(()) => format!("the program is in {}", path.display()),
        Err(error) => format!("the program could not be saved in {}: {error}", path.display()),
    };
    let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
    panic!("this is a bug in plrc: the IR after {culprit} is malformed; {place}\n{}", violations.join("\n"));
}
