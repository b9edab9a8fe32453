//! Convolutions against sums in double precision, within the bound that the IR states; pooling against plain loops, bit for
//! bit; neither depends on the number of threads.

mod compiled;
mod naive;

use compiled::{assert_same, run, same, tensor, uniform};
use plr_ir::builder::Builder;
use plr_ir::geometry::{Convolution, Grid, Pooling};
use plr_ir::program::{ConvolveForm, PoolKind};
use plr_ir::scalar::Real;
use plr_ir::{Precision, Program, Tensor, Type, Value};
use plr_jit::Context;

fn grid(channels: usize, height: usize, width: usize) -> Grid {
    Grid { channels, height, width }
}

/// The program that a builder makes of inputs of these dimensions.
fn program<T: Real>(dims: &[Vec<usize>], result: impl FnOnce(&mut Builder, &[Value]) -> Value) -> Program {
    let mut b = Builder::new("space", T::PRECISION);
    let input = |(i, dims): (usize, &Vec<usize>)| (format!("x{i}"), Type::real(dims.clone()));
    let named: Vec<_> = dims.iter().enumerate().map(input).collect();
    let inputs: Vec<Value> = named.into_iter().map(|(name, ty)| b.input(&name, ty)).collect();
    let y = result(&mut b, &inputs);
    b.output("y", y);
    b.finish()
}

/// The only output, the same on several numbers of threads.
fn on_threads(program: &Program, inputs: &[Tensor]) -> Tensor {
    let all = [1, 2, 3, 7].map(|threads| run(program, inputs, threads, Context::default()));
    assert!(all.iter().all(|found| same(found, &all[0])), "{}: threads change the result", program.name);
    let [[result], ..] = all.map(|found| <[Tensor; 1]>::try_from(found).expect("one output"));
    result
}

/// One of the three sums of a convolution.
fn sums<T: Real>(form: ConvolveForm, of: &Convolution, batch: usize) {
    let low = vec![batch, of.low.units()];
    let high = vec![batch, of.high().expect("it has places").units()];
    let weights = of.kernel_dims().to_vec();
    let (dims, terms) = match form {
        ConvolveForm::Forward => ([low, weights], of.low.channels * of.kernel * of.kernel),
        ConvolveForm::Adjoint => ([high, weights], of.channels * of.kernel * of.kernel),
        ConvolveForm::Correlate if of.local => ([high, low], batch),
        ConvolveForm::Correlate => ([high.clone(), low], batch * high[1] / of.channels),
    };
    let program = program::<T>(&dims, |b, x| b.convolve(form, *of, x[0], x[1]));
    let [x, y] = [1, 2].map(|i| uniform::<T>(i, dims[i as usize - 1].iter().product()));
    let found = on_threads(&program, &[tensor(&dims[0], &x), tensor(&dims[1], &y)]).to_f64();
    let epsilon = match T::PRECISION {
        Precision::F32 => f64::from(f32::EPSILON),
        Precision::F64 => f64::EPSILON,
    };
    let expected = naive::convolve(form, of, &x, &y, found.len());
    for (i, (found, (sum, magnitude))) in found.into_iter().zip(expected).enumerate() {
        // In f64 the sum it is compared with is itself rounded, with the same bound.
        let bound = 2.0 * terms as f64 * epsilon * magnitude;
        assert!(
            (found - sum).abs() <= bound,
            "{form} of {of}: element {i} is {found:e}, not {sum:e} ± {bound:e}"
        );
    }
}

fn convolutions<T: Real>(local: bool) {
    let of = |low, channels, kernel, stride, padding| Convolution {
        low,
        channels,
        kernel,
        stride,
        padding,
        local,
    };
    let all = [
        (of(grid(1, 12, 12), 4, 5, 1, 0), 17),
        (of(grid(4, 9, 8), 6, 3, 2, 1), 9),
        (of(grid(3, 7, 6), 5, 4, 3, 3), 3),
        (of(grid(2, 8, 8), 1, 3, 4, 0), 5),
        (of(grid(5, 1, 1), 7, 3, 1, 1), 8),
        (of(grid(2, 3, 1), 3, 3, 2, 2), 1),
        (of(grid(6, 4, 4), 5, 1, 1, 0), 2),
    ];
    for (of, batch) in all {
        for form in [ConvolveForm::Forward, ConvolveForm::Adjoint, ConvolveForm::Correlate] {
            sums::<T>(form, &of, batch);
        }
    }
}

#[test]
fn convolutions_f32() {
    [false, true].into_iter().for_each(convolutions::<f32>);
}

#[test]
fn convolutions_f64() {
    [false, true].into_iter().for_each(convolutions::<f64>);
}

/// Numbers of which some are equal, with zeros of both signs, infinities and NaN.
fn hostile<T: Real>(count: usize) -> Vec<T> {
    let special = [-0.0, f64::INFINITY, f64::NAN, 0.0, f64::NEG_INFINITY];
    let number = |(i, x): (usize, T)| match i % 7 {
        0 => T::from_f64(special[i / 7 % special.len()]),
        _ => T::from_f64((4.0 * x.to_f64()).round()),
    };
    uniform::<T>(6, count).into_iter().enumerate().map(number).collect()
}

fn poolings<T: Real>() {
    let of = |low, window, stride| Pooling { low, window, stride };
    let all = [
        (of(grid(16, 24, 24), 2, 2), 7),
        (of(grid(3, 7, 6), 3, 1), 5),
        (of(grid(2, 9, 5), 2, 3), 4),
        (of(grid(1, 1, 1), 1, 1), 1),
    ];
    for (of, batch) in all {
        let low = vec![batch, of.low.units()];
        let high = vec![batch, of.high().expect("there are windows").units()];
        for x in [uniform::<T>(5, batch * of.low.units()), hostile(batch * of.low.units())] {
            for kind in [PoolKind::Mean, PoolKind::Max] {
                let program = program::<T>(std::slice::from_ref(&low), |b, x| b.pool(kind, of, x[0]));
                let expected: Vec<T> =
                    (0..batch * high[1]).map(|at| naive::pool(kind, &of, &x, at)).collect();
                let found = on_threads(&program, &[tensor(&low, &x)]);
                assert_same(&format!("{kind} of {of}"), &found, &expected);
            }
        }
        if batch * low[1] > 20_000 {
            continue; // The plain loops look into every window for every unit.
        }
        for by in [uniform::<T>(6, batch * low[1]), hostile(batch * low[1])] {
            let y = uniform::<T>(5, batch * high[1]);
            let dims = [high.clone(), low.clone()];
            let program = program::<T>(&dims, |b, x| b.unpool_by(of, x[0], x[1]));
            let expected: Vec<T> =
                (0..batch * low[1]).map(|at| naive::to_largest(&of, &y, &by, at)).collect();
            let found = on_threads(&program, &[tensor(&high, &y), tensor(&low, &by)]);
            assert_same(&format!("to the largest of {of}"), &found, &expected);
        }
        for y in [uniform::<T>(5, batch * high[1]), hostile(batch * high[1])] {
            let program = program::<T>(std::slice::from_ref(&high), |b, x| b.unpool(of, x[0]));
            let expected: Vec<T> = (0..batch * low[1]).map(|at| naive::unpool(&of, &y, at)).collect();
            assert_same(
                &format!("adjoint mean of {of}"),
                &on_threads(&program, &[tensor(&high, &y)]),
                &expected,
            );
        }
    }
}

#[test]
fn poolings_f32() {
    poolings::<f32>();
}

#[test]
fn poolings_f64() {
    poolings::<f64>();
}

/// Of constants, of repeated rows, in loops and of what becomes of one another: memory is shared correctly.
#[test]
fn convolutions_of_values_that_are_nowhere_in_memory_and_in_loops() {
    let of = Convolution { low: grid(1, 3, 3), channels: 1, kernel: 3, stride: 1, padding: 1, local: false };
    let program = program::<f64>(&[vec![9], vec![3, 3]], |b, x| {
        let rows = b.broadcast(x[0], &[1], &[2, 9]);
        let kernel = b.reshape(x[1], &[1, 1, 3, 3]);
        let ones = b.constant(1.0, &[2, 9]);
        let looped = b.repeat(2, &[rows], |b, _, carried| {
            vec![b.convolve(ConvolveForm::Forward, of, carried[0], kernel)]
        });
        let back = b.convolve(ConvolveForm::Adjoint, of, looped[0], kernel);
        let correlation = b.convolve(ConvolveForm::Correlate, of, ones, back);
        b.reshape(correlation, &[9])
    });
    // A kernel that shifts one row down, then down, then (adjoint) up: row 0 comes to be in row 1, the others are lost.
    let shift = tensor(&[3, 3], &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0_f64]);
    let image = tensor(&[9], &[1.0, 2.0, 4.0, 0.0, 0.0, 0.0, 8.0, 8.0, 8.0_f64]);
    let found = on_threads(&program, &[image, shift]).to_f64();
    // Each place of a kernel of ones sees row 1: twice 1 + 2, 1 + 2 + 4 or 2 + 4, whichever row of taps sees it.
    assert_eq!(found, [6.0, 14.0, 12.0, 6.0, 14.0, 12.0, 6.0, 14.0, 12.0]);
}
