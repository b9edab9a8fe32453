//! The language reference, `grammar/README.md`, is true.
//!
//! | block | promises |
//! |---|---|
//! | `plr [FILE]` | it is a whole file without errors and without doubts |
//! | `plr,error CODE [FILE]` | the front end finds exactly that code in it |
//! | `console` | each line `$ plrc …` prints what follows, in a directory with the named files; numbers within 5 %, times at will |
//!
//! Every rule number `R1.1` is cited in the code and in a test, and nothing else is; the grammar has every terminal of
//! `plr.lalrpop` and no other; the tables have every word of the prelude, and every finding is mentioned somewhere.
//! `PLR_BLESS=1` rewrites what the console prints.

mod console;
mod document;
mod grammar;
mod numbers;
mod words;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use plr_tests::{clean, findings};
use plrc::diagnostics::{ErrorFormat, Source, render};

use document::{Block, Document};

fn main() -> ExitCode {
    if console::is_plrc() {
        return plrc::main();
    }
    let document = match Document::read() {
        Ok(document) => Arc::new(document),
        Err(error) => {
            eprintln!("cannot read the reference: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials: Vec<Trial> = document.blocks.iter().filter_map(|block| program(block.clone())).collect();
    let page = |name: &str, test: fn(&Document) -> Result<(), Failed>| {
        let document = Arc::clone(&document);
        Trial::test(name, move || test(&document))
    };
    trials.push(page("console", console::prints_what_it_says));
    trials.push(page("runs have a directory", console::runs_have_a_directory));
    trials.push(page("grammar has every terminal", grammar::has_every_terminal));
    trials.push(page("numbers are in order", numbers::are_in_order));
    trials.push(page("numbers are in the code", numbers::are_in_the_code));
    trials.push(page("numbers are in the tests", numbers::are_in_the_tests));
    trials.push(page("prelude is described", words::of_the_prelude));
    trials.push(page("findings are mentioned", words::of_the_findings));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The trial of a block that is a program.
fn program(block: Block) -> Option<Trial> {
    let name = format!("line {}: {}", block.line, block.info);
    let words: Vec<String> = block.info.split(' ').map(str::to_owned).collect();
    match words[0].as_str() {
        "plr" => Some(Trial::test(name, move || {
            clean(Source::new("README.md", block.text))?;
            Ok(())
        })),
        "plr,error" => Some(Trial::test(name, move || has_only(&words[1], block.text))),
        _ => None,
    }
}

fn has_only(code: &str, text: String) -> Result<(), Failed> {
    let source = Source::new("README.md", text);
    let found = findings(source.clone())?;
    if !found.is_empty() && found.sorted().iter().all(|finding| finding.code() == code) {
        return Ok(());
    }
    Err(format!("not `{code}` alone:\n{}", render(&source, &found, ErrorFormat::Graphical, false)).into())
}
