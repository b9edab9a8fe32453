//! `plrc fmt`: the canonical format.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use plr_run::atomic_file;

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
        each(shell, &self.files, |file| self.file(shell, file))
    }

    fn file(&self, shell: Shell, path: &Path) -> Result<(), Failure> {
        let source = driver::read(path)?;
        let formatted = formatted(&source)?;
        if self.check {
            compare(shell, &source, &formatted)
        } else if path == Path::new("-") {
            shell.print(formatted)
        } else if formatted == source.text() {
            Ok(())
        } else {
            let written = atomic_file::replace(path, |file| file.write_all(formatted.as_bytes()));
            written.map_err(|error| Failure::Write { path: path.to_owned(), error })
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
    let (is, should) = (source.text().split_inclusive('\n'), formatted.split_inclusive('\n'));
    let same = is.zip(should).take_while(|(is, should)| is == should).count();
    shell.line(format_args!("{}:{}: not in the canonical format", source.name(), same + 1))?;
    Err(Failure::Reported)
}
