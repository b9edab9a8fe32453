//! The kernels of x86: with 512-bit vectors, and with 256-bit ones.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::{
    Dots, DotsKernel, Element, INNER_BYTES, Inner, InnerKernel, Kernel, NEAR_BYTES, PARTIAL_BYTES, Panel,
    What,
};

/// Pointers into the left factor, three rows apart: rows between them are reached by address arithmetic.
const ROWS_PER_POINTER: usize = 3;

/// Bytes of rows of the left factor that stay in the nearest cache while all rows of the right one pass by.
const RESIDENT_BYTES: usize = 16 << 10;
/// Rows that pass by are asked for so many bytes before they are used.
const AHEAD_BYTES: usize = 1024;
/// The most sums of a square, and not fewer than [`TOGETHER`].
pub(super) const MOST_SUMS: usize = 25;
/// So many sums are completed together.
const TOGETHER: usize = 16;

/// Partial sums of the sums of a square.
#[repr(align(64))]
struct Sums<P>([MaybeUninit<P>; MOST_SUMS]);

/// Lets every sum of a tile go through an operation.
macro_rules! each {
    ($sums:ident[$rows:ident][$vectors:ident] as ($row:ident, $vector:ident) = $operation:expr) => {
        for $row in 0..$rows {
            for $vector in 0..$vectors {
                $sums[$row][$vector] = $operation;
            }
        }
    };
}

/// Makes the kernels for one element type and one vector type in a module of their own.
///
/// `tile` computes `ROWS` rows by `VECTORS` vectors of columns, of the last of which only the lanes in `mask` exist if `MASKED`;
/// `group` computes all rows of such columns in tiles of nearly equal heights; `panel` all columns. Loops count: iterators
/// would be calls wherever they are not inlined.
macro_rules! kernels {
    ($module:ident, $features:literal, $real:ty, $vector:ty, $lanes:literal, [$($rows:literal)+], $most:literal, [$($side:literal)+], $longest:literal,
     $zero:ident, $load:ident, $splat:ident, $add:ident, $subtract:ident, $multiply:ident, $largest:ident, $least:ident, $fma:ident,
     $store:ident,
     $mask:ty, $mask_of:expr, $masked_load:expr, $masked_store:expr, $totals:expr) => {
        pub(super) mod $module {
            use std::arch::x86_64::*;
            use std::mem::MaybeUninit;
            use std::ops::Range;

            use super::{
                AHEAD_BYTES, Dots, INNER_BYTES, Inner, MOST_SUMS, NEAR_BYTES, PARTIAL_BYTES, Panel, RESIDENT_BYTES,
                ROWS_PER_POINTER, Sums, TOGETHER, What,
            };

            type Mask = $mask;

            /// # Safety
            /// As for [`Kernel`](super::Kernel), on a machine with the features of this module.
            #[target_feature(enable = $features)]
            pub(crate) unsafe fn panel(panel: &Panel<$real>) {
                let mut column = 0;
                let all = $mask_of($lanes);
                // SAFETY: the columns are within the panel, the last vector's lanes within its columns.
                unsafe {
                    // A single row has too few sums for all that can be under way at a time, if not for many columns.
                    while panel.m == 1 && column + 8 * $lanes <= panel.n {
                        tile::<1, 8, false>(panel, 0, column, all);
                        column += 8 * $lanes;
                    }
                    while column + 2 * $lanes <= panel.n {
                        group::<2, false>(panel, column, all);
                        column += 2 * $lanes;
                    }
                    if column + $lanes <= panel.n {
                        group::<1, false>(panel, column, all);
                        column += $lanes;
                    }
                    if column < panel.n {
                        group::<1, true>(panel, column, $mask_of(panel.n - column));
                    }
                }
            }

            /// Vectors of partial sums of a row.
            const PARTIAL: usize = PARTIAL_BYTES / ($lanes * size_of::<$real>());
            /// Terms between one of a partial sum and its next.
            const STRIDE: usize = PARTIAL * $lanes;

            /// # Safety
            /// As for [`DotsKernel`](super::DotsKernel), on a machine with the features of this module.
            #[target_feature(enable = $features)]
            pub(crate) unsafe fn dots(dots: &Dots<$real>) {
                let mut first = 0;
                while first < dots.rows {
                    let count = (dots.rows - first).min(TOGETHER);
                    let mut partial = Sums([const { MaybeUninit::<[$real; TERMS]>::uninit() }; MOST_SUMS]);
                    let out = partial.0.as_mut_ptr().cast::<[$real; TERMS]>();
                    let abreast = count / ABREAST * ABREAST;
                    for i in (0..abreast).step_by(ABREAST) {
                        // SAFETY: the rows are within the matrix.
                        unsafe { partial_sums::<ABREAST>(dots, first + i, out.add(i)) };
                    }
                    for i in abreast..count {
                        // SAFETY: the row is within the matrix.
                        unsafe { partial_sums::<1>(dots, first + i, out.add(i)) };
                    }
                    for i in count..TOGETHER {
                        partial.0[i].write([0.0; TERMS]);
                    }
                    // SAFETY: as many are initialised as are completed together.
                    let totals = unsafe { $totals(&mut partial, count) };
                    for i in 0..count {
                        // SAFETY: there is a result for every row.
                        unsafe { *dots.out.add((first + i) * dots.apart) = totals[i] };
                    }
                    first += count;
                }
            }

            /// Rows that are summed beside each other: each vector of the other factor is then loaded once for all of them, as
            /// far as there are registers.
            const ABREAST: usize = if PARTIAL <= 4 { 2 } else { 1 };

            /// The last partial sums of some rows.
            ///
            /// # Safety
            /// As for [`dots`]; there is room for them.
            #[target_feature(enable = $features)]
            unsafe fn partial_sums<const ROWS: usize>(
                dots: &Dots<$real>,
                row: usize,
                out: *mut [$real; TERMS],
            ) {
                // SAFETY: the rows are within the matrix, and so are the lanes of the masks.
                unsafe {
                    let matrix = dots.matrix.add(row * dots.row);
                    let mut sums = [[$zero(); PARTIAL]; ROWS];
                    let whole = dots.depth / STRIDE * STRIDE;
                    let mut at = 0;
                    while at < whole {
                        for i in 0..PARTIAL {
                            let b = $load(dots.vector.add(at + i * $lanes));
                            for r in 0..ROWS {
                                let a = $load(matrix.add(r * dots.row + at + i * $lanes));
                                sums[r][i] = $fma(a, b, sums[r][i]);
                            }
                        }
                        at += STRIDE;
                    }
                    for i in 0..PARTIAL {
                        let left = dots.depth.saturating_sub(at + i * $lanes).min($lanes);
                        if left > 0 {
                            let mask = $mask_of(left);
                            let b = $masked_load(mask, dots.vector.add(at + i * $lanes));
                            for r in 0..ROWS {
                                let a = $masked_load(mask, matrix.add(r * dots.row + at + i * $lanes));
                                sums[r][i] = $fma(a, b, sums[r][i]);
                            }
                        }
                    }
                    for r in 0..ROWS {
                        let mut width = PARTIAL;
                        while width > INNER {
                            width /= 2;
                            for i in 0..width {
                                sums[r][i] = $add(sums[r][i], sums[r][i + width]);
                            }
                        }
                        for i in 0..INNER {
                            $store(out.add(r).cast::<$real>().add(i * $lanes), sums[r][i]);
                        }
                    }
                }
            }

            /// Vectors of partial sums of a sum.
            const INNER: usize = INNER_BYTES / ($lanes * size_of::<$real>());
            /// Partial sums.
            const TERMS: usize = INNER * $lanes;

            /// # Safety
            /// As for [`InnerKernel`](super::InnerKernel), on a machine with the features of this module.
            #[target_feature(enable = $features)]
            pub(crate) unsafe fn inner(inner: &Inner<$real>) {
                let (down, across) = (inner.m.div_ceil($longest), inner.n.div_ceil($longest));
                let together = RESIDENT_BYTES / ($longest * inner.depth * size_of::<$real>()).max(1);
                let mut first = 0;
                while first < down {
                    let end = down.min(first + together.max(1));
                    for column in 0..across {
                        let columns = inner.n * column / across..inner.n * (column + 1) / across;
                        for row in first..end {
                            let rows = inner.m * row / down..inner.m * (row + 1) / down;
                            // SAFETY: rows and columns are within the factors.
                            unsafe {
                                match rows.end - rows.start {
                                    $($side => square_of_rows::<$side>(inner, rows.start, columns.start, columns.end),)+
                                    _ => unreachable!("a square has at most as many rows as there are kernels"),
                                }
                            }
                        }
                    }
                    first = end;
                }
            }

            /// # Safety
            /// As for [`inner`]; the factors have the rows and columns.
            #[target_feature(enable = $features)]
            unsafe fn square_of_rows<const ROWS: usize>(
                inner: &Inner<$real>,
                row: usize,
                column: usize,
                end: usize,
            ) {
                // SAFETY: as demanded of the caller.
                unsafe {
                    match end - column {
                        $($side => square::<ROWS, $side>(inner, row, column),)+
                        _ => unreachable!("a square has at most as many columns as there are kernels"),
                    }
                }
            }

            /// # Safety
            /// As for [`inner`]; the factors have the rows and columns.
            #[target_feature(enable = $features)]
            unsafe fn square<const ROWS: usize, const COLUMNS: usize>(
                inner: &Inner<$real>,
                row: usize,
                column: usize,
            ) {
                // SAFETY: everything that is read or written is within the matrices, lanes of the masks included.
                unsafe {
                    let mut sums = [[[$zero(); INNER]; COLUMNS]; ROWS];
                    let lhs = inner.lhs.add(row * inner.lhs_row);
                    let rhs = inner.rhs.add(column * inner.rhs_row);
                    let mut at = 0;
                    let reach = inner.depth.min(AHEAD_BYTES / size_of::<$real>());
                    let next = (COLUMNS * inner.rhs_row).wrapping_sub(inner.depth);
                    let far = inner.n * inner.depth * size_of::<$real>() > NEAR_BYTES;
                    while at + TERMS <= inner.depth {
                        let mut ahead = at + reach;
                        if ahead >= inner.depth {
                            ahead = ahead.wrapping_add(next);
                        }
                        if far {
                            for j in 0..COLUMNS {
                                let next = rhs.wrapping_add(j * inner.rhs_row + ahead);
                                _mm_prefetch::<_MM_HINT_T0>(next.cast());
                            }
                        }
                        for v in 0..INNER {
                            let mut right = [$zero(); COLUMNS];
                            for j in 0..COLUMNS {
                                right[j] = $load(rhs.add(j * inner.rhs_row + at + v * $lanes));
                            }
                            for i in 0..ROWS {
                                let left = $load(lhs.add(i * inner.lhs_row + at + v * $lanes));
                                for j in 0..COLUMNS {
                                    sums[i][j][v] = $fma(left, right[j], sums[i][j][v]);
                                }
                            }
                        }
                        at += TERMS;
                    }
                    for v in 0..INNER {
                        let left_over = inner.depth.saturating_sub(at + v * $lanes).min($lanes);
                        if left_over > 0 {
                            let mask = $mask_of(left_over);
                            for i in 0..ROWS {
                                let left = $masked_load(mask, lhs.add(i * inner.lhs_row + at + v * $lanes));
                                for j in 0..COLUMNS {
                                    let right =
                                        $masked_load(mask, rhs.add(j * inner.rhs_row + at + v * $lanes));
                                    sums[i][j][v] = $fma(left, right, sums[i][j][v]);
                                }
                            }
                        }
                    }
                    let mut partial = Sums([const { MaybeUninit::<[$real; TERMS]>::uninit() }; MOST_SUMS]);
                    for i in 0..ROWS {
                        for j in 0..COLUMNS {
                            for v in 0..INNER {
                                let of_sum = partial.0[i * COLUMNS + j].as_mut_ptr().cast::<$real>();
                                $store(of_sum.add(v * $lanes), sums[i][j][v]);
                            }
                        }
                    }
                    for i in ROWS * COLUMNS..TOGETHER {
                        partial.0[i].write([0.0; TERMS]);
                    }
                    let totals = $totals(&mut partial, ROWS * COLUMNS);
                    for i in 0..ROWS {
                        for j in 0..COLUMNS {
                            let out = (row + i) * inner.out_row + (column + j) * inner.out_column;
                            *inner.out.add(out) = totals[i * COLUMNS + j];
                        }
                    }
                }
            }

            /// The sums of as many partial sums as there are, one after the other.
            ///
            /// # Safety
            /// So many are initialised, and at least [`TOGETHER`].
            #[target_feature(enable = $features)]
            #[allow(dead_code, reason = "the widest vectors have a better way")]
            unsafe fn one_by_one(partial: &mut Sums<[$real; TERMS]>, count: usize) -> [$real; MOST_SUMS] {
                let mut totals = [0.0; MOST_SUMS];
                for i in 0..count {
                    // SAFETY: as demanded of the caller.
                    totals[i] = total(unsafe { partial.0[i].assume_init_mut() });
                }
                totals
            }

            /// The sum of partial sums, halves added to halves.
            #[target_feature(enable = $features)]
            fn total(partial: &mut [$real; TERMS]) -> $real {
                if TERMS == 16 {
                    for lane in 0..8 {
                        partial[lane] += partial[lane + 8 * (TERMS / 16)];
                    }
                }
                for lane in 0..4 {
                    partial[lane] += partial[lane + 4];
                }
                for lane in 0..2 {
                    partial[lane] += partial[lane + 2];
                }
                partial[0] + partial[1]
            }

            /// # Safety
            /// As for [`panel`]; the panel has the columns.
            #[target_feature(enable = $features)]
            unsafe fn group<const VECTORS: usize, const MASKED: bool>(
                panel: &Panel<$real>,
                column: usize,
                mask: Mask,
            ) {
                let tiles = panel.m.div_ceil($most);
                let mut row = 0;
                for tile_number in 0..tiles {
                    let end = panel.m * (tile_number + 1) / tiles;
                    // SAFETY: rows and columns are within the panel.
                    unsafe {
                        match end - row {
                            $($rows => tile::<$rows, VECTORS, MASKED>(panel, row, column, mask),)+
                            _ => unreachable!("a tile has at most as many rows as there are kernels"),
                        }
                    }
                    row = end;
                }
            }

            /// Asks for what belongs to the sums of some rows and of two vectors of columns.
            #[target_feature(enable = $features)]
            #[inline(never)]
            fn ask_for_elements(panel: &Panel<$real>, rows: Range<usize>, column: usize) {
                for link in panel.links.iter().filter(|link| link.column == 1) {
                    for row in rows.clone() {
                        let elements = link.at.wrapping_add(row * link.row + column);
                        _mm_prefetch::<_MM_HINT_T0>(elements.cast());
                        _mm_prefetch::<_MM_HINT_T0>(elements.wrapping_add($lanes).cast());
                    }
                }
            }

            /// # Safety
            /// As for [`panel`]; the panel has the rows and columns.
            #[target_feature(enable = $features)]
            unsafe fn tile<const ROWS: usize, const VECTORS: usize, const MASKED: bool>(
                panel: &Panel<$real>,
                row: usize,
                column: usize,
                mask: Mask,
            ) {
                // SAFETY: everything that is read or written is within the panel.
                unsafe {
                    let mut sums = [[$zero(); VECTORS]; ROWS];
                    if panel.links.far {
                        ask_for_elements(panel, row..row + ROWS, column);
                    }
                    let mut rhs = panel.rhs.add(column);
                    let first = panel.lhs.add(row * panel.lhs_row);
                    let mut lhs = [first; $most / ROWS_PER_POINTER];
                    for i in 0..ROWS.div_ceil(ROWS_PER_POINTER) {
                        lhs[i] = first.wrapping_add(ROWS_PER_POINTER * i * panel.lhs_row);
                    }
                    for _ in 0..panel.depth {
                        let mut terms = [$zero(); VECTORS];
                        for j in 0..VECTORS {
                            terms[j] = match MASKED {
                                true => $masked_load(mask, rhs.add(j * $lanes)),
                                false => $load(rhs.add(j * $lanes)),
                            };
                        }
                        for i in 0..ROWS {
                            let offset = i % ROWS_PER_POINTER * panel.lhs_row;
                            let factor = $splat(*lhs[i / ROWS_PER_POINTER].add(offset));
                            for j in 0..VECTORS {
                                sums[i][j] = $fma(factor, terms[j], sums[i][j]);
                            }
                        }
                        rhs = rhs.wrapping_add(panel.rhs_step);
                        for i in 0..ROWS.div_ceil(ROWS_PER_POINTER) {
                            lhs[i] = lhs[i].wrapping_add(panel.lhs_step);
                        }
                    }
                    // Whatever follows from the row is computed from here on: before the loop it would take registers of the loop's.
                    let row = std::hint::black_box(row);
                    for link in panel.links.iter() {
                        let first = match link.at.is_null() {
                            true => &raw const link.number,
                            false => link.at.add(row * link.row + column * link.column),
                        };
                        let one = |i: usize| $splat(*first.add(i * link.row));
                        let beside = |i: usize, j: usize| {
                            let at = first.add(i * link.row + j * $lanes);
                            if MASKED { $masked_load(mask, at) } else { $load(at) }
                        };
                        match (link.what, link.column == 1) {
                            (What::Add, true) => each!(sums[ROWS][VECTORS] as (i, j) = $add(sums[i][j], beside(i, j))),
                            (What::Add, false) => each!(sums[ROWS][VECTORS] as (i, j) = $add(sums[i][j], one(i))),
                            (What::Subtract, true) => {
                                each!(sums[ROWS][VECTORS] as (i, j) = $subtract(sums[i][j], beside(i, j)))
                            }
                            (What::Subtract, false) => {
                                each!(sums[ROWS][VECTORS] as (i, j) = $subtract(sums[i][j], one(i)))
                            }
                            (What::Multiply, true) => {
                                each!(sums[ROWS][VECTORS] as (i, j) = $multiply(sums[i][j], beside(i, j)))
                            }
                            (What::Multiply, false) => {
                                each!(sums[ROWS][VECTORS] as (i, j) = $multiply(sums[i][j], one(i)))
                            }
                            // The instructions give the second of two that are equal, or if one is NaN.
                            (What::Largest, _) => each!(sums[ROWS][VECTORS] as (i, j) = $largest(one(i), sums[i][j])),
                            (What::Least, _) => each!(sums[ROWS][VECTORS] as (i, j) = $least(one(i), sums[i][j])),
                        }
                    }
                    for i in 0..ROWS {
                        let out = panel.out.add((row + i) * panel.out_row + column);
                        for j in 0..VECTORS {
                            match MASKED {
                                true => $masked_store(out.add(j * $lanes), mask, sums[i][j]),
                                false => $store(out.add(j * $lanes), sums[i][j]),
                            }
                        }
                    }
                }
            }
        }
    };
}

kernels!(
    wide_f32, "avx512f", f32, __m512, 16, [1 2 3 4 5 6 7 8 9 10 11 12], 12, [1 2 3 4 5], 5,
    _mm512_setzero_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_add_ps, _mm512_sub_ps, _mm512_mul_ps,
    _mm512_max_ps, _mm512_min_ps, _mm512_fmadd_ps, _mm512_storeu_ps,
    __mmask16, |lanes: usize| ((1_u32 << lanes) - 1) as __mmask16,
    _mm512_maskz_loadu_ps, _mm512_mask_storeu_ps,
    |partial: &mut Sums<_>, count| super::in_trees(partial.0.as_ptr().cast(), count)
);
kernels!(
    wide_f64, "avx512f", f64, __m512d, 8, [1 2 3 4 5 6 7 8 9 10 11 12], 12, [1 2 3 4 5], 5,
    _mm512_setzero_pd, _mm512_loadu_pd, _mm512_set1_pd, _mm512_add_pd, _mm512_sub_pd, _mm512_mul_pd,
    _mm512_max_pd, _mm512_min_pd, _mm512_fmadd_pd, _mm512_storeu_pd,
    __mmask8, |lanes: usize| ((1_u32 << lanes) - 1) as __mmask8,
    _mm512_maskz_loadu_pd, _mm512_mask_storeu_pd, one_by_one
);
kernels!(
    narrow_f32, "avx2,fma", f32, __m256, 8, [1 2 3 4 5 6], 6, [1 2], 2,
    _mm256_setzero_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_add_ps, _mm256_sub_ps, _mm256_mul_ps,
    _mm256_max_ps, _mm256_min_ps, _mm256_fmadd_ps, _mm256_storeu_ps,
    __m256i,
    |lanes: usize| _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
    |mask, at| _mm256_maskload_ps(at, mask), _mm256_maskstore_ps, one_by_one
);
kernels!(
    narrow_f64, "avx2,fma", f64, __m256d, 4, [1 2 3 4 5 6], 6, [1 2], 2,
    _mm256_setzero_pd, _mm256_loadu_pd, _mm256_set1_pd, _mm256_add_pd, _mm256_sub_pd, _mm256_mul_pd,
    _mm256_max_pd, _mm256_min_pd, _mm256_fmadd_pd, _mm256_storeu_pd,
    __m256i,
    |lanes: usize| _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes as i64), _mm256_setr_epi64x(0, 1, 2, 3)),
    |mask, at| _mm256_maskload_pd(at, mask), _mm256_maskstore_pd, one_by_one
);

/// The sums of as many partial sums as there are, in the order of `total`, sixteen at a time: halves of different ones are
/// exchanged so that one addition is for two, then for four of them.
///
/// # Safety
/// So many of sixteen numbers are there, at the beginning of a cache line, and at least [`TOGETHER`].
#[target_feature(enable = "avx512f")]
#[inline(never)]
pub(super) unsafe fn in_trees(from: *const f32, count: usize) -> [f32; MOST_SUMS] {
    let mut totals = [0.0; MOST_SUMS];
    for number in 0..count.div_ceil(TOGETHER) {
        // The last sixteen may have some of those before in them.
        let first = (TOGETHER * number).min(count.saturating_sub(TOGETHER));
        let mut sums = [_mm512_setzero_ps(); 16];
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: as demanded of the caller.
            *sum = unsafe { _mm512_load_ps(from.add(16 * (first + i))) };
        }
        for i in 0..8 {
            let (a, b) = (sums[2 * i], sums[2 * i + 1]);
            let low = _mm512_shuffle_f32x4::<0b01_00_01_00>(a, b);
            sums[i] = _mm512_add_ps(low, _mm512_shuffle_f32x4::<0b11_10_11_10>(a, b));
        }
        for i in 0..4 {
            let (a, b) = (sums[2 * i], sums[2 * i + 1]);
            let low = _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b);
            sums[i] = _mm512_add_ps(low, _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b));
        }
        for i in 0..2 {
            let (a, b) = (_mm512_castps_pd(sums[2 * i]), _mm512_castps_pd(sums[2 * i + 1]));
            let low = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            sums[i] = _mm512_add_ps(low, _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
        }
        let low = _mm512_shuffle_ps::<0b10_00_10_00>(sums[0], sums[1]);
        let all = _mm512_add_ps(low, _mm512_shuffle_ps::<0b11_01_11_01>(sums[0], sums[1]));
        // Lane `4·i + j` of it is of the partial sums `i + 4·j`.
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        // SAFETY: there is room for sixteen from there on.
        unsafe { _mm512_storeu_ps(totals.as_mut_ptr().add(first), _mm512_permutexvar_ps(order, all)) };
    }
    totals
}

/// The wide kernel if this machine can run it, else the narrow one if it can run that.
pub(super) fn best<K>(wide: K, narrow: K) -> Option<K> {
    if is_x86_feature_detected!("avx512f") {
        return Some(wide);
    }
    (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(narrow)
}

impl Element for f32 {
    fn kernel() -> Option<Kernel<Self>> {
        best::<Kernel<Self>>(wide_f32::panel, narrow_f32::panel)
    }

    fn dots_kernel() -> Option<DotsKernel<Self>> {
        best::<DotsKernel<Self>>(wide_f32::dots, narrow_f32::dots)
    }

    fn inner_kernel() -> Option<InnerKernel<Self>> {
        best::<InnerKernel<Self>>(wide_f32::inner, narrow_f32::inner)
    }
}

impl Element for f64 {
    fn kernel() -> Option<Kernel<Self>> {
        best::<Kernel<Self>>(wide_f64::panel, narrow_f64::panel)
    }

    fn dots_kernel() -> Option<DotsKernel<Self>> {
        best::<DotsKernel<Self>>(wide_f64::dots, narrow_f64::dots)
    }

    fn inner_kernel() -> Option<InnerKernel<Self>> {
        best::<InnerKernel<Self>>(wide_f64::inner, narrow_f64::inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Links;
    use super::*;

    /// A chain of fused multiply-adds has no freedom: kernels of different widths give the same bits.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "fused is what the kernels' chain is")]
    fn all_widths_agree_bit_for_bit() {
        if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma")) {
            return;
        }
        let (m, n, depth) = (29, 53, 101);
        let number = |i: usize| ((i * 2_654_435_761 % 1_000_003) as f32 / 500_000.0) - 1.0;
        let lhs: Vec<f32> = (0..m * depth).map(number).collect();
        let rhs: Vec<f32> = (0..depth * n).map(|i| number(i + 17)).collect();
        let product = |kernel: Kernel<f32>| {
            let mut out = vec![0.0_f32; m * n];
            let panel = Panel {
                m,
                n,
                depth,
                lhs: lhs.as_ptr(),
                lhs_row: depth,
                lhs_step: 1,
                rhs: rhs.as_ptr(),
                rhs_step: n,
                out: out.as_mut_ptr(),
                out_row: n,
                links: Links::NONE,
            };
            // SAFETY: the arrays have the sizes of the panel, and the machine has the features.
            unsafe { kernel(&panel) };
            out
        };
        let chain = |i: usize, j: usize| {
            (0..depth).fold(0.0_f32, |sum, k| lhs[i * depth + k].mul_add(rhs[k * n + j], sum))
        };
        let (wide, narrow) = (product(wide_f32::panel), product(narrow_f32::panel));
        for depth in [1, 15, 64, 101] {
            let sums = |kernel: DotsKernel<f32>| {
                let mut out = vec![0.0_f32; m];
                let (matrix, vector) = (lhs.as_ptr(), rhs.as_ptr());
                let dots = Dots { rows: m, depth, matrix, row: 101, vector, out: out.as_mut_ptr(), apart: 1 };
                // SAFETY: as above.
                unsafe { kernel(&dots) };
                out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(sums(wide_f32::dots), sums(narrow_f32::dots));
            let products = |kernel: InnerKernel<f32>| {
                let mut out = vec![0.0_f32; m * 7];
                let (lhs, rhs) = (lhs.as_ptr(), rhs.as_ptr());
                let (out_row, out_column) = (7, 1);
                let result = out.as_mut_ptr();
                let inner = Inner {
                    m,
                    n: 7,
                    depth,
                    lhs,
                    lhs_row: 101,
                    rhs,
                    rhs_row: 101,
                    out: result,
                    out_row,
                    out_column,
                };
                // SAFETY: as above.
                unsafe { kernel(&inner) };
                out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(products(wide_f32::inner), products(narrow_f32::inner));
        }
        for (at, (wide, narrow)) in wide.iter().zip(&narrow).enumerate() {
            assert_eq!(wide.to_bits(), narrow.to_bits());
            assert_eq!(wide.to_bits(), chain(at / n, at % n).to_bits());
        }
    }
}
