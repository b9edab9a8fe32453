//! Deterministic numbers to test on, and short ways to run programs on them.

use plr_interp::{Context, Differentiated, evaluate, vjp};
use plr_ir::{Precision, Program, Tensor};

/// The SplitMix64 sequence (Steele, Lea & Flood 2014), independent of the generator under test.
pub struct Sample(pub u64);

impl Sample {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number between two bounds.
    pub fn number(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// A tensor of numbers between two bounds, in double precision.
    pub fn tensor(&mut self, dims: &[usize], low: f64, high: f64) -> Tensor {
        let numbers: Vec<f64> = (0..dims.iter().product()).map(|_| self.number(low, high)).collect();
        f64s(dims, &numbers)
    }

    /// Tensors for all inputs of a program, between two bounds, in double precision.
    pub fn inputs(&mut self, program: &Program, low: f64, high: f64) -> Vec<Tensor> {
        let parameters = &program.body.parameters;
        parameters.iter().map(|&parameter| self.tensor(&program.type_of(parameter).dims, low, high)).collect()
    }

    /// Cotangents for all outputs of a program, between −1 and 1, in double precision.
    pub fn cotangents(&mut self, program: &Program) -> Vec<Tensor> {
        program
            .body
            .results
            .iter()
            .map(|&result| self.tensor(&program.type_of(result).dims, -1.0, 1.0))
            .collect()
    }
}

/// A tensor in double precision.
pub fn f64s(dims: &[usize], numbers: &[f64]) -> Tensor {
    Tensor::from_f64(dims, numbers, Precision::F64)
}

/// A tensor in single precision.
pub fn f32s(dims: &[usize], numbers: &[f64]) -> Tensor {
    Tensor::from_f64(dims, numbers, Precision::F32)
}

/// The outputs of a program on inputs that fit, under the default context.
pub fn run(program: &Program, inputs: &[Tensor]) -> Vec<Tensor> {
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    evaluate(program, &inputs, Context::default()).unwrap()
}

/// The numbers of a program's only output.
pub fn run1(program: &Program, inputs: &[Tensor]) -> Vec<f64> {
    let outputs = run(program, inputs);
    assert_eq!(outputs.len(), 1);
    outputs[0].to_f64()
}

/// Outputs and gradients by all inputs, under the default context.
pub fn pull(program: &Program, inputs: &[Tensor], cotangents: &[Tensor]) -> Differentiated {
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    vjp(program, &inputs, Context::default(), cotangents).unwrap()
}

/// Fails unless the numbers agree within `tolerance · (1 + |expected|)`.
#[track_caller]
pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance * (1.0 + e.abs()), "element {i}: {f} instead of {e}");
    }
}

/// The sum of products of corresponding elements of lists of tensors.
pub fn inner(a: &[Tensor], b: &[Tensor]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).flat_map(|(a, b)| a.to_f64().into_iter().zip(b.to_f64())).map(|(a, b)| a * b).sum()
}
