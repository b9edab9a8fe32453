//! What the elements of a first value are made of, so that any part of them can be made alone, in any order and on any thread.

use plr_ir::Tensor;
use plr_ir::model::Init;
use plr_ir::scalar::{self, BinaryOp, CompareOp, Host, Real, UnaryOp};
use plr_ir::tensor::Data;

use super::Drawing;
use super::orthogonal::{orthogonal, transpose};
use crate::draws::Draws;

/// How many elements are made at a time: they stay near the processor while operations go over them.
pub const TOGETHER: usize = 512;

/// The numbers of a first value, by row-major index.
pub enum Elements<'a> {
    Constant(f64),
    Uniform {
        low: f64,
        high: f64,
        draws: Draws,
    },
    Normal {
        mean: f64,
        deviation: f64,
        draws: Draws,
    },
    Bernoulli {
        p: f64,
        draws: Draws,
    },
    Identity {
        columns: usize,
    },
    Along {
        inside: usize,
        numbers: &'a [f64],
    },
    /// Made before, as they are not made one by one.
    Made(Vec<f64>),
    Given(&'a Tensor),
    Unary(UnaryOp, Box<Self>),
    Binary(BinaryOp, Box<[Self; 2]>),
    Compare(CompareOp, Box<[Self; 2]>),
    Select(Box<[Self; 3]>),
}

impl<'a> Elements<'a> {
    /// Of a first value with these extents; each law in it has the next stream.
    pub fn new(init: &'a Init, dims: &'a [usize], drawing: &mut Drawing<'a>) -> Self {
        match init {
            Init::Constant(value) => Self::Constant(*value),
            Init::Uniform { low, high } => Self::Uniform { low: *low, high: *high, draws: drawing.law() },
            Init::Normal { mean, deviation } => {
                Self::Normal { mean: *mean, deviation: *deviation, draws: drawing.law() }
            }
            Init::Bernoulli(p) => Self::Bernoulli { p: *p, draws: drawing.law() },
            Init::Orthogonal(gain) => {
                let gaussian = drawing.law().normals(count(dims));
                let made = orthogonal(gaussian, columns_of(dims));
                Self::Made(made.into_iter().map(|x| gain * x).collect())
            }
            Init::Identity => Self::Identity { columns: columns_of(dims) },
            Init::Of { name, dims: theirs, init, transposed } => {
                let theirs_are = Self::new(init, theirs, &mut Drawing { name, laws: 0, ..*drawing });
                match transposed {
                    true => Self::Made(transpose(&theirs_are.all(count(theirs)), columns_of(theirs))),
                    false => theirs_are,
                }
            }
            Init::Own(init) => match drawing.given.get(drawing.name) {
                Some(given) => Self::Given(given),
                None => Self::new(init, dims, drawing),
            },
            Init::Along { axis, numbers } => Self::Along { inside: count(&dims[axis + 1..]), numbers },
            Init::Unary(op, a) => Self::Unary(*op, Box::new(Self::new(a, dims, drawing))),
            Init::Binary(op, a, b) => Self::Binary(*op, Box::new(drawing.parts(dims, [a, b]))),
            Init::Compare(op, a, b) => Self::Compare(*op, Box::new(drawing.parts(dims, [a, b]))),
            Init::Select(parts) => Self::Select(Box::new(drawing.parts(dims, parts.each_ref()))),
        }
    }

    /// All of them.
    fn all(&self, count: usize) -> Vec<f64> {
        let mut all = vec![0.0; count];
        self.write(0, &mut all);
        all
    }

    /// Those from `first` on, rounded.
    pub fn write<T: Real>(&self, first: usize, out: &mut [T]) {
        let mut numbers = [0.0; TOGETHER];
        for (at, out) in out.chunks_mut(TOGETHER).enumerate() {
            let numbers = &mut numbers[..out.len()];
            self.fill(first + at * TOGETHER, numbers);
            out.iter_mut().zip(numbers).for_each(|(out, number)| *out = T::from_f64(*number));
        }
    }

    /// Those from `first` on.
    fn fill(&self, first: usize, out: &mut [f64]) {
        let host = &mut Host::<f64>::default();
        match self {
            Self::Constant(value) => out.fill(*value),
            Self::Uniform { low, high, draws } => {
                draws.uniforms_from(first, out);
                each(out, |u| low + (high - low) * u);
            }
            Self::Normal { mean, deviation, draws } => {
                draws.normals_from(first, out);
                each(out, |z| mean + deviation * z);
            }
            Self::Bernoulli { p, draws } => {
                draws.uniforms_from(first, out);
                each(out, |u| one_if(u < *p));
            }
            Self::Identity { columns } => indexed(first, out, |i| one_if(i / columns == i % columns)),
            Self::Along { inside, numbers } => indexed(first, out, |i| numbers[i / inside % numbers.len()]),
            Self::Made(numbers) => out.copy_from_slice(&numbers[first..first + out.len()]),
            Self::Given(tensor) => match &tensor.data {
                Data::F32(numbers) => indexed(first, out, |i| f64::from(numbers[i])),
                Data::F64(numbers) => out.copy_from_slice(&numbers[first..first + out.len()]),
            },
            Self::Unary(op, a) => {
                a.fill(first, out);
                each(out, |a| scalar::unary(host, *op, a));
            }
            Self::Binary(op, parts) => pairs(parts, first, out, |a, b| scalar::binary(host, *op, a, b)),
            Self::Compare(op, parts) => {
                pairs(parts, first, out, |a, b| one_if(scalar::compare(host, *op, a, b)));
            }
            Self::Select(parts) => {
                let [c, a, b] = parts.as_ref();
                let mut condition = vec![0.0; out.len()];
                c.fill(first, &mut condition);
                let mut chosen = vec![0.0; out.len()];
                a.fill(first, &mut chosen);
                b.fill(first, out);
                let all = out.iter_mut().zip(chosen).zip(condition);
                all.filter(|(_, c)| *c != 0.0).for_each(|((out, a), _)| *out = a);
            }
        }
    }
}

fn each(out: &mut [f64], mut function: impl FnMut(f64) -> f64) {
    out.iter_mut().for_each(|number| *number = function(*number));
}

fn indexed(first: usize, out: &mut [f64], mut function: impl FnMut(usize) -> f64) {
    out.iter_mut().enumerate().for_each(|(at, number)| *number = function(first + at));
}

fn pairs(
    [a, b]: &[Elements<'_>; 2],
    first: usize,
    out: &mut [f64],
    mut function: impl FnMut(f64, f64) -> f64,
) {
    let mut second = vec![0.0; out.len()];
    a.fill(first, out);
    b.fill(first, &mut second);
    out.iter_mut().zip(second).for_each(|(a, b)| *a = function(*a, b));
}

fn one_if(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

fn count(dims: &[usize]) -> usize {
    dims.iter().product()
}

/// The length of a row: what belongs to one postsynaptic unit.
fn columns_of(dims: &[usize]) -> usize {
    dims.iter().skip(1).product()
}
