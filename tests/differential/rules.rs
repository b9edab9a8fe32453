//! Generated rules on generated networks.
//!
//! 1. The text is legal, unless a kernel cannot have such a rule, and its format keeps its meaning: the same tree, and formatting again changes nothing.
//! 2. Compiled = interpreted, within the bound of [`plr_run::compare`], in both precisions.
//! 3. Optimised by passes that are exact = as lowered, interpreted, bit for bit.
//! 4. A minibatch does what its samples do: what a parameter gains is the mean (or, as the rule says, the sum) over the
//!    samples of what it gains from each alone.
//! 5. For every few rules: no equation reads what the audit says it does not.

use plr_ir::model::{Model as _, Piece};
use plr_ir::pass::{Options, inexact, optimise};
use plr_ir::{Precision, Program, Tensor};
use plr_run::backend::{Arrays, Backend, Context, RunError, Runner};
use plr_run::draws::Draws;
use plr_run::{compare, init, perturb};
use plr_sema::{Choice, Specialised};
use plr_tests::legal;
use plrc::diagnostics::Source;

use super::ir::same_bits;
use super::{Broken, generator};

/// One rule in so many is put to the test of its audit, which runs each of its equations hundreds of times.
const AUDITED: u64 = 8;
/// By how much a minibatch may differ from its samples: roundings of f64, magnified by a few steps.
const TOLERANCE: f64 = 1e-9;
const CONTEXT: Context = Context { seed: 1, update: 0 };

/// One seed.
pub fn case(seed: u64) -> Result<(), Broken> {
    let text = generator::program(seed);
    let broken = |what: String| Broken::new(&text, what);
    formatted(&text).map_err(broken)?;
    let (model, batch) = match model(&text) {
        Err(refused) if refused.contains("plr::not_convolvable") => return Ok(()),
        found => found.map_err(broken)?,
    };
    let ran = |error: RunError| broken(error.to_string());
    let differences = compare::run(&model, batch, seed, 1 + seed as usize % 2).map_err(ran)?;
    if let Some(difference) = differences.iter().find(|difference| !difference.agrees()) {
        return Err(broken(format!("compiled is not interpreted: {difference:?}")));
    }
    optimised(&model, batch, seed).map_err(broken)?;
    minibatch(&model, batch, seed, &text).map_err(broken)?;
    if seed.is_multiple_of(AUDITED) {
        for backend in [Backend::Jit { threads: 1 }, Backend::Interpreter] {
            let findings = perturb::run(&model, Precision::F64, seed, backend).map_err(ran)?;
            if let Some(finding) = findings.iter().find(|finding| !finding.leaks.is_empty()) {
                return Err(broken(format!("the audit is wrong: {finding:?}")));
            }
        }
    }
    Ok(())
}

fn formatted(text: &str) -> Result<(), String> {
    let tree = |text: &str| plr_syntax::dump(&plr_syntax::parse(text).file);
    let once = plr_syntax::format(text).map_err(|_| "it does not parse")?;
    if tree(&once) != tree(text) {
        return Err(format!("formatting changes the tree:\n{once}"));
    }
    if plr_syntax::format(&once).ok().as_ref() == Some(&once) {
        Ok(())
    } else {
        Err(format!("formatting again changes the text:\n{once}"))
    }
}

/// The rule of the experiment on its network, and the minibatch size.
fn model(text: &str) -> Result<(Specialised, usize), String> {
    let analysis = legal(Source::new("generated.plr", text))?.analysis;
    let experiment = analysis.experiments().first().ok_or("there is no experiment")?;
    let choice = Choice {
        network: experiment.network.clone(),
        settings: experiment.settings.clone(),
        sites: experiment.sites.clone(),
        cost: experiment.cost.clone(),
        optimiser: experiment.optimiser.clone(),
        sequence: plr_sema::sequence(experiment.time),
    };
    let (model, _) = analysis.specialise(experiment.rule, choice).map_err(|_| "it is not legal after all")?;
    Ok((model, experiment.batch.unwrap_or(plr_sema::DEFAULT_BATCH)))
}

/// Parameters, a minibatch and what it goes on from at random.
fn arrays(model: &Specialised, batch: usize, seed: u64, precision: Precision) -> Arrays {
    let names = model.parameters().iter().map(|parameter| parameter.name.clone());
    let mut arrays: Arrays =
        names.zip(init::parameters(model.parameters(), seed, precision).expect("there is memory")).collect();
    let shape = model.shape();
    let kept = model.kept().iter().map(|kept| (kept.name.as_str(), kept.rows(batch)));
    for (name, dims) in [("data", shape.data(batch)), ("target", shape.target(batch))].into_iter().chain(kept)
    {
        let numbers = Draws::new(seed, name, 0).normals(dims.iter().product());
        arrays.insert(name.to_owned(), Tensor::from_f64(dims, &numbers, precision));
    }
    arrays
}

fn interpret(program: Program, arrays: &Arrays) -> Result<Arrays, String> {
    let run =
        Runner::new(program, Backend::Interpreter).and_then(|mut runner| runner.run_named(arrays, CONTEXT));
    run.map_err(|error| error.to_string())
}

fn optimised(model: &Specialised, batch: usize, seed: u64) -> Result<(), String> {
    for precision in Precision::ALL {
        let arrays = arrays(model, batch, seed, precision);
        for piece in [Piece::Update, Piece::Probe, Piece::Evaluate] {
            let Some(lowered) = model.raw(piece, batch, precision) else { continue };
            let mut optimised = lowered.clone();
            optimise(&mut optimised, Options { without: inexact(), ..Options::default() });
            let (expected, found) = (interpret(lowered, &arrays)?, interpret(optimised, &arrays)?);
            for (name, value) in &expected {
                if !same_bits(value, &found[name]) {
                    return Err(format!("{piece:?}, {precision}: `{name}` differs when optimised"));
                }
            }
        }
    }
    Ok(())
}

/// Samples meet in a batch statistic, and in the residual that ends a phase; without these they do not.
fn minibatch(model: &Specialised, batch: usize, seed: u64, text: &str) -> Result<(), String> {
    if text.contains("batch_") || text.contains("until") {
        return Ok(());
    }
    let probe = |batch| model.program(Piece::Probe, batch, Precision::F64).ok_or("there is no presentation");
    let all = arrays(model, batch, seed, Precision::F64);
    let together = interpret(probe(batch)?, &all)?;
    let mut apart: Vec<Arrays> = Vec::new();
    for sample in 0..batch {
        let mut one = all.clone();
        let kept = model.kept().iter().map(|kept| kept.name.as_str());
        for name in ["data", "target"].into_iter().chain(kept) {
            let width = all[name].dims[1];
            let numbers = all[name].to_f64()[sample * width..(sample + 1) * width].to_vec();
            one.insert(name.to_owned(), Tensor::from_f64([1, width], &numbers, Precision::F64));
        }
        apart.push(interpret(probe(1)?, &one)?);
    }
    let share = if text.contains("learn (sum)") { 1.0 } else { 1.0 / batch as f64 };
    for (name, value) in together.iter().filter(|(name, _)| name.starts_with("increment/")) {
        let value = value.to_f64();
        let parts: Vec<Vec<f64>> = apart.iter().map(|arrays| arrays[name].to_f64()).collect();
        for (k, &found) in value.iter().enumerate() {
            let expected = share * parts.iter().map(|part| part[k]).sum::<f64>();
            let size = share * parts.iter().map(|part| part[k].abs()).sum::<f64>();
            let both_undefined = found.is_nan() && expected.is_nan();
            let near = (found - expected).abs() <= TOLERANCE * (1.0 + size);
            if !(near || both_undefined || found == expected) {
                return Err(format!(
                    "`{name}` gains {found:e} from the minibatch and {expected:e} from its samples"
                ));
            }
        }
    }
    Ok(())
}
