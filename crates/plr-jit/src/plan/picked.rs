//! The sums of a matrix product at which two numbers are equal.

use std::fmt::{self, Display, Formatter};

use plr_ir::scalar::Real;

use crate::execute::{Run, Shared};
use crate::gemm::{Pointers, Product};
use crate::memory::Buffer;
use crate::micro::{Element, Links};

/// Rows are looked through in parts of about so many multiplications and comparisons, some 10 µs.
const WORK_PER_PART: usize = 1 << 15;

/// So many numbers are compared at once.
const GROUP: usize = 64;

/// The sums of a product that matter; the others are not written.
#[derive(Debug)]
pub(crate) struct Picked {
    /// The product.
    pub(crate) product: Product,
    /// The left factor.
    pub(crate) lhs: Buffer,
    /// The right factor.
    pub(crate) rhs: Buffer,
    /// A number for each sum.
    pub(crate) places: Buffer,
    /// The number of those that matter, of all rows or of each.
    pub(crate) place: Buffer,
    /// From row to row of both.
    pub(crate) rows: [usize; 2],
    /// The result.
    pub(crate) out: Buffer,
}

impl Picked {
    /// Computes the sums that matter, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Run::steps`]; the reals are of the run's precision.
    pub(crate) unsafe fn run<T: Real + Element>(&self, run: &Run<'_>) {
        let at = |buffer: Buffer| run.buffers.get(buffer.index()).cast::<T>();
        let numbers = [at(self.places).cast_const(), at(self.place).cast_const()];
        let factors = (at(self.lhs).cast_const(), at(self.rhs).cast_const(), at(self.out));
        let Product { m, n, depth, .. } = self.product;
        let rows_per_part = (WORK_PER_PART / (n + depth)).clamp(1, m);
        let shared = Shared((numbers, factors));
        run.pool.run(m.div_ceil(rows_per_part), &|part| {
            let first = part * rows_per_part;
            let &(numbers, factors) = shared.get();
            for row in first..m.min(first + rows_per_part) {
                // SAFETY: the buffers are as large as the product and its rows need, and each part writes its own rows.
                unsafe { self.row(row, numbers, factors) };
            }
        });
    }

    /// Of one row.
    ///
    /// # Safety
    /// The pointers are to all numbers and both factors, which nobody writes meanwhile, and to the result, whose row is accessed by nobody else.
    unsafe fn row<T: Real + Element>(
        &self,
        row: usize,
        [places, place]: [*const T; 2],
        (lhs, rhs, out): Pointers<T>,
    ) {
        let [apart, moves] = self.rows;
        // SAFETY: as demanded of the caller.
        let (places, place) = unsafe {
            (std::slice::from_raw_parts(places.add(row * apart), self.product.n), *place.add(row * moves))
        };
        for (number, group) in places.chunks(GROUP).enumerate() {
            // Most groups are passed without looking at one after the other.
            if !group.iter().fold(false, |any, &own| any | (own == place)) {
                continue;
            }
            let equal = group.iter().enumerate().filter(|&(_, &own)| own == place);
            for column in equal.map(|(at, _)| number * GROUP + at) {
                let (sum, [left, right]) = self.product.part(row..row + 1, column..column + 1, 1);
                // SAFETY: row and column are of the product.
                unsafe {
                    let out = out.add(row * self.product.out.row + column * self.product.out.column);
                    sum.run_whole((lhs.add(left), rhs.add(right), out), &Links::NONE);
                }
            }
        }
    }
}

impl Display for Picked {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { product, lhs, rhs, places, place, out, .. } = self;
        write!(f, "{out} = {lhs} · {rhs} where {places} is {place}, {product}")
    }
}
