//! Fusion: merges element-wise operations over one index space into maps, which pass over memory once.
//!
//! ```text
//! %3: real[20,8] = broadcast %1 axes(1)
//! %4: real[20,8] = add %0, %3             %5: real[20,8] = map (%0 axes(0,1), %1 axes(1)) {
//! %5: real[20,8] = tanh %4                  $0 = input 0
//!                                    =>     $1 = input 1
//!                                           $2 = add $0, $1
//!                                           $3 = tanh $2
//!                                           yield $3
//!                                         }
//! ```
//!
//! # What is fused
//!
//! Within one block, every operation gets a *stage* (see `stage`), such that a path between two element-wise operations that
//! leads through anything else, be it a contraction, a loop or an element-wise operation of other dimensions, leads to a
//! later stage. Hence operations of one stage and one index space can be merged in any way without making a cycle, and none is
//! computed twice. They are merged if one uses the other, or if both read the same value. Constants and broadcasts are
//! absorbed: a map writes its constants itself and reads what was broadcast along the axes it has.
//!
//! A map hands out the values that are used outside of it. An operation that meets no other and absorbs nothing stays as it is.

mod group;
mod map;
mod schedule;
mod stage;

use std::collections::{HashMap, HashSet};

use crate::program::{Block, Op, Operation, Program, Value};

/// Fuses every block of the program.
pub(super) fn run(program: &mut Program) {
    let mut body = std::mem::take(&mut program.body);
    let sources = vec![Source::Itself; program.values.len()];
    Fusion { program, sources }.block(&mut body, None);
    program.body = body;
}

/// What a map reads when it uses a value.
#[derive(Clone, Debug)]
enum Source {
    /// The value.
    Itself,
    /// Nothing: the value is this constant.
    Constant(f64),
    /// Another value, along these axes.
    Broadcast(Value, Vec<usize>),
}

/// An operation as fusion sees it.
struct Node {
    /// Whether it can be part of a map.
    element_wise: bool,
    /// Whether a map would have to absorb something to do it.
    absorbs: bool,
    /// The values it uses, by absorption, nested blocks included.
    uses: Vec<Use>,
}

/// A value used by a [`Node`].
struct Use {
    value: Value,
    /// The position of its definition, if that is in the same block.
    producer: Option<usize>,
    /// Whether an element-wise operation uses it element by element.
    direct: bool,
}

/// The program, and how maps get at each value that has been passed.
struct Fusion<'a> {
    program: &'a Program,
    sources: Vec<Source>,
}

impl Fusion<'_> {
    /// Fuses the blocks inside a block, then the block itself. `residual` is used at its end.
    fn block(&mut self, block: &mut Block, residual: Option<Value>) {
        for operation in &mut block.operations {
            match &mut operation.op {
                Op::Constant(c) => self.sources[operation.results[0].index()] = Source::Constant(*c),
                Op::Broadcast { input, axes } => {
                    self.sources[operation.results[0].index()] = Source::Broadcast(*input, axes.clone());
                }
                Op::Repeat(repeat) => self.block(&mut repeat.body, repeat.until.map(|until| until.residual)),
                Op::Unary(..)
                | Op::Binary(..)
                | Op::Compare(..)
                | Op::And(..)
                | Op::Or(..)
                | Op::Not(_)
                | Op::Select(..)
                | Op::FromIndex(_)
                | Op::Contract { .. }
                | Op::Reduce { .. }
                | Op::Rank(_)
                | Op::RunningSum { .. }
                | Op::Convolve { .. }
                | Op::Pool { .. }
                | Op::Unpool { .. }
                | Op::Reshape(_)
                | Op::Range { .. }
                | Op::Slice { .. }
                | Op::Insert { .. }
                | Op::Before { .. }
                | Op::Detach { .. }
                | Op::Random { .. }
                | Op::Map(_) => {}
            }
        }
        let nodes = self.nodes(&block.operations);
        let groups = group::groups(&nodes, &stage::stages(&nodes));
        let order = schedule::order(&nodes, &groups);
        let mut escaping = escaping(&nodes, &groups);
        escaping.extend(block.results.iter().copied().chain(residual));
        let members = schedule::members(&groups);
        let mut operations: Vec<Option<Operation>> =
            std::mem::take(&mut block.operations).into_iter().map(Some).collect();
        for group in order {
            let fused = nodes[group].absorbs || members[group].len() > 1;
            let taken: Vec<Operation> =
                members[group].iter().filter_map(|&at| operations[at].take()).collect();
            if fused {
                block.operations.extend(map::fused(self, &taken, &escaping));
            } else {
                block.operations.extend(taken);
            }
        }
    }

    /// The operations of a block as nodes.
    fn nodes(&self, operations: &[Operation]) -> Vec<Node> {
        let mut producers = HashMap::new();
        let mut nodes = Vec::with_capacity(operations.len());
        for (position, operation) in operations.iter().enumerate() {
            let element_wise = operation.op.is_element_wise();
            let mut node = Node { element_wise, absorbs: false, uses: Vec::new() };
            operation.for_each_use(&mut |value| {
                let source = if element_wise { &self.sources[value.index()] } else { &Source::Itself };
                let (value, direct) = match source {
                    Source::Itself => (Some(value), element_wise),
                    Source::Constant(_) => (None, false),
                    Source::Broadcast(input, _) => (Some(*input), false),
                };
                node.absorbs |= element_wise && !direct;
                node.uses.extend(value.map(|value| Use {
                    value,
                    producer: producers.get(&value).copied(),
                    direct,
                }));
            });
            nodes.push(node);
            producers.extend(operation.results.iter().map(|&result| (result, position)));
        }
        nodes
    }
}

/// The values that are used by another group than the one that defines them.
fn escaping(nodes: &[Node], groups: &[usize]) -> HashSet<Value> {
    let mut escaping = HashSet::new();
    for (node, group) in nodes.iter().zip(groups) {
        let foreign =
            node.uses.iter().filter(|u| u.producer.is_some_and(|producer| groups[producer] != *group));
        escaping.extend(foreign.map(|u| u.value));
    }
    escaping
}
