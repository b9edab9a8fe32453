//! Kernels that fold axes away: reductions, and the contractions that are no matrix products. The terms are computed as they are
//! folded.
//!
//! A reduction combines elements in row-major order of the folded axes, one after the other, so vectors can only lie across
//! a kept axis. A sum of products has no prescribed order: there vectors may also lie along a folded axis, with several
//! partial sums.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, Value};
use plr_ir::Precision;
use plr_ir::program::{Local, MapInstruction, ReduceKind};
use plr_ir::scalar::{self, BinaryOp, Machine};

use super::body::{compute, unroll, weight};
use super::emitter::{Emitter, VECTOR_BYTES};
use super::loops::{Access, Arguments};

/// What a folding kernel does, apart from extents and strides: those are its numbers.
///
/// Operands: the inputs, then the result. Axes: the kept ones, then, with [`Lanes::Across`], the kept axis of the lanes,
/// then the folded ones. The first axis that is not folded runs over the range of the call; without one the range is `0..1`.
/// Numbers: the extents of all other axes; for each operand its strides along the kept axes, in bytes; for each input its
/// strides along the folded axes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoldKernel {
    /// Of all reals.
    pub(crate) precision: Precision,
    /// How terms are combined.
    pub(crate) kind: ReduceKind,
    /// For each input whether its elements are truth values.
    pub(crate) truths: Vec<bool>,
    /// What is computed from an element of each input.
    pub(crate) body: Vec<MapInstruction>,
    /// The instruction that gives the term.
    pub(crate) term: Local,
    /// Whether it is a sum of products, in any order.
    pub(crate) free: bool,
    /// How many kept axes, the axis of the lanes not counted.
    pub(crate) kept: usize,
    /// How many folded axes.
    pub(crate) folded: usize,
    /// Where vectors lie.
    pub(crate) lanes: Lanes,
}

/// Which axis a vector of a folding kernel covers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lanes {
    /// None: one result at a time.
    Single,
    /// A kept axis along which the result is contiguous; the flag says which inputs are too, the others stay.
    Across(Vec<bool>),
    /// The last folded axis, along which such inputs are contiguous. Only for sums in any order.
    Along(Vec<bool>),
}

impl FoldKernel {
    /// Whether the axis of the lanes is the one that runs over the range of the call.
    pub(crate) fn ranges_over_lanes(&self) -> bool {
        self.kept == 0 && matches!(self.lanes, Lanes::Across(_))
    }

    fn inputs(&self) -> usize {
        self.truths.len()
    }

    /// Roughly the number of machine instructions for each vector of terms.
    pub(crate) fn weight(&self) -> usize {
        weight(&self.body) + 1
    }

    /// How many vectors of partial results are in flight.
    fn vectors(&self) -> i64 {
        unroll(self.weight())
    }

    /// How many extents precede the strides.
    fn extents(&self) -> usize {
        let lane_axis = usize::from(matches!(self.lanes, Lanes::Across(_)));
        (self.kept + lane_axis).saturating_sub(1) + self.folded
    }

    /// Where the extent of a folded axis is among the numbers.
    fn folded_extent_at(&self, axis: usize) -> usize {
        self.extents() - self.folded + axis
    }

    fn kept_stride_at(&self, operand: usize, axis: usize) -> usize {
        self.extents() + operand * self.kept + axis
    }

    fn folded_stride_at(&self, input: usize, axis: usize) -> usize {
        self.extents() + (self.inputs() + 1) * self.kept + input * self.folded + axis
    }

    /// Appends the kernel's code.
    pub(crate) fn emit(&self, emitter: &mut Emitter<'_, '_>, arguments: &Arguments) {
        let bases: Vec<Value> = (0..=self.inputs()).map(|i| arguments.pointer(emitter.builder, i)).collect();
        let write = Access::written(emitter.builder, self.inputs());
        let pass = Pass { kernel: self, arguments, write };
        pass.kept_axis(emitter, 0, bases);
    }
}

/// A kernel under construction.
struct Pass<'k> {
    kernel: &'k FoldKernel,
    arguments: &'k Arguments,
    write: Access,
}

/// Partial results.
type Partial = Vec<Value>;

/// What happens to partial results at one index of the folded axes, given the place of each input.
type Term<'t> = &'t dyn Fn(&mut Emitter<'_, '_>, &[Value], &[Value]) -> Partial;

impl Pass<'_> {
    fn number(&self, emitter: &mut Emitter<'_, '_>, index: usize) -> Value {
        self.arguments.number(emitter.builder, index)
    }

    /// The range of the `axis`-th axis that is not folded.
    fn range(&self, emitter: &mut Emitter<'_, '_>, axis: usize) -> (Value, Value) {
        if axis == 0 {
            return (self.arguments.first, self.arguments.end);
        }
        (emitter.builder.ins().iconst(I64, 0), self.number(emitter, axis - 1))
    }

    /// The loop over one kept axis, `bases` being where each operand's part begins.
    fn kept_axis(&self, emitter: &mut Emitter<'_, '_>, axis: usize, bases: Vec<Value>) {
        if axis == self.kernel.kept {
            return match &self.kernel.lanes {
                Lanes::Single => self.single(emitter, &bases),
                Lanes::Across(moves) => self.across(emitter, moves, &bases),
                Lanes::Along(moves) => self.along(emitter, moves, &bases),
            };
        }
        let (first, end) = self.range(emitter, axis);
        emitter.counted((first, end, 1), &[], |emitter, index, _| {
            let inner = bases.iter().enumerate().map(|(operand, &base)| {
                let stride = self.number(emitter, self.kernel.kept_stride_at(operand, axis));
                emitter.element(base, index, stride)
            });
            let inner = inner.collect();
            self.kept_axis(emitter, axis + 1, inner);
            Vec::new()
        });
    }

    /// The loops over the folded axes from `axis` up to, not including, `end`; `term` is called inside with the partial
    /// results and the place of each input.
    fn folded_axes(
        &self,
        emitter: &mut Emitter<'_, '_>,
        (axis, end): (usize, usize),
        partial: Partial,
        places: &[Value],
        term: Term<'_>,
    ) -> Partial {
        if axis == end {
            return term(emitter, &partial, places);
        }
        let zero = emitter.builder.ins().iconst(I64, 0);
        let extent = self.number(emitter, self.kernel.folded_extent_at(axis));
        let count = partial.len();
        let carried: Vec<Value> = partial.into_iter().chain(places.iter().copied()).collect();
        let mut last = emitter.counted((zero, extent, 1), &carried, |emitter, _, carried| {
            let (partial, places) = carried.split_at(count);
            let mut next = self.folded_axes(emitter, (axis + 1, end), partial.to_vec(), places, term);
            for (input, &place) in places.iter().enumerate() {
                let stride = self.number(emitter, self.kernel.folded_stride_at(input, axis));
                next.push(emitter.builder.ins().iadd(place, stride));
            }
            next
        });
        last.truncate(count);
        last
    }

    /// What a sum starts from. Reductions and sums of one product start from the zero that changes nothing; a sum of several, whatever
    /// computes it, from +0.
    fn empty_sum(&self, emitter: &mut Emitter<'_, '_>) -> Value {
        emitter.real(if self.kernel.free && self.kernel.folded > 0 { 0.0 } else { -0.0 })
    }

    /// What a fold starts from, given its first term.
    fn start(
        &self,
        emitter: &mut Emitter<'_, '_>,
        first: impl FnOnce(&mut Emitter<'_, '_>) -> Value,
    ) -> Value {
        match self.kernel.kind {
            ReduceKind::Sum => self.empty_sum(emitter),
            ReduceKind::Max | ReduceKind::Min => first(emitter),
        }
    }

    /// One step of the fold. `max(x, x)` and `min(x, x)` are `x`, so the first term may come twice.
    fn combine(&self, emitter: &mut Emitter<'_, '_>, partial: Value, term: Value) -> Value {
        match self.kernel.kind {
            ReduceKind::Sum => emitter.add(partial, term),
            ReduceKind::Max => scalar::binary(emitter, BinaryOp::Max, partial, term),
            ReduceKind::Min => scalar::binary(emitter, BinaryOp::Min, partial, term),
        }
    }

    /// A vector of terms from one of each input.
    fn term(&self, emitter: &mut Emitter<'_, '_>, inputs: &[Value]) -> Value {
        compute(emitter, &self.kernel.body, inputs)[self.kernel.term.0 as usize]
    }

    /// The term in the first lane.
    fn first_lane_term(&self, emitter: &mut Emitter<'_, '_>, places: &[Value]) -> Value {
        let load = |(&place, &truth)| emitter.load_first_lane(Access::read_only(), truth, place);
        let inputs: Vec<Value> = places.iter().zip(&self.kernel.truths).map(load).collect();
        self.term(emitter, &inputs)
    }

    /// One vector of terms, of a vector of each input that moves and the one element of each that stays.
    fn terms(&self, emitter: &mut Emitter<'_, '_>, moves: &[bool], places: &[Value], offset: i64) -> Value {
        let mut inputs = Vec::with_capacity(places.len());
        for ((&place, &moves), &truth) in places.iter().zip(moves).zip(&self.kernel.truths) {
            inputs.push(if moves {
                emitter.load_vector(Access::read_only(), truth, place, offset)
            } else {
                emitter.load_splat(Access::read_only(), truth, place)
            });
        }
        self.term(emitter, &inputs)
    }

    /// One result at a time.
    fn single(&self, emitter: &mut Emitter<'_, '_>, bases: &[Value]) {
        let (inputs, result) = bases.split_at(self.kernel.inputs());
        let start = self.start(emitter, |emitter| self.first_lane_term(emitter, inputs));
        let term = |emitter: &mut Emitter<'_, '_>, partial: &[Value], places: &[Value]| {
            let term = self.first_lane_term(emitter, places);
            vec![self.combine(emitter, partial[0], term)]
        };
        let folded = self.folded_axes(emitter, (0, self.kernel.folded), vec![start], inputs, &term);
        emitter.store_first_lane(self.write, folded[0], result[0]);
    }

    /// Vectors across a kept axis: several at a time, then one, then single elements.
    fn across(&self, emitter: &mut Emitter<'_, '_>, moves: &[bool], bases: &[Value]) {
        let bytes = emitter.lanes().bytes;
        let (first, end) = self.range(emitter, self.kernel.kept);
        let first = emitter.builder.ins().imul_imm_s(first, bytes);
        let end = emitter.builder.ins().imul_imm_s(end, bytes);
        let unroll = self.kernel.vectors();
        let wide = emitter.last_multiple(first, end, unroll * VECTOR_BYTES);
        let single = emitter.last_multiple(wide, end, VECTOR_BYTES);
        for (first, end, vectors) in [(first, wide, unroll), (wide, single, 1)] {
            emitter.counted((first, end, vectors * VECTOR_BYTES), &[], |emitter, offset, _| {
                self.columns(emitter, moves, bases, offset, vectors);
                Vec::new()
            });
        }
        emitter.counted((single, end, bytes), &[], |emitter, offset, _| {
            let bases = displaced(emitter, moves, bases, offset);
            self.single(emitter, &bases);
            Vec::new()
        });
    }

    /// `vectors` neighbouring vectors of results, `offset` bytes along the axis of the lanes.
    fn columns(
        &self,
        emitter: &mut Emitter<'_, '_>,
        moves: &[bool],
        bases: &[Value],
        offset: Value,
        vectors: i64,
    ) {
        let bases = displaced(emitter, moves, bases, offset);
        let (inputs, result) = bases.split_at(self.kernel.inputs());
        let terms = |emitter: &mut Emitter<'_, '_>, places: &[Value]| -> Vec<Value> {
            (0..vectors).map(|i| self.terms(emitter, moves, places, i * VECTOR_BYTES)).collect()
        };
        let start: Partial = match self.kernel.kind {
            ReduceKind::Sum => vec![self.empty_sum(emitter); vectors as usize],
            ReduceKind::Max | ReduceKind::Min => terms(emitter, inputs),
        };
        let term = |emitter: &mut Emitter<'_, '_>, partial: &[Value], places: &[Value]| {
            let terms = terms(emitter, places);
            partial.iter().zip(terms).map(|(&partial, term)| self.combine(emitter, partial, term)).collect()
        };
        let folded = self.folded_axes(emitter, (0, self.kernel.folded), start, inputs, &term);
        for (i, value) in folded.into_iter().enumerate() {
            emitter.store_vector(self.write, value, result[0], i as i64 * VECTOR_BYTES);
        }
    }

    /// Vectors along the last folded axis: partial sums of several vectors, and one of single elements.
    fn along(&self, emitter: &mut Emitter<'_, '_>, moves: &[bool], bases: &[Value]) {
        let (inputs, result) = bases.split_at(self.kernel.inputs());
        let start = vec![self.empty_sum(emitter); self.kernel.vectors() as usize + 1];
        let term = |emitter: &mut Emitter<'_, '_>, partial: &[Value], places: &[Value]| {
            self.run_of_terms(emitter, moves, partial, places)
        };
        let sums = self.folded_axes(emitter, (0, self.kernel.folded - 1), start, inputs, &term);
        let (vectors, rest) = sums.split_at(sums.len() - 1);
        let mut lanes = vectors.to_vec();
        while lanes.len() > 1 {
            lanes = lanes.chunks(2).map(|pair| emitter.add(pair[0], pair[1])).collect();
        }
        let mut total = emitter.builder.ins().extractlane(rest[0], 0);
        for lane in 0..emitter.lanes().count() {
            let element = emitter.builder.ins().extractlane(lanes[0], lane);
            total = emitter.builder.ins().fadd(total, element);
        }
        emitter.builder.ins().store(self.write.flags(), total, result[0], 0);
    }

    /// The terms along the last folded axis, added to the partial sums.
    fn run_of_terms(
        &self,
        emitter: &mut Emitter<'_, '_>,
        moves: &[bool],
        partial: &[Value],
        places: &[Value],
    ) -> Partial {
        let bytes = emitter.lanes().bytes;
        let unroll = self.kernel.vectors();
        let first = emitter.builder.ins().iconst(I64, 0);
        let extent = self.number(emitter, self.kernel.folded_extent_at(self.kernel.folded - 1));
        let end = emitter.builder.ins().imul_imm_s(extent, bytes);
        let wide = emitter.last_multiple(first, end, unroll * VECTOR_BYTES);
        let single = emitter.last_multiple(wide, end, VECTOR_BYTES);
        let (vectors, rest) = partial.split_at(unroll as usize);
        let mut vectors = vectors.to_vec();
        for (first, end, count) in [(first, wide, unroll), (wide, single, 1)] {
            let sums = emitter.counted(
                (first, end, count * VECTOR_BYTES),
                &vectors[..count as usize],
                |emitter, offset, sums| {
                    let places = displaced(emitter, moves, places, offset);
                    let add = |(i, &sum): (usize, &Value)| {
                        let term = self.terms(emitter, moves, &places, i as i64 * VECTOR_BYTES);
                        emitter.add(sum, term)
                    };
                    sums.iter().enumerate().map(add).collect()
                },
            );
            vectors[..sums.len()].copy_from_slice(&sums);
        }
        let rest = emitter.counted((single, end, bytes), rest, |emitter, offset, sums| {
            let places = displaced(emitter, moves, places, offset);
            let term = self.first_lane_term(emitter, &places);
            vec![emitter.add(sums[0], term)]
        });
        vectors.into_iter().chain(rest).collect()
    }
}

/// The places `offset` bytes along the axis of the lanes; the result, after the inputs, always moves.
fn displaced(emitter: &mut Emitter<'_, '_>, moves: &[bool], bases: &[Value], offset: Value) -> Vec<Value> {
    let moves = moves.iter().copied().chain([true]);
    let displace =
        |(&base, moves): (&Value, bool)| if moves { emitter.builder.ins().iadd(base, offset) } else { base };
    bases.iter().zip(moves).map(displace).collect()
}
