//! Tasks: what a program has to compute, and on which values.

use plr_ir::Value;
use plr_ir::program::{Law, Local, MapInstruction, ReduceKind};

use super::{BlockTask, MapOperand, MapTask, Pick, PickedTask};
use crate::convolve::{Convolve, Lanes};
use crate::gemm::Product;
use crate::link::{Link, With};
use crate::space::Space;
use crate::tile::Region;
use crate::window::Windows;

/// An index value: a cell of the executable, `!3` in the printed plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u32);

/// Something to compute. Its values are those of the program and some more; all are stored densely.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// Element-wise code.
    Map(MapTask),
    /// A reduction, or a contraction that is no matrix product.
    Fold(FoldTask),
    /// A matrix product.
    Gemm(GemmTask),
    /// Matrix products and element-wise code on them.
    Block(Box<BlockTask>),
    /// The sums of a matrix product that matter.
    Picked(PickedTask),
    /// Ranks of the elements of rows.
    Rank {
        /// The rows.
        input: Value,
        /// How many of them matter, if not all: what comes after has that number.
        first: Option<usize>,
        /// The ranks.
        result: Value,
    },
    /// Sums of the elements so far along an axis.
    RunningSum {
        /// The elements.
        input: Value,
        /// The axis.
        axis: usize,
        /// The sums.
        result: Value,
    },
    /// One of the sums of a convolution.
    Convolve(ConvolveTask),
    /// One of the sums of a convolution, of samples in lanes.
    Lanes {
        /// Which.
        sum: Box<Lanes>,
        /// The first factor.
        lhs: Value,
        /// The second.
        rhs: Value,
        /// The sums.
        result: Value,
    },
    /// Something with windows.
    Windows {
        /// What.
        windows: Windows,
        /// The elements and, where they go to the largest of units, these.
        inputs: Vec<Value>,
        /// What becomes of them.
        result: Value,
    },
    /// A matrix in the other order.
    Transpose {
        /// The matrix.
        input: Value,
        /// Its rows and columns.
        dims: [usize; 2],
        /// Its transpose.
        result: Value,
    },
    /// What stands along an axis from one place on.
    Range {
        /// From what it is taken.
        whole: Value,
        /// The axis.
        rows: Rows,
        /// The first place.
        first: usize,
        /// How many places.
        places: usize,
        /// The range.
        result: Value,
    },
    /// What is at one place along an axis.
    Slice {
        /// From where.
        from: SliceTask,
        /// The slice.
        result: Value,
    },
    /// What is at one place along the first axis, read where it is.
    View {
        /// From where.
        from: SliceTask,
        /// The slice, which has no memory of its own.
        result: Value,
    },
    /// The tensor with a slice replaced.
    Insert {
        /// Into what.
        into: SliceTask,
        /// The new slice.
        value: Value,
        /// The new tensor.
        result: Value,
    },
    /// The tensor with zeros from a place on.
    Before {
        /// The tensor and the place.
        from: SliceTask,
        /// What is before the place, and zeros.
        result: Value,
    },
    /// Nothing: room for what is written before anyone reads it.
    Room {
        /// The room.
        result: Value,
    },
    /// Random draws.
    Random {
        /// From which law.
        law: Law,
        /// Of which stream.
        stream: u32,
        /// In which step.
        step: Option<Slot>,
        /// The draws.
        result: Value,
    },
    /// A step number as a real scalar.
    FromIndex {
        /// The number.
        slot: Slot,
        /// The scalar.
        result: Value,
    },
    /// A loop.
    Repeat(Box<RepeatTask>),
    /// A program that is run on a few samples at a time.
    Tiles(Box<Region>),
}

/// A fold over the last axes of a space. Operands of the space: the inputs, then the result.
#[derive(Clone, Debug)]
pub(crate) struct FoldTask {
    /// How terms are combined.
    pub(crate) kind: ReduceKind,
    /// Whether it is a sum of products, which may be added in any order.
    pub(crate) free: bool,
    /// What it reads.
    pub(crate) inputs: Vec<MapOperand>,
    /// What it computes of an element of each.
    pub(crate) body: Vec<MapInstruction>,
    /// The instruction that gives the term.
    pub(crate) term: Local,
    /// What the terms are folded into.
    pub(crate) result: Value,
    /// The kept axes, in the result's order.
    pub(crate) kept: Space,
    /// The folded axes, outermost first; the result does not move along them.
    pub(crate) folded: Space,
}

/// A tensor and a place along one of its axes.
#[derive(Clone, Debug)]
pub(crate) struct SliceTask {
    /// The tensor.
    pub(crate) whole: Value,
    /// The axis.
    pub(crate) rows: Rows,
    /// The place; beyond the end, the last.
    pub(crate) place: Slot,
}

/// An axis of a dense tensor: what it separates, and what follows each other at one of its places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// The product of the extents of the axes outside.
    pub(crate) count: usize,
    /// The extent of the axis.
    pub(crate) places: usize,
    /// The product of the extents of the axes inside.
    pub(crate) elements: usize,
}

/// A matrix product.
#[derive(Clone, Debug)]
pub(crate) struct GemmTask {
    /// Its shape.
    pub(crate) product: Product,
    /// The left factor.
    pub(crate) lhs: Value,
    /// The right factor.
    pub(crate) rhs: Value,
    /// How many terms of the sums there are, if not all.
    pub(crate) terms: Option<Terms>,
    /// What the sums go through, if all their terms are there.
    pub(crate) links: Vec<Link<Value>>,
    /// The result.
    pub(crate) result: Value,
}

impl GemmTask {
    /// The values that the result may be written over, element by element: not the factors, which are read until the end.
    pub(crate) fn replaceable(&self) -> impl Iterator<Item = Value> {
        let whole = |link: &Link<Value>| match link.with {
            With::Elements { of, whole, .. } => whole.then_some(of),
            With::Number(_) => None,
        };
        self.links.iter().filter_map(whole).filter(|&value| value != self.lhs && value != self.rhs)
    }
}

/// The first terms of a sum: so many for each step that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// The steps.
    pub(crate) steps: Slot,
    /// For each.
    pub(crate) each: usize,
}

/// One of the sums of a convolution.
#[derive(Clone, Debug)]
pub(crate) struct ConvolveTask {
    /// Which.
    pub(crate) convolve: Convolve,
    /// The first factor.
    pub(crate) lhs: Value,
    /// The second.
    pub(crate) rhs: Value,
    /// Room for the task alone.
    pub(crate) room: Value,
    /// The sums.
    pub(crate) result: Value,
}

/// A loop.
#[derive(Clone, Debug)]
pub(crate) struct RepeatTask {
    /// How often, at most.
    pub(crate) count: u32,
    /// The step's index runs down to 0.
    pub(crate) reversed: bool,
    /// When to stop earlier.
    pub(crate) until: Option<UntilTask>,
    /// The step's index.
    pub(crate) step: Slot,
    /// What goes from step to step.
    pub(crate) carried: Vec<Carried>,
    /// One step.
    pub(crate) body: Vec<Task>,
}

/// The stopping condition of a loop, and what it yields.
#[derive(Clone, Debug)]
pub(crate) struct UntilTask {
    /// A scalar of the body.
    pub(crate) residual: Value,
    /// The loop stops after the first step whose residual is less; rounded as residuals are.
    pub(crate) tolerance: f64,
    /// The number of steps that ran.
    pub(crate) steps: Slot,
    /// The last residual.
    pub(crate) last: Value,
}

/// A value that a loop carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    /// Before the loop.
    pub(crate) initial: Value,
    /// At the beginning of a step.
    pub(crate) parameter: Value,
    /// At the end of a step; defined by a task of the body, and carried nowhere else.
    pub(crate) next: Value,
    /// After the loop.
    pub(crate) result: Value,
}

impl Task {
    /// The loop, if it is one.
    pub(crate) fn as_repeat(&self) -> Option<&RepeatTask> {
        match self {
            Task::Repeat(repeat) => Some(repeat),
            Task::Map(_)
            | Task::Fold(_)
            | Task::Gemm(_)
            | Task::Block(_)
            | Task::Picked(_)
            | Task::Rank { .. }
            | Task::RunningSum { .. }
            | Task::Convolve(_)
            | Task::Lanes { .. }
            | Task::Windows { .. }
            | Task::Transpose { .. }
            | Task::Range { .. }
            | Task::Slice { .. }
            | Task::View { .. }
            | Task::Insert { .. }
            | Task::Before { .. }
            | Task::Room { .. }
            | Task::Random { .. }
            | Task::FromIndex { .. }
            | Task::Tiles(_) => None,
        }
    }

    /// The values it defines.
    pub(crate) fn results(&self) -> Vec<Value> {
        match self {
            Task::Map(map) => map.results.iter().map(|&(value, _)| value).collect(),
            Task::Block(block) => block.map.results.iter().map(|&(value, _)| value).collect(),
            Task::Fold(FoldTask { result, .. })
            | Task::Gemm(GemmTask { result, .. })
            | Task::Picked(PickedTask { result, .. })
            | Task::Rank { result, .. }
            | Task::RunningSum { result, .. }
            | Task::Lanes { result, .. }
            | Task::Windows { result, .. }
            | Task::Transpose { result, .. }
            | Task::Range { result, .. }
            | Task::Slice { result, .. }
            | Task::View { result, .. }
            | Task::Insert { result, .. }
            | Task::Before { result, .. }
            | Task::Room { result }
            | Task::Random { result, .. }
            | Task::FromIndex { result, .. } => vec![*result],
            Task::Convolve(convolve) => vec![convolve.room, convolve.result],
            Task::Repeat(repeat) => {
                repeat.carried.iter().map(|c| c.result).chain(repeat.until.iter().map(|u| u.last)).collect()
            }
            Task::Tiles(tiles) => tiles.exports.iter().chain(&tiles.sums).copied().collect(),
        }
    }

    /// The values it reads, those read only inside a loop's body excepted.
    pub(crate) fn operands(&self) -> Vec<Value> {
        match self {
            Task::Map(map) => map.inputs.iter().map(|input| input.value).collect(),
            Task::Fold(fold) => fold.inputs.iter().map(|input| input.value).collect(),
            Task::Gemm(gemm) => {
                [gemm.lhs, gemm.rhs].into_iter().chain(gemm.links.iter().filter_map(Link::of)).collect()
            }
            Task::Block(block) => block.operands().collect(),
            Task::Picked(PickedTask { lhs, rhs, pick: Pick { places, place }, .. }) => {
                vec![*lhs, *rhs, *places, *place]
            }
            Task::Rank { input, .. } | Task::RunningSum { input, .. } | Task::Transpose { input, .. } => {
                vec![*input]
            }
            Task::Windows { inputs, .. } => inputs.clone(),
            Task::Convolve(ConvolveTask { lhs, rhs, .. }) | Task::Lanes { lhs, rhs, .. } => vec![*lhs, *rhs],
            Task::Range { whole, .. } => vec![*whole],
            Task::Slice { from, .. } | Task::View { from, .. } | Task::Before { from, .. } => {
                vec![from.whole]
            }
            Task::Insert { into, value, .. } => vec![into.whole, *value],
            Task::Random { .. } | Task::FromIndex { .. } | Task::Room { .. } => Vec::new(),
            Task::Repeat(repeat) => repeat.carried.iter().map(|c| c.initial).collect(),
            Task::Tiles(tiles) => tiles.shared.iter().chain(&tiles.imports).copied().collect(),
        }
    }
}
