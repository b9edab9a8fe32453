//! Loops against recurrences worked out by hand.

use plr_ir::builder::Builder;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Precision, Program, Type};

use crate::sample::{f64s, run, run1};

#[test]
fn the_index_counts_from_zero_and_converts_to_a_number() {
    // Σ k·xᵏ for k below 5, with the power carried beside the sum.
    let mut b = Builder::new("series", Precision::F64);
    let x = b.input("x", Type::real([]));
    let (one, zero) = (b.constant(1.0, &[]), b.constant(0.0, &[]));
    let results = b.repeat(5, &[one, zero], |b, step, carried| {
        let k = b.convert_index(step);
        let term = b.binary(BinaryOp::Mul, k, carried[0]);
        let sum = b.binary(BinaryOp::Add, carried[1], term);
        let power = b.binary(BinaryOp::Mul, carried[0], x);
        vec![power, sum]
    });
    b.output("power", results[0]);
    b.output("sum", results[1]);
    let outputs = run(&b.finish(), &[f64s(&[], &[0.5])]);
    assert_eq!(outputs[0].to_f64(), [0.03125]);
    assert_eq!(outputs[1].to_f64(), [0.5 + 2.0 * 0.25 + 3.0 * 0.125 + 4.0 * 0.0625]);
}

#[test]
fn carried_values_are_replaced_all_at_once() {
    // (a, b) becomes (b, a + b): Fibonacci numbers. Replaced one after the other they would be powers of two.
    let mut b = Builder::new("fibonacci", Precision::F64);
    let (zero, one) = (b.constant(0.0, &[]), b.constant(1.0, &[]));
    let results = b.repeat(10, &[zero, one], |b, _, carried| {
        vec![carried[1], b.binary(BinaryOp::Add, carried[0], carried[1])]
    });
    b.output("F(10)", results[0]);
    b.output("F(11)", results[1]);
    let outputs = run(&b.finish(), &[]);
    assert_eq!((outputs[0].to_f64(), outputs[1].to_f64()), (vec![55.0], vec![89.0]));
}

/// Heron's iteration for the square root of the input, until the step is below the tolerance. Outputs: root, residual,
/// and the number of steps.
fn heron(count: u32, tolerance: f64) -> Program {
    let mut b = Builder::new("heron", Precision::F64);
    let x = b.input("x", Type::real([]));
    let results = b.repeat_until(count, tolerance, &[x], |b, _, carried| {
        let quotient = b.binary(BinaryOp::Div, x, carried[0]);
        let sum = b.binary(BinaryOp::Add, carried[0], quotient);
        let half = b.constant(0.5, &[]);
        let next = b.binary(BinaryOp::Mul, sum, half);
        let change = b.binary(BinaryOp::Sub, next, carried[0]);
        let residual = b.unary(UnaryOp::Abs, change);
        (vec![next], residual)
    });
    let steps = b.convert_index(results[1]);
    b.output("root", results[0]);
    b.output("steps", steps);
    b.output("residual", results[2]);
    b.finish()
}

/// Heron's iteration again, in plain Rust.
fn heron_by_hand(x: f64, count: u32, tolerance: f64) -> [f64; 3] {
    let mut root = x;
    for step in 1..=count {
        let next = (root + x / root) * 0.5;
        let residual = (next - root).abs();
        root = next;
        if residual < tolerance || step == count {
            return [root, f64::from(step), residual];
        }
    }
    [root, 0.0, 0.0]
}

#[test]
fn a_loop_with_a_tolerance_stops_after_the_first_step_below_it() {
    for (x, count, tolerance) in
        [(2.0, 50, 1e-3), (2.0, 50, 1e-12), (9.0, 50, 1e-6), (9.0, 3, 1e-6), (9.0, 1, 1e9)]
    {
        let outputs = run(&heron(count, tolerance), &[f64s(&[], &[x])]);
        let found: Vec<f64> = outputs.iter().flat_map(|output| output.to_f64()).collect();
        assert_eq!(found, heron_by_hand(x, count, tolerance));
    }
}

#[test]
fn a_residual_equal_to_the_tolerance_does_not_stop_the_loop_and_nan_ends_it() {
    // From 1 the first step changes nothing: residual 0.
    assert_eq!(run(&heron(7, 0.0), &[f64s(&[], &[1.0])])[1].to_f64(), [7.0]);
    assert_eq!(run(&heron(7, 1e-300), &[f64s(&[], &[1.0])])[1].to_f64(), [1.0]);
    assert_eq!(run(&heron(7, 1.0), &[f64s(&[], &[f64::NAN])])[1].to_f64(), [1.0]);
}

#[test]
fn inner_loops_start_anew_in_every_outer_step_and_see_outer_values() {
    // outer step k: s becomes s·2 + Σ_{l<3} (k + l), all whole numbers.
    let mut b = Builder::new("nested", Precision::F64);
    let s = b.input("s", Type::real([2]));
    let results = b.repeat(4, &[s], |b, k, outer| {
        let zero = b.constant(0.0, &[]);
        let inner = b.repeat(3, &[zero], |b, l, inner| {
            let (k, l) = (b.convert_index(k), b.convert_index(l));
            let both = b.binary(BinaryOp::Add, k, l);
            vec![b.binary(BinaryOp::Add, inner[0], both)]
        });
        let doubled = b.binary(BinaryOp::Add, outer[0], outer[0]);
        let sum = b.broadcast(inner[0], &[], &[2]);
        vec![b.binary(BinaryOp::Add, doubled, sum)]
    });
    b.output("s", results[0]);
    let expected = [1.0, -3.0]
        .map(|start: f64| (0..4).fold(start, |s, k| s * 2.0 + (0..3).map(|l| f64::from(k + l)).sum::<f64>()));
    assert_eq!(run1(&b.finish(), &[f64s(&[2], &[1.0, -3.0])]), expected);
}

#[test]
fn a_loop_that_carries_nothing_new_leaves_its_values() {
    let mut b = Builder::new("still", Precision::F64);
    let x = b.input("x", Type::real([2]));
    let results = b.repeat(3, &[x, x], |_, _, carried| vec![carried[1], carried[0]]);
    results.iter().for_each(|&result| b.output("x", result));
    let outputs = run(&b.finish(), &[f64s(&[2], &[4.0, 5.0])]);
    assert!(outputs.iter().all(|output| output.to_f64() == [4.0, 5.0]));
}
