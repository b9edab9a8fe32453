//! Running sums: closed forms, and the cotangent, which is a sum from the other end.

use plr_ir::builder::Builder;
use plr_ir::{Precision, Program, Type};

use crate::sample::{f64s, pull, run1};

fn summing(dims: &[usize], axis: usize) -> Program {
    let mut b = Builder::new("sums", Precision::F64);
    let x = b.input("x", Type::real(dims));
    let y = b.running_sum(x, axis);
    b.output("y", y);
    b.finish()
}

#[test]
fn sums_run_along_their_axis() {
    let x = f64s(&[2, 3], &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
    assert_eq!(run1(&summing(&[2, 3], 0), std::slice::from_ref(&x)), [1.0, 2.0, 3.0, 11.0, 22.0, 33.0]);
    assert_eq!(run1(&summing(&[2, 3], 1), &[x]), [1.0, 3.0, 6.0, 10.0, 30.0, 60.0]);
}

#[test]
fn odd_numbers_sum_to_squares() {
    let odd: Vec<f64> = (0..50).map(|i| f64::from(2 * i + 1)).collect();
    let squares: Vec<f64> = (1..=50).map(|i| f64::from(i * i)).collect();
    assert_eq!(run1(&summing(&[50], 0), &[f64s(&[50], &odd)]), squares);
}

/// Of `Σ g·y`, the derivative by `x[k]` is the sum of all `g` from `k` on.
#[test]
fn cotangents_sum_from_the_end() {
    let x = f64s(&[2, 3], &[0.5; 6]);
    let g = f64s(&[2, 3], &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
    for (axis, expected) in [(1, [7.0, 6.0, 4.0, 56.0, 48.0, 32.0]), (0, [9.0, 18.0, 36.0, 8.0, 16.0, 32.0])]
    {
        let found = pull(&summing(&[2, 3], axis), std::slice::from_ref(&x), std::slice::from_ref(&g));
        assert_eq!(found.gradients[0].to_f64(), expected);
    }
}
