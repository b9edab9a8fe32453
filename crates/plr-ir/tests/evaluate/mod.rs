//! Evaluates programs by the definitions in the head of the crate: one loop per operation, nothing clever.
//!
//! Sums of contractions run over the summed labels in the order in which the spec names them. Random draws are any fixed
//! function of what they may depend on; these tests do not ask for a law.

use std::collections::HashMap;

use plr_ir::geometry::{Convolution, Pooling};
use plr_ir::program::{
    Block, Contraction, ConvolveForm, Local, Map, MapInstruction, Op, Operation, PoolKind, Program,
    ReduceKind, Repeat, Value,
};
use plr_ir::scalar::{self, BinaryOp, Real};
use plr_ir::tensor::{Data, Tensor};

/// A value's elements in row-major order.
#[derive(Clone, Debug)]
enum Array<T> {
    Real(Vec<T>),
    Bool(Vec<bool>),
    Index(u64),
}

/// One element of a map's instruction.
#[derive(Clone, Copy)]
enum Scalar<T> {
    Real(T),
    Bool(bool),
}

/// The outputs of a program as bit patterns of f64, with one pattern for all NaN.
pub fn outputs<T: Real>(program: &Program, inputs: &[Tensor]) -> Vec<Vec<u64>> {
    let mut state = State::<T> { program, values: HashMap::new() };
    for (&parameter, input) in program.body.parameters.iter().zip(inputs) {
        state.values.insert(parameter, Array::Real(elements(input)));
    }
    state.block(&program.body);
    let bits = |x: &T| if x.to_f64().is_nan() { f64::NAN.to_bits() } else { x.to_f64().to_bits() };
    program.body.results.iter().map(|v| state.real(*v).iter().map(bits).collect()).collect()
}

fn elements<T: Real>(tensor: &Tensor) -> Vec<T> {
    match &tensor.data {
        Data::F32(x) => x.iter().map(|&x| T::from_f64(x.into())).collect(),
        Data::F64(x) => x.iter().map(|&x| T::from_f64(x)).collect(),
    }
}

struct State<'a, T> {
    program: &'a Program,
    values: HashMap<Value, Array<T>>,
}

impl<T: Real> State<'_, T> {
    fn real(&self, value: Value) -> &[T] {
        let Array::Real(x) = &self.values[&value] else { panic!("{value} is not real") };
        x
    }

    fn bool(&self, value: Value) -> &[bool] {
        let Array::Bool(x) = &self.values[&value] else { panic!("{value} is not a truth value") };
        x
    }

    fn index(&self, value: Value) -> u64 {
        let Array::Index(x) = &self.values[&value] else { panic!("{value} is not an index") };
        *x
    }

    fn dims(&self, value: Value) -> &[usize] {
        &self.program.type_of(value).dims
    }

    fn block(&mut self, block: &Block) {
        for operation in &block.operations {
            let results = self.operation(operation);
            assert_eq!(results.len(), operation.results.len());
            self.values.extend(operation.results.iter().copied().zip(results));
        }
    }

    fn operation(&mut self, operation: &Operation) -> Vec<Array<T>> {
        let host = &mut T::Host::default();
        let dims = operation.results.first().map(|&r| self.dims(r).to_vec()).unwrap_or_default();
        let count: usize = dims.iter().product();
        vec![match &operation.op {
            Op::Constant(c) => Array::Real(vec![T::from_f64(*c); count]),
            Op::Unary(op, a) => {
                Array::Real(self.real(*a).iter().map(|&a| scalar::unary(host, *op, a)).collect())
            }
            Op::Binary(op, a, b) => Array::Real(
                self.real(*a)
                    .iter()
                    .zip(self.real(*b))
                    .map(|(&a, &b)| scalar::binary(host, *op, a, b))
                    .collect(),
            ),
            Op::Compare(op, a, b) => Array::Bool(
                self.real(*a)
                    .iter()
                    .zip(self.real(*b))
                    .map(|(&a, &b)| scalar::compare(host, *op, a, b))
                    .collect(),
            ),
            Op::And(a, b) => {
                Array::Bool(self.bool(*a).iter().zip(self.bool(*b)).map(|(a, b)| a & b).collect())
            }
            Op::Or(a, b) => {
                Array::Bool(self.bool(*a).iter().zip(self.bool(*b)).map(|(a, b)| a | b).collect())
            }
            Op::Not(a) => Array::Bool(self.bool(*a).iter().map(|a| !a).collect()),
            Op::Select(c, a, b) => {
                let (c, a, b) = (self.bool(*c), self.real(*a), self.real(*b));
                Array::Real((0..count).map(|i| if c[i] { a[i] } else { b[i] }).collect())
            }
            Op::FromIndex(a) => Array::Real(vec![T::from_f64(self.index(*a) as f64)]),
            Op::Broadcast { input, axes } => self.broadcast(*input, axes, &dims),
            Op::Contract { lhs, rhs, spec } => Array::Real(self.contract(*lhs, *rhs, spec, &dims)),
            Op::Reduce { kind, input, axes } => Array::Real(self.reduce(*kind, *input, axes, count)),
            Op::Rank(a) => Array::Real(ranks(self.real(*a), dims[dims.len() - 1])),
            Op::RunningSum { input, axis } => {
                let inner: usize = dims[axis + 1..].iter().product();
                let mut sums = self.real(*input).to_vec();
                for at in 0..count {
                    if !(at / inner).is_multiple_of(dims[*axis]) {
                        sums[at] = sums[at - inner] + sums[at];
                    }
                }
                Array::Real(sums)
            }
            Op::Convolve { form, lhs, rhs, geometry } => {
                Array::Real(convolve(*form, geometry, self.real(*lhs), self.real(*rhs), count))
            }
            Op::Pool { kind, input, geometry } => {
                Array::Real(pool(*kind, geometry, self.real(*input), count))
            }
            Op::Unpool { input, by, geometry } => Array::Real(match by {
                Some(by) => to_largest(geometry, self.real(*input), self.real(*by)),
                None => unpool(geometry, self.real(*input), count),
            }),
            Op::Reshape(a) => self.values[a].clone(),
            Op::Range { input, axis, first } => {
                let extents = &self.program.type_of(*input).dims;
                let inside: usize = extents[axis + 1..].iter().product();
                let own =
                    |at: &usize| (*first..first + dims[*axis]).contains(&(at / inside % extents[*axis]));
                let whole = self.real(*input);
                Array::Real((0..whole.len()).filter(own).map(|at| whole[at]).collect())
            }
            Op::Slice { input, axis, index } => {
                let extents = &self.program.type_of(*input).dims;
                let rows = rows(extents, *axis, self.index(*index));
                Array::Real(rows.into_iter().flatten().map(|at| self.real(*input)[at]).collect())
            }
            Op::Insert { into, value, axis, index } => {
                let mut after = self.real(*into).to_vec();
                let places = rows(&dims, *axis, self.index(*index)).into_iter().flatten();
                places.zip(self.real(*value)).for_each(|(at, &x)| after[at] = x);
                Array::Real(after)
            }
            Op::Before { input, axis, index } => {
                let inside: usize = dims[axis + 1..].iter().product();
                let place = |at: usize| (at / inside % dims[*axis]) as u64;
                let whole = self.real(*input).iter().enumerate();
                let kept =
                    whole.map(|(at, &x)| if place(at) < self.index(*index) { x } else { T::from_f64(0.0) });
                Array::Real(kept.collect())
            }
            Op::Detach { value, .. } => Array::Real(self.real(*value).to_vec()),
            Op::Random { law, stream, step } => {
                let step = step.map_or(0, |step| self.index(step));
                let seed = u64::from(*stream) * 1_000_003 + step * 7919 + *law as u64;
                Array::Real((0..count as u64).map(|i| draw(seed.wrapping_add(i << 32))).collect())
            }
            Op::Repeat(repeat) => return self.repeat(repeat),
            Op::Map(map) => return self.map(map, &dims),
        }]
    }

    fn broadcast(&self, input: Value, axes: &[usize], dims: &[usize]) -> Array<T> {
        let places = positions(dims).map(|at| offset(self.dims(input), &follow(axes, &at)));
        match &self.values[&input] {
            Array::Real(x) => Array::Real(places.map(|i| x[i]).collect()),
            Array::Bool(x) => Array::Bool(places.map(|i| x[i]).collect()),
            Array::Index(_) => panic!("an index is broadcast"),
        }
    }

    fn contract(&self, lhs: Value, rhs: Value, spec: &Contraction, dims: &[usize]) -> Vec<T> {
        let mut summed: Vec<(u8, usize)> = Vec::new();
        let operands = [(&spec.lhs, self.dims(lhs)), (&spec.rhs, self.dims(rhs))];
        for (&label, &dim) in operands.iter().flat_map(|(labels, dims)| labels.iter().zip(*dims)) {
            if !spec.out.contains(&label) && !summed.iter().any(|(l, _)| *l == label) {
                summed.push((label, dim));
            }
        }
        let extents: Vec<usize> = summed.iter().map(|(_, dim)| *dim).collect();
        let (a, b) = (self.real(lhs), self.real(rhs));
        let element = |at: Vec<usize>| {
            let term = |inner: Vec<usize>| {
                let mut place = [0; 128];
                spec.out.iter().zip(&at).for_each(|(l, i)| place[usize::from(*l)] = *i);
                summed.iter().zip(&inner).for_each(|((l, _), i)| place[usize::from(*l)] = *i);
                let of = |labels: &[u8]| labels.iter().map(|l| place[usize::from(*l)]).collect::<Vec<_>>();
                a[offset(operands[0].1, &of(&spec.lhs))] * b[offset(operands[1].1, &of(&spec.rhs))]
            };
            // A sum of one term is that term; others start from +0.
            if extents.iter().all(|&extent| extent == 1) {
                return term(vec![0; extents.len()]);
            }
            positions(&extents).map(term).fold(T::default(), |sum, term| sum + term)
        };
        positions(dims).map(element).collect()
    }

    fn reduce(&self, kind: ReduceKind, input: Value, axes: &[usize], count: usize) -> Vec<T> {
        let host = &mut T::Host::default();
        let dims = self.dims(input);
        let kept: Vec<usize> = (0..dims.len()).filter(|axis| !axes.contains(axis)).collect();
        let mut results: Vec<Option<T>> = vec![None; count];
        for (at, &x) in positions(dims).zip(self.real(input)) {
            let slot = &mut results[offset(&follow(&kept, dims), &follow(&kept, &at))];
            *slot = Some(match (*slot, kind) {
                (None, _) => x,
                (Some(old), ReduceKind::Sum) => old + x,
                (Some(old), ReduceKind::Max) => scalar::binary(host, BinaryOp::Max, old, x),
                (Some(old), ReduceKind::Min) => scalar::binary(host, BinaryOp::Min, old, x),
            });
        }
        results.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn repeat(&mut self, repeat: &Repeat) -> Vec<Array<T>> {
        let mut carried: Vec<Array<T>> = repeat.initial.iter().map(|v| self.values[v].clone()).collect();
        let mut ran = 0;
        let mut residual = None;
        while ran < u64::from(repeat.count) {
            let parameters = &repeat.body.parameters;
            let step = if repeat.reversed { u64::from(repeat.count) - 1 - ran } else { ran };
            self.values.insert(parameters[0], Array::Index(step));
            self.values.extend(parameters[1..].iter().copied().zip(carried));
            self.block(&repeat.body);
            carried = repeat.body.results.iter().map(|v| self.values[v].clone()).collect();
            ran += 1;
            if let Some(until) = repeat.until {
                let last = self.real(until.residual)[0];
                residual = Some(last);
                if last < T::from_f64(until.tolerance) || !last.to_f64().is_finite() {
                    break;
                }
            }
        }
        carried.extend(
            residual.into_iter().flat_map(|residual| [Array::Index(ran), Array::Real(vec![residual])]),
        );
        carried
    }

    fn map(&self, map: &Map, dims: &[usize]) -> Vec<Array<T>> {
        let mut results: Vec<Vec<Scalar<T>>> = vec![Vec::new(); map.results.len()];
        for at in positions(dims) {
            let mut locals: Vec<Scalar<T>> = Vec::new();
            for instruction in &map.body {
                let value = self.instruction(map, instruction, &locals, &at);
                locals.push(value);
            }
            for (result, local) in results.iter_mut().zip(&map.results) {
                result.push(locals[local.0 as usize]);
            }
        }
        let array = |elements: Vec<Scalar<T>>| match elements[0] {
            Scalar::Real(_) => Array::Real(elements.iter().map(|x| x.real()).collect()),
            Scalar::Bool(_) => Array::Bool(elements.iter().map(|x| x.bool()).collect()),
        };
        results.into_iter().map(array).collect()
    }

    fn instruction(
        &self,
        map: &Map,
        instruction: &MapInstruction,
        locals: &[Scalar<T>],
        at: &[usize],
    ) -> Scalar<T> {
        let host = &mut T::Host::default();
        let real = |local: &Local| locals[local.0 as usize].real();
        let bool = |local: &Local| locals[local.0 as usize].bool();
        match instruction {
            MapInstruction::Input(i) => {
                let input = &map.inputs[*i as usize];
                let place = offset(self.dims(input.value), &follow(&input.axes, at));
                match &self.values[&input.value] {
                    Array::Real(x) => Scalar::Real(x[place]),
                    Array::Bool(x) => Scalar::Bool(x[place]),
                    Array::Index(_) => panic!("a map reads an index"),
                }
            }
            MapInstruction::Constant(c) => Scalar::Real(T::from_f64(*c)),
            MapInstruction::Unary(op, a) => Scalar::Real(scalar::unary(host, *op, real(a))),
            MapInstruction::Binary(op, a, b) => Scalar::Real(scalar::binary(host, *op, real(a), real(b))),
            MapInstruction::Compare(op, a, b) => Scalar::Bool(scalar::compare(host, *op, real(a), real(b))),
            MapInstruction::And(a, b) => Scalar::Bool(bool(a) & bool(b)),
            MapInstruction::Or(a, b) => Scalar::Bool(bool(a) | bool(b)),
            MapInstruction::Not(a) => Scalar::Bool(!bool(a)),
            MapInstruction::Select(c, a, b) => Scalar::Real(if bool(c) { real(a) } else { real(b) }),
        }
    }
}

impl<T: Real> Scalar<T> {
    fn real(self) -> T {
        let Scalar::Real(x) = self else { panic!("not a real") };
        x
    }

    fn bool(self) -> bool {
        let Scalar::Bool(x) = self else { panic!("not a truth value") };
        x
    }
}

/// All positions in an index space, in row-major order.
fn positions(dims: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let dims = dims.to_vec();
    (0..dims.iter().product()).map(move |mut rest: usize| {
        let mut at: Vec<usize> = dims.iter().rev().map(|dim| (rest % dim, rest /= dim).0).collect();
        at.reverse();
        at
    })
}

/// The row-major index of a position.
fn offset(dims: &[usize], at: &[usize]) -> usize {
    dims.iter().zip(at).fold(0, |offset, (dim, i)| offset * dim + i)
}

fn follow(axes: &[usize], at: &[usize]) -> Vec<usize> {
    axes.iter().map(|&axis| at[axis]).collect()
}

/// For each element of each row how many are larger, or equal and earlier; a NaN is less than all numbers.
fn ranks<T: Real>(elements: &[T], extent: usize) -> Vec<T> {
    let key = |x: T| if x.to_f64().is_nan() { (false, 0.0) } else { (true, x.to_f64()) };
    let of_row = |row: &[T]| -> Vec<T> {
        let before = |i: usize, j: usize| {
            let (a, b) = (key(row[i]), key(row[j]));
            b > a || b == a && j < i
        };
        let count = |i: usize| (0..extent).filter(|&j| before(i, j)).count();
        (0..extent).map(|i| T::from_f64(count(i) as f64)).collect()
    };
    elements.chunks(extent).flat_map(of_row).collect()
}

/// The form of a convolution, term by term.
fn convolve<T: Real>(form: ConvolveForm, of: &Convolution, lhs: &[T], rhs: &[T], count: usize) -> Vec<T> {
    let (low, k) = (of.low, of.kernel);
    let places = |extent: usize| (extent + 2 * of.padding - k) / of.stride + 1;
    let (rows, columns) = (places(low.height), places(low.width));
    let samples = match form {
        ConvolveForm::Forward => lhs.len() / low.units(),
        ConvolveForm::Adjoint | ConvolveForm::Correlate => lhs.len() / (of.channels * rows * columns),
    };
    let mut sums = vec![T::default(); count];
    for at in positions(&[samples, of.channels, rows, columns, low.channels, k, k]) {
        let [b, d, v, u, c, i, j] = at[..] else { panic!("seven indices") };
        let (y, x) = (v * of.stride + i, u * of.stride + j);
        if y < of.padding || x < of.padding || y - of.padding >= low.height || x - of.padding >= low.width {
            continue;
        }
        let unit = [b, c, y - of.padding, x - of.padding];
        let low = offset(&[samples, low.channels, low.height, low.width], &unit);
        let high = offset(&[samples, of.channels, rows, columns], &[b, d, v, u]);
        let row = if of.local { (d * rows + v) * columns + u } else { d };
        let weight = (row * of.low.channels + c) * k * k + i * k + j;
        let (to, left, right) = match form {
            ConvolveForm::Forward => (high, low, weight),
            ConvolveForm::Adjoint => (low, high, weight),
            ConvolveForm::Correlate => (weight, high, low),
        };
        sums[to] = sums[to] + lhs[left] * rhs[right];
    }
    sums
}

/// For each window, as a unit, its units.
fn windows(of: &Pooling, samples: usize) -> Vec<Vec<usize>> {
    let Pooling { low, window, stride } = *of;
    let places = |extent: usize| (extent - window) / stride + 1;
    let units = |at: Vec<usize>| {
        let [b, c, v, u] = at[..] else { panic!("four indices") };
        let dims = [samples, low.channels, low.height, low.width];
        let unit = |i: Vec<usize>| offset(&dims, &[b, c, v * stride + i[0], u * stride + i[1]]);
        positions(&[window, window]).map(unit).collect()
    };
    positions(&[samples, low.channels, places(low.height), places(low.width)]).map(units).collect()
}

fn pool<T: Real>(kind: PoolKind, of: &Pooling, input: &[T], count: usize) -> Vec<T> {
    let host = &mut T::Host::default();
    let all = windows(of, input.len() / of.low.units());
    assert_eq!(all.len(), count);
    let size = T::from_f64((of.window * of.window) as f64);
    let mut pooled = |units: Vec<usize>| {
        let elements = units.iter().map(|&unit| input[unit]);
        match kind {
            PoolKind::Mean => elements.fold(T::default(), |sum, x| sum + x) / size,
            PoolKind::Max => elements
                .reduce(|a, b| scalar::binary(host, BinaryOp::Max, a, b))
                .expect("a window has elements"),
        }
    };
    all.into_iter().map(&mut pooled).collect()
}

fn unpool<T: Real>(of: &Pooling, input: &[T], count: usize) -> Vec<T> {
    let mut sums = vec![T::default(); count];
    for (units, &x) in windows(of, count / of.low.units()).iter().zip(input) {
        units.iter().for_each(|&unit| sums[unit] = sums[unit] + x);
    }
    let size = T::from_f64((of.window * of.window) as f64);
    sums.into_iter().map(|sum| sum / size).collect()
}

/// Each window's element to the first of its units that is the largest.
fn to_largest<T: Real>(of: &Pooling, input: &[T], by: &[T]) -> Vec<T> {
    let mut sums = vec![T::default(); by.len()];
    let largest = pool(PoolKind::Max, of, by, input.len());
    for ((units, &x), largest) in windows(of, by.len() / of.low.units()).iter().zip(input).zip(largest) {
        let is_nan = |x: T| x.to_f64().is_nan();
        let is_it = |unit: &&usize| by[**unit] == largest || is_nan(by[**unit]) && is_nan(largest);
        let unit = *units.iter().find(is_it).expect("one of them is it");
        sums[unit] = sums[unit] + x;
    }
    sums
}

/// The positions of what is at a place along an axis, in rows that follow each other.
fn rows(dims: &[usize], axis: usize, place: u64) -> Vec<std::ops::Range<usize>> {
    let (outside, inside): (usize, usize) =
        (dims[..axis].iter().product(), dims[axis + 1..].iter().product());
    let place = (place as usize).min(dims[axis] - 1);
    let first = |row: usize| (row * dims[axis] + place) * inside;
    (0..outside).map(|row| first(row)..first(row) + inside).collect()
}

/// A number between −1 and 1 that any bit of the seed changes.
fn draw<T: Real>(seed: u64) -> T {
    let mixed = (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    T::from_f64(((mixed ^ (mixed >> 32)) >> 40) as f64 / (1 << 23) as f64 - 1.0)
}
