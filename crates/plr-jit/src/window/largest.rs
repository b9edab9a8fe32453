//! What goes to the largest unit of a window.

use plr_ir::geometry::Pooling;
use plr_ir::scalar::Real;

use super::Windows;
use super::lanes::some;

impl Windows {
    widest! {
        /// Gives the element of each window to the first unit that equals its largest.
        give_to_largest as give_plane(input: &[T], units: &[T], out: &mut [T])
    }

    #[inline(always)]
    fn give_plane<T: Real>(&self, input: &[T], units: &[T], out: &mut [T]) {
        if !self.cover() {
            out.fill(T::default());
        }
        // Where windows share units, nothing is to be added twice.
        let once = |samples| self.apart() || self.lanes.is_multiple_of(samples);
        match self.lanes {
            16.. if once(16) => self.give::<T, 16>(input, units, out),
            8.. if once(8) => self.give::<T, 8>(input, units, out),
            _ => self.give::<T, 1>(input, units, out),
        }
    }

    /// Whether every unit is in one window and in no other.
    pub(super) fn cover(&self) -> bool {
        let Pooling { low, window, stride } = self.geometry;
        let exactly = |low: usize, high: usize| low == high * window;
        stride == window && exactly(low.height, self.high.height) && exactly(low.width, self.high.width)
    }

    /// Whether no unit is in two windows.
    pub(super) fn apart(&self) -> bool {
        self.geometry.stride >= self.geometry.window
    }

    /// So many samples at a time.
    #[inline(always)]
    fn give<T: Real, const N: usize>(&self, input: &[T], units: &[T], out: &mut [T]) {
        let (window, fresh) = (self.geometry.window, self.apart());
        for (place, sent) in input.chunks_exact(self.lanes).enumerate() {
            for at in self.each::<N>() {
                let sent = some::<T, N>(sent, at);
                let unit = |k: usize| self.unit(place, k / window, k % window) + at;
                let winners = winners::<T, N>(units, window * window, unit);
                for k in 0..window * window {
                    let (own, number) = (&mut out[unit(k)..][..N], T::from_f64(k as f64));
                    for lane in 0..N {
                        let before = if fresh { T::default() } else { own[lane] };
                        own[lane] = if winners[lane] == number { before + sent[lane] } else { before };
                    }
                }
            }
        }
    }
}

/// Which unit of a window is its largest, the first of several: a NaN, if there is one.
#[inline(always)]
fn winners<T: Real, const N: usize>(units: &[T], size: usize, unit: impl Fn(usize) -> usize) -> [T; N] {
    let mut largest = some::<T, N>(units, unit(0));
    let mut winners = [T::default(); N];
    for k in 1..size {
        let (own, number) = (&units[unit(k)..][..N], T::from_f64(k as f64));
        for lane in 0..N {
            let (x, so_far) = (own[lane], largest[lane]);
            // A comparison with a NaN is false: the first one is not replaced any more.
            let larger = so_far < x || is_nan(x) && !is_nan(so_far);
            largest[lane] = if larger { x } else { so_far };
            winners[lane] = if larger { number } else { winners[lane] };
        }
    }
    winners
}

#[allow(clippy::eq_op, reason = "a NaN is what does not equal itself")]
fn is_nan<T: Real>(x: T) -> bool {
    x != x
}
