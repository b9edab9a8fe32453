//! Which values share memory, and where it is.
//!
//! Inputs are read where the caller has them, and outputs written where the caller wants them; everything else lives in
//! one arena. A *buffer* is the memory of one or more values that are never alive together:
//!
//! * what a loop carries has one buffer, before, during and after the loop, if the next value can be computed over
//!   the present one; otherwise the next value has a second buffer, and the two change roles after each step;
//! * an element-wise result may be written over an input whose last use it is;
//! * an output that renews an input is written over it, if that is so possible, and else copied there in the end;
//! * a tensor with a slice replaced may be in the memory of the tensor, where a loop carries it;
//! * a slice that is read where it is has a buffer that is part of the tensor's.
//!
//! Two buffers have the same place in the arena if their values are never alive together either. Buffers that change roles
//! count as alive whenever one of them is.

use std::collections::{HashMap, HashSet};

use plr_ir::Precision;
use plr_ir::program::Value;

use crate::lifetimes::{Lifetime, Lifetimes};
use crate::lower::{Carried, Lowered, MapTask, RepeatTask, Task};

/// A buffer's number, `@4` in the printed plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Buffer(pub(crate) u32);

impl Buffer {
    /// The position in [`Memory::places`].
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a buffer is when a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the caller's input of that number.
    Input(usize),
    /// In the caller's output of that number.
    Output(usize),
    /// In the arena, that many bytes from its beginning.
    Arena(usize),
    /// Inside of another buffer: a step says where.
    View,
}

/// The memory of a program.
#[derive(Debug)]
pub(crate) struct Memory {
    /// By value; `None` for values without memory.
    of: Vec<Option<Buffer>>,
    /// By buffer.
    pub(crate) places: Vec<Place>,
    /// Bytes of each buffer.
    pub(crate) bytes: Vec<usize>,
    /// Bytes of the arena.
    pub(crate) arena: usize,
}

/// Places in the arena begin at multiples of this, a cache line.
pub(crate) const ALIGNMENT: usize = 64;

impl Memory {
    /// Decides about all values of a lowered program.
    pub(crate) fn plan(lowered: &Lowered, precision: Precision) -> Self {
        let lifetimes = Lifetimes::of(lowered);
        let mut sharing = Sharing::new(lowered, &lifetimes);
        sharing.rows(&lowered.tasks);
        sharing.loops(&lowered.tasks);
        sharing.renewals();
        sharing.overwrites(&lowered.tasks);
        sharing.swaps(&lowered.tasks);
        sharing.place(lowered, precision)
    }

    /// The buffer of a value, if it is in memory.
    pub(crate) fn find(&self, value: Value) -> Option<Buffer> {
        self.of[value.index()]
    }

    /// The buffer of a value.
    pub(crate) fn buffer(&self, value: Value) -> Buffer {
        match self.of[value.index()] {
            Some(buffer) => buffer,
            None => unreachable!("{value} has no memory"),
        }
    }
}

/// Values that share memory.
#[derive(Debug, Default)]
struct Class {
    members: Vec<Value>,
    /// When the class counts as alive: the lifetimes of its members, and more if it swaps.
    alive: Vec<Lifetime>,
    /// Classes that swap with each other have one number, that of one of them.
    swapping: usize,
}

/// Classes being formed.
struct Sharing<'a> {
    lifetimes: &'a Lifetimes,
    /// By value; `None` for program inputs that are kept, for views and for values without memory.
    class_of: Vec<Option<usize>>,
    classes: Vec<Class>,
    /// Pairs that may share memory although the first ends at the moment the second starts.
    meeting: HashSet<(Value, Value)>,
    /// Inputs, and the outputs that take the memory of them.
    renewed: Vec<(Value, Value)>,
    /// See [`Lowered::aligned`].
    aligned: &'a HashMap<Value, usize>,
}

impl<'a> Sharing<'a> {
    fn new(lowered: &'a Lowered, lifetimes: &'a Lifetimes) -> Self {
        let renewed =
            lowered.renewed.iter().map(|&(input, output)| (lowered.inputs[input], lowered.outputs[output]));
        let mut sharing = Self {
            lifetimes,
            class_of: vec![None; lowered.types.len()],
            classes: Vec::new(),
            meeting: HashSet::new(),
            renewed: renewed.collect(),
            aligned: &lowered.aligned,
        };
        for value in (0..lowered.types.len()).map(|i| Value(i as u32)) {
            let input = lowered.inputs.iter().position(|&input| input == value);
            let kept = input.is_some_and(|i| lowered.renewed.iter().all(|&(renewed, _)| renewed != i));
            let in_another = kept || lifetimes.is_view(value);
            let Some(lifetime) = lifetimes.get(value).filter(|_| !in_another) else { continue };
            let number = sharing.classes.len();
            sharing.class_of[value.index()] = Some(number);
            sharing.classes.push(Class { members: vec![value], alive: vec![lifetime], swapping: number });
        }
        sharing.find_meetings(&lowered.tasks);
        sharing
    }

    /// Collects the pairs that meet at one moment without disturbing each other.
    fn find_meetings(&mut self, tasks: &[Task]) {
        for task in tasks {
            match task {
                Task::Map(map) => {
                    let whole = map.inputs.iter().filter(|input| input.whole).map(|input| input.value);
                    let pairs =
                        whole.flat_map(|input| map.results.iter().map(move |&(result, _)| (input, result)));
                    self.meeting.extend(pairs);
                    self.meeting.extend(map.running.map(|[before, after]| (before, after)));
                }
                Task::Block(block) => {
                    let pairs = block
                        .replaceable()
                        .flat_map(|input| block.map.results.iter().map(move |&(result, _)| (input, result)));
                    self.meeting.extend(pairs);
                }
                Task::Gemm(gemm) => {
                    self.meeting.extend(gemm.replaceable().map(|input| (input, gemm.result)));
                }
                Task::Repeat(repeat) => {
                    for c in &repeat.carried {
                        self.meeting.extend([
                            (c.initial, c.parameter),
                            (c.parameter, c.result),
                            (c.next, c.result),
                        ]);
                    }
                    self.find_meetings(&repeat.body);
                }
                Task::Insert { into, result, .. } => {
                    self.meeting.insert((into.whole, *result));
                }
                Task::Fold(_)
                | Task::Picked(_)
                | Task::Rank { .. }
                | Task::RunningSum { .. }
                | Task::Convolve(_)
                | Task::Lanes { .. }
                | Task::Windows { .. }
                | Task::Transpose { .. }
                | Task::Range { .. }
                | Task::Slice { .. }
                | Task::View { .. }
                | Task::Before { .. }
                | Task::Room { .. }
                | Task::Random { .. }
                | Task::FromIndex { .. } => {}
                Task::Tiles(region) => self.meeting.extend(region.over.iter().copied()),
            }
        }
    }

    /// Whether two values can be in one buffer.
    fn compatible(&self, a: Value, b: Value) -> bool {
        let (Some(la), Some(lb)) = (self.lifetimes.get(a), self.lifetimes.get(b)) else { return false };
        if self.aligned.get(&a) != self.aligned.get(&b) {
            return false;
        }
        match la.shared_with(lb) {
            0 => true,
            1 => {
                let a_then_b = la.end == lb.start && self.meeting.contains(&(a, b));
                a_then_b || lb.end == la.start && self.meeting.contains(&(b, a))
            }
            _ => false,
        }
    }

    /// Gives two values one buffer if all values that then share it allow it.
    fn merge(&mut self, a: Value, b: Value) {
        let (Some(into), Some(from)) = (self.class_of[a.index()], self.class_of[b.index()]) else { return };
        let all_compatible = || {
            let others = &self.classes[from].members;
            self.classes[into].members.iter().all(|&m| others.iter().all(|&o| self.compatible(m, o)))
        };
        if into == from || !all_compatible() {
            return;
        }
        let gone = std::mem::take(&mut self.classes[from]);
        gone.members.iter().for_each(|member| self.class_of[member.index()] = Some(into));
        self.classes[into].members.extend(gone.members);
        self.classes[into].alive.extend(gone.alive);
    }

    /// Whether two values have one buffer.
    fn share(&self, a: Value, b: Value) -> bool {
        self.class_of[a.index()].is_some() && self.class_of[a.index()] == self.class_of[b.index()]
    }

    /// Rows that go through maps: nothing else is in their memory, so that they always can.
    fn rows(&mut self, tasks: &[Task]) {
        for task in tasks {
            if let Task::Map(MapTask { running: Some([before, after]), .. }) = task {
                self.merge(*before, *after);
            } else if let Some(repeat) = task.as_repeat() {
                self.rows(&repeat.body);
            }
        }
    }

    /// What loops carry, inner loops first.
    fn loops(&mut self, tasks: &[Task]) {
        for repeat in tasks.iter().filter_map(Task::as_repeat) {
            self.loops(&repeat.body);
            for &Carried { initial, parameter, next, result } in &repeat.carried {
                self.merge(parameter, result);
                self.merge(parameter, next);
                if self.renewed.iter().all(|&(renewed, _)| renewed != initial) {
                    self.merge(parameter, initial);
                }
            }
        }
    }

    /// Outputs over the inputs that they renew. What a loop carries has a buffer of its own.
    fn renewals(&mut self) {
        for (input, output) in self.renewed.clone() {
            let alone = |value: Value| {
                self.class_of[value.index()].is_some_and(|class| self.classes[class].members.len() == 1)
            };
            if alone(input) && alone(output) {
                self.merge(input, output);
            }
        }
    }

    /// Element-wise results over inputs.
    fn overwrites(&mut self, tasks: &[Task]) {
        for task in tasks {
            match task {
                Task::Map(map) => {
                    let inputs = map.inputs.iter().filter(|input| input.whole).map(|input| input.value);
                    self.overwrite(
                        map.results.iter().map(|&(result, _)| result),
                        &inputs.collect::<Vec<_>>(),
                    );
                }
                Task::Block(block) => {
                    self.overwrite(
                        block.map.results.iter().map(|&(result, _)| result),
                        &block.replaceable().collect::<Vec<_>>(),
                    );
                }
                Task::Gemm(gemm) => self.overwrite([gemm.result], &gemm.replaceable().collect::<Vec<_>>()),
                Task::Repeat(repeat) => self.overwrites(&repeat.body),
                Task::Fold(_)
                | Task::Picked(_)
                | Task::Rank { .. }
                | Task::RunningSum { .. }
                | Task::Convolve(_)
                | Task::Lanes { .. }
                | Task::Windows { .. }
                | Task::Transpose { .. }
                | Task::Range { .. }
                | Task::Slice { .. }
                | Task::View { .. }
                | Task::Before { .. }
                | Task::Room { .. }
                | Task::Insert { .. }
                | Task::Random { .. }
                | Task::FromIndex { .. }
                | Task::Tiles(_) => {}
            }
        }
    }

    /// Results over inputs, each over the first that allows it.
    fn overwrite(&mut self, results: impl IntoIterator<Item = Value>, inputs: &[Value]) {
        for result in results {
            for &input in inputs {
                if self.renewed.iter().any(|&(renewed, by)| renewed == input && !self.share(renewed, by)) {
                    continue;
                }
                let class = self.class_of[result.index()];
                if class.is_some_and(|class| self.classes[class].members.len() == 1) {
                    self.merge(input, result);
                }
            }
        }
    }

    /// Joins the lifetimes of classes that change roles in a loop.
    fn swaps(&mut self, tasks: &[Task]) {
        for repeat in tasks.iter().filter_map(Task::as_repeat) {
            self.swaps(&repeat.body);
            for c in &repeat.carried {
                let classes = (self.class_of[c.parameter.index()], self.class_of[c.next.index()]);
                if let (Some(present), Some(next)) = classes
                    && present != next
                {
                    self.join(present, next, repeat);
                }
            }
        }
    }

    fn join(&mut self, present: usize, next: usize, repeat: &RepeatTask) {
        let (kept, gone) = (self.classes[present].swapping, self.classes[next].swapping);
        let group: Vec<usize> = (0..self.classes.len())
            .filter(|&i| {
                !self.classes[i].members.is_empty() && [kept, gone].contains(&self.classes[i].swapping)
            })
            .collect();
        let mut alive: Vec<Lifetime> = group.iter().flat_map(|&i| self.classes[i].alive.clone()).collect();
        alive.extend(self.lifetimes.of_loop(repeat));
        alive.sort_unstable_by_key(|l| (l.start, l.end));
        alive.dedup();
        for i in group {
            self.classes[i].swapping = kept;
            self.classes[i].alive.clone_from(&alive);
        }
    }

    /// Numbers the buffers, inputs first, and finds their places.
    fn place(self, lowered: &Lowered, precision: Precision) -> Memory {
        let bytes_of = |value: Value| lowered.room(value) * precision.bytes();
        let mut memory =
            Memory { of: vec![None; lowered.types.len()], places: Vec::new(), bytes: Vec::new(), arena: 0 };
        for (i, &input) in lowered.inputs.iter().enumerate() {
            memory.of[input.index()] = Some(Buffer(i as u32));
            let renewal = lowered.renewed.iter().find(|&&(renewed, _)| renewed == i);
            memory.places.push(renewal.map_or(Place::Input(i), |&(_, output)| Place::Output(output)));
            memory.bytes.push(bytes_of(input));
        }
        let mut arena = Arena::default();
        let mut in_outputs: HashSet<usize> = HashSet::new();
        for class in self.classes.iter().filter(|class| !class.members.is_empty()) {
            let renewed = class.members.iter().find_map(|member| memory.of[member.index()]);
            let buffer = renewed.unwrap_or(Buffer(memory.places.len() as u32));
            class.members.iter().for_each(|member| memory.of[member.index()] = Some(buffer));
            if renewed.is_some() {
                continue;
            }
            let bytes = bytes_of(class.members[0]);
            let output = lowered.outputs.iter().position(|output| class.members.contains(output));
            let output = output.filter(|&k| lowered.renewed.iter().all(|&(_, renewed)| renewed != k));
            // Of buffers that change roles only one may be an output: the others' results are copied out in the end.
            let output = output.filter(|_| in_outputs.insert(class.swapping));
            let place = output.map_or_else(|| Place::Arena(arena.place(bytes, &class.alive)), Place::Output);
            memory.places.push(place);
            memory.bytes.push(bytes);
        }
        for view in self.lifetimes.views() {
            memory.of[view.index()] = Some(Buffer(memory.places.len() as u32));
            memory.places.push(Place::View);
            memory.bytes.push(bytes_of(view));
        }
        memory.arena = arena.bytes;
        memory
    }
}

/// Places that have been given away.
#[derive(Default)]
struct Arena<'a> {
    /// Begin, end, and when it is in use.
    taken: Vec<(usize, usize, &'a [Lifetime])>,
    bytes: usize,
}

impl<'a> Arena<'a> {
    /// The first gap that is large enough at all moments of `alive`.
    fn place(&mut self, bytes: usize, alive: &'a [Lifetime]) -> usize {
        let bytes = bytes.next_multiple_of(ALIGNMENT);
        // A sum that saturates is of memory that nobody has: the executable will be refused it.
        let end = |begin: usize| begin.saturating_add(bytes);
        let together =
            |other: &[Lifetime]| alive.iter().any(|&a| other.iter().any(|&b| a.shared_with(b) > 0));
        let mut occupied: Vec<(usize, usize)> = self
            .taken
            .iter()
            .filter(|(_, _, other)| together(other))
            .map(|&(begin, end, _)| (begin, end))
            .collect();
        occupied.sort_unstable();
        let mut begin = 0;
        for (other_begin, other_end) in occupied {
            if end(begin) <= other_begin {
                break;
            }
            begin = begin.max(other_end);
        }
        self.taken.push((begin, end(begin), alive));
        self.bytes = self.bytes.max(end(begin));
        begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_overlap_only_at_different_times() {
        let mut arena = Arena::default();
        let lives: Vec<[Lifetime; 1]> =
            [(0, 4), (2, 6), (5, 9), (7, 8)].map(|(start, end)| [Lifetime { start, end }]).into();
        let at: Vec<usize> = lives.iter().map(|alive| arena.place(100, alive)).collect();
        assert_eq!(at, [0, 128, 0, 128]);
        assert_eq!(arena.bytes, 256);
    }
}
