//! Ctrl-C, and the signal that ends processes: the first one asks a run to stop after the minibatch, the second one ends the process.
//!
//! Whoever ends the process in another way finds weights too, as they were at most a second before the epoch at work (R18.1): files
//! are replaced as a whole.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::shell::Shell;

/// The exit code of a process that was interrupted.
const INTERRUPTED: i32 = 130;
/// Whether a run is to stop.
static PRESSED: AtomicBool = AtomicBool::new(false);

/// A run that listens.
#[derive(Clone, Copy, Debug)]
pub struct Interrupt(());

impl Interrupt {
    /// Listens from now on; once in a process.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn listen(shell: Shell) -> Result<Self, Failure> {
        ctrlc::set_handler(move || press(shell)).map_err(Failure::Interrupt)?;
        termination::listen(shell);
        Ok(Self(()))
    }

    /// Whether to stop.
    pub fn pressed(self) -> bool {
        PRESSED.load(Ordering::Relaxed)
    }
}

/// Once more, and there is no patience left.
fn press(shell: Shell) {
    if PRESSED.swap(true, Ordering::Relaxed) {
        std::process::exit(INTERRUPTED);
    }
    shell.remark("stopping after this minibatch; press Ctrl-C again to stop at once");
}

/// SIGTERM, by which schedulers end processes.
#[cfg(unix)]
pub mod termination {
    use std::sync::OnceLock;
    use std::thread;

    use nix::sys::signal::{SigSet, Signal};

    use super::press;
    use crate::shell::Shell;

    /// The exit code of a process that was ended by it.
    const TERMINATED: i32 = 128 + Signal::SIGTERM as i32;
    /// What a run has to say, if one listens.
    static LISTENING: OnceLock<Shell> = OnceLock::new();

    /// Lets a thread of its own wait for the signal, and no other thread be ended by it: those that come after have the mask of the one
    /// that calls this.
    pub fn take_over() {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTERM);
        // Where that cannot be done the signal ends the process, as ever.
        if signals.thread_block().is_err() {
            return;
        }
        let wait = move || {
            while signals.wait().is_ok() {
                match LISTENING.get() {
                    Some(shell) => press(*shell),
                    None => std::process::exit(TERMINATED),
                }
            }
        };
        if thread::Builder::new().spawn(wait).is_err() {
            // With nobody to wait for it, it ends the process, too.
            let _ = signals.thread_unblock();
        }
    }

    /// From now on it asks a run to stop.
    pub(super) fn listen(shell: Shell) {
        let _ = LISTENING.set(shell);
    }
}

/// There is no such signal.
#[cfg(not(unix))]
pub mod termination {
    use crate::shell::Shell;

    /// Nothing ends the process so.
    pub fn take_over() {}

    pub(super) fn listen(_shell: Shell) {}
}
