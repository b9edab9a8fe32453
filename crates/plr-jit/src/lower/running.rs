//! Running sums between element-wise code, in one pass: the sum so far goes from row to row in a row of its own. In tiles that are
//! run in order it goes on from tile to tile there.

use std::collections::HashMap;

use plr_ir::program::{Local, MapInstruction, Value};
use plr_ir::scalar::BinaryOp;
use plr_ir::{Elem, Type};

use super::{Lowering, MapOperand, MapTask, Part, Task};
use crate::space::Space;

/// Merges running sums along an outermost axis into the code that uses them, and the code that computes what they sum into both,
/// wherever nothing else does.
pub(super) fn merge(
    lowering: &mut Lowering<'_>,
    tasks: Vec<Task>,
    uses: &HashMap<Value, usize>,
) -> Vec<Task> {
    merge_block(lowering, tasks, uses, lowering.part == Part::RowsInOrder)
}

/// As [`merge`], in one block; `in_order` says whether sums of rows go on from tile to tile.
fn merge_block(
    lowering: &mut Lowering<'_>,
    tasks: Vec<Task>,
    uses: &HashMap<Value, usize>,
    in_order: bool,
) -> Vec<Task> {
    let mut tasks: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
    for at in 0..tasks.len() {
        if let Some(Task::Repeat(repeat)) = &mut tasks[at] {
            repeat.body = merge_block(lowering, std::mem::take(&mut repeat.body), uses, false);
        }
        let Some(Task::RunningSum { input, axis, result }) = tasks[at] else { continue };
        let all = lowering.type_of(input).dims.clone();
        let dims = [all[axis], all[axis + 1..].iter().product()];
        if all[..axis].iter().any(|&extent| extent != 1) || dims.contains(&1) {
            continue;
        }
        let goes_on = in_order && axis == 0;
        let once = |value: Value| uses.get(&value) == Some(&1);
        let user = (at + 1..tasks.len())
            .find(|&user| reads(&tasks[user], result))
            .filter(|&user| once(result) && can_sum(&tasks[user], dims));
        if user.is_none() && !goes_on {
            continue;
        }
        let maker = (0..at).find(|&maker| makes_alone(&tasks[maker], input, dims)).filter(|_| once(input));
        let taken = |tasks: &mut Vec<Option<Task>>, at: Option<usize>| at.and_then(|at| tasks[at].take());
        let [Task::Map(summed), Task::Map(map)] = [(maker, input), (user, result)]
            .map(|(at, value)| taken(&mut tasks, at).unwrap_or_else(|| Task::Map(itself(value, dims))))
        else {
            unreachable!("both are element-wise")
        };
        let row = [lowering.row(dims[1]), lowering.row(dims[1])];
        let sums = Some(Task::Map(joined(&summed, &map, result, row, dims)));
        tasks[at] = (!goes_on).then(|| nothing_yet(row[0], dims[1]));
        if goes_on {
            lowering.rows_kept.push(row);
        }
        tasks[user.unwrap_or(at)] = sums;
    }
    tasks.into_iter().flatten().collect()
}

/// Whether sums of rows can be computed on the way through this task.
fn can_sum(task: &Option<Task>, dims: [usize; 2]) -> bool {
    matches!(task, Some(Task::Map(map)) if map.running.is_none() && map.space.is_matrix(dims))
}

fn reads(task: &Option<Task>, value: Value) -> bool {
    task.as_ref().is_some_and(|task| task.operands().contains(&value))
}

/// Whether the task is element-wise code for this value and no other, which can be computed row by row.
fn makes_alone(task: &Option<Task>, value: Value, dims: [usize; 2]) -> bool {
    let Some(Task::Map(map)) = task else { return false };
    let alone = map.results.len() == 1 && map.results[0].0 == value;
    alone && map.running.is_none() && map.space.is_matrix(dims)
}

/// Code that reads a matrix.
fn itself(value: Value, dims: [usize; 2]) -> MapTask {
    MapTask {
        space: Space { dims: dims.to_vec(), strides: vec![vec![dims[1], 1]; 2] },
        inputs: vec![MapOperand { value, truth: false, whole: true }],
        body: vec![MapInstruction::Input(0)],
        results: vec![(value, Local(0))],
        running: None,
    }
}

/// Sums of no elements: with −0, to which everything adds to itself.
fn nothing_yet(row: Value, columns: usize) -> Task {
    Task::Map(MapTask {
        space: Space { dims: vec![columns], strides: vec![vec![1]] },
        inputs: Vec::new(),
        body: vec![MapInstruction::Constant(-0.0)],
        results: vec![(row, Local(0))],
        running: None,
    })
}

/// Code that computes what is summed, adds it to the row, and uses the sum.
fn joined(summed: &MapTask, user: &MapTask, sum: Value, row: [Value; 2], dims: [usize; 2]) -> MapTask {
    let mut joined = MapTask {
        space: Space { dims: dims.to_vec(), strides: Vec::new() },
        inputs: Vec::new(),
        body: Vec::new(),
        results: Vec::new(),
        running: Some(row),
    };
    let term = joined.append(summed, dims, None)[summed.results[0].1.0 as usize];
    let own = MapOperand { value: row[0], truth: false, whole: false };
    let before = joined.read(own, vec![0, 1]);
    let so_far = joined.push(MapInstruction::Binary(BinaryOp::Add, before, term));
    let values = joined.append(user, dims, Some((sum, so_far)));
    joined.results = user.results.iter().map(|&(value, local)| (value, values[local.0 as usize])).collect();
    joined.results.push((row[1], so_far));
    let written = user.results.iter().map(|_| vec![dims[1], 1]).chain([vec![0, 1]]);
    joined.space.strides.extend(written);
    joined
}

impl MapTask {
    fn push(&mut self, instruction: MapInstruction) -> Local {
        self.body.push(instruction);
        Local(self.body.len() as u32 - 1)
    }

    /// The instruction that reads an operand; the results have no strides yet.
    fn read(&mut self, operand: MapOperand, strides: Vec<usize>) -> Local {
        let same = |i: &usize| self.inputs[*i].value == operand.value && self.space.strides[*i] == strides;
        let known = (0..self.inputs.len()).find(same);
        let position = known.unwrap_or_else(|| {
            self.inputs.push(operand);
            self.space.strides.push(strides);
            self.inputs.len() - 1
        });
        self.push(MapInstruction::Input(position as u32))
    }

    /// Appends other code and says where each of its instructions is; one value is known already.
    fn append(&mut self, other: &MapTask, dims: [usize; 2], known: Option<(Value, Local)>) -> Vec<Local> {
        let space = other.space.as_matrix(dims);
        let mut locals: Vec<Local> = Vec::with_capacity(other.body.len());
        for instruction in &other.body {
            let local = if let MapInstruction::Input(i) = instruction {
                let operand = other.inputs[*i as usize];
                match known.filter(|(value, _)| *value == operand.value) {
                    Some((_, local)) => local,
                    None => self.read(operand, space.strides[*i as usize].clone()),
                }
            } else {
                self.push(instruction.moved(|local| locals[local.0 as usize]))
            };
            locals.push(local);
        }
        locals
    }
}

impl Lowering<'_> {
    /// A row of so many reals.
    fn row(&mut self, columns: usize) -> Value {
        self.fresh(Type { elem: Elem::Real, dims: vec![columns] })
    }
}
