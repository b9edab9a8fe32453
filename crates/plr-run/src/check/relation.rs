//! What a rule is relative to the gradient of a check: the same, the same up to a scale, tending to it, or something else.

use plr_ir::Precision;
use plr_ir::model::{Check, Parameter, Piece, Reference, Sampling, Workshop};

use super::error::CheckError;
use super::measure::Needs;
use super::subject::{LEARNING_RATE, Settings, Subject};
use crate::backend::{Backend, reads_input};
use crate::metrics;

/// Half of the digits of an f64, √ε. What rounding does to a presentation stays below it; a difference quotient, whose error is
/// at least `c p + ε / p`, never comes below `2 √(c ε)`, and what errs by a higher power of `p` is told by that power.
const SAME: f64 = 1.490_116_119_384_765_6e-8;
/// Updates after which the relation must still hold: at first values weights may be equal that nothing keeps equal.
const UPDATES: u32 = 10;
/// Factors of a hyper-parameter under which an error is to fall.
const DOWN: &[f64] = &[1.0, HALF, 1e-1, 1e-1 * HALF, 1e-2, 1e-2 * HALF, 1e-3, 1e-3 * HALF, 1e-4];
/// Factors of a hyper-parameter under which an error grows that is too small to be seen to fall.
const UP: &[f64] = &[1.0, 1e1 * HALF, 1e1, 1e2 * HALF, 1e2];
/// Half a decade.
const HALF: f64 = 0.316_227_766_016_837_94;
/// The least order with which anything is said to tend to zero.
const LEAST_ORDER: f64 = 0.5;
/// By how much the orders of half decades in a row may differ (R14.5).
const STRAIGHT: f64 = 0.1;
/// The difference between angles, in degrees, that is none of rounding.
const TURNED: f64 = 1e-3;
/// The part to which the error must fall on such a straight line. So a limit that is not zero is a small part of it: it would
/// bend the line.
const FALL: f64 = 1e-2;

/// What a rule is relative to a gradient (R14.23).
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// What was compared, in groups, `W`, `b`, or, of a group of which something else learns aside, one by one, `W/h1->output`.
    pub groups: Vec<String>,
    /// Over which draws was averaged.
    pub sampling: Sampling,
    /// What it is.
    pub kind: Kind,
}

/// How an increment is related to a negative gradient.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// It is that.
    Equal,
    /// It is that times a positive number, which may differ from parameter to parameter.
    Scaled(Vec<(String, f64)>),
    /// It tends to one of these as a hyper-parameter tends to zero.
    Approaches {
        /// The hyper-parameter.
        parameter: String,
        /// The slope of the error on a log-log line.
        order: f64,
        /// Whether a scale is left out of account.
        scaled: bool,
    },
    /// It is that before any update, but not after some: where the relative error is largest then, and that.
    AtFirst {
        /// The parameter.
        parameter: String,
        /// The relative error.
        error: f64,
        /// Updates.
        updates: u32,
    },
    /// None of these: the parameter where the angle between them is largest, and that in degrees.
    Differs {
        /// The parameter.
        parameter: String,
        /// NaN if nothing is added.
        degrees: f64,
        /// Whether every weight moves in the direction of the gradient.
        signs: bool,
        /// The rule's own rate and the largest angle there, if the rate does more than scale what is added.
        at_own_rate: Option<(f64, f64)>,
    },
    /// This parameter learns, and the cost depends on it, but its gradient is 0.
    Aside {
        /// The parameter.
        parameter: String,
    },
    /// What is added is no finite number any more.
    Diverges {
        /// The parameter.
        parameter: String,
        /// Updates before.
        updates: u32,
    },
}

/// How the increment of one parameter compares with the gradient.
struct Site {
    parameter: String,
    group: String,
    error: f64,
    degrees: f64,
    scale: f64,
    signs: f64,
}

/// What is to be small.
type Error = fn(&Site) -> f64;
/// By how much an increment is not the gradient, and not a scaled one.
const ERRORS: [Error; 2] = [|site| site.error, |site| site.degrees.to_radians()];

/// Says what the increments of a rule are relative to the gradient of a check, from measurements in its setting and in f64;
/// nothing for a law, and where no learned parameter has a gradient.
///
/// # Errors
/// If the rule cannot be run in the setting, or the gradient does not exist there.
pub fn relation(
    workshop: &dyn Workshop,
    check: usize,
    backend: Backend,
) -> Result<Option<Relation>, CheckError> {
    let written = &workshop.checks()[check];
    if written.reference.cost().is_none() {
        return Ok(None);
    }
    let sampling = written.claims.iter().map(|claim| claim.sampling).find(|s| *s != Sampling::Once);
    let sampling = sampling.unwrap_or_default();
    let check_in_f64 = &Check { precision: Precision::F64, claims: Vec::new(), ..written.clone() };
    let subject = Subject::new(workshop, check, check_in_f64, backend);
    let mut compared = Compared { subject, reference: written.reference, sampling };
    let first = compared.sites(&[], 0)?;
    if first.is_empty() {
        return Ok(None);
    }
    let later = compared.sites(&[], UPDATES)?;
    let aside = compared.aside(&first, &later)?;
    if let Some(Aside { parameter, .. }) = aside.iter().find(|aside| aside.counts) {
        let kind = Kind::Aside { parameter: parameter.clone() };
        return Ok(Some(Relation { groups: groups(&first, &later, &[]), sampling, kind }));
    }
    let kind = match (at_once(&[&first]), at_once(&[&first, &later])) {
        (Some(Kind::Equal), None | Some(Kind::Scaled(_))) => at_first(&later),
        (_, at_once) => {
            let numbers = &workshop.hyper_parameters(Some(check));
            let down = at_once.is_none().then(|| compared.tends(numbers, DOWN)).flatten();
            let tends = down.or_else(|| compared.tends(numbers, UP));
            match tends.or(at_once) {
                Some(kind) => kind,
                None => {
                    let rate = numbers.iter().find(|(name, value)| name == LEARNING_RATE && *value > 0.0);
                    let at_own_rate = rate.and_then(|(_, rate)| compared.at_rate(*rate, &first));
                    apart(&first, &later, at_own_rate)
                }
            }
        }
    };
    Ok(Some(Relation { groups: groups(&first, &later, &aside), sampling, kind }))
}

/// What was compared, in groups as far as they were whole.
fn groups(first: &[Site], later: &[Site], aside: &[Aside]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for Site { parameter, group, .. } in first.iter().chain(later) {
        let whole = !aside.iter().any(|aside| aside.group == *group);
        let name = if whole { group } else { parameter };
        if !groups.contains(name) {
            groups.push(name.clone());
        }
    }
    groups
}

/// A parameter that learns without a gradient.
struct Aside {
    parameter: String,
    group: String,
    /// The gradient is one of the cost, which depends on it.
    counts: bool,
}

struct Compared<'a> {
    subject: Subject<'a>,
    reference: Reference,
    sampling: Sampling,
}

impl Compared<'_> {
    /// Every learned parameter that the gradient says something about, after so many updates.
    fn sites(&mut self, settings: &Settings, updates: u32) -> Result<Vec<Site>, CheckError> {
        let needs = Needs::Gradient(self.reference);
        let (model, evidence) = self.subject.evidence(settings, updates, needs, (self.sampling, None))?;
        let pairs = evidence.pairs(model)?.into_iter();
        Ok(pairs.map(|(parameter, increment, descent)| Site::new(parameter, &increment, &descent)).collect())
    }

    /// Every parameter that learns, at first or after updates, and has no gradient at either time.
    fn aside(&mut self, first: &[Site], later: &[Site]) -> Result<Vec<Aside>, CheckError> {
        let needs = Needs::Gradient(self.reference);
        let cost = self.reference.cost().filter(|piece| matches!(piece, Piece::Cost(_)));
        let mut found: Vec<Aside> = Vec::new();
        for updates in [0, UPDATES] {
            let batch = self.subject.batch();
            let (model, evidence) = self.subject.evidence(&[], updates, needs, (self.sampling, None))?;
            let aside = evidence.aside(model)?;
            if aside.is_empty() {
                continue;
            }
            let program = cost.and_then(|cost| model.program(cost, batch, Precision::F64));
            for parameter in aside {
                let Parameter { name, group, .. } = parameter;
                let compared = first.iter().chain(later).any(|site| site.parameter == *name);
                if !compared && !found.iter().any(|aside| aside.parameter == *name) {
                    let counts = program.as_ref().is_some_and(|program| reads_input(program, name));
                    found.push(Aside { parameter: name.clone(), group: group.clone(), counts });
                }
            }
        }
        Ok(found)
    }

    /// The rate and the largest angle at it, at first and after updates, if the angles at first are others than at a rate of 1, as
    /// those of a rule that learns while it computes.
    fn at_rate(&mut self, rate: f64, at_one: &[Site]) -> Option<(f64, f64)> {
        let settings = [(LEARNING_RATE.to_owned(), rate)];
        let first = self.sites(&settings, 0).ok()?;
        let turned = |(a, b): (&Site, &Site)| (a.degrees - b.degrees).abs() > TURNED;
        if !first.iter().zip(at_one).any(turned) {
            return None;
        }
        let later = self.sites(&settings, UPDATES).ok()?;
        Some((rate, largest(&[&first, &later], |site| site.degrees).1))
    }

    /// What it tends to as one of these numbers tends to zero, as far as that shows at such factors of it. Noise tends to
    /// nothing.
    fn tends(&mut self, numbers: &Settings, factors: &[f64]) -> Option<Kind> {
        if self.sampling != Sampling::Once {
            return None;
        }
        for number in numbers.iter().filter(|(name, value)| name != LEARNING_RATE && *value > 0.0) {
            let Some((scaled, order)) = self.order(number, factors, 0) else { continue };
            if self.order(number, factors, UPDATES).is_some_and(|(also, _)| also == scaled) {
                return Some(Kind::Approaches { parameter: number.0.clone(), order, scaled });
            }
        }
        None
    }

    /// The order of the error, with or else without a scale, after so many updates.
    fn order(&mut self, (name, value): &(String, f64), factors: &[f64], updates: u32) -> Option<(bool, f64)> {
        let mut errors: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
        for factor in factors {
            // A number may mean nothing when it is small.
            let sites = self.sites(&[(name.clone(), value * factor)], updates).ok()?;
            for (all, error) in errors.iter_mut().zip(ERRORS) {
                all.push(largest(&[&sites], error).1);
            }
            // As long as the error itself falls, it may be straight later.
            let [falling, turning] = errors.each_ref().map(|all| falls(factors, all));
            let [whole, turned] = errors.each_ref().map(|all| straight(factors, all));
            match (whole, turned) {
                (Some(order), _) => return Some((false, order)),
                (None, Some(order)) if !falling => return Some((true, order)),
                (None, _) if !falling && !turning => return None,
                (None, _) => {}
            }
        }
        None
    }
}

impl Site {
    fn new(parameter: &Parameter, increment: &[f64], descent: &[f64]) -> Self {
        Self {
            parameter: parameter.name.clone(),
            group: parameter.group.clone(),
            error: metrics::relative_error(increment, descent),
            degrees: metrics::angle(increment, descent),
            scale: metrics::best_scale(increment, descent),
            signs: metrics::sign_agreement(increment, descent),
        }
    }
}

/// What can be said without changing any number, of all these sites together; the first ones have the scales.
fn at_once(sites: &[&[Site]]) -> Option<Kind> {
    let [error, turned] = ERRORS;
    if largest(sites, error).1 <= SAME {
        return Some(Kind::Equal);
    }
    let scales = || sites[0].iter().map(|site| (site.parameter.clone(), site.scale)).collect();
    (largest(sites, turned).1 <= SAME).then(|| Kind::Scaled(scales()))
}

fn at_first(later: &[Site]) -> Kind {
    let (parameter, error) = largest(&[later], |site| site.error);
    Kind::AtFirst { parameter, error, updates: UPDATES }
}

/// What is left to say.
fn apart(first: &[Site], later: &[Site], at_own_rate: Option<(f64, f64)>) -> Kind {
    for (sites, updates) in [(first, 0), (later, UPDATES)] {
        // Where nothing is added the error is 1.
        if let Some(site) = sites.iter().find(|site| !site.error.is_finite()) {
            return Kind::Diverges { parameter: site.parameter.clone(), updates };
        }
    }
    let sites = [first, later];
    let (parameter, degrees) = largest(&sites, |site| site.degrees);
    let signs = sites.into_iter().flatten().all(|site| site.signs == 1.0);
    Kind::Differs { parameter, degrees, signs, at_own_rate }
}

/// Where an error is largest, and that; NaN if one is.
fn largest(sites: &[&[Site]], error: Error) -> (String, f64) {
    let larger = |a: (String, f64), b: (String, f64)| {
        let first = a.1.is_nan() || a.1 >= b.1;
        if first { a } else { b }
    };
    let errors = sites.iter().copied().flatten().map(|site| (site.parameter.clone(), error(site)));
    errors.reduce(larger).unwrap_or((String::new(), f64::NAN))
}

/// The last order, if the error has fallen far enough on a straight line.
fn straight(factors: &[f64], errors: &[f64]) -> Option<f64> {
    let last = errors.len().checked_sub(2)?;
    let order = slope(factors, errors, last);
    let like = |at: &usize| (slope(factors, errors, *at) - order).abs() <= STRAIGHT;
    let begin = (0..=last).rev().take_while(like).last()?;
    let fallen = errors[last + 1] <= FALL * errors[begin] || errors[begin] <= FALL * errors[last + 1];
    (last > begin && order >= LEAST_ORDER && fallen).then_some(order)
}

/// Whether the error has fallen in the last decade, as far as is known.
fn falls(factors: &[f64], errors: &[f64]) -> bool {
    let two_before = errors.len().checked_sub(3);
    two_before
        .is_none_or(|at| (slope(factors, errors, at) + slope(factors, errors, at + 1)) / 2.0 >= STRAIGHT)
}

/// The order between two factors in a row.
fn slope(factors: &[f64], errors: &[f64], at: usize) -> f64 {
    metrics::log_log_slope(&factors[at..][..2], &errors[at..][..2])
}
