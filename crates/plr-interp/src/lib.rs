//! Says what a program means, as plainly as possible, and differentiates a run of it in reverse: the oracle that
//! compiled code and local learning rules are measured against.
//!
//! # Evaluation
//!
//! The meaning of every operation is stated in the head of [`plr_ir`]. Loops and maps are control: they come down to
//! runs of primitive operations on whole arrays, and each of these is one short function.
//! Nothing is fused, reordered or computed in place. A loop's tolerance is rounded to the program's precision, as every
//! constant is, and a residual that is not a number is never below it.
//!
//! # Differentiation
//!
//! [`gradient`] records the primitive operations that its wanted inputs reach, in the order in which they ran, each
//! with its operands and its value, and then passes cotangents back through the record, last operation first. Loops
//! need no rule: the record holds every step that ran. The number of steps is not differentiated.
//!
//! Where a function has a kink, the derivative is that of the branch that gave the value:
//!
//! | operation | at | derivative |
//! |---|---|---|
//! | `abs` | 0 | 0 |
//! | `max(a, b)`, `min(a, b)` | `a = b` | all to `a`, which is the value returned |
//! | `sign`, `floor`, `round`, comparisons, `rank` | everywhere | 0 |
//! | `select` | everywhere | all to the chosen operand, 0 to the other and to the condition |
//! | `detach` | everywhere | to the path, if there is one, times its slope; 0 to the value |
//! | `sqrt` | 0 | 0, so that a norm of zeros has a derivative |
//! | `log`, `div` | 0 | what the closed form gives: ∞ or NaN |
//! | `pow(a, b)` by `a` | `b = 0` | 0, for every `a` |
//! | `pow(a, b)` by `b` | `a = 0` | 0, the limit for positive `b`; NaN for `a < 0` |
//! | reduction or pooling by `max` or `min` | several equal elements | all to the first of them |
//! | `random` | everywhere | 0: draws are constants |
//!
//! Cotangents of a value used several times add up. An input that does not reach a seeded output has gradient zero.
//!
//! # Expectation
//!
//! [`expectation`] goes through all outcomes of a program's draws, where each is compared with a threshold and nothing
//! else, and gives the mean of what it returns, exactly but for rounding.
//!
//! # Programs are verified
//!
//! What the user supplies, tensors and names, is checked, and a misfit is an [`Error`]. Programs come from the compiler
//! and have passed the verifier of [`plr_ir`]; one that would not is a mistake of the compiler, on which these
//! functions panic.

mod axes;
mod contract;
mod convolve;
mod datum;
mod elementwise;
mod enumeration;
mod error;
mod interpreter;
mod map;
mod number;
mod primitive;
mod random;
mod rank;
mod reduce;
mod repeat;
mod reverse;
mod slice;

pub use enumeration::{Unenumerable, expectation};
pub use error::Error;
pub use reverse::{Differentiated, gradient, vjp};

use plr_ir::{Precision, Program, Tensor};

use interpreter::Interpreter;
use number::Number;

/// What a run's random draws depend on beside the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The seed of the run.
    pub seed: u64,
    /// How many updates came before.
    pub update: u32,
    /// In which precision numbers are drawn, if not in that of the program: the draws of a run in f32 are others than those of
    /// one in f64.
    pub draws: Option<Precision>,
}

/// The outputs of a program, in order, from its inputs, in order.
///
/// # Errors
///
/// If the inputs are not as many as the program has, or one has another precision or other dimensions than the
/// program says, or not as many elements as its own dimensions.
///
/// # Panics
///
/// If the program does not pass the verifier.
pub fn evaluate(program: &Program, inputs: &[&Tensor], context: Context) -> Result<Vec<Tensor>, Error> {
    match program.precision {
        Precision::F32 => evaluate_as::<f32>(program, inputs, context),
        Precision::F64 => evaluate_as::<f64>(program, inputs, context),
    }
}

/// As [`evaluate`], with the program's precision as a type.
fn evaluate_as<T: Number>(
    program: &Program,
    inputs: &[&Tensor],
    context: Context,
) -> Result<Vec<Tensor>, Error> {
    let inputs = number::arrays::<T>(program, inputs)?;
    let outputs = Interpreter::new(program, inputs, context).run();
    Ok(outputs.iter().map(|output| output.datum.to_tensor()).collect())
}
