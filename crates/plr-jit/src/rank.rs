//! Ranks by sorting: the same numbers that counting gives, in fewer comparisons.
//!
//! What is sorted are keys, an integer for each element that has its index in its last bits: there is one way to sort them.

use std::cell::RefCell;

use plr_ir::scalar::Real;

/// A real that has keys.
pub(crate) trait Ranked: Real {
    /// Smaller for larger numbers, greatest for NaN, and among equals smaller for the lower index.
    type Key: Copy + Ord;

    /// The key of an element.
    fn key(self, index: u32) -> Self::Key;
    /// Whose key it is.
    fn index(key: Self::Key) -> u32;
    /// Lends room for keys that belongs to the thread, so that it need not be made anew for every row.
    fn with_room(with: impl FnOnce(&mut Vec<Self::Key>));
}

/// Keys of reals whose bits are of one integer type, and which with an index are of another.
macro_rules! ranked {
    ($real:ty, $bits:ty, $key:ty) => {
        impl Ranked for $real {
            type Key = $key;

            fn key(self, index: u32) -> $key {
                // Both zeros are +0. Of negative numbers the larger ones have smaller bits.
                let bits = (self + 0.0).to_bits();
                let ascending =
                    if bits >> (<$bits>::BITS - 1) == 0 { bits | (1 << (<$bits>::BITS - 1)) } else { !bits };
                let descending = if self.is_nan() { <$bits>::MAX } else { !ascending };
                <$key>::from(descending) << <$bits>::BITS | <$key>::from(index)
            }

            fn index(key: $key) -> u32 {
                key as u32
            }

            fn with_room(with: impl FnOnce(&mut Vec<$key>)) {
                thread_local! {
                    static ROOM: RefCell<Vec<$key>> = const { RefCell::new(Vec::new()) };
                }
                ROOM.with_borrow_mut(with);
            }
        }
    };
}

ranked!(f32, u32, u64);
ranked!(f64, u64, u128);

/// The rank of each element of a row, whose indices fit in 32 bits: if a number is given, of the first so many; all others have that
/// number.
pub(crate) fn ranks<T: Ranked>(elements: &[T], first: Option<usize>, ranks: &mut [T]) {
    T::with_room(|keys| {
        keys.clear();
        keys.extend(elements.iter().enumerate().map(|(i, x)| x.key(i as u32)));
        let mut ranked = keys.as_mut_slice();
        if let Some(count) = first.filter(|&count| count < elements.len()) {
            ranks.fill(T::from_f64(count as f64));
            let (before, last, _) = ranked.select_nth_unstable(count.saturating_sub(1));
            ranks[T::index(*last) as usize] = T::from_f64(count.saturating_sub(1) as f64);
            ranked = before;
        }
        ranked.sort_unstable();
        for (rank, &key) in ranked.iter().enumerate() {
            ranks[T::index(key) as usize] = T::from_f64(rank as f64);
        }
    });
}
