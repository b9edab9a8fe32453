//! Sums that are picked: where a choice takes the elements of a product at which two numbers are equal, as the places of units in an
//! order and the place whose turn it is, the others need not be computed.
//!
//! ```text
//! %19: real[20,784] = contract bj,ij->bi %17, %7
//! %20: real[20,784] = map (%19, %14, %18 axes(), %17) { … select (eq places, place), f(sum), before … }
//! =>
//! %19 = the sums at which %14 = %18
//! ```
//!
//! One turn of one unit then takes as long as its own synapses, and not as long as all of the layer's.

use std::collections::HashMap;

use plr_ir::program::{
    Block, Contraction, Local, Map, MapInstruction, Op, Operation, Program, Repeat, Value,
};
use plr_ir::scalar::CompareOp;

use super::contraction::matrix_product;
use super::{Lowering, Task};
use crate::gemm::Product;

/// Of fewer multiplications for a row of sums all are made sooner than some are looked for.
const LEAST_PICKED_WORK: usize = 1 << 11;

/// The sums of a product that matter.
#[derive(Clone, Debug)]
pub(crate) struct PickedTask {
    /// The product.
    pub(crate) product: Product,
    /// The left factor.
    pub(crate) lhs: Value,
    /// The right factor.
    pub(crate) rhs: Value,
    /// What says which: those at whose places these numbers are equal to their row's.
    pub(crate) pick: Pick,
    /// From row to row of the numbers, and of those that they are equal to.
    pub(crate) rows: [usize; 2],
    /// The result, of which nothing else is written.
    pub(crate) result: Value,
}

/// Two numbers that are equal where a choice is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    /// One for each element.
    pub(crate) places: Value,
    /// One for all, or for each row.
    pub(crate) place: Value,
}

/// The contractions that a choice picks from, and how.
pub(super) fn picked(program: &Program) -> HashMap<Value, Pick> {
    let mut search = Search { program, wanted: HashMap::new(), picked: HashMap::new() };
    search.block(&program.body);
    search.picked
}

/// Of which elements of a value somebody makes something.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Picked(Pick),
    All,
}

/// What two users want together, the first perhaps nothing.
fn both(before: Option<Wanted>, wanted: Wanted) -> Wanted {
    if before.is_none_or(|before| before == wanted) { wanted } else { Wanted::All }
}

struct Search<'p> {
    program: &'p Program,
    /// By value, what its users want, of those that have been passed.
    wanted: HashMap<Value, Wanted>,
    picked: HashMap<Value, Pick>,
}

impl Search<'_> {
    fn want(&mut self, value: Value, wanted: Wanted) {
        let before = self.wanted.get(&value).copied();
        self.wanted.insert(value, both(before, wanted));
    }

    /// From the last operation to the first: who is passed has no more users.
    fn block(&mut self, block: &Block) {
        block.results.iter().for_each(|&result| self.want(result, Wanted::All));
        for (at, operation) in block.operations.iter().enumerate().rev() {
            if let Op::Map(map) = &operation.op {
                self.map(map, &operation.results);
                continue;
            }
            if let Op::Repeat(repeat) = &operation.op {
                self.body(repeat);
            }
            operation.for_each_use(&mut |value| self.want(value, Wanted::All));
            self.contraction(operation, &block.operations[at..]);
        }
    }

    /// Of the body of a loop; what is there before the loop is wanted whole.
    fn body(&mut self, repeat: &Repeat) {
        let outside = std::mem::take(&mut self.wanted);
        repeat.until.iter().for_each(|until| self.want(until.residual, Wanted::All));
        self.block(&repeat.body);
        self.wanted = outside;
    }

    /// Of an element-wise operation: what is wanted of its inputs.
    fn map(&mut self, map: &Map, results: &[Value]) {
        let rank = results.first().map_or(0, |&result| self.program.type_of(result).rank());
        let mut wanted: Vec<Option<Wanted>> = vec![None; map.body.len()];
        for (local, result) in map.results.iter().zip(results) {
            if let Some(&of_result) = self.wanted.get(result) {
                let local = &mut wanted[local.0 as usize];
                *local = Some(both(*local, of_result));
            }
        }
        for (at, instruction) in map.body.iter().enumerate().rev() {
            let Some(here) = wanted[at] else { continue };
            if let MapInstruction::Input(input) = *instruction {
                let input = &map.inputs[input as usize];
                let whole = input.axes.len() == rank;
                self.want(input.value, if whole { here } else { Wanted::All });
            }
            let chosen = if let MapInstruction::Select(condition, chosen, _) = *instruction {
                pick(map, condition, rank).map(|pick| (chosen, pick))
            } else {
                None
            };
            instruction.moved(|local| {
                let of_operand = match chosen {
                    Some((first, pick)) if local == first && here == Wanted::All => Wanted::Picked(pick),
                    _ => here,
                };
                let operand = &mut wanted[local.0 as usize];
                *operand = Some(both(*operand, of_operand));
                local
            });
        }
    }

    /// Notes a contraction that is picked from, if what says so is there before the operations that begin with it.
    fn contraction(&mut self, operation: &Operation, from_here: &[Operation]) {
        let (Op::Contract { .. }, &[result]) = (&operation.op, operation.results.as_slice()) else { return };
        let Some(&Wanted::Picked(pick)) = self.wanted.get(&result) else { return };
        let later = |value: Value| from_here.iter().any(|operation| operation.results.contains(&value));
        if !later(pick.places) && !later(pick.place) {
            self.picked.insert(result, pick);
        }
    }
}

/// The numbers that are equal where a condition holds, of which one is for each element and the other for whole rows.
fn pick(map: &Map, condition: Local, rank: usize) -> Option<Pick> {
    let MapInstruction::Compare(CompareOp::Eq, a, b) = map.body[condition.0 as usize] else { return None };
    let input = |local: Local| {
        let MapInstruction::Input(input) = map.body[local.0 as usize] else { return None };
        Some(&map.inputs[input as usize])
    };
    let (a, b) = (input(a)?, input(b)?);
    let (places, place) = if a.axes.len() == rank { (a, b) } else { (b, a) };
    let fits = (1..=2).contains(&rank) && places.axes.len() == rank && !place.axes.contains(&(rank - 1));
    fits.then_some(Pick { places: places.value, place: place.value })
}

impl Lowering<'_> {
    /// Lowers a contraction of which a choice takes some sums; whether it is one, and enough to do.
    pub(super) fn contract_picked(
        &mut self,
        [lhs, rhs]: [Value; 2],
        spec: &Contraction,
        result: Value,
    ) -> bool {
        let Some(&Pick { places, place }) = self.picked.get(&result) else { return false };
        let [lhs, rhs, places, place] = [lhs, rhs, places, place].map(|value| self.stored_anyhow(value));
        let (kept, summed) = self.axes(lhs, rhs, spec, result);
        let Some(product) = matrix_product(&kept, &summed).filter(|product| product.batch.is_empty()) else {
            return false;
        };
        let (product, [lhs, rhs]) = in_order_of_result(product, [lhs, rhs]);
        let dims = self.dims(result);
        let columns = dims.last().copied().unwrap_or(1);
        if product.n != columns || product.n.saturating_mul(product.depth) < LEAST_PICKED_WORK {
            return false;
        }
        let of_places = self.strides(places);
        let row = if of_places.len() == 2 { of_places[0] } else { 0 };
        let rows = [row, self.type_of(place).rank()];
        self.define(result);
        let pick = Pick { places, place };
        self.push(Task::Picked(PickedTask { product, lhs, rhs, pick, rows, result }));
        true
    }
}

/// The product whose rows are those of its result, as that is stored.
fn in_order_of_result(product: Product, [lhs, rhs]: [Value; 2]) -> (Product, [Value; 2]) {
    let turned = product.out.row < product.out.column || (product.n == 1 && product.m > 1);
    if turned { (product.transposed(), [rhs, lhs]) } else { (product, [lhs, rhs]) }
}
