//! A few threads that share short loops.
//!
//! Every thread has a share of the indices, those that follow each other, and takes what others have left of theirs when it is done:
//! what a thread has written in one loop it finds in its cache in the next.
//!
//! A fork and a join cost about a microsecond while the workers are awake: they spin for a while after each loop
//! before they park. The caller works too, and never waits for a worker that has not begun: it closes the loop when
//! nothing is left to claim, and waits only for those that are inside. On a busy machine the caller may so do everything
//! alone; what is computed does not depend on who does it.

use std::cell::UnsafeCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread::{self, JoinHandle, Thread};

/// How often a worker looks for work before it parks; about 50 µs.
const SPINS_BEFORE_PARKING: u32 = 20_000;

/// How often a waiting thread looks before it lets others use the core.
const SPINS_BEFORE_YIELDING: u32 = 2_000;

/// Waits for something that another thread is about to have done.
pub(crate) fn wait_until(done: impl Fn() -> bool) {
    let mut spins = 0;
    while !done() {
        spins += 1;
        if spins < SPINS_BEFORE_YIELDING { std::hint::spin_loop() } else { thread::yield_now() }
    }
}

/// `state` is the loop's number, shifted, an open flag, and the number of workers inside.
const OPEN: u64 = 1 << 16;
const INSIDE: u64 = OPEN - 1;
const NUMBER_SHIFT: u32 = 17;

/// A loop body, called with the number of the thread and with each index once, from any thread.
type Body<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// A loop as workers see it: its body, and the number of indices.
type Job = (*const (dyn Fn(usize, usize) + Sync), usize);

/// The next index to claim of a thread's share, in a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Next(AtomicUsize);

/// What workers and caller share.
struct Shared {
    /// See [`OPEN`].
    state: AtomicU64,
    /// By thread.
    next: Box<[Next]>,
    /// The loop. Written while closed and empty, read while inside.
    job: UnsafeCell<Option<Job>>,
    /// How many workers are parked or about to be.
    parked: AtomicU32,
    /// Set when a body panicked.
    panicked: AtomicBool,
    /// Set when the workers are to end.
    ended: AtomicBool,
}

// SAFETY: `job` is written only by the caller that holds the pool's lock, while the state is closed with nobody
// inside, and read only by workers that entered an open state after the write was published by the state's release.
unsafe impl Sync for Shared {}
// SAFETY: the pointer in `job` is used only between the opening and the emptying of its loop, when its body is alive.
unsafe impl Send for Shared {}

/// A fixed number of threads, the caller's included.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// For unparking, without touching the join handles.
    threads: Vec<Thread>,
    /// Held by whoever runs a loop.
    busy: Mutex<()>,
}

impl Pool {
    /// The process's pool of that many threads, started if there is none.
    pub(crate) fn shared(threads: usize) -> Arc<Self> {
        static POOLS: Mutex<Vec<Weak<Pool>>> = Mutex::new(Vec::new());
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        if let Some(pool) = pools.iter().filter_map(Weak::upgrade).find(|pool| pool.threads() == threads) {
            return pool;
        }
        let pool = Arc::new(Self::new(threads));
        pools.push(Arc::downgrade(&pool));
        pool
    }

    /// A pool without workers.
    pub(crate) fn alone() -> Self {
        Self::new(1)
    }

    /// Starts `threads - 1` workers; fewer if the system refuses.
    fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            next: (0..threads.max(1)).map(|_| Next::default()).collect(),
            job: UnsafeCell::new(None),
            parked: AtomicU32::new(0),
            panicked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let start = |i| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("plr-{i}")).spawn(move || shared.work(i)).ok()
        };
        let workers: Vec<JoinHandle<()>> = (1..threads).filter_map(start).collect();
        let threads = workers.iter().map(|w| w.thread().clone()).collect();
        Self { shared, workers, threads, busy: Mutex::new(()) }
    }

    /// The number of threads, the caller's included.
    pub(crate) fn threads(&self) -> usize {
        self.threads.len() + 1
    }

    /// Calls `body` with every index below `count`, each once, in any order, on any threads.
    pub(crate) fn run(&self, count: usize, body: &(dyn Fn(usize) + Sync)) {
        self.run_by_thread(count, &|_, index| body(index));
    }

    /// As [`Self::run`]; `body` hears too which of the threads calls it, and no two calls at a time have one thread.
    pub(crate) fn run_by_thread(&self, count: usize, body: Body<'_>) {
        let alone = self.threads.is_empty() || count < 2;
        let Some(_busy) = (!alone).then(|| self.reserve()).flatten() else {
            (0..count).for_each(|index| body(0, index));
            return;
        };
        self.open(count, body);
        let finished = catch_unwind(AssertUnwindSafe(|| self.shared.claim(0, count, body)));
        self.close();
        if let Err(panic) = finished {
            std::panic::resume_unwind(panic);
        }
        assert!(!self.shared.panicked.swap(false, Ordering::Relaxed), "a worker thread panicked");
    }

    /// Calls `fill` with every part of an array, of so many elements each but for the last, and with its number.
    pub(crate) fn fill<T: Send>(
        &self,
        array: &mut [T],
        part: usize,
        fill: &(dyn Fn(usize, &mut [T]) + Sync),
    ) {
        let parts = array.chunks_mut(part).map(Mutex::new).collect::<Vec<_>>();
        self.run(parts.len(), &|number| {
            let mut part = parts[number].lock().unwrap_or_else(PoisonError::into_inner);
            fill(number, &mut part);
        });
    }

    /// The right to the workers, unless another caller has it. A body that panicked leaves nothing behind.
    fn reserve(&self) -> Option<MutexGuard<'_, ()>> {
        match self.busy.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Publishes a loop and wakes who sleeps.
    fn open(&self, count: usize, body: Body<'_>) {
        // SAFETY: only the lifetime changes. `run` does not return before `close`, after which no worker holds the body.
        let body: *const (dyn Fn(usize, usize) + Sync) = unsafe { std::mem::transmute(body) };
        // SAFETY: the state is closed with nobody inside, and the caller holds the lock: nobody else touches `job`.
        unsafe { *self.shared.job.get() = Some((body, count)) };
        for (thread, next) in self.shared.next.iter().enumerate() {
            next.0.store(self.shared.share(thread, count).start, Ordering::Relaxed);
        }
        let number = (self.shared.state.load(Ordering::Relaxed) >> NUMBER_SHIFT) + 1;
        self.shared.state.store(number << NUMBER_SHIFT | OPEN, Ordering::SeqCst);
        if self.shared.parked.load(Ordering::SeqCst) > 0 {
            self.threads.iter().for_each(Thread::unpark);
        }
    }

    /// Lets nobody in any more and waits for those inside.
    fn close(&self) {
        self.shared.state.fetch_and(!OPEN, Ordering::AcqRel);
        wait_until(|| self.shared.state.load(Ordering::Acquire) & INSIDE == 0);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.threads.iter().for_each(Thread::unpark);
        for worker in self.workers.drain(..) {
            // A worker catches the panics of loop bodies; there is nothing to hear from it.
            let _ = worker.join();
        }
    }
}

impl Shared {
    /// A thread's share of the indices.
    fn share(&self, thread: usize, count: usize) -> Range<usize> {
        let threads = self.next.len();
        count * thread / threads..count * (thread + 1) / threads
    }

    /// Claims indices until none is left, those of the thread's own share first.
    fn claim(&self, thread: usize, count: usize, body: Body<'_>) {
        let threads = self.next.len();
        for whose in (0..threads).map(|i| (thread + i) % threads) {
            let end = self.share(whose, count).end;
            loop {
                let index = self.next[whose].0.fetch_add(1, Ordering::Relaxed);
                if index >= end {
                    break;
                }
                body(thread, index);
            }
        }
    }

    /// A worker's life.
    fn work(&self, thread: usize) {
        let mut seen = 0;
        while let Some(number) = self.wait(seen) {
            seen = number;
            if !self.enter(number) {
                continue;
            }
            // SAFETY: this thread is inside an open loop; the caller wrote `job` before it opened the loop, and keeps
            // the body alive until nobody is inside.
            if let Some((body, count)) = unsafe { *self.job.get() } {
                // SAFETY: as above.
                let body = unsafe { &*body };
                if catch_unwind(AssertUnwindSafe(|| self.claim(thread, count, body))).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
            }
            self.state.fetch_sub(1, Ordering::Release);
        }
    }

    /// The number of the next open loop after `seen`; `None` when the pool ends.
    fn wait(&self, seen: u64) -> Option<u64> {
        let mut spins = 0;
        loop {
            if self.ended.load(Ordering::Relaxed) {
                return None;
            }
            let state = self.state.load(Ordering::SeqCst);
            if state & OPEN != 0 && state >> NUMBER_SHIFT != seen {
                return Some(state >> NUMBER_SHIFT);
            }
            spins += 1;
            if spins < SPINS_BEFORE_PARKING {
                std::hint::spin_loop();
                continue;
            }
            self.park(seen);
            spins = 0;
        }
    }

    /// Sleeps until unparked, unless a loop opened meanwhile: the count goes up before the last look, and the caller
    /// looks at the count after opening, so one of the two sees the other.
    fn park(&self, seen: u64) {
        self.parked.fetch_add(1, Ordering::SeqCst);
        let state = self.state.load(Ordering::SeqCst);
        let idle = state & OPEN == 0 || state >> NUMBER_SHIFT == seen;
        if idle && !self.ended.load(Ordering::SeqCst) {
            thread::park();
        }
        self.parked.fetch_sub(1, Ordering::SeqCst);
    }

    /// Registers this worker inside loop `number`; `false` if that loop is closed by now.
    fn enter(&self, number: u64) -> bool {
        let mut state = self.state.load(Ordering::Acquire);
        while state & OPEN != 0 && state >> NUMBER_SHIFT == number {
            match self.state.compare_exchange_weak(state, state + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_visited_once() {
        for threads in [1, 2, 3, 7] {
            let pool = Pool::new(threads);
            for count in [0, 1, 2, 5, 100] {
                let visits: Vec<AtomicU32> = (0..count).map(|_| AtomicU32::new(0)).collect();
                for _ in 0..200 {
                    pool.run(count, &|i| {
                        visits[i].fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(
                    visits.iter().all(|v| v.load(Ordering::Relaxed) == 200),
                    "{threads} threads, {count} indices"
                );
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_survives() {
        let pool = Pool::new(3);
        let panicked = catch_unwind(AssertUnwindSafe(|| pool.run(64, &|i| assert!(i != 17, "as planned"))));
        assert!(panicked.is_err());
        let sum = AtomicUsize::new(0);
        pool.run(64, &|i| {
            sum.fetch_add(i, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 64 * 63 / 2);
    }

    #[test]
    fn pools_are_shared_and_callers_do_not_wait_for_each_other() {
        let pool = Pool::shared(2);
        assert!(Arc::ptr_eq(&pool, &Pool::shared(2)));
        let total = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        pool.run(10, &|_| {
                            total.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 3000);
    }
}
