//! Parameters before the first update.

use plr_ir::model::{Init, Parameter};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor};

use crate::draws::Draws;

/// The first value of every parameter, in the order given.
///
/// The numbers are drawn in f64 and then rounded, from a stream of the parameter's own name: they depend on the seed,
/// the name and the law, and neither on the precision (up to rounding) nor on what else the rule contains (R11.2).
pub fn parameters(parameters: &[Parameter], seed: u64, precision: Precision) -> Vec<Tensor> {
    parameters.iter().map(|parameter| draw(parameter, seed, precision)).collect()
}

fn draw(parameter: &Parameter, seed: u64, precision: Precision) -> Tensor {
    let mut draws = Draws::new(seed, &parameter.name, 0);
    let mut element = || match parameter.init {
        Init::Constant(value) => value,
        Init::Uniform { low, high } => low + (high - low) * draws.uniform(),
        Init::Normal { mean, deviation } => mean + deviation * draws.normal(),
    };
    let places = 0..parameter.dims.iter().product();
    let data = match precision {
        Precision::F32 => Data::F32(places.map(|_| element() as f32).collect()),
        Precision::F64 => Data::F64(places.map(|_| element()).collect()),
    };
    Tensor { dims: parameter.dims.clone(), data }
}

/// The memory of the parameters.
pub fn bytes(parameters: &[Parameter], precision: Precision) -> u64 {
    let width = match precision {
        Precision::F32 => 4,
        Precision::F64 => 8,
    };
    parameters.iter().map(|p| width * p.dims.iter().product::<usize>() as u64).sum()
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
        }
    }

    #[test]
    fn a_parameter_does_not_depend_on_its_neighbours() {
        let init = Init::Normal { mean: 0.0, deviation: 1.0 };
        let (w, b) = (parameter("W/a->b", init), parameter("B/b->a", init));
        let alone = parameters(std::slice::from_ref(&w), 3, Precision::F64);
        let second = parameters(&[b, w], 3, Precision::F64);
        assert_eq!(alone[0], second[1]);
        assert_ne!(second[0], second[1]);
    }

    #[test]
    fn single_precision_is_the_rounding_of_double() {
        let all = [parameter("W/a->b", Init::Uniform { low: -0.5, high: 2.0 })];
        let (wide, narrow) = (parameters(&all, 9, Precision::F64), parameters(&all, 9, Precision::F32));
        assert_eq!(wide[0].cast(Precision::F32), narrow[0]);
    }

    #[test]
    fn laws_are_respected() {
        let uniform =
            &parameters(&[parameter("u", Init::Uniform { low: -0.5, high: 2.0 })], 1, Precision::F64)[0];
        assert!(uniform.to_f64().iter().all(|x| (-0.5..2.0).contains(x)));
        let constant = &parameters(&[parameter("c", Init::Constant(0.25))], 1, Precision::F32)[0];
        assert!(constant.to_f64().iter().all(|&x| x == 0.25));
        let normal =
            parameters(&[parameter("n", Init::Normal { mean: 3.0, deviation: 0.1 })], 1, Precision::F64);
        let numbers = normal[0].to_f64();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / numbers.len() as f64;
        assert!((mean - 3.0).abs() < 0.012 && (variance.sqrt() - 0.1).abs() < 0.01);
    }
}
