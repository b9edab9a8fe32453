//! The gradient by central differences of the cost: slow, and independent of reverse-mode differentiation.

use plr_ir::Program;
use plr_ir::model::{Parameter, Piece};
use plr_ir::tensor::Data;

use super::error::CheckError;
use super::reference::{Gradient, Presented};
use crate::backend::{Arrays, Backend, Context, Runner, number};
use crate::draws::Draws;

/// A parameter with more elements is differentiated at this many of them, drawn at random.
const MOST_ELEMENTS: usize = 5_000;

/// The step relative to the element (or to 1). With Richardson's extrapolation the truncation error is of fourth order
/// in it, `1e-16`, and rounding contributes about `1e-12` of the cost.
const STEP: f64 = 1e-4;

pub(super) fn gradients(presented: &Presented<'_>, phase: usize) -> Result<Vec<Gradient>, CheckError> {
    let program = presented.program(Piece::Cost(phase), phase)?;
    presented.learned().map(|parameter| gradient(presented, &program, parameter)).collect()
}

fn gradient(
    presented: &Presented<'_>,
    program: &Program,
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
    let runner = Runner::new(program.clone(), Backend::Interpreter)?;
    let mut cost =
        Cost { runner, context: presented.context, arrays: presented.arrays.clone(), parameter: name };
    let values = match &elements {
        Some(elements) => elements.iter().map(|&at| cost.slope(at)).collect::<Result<_, _>>()?,
        None => (0..count).map(|at| cost.slope(at)).collect::<Result<_, _>>()?,
    };
    Ok(Gradient { parameter: name.clone(), values, elements })
}

/// The cost as a function of one element of a parameter.
struct Cost<'a> {
    runner: Runner,
    context: Context,
    arrays: Arrays,
    parameter: &'a str,
}

impl Cost<'_> {
    /// `(8 (C(x + h) − C(x − h)) − (C(x + 2h) − C(x − 2h))) / 12h`
    fn slope(&mut self, element: usize) -> Result<f64, CheckError> {
        let x = *self.element(element)?;
        let h = STEP * if x.abs() > 1.0 { x.abs() } else { 1.0 };
        let mut difference =
            |h: f64| Ok::<f64, CheckError>(self.at(element, x + h)? - self.at(element, x - h)?);
        let (near, far) = (difference(h)?, difference(2.0 * h)?);
        *self.element(element)? = x;
        Ok((8.0 * near - far) / (12.0 * h))
    }

    fn at(&mut self, element: usize, value: f64) -> Result<f64, CheckError> {
        *self.element(element)? = value;
        let outputs = self.runner.run_named(&self.arrays, self.context)?;
        outputs.get("cost").map(number).ok_or_else(|| CheckError::MissingOutput { output: "cost".to_owned() })
    }

    fn element(&mut self, element: usize) -> Result<&mut f64, CheckError> {
        let data = self.arrays.get_mut(self.parameter).map(|tensor| &mut tensor.data);
        match data {
            Some(Data::F64(numbers)) => Ok(&mut numbers[element]),
            Some(Data::F32(_)) | None => Err(CheckError::MissingOutput { output: self.parameter.to_owned() }),
        }
    }
}
