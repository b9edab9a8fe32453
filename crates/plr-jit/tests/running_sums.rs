//! Running sums against adding one after the other, bit for bit, whatever the shape and the number of threads.

mod compiled;
mod naive;

use compiled::{assert_same, run, tensor, uniform};
use plr_ir::builder::Builder;
use plr_ir::scalar::Real;
use plr_ir::{Tensor, Type};
use plr_jit::Context;

fn sums<T: Real>() {
    let shapes: [&[usize]; 7] = [&[1], &[19], &[5, 1], &[1, 700], &[3, 5, 6], &[70, 3, 40], &[4, 9000]];
    for dims in shapes {
        for axis in 0..dims.len() {
            let x = uniform::<T>(5, dims.iter().product());
            let mut b = Builder::new("sums", T::PRECISION);
            let input = b.input("x", Type::real(dims));
            let result = b.running_sum(input, axis);
            b.output("y", result);
            let program = b.finish();
            let inner: usize = dims[axis + 1..].iter().product();
            let mut expected = x.clone();
            for at in 0..x.len() {
                if !(at / inner).is_multiple_of(dims[axis]) {
                    expected[at] = expected[at - inner] + expected[at];
                }
            }
            for threads in [1, 2, 3, 7] {
                let found: Vec<Tensor> = run(&program, &[tensor(dims, &x)], threads, Context::default());
                assert_same(&format!("{dims:?} along {axis} on {threads} threads"), &found[0], &expected);
            }
        }
    }
}

#[test]
fn sums_f32() {
    sums::<f32>();
}

#[test]
fn sums_f64() {
    sums::<f64>();
}
