//! The plan: what is called in which order on which memory. Made once; a run does nothing that is not in it.

mod block;
mod build;
mod multiply;
mod picked;
mod print;

pub(crate) use block::{BlockStep, Factor};
pub(crate) use multiply::Multiply;
pub(crate) use picked::Picked;
use plr_ir::Precision;
use plr_ir::program::Law;
use plr_ir::scalar::UnaryOp;

use crate::convolve::{Convolve, Lanes};
use crate::lower::{Rows, Slot};
use crate::memory::{Buffer, Memory};
use crate::tile::TileStep;
use crate::window::Windows;

/// The steps of a program over its buffers. `Display` prints it.
#[derive(Debug)]
pub struct Plan {
    /// The program's name.
    pub(crate) name: String,
    /// Of all reals.
    pub(crate) precision: Precision,
    /// The names of inputs and outputs.
    pub(crate) names: [Vec<String>; 2],
    /// Where each buffer is.
    pub(crate) memory: Memory,
    /// How many index cells there are.
    pub(crate) slots: u32,
    /// How many distinct kernels there are.
    pub(crate) kernels: usize,
    /// What to do.
    pub(crate) steps: Vec<Step>,
    /// The buffer that holds each output in the end.
    pub(crate) outputs: Vec<Buffer>,
}

/// One step of a plan.
#[derive(Debug)]
pub(crate) enum Step {
    /// A kernel.
    Launch(Launch),
    /// A matrix product.
    Multiply(Multiply),
    /// A function of every element.
    Apply(Apply),
    /// Matrix products, block by block, and a kernel on each block.
    Block(Box<BlockStep>),
    /// The sums of a matrix product that matter.
    Picked(Picked),
    /// Ranks of the elements of rows.
    Rank(Rank),
    /// Sums of the elements so far along an axis.
    RunningSum(RunningSum),
    /// One of the sums of a convolution.
    Convolve(ConvolveStep),
    /// One of the sums of a convolution, of samples in lanes.
    Lanes {
        /// Which.
        sum: Box<Lanes>,
        /// The first factor.
        lhs: Buffer,
        /// The second.
        rhs: Buffer,
        /// The sums.
        out: Buffer,
    },
    /// Something with windows.
    Windows {
        /// What.
        windows: Windows,
        /// The elements.
        input: Buffer,
        /// To the largest of which units they go, if they do.
        by: Option<Buffer>,
        /// What becomes of them.
        out: Buffer,
    },
    /// A matrix in the other order.
    Transpose {
        /// The matrix.
        input: Buffer,
        /// Its rows and columns.
        dims: [usize; 2],
        /// Where its transpose goes.
        out: Buffer,
    },
    /// What stands along an axis from one place on.
    Range {
        /// The tensor.
        whole: Buffer,
        /// The axis.
        rows: Rows,
        /// The first place.
        first: usize,
        /// How many places.
        places: usize,
        /// The range.
        out: Buffer,
    },
    /// What is at one place along an axis.
    Slice {
        /// The tensor.
        whole: Buffer,
        /// The axis.
        rows: Rows,
        /// The place.
        place: Slot,
        /// The slice.
        out: Buffer,
    },
    /// What is at one place along the first axis, read where it is.
    View {
        /// The tensor.
        whole: Buffer,
        /// The axis.
        rows: Rows,
        /// The place.
        place: Slot,
        /// The slice.
        out: Buffer,
    },
    /// The tensor with a slice replaced.
    Insert {
        /// The slice.
        value: Buffer,
        /// The tensor, which may be where the result goes.
        into: Buffer,
        /// The axis.
        rows: Rows,
        /// The place.
        place: Slot,
        /// Where the result goes.
        out: Buffer,
    },
    /// The tensor with zeros from a place on.
    Before {
        /// The tensor.
        whole: Buffer,
        /// The axis.
        rows: Rows,
        /// The place.
        place: Slot,
        /// Where the result goes.
        out: Buffer,
    },
    /// Random draws.
    Draw(Draw),
    /// A step number as a real scalar.
    FromIndex {
        /// The number.
        slot: Slot,
        /// The scalar.
        out: Buffer,
    },
    /// A loop.
    Repeat(Box<RepeatStep>),
    /// A plan of its own for each tile.
    Tiles(Box<TileStep>),
}

/// A call of a kernel.
#[derive(Debug)]
pub(crate) struct Launch {
    /// Its position among the compiled ones.
    pub(crate) kernel: usize,
    /// The buffers of its operands.
    pub(crate) operands: Box<[u32]>,
    /// Extents and strides in the kernel's order.
    pub(crate) numbers: Box<[i64]>,
    /// The extent of the outermost axis.
    pub(crate) extent: usize,
    /// Threads begin at multiples of this along it.
    pub(crate) grain: usize,
    /// Roughly the number of machine instructions.
    pub(crate) work: usize,
}

/// Sums of the elements so far along an axis.
#[derive(Debug)]
pub(crate) struct RunningSum {
    /// The elements.
    pub(crate) input: Buffer,
    /// Where the sums go.
    pub(crate) out: Buffer,
    /// How many times the axis is run through, those beside each other counted as one.
    pub(crate) outer: usize,
    /// How many elements there are along the axis.
    pub(crate) extent: usize,
    /// How many elements lie from one to the next, each of another run.
    pub(crate) inner: usize,
}

/// A function of every element of an array.
#[derive(Debug)]
pub(crate) struct Apply {
    /// Which; one of those that are compiled ahead of time.
    pub(crate) op: UnaryOp,
    /// The array.
    pub(crate) input: Buffer,
    /// Where the results go.
    pub(crate) out: Buffer,
    /// How many elements there are.
    pub(crate) count: usize,
}

/// Ranks of the elements of rows, which are of reals and follow each other.
#[derive(Debug)]
pub(crate) struct Rank {
    /// The rows.
    pub(crate) input: Buffer,
    /// How many ranks matter, if not all.
    pub(crate) first: Option<usize>,
    /// Where the ranks go.
    pub(crate) out: Buffer,
    /// How many rows there are.
    pub(crate) rows: usize,
    /// How many elements each has.
    pub(crate) extent: usize,
}

/// One of the sums of a convolution.
#[derive(Debug)]
pub(crate) struct ConvolveStep {
    /// Which.
    pub(crate) convolve: Convolve,
    /// The first factor.
    pub(crate) lhs: Buffer,
    /// The second.
    pub(crate) rhs: Buffer,
    /// Room for each part.
    pub(crate) room: Buffer,
    /// The sums.
    pub(crate) out: Buffer,
}

/// Random draws into a buffer.
#[derive(Debug)]
pub(crate) struct Draw {
    /// From which law.
    pub(crate) law: Law,
    /// Of which stream.
    pub(crate) stream: u32,
    /// In which step; 0 without.
    pub(crate) step: Option<Slot>,
    /// Where they go.
    pub(crate) out: Buffer,
    /// How many.
    pub(crate) count: usize,
}

/// A loop.
#[derive(Debug)]
pub(crate) struct RepeatStep {
    /// How often, at most.
    pub(crate) count: u32,
    /// The step's index runs down to 0.
    pub(crate) reversed: bool,
    /// The step's index.
    pub(crate) step: Slot,
    /// When to stop earlier.
    pub(crate) until: Option<UntilStep>,
    /// Copies before the loop.
    pub(crate) entry: Box<[Copy]>,
    /// One step.
    pub(crate) body: Box<[Step]>,
    /// Buffers that change roles after a step, one pair after the other.
    pub(crate) swaps: Box<[(Buffer, Buffer)]>,
    /// Copies after the loop.
    pub(crate) exit: Box<[Copy]>,
}

/// The stopping condition of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UntilStep {
    /// A scalar.
    pub(crate) residual: Buffer,
    /// The loop stops after the first step whose residual is less; rounded as residuals are.
    pub(crate) tolerance: f64,
    /// Receives the number of steps.
    pub(crate) steps: Slot,
    /// Receives the last residual.
    pub(crate) last: Buffer,
}

/// A copy of a whole buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy {
    /// From where.
    pub(crate) from: Buffer,
    /// To where.
    pub(crate) to: Buffer,
}

impl Plan {
    /// Bytes of memory that the program needs besides inputs and outputs.
    pub fn arena_bytes(&self) -> usize {
        self.memory.arena
    }

    /// The number of distinct kernels.
    pub fn kernels(&self) -> usize {
        self.kernels
    }

    /// The steps that run tile by tile, in the order of their workspaces.
    pub(crate) fn tiles(&self) -> Vec<&TileStep> {
        fn collect<'p>(steps: &'p [Step], found: &mut Vec<&'p TileStep>) {
            for step in steps {
                if let Step::Tiles(tiles) = step {
                    found.push(tiles);
                } else if let Step::Repeat(repeat) = step {
                    collect(&repeat.body, found);
                }
            }
        }
        let mut found = Vec::new();
        collect(&self.steps, &mut found);
        found
    }

    /// The number of steps, those inside loops and tiles counted once.
    pub fn steps(&self) -> usize {
        fn count(steps: &[Step]) -> usize {
            let inside = |step: &Step| match step {
                Step::Repeat(repeat) => count(&repeat.body),
                Step::Tiles(tiles) => count(&tiles.plan.steps),
                Step::Block(block) => block.products.len(),
                Step::Launch(_)
                | Step::Apply(_)
                | Step::Multiply(_)
                | Step::Picked(_)
                | Step::Rank(_)
                | Step::RunningSum(_)
                | Step::Convolve(_)
                | Step::Lanes { .. }
                | Step::Windows { .. }
                | Step::Transpose { .. }
                | Step::Range { .. }
                | Step::Slice { .. }
                | Step::View { .. }
                | Step::Insert { .. }
                | Step::Before { .. }
                | Step::Draw(_)
                | Step::FromIndex { .. } => 0,
            };
            steps.len() + steps.iter().map(inside).sum::<usize>()
        }
        count(&self.steps)
    }
}
