//! Defines what a checked program *is*: its types, its operations and their meaning, its text form, its verifier,
//! the passes over it, and the meaning of each scalar operation.
//!
//! # What a program is
//!
//! A [`Program`] is a pure function from named input tensors to named output tensors: one presentation of one
//! minibatch under one rule on one network, or a piece of it. Everything static is a constant in it: shapes, the batch
//! size, hyper-parameters, the number of steps.
//!
//! 1. **Values are immutable.** Every [`Value`] is defined once, by an input, by an operation, or as a parameter of a
//!    block. A state that a phase does not write *is* the same value before and after the phase; in particular a
//!    clamped variable is one value in all phases, and nothing has to be analysed to see it.
//! 2. **Shapes are static.** A value has an element kind ([`Elem`]) and dimensions ([`Type`]), row-major, the batch
//!    first where there is one. A rank-0 value is a scalar. Every dimension is at least 1.
//! 3. **One precision.** All `real` values of a program have the program's [`Precision`]. Constants are written in
//!    f64 and rounded to it (R12.1).
//! 4. **No implicit broadcasting.** Operands of element-wise operations have equal types; [`Op::Broadcast`] says where
//!    axes come from.
//! 5. **Element-wise operations** mean what [`scalar`] says, element by element, bit for bit, in every back end.
//! 6. **Contractions** ([`Op::Contract`]) are sums of products over the labels missing from the result. A sum of one term is
//!    that term; others start from +0, and their order of summation is not specified; each result is within `n·ε·Σ|a·b|` of the
//!    exact sum, `n` the number of terms and `ε` the unit round-off times 2, and does not depend on the number of threads (R12.7).
//! 7. **Reductions** ([`Op::Reduce`]) run sequentially in row-major order of the reduced axes, starting from the first
//!    element; both back ends agree bit for bit. `max` and `min` are those of [`scalar`].
//! 8. **Ranks** ([`Op::Rank`]) are the numbers 0, 1, 2, … of the elements of each row, which is what the last axis runs
//!    through: larger elements come before smaller ones, every number before a NaN, and of elements neither of which is larger
//!    (two zeros of different signs, two NaN) the one of the lower index. Ranks are rounded to the precision, which
//!    changes none below 2²⁴.
//! 9. **Running sums** ([`Op::RunningSum`]) add the elements along an axis in their order, starting from the first element;
//!    both back ends agree bit for bit.
//! 10. **Convolutions** ([`Op::Convolve`]) are the three sums of one form, `Σ low[b, c, y, x] · high[b, d, v, u] ·
//!     kernel[d, c, i, j]` over all `y = s·v + i − p`, `x = s·u + j − p` inside the low layer, where `s` is the stride and `p`
//!     the padding: each is the sum over all indices that its result does not have. Low and high units are one axis,
//!     `[batch, units]`, channel by channel and row by row. A *local* one has `kernel[h, c, i, j]` for each high unit
//!     `h = (d, v, u)`, which no other unit shares. The order of summation and the error are as in contractions, `n` being
//!     the largest number of terms.
//! 11. **Pooling** ([`Op::Pool`]) gives for each window its mean or its largest element; [`Op::Unpool`] is the adjoint
//!     of the mean or, by other units, gives the element of each window to the first of them that is the largest there. Sums run in row-major order, of windows or of their elements, from +0, and those of means are then divided by the
//!     number of elements of a window; the largest is found as in reductions. Both back ends agree bit for bit.
//! 12. **Reshaping** ([`Op::Reshape`]) keeps elements and their row-major order.
//! 13. **Slices** ([`Op::Slice`]) are what is at one place along an axis, which they lack, and an [`Op::Insert`] is a tensor with
//!     such a slice replaced. The place is a step number; beyond the end of the axis it is the last one. A **range**
//!     ([`Op::Range`]) is what stands along an axis from a fixed place on, as many places as it has itself. What is **before** a
//!     place ([`Op::Before`]) is the tensor with +0 there and beyond; beyond the end, it is the tensor.
//! 14. **Detached values** ([`Op::Detach`]) are the value itself. Whoever differentiates the program passes no cotangent to
//!     it; where a path is given, he passes the cotangent times the path's second to its first.
//! 15. **Random numbers** ([`Op::Random`]) are a function of the run's seed and update number, the operation's stream,
//!     the `step` operand and the element's row-major index; see [`random`].
//! 16. **Loops** ([`Op::Repeat`]) run their body a static number of times, or until a residual computed in the body
//!     falls below a tolerance or is infinite or NaN, at most that number of times. The body's first parameter is the step's
//!     index, from 0, or in a *reversed* loop, which has no tolerance, from the last one down to 0; the others are the carried
//!     values. With a tolerance, the loop also yields the number of steps that ran and the
//!     last residual.
//! 17. **Nothing else has effects.** A program may be evaluated in any order that respects definitions, in parallel,
//!     or in part when only some outputs are wanted.

pub mod analysis;
pub mod builder;
pub mod cases;
pub mod choices;
pub mod deferred;
#[cfg(feature = "generate")]
pub mod generate;
pub mod geometry;
pub mod model;
pub mod pass;
pub mod program;
pub mod random;
pub mod scalar;
pub mod several;
pub mod tensor;
pub mod text;
pub mod types;
pub mod verify;

pub use program::{Block, Op, Operation, Program, Value};
pub use tensor::Tensor;
pub use types::{Elem, Location, Precision, Type};
