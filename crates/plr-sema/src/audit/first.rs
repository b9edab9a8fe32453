//! Plain equations that read the first value of a state which their own step writes.

use std::collections::BTreeSet;

use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use super::reads::{Input, Reader};
use crate::check::stale_read::StaleRead;
use crate::equation::{self, Instance, Source};
use crate::hir::{Dynamics, Phase, PhaseId, Rule, Statement, VariableId, VariableKind};
use crate::lower::Duration;
use crate::network::{LayerId, Network};
use crate::resolve::Library;

type Cell = (VariableId, LayerId);

/// Finds them in phases of one step, which read a first value at every presentation (R7.3).
pub fn stale_reads(
    rule: &Rule,
    library: &Library,
    network: &Network,
    durations: &[Duration],
    findings: &mut Findings,
) {
    let mut reader = Reader::new(rule, library, network);
    let mut written: BTreeSet<Cell> = kept(rule, network);
    for (position, (phase, duration)) in rule.phases.iter().zip(durations).enumerate() {
        written.extend(equation::holds(phase, rule, network).into_iter().map(|(cell, _)| cell));
        let news = news(phase, rule, network);
        if duration.steps == 1 && !phase.over_time {
            for source in plain(PhaseId(position), phase, rule) {
                let itself = |by: &Dynamics| dynamics(source).is_some_and(|own| std::ptr::eq(own, by));
                let fresh = news.iter().filter(|(cell, by)| !written.contains(cell) && !itself(by));
                let fresh: Vec<_> = fresh.copied().collect();
                if let Some((variable, written)) = first_read(source, &fresh, rule, network, &mut reader) {
                    let name = rule.variable_name(variable);
                    let learns = matches!(source, Source::Plasticity(_));
                    findings.push(StaleRead { at: source.value().span, name, written, learns });
                }
            }
        }
        written.extend(news.into_iter().map(|(cell, _)| cell));
    }
}

/// What goes on from other presentations, or has no first value that could be read.
fn kept(rule: &Rule, network: &Network) -> BTreeSet<Cell> {
    let mut found = BTreeSet::new();
    for (i, variable) in rule.variables.iter().enumerate() {
        let has_first = matches!(variable.kind, VariableKind::State(Some(_)));
        if !has_first || variable.kept.is_some() {
            let layers = equation::layers(VariableId(i), None, rule, network);
            found.extend(layers.into_iter().map(|layer| (VariableId(i), layer)));
        }
    }
    found
}

/// What the equations of a phase write, with them.
fn news<'r>(phase: &'r Phase, rule: &Rule, network: &Network) -> Vec<(Cell, &'r Dynamics)> {
    let equations = phase.statements().into_iter().flat_map(Statement::dynamics);
    let cells = |equation: &'r Dynamics| {
        let layers = equation::layers(equation.variable, equation.role, rule, network);
        layers.into_iter().map(move |layer| ((equation.variable, layer), equation))
    };
    equations.flat_map(cells).collect()
}

/// What reads the values before the step.
fn plain<'r>(phase: PhaseId, declared: &'r Phase, rule: &'r Rule) -> Vec<Source<'r>> {
    let mut found = Vec::new();
    for statement in &declared.body {
        match statement {
            Statement::Equation(dynamics) => found.push(Source::Dynamics(phase, dynamics)),
            Statement::Trace(tracing) => found.push(Source::Trace(phase, tracing)),
            Statement::Learn(block) => {
                found.extend(block.iter().map(|id| Source::Plasticity(&rule.plasticity[id.0])));
            }
            Statement::Clamp(_) | Statement::Release { .. } | Statement::Sweep(..) | Statement::InTurn(_) => {
            }
        }
    }
    found
}

fn dynamics<'r>(source: Source<'r>) -> Option<&'r Dynamics> {
    if let Source::Dynamics(_, dynamics) = source { Some(dynamics) } else { None }
}

/// The first of what is fresh that an equation reads at one of its sites, and where that is written.
fn first_read(
    source: Source<'_>,
    fresh: &[(Cell, &Dynamics)],
    rule: &Rule,
    network: &Network,
    reader: &mut Reader<'_>,
) -> Option<(VariableId, Span)> {
    equation::sites(source, rule, network).into_iter().find_map(|site| {
        let reads = reader.of(&Instance { source, site });
        let read = |(variable, layer): Cell| {
            reads.iter().any(|(input, _)| input == Input::State(variable, layer, None))
        };
        fresh.iter().find(|(cell, _)| read(*cell)).map(|((variable, _), by)| (*variable, by.span))
    })
}
