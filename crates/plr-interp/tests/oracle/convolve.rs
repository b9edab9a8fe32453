//! Convolutions and pooling: closed forms, laws, and their derivatives against finite differences.

use plr_ir::builder::Builder;
use plr_ir::geometry::{Convolution, Grid, Pooling};
use plr_ir::program::{ConvolveForm, PoolKind};
use plr_ir::scalar::UnaryOp;
use plr_ir::{Precision, Program, Type, Value};

use crate::finite_differences::assert_differentiable;
use crate::sample::{Sample, assert_close, f64s, inner, pull, run, run1};

fn grid(channels: usize, height: usize, width: usize) -> Grid {
    Grid { channels, height, width }
}

/// Kernels of many strides and paddings, over layers of odd sizes.
fn convolutions() -> Vec<Convolution> {
    [false, true].into_iter().flat_map(those).collect()
}

fn those(local: bool) -> Vec<Convolution> {
    let of = |low, channels, kernel, stride, padding| Convolution {
        low,
        channels,
        kernel,
        stride,
        padding,
        local,
    };
    vec![
        of(grid(1, 4, 5), 2, 3, 1, 0),
        of(grid(2, 5, 4), 3, 3, 2, 1),
        of(grid(2, 6, 7), 1, 2, 3, 1),
        of(grid(3, 1, 4), 2, 3, 1, 2),
        of(grid(3, 2, 2), 2, 1, 1, 0),
    ]
}

fn poolings() -> Vec<Pooling> {
    let of = |low, window, stride| Pooling { low, window, stride };
    vec![of(grid(2, 4, 6), 2, 2), of(grid(1, 5, 4), 3, 1), of(grid(2, 5, 5), 2, 3)]
}

const BATCH: usize = 2;

fn low(of: &Convolution) -> Vec<usize> {
    vec![BATCH, of.low.units()]
}

fn high(of: &Convolution) -> Vec<usize> {
    vec![BATCH, of.high().unwrap().units()]
}

/// The program of one of the three sums.
fn sums(form: ConvolveForm, of: &Convolution) -> Program {
    let weights = of.kernel_dims().to_vec();
    let dims = match form {
        ConvolveForm::Forward => [low(of), weights],
        ConvolveForm::Adjoint => [high(of), weights],
        ConvolveForm::Correlate => [high(of), low(of)],
    };
    program(&dims, |b, x| b.convolve(form, *of, x[0], x[1]))
}

fn program(dims: &[Vec<usize>], result: impl FnOnce(&mut Builder, &[Value]) -> Value) -> Program {
    let mut b = Builder::new("space", Precision::F64);
    let inputs: Vec<Value> =
        dims.iter().enumerate().map(|(i, dims)| b.input(format!("x{i}"), Type::real(dims.clone()))).collect();
    let y = result(&mut b, &inputs);
    b.output("y", y);
    b.finish()
}

#[test]
fn a_kernel_of_one_weight_picks_a_shifted_image() {
    // The only tap that is not 0 lies at row 0, column 2: each place sees the unit one row above and one column right of it.
    let of = Convolution { low: grid(1, 3, 3), channels: 1, kernel: 3, stride: 1, padding: 1, local: false };
    let image = f64s(&[1, 9], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    let kernel = f64s(&[1, 1, 3, 3], &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let forward =
        program(&[vec![1, 9], vec![1, 1, 3, 3]], |b, x| b.convolve(ConvolveForm::Forward, of, x[0], x[1]));
    assert_eq!(run1(&forward, &[image, kernel]), [0.0, 0.0, 0.0, 2.0, 3.0, 0.0, 5.0, 6.0, 0.0]);
}

#[test]
fn a_kernel_over_the_whole_layer_is_a_matrix() {
    let (low, channels) = (grid(2, 3, 3), 4);
    let of = Convolution { low, channels, kernel: 3, stride: 1, padding: 0, local: false };
    let mut sample = Sample(3);
    let (x, w) = (sample.tensor(&[BATCH, 18], -1.0, 1.0), sample.tensor(&[4, 2, 3, 3], -1.0, 1.0));
    let matrix = f64s(&[4, 18], &w.to_f64());
    let dense = program(&[vec![BATCH, 18], vec![4, 18]], |b, x| b.contract("bj,ij->bi", x[0], x[1]));
    let convolved = run1(&sums(ConvolveForm::Forward, &of), &[x.clone(), w]);
    assert_close(&convolved, &run1(&dense, &[x, matrix]), 1e-14);
}

/// Where each high unit has its own weights, a matrix that is 0 wherever a unit is not seen has them, too.
#[test]
fn a_local_kernel_is_a_sparse_matrix() {
    for of in those(true) {
        let ([high, low], layer) = ([high(&of)[1], low(&of)[1]], of.high().unwrap());
        let mut sample = Sample(5);
        let (x, w) = (sample.tensor(&[BATCH, low], -1.0, 1.0), sample.tensor(&of.kernel_dims(), -1.0, 1.0));
        let weights = w.to_f64();
        let mut matrix = vec![0.0; high * low];
        for unit in 0..high {
            let (v, u) = (unit % layer.positions() / layer.width, unit % layer.width);
            for (tap, &weight) in
                weights[unit * weights.len() / high..][..weights.len() / high].iter().enumerate()
            {
                let (c, i, j) = (tap / (of.kernel * of.kernel), tap / of.kernel % of.kernel, tap % of.kernel);
                let (y, x) = (v * of.stride + i, u * of.stride + j);
                let inside = of.padding..of.padding + of.low.height;
                if inside.contains(&y) && (of.padding..of.padding + of.low.width).contains(&x) {
                    let (y, x) = (y - of.padding, x - of.padding);
                    matrix[unit * low + (c * of.low.height + y) * of.low.width + x] += weight;
                }
            }
        }
        let dense = program(&[vec![BATCH, low], vec![high, low]], |b, x| b.contract("bj,ij->bi", x[0], x[1]));
        let convolved = run1(&sums(ConvolveForm::Forward, &of), &[x.clone(), w]);
        assert_close(&convolved, &run1(&dense, &[x, f64s(&[high, low], &matrix)]), 1e-13);
    }
}

/// ⟨high, W ∗ low⟩ = ⟨Wᵀ ∗ high, low⟩ = ⟨W, high ⋆ low⟩.
#[test]
fn the_three_sums_are_those_of_one_form() {
    for of in convolutions() {
        let mut sample = Sample(7);
        let x = sample.tensor(&low(&of), -1.0, 1.0);
        let y = sample.tensor(&high(&of), -1.0, 1.0);
        let w = sample.tensor(&of.kernel_dims(), -1.0, 1.0);
        let sum = |form, of, lhs: &_, rhs: &_| run(&sums(form, of), &[Clone::clone(lhs), Clone::clone(rhs)]);
        let forward = inner(&sum(ConvolveForm::Forward, &of, &x, &w), std::slice::from_ref(&y));
        let adjoint = inner(&sum(ConvolveForm::Adjoint, &of, &y, &w), std::slice::from_ref(&x));
        let correlate = inner(&sum(ConvolveForm::Correlate, &of, &y, &x), std::slice::from_ref(&w));
        assert_close(&[adjoint, correlate], &[forward, forward], 1e-13);
    }
}

#[test]
fn convolutions_have_the_derivatives_of_their_differences() {
    for of in convolutions() {
        for form in [ConvolveForm::Forward, ConvolveForm::Adjoint, ConvolveForm::Correlate] {
            let program = sums(form, &of);
            let inputs = Sample(11).inputs(&program, -1.0, 1.0);
            assert_differentiable(&program, &inputs, 1e-8, &format!("{form} of {of}"));
        }
    }
}

#[test]
fn means_and_largest_elements_of_windows() {
    let image: Vec<f64> = (0..12).map(f64::from).collect();
    let of = Pooling { low: grid(1, 3, 4), window: 2, stride: 2 };
    let pooled = |kind| {
        let program = program(&[vec![1, 12]], |b, x| b.pool(kind, of, x[0]));
        run1(&program, &[f64s(&[1, 12], &image)])
    };
    // The windows have rows 0 and 1; the last row is in none.
    assert_eq!(pooled(PoolKind::Mean), [2.5, 4.5]);
    assert_eq!(pooled(PoolKind::Max), [5.0, 7.0]);
}

/// ⟨y, mean x⟩ = ⟨unpool y, x⟩, also where windows overlap or leave units out.
#[test]
fn unpooling_is_the_adjoint_of_the_mean() {
    for of in poolings() {
        let (low, high) = ([BATCH, of.low.units()], [BATCH, of.high().unwrap().units()]);
        let mut sample = Sample(13);
        let (x, y) = (sample.tensor(&low, -1.0, 1.0), sample.tensor(&high, -1.0, 1.0));
        let mean =
            run(&program(&[low.to_vec()], |b, x| b.pool(PoolKind::Mean, of, x[0])), std::slice::from_ref(&x));
        let back = run(&program(&[high.to_vec()], |b, x| b.unpool(of, x[0])), std::slice::from_ref(&y));
        assert_close(&[inner(&back, &[x])], &[inner(&mean, &[y])], 1e-13);
    }
}

/// The pullback of the largest of windows, in the program: ⟨y, max x⟩ = ⟨unpool y by x, x⟩.
#[test]
fn unpooling_by_the_largest_is_what_a_gradient_does() {
    for of in poolings() {
        let (low, high) = ([BATCH, of.low.units()], [BATCH, of.high().unwrap().units()]);
        let mut sample = Sample(19);
        let (x, y) = (sample.tensor(&low, -1.0, 1.0), sample.tensor(&high, -1.0, 1.0));
        let largest = program(&[low.to_vec()], |b, x| b.pool(PoolKind::Max, of, x[0]));
        let back = program(&[high.to_vec(), low.to_vec()], |b, x| b.unpool_by(of, x[0], x[1]));
        let back = run(&back, &[y.clone(), x.clone()]);
        let pulled = pull(&largest, std::slice::from_ref(&x), std::slice::from_ref(&y));
        assert_eq!(back[0].to_f64(), pulled.gradients[0].to_f64());
        let forward = run(&largest, std::slice::from_ref(&x));
        assert_close(&[inner(&back, &[x])], &[inner(&forward, &[y])], 1e-13);
    }
}

#[test]
fn pooling_has_the_derivatives_of_its_differences() {
    for of in poolings() {
        let low = vec![BATCH, of.low.units()];
        let high = vec![BATCH, of.high().unwrap().units()];
        let programs = [
            program(std::slice::from_ref(&low), |b, x| b.pool(PoolKind::Mean, of, x[0])),
            program(std::slice::from_ref(&low), |b, x| b.pool(PoolKind::Max, of, x[0])),
            program(std::slice::from_ref(&high), |b, x| b.unpool(of, x[0])),
            program(&[high, low], |b, x| b.unpool_by(of, x[0], x[1])),
        ];
        for program in programs {
            let inputs = Sample(17).inputs(&program, -1.0, 1.0);
            assert_differentiable(&program, &inputs, 1e-8, &format!("{of}"));
        }
    }
}

#[test]
fn the_first_of_equal_elements_takes_the_cotangent_of_a_window() {
    let of = Pooling { low: grid(1, 2, 4), window: 2, stride: 2 };
    let program = program(&[vec![1, 8]], |b, x| b.pool(PoolKind::Max, of, x[0]));
    let nan = f64::NAN;
    let x = f64s(&[1, 8], &[1.0, 3.0, 2.0, nan, 3.0, 3.0, nan, 5.0]);
    let found = pull(&program, &[x], &[f64s(&[1, 2], &[5.0, 7.0])]);
    assert_eq!(found.gradients[0].to_f64(), [0.0, 5.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn reshaping_keeps_elements_in_order_and_so_does_its_derivative() {
    let program = program(&[vec![2, 3]], |b, x| {
        let y = b.reshape(x[0], &[3, 1, 2]);
        b.unary(UnaryOp::Neg, y)
    });
    let x = f64s(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let found = pull(&program, &[x], &[f64s(&[3, 1, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
    assert_eq!(found.outputs[0].dims, [3, 1, 2]);
    assert_eq!(found.outputs[0].to_f64(), [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]);
    assert_eq!(found.gradients[0], f64s(&[2, 3], &[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]));
}
