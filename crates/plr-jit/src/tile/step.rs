//! Running tiles.

use plr_ir::Precision;

use super::Layout;
use super::order::{Order, Tile};
use super::part::Part;
use crate::error::Error;
use crate::execute::{Buffers, Run, Shared};
use crate::lower::Slot;
use crate::memory::{Buffer, Place};
use crate::plan::{Plan, Step};
use crate::pool::Pool;

/// A plan that is run for one tile after the other, by any thread.
#[derive(Debug)]
pub(crate) struct TileStep {
    /// What is done with one tile; its only inputs outside of its arena are the shared ones.
    pub(crate) plan: Plan,
    /// How many samples a tile has room for, and where they are.
    pub(crate) layout: Layout,
    /// How many samples there are.
    pub(crate) samples: usize,
    /// The buffers of the plan's first inputs.
    shared: Vec<Buffer>,
    /// What the plan's other inputs are cut from.
    imports: Vec<Import>,
    /// Where its outputs go, and the numbers of each sample there.
    exports: Vec<(Buffer, usize)>,
    /// Where its further outputs go, sums over a tile's samples: one after the other.
    sums: Vec<Buffer>,
    /// Buffers of rows of sums that each tile takes from the one before, if there are any. Before the first tile they are sums of
    /// nothing.
    running: Vec<Buffer>,
    /// By step: whether it adds to one of those.
    adds: Vec<bool>,
    /// By output: whether it is computed where it goes, if samples stay rows.
    direct: Vec<bool>,
    /// The step numbers that it takes from outside.
    slots: Vec<Slot>,
    /// Which of the run's workspaces is its own.
    workspace: usize,
}

/// What an input of a tile is cut from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import {
    /// The whole.
    pub(crate) buffer: Buffer,
    /// The numbers of each sample in it.
    pub(crate) features: usize,
    /// Whether the whole has samples last, as tiles do that stay no rows.
    pub(crate) turned: bool,
}

/// Tiles that read fewer bytes in all stay on the calling thread.
const LEAST_SHARED_BYTES: usize = 1 << 17;

/// The memory in which the threads run the tiles of one step.
pub(crate) struct Workspace {
    /// For each thread.
    buffers: Vec<Buffers>,
    /// Of one thread, for the inside of tiles.
    alone: Pool,
    /// Of tiles that are in order.
    order: Order,
}

impl Workspace {
    /// For so many threads; an error if there is not so much memory.
    pub(crate) fn new(step: &TileStep, threads: usize) -> Result<Self, Error> {
        let buffers = (0..threads).map(|_| Buffers::new(&step.plan));
        let order = Order::new(step.tiles());
        Ok(Self { buffers: buffers.collect::<Result<_, _>>()?, alone: Pool::alone(), order })
    }
}

impl TileStep {
    /// A step from the plan of a tile.
    pub(crate) fn new(
        mut plan: Plan,
        (layout, samples): (Layout, usize),
        shared: Vec<Buffer>,
        imports: Vec<Import>,
        exports: Vec<(Buffer, usize)>,
        sums: Vec<Buffer>,
        (slots, workspace): (Vec<Slot>, usize),
    ) -> Self {
        // Rows of sums are the last inputs and, in the same memory, the last outputs.
        let running = plan.outputs[exports.len() + sums.len()..].to_vec();
        let memory = &mut plan.memory;
        for (place, bytes) in memory.places.iter_mut().zip(&memory.bytes) {
            let own = match place {
                Place::Input(input) => *input >= shared.len(),
                Place::Output(_) => true,
                Place::Arena(_) | Place::View => false,
            };
            if own {
                *place = Place::Arena(memory.arena);
                memory.arena = memory.arena.saturating_add(bytes.next_multiple_of(64));
            }
        }
        let direct = plan
            .outputs
            .iter()
            .enumerate()
            .map(|(k, output)| !exchanges(&plan.steps, *output) && !plan.outputs[..k].contains(output))
            .collect();
        let adds = plan.steps.iter().map(|step| launches_on(step, &running)).collect();
        Self {
            plan,
            layout,
            samples,
            shared,
            imports,
            exports,
            sums,
            running,
            adds,
            direct,
            slots,
            workspace,
        }
    }

    /// The most bytes that threads need for tiles at a time.
    pub(crate) fn most_bytes(&self, threads: usize) -> usize {
        self.plan.memory.arena.saturating_mul(threads.min(self.tiles()))
    }

    /// How many tiles there are.
    pub(crate) fn tiles(&self) -> usize {
        self.samples.div_ceil(self.layout.lanes)
    }

    /// Whether each tile needs what the one before has left.
    pub(crate) fn is_in_order(&self) -> bool {
        !self.running.is_empty()
    }

    /// Runs all tiles in the step's workspace.
    ///
    /// # Safety
    /// As for [`Run::steps`]; the run's workspaces are those of its plan.
    pub(crate) unsafe fn run(&self, run: &mut Run<'_>) {
        let Workspace { buffers, alone, order } = &mut run.workspaces[self.workspace];
        let (whole, alone) = (&*run.buffers, &*alone);
        let (precision, entries, context) = (run.precision, run.entries, run.context);
        for buffers in &mut *buffers {
            self.place(buffers, whole);
            buffers.take_slots(whole, &self.slots);
        }
        if self.is_in_order() {
            order.reset();
            // SAFETY: the buffers are those of this step.
            unsafe { self.begin_sums(precision, buffers) };
        }
        let order = &*order;
        let shared = Shared((buffers.as_mut_ptr(), whole));
        let body = |thread: usize, number: usize, turn: Option<&Tile<'_>>| {
            let &(buffers, whole) = shared.get();
            // SAFETY: there are buffers for every thread, and no two calls at a time have one thread.
            let buffers = unsafe { &mut *buffers.add(thread) };
            let bytes = &self.plan.memory.bytes;
            let workspaces = &mut [];
            let in_use = 0;
            let mut run =
                Run { precision, entries, pool: alone, buffers, workspaces, bytes, context, in_use };
            // SAFETY: as demanded of the caller; tiles export different samples.
            unsafe { self.tile(&mut run, whole, number, turn) };
        };
        if self.is_small() {
            return (0..self.tiles()).for_each(|number| body(0, number, None));
        }
        if self.is_in_order() {
            let threads = run.pool.threads().min(self.tiles());
            let in_turn = |thread, _| {
                order.claim(thread, threads, |tile| body(thread, tile.number, Some(&tile)));
            };
            return run.pool.run_by_thread(threads, &in_turn);
        }
        run.pool.run_by_thread(self.tiles(), &|thread, number| body(thread, number, None));
    }

    /// Gives all threads the same rows of sums, and makes them sums of no elements: −0, to which everything adds to itself.
    ///
    /// # Safety
    /// The buffers are those of this step's workspace, and nobody else uses them.
    unsafe fn begin_sums(&self, precision: Precision, buffers: &mut [Buffers]) {
        for row in self.running.iter().map(|row| row.index()) {
            let (at, bytes) = (buffers[0].get(row), self.plan.memory.bytes[row]);
            buffers.iter_mut().for_each(|buffers| buffers.set(row, at));
            // SAFETY: the row has so many bytes of reals.
            unsafe {
                match precision {
                    Precision::F32 => std::slice::from_raw_parts_mut(at.cast::<f32>(), bytes / 4).fill(-0.0),
                    Precision::F64 => std::slice::from_raw_parts_mut(at.cast::<f64>(), bytes / 8).fill(-0.0),
                }
            }
        }
    }

    /// Runs the steps of a tile; those that add to sums, when the tile before has.
    ///
    /// # Safety
    /// As for [`Self::run`].
    unsafe fn steps(&self, run: &mut Run<'_>, turn: Option<&Tile<'_>>) {
        let Some(tile) = turn else {
            // SAFETY: as demanded of the caller; the buffers were made for this plan.
            return unsafe { run.steps(&self.plan.steps) };
        };
        for (number, (step, &adds)) in self.plan.steps.iter().zip(&self.adds).enumerate() {
            if adds {
                tile.wait(number);
            }
            // SAFETY: as above; of the threads that have the rows of sums only one is at this step.
            unsafe { run.steps(std::slice::from_ref(step)) };
            if adds {
                tile.pass(number);
            }
        }
    }

    /// Whether one thread is done with all tiles before another has begun: nothing is repeated, and there is little to read.
    fn is_small(&self) -> bool {
        let read: usize = self.plan.memory.bytes[..self.shared.len() + self.imports.len()].iter().sum();
        let repeats = self.plan.steps.iter().any(|step| matches!(step, Step::Repeat(_)));
        !repeats && read * self.tiles() < LEAST_SHARED_BYTES
    }

    /// Says where a worker's buffers are when a tile begins.
    fn place(&self, buffers: &mut Buffers, whole: &Buffers) {
        for (i, place) in self.plan.memory.places.iter().enumerate() {
            match place {
                Place::Input(input) => buffers.set(i, whole.get(self.shared[*input].index())),
                Place::Arena(at) => buffers.set_in_arena(i, *at),
                Place::View => {}
                Place::Output(_) => unreachable!("outputs of tiles are in their arena"),
            }
        }
    }

    /// Runs one tile, which takes its turn if tiles are in order. Buffers that changed roles in the tile before are only its own;
    /// those that were in the memory of the whole are put back.
    ///
    /// # Safety
    /// As for [`Self::run`].
    unsafe fn tile(&self, run: &mut Run<'_>, whole: &Buffers, tile: usize, turn: Option<&Tile<'_>>) {
        let first = self.samples * tile / self.tiles();
        let count = self.samples * (tile + 1) / self.tiles() - first;
        let part = |features| Part { features, layout: self.layout, first, count };
        // Where a tile is as it is in memory, that memory is its own.
        let there = self.layout.rows && count == self.layout.lanes;
        let bytes = run.precision.bytes();
        if self.layout.rows && !there {
            self.place(run.buffers, whole);
        }
        for (i, &Import { buffer, features, turned }) in self.imports.iter().enumerate() {
            let (input, from) = (self.shared.len() + i, whole.get(buffer.index()));
            if there {
                run.buffers.set(input, from.wrapping_add(first * features * bytes));
                continue;
            }
            let to = run.buffers.get(input);
            let part = part(features);
            // SAFETY: the whole has all samples, and the tile's buffer room for its lanes.
            unsafe {
                match (run.precision, turned) {
                    (Precision::F32, false) => part.import::<u32>(from.cast(), to.cast()),
                    (Precision::F64, false) => part.import::<u64>(from.cast(), to.cast()),
                    (Precision::F32, true) => part.import_turned::<u32>(from.cast(), self.samples, to.cast()),
                    (Precision::F64, true) => part.import_turned::<u64>(from.cast(), self.samples, to.cast()),
                }
            }
        }
        let outputs = self.exports.iter().zip(&self.plan.outputs).zip(&self.direct);
        for ((&(buffer, features), output), _) in outputs.clone().filter(|&(_, &direct)| there && direct) {
            let to = whole.get(buffer.index()).wrapping_add(first * features * bytes);
            run.buffers.set(output.index(), to);
        }
        run.in_use = count;
        // SAFETY: as demanded of the caller; the buffers were made for this plan.
        unsafe { self.steps(run, turn) };
        for (&buffer, &output) in self.sums.iter().zip(&self.plan.outputs[self.exports.len()..]) {
            let (from, to) = (run.buffers.get(output.index()), whole.get(buffer.index()));
            let bytes = run.bytes[output.index()];
            // SAFETY: the buffer has room for the sums of all tiles; no other tile writes these.
            unsafe { std::ptr::copy_nonoverlapping(from, to.add(tile * bytes), bytes) };
        }
        for ((&(buffer, features), &output), _) in outputs.filter(|&(_, &direct)| !(there && direct)) {
            let (from, to) = (run.buffers.get(output.index()), whole.get(buffer.index()));
            // SAFETY: as above; no other tile writes these samples.
            unsafe {
                match run.precision {
                    Precision::F32 => part(features).export::<u32>(from.cast(), to.cast()),
                    Precision::F64 => part(features).export::<u64>(from.cast(), to.cast()),
                }
            }
        }
    }
}

/// Whether the step is a kernel on one of the buffers.
fn launches_on(step: &Step, buffers: &[Buffer]) -> bool {
    let Step::Launch(launch) = step else { return false };
    launch.operands.iter().any(|&operand| buffers.contains(&Buffer(operand)))
}

/// Whether a buffer changes roles in a loop.
fn exchanges(steps: &[Step], buffer: Buffer) -> bool {
    steps.iter().any(|step| {
        let Step::Repeat(repeat) = step else { return false };
        repeat.swaps.iter().any(|&(a, b)| a == buffer || b == buffer) || exchanges(&repeat.body, buffer)
    })
}
