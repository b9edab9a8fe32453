//! The gradient with a transformed output error.
//!
//! With the output error `e = ∂C/∂p` of a sample and the Jacobian `J` of its prediction `p` by a state of a layer, the error is
//! replaced by `S⁻¹ e`, where `S = J Jᵀ`, summed over the layers or of each layer alone. What is then sent back is what
//! least moves the state so as to undo the error, to first order: `Jᵀ (J Jᵀ)⁻¹ e`.

use plr_ir::model::Piece;
use plr_ir::{Precision, Program, Tensor};

use super::error::CheckError;
use super::reference::{Gradient, Presented, all_elements};
use crate::backend::Arrays;
use crate::metrics::largest_magnitude;

/// A pivot below this part of the largest element is none.
const SINGULAR: f64 = 1e-12;

pub(super) fn gradients(
    presented: &Presented<'_>,
    (state, phase): (usize, usize),
    own: bool,
) -> Result<Vec<Gradient>, CheckError> {
    let program = presented.program(Piece::Nudged { state, phase }, phase)?;
    let prediction = program.output("prediction");
    let prediction =
        prediction.ok_or_else(|| CheckError::MissingOutput { output: "prediction".to_owned() })?;
    let outputs = program.type_of(prediction).dims[1];
    let back = Back { presented, program: &program, arrays: with_nudges(presented, &program), outputs };
    let error = back.error()?;
    let jacobians = back.jacobians()?;
    let mut found = Arrays::new();
    if own {
        for jacobian in &jacobians {
            let layer = jacobian.layer.as_str();
            let sent = back.solve(std::slice::from_ref(jacobian), &error)?;
            let here = |name: &str| {
                let parameter = presented.model.parameters().iter().find(|p| p.name == name);
                parameter.is_some_and(|p| p.layer == layer)
            };
            found.extend(back.parameters(&sent)?.into_iter().filter(|(name, _)| here(name)));
        }
    } else {
        found = back.parameters(&back.solve(&jacobians, &error)?)?;
    }
    Ok(all_elements(presented, |name| found.get(name).map(Tensor::to_f64)))
}

/// The presentation's arrays and nudges of 0.
fn with_nudges(presented: &Presented<'_>, program: &Program) -> Arrays {
    let mut arrays = presented.arrays.clone();
    for (name, &value) in program.inputs.iter().zip(&program.body.parameters) {
        if name.starts_with("nudge") {
            arrays.insert(name.clone(), Tensor::zeros(program.type_of(value).dims.clone(), Precision::F64));
        }
    }
    arrays
}

/// How the prediction depends on the state of a layer.
struct Jacobian {
    layer: String,
    units: usize,
    /// For each output the derivatives `[batch, units]`.
    rows: Vec<Vec<f64>>,
}

/// A presentation through which things are sent back.
struct Back<'a> {
    presented: &'a Presented<'a>,
    program: &'a Program,
    arrays: Arrays,
    outputs: usize,
}

impl Back<'_> {
    fn pull(&self, output: &str, sent: &Tensor, wanted: &[&str]) -> Result<Arrays, CheckError> {
        self.presented.pullback(self.program, &self.arrays, &[(output, sent)], wanted)
    }

    /// The derivative of the mean cost by the prediction, `[batch, outputs]`.
    fn error(&self) -> Result<Vec<f64>, CheckError> {
        let batch = self.presented.batch;
        let share = vec![1.0 / batch as f64; batch];
        let found = self.pull("loss", &Tensor::from_f64([batch], &share, Precision::F64), &["nudge"])?;
        let nothing = || CheckError::MissingOutput { output: "nudge".to_owned() };
        Ok(found.get("nudge").ok_or_else(nothing)?.to_f64())
    }

    fn jacobians(&self) -> Result<Vec<Jacobian>, CheckError> {
        let (batch, outputs) = (self.presented.batch, self.outputs);
        let nudges = self.program.inputs.iter().filter(|name| name.starts_with("nudge/"));
        let nudges: Vec<&str> = nudges.map(String::as_str).collect();
        let layer = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let units = |name: &str| {
            let value = self.program.input(name).map(|value| self.program.type_of(value).dims[1]);
            value.unwrap_or_default()
        };
        let mut jacobians: Vec<Jacobian> =
            nudges.iter().map(|n| Jacobian { layer: layer(n), units: units(n), rows: Vec::new() }).collect();
        for output in 0..outputs {
            let mut one = vec![0.0; batch * outputs];
            one.iter_mut().skip(output).step_by(outputs).for_each(|x| *x = 1.0);
            let one = Tensor::from_f64([batch, outputs], &one, Precision::F64);
            let found = self.pull("prediction", &one, &nudges)?;
            for (jacobian, name) in jacobians.iter_mut().zip(&nudges) {
                let row = found.get(*name).map(Tensor::to_f64);
                jacobian.rows.push(row.unwrap_or_else(|| vec![0.0; batch * jacobian.units]));
            }
        }
        // Where nothing writes the state nothing depends on it.
        jacobians.retain(|jacobian| jacobian.rows.iter().flatten().any(|&x| x != 0.0));
        Ok(jacobians)
    }

    /// `S⁻¹ e` of every sample (R14.20).
    fn solve(&self, jacobians: &[Jacobian], error: &[f64]) -> Result<Tensor, CheckError> {
        let (batch, outputs) = (self.presented.batch, self.outputs);
        let mut solved = Vec::new();
        for sample in 0..batch {
            let mut matrix = vec![vec![0.0; outputs + 1]; outputs];
            for (i, row) in matrix.iter_mut().enumerate() {
                for (j, element) in row.iter_mut().take(outputs).enumerate() {
                    *element = jacobians.iter().map(|jacobian| jacobian.product(sample, i, j)).sum();
                }
                row[outputs] = error[sample * outputs + i];
            }
            let layers = || jacobians.iter().map(|j| j.layer.clone()).collect();
            solved.extend(eliminate(matrix).ok_or_else(|| CheckError::Singular { layers: layers() })?);
        }
        Ok(Tensor::from_f64([batch, outputs], &solved, Precision::F64))
    }

    fn parameters(&self, sent: &Tensor) -> Result<Arrays, CheckError> {
        let learned: Vec<&str> = self.presented.learned().map(|parameter| parameter.name.as_str()).collect();
        self.pull("prediction", sent, &learned)
    }
}

impl Jacobian {
    /// The element `i, j` of `J Jᵀ` of a sample.
    fn product(&self, sample: usize, i: usize, j: usize) -> f64 {
        let of = |row: usize| &self.rows[row][sample * self.units..][..self.units];
        of(i).iter().zip(of(j)).map(|(a, b)| a * b).sum()
    }
}

/// The solution of a system of equations, whose right sides are its last column, by elimination with partial pivots.
fn eliminate(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let count = rows.len();
    let elements: Vec<f64> = rows.iter().flat_map(|row| &row[..count]).copied().collect();
    let largest = largest_magnitude(&elements);
    for column in 0..count {
        let below =
            (column..count).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, below);
        let pivot = rows[column].clone();
        if pivot[column].is_nan() || pivot[column].abs() <= SINGULAR * largest {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != column) {
            let factor = row[column] / pivot[column];
            row.iter_mut().zip(&pivot).for_each(|(x, p)| *x -= factor * p);
        }
    }
    Some(rows.iter().enumerate().map(|(i, row)| row[count] / row[i]).collect())
}
