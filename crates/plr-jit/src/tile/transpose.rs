//! Between an array with samples first and a tile with samples last.

/// Which samples of an array are in a tile. `T` is the word as wide as a real.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The numbers of each sample.
    pub(super) features: usize,
    /// How many samples the tile has room for.
    pub(super) lanes: usize,
    /// The first sample.
    pub(super) first: usize,
    /// How many samples there are.
    pub(super) count: usize,
}

/// Samples and features are exchanged in squares of so many, which fit into a few cache lines.
const SQUARE: usize = 16;

impl Part {
    /// Copies the samples into the tile, and zeros where it has room for more.
    ///
    /// # Safety
    /// `from` has the samples, `to` the room of the tile; nobody else accesses it meanwhile.
    pub(super) unsafe fn import<T: Copy + Default>(self, from: *const T, to: *mut T) {
        // SAFETY: indices are within array and tile.
        self.squares(|sample, feature| unsafe {
            *to.add(feature * self.lanes + sample) =
                *from.add((self.first + sample) * self.features + feature);
        });
        for feature in (0..self.features).filter(|_| self.count < self.lanes) {
            for sample in self.count..self.lanes {
                // SAFETY: as above.
                unsafe { *to.add(feature * self.lanes + sample) = T::default() };
            }
        }
    }

    /// Copies the samples out of the tile.
    ///
    /// # Safety
    /// `from` is the tile, `to` has room for all samples; nobody else accesses these samples meanwhile.
    pub(super) unsafe fn export<T: Copy>(self, from: *const T, to: *mut T) {
        // SAFETY: indices are within array and tile.
        self.squares(|sample, feature| unsafe {
            *to.add((self.first + sample) * self.features + feature) =
                *from.add(feature * self.lanes + sample);
        });
    }

    /// Visits all samples and features, square by square.
    #[inline(always)]
    fn squares(self, mut visit: impl FnMut(usize, usize)) {
        for features in (0..self.features).step_by(SQUARE) {
            for samples in (0..self.count).step_by(SQUARE) {
                for sample in samples..self.count.min(samples + SQUARE) {
                    for feature in features..self.features.min(features + SQUARE) {
                        visit(sample, feature);
                    }
                }
            }
        }
    }
}
