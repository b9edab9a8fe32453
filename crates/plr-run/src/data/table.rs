//! A matrix of numbers, kept in the precision of its source.

use plr_ir::scalar::Real;

/// A row-major matrix `[rows, columns]`: one row per sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    columns: usize,
    cells: Cells,
}

/// The numbers of a [`Table`] as they were stored in the source, so that 60,000 images of 784 pixels take 47 MB and
/// a file of f64 loses nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Grey levels: the byte `v` means `v / 255` (R17.3).
    Pixels(Vec<u8>),
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Cells {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Pixels(cells) => cells.len(),
            Self::F32(cells) => cells.len(),
            Self::F64(cells) => cells.len(),
        }
    }

    /// Whether there is no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends `value`, in single precision as long as every number so far is exact in it.
    ///
    /// Used for decimal text, whose precision is that of the digits that were written.
    pub fn push(&mut self, value: f64) {
        match self {
            Self::F64(cells) => cells.push(value),
            Self::F32(cells) if f64::from(value as f32) == value => cells.push(value as f32),
            Self::Pixels(_) | Self::F32(_) => {
                let mut wide: Vec<f64> = (0..self.len()).map(|i| self.get(i)).collect();
                wide.push(value);
                *self = Self::F64(wide);
            }
        }
    }

    /// The number at `index`, in the precision asked for.
    ///
    /// # Panics
    /// If `index >= self.len()`.
    pub fn get<T: Real>(&self, index: usize) -> T {
        match self {
            Self::Pixels(cells) => level(cells[index]),
            Self::F32(cells) => T::from_f64(f64::from(cells[index])),
            Self::F64(cells) => T::from_f64(cells[index]),
        }
    }

    /// The least and the largest number; none is NaN.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Self::Pixels(cells) => {
                let (least, largest) = cells.iter().fold((u8::MAX, 0), |(a, b), &v| (v.min(a), v.max(b)));
                (level(least), level(largest))
            }
            Self::F32(cells) => range(cells.iter().map(|v| f64::from(*v))),
            Self::F64(cells) => range(cells.iter().copied()),
        }
    }

    /// The index of the first number that f32 cannot hold as a finite number.
    pub fn first_not_finite(&self) -> Option<usize> {
        match self {
            Self::Pixels(_) => None,
            Self::F32(cells) => cells.iter().position(|v| !v.is_finite()),
            Self::F64(cells) => cells.iter().position(|v| !(*v as f32).is_finite()),
        }
    }
}

/// The least and the largest of numbers.
fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let wider =
        |(least, largest), v| (if v < least { v } else { least }, if v > largest { v } else { largest });
    let (least, largest) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), wider);
    // Zero has no sign here.
    (least + 0.0, largest + 0.0)
}

impl Table {
    /// A matrix with `columns` columns, or `None` if `cells` is not a whole number of rows.
    ///
    /// A matrix without columns has no rows.
    pub fn new(columns: usize, cells: Cells) -> Option<Self> {
        let whole = if columns == 0 { cells.is_empty() } else { cells.len().is_multiple_of(columns) };
        whole.then_some(Self { columns, cells })
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The numbers, row after row.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Copies the rows named by `indices`, one after the other, into `out`.
    ///
    /// # Panics
    /// If an index is not below [`Table::rows`] or `out` does not have room for exactly these rows.
    pub fn gather<T: Real>(&self, indices: &[usize], out: &mut [T]) {
        assert_eq!(out.len(), indices.len() * self.columns, "a batch buffer has one row per index");
        match &self.cells {
            Cells::Pixels(cells) => {
                gather_rows(cells, self.columns, indices, out, level);
            }
            Cells::F32(cells) => {
                gather_rows(cells, self.columns, indices, out, |v| T::from_f64(f64::from(v)))
            }
            Cells::F64(cells) => gather_rows(cells, self.columns, indices, out, T::from_f64),
        }
    }

    /// The rows named by `indices` as a matrix of their own.
    ///
    /// # Panics
    /// If an index is not below [`Table::rows`].
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let cells = match &self.cells {
            Cells::Pixels(cells) => Cells::Pixels(select_rows(cells, self.columns, indices)),
            Cells::F32(cells) => Cells::F32(select_rows(cells, self.columns, indices)),
            Cells::F64(cells) => Cells::F64(select_rows(cells, self.columns, indices)),
        };
        Self { columns: self.columns, cells }
    }
}

/// The numbers that grey levels stand for.
const LEVELS: [f64; 256] = {
    let mut levels = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        levels[byte] = byte as f64 / 255.0;
        byte += 1;
    }
    levels
};

/// The number that a grey level stands for.
pub(super) fn level<T: Real>(byte: u8) -> T {
    T::from_f64(LEVELS[usize::from(byte)])
}

fn gather_rows<S: Copy, T>(
    from: &[S],
    columns: usize,
    indices: &[usize],
    out: &mut [T],
    convert: impl Fn(S) -> T,
) {
    if columns == 0 {
        return;
    }
    for (row, &index) in out.chunks_exact_mut(columns).zip(indices) {
        let source = &from[index * columns..(index + 1) * columns];
        for (cell, &value) in row.iter_mut().zip(source) {
            *cell = convert(value);
        }
    }
}

fn select_rows<S: Copy>(from: &[S], columns: usize, indices: &[usize]) -> Vec<S> {
    let mut rows = Vec::with_capacity(indices.len() * columns);
    for &index in indices {
        rows.extend_from_slice(&from[index * columns..(index + 1) * columns]);
    }
    rows
}
