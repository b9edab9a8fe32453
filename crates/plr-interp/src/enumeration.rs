//! The expectation of what a program returns over its own draws, by going through all outcomes.
//!
//! A draw can be gone through if it is uniform and all that happens to it is one comparison with a threshold: then an
//! element is true with the probability that the threshold says, and the run goes on with either outcome. Runs that
//! agree in all that is still to be read are one run from there on, with the sum of their weights. So a chain of many
//! steps costs no more than its states are many, and what is no longer read costs nothing.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use ndarray::ArcArray;
use plr_ir::program::{Law, Repeat};
use plr_ir::scalar::CompareOp;
use plr_ir::{Block, Op, Operation, Precision, Program, Tensor, Value};

use crate::Context;
use crate::datum::{Datum, Operand};
use crate::error::Error;
use crate::interpreter::Interpreter;
use crate::number::{self, Number};

/// Runs that may go on beside each other.
const MOST: usize = 1 << 18;

/// Why there is no expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unenumerable {
    /// A draw has more than two outcomes: it is Gaussian, or used otherwise than in one comparison with a threshold.
    Continuous,
    /// There are too many outcomes.
    TooMany,
    /// The inputs do not fit the program.
    Input(Error),
}

impl fmt::Display for Unenumerable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuous => f.write_str("a number that is drawn has more than two outcomes"),
            Self::TooMany => write!(f, "the draws have more than {MOST} outcomes"),
            Self::Input(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Unenumerable {}

/// The expectations of the outputs of a program, in order, from its inputs, in order.
///
/// # Errors
///
/// If its draws cannot be gone through, and those of [`evaluate`](crate::evaluate).
///
/// # Panics
///
/// If the program does not pass the verifier.
pub fn expectation(program: &Program, inputs: &[&Tensor]) -> Result<Vec<Tensor>, Unenumerable> {
    match program.precision {
        Precision::F32 => expectation_as::<f32>(program, inputs),
        Precision::F64 => expectation_as::<f64>(program, inputs),
    }
}

fn expectation_as<T: Number>(program: &Program, inputs: &[&Tensor]) -> Result<Vec<Tensor>, Unenumerable> {
    let inputs = number::arrays::<T>(program, inputs).map_err(Unenumerable::Input)?;
    let mut draws = Draws::default();
    draws.collect(&program.body);
    if draws.uses.values().any(|&uses| uses > 0) {
        return Err(Unenumerable::Continuous);
    }
    let interpreter = Interpreter::new(program, inputs, Context::default());
    let runs = vec![Run { weight: 1.0, own: BTreeMap::new() }];
    let mut walk = Walk { interpreter, draws, runs, left: 0 };
    walk.block(&program.body, &HashSet::new())?;
    Ok(program.body.results.iter().map(|&result| walk.mean(result)).collect())
}

/// The draws of a program.
#[derive(Debug, Default)]
struct Draws {
    /// For each how often it is used otherwise than in its one comparison; those that are not uniform are used anyway.
    uses: HashMap<Value, usize>,
}

/// A draw compared with a threshold.
struct Branching {
    draw: Value,
    threshold: Value,
    /// The comparison is true where the draw is below the threshold, not above.
    below: bool,
}

impl Draws {
    fn collect(&mut self, block: &Block) {
        for operation in &block.operations {
            if let Op::Random { law, .. } = operation.op {
                self.uses.insert(operation.results[0], usize::from(law != Law::Uniform));
            }
            operation.op.for_each_operand(|value| self.used(value));
            if let Some(Branching { draw, .. }) = self.branching(&operation.op) {
                self.uses.entry(draw).and_modify(|uses| *uses -= 1);
            }
            if let Op::Repeat(repeat) = &operation.op {
                self.collect(&repeat.body);
            }
        }
        block.results.iter().for_each(|&value| self.used(value));
    }

    fn used(&mut self, value: Value) {
        self.uses.entry(value).and_modify(|uses| *uses += 1);
    }

    /// The comparison of a draw with something else, if that is what the operation is.
    fn branching(&self, op: &Op) -> Option<Branching> {
        let &Op::Compare(op, a, b) = op else { return None };
        let less = matches!(op, CompareOp::Lt | CompareOp::Le);
        if !less && !matches!(op, CompareOp::Gt | CompareOp::Ge) {
            return None;
        }
        match (self.uses.contains_key(&a), self.uses.contains_key(&b)) {
            (true, false) => Some(Branching { draw: a, threshold: b, below: less }),
            (false, true) => Some(Branching { draw: b, threshold: a, below: !less }),
            (true, true) | (false, false) => None,
        }
    }
}

/// Runs with the same outcomes so far.
#[derive(Clone)]
struct Run<T> {
    weight: f64,
    /// The values that other runs have otherwise, as far as they will be read.
    own: BTreeMap<Value, Operand<T>>,
}

/// All runs of a program, side by side.
struct Walk<'p, T> {
    /// Knows what all runs have in common.
    interpreter: Interpreter<'p, T>,
    draws: Draws,
    runs: Vec<Run<T>>,
    /// Loops around that some runs may have left already.
    left: usize,
}

impl<'p, T: Number> Walk<'p, T> {
    /// Runs the operations of a block whose parameters are defined; `after` is what will be read when it has ended.
    fn block(&mut self, block: &'p Block, after: &HashSet<Value>) -> Result<(), Unenumerable> {
        let mut live = vec![after.clone()];
        live[0].extend(&block.results);
        for operation in block.operations.iter().rev() {
            let mut before = live[live.len() - 1].clone();
            reads(&operation.op, &mut before);
            live.push(before);
        }
        live.reverse();
        self.merge(&live[0]);
        for (operation, live) in block.operations.iter().zip(&live[1..]) {
            self.operation(operation, live)?;
        }
        Ok(())
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other operations are treated alike, present or future"
    )]
    fn operation(&mut self, operation: &'p Operation, after: &HashSet<Value>) -> Result<(), Unenumerable> {
        match &operation.op {
            Op::Random { .. } => {}
            Op::Repeat(repeat) => self.repeat(repeat, &operation.results, after)?,
            op => match self.draws.branching(op) {
                Some(branching) => {
                    self.branch(&branching, operation.results[0])?;
                    self.merge(after);
                }
                None => {
                    let mut operands = Vec::new();
                    op.for_each_operand(|value| operands.push(value));
                    self.each(&operands, &operation.results, |interpreter| interpreter.operation(operation));
                }
            },
        }
        Ok(())
    }

    /// Lets the interpreter make some values of others in every run.
    fn each(&mut self, from: &[Value], to: &[Value], act: impl Fn(&mut Interpreter<'p, T>)) {
        let alone = self.runs.len() == 1 && self.left == 0;
        for run in &mut self.runs {
            for value in from {
                if let Some(operand) = run.own.get(value) {
                    self.interpreter.define(*value, operand.clone());
                }
            }
            act(&mut self.interpreter);
            if !alone {
                run.own.extend(to.iter().map(|&value| (value, self.interpreter.get(value))));
            }
        }
    }

    /// What a value is in a run.
    fn of(&self, run: &Run<T>, value: Value) -> Operand<T> {
        run.own.get(&value).cloned().unwrap_or_else(|| self.interpreter.get(value))
    }

    /// Goes on with every outcome of a comparison.
    fn branch(&mut self, branching: &Branching, result: Value) -> Result<(), Unenumerable> {
        let mut runs = Vec::new();
        for run in std::mem::take(&mut self.runs) {
            let threshold = self.of(&run, branching.threshold).datum.real().clone();
            let uncertain = threshold.iter().filter(|t| t.to_f64() > 0.0 && t.to_f64() < 1.0).count();
            let outcomes_here = 1_usize.checked_shl(uncertain as u32).unwrap_or(usize::MAX);
            if runs.len().saturating_add(outcomes_here) > MOST {
                return Err(Unenumerable::TooMany);
            }
            for (probability, outcome) in outcomes(threshold.iter().map(|t| t.to_f64()), branching.below) {
                let array = ArcArray::from_shape_vec(threshold.raw_dim(), outcome);
                let Ok(array) = array else { unreachable!("as many outcomes as thresholds") };
                let mut own = run.own.clone();
                own.insert(result, Operand::constant(Datum::Bool(array)));
                runs.push(Run { weight: run.weight * probability, own });
            }
        }
        self.runs = runs;
        Ok(())
    }

    /// Makes one run of those that agree in what will be read, and forgets the rest.
    fn merge(&mut self, live: &HashSet<Value>) {
        let mut places: HashMap<Vec<u64>, usize> = HashMap::new();
        let mut merged: Vec<Run<T>> = Vec::new();
        for mut run in std::mem::take(&mut self.runs) {
            run.own.retain(|value, _| live.contains(value));
            match places.entry(run.own.values().flat_map(bits).collect()) {
                Entry::Occupied(place) => merged[*place.get()].weight += run.weight,
                Entry::Vacant(place) => {
                    place.insert(merged.len());
                    merged.push(run);
                }
            }
        }
        if let ([run], 0) = (&mut merged[..], self.left) {
            let own = std::mem::take(&mut run.own);
            own.into_iter().for_each(|(value, operand)| self.interpreter.define(value, operand));
        }
        self.runs = merged;
    }

    /// A loop. Runs that have settled wait for the others.
    fn repeat(
        &mut self,
        repeat: &'p Repeat,
        results: &[Value],
        after: &HashSet<Value>,
    ) -> Result<(), Unenumerable> {
        let mut outside = HashSet::new();
        reads_of(&repeat.body, &mut outside);
        defined(&repeat.body, &mut outside);
        outside.extend(after.iter().filter(|value| !results.contains(value)));
        let mut at_end = outside.clone();
        at_end.extend(repeat.until.map(|until| until.residual));
        let read = [&repeat.initial[..], &repeat.body.results].concat();
        let ended =
            [&repeat.body.results[..], &repeat.until.map(|u| u.residual).into_iter().collect::<Vec<_>>()]
                .concat();
        let mut settled = Vec::new();
        self.left += usize::from(repeat.until.is_some());
        for step in 0..repeat.count {
            self.each(&read, &repeat.body.parameters, |interpreter| interpreter.begin_step(repeat, step));
            self.block(&repeat.body, &at_end)?;
            self.merge(&at_end.iter().chain(&repeat.body.results).copied().collect());
            if let Some(until) = repeat.until {
                let (done, going): (Vec<_>, Vec<_>) =
                    std::mem::take(&mut self.runs).into_iter().partition(|run| {
                        self.of(run, until.residual).datum.real().iter().all(|&residual| until.ends(residual))
                    });
                self.runs = done;
                self.each(&ended, results, |interpreter| interpreter.end_loop(repeat, step + 1, results));
                settled.append(&mut self.runs);
                self.runs = going;
            }
        }
        self.each(&ended, results, |interpreter| interpreter.end_loop(repeat, repeat.count, results));
        self.left -= usize::from(repeat.until.is_some());
        self.runs.append(&mut settled);
        self.merge(after);
        Ok(())
    }

    /// The mean of a value over all runs.
    fn mean(&self, value: Value) -> Tensor {
        let mut sum: Option<(Tensor, Vec<f64>)> = None;
        for run in &self.runs {
            let tensor = self.of(run, value).datum.to_tensor();
            let numbers = tensor.to_f64();
            let (_, sum) = sum.get_or_insert_with(|| (tensor, vec![0.0; numbers.len()]));
            sum.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += run.weight * number);
        }
        let Some((like, sum)) = sum else { unreachable!("there is at least one run") };
        Tensor::from_f64(like.dims.clone(), &sum, like.precision())
    }
}

/// All outcomes of comparisons with these thresholds that are possible, and how probable each is.
fn outcomes(thresholds: impl Iterator<Item = f64>, below: bool) -> Vec<(f64, Vec<bool>)> {
    let mut all = vec![(1.0, Vec::new())];
    for threshold in thresholds {
        // A comparison with NaN is false.
        let under = if threshold > 0.0 { if threshold < 1.0 { threshold } else { 1.0 } } else { 0.0 };
        let truth = if below || threshold.is_nan() { under } else { 1.0 - under };
        let mut next = Vec::new();
        for (probability, outcome) in all {
            for (truth, value) in [(truth, true), (1.0 - truth, false)] {
                if truth > 0.0 {
                    next.push((probability * truth, [&outcome[..], &[value]].concat()));
                }
            }
        }
        all = next;
    }
    all
}

/// What tells a value from others.
fn bits<T: Number>(operand: &Operand<T>) -> Vec<u64> {
    match &operand.datum {
        Datum::Real(array) => array.iter().map(|x| x.to_f64().to_bits()).collect(),
        Datum::Bool(array) => array.iter().map(|&x| u64::from(x)).collect(),
        Datum::Index(index) => vec![u64::from(*index)],
    }
}

/// Adds what an operation reads from outside.
fn reads(op: &Op, found: &mut HashSet<Value>) {
    op.for_each_operand(|value| {
        found.insert(value);
    });
    if let Op::Repeat(repeat) = op {
        let mut inside = HashSet::new();
        reads_of(&repeat.body, &mut inside);
        defined(&repeat.body, &mut inside);
        found.extend(inside);
    }
}

/// Adds what a block reads, of its own and from outside.
fn reads_of(block: &Block, found: &mut HashSet<Value>) {
    block.operations.iter().for_each(|operation| reads(&operation.op, found));
    found.extend(&block.results);
}

/// Takes away what a block defines.
fn defined(block: &Block, found: &mut HashSet<Value>) {
    let own = block.operations.iter().flat_map(|operation| &operation.results);
    own.chain(&block.parameters).for_each(|value| {
        found.remove(value);
    });
}
