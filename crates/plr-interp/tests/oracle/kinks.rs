//! The derivatives at kinks and singular points, as the head of the crate lists them.

use plr_ir::builder::Builder;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_ir::{Precision, Type};

use crate::sample::{f64s, pull};

fn unary_slope(op: UnaryOp, x: f64) -> f64 {
    let mut b = Builder::new("kink", Precision::F64);
    let value = b.input("x", Type::real([]));
    let y = b.unary(op, value);
    b.output("y", y);
    pull(&b.finish(), &[f64s(&[], &[x])], &[f64s(&[], &[1.0])]).gradients[0].to_f64()[0]
}

fn binary_slopes(op: BinaryOp, x: f64, y: f64) -> [f64; 2] {
    let mut b = Builder::new("kink", Precision::F64);
    let first = b.input("a", Type::real([]));
    let second = b.input("b", Type::real([]));
    let out = b.binary(op, first, second);
    b.output("y", out);
    let found = pull(&b.finish(), &[f64s(&[], &[x]), f64s(&[], &[y])], &[f64s(&[], &[1.0])]);
    [found.gradients[0].to_f64()[0], found.gradients[1].to_f64()[0]]
}

#[test]
fn steps_are_flat_and_the_magnitude_is_flat_at_zero() {
    for (op, x) in [(UnaryOp::Abs, 0.0), (UnaryOp::Sign, 0.0), (UnaryOp::Floor, 1.0), (UnaryOp::Round, 0.5)] {
        assert_eq!(unary_slope(op, x), 0.0, "{op}");
    }
}

#[test]
fn singular_points_show_but_for_that_of_roots() {
    assert_eq!(unary_slope(UnaryOp::Sqrt, 0.0), 0.0);
    assert_eq!(unary_slope(UnaryOp::Log, 0.0), f64::INFINITY);
    assert_eq!(binary_slopes(BinaryOp::Div, 1.0, 0.0), [f64::INFINITY, f64::NEG_INFINITY]);
}

#[test]
fn of_two_equal_numbers_the_first_is_taken() {
    assert_eq!(binary_slopes(BinaryOp::Max, 2.0, 2.0), [1.0, 0.0]);
    assert_eq!(binary_slopes(BinaryOp::Min, 2.0, 2.0), [1.0, 0.0]);
    assert_eq!(binary_slopes(BinaryOp::Max, -0.0, 0.0), [1.0, 0.0]);
}

#[test]
fn powers_at_zero_base_and_zero_exponent() {
    assert_eq!(binary_slopes(BinaryOp::Pow, 0.0, 2.0), [0.0, 0.0]);
    assert_eq!(binary_slopes(BinaryOp::Pow, 0.0, 1.0), [1.0, 0.0]);
    assert_eq!(binary_slopes(BinaryOp::Pow, 0.0, 0.0), [0.0, 0.0]);
    let at_negative_base = binary_slopes(BinaryOp::Pow, -2.0, 3.0);
    assert_eq!(at_negative_base[0], 12.0);
    assert!(at_negative_base[1].is_nan());
}

#[test]
fn the_first_of_equal_elements_takes_the_cotangent_of_a_maximum() {
    let rows = [1.0, 3.0, 3.0, 3.0, -0.0, 0.0, 0.0, -1.0];
    for (kind, first, second) in [(ReduceKind::Max, 1, 0), (ReduceKind::Min, 0, 3)] {
        let mut b = Builder::new("kink", Precision::F64);
        let x = b.input("x", Type::real([2, 4]));
        let y = b.reduce(kind, x, &[1]);
        b.output("y", y);
        let found = pull(&b.finish(), &[f64s(&[2, 4], &rows)], &[f64s(&[2], &[5.0, 7.0])]);
        let mut expected = [0.0; 8];
        expected[first] = 5.0;
        expected[4 + second] = 7.0;
        assert_eq!(found.gradients[0].to_f64(), expected);
    }
}

#[test]
fn a_choice_keeps_the_other_branch_out_even_where_it_is_singular() {
    // log x where x > 0, else 0: the slope at −1 is 0 though the logarithm is NaN there.
    let mut b = Builder::new("kink", Precision::F64);
    let x = b.input("x", Type::real([2]));
    let zero = b.constant(0.0, &[2]);
    let logarithm = b.unary(UnaryOp::Log, x);
    let positive = b.compare(CompareOp::Gt, x, zero);
    let y = b.select(positive, logarithm, zero);
    b.output("y", y);
    let found = pull(&b.finish(), &[f64s(&[2], &[-1.0, 0.25])], &[f64s(&[2], &[1.0, 1.0])]);
    assert_eq!(found.gradients[0].to_f64(), [-0.0, 4.0]);
}
