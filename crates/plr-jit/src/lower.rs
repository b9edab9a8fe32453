//! From a program to tasks: what has to be computed, over which index spaces, before anything is said about memory or
//! machine code.
//!
//! Constants and broadcasts compute nothing: their users read a number, or walk through the original with another stride.
//! They become values of their own only where a task needs them in memory.

mod aligned;
mod block;
mod contraction;
mod elementwise;
mod fleeting;
mod fold;
mod link;
mod picked;
mod places;
mod rank;
mod running;
mod spatial;
mod task;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use plr_ir::choices::Choices;
use plr_ir::program::{Block, Op, Operation, Program, ReduceKind, Repeat, Value};
use plr_ir::{Elem, Type};

use crate::memory::Memory;
use crate::tile::{self, Known, Region, Section};
pub(crate) use block::{BlockTask, MOST_OPERANDS, MOST_PRODUCTS};
use elementwise::Code;
pub(crate) use elementwise::{MapOperand, MapTask};
pub(crate) use picked::{Pick, PickedTask};
pub(crate) use task::{
    Carried, ConvolveTask, FoldTask, GemmTask, RepeatTask, Rows, SliceTask, Slot, Task, Terms, UntilTask,
};

/// A program as tasks.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// The types of all values.
    pub(crate) types: Vec<Type>,
    /// What to do.
    pub(crate) tasks: Vec<Task>,
    /// How many slots there are.
    pub(crate) slots: u32,
    /// The values of the inputs.
    pub(crate) inputs: Vec<Value>,
    /// The values of the outputs: each is defined by a task, and is no other output's.
    pub(crate) outputs: Vec<Value>,
    /// Matrices whose rows are further apart than dense: how far, in elements.
    pub(crate) aligned: HashMap<Value, usize>,
    /// Inputs that may be overwritten, and the outputs that take their memory, by position.
    pub(crate) renewed: Vec<(usize, usize)>,
}

impl Lowered {
    /// How many elements a value has room for.
    pub(crate) fn room(&self, value: Value) -> usize {
        let ty = &self.types[value.index()];
        self.aligned.get(&value).map_or(ty.count(), |&apart| ty.dims[0].saturating_mul(apart))
    }
}

/// Where a value's elements are.
#[derive(Clone, Debug)]
enum View {
    /// The same number everywhere.
    Constant(f64),
    /// Elements of a stored value; its axis `i` is axis `axes[i]` of this one.
    Stored { value: Value, axes: Vec<usize> },
    /// Nowhere: whoever reads an element computes it, by code whose axis `i` is axis `axes[i]` of this one.
    Computed { code: Rc<Code>, axes: Vec<usize> },
    /// A step number.
    Index(Slot),
}

/// Lowers a verified program.
pub(crate) fn lower(program: &Program, choices: Choices) -> Lowered {
    lower_part(program, choices, Part::Whole)
}

/// What of a program is lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it.
    Whole,
    /// A tile of samples, which are last, with lanes for so many.
    Lanes(usize),
    /// A tile of rows.
    Rows,
    /// One of several tiles of rows, each of which goes on with the running sums of the one before.
    RowsInOrder,
}

fn lower_part(program: &Program, choices: Choices, part: Part) -> Lowered {
    let mut lowering = Lowering {
        program,
        choices,
        types: program.values.clone(),
        views: vec![None; program.values.len()],
        blocks: vec![Open::default()],
        slots: 0,
        part,
        transposes: HashMap::new(),
        rows_kept: Vec::new(),
        befores: HashMap::new(),
        fleeting: if choices.fleeting { fleeting::fleeting(program) } else { Vec::new() },
        picked: if choices.picked { picked::picked(program) } else { HashMap::new() },
        aligned: match part {
            Part::Rows if choices.align => aligned::aligned(program),
            Part::Rows | Part::RowsInOrder | Part::Lanes(_) | Part::Whole => HashMap::new(),
        },
    };
    let mut inputs = program.body.parameters.clone();
    inputs.retain(|&input| !lowering.is_step(input));
    inputs.iter().for_each(|&input| lowering.define(input));
    lowering.align_inputs(&inputs);
    if choices.tile {
        tile::sections(program, lowering.known()).into_iter().for_each(|section| lowering.section(section));
    } else {
        lowering.block(&program.body);
    }
    let mut outputs: Vec<Value> = Vec::with_capacity(program.body.results.len());
    for &result in &program.body.results {
        let stored = lowering.stored(result);
        let taken = outputs.contains(&stored) || !lowering.computed(stored);
        outputs.push(if taken { lowering.copy(stored) } else { stored });
    }
    let mut tasks = lowering.close();
    if !lowering.befores.is_empty() {
        block::drop_unused(&mut tasks, &outputs);
    }
    if choices.tile {
        let uses = block::uses(&tasks, &outputs);
        block::drop_transposes(&mut tasks, &uses);
    }
    if choices.running {
        let uses = block::uses(&tasks, &outputs);
        tasks = running::merge(&mut lowering, tasks, &uses);
    }
    let mut renewed = Vec::with_capacity(lowering.rows_kept.len());
    for [before, after] in std::mem::take(&mut lowering.rows_kept) {
        renewed.push((inputs.len(), outputs.len()));
        inputs.push(before);
        outputs.push(after);
    }
    rank::limit(&mut tasks, &outputs);
    if choices.block {
        let uses = block::uses(&tasks, &outputs);
        tasks = block::merge(tasks, &uses, program.precision);
    }
    let Lowering { types, slots, aligned, .. } = lowering;
    Lowered { types, tasks, slots, inputs, outputs, aligned, renewed }
}

/// Lowers the program of a tile, which is not cut into tiles again.
pub(crate) fn lower_tile(region: &Region, choices: Choices) -> Lowered {
    let layout = region.tile.layout;
    let part = match layout.rows {
        false => Part::Lanes(layout.lanes),
        true if region.is_in_order() => Part::RowsInOrder,
        true => Part::Rows,
    };
    lower_part(&region.tile.program, Choices { tile: false, ..choices }, part)
}

/// Pairs of imports and exports as positions among the inputs and outputs of a tile.
pub(crate) fn renewed(region: &Region, over: &[(Value, Value)]) -> Vec<(usize, usize)> {
    let output = |export: Value| region.exports.iter().position(|&known| known == export);
    over.iter().filter_map(|&(import, export)| Some((region.input(import)?, output(export)?))).collect()
}

/// A block being lowered.
#[derive(Default)]
struct Open {
    tasks: Vec<Task>,
    /// The values to which they give memory of their own.
    computed: HashSet<Value>,
}

/// A program being lowered.
struct Lowering<'p> {
    program: &'p Program,
    choices: Choices,
    types: Vec<Type>,
    /// By value; `None` before its definition.
    views: Vec<Option<View>>,
    /// The tasks of the blocks that are open, outermost first.
    blocks: Vec<Open>,
    slots: u32,
    part: Part,
    /// Matrices of the outermost block and their transposes.
    transposes: HashMap<Value, Value>,
    /// Rows of running sums that go on from tile to tile, before and after a tile.
    rows_kept: Vec<[Value; 2]>,
    /// Tensors with zeros from a place on.
    befores: HashMap<Value, places::Before>,
    /// By value of the program, whether whoever reads it computes it.
    fleeting: Vec<bool>,
    /// Contractions that a choice picks from.
    picked: HashMap<Value, Pick>,
    /// Matrices whose rows begin at cache lines.
    aligned: HashMap<Value, usize>,
}

impl Lowering<'_> {
    fn type_of(&self, value: Value) -> &Type {
        &self.types[value.index()]
    }

    /// How many samples there is room for, if they are last.
    fn lanes(&self) -> Option<usize> {
        if let Part::Lanes(lanes) = self.part { Some(lanes) } else { None }
    }

    fn dims(&self, value: Value) -> Vec<usize> {
        self.type_of(value).dims.clone()
    }

    fn push(&mut self, task: Task) {
        let Some(block) = self.blocks.last_mut() else { unreachable!("the outermost block stays open") };
        if !matches!(task, Task::View { .. }) {
            block.computed.extend(task.results());
        }
        block.tasks.push(task);
    }

    fn close(&mut self) -> Vec<Task> {
        self.blocks.pop().unwrap_or_default().tasks
    }

    /// Whether an input is a step number from outside of a tile, which then gets a cell: the first ones are of these.
    fn is_step(&mut self, input: Value) -> bool {
        let is_step = self.type_of(input).elem == Elem::Index;
        if is_step {
            self.views[input.index()] = Some(View::Index(self.slot()));
        }
        is_step
    }

    fn slot(&mut self) -> Slot {
        self.slots += 1;
        Slot(self.slots - 1)
    }

    /// Declares that the value has memory of its own.
    fn define(&mut self, value: Value) {
        let axes = (0..self.type_of(value).rank()).collect();
        self.views[value.index()] = Some(View::Stored { value, axes });
    }

    /// A further stored value.
    fn fresh(&mut self, ty: Type) -> Value {
        let value = Value(self.types.len() as u32);
        self.types.push(ty);
        self.views.push(None);
        self.define(value);
        value
    }

    fn view(&self, value: Value) -> &View {
        match &self.views[value.index()] {
            Some(view) => view,
            None => unreachable!("verified programs define {value} before its use"),
        }
    }

    fn index(&self, value: Value) -> Slot {
        match self.view(value) {
            View::Index(slot) => *slot,
            View::Constant(_) | View::Stored { .. } | View::Computed { .. } => {
                unreachable!("verified programs use {value} as an index")
            }
        }
    }

    /// The same value, in memory as its type says.
    fn stored(&mut self, value: Value) -> Value {
        let stored = self.stored_anyhow(value);
        if self.aligned.contains_key(&stored) { self.copy(stored) } else { stored }
    }

    /// What tiles have to know.
    fn known(&self) -> Known<'_> {
        Known { running: self.choices.running, fleeting: &self.fleeting, picked: &self.picked }
    }

    fn section(&mut self, section: Section) {
        match section {
            Section::Plain(operations) => operations.iter().for_each(|operation| self.operation(operation)),
            Section::Tiled(region) => self.region(region),
        }
    }

    /// A region takes what is stored.
    fn region(&mut self, mut region: Box<Region>) {
        for value in region.shared.iter_mut().chain(&mut region.imports) {
            *value = self.stored(*value);
        }
        region.slots = region.steps.iter().map(|&step| self.index(step)).collect();
        for value in region.read_across() {
            let dims = self.dims(value);
            let transpose = self.transpose(value, [dims[0], dims[1]]);
            region.read_along(value, transpose);
        }
        region.exports.iter().for_each(|&value| self.define(value));
        let tiles = region.samples.div_ceil(region.tile.layout.lanes);
        let results = std::mem::take(&mut region.sums);
        region.sums = results.iter().map(|&result| self.one_for_each(tiles, result)).collect();
        let sums = region.sums.clone();
        if region.tile.layout.rows {
            region.over = self.overwritten(&region);
        }
        self.push(Task::Tiles(region));
        sums.into_iter()
            .zip(results)
            .for_each(|(sums, result)| self.reduce(ReduceKind::Sum, sums, &[0], result));
    }

    /// A value of the type of another, so many times.
    fn one_for_each(&mut self, count: usize, value: Value) -> Value {
        let dims = [count].into_iter().chain(self.dims(value)).collect::<Vec<_>>();
        self.fresh(Type::real(dims))
    }

    /// The imports and exports of a region whose tiles can have the latter in the memory of the former.
    fn overwritten(&self, region: &Region) -> Vec<(Value, Value)> {
        let mut over = Vec::new();
        let mut tile = lower_tile(region, self.choices);
        let own = tile.renewed.len();
        for &import in &region.imports {
            let same = |export: &Value| self.type_of(*export) == self.type_of(import);
            let free = |export: &Value| over.iter().all(|(_, taken)| taken != export);
            let pair = region.exports.iter().copied().filter(same).filter(free).find(|&export| {
                let [(input, output)] = renewed(region, &[(import, export)])[..] else { return false };
                tile.renewed.truncate(own);
                tile.renewed.push((input, output));
                let memory = Memory::plan(&tile, region.tile.program.precision);
                memory.buffer(tile.inputs[input]) == memory.buffer(tile.outputs[output])
            });
            over.extend(pair.map(|export| (import, export)));
        }
        over
    }

    /// Lowers the operations of a block.
    fn block(&mut self, block: &Block) {
        for operation in &block.operations {
            self.operation(operation);
        }
    }

    /// Lowers the body of a loop.
    fn body(&mut self, body: &Block) {
        match self.choices.tile {
            true => tile::sections_of_body(self.program, body, self.known())
                .into_iter()
                .for_each(|s| self.section(s)),
            false => self.block(body),
        }
    }

    fn operation(&mut self, operation: &Operation) {
        let Some(&result) = operation.results.first() else { return };
        match &operation.op {
            Op::Constant(number) => self.views[result.index()] = Some(View::Constant(*number)),
            Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::And(..)
            | Op::Or(..)
            | Op::Not(_)
            | Op::Select(..) => self.single(&operation.op, result),
            Op::FromIndex(index) => {
                let slot = self.index(*index);
                self.define(result);
                self.push(Task::FromIndex { slot, result });
            }
            Op::Broadcast { input, axes } => self.broadcast(*input, axes, result),
            Op::Contract { lhs, rhs, spec } => self.contract(*lhs, *rhs, spec, result),
            Op::Reduce { kind, input, axes } => self.reduce(*kind, *input, axes, result),
            Op::Rank(input) => self.rank(*input, result),
            Op::RunningSum { input, axis } => {
                let input = self.stored(*input);
                self.define(result);
                self.push(Task::RunningSum { input, axis: *axis, result });
            }
            Op::Convolve { form, lhs, rhs, geometry } => {
                self.convolve(*form, geometry, [*lhs, *rhs], result);
            }
            Op::Pool { kind, input, geometry } => {
                self.windows(Some(*kind), geometry, [*input].into(), result)
            }
            Op::Unpool { input, by, geometry } => {
                self.windows(None, geometry, [*input].into_iter().chain(*by).collect(), result);
            }
            Op::Reshape(input) => self.reshape(*input, result),
            Op::Range { input, axis, first } => self.range(*input, *axis, *first, result),
            Op::Slice { input, axis, index } => self.slice(*input, *axis, *index, result),
            Op::Insert { into, value, axis, index } => self.insert(*into, *value, (*axis, *index), result),
            Op::Before { input, axis, index } => self.before(*input, *axis, *index, result),
            Op::Detach { value, .. } => self.views[result.index()] = Some(self.view(*value).clone()),
            Op::Random { law, stream, step } => {
                let step = step.map(|step| self.index(step));
                self.define(result);
                self.push(Task::Random { law: *law, stream: *stream, step, result });
            }
            Op::Repeat(repeat) => self.repeat(repeat, &operation.results),
            Op::Map(map) => self.fused(map, &operation.results),
        }
    }

    fn broadcast(&mut self, input: Value, axes: &[usize], result: Value) {
        let follow = |inner: &[usize]| inner.iter().map(|&axis| axes[axis]).collect();
        let view = match self.view(input) {
            View::Stored { value, axes } => View::Stored { value: *value, axes: follow(axes) },
            View::Computed { code, axes } => View::Computed { code: Rc::clone(code), axes: follow(axes) },
            View::Constant(number) => View::Constant(*number),
            View::Index(slot) => View::Index(*slot),
        };
        self.views[result.index()] = Some(view);
    }

    fn rank(&mut self, input: Value, result: Value) {
        let input = self.stored(input);
        self.define(result);
        self.push(Task::Rank { input, first: None, result });
    }

    fn range(&mut self, input: Value, axis: usize, first: usize, result: Value) {
        let input = self.stored(input);
        let rows = self.rows(input, axis);
        let places = self.type_of(result).dims[axis];
        self.define(result);
        self.push(Task::Range { whole: input, rows, first, places, result });
    }

    fn repeat(&mut self, repeat: &Repeat, results: &[Value]) {
        let (parameters, step) = (&repeat.body.parameters[1..], self.slot());
        let mut carried = Vec::with_capacity(parameters.len());
        for (((&initial, &parameter), &next), &result) in
            repeat.initial.iter().zip(parameters).zip(&repeat.body.results).zip(results)
        {
            if next == parameter {
                // What no step changes is the same value in all of them and afterwards.
                self.views[parameter.index()] = self.views[initial.index()].clone();
                self.views[result.index()] = self.views[initial.index()].clone();
                continue;
            }
            let initial = match places::is_filled(repeat, parameter, next, self.type_of(parameter)) {
                true => self.room(parameter),
                false => self.stored_like(initial, parameter),
            };
            self.lay_out_like(result, parameter);
            carried.push(Carried { initial, parameter, next, result });
        }
        self.views[repeat.body.parameters[0].index()] = Some(View::Index(step));
        carried.iter().for_each(|c| self.define(c.parameter));
        self.blocks.push(Open::default());
        self.body(&repeat.body);
        self.own_next_values(&mut carried);
        let until =
            repeat.until.map(|until| (self.stored(until.residual), until.rounded(self.program.precision)));
        let body = self.close();
        carried.iter().for_each(|c| self.define(c.result));
        let until = until.map(|(residual, tolerance)| {
            let (steps, last) = (self.slot(), results[results.len() - 1]);
            self.views[results[results.len() - 2].index()] = Some(View::Index(steps));
            self.define(last);
            UntilTask { residual, tolerance, steps, last }
        });
        if !carried.is_empty() || until.is_some() {
            let Repeat { count, reversed, .. } = *repeat;
            self.push(Task::Repeat(Box::new(RepeatTask { count, reversed, until, step, carried, body })));
        }
    }

    /// Whether a task of the innermost open block gives the value memory of its own.
    fn computed(&self, value: Value) -> bool {
        self.blocks.last().is_some_and(|block| block.computed.contains(&value))
    }

    /// Copies next values that the body does not compute for that purpose alone, so that each can have the memory of its
    /// parameter, or exchange memory with it.
    fn own_next_values(&mut self, carried: &mut [Carried]) {
        let mut taken: Vec<Value> = Vec::with_capacity(carried.len());
        for c in carried {
            let values = self.types.len();
            let stored = self.stored_like(c.next, c.parameter);
            // A value that has just been made is this one's alone.
            let made = self.types.len() > values;
            let computed_once = || self.computed(stored) && !taken.contains(&stored);
            c.next = if made || computed_once() { stored } else { self.copy_like(stored, c.parameter) };
            taken.push(c.next);
        }
    }
}

/// Whether the values' elements are truth values.
pub(crate) fn is_truth(ty: &Type) -> bool {
    match ty.elem {
        Elem::Bool => true,
        Elem::Real | Elem::Index => false,
    }
}
