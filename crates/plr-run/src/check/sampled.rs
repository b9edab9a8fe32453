//! What a rule does in the mean over its draws: over so many of them, or over all, each with its probability (R14.19).

use plr_interp::Unenumerable;
use plr_ir::model::{Model, Piece, Reference, Sampling};
use plr_ir::program::{Block, Op};
use plr_ir::{Precision, Program, Tensor, pass};

use super::error::CheckError;
use super::minibatch::Minibatch;
use super::reference::{Gradient, Presented, of_presented};
use super::subject::given;
use crate::backend::{Arrays, Backend, Context, Runner, bind};
use crate::draws::Draws;

/// A rule with its parameters and a minibatch, about to be presented.
#[derive(Clone, Copy)]
pub(super) struct Presentation<'a> {
    pub(super) model: &'a dyn Model,
    pub(super) backend: Backend,
    /// In the model's order.
    pub(super) parameters: &'a [Tensor],
    pub(super) minibatch: &'a Minibatch,
    pub(super) context: Context,
    pub(super) sampling: Sampling,
    /// How large a part of a fixed point may be missing in gradients there.
    pub(super) enough: f64,
}

impl Presentation<'_> {
    /// What a presentation adds to every parameter, as `increment/…`.
    pub(super) fn increments(&self) -> Result<Arrays, CheckError> {
        let missing = || CheckError::MissingOutput { output: "increments".to_owned() };
        let arrays = given(self.model, self.parameters, self.minibatch);
        if self.sampling == Sampling::All {
            // R14.19
            let probe = self.model.unfused(Piece::Probe, 1, Precision::F64).ok_or_else(missing)?;
            let probe = keep(probe, |output| output.starts_with("increment/"));
            return mean(&probe, &apart(self.model, &arrays));
        }
        let (samples, precision) = (self.minibatch.data.dims[0], self.minibatch.data.precision());
        let probe = self.model.program(Piece::Probe, samples, precision).ok_or_else(missing)?;
        self.over_draws(keep(probe, |output| output.starts_with("increment/")), &arrays)
    }

    /// What a check observes, at one layer alone or everywhere.
    pub(super) fn observed(&self, number: usize, at: Option<&str>) -> Result<Arrays, CheckError> {
        let here = |output: &str| {
            let site = output.rsplit("->").next().unwrap_or(output);
            at.is_none_or(|at| site.rsplit('/').next() == Some(at))
        };
        let (samples, piece) = (self.minibatch.data.dims[0], Piece::Observe(number));
        let (program, precision) = if self.sampling == Sampling::All {
            (self.model.unfused(piece, samples, Precision::F64), Precision::F64)
        } else {
            let precision = self.minibatch.data.precision();
            (self.model.program(piece, samples, precision), precision)
        };
        let program =
            program.ok_or_else(|| CheckError::NothingObserved { reason: self.model.missing(piece) })?;
        let mut arrays = given(self.model, self.parameters, self.minibatch);
        arrays.extend(self.looked_at(&program)?);
        let (program, arrays) = (keep(program, here), cast(arrays, precision));
        if self.sampling == Sampling::All {
            mean(&program, &[arrays])
        } else {
            self.over_draws(program, &arrays)
        }
    }

    /// The increments that an observation looks at: zero where nothing learns.
    fn looked_at(&self, observation: &Program) -> Result<Arrays, CheckError> {
        let looked_at = |input: &&String| input.starts_with("increment/");
        let wanted: Vec<&String> = observation.inputs.iter().filter(looked_at).collect();
        if wanted.is_empty() {
            return Ok(Arrays::new());
        }
        let mut increments = self.increments()?;
        for name in wanted {
            let value = observation.input(name).map(|value| observation.type_of(value).dims.clone());
            let zeros = || Tensor::zeros(value.unwrap_or_default(), Precision::F64);
            increments.entry(name.clone()).or_insert_with(zeros);
        }
        Ok(increments)
    }

    /// The gradients, averaged like the increments if anything is drawn on the way to the cost.
    pub(super) fn gradients(&self, reference: Reference) -> Result<Vec<Gradient>, CheckError> {
        let draws = reference.cost().is_some_and(|piece| {
            self.model.program(piece, 1, Precision::F64).is_some_and(|program| draws(&program.body))
        });
        match (self.sampling, reference) {
            // What is drawn may be a step function of the parameters, whose differences say nothing: where the draws can be gone
            // through, it is the expected cost that differs, over however many of them increments are averaged.
            (Sampling::All | Sampling::Mean(_), Reference::FiniteDifferences(phase)) if draws => {
                match self.expected_differences(phase) {
                    Err(CheckError::Unenumerable { reason: Unenumerable::Continuous })
                        if self.sampling != Sampling::All =>
                    {
                        self.mean_gradients(reference)
                    }
                    found => found,
                }
            }
            (Sampling::All, _) if draws => Err(CheckError::DrawsOnTheWay),
            (Sampling::Mean(_), _) if draws => self.mean_gradients(reference),
            (Sampling::Once | Sampling::Mean(_) | Sampling::All, _) => {
                self.gradients_of(reference, self.context)
            }
        }
    }

    fn gradients_of(&self, reference: Reference, context: Context) -> Result<Vec<Gradient>, CheckError> {
        of_presented(&self.presented(context), reference)
    }

    /// By differences of the cost that is expected over all draws.
    fn expected_differences(&self, phase: usize) -> Result<Vec<Gradient>, CheckError> {
        let presented = self.presented(self.context);
        let mut gradients = super::differences::expected(&presented, phase)?;
        gradients.iter_mut().for_each(|gradient| presented.mask(gradient));
        Ok(gradients)
    }

    /// In the mean over so many draws.
    fn mean_gradients(&self, reference: Reference) -> Result<Vec<Gradient>, CheckError> {
        let many = if let Sampling::Mean(many) = self.sampling { many } else { 1 };
        let mut sum = self.gradients_of(reference, self.context)?;
        for draw in 1..many {
            let next = self.gradients_of(reference, nth(self.context, draw))?;
            for (sum, gradient) in sum.iter_mut().zip(next) {
                sum.values.iter_mut().zip(gradient.values).for_each(|(sum, g)| *sum += g);
            }
        }
        let values = sum.iter_mut().flat_map(|gradient| &mut gradient.values);
        values.for_each(|value| *value /= f64::from(many));
        Ok(sum)
    }

    fn presented(&self, context: Context) -> Presented<'_> {
        let enough = self.enough;
        Presented { enough, ..Presented::new(self.model, self.parameters, self.minibatch, context) }
    }

    /// The outputs of a program, in the mean over so many draws.
    fn over_draws(&self, program: Program, arrays: &Arrays) -> Result<Arrays, CheckError> {
        let many = match self.sampling {
            Sampling::Mean(many) if draws(&program.body) => many,
            Sampling::Once | Sampling::Mean(_) | Sampling::All => 1,
        };
        let mut runner = Runner::new(program, self.backend)?;
        if many == 1 {
            return Ok(runner.run_named(arrays, self.context)?);
        }
        let program = runner.program().clone();
        let inputs = bind(&program, arrays)?;
        let mut sums: Vec<Vec<f64>> = Vec::new();
        for draw in 0..many {
            let outputs = runner.run(&inputs, nth(self.context, draw))?;
            sums.resize(outputs.len(), Vec::new());
            for (sum, output) in sums.iter_mut().zip(&*outputs) {
                let numbers = output.to_f64();
                sum.resize(numbers.len(), 0.0);
                sum.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number / f64::from(many));
            }
        }
        let dims = program.body.results.iter().map(|&value| program.type_of(value).dims.clone());
        let means = dims.zip(sums).map(|(dims, sum)| Tensor::from_f64(dims, &sum, Precision::F64));
        Ok(program.outputs.iter().cloned().zip(means).collect())
    }
}

/// The draws of presentation number `draw` of the same samples.
fn nth(context: Context, draw: u32) -> Context {
    match draw {
        0 => context,
        _ => Context { seed: Draws::new(context.seed, "check: draws", draw).bits(), ..context },
    }
}

/// The mean over presentations of what a program is expected to yield.
pub(super) fn mean(program: &Program, presentations: &[Arrays]) -> Result<Arrays, CheckError> {
    let mut means = Arrays::new();
    for arrays in presentations {
        let inputs = bind(program, arrays)?;
        let expected = plr_interp::expectation(program, &inputs)
            .map_err(|reason| CheckError::Unenumerable { reason })?;
        for (name, tensor) in program.outputs.iter().zip(expected) {
            let part = tensor.to_f64().into_iter().map(|x| x / presentations.len() as f64);
            let sum: Vec<f64> = match means.get(name).map(Tensor::to_f64) {
                Some(before) => before.iter().zip(part).map(|(a, b)| a + b).collect(),
                None => part.collect(),
            };
            means.insert(name.clone(), Tensor::from_f64(tensor.dims, &sum, Precision::F64));
        }
    }
    Ok(means)
}

/// The same arrays for every sample by itself, in f64.
pub(super) fn apart(model: &dyn Model, arrays: &Arrays) -> Vec<Arrays> {
    let samples = arrays.get("data").map_or(0, |data| data.dims[0]);
    let whole = cast(arrays.clone(), Precision::F64);
    let of_sample = |sample: usize| {
        let mut alone = whole.clone();
        let kept = model.kept().iter().map(|kept| kept.name.as_str());
        for name in kept.chain(["data", "target"]) {
            if let Some(tensor) = alone.get_mut(name) {
                let numbers = tensor.to_f64();
                let row = numbers.len() / samples;
                let dims = [&[1], &tensor.dims[1..]].concat();
                *tensor = Tensor::from_f64(dims, &numbers[sample * row..][..row], Precision::F64);
            }
        }
        alone
    };
    (0..samples).map(of_sample).collect()
}

fn cast(arrays: Arrays, precision: Precision) -> Arrays {
    arrays.into_iter().map(|(name, tensor)| (name, tensor.cast(precision))).collect()
}

/// A program with only those outputs.
fn keep(mut program: Program, wanted: impl Fn(&str) -> bool) -> Program {
    let outputs = std::mem::take(&mut program.outputs).into_iter().zip(program.body.results);
    (program.outputs, program.body.results) = outputs.filter(|(name, _)| wanted(name)).unzip();
    (pass::DCE.run)(&mut program);
    program
}

/// Whether anything is drawn in a block.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other operations are treated alike, present or future"
)]
fn draws(block: &Block) -> bool {
    block.operations.iter().any(|operation| match &operation.op {
        Op::Random { .. } => true,
        Op::Repeat(repeat) => draws(&repeat.body),
        _ => false,
    })
}
