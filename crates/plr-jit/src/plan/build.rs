//! From tasks to steps: kernels are chosen and compiled, values become buffers, spaces become numbers.

use plr_ir::choices::Choices;
use plr_ir::program::{Local, MapInstruction, Program, Value};
use plr_ir::{Precision, Type};

use super::{
    Apply, BlockStep, ConvolveStep, Copy, Draw, Factor, Launch, Multiply, Picked, Plan, Rank, RepeatStep,
    RunningSum, Step, UntilStep,
};
use crate::apply::apply;
use crate::codegen::{Compiler, FoldKernel, Kernel, Lanes, MapKernel, MapRead, VECTOR_BYTES};
use crate::error::Error;
use crate::lower::{
    BlockTask, FoldTask, GemmTask, Lowered, MapOperand, MapTask, PickedTask, RepeatTask, SliceTask, Task,
    lower_tile, renewed,
};
use crate::memory::{Buffer, Memory};
use crate::space::Space;
use crate::tile::{Import, Region, TileStep};

/// Threads share a single axis in whole cache lines: so many elements.
const ELEMENT_GRAIN: usize = 16;

impl Plan {
    /// Plans a lowered program; its kernels go to the compiler.
    pub(crate) fn build(
        program: &Program,
        lowered: &Lowered,
        choices: Choices,
        compiler: &mut Compiler,
    ) -> Result<Self, Error> {
        let precision = program.precision;
        let memory = Memory::plan(lowered, precision);
        let steps = Build { precision, types: &lowered.types, memory: &memory, choices, compiler, tiles: 0 }
            .steps(&lowered.tasks)?;
        Ok(Self {
            name: program.name.clone(),
            precision,
            names: [program.inputs.clone(), program.outputs.clone()],
            slots: lowered.slots,
            kernels: compiler.len(),
            steps,
            outputs: lowered.outputs.iter().map(|&value| memory.buffer(value)).collect(),
            memory,
        })
    }
}

/// A plan being built.
struct Build<'a> {
    precision: Precision,
    types: &'a [Type],
    memory: &'a Memory,
    choices: Choices,
    compiler: &'a mut Compiler,
    /// How many steps run tile by tile.
    tiles: usize,
}

impl Build<'_> {
    fn steps(&mut self, tasks: &[Task]) -> Result<Vec<Step>, Error> {
        let done = tasks.iter().filter(|task| !matches!(task, Task::Room { .. }));
        done.map(|task| self.step(task)).collect()
    }

    fn step(&mut self, task: &Task) -> Result<Step, Error> {
        let buffer = |value: &Value| self.memory.buffer(*value);
        Ok(match task {
            Task::Map(map) => match self.apply(map) {
                Some(apply) => Step::Apply(apply),
                None => Step::Launch(self.map(map)?),
            },
            Task::Block(block) => Step::Block(Box::new(self.block(block)?)),
            Task::Fold(fold) => Step::Launch(self.fold(fold)?),
            Task::Gemm(GemmTask { product, lhs, rhs, terms, links, result }) => Step::Multiply(Multiply {
                product: product.clone(),
                terms: *terms,
                lhs: buffer(lhs),
                rhs: buffer(rhs),
                links: links.iter().map(|link| link.moved(|value| buffer(&value))).collect(),
                out: buffer(result),
            }),
            Task::Picked(PickedTask { product, lhs, rhs, pick, rows, result }) => Step::Picked(Picked {
                product: product.clone(),
                lhs: buffer(lhs),
                rhs: buffer(rhs),
                places: buffer(&pick.places),
                place: buffer(&pick.place),
                rows: *rows,
                out: buffer(result),
            }),
            Task::Rank { input, first, result } => {
                let ty = &self.types[input.index()];
                let extent = ty.dims.last().copied().unwrap_or(1);
                let [input, out] = [input, result].map(buffer);
                Step::Rank(Rank { input, first: *first, out, rows: ty.count() / extent, extent })
            }
            Task::RunningSum { input, axis, result } => {
                let dims = &self.types[input.index()].dims;
                let [outer, inner] = [&dims[..*axis], &dims[axis + 1..]].map(|dims| dims.iter().product());
                let [input, out] = [input, result].map(buffer);
                Step::RunningSum(RunningSum { input, out, outer, extent: dims[*axis], inner })
            }
            Task::Convolve(task) => {
                let [lhs, rhs, room, out] = [task.lhs, task.rhs, task.room, task.result].map(|v| buffer(&v));
                Step::Convolve(ConvolveStep { convolve: task.convolve, lhs, rhs, room, out })
            }
            Task::Lanes { sum, lhs, rhs, result } => {
                let [lhs, rhs, out] = [lhs, rhs, result].map(buffer);
                Step::Lanes { sum: sum.clone(), lhs, rhs, out }
            }
            Task::Windows { windows, inputs, result } => Step::Windows {
                windows: *windows,
                input: buffer(&inputs[0]),
                by: inputs.get(1).map(buffer),
                out: buffer(result),
            },
            Task::Transpose { input, dims, result } => {
                Step::Transpose { input: buffer(input), dims: *dims, out: buffer(result) }
            }
            Task::Range { whole, rows, first, places, result } => Step::Range {
                whole: buffer(whole),
                rows: *rows,
                first: *first,
                places: *places,
                out: buffer(result),
            },
            Task::Slice { from: SliceTask { whole, rows, place }, result } => {
                Step::Slice { whole: buffer(whole), rows: *rows, place: *place, out: buffer(result) }
            }
            Task::View { from: SliceTask { whole, rows, place }, result } => {
                Step::View { whole: buffer(whole), rows: *rows, place: *place, out: buffer(result) }
            }
            Task::Insert { into: SliceTask { whole, rows, place }, value, result } => Step::Insert {
                value: buffer(value),
                into: buffer(whole),
                rows: *rows,
                place: *place,
                out: buffer(result),
            },
            Task::Before { from: SliceTask { whole, rows, place }, result } => {
                Step::Before { whole: buffer(whole), rows: *rows, place: *place, out: buffer(result) }
            }
            Task::Room { .. } => unreachable!("room is no step"),
            Task::Random { law, stream, step, result } => {
                let out = buffer(result);
                let count = self.memory.bytes[out.index()] / self.precision.bytes();
                Step::Draw(Draw { law: *law, stream: *stream, step: *step, out, count })
            }
            Task::FromIndex { slot, result } => Step::FromIndex { slot: *slot, out: buffer(result) },
            Task::Repeat(repeat) => Step::Repeat(Box::new(self.repeat(repeat)?)),
            Task::Tiles(tiles) => Step::Tiles(Box::new(self.tiles(tiles)?)),
        })
    }

    fn operands(&self, values: impl Iterator<Item = Value>) -> Box<[u32]> {
        values.map(|value| self.memory.buffer(value).0).collect()
    }

    /// Strides in elements as bytes.
    fn bytes<'s>(&self, strides: &'s [usize]) -> impl Iterator<Item = i64> + use<'s> {
        let bytes = self.precision.bytes();
        strides.iter().map(move |stride| (stride * bytes) as i64)
    }

    fn map(&mut self, map: &MapTask) -> Result<Launch, Error> {
        let space = with_an_axis(&map.space);
        let outer = space.dims.len() - 1;
        let kernel = self.map_kernel(map, &space);
        let mut numbers: Vec<i64> = space.dims[1..].iter().map(|&extent| extent as i64).collect();
        for strides in &space.strides {
            numbers.extend(self.bytes(&strides[..outer]));
        }
        let values =
            map.inputs.iter().map(|input| input.value).chain(map.results.iter().map(|&(value, _)| value));
        let operands = self.operands(values);
        let vectors = space.dims.iter().product::<usize>() * self.precision.bytes() / VECTOR_BYTES as usize;
        // Rows of which each needs the one before are one thread's.
        let work = if map.running.is_some() { 0 } else { vectors.saturating_mul(kernel.weight()) };
        Ok(Launch {
            kernel: self.compiler.kernel(&Kernel::Map(kernel))?,
            operands,
            numbers: numbers.into(),
            extent: space.dims[0],
            grain: if outer == 0 { ELEMENT_GRAIN } else { 1 },
            work,
        })
    }

    /// The map as one function of every element of an array, if it is one of those that are compiled ahead of time.
    fn apply(&self, map: &MapTask) -> Option<Apply> {
        let &[MapInstruction::Input(0), MapInstruction::Unary(op, Local(0))] = map.body.as_slice() else {
            return None;
        };
        let dense = map.space.strides.iter().all(|strides| strides.as_slice() == [1]);
        let known = !self.compiler.is_wide()
            && match self.precision {
                Precision::F32 => apply::<f32>(op).is_some(),
                Precision::F64 => apply::<f64>(op).is_some(),
            };
        let (&[MapOperand { value: input, .. }], &[(result, Local(1))]) =
            (map.inputs.as_slice(), map.results.as_slice())
        else {
            return None;
        };
        let [input, out] = [input, result].map(|value| self.memory.buffer(value));
        (dense && known).then(|| Apply { op, input, out, count: map.space.dims[0] })
    }

    /// The code of a map over its space, which may be written with more axes than it has.
    fn map_kernel(&self, map: &MapTask, space: &Space) -> MapKernel {
        let outer = space.dims.len() - 1;
        let results: Vec<Option<Buffer>> =
            map.results.iter().map(|&(value, _)| self.memory.find(value)).collect();
        let read = |(input, strides): (&MapOperand, &Vec<usize>)| {
            let buffer = self.memory.find(input.value);
            let overwritten_by = results.iter().position(|&result| buffer.is_some() && result == buffer);
            MapRead { moves: strides[outer] != 0, truth: input.truth, overwritten_by }
        };
        MapKernel {
            precision: self.precision,
            rank: outer + 1,
            inputs: map.inputs.iter().zip(&space.strides).map(read).collect(),
            body: map.body.clone(),
            results: map.results.iter().map(|&(_, local)| local).collect(),
        }
    }

    fn block(&mut self, task: &BlockTask) -> Result<BlockStep, Error> {
        let BlockTask { products, map } = task;
        let dims = [products[0].product.m, products[0].product.n];
        let matrix = map.space.as_matrix(dims);
        let read = map.inputs.iter().map(|input| input.value);
        let values = read.chain(map.results.iter().map(|&(value, _)| value));
        let operand = |(value, strides): (Value, &Vec<usize>)| {
            let product = products.iter().position(|product| product.result == value);
            let stored =
                || Factor::Stored { buffer: self.memory.buffer(value), strides: [strides[0], strides[1]] };
            product.map_or_else(stored, Factor::Product)
        };
        let operands = values.zip(&matrix.strides).map(operand).collect();
        let factors = |GemmTask { product, lhs, rhs, .. }: &GemmTask| {
            (product.clone(), self.memory.buffer(*lhs), self.memory.buffer(*rhs))
        };
        let kernel = self.compiler.kernel(&Kernel::Map(self.map_kernel(map, &matrix)))?;
        let products = products.iter().map(factors).collect();
        Ok(BlockStep { dims, products, operands, kernel })
    }

    fn fold(&mut self, fold: &FoldTask) -> Result<Launch, Error> {
        let lanes = choose_lanes(fold);
        let across = matches!(lanes, Lanes::Across(_));
        let kept = fold.kept.dims.len() - usize::from(across);
        let kernel = FoldKernel {
            precision: self.precision,
            kind: fold.kind,
            truths: fold.inputs.iter().map(|input| input.truth).collect(),
            body: fold.body.clone(),
            term: fold.term,
            free: fold.free,
            kept,
            folded: fold.folded.dims.len(),
            lanes,
        };
        let extents = fold.kept.dims.iter().skip(1).chain(&fold.folded.dims);
        let mut numbers: Vec<i64> = extents.map(|&extent| extent as i64).collect();
        for strides in &fold.kept.strides {
            numbers.extend(self.bytes(&strides[..kept]));
        }
        for strides in &fold.folded.strides {
            numbers.extend(self.bytes(strides));
        }
        let per_vector =
            if kernel.lanes == Lanes::Single { 1 } else { VECTOR_BYTES as usize / self.precision.bytes() };
        let results = fold.kept.dims.iter().product::<usize>();
        let terms = fold.folded.dims.iter().product::<usize>();
        let work = results.saturating_mul(terms).saturating_mul(kernel.weight()) / per_vector;
        Ok(Launch {
            grain: if kernel.ranges_over_lanes() { ELEMENT_GRAIN } else { 1 },
            kernel: self.compiler.kernel(&Kernel::Fold(kernel))?,
            operands: self.operands(fold.inputs.iter().map(|input| input.value).chain([fold.result])),
            numbers: numbers.into(),
            extent: fold.kept.dims.first().copied().unwrap_or(1),
            work,
        })
    }

    fn tiles(&mut self, task: &Region) -> Result<TileStep, Error> {
        let Region { tile, samples, shared, imports, turned, exports, over, sums, slots, .. } = task;
        let choices = Choices { tile: false, ..self.choices };
        let mut lowered = lower_tile(task, choices);
        let mut over = over.clone();
        over.retain(|&(import, export)| self.memory.buffer(import) == self.memory.buffer(export));
        lowered.renewed.extend(renewed(task, &over));
        let plan = Plan::build(&tile.program, &lowered, choices, self.compiler)?;
        let whole = |value: &Value| (self.memory.buffer(*value), self.types[value.index()].count() / samples);
        let shared = shared.iter().map(|&value| self.memory.buffer(value)).collect();
        let import = |value: &Value| {
            let (buffer, features) = whole(value);
            Import { buffer, features, turned: turned.contains(value) }
        };
        let (imports, exports) = (imports.iter().map(import).collect(), exports.iter().map(whole).collect());
        let sums = sums.iter().map(|&value| self.memory.buffer(value)).collect();
        self.tiles += 1;
        let workspace = self.tiles - 1;
        let slots = slots.clone();
        Ok(TileStep::new(plan, (tile.layout, *samples), shared, imports, exports, sums, (slots, workspace)))
    }

    fn repeat(&mut self, repeat: &RepeatTask) -> Result<RepeatStep, Error> {
        let buffer = |value| self.memory.buffer(value);
        let copies = |pairs: Vec<(Value, Value)>| {
            let pairs = pairs.into_iter().map(|(from, to)| Copy { from: buffer(from), to: buffer(to) });
            pairs.filter(|copy| copy.from != copy.to).collect()
        };
        let until = repeat.until.as_ref().map(|until| UntilStep {
            residual: buffer(until.residual),
            tolerance: until.tolerance,
            steps: until.steps,
            last: buffer(until.last),
        });
        let carried = &repeat.carried;
        Ok(RepeatStep {
            count: repeat.count,
            reversed: repeat.reversed,
            step: repeat.step,
            until,
            entry: copies(carried.iter().map(|c| (c.initial, c.parameter)).collect()),
            swaps: swaps(&carried.iter().map(|c| (buffer(c.next), buffer(c.parameter))).collect::<Vec<_>>()),
            exit: copies(carried.iter().map(|c| (c.parameter, c.result)).collect()),
            body: self.steps(&repeat.body)?.into(),
        })
    }
}

/// A space with at least one axis.
fn with_an_axis(space: &Space) -> Space {
    if space.dims.is_empty() {
        return Space { dims: vec![1], strides: vec![vec![1]; space.strides.len()] };
    }
    space.clone()
}

/// Where the vectors of a fold lie: across the last kept axis if its neighbours are neighbours in memory, else along the
/// last folded axis where the order of terms is free.
fn choose_lanes(fold: &FoldTask) -> Lanes {
    let beside = |strides: &Vec<usize>| match strides.last() {
        Some(0) => Some(false),
        Some(1) => Some(true),
        Some(_) | None => None,
    };
    let moves = |space: &Space| -> Option<Vec<bool>> {
        space.strides.iter().take(fold.inputs.len()).map(beside).collect()
    };
    if let (Some(moves), Some(_)) = (moves(&fold.kept), fold.kept.dims.last()) {
        return Lanes::Across(moves);
    }
    match moves(&fold.folded).filter(|_| fold.free && !fold.folded.dims.is_empty()) {
        Some(moves) => Lanes::Along(moves),
        None => Lanes::Single,
    }
}

/// Exchanges that, one after the other, move what is in each first buffer to the second.
fn swaps(moves: &[(Buffer, Buffer)]) -> Box<[(Buffer, Buffer)]> {
    // (buffer, what it holds), for the buffers touched so far.
    let mut holds: Vec<(Buffer, Buffer)> = Vec::new();
    let mut exchanges = Vec::new();
    for &(content, to) in moves {
        let from = holds.iter().find(|(_, held)| *held == content).map_or(content, |&(buffer, _)| buffer);
        if from == to {
            continue;
        }
        let held_by = |buffer| holds.iter().find(|(b, _)| *b == buffer).map_or(buffer, |&(_, held)| held);
        let (in_from, in_to) = (held_by(from), held_by(to));
        holds.retain(|(buffer, _)| ![from, to].contains(buffer));
        holds.extend([(from, in_to), (to, in_from)]);
        exchanges.push((from, to));
    }
    exchanges.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies exchanges to buffers that hold their own numbers.
    fn after(moves: &[(u32, u32)]) -> Vec<u32> {
        let moves: Vec<(Buffer, Buffer)> =
            moves.iter().map(|&(from, to)| (Buffer(from), Buffer(to))).collect();
        let mut contents: Vec<u32> = (0..6).collect();
        for &(a, b) in &swaps(&moves) {
            contents.swap(a.index(), b.index());
        }
        contents
    }

    #[test]
    fn every_content_arrives_where_it_should() {
        for moves in [
            vec![(0, 0)],
            vec![(1, 0)],
            vec![(1, 0), (0, 1)],
            vec![(1, 0), (2, 1), (0, 2)],
            vec![(2, 1), (1, 0)],
        ] {
            let contents = after(&moves);
            assert!(moves.iter().all(|&(from, to)| contents[to as usize] == from), "{moves:?}: {contents:?}");
        }
    }
}
