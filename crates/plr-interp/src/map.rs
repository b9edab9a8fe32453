//! Maps: fused element-wise code, run one instruction at a time on the whole index space.

use plr_ir::Value;
use plr_ir::program::{Local, Map, MapInstruction};

use crate::datum::Operand;
use crate::interpreter::Interpreter;
use crate::number::Number;
use crate::primitive::Primitive;

impl<'p, T: Number> Interpreter<'p, T> {
    /// Runs a map and defines its results.
    pub(crate) fn map(&mut self, map: &'p Map, results: &[Value]) {
        let Some(&first) = results.first() else { return };
        let program = self.program;
        let dims = &program.type_of(first).dims;
        let mut locals: Vec<Operand<T>> = Vec::with_capacity(map.body.len());
        for instruction in &map.body {
            let value = self.instruction(map, instruction, &locals, dims);
            locals.push(value);
        }
        for (&result, local) in results.iter().zip(&map.results) {
            self.define(result, locals[local.0 as usize].clone());
        }
    }

    /// The value of one instruction in the index space `dims`.
    fn instruction(
        &mut self,
        map: &'p Map,
        instruction: &MapInstruction,
        locals: &[Operand<T>],
        dims: &[usize],
    ) -> Operand<T> {
        let local = |local: Local| locals[local.0 as usize].clone();
        let (primitive, operands) = match *instruction {
            MapInstruction::Input(position) => {
                let input = &map.inputs[position as usize];
                (Primitive::Broadcast(&input.axes), vec![self.get(input.value)])
            }
            MapInstruction::Constant(number) => (Primitive::Constant(number), Vec::new()),
            MapInstruction::Unary(op, a) => (Primitive::Unary(op), vec![local(a)]),
            MapInstruction::Binary(op, a, b) => (Primitive::Binary(op), vec![local(a), local(b)]),
            MapInstruction::Compare(op, a, b) => (Primitive::Compare(op), vec![local(a), local(b)]),
            MapInstruction::And(a, b) => (Primitive::And, vec![local(a), local(b)]),
            MapInstruction::Or(a, b) => (Primitive::Or, vec![local(a), local(b)]),
            MapInstruction::Not(a) => (Primitive::Not, vec![local(a)]),
            MapInstruction::Select(c, a, b) => (Primitive::Select, vec![local(c), local(a), local(b)]),
        };
        self.apply(primitive, operands, dims)
    }
}
