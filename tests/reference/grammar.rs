//! The grammar of the reference and the grammar that is compiled have the same terminals.

use std::collections::BTreeSet;
use std::fs;

use libtest_mimic::Failed;
use plr_tests::root;

use super::document::Document;

/// Terminals of the compiled grammar that are no words: the reference has rules of these names or says what they are.
const CLASSES: [&str; 6] = ["name", "number", "grid", "text", "newline", "bad"];

/// Every terminal of the token table of `plr.lalrpop` occurs in the reference's grammar, and no other.
pub fn has_every_terminal(document: &Document) -> Result<(), Failed> {
    let compiled = fs::read_to_string(root().join("grammar/plr.lalrpop"))?;
    let table = compiled.lines().filter(|line| line.contains("=> Token::"));
    let compiled: BTreeSet<&str> =
        table.filter_map(quoted).map(|(word, _)| word).filter(|word| !CLASSES.contains(word)).collect();
    let Some(block) = document.blocks.iter().find(|block| block.info == "ebnf") else {
        return Err("there is no block `ebnf`".into());
    };
    let mut described = BTreeSet::new();
    let mut rest = block.text.as_str();
    while let Some((word, after)) = quoted(rest) {
        described.insert(word);
        rest = after;
    }
    let missing: Vec<_> = compiled.difference(&described).collect();
    let strange: Vec<_> = described.difference(&compiled).collect();
    if missing.is_empty() && strange.is_empty() {
        return Ok(());
    }
    Err(format!("not in the reference: {missing:?}; not in plr.lalrpop: {strange:?}").into())
}

/// The first text in double quotes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let begin = text.find('"')? + 1;
    let end = begin + text[begin..].find('"')?;
    Some((&text[begin..end], &text[end + 1..]))
}
