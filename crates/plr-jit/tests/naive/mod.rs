//! Programs run by plain loops over indices, for tests: as slow as it is obvious, and without memory of its own choosing.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::HashMap;

use plr_ir::geometry::{Convolution, Pooling};
use plr_ir::program::{
    Block, Contraction, ConvolveForm, Law, Local, Map, MapInstruction, Op, Operation, PoolKind, ReduceKind,
    Repeat,
};
use plr_ir::random;
use plr_ir::scalar::{self, BinaryOp, Real};
use plr_ir::tensor::Data;
use plr_ir::{Program, Tensor, Type, Value};
use plr_jit::Context;

use super::compiled;

/// The elements of a value.
#[derive(Clone, Debug)]
enum Elements<T> {
    Real(Vec<T>),
    Bool(Vec<bool>),
    Index(u64),
}

impl<T: Real> Elements<T> {
    fn real(&self) -> &[T] {
        match self {
            Elements::Real(x) => x,
            Elements::Bool(_) | Elements::Index(_) => panic!("not real"),
        }
    }

    fn bool(&self) -> &[bool] {
        match self {
            Elements::Bool(x) => x,
            Elements::Real(_) | Elements::Index(_) => panic!("not bool"),
        }
    }

    fn index(&self) -> u64 {
        match self {
            Elements::Index(i) => *i,
            Elements::Real(_) | Elements::Bool(_) => panic!("not an index"),
        }
    }
}

/// What a run depends on besides its inputs.
pub struct Draws {
    pub seed: u64,
    pub update: u32,
}

struct Evaluation<'p> {
    program: &'p Program,
    draws: Draws,
}

type Scope<T> = HashMap<Value, Elements<T>>;

/// Whatever the number of threads, every output of a program, given small integers, is to the last bit what plain loops give.
pub fn assert_compiled_is_the_same<T: Real>(program: &Program, what: &str, threads: &[usize]) {
    let inputs = compiled::small_integers(program);
    let of_inputs: Vec<Vec<T>> = inputs.iter().map(elements).collect();
    let expected = run(program, &of_inputs, Draws { seed: 0, update: 0 });
    for &threads in threads {
        let found = compiled::run(program, &inputs, threads, Context::default());
        for ((name, found), expected) in program.outputs.iter().zip(&found).zip(&expected) {
            compiled::assert_same(&format!("{what} on {threads} threads, {name}"), found, expected);
        }
    }
}

/// The outputs of a program.
pub fn run<T: Real>(program: &Program, inputs: &[Vec<T>], draws: Draws) -> Vec<Vec<T>> {
    let mut scope: Scope<T> = HashMap::new();
    for (&parameter, input) in program.body.parameters.iter().zip(inputs) {
        scope.insert(parameter, Elements::Real(input.clone()));
    }
    let evaluation = Evaluation { program, draws };
    evaluation.block(&program.body, &mut scope);
    program.body.results.iter().map(|v| scope[v].real().to_vec()).collect()
}

/// Every multi-index of the dimensions, in row-major order.
pub fn indices(dims: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for &extent in dims {
        all = all.into_iter().flat_map(|i| (0..extent).map(move |j| [i.clone(), vec![j]].concat())).collect();
    }
    all
}

/// The row-major position of a multi-index.
pub fn position(dims: &[usize], index: &[usize]) -> usize {
    dims.iter().zip(index).fold(0, |at, (extent, i)| at * extent + i)
}

/// Elements of a tensor in its own precision.
pub fn elements<T: Real>(tensor: &Tensor) -> Vec<T> {
    match &tensor.data {
        Data::F32(x) => x.iter().map(|&x| T::from_f64(f64::from(x))).collect(),
        Data::F64(x) => x.iter().map(|&x| T::from_f64(x)).collect(),
    }
}

impl Evaluation<'_> {
    fn ty(&self, value: Value) -> &Type {
        self.program.type_of(value)
    }

    fn block<T: Real>(&self, block: &Block, scope: &mut Scope<T>) {
        for operation in &block.operations {
            self.operation(operation, scope);
        }
    }

    fn operation<T: Real>(&self, operation: &Operation, scope: &mut Scope<T>) {
        let mut host = T::Host::default();
        let Some(&result) = operation.results.first() else { return };
        let ty = self.ty(result).clone();
        let count = ty.count();
        let each_real = |f: &mut dyn FnMut(usize) -> T| Elements::Real((0..count).map(f).collect());
        let each_bool = |f: &mut dyn FnMut(usize) -> bool| Elements::Bool((0..count).map(f).collect());
        let elements = match &operation.op {
            Op::Constant(c) => each_real(&mut |_| T::from_f64(*c)),
            Op::Unary(op, a) => each_real(&mut |i| scalar::unary(&mut host, *op, scope[a].real()[i])),
            Op::Binary(op, a, b) => {
                each_real(&mut |i| scalar::binary(&mut host, *op, scope[a].real()[i], scope[b].real()[i]))
            }
            Op::Compare(op, a, b) => {
                each_bool(&mut |i| scalar::compare(&mut host, *op, scope[a].real()[i], scope[b].real()[i]))
            }
            Op::And(a, b) => each_bool(&mut |i| scope[a].bool()[i] && scope[b].bool()[i]),
            Op::Or(a, b) => each_bool(&mut |i| scope[a].bool()[i] || scope[b].bool()[i]),
            Op::Not(a) => each_bool(&mut |i| !scope[a].bool()[i]),
            Op::Select(c, a, b) => {
                each_real(&mut |i| if scope[c].bool()[i] { scope[a].real()[i] } else { scope[b].real()[i] })
            }
            Op::FromIndex(i) => Elements::Real(vec![T::from_f64(scope[i].index() as f64)]),
            Op::Broadcast { input, axes } => self.broadcast(&scope[input], *input, axes, &ty.dims),
            Op::Contract { lhs, rhs, spec } => Elements::Real(self.contract(
                scope[lhs].real(),
                scope[rhs].real(),
                [*lhs, *rhs],
                spec,
                &ty.dims,
            )),
            Op::Reduce { kind, input, axes } => {
                Elements::Real(self.reduce(*kind, scope[input].real(), *input, axes))
            }
            Op::Rank(input) => Elements::Real(ranks(scope[input].real(), ty.dims[ty.rank() - 1])),
            Op::RunningSum { input, axis } => {
                let (x, inner) = (scope[input].real(), ty.dims[axis + 1..].iter().product::<usize>());
                each_real(&mut |at| {
                    let before = at / inner % ty.dims[*axis];
                    (0..=before)
                        .map(|k| x[at - (before - k) * inner])
                        .reduce(|a, b| a + b)
                        .expect("one at least")
                })
            }
            Op::Convolve { form, lhs, rhs, geometry } => {
                let sums = convolve(*form, geometry, scope[lhs].real(), scope[rhs].real(), count);
                Elements::Real(sums.into_iter().map(|(sum, _)| T::from_f64(sum)).collect())
            }
            Op::Pool { kind, input, geometry } => {
                let x = scope[input].real();
                each_real(&mut |at| pool(*kind, geometry, x, at))
            }
            Op::Unpool { input, by, geometry } => {
                let x = scope[input].real();
                match by {
                    Some(by) => each_real(&mut |at| to_largest(geometry, x, scope[by].real(), at)),
                    None => each_real(&mut |at| unpool(geometry, x, at)),
                }
            }
            Op::Reshape(input) => scope[input].clone(),
            Op::Range { input, axis, first } => {
                let (whole, dims) = (scope[input].real(), &self.ty(*input).dims);
                let at = |mut i: Vec<usize>| {
                    i[*axis] += first;
                    whole[position(dims, &i)]
                };
                Elements::Real(indices(&ty.dims).into_iter().map(at).collect())
            }
            Op::Slice { input, axis, index } => {
                let (whole, dims) = (scope[input].real(), &self.ty(*input).dims);
                let place = (scope[index].index() as usize).min(dims[*axis] - 1);
                let at = |mut i: Vec<usize>| {
                    i.insert(*axis, place);
                    whole[position(dims, &i)]
                };
                Elements::Real(indices(&ty.dims).into_iter().map(at).collect())
            }
            Op::Insert { into, value, axis, index } => {
                let place = (scope[index].index() as usize).min(ty.dims[*axis] - 1);
                let (whole, slice, inside) = (scope[into].real(), scope[value].real(), &self.ty(*value).dims);
                let at = |mut i: Vec<usize>| {
                    let old = whole[position(&ty.dims, &i)];
                    if i.remove(*axis) == place { slice[position(inside, &i)] } else { old }
                };
                Elements::Real(indices(&ty.dims).into_iter().map(at).collect())
            }
            Op::Before { input, axis, index } => self.before(*input, *axis, *index, scope),
            Op::Detach { value, .. } => Elements::Real(scope[value].real().to_vec()),
            Op::Random { law, stream, step } => {
                let step = step.map_or(0, |s| scope[&s].index() as u32);
                Elements::Real(self.random(*law, *stream, step, count))
            }
            Op::Repeat(repeat) => return self.repeat(repeat, &operation.results, scope),
            Op::Map(map) => return self.map(map, &operation.results, scope),
        };
        scope.insert(result, elements);
    }

    fn before<T: Real>(&self, input: Value, axis: usize, index: Value, scope: &Scope<T>) -> Elements<T> {
        let (whole, end, dims) = (scope[&input].real(), scope[&index].index(), &self.ty(input).dims);
        let at =
            |i: &Vec<usize>| if (i[axis] as u64) < end { whole[position(dims, i)] } else { T::from_f64(0.0) };
        Elements::Real(indices(dims).iter().map(at).collect())
    }

    fn broadcast<T: Real>(
        &self,
        elements: &Elements<T>,
        input: Value,
        axes: &[usize],
        dims: &[usize],
    ) -> Elements<T> {
        let from = &self.ty(input).dims;
        let at = |i: &Vec<usize>| position(from, &axes.iter().map(|&a| i[a]).collect::<Vec<_>>());
        match elements {
            Elements::Real(x) => Elements::Real(indices(dims).iter().map(|i| x[at(i)]).collect()),
            Elements::Bool(x) => Elements::Bool(indices(dims).iter().map(|i| x[at(i)]).collect()),
            Elements::Index(_) => panic!("an index is not broadcast"),
        }
    }

    /// Sums in double precision.
    fn contract<T: Real>(
        &self,
        a: &[T],
        b: &[T],
        operands: [Value; 2],
        spec: &Contraction,
        out: &[usize],
    ) -> Vec<T> {
        let [da, db] = operands.map(|v| self.ty(v).dims.clone());
        contract(spec, (a, &da), (b, &db), out).into_iter().map(|(sum, _)| T::from_f64(sum)).collect()
    }

    fn reduce<T: Real>(&self, kind: ReduceKind, x: &[T], input: Value, axes: &[usize]) -> Vec<T> {
        let dims = &self.ty(input).dims;
        let kept: Vec<usize> = (0..dims.len()).filter(|a| !axes.contains(a)).collect();
        let kept_dims: Vec<usize> = kept.iter().map(|&a| dims[a]).collect();
        let mut results: Vec<Option<T>> = vec![None; kept_dims.iter().product()];
        for index in indices(dims) {
            let to = position(&kept_dims, &kept.iter().map(|&a| index[a]).collect::<Vec<_>>());
            let term = x[position(dims, &index)];
            results[to] = Some(results[to].map_or(term, |sum| combine(kind, sum, term)));
        }
        results.into_iter().map(|r| r.expect("no axis is empty")).collect()
    }

    fn random<T: Real>(&self, law: Law, stream: u32, step: u32, count: usize) -> Vec<T> {
        let Draws { seed, update } = self.draws;
        let address = random::Address { seed, update, step, stream };
        (0..count).map(|i| random::draw(law, address, i as u64)).collect()
    }

    fn repeat<T: Real>(&self, repeat: &Repeat, results: &[Value], scope: &mut Scope<T>) {
        let mut carried: Vec<Elements<T>> = repeat.initial.iter().map(|v| scope[v].clone()).collect();
        let (mut steps, mut residual) = (0, None);
        for step in 0..repeat.count {
            let index = if repeat.reversed { repeat.count - 1 - step } else { step };
            scope.insert(repeat.body.parameters[0], Elements::Index(u64::from(index)));
            for (parameter, elements) in repeat.body.parameters[1..].iter().zip(&carried) {
                scope.insert(*parameter, elements.clone());
            }
            self.block(&repeat.body, scope);
            carried = repeat.body.results.iter().map(|v| scope[v].clone()).collect();
            steps = u64::from(step) + 1;
            if let Some(until) = &repeat.until {
                let last = scope[&until.residual].real()[0];
                residual = Some(last);
                if last.to_f64() < until.tolerance || !last.to_f64().is_finite() {
                    break;
                }
            }
        }
        let more =
            residual.map(|r| vec![Elements::Index(steps), Elements::Real(vec![r])]).unwrap_or_default();
        for (result, elements) in results.iter().zip(carried.into_iter().chain(more)) {
            scope.insert(*result, elements);
        }
    }

    fn map<T: Real>(&self, map: &Map, results: &[Value], scope: &mut Scope<T>) {
        let dims = self.ty(results[0]).dims.clone();
        let inputs: Vec<Elements<T>> =
            map.inputs.iter().map(|i| self.broadcast(&scope[&i.value], i.value, &i.axes, &dims)).collect();
        let mut host = T::Host::default();
        let count = dims.iter().product::<usize>();
        let mut values: Vec<Elements<T>> = Vec::new();
        for instruction in &map.body {
            let real = |l: &Local, i: usize| values[l.0 as usize].real()[i];
            let bool = |l: &Local, i: usize| values[l.0 as usize].bool()[i];
            let each = 0..count;
            values.push(match instruction {
                MapInstruction::Input(i) => inputs[*i as usize].clone(),
                MapInstruction::Constant(c) => Elements::Real(each.map(|_| T::from_f64(*c)).collect()),
                MapInstruction::Unary(op, a) => {
                    Elements::Real(each.map(|i| scalar::unary(&mut host, *op, real(a, i))).collect())
                }
                MapInstruction::Binary(op, a, b) => Elements::Real(
                    each.map(|i| scalar::binary(&mut host, *op, real(a, i), real(b, i))).collect(),
                ),
                MapInstruction::Compare(op, a, b) => Elements::Bool(
                    each.map(|i| scalar::compare(&mut host, *op, real(a, i), real(b, i))).collect(),
                ),
                MapInstruction::And(a, b) => Elements::Bool(each.map(|i| bool(a, i) && bool(b, i)).collect()),
                MapInstruction::Or(a, b) => Elements::Bool(each.map(|i| bool(a, i) || bool(b, i)).collect()),
                MapInstruction::Not(a) => Elements::Bool(each.map(|i| !bool(a, i)).collect()),
                MapInstruction::Select(c, a, b) => {
                    Elements::Real(each.map(|i| if bool(c, i) { real(a, i) } else { real(b, i) }).collect())
                }
            });
        }
        for (result, local) in results.iter().zip(&map.results) {
            scope.insert(*result, values[local.0 as usize].clone());
        }
    }
}

/// For each element the number of elements that come before it in its row of so many.
pub fn ranks<T: Real>(x: &[T], extent: usize) -> Vec<T> {
    let larger = |a: T, b: T| a > b || b.to_f64().is_nan() && !a.to_f64().is_nan();
    let rank = |at: usize| {
        let row = at - at % extent..at - at % extent + extent;
        let before = |&other: &usize| larger(x[other], x[at]) || !larger(x[at], x[other]) && other < at;
        T::from_f64(row.filter(before).count() as f64)
    };
    (0..x.len()).map(rank).collect()
}

/// One step of a reduction.
fn combine<T: Real>(kind: ReduceKind, a: T, b: T) -> T {
    let mut host = T::Host::default();
    match kind {
        ReduceKind::Sum => a + b,
        ReduceKind::Max => scalar::binary(&mut host, BinaryOp::Max, a, b),
        ReduceKind::Min => scalar::binary(&mut host, BinaryOp::Min, a, b),
    }
}

/// For each element of a contraction's result the sum of products and that of their magnitudes, in double precision.
pub fn contract<T: Real>(
    spec: &Contraction,
    (a, da): (&[T], &[usize]),
    (b, db): (&[T], &[usize]),
    out: &[usize],
) -> Vec<(f64, f64)> {
    let mut labels = spec.out.clone();
    let mut dims = out.to_vec();
    for (label, extent) in spec.lhs.iter().zip(da).chain(spec.rhs.iter().zip(db)) {
        if !labels.contains(label) {
            labels.push(*label);
            dims.push(*extent);
        }
    }
    let pick = |of: &[u8], index: &[usize]| -> Vec<usize> {
        of.iter().map(|l| index[labels.iter().position(|m| m == l).expect("a known label")]).collect()
    };
    // A sum of one term is that term, whose zero may be negative.
    let nothing = if dims[out.len()..].iter().all(|&extent| extent == 1) { -0.0 } else { 0.0 };
    let mut sums = vec![(nothing, 0.0); out.iter().product()];
    for index in indices(&dims) {
        let term = a[position(da, &pick(&spec.lhs, &index))].to_f64()
            * b[position(db, &pick(&spec.rhs, &index))].to_f64();
        let sum = &mut sums[position(out, &index[..out.len()])];
        *sum = (sum.0 + term, sum.1 + term.abs());
    }
    sums
}

/// For each result of a convolution the sum of products and that of their magnitudes, in double precision: all low places
/// and all high places are tried, and those that a tap joins count.
pub fn convolve<T: Real>(
    form: ConvolveForm,
    of: &Convolution,
    lhs: &[T],
    rhs: &[T],
    count: usize,
) -> Vec<(f64, f64)> {
    let high = of.high().expect("a layer comes of it");
    let batch = match form {
        ConvolveForm::Forward => lhs.len() / of.low.units(),
        ConvolveForm::Adjoint | ConvolveForm::Correlate => lhs.len() / high.units(),
    };
    let mut sums = vec![(0.0, 0.0); count];
    let tap =
        |low: usize, high: usize| (low + of.padding).checked_sub(high * of.stride).filter(|&i| i < of.kernel);
    let low_dims = [batch, of.low.channels, of.low.height, of.low.width];
    let high_dims = [batch, high.channels, high.height, high.width];
    for low_at in indices(&low_dims) {
        for high_at in indices(&high_dims[1..]) {
            let taps = (tap(low_at[2], high_at[1]), tap(low_at[3], high_at[2]));
            let (Some(i), Some(j)) = taps else { continue };
            let row = if of.local { position(&high_dims[1..], &high_at) } else { high_at[0] };
            let weight = position(&of.kernel_dims(), &[row, low_at[1], i, j]);
            let low = position(&low_dims, &low_at);
            let high = position(&high_dims, &[&low_at[..1], &high_at].concat());
            let (to, term) = match form {
                ConvolveForm::Forward => (high, lhs[low].to_f64() * rhs[weight].to_f64()),
                ConvolveForm::Adjoint => (low, lhs[high].to_f64() * rhs[weight].to_f64()),
                ConvolveForm::Correlate => (weight, lhs[high].to_f64() * rhs[low].to_f64()),
            };
            sums[to] = (sums[to].0 + term, sums[to].1 + term.abs());
        }
    }
    sums
}

/// What becomes of the window in the place `at` of the pooled layers.
pub fn pool<T: Real>(kind: PoolKind, of: &Pooling, x: &[T], at: usize) -> T {
    let mut host = T::Host::default();
    let elements = of_window(of, at).into_iter().map(|unit| x[unit]);
    match kind {
        PoolKind::Mean => elements.fold(T::default(), |sum, x| sum + x) / area(of),
        PoolKind::Max => elements
            .reduce(|a, b| scalar::binary(&mut host, BinaryOp::Max, a, b))
            .expect("a window has elements"),
    }
}

/// The mean's adjoint at the unit `at`: the windows that have it are found by looking into all.
pub fn unpool<T: Real>(of: &Pooling, x: &[T], at: usize) -> T {
    let having = (0..x.len()).filter(|&window| of_window(of, window).contains(&at));
    having.fold(T::default(), |sum, window| sum + x[window]) / area(of)
}

/// What the unit in the place `at` gets as the largest, or the first of these, in its windows.
pub fn to_largest<T: Real>(of: &Pooling, x: &[T], by: &[T], at: usize) -> T {
    let wins = |window: usize| {
        let largest = pool(PoolKind::Max, of, by, window).to_f64();
        let is_it = |unit: &usize| {
            let own = by[*unit].to_f64();
            own == largest || own.is_nan() && largest.is_nan()
        };
        of_window(of, window).into_iter().find(is_it) == Some(at)
    };
    (0..x.len()).filter(|&window| wins(window)).fold(T::default(), |sum, window| sum + x[window])
}

fn area<T: Real>(of: &Pooling) -> T {
    T::from_f64((of.window * of.window) as f64)
}

/// The units of a window, both counted through all samples.
fn of_window(of: &Pooling, at: usize) -> Vec<usize> {
    let high = of.high().expect("there are windows");
    let (plane, place) = (at / high.positions(), at % high.positions());
    let (top, left) = (place / high.width * of.stride, place % high.width * of.stride);
    let unit = |i: Vec<usize>| (plane * of.low.height + top + i[0]) * of.low.width + left + i[1];
    indices(&[of.window, of.window]).into_iter().map(unit).collect()
}
