//! Ranks: closed forms, ties, NaN, and that they are permutations without a slope.

use plr_ir::builder::Builder;
use plr_ir::scalar::BinaryOp;
use plr_ir::{Precision, Program, Type};

use crate::sample::{Sample, f32s, f64s, pull, run1};

fn ranking(precision: Precision, dims: &[usize]) -> Program {
    let mut b = Builder::new("rank", precision);
    let x = b.input("x", Type::real(dims));
    let y = b.rank(x);
    b.output("y", y);
    b.finish()
}

#[test]
fn the_largest_element_has_rank_zero() {
    let rows = f64s(&[2, 2, 3], &[3.0, 1.0, 2.0, -1.0, -2.0, -3.0, 0.5, 7.0, 6.0, -4.0, 4.0, 0.0]);
    let expected = [0.0, 2.0, 1.0, 0.0, 1.0, 2.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0];
    assert_eq!(run1(&ranking(Precision::F64, &[2, 2, 3]), &[rows]), expected);
}

#[test]
fn of_equal_elements_the_first_comes_first_and_nan_comes_last() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    for (row, expected) in [
        ([1.0, 2.0, 1.0, 2.0, 1.0], [2.0, 0.0, 3.0, 1.0, 4.0]),
        ([-0.0, 0.0, -0.0, 0.0, 1.0], [1.0, 2.0, 3.0, 4.0, 0.0]),
        ([nan, -inf, -nan, 0.0, nan], [2.0, 1.0, 3.0, 0.0, 4.0]),
        ([nan; 5], [0.0, 1.0, 2.0, 3.0, 4.0]),
        ([inf, -inf, inf, nan, 1e300], [0.0, 3.0, 1.0, 4.0, 2.0]),
    ] {
        assert_eq!(run1(&ranking(Precision::F64, &[5]), &[f64s(&[5], &row)]), expected, "{row:?}");
        // In single precision 1e300 is infinite, and ties with the others.
        if row[4] != 1e300 {
            assert_eq!(run1(&ranking(Precision::F32, &[5]), &[f32s(&[5], &row)]), expected, "{row:?}");
        }
    }
}

#[test]
fn every_row_is_a_permutation_that_sorts() {
    let (rows, extent) = (7, 61);
    let x = Sample(5).tensor(&[rows, extent], -3.0, 3.0);
    let coarse: Vec<f64> = x.to_f64().iter().map(|x| x.round()).collect();
    let ranks = run1(&ranking(Precision::F64, &[rows, extent]), &[f64s(&[rows, extent], &coarse)]);
    for (row, ranks) in coarse.chunks(extent).zip(ranks.chunks(extent)) {
        let mut sorted = vec![None; extent];
        for (place, (&x, &rank)) in row.iter().zip(ranks).enumerate() {
            assert_eq!(sorted[rank as usize].replace((-x, place)), None, "two of rank {rank}");
        }
        assert!(sorted.is_sorted_by(|a, b| a < b));
    }
}

#[test]
fn ranks_have_no_slope() {
    let mut b = Builder::new("rank", Precision::F64);
    let x = b.input("x", Type::real([2, 3]));
    let rank = b.rank(x);
    let y = b.binary(BinaryOp::Mul, rank, x);
    b.output("y", y);
    let x = f64s(&[2, 3], &[3.0, 1.0, f64::NAN, 2.0, 2.0, 5.0]);
    let cotangent = f64s(&[2, 3], &[1.0, 1.0, 1.0, 1.0, 10.0, 1.0]);
    // The derivative of the product by its other factor alone.
    assert_eq!(pull(&b.finish(), &[x], &[cotangent]).gradients[0].to_f64(), [0.0, 1.0, 2.0, 1.0, 20.0, 0.0]);
}
