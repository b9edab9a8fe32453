//! Products whose sums go through what follows, one by one, before they are stored.

use plr_ir::Value;
use plr_ir::program::{Local, MapInstruction};
use plr_ir::scalar::BinaryOp;

use super::{GemmTask, MapTask};
use crate::gemm::{Product, Strides};
use crate::link::{Link, With};
use crate::micro::{MOST_LINKS, What};

/// The product and what a map does with it as one task, if each operation of the map is one of the sum so far and of a number or an
/// element of something else.
pub(super) fn linked(gemm: &GemmTask, map: &MapTask) -> Option<GemmTask> {
    let Product { m, n, .. } = gemm.product;
    let &[(result, end)] = map.results.as_slice() else { return None };
    let fits = map.space.is_matrix([m, n]) && map.running.is_none() && !map.inputs.iter().any(|i| i.truth);
    if !fits || gemm.terms.is_some() {
        return None;
    }
    let strides = map.space.as_matrix([m, n]).strides;
    let &[row, 1] = strides.last()?.as_slice() else { return None };
    let chain = Chain { gemm, map, strides: &strides };
    let links = chain.links(end).filter(|links| (1..=MOST_LINKS).contains(&links.len()))?;
    let product = Product { out: Strides { row, column: 1 }, ..gemm.product.clone() };
    Some(GemmTask { product, links, result, ..gemm.clone() })
}

/// A product and the code that follows.
struct Chain<'a> {
    gemm: &'a GemmTask,
    map: &'a MapTask,
    /// Of the operands, by row and column.
    strides: &'a [Vec<usize>],
}

impl Chain<'_> {
    /// The operations from the product to `end`.
    fn links(&self, end: Local) -> Option<Vec<Link<Value>>> {
        let body =
            || self.map.body.iter().enumerate().map(|(at, instruction)| (Local(at as u32), instruction));
        let (mut sum, _) = body().find(|(_, instruction)| self.is_product(instruction))?;
        let mut links = Vec::new();
        while sum != end {
            let mut users = body().filter(|(_, instruction)| reads(instruction, sum));
            let (user, &MapInstruction::Binary(op, a, b)) = users.next()? else { return None };
            if users.next().is_some() || a == b {
                return None;
            }
            let with = self.with(if a == sum { b } else { a })?;
            links.extend(operations(op, with, a == sum)?);
            sum = user;
        }
        Some(links)
    }

    fn is_product(&self, instruction: &MapInstruction) -> bool {
        matches!(instruction, MapInstruction::Input(i) if self.map.inputs[*i as usize].value == self.gemm.result)
    }

    /// What belongs to the sums, if it need not be computed.
    fn with(&self, local: Local) -> Option<With<Value>> {
        let instruction = &self.map.body[local.0 as usize];
        if let MapInstruction::Constant(number) = instruction {
            return (!number.is_nan()).then_some(With::Number(*number));
        }
        let MapInstruction::Input(input) = instruction else { return None };
        let input = *input as usize;
        let &[row, column @ 0..=1] = self.strides[input].as_slice() else { return None };
        let operand = &self.map.inputs[input];
        (!self.is_product(instruction)).then_some(With::Elements {
            of: operand.value,
            strides: [row, column],
            whole: operand.whole,
        })
    }
}

fn reads(instruction: &MapInstruction, local: Local) -> bool {
    let mut found = false;
    instruction.moved(|read| {
        found |= read == local;
        read
    });
    found
}

/// An operation of the sum, which may be its left operand, and something else as links.
fn operations(op: BinaryOp, with: With<Value>, left: bool) -> Option<Vec<Link<Value>>> {
    let link = |what| Link { what, with };
    let number = |what, number| Link { what, with: With::Number(number) };
    Some(match (op, with) {
        (BinaryOp::Add, _) => vec![link(What::Add)],
        (BinaryOp::Sub, _) if left => vec![link(What::Subtract)],
        (BinaryOp::Sub, _) => vec![number(What::Multiply, -1.0), link(What::Add)],
        (BinaryOp::Mul, _) => vec![link(What::Multiply)],
        (BinaryOp::Max | BinaryOp::Min, With::Number(bound)) => {
            let bounded = link(if op == BinaryOp::Max { What::Largest } else { What::Least });
            match left {
                true => vec![bounded],
                // Which of two different numbers is asked first does not matter.
                false if bound != 0.0 => vec![bounded],
                // Of two zeros it is the number that is given: a sum with +0 is never −0.
                false if bound.is_sign_positive() => vec![number(What::Add, 0.0), bounded],
                false => return None,
            }
        }
        (BinaryOp::Max | BinaryOp::Min, With::Elements { .. }) | (BinaryOp::Div | BinaryOp::Pow, _) => {
            return None;
        }
    })
}
