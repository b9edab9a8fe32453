//! The three sums of a convolution, of samples that lie in lanes.
//!
//! Each place of the kernel is visited where it is: a unit is a vector, or two, of samples, and a weight goes into all lanes.
//! Places of a line that have the same taps are a *stretch*, and go through the kernels together; beyond the edges nothing is
//! multiplied.

use plr_ir::geometry::{Convolution, Grid};
use plr_ir::program::ConvolveForm;

use super::Convolve;
use crate::micro::spatial::{MOST_COLUMNS, Meet, MeetKernel, Spatial, Taps, TapsKernel, TermAxis};

/// Rows of a sum for the kernel that are computed together: what they read stays in the nearest cache.
const ROWS_TOGETHER: usize = 4;

/// Places of a result along one axis, equally far apart, with the same taps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    /// The first place.
    at: usize,
    /// How many there are.
    places: usize,
    /// The first tap.
    tap: usize,
    /// How many there are.
    taps: usize,
    /// What the first place reads through the first tap.
    from: usize,
}

/// How places, taps and what is read follow each other along one axis.
#[derive(Clone, Copy, Debug)]
struct Walk {
    /// From place to place of a stretch.
    place: usize,
    /// What is read moves by this from place to place.
    from_place: usize,
    /// From tap to tap.
    tap: usize,
    /// What is read moves by this from tap to tap.
    from_tap: isize,
}

/// One of the sums for one tile of samples; distances in elements.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    /// Which.
    pub(crate) form: ConvolveForm,
    /// Which units a weight joins.
    pub(crate) geometry: Convolution,
    /// The layer of the kernel's places.
    high: Grid,
    /// How many samples a tile has room for.
    pub(crate) lanes: usize,
    /// Of rows and columns of the result, if it is a layer.
    stretches: [Vec<Stretch>; 2],
}

impl Lanes {
    /// Plans a sum.
    pub(crate) fn new(convolve: &Convolve, lanes: usize) -> Self {
        let Convolve { form, geometry, high, .. } = *convolve;
        let low = geometry.low;
        let stretches = [(low.height, high.height), (low.width, high.width)]
            .map(|(low, high)| stretches(form, &geometry, low, high));
        Self { form, geometry, high, lanes, stretches }
    }

    /// Computes it for the samples in use.
    ///
    /// # Safety
    /// The pointers are to as many elements as the shapes say; nothing else accesses the result meanwhile, and nothing writes
    /// the factors.
    pub(crate) unsafe fn run<T: Spatial + Default>(
        &self,
        in_use: usize,
        lhs: *const T,
        rhs: *const T,
        out: *mut T,
    ) {
        // SAFETY: as demanded of the caller.
        unsafe {
            match self.form {
                ConvolveForm::Forward | ConvolveForm::Adjoint => self.layer(lhs, rhs, out),
                ConvolveForm::Correlate if self.geometry.local => self.own_kernels(in_use, lhs, rhs, out),
                ConvolveForm::Correlate => self.kernel(in_use, lhs, rhs, out),
            }
        }
    }

    /// The weights of one high channel, and of one pair of channels.
    fn weights(&self) -> [usize; 2] {
        let Convolution { low, kernel, .. } = self.geometry;
        [low.channels * kernel * kernel, kernel * kernel]
    }

    /// Weights from one place to the next: none where all places have the same.
    fn weights_of_place(&self) -> usize {
        if self.geometry.local { self.weights()[0] } else { 0 }
    }

    /// Weights from one high channel to the next.
    fn weights_of_channel(&self) -> usize {
        self.weights()[0] * if self.geometry.local { self.high.positions() } else { 1 }
    }

    /// Forward and adjoint: from one layer to the other, place by place.
    ///
    /// # Safety
    /// As for [`Self::run`].
    unsafe fn layer<T: Spatial>(&self, from: *const T, kernel: *const T, to: *mut T) {
        let ([_, of_pair], of_high) = (self.weights(), self.weights_of_channel());
        let walk = walk(self.form, self.geometry.stride);
        let ((below, row, channel), above) = match self.form {
            ConvolveForm::Forward => ((self.geometry.low, of_high, of_pair), self.high),
            ConvolveForm::Adjoint | ConvolveForm::Correlate => {
                ((self.high, of_pair, of_high), self.geometry.low)
            }
        };
        // The high unit whose weights these are is the result, or what is read.
        let reads = self.form == ConvolveForm::Adjoint;
        let own_tap = if reads { walk.from_tap * self.weights_of_place() as isize } else { 0 };
        let line = below.width * self.lanes;
        let run: TapsKernel<T> = T::taps_kernel();
        for (rows, columns, nth, first) in self.each_stretch() {
            let axis = |extent, lhs, rhs: isize| TermAxis { extent, lhs, rhs };
            let tap = |side: usize| (walk.tap * side) as isize;
            let terms = [
                axis(below.channels, channel as isize, (below.height * line) as isize),
                axis(
                    rows.taps,
                    tap(self.geometry.kernel) + own_tap * self.high.width as isize,
                    walk.from_tap * line as isize,
                ),
                axis(columns.taps, tap(1) + own_tap, walk.from_tap * self.lanes as isize),
            ];
            let [v, u] = [rows.from + nth * walk.from_place, columns.from + first * walk.from_place];
            let [y, x] = [rows.at + nth * walk.place, columns.at + first * walk.place];
            let high = if reads { v * below.width + u } else { y * above.width + x };
            let own = high * self.weights_of_place();
            // SAFETY: stretches are within both layers.
            unsafe {
                run(&Taps {
                    rows: above.channels,
                    lhs: kernel.add(own + rows.tap * self.geometry.kernel + columns.tap),
                    lhs_row: row,
                    rhs: from.add(v * line + u * self.lanes),
                    rhs_place: walk.from_place * self.lanes,
                    out: to.add((y * above.width + x) * self.lanes),
                    out_row: above.positions() * self.lanes,
                    out_place: walk.place * self.lanes,
                    terms,
                    places: if self.geometry.local { 1 } else { columns.places },
                    lanes: self.lanes,
                });
            }
        }
    }

    /// The stretches of rows and of columns, and the places in them that the kernels begin with: each where it has weights of its own.
    fn each_stretch(&self) -> impl Iterator<Item = (&Stretch, &Stretch, usize, usize)> {
        let [rows, columns] = &self.stretches;
        let lines = rows.iter().flat_map(|rows| (0..rows.places).map(move |nth| (rows, nth)));
        lines.flat_map(move |(rows, nth)| {
            columns.iter().flat_map(move |columns| {
                let begins = if self.geometry.local { columns.places } else { 1 };
                (0..begins).map(move |first| (rows, columns, nth, first))
            })
        })
    }

    /// Correlate: a few rows of the kernel after the other, each few taps over all places that have all of them, and each tap
    /// over the others.
    ///
    /// # Safety
    /// As for [`Self::run`].
    unsafe fn kernel<T: Spatial + Default>(&self, in_use: usize, high: *const T, low: *const T, out: *mut T) {
        let Convolution { low: below, channels, kernel, .. } = self.geometry;
        let [of_high, of_pair] = self.weights();
        // SAFETY: the result has all weights.
        unsafe { std::slice::from_raw_parts_mut(out, of_high * channels).fill(T::default()) };
        let groups = kernel.div_ceil(MOST_COLUMNS);
        for first in (0..channels).step_by(ROWS_TOGETHER) {
            let rows = ROWS_TOGETHER.min(channels - first);
            for (channel, i) in (0..below.channels).flat_map(|c| (0..kernel).map(move |i| (c, i))) {
                let lines = self.seeing(i, below.height, self.high.height);
                for group in 0..groups {
                    let [j, end] = [group, group + 1].map(|group| kernel * group / groups);
                    let part = Part { rows: first..first + rows, channel, lines: lines.clone(), i };
                    // SAFETY: as demanded of the caller; the weights are in the result.
                    unsafe {
                        let out = out.add(first * of_high + channel * of_pair + i * kernel);
                        self.group(&part, j..end, in_use, [high, low], out);
                    }
                }
            }
        }
    }

    /// Correlate where each place has a kernel of its own: a few taps of a row of it after the other.
    ///
    /// # Safety
    /// As for [`Self::run`].
    unsafe fn own_kernels<T: Spatial + Default>(
        &self,
        in_use: usize,
        high: *const T,
        low: *const T,
        out: *mut T,
    ) {
        let Convolution { low: below, channels, kernel, stride, padding, .. } = self.geometry;
        let (above, lanes, [_, of_pair]) = (self.high, self.lanes, self.weights());
        // SAFETY: the result has all weights.
        unsafe {
            std::slice::from_raw_parts_mut(out, self.weights_of_channel() * channels).fill(T::default());
        }
        let run: MeetKernel<T> = T::meet_kernel();
        let places = (0..above.height).flat_map(|v| (0..above.width).map(move |u| (v, u)));
        for ((v, u), (channel, i)) in places.flat_map(|place| {
            (0..below.channels).flat_map(move |c| (0..kernel).map(move |i| (place, (c, i))))
        }) {
            let Some(y) = self.geometry.seen(v, i, below.height) else { continue };
            let place = v * above.width + u;
            let taps = padding.saturating_sub(u * stride)
                ..kernel.min((below.width + padding).saturating_sub(u * stride));
            for first in taps.clone().step_by(MOST_COLUMNS) {
                let read = (channel * below.height + y) * below.width + u * stride + first - padding;
                let weight = place * self.weights_of_place() + channel * of_pair + i * kernel + first;
                // SAFETY: the place sees units through these taps, and the weights are in the result.
                unsafe {
                    run(&Meet {
                        rows: channels,
                        columns: MOST_COLUMNS.min(taps.end - first),
                        left: high.add(place * lanes),
                        left_row: above.positions() * lanes,
                        left_place: [0; 2],
                        right: low.add(read * lanes),
                        right_column: lanes,
                        right_place: [0; 2],
                        places: [1; 2],
                        in_use,
                        out: out.add(weight),
                        out_row: self.weights_of_channel(),
                    });
                }
            }
        }
    }

    /// The places along an axis from which a tap reaches a unit.
    fn seeing(&self, tap: usize, low: usize, high: usize) -> std::ops::Range<usize> {
        let Convolution { stride, padding, .. } = self.geometry;
        let start = padding.saturating_sub(tap).div_ceil(stride).min(high);
        let end = (low + padding).saturating_sub(tap).div_ceil(stride).min(high);
        start..end.max(start)
    }

    /// The sums for a few taps of a row of the kernel.
    ///
    /// # Safety
    /// As for [`Self::run`]; the result is that row's first weight.
    unsafe fn group<T: Spatial>(
        &self,
        part: &Part,
        taps: std::ops::Range<usize>,
        in_use: usize,
        layers: [*const T; 2],
        out: *mut T,
    ) {
        let seeing = |j| self.seeing(j, self.geometry.low.width, self.high.width);
        let start = taps.clone().map(|j| seeing(j).start).max().unwrap_or(0);
        let end = taps.clone().map(|j| seeing(j).end).min().unwrap_or(0).max(start);
        // SAFETY: as demanded of the caller; all these places see units through these taps.
        unsafe {
            self.meet(part, taps.clone(), start..end, in_use, layers, out);
            for j in taps {
                let all = seeing(j);
                for columns in [all.start..start.min(all.end), end.max(all.start)..all.end] {
                    self.meet(part, j..j + 1, columns, in_use, layers, out);
                }
            }
        }
    }

    /// The sums for these taps over these places.
    ///
    /// # Safety
    /// As for [`Self::group`]; all these places see units through all these taps.
    unsafe fn meet<T: Spatial>(
        &self,
        part: &Part,
        taps: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        in_use: usize,
        [high, low]: [*const T; 2],
        out: *mut T,
    ) {
        if columns.is_empty() || part.lines.is_empty() {
            return;
        }
        let Convolution { low: below, stride, padding, .. } = self.geometry;
        let (above, lanes) = (self.high, self.lanes);
        let read = (part.channel * below.height + part.lines.start * stride + part.i - padding) * below.width
            + (columns.start * stride + taps.start - padding);
        let place = (part.rows.start * above.height + part.lines.start) * above.width + columns.start;
        let run: MeetKernel<T> = T::meet_kernel();
        // SAFETY: as demanded of the caller.
        unsafe {
            run(&Meet {
                rows: part.rows.len(),
                columns: taps.len(),
                left: high.add(place * lanes),
                left_row: above.positions() * lanes,
                left_place: [above.width * lanes, lanes],
                right: low.add(read * lanes),
                right_column: lanes,
                right_place: [stride * below.width * lanes, stride * lanes],
                places: [part.lines.len(), columns.len()],
                in_use,
                out: out.add(taps.start),
                out_row: self.weights()[0],
            });
        }
    }
}

/// A row of the kernel for one low channel and a few high ones.
struct Part {
    /// The high channels.
    rows: std::ops::Range<usize>,
    /// The low channel.
    channel: usize,
    /// The lines of the high layer that see units through the row.
    lines: std::ops::Range<usize>,
    /// The row.
    i: usize,
}

/// How a form walks through its layers.
fn walk(form: ConvolveForm, stride: usize) -> Walk {
    match form {
        ConvolveForm::Forward | ConvolveForm::Correlate => {
            Walk { place: 1, from_place: stride, tap: 1, from_tap: 1 }
        }
        ConvolveForm::Adjoint => Walk { place: stride, from_place: 1, tap: stride, from_tap: -1 },
    }
}

/// The stretches along an axis of the result, given the axis of both layers.
fn stretches(form: ConvolveForm, geometry: &Convolution, low: usize, high: usize) -> Vec<Stretch> {
    let Convolution { kernel, stride, padding, .. } = *geometry;
    let (extent, walk) = match form {
        ConvolveForm::Forward => (high, walk(form, stride)),
        ConvolveForm::Adjoint => (low, walk(form, stride)),
        ConvolveForm::Correlate => return Vec::new(),
    };
    let from = |at: usize, tap: usize| match form {
        ConvolveForm::Forward | ConvolveForm::Correlate => geometry.seen(at, tap, low),
        ConvolveForm::Adjoint => {
            let moved = (at + padding).checked_sub(tap)?;
            Some(moved / stride).filter(|&place| moved.is_multiple_of(stride) && place < high)
        }
    };
    let mut found: Vec<Stretch> = Vec::new();
    for at in (0..walk.place.min(extent)).flat_map(|first| (first..extent).step_by(walk.place)) {
        let seen: Vec<(usize, usize)> = (0..kernel).filter_map(|tap| Some((tap, from(at, tap)?))).collect();
        let (tap, from) = seen.first().copied().unwrap_or((0, 0));
        let one = Stretch { at, places: 1, tap, taps: seen.len(), from };
        match found.last_mut() {
            Some(last) if last.goes_on_with(&one, walk) => last.places += 1,
            Some(_) | None => found.push(one),
        }
    }
    found
}

impl Stretch {
    /// Whether a place is its next one.
    fn goes_on_with(&self, one: &Self, walk: Walk) -> bool {
        let from = self.from + self.places * walk.from_place;
        one.at == self.at + self.places * walk.place
            && (one.tap, one.taps) == (self.tap, self.taps)
            && (one.taps == 0 || one.from == from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_have_every_pair_of_place_and_tap_once() {
        for (low, kernel, stride, padding) in [(28, 5, 1, 0), (7, 3, 2, 1), (8, 3, 4, 0), (6, 4, 3, 3)] {
            let grid = Grid { channels: 1, height: low, width: low };
            let geometry = Convolution { low: grid, channels: 1, kernel, stride, padding, local: false };
            let high = geometry.high().expect("there are places").height;
            for form in [ConvolveForm::Forward, ConvolveForm::Adjoint] {
                let walk = walk(form, stride);
                let mut found: Vec<(usize, usize, usize)> = Vec::new();
                for stretch in stretches(form, &geometry, low, high) {
                    for (place, tap) in
                        (0..stretch.places).flat_map(|place| (0..stretch.taps).map(move |tap| (place, tap)))
                    {
                        let from = stretch.from as isize
                            + (place * walk.from_place) as isize
                            + tap as isize * walk.from_tap;
                        let (at, tap) = (stretch.at + place * walk.place, stretch.tap + tap * walk.tap);
                        found.push((at, tap, from as usize));
                    }
                }
                found.sort_unstable();
                let mut expected: Vec<(usize, usize, usize)> = Vec::new();
                for (place, tap) in (0..high).flat_map(|place| (0..kernel).map(move |tap| (place, tap))) {
                    let Some(seen) = geometry.seen(place, tap, low) else { continue };
                    expected.push(match form {
                        ConvolveForm::Forward | ConvolveForm::Correlate => (place, tap, seen),
                        ConvolveForm::Adjoint => (seen, tap, place),
                    });
                }
                expected.sort_unstable();
                assert_eq!(found, expected, "{form} of {geometry}");
            }
        }
    }
}
