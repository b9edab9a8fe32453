//! Element-wise kernels with vectors of 512 bits, which Cranelift does not have.
//!
//! The code is as that of [`MapKernel`]: one pass over an index space, vectors along its innermost axis, the same operations in
//! the same order, and so the same bits. A remainder is one more vector of which some lanes are neither read nor written.
//! What is not worth it is left to Cranelift: see [`MOST_OPERANDS`], [`MOST_AXES`], [`MOST_SPILLED`].

mod assembler;
mod record;
mod registers;

use assembler::{Assembler, At, Flags, General, R8, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, When};
use record::Record;
use registers::Registers;

use super::map::MapKernel;

/// Every operand has a register for where it is.
const MOST_OPERANDS: usize = POINTERS.len();
/// Loops.
const MOST_AXES: usize = 6;
/// Vectors that may be in memory for want of registers.
const MOST_SPILLED: usize = 32;

/// Bytes of a vector.
const BYTES: i32 = 64;
/// A body of at most so many instructions is written twice, to share what a loop costs.
const LIGHT: usize = 24;

/// Where the operands are, and what has to be given back as it was.
const POINTERS: [General; 12] = [
    RBX,
    RBP,
    RSI,
    RDI,
    R8,
    General(9),
    General(10),
    General(11),
    General(12),
    General(13),
    General(14),
    General(15),
];
const SAVED: [General; 6] = [RBX, RBP, General(12), General(13), General(14), General(15)];

/// The lanes of a remainder.
const REMAINDER: Flags = Flags(2);

/// A kernel's code and both its texts.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) bytes: Vec<u8>,
    pub(super) instructions: String,
    pub(super) text: String,
}

/// Whether this machine runs such code.
#[cfg(target_arch = "x86_64")]
pub(super) fn available() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx512f") && has!("avx512dq") && has!("avx512vl") && has!("bmi2")
}

/// Whether this machine runs such code.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn available() -> bool {
    false
}

/// The kernel's code; `None` if it is better left to Cranelift.
pub(super) fn code(kernel: &MapKernel, keep_text: bool) -> Option<Code> {
    let operands = kernel.inputs.len() + kernel.results.len();
    if operands > MOST_OPERANDS || kernel.rank > MOST_AXES {
        return None;
    }
    let results = kernel.results.iter().map(|local| local.0 as usize);
    let record = Record::of(kernel.precision, &kernel.body, results);
    let instructions = if keep_text { format!("{record}") } else { String::new() };
    let registers = Registers::new(kernel, &record);
    let pass = Pass {
        frame: Frame { operands, axes: kernel.rank },
        code: Assembler::new(kernel.precision, keep_text),
        shift: kernel.precision.choose(2, 3),
        unroll: if record.used.iter().filter(|used| **used).count() <= LIGHT { 2 } else { 1 },
        kernel,
        registers,
    };
    pass.function().map(|(bytes, text)| Code { bytes, instructions, text })
}

/// What is where on the stack.
#[derive(Clone, Copy)]
struct Frame {
    operands: usize,
    axes: usize,
}

impl Frame {
    fn word(number: usize) -> At {
        let distance = MOST_SPILLED as i32 * BYTES + 8 * number as i32;
        At { base: RSP, index: None, distance }
    }

    /// How many bytes of a row there are in all.
    fn end() -> At {
        Self::word(0)
    }

    /// How many bytes are in whole vectors.
    fn single_end() -> At {
        Self::word(1)
    }

    /// How many bytes are in groups of vectors.
    fn group_end() -> At {
        Self::word(2)
    }

    /// How often a loop has still to be run through.
    fn counter(axis: usize) -> At {
        Self::word(3 + axis)
    }

    /// The extent of a loop.
    fn extent(self, axis: usize) -> At {
        Self::word(3 + self.axes + axis)
    }

    /// Where an operand begins.
    fn pointer(self, operand: usize) -> At {
        Self::word(3 + 2 * self.axes + operand)
    }

    /// How far an operand moves from one end of a loop's body to its next beginning.
    fn step(self, operand: usize, axis: usize) -> At {
        Self::word(3 + 2 * self.axes + self.operands * (1 + axis) + operand)
    }

    fn bytes(self) -> i32 {
        Self::word(3 + 2 * self.axes + self.operands * (1 + self.axes)).distance
    }
}

/// A word of an array that a register points to.
fn word_at(base: General, number: usize) -> At {
    At { base, index: None, distance: 8 * number as i32 }
}

/// A kernel being written.
struct Pass<'k> {
    kernel: &'k MapKernel,
    registers: Registers<'k>,
    code: Assembler,
    frame: Frame,
    /// Shifts that make bytes of elements.
    shift: i8,
    /// How many vectors a turn of the innermost loop has.
    unroll: i32,
}

impl Pass<'_> {
    /// The whole function and its text.
    fn function(mut self) -> Option<(Vec<u8>, String)> {
        SAVED.iter().for_each(|&register| self.code.push(register));
        self.code.add_number(RSP, -self.frame.bytes());
        self.row_ends();
        self.operands();
        self.registers.constants(&mut self.code);
        self.axis(0)?;
        self.code.add_number(RSP, self.frame.bytes());
        SAVED.iter().rev().for_each(|&register| self.code.pop(register));
        self.code.leave();
        Some(self.code.finish())
    }

    /// How long a row is: the innermost axis, or with one axis the range of the call.
    fn row_ends(&mut self) {
        let code = &mut self.code;
        match self.kernel.rank {
            1 => {
                code.copy(RBX, R8);
                code.subtract(RBX, RCX);
            }
            rank => code.load(RBX, word_at(RDX, rank - 2)),
        }
        code.shift(RBX, self.shift);
        code.store(Frame::end(), RBX);
        code.copy(RBP, RBX);
        code.and_number(RBP, BYTES - 1);
        code.shift(RBP, -self.shift);
        code.lowest(REMAINDER, RBP);
        code.and_number(RBX, -BYTES);
        code.store(Frame::single_end(), RBX);
        code.and_number(RBX, -BYTES * self.unroll);
        code.store(Frame::group_end(), RBX);
    }

    /// Where each operand begins and how it moves; then the loops' extents.
    fn operands(&mut self) {
        let (frame, rank) = (self.frame, self.kernel.rank);
        for operand in 0..frame.operands {
            let code = &mut self.code;
            code.load_half(RAX, At { base: RSI, index: None, distance: 4 * operand as i32 });
            code.shift(RAX, 3);
            code.add(RAX, RDI);
            code.load(RAX, word_at(RAX, 0));
            let moves = self.kernel.inputs.get(operand).is_none_or(|read| read.moves);
            if rank > 1 {
                code.load(RBX, word_at(RDX, self.kernel.strides_at(operand)));
                code.multiply(RBX, RCX);
                code.add(RAX, RBX);
            } else if moves {
                code.copy(RBX, RCX);
                code.shift(RBX, self.shift);
                code.add(RAX, RBX);
            }
            code.store(frame.pointer(operand), RAX);
            (0..rank - 1).for_each(|axis| self.step(operand, axis));
        }
        let code = &mut self.code;
        code.copy(RAX, R8);
        code.subtract(RAX, RCX);
        code.store(Frame::counter(0), RAX);
        for axis in 1..rank.saturating_sub(1) {
            code.load(RAX, word_at(RDX, axis - 1));
            code.store(frame.extent(axis), RAX);
        }
        for (operand, &register) in POINTERS.iter().enumerate().take(frame.operands) {
            code.load(register, frame.pointer(operand));
        }
    }

    /// An operand's stride along an axis, less the way that the loop inside has gone.
    fn step(&mut self, operand: usize, axis: usize) {
        let (code, strides) = (&mut self.code, self.kernel.strides_at(operand));
        code.load(RBX, word_at(RDX, strides + axis));
        if axis + 2 < self.kernel.rank {
            code.load(RBP, word_at(RDX, strides + axis + 1));
            code.multiply_from(RBP, word_at(RDX, axis));
            code.subtract(RBX, RBP);
        }
        code.store(self.frame.step(operand, axis), RBX);
    }

    /// The loop over one axis.
    fn axis(&mut self, axis: usize) -> Option<()> {
        if axis + 1 == self.kernel.rank {
            return self.row();
        }
        if axis > 0 {
            self.code.load(RAX, self.frame.extent(axis));
            self.code.store(Frame::counter(axis), RAX);
        }
        let top = self.code.label();
        self.code.bind(top);
        self.axis(axis + 1)?;
        for (operand, &register) in POINTERS.iter().enumerate().take(self.frame.operands) {
            self.code.add_from(register, self.frame.step(operand, axis));
        }
        self.code.decrement(Frame::counter(axis));
        self.code.jump(When::NotZero, top);
        Some(())
    }

    /// The innermost axis: groups of vectors, single vectors, the remainder.
    fn row(&mut self) -> Option<()> {
        self.registers.repeated(&mut self.code);
        self.code.clear(RCX);
        if self.unroll > 1 {
            self.turns(Frame::group_end(), self.unroll)?;
        }
        self.turns(Frame::single_end(), 1)?;
        let after = self.code.label();
        self.code.compare_with(RCX, Frame::end());
        self.code.jump(When::NotBelow, after);
        self.registers.body(&mut self.code, 0, Some(REMAINDER))?;
        self.code.bind(after);
        Some(())
    }

    /// A loop over as many vectors at a time, up to an end.
    fn turns(&mut self, end: At, vectors: i32) -> Option<()> {
        let (top, after) = (self.code.label(), self.code.label());
        self.code.compare_with(RCX, end);
        self.code.jump(When::NotBelow, after);
        self.code.bind(top);
        for vector in 0..vectors {
            self.registers.body(&mut self.code, vector * BYTES, None)?;
        }
        self.code.add_number(RCX, vectors * BYTES);
        self.code.compare_with(RCX, end);
        self.code.jump(When::Below, top);
        self.code.bind(after);
        Some(())
    }
}
