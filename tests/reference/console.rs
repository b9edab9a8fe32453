//! What the reference shows of the command line is what the command line prints.

use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

use libtest_mimic::Failed;
use plr_tests::root;

use super::document::{Document, PATH};

/// Makes this program the compiler: so its command line can be run where no binary of it has been built.
const AS_PLRC: &str = "PLR_TESTS_AS_PLRC";

/// How far apart numbers may be that depend on the order in which a machine adds.
const RELATIVE: f64 = 0.05;
/// Numbers below this are rounding errors.
const NEGLIGIBLE: f64 = 1e-9;

/// Whether this process is to be the compiler.
pub fn is_plrc() -> bool {
    env::var_os(AS_PLRC).is_some()
}

/// Runs the commands of all console blocks, in one directory that holds the named programs of the document.
pub fn prints_what_it_says(document: &Document) -> Result<(), Failed> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference");
    fs::create_dir_all(&directory)?;
    for block in document.blocks.iter().filter(|block| block.info.starts_with("plr")) {
        if let Some(name) = block.info.split(' ').find(|word| word.ends_with(".plr")) {
            fs::write(directory.join(name), &block.text)?;
        }
    }
    let mut text = document.text.clone();
    let mut wrong = Vec::new();
    for block in document.blocks.iter().filter(|block| block.info == "console") {
        let mut printed = String::new();
        for command in block.text.lines().filter_map(|line| line.strip_prefix("$ plrc ")) {
            printed += &format!("$ plrc {command}\n{}", run(command, &directory)?);
        }
        if !alike(&block.text, &printed) {
            wrong.push(format!("line {}:\n{printed}", block.line));
        }
        text = text.replace(&format!("```console\n{}```", block.text), &format!("```console\n{printed}```"));
    }
    if env::var_os("PLR_BLESS").is_some() && text != document.text {
        return Ok(fs::write(root().join(PATH), text)?);
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("PLR_BLESS=1 rewrites what is printed:\n{}", wrong.join("\n")).into())
}

/// R18.2: what a run writes into its directory.
pub fn runs_have_a_directory(document: &Document) -> Result<(), Failed> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("directory");
    fs::create_dir_all(&directory)?;
    let named = document.blocks.iter().find(|block| block.info == "plr alignment.plr");
    let Some(program) = named else { return Err("there is no `alignment.plr`".into()) };
    fs::write(directory.join("alignment.plr"), &program.text)?;
    let printed = run("run alignment.plr --epochs 2 --out out", &directory)?;
    let epochs = fs::read_to_string(directory.join("out/epochs.csv"))?;
    let about: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(directory.join("out/run.json"))?)?;
    let said = (&about["rule"], &about["seed"], &about["network"], &about["result"]["updates"]);
    let expected = (&"Alignment".into(), &1.into(), &"784 - 64 tanh - 10 softmax".into(), &180.into());
    if epochs.lines().count() == 3 && said == expected && directory.join("out/weights.safetensors").is_file()
    {
        return Ok(());
    }
    Err(format!("{printed}\n{epochs}\n{about:#}").into())
}

/// What a command prints: what it says about its result, then the result.
fn run(command: &str, directory: &Path) -> io::Result<String> {
    let output = Command::new(env::current_exe()?)
        .args(command.split_whitespace())
        .current_dir(directory)
        .env(AS_PLRC, "1")
        .env("NO_COLOR", "1")
        .env_remove("RUST_BACKTRACE")
        .output()?;
    let mut printed = String::from_utf8_lossy(&output.stderr).into_owned();
    printed += &String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_end_matches('\n').to_owned() + "\n")
}

/// Whether two prints say the same, times and rounding aside.
fn alike(expected: &str, found: &str) -> bool {
    expected.lines().count() == found.lines().count()
        && expected.lines().zip(found.lines()).all(|(a, b)| alike_lines(a, b))
}

fn alike_lines(expected: &str, found: &str) -> bool {
    // How far the back ends are apart, and where most, differs from machine to machine.
    let agreement = |line: &str| line.starts_with("compiled = interpreted");
    if agreement(expected) && agreement(found) {
        return expected.ends_with("yes") == found.ends_with("yes");
    }
    let (expected, found): (Vec<&str>, Vec<&str>) =
        (expected.split_whitespace().collect(), found.split_whitespace().collect());
    expected.len() == found.len()
        && (0..found.len()).all(|at| {
            is_unit(found.get(at + 1).copied()) && is_unit(expected.get(at + 1).copied())
                || is_unit(Some(expected[at])) && is_unit(Some(found[at]))
                || alike_words(expected[at], found[at])
        })
}

/// Whether a word is a unit of time; what stands before it is then a time.
fn is_unit(word: Option<&str>) -> bool {
    matches!(word, Some("µs" | "ms" | "s" | "min"))
}

fn alike_words(expected: &str, found: &str) -> bool {
    let rule = |word: &str| word.chars().all(|c| c == '─') && !word.is_empty();
    if expected == found || (rule(expected) && rule(found)) {
        return true;
    }
    let number = |word: &str| word.trim_end_matches('°').parse::<f64>().ok();
    match (number(expected), number(found)) {
        (Some(a), Some(b)) => {
            (a - b).abs() <= RELATIVE * a.abs() || (a.abs() < NEGLIGIBLE && b.abs() < NEGLIGIBLE)
        }
        _ => false,
    }
}
