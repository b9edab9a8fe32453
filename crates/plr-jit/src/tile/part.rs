//! Between an array with samples first and a tile, which has them last or first.

use super::Layout;
use crate::transpose::transpose;

/// Which samples of an array are in a tile. `T` is the word as wide as a real.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The numbers of each sample.
    pub(super) features: usize,
    /// How many samples the tile has room for, and where they are.
    pub(super) layout: Layout,
    /// The first sample.
    pub(super) first: usize,
    /// How many samples there are.
    pub(super) count: usize,
}

impl Part {
    /// Copies the samples into the tile, and zeros where it has room for more.
    ///
    /// # Safety
    /// `from` has the samples, `to` the room of the tile; nobody else accesses it meanwhile.
    pub(super) unsafe fn import<T: Copy + Default>(self, from: *const T, to: *mut T) {
        let (lanes, features) = (self.layout.lanes, self.features);
        let (begin, count) = (self.first * features, self.count * features);
        if self.layout.rows {
            // SAFETY: the array has the samples, the tile room for more; any bits are a word.
            unsafe {
                std::ptr::copy_nonoverlapping(from.add(begin), to, count);
                std::slice::from_raw_parts_mut(to.add(count), lanes * features - count).fill(T::default());
            }
            return;
        }
        // SAFETY: the array has the samples, the tile all features of its lanes.
        unsafe { transpose([self.count, features], (from.add(begin), features), (to, lanes)) };
        for feature in (0..features).filter(|_| self.count < lanes) {
            for sample in self.count..lanes {
                // SAFETY: as above.
                unsafe { *to.add(feature * lanes + sample) = T::default() };
            }
        }
    }

    /// Copies the samples out of the tile.
    ///
    /// # Safety
    /// `from` is the tile, `to` has room for all samples; nobody else accesses these samples meanwhile.
    pub(super) unsafe fn export<T: Copy>(self, from: *const T, to: *mut T) {
        let (begin, count) = (self.first * self.features, self.count * self.features);
        if self.layout.rows {
            // SAFETY: both have the samples.
            return unsafe { std::ptr::copy_nonoverlapping(from, to.add(begin), count) };
        }
        let (lanes, features) = (self.layout.lanes, self.features);
        // SAFETY: the tile has all features of its lanes, the array the samples.
        unsafe { transpose([features, self.count], (from, lanes), (to.add(begin), features)) };
    }
}
