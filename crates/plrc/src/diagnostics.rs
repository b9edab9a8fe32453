//! Findings as people and programs read them: the source text is attached here, at the edge.

mod graphical;
mod json;
mod plain;

use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use plr_syntax::diagnostic::{Finding, Findings, Severity};
use plr_syntax::span::Span;

/// How diagnostics look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// The source with its places underlined.
    Graphical,
    /// One line for each finding, and its help.
    Plain,
    /// One JSON object on a line for each finding.
    Json,
}

impl ErrorFormat {
    /// A message that is about no place in a source.
    pub fn message(self, severity: &str, text: &dyn Display) -> String {
        match self {
            Self::Graphical | Self::Plain => format!("{severity}: {text}"),
            Self::Json => json::message(severity, text),
        }
    }
}

/// A text with the name it is known by.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    /// The offsets at which lines begin.
    lines: Vec<usize>,
    /// Offsets in spans count so many bytes that are not part of the text.
    before: usize,
    files: Box<Files>,
}

/// Where a text is from, and what it uses.
#[derive(Clone, Debug, Default)]
struct Files {
    /// The file, if it is one.
    path: Option<PathBuf>,
    /// The files that it uses, whose spans follow each other behind its own.
    used: Vec<Source>,
}

impl Source {
    /// A text; `name` is a path, or the flag that the text was given with.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, lines, before: 0, files: Box::default() }
    }

    /// The same text in spans that count `before` bytes in front of it.
    #[must_use]
    pub fn after(self, before: usize) -> Self {
        Self { before, ..self }
    }

    /// The text of a file.
    #[must_use]
    pub fn at(mut self, path: &Path) -> Self {
        self.files.path = Some(path.to_owned());
        self
    }

    /// With the files that it uses, in the order of their spans.
    #[must_use]
    pub fn with(mut self, used: Vec<Self>) -> Self {
        self.files.used = used;
        self
    }

    /// Adds a text whose spans follow those of all others.
    pub fn uses(&mut self, text: Self) {
        self.files.used.push(text);
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        self.files.path.as_deref()
    }

    /// This text and those of the files that it uses.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.files.used)
    }

    /// The one of the files that a place is in.
    fn part(&self, span: Span) -> &Self {
        let behind = self.files.used.iter().take_while(|part| part.before <= span.start as usize);
        behind.last().unwrap_or(self)
    }

    /// `file:line:column`
    fn locate(&self, span: Span) -> String {
        let part = self.part(span);
        let (line, column) = part.place(span.start);
        format!("{}:{line}:{column}", part.name())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of an offset, both from 1; columns count characters.
    pub fn place(&self, offset: u32) -> (usize, usize) {
        let offset = self.offset(offset);
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The span as offset and length within the text.
    fn extent(&self, span: Span) -> (usize, usize) {
        let (start, end) = (self.offset(span.start), self.offset(span.end));
        (start.min(end), end.saturating_sub(start))
    }

    /// An offset within the text.
    fn offset(&self, offset: u32) -> usize {
        (offset as usize).saturating_sub(self.before).min(self.text.len())
    }

    /// The bytes of the longest of the lines that a span touches and of their neighbours.
    fn longest_line(&self, span: Span) -> usize {
        let line = |offset| self.lines.partition_point(|&start| start <= self.offset(offset));
        let end = |line: usize| self.lines.get(line).copied().unwrap_or(self.text.len());
        let lines = line(span.start).saturating_sub(2)..(line(span.end) + 1).min(self.lines.len());
        lines.map(|line| end(line + 1) - self.lines[line]).max().unwrap_or(0)
    }
}

/// All findings in a format, each followed by an empty line where that helps reading.
pub fn render(source: &Source, findings: &Findings, format: ErrorFormat, colour: bool) -> String {
    let one = |finding: &&dyn Finding| match format {
        ErrorFormat::Graphical => graphical::render(source, *finding, colour),
        ErrorFormat::Plain => plain::render(source, *finding),
        ErrorFormat::Json => json::render(source, *finding),
    };
    findings.sorted().iter().map(one).collect()
}

/// `error` or `warning`
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use plr_syntax::span::Span;

    use super::Source;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let source = Source::new("β.plr", "ab\nβγδ\n");
        assert_eq!(source.place(0), (1, 1));
        assert_eq!(source.place(2), (1, 3));
        assert_eq!(source.place(3), (2, 1));
        assert_eq!(source.place(7), (2, 3));
        assert_eq!(source.place(10), (3, 1));
        assert_eq!(source.place(99), (3, 1));
        assert_eq!(source.after(3).place(5), (1, 3));
    }

    #[test]
    fn the_longest_line_is_one_of_those_shown() {
        let source = Source::new("x", "long line\n1\n\n12\n");
        assert_eq!(source.longest_line(Span::new(0, 1)), 10);
        assert_eq!(source.longest_line(Span::new(10, 11)), 10);
        assert_eq!(source.longest_line(Span::new(12, 12)), 3);
        assert_eq!(source.longest_line(Span::new(16, 99)), 3);
    }
}
