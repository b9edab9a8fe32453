//! `crates/README.md`: its table against cargo, its sentences against the sources, its paths against the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use libtest_mimic::Failed;
use plr_tests::root;

use super::manifest::crates;

/// A row of the table of crates.
struct Row {
    sentence: String,
    inside: BTreeSet<String>,
    outside: BTreeSet<String>,
    never: BTreeSet<String>,
}

/// The names in backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn text() -> Result<String, Failed> {
    Ok(fs::read_to_string(root().join("crates/README.md"))?)
}

/// The table of crates, by name.
fn table() -> Result<BTreeMap<String, Row>, Failed> {
    let text = text()?;
    let lines = text.lines().skip_while(|line| !line.starts_with("| crate |")).skip(2);
    let mut rows = BTreeMap::new();
    for line in lines.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, sentence, inside, outside, never, _] = cells[..] else {
            return Err(format!("a row has other columns: {line}").into());
        };
        let row = Row {
            sentence: sentence.to_owned(),
            inside: quoted(inside),
            outside: quoted(outside),
            never: quoted(never),
        };
        rows.insert(name.trim_matches('`').to_owned(), row);
    }
    if rows.is_empty() { Err("there is no table of crates".into()) } else { Ok(rows) }
}

/// The table and cargo name the same crates with the same dependencies.
pub fn arrows() -> Result<(), Failed> {
    let (rows, crates) = (table()?, crates()?);
    if !rows.keys().eq(crates.keys()) {
        return Err(format!("the map has {:?}, cargo {:?}", rows.keys(), crates.keys()).into());
    }
    for (name, row) in &rows {
        let of_cargo = &crates[name];
        for (map, cargo) in [(&row.inside, &of_cargo.inside), (&row.outside, &of_cargo.outside)] {
            if map != cargo {
                return Err(format!("{name}: the map has {map:?}, cargo {cargo:?}").into());
            }
        }
    }
    Ok(())
}

/// Nothing that a crate must never know is among its dependencies, or theirs within the workspace.
pub fn ignorance() -> Result<(), Failed> {
    let (rows, crates) = (table()?, crates()?);
    for (name, row) in &rows {
        let mut known = crates[name].outside.clone();
        let mut left: Vec<&String> = crates[name].inside.iter().collect();
        while let Some(next) = left.pop() {
            if known.insert(next.clone()) {
                left.extend(&crates[next].inside);
            }
        }
        // The shell reaches everything through others; it is what it names itself that counts.
        if name == "plrc" {
            known = crates[name].inside.union(&crates[name].outside).cloned().collect();
        }
        if let Some(secret) = row.never.intersection(&known).next() {
            return Err(format!("{name} must never know {secret}").into());
        }
        if row.never.is_empty() {
            return Err(format!("{name} may know everything").into());
        }
    }
    Ok(())
}

/// The first sentence of each crate's documentation is its sentence on the map.
pub fn sentences() -> Result<(), Failed> {
    for (name, row) in table()? {
        let source = fs::read_to_string(root().join("crates").join(&name).join("src/lib.rs"))?;
        let head: Vec<&str> = source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        let head = head.join(" ");
        let sentence = head.split_once(". ").map_or(head.clone(), |(first, _)| format!("{first}."));
        if sentence != row.sentence {
            return Err(format!("{name}: the source says “{sentence}”, the map “{}”", row.sentence).into());
        }
    }
    Ok(())
}

/// What looks like a path of the repository is one.
pub fn paths() -> Result<(), Failed> {
    let text = text()?;
    // Code spans do not cross lines, and blocks between fences have none.
    let prose = text.split("```").step_by(2);
    let spans = prose.flat_map(str::lines).flat_map(quoted);
    let tops = ["crates/", "grammar/", "tests/", "examples"];
    let paths: BTreeSet<String> = spans.filter(|span| tops.iter().any(|top| span.starts_with(top))).collect();
    let missing: Vec<&String> = paths.iter().filter(|path| !root().join(path).exists()).collect();
    match (paths.len(), missing.is_empty()) {
        (0, _) => Err("no paths were found".into()),
        (_, true) => Ok(()),
        (_, false) => Err(format!("there is no {missing:?}").into()),
    }
}
