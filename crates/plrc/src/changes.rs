//! Clauses on the command line, in the place of an experiment's own (R16.7).

use plr_syntax::ast::{Call, Clause, Experiment, Item, Member, Rule};

use crate::diagnostics::Source;
use crate::imports::Program;
use crate::selection::{Overrides, Which};

/// Lets the rule that is meant be asked what the command line watches, by a check that has one claim for each and comes last.
pub fn watch(program: &mut Program, which: Which<'_>, overrides: &Overrides) {
    const BEFORE: &str = "\nrule given { check law { expect ";
    if overrides.watch.is_empty() {
        return;
    }
    // Whether they hold nobody asks.
    let claims: Vec<String> = overrides.watch.iter().map(|measure| format!("{measure} >= 0")).collect();
    let claims = claims.join("; expect ");
    let start = program.text.len() + 1;
    program.text.push_str(BEFORE);
    let written = program.text.len();
    program.text.push_str(&claims);
    let parsed = plr_syntax::parse_from(&format!("{} }} }}", program.text), start);
    if parsed.findings.any_error() {
        program.findings.append(plr_syntax::parse_from(&program.text, start).findings.first());
    }
    program.source.uses(Source::new("--watch", claims).after(written));
    let checks = parsed
        .file
        .items
        .into_iter()
        .filter_map(|item| if let Item::Rule(r) = item { Some(r.members) } else { None });
    let checks: Vec<Member> = checks.flatten().collect();
    let items = &mut program.file.items;
    let of_experiment = meant(items, which).and_then(|experiment| {
        experiment
            .clauses
            .iter()
            .find_map(|c| if let Clause::Rule(call) = c { Some(call.name.text.clone()) } else { None })
    });
    let name = of_experiment.or_else(|| rule(items, which).map(|rule| rule.name.text.clone()));
    for item in items {
        if let Item::Rule(rule) = item
            && Some(&rule.name.text) == name.as_ref()
        {
            rule.members.extend(checks.iter().cloned());
        }
    }
}

/// Puts the clauses of the command line into the experiment that is meant; a rule that has none gets one.
pub fn put_in(program: &mut Program, which: Which<'_>, overrides: &Overrides) {
    if overrides.with.is_empty() {
        return;
    }
    let given = given(program, overrides);
    let items = &mut program.file.items;
    if let Some(experiment) = meant(items, which) {
        let replaced = |own: &Clause| word(own).is_some_and(|own| given.iter().any(|g| word(g) == Some(own)));
        // What it expects is of the run that it says itself (R16.6).
        let kept = |own: &Clause| !replaced(own) && !matches!(own, Clause::Expect(_));
        experiment.clauses.retain(kept);
        experiment.clauses.extend(given);
    } else if let Some(rule) = rule(items, which)
        && given.iter().any(|clause| matches!(clause, Clause::Network(_)))
    {
        let (name, span) = (rule.name.clone(), rule.span);
        let call = Call {
            span: name.span,
            name: name.clone(),
            primed: false,
            arguments: Vec::new(),
            settings: Vec::new(),
        };
        let of_rule = given.iter().any(|clause| matches!(clause, Clause::Rule(_)));
        let clauses = (!of_rule).then_some(Clause::Rule(call)).into_iter().chain(given).collect();
        items.push(Item::Experiment(Experiment { name, clauses, span }));
    }
}

/// The clauses, read as those of an experiment that has nothing else; its text is put behind the others.
fn given(program: &mut Program, overrides: &Overrides) -> Vec<Clause> {
    const BEFORE: &str = "\nexperiment given { ";
    let mut clauses = overrides.with.clone();
    clauses.extend(overrides.network.as_ref().map(|network| format!("network {network}")));
    let clauses = clauses.join("; ");
    let start = program.text.len() + 1;
    program.text.push_str(BEFORE);
    let written = program.text.len();
    program.text.push_str(&clauses);
    let parsed = plr_syntax::parse_from(&format!("{} }}", program.text), start);
    if parsed.findings.any_error() {
        // The mistake is said without the brace that nobody has written.
        program.findings.append(plr_syntax::parse_from(&program.text, start).findings.first());
    }
    program.source.uses(Source::new("--with", clauses).after(written));
    let experiment =
        |item| if let Item::Experiment(experiment) = item { Some(experiment.clauses) } else { None };
    parsed.file.items.into_iter().filter_map(experiment).flatten().collect()
}

/// The experiment that is meant, if there is one.
fn meant<'i>(items: &'i mut [Item], which: Which<'_>) -> Option<&'i mut Experiment> {
    let experiments =
        items.iter_mut().filter_map(|item| if let Item::Experiment(e) = item { Some(e) } else { None });
    let mut experiments: Vec<&mut Experiment> = experiments.collect();
    let of_rule = |e: &Experiment, name: &str| {
        e.clauses.iter().any(|clause| matches!(clause, Clause::Rule(call) if call.name.text == name))
    };
    let at = match which {
        Which::Only => (experiments.len() == 1).then_some(0),
        Which::Experiment(name) => experiments.iter().position(|e| e.name.text == name),
        Which::Rule(name) => experiments.iter().position(|e| of_rule(e, name)),
        Which::Named(name) => {
            let named = experiments.iter().position(|e| e.name.text == name);
            named.or_else(|| experiments.iter().position(|e| of_rule(e, name)))
        }
    };
    at.map(|at| experiments.swap_remove(at))
}

/// The rule that is meant: the one of that name, or the only one where nothing is named.
fn rule<'i>(items: &'i [Item], which: Which<'_>) -> Option<&'i Rule> {
    let mut rules =
        items.iter().filter_map(|item| if let Item::Rule(rule) = item { Some(rule) } else { None });
    match which {
        Which::Named(name) | Which::Rule(name) => rules.find(|rule| rule.name.text == name),
        Which::Only => rules.next().filter(|_| rules.next().is_none()),
        Which::Experiment(_) => None,
    }
}

/// What a clause is about, of those that stand once.
fn word(clause: &Clause) -> Option<&'static str> {
    Some(match clause {
        Clause::Rule(_) => "rule",
        Clause::Network(_) => "network",
        Clause::Cost(_) => "cost",
        Clause::Optimiser(_) => "optimiser",
        Clause::Data(_) => "data",
        Clause::Validation(_) => "validation",
        Clause::Batch(_) => "batch",
        Clause::Epochs(_) | Clause::Updates(_) => "length",
        Clause::Seed(_) => "seed",
        Clause::Time(_) => "time",
        Clause::Precision(_) => "precision",
        Clause::PerSite(..) | Clause::Expect(_) | Clause::Error(_) => return None,
    })
}
