//! Reductions: sequential folds, in row-major order of the folded axes, from the first element.

use ndarray::{Array2, ArrayD, ArrayView1, Axis, Ix2, IxDyn};
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{self, BinaryOp};

use crate::axes::{others, reshaped, row_major};
use crate::number::{Number, Shared};

/// The array with the given axes folded away.
pub(crate) fn reduce<T: Number>(kind: ReduceKind, array: &Shared<T>, axes: &[usize]) -> ArrayD<T> {
    let kept = others(axes, array.ndim());
    let dims: Vec<usize> = kept.iter().map(|&axis| array.shape()[axis]).collect();
    let folded = rows(array, &kept, axes).map_axis(Axis(1), |row| fold(kind, row));
    reshaped(folded, IxDyn(&dims))
}

/// The array as a matrix: a row for each element of the kept axes, which holds those of the folded axes in order.
fn rows<T: Number>(array: &Shared<T>, kept: &[usize], folded: &[usize]) -> Array2<T> {
    let permuted = row_major(array.view().permuted_axes([kept, folded].concat()));
    let count = |axes: &[usize]| axes.iter().map(|&axis| array.shape()[axis]).product();
    reshaped(permuted, Ix2(count(kept), count(folded)))
}

/// The elements, of which there is at least one, combined from left to right.
fn fold<T: Number>(kind: ReduceKind, elements: ArrayView1<'_, T>) -> T {
    let op = match kind {
        ReduceKind::Sum => BinaryOp::Add,
        ReduceKind::Max => BinaryOp::Max,
        ReduceKind::Min => BinaryOp::Min,
    };
    let combine = |a, b| scalar::binary(&mut T::Host::default(), op, a, b);
    match elements.iter().copied().reduce(combine) {
        Some(folded) => folded,
        None => panic!("a bug of the compiler: an axis without elements; the program was not verified"),
    }
}

/// The sum of each element and those before it along an axis.
pub(crate) fn running_sum<T: Number>(input: &Shared<T>, axis: usize) -> ArrayD<T> {
    let mut sums = row_major(input.view());
    for mut lane in sums.lanes_mut(Axis(axis)) {
        for i in 1..lane.len() {
            lane[i] = lane[i - 1] + lane[i];
        }
    }
    sums
}
