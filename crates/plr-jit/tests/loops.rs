//! Loops: what they carry, when they stop, and where their values live.

mod compiled;

use compiled::{assert_same, run, tensor, uniform};
use plr_ir::builder::Builder;
use plr_ir::program::{Law, ReduceKind};
use plr_ir::random::{Address, draw};
use plr_ir::scalar::BinaryOp;
use plr_ir::{Precision, Program, Type, Value};
use plr_jit::Context;

const F64: Precision = Precision::F64;

fn scalar(number: f64) -> plr_ir::Tensor {
    tensor(&[], &[number])
}

fn f64_outputs(program: &Program, inputs: &[plr_ir::Tensor]) -> Vec<f64> {
    run(program, inputs, 1, Context::default()).iter().flat_map(plr_ir::Tensor::to_f64).collect()
}

/// `x ← x/2 + 1` has the fixed point 2, and its distance halves at each step.
fn halving(count: u32, tolerance: Option<f64>) -> Program {
    halving_in(F64, count, tolerance)
}

fn halving_in(precision: Precision, count: u32, tolerance: Option<f64>) -> Program {
    let mut b = Builder::new("halving", precision);
    let x = b.input("x", Type::real([]));
    let step = |b: &mut Builder, x: Value| {
        let (half, one) = (b.constant(0.5, &[]), b.constant(1.0, &[]));
        let scaled = b.binary(BinaryOp::Mul, x, half);
        b.binary(BinaryOp::Add, scaled, one)
    };
    let results = match tolerance {
        None => b.repeat(count, &[x], |b, _, carried| vec![step(b, carried[0])]),
        Some(tolerance) => b.repeat_until(count, tolerance, &[x], |b, _, carried| {
            let next = step(b, carried[0]);
            (vec![next], b.binary(BinaryOp::Sub, next, carried[0]))
        }),
    };
    b.output("x", results[0]);
    if let [_, steps, residual] = results[..] {
        let steps = b.convert_index(steps);
        b.output("steps", steps);
        b.output("residual", residual);
    }
    b.finish()
}

#[test]
fn a_loop_runs_its_count() {
    for (count, expected) in [(1, 1.0), (2, 1.5), (3, 1.75), (10, 2.0 - 1.0 / 512.0)] {
        assert_eq!(f64_outputs(&halving(count, None), &[scalar(0.0)]), [expected]);
    }
}

#[test]
fn a_loop_stops_after_the_first_residual_below_tolerance() {
    // From 0 the changes are 1, 1/2, 1/4, …; the first below 0.2 is 1/8, in the fourth step.
    assert_eq!(f64_outputs(&halving(100, Some(0.2)), &[scalar(0.0)]), [1.875, 4.0, 0.125]);
    // A residual equal to the tolerance is not below it.
    assert_eq!(f64_outputs(&halving(100, Some(0.125)), &[scalar(0.0)]), [1.9375, 5.0, 0.0625]);
    // A loop that does not get there ends with its count.
    assert_eq!(f64_outputs(&halving(3, Some(0.2)), &[scalar(0.0)]), [1.75, 3.0, 0.25]);
    // What is not finite any more never gets there.
    let found = f64_outputs(&halving(4, Some(0.2)), &[scalar(f64::NAN)]);
    assert!(found[0].is_nan() && found[1] == 1.0 && found[2].is_nan());
}

/// The smallest f32 is 1.4e-45: no residual is below a smaller tolerance, which is rounded to 0.
#[test]
fn a_tolerance_is_rounded_as_residuals_are() {
    let in_f32 = |tolerance: f64, x: f32| {
        let program = halving_in(Precision::F32, 100, Some(tolerance));
        run(&program, &[tensor(&[], &[x])], 1, Context::default())[1].to_f64()
    };
    assert_eq!(in_f32(1e-50, 0.0), [100.0]);
    assert_eq!(in_f32(1e-44, 0.0), [26.0]);
    // A residual that equals the tolerance in f32 is not below it, though the tolerance as written is a little more.
    let first = 1.8_f32;
    let change = f64::from((0.5 * first + 1.0) - first);
    assert_eq!(in_f32(change * (1.0 + 1e-12), first), [2.0]);
    assert_eq!(in_f32(change, first), [2.0]);
}

#[test]
fn the_residual_may_be_the_carried_value_before_the_step() {
    let mut b = Builder::new("old residual", F64);
    let x = b.input("x", Type::real([]));
    let results = b.repeat_until(100, 1.0, &[x], |b, _, carried| {
        let half = b.constant(0.5, &[]);
        (vec![b.binary(BinaryOp::Mul, carried[0], half)], carried[0])
    });
    b.output("x", results[0]);
    b.output("residual", results[2]);
    assert_eq!(f64_outputs(&b.finish(), &[scalar(4.0)]), [0.25, 0.5]);
}

/// Fibonacci: both next values read both present ones.
#[test]
fn new_values_are_computed_from_old_ones() {
    let mut b = Builder::new("fibonacci", F64);
    let (x, y) = (b.input("x", Type::real([])), b.input("y", Type::real([])));
    let results = b.repeat(30, &[x, y], |b, _, c| vec![c[1], b.binary(BinaryOp::Add, c[0], c[1])]);
    b.output("x", results[0]);
    b.output("y", results[1]);
    assert_eq!(f64_outputs(&b.finish(), &[scalar(0.0), scalar(1.0)]), [832_040.0, 1_346_269.0]);
}

#[test]
fn carried_values_may_rotate_without_being_computed() {
    for count in 1..8 {
        let mut b = Builder::new("rotation", F64);
        let inputs: Vec<Value> = ["x", "y", "z"].iter().map(|name| b.input(*name, Type::real([]))).collect();
        let results = b.repeat(count, &inputs, |_, _, c| vec![c[1], c[2], c[0]]);
        for (name, &result) in ["x", "y", "z"].iter().zip(&results) {
            b.output(*name, result);
        }
        let found = f64_outputs(&b.finish(), &[0.0, 1.0, 2.0].map(scalar));
        let expected: Vec<f64> = (0..3).map(|i| f64::from((i + count) % 3)).collect();
        assert_eq!(found, expected, "{count} steps");
    }
}

/// `x ← W x` by a contraction, which cannot be done in place, so that two buffers change roles; with any number of steps
/// the result must arrive in the caller's memory, also when the loop is inside another.
#[test]
fn buffers_that_change_roles_end_in_the_output() {
    let n = 40;
    // A cyclic shift by one: after s steps element i is element i + s.
    let shift: Vec<f64> = (0..n * n).map(|at| f64::from(u8::from((at / n + 1) % n == at % n))).collect();
    let x: Vec<f64> = uniform(9, n);
    for (outer, inner) in [(1, 1), (1, 2), (2, 3), (3, 5), (4, 1)] {
        let mut b = Builder::new("shift", F64);
        let (w, x_in) = (b.input("W", Type::real([n, n])), b.input("x", Type::real([n])));
        let results = b.repeat(outer, &[x_in, x_in], |b, _, c| {
            let moved = b.repeat(inner, &[c[0]], |b, _, c| vec![b.contract("ij,j->i", w, c[0])]);
            vec![moved[0], b.contract("ij,j->i", w, c[1])]
        });
        b.output("x", results[0]);
        b.output("y", results[1]);
        b.output("x again", results[0]);
        let found = run(&b.finish(), &[tensor(&[n, n], &shift), tensor(&[n], &x)], 2, Context::default());
        let shifted = |steps: u32| (0..n).map(|i| x[(i + steps as usize) % n]).collect::<Vec<f64>>();
        assert_same("x", &found[0], &shifted(outer * inner));
        assert_same("y", &found[1], &shifted(outer));
        assert_same("x again", &found[2], &shifted(outer * inner));
    }
}

#[test]
fn a_value_from_outside_survives_the_loop() {
    let mut b = Builder::new("outside", F64);
    let x = b.input("x", Type::real([5]));
    let twice = b.binary(BinaryOp::Add, x, x);
    let results = b.repeat(3, &[twice, twice], |b, step, c| {
        let step = b.convert_index(step);
        let step = b.broadcast(step, &[], &[5]);
        let sum = b.binary(BinaryOp::Add, c[0], twice);
        vec![b.binary(BinaryOp::Add, sum, step), twice]
    });
    let sum = b.binary(BinaryOp::Add, twice, results[1]);
    b.output("sum", results[0]);
    b.output("kept", sum);
    let x: Vec<f64> = (1..=5).map(f64::from).collect();
    let found = run(&b.finish(), &[tensor(&[5], &x)], 1, Context::default());
    assert_same("sum", &found[0], &x.iter().map(|x| 8.0 * x + 3.0).collect::<Vec<f64>>());
    assert_same("kept", &found[1], &x.iter().map(|x| 4.0 * x).collect::<Vec<f64>>());
}

#[test]
fn draws_depend_on_seed_update_stream_and_step() {
    let n = 2500;
    for law in [Law::Uniform, Law::Normal] {
        let mut b = Builder::new("draws", Precision::F32);
        let zero = b.constant(0.0, &[3, n]);
        let results = b.repeat(3, &[zero], |b, step, c| {
            let drawn = b.random(law, 6, Some(step), &[3, n]);
            vec![b.binary(BinaryOp::Add, c[0], drawn)]
        });
        let alone = b.random(law, 7, None, &[n]);
        b.output("sum", results[0]);
        b.output("alone", alone);
        let program = b.finish();
        let context = Context { seed: 0x1234_5678_9abc, update: 8 };
        let at = |stream, step, i: usize| {
            draw::<f32>(law, Address { seed: context.seed, update: context.update, step, stream }, i as u64)
        };
        let sum: Vec<f32> = (0..3 * n).map(|i| 0.0 + at(6, 0, i) + at(6, 1, i) + at(6, 2, i)).collect();
        for threads in [1, 3] {
            let found = run(&program, &[], threads, context);
            assert_same("sum", &found[0], &sum);
            assert_same("alone", &found[1], &(0..n).map(|i| at(7, 0, i)).collect::<Vec<f32>>());
        }
    }
}

/// A relaxation large enough for every step to be shared among threads, with a residual.
#[test]
fn threads_change_nothing() {
    let (batch, n) = (64, 300);
    let mut b = Builder::new("relaxation", Precision::F32);
    let (w, drive) = (b.input("W", Type::real([n, n])), b.input("drive", Type::real([batch, n])));
    let bias = b.input("bias", Type::real([n]));
    let zero = b.constant(0.0, &[batch, n]);
    let results = b.repeat_until(12, 1e-3, &[zero], |b, _, c| {
        let recurrent = b.contract("bj,ij->bi", c[0], w);
        let bias = b.broadcast(bias, &[1], &[batch, n]);
        let sum = b.binary(BinaryOp::Add, recurrent, drive);
        let sum = b.binary(BinaryOp::Add, sum, bias);
        let next = b.unary(plr_ir::scalar::UnaryOp::Tanh, sum);
        let change = b.binary(BinaryOp::Sub, next, c[0]);
        let change = b.unary(plr_ir::scalar::UnaryOp::Abs, change);
        let residual = b.reduce(ReduceKind::Max, change, &[0, 1]);
        (vec![next], residual)
    });
    let correlation = b.contract("bi,bj->ij", results[0], results[0]);
    let mean = b.reduce(ReduceKind::Sum, results[0], &[0]);
    b.output("state", results[0]);
    b.output("correlation", correlation);
    b.output("mean", mean);
    let program = b.finish();
    let weights: Vec<f32> = uniform::<f32>(1, n * n).iter().map(|w| w / 20.0).collect();
    let inputs = [
        tensor(&[n, n], &weights),
        tensor(&[batch, n], &uniform::<f32>(2, batch * n)),
        tensor(&[n], &uniform::<f32>(3, n)),
    ];
    let alone = run(&program, &inputs, 1, Context::default());
    for threads in [2, 3, 7] {
        assert!(
            compiled::same(&run(&program, &inputs, threads, Context::default()), &alone),
            "{threads} threads"
        );
    }
}
