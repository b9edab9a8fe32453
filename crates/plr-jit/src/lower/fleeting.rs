//! What is fleeting: element-wise results that are larger than all that they are made of, as a number for each sample and synapse is.
//! Where only element-wise code and folds read them they are never in memory: whoever reads one computes it.
//!
//! ```text
//! %2: real[64,256,784] = map (%0 axes(1,2), %1 axes(0,2)) { … add … }
//! %3: real[64,256] = reduce max %2 axes(2)                     =>     %3 = fold max of %0 + %1
//! ```
//!
//! A value that several read is computed several times, if that takes no longer than to write it and to read it again.

use std::collections::HashMap;

use plr_ir::program::{Block, Contraction, Local, Map, Op, Operation, Program, Value};

use super::elementwise::instruction;
use crate::codegen::weight;

/// All computations of a value that is read several times take at most so many machine instructions for each vector.
const MOST_AGAIN: usize = 100;
/// A body is at most so heavy, with all that is computed in it.
const MOST_AT_ONCE: usize = 400;

/// By value, whether it is fleeting.
pub(super) fn fleeting(program: &Program) -> Vec<bool> {
    let mut search = Search { program, known: HashMap::new(), fleeting: vec![false; program.values.len()] };
    search.block(&program.body, None);
    search.fleeting
}

/// Whether a contraction is a fold of its one factor, each of whose elements it reads once, as the other has no labels of its own.
pub(super) fn is_fold(spec: &Contraction, [labels, others]: [&[u8]; 2]) -> bool {
    let summed = labels.iter().any(|label| !spec.out.contains(label));
    summed && others.iter().all(|label| labels.contains(label))
}

/// What a value is made of.
#[derive(Clone, Copy)]
struct Made {
    /// The elements of the largest thing in memory that is read for it; of a constant 0.
    largest: usize,
    /// Roughly the number of machine instructions for a vector, if it is computed where it is read.
    weight: usize,
}

/// How a value is read in its block, and from inside of it.
#[derive(Clone, Copy, Default)]
struct Reads {
    /// By operations that can compute it.
    passing: usize,
    /// By what needs it in memory.
    others: usize,
}

struct Search<'p> {
    program: &'p Program,
    /// Values of which is known what they are made of; others are in memory.
    known: HashMap<Value, Made>,
    fleeting: Vec<bool>,
}

impl Search<'_> {
    fn block(&mut self, block: &Block, residual: Option<Value>) {
        let reads = self.reads(block, residual);
        for operation in &block.operations {
            if let Op::Repeat(repeat) = &operation.op {
                self.block(&repeat.body, repeat.until.map(|until| until.residual));
            }
            self.note(operation, &reads);
        }
    }

    fn count(&self, value: Value) -> usize {
        self.program.type_of(value).count()
    }

    fn made(&self, value: Value) -> Made {
        self.known.get(&value).copied().unwrap_or_else(|| Made { largest: self.count(value), weight: 1 })
    }

    /// Learns what the operation's results are made of, and whether they are fleeting.
    fn note(&mut self, operation: &Operation, reads: &HashMap<Value, Reads>) {
        let Some(&result) = operation.results.first() else { return };
        if let Op::Constant(_) = operation.op {
            self.known.insert(result, Made { largest: 0, weight: 1 });
        } else if let Op::Broadcast { input, .. } | Op::Detach { value: input, .. } = operation.op {
            self.known.insert(result, self.made(input));
        } else if let Op::Map(map) = &operation.op {
            let made = self.map(map);
            operation.results.iter().for_each(|&result| self.decide(result, made, reads));
        } else if let Some(instruction) = instruction(&operation.op, [Local(0); 3]) {
            let mut made = Made { largest: 0, weight: weight(&[instruction]) };
            operation.op.for_each_operand(|operand| made = self.with(made, operand));
            self.decide(result, made, reads);
        }
    }

    fn map(&self, map: &Map) -> Made {
        let made = Made { largest: 0, weight: weight(&map.body) };
        map.inputs.iter().fold(made, |made, input| self.with(made, input.value))
    }

    fn with(&self, made: Made, operand: Value) -> Made {
        let of = self.made(operand);
        Made { largest: made.largest.max(of.largest), weight: made.weight + of.weight }
    }

    fn decide(&mut self, value: Value, made: Made, reads: &HashMap<Value, Reads>) {
        let Reads { passing, others } = reads.get(&value).copied().unwrap_or_default();
        let light = passing == 1 || made.weight * passing <= MOST_AGAIN;
        let grows = made.largest > 0 && made.largest < self.count(value);
        if others == 0 && passing > 0 && grows && light && made.weight <= MOST_AT_ONCE {
            self.fleeting[value.index()] = true;
            self.known.insert(value, made);
        }
    }

    /// How the values of a block are read, repetitions of them included.
    fn reads(&self, block: &Block, residual: Option<Value>) -> HashMap<Value, Reads> {
        let mut reads: HashMap<Value, Reads> = HashMap::new();
        let mut repeats: HashMap<Value, Value> = HashMap::new();
        for operation in &block.operations {
            let itself = |value: Value| repeats.get(&value).copied().unwrap_or(value);
            if let Op::Broadcast { input, .. } | Op::Detach { value: input, .. } = operation.op {
                let itself = itself(input);
                repeats.insert(operation.results[0], itself);
                continue;
            }
            let mut seen: Vec<Value> = Vec::new();
            operation.for_each_use(&mut |value| {
                let passes = self.passes(&operation.op, value);
                let (first, value) = (!seen.contains(&itself(value)), itself(value));
                seen.push(value);
                let reads = reads.entry(value).or_default();
                match passes {
                    true => reads.passing += usize::from(first),
                    false => reads.others += 1,
                }
            });
        }
        for &value in block.results.iter().chain(&residual) {
            reads.entry(repeats.get(&value).copied().unwrap_or(value)).or_default().others += 1;
        }
        reads
    }

    /// Whether an operation can compute one of its operands itself: each element is read once, or by the way.
    fn passes(&self, op: &Op, value: Value) -> bool {
        if let Op::Contract { lhs, rhs, spec } = op {
            let (own, other) = if value == *lhs { (&spec.lhs, &spec.rhs) } else { (&spec.rhs, &spec.lhs) };
            return lhs != rhs && is_fold(spec, [own, other]);
        }
        op.is_element_wise() || matches!(op, Op::Map(_) | Op::Reduce { .. })
    }
}
