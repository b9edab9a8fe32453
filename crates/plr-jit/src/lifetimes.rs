//! When each value is alive.
//!
//! Time counts tasks in program order; a loop takes a moment to begin and one to end. A value lives from the moment it is
//! defined to the moment of its last use, and, if a loop uses it that it was defined outside of, to that loop's end.

use plr_ir::program::Value;

use crate::lower::{Lowered, RepeatTask, Task};

/// Moments, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// The moment of definition.
    pub(crate) start: u32,
    /// The moment of the last use.
    pub(crate) end: u32,
}

impl Lifetime {
    /// How many moments two lifetimes have in common.
    pub(crate) fn shared_with(self, other: Self) -> u32 {
        (self.end.min(other.end) + 1).saturating_sub(self.start.max(other.start))
    }
}

/// The lifetimes of a program's values.
#[derive(Debug)]
pub(crate) struct Lifetimes {
    /// By value; `None` for values without memory of their own.
    of: Vec<Option<Lifetime>>,
    /// The moments of begin and end of each loop, by the first parameter it carries.
    loops: Vec<(Value, Lifetime)>,
    /// What has been used since the innermost open loop began.
    used: Vec<Value>,
    /// Slices that are read where they are, in order, and of what they are.
    views: Vec<(Value, Value)>,
    now: u32,
}

impl Lifetimes {
    /// Of a lowered program: inputs live from the beginning, those that are not renewed and outputs to the end.
    pub(crate) fn of(lowered: &Lowered) -> Self {
        let mut lifetimes = Self {
            of: vec![None; lowered.types.len()],
            loops: Vec::new(),
            used: Vec::new(),
            views: Vec::new(),
            now: 0,
        };
        lowered.inputs.iter().for_each(|&value| lifetimes.define(value));
        lifetimes.tasks(&lowered.tasks);
        lifetimes.now += 1;
        let kept = lowered
            .inputs
            .iter()
            .enumerate()
            .filter(|(i, _)| lowered.renewed.iter().all(|(renewed, _)| renewed != i));
        kept.map(|(_, value)| value).chain(&lowered.outputs).for_each(|&value| lifetimes.use_(value));
        lifetimes
    }

    /// The lifetime of a value, if it has memory of its own.
    pub(crate) fn get(&self, value: Value) -> Option<Lifetime> {
        self.of[value.index()]
    }

    /// Whether the value is read where another has it.
    pub(crate) fn is_view(&self, value: Value) -> bool {
        self.viewed(value).is_some()
    }

    /// The values that are read where others have them.
    pub(crate) fn views(&self) -> impl Iterator<Item = Value> {
        self.views.iter().map(|&(view, _)| view)
    }

    /// Where a view is.
    fn viewed(&self, view: Value) -> Option<Value> {
        self.views.iter().find(|(known, _)| *known == view).map(|&(_, whole)| whole)
    }

    /// From begin to end of a loop that carries anything.
    pub(crate) fn of_loop(&self, repeat: &RepeatTask) -> Option<Lifetime> {
        let first = repeat.carried.first()?.parameter;
        self.loops.iter().find(|(value, _)| *value == first).map(|&(_, lifetime)| lifetime)
    }

    fn define(&mut self, value: Value) {
        self.of[value.index()] = Some(Lifetime { start: self.now, end: self.now });
    }

    fn use_(&mut self, value: Value) {
        self.extend(value, self.now);
        self.used.push(value);
        if let Some(whole) = self.viewed(value) {
            // Nothing that uses a view may write over what it is a part of.
            self.extend(whole, self.now + 1);
            self.use_(whole);
        }
    }

    fn extend(&mut self, value: Value, moment: u32) {
        match &mut self.of[value.index()] {
            Some(lifetime) => lifetime.end = lifetime.end.max(moment),
            None => unreachable!("{value} is used before it is defined"),
        }
    }

    fn tasks(&mut self, tasks: &[Task]) {
        for task in tasks {
            self.now += 1;
            task.operands().into_iter().for_each(|value| self.use_(value));
            if let Task::Repeat(repeat) = task {
                self.repeat(repeat);
            }
            task.results().into_iter().for_each(|value| self.define(value));
            if let Task::View { from, result } = task {
                self.views.push((*result, from.whole));
            }
        }
    }

    fn repeat(&mut self, repeat: &RepeatTask) {
        let start = self.now;
        repeat.carried.iter().for_each(|c| self.define(c.parameter));
        let used_before = std::mem::take(&mut self.used);
        self.tasks(&repeat.body);
        self.now += 1;
        let end = self.now;
        repeat.carried.iter().for_each(|c| self.use_(c.next));
        repeat.until.iter().for_each(|until| self.use_(until.residual));
        let used = std::mem::replace(&mut self.used, used_before);
        for value in used {
            if self.get(value).is_some_and(|lifetime| lifetime.start < start) {
                self.use_(value);
            }
        }
        if let Some(first) = repeat.carried.first() {
            self.loops.push((first.parameter, Lifetime { start, end }));
        }
    }
}
