//! Random draws: a function of seed, update, step, stream and element, and of nothing else.

use ndarray::{Array1, ArrayD, IxDyn};
use plr_ir::Precision;
use plr_ir::program::Law;
use plr_ir::random::{Address, draw};

use crate::Context;
use crate::axes::reshaped;
use crate::number::Number;

/// Independent draws for every element of an array, each on its own by its row-major index, rounded if they are drawn in a
/// larger precision.
pub(crate) fn draws<T: Number>(
    law: Law,
    context: Context,
    stream: u32,
    step: u32,
    dims: &[usize],
) -> ArrayD<T> {
    let Context { seed, update, draws } = context;
    let address = Address { seed, update, step, stream };
    let count: usize = dims.iter().product();
    let of_element = |element| match draws.unwrap_or(T::PRECISION) {
        Precision::F32 => T::from_f64(f64::from(draw::<f32>(law, address, element))),
        Precision::F64 => T::from_f64(draw::<f64>(law, address, element)),
    };
    reshaped((0..count as u64).map(of_element).collect::<Array1<T>>(), IxDyn(dims))
}
