//! Matrix products: the one place that knows the GEMM library.
//!
//! A product is cut into blocks of rows or columns whose size follows from its shape alone, and each block is one
//! single-threaded call: of our own [kernels](crate::micro) where neighbouring columns are neighbours in memory and the
//! machine has them, of the library elsewhere. Threads share out blocks, so their number cannot change a result.
//!
//! Of the product of a matrix and its own transpose one half is computed, and copied to the other.

use std::ops::Range;

use plr_ir::Precision;
use plr_ir::scalar::Real;

use crate::micro::{Dots, Element, Inner, Links, Panel};
use crate::transpose::transpose;

/// Distances between neighbours in a matrix, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strides {
    /// From row to row.
    pub(crate) row: usize,
    /// From column to column.
    pub(crate) column: usize,
}

/// An axis along which a product is repeated on other matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchAxis {
    /// How many products.
    pub(crate) extent: usize,
    /// The distances between neighbouring left, right and result matrices, in elements.
    pub(crate) strides: [usize; 3],
}

/// `out[i, j] = Σ_k lhs[i, k]·rhs[k, j]`, `i < m`, `j < n`, `k < depth`, for every index of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    /// Rows of the result.
    pub(crate) m: usize,
    /// Columns of the result.
    pub(crate) n: usize,
    /// Terms of each sum.
    pub(crate) depth: usize,
    /// Of the left factor.
    pub(crate) lhs: Strides,
    /// Of the right factor.
    pub(crate) rhs: Strides,
    /// Of the result.
    pub(crate) out: Strides,
    /// Repetitions.
    pub(crate) batch: Vec<BatchAxis>,
    /// Whether the right factor is the left one's transpose; columns of the result are then neighbours in memory.
    pub(crate) symmetric: bool,
}

/// Where both factors and the result are.
pub(crate) type Pointers<T> = (*const T, *const T, *mut T);

/// A block of this many multiplications, about 50 µs, is worth a call of its own.
const BLOCK_WORK: usize = 2 << 20;
/// As [`BLOCK_WORK`] where each element of the matrix is used once: it takes as long as the matrix takes to arrive.
const VECTOR_BLOCK_WORK: usize = 1 << 16;
/// No product is cut into more.
const MOST_BLOCKS: usize = 16;
/// Products, and sums of a convolution, of fewer multiplications stay on the calling thread.
pub(crate) const LEAST_SHARED: usize = 1 << 19;
/// So does a product of a matrix and a vector of fewer.
const LEAST_SHARED_VECTOR: usize = 1 << 17;
/// Blocks of a product with one's own transpose, of which two long and two short ones are as much to do as two others and two more.
const SYMMETRIC_BLOCKS: usize = 8;
/// Its blocks have so many rows at least.
const LEAST_SYMMETRIC_ROWS: usize = 8;
/// The library is better at products with fewer columns: they do not fill a vector.
const LEAST_COLUMNS: usize = 8;
/// Blocks of columns begin at multiples of this, a cache line, or two.
const BLOCK_ALIGNMENT: usize = 16;
/// Blocks of rows begin at multiples of this: our kernels have them in tiles of nearly equal heights, whatever their number.
const ROW_ALIGNMENT: usize = 4;

impl Product {
    /// The product with exchanged factors whose result is this one's transpose.
    pub(crate) fn transposed(&self) -> Self {
        let flip = |strides: Strides| Strides { row: strides.column, column: strides.row };
        let exchange = |axis: &BatchAxis| BatchAxis {
            strides: [axis.strides[1], axis.strides[0], axis.strides[2]],
            ..*axis
        };
        Self {
            m: self.n,
            n: self.m,
            depth: self.depth,
            lhs: flip(self.rhs),
            rhs: flip(self.lhs),
            out: flip(self.out),
            batch: self.batch.iter().map(exchange).collect(),
            symmetric: self.symmetric,
        }
    }

    /// The number of multiplications, or the largest number.
    pub(crate) fn work(&self) -> usize {
        self.matrices().saturating_mul(self.work_of_one())
    }

    fn work_of_one(&self) -> usize {
        self.m.saturating_mul(self.n).saturating_mul(self.depth)
    }

    fn matrices(&self) -> usize {
        self.batch.iter().map(|axis| axis.extent).product()
    }

    fn block_work(&self) -> usize {
        if self.has_vector() { VECTOR_BLOCK_WORK } else { BLOCK_WORK }
    }

    /// Rows or columns of a block, whichever there are more of.
    fn block_length(&self) -> usize {
        if self.symmetric {
            return self.m.div_ceil(SYMMETRIC_BLOCKS).max(LEAST_SYMMETRIC_ROWS);
        }
        // An even number, so that two threads have as much to do, and the same rows as in other loops over them.
        let blocks = (self.work_of_one() / self.block_work()).next_multiple_of(2).clamp(1, MOST_BLOCKS);
        let alignment = if self.m >= self.n { ROW_ALIGNMENT } else { BLOCK_ALIGNMENT };
        self.m.max(self.n).div_ceil(blocks).next_multiple_of(alignment)
    }

    fn blocks_per_matrix(&self) -> usize {
        self.m.max(self.n).div_ceil(self.block_length())
    }

    /// Whether vectors of columns can be loaded and stored.
    fn has_columns_in_lanes(&self) -> bool {
        self.rhs.column == 1 && self.out.column == 1 && self.n >= LEAST_COLUMNS
    }

    /// Whether one of the factors is a vector.
    fn has_vector(&self) -> bool {
        self.m == 1 || self.n == 1
    }

    /// Whether threads should share it.
    pub(crate) fn is_worth_sharing(&self) -> bool {
        self.work() >= if self.has_vector() { LEAST_SHARED_VECTOR } else { LEAST_SHARED }
    }

    /// Whether one of the factors is a vector, and the terms of a sum are beside each other in both.
    fn is_of_vector(&self) -> bool {
        self.has_vector() && self.lhs.column == 1 && self.rhs.row == 1
    }

    /// Whether the terms of a sum are beside each other in both factors.
    fn is_of_rows(&self) -> bool {
        self.lhs.column == 1 && self.rhs.row == 1
    }

    /// Whether it is one matrix, its rows beside each other in memory, and vectors of columns can be loaded and stored.
    pub(crate) fn has_dense_rows(&self) -> bool {
        self.batch.is_empty() && self.has_columns_in_lanes() && (self.out.row == self.n || self.m == 1)
    }

    /// The product of some rows and columns, from the given one on, into a matrix whose rows are so far apart. The
    /// offsets of the parts of both factors come with it.
    pub(crate) fn part(&self, rows: Range<usize>, columns: Range<usize>, apart: usize) -> (Self, [usize; 2]) {
        let offsets = [rows.start * self.lhs.row, columns.start * self.rhs.column];
        let out = Strides { row: apart, column: 1 };
        let part =
            Self { m: rows.len(), n: columns.len(), out, batch: Vec::new(), symmetric: false, ..*self };
        (part, offsets)
    }

    /// Computes the product as a whole.
    ///
    /// # Safety
    /// As for [`Self::run_block`].
    pub(crate) unsafe fn run_whole<T: Real + Element>(&self, pointers: Pointers<T>, links: &Links<T>) {
        match self.is_one_block() {
            // SAFETY: as demanded of the caller; the block is the whole.
            true => unsafe { self.run_part([self.m, self.n], pointers, links) },
            false => (0..self.blocks()).for_each(|block| {
                // SAFETY: as demanded of the caller.
                unsafe { self.run_block(block, pointers, links) }
            }),
        }
    }

    /// Whether it is so small a product that nothing of it is cut; loops have many of these.
    fn is_one_block(&self) -> bool {
        self.batch.is_empty() && !self.symmetric && self.work_of_one() < self.block_work()
    }

    /// How many independent blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.matrices() * self.blocks_per_matrix()
    }

    /// Whether its sums can go through links on this machine.
    pub(crate) fn has_links(&self, precision: Precision) -> bool {
        let kernel = match precision {
            Precision::F32 => f32::kernel().is_some(),
            Precision::F64 => f64::kernel().is_some(),
        };
        kernel && self.batch.is_empty() && !self.symmetric && self.has_columns_in_lanes()
    }

    /// Computes one block, its sums going through links if the product [has](Self::has_links) such.
    ///
    /// # Safety
    /// The pointers are to as many reals as extents and strides reach; nothing else accesses the result's
    /// block meanwhile, and nothing writes the factors or the elements of links, which are apart from the result or at its places.
    pub(crate) unsafe fn run_block<T: Real + Element>(
        &self,
        block: usize,
        (lhs, rhs, out): Pointers<T>,
        links: &Links<T>,
    ) {
        let per_matrix = self.blocks_per_matrix();
        let [a, b, c] = self.batch_offsets(block / per_matrix);
        let [rows, columns] = self.rows_and_columns(block % per_matrix);
        // SAFETY: the offsets stay inside the arrays because block and batch index are below their counts; the rest is as
        // demanded of the caller.
        unsafe {
            let (lhs, rhs, out) = (lhs.add(a), rhs.add(b), out.add(c));
            let corner = out.add(rows.start * self.out.row + columns.start * self.out.column);
            let (lhs, rhs) = (lhs.add(rows.start * self.lhs.row), rhs.add(columns.start * self.rhs.column));
            let links = links.from(rows.start, columns.start);
            self.run_part([rows.len(), columns.len()], (lhs, rhs, corner), &links);
            if self.symmetric {
                // What is left of the diagonal is above it, too.
                let above = (out.add(rows.start), self.out.row);
                transpose([rows.len(), rows.start], (corner, self.out.row), above);
            }
        }
    }

    /// The rows and columns that a block computes.
    fn rows_and_columns(&self, block: usize) -> [Range<usize>; 2] {
        let length = self.block_length();
        let part = |block: usize, extent: usize| block * length..extent.min((block + 1) * length);
        if self.symmetric {
            // Long and short ones in turn: so neighbours, which are one thread's, are as much to do as others.
            let (of, pair) = (self.blocks_per_matrix(), block / 2);
            let rows = part(if block.is_multiple_of(2) { of - 1 - pair } else { pair }, self.m);
            let columns = 0..rows.end;
            return [rows, columns];
        }
        if self.m >= self.n { [part(block, self.m), 0..self.n] } else { [0..self.m, part(block, self.n)] }
    }

    /// The product of so many rows and columns, which begin at these places.
    ///
    /// # Safety
    /// As for [`Self::run_block`].
    unsafe fn run_part<T: Real + Element>(
        &self,
        [m, n]: [usize; 2],
        (lhs, rhs, out): Pointers<T>,
        links: &Links<T>,
    ) {
        // SAFETY: as demanded of the caller.
        unsafe {
            if let (true, Some(kernel)) = (self.has_columns_in_lanes(), T::kernel()) {
                return kernel(&Panel {
                    m,
                    n,
                    depth: self.depth,
                    lhs,
                    lhs_row: self.lhs.row,
                    lhs_step: self.lhs.column,
                    rhs,
                    rhs_step: self.rhs.row,
                    out,
                    out_row: self.out.row,
                    links: *links,
                });
            }
            debug_assert!(links.iter().next().is_none(), "only our kernels for columns have links");
            if let (true, Some(kernel)) = (self.is_of_vector(), T::dots_kernel()) {
                let (depth, out_row, out_column) = (self.depth, self.out.row, self.out.column);
                return kernel(&match self.m == 1 {
                    true => {
                        let (matrix, row) = (rhs, self.rhs.column);
                        Dots { rows: n, depth, matrix, row, vector: lhs, out, apart: out_column }
                    }
                    false => {
                        let (matrix, row) = (lhs, self.lhs.row);
                        Dots { rows: m, depth, matrix, row, vector: rhs, out, apart: out_row }
                    }
                });
            }
            if let (true, Some(kernel)) = (self.is_of_rows(), T::inner_kernel()) {
                return kernel(&Inner {
                    m,
                    n,
                    depth: self.depth,
                    lhs,
                    lhs_row: self.lhs.row,
                    rhs,
                    rhs_row: self.rhs.column,
                    out,
                    out_row: self.out.row,
                    out_column: self.out.column,
                });
            }
            gemm::gemm(
                m,
                n,
                self.depth,
                out,
                self.out.column as isize,
                self.out.row as isize,
                false,
                lhs,
                self.lhs.column as isize,
                self.lhs.row as isize,
                rhs,
                self.rhs.column as isize,
                self.rhs.row as isize,
                T::from_f64(0.0),
                T::from_f64(1.0),
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
    }

    /// Where the three matrices of the given position in the batch begin.
    fn batch_offsets(&self, mut index: usize) -> [usize; 3] {
        let mut offsets = [0; 3];
        for axis in self.batch.iter().rev() {
            let position = index % axis.extent;
            index /= axis.extent;
            offsets.iter_mut().zip(axis.strides).for_each(|(offset, stride)| *offset += position * stride);
        }
        offsets
    }
}

/// `out[i, j] = Σ_k lhs[i, k]·rhs[k, j]` on the calling thread; the sizes are the rows and columns of the result and the terms
/// of a sum. Neighbouring columns of the right factor and of the result, which are so far apart from row to row, are neighbours
/// in memory.
pub(crate) fn multiply<T: Real + Element>(
    [m, n, depth]: [usize; 3],
    (lhs, strides): (&[T], Strides),
    (rhs, rhs_step): (&[T], usize),
    (out, out_row): (&mut [T], usize),
) {
    let reach = |strides: Strides, [rows, columns]: [usize; 2]| {
        if rows * columns == 0 { 0 } else { (rows - 1) * strides.row + (columns - 1) * strides.column + 1 }
    };
    let rows = |row| Strides { row, column: 1 };
    assert!(reach(strides, [m, depth]) <= lhs.len(), "the left factor is too small");
    assert!(reach(rows(rhs_step), [depth, n]) <= rhs.len(), "the right factor is too small");
    assert!(reach(rows(out_row), [m, n]) <= out.len(), "the result is too small");
    let (lhs, rhs, out) = (lhs.as_ptr(), rhs.as_ptr(), out.as_mut_ptr());
    // SAFETY: the three arrays are as large as extents and strides reach, and the result is borrowed for it alone.
    unsafe {
        if let Some(kernel) = T::kernel() {
            let (lhs_row, lhs_step) = (strides.row, strides.column);
            let links = Links::NONE;
            return kernel(&Panel {
                m,
                n,
                depth,
                lhs,
                lhs_row,
                lhs_step,
                rhs,
                rhs_step,
                out,
                out_row,
                links,
            });
        }
        gemm::gemm(
            m,
            n,
            depth,
            out,
            1,
            out_row as isize,
            false,
            lhs,
            strides.column as isize,
            strides.row as isize,
            rhs,
            1,
            rhs_step as isize,
            T::from_f64(0.0),
            T::from_f64(1.0),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(m: usize, n: usize, depth: usize, matrices: usize) -> Product {
        Product {
            m,
            n,
            depth,
            lhs: Strides { row: depth, column: 1 },
            rhs: Strides { row: n, column: 1 },
            out: Strides { row: n, column: 1 },
            batch: vec![BatchAxis { extent: matrices, strides: [m * depth, depth * n, m * n] }],
            symmetric: false,
        }
    }

    #[test]
    fn blocks_cover_the_result_once() {
        for (m, n, depth) in [(1, 1, 1), (64, 512, 784), (300, 20, 5000), (3, 1000, 9000)] {
            let product = product(m, n, depth, 3);
            let lengths = (0..product.blocks_per_matrix())
                .map(|i| product.block_length().min(m.max(n) - i * product.block_length()));
            assert_eq!(lengths.sum::<usize>(), m.max(n), "{product:?}");
            assert!(product.blocks_per_matrix() <= MOST_BLOCKS);
        }
    }

    #[test]
    fn a_product_with_ones_own_transpose_is_computed_by_half() {
        let (m, depth) = (37, 5);
        let rows: Vec<f64> = (0..m * depth).map(|i| (i * i % 11) as f64 - 5.0).collect();
        for batch in [Vec::new(), vec![BatchAxis { extent: 1, strides: [0; 3] }]] {
            let product = Product {
                rhs: Strides { row: 1, column: depth },
                batch,
                symmetric: true,
                ..product(m, m, depth, 1)
            };
            let mut out = vec![f64::NAN; m * m];
            let (lhs, out_at) = (rows.as_ptr(), out.as_mut_ptr());
            // SAFETY: the arrays have the sizes of the product.
            unsafe { product.run_whole::<f64>((lhs, lhs, out_at), &Links::NONE) };
            for (at, &found) in out.iter().enumerate() {
                let exact: f64 =
                    (0..depth).map(|k| rows[at / m * depth + k] * rows[at % m * depth + k]).sum();
                assert_eq!(found, exact, "element {at}");
            }
        }
    }

    #[test]
    fn a_batch_of_small_integers_is_exact() {
        let product = product(3, 4, 5, 2);
        let numbers = |count: usize| (0..count).map(|i| (i % 7) as f64 - 3.0).collect::<Vec<f64>>();
        let (lhs, rhs, mut out) = (numbers(30), numbers(40), vec![0.0; 24]);
        for block in 0..product.blocks() {
            // SAFETY: the arrays have the sizes of the product, and one block runs at a time.
            unsafe {
                let pointers = (lhs.as_ptr(), rhs.as_ptr(), out.as_mut_ptr());
                product.run_block::<f64>(block, pointers, &Links::NONE);
            }
        }
        for (at, &found) in out.iter().enumerate() {
            let (matrix, i, j) = (at / 12, at / 4 % 3, at % 4);
            let exact: f64 =
                (0..5).map(|k| lhs[matrix * 15 + i * 5 + k] * rhs[matrix * 20 + k * 4 + j]).sum();
            assert_eq!(found, exact, "element {at}");
        }
    }
}
