//! Findings as lines that editors and screen readers understand: `file:line:column: error[code]: message`.

use plr_syntax::diagnostic::{Finding, Label};

use super::{Source, word};

/// One finding: its line, one for each label, and the help.
pub fn render(source: &Source, finding: &dyn Finding) -> String {
    let place = |label: &Label| source.locate(label.span);
    let (severity, code, message) = (word(finding.severity()), finding.code(), finding.message());
    let primary = finding.primary();
    let mut out = format!("{}: {severity}[plr::{code}]: {message}: {}\n", place(&primary), primary.text);
    for label in finding.secondary() {
        out.push_str(&format!("{}: note: {}\n", place(&label), label.text));
    }
    if let Some(help) = finding.help() {
        out.push_str(&format!("  help: {help}\n"));
    }
    out
}
