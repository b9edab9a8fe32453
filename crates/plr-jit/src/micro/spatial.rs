//! Kernels for sums over the taps of a convolution, and over its places, of samples in the lanes of vectors.
//!
//! A weight goes into all lanes from wherever it is, and units of neighbouring places are as far apart as the layer has them:
//! nothing is written out or packed. Where places are beside each other, vectors go on from the samples of one to those of the
//! next, so that samples need not fill them. A few rows by one or two vectors are kept in registers for the whole sum, and **every
//! element is the same chain of fused multiply-adds**, whatever the vectors.

#![allow(
    clippy::needless_range_loop,
    reason = "loops count: iterators would be calls wherever they are not inlined"
)]

use super::vector::{MOST_PARTIAL, MOST_TOTALS, OfRows, Partial, Vector};

/// One of the nested axes that the terms of a sum run through; distances in elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TermAxis {
    /// How many.
    pub(crate) extent: usize,
    /// From one to the next in the left factor.
    pub(crate) lhs: isize,
    /// In the right factor.
    pub(crate) rhs: isize,
}

/// `out[i, p] = Σ_t lhs[i, t]·rhs[t, p]` for places `p` that each have `lanes` samples beside each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taps<T> {
    /// Rows of the result.
    pub(crate) rows: usize,
    /// The left factor, at its first term.
    pub(crate) lhs: *const T,
    /// From row to row of it.
    pub(crate) lhs_row: usize,
    /// The right factor, at its first term and place.
    pub(crate) rhs: *const T,
    /// From place to place of it.
    pub(crate) rhs_place: usize,
    /// The result.
    pub(crate) out: *mut T,
    /// From row to row of it.
    pub(crate) out_row: usize,
    /// From place to place.
    pub(crate) out_place: usize,
    /// The terms, outermost axis first.
    pub(crate) terms: [TermAxis; 3],
    /// How many places there are.
    pub(crate) places: usize,
    /// Samples of each.
    pub(crate) lanes: usize,
}

/// `out[i, j] += Σ_p left[i, p]·right[j, p]`, summed over places and the samples in use.
///
/// There are [`MEETING_BYTES`] of partial sums, each of every so many-th sample of a place, added pairwise in the end; where places
/// are beside each other and all samples count, those of a line are one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meet<T> {
    /// Rows of the result.
    pub(crate) rows: usize,
    /// Its columns, at most [`MOST_COLUMNS`].
    pub(crate) columns: usize,
    /// The left factor.
    pub(crate) left: *const T,
    /// From row to row of it.
    pub(crate) left_row: usize,
    /// From place to place, along both axes of space.
    pub(crate) left_place: [usize; 2],
    /// The right factor.
    pub(crate) right: *const T,
    /// From column to column of the result.
    pub(crate) right_column: usize,
    /// From place to place, along both axes of space.
    pub(crate) right_place: [usize; 2],
    /// How many places there are.
    pub(crate) places: [usize; 2],
    /// The number of samples of each that count, from the first.
    pub(crate) in_use: usize,
    /// The result, whose columns are beside each other.
    pub(crate) out: *mut T,
    /// From row to row of it.
    pub(crate) out_row: usize,
}

/// The most columns of a [`Meet`].
pub(crate) const MOST_COLUMNS: usize = 5;
/// See [`Meet`]: one of the widest vectors.
const MEETING_BYTES: usize = 64;

/// A kernel. A call needs factors that can be read, and a result that can be written, as far as extents and distances reach, the
/// result apart from the factors.
pub(crate) type TapsKernel<T> = unsafe fn(&Taps<T>);
/// As [`TapsKernel`].
pub(crate) type MeetKernel<T> = unsafe fn(&Meet<T>);

/// # Safety
/// As for [`TapsKernel`], in a function compiled for the vector's machine.
#[inline(always)]
pub(super) unsafe fn taps<V: Vector>(taps: &Taps<V::Real>) {
    let dense = taps.rhs_place == taps.lanes && taps.out_place == taps.lanes;
    let (runs, numbers) = if dense { (1, taps.places * taps.lanes) } else { (taps.places, taps.lanes) };
    let (whole, rest) = (numbers / V::LANES, numbers % V::LANES);
    let at = |run: usize, vector: usize| {
        [run * taps.rhs_place + vector * V::LANES, run * taps.out_place + vector * V::LANES]
    };
    let full = |vector: usize| at(vector / whole, vector % whole);
    let mut vector = 0;
    // SAFETY: the vectors are within places and lanes, and so is what is there of the last one of a run.
    unsafe {
        let (all, some) = (V::first(0), V::first(rest));
        while vector + 2 <= runs * whole {
            all_rows::<V, 2, false>(taps, [full(vector), full(vector + 1)], all);
            vector += 2;
        }
        if vector < runs * whole {
            all_rows::<V, 1, false>(taps, [full(vector)], all);
        }
        let mut run = if rest > 0 { 0 } else { runs };
        while run + 2 <= runs {
            all_rows::<V, 2, true>(taps, [at(run, whole), at(run + 1, whole)], some);
            run += 2;
        }
        if run < runs {
            all_rows::<V, 1, true>(taps, [at(run, whole)], some);
        }
    }
}

/// All rows of a few vectors, whose places in right factor and result are given, in tiles of nearly equal heights; of some lanes of
/// them, if masked.
///
/// # Safety
/// As for [`taps`].
#[inline(always)]
unsafe fn all_rows<V: Vector, const VECTORS: usize, const MASKED: bool>(
    taps: &Taps<V::Real>,
    at: [[usize; 2]; VECTORS],
    mask: V::Mask,
) {
    let tiles = taps.rows.div_ceil(V::ROWS);
    for tile in 0..tiles {
        let [row, end] = [tile, tile + 1].map(|tile| taps.rows * tile / tiles);
        // SAFETY: rows and vectors are within the result.
        unsafe { V::with_rows(end - row, &TapsTile::<V, VECTORS, MASKED> { taps, row, at, mask }) };
    }
}

/// Some rows of a few vectors.
struct TapsTile<'a, V: Vector, const VECTORS: usize, const MASKED: bool> {
    taps: &'a Taps<V::Real>,
    row: usize,
    at: [[usize; 2]; VECTORS],
    mask: V::Mask,
}

impl<V: Vector, const VECTORS: usize, const MASKED: bool> OfRows for TapsTile<'_, V, VECTORS, MASKED> {
    #[inline(always)]
    unsafe fn run<const ROWS: usize>(&self) {
        let Self { taps, row, at, mask } = *self;
        let [outer, middle, inner] = taps.terms;
        // SAFETY: everything that is read or written is within factors and result.
        unsafe {
            let mut sums = [[V::zero(); VECTORS]; ROWS];
            let (first, mut rhs) = (taps.lhs.add(row * taps.lhs_row), taps.rhs);
            // Two rows to a pointer: the others are reached by address arithmetic.
            let mut lhs = [first; ROWS];
            for i in 0..ROWS.div_ceil(2) {
                lhs[i] = first.add(2 * i * taps.lhs_row);
            }
            for _ in 0..outer.extent {
                let (lhs_outer, rhs_outer) = (lhs, rhs);
                for _ in 0..middle.extent {
                    let (lhs_middle, rhs_middle) = (lhs, rhs);
                    for _ in 0..inner.extent {
                        let mut terms = [V::zero(); VECTORS];
                        for j in 0..VECTORS {
                            let from = rhs.add(at[j][0]);
                            terms[j] = if MASKED { V::load_some(mask, from) } else { V::load(from) };
                        }
                        for i in 0..ROWS {
                            let factor = V::splat(lhs[i / 2].add(i % 2 * taps.lhs_row));
                            for j in 0..VECTORS {
                                sums[i][j] = V::fma(factor, terms[j], sums[i][j]);
                            }
                        }
                        rhs = rhs.wrapping_offset(inner.rhs);
                        for i in 0..ROWS.div_ceil(2) {
                            lhs[i] = lhs[i].wrapping_offset(inner.lhs);
                        }
                    }
                    rhs = rhs_middle.wrapping_offset(middle.rhs);
                    for i in 0..ROWS.div_ceil(2) {
                        lhs[i] = lhs_middle[i].wrapping_offset(middle.lhs);
                    }
                }
                rhs = rhs_outer.wrapping_offset(outer.rhs);
                for i in 0..ROWS.div_ceil(2) {
                    lhs[i] = lhs_outer[i].wrapping_offset(outer.lhs);
                }
            }
            for i in 0..ROWS {
                for j in 0..VECTORS {
                    let to = taps.out.add((row + i) * taps.out_row + at[j][1]);
                    if MASKED { sums[i][j].store_some(mask, to) } else { sums[i][j].store(to) }
                }
            }
        }
    }
}

/// # Safety
/// As for [`MeetKernel`], in a function compiled for the vector's machine.
#[inline(always)]
pub(super) unsafe fn meet<V: Vector>(meet: &Meet<V::Real>) {
    // SAFETY: as demanded of the caller.
    unsafe {
        match meet.columns {
            1 => meet_columns::<V, 1>(meet),
            2 => meet_columns::<V, 2>(meet),
            3 => meet_columns::<V, 3>(meet),
            4 => meet_columns::<V, 4>(meet),
            MOST_COLUMNS => meet_columns::<V, MOST_COLUMNS>(meet),
            _ => unreachable!("more columns than there are kernels for"),
        }
    }
}

/// # Safety
/// As for [`meet`].
#[inline(always)]
unsafe fn meet_columns<V: Vector, const COLUMNS: usize>(meet: &Meet<V::Real>) {
    let tiles = meet.rows.div_ceil(V::LONG_ROWS);
    for tile in 0..tiles {
        let [row, end] = [tile, tile + 1].map(|tile| meet.rows * tile / tiles);
        // SAFETY: the rows are within the result.
        unsafe {
            match end - row {
                1 => meet_tile::<V, 1, COLUMNS>(meet, row),
                2 => meet_tile::<V, 2, COLUMNS>(meet, row),
                3 if V::LONG_ROWS > 2 => meet_tile::<V, 3, COLUMNS>(meet, row),
                4 if V::LONG_ROWS > 2 => meet_tile::<V, 4, COLUMNS>(meet, row),
                _ => unreachable!("a tile has at most as many rows as there are kernels"),
            }
        }
    }
}

/// # Safety
/// As for [`meet`].
#[inline(always)]
unsafe fn meet_tile<V: Vector, const ROWS: usize, const COLUMNS: usize>(meet: &Meet<V::Real>, row: usize) {
    let width = MEETING_BYTES / size_of::<V::Real>();
    let mut partial = Partial([[V::Real::default(); MOST_PARTIAL]; MOST_TOTALS]);
    let mut lane = 0;
    while lane < width {
        // SAFETY: lanes and rows are within factors and result.
        unsafe {
            let sums = meet_lanes::<V, ROWS, COLUMNS>(meet, row, lane);
            for i in 0..ROWS {
                for j in 0..COLUMNS {
                    sums[i][j].store(partial.0[i * COLUMNS + j].as_mut_ptr().add(lane));
                }
            }
        }
        lane += V::LANES;
    }
    // SAFETY: as above.
    unsafe {
        let totals = V::totals(&mut partial, ROWS * COLUMNS, width);
        for i in 0..ROWS {
            for j in 0..COLUMNS {
                let out = meet.out.add((row + i) * meet.out_row + j);
                *out = *out + totals[i * COLUMNS + j];
            }
        }
    }
}

/// The partial sums from one lane on.
///
/// # Safety
/// As for [`meet`].
#[inline(always)]
unsafe fn meet_lanes<V: Vector, const ROWS: usize, const COLUMNS: usize>(
    meet: &Meet<V::Real>,
    row: usize,
    lane: usize,
) -> [[V; COLUMNS]; ROWS] {
    let width = MEETING_BYTES / size_of::<V::Real>();
    let dense = meet.left_place[1] == meet.in_use && meet.right_place[1] == meet.in_use;
    let (places, numbers) =
        if dense { (1, meet.places[1] * meet.in_use) } else { (meet.places[1], meet.in_use) };
    // Vectors of a place that are there, and lanes of the one behind them.
    let whole = (numbers + width).saturating_sub(lane + V::LANES) / width;
    let rest = numbers.saturating_sub(lane + whole * width);
    // SAFETY: everything that is read is within the factors.
    unsafe {
        let some = V::first(rest);
        let mut sums = [[V::zero(); COLUMNS]; ROWS];
        let (mut left_line, mut right_line) =
            (meet.left.add(row * meet.left_row).wrapping_add(lane), meet.right.wrapping_add(lane));
        for _ in 0..meet.places[0] {
            let (mut left_place, mut right_place) = (left_line, right_line);
            for _ in 0..places {
                let (mut left, mut right) = (left_place, right_place);
                for _ in 0..whole {
                    let mut columns = [V::zero(); COLUMNS];
                    for j in 0..COLUMNS {
                        columns[j] = V::load(right.add(j * meet.right_column));
                    }
                    for i in 0..ROWS {
                        let factor = V::load(left.add(i * meet.left_row));
                        for j in 0..COLUMNS {
                            sums[i][j] = V::fma(factor, columns[j], sums[i][j]);
                        }
                    }
                    left = left.wrapping_add(width);
                    right = right.wrapping_add(width);
                }
                if rest > 0 {
                    let mut columns = [V::zero(); COLUMNS];
                    for j in 0..COLUMNS {
                        columns[j] = V::load_some(some, right.add(j * meet.right_column));
                    }
                    for i in 0..ROWS {
                        let factor = V::load_some(some, left.add(i * meet.left_row));
                        for j in 0..COLUMNS {
                            sums[i][j] = V::fma(factor, columns[j], sums[i][j]);
                        }
                    }
                }
                left_place = left_place.wrapping_add(meet.left_place[1]);
                right_place = right_place.wrapping_add(meet.right_place[1]);
            }
            left_line = left_line.wrapping_add(meet.left_place[0]);
            right_line = right_line.wrapping_add(meet.right_place[0]);
        }
        sums
    }
}

/// A real number that there are such kernels for, on any machine.
pub(crate) trait Spatial: Copy + 'static {
    /// The best one for taps.
    fn taps_kernel() -> TapsKernel<Self>;
    /// The best one for meetings.
    fn meet_kernel() -> MeetKernel<Self>;
}

/// Compiles both kernels for a vector, with the machine features it needs.
macro_rules! kernels {
    ($module:ident, $real:ty, $vector:ty $(, $features:literal)?) => {
        mod $module {
            use super::{Meet, Taps};

            /// # Safety
            /// As for [`TapsKernel`](super::TapsKernel), on a machine with these features.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn taps(taps: &Taps<$real>) {
                // SAFETY: as demanded of the caller.
                unsafe { super::taps::<$vector>(taps) };
            }

            /// # Safety
            /// As for [`MeetKernel`](super::MeetKernel), on a machine with these features.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn meet(meet: &Meet<$real>) {
                // SAFETY: as demanded of the caller.
                unsafe { super::meet::<$vector>(meet) };
            }
        }
    };
}

kernels!(plain_f32, f32, [f32; 1]);
kernels!(plain_f64, f64, [f64; 1]);
#[cfg(target_arch = "x86_64")]
kernels!(wide_f32, f32, std::arch::x86_64::__m512, "avx512f");
#[cfg(target_arch = "x86_64")]
kernels!(wide_f64, f64, std::arch::x86_64::__m512d, "avx512f");
#[cfg(target_arch = "x86_64")]
kernels!(narrow_f32, f32, std::arch::x86_64::__m256, "avx2,fma");
#[cfg(target_arch = "x86_64")]
kernels!(narrow_f64, f64, std::arch::x86_64::__m256d, "avx2,fma");

/// Chooses among kernels of three widths.
macro_rules! spatial {
    ($real:ty, $wide:ident, $narrow:ident, $plain:ident) => {
        impl Spatial for $real {
            fn taps_kernel() -> TapsKernel<Self> {
                #[cfg(target_arch = "x86_64")]
                if let Some(kernel) = super::x86::best::<TapsKernel<Self>>($wide::taps, $narrow::taps) {
                    return kernel;
                }
                $plain::taps
            }

            fn meet_kernel() -> MeetKernel<Self> {
                #[cfg(target_arch = "x86_64")]
                if let Some(kernel) = super::x86::best::<MeetKernel<Self>>($wide::meet, $narrow::meet) {
                    return kernel;
                }
                $plain::meet
            }
        }
    };
}

spatial!(f32, wide_f32, narrow_f32, plain_f32);
spatial!(f64, wide_f64, narrow_f64, plain_f64);

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::arch::is_x86_feature_detected;

    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (seed..seed + count).map(|i| ((i * 2_654_435_761 % 1_000_003) as f32 / 500_000.0) - 1.0).collect()
    }

    fn bits(numbers: &[f32]) -> Vec<u32> {
        numbers.iter().map(|x| x.to_bits()).collect()
    }

    /// Two channels of 4×5 units and a kernel of 2×3, walked through from its last row to its first.
    fn taps_of(kernel: TapsKernel<f32>, lhs: &[f32], rhs: &[f32], lanes: usize, places: usize) -> Vec<f32> {
        let mut out = vec![0.0_f32; 29 * places * lanes];
        let lane = lanes as isize;
        let axes = [(2, 6, 20 * lane), (2, 3, -5 * lane), (3, 1, lane)];
        let taps = Taps {
            rows: 29,
            lhs: lhs.as_ptr(),
            lhs_row: 12,
            rhs: rhs[5 * lanes..].as_ptr(),
            rhs_place: lanes,
            out: out.as_mut_ptr(),
            out_row: places * lanes,
            out_place: lanes,
            terms: axes.map(|(extent, lhs, rhs)| TermAxis { extent, lhs, rhs }),
            places,
            lanes,
        };
        // SAFETY: the arrays have the sizes that are said, and the machine was asked for the kernel.
        unsafe { kernel(&taps) };
        out
    }

    /// A chain of fused multiply-adds has no freedom: kernels of different widths give the same bits.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "fused is what the kernels' chain is")]
    fn taps_of_all_widths_are_one_chain_of_fused_operations() {
        if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma")) {
            return;
        }
        let lhs = numbers(29 * 12, 0);
        for (lanes, places) in [(16, 3), (32, 1), (16, 1), (10, 3), (25, 2), (5, 1)] {
            let rhs = numbers(40 * lanes, 17);
            let [wide, narrow] = [wide_f32::taps as TapsKernel<f32>, narrow_f32::taps]
                .map(|kernel| taps_of(kernel, &lhs, &rhs, lanes, places));
            let chain = |row: usize, place: usize, lane: usize| {
                let terms = (0..12).map(|t| (t, t / 6 * 20 + (1 - t / 3 % 2) * 5 + t % 3 + place));
                terms.fold(0.0_f32, |sum, (t, unit)| lhs[row * 12 + t].mul_add(rhs[unit * lanes + lane], sum))
            };
            let at = |i: usize| chain(i / (places * lanes), i / lanes % places, i % lanes);
            let expected: Vec<f32> = (0..wide.len()).map(at).collect();
            assert_eq!(bits(&wide), bits(&expected), "{lanes} lanes, {places} places");
            assert_eq!(bits(&wide), bits(&narrow), "{lanes} lanes, {places} places");
        }
    }

    /// Samples that are not in use are not counted, whatever they are; and kernels of different widths give the same bits.
    #[test]
    fn meetings_of_all_widths_agree_and_count_samples_in_use() {
        if !(is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma")) {
            return;
        }
        // Seven rows of 2×3 places, and columns one place apart in rows of 8.
        for (columns, lanes, in_use) in
            [(1, 16, 16), (3, 32, 21), (5, 32, 32), (4, 16, 1), (5, 10, 10), (2, 10, 9), (3, 25, 25)]
        {
            let (mut left, mut right) = (numbers(42 * lanes, 5), numbers(16 * lanes, 90));
            let unused = |i: usize| i % lanes >= in_use;
            left.iter_mut().enumerate().filter(|(i, _)| unused(*i)).for_each(|(_, x)| *x = f32::NAN);
            right.iter_mut().enumerate().filter(|(i, _)| unused(*i)).for_each(|(_, x)| *x = f32::INFINITY);
            let [wide, narrow] = [wide_f32::meet as MeetKernel<f32>, narrow_f32::meet].map(|kernel| {
                let mut out = vec![0.5_f32; 7 * columns];
                let meet = Meet {
                    rows: 7,
                    columns,
                    left: left.as_ptr(),
                    left_row: 6 * lanes,
                    left_place: [3 * lanes, lanes],
                    right: right.as_ptr(),
                    right_column: lanes,
                    right_place: [8 * lanes, lanes],
                    places: [2, 3],
                    in_use,
                    out: out.as_mut_ptr(),
                    out_row: columns,
                };
                // SAFETY: as above.
                unsafe { kernel(&meet) };
                out
            });
            assert_eq!(bits(&wide), bits(&narrow));
            for (at, &found) in wide.iter().enumerate() {
                let (row, column) = (at / columns, at % columns);
                let term = |(v, u, lane): (usize, usize, usize)| {
                    f64::from(left[((row * 2 + v) * 3 + u) * lanes + lane])
                        * f64::from(right[(v * 8 + u + column) * lanes + lane])
                };
                let places = (0..2).flat_map(|v| (0..3).map(move |u| (v, u)));
                let terms = places.flat_map(|(v, u)| (0..in_use).map(move |lane| (v, u, lane)));
                let (sum, magnitude) =
                    terms.map(term).fold((0.5, 0.5), |(sum, all), x| (sum + x, all + x.abs()));
                let bound = 6.0 * in_use as f64 * f64::from(f32::EPSILON) * magnitude;
                assert!((f64::from(found) - sum).abs() <= bound, "({row}, {column}): {found}, not {sum}");
            }
        }
    }
}
