//! What of a rule is watched along training, in the words of claims (R19.10).

use plr_ir::model::{Measure, Model as _};
use plr_ir::tensor::Data;
use plr_ir::{Tensor, types};
use plr_run::backend::Context;
use plr_run::check::{CheckError, Minibatch, watched};
use plr_run::data::Dataset;
use plr_run::session::Session;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::optimised::Optimised;

/// Samples of the minibatch that is watched, at most.
pub const SAMPLES: usize = 500;

/// Measures that are taken before training and after every epoch.
#[derive(Debug)]
pub struct Watched<'m> {
    model: &'m Optimised,
    /// As written, and what that is.
    measures: Vec<(String, Measure)>,
    /// What was found last, by site.
    last: Vec<Vec<(String, f64)>>,
}

impl<'m> Watched<'m> {
    /// These measures, taken before training.
    ///
    /// # Errors
    /// If one of them cannot be taken.
    pub fn new(
        model: &'m Optimised,
        measures: Vec<(String, Measure)>,
        session: &Session<'_>,
        data: &Dataset,
    ) -> Result<Self, Failure> {
        let mut new = Self { model, measures, last: Vec::new() };
        new.take(session, data)?;
        Ok(new)
    }

    /// Takes them now.
    pub fn take(&mut self, session: &Session<'_>, data: &Dataset) -> Result<(), Failure> {
        let minibatch = minibatch(session, self.model, data, SAMPLES);
        let options = session.options();
        let context = Context { seed: options.seed, update: session.position().updates as u32 };
        let found = self.measures.iter().map(|(_, measure)| {
            watched(self.model, measure, options.backend, session.parameters(), &minibatch, context)
        });
        self.last = found.collect::<Result<_, CheckError>>().map_err(Failure::Check)?;
        Ok(())
    }

    /// What was found last: the measure, the site, the number.
    fn all(&self) -> impl Iterator<Item = (&str, &str, f64)> {
        self.measures.iter().zip(&self.last).flat_map(|((text, _), sites)| {
            sites.iter().map(move |(site, number)| (text.as_str(), site.as_str(), *number))
        })
    }

    /// The heads of columns: no comma stands in them.
    pub fn columns(&self) -> Vec<String> {
        self.all().map(|(text, site, _)| format!("{text} {site}").replace(',', ";")).collect()
    }

    /// What was found last, a cell for each of [`Self::columns`].
    pub fn cells(&self) -> Vec<String> {
        self.all().map(|(_, _, number)| number.to_string()).collect()
    }

    /// What was found last, `   mean(x) 0.125 h1 0.5 output`.
    pub fn words(&self) -> String {
        let each = |((text, _), sites): (&(String, Measure), &Vec<(String, f64)>)| {
            let sites: Vec<String> =
                sites.iter().map(|(site, number)| format!(" {number:.4e} {site}")).collect();
            format!("   {text}{}", sites.concat())
        };
        self.measures.iter().zip(&self.last).map(each).collect()
    }

    /// What was found last, as an object.
    pub fn json(&self) -> Value {
        let each = |((text, _), sites): (&(String, Measure), &Vec<(String, f64)>)| {
            let sites: Map<_, _> = sites.iter().map(|(site, number)| (site.clone(), json!(number))).collect();
            (text.clone(), Value::from(sites))
        };
        Value::from(self.measures.iter().zip(&self.last).map(each).collect::<Map<_, _>>())
    }
}

/// The first samples of a data set, at most so many, as what is presented next. Targets of another shape are none.
pub fn minibatch(session: &Session<'_>, model: &Optimised, data: &Dataset, most: usize) -> Minibatch {
    let options = session.options();
    let indices: Vec<usize> = (0..data.samples().min(most)).collect();
    let shape = model.shape();
    let mut inputs = Tensor::zeros(shape.data(indices.len()), options.precision);
    let mut targets = Tensor::zeros(shape.target(indices.len()), options.precision);
    let mut none = Tensor::zeros([indices.len(), data.outputs()], options.precision);
    let fits = data.outputs() == types::count(&shape.target(1));
    let filled = if fits { &mut targets } else { &mut none };
    match (&mut inputs.data, &mut filled.data) {
        (Data::F32(inputs), Data::F32(targets)) => data.gather(&indices, inputs, targets),
        (Data::F64(inputs), Data::F64(targets)) => data.gather(&indices, inputs, targets),
        (Data::F32(_), Data::F64(_)) | (Data::F64(_), Data::F32(_)) => {
            unreachable!("both arrays were made in one precision")
        }
    }
    Minibatch { position: session.position(), ..Minibatch::new(inputs, targets) }
}
