//! One piece of a rule made ready for one minibatch size, with the buffers its minibatches are gathered into.

use plr_ir::model::{Count, Model, Piece, Shape};
use plr_ir::tensor::Data;
use plr_ir::{Precision, Tensor};

use super::Position;
use super::error::SessionError;
use super::tables::first;
use crate::backend::{Backend, Context, Runner, reads_input};
use crate::data::Dataset;

/// Where an input of a program comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The parameter at that place of the model's list.
    Parameter(usize),
    /// The kept state at that place of the model's list.
    Kept(usize),
    Data,
    Target,
    Count(Count),
}

/// A piece of a rule, ready to be run on minibatches of one size.
#[derive(Debug)]
pub(super) struct Presentation {
    runner: Runner,
    sources: Vec<Source>,
    data: Tensor,
    target: Tensor,
    /// What earlier presentations have left of the kept states, if the piece goes on from it.
    kept: Vec<Tensor>,
    /// Whether `target` is filled from the data set; otherwise the rule does not read it and it stays zero.
    reads_target: bool,
    shape: Shape,
    /// The data set's targets where the rule does not read them.
    spare: Tensor,
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
        let reads_target = reads_input(&program, "target");
        let sources = program.inputs.iter().map(|name| source(model, name)).collect::<Result<Vec<_>, _>>()?;
        let goes_on = sources.iter().any(|source| matches!(source, Source::Kept(_)));
        let kept =
            model.kept().iter().filter(|_| goes_on).map(|kept| first(kept, batch, precision)).collect();
        let shape = model.shape();
        let runner = Runner::with(program, backend, model.choices(), piece == Piece::Update)?;
        Ok(Some(Self {
            runner,
            sources,
            data: Tensor::zeros(shape.data(batch), precision),
            target: Tensor::zeros(shape.target(batch), precision),
            kept,
            reads_target,
            shape,
            spare: Tensor::zeros([batch, 0], precision),
        }))
    }

    /// The minibatch size.
    pub(super) fn batch(&self) -> usize {
        self.data.dims[0]
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
            found if found != of_target * outputs => {
                Err(SessionError::OutputsDiffer { network: outputs, data: found / of_target })
            }
            _ => Ok(()),
        }
    }

    /// Copies the named samples into the buffers. The data set must fit, and as many samples as the minibatch has.
    pub(super) fn gather(&mut self, data: &Dataset, samples: &[usize]) {
        let target = if self.reads_target { &mut self.target } else { &mut self.spare };
        if target.count() != samples.len() * data.outputs() {
            *target = Tensor::zeros([samples.len(), data.outputs()], target.precision());
        }
        match (&mut self.data.data, &mut target.data) {
            (Data::F32(inputs), Data::F32(targets)) => data.gather(samples, inputs, targets),
            (Data::F64(inputs), Data::F64(targets)) => data.gather(samples, inputs, targets),
            (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => {
                unreachable!("both buffers were made in one precision")
            }
        }
    }

    /// The states that the next run goes on from, and those that the last one has left.
    pub(super) fn kept_mut(&mut self) -> &mut [Tensor] {
        &mut self.kept
    }

    /// The targets gathered last, one row for each sample.
    pub(super) fn targets(&self) -> &Tensor {
        if self.reads_target { &self.target } else { &self.spare }
    }

    /// Runs the piece on the gathered minibatch, after what has been presented, and puts new parameters and kept states
    /// into the place of those that it renews.
    pub(super) fn run(
        &mut self,
        parameters: &mut [Tensor],
        context: Context,
        position: Position,
    ) -> Result<&mut [Tensor], SessionError> {
        self.exchange(parameters);
        let (data, target, kept) = (&self.data, &self.target, &self.kept);
        let counts = Count::ALL.map(|c| Tensor::from_f64([], &[position.count(c)], data.precision()));
        let held = |at: usize| self.runner.renewed().iter().any(|&(_, input)| input == at);
        let input = |(_, source): (usize, &Source)| match *source {
            Source::Parameter(at) => &parameters[at],
            Source::Kept(at) => &kept[at],
            Source::Data => data,
            Source::Target => target,
            Source::Count(count) => &counts[count as usize],
        };
        let sources = self.sources.iter().enumerate().filter(|&(at, _)| !held(at));
        let inputs: Vec<&Tensor> = sources.map(input).collect();
        let ran = self.runner.run(&inputs, context).map(drop);
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
                Source::Data | Source::Target | Source::Count(_) => continue,
            };
            std::mem::swap(&mut self.runner.outputs()[output], held);
        }
    }
}

fn source(model: &dyn Model, name: &str) -> Result<Source, SessionError> {
    match name {
        "data" => Ok(Source::Data),
        "target" => Ok(Source::Target),
        _ if let Some(count) = Count::named(name) => Ok(Source::Count(count)),
        _ => {
            let parameter = model.parameters().iter().position(|parameter| parameter.name == name);
            let kept = model.kept().iter().position(|kept| kept.name == name);
            let unknown = || SessionError::UnknownInput { input: name.to_owned() };
            parameter.map(Source::Parameter).or_else(|| kept.map(Source::Kept)).ok_or_else(unknown)
        }
    }
}
