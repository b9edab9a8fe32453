//! Several runs of a program, each on what the one before has left, as one program.
//!
//! ```text
//! program "update" (%0 "W", %1 "data") {         program "update of 2" (%0 "W", %1 "data@0", %2 "data@1") {
//!   %2 = … %0 … %1                          =>     %3 = … %0 … %1
//!   output "W" = %2                                %4 = … %3 … %2
//! }                                                output "W" = %4
//!                                                }
//! ```
//!
//! An online rule computes little of each sample. Where rows of weights have nothing to do with each other, a few rows can then go
//! through several presentations while they are in a core's nearest cache, and threads need not meet after each. Numbers are
//! computed by the same operations in the same order.

use std::collections::HashMap;

use crate::analysis::renumber;
use crate::program::{Block, Contraction, Op, Operation, Program, Value};
use crate::types::Type;

/// The name of an input in one of the runs, from 0.
pub fn name_in(run: usize, input: &str) -> String {
    format!("{input}@{run}")
}

/// So many runs as one; inputs of the names in `own` are each run's own, and called as [`name_in`] says.
///
/// `None` if a run leaves anything else than new values for inputs, or depends on how many were before it: draws do.
pub fn several(program: &Program, runs: usize, own: &[&str]) -> Option<Program> {
    if !renews_only(program) {
        return None;
    }
    let renewed: Vec<Value> = program.outputs.iter().filter_map(|name| program.input(name)).collect();
    let name = format!("{} of {runs}", program.name);
    let mut all =
        Program { name, values: Vec::new(), inputs: Vec::new(), body: Block::default(), ..program.clone() };
    let (own, common): (Vec<_>, Vec<_>) = program
        .inputs
        .iter()
        .zip(&program.body.parameters)
        .partition(|(name, _)| own.contains(&name.as_str()));
    let mut now: HashMap<Value, Value> = HashMap::new();
    for (name, &input) in common {
        now.insert(input, declare(&mut all, name.clone(), program.type_of(input)));
    }
    for run in 0..runs {
        let mut known = now.clone();
        for &(name, &input) in &own {
            known.insert(input, declare(&mut all, name_in(run, name), program.type_of(input)));
        }
        let mut body = program.body.clone();
        body.map_values(&mut |value| {
            *known.entry(value).or_insert_with(|| all.new_value(program.type_of(value).clone()))
        });
        all.body.operations.extend(body.operations);
        now.extend(renewed.iter().copied().zip(body.results));
    }
    all.body.results = renewed.iter().map(|input| now[input]).collect();
    renumber(&mut all);
    Some(all)
}

/// Whether all that a run leaves are new values for inputs, and all runs are alike: those with draws are not.
pub(crate) fn renews_only(program: &Program) -> bool {
    !draws(&program.body) && program.outputs.iter().all(|name| program.input(name).is_some())
}

fn declare(program: &mut Program, name: String, ty: &Type) -> Value {
    let input = program.new_value(ty.clone());
    program.inputs.push(name);
    program.body.parameters.push(input);
    input
}

fn draws(block: &Block) -> bool {
    block.operations.iter().any(|operation| {
        matches!(operation.op, Op::Random { .. })
            || matches!(&operation.op, Op::Repeat(repeat) if draws(&repeat.body))
    })
}

/// The multiplications of a program's contractions, and at least those of its convolutions; or the largest number.
pub fn multiplications(program: &Program) -> usize {
    multiplications_of(program, program.body.operations.iter().map(|operation| &operation.op))
}

/// Of some of its operations.
pub fn multiplications_of<'o>(program: &Program, operations: impl IntoIterator<Item = &'o Op>) -> usize {
    let of = |op: &Op| {
        if let Op::Contract { lhs, rhs, spec } = op {
            return of_contraction(program, [*lhs, *rhs], spec);
        }
        if let Op::Convolve { lhs, rhs, .. } = op {
            // No more than if each of the one met each of the other.
            let [lhs, rhs] = [lhs, rhs].map(|value| program.type_of(*value).count());
            return lhs.saturating_mul(rhs);
        }
        let Op::Repeat(repeat) = op else { return 0 };
        let body: Vec<&Op> = repeat.body.operations.iter().map(|operation| &operation.op).collect();
        (repeat.count as usize).saturating_mul(multiplications_of(program, body))
    };
    operations.into_iter().fold(0, |sum, op| sum.saturating_add(of(op)))
}

/// Roughly the operations on numbers of a run of a program: the [multiplications], and those for each element of what else it
/// computes.
pub fn work(program: &Program) -> usize {
    work_of(program, &program.body)
}

fn work_of(program: &Program, block: &Block) -> usize {
    let of = |operation: &Operation| {
        let elements = || operation.results.first().map_or(0, |&result| program.type_of(result).count());
        if let Op::Repeat(repeat) = &operation.op {
            return (repeat.count as usize).saturating_mul(work_of(program, &repeat.body));
        }
        if let Op::Map(map) = &operation.op {
            return elements().saturating_mul(map.body.len());
        }
        let computed = !matches!(operation.op, Op::Constant(_) | Op::Broadcast { .. });
        if computed { elements().max(multiplications_of(program, [&operation.op])) } else { 0 }
    };
    block.operations.iter().map(of).fold(0, usize::saturating_add)
}

fn of_contraction(program: &Program, factors: [Value; 2], spec: &Contraction) -> usize {
    let [lhs, rhs] = factors.map(|value| &program.type_of(value).dims);
    let new = spec.rhs.iter().zip(rhs).filter(|(label, _)| !spec.lhs.contains(label));
    lhs.iter().chain(new.map(|(_, extent)| extent)).fold(1, |product, &extent| product.saturating_mul(extent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::parse;
    use crate::verify::verify;

    const UPDATE: &str = r#"program "update" f64 (
  %0 "W": real[2,3],
  %1 "rate": real,
  %2 "data": real[1,3],
) {
  %3: real[1,2] = contract bj,ij->bi %2, %0
  %4: real[2,3] = contract bi,bj->ij %3, %2
  %5: real[2,3] = broadcast %1 axes()
  %6: real[2,3] = mul %4, %5
  %7: real[2,3] = add %0, %6
  output "W" = %7
}
"#;

    #[test]
    fn each_run_begins_with_what_the_one_before_has_left() {
        let program = parse(UPDATE).expect("it is a program");
        let all = several(&program, 3, &["data"]).expect("it only renews W");
        verify(&all).expect("it is a program");
        assert_eq!(all.inputs, ["W", "rate", "data@0", "data@1", "data@2"]);
        assert_eq!(all.body.operations.len(), 3 * program.body.operations.len());
        assert_eq!(multiplications(&all), 3 * (6 + 6));
        let add = |run: usize| &all.body.operations[5 * run + 4];
        for run in 1..3 {
            let mut reads_last = false;
            add(run).for_each_use(&mut |value| reads_last |= value == add(run - 1).results[0]);
            assert!(reads_last, "run {run}");
        }
        assert_eq!(all.body.results, add(2).results);
    }

    #[test]
    fn what_leaves_more_or_draws_stays_alone() {
        let leaves_more = UPDATE.replace("output \"W\" = %7", "output \"W\" = %7\n  output \"loss\" = %3");
        let draws = UPDATE
            .replace("%3: real[1,2] = contract bj,ij->bi %2, %0", "%3: real[1,2] = random uniform stream 1");
        for text in [leaves_more, draws] {
            let program = parse(&text).expect("it is a program");
            assert_eq!(several(&program, 2, &["data"]), None, "{text}");
        }
    }
}
