//! Claims of a rule about itself, measured.
//!
//! A check runs a rule in a setting of its own (network, initialisers, samples, seed), compares what it adds to its
//! parameters with the negative gradient of the cost, and says which of the rule's claims hold. It is pure: it makes
//! everything it needs and changes nothing else.
//!
//! 1. The number of a claim is the worst over the sites of a parameter group (all edges of a synapse, all layers of a
//!    unit parameter) (R14.4).
//! 2. Increments are compared with the negative gradient for `lr = 1`, unless the claim sets `lr`; updates made before
//!    use the rule's own `lr`. A rule without `lr` is taken as it is (R14.2).
//! 3. Update `n` and the measurement after `n` updates see the `n`-th minibatch, a fresh one each (R14.8).
//! 4. The rule runs in the check's precision; gradients are taken in f64, at the same (rounded) parameters and samples (R14.13).

mod angle;
mod differences;
mod equilibrium;
mod error;
mod measure;
mod minibatch;
mod preconditioned;
mod reference;
mod relation;
mod sampled;
mod subject;
mod sweep;
mod undefined;
mod unrolled;
mod watched;

use plr_ir::model::{Check, Claim, DRAWS, Measure, Reference, Sampling, UPDATES, Workshop};
use plr_ir::scalar::{self, Host};

use crate::backend::Backend;
use crate::metrics;

pub use angle::{Angle, angles};
pub use error::CheckError;
pub use minibatch::Minibatch;
pub use reference::{Gradient, gradients};
pub use relation::{Kind, Relation, relation};
pub use sweep::{Curve, sweep};
pub use undefined::Undefined;
pub use watched::watched;

use measure::{Needs, PerSite, needs, per_site, worst};
use subject::{Settings, Subject};
use undefined::undefined;

/// A claim and what was found.
#[derive(Debug)]
pub struct ClaimResult {
    /// The claim.
    pub claim: Claim,
    /// What was measured, or why nothing could be (R14.14).
    pub outcome: Result<Measured, CheckError>,
}

impl ClaimResult {
    /// Whether the claim was measured and holds.
    pub fn holds(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|measured| measured.holds)
    }
}

/// What was measured for a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The number that decides: the worst of `per_site`.
    pub number: f64,
    /// The number of each site (`input->h1`), or of each row of each site (`input->h1[3]`).
    pub per_site: Vec<(String, f64)>,
    /// Whether the claim holds.
    pub holds: bool,
    /// For an order: the values of the hyper-parameter and the worst number measured at each.
    pub points: Vec<(f64, f64)>,
}

/// Measures every claim of a check; `check` is its position among the workshop's checks.
pub fn run(workshop: &dyn Workshop, check: usize, backend: Backend) -> Vec<ClaimResult> {
    let mut examiner = Examiner::new(workshop, check, backend);
    let claims = examiner.check.claims.iter();
    claims.map(|claim| ClaimResult { claim: claim.clone(), outcome: examiner.examine(claim) }).collect()
}

/// Measures the claims of one check.
struct Examiner<'a> {
    subject: Subject<'a>,
    check: &'a Check,
}

/// When and where something is measured.
#[derive(Clone, Copy)]
struct Moment<'a> {
    /// Hyper-parameters that are set.
    settings: &'a Settings,
    /// Updates made before.
    updates: u32,
    /// The only layer, if one is meant.
    at: Option<&'a str>,
    /// Over which draws is averaged.
    sampling: Sampling,
}

impl<'a> Examiner<'a> {
    fn new(workshop: &'a dyn Workshop, check: usize, backend: Backend) -> Self {
        let written = &workshop.checks()[check];
        Self { subject: Subject::new(workshop, check, written, backend), check: written }
    }

    fn examine(&mut self, claim: &Claim) -> Result<Measured, CheckError> {
        let Claim { settings, updates, sampling, .. } = claim;
        let moment = Moment { settings, updates: *updates, at: claim.at.as_deref(), sampling: *sampling };
        let (per_site, points) = if let Measure::Order { of, parameter, values } = &claim.measure {
            self.order(moment, of, parameter, values)?
        } else {
            (self.measure(moment, &claim.measure)?, Vec::new())
        };
        let number = worst(&per_site, claim.comparison, claim.bound);
        if number.is_nan() {
            return Err(self.undefined(moment, claim, &per_site, &points));
        }
        let holds = claim.comparison.holds(number, claim.bound, claim.tolerance);
        Ok(Measured { number, per_site, holds, points })
    }

    fn undefined(
        &mut self,
        moment: Moment<'_>,
        claim: &Claim,
        per_site: &PerSite,
        points: &[(f64, f64)],
    ) -> CheckError {
        let needs = needs(&claim.measure, self.check.reference);
        let (settings, sampling) = (moment.settings, (moment.sampling, moment.at));
        let compared = matches!(claim.measure, Measure::Gradient(..));
        let evidence = compared.then(|| self.subject.evidence(settings, moment.updates, needs, sampling));
        undefined(claim, per_site, points, evidence.and_then(Result::ok))
    }

    fn measure(&mut self, moment: Moment<'_>, measure: &Measure) -> Result<PerSite, CheckError> {
        match measure {
            Measure::Order { of, parameter, values } => Ok(self.order(moment, of, parameter, values)?.0),
            Measure::Number(number) => Ok(vec![(String::new(), *number)]),
            Measure::Unary(op, a) => {
                let all = self.measure(moment, a)?.into_iter();
                Ok(all.map(|(site, a)| (site, scalar::unary(&mut Host::<f64>::default(), *op, a))).collect())
            }
            Measure::Binary(op, a, b) => {
                let (a, b) = (self.measure(moment, a)?, self.measure(moment, b)?);
                combined(a, b, |a, b| scalar::binary(&mut Host::<f64>::default(), *op, a, b))
            }
            Measure::Gradient(..)
            | Measure::Between(..)
            | Measure::Largest(_)
            | Measure::Mean(_)
            | Measure::RowNorm(_)
            | Measure::PrincipalAlignment(_) => {
                let needs = needs(measure, self.check.reference);
                let (model, evidence) = self.subject.evidence(
                    moment.settings,
                    moment.updates,
                    needs,
                    (moment.sampling, moment.at),
                )?;
                per_site(measure, moment.at, model, evidence)
            }
        }
    }

    /// What is measured at each value of a number of the rule.
    fn curve(
        &mut self,
        moment: Moment<'_>,
        measure: &Measure,
        parameter: &str,
        values: &[f64],
    ) -> Result<Vec<PerSite>, CheckError> {
        let others: Vec<_> = moment.settings.iter().filter(|(name, _)| name != parameter).cloned().collect();
        let means = |word: &str| parameter == word && self.subject.knows(word).is_none();
        let (of_draws, of_updates) = (means(DRAWS), means(UPDATES));
        let at = |&value: &f64| {
            if of_draws {
                return self.measure(Moment { sampling: Sampling::Mean(value as u32), ..moment }, measure);
            }
            if of_updates {
                return self.measure(Moment { updates: value as u32, ..moment }, measure);
            }
            let settings = [&others[..], &[(parameter.to_owned(), value)]].concat();
            self.measure(Moment { settings: &settings, ..moment }, measure)
        };
        values.iter().map(at).collect()
    }

    /// The slope at every site, and the worst number at every value (R14.6).
    fn order(
        &mut self,
        moment: Moment<'_>,
        of: &Measure,
        parameter: &str,
        values: &[f64],
    ) -> Result<(PerSite, Vec<(f64, f64)>), CheckError> {
        let measured = self.curve(moment, of, parameter, values)?;
        let slopes = slopes(&measured, values);
        let largest = |per_site: &PerSite| worst(per_site, plr_ir::model::Comparison::Less, 0.0);
        Ok((slopes, values.iter().copied().zip(measured.iter().map(largest)).collect()))
    }
}

/// Which observation a measure is of.
fn observation(measure: &Measure) -> Option<usize> {
    match needs(measure, Reference::Law) {
        Needs::Observation(number) => Some(number),
        Needs::Nothing | Needs::Gradient(_) => None,
    }
}

/// A function of two measures of the same sites; one without a site is the same everywhere (R14.21).
fn combined(a: PerSite, b: PerSite, f: impl Fn(f64, f64) -> f64) -> Result<PerSite, CheckError> {
    let anywhere = |all: &PerSite| all.first().filter(|(site, _)| site.is_empty()).map(|(_, number)| *number);
    if let Some(b) = anywhere(&b) {
        return Ok(a.into_iter().map(|(site, a)| (site, f(a, b))).collect());
    }
    if let Some(a) = anywhere(&a) {
        return Ok(b.into_iter().map(|(site, b)| (site, f(a, b))).collect());
    }
    if a.len() != b.len() || a.iter().zip(&b).any(|((x, _), (y, _))| x != y) {
        return Err(CheckError::SitesDiffer);
    }
    Ok(a.into_iter().zip(b).map(|((site, a), (_, b))| (site, f(a, b))).collect())
}

/// The slope of the logarithms at every site, of what was measured at each of the values (R14.6).
fn slopes(measured: &[PerSite], values: &[f64]) -> PerSite {
    let sites = measured.first().map_or(&[][..], Vec::as_slice);
    let slope = |(k, (site, _)): (usize, &(String, f64))| {
        let numbers: Vec<f64> = measured.iter().map(|per_site| per_site[k].1).collect();
        (site.clone(), metrics::log_log_slope(values, &numbers))
    };
    sites.iter().enumerate().map(slope).collect()
}
