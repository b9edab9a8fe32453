//! The derivative of every operation alone, against central differences.

use plr_ir::builder::Builder;
use plr_ir::program::{Contraction, Law, ReduceKind};
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_ir::{Precision, Program, Type, Value};

use crate::contract::{PATTERNS, dims};
use crate::finite_differences::assert_differentiable;
use crate::sample::{Sample, f64s, pull};

const TOLERANCE: f64 = 1e-8;

/// A program with real inputs of the given dimensions and the output that `body` makes of them.
fn program(inputs: &[&[usize]], body: impl FnOnce(&mut Builder, &[Value]) -> Value) -> Program {
    let mut b = Builder::new("derivative", Precision::F64);
    let inputs: Vec<Value> =
        inputs.iter().enumerate().map(|(i, dims)| b.input(format!("x{i}"), Type::real(*dims))).collect();
    let output = body(&mut b, &inputs);
    b.output("y", output);
    b.finish()
}

#[test]
fn unary_operations() {
    for &op in UnaryOp::ALL {
        // Within the domain of `sqrt` and `log`; on both sides of zero for the others. No kinks and no jumps nearby.
        let points: &[f64] = match op {
            UnaryOp::Sqrt | UnaryOp::Log => &[0.3, 1.0, 2.7, 9.4],
            UnaryOp::Neg
            | UnaryOp::Abs
            | UnaryOp::Exp
            | UnaryOp::Tanh
            | UnaryOp::Sigmoid
            | UnaryOp::Softplus
            | UnaryOp::Sin
            | UnaryOp::Cos
            | UnaryOp::Sign
            | UnaryOp::Floor
            | UnaryOp::Round => &[-3.7, -1.2, -0.3, 0.1, 0.8, 2.3, 4.6],
        };
        let program = program(&[&[points.len()]], |b, x| b.unary(op, x[0]));
        assert_differentiable(&program, &[f64s(&[points.len()], points)], TOLERANCE, op.name());
    }
}

#[test]
fn binary_operations() {
    for &op in BinaryOp::ALL {
        let program = program(&[&[6], &[6]], |b, x| b.binary(op, x[0], x[1]));
        let first = f64s(&[6], &[0.5, 2.0, 1.3, 0.9, 3.0, 0.2]);
        let second = f64s(&[6], &[-1.5, 2.5, 1.0, -0.7, 0.4, 3.0]);
        assert_differentiable(&program, &[first, second], TOLERANCE, op.name());
    }
}

#[test]
fn binary_operations_of_a_value_with_itself() {
    for &op in BinaryOp::ALL {
        let program = program(&[&[3]], |b, x| b.binary(op, x[0], x[0]));
        assert_differentiable(&program, &[f64s(&[3], &[0.5, 2.0, 1.3])], TOLERANCE, op.name());
    }
}

#[test]
fn powers_of_negative_numbers_with_whole_exponents() {
    for exponent in [-2.0, -1.0, 1.0, 2.0, 3.0] {
        let program = program(&[&[3]], |b, x| {
            let exponent = b.constant(exponent, &[3]);
            b.binary(BinaryOp::Pow, x[0], exponent)
        });
        assert_differentiable(&program, &[f64s(&[3], &[-0.5, -2.0, 1.3])], TOLERANCE, "pow");
    }
}

#[test]
fn choices() {
    let program = program(&[&[4], &[4]], |b, x| {
        let (zero, product) = (b.constant(0.0, &[4]), b.binary(BinaryOp::Mul, x[0], x[1]));
        let (positive, less) = (b.compare(CompareOp::Gt, x[0], zero), b.compare(CompareOp::Lt, x[0], x[1]));
        let (both, neither) = (b.and(positive, less), b.not(less));
        let some = b.or(both, neither);
        let chosen = b.select(some, product, x[1]);
        b.select(both, chosen, x[0])
    });
    let inputs = [f64s(&[4], &[1.0, -1.0, 2.0, -2.0]), f64s(&[4], &[2.0, 3.0, -1.0, -3.0])];
    assert_differentiable(&program, &inputs, TOLERANCE, "select");
}

#[test]
fn broadcasts() {
    let cases: [(&[usize], &[usize], &[usize]); 6] = [
        (&[], &[], &[2, 3]),
        (&[3], &[1], &[2, 3]),
        (&[2], &[0], &[2, 3]),
        (&[2, 3], &[0, 2], &[2, 4, 3]),
        (&[2, 3], &[1, 2], &[4, 2, 3]),
        (&[1, 3], &[0, 1], &[1, 3]),
    ];
    for (from, axes, to) in cases {
        let program = program(&[from], |b, x| b.broadcast(x[0], axes, to));
        assert_differentiable(&program, &Sample(4).inputs(&program, -1.0, 1.0), TOLERANCE, "broadcast");
    }
}

#[test]
fn contractions() {
    for text in PATTERNS {
        let spec = Contraction::parse(text).unwrap();
        let program = program(&[&dims(&spec.lhs), &dims(&spec.rhs)], |b, x| b.contract(text, x[0], x[1]));
        assert_differentiable(&program, &Sample(5).inputs(&program, -1.0, 1.0), TOLERANCE, text);
    }
}

#[test]
fn contractions_of_a_value_with_itself() {
    for text in ["ij,ij->", "ij,ik->jk", "ij,jk->ik", "ij,ji->i", "ij,kl->il"] {
        let program = program(&[&[3, 3]], |b, x| b.contract(text, x[0], x[0]));
        assert_differentiable(&program, &Sample(6).inputs(&program, -1.0, 1.0), TOLERANCE, text);
    }
}

#[test]
fn reductions() {
    for kind in [ReduceKind::Sum, ReduceKind::Max, ReduceKind::Min] {
        for axes in [&[0][..], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]] {
            let program = program(&[&[2, 3, 4]], |b, x| b.reduce(kind, x[0], axes));
            let what = format!("{kind:?} over {axes:?}");
            assert_differentiable(&program, &Sample(7).inputs(&program, -1.0, 1.0), TOLERANCE, &what);
        }
    }
}

#[test]
fn draws_and_steps_are_constants() {
    let program = program(&[&[5]], |b, x| {
        let noise = b.random(Law::Normal, 3, None, &[5]);
        let noisy = b.binary(BinaryOp::Mul, noise, x[0]);
        let results = b.repeat(3, &[noisy], |b, step, carried| {
            let (noise, step) = (b.random(Law::Uniform, 4, Some(step), &[5]), b.convert_index(step));
            let step = b.broadcast(step, &[], &[5]);
            let moved = b.binary(BinaryOp::Add, carried[0], step);
            let moved = b.unary(UnaryOp::Tanh, moved);
            vec![b.binary(BinaryOp::Mul, moved, noise)]
        });
        results[0]
    });
    assert_differentiable(&program, &Sample(8).inputs(&program, -1.0, 1.0), TOLERANCE, "random");
}

#[test]
fn loops_with_a_tolerance_differentiate_the_steps_that_ran() {
    // x ← cos(a·x) approaches its fixed point; its derivative by the implicit function theorem is
    // dx/da = −x sin(ax) / (1 + a sin(ax)).
    let program = program(&[&[]], |b, a| {
        let start = b.constant(0.5, &[]);
        let results = b.repeat_until(500, 1e-15, &[start], |b, _, carried| {
            let product = b.binary(BinaryOp::Mul, a[0], carried[0]);
            let next = b.unary(UnaryOp::Cos, product);
            let change = b.binary(BinaryOp::Sub, next, carried[0]);
            let residual = b.unary(UnaryOp::Abs, change);
            (vec![next], residual)
        });
        results[0]
    });
    let found = pull(&program, &[f64s(&[], &[0.8])], &[f64s(&[], &[1.0])]);
    let x = found.outputs[0].to_f64()[0];
    let slope = implicit_slope(x, 0.8);
    assert!((found.gradients[0].to_f64()[0] - slope).abs() < 1e-12);
    assert_differentiable(&program, &[f64s(&[], &[0.8])], TOLERANCE, "until");
}

#[allow(clippy::disallowed_methods, reason = "an independent source of the sine")]
fn implicit_slope(x: f64, a: f64) -> f64 {
    -x * (a * x).sin() / (1.0 + a * (a * x).sin())
}

#[test]
fn the_last_residual_is_differentiable() {
    let program = program(&[&[2]], |b, x| {
        let results = b.repeat_until(3, 0.0, &[x[0]], |b, _, carried| {
            let next = b.unary(UnaryOp::Sin, carried[0]);
            let change = b.binary(BinaryOp::Sub, next, carried[0]);
            let residual = b.contract("i,i->", change, change);
            (vec![next], residual)
        });
        results[2]
    });
    assert_differentiable(&program, &[f64s(&[2], &[0.9, -1.4])], TOLERANCE, "residual");
}
