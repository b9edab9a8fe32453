//! V16 to V18: operations over layers with space.

use super::operation::{Problem, ensure};
use crate::geometry::{Convolution, Grid, Pooling};
use crate::program::ConvolveForm;
use crate::types::{Elem, Type};

/// V16.
pub(super) fn convolve(
    form: ConvolveForm,
    geometry: &Convolution,
    operands: &[&Type],
    results: &[&Type],
) -> Result<(), Problem> {
    let [result] = results else { return Err((16, format!("{} results instead of one", results.len()))) };
    let (lhs, rhs) = (operands[0], operands[1]);
    let (low, high, kernel) = match form {
        ConvolveForm::Forward => (lhs, *result, rhs),
        ConvolveForm::Adjoint => (*result, lhs, rhs),
        ConvolveForm::Correlate => (rhs, lhs, *result),
    };
    let Some(layer) = geometry.high() else { return Err((16, format!("nothing comes of {geometry}"))) };
    is_layer(low, geometry.low, 16)?;
    is_layer(high, layer, 16)?;
    ensure(low.dims[0] == high.dims[0], 16, || format!("{low} and {high} have other samples"))?;
    let fits = kernel.elem == Elem::Real && kernel.dims == geometry.kernel_dims();
    ensure(fits, 16, || format!("{kernel} is no kernel of {geometry}"))
}

/// V17.
pub(super) fn pool(
    geometry: &Pooling,
    input: &Type,
    results: &[&Type],
    adjoint: bool,
) -> Result<(), Problem> {
    let [result] = results else { return Err((17, format!("{} results instead of one", results.len()))) };
    let (low, high) = if adjoint { (*result, input) } else { (input, *result) };
    let Some(layer) = geometry.high() else { return Err((17, format!("nothing comes of {geometry}"))) };
    is_layer(low, geometry.low, 17)?;
    is_layer(high, layer, 17)?;
    ensure(low.dims[0] == high.dims[0], 17, || format!("{low} and {high} have other samples"))
}

/// V18.
pub(super) fn reshape(input: &Type, results: &[&Type]) -> Result<(), Problem> {
    let [result] = results else { return Err((18, format!("{} results instead of one", results.len()))) };
    ensure(input.elem != Elem::Index && input.elem == result.elem, 18, || {
        format!("{input} becomes {result}")
    })?;
    let count = |ty: &Type| ty.dims.iter().try_fold(1_usize, |n, &dim| n.checked_mul(dim));
    ensure(count(input) == count(result), 18, || format!("{input} becomes {result}"))
}

/// Whether a tensor is `[batch, units]` of a layer.
fn is_layer(ty: &Type, layer: Grid, guarantee: u8) -> Result<(), Problem> {
    let fits = ty.elem == Elem::Real && ty.rank() == 2 && ty.dims[1] == layer.units();
    ensure(fits, guarantee, || format!("{ty} is no layer {layer}"))
}
