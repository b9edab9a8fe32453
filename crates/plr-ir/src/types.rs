//! Element kinds, precisions, shapes and source locations.

use std::fmt;

pub use crate::scalar::Precision;

/// What the elements of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Elem {
    /// A floating-point number of the program's precision.
    Real,
    /// A truth value; only comparisons make it and only selections and logic use it.
    Bool,
    /// A step number; only loops make it, always rank 0.
    Index,
}

impl fmt::Display for Elem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Elem::Real => "real",
            Elem::Bool => "bool",
            Elem::Index => "index",
        })
    }
}

/// Element kind and dimensions; `real[64,512]` in text, `real` for a scalar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    /// The elements.
    pub elem: Elem,
    /// The dimensions, outermost first; empty for a scalar.
    pub dims: Vec<usize>,
}

impl Type {
    /// Real numbers of the given dimensions.
    pub fn real(dims: impl Into<Vec<usize>>) -> Self {
        Self { elem: Elem::Real, dims: dims.into() }
    }

    /// A step number.
    pub fn index() -> Self {
        Self { elem: Elem::Index, dims: Vec::new() }
    }

    /// The same dimensions with another element kind.
    pub fn with_elem(&self, elem: Elem) -> Self {
        Self { elem, dims: self.dims.clone() }
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// The number of elements, as [`count`].
    pub fn count(&self) -> usize {
        count(&self.dims)
    }
}

/// The number of elements of these dimensions; the largest number there is where there are more.
pub fn count(dims: &[usize]) -> usize {
    dims.iter().fold(1, |count: usize, &dim| count.saturating_mul(dim))
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.elem)?;
        if self.dims.is_empty() {
            return Ok(());
        }
        let dims: Vec<String> = self.dims.iter().map(usize::to_string).collect();
        write!(f, "[{}]", dims.join(","))
    }
}

/// An opaque place in the source text, for diagnostics of whoever made the program; 0 is nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Location(pub u32);
