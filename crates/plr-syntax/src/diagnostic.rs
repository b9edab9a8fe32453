//! What every finding about a source file looks like, before anyone renders it.
//!
//! A finding is a value that holds data and spans; its sentences are made on demand, and the source text is attached
//! by whoever prints it.

use crate::span::Span;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program has no meaning.
    Error,
    /// The program has a meaning, but probably not the intended one.
    Warning,
}

/// A span with what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// One clause, lower case, without a full stop.
    pub text: String,
}

impl Label {
    /// A label.
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// A mistake or a doubt, with its code, its places and its help.
pub trait Finding: std::fmt::Debug {
    /// The code without the `plr::` prefix, for example `non_local_read`. It names the error page too.
    fn code(&self) -> &'static str;
    /// Error unless said otherwise.
    fn severity(&self) -> Severity {
        Severity::Error
    }
    /// What is wrong, one clause, lower case.
    fn message(&self) -> String;
    /// What is here.
    fn primary(&self) -> Label;
    /// What made us expect otherwise.
    fn secondary(&self) -> Vec<Label> {
        Vec::new()
    }
    /// One thing to do, only if sure.
    fn help(&self) -> Option<String> {
        None
    }
}

/// All findings about one file.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Box<dyn Finding>>,
}

impl Findings {
    /// More are never shown at once.
    pub const CAP: usize = 50;

    /// More are not kept: a text that is no program at all could have one at each character.
    pub const LIMIT: usize = 1000;

    /// No findings yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, unless the same code is already reported at the same place, or there are [`Self::LIMIT`] already.
    pub fn push(&mut self, finding: impl Finding + 'static) {
        let place = finding.primary().span;
        let known = |f: &dyn Finding| f.code() == finding.code() && f.primary().span == place;
        if self.list.len() < Self::LIMIT && !self.list.iter().any(|f| known(f.as_ref())) {
            self.list.push(Box::new(finding));
        }
    }

    /// Takes over all of another list.
    pub fn append(&mut self, other: Findings) {
        self.list.extend(other.list);
    }

    /// The first in the order of the text alone: what is said of the text behind it may be guesses.
    #[must_use]
    pub fn first(mut self) -> Self {
        self.list.sort_by_key(|f| (f.primary().span, f.severity(), f.code()));
        self.list.truncate(1);
        self
    }

    /// Leaves out doubts about the text from an offset on.
    pub fn drop_doubts_from(&mut self, offset: usize) {
        let doubt = |f: &dyn Finding| f.severity() == Severity::Warning;
        self.list.retain(|f| !doubt(f.as_ref()) || (f.primary().span.start as usize) < offset);
    }

    /// Whether any is an error.
    pub fn any_error(&self) -> bool {
        self.list.iter().any(|f| f.severity() == Severity::Error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings in the order of the text, errors before warnings at the same place, at most [`Self::CAP`].
    pub fn sorted(&self) -> Vec<&dyn Finding> {
        let mut all: Vec<&dyn Finding> = self.list.iter().map(AsRef::as_ref).collect();
        all.sort_by_key(|f| (f.primary().span, f.severity(), f.code()));
        all.truncate(Self::CAP);
        all
    }
}
