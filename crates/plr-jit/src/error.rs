//! What can go wrong when a program is compiled or run.

use std::fmt;

use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor};

/// A failure of compilation or of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The machine lacks something that compiled code needs.
    UnsupportedHost {
        /// What is missing.
        reason: String,
    },
    /// The system refused executable memory.
    ExecutableMemory {
        /// The system's words.
        reason: String,
    },
    /// There is not enough memory for the values of the program.
    Memory {
        /// How much it needs, or the largest number if that is too large to say.
        bytes: usize,
    },
    /// The code generator refused a kernel: a bug in plrc.
    Codegen {
        /// Which kernel.
        kernel: String,
        /// The generator's words.
        message: String,
    },
    /// The program breaks a guarantee of [`plr_ir::verify`]: a bug in plrc.
    Unverified {
        /// Its name.
        program: String,
        /// What is wrong with it.
        violations: Vec<String>,
    },
    /// A call with the wrong number of inputs or outputs.
    Count {
        /// `inputs` or `outputs`.
        of: &'static str,
        /// How many the program has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A tensor that does not fit its input or output.
    Mismatch {
        /// The name of the input or output.
        name: String,
        /// The program's dimensions and precision.
        expected: (Vec<usize>, Precision),
        /// The tensor's.
        found: (Vec<usize>, Precision),
    },
}

impl Error {
    /// Unless `tensor` has exactly the given dimensions and precision, and all its elements, the mismatch.
    pub(crate) fn unless_fits(
        name: &str,
        tensor: &Tensor,
        dims: &[usize],
        precision: Precision,
    ) -> Result<(), Self> {
        let elements = match &tensor.data {
            Data::F32(elements) => elements.len(),
            Data::F64(elements) => elements.len(),
        };
        if tensor.dims == dims && tensor.precision() == precision && elements == tensor.count() {
            return Ok(());
        }
        Err(Self::Mismatch {
            name: name.to_owned(),
            expected: (dims.to_vec(), precision),
            found: (tensor.dims.clone(), tensor.precision()),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedHost { reason } => write!(f, "this machine cannot run compiled code: {reason}"),
            Self::ExecutableMemory { reason } => write!(f, "no executable memory: {reason}"),
            Self::Memory { bytes } => {
                write!(f, "the program needs {bytes} bytes of memory, more than it may have")
            }
            Self::Codegen { kernel, message } => {
                write!(f, "this is a bug in plrc: the code generator refused kernel {kernel}: {message}")
            }
            Self::Unverified { program, violations } => {
                write!(f, "this is a bug in plrc: program {program} is malformed: {}", violations.join("; "))
            }
            Self::Count { of, expected, found } => {
                write!(f, "the program has {expected} {of}, {found} were given")
            }
            Self::Mismatch { name, expected: (dims, precision), found: (found_dims, found_precision) } => {
                write!(
                    f,
                    "`{name}` is {precision}{dims:?}, the given tensor is {found_precision}{found_dims:?}"
                )
            }
        }
    }
}

impl std::error::Error for Error {}
