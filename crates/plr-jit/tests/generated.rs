//! Generated programs, as they are and optimised, against plain loops: every operation in every surrounding, bit for bit.

mod naive;

use naive::Draws;
use plr_ir::generate::{self, Settings};
use plr_ir::scalar::Real;
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program, Tensor};
use plr_jit::{Context, Executable, Options};

const CONTEXT: Context = Context { seed: 11, update: 3 };

/// The outputs of compiled code.
fn compiled(program: &Program, inputs: &[Tensor], threads: usize) -> Vec<Tensor> {
    let options = Options { threads, verify_clif: true, keep_text: false };
    let mut executable = Executable::compile(program, &options).expect("generated programs compile");
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let zeros = |&value| Tensor::zeros(program.type_of(value).dims.clone(), program.precision);
    let mut outputs: Vec<Tensor> = program.body.results.iter().map(zeros).collect();
    executable.run(&inputs, &mut outputs, CONTEXT).expect("the tensors fit");
    let first = outputs.clone();
    executable.run(&inputs, &mut outputs, CONTEXT).expect("the tensors fit");
    assert!(same(&first, &outputs), "a second run gives other results");
    outputs
}

/// Equal bits, or both NaN.
fn same(a: &[Tensor], b: &[Tensor]) -> bool {
    a.iter().zip(b).all(|(a, b)| match (&a.data, &b.data) {
        (Data::F32(a), Data::F32(b)) => {
            a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
        }
        (Data::F64(a), Data::F64(b)) => {
            a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
        }
        (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => false,
    })
}

/// The outputs of plain loops.
fn plain<T: Real>(program: &Program, inputs: &[Tensor]) -> Vec<Tensor> {
    let inputs: Vec<Vec<T>> = inputs.iter().map(naive::elements).collect();
    let outputs = naive::run(program, &inputs, Draws { seed: CONTEXT.seed, update: CONTEXT.update });
    let tensor = |(&value, x): (&plr_ir::Value, Vec<T>)| {
        let numbers: Vec<f64> = x.into_iter().map(Real::to_f64).collect();
        Tensor::from_f64(program.type_of(value).dims.clone(), &numbers, program.precision)
    };
    program.body.results.iter().zip(outputs).map(tensor).collect()
}

fn compare(seed: u64, program: &Program, threads: usize) {
    let inputs = generate::inputs(program, seed);
    let expected = match program.precision {
        Precision::F32 => plain::<f32>(program, &inputs),
        Precision::F64 => plain::<f64>(program, &inputs),
    };
    let found = compiled(program, &inputs, threads);
    if !same(&expected, &found) {
        let text = plr_ir::text::print(program);
        panic!("seed {seed}, {}:\n{text}\nexpected {expected:?}\nfound {found:?}", program.precision);
    }
}

fn sweep(seeds: std::ops::Range<u64>, make: fn(u64, &Settings) -> Program) {
    for seed in seeds {
        for precision in Precision::ALL {
            let settings = Settings::new(precision);
            compare(seed, &make(seed, &settings), [1, 2, 3, 7][seed as usize % 4]);
        }
    }
}

#[test]
fn programs_as_generated() {
    sweep(0..400, generate::program);
}

#[test]
fn optimised_programs() {
    sweep(1000..1400, generate::fused);
}
