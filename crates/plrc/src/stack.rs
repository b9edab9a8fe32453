//! Room for walks that go as deep as definitions stand on one another, and as a network has layers.

use std::process::ExitCode;
use std::thread;

/// Tens of thousands of definitions deep. The system gives memory only for what is used of it.
const BYTES: usize = 1 << 28;

/// Runs something on a stack of that size; where the system has none, on that of this thread.
pub fn with_room(run: fn() -> ExitCode) -> ExitCode {
    match thread::Builder::new().name("main".to_owned()).stack_size(BYTES).spawn(run) {
        // A panic has been reported by the hook.
        Ok(running) => running.join().unwrap_or(ExitCode::from(101)),
        Err(_) => run(),
    }
}
