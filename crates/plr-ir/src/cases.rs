//! Programs that choose by what is known before they run: a block that learns in some runs only, and what nothing else needs.
//!
//! ```text
//! %3: bool = eq %1, %2                         the condition  %3       from the scalars among the inputs
//! %4: bool[5,7] = broadcast %3 axes()     =>   where it holds, %6 = … %5 …
//! %6: real[5,7] = select %4, %5, %0            elsewhere,      %6 = %0, and %5 is not computed
//! ```
//!
//! A program computes both sides of every choice. Where scalar inputs decide, a program for the one that is taken does less, and
//! the other side's loops with it.

use std::collections::HashSet;

use crate::analysis::renumber;
use crate::pass::DCE;
use crate::program::{Block, Op, Operation, Program, Value};
use crate::scalar::CompareOp;
use crate::types::{Elem, Location, Type};

/// More conditions than these are left in the program.
const MOST_CONDITIONS: usize = 4;

/// What a program chooses by.
#[derive(Debug)]
pub struct Cases<'a> {
    program: &'a Program,
    conditions: Vec<Value>,
}

impl<'a> Cases<'a> {
    /// Of a program without [`Op::Map`]; `None` if nothing that is known before it runs decides what it does.
    pub fn of(program: &'a Program) -> Option<Self> {
        let known = known(program);
        let mut conditions: Vec<Value> = Vec::new();
        deciding(&program.body, &mut |value| {
            let truth = program.type_of(value).elem == Elem::Bool;
            if truth && known.contains(&value) && !conditions.contains(&value) {
                conditions.push(value);
            }
        });
        (1..=MOST_CONDITIONS).contains(&conditions.len()).then_some(Self { program, conditions })
    }

    /// How many conditions there are.
    pub fn count(&self) -> usize {
        self.conditions.len()
    }

    /// The program that computes the conditions: a scalar output for each, in order, 1 where it holds and else 0.
    pub fn conditions(&self) -> Program {
        let mut program = Program { name: format!("{} cases", self.program.name), ..self.program.clone() };
        program.body.results.clear();
        program.outputs = (0..self.count()).map(|at| at.to_string()).collect();
        let [one, zero] = [1.0, 0.0].map(|number| push(&mut program, Op::Constant(number), Type::real([])));
        for &condition in &self.conditions {
            let result = push(&mut program, Op::Select(condition, one, zero), Type::real([]));
            program.body.results.push(result);
        }
        (DCE.run)(&mut program);
        let mut used: HashSet<Value> = HashSet::new();
        program.body.for_each_use(&mut |value| {
            used.insert(value);
        });
        let inputs =
            std::mem::take(&mut program.inputs).into_iter().zip(std::mem::take(&mut program.body.parameters));
        (program.inputs, program.body.parameters) = inputs.filter(|(_, input)| used.contains(input)).unzip();
        renumber(&mut program);
        program
    }

    /// The program where each condition holds, or does not.
    pub fn program(&self, holds: &[bool]) -> Program {
        let mut program = self.program.clone();
        let zero = program.new_value(Type::real([]));
        for operation in &mut program.body.operations {
            let at = operation.results.first().and_then(|of| self.conditions.iter().position(|c| c == of));
            if let Some(at) = at {
                let op = if holds[at] { CompareOp::Eq } else { CompareOp::Ne };
                operation.op = Op::Compare(op, zero, zero);
            }
        }
        let constant =
            Operation { results: vec![zero], op: Op::Constant(0.0), location: Location::default() };
        program.body.operations.insert(0, constant);
        renumber(&mut program);
        program
    }
}

/// Whether an optimised program has truth values that are the same for all of it: without them it has no cases.
pub fn has_scalar_truths(program: &Program) -> bool {
    let truth = |value: &Value| *program.type_of(*value) == Type { elem: Elem::Bool, dims: Vec::new() };
    program.body.operations.iter().flat_map(|operation| &operation.results).any(truth)
}

/// The scalars that follow from the scalars among the inputs, whatever else is presented.
fn known(program: &Program) -> HashSet<Value> {
    let scalar = |value: &Value| program.type_of(*value).rank() == 0;
    let mut known: HashSet<Value> = program.body.parameters.iter().copied().filter(scalar).collect();
    for operation in &program.body.operations {
        let mut follows = operation.op.is_element_wise() || matches!(operation.op, Op::Constant(_));
        operation.op.for_each_operand(|operand| follows &= known.contains(&operand));
        known.extend(operation.results.iter().copied().filter(|result| follows && scalar(result)));
    }
    known
}

/// Calls `visit` with everything that is repeated, as what decides between arrays is.
fn deciding(block: &Block, visit: &mut impl FnMut(Value)) {
    for operation in &block.operations {
        if let Op::Broadcast { input, .. } = operation.op {
            visit(input);
        } else if let Op::Repeat(repeat) = &operation.op {
            deciding(&repeat.body, visit);
        }
    }
}

fn push(program: &mut Program, op: Op, ty: Type) -> Value {
    let result = program.new_value(ty);
    let location = Location::default();
    program.body.operations.push(Operation { results: vec![result], op, location });
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::{Options, optimise};
    use crate::several::work;
    use crate::text::parse;
    use crate::verify::verify;

    const UPDATE: &str = r#"program "update" f64 (
  %0 "W": real[2,3],
  %1 "minibatch": real,
  %2 "minibatches": real,
  %3 "data": real[4,3],
) {
  %4: real = constant -0.0
  %5: bool = eq %1, %2
  %6: real[4,2] = contract bj,ij->bi %3, %0
  %7: real[2,3] = contract bi,bj->ij %6, %3
  %8: bool[2,3] = broadcast %5 axes()
  %9: real[2,3] = broadcast %4 axes()
  %10: real[2,3] = select %8, %7, %9
  %11: real[2,3] = add %0, %10
  output "W" = %11
}
"#;

    #[test]
    fn what_scalars_decide_is_left_out_where_it_is_not_taken() {
        let update = parse(UPDATE).expect("it is a program");
        let cases = Cases::of(&update).expect("minibatches decide");
        assert_eq!(cases.count(), 1);
        let conditions = cases.conditions();
        verify(&conditions).expect("it is a program");
        assert_eq!((conditions.inputs.len(), conditions.outputs.len()), (2, 1));
        let [taken, left] = [true, false].map(|holds| {
            let mut program = cases.program(&[holds]);
            verify(&program).expect("it is a program");
            optimise(&mut program, Options::default());
            program
        });
        assert_eq!(work(&left), 0, "{left}");
        assert_eq!(left.body.results, [left.body.parameters[0]], "{left}");
        assert!(work(&taken) >= 2 * 4 * 6, "{taken}");
        assert!(!taken.to_string().contains("select"), "{taken}");
    }

    #[test]
    fn what_samples_decide_is_no_case() {
        let decided = "%8: bool[2,3] = broadcast %5 axes()";
        let program = parse(&UPDATE.replace(decided, "%8: bool[2,3] = lt %7, %0")).expect("it is a program");
        assert!(Cases::of(&program).is_none());
    }
}
