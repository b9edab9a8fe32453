//! What the sums of a matrix product go through on their way to memory.

use crate::micro::What;

/// An operation of each sum and an element that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Link<V> {
    /// The operation.
    pub(crate) what: What,
    /// What belongs to the sums.
    pub(crate) with: With<V>,
}

/// What belongs to the sums of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum With<V> {
    /// The same number to all.
    Number(f64),
    /// An element to each.
    Elements {
        /// Of what.
        of: V,
        /// From row to row and from column to column, the latter 0 or 1.
        strides: [usize; 2],
        /// Whether it has the axes of the result.
        whole: bool,
    },
}

impl<V: Copy> Link<V> {
    /// Whose elements belong to the sums.
    pub(crate) fn of(&self) -> Option<V> {
        if let With::Elements { of, .. } = self.with { Some(of) } else { None }
    }

    /// The same with the elements of something else.
    pub(crate) fn moved<W>(&self, to: impl Fn(V) -> W) -> Link<W> {
        let with = match self.with {
            With::Number(number) => With::Number(number),
            With::Elements { of, strides, whole } => With::Elements { of: to(of), strides, whole },
        };
        Link { what: self.what, with }
    }
}
