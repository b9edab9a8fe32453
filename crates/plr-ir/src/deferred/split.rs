//! A run without the matrices whose changes are put off: what they answer is an input of it, and what they gain a result.

use std::collections::HashSet;

use super::lift::presented;
use super::line::{Line, Lines, Scale};
use crate::pass::DCE;
use crate::program::{Op, Operation, Program, Value};

/// A run, and what it does not do.
#[derive(Debug)]
pub(super) struct Split {
    /// The run; the results of its `drives` are defined nowhere in it.
    pub(super) program: Program,
    /// What is renewed in each run: inputs and their new values.
    pub(super) whole: Vec<(Value, Value)>,
    /// The matrices whose changes are put off, and what becomes of them.
    pub(super) lines: Vec<(Value, Line)>,
    /// What they are asked.
    pub(super) drives: Vec<Drive>,
    /// What is presented to all of them when they learn.
    pub(super) x: Value,
}

/// A product of a matrix and something that is presented: `[samples…, rows]`.
#[derive(Clone, Debug)]
pub(super) struct Drive {
    /// The product.
    pub(super) result: Value,
    /// The matrix, `[rows, columns]`.
    pub(super) matrix: Value,
    /// What is presented, `[samples…, columns]`.
    pub(super) x: Value,
}

impl Split {
    /// Of a program whose runs have these inputs of their own; `None` if no matrix can be put off.
    pub(super) fn of(program: &Program, own: &[Value]) -> Option<Self> {
        let presented = presented(program, own);
        let real_matrix = |value: &Value| program.type_of(*value).rank() == 2 && !own.contains(value);
        let renewed = program.outputs.iter().filter_map(|name| program.input(name));
        let mut matrices: Vec<Value> = renewed.filter(real_matrix).collect();
        while !matrices.is_empty() {
            match Self::attempt(program, &matrices, &presented) {
                Ok(split) => return Some(split),
                Err(fewer) => matrices = fewer,
            }
        }
        None
    }

    /// Without all these matrices, or which of them may be left to try.
    fn attempt(
        program: &Program,
        matrices: &[Value],
        presented: &HashSet<Value>,
    ) -> Result<Self, Vec<Value>> {
        let mut lines = Lines::new(program, matrices, presented);
        let mut drives = Vec::new();
        for operation in &program.body.operations {
            match drive(operation, matrices, presented) {
                Some(drive) => drives.push(drive),
                None => lines.pass(operation),
            }
        }
        let renewed = |(name, &new): (&String, &Value)| program.input(name).map(|input| (input, new));
        let renewed: Vec<(Value, Value)> =
            program.outputs.iter().zip(&program.body.results).filter_map(renewed).collect();
        let mut known: Vec<(Value, Line)> = Vec::new();
        let mut whole = Vec::new();
        for (input, new) in renewed {
            match lines.line(new).filter(|_| matrices.contains(&input)) {
                Some(line) => known.push((input, line.clone())),
                None => whole.push((input, new)),
            }
        }
        let x = known.iter().find_map(|(_, line)| line.fresh.map(|(_, x)| x)).ok_or_else(Vec::new)?;
        known.retain(|(_, line)| line.fresh.is_none_or(|(_, other)| other == x));
        let mut split = Self { program: lines.program, whole, lines: known, drives, x };
        split.program.body.operations = lines.operations;
        split.keep_what_is_needed();
        let used = split.used();
        // Answers and gains are of the same samples, and of as many numbers of each.
        let dims = |value: Value| &program.type_of(value).dims;
        let alike = |matrix: Value| {
            split.drives.iter().filter(|drive| drive.matrix == matrix).all(|drive| dims(drive.x) == dims(x))
        };
        let fits = |&matrix: &Value| split.lines.iter().any(|(known, _)| *known == matrix) && alike(matrix);
        let fewer: Vec<Value> =
            matrices.iter().copied().filter(|matrix| fits(matrix) && !used.contains(matrix)).collect();
        if fewer.len() == matrices.len() { Ok(split) } else { Err(fewer) }
    }

    /// Where a matrix is among the lines.
    pub(super) fn position(&self, matrix: Value) -> usize {
        match self.lines.iter().position(|(known, _)| *known == matrix) {
            Some(position) => position,
            None => unreachable!("lines are made of matrices that have lines"),
        }
    }

    /// Removes what neither the renewed values nor the lines need.
    fn keep_what_is_needed(&mut self) {
        let scales = self.lines.iter().flat_map(|(_, line)| line.old.values());
        let scales = scales.filter_map(|scale| match scale {
            Scale::One => None,
            Scale::By(rows) => Some(*rows),
        });
        let fresh = self.lines.iter().filter_map(|(_, line)| line.fresh.map(|(d, _)| d));
        let whole = self.whole.iter().map(|(_, new)| *new);
        let roots: Vec<Value> = whole.chain(scales).chain(fresh).collect();
        self.program.outputs = roots.iter().map(ToString::to_string).collect();
        self.program.body.results = roots;
        (DCE.run)(&mut self.program);
        let used = self.used();
        self.drives.retain(|drive| used.contains(&drive.result));
    }

    fn used(&self) -> HashSet<Value> {
        let mut used = HashSet::new();
        self.program.body.for_each_use(&mut |value| {
            used.insert(value);
        });
        used
    }
}

/// The operation as a product of one of the matrices and something that is presented.
fn drive(operation: &Operation, matrices: &[Value], presented: &HashSet<Value>) -> Option<Drive> {
    let Op::Contract { lhs, rhs, spec } = &operation.op else { return None };
    let (&row, samples) = spec.out.split_last()?;
    [(*lhs, &spec.lhs, *rhs, &spec.rhs), (*rhs, &spec.rhs, *lhs, &spec.lhs)].into_iter().find_map(
        |(matrix, of_matrix, x, of_x)| {
            let (&column, same) = of_x.split_last()?;
            let fits = of_matrix == &[row, column] && same == samples;
            let known = matrices.contains(&matrix) && presented.contains(&x);
            (fits && known).then(|| Drive { result: operation.results[0], matrix, x })
        },
    )
}
