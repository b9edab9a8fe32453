//! Data: what a network is trained and measured on.
//!
//! A [`Source`] says where data comes from; [`load`] reads it into [`Splits`]. [`Batches`] says which samples make up
//! the minibatches of an epoch, and [`Dataset::gather`] copies them into the arrays of a compiled step. Readers check
//! everything once: behind [`Dataset`] all numbers are finite, all counts agree and every label is a class.

mod batches;
mod bytes;
pub mod csv;
mod dataset;
pub mod digits;
pub(crate) mod drawn;
mod draws;
mod error;
pub mod gaussian;
pub mod idx;
pub mod npy;
pub mod npz;
mod splits;
mod table;

use std::path::{Path, PathBuf};

use plr_ir::model::{DataLaw, Shape};

pub use batches::{Batches, Epoch};
pub use dataset::{Dataset, MOST_CLASSES, Targets};
pub use error::{ContentFault, DataError};
pub use splits::{Sets, Splits};
pub use table::{Cells, Table};

use self::csv::CsvTargets;

/// Where data comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The embedded default: generated digits, see [`digits`].
    Digits {
        /// Training samples.
        train: usize,
        /// Test samples.
        test: usize,
        /// The seed of the generator.
        seed: u64,
    },
    /// Samples drawn for a network by a law (R17.5).
    Drawn {
        /// The law.
        law: DataLaw,
        /// The features and outputs of the network.
        shape: Shape,
        /// Training samples.
        train: usize,
        /// Test samples.
        test: usize,
        /// The seed.
        seed: u64,
    },
    /// A directory with the files of the MNIST family, see [`idx::read_directory`].
    Idx(PathBuf),
    /// An NPZ archive, see [`npz::read_sets`].
    Npz(PathBuf),
    /// One or two CSV files, see [`csv::read_file`].
    Csv {
        /// The training set.
        train: PathBuf,
        /// The test set, if there is one.
        test: Option<PathBuf>,
        /// Which columns are the targets.
        targets: CsvTargets,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::Digits { train: digits::TRAIN_SAMPLES, test: digits::TEST_SAMPLES, seed: digits::SEED }
    }
}

impl Source {
    /// The source that a path on the command line names: a directory of IDX files, an `.npz` file, or a `.csv` file
    /// with classes.
    ///
    /// # Errors
    /// [`DataError::UnknownKind`] for any other path, [`DataError::Read`] if there is nothing at it.
    pub fn from_path(path: &Path) -> Result<Self, DataError> {
        let about = path.metadata().map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        if about.is_dir() {
            return Ok(Self::Idx(path.to_owned()));
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("npz") => Ok(Self::Npz(path.to_owned())),
            Some("csv") => Ok(Self::Csv { train: path.to_owned(), test: None, targets: CsvTargets::Class }),
            Some(_) | None => Err(DataError::UnknownKind { path: path.to_owned() }),
        }
    }

    /// How many steps a sample has whose first axis is time, where that is known without reading anything.
    pub fn steps(&self) -> Option<u32> {
        match self {
            Self::Digits { .. } => u32::try_from(digits::SIDE).ok(),
            Self::Drawn { .. } | Self::Idx(_) | Self::Npz(_) | Self::Csv { .. } => None,
        }
    }
}

/// Reads or generates the data of `source` and takes `validation` training samples aside; if nobody says how many, as
/// [`Splits::of`] says.
///
/// # Errors
/// Everything that [`DataError`] lists.
pub fn load(source: &Source, validation: Option<usize>) -> Result<Splits, DataError> {
    let sets = match source {
        Source::Digits { train, test, seed } => digits::generate(*train, *test, *seed)?.into(),
        Source::Drawn { law, shape, train, test, seed } => {
            drawn::generate(law, *shape, [*train, *test], *seed)?.into()
        }
        Source::Idx(directory) => idx::read_directory(directory)?.into(),
        Source::Npz(path) => npz::read_sets(path)?,
        Source::Csv { train, test, targets } => csv_pair(train, test.as_deref(), *targets)?.into(),
    };
    Splits::of(sets, validation)
}

fn csv_pair(
    train: &Path,
    test: Option<&Path>,
    targets: CsvTargets,
) -> Result<(Dataset, Option<Dataset>), DataError> {
    let train = csv::read_file(train, targets)?;
    let Some(path) = test else { return Ok((train, None)) };
    Ok((train, Some(csv::read_file(path, targets)?)))
}
