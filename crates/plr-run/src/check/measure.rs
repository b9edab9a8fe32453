//! The number of a claim: a measure of each site of a parameter group, and the worst of them.

use plr_ir::model::{Comparison, Measure, Metric, Model, Parameter, Reference};
use plr_ir::{Precision, Tensor};

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
    /// What was observed, as `first/…` and `second/…`; empty if nothing was to be.
    pub(super) observed: Arrays,
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

    /// Every learned parameter that the gradient says something about, in the model's order.
    pub(super) fn pairs<'m>(&self, model: &'m dyn Model) -> Result<Vec<Pair<'m>>, CheckError> {
        let mut pairs = self.learned(model)?;
        pairs.retain(|(_, _, descent)| metrics::largest_magnitude(descent) != 0.0);
        Ok(pairs)
    }

    /// Every learned parameter to which a presentation adds something, and of which the gradient is 0.
    pub(super) fn aside<'m>(&self, model: &'m dyn Model) -> Result<Vec<&'m Parameter>, CheckError> {
        let size = metrics::largest_magnitude;
        let aside = |(_, increment, descent): &Pair<'m>| size(descent) == 0.0 && size(increment) != 0.0;
        Ok(self.learned(model)?.into_iter().filter(aside).map(|(parameter, ..)| parameter).collect())
    }

    /// Every learned parameter. What is added to it and its gradient are 0 if both are rounding (R14.26): where terms cancel, the
    /// direction of what is left of them means nothing.
    fn learned<'m>(&self, model: &'m dyn Model) -> Result<Vec<Pair<'m>>, CheckError> {
        let learned = model.parameters().iter().filter(|parameter| parameter.learned);
        let pair = |parameter: &'m Parameter| {
            let (increment, descent) = self.increment_and_descent(parameter)?;
            Ok((parameter, increment, descent))
        };
        let mut pairs = learned.map(pair).collect::<Result<Vec<Pair<'m>>, CheckError>>()?;
        let mut norms: Vec<f64> = pairs.iter().map(|(_, _, g)| metrics::norm(g)).collect();
        let descent = metrics::largest_magnitude(&norms);
        norms.extend(pairs.iter().map(|(_, u, _)| metrics::norm(u)));
        let either = metrics::largest_magnitude(&norms);
        let coarse = self.increments.values().any(|tensor| tensor.precision() == Precision::F32);
        let digits = if coarse { f64::from(f32::EPSILON) } else { f64::EPSILON };
        for (_, u, g) in &mut pairs {
            let rounding = metrics::norm(g) <= ROUNDING * f64::EPSILON * descent;
            if rounding && metrics::norm(u) <= ROUNDING * digits * either {
                u.fill(0.0);
                g.fill(0.0);
            }
        }
        Ok(pairs)
    }
}

/// So many times ε beside the largest gradient is rounding.
const ROUNDING: f64 = 1024.0;

/// A learned parameter, what a presentation adds to it, and the negative gradient.
type Pair<'m> = (&'m Parameter, Vec<f64>, Vec<f64>);

/// A number for each site.
pub(super) type PerSite = Vec<(String, f64)>;

/// What must be run for a measure, besides updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: it is about the parameters.
    Nothing,
    /// A presentation, and a gradient to compare its increments with.
    Gradient(Reference),
    /// An observation, by its number.
    Observation(usize),
}

/// What a measure of a check with that reference needs.
pub(super) fn needs(measure: &Measure, reference: Reference) -> Needs {
    match measure {
        Measure::Gradient(..) => Needs::Gradient(reference),
        Measure::Between(_, number) | Measure::Largest(number) | Measure::Mean(number) => {
            Needs::Observation(*number)
        }
        Measure::RowNorm(_)
        | Measure::PrincipalAlignment(_)
        | Measure::Number(_)
        | Measure::Unary(..)
        | Measure::Binary(..) => Needs::Nothing,
        Measure::Order { of, .. } => needs(of, reference),
    }
}

/// Measures every site, of all layers or of the one in `at`. An order measures what it is the order of; arithmetic is
/// somebody else's.
pub(super) fn per_site(
    measure: &Measure,
    at: Option<&str>,
    model: &dyn Model,
    evidence: &Evidence,
) -> Result<PerSite, CheckError> {
    match measure {
        Measure::Order { of, .. } => per_site(of, at, model, evidence),
        Measure::Number(_) | Measure::Unary(..) | Measure::Binary(..) => Err(CheckError::SitesDiffer),
        Measure::Between(metric, _) => observed(at, evidence, metric_of(*metric)),
        Measure::Largest(_) => observed(at, evidence, |all, _| metrics::largest_magnitude(all)),
        Measure::Mean(_) => observed(at, evidence, |all, _| metrics::mean(all)),
        Measure::Gradient(metric, group) => parameters(group, at, true, model, evidence, |parameter, _| {
            let (increment, descent) = evidence.increment_and_descent(parameter)?;
            Ok(vec![(parameter.site.clone(), metric_of(*metric)(&increment, &descent))])
        }),
        Measure::RowNorm(group) => parameters(group, at, false, model, evidence, |parameter, tensor| {
            let named = |(row, elements): (usize, &[f64])| {
                (format!("{}[{row}]", parameter.site), metrics::norm(elements))
            };
            rows(parameter, tensor).map(|(columns, all)| all.chunks(columns).enumerate().map(named).collect())
        }),
        Measure::PrincipalAlignment(group) => {
            parameters(group, at, false, model, evidence, |parameter, tensor| {
                let (columns, all) = rows(parameter, tensor)?;
                let direction = evidence.direction.as_deref().filter(|d| d.len() == columns);
                let direction = direction.ok_or(CheckError::NoPrincipalDirection)?;
                Ok(vec![(parameter.site.clone(), metrics::cosine(&all[..columns], direction).abs())])
            })
        }
    }
}

fn metric_of(metric: Metric) -> fn(&[f64], &[f64]) -> f64 {
    match metric {
        Metric::Cosine => metrics::cosine,
        Metric::CosineDistance => metrics::cosine_distance,
        Metric::Angle => metrics::angle,
        Metric::RelativeError => metrics::relative_error,
        Metric::Scale => metrics::best_scale,
        Metric::SignAgreement => metrics::sign_agreement,
    }
}

/// A number for each site where there is something to observe.
fn observed(
    at: Option<&str>,
    evidence: &Evidence,
    metric: impl Fn(&[f64], &[f64]) -> f64,
) -> Result<PerSite, CheckError> {
    let arrays = &evidence.observed;
    let mut numbers = PerSite::new();
    for (name, first) in arrays {
        let Some(site) = name.strip_prefix("first/") else { continue };
        let layer = site.rsplit("->").next().unwrap_or(site);
        if at.is_none_or(|at| at == layer) {
            let second = arrays.get(&format!("second/{site}")).map(Tensor::to_f64).unwrap_or_default();
            numbers.push((site.to_owned(), metric(&first.to_f64(), &second)));
        }
    }
    if numbers.is_empty() { Err(CheckError::NothingObserved { reason: None }) } else { Ok(numbers) }
}

/// The numbers of the sites of a parameter group.
fn parameters(
    group: &str,
    at: Option<&str>,
    learned: bool,
    model: &dyn Model,
    evidence: &Evidence,
    site: impl Fn(&Parameter, &Tensor) -> Result<PerSite, CheckError>,
) -> Result<PerSite, CheckError> {
    let wanted = |p: &Parameter| {
        p.group == group && (p.learned || !learned) && at.is_none_or(|layer| p.layer == layer)
    };
    let mut numbers = PerSite::new();
    for (parameter, tensor) in model.parameters().iter().zip(&evidence.parameters) {
        if wanted(parameter) {
            numbers.append(&mut site(parameter, tensor)?);
        }
    }
    if numbers.is_empty() {
        return Err(CheckError::UnknownGroup { group: group.to_owned(), layer: at.map(str::to_owned) });
    }
    Ok(numbers)
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
