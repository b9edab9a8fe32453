//! The programs of `examples` against NumPy: `run.py` in this directory does it, this tells the tests.
//!
//! One trial for each script; each also falsifies what NumPy says, which must be noticed. Without a `python3` that has
//! NumPy they are left out, which is said; with `PLR_REQUIRE_NUMPY=1` that is a failure. As the compiler they get this
//! program, which is `plrc` if it is called so.

use std::env;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};
use plr_tests::{files, root, stem};

/// Set for the scripts' calls of this program as the compiler.
const AS_COMPILER: &str = "PLR_TESTS_AS_PLRC";

fn main() -> ExitCode {
    if env::var_os(AS_COMPILER).is_some() {
        return plrc::main();
    }
    match trials() {
        Ok(trials) => libtest_mimic::run(&Arguments::from_args(), trials).exit_code(),
        Err(error) => {
            eprintln!("cannot compare with NumPy: {}", error.message().unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, Failed> {
    let mut trials = vec![Trial::test("every program of the gallery has its script", complete)];
    if let Err(reason) = found() {
        if env::var_os("PLR_REQUIRE_NUMPY").is_some_and(|value| value == "1") {
            return Err(reason.into());
        }
        eprintln!("SKIPPED: nothing is compared with NumPy, {reason}");
        return Ok(trials);
    }
    for path in files("tests/numpy/rules", "py")? {
        let script = stem(&path).to_owned();
        trials.push(Trial::test(script.clone(), move || run(&script)));
    }
    Ok(trials)
}

/// Whether there is a `python3` with NumPy, or why not. It is asked where no directory is called `numpy`, which would do
/// for an import.
fn found() -> Result<(), String> {
    match Command::new("python3").args(["-c", "import numpy"]).current_dir(root()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) => Err("`python3` has no `numpy`".to_owned()),
        Err(error) => Err(format!("`python3` does not start: {error}")),
    }
}

/// The scripts and the programs have the same names.
fn complete() -> Result<(), Failed> {
    let names = |directory, extension| -> Result<Vec<String>, Failed> {
        let mut names: Vec<String> =
            files(directory, extension)?.iter().map(|path| stem(path).to_owned()).collect();
        names.sort();
        Ok(names)
    };
    let (scripts, programs) = (names("tests/numpy/rules", "py")?, names("examples", "plr")?);
    if scripts == programs { Ok(()) } else { Err(format!("{scripts:?} are not {programs:?}").into()) }
}

fn run(script: &str) -> Result<(), Failed> {
    let mut command = Command::new("python3");
    // Small products gain nothing from threads of their own.
    command.env("OPENBLAS_NUM_THREADS", "1").env(AS_COMPILER, "1");
    command.arg(root().join("tests/numpy/run.py")).args([script, "--mutate", "--plrc"]);
    let output = command.arg(env::current_exe()?).output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    Err(text.concat().into())
}
