//! Data as experiments and the command line name it. Paths are relative to the current directory in both (R17.2).

use std::path::{Path, PathBuf};

use plr_ir::model::Shape;
use plr_run::data::csv::CsvTargets;
use plr_run::data::{DataError, Source, Splits, digits};
use plr_sema::check::bad_value::BadValue;
use plr_sema::check::unknown_name::UnknownName;
use plr_sema::network::Network;
use plr_sema::resolve::{DataSource, LAWS};
use plr_syntax::diagnostic::Findings;
use serde_json::{Value, json};

use crate::failure::Failure;

/// What `--data` names.
#[derive(Clone, Debug)]
pub enum DataArgument {
    /// A source, said in full.
    Source(Source),
    /// A path that says by itself what it is.
    Path(PathBuf),
}

impl DataArgument {
    /// `digits`, `digits:train=2000,test=500`, `idx:DIR`, `npz:FILE`, `csv:FILE`, or a path.
    ///
    /// # Errors
    /// A sentence, if a setting of `digits` is not one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').unwrap_or((text, ""));
        Ok(match parts {
            ("", _) | ("idx" | "npz" | "csv", "") => return Err("a path is missing".to_owned()),
            (law, _) if LAWS.contains(&law) => {
                return Err(format!("drawn data are a clause: `--with \"data {law}\"`"));
            }
            ("digits", settings) => Self::Source(generated(settings)?),
            ("idx", path) => Self::Source(Source::Idx(path.into())),
            ("npz", path) => Self::Source(Source::Npz(path.into())),
            ("csv", path) => Self::Source(table(&[path.to_owned()], None)),
            _ => Self::Path(text.into()),
        })
    }

    /// The source.
    ///
    /// # Errors
    /// If there is nothing at the path, or nothing that its name explains.
    pub fn source(&self) -> Result<Source, DataError> {
        match self {
            Self::Source(source) => Ok(source.clone()),
            Self::Path(path) => Source::from_path(path),
        }
    }
}

fn generated(settings: &str) -> Result<Source, String> {
    let (mut train, mut test, mut seed) = (digits::TRAIN_SAMPLES, digits::TEST_SAMPLES, digits::SEED);
    for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let number: u32 =
            value.parse().map_err(|_| format!("`{setting}` is not a name, `=` and an integer"))?;
        match name {
            "train" => train = number as usize,
            "test" => test = number as usize,
            "seed" => seed = u64::from(number),
            _ => return Err(format!("digits have `train`, `test` and `seed`, not `{name}`")),
        }
    }
    Ok(Source::Digits { train, test, seed })
}

fn table(files: &[String], outputs: Option<usize>) -> Source {
    let path = |at: usize| files.get(at).map(PathBuf::from);
    let targets = outputs.map_or(CsvTargets::Class, CsvTargets::Values);
    Source::Csv { train: path(0).unwrap_or_default(), test: path(1), targets }
}

/// The source that an experiment names: `digits(train = 2000)`, `teacher(train = 500)`, `idx("DIR")`, `npz("FILE")`,
/// `csv("TRAIN", "TEST", outputs = 3)`.
///
/// # Errors
/// Findings for an unknown source, an unknown setting, a wrong number of paths.
pub fn of_experiment(written: &DataSource, network: &Network) -> Result<Source, Findings> {
    let reader = Written(written);
    if let Some(law) = &written.law {
        let [train, test, seed] = reader.counts(["train", "test", "seed"])?;
        return Ok(Source::Drawn {
            law: law.clone(),
            shape: shape(network),
            train: train.unwrap_or(digits::TRAIN_SAMPLES),
            test: test.unwrap_or(digits::TEST_SAMPLES),
            seed: seed.map_or(digits::SEED, |seed| seed as u64),
        });
    }
    match written.name.as_str() {
        "digits" => {
            reader.texts(0, 0)?;
            let [train, test, seed] = reader.counts(["train", "test", "seed"])?;
            Ok(Source::Digits {
                train: train.unwrap_or(digits::TRAIN_SAMPLES),
                test: test.unwrap_or(digits::TEST_SAMPLES),
                seed: seed.map_or(digits::SEED, |seed| seed as u64),
            })
        }
        "idx" => {
            reader.counts([])?;
            Ok(Source::Idx(reader.texts(1, 1)?[0].clone().into()))
        }
        "npz" => {
            reader.counts([])?;
            Ok(Source::Npz(reader.texts(1, 1)?[0].clone().into()))
        }
        "csv" => {
            let [outputs] = reader.counts(["outputs"])?;
            Ok(table(reader.texts(1, 2)?, outputs))
        }
        _ => {
            let known = [&["digits", "idx", "npz", "csv"][..], &LAWS].concat();
            Err(reader.unknown("data source", &written.name, &known))
        }
    }
}

/// What samples of a network are like, without steps of their own.
fn shape(network: &Network) -> Shape {
    let outputs = network.layers[network.output()].units;
    Shape { features: network.features(), outputs, sequence: None }
}

/// A data source as written.
struct Written<'a>(&'a DataSource);

impl<'a> Written<'a> {
    fn unknown(&self, kind: &'static str, name: &str, known: &[&str]) -> Findings {
        let known = known.iter().map(|&name| name.to_owned()).collect();
        let mut findings = Findings::new();
        findings.push(UnknownName { at: self.0.span, kind, name: name.to_owned(), known });
        findings
    }

    fn bad(&self, what: String, wanted: &'static str, found: String) -> Findings {
        let mut findings = Findings::new();
        findings.push(BadValue { at: self.0.span, what, wanted, found });
        findings
    }

    /// The paths, if there are as many as there should be.
    fn texts(&self, least: usize, most: usize) -> Result<&'a [String], Findings> {
        let found = self.0.texts.len();
        if (least..=most).contains(&found) {
            return Ok(&self.0.texts);
        }
        let wanted = match most {
            0 => "none",
            1 => "1",
            _ => "1 or 2",
        };
        Err(self.bad(format!("the number of paths of `{}`", self.0.name), wanted, found.to_string()))
    }

    /// The numbers of these names, if there are no others.
    fn counts<const N: usize>(&self, names: [&str; N]) -> Result<[Option<usize>; N], Findings> {
        let mut counts = [None; N];
        for (name, value) in &self.0.settings {
            let Some(at) = names.iter().position(|known| known == name) else {
                return Err(self.unknown("setting", name, &names));
            };
            if value.fract() != 0.0 || !(0.0..4_294_967_296.0).contains(value) {
                return Err(self.bad(format!("`{name}`"), "an integer, at least 0", value.to_string()));
            }
            counts[at] = Some(*value as usize);
        }
        Ok(counts)
    }
}

/// Sees that images have the order of the input layer: channels, rows, columns (R15.7). One of a single channel may have no axis for
/// it, and where samples have steps, each of these is one.
///
/// # Errors
/// [`Failure::Layout`] if they have these in another order.
pub fn laid_out(sample: &[usize], network: &Network) -> Result<(), Failure> {
    let [input] = network.inputs()[..] else { return Ok(()) };
    let Some(grid) = network.layers[input].space else { return Ok(()) };
    let wanted = [grid.channels, grid.height, grid.width];
    let sorted = |dims: &[usize]| {
        let mut dims = dims.to_vec();
        dims.sort_unstable();
        dims
    };
    let units = |dims: &[usize]| dims.iter().product::<usize>();
    let of_steps = units(sample) != units(&wanted) && !sample.is_empty();
    let image = &sample[usize::from(of_steps)..];
    let image = if let &[rows, columns] = image { vec![1, rows, columns] } else { image.to_vec() };
    if image.len() != 3 || image == wanted || sorted(&image) != sorted(&wanted) {
        return Ok(());
    }
    Err(Failure::Layout { sample: sample.to_vec(), input: grid.to_string() })
}

/// The source with all its settings, as an object.
pub fn json(source: &Source) -> Value {
    let at = |path: &Path| path.display().to_string();
    match source {
        Source::Digits { train, test, seed } => {
            json!({ "source": "digits", "train": train, "test": test, "seed": seed })
        }
        Source::Drawn { law, train, test, seed, .. } => {
            let law = format!("{law:?}").to_lowercase();
            json!({ "source": law, "train": train, "test": test, "seed": seed })
        }
        Source::Idx(path) => json!({ "source": "idx", "path": at(path) }),
        Source::Npz(path) => json!({ "source": "npz", "path": at(path) }),
        Source::Csv { train, test, targets } => {
            let outputs = if let CsvTargets::Values(outputs) = targets { Some(outputs) } else { None };
            json!({ "source": "csv", "path": at(train), "test": test.as_deref().map(at), "outputs": outputs })
        }
    }
}

/// The source in a few words.
pub fn name(source: &Source) -> String {
    let at = |path: &Path| path.display().to_string();
    match source {
        Source::Digits { seed, .. } if *seed == digits::SEED => "embedded digits".to_owned(),
        Source::Digits { seed, .. } => format!("embedded digits of seed {seed}"),
        Source::Drawn { seed, .. } => format!("drawn samples of seed {seed}"),
        Source::Idx(path) | Source::Npz(path) => at(path),
        Source::Csv { train, test: None, .. } => at(train),
        Source::Csv { train, test: Some(test), .. } => format!("{} and {}", at(train), at(test)),
    }
}

/// What is worth to know of data that come from files: between which numbers the features are (R17.3), and which arrays nobody uses
/// (R17.2).
pub fn about(source: &Source, splits: &Splits) -> Vec<String> {
    match source {
        Source::Digits { .. } | Source::Drawn { .. } => return Vec::new(),
        Source::Idx(_) | Source::Npz(_) | Source::Csv { .. } => {}
    }
    let (least, largest) = splits.train.inputs().cells().range();
    let mut lines = vec![format!("features from {least} to {largest}")];
    if !splits.unused.is_empty() {
        lines.push(format!("not used: {}", splits.unused.join(", ")));
    }
    lines
}
