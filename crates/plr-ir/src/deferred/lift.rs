//! What is computed from what is presented alone: of all runs at once, with the runs as a further first axis.

use std::collections::{HashMap, HashSet};

use crate::builder::Builder;
use crate::program::{Op, Program, Value};
use crate::types::Type;

/// The values outside of loops that depend on the runs' own inputs and constants alone, by operations that can be done to
/// all runs at once.
pub(super) fn presented(program: &Program, own: &[Value]) -> HashSet<Value> {
    let mut found: HashSet<Value> = own.iter().copied().collect();
    for operation in &program.body.operations {
        let op = &operation.op;
        let mut of_found = can_be_lifted(op);
        op.for_each_operand(|value| of_found &= found.contains(&value));
        if of_found {
            found.extend(&operation.results);
        }
    }
    found
}

fn can_be_lifted(op: &Op) -> bool {
    op.is_element_wise()
        || matches!(
            op,
            Op::Constant(_)
                | Op::Broadcast { .. }
                | Op::Reshape(_)
                | Op::Reduce { .. }
                | Op::Rank(_)
                | Op::RunningSum { .. }
                | Op::Range { .. }
        )
}

/// Computes values of all runs.
pub(super) struct Lift<'a> {
    runs: usize,
    definitions: HashMap<Value, &'a Op>,
    program: &'a Program,
    /// By a run's own inputs: those of all runs, with as many elements.
    inputs: HashMap<Value, Value>,
    /// By value of one run: that of all of them.
    pub(super) known: HashMap<Value, Value>,
}

impl<'a> Lift<'a> {
    /// Begins with the runs' own inputs.
    pub(super) fn new(
        b: &mut Builder,
        program: &'a Program,
        runs: usize,
        inputs: HashMap<Value, Value>,
    ) -> Self {
        let operations = program.body.operations.iter();
        let definitions =
            operations.filter_map(|operation| Some((*operation.results.first()?, &operation.op)));
        let (definitions, known) = (definitions.collect(), HashMap::new());
        let mut this = Self { runs, definitions, program, inputs, known };
        for (own, all) in this.inputs.clone() {
            let dims = this.dims(own);
            this.known.insert(own, b.reshape(all, &dims));
        }
        this
    }

    /// The dimensions of a value of all runs.
    fn dims(&self, value: Value) -> Vec<usize> {
        [self.runs].iter().chain(&self.program.type_of(value).dims).copied().collect()
    }

    /// One of [`presented`], of all runs.
    pub(super) fn value(&mut self, b: &mut Builder, value: Value) -> Value {
        if let Some(&known) = self.known.get(&value) {
            return known;
        }
        let op = self.definitions[&value];
        let all = if let Op::Reshape(input) = op {
            let input = self.inputs.get(input).copied().unwrap_or_else(|| self.value(b, *input));
            b.reshape(input, &self.dims(value))
        } else {
            self.lifted(b, op, value)
        };
        self.known.insert(value, all);
        all
    }

    fn lifted(&mut self, b: &mut Builder, op: &Op, value: Value) -> Value {
        let mut op = op.clone();
        op.map_operands(|operand| self.value(b, operand));
        if let Op::Broadcast { axes, .. } = &mut op {
            axes.iter_mut().for_each(|axis| *axis += 1);
            axes.insert(0, 0);
        } else if let Op::Reduce { axes, .. } = &mut op {
            axes.iter_mut().for_each(|axis| *axis += 1);
        } else if let Op::RunningSum { axis, .. } | Op::Range { axis, .. } = &mut op {
            *axis += 1;
        }
        let ty = Type { dims: self.dims(value), ..*self.program.type_of(value) };
        b.operation(op, ty)
    }
}
