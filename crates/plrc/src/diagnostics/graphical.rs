//! Findings with the source underlined, by miette.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use plr_syntax::diagnostic::{Finding, Label, Severity};

use super::{Source, plain, word};

const WIDTH: usize = 100;

/// A place in a longer line is not found by looking at the line, and miette refuses lines much longer.
const LONGEST_LINE: usize = 400;

/// One finding; if there is no use in showing its lines, or miette cannot, in plain text.
pub fn render(source: &Source, finding: &dyn Finding, colour: bool) -> String {
    let labels = std::iter::once(finding.primary()).chain(finding.secondary());
    if labels.map(|label| source.longest_line(label.span)).any(|length| length > LONGEST_LINE) {
        return plain::render(source, finding);
    }
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .without_syntax_highlighting()
        .with_width(WIDTH)
        .with_links(false)
        .tab_width(2);
    let mut text = source.text().to_owned();
    if !text.ends_with('\n') {
        // Without it a place at the end of the last line is not drawn.
        text.push('\n');
    }
    let code = NamedSource::new(source.name(), text);
    let mut out = String::new();
    match handler.render_report(&mut out, &Adapter { finding, source, code }) {
        Ok(()) => out + "\n",
        Err(fmt::Error) => plain::render(source, finding),
    }
}

/// A finding as miette knows diagnostics.
struct Adapter<'a> {
    finding: &'a dyn Finding,
    source: &'a Source,
    code: NamedSource<String>,
}

impl Adapter<'_> {
    fn label(&self, label: Label, primary: bool) -> LabeledSpan {
        let span = self.source.extent(label.span);
        if primary {
            LabeledSpan::new_primary_with_span(Some(label.text), span)
        } else {
            LabeledSpan::new_with_span(Some(label.text), span)
        }
    }
}

impl fmt::Debug for Adapter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.finding.fmt(f)
    }
}

impl fmt::Display for Adapter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message())
    }
}

impl std::error::Error for Adapter<'_> {}

impl Diagnostic for Adapter<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{}[plr::{}]", word(self.finding.severity()), self.finding.code())))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.finding.help().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let primary = self.label(self.finding.primary(), true);
        let secondary = self.finding.secondary().into_iter().map(|label| self.label(label, false));
        Some(Box::new(std::iter::once(primary).chain(secondary)))
    }
}
