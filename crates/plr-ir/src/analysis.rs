//! What passes, the verifier and the printer want to know about a program, in tables beside it.

use std::collections::HashMap;

use crate::program::{Block, Op, Operation, Program, Value};
use crate::types::Type;

impl Block {
    /// How often each value is used, in it and inside it.
    pub(crate) fn count_uses(&self) -> HashMap<Value, usize> {
        let mut uses = HashMap::new();
        self.for_each_use(&mut |value| *uses.entry(value).or_default() += 1);
        uses
    }

    /// Calls `visit` on every value that the block uses, nested blocks included: operands, and what it hands out.
    pub fn for_each_use(&self, visit: &mut impl FnMut(Value)) {
        for operation in &self.operations {
            operation.for_each_use(visit);
        }
        self.results.iter().copied().for_each(visit);
    }

    /// Calls `visit` on every value that the block defines, in the order of the text form.
    pub fn for_each_definition(&self, visit: &mut impl FnMut(Value)) {
        self.parameters.iter().copied().for_each(&mut *visit);
        for operation in &self.operations {
            operation.results.iter().copied().for_each(&mut *visit);
            if let Op::Repeat(repeat) = &operation.op {
                repeat.body.for_each_definition(visit);
            }
        }
    }

    /// Replaces every value that the block defines or uses, nested blocks included.
    pub(crate) fn map_values(&mut self, replace: &mut impl FnMut(Value) -> Value) {
        for value in &mut self.parameters {
            *value = replace(*value);
        }
        for operation in &mut self.operations {
            operation.op.map_operands(&mut *replace);
            if let Op::Repeat(repeat) = &mut operation.op {
                repeat.body.map_values(replace);
                if let Some(until) = &mut repeat.until {
                    until.residual = replace(until.residual);
                }
            }
            for value in &mut operation.results {
                *value = replace(*value);
            }
        }
        for value in &mut self.results {
            *value = replace(*value);
        }
    }
}

impl Operation {
    /// Calls `visit` on every value used, those used inside nested blocks included.
    pub fn for_each_use(&self, visit: &mut impl FnMut(Value)) {
        self.op.for_each_operand(&mut *visit);
        if let Op::Repeat(repeat) = &self.op {
            repeat.body.for_each_use(visit);
            if let Some(until) = &repeat.until {
                visit(until.residual);
            }
        }
    }
}

/// The number of each value in the text form: values count from 0 in the order in which the text defines them; those that
/// nobody defines follow.
#[derive(Debug)]
pub struct Numbering {
    numbers: Vec<u32>,
    /// How many values are defined.
    defined: usize,
}

/// The mark of a value that has no number yet.
const UNNUMBERED: u32 = u32::MAX;

impl Numbering {
    /// Numbers the values of a program, which need not be correct.
    pub fn of(program: &Program) -> Self {
        let mut this = Self { numbers: vec![UNNUMBERED; program.values.len()], defined: 0 };
        let mut next = 0;
        program.body.for_each_definition(&mut |value| this.number(value, &mut next));
        this.defined = next as usize;
        (0..program.values.len()).for_each(|i| this.number(Value(i as u32), &mut next));
        this
    }

    fn number(&mut self, value: Value, next: &mut u32) {
        if let Some(slot @ &mut UNNUMBERED) = self.numbers.get_mut(value.index()) {
            *slot = *next;
            *next += 1;
        }
    }

    /// The value under its number; itself if the program has no such value.
    pub fn renumbered(&self, value: Value) -> Value {
        self.numbers.get(value.index()).map_or(value, |&n| Value(n))
    }
}

/// Numbers the values of a correct program in the order of its text form and forgets values that nobody defines.
pub fn renumber(program: &mut Program) {
    let numbering = Numbering::of(program);
    let mut types: Vec<Option<Type>> = vec![None; program.values.len()];
    for (old, ty) in std::mem::take(&mut program.values).into_iter().enumerate() {
        types[numbering.renumbered(Value(old as u32)).index()] = Some(ty);
    }
    program.values = types.into_iter().flatten().take(numbering.defined).collect();
    program.body.map_values(&mut |value| numbering.renumbered(value));
}

/// Which value stands for which after a pass has found them equal; initially each for itself.
#[derive(Debug)]
pub(crate) struct Substitution(Vec<Value>);

impl Substitution {
    /// Room for the values of a program.
    pub fn new(program: &Program) -> Self {
        Self((0..program.values.len()).map(|i| Value(i as u32)).collect())
    }

    /// The value to use in place of `value`.
    pub fn get(&self, value: Value) -> Value {
        self.0.get(value.index()).copied().unwrap_or(value)
    }

    /// Lets `by`, to which substitutions have been applied, stand for `value` from here on.
    pub fn replace(&mut self, value: Value, by: Value) {
        self.0[value.index()] = by;
    }

    /// Applies the substitutions to the operands of one operation, its nested blocks excepted.
    pub fn apply(&self, op: &mut Op) {
        op.map_operands(|value| self.get(value));
    }

    /// Applies the substitutions to all that a block uses, nested blocks included.
    pub fn apply_to_block(&self, block: &mut Block) {
        for operation in &mut block.operations {
            self.apply(&mut operation.op);
            if let Op::Repeat(repeat) = &mut operation.op {
                self.apply_to_block(&mut repeat.body);
                if let Some(until) = &mut repeat.until {
                    until.residual = self.get(until.residual);
                }
            }
        }
        self.apply_to_results(block);
    }

    /// Applies the substitutions to what a block hands out.
    pub fn apply_to_results(&self, block: &mut Block) {
        for value in &mut block.results {
            *value = self.get(*value);
        }
    }
}
