//! Gradients of composed programs that are known in closed form.

#![allow(clippy::disallowed_methods, reason = "the platform's functions are the independent source here")]

use plr_interp::{Context, gradient};
use plr_ir::builder::Builder;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Precision, Program, Tensor, Type};

use crate::finite_differences::assert_differentiable;
use crate::sample::{Sample, assert_close, f64s, pull};

const BATCH: usize = 3;
const CLASSES: usize = 4;

/// Cross-entropy of softmax, summed over the batch, with the maximum subtracted as networks do.
fn cross_entropy(precision: Precision) -> Program {
    let mut b = Builder::new("cross-entropy", precision);
    let logits = b.input("logits", Type::real([BATCH, CLASSES]));
    let target = b.input("target", Type::real([BATCH, CLASSES]));
    let largest = b.reduce(ReduceKind::Max, logits, &[1]);
    let shift = b.broadcast(largest, &[0], &[BATCH, CLASSES]);
    let shifted = b.binary(BinaryOp::Sub, logits, shift);
    let exponentials = b.unary(UnaryOp::Exp, shifted);
    let partition = b.reduce(ReduceKind::Sum, exponentials, &[1]);
    let partition = b.unary(UnaryOp::Log, partition);
    let partition = b.broadcast(partition, &[0], &[BATCH, CLASSES]);
    let log_softmax = b.binary(BinaryOp::Sub, shifted, partition);
    let likelihood = b.contract("bi,bi->", log_softmax, target);
    let cost = b.unary(UnaryOp::Neg, likelihood);
    b.output("cost", cost);
    b.finish()
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let rows = logits.chunks(CLASSES);
    rows.flat_map(|row| {
        let partition: f64 = row.iter().map(|x| x.exp()).sum();
        row.iter().map(move |x| x.exp() / partition)
    })
    .collect()
}

#[test]
fn the_gradient_of_cross_entropy_by_logits_is_softmax_minus_target() {
    let logits = Sample(11).tensor(&[BATCH, CLASSES], -3.0, 3.0);
    let target = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.25, 0.25, 0.5, 0.0];
    let expected: Vec<f64> = softmax(&logits.to_f64()).iter().zip(target).map(|(p, y)| p - y).collect();
    for (precision, tolerance) in [(Precision::F32, 1e-6), (Precision::F64, 1e-15)] {
        let inputs = [logits.cast(precision), f64s(&[BATCH, CLASSES], &target).cast(precision)];
        let found = pull(&cross_entropy(precision), &inputs, &[Tensor::from_f64([], &[1.0], precision)]);
        assert_close(&found.gradients[0].to_f64(), &expected, tolerance);
    }
}

/// `½ Σ (W₂ tanh(W₁ x + b) − t)²`; outputs: prediction, cost.
fn two_layers(batch: usize, sizes: [usize; 3], precision: Precision) -> Program {
    let [features, hidden, outputs] = sizes;
    let mut b = Builder::new("two layers", precision);
    let x = b.input("x", Type::real([batch, features]));
    let t = b.input("t", Type::real([batch, outputs]));
    let w1 = b.input("w1", Type::real([hidden, features]));
    let bias = b.input("b", Type::real([hidden]));
    let w2 = b.input("w2", Type::real([outputs, hidden]));
    let drive = b.contract("bj,ij->bi", x, w1);
    let bias = b.broadcast(bias, &[1], &[batch, hidden]);
    let drive = b.binary(BinaryOp::Add, drive, bias);
    let h = b.unary(UnaryOp::Tanh, drive);
    let y = b.contract("bj,ij->bi", h, w2);
    let error = b.binary(BinaryOp::Sub, y, t);
    let squares = b.contract("bi,bi->", error, error);
    let half = b.constant(0.5, &[]);
    let cost = b.binary(BinaryOp::Mul, squares, half);
    b.output("y", y);
    b.output("cost", cost);
    b.finish()
}

#[test]
fn a_two_layer_network_has_the_gradients_of_backpropagation() {
    let (batch, [features, hidden, outputs]) = (2, [3, 4, 2]);
    let program = two_layers(batch, [features, hidden, outputs], Precision::F64);
    let inputs = Sample(12).inputs(&program, -1.0, 1.0);
    let [x, t, w1, bias, w2] = [0, 1, 2, 3, 4].map(|i: usize| inputs[i].to_f64());
    let [mut d_w1, mut d_b, mut d_w2] =
        [vec![0.0; hidden * features], vec![0.0; hidden], vec![0.0; outputs * hidden]];
    for s in 0..batch {
        let drive = |i: usize| {
            (0..features).map(|j| w1[i * features + j] * x[s * features + j]).sum::<f64>() + bias[i]
        };
        let h: Vec<f64> = (0..hidden).map(|i| drive(i).tanh()).collect();
        let y = |k: usize| (0..hidden).map(|i| w2[k * hidden + i] * h[i]).sum::<f64>();
        let error: Vec<f64> = (0..outputs).map(|k| y(k) - t[s * outputs + k]).collect();
        for i in 0..hidden {
            let back: f64 = (0..outputs).map(|k| w2[k * hidden + i] * error[k]).sum();
            let delta = back * (1.0 - h[i] * h[i]);
            d_b[i] += delta;
            (0..features).for_each(|j| d_w1[i * features + j] += delta * x[s * features + j]);
            (0..outputs).for_each(|k| d_w2[k * hidden + i] += error[k] * h[i]);
        }
    }
    let references: Vec<&Tensor> = inputs.iter().collect();
    let seeds = [("cost", f64s(&[], &[1.0]))];
    let found = gradient(&program, &references, Context::default(), &seeds, &[4, 2, 3]).unwrap();
    assert_close(&found.gradients[0].to_f64(), &d_w2, 1e-14);
    assert_close(&found.gradients[1].to_f64(), &d_w1, 1e-14);
    assert_close(&found.gradients[2].to_f64(), &d_b, 1e-14);
    assert_differentiable(&program, &inputs, 1e-8, "two layers");
}

#[test]
fn a_network_of_practical_size_agrees_in_both_precisions() {
    let program = |precision| two_layers(64, [784, 128, 10], precision);
    let inputs = Sample(13).inputs(&program(Precision::F64), -0.1, 0.1);
    let gradients = Precision::ALL.map(|precision| {
        let inputs: Vec<Tensor> = inputs.iter().map(|input| input.cast(precision)).collect();
        let references: Vec<&Tensor> = inputs.iter().collect();
        let seeds = [("cost", Tensor::from_f64([], &[1.0], precision))];
        gradient(&program(precision), &references, Context::default(), &seeds, &[2, 3, 4]).unwrap().gradients
    });
    for (single, double) in gradients[0].iter().zip(&gradients[1]) {
        assert_close(&single.to_f64(), &double.to_f64(), 1e-5);
    }
}

/// Gradient descent on a quadratic, unrolled by the loop: `x ← x − η(ax − c)`, n steps from `x₀`. With `q = 1 − ηa`, the
/// result is `qⁿ x₀ + ηc(1 + q + … + qⁿ⁻¹)`.
#[test]
fn the_gradient_through_a_linear_recurrence_is_a_geometric_series() {
    let (eta, a, c, start, steps) = (0.1, 1.5, 0.7, 2.0, 25);
    let mut b = Builder::new("descent", Precision::F64);
    let [a_value, c_value, start_value] = ["a", "c", "start"].map(|name| b.input(name, Type::real([])));
    let results = b.repeat(steps, &[start_value], |b, _, x| {
        let product = b.binary(BinaryOp::Mul, a_value, x[0]);
        let slope = b.binary(BinaryOp::Sub, product, c_value);
        let eta = b.constant(eta, &[]);
        let change = b.binary(BinaryOp::Mul, eta, slope);
        vec![b.binary(BinaryOp::Sub, x[0], change)]
    });
    b.output("x", results[0]);
    let inputs = [a, c, start].map(|x| f64s(&[], &[x]));
    let found = pull(&b.finish(), &inputs, &[f64s(&[], &[1.0])]);
    let q: f64 = 1.0 - eta * a;
    let n = f64::from(steps);
    let power = q.powf(n);
    let series = (1.0 - power) / (1.0 - q);
    let series_by_q = ((n - 1.0) * power - n * q.powf(n - 1.0) + 1.0) / ((1.0 - q) * (1.0 - q));
    let by_a = -eta * (n * q.powf(n - 1.0) * start + eta * c * series_by_q);
    assert_close(&found.outputs[0].to_f64(), &[power * start + eta * c * series], 1e-14);
    let gradients: Vec<f64> = found.gradients.iter().flat_map(Tensor::to_f64).collect();
    assert_close(&gradients, &[by_a, eta * series, power], 1e-13);
}
