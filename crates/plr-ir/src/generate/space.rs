//! Random operations over layers with space.

use super::Generator;
use super::statements::small_integers;
use crate::builder::Builder;
use crate::geometry::{Convolution, Grid, Pooling};
use crate::program::{ConvolveForm, PoolKind, Value};
use crate::scalar::{BinaryOp, CompareOp};

impl Generator {
    /// One of the three sums of a random convolution.
    pub fn convolve(&mut self, b: &mut Builder) -> Value {
        let kernel = 1 + self.random.below(3);
        let low = self.grid(kernel);
        let stride = 1 + self.random.below(3);
        let (channels, padding) = (1 + self.random.below(4), self.random.below(kernel));
        let geometry = Convolution { low, channels, kernel, stride, padding };
        let batch = self.extents[0];
        let low = vec![batch, low.units()];
        let high = vec![batch, geometry.high().map_or(0, Grid::units)];
        let weights = geometry.kernel_dims().to_vec();
        let (form, factors) = match self.random.below(3) {
            0 => (ConvolveForm::Forward, [low, weights]),
            1 => (ConvolveForm::Adjoint, [high, weights]),
            _ => (ConvolveForm::Correlate, [high, low]),
        };
        let [lhs, rhs] = factors.map(|dims| {
            let factor = self.real_of(b, &dims);
            if !self.settings.exact {
                return factor;
            }
            let number = without_nan(b, factor);
            small_integers(b, number)
        });
        let sum = b.convolve(form, geometry, lhs, rhs);
        if self.settings.exact { without_sign_of_zero(b, sum) } else { sum }
    }

    /// Pooling, or its adjoint.
    pub fn pool(&mut self, b: &mut Builder) -> Value {
        let window = 1 + self.random.below(3);
        let geometry = Pooling { low: self.grid(window), window, stride: 1 + self.random.below(3) };
        let dims = |grid: Grid| [self.extents[0], grid.units()];
        let (low, high) = (dims(geometry.low), geometry.high().map_or([0; 2], dims));
        match self.random.below(3) {
            0 => {
                let high = self.real_of(b, &high);
                b.unpool(geometry, high)
            }
            kind => {
                let low = self.real_of(b, &low);
                b.pool(if kind == 1 { PoolKind::Mean } else { PoolKind::Max }, geometry, low)
            }
        }
    }

    /// A visible value in one row, or in rows of one.
    pub fn reshape(&mut self, b: &mut Builder) -> Value {
        let input = self.real(b);
        let count = b.type_of(input).count();
        let dims = self.random.pick(&[[1, count], [count, 1]]);
        b.reshape(input, &dims)
    }

    /// A layer of at least `least` rows and columns.
    fn grid(&mut self, least: usize) -> Grid {
        let mut extent = || least + self.random.below(4);
        Grid { height: extent(), width: extent(), channels: 1 + self.random.below(3) }
    }
}

/// A sum of zeros of both signs is a zero whose sign depends on the order; adding +0 makes it +0.
fn without_sign_of_zero(b: &mut Builder, sum: Value) -> Value {
    let dims = b.type_of(sum).dims.clone();
    let zero = b.constant(0.0, &dims);
    b.binary(BinaryOp::Add, sum, zero)
}

/// Zero where the value is NaN, of which kernels and plain loops make different sums at a layer's edges.
fn without_nan(b: &mut Builder, value: Value) -> Value {
    let dims = b.type_of(value).dims.clone();
    let zero = b.constant(0.0, &dims);
    let is_number = b.compare(CompareOp::Eq, value, value);
    b.select(is_number, value, zero)
}
