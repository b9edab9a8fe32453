//! Element-wise kernels: one pass over an index space, vectors along its innermost axis.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, Value};
use plr_ir::Precision;
use plr_ir::program::{Local, MapInstruction};

use super::body::{compute, unroll, weight};
use super::emitter::{Emitter, VECTOR_BYTES};
use super::loops::{Access, Arguments};

/// What an element-wise kernel does, apart from extents and strides: those are its numbers.
///
/// Numbers: the extents of axes 1 and further; then for each operand, inputs first, its strides in bytes along every axis
/// but the innermost. Axis 0 runs over the range of the call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapKernel {
    /// Of all reals.
    pub(crate) precision: Precision,
    /// How many axes, at least 1.
    pub(crate) rank: usize,
    /// What it reads.
    pub(crate) inputs: Vec<MapRead>,
    /// What it computes for each element.
    pub(crate) body: Vec<MapInstruction>,
    /// Which instructions' values are written, each to an operand of its own.
    pub(crate) results: Vec<Local>,
}

/// How one input of a map is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MapRead {
    /// Whether neighbours along the innermost axis are neighbours in memory; else they are one element.
    pub(crate) moves: bool,
    /// Whether its elements are truth values.
    pub(crate) truth: bool,
    /// The result, by position, that is written over it.
    pub(crate) overwritten_by: Option<usize>,
}

impl MapKernel {
    /// Roughly the number of machine instructions for each vector.
    pub(crate) fn weight(&self) -> usize {
        weight(&self.body)
    }

    /// Where the strides of an operand begin among the numbers.
    pub(super) fn strides_at(&self, operand: usize) -> usize {
        (self.rank - 1) * (1 + operand)
    }

    /// Appends the kernel's code.
    pub(crate) fn emit(&self, emitter: &mut Emitter<'_, '_>, arguments: &Arguments) {
        let count = self.inputs.len() + self.results.len();
        let bases: Vec<Value> = (0..count).map(|i| arguments.pointer(emitter.builder, i)).collect();
        let writes: Vec<Access> = (0..self.results.len())
            .map(|i| Access::written(emitter.builder, self.inputs.len() + i))
            .collect();
        let overwritten = |read: &MapRead| read.overwritten_by.map(|result| writes[result]);
        let reads = self.inputs.iter().map(|read| overwritten(read).unwrap_or(Access::read_only())).collect();
        let pass = Pass { kernel: self, reads, writes };
        pass.axis(emitter, arguments, 0, bases);
    }
}

/// A kernel and how it accesses its operands.
struct Pass<'k> {
    kernel: &'k MapKernel,
    reads: Vec<Access>,
    writes: Vec<Access>,
}

impl Pass<'_> {
    /// The loop over one axis, `bases` being where each operand's part begins.
    fn axis(&self, emitter: &mut Emitter<'_, '_>, arguments: &Arguments, axis: usize, bases: Vec<Value>) {
        let (first, end) = if axis == 0 {
            (arguments.first, arguments.end)
        } else {
            let zero = emitter.builder.ins().iconst(I64, 0);
            (zero, arguments.number(emitter.builder, axis - 1))
        };
        if axis + 1 == self.kernel.rank {
            return self.row(emitter, first, end, &bases);
        }
        emitter.counted((first, end, 1), &[], |emitter, index, _| {
            let inner = bases.iter().enumerate().map(|(operand, &base)| {
                let stride = arguments.number(emitter.builder, self.kernel.strides_at(operand) + axis);
                emitter.element(base, index, stride)
            });
            let inner = inner.collect();
            self.axis(emitter, arguments, axis + 1, inner);
            Vec::new()
        });
    }

    /// The innermost axis: several vectors at a time, then single vectors, then single elements.
    fn row(&self, emitter: &mut Emitter<'_, '_>, first: Value, end: Value, bases: &[Value]) {
        let bytes = emitter.lanes().bytes;
        let unroll = unroll(self.kernel.weight());
        let repeated = self.repeated_inputs(emitter, bases);
        let first = emitter.builder.ins().imul_imm_s(first, bytes);
        let end = emitter.builder.ins().imul_imm_s(end, bytes);
        let wide = emitter.last_multiple(first, end, unroll * VECTOR_BYTES);
        emitter.counted((first, wide, unroll * VECTOR_BYTES), &[], |emitter, offset, _| {
            let places = places(emitter, bases, offset);
            (0..unroll).for_each(|i| self.vector(emitter, &repeated, &places, i * VECTOR_BYTES));
            Vec::new()
        });
        let single = if unroll == 1 { wide } else { emitter.last_multiple(wide, end, VECTOR_BYTES) };
        if unroll > 1 {
            emitter.counted((wide, single, VECTOR_BYTES), &[], |emitter, offset, _| {
                let places = places(emitter, bases, offset);
                self.vector(emitter, &repeated, &places, 0);
                Vec::new()
            });
        }
        emitter.counted((single, end, bytes), &[], |emitter, offset, _| {
            let places = places(emitter, bases, offset);
            self.element(emitter, &repeated, &places);
            Vec::new()
        });
    }

    /// The inputs that stay the same along the innermost axis, in all lanes.
    fn repeated_inputs(&self, emitter: &mut Emitter<'_, '_>, bases: &[Value]) -> Vec<Option<Value>> {
        let inputs = self.kernel.inputs.iter().zip(bases).zip(&self.reads);
        inputs
            .map(|((read, &base), &access)| {
                (!read.moves).then(|| emitter.load_splat(access, read.truth, base))
            })
            .collect()
    }

    /// The results for one vector of every input.
    fn results(&self, emitter: &mut Emitter<'_, '_>, inputs: &[Value]) -> Vec<Value> {
        let values = compute(emitter, &self.kernel.body, inputs);
        self.kernel.results.iter().map(|local| values[local.0 as usize]).collect()
    }

    /// One vector of every result.
    fn vector(
        &self,
        emitter: &mut Emitter<'_, '_>,
        repeated: &[Option<Value>],
        places: &[Value],
        offset: i64,
    ) {
        let mut inputs = Vec::with_capacity(repeated.len());
        for (i, read) in self.kernel.inputs.iter().enumerate() {
            let load = || emitter.load_vector(self.reads[i], read.truth, places[i], offset);
            inputs.push(repeated[i].unwrap_or_else(load));
        }
        let results = self.results(emitter, &inputs);
        for (i, result) in results.into_iter().enumerate() {
            emitter.store_vector(self.writes[i], result, places[inputs.len() + i], offset);
        }
    }

    /// One element of every result.
    fn element(&self, emitter: &mut Emitter<'_, '_>, repeated: &[Option<Value>], places: &[Value]) {
        let mut inputs = Vec::with_capacity(repeated.len());
        for (i, read) in self.kernel.inputs.iter().enumerate() {
            let load = || emitter.load_first_lane(self.reads[i], read.truth, places[i]);
            inputs.push(repeated[i].unwrap_or_else(load));
        }
        let results = self.results(emitter, &inputs);
        for (i, result) in results.into_iter().enumerate() {
            emitter.store_first_lane(self.writes[i], result, places[inputs.len() + i]);
        }
    }
}

/// Where each operand is, `offset` bytes along the innermost axis.
fn places(emitter: &mut Emitter<'_, '_>, bases: &[Value], offset: Value) -> Vec<Value> {
    bases.iter().map(|&base| emitter.builder.ins().iadd(base, offset)).collect()
}
