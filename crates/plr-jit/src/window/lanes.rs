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
        let window = self.geometry.window;
        for (place, folded) in out.chunks_exact_mut(self.lanes).enumerate() {
            let unit = |i, j| &input[self.unit(place, i, j)..][..self.lanes];
            folded.iter_mut().zip(unit(0, 0)).for_each(|(to, &x)| *to = begin(x));
            for (i, j) in (0..window).flat_map(|i| (0..window).map(move |j| (i, j))) {
                folded.iter_mut().zip(unit(i, j)).for_each(|(to, &x)| *to = combine(*to, x));
            }
            folded.iter_mut().for_each(|to| *to = finish(*to));
        }
    }

    /// As for samples one by one, in the same order. Where no two windows share a unit, each share is divided before it is
    /// written to all of them.
    #[inline(always)]
    pub(super) fn unpool_lanes<T: Real>(&self, input: &[T], out: &mut [T]) {
        let (Pooling { window, stride, .. }, size) = (self.geometry, self.size());
        let apart = stride >= window;
        if !self.cover() {
            out.fill(T::default());
        }
        for (place, sent) in input.chunks_exact(self.lanes).enumerate() {
            let first = self.unit(place, 0, 0)..self.unit(place, 0, 0) + self.lanes;
            if apart {
                let shares = out[first.clone()].iter_mut().zip(sent);
                shares.for_each(|(to, &x)| *to = (T::default() + x) / size);
            }
            for (i, j) in (0..window).flat_map(|i| (0..window).map(move |j| (i, j))) {
                let unit = self.unit(place, i, j);
                if apart {
                    out.copy_within(first.clone(), unit);
                } else {
                    out[unit..].iter_mut().zip(sent).for_each(|(to, &x)| *to = *to + x);
                }
            }
        }
        if !apart {
            out.iter_mut().for_each(|to| *to = *to / size);
        }
    }

    /// Where a unit of a window begins.
    pub(super) fn unit(&self, place: usize, i: usize, j: usize) -> usize {
        let (v, u) = (place / self.high.width, place % self.high.width);
        let Pooling { low, stride, .. } = self.geometry;
        ((v * stride + i) * low.width + u * stride + j) * self.lanes
    }
}
