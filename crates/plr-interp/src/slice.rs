//! Slices: what is at one place along an axis, taken out or put in.

use ndarray::{ArrayD, Axis};

use crate::number::{Number, Shared};

/// What is at a place along an axis; beyond the end, the last.
pub(crate) fn slice<T: Number>(array: &Shared<T>, axis: usize, place: u32) -> ArrayD<T> {
    array.index_axis(Axis(axis), within(array, axis, place)).to_owned()
}

/// The array with what is at a place along an axis replaced.
pub(crate) fn insert<T: Number>(array: &Shared<T>, value: &Shared<T>, axis: usize, place: u32) -> ArrayD<T> {
    let mut after = array.to_owned();
    after.index_axis_mut(Axis(axis), within(array, axis, place)).assign(value);
    after
}

fn within<T: Number>(array: &Shared<T>, axis: usize, place: u32) -> usize {
    (place as usize).min(array.len_of(Axis(axis)) - 1)
}
