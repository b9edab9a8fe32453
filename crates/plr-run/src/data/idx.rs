//! IDX files, plain or gzipped: the format of the MNIST family.
//!
//! Two zero bytes, one byte for the element type, one for the number of dimensions, each dimension as a big-endian
//! u32, then the elements, big-endian, the last dimension fastest (<http://yann.lecun.com/exdb/mnist/>). The
//! dimensions are compared with the bytes that are really there before anything is made of them.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::bytes::{Failure, elements, read_at_most, size};
use super::dataset::{Dataset, Targets};
use super::error::{ContentFault, DataError};
use super::table::{Cells, Table};

/// Why bytes are not an IDX file, or not the one expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdxFault {
    /// The file ends inside the magic number or the dimensions.
    HeaderTruncated {
        /// Bytes that are there (after decompression).
        found: usize,
        /// Bytes the header needs.
        expected: usize,
    },
    /// The first two bytes are not zero.
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// The third byte names no element type.
    ElementType {
        /// The byte at offset 2.
        found: u8,
    },
    /// The elements do not fill the dimensions, or go on behind them.
    Size {
        /// The dimensions in the header.
        dims: Vec<usize>,
        /// Bytes of elements that these need.
        expected: usize,
        /// Bytes that follow the header; no more than one more than `expected` is read.
        found: usize,
    },
    /// The dimensions need more bytes than can be counted.
    Impossible {
        /// The dimensions in the header.
        dims: Vec<usize>,
    },
    /// Labels need one dimension, images at least two.
    Dimensions {
        /// What the file holds.
        what: IdxRole,
        /// The dimensions in the header.
        found: Vec<usize>,
    },
    /// Labels must be integers.
    LabelType,
}

/// What an IDX file of a data set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdxRole {
    /// The samples.
    Images,
    /// Their classes.
    Labels,
}

/// The contents of an IDX file.
#[derive(Clone, Debug, PartialEq)]
pub struct IdxArray {
    /// The dimensions, outermost first.
    pub dims: Vec<usize>,
    /// The elements, row-major.
    pub elements: IdxElements,
}

/// The elements of an IDX file by type.
#[derive(Clone, Debug, PartialEq)]
pub enum IdxElements {
    /// Type code 0x08.
    U8(Vec<u8>),
    /// Type code 0x09.
    I8(Vec<i8>),
    /// Type code 0x0B.
    I16(Vec<i16>),
    /// Type code 0x0C.
    I32(Vec<i32>),
    /// Type code 0x0D.
    F32(Vec<f32>),
    /// Type code 0x0E.
    F64(Vec<f64>),
}

/// Reads the four files of the MNIST family in `directory`: training and test set.
///
/// The names are `train-images-idx3-ubyte` and so on, with `-` or `.` before `idx`, plain or with `.gz`. Bytes are
/// grey levels and become `[0, 1]`; there are as many classes as the labels ask for, or more. There may be no test set.
///
/// # Errors
/// A file that is missing, unreadable or not what it should be; labels that do not fit the images.
pub fn read_directory(directory: &Path) -> Result<(Dataset, Option<Dataset>), DataError> {
    let train = read_pair(directory, "train")?;
    let has_test = find(directory, "t10k", IdxRole::Images).is_some()
        || find(directory, "t10k", IdxRole::Labels).is_some();
    let test = if has_test { Some(read_pair(directory, "t10k")?) } else { None };
    Ok((train, test))
}

/// Reads one IDX file, plain or, if its name ends in `.gz`, gzipped.
///
/// # Errors
/// [`DataError::Read`] and [`DataError::Idx`].
pub fn read_file(path: &Path) -> Result<IdxArray, DataError> {
    let decoded = File::open(path).map_err(Failure::Io).and_then(|file| {
        let file = BufReader::new(file);
        if path.extension().is_some_and(|extension| extension == "gz") {
            decode(MultiGzDecoder::new(file))
        } else {
            decode(file)
        }
    });
    decoded.map_err(|failure| match failure {
        Failure::Io(source) => DataError::Read { path: path.to_owned(), source },
        Failure::Fault(fault) => DataError::Idx { path: path.to_owned(), fault },
    })
}

/// Reads exactly one array; nothing is made larger than the bytes that are there.
fn decode(mut source: impl Read) -> Result<IdxArray, Failure<IdxFault>> {
    let magic = read_at_most(&mut source, 4)?;
    let (code, rank) = match *magic.as_slice() {
        [0, 0, code, rank] => (code, usize::from(rank)),
        [a, b, c, d] => return Err(Failure::Fault(IdxFault::Magic { found: [a, b, c, d] })),
        _ => return Err(Failure::Fault(IdxFault::HeaderTruncated { found: magic.len(), expected: 4 })),
    };
    let width = width(code).map_err(Failure::Fault)?;
    let sides = read_at_most(&mut source, 4 * rank)?;
    if sides.len() < 4 * rank {
        let (found, expected) = (4 + sides.len(), 4 + 4 * rank);
        return Err(Failure::Fault(IdxFault::HeaderTruncated { found, expected }));
    }
    let dims: Vec<usize> = elements(&sides, |side| u32::from_be_bytes(side) as usize);
    let Some(expected) = size(&dims, width) else {
        return Err(Failure::Fault(IdxFault::Impossible { dims }));
    };
    let body = read_at_most(&mut source, expected.saturating_add(1))?;
    if body.len() != expected {
        return Err(Failure::Fault(IdxFault::Size { dims, expected, found: body.len() }));
    }
    Ok(IdxArray { dims, elements: typed(code, body).map_err(Failure::Fault)? })
}

/// Bytes per element of a type code.
fn width(code: u8) -> Result<usize, IdxFault> {
    match code {
        0x08 | 0x09 => Ok(1),
        0x0B => Ok(2),
        0x0C | 0x0D => Ok(4),
        0x0E => Ok(8),
        found => Err(IdxFault::ElementType { found }),
    }
}

fn typed(code: u8, body: Vec<u8>) -> Result<IdxElements, IdxFault> {
    match code {
        0x08 => Ok(IdxElements::U8(body)),
        0x09 => Ok(IdxElements::I8(elements(&body, i8::from_be_bytes))),
        0x0B => Ok(IdxElements::I16(elements(&body, i16::from_be_bytes))),
        0x0C => Ok(IdxElements::I32(elements(&body, i32::from_be_bytes))),
        0x0D => Ok(IdxElements::F32(elements(&body, f32::from_be_bytes))),
        0x0E => Ok(IdxElements::F64(elements(&body, f64::from_be_bytes))),
        found => Err(IdxFault::ElementType { found }),
    }
}

/// Images and labels of one half of the family.
fn read_pair(directory: &Path, half: &str) -> Result<Dataset, DataError> {
    let images_path = require(directory, half, IdxRole::Images)?;
    let labels_path = require(directory, half, IdxRole::Labels)?;
    let (inputs, shape) = images(&images_path, read_file(&images_path)?)?;
    let labels = labels(&labels_path, read_file(&labels_path)?)?;
    let origin = images_path.display().to_string();
    Ok(Dataset::new(&origin, inputs, labels)?.with_sample_shape(&origin, &shape)?.with_counted_classes())
}

/// The usual name of a file of the family.
fn usual_name(half: &str, role: IdxRole) -> String {
    match role {
        IdxRole::Images => format!("{half}-images-idx3-ubyte"),
        IdxRole::Labels => format!("{half}-labels-idx1-ubyte"),
    }
}

fn find(directory: &Path, half: &str, role: IdxRole) -> Option<PathBuf> {
    let dashed = usual_name(half, role);
    let dotted = dashed.replace("-idx", ".idx");
    [&dashed, &dotted]
        .into_iter()
        .flat_map(|name| [directory.join(name), directory.join(format!("{name}.gz"))])
        .find(|path| path.is_file())
}

fn require(directory: &Path, half: &str, role: IdxRole) -> Result<PathBuf, DataError> {
    find(directory, half, role).ok_or_else(|| DataError::MissingIdxFile {
        directory: directory.to_owned(),
        name: usual_name(half, role),
    })
}

/// The samples `[images, pixels]` and the shape of one of them.
fn images(path: &Path, array: IdxArray) -> Result<(Table, Vec<usize>), DataError> {
    let wrong = |found: &[usize]| DataError::Idx {
        path: path.to_owned(),
        fault: IdxFault::Dimensions { what: IdxRole::Images, found: found.to_vec() },
    };
    let IdxArray { dims, elements } = array;
    let [_, shape @ ..] = dims.as_slice() else { return Err(wrong(&dims)) };
    if shape.is_empty() {
        return Err(wrong(&dims));
    }
    let cells = match elements {
        IdxElements::U8(bytes) => Cells::Pixels(bytes),
        IdxElements::I8(values) => Cells::F32(values.into_iter().map(f32::from).collect()),
        IdxElements::I16(values) => Cells::F32(values.into_iter().map(f32::from).collect()),
        IdxElements::I32(values) => Cells::F64(values.into_iter().map(f64::from).collect()),
        IdxElements::F32(values) => Cells::F32(values),
        IdxElements::F64(values) => Cells::F64(values),
    };
    // A zero side leaves no cells, so its column count does not matter: `Dataset::new` refuses the empty table.
    let columns = if cells.is_empty() { 0 } else { shape.iter().product() };
    let table = Table::new(columns, cells).ok_or_else(|| wrong(&dims))?;
    Ok((table, shape.to_vec()))
}

fn labels(path: &Path, array: IdxArray) -> Result<Targets, DataError> {
    let fault = |fault| DataError::Idx { path: path.to_owned(), fault };
    if array.dims.len() != 1 {
        return Err(fault(IdxFault::Dimensions { what: IdxRole::Labels, found: array.dims }));
    }
    let numbers: Vec<i64> = match array.elements {
        IdxElements::U8(labels) => labels.into_iter().map(i64::from).collect(),
        IdxElements::I8(labels) => labels.into_iter().map(i64::from).collect(),
        IdxElements::I16(labels) => labels.into_iter().map(i64::from).collect(),
        IdxElements::I32(labels) => labels.into_iter().map(i64::from).collect(),
        IdxElements::F32(_) | IdxElements::F64(_) => return Err(fault(IdxFault::LabelType)),
    };
    Targets::from_integers(&numbers)
        .map_err(|fault: ContentFault| DataError::Contents { origin: path.display().to_string(), fault })
}

impl fmt::Display for IdxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeaderTruncated { found, expected } => {
                write!(f, "it ends after {found} bytes, but its header alone needs {expected}")
            }
            Self::Magic { found } => {
                write!(
                    f,
                    "it begins with the bytes {found:02x?} instead of two zero bytes, a type and a rank"
                )
            }
            Self::ElementType { found } => write!(
                f,
                "the element type at offset 2 is 0x{found:02x} instead of 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e"
            ),
            Self::Size { dims, expected, found } if found < expected => {
                write!(
                    f,
                    "the dimensions {dims:?} need {expected} bytes of elements, but only {found} are there"
                )
            }
            Self::Size { dims, expected, .. } => {
                write!(
                    f,
                    "it goes on behind the {expected} bytes of elements that the dimensions {dims:?} need"
                )
            }
            Self::Impossible { dims } => write!(f, "no file can hold the dimensions {dims:?}"),
            Self::Dimensions { what: IdxRole::Images, found } => {
                write!(f, "images need at least two dimensions, but it has the dimensions {found:?}")
            }
            Self::Dimensions { what: IdxRole::Labels, found } => {
                write!(f, "labels need one dimension, but it has the dimensions {found:?}")
            }
            Self::LabelType => write!(f, "its labels are floating-point numbers instead of integers"),
        }
    }
}
