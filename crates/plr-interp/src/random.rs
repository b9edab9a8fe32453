//! Random draws: a function of seed, update, step, stream and element, and of nothing else.

use ndarray::{Array1, ArrayD, IxDyn};
use plr_ir::program::Law;
use plr_ir::random::{Address, draw};

use crate::Context;
use crate::axes::reshaped;
use crate::number::Number;

/// Independent draws for every element of an array, each on its own by its row-major index.
pub(crate) fn draws<T: Number>(
    law: Law,
    context: Context,
    stream: u32,
    step: u32,
    dims: &[usize],
) -> ArrayD<T> {
    let Context { seed, update } = context;
    let address = Address { seed, update, step, stream };
    let count: usize = dims.iter().product();
    let draws = (0..count as u64).map(|element| draw(law, address, element));
    reshaped(draws.collect::<Array1<T>>(), IxDyn(dims))
}
