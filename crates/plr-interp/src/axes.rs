//! Moving axes about without touching elements.

use ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Axis, Dimension};

use crate::number::Shared;

/// The array repeated along new axes: its axis `i` becomes axis `axes[i]`, strictly increasing, of the result.
pub(crate) fn broadcast<A: Clone + Default>(array: &Shared<A>, axes: &[usize], dims: &[usize]) -> ArrayD<A> {
    let aligned = with_unit_axes(array.view(), axes, dims.len());
    row_major(stretched(&aligned, dims))
}

/// The array with axes of extent 1 inserted, so that its axis `i` becomes axis `axes[i]`, strictly increasing, of `rank`.
pub(crate) fn with_unit_axes<'a, A>(
    array: ArrayViewD<'a, A>,
    axes: &[usize],
    rank: usize,
) -> ArrayViewD<'a, A> {
    let new = (0..rank).filter(|axis| !axes.contains(axis));
    new.fold(array, |array, axis| array.insert_axis(Axis(axis)))
}

/// The array with its axes of extent 1 repeated to the given dimensions, without a copy.
pub(crate) fn stretched<'a, A>(array: &'a ArrayViewD<'_, A>, dims: &[usize]) -> ArrayViewD<'a, A> {
    let Some(view) = array.broadcast(dims) else {
        panic!(
            "a bug of the compiler: {:?} repeated to {dims:?}; the program was not verified",
            array.shape()
        )
    };
    view
}

/// A copy whose elements lie in row-major order.
pub(crate) fn row_major<A: Clone + Default, D: Dimension>(view: ArrayView<'_, A, D>) -> Array<A, D> {
    let mut copy = Array::default(view.raw_dim());
    copy.assign(&view);
    copy
}

/// The elements of an array that lies in row-major order, under other dimensions of the same product.
pub(crate) fn reshaped<A, D: Dimension, E: Dimension>(array: Array<A, D>, dims: E) -> Array<A, E> {
    match array.into_shape_with_order(dims) {
        Ok(array) => array,
        Err(misfit) => unreachable!("the dimensions were computed from the array's: {misfit}"),
    }
}

/// The axes below `rank` that are not in `axes`, in order.
pub(crate) fn others(axes: &[usize], rank: usize) -> Vec<usize> {
    (0..rank).filter(|axis| !axes.contains(axis)).collect()
}
