//! Compiled programs, and calling them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plr_ir::choices::Choices;
use plr_ir::program::Program;
use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor, Type};

use crate::codegen::{Code, Compiler, KernelText};
use crate::error::Error;
use crate::execute::{Buffers, Run};
use crate::lower::lower;
use crate::memory::Place;
use crate::plan::Plan;
use crate::pool::Pool;
use crate::tile::Workspace;

/// How to compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many threads share the work, the caller's included; 0 counts as 1. Results do not depend on it.
    pub threads: usize,
    /// Whether the code generator checks its input: for debugging and tests.
    pub verify_clif: bool,
    /// Whether the text of each kernel is kept for [`Executable::kernels`].
    pub keep_text: bool,
    /// What is done for speed.
    pub choices: Choices,
    /// Whether an output that has the name of an input takes its memory: then the tensor that is given for the output holds the
    /// input, and the input is not among those given.
    pub in_place: bool,
    /// The most bytes that the values of the program may take, inputs and outputs not counted.
    pub memory: usize,
}

impl Default for Options {
    /// One thread; checks in debug builds only; no text; as much memory as the system gives.
    fn default() -> Self {
        Self {
            threads: 1,
            verify_clif: cfg!(debug_assertions),
            keep_text: false,
            choices: Choices::default(),
            in_place: false,
            memory: usize::MAX,
        }
    }
}

/// What a run depends on besides its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The seed of all random numbers.
    pub seed: u64,
    /// The number of the update, which separates the draws of different runs.
    pub update: u32,
}

/// How long compilation took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileTime {
    /// From the program to the plan, all kernels generated.
    pub planning: Duration,
    /// Until their code was executable.
    pub linking: Duration,
}

/// A program as machine code with its own memory.
pub struct Executable {
    plan: Plan,
    code: Code,
    buffers: Buffers,
    workspaces: Vec<Workspace>,
    pool: Arc<Pool>,
    /// The types of inputs and outputs.
    types: [Vec<Type>; 2],
    /// By input: which of those given it is; `None` for one that an output holds.
    given: Vec<Option<usize>>,
    compile_time: CompileTime,
}

impl fmt::Debug for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executable").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Compiles a program for this machine.
pub fn compile(program: &Program, options: &Options) -> Result<Executable, Error> {
    Executable::compile(program, options)
}

impl Executable {
    /// Compiles a program for this machine.
    ///
    /// # Errors
    /// If the program is not a verified one, or the machine or its system cannot run compiled code.
    pub fn compile(program: &Program, options: &Options) -> Result<Self, Error> {
        plr_ir::verify::verify(program).map_err(|violations| Error::Unverified {
            program: program.name.clone(),
            violations: violations.iter().map(ToString::to_string).collect(),
        })?;
        let begin = Instant::now();
        let mut compiler = Compiler::new(options)?;
        let mut lowered = lower(program, options.choices);
        if options.in_place {
            lowered.renewed = renewed(program);
        }
        let plan = Plan::build(program, &lowered, options.choices, &mut compiler)?;
        let planning = begin.elapsed();
        let code = compiler.finish()?;
        let compile_time = CompileTime { planning, linking: begin.elapsed() - planning };
        let types_of = |values: &[_]| values.iter().map(|&value| program.type_of(value).clone()).collect();
        let pool = Pool::shared(options.threads.max(1));
        let (tiles, threads) = (plan.tiles(), pool.threads());
        let of_tiles = tiles.iter().map(|step| step.most_bytes(threads));
        let bytes = of_tiles.fold(plan.memory.arena, usize::saturating_add);
        if bytes > options.memory {
            return Err(Error::Memory { bytes });
        }
        let workspaces = tiles.into_iter().map(|step| Workspace::new(step, threads));
        let workspaces = workspaces.collect::<Result<_, _>>()?;
        Ok(Self {
            workspaces,
            buffers: Buffers::new(&plan)?,
            plan,
            code,
            pool,
            types: [types_of(&program.body.parameters), types_of(&program.body.results)],
            given: given(program, &lowered.renewed),
            compile_time,
        })
    }

    /// Runs the program once. Inputs and outputs are in the program's order and have its dimensions and precision, inputs that
    /// outputs hold left out ([`Options::in_place`]); whatever is in the other outputs is overwritten. Nothing is allocated but by the matrix library.
    ///
    /// # Errors
    /// If number, dimensions or precision of inputs or outputs are not the program's; then nothing has happened.
    pub fn run(&mut self, inputs: &[&Tensor], outputs: &mut [Tensor], context: Context) -> Result<(), Error> {
        let [input_names, output_names] = &self.plan.names;
        let precision = self.plan.precision;
        let given = || self.given.iter().enumerate().filter(|(_, given)| given.is_some()).map(|(i, _)| i);
        let names = given().map(|i| &input_names[i]);
        check("inputs", names, given().map(|i| &self.types[0][i]), inputs.iter().copied(), precision)?;
        check("outputs", output_names.iter(), self.types[1].iter(), outputs.iter(), precision)?;
        for (i, place) in self.plan.memory.places.iter().enumerate() {
            match place {
                // The plan never writes to an input: a cast to a mutable pointer, not a mutable access.
                Place::Input(input) => {
                    let given = self.given[*input].map(|given| address(inputs[given]).cast_mut());
                    self.buffers.set(i, given.unwrap_or(std::ptr::null_mut()));
                }
                Place::Output(output) => self.buffers.set(i, address_mut(&mut outputs[*output])),
                Place::Arena(at) => self.buffers.set_in_arena(i, *at),
                Place::View => {}
            }
        }
        let mut run = Run {
            precision,
            entries: &self.code.entries,
            pool: &self.pool,
            buffers: &mut self.buffers,
            workspaces: &mut self.workspaces,
            bytes: &self.plan.memory.bytes,
            context,
            in_use: 0,
        };
        // SAFETY: every buffer has just been set to memory as large as the plan says: the tensors were checked, the arena was
        // made for this plan, and all of them stay borrowed until the run ends.
        unsafe { run.steps(&self.plan.steps) };
        self.settle(outputs);
        Ok(())
    }

    /// The threads that run the program.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Copies to the caller those outputs that are elsewhere: buffers that changed roles in a loop. Memory of an output that
    /// serves another buffer of such a loop is overwritten last.
    fn settle(&self, outputs: &mut [Tensor]) {
        let memory = &self.plan.memory;
        let in_place = |i: &usize| memory.places[self.plan.outputs[*i].index()] == Place::Output(*i);
        let (direct, others): (Vec<usize>, Vec<usize>) = (0..outputs.len()).partition(in_place);
        for i in others.into_iter().chain(direct) {
            let buffer = self.plan.outputs[i].index();
            let (from, to) = (self.buffers.get(buffer), address_mut(&mut outputs[i]));
            if !std::ptr::eq(from, to) {
                // SAFETY: both are as large as the buffer; they are different buffers' memory, so apart.
                unsafe { std::ptr::copy_nonoverlapping(from, to, memory.bytes[buffer]) };
            }
        }
    }

    /// What a run does, for people.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The text of every distinct kernel; empty unless [`Options::keep_text`] was set.
    pub fn kernels(&self) -> &[KernelText] {
        &self.code.texts
    }

    /// Cranelift's intermediate form of all kernels; empty unless [`Options::keep_text`] was set.
    pub fn clif(&self) -> String {
        self.code.texts.iter().map(|text| format!("; {}\n{}\n", text.name, text.clif)).collect()
    }

    /// The machine's instructions of all kernels; empty unless [`Options::keep_text`] was set.
    pub fn asm(&self) -> String {
        self.code.texts.iter().map(|text| format!("; {}\n{}\n", text.name, text.asm)).collect()
    }

    /// How long compilation took.
    pub fn compile_time(&self) -> CompileTime {
        self.compile_time
    }
}

/// The inputs and outputs that have a name in common, by position.
fn renewed(program: &Program) -> Vec<(usize, usize)> {
    let output = |name: &String| program.outputs.iter().position(|output| output == name);
    let inputs = program.inputs.iter().enumerate();
    inputs.filter_map(|(input, name)| Some((input, output(name)?))).collect()
}

/// By input: which of those that are given it is.
fn given(program: &Program, renewed: &[(usize, usize)]) -> Vec<Option<usize>> {
    let mut next = 0..;
    let held = |input: usize| renewed.iter().any(|&(renewed, _)| renewed == input);
    (0..program.inputs.len()).map(|input| if held(input) { None } else { next.next() }).collect()
}

/// An error unless the tensors are those that the program expects.
fn check<'t>(
    of: &'static str,
    names: impl Iterator<Item = &'t String>,
    types: impl Iterator<Item = &'t Type> + Clone,
    tensors: impl ExactSizeIterator<Item = &'t Tensor>,
    precision: Precision,
) -> Result<(), Error> {
    let count = types.clone().count();
    if tensors.len() != count {
        return Err(Error::Count { of, expected: count, found: tensors.len() });
    }
    let mut expected = names.zip(types).zip(tensors);
    expected.try_for_each(|((name, ty), tensor)| Error::unless_fits(name, tensor, &ty.dims, precision))
}

/// Where a tensor's elements begin.
fn address(tensor: &Tensor) -> *const u8 {
    match &tensor.data {
        Data::F32(x) => x.as_ptr().cast(),
        Data::F64(x) => x.as_ptr().cast(),
    }
}

/// Where a tensor's elements begin, for writing.
fn address_mut(tensor: &mut Tensor) -> *mut u8 {
    match &mut tensor.data {
        Data::F32(x) => x.as_mut_ptr().cast(),
        Data::F64(x) => x.as_mut_ptr().cast(),
    }
}
