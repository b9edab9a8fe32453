//! The three sums where each high unit has weights of its own: no product of matrices, but one of a row of weights and what
//! the unit sees.

use std::ops::Range;

use plr_ir::geometry::Convolution;
use plr_ir::program::ConvolveForm;
use plr_ir::scalar::Real;

use super::Convolve;

/// Partial sums of a product of two rows: as many as a vector has places.
const LANES: usize = 16;

impl Convolve {
    /// As [`Self::run`].
    pub(super) fn run_local<T: Real>(
        &self,
        part: usize,
        [lhs, rhs]: [&[T]; 2],
        room: &mut [T],
        out: &mut [T],
    ) {
        let (low, high, taps) = (self.geometry.low.units(), self.high.units(), self.taps());
        let (seen, sums) = room.split_at_mut(taps * self.high.positions());
        sums.fill(T::default());
        for (at, sample) in self.range(part).enumerate() {
            match self.form {
                ConvolveForm::Forward => {
                    self.see_rows(&lhs[sample * low..][..low], seen);
                    let units = out[at * high..][..high].iter_mut().zip(rhs.chunks_exact(taps));
                    self.of_places(seen, units).for_each(|((to, weights), row)| *to = product(weights, row));
                }
                ConvolveForm::Adjoint => {
                    seen.fill(T::default());
                    let units = lhs[sample * high..][..high].iter().zip(rhs.chunks_exact(taps));
                    for (h, (&x, weights)) in units.enumerate() {
                        let row = &mut seen[h % self.high.positions() * taps..][..taps];
                        row.iter_mut().zip(weights).for_each(|(to, &weight)| *to = *to + x * weight);
                    }
                    self.unsee_rows(seen, &mut out[at * low..][..low]);
                }
                ConvolveForm::Correlate => {
                    self.see_rows(&rhs[sample * low..][..low], seen);
                    let units = lhs[sample * high..][..high].iter().zip(sums.chunks_exact_mut(taps));
                    for ((&x, sums), row) in self.of_places(seen, units) {
                        sums.iter_mut().zip(row).for_each(|(sum, &y)| *sum = *sum + x * y);
                    }
                }
            }
        }
    }

    /// Adds up what the parts have summed, in order.
    pub(super) fn add_local_parts<T: Real>(&self, rooms: &[T], out: &mut [T]) {
        for room in rooms.chunks_exact(self.room()) {
            let partial = &room[room.len() - self.weights()..];
            out.iter_mut().zip(partial).for_each(|(sum, &x)| *sum = *sum + x);
        }
    }

    /// With each high unit what it sees: the units of a channel see one place after the other.
    fn of_places<'s, T, U>(
        &self,
        seen: &'s [T],
        units: impl Iterator<Item = U> + 's,
    ) -> impl Iterator<Item = (U, &'s [T])> {
        units.zip(seen.chunks_exact(self.taps()).cycle())
    }

    /// Writes out what each place sees, one row a place, 0 beyond the edges.
    fn see_rows<T: Real>(&self, low: &[T], seen: &mut [T]) {
        seen.fill(T::default());
        self.each_line(|taps, units| seen[taps].copy_from_slice(&low[units]));
    }

    /// The adjoint of [`Self::see_rows`].
    fn unsee_rows<T: Real>(&self, seen: &[T], low: &mut [T]) {
        low.fill(T::default());
        self.each_line(|taps, units| {
            low[units].iter_mut().zip(&seen[taps]).for_each(|(unit, &x)| *unit = *unit + x);
        });
    }

    /// Taps that are beside each other in the rows of [`Self::see_rows`], and the low units that they see.
    fn each_line(&self, mut line: impl FnMut(Range<usize>, Range<usize>)) {
        let Convolution { low, kernel, stride, padding, .. } = self.geometry;
        for place in 0..self.high.positions() {
            let (v, left) = (place / self.high.width, place % self.high.width * stride);
            let from = padding.saturating_sub(left);
            let end = (low.width + padding).saturating_sub(left).min(kernel);
            for channel in (0..low.channels).take_while(|_| from < end) {
                for i in 0..kernel {
                    let Some(y) = self.geometry.seen(v, i, low.height) else { continue };
                    let row = ((place * low.channels + channel) * kernel + i) * kernel;
                    let unit = (channel * low.height + y) * low.width + left + from - padding;
                    line(row + from..row + end, unit..unit + end - from);
                }
            }
        }
    }
}

/// `Σ a·b` of two rows, in an order that depends on their length alone.
fn product<T: Real>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::default(); LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, &x), &y) in sums.iter_mut().zip(a).zip(b) {
            *sum = *sum + x * y;
        }
    }
    for ((sum, &x), &y) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum = *sum + x * y;
    }
    sums.into_iter().fold(T::default(), |total, sum| total + sum)
}
