//! The programs that stand in `examples` itself with one sign wrong: some claim of the rule notices, or its claims are
//! too weak. Those in `examples/rules` claim what their papers claim, which need not bind every sign.
//!
//! Each `+` and `-` in an equation or a definition of a rule is exchanged for the other, each minus before an operand is
//! left out, and each `+=` is exchanged for `-=`, one at a time. The rule's own checks, and nothing else, must tell.

mod mutation;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use plr_ir::model::Workshop as _;
use plr_run::backend::Backend;
use plr_run::check;
use plr_tests::{files, relative, source};
use plrc::diagnostics::Source;
use plrc::driver;
use plrc::failure::Failure;

use mutation::Mutation;

/// Mutations that change nothing a claim could notice: the file, the changed line, and why.
const EQUIVALENT: &[(&str, &str, &str)] = &[(
    "examples/predictive_coding.plr",
    "sweep down { hidden x += gamma * (f'(x[predict]) * (W.T @ above.e) + e) }",
    "the phase is one step from the prediction, where every hidden e is still 0",
)];

fn main() -> ExitCode {
    match trials() {
        Ok(trials) => libtest_mimic::run(&Arguments::from_args(), trials).exit_code(),
        Err(error) => {
            eprintln!("cannot make the mutations: {}", error.message().unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, Failed> {
    let mut trials = Vec::new();
    let mut used = vec![false; EQUIVALENT.len()];
    for path in files("examples", "plr")? {
        let source = source(&path)?;
        let name = relative(&path);
        if name.starts_with("examples/rules/") {
            continue;
        }
        for mutation in mutation::all(source.text()) {
            let listed = EQUIVALENT.iter().position(|&(file, line, _)| file == name && line == mutation.line);
            let of = format!("{name}: {}: {}", mutation.rule, mutation.line);
            let source = source.clone();
            trials.push(match listed {
                Some(at) => {
                    used[at] = true;
                    Trial::test(format!("{of} (equivalent)"), move || is_equivalent(&source, &mutation))
                }
                None => Trial::test(of, move || is_noticed(&source, &mutation)),
            });
        }
    }
    let idle: Vec<&str> =
        EQUIVALENT.iter().zip(used).filter(|(_, used)| !used).map(|((_, line, _), _)| *line).collect();
    trials.push(Trial::test("every listed mutation exists", move || {
        if idle.is_empty() { Ok(()) } else { Err(format!("no mutation makes {idle:?}").into()) }
    }));
    Ok(trials)
}

fn is_noticed(source: &Source, mutation: &Mutation) -> Result<(), Failed> {
    match broken_claim(source, mutation)? {
        Some(_) => Ok(()),
        None => Err("every claim of the rule still holds".into()),
    }
}

fn is_equivalent(source: &Source, mutation: &Mutation) -> Result<(), Failed> {
    match broken_claim(source, mutation)? {
        Some(claim) => Err(format!("a claim notices: {claim}").into()),
        None => Ok(()),
    }
}

/// The first claim that does not hold for the mutated rule, or the mistake that the compiler sees in it.
fn broken_claim(source: &Source, mutation: &Mutation) -> Result<Option<String>, Failed> {
    let mutated = Source::new(source.name(), mutation.text.clone());
    let checked = match driver::check(mutated) {
        Ok(checked) => checked,
        Err(Failure::Findings { findings, .. }) => {
            return Ok(findings.sorted().first().map(|finding| finding.message()));
        }
        Err(other) => return Err(other.to_string().into()),
    };
    let rule = checked.analysis.rule(&mutation.rule).ok_or("the rule is gone")?;
    let workshop = checked.analysis.workshop(rule);
    let results =
        (0..workshop.checks().len()).flat_map(|at| check::run(&workshop, at, Backend::Jit { threads: 1 }));
    Ok(results.into_iter().find(|result| !result.holds()).map(|result| result.claim.text))
}
