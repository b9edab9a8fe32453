//! Generated IR: compiled and interpreted, as generated and optimised, all four bit for bit.

use plr_ir::generate::{self, Settings};
use plr_ir::pass::{Options, inexact, optimise};
use plr_ir::{Precision, Program, Tensor};
use plr_run::backend::{Backend, Context, Runner};

use super::Broken;

/// One seed, in both precisions.
pub fn case(seed: u64) -> Result<(), Broken> {
    for precision in Precision::ALL {
        let program = generate::program(seed, &Settings::new(precision));
        let inputs = generate::inputs(&program, seed);
        let mut optimised = program.clone();
        let exactly = Options { verify: true, without: inexact(), ..Options::default() };
        optimise(&mut optimised, exactly);
        let expected = outputs(&program, &inputs, Backend::Interpreter, seed)?;
        let compiled = Backend::Jit { threads: 1 + seed as usize % 3 };
        for (what, subject, backend) in [
            ("optimised, interpreted", &optimised, Backend::Interpreter),
            ("compiled", &program, compiled),
            ("optimised, compiled", &optimised, compiled),
        ] {
            let found = outputs(subject, &inputs, backend, seed)?;
            for (k, name) in program.outputs.iter().enumerate() {
                if !same_bits(&expected[k], &found[k]) {
                    return Err(Broken::new(&program, format!("{precision}, {what}: `{name}` differs")));
                }
            }
        }
    }
    Ok(())
}

fn outputs(program: &Program, inputs: &[Tensor], backend: Backend, seed: u64) -> Result<Vec<Tensor>, Broken> {
    let run = || {
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let mut runner = Runner::new(program.clone(), backend)?;
        runner.run(&inputs, Context { seed, update: 3 }).map(|outputs| outputs.to_vec())
    };
    run().map_err(|error| Broken::new(program, error))
}

/// Whether two tensors are the same to the last bit; all NaN are one.
pub fn same_bits(a: &Tensor, b: &Tensor) -> bool {
    let bits = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    let equal = |(a, b): (f64, f64)| bits(a) == bits(b);
    a.dims == b.dims && a.to_f64().into_iter().zip(b.to_f64()).all(equal)
}
