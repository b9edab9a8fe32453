//! What an equation reads, in the words of someone who knows neurons but not this compiler.

use super::subject::Subject;
use super::uses::{Information, Use};
use crate::hir::{Endpoint, Past, Place, Relative, Rule, SynapseId, VariableId};

/// `own a, b`, `d of the layer above through B`, `pre.x, post.d`, …: each piece of information once, in the order of use.
pub fn reads(rule: &Rule, subject: Subject<'_>, uses: &[Use]) -> Vec<String> {
    let mut own = Vec::new();
    let mut others = Vec::new();
    for used in uses {
        let text = if let Information::Variable { place: Place::Own, variable, phase } = used.information {
            Some((&mut own, at_phase(rule, variable, phase)))
        } else if let Information::Weight { synapse, transposed: false } = used.information
            && subject.synapse() == Some(synapse)
        {
            Some((&mut own, rule.synapses[synapse.0].name.clone()))
        } else if let Information::Trace(trace, phase) = used.information {
            let name = trace_at(rule, trace, phase);
            Some(match subject.synapse() {
                Some(own_trace) if own_trace == trace => (&mut own, name),
                Some(_) => (&mut others, format!("its trace {name}")),
                None => (&mut others, format!("the traces {name} of its synapses")),
            })
        } else {
            foreign(rule, used.information, uses).map(|text| (&mut others, text))
        };
        if let Some((list, text)) = text
            && !list.contains(&text)
        {
            list.push(text);
        }
    }
    let own = (!own.is_empty()).then(|| format!("own {}", own.join(", ")));
    own.into_iter().chain(others).collect()
}

/// The values that must be remembered from the end of a phase: `s[free]`.
pub fn memory(rule: &Rule, uses: &[Use]) -> Vec<String> {
    let mut memory = Vec::new();
    for used in uses {
        let text = match used.information {
            Information::Variable { variable, phase: Some(phase), .. }
            | Information::Sent { variable, phase: Some(phase), .. }
            | Information::Beside { variable, phase: Some(phase), .. } => {
                at_phase(rule, variable, Some(phase))
            }
            Information::Signal(signal, Some(phase)) => {
                format!("{}[{}]", rule.signals[signal.0].name, phase.name(rule))
            }
            Information::Trace(trace, phase @ Some(_)) => trace_at(rule, trace, phase),
            Information::Variable { phase: None, .. }
            | Information::Sent { phase: None, .. }
            | Information::Trace(_, None)
            | Information::Beside { phase: None, .. }
            | Information::Signal(_, None)
            | Information::Arrival { .. }
            | Information::Weight { .. }
            | Information::Neighbours(..)
            | Information::Layer
            | Information::Group(_)
            | Information::Batch
            | Information::Data
            | Information::Target => continue,
        };
        if !memory.contains(&text) {
            memory.push(text);
        }
    }
    memory
}

/// What is not the reader's own; `None` if another piece of information says it.
fn foreign(rule: &Rule, information: Information, uses: &[Use]) -> Option<String> {
    Some(match information {
        Information::Variable { place, variable, phase } => {
            let place = match place {
                Place::Own | Place::Sender => "own",
                Place::Pre => "pre",
                Place::Post => "post",
                Place::Input => "input",
                Place::Output => "output",
                Place::Hidden => "hidden",
            };
            format!("{place}.{}", at_phase(rule, variable, phase))
        }
        // Weights are mentioned with what they weight, traces with whose they are.
        Information::Sent { .. } | Information::Trace(..) => return None,
        Information::Arrival { synapse, transposed } => arrival(rule, synapse, transposed, uses),
        Information::Weight { synapse, transposed } => {
            let name = &rule.synapses[synapse.0].name;
            if transposed {
                format!("the reciprocal weight {name}")
            } else {
                format!("the weight {name} beside it")
            }
        }
        Information::Neighbours(synapse, end) => {
            let joins = if end == Place::Post { "into" } else { "from" };
            format!("the weights {} {joins} the same unit", rule.synapses[synapse.0].name)
        }
        Information::Signal(signal, None) => format!("the signal {}", rule.signals[signal.0].name),
        Information::Signal(signal, Some(phase)) => {
            format!("the signal {}[{}]", rule.signals[signal.0].name, phase.name(rule))
        }
        Information::Layer => "a whole layer".to_owned(),
        Information::Group(size) => format!("its group of {size} units"),
        Information::Beside { members, .. } => beside(rule, members, uses),
        Information::Batch => "the whole minibatch".to_owned(),
        Information::Data => "its input".to_owned(),
        Information::Target => "its target".to_owned(),
    })
}

/// `B.v, B.b of the units that belong to it`
fn beside(rule: &Rule, members: bool, uses: &[Use]) -> String {
    let mut heard = Vec::new();
    for used in uses {
        if let Information::Beside { members: same, variable, phase } = used.information
            && same == members
        {
            let text = at_phase(rule, variable, phase);
            if !heard.contains(&text) {
                heard.push(text);
            }
        }
    }
    let whose = if members { "the units that belong to it" } else { "the unit to which it belongs" };
    format!("{} of {whose}", heard.join(", "))
}

/// `s, b of the layer below through W`; against its direction, `… backwards through W`.
fn arrival(rule: &Rule, synapse: SynapseId, transposed: bool, uses: &[Use]) -> String {
    let mut sent = Vec::new();
    for used in uses {
        if let Information::Sent { synapse: s, transposed: t, variable, phase } = used.information
            && (s, t) == (synapse, transposed)
        {
            let text = at_phase(rule, variable, phase);
            if !sent.contains(&text) {
                sent.push(text);
            }
        }
    }
    let what = if sent.is_empty() { "a constant".to_owned() } else { sent.join(", ") };
    let backwards = if transposed { "backwards " } else { "" };
    format!(
        "{what} of {} {backwards}through {}",
        sender(rule, synapse, transposed),
        rule.synapse_name(synapse)
    )
}

/// The layer at the far end of a synapse, from where it is read.
fn sender(rule: &Rule, synapse: SynapseId, transposed: bool) -> &'static str {
    let synapse = &rule.synapses[synapse.0];
    let (near, far) = if transposed { (synapse.from, synapse.to) } else { (synapse.to, synapse.from) };
    match (near.layer, far.layer) {
        (_, Relative::Below) | (Relative::Above, _) => "the layer below",
        (_, Relative::Above) | (Relative::Below, _) => "the layer above",
        (_, Relative::Input) => "the input layer",
        (_, Relative::Output) => "the output layer",
        (Relative::Own, Relative::Own) => "its own layer",
        (Relative::Input | Relative::Output, Relative::Own) => "all other layers",
    }
}

/// The endpoints of the synapse that would carry the same things the other way: `above`, `self` for `below -> self`.
pub(super) fn mirrored(rule: &Rule, synapse: SynapseId) -> (String, String) {
    let (from, to) = rule.synapses[synapse.0].mirrored();
    (endpoint(rule, from), endpoint(rule, to))
}

fn endpoint(rule: &Rule, end: Endpoint) -> String {
    match (end.layer, &rule.populations[end.population.0].name) {
        (Relative::Own, Some(population)) => population.clone(),
        (layer, Some(population)) => format!("{}.{population}", layer.word()),
        (layer, None) => layer.word().to_owned(),
    }
}

fn at_phase(rule: &Rule, variable: VariableId, phase: Option<Past>) -> String {
    let name = rule.variable_name(variable);
    match phase {
        Some(phase) => format!("{name}[{}]", phase.name(rule)),
        None => name,
    }
}

fn trace_at(rule: &Rule, trace: SynapseId, phase: Option<Past>) -> String {
    let name = &rule.synapses[trace.0].name;
    match phase {
        Some(phase) => format!("{name}[{}]", phase.name(rule)),
        None => name.clone(),
    }
}
