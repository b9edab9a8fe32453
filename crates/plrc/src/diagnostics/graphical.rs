//! Findings with the source underlined, by miette.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use plr_syntax::diagnostic::{Finding, Label, Severity};

use super::{Source, plain, word};

const WIDTH: usize = 100;

/// A place in a longer line is not found by looking at the line, and miette refuses lines much longer.
const LONGEST_LINE: usize = 400;

/// One finding; if there is no use in showing its lines, or miette cannot, in plain text.
pub fn render(all: &Source, finding: &dyn Finding, colour: bool) -> String {
    let source = all.part(finding.primary().span);
    let labels = std::iter::once(finding.primary()).chain(finding.secondary());
    if labels.map(|label| source.longest_line(label.span)).any(|length| length > LONGEST_LINE) {
        return plain::render(all, finding);
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
    match handler.render_report(&mut out, &Adapter { finding, all, source, code }) {
        Ok(()) => out + &elsewhere(all, finding) + "\n",
        Err(fmt::Error) => plain::render(all, finding),
    }
}

/// The labels in other files than the finding: a line for each.
fn elsewhere(all: &Source, finding: &dyn Finding) -> String {
    let here = all.part(finding.primary().span);
    let labels = finding.secondary().into_iter().filter(|label| !std::ptr::eq(all.part(label.span), here));
    labels.map(|label| format!("  note: {}: {}\n", all.locate(label.span), label.text)).collect()
}

/// A finding as miette knows diagnostics.
struct Adapter<'a> {
    finding: &'a dyn Finding,
    all: &'a Source,
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
        let here = |label: &Label| std::ptr::eq(self.all.part(label.span), self.source);
        let secondary = self.finding.secondary().into_iter().filter(here);
        let secondary = secondary.map(|label| self.label(label, false));
        Some(Box::new(std::iter::once(primary).chain(secondary)))
    }
}
