//! Phases of which nothing is left when everything is gone that nobody observes (R7.17), and equations without a value (R3.8).

use std::collections::BTreeMap;

use plr_ir::model::Piece;
use plr_ir::{Block, Location, Op, Precision, Program};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::blind_prediction::BlindPrediction;
use crate::check::never_evaluated::{Lack, NeverEvaluated};
use crate::check::unused_phase::UnusedPhase;
use crate::equation::{self, Instance, Source};
use crate::group::Absent;
use crate::hir::{ExprKind, Learned, PhaseId, VariableId};
use crate::memory::asks;
use crate::resolve::has_weight;

use super::environment::Unavailable;
use super::observable::used_inputs;
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
            let name = rule.synapse_name(synapse);
            let other_form = matches!(absent, Absent::OtherForm);
            let lack = if other_form { Lack::OtherForm(name) } else { Lack::Weight(name) };
            found.push(NeverEvaluated { at, lack, target: rule.learned_name(source.target()) });
        }
        found
    }

    /// Doubts a prediction that is the same for every sample (R9.1).
    pub(super) fn blind_prediction(&self) -> Option<BlindPrediction> {
        let rule = &self.setting.rule;
        let predict = rule.predict.as_ref()?;
        let mut program = self.raw(Piece::Predict, TRIAL_BATCH, Precision::F32)?;
        drop_dead_code(&mut program);
        let used =
            program.inputs.iter().zip(used_inputs(&program)).any(|(name, used)| used && name == "data");
        let shown = asks(rule, &|kind| matches!(kind, ExprKind::Data));
        (!used).then_some(BlindPrediction { at: predict.span, shown })
    }

    /// Doubts the learning that has a value nowhere, since a state that it reads has none, of what nothing observable needs.
    pub(super) fn never_learning(&self, marks: &[bool]) -> Vec<NeverEvaluated> {
        let read = self.declared(marks);
        let mut reasons: BTreeMap<Learned, Option<(VariableId, Span)>> = BTreeMap::new();
        for (position, (id, parameter)) in self.parameters.iter().enumerate() {
            let Some(declared) =
                id.learned().filter(|declared| parameter.learned && !read.contains(declared))
            else {
                continue;
            };
            let reason = self.lacking(position);
            let known = reasons.entry(declared).or_insert(reason);
            *known = known.and(reason);
        }
        let reasons = reasons.into_iter().filter_map(|(declared, reason)| Some((declared, reason?)));
        let doubt = |(declared, (state, at)): (Learned, (VariableId, Span))| NeverEvaluated {
            at,
            lack: Lack::Value(self.setting.rule.variable_name(state)),
            target: self.setting.rule.learned_name(declared),
        };
        reasons.map(doubt).collect()
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
