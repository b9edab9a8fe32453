//! What the steps of a loop contract one by one, contracted for all of them at once.
//!
//! ```text
//! %3: real[5] = repeat 9 (%4: index, %5: real[5] = %2) {
//!   %6: real[7] = slice %0 axis 0 at %4          // of real[9,7]
//!   %7: real[5] = contract j,ij->i %6, %1
//!   %8: real[5] = add %5, %7
//!   %9: real[5] = tanh %8
//!   yield %9
//! }
//! =>
//! %7: real[9,5] = contract aj,ij->ai %0, %1
//! %3: real[5] = repeat 9 (%4: index, %5: real[5] = %2) { %6: real[5] = slice %7 axis 0 at %4 … }
//! ```
//!
//! A matrix is then read once and not in every step. The other way round, what a loop does nothing with but add products to it is added
//! up after the loop: factors that are not slices of something anyway are kept, step by step, if they are smaller than the sum.
//!
//! ```text
//! %3: real[5,7] = repeat 9 (%4: index, %5: real[5,7] = %2) {
//!   %6: real[5] = slice %0 axis 0 at %4          // of real[9,5]
//!   %7: real[7] = slice %1 axis 0 at %4          // of real[9,7]
//!   %8: real[5,7] = contract i,j->ij %6, %7
//!   %9: real[5,7] = add %5, %8
//!   yield %9
//! }
//! =>
//! %8: real[5,7] = contract ai,aj->ij %0, %1
//! %3: real[5,7] = add %2, %8
//! ```
//!
//! This changes the order of sums: the new one is within the bound of a sum of as many terms.

use std::collections::{HashMap, HashSet};

use crate::analysis::Substitution;
use crate::program::{Block, Contraction, Op, Operation, Program, Repeat, Value};
use crate::scalar::BinaryOp;
use crate::types::{Location, Type};

/// A product of more rows in one step is as good as one of all.
const MOST_ROWS: usize = 8;
/// Factors of more elements, all steps together, are not kept.
const MOST_KEPT: usize = 1 << 24;

/// Goes through the whole program.
pub(super) fn run(program: &mut Program) {
    let uses = program.body.count_uses();
    let mut body = std::mem::take(&mut program.body);
    let mut steps = Steps { program, uses, replaced: Vec::new() };
    steps.block(&mut body);
    let Steps { program, replaced, .. } = steps;
    let mut substitution = Substitution::new(program);
    replaced.into_iter().for_each(|(old, new)| substitution.replace(old, new));
    substitution.apply_to_block(&mut body);
    program.body = body;
}

/// A value that is a slice of something outside of the loop, at the loop's step.
#[derive(Clone, Copy, Debug)]
struct Sliced {
    whole: Value,
    axis: usize,
}

/// A product that is added to a carried value.
struct Added {
    factors: [Value; 2],
    spec: Contraction,
    /// What it is multiplied by before, the same in all steps.
    by: Option<Value>,
}

/// The state of the walk.
struct Steps<'a> {
    program: &'a mut Program,
    /// How often each value is used in the whole program.
    uses: HashMap<Value, usize>,
    /// Results of loops, and what they are instead.
    replaced: Vec<(Value, Value)>,
}

/// A loop that is being looked at.
struct Loop {
    count: usize,
    step: Value,
    /// What its body defines.
    inside: HashSet<Value>,
    sliced: HashMap<Value, Sliced>,
}

impl Steps<'_> {
    fn block(&mut self, block: &mut Block) {
        for mut operation in std::mem::take(&mut block.operations) {
            let mut after = Vec::new();
            if let Op::Repeat(repeat) = &mut operation.op {
                self.block(&mut repeat.body);
                if repeat.until.is_none() && repeat.count > 1 {
                    let known = Loop::of(repeat);
                    block.operations.extend(self.ahead(repeat, &known));
                    let before = &mut block.operations;
                    after = self.behind(repeat, &known, (&mut operation.results, operation.location), before);
                }
            }
            block.operations.push(operation);
            block.operations.extend(after);
        }
    }

    /// Contractions of slices with what does not change, which the loop's body then takes slices of.
    fn ahead(&mut self, repeat: &mut Repeat, known: &Loop) -> Vec<Operation> {
        let mut ahead = Vec::new();
        for operation in &mut repeat.body.operations {
            let Op::Contract { lhs, rhs, spec } = &operation.op else { continue };
            let factors = [*lhs, *rhs];
            let slice = |side: usize| {
                let outside = !known.inside.contains(&factors[1 - side]);
                known.sliced.get(&factors[side]).filter(|_| outside).map(|&sliced| (side, sliced))
            };
            let Some((side, sliced)) = slice(0).or_else(|| slice(1)) else { continue };
            if !self.pays_ahead(factors, (side, sliced), operation.results[0]) {
                continue;
            }
            let Some(label) = fresh_label(spec) else { continue };
            let mut spec = spec.clone();
            let own = if side == 0 { &mut spec.lhs } else { &mut spec.rhs };
            // Among those that both have the axis stays where it is.
            let shared = own.iter().zip(&spec.out).take(sliced.axis).take_while(|(a, b)| a == b).count();
            own.insert(sliced.axis, label);
            spec.out.insert(shared, label);
            let mut dims = self.program.type_of(operation.results[0]).dims.clone();
            dims.insert(shared, self.program.type_of(sliced.whole).dims[sliced.axis]);
            let mut wholes = factors;
            wholes[side] = sliced.whole;
            let [lhs, rhs] = wholes;
            let all = self.push(&mut ahead, Op::Contract { lhs, rhs, spec }, dims, operation.location);
            operation.op = Op::Slice { input: all, axis: shared, index: known.step };
        }
        ahead
    }

    /// Whether the products of all steps, in place of one result's, are few rows a step and take little room.
    fn pays_ahead(&self, factors: [Value; 2], (side, sliced): (usize, Sliced), result: Value) -> bool {
        let count = |value: Value| self.program.type_of(value).count();
        let (whole, own, other, step) =
            (count(sliced.whole), count(factors[side]), count(factors[1 - side]), count(result));
        let steps = self.program.type_of(sliced.whole).dims[sliced.axis];
        few(own, step, other) && steps * step <= 2 * (whole + other)
    }

    /// Sums of products that only a loop's next step adds to, made after it. What they are made of is kept by the loop.
    fn behind(
        &mut self,
        repeat: &mut Repeat,
        known: &Loop,
        (results, location): (&mut Vec<Value>, Location),
        before: &mut Vec<Operation>,
    ) -> Vec<Operation> {
        let mut after = Vec::new();
        let mut kept: HashMap<Value, Sliced> = HashMap::new();
        for at in 0..repeat.initial.len() {
            let Some(Added { factors, mut spec, by }) = self.added(&repeat.body, known, at) else { continue };
            let sliced = factors.map(|factor| known.sliced.get(&factor).or(kept.get(&factor)).copied());
            let axis = common_axis(&spec, sliced).filter(|_| self.pays_behind(factors, known, results[at]));
            let (Some(axis), Some(label)) = (axis, fresh_label(&spec)) else { continue };
            let [lhs, rhs] = [0, 1].map(|side| match sliced[side].or(kept.get(&factors[side]).copied()) {
                Some(sliced) => sliced.whole,
                None => {
                    let whole = self.keep(repeat, (factors[side], axis), known, (results, before));
                    kept.insert(factors[side], Sliced { whole, axis });
                    whole
                }
            });
            spec.lhs.insert(axis, label);
            spec.rhs.insert(axis, label);
            let mut push = |op: Op| {
                let dims = self.program.type_of(results[at]).dims.clone();
                self.push(&mut after, op, dims, location)
            };
            let sum = push(Op::Contract { lhs, rhs, spec });
            let sum = by.map_or(sum, |by| push(Op::Binary(BinaryOp::Mul, sum, by)));
            let all = push(Op::Binary(BinaryOp::Add, repeat.initial[at], sum));
            self.replaced.push((results[at], all));
            repeat.body.results[at] = repeat.body.parameters[1 + at];
        }
        after
    }

    /// The product that is all that the loop does with a carried value: it adds it.
    fn added(&self, body: &Block, known: &Loop, at: usize) -> Option<Added> {
        let (parameter, next) = (body.parameters[1 + at], body.results[at]);
        let once = |value: &Value| self.uses.get(value) == Some(&1);
        let made = |value: Value| body.operations.iter().find(|operation| operation.results == [value]);
        let other = |a: Value, b: Value, is: &dyn Fn(Value) -> bool| {
            [(a, b), (b, a)].into_iter().find(|&(one, _)| is(one)).map(|(_, other)| other)
        };
        let Op::Binary(BinaryOp::Add, a, b) = made(next)?.op else { return None };
        let added = other(a, b, &|value| value == parameter)?;
        let (product, by) = if let Op::Binary(BinaryOp::Mul, a, b) = made(added)?.op {
            let product = other(a, b, &|value| !known.inside.contains(&value))?;
            (product, Some(if product == a { b } else { a }))
        } else {
            (added, None)
        };
        let Op::Contract { lhs, rhs, spec } = &made(product)?.op else { return None };
        let alone = [parameter, next, added, product].iter().all(once);
        alone.then(|| Added { factors: [*lhs, *rhs], spec: spec.clone(), by })
    }

    /// Whether both factors change, and what has to be kept of them is less than the sum.
    fn pays_behind(&self, factors: [Value; 2], known: &Loop, sum: Value) -> bool {
        let count = |value: Value| self.program.type_of(value).count();
        let all_steps = |sliced: &Sliced| self.program.type_of(sliced.whole).dims[sliced.axis] == known.count;
        let kept = factors.iter().filter(|factor| !known.sliced.contains_key(factor));
        let kept: usize = kept.map(|&factor| count(factor)).sum();
        few(count(factors[0]), count(factors[1]), count(sum))
            && factors.iter().all(|factor| known.inside.contains(factor))
            && factors.iter().filter_map(|factor| known.sliced.get(factor)).all(all_steps)
            && 2 * kept <= count(sum)
            && known.count.saturating_mul(kept) <= MOST_KEPT
    }

    /// Lets a loop keep a value of its body, step by step along an axis.
    fn keep(
        &mut self,
        repeat: &mut Repeat,
        (value, axis): (Value, usize),
        known: &Loop,
        (results, before): (&mut Vec<Value>, &mut Vec<Operation>),
    ) -> Value {
        let mut dims = self.program.type_of(value).dims.clone();
        dims.insert(axis, known.count);
        let body = &mut repeat.body;
        let location = body.operations[0].location;
        repeat.initial.push(self.push(before, Op::Constant(0.0), dims.clone(), location));
        let [into, all] = [(); 2].map(|()| self.program.new_value(Type::real(dims.clone())));
        body.parameters.push(into);
        let insert = Op::Insert { into, value, axis, index: known.step };
        let next = self.push(&mut body.operations, insert, dims, location);
        body.results.push(next);
        results.push(all);
        all
    }

    fn push(&mut self, to: &mut Vec<Operation>, op: Op, dims: Vec<usize>, location: Location) -> Value {
        let result = self.program.new_value(Type::real(dims));
        to.push(Operation { results: vec![result], op, location });
        result
    }
}

impl Loop {
    fn of(repeat: &Repeat) -> Self {
        let mut inside = HashSet::new();
        repeat.body.for_each_definition(&mut |value| {
            inside.insert(value);
        });
        let step = repeat.body.parameters[0];
        let slice = |operation: &Operation| {
            let Op::Slice { input, axis, index } = operation.op else { return None };
            let of_step = index == step && !inside.contains(&input);
            of_step.then(|| (operation.results[0], Sliced { whole: input, axis }))
        };
        let sliced = repeat.body.operations.iter().filter_map(slice).collect();
        Self { count: repeat.count as usize, step, inside, sliced }
    }
}

/// Where the axis of steps is in both factors: with the same axes in front of it, so that they are summed in one stride.
fn common_axis(spec: &Contraction, sliced: [Option<Sliced>; 2]) -> Option<usize> {
    let axes = sliced.map(|sliced| sliced.map(|sliced| sliced.axis));
    let axis = axes[0].or(axes[1]).unwrap_or(0);
    let same = axes.iter().flatten().all(|&other| other == axis);
    (same && spec.lhs.get(..axis)? == spec.rhs.get(..axis)?).then_some(axis)
}

/// Whether matrices of so many elements, of `b` rows and of `b` columns, whose product has so many, have a small `b`.
fn few(rows: usize, columns: usize, product: usize) -> bool {
    rows.saturating_mul(columns) <= product.saturating_mul(MOST_ROWS * MOST_ROWS)
}

/// A label that a contraction does not have.
fn fresh_label(spec: &Contraction) -> Option<u8> {
    let taken = |label: &u8| spec.lhs.contains(label) || spec.rhs.contains(label);
    (b'a'..=b'z').chain(b'A'..=b'Z').find(|label| !taken(label))
}
