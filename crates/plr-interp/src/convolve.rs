//! The three sums of a convolution, and pooling: loops over all that is joined.

use ndarray::{Array, ArrayD, IxDyn};
use plr_ir::geometry::{Convolution, Grid, Pooling};
use plr_ir::program::{ConvolveForm, PoolKind};
use plr_ir::scalar::{self, BinaryOp};

use crate::axes::reshaped;
use crate::number::{Number, Shared};

/// One of the three sums of a convolution, of dimensions `dims`.
pub(crate) fn convolve<T: Number>(
    form: ConvolveForm,
    geometry: &Convolution,
    lhs: &Shared<T>,
    rhs: &Shared<T>,
    dims: &[usize],
) -> ArrayD<T> {
    let samples = lhs.shape()[0];
    let of_units = form != ConvolveForm::Correlate;
    let left = by_unit(lhs);
    let right = if of_units { rhs.iter().copied().collect() } else { by_unit(rhs) };
    let mut sums = vec![T::zero(); dims.iter().product()];
    let part = |unit: usize| unit * samples..(unit + 1) * samples;
    for_each_join(geometry, |low, high, weight| match form {
        ConvolveForm::Forward => add_times(&mut sums[part(high)], &left[part(low)], right[weight]),
        ConvolveForm::Adjoint => add_times(&mut sums[part(low)], &left[part(high)], right[weight]),
        ConvolveForm::Correlate => {
            let pairs = left[part(high)].iter().zip(&right[part(low)]);
            sums[weight] = pairs.fold(sums[weight], |sum, (&a, &b)| sum + a * b);
        }
    });
    if !of_units {
        return reshaped(Array::from_vec(sums).into_dyn(), IxDyn(dims));
    }
    let by_sample = |at: usize| sums[at % dims[1] * samples + at / dims[1]];
    reshaped(Array::from_iter((0..sums.len()).map(by_sample)).into_dyn(), IxDyn(dims))
}

/// Adds to each sum a term times a weight.
fn add_times<T: Number>(sums: &mut [T], terms: &[T], weight: T) {
    for (sum, &term) in sums.iter_mut().zip(terms) {
        *sum = *sum + term * weight;
    }
}

/// The elements of `[samples, units]`, those of a unit beside each other: what is joined is joined in all samples.
fn by_unit<T: Number>(array: &Shared<T>) -> Vec<T> {
    array.t().iter().copied().collect()
}

/// Calls `visit` with every low unit and high unit that a weight joins, and the weight's place in the kernel.
fn for_each_join(geometry: &Convolution, mut visit: impl FnMut(usize, usize, usize)) {
    let (low, high, size) = (geometry.low, layer(geometry.high()), geometry.kernel);
    let kernel = Grid { channels: low.channels, height: size, width: size };
    for (d, v, u) in places(high) {
        for (c, i, j) in places(kernel) {
            let seen = (geometry.seen(v, i, low.height), geometry.seen(u, j, low.width));
            if let (Some(y), Some(x)) = seen {
                let above = unit(high, (d, v, u));
                let row = if geometry.local { above } else { d };
                let weight = row * kernel.units() + unit(kernel, (c, i, j));
                visit(unit(low, (c, y, x)), above, weight);
            }
        }
    }
}

/// Means or largest elements of windows.
pub(crate) fn pool<T: Number>(kind: PoolKind, geometry: &Pooling, input: &Shared<T>) -> ArrayD<T> {
    let high = layer(geometry.high());
    Array::from_shape_fn(IxDyn(&[input.shape()[0], high.units()]), |at| {
        let elements = window(geometry, at[1]).into_iter().map(|unit| input[[at[0], unit]]);
        match kind {
            PoolKind::Mean => elements.fold(T::zero(), |sum, x| sum + x) / size(geometry),
            PoolKind::Max => largest(elements),
        }
    })
}

fn largest<T: Number>(elements: impl Iterator<Item = T>) -> T {
    let combine = |a, b| scalar::binary(&mut T::Host::default(), BinaryOp::Max, a, b);
    match elements.reduce(combine) {
        Some(largest) => largest,
        None => panic!("a bug of the compiler: an empty window; the program was not verified"),
    }
}

/// The adjoint of the mean over windows.
pub(crate) fn unpool<T: Number>(geometry: &Pooling, input: &Shared<T>) -> ArrayD<T> {
    let mut sums: ArrayD<T> = ArrayD::zeros(IxDyn(&[input.shape()[0], geometry.low.units()]));
    for (at, &element) in input.indexed_iter() {
        for unit in window(geometry, at[1]) {
            sums[[at[0], unit]] = sums[[at[0], unit]] + element;
        }
    }
    sums.mapv(|sum| sum / size(geometry))
}

/// Gives what there is for each window to the first unit that equals its largest.
pub(crate) fn to_largest<T: Number>(geometry: &Pooling, units: &Shared<T>, windows: &Shared<T>) -> ArrayD<T> {
    let mut given = ArrayD::zeros(units.raw_dim());
    for (at, &x) in windows.indexed_iter() {
        let winner = [at[0], winner(geometry, units, [at[0], at[1]])];
        given[winner] = given[winner] + x;
    }
    given
}

/// For each window what there is for the first unit that equals its largest.
pub(crate) fn of_largest<T: Number>(geometry: &Pooling, units: &Shared<T>, values: &Shared<T>) -> ArrayD<T> {
    let high = layer(geometry.high());
    Array::from_shape_fn(IxDyn(&[units.shape()[0], high.units()]), |at| {
        values[[at[0], winner(geometry, units, [at[0], at[1]])]]
    })
}

/// The first unit of a window that equals its largest.
fn winner<T: Number>(geometry: &Pooling, units: &Shared<T>, [sample, high]: [usize; 2]) -> usize {
    let inside = window(geometry, high);
    let largest = largest(inside.iter().map(|&unit| units[[sample, unit]]));
    let is_nan = |x: T| x.to_f64().is_nan();
    let same = |x: T| x == largest || is_nan(x) && is_nan(largest);
    match inside.into_iter().find(|&unit| same(units[[sample, unit]])) {
        Some(unit) => unit,
        None => panic!("a bug of the compiler: a largest element that is none of a window"),
    }
}

/// The units of a window, row by row.
fn window(geometry: &Pooling, high: usize) -> Vec<usize> {
    let (width, positions) = (layer(geometry.high()).width, layer(geometry.high()).positions());
    let (c, v, u) = (high / positions, high % positions / width, high % width);
    let inside = Grid { channels: 1, height: geometry.window, width: geometry.window };
    let place = |(_, i, j)| unit(geometry.low, (c, v * geometry.stride + i, u * geometry.stride + j));
    places(inside).map(place).collect()
}

fn size<T: Number>(geometry: &Pooling) -> T {
    T::from_f64((geometry.window * geometry.window) as f64)
}

/// All places of a layer in the order of its units: channel, row, column.
fn places(grid: Grid) -> impl Iterator<Item = (usize, usize, usize)> {
    let Grid { channels, height, width } = grid;
    (0..channels).flat_map(move |c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))))
}

fn unit(grid: Grid, (c, y, x): (usize, usize, usize)) -> usize {
    (c * grid.height + y) * grid.width + x
}

fn layer(grid: Option<Grid>) -> Grid {
    let Some(grid) = grid else {
        panic!("a bug of the compiler: a layer without positions; the program was not verified")
    };
    grid
}
