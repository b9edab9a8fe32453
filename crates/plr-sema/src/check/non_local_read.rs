//! An equation that needs information its owner cannot have, without a licence in the rule's head.
//!
//! Allowed: `hidden d = f'(a) * (B @ above.d)` with `synapse B : above -> self`. Forbidden: `hidden d = f'(a) * (W.T @ above.d)`
//! with `synapse W : below -> self`, unless the head says `allow weight_transport` or `W` is `symmetric`.

use plr_syntax::diagnostic::{Finding, Label};
use plr_syntax::span::Span;

use crate::hir::{Licence, Place};

/// A read that needs a licence.
#[derive(Debug)]
pub struct NonLocalRead {
    /// The sub-expression that reads.
    pub at: Span,
    /// Who reads.
    pub reader: Reader,
    /// The synapse whose equation it is.
    pub own: Option<String>,
    /// The synapse that is read, and where it is declared.
    pub synapse: Option<(String, Span)>,
    /// Whose information it is.
    pub foreign: Foreign,
    /// The licence that would allow it.
    pub licence: Licence,
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A unit.
    Neuron,
    /// A synapse.
    Synapse,
    /// The definition of a global signal.
    Signal,
}

/// Whose information is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The weights of synapses that leave the reader, which exist at their far ends.
    LeavingWeights(Sent),
    /// The weight of the synapse from the postsynaptic neuron back to the presynaptic one.
    ReciprocalWeight,
    /// The weight of another synapse between the same two neurons.
    OtherWeight,
    /// What is of the other synapses that have one end in common with the reader.
    Neighbours(Place),
    /// Values of other samples.
    OtherSamples,
    /// What was at each step of an earlier phase.
    EachStep,
}

/// A synapse that would bring the same values in a local way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// A free name for it.
    pub feedback: String,
    /// Where it would come from: `above`.
    pub from: String,
    /// Where it would go: `self`.
    pub to: String,
    /// The variables that are to be heard.
    pub variables: Vec<String>,
}

impl NonLocalRead {
    fn name(&self) -> &str {
        self.synapse.as_ref().map_or("", |(name, _)| name)
    }
}

impl Finding for NonLocalRead {
    fn code(&self) -> &'static str {
        "non_local_read"
    }

    fn message(&self) -> String {
        let reader = match (self.reader, &self.own) {
            (Reader::Synapse, Some(own)) => format!("a synapse of `{own}`"),
            (Reader::Synapse, None) => "a synapse".to_owned(),
            (Reader::Neuron, _) => "a neuron".to_owned(),
            (Reader::Signal, _) => "a signal of one sample".to_owned(),
        };
        let what = match &self.foreign {
            Foreign::LeavingWeights(_) => "the weights of the synapses that leave it",
            Foreign::ReciprocalWeight => "the weight of the synapse in the other direction",
            Foreign::OtherWeight => "the weight of another synapse",
            Foreign::Neighbours(_) => "the synapses beside it",
            Foreign::OtherSamples => "what happens in other samples",
            Foreign::EachStep => "what was at each step of an earlier phase",
        };
        format!("{reader} cannot know {what}")
    }

    fn primary(&self) -> Label {
        let name = self.name();
        let text = match &self.foreign {
            Foreign::LeavingWeights(_) => {
                format!(
                    "the weights of the `{name}` synapses that leave this neuron, known at their far ends"
                )
            }
            Foreign::ReciprocalWeight => {
                format!(
                    "the weight of the `{name}` synapse from the postsynaptic neuron back to the presynaptic one"
                )
            }
            Foreign::OtherWeight => {
                format!("the weight of the `{name}` synapse between the same two neurons")
            }
            Foreign::Neighbours(end) => {
                let joins = if *end == Place::Post { "end in" } else { "leave" };
                format!("of all `{name}` synapses that {joins} the same neuron")
            }
            Foreign::OtherSamples => "the values of all samples of the minibatch".to_owned(),
            Foreign::EachStep => {
                "one of the values of all its steps, which something must have stored".to_owned()
            }
        };
        Label::new(self.at, text)
    }

    fn secondary(&self) -> Vec<Label> {
        let label = |(name, span): &(String, Span)| match &self.foreign {
            Foreign::LeavingWeights(_) => Label::new(*span, format!("`{name}` works in one direction")),
            Foreign::ReciprocalWeight
            | Foreign::OtherWeight
            | Foreign::Neighbours(_)
            | Foreign::OtherSamples
            | Foreign::EachStep => Label::new(*span, format!("`{name}` is declared here")),
        };
        self.synapse.iter().map(label).collect()
    }

    fn help(&self) -> Option<String> {
        let licence = format!("write `allow {}` in the rule's head", self.licence.name());
        if let Foreign::Neighbours(Place::Post) = &self.foreign {
            let name = self.name();
            return Some(format!(
                "what they make together is the neuron's, `let n = max({name}, over = {name})`, and read as `post.n`; or {licence}"
            ));
        }
        let Foreign::LeavingWeights(sent) = &self.foreign else { return Some(licence) };
        let Sent { feedback, from, to, variables } = sent;
        let value = match variables.as_slice() {
            [only] => format!("{from}.{only}"),
            [] | [_, ..] => "…".to_owned(),
        };
        Some(format!(
            "declare a feedback synapse, `synapse {feedback} : {from} -> {to}`, and write `{feedback} @ {value}`; or declare \
             `{}` `symmetric`; or {licence}",
            self.name()
        ))
    }
}
