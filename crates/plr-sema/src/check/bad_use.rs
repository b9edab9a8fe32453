//! A file that cannot be used.
//!
//! Allowed: `use "filters.plr"`, if there is such a file beside this one. Forbidden: `use "nowhere.plr"`; a file that uses itself.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// A file that cannot be used (R1.11).
#[derive(Debug)]
pub struct BadUse {
    /// Where it is named.
    pub at: Span,
    /// Its name there.
    pub path: String,
    /// What is the matter.
    pub obstacle: Obstacle,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is none.
    Missing,
    /// It cannot be read, in the words of the system.
    Unreadable(String),
    /// It is not UTF-8 text.
    NotText,
    /// It uses the file in which it is named.
    Cycle,
}

impl Finding for BadUse {
    fn code(&self) -> &'static str {
        "bad_use"
    }

    fn message(&self) -> String {
        let path = &self.path;
        match &self.obstacle {
            Obstacle::Missing => format!("there is no file `{path}`"),
            Obstacle::Unreadable(reason) => format!("`{path}` cannot be read: {reason}"),
            Obstacle::NotText => format!("`{path}` is not UTF-8 text"),
            Obstacle::Cycle => format!("`{path}` is being used already"),
        }
    }

    fn primary(&self) -> Label {
        let text = match self.obstacle {
            Obstacle::Missing => "not found",
            Obstacle::Unreadable(_) | Obstacle::NotText => "named here",
            Obstacle::Cycle => "it needs itself",
        };
        Label::new(self.at, text)
    }

    fn help(&self) -> Option<String> {
        (self.obstacle == Obstacle::Missing)
            .then(|| "the place of a file is relative to the file that uses it".to_owned())
    }
}
