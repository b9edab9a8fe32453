//! Passes keep the meaning of programs, bit for bit, and so their derivatives, up to rounding.

use plr_interp::{Context, evaluate};
use plr_ir::generate::{Settings, inputs, program};
use plr_ir::pass::{Options, PIPELINE, inexact, optimise};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program, Tensor};

use crate::sample::{Sample, assert_close, pull};
use crate::smooth;

/// The bits of all numbers; every NaN as one, for which of them an operation returns is not specified.
fn bits(tensors: &[Tensor]) -> Vec<u64> {
    let of = |tensor: &Tensor| match &tensor.data {
        Data::F32(x) => {
            x.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits().into() }).collect::<Vec<_>>()
        }
        Data::F64(x) => x.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect(),
    };
    tensors.iter().flat_map(of).collect()
}

fn outputs(program: &Program, inputs: &[Tensor]) -> Vec<u64> {
    let references: Vec<&Tensor> = inputs.iter().collect();
    bits(&evaluate(program, &references, Context { seed: 5, update: 6, draws: None }).unwrap())
}

fn check(original: &Program, inputs: &[Tensor], seed: u64) {
    let expected = outputs(original, inputs);
    let mut transformed = original.clone();
    for pass in PIPELINE.iter().filter(|pass| pass.exact) {
        (pass.run)(&mut transformed);
        assert!(
            outputs(&transformed, inputs) == expected,
            "{} after {}, seed {seed}",
            original.name,
            pass.name
        );
    }
    for pass in PIPELINE.iter().filter(|pass| pass.exact) {
        let mut alone = original.clone();
        (pass.run)(&mut alone);
        assert!(
            outputs(&alone, inputs) == expected,
            "{} after {} alone, seed {seed}",
            original.name,
            pass.name
        );
    }
}

#[test]
fn every_pass_keeps_every_bit_of_generated_programs() {
    for seed in 0..400 {
        let precision = Precision::ALL[seed as usize % 2];
        let settings = Settings { exact: seed % 4 < 2, ..Settings::new(precision) };
        let original = program(seed, &settings);
        check(&original, &inputs(&original, seed + 1), seed);
    }
}

#[test]
fn optimised_programs_have_the_derivatives_of_the_original() {
    for seed in 600..700 {
        let original = smooth::program(seed, 25);
        let mut optimised = original.clone();
        optimise(&mut optimised, Options { without: inexact(), ..Options::default() });
        let mut sample = Sample(seed);
        let (inputs, cotangents) = (sample.inputs(&original, -1.0, 1.0), sample.cotangents(&original));
        let [expected, found] = [&original, &optimised].map(|program| pull(program, &inputs, &cotangents));
        assert_eq!(bits(&found.outputs), bits(&expected.outputs), "{}", original.name);
        for (found, expected) in found.gradients.iter().zip(&expected.gradients) {
            assert_close(&found.to_f64(), &expected.to_f64(), 1e-10);
        }
    }
}
