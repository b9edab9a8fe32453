//! Experiments.

use super::{Call, Expectation, Expr, Name, NetworkRef};
use crate::span::Span;

/// `experiment name { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its name.
    pub name: Name,
    /// Its clauses in the order of the text.
    pub clauses: Vec<Clause>,
    /// The whole item.
    pub span: Span,
}

/// A clause of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// `rule CentredEP(beta = 0.2)`
    Rule(Call),
    /// `network …`
    Network(NetworkRef),
    /// `cost half_squared_error`
    Cost(Name),
    /// `optimiser adam(lr = 1e-3)`
    Optimiser(Call),
    /// `data idx("data/mnist")`
    Data(Call),
    /// `validation 10000`: how many training samples are held out
    Validation(Expr),
    /// `batch 20`
    Batch(Expr),
    /// `epochs 25`
    Epochs(Expr),
    /// `updates 1000`
    Updates(Expr),
    /// `seed 1`
    Seed(Expr),
    /// `time 10`: how many steps each sample is shown for
    Time(Expr),
    /// `precision f64`
    Precision(Name),
    /// `expect accuracy > 0.9`
    Expect(Box<Expectation>),
    /// `lr input->h1 = 0.1, h1->output = 0.05`: a hyper-parameter's value on single edges or layers
    PerSite(Name, Vec<SiteSetting>),
    /// Text that did not parse.
    Error(Span),
}

/// `input->h1 = 0.1` or `h1 = 0.1`
#[derive(Clone, Debug, PartialEq)]
pub struct SiteSetting {
    /// The edge's source, or the layer.
    pub from: Name,
    /// The edge's target; `None` for a layer.
    pub to: Option<Name>,
    /// The value there.
    pub value: Expr,
}
