//! Taking a slice out and putting one in are each other's transpose.

use ndarray::{ArrayD, Axis};

use crate::number::{Number, Shared};
use crate::slice::{insert as put, places, slice as take};

/// The cotangent of what a range is taken from.
pub(super) fn range<T: Number>(
    axis: usize,
    first: usize,
    input: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    let mut pulled = ArrayD::zeros(input.raw_dim());
    pulled.slice_axis_mut(Axis(axis), places(first, cotangent.len_of(Axis(axis)))).assign(cotangent);
    pulled
}

/// The cotangent of what a slice is taken from.
pub(super) fn slice<T: Number>(
    axis: usize,
    place: u32,
    input: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    put(&ArrayD::zeros(input.raw_dim()).into_shared(), cotangent, axis, place)
}

/// The cotangent of the tensor, at position 0, or of the slice that is put into it.
pub(super) fn insert<T: Number>(
    axis: usize,
    place: u32,
    position: usize,
    value: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    match position {
        0 => put(cotangent, &ArrayD::zeros(value.raw_dim()).into_shared(), axis, place),
        _ => take(cotangent, axis, place),
    }
}
