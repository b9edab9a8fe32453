//! The record of a run, and the cotangents that travel back through it.

use ndarray::ArrayD;
use plr_ir::program::PoolKind;

use crate::axes::{reshaped, row_major};
use crate::convolve as pooling;
use crate::datum::{Datum, Operand};
use crate::number::{Number, Shared};
use crate::primitive::Primitive;
use crate::reverse::{contract, convolve, elementwise, repetition, slice};
use crate::slice::before;

/// A real value that a wanted input reaches: its number in the order of definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Variable(usize);

/// What a run did, as far as wanted inputs reach: operations after those that define their operands. An operation
/// inside a loop is there once for every step.
#[derive(Debug)]
pub(crate) struct Tape<'p, T> {
    entries: Vec<Entry<'p, T>>,
    variables: usize,
}

/// One operation that ran.
#[derive(Debug)]
struct Entry<'p, T> {
    primitive: Primitive<'p>,
    operands: Vec<Operand<T>>,
    value: Shared<T>,
    result: Variable,
}

impl<'p, T: Number> Tape<'p, T> {
    /// Nothing has run.
    pub fn new() -> Self {
        Self { entries: Vec::new(), variables: 0 }
    }

    /// A further variable.
    pub fn new_variable(&mut self) -> Variable {
        self.variables += 1;
        Variable(self.variables - 1)
    }

    /// Names the value of an operation. It becomes a variable if it is real and a variable is among the operands.
    pub fn record(
        &mut self,
        primitive: Primitive<'p>,
        operands: Vec<Operand<T>>,
        datum: Datum<T>,
    ) -> Operand<T> {
        let Datum::Real(value) = &datum else { return Operand::constant(datum) };
        if operands.iter().all(|operand| operand.variable.is_none()) {
            return Operand::constant(datum);
        }
        let result = self.new_variable();
        self.entries.push(Entry { primitive, operands, value: value.clone(), result });
        Operand { datum, variable: Some(result) }
    }

    /// Passes cotangents back from results to operands, the last operation first.
    pub fn pull_back(&self, cotangents: &mut Cotangents<T>) {
        for entry in self.entries.iter().rev() {
            let Some(cotangent) = cotangents.get(entry.result).cloned() else { continue };
            for (position, operand) in entry.operands.iter().enumerate() {
                if let Some(variable) = operand.variable {
                    cotangents.add(variable, entry.cotangent_of(position, &cotangent));
                }
            }
        }
    }

    /// Room for the cotangents of all variables, none of which has one yet.
    pub fn cotangents(&self) -> Cotangents<T> {
        Cotangents(vec![None; self.variables])
    }
}

impl<T: Number> Entry<'_, T> {
    /// What the cotangent of the result adds to that of the real operand at `position`.
    fn cotangent_of(&self, position: usize, cotangent: &Shared<T>) -> Shared<T> {
        let real = |i: usize| self.operands[i].datum.real();
        let pulled = match self.primitive {
            Primitive::Unary(op) => elementwise::unary(op, real(0), &self.value, cotangent),
            Primitive::Binary(op) => {
                elementwise::binary(op, position, [real(0), real(1), &self.value], cotangent)
            }
            Primitive::Select => elementwise::select(self.operands[0].datum.bool(), position, cotangent),
            Primitive::Contract(spec) if position == 0 => contract::lhs(spec, real(0), real(1), cotangent),
            Primitive::Contract(spec) => contract::rhs(spec, real(0), real(1), cotangent),
            Primitive::Broadcast(axes) => repetition::broadcast(axes, cotangent),
            Primitive::Reduce(kind, axes) => repetition::reduce(kind, axes, real(0), &self.value, cotangent),
            Primitive::Rank => repetition::rank(real(0)),
            Primitive::RunningSum(axis) => repetition::running_sum(axis, cotangent),
            Primitive::Convolve(form, geometry) => {
                convolve::by_factor(form, geometry, position, [real(0), real(1)], cotangent)
            }
            Primitive::Pool(PoolKind::Mean, geometry) => pooling::unpool(geometry, cotangent),
            Primitive::Pool(PoolKind::Max, geometry) => pooling::to_largest(geometry, real(0), cotangent),
            Primitive::Unpool(_) if position == 1 => ArrayD::zeros(real(1).raw_dim()),
            Primitive::Unpool(geometry) if self.operands.len() > 1 => {
                pooling::of_largest(geometry, real(1), cotangent)
            }
            Primitive::Unpool(geometry) => pooling::pool(PoolKind::Mean, geometry, cotangent),
            Primitive::Reshape => reshaped(row_major(cotangent.view()), real(0).raw_dim()),
            Primitive::Range(axis, first) => slice::range(axis, first, real(0), cotangent),
            Primitive::Slice(axis) => slice::slice(axis, self.operands[1].datum.index(), real(0), cotangent),
            Primitive::Insert(axis) => {
                slice::insert(axis, self.operands[2].datum.index(), position, real(1), cotangent)
            }
            // What is zero depends on nothing.
            Primitive::Before(axis) => before(cotangent, axis, self.operands[1].datum.index()),
            Primitive::Detach if position == 1 => (real(2) * cotangent).to_owned(),
            Primitive::Detach => ArrayD::zeros(cotangent.raw_dim()),
            Primitive::Constant(_)
            | Primitive::Compare(_)
            | Primitive::And
            | Primitive::Or
            | Primitive::Not
            | Primitive::FromIndex
            | Primitive::Random(_, _) => {
                unreachable!("recorded, though it has no real operand or no real result")
            }
        };
        pulled.into_shared()
    }
}

/// For each variable the derivative of the seeded sum by it, as far as it has been found.
#[derive(Debug)]
pub(crate) struct Cotangents<T>(Vec<Option<Shared<T>>>);

impl<T: Number> Cotangents<T> {
    /// The cotangent of a variable; absent stands for zero.
    pub fn get(&self, variable: Variable) -> Option<&Shared<T>> {
        self.0[variable.0].as_ref()
    }

    /// Adds to the cotangent of a variable.
    pub fn add(&mut self, variable: Variable, cotangent: Shared<T>) {
        let sum = match self.get(variable) {
            Some(sum) => (sum + &cotangent).into_shared(),
            None => cotangent,
        };
        self.0[variable.0] = Some(sum);
    }
}
