//! A value of one kind of owner (unit, synapse, layer) where another is needed.
//!
//! Allowed: `x = W @ below.x`. Forbidden: `x = W` (a matrix of synapses is no unit's value), `W @ above.x` for a
//! synapse from below, `W += lr * x` (which of the two units?).

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

/// Which shapes do not fit.
#[derive(Debug)]
pub enum Shapes {
    /// A weight read by a unit other than through `@`.
    SynapseInUnit {
        /// The synapse.
        synapse: String,
        /// What it carries: `below`.
        from: &'static str,
    },
    /// A unit's variable, without `pre` or `post`, read by a synapse.
    UnitInSynapse {
        /// The variable.
        variable: String,
    },
    /// `pre.x` or `post.x` where no synapse is meant.
    NoSynapseMeant {
        /// `pre` or `post`.
        end: String,
        /// Whether it is in a claim, which a weight would make one about synapses.
        claim: bool,
    },
    /// `W @ above.x` for a synapse that carries something else.
    WrongEnd {
        /// The synapse, with `.T` if read backwards.
        synapse: String,
        /// What it carries in this reading.
        carries: String,
        /// What was asked for.
        asked: String,
        /// Where the synapse is declared.
        declared: Span,
    },
    /// The left side of `@` is not a synapse.
    NotASynapse,
    /// `W @ y` where `y` is the reader's own.
    OwnVariableSent {
        /// The variable.
        variable: String,
        /// What the synapse carries.
        carries: String,
    },
    /// A random number in what stands before `@`.
    DrawnOnTheWay,
    /// A sum over synapses in the equation of a single synapse.
    SumInSynapse,
    /// The weight of a synapse that does not join the two neurons, or not in the direction that is read.
    NoWeight {
        /// The synapse.
        synapse: String,
    },
    /// The trace of another synapse.
    OthersTrace {
        /// The trace, `V.e`.
        trace: String,
    },
    /// The weight of a synapse that joins the two layers, but other pairs of units in them.
    OtherForm {
        /// The synapse.
        synapse: String,
    },
    /// `f(pre.x + post.x)`, `f(1)`, in a synapse `sum(W)`: no layer to take the activation from or to reduce over.
    NoLayer {
        /// The synapse whose weight stands in it, if one does.
        weight: Option<String>,
    },
    /// A cost that draws, or reads other samples.
    NotOfSample,
    /// Something that varies where a constant is needed.
    NotConstant,
    /// `x[phase]` of something that is not a unit's variable or a signal.
    NotStored,
    /// A clamp, an equation or a learning equation that writes the wrong kind of thing.
    NotWritable {
        /// What the name is.
        is: &'static str,
        /// What can be written here.
        wanted: &'static str,
        /// How such a thing does change.
        change: Option<&'static str>,
    },
    /// A bare variable of a unit where no unit is meant: in a signal or a prediction.
    NoUnit {
        /// The variable.
        variable: String,
    },
    /// A per-unit value where one number per sample is needed.
    NotGlobal,
    /// A prediction of a class that is a number of each unit.
    NotOfClass,
    /// A filter called where nothing is learned.
    FilterOutsideLearn,
    /// A random number where nothing says when it is drawn: in a definition, a signal or a prediction.
    DrawOutsideEquation,
    /// `state x = normal()`: a first value that is drawn.
    DrawnFirst {
        /// The state.
        state: String,
    },
    /// `input.x * output.x` in a signal: the layers have different units.
    TwoLayers,
    /// `synapse W : below -> above`: no end is the layer itself.
    NoOwnEnd,
    /// A prediction that is a value of other units than those of the output.
    PredictedElsewhere {
        /// Of which: `hidden`.
        layer: &'static str,
    },
    /// A text where a number is needed.
    Text,
    /// `pre.x.T`, of what is no synapse.
    NothingToTurn,
    /// `neuron I sized above` where several layers are above.
    SizedBySeveral {
        /// The layer below them.
        layer: String,
        /// `above`
        relative: &'static str,
    },
    /// A trace of synapses along a kernel, which depends on both of their ends.
    TracedKernel {
        /// Along which edge.
        edge: String,
    },
    /// `over = W` of something else than a reduction of one value.
    OverSynapses,
    /// `over = self` of something else than units that belong to the reader.
    NotBelonging,
    /// Units of a layer that are no groups of a size.
    NotGrouped {
        /// Their layer.
        layer: String,
        /// What they are: `channels`, if several places have one.
        what: &'static str,
        /// Of which size.
        size: f64,
    },
    /// A kernel between populations of a layer that have other rows or columns.
    OtherPlaces {
        /// The layer.
        layer: String,
    },
    /// A one-to-one projection between groups of different sizes.
    NotOneToOne {
        /// Where: `input->h1`.
        edge: String,
        /// How many presynaptic units.
        pre: usize,
        /// How many postsynaptic units.
        post: usize,
    },
}

/// A value of one kind of owner where another is needed.
#[derive(Debug)]
pub struct ShapeMismatch {
    /// Where it stands.
    pub at: Span,
    /// Which shapes do not fit.
    pub shapes: Shapes,
}

impl Finding for ShapeMismatch {
    fn code(&self) -> &'static str {
        "shape_mismatch"
    }

    fn message(&self) -> String {
        match &self.shapes {
            Shapes::SynapseInUnit { synapse, .. } => {
                format!("`{synapse}` is one number per synapse, and a unit has many")
            }
            Shapes::UnitInSynapse { variable } => {
                format!("`{variable}` belongs to a unit, and a synapse joins two")
            }
            Shapes::NoSynapseMeant { end, .. } => {
                format!("`{end}` is an end of a synapse, and this is about units")
            }
            Shapes::WrongEnd { synapse, carries, .. } => {
                format!("`{synapse}` carries what `{carries}` sends")
            }
            Shapes::NotASynapse => "only an expression of one synapse can stand before `@`".to_owned(),
            Shapes::DrawnOnTheWay => "what a synapse multiplies by is drawn before it transmits".to_owned(),
            Shapes::OwnVariableSent { variable, .. } => {
                format!("`{variable}` is the reader's own, it cannot arrive")
            }
            Shapes::SumInSynapse => {
                "a synapse knows its own two units, not a sum over other synapses".to_owned()
            }
            Shapes::NoWeight { synapse } => {
                format!("no synapse of `{synapse}` joins these two neurons in that direction")
            }
            Shapes::OthersTrace { trace } => format!("the trace `{trace}` is read by its own synapse alone"),
            Shapes::OtherForm { synapse } => {
                format!(
                    "`{synapse}` joins these two layers in another form, and has no weight of these two neurons"
                )
            }
            Shapes::NoLayer { .. } => "it is not clear which layer is meant".to_owned(),
            Shapes::NotOfSample => "a cost is of one sample, and draws nothing".to_owned(),
            Shapes::NotConstant => "a constant is needed here".to_owned(),
            Shapes::NotStored => {
                "only a unit's variable or a signal can be read at the end of a phase".to_owned()
            }
            Shapes::NotWritable { is, wanted, .. } => format!("{is} cannot be written here, only {wanted}"),
            Shapes::NoUnit { variable } => format!("`{variable}` needs a layer"),
            Shapes::NotOfClass => "what speaks for a class is one number, this is one per unit".to_owned(),
            Shapes::NotGlobal => "a signal is one number per sample, this is one per unit".to_owned(),
            Shapes::FilterOutsideLearn => "a filter takes the increment of a learned quantity".to_owned(),
            Shapes::DrawOutsideEquation => "nothing says when this random number is drawn".to_owned(),
            Shapes::DrawnFirst { state } => format!("state `{state}` begins with a constant"),
            Shapes::TwoLayers => "the input and the output layer have different units".to_owned(),
            Shapes::NoOwnEnd => {
                "one end of a synapse is the layer itself, or both are `input` and `output`".to_owned()
            }
            Shapes::PredictedElsewhere { .. } => "a prediction is a value of the output units".to_owned(),
            Shapes::Text => "a number is needed here".to_owned(),
            Shapes::NothingToTurn => "`.T` reads synapses against their direction".to_owned(),
            Shapes::SizedBySeveral { layer, relative } => {
                format!("several layers are {relative} `{layer}`, and a population has one size")
            }
            Shapes::TracedKernel { edge } => {
                format!("synapses along a kernel have traces of one of their ends only, in `{edge}`")
            }
            Shapes::OverSynapses => {
                "a unit takes its synapses together with `sum`, `mean`, `max` or `min` of one value"
                    .to_owned()
            }
            Shapes::NotBelonging => {
                "only units that belong to the reader are taken together `over = self`".to_owned()
            }
            Shapes::NotGrouped { layer, what, size } => {
                format!("the {what} of `{layer}` do not fall into groups of {size}")
            }
            Shapes::OtherPlaces { layer } => {
                format!("a kernel joins populations of the same rows and columns, in `{layer}`")
            }
            Shapes::NotOneToOne { edge, pre, post } => {
                format!("from {pre} units to {post} there is no one-to-one projection, in `{edge}`")
            }
        }
    }

    fn primary(&self) -> Label {
        let text = match &self.shapes {
            Shapes::SynapseInUnit { .. } => "a whole set of synapses".to_owned(),
            Shapes::UnitInSynapse { .. } => "of which unit?".to_owned(),
            Shapes::NoSynapseMeant { .. } => "of which synapse?".to_owned(),
            Shapes::WrongEnd { asked, .. } => format!("`{asked}` is not at its other end"),
            Shapes::NotASynapse => "not of one synapse".to_owned(),
            Shapes::DrawnOnTheWay => "a draw that the synapse does not keep".to_owned(),
            Shapes::OwnVariableSent { .. } => "the reader's, not the sender's".to_owned(),
            Shapes::SumInSynapse => "a sum over synapses".to_owned(),
            Shapes::NoWeight { .. } => "there is no such weight".to_owned(),
            Shapes::OthersTrace { .. } => "read by another synapse".to_owned(),
            Shapes::OtherForm { .. } => "one number for other pairs of units".to_owned(),
            Shapes::NoLayer { .. } => "the argument belongs to no single layer".to_owned(),
            Shapes::NotOfSample => "of other samples, or drawn".to_owned(),
            Shapes::NotConstant => "varies".to_owned(),
            Shapes::NotStored => "not stored".to_owned(),
            Shapes::NotWritable { .. } => "written here".to_owned(),
            Shapes::NoUnit { .. } => "of which layer?".to_owned(),
            Shapes::NotOfClass => "one number per unit".to_owned(),
            Shapes::NotGlobal => "one number per unit".to_owned(),
            Shapes::FilterOutsideLearn => "nothing is learned here".to_owned(),
            Shapes::DrawOutsideEquation => "a definition is re-read at every use".to_owned(),
            Shapes::DrawnFirst { .. } => "a random number".to_owned(),
            Shapes::TwoLayers => "joins values of both".to_owned(),
            Shapes::NoOwnEnd => "neither end is".to_owned(),
            Shapes::PredictedElsewhere { layer } => format!("a value of the {layer} units"),
            Shapes::Text => "a text".to_owned(),
            Shapes::NothingToTurn => "of one unit, not of a synapse".to_owned(),
            Shapes::SizedBySeveral { .. } => "of which size?".to_owned(),
            Shapes::TracedKernel { .. } => "a number for each pair of units".to_owned(),
            Shapes::OverSynapses => "something else".to_owned(),
            Shapes::NotBelonging => "these do not, or not so".to_owned(),
            Shapes::NotGrouped { .. } => "the size of a group".to_owned(),
            Shapes::OtherPlaces { .. } => "these have others".to_owned(),
            Shapes::NotOneToOne { .. } => "one to one".to_owned(),
        };
        Label::new(self.at, text)
    }

    fn secondary(&self) -> Vec<Label> {
        match &self.shapes {
            Shapes::WrongEnd { declared, .. } => vec![Label::new(*declared, "declared here")],
            Shapes::SynapseInUnit { .. }
            | Shapes::UnitInSynapse { .. }
            | Shapes::NoSynapseMeant { .. }
            | Shapes::NotASynapse
            | Shapes::DrawnOnTheWay
            | Shapes::OwnVariableSent { .. }
            | Shapes::SumInSynapse
            | Shapes::NoWeight { .. }
            | Shapes::OtherForm { .. }
            | Shapes::OthersTrace { .. }
            | Shapes::NoLayer { .. }
            | Shapes::NotOfSample
            | Shapes::NotConstant
            | Shapes::NotStored
            | Shapes::NotWritable { .. }
            | Shapes::NoUnit { .. }
            | Shapes::NotGlobal
            | Shapes::NotOfClass
            | Shapes::FilterOutsideLearn
            | Shapes::DrawOutsideEquation
            | Shapes::DrawnFirst { .. }
            | Shapes::TwoLayers
            | Shapes::NoOwnEnd
            | Shapes::PredictedElsewhere { .. }
            | Shapes::Text
            | Shapes::NothingToTurn
            | Shapes::SizedBySeveral { .. }
            | Shapes::TracedKernel { .. }
            | Shapes::OverSynapses
            | Shapes::NotBelonging
            | Shapes::NotGrouped { .. }
            | Shapes::OtherPlaces { .. }
            | Shapes::NotOneToOne { .. } => Vec::new(),
        }
    }

    fn help(&self) -> Option<String> {
        match &self.shapes {
            Shapes::SynapseInUnit { synapse, from } => Some(format!(
                "a unit reads what arrives, `{synapse} @ {from}.…`, or takes its synapses together, `max({synapse}, over = \
                     {synapse})`"
            )),
            Shapes::UnitInSynapse { variable } => {
                Some(format!("write `pre.{variable}` or `post.{variable}`"))
            }
            Shapes::NoSynapseMeant { claim: true, .. } => Some(
                "let the weight of the one that is meant stand in it, as in `post.x - W * pre.x`".to_owned(),
            ),
            Shapes::NoSynapseMeant { .. } => Some(
                "a unit names its own variables `x`, and hears others through synapses, `W @ below.x`"
                    .to_owned(),
            ),
            Shapes::OwnVariableSent { variable, carries } => Some(format!("write `{carries}.{variable}`")),
            Shapes::SumInSynapse => {
                Some("define the sum as a `let` of the neuron and read it as `post.…`".to_owned())
            }
            Shapes::OtherForm { .. } => {
                let help = "all pairs of units, pooled windows, a kernel of a size and one to one are different forms, and a projection \
                            from or to `input` or `output` joins all pairs, whatever the edge does";
                Some(help.to_owned())
            }
            Shapes::NoUnit { variable } => Some(format!("write `output.{variable}`")),
            Shapes::NotGlobal | Shapes::NotOfClass | Shapes::TwoLayers => {
                Some("reduce it over the layer: `sum(…)`, `mean(…)`, `max(…)`".to_owned())
            }
            Shapes::NoLayer { weight: Some(weight) } => Some(format!(
                "what the synapses of a unit have together is that unit's: `let n = sum({weight}, over = {weight})`, or `mean`, `max`, \
                 `min`, and read as `post.n`"
            )),
            Shapes::NotWritable { change: Some(change), .. } => Some((*change).to_owned()),
            Shapes::FilterOutsideLearn => Some("call it in a `learn` block".to_owned()),
            Shapes::DrawOutsideEquation => {
                Some("draw it into a `state` in a phase, and read that".to_owned())
            }
            Shapes::DrawnFirst { state } => Some(format!(
                "draw it in a phase of one step that comes first, `phase begin {{ {state} = normal() }}`"
            )),
            Shapes::DrawnOnTheWay => {
                Some("draw it into a `trace` of the synapse, and multiply by that".to_owned())
            }
            Shapes::OverSynapses => {
                let help = "write `max(W + pre.x, over = W)`, with one argument, or of several sums a function of them";
                Some(help.to_owned())
            }
            Shapes::NotBelonging => {
                let help = "declare `neuron B sized 4 * self`, and write `sum(B.x, over = self)`, `mean`, `max` or `min`";
                Some(help.to_owned())
            }
            Shapes::PredictedElsewhere { .. } => Some("name a variable there, `output.x`".to_owned()),
            Shapes::NothingToTurn => Some(
                "leave it out: a product of both ends, `post.d * pre.x`, is one number for each synapse"
                    .to_owned(),
            ),
            Shapes::NotGrouped { .. } => Some("take a size that divides their number".to_owned()),
            Shapes::WrongEnd { synapse, carries, asked, .. } => {
                let population_alone = carries.ends_with(&format!(".{asked}"));
                population_alone.then(|| format!("write `{synapse} @ {carries}.…`"))
            }
            Shapes::NotASynapse
            | Shapes::NoWeight { .. }
            | Shapes::OthersTrace { .. }
            | Shapes::NoLayer { weight: None }
            | Shapes::NotOfSample
            | Shapes::NotConstant
            | Shapes::NotStored
            | Shapes::NotWritable { change: None, .. }
            | Shapes::NoOwnEnd
            | Shapes::Text
            | Shapes::SizedBySeveral { .. }
            | Shapes::TracedKernel { .. }
            | Shapes::OtherPlaces { .. }
            | Shapes::NotOneToOne { .. } => None,
        }
    }
}
