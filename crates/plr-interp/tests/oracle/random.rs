//! Draws are those of `plr_ir::random` at their addresses.

use plr_interp::{Context, evaluate};
use plr_ir::builder::Builder;
use plr_ir::program::Law;
use plr_ir::random::{Address, fill};
use plr_ir::scalar::{BinaryOp, Real};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Program, Tensor};

use crate::sample::f64s;

const CONTEXT: Context = Context { seed: 0x0123_4567_89ab_cdef, update: 41, draws: None };

/// What stream `stream` gives in the given step to an array of `count` elements.
fn expected<T: Real>(law: Law, stream: u32, step: u32, count: usize) -> Vec<T> {
    let Context { seed, update, .. } = CONTEXT;
    let mut draws = vec![T::default(); count];
    fill(law, Address { seed, update, step, stream }, 0, &mut draws);
    draws
}

/// One array of 3 by 7 draws.
fn once(law: Law, precision: Precision) -> Program {
    let mut b = Builder::new("random", precision);
    let draws = b.random(law, 6, None, &[3, 7]);
    b.output("draws", draws);
    b.finish()
}

#[test]
fn outside_loops_the_step_is_zero_and_elements_count_in_row_major_order() {
    for law in [Law::Uniform, Law::Normal] {
        let [single, double] =
            Precision::ALL.map(|p| evaluate(&once(law, p), &[], CONTEXT).unwrap().remove(0));
        assert_eq!(single, Tensor { dims: vec![3, 7], data: Data::F32(expected(law, 6, 0, 21)) });
        assert_eq!(double, Tensor { dims: vec![3, 7], data: Data::F64(expected(law, 6, 0, 21)) });
    }
}

#[test]
fn seed_and_update_change_the_draws() {
    let draws = |seed, update| {
        let context = Context { seed, update, draws: None };
        evaluate(&once(Law::Uniform, Precision::F32), &[], context).unwrap()
    };
    assert_eq!(draws(1, 2), draws(1, 2));
    assert_ne!(draws(1, 2), draws(1, 3));
    assert_ne!(draws(1, 2), draws(2, 2));
}

#[test]
fn draws_may_be_those_of_another_precision() {
    for law in [Law::Uniform, Law::Normal] {
        let context = |draws| Context { draws: Some(draws), ..CONTEXT };
        let in_f64 = evaluate(&once(law, Precision::F64), &[], context(Precision::F32)).unwrap().remove(0);
        let single = expected::<f32>(law, 6, 0, 21).into_iter().map(f64::from).collect();
        assert_eq!(in_f64.data, Data::F64(single));
        let in_f32 = evaluate(&once(law, Precision::F32), &[], context(Precision::F64)).unwrap().remove(0);
        let double = expected::<f64>(law, 6, 0, 21).into_iter().map(|x| x as f32).collect();
        assert_eq!(in_f32.data, Data::F32(double));
    }
}

#[test]
fn loops_draw_anew_in_every_step_only_if_they_give_the_step() {
    let mut b = Builder::new("walk", Precision::F64);
    let zero = b.constant(0.0, &[5]);
    let results = b.repeat(3, &[zero, zero], |b, step, carried| {
        let fresh = b.random(Law::Normal, 8, Some(step), &[5]);
        let same = b.random(Law::Normal, 9, None, &[5]);
        vec![b.binary(BinaryOp::Add, carried[0], fresh), b.binary(BinaryOp::Add, carried[1], same)]
    });
    b.output("fresh", results[0]);
    b.output("same", results[1]);
    let found = evaluate(&b.finish(), &[], CONTEXT).unwrap();
    let step = |stream, step| expected::<f64>(Law::Normal, stream, step, 5);
    let sum = |i: usize| step(8, 0)[i] + step(8, 1)[i] + step(8, 2)[i];
    let fresh: Vec<f64> = (0..5).map(sum).collect();
    let same: Vec<f64> = step(9, 0).iter().map(|x| x + x + x).collect();
    assert_eq!(found, [f64s(&[5], &fresh), f64s(&[5], &same)]);
}
