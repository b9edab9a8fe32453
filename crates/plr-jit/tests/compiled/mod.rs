//! Running compiled programs in tests, and comparing what they give.

#![allow(dead_code, reason = "each test file uses a part")]

use plr_ir::choices::Choices;
use plr_ir::scalar::Real;
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program, Tensor, Value};
use plr_jit::{Context, Executable, Options};

/// Compiles with the code generator's checks.
pub fn compile(program: &Program, threads: usize) -> Executable {
    compile_with(program, threads, Choices::default())
}

fn compile_with(program: &Program, threads: usize, choices: Choices) -> Executable {
    let options = Options { threads, verify_clif: true, choices, ..Options::default() };
    Executable::compile(program, &options).expect("the program compiles")
}

/// Outputs of the right size, full of NaN: nothing may depend on what is in them.
pub fn outputs(program: &Program) -> Vec<Tensor> {
    let outputs = program.body.results.iter().map(|&value| {
        let ty = program.type_of(value);
        Tensor::from_f64(ty.dims.clone(), &vec![f64::NAN; ty.count()], program.precision)
    });
    outputs.collect()
}

/// Small integers for every input: every order of summation gives the same.
pub fn small_integers(program: &Program) -> Vec<Tensor> {
    let tensor = |(at, &value): (usize, &Value)| {
        let ty = program.type_of(value);
        let number = |i: usize| ((i * 31 + at * 7 + i / 5) % 5) as f64 - 2.0;
        Tensor::from_f64(ty.dims.clone(), &(0..ty.count()).map(number).collect::<Vec<_>>(), program.precision)
    };
    program.body.parameters.iter().enumerate().map(tensor).collect()
}

/// Compiles, runs twice, and gives the outputs, which must be the same both times, and with vectors of 128 bits too.
pub fn run(program: &Program, inputs: &[Tensor], threads: usize, context: Context) -> Vec<Tensor> {
    let mut executable = compile(program, threads);
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let (mut first, mut second) = (outputs(program), outputs(program));
    executable.run(&inputs, &mut first, context).expect("the tensors fit");
    executable.run(&inputs, &mut second, context).expect("the tensors fit");
    assert!(same(&first, &second), "a second run gives other results");
    let mut narrow = compile_with(program, threads, Choices { wide: false, ..Choices::default() });
    narrow.run(&inputs, &mut second, context).expect("the tensors fit");
    assert!(same(&first, &second), "vectors of another width give other results");
    first
}

/// Whether all elements have equal bits, or are both NaN.
pub fn same(a: &[Tensor], b: &[Tensor]) -> bool {
    let close = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    let equal = |a: &Tensor, b: &Tensor| {
        a.dims == b.dims
            && a.precision() == b.precision()
            && a.to_f64().iter().zip(b.to_f64()).all(|(&a, b)| close(a, b))
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}

/// Fails with the first element that differs.
pub fn assert_same<T: Real>(what: &str, found: &Tensor, expected: &[T]) {
    let found = found.to_f64();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let e = e.to_f64();
        assert!(
            f.to_bits() == e.to_bits() || f.is_nan() && e.is_nan(),
            "{what}: element {i} is {f:e}, not {e:e}"
        );
    }
}

/// A tensor of these elements.
pub fn tensor<T: Real>(dims: &[usize], elements: &[T]) -> Tensor {
    let data = match T::PRECISION {
        Precision::F32 => Data::F32(elements.iter().map(|x| x.to_f64() as f32).collect()),
        Precision::F64 => Data::F64(elements.iter().map(|x| x.to_f64()).collect()),
    };
    Tensor { dims: dims.to_vec(), data }
}

/// Numbers in (−1, 1) from a linear congruential generator (Knuth, MMIX).
pub fn uniform<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| T::from_f64(next())).collect()
}
