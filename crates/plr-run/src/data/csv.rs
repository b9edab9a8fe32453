//! CSV files: numbers separated by commas, one sample per line, with or without a header.
//!
//! A first line without any number, or with a column named `label`, is a header. Without further instruction one
//! column is the class: the one named `label`, else the last. With [`CsvTargets::Values`] the last columns are real targets.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use ::csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::bytes::Failure;
use super::dataset::{Dataset, MOST_CLASSES, Targets};
use super::error::DataError;
use super::table::{Cells, Table};

/// Which columns of a CSV file are the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvTargets {
    /// The column named `label`, or the last one: a class, counted from 0.
    Class,
    /// The last so many columns: real values. With 0 there are no targets.
    Values(usize),
}

/// Why text is not the table expected. Lines and columns are counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub enum CsvFault {
    /// The text could not be split into lines and fields.
    Malformed {
        /// Where.
        line: u64,
        /// What the CSV reader said.
        reason: String,
    },
    /// A line has more or fewer fields than the first.
    FieldCount {
        /// The line.
        line: u64,
        /// Fields of the first line.
        expected: u64,
        /// Fields of this line.
        found: u64,
    },
    /// A field is not a number.
    NotANumber {
        /// The line.
        line: u64,
        /// The column.
        column: usize,
        /// The field.
        found: String,
    },
    /// A field is NaN or infinite.
    NotFinite {
        /// The line.
        line: u64,
        /// The column.
        column: usize,
        /// The field.
        found: String,
    },
    /// A class is not an integer from 0.
    NotAClass {
        /// The line.
        line: u64,
        /// The column.
        column: usize,
        /// The field.
        found: String,
    },
    /// There is no column left for the inputs.
    TooFewColumns {
        /// Columns of the file.
        columns: usize,
        /// Columns that are targets.
        targets: usize,
    },
    /// There is no line with numbers.
    Empty,
}

/// Reads one CSV file.
///
/// # Errors
/// [`DataError::Read`], [`DataError::Csv`] with line and column, or [`DataError::Contents`].
pub fn read_file(path: &Path, targets: CsvTargets) -> Result<Dataset, DataError> {
    let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
    let columns = decode(BufReader::new(file), targets).map_err(|failure| match failure {
        Failure::Io(source) => DataError::Read { path: path.to_owned(), source },
        Failure::Fault(fault) => DataError::Csv { path: path.to_owned(), fault },
    })?;
    let data = Dataset::new(&path.display().to_string(), columns.0, columns.1)?;
    Ok(if targets == CsvTargets::Class { data.with_counted_classes() } else { data })
}

impl From<CsvFault> for Failure<CsvFault> {
    fn from(fault: CsvFault) -> Self {
        Self::Fault(fault)
    }
}

/// Where the inputs and the targets stand.
struct Layout {
    columns: usize,
    targets: CsvTargets,
    /// The column of the class, with [`CsvTargets::Class`].
    class: usize,
}

impl Layout {
    fn new(first: &StringRecord, header: bool, targets: CsvTargets) -> Result<Self, CsvFault> {
        let columns = first.len();
        let taken = match targets {
            CsvTargets::Class => 1,
            CsvTargets::Values(count) => count,
        };
        if taken >= columns {
            return Err(CsvFault::TooFewColumns { columns, targets: taken });
        }
        let named = if header { first.iter().position(is_label) } else { None };
        Ok(Self { columns, targets, class: named.unwrap_or(columns - 1) })
    }
}

/// The columns of the file as they are read.
struct Columns {
    inputs: Cells,
    values: Cells,
    labels: Vec<u32>,
}

fn decode(text: impl Read, targets: CsvTargets) -> Result<(Table, Targets), Failure<CsvFault>> {
    let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(text);
    let mut record = StringRecord::new();
    if !reader.read_record(&mut record).map_err(failure)? {
        return Err(CsvFault::Empty.into());
    }
    let header = is_header(&record);
    let layout = Layout::new(&record, header, targets)?;
    let mut columns =
        Columns { inputs: Cells::F32(Vec::new()), values: Cells::F32(Vec::new()), labels: Vec::new() };
    if !header {
        columns.push(&record, &layout)?;
    }
    while reader.read_record(&mut record).map_err(failure)? {
        columns.push(&record, &layout)?;
    }
    columns.finish(&layout).ok_or_else(|| CsvFault::Empty.into())
}

/// A header has a name in every column, or names one of them `label`; a first line with one wrong field among
/// numbers is a mistake and not a header.
fn is_header(first: &StringRecord) -> bool {
    first.iter().any(is_label) || first.iter().all(|field| field.parse::<f64>().is_err())
}

fn is_label(name: &str) -> bool {
    name.eq_ignore_ascii_case("label")
}

impl Columns {
    fn push(&mut self, record: &StringRecord, layout: &Layout) -> Result<(), CsvFault> {
        let line = record.position().map_or(0, Position::line);
        for (column, field) in record.iter().enumerate() {
            match layout.targets {
                CsvTargets::Class if column == layout.class => self.labels.push(class(field, line, column)?),
                CsvTargets::Values(count) if column >= layout.columns - count => {
                    self.values.push(number(field, line, column)?);
                }
                CsvTargets::Class | CsvTargets::Values(_) => self.inputs.push(number(field, line, column)?),
            }
        }
        Ok(())
    }

    fn finish(self, layout: &Layout) -> Option<(Table, Targets)> {
        if self.inputs.is_empty() {
            return None;
        }
        let (width, targets) = match layout.targets {
            CsvTargets::Class => (1, Targets::labels(self.labels)),
            CsvTargets::Values(0) => (0, Targets::None),
            CsvTargets::Values(count) => (count, Targets::of_values(Table::new(count, self.values)?)),
        };
        Some((Table::new(layout.columns - width, self.inputs)?, targets))
    }
}

/// A finite number; `column` counts from 0 here.
fn number(field: &str, line: u64, column: usize) -> Result<f64, CsvFault> {
    let column = column + 1;
    match field.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(CsvFault::NotFinite { line, column, found: excerpt(field) }),
        Err(_) => Err(CsvFault::NotANumber { line, column, found: excerpt(field) }),
    }
}

/// A class; `3` and `3.0` are the same class.
fn class(field: &str, line: u64, column: usize) -> Result<u32, CsvFault> {
    let value = number(field, line, column)?;
    if value.fract() == 0.0 && (0.0..MOST_CLASSES as f64).contains(&value) {
        Ok(value as u32)
    } else {
        Err(CsvFault::NotAClass { line, column: column + 1, found: excerpt(field) })
    }
}

/// The beginning of a field, enough to recognise it.
fn excerpt(field: &str) -> String {
    field.chars().take(40).collect()
}

fn failure(error: ::csv::Error) -> Failure<CsvFault> {
    let line = error.position().map_or(0, Position::line);
    let reason = error.to_string();
    if let ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        return CsvFault::FieldCount { line, expected: *expected_len, found: *len }.into();
    }
    if let ErrorKind::Io(source) = error.into_kind() {
        return Failure::Io(source);
    }
    CsvFault::Malformed { line, reason }.into()
}

impl fmt::Display for CsvFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { line, reason } => write!(f, "line {line} is not CSV text: {reason}"),
            Self::FieldCount { line, expected, found } => {
                write!(f, "line {line} has {found} fields, but the first line has {expected}")
            }
            Self::NotANumber { line, column, found } => {
                write!(f, "line {line}, column {column} is `{found}` instead of a number")
            }
            Self::NotFinite { line, column, found } => {
                write!(f, "line {line}, column {column} is `{found}` instead of a finite number")
            }
            Self::NotAClass { line, column, found } => write!(
                f,
                "line {line}, column {column} is `{found}` instead of a class (an integer from 0, below {MOST_CLASSES}); \
                 for real targets say how many of the last columns they are"
            ),
            Self::TooFewColumns { columns, targets } => {
                write!(
                    f,
                    "it has {columns} columns, and {targets} of them are targets: nothing is left as input"
                )
            }
            Self::Empty => write!(f, "there is no line with numbers in it"),
        }
    }
}
