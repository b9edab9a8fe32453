//! Where a command's words go: results to the standard output, everything about them to the standard error.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use plr_syntax::diagnostic::Findings;

use crate::bug;
use crate::diagnostics::{ErrorFormat, Source, render};
use crate::failure::Failure;

/// The two streams and how diagnostics look on them.
#[derive(Clone, Copy, Debug)]
pub struct Shell {
    format: ErrorFormat,
    /// Whether the standard error is a terminal that wants colours.
    colour: bool,
}

impl Shell {
    /// A shell on this process's streams.
    pub fn new(format: ErrorFormat) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { format, colour: wanted && io::stderr().is_terminal() }
    }

    /// Whether the standard error is a terminal.
    pub fn is_terminal(self) -> bool {
        io::stderr().is_terminal()
    }

    /// Prints a result as it is.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`] if nobody reads any more, [`Failure::Output`] if it cannot be written.
    pub fn print(self, text: impl Display) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = write!(out, "{text}").and_then(|()| out.flush());
        let closed = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
        written.map_err(|error| if closed(&error) { Failure::OutputClosed } else { Failure::Output(error) })
    }

    /// Prints a line of a result.
    ///
    /// # Errors
    /// As [`Shell::print`].
    pub fn line(self, text: impl Display) -> Result<(), Failure> {
        self.print(format_args!("{text}\n"))
    }

    /// Says something about a result that is not part of it.
    pub fn remark(self, text: impl Display) {
        // Without a standard error there is nobody to tell that there is none.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Shows findings.
    pub fn findings(self, source: &Source, findings: &Findings) {
        let _ = write!(io::stderr().lock(), "{}", render(source, findings, self.format, self.colour));
    }

    /// Shows a failure.
    pub fn report(self, failure: &Failure) {
        if let Failure::Findings { source, findings } = failure {
            self.findings(source, findings);
        } else if !matches!(failure, Failure::OutputClosed | Failure::Reported) {
            self.remark(self.format.message("error", failure));
        }
        if failure.is_bug() {
            self.remark(bug::REQUEST);
        }
        match failure.program_text().map(bug::save) {
            None => {}
            Some(Ok(path)) => self.remark(format_args!("the program is in `{}`", path.display())),
            Some(Err(error)) => self.remark(format_args!("the program could not be saved: {error}")),
        }
    }

    /// Warns of something that is not about a place in a file.
    pub fn warn(self, text: impl Display) {
        self.remark(self.format.message("warning", &text));
    }
}
