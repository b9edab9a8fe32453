//! Contractions: which are matrix products, which are products of elements, and which are folded by a kernel.

use plr_ir::Type;
use plr_ir::program::{Contraction, Local, MapInput, MapInstruction, ReduceKind, Value};
use plr_ir::scalar::BinaryOp;

use super::{FoldTask, GemmTask, Lowering, Task, Terms};
use crate::gemm::{BatchAxis, Product, Strides};
use crate::space::Space;

/// A matrix product of fewer multiplications is computed by a kernel made for it.
const LEAST_LIBRARY_WORK: usize = 512;

/// A product of rows gains by a copy of a factor in the other order if it has so many multiplications for each element copied.
const TRANSPOSED_WORK: usize = 128;
/// Products of fewer rows do not fill vectors.
const LEAST_TRANSPOSED: usize = 32;

/// An axis of a contraction: its extent, and the distance between neighbours in left factor, right factor and result; 0
/// where the operand does not have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    extent: usize,
    strides: [usize; 3],
}

impl Axis {
    /// Which operands have it.
    fn presence(&self) -> [bool; 3] {
        self.strides.map(|stride| stride != 0)
    }
}

/// Shorthand for [`Axis::presence`].
const LEFT: [bool; 3] = [true, false, true];
const RIGHT: [bool; 3] = [false, true, true];
const SHARED: [bool; 3] = [true, true, true];
const SUMMED: [bool; 3] = [true, true, false];

impl Lowering<'_> {
    /// Lowers a contraction.
    pub(super) fn contract(&mut self, lhs: Value, rhs: Value, spec: &Contraction, result: Value) {
        if let Some(task) = self.first_terms([lhs, rhs], spec, result) {
            self.define(result);
            return self.push(Task::Gemm(task));
        }
        if self.contract_computed([lhs, rhs], spec, result) || self.contract_picked([lhs, rhs], spec, result)
        {
            return;
        }
        let (lhs, rhs) = (self.stored_anyhow(lhs), self.stored_anyhow(rhs));
        let (kept, summed) = self.axes(lhs, rhs, spec, result);
        self.define(result);
        let factors = elementwise_factors(lhs, rhs, spec);
        if let (true, Some(factors)) = (summed.is_empty(), factors) {
            return self.products(factors, result);
        }
        if let Some(product) = matrix_product(&kept, &summed).filter(|_| !summed.is_empty()) {
            let (product, [lhs, rhs]) = with_columns_beside_each_other(product, [lhs, rhs]);
            let product = Product { symmetric: lhs == rhs && is_symmetric(&product), ..product };
            let gemm = GemmTask { product, lhs, rhs, terms: None, links: Vec::new(), result };
            return match self.pays_transposed(&gemm) {
                true => self.multiply_transposed(gemm),
                false => self.push(Task::Gemm(gemm)),
            };
        }
        let kept = space(&kept, 3).collapsed();
        let folded = space(&summed, 2).collapsed();
        self.push(Task::Fold(FoldTask {
            kind: ReduceKind::Sum,
            free: true,
            inputs: vec![self.operand(lhs, false), self.operand(rhs, false)],
            body: vec![
                MapInstruction::Input(0),
                MapInstruction::Input(1),
                MapInstruction::Binary(BinaryOp::Mul, Local(0), Local(1)),
            ],
            term: Local(2),
            result,
            kept,
            folded,
        }));
    }

    /// The contraction as a matrix product whose last terms are left out, if a factor is zero there and they follow the others in
    /// both.
    fn first_terms(&mut self, factors: [Value; 2], spec: &Contraction, result: Value) -> Option<GemmTask> {
        let labels = [&spec.lhs, &spec.rhs];
        let (at, before) = (0..2).find_map(|i| Some((i, *self.befores.get(&factors[i])?)))?;
        let label = labels[at][before.axis];
        let several = |label: &&u8| {
            let axis = spec.lhs.iter().position(|other| other == *label);
            axis.is_some_and(|axis| self.type_of(factors[0]).dims[axis] > 1)
        };
        let outermost = spec.lhs.iter().filter(|label| !spec.out.contains(label)).find(several);
        if outermost != Some(&label) || !spec.rhs.contains(&label) {
            return None;
        }
        let places = self.type_of(factors[at]).dims[before.axis];
        let mut whole = factors;
        whole[at] = before.whole;
        let [lhs, rhs] = whole.map(|factor| self.stored_anyhow(factor));
        let (kept, summed) = self.axes(lhs, rhs, spec, result);
        let product = matrix_product(&kept, &summed).filter(|product| product.batch.is_empty())?;
        let terms = Some(Terms { steps: before.slot, each: product.depth / places });
        let (product, [lhs, rhs]) = with_columns_beside_each_other(product, [lhs, rhs]);
        Some(GemmTask { product, lhs, rhs, terms, links: Vec::new(), result })
    }

    /// Whether a product of rows is so much work that a copy of a factor in the other order, and of the result, costs little
    /// beside what the better kernel spares.
    fn pays_transposed(&self, gemm: &GemmTask) -> bool {
        let product = &gemm.product;
        let Product { m, n, depth, lhs, rhs, out, .. } = *product;
        let dense = lhs == Strides { row: depth, column: 1 } && rhs == Strides { row: 1, column: depth };
        let dense_result = out == Strides { row: n, column: 1 } || out == Strides { row: 1, column: m };
        let [right, left] = self.copied(gemm);
        dense
            && dense_result
            && product.batch.is_empty()
            && m.min(n) >= LEAST_TRANSPOSED
            && product.work() >= TRANSPOSED_WORK * right.min(left)
    }

    /// The elements that are copied if the right factor is in the other order, and if the left one is.
    fn copied(&self, gemm: &GemmTask) -> [usize; 2] {
        let Product { m, n, depth, out, .. } = gemm.product;
        let factor = |value: Value, rows: usize| {
            let known = self.transposes.contains_key(&value);
            if known { 0 } else { rows * depth }
        };
        let result = |apart: usize| if apart == 1 { 0 } else { m * n };
        [factor(gemm.rhs, n) + result(out.column), factor(gemm.lhs, m) + result(out.row)]
    }

    /// Lowers a product of rows as one whose columns lie beside each other, with a copy of the factor that is the smaller one in the
    /// other order.
    fn multiply_transposed(&mut self, gemm: GemmTask) {
        let [right, left] = self.copied(&gemm);
        let GemmTask { product, lhs, rhs, terms, links, result } = gemm;
        let (product, lhs, rhs) = match right <= left {
            true => (product, lhs, rhs),
            false => (product.transposed(), rhs, lhs),
        };
        let Product { m, n, depth, .. } = product;
        let right = self.transpose(rhs, [n, depth]);
        let dense = Product { rhs: Strides { row: n, column: 1 }, ..product };
        if dense.out.column == 1 {
            return self.push(Task::Gemm(GemmTask { product: dense, lhs, rhs: right, terms, links, result }));
        }
        let columns = self.fresh(Type::real([m, n]));
        let dense = Product { out: Strides { row: n, column: 1 }, ..dense };
        self.push(Task::Gemm(GemmTask { product: dense, lhs, rhs: right, terms, links, result: columns }));
        self.push(Task::Transpose { input: columns, dims: [m, n], result });
    }

    /// A matrix in the other order, which is copied once for all that the outermost block does with it.
    pub(super) fn transpose(&mut self, matrix: Value, dims: [usize; 2]) -> Value {
        if let Some(&known) = self.transposes.get(&matrix) {
            return known;
        }
        let result = self.fresh(Type::real([dims[1], dims[0]]));
        self.push(Task::Transpose { input: matrix, dims, result });
        if self.blocks.len() == 1 {
            self.transposes.insert(matrix, result);
        }
        result
    }

    /// The axes with more than one element: those of the result in its order, and the summed ones in the order of the left
    /// factor, then of the right.
    pub(super) fn axes(
        &self,
        lhs: Value,
        rhs: Value,
        spec: &Contraction,
        result: Value,
    ) -> (Vec<Axis>, Vec<Axis>) {
        let operands = [(&spec.lhs, lhs), (&spec.rhs, rhs), (&spec.out, result)];
        let axis = |label: u8| {
            let mut axis = Axis { extent: 1, strides: [0; 3] };
            for (i, (labels, value)) in operands.iter().enumerate() {
                if let Some(position) = labels.iter().position(|&l| l == label) {
                    axis.extent = self.type_of(*value).dims[position];
                    axis.strides[i] = self.strides(*value)[position];
                }
            }
            axis
        };
        let several = |axis: &Axis| axis.extent > 1;
        let kept = spec.out.iter().map(|&label| axis(label)).filter(several).collect();
        let only_right = spec.rhs.iter().filter(|label| !spec.lhs.contains(label));
        let summed = spec.lhs.iter().chain(only_right).filter(|label| !spec.out.contains(label));
        let summed = summed.map(|&label| axis(label)).filter(several).collect();
        (kept, summed)
    }
}

/// The factors as inputs of a map over the result, if their axes come in the result's order.
fn elementwise_factors(lhs: Value, rhs: Value, spec: &Contraction) -> Option<[MapInput; 2]> {
    let input = |value, labels: &[u8]| {
        let places = labels.iter().map(|label| spec.out.iter().position(|out| out == label));
        let axes = places.collect::<Option<Vec<usize>>>()?;
        axes.is_sorted().then_some(MapInput { value, axes })
    };
    Some([input(lhs, &spec.lhs)?, input(rhs, &spec.rhs)?])
}

/// The axes as an index space with the given number of operands.
fn space(axes: &[Axis], operands: usize) -> Space {
    let strides = (0..operands).map(|i| axes.iter().map(|axis| axis.strides[i]).collect()).collect();
    Space { dims: axes.iter().map(|axis| axis.extent).collect(), strides }
}

/// The contraction as a batch of matrix products that are large enough for the library.
pub(super) fn matrix_product(kept: &[Axis], summed: &[Axis]) -> Option<Product> {
    let (depth, outer) = one_axis(summed, SUMMED);
    if !outer.is_empty() || summed.iter().any(|axis| axis.presence() != SUMMED) {
        return None;
    }
    let of =
        |presence| kept.iter().filter(move |axis| axis.presence() == presence).copied().collect::<Vec<_>>();
    let (rows, further_rows) = one_axis(&of(LEFT), LEFT);
    let (columns, further_columns) = one_axis(&of(RIGHT), RIGHT);
    let work = rows.extent.saturating_mul(columns.extent).saturating_mul(depth.extent);
    if work < LEAST_LIBRARY_WORK {
        return None;
    }
    let batch = of(SHARED).into_iter().chain(further_rows).chain(further_columns);
    Some(Product {
        m: rows.extent,
        n: columns.extent,
        depth: depth.extent,
        lhs: Strides { row: rows.strides[0], column: depth.strides[0] },
        rhs: Strides { row: depth.strides[1], column: columns.strides[1] },
        out: Strides { row: rows.strides[2], column: columns.strides[2] },
        batch: batch.map(|axis| BatchAxis { extent: axis.extent, strides: axis.strides }).collect(),
        symmetric: false,
    })
}

/// Of a result whose rows are walked through in steps of one, the transpose has its columns beside each other: it is the product of
/// the factors the other way round.
fn with_columns_beside_each_other(product: Product, [lhs, rhs]: [Value; 2]) -> (Product, [Value; 2]) {
    match product.out.column != 1 && product.out.row == 1 {
        true => (product.transposed(), [rhs, lhs]),
        false => (product, [lhs, rhs]),
    }
}

/// Whether a product whose factors are in the same memory is of a matrix and its own transpose.
fn is_symmetric(product: &Product) -> bool {
    let Product { m, n, lhs, rhs, out, ref batch, .. } = *product;
    let same = lhs == Strides { row: rhs.column, column: rhs.row };
    same && m == n && out.column == 1 && batch.iter().all(|axis| axis.strides[0] == axis.strides[1])
}

/// The innermost axes as one that all operands walk through in one stride, and the axes further out that do not fit. Without
/// axes, one of extent 1.
fn one_axis(axes: &[Axis], presence: [bool; 3]) -> (Axis, Vec<Axis>) {
    let mut outer = axes.to_vec();
    let one = Axis { extent: 1, strides: presence.map(usize::from) };
    let mut inner = outer.pop().unwrap_or(one);
    while let Some(next) = outer.last() {
        if (0..3).any(|i| next.strides[i] != inner.strides[i] * inner.extent) {
            break;
        }
        inner.extent *= next.extent;
        outer.pop();
    }
    (inner, outer)
}
