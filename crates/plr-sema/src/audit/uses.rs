//! Which information an equation uses, use by use, each with the text that asks for it.

use std::collections::HashSet;

use plr_syntax::ast::Role;
use plr_syntax::span::Span;

use super::subject::Subject;
use crate::equation::{self, Site};
use crate::group::{Evaluator, Group};
use crate::hir::{
    Expr, ExprKind, Function, Part, Past, Place, PopulationId, Rule, Share, SignalId, SynapseId, VariableId,
    VariableKind,
};
use crate::network::Network;
use crate::resolve::Library;

/// A piece of information.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Information {
    /// A variable of the unit itself, of an end of the synapse itself, or, in a signal, of the input or output layer.
    Variable {
        /// Whose; never [`Place::Sender`].
        place: Place,
        /// Which.
        variable: VariableId,
        /// When, if not now.
        phase: Option<Past>,
    },
    /// A variable of the units at the far ends of synapses.
    Sent {
        /// Through which synapse it is heard.
        synapse: SynapseId,
        /// Against its direction.
        transposed: bool,
        /// Which.
        variable: VariableId,
        /// When, if not now.
        phase: Option<Past>,
    },
    /// A variable of units of another population of the layer: of those that belong to this one, or of the one to which it does.
    Beside {
        /// Whether they belong to this one.
        members: bool,
        /// Which.
        variable: VariableId,
        /// When, if not now.
        phase: Option<Past>,
    },
    /// The weights by which arrivals are weighted: of the synapses that end here or, transposed, of those that leave here.
    Arrival {
        /// Of which synapse.
        synapse: SynapseId,
        /// Against its direction.
        transposed: bool,
    },
    /// In a synapse's equation, a weight.
    Weight {
        /// Of which synapse.
        synapse: SynapseId,
        /// Of the reciprocal one.
        transposed: bool,
    },
    /// In a synapse's equation, its trace, now or in the past.
    Trace(SynapseId, Option<Past>),
    /// In a synapse's equation, the synapses that leave the same unit or, at the other end, end in it.
    Neighbours(SynapseId, Place),
    /// A global signal.
    Signal(SignalId, Option<Past>),
    /// All units of a layer, by a layer-wide reduction, a rank or a running sum.
    Layer,
    /// So many units of a layer, by a reduction, a rank or a running sum over groups of them.
    Group(usize),
    /// All samples of the minibatch.
    Batch,
    /// The input of the sample.
    Data,
    /// The target of the sample.
    Target,
}

impl Information {
    /// When it is known of, if that is not now.
    pub fn past(self) -> Option<Past> {
        match self {
            Self::Variable { phase, .. }
            | Self::Sent { phase, .. }
            | Self::Beside { phase, .. }
            | Self::Trace(_, phase)
            | Self::Signal(_, phase) => phase,
            Self::Arrival { .. }
            | Self::Weight { .. }
            | Self::Neighbours(..)
            | Self::Layer
            | Self::Group(_)
            | Self::Batch
            | Self::Data
            | Self::Target => None,
        }
    }
}

/// A piece of information and who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Use {
    /// What is used.
    pub information: Information,
    /// The sub-expression that asks for it.
    pub span: Span,
}

/// The uses of a subject: at a site of a network, or, without one, at any site of any network whose layers all have
/// element-wise activations. The definitions of the subject's own unit are followed, those of other units are not.
pub fn uses(subject: Subject<'_>, rule: &Rule, library: &Library, at: Option<(&Network, Site)>) -> Vec<Use> {
    let (units, pre) = match at.map(|(_, site)| subject.evaluator(rule, site)) {
        None | Some(Evaluator::Nobody) => (Vec::new(), Vec::new()),
        Some(Evaluator::Unit(own)) => (vec![own], Vec::new()),
        Some(Evaluator::Synapse(_, pre, post)) => (vec![post], vec![pre]),
    };
    let network = at.map(|(network, _)| network);
    let mut walk = Walk {
        rule,
        library,
        network,
        role: subject.role(),
        units,
        pre,
        followed: HashSet::new(),
        found: Vec::new(),
        known: HashSet::new(),
    };
    walk.visit(subject.value(), Through { synapse: None, crossing: None, beside: None, phase: None });
    walk.found
}

/// How the walk came to an expression.
#[derive(Clone, Copy)]
struct Through {
    /// Inside what is sent through a synapse, against its direction or not.
    synapse: Option<(SynapseId, bool)>,
    /// Inside what a synapse multiplies by what is sent.
    crossing: Option<Crossing>,
    /// Inside what units beside the evaluator have, and whether they belong to it.
    beside: Option<bool>,
    /// Inside a definition of the past.
    phase: Option<Past>,
}

/// An arrival.
#[derive(Clone, Copy)]
struct Crossing {
    synapse: SynapseId,
    transposed: bool,
    /// The whole of it.
    span: Span,
}

struct Walk<'a> {
    rule: &'a Rule,
    library: &'a Library,
    network: Option<&'a Network>,
    /// The layers the subject is for, where there is no network.
    role: Option<Role>,
    /// The units that evaluate the expression; several groups while inside what is sent.
    units: Vec<Group>,
    /// The presynaptic units.
    pre: Vec<Group>,
    followed: HashSet<(VariableId, Option<Past>)>,
    /// In the order in which they are met.
    found: Vec<Use>,
    /// The same.
    known: HashSet<Use>,
}

impl<'a> Walk<'a> {
    fn push(&mut self, information: Information, span: Span) {
        let found = Use { information, span };
        if self.known.insert(found) {
            self.found.push(found);
        }
    }

    fn visit(&mut self, expr: &'a Expr, through: Through) {
        match &expr.kind {
            &ExprKind::Variable { place, variable, past } => {
                self.variable(
                    place,
                    variable,
                    expr.span,
                    Through { phase: past.or(through.phase), ..through },
                );
            }
            &ExprKind::Weight { synapse, transposed } => self.weight(synapse, transposed, expr.span, through),
            &ExprKind::Trace(synapse, phase) => {
                self.trace(synapse, phase.or(through.phase), expr.span, through)
            }
            ExprKind::Arrive { synapse, transposed, weight, sent, .. } => {
                let crossing = Crossing { synapse: *synapse, transposed: *transposed, span: expr.span };
                self.arrive(crossing, weight, sent, through);
            }
            ExprKind::Beside { population, together, value } => {
                self.beside(*population, together.is_some(), value, through);
            }
            &ExprKind::Over(Part::Synapses(synapse, end), ref reduced) => {
                let own = |crossing: Crossing| (end == Place::Post) != crossing.transposed;
                if !through.crossing.is_some_and(own) {
                    self.push(Information::Neighbours(synapse, end), expr.span);
                }
                reduced.for_each_child(|child| self.visit(child, through));
            }
            ExprKind::Over(part @ Part::Groups(_), reduced) => {
                if let Share::Groups { size, .. } = self.rule.share(part, self.library) {
                    self.push(Information::Group(size as usize), expr.span);
                }
                if let ExprKind::Call { function, .. } = &reduced.kind
                    && self.library.functions[function.0].of_batch
                {
                    self.push(Information::Batch, expr.span);
                }
                reduced.for_each_child(|child| self.visit(child, through));
            }
            &ExprKind::Signal(signal, phase) => {
                self.push(Information::Signal(signal, phase.or(through.phase)), expr.span)
            }
            ExprKind::Data => self.push(Information::Data, expr.span),
            ExprKind::Target => self.push(Information::Target, expr.span),
            ExprKind::Layer(..) | ExprKind::Rank(_) => self.push(Information::Layer, expr.span),
            ExprKind::RunningSum(summed) => {
                self.push(Information::Layer, expr.span);
                for synapse in summed.weights() {
                    self.push(Information::Neighbours(synapse, Place::Pre), expr.span);
                }
            }
            ExprKind::Batch(..) | ExprKind::Shift(_) | ExprKind::Shuffle(_) => {
                self.push(Information::Batch, expr.span)
            }
            ExprKind::Activation { argument, .. } => self.activation(argument, expr.span),
            ExprKind::Cost { of_drive, argument, .. } => {
                self.push(Information::Target, expr.span);
                if self.library.has_wide_cost() {
                    self.push(Information::Layer, expr.span);
                }
                if *of_drive {
                    self.activation(argument, expr.span);
                }
            }
            ExprKind::Call { function, .. } => self.call(&self.library.functions[function.0], expr.span),
            ExprKind::Number(_)
            | ExprKind::Hyper(_)
            | ExprKind::Argument(_)
            | ExprKind::Setting(_)
            | ExprKind::Filtered { .. }
            | ExprKind::Updates
            | ExprKind::Count(_)
            | ExprKind::Time { .. }
            | ExprKind::Distance { .. }
            | ExprKind::Coordinate { .. }
            | ExprKind::Draw(_)
            | ExprKind::Cut(_)
            | ExprKind::Increment(_)
            | ExprKind::Over(..)
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::PoissonQuantile(..)
            | ExprKind::Compare(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Not(_)
            | ExprKind::If(..) => {}
        }
        let visited = matches!(
            expr.kind,
            ExprKind::Arrive { .. }
                | ExprKind::Beside { .. }
                | ExprKind::Over(Part::Groups(_) | Part::Synapses(..), _)
        );
        if !visited {
            expr.for_each_child(|child| self.visit(child, through));
        }
    }

    /// The weight, or trace, that a synapse reads or by which it multiplies what it transmits.
    fn weight(&mut self, synapse: SynapseId, reciprocal: bool, span: Span, through: Through) {
        match through.crossing {
            Some(Crossing { transposed, span, .. }) => {
                self.push(Information::Arrival { synapse, transposed }, span)
            }
            None => self.push(Information::Weight { synapse, transposed: reciprocal }, span),
        }
    }

    /// The trace that a synapse reads or by which it multiplies what it transmits. What is remembered is news in any case.
    fn trace(&mut self, trace: SynapseId, phase: Option<Past>, span: Span, through: Through) {
        if through.crossing.is_some() {
            self.weight(trace, false, span, through);
        }
        if through.crossing.is_none() || phase.is_some() {
            self.push(Information::Trace(trace, phase), span);
        }
    }

    /// What units beside the evaluator have is theirs, as what is sent is the sender's.
    fn beside(&mut self, population: PopulationId, members: bool, value: &'a Expr, through: Through) {
        let others = self.units.iter().map(|own| Group { population, ..*own }).collect();
        let own = std::mem::replace(&mut self.units, others);
        self.visit(value, Through { beside: Some(members), ..through });
        self.units = own;
    }

    /// Whether what arrives goes to the largest of windows, of which a unit must know whether it is that.
    fn goes_to_largest(&self, crossing: Crossing) -> bool {
        let Some(network) = self.network else { return false };
        let Crossing { synapse, transposed, .. } = crossing;
        self.rule.instances(network, synapse).into_iter().any(|pair| {
            let (pre, post) = self.rule.joined(synapse, pair);
            let along = self.rule.along(network, synapse, pair);
            self.units.contains(if transposed { &pre } else { &post })
                && along.is_some_and(|along| along.brings_down_largest(transposed))
        })
    }

    /// What stands before `@` is the synapse's, and what stands behind it the sender's.
    fn arrive(&mut self, crossing: Crossing, weight: &'a Expr, sent: &'a Expr, through: Through) {
        let senders = self.senders(crossing.synapse, crossing.transposed);
        let receivers = self.units.clone();
        let ends = if crossing.transposed {
            (receivers.clone(), senders.clone())
        } else {
            (senders.clone(), receivers.clone())
        };
        if self.goes_to_largest(crossing) {
            self.push(Information::Layer, crossing.span);
        }
        // Through the synapse it comes all the same.
        if weight.weights().is_empty() {
            let Crossing { synapse, transposed, span } = crossing;
            self.push(Information::Arrival { synapse, transposed }, span);
        }
        (self.pre, self.units) = ends;
        self.visit(weight, Through { crossing: Some(crossing), ..through });
        (self.pre, self.units) = (Vec::new(), senders);
        self.visit(sent, Through { synapse: Some((crossing.synapse, crossing.transposed)), ..through });
        self.units = receivers;
    }

    /// A variable of an end of a synapse by which it multiplies what it transmits: the own unit's, or one that is heard as what
    /// is sent is.
    fn at_end(
        &mut self,
        crossing: Crossing,
        place: Place,
        variable: VariableId,
        span: Span,
        through: Through,
    ) {
        let Crossing { synapse, transposed, .. } = crossing;
        if (place == Place::Pre) != transposed {
            self.push(Information::Sent { synapse, transposed, variable, phase: through.phase }, span);
            return;
        }
        let ends = (self.pre.clone(), self.units.clone());
        if transposed {
            std::mem::swap(&mut self.pre, &mut self.units);
        }
        self.variable(Place::Own, variable, span, Through { crossing: None, ..through });
        (self.pre, self.units) = ends;
    }

    fn variable(&mut self, place: Place, variable: VariableId, span: Span, through: Through) {
        if let (Some(crossing), Place::Pre | Place::Post) = (through.crossing, place) {
            return self.at_end(crossing, place, variable, span, through);
        }
        let phase = through.phase;
        if let (Place::Sender, Some(members)) = (place, through.beside) {
            return self.push(Information::Beside { members, variable, phase }, span);
        }
        match (place, through.synapse) {
            (Place::Sender, Some((synapse, transposed))) => {
                self.push(Information::Sent { synapse, transposed, variable, phase }, span);
            }
            (Place::Own, None) if matches!(self.rule.variables[variable.0].kind, VariableKind::Let(_)) => {
                self.follow(variable, phase);
            }
            (
                Place::Own
                | Place::Pre
                | Place::Post
                | Place::Sender
                | Place::Input
                | Place::Output
                | Place::Hidden,
                _,
            ) => {
                self.push(Information::Variable { place, variable, phase }, span);
            }
        }
    }

    /// The definitions of the own unit's variable that may hold here.
    fn follow(&mut self, variable: VariableId, phase: Option<Past>) {
        if !self.followed.insert((variable, phase)) {
            return;
        }
        let kind = &self.rule.variables[variable.0].kind;
        let VariableKind::Let(definitions) = kind else { return };
        let may_hold = |(role, value): &'a (Option<Role>, Expr)| match self.network {
            Some(network) => self.units.iter().any(|&Group { layer, .. }| {
                equation::definition(kind, network, layer).is_some_and(|holds| std::ptr::eq(holds, value))
            }),
            None => role.is_none() || self.role.is_none() || *role == self.role,
        };
        let values: Vec<_> = definitions.iter().filter(|d| may_hold(d)).map(|(_, value)| value).collect();
        for value in values {
            self.visit(value, Through { synapse: None, crossing: None, beside: None, phase });
        }
    }

    fn senders(&self, synapse: SynapseId, transposed: bool) -> Vec<Group> {
        let Some(network) = self.network else { return Vec::new() };
        let instances = self.rule.instances(network, synapse).into_iter();
        let ends = instances.map(|pair| self.rule.joined(synapse, pair));
        let ends = ends.map(|(pre, post)| if transposed { (pre, post) } else { (post, pre) });
        ends.filter(|(near, _)| self.units.contains(near)).map(|(_, far)| far).collect()
    }

    /// An activation is layer-wide where the layer's function is.
    fn activation(&mut self, argument: &Expr, span: Span) {
        let Some(network) = self.network else { return };
        let groups = match argument.first_variable() {
            Some((Place::Pre, _)) => self.pre.clone(),
            Some((Place::Input, variable)) => {
                network.inputs().into_iter().map(|layer| self.rule.group(variable, layer)).collect()
            }
            Some((Place::Output, variable)) => vec![self.rule.group(variable, network.output())],
            Some((Place::Hidden, variable)) => {
                let hidden =
                    (0..network.layers.len()).filter(|&layer| network.layers[layer].role == Role::Hidden);
                hidden.map(|layer| self.rule.group(variable, layer)).collect()
            }
            Some((Place::Own | Place::Post | Place::Sender, _)) | None => self.units.clone(),
        };
        for group in groups {
            if let Some(activation) = self.rule.activation(network, group) {
                self.call(&self.library.functions[activation.function.0], span);
            }
        }
    }

    fn call(&mut self, function: &Function, span: Span) {
        if function.layer_wide {
            self.push(Information::Layer, span);
        }
        if function.of_batch {
            self.push(Information::Batch, span);
        }
    }
}
