//! The three sums of a convolution, by products of matrices; of samples in [lanes](lanes), without.
//!
//! What each place of the kernel sees is written out as a matrix, one column a place; then a sum is the product of that
//! matrix and the kernel. Samples are shared out in parts whose number follows from the shape alone, and each part has room
//! of its own, so that the number of threads cannot change a result: for the kernel every part sums over its own samples, and
//! the parts are added in order.

use plr_ir::geometry::{Convolution, Grid};
use plr_ir::program::ConvolveForm;
use plr_ir::scalar::Real;

use crate::gemm::{Strides, multiply};
use crate::micro::Element;

mod lanes;
mod local;

pub(crate) use lanes::Lanes;

/// Samples are shared out in at most so many parts.
const MOST_PARTS: usize = 8;

/// One of the three sums, for a number of samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolve {
    /// Which.
    pub(crate) form: ConvolveForm,
    /// Which units a weight joins.
    pub(crate) geometry: Convolution,
    /// The layer of the kernel's places.
    pub(crate) high: Grid,
    /// How many.
    pub(crate) samples: usize,
}

impl Convolve {
    /// How many parts there are.
    pub(crate) fn parts(&self) -> usize {
        self.samples.min(MOST_PARTS)
    }

    /// The samples of a part, from the first to before the last.
    fn range(&self, part: usize) -> std::ops::Range<usize> {
        let begin = |part: usize| self.samples * part / self.parts();
        begin(part)..begin(part + 1)
    }

    /// Weights of the kernel for one high channel: the rows of the matrix of what is seen.
    fn taps(&self) -> usize {
        self.geometry.low.channels * self.geometry.kernel * self.geometry.kernel
    }

    fn weights(&self) -> usize {
        self.taps() * if self.geometry.local { self.high.units() } else { self.geometry.channels }
    }

    /// The room of a part, in elements.
    pub(crate) fn room(&self) -> usize {
        let seen = self.taps() * self.high.positions();
        match self.form {
            ConvolveForm::Forward | ConvolveForm::Adjoint => seen,
            ConvolveForm::Correlate if self.geometry.local => seen + self.weights(),
            // Besides, the high units of a sample, and the sums over it and over all.
            ConvolveForm::Correlate => seen + self.high.units() + 2 * self.weights(),
        }
    }

    /// The number of multiplications, or the largest number.
    pub(crate) fn work(&self) -> usize {
        let places = if self.geometry.local { 1 } else { self.high.positions() };
        self.samples.saturating_mul(self.weights()).saturating_mul(places)
    }

    /// The elements of the result that a part writes; of a sum for the kernel none.
    pub(crate) fn written(&self, part: usize) -> std::ops::Range<usize> {
        let units = match self.form {
            ConvolveForm::Forward => self.high.units(),
            ConvolveForm::Adjoint => self.geometry.low.units(),
            ConvolveForm::Correlate => 0,
        };
        let samples = self.range(part);
        samples.start * units..samples.end * units
    }

    /// Computes a part: into its own elements of the result or, for the kernel, into its room.
    pub(crate) fn run<T: Real + Element>(
        &self,
        part: usize,
        lhs: &[T],
        rhs: &[T],
        room: &mut [T],
        out: &mut [T],
    ) {
        if self.geometry.local {
            return self.run_local(part, [lhs, rhs], room, out);
        }
        let (low, high) = (self.geometry.low.units(), self.high.units());
        let (seen, rest) = room.split_at_mut(self.taps() * self.high.positions());
        if self.form == ConvolveForm::Correlate {
            rest[high + self.weights()..].fill(T::default());
        }
        for (at, sample) in self.range(part).enumerate() {
            match self.form {
                ConvolveForm::Forward => {
                    self.see(&lhs[sample * low..][..low], seen);
                    self.forward(rhs, seen, &mut out[at * high..][..high]);
                }
                ConvolveForm::Adjoint => {
                    self.adjoint(rhs, &lhs[sample * high..][..high], seen);
                    self.unsee(seen, &mut out[at * low..][..low]);
                }
                ConvolveForm::Correlate => {
                    self.see(&rhs[sample * low..][..low], seen);
                    self.correlate(&lhs[sample * high..][..high], seen, rest);
                }
            }
        }
    }

    /// Adds up what the parts have summed for the kernel, in order. They have a row for each tap.
    pub(crate) fn add_parts<T: Real>(&self, rooms: &[T], out: &mut [T]) {
        out.fill(T::default());
        if self.geometry.local {
            return self.add_local_parts(rooms, out);
        }
        let (taps, channels) = (self.taps(), self.geometry.channels);
        for room in rooms.chunks_exact(self.room()) {
            let partial = &room[room.len() - self.weights()..];
            for (tap, sums) in partial.chunks_exact(channels).enumerate() {
                out[tap..].iter_mut().step_by(taps).zip(sums).for_each(|(sum, &x)| *sum = *sum + x);
            }
        }
    }

    /// `out[d, p] = Σ kernel[d, t]·seen[t, p]`
    fn forward<T: Real + Element>(&self, kernel: &[T], seen: &[T], out: &mut [T]) {
        let (taps, places) = (self.taps(), self.high.positions());
        let sizes = [self.geometry.channels, places, taps];
        multiply(sizes, (kernel, Strides { row: taps, column: 1 }), (seen, places), (out, places));
    }

    /// `seen[t, p] = Σ kernel[d, t]·high[d, p]`
    fn adjoint<T: Real + Element>(&self, kernel: &[T], high: &[T], seen: &mut [T]) {
        let (taps, places) = (self.taps(), self.high.positions());
        let sizes = [taps, places, self.geometry.channels];
        multiply(sizes, (kernel, Strides { row: 1, column: taps }), (high, places), (seen, places));
    }

    /// `sums[t, d] += Σ seen[t, p]·high[d, p]`; the room has a place for the high units the other way round, for the sums of
    /// this sample, and for those over all samples.
    fn correlate<T: Real + Element>(&self, high: &[T], seen: &[T], room: &mut [T]) {
        let (taps, places, channels) = (self.taps(), self.high.positions(), self.geometry.channels);
        let (turned, rest) = room.split_at_mut(high.len());
        let (sums, total) = rest.split_at_mut(self.weights());
        for (channel, units) in high.chunks_exact(places).enumerate() {
            turned[channel..].iter_mut().step_by(channels).zip(units).for_each(|(to, &x)| *to = x);
        }
        let sizes = [taps, channels, places];
        multiply(sizes, (seen, Strides { row: places, column: 1 }), (turned, channels), (sums, channels));
        total.iter_mut().zip(sums).for_each(|(total, &mut sum)| *total = *total + sum);
    }

    /// Writes out what each place sees, 0 beyond the edges.
    fn see<T: Real>(&self, low: &[T], seen: &mut [T]) {
        let Grid { height, width, .. } = self.geometry.low;
        let mut rows = seen.chunks_exact_mut(self.high.width);
        for (channel, i, j) in self.each_tap() {
            let (columns, first) = self.columns(j);
            for v in 0..self.high.height {
                let Some(row) = rows.next() else { return };
                let Some(y) = self.geometry.seen(v, i, height) else {
                    row.fill(T::default());
                    continue;
                };
                row[..columns.start].fill(T::default());
                row[columns.end..].fill(T::default());
                let places = &mut row[columns.clone()];
                let line = &low[(channel * height + y) * width..][..width][first..];
                if self.geometry.stride == 1 {
                    copy(places, &line[..places.len()]);
                } else {
                    let units = line.iter().step_by(self.geometry.stride);
                    places.iter_mut().zip(units).for_each(|(to, &x)| *to = x);
                }
            }
        }
    }

    /// The adjoint of [`Self::see`].
    fn unsee<T: Real>(&self, seen: &[T], low: &mut [T]) {
        let Grid { height, width, .. } = self.geometry.low;
        low.fill(T::default());
        let mut rows = seen.chunks_exact(self.high.width);
        for (channel, i, j) in self.each_tap() {
            let (columns, first) = self.columns(j);
            for v in 0..self.high.height {
                let Some(row) = rows.next() else { return };
                let Some(y) = self.geometry.seen(v, i, height) else { continue };
                let units = &mut low[(channel * height + y) * width..][..width][first..];
                let places = &row[columns.clone()];
                if self.geometry.stride == 1 {
                    units.iter_mut().zip(places).for_each(|(to, &x)| *to = *to + x);
                } else {
                    let units = units.iter_mut().step_by(self.geometry.stride);
                    units.zip(places).for_each(|(to, &x)| *to = *to + x);
                }
            }
        }
    }

    /// The taps of one high channel in the order of the kernel.
    fn each_tap(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let (channels, kernel) = (self.geometry.low.channels, self.geometry.kernel);
        (0..channels).flat_map(move |c| (0..kernel).flat_map(move |i| (0..kernel).map(move |j| (c, i, j))))
    }

    /// The places in a row from which the tap at column `j` sees a unit, and the first of these units.
    fn columns(&self, j: usize) -> (std::ops::Range<usize>, usize) {
        let Convolution { low, stride, padding, .. } = self.geometry;
        // From the first place that reaches the first unit to before the first that is beyond the last.
        let start = padding.saturating_sub(j).div_ceil(stride);
        let end = (low.width + padding).saturating_sub(j).div_ceil(stride).min(self.high.width);
        if start < end { (start..end, start * stride + j - padding) } else { (0..0, 0) }
    }
}

/// Copies a row, of which there are many short ones: a call for each would take longer.
fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    let (to_chunks, to_rest) = to.as_chunks_mut::<8>();
    let (from_chunks, from_rest) = from.as_chunks::<8>();
    to_chunks.iter_mut().zip(from_chunks).for_each(|(to, from)| *to = *from);
    if !to_rest.is_empty() {
        to_rest.copy_from_slice(from_rest);
    }
}
