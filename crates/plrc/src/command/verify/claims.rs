//! Every `expect` of a rule's checks, measured on compiled code.

use plr_ir::model::{Claim, Comparison, Workshop};
use plr_run::backend::Backend;
use plr_run::check::{self, ClaimResult};

use crate::failure::Failure;

use super::{Line, number};

/// A line for each claim.
pub fn lines(workshop: &dyn Workshop) -> Result<Vec<Line>, Failure> {
    let results =
        (0..workshop.checks().len()).flat_map(|at| check::run(workshop, at, Backend::Jit { threads: 1 }));
    results.map(line).collect()
}

fn line(result: ClaimResult) -> Result<Line, Failure> {
    let ok = result.holds();
    let found = result.outcome.as_ref().ok().map(|measured| measured.number);
    let measured = match result.outcome {
        Ok(measured) if ok || result.claim.at.is_some() => number(measured.number),
        Ok(measured) => {
            // Of several sites, the one that decides.
            let decides = |(_, value): &&(String, f64)| value.to_bits() == measured.number.to_bits();
            let site = measured.per_site.iter().filter(|_| measured.per_site.len() > 1).find(decides);
            let at = site.map_or_else(String::new, |(site, _)| format!(" at {site}"));
            format!("{}{at}", number(measured.number))
        }
        Err(error) if error.is_bug() => return Err(Failure::Check(error)),
        Err(error) => error.to_string(),
    };
    let claimed = bound(&result.claim);
    Ok(Line { what: result.claim.text, measured, number: found, claimed, ok })
}

/// `< 0.001`, `2 ± 0.1`
fn bound(claim: &Claim) -> String {
    if claim.comparison == Comparison::Equal {
        return format!("{} ± {}", claimed(claim.bound), claimed(claim.tolerance));
    }
    format!("{} {}", claim.comparison, claimed(claim.bound))
}

/// A number as people write it: without a row of zeros.
fn claimed(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) { format!("{value:e}") } else { value.to_string() }
}
