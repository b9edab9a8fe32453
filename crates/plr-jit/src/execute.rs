//! Running a plan: nothing is allocated, looked up by name or decided here but how many threads share a step.

use std::ops::Range;

use plr_ir::Precision;
use plr_ir::program::{ConvolveForm, Law};
use plr_ir::random::{self, Address};
use plr_ir::scalar::Real;

use crate::apply::apply;
use crate::arena::Arena;
use crate::codegen::Entry;
use crate::convolve::Lanes;
use crate::error::Error;
use crate::executable::Context;
use crate::gemm::LEAST_SHARED;
use crate::lower::{Rows, Slot};
use crate::memory::Buffer;
use crate::micro::Element;
use crate::plan::{
    Apply, ConvolveStep, Copy, Draw, Launch, Plan, Rank, RepeatStep, RunningSum, Step, UntilStep,
};
use crate::pool::Pool;
use crate::rank::{self, Ranked};
use crate::tile::Workspace;
use crate::transpose;
use crate::window::Windows;

/// A launch of fewer machine instructions, some 20 µs, stays on the calling thread: what it works on is in that core's cache
/// more often than not, and would have to come from there.
const LEAST_SHARED_WORK: usize = 1 << 18;
/// Parts of a shared launch for each thread: a late thread leaves the rest of its share to the others.
const PARTS_PER_THREAD: usize = 2;

/// Rows are ranked in parts of about so many elements, some 10 µs.
const RANKS_PER_PART: usize = 512;
/// Running sums are taken in parts of about so many elements, some 10 µs.
const SUMS_PER_PART: usize = 16_384;
/// Matrices are transposed in parts of about so many elements, some 2 µs.
const TRANSPOSED_PER_PART: usize = 1 << 15;
/// Functions are applied in parts of so many elements, some 5 µs.
const APPLIED_PER_PART: usize = 1 << 13;
/// Random numbers are drawn in parts of so many, some 10 µs.
const DRAWS_PER_PART: usize = 1024;

/// The memory of an executable and where each buffer of its plan is at the moment.
pub(crate) struct Buffers {
    at: Vec<*mut u8>,
    slots: Vec<u64>,
    arena: Arena,
}

// SAFETY: the pointers are to the owned arena or to a running call's tensors; between calls nobody follows them.
unsafe impl Send for Buffers {}
// SAFETY: through a shared reference they are only read, never followed.
unsafe impl Sync for Buffers {}

impl Buffers {
    /// Memory for a plan; an error if there is not so much.
    pub(crate) fn new(plan: &Plan) -> Result<Self, Error> {
        let bytes = plan.memory.arena;
        let arena = Arena::new(bytes).ok_or(Error::Memory { bytes })?;
        let (at, slots) =
            (vec![std::ptr::null_mut(); plan.memory.places.len()], vec![0; plan.slots as usize]);
        Ok(Self { at, slots, arena })
    }

    /// Says where a buffer is.
    pub(crate) fn set(&mut self, buffer: usize, at: *mut u8) {
        self.at[buffer] = at;
    }

    /// Says that a buffer is in the arena, so many bytes from its beginning.
    pub(crate) fn set_in_arena(&mut self, buffer: usize, offset: usize) {
        self.at[buffer] = self.arena.at(offset);
    }

    /// Takes the numbers in these cells of another's as its own first ones.
    pub(crate) fn take_slots(&mut self, of: &Self, slots: &[Slot]) {
        self.slots.iter_mut().zip(slots).for_each(|(own, slot)| *own = of.slots[slot.0 as usize]);
    }

    /// A step number.
    pub(crate) fn slot(&self, slot: Slot) -> u64 {
        self.slots[slot.0 as usize]
    }

    /// Where a buffer is.
    pub(crate) fn get(&self, buffer: usize) -> *mut u8 {
        self.at[buffer]
    }
}

/// One run of a plan.
pub(crate) struct Run<'a> {
    /// Of all reals.
    pub(crate) precision: Precision,
    /// The kernels.
    pub(crate) entries: &'a [Entry],
    /// Who shares the work.
    pub(crate) pool: &'a Pool,
    /// Where the buffers are.
    pub(crate) buffers: &'a mut Buffers,
    /// Memory for tiles, one for each such step of the plan.
    pub(crate) workspaces: &'a mut [Workspace],
    /// How large they are.
    pub(crate) bytes: &'a [usize],
    /// Seed and number of the update.
    pub(crate) context: Context,
    /// How many samples of a tile are there; the others are not to be counted.
    pub(crate) in_use: usize,
}

/// What the threads of a shared step need; every part writes elements of its own.
pub(crate) struct Shared<T>(pub(crate) T);

// SAFETY: the pointers inside are valid for the whole step, which the pool does not outlive, and no two parts of a step
// write the same element.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

impl Run<'_> {
    /// Runs steps in order.
    ///
    /// # Safety
    /// Every buffer is memory of at least its size that stays valid meanwhile; inputs are not written by others, everything
    /// else is not accessed by others; the steps are of the plan that the buffers and kernels were made for.
    pub(crate) unsafe fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            // SAFETY: as demanded of the caller.
            unsafe {
                match step {
                    Step::Launch(launch) => self.launch(launch),
                    Step::Apply(apply) => match self.precision {
                        Precision::F32 => self.apply::<f32>(apply),
                        Precision::F64 => self.apply::<f64>(apply),
                    },
                    Step::Multiply(multiply) => match self.precision {
                        Precision::F32 => multiply.run::<f32>(self),
                        Precision::F64 => multiply.run::<f64>(self),
                    },
                    Step::Picked(picked) => match self.precision {
                        Precision::F32 => picked.run::<f32>(self),
                        Precision::F64 => picked.run::<f64>(self),
                    },
                    Step::Rank(rank) => self.rank(rank),
                    Step::RunningSum(sum) => self.running_sum(sum),
                    Step::Convolve(step) => self.convolve(step),
                    Step::Lanes { sum, lhs, rhs, out } => self.lanes(sum, [*lhs, *rhs, *out]),
                    Step::Windows { windows, input, by, out } => {
                        self.windows(windows, [*input, by.unwrap_or(*input)], by.is_some(), *out)
                    }
                    Step::Transpose { input, dims, out } => match self.precision {
                        Precision::F32 => self.transpose::<f32>(*input, *dims, *out),
                        Precision::F64 => self.transpose::<f64>(*input, *dims, *out),
                    },
                    Step::Range { whole, rows, first, places, out } => {
                        let elements = places * rows.elements;
                        let from = (first * rows.elements, rows.places * rows.elements);
                        self.copy_rows(rows.count, elements, (*whole, from), (*out, (0, elements)));
                    }
                    Step::Slice { whole, rows, place, out } => {
                        let place = self.place(*rows, *place);
                        self.copy_rows(
                            rows.count,
                            rows.elements,
                            (*whole, place),
                            (*out, (0, rows.elements)),
                        );
                    }
                    Step::View { whole, rows, place, out } => {
                        let (first, _) = self.place(*rows, *place);
                        let whole = self.buffers.get(whole.index());
                        self.buffers.set(out.index(), whole.add(first * self.precision.bytes()));
                    }
                    Step::Insert { value, into, rows, place, out } => {
                        if self.buffers.at[into.index()] != self.buffers.at[out.index()] {
                            self.copies(&[Copy { from: *into, to: *out }]);
                        }
                        let place = self.place(*rows, *place);
                        self.copy_rows(
                            rows.count,
                            rows.elements,
                            (*value, (0, rows.elements)),
                            (*out, place),
                        );
                    }
                    Step::Before { whole, rows, place, out } => self.before([*whole, *out], *rows, *place),
                    Step::Draw(draw) => self.draw(draw),
                    Step::FromIndex { slot, out } => {
                        self.write_scalar(*out, self.buffers.slots[slot.0 as usize] as f64);
                    }
                    Step::Repeat(repeat) => self.repeat(repeat),
                    Step::Block(block) => block.run(self),
                    Step::Tiles(tiles) => tiles.run(self),
                }
            }
        }
    }

    /// Calls a kernel, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn launch(&self, launch: &Launch) {
        let entry = self.entries[launch.kernel];
        let arguments = (self.buffers.at.as_ptr(), launch.operands.as_ptr(), launch.numbers.as_ptr());
        let call = |(buffers, operands, numbers): &(_, _, _), first: usize, end: usize| {
            // SAFETY: operands and numbers were made for this kernel; the range is not empty and within the extent.
            unsafe { entry(*buffers, *operands, *numbers, first as i64, end as i64) }
        };
        let threads = self.pool.threads();
        if threads == 1 || launch.work < LEAST_SHARED_WORK || launch.extent == 1 {
            return call(&arguments, 0, launch.extent);
        }
        let grains = launch.extent.div_ceil(launch.grain);
        let parts = grains.min(threads * PARTS_PER_THREAD);
        let begin = |part: usize| (grains * part / parts * launch.grain).min(launch.extent);
        let shared = Shared(arguments);
        self.pool.run(parts, &|part| call(shared.get(), begin(part), begin(part + 1)));
    }

    /// Applies a function to every element, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn apply<T: Real>(&self, step: &Apply) {
        let at = |buffer: Buffer| self.buffers.at[buffer.index()].cast::<T>();
        let shared = Shared((at(step.input), at(step.out)));
        let Some(function) = apply::<T>(step.op) else { unreachable!("the plan was made for this machine") };
        let part = |part: usize| {
            let &(from, to) = shared.get();
            let first = part * APPLIED_PER_PART;
            let count = APPLIED_PER_PART.min(step.count - first);
            // SAFETY: both buffers have the elements, and each part writes its own.
            unsafe { function(from.add(first), to.add(first), count) };
        };
        self.pool.run(step.count.div_ceil(APPLIED_PER_PART), &part);
    }

    /// Ranks the elements of rows, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn rank(&self, rank: &Rank) {
        let at = |buffer: Buffer| self.buffers.at[buffer.index()];
        let buffers = Shared([at(rank.input), at(rank.out)]);
        let shape = (rank.extent, rank.first);
        let rows_per_part = RANKS_PER_PART.div_ceil(rank.extent);
        let part = |part| {
            let first = part * rows_per_part;
            for row in first..rank.rows.min(first + rows_per_part) {
                match self.precision {
                    // SAFETY: both buffers hold that row, and nobody else writes it meanwhile.
                    Precision::F32 => unsafe { rank_row::<f32>(*buffers.get(), row, shape) },
                    // SAFETY: as above.
                    Precision::F64 => unsafe { rank_row::<f64>(*buffers.get(), row, shape) },
                }
            }
        };
        self.pool.run(rank.rows.div_ceil(rows_per_part), &part);
    }

    /// Sums along an axis, on several threads if that pays: each has its own rows, or its own part of the only ones.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn running_sum(&self, sum: &RunningSum) {
        let at = |buffer: Buffer| self.buffers.at[buffer.index()];
        let buffers = Shared([at(sum.input), at(sum.out)]);
        let width = (SUMS_PER_PART / sum.extent).clamp(1, sum.inner);
        let across = sum.inner.div_ceil(width);
        let part = |part: usize| {
            let first = part % across * width;
            let columns = first..sum.inner.min(first + width);
            match self.precision {
                // SAFETY: both buffers hold those columns, and nobody else writes them meanwhile.
                Precision::F32 => unsafe { sum_columns::<f32>(*buffers.get(), sum, part / across, columns) },
                // SAFETY: as above.
                Precision::F64 => unsafe { sum_columns::<f64>(*buffers.get(), sum, part / across, columns) },
            }
        };
        self.pool.run(sum.outer * across, &part);
    }

    /// Computes one of the sums of a convolution, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn convolve(&self, step: &ConvolveStep) {
        match self.precision {
            // SAFETY: as demanded of the caller.
            Precision::F32 => unsafe { self.convolve_typed::<f32>(step) },
            // SAFETY: as demanded of the caller.
            Precision::F64 => unsafe { self.convolve_typed::<f64>(step) },
        }
    }

    /// As [`Self::convolve`], of reals of the precision.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn convolve_typed<T: Real + Element>(&self, step: &ConvolveStep) {
        let convolve = &step.convolve;
        let count = |buffer: Buffer| self.bytes[buffer.index()] / size_of::<T>();
        let at = |buffer: Buffer| self.buffers.at[buffer.index()].cast::<T>();
        // SAFETY: as demanded of the caller; any bits are a real.
        let (lhs, rhs) = unsafe {
            (
                std::slice::from_raw_parts(at(step.lhs).cast_const(), count(step.lhs)),
                std::slice::from_raw_parts(at(step.rhs).cast_const(), count(step.rhs)),
            )
        };
        let shared = Shared((at(step.room), at(step.out)));
        let part = |part: usize| {
            let &(room, out) = shared.get();
            let (size, written) = (convolve.room(), convolve.written(part));
            // SAFETY: the buffers hold the rooms of all parts and all results, and no two parts have an element in common.
            let (room, out) = unsafe {
                (
                    std::slice::from_raw_parts_mut(room.add(part * size), size),
                    std::slice::from_raw_parts_mut(out.add(written.start), written.len()),
                )
            };
            convolve.run(part, lhs, rhs, room, out);
        };
        if convolve.work() < LEAST_SHARED {
            (0..convolve.parts()).for_each(part);
        } else {
            self.pool.run(convolve.parts(), &part);
        }
        if convolve.form == ConvolveForm::Correlate {
            let rooms = convolve.parts() * convolve.room();
            // SAFETY: as demanded of the caller; no part is running any more.
            let (rooms, out) = unsafe {
                (
                    std::slice::from_raw_parts(at(step.room).cast_const(), rooms),
                    std::slice::from_raw_parts_mut(at(step.out), count(step.out)),
                )
            };
            convolve.add_parts(rooms, out);
        }
    }

    /// Computes one of the sums of a convolution, of the samples of a tile.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn lanes(&self, sum: &Lanes, buffers: [Buffer; 3]) {
        let [lhs, rhs, out] = buffers.map(|buffer| self.buffers.at[buffer.index()]);
        // SAFETY: as demanded of the caller; the buffers are as large as the sum needs.
        unsafe {
            match self.precision {
                Precision::F32 => sum.run::<f32>(self.in_use, lhs.cast(), rhs.cast(), out.cast()),
                Precision::F64 => sum.run::<f64>(self.in_use, lhs.cast(), rhs.cast(), out.cast()),
            }
        }
    }

    /// Does something with windows, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn windows(&self, windows: &Windows, inputs: [Buffer; 2], by: bool, out: Buffer) {
        let at = |buffer: Buffer| self.buffers.at[buffer.index()];
        let buffers = Shared([at(inputs[0]), at(inputs[1]), at(out)]);
        let planes_per_part = (LEAST_SHARED_WORK / 2).div_ceil(windows.work().max(1));
        let part = |part| {
            let first = part * planes_per_part;
            for plane in first..windows.planes.min(first + planes_per_part) {
                match self.precision {
                    // SAFETY: the buffers hold that plane, and nobody else writes it meanwhile.
                    Precision::F32 => unsafe { plane_of::<f32>(windows, *buffers.get(), by, plane) },
                    // SAFETY: as above.
                    Precision::F64 => unsafe { plane_of::<f64>(windows, *buffers.get(), by, plane) },
                }
            }
        };
        self.pool.run(windows.planes.div_ceil(planes_per_part), &part);
    }

    /// Copies a matrix to its transpose, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn transpose<T: Real>(&self, input: Buffer, [rows, columns]: [usize; 2], out: Buffer) {
        let at = |buffer: Buffer| self.buffers.at[buffer.index()].cast::<T>();
        let shared = Shared((at(input), at(out)));
        let rows_per_part = TRANSPOSED_PER_PART.div_ceil(columns).next_multiple_of(transpose::SQUARE);
        let part = |part: usize| {
            let &(from, to) = shared.get();
            let first = part * rows_per_part;
            let count = rows_per_part.min(rows - first);
            // SAFETY: both buffers have the matrix, and each part writes its own columns of the transpose.
            unsafe {
                let (from, to) = (from.add(first * columns).cast_const(), to.add(first));
                transpose::transpose([count, columns], (from, columns), (to, rows));
            }
        };
        self.pool.run(rows.div_ceil(rows_per_part), &part);
    }

    /// Copies what is before a place, and puts zeros at the others.
    ///
    /// # Safety
    /// As for [`Self::steps`]; the buffers are apart from each other and have those rows.
    unsafe fn before(&self, [whole, out]: [Buffer; 2], rows: Rows, slot: Slot) {
        let bytes = self.precision.bytes() * rows.elements;
        let kept = (self.buffers.slots[slot.0 as usize] as usize).min(rows.places);
        for row in 0..rows.count {
            let first = row * rows.places * bytes;
            let (from, to) = (
                self.buffers.get(whole.index()).wrapping_add(first),
                self.buffers.get(out.index()).wrapping_add(first),
            );
            // SAFETY: as demanded of the caller; zero is a row of zero bytes.
            unsafe {
                std::ptr::copy_nonoverlapping(from.cast_const(), to, kept * bytes);
                to.add(kept * bytes).write_bytes(0, (rows.places - kept) * bytes);
            }
        }
    }

    /// Where rows at the place in a slot begin, and how far they are apart, in elements.
    fn place(&self, rows: Rows, slot: Slot) -> (usize, usize) {
        let place = (self.buffers.slots[slot.0 as usize] as usize).min(rows.places - 1);
        (place * rows.elements, rows.places * rows.elements)
    }

    /// Copies rows of so many elements; each buffer with its first row and the distance from one to the next.
    ///
    /// # Safety
    /// As for [`Self::steps`]; the buffers are apart from each other and have those rows.
    unsafe fn copy_rows(
        &self,
        count: usize,
        elements: usize,
        (from, (first_from, step_from)): (Buffer, (usize, usize)),
        (to, (first_to, step_to)): (Buffer, (usize, usize)),
    ) {
        let bytes = self.precision.bytes();
        let (from, to) = (self.buffers.at[from.index()], self.buffers.at[to.index()]);
        if elements == 1 {
            let steps = [(first_from, step_from), (first_to, step_to)];
            // SAFETY: as demanded of the caller.
            return unsafe {
                match self.precision {
                    Precision::F32 => copy_column::<f32>(count, [from, to], steps),
                    Precision::F64 => copy_column::<f64>(count, [from, to], steps),
                }
            };
        }
        for row in 0..count {
            // SAFETY: as demanded of the caller.
            unsafe {
                let from = from.add((first_from + row * step_from) * bytes);
                let to = to.add((first_to + row * step_to) * bytes);
                std::ptr::copy_nonoverlapping(from.cast_const(), to, elements * bytes);
            }
        }
    }

    /// Draws random numbers, on several threads if that pays.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn draw(&self, draw: &Draw) {
        let Context { seed, update } = self.context;
        let step = draw.step.map_or(0, |Slot(slot)| self.buffers.slots[slot as usize] as u32);
        let address = Address { seed, update, step, stream: draw.stream };
        let out = Shared(self.buffers.at[draw.out.index()]);
        let part = |part| {
            let first = part * DRAWS_PER_PART;
            let count = DRAWS_PER_PART.min(draw.count - first);
            match self.precision {
                // SAFETY: the buffer holds `draw.count` reals, and each part fills its own.
                Precision::F32 => unsafe { fill::<f32>(draw.law, address, first, *out.get(), count) },
                // SAFETY: as above.
                Precision::F64 => unsafe { fill::<f64>(draw.law, address, first, *out.get(), count) },
            }
        };
        self.pool.run(draw.count.div_ceil(DRAWS_PER_PART), &part);
    }

    /// Runs a loop.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn repeat(&mut self, repeat: &RepeatStep) {
        // SAFETY: as demanded of the caller.
        unsafe { self.copies(&repeat.entry) };
        for step in 0..repeat.count {
            let index = if repeat.reversed { repeat.count - 1 - step } else { step };
            self.buffers.slots[repeat.step.0 as usize] = u64::from(index);
            // SAFETY: as demanded of the caller.
            unsafe { self.steps(&repeat.body) };
            // SAFETY: as demanded of the caller; the residual is read before its buffer changes roles.
            let ended = repeat.until.is_some_and(|until| unsafe { self.until(until, step) });
            for &(a, b) in &repeat.swaps {
                self.buffers.at.swap(a.index(), b.index());
            }
            if ended {
                break;
            }
        }
        // SAFETY: as demanded of the caller.
        unsafe { self.copies(&repeat.exit) };
    }

    /// Records the step and its residual; whether the loop is over.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn until(&mut self, until: UntilStep, step: u32) -> bool {
        let UntilStep { residual, tolerance, steps: Slot(steps), last } = until;
        self.buffers.slots[steps as usize] = u64::from(step) + 1;
        // SAFETY: both are buffers of one real.
        unsafe {
            let residual = self.read_scalar(residual);
            self.write_scalar(last, residual);
            residual < tolerance || !residual.is_finite()
        }
    }

    /// Copies whole buffers.
    ///
    /// # Safety
    /// As for [`Self::steps`].
    unsafe fn copies(&self, copies: &[Copy]) {
        for Copy { from, to } in copies {
            let (from_at, to_at) = (self.buffers.at[from.index()], self.buffers.at[to.index()]);
            // SAFETY: both buffers have this size, and different buffers alive at one moment are apart.
            unsafe { std::ptr::copy_nonoverlapping(from_at, to_at, self.bytes[to.index()]) };
        }
    }

    /// The only element of a buffer.
    ///
    /// # Safety
    /// The buffer holds a real.
    unsafe fn read_scalar(&self, buffer: Buffer) -> f64 {
        let at = self.buffers.at[buffer.index()];
        match self.precision {
            // SAFETY: as demanded of the caller.
            Precision::F32 => f64::from(unsafe { at.cast::<f32>().read() }),
            // SAFETY: as demanded of the caller.
            Precision::F64 => unsafe { at.cast::<f64>().read() },
        }
    }

    /// Writes the only element of a buffer, rounded.
    ///
    /// # Safety
    /// The buffer holds a real.
    unsafe fn write_scalar(&self, buffer: Buffer, number: f64) {
        let at = self.buffers.at[buffer.index()];
        match self.precision {
            // SAFETY: as demanded of the caller.
            Precision::F32 => unsafe { at.cast::<f32>().write(number as f32) },
            // SAFETY: as demanded of the caller.
            Precision::F64 => unsafe { at.cast::<f64>().write(number) },
        }
    }
}

/// Copies reals; each array with its first one and the distance from one to the next.
///
/// # Safety
/// Both arrays have those reals; nobody else writes them meanwhile, or reads them in the last.
unsafe fn copy_column<T: Real>(count: usize, [from, to]: [*mut u8; 2], [first, second]: [(usize, usize); 2]) {
    let (from, to) = (from.cast::<T>(), to.cast::<T>());
    for row in 0..count {
        // SAFETY: as demanded of the caller.
        unsafe { *to.add(second.0 + row * second.1) = *from.add(first.0 + row * first.1) };
    }
}

/// Sums columns of one run through the axis.
///
/// # Safety
/// Elements and sums are buffers that are the same or apart from each other and have those columns; nobody else writes them
/// meanwhile, or reads them in the last.
unsafe fn sum_columns<T: Real>(
    [elements, sums]: [*mut u8; 2],
    sum: &RunningSum,
    outer: usize,
    columns: Range<usize>,
) {
    let (elements, sums) = (elements.cast::<T>(), sums.cast::<T>());
    let first = outer * sum.extent * sum.inner;
    for row in 0..sum.extent {
        for column in columns.clone() {
            let at = first + row * sum.inner + column;
            // SAFETY: the place is in both buffers, and the one a row before it too where there is one.
            unsafe {
                let element = elements.add(at).read();
                let so_far = if row == 0 { element } else { sums.add(at - sum.inner).read() + element };
                sums.add(at).write(so_far);
            }
        }
    }
}

/// Ranks the elements of one row of so many reals, of which the first so many matter.
///
/// # Safety
/// Elements and ranks are buffers apart from each other that have that row; nobody else writes it meanwhile, or reads it in the
/// ranks.
unsafe fn rank_row<T: Ranked>(
    [elements, ranks]: [*mut u8; 2],
    row: usize,
    (extent, first): (usize, Option<usize>),
) {
    let begin = row * extent;
    // SAFETY: as demanded of the caller; any bits are a real.
    let (elements, ranks) = unsafe {
        (
            std::slice::from_raw_parts(elements.cast::<T>().add(begin), extent),
            std::slice::from_raw_parts_mut(ranks.cast::<T>().add(begin), extent),
        )
    };
    rank::ranks(elements, first, ranks);
}

/// Does something with the windows of one plane.
///
/// # Safety
/// Input and result are buffers apart from each other that have that plane, and so has the second input, if elements go by it;
/// nobody else writes it meanwhile, or reads it in the result.
unsafe fn plane_of<T: Real>(windows: &Windows, [input, units, out]: [*mut u8; 3], by: bool, plane: usize) {
    let [read, written] = windows.planes();
    // SAFETY: as demanded of the caller; any bits are a real.
    let (input, out) = unsafe {
        (
            std::slice::from_raw_parts(input.cast::<T>().add(plane * read).cast_const(), read),
            std::slice::from_raw_parts_mut(out.cast::<T>().add(plane * written), written),
        )
    };
    if !by {
        return windows.run(input, out);
    }
    // SAFETY: as above; the units are as many as the results.
    let units =
        unsafe { std::slice::from_raw_parts(units.cast::<T>().add(plane * written).cast_const(), written) };
    windows.give_to_largest(input, units, out);
}

/// Draws `count` numbers, the first being element `first`, into their places.
///
/// # Safety
/// `out` is a buffer of at least `first + count` reals whose elements nobody else accesses meanwhile.
unsafe fn fill<T: Real>(law: Law, address: Address, first: usize, out: *mut u8, count: usize) {
    // SAFETY: as demanded of the caller; any bits are a real.
    let part = unsafe { std::slice::from_raw_parts_mut(out.cast::<T>().add(first), count) };
    random::fill(law, address, first as u64, part);
}
