//! NPZ archives: named arrays in one file, as `numpy.savez` and `numpy.savez_compressed` write them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Write as _};
use std::path::Path;

use plr_ir::Tensor;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::bytes::Failure;
use super::dataset::{Dataset, Targets};
use super::error::{ContentFault, DataError};
use super::npy::{self, Array, Elements, NpyFault};
use super::splits::Sets;
use super::table::{Cells, Table};
use crate::atomic_file;

/// Why a file is not an NPZ archive that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NpzFault {
    /// The file is not a ZIP archive, or uses something of ZIP that NPZ does not.
    Archive {
        /// What the ZIP reader said.
        reason: String,
    },
    /// A member of the archive is not called `….npy`.
    Member {
        /// Its name.
        name: String,
    },
    /// A data set needs this array.
    MissingArray {
        /// Its name.
        name: &'static str,
        /// The arrays that are there.
        found: Vec<String>,
    },
}

/// Reads every array of the archive at `path`, by name (without `.npy`).
///
/// # Errors
/// [`DataError::Read`], [`DataError::Npz`], and [`DataError::Npy`] with the array's name.
pub fn read_arrays(path: &Path) -> Result<BTreeMap<String, Array>, DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read)?;
    if file.metadata().map_err(read)?.is_dir() {
        return Err(read(io::ErrorKind::IsADirectory.into()));
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| archive_error(path, error))?;
    let mut arrays = BTreeMap::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| archive_error(path, error))?;
        let member_name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let Some(name) = member_name.strip_suffix(".npy") else {
            let fault = NpzFault::Member { name: member_name };
            return Err(DataError::Npz { path: path.to_owned(), fault });
        };
        let array = npy::decode(member).map_err(|failure| match failure {
            Failure::Io(source) => DataError::Read { path: path.to_owned(), source },
            Failure::Fault(fault) => npy_error(path, name, fault),
        })?;
        arrays.insert(name.to_owned(), array);
    }
    Ok(arrays)
}

/// Writes named arrays to `path`, uncompressed; the same arrays always give the same bytes.
///
/// # Errors
/// [`DataError::Write`]; what was at `path` before is then still there.
pub fn write_arrays(path: &Path, arrays: &BTreeMap<String, Tensor>) -> Result<(), DataError> {
    let written = archive(arrays).and_then(|bytes| atomic_file::replace(path, |file| file.write_all(&bytes)));
    written.map_err(|source| DataError::Write { path: path.to_owned(), source })
}

/// The bytes of an archive, made in memory: the library complains on the standard error if it cannot write the end of
/// one.
fn archive(arrays: &BTreeMap<String, Tensor>) -> io::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, tensor) in arrays {
        let large = tensor.count() >= 1 << 28;
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(large);
        archive.start_file(format!("{name}.npy"), options)?;
        npy::encode(tensor, &mut archive)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Reads a data set: `x` and `y` to train on and, if they are there, `x_val` and `y_val`, `x_test` and `y_test`.
///
/// `x` is `[samples, …]`; bytes are grey levels and become `[0, 1]`, other numbers stay as they are. `y` is
/// `[samples]` integers (classes), or `[samples]`, `[samples, outputs]` or `[samples, steps, outputs]` real values or grey levels, which are
/// classes too if each sample has one 1 and otherwise 0; without `y` the data has no targets. There are as many classes as the labels
/// ask for, or more.
///
/// # Errors
/// As [`read_arrays`], and for arrays that are missing or do not make a data set.
pub fn read_sets(path: &Path) -> Result<Sets, DataError> {
    let mut arrays = read_arrays(path)?;
    let found: Vec<String> = arrays.keys().cloned().collect();
    let missing = |name| DataError::Npz {
        path: path.to_owned(),
        fault: NpzFault::MissingArray { name, found: found.clone() },
    };
    let x = arrays.remove("x").ok_or_else(|| missing("x"))?;
    let y = arrays.remove("y");
    let has_targets = y.is_some();
    let train = dataset(path, ("x", x), y.map(|y| ("y", y)))?;
    let mut other = |x_name, y_name| match (arrays.remove(x_name), arrays.remove(y_name)) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(missing(x_name)),
        (Some(_), None) if has_targets => Err(missing(y_name)),
        (Some(_), Some(_)) if !has_targets => Err(missing("y")),
        (Some(x), y) => dataset(path, (x_name, x), y.map(|y| (y_name, y))).map(Some),
    };
    let (validation, test) = (other("x_val", "y_val")?, other("x_test", "y_test")?);
    Ok(Sets { train, validation, test, unused: arrays.into_keys().collect() })
}

/// An array and its name in the archive.
type Named = (&'static str, Array);

fn dataset(path: &Path, x: Named, y: Option<Named>) -> Result<Dataset, DataError> {
    let origin = path.display().to_string();
    let (inputs, shape) = inputs(path, x)?;
    let counted = y.as_ref().is_some_and(|(_, y)| y.dims.len() == 1);
    let steps = y.as_ref().and_then(|(_, y)| if let [_, steps, _] = y.dims[..] { Some(steps) } else { None });
    let targets = match y {
        None => Targets::None,
        Some(y) => targets(path, y)?,
    };
    let data = Dataset::new(&origin, inputs, targets)?.with_sample_shape(&origin, &shape)?;
    let data = if counted { data.with_counted_classes() } else { data };
    match steps {
        Some(steps) => data.with_target_steps(&origin, steps),
        None => Ok(data),
    }
}

/// The samples and the shape of one of them.
fn inputs(path: &Path, (name, array): Named) -> Result<(Table, Vec<usize>), DataError> {
    let cells = match array.elements {
        Elements::U8(values) => Cells::Pixels(values),
        Elements::I64(values) => Cells::F64(values.into_iter().map(|v| v as f64).collect()),
        Elements::F32(values) => Cells::F32(values),
        Elements::F64(values) => Cells::F64(values),
    };
    match array.dims.as_slice() {
        [_, shape @ ..] if !shape.is_empty() => Ok((rows(cells, shape), shape.to_vec())),
        _ => {
            let fault =
                NpyFault::Rank { expected: "at least two-dimensional, samples first", found: array.dims };
            Err(npy_error(path, name, fault))
        }
    }
}

fn targets(path: &Path, (name, array): Named) -> Result<Targets, DataError> {
    let integers = match (&array.elements, array.dims.len()) {
        (Elements::U8(values), 1) => Some(values.iter().map(|&v| i64::from(v)).collect()),
        (Elements::I64(values), 1) => Some(values.clone()),
        (Elements::U8(_) | Elements::I64(_) | Elements::F32(_) | Elements::F64(_), _) => None,
    };
    if let Some(integers) = integers {
        let integers: Vec<i64> = integers;
        return Targets::from_integers(&integers).map_err(|fault: ContentFault| DataError::Contents {
            origin: path.display().to_string(),
            fault,
        });
    }
    let cells = match array.elements {
        // Zeros and ones say what is so; other bytes are grey levels, as those of samples are.
        Elements::U8(values) if values.iter().any(|&v| v > 1) => Cells::Pixels(values),
        Elements::U8(values) => Cells::F32(values.into_iter().map(f32::from).collect()),
        Elements::I64(values) => Cells::F64(values.into_iter().map(|v| v as f64).collect()),
        Elements::F32(values) => Cells::F32(values),
        Elements::F64(values) => Cells::F64(values),
    };
    match array.dims.as_slice() {
        [_] => Ok(Targets::Values(rows(cells, &[1]))),
        [_, outputs] => Ok(Targets::of_values(rows(cells, &[*outputs]))),
        [_, shape @ ..] if shape.len() == 2 => Ok(Targets::Values(rows(cells, shape))),
        _ => {
            let fault =
                NpyFault::Rank { expected: "of one to three dimensions, samples first", found: array.dims };
            Err(npy_error(path, name, fault))
        }
    }
}

/// One row per sample of the given shape; the reader has made sure that the cells fill the array's dimensions.
fn rows(cells: Cells, shape: &[usize]) -> Table {
    let columns = if cells.is_empty() { 0 } else { shape.iter().product() };
    Table::new(columns, cells).expect("an array's elements fill its dimensions")
}

fn npy_error(path: &Path, array: &str, fault: NpyFault) -> DataError {
    DataError::Npy { path: path.to_owned(), array: array.to_owned(), fault }
}

fn archive_error(path: &Path, error: ZipError) -> DataError {
    if let ZipError::Io(source) = error {
        return DataError::Read { path: path.to_owned(), source };
    }
    let reason = if let ZipError::InvalidArchive(reason) = error {
        format!("it is no ZIP archive, or not all of one ({reason})")
    } else {
        error.to_string()
    };
    DataError::Npz { path: path.to_owned(), fault: NpzFault::Archive { reason } }
}

impl fmt::Display for NpzFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive { reason } => write!(f, "{reason}"),
            Self::Member { name } => write!(f, "its member `{name}` is not an array (`….npy`)"),
            Self::MissingArray { name, found } => {
                write!(f, "it has no array `{name}` (it has: {})", found.join(", "))
            }
        }
    }
}
