//! The pages that `plrc explain` prints: their examples are wrong and right as they say.
//!
//! A page begins with its code as a heading. The whole front end finds exactly this code in each ```` ```plr,error ````
//! block, as often as it likes, and nothing at all in each ```` ```plr ```` block.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use libtest_mimic::{Arguments, Failed, Trial};
use plr_tests::{clean, files, findings, relative, stem};
use plrc::diagnostics::{ErrorFormat, Source, render};

/// The only page without a wrong example, and why.
const NO_WRONG_EXAMPLE: [(&str, &str); 1] = [("source_too_large", "it would have 4 GiB")];

fn main() -> ExitCode {
    let pages = match files("grammar/errors", "md") {
        Ok(pages) => pages,
        Err(error) => {
            eprintln!("cannot list the pages: {error}");
            return ExitCode::FAILURE;
        }
    };
    let trials = pages.into_iter().map(|path| Trial::test(relative(&path), move || page(&path))).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn page(path: &Path) -> Result<(), Failed> {
    let (code, text) = (stem(path), fs::read_to_string(path)?);
    if !text.starts_with(&format!("# {code}\n\n")) {
        return Err(format!("it does not begin with `# {code}`").into());
    }
    let (mut wrong, mut right) = (0, 0);
    for (info, block) in blocks(&text)? {
        let source = Source::new(relative(path), block);
        match info.as_str() {
            "plr,error" => {
                wrong += 1;
                finds_only(code, source)?;
            }
            "plr" => {
                right += 1;
                clean(source)?;
            }
            other => return Err(format!("a block is `{other}`, not `plr` or `plr,error`").into()),
        }
    }
    let excused = NO_WRONG_EXAMPLE.iter().any(|(excused, _)| *excused == code);
    if right == 0 || (wrong == 0) != excused {
        return Err(format!("it has {wrong} wrong and {right} right examples").into());
    }
    Ok(())
}

fn finds_only(code: &str, source: Source) -> Result<(), Failed> {
    let found = findings(source.clone())?;
    let codes: BTreeSet<&str> = found.sorted().iter().map(|finding| finding.code()).collect();
    if codes == BTreeSet::from([code]) {
        return Ok(());
    }
    let shown = render(&source, &found, ErrorFormat::Graphical, false);
    Err(format!("the wrong example has {codes:?}:\n{}\n{shown}", source.text()).into())
}

/// The fenced blocks of a page with their info strings.
fn blocks(page: &str) -> io::Result<Vec<(String, String)>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut text = String::new();
        loop {
            match lines.next() {
                Some("```") => break,
                Some(line) => text.extend([line, "\n"]),
                None => return Err(io::Error::other("a block has no end")),
            }
        }
        blocks.push((info.to_owned(), text));
    }
    Ok(blocks)
}
