//! A few threads that share short loops.
//!
//! Every thread has a share of the indices, those that follow each other, and takes what others have left of theirs when it is done:
//! what a thread has written in one loop it finds in its cache in the next.
//!
//! A fork and a join cost about a microsecond while the workers are awake: they spin for a while after each loop
//! before they park. The caller works too, and never waits for a worker that has not begun: it closes the loop when
//! nothing is left to claim, and waits only for those that are inside. On a busy machine the caller may so do everything
//! alone; what is computed does not depend on who does it.
//!
//! A second loop may go on beside those: for threads that would only wait.

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

/// A loop's `state` is its number, shifted, an open flag, and the number of workers inside.
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

/// A loop that workers may enter, one after the other.
#[repr(align(64))]
struct Loop {
    /// See [`OPEN`].
    state: AtomicU64,
    /// By thread.
    next: Box<[Next]>,
    /// Written while closed and empty, read while inside.
    job: UnsafeCell<Option<Job>>,
}

// SAFETY: `job` is written only by the caller that holds the loop's lock, while the state is closed with nobody
// inside, and read only by workers that entered an open state after the write was published by the state's release.
unsafe impl Sync for Loop {}
// SAFETY: the pointer in `job` is used only between the opening and the emptying of its loop, when its body is alive.
unsafe impl Send for Loop {}

/// What workers and caller share.
struct Shared {
    /// The loop that its caller waits for.
    now: Loop,
    /// The loop for who would wait otherwise.
    aside: Loop,
    /// How many workers are parked or about to be.
    parked: AtomicU32,
    /// Set when a body panicked.
    panicked: AtomicBool,
    /// Set when the workers are to end.
    ended: AtomicBool,
}

/// A fixed number of threads, the caller's included.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// For unparking, without touching the join handles.
    threads: Vec<Thread>,
    /// Held by whoever runs a loop.
    busy: Mutex<()>,
    /// Held by whoever runs a loop beside others.
    busy_aside: Mutex<()>,
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
            now: Loop::new(threads),
            aside: Loop::new(threads),
            parked: AtomicU32::new(0),
            panicked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let start = |i| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(format!("plr-{i}")).spawn(move || shared.work(i)).ok()
        };
        // The first that is refused is the last: numbers of threads are below their count.
        let workers: Vec<JoinHandle<()>> = (1..threads).map_while(start).collect();
        let threads = workers.iter().map(|w| w.thread().clone()).collect();
        Self { shared, workers, threads, busy: Mutex::new(()), busy_aside: Mutex::new(()) }
    }

    /// The number of threads, the caller's included.
    pub fn threads(&self) -> usize {
        self.threads.len() + 1
    }

    /// Calls `body` with every index below `count`, each once, in any order, on any threads.
    pub fn run(&self, count: usize, body: &(dyn Fn(usize) + Sync)) {
        self.run_by_thread(count, &|_, index| body(index));
    }

    /// As [`Self::run`]; `body` hears too which of the threads calls it, and no two calls at a time have one thread.
    pub(crate) fn run_by_thread(&self, count: usize, body: Body<'_>) {
        let alone = self.threads.is_empty() || count < 2;
        let Some(_busy) = (!alone).then(|| reserve(&self.busy)).flatten() else {
            (0..count).for_each(|index| body(0, index));
            return;
        };
        let (shared, now) = (&self.shared, &self.shared.now);
        now.open(count, body);
        self.wake();
        let finished = catch_unwind(AssertUnwindSafe(|| now.claim(0, count, body)));
        now.close(|done| shared.help(0, done));
        self.settle(finished);
    }

    /// Does some work that runs loops, and calls `body` with every index below `count` as [`Self::run`] does: threads
    /// that would have to wait for others do so meanwhile, and what is left at the end is done then.
    pub fn beside<R>(&self, count: usize, body: &(dyn Fn(usize) + Sync), work: impl FnOnce() -> R) -> R {
        let Some(_busy) = (!self.threads.is_empty()).then(|| reserve(&self.busy_aside)).flatten() else {
            let done = work();
            (0..count).for_each(body);
            return done;
        };
        let (aside, body) = (&self.shared.aside, |_, index| body(index));
        aside.open(count, &body);
        let finished = catch_unwind(AssertUnwindSafe(|| {
            let done = work();
            aside.claim(0, count, &body);
            done
        }));
        aside.close(|_| {});
        self.settle(finished)
    }

    /// Wakes who sleeps: a loop has been opened.
    fn wake(&self) {
        if self.shared.parked.load(Ordering::SeqCst) > 0 {
            self.threads.iter().for_each(Thread::unpark);
        }
    }

    /// What the caller's own part of a loop has come to, once nobody is inside.
    fn settle<R>(&self, finished: thread::Result<R>) -> R {
        let panicked = self.shared.panicked.swap(false, Ordering::Relaxed);
        let done = finished.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert!(!panicked, "a worker thread panicked");
        done
    }
}

/// The right to a loop, unless another caller has it. A body that panicked leaves nothing behind.
fn reserve(busy: &Mutex<()>) -> Option<MutexGuard<'_, ()>> {
    match busy.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
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

impl Loop {
    /// One that is closed.
    fn new(threads: usize) -> Self {
        let next = (0..threads.max(1)).map(|_| Next::default()).collect();
        Self { state: AtomicU64::new(0), next, job: UnsafeCell::new(None) }
    }

    /// Publishes a loop. The caller holds its lock, and does not let the body go before [`Self::close`].
    fn open(&self, count: usize, body: Body<'_>) {
        // SAFETY: only the lifetime changes. After `close` no worker holds the body.
        let body: *const (dyn Fn(usize, usize) + Sync) = unsafe { std::mem::transmute(body) };
        // SAFETY: the state is closed with nobody inside, and the caller holds the lock: nobody else touches `job`.
        unsafe { *self.job.get() = Some((body, count)) };
        for (thread, next) in self.next.iter().enumerate() {
            next.0.store(self.share(thread, count).start, Ordering::Relaxed);
        }
        let number = (self.state.load(Ordering::Relaxed) >> NUMBER_SHIFT) + 1;
        self.state.store(number << NUMBER_SHIFT | OPEN, Ordering::SeqCst);
    }

    /// The number of the loop that is open.
    fn number(&self) -> Option<u64> {
        let state = self.state.load(Ordering::SeqCst);
        (state & OPEN != 0).then_some(state >> NUMBER_SHIFT)
    }

    /// Lets nobody in any more.
    fn shut(&self) {
        self.state.fetch_and(!OPEN, Ordering::AcqRel);
    }

    /// Lets nobody in any more and waits for those inside, doing something else `meanwhile`, until what it is given holds.
    fn close(&self, meanwhile: impl Fn(&dyn Fn() -> bool)) {
        self.shut();
        let empty = || self.state.load(Ordering::Acquire) & INSIDE == 0;
        if !empty() {
            meanwhile(&empty);
        }
        wait_until(empty);
    }

    /// Does something with the loop's body and count from inside, unless loop `number` is closed by now; whether it did.
    fn enter(&self, number: u64, inside: impl FnOnce(usize, Body<'_>)) -> bool {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            if state & OPEN == 0 || state >> NUMBER_SHIFT != number {
                return false;
            }
            match self.state.compare_exchange_weak(state, state + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(now) => state = now,
            }
        }
        // SAFETY: this thread is inside an open loop; the caller wrote `job` before it opened the loop, and keeps
        // the body alive until nobody is inside.
        if let Some((body, count)) = unsafe { *self.job.get() } {
            // SAFETY: as above.
            inside(count, unsafe { &*body });
        }
        self.state.fetch_sub(1, Ordering::Release);
        true
    }

    /// A thread's share of the indices.
    fn share(&self, thread: usize, count: usize) -> Range<usize> {
        let threads = self.next.len();
        count * thread / threads..count * (thread + 1) / threads
    }

    /// The next index that nobody has, those of the thread's own share first.
    fn next(&self, thread: usize, count: usize) -> Option<usize> {
        let threads = self.next.len();
        (0..threads).map(|i| (thread + i) % threads).find_map(|whose| {
            let (next, end) = (&self.next[whose].0, self.share(whose, count).end);
            // Who only looks leaves the others' cache lines alone.
            let left = next.load(Ordering::Relaxed) < end;
            left.then(|| next.fetch_add(1, Ordering::Relaxed)).filter(|&index| index < end)
        })
    }

    /// Claims indices until none is left.
    fn claim(&self, thread: usize, count: usize, body: Body<'_>) {
        while let Some(index) = self.next(thread, count) {
            body(thread, index);
        }
    }
}

impl Shared {
    /// A worker's life.
    fn work(&self, thread: usize) {
        let mut seen = 0;
        while let Some(number) = self.wait(thread, seen) {
            seen = number;
            self.now.enter(number, |count, body| self.guard(|| self.now.claim(thread, count, body)));
        }
    }

    /// Takes from the loop beside until `done`, or until nothing is left of it.
    fn help(&self, thread: usize, done: &dyn Fn() -> bool) {
        let Some(number) = self.aside.number() else { return };
        self.aside.enter(number, |count, body| {
            self.guard(|| {
                while !done() {
                    match self.aside.next(thread, count) {
                        Some(index) => body(thread, index),
                        None => return self.aside.shut(),
                    }
                }
            });
        });
    }

    /// Part of a loop, whose panic is its caller's.
    fn guard(&self, part: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(part)).is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
    }

    /// The number of the next open loop after `seen`; `None` when the pool ends.
    fn wait(&self, thread: usize, seen: u64) -> Option<u64> {
        let news = || self.now.number().filter(|&number| number != seen);
        let mut spins = 0;
        loop {
            if self.ended.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(number) = news() {
                return Some(number);
            }
            self.help(thread, &|| news().is_some());
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
        let idle = self.now.number().is_none_or(|number| number == seen);
        if idle && !self.ended.load(Ordering::SeqCst) {
            thread::park();
        }
        self.parked.fetch_sub(1, Ordering::SeqCst);
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
    fn a_loop_beside_others_is_complete_when_they_are() {
        for threads in [1, 2, 3, 7] {
            let pool = Pool::new(threads);
            for count in [0, 1, 5, 100] {
                let [inner, outer] = [(); 2].map(|()| AtomicUsize::new(0));
                let add = |sum: &AtomicUsize, i| _ = sum.fetch_add(i + 1, Ordering::Relaxed);
                for _ in 0..100 {
                    let result = pool.beside(count, &|i| add(&outer, i), || {
                        (0..5).for_each(|_| pool.run(10, &|i| add(&inner, i)));
                        17
                    });
                    assert_eq!(result, 17);
                }
                assert_eq!(inner.into_inner(), 100 * 5 * 55, "{threads} threads");
                assert_eq!(
                    outer.into_inner(),
                    100 * (1..=count).sum::<usize>(),
                    "{threads} threads, {count} indices"
                );
            }
        }
    }

    #[test]
    fn a_panic_beside_reaches_the_caller_and_the_pool_survives() {
        let pool = Pool::new(2);
        let bad = |i| assert!(i != 17, "as planned");
        let panicked = catch_unwind(AssertUnwindSafe(|| pool.beside(64, &bad, || pool.run(64, &|_| {}))));
        assert!(panicked.is_err());
        let panicked = catch_unwind(AssertUnwindSafe(|| pool.beside(9, &|_| {}, || bad(17))));
        assert!(panicked.is_err());
        let sum = AtomicUsize::new(0);
        let add = |i| _ = sum.fetch_add(i, Ordering::Relaxed);
        pool.beside(64, &add, || pool.run(64, &add));
        assert_eq!(sum.into_inner(), 64 * 63);
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
