//! Weights on disk: named tensors and a few strings about them, in the safetensors format.
//!
//! A file is written completely or not at all, and the same weights always give the same bytes. Loading checks every
//! name, element type and shape against what the network has, and reports all differences at once (R18.1).

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use plr_ir::Tensor;
use plr_ir::scalar::Precision;
use plr_ir::tensor::Data;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::atomic_file;

/// Named tensors, or references to some, with strings about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights<T = Tensor> {
    /// The tensors by name.
    pub tensors: BTreeMap<String, T>,
    /// What else is known, for example the rule's name and the number of updates.
    pub about: BTreeMap<String, String>,
}

/// A tensor that a network has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its name.
    pub name: String,
    /// Its dimensions, outermost first.
    pub dims: Vec<usize>,
    /// Its precision.
    pub precision: Precision,
}

/// Why weights could not be written or read.
#[derive(Debug)]
pub enum WeightsError {
    /// The file could not be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file could not be written; what was there before is still there.
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not in the safetensors format.
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor is neither f32 nor f64.
    ElementType {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// Its element type.
        found: String,
    },
    /// The tensors are not those of the network.
    Differ {
        /// The file.
        path: PathBuf,
        /// Every difference, by name.
        differences: Vec<Difference>,
    },
    /// The file has nothing that the network has.
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: Vec<String>,
        /// What the network has.
        known: Vec<String>,
    },
    /// A number is infinite or NaN.
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
    },
}

/// One way in which a file's tensors are not those of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The network has a tensor that the file has not.
    Missing {
        /// Its name.
        name: String,
    },
    /// The file has a tensor that the network has not.
    Unexpected {
        /// Its name.
        name: String,
    },
    /// The dimensions are not the same.
    Shape {
        /// The tensor's name.
        name: String,
        /// The dimensions in the network.
        expected: Vec<usize>,
        /// The dimensions in the file.
        found: Vec<usize>,
    },
    /// The precision is not the same.
    Precision {
        /// The tensor's name.
        name: String,
        /// The precision of the network.
        expected: Precision,
        /// The precision in the file.
        found: Precision,
    },
}

/// Writes `weights` to `path`.
///
/// # Errors
/// [`WeightsError::Write`]; what was at `path` before is then still there.
pub fn save<T: Borrow<Tensor>>(path: &Path, weights: &Weights<T>) -> Result<(), WeightsError> {
    let written = header(weights).and_then(|header| {
        atomic_file::replace(path, |file| {
            file.write_all(&(header.len() as u64).to_le_bytes())?;
            file.write_all(&header)?;
            for (_, tensor) in in_file_order(weights) {
                match &tensor.data {
                    Data::F32(values) => values.iter().try_for_each(|v| file.write_all(&v.to_le_bytes()))?,
                    Data::F64(values) => values.iter().try_for_each(|v| file.write_all(&v.to_le_bytes()))?,
                }
            }
            Ok(())
        })
    });
    written.map_err(|source| WeightsError::Write { path: path.to_owned(), source })
}

/// Reads every tensor and string of the file at `path`.
///
/// # Errors
/// [`WeightsError::Read`], [`WeightsError::Malformed`] and [`WeightsError::ElementType`].
pub fn load(path: &Path) -> Result<Weights, WeightsError> {
    let bytes = fs::read(path).map_err(|source| WeightsError::Read { path: path.to_owned(), source })?;
    let malformed = |reason: String| WeightsError::Malformed { path: path.to_owned(), reason };
    let (metadata, body) = parse(&bytes).map_err(malformed)?;
    let mut tensors = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        // `parse` has made sure that the tensors fill the body exactly, so this range is inside it.
        let values = &body[info.data_offsets.0..info.data_offsets.1];
        let data = if info.dtype == Dtype::F32 {
            Data::F32(values.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
        } else if info.dtype == Dtype::F64 {
            Data::F64(values.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect())
        } else {
            let found = info.dtype.to_string();
            return Err(WeightsError::ElementType { path: path.to_owned(), name, found });
        };
        tensors.insert(name, Tensor { dims: info.shape.clone(), data });
    }
    let about = metadata.metadata().iter().flatten().map(|(key, text)| (key.clone(), text.clone())).collect();
    Ok(Weights { tensors, about })
}

/// Reads the weights of a network that has exactly the tensors `expected`.
///
/// # Errors
/// As [`load`], and [`WeightsError::Differ`] with every difference.
pub fn load_expected(path: &Path, expected: &[Expected]) -> Result<Weights, WeightsError> {
    let weights = load(path)?;
    check(path, &weights, expected)?;
    Ok(weights)
}

/// Whether the weights read from `path` are exactly the tensors `expected`.
///
/// # Errors
/// [`WeightsError::Differ`] with every difference.
pub fn check(path: &Path, weights: &Weights, expected: &[Expected]) -> Result<(), WeightsError> {
    let differences = differences(weights, expected);
    if differences.is_empty() {
        return Ok(());
    }
    Err(WeightsError::Differ { path: path.to_owned(), differences })
}

fn differences(weights: &Weights, expected: &[Expected]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for Expected { name, dims, precision } in expected {
        let Some(tensor) = weights.tensors.get(name) else {
            differences.push(Difference::Missing { name: name.clone() });
            continue;
        };
        if tensor.dims != *dims {
            let (expected, found) = (dims.clone(), tensor.dims.clone());
            differences.push(Difference::Shape { name: name.clone(), expected, found });
        }
        if tensor.precision() != *precision {
            let (expected, found) = (*precision, tensor.precision());
            differences.push(Difference::Precision { name: name.clone(), expected, found });
        }
    }
    for name in weights.tensors.keys() {
        if !expected.iter().any(|tensor| tensor.name == *name) {
            differences.push(Difference::Unexpected { name: name.clone() });
        }
    }
    differences
}

/// The tensors as they follow each other in a file: f64 before f32, so that each begins at a multiple of its
/// element's size, and then by name.
fn in_file_order<T: Borrow<Tensor>>(weights: &Weights<T>) -> impl Iterator<Item = (&String, &Tensor)> {
    let all = || weights.tensors.iter().map(|(name, tensor)| (name, tensor.borrow()));
    let of = |precision| all().filter(move |(_, tensor)| tensor.precision() == precision);
    of(Precision::F64).chain(of(Precision::F32))
}

/// The header of a file: JSON with sorted keys, padded with spaces to a multiple of 8 bytes.
///
/// Made here because the library keeps the strings in a hash map, and so writes them in another order every time.
fn header<T: Borrow<Tensor>>(weights: &Weights<T>) -> io::Result<Vec<u8>> {
    let mut fields = serde_json::Map::new();
    if !weights.about.is_empty() {
        fields.insert(ABOUT.to_owned(), serde_json::to_value(&weights.about)?);
    }
    let mut start = 0;
    for (name, tensor) in in_file_order(weights) {
        let (dtype, bytes) = match &tensor.data {
            Data::F32(values) => (Dtype::F32, 4 * values.len()),
            Data::F64(values) => (Dtype::F64, 8 * values.len()),
        };
        let info = TensorInfo { dtype, shape: tensor.dims.clone(), data_offsets: (start, start + bytes) };
        start += bytes;
        fields.insert(name.clone(), serde_json::to_value(info)?);
    }
    let mut header = serde_json::to_vec(&fields)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

/// The key under which the format keeps strings.
const ABOUT: &str = "__metadata__";

/// The header, checked, and the bytes behind it.
///
/// The header's offsets are compared with the file's length here, without the sum that could overflow in the
/// library's own comparison.
fn parse(bytes: &[u8]) -> Result<(Metadata, &[u8]), String> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(format!(
            "it has {} bytes, fewer than the 8 that every such file begins with",
            bytes.len()
        ));
    };
    let length = u64::from_le_bytes(*length);
    let Some((header, body)) = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length))
    else {
        return Err(format!("its header should have {length} bytes, but only {} follow", rest.len()));
    };
    let metadata: Metadata =
        serde_json::from_slice(header).map_err(|error| format!("its header is wrong: {error}"))?;
    if metadata.data_len() != body.len() {
        return Err(format!("its tensors need {} bytes, but {} are there", metadata.data_len(), body.len()));
    }
    Ok((metadata, body))
}

impl std::error::Error for WeightsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            Self::Malformed { .. }
            | Self::ElementType { .. }
            | Self::Differ { .. }
            | Self::Foreign { .. }
            | Self::NotFinite { .. } => None,
        }
    }
}

impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => {
                write!(f, "cannot read the weights `{}`: {source}", path.display())
            }
            Self::Write { path, source } => {
                write!(f, "cannot write the weights `{}`: {source}", path.display())
            }
            Self::Malformed { path, reason } => {
                write!(f, "`{}` is not a usable safetensors file: {reason}", path.display())
            }
            Self::ElementType { path, name, found } => {
                write!(f, "the tensor `{name}` in `{}` is {found} instead of F32 or F64", path.display())
            }
            Self::Foreign { path, found, known } => {
                let quoted = |names: &[String]| {
                    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                };
                let path = path.display();
                write!(
                    f,
                    "`{path}` has no parameter of this rule on this network: it has {}",
                    quoted(found)
                )?;
                write!(f, ", and the rule has {}", quoted(known))
            }
            Self::NotFinite { path, name } => {
                write!(f, "`{name}` in `{}` has a number that is infinite or NaN", path.display())
            }
            Self::Differ { path, differences } => {
                write!(f, "the weights in `{}` are not those of this network: ", path.display())?;
                for (number, difference) in differences.iter().enumerate() {
                    let separator = if number == 0 { "" } else { "; " };
                    write!(f, "{separator}{difference}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(f, "`{name}` is missing"),
            Self::Unexpected { name } => write!(f, "`{name}` is not expected"),
            Self::Shape { name, expected, found } => {
                write!(f, "`{name}` has the shape {found:?} instead of {expected:?}")
            }
            Self::Precision { name, expected, found } => {
                write!(f, "`{name}` is {found} instead of {expected}")
            }
        }
    }
}
