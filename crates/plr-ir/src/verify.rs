//! The verifier: what every program guarantees to those who read it. A violation is always a mistake of the compiler.
//!
//! * **V1 (interface)** Inputs are as many as the body's parameters, outputs as many as its results; the names of the inputs
//!   are distinct, so are those of the outputs; all of them are real.
//! * **V2 (definition)** Every value is in the program's table and is defined exactly once: as a parameter of a block or as
//!   a result of an operation.
//! * **V3 (scope)** Every use comes after the definition, in the same block or in one nested inside it.
//! * **V4 (size)** Every dimension is at least 1 and the number of elements is at most [`MOST_ELEMENTS`]. Index values are
//!   scalars.
//! * **V5 (element-wise)** Constants are real. Operands and result of an element-wise operation have equal dimensions;
//!   arithmetic is on reals, comparisons take reals and give truth values, logic is on truth values, a selection takes
//!   truth values and two reals. There is one result.
//! * **V6 (index)** An index is used only as operand of [`Op::FromIndex`], whose result is a real scalar, as step of
//!   [`Op::Random`], and as place of [`Op::Slice`], [`Op::Insert`] and [`Op::Before`].
//! * **V7 (broadcast)** There is one result, of the input's kind. There is one axis for each axis of the input, strictly
//!   increasing, within the result's rank and of the same extent there.
//! * **V8 (contraction)** There is one result; all three tensors are real, with a label for each axis, an ASCII letter. The
//!   labels of one tensor are distinct; equal labels have equal extents; each label of the result occurs in an operand.
//! * **V9 (reduction)** There is one result; input and result are real. There is at least one axis; axes are strictly
//!   increasing and within the input's rank; the result has the other dimensions.
//! * **V10 (random)** There is one result, real; the step, if any, is an index.
//! * **V11 (loop)** The count is at least 1. The body's parameters are an index and the carried values; these, their initial
//!   values, the body's results and the operation's results have equal types, which are real. With a tolerance two
//!   more results, an index and a real scalar, follow, and the residual is a real scalar visible at the end of the body.
//! * **V12 (map)** There is at least one result; all results have the dimensions of the index space. Each input has one
//!   axis of the index space for each of its own, strictly increasing, of equal extent. Instructions use earlier ones, with
//!   the kinds of V5; the operation's results have the kinds of the instructions they name.
//! * **V13 (rank, running sum)** There is one result, of the input's type, which is real. A ranked one has at least one axis, and
//!   the indices along the last fit in 32 bits; a summed one has the axis.
//! * **V14 (slice, range)** There is one result; all tensors are real, and the place of a slice is an index. The tensor has the axis; the slice
//!   has its other dimensions, and of an insertion the result has its type. A range has the other dimensions too, and its
//!   places are along the axis. What is before a place has the tensor's type, and several places along the axis.
//! * **V15 (detach)** There is one result, real; the value and both values of the path, if there is one, have its type.
//! * **V16 (convolution)** There is one result, and all three tensors are real: low units `[batch, units]`, high units
//!   `[batch, units]` and kernel, each where the form has it, of the sizes that the geometry says. The kernel has a place,
//!   and every place a unit.
//! * **V17 (pooling)** There is one result; input and result are real, one is `[batch, units]` of the layer, the other of its
//!   windows, of which there is at least one. Units whose largest are meant have the type of the result.
//! * **V18 (reshape)** There is one result, of the input's kind, which is no index, and of as many elements.

mod map;
mod operation;
mod shared;

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use crate::analysis::Numbering;
use crate::program::{Block, Op, Operation, Program, Value};
use crate::text::print_operation;
use crate::types::{Elem, Type};

/// The largest number of elements of a value: no array reaches half of the address space.
pub const MOST_ELEMENTS: usize = isize::MAX as usize / 8;

/// A guarantee that a program does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The number of the guarantee, see the [module](self).
    pub guarantee: u8,
    /// The text of the operation; empty if it is about the program as a whole.
    pub operation: String,
    /// What is wrong.
    pub problem: String,
}

impl Display for Violation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "V{}: {}", self.guarantee, self.problem)?;
        if self.operation.is_empty() { Ok(()) } else { write!(f, "\n  in {}", self.operation) }
    }
}

impl std::error::Error for Violation {}

/// Checks all guarantees; the violations are in the order of the program.
pub fn verify(program: &Program) -> Result<(), Vec<Violation>> {
    let mut verifier = Verifier {
        program,
        numbering: Numbering::of(program),
        scope: vec![Scope::Undefined; program.values.len()],
        violations: Vec::new(),
    };
    verifier.interface();
    verifier.sizes();
    verifier.block(&program.body, None);
    if verifier.violations.is_empty() { Ok(()) } else { Err(verifier.violations) }
}

/// Whether a value may be used at the current place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Undefined,
    Visible,
    /// Defined in a block that has ended.
    Ended,
}

/// The state of a walk over a program.
struct Verifier<'a> {
    program: &'a Program,
    numbering: Numbering,
    scope: Vec<Scope>,
    violations: Vec<Violation>,
}

impl<'a> Verifier<'a> {
    /// V1.
    fn interface(&mut self) {
        let Program { inputs, outputs, body, .. } = self.program;
        for (what, names, values) in [("input", inputs, &body.parameters), ("output", outputs, &body.results)]
        {
            if names.len() != values.len() {
                self.report(1, None, format!("{} {what} names for {} values", names.len(), values.len()));
            }
            let mut seen = HashSet::new();
            for name in names.iter().filter(|name| !seen.insert(*name)) {
                self.report(1, None, format!("two {what}s have the name {name:?}"));
            }
            for (name, &value) in names.iter().zip(values) {
                if self.ty(value).is_some_and(|ty| ty.elem != Elem::Real) {
                    self.report(1, None, format!("{what} {name:?} is not real"));
                }
            }
        }
    }

    /// V4.
    fn sizes(&mut self) {
        for (i, ty) in self.program.values.iter().enumerate() {
            let count = ty.dims.iter().try_fold(1, |count: usize, &dim| count.checked_mul(dim));
            let fits = count.is_some_and(|count| (1..=MOST_ELEMENTS).contains(&count));
            if !fits || (ty.elem == Elem::Index && ty.rank() > 0) {
                let value = self.number(Value(i as u32));
                self.report(4, None, format!("no value can have the type {ty} of {value}"));
            }
        }
    }

    /// A block with everything inside, its results included. `residual` is looked at where the block ends.
    fn block(&mut self, block: &Block, owner: Option<(&Operation, Option<Value>)>) {
        let mut own = Vec::new();
        for &parameter in &block.parameters {
            self.define(parameter, owner.map(|(operation, _)| operation), &mut own);
        }
        for operation in &block.operations {
            operation.op.for_each_operand(|value| self.look_up(value, Some(operation)));
            if let Op::Repeat(repeat) = &operation.op {
                self.block(&repeat.body, Some((operation, repeat.until.map(|until| until.residual))));
            }
            for &result in &operation.results {
                self.define(result, Some(operation), &mut own);
            }
            self.operation(operation);
        }
        let residual = owner.and_then(|(_, residual)| residual);
        for &value in block.results.iter().chain(&residual) {
            self.look_up(value, owner.map(|(operation, _)| operation));
        }
        for value in own {
            self.scope[value.index()] = Scope::Ended;
        }
    }

    /// V2 at a definition.
    fn define(&mut self, value: Value, operation: Option<&Operation>, own: &mut Vec<Value>) {
        let number = self.number(value);
        match self.scope.get(value.index()) {
            Some(Scope::Undefined) => {
                self.scope[value.index()] = Scope::Visible;
                own.push(value);
            }
            Some(Scope::Visible | Scope::Ended) => {
                self.report(2, operation, format!("{number} is defined twice"))
            }
            None => self.report(2, operation, format!("{number} is not in the table of values")),
        }
    }

    /// V2 and V3 at a use.
    fn look_up(&mut self, value: Value, operation: Option<&Operation>) {
        let number = self.number(value);
        match self.scope.get(value.index()) {
            Some(Scope::Visible) => {}
            Some(Scope::Undefined) => {
                self.report(3, operation, format!("{number} is used before it is defined"))
            }
            Some(Scope::Ended) => self.report(3, operation, format!("{number} is used outside its block")),
            None => self.report(2, operation, format!("{number} is not in the table of values")),
        }
    }

    fn report(&mut self, guarantee: u8, operation: Option<&Operation>, problem: String) {
        let operation =
            operation.map(|o| print_operation(self.program, &self.numbering, o)).unwrap_or_default();
        self.violations.push(Violation { guarantee, operation, problem });
    }

    /// The type of a value, if it is in the table.
    fn ty(&self, value: Value) -> Option<&'a Type> {
        self.program.values.get(value.index())
    }

    /// The value as the text form calls it.
    fn number(&self, value: Value) -> Value {
        self.numbering.renumbered(value)
    }
}
