//! Ranks: how many elements of its row come before each element.

use ndarray::ArrayD;

use crate::axes::row_major;
use crate::number::{Number, Shared};

/// The rank of each element among those that differ from it in the last axis only.
pub(crate) fn ranks<T: Number>(array: &Shared<T>) -> ArrayD<T> {
    let mut ranks = row_major(array.view());
    for mut row in ranks.rows_mut() {
        let elements = row.to_vec();
        for (place, rank) in row.iter_mut().enumerate() {
            let before = (0..elements.len()).filter(|&other| comes_before(&elements, other, place));
            *rank = T::from_f64(before.count() as f64);
        }
    }
    ranks
}

/// Larger elements come first, numbers before NaN, and earlier elements before others that nothing sets apart.
fn comes_before<T: Number>(row: &[T], a: usize, b: usize) -> bool {
    let larger = |a: usize, b: usize| row[a] > row[b] || is_nan(row[b]) && !is_nan(row[a]);
    larger(a, b) || !larger(b, a) && a < b
}

fn is_nan<T: Number>(x: T) -> bool {
    x.to_f64().is_nan()
}
