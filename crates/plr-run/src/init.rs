//! Parameters before the first update.

mod elements;
mod orthogonal;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use plr_ir::model::{Init, Parameter};
use plr_ir::scalar::Real;
use plr_ir::tensor::Data;
use plr_ir::types::count;
use plr_ir::{Precision, Tensor};

use crate::draws::Draws;
use crate::room::{self, NoRoom};

use elements::Elements;

/// As many numbers are worth a thread.
const SHARE: usize = 1 << 15;

/// The first value of every parameter, in the order given.
///
/// The numbers are drawn in f64 and then rounded, from a stream of the parameter's own name: they depend on the seed,
/// the name and the law, and neither on the precision (up to rounding) nor on what else the rule contains (R11.2).
///
/// # Errors
/// If there is no memory for them.
pub fn parameters(parameters: &[Parameter], seed: u64, precision: Precision) -> Result<Vec<Tensor>, NoRoom> {
    on_threads(parameters, seed, precision, 1)
}

/// The same, drawn by so many threads at most.
///
/// # Errors
/// If there is no memory for them.
pub fn on_threads(
    parameters: &[Parameter],
    seed: u64,
    precision: Precision,
    threads: usize,
) -> Result<Vec<Tensor>, NoRoom> {
    room::check(bytes(parameters, precision))?;
    let none = BTreeMap::new();
    Ok(parameters.iter().map(|parameter| draw(parameter, seed, precision, &none, threads)).collect())
}

/// The same with the numbers that are given, by name, in the place of what a rule says of them (R18.3): within the constraints, and
/// what follows them follows what is given (R4.7, R4.10, R4.11).
pub fn with_given(
    parameters: &[Parameter],
    seed: u64,
    precision: Precision,
    given: &BTreeMap<String, Tensor>,
) -> Vec<Tensor> {
    parameters.iter().map(|parameter| draw(parameter, seed, precision, given, 1)).collect()
}

fn draw(
    parameter: &Parameter,
    seed: u64,
    precision: Precision,
    given: &BTreeMap<String, Tensor>,
    threads: usize,
) -> Tensor {
    let mut drawing = Drawing { seed, name: &parameter.name, laws: 0, given };
    let elements = Elements::new(&parameter.init, &parameter.dims, &mut drawing);
    let count = count(&parameter.dims);
    let data = match precision {
        Precision::F32 => Data::F32(written(&elements, count, threads)),
        Precision::F64 => Data::F64(written(&elements, count, threads)),
    };
    Tensor { dims: parameter.dims.clone(), data }
}

/// So many of the elements, a part of them by each thread; by fewer threads if the system gives no more.
fn written<T: Real>(elements: &Elements<'_>, count: usize, threads: usize) -> Vec<T> {
    let mut all = vec![T::default(); count];
    let part = count.div_ceil(threads.max(1)).next_multiple_of(SHARE);
    let parts = Mutex::new(all.chunks_mut(part).enumerate());
    let next = || parts.lock().ok()?.next();
    let work = || {
        while let Some((at, out)) = next() {
            elements.write(at * part, out);
        }
    };
    thread::scope(|scope| {
        let begins = |_| thread::Builder::new().spawn_scoped(scope, work).is_ok();
        // Whether all have begun does not matter.
        let _ = (1..count.div_ceil(part)).all(begins);
        work();
    });
    all
}

/// The first value of one parameter in the making.
struct Drawing<'a> {
    seed: u64,
    name: &'a str,
    /// How many laws there are so far: each has a stream of its own.
    laws: u32,
    /// What is given instead, by name.
    given: &'a BTreeMap<String, Tensor>,
}

impl<'a> Drawing<'a> {
    /// The stream of the next law.
    fn law(&mut self) -> Draws {
        let draws = Draws::new(self.seed, self.name, self.laws);
        self.laws += 1;
        draws
    }

    /// Several parts, in their order.
    fn parts<const N: usize>(&mut self, dims: &'a [usize], parts: [&'a Init; N]) -> [Elements<'a>; N] {
        parts.map(|part| Elements::new(part, dims, self))
    }
}

/// The memory of the parameters.
pub fn bytes(parameters: &[Parameter], precision: Precision) -> u64 {
    let width = precision.bytes() as u64;
    let bytes = |parameter: &Parameter| width.saturating_mul(count(&parameter.dims) as u64);
    parameters.iter().map(bytes).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use plr_ir::scalar::BinaryOp;

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

    /// Drawn on three threads, in parts of a prime length, and as they were always drawn, one after another.
    #[test]
    fn threads_change_nothing() {
        let law = |low, high| Box::new(Init::Uniform { low, high });
        let normal = Init::Normal { mean: 0.5, deviation: 2.0 };
        let sum = Init::Binary(BinaryOp::Add, Box::new(normal), law(-1.0, 1.0));
        let init = Init::Select(Box::new([Init::Bernoulli(0.3), sum, Init::Identity]));
        let all = [Parameter { dims: vec![331, 307], ..parameter("W/a->b", init) }];
        let mut streams = [0, 1, 2].map(|law| Draws::new(4, "W/a->b", law));
        let [bernoulli, normal, uniform] = &mut streams;
        let expected: Vec<f64> = (0..331 * 307)
            .map(|at| {
                let chosen = bernoulli.uniform() < 0.3;
                let sum = (0.5 + 2.0 * normal.normal()) + (-1.0 + 2.0 * uniform.uniform());
                if chosen { sum } else { f64::from(u8::from(at / 307 == at % 307)) }
            })
            .collect();
        for threads in [1, 3] {
            let found = on_threads(&all, 4, Precision::F64, threads).unwrap();
            assert_eq!(found[0].to_f64(), expected);
        }
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
