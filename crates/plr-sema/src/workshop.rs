//! Models of one rule in the settings of its checks.

use std::sync::Arc;

use plr_ir::model::{Check, Model, Sequence, Workshop};
use plr_syntax::diagnostic::Findings;

use crate::hir::Rule;
use crate::lower::{Claims, Setting, Specialised};
use crate::resolve::{CheckSetting, Constants, Library, ResolvedCheck, constant};
use crate::{DEFAULT_COST, DEFAULT_STEPS, small_network};

/// Makes models of one rule.
#[derive(Debug)]
pub struct RuleWorkshop {
    library: Arc<Library>,
    rule: Arc<Rule>,
    checks: Vec<Check>,
    settings: Vec<CheckSetting>,
}

/// What is wrong, each thing said once.
pub(crate) fn sentences(findings: &Findings) -> String {
    let mut all: Vec<String> = findings.sorted().iter().map(|finding| finding.message()).collect();
    all.dedup();
    all.join("; ")
}

/// What follows the name of a phase where its number of steps is meant.
const STEPS: &str = ".steps";

impl RuleWorkshop {
    /// A workshop for a rule and its checks.
    pub fn new(library: Arc<Library>, rule: Arc<Rule>, checks: Vec<ResolvedCheck>) -> Self {
        let (checks, settings) = checks.into_iter().map(|c| (c.check, c.setting)).unzip();
        Self { library, rule, checks, settings }
    }

    /// The model in the setting of a check, or on the small network.
    pub fn specialised(
        &self,
        check: Option<usize>,
        settings: &[(String, f64)],
    ) -> Result<Specialised, Findings> {
        let own = check.map(|c| &self.settings[c]);
        let network = own.and_then(|s| s.network.clone()).unwrap_or_else(|| small_network(&self.library));
        let mut replaced = own.map(|s| s.settings.clone()).unwrap_or_default();
        let mut steps = Vec::new();
        for (name, value) in settings {
            match name.strip_suffix(STEPS) {
                Some(phase) => steps.push((phase.to_owned(), *value)),
                None => replaced.push((name.clone(), *value)),
            }
        }
        let setting = Setting {
            rule: {
                let constants = Constants::of(&self.rule, &self.library, &replaced);
                Arc::new(self.rule.with_constants(constants, &self.library))
            },
            library: Arc::clone(&self.library),
            network,
            sites: Vec::new(),
            cost: own.and_then(|s| s.cost.clone()).unwrap_or_else(|| DEFAULT_COST.to_owned()),
            init: own.map(|s| s.init.clone()).unwrap_or_default(),
            sequence: Sequence { steps: own.map_or(DEFAULT_STEPS, |s| s.time), data: true, target: true },
            until: own.map(|s| s.until.clone()).unwrap_or_default(),
            steps,
            observed: own.map(|s| s.observed.clone()).unwrap_or_default(),
            claims: if own.is_some() { Claims::Measured } else { Claims::Unmeasured },
        };
        Specialised::new(setting).map(|(model, _)| model)
    }
}

impl Workshop for RuleWorkshop {
    fn model(&self, check: Option<usize>, settings: &[(String, f64)]) -> Result<Box<dyn Model>, String> {
        let found = self.specialised(check, settings);
        found.map(|model| Box::new(model) as Box<dyn Model>).map_err(|findings| sentences(&findings))
    }

    fn checks(&self) -> &[Check] {
        &self.checks
    }

    fn hyper_parameter(&self, name: &str) -> Option<f64> {
        let constants = Constants::of(&self.rule, &self.library, &[]);
        if let Some(phase) = name.strip_suffix(STEPS) {
            let phase = self.rule.phases.iter().find(|p| p.name == phase)?;
            return constant(&phase.steps, &constants, &self.library);
        }
        let position = self.rule.hyper_parameters.iter().position(|h| h.name == name)?;
        Some(constants.values[position])
    }

    fn hyper_parameters(&self, check: Option<usize>) -> Vec<(String, f64)> {
        let set = check.map_or(&[][..], |check| &self.settings[check].settings);
        let values = Constants::of(&self.rule, &self.library, set).values;
        self.rule.hyper_parameters.iter().map(|hyper| hyper.name.clone()).zip(values).collect()
    }
}
