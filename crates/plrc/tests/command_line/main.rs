//! The compiled program as its users meet it: newcomers, scripts, and those who mean harm.
//!
//! Whatever it is given, it ends with a code of its own and a sentence, never with a panic; [`workplace`] holds every
//! run to that.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]
#![allow(clippy::disallowed_methods, reason = "the platform's functions are the independent source here")]

mod arguments;
mod data_files;
mod interruption;
mod outputs;
mod probe;
mod reproducibility;
mod sources;
mod workplace;
