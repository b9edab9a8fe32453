//! The errors stated at the head of `scalar`, measured again on a sample.
#![allow(
    clippy::disallowed_methods,
    reason = "the platform's double-precision library is the independent source"
)]

use plr_ir::scalar::{BinaryOp, Host, Real, UnaryOp, binary, unary};

/// Operation, bound in f32, bound in f64; in units of the last place.
const BOUNDS: [(UnaryOp, f64, f64); 7] = [
    (UnaryOp::Exp, 1.03, 1.02),
    (UnaryOp::Log, 0.85, 0.82),
    (UnaryOp::Tanh, 2.31, 2.49),
    (UnaryOp::Sigmoid, 2.41, 2.37),
    (UnaryOp::Softplus, 1.69, 1.61),
    (UnaryOp::Sin, 2.34, 2.37),
    (UnaryOp::Cos, 2.33, 2.40),
];
/// The bound of `pow` in both precisions.
const POW_BOUND: f64 = 1.23;

/// The true value, or one much nearer to it than a single-precision number can be.
fn reference(op: UnaryOp, x: f64) -> f64 {
    match op {
        UnaryOp::Exp => x.exp(),
        UnaryOp::Log => x.ln(),
        UnaryOp::Tanh => x.tanh(),
        UnaryOp::Sigmoid if x < 0.0 => x.exp() / (1.0 + x.exp()),
        UnaryOp::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        UnaryOp::Softplus => f64::max(x, 0.0) + (-x.abs()).exp().ln_1p(),
        UnaryOp::Sin => x.sin(),
        UnaryOp::Cos => x.cos(),
        UnaryOp::Neg | UnaryOp::Abs | UnaryOp::Sqrt | UnaryOp::Sign | UnaryOp::Floor | UnaryOp::Round => {
            unreachable!("{op} is exact or correctly rounded by IEEE 754")
        }
    }
}

/// The distance of neighbouring numbers with `fraction_bits` around `x`, subnormal ones `smallest` apart.
fn unit_in_last_place(x: f64, fraction_bits: i32, smallest: f64) -> f64 {
    let exponent = ((x.abs().to_bits() >> 52) as i32 - 1023).max(-1022);
    f64::max(2f64.powi(exponent) * 2f64.powi(-fraction_bits), smallest)
}

/// `computed − (high + low)` in units of the last place of f64.
fn error_in_f64(computed: f64, high: f64, low: f64) -> f64 {
    ((computed - high) - low).abs() / unit_in_last_place(high, 52, f64::from_bits(1))
}

/// `computed − exact` in units of the last place of f32; 0 where both are NaN or the same infinity.
fn error_in_f32(computed: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if rounded == computed || (rounded.is_nan() && computed.is_nan()) {
        return if computed.is_finite() { (f64::from(computed) - exact).abs() / ulp_f32(exact) } else { 0.0 };
    }
    (f64::from(computed) - exact).abs() / ulp_f32(exact)
}

fn ulp_f32(x: f64) -> f64 {
    unit_in_last_place(x, 23, f64::from(f32::from_bits(1)))
}

#[test]
fn single_precision_functions_keep_their_bounds_over_all_bit_patterns() {
    let mut machine = Host::<f32>::default();
    for (op, bound, _) in BOUNDS {
        let circular = matches!(op, UnaryOp::Sin | UnaryOp::Cos);
        // A stride that is coprime to 2³² visits all exponents and both signs.
        for bits in (0..=u32::MAX).step_by(10_007) {
            let x = f32::from_bits(bits);
            if circular && x.abs() > 8192.0 {
                continue;
            }
            let computed = unary(&mut machine, op, x);
            let error = error_in_f32(computed, reference(op, f64::from(x)));
            assert!(error <= bound, "{op}({x:e}) = {computed:e} is wrong by {error:.3} ulp");
        }
    }
}

#[test]
fn single_precision_functions_keep_their_bounds_where_they_are_used() {
    let mut machine = Host::<f32>::default();
    for (op, bound, _) in BOUNDS {
        for i in 1..200_000u32 {
            let magnitude = f64::from(i) * 5e-5;
            let x = if op == UnaryOp::Log || i % 2 == 0 { magnitude } else { -magnitude } as f32;
            let computed = unary(&mut machine, op, x);
            let error = error_in_f32(computed, reference(op, f64::from(x)));
            assert!(error <= bound, "{op}({x:e}) = {computed:e} is wrong by {error:.3} ulp");
        }
    }
}

#[test]
fn single_precision_powers_keep_their_bound() {
    let mut machine = Host::<f32>::default();
    for i in 0..400u32 {
        let x = (f64::from(i + 1) * 0.0117) as f32;
        for j in 0..400u32 {
            let y = (f64::from(j) * 0.731 - 146.0) as f32;
            let computed = binary(&mut machine, BinaryOp::Pow, x, y);
            let error = error_in_f32(computed, f64::from(x).powf(f64::from(y)));
            assert!(error <= POW_BOUND, "pow({x:e}, {y:e}) = {computed:e} is wrong by {error:.3} ulp");
        }
    }
}

#[test]
fn double_precision_functions_keep_their_bounds_at_tabulated_values() {
    let mut machine = Host::<f64>::default();
    let rows = include_str!("scalar_tabulated.txt").lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let (name, numbers) = row.split_once(' ').unwrap();
        let numbers: Vec<f64> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
        let (computed, bound) = match (name, &numbers[..]) {
            ("pow", &[x, y, _, _]) => (binary(&mut machine, BinaryOp::Pow, x, y), POW_BOUND),
            (name, &[x, _, _]) => {
                let op: UnaryOp = name.parse().unwrap();
                let bound = BOUNDS.iter().find(|(of, _, _)| *of == op).unwrap().2;
                (unary(&mut machine, op, x), bound)
            }
            _ => panic!("malformed row {row}"),
        };
        let error = error_in_f64(computed, numbers[numbers.len() - 2], numbers[numbers.len() - 1]);
        assert!(error <= bound, "{row}: {computed:e} is wrong by {error:.3} ulp");
        count += 1;
    }
    assert!(count > 300);
}

#[test]
fn double_precision_functions_agree_with_the_platform() {
    let mut machine = Host::<f64>::default();
    for (op, _, bound) in BOUNDS {
        for i in 1..100_000u32 {
            let magnitude = f64::from(i) * 1.37e-4;
            let x = if op == UnaryOp::Log || i % 2 == 0 { magnitude } else { -magnitude };
            let computed = unary(&mut machine, op, x);
            // The reference itself may err: by one unit, or by three where it is composed of several calls.
            let slack = if matches!(op, UnaryOp::Sigmoid | UnaryOp::Softplus) { 3.0 } else { 1.0 };
            let error = error_in_f64(computed, reference(op, x), 0.0);
            assert!(error <= bound + slack, "{op}({x:e}) = {computed:e} is wrong by {error:.3} ulp");
        }
    }
}

/// Subnormal results are the point of gradual underflow: 1 ulp there is an absolute error of 2^−149.
#[test]
fn exponentials_underflow_gradually() {
    let mut machine = Host::<f32>::default();
    for i in 0..17_000u32 {
        let x = -87.0 - 0.001 * f64::from(i);
        for op in [UnaryOp::Exp, UnaryOp::Sigmoid, UnaryOp::Softplus] {
            let computed = unary(&mut machine, op, x as f32);
            let error = error_in_f32(computed, reference(op, f64::from(x as f32)));
            assert!(error <= 1.5, "{op}({x}) = {computed:e} is wrong by {error:.3} ulp");
        }
    }
}

/// Rounding must not carry a result over the edge of the range.
#[test]
fn results_stay_in_the_range_of_the_function() {
    fn check<T: Real>() {
        let mut machine = T::Host::default();
        for i in 0..100_000 {
            let x = T::from_f64(f64::from(i) * 0.002 - 100.0);
            let [tanh, sigmoid, softplus] = [UnaryOp::Tanh, UnaryOp::Sigmoid, UnaryOp::Softplus]
                .map(|op| unary(&mut machine, op, x).to_f64());
            assert!((-1.0..=1.0).contains(&tanh));
            assert!((0.0..=1.0).contains(&sigmoid));
            assert!(softplus >= f64::max(x.to_f64(), 0.0));
        }
    }
    check::<f32>();
    check::<f64>();
}
