//! Phases of which nothing is left when everything is gone that nobody observes (R7.17), and equations without a value (R3.8).

use plr_ir::model::Piece;
use plr_ir::{Block, Location, Op, Precision, Program};
use plr_syntax::diagnostic::Findings;

use crate::check::never_evaluated::NeverEvaluated;
use crate::check::unused_phase::UnusedPhase;
use crate::equation::{self, Instance, Source};
use crate::group::Absent;
use crate::hir::PhaseId;
use crate::resolve::has_weight;

use super::environment::Unavailable;
use super::setting::Setting;
use super::{Specialised, TRIAL_BATCH, drop_dead_code, presentation};

impl Specialised {
    /// The places of all operations that make what checks observe.
    pub(super) fn looked_at(&self) -> Vec<Location> {
        let mut found = Vec::new();
        for observed in &self.setting.observed {
            let Ok(mut program) = self.trial_builder().observe(observed) else { continue };
            drop_dead_code(&mut program);
            locations(&program.body, &mut found);
        }
        found
    }

    /// Doubts the equations that have a value at none of their sites, since a weight that they name is not there.
    pub(super) fn never_evaluated(&self) -> Vec<NeverEvaluated> {
        let mut found = Vec::new();
        let Setting { rule, network, .. } = &self.setting;
        let builder = self.trial_builder();
        for source in equation::sources(rule).into_iter().filter(|source| has_weight(source.value())) {
            let sites = equation::sites(source, rule, network);
            let missing: Option<Vec<Unavailable>> = sites
                .into_iter()
                .map(|site| builder.equation(&Instance { source, site }).err()?.into_iter().next())
                .collect();
            let gone = |missing: &Unavailable| {
                let Unavailable::NoWeight { synapse, absent, at } = missing else { return None };
                Some((*synapse, *absent, *at))
            };
            let Some((synapse, absent, at)) = missing.iter().flatten().find_map(gone) else { continue };
            found.push(NeverEvaluated {
                at,
                synapse: rule.synapse_name(synapse),
                other_form: matches!(absent, Absent::OtherForm),
                target: rule.learned_name(source.target()),
            });
        }
        found
    }

    /// A phase is used if an operation of it is left when everything is gone that is neither observable nor observed by a
    /// check (R7.17).
    pub(super) fn unused_phases(&self, update: &Program, mut left: Vec<Location>, warnings: &mut Findings) {
        locations(&update.body, &mut left);
        if let Some(mut program) = self.raw(Piece::Predict, TRIAL_BATCH, Precision::F32) {
            drop_dead_code(&mut program);
            locations(&program.body, &mut left);
        }
        let sources = equation::sources(&self.setting.rule);
        let runs = |i: usize| {
            let in_phase = |s: &Source<'_>| matches!(s, Source::Dynamics(PhaseId(p), _) | Source::Trace(PhaseId(p), _) if *p == i);
            sources.iter().any(in_phase)
        };
        let gone = |i: &usize| runs(*i) && !left.contains(&presentation::phase_location(PhaseId(*i)));
        let gone: Vec<usize> = (0..self.setting.rule.phases.len()).filter(gone).collect();
        if gone.is_empty() {
            return;
        }
        // What only copies has no operation that could be left.
        let mut all = Vec::new();
        if let Some(probe) = self.raw(Piece::Probe, TRIAL_BATCH, Precision::F32) {
            locations(&probe.body, &mut all);
        }
        for i in gone.into_iter().filter(|i| all.contains(&presentation::phase_location(PhaseId(*i)))) {
            let phase = &self.setting.rule.phases[i];
            warnings.push(UnusedPhase { at: phase.span, name: phase.name.clone() });
        }
    }
}

/// The places of all operations of a block, inner ones included.
fn locations(block: &Block, found: &mut Vec<Location>) {
    for operation in &block.operations {
        found.push(operation.location);
        if let Op::Repeat(repeat) = &operation.op {
            locations(&repeat.body, found);
        }
    }
}
