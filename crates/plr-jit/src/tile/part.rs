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
        unsafe {
            transpose([self.count, features], (from.add(begin), features), (to, lanes));
            self.fill_room(to);
        }
    }

    /// Copies the samples into the tile, which has them last, from an array that has them last too, so many in all; and zeros where
    /// it has room for more.
    ///
    /// # Safety
    /// As for [`Self::import`].
    pub(super) unsafe fn import_turned<T: Copy + Default>(self, from: *const T, samples: usize, to: *mut T) {
        for feature in 0..self.features {
            // SAFETY: the array has the samples of every feature, the tile all features of its lanes.
            unsafe {
                let from = from.add(feature * samples + self.first);
                std::ptr::copy_nonoverlapping(from, to.add(feature * self.layout.lanes), self.count);
            }
        }
        // SAFETY: as above.
        unsafe { self.fill_room(to) };
    }

    /// Puts zeros where a tile that has samples last has room for more of them.
    ///
    /// # Safety
    /// The tile has all features of its lanes; nobody else accesses it meanwhile.
    unsafe fn fill_room<T: Copy + Default>(self, tile: *mut T) {
        let lanes = self.layout.lanes;
        for feature in (0..self.features).filter(|_| self.count < lanes) {
            for sample in self.count..lanes {
                // SAFETY: as demanded of the caller.
                unsafe { *tile.add(feature * lanes + sample) = T::default() };
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
