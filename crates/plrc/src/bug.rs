//! What is said when the compiler itself is wrong.

use std::panic;

/// Where the user can help, under every message about a bug.
pub const REQUEST: &str = concat!(
    "this is a bug in plrc ",
    env!("CARGO_PKG_VERSION"),
    ", not in your program; please report it with the command and the files it was given"
);

/// Lets a panic say that it is a bug, and ask for a report.
pub fn install_hook() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        default(info);
        eprintln!("\n{REQUEST}");
    }));
}
