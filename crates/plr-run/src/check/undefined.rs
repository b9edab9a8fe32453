//! Why a measure has no number (R14.14).

use std::fmt;

use plr_ir::model::{Claim, Measure, Model, Parameter};

use super::error::CheckError;
use super::measure::{Evidence, PerSite};
use crate::metrics;

/// Why a measure has no number.
#[derive(Clone, Debug, PartialEq)]
pub enum Undefined {
    /// Nothing is added to a parameter, and its gradient is 0.
    Nothing,
    /// Nothing is added to a parameter.
    NothingAdded,
    /// The gradient is 0.
    NoGradient,
    /// What is measured has numbers that are infinite or NaN.
    NotFinite,
    /// What an order is of has no logarithm.
    NoLogarithm {
        /// What it is against.
        parameter: String,
        /// At which value of that.
        value: f64,
        /// What was measured there.
        measured: f64,
    },
    /// The arithmetic of a claim leaves no number.
    Arithmetic,
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing is added, and the gradient is 0"),
            Self::NothingAdded => f.write_str("nothing is added"),
            Self::NoGradient => f.write_str("the gradient is 0"),
            Self::NotFinite => f.write_str("what is measured is not finite"),
            Self::NoLogarithm { parameter, value, measured } => {
                write!(f, "{measured}, measured at {parameter} = {value}, has no logarithm")
            }
            Self::Arithmetic => f.write_str("the claim's arithmetic leaves no number"),
        }
    }
}

/// Why a claim has no number: `points` are what its order was measured at, and `evidence` is what its measure was taken of.
pub(super) fn undefined(
    claim: &Claim,
    per_site: &PerSite,
    points: &[(f64, f64)],
    evidence: Option<(&dyn Model, &Evidence)>,
) -> CheckError {
    let site = per_site.iter().find(|(_, number)| number.is_nan());
    let site = site.map(|(site, _)| site.clone()).unwrap_or_default();
    let has_none = |(_, measured): &&(f64, f64)| !(*measured > 0.0 && measured.is_finite());
    let cause = match &claim.measure {
        Measure::Order { parameter, .. } => match points.iter().find(has_none) {
            Some(&(value, measured)) => {
                Undefined::NoLogarithm { parameter: parameter.clone(), value, measured }
            }
            None => Undefined::NotFinite,
        },
        Measure::Gradient(_, group) => compared(group, &site, evidence),
        Measure::Unary(..) | Measure::Binary(..) | Measure::Number(_) => Undefined::Arithmetic,
        Measure::Between(..)
        | Measure::Largest(_)
        | Measure::Mean(_)
        | Measure::RowNorm(_)
        | Measure::PrincipalAlignment(_) => Undefined::NotFinite,
    };
    CheckError::Undefined { site, cause }
}

/// Why an increment and a gradient cannot be compared.
fn compared(group: &str, site: &str, evidence: Option<(&dyn Model, &Evidence)>) -> Undefined {
    let here = |p: &&Parameter| p.group == group && p.site == site;
    let found = evidence.and_then(|(model, evidence)| {
        evidence.increment_and_descent(model.parameters().iter().find(here)?).ok()
    });
    let Some((increment, descent)) = found else { return Undefined::NotFinite };
    match [&increment, &descent].map(|numbers| metrics::largest_magnitude(numbers)) {
        [0.0, 0.0] => Undefined::Nothing,
        [0.0, _] => Undefined::NothingAdded,
        [_, 0.0] => Undefined::NoGradient,
        [_, _] => Undefined::NotFinite,
    }
}
