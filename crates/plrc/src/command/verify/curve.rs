//! Increments against gradients, at each value of a number of the rule.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use plr_ir::model::{Holding, Metric, Reference, UPDATES, Workshop as _};
use plr_run::backend::Backend;
use plr_run::check::{self, Curve};
use plr_sema::hir::{Phase, Rule};
use serde_json::{Map, Value, json};

use crate::driver::Checked;
use crate::failure::Failure;
use crate::selection::finite;
use crate::shell::Shell;
use crate::table::Table;

use super::number;

/// A number of the rule and its values, `beta=0.1,0.01`.
#[derive(Clone, Debug)]
pub struct Sweep {
    name: String,
    values: Vec<f64>,
}

impl FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, values) = text.split_once('=').ok_or("write NAME=VALUE,VALUE,…")?;
        let values = values.split(',').map(finite).collect::<Result<Vec<_>, _>>()?;
        let whole = |value: &f64| value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(value);
        if name.trim() == UPDATES && !values.iter().all(whole) {
            return Err("updates are counted: write integers".to_owned());
        }
        Ok(Self { name: name.trim().to_owned(), values })
    }
}

/// A measure of likeness by its name (R14.3).
pub(super) fn metric() -> impl TypedValueParser<Value = Metric> {
    let named = |name: String| Metric::ALL.into_iter().find(|m| m.name() == name).ok_or("no such measure");
    PossibleValuesParser::new(Metric::ALL.map(Metric::name)).try_map(named)
}

/// Prints a table, or an object of JSON, for every check with a gradient of every rule that has the number; whether all could be
/// measured.
pub(super) fn print(
    shell: Shell,
    checked: &Checked,
    sweep: &Sweep,
    (metric, json): (Metric, bool),
) -> Result<bool, Failure> {
    let has = |(rule, _): &(usize, &Rule)| {
        sweep.name == UPDATES || checked.analysis.workshop(*rule).hyper_parameter(&sweep.name).is_some()
    };
    let rules: Vec<_> = checked.analysis.rules().enumerate().filter(has).collect();
    if rules.is_empty() {
        return Err(unknown(checked, sweep));
    }
    let mut all = Vec::new();
    for (at, rule) in rules {
        all.extend(of_rule(shell, checked, (at, rule), sweep, (metric, json))?);
    }
    if all.is_empty() {
        shell.remark(format_args!("no rule with `{}` has a check of a gradient", sweep.name));
    }
    Ok(!all.is_empty() && !all.contains(&false))
}

fn unknown(checked: &Checked, sweep: &Sweep) -> Failure {
    let numbers = |rule: &Rule| {
        let steps = rule.phases.iter().map(|p| format!("{}.steps", p.name));
        let updates = std::iter::once(UPDATES.to_owned());
        rule.hyper_parameters.iter().map(|h| h.name.clone()).chain(steps).chain(updates).collect::<Vec<_>>()
    };
    Failure::Choice {
        what: "number",
        asked: Some(sweep.name.clone()),
        place: format!("`{}`", checked.source.name()),
        known: checked.analysis.rules().flat_map(numbers).collect(),
    }
}

/// Whether each of its checks of a gradient could be measured.
fn of_rule(
    shell: Shell,
    checked: &Checked,
    (at, rule): (usize, &Rule),
    sweep: &Sweep,
    (metric, json): (Metric, bool),
) -> Result<Vec<bool>, Failure> {
    let workshop = checked.analysis.workshop(at);
    let mut measured = Vec::new();
    for (at, check) in workshop.checks().iter().enumerate() {
        let Some(reference) = words(check.reference, &rule.phases) else { continue };
        let parameter = (sweep.name.as_str(), &sweep.values[..]);
        match check::sweep(&workshop, at, metric, parameter, Backend::Jit { threads: 1 }) {
            Ok(curve) => {
                measured.push(true);
                let (rule, name) = (&rule.name, metric.name());
                if json {
                    let head = json!({ "rule": rule, "measure": name, "reference": reference });
                    shell.line(object(head, sweep, &curve))?;
                } else {
                    let table = table(sweep, &curve);
                    shell.line(format_args!("{rule}: {name} against the {reference}\n\n{table}"))?;
                }
            }
            Err(error) if error.is_bug() => return Err(Failure::Check(error)),
            Err(error) => {
                measured.push(false);
                shell.remark(format_args!("{}, {reference}: {error}", rule.name));
            }
        }
    }
    Ok(measured)
}

fn table(sweep: &Sweep, curve: &Curve) -> Table {
    let mut table = Table::with_columns([&[sweep.name.clone()][..], &curve.sites].concat());
    let row = |first: String, numbers: &[f64]| {
        std::iter::once(first).chain(numbers.iter().map(|x| number(*x))).collect::<Vec<_>>()
    };
    for (value, numbers) in &curve.points {
        table.cells(row(value.to_string(), numbers));
    }
    if has_order(sweep, curve) {
        table.cells(row("order".to_owned(), &curve.orders));
    }
    table
}

/// The same for programs, behind what is known of it.
fn object(mut head: Value, sweep: &Sweep, curve: &Curve) -> Value {
    let by_site = |numbers: &[f64]| -> Value {
        curve
            .sites
            .iter()
            .cloned()
            .zip(numbers.iter().map(|number| json!(number)))
            .collect::<Map<_, _>>()
            .into()
    };
    let point = |(value, numbers): &(f64, Vec<f64>)| json!({ "value": value, "measured": by_site(numbers) });
    head["number"] = json!(sweep.name);
    head["points"] = curve.points.iter().map(point).collect();
    if has_order(sweep, curve) {
        head["order"] = by_site(&curve.orders);
    }
    head
}

/// As training goes on nothing tends to zero.
fn has_order(sweep: &Sweep, curve: &Curve) -> bool {
    curve.points.len() > 1 && sweep.name != UPDATES
}

/// What a check compares with, in the words of the language; nothing for a law.
pub(super) fn words(reference: Reference, phases: &[Phase]) -> Option<String> {
    let phase = |at: usize| phases.get(at).map_or("?", |phase| phase.name.as_str());
    Some(match reference {
        Reference::FeedForward(p) => format!("gradient after {}", phase(p)),
        Reference::Cut(p) => format!("gradient with cuts after {}", phase(p)),
        Reference::Preconditioned { phase: p, .. } => format!("preconditioned gradient after {}", phase(p)),
        Reference::Equilibrium(p) => format!("gradient at equilibrium of {}", phase(p)),
        Reference::Unrolled { steps, phase: p } => format!("gradient unrolled({steps}) of {}", phase(p)),
        Reference::FiniteDifferences(p) => format!("gradient by finite_differences after {}", phase(p)),
        Reference::Objective { phase: p, holding, cut, .. } => {
            let cuts = if cut { "with cuts " } else { "" };
            let objective = match holding {
                Holding::Nothing => "through the objective",
                Holding::Layers => "of each layer's objective",
                Holding::States => "of the objective given states",
            };
            format!("gradient {cuts}{objective} after {}", phase(p))
        }
        Reference::Law => return None,
    })
}
