//! A set of samples with what is to be learned about them.

use plr_ir::model::Sequence;
use plr_ir::scalar::Real;

use super::error::{ContentFault, DataError};
use super::table::Table;

/// Samples and their targets, checked: at least one sample, one target per sample, every number finite, every label
/// one of the classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    inputs: Table,
    targets: Targets,
    sample_shape: Vec<usize>,
    /// The steps that targets have of their own.
    target_steps: Option<usize>,
    /// The classes of which each step of a target is one, if they all are.
    step_classes: Option<usize>,
    /// There are as many classes as the labels of a file ask for: the network may have more.
    counted: bool,
}

/// The most classes that labels in a file may ask for: a one-hot target of more columns is a mistake in the file.
pub const MOST_CLASSES: usize = 1_000_000;

/// What belongs to each sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Nothing: data for a rule that learns without a teacher.
    None,
    /// One class per sample, each below `classes`; a batch holds them one-hot.
    Labels {
        /// The class of each sample.
        labels: Vec<u32>,
        /// The number of classes.
        classes: usize,
    },
    /// Real values, `[samples, outputs]`.
    Values(Table),
}

impl Targets {
    /// As [`Dataset::gather`], the targets alone.
    ///
    /// # Panics
    /// As it does.
    pub fn gather<T: Real>(&self, indices: &[usize], out: &mut [T]) {
        assert_eq!(out.len(), indices.len() * self.width(), "a batch buffer has one row per index");
        match self {
            Self::None => {}
            Self::Values(table) => table.gather(indices, out),
            Self::Labels { labels, classes } => {
                out.fill(T::from_f64(0.0));
                for (row, &index) in out.chunks_exact_mut(*classes).zip(indices) {
                    row[labels[index] as usize] = T::from_f64(1.0);
                }
            }
        }
    }

    /// Labels with as many classes as the largest of them asks for.
    pub fn labels(labels: Vec<u32>) -> Self {
        let classes = labels.iter().max().map_or(0, |&largest| largest as usize + 1);
        Self::Labels { labels, classes }
    }

    /// Real values, or the classes that they are if each row has one 1 and otherwise 0 (R17.3).
    pub fn of_values(table: Table) -> Self {
        let classes = table.columns();
        let class = |row: usize| {
            let cells = (0..classes).map(|column| table.cells().get::<f64>(row * classes + column));
            let mut ones = cells.clone().enumerate().filter(|(_, cell)| *cell == 1.0);
            let (class, _) = ones.next()?;
            let alone = ones.next().is_none() && cells.filter(|cell| *cell == 0.0).count() + 1 == classes;
            alone.then_some(class as u32)
        };
        let labels: Option<Vec<u32>> = (0..table.rows()).map(class).collect();
        match labels.filter(|_| classes > 1) {
            Some(labels) => Self::Labels { labels, classes },
            None => Self::Values(table),
        }
    }

    /// Labels from the integers of a file, as many classes as are needed.
    ///
    /// # Errors
    /// [`ContentFault::LabelOutOfRange`] for a label that is negative, or too large for any network.
    pub fn from_integers(numbers: &[i64]) -> Result<Self, ContentFault> {
        let mut labels = Vec::with_capacity(numbers.len());
        for (sample, &label) in numbers.iter().enumerate() {
            match u32::try_from(label) {
                Ok(class) if (class as usize) < MOST_CLASSES => labels.push(class),
                Ok(_) | Err(_) => {
                    return Err(ContentFault::LabelOutOfRange { sample, label, classes: MOST_CLASSES });
                }
            }
        }
        Ok(Self::labels(labels))
    }

    /// Labels, if these are single numbers that all could be some.
    fn as_labels(&self) -> Option<Self> {
        let Self::Values(table) = self else { return None };
        let label = |at: usize| {
            let number = table.cells().get::<f64>(at);
            let labels = (0.0..MOST_CLASSES as f64).contains(&number) && number.fract() == 0.0;
            labels.then_some(number as u32)
        };
        let labels = (0..table.rows()).map(label).collect::<Option<Vec<u32>>>();
        labels.filter(|_| table.columns() == 1).map(Self::labels)
    }

    /// The width of one target in a batch: the number of classes or of values; 0 without targets.
    pub fn width(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Labels { classes, .. } => *classes,
            Self::Values(table) => table.columns(),
        }
    }

    fn check(&self, samples: usize) -> Result<(), ContentFault> {
        let found = match self {
            Self::None => return Ok(()),
            Self::Labels { labels, .. } => labels.len(),
            Self::Values(table) => table.rows(),
        };
        if found != samples {
            return Err(ContentFault::CountsDiffer { inputs: samples, targets: found });
        }
        match self {
            Self::None => Ok(()),
            Self::Labels { labels, classes } => check_labels(labels, *classes),
            Self::Values(table) => match table.cells().first_not_finite() {
                None => Ok(()),
                Some(at) => Err(ContentFault::TargetNotFinite {
                    sample: at / table.columns(),
                    output: at % table.columns(),
                    value: table.cells().get(at),
                }),
            },
        }
    }

    fn select(&self, indices: &[usize]) -> Self {
        match self {
            Self::None => Self::None,
            Self::Labels { labels, classes } => {
                Self::Labels { labels: indices.iter().map(|&i| labels[i]).collect(), classes: *classes }
            }
            Self::Values(table) => Self::Values(table.select(indices)),
        }
    }
}

fn check_labels(labels: &[u32], classes: usize) -> Result<(), ContentFault> {
    match labels.iter().position(|&label| label as usize >= classes) {
        None => Ok(()),
        Some(sample) => {
            Err(ContentFault::LabelOutOfRange { sample, label: i64::from(labels[sample]), classes })
        }
    }
}

impl Dataset {
    /// Checks and joins `inputs` `[samples, features]` and `targets`; `origin` names the source in errors.
    ///
    /// # Errors
    /// [`DataError::Contents`] if there is no sample or no feature, the counts differ, a number is not finite (in
    /// f32), or a label is not below the number of classes.
    pub fn new(origin: &str, inputs: Table, targets: Targets) -> Result<Self, DataError> {
        check_inputs(&inputs)
            .and_then(|()| targets.check(inputs.rows()))
            .map_err(|fault| DataError::Contents { origin: origin.to_owned(), fault })?;
        let sample_shape = vec![inputs.columns()];
        Ok(Self { inputs, targets, sample_shape, target_steps: None, step_classes: None, counted: false })
    }

    /// The classes are as many as its labels ask for, and there may be more.
    #[must_use]
    pub fn with_counted_classes(self) -> Self {
        Self { counted: matches!(self.targets, Targets::Labels { .. }), ..self }
    }

    /// With targets for so many outputs, if they could be: a label is one of as many classes as there are outputs, and so is an
    /// integer alone where there are several (R17.3).
    pub fn fit_to(&mut self, outputs: usize) {
        if let Some(labels) = self.targets.as_labels().filter(|_| outputs > 1) {
            (self.targets, self.counted) = (labels, true);
        }
        if let Targets::Labels { classes, .. } = &mut self.targets {
            *classes = if self.counted { outputs.max(*classes) } else { *classes };
        }
    }

    /// The classes that the labels of a file ask for, if they are those of a file.
    pub fn counted_classes(&self) -> Option<usize> {
        Some(self.outputs()).filter(|_| self.counted)
    }

    /// Gives the features of a sample a shape, for example `[28, 28]`; the product must be the number of features.
    ///
    /// # Errors
    /// [`ContentFault::ShapeDiffers`] otherwise.
    pub fn with_sample_shape(mut self, origin: &str, shape: &[usize]) -> Result<Self, DataError> {
        let product = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
        if product != Some(self.features()) {
            let fault = ContentFault::ShapeDiffers { shape: shape.to_vec(), features: self.features() };
            return Err(DataError::Contents { origin: origin.to_owned(), fault });
        }
        self.sample_shape = shape.to_vec();
        Ok(self)
    }

    /// Says that a target is of so many steps, which follow each other in its columns.
    ///
    /// # Errors
    /// [`ContentFault::ShapeDiffers`] if the columns cannot be divided so.
    pub fn with_target_steps(mut self, origin: &str, steps: usize) -> Result<Self, DataError> {
        if steps == 0 || !self.outputs().is_multiple_of(steps) {
            let fault = ContentFault::ShapeDiffers { shape: vec![steps], features: self.outputs() };
            return Err(DataError::Contents { origin: origin.to_owned(), fault });
        }
        self.target_steps = Some(steps);
        let classes = self.outputs() / steps;
        if let Targets::Values(table) = &self.targets
            && let Some(each) = Table::new(classes, table.cells().clone())
            && let Targets::Labels { .. } = Targets::of_values(each)
        {
            self.step_classes = Some(classes);
        }
        Ok(self)
    }

    /// How a rule with a phase over time presents the samples: each whole for `time` steps or, without that, with its first
    /// axis as time (R20.7).
    pub fn sequence(&self, time: Option<u32>) -> Sequence {
        let axis = self.sample_shape.first().copied().unwrap_or(1);
        let steps = time.unwrap_or_else(|| u32::try_from(axis).unwrap_or(u32::MAX));
        let target = self.target_steps.is_some_and(|own| own == steps as usize);
        Sequence { steps, data: time.is_none(), target }
    }

    /// How many classes there are, if each sample is of one, or each step of a sample that has targets of its own there.
    pub fn classes(&self) -> Option<usize> {
        match (&self.targets, self.step_classes) {
            (Targets::Labels { classes, .. }, _) => Some(*classes),
            (Targets::Values(_) | Targets::None, classes) => classes,
        }
    }

    /// The number of samples, at least 1.
    pub fn samples(&self) -> usize {
        self.inputs.rows()
    }

    /// The number of features of one sample, at least 1.
    pub fn features(&self) -> usize {
        self.inputs.columns()
    }

    /// The width of one target in a batch: the number of classes or of values; 0 without targets.
    pub fn outputs(&self) -> usize {
        self.targets.width()
    }

    /// How the features of one sample are arranged, for example `[28, 28]`; `[features]` if nothing else is known.
    pub fn sample_shape(&self) -> &[usize] {
        &self.sample_shape
    }

    /// The inputs, `[samples, features]`.
    pub fn inputs(&self) -> &Table {
        &self.inputs
    }

    /// The targets.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Copies a minibatch: row `k` of `inputs_out` `[indices, features]` and of `targets_out` `[indices, outputs]`
    /// is sample `indices[k]`, labels one-hot.
    ///
    /// # Panics
    /// If an index is not below [`Dataset::samples`] or a buffer does not have room for exactly these rows.
    pub fn gather<T: Real>(&self, indices: &[usize], inputs_out: &mut [T], targets_out: &mut [T]) {
        self.inputs.gather(indices, inputs_out);
        self.targets.gather(indices, targets_out);
    }

    /// The samples named by `indices` as a data set of their own, with the same classes and sample shape.
    ///
    /// # Panics
    /// If an index is not below [`Dataset::samples`].
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        Self {
            inputs: self.inputs.select(indices),
            targets: self.targets.select(indices),
            sample_shape: self.sample_shape.clone(),
            target_steps: self.target_steps,
            step_classes: self.step_classes,
            counted: self.counted,
        }
    }
}

fn check_inputs(inputs: &Table) -> Result<(), ContentFault> {
    if inputs.rows() == 0 {
        return Err(ContentFault::Empty);
    }
    match inputs.cells().first_not_finite() {
        None => Ok(()),
        Some(at) => Err(ContentFault::InputNotFinite {
            sample: at / inputs.columns(),
            feature: at % inputs.columns(),
            value: inputs.cells().get(at),
        }),
    }
}
