//! Products and the code that uses them, block by block: a block of every product is computed into a corner of memory,
//! then the code runs over it while it is in the nearest cache.

use std::cell::UnsafeCell;
use std::fmt::{self, Display, Formatter};
use std::mem::MaybeUninit;
use std::ops::Range;

use plr_ir::Precision;
use plr_ir::scalar::Real;

use crate::execute::{Run, Shared};
use crate::gemm::{LEAST_SHARED, Product};
use crate::lower::{MOST_OPERANDS, MOST_PRODUCTS};
use crate::memory::Buffer;
use crate::micro::{Element, Links};

/// Bytes of a block of a product: blocks of several should stay in the nearer caches.
const BLOCK_BYTES: usize = 24 << 10;
/// Bytes of a row of a block.
const MOST_ROW_BYTES: usize = 512;
/// Blocks have a whole number of register tiles of either kind.
const ROW_STEP: usize = 12;

/// One block of each product.
#[repr(align(64))]
struct Scratch([MaybeUninit<u8>; MOST_PRODUCTS * BLOCK_BYTES]);

thread_local! {
    /// Where this thread computes blocks of products; what is in it means nothing when a block begins.
    static SCRATCH: UnsafeCell<Box<Scratch>> =
        UnsafeCell::new(Box::new(Scratch([MaybeUninit::uninit(); MOST_PRODUCTS * BLOCK_BYTES])));
}

/// Products of one shape, and a kernel over it.
#[derive(Debug)]
pub(crate) struct BlockStep {
    /// The shape.
    pub(crate) dims: [usize; 2],
    /// The products and their factors.
    pub(crate) products: Box<[(Product, Buffer, Buffer)]>,
    /// What the kernel reads, then what it writes.
    pub(crate) operands: Box<[Factor]>,
    /// The kernel's position among the compiled ones. It has two axes.
    pub(crate) kernel: usize,
}

/// An operand of the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Factor {
    /// A product, by its position.
    Product(usize),
    /// A value in memory.
    Stored {
        /// Where it is.
        buffer: Buffer,
        /// From row to row and from column to column, in elements.
        strides: [usize; 2],
    },
}

impl BlockStep {
    /// Rows and columns of all blocks but the last ones.
    fn shape(&self, bytes: usize) -> (usize, usize) {
        let [rows, columns] = self.dims;
        let across = (columns * bytes).div_ceil(MOST_ROW_BYTES);
        let columns = columns.div_ceil(across);
        let steps = BLOCK_BYTES / (columns * bytes) / ROW_STEP;
        (rows.min(steps.max(1) * ROW_STEP), columns)
    }

    /// The rows and columns of a block; blocks of the same rows follow each other, as in a product that reads what they write.
    fn block(&self, number: usize, bytes: usize) -> (Range<usize>, Range<usize>) {
        let (rows, columns) = self.shape(bytes);
        let cut = |at: usize, length: usize, end: usize| at * length..end.min((at + 1) * length);
        let across = self.dims[1].div_ceil(columns);
        (cut(number / across, rows, self.dims[0]), cut(number % across, columns, self.dims[1]))
    }

    fn blocks(&self, bytes: usize) -> usize {
        let (rows, columns) = self.shape(bytes);
        self.dims[0].div_ceil(rows) * self.dims[1].div_ceil(columns)
    }

    /// Computes everything, on several threads if that pays. Every element is computed alike whoever does it.
    ///
    /// # Safety
    /// As for [`Run::steps`].
    pub(crate) unsafe fn run(&self, run: &Run<'_>) {
        let bytes = run.precision.bytes();
        let shared = Shared(run);
        let blocks = self.blocks(bytes);
        // SAFETY: as demanded of the caller; blocks do not overlap.
        let body = |number: usize| unsafe {
            match run.precision {
                Precision::F32 => self.run_block::<f32>(shared.get(), number),
                Precision::F64 => self.run_block::<f64>(shared.get(), number),
            }
        };
        let work = self.products.iter().map(|(product, ..)| product.work()).sum::<usize>();
        if work < LEAST_SHARED {
            return (0..blocks).for_each(body);
        }
        run.pool.run(blocks, &body);
    }

    /// # Safety
    /// As for [`Run::steps`]; no one else computes this block.
    unsafe fn run_block<T: Real + Element>(&self, run: &Run<'_>, number: usize) {
        let bytes = size_of::<T>();
        let (rows, columns) = self.block(number, bytes);
        let apart = columns.len();
        // SAFETY: only this thread has it, and no block begins inside another.
        let scratch = SCRATCH.with(|scratch| unsafe { (*scratch.get()).0.as_mut_ptr().cast::<u8>() });
        let place = |product: usize| scratch.wrapping_add(product * BLOCK_BYTES);
        for (i, (product, lhs, rhs)) in self.products.iter().enumerate() {
            let (part, [left, right]) = product.part(rows.clone(), columns.clone(), apart);
            let at = |buffer: &Buffer, offset: usize| {
                run.buffers.get(buffer.index()).cast::<T>().cast_const().wrapping_add(offset)
            };
            let pointers = (at(lhs, left), at(rhs, right), place(i).cast::<T>());
            // SAFETY: the factors reach as far as the product says, and the scratch has room for a block of it.
            unsafe { part.run_whole(pointers, &Links::NONE) };
        }
        let mut buffers = [std::ptr::null_mut(); MOST_OPERANDS];
        let mut numbers = [0; 1 + MOST_OPERANDS];
        numbers[0] = columns.len() as i64;
        for (i, operand) in self.operands.iter().enumerate() {
            let (at, row) = match operand {
                Factor::Product(product) => (place(*product), apart),
                Factor::Stored { buffer, strides } => {
                    let offset = rows.start * strides[0] + columns.start * strides[1];
                    (run.buffers.get(buffer.index()).wrapping_add(offset * bytes), strides[0])
                }
            };
            buffers[i] = at;
            numbers[1 + i] = (row * bytes) as i64;
        }
        const PLACES: [u32; MOST_OPERANDS] = {
            let mut places = [0; MOST_OPERANDS];
            let mut i = 0;
            while i < MOST_OPERANDS {
                places[i] = i as u32;
                i += 1;
            }
            places
        };
        let entry = run.entries[self.kernel];
        // SAFETY: operands and numbers are those of the block, for a kernel of two axes; it has at least one row.
        unsafe { entry(buffers.as_ptr(), PLACES.as_ptr(), numbers.as_ptr(), 0, rows.len() as i64) };
    }
}

impl Display for BlockStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "kernel {} on", self.kernel)?;
        for operand in &self.operands {
            match operand {
                Factor::Stored { buffer, .. } => write!(f, " {buffer}")?,
                Factor::Product(product) => {
                    let (product, lhs, rhs) = &self.products[*product];
                    write!(f, " ({lhs} · {rhs}, {}×{}×{})", product.m, product.depth, product.n)?;
                }
            }
        }
        let [rows, columns] = self.dims;
        write!(f, " over blocks of {rows}×{columns}")
    }
}
