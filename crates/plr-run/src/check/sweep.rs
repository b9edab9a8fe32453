//! How good an increment is at each value of a number of the rule: a curve for each site.

use plr_ir::model::{Measure, Metric, Sampling, UPDATES, Workshop};

use super::measure::Needs;
use super::{CheckError, Examiner, Moment, slopes};
use crate::backend::Backend;
use crate::metrics;

/// A measure of every learned synapse that the cost depends on, at every value of a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The weights: `W/input->h1`.
    pub sites: Vec<String>,
    /// Each value of the number, and what was measured there at every site.
    pub points: Vec<(f64, Vec<f64>)>,
    /// The slope of the logarithms at every site (R14.6).
    pub orders: Vec<f64>,
}

/// Measures the learned synapses in the setting of a check, at each value of a hyper-parameter or, as `infer.steps`, of
/// the number of steps of a phase, or after each number of `updates` (R14.16).
///
/// # Errors
/// If the check has no gradient, or the rule cannot be run or compared at one of the values.
pub fn sweep(
    workshop: &dyn Workshop,
    check: usize,
    metric: Metric,
    (parameter, values): (&str, &[f64]),
    backend: Backend,
) -> Result<Curve, CheckError> {
    let mut examiner = Examiner::new(workshop, check, backend);
    let mut points: Vec<(f64, Vec<f64>)> = values.iter().map(|value| (*value, Vec::new())).collect();
    let (mut sites, mut orders) = (Vec::new(), Vec::new());
    for group in examiner.compared(parameter, values)? {
        let measure = Measure::Gradient(metric, group.clone());
        let moment = Moment { settings: &[], updates: 0, at: None, sampling: Sampling::Once };
        let curve = examiner.curve(moment, &measure, parameter, values)?;
        for (site, order) in slopes(&curve, values) {
            sites.push(format!("{group}/{site}"));
            orders.push(order);
        }
        for ((_, numbers), per_site) in points.iter_mut().zip(curve) {
            numbers.extend(per_site.into_iter().map(|(_, number)| number));
        }
    }
    Ok(Curve { sites, points, orders })
}

impl Examiner<'_> {
    /// The groups of learned synapses whose gradient is not zero everywhere, whatever the number: feedback through which no
    /// prediction goes has nothing to be compared with.
    fn compared(&mut self, parameter: &str, values: &[f64]) -> Result<Vec<String>, CheckError> {
        let mut groups = Vec::new();
        for &value in values {
            let (settings, updates) = match parameter {
                UPDATES => (Vec::new(), value as u32),
                _ => (vec![(parameter.to_owned(), value)], 0),
            };
            let needs = Needs::Gradient(self.check.reference);
            let (model, evidence) =
                self.subject.evidence(&settings, updates, needs, (Sampling::Once, None))?;
            for parameter in model.parameters().iter().filter(|p| p.learned && p.synaptic) {
                let (_, descent) = evidence.increment_and_descent(parameter)?;
                if metrics::largest_magnitude(&descent) != 0.0 && !groups.contains(&parameter.group) {
                    groups.push(parameter.group.clone());
                }
            }
        }
        if groups.is_empty() { Err(CheckError::NothingCompared) } else { Ok(groups) }
    }
}
