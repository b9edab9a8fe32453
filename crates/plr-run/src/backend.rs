//! Where programs run, and one program made ready to run there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plr_ir::choices::Choices;
use plr_ir::tensor::Data;
use plr_ir::{Block, Op, Program, Tensor, Type, Value};

use crate::room::{self, NoRoom};

/// Arrays by name.
pub type Arrays = BTreeMap<String, Tensor>;

/// Where programs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Compiled code.
    Jit {
        /// How many threads share a minibatch, at least 1; results do not depend on it.
        threads: usize,
    },
    /// The reference interpreter.
    Interpreter,
}

impl Backend {
    /// How many threads it has.
    pub fn threads(self) -> usize {
        match self {
            Self::Jit { threads } => threads,
            Self::Interpreter => 1,
        }
    }
}

/// What random draws depend on beside the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The seed of the run.
    pub seed: u64,
    /// How many updates came before, modulo 2³².
    pub update: u32,
}

/// Why a program could not be made ready or run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunError {
    /// The numbers of the program do not fit into memory.
    NoRoom {
        /// The program's name.
        program: String,
        /// How many there are.
        room: NoRoom,
    },
    /// This machine or its system cannot run compiled code.
    Machine {
        /// What the back end said.
        reason: String,
    },
    /// The program could not be compiled: a mistake of the compiler.
    Compile {
        /// The program's name.
        program: String,
        /// Its text form.
        text: String,
        /// What the back end said.
        reason: String,
    },
    /// The program could not be run: a mistake of the compiler.
    Execute {
        /// The program's name.
        program: String,
        /// Its text form.
        text: String,
        /// What the back end said.
        reason: String,
    },
    /// An input of the program has no array.
    MissingInput {
        /// The program's name.
        program: String,
        /// The input.
        input: String,
    },
}

impl RunError {
    /// Whether it is a mistake of the compiler.
    pub fn is_bug(&self) -> bool {
        match self {
            Self::NoRoom { .. } | Self::Machine { .. } => false,
            Self::Compile { .. } | Self::Execute { .. } | Self::MissingInput { .. } => true,
        }
    }

    /// The text form of the program that shows the mistake.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Compile { text, .. } | Self::Execute { text, .. } => Some(text),
            Self::NoRoom { .. } | Self::Machine { .. } | Self::MissingInput { .. } => None,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { program, room } => write!(f, "the program `{program}` needs {room}"),
            Self::Machine { reason } => f.write_str(reason),
            Self::Compile { program, reason, .. } => {
                write!(f, "compiler bug: the program `{program}` could not be compiled: {reason}")
            }
            Self::Execute { program, reason, .. } => {
                write!(f, "compiler bug: the program `{program}` could not be run: {reason}")
            }
            Self::MissingInput { program, input } => {
                write!(f, "compiler bug: the program `{program}` has an input `{input}` that nobody provides")
            }
        }
    }
}

impl std::error::Error for RunError {}

/// A program made ready on a back end, with room for its outputs.
#[derive(Debug)]
pub struct Runner {
    program: Program,
    engine: Engine,
    outputs: Vec<Tensor>,
    /// Outputs that hold inputs before a run, and those inputs.
    renewed: Vec<(usize, usize)>,
    compile_time: Duration,
}

#[derive(Debug)]
enum Engine {
    Compiled(Box<plr_jit::Executable>),
    Interpreted,
}

impl Runner {
    /// Compiles the program, or takes it as it is for the interpreter.
    ///
    /// # Errors
    /// [`RunError::NoRoom`], [`RunError::Machine`] and [`RunError::Compile`].
    pub fn new(program: Program, backend: Backend) -> Result<Self, RunError> {
        Self::with(program, backend, Choices::default(), false)
    }

    /// As [`Self::new`], compiled as told. In place, an output that has the name of an input holds it before a run:
    /// [`Self::renewed`] says which, and the input is not among those given.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(
        program: Program,
        backend: Backend,
        choices: Choices,
        in_place: bool,
    ) -> Result<Self, RunError> {
        let start = Instant::now();
        let engine = match backend {
            Backend::Interpreter => {
                check_room(&program, &program.values)?;
                Engine::Interpreted
            }
            Backend::Jit { threads } => {
                let options = plr_jit::Options { threads, choices, in_place, ..plr_jit::Options::default() };
                Engine::Compiled(Box::new(compile(&program, options)?))
            }
        };
        let compile_time = start.elapsed();
        let room = |&v: &Value| Tensor::zeros(program.type_of(v).dims.clone(), program.precision);
        let outputs = program.body.results.iter().map(room).collect();
        let renewed = if in_place { renewed(&program) } else { Vec::new() };
        Ok(Self { program, engine, outputs, renewed, compile_time })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The output of that name, as the last run left it.
    pub fn output(&self, name: &str) -> Option<&Tensor> {
        self.program.outputs.iter().position(|n| n == name).map(|at| &self.outputs[at])
    }

    /// Outputs that hold inputs before a run, and those inputs.
    pub fn renewed(&self) -> &[(usize, usize)] {
        &self.renewed
    }

    /// The outputs: where they hold inputs, these are exchanged here.
    pub fn outputs(&mut self) -> &mut [Tensor] {
        &mut self.outputs
    }

    /// How long making it ready took.
    pub fn compile_time(&self) -> Duration {
        self.compile_time
    }

    /// The threads that run the program, if it is compiled.
    pub fn pool(&self) -> Option<&Arc<plr_jit::Pool>> {
        match &self.engine {
            Engine::Compiled(executable) => Some(executable.pool()),
            Engine::Interpreted => None,
        }
    }

    /// Runs the program on inputs in the program's order, without those that outputs hold, and returns its outputs in the
    /// program's order.
    ///
    /// # Errors
    /// [`RunError::Execute`].
    pub fn run(&mut self, inputs: &[&Tensor], context: Context) -> Result<&mut [Tensor], RunError> {
        let Context { seed, update } = context;
        match &mut self.engine {
            Engine::Compiled(executable) => executable
                .run(inputs, &mut self.outputs, plr_jit::Context { seed, update })
                .map_err(|e| execute_error(&self.program, &e))?,
            Engine::Interpreted => {
                let mut given = inputs.iter().copied();
                let held = |input| self.renewed.iter().find(|(_, renewed)| *renewed == input);
                let all: Vec<&Tensor> = (0..self.program.inputs.len())
                    .filter_map(|i| {
                        held(i).map(|&(output, _)| &self.outputs[output]).or_else(|| given.next())
                    })
                    .collect();
                self.outputs = plr_interp::evaluate(
                    &self.program,
                    &all,
                    plr_interp::Context { seed, update, draws: None },
                )
                .map_err(|e| execute_error(&self.program, &e))?;
            }
        }
        Ok(&mut self.outputs)
    }

    /// Runs the program on inputs found by name and returns its outputs by name. Arrays that are no inputs are
    /// ignored.
    ///
    /// # Errors
    /// [`RunError::MissingInput`], [`RunError::Execute`].
    pub fn run_named(&mut self, arrays: &Arrays, context: Context) -> Result<Arrays, RunError> {
        let inputs = bind(&self.program, arrays)?;
        self.run(&inputs, context)?;
        Ok(self.program.outputs.iter().cloned().zip(self.outputs.iter().cloned()).collect())
    }
}

/// The outputs and inputs that have a name in common, by position.
fn renewed(program: &Program) -> Vec<(usize, usize)> {
    let input = |name: &String| program.inputs.iter().position(|input| input == name);
    let outputs = program.outputs.iter().enumerate();
    outputs.filter_map(|(output, name)| Some((output, input(name)?))).collect()
}

/// Compiles a program whose numbers may take as much memory as is free; what it is given and what it gives must have room too.
///
/// # Errors
/// [`RunError::NoRoom`], [`RunError::Machine`] and [`RunError::Compile`].
pub fn compile(program: &Program, options: plr_jit::Options) -> Result<plr_jit::Executable, RunError> {
    for values in [&program.body.parameters, &program.body.results] {
        check_room(program, values.iter().map(|&value| program.type_of(value)))?;
    }
    let free = room::free();
    let options = plr_jit::Options { memory: usize::try_from(free).unwrap_or(usize::MAX), ..options };
    plr_jit::Executable::compile(program, &options).map_err(|error| match error {
        plr_jit::Error::Memory { bytes } => {
            RunError::NoRoom { program: program.name.clone(), room: NoRoom { needed: bytes as u64, free } }
        }
        plr_jit::Error::UnsupportedHost { .. } | plr_jit::Error::ExecutableMemory { .. } => {
            RunError::Machine { reason: error.to_string() }
        }
        plr_jit::Error::Codegen { .. }
        | plr_jit::Error::Unverified { .. }
        | plr_jit::Error::Count { .. }
        | plr_jit::Error::Mismatch { .. } => RunError::Compile {
            program: program.name.clone(),
            text: program.to_string(),
            reason: error.to_string(),
        },
    })
}

/// Whether there is memory for values of these types.
pub(crate) fn check_room<'a>(
    program: &Program,
    types: impl IntoIterator<Item = &'a Type>,
) -> Result<(), RunError> {
    let width = program.precision.bytes() as u64;
    let bytes =
        types.into_iter().map(|ty| width.saturating_mul(ty.count() as u64)).fold(0, u64::saturating_add);
    room::check(bytes).map_err(|room| RunError::NoRoom { program: program.name.clone(), room })
}

pub(crate) fn execute_error(program: &Program, reason: &dyn fmt::Display) -> RunError {
    RunError::Execute { program: program.name.clone(), text: program.to_string(), reason: reason.to_string() }
}

/// The arrays a program takes, in the order of its inputs.
pub(crate) fn bind<'a>(program: &Program, arrays: &'a Arrays) -> Result<Vec<&'a Tensor>, RunError> {
    let missing =
        |input: &String| RunError::MissingInput { program: program.name.clone(), input: input.clone() };
    program.inputs.iter().map(|name| arrays.get(name).ok_or_else(|| missing(name))).collect()
}

/// The only element of a scalar.
pub(crate) fn number(scalar: &Tensor) -> f64 {
    match &scalar.data {
        Data::F32(elements) => f64::from(elements[0]),
        Data::F64(elements) => elements[0],
    }
}

/// Whether anything in the program depends on an input of that name.
pub(crate) fn reads_input(program: &Program, name: &str) -> bool {
    program.input(name).is_some_and(|value| block_reads(&program.body, value))
}

fn block_reads(block: &Block, value: Value) -> bool {
    let operation_reads = |op: &Op| {
        let mut found = false;
        op.for_each_operand(|operand| found |= operand == value);
        found || matches!(op, Op::Repeat(repeat) if block_reads(&repeat.body, value))
    };
    block.results.contains(&value) || block.operations.iter().any(|operation| operation_reads(&operation.op))
}
