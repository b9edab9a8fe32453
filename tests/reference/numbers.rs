//! The numbers of the rules stand in the reference, in the code and in the tests, and are the same in all three.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use libtest_mimic::Failed;
use plr_tests::{files, relative};

use super::document::Document;

/// The rules of a group are numbered from 1 without a gap, the groups likewise, and the text refers to no other.
pub fn are_in_order(document: &Document) -> Result<(), Failed> {
    let numbers = document.numbers();
    let (mut group, mut rule) = (0, 0);
    for number in &numbers {
        let next = [format!("R{group}.{}", rule + 1), format!("R{}.1", group + 1)];
        match next.iter().position(|next| next == number) {
            Some(0) => rule += 1,
            Some(_) => (group, rule) = (group + 1, 1),
            None => return Err(format!("{number} follows R{group}.{rule}").into()),
        }
    }
    same("the reference", &numbers.into_iter().map(str::to_owned).collect(), &cited(&document.text))
}

/// Every rule is cited beside the code that implements it, and the code cites no other.
pub fn are_in_the_code(document: &Document) -> Result<(), Failed> {
    let in_code = |path: &str| path.contains("/src/") && !path.starts_with("tests/");
    let mut sources = files("crates", "rs")?;
    sources.retain(|path| in_code(&relative(path)));
    sources.extend(files("grammar", "lalrpop")?);
    sources.extend(files("crates/plr-sema/src", "plr")?);
    compare("the code", document, &sources)
}

/// Every rule is cited in a test that would fail if it were broken, and the tests cite no other.
pub fn are_in_the_tests(document: &Document) -> Result<(), Failed> {
    let in_tests = |path: &str| path.starts_with("tests/") || path.contains("/tests/");
    let mut tests = files("crates", "rs")?;
    tests.extend(files("tests", "rs")?);
    tests.retain(|path| in_tests(&relative(path)));
    compare("the tests", document, &tests)
}

fn compare(place: &str, document: &Document, sources: &[std::path::PathBuf]) -> Result<(), Failed> {
    let texts = sources.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
    let found = texts.iter().flat_map(|text| cited(text)).collect();
    same(place, &document.numbers().into_iter().map(str::to_owned).collect(), &found)
}

fn same(place: &str, numbers: &BTreeSet<String>, found: &BTreeSet<String>) -> Result<(), Failed> {
    let missing: Vec<_> = numbers.difference(found).collect();
    let stale: Vec<_> = found.difference(numbers).collect();
    if missing.is_empty() && stale.is_empty() {
        return Ok(());
    }
    Err(format!("not in {place}: {missing:?}; only in {place}: {stale:?}").into())
}

/// The numbers `R1.1` in a text.
fn cited(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('R') {
        let joined = text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let rest = &text[at + 1..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches('.');
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !joined && number.split_once('.').is_some_and(|(a, b)| digits(a) && digits(b)) {
            found.insert(format!("R{number}"));
        }
    }
    found
}
