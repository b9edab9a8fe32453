//! The gradient by central differences of the cost: slow, and independent of reverse-mode differentiation.

use plr_ir::model::{Parameter, Piece};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program};

use super::error::CheckError;
use super::reference::{Gradient, Presented};
use super::sampled::{apart, mean};
use crate::backend::{Arrays, number};
use crate::draws::Draws;

/// A parameter with more elements is differentiated at this many of them, drawn at random.
const MOST_ELEMENTS: usize = 5_000;

/// The step relative to the element (or to 1). With Richardson's extrapolation the truncation error is of fourth order
/// in it, `1e-16`, and rounding contributes about `1e-12` of the cost.
const STEP: f64 = 1e-4;

pub(super) fn gradients(presented: &Presented<'_>, phase: usize) -> Result<Vec<Gradient>, CheckError> {
    let program = presented.program(Piece::Cost(phase), phase)?;
    let evaluate = &|presentations: &[Arrays]| presented.evaluate(&program, &presentations[0]);
    let mut cost = Cost { evaluate, presentations: vec![presented.arrays.clone()] };
    let of = |parameter| gradient(presented, &program, &mut cost, parameter);
    presented.learned().map(of).collect()
}

/// Of what the cost is expected to be over all draws.
pub(super) fn expected(presented: &Presented<'_>, phase: usize) -> Result<Vec<Gradient>, CheckError> {
    let program = presented.model.unfused(Piece::Cost(phase), 1, Precision::F64);
    let program = program.ok_or_else(|| CheckError::NoCost { phase: presented.phase(phase) })?;
    let evaluate = &|presentations: &[Arrays]| mean(&program, presentations);
    let mut cost = Cost { evaluate, presentations: apart(presented.model, &presented.arrays) };
    let of = |parameter| gradient(presented, &program, &mut cost, parameter);
    presented.learned().map(of).collect()
}

fn gradient(
    presented: &Presented<'_>,
    program: &Program,
    cost: &mut Cost<'_>,
    parameter: &Parameter,
) -> Result<Gradient, CheckError> {
    let count: usize = parameter.dims.iter().product();
    let name = &parameter.name;
    let elements = (count > MOST_ELEMENTS).then(|| {
        let mut draws = Draws::new(presented.context.seed, &format!("check: elements of {name}"), 0);
        let mut elements: Vec<usize> = (0..MOST_ELEMENTS).map(|_| draws.below(count)).collect();
        elements.sort_unstable();
        elements.dedup();
        elements
    });
    if program.input(name).is_none() {
        let values = vec![0.0; elements.as_ref().map_or(count, Vec::len)];
        return Ok(Gradient { parameter: name.clone(), values, elements });
    }
    let values = match &elements {
        Some(elements) => elements.iter().map(|&at| cost.slope(name, at)).collect::<Result<_, _>>()?,
        None => (0..count).map(|at| cost.slope(name, at)).collect::<Result<_, _>>()?,
    };
    Ok(Gradient { parameter: name.clone(), values, elements })
}

/// The cost as a function of one element of a parameter.
struct Cost<'a> {
    evaluate: &'a dyn Fn(&[Arrays]) -> Result<Arrays, CheckError>,
    presentations: Vec<Arrays>,
}

impl Cost<'_> {
    /// `(8 (C(x + h) − C(x − h)) − (C(x + 2h) − C(x − 2h))) / 12h`
    fn slope(&mut self, parameter: &str, element: usize) -> Result<f64, CheckError> {
        let x = self.element(parameter, element)?;
        let h = STEP * if x.abs() > 1.0 { x.abs() } else { 1.0 };
        let mut difference = |h: f64| {
            Ok::<f64, CheckError>(self.at(parameter, element, x + h)? - self.at(parameter, element, x - h)?)
        };
        let (near, far) = (difference(h)?, difference(2.0 * h)?);
        self.set(parameter, element, x);
        Ok((8.0 * near - far) / (12.0 * h))
    }

    fn at(&mut self, parameter: &str, element: usize, value: f64) -> Result<f64, CheckError> {
        self.set(parameter, element, value);
        let outputs = (self.evaluate)(&self.presentations)?;
        outputs.get("cost").map(number).ok_or_else(|| CheckError::MissingOutput { output: "cost".to_owned() })
    }

    fn element(&self, parameter: &str, element: usize) -> Result<f64, CheckError> {
        let tensor = self.presentations.first().and_then(|arrays| arrays.get(parameter));
        let missing = || CheckError::MissingOutput { output: parameter.to_owned() };
        Ok(tensor.ok_or_else(missing)?.to_f64()[element])
    }

    fn set(&mut self, parameter: &str, element: usize, value: f64) {
        for arrays in &mut self.presentations {
            if let Some(Data::F64(numbers)) = arrays.get_mut(parameter).map(|tensor| &mut tensor.data) {
                numbers[element] = value;
            }
        }
    }
}
