//! What can be wrong with data.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::csv::CsvFault;
use super::idx::IdxFault;
use super::npy::NpyFault;
use super::npz::NpzFault;
use crate::room::NoRoom;

/// Why data could not be read, written or used.
#[derive(Debug)]
pub enum DataError {
    /// A file or directory could not be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file could not be written; what was there before is still there.
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A directory has neither of the two names under which an IDX file is known, nor these with `.gz`.
    MissingIdxFile {
        /// The directory.
        directory: PathBuf,
        /// The file's usual name.
        name: String,
    },
    /// A path whose name does not say what kind of data it holds.
    UnknownKind {
        /// The path.
        path: PathBuf,
    },
    /// A file is not the IDX file it should be.
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: IdxFault,
    },
    /// A file is not an NPZ archive, or lacks something.
    Npz {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: NpzFault,
    },
    /// An array in an NPZ archive is not the NPY array it should be.
    Npy {
        /// The archive.
        path: PathBuf,
        /// The array's name in the archive.
        array: String,
        /// What is wrong with it.
        fault: NpyFault,
    },
    /// A file is not the table it should be.
    Csv {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: CsvFault,
    },
    /// The numbers were read, but are not a data set.
    Contents {
        /// Where they came from: a path, or a name for generated data.
        origin: String,
        /// What is wrong with them.
        fault: ContentFault,
    },
    /// Training and test set do not fit each other.
    SetDiffers {
        /// Which set: `test`, `validation`.
        set: &'static str,
        /// Features and outputs of the training set.
        train: (usize, usize),
        /// Features and outputs of the other.
        other: (usize, usize),
    },
    /// The validation set asked for leaves nothing to train on.
    ValidationTooLarge {
        /// Samples asked for.
        validation: usize,
        /// Samples in the training set.
        samples: usize,
    },
    /// A minibatch of no samples, or of more than there are.
    Batch {
        /// Samples per minibatch asked for.
        batch: usize,
        /// Samples in the training set.
        samples: usize,
    },
    /// Data does not fit into memory.
    NoRoom {
        /// Which.
        what: &'static str,
        /// How much it is.
        room: NoRoom,
    },
    /// Gaussian samples have another number of standard deviations than features.
    SpectrumDiffers {
        /// Standard deviations.
        spectrum: usize,
        /// Features of the network.
        features: usize,
    },
    /// Generated data was asked for with an impossible size or parameter.
    Generated {
        /// What was to be generated.
        what: &'static str,
        /// What it needs.
        needs: &'static str,
    },
}

/// Why numbers are not a data set. Samples, features and outputs are counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub enum ContentFault {
    /// No sample, or samples without features.
    Empty,
    /// There must be one target per sample.
    CountsDiffer {
        /// Samples.
        inputs: usize,
        /// Targets.
        targets: usize,
    },
    /// An input is NaN, infinite, or too large for f32.
    InputNotFinite {
        /// The sample.
        sample: usize,
        /// The feature.
        feature: usize,
        /// The number found.
        value: f64,
    },
    /// A target value is NaN, infinite, or too large for f32.
    TargetNotFinite {
        /// The sample.
        sample: usize,
        /// The output.
        output: usize,
        /// The number found.
        value: f64,
    },
    /// A label is negative or not below the number of classes.
    LabelOutOfRange {
        /// The sample.
        sample: usize,
        /// The label found.
        label: i64,
        /// The number of classes.
        classes: usize,
    },
    /// The features do not fill the shape of a sample.
    ShapeDiffers {
        /// The shape asked for.
        shape: Vec<usize>,
        /// The features of a sample.
        features: usize,
    },
}

impl std::error::Error for DataError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => Some(source),
            Self::MissingIdxFile { .. }
            | Self::UnknownKind { .. }
            | Self::Idx { .. }
            | Self::Npz { .. }
            | Self::Npy { .. }
            | Self::Csv { .. }
            | Self::Contents { .. }
            | Self::SetDiffers { .. }
            | Self::ValidationTooLarge { .. }
            | Self::Batch { .. }
            | Self::NoRoom { .. }
            | Self::SpectrumDiffers { .. }
            | Self::Generated { .. } => None,
        }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "cannot read `{}`: {source}", path.display()),
            Self::Write { path, source } => write!(f, "cannot write `{}`: {source}", path.display()),
            Self::MissingIdxFile { directory, name } => write!(
                f,
                "the directory `{}` has no file `{name}` (with `-` or `.` before `idx`, plain or `.gz`)",
                directory.display()
            ),
            Self::UnknownKind { path } => write!(
                f,
                "`{}` is neither a directory of IDX files nor a file ending in `.npz` or `.csv`",
                path.display()
            ),
            Self::Idx { path, fault } => write!(f, "`{}` is not a usable IDX file: {fault}", path.display()),
            Self::Npz { path, fault } => write!(f, "`{}` is not a usable NPZ file: {fault}", path.display()),
            Self::Npy { path, array, fault } => {
                write!(f, "the array `{array}` in `{}` cannot be used: {fault}", path.display())
            }
            Self::Csv { path, fault } => write!(f, "`{}` is not a usable CSV file: {fault}", path.display()),
            Self::Contents { origin, fault } => write!(f, "the data of `{origin}` cannot be used: {fault}"),
            Self::SetDiffers { set, train, other } => write!(
                f,
                "the {set} set has {} features and {} outputs, but the training set has {} and {}",
                other.0, other.1, train.0, train.1
            ),
            Self::ValidationTooLarge { validation, samples } => write!(
                f,
                "a validation set of {validation} samples leaves nothing to train on: there are {samples} samples"
            ),
            Self::Batch { batch: 0, .. } => write!(f, "a minibatch needs at least one sample"),
            Self::Batch { batch, samples } => {
                write!(f, "a minibatch of {batch} samples is larger than the training set of {samples}")
            }
            Self::NoRoom { what, room } => write!(f, "so many {what} need {room}"),
            Self::SpectrumDiffers { spectrum, features } => write!(
                f,
                "the samples have {spectrum} standard deviations, but the network has {features} inputs"
            ),
            Self::Generated { what, needs } => write!(f, "cannot generate {what}: it needs {needs}"),
        }
    }
}

impl fmt::Display for ContentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there is no sample in it"),
            Self::CountsDiffer { inputs, targets } => {
                write!(f, "there are {inputs} samples but {targets} targets")
            }
            Self::InputNotFinite { sample, feature, value } => {
                write!(f, "feature {feature} of sample {sample} is {value}, not a finite f32 number")
            }
            Self::TargetNotFinite { sample, output, value } => {
                write!(f, "target {output} of sample {sample} is {value}, not a finite f32 number")
            }
            Self::LabelOutOfRange { sample, label, classes } => {
                write!(
                    f,
                    "the label of sample {sample} is {label}, but the classes are 0 to {}",
                    classes.saturating_sub(1)
                )
            }
            Self::ShapeDiffers { shape, features } => {
                write!(f, "a sample has {features} features, which do not fill the shape {shape:?}")
            }
        }
    }
}
