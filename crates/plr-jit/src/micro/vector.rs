//! Vectors of reals, for kernels that are written once for all of them.
//!
//! Everything here is compiled into the kernel that uses it, and so for the machine features of that kernel.

use std::ops::{Add, Mul};

/// A kernel for a number of rows that it knows when it is compiled.
pub(super) trait OfRows {
    /// Runs it.
    ///
    /// # Safety
    /// As the kernel demands.
    unsafe fn run<const ROWS: usize>(&self);
}

/// The most sums that are completed together.
pub(super) const MOST_TOTALS: usize = 20;
/// The numbers of a sum, if they are of the shortest kind and fill one of the widest vectors.
pub(super) const MOST_PARTIAL: usize = 16;

/// The numbers that sums are completed from.
#[repr(align(64))]
pub(super) struct Partial<T>(pub(super) [[T; MOST_PARTIAL]; MOST_TOTALS]);

/// A vector of reals.
pub(super) trait Vector: Copy {
    /// What it is of.
    type Real: Copy + Default + Add<Output = Self::Real>;
    /// Which of its lanes are there.
    type Mask: Copy;
    /// How many.
    const LANES: usize;
    /// The most rows of sums, two vectors each, that fit into registers beside what is added to them.
    const ROWS: usize;
    /// The most rows of sums, five vectors each.
    const LONG_ROWS: usize;

    /// Zeros.
    ///
    /// # Safety
    /// This and all others: the machine has the features that the caller was compiled for. Addresses can be read, or written,
    /// as far as a vector reaches.
    unsafe fn zero() -> Self;
    /// From memory.
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn load(at: *const Self::Real) -> Self;
    /// The number there in all lanes.
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn splat(at: *const Self::Real) -> Self;
    /// The product of the first two and the sum.
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn fma(a: Self, b: Self, sum: Self) -> Self;
    /// To memory.
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn store(self, at: *mut Self::Real);
    /// The first so many lanes, fewer than all.
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn first(lanes: usize) -> Self::Mask;
    /// From memory, as far as lanes are there; zeros in the others.
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn load_some(mask: Self::Mask, at: *const Self::Real) -> Self;
    /// To memory, as far as lanes are there.
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn store_some(self, mask: Self::Mask, at: *mut Self::Real);
    /// The first sums, each of so many numbers: halves are added to halves.
    ///
    /// # Safety
    /// See [`Self::zero`].
    #[inline(always)]
    unsafe fn totals(
        partial: &mut Partial<Self::Real>,
        sums: usize,
        width: usize,
    ) -> [Self::Real; MOST_TOTALS] {
        let mut totals = [Self::Real::default(); MOST_TOTALS];
        for (total, numbers) in totals.iter_mut().zip(&mut partial.0).take(sums) {
            let mut width = width;
            while width > 1 {
                width /= 2;
                for i in 0..width {
                    numbers[i] = numbers[i] + numbers[i + width];
                }
            }
            *total = numbers[0];
        }
        totals
    }
    /// Runs a kernel for so many rows, at most [`Self::ROWS`].
    ///
    /// # Safety
    /// See [`Self::zero`].
    unsafe fn with_rows(rows: usize, kernel: &impl OfRows);
}

/// Runs a kernel for a number of rows out of a list.
macro_rules! with_rows {
    ($($rows:literal)+) => {
        #[inline(always)]
        unsafe fn with_rows(rows: usize, kernel: &impl OfRows) {
            match rows {
                // SAFETY: as demanded of the caller.
                $($rows => unsafe { kernel.run::<$rows>() },)+
                _ => unreachable!("a tile has at most as many rows as there are kernels"),
            }
        }
    };
}

/// One number, on machines for which there is nothing wider here: the product is rounded before it is added.
impl<T: Copy + Default + Add<Output = T> + Mul<Output = T>> Vector for [T; 1] {
    type Real = T;
    type Mask = ();
    const LANES: usize = 1;
    const ROWS: usize = 2;
    const LONG_ROWS: usize = 2;

    #[inline(always)]
    unsafe fn zero() -> Self {
        [T::default()]
    }

    #[inline(always)]
    unsafe fn load(at: *const T) -> Self {
        // SAFETY: as demanded of the caller.
        unsafe { [*at] }
    }

    #[inline(always)]
    unsafe fn splat(at: *const T) -> Self {
        // SAFETY: as demanded of the caller.
        unsafe { [*at] }
    }

    #[inline(always)]
    unsafe fn fma([a]: Self, [b]: Self, [sum]: Self) -> Self {
        [sum + a * b]
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut T) {
        // SAFETY: as demanded of the caller.
        unsafe { *at = self[0] };
    }

    #[inline(always)]
    unsafe fn first(_: usize) -> Self::Mask {}

    #[inline(always)]
    unsafe fn load_some((): Self::Mask, _: *const T) -> Self {
        unreachable!("one lane is there, or there is no vector")
    }

    #[inline(always)]
    unsafe fn store_some(self, (): Self::Mask, _: *mut T) {
        unreachable!("one lane is there, or there is no vector")
    }

    with_rows!(1 2);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::super::x86::in_trees;
    use super::{MOST_PARTIAL, MOST_TOTALS, OfRows, Partial, Vector};

    macro_rules! vector {
        ($vector:ty, $real:ty, $lanes:literal, [$($rows:literal)+], $most:literal, $most_long:literal,
         $zero:ident, $load:ident, $splat:ident, $fma:ident, $store:ident,
         $mask:ty, $mask_of:expr, $masked_load:expr, $masked_store:ident $(, $totals:item)?) => {
            impl Vector for $vector {
                type Real = $real;
                type Mask = $mask;
                const LANES: usize = $lanes;
                const ROWS: usize = $most;
                const LONG_ROWS: usize = $most_long;

                #[inline(always)]
                unsafe fn zero() -> Self {
                    // SAFETY: as demanded of the caller.
                    unsafe { $zero() }
                }

                #[inline(always)]
                unsafe fn load(at: *const $real) -> Self {
                    // SAFETY: as demanded of the caller.
                    unsafe { $load(at) }
                }

                #[inline(always)]
                unsafe fn splat(at: *const $real) -> Self {
                    // SAFETY: as demanded of the caller.
                    unsafe { $splat(*at) }
                }

                #[inline(always)]
                unsafe fn fma(a: Self, b: Self, sum: Self) -> Self {
                    // SAFETY: as demanded of the caller.
                    unsafe { $fma(a, b, sum) }
                }

                #[inline(always)]
                unsafe fn store(self, at: *mut $real) {
                    // SAFETY: as demanded of the caller.
                    unsafe { $store(at, self) };
                }

                #[inline(always)]
                #[allow(unused_unsafe, reason = "of some vectors it is a number")]
                unsafe fn first(lanes: usize) -> $mask {
                    // SAFETY: as demanded of the caller.
                    unsafe { $mask_of(lanes) }
                }

                #[inline(always)]
                unsafe fn load_some(mask: $mask, at: *const $real) -> Self {
                    // SAFETY: as demanded of the caller.
                    unsafe { $masked_load(mask, at) }
                }

                #[inline(always)]
                unsafe fn store_some(self, mask: $mask, at: *mut $real) {
                    // SAFETY: as demanded of the caller.
                    unsafe { $masked_store(at, mask, self) };
                }

                with_rows!($($rows)+);

                $($totals)?
            }
        };
    }

    vector!(
        __m512, f32, 16, [1 2 3 4 5 6 7 8 9 10 11 12], 12, 4,
        _mm512_setzero_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps,
        __mmask16, |lanes: usize| ((1_u32 << lanes) - 1) as __mmask16, _mm512_maskz_loadu_ps, _mm512_mask_storeu_ps,
        #[inline(always)]
        unsafe fn totals(partial: &mut Partial<f32>, sums: usize, width: usize) -> [f32; MOST_TOTALS] {
            assert_eq!(width, MOST_PARTIAL, "a vector of sixteen numbers for each sum");
            // SAFETY: as demanded of the caller; there are more than are completed at a time.
            let all = unsafe { in_trees(partial.0.as_ptr().cast(), sums) };
            std::array::from_fn(|i| all[i])
        }
    );
    vector!(
        __m512d, f64, 8, [1 2 3 4 5 6 7 8 9 10 11 12], 12, 4,
        _mm512_setzero_pd, _mm512_loadu_pd, _mm512_set1_pd, _mm512_fmadd_pd, _mm512_storeu_pd,
        __mmask8, |lanes: usize| ((1_u32 << lanes) - 1) as __mmask8, _mm512_maskz_loadu_pd, _mm512_mask_storeu_pd
    );
    vector!(
        __m256, f32, 8, [1 2 3 4 5 6], 6, 2,
        _mm256_setzero_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps,
        __m256i,
        |lanes: usize| _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
        |mask, at| _mm256_maskload_ps(at, mask), _mm256_maskstore_ps
    );
    vector!(
        __m256d, f64, 4, [1 2 3 4 5 6], 6, 2,
        _mm256_setzero_pd, _mm256_loadu_pd, _mm256_set1_pd, _mm256_fmadd_pd, _mm256_storeu_pd,
        __m256i,
        |lanes: usize| _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes as i64), _mm256_setr_epi64x(0, 1, 2, 3)),
        |mask, at| _mm256_maskload_pd(at, mask), _mm256_maskstore_pd
    );
}
