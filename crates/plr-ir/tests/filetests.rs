//! Runs the `.plir` files under `tests/filetests` that begin with one of these headers; others belong to other runners.
//!
//! * `// test verify`: the program is checked; the violations it must have follow, in order, as `// V3: …` lines with the whole
//!   message. Without any it must be correct. All are of the guarantee that the file's name begins with, as in `v03_`.
//! * `// test print`: the text below the header is exactly what the program prints.
//! * `// test pass fold cse`: the program that these passes make of it follows it in comments.
//!
//! With `PLR_BLESS=1` the expectations are rewritten instead.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use plr_ir::pass::find;
use plr_ir::program::Program;
use plr_ir::text::{parse, print};
use plr_ir::verify::verify;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/filetests");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let trial = |path: PathBuf| -> Option<Trial> {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let text = fs::read_to_string(&path).unwrap_or_default();
        let header = text.lines().next().unwrap_or_default().to_owned();
        let words: Vec<&str> = header.split_whitespace().collect();
        let run: fn(&Program, &str, &str) -> Result<String, Failed> = match words[..] {
            ["//", "test", "verify"] => test_verify,
            ["//", "test", "print"] => test_print,
            ["//", "test", "pass", ..] => test_pass,
            _ => return None,
        };
        Some(Trial::test(name, move || check(&path, &text, run)))
    };
    let trials: Vec<Trial> = files.into_iter().filter_map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "plir") {
            files.push(path);
        }
    }
}

/// Compares a file with what it should be, or rewrites it.
fn check(
    path: &Path,
    text: &str,
    run: fn(&Program, &str, &str) -> Result<String, Failed>,
) -> Result<(), Failed> {
    let (header, _) = text.split_once('\n').unwrap_or((text, ""));
    let end = text.find("\n}\n").map_or(text.len(), |at| at + "\n}\n".len());
    let source = &text[..end];
    let program = parse(source)?;
    agrees_with_name(path, &program)?;
    let expected = run(&program, header, source)?;
    if expected == text {
        Ok(())
    } else if std::env::var_os("PLR_BLESS").is_some() {
        Ok(fs::write(path, expected)?)
    } else {
        Err(format!("this should be the file; PLR_BLESS=1 rewrites it:\n{expected}").into())
    }
}

fn test_verify(program: &Program, _: &str, source: &str) -> Result<String, Failed> {
    let violations = verify(program).err().unwrap_or_default();
    let lines: String = violations.iter().map(ToString::to_string).map(|v| commented(&v)).collect();
    Ok(if lines.is_empty() { source.to_owned() } else { format!("{source}\n{lines}") })
}

/// A file named for a guarantee violates this one and no other; any other file violates none.
fn agrees_with_name(path: &Path, program: &Program) -> Result<(), Failed> {
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let promised: Option<u8> = name.strip_prefix('v').and_then(|rest| rest.split('_').next()?.parse().ok());
    let violated: BTreeSet<u8> = verify(program).err().into_iter().flatten().map(|v| v.guarantee).collect();
    if violated == promised.into_iter().collect() {
        Ok(())
    } else {
        Err(format!("the guarantees {violated:?} are violated, the name promises {promised:?}").into())
    }
}

fn test_print(program: &Program, header: &str, _: &str) -> Result<String, Failed> {
    Ok(format!("{header}\n{}", print(program)))
}

fn test_pass(program: &Program, header: &str, source: &str) -> Result<String, Failed> {
    let mut program = program.clone();
    correct(&program)?;
    for name in header.split_whitespace().skip(3) {
        let pass = find(name).ok_or_else(|| format!("there is no pass `{name}`"))?;
        (pass.run)(&mut program);
        correct(&program)?;
    }
    Ok(format!("{source}\n{}", commented(&print(&program))))
}

fn correct(program: &Program) -> Result<(), Failed> {
    verify(program).map_err(|violations| violations[0].to_string().into())
}

fn commented(text: &str) -> String {
    text.lines().map(|line| format!("// {line}\n")).collect()
}
