//! Reference gradients against closed forms.

#![allow(clippy::disallowed_methods, reason = "closed forms are computed by an independent library")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod hand_built;

use hand_built::{Settling, backprop, settling};
use plr_ir::model::{Init, Model, Reference, Shape};
use plr_ir::{Precision, Tensor};
use plr_run::backend::{Backend, Context};
use plr_run::check::{CheckError, Gradient, Minibatch, angles, gradients};
use plr_run::draws::Draws;
use plr_run::init;

const CONTEXT: Context = Context { seed: 2, update: 0 };
const BATCH: usize = 5;

type Matrix = Vec<Vec<f64>>;

/// Parameters, data and targets of a rule, drawn at random.
fn drawn(rule: &dyn Model) -> (Vec<Tensor>, Tensor, Tensor) {
    let Shape { features, outputs, .. } = rule.shape();
    let draw = |name, columns: usize| {
        let numbers = Draws::new(4, name, 0).normals(BATCH * columns);
        Tensor::from_f64([BATCH, columns], &numbers, Precision::F64)
    };
    (init::parameters(rule.parameters(), 4, Precision::F64).unwrap(), draw("x", features), draw("t", outputs))
}

fn find(rule: &dyn Model, reference: Reference) -> Result<Vec<Gradient>, CheckError> {
    let (parameters, data, target) = drawn(rule);
    gradients(rule, reference, &parameters, &Minibatch::new(data, target), CONTEXT)
}

fn rows(tensor: &Tensor) -> Matrix {
    tensor.to_f64().chunks(tensor.dims[1]).map(<[f64]>::to_vec).collect()
}

fn product(a: &Matrix, x: &[f64]) -> Vec<f64> {
    a.iter().map(|row| row.iter().zip(x).map(|(a, x)| a * x).sum()).collect()
}

fn transposed(a: &Matrix) -> Matrix {
    (0..a[0].len()).map(|j| a.iter().map(|row| row[j]).collect()).collect()
}

/// Solves `a x = b` by Gaussian elimination with partial pivoting.
fn solve(a: &Matrix, b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut m: Matrix = a.iter().zip(b).map(|(row, b)| row.iter().copied().chain([*b]).collect()).collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| m[i][k].abs().total_cmp(&m[j][k].abs())).unwrap();
        m.swap(k, pivot);
        for i in (0..n).filter(|&i| i != k) {
            let factor = m[i][k] / m[k][k];
            let row = m[k].clone();
            m[i].iter_mut().zip(row).for_each(|(x, r)| *x -= factor * r);
        }
    }
    (0..n).map(|k| m[k][n] / m[k][k]).collect()
}

/// The mean over the batch of outer products, row-major.
fn mean_outer(post: &Matrix, pre: &Matrix) -> Vec<f64> {
    let mut sum = vec![0.0; post[0].len() * pre[0].len()];
    for (post, pre) in post.iter().zip(pre) {
        for (i, p) in post.iter().enumerate() {
            for (j, q) in pre.iter().enumerate() {
                sum[i * pre.len() + j] += p * q / BATCH as f64;
            }
        }
    }
    sum
}

fn assert_close(found: &Gradient, expected: &[f64], tolerance: f64) {
    assert_eq!((found.values.len(), &found.elements), (expected.len(), &None));
    let size = expected.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
    for (found, expected) in found.values.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance * size, "{found} {expected}");
    }
}

/// The gradient of `½|t − V tanh(W x)|²`, by the chain rule in plain Rust.
fn two_layers(rule: &dyn Model) -> [Vec<f64>; 2] {
    let (parameters, data, target) = drawn(rule);
    let (w, v) = (rows(&parameters[0]), rows(&parameters[1]));
    let (x, t) = (rows(&data), rows(&target));
    let hidden: Matrix = x.iter().map(|x| product(&w, x).iter().map(|a| a.tanh()).collect()).collect();
    let outputs = hidden.iter().map(|h| product(&v, h));
    let errors: Matrix =
        outputs.zip(&t).map(|(y, t)| y.iter().zip(t).map(|(y, t)| y - t).collect()).collect();
    let back = errors.iter().map(|e| product(&transposed(&v), e));
    let deltas = back.zip(&hidden).map(|(d, h)| d.iter().zip(h).map(|(d, h)| d * (1.0 - h * h)).collect());
    [mean_outer(&deltas.collect(), &x), mean_outer(&errors, &hidden)]
}

#[test]
fn feed_forward_gradient_is_the_chain_rule() {
    let rule = backprop(1.0, 1.0);
    let found = find(&rule, Reference::FeedForward(0)).unwrap();
    let expected = two_layers(&rule);
    assert_eq!(
        found.iter().map(|g| g.parameter.as_str()).collect::<Vec<_>>(),
        ["W/input->h1", "W/h1->output"]
    );
    for (found, expected) in found.iter().zip(&expected) {
        assert_close(found, expected, 1e-13);
    }
}

#[test]
fn finite_differences_are_close_to_the_chain_rule() {
    let rule = backprop(1.0, 1.0);
    let found = find(&rule, Reference::FiniteDifferences(0)).unwrap();
    for (found, expected) in found.iter().zip(&two_layers(&rule)) {
        assert_close(found, expected, 1e-9);
    }
}

fn contracting() -> Settling {
    Settling { features: 3, units: 4, steps: 12, tolerance: None, recurrence: 0.25 }
}

/// At `s = (1 − A)⁻¹ W x` the sensitivity is `λ = (1 − Aᵀ)⁻¹ (s − t)`, and the gradients are `λ sᵀ` and `λ xᵀ`.
fn fixed_point(rule: &dyn Model) -> [Vec<f64>; 2] {
    let (parameters, data, target) = drawn(rule);
    let (a, w) = (rows(&parameters[0]), rows(&parameters[1]));
    let (x, t) = (rows(&data), rows(&target));
    let identity_minus = |a: &Matrix| -> Matrix {
        let row = |(i, row): (usize, &Vec<f64>)| {
            row.iter().enumerate().map(|(j, a)| f64::from(u8::from(i == j)) - a).collect()
        };
        a.iter().enumerate().map(row).collect()
    };
    let states: Matrix = x.iter().map(|x| solve(&identity_minus(&a), &product(&w, x))).collect();
    let errors = states.iter().zip(&t).map(|(s, t)| s.iter().zip(t).map(|(s, t)| s - t).collect::<Vec<_>>());
    let lambda: Matrix = errors.map(|e| solve(&identity_minus(&transposed(&a)), &e)).collect();
    [mean_outer(&lambda, &states), mean_outer(&lambda, &x)]
}

#[test]
fn equilibrium_gradient_is_the_implicit_one() {
    for tolerance in [None, Some(1e-6)] {
        let rule = settling(Settling { tolerance, ..contracting() });
        let found = find(&rule, Reference::Equilibrium(0)).unwrap();
        for (found, expected) in found.iter().zip(&fixed_point(&rule)) {
            assert_close(found, expected, 1e-12);
        }
    }
}

#[test]
fn a_phase_that_does_not_come_to_rest_has_no_equilibrium() {
    // s ← −s + x jumps between 0 and x for ever.
    let mut rule = settling(Settling { features: 1, units: 1, recurrence: 0.0, ..contracting() });
    rule.parameters[0].init = Init::Constant(-1.0);
    let error = find(&rule, Reference::Equilibrium(0)).unwrap_err();
    let CheckError::NotAtEquilibrium { phase, residual, .. } = &error else { panic!("{error}") };
    assert!(phase == "free" && *residual > 0.1, "{error}");
}

/// With `s_{k+1} = A s_k + W x` and the state `K` steps before the end held fixed: `λ_0 = s − t`, `λ_{k+1} = Aᵀ λ_k`, and
/// the gradients are the sums of `λ_k s_{N−1−k}ᵀ` and `λ_k xᵀ` over `K` steps.
fn truncated(rule: &dyn Model, steps: usize, last: usize) -> [Vec<f64>; 2] {
    let (parameters, data, target) = drawn(rule);
    let (a, w) = (rows(&parameters[0]), rows(&parameters[1]));
    let (x, t) = (rows(&data), rows(&target));
    let next = |s: &Vec<f64>, x: &Vec<f64>| -> Vec<f64> {
        product(&a, s).iter().zip(product(&w, x)).map(|(r, f)| r + f).collect()
    };
    let mut states: Vec<Matrix> = vec![vec![vec![0.0; a.len()]; BATCH]];
    for k in 0..steps {
        states.push(states[k].iter().zip(&x).map(|(s, x)| next(s, x)).collect());
    }
    let difference = |s: &Vec<f64>, t: &Vec<f64>| s.iter().zip(t).map(|(s, t)| s - t).collect();
    let mut lambda: Matrix = states[steps].iter().zip(&t).map(|(s, t)| difference(s, t)).collect();
    let mut sums = [vec![0.0; a.len() * a.len()], vec![0.0; w.len() * w[0].len()]];
    for k in (steps - last..steps).rev() {
        for (sum, pre) in sums.iter_mut().zip([&states[k], &x]) {
            sum.iter_mut().zip(mean_outer(&lambda, pre)).for_each(|(s, g)| *s += g);
        }
        lambda = lambda.iter().map(|l| product(&transposed(&a), l)).collect();
    }
    sums
}

#[test]
fn unrolled_gradient_is_backpropagation_through_the_last_steps() {
    let rule = settling(contracting());
    for last in [1, 3, 11, 12] {
        let found = find(&rule, Reference::Unrolled { steps: last, phase: 0 }).unwrap();
        for (found, expected) in found.iter().zip(&truncated(&rule, 12, last as usize)) {
            assert_close(found, expected, 1e-13);
        }
    }
    let error = find(&rule, Reference::Unrolled { steps: 13, phase: 0 }).unwrap_err();
    assert!(matches!(error, CheckError::TooFewSteps { wanted: 13, made: 12, .. }), "{error}");
}

#[test]
fn unrolling_counts_from_where_a_relaxation_ended() {
    // With A = 0 the second step changes nothing: the loop ends after two of its twelve steps.
    let rule = settling(Settling { tolerance: Some(1e-9), recurrence: 0.0, ..contracting() });
    assert!(find(&rule, Reference::Unrolled { steps: 2, phase: 0 }).is_ok());
    let error = find(&rule, Reference::Unrolled { steps: 3, phase: 0 }).unwrap_err();
    assert!(matches!(error, CheckError::TooFewSteps { wanted: 3, made: 2, .. }), "{error}");
}

#[test]
fn angles_of_backprop_are_zero_and_of_a_sign_error_flat() {
    let backend = Backend::Jit { threads: 1 };
    for (sign, expected) in [(1.0, 0.0), (-1.0, 180.0)] {
        let rule = backprop(0.3, sign);
        let (parameters, data, target) = drawn(&rule);
        let (reference, minibatch) = (Reference::FeedForward(0), Minibatch::new(data, target));
        let found = angles(&rule, reference, backend, &parameters, &minibatch, CONTEXT).unwrap();
        assert!((found[0].degrees - expected).abs() < 1e-6 && found[1].degrees < 1e-6, "{found:?}");
        assert_eq!((found[0].parameter.as_str(), found[0].group.as_str()), ("W/input->h1", "W"));
    }
}
