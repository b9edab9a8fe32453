//! Mistakes and how they are shown.
//!
//! A case is a program; `// error: [code]` or `// warning: [code]` stands on the line that a finding is about, or alone on
//! the line below it. The findings, no fewer and no more, as they are printed, are in the file of the same name that ends
//! in `.stderr`; with `PLR_BLESS=1` it is rewritten. A case is named for a code that it finds: `CODE.plr` or
//! `CODE_more_words.plr`.
//!
//! Besides, every finding has its four places under one name: where it is said, its page, its case, its code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use plr_syntax::diagnostic::Severity;
use plr_tests::{files, findings, golden, relative, source, stem};
use plrc::diagnostics::{ErrorFormat, render};

/// Where findings are declared, one file each.
const DECLARED: [&str; 2] = ["crates/plr-syntax/src/finding", "crates/plr-sema/src/check"];

/// Codes for which there is no case, and why. [`too_large`] looks after it.
const NO_CASE: [(&str, &str); 1] = [("source_too_large", "the file would have 4 GiB")];

fn main() -> ExitCode {
    let cases = match files("tests/ui", "plr") {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("cannot list the cases: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials: Vec<Trial> =
        cases.into_iter().map(|path| Trial::test(relative(&path), move || case(&path))).collect();
    trials.push(Trial::test("every finding has four places under one name", four_places));
    trials.push(Trial::test("every golden has its case", orphans));
    trials.push(Trial::test("messages are one clause in lower case", prose));
    trials.push(Trial::test("source_too_large", too_large));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A finding: its line, its severity and its code.
type Fact = (usize, String, String);

fn case(path: &Path) -> Result<(), Failed> {
    let source = source(path)?;
    let found = findings(source.clone())?;
    golden(&path.with_extension("stderr"), &render(&source, &found, ErrorFormat::Graphical, false))?;
    let mut facts: Vec<Fact> = Vec::new();
    for finding in found.sorted() {
        let severity = match finding.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (line, _) = source.place(finding.primary().span.start);
        facts.push((line, severity.to_owned(), finding.code().to_owned()));
    }
    let mut promised = expectations(source.text());
    facts.sort();
    promised.sort();
    if facts != promised {
        return Err(format!("the comments promise {promised:?}, found is {facts:?}").into());
    }
    let named = facts.iter().any(|(_, _, code)| is_named_for(stem(path), code));
    if named { Ok(()) } else { Err("the case is not named for anything it finds".into()) }
}

fn is_named_for(stem: &str, code: &str) -> bool {
    stem.strip_prefix(code).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// What the comments of a case promise.
fn expectations(text: &str) -> Vec<Fact> {
    let mut promised = Vec::new();
    for (at, line) in text.lines().enumerate() {
        // A comment alone is about the line above, which has the number `at`, counted from 1.
        let about = if line.trim_start().starts_with("//") { at } else { at + 1 };
        for severity in ["error", "warning"] {
            for comment in line.split(&format!("// {severity}: [")).skip(1) {
                let code = comment.split(']').next().unwrap_or_default();
                promised.push((about, severity.to_owned(), code.to_owned()));
            }
        }
    }
    promised
}

/// The codes that are declared in the crates.
fn declared() -> Result<BTreeSet<String>, Failed> {
    let mut codes = BTreeSet::new();
    for directory in DECLARED {
        for path in files(directory, "rs")? {
            let code = stem(&path).to_owned();
            if !fs::read_to_string(&path)?.contains(&format!("\"{code}\"")) {
                return Err(format!("`{}` does not say `\"{code}\"`", relative(&path)).into());
            }
            codes.insert(code);
        }
    }
    Ok(codes)
}

fn four_places() -> Result<(), Failed> {
    let declared = declared()?;
    let pages: BTreeSet<String> =
        files("grammar/errors", "md")?.iter().map(|path| stem(path).to_owned()).collect();
    if declared != pages {
        let alone: Vec<_> = declared.symmetric_difference(&pages).collect();
        return Err(format!("only one of check file and page exists for {alone:?}").into());
    }
    let cases: BTreeSet<String> =
        files("tests/ui", "plr")?.iter().map(|path| stem(path).to_owned()).collect();
    let excused: BTreeSet<String> = NO_CASE.iter().map(|(code, _)| (*code).to_owned()).collect();
    let missing: Vec<_> = declared.difference(&cases).filter(|code| !excused.contains(*code)).collect();
    if !missing.is_empty() {
        return Err(format!("there is no case in tests/ui for {missing:?}").into());
    }
    let needless: Vec<_> = excused.iter().filter(|code| cases.contains(*code)).collect();
    if needless.is_empty() { Ok(()) } else { Err(format!("{needless:?} have a case after all").into()) }
}

fn orphans() -> Result<(), Failed> {
    for path in files("tests/ui", "stderr")? {
        if !path.with_extension("plr").exists() {
            return Err(format!("`{}` belongs to no program", relative(&path)).into());
        }
    }
    Ok(())
}

/// Messages and labels begin in lower case and have no full stop; a help is one sentence without one.
fn prose() -> Result<(), Failed> {
    for path in files("tests/ui", "plr")? {
        for finding in findings(source(&path)?)?.sorted() {
            let labels = finding.secondary().into_iter().map(|label| label.text);
            let texts =
                [finding.message(), finding.primary().text].into_iter().chain(labels).chain(finding.help());
            for text in texts {
                let upper = text.chars().next().is_some_and(char::is_uppercase);
                if upper || text.ends_with('.') || text.is_empty() {
                    return Err(format!("`{}`: {text}", finding.code()).into());
                }
            }
        }
    }
    Ok(())
}

/// A text of 4 GiB: zeros, which the operating system does not keep.
fn too_large() -> Result<(), Failed> {
    let text = String::from_utf8(vec![0; 1 << 32])?;
    let parsed = plr_syntax::parse(&text);
    let codes: Vec<&str> = parsed.findings.sorted().iter().map(|finding| finding.code()).collect();
    if codes == ["source_too_large"] { Ok(()) } else { Err(format!("found {codes:?}").into()) }
}
