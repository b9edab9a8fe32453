//! Ranks that are only compared with numbers: those beyond all of these need not be told apart.

use std::collections::HashMap;

use plr_ir::Value;
use plr_ir::program::{Local, MapInstruction};

use super::Task;

/// All whole numbers up to this are reals of either precision.
const MOST_EXACT: f64 = 16_777_215.0;

/// Says of ranks how many matter, where not all do.
pub(super) fn limit(tasks: &mut [Task], outputs: &[Value]) {
    let mut matter: HashMap<Value, Option<usize>> = HashMap::new();
    find(tasks, &mut matter);
    if !matter.is_empty() {
        outputs.iter().for_each(|&output| all_matter(&mut matter, output));
        count(tasks, &mut matter);
        set(tasks, &matter);
    }
}

/// The ranks that there are, of which none matter so far.
fn find(tasks: &[Task], matter: &mut HashMap<Value, Option<usize>>) {
    for task in tasks {
        if let Task::Rank { result, .. } = task {
            matter.insert(*result, Some(0));
        }
        if let Task::Repeat(repeat) = task {
            find(&repeat.body, matter);
        }
    }
}

fn all_matter(matter: &mut HashMap<Value, Option<usize>>, value: Value) {
    if let Some(count) = matter.get_mut(&value) {
        *count = None;
    }
}

/// Counts what users tell apart.
fn count(tasks: &[Task], matter: &mut HashMap<Value, Option<usize>>) {
    for task in tasks {
        if let Task::Map(map) = task {
            for (at, input) in map.inputs.iter().enumerate() {
                let told_apart =
                    told_apart(&map.body, map.results.iter().map(|&(_, local)| local), at as u32);
                if let Some(count) = matter.get_mut(&input.value) {
                    *count = (*count).zip(told_apart).map(|(a, b)| a.max(b));
                }
            }
        } else {
            task.operands().into_iter().for_each(|value| all_matter(matter, value));
        }
        if let Some(repeat) = task.as_repeat() {
            let until = repeat.until.iter().map(|until| until.residual);
            let left = repeat.carried.iter().map(|carried| carried.next).chain(until);
            left.for_each(|value| all_matter(matter, value));
            count(&repeat.body, matter);
        }
    }
}

/// How many of an input's ranks code tells apart from all that follow; `None` if all.
fn told_apart(body: &[MapInstruction], results: impl Iterator<Item = Local>, input: u32) -> Option<usize> {
    let is_input = |local: Local| body[local.0 as usize] == MapInstruction::Input(input);
    let number = |local: Local| {
        let MapInstruction::Constant(number) = body[local.0 as usize] else { return None };
        (number.abs() < MOST_EXACT).then_some(number)
    };
    if results.into_iter().any(is_input) {
        return None;
    }
    let mut told_apart = 0;
    for instruction in body {
        let mut reads = false;
        instruction.moved(|local| {
            reads |= is_input(local);
            local
        });
        if reads {
            let &MapInstruction::Compare(_, a, b) = instruction else { return None };
            let number = number(if is_input(a) { b } else { a })?;
            // Of a negative number it is none.
            told_apart = told_apart.max((number + 1.0) as usize);
        }
    }
    Some(told_apart)
}

fn set(tasks: &mut [Task], matter: &HashMap<Value, Option<usize>>) {
    for task in tasks {
        if let Task::Rank { first, result, .. } = task {
            *first = matter.get(result).copied().flatten();
        }
        if let Task::Repeat(repeat) = task {
            set(&mut repeat.body, matter);
        }
    }
}
