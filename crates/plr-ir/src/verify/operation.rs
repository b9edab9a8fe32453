//! V5 to V11 and V13 to V15: the types of operands and results of each operation.

use super::{Verifier, shared};
use crate::program::{Contraction, Op, Operation, Repeat, Value};
use crate::types::{Elem, Type};

/// A guarantee that is not kept, and how.
pub(super) type Problem = (u8, String);

/// An error if the guarantee does not hold.
pub(super) fn ensure(holds: bool, guarantee: u8, problem: impl FnOnce() -> String) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err((guarantee, problem())) }
}

/// Whether each number is larger than the one before it.
pub(super) fn strictly_increasing(numbers: &[usize]) -> bool {
    numbers.is_sorted_by(|a, b| a < b)
}

impl<'a> Verifier<'a> {
    /// Reports the first thing that is wrong with the types of an operation.
    pub(super) fn operation(&mut self, operation: &Operation) {
        let mut operands = Vec::new();
        operation.op.for_each_operand(|value| operands.push(value));
        let (Some(operands), Some(results)) = (self.types(&operands), self.types(&operation.results)) else {
            return; // V2 has been reported.
        };
        if let Err((guarantee, problem)) = self.check(&operation.op, &operands, &results) {
            self.report(guarantee, Some(operation), problem);
        }
    }

    /// The types of values, if all are in the table.
    pub(super) fn types(&self, values: &[Value]) -> Option<Vec<&'a Type>> {
        values.iter().map(|&value| self.ty(value)).collect()
    }

    fn check(&self, op: &Op, operands: &[&Type], results: &[&Type]) -> Result<(), Problem> {
        use Elem::{Bool, Real};
        let uses_index = operands.iter().any(|ty| ty.elem == Elem::Index);
        match op {
            Op::Constant(_) => element_wise(operands, results, &[], Real),
            Op::Unary(..) => element_wise(operands, results, &[Real], Real),
            Op::Binary(..) => element_wise(operands, results, &[Real; 2], Real),
            Op::Compare(..) => element_wise(operands, results, &[Real; 2], Bool),
            Op::And(..) | Op::Or(..) => element_wise(operands, results, &[Bool; 2], Bool),
            Op::Not(_) => element_wise(operands, results, &[Bool], Bool),
            Op::Select(..) => element_wise(operands, results, &[Bool, Real, Real], Real),
            Op::FromIndex(_) => {
                ensure(uses_index, 6, || format!("the operand is {}", operands[0]))?;
                ensure(results == [&Type::real([])], 6, || "the result is not one real scalar".to_owned())
            }
            Op::Broadcast { axes, .. } => broadcast(operands[0], axes, results),
            Op::Contract { spec, .. } => contract(spec, operands, results),
            Op::Reduce { axes, .. } => reduce(operands[0], axes, results),
            Op::Rank(_) => rank(operands[0], results),
            Op::RunningSum { axis, .. } => running_sum(operands[0], *axis, results),
            Op::Convolve { form, geometry, .. } => shared::convolve(*form, geometry, operands, results),
            Op::Pool { geometry, .. } => shared::pool(geometry, operands[0], results, false),
            Op::Unpool { geometry, .. } => {
                shared::pool(geometry, operands[0], results, true)?;
                let other = operands[1..].iter().find(|by| **by != results[0]);
                ensure(other.is_none(), 17, || format!("{} has no largest of {}", operands[1], results[0]))
            }
            Op::Reshape(_) => shared::reshape(operands[0], results),
            Op::Range { axis, first, .. } => range(operands[0], *axis, *first, results),
            Op::Slice { axis, .. } => {
                let [slice] = results else {
                    return Err((14, format!("{} results instead of one", results.len())));
                };
                sliced(operands[0], *axis, slice, operands[1])
            }
            Op::Insert { axis, .. } => {
                ensure(results == [operands[0]], 14, || format!("the result is not one {}", operands[0]))?;
                sliced(operands[0], *axis, operands[1], operands[2])
            }
            Op::Before { axis, .. } => {
                ensure(results == [operands[0]], 14, || format!("the result is not one {}", operands[0]))?;
                let real =
                    operands[0].elem == Real && operands[0].dims.get(*axis).is_some_and(|&dim| dim > 1);
                ensure(real, 14, || format!("{} has not several places along axis {axis}", operands[0]))?;
                ensure(uses_index, 14, || format!("the place is {}, not an index", operands[1]))
            }
            Op::Detach { .. } => {
                let real = results.len() == 1 && results[0].elem == Real;
                ensure(real, 15, || "the result is not one real".to_owned())?;
                let other = operands.iter().find(|ty| **ty != results[0]);
                ensure(other.is_none(), 15, || format!("an operand is not {}", results[0]))
            }
            Op::Random { step, .. } => {
                let real = results.len() == 1 && results[0].elem == Real;
                ensure(real, 10, || "the result is not one real".to_owned())?;
                ensure(step.is_none() || uses_index, 10, || "the step is not an index".to_owned())
            }
            Op::Repeat(op) => self.repeat(op, operands, results),
            Op::Map(map) => super::map::check(map, operands, results),
        }
    }

    /// V11.
    fn repeat(&self, op: &Repeat, initial: &[&Type], results: &[&Type]) -> Result<(), Problem> {
        let (Some(parameters), Some(next)) = (self.types(&op.body.parameters), self.types(&op.body.results))
        else {
            return Ok(()); // V2 has been reported.
        };
        ensure(op.count > 0, 11, || "the count is 0".to_owned())?;
        ensure(!op.reversed || op.until.is_none(), 11, || "a reversed loop has a tolerance".to_owned())?;
        let Some((step, carried)) = parameters.split_first() else {
            return Err((11, "the body has no parameter for the step".to_owned()));
        };
        ensure(step.elem == Elem::Index, 11, || format!("the step is {step}, not an index"))?;
        let real = carried.iter().all(|ty| ty.elem == Elem::Real);
        ensure(real, 11, || "a carried value is not real".to_owned())?;
        ensure(carried == initial, 11, || {
            "types of initial values differ from the body's parameters".to_owned()
        })?;
        ensure(carried == next, 11, || "types of the body's results differ from its parameters".to_owned())?;
        let mut expected = carried.to_vec();
        let (count, scalar) = (Type::index(), Type::real([]));
        if let Some(until) = op.until {
            expected.extend([&count, &scalar]);
            let residual = self.ty(until.residual).is_none_or(|ty| *ty == scalar);
            ensure(residual, 11, || "the residual is not a real scalar".to_owned())?;
        }
        ensure(expected == results, 11, || {
            "types of the results differ from what the body carries".to_owned()
        })
    }
}

/// V5.
fn element_wise(operands: &[&Type], results: &[&Type], kinds: &[Elem], kind: Elem) -> Result<(), Problem> {
    let [result] = results else { return Err((5, format!("{} results instead of one", results.len()))) };
    ensure(result.elem == kind, 5, || format!("the result is {result}, not {kind}"))?;
    for (operand, kind) in operands.iter().zip(kinds) {
        ensure(operand.elem != Elem::Index, 6, || "an index is used in arithmetic".to_owned())?;
        ensure(operand.elem == *kind, 5, || format!("an operand is {operand}, not {kind}"))?;
        ensure(operand.dims == result.dims, 5, || format!("an operand is {operand}, the result {result}"))?;
    }
    Ok(())
}

/// V7.
fn broadcast(input: &Type, axes: &[usize], results: &[&Type]) -> Result<(), Problem> {
    let [result] = results else { return Err((7, format!("{} results instead of one", results.len()))) };
    ensure(input.elem != Elem::Index, 6, || "an index is broadcast".to_owned())?;
    ensure(input.elem == result.elem, 7, || format!("{input} becomes {result}"))?;
    follows(input, axes, &result.dims).map_err(|problem| (7, problem))
}

/// Whether a tensor's axes follow these axes of an index space.
pub(super) fn follows(input: &Type, axes: &[usize], space: &[usize]) -> Result<(), String> {
    if input.rank() != axes.len() {
        return Err(format!("{} axes for an input of rank {}", axes.len(), input.rank()));
    }
    if !strictly_increasing(axes) {
        return Err("axes are not strictly increasing".to_owned());
    }
    match axes.iter().zip(&input.dims).find(|&(&axis, dim)| space.get(axis) != Some(dim)) {
        Some((axis, dim)) => Err(format!("axis {axis} of {space:?} has not the extent {dim}")),
        None => Ok(()),
    }
}

/// V8.
fn contract(spec: &Contraction, operands: &[&Type], results: &[&Type]) -> Result<(), Problem> {
    let [result] = results else { return Err((8, format!("{} results instead of one", results.len()))) };
    let tensors = [(&spec.lhs, operands[0]), (&spec.rhs, operands[1]), (&spec.out, *result)];
    let mut extents = [None; 256];
    for (is_result, (labels, ty)) in [false, false, true].into_iter().zip(tensors) {
        ensure(ty.elem == Elem::Real, 8, || format!("contraction with {ty}"))?;
        ensure(labels.len() == ty.rank(), 8, || format!("{} labels for {ty}", labels.len()))?;
        for (i, (&label, &dim)) in labels.iter().zip(&ty.dims).enumerate() {
            let name = char::from(label);
            ensure(label.is_ascii_alphabetic(), 8, || format!("label {name:?} is not a letter"))?;
            ensure(!labels[..i].contains(&label), 8, || format!("label {name} twice on one tensor"))?;
            let extent = &mut extents[usize::from(label)];
            ensure(!is_result || extent.is_some(), 8, || {
                format!("label {name} of the result is of no operand")
            })?;
            let extent = *extent.get_or_insert(dim);
            ensure(extent == dim, 8, || format!("label {name} has extents {extent} and {dim}"))?;
        }
    }
    Ok(())
}

/// V9.
fn reduce(input: &Type, axes: &[usize], results: &[&Type]) -> Result<(), Problem> {
    let [result] = results else { return Err((9, format!("{} results instead of one", results.len()))) };
    ensure(input.elem == Elem::Real && result.elem == Elem::Real, 9, || format!("{input} becomes {result}"))?;
    let exist = axes.last().is_some_and(|&last| last < input.rank());
    ensure(exist && strictly_increasing(axes), 9, || format!("{input} has no axes {axes:?}"))?;
    let kept = input.dims.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, &dim)| dim);
    ensure(kept.eq(result.dims.iter().copied()), 9, || {
        format!("{input} without axes {axes:?} is not {result}")
    })
}

/// V13.
fn rank(input: &Type, results: &[&Type]) -> Result<(), Problem> {
    let [result] = results else { return Err((13, format!("{} results instead of one", results.len()))) };
    ensure(input.elem == Elem::Real && input.rank() > 0, 13, || format!("{input} has no rows of reals"))?;
    let countable = input.dims.last().is_some_and(|&extent| u32::try_from(extent.saturating_sub(1)).is_ok());
    ensure(countable, 13, || format!("the rows of {input} are too long"))?;
    ensure(input == *result, 13, || format!("{input} becomes {result}"))
}

/// V13.
fn running_sum(input: &Type, axis: usize, results: &[&Type]) -> Result<(), Problem> {
    ensure(input.elem == Elem::Real, 13, || format!("{input} is not real"))?;
    ensure(axis < input.rank(), 13, || format!("{input} has no axis {axis}"))?;
    ensure(results == [input], 13, || format!("the result is not one {input}"))
}

/// V14.
fn range(input: &Type, axis: usize, first: usize, results: &[&Type]) -> Result<(), Problem> {
    let [result] = results else { return Err((14, format!("{} results instead of one", results.len()))) };
    ensure(input.elem == Elem::Real && result.elem == Elem::Real, 14, || format!("{result} of {input}"))?;
    ensure(axis < input.rank(), 14, || format!("{input} has no axis {axis}"))?;
    let same = |(i, (whole, part)): (usize, (&usize, &usize))| i == axis || whole == part;
    let fits = input.rank() == result.rank() && input.dims.iter().zip(&result.dims).enumerate().all(same);
    ensure(fits, 14, || format!("{input} becomes {result} along axis {axis}"))?;
    let end = first.checked_add(result.dims[axis]);
    let within = end.is_some_and(|end| end <= input.dims[axis]);
    ensure(within, 14, || format!("{result} from place {first} on is not within axis {axis} of {input}"))
}

/// V14.
fn sliced(whole: &Type, axis: usize, slice: &Type, place: &Type) -> Result<(), Problem> {
    ensure(whole.elem == Elem::Real && slice.elem == Elem::Real, 14, || format!("{slice} of {whole}"))?;
    ensure(axis < whole.rank(), 14, || format!("{whole} has no axis {axis}"))?;
    let others = whole.dims.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &dim)| dim);
    ensure(others.eq(slice.dims.iter().copied()), 14, || {
        format!("{whole} without axis {axis} is not {slice}")
    })?;
    ensure(place.elem == Elem::Index, 14, || format!("the place is {place}, not an index"))
}
