//! Reductions: order of summation, axes, and what `max` does with NaN and zeros.

use plr_ir::builder::Builder;
use plr_ir::program::ReduceKind;
use plr_ir::{Precision, Program, Type};

use crate::sample::{Sample, f32s, f64s, run, run1};

fn reduction(kind: ReduceKind, precision: Precision, dims: &[usize], axes: &[usize]) -> Program {
    let mut b = Builder::new("reduce", precision);
    let x = b.input("x", Type::real(dims));
    let y = b.reduce(kind, x, axes);
    b.output("y", y);
    b.finish()
}

/// Sums of single-precision numbers depend on their order; this is the one that the language states.
#[test]
fn sums_run_in_row_major_order_of_the_summed_axes_from_the_first_element() {
    let (n, m, k) = (37, 5, 41);
    let tensor = Sample(3).tensor(&[n, m, k], -100.0, 100.0).cast(Precision::F32);
    let x: Vec<f32> = tensor.to_f64().iter().map(|&x| x as f32).collect();
    let at = |i: usize, j: usize, l: usize| x[(i * m + j) * k + l];
    let outer: Vec<f64> = (0..m)
        .map(|j| {
            let mut sum = at(0, j, 0);
            for i in 0..n {
                for l in 0..k {
                    if (i, l) != (0, 0) {
                        sum += at(i, j, l);
                    }
                }
            }
            f64::from(sum)
        })
        .collect();
    let program = reduction(ReduceKind::Sum, Precision::F32, &[n, m, k], &[0, 2]);
    assert_eq!(run1(&program, std::slice::from_ref(&tensor)), outer);

    let all = x[1..].iter().fold(x[0], |sum, x| sum + x);
    let program = reduction(ReduceKind::Sum, Precision::F32, &[n, m, k], &[0, 1, 2]);
    assert_eq!(run1(&program, &[tensor]), [f64::from(all)]);
}

#[test]
fn a_sum_of_negative_zeros_is_negative_zero() {
    let program = reduction(ReduceKind::Sum, Precision::F64, &[3], &[0]);
    let sum = run1(&program, &[f64s(&[3], &[-0.0; 3])]);
    assert!(sum[0] == 0.0 && sum[0].is_sign_negative());
}

#[test]
fn every_set_of_axes_leaves_the_others_in_place() {
    let numbers: Vec<f64> = (0..24).map(f64::from).collect();
    let dims = [2, 3, 4];
    for chosen in 1..8usize {
        let axes: Vec<usize> = (0..3).filter(|axis| chosen >> axis & 1 == 1).collect();
        let kept: Vec<usize> = (0..3).filter(|axis| !axes.contains(axis)).collect();
        let kept_dims: Vec<usize> = kept.iter().map(|&axis| dims[axis]).collect();
        let count: usize = kept_dims.iter().product();
        let (mut sums, mut largest, mut least) = (vec![0.0; count], vec![-1.0; count], vec![99.0; count]);
        for (position, &number) in numbers.iter().enumerate() {
            let place = [position / 12, position / 4 % 3, position % 4];
            let target = kept.iter().fold(0, |target, &axis| target * dims[axis] + place[axis]);
            sums[target] += number;
            largest[target] = number; // The numbers increase, so the last one seen is the largest.
            if least[target] == 99.0 {
                least[target] = number;
            }
        }
        for (kind, expected) in
            [(ReduceKind::Sum, sums), (ReduceKind::Max, largest), (ReduceKind::Min, least)]
        {
            let found =
                run(&reduction(kind, Precision::F64, &dims, &axes), &[f64s(&dims, &numbers)]).remove(0);
            assert_eq!((&found.dims, found.to_f64()), (&kept_dims, expected), "{kind:?} over {axes:?}");
        }
    }
}

#[test]
fn maxima_and_minima_keep_nan_and_the_first_of_two_zeros() {
    for kind in [ReduceKind::Max, ReduceKind::Min] {
        let program = reduction(kind, Precision::F32, &[3, 3], &[1]);
        let rows = [1.0, f64::NAN, 2.0, -0.0, 0.0, -0.0, 0.0, -0.0, 0.0];
        let found = run1(&program, &[f32s(&[3, 3], &rows)]);
        assert!(found[0].is_nan());
        assert!(found[1] == 0.0 && found[1].is_sign_negative());
        assert!(found[2] == 0.0 && found[2].is_sign_positive());
    }
}
