//! The number of a claim: a measure of each site of a parameter group, and the worst of them.

use plr_ir::Tensor;
use plr_ir::model::{Comparison, Measure, Model, Parameter};

use super::error::CheckError;
use super::reference::Gradient;
use crate::backend::Arrays;
use crate::metrics;

/// What a rule did in one setting, ready to be measured.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// The parameters, in the model's order.
    pub(super) parameters: Vec<Tensor>,
    /// What one presentation adds to them, as `increment/…`; empty for a law.
    pub(super) increments: Arrays,
    /// The gradients of the cost; empty for a law.
    pub(super) gradients: Vec<Gradient>,
    /// The direction in which the samples vary most.
    pub(super) direction: Option<Vec<f64>>,
}

impl Evidence {
    /// What a presentation adds to a parameter, and the negative gradient at the same elements.
    pub(super) fn increment_and_descent(
        &self,
        parameter: &Parameter,
    ) -> Result<(Vec<f64>, Vec<f64>), CheckError> {
        let output = format!("increment/{}", parameter.name);
        let increment = self.increments.get(&output).map(Tensor::to_f64);
        let gradient = self.gradients.iter().find(|gradient| gradient.parameter == parameter.name);
        let gradient = gradient.ok_or(CheckError::NoReference)?;
        let nothing = || (!parameter.learned).then(|| vec![0.0; parameter.dims.iter().product()]);
        let increment = increment.or_else(nothing).ok_or(CheckError::MissingOutput { output })?;
        let increment = match &gradient.elements {
            Some(elements) => elements.iter().map(|&at| increment[at]).collect(),
            None => increment,
        };
        Ok((increment, gradient.values.iter().map(|g| -g).collect()))
    }
}

/// A number for each site.
pub(super) type PerSite = Vec<(String, f64)>;

/// The group a measure is about.
pub(super) fn group(measure: &Measure) -> &str {
    match measure {
        Measure::Cosine(group)
        | Measure::CosineDistance(group)
        | Measure::Angle(group)
        | Measure::RelativeError(group)
        | Measure::Scale(group)
        | Measure::SignAgreement(group)
        | Measure::RowNorm(group)
        | Measure::PrincipalAlignment(group) => group,
        Measure::Order { of, .. } => group(of),
    }
}

/// Whether a measure compares increments with a gradient.
pub(super) fn needs_gradient(measure: &Measure) -> bool {
    match measure {
        Measure::Cosine(_)
        | Measure::CosineDistance(_)
        | Measure::Angle(_)
        | Measure::RelativeError(_)
        | Measure::Scale(_)
        | Measure::SignAgreement(_) => true,
        Measure::RowNorm(_) | Measure::PrincipalAlignment(_) => false,
        Measure::Order { of, .. } => needs_gradient(of),
    }
}

/// Measures every site of the group, of all layers or of the one in `at`. An order measures what it is the order of.
pub(super) fn per_site(
    measure: &Measure,
    at: Option<&str>,
    model: &dyn Model,
    evidence: &Evidence,
) -> Result<PerSite, CheckError> {
    let group = group(measure);
    let learned = needs_gradient(measure);
    let wanted = |p: &Parameter| {
        p.group == group && (p.learned || !learned) && at.is_none_or(|layer| p.layer == layer)
    };
    let mut numbers = PerSite::new();
    for (parameter, tensor) in model.parameters().iter().zip(&evidence.parameters) {
        if wanted(parameter) {
            numbers.append(&mut one_site(measure, parameter, tensor, evidence)?);
        }
    }
    if numbers.is_empty() {
        return Err(CheckError::UnknownGroup { group: group.to_owned(), layer: at.map(str::to_owned) });
    }
    Ok(numbers)
}

/// The number of a site, or one for each of its rows.
fn one_site(
    measure: &Measure,
    parameter: &Parameter,
    tensor: &Tensor,
    evidence: &Evidence,
) -> Result<PerSite, CheckError> {
    let compare = |metric: fn(&[f64], &[f64]) -> f64| {
        let (increment, descent) = evidence.increment_and_descent(parameter)?;
        Ok(vec![(parameter.site.clone(), metric(&increment, &descent))])
    };
    match measure {
        Measure::Cosine(_) => compare(metrics::cosine),
        Measure::CosineDistance(_) => compare(metrics::cosine_distance),
        Measure::Angle(_) => compare(metrics::angle),
        Measure::RelativeError(_) => compare(metrics::relative_error),
        Measure::Scale(_) => compare(metrics::best_scale),
        Measure::SignAgreement(_) => compare(metrics::sign_agreement),
        Measure::RowNorm(_) => {
            let named = |(row, elements): (usize, &[f64])| {
                (format!("{}[{row}]", parameter.site), metrics::norm(elements))
            };
            rows(parameter, tensor).map(|(columns, all)| all.chunks(columns).enumerate().map(named).collect())
        }
        Measure::PrincipalAlignment(_) => {
            let (columns, all) = rows(parameter, tensor)?;
            let direction = evidence.direction.as_deref().filter(|direction| direction.len() == columns);
            let direction = direction.ok_or(CheckError::NoPrincipalDirection)?;
            Ok(vec![(parameter.site.clone(), metrics::cosine(&all[..columns], direction).abs())])
        }
        Measure::Order { of, .. } => one_site(of, parameter, tensor, evidence),
    }
}

/// The length of a row and the elements of a matrix.
fn rows(parameter: &Parameter, tensor: &Tensor) -> Result<(usize, Vec<f64>), CheckError> {
    match tensor.dims[..] {
        [_, columns] => Ok((columns, tensor.to_f64())),
        _ => Err(CheckError::NoRows { parameter: parameter.name.clone() }),
    }
}

/// The number that decides about a claim: the largest where it must be small, the smallest where it must be large, the
/// farthest where it must be equal; NaN if one is.
pub(super) fn worst(numbers: &PerSite, comparison: Comparison, bound: f64) -> f64 {
    let badness = |number: f64| match comparison {
        Comparison::Less | Comparison::LessEqual => number,
        Comparison::Greater | Comparison::GreaterEqual => -number,
        Comparison::Equal => (number - bound).abs(),
    };
    let worse = |a: f64, b: f64| if b.is_nan() || badness(b) > badness(a) { b } else { a };
    numbers.iter().map(|(_, number)| *number).reduce(worse).unwrap_or(f64::NAN)
}

/// Whether a number satisfies a comparison; NaN satisfies none (R14.5).
pub(super) fn satisfies(number: f64, comparison: Comparison, bound: f64, tolerance: f64) -> bool {
    match comparison {
        Comparison::Less => number < bound,
        Comparison::LessEqual => number <= bound,
        Comparison::Greater => number > bound,
        Comparison::GreaterEqual => number >= bound,
        Comparison::Equal => (number - bound).abs() <= tolerance,
    }
}
