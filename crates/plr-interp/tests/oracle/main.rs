//! The interpreter against independent sources: closed forms, loops written out, enumerations, finite differences.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod closed_forms;
mod contract;
mod convolve;
mod derivatives;
mod elementwise;
mod enumeration;
mod errors;
mod finite_differences;
mod kinks;
mod laws;
mod loops;
mod maps;
mod passes;
mod random;
mod rank;
mod reduce;
mod running_sum;
mod sample;
mod slice;
mod smooth;
