//! Products that are added to what is in memory: recognised among the code that follows products.

use plr_ir::program::{Local, MapInstruction};
use plr_ir::scalar::BinaryOp;

use super::build::Build;
use crate::lower::BlockTask;
use crate::space::Space;

impl Build<'_> {
    /// The number by which the only product is multiplied before it is added to what the result is written over, if that is all.
    pub(super) fn addition(&self, task: &BlockTask, matrix: &Space) -> Option<f64> {
        let BlockTask { products, map } = task;
        let ([gemm], &[(result, sum)], [first, _]) =
            (products.as_slice(), map.results.as_slice(), map.inputs.as_slice())
        else {
            return None;
        };
        let (product, old) = if first.value == gemm.result { (0, 1) } else { (1, 0) };
        let over = self.memory.buffer(map.inputs[old].value) == self.memory.buffer(result);
        let dense = |strides: &Vec<usize>| strides[1] == 1;
        let alike = matrix.strides[old] == matrix.strides[2] && matrix.strides.iter().all(dense);
        let scale = scale_of_sum(&map.body, sum, product)?;
        (over && alike && !task.computes(map.inputs[old].value) && gemm.product.can_be_added(self.precision))
            .then_some(scale)
    }
}

/// By what one of two inputs is multiplied, if this is its product with a number plus the other, or the other less that.
fn scale_of_sum(body: &[MapInstruction], sum: Local, product: u32) -> Option<f64> {
    let at = |local: Local| &body[local.0 as usize];
    let other = |local: Local| matches!(at(local), MapInstruction::Input(input) if *input != product);
    let scale = |local: Local| scale_of(body, local, product);
    let &MapInstruction::Binary(op, a, b) = at(sum) else { return None };
    match op {
        BinaryOp::Add if other(a) => scale(b),
        BinaryOp::Add if other(b) => scale(a),
        BinaryOp::Sub if other(a) => scale(b).map(|scale| -scale),
        BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Min
        | BinaryOp::Max
        | BinaryOp::Pow => None,
    }
}

/// By what an input is multiplied, if this is it or its product with a number.
fn scale_of(body: &[MapInstruction], local: Local, product: u32) -> Option<f64> {
    let at = |local: Local| &body[local.0 as usize];
    let is_product = |local: Local| *at(local) == MapInstruction::Input(product);
    let number =
        |local: Local| if let MapInstruction::Constant(number) = at(local) { Some(*number) } else { None };
    if is_product(local) {
        return Some(1.0);
    }
    let &MapInstruction::Binary(BinaryOp::Mul, a, b) = at(local) else { return None };
    if is_product(a) { number(b) } else { number(a).filter(|_| is_product(b)) }
}
