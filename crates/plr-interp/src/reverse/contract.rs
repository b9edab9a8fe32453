//! The derivative of a contraction by a factor is a contraction of the cotangent with the other factor.

use ndarray::ArrayD;
use plr_ir::program::Contraction;

use crate::axes::broadcast;
use crate::contract::{contract, positions};
use crate::number::{Number, Shared};

/// The cotangent of the first factor.
pub(super) fn lhs<T: Number>(
    spec: &Contraction,
    lhs: &Shared<T>,
    rhs: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    by_factor(&spec.lhs, lhs.shape(), (&spec.rhs, rhs), (&spec.out, cotangent))
}

/// The cotangent of the second factor.
pub(super) fn rhs<T: Number>(
    spec: &Contraction,
    lhs: &Shared<T>,
    rhs: &Shared<T>,
    cotangent: &Shared<T>,
) -> ArrayD<T> {
    by_factor(&spec.rhs, rhs.shape(), (&spec.lhs, lhs), (&spec.out, cotangent))
}

/// The cotangent of a factor of the given labels and dimensions, from the other factor and the cotangent of the result.
///
/// A label that only this factor has was summed alone: every element along it has the same cotangent.
fn by_factor<T: Number>(
    labels: &[u8],
    dims: &[usize],
    (other_labels, other): (&[u8], &Shared<T>),
    (out_labels, cotangent): (&[u8], &Shared<T>),
) -> ArrayD<T> {
    let met = labels.iter().filter(|label| out_labels.contains(label) || other_labels.contains(label));
    let met: Vec<u8> = met.copied().collect();
    let spec = Contraction { lhs: out_labels.to_vec(), rhs: other_labels.to_vec(), out: met.clone() };
    let pulled = contract(&spec, cotangent, other);
    broadcast(&pulled.into_shared(), &positions(&met, labels), dims)
}
