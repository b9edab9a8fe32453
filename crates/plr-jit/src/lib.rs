//! Makes the meaning of a program fast: compiles it for this machine with Cranelift and runs it.
//!
//! # From program to run
//!
//! | module | turns | into |
//! |---|---|---|
//! | `tile` | a program | regions that are run for a few samples at a time, each a program of its own |
//! | `lower` | a program | tasks over index spaces; constants and broadcasts vanish into strides, products and what is fleeting into what uses them |
//! | `lifetimes`, `memory` | tasks | buffers: in the caller's memory where possible, overwritten in place where safe |
//! | `codegen` | element-wise code and folds | machine code, each distinct kernel once; `wide` where vectors have 512 bits |
//! | `plan` | all of that | steps |
//! | `execute`, `pool`, `gemm`, `micro`, `apply`, `transpose` | steps | results |
//!
//! `micro` and `apply` are compiled ahead of time, for vectors wider than Cranelift's, and `codegen::wide` writes machine code of
//! its own for them; [`plr_ir::choices`] says what can be
//! left out on the command line, and `plrc emit plan` prints what was done.
//!
//! # What holds
//!
//! 1. **Element-wise results have the interpreter's bits**: the scalar functions of [`plr_ir::scalar`] run on a machine that
//!    emits instructions. Vectors and remainders of loops use the same instructions.
//! 2. **Reductions have the interpreter's bits**: vectors lie across kept axes only, folded axes run in row-major order.
//! 3. **Contractions** are within the bound that [`plr_ir`] states. Those of our own kernels are one chain of fused
//!    multiply-adds for each element, on every machine that has the kernels, however the matrix is cut up.
//! 4. **The number of threads changes nothing**: element-wise code is split by elements, folds by results, matrix products
//!    and samples into blocks and tiles that follow from the shape alone.
//! 5. Truth values are in memory words as wide as a real, all ones or all zeros.
//! 6. A host thread that flushes subnormal numbers to zero gets other results; nothing here sets such a mode.

mod aligned;
mod apply;
mod arena;
mod codegen;
mod convolve;
mod error;
mod executable;
mod execute;
mod gemm;
mod lifetimes;
mod link;
mod lower;
mod memory;
mod micro;
mod plan;
mod pool;
mod rank;
mod space;
mod tile;
mod transpose;
mod window;

pub use aligned::Aligned;
pub use codegen::KernelText;
pub use error::Error;
pub use executable::{CompileTime, Context, Executable, Options, compile};
pub use plan::Plan;
pub use pool::Pool;
