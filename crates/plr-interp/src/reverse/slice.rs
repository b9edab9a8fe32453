//! Taking a slice out and putting one in are each other's transpose.

use ndarray::ArrayD;

use crate::number::{Number, Shared};
use crate::slice::{insert as put, slice as take};

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
