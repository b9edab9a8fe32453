//! Element-wise operations, constants and broadcasts.

#![allow(clippy::disallowed_methods, reason = "the platform's functions are the independent source here")]

use plr_ir::builder::Builder;
use plr_ir::scalar::{BinaryOp, CompareOp, Host, UnaryOp, binary, unary};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor, Type};

use crate::sample::{assert_close, f32s, f64s, run, run1};

fn reference_unary(op: UnaryOp, x: f64) -> f64 {
    match op {
        UnaryOp::Neg => -x,
        UnaryOp::Abs => x.abs(),
        UnaryOp::Sqrt => x.sqrt(),
        UnaryOp::Exp => x.exp(),
        UnaryOp::Log => x.ln(),
        UnaryOp::Tanh => x.tanh(),
        UnaryOp::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        UnaryOp::Softplus => x.exp().ln_1p(),
        UnaryOp::Sin => x.sin(),
        UnaryOp::Cos => x.cos(),
        UnaryOp::Sign => x.signum(),
        UnaryOp::Floor => x.floor(),
        UnaryOp::Round => x.round_ties_even(),
    }
}

fn reference_binary(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Min => a.min(b),
        BinaryOp::Max => a.max(b),
        BinaryOp::Pow => a.powf(b),
    }
}

const XS: [f64; 6] = [0.25, 1.0, 2.5, 0.75, 3.125, 7.5];
const YS: [f64; 6] = [1.5, 1.0, -2.0, 0.0, 4.0, -0.5];

#[test]
fn unary_operations_apply_to_each_element_in_both_precisions() {
    for &op in UnaryOp::ALL {
        for precision in Precision::ALL {
            let mut b = Builder::new("unary", precision);
            let x = b.input("x", Type::real([2, 3]));
            let y = b.unary(op, x);
            b.output("y", y);
            let found = run(&b.finish(), &[Tensor::from_f64([2, 3], &XS, precision)]).remove(0);
            assert_eq!(found.dims, [2, 3]);
            assert_close(&found.to_f64(), &XS.map(|x| reference_unary(op, x)), precision.choose(1e-6, 1e-14));
            let bits = |x: f64| unary(&mut Host::<f32>::default(), op, x as f32).to_bits();
            if let Data::F32(found) = &found.data {
                assert_eq!(found.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), XS.map(bits), "{op}");
            }
        }
    }
}

#[test]
fn binary_operations_apply_to_corresponding_elements_in_both_precisions() {
    for &op in BinaryOp::ALL {
        for precision in Precision::ALL {
            let mut b = Builder::new("binary", precision);
            let x = b.input("x", Type::real([6]));
            let y = b.input("y", Type::real([6]));
            let z = b.binary(op, x, y);
            b.output("z", z);
            let inputs = [Tensor::from_f64([6], &XS, precision), Tensor::from_f64([6], &YS, precision)];
            let found = run(&b.finish(), &inputs).remove(0);
            let expected: Vec<f64> = XS.iter().zip(YS).map(|(&x, y)| reference_binary(op, x, y)).collect();
            assert_close(
                &found.to_f64().map_infinite(),
                &expected.map_infinite(),
                precision.choose(1e-6, 1e-14),
            );
            if let Data::F64(found) = &found.data {
                let bits = |(x, y)| binary(&mut Host::<f64>::default(), op, x, y).to_bits();
                let expected: Vec<u64> = XS.into_iter().zip(YS).map(bits).collect();
                assert_eq!(found.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), expected, "{op}");
            }
        }
    }
}

/// Infinities as large numbers, so that they compare.
trait MapInfinite {
    fn map_infinite(&self) -> Vec<f64>;
}

impl MapInfinite for Vec<f64> {
    fn map_infinite(&self) -> Vec<f64> {
        self.iter().map(|x| x.clamp(-1e300, 1e300)).collect()
    }
}

#[test]
fn comparisons_choose_and_nan_compares_unequal_only() {
    let (xs, ys) = ([1.0, 2.0, 2.0, f64::NAN, -0.0], [2.0, 1.0, 2.0, 1.0, 0.0]);
    for &op in CompareOp::ALL {
        let mut b = Builder::new("compare", Precision::F64);
        let x = b.input("x", Type::real([5]));
        let y = b.input("y", Type::real([5]));
        let holds = b.compare(op, x, y);
        let (one, zero) = (b.constant(1.0, &[5]), b.constant(0.0, &[5]));
        let z = b.select(holds, one, zero);
        b.output("z", z);
        let expected = match op {
            CompareOp::Lt => [1.0, 0.0, 0.0, 0.0, 0.0],
            CompareOp::Le => [1.0, 0.0, 1.0, 0.0, 1.0],
            CompareOp::Gt => [0.0, 1.0, 0.0, 0.0, 0.0],
            CompareOp::Ge => [0.0, 1.0, 1.0, 0.0, 1.0],
            CompareOp::Eq => [0.0, 0.0, 1.0, 0.0, 1.0],
            CompareOp::Ne => [1.0, 1.0, 0.0, 1.0, 0.0],
        };
        assert_eq!(run1(&b.finish(), &[f64s(&[5], &xs), f64s(&[5], &ys)]), expected, "{op}");
    }
}

#[test]
fn logic_follows_the_truth_tables() {
    let mut b = Builder::new("logic", Precision::F32);
    let x = b.input("x", Type::real([4]));
    let y = b.input("y", Type::real([4]));
    let zero = b.constant(0.0, &[4]);
    let (p, q) = (b.compare(CompareOp::Gt, x, zero), b.compare(CompareOp::Gt, y, zero));
    let (and, or, not) = (b.and(p, q), b.or(p, q), b.not(p));
    for (name, value) in [("and", and), ("or", or), ("not", not)] {
        let chosen = b.select(value, x, zero);
        let (ten, twenty) = (b.constant(10.0, &[4]), b.constant(20.0, &[4]));
        let number = b.select(value, ten, twenty);
        b.output(name, number);
        b.output(format!("{name} chosen"), chosen);
    }
    let outputs =
        run(&b.finish(), &[f32s(&[4], &[1.0, 2.0, -1.0, -2.0]), f32s(&[4], &[1.0, -1.0, 1.0, -1.0])]);
    assert_eq!(outputs[0].to_f64(), [10.0, 20.0, 20.0, 20.0]);
    assert_eq!(outputs[1].to_f64(), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(outputs[2].to_f64(), [10.0, 10.0, 10.0, 20.0]);
    assert_eq!(outputs[4].to_f64(), [20.0, 20.0, 10.0, 10.0]);
}

#[test]
fn constants_are_rounded_to_the_precision() {
    for (precision, expected) in [(Precision::F32, f64::from(0.1f32)), (Precision::F64, 0.1)] {
        let mut b = Builder::new("constant", precision);
        let c = b.constant(0.1, &[2, 1]);
        b.output("c", c);
        let found = run(&b.finish(), &[]).remove(0);
        assert_eq!((found.dims.as_slice(), found.to_f64()), (&[2, 1][..], vec![expected; 2]));
    }
}

#[test]
fn broadcasts_repeat_along_new_axes() {
    let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let (n, m, k) = (2, 3, 4);
    // Each place that two axes can take in three: the expected element at (i, j, l) of the result.
    type Source = fn(usize, usize, usize) -> usize;
    let cases: [(&[usize], [usize; 3], Source); 3] = [
        (&[0, 1], [n, m, k], |i, j, _| i * 3 + j),
        (&[0, 2], [n, k, m], |i, _, l| i * 3 + l),
        (&[1, 2], [k, n, m], |_, j, l| j * 3 + l),
    ];
    for (axes, dims, source) in cases {
        let mut b = Builder::new("broadcast", Precision::F64);
        let x = b.input("x", Type::real([n, m]));
        let y = b.broadcast(x, axes, &dims);
        b.output("y", y);
        let mut expected = Vec::new();
        for i in 0..dims[0] {
            for j in 0..dims[1] {
                for l in 0..dims[2] {
                    expected.push(numbers[source(i, j, l)]);
                }
            }
        }
        let found = run(&b.finish(), &[f64s(&[n, m], &numbers)]).remove(0);
        assert_eq!((found.dims.as_slice(), found.to_f64()), (&dims[..], expected));
    }
}

#[test]
fn scalars_and_truth_values_can_be_broadcast() {
    let mut b = Builder::new("broadcast", Precision::F64);
    let x = b.input("x", Type::real([]));
    let zero = b.constant(0.0, &[]);
    let positive = b.compare(CompareOp::Gt, x, zero);
    let positive = b.broadcast(positive, &[], &[3]);
    let (everywhere, none) = (b.broadcast(x, &[], &[3]), b.constant(0.0, &[3]));
    let y = b.select(positive, everywhere, none);
    b.output("y", y);
    let program = b.finish();
    assert_eq!(run1(&program, &[f64s(&[], &[2.5])]), [2.5; 3]);
    assert_eq!(run1(&program, &[f64s(&[], &[-2.5])]), [0.0; 3]);
}
