//! Runs blocks: finds operands, computes, and remembers what was computed.

use plr_ir::{Block, Op, Operation, Program, Value};

use crate::Context;
use crate::datum::{Datum, Operand};
use crate::number::{Number, Shared};
use crate::primitive::Primitive;
use crate::reverse::{Tape, Variable};

/// One run of a program.
pub(crate) struct Interpreter<'p, T> {
    /// The program.
    pub program: &'p Program,
    /// The record of what ran.
    pub tape: Tape<'p, T>,
    context: Context,
    /// What each value was last found to be. A value inside a loop is overwritten in every step.
    values: Vec<Option<Operand<T>>>,
}

impl<'p, T: Number> Interpreter<'p, T> {
    /// Before the first operation, with the inputs given.
    pub fn new(program: &'p Program, inputs: Vec<Shared<T>>, context: Context) -> Self {
        let mut new = Self { program, tape: Tape::new(), context, values: vec![None; program.values.len()] };
        for (&parameter, array) in program.body.parameters.iter().zip(inputs) {
            new.define(parameter, Operand::constant(Datum::Real(array)));
        }
        new
    }

    /// Makes an input a variable, if it is none yet: what it reaches goes on the tape.
    pub fn differentiate_by(&mut self, position: usize) -> Variable {
        let parameter = self.program.body.parameters[position];
        let Operand { datum, variable } = self.get(parameter);
        let variable = variable.unwrap_or_else(|| self.tape.new_variable());
        self.define(parameter, Operand { datum, variable: Some(variable) });
        variable
    }

    /// Runs the program and returns its outputs.
    pub fn run(&mut self) -> Vec<Operand<T>> {
        let program = self.program;
        self.block(&program.body);
        self.get_all(&program.body.results)
    }

    /// Runs the operations of a block whose parameters are defined.
    pub fn block(&mut self, block: &'p Block) {
        block.operations.iter().for_each(|operation| self.operation(operation));
    }

    /// Runs one operation.
    pub fn operation(&mut self, operation: &'p Operation) {
        let primitive = match &operation.op {
            Op::Constant(number) => Primitive::Constant(*number),
            Op::Unary(op, _) => Primitive::Unary(*op),
            Op::Binary(op, _, _) => Primitive::Binary(*op),
            Op::Compare(op, _, _) => Primitive::Compare(*op),
            Op::And(_, _) => Primitive::And,
            Op::Or(_, _) => Primitive::Or,
            Op::Not(_) => Primitive::Not,
            Op::Select(_, _, _) => Primitive::Select,
            Op::FromIndex(_) => Primitive::FromIndex,
            Op::Broadcast { axes, .. } => Primitive::Broadcast(axes),
            Op::Contract { spec, .. } => Primitive::Contract(spec),
            Op::Reduce { kind, axes, .. } => Primitive::Reduce(*kind, axes),
            Op::Rank(_) => Primitive::Rank,
            Op::RunningSum { axis, .. } => Primitive::RunningSum(*axis),
            Op::Convolve { form, geometry, .. } => Primitive::Convolve(*form, geometry),
            Op::Pool { kind, geometry, .. } => Primitive::Pool(*kind, geometry),
            Op::Unpool { geometry, .. } => Primitive::Unpool(geometry),
            Op::Reshape(_) => Primitive::Reshape,
            Op::Range { axis, first, .. } => Primitive::Range(*axis, *first),
            Op::Slice { axis, .. } => Primitive::Slice(*axis),
            Op::Insert { axis, .. } => Primitive::Insert(*axis),
            Op::Before { axis, .. } => Primitive::Before(*axis),
            Op::Detach { .. } => Primitive::Detach,
            Op::Random { law, stream, .. } => Primitive::Random(*law, *stream),
            Op::Repeat(repeat) => return self.repeat(repeat, &operation.results),
            Op::Map(map) => return self.map(map, &operation.results),
        };
        let mut operands = Vec::new();
        operation.op.for_each_operand(|value| operands.push(self.get(value)));
        let [result] = operation.results[..] else {
            panic!(
                "a bug of the compiler: an operation with {} results; the program was not verified",
                operation.results.len()
            )
        };
        let program = self.program;
        let value = self.apply(primitive, operands, &program.type_of(result).dims);
        self.define(result, value);
    }

    /// The value of one operation, of dimensions `dims`; recorded if a wanted input reaches it.
    pub fn apply(
        &mut self,
        primitive: Primitive<'p>,
        operands: Vec<Operand<T>>,
        dims: &[usize],
    ) -> Operand<T> {
        let datum = primitive.value(&operands, dims, self.context);
        self.tape.record(primitive, operands, datum)
    }

    /// Sets a value.
    pub fn define(&mut self, value: Value, operand: Operand<T>) {
        self.values[value.index()] = Some(operand);
    }

    /// What a value is now.
    pub fn get(&self, value: Value) -> Operand<T> {
        let Some(operand) = &self.values[value.index()] else {
            panic!(
                "a bug of the compiler: {value} is used before its definition; the program was not verified"
            )
        };
        operand.clone()
    }

    /// What several values are now.
    pub fn get_all(&self, values: &[Value]) -> Vec<Operand<T>> {
        values.iter().map(|&value| self.get(value)).collect()
    }
}
