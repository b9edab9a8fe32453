//! A rule and what it declares.

use super::{Call, Check, Expr, Learn, Name, Phase, Predict, Role, Setting};
use crate::span::Span;

/// `rule Name(parameters) allow a, b { members }`
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The rule's name.
    pub name: Name,
    /// Hyper-parameters with defaults.
    pub parameters: Vec<Setting>,
    /// The licences in the head: `allow weight_transport`.
    pub allow: Vec<Name>,
    /// The members in the order of the text.
    pub members: Vec<Member>,
    /// The whole item.
    pub span: Span,
}

/// A member of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// `neuron P { … }`
    Neuron(Neuron),
    /// `synapse W : below -> self = glorot(), fixed`
    Synapse(Synapse),
    /// `signal R = …`
    Signal(Signal),
    /// `phase free (steps = 30) { … }`
    Phase(Phase),
    /// `learn { … }`
    Learn(Learn),
    /// `predict output.x after forward`
    Predict(Predict),
    /// `check gradient after forward { … }`
    Check(Check),
    /// Text that did not parse.
    Error(Span),
}

/// `neuron P sized above { state x;  let u = …;  param b = 0 }`: a population that exists once in every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Neuron {
    /// The population's name; `None` for the only, unnamed one.
    pub name: Option<Name>,
    /// The layer whose size it has, or its number of units; that of its own layer if absent.
    pub size: Option<Expr>,
    /// Its variables.
    pub variables: Vec<Variable>,
    /// The whole member.
    pub span: Span,
}

/// A variable of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// What it is.
    pub kind: VariableKind,
    /// `hidden let e = …`: which layers the definition is for; `None` for all.
    pub role: Option<(Role, Span)>,
    /// `fixed param g = …`, `carried state s = …`
    pub modifier: Option<(Modifier, Span)>,
    /// Its name.
    pub name: Name,
    /// Reset value of a state, initial value of a parameter, definition of a `let`.
    pub value: Option<Expr>,
}

impl Variable {
    /// Where it is said that it is not learned.
    pub fn fixed(&self) -> Option<Span> {
        self.modifier.filter(|(modifier, _)| *modifier == Modifier::Fixed).map(|(_, span)| span)
    }

    /// From where to where its values are kept, if that is longer than a presentation.
    pub fn kept(&self) -> Option<Keeping> {
        match self.modifier {
            Some((Modifier::Kept(keeping), _)) => Some(keeping),
            Some((Modifier::Fixed, _)) | None => None,
        }
    }
}

/// What a word before `state` or `param` says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `fixed param`: it is not learned.
    Fixed,
    /// `persistent state`, `carried trace`: it outlives the presentation.
    Kept(Keeping),
}

/// To which presentation a state goes on from this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// `persistent`: to the next one of the same sample.
    Sample,
    /// `carried`: to the next one at the same place in a minibatch.
    Place,
}

impl Keeping {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sample => "persistent",
            Self::Place => "carried",
        }
    }
}

/// The kinds of variables of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// One value per unit and sample.
    State,
    /// A definition, re-read at each use.
    Let,
    /// One value per unit or synapse, shared by samples and kept between presentations.
    Param,
    /// One value per synapse and sample.
    Trace,
}

/// `synapse W : from -> to = init, attribute, …`
#[derive(Clone, Debug, PartialEq)]
pub struct Synapse {
    /// The weight's name.
    pub name: Name,
    /// The presynaptic side.
    pub from: Endpoint,
    /// The postsynaptic side.
    pub to: Endpoint,
    /// The initialiser, a call such as `glorot()` or a number.
    pub init: Option<Expr>,
    /// `fixed`, `symmetric`, `in [0, 1]`, …
    pub attributes: Vec<Call>,
    /// `{ param m = 0 }`: further quantities of each synapse.
    pub variables: Vec<Variable>,
    /// The whole member.
    pub span: Span,
}

/// `below`, `above.P`, `self`, `input`, `output`, or a population's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// The layer word or the population's name.
    pub head: Name,
    /// The population after a dot.
    pub population: Option<Name>,
}

/// `signal R = …`: a global scalar per sample, heard by everyone.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Its name.
    pub name: Name,
    /// Its definition.
    pub value: Expr,
}
