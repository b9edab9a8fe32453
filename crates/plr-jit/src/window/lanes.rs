//! Windows of units that are vectors of samples: one after the other, in the order in which they lie in memory.

use plr_ir::geometry::Pooling;
use plr_ir::scalar::Real;

use super::Windows;

impl Windows {
    /// As for samples one by one, in the same order.
    #[inline(always)]
    pub(super) fn pool_lanes<T: Real>(
        &self,
        input: &[T],
        out: &mut [T],
        begin: impl Fn(T) -> T,
        combine: impl Fn(T, T) -> T,
        finish: impl Fn(T) -> T,
    ) {
        match self.lanes {
            16.. => self.pool_some::<T, 16>(input, out, begin, combine, finish),
            _ => self.pool_some::<T, 8>(input, out, begin, combine, finish),
        }
    }

    /// So many samples at a time.
    #[inline(always)]
    fn pool_some<T: Real, const N: usize>(
        &self,
        input: &[T],
        out: &mut [T],
        begin: impl Fn(T) -> T,
        combine: impl Fn(T, T) -> T,
        finish: impl Fn(T) -> T,
    ) {
        let window = self.geometry.window;
        for (place, folded) in out.chunks_exact_mut(self.lanes).enumerate() {
            for at in self.each::<N>() {
                let unit = |i, j| some::<T, N>(input, self.unit(place, i, j) + at);
                let mut sums = unit(0, 0).map(&begin);
                for (i, j) in (0..window).flat_map(|i| (0..window).map(move |j| (i, j))) {
                    let elements = unit(i, j);
                    for lane in 0..N {
                        sums[lane] = combine(sums[lane], elements[lane]);
                    }
                }
                folded[at..][..N].copy_from_slice(&sums.map(&finish));
            }
        }
    }

    /// As for samples one by one, in the same order. Where no two windows share a unit, each share is divided before it is
    /// written to all of them.
    #[inline(always)]
    pub(super) fn unpool_lanes<T: Real>(&self, input: &[T], out: &mut [T]) {
        let (window, size) = (self.geometry.window, self.size());
        if !self.cover() {
            out.fill(T::default());
        }
        if self.apart() {
            return match self.lanes {
                16.. => self.share::<T, 16>(input, out),
                _ => self.share::<T, 8>(input, out),
            };
        }
        for (place, sent) in input.chunks_exact(self.lanes).enumerate() {
            for (i, j) in (0..window).flat_map(|i| (0..window).map(move |j| (i, j))) {
                let unit = &mut out[self.unit(place, i, j)..];
                unit.iter_mut().zip(sent).for_each(|(to, &x)| *to = *to + x);
            }
        }
        out.iter_mut().for_each(|to| *to = *to / size);
    }

    /// Writes each share to all units of its window, so many samples at a time.
    #[inline(always)]
    fn share<T: Real, const N: usize>(&self, input: &[T], out: &mut [T]) {
        let (window, size) = (self.geometry.window, self.size());
        for (place, sent) in input.chunks_exact(self.lanes).enumerate() {
            for at in self.each::<N>() {
                let share = some::<T, N>(sent, at).map(|x| (T::default() + x) / size);
                for (i, j) in (0..window).flat_map(|i| (0..window).map(move |j| (i, j))) {
                    out[self.unit(place, i, j) + at..][..N].copy_from_slice(&share);
                }
            }
        }
    }

    /// Where so many samples at a time begin: the last ones where they end with all, so that some may be computed twice. A tile has
    /// room for eight at least.
    #[inline(always)]
    pub(super) fn each<const N: usize>(&self) -> impl Iterator<Item = usize> + use<N> {
        let last = self.lanes - N;
        (0..self.lanes.div_ceil(N)).map(move |nth| last.min(nth * N))
    }

    /// Where a unit of a window begins.
    pub(super) fn unit(&self, place: usize, i: usize, j: usize) -> usize {
        let (v, u) = (place / self.high.width, place % self.high.width);
        let Pooling { low, stride, .. } = self.geometry;
        ((v * stride + i) * low.width + u * stride + j) * self.lanes
    }
}

/// So many elements from there on.
#[inline(always)]
pub(super) fn some<T: Real, const N: usize>(of: &[T], at: usize) -> [T; N] {
    let mut some = [T::default(); N];
    some.copy_from_slice(&of[at..][..N]);
    some
}
