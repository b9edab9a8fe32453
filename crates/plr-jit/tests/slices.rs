//! Slices, ranges and insertions against indexing, bit for bit, along every axis and in loops that are longer than it.

mod compiled;
mod naive;

use compiled::{assert_same, run, tensor, uniform};
use naive::Draws;
use plr_ir::builder::Builder;
use plr_ir::scalar::{BinaryOp, Real};
use plr_ir::{Program, Tensor, Type};
use plr_jit::Context;

/// Adds up the slices of `x` along an axis, keeps the sums of all steps in the place of `y`, and uses `y` again after that
/// or not.
fn program<T: Real>(dims: &[usize], axis: usize, steps: u32, again: bool) -> Program {
    let mut b = Builder::new("slices", T::PRECISION);
    let (x, y) = (b.input("x", Type::real(dims)), b.input("y", Type::real(dims)));
    let mut inside = dims.to_vec();
    inside.remove(axis);
    let zero = b.constant(0.0, &inside);
    let start = b.binary(BinaryOp::Add, y, y);
    let results = b.repeat(steps, &[zero, start], |b, step, carried| {
        let slice = b.slice(x, axis, step);
        let sum = b.binary(BinaryOp::Add, carried[0], slice);
        let kept = b.insert(carried[1], sum, axis, step);
        let old = b.slice(carried[1], axis, step);
        let sum = b.binary(BinaryOp::Sub, sum, old);
        vec![sum, kept]
    });
    b.output("sum", results[0]);
    let kept = if again { b.binary(BinaryOp::Sub, results[1], start) } else { results[1] };
    b.output("kept", kept);
    b.finish()
}

fn slices<T: Real>() {
    let shapes: [&[usize]; 5] = [&[1], &[7], &[3, 5], &[4, 6, 5], &[2, 3, 1, 4]];
    for dims in shapes {
        let count = dims.iter().product();
        let elements = [uniform::<T>(1, count), uniform(2, count)];
        let inputs = elements.each_ref().map(|elements| tensor(dims, elements));
        for axis in 0..dims.len() {
            for steps in [1, 3, 9] {
                for again in [false, true] {
                    let program = program::<T>(dims, axis, steps, again);
                    let expected = naive::run::<T>(&program, &elements, Draws { seed: 0, update: 0 });
                    for threads in [1, 3] {
                        let found: Vec<Tensor> = run(&program, &inputs, threads, Context::default());
                        for (found, expected) in found.iter().zip(&expected) {
                            let what = format!("{dims:?} axis {axis}, {steps} steps, {threads} threads");
                            assert_same(&what, found, expected);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn slices_f32() {
    slices::<f32>();
}

#[test]
fn slices_f64() {
    slices::<f64>();
}

/// A range along each axis, and sums of what is in it.
fn ranges<T: Real>() {
    for dims in [&[7][..], &[3, 5], &[4, 6, 5], &[2, 3, 1, 4]] {
        let elements = [uniform::<T>(3, dims.iter().product())];
        let inputs = elements.each_ref().map(|elements| tensor(dims, elements));
        for axis in 0..dims.len() {
            for first in 0..dims[axis] {
                for places in 1..=dims[axis] - first {
                    let mut b = Builder::new("ranges", T::PRECISION);
                    let x = b.input("x", Type::real(dims));
                    let range = b.range(x, axis, first, places);
                    let double = b.binary(BinaryOp::Add, range, range);
                    b.output("range", range);
                    b.output("double", double);
                    let program = b.finish();
                    let expected = naive::run::<T>(&program, &elements, Draws { seed: 0, update: 0 });
                    let found = run(&program, &inputs, 2, Context::default());
                    for (found, expected) in found.iter().zip(&expected) {
                        let what = format!("{dims:?} axis {axis}, {places} places from {first}");
                        assert_same(&what, found, expected);
                    }
                }
            }
        }
    }
}

#[test]
fn ranges_f32() {
    ranges::<f32>();
}

#[test]
fn ranges_f64() {
    ranges::<f64>();
}
