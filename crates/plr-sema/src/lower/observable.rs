//! What of a rule is built: that on which something observable depends (R3.8).

use std::collections::HashSet;

use plr_ir::model::{Parameter, Piece};
use plr_ir::{Block, Op, Program, Value};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::audit::reads::{Input, Reader};
use crate::check::never_evaluated::NeverEvaluated;
use crate::equation;
use crate::hir::{Learned, Observed, VariableId};

use super::environment::Unavailable;
use super::setting::{Claims, ParameterId, Setting};
use super::{Specialised, drop_dead_code, reported};

impl Specialised {
    /// Drops the parameters and kept states on which nothing observable depends: starting from what the prediction reads (or,
    /// without one, from the weights that learn or are read, or whatever else learns if they do not), adds what their updates read,
    /// until nothing is new. What the rule says it learns and nothing reads anywhere counts too, where it can learn, and in the setting of
    /// a check what is `fixed` and in the way to what it observes. The masks that are drawn for weights come along (R18.1). Returns the
    /// last update program (R3.8), and what is learned nowhere.
    pub(super) fn keep_observable(&mut self) -> Result<(Program, Vec<NeverEvaluated>), Findings> {
        let everything = std::mem::take(&mut self.parameters);
        self.parameters.clone_from(&everything);
        let predicted = self.trial(&Piece::Predict, None)?;
        let mut marks: Vec<bool> = match &predicted {
            Some(program) => used_inputs(program)[..everything.len()].to_vec(),
            None => self.counted(),
        };
        // The kept states stand behind the parameters, in the inputs of an update behind the minibatch too.
        marks.resize(everything.len() + self.kept.len(), false);
        let mut update = self.add_what_is_read(&mut marks)?;
        let observed = self.setting.observed.iter().filter(|_| self.setting.claims == Claims::Measured);
        let more = std::iter::once(None).chain(observed.map(Some));
        for observed in more {
            let mut more =
                observed.map_or_else(|| self.with_unread(&marks), |o| self.with_observed(o, &marks));
            if more != marks
                && let Ok(of_more) = self.add_what_is_read(&mut more)
            {
                (marks, update) = (more, of_more);
            }
        }
        let masked = self.with_masks(&marks);
        if masked != marks {
            marks = masked;
            update = self.add_what_is_read(&mut marks)?;
        }
        let idle = self.never_learning(&marks);
        let mut of_states = marks.split_off(everything.len()).into_iter();
        self.kept.retain(|_| of_states.next() == Some(true));
        self.parameters =
            everything.into_iter().zip(&marks).filter(|(_, mark)| **mark).map(|(p, _)| p).collect();
        Ok((update, idle))
    }

    /// Marks what the updates of all that is marked read. Returns the last update program.
    fn add_what_is_read(&self, marks: &mut Vec<bool>) -> Result<Program, Findings> {
        loop {
            let Some(update) = self.trial(&Piece::Update, Some(marks))? else {
                unreachable!("every rule has an update")
            };
            let mut used = used_inputs(&update);
            used.drain(self.parameters.len()..update.inputs.len() - self.kept.len());
            let next: Vec<bool> = marks.iter().zip(&used).map(|(&mark, &used)| mark || used).collect();
            if next == *marks {
                return Ok(update);
            }
            *marks = next;
        }
    }

    /// The marks, and one for each parameter that learns where it can and is declared with none that is marked.
    fn with_unread(&self, marks: &[bool]) -> Vec<bool> {
        let read = self.declared(marks);
        let mut more = marks.to_vec();
        for (position, (id, parameter)) in self.parameters.iter().enumerate() {
            let unread = id.learned().is_some_and(|declared| !read.contains(&declared));
            more[position] |= unread && parameter.learned && self.can_learn(position);
        }
        more
    }

    /// The marks, and one for each `fixed` parameter and each kept state in what a check observes. An objective needs all of them, or
    /// it would be another one; a claim is about what is there, as far as anything of it is: it needs those that are declared with
    /// none that is marked.
    fn with_observed(&self, observed: &Observed, marks: &[bool]) -> Vec<bool> {
        let mut more = marks.to_vec();
        let rule = &self.setting.rule;
        let Ok(mut program) = self.trial_builder().observe(observed) else { return more };
        drop_dead_code(&mut program);
        let used = program.inputs.iter().zip(used_inputs(&program)).filter(|(_, used)| *used);
        let used: HashSet<&str> = used.map(|(name, _)| name.as_str()).collect();
        let there = self.declared(marks);
        let wanted = |declared: Learned| {
            rule.is_fixed(declared) && (observed.objective.is_some() || !there.contains(&declared))
        };
        let (parameters, kept) = more.split_at_mut(self.parameters.len());
        for (mark, (id, parameter)) in parameters.iter_mut().zip(&self.parameters) {
            *mark |= id.learned().is_some_and(wanted) && used.contains(parameter.name.as_str());
        }
        for (mark, (_, state)) in kept.iter_mut().zip(&self.kept) {
            *mark |= used.contains(state.name.as_str());
        }
        more
    }

    /// The marks, and one for each mask that is drawn for a marked weight: whoever has the weights alone knows not which of them
    /// there are.
    fn with_masks(&self, marks: &[bool]) -> Vec<bool> {
        let mut more = marks.to_vec();
        for ((id, _), _) in self.parameters.iter().zip(marks).filter(|(_, mark)| **mark) {
            let ParameterId::Weight(synapse, pre, post) = *id else { continue };
            let mask = self.setting.rule.synapses[synapse.0].mask;
            let mask = mask.map(|mask| ParameterId::Weight(mask, pre, post));
            let found = self.parameters.iter().position(|(id, _)| Some(*id) == mask);
            if let Some(at) = found.filter(|&at| self.parameters[at].1.init.is_drawn()) {
                more[at] = true;
            }
        }
        more
    }

    /// What the marked parameters are declared as.
    pub(super) fn declared(&self, marks: &[bool]) -> Vec<Learned> {
        let marked = self.parameters.iter().zip(marks).filter(|(_, mark)| **mark);
        marked.filter_map(|((id, _), _)| id.learned()).collect()
    }

    /// The parameters that count where nothing is predicted: the weights that learn, the fixed ones that something reads and, where
    /// no weights learn, what does and can.
    fn counted(&self) -> Vec<bool> {
        let Setting { rule, library, network, .. } = &self.setting;
        let mut reader = Reader::new(rule, library, network);
        let mut read = HashSet::new();
        let mut reads: Vec<_> = equation::instances(rule, network).iter().map(|i| reader.of(i)).collect();
        for clamp in equation::clamps(rule) {
            let layers = equation::layers(clamp.variable, clamp.role, rule, network);
            reads.extend(layers.into_iter().map(|layer| reader.of_state(layer, clamp)));
        }
        for (input, _) in reads.iter().flat_map(|reads| reads.iter()) {
            if let Input::Weight(synapse, (pre, post)) = input {
                read.insert(ParameterId::Weight(synapse, pre, post));
            }
        }
        let weight = |(id, _): &&(ParameterId, Parameter)| matches!(id, ParameterId::Weight(..));
        let weights_learn = self.parameters.iter().filter(weight).any(|(_, parameter)| parameter.learned);
        let counts = |(position, (id, parameter)): (usize, &(ParameterId, Parameter))| match *id {
            ParameterId::Weight(synapse, ..) => {
                !rule.is_fixed(Learned::Synapse(synapse)) || read.contains(id)
            }
            ParameterId::Unit(..) => !weights_learn && parameter.learned && self.can_learn(position),
            ParameterId::Memory(_) | ParameterId::Updates => false,
        };
        self.parameters.iter().enumerate().map(counts).collect()
    }

    /// Whether all that a parameter learns from has a value.
    fn can_learn(&self, position: usize) -> bool {
        let alone: Vec<bool> = (0..self.parameters.len() + self.kept.len()).map(|i| i == position).collect();
        self.trial(&Piece::Update, Some(&alone)).is_ok()
    }

    /// The state without a value from which a parameter would learn, if that is why it does not, and where it is read.
    pub(super) fn lacking(&self, position: usize) -> Option<(VariableId, Span)> {
        let alone: Vec<bool> = (0..self.parameters.len() + self.kept.len()).map(|i| i == position).collect();
        let missing = self.trial_builder().update(&alone).err()?;
        missing.into_iter().find_map(|missing| {
            if let Unavailable::Unwritten { variable, at, .. } = missing {
                Some((variable, at))
            } else {
                None
            }
        })
    }

    fn trial(&self, piece: &Piece, learned: Option<&[bool]>) -> Result<Option<Program>, Findings> {
        let builder = self.trial_builder();
        let built = match learned {
            Some(learned) => builder.update(learned).map(Some),
            None => builder.build(*piece),
        };
        let mut program = built.map_err(|missing| reported(&missing, &self.setting))?;
        program.iter_mut().for_each(drop_dead_code);
        Ok(program)
    }
}

/// For each input of a program, whether an operation or an output uses it.
pub(super) fn used_inputs(program: &Program) -> Vec<bool> {
    let mut used = vec![false; program.values.len()];
    mark(&program.body, &mut used);
    program.body.parameters.iter().map(|p| used[p.index()]).collect()
}

fn mark(block: &Block, used: &mut [bool]) {
    let mut mark_value = |value: Value| used[value.index()] = true;
    block.results.iter().copied().for_each(&mut mark_value);
    for operation in &block.operations {
        operation.op.for_each_operand(&mut mark_value);
    }
    for operation in &block.operations {
        if let Op::Repeat(repeat) = &operation.op {
            mark(&repeat.body, used);
        }
    }
}
