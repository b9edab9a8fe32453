//! `plrc verify`: everything that a file claims and the compiler concludes, put to the test. It writes no file.

mod agreement;
mod claims;
mod curve;
mod locality;
mod relation;

use std::path::PathBuf;

use clap::Args;
use plr_ir::model::Metric;
use serde_json::{Value, json};

use crate::driver::{self, Checked};
use crate::failure::Failure;
use crate::shell::Shell;
use crate::table::Table;

use super::each;
use curve::Sweep;

/// Put everything to the test that a file claims and the compiler concludes.
///
/// Compiled code against the interpreter, the locality audit against perturbation on both, and every `check` claim; and what
/// the rule is relative to the gradient of every check.
#[derive(Args, Debug)]
pub struct Verify {
    /// The programs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Instead, the increments against the gradient of every check, at each value of a hyper-parameter or of a phase's
    /// number of steps, as in `--sweep infer.steps=1,2,5,10`, or along training, `--sweep updates=0,10,100`.
    #[arg(long, value_name = "NAME=VALUES")]
    sweep: Option<Sweep>,
    /// What a sweep measures.
    #[arg(long, value_parser = curve::metric(), default_value = Metric::RelativeError.name(), requires = "sweep")]
    measure: Metric,
    /// Print JSON: an object on a line for each rule, or for each curve of a sweep.
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Debug)]
struct Line {
    /// What was looked at.
    what: String,
    /// What was found.
    measured: String,
    /// The number in it, if it is one.
    number: Option<f64>,
    /// What should have been found.
    claimed: String,
    /// Whether they agree.
    ok: bool,
}

impl Verify {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        each(shell, &self.files, |file| {
            let checked = driver::check(driver::read(file)?)?;
            shell.findings(&checked.source, &checked.warnings);
            let count = checked.analysis.rules().count();
            if count == 0 {
                return Err(Failure::NoRule { file: checked.source.name().to_owned() });
            }
            let mut ok = true;
            if let Some(sweep) = &self.sweep {
                ok = curve::print(shell, &checked, sweep, (self.measure, self.json))?;
            } else {
                for rule in 0..count {
                    ok &= of_rule(shell, &checked, rule, self.json)?;
                }
            }
            if ok { Ok(()) } else { Err(Failure::Reported) }
        })
    }
}

/// Prints the table of a rule; whether everything holds.
fn of_rule(shell: Shell, checked: &Checked, rule: usize, json: bool) -> Result<bool, Failure> {
    let workshop = checked.analysis.workshop(rule);
    let model = match checked.analysis.examined(rule) {
        Ok(model) => model,
        Err(findings) => return Err(Failure::Findings { source: checked.source.clone(), findings }),
    };
    let mut lines = agreement::lines(&model)?;
    lines.extend(locality::lines(&model)?);
    lines.extend(claims::lines(&workshop)?);
    let setting = model.setting();
    let head = [&setting.rule.name, &setting.network.text, checked.source.name()];
    // R14.23
    let relations = || relation::sentences(&workshop, &setting.rule.phases);
    if json {
        shell.line(object(head, &lines, relations()?))?;
    } else {
        let [rule, network, file] = head;
        shell.line(format_args!("{rule} on {network}, {file}\n\n{}", table(&lines)))?;
        for sentence in relations()? {
            shell.line(format_args!("{sentence}"))?;
        }
    }
    let failed = lines.iter().filter(|line| !line.ok).count();
    if failed > 0 {
        shell.remark(format_args!("{failed} of {} do not hold for {}", lines.len(), setting.rule.name));
    }
    Ok(failed == 0)
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::with_head(["what", "measured", "claimed", "ok"]);
    for Line { what, measured, claimed, ok, .. } in lines {
        let ok = if *ok { "yes" } else { "NO" };
        table.row([what.clone(), measured.clone(), claimed.clone(), ok.to_owned()]);
    }
    table
}

/// The same for programs.
fn object([rule, network, file]: [&str; 3], lines: &[Line], relations: Vec<String>) -> Value {
    let line = |Line { what, measured, number, claimed, ok }: &Line| json!({ "what": what, "measured": measured, "number": number, "claimed": claimed, "ok": ok });
    let lines: Vec<Value> = lines.iter().map(line).collect();
    json!({ "file": file, "rule": rule, "network": network, "lines": lines, "relations": relations })
}

/// A number with as many digits as say something.
fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (0.001..10_000.0).contains(&size) {
        format!("{value:.4}")
    } else {
        format!("{value:.2e}")
    }
}
