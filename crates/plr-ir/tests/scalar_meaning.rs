//! The numbered sentences at the head of `scalar`, one test each where a sentence is more than a definition.

use plr_ir::scalar::{BinaryOp, CompareOp, Precision, Real, UnaryOp, binary, compare, unary};

const INFINITY: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// `op(x)` in the precision of `T`, as a double.
fn one<T: Real>(op: UnaryOp, x: f64) -> f64 {
    unary(&mut T::Host::default(), op, T::from_f64(x)).to_f64()
}

/// `op(a, b)` in the precision of `T`, as a double.
fn two<T: Real>(op: BinaryOp, a: f64, b: f64) -> f64 {
    binary(&mut T::Host::default(), op, T::from_f64(a), T::from_f64(b)).to_f64()
}

/// Asserts results to the bit, but for the bits of NaN, in both precisions.
fn assert_unary(op: UnaryOp, cases: &[(f64, f64)]) {
    for &(x, expected) in cases {
        for computed in [one::<f32>(op, x), one::<f64>(op, x)] {
            assert!(same(computed, expected), "{op}({x}) = {computed}, not {expected}");
        }
    }
}

/// As [`assert_unary`].
fn assert_binary(op: BinaryOp, cases: &[(f64, f64, f64)]) {
    for &(a, b, expected) in cases {
        for computed in [two::<f32>(op, a, b), two::<f64>(op, a, b)] {
            assert!(same(computed, expected), "{op}({a}, {b}) = {computed}, not {expected}");
        }
    }
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

#[test]
fn sentence_2_nan_is_never_swallowed() {
    for &op in UnaryOp::ALL {
        assert_unary(op, &[(NAN, NAN), (-NAN, NAN)]);
    }
    for &op in BinaryOp::ALL {
        for other in [0.0, -0.0, 1.0, -2.5, INFINITY, -INFINITY, NAN] {
            assert_binary(op, &[(NAN, other, NAN), (other, NAN, NAN)]);
        }
    }
}

#[test]
fn sentence_3_neg_and_abs_touch_the_sign_bit_alone() {
    assert_unary(UnaryOp::Neg, &[(0.0, -0.0), (-0.0, 0.0), (INFINITY, -INFINITY), (2.0, -2.0)]);
    assert_unary(UnaryOp::Abs, &[(-0.0, 0.0), (-INFINITY, INFINITY), (-2.0, 2.0)]);
}

#[test]
fn sentence_4_rounding_to_integers() {
    assert_unary(UnaryOp::Floor, &[(-0.5, -1.0), (2.75, 2.0), (-0.0, -0.0), (-INFINITY, -INFINITY)]);
    assert_unary(
        UnaryOp::Round,
        &[(0.5, 0.0), (1.5, 2.0), (2.5, 2.0), (-0.5, -0.0), (-1.5, -2.0), (INFINITY, INFINITY)],
    );
}

#[test]
fn sentence_5_sign() {
    let least = f64::from(f32::from_bits(1));
    assert_unary(UnaryOp::Sign, &[(least, 1.0), (-least, -1.0), (0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0)]);
    assert_unary(UnaryOp::Sign, &[(-INFINITY, -1.0)]);
}

#[test]
fn sentence_6_max_and_min() {
    let max =
        [(1.0, 2.0, 2.0), (2.0, 1.0, 2.0), (-0.0, 0.0, -0.0), (0.0, -0.0, 0.0), (INFINITY, 1.0, INFINITY)];
    assert_binary(BinaryOp::Max, &max);
    assert_binary(BinaryOp::Max, &[(-INFINITY, -1.0, -1.0), (-INFINITY, INFINITY, INFINITY)]);
    let min = [(1.0, 2.0, 1.0), (2.0, 1.0, 1.0), (-0.0, 0.0, -0.0), (0.0, -0.0, 0.0), (INFINITY, 1.0, 1.0)];
    assert_binary(BinaryOp::Min, &min);
    assert_binary(BinaryOp::Min, &[(-INFINITY, -1.0, -INFINITY), (-INFINITY, INFINITY, -INFINITY)]);
}

#[test]
fn sentence_7_comparisons() {
    // Whether each comparison holds below, at equality, above, and with a NaN.
    let table = [
        (CompareOp::Lt, [true, false, false, false]),
        (CompareOp::Le, [true, true, false, false]),
        (CompareOp::Gt, [false, false, true, false]),
        (CompareOp::Ge, [false, true, true, false]),
        (CompareOp::Eq, [false, true, false, false]),
        (CompareOp::Ne, [true, false, true, true]),
    ];
    assert_eq!(table.map(|(op, _)| op), CompareOp::ALL);
    let pairs = [
        [(1.0, 2.0), (-INFINITY, 0.0)],
        [(1.0, 1.0), (-0.0, 0.0)],
        [(2.0, 1.0), (INFINITY, 3.0)],
        [(NAN, 1.0), (NAN, NAN)],
    ];
    for (op, holds) in table {
        for (pairs, holds) in pairs.iter().zip(holds) {
            for &(a, b) in pairs {
                assert_eq!(compare(&mut <f64 as Real>::Host::default(), op, a, b), holds, "{a} {op} {b}");
                assert_eq!(
                    compare(&mut <f32 as Real>::Host::default(), op, a as f32, b as f32),
                    holds,
                    "{a} {op} {b}"
                );
            }
        }
    }
}

#[test]
fn sentence_8_exp() {
    assert_unary(
        UnaryOp::Exp,
        &[(-INFINITY, 0.0), (INFINITY, INFINITY), (0.0, 1.0), (-0.0, 1.0), (1e4, INFINITY)],
    );
    assert_unary(UnaryOp::Exp, &[(-1e4, 0.0), (1e38, INFINITY), (-1e38, 0.0)]);
    // The least arguments whose results do not round to zero, and the greatest finite results.
    assert_eq!(one::<f32>(UnaryOp::Exp, -103.9), f64::from(f32::from_bits(1)));
    assert_eq!(one::<f64>(UnaryOp::Exp, -745.1), f64::from_bits(1));
    assert!(one::<f32>(UnaryOp::Exp, 88.72) < INFINITY && one::<f32>(UnaryOp::Exp, 88.73) == INFINITY);
    assert!(one::<f64>(UnaryOp::Exp, 709.78) < INFINITY && one::<f64>(UnaryOp::Exp, 709.79) == INFINITY);
}

#[test]
fn sentence_9_log() {
    assert_unary(UnaryOp::Log, &[(0.0, -INFINITY), (-0.0, -INFINITY), (INFINITY, INFINITY), (1.0, 0.0)]);
    assert_unary(UnaryOp::Log, &[(-1.0, NAN), (-INFINITY, NAN), (-1e-30, NAN)]);
    // The smallest subnormal numbers are powers of two.
    let ln_2 = std::f64::consts::LN_2;
    assert!((one::<f32>(UnaryOp::Log, f64::from(f32::from_bits(1))) + 149.0 * ln_2).abs() < 1e-5);
    assert!((one::<f64>(UnaryOp::Log, f64::from_bits(1)) + 1074.0 * ln_2).abs() < 1e-12);
}

#[test]
fn sentence_10_tanh() {
    assert_unary(
        UnaryOp::Tanh,
        &[(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (30.0, 1.0), (-30.0, -1.0)],
    );
    assert_eq!(one::<f32>(UnaryOp::Tanh, 9.02), 1.0);
    assert_eq!(one::<f64>(UnaryOp::Tanh, 19.07), 1.0);
    for i in 0..1000 {
        let x = f64::from(i) * 0.013;
        assert_eq!(one::<f32>(UnaryOp::Tanh, -x), -one::<f32>(UnaryOp::Tanh, x));
        assert_eq!(one::<f64>(UnaryOp::Tanh, -x), -one::<f64>(UnaryOp::Tanh, x));
    }
    let least = f64::from(f32::from_bits(1));
    assert_eq!(one::<f32>(UnaryOp::Tanh, least), least);
}

#[test]
fn sentence_11_sigmoid() {
    assert_unary(
        UnaryOp::Sigmoid,
        &[(-INFINITY, 0.0), (INFINITY, 1.0), (0.0, 0.5), (-0.0, 0.5), (-1e4, 0.0), (1e4, 1.0)],
    );
    assert!(one::<f32>(UnaryOp::Sigmoid, -100.0) > 0.0);
    assert!(one::<f64>(UnaryOp::Sigmoid, -740.0) > 0.0);
}

#[test]
fn sentence_12_softplus() {
    assert_unary(UnaryOp::Softplus, &[(-INFINITY, 0.0), (INFINITY, INFINITY)]);
    assert_unary(UnaryOp::Softplus, &[(-1e4, 0.0), (65536.0, 65536.0)]);
    assert_eq!(one::<f64>(UnaryOp::Softplus, 0.0), std::f64::consts::LN_2);
}

#[test]
fn sentence_13_circular_functions_have_a_range() {
    for op in [UnaryOp::Sin, UnaryOp::Cos] {
        assert_unary(op, &[(INFINITY, NAN), (-INFINITY, NAN), (1_048_577.0, NAN), (-1e30, NAN)]);
        assert!(one::<f32>(op, 8192.0).abs() <= 1.0 && one::<f32>(op, 8193.0).is_nan());
        assert!(one::<f64>(op, 1_048_576.0).abs() <= 1.0);
    }
    assert_eq!(one::<f32>(UnaryOp::Sin, 0.0), 0.0);
    assert_unary(UnaryOp::Cos, &[(0.0, 1.0), (-0.0, 1.0)]);
}

#[test]
fn sentence_14_trivial_powers() {
    for x in [0.0, -0.0, 1.0, -3.5, INFINITY, -INFINITY] {
        assert_binary(BinaryOp::Pow, &[(x, 0.0, 1.0), (x, -0.0, 1.0), (1.0, x, 1.0)]);
    }
}

#[test]
fn sentence_15_powers_of_negative_numbers() {
    let cases = [
        (-2.0, 3.0, -8.0),
        (-2.0, 2.0, 4.0),
        (-2.0, -1.0, -0.5),
        (-8.0, 1.0 / 3.0, NAN),
        (-INFINITY, 0.5, NAN),
    ];
    assert_binary(BinaryOp::Pow, &cases);
    let extreme = [
        (-0.0, 3.0, -0.0),
        (-0.0, 2.0, 0.0),
        (-0.0, -1.0, -INFINITY),
        (-1.0, INFINITY, 1.0),
        (-2.0, 1e30, INFINITY),
    ];
    assert_binary(BinaryOp::Pow, &extreme);
}

#[test]
fn sentence_16_powers_of_zero_and_infinity() {
    let zero = [(0.0, 0.5, 0.0), (0.0, -0.5, INFINITY), (0.0, INFINITY, 0.0), (0.0, -INFINITY, INFINITY)];
    assert_binary(BinaryOp::Pow, &zero);
    let infinite = [
        (INFINITY, 0.5, INFINITY),
        (INFINITY, -2.0, 0.0),
        (-INFINITY, 3.0, -INFINITY),
        (-INFINITY, -3.0, -0.0),
    ];
    assert_binary(BinaryOp::Pow, &infinite);
    let limits =
        [(2.0, INFINITY, INFINITY), (0.5, INFINITY, 0.0), (2.0, -INFINITY, 0.0), (0.5, -INFINITY, INFINITY)];
    assert_binary(BinaryOp::Pow, &limits);
}

#[test]
fn names_are_read_back() {
    for &op in UnaryOp::ALL {
        assert_eq!(op.name().parse(), Ok(op));
    }
    for &op in BinaryOp::ALL {
        assert_eq!(op.name().parse(), Ok(op));
    }
    for &op in CompareOp::ALL {
        assert_eq!(op.name().parse(), Ok(op));
    }
    for precision in Precision::ALL {
        assert_eq!(precision.name().parse(), Ok(precision));
    }
    assert_eq!("Exp".parse::<UnaryOp>(), Err(()));
}
