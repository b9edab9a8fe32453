//! Why a command could not do what it was asked to.

use std::fmt;
use std::io;
use std::path::PathBuf;

use plr_run::backend::RunError;
use plr_run::check::CheckError;
use plr_run::data::DataError;
use plr_run::probe::ProbeError;
use plr_run::session::SessionError;
use plr_syntax::diagnostic::Findings;

use crate::diagnostics::Source;

/// Why a command could not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// Mistakes in a source, or in an argument that is written in the language.
    Findings {
        /// The text.
        source: Source,
        /// Its mistakes.
        findings: Findings,
    },
    /// Something did not come out as it should, and all about it has been said.
    Reported,
    /// Whoever read the results has stopped reading.
    OutputClosed,
    /// The results cannot be printed.
    Output(io::Error),
    /// A file or directory cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// A file or directory cannot be written.
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// A directory was given where a program is needed.
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// Something else was given where a directory is needed.
    NoDirectory {
        /// What was given.
        path: PathBuf,
    },
    /// A file has no rule to work on.
    NoRule {
        /// The file.
        file: String,
    },
    /// A file is no text.
    NotText {
        /// The file.
        path: PathBuf,
        /// The line of the first byte that is not UTF-8, from 1.
        line: usize,
        /// Its place in the line in bytes, from 1.
        column: usize,
    },
    /// A file that would be made is there already.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A name is asked for that is not there, or one of several must be named.
    Choice {
        /// What is chosen: `rule`, `experiment`, `pass`, …
        what: &'static str,
        /// The name asked for, if there is one.
        asked: Option<String>,
        /// Where it is looked for.
        place: String,
        /// What there is to choose from.
        known: Vec<String>,
    },
    /// A network is needed and none is given.
    NoNetwork {
        /// The rule.
        rule: String,
    },
    /// An experiment sets a number on an edge or layer that another network does not have.
    Site {
        /// The number.
        name: String,
        /// The edge or layer.
        site: String,
        /// The network.
        network: String,
    },
    /// A rule has no program of a kind.
    NoPiece {
        /// The rule.
        rule: String,
        /// The kind.
        piece: String,
    },
    /// An array is given twice.
    ArrayTwice {
        /// Its name.
        name: String,
    },
    /// The given data is wrong.
    Data(DataError),
    /// The axes of a sample have another order than those of the input layer.
    Layout {
        /// The axes.
        sample: Vec<usize>,
        /// The input layer's: `3x32x32`.
        input: String,
    },
    /// A flag asks for a measure that there is not.
    NothingToMeasure {
        /// The flag.
        flag: &'static str,
        /// Why there is none.
        why: &'static str,
    },
    /// A rule could not be made ready, or evaluated.
    Session(SessionError),
    /// Training went wrong.
    Training {
        /// What.
        error: SessionError,
        /// What is left of the work, in words.
        kept: String,
    },
    /// A presentation could not be made.
    Probe(ProbeError),
    /// A program could not be run.
    Run(RunError),
    /// A measurement could not be made.
    Check(CheckError),
    /// The handler of Ctrl-C could not be installed.
    Interrupt(ctrlc::Error),
    /// A run that was to reach something has not.
    Unexpected,
    /// Ctrl-C.
    Interrupted {
        /// What is left of the work, in words.
        kept: String,
    },
}

impl Failure {
    /// Whether it is the compiler's fault.
    pub fn is_bug(&self) -> bool {
        matches!(self, Self::Run(error) if error.is_bug())
            || matches!(self, Self::Session(error) | Self::Training { error, .. } if error.is_bug())
            || matches!(self, Self::Check(error) if error.is_bug())
            || matches!(self, Self::Probe(error) if error.is_bug())
    }

    /// The text form of the program that shows a bug.
    pub fn program_text(&self) -> Option<&str> {
        if let Self::Run(error)
        | Self::Session(SessionError::Run(error))
        | Self::Training { error: SessionError::Run(error), .. }
        | Self::Check(CheckError::Run(error))
        | Self::Probe(ProbeError::Run(error)) = self
        {
            error.text()
        } else {
            None
        }
    }

    /// Whether nothing else can be done after it.
    pub fn ends_everything(&self) -> bool {
        self.is_bug() || matches!(self, Self::OutputClosed | Self::Output(_) | Self::Interrupted { .. })
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        if self.is_bug() {
            return 101;
        }
        if matches!(self, Self::OutputClosed) {
            0
        } else if matches!(self, Self::Interrupted { .. }) {
            130
        } else {
            1
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Findings { source, .. } => write!(f, "`{}` has mistakes", source.name()),
            Self::Reported => f.write_str("it failed"),
            Self::OutputClosed => f.write_str("nobody reads the output any more"),
            Self::Output(error) => write!(f, "cannot print: {error}"),
            Self::Read { path, error } => write!(f, "cannot read `{}`: {error}", path.display()),
            Self::Write { path, error } => write!(f, "cannot write `{}`: {error}", path.display()),
            Self::Directory { path } => write!(f, "`{}` is a directory, not a program", path.display()),
            Self::NoDirectory { path } => write!(f, "`{}` is not a directory", path.display()),
            Self::NoRule { file } => write!(f, "`{file}` has no rule"),
            Self::NotText { path, line, column } => {
                write!(f, "`{}` is not UTF-8 text: line {line}, byte {column}", path.display())
            }
            Self::Exists { path } => write!(f, "`{}` is there already", path.display()),
            Self::Choice { what, asked, place, known } => choice(f, what, asked.as_deref(), place, known),
            Self::NoNetwork { rule } => {
                write!(
                    f,
                    "no experiment says on which network `{rule}` runs: give one, as in `--network \"784 - 128 sigmoid - 10\"`"
                )
            }
            Self::Site { name, site, network } => {
                write!(
                    f,
                    "the experiment sets `{name}` on `{site}`, which the network {network} does not have; set it on all edges with \
                     `--set {name}=…`"
                )
            }
            Self::NoPiece { rule, piece } => write!(f, "the rule `{rule}` has no program `{piece}`"),
            Self::ArrayTwice { name } => write!(f, "the array `{name}` is in both files"),
            Self::Data(error) => error.fmt(f),
            Self::Layout { sample, input } => {
                let axes: Vec<String> = sample.iter().map(usize::to_string).collect();
                write!(
                    f,
                    "a sample is {}, and the input layer {input}: channels come first, then rows, then columns",
                    axes.join("x")
                )
            }
            Self::NothingToMeasure { flag, why } => write!(f, "`{flag}` has nothing to measure: {why}"),
            Self::Session(error) => error.fmt(f),
            Self::Training { error, kept } => write!(f, "{error}; {kept}"),
            Self::Probe(error) => error.fmt(f),
            Self::Run(error) => error.fmt(f),
            Self::Check(error) => error.fmt(f),
            Self::Interrupt(error) => write!(f, "cannot listen for Ctrl-C: {error}"),
            Self::Unexpected => f.write_str("the run does not end as its experiment expects"),
            Self::Interrupted { kept } => write!(f, "stopped; {kept}"),
        }
    }
}

fn choice(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    asked: Option<&str>,
    place: &str,
    known: &[String],
) -> fmt::Result {
    match (asked, known) {
        (Some(asked), _) => write!(f, "{place} has no {what} `{asked}`")?,
        (None, []) => write!(f, "{place} has no {what}")?,
        (None, _) => write!(f, "{place} has several {what}s, name one")?,
    }
    if known.is_empty() {
        return Ok(());
    }
    if let Some(near) = asked.and_then(|asked| plr_sema::check::unknown_name::closest(asked, known)) {
        return write!(f, "; did you mean `{near}`?");
    }
    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let link = if asked.is_some() { "; it has" } else { ":" };
    write!(f, "{link} {}", known.join(", "))
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
