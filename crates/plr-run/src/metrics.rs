//! How two lists of numbers compare, without loss of digits where they are nearly equal (R14.3).
//!
//! `measured` is what a rule did and `reference` what it is compared with. Everything is computed in f64. A measure
//! that has no value (the direction of a zero vector, the slope of one point) is NaN, which satisfies no claim.

use plr_ir::scalar::{self, Host, UnaryOp};

/// Cosine of the angle between two vectors.
pub fn cosine(measured: &[f64], reference: &[f64]) -> f64 {
    1.0 - cosine_distance(measured, reference)
}

/// One minus the cosine, exact to relative rounding however small: half the squared distance of the unit vectors.
pub fn cosine_distance(measured: &[f64], reference: &[f64]) -> f64 {
    let (apart, _) = difference_and_sum(measured, reference);
    apart * apart / 2.0
}

/// Angle between two vectors in degrees, accurate near 0 and near 180 (Kahan, "How futile are mindless assessments
/// of roundoff in floating-point computation?", 2006, §12).
pub fn angle(measured: &[f64], reference: &[f64]) -> f64 {
    let (apart, together) = difference_and_sum(measured, reference);
    2.0 * apart.atan2(together).to_degrees()
}

/// `|measured - reference| / |reference|`.
pub fn relative_error(measured: &[f64], reference: &[f64]) -> f64 {
    let difference: Vec<f64> = pairs(measured, reference).map(|(m, r)| m - r).collect();
    norm(&difference) / norm(reference)
}

/// The factor `c` for which `c * reference` is nearest to `measured`.
pub fn best_scale(measured: &[f64], reference: &[f64]) -> f64 {
    let largest = largest_magnitude(reference);
    let squares: f64 = reference.iter().map(|r| (r / largest) * (r / largest)).sum();
    let products: f64 = pairs(measured, reference).map(|(m, r)| m * (r / largest)).sum();
    products / squares / largest
}

/// The fraction of elements that are both positive, both negative or both zero.
pub fn sign_agreement(measured: &[f64], reference: &[f64]) -> f64 {
    let sign = |x: f64| x.partial_cmp(&0.0);
    let agreeing =
        pairs(measured, reference).filter(|&(m, r)| sign(m).is_some() && sign(m) == sign(r)).count();
    agreeing as f64 / measured.len() as f64
}

/// Euclidean norm, without overflow or underflow on the way.
pub fn norm(vector: &[f64]) -> f64 {
    let largest = largest_magnitude(vector);
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * vector.iter().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt()
}

/// The slope of the least-squares line through `(ln x, ln y)`: the order `p` of `y ~ x^p`.
pub fn log_log_slope(x: &[f64], y: &[f64]) -> f64 {
    let mut host = Host::<f64>::default();
    let mut ln =
        |v: &[f64]| v.iter().map(|&v| scalar::unary(&mut host, UnaryOp::Log, v)).collect::<Vec<f64>>();
    let (x, y) = (ln(x), ln(y));
    let (mean_x, mean_y) = (mean(&x), mean(&y));
    let together: f64 = pairs(&x, &y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = x.iter().map(|x| (x - mean_x) * (x - mean_x)).sum();
    together / variance
}

/// How many rows of `predictions` have their largest element where `targets` has its own, both `[samples, classes]`.
/// The first of equally large elements counts; a row with a NaN is wrong (R9.2).
pub fn correct(predictions: &[f64], targets: &[f64], classes: usize) -> usize {
    let rows = predictions.chunks_exact(classes).zip(targets.chunks_exact(classes));
    rows.filter(|(prediction, target)| {
        largest_at(prediction).is_some_and(|at| Some(at) == largest_at(target))
    })
    .count()
}

/// The largest absolute value; NaN if there is one among the elements; 0 of nothing.
pub fn largest_magnitude(vector: &[f64]) -> f64 {
    vector.iter().fold(0.0, |largest, x| if x.is_nan() || x.abs() > largest { x.abs() } else { largest })
}

/// The position of the largest element, the first of several.
fn largest_at(row: &[f64]) -> Option<usize> {
    if row.iter().any(|x| x.is_nan()) {
        return None;
    }
    (0..row.len()).reduce(|best, at| if row[at] > row[best] { at } else { best })
}

/// The mean of the elements; NaN of none.
pub fn mean(vector: &[f64]) -> f64 {
    vector.iter().sum::<f64>() / vector.len() as f64
}

/// `|u - v|` and `|u + v|` for the two unit vectors: twice the sine and the cosine of half the angle between them.
fn difference_and_sum(measured: &[f64], reference: &[f64]) -> (f64, f64) {
    let (m_norm, r_norm) = (norm(measured), norm(reference));
    let combine = |sign: f64| -> Vec<f64> {
        pairs(measured, reference).map(|(m, r)| m / m_norm + sign * (r / r_norm)).collect()
    };
    (norm(&combine(-1.0)), norm(&combine(1.0)))
}

/// Elements at equal places; comparing vectors of different lengths is a mistake of the caller.
fn pairs<'a>(a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    assert_eq!(a.len(), b.len(), "compared vectors have one length");
    a.iter().copied().zip(b.iter().copied())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "closed forms are computed by an independent library")]

    use super::*;

    fn near(found: f64, expected: f64, relative: f64) -> bool {
        (found - expected).abs() <= relative * expected.abs()
    }

    #[test]
    fn small_and_flat_angles_are_accurate() {
        for angle_in_degrees in [1e-12_f64, 1e-8, 1e-3, 30.0, 90.0, 150.0, 179.999] {
            let radians = angle_in_degrees.to_radians();
            // The scales differ, which must not matter.
            let (u, v) = ([3.0, 0.0], [7.0 * radians.cos(), 7.0 * radians.sin()]);
            assert!(near(angle(&u, &v), angle_in_degrees, 1e-13), "{}", angle(&u, &v));
            let half = (radians / 2.0).sin();
            assert!(near(cosine_distance(&u, &v), 2.0 * half * half, 1e-12));
            assert!((cosine(&u, &v) - radians.cos()).abs() < 1e-15);
        }
        assert_eq!(angle(&[1.0, 2.0], &[-2.0, -4.0]), 180.0);
    }

    #[test]
    fn comparisons_with_zero_have_no_value() {
        assert!(angle(&[0.0, 0.0], &[1.0, 0.0]).is_nan());
        assert!(relative_error(&[0.0], &[0.0]).is_nan());
        assert!(best_scale(&[1.0], &[0.0]).is_nan());
        assert!(log_log_slope(&[0.1], &[0.1]).is_nan());
        assert!(norm(&[1.0, f64::NAN]).is_nan());
    }

    #[test]
    fn errors_and_scales_match_their_definitions() {
        assert_eq!(relative_error(&[3.0, 4.0], &[0.0, 4.0]), 0.75);
        assert!(near(best_scale(&[2.0, 5.0], &[1.0, 2.0]), 12.0 / 5.0, 1e-15));
        assert_eq!(sign_agreement(&[1.0, -1.0, 0.0, 2.0], &[5.0, 1.0, 0.0, 0.0]), 0.5);
        assert!(near(norm(&[3e200, 4e200]), 5e200, 1e-15));
        assert!(near(norm(&[3e-200, 4e-200]), 5e-200, 1e-15));
    }

    #[test]
    fn the_slope_of_a_power_is_its_exponent() {
        let x = [0.1, 0.01, 0.001];
        for power in [1, 2, 4] {
            let y = x.map(|x: f64| 7.0 * x.powi(power));
            assert!(near(log_log_slope(&x, &y), f64::from(power), 1e-12));
        }
    }

    #[test]
    fn the_largest_prediction_decides() {
        let predictions = [0.1, 0.9, 0.5, 0.5, f64::NAN, 1.0, -1.0, -2.0];
        let targets = [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        assert_eq!(correct(&predictions, &targets, 2), 2);
    }
}
