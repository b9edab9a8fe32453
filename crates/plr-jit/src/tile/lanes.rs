//! A region as a program of its own: for one tile, with the samples last or first.

use std::collections::HashMap;

use plr_ir::program::{
    Block, Contraction, ConvolveForm, Map, MapInput, Op, Operation, Program, Repeat, Value,
};
use plr_ir::{Elem, Type};

use super::regions::Samples;
use super::{Layout, position};
use crate::lower::Slot;

/// Operations that are run tile by tile.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// What is done with one tile.
    pub(crate) tile: TileProgram,
    /// How many samples there are in all.
    pub(crate) samples: usize,
    /// Values that are the same for all samples: the first inputs of the tile's program.
    pub(crate) shared: Vec<Value>,
    /// Values of samples: its other inputs.
    pub(crate) imports: Vec<Value>,
    /// Those of the imports that have, for each number of a sample, all samples beside each other.
    pub(crate) turned: Vec<Value>,
    /// Values of samples that are used outside: its first outputs.
    pub(crate) exports: Vec<Value>,
    /// Sums over samples, of which each tile has its own: its other outputs.
    pub(crate) sums: Vec<Value>,
    /// Imports that exports can be written over, sample by sample.
    pub(crate) over: Vec<(Value, Value)>,
    /// Numbers of steps around it: the last inputs.
    pub(crate) steps: Vec<Value>,
    /// The cells of these.
    pub(crate) slots: Vec<Slot>,
}

/// The program of a tile.
#[derive(Clone, Debug)]
pub(crate) struct TileProgram {
    /// Values of samples have these last, or first.
    pub(crate) program: Program,
    /// How many samples a tile has room for, and where they are.
    pub(crate) layout: Layout,
}

impl Region {
    /// Of operations that follow each other and treat samples by themselves.
    pub(super) fn cut(samples: &Samples<'_>, members: &[&Operation]) -> Self {
        let defined: Vec<Value> = members.iter().flat_map(|member| member.results.iter().copied()).collect();
        let program = Program {
            name: format!("{} tile", samples.program.name),
            precision: samples.program.precision,
            values: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            body: Block::default(),
        };
        let constants = constants(&samples.program.body);
        let layout = Layout { lanes: 1, rows: true };
        let befores = befores(samples);
        let mut rewrite = Rewrite { samples, layout, constants, befores, program, known: HashMap::new() };
        let (steps, used) = rewrite.used(members);
        let (shared, imports): (Vec<Value>, Vec<Value>) =
            used.into_iter().partition(|&value| !samples.has(value));
        rewrite.layout = samples.layout(members, &imports);
        rewrite.inputs(shared.iter().chain(&imports).chain(&steps));
        let mut operations = Vec::with_capacity(members.len());
        rewrite.befores(members, &mut operations);
        members.iter().for_each(|member| rewrite.operation(member, &mut operations));
        let escaping = escaping(samples, members, &defined);
        let (exports, sums): (Vec<Value>, Vec<Value>) =
            escaping.into_iter().partition(|&value| samples.has(value));
        let results = exports.iter().chain(&sums).map(|value| rewrite.known[value]).collect();
        let Rewrite { mut program, layout, .. } = rewrite;
        program.outputs = exports.iter().chain(&sums).map(ToString::to_string).collect();
        program.body = Block { operations, results, ..program.body };
        Self {
            tile: TileProgram { program, layout },
            samples: samples.count,
            shared,
            imports,
            turned: Vec::new(),
            exports,
            sums,
            over: Vec::new(),
            steps,
            slots: Vec::new(),
        }
    }

    /// Whether each tile needs the sums of the one before: they are run in order.
    pub(crate) fn is_in_order(&self) -> bool {
        self.tile.layout.rows && self.tile.program.body.operations.iter().any(runs_on)
    }

    /// Whether tiles can be run in order: none has room for rows that are not there.
    pub(super) fn can_be_in_order(&self) -> bool {
        let lanes = self.tile.layout.lanes;
        lanes > 1 && self.samples.is_multiple_of(lanes)
    }

    /// Whether what is cut is updated here: an input of the program that has a successor of its name, and no other matrix comes
    /// out.
    pub(super) fn renews(&self, program: &Program) -> bool {
        let matrices = self.exports.iter().filter(|&&export| program.type_of(export).rank() > 1);
        let renewal = |export: &Value| {
            let names = program.body.results.iter().zip(&program.outputs);
            let name = names.filter(|(result, _)| *result == export).map(|(_, name)| name).next();
            let input = name.and_then(|name| program.input(name));
            input.is_some_and(|input| position(&self.imports, input).is_some())
        };
        matrices.clone().next().is_some() && matrices.clone().all(renewal)
    }

    /// Lets tiles that have samples last cut them from a matrix that has them last instead of from its transpose; whether they import
    /// that.
    pub(crate) fn take_turned(&mut self, transpose: Value, matrix: Value) -> bool {
        let alone = !self.tile.layout.rows && !self.imports.contains(&matrix);
        let import = position(&self.imports, transpose).filter(|_| alone);
        if let Some(at) = import {
            self.imports[at] = matrix;
            self.turned.push(matrix);
        }
        import.is_some()
    }

    /// The input of the tile's program that is cut from a value.
    pub(crate) fn input(&self, import: Value) -> Option<usize> {
        position(&self.imports, import).map(|at| self.shared.len() + at)
    }
}

/// Whether its sums run on from sample to sample.
pub(super) fn runs_on(operation: &Operation) -> bool {
    matches!(operation.op, Op::RunningSum { axis: 0, .. })
}

/// The values among `defined` that are used by operations other than the members, or handed out.
fn escaping(samples: &Samples<'_>, members: &[&Operation], defined: &[Value]) -> Vec<Value> {
    let body = &samples.program.body;
    let mut used: Vec<Value> = Vec::new();
    let mut note = |value: Value| {
        if position(defined, value).is_some() && position(&used, value).is_none() {
            used.push(value);
        }
    };
    let is_member = |operation: &Operation| members.iter().any(|member| member.results == operation.results);
    let others = samples.members(|at| !is_member(&body.operations[at]));
    others.iter().for_each(|operation| operation.for_each_use(&mut note));
    body.results.iter().copied().for_each(note);
    let computed = members.iter().filter(|member| samples.passes(member)).flat_map(|member| &member.results);
    computed.for_each(|result| used.retain(|value| value != result));
    used
}

/// All constants of a block and those inside it.
fn constants(block: &Block) -> HashMap<Value, f64> {
    let mut found = HashMap::new();
    for operation in &block.operations {
        if let Op::Constant(number) = operation.op {
            found.insert(operation.results[0], number);
        } else if let Op::Repeat(repeat) = &operation.op {
            found.extend(constants(&repeat.body));
        }
    }
    found
}

/// Tensors with zeros from a place on that are the same for all samples: what they are made of.
fn befores(samples: &Samples<'_>) -> HashMap<Value, (Value, usize, Value)> {
    let before = |operation: &Operation| {
        let (Op::Before { input, axis, index }, &[result]) = (&operation.op, operation.results.as_slice())
        else {
            return None;
        };
        let same_for_all = !samples.has(result) && !samples.has(*input);
        same_for_all.then_some((result, (*input, *axis, *index)))
    };
    samples.program.body.operations.iter().filter_map(before).collect()
}

/// A tile's program in the making.
struct Rewrite<'a> {
    samples: &'a Samples<'a>,
    layout: Layout,
    constants: HashMap<Value, f64>,
    /// Tensors with zeros from a place on that are the same for all samples, and what they are made of: whoever uses one makes it.
    befores: HashMap<Value, (Value, usize, Value)>,
    program: Program,
    /// The tile's value for each value that has been passed.
    known: HashMap<Value, Value>,
}

impl Rewrite<'_> {
    /// Where an axis of a value of samples goes.
    fn moved(&self, axis: usize, rank: usize) -> usize {
        if self.layout.rows { axis } else { (axis + rank - 1) % rank }
    }

    /// The axes of a value of samples in the order of the tile.
    fn rotated<T: Copy>(&self, axes: &[T]) -> Vec<T> {
        if self.layout.rows { axes.to_vec() } else { axes[1..].iter().chain(&axes[..1]).copied().collect() }
    }

    /// Values used and not computed by the members: numbers of steps, and others.
    fn used(&self, members: &[&Operation]) -> (Vec<Value>, Vec<Value>) {
        let mut inside: Vec<Value> = Vec::new();
        let mut used: Vec<Value> = Vec::new();
        for member in members {
            let mut note = |value: Value| {
                if !self.constants.contains_key(&value) && position(&used, value).is_none() {
                    used.push(value);
                }
            };
            member.for_each_use(&mut |value| match self.befores.get(&value) {
                Some(&(whole, _, index)) => [whole, index].into_iter().for_each(&mut note),
                None => note(value),
            });
            inside.extend(&member.results);
            if let Op::Repeat(repeat) = &member.op {
                repeat.body.for_each_definition(&mut |value| inside.push(value));
            }
        }
        used.retain(|&value| position(&inside, value).is_none());
        used.into_iter().partition(|&value| self.samples.program.type_of(value).elem == Elem::Index)
    }

    /// Makes anew what members use of [`befores`].
    fn befores(&mut self, members: &[&Operation], into: &mut Vec<Operation>) {
        let mut used = Vec::new();
        members.iter().for_each(|member| member.for_each_use(&mut |value| used.push(value)));
        for value in used {
            if let (Some(&(whole, axis, index)), None) = (self.befores.get(&value), self.known.get(&value)) {
                let op = Op::Before { input: self.known[&whole], axis, index: self.known[&index] };
                let results = vec![self.define(value)];
                into.push(Operation { results, op, location: Default::default() });
            }
        }
    }

    /// Declares the inputs.
    fn inputs<'v>(&mut self, values: impl Iterator<Item = &'v Value>) {
        for &value in values {
            let input = self.define(value);
            self.program.inputs.push(value.to_string());
            self.program.body.parameters.push(input);
        }
    }

    /// The type of a value in the tile.
    fn type_of(&self, value: Value, of_samples: bool) -> Type {
        let ty = self.samples.program.type_of(value);
        if !of_samples {
            return ty.clone();
        }
        let mut dims = ty.dims.clone();
        if let Some(samples) = dims.first_mut() {
            *samples = self.layout.lanes;
        }
        Type { dims: self.rotated(&dims), ..*ty }
    }

    fn define(&mut self, value: Value) -> Value {
        let ty = self.type_of(value, self.samples.has(value));
        let new = self.program.new_value(ty);
        self.known.insert(value, new);
        new
    }

    /// The tile's value for an operand; constants are made anew where they are used.
    fn operand(&mut self, value: Value, of_samples: bool, into: &mut Vec<Operation>) -> Value {
        let Some(&number) = self.constants.get(&value) else { return self.known[&value] };
        let ty = self.type_of(value, of_samples);
        let new = self.program.new_value(ty);
        let location = Default::default();
        into.push(Operation { results: vec![new], op: Op::Constant(number), location });
        new
    }

    fn block(&mut self, block: &Block) -> Block {
        let parameters = block.parameters.iter().map(|&parameter| self.define(parameter)).collect();
        let mut operations = Vec::with_capacity(block.operations.len());
        block.operations.iter().for_each(|operation| self.operation(operation, &mut operations));
        let results =
            block.results.iter().map(|&result| self.operand(result, true, &mut operations)).collect();
        Block { parameters, operations, results }
    }

    fn operation(&mut self, operation: &Operation, into: &mut Vec<Operation>) {
        let Some(&result) = operation.results.first() else { return };
        if let Op::Constant(_) = operation.op {
            return;
        }
        if let Op::Detach { value, .. } = operation.op {
            let value = self.operand(value, true, into);
            self.known.insert(result, value);
            return;
        }
        let op = self.rewritten(&operation.op, result, into);
        let results = operation.results.iter().map(|&result| self.define(result)).collect();
        into.push(Operation { results, op, location: operation.location });
    }

    /// The operation for the tile; operations that are in no region stay as they are.
    fn rewritten(&mut self, op: &Op, result: Value, into: &mut Vec<Operation>) -> Op {
        let of_samples = self.samples.has(result);
        let rank = self.samples.program.type_of(result).rank();
        if let Op::Broadcast { input, axes } = op {
            let (input, axes) = self.along(*input, axes, rank, of_samples, into);
            Op::Broadcast { input, axes }
        } else if let Op::Map(map) = op {
            let read = |input: &MapInput| {
                let (value, axes) = self.along(input.value, &input.axes, rank, of_samples, into);
                MapInput { value, axes }
            };
            let inputs = map.inputs.iter().map(read).collect();
            Op::Map(Box::new(Map { inputs, body: map.body.clone(), results: map.results.clone() }))
        } else if let Op::Contract { lhs, rhs, spec } = op {
            self.contract([*lhs, *rhs], spec, into)
        } else if let Op::Reduce { kind, input, axes } = op {
            let rank = self.samples.program.type_of(*input).rank();
            let axes = axes.iter().map(|&axis| self.moved(axis, rank)).collect();
            Op::Reduce { kind: *kind, input: self.operand(*input, true, into), axes }
        } else if let Op::Convolve { form, lhs, rhs, geometry } = op {
            let both = *form == ConvolveForm::Correlate;
            let (lhs, rhs) = (self.operand(*lhs, true, into), self.operand(*rhs, both, into));
            Op::Convolve { form: *form, lhs, rhs, geometry: *geometry }
        } else if let Op::Reshape(input) = op {
            Op::Reshape(self.operand(*input, true, into))
        } else if let Op::RunningSum { input, axis } = op {
            Op::RunningSum { input: self.operand(*input, true, into), axis: self.moved(*axis, rank) }
        } else if let Op::Range { input, axis, first } = op {
            let axis = self.moved(*axis, rank);
            Op::Range { input: self.operand(*input, true, into), axis, first: *first }
        } else if let Op::Slice { input, axis, index } = op {
            let axis = if of_samples { self.moved(*axis, rank + 1) } else { *axis };
            Op::Slice { input: self.operand(*input, of_samples, into), axis, index: self.known[index] }
        } else if let Op::Insert { into: whole, value, axis, index } = op {
            let (axis, index) = (self.moved(*axis, rank), self.known[index]);
            let (whole, value) = (self.operand(*whole, true, into), self.operand(*value, true, into));
            Op::Insert { into: whole, value, axis, index }
        } else if let Op::Repeat(repeat) = op {
            let initial = repeat.initial.iter().map(|&value| self.operand(value, true, into)).collect();
            let body = self.block(&repeat.body);
            Op::Repeat(Box::new(Repeat { initial, body, ..**repeat }))
        } else {
            let mut op = op.clone();
            op.map_operands(|value| self.operand(value, of_samples, into));
            op
        }
    }

    /// An operand that is repeated along axes of an index space, and its axes there.
    fn along(
        &mut self,
        value: Value,
        axes: &[usize],
        rank: usize,
        of_samples: bool,
        into: &mut Vec<Operation>,
    ) -> (Value, Vec<usize>) {
        if !of_samples {
            return (self.operand(value, false, into), axes.to_vec());
        }
        let has_samples = axes.first() == Some(&0);
        let axes = if has_samples { self.rotated(axes) } else { axes.to_vec() };
        let axes = axes.into_iter().map(|axis| self.moved(axis, rank)).collect();
        (self.operand(value, has_samples, into), axes)
    }

    fn contract(&mut self, factors: [Value; 2], spec: &Contraction, into: &mut Vec<Operation>) -> Op {
        let sample = spec.out[0];
        let mut factor = |value: Value, labels: &[u8]| {
            let has_samples = labels.first() == Some(&sample);
            let labels = if has_samples { self.rotated(labels) } else { labels.to_vec() };
            (self.operand(value, has_samples, into), labels)
        };
        let (lhs, left) = factor(factors[0], &spec.lhs);
        let (rhs, right) = factor(factors[1], &spec.rhs);
        Op::Contract { lhs, rhs, spec: Contraction { lhs: left, rhs: right, out: self.rotated(&spec.out) } }
    }
}
