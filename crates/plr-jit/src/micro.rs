//! Register tiles: products of matrices whose right factor and result have their columns beside each other in memory.
//!
//! Columns lie in the lanes of vectors, and nothing is packed: an element of the left factor goes into all lanes from wherever
//! it is, so it is read once for every group of columns, in either orientation of its matrix. A few rows by one or two
//! vectors of columns are kept in registers for the whole sum.
//!
//! **Every element is the same chain of fused multiply-adds**, from +0 in order of the summed index, whatever the vectors, the
//! tiles and the blocks: results are those of one formula, on every machine that has these kernels.

#[cfg(target_arch = "x86_64")]
mod x86;

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
}

/// A kernel.
///
/// A call needs: factors that can be read and a result that can be written as far as extents and distances reach, the result
/// apart from the factors.
pub(crate) type Kernel<T> = unsafe fn(&Panel<T>);

/// A real number that there are kernels for.
pub(crate) trait Element: Copy + 'static {
    /// The best kernel that this machine can run, if any.
    fn kernel() -> Option<Kernel<Self>>;
}

#[cfg(not(target_arch = "x86_64"))]
mod elsewhere {
    use super::{Element, Kernel};

    impl Element for f32 {
        fn kernel() -> Option<Kernel<Self>> {
            None
        }
    }

    impl Element for f64 {
        fn kernel() -> Option<Kernel<Self>> {
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
    fn products_of_small_integers_are_exact() {
        if let Some(kernel) = f32::kernel() {
            check::<f32>(kernel, |sum| sum as f32);
        }
        if let Some(kernel) = f64::kernel() {
            check::<f64>(kernel, |sum| sum as f64);
        }
    }
}
