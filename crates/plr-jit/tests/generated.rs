//! Generated programs, as they are and optimised, against plain loops: every operation in every surrounding, bit for bit.

mod compiled;
mod naive;

use naive::Draws;
use plr_ir::generate::{self, Settings};
use plr_ir::scalar::Real;
use plr_ir::{Precision, Program, Tensor};
use plr_jit::Context;

const CONTEXT: Context = Context { seed: 11, update: 3 };

/// The outputs of plain loops.
fn plain<T: Real>(program: &Program, inputs: &[Tensor]) -> Vec<Tensor> {
    let inputs: Vec<Vec<T>> = inputs.iter().map(naive::elements).collect();
    let outputs = naive::run(program, &inputs, Draws { seed: CONTEXT.seed, update: CONTEXT.update });
    let tensor = |(&value, x): (&plr_ir::Value, Vec<T>)| compiled::tensor(&program.type_of(value).dims, &x);
    program.body.results.iter().zip(outputs).map(tensor).collect()
}

fn compare(seed: u64, program: &Program, threads: usize) {
    let inputs = generate::inputs(program, seed);
    let expected = match program.precision {
        Precision::F32 => plain::<f32>(program, &inputs),
        Precision::F64 => plain::<f64>(program, &inputs),
    };
    let found = compiled::run(program, &inputs, threads, CONTEXT);
    if !compiled::same(&expected, &found) {
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
    sweep(0..100, generate::program);
}

#[test]
fn optimised_programs() {
    sweep(1000..1100, generate::fused);
}
