//! One piece of a rule made ready for one minibatch size, with the buffers its minibatches are gathered into; or several
//! presentations of it in a row.

use plr_ir::model::{Count, Model, Piece, Shape};
use plr_ir::{Precision, Program, Tensor, several};

use super::Position;
use super::error::SessionError;
use super::minibatch::{Gathered, Minibatch};
use super::tables::first;
use super::together::Together;
use crate::backend::{Backend, Context, Runner, reads_input};
use crate::data::Dataset;

/// The input that the data is presented in.
pub(crate) const DATA: &str = "data";
/// The input that the targets are presented in.
pub(crate) const TARGET: &str = "target";

/// Where an input of a program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The parameter at that place of the model's list.
    Parameter(usize),
    /// The kept state at that place of the model's list.
    Kept(usize),
    /// What is presented at that place among the presentations.
    Data(usize),
    Target(usize),
    Count(Count),
}

/// A piece of a rule, ready to be run on minibatches of one size.
#[derive(Debug)]
pub(super) struct Presentation {
    runner: Runner,
    sources: Vec<Source>,
    /// What the next run presents.
    now: Gathered,
    /// What the run after it presents, if it is gathered meanwhile.
    ahead: Option<Gathered>,
    /// The samples of each.
    batch: usize,
    /// What earlier presentations have left of the kept states, if the piece goes on from it.
    kept: Vec<Tensor>,
    /// Whether `target` is filled from the data set; otherwise the rule does not read it and it stays zero.
    reads_target: bool,
    shape: Shape,
}

impl Presentation {
    /// Makes a piece ready for minibatches of `batch` samples; `None` if the rule has no such piece.
    pub(super) fn new(
        model: &dyn Model,
        piece: Piece,
        batch: usize,
        precision: Precision,
        backend: Backend,
    ) -> Result<Option<Self>, SessionError> {
        let Some(program) = model.program(piece, batch, precision) else { return Ok(None) };
        let in_place = piece == Piece::Update;
        Self::of(model, program, (1, batch), backend, in_place).map(Some)
    }

    /// Makes several presentations in a row ready for minibatches of `batch` samples.
    pub(super) fn together(
        model: &dyn Model,
        together: Together,
        batch: usize,
        backend: Backend,
    ) -> Result<Self, SessionError> {
        let Together { program, presentations, joined } = together;
        let minibatches = if joined { (1, presentations * batch) } else { (presentations, batch) };
        Self::of(model, program, minibatches, backend, true)
    }

    /// Makes a program that the pieces are made of ready for minibatches of `batch` samples.
    pub(super) fn other(
        model: &dyn Model,
        program: Program,
        batch: usize,
        backend: Backend,
        in_place: bool,
    ) -> Result<Self, SessionError> {
        Self::of(model, program, (1, batch), backend, in_place)
    }

    /// A program with so many minibatches of so many samples.
    fn of(
        model: &dyn Model,
        program: Program,
        (presentations, batch): (usize, usize),
        backend: Backend,
        in_place: bool,
    ) -> Result<Self, SessionError> {
        let precision = program.precision;
        let sources = sources(model, presentations);
        let source = |name: &String| {
            let unknown = || SessionError::UnknownInput { input: name.to_owned() };
            sources.iter().find(|(known, _)| known == name).map(|&(_, source)| source).ok_or_else(unknown)
        };
        let sources = program.inputs.iter().map(source).collect::<Result<Vec<_>, _>>()?;
        let mut named = sources.iter().zip(&program.inputs);
        let reads_target =
            named.any(|(source, name)| matches!(source, Source::Target(_)) && reads_input(&program, name));
        let goes_on = sources.iter().any(|source| matches!(source, Source::Kept(_)));
        let kept =
            model.kept().iter().filter(|_| goes_on).map(|kept| first(kept, batch, precision)).collect();
        let shape = model.shape();
        let minibatch = |number| {
            let name = |name| input_name(presentations, number, name);
            let dims = |input| program.input(&name(input)).map(|input| program.type_of(input).dims.clone());
            let dims = [(DATA, shape.data(batch)), (TARGET, shape.target(batch))]
                .map(|(input, usual)| dims(input).unwrap_or(usual));
            Minibatch::new(dims, precision)
        };
        let now = Gathered::new((0..presentations).map(minibatch).collect());
        let runner = Runner::with(program, backend, model.choices(), in_place)?;
        Ok(Self { runner, sources, now, ahead: None, batch, kept, reads_target, shape })
    }

    /// The samples of each of its minibatches.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// The piece and its outputs.
    pub(super) fn runner(&self) -> &Runner {
        &self.runner
    }

    /// Whether a data set has what this piece reads.
    pub(super) fn fits(&self, data: &Dataset) -> Result<(), SessionError> {
        let Shape { features, outputs, sequence } = self.shape;
        // A minibatch of so many numbers, and how many there are of each step.
        let steps = |own: bool| sequence.filter(|_| own).map_or(1, |s| s.steps as usize);
        let of_data = steps(sequence.is_some_and(|s| s.data));
        if data.features() != of_data * features {
            return Err(SessionError::FeaturesDiffer { network: features, data: data.features() / of_data });
        }
        let of_target = steps(sequence.is_some_and(|s| s.target));
        match data.outputs() {
            _ if !self.reads_target => Ok(()),
            0 => Err(SessionError::NoTargets),
            _ if let Some(classes) = data.counted_classes().filter(|&classes| classes > outputs) => {
                Err(SessionError::ClassesDiffer { network: outputs, classes })
            }
            found if found != of_target * outputs => {
                Err(SessionError::OutputsDiffer { network: outputs, data: found / of_target })
            }
            _ => Ok(()),
        }
    }

    /// Copies the named samples into the buffers, minibatch after minibatch. The data set must fit, and as many samples as they have.
    /// If they were gathered while something ran, they must be of the same data set.
    pub(super) fn gather(&mut self, data: &Dataset, samples: &[usize]) {
        if let Some(ahead) = self.ahead.as_mut().filter(|ahead| ahead.holds(samples)) {
            std::mem::swap(ahead, &mut self.now);
            return ahead.forget();
        }
        let parts = self.now.parts(data, (samples, self.batch), self.reads_target);
        let gather = |at: usize| parts[at].gather(data);
        match self.runner.pool() {
            Some(pool) => pool.run(parts.len(), &gather),
            None => (0..parts.len()).for_each(gather),
        }
    }

    /// What was gathered ahead is not to be used any more.
    pub(super) fn forget_ahead(&mut self) {
        self.ahead.iter_mut().for_each(Gathered::forget);
    }

    /// The states that the next run goes on from, and those that the last one has left.
    pub(super) fn kept_mut(&mut self) -> &mut [Tensor] {
        &mut self.kept
    }

    /// The targets gathered last, of the first minibatch, one row for each sample.
    pub(super) fn targets(&self) -> &Tensor {
        self.now.minibatches[0].targets(self.reads_target)
    }

    /// Runs the piece on what was gathered, after what has been presented, and puts new parameters and kept states
    /// into the place of those that it renews. Threads that have nothing to do gather what is presented next, if that is known.
    pub(super) fn run(
        &mut self,
        parameters: &mut [Tensor],
        context: Context,
        position: Position,
        next: Option<(&Dataset, &[usize])>,
    ) -> Result<&mut [Tensor], SessionError> {
        self.exchange(parameters);
        let (minibatches, kept) = (&self.now.minibatches, &self.kept);
        let precision = self.runner.program().precision;
        let counts = Count::ALL.map(|c| Tensor::from_f64([], &[position.count(c)], precision));
        let held = |at: usize| self.runner.renewed().iter().any(|&(_, input)| input == at);
        let input = |(_, source): (usize, &Source)| match *source {
            Source::Parameter(at) => &parameters[at],
            Source::Kept(at) => &kept[at],
            Source::Data(at) => &minibatches[at].data,
            Source::Target(at) => &minibatches[at].target,
            Source::Count(count) => &counts[count as usize],
        };
        let sources = self.sources.iter().enumerate().filter(|&(at, _)| !held(at));
        let inputs: Vec<&Tensor> = sources.map(input).collect();
        let pool = self.runner.pool().filter(|pool| pool.threads() > 1).cloned();
        let ran = match (pool, next) {
            (Some(pool), Some((data, samples))) => {
                let ahead = self.ahead.get_or_insert_with(|| self.now.clone());
                let parts = ahead.parts(data, (samples, self.batch), self.reads_target);
                let gather = |at: usize| parts[at].gather(data);
                pool.beside(parts.len(), &gather, || self.runner.run(&inputs, context).map(drop))
            }
            _ => self.runner.run(&inputs, context).map(drop),
        };
        self.exchange(parameters);
        ran?;
        Ok(self.runner.outputs())
    }

    /// Exchanges parameters and kept states and the outputs that renew them.
    fn exchange(&mut self, parameters: &mut [Tensor]) {
        for k in 0..self.runner.renewed().len() {
            let (output, input) = self.runner.renewed()[k];
            let held = match self.sources[input] {
                Source::Parameter(at) => &mut parameters[at],
                Source::Kept(at) => &mut self.kept[at],
                Source::Data(_) | Source::Target(_) | Source::Count(_) => continue,
            };
            std::mem::swap(&mut self.runner.outputs()[output], held);
        }
    }
}

/// What one of so many minibatches' input is called.
fn input_name(minibatches: usize, at: usize, input: &str) -> String {
    if minibatches == 1 { input.to_owned() } else { several::name_in(at, input) }
}

/// The inputs that programs have, by name.
fn sources(model: &dyn Model, presentations: usize) -> Vec<(String, Source)> {
    let parameters = model.parameters().iter().map(|parameter| parameter.name.clone());
    let kept = model.kept().iter().map(|kept| kept.name.clone());
    let presented = (0..presentations).flat_map(|at| {
        let name = |name| input_name(presentations, at, name);
        [(name(DATA), Source::Data(at)), (name(TARGET), Source::Target(at))]
    });
    let held = parameters.enumerate().map(|(at, name)| (name, Source::Parameter(at)));
    let held = held.chain(kept.enumerate().map(|(at, name)| (name, Source::Kept(at))));
    let counts = Count::ALL.map(|count| (count.name().to_owned(), Source::Count(count)));
    presented.chain(counts).chain(held).collect()
}
