//! Memory for arrays: large allocations begin at a cache line, so that no vector of the widest ones lies in two.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator with that alignment, for programs that multiply and add.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aligned;

/// Bytes of a cache line.
const LINE: usize = 64;
/// Arrays are at least so large; a larger alignment would cost smaller things more than it gives.
const LEAST: usize = 1 << 12;
/// Larger arrays are left where the system puts them, which can grow them without a copy and give zeros for nothing.
const MOST: usize = 1 << 27;

fn lined_up(layout: Layout) -> Layout {
    let array = (LEAST..MOST).contains(&layout.size());
    if array { layout.align_to(LINE).unwrap_or(layout) } else { layout }
}

// SAFETY: the system's allocator with stricter layouts; which layout an allocation has follows from the one that the caller
// names again when it gives it back.
unsafe impl GlobalAlloc for Aligned {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as demanded of the caller.
        unsafe { System.alloc(lined_up(layout)) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as demanded of the caller.
        unsafe { System.alloc_zeroed(lined_up(layout)) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as demanded of the caller; it was allocated with this layout.
        unsafe { System.dealloc(at, lined_up(layout)) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size, rounded up to the alignment, is not above `isize::MAX`.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let (old, new) = (lined_up(layout), lined_up(wanted));
        if old.align() == new.align() {
            // SAFETY: as demanded of the caller; it was allocated with this layout.
            return unsafe { System.realloc(at, old, size) };
        }
        // SAFETY: the new memory is as large as the new layout says, and apart from the old.
        unsafe {
            let to = System.alloc(new);
            if !to.is_null() {
                std::ptr::copy_nonoverlapping(at, to, layout.size().min(size));
                System.dealloc(at, old);
            }
            to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_begin_at_cache_lines_and_keep_what_is_in_them() {
        let layout = |size| Layout::array::<f32>(size).expect("it is not too large");
        // SAFETY: layouts are not empty; each allocation is given back with the layout it has.
        unsafe {
            let mut at = Aligned.alloc(layout(100));
            at.cast::<f32>().write(1.5);
            for (old, new) in [(100, 2000), (2000, 100_000), (100_000, 50)] {
                at = Aligned.realloc(at, layout(old), 4 * new);
                assert_eq!(at.cast::<f32>().read(), 1.5);
                assert!(4 * new < LEAST || at.addr().is_multiple_of(LINE));
            }
            Aligned.dealloc(at, layout(50));
            let zeros = Aligned.alloc_zeroed(layout(5000));
            assert!(zeros.addr().is_multiple_of(LINE) && zeros.cast::<f32>().add(4999).read() == 0.0);
            Aligned.dealloc(zeros, layout(5000));
        }
    }
}
