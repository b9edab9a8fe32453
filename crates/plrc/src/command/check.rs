//! `plrc check`: parse, names, shapes, locality.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use plr_sema::audit::Audit;
use plr_sema::hir::Licence;

use crate::driver::{self, Checked};
use crate::failure::Failure;
use crate::shell::Shell;

use super::each;

/// Check files: syntax, names, shapes, locality.
#[derive(Args, Debug)]
pub struct Check {
    /// The programs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Check {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        each(shell, &self.files, |file| {
            let checked = driver::check(driver::read(file)?)?;
            shell.findings(&checked.source, &checked.warnings);
            shell.line(summary(&checked))
        })
    }
}

/// `examples/rule.plr: 1 rule, 1 network, 2 experiments; SomeRule is local`
fn summary(checked: &Checked) -> String {
    let analysis = &checked.analysis;
    let counts = [
        (analysis.rules().count(), "rule"),
        (analysis.networks().len(), "network"),
        (analysis.experiments().len(), "experiment"),
    ];
    let counts: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(counted).collect();
    let mut text = format!(
        "{}: {}",
        checked.source.name(),
        if counts.is_empty() { "no rules".into() } else { counts.join(", ") }
    );
    for rule in analysis.rules() {
        let audit = Audit::of_rule(rule, analysis.library());
        text.push_str(&format!("; {} is {}", rule.name, verdict(&audit)));
    }
    text
}

fn counted((count, what): (usize, &str)) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The verdict of the least local equation, with every licence that any equation needs.
fn verdict(audit: &Audit) -> String {
    let needed: BTreeSet<&str> = audit
        .rows
        .iter()
        .flat_map(|row| &row.requires)
        .filter_map(|requirement| requirement.licence())
        .map(Licence::name)
        .collect();
    if !needed.is_empty() {
        return format!("not local ({})", needed.into_iter().collect::<Vec<_>>().join(", "));
    }
    let rows = audit.rows.iter().filter(|row| row.verdict.is_some());
    let worst = rows.max_by_key(|row| row.requires.iter().max());
    worst.and_then(|row| row.verdict.clone()).unwrap_or_else(|| "local".to_owned())
}
