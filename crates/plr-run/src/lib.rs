//! Owns what lives through time: state, phases, random streams, data, checkpoints, metrics, checks.
//!
//! Nothing here knows the source language or the terminal: a session is given a checked program, a back end and a
//! data set, and returns numbers and errors as values.

pub mod atomic_file;
pub mod backend;
pub mod check;
pub mod compare;
pub mod data;
pub mod draws;
pub mod init;
pub mod metrics;
pub mod perturb;
pub mod probe;
pub mod room;
pub mod session;
pub mod weights;
