//! What holds for every program: differences, adjointness, linearity in the cotangents, loops as their unrolled steps.

use plr_interp::{Context, gradient};
use plr_ir::builder::Builder;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program, Tensor, Type, Value};

use crate::finite_differences::{STEP, assert_differentiable};
use crate::sample::{Sample, assert_close, f64s, inner, pull, run};
use crate::smooth;

/// `a + factor · b`, element by element.
fn combined(a: &[Tensor], factor: f64, b: &[Tensor]) -> Vec<Tensor> {
    let sum =
        |a: &Tensor, b: &Tensor| a.to_f64().iter().zip(b.to_f64()).map(|(a, b)| a + factor * b).collect();
    a.iter().zip(b).map(|(a, b)| Tensor { dims: a.dims.clone(), data: Data::F64(sum(a, b)) }).collect()
}

fn numbers(tensors: &[Tensor]) -> Vec<f64> {
    tensors.iter().flat_map(Tensor::to_f64).collect()
}

#[test]
fn gradients_of_random_programs_agree_with_differences() {
    for seed in 0..200 {
        let program = smooth::program(seed, 4 + seed as usize % 17);
        let inputs = Sample(seed + 1000).inputs(&program, -1.0, 1.0);
        assert_differentiable(&program, &inputs, 1e-6, &program.name);
    }
}

/// `⟨v, J u⟩ = ⟨Jᵀ v, u⟩`, with `J u` by central differences along `u`.
#[test]
fn the_pulled_back_cotangent_is_adjoint_to_the_directional_derivative() {
    for seed in 200..400 {
        let program = smooth::program(seed, 30);
        let mut sample = Sample(seed);
        let inputs = sample.inputs(&program, -1.0, 1.0);
        let direction = sample.inputs(&program, -1.0, 1.0);
        let cotangents = sample.cotangents(&program);
        let found = inner(&pull(&program, &inputs, &cotangents).gradients, &direction);
        let [ahead, behind] = [STEP, -STEP]
            .map(|step| inner(&run(&program, &combined(&inputs, step, &direction)), &cotangents));
        let expected = (ahead - behind) / (2.0 * STEP);
        assert!(
            (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
            "{}: {found}, {expected}",
            program.name
        );
    }
}

#[test]
fn gradients_are_linear_in_the_cotangents() {
    for seed in 400..450 {
        let program = smooth::program(seed, 20);
        let mut sample = Sample(seed);
        let inputs = sample.inputs(&program, -1.0, 1.0);
        let (v, w) = (sample.cotangents(&program), sample.cotangents(&program));
        let [by_v, by_w] = [&v, &w].map(|cotangents| pull(&program, &inputs, cotangents).gradients);
        let by_sum = pull(&program, &inputs, &combined(&v, -2.5, &w)).gradients;
        assert_close(&numbers(&by_sum), &numbers(&combined(&by_v, -2.5, &by_w)), 1e-11);
    }
}

#[test]
fn single_precision_gradients_are_those_of_double_precision_rounded() {
    for seed in 450..550 {
        let double = smooth::program(seed, 12);
        let mut single = double.clone();
        single.precision = Precision::F32;
        let mut sample = Sample(seed);
        let (inputs, cotangents) = (sample.inputs(&double, -1.0, 1.0), sample.cotangents(&double));
        let narrow = |tensors: &[Tensor]| tensors.iter().map(|t| t.cast(Precision::F32)).collect::<Vec<_>>();
        let expected = numbers(&pull(&double, &inputs, &cotangents).gradients);
        let found = numbers(&pull(&single, &narrow(&inputs), &narrow(&cotangents)).gradients);
        assert_close(&found, &expected, 1e-3);
    }
}

/// One step of a small recurrent network.
fn step(b: &mut Builder, weights: Value, drive: Value, state: Value, step: Value) -> Value {
    let recurrent = b.contract("ij,bj->bi", weights, state);
    let sum = b.binary(BinaryOp::Add, recurrent, drive);
    let step = b.broadcast(step, &[], &[2, 3]);
    let sum = b.binary(BinaryOp::Sub, sum, step);
    b.unary(UnaryOp::Tanh, sum)
}

fn recurrent(count: u32, unrolled: bool) -> Program {
    let mut b = Builder::new("recurrent", Precision::F64);
    let weights = b.input("weights", Type::real([3, 3]));
    let drive = b.input("drive", Type::real([2, 3]));
    let start = b.input("start", Type::real([2, 3]));
    let end = if unrolled {
        (0..count).fold(start, |state, k| {
            let k = b.constant(f64::from(k), &[]);
            step(&mut b, weights, drive, state, k)
        })
    } else {
        b.repeat(count, &[start], |b, k, carried| {
            let k = b.convert_index(k);
            vec![step(b, weights, drive, carried[0], k)]
        })[0]
    };
    b.output("end", end);
    b.finish()
}

#[test]
fn a_loop_is_its_unrolled_steps_bit_for_bit() {
    for count in [1, 2, 7] {
        let (rolled, unrolled) = (recurrent(count, false), recurrent(count, true));
        let mut sample = Sample(14);
        let (inputs, cotangents) = (sample.inputs(&rolled, -1.0, 1.0), sample.cotangents(&rolled));
        assert_eq!(pull(&rolled, &inputs, &cotangents), pull(&unrolled, &inputs, &cotangents));
    }
}

#[test]
fn inputs_that_do_not_reach_a_seeded_output_have_gradient_zero() {
    let mut b = Builder::new("apart", Precision::F64);
    let [x, y, unused] = ["x", "y", "unused"].map(|name| b.input(name, Type::real([2])));
    let (fx, fy) = (b.unary(UnaryOp::Exp, x), b.unary(UnaryOp::Exp, y));
    b.output("fx", fx);
    b.output("fy", fy);
    b.output("y", y);
    let program = b.finish();
    assert_eq!(program.input("unused"), Some(unused));
    let input = f64s(&[2], &[0.0, 0.0]);
    let wanted = [2, 1, 0, 1];
    let by = |seeds: &[(&str, Tensor)]| {
        let found =
            gradient(&program, &[&input, &input, &input], Context::default(), seeds, &wanted).unwrap();
        found.gradients.iter().map(Tensor::to_f64).collect::<Vec<_>>()
    };
    let seed = f64s(&[2], &[3.0, 5.0]);
    let (none, once) = (vec![0.0, 0.0], vec![3.0, 5.0]);
    assert_eq!(by(&[("fx", seed.clone())]), [none.clone(), none.clone(), once.clone(), none.clone()]);
    // The input is itself an output, and one output is seeded twice: cotangents add up.
    let seeds = [("fy", seed.clone()), ("y", seed.clone()), ("fy", seed)];
    let thrice = vec![9.0, 15.0];
    assert_eq!(by(&seeds), [none.clone(), thrice.clone(), none.clone(), thrice]);
    assert_eq!(by(&[]), [none.clone(), none.clone(), none.clone(), none]);
}

#[test]
fn a_value_that_is_carried_and_captured_collects_both_cotangents() {
    // x ← x·w + x₀, with x₀ also the start: after two steps w²x₀ + wx₀ + x₀.
    let mut b = Builder::new("captured", Precision::F64);
    let (w, start) = (b.input("w", Type::real([])), b.input("x0", Type::real([])));
    let results = b.repeat(2, &[start], |b, _, carried| {
        let product = b.binary(BinaryOp::Mul, carried[0], w);
        vec![b.binary(BinaryOp::Add, product, start)]
    });
    b.output("x", results[0]);
    let found = pull(&b.finish(), &[f64s(&[], &[3.0]), f64s(&[], &[2.0])], &[f64s(&[], &[1.0])]);
    assert_eq!(numbers(&found.outputs), [26.0]);
    assert_eq!(numbers(&found.gradients), [2.0 * 3.0 * 2.0 + 2.0, 13.0]);
}
