//! `plrc audit`: the locality report and the hardware bill.

use std::path::PathBuf;

use clap::Args;
use plr_ir::Precision;
use plr_ir::model::Parameter;
use plr_run::init;
use plr_sema::Specialised;
use plr_sema::audit::{self, Built};
use plr_sema::hir::Phase;

use crate::driver::{self, Checked};
use crate::failure::Failure;
use crate::selection;
use crate::shell::Shell;

/// Say what each equation uses, how local that is, and what hardware would pay.
///
/// Each rule is audited on the network of its first experiment, or else of its first check that names one, or else on a
/// small chain.
#[derive(Args, Debug)]
pub struct Audit {
    /// The program.
    file: PathBuf,
    /// Print a JSON array with an object for each rule.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        let checked = driver::check(driver::read(&self.file)?)?;
        shell.findings(&checked.source, &checked.warnings);
        let count = checked.analysis.rules().count();
        if count == 0 {
            return Err(Failure::NoRule { file: checked.source.name().to_owned() });
        }
        let audits = (0..count).map(|rule| of_rule(&checked, rule)).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            let text =
                serde_json::to_string_pretty(&audits).map_err(|error| Failure::Output(error.into()))?;
            return shell.line(text);
        }
        let pages: Vec<String> = audits.iter().map(audit::Audit::render).collect();
        shell.print(pages.join("\n\n"))
    }
}

/// What is built, with the synapses that masks leave. One that has no room in memory leaves all.
fn built(model: &Specialised, seed: u64) -> Built {
    let count = |(instance, mask): (_, Parameter)| {
        let numbers = init::parameters(&[mask], seed, Precision::F64).ok()?.remove(0).to_f64();
        Some((instance, numbers.into_iter().filter(|number| *number != 0.0).count() as u64))
    };
    model.built().masked(model.masks().into_iter().filter_map(count))
}

/// The audit of a rule on its network.
fn of_rule(checked: &Checked, rule: usize) -> Result<audit::Audit, Failure> {
    let analysis = &checked.analysis;
    let plan = match analysis.experiments().iter().find(|experiment| experiment.rule == rule) {
        Some(experiment) => selection::of_experiment(experiment, checked)?,
        None => selection::of_rule(rule, analysis.network_of_check(rule)),
    };
    let model = driver::lower(checked, &plan)?;
    let setting = model.setting();
    let steps = |phase: &Phase| setting.steps(phase);
    let network = (&setting.network, &built(&model, plan.seed));
    Ok(audit::Audit::on_network(&setting.rule, &setting.library, network, &steps))
}
