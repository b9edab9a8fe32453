//! Memory that the system gives page by page, to whoever touches it first.

use std::alloc::{GlobalAlloc, Layout, System};

/// Bytes of a cache line.
const LINE: usize = 64;

/// Zeros from the beginning of a cache line on. What nobody touches costs no memory: so each of many threads can have room for work
/// that there may be none of.
#[derive(Debug)]
pub(crate) struct Arena {
    at: *mut u8,
    layout: Layout,
}

impl Arena {
    /// So many bytes; `None` if there are not so many.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        // The system zeroes what is aligned to more than a word by writing to it.
        let layout = Layout::array::<u64>(bytes.checked_add(2 * LINE)?.div_ceil(size_of::<u64>())).ok()?;
        // SAFETY: the layout is not empty.
        let at = unsafe { System.alloc_zeroed(layout) };
        (!at.is_null()).then_some(Self { at, layout })
    }

    /// The address so many bytes from the beginning.
    pub(crate) fn at(&self, offset: usize) -> *mut u8 {
        self.at.wrapping_add(self.at.align_offset(LINE)).wrapping_add(offset)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: it was allocated there, with this layout.
        unsafe { System.dealloc(self.at, self.layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arenas_are_zeros_from_a_cache_line_on() {
        for bytes in [0, 1, 64, 1000, 1 << 20] {
            let arena = Arena::new(bytes).expect("there is so much memory");
            assert!(arena.at(0).addr().is_multiple_of(LINE));
            // SAFETY: there are so many bytes.
            assert!(unsafe { std::slice::from_raw_parts(arena.at(0), bytes) }.iter().all(|&byte| byte == 0));
        }
        assert!(Arena::new(usize::MAX).is_none());
        assert!(Arena::new(isize::MAX as usize).is_none());
    }
}
