//! What a rule is relative to the gradient of each of its checks.

use plr_ir::model::{Reference, Sampling, Workshop};
use plr_run::backend::Backend;
use plr_run::check::{self, Kind};
use plr_sema::hir::Phase;

use crate::failure::Failure;

use super::curve::words;
use super::number;

/// A sentence for each check with a gradient, but what is said once already.
pub(super) fn sentences(workshop: &dyn Workshop, phases: &[Phase]) -> Result<Vec<String>, Failure> {
    let mut sentences = Vec::new();
    for (at, check) in workshop.checks().iter().enumerate() {
        let Some(against) = words(check.reference, phases) else { continue };
        let found = match check::relation(workshop, at, Backend::Jit { threads: 1 }) {
            Ok(Some(relation)) => {
                let draws = draws(relation.sampling);
                let found = of_kind(&relation.kind, name(check.reference));
                format!("{}{draws}: {found}", relation.groups.join(", "))
            }
            Ok(None) => continue,
            Err(error) if error.is_bug() => return Err(Failure::Check(error)),
            Err(error) => format!("not known: {error}"),
        };
        let sentence = format!("against the {against}, {found}");
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    Ok(sentences)
}

/// What following the gradient is called: descent, if it is that of the cost itself.
fn name(reference: Reference) -> &'static str {
    match reference {
        Reference::FeedForward(_)
        | Reference::Equilibrium(_)
        | Reference::Unrolled { .. }
        | Reference::FiniteDifferences(_) => "gradient descent",
        Reference::Cut(_) | Reference::Preconditioned { .. } | Reference::Objective { .. } => "that gradient",
        Reference::Law => "nothing",
    }
}

fn draws(sampling: Sampling) -> String {
    match sampling {
        Sampling::Once => String::new(),
        Sampling::Mean(many) => format!(" over {many} draws"),
        Sampling::All => " over all draws".to_owned(),
    }
}

fn of_kind(kind: &Kind, gradient: &str) -> String {
    match kind {
        Kind::Equal => gradient.to_owned(),
        Kind::Scaled(scales) => {
            let scales: Vec<(&str, String)> = scales.iter().map(|(p, s)| (p.as_str(), number(*s))).collect();
            let one = scales.first().filter(|first| scales.iter().all(|scale| scale.1 == first.1));
            match one {
                Some((_, scale)) => format!("{gradient} up to a scale of {scale}"),
                None => {
                    let each: Vec<String> = scales.iter().map(|(p, s)| format!("{s} in {p}")).collect();
                    format!("{gradient} up to a scale per layer: {}", each.join(", "))
                }
            }
        }
        Kind::Approaches { parameter, order, scaled } => {
            let scale = if *scaled { " up to a scale per layer" } else { "" };
            format!("approaches {gradient}{scale} with order {order:.2} in {parameter}")
        }
        Kind::AtFirst { parameter, error, updates } => {
            let error = number(*error);
            format!(
                "{gradient} at first; after {updates} updates the relative error in {parameter} is {error}"
            )
        }
        Kind::Aside { parameter } => {
            format!("not {gradient}: {parameter} learns, though its gradient is 0")
        }
        Kind::Diverges { parameter, updates: 0 } => {
            format!("not {gradient}: what is added to {parameter} is no finite number")
        }
        Kind::Diverges { parameter, updates } => {
            format!(
                "not {gradient}: after {updates} updates what is added to {parameter} is no finite number"
            )
        }
        Kind::Differs { parameter, degrees, .. } if degrees.is_nan() => {
            format!("not {gradient}: nothing is added to {parameter}")
        }
        Kind::Differs { parameter, degrees, signs, at_own_rate } => {
            let signs = if *signs { ", though every weight has its sign" } else { "" };
            let (at_one, own) = match at_own_rate {
                Some((rate, angle)) => (" at lr = 1", format!("; {}° at lr = {rate}", number(*angle))),
                None => ("", String::new()),
            };
            format!("not {gradient}{at_one}: {}° from it in {parameter}{signs}{own}", number(*degrees))
        }
    }
}
