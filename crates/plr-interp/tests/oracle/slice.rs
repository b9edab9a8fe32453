//! Slices, insertions and detached values: closed forms, and which way gradients go.

use plr_ir::builder::Builder;
use plr_ir::scalar::BinaryOp;
use plr_ir::{Precision, Type};

use crate::sample::{f64s, pull, run1};

/// `Σ_t (t + 1) x[:, t]`, and beyond the end the last column again.
#[test]
fn a_loop_sees_one_place_after_the_other() {
    let mut b = Builder::new("slice", Precision::F64);
    let x = b.input("x", Type::real([2, 3]));
    let zero = b.constant(0.0, &[2]);
    let sum = b.repeat(4, &[zero], |b, step, carried| {
        let column = b.slice(x, 1, step);
        let number = b.convert_index(step);
        let one = b.constant(1.0, &[]);
        let number = b.binary(BinaryOp::Add, number, one);
        let number = b.broadcast(number, &[], &[2]);
        let part = b.binary(BinaryOp::Mul, number, column);
        vec![b.binary(BinaryOp::Add, carried[0], part)]
    });
    b.output("y", sum[0]);
    let program = b.finish();
    let x = f64s(&[2, 3], &[1.0, 10.0, 100.0, 2.0, 20.0, 200.0]);
    assert_eq!(run1(&program, std::slice::from_ref(&x)), [721.0, 1442.0]);
    let pulled = pull(&program, &[x], &[f64s(&[2], &[1.0, -1.0])]);
    assert_eq!(pulled.gradients[0].to_f64(), [1.0, 2.0, 7.0, -1.0, -2.0, -7.0]);
}

/// Squares are put into the first rows of a tensor; what they replace has no effect, and no gradient.
#[test]
fn what_is_replaced_is_gone() {
    let mut b = Builder::new("insert", Precision::F64);
    let x = b.input("x", Type::real([2]));
    let y = b.input("y", Type::real([3, 2]));
    let filled = b.repeat(2, &[y], |b, step, carried| {
        let square = b.binary(BinaryOp::Mul, x, x);
        vec![b.insert(carried[0], square, 0, step)]
    });
    b.output("z", filled[0]);
    let program = b.finish();
    let inputs = [f64s(&[2], &[3.0, 5.0]), f64s(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    assert_eq!(run1(&program, &inputs), [9.0, 25.0, 9.0, 25.0, 5.0, 6.0]);
    let pulled = pull(&program, &inputs, &[f64s(&[3, 2], &[1.0, 10.0, 2.0, 20.0, 3.0, 30.0])]);
    assert_eq!(pulled.gradients[0].to_f64(), [3.0 * 6.0, 30.0 * 10.0]);
    assert_eq!(pulled.gradients[1].to_f64(), [0.0, 0.0, 0.0, 0.0, 3.0, 30.0]);
}

#[test]
fn a_detached_value_passes_a_gradient_along_its_path_alone() {
    let mut b = Builder::new("detach", Precision::F64);
    let [x, y, s] = ["x", "y", "s"].map(|name| b.input(name, Type::real([2])));
    let square = b.binary(BinaryOp::Mul, x, x);
    let cut = b.detach(square, None);
    let led = b.detach(square, Some((y, s)));
    let sum = b.binary(BinaryOp::Add, cut, led);
    b.output("z", sum);
    let program = b.finish();
    let inputs = [f64s(&[2], &[3.0, 4.0]), f64s(&[2], &[f64::NAN, 0.0]), f64s(&[2], &[0.5, -2.0])];
    assert_eq!(run1(&program, &inputs), [18.0, 32.0]);
    let gradients = pull(&program, &inputs, &[f64s(&[2], &[1.0, 3.0])]).gradients;
    assert_eq!(gradients[0].to_f64(), [0.0, 0.0]);
    assert_eq!(gradients[1].to_f64(), [0.5, -6.0]);
    assert_eq!(gradients[2].to_f64(), [0.0, 0.0]);
}

/// Places 1 and 2 of three along the second axis; the others pass no gradient.
#[test]
fn a_range_is_what_stands_at_its_places() {
    let mut b = Builder::new("range", Precision::F64);
    let x = b.input("x", Type::real([2, 3]));
    let range = b.range(x, 1, 1, 2);
    let square = b.binary(BinaryOp::Mul, range, range);
    b.output("y", square);
    let program = b.finish();
    let x = f64s(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(run1(&program, std::slice::from_ref(&x)), [4.0, 9.0, 25.0, 36.0]);
    let pulled = pull(&program, &[x], &[f64s(&[2, 2], &[1.0, 10.0, 100.0, 1000.0])]);
    assert_eq!(pulled.gradients[0].to_f64(), [0.0, 4.0, 60.0, 0.0, 1000.0, 12000.0]);
}
