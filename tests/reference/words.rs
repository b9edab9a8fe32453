//! The reference has every word that a file can use without defining it, and every finding.

use std::fs;

use libtest_mimic::Failed;
use plr_ir::scalar::UnaryOp;
use plr_sema::resolve::Library;
use plr_tests::{files, root, stem};

use super::document::Document;

/// Functions stand in a table as they are written, with their settings; costs by name; operations somewhere.
pub fn of_the_prelude(document: &Document) -> Result<(), Failed> {
    let prelude = fs::read_to_string(root().join("crates/plr-sema/src/prelude.plr"))?;
    let head = |line: &str| -> Option<String> {
        let line = line.strip_prefix("fn ").or_else(|| line.strip_prefix("cost "))?;
        Some(line[..=line.find(')')?].to_owned())
    };
    let mut words: Vec<String> = prelude.lines().filter_map(head).collect();
    let library = Library::prelude();
    if words.len() != library.functions.len() + library.costs.len() {
        return Err("not every item of the prelude begins a line".into());
    }
    for word in &mut words {
        // A cost is named without its arguments, which are always the same.
        *word = word.replace("(x, target)", "");
    }
    words.extend(UnaryOp::ALL.iter().filter(|op| **op != UnaryOp::Neg).map(|op| op.name().to_owned()));
    mentioned(document, words)
}

/// Each finding is mentioned where a rule gives rise to it.
pub fn of_the_findings(document: &Document) -> Result<(), Failed> {
    let pages = files("grammar/errors", "md")?;
    mentioned(document, pages.iter().map(|path| stem(path).to_owned()).collect())
}

fn mentioned(document: &Document, words: Vec<String>) -> Result<(), Failed> {
    let missing: Vec<String> =
        words.into_iter().filter(|word| !document.text.contains(&format!("`{word}`"))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not in the reference: {missing:?}").into()) }
}
