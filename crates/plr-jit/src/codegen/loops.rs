//! Counted loops with carried values, and the memory accesses inside them.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    AliasRegion, AliasRegionData, Block, BlockArg, InstBuilder, MemFlagsData, Value,
};
use cranelift_frontend::FunctionBuilder;

use super::emitter::Emitter;

/// The parameters of every kernel, as values in the function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments {
    /// Table of buffers: `*const *mut u8`.
    pub(crate) buffers: Value,
    /// For each operand its place in that table: `*const u32`.
    pub(crate) operands: Value,
    /// Extents and strides: `*const i64`.
    pub(crate) numbers: Value,
    /// First index of the outermost loop.
    pub(crate) first: Value,
    /// Index after the last.
    pub(crate) end: Value,
}

/// Memory of what the host prepared for the call: never written while a kernel runs.
fn constant_memory() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly().with_can_move()
}

impl Arguments {
    /// The address of an operand.
    pub(crate) fn pointer(&self, builder: &mut FunctionBuilder<'_>, operand: usize) -> Value {
        let index = builder.ins().load(I32, constant_memory(), self.operands, 4 * operand as i32);
        let index = builder.ins().uextend(I64, index);
        let offset = builder.ins().imul_imm_s(index, 8);
        let entry = builder.ins().iadd(self.buffers, offset);
        builder.ins().load(I64, constant_memory(), entry, 0)
    }

    /// One of the numbers.
    pub(crate) fn number(&self, builder: &mut FunctionBuilder<'_>, index: usize) -> Value {
        builder.ins().load(I64, constant_memory(), self.numbers, 8 * index as i32)
    }
}

/// How the elements of an operand are accessed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access(MemFlagsData);

impl Access {
    /// Memory that nobody writes while the kernel runs: its loads may move.
    pub(crate) fn read_only() -> Self {
        Self(MemFlagsData::new().with_notrap().with_readonly().with_can_move())
    }

    /// Memory that the kernel writes, apart from all other operands.
    pub(crate) fn written(builder: &mut FunctionBuilder<'_>, operand: usize) -> Self {
        let data =
            AliasRegionData { user_id: operand as u32, description: format!("operand {operand}").into() };
        let region: AliasRegion = builder.func.dfg.alias_regions.insert(data);
        Self(MemFlagsData::new().with_notrap().with_alias_region(Some(region)))
    }

    /// The flags of a load or store.
    pub(crate) fn flags(self) -> MemFlagsData {
        self.0
    }
}

impl Emitter<'_, '_> {
    /// Runs `body` for indices `first`, `first + step`, … below `end`, if any. `body` gets the index and the carried values
    /// and returns the next ones; after the loop they are the result.
    pub(crate) fn counted(
        &mut self,
        (first, end, step): (Value, Value, i64),
        carried: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let inside = self.builder.create_block();
        let after = self.builder.create_block();
        self.builder.append_block_param(inside, I64);
        for &value in carried {
            let ty = self.builder.func.dfg.value_type(value);
            self.builder.append_block_param(inside, ty);
            self.builder.append_block_param(after, ty);
        }
        self.continue_below(end, first, carried, inside, after);

        self.builder.switch_to_block(inside);
        let parameters = self.builder.block_params(inside).to_vec();
        let next = body(self, parameters[0], &parameters[1..]);
        let index = self.builder.ins().iadd_imm_s(parameters[0], step);
        self.continue_below(end, index, &next, inside, after);
        self.builder.seal_block(inside);

        self.builder.seal_block(after);
        self.builder.switch_to_block(after);
        self.builder.block_params(after).to_vec()
    }

    /// Goes inside the loop if `index` is below `end`, else after it.
    fn continue_below(&mut self, end: Value, index: Value, carried: &[Value], inside: Block, after: Block) {
        let more = self.builder.ins().icmp(IntCC::SignedLessThan, index, end);
        let leaving: Vec<BlockArg> = carried.iter().map(|&v| v.into()).collect();
        let staying: Vec<BlockArg> =
            std::iter::once(index).chain(carried.iter().copied()).map(Into::into).collect();
        self.builder.ins().brif(more, inside, &staying, after, &leaving);
    }

    /// The largest `first + n·step` that is not above `end`; `step` is a power of two.
    pub(crate) fn last_multiple(&mut self, first: Value, end: Value, step: i64) -> Value {
        let length = self.builder.ins().isub(end, first);
        let mask = self.builder.ins().iconst(I64, -step);
        let whole = self.builder.ins().band(length, mask);
        self.builder.ins().iadd(first, whole)
    }

    /// The first element of a vector at an address, the other lanes zero.
    pub(crate) fn load_first_lane(&mut self, access: Access, bits: bool, address: Value) -> Value {
        let lanes = self.lanes();
        let (scalar, vector) =
            if bits { (lanes.scalar_bits, lanes.vector_bits) } else { (lanes.scalar, lanes.vector) };
        let element = self.builder.ins().load(scalar, access.flags(), address, 0);
        self.builder.ins().scalar_to_vector(vector, element)
    }

    /// One element at an address in all lanes.
    pub(crate) fn load_splat(&mut self, access: Access, bits: bool, address: Value) -> Value {
        let lanes = self.lanes();
        let (scalar, vector) =
            if bits { (lanes.scalar_bits, lanes.vector_bits) } else { (lanes.scalar, lanes.vector) };
        let element = self.builder.ins().load(scalar, access.flags(), address, 0);
        self.builder.ins().splat(vector, element)
    }

    /// A whole vector at an address and a constant distance from it, in bytes.
    pub(crate) fn load_vector(&mut self, access: Access, bits: bool, address: Value, offset: i64) -> Value {
        let lanes = self.lanes();
        let vector = if bits { lanes.vector_bits } else { lanes.vector };
        self.builder.ins().load(vector, access.flags(), address, offset as i32)
    }

    /// Writes a whole vector.
    pub(crate) fn store_vector(&mut self, access: Access, vector: Value, address: Value, offset: i64) {
        self.builder.ins().store(access.flags(), vector, address, offset as i32);
    }

    /// Writes the first lane of a vector.
    pub(crate) fn store_first_lane(&mut self, access: Access, vector: Value, address: Value) {
        let element = self.builder.ins().extractlane(vector, 0);
        self.builder.ins().store(access.flags(), element, address, 0);
    }

    /// `base + index·stride`.
    pub(crate) fn element(&mut self, base: Value, index: Value, stride: Value) -> Value {
        let distance = self.builder.ins().imul(index, stride);
        self.builder.ins().iadd(base, distance)
    }
}
