//! Parameters before the first update.

use std::collections::BTreeMap;

use plr_ir::model::{Init, Parameter};
use plr_ir::scalar::{self, Host};
use plr_ir::tensor::Data;
use plr_ir::types::count;
use plr_ir::{Precision, Tensor};

use crate::draws::Draws;
use crate::room::{self, NoRoom};

/// The first value of every parameter, in the order given.
///
/// The numbers are drawn in f64 and then rounded, from a stream of the parameter's own name: they depend on the seed,
/// the name and the law, and neither on the precision (up to rounding) nor on what else the rule contains (R11.2).
///
/// # Errors
/// If there is no memory for them.
pub fn parameters(parameters: &[Parameter], seed: u64, precision: Precision) -> Result<Vec<Tensor>, NoRoom> {
    room::check(bytes(parameters, precision))?;
    Ok(with_given(parameters, seed, precision, &BTreeMap::new()))
}

/// The same with the numbers that are given, by name, in the place of what a rule says of them (R18.3): within the constraints, and
/// what follows them follows what is given (R4.7, R4.10, R4.11).
pub fn with_given(
    parameters: &[Parameter],
    seed: u64,
    precision: Precision,
    given: &BTreeMap<String, Tensor>,
) -> Vec<Tensor> {
    parameters.iter().map(|parameter| draw(parameter, seed, precision, given)).collect()
}

fn draw(parameter: &Parameter, seed: u64, precision: Precision, given: &BTreeMap<String, Tensor>) -> Tensor {
    let drawing = Drawing { seed, name: &parameter.name, laws: 0, given };
    let numbers = drawing.of(&parameter.init, &parameter.dims);
    let data = match precision {
        Precision::F32 => Data::F32(numbers.into_iter().map(|x| x as f32).collect()),
        Precision::F64 => Data::F64(numbers),
    };
    Tensor { dims: parameter.dims.clone(), data }
}

/// The first value of one parameter in the making.
struct Drawing<'a> {
    seed: u64,
    name: &'a str,
    /// How many laws have been drawn: each has a stream of its own.
    laws: u32,
    /// What is given instead, by name.
    given: &'a BTreeMap<String, Tensor>,
}

impl<'a> Drawing<'a> {
    fn of(mut self, init: &Init, dims: &[usize]) -> Vec<f64> {
        self.values(init, dims)
    }

    fn values(&mut self, init: &Init, dims: &[usize]) -> Vec<f64> {
        let count = dims.iter().product();
        let columns = columns_of(dims);
        let mut host = Host::<f64>::default();
        match init {
            Init::Constant(value) => vec![*value; count],
            Init::Uniform { low, high } => self.law(count, |draws| low + (high - low) * draws.uniform()),
            Init::Normal { mean, deviation } => self.law(count, |draws| mean + deviation * draws.normal()),
            Init::Bernoulli(p) => self.law(count, |draws| f64::from(u8::from(draws.uniform() < *p))),
            Init::Orthogonal(gain) => {
                orthogonal(self.law(count, Draws::normal), columns).into_iter().map(|x| gain * x).collect()
            }
            Init::Identity => (0..count).map(|i| f64::from(u8::from(i / columns == i % columns))).collect(),
            Init::Of { name, dims: theirs, init, transposed } => {
                let found = Drawing { name, laws: 0, ..*self }.of(init, theirs);
                if *transposed { transpose(&found, columns_of(theirs)) } else { found }
            }
            Init::Own(init) => match self.given.get(self.name) {
                Some(given) => given.to_f64(),
                None => self.values(init, dims),
            },
            Init::Along { axis, numbers } => {
                let inside: usize = dims[axis + 1..].iter().product();
                (0..count).map(|at| numbers[at / inside % numbers.len()]).collect()
            }
            Init::Compare(op, a, b) => {
                let (a, b) = (self.values(a, dims), self.values(b, dims));
                let pairs = a.into_iter().zip(b);
                pairs.map(|(a, b)| f64::from(u8::from(scalar::compare(&mut host, *op, a, b)))).collect()
            }
            Init::Select(parts) => {
                let [c, a, b] = parts.each_ref().map(|part| self.values(part, dims));
                c.iter().zip(a.iter().zip(b)).map(|(&c, (&a, b))| if c != 0.0 { a } else { b }).collect()
            }
            Init::Unary(op, a) => {
                self.values(a, dims).into_iter().map(|a| scalar::unary(&mut host, *op, a)).collect()
            }
            Init::Binary(op, a, b) => {
                let (a, b) = (self.values(a, dims), self.values(b, dims));
                a.into_iter().zip(b).map(|(a, b)| scalar::binary(&mut host, *op, a, b)).collect()
            }
        }
    }

    fn law(&mut self, count: usize, mut element: impl FnMut(&mut Draws) -> f64) -> Vec<f64> {
        let mut draws = Draws::new(self.seed, self.name, self.laws);
        self.laws += 1;
        (0..count).map(|_| element(&mut draws)).collect()
    }
}

/// The length of a row: what belongs to one postsynaptic unit.
fn columns_of(dims: &[usize]) -> usize {
    dims.iter().skip(1).product()
}

fn transpose(matrix: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|j| matrix.iter().skip(j).step_by(columns)).copied().collect()
}

/// Orthonormal rows from Gaussian ones, or columns if there are more rows than columns: without preferred direction,
/// because the Gaussian has none.
fn orthogonal(gaussian: Vec<f64>, columns: usize) -> Vec<f64> {
    let rows = gaussian.len() / columns.max(1);
    if rows > columns {
        return transpose(&orthogonal(transpose(&gaussian, columns), rows), rows);
    }
    let mut done: Vec<f64> = Vec::with_capacity(gaussian.len());
    for row in gaussian.chunks(columns.max(1)) {
        let mut row = row.to_vec();
        // Gram and Schmidt's method loses orthogonality to rounding; done twice, it does not (Giraud et al. 2005).
        for _ in 0..2 {
            for before in done.chunks(columns) {
                let along: f64 = row.iter().zip(before).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(before).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        done.extend(row.iter().map(|a| a / norm));
    }
    done
}

/// The memory of the parameters.
pub fn bytes(parameters: &[Parameter], precision: Precision) -> u64 {
    let width = precision.bytes() as u64;
    let bytes = |parameter: &Parameter| width.saturating_mul(count(&parameter.dims) as u64);
    parameters.iter().map(bytes).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, init: Init) -> Parameter {
        Parameter {
            name: name.to_owned(),
            group: "W".to_owned(),
            site: "a->b".to_owned(),
            layer: "b".to_owned(),
            dims: vec![40, 50],
            init,
            learned: true,
            synaptic: true,
            mask: None,
        }
    }

    fn drawn(all: &[Parameter], seed: u64, precision: Precision) -> Vec<Tensor> {
        parameters(all, seed, precision).unwrap()
    }

    #[test]
    fn a_parameter_does_not_depend_on_its_neighbours() {
        let init = Init::Normal { mean: 0.0, deviation: 1.0 };
        let (w, b) = (parameter("W/a->b", init.clone()), parameter("B/b->a", init));
        let alone = drawn(std::slice::from_ref(&w), 3, Precision::F64);
        let second = drawn(&[b, w], 3, Precision::F64);
        assert_eq!(alone[0], second[1]);
        assert_ne!(second[0], second[1]);
    }

    #[test]
    fn single_precision_is_the_rounding_of_double() {
        let all = [parameter("W/a->b", Init::Uniform { low: -0.5, high: 2.0 })];
        let (wide, narrow) = (drawn(&all, 9, Precision::F64), drawn(&all, 9, Precision::F32));
        assert_eq!(wide[0].cast(Precision::F32), narrow[0]);
    }

    #[test]
    fn laws_are_respected() {
        let uniform = &drawn(&[parameter("u", Init::Uniform { low: -0.5, high: 2.0 })], 1, Precision::F64)[0];
        assert!(uniform.to_f64().iter().all(|x| (-0.5..2.0).contains(x)));
        let constant = &drawn(&[parameter("c", Init::Constant(0.25))], 1, Precision::F32)[0];
        assert!(constant.to_f64().iter().all(|&x| x == 0.25));
        let normal = drawn(&[parameter("n", Init::Normal { mean: 3.0, deviation: 0.1 })], 1, Precision::F64);
        let numbers = normal[0].to_f64();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / numbers.len() as f64;
        assert!((mean - 3.0).abs() < 0.012 && (variance.sqrt() - 0.1).abs() < 0.01);
    }
}
