//! Expectations against closed forms, matrix powers and sums over all outcomes.
#![allow(clippy::disallowed_methods, reason = "closed forms are computed by an independent library")]

use plr_interp::{Unenumerable, expectation};
use plr_ir::builder::Builder;
use plr_ir::program::{Law, ReduceKind, Until};
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_ir::{Precision, Type, Value};

use crate::sample::f64s;

/// 1 with the probability `p`, and else 0.
fn bernoulli(b: &mut Builder, p: Value, stream: u32, step: Option<Value>) -> Value {
    let dims = b.type_of(p).dims.clone();
    let draw = b.random(Law::Uniform, stream, step, &dims);
    let truth = b.compare(CompareOp::Lt, draw, p);
    let (one, zero) = (b.constant(1.0, &dims), b.constant(0.0, &dims));
    b.select(truth, one, zero)
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found} is not {expected}");
    }
}

#[test]
fn a_sum_of_coins_has_the_moments_of_the_binomial_law() {
    let mut b = Builder::new("coins", Precision::F64);
    let p = b.input("p", Type::real([7]));
    let coins = bernoulli(&mut b, p, 3, None);
    let sum = b.reduce(ReduceKind::Sum, coins, &[0]);
    let square = b.binary(BinaryOp::Mul, sum, sum);
    b.output("sum", sum);
    b.output("square", square);
    let found = expectation(&b.finish(), &[&f64s(&[7], &[0.3; 7])]).unwrap();
    close(&found[0].to_f64(), &[2.1]);
    close(&found[1].to_f64(), &[7.0 * 0.3 * 0.7 + 2.1 * 2.1]);
}

#[test]
fn thresholds_beyond_the_unit_interval_are_certain_and_nan_is_never_exceeded() {
    let mut b = Builder::new("certain", Precision::F64);
    let p = b.input("p", Type::real([4]));
    let coins = bernoulli(&mut b, p, 0, None);
    b.output("coins", coins);
    let found = expectation(&b.finish(), &[&f64s(&[4], &[-1.0, 2.0, f64::NAN, 0.25])]).unwrap();
    close(&found[0].to_f64(), &[0.0, 1.0, 0.0, 0.25]);
}

#[test]
fn comparisons_are_taken_from_either_side() {
    let mut b = Builder::new("sides", Precision::F64);
    let p = b.input("p", Type::real([]));
    for (name, op, turned) in
        [("a", CompareOp::Gt, true), ("b", CompareOp::Ge, false), ("c", CompareOp::Lt, true)]
    {
        let draw = b.random(Law::Uniform, b.type_of(p).count() as u32 + u32::from(turned), None, &[]);
        let truth = if turned { b.compare(op, p, draw) } else { b.compare(op, draw, p) };
        let (one, zero) = (b.constant(1.0, &[]), b.constant(0.0, &[]));
        let number = b.select(truth, one, zero);
        b.output(name, number);
    }
    let found = expectation(&b.finish(), &[&f64s(&[], &[0.3])]).unwrap();
    close(&found.iter().flat_map(|f| f.to_f64()).collect::<Vec<_>>(), &[0.3, 0.7, 0.7]);
}

/// A chain of two states in 200 steps, whose 2^200 paths meet in two states at each: the power of the matrix.
#[test]
fn chains_are_powers_of_their_matrix() {
    let (up, down) = (0.1, 0.4);
    let mut b = Builder::new("chain", Precision::F64);
    let start = b.input("start", Type::real([]));
    let ends = b.repeat(200, &[start], |b, step, carried| {
        // From 0 it goes to 1 with probability `up`, from 1 it stays with probability `1 - down`.
        let rise = b.constant(1.0 - down - up, &[]);
        let base = b.constant(up, &[]);
        let p = b.binary(BinaryOp::Mul, rise, carried[0]);
        let p = b.binary(BinaryOp::Add, p, base);
        vec![bernoulli(b, p, 1, Some(step))]
    });
    b.output("end", ends[0]);
    let found = expectation(&b.finish(), &[&f64s(&[], &[1.0])]).unwrap();
    let stationary = up / (up + down);
    close(&found[0].to_f64(), &[stationary + (1.0 - stationary) * (1.0f64 - up - down).powi(200)]);
}

/// A loop that ends at the first success, after at most 5 attempts: the truncated geometric law.
#[test]
fn runs_that_settle_wait_for_the_others() {
    let mut b = Builder::new("attempts", Precision::F64);
    let p = b.input("p", Type::real([]));
    let zero = b.constant(0.0, &[]);
    let (step, carried) = b.begin_repeat(&[zero]);
    let success = bernoulli(&mut b, p, 0, Some(step));
    let one = b.constant(1.0, &[]);
    let tries = b.binary(BinaryOp::Add, carried[0], one);
    let residual = b.unary(UnaryOp::Neg, success);
    let until = Until { residual, tolerance: -0.5 };
    let results = b.end_repeat(5, &[zero], vec![tries], Some(until));
    let counted = b.convert_index(results[1]);
    b.output("tries", results[0]);
    b.output("counted", counted);
    let found = expectation(&b.finish(), &[&f64s(&[], &[0.3])]).unwrap();
    let q: f64 = 0.7;
    let expected: f64 = (0..5).map(|k| q.powi(k)).sum();
    close(&found[0].to_f64(), &[expected]);
    close(&found[1].to_f64(), &[expected]);
}

#[test]
fn what_has_more_than_two_outcomes_is_refused() {
    let normal = |b: &mut Builder| b.random(Law::Normal, 0, None, &[]);
    let uniform = |b: &mut Builder| b.random(Law::Uniform, 0, None, &[]);
    let twice = |b: &mut Builder| {
        let draw = b.random(Law::Uniform, 0, None, &[]);
        let half = b.constant(0.5, &[]);
        let truth = b.compare(CompareOp::Lt, draw, half);
        b.select(truth, draw, half)
    };
    let makes: [&dyn Fn(&mut Builder) -> Value; 3] = [&normal, &uniform, &twice];
    for make in makes {
        let mut b = Builder::new("continuous", Precision::F64);
        let value = make(&mut b);
        b.output("value", value);
        assert_eq!(expectation(&b.finish(), &[]), Err(Unenumerable::Continuous));
    }
    let mut b = Builder::new("many", Precision::F64);
    let half = b.constant(0.5, &[40]);
    let coins = bernoulli(&mut b, half, 0, None);
    b.output("coins", coins);
    assert_eq!(expectation(&b.finish(), &[]), Err(Unenumerable::TooMany));
}
