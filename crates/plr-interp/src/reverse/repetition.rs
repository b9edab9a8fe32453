//! Broadcasts and sums are each other's transpose; a maximum or minimum passes its cotangent to the element it took, and a
//! rank passes none.

use ndarray::{ArrayD, Axis, IxDyn};
use plr_ir::program::ReduceKind;

use crate::axes::{broadcast as repeat, others, row_major};
use crate::number::{Number, Shared};
use crate::reduce::reduce as fold;

/// The cotangent of what was repeated along all axes of the result but `axes`.
pub(super) fn broadcast<T: Number>(axes: &[usize], cotangent: &Shared<T>) -> ArrayD<T> {
    let repeated = others(axes, cotangent.ndim());
    if repeated.is_empty() { cotangent.to_owned() } else { fold(ReduceKind::Sum, cotangent, &repeated) }
}

/// The cotangent of `input` from that of its fold `value` over `axes`.
pub(super) fn reduce<T: Number>(
    kind: ReduceKind,
    axes: &[usize],
    input: &Shared<T>,
    value: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    let kept = others(axes, input.ndim());
    match kind {
        ReduceKind::Sum => repeat(cotangent, &kept, input.shape()),
        ReduceKind::Max | ReduceKind::Min => to_first_taken(&kept, input, value, cotangent),
    }
}

/// The cotangent of what is ranked: ranks stay as they are when elements move a little.
pub(super) fn rank<T: Number>(input: &Shared<T>) -> ArrayD<T> {
    ArrayD::zeros(input.raw_dim())
}

/// The cotangent of what is summed: that of the sums from each element on.
pub(super) fn running_sum<T: Number>(axis: usize, cotangent: &Shared<T>) -> ArrayD<T> {
    let mut sums = row_major(cotangent.view());
    for mut lane in sums.lanes_mut(Axis(axis)) {
        for i in (1..lane.len()).rev() {
            lane[i - 1] = lane[i - 1] + lane[i];
        }
    }
    sums
}

/// Gives each cotangent to the first element, in row-major order of the folded axes, that equals the fold's value.
fn to_first_taken<T: Number>(
    kept: &[usize],
    input: &Shared<T>,
    value: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    let mut pulled = ArrayD::zeros(input.raw_dim());
    let mut given = ArrayD::from_elem(value.raw_dim(), false);
    for (place, &element) in input.indexed_iter() {
        let place_kept = IxDyn(&kept.iter().map(|&axis| place[axis]).collect::<Vec<_>>());
        if !given[&place_kept] && same(element, value[&place_kept]) {
            given[&place_kept] = true;
            pulled[&place] = cotangent[&place_kept];
        }
    }
    pulled
}

/// Equality under which a NaN equals a NaN: the fold's value is one if an element is.
fn same<T: Number>(a: T, b: T) -> bool {
    let is_nan = |x: T| x.to_f64().is_nan();
    a == b || is_nan(a) && is_nan(b)
}
