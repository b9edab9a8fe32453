//! The locality audit: what each equation uses and through which wire, how local that is, and what hardware would pay.
//!
//! Everything here is derived from the resolved rule; nothing is asserted by its author. [`verdict`] judges, [`reads`]
//! gives the exact inputs of each equation so that the judgement can be tested by perturbation, [`bill`] counts. The
//! formal background is Bredenberg et al., "Formalizing locality for normative synaptic plasticity models" (2023).
//!
//! # As JSON
//!
//! An [`Audit`] is an object with `rule`, `licences` (names), `network` (its text, or null), `rows` and `bill` (or
//! null). A row has `name`, `kind` (`definition`, `signal`, `clamp`, `dynamics`, `plasticity`), `verdict` (the words; null
//! for a signal), `requires` (the requirements behind the words), `reads` and `memory` (in words), and `exceptions`: sites of the
//! network whose verdict is another, because their activation is layer-wide, with `site`, `verdict`, `requires`. The
//! bill's fields are those of [`bill::Bill`]. Names are stable: fields may be added, none is renamed.

pub mod bill;
mod built;
mod empty;
mod first;
mod frozen;
mod lost;
mod once;
pub mod operations;
pub mod pattern;
pub mod reads;
mod render;
pub mod schedule;
mod stale;
pub mod subject;
pub mod timing;
mod used;
pub mod uses;
pub mod verdict;
pub mod wires;
mod words;

use serde::Serialize;

pub use self::built::{Built, Projection};
pub use self::empty::empty_sums;
pub use self::first::stale_reads;
pub use self::frozen::frozen_draws;
pub use self::lost::lost_equations;
pub use self::once::counted_once;
pub use self::stale::stale_clamps;
pub use self::used::used_synapses;
pub use self::verdict::non_local;

use self::bill::Bill;
use self::subject::Subject;
use self::uses::uses;
use self::verdict::{Requirement, Verdict};
use crate::equation::Source;
use crate::hir::{Phase, Rule};
use crate::network::Network;
use crate::resolve::Library;

/// The audit of a rule, on a network if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// The rule's name.
    pub rule: String,
    /// The licences in its head.
    pub licences: Vec<&'static str>,
    /// The network in one line.
    pub network: Option<String>,
    /// One row for each definition, signal, clamp and equation.
    pub rows: Vec<Row>,
    /// The hardware bill on the network.
    pub bill: Option<Bill>,
}

/// What one definition, signal, clamp or equation uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// `let mu`, `predict: clamp input x`, `infer: hidden x`, `learn: W`
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The verdict, where all activations are element-wise; none for a signal, which is global by declaration.
    pub verdict: Option<String>,
    /// What the verdict requires, the worst last.
    pub requires: Vec<Requirement>,
    /// What it reads, in words.
    pub reads: Vec<String>,
    /// The values of earlier phases among that.
    pub memory: Vec<String>,
    /// Sites of the network with another verdict.
    pub exceptions: Vec<Exception>,
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A `let`.
    Definition,
    /// A `signal`.
    Signal,
    /// A `clamp`.
    Clamp,
    /// An equation of a phase.
    Dynamics,
    /// An equation of `learn`.
    Plasticity,
}

/// A site with a verdict of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// The layer or edge.
    pub site: String,
    /// The verdict there.
    pub verdict: String,
    /// What it requires there.
    pub requires: Vec<Requirement>,
}

impl Audit {
    /// Of a rule by itself.
    pub fn of_rule(rule: &Rule, library: &Library) -> Self {
        Self {
            rule: rule.name.clone(),
            licences: rule.licences.iter().map(|(licence, _)| licence.name()).collect(),
            network: None,
            rows: Subject::all(rule).into_iter().map(|subject| row(subject, rule, library, None)).collect(),
            bill: None,
        }
    }

    /// Of a rule on a network; `steps` says how many a phase has, at most, and the bill is for what is built.
    pub fn on_network(
        rule: &Rule,
        library: &Library,
        (network, built): (&Network, &Built),
        steps: &dyn Fn(&Phase) -> f64,
    ) -> Self {
        let rows = Subject::all(rule).into_iter().map(|subject| row(subject, rule, library, Some(network)));
        Self {
            network: Some(network.text.clone()),
            rows: rows.collect(),
            bill: Some(bill::bill(rule, library, (network, built), steps)),
            ..Self::of_rule(rule, library)
        }
    }

    /// The audit for people, at most 100 columns wide.
    pub fn render(&self) -> String {
        render::text(self)
    }
}

fn row(subject: Subject<'_>, rule: &Rule, library: &Library, network: Option<&Network>) -> Row {
    let found = uses(subject, rule, library, None);
    let kind = match subject {
        Subject::Definition(..) => Kind::Definition,
        Subject::Signal(..) => Kind::Signal,
        Subject::Clamp(..) => Kind::Clamp,
        Subject::Equation(Source::Dynamics(..) | Source::Trace(..)) => Kind::Dynamics,
        Subject::Equation(Source::Plasticity(_)) => Kind::Plasticity,
    };
    let verdict = Verdict::of(subject, rule, library, None);
    Row {
        name: subject.name(rule),
        kind,
        exceptions: network.map(|n| exceptions(subject, rule, library, n, &verdict)).unwrap_or_default(),
        requires: verdict.requirements().collect(),
        verdict: (kind != Kind::Signal).then(|| verdict.to_string()),
        reads: words::reads(rule, subject, &found),
        memory: words::memory(rule, &found),
    }
}

fn exceptions(
    subject: Subject<'_>,
    rule: &Rule,
    library: &Library,
    network: &Network,
    usual: &Verdict,
) -> Vec<Exception> {
    let mut found = Vec::new();
    for site in subject.sites(rule, network) {
        // What an equation uses depends on the site through roles, too; only what a site adds is news (R13.5).
        let verdict = Verdict::of(subject, rule, library, Some((network, site))).and(usual);
        if verdict != *usual {
            let requires = verdict.requirements().collect();
            found.push(Exception { site: site.name(network), verdict: verdict.to_string(), requires });
        }
    }
    found
}
