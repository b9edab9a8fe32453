//! Findings as people and programs read them: the source text is attached here, at the edge.

mod graphical;
mod json;
mod plain;

use std::fmt::Display;

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
}

impl Source {
    /// A text; `name` is a path, or the flag that the text was given with.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, lines }
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
        let offset = (offset as usize).min(self.text.len());
        let line = self.lines.partition_point(|&start| start <= offset);
        let start = self.lines[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The span as offset and length within the text.
    fn extent(&self, span: Span) -> (usize, usize) {
        let end = (span.end as usize).min(self.text.len());
        let start = (span.start as usize).min(end);
        (start, end - start)
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
    }
}
