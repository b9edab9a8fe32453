//! The only way to construct a program: operations are appended where their operands are defined, and their result
//! types follow from the operands.
//!
//! A wrong call (operands of different types, axes that do not exist) is a mistake of the compiler; the builder
//! panics on it with the operation at hand.

use std::collections::HashMap;

use crate::geometry::{Convolution, Grid, Pooling};
use crate::pass::{evaluate_binary, evaluate_unary, rounded};
use crate::program::{
    Block, Contraction, ConvolveForm, Law, Op, Operation, PoolKind, Program, ReduceKind, Repeat, Until, Value,
};
use crate::scalar::{BinaryOp, CompareOp, UnaryOp};
use crate::types::{Elem, Location, Precision, Type};

/// Builds one [`Program`].
#[derive(Debug)]
pub struct Builder {
    program: Program,
    /// The blocks that are open, outermost first.
    open: Vec<Block>,
    location: Location,
    /// The values that are one number everywhere.
    numbers: HashMap<Value, f64>,
}

impl Builder {
    /// An empty program.
    pub fn new(name: impl Into<String>, precision: Precision) -> Self {
        let program = Program {
            name: name.into(),
            precision,
            values: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            body: Block::default(),
        };
        let (open, location) = (vec![Block::default()], Location::default());
        Self { program, open, location, numbers: HashMap::new() }
    }

    /// Where the operations that follow come from.
    pub fn set_location(&mut self, location: Location) {
        self.location = location;
    }

    /// The type of a value.
    pub fn type_of(&self, value: Value) -> &Type {
        self.program.type_of(value)
    }

    /// The precision of the program.
    pub fn precision(&self) -> Precision {
        self.program.precision
    }

    /// The number that the value is everywhere, if it is made of constants by arithmetic alone.
    pub fn known(&self, value: Value) -> Option<f64> {
        self.numbers.get(&value).copied()
    }

    /// The number that the result of an operation is everywhere.
    fn number(&self, op: &Op) -> Option<f64> {
        let precision = self.precision();
        if let Op::Constant(number) = op {
            Some(rounded(*number, precision))
        } else if let Op::Unary(op, a) = op {
            Some(evaluate_unary(precision, *op, self.known(*a)?))
        } else if let Op::Binary(op, a, b) = op {
            Some(evaluate_binary(precision, *op, self.known(*a)?, self.known(*b)?))
        } else if let Op::Broadcast { input, .. } = op {
            self.known(*input)
        } else {
            None
        }
    }

    /// A further input.
    pub fn input(&mut self, name: impl Into<String>, ty: Type) -> Value {
        let value = self.program.new_value(ty);
        self.program.inputs.push(name.into());
        self.open[0].parameters.push(value);
        value
    }

    /// A further output.
    pub fn output(&mut self, name: impl Into<String>, value: Value) {
        self.program.outputs.push(name.into());
        self.open[0].results.push(value);
    }

    /// The finished program.
    pub fn finish(mut self) -> Program {
        assert_eq!(self.open.len(), 1, "a loop is still open");
        self.program.body = self.open.remove(0);
        self.program
    }

    /// The same number everywhere.
    pub fn constant(&mut self, number: f64, dims: &[usize]) -> Value {
        self.push(Op::Constant(number), Type::real(dims))
    }

    /// Element-wise, real to real.
    pub fn unary(&mut self, op: UnaryOp, a: Value) -> Value {
        let ty = self.type_of(a).clone();
        self.push(Op::Unary(op, a), ty)
    }

    /// Element-wise on two reals of one type.
    pub fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        let ty = self.common(a, b);
        self.push(Op::Binary(op, a, b), ty)
    }

    /// Element-wise comparison of two reals of one type.
    pub fn compare(&mut self, op: CompareOp, a: Value, b: Value) -> Value {
        let ty = self.common(a, b).with_elem(Elem::Bool);
        self.push(Op::Compare(op, a, b), ty)
    }

    /// Conjunction.
    pub fn and(&mut self, a: Value, b: Value) -> Value {
        let ty = self.common(a, b);
        self.push(Op::And(a, b), ty)
    }

    /// Disjunction.
    pub fn or(&mut self, a: Value, b: Value) -> Value {
        let ty = self.common(a, b);
        self.push(Op::Or(a, b), ty)
    }

    /// Negation of truth values.
    pub fn not(&mut self, a: Value) -> Value {
        let ty = self.type_of(a).clone();
        self.push(Op::Not(a), ty)
    }

    /// `a` where `condition`, else `b`.
    pub fn select(&mut self, condition: Value, a: Value, b: Value) -> Value {
        let ty = self.common(a, b);
        self.push(Op::Select(condition, a, b), ty)
    }

    /// A step number as a real scalar.
    pub fn convert_index(&mut self, index: Value) -> Value {
        self.push(Op::FromIndex(index), Type::real([]))
    }

    /// Repeats `input` to `dims`, input axis `i` becoming axis `axes[i]`; the value itself if nothing changes.
    pub fn broadcast(&mut self, input: Value, axes: &[usize], dims: &[usize]) -> Value {
        let ty = self.type_of(input).clone();
        if ty.dims == dims {
            return input;
        }
        let fits =
            ty.rank() == axes.len() && axes.iter().zip(&ty.dims).all(|(&a, &d)| dims.get(a) == Some(&d));
        assert!(fits, "broadcast of {ty} along {axes:?} to {dims:?}");
        self.push(Op::Broadcast { input, axes: axes.to_vec() }, Type { elem: ty.elem, dims: dims.to_vec() })
    }

    /// Sums of products, `spec` as in `bj,ij->bi`.
    pub fn contract(&mut self, spec: &str, lhs: Value, rhs: Value) -> Value {
        let Some(spec) = Contraction::parse(spec) else { panic!("malformed contraction {spec}") };
        let extent = |label: &u8| {
            let at = |labels: &[u8], v: Value| {
                labels.iter().position(|l| l == label).map(|i| self.type_of(v).dims[i])
            };
            at(&spec.lhs, lhs).or_else(|| at(&spec.rhs, rhs))
        };
        let dims: Option<Vec<usize>> = spec.out.iter().map(extent).collect();
        let Some(dims) = dims else { panic!("contraction {spec} has a result label of no operand") };
        self.push(Op::Contract { lhs, rhs, spec }, Type::real(dims))
    }

    /// One of the three sums of a convolution; `lhs` and `rhs` as [`ConvolveForm`] names them.
    pub fn convolve(&mut self, form: ConvolveForm, geometry: Convolution, lhs: Value, rhs: Value) -> Value {
        let Some(high) = geometry.high() else { panic!("no layer comes of the convolution {geometry}") };
        let batch = self.type_of(lhs).dims[0];
        let ty = match form {
            ConvolveForm::Forward => Type::real([batch, high.units()]),
            ConvolveForm::Adjoint => Type::real([batch, geometry.low.units()]),
            ConvolveForm::Correlate => Type::real(geometry.kernel_dims()),
        };
        self.push(Op::Convolve { form, lhs, rhs, geometry }, ty)
    }

    /// One element for each window.
    pub fn pool(&mut self, kind: PoolKind, geometry: Pooling, input: Value) -> Value {
        let units = geometry.high().map_or(0, Grid::units);
        let ty = Type::real([self.type_of(input).dims[0], units]);
        self.push(Op::Pool { kind, input, geometry }, ty)
    }

    /// The adjoint of the mean over windows.
    pub fn unpool(&mut self, geometry: Pooling, input: Value) -> Value {
        let ty = Type::real([self.type_of(input).dims[0], geometry.low.units()]);
        self.push(Op::Unpool { input, by: None, geometry }, ty)
    }

    /// The element of each window, for the unit that is its largest.
    pub fn unpool_by(&mut self, geometry: Pooling, input: Value, by: Value) -> Value {
        let ty = self.type_of(by).clone();
        self.push(Op::Unpool { input, by: Some(by), geometry }, ty)
    }

    /// The same elements in other dimensions; the value itself if they are its own.
    pub fn reshape(&mut self, input: Value, dims: &[usize]) -> Value {
        let ty = self.type_of(input).clone();
        if ty.dims == dims {
            return input;
        }
        self.push(Op::Reshape(input), Type { elem: ty.elem, dims: dims.to_vec() })
    }

    /// Folds the given axes away.
    pub fn reduce(&mut self, kind: ReduceKind, input: Value, axes: &[usize]) -> Value {
        let dims =
            self.type_of(input).dims.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, &d)| d);
        let ty = Type::real(dims.collect::<Vec<_>>());
        self.push(Op::Reduce { kind, input, axes: axes.to_vec() }, ty)
    }

    /// The rank of each element in its row, which is what the last axis runs through.
    pub fn rank(&mut self, input: Value) -> Value {
        let ty = self.type_of(input).clone();
        self.push(Op::Rank(input), ty)
    }

    /// Along an axis, the sum of each element and all before it.
    pub fn running_sum(&mut self, input: Value, axis: usize) -> Value {
        let ty = self.type_of(input).clone();
        self.push(Op::RunningSum { input, axis }, ty)
    }

    /// What stands along an axis from one place on, so many places; the value itself if that is all of it.
    pub fn range(&mut self, input: Value, axis: usize, first: usize, places: usize) -> Value {
        let mut ty = self.type_of(input).clone();
        if (first, places) == (0, ty.dims[axis]) {
            return input;
        }
        ty.dims[axis] = places;
        self.push(Op::Range { input, axis, first }, ty)
    }

    /// What is at one place along an axis.
    pub fn slice(&mut self, input: Value, axis: usize, index: Value) -> Value {
        let mut ty = self.type_of(input).clone();
        ty.dims.remove(axis);
        self.push(Op::Slice { input, axis, index }, ty)
    }

    /// A tensor with what is at one place along an axis replaced.
    pub fn insert(&mut self, into: Value, value: Value, axis: usize, index: Value) -> Value {
        let ty = self.type_of(into).clone();
        self.push(Op::Insert { into, value, axis, index }, ty)
    }

    /// A tensor with zeros from a place along an axis on.
    pub fn before(&mut self, input: Value, axis: usize, index: Value) -> Value {
        let ty = self.type_of(input).clone();
        self.push(Op::Before { input, axis, index }, ty)
    }

    /// The value; a gradient flows only to the first of `path`, times the second.
    pub fn detach(&mut self, value: Value, path: Option<(Value, Value)>) -> Value {
        let ty = self.type_of(value).clone();
        self.push(Op::Detach { value, path }, ty)
    }

    /// Independent draws.
    pub fn random(&mut self, law: Law, stream: u32, step: Option<Value>, dims: &[usize]) -> Value {
        self.push(Op::Random { law, stream, step }, Type::real(dims))
    }

    /// A loop of `count` steps over the carried values; `body` gets the step's index and the carried values and returns
    /// the next ones.
    pub fn repeat(
        &mut self,
        count: u32,
        initial: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let (step, carried) = self.begin_repeat(initial);
        let next = body(self, step, &carried);
        self.end_repeat(count, initial, next, None)
    }

    /// As [`Self::repeat`], but stops after the first step whose residual, the body's second result, is below
    /// `tolerance`. The number of steps and the last residual follow the carried values.
    pub fn repeat_until(
        &mut self,
        count: u32,
        tolerance: f64,
        initial: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> (Vec<Value>, Value),
    ) -> Vec<Value> {
        let (step, carried) = self.begin_repeat(initial);
        let (next, residual) = body(self, step, &carried);
        self.end_repeat(count, initial, next, Some(Until { residual, tolerance }))
    }

    /// Opens the body of a loop and returns its parameters, the step's index and the carried values. What is built next
    /// is one step, up to [`Self::end_repeat`].
    pub fn begin_repeat(&mut self, initial: &[Value]) -> (Value, Vec<Value>) {
        let step = self.program.new_value(Type::index());
        let types: Vec<Type> = initial.iter().map(|&v| self.type_of(v).clone()).collect();
        let carried: Vec<Value> = types.into_iter().map(|ty| self.program.new_value(ty)).collect();
        let parameters = std::iter::once(step).chain(carried.iter().copied()).collect();
        self.open.push(Block { parameters, ..Block::default() });
        (step, carried)
    }

    /// Closes the body of a loop, which hands on `next`, and returns the values after the last step. With `until`, the
    /// number of steps that ran and the last residual follow them.
    pub fn end_repeat(
        &mut self,
        count: u32,
        initial: &[Value],
        next: Vec<Value>,
        until: Option<Until>,
    ) -> Vec<Value> {
        self.close_repeat((count, false), initial, next, until)
    }

    /// The same of a loop whose step's index runs from the last one down to 0.
    pub fn end_reversed_repeat(&mut self, count: u32, initial: &[Value], next: Vec<Value>) -> Vec<Value> {
        self.close_repeat((count, true), initial, next, None)
    }

    fn close_repeat(
        &mut self,
        (count, reversed): (u32, bool),
        initial: &[Value],
        next: Vec<Value>,
        until: Option<Until>,
    ) -> Vec<Value> {
        let Some(mut body) = self.open.pop().filter(|_| !self.open.is_empty()) else {
            panic!("no loop is open")
        };
        body.results = next;
        let types = initial.iter().map(|&v| self.type_of(v).clone());
        let more = if until.is_some() { vec![Type::index(), Type::real([])] } else { Vec::new() };
        let types: Vec<Type> = types.chain(more).collect();
        let results: Vec<Value> = types.into_iter().map(|ty| self.program.new_value(ty)).collect();
        let repeat = Repeat { count, reversed, until, initial: initial.to_vec(), body };
        self.append(results.clone(), Op::Repeat(Box::new(repeat)));
        results
    }

    /// Appends operations of another program, whose values are `known` here by others, and notes what they define.
    pub(crate) fn splice(
        &mut self,
        from: &Program,
        operations: &[Operation],
        known: &mut HashMap<Value, Value>,
    ) {
        let mut block = Block { operations: operations.to_vec(), ..Block::default() };
        block.map_values(&mut |value| {
            *known.entry(value).or_insert_with(|| self.program.new_value(from.type_of(value).clone()))
        });
        if let Some(open) = self.open.last_mut() {
            open.operations.extend(block.operations);
        }
    }

    /// An operation with a result of that type.
    pub(crate) fn operation(&mut self, op: Op, ty: Type) -> Value {
        self.push(op, ty)
    }

    fn common(&self, a: Value, b: Value) -> Type {
        let (ta, tb) = (self.type_of(a), self.type_of(b));
        assert_eq!(ta, tb, "operands of one element-wise operation must have one type");
        ta.clone()
    }

    fn push(&mut self, op: Op, ty: Type) -> Value {
        let value = self.program.new_value(ty);
        if let Some(number) = self.number(&op) {
            self.numbers.insert(value, number);
        }
        self.append(vec![value], op);
        value
    }

    fn append(&mut self, results: Vec<Value>, op: Op) {
        let location = self.location;
        let Some(block) = self.open.last_mut() else {
            unreachable!("the outermost block is open until `finish`")
        };
        block.operations.push(Operation { results, op, location });
    }
}
