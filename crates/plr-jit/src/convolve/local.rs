//! The three sums where each high unit has weights of its own: no product of matrices, but one of a row of weights and what
//! the unit sees.

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
        let rows = (0..self.high.channels).flat_map(|_| seen.chunks_exact(self.taps()));
        units.zip(rows.collect::<Vec<_>>())
    }

    /// Writes out what each place sees, one row a place, 0 beyond the edges.
    fn see_rows<T: Real>(&self, low: &[T], seen: &mut [T]) {
        for (to, unit) in seen.iter_mut().zip(self.each_seen()) {
            *to = unit.map_or(T::default(), |unit| low[unit]);
        }
    }

    /// The adjoint of [`Self::see_rows`].
    fn unsee_rows<T: Real>(&self, seen: &[T], low: &mut [T]) {
        low.fill(T::default());
        for (&x, unit) in seen.iter().zip(self.each_seen()) {
            if let Some(unit) = unit {
                low[unit] = low[unit] + x;
            }
        }
    }

    /// The low unit, if there is one, that each tap of each place sees.
    fn each_seen(&self) -> impl Iterator<Item = Option<usize>> + use<'_> {
        let (low, width) = (self.geometry.low, self.high.width);
        (0..self.high.positions()).flat_map(move |place| {
            self.each_tap().map(move |(channel, i, j)| {
                let y = self.geometry.seen(place / width, i, low.height)?;
                let x = self.geometry.seen(place % width, j, low.width)?;
                Some((channel * low.height + y) * low.width + x)
            })
        })
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
