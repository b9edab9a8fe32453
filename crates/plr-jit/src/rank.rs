//! Ranks by sorting: the same numbers that counting gives, in fewer comparisons.

use std::cmp::Ordering;

use plr_ir::scalar::Real;

/// The rank of each element of a row. `order` is room for as many indices, which fit in 32 bits.
pub(crate) fn ranks<T: Real>(elements: &[T], order: &mut [u32], ranks: &mut [T]) {
    for (i, place) in order.iter_mut().enumerate() {
        *place = i as u32;
    }
    // Indices make the order total: there is one way to sort, and no allocation in doing so.
    order.sort_unstable_by(|&a, &b| descending(elements[a as usize], elements[b as usize]).then(a.cmp(&b)));
    for (rank, &place) in order.iter().enumerate() {
        ranks[place as usize] = T::from_f64(rank as f64);
    }
}

/// Larger numbers first, then NaN.
fn descending<T: Real>(a: T, b: T) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

fn is_nan<T: Real>(x: T) -> bool {
    x.to_f64().is_nan()
}
