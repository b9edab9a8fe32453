//! The programs of `examples`: legal without a doubt, in the canonical format, the same on both back ends, true.
//!
//! | trial | promises |
//! |---|---|
//! | `check` | no errors and no warnings |
//! | `format` | the formatter changes nothing |
//! | `train EXPERIMENT` | a few updates on the embedded digits leave the same weights, compiled and interpreted |
//! | `agree EXPERIMENT` | every output of the update and of the presentation is within the bound of [`plr_run::compare`] |
//! | `reach EXPERIMENT` | as it is, it ends as it expects, where its data are embedded |
//! | `verify RULE` | no equation reads what the audit says it does not, and every claim holds |

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use plr_ir::Precision;
use plr_ir::model::{Model as _, Workshop as _};
use plr_run::backend::Backend;
use plr_run::data::{Dataset, Source as Data};
use plr_run::session::{Control, Options, Session};
use plr_run::{check, compare, data, perturb};
use plr_sema::resolve::{Experiment, Length};
use plr_sema::{Analysis, Choice, Specialised};
use plr_tests::{clean, files, relative, source};
use plrc::diagnostics::Source;
use plrc::driver::{self, Checked};
use plrc::failure::Failure;
use plrc::selection::{self, Overrides, Which};

const SEED: u64 = 1;
/// Samples of the tiny data set: three minibatches.
const SAMPLES: usize = 24;
const BATCH: usize = 8;
/// Samples of a minibatch of images, which take the interpreter long.
const FEW: usize = 1;
const UPDATES: u64 = 3;
/// By how much weights may differ after these updates, relative to the largest: rounding errors of f64 that dynamics of
/// tens of steps may have magnified, and far below any mistake.
const TOLERANCE: f64 = 1e-10;
const COMPILED: Backend = Backend::Jit { threads: 2 };

fn main() -> ExitCode {
    match trials() {
        Ok(trials) => libtest_mimic::run(&Arguments::from_args(), trials).exit_code(),
        Err(error) => {
            eprintln!("cannot list the gallery: {}", error.message().unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

fn trials() -> Result<Vec<Trial>, Failed> {
    let mut trials = Vec::new();
    for path in files("examples", "plr")? {
        let name = relative(&path);
        let source = source(&path)?;
        let of_file = |what: &str, run: fn(&Path) -> Result<(), Failed>| {
            let path = path.clone();
            Trial::test(format!("{name}: {what}"), move || run(&path))
        };
        trials.push(of_file("check", legal));
        trials.push(of_file("format", formatted));
        let Ok(checked) = clean(source.clone()) else { continue };
        let of_part = |what: String, run: fn(&Analysis, usize) -> Result<(), Failed>, at: usize| {
            let source = source.clone();
            Trial::test(format!("{name}: {what}"), move || run(&clean(source)?.analysis, at))
        };
        for (at, experiment) in checked.analysis.experiments().iter().enumerate() {
            trials.push(of_part(format!("train {}", experiment.name), train, at));
            trials.push(of_part(format!("agree {}", experiment.name), agree, at));
            if !experiment.expected.is_empty() {
                let source = source.clone();
                let run = move || reach(&clean(source)?, at);
                trials.push(Trial::test(format!("{name}: reach {}", experiment.name), run));
            }
        }
        for (at, rule) in checked.analysis.rules().enumerate() {
            trials.push(of_part(format!("verify {}", rule.name), verify, at));
        }
    }
    Ok(trials)
}

fn legal(path: &Path) -> Result<(), Failed> {
    clean(source(path)?).map(|_| ())
}

fn formatted(path: &Path) -> Result<(), Failed> {
    let source: Source = source(path)?;
    match plr_syntax::format(source.text()) {
        Ok(text) if text == source.text() => Ok(()),
        Ok(text) => Err(format!("`plrc fmt` would make this of it:\n{text}").into()),
        Err(_) => Err("it does not parse".into()),
    }
}

/// The experiment at a position, and its rule on its network.
fn experiment(analysis: &Analysis, at: usize) -> Result<(&Experiment, Specialised), Failed> {
    let experiment = &analysis.experiments()[at];
    let choice = Choice {
        network: experiment.network.clone(),
        settings: experiment.settings.clone(),
        sites: experiment.sites.clone(),
        cost: experiment.cost.clone(),
        optimiser: experiment.optimiser.clone(),
        sequence: digits()?.sequence(experiment.time),
    };
    match analysis.specialise(experiment.rule, choice) {
        Ok((model, _)) => Ok((experiment, model)),
        Err(findings) => {
            Err(findings.sorted().iter().map(|f| f.message()).collect::<Vec<_>>().join("\n").into())
        }
    }
}

fn reach(checked: &Checked, at: usize) -> Result<(), Failed> {
    let experiment = &checked.analysis.experiments()[at];
    let which = Which::Experiment(&experiment.name);
    let fail = |failure: Failure| Failed::from(failure.to_string());
    let mut plan = selection::plan(checked, which, &Overrides::default()).map_err(fail)?;
    if !matches!(plan.data, Data::Digits { .. }) {
        return Ok(());
    }
    let splits = driver::load(&mut plan).map_err(fail)?;
    plan.choice.sequence = splits.train.sequence(plan.time);
    let model = driver::lower(checked, &plan).map_err(fail)?;
    let (precision, batch, seed) = (plan.precision, plan.batch(), plan.seed);
    let mut session = Session::new(&model, Options { backend: COMPILED, precision, batch, seed })?;
    match plan.length {
        Length::Epochs(epochs) => {
            for _ in 0..epochs {
                session.train(&splits.train, None, &mut |_| Control::Continue)?;
            }
        }
        Length::Updates(mut left) => {
            while left > 0 {
                left -= session.train(&splits.train, Some(left), &mut |_| Control::Continue)?.updates;
            }
        }
    }
    let found = splits.into_test().map(|test| session.evaluate(&test)).transpose()?.flatten();
    let (accuracy, loss) = (found.and_then(|found| found.accuracy), found.map(|found| found.loss));
    match experiment.expected.iter().find(|expected| !expected.holds(accuracy, loss)) {
        Some(expected) => Err(format!("{expected} was expected, and found: {found:?}").into()),
        None => Ok(()),
    }
}

fn digits() -> Result<Dataset, Failed> {
    Ok(data::load(&Data::Digits { train: SAMPLES, test: 0, seed: SEED }, Some(0))?.train)
}

fn train(analysis: &Analysis, at: usize) -> Result<(), Failed> {
    let (_, model) = experiment(analysis, at)?;
    let digits = digits()?;
    let [compiled, interpreted] =
        [COMPILED, Backend::Interpreter].map(|backend| trained(&model, &digits, backend));
    let (compiled, interpreted) = (compiled?, interpreted?);
    let mut moved = false;
    for (k, parameter) in model.parameters().iter().enumerate() {
        let (found, expected, before) = (&compiled.1[k], &interpreted.1[k], &interpreted.0[k]);
        let size = largest(expected.iter().copied());
        let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        if !apart.clone().all(|difference| difference <= TOLERANCE * size) {
            let worst = largest(apart);
            return Err(format!("`{}` differs by {worst:e}, the largest is {size:e}", parameter.name).into());
        }
        moved |= before != expected;
    }
    if moved { Ok(()) } else { Err("no parameter moved".into()) }
}

fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(f64::abs).fold(0.0, |largest, x| if x > largest { x } else { largest })
}

/// All parameters before and after a few updates.
type Trained = (Vec<Vec<f64>>, Vec<Vec<f64>>);

fn trained(model: &Specialised, digits: &Dataset, backend: Backend) -> Result<Trained, Failed> {
    let options = Options { backend, precision: Precision::F64, batch: BATCH, seed: SEED };
    let mut session = Session::new(model, options)?;
    let before = session.parameters().iter().map(plr_ir::Tensor::to_f64).collect();
    let report = session.train(digits, Some(UPDATES), &mut |_| Control::Continue)?;
    if report.updates != UPDATES {
        return Err(format!("{} updates were made", report.updates).into());
    }
    Ok((before, session.parameters().iter().map(plr_ir::Tensor::to_f64).collect()))
}

fn agree(analysis: &Analysis, at: usize) -> Result<(), Failed> {
    let (_, model) = experiment(analysis, at)?;
    within_bounds(&model)
}

fn within_bounds(model: &Specialised) -> Result<(), Failed> {
    let spatial = model.setting().network.layers.iter().any(|layer| layer.space.is_some());
    let batch = if spatial { FEW } else { BATCH };
    let differences = compare::run(model, batch, SEED, 2)?;
    match differences.iter().find(|difference| !difference.agrees()) {
        Some(difference) => Err(format!("{difference:?}").into()),
        None if differences.is_empty() => Err("nothing was compared".into()),
        None => Ok(()),
    }
}

fn verify(analysis: &Analysis, rule: usize) -> Result<(), Failed> {
    let workshop = analysis.workshop(rule);
    let model = analysis.examined(rule).map_err(|_| "the rule has no meaning on any network")?;
    within_bounds(&model)?;
    for backend in [COMPILED, Backend::Interpreter] {
        for finding in perturb::run(&model, Precision::F32, SEED, backend)? {
            if !finding.leaks.is_empty() {
                return Err(format!("{finding:?}").into());
            }
        }
    }
    let mut claims = 0;
    for at in 0..workshop.checks().len() {
        for result in check::run(&workshop, at, COMPILED) {
            claims += 1;
            if !result.holds() {
                return Err(format!("`{}`: {:?}", result.claim.text, result.outcome).into());
            }
        }
    }
    if claims > 0 { Ok(()) } else { Err("the rule claims nothing".into()) }
}
