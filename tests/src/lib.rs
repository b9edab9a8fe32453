//! Tests that run files, on the whole house: what their runners share.
//!
//! | runner | a case is | what it promises |
//! |---|---|---|
//! | `ui` | a program with a mistake, and how the mistake is shown | every finding, on its line, in its words |
//! | `pages` | a page of `grammar/errors` | its examples are wrong and right as it says |
//! | `gallery` | a program of `examples` | it is legal, formatted, trains alike on both back ends, and keeps its claims |
//! | `broken` | a program of `examples` with one sign changed | some claim notices |
//! | `differential` | a generated program | compiled = interpreted, optimised = lowered |
//! | `numpy` | a program of `examples` | it adds what its paper says, written down in NumPy |
//! | `house` | a sentence about the code | it is true |
//! | `reference` | a block or a rule of `grammar/README.md` | it is true, and cited where it is implemented and tested |
//! | `semantics` | a numbered rule of the reference | a program computed by hand |

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;
use plr_syntax::diagnostic::Findings;
use plrc::diagnostics::{ErrorFormat, Source, render};
use plrc::driver::{self, Checked};
use plrc::failure::Failure;

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A path as seen from the root of the repository, with `/` on every system.
pub fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The files below a directory of the repository whose names end in `.extension`, sorted.
///
/// # Errors
/// If a directory cannot be read.
pub fn files(directory: &str, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![root().join(directory)];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The name of a file without its directory and extension.
pub fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

/// A program of the repository, known by its path from the root.
///
/// # Errors
/// If it cannot be read.
pub fn source(path: &Path) -> io::Result<Source> {
    Ok(Source::new(relative(path), fs::read_to_string(path)?).at(path))
}

/// Everything that the whole front end finds in a text: syntax, names, shapes, locality, data.
///
/// # Errors
/// If something else went wrong.
pub fn findings(source: Source) -> Result<Findings, Failed> {
    match driver::check(source) {
        Ok(checked) => Ok(checked.warnings),
        Err(Failure::Findings { findings, .. }) => Ok(findings),
        Err(other) => Err(other.to_string().into()),
    }
}

/// A program without errors and without warnings.
///
/// # Errors
/// The findings, as they are shown to the user.
pub fn clean(source: Source) -> Result<Checked, Failed> {
    let show = |source: &Source, findings: &Findings| render(source, findings, ErrorFormat::Graphical, false);
    match driver::check(source) {
        Ok(checked) if checked.warnings.is_empty() => Ok(checked),
        Ok(checked) => Err(show(&checked.source, &checked.warnings).into()),
        Err(Failure::Findings { source, findings }) => Err(show(&source, &findings).into()),
        Err(other) => Err(other.to_string().into()),
    }
}

/// A program without errors; warnings are no matter.
///
/// # Errors
/// The findings, as they are shown to the user.
pub fn legal(source: Source) -> Result<Checked, String> {
    match driver::check(source) {
        Ok(checked) => Ok(checked),
        Err(Failure::Findings { source, findings }) => {
            Err(render(&source, &findings, ErrorFormat::Graphical, false))
        }
        Err(other) => Err(other.to_string()),
    }
}

/// Compares a text with the file that says what it should be. With `PLR_BLESS=1` in the environment the file is
/// rewritten instead.
///
/// # Errors
/// The first line that differs, and the whole text.
pub fn golden(path: &Path, found: &str) -> Result<(), Failed> {
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    if std::env::var_os("PLR_BLESS").is_some() {
        return Ok(fs::write(path, found)?);
    }
    let same = expected.lines().zip(found.lines()).take_while(|(a, b)| a == b).count();
    let name = relative(path);
    Err(format!("`{name}` differs from line {} on; PLR_BLESS=1 rewrites it. Found:\n{found}", same + 1)
        .into())
}

/// A number from the environment, or the default.
///
/// # Errors
/// If it is there and no number.
pub fn number(variable: &str, default: u64) -> Result<u64, Failed> {
    match std::env::var(variable) {
        Ok(text) => text.parse().map_err(|_| format!("{variable} is `{text}`, not a number").into()),
        Err(_) => Ok(default),
    }
}
