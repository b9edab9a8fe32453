//! What is said when the compiler itself is wrong.

use std::io::{self, Write as _};
use std::panic;
use std::path::PathBuf;

use plr_run::atomic_file;

/// Where the user can help, under every message about a bug.
pub const REQUEST: &str = concat!(
    "this is a bug in plrc ",
    env!("CARGO_PKG_VERSION"),
    ", not in your program; please report it with the command and the files it was given"
);

/// Lets a panic say that it is a bug, and ask for a report.
pub fn install_hook() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        default(info);
        eprintln!("\n{REQUEST}");
    }));
}

/// Saves a program that shows a bug, for the report.
///
/// # Errors
/// If the directory for temporary files cannot be written.
pub fn save(program: &str) -> io::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("plrc-bug-{}.plir", std::process::id()));
    atomic_file::replace(&path, |file| file.write_all(program.as_bytes()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn a_program_that_shows_a_bug_is_saved() {
        let program = "program \"x\" f32 () {\n}\n";
        let path = super::save(program).expect("there is a place for temporary files");
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some(program));
        let _ = fs::remove_file(path);
    }
}
