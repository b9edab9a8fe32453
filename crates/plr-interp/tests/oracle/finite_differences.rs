//! Central differences of programs in double precision.

use plr_ir::tensor::Data;
use plr_ir::{Program, Tensor};

use crate::sample::{Sample, inner, pull, run};

/// The half-width of the differences: where their truncation and rounding errors are about equal.
pub const STEP: f64 = 6e-6;

/// Derivatives of `Σ ⟨cotangent, output⟩` by every element of every input.
pub fn differences(program: &Program, inputs: &[Tensor], cotangents: &[Tensor]) -> Vec<Vec<f64>> {
    let by_element = |i: usize, element: usize| {
        let at = |shift: f64| {
            let mut moved = inputs.to_vec();
            if let Data::F64(numbers) = &mut moved[i].data {
                numbers[element] += shift;
            }
            inner(&run(program, &moved), cotangents)
        };
        (at(STEP) - at(-STEP)) / (2.0 * STEP)
    };
    (0..inputs.len())
        .map(|i| (0..inputs[i].count()).map(|element| by_element(i, element)).collect())
        .collect()
}

/// Fails unless the gradients agree with central differences, for random cotangents.
#[track_caller]
pub fn assert_differentiable(program: &Program, inputs: &[Tensor], tolerance: f64, what: &str) {
    let cotangents = Sample(99).cotangents(program);
    let found = pull(program, inputs, &cotangents);
    assert_eq!(found.outputs, run(program, inputs), "{what}: outputs of a recorded run");
    let expected = differences(program, inputs, &cotangents);
    for (i, (found, expected)) in found.gradients.iter().zip(expected).enumerate() {
        let scale =
            1.0 + expected.iter().fold(0.0, |largest, x| if x.abs() > largest { x.abs() } else { largest });
        for (element, (f, e)) in found.to_f64().iter().zip(&expected).enumerate() {
            let close = (f - e).abs() <= tolerance * scale;
            assert!(close, "{what}: input {i}, element {element}: {f}, by differences {e}");
        }
    }
}
