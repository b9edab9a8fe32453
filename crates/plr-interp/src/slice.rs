//! Slices: what is at one place along an axis, or at several, taken out or put in.

use ndarray::{ArrayD, Axis, Slice};

use crate::number::{Number, Shared};

/// What stands along an axis from a place on, of dimensions `dims`.
pub(crate) fn range<T: Number>(array: &Shared<T>, axis: usize, first: usize, dims: &[usize]) -> ArrayD<T> {
    array.slice_axis(Axis(axis), places(first, dims[axis])).to_owned()
}

/// So many places from one on.
pub(crate) fn places(first: usize, count: usize) -> Slice {
    Slice::from(first..first + count)
}

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

/// The array with zeros from a place along an axis on.
pub(crate) fn before<T: Number>(array: &Shared<T>, axis: usize, place: u32) -> ArrayD<T> {
    let mut before = array.to_owned();
    let end = array.len_of(Axis(axis));
    before.slice_axis_mut(Axis(axis), Slice::from((place as usize).min(end)..)).fill(T::zero());
    before
}

fn within<T: Number>(array: &Shared<T>, axis: usize, place: u32) -> usize {
    (place as usize).min(array.len_of(Axis(axis)) - 1)
}
