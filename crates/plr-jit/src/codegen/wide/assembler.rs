//! Machine code of x86-64 with AVX-512: the few instructions that element-wise kernels consist of.
//!
//! Every memory operand has a displacement of 32 bits, every jump a distance of 32 bits: kernels are short.

use std::fmt::{self, Display, Formatter};

use plr_ir::Precision;

/// A general register, by the machine's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct General(pub(super) u8);

/// A vector register of 512 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide(pub(super) u8);

/// A mask register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(pub(super) u8);

/// Which lanes a load or a store touches; a load puts zeros into the others.
pub(super) type Lanes = Option<Flags>;

pub(super) const RAX: General = General(0);
pub(super) const RCX: General = General(1);
pub(super) const RDX: General = General(2);
pub(super) const RBX: General = General(3);
pub(super) const RSP: General = General(4);
pub(super) const RBP: General = General(5);
pub(super) const RSI: General = General(6);
pub(super) const RDI: General = General(7);
pub(super) const R8: General = General(8);

/// Somewhere in memory: a base, an index that counts bytes, and a distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) base: General,
    pub(super) index: Option<General>,
    pub(super) distance: i32,
}

/// A place in the code that jumps lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(usize);

/// Conditions of jumps, by the machine's number.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    /// Unsigned: below.
    Below = 2,
    /// Unsigned: at or above.
    NotBelow = 3,
    /// Not zero.
    NotZero = 5,
}

/// Vector instructions with two sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Two {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    And,
    Or,
    Xor,
    AddBits,
    SubBits,
}

/// Vector instructions with one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum One {
    Sqrt,
    Floor,
    Round,
    ShiftLeft(u8),
    ShiftRight(u8),
}

/// Comparisons, by the machine's number; all false where a NaN is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal = 0x00,
    Less = 0x11,
    LessEqual = 0x12,
}

/// Opcode maps and prefixes of the vector encoding.
#[derive(Clone, Copy)]
struct Opcode {
    map: u8,
    prefix: u8,
    byte: u8,
    /// The bit that tells 64-bit from 32-bit lanes.
    double: bool,
}

/// The code so far.
#[derive(Debug)]
pub(super) struct Assembler {
    precision: Precision,
    pub(super) bytes: Vec<u8>,
    /// By label: where it is, once that is known.
    labels: Vec<Option<usize>>,
    /// Where the distance to a label belongs.
    jumps: Vec<(usize, Label)>,
    /// Where the distance to a constant belongs.
    reads: Vec<(usize, usize)>,
    /// The constants, each as wide as a real.
    constants: Vec<u64>,
    text: Option<String>,
}

impl Assembler {
    pub(super) fn new(precision: Precision, keep_text: bool) -> Self {
        Self {
            precision,
            bytes: Vec::with_capacity(1024),
            labels: Vec::new(),
            jumps: Vec::new(),
            reads: Vec::new(),
            constants: Vec::new(),
            text: keep_text.then(String::new),
        }
    }

    /// The finished code, its constants after it, and its text.
    pub(super) fn finish(mut self) -> (Vec<u8>, String) {
        let width = self.precision.bytes();
        while !self.bytes.len().is_multiple_of(width) {
            self.bytes.push(0xCC);
        }
        let first = self.bytes.len();
        for (at, label) in std::mem::take(&mut self.jumps) {
            let target = self.labels[label.0].unwrap_or_default();
            self.set_distance(at, target);
        }
        for (at, constant) in std::mem::take(&mut self.reads) {
            self.set_distance(at, first + constant * width);
        }
        for constant in &self.constants {
            self.bytes.extend(&constant.to_le_bytes()[..width]);
        }
        (self.bytes, self.text.unwrap_or_default())
    }

    /// A distance counts from the end of the four bytes it is in.
    fn set_distance(&mut self, at: usize, target: usize) {
        let distance = target as i64 - (at as i64 + 4);
        self.bytes[at..at + 4].copy_from_slice(&(distance as i32).to_le_bytes());
    }

    /// A line of text, made only if it is wanted.
    fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(text) = &mut self.text {
            text.push_str("  ");
            text.push_str(&line());
            text.push('\n');
        }
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Puts a label here.
    pub(super) fn bind(&mut self, label: Label) {
        self.labels[label.0] = Some(self.bytes.len());
        if let Some(text) = &mut self.text {
            text.push_str(&format!("{label}:\n"));
        }
    }

    pub(super) fn jump(&mut self, when: When, label: Label) {
        self.bytes.extend([0x0F, 0x80 | when as u8]);
        self.jumps.push((self.bytes.len(), label));
        self.bytes.extend([0; 4]);
        self.say(|| format!("jump {label} if {when:?}"));
    }

    /// Register and memory operand after an instruction's prefix and opcode, which take the low three bits of each.
    fn operand(&mut self, register: u8, at: At) {
        let (middle, base) = ((register & 7) << 3, at.base.0 & 7);
        match at.index {
            Some(index) => self.bytes.extend([0x84 | middle, (index.0 & 7) << 3 | base]),
            None if base == 4 => self.bytes.extend([0x84 | middle, 0x24]),
            None => self.bytes.push(0x80 | middle | base),
        }
        self.bytes.extend(at.distance.to_le_bytes());
    }

    /// An instruction on a general register and memory.
    fn general(&mut self, wide: bool, opcode: &[u8], register: General, at: At) {
        let index = at.index.map_or(0, |index| index.0 >> 3);
        let prefix = 0x40 | u8::from(wide) << 3 | (register.0 >> 3) << 2 | index << 1 | at.base.0 >> 3;
        self.bytes.push(prefix);
        self.bytes.extend(opcode);
        self.operand(register.0, at);
    }

    /// An instruction on two general registers of 64 bits.
    fn registers(&mut self, opcode: u8, register: General, other: General) {
        let prefix = 0x48 | (register.0 >> 3) << 2 | other.0 >> 3;
        self.bytes.extend([prefix, opcode, 0xC0 | (register.0 & 7) << 3 | other.0 & 7]);
    }

    pub(super) fn load(&mut self, to: General, at: At) {
        self.general(true, &[0x8B], to, at);
        self.say(|| format!("{to} = {at}"));
    }

    /// The upper half becomes zero.
    pub(super) fn load_half(&mut self, to: General, at: At) {
        self.general(false, &[0x8B], to, at);
        self.say(|| format!("{to} = half {at}"));
    }

    pub(super) fn store(&mut self, at: At, from: General) {
        self.general(true, &[0x89], from, at);
        self.say(|| format!("{at} = {from}"));
    }

    pub(super) fn add_from(&mut self, to: General, at: At) {
        self.general(true, &[0x03], to, at);
        self.say(|| format!("{to} += {at}"));
    }

    pub(super) fn multiply_from(&mut self, to: General, at: At) {
        self.general(true, &[0x0F, 0xAF], to, at);
        self.say(|| format!("{to} *= {at}"));
    }

    /// Subtracts one from memory and says whether that is zero.
    pub(super) fn decrement(&mut self, at: At) {
        self.general(true, &[0xFF], General(1), at);
        self.say(|| format!("{at} -= 1"));
    }

    pub(super) fn compare_with(&mut self, a: General, at: At) {
        self.general(true, &[0x3B], a, at);
        self.say(|| format!("compare {a} with {at}"));
    }

    pub(super) fn copy(&mut self, to: General, from: General) {
        self.registers(0x89, from, to);
        self.say(|| format!("{to} = {from}"));
    }

    pub(super) fn add(&mut self, to: General, from: General) {
        self.registers(0x01, from, to);
        self.say(|| format!("{to} += {from}"));
    }

    pub(super) fn subtract(&mut self, to: General, from: General) {
        self.registers(0x29, from, to);
        self.say(|| format!("{to} -= {from}"));
    }

    pub(super) fn multiply(&mut self, to: General, from: General) {
        let prefix = 0x48 | (to.0 >> 3) << 2 | from.0 >> 3;
        self.bytes.extend([prefix, 0x0F, 0xAF, 0xC0 | (to.0 & 7) << 3 | from.0 & 7]);
        self.say(|| format!("{to} *= {from}"));
    }

    pub(super) fn clear(&mut self, register: General) {
        self.registers(0x31, register, register);
        self.say(|| format!("{register} = 0"));
    }

    pub(super) fn add_number(&mut self, to: General, number: i32) {
        self.bytes.extend([0x48 | to.0 >> 3, 0x81, 0xC0 | to.0 & 7]);
        self.bytes.extend(number.to_le_bytes());
        self.say(|| format!("{to} += {number}"));
    }

    pub(super) fn and_number(&mut self, to: General, number: i32) {
        self.bytes.extend([0x48 | to.0 >> 3, 0x81, 0xE0 | to.0 & 7]);
        self.bytes.extend(number.to_le_bytes());
        self.say(|| format!("{to} &= {number}"));
    }

    /// Shifts towards the high bits, or with a negative amount towards the low ones.
    pub(super) fn shift(&mut self, register: General, amount: i8) {
        let form = if amount < 0 { 0xE8 } else { 0xE0 };
        self.bytes.extend([0x48 | register.0 >> 3, 0xC1, form | register.0 & 7, amount.unsigned_abs()]);
        self.say(|| format!("{register} <<= {amount}"));
    }

    pub(super) fn push(&mut self, register: General) {
        self.bytes.extend([0x40 | register.0 >> 3, 0x50 | register.0 & 7]);
        self.say(|| format!("push {register}"));
    }

    pub(super) fn pop(&mut self, register: General) {
        self.bytes.extend([0x40 | register.0 >> 3, 0x58 | register.0 & 7]);
        self.say(|| format!("pop {register}"));
    }

    /// Leaves the function with the vectors' upper parts clean, as others expect them.
    pub(super) fn leave(&mut self) {
        self.bytes.extend([0xC5, 0xF8, 0x77, 0xC3]);
        self.say(|| "return".to_owned());
    }

    /// The lowest `count` flags, from a register below the eighth; uses `rax`.
    pub(super) fn lowest(&mut self, flags: Flags, count: General) {
        // eax = −1; eax = the lowest bits of eax; flags = eax.
        self.bytes.extend([0xB8, 0xFF, 0xFF, 0xFF, 0xFF]);
        self.bytes.extend([0xC4, 0xE2, (!count.0 & 15) << 3, 0xF5, 0xC0]);
        self.bytes.extend([0xC5, 0xF8, 0x92, 0xC0 | flags.0 << 3]);
        self.say(|| format!("{flags} = the lowest {count}"));
    }
}

/// Vector instructions.
impl Assembler {
    /// Prefix and opcode: the first source is `second` of the machine's three operands; the last operand is a register, or
    /// memory with these base and index.
    fn vector(&mut self, opcode: Opcode, register: u8, source: u8, last: [u8; 2], flags: [u8; 2]) {
        let [base, index] = last;
        let [number, extra] = flags;
        let bit = |value: u8, at: u8| (value >> at & 1) ^ 1;
        let first = bit(register, 3) << 7 | bit(index, 3) << 6 | bit(base, 3) << 5 | bit(register, 4) << 4;
        let second = u8::from(opcode.double) << 7 | (!source & 15) << 3 | 4 | opcode.prefix;
        let third = extra | 0x40 | bit(source, 4) << 3 | number;
        self.bytes.extend([0x62, first | opcode.map, second, third, opcode.byte]);
    }

    fn vector_registers(&mut self, opcode: Opcode, register: u8, source: u8, other: u8, flags: [u8; 2]) {
        // The fourth and fifth bits of a register in the last place are where base and index have theirs.
        self.vector(opcode, register, source, [other, other >> 1], flags);
        self.bytes.push(0xC0 | (register & 7) << 3 | other & 7);
    }

    fn vector_memory(&mut self, opcode: Opcode, register: u8, at: At, flags: [u8; 2]) {
        self.vector(opcode, register, 0, [at.base.0, at.index.map_or(0, |index| index.0)], flags);
        self.operand(register, at);
    }

    fn is_double(&self) -> bool {
        self.precision.choose(false, true)
    }

    /// An instruction on reals: doubles have a prefix.
    fn on_reals(&self, byte: u8) -> Opcode {
        let double = self.is_double();
        Opcode { map: 1, prefix: u8::from(double), byte, double }
    }

    /// An instruction of one of the further opcode maps.
    fn in_map(&self, map: u8, prefix: u8, byte: u8) -> Opcode {
        Opcode { map, prefix, byte, double: self.is_double() }
    }

    pub(super) fn load_vector(&mut self, to: Wide, at: At, lanes: Lanes) {
        let flags = lanes.map_or([0, 0], |Flags(number)| [number, 0x80]);
        self.vector_memory(self.on_reals(0x10), to.0, at, flags);
        self.say(|| format!("{to} = {at}{}", Touched(lanes)));
    }

    pub(super) fn store_vector(&mut self, at: At, from: Wide, lanes: Lanes) {
        let flags = lanes.map_or([0, 0], |Flags(number)| [number, 0]);
        self.vector_memory(self.on_reals(0x11), from.0, at, flags);
        self.say(|| format!("{at} = {from}{}", Touched(lanes)));
    }

    fn broadcast(&self) -> Opcode {
        self.in_map(2, 1, self.precision.choose(0x18, 0x19))
    }

    /// One real in all lanes.
    pub(super) fn load_splat(&mut self, to: Wide, at: At) {
        self.vector_memory(self.broadcast(), to.0, at, [0, 0]);
        self.say(|| format!("{to} = all {at}"));
    }

    /// A constant in all lanes.
    pub(super) fn load_constant(&mut self, to: Wide, bits: u64) {
        let known = self.constants.iter().position(|&constant| constant == bits);
        let constant = known.unwrap_or_else(|| {
            self.constants.push(bits);
            self.constants.len() - 1
        });
        self.vector(self.broadcast(), to.0, 0, [0, 0], [0, 0]);
        // A distance from the next instruction.
        self.bytes.push((to.0 & 7) << 3 | 5);
        self.reads.push((self.bytes.len(), constant));
        self.bytes.extend([0; 4]);
        self.say(|| format!("{to} = all {bits:#x}"));
    }

    pub(super) fn two(&mut self, op: Two, to: Wide, a: Wide, b: Wide) {
        let opcode = match op {
            Two::Add => self.on_reals(0x58),
            Two::Mul => self.on_reals(0x59),
            Two::Sub => self.on_reals(0x5C),
            Two::Min => self.on_reals(0x5D),
            Two::Div => self.on_reals(0x5E),
            Two::Max => self.on_reals(0x5F),
            Two::And => self.in_map(1, 1, 0xDB),
            Two::Or => self.in_map(1, 1, 0xEB),
            Two::Xor => self.in_map(1, 1, 0xEF),
            Two::AddBits => self.in_map(1, 1, self.precision.choose(0xFE, 0xD4)),
            Two::SubBits => self.in_map(1, 1, self.precision.choose(0xFA, 0xFB)),
        };
        self.vector_registers(opcode, to.0, a.0, b.0, [0, 0]);
        self.say(|| format!("{to} = {op:?} {a} {b}"));
    }

    pub(super) fn one(&mut self, op: One, to: Wide, a: Wide) {
        // Rounding says nothing of being inexact; a shift has its number where others have a register, and its result elsewhere.
        let rounding = self.in_map(3, 1, self.precision.choose(0x08, 0x09));
        let shift = self.in_map(1, 1, self.precision.choose(0x72, 0x73));
        match op {
            One::Sqrt => self.vector_registers(self.on_reals(0x51), to.0, 0, a.0, [0, 0]),
            One::Round | One::Floor => {
                self.vector_registers(rounding, to.0, 0, a.0, [0, 0]);
                self.bytes.push(if op == One::Floor { 0x09 } else { 0x08 });
            }
            One::ShiftLeft(amount) => {
                self.vector_registers(shift, 6, to.0, a.0, [0, 0]);
                self.bytes.push(amount);
            }
            One::ShiftRight(amount) => {
                self.vector_registers(shift, 2, to.0, a.0, [0, 0]);
                self.bytes.push(amount);
            }
        }
        self.say(|| format!("{to} = {op:?} {a}"));
    }

    pub(super) fn compare(&mut self, relation: Relation, to: Flags, a: Wide, b: Wide) {
        self.vector_registers(self.on_reals(0xC2), to.0, a.0, b.0, [0, 0]);
        self.bytes.push(relation as u8);
        self.say(|| format!("{to} = {relation:?} {a} {b}"));
    }

    /// All ones where a flag is set, else zeros.
    pub(super) fn spread(&mut self, to: Wide, flags: Flags) {
        self.vector_registers(self.in_map(2, 2, 0x38), to.0, 0, flags.0, [0, 0]);
        self.say(|| format!("{to} = lanes of {flags}"));
    }

    /// The highest bit of each lane.
    pub(super) fn gather(&mut self, to: Flags, from: Wide) {
        self.vector_registers(self.in_map(2, 2, 0x39), to.0, 0, from.0, [0, 0]);
        self.say(|| format!("{to} = flags of {from}"));
    }

    /// Lanes of `a` where a flag is set, else of `b`.
    pub(super) fn choose(&mut self, to: Wide, flags: Flags, a: Wide, b: Wide) {
        self.vector_registers(self.in_map(2, 1, 0x65), to.0, b.0, a.0, [flags.0, 0]);
        self.say(|| format!("{to} = {a} if {flags} else {b}"));
    }
}

/// Lanes as text.
struct Touched(Lanes);

impl Display for Touched {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |flags| write!(f, " where {flags}"))
    }
}

impl Display for General {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 8] = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];
        match NAMES.get(usize::from(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "r{}", self.0),
        }
    }
}

impl Display for Wide {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "zmm{}", self.0)
    }
}

impl Display for Flags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", self.0)
    }
}

impl Display for Label {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "l{}", self.0)
    }
}

impl Display for At {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "[{} + {index} + {}]", self.base, self.distance),
            None => write!(f, "[{} + {}]", self.base, self.distance),
        }
    }
}
