//! The derivative of one sum of a convolution by a factor is another of the three: the form is linear in each of low units,
//! high units and kernel.

use ndarray::ArrayD;
use plr_ir::geometry::Convolution;
use plr_ir::program::ConvolveForm;

use crate::convolve::convolve;
use crate::number::{Number, Shared};

/// The cotangent of the factor at `position` from that of the sum.
pub(super) fn by_factor<T: Number>(
    form: ConvolveForm,
    geometry: &Convolution,
    position: usize,
    [lhs, rhs]: [&Shared<T>; 2],
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    use ConvolveForm::{Adjoint, Correlate, Forward};
    let (form, first, second) = match (form, position) {
        (Forward, 0) => (Adjoint, cotangent, rhs),
        (Forward, _) => (Correlate, cotangent, lhs),
        (Adjoint, 0) => (Forward, cotangent, rhs),
        (Adjoint, _) => (Correlate, lhs, cotangent),
        (Correlate, 0) => (Forward, rhs, cotangent),
        (Correlate, _) => (Adjoint, lhs, cotangent),
    };
    let wanted = if position == 0 { lhs } else { rhs };
    convolve(form, geometry, first, second, wanted.shape())
}
