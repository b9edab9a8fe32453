//! The order of tiles of which each goes on with the sums of the one before.
//!
//! Threads begin tiles in turn. Before a step that adds to such sums, a tile waits until the one before is past the same step: while
//! one thread is at the later presentations of its rows, another follows with the earlier ones of the next.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::pool::wait_until;

/// How often a thread looks whether another begins a tile of its own, before it takes that; about a microsecond.
const SPINS_FOR_OTHERS: u32 = 100;

/// How many steps a tile is past, in a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Past(AtomicUsize);

/// How far the tiles of a run have come.
pub(super) struct Order {
    /// The next tile to begin.
    next: AtomicUsize,
    /// By tile.
    past: Box<[Past]>,
}

impl Order {
    /// Of so many tiles.
    pub(super) fn new(tiles: usize) -> Self {
        Self { next: AtomicUsize::new(0), past: (0..tiles).map(|_| Past::default()).collect() }
    }

    /// Forgets the run before.
    pub(super) fn reset(&mut self) {
        *self.next.get_mut() = 0;
        self.past.iter_mut().for_each(|past| *past.0.get_mut() = 0);
    }

    /// Runs `body` with tiles that no other thread has, each later than the one before. Of so many threads each waits a little for
    /// its own tiles, which it will find in its cache in the next run.
    pub(super) fn claim(&self, thread: usize, threads: usize, mut body: impl FnMut(Tile<'_>)) {
        let mut spins = 0;
        loop {
            let number = self.next.load(Ordering::Relaxed);
            if number >= self.past.len() {
                return;
            }
            if number % threads != thread && spins < SPINS_FOR_OTHERS {
                spins += 1;
                std::hint::spin_loop();
                continue;
            }
            // Whoever gets a tile knows that somebody has begun the one before.
            let next = number + 1;
            if self.next.compare_exchange(number, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                spins = 0;
                body(Tile { order: self, number });
            }
        }
    }
}

/// A tile that a thread has begun. When it is dropped, whatever the reason, the tile after it waits no longer.
pub(super) struct Tile<'a> {
    order: &'a Order,
    pub(super) number: usize,
}

impl Tile<'_> {
    /// Waits until the tile before is past a step.
    pub(super) fn wait(&self, step: usize) {
        let Some(before) = self.number.checked_sub(1) else { return };
        wait_until(|| self.order.past[before].0.load(Ordering::Acquire) > step);
    }

    /// Says that this tile is past a step.
    pub(super) fn pass(&self, step: usize) {
        self.order.past[self.number].0.store(step + 1, Ordering::Release);
    }
}

impl Drop for Tile<'_> {
    fn drop(&mut self) {
        self.order.past[self.number].0.store(usize::MAX, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;

    /// Every tile takes each step after the one before has taken it.
    #[test]
    fn steps_follow_each_other() {
        const STEPS: usize = 5;
        let mut order = Order::new(9);
        for _ in 0..50 {
            order.reset();
            let taken = Mutex::new([0; STEPS]);
            thread::scope(|scope| {
                for thread in 0..3 {
                    let (order, taken) = (&order, &taken);
                    scope.spawn(move || {
                        order.claim(thread, 3, |tile| {
                            for step in 0..STEPS {
                                tile.wait(step);
                                let mut taken = taken.lock().expect("nobody panics with it");
                                assert_eq!(taken[step], tile.number);
                                taken[step] += 1;
                                drop(taken);
                                tile.pass(step);
                            }
                        });
                    });
                }
            });
            assert_eq!(taken.into_inner().expect("nobody panicked"), [9; STEPS]);
        }
    }

    /// A tile that ends early holds nobody up.
    #[test]
    fn who_stops_is_not_waited_for() {
        let order = Order::new(4);
        order.claim(0, 1, |tile| tile.wait(7));
        assert!(order.past.iter().all(|past| past.0.load(Ordering::Relaxed) == usize::MAX));
    }
}
