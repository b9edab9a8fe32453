//! From the operations of a group to a map.

use std::collections::{HashMap, HashSet};

use super::{Fusion, Source};
use crate::program::{Local, Map, MapInput, MapInstruction, Op, Operation, Value};

/// The map that does what the operations of a group do; `None` if nobody uses any of it.
pub(super) fn fused(
    fusion: &Fusion<'_>,
    group: &[Operation],
    escaping: &HashSet<Value>,
) -> Option<Operation> {
    let mut writer = Writer {
        fusion,
        map: Map { inputs: Vec::new(), body: Vec::new(), results: Vec::new() },
        locals: HashMap::new(),
    };
    let mut results = Vec::new();
    for operation in group {
        let &[result] = operation.results.as_slice() else { continue };
        let Some(instruction) = writer.instruction(&operation.op) else { continue };
        let local = writer.push(instruction);
        writer.locals.insert(Element::Value(result), local);
        if escaping.contains(&result) {
            results.push(result);
            writer.map.results.push(local);
        }
    }
    let location =
        group.iter().map(|operation| operation.location).find(|location| location.0 > 0).unwrap_or_default();
    let op = Op::Map(Box::new(writer.map));
    if results.is_empty() { None } else { Some(Operation { results, op, location }) }
}

/// What an instruction can find in a local.
#[derive(PartialEq, Eq, Hash)]
enum Element {
    /// The current element of a value of the index space.
    Value(Value),
    /// The element of a value whose axes follow these.
    Broadcast(Value, Vec<usize>),
    /// The constant with these bits.
    Constant(u64),
}

/// A map in the making.
struct Writer<'a> {
    fusion: &'a Fusion<'a>,
    map: Map,
    locals: HashMap<Element, Local>,
}

impl Writer<'_> {
    /// An element-wise operation as an instruction; `None` for any other.
    fn instruction(&mut self, op: &Op) -> Option<MapInstruction> {
        Some(match *op {
            Op::Unary(op, a) => MapInstruction::Unary(op, self.local(a)),
            Op::Binary(op, a, b) => MapInstruction::Binary(op, self.local(a), self.local(b)),
            Op::Compare(op, a, b) => MapInstruction::Compare(op, self.local(a), self.local(b)),
            Op::And(a, b) => MapInstruction::And(self.local(a), self.local(b)),
            Op::Or(a, b) => MapInstruction::Or(self.local(a), self.local(b)),
            Op::Not(a) => MapInstruction::Not(self.local(a)),
            Op::Select(c, a, b) => MapInstruction::Select(self.local(c), self.local(a), self.local(b)),
            Op::Constant(_)
            | Op::FromIndex(_)
            | Op::Broadcast { .. }
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
            | Op::Repeat(_)
            | Op::Map(_) => return None,
        })
    }

    /// Where the current element of an operand is, after reading it if necessary.
    fn local(&mut self, value: Value) -> Local {
        let element = match &self.fusion.sources[value.index()] {
            Source::Itself => Element::Value(value),
            Source::Broadcast(input, axes) => Element::Broadcast(*input, axes.clone()),
            Source::Constant(c) => Element::Constant(c.to_bits()),
        };
        if let Some(&local) = self.locals.get(&element) {
            return local;
        }
        let local = match &element {
            Element::Value(value) => {
                let axes = (0..self.fusion.program.type_of(*value).rank()).collect();
                self.input(*value, axes)
            }
            Element::Broadcast(value, axes) => self.input(*value, axes.clone()),
            Element::Constant(bits) => self.push(MapInstruction::Constant(f64::from_bits(*bits))),
        };
        self.locals.insert(element, local);
        local
    }

    fn input(&mut self, value: Value, axes: Vec<usize>) -> Local {
        let position = self.map.inputs.len() as u32;
        self.map.inputs.push(MapInput { value, axes });
        self.push(MapInstruction::Input(position))
    }

    fn push(&mut self, instruction: MapInstruction) -> Local {
        self.map.body.push(instruction);
        Local(self.map.body.len() as u32 - 1)
    }
}
