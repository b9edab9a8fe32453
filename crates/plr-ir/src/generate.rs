//! Random programs and inputs for tests of passes and of whoever executes programs. Feature `generate`.
//!
//! A program is made of every operation, by the builder, from one seed; [`fused`] has maps too. Shapes are combinations
//! of three extents, each 1, 3, 5, 7 or 17, so that every vector loop has a remainder somewhere. Numbers stay small where that
//! is cheap to have, so that most outputs are finite.
//!
//! With [`Settings::exact`] the factors of every contraction are rounded to small integers first. Its sums are then exact in
//! any order, and whole programs can be compared bit for bit between executions that sum in different orders.

mod space;
mod statements;

use crate::builder::Builder;
use crate::pass::{Options, optimise};
use crate::program::{Program, Value};
use crate::tensor::Tensor;
use crate::types::{Elem, Location, Precision, Type};

/// What programs to make.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The precision.
    pub precision: Precision,
    /// About how many operations to make.
    pub operations: usize,
    /// How deeply loops may nest.
    pub depth: usize,
    /// Whether contractions have small integers as factors.
    pub exact: bool,
}

impl Settings {
    /// Programs of about 30 operations with loops in loops and exact contractions.
    pub fn new(precision: Precision) -> Self {
        Self { precision, operations: 30, depth: 2, exact: true }
    }
}

/// A random program that verifies.
pub fn program(seed: u64, settings: &Settings) -> Program {
    let mut generator = Generator::new(seed, *settings);
    let mut builder = Builder::new(format!("generated {seed}"), settings.precision);
    for i in 0..2 + generator.random.below(3) {
        let dims = generator.dims();
        let input = builder.input(format!("input {i}"), Type::real(dims));
        generator.scope.push(input);
    }
    let mut left = settings.operations;
    while left > 0 {
        left = left.saturating_sub(generator.statement(&mut builder, settings.depth));
    }
    for i in 0..3 + generator.random.below(4) {
        let value = generator.real(&mut builder);
        builder.output(format!("output {i}"), value);
    }
    builder.finish()
}

/// A random program, optimised: of fewer operations and with maps.
pub fn fused(seed: u64, settings: &Settings) -> Program {
    let mut program = program(seed, settings);
    optimise(&mut program, Options::default());
    program
}

/// Random inputs for a program, one for each of its inputs: mostly between −2 and 2, with zeros of both signs and
/// integers among them.
pub fn inputs(program: &Program, seed: u64) -> Vec<Tensor> {
    let mut random = Random(seed);
    let mut tensor = |&value: &Value| {
        let ty = program.type_of(value);
        let numbers: Vec<f64> = (0..ty.count()).map(|_| random.number()).collect();
        Tensor::from_f64(ty.dims.clone(), &numbers, program.precision)
    };
    program.body.parameters.iter().map(&mut tensor).collect()
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True in so many of 100 cases.
    fn percent(&mut self, percentage: usize) -> bool {
        self.below(100) < percentage
    }

    /// One of several, of which there must be one.
    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn number(&mut self) -> f64 {
        match self.below(12) {
            0 => 0.0,
            1 => -0.0,
            2 | 3 => self.below(5) as f64 - 2.0,
            _ => (self.next() >> 11) as f64 / (1_u64 << 51) as f64 - 2.0,
        }
    }
}

/// What is needed to make the next operation.
struct Generator {
    random: Random,
    settings: Settings,
    /// The extents of the labels `b`, `i` and `j`.
    extents: [usize; 3],
    /// All visible values, whatever their kind.
    scope: Vec<Value>,
    /// The number of random draws so far.
    streams: u32,
}

impl Generator {
    fn new(seed: u64, settings: Settings) -> Self {
        let mut random = Random(seed);
        let extents = std::array::from_fn(|_| random.pick(&[1, 3, 5, 7, 17]));
        Self { random, settings, extents, scope: Vec::new(), streams: 0 }
    }

    /// Dimensions of up to three of the extents.
    fn dims(&mut self) -> Vec<usize> {
        let labels = self.random.pick(&["", "b", "i", "j", "bi", "bi", "bj", "bj", "ij", "ij", "bij"]);
        self.dims_of(labels.as_bytes())
    }

    /// The extents of labels.
    fn dims_of(&self, labels: &[u8]) -> Vec<usize> {
        let extent = |label: &u8| b"bij".iter().position(|l| l == label).map(|i| self.extents[i]);
        labels.iter().filter_map(extent).collect()
    }

    /// Visible values of a type.
    fn visible(&self, b: &Builder, fits: impl Fn(&Type) -> bool) -> Vec<Value> {
        self.scope.iter().copied().filter(|&value| fits(b.type_of(value))).collect()
    }

    /// A real value of any dimensions, preferably a recent one.
    fn real(&mut self, b: &mut Builder) -> Value {
        let reals = self.visible(b, |ty| ty.elem == Elem::Real);
        let recent = &reals[reals.len().saturating_sub(8)..];
        if self.random.percent(60) { self.random.pick(recent) } else { self.random.pick(&reals) }
    }

    /// A real value of the given dimensions: a visible one or, at times, a new one.
    fn real_of(&mut self, b: &mut Builder, dims: &[usize]) -> Value {
        let reals = self.visible(b, |ty| ty.elem == Elem::Real && ty.dims == dims);
        if !reals.is_empty() && self.random.percent(85) {
            return self.random.pick(&reals);
        }
        let value = match self.random.below(4) {
            0 => b.constant(self.constant(), dims),
            1 => self.draw(b, dims),
            _ => self.broadcast_to(b, dims),
        };
        self.scope.push(value);
        value
    }

    /// A truth value of the given dimensions.
    fn bool_of(&mut self, b: &mut Builder, dims: &[usize]) -> Value {
        let bools = self.visible(b, |ty| ty.elem == Elem::Bool && ty.dims == dims);
        if bools.is_empty() || self.random.percent(20) {
            self.compare(b, dims)
        } else {
            self.random.pick(&bools)
        }
    }

    /// An index, if one is visible.
    fn index(&mut self, b: &Builder) -> Option<Value> {
        let indices = self.visible(b, |ty| ty.elem == Elem::Index);
        (!indices.is_empty()).then(|| self.random.pick(&indices))
    }

    fn constant(&mut self) -> f64 {
        self.random.pick(&[0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 0.1, 3.7, -2.5, 1e-3])
    }

    /// Lets the operations that follow come from somewhere else, at times from nowhere.
    fn relocate(&mut self, b: &mut Builder) {
        let location = if self.random.percent(50) { self.random.below(100) as u32 } else { 0 };
        b.set_location(Location(location));
    }
}
