//! The text form of programs, `.plir`: [`print()`] writes it and [`parse`] reads it back.
//!
//! ```text
//! program "EP.update" f32 (
//!   %0 "W/input->h1": real[512,784],
//!   %1 "data": real[20,784],
//! ) {
//!   %2: real[20,512] = contract bj,ij->bi %1, %0 @7
//!   %3: real[20,512], %4: index, %5: real = repeat 30 until %9 < 1e-6 (%6: index, %7: real[20,512] = %2) {
//!     %8: real[20,512] = map (%7 axes(0,1), %2 axes(0,1)) {
//!       $0 = input 0
//!       $1 = tanh $0
//!       $2 = input 1
//!       $3 = mul $1, $2
//!       yield $3
//!     }
//!     %9: real = reduce max %8 axes(0,1)
//!     yield %8
//!   }
//!   output "h1" = %3
//! }
//! ```
//!
//! An operation begins with its results and their types; `@7` at its end is its [`Location`](crate::Location), left out
//! where there is none. Line breaks and indentation are for people, `//` begins a comment. In text written by hand a value may
//! have any name of letters, digits and `_` after its `%`.
//!
//! Values are numbered in the order in which the text defines them, and real numbers are written so that they read back to
//! the same bits. Hence `parse(&print(&p))` is `p` for every program that is numbered so, as all that were parsed or
//! [optimised](crate::pass::optimise) are; of any other it is `p` after [`renumber`](crate::analysis::renumber).
//!
//! The parser accepts any program that can be written down, also a senseless one: the rest is for the
//! [verifier](crate::verify) to say. The printer prints any program, also one that the verifier rejects.

mod lex;
mod parse;
mod parse_operation;
mod print;

pub use parse::{ParseError, ParseErrorKind, parse};
pub use print::print;
pub(crate) use print::print_operation;
