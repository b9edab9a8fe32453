//! Folds: reductions, and contractions that are no matrix products. Their terms are computed as they are folded.

use plr_ir::program::{Contraction, MapInput, MapInstruction, ReduceKind, Value};
use plr_ir::scalar::BinaryOp;

use super::elementwise::{Body, Code};
use super::fleeting::is_fold;
use super::{FoldTask, Lowering, Task, View, is_truth};
use crate::space::{Space, along};

/// A copy of a matrix in the other order pays if each element is read so many times.
const READ_OFTEN: usize = 4;

/// The axes of the terms of a fold.
struct Terms {
    /// Their extents.
    dims: Vec<usize>,
    /// Those of the result, in its order.
    kept: Vec<usize>,
    /// The others, outermost first.
    folded: Vec<usize>,
}

impl Lowering<'_> {
    /// Lowers a reduction.
    pub(super) fn reduce(&mut self, kind: ReduceKind, input: Value, axes: &[usize], result: Value) {
        let input = match self.view(input) {
            View::Computed { .. } => input,
            View::Stored { .. } | View::Constant(_) | View::Index(_) => self.stored_anyhow(input),
        };
        let mut body = Body::default();
        let term = body.read(self, input);
        let dims = self.dims(input);
        let (folded, kept) = (0..dims.len()).partition(|axis| axes.contains(axis));
        self.fold((kind, false), body.pruned(&[term]), &Terms { dims, kept, folded }, result);
    }

    /// Lowers a contraction that is a fold of a factor that is computed where it is read, if it is one.
    pub(super) fn contract_computed(
        &mut self,
        [lhs, rhs]: [Value; 2],
        spec: &Contraction,
        result: Value,
    ) -> bool {
        let own = match (self.view(lhs), self.view(rhs)) {
            (View::Computed { .. }, _) if is_fold(spec, [&spec.lhs, &spec.rhs]) => (lhs, &spec.lhs),
            (_, View::Computed { .. }) if is_fold(spec, [&spec.rhs, &spec.lhs]) => (rhs, &spec.rhs),
            _ => return false,
        };
        let (of, labels) = own;
        let place = |label: &u8| labels.iter().position(|other| other == label).unwrap_or_default();
        let mut body = Body::default();
        let [lhs, rhs] = [(lhs, &spec.lhs), (rhs, &spec.rhs)].map(|(value, labels)| {
            body.read_along(self, &MapInput { value, axes: labels.iter().map(place).collect() })
        });
        let term = body.push(MapInstruction::Binary(BinaryOp::Mul, lhs, rhs));
        let kept: Vec<usize> = spec.out.iter().map(place).collect();
        let dims = self.dims(of);
        let folded = (0..dims.len()).filter(|axis| !kept.contains(axis)).collect();
        self.fold((ReduceKind::Sum, true), body.pruned(&[term]), &Terms { dims, kept, folded }, result);
        true
    }

    /// Folds terms, the order of which may be free. Vectors can lie across the result if what is read lies beside each other
    /// along its last axis: a matrix that does not is copied in the other order.
    fn fold(&mut self, (kind, free): (ReduceKind, bool), code: Code, terms: &Terms, result: Value) {
        let Code { mut inputs, body, results } = code;
        if !free {
            inputs.iter_mut().for_each(|input| self.turn(input, terms));
        }
        let pick = |axes: &[usize], of: &[usize]| axes.iter().map(|&axis| of[axis]).collect::<Vec<_>>();
        let strides: Vec<Vec<usize>> =
            inputs.iter().map(|(value, axes)| along(&self.strides(*value), axes, terms.dims.len())).collect();
        let of = |axes: &[usize]| strides.iter().map(|strides| pick(axes, strides)).collect::<Vec<_>>();
        let kept_dims = pick(&terms.kept, &terms.dims);
        let written = [self.strides(result)];
        let kept = Space { strides: of(&terms.kept).into_iter().chain(written).collect(), dims: kept_dims };
        let folded = Space { strides: of(&terms.folded), dims: pick(&terms.folded, &terms.dims) };
        let inputs = inputs.iter().map(|&(value, _)| self.operand(value, false)).collect();
        self.define(result);
        self.push(Task::Fold(FoldTask {
            kind,
            free,
            inputs,
            body,
            term: results[0],
            result,
            kept: kept.collapsed(),
            folded: folded.collapsed(),
        }));
    }

    /// Lets rows of a matrix that is read often enough be columns, if the last axis of the result goes from one to the next.
    fn turn(&mut self, (value, axes): &mut (Value, Vec<usize>), terms: &Terms) {
        let lanes = terms.kept.iter().rev().find(|&&axis| terms.dims[axis] > 1);
        let ty = self.type_of(*value);
        let (&[rows, columns], false) = (ty.dims.as_slice(), is_truth(ty)) else { return };
        let often = terms.dims.iter().product::<usize>() >= READ_OFTEN * rows * columns;
        if lanes == Some(&axes[0]) && columns > 1 && often {
            let dense = self.stored(*value);
            *value = self.transpose(dense, [rows, columns]);
            axes.swap(0, 1);
        }
    }
}
