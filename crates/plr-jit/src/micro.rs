//! Register tiles: products of matrices whose right factor and result have their columns beside each other in memory.
//!
//! Columns lie in the lanes of vectors, and nothing is packed: an element of the left factor goes into all lanes from wherever
//! it is, so it is read once for every group of columns, in either orientation of its matrix. A few rows by one or two
//! vectors of columns are kept in registers for the whole sum.
//!
//! **Every element is the same chain of fused multiply-adds**, from +0 in order of the summed index, whatever the vectors, the
//! tiles and the blocks: results are those of one formula, on every machine that has these kernels. Before it is stored it may go
//! through what follows in the program, with the bits that it would have there.

pub(crate) mod spatial;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

/// What is of fewer bytes stays in the nearest cache from one product to the next: it need not be asked for.
pub(crate) const NEAR_BYTES: usize = 32 << 10;

/// What a sum and an element that belongs to it become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Their sum.
    Add,
    /// The sum less the element.
    Subtract,
    /// Their product.
    Multiply,
    /// The larger one; the sum if they are equal, or if it is NaN. The element is a number, and not NaN.
    Largest,
    /// The smaller one, likewise.
    Least,
}

/// What sums go through before they are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link<T> {
    /// The operation.
    pub(crate) what: What,
    /// The element that belongs to the first sum; none if all have the same number.
    pub(crate) at: *const T,
    /// From row to row.
    pub(crate) row: usize,
    /// From column to column, 0 or 1.
    pub(crate) column: usize,
    /// The number.
    pub(crate) number: T,
}

/// The most of these.
pub(crate) const MOST_LINKS: usize = 8;

/// What sums go through, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links<T> {
    /// Those that are not there do nothing.
    links: [Option<Link<T>>; MOST_LINKS],
    /// Whether elements come from further away than the factors.
    pub(crate) far: bool,
}

impl<T: Copy> Links<T> {
    /// As sums are stored as they are.
    pub(crate) const NONE: Self = Self { links: [None; MOST_LINKS], far: false };

    /// So many at most: more are left out.
    pub(crate) fn new(links: impl Iterator<Item = Link<T>>, far: bool) -> Self {
        let mut all = Self { far, ..Self::NONE };
        all.links.iter_mut().zip(links).for_each(|(place, link)| *place = Some(link));
        all
    }

    /// In their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Link<T>> {
        self.links.iter().map_while(Option::as_ref)
    }

    /// For the sums from a row and a column on.
    pub(crate) fn from(mut self, row: usize, column: usize) -> Self {
        for link in self.links.iter_mut().flatten() {
            if !link.at.is_null() {
                link.at = link.at.wrapping_add(row * link.row + column * link.column);
            }
        }
        self
    }
}

/// `out[i, j] = Σ_k lhs[i, k]·rhs[k, j]`; distances in elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel<T> {
    /// Rows of the result.
    pub(crate) m: usize,
    /// Columns of the result.
    pub(crate) n: usize,
    /// Terms of each sum.
    pub(crate) depth: usize,
    /// The left factor.
    pub(crate) lhs: *const T,
    /// From row to row of the left factor.
    pub(crate) lhs_row: usize,
    /// From term to term in it.
    pub(crate) lhs_step: usize,
    /// The right factor.
    pub(crate) rhs: *const T,
    /// From term to term in it.
    pub(crate) rhs_step: usize,
    /// The result.
    pub(crate) out: *mut T,
    /// From row to row of the result.
    pub(crate) out_row: usize,
    /// What the sums go through. Elements may be where the result goes.
    pub(crate) links: Links<T>,
}

/// `out[i] = Σ_k matrix[i, k]·vector[k]`, neighbours along `k` beside each other; distances in elements.
///
/// There are [`PARTIAL_BYTES`] of partial sums, each of every so many-th term, added pairwise in the end: what is computed
/// depends neither on the rows of a call nor on the width of vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dots<T> {
    /// Rows of the matrix.
    pub(crate) rows: usize,
    /// Terms of each sum.
    pub(crate) depth: usize,
    /// The matrix.
    pub(crate) matrix: *const T,
    /// From row to row.
    pub(crate) row: usize,
    /// The vector.
    pub(crate) vector: *const T,
    /// The sums.
    pub(crate) out: *mut T,
    /// From sum to sum.
    pub(crate) apart: usize,
}

/// `out[i, j] = Σ_k lhs[i, k]·rhs[j, k]`, neighbours along `k` beside each other in both; distances in elements.
///
/// There are [`INNER_BYTES`] of partial sums, as in [`Dots`]: what is computed depends neither on the rows of a call nor on
/// the width of vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inner<T> {
    /// Rows of the left factor.
    pub(crate) m: usize,
    /// Rows of the right factor.
    pub(crate) n: usize,
    /// Terms of each sum.
    pub(crate) depth: usize,
    /// The left factor.
    pub(crate) lhs: *const T,
    /// From row to row of it.
    pub(crate) lhs_row: usize,
    /// The right factor.
    pub(crate) rhs: *const T,
    /// From row to row of it.
    pub(crate) rhs_row: usize,
    /// The result.
    pub(crate) out: *mut T,
    /// From one row of the left factor to the next.
    pub(crate) out_row: usize,
    /// From one row of the right factor to the next.
    pub(crate) out_column: usize,
}

/// See [`Inner`]: one of the widest vectors for each of many sums.
#[cfg(any(test, target_arch = "x86_64"))]
const INNER_BYTES: usize = 64;

/// See [`Dots`]: four of the widest vectors, which hide the latency of an addition.
#[cfg(any(test, target_arch = "x86_64"))]
const PARTIAL_BYTES: usize = 256;

/// A kernel for a matrix and a vector. A call needs what one of a [`Kernel`] needs.
pub(crate) type DotsKernel<T> = unsafe fn(&Dots<T>);

/// A kernel for two matrices whose rows are multiplied. A call needs what one of a [`Kernel`] needs.
pub(crate) type InnerKernel<T> = unsafe fn(&Inner<T>);

/// A kernel.
///
/// A call needs: factors and elements of links that can be read and a result that can be written as far as extents and distances
/// reach, the result apart from the factors, and from the elements of links unless they are at the same places.
pub(crate) type Kernel<T> = unsafe fn(&Panel<T>);

/// A real number that there are kernels for.
pub(crate) trait Element: Copy + 'static {
    /// The best kernel that this machine can run, if any.
    fn kernel() -> Option<Kernel<Self>>;
    /// The best kernel for a matrix and a vector.
    fn dots_kernel() -> Option<DotsKernel<Self>>;
    /// The best kernel for two matrices whose rows are multiplied.
    fn inner_kernel() -> Option<InnerKernel<Self>>;
}

#[cfg(not(target_arch = "x86_64"))]
mod elsewhere {
    use super::{DotsKernel, Element, InnerKernel, Kernel};

    impl Element for f32 {
        fn kernel() -> Option<Kernel<Self>> {
            None
        }

        fn dots_kernel() -> Option<DotsKernel<Self>> {
            None
        }

        fn inner_kernel() -> Option<InnerKernel<Self>> {
            None
        }
    }

    impl Element for f64 {
        fn kernel() -> Option<Kernel<Self>> {
            None
        }

        fn dots_kernel() -> Option<DotsKernel<Self>> {
            None
        }

        fn inner_kernel() -> Option<InnerKernel<Self>> {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiplies matrices of small integers, in both orientations of the left factor, and compares with exact sums.
    fn check<T: Element + From<i8> + PartialEq + std::fmt::Debug>(kernel: Kernel<T>, exact: fn(i64) -> T) {
        for (m, n, depth) in
            [(1, 1, 1), (3, 5, 7), (13, 16, 4), (25, 33, 9), (12, 32, 20), (7, 50, 64), (30, 7, 0)]
        {
            let number = |seed: usize| (seed * 7919 % 11) as i8 - 5;
            for transposed in [false, true] {
                let (lhs_row, lhs_step) = if transposed { (1, m) } else { (depth, 1) };
                let lhs: Vec<T> = (0..m * depth).map(|i| T::from(number(i))).collect();
                let rhs: Vec<T> = (0..depth * n).map(|i| T::from(number(i + 3))).collect();
                let mut out = vec![T::from(77); m * n];
                let panel = Panel {
                    m,
                    n,
                    depth,
                    lhs: lhs.as_ptr(),
                    lhs_row,
                    lhs_step,
                    rhs: rhs.as_ptr(),
                    rhs_step: n,
                    out: out.as_mut_ptr(),
                    out_row: n,
                    links: Links::NONE,
                };
                // SAFETY: the arrays have the sizes of the panel, and the machine was asked for the kernel.
                unsafe { kernel(&panel) };
                for i in 0..m {
                    for j in 0..n {
                        let term = |k: usize| {
                            i64::from(number(i * lhs_row + k * lhs_step)) * i64::from(number(k * n + j + 3))
                        };
                        assert_eq!(
                            out[i * n + j],
                            exact((0..depth).map(term).sum()),
                            "{m}×{depth}×{n}, ({i}, {j})"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn sums_of_products_of_small_integers_are_exact() {
        let Some(kernel) = f64::dots_kernel() else { return };
        for (rows, depth) in [(1, 1), (3, 31), (2, 32), (5, 33), (4, 200)] {
            let number = |i: usize| (i * 7919 % 11) as f64 - 5.0;
            let matrix: Vec<f64> = (0..rows * depth).map(number).collect();
            let vector: Vec<f64> = (0..depth).map(|i| number(i + 5)).collect();
            let mut out = vec![0.0; 2 * rows];
            let (at, by) = (matrix.as_ptr(), vector.as_ptr());
            let dots =
                Dots { rows, depth, matrix: at, row: depth, vector: by, out: out.as_mut_ptr(), apart: 2 };
            // SAFETY: the arrays have the sizes that are said, and the machine was asked for the kernel.
            unsafe { kernel(&dots) };
            for row in 0..rows {
                let exact: f64 = (0..depth).map(|k| matrix[row * depth + k] * vector[k]).sum();
                assert_eq!(out[2 * row], exact, "{rows}×{depth}, row {row}");
            }
        }
    }

    #[test]
    fn products_of_rows_of_small_integers_are_exact() {
        let Some(kernel) = f32::inner_kernel() else { return };
        for (m, n, depth) in [(1, 1, 1), (2, 3, 16), (5, 10, 17), (6, 7, 31), (10, 11, 100), (13, 5, 64)] {
            let number = |i: usize| (i * 7919 % 11) as f32 - 5.0;
            let lhs: Vec<f32> = (0..m * depth).map(number).collect();
            let rhs: Vec<f32> = (0..n * depth).map(|i| number(i + 5)).collect();
            for (out_row, out_column) in [(n, 1), (1, m)] {
                let mut out = vec![77.0; m * n];
                let (left, right, result) = (lhs.as_ptr(), rhs.as_ptr(), out.as_mut_ptr());
                let inner = Inner {
                    m,
                    n,
                    depth,
                    lhs: left,
                    lhs_row: depth,
                    rhs: right,
                    rhs_row: depth,
                    out: result,
                    out_row,
                    out_column,
                };
                // SAFETY: the arrays have the sizes that are said, and the machine was asked for the kernel.
                unsafe { kernel(&inner) };
                for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                    let exact: f32 = (0..depth).map(|k| lhs[i * depth + k] * rhs[j * depth + k]).sum();
                    assert_eq!(out[i * out_row + j * out_column], exact, "{m}×{depth}×{n}, ({i}, {j})");
                }
            }
        }
    }

    #[test]
    fn products_of_small_integers_are_exact() {
        if let Some(kernel) = f32::kernel() {
            check::<f32>(kernel, |sum| sum as f32);
        }
        if let Some(kernel) = f64::kernel() {
            check::<f64>(kernel, |sum| sum as f64);
        }
    }
}
