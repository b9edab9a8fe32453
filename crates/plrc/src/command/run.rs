//! `plrc run`: compile a rule and train a network with it.

mod along;
mod angles;
mod best;
mod directory;
mod report;
mod training;
mod watch;

use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use plr_run::data::{Dataset, Splits};
use plr_run::session::{self, Session};
use plr_sema::resolve::{Expected, Length};

use crate::data::DataArgument;
use crate::driver::{self, Checked};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::optimised::{Optimised, Passes};
use crate::selection::{self, Overrides, Plan, Which};
use crate::shell::Shell;

use self::along::Along;
use self::angles::Missing;
use self::best::Best;
use self::directory::{Columns, Directory};
use self::report::{About, Beginning, Outcome};
use self::training::{Training, Watch};
use self::watch::Watched;
use super::{BackendArgument, PrecisionArgument};

/// The largest number that an experiment counts with (R16.5).
const MOST: u64 = u32::MAX as u64;

/// Compile a rule and train a network with it.
#[derive(Args, Debug)]
pub struct Run {
    /// The program.
    file: PathBuf,
    /// The experiment, or a rule, which is run as its first experiment; needed if the file has several.
    experiment: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// The data: `digits`, `digits:train=2000,test=500`, a directory of IDX files, an .npz or a .csv file; `idx:`,
    /// `npz:` or `csv:` before a path says what it is.
    #[arg(long, value_parser = DataArgument::parse)]
    data: Option<DataArgument>,
    /// How many training samples are held out to measure progress on; one in ten of data given here, if not said.
    #[arg(long)]
    validation: Option<usize>,
    /// Samples in a minibatch.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    batch: Option<u64>,
    /// How often all training samples are presented; 0 to evaluate alone.
    #[arg(long)]
    epochs: Option<u32>,
    /// How many minibatches are presented, instead of whole epochs.
    #[arg(long, conflicts_with = "epochs", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    updates: Option<u64>,
    /// The seed of weights, order and the rule's own draws.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=MOST))]
    seed: Option<u64>,
    /// How many threads share a minibatch; results do not depend on it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// The precision of all numbers.
    #[arg(long, value_enum)]
    precision: Option<PrecisionArgument>,
    /// Where programs run.
    #[arg(long, value_enum, default_value_t = BackendArgument::Jit)]
    backend: BackendArgument,
    /// Begin with the weights of this file, as another run has written it, instead of first values: a run of its own, whose counts
    /// and memories of filters begin anew.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Go on where the run has stopped that has written this weights file.
    #[arg(long, value_name = "FILE", conflicts_with = "weights")]
    resume: Option<PathBuf>,
    /// Write weights.safetensors after every epoch, but at most once a second, epochs.csv and run.json into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Take the angle between what each group of synapses learns and the gradient along training too: before it, after every
    /// epoch and, as in `--angles=100`, after so many updates again and again. Nothing else changes.
    #[arg(long, value_name = "UPDATES", require_equals = true, value_parser = clap::value_parser!(u64).range(1..))]
    angles: Option<Option<u64>>,
    /// Leave out the angles at the end, which of a large network or a long relaxation take their time.
    #[arg(long, conflicts_with = "angles")]
    no_angles: bool,
    /// Predict the training samples too after every epoch or, as in `--curve=1000`, so many of them. It takes the time of these
    /// predictions.
    #[arg(long, value_name = "SAMPLES", require_equals = true, value_parser = clap::value_parser!(u64).range(1..))]
    curve: Option<Option<u64>>,
    /// Print and write down too, before training and after every epoch, what such a measure is, as in `--watch "mean(e ^ 2)"`: of what
    /// the rule does on samples held out, `mean(e)`, `largest(e)` and arithmetic of them, in the words of claims.
    #[arg(long, value_name = "MEASURE", value_parser = NonEmptyStringValueParser::new())]
    watch: Vec<String>,
    /// Keep the weights of the epoch that was best on the validation samples, which is evaluated at the end.
    #[arg(long)]
    keep_best: bool,
    /// End training when so many epochs in a row have not been better than the best one.
    #[arg(long, value_name = "EPOCHS", requires = "keep_best", value_parser = clap::value_parser!(u64).range(1..))]
    patience: Option<u64>,
    /// Write what is predicted for each test sample into predictions.npz of the directory.
    #[arg(long, requires = "out")]
    predictions: bool,
    #[command(flatten)]
    passes: Passes,
}

impl Run {
    pub(super) fn run(&self, shell: Shell) -> Result<(), Failure> {
        let clock = Instant::now();
        let overrides = Overrides { watch: self.watch.clone(), ..self.overrides.clone() };
        let checked = driver::check_with(driver::read(&self.file)?, self.which(), &overrides)?;
        let mut plan = self.plan(&checked)?;
        let before_loading = clock.elapsed();
        shell.findings(&checked.source, &checked.warnings);
        if let Some((source, doubts)) = selection::doubts(&checked, &plan, &self.overrides) {
            shell.findings(&source, &doubts);
        }

        let splits = driver::load(&mut plan)?;
        let options = self.options(&plan);
        let clock = Instant::now();
        plan.choice.sequence = splits.train.sequence(plan.time);
        let model = driver::optimise(driver::lower(&checked, &plan)?, &self.passes);
        let mut session = driver::compile(&model, options)?;
        let compile_time = before_loading + clock.elapsed();
        session.fits(&splits.train)?;
        // What training does not read is not to be found out after it.
        session.can_evaluate(splits.measured())?;
        let beginning = self.begin(&mut session, splits.train.samples())?;

        let about = About::new(&model, (&checked, &plan), &splits, options, self.threads(), beginning);
        self.can_be_measured(&model, &splits)?;
        let best = self.best(&session, &splits)?;
        let measures: Vec<_> = match self.watch.is_empty() {
            true => Vec::new(),
            false => self.watch.iter().cloned().zip(checked.analysis.last_measures(plan.rule)).collect(),
        };
        let watched = Watched::new(&model, measures, &session, splits.measured())?;
        let angles = self.angles.map(|_| Along::columns(&model));
        let (curve, watched_columns) = (self.curve.is_some(), watched.columns());
        let columns = Columns { curve, watched: &watched_columns, angles: angles.as_deref() };
        let open = |path| Directory::open(path, &about, &session, columns);
        let directory = self.out.as_deref().map(open).transpose()?;
        // From the first line on, Ctrl-C is an orderly end.
        let interrupt = Interrupt::listen(shell)?;
        shell.line(&about)?;
        let watch = Watch {
            along: self.angles.map(|every| Along::new(&model, every)),
            curve: self.curve.map(|some| splits.some_of_training(some)),
            best,
            watched: Some(watched).filter(|_| !self.watch.is_empty()),
        };
        let mut training = Training::new(session, splits, shell, interrupt, directory, watch);
        let trained = training.run(plan.length);
        if self.passes.time_passes {
            shell.remark(model.times());
        }
        trained?;
        let outcome = self.finish(training, &model, compile_time, &plan.expected)?;
        shell.print(&outcome)?;
        outcome.warnings().for_each(|warning| shell.warn(warning));
        // R16.6
        if outcome.as_expected() { Ok(()) } else { Err(Failure::Unexpected) }
    }

    /// Takes the weights that the run begins with from a file, if there is one, and says what it has taken.
    fn begin(&self, session: &mut Session<'_>, samples: usize) -> Result<Beginning, Failure> {
        if let Some(path) = &self.weights {
            let begun = session.begin_with(path)?;
            return Ok(Beginning::With { path: path.clone(), begun });
        }
        if let Some(path) = &self.resume {
            session.load(path, samples)?;
            return Ok(Beginning::After { path: path.clone(), position: session.position() });
        }
        Ok(Beginning::Drawn)
    }

    /// Sees that there is something to measure where a flag says that it is measured.
    fn can_be_measured(&self, model: &Optimised, splits: &Splits) -> Result<(), Failure> {
        let flags = [
            (self.curve.is_some(), "--curve", true),
            (self.keep_best, "--keep-best", splits.validation.is_some()),
            (self.predictions, "--predictions", splits.test_samples() > 0),
        ];
        for (_, flag, has_samples) in flags.into_iter().filter(|(given, ..)| *given) {
            let why = match (&model.lowered().setting().rule.predict, splits.train.outputs()) {
                (None, _) => "the rule predicts nothing",
                (Some(_), 0) => "the data has no targets",
                (Some(_), 1..) if has_samples => continue,
                (Some(_), 1..) => "there are no such samples",
            };
            return Err(Failure::NothingToMeasure { flag, why });
        }
        Ok(())
    }

    /// What looks for the best epoch, if anybody wants it.
    fn best(&self, session: &Session<'_>, splits: &Splits) -> Result<Option<Best>, Failure> {
        let Some(validation) = splits.validation.as_ref().filter(|_| self.keep_best) else { return Ok(None) };
        let mut best = Best::new(session, self.patience)?;
        if let (Some(_), Some(out)) = (&self.resume, &self.out) {
            let samples = [splits.train.samples(), validation.samples()];
            best.take_up(&Directory::best(out), session, samples)?;
        }
        Ok(Some(best))
    }

    fn which(&self) -> Which<'_> {
        self.experiment.as_deref().map_or(Which::Only, Which::Named)
    }

    /// What is run: the experiment, with the flags in it.
    fn plan(&self, checked: &Checked) -> Result<Plan, Failure> {
        let mut plan = selection::plan(checked, self.which(), &self.overrides)?;
        let own = plan.clone();
        if let Some(data) = &self.data {
            plan.data = data.source()?;
            // So many of other data may be all of this.
            plan.validation = None;
        }
        plan.validation = self.validation.or(plan.validation);
        let batch = self.batch.map(|batch| usize::try_from(batch).unwrap_or(usize::MAX));
        plan.batch = batch.or(plan.batch);
        plan.seed = self.seed.unwrap_or(plan.seed);
        plan.precision = self.precision.map_or(plan.precision, Into::into);
        plan.length = match (self.epochs, self.updates) {
            (Some(epochs), _) => Length::Epochs(epochs),
            (None, Some(updates)) => Length::Updates(updates),
            (None, None) => plan.length,
        };
        // What clauses of the command line expect is of this run.
        if self.overrides.with.is_empty() && self.differs(&plan, &own) {
            plan.expected.clear();
        }
        Ok(plan)
    }

    /// Whether something else is trained than the experiment says, without clauses of the command line.
    fn differs(&self, plan: &Plan, own: &Plan) -> bool {
        let numbers = |plan: &Plan| (plan.seed, plan.precision, plan.batch(), plan.length, plan.validation);
        // What is watched changes nothing.
        let Overrides { network, set, with: _, watch: _ } = &self.overrides;
        let begins = self.data.is_some() || self.weights.is_some() || network.is_some() || !set.is_empty();
        begins || self.keep_best || numbers(plan) != numbers(own)
    }

    fn threads(&self) -> usize {
        self.threads
            .map_or_else(|| available_parallelism().map_or(1, usize::from), |threads| threads as usize)
    }

    fn options(&self, plan: &Plan) -> session::Options {
        let backend = self.backend.with_threads(self.threads());
        session::Options { backend, precision: plan.precision, batch: plan.batch(), seed: plan.seed }
    }

    /// Everything that is measured once, at the end: the test set, which is written down before the angles are taken, whatever
    /// becomes of those.
    fn finish(
        &self,
        mut training: Training<'_>,
        model: &Optimised,
        compile_time: Duration,
        expected: &[Expected],
    ) -> Result<Outcome, Failure> {
        let presentations = training.session.position().updates;
        let best = training.go_back_to_best();
        let along =
            training.watch.along.take().map(|along| along.finish(training.session.position().updates));
        let (angles, along) = along.map_or((None, None), |(angles, cost)| (angles, Some(cost)));
        training.evaluate_once()?;
        training.watch_now()?;
        training.unless_interrupted()?;
        let epoch_time = training.epoch_time();
        let Training {
            mut session,
            splits,
            directory,
            last_evaluation,
            last_training,
            cut_off,
            time,
            curve_cost,
            watch,
            ..
        } = training;
        let first: Vec<usize> = (0..splits.measured().samples().min(angles::SAMPLES)).collect();
        let measured = splits.measured().select(&first);
        let test = splits.into_test();
        self.predict(test.as_ref(), &mut session, directory.as_ref())?;
        let test = test.map(|test| session.evaluate(&test)).transpose()?.flatten();
        let (accuracy, loss) = (test.and_then(|t| t.accuracy), test.map(|t| t.loss));
        let holds = |expected: &Expected| (expected.clone(), expected.holds(accuracy, loss));
        let wanted = angles.is_none() && !self.no_angles;
        let mut outcome = Outcome {
            validation: last_evaluation,
            training: last_training,
            watched: watch.watched.as_ref().map(Watched::json),
            best,
            test,
            expected: expected.iter().map(holds).collect(),
            predicts: model.lowered().setting().rule.predict.is_some(),
            angles: angles.unwrap_or(Err(Missing::Unwanted)),
            angle_time: Duration::ZERO,
            along: along.map(|cost| cost.words(time)),
            curve: (curve_cost.measured > 0).then(|| curve_cost.words(time)),
            compile_time,
            epoch_time,
            cut_off,
            presentations,
        };
        let write =
            |outcome: &Outcome| directory.as_ref().map_or(Ok(()), |directory| directory.finish(outcome));
        write(&outcome)?;
        if wanted {
            let clock = Instant::now();
            outcome.angles = angles::measure(&session, model, &measured)?;
            outcome.angle_time = clock.elapsed();
            write(&outcome)?;
        }
        Ok(outcome)
    }

    /// Writes down what is predicted for the test set, if anybody wants it.
    fn predict(
        &self,
        test: Option<&Dataset>,
        session: &mut Session<'_>,
        directory: Option<&Directory>,
    ) -> Result<(), Failure> {
        let (Some(test), Some(directory), true) = (test, directory, self.predictions) else { return Ok(()) };
        let found = session.predictions(test)?;
        found.map_or(Ok(()), |found| directory.predictions(found))
    }
}
