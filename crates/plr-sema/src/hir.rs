//! A rule with every name resolved: what the audit reads and what lowering walks.
//!
//! Places are relative ("the sender", "the postsynaptic unit"): nothing here knows a network. Expressions form a tree;
//! calls of user functions are kept as calls, so that an argument is written and evaluated once.

mod declaration;
mod expression;
mod function;
mod initialiser;
mod place;
mod script;
mod walk;

use plr_syntax::span::Span;

use crate::resolve::{Constants, Library, constant};

pub use declaration::{
    Endpoint, HyperParameter, Licence, Population, Relative, Signal, Size, Synapse, Variable, VariableKind,
};
pub use expression::{Expr, ExprKind, Past};
pub use function::{Cost, Filter, Function};
pub use initialiser::Initialiser;
pub use place::{Coordinate, Part, Place, Reduction, Share};
pub use script::{
    Act, Dynamics, Integrator, Learned, Observed, Phase, Plasticity, Predict, Statement, Tracing, opened,
};

/// Defines positions in lists, each of a type of its own.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub usize);
    )*};
}

ids! {
    /// Position in [`Rule::hyper_parameters`].
    HyperId,
    /// Position in [`Rule::populations`].
    PopulationId,
    /// Position in [`Rule::variables`].
    VariableId,
    /// Position in [`Rule::synapses`].
    SynapseId,
    /// Position in [`Rule::signals`].
    SignalId,
    /// Position in [`Rule::phases`].
    PhaseId,
    /// Position in [`Rule::plasticity`].
    PlasticityId,
    /// Position in the list of filters of a file, those of the library first.
    FilterId,
    /// Position in the list of functions of a file, the prelude's first.
    FunctionId,
}

impl PopulationId {
    /// No population of the rule: the units of a layer as the network has them, which are told the sample.
    pub const LAYER: Self = Self(usize::MAX);
}

/// A resolved rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// The numbers in its head.
    pub hyper_parameters: Vec<HyperParameter>,
    /// The licences in its head.
    pub licences: Vec<(Licence, Span)>,
    /// Its populations.
    pub populations: Vec<Population>,
    /// The variables of all populations.
    pub variables: Vec<Variable>,
    /// Its synapses.
    pub synapses: Vec<Synapse>,
    /// Its global signals.
    pub signals: Vec<Signal>,
    /// Its phases, in the order of the text.
    pub phases: Vec<Phase>,
    /// Its plasticity, in the order of the text.
    pub plasticity: Vec<Plasticity>,
    /// One presentation: what happens, in the order of the text.
    pub script: Vec<Act>,
    /// What it predicts.
    pub predict: Option<Predict>,
    /// The values of its hyper-parameters, by which populations have their sizes: those of its head or, in a setting, others.
    pub constants: Constants,
}

impl Rule {
    /// Whether a phase of it goes through the steps of a sample.
    pub fn over_time(&self) -> bool {
        self.phases.iter().any(|phase| phase.over_time)
    }

    /// `W`, or `W.m` of a number that `W` has beside its weight (R4.3).
    pub fn synapse_name(&self, synapse: SynapseId) -> String {
        let declared = &self.synapses[synapse.0];
        match declared.beside {
            Some(weight) => format!("{}.{}", self.synapses[weight.0].name, declared.name),
            None => declared.name.clone(),
        }
    }

    /// `x`, or `P.x` in a named population.
    pub fn variable_name(&self, variable: VariableId) -> String {
        let variable = &self.variables[variable.0];
        match &self.populations[variable.population.0].name {
            Some(population) => format!("{population}.{}", variable.name),
            None => variable.name.clone(),
        }
    }

    /// `W`, `W.m`, `b`, `P.b`
    pub fn learned_name(&self, target: Learned) -> String {
        match target {
            Learned::Synapse(synapse) => self.synapse_name(synapse),
            Learned::Unit(variable) => self.variable_name(variable),
        }
    }

    /// The name of a parameter, and where it is declared.
    pub fn declaration(&self, parameter: Learned) -> (String, Span) {
        match parameter {
            Learned::Synapse(synapse) => (self.synapse_name(synapse), self.synapses[synapse.0].span),
            Learned::Unit(variable) => {
                let variable = &self.variables[variable.0];
                (variable.name.clone(), variable.span)
            }
        }
    }

    /// What a part of a layer is here.
    pub fn share(&self, part: &Part, library: &Library) -> Share {
        match part {
            Part::Channels => Share::Channels,
            Part::Places => Share::Places,
            Part::Synapses(_, end) => Share::Synapses(*end),
            Part::Groups(size) => Share::Groups {
                size: constant(size, &self.constants, library).unwrap_or(f64::NAN),
                at: size.span,
            },
        }
    }

    /// Whether several units of one population belong to each unit of another (R5.22).
    pub fn belongs(&self, member: PopulationId, owner: PopulationId) -> bool {
        let Size::Times(layer, _) = self.size(member) else { return false };
        match self.size(owner) {
            Size::Layer => layer == Relative::Own,
            Size::Like(other) => layer == other,
            Size::Times(..) | Size::Count(_) => false,
        }
    }

    /// Whether something is declared `fixed` (R4.5).
    pub fn is_fixed(&self, learned: Learned) -> bool {
        match learned {
            Learned::Synapse(synapse) => self.synapses[synapse.0].fixed.is_some(),
            Learned::Unit(variable) => self.variables[variable.0].fixed.is_some(),
        }
    }

    /// The synapse itself of one of its quantities.
    pub fn weight_of(&self, synapse: SynapseId) -> SynapseId {
        self.synapses[synapse.0].beside.unwrap_or(synapse)
    }
}
