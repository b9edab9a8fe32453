//! Several presentations whose changes are put off, as compiled code makes them, against the interpreter, which makes one after
//! the other.

use plr_ir::deferred::Deferral;
use plr_ir::model::{Model, Piece};
use plr_ir::{Precision, Program, Tensor};

use super::{DRAWS, Difference, Distance, SAFETY, first_arrays, noise, present, shorten};
use crate::backend::{Arrays, Backend, Context, RunError, Runner};
use crate::draws::Draws;
use crate::session::{DATA, TARGET, presentations_are_alike};

/// So many presentations.
const PRESENTATIONS: u32 = 3;

/// For each weight its distance and bound; none if the rule does nothing that can be put off.
pub(super) fn run(
    model: &dyn Model,
    batch: usize,
    (seed, threads): (u64, usize),
    precision: Precision,
) -> Result<Vec<Difference>, RunError> {
    let Some(mut one) = model.unfused(Piece::Update, batch, precision) else { return Ok(Vec::new()) };
    shorten(&mut one.body);
    let deferral = Deferral::of(&one, &[DATA, TARGET]).filter(|_| presentations_are_alike(model, &one));
    let Some(deferral) = deferral else { return Ok(Vec::new()) };
    let mut all = deferral.program(PRESENTATIONS as usize);
    model.optimise(&mut all);
    let first = first_arrays(model, batch, seed, precision)?;
    let mut samples = Vec::new();
    for updates in 0..PRESENTATIONS {
        let mut arrays = Arrays::new();
        present(model, batch, seed, updates, precision, &mut arrays);
        samples.push(arrays);
    }
    let mut given = first.clone();
    given.extend([DATA, TARGET].map(|name| (name.to_owned(), joined(&all, name, &samples))));
    let context = Context { seed, update: 0 };
    let compiled = Runner::new(all, Backend::Jit { threads })?.run_named(&given, context)?;
    let row = Row { first: &first, samples: &samples, context };
    let interpreted = row.run(one.clone(), |_, _, _| {})?;
    let put_off: Vec<&str> = deferral.matrices().map(|(name, _)| name).collect();
    let noisy = (0..DRAWS).map(|draw| {
        row.run(noise::add(&one, draw, SAFETY), |run, before, after| {
            put_off.iter().for_each(|name| moved(name, (draw, run), &before[*name], after));
        })
    });
    let noisy: Vec<Arrays> = noisy.collect::<Result<_, _>>()?;
    let compare = |(name, value): (&String, &Tensor)| {
        let noisy = noisy.iter().map(|outputs| &outputs[name]);
        let Distance { output, largest, bound, empty } = Distance::of(name, (&compiled[name], value), noisy);
        let (piece, updates, presentations) = (Piece::Update, 0, PRESENTATIONS);
        Difference { piece, precision, updates, presentations, output, largest, bound, empty }
    };
    Ok(interpreted.iter().map(compare).collect())
}

/// Presentations one after the other, in the interpreter.
struct Row<'a> {
    first: &'a Arrays,
    samples: &'a [Arrays],
    context: Context,
}

impl Row<'_> {
    /// What they leave, if after each something happens to it, which hears the presentation's number and what was before.
    fn run(&self, one: Program, after_each: impl Fn(u32, &Arrays, &mut Arrays)) -> Result<Arrays, RunError> {
        let mut runner = Runner::new(one, Backend::Interpreter)?;
        let mut arrays = self.first.clone();
        let mut outputs = Arrays::new();
        for (number, sample) in self.samples.iter().enumerate() {
            arrays.extend(sample.clone());
            outputs = runner.run_named(&arrays, self.context)?;
            after_each(number as u32, &arrays, &mut outputs);
            arrays.extend(outputs.clone());
        }
        Ok(outputs)
    }
}

/// Moves a weight that is put off, after a presentation, by a random part of what the roundings of its sum allow: what it is made of
/// is rounded elsewhere. What is added to it is not larger than what it was and what it becomes.
fn moved(name: &str, (draw, run): (u32, u32), before: &Tensor, after: &mut Arrays) {
    let Some(weights) = after.get_mut(name) else { return };
    let precision = weights.precision();
    let allowance = SAFETY * noise::epsilon(precision);
    let mut draws = Draws::new(u64::from(draw), name, run);
    let move_one =
        |(old, new): (f64, f64)| new + allowance * (old.abs() + new.abs()) * (2.0 * draws.uniform() - 1.0);
    let numbers: Vec<f64> = before.to_f64().into_iter().zip(weights.to_f64()).map(move_one).collect();
    *weights = Tensor::from_f64(weights.dims.clone(), &numbers, precision);
}

/// What is presented in all presentations, as the program of all takes it.
fn joined(all: &Program, name: &str, samples: &[Arrays]) -> Tensor {
    let dims = all.input(name).map(|input| all.type_of(input).dims.clone()).unwrap_or_default();
    let numbers: Vec<f64> = samples.iter().flat_map(|arrays| arrays[name].to_f64()).collect();
    Tensor::from_f64(dims, &numbers, all.precision)
}
