//! Contractions: sums of products over the labels missing from the result.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array3, ArrayD, Axis, Ix3, IxDyn};
use plr_ir::program::Contraction;

use crate::axes::{reshaped, row_major, stretched, with_unit_axes};
use crate::number::{Number, Shared};

/// The contraction of two arrays.
///
/// Every contraction is a product of matrices, one for each element of the labels that both factors and the result have,
/// up to the order of axes. A sum of one term is a product of elements. Where there are no such labels, others are computed as
/// one product of matrices, with the library's order of summation; otherwise by loops and plain sums.
pub(crate) fn contract<T: Number>(spec: &Contraction, lhs: &Shared<T>, rhs: &Shared<T>) -> ArrayD<T> {
    let roles = Roles::of(spec);
    let extents = Extents::of(spec, lhs, rhs);
    let left = arranged(lhs, &spec.lhs, [&roles.kept, &roles.rows, &roles.summed], &extents);
    let right = arranged(rhs, &spec.rhs, [&roles.kept, &roles.summed, &roles.columns], &extents);
    let products = match left.dim().2 {
        1 => &left * &right,
        _ if roles.kept.is_empty() => matrix_product(&left, &right),
        _ => sums(&left, &right),
    };
    let labels = [roles.kept, roles.rows, roles.columns].concat();
    let products = reshaped(products, IxDyn(&extents.of_all(&labels)));
    row_major(products.view().permuted_axes(positions(&spec.out, &labels)))
}

/// What the labels of a contraction do.
struct Roles {
    /// Labels of both factors and of the result.
    kept: Vec<u8>,
    /// Labels of the first factor and of the result.
    rows: Vec<u8>,
    /// Labels of the second factor and of the result.
    columns: Vec<u8>,
    /// Labels that the result does not have.
    summed: Vec<u8>,
}

impl Roles {
    fn of(spec: &Contraction) -> Self {
        let Contraction { lhs, rhs, out } = spec;
        let (kept, rows) = split(lhs, |label| rhs.contains(label));
        let (_, columns) = split(rhs, |label| lhs.contains(label));
        let all = [&lhs[..], &columns].concat();
        let in_result = |labels: Vec<u8>| split(&labels, |label| out.contains(label)).0;
        let (_, summed) = split(&all, |label| out.contains(label));
        Self { kept: in_result(kept), rows: in_result(rows), columns: in_result(columns), summed }
    }
}

/// The labels for which `condition` holds, and the others.
fn split(labels: &[u8], condition: impl Fn(&u8) -> bool) -> (Vec<u8>, Vec<u8>) {
    labels.iter().copied().partition(condition)
}

/// The extent of every label of a contraction.
struct Extents(Vec<(u8, usize)>);

impl Extents {
    fn of<T>(spec: &Contraction, lhs: &Shared<T>, rhs: &Shared<T>) -> Self {
        let labels = spec.lhs.iter().chain(&spec.rhs);
        Self(labels.copied().zip(lhs.shape().iter().chain(rhs.shape()).copied()).collect())
    }

    fn of_all(&self, labels: &[u8]) -> Vec<usize> {
        let extent = |label: &u8| self.0.iter().find(|(other, _)| other == label).map(|&(_, extent)| extent);
        labels.iter().filter_map(extent).collect()
    }
}

/// Where each of `labels` stands in `within`.
pub(crate) fn positions(labels: &[u8], within: &[u8]) -> Vec<usize> {
    labels.iter().filter_map(|label| within.iter().position(|other| other == label)).collect()
}

/// A factor with its axes merged into three groups of labels, and repeated along the labels that it lacks.
fn arranged<T: Number>(
    factor: &Shared<T>,
    labels: &[u8],
    groups: [&[u8]; 3],
    extents: &Extents,
) -> Array3<T> {
    let space = groups.concat();
    let own: Vec<u8> = space.iter().copied().filter(|label| labels.contains(label)).collect();
    let permuted = factor.view().permuted_axes(positions(&own, labels));
    let aligned = with_unit_axes(permuted, &positions(&own, &space), space.len());
    let repeated = row_major(stretched(&aligned, &extents.of_all(&space)));
    let [first, second, third] = groups.map(|group| extents.of_all(group).iter().product());
    reshaped(repeated, Ix3(first, second, third))
}

/// The product of two matrices, each with a first axis of extent 1.
fn matrix_product<T: Number>(left: &Array3<T>, right: &Array3<T>) -> Array3<T> {
    let mut product = Array3::zeros((1, left.dim().1, right.dim().2));
    let (left, right) = (left.index_axis(Axis(0), 0), right.index_axis(Axis(0), 0));
    general_mat_mul(T::one(), &left, &right, T::zero(), &mut product.index_axis_mut(Axis(0), 0));
    product
}

/// `Σₛ left[k, r, s] · right[k, s, c]` at `[k, r, c]`.
fn sums<T: Number>(left: &Array3<T>, right: &Array3<T>) -> Array3<T> {
    let ((kept, rows, summed), (_, _, columns)) = (left.dim(), right.dim());
    Array3::from_shape_fn((kept, rows, columns), |(k, r, c)| {
        (0..summed).fold(T::zero(), |sum, s| sum + left[[k, r, s]] * right[[k, s, c]])
    })
}
