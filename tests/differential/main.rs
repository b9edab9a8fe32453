//! Generated programs on everything that executes programs.
//!
//! | trial | a case is | promises |
//! |---|---|---|
//! | `ir` | a program of [`plr_ir::generate`] | compiled = interpreted and optimised = as generated, bit for bit |
//! | `rules` | a rule, a network and an experiment as text | see [`rules`] |
//!
//! There are `PLR_CASES` cases of each, of the seeds from `PLR_SEED` on. A failure names its seed, and the file in which the
//! program is saved: `PLR_SEED=… PLR_CASES=1` makes it again.

mod generator;
mod ir;
mod rules;

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use plr_tests::number;

/// Cases of each kind, without another wish.
const CASES: u64 = 1000;
/// Seeds of rules that once found a mistake: a parameter that only an unused argument reads (10120, 10159, 11066), an
/// output that a contraction reaches and rounding errors seldom do (10567, 11194, 20092).
const ONCE_FAILED: [u64; 6] = [10120, 10159, 10567, 11066, 11194, 20092];
/// So many cases are one trial.
const BLOCK: u64 = 50;

fn main() -> ExitCode {
    let (seed, cases) = match (number("PLR_SEED", 1), number("PLR_CASES", CASES)) {
        (Ok(seed), Ok(cases)) => (seed, cases),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("{}", error.message().unwrap_or_default());
            return ExitCode::FAILURE;
        }
    };
    let mut trials = Vec::new();
    for start in (seed..seed + cases).step_by(BLOCK as usize) {
        let seeds = start..(start + BLOCK).min(seed + cases);
        trials.push(block("ir", "plir", seeds.clone(), ir::case));
        trials.push(block("rules", "plr", seeds, rules::case));
    }
    for seed in ONCE_FAILED {
        trials.push(block("rules", "plr", seed..seed + 1, rules::case));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What went wrong with a program, and its text.
struct Broken {
    program: String,
    what: String,
}

impl Broken {
    fn new(program: impl ToString, what: impl ToString) -> Self {
        Self { program: program.to_string(), what: what.to_string() }
    }
}

fn block(
    kind: &'static str,
    extension: &'static str,
    seeds: Range<u64>,
    case: fn(u64) -> Result<(), Broken>,
) -> Trial {
    Trial::test(format!("{kind}: seeds {} to {}", seeds.start, seeds.end - 1), move || {
        let failed = seeds.filter_map(|seed| Some(saved(kind, extension, seed, &case(seed).err()?)));
        let failed: Vec<String> = failed.collect();
        if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
    })
}

fn saved(kind: &str, extension: &str, seed: u64, broken: &Broken) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{kind}-{seed}.{extension}"));
    let place = match fs::write(&path, &broken.program) {
        Ok(()) => format!("the program is in {}", path.display()),
        Err(error) => format!("the program could not be saved ({error}):\n{}", broken.program),
    };
    format!("seed {seed}: {}; {place}", broken.what)
}
