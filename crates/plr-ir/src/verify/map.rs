//! V12: the inputs, instructions and results of a fused element-wise operation.

use super::operation::{Problem, ensure, follows};
use crate::program::{Local, Map, MapInstruction};
use crate::types::{Elem, Type};

/// Checks a map against the types of its inputs and results.
pub(super) fn check(map: &Map, inputs: &[&Type], results: &[&Type]) -> Result<(), Problem> {
    let Some(space) = results.first().map(|ty| &ty.dims) else { return Err((12, "no results".to_owned())) };
    for (input, ty) in map.inputs.iter().zip(inputs) {
        ensure(ty.elem != Elem::Index, 6, || "an index is used in arithmetic".to_owned())?;
        follows(ty, &input.axes, space).map_err(|problem| (12, problem))?;
    }
    let mut kinds = Vec::with_capacity(map.body.len());
    for instruction in &map.body {
        kinds.push(kind(instruction, &kinds, inputs)?);
    }
    ensure(map.results.len() == results.len(), 12, || {
        format!("{} values for {} results", map.results.len(), results.len())
    })?;
    for (local, ty) in map.results.iter().zip(results) {
        let kind = kinds.get(local.0 as usize).copied();
        ensure(kind == Some(ty.elem), 12, || format!("{local} is not {}", ty.elem))?;
        ensure(ty.dims == *space, 12, || format!("{ty} is not over {space:?}"))?;
    }
    Ok(())
}

/// The kind of an instruction's value, if it agrees with the kinds of those before it.
fn kind(instruction: &MapInstruction, kinds: &[Elem], inputs: &[&Type]) -> Result<Elem, Problem> {
    let expect = |locals: &[Local], kind: Elem| {
        let wrong = locals.iter().find(|local| kinds.get(local.0 as usize) != Some(&kind));
        wrong.map_or(Ok(()), |local| {
            Err((12, format!("`{instruction}` uses {local}, which is no earlier {kind}")))
        })
    };
    match instruction {
        MapInstruction::Input(i) => match inputs.get(*i as usize) {
            Some(ty) => Ok(ty.elem),
            None => Err((12, format!("there is no input {i}"))),
        },
        MapInstruction::Constant(_) => Ok(Elem::Real),
        MapInstruction::Unary(_, a) => expect(&[*a], Elem::Real).map(|()| Elem::Real),
        MapInstruction::Binary(_, a, b) => expect(&[*a, *b], Elem::Real).map(|()| Elem::Real),
        MapInstruction::Compare(_, a, b) => expect(&[*a, *b], Elem::Real).map(|()| Elem::Bool),
        MapInstruction::And(a, b) | MapInstruction::Or(a, b) => {
            expect(&[*a, *b], Elem::Bool).map(|()| Elem::Bool)
        }
        MapInstruction::Not(a) => expect(&[*a], Elem::Bool).map(|()| Elem::Bool),
        MapInstruction::Select(c, a, b) => {
            expect(&[*c], Elem::Bool)?;
            expect(&[*a, *b], Elem::Real).map(|()| Elem::Real)
        }
    }
}
