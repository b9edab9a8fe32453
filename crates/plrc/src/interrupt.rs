//! Ctrl-C: the first one asks to stop after the minibatch, the second one ends the process.
//!
//! Whoever ends the process in another way finds weights too, as they were at most a second before the epoch at work (R18.1): files
//! are replaced as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::shell::Shell;

/// The exit code of a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// Whether Ctrl-C was pressed.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on; once in a process.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn listen(shell: Shell) -> Result<Self, Failure> {
        let pressed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&pressed);
        ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED);
            }
            shell.remark("stopping after this minibatch; press Ctrl-C again to stop at once");
        })
        .map_err(Failure::Interrupt)?;
        Ok(Self(pressed))
    }

    /// Whether to stop.
    pub fn pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
