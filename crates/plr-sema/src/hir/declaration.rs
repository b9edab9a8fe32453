//! What a rule declares: its numbers, populations, variables, synapses and signals.

use plr_syntax::ast::{Keeping, Role};
use plr_syntax::span::Span;

use super::{Expr, Initialiser, PopulationId, SynapseId};

/// A number in a rule's head.
#[derive(Clone, Debug)]
pub struct HyperParameter {
    /// Its name.
    pub name: String,
    /// Its default; may use the hyper-parameters before it.
    pub default: Expr,
    /// Where it is declared.
    pub span: Span,
}

/// Permission for a kind of non-local read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Licence {
    /// Reading synapses backwards that are not `symmetric`.
    WeightTransport,
    /// Reading, in a synapse's equation, the weight of another synapse.
    OtherSynapse,
    /// Reductions over the samples of a minibatch in an equation.
    BatchStatistics,
    /// Values of each step of an earlier phase.
    StoredTrajectory,
}

impl Licence {
    /// All licences.
    pub const ALL: [Self; 4] =
        [Self::WeightTransport, Self::OtherSynapse, Self::BatchStatistics, Self::StoredTrajectory];

    /// Its name after `allow`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WeightTransport => "weight_transport",
            Self::OtherSynapse => "other_synapse",
            Self::BatchStatistics => "batch_statistics",
            Self::StoredTrajectory => "stored_trajectory",
        }
    }
}

/// A population that exists once in every layer (R3.1).
#[derive(Clone, Debug)]
pub struct Population {
    /// Its name; `None` for the only, unnamed one.
    pub name: Option<String>,
    /// How many units it has.
    pub size: Size,
    /// The number that is written in its size, a constant.
    pub number: Option<Expr>,
    /// Where it is declared.
    pub span: Span,
}

/// How many units a population has in a layer (R3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As many as the layer.
    Layer,
    /// As many as another layer.
    Like(Relative),
    /// So many times as many as a layer.
    Times(Relative, usize),
    /// That many.
    Count(usize),
}

/// A variable of a population.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub population: PopulationId,
    /// What it is.
    pub kind: VariableKind,
    /// It is a `param` that is not learned.
    pub fixed: Option<Span>,
    /// It is a `state` that goes on to another presentation (R3.11).
    pub kept: Option<Keeping>,
    /// Where its name is declared.
    pub span: Span,
}

/// What a variable is.
#[derive(Clone, Debug)]
pub enum VariableKind {
    /// One value per unit and sample; reset to the given constant at the start of a presentation if there is one.
    State(Option<Expr>),
    /// Definitions, each for the layers of a role or for all; the first that fits a layer holds there.
    Let(Vec<(Option<Role>, Expr)>),
    /// One value per unit, kept between presentations (R3.7).
    Param(Initialiser),
}

/// A projection.
#[derive(Clone, Debug)]
pub struct Synapse {
    /// Its name.
    pub name: String,
    /// The presynaptic side.
    pub from: Endpoint,
    /// The postsynaptic side.
    pub to: Endpoint,
    /// The law of its first weights.
    pub init: Initialiser,
    /// It is not learned.
    pub fixed: Option<Span>,
    /// It is one physical, bidirectional synapse (R4.6).
    pub symmetric: Option<Span>,
    /// Each unit is joined with the one in its place only (R4.9).
    pub one_to_one: bool,
    /// The rows, and columns, of its kernel, if it has one of its own (R4.16).
    pub kernel: Option<usize>,
    /// It transmits what was there before the step (R20.5).
    pub delayed: bool,
    /// The synapse of which this is a further quantity, beside the weight.
    pub beside: Option<SynapseId>,
    /// It is one number for each synapse and sample, which begins a presentation with this constant (R20.9).
    pub trace: Option<Expr>,
    /// It is a trace that goes on to another presentation (R20.13).
    pub kept: Option<Keeping>,
    /// Where its weights stay, constants.
    pub bounds: Option<(Expr, Expr)>,
    /// The quantity beside it that its weights are multiplied by whenever they are set (R4.11).
    pub mask: Option<SynapseId>,
    /// Where its name is declared.
    pub span: Span,
}

impl Synapse {
    /// The sides of the projection that would carry the same things the other way: those of `above -> self` for `below -> self`.
    pub fn mirrored(&self) -> (Endpoint, Endpoint) {
        let (from, to) = match (self.from.layer, self.to.layer) {
            (Relative::Below, Relative::Own) => (Relative::Above, Relative::Own),
            (Relative::Above, Relative::Own) => (Relative::Below, Relative::Own),
            (Relative::Own, Relative::Below) => (Relative::Own, Relative::Above),
            (Relative::Own, Relative::Above) => (Relative::Own, Relative::Below),
            (from, to) => (to, from),
        };
        (
            Endpoint { layer: from, population: self.to.population },
            Endpoint { layer: to, population: self.from.population },
        )
    }

    /// Whether another's weights are those against the direction of this one, as they stand in its equations (R5.6).
    pub fn runs_against(&self, other: &Self) -> bool {
        let own = seen_from_end(self.from, self.to);
        let (from, to) = other.mirrored();
        own == seen_from_end(from, to) && own != seen_from_end(other.from, other.to)
    }
}

/// The sides of a projection as the layer sees them in which it ends: `self -> below` is `above -> self` there.
fn seen_from_end(from: Endpoint, to: Endpoint) -> (Endpoint, Endpoint) {
    let seen = match (from.layer, to.layer) {
        (Relative::Own, Relative::Below) => Relative::Above,
        (Relative::Own, Relative::Above) => Relative::Below,
        _ => return (from, to),
    };
    (Endpoint { layer: seen, ..from }, Endpoint { layer: Relative::Own, ..to })
}

/// One side of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The layer, relative to the projection's own.
    pub layer: Relative,
    /// The population there.
    pub population: PopulationId,
}

/// A layer, relative to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relative {
    /// The layers that send forward edges here.
    Below,
    /// The layers that receive forward edges from here.
    Above,
    /// The same layer.
    Own,
    /// The network's input layer.
    Input,
    /// The network's output layer.
    Output,
}

impl Relative {
    /// All of them.
    const ALL: [Self; 5] = [Self::Below, Self::Above, Self::Own, Self::Input, Self::Output];

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relative| relative.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::Above => "above",
            Self::Own => "self",
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// A global scalar per sample (R10.1).
#[derive(Clone, Debug)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// Its definition, over the input and output layers.
    pub value: Expr,
    /// Where its name is declared.
    pub span: Span,
}
