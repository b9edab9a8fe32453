//! Every `expect` of a rule's checks, measured on compiled code.

use plr_ir::model::{Claim, Comparison, Workshop};
use plr_run::backend::Backend;
use plr_run::check::{self, ClaimResult};

use super::{Line, number};

/// A line for each claim.
pub fn lines(workshop: &dyn Workshop) -> Vec<Line> {
    let results =
        (0..workshop.checks().len()).flat_map(|at| check::run(workshop, at, Backend::Jit { threads: 1 }));
    results.map(|result| line(&result)).collect()
}

fn line(result: &ClaimResult) -> Line {
    let measured = match &result.outcome {
        Ok(measured) => number(measured.number),
        Err(error) => error.to_string(),
    };
    Line { what: result.claim.text.clone(), measured, claimed: bound(&result.claim), ok: result.holds() }
}

/// `< 0.001`, `2 ± 0.1`
fn bound(claim: &Claim) -> String {
    let symbol = match claim.comparison {
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
        Comparison::Equal => return format!("{} ± {}", claim.bound, claim.tolerance),
    };
    format!("{symbol} {}", claim.bound)
}
