//! The machine whose arithmetic is a stream of instructions: [`plr_ir::scalar`] runs on it and appends to a function what
//! it would compute on the host, for all lanes of a 128-bit vector at once.
//!
//! There is no scalar variant. A single element is computed in the first lane of a vector whose other lanes hold zeros or
//! rubbish, by the same instructions: the remainder of a loop gives the same bits as its bulk by construction.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value};
use cranelift_frontend::FunctionBuilder;
use plr_ir::Precision;
use plr_ir::scalar::Machine;

/// Cranelift's types for one precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// One real.
    pub(crate) scalar: Type,
    /// The integer as wide as a real.
    pub(crate) scalar_bits: Type,
    /// A vector of reals.
    pub(crate) vector: Type,
    /// A vector of such integers; also of truth values, all ones or all zeros.
    pub(crate) vector_bits: Type,
    /// Bytes of a real.
    pub(crate) bytes: i64,
}

/// Bytes of a vector, in either precision.
pub(crate) const VECTOR_BYTES: i64 = 16;

impl Lanes {
    /// The types for `precision`.
    pub(crate) fn of(precision: Precision) -> Self {
        match precision {
            Precision::F32 => {
                Self { scalar: F32, scalar_bits: I32, vector: F32X4, vector_bits: I32X4, bytes: 4 }
            }
            Precision::F64 => {
                Self { scalar: F64, scalar_bits: I64, vector: F64X2, vector_bits: I64X2, bytes: 8 }
            }
        }
    }

    /// How many reals a vector holds.
    pub(crate) fn count(self) -> u8 {
        (VECTOR_BYTES / self.bytes) as u8
    }
}

/// Appends instructions to the function under construction.
pub(crate) struct Emitter<'a, 'f> {
    /// The function, positioned where instructions go.
    pub(crate) builder: &'a mut FunctionBuilder<'f>,
    precision: Precision,
    lanes: Lanes,
}

impl<'a, 'f> Emitter<'a, 'f> {
    /// Appends to `builder` in the given precision.
    pub(crate) fn new(builder: &'a mut FunctionBuilder<'f>, precision: Precision) -> Self {
        Self { builder, precision, lanes: Lanes::of(precision) }
    }

    /// The types in use.
    pub(crate) fn lanes(&self) -> Lanes {
        self.lanes
    }

    /// The same bits seen as integers.
    fn as_bits(&mut self, a: Value) -> Value {
        self.builder.ins().bitcast(self.lanes.vector_bits, MemFlagsData::new(), a)
    }

    /// The same bits seen as reals.
    fn as_reals(&mut self, a: Value) -> Value {
        self.builder.ins().bitcast(self.lanes.vector, MemFlagsData::new(), a)
    }

    fn compare(&mut self, condition: FloatCC, a: Value, b: Value) -> Value {
        self.builder.ins().fcmp(condition, a, b)
    }
}

/// Methods that append one instruction of the same name.
macro_rules! instructions {
    ($($name:ident($($operand:ident),+) = $instruction:ident),* $(,)?) => { $(
        fn $name(&mut self, $($operand: Value),+) -> Value {
            self.builder.ins().$instruction($($operand),+)
        }
    )* };
}

impl Machine for Emitter<'_, '_> {
    type Real = Value;
    type Bits = Value;
    type Mask = Value;

    fn precision(&self) -> Precision {
        self.precision
    }

    fn real(&mut self, value: f64) -> Value {
        let scalar = match self.precision {
            Precision::F32 => self.builder.ins().f32const(value as f32),
            Precision::F64 => self.builder.ins().f64const(value),
        };
        self.builder.ins().splat(self.lanes.vector, scalar)
    }

    fn bits(&mut self, pattern: u64) -> Value {
        let immediate = match self.precision {
            Precision::F32 => i64::from(pattern as u32),
            Precision::F64 => pattern as i64,
        };
        let scalar = self.builder.ins().iconst(self.lanes.scalar_bits, immediate);
        self.builder.ins().splat(self.lanes.vector_bits, scalar)
    }

    instructions! {
        add(a, b) = fadd,
        sub(a, b) = fsub,
        mul(a, b) = fmul,
        div(a, b) = fdiv,
        sqrt(a) = sqrt,
        neg(a) = fneg,
        abs(a) = fabs,
        floor(a) = floor,
        round_ties_even(a) = nearest,
        and(a, b) = band,
        or(a, b) = bor,
        not(a) = bnot,
        bits_and(a, b) = band,
        bits_or(a, b) = bor,
        bits_xor(a, b) = bxor,
        bits_add(a, b) = iadd,
        bits_sub(a, b) = isub,
    }

    fn less(&mut self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::LessThan, a, b)
    }

    fn less_equal(&mut self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::LessThanOrEqual, a, b)
    }

    fn equal(&mut self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::Equal, a, b)
    }

    fn select(&mut self, mask: Value, a: Value, b: Value) -> Value {
        let mask = self.as_reals(mask);
        self.builder.ins().bitselect(mask, a, b)
    }

    fn bits_of_real(&mut self, a: Value) -> Value {
        self.as_bits(a)
    }

    fn real_of_bits(&mut self, a: Value) -> Value {
        self.as_reals(a)
    }

    fn shift_left(&mut self, a: Value, amount: u32) -> Value {
        let amount = self.builder.ins().iconst(I32, i64::from(amount));
        self.builder.ins().ishl(a, amount)
    }

    fn shift_right(&mut self, a: Value, amount: u32) -> Value {
        let amount = self.builder.ins().iconst(I32, i64::from(amount));
        self.builder.ins().ushr(a, amount)
    }
}
