//! Findings for programs: one object on a line, lines and columns from 1, columns in characters.

use std::fmt::Display;

use plr_syntax::diagnostic::{Finding, Label};
use serde_json::{Value, json};

use super::{Source, word};

/// One finding.
pub fn render(source: &Source, finding: &dyn Finding) -> String {
    let labels: Vec<Value> = std::iter::once((finding.primary(), true))
        .chain(finding.secondary().into_iter().map(|label| (label, false)))
        .map(|(label, primary)| place(source, &label, primary))
        .collect();
    let object = json!({
        "severity": word(finding.severity()),
        "code": format!("plr::{}", finding.code()),
        "message": finding.message(),
        "file": source.part(finding.primary().span).name(),
        "labels": labels,
        "help": finding.help(),
    });
    format!("{object}\n")
}

fn place(source: &Source, label: &Label, primary: bool) -> Value {
    let source = source.part(label.span);
    let (start, length) = source.extent(label.span);
    let (line, column) = source.place(label.span.start);
    let (end_line, end_column) = source.place(label.span.end);
    json!({
        "primary": primary,
        "file": source.name(),
        "text": label.text,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": start,
        "end": start + length,
    })
}

/// A message about no place in a source.
pub fn message(severity: &str, text: &dyn Display) -> String {
    json!({ "severity": severity, "message": text.to_string() }).to_string()
}
