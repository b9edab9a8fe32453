//! How well a rule predicts.

use plr_ir::Tensor;

use super::Session;
use super::error::SessionError;
use super::presentation::Presentation;
use crate::data::{Dataset, Epoch};
use crate::metrics;

/// Samples are evaluated together in groups of at most this many, whatever the minibatch size of training.
const LARGEST_GROUP: usize = 500;
/// A group of this many is worth running: below it a rest is compiled apart.
const SMALLEST_GROUP: usize = 50;

/// How well a rule predicts the targets of a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The number of samples.
    pub samples: usize,
    /// The mean loss per sample.
    pub loss: f64,
    /// The fraction of predictions, one for each sample or for each of its steps, whose largest is the class; `None` without
    /// classes.
    pub accuracy: Option<f64>,
}

/// What a rule predicts for each sample of a data set, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// `[samples, outputs]` or, predicted at every step, `[samples, steps, outputs]`.
    pub predictions: Tensor,
    /// What each is compared with, `[samples, outputs]`, classes as a single 1, or with steps of their own.
    pub targets: Tensor,
}

/// Sums over the samples seen so far.
#[derive(Default)]
struct Tally {
    loss: f64,
    correct: usize,
    predictions: usize,
    /// The dimensions of one prediction and one target, and all of their numbers, if they are wanted.
    each: Option<[(Vec<usize>, Vec<f64>); 2]>,
}

impl Session<'_> {
    /// Predicts every sample with the present parameters; `None` if the rule has no prediction or the data nothing to
    /// compare it with.
    ///
    /// # Errors
    /// If the data does not fit the network or the loss is not finite.
    pub fn evaluate(&mut self, data: &Dataset) -> Result<Option<Evaluation>, SessionError> {
        let samples = data.samples();
        let Some(tally) = self.tally(data, Tally::default())? else { return Ok(None) };
        let loss = tally.loss / samples as f64;
        if !loss.is_finite() {
            return Err(SessionError::LossNotFinite { loss, updates: self.position.updates });
        }
        let accuracy = data.classes().map(|_| tally.correct as f64 / tally.predictions as f64);
        Ok(Some(Evaluation { samples, loss, accuracy }))
    }

    /// What is predicted for every sample with the present parameters; `None` as [`Self::evaluate`].
    ///
    /// # Errors
    /// If the data does not fit the network.
    pub fn predictions(&mut self, data: &Dataset) -> Result<Option<Predictions>, SessionError> {
        let wanted = Tally { each: Some(Default::default()), ..Tally::default() };
        let tally = self.tally(data, wanted)?;
        let precision = self.options.precision;
        let all = |(dims, numbers): (Vec<usize>, Vec<f64>)| {
            let dims: Vec<usize> = std::iter::once(data.samples()).chain(dims).collect();
            Tensor::from_f64(dims, &numbers, precision)
        };
        Ok(tally.and_then(|tally| tally.each).map(|[predictions, targets]| Predictions {
            predictions: all(predictions),
            targets: all(targets),
        }))
    }

    /// Sees that what is predicted for samples can be compared with their targets, if there is anything to compare.
    ///
    /// # Errors
    /// If the data does not fit the network.
    pub fn can_evaluate(&mut self, data: &Dataset) -> Result<(), SessionError> {
        let group = group_size(data.samples());
        if data.outputs() == 0 || !self.prepare_evaluation(group)? {
            return Ok(());
        }
        self.evaluators.get(&group).map_or(Ok(()), |evaluator| evaluator.fits(data))
    }

    /// Goes through all samples, group after group; `None` if there is nothing to evaluate.
    fn tally(&mut self, data: &Dataset, mut tally: Tally) -> Result<Option<Tally>, SessionError> {
        let samples = data.samples();
        for group in Epoch::in_order(samples, group_size(samples)).batches() {
            if !self.evaluate_group(data, group, &mut tally)? {
                return Ok(None);
            }
        }
        Ok(Some(tally))
    }

    /// Adds the samples of one group; false if there is nothing to evaluate.
    fn evaluate_group(
        &mut self,
        data: &Dataset,
        group: &[usize],
        tally: &mut Tally,
    ) -> Result<bool, SessionError> {
        let context = self.context();
        if data.outputs() == 0 || !self.prepare_evaluation(group.len())? {
            return Ok(false);
        }
        let Some(evaluator) = self.evaluators.get_mut(&group.len()) else { return Ok(false) };
        evaluator.fits(data)?;
        evaluator.gather(data, group);
        evaluator.run(&mut self.parameters, context, self.position, None)?;
        let losses = output(evaluator, "loss")?.to_f64();
        let predicted = output(evaluator, "prediction")?;
        let predictions = predicted.to_f64();
        tally.loss += losses.iter().sum::<f64>();
        let targets = evaluator.targets().to_f64();
        if let Some(each) = &mut tally.each {
            let found = [(predicted, &predictions), (evaluator.targets(), &targets)];
            for ((dims, all), (tensor, numbers)) in each.iter_mut().zip(found) {
                *dims = tensor.dims[1..].to_vec();
                all.extend_from_slice(numbers);
            }
        }
        let per_sample = predictions.len() / group.len();
        if let Some(classes) = data.classes().filter(|&classes| per_sample.is_multiple_of(classes)) {
            for (made, target) in predictions.chunks(per_sample).zip(targets.chunks(data.outputs())) {
                // Of predictions at every step each counts, also of a sample with one class; the one at the end is for the last step.
                let target = match target.len() < per_sample {
                    true => target.repeat(per_sample / target.len()),
                    false => target[target.len() - per_sample..].to_vec(),
                };
                tally.correct += metrics::correct(made, &target, classes);
            }
            tally.predictions += predictions.len() / classes;
        }
        Ok(true)
    }
}

fn output<'a>(evaluator: &'a Presentation, name: &str) -> Result<&'a Tensor, SessionError> {
    evaluator.runner().output(name).ok_or_else(|| SessionError::MissingOutput { output: name.to_owned() })
}

/// The largest size that divides the samples into equal groups, so that only one is compiled; if there is no good one,
/// the last group is smaller.
fn group_size(samples: usize) -> usize {
    let sizes = (SMALLEST_GROUP..=LARGEST_GROUP.min(samples)).rev();
    sizes.into_iter().find(|&size| samples.is_multiple_of(size)).unwrap_or(LARGEST_GROUP.min(samples))
}

#[cfg(test)]
mod tests {
    use super::group_size;

    #[test]
    fn groups_divide_the_samples_where_they_can() {
        assert_eq!(group_size(3000), 500);
        assert_eq!(group_size(10_000), 500);
        assert_eq!(group_size(1_998), 333);
        assert_eq!(group_size(1_009), 500);
        assert_eq!(group_size(7), 7);
        assert_eq!(group_size(1), 1);
    }
}
