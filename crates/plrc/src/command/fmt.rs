//! `plrc fmt`: the canonical format.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::diagnostics::Source;
use crate::driver;
use crate::failure::Failure;
use crate::shell::Shell;

use super::each;

/// Bring files into the canonical format.
#[derive(Args, Debug)]
pub struct Fmt {
    /// Change nothing; name the files that are not in the format, and fail if there are any.
    #[arg(long)]
    check: bool,
    /// The programs; `-` reads the standard input and prints the result.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Fmt {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        each(shell, &self.files, |file| {
            if file == Path::new("-") { self.stream(shell) } else { self.file(shell, file) }
        })
    }

    fn stream(&self, shell: Shell) -> Result<(), Failure> {
        let path = Path::new("standard input");
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|error| Failure::Read { path: path.to_owned(), error })?;
        let source = driver::text(path, bytes)?;
        let formatted = formatted(&source)?;
        if !self.check {
            return shell.print(formatted);
        }
        compare(shell, &source, &formatted)
    }

    fn file(&self, shell: Shell, path: &Path) -> Result<(), Failure> {
        let source = driver::read(path)?;
        let formatted = formatted(&source)?;
        if self.check {
            compare(shell, &source, &formatted)
        } else if formatted == source.text() {
            Ok(())
        } else {
            fs::write(path, formatted).map_err(|error| Failure::Write { path: path.to_owned(), error })
        }
    }
}

fn formatted(source: &Source) -> Result<String, Failure> {
    plr_syntax::format(source.text())
        .map_err(|findings| Failure::Findings { source: source.clone(), findings })
}

/// Names a source that is not in the format, and the first line that differs.
fn compare(shell: Shell, source: &Source, formatted: &str) -> Result<(), Failure> {
    if formatted == source.text() {
        return Ok(());
    }
    let same = source.text().lines().zip(formatted.lines()).take_while(|(is, should)| is == should).count();
    shell.line(format_args!("{}:{}: not in the canonical format", source.name(), same + 1))?;
    Err(Failure::Reported)
}
