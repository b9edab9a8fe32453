//! Programs, blocks and operations. The meaning of each is in the head of the crate; here are the types.

use std::fmt;

use crate::geometry::{Convolution, Pooling};
use crate::scalar::{BinaryOp, CompareOp, Real, UnaryOp};
use crate::types::{Location, Precision, Type};

/// A value of a program, `%7` in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub u32);

impl Value {
    /// The position in [`Program::values`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// A pure function of named tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// What it computes, for people: `CentredEP.update`.
    pub name: String,
    /// The precision of all real values.
    pub precision: Precision,
    /// The type of every value, by [`Value::index`].
    pub values: Vec<Type>,
    /// The names of the inputs, one for each parameter of the body.
    pub inputs: Vec<String>,
    /// The names of the outputs, one for each result of the body.
    pub outputs: Vec<String>,
    /// The operations. Its parameters are the inputs and its results the outputs.
    pub body: Block,
}

impl Program {
    /// The type of a value.
    pub fn type_of(&self, value: Value) -> &Type {
        &self.values[value.index()]
    }

    /// The input of that name.
    pub fn input(&self, name: &str) -> Option<Value> {
        self.inputs.iter().position(|n| n == name).map(|i| self.body.parameters[i])
    }

    /// The output of that name.
    pub fn output(&self, name: &str) -> Option<Value> {
        self.outputs.iter().position(|n| n == name).map(|i| self.body.results[i])
    }

    /// Adds a value of the given type, defined by nobody yet.
    pub fn new_value(&mut self, ty: Type) -> Value {
        self.values.push(ty);
        Value((self.values.len() - 1) as u32)
    }
}

/// Straight-line code with parameters and results: the body of a program or of a loop.
///
/// A block sees its own values and those of the blocks around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Values defined at entry.
    pub parameters: Vec<Value>,
    /// The operations, each after the definitions it uses.
    pub operations: Vec<Operation>,
    /// Values handed out at the end.
    pub results: Vec<Value>,
}

/// One operation and the values it defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The defined values: one, except for [`Op::Map`] and [`Op::Repeat`].
    pub results: Vec<Value>,
    /// What it does.
    pub op: Op,
    /// Where it comes from.
    pub location: Location,
}

/// What an operation computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The same real number everywhere.
    Constant(f64),
    /// Element-wise, real to real.
    Unary(UnaryOp, Value),
    /// Element-wise, two reals of one type.
    Binary(BinaryOp, Value, Value),
    /// Element-wise, two reals of one type to truth values.
    Compare(CompareOp, Value, Value),
    /// Element-wise conjunction of truth values.
    And(Value, Value),
    /// Element-wise disjunction of truth values.
    Or(Value, Value),
    /// Element-wise negation of truth values.
    Not(Value),
    /// Element-wise: the second operand where the first is true, the third elsewhere.
    Select(Value, Value, Value),
    /// A step number as a real scalar, rounded.
    FromIndex(Value),
    /// Repeats along new axes: input axis `i` becomes result axis `axes[i]`, strictly increasing.
    Broadcast {
        /// The value to repeat.
        input: Value,
        /// For each input axis its place in the result.
        axes: Vec<usize>,
    },
    /// Sums of products.
    Contract {
        /// First factor.
        lhs: Value,
        /// Second factor.
        rhs: Value,
        /// Which axes meet.
        spec: Contraction,
    },
    /// Sums of products of units and a kernel's weights, or of units, over the pairs of units that a weight joins. Whether
    /// a factor that is not finite is also multiplied by the zeros beyond a layer's edges is not said.
    Convolve {
        /// Which of the three sums.
        form: ConvolveForm,
        /// First factor.
        lhs: Value,
        /// Second factor.
        rhs: Value,
        /// Which units a weight joins.
        geometry: Convolution,
    },
    /// One element for each window.
    Pool {
        /// Which.
        kind: PoolKind,
        /// The elements.
        input: Value,
        /// The windows.
        geometry: Pooling,
    },
    /// The adjoint of [`PoolKind::Mean`]: for each unit the sum over its windows, divided by the size of a window. Or each
    /// window's element for the unit that is its largest.
    Unpool {
        /// One element for each window.
        input: Value,
        /// Of which units the largest of a window gets all of it.
        by: Option<Value>,
        /// The windows.
        geometry: Pooling,
    },
    /// The same elements in the same order in other dimensions.
    Reshape(Value),
    /// Folds the given axes away.
    Reduce {
        /// How two elements combine.
        kind: ReduceKind,
        /// What is folded.
        input: Value,
        /// The folded axes, strictly increasing, at least one.
        axes: Vec<usize>,
    },
    /// Along the last axis: for each element the number of elements of its row that come before it.
    Rank(Value),
    /// Along an axis: the sum of an element and all before it.
    RunningSum {
        /// What is summed.
        input: Value,
        /// The axis.
        axis: usize,
    },
    /// What stands along an axis from one place on, for so many places as the result has.
    Range {
        /// From what it is taken.
        input: Value,
        /// The axis.
        axis: usize,
        /// The first place.
        first: usize,
    },
    /// What is at one place along an axis; beyond the end, the last.
    Slice {
        /// From what it is taken.
        input: Value,
        /// The axis, which the result lacks.
        axis: usize,
        /// The place: a step number.
        index: Value,
    },
    /// A tensor with what is at one place along an axis replaced.
    Insert {
        /// The tensor.
        into: Value,
        /// What stands there in the result: as the tensor, without the axis.
        value: Value,
        /// The axis.
        axis: usize,
        /// The place, as in [`Op::Slice`].
        index: Value,
    },
    /// A tensor with zeros from a place along an axis on.
    Before {
        /// The tensor.
        input: Value,
        /// The axis, of several places.
        axis: usize,
        /// The first place that is zero: a step number; beyond the end, none is.
        index: Value,
    },
    /// The value, through which no gradient flows but the one that is given.
    Detach {
        /// The value.
        value: Value,
        /// What a gradient flows to, as from its product with the second.
        path: Option<(Value, Value)>,
    },
    /// Independent draws, one per element of the result.
    Random {
        /// From which law.
        law: Law,
        /// Separates the draws of different variables.
        stream: u32,
        /// Separates the draws of different steps; 0 when absent.
        step: Option<Value>,
    },
    /// A loop.
    Repeat(Box<Repeat>),
    /// Several element-wise operations in one pass over memory; made by fusion.
    Map(Box<Map>),
}

/// Axis labels of a contraction, `bj,ij->bi` in text: letters that meet are summed unless the result has them.
///
/// Within one operand labels are distinct; every label of the result occurs in an operand; equal labels have equal
/// extents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Contraction {
    /// Labels of the first factor's axes, ASCII letters.
    pub lhs: Vec<u8>,
    /// Labels of the second factor's axes.
    pub rhs: Vec<u8>,
    /// Labels of the result's axes.
    pub out: Vec<u8>,
}

impl Contraction {
    /// From its text form `bj,ij->bi`; `None` if malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let (operands, out) = text.split_once("->")?;
        let (lhs, rhs) = operands.split_once(',')?;
        let labels =
            |s: &str| s.bytes().all(|c| c.is_ascii_alphabetic()).then(|| s.bytes().collect::<Vec<u8>>());
        Some(Self { lhs: labels(lhs)?, rhs: labels(rhs)?, out: labels(out)? })
    }
}

impl fmt::Display for Contraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |labels: &[u8]| labels.iter().map(|&c| char::from(c)).collect::<String>();
        write!(f, "{},{}->{}", text(&self.lhs), text(&self.rhs), text(&self.out))
    }
}

/// The three sums of a convolution: each gives one of low units, high units and kernel from the other two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvolveForm {
    /// Low units and kernel to high units.
    Forward,
    /// High units and kernel to low units.
    Adjoint,
    /// High units and low units to kernel.
    Correlate,
}

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// The mean.
    Mean,
    /// The largest, as [`BinaryOp::Max`].
    Max,
}

/// How a reduction combines two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReduceKind {
    /// The sum.
    Sum,
    /// The larger, as [`BinaryOp::Max`].
    Max,
    /// The smaller, as [`BinaryOp::Min`].
    Min,
}

/// Laws of random draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// Uniform on the unit interval.
    Uniform,
    /// Gaussian with mean 0 and deviation 1.
    Normal,
}

/// A loop. Its operation's results are the carried values after the last step, then, if `until` is present, the number
/// of steps that ran (an index) and the last residual (a real scalar).
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// How often the body runs, at most; at least 1.
    pub count: u32,
    /// The step's index runs from the last one down to 0.
    pub reversed: bool,
    /// When it stops earlier.
    pub until: Option<Until>,
    /// The carried values before the first step.
    pub initial: Vec<Value>,
    /// One step. Parameters: the step's index, then the carried values. Results: the carried values after the step.
    pub body: Block,
}

/// The stopping condition of a loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Until {
    /// A real scalar that is visible at the end of the body.
    pub residual: Value,
    /// The loop stops after the first step whose residual is less, or no finite number: nothing comes of that any more.
    pub tolerance: f64,
}

impl Until {
    /// Whether the loop is over after a step with this residual.
    pub fn ends<T: Real>(&self, residual: T) -> bool {
        let residual = residual.to_f64();
        residual < self.rounded(T::PRECISION) || !residual.is_finite()
    }

    /// The tolerance that residuals of this precision are compared with.
    pub fn rounded(&self, precision: Precision) -> f64 {
        match precision {
            Precision::F32 => f64::from(self.tolerance as f32),
            Precision::F64 => self.tolerance,
        }
    }
}

/// Fused element-wise code over one index space: the dimensions of its results, which all have the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The values it reads.
    pub inputs: Vec<MapInput>,
    /// Scalar instructions, each after those it uses.
    pub body: Vec<MapInstruction>,
    /// Which instructions' values are the operation's results, in order.
    pub results: Vec<Local>,
}

/// A value read by a [`Map`], with the axes of the index space that its own axes follow.
#[derive(Clone, Debug, PartialEq)]
pub struct MapInput {
    /// The value.
    pub value: Value,
    /// For each of its axes the axis of the index space, strictly increasing.
    pub axes: Vec<usize>,
}

/// The position of an instruction in a map's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Local(pub u32);

/// An instruction of a [`Map`].
#[derive(Clone, Debug, PartialEq)]
pub enum MapInstruction {
    /// The current element of an input, by its position.
    Input(u32),
    /// A real constant.
    Constant(f64),
    /// Real to real.
    Unary(UnaryOp, Local),
    /// Two reals to real.
    Binary(BinaryOp, Local, Local),
    /// Two reals to truth value.
    Compare(CompareOp, Local, Local),
    /// Conjunction.
    And(Local, Local),
    /// Disjunction.
    Or(Local, Local),
    /// Negation of a truth value.
    Not(Local),
    /// Choice.
    Select(Local, Local, Local),
}

impl MapInstruction {
    /// The same of other instructions: those that stand at these places.
    pub fn moved(&self, mut at: impl FnMut(Local) -> Local) -> Self {
        match *self {
            Self::Input(i) => Self::Input(i),
            Self::Constant(number) => Self::Constant(number),
            Self::Unary(op, a) => Self::Unary(op, at(a)),
            Self::Binary(op, a, b) => Self::Binary(op, at(a), at(b)),
            Self::Compare(op, a, b) => Self::Compare(op, at(a), at(b)),
            Self::And(a, b) => Self::And(at(a), at(b)),
            Self::Or(a, b) => Self::Or(at(a), at(b)),
            Self::Not(a) => Self::Not(at(a)),
            Self::Select(c, a, b) => Self::Select(at(c), at(a), at(b)),
        }
    }
}

impl Op {
    /// Whether each element of the result is a scalar operation on the elements at the same place.
    pub fn is_element_wise(&self) -> bool {
        match self {
            Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::And(..)
            | Op::Or(..)
            | Op::Not(_)
            | Op::Select(..) => true,
            Op::Constant(_)
            | Op::FromIndex(_)
            | Op::Broadcast { .. }
            | Op::Contract { .. }
            | Op::Reduce { .. }
            | Op::Rank(_)
            | Op::RunningSum { .. }
            | Op::Convolve { .. }
            | Op::Pool { .. }
            | Op::Unpool { .. }
            | Op::Reshape(_)
            | Op::Range { .. }
            | Op::Slice { .. }
            | Op::Insert { .. }
            | Op::Before { .. }
            | Op::Detach { .. }
            | Op::Random { .. }
            | Op::Repeat(_)
            | Op::Map(_) => false,
        }
    }

    /// Calls `visit` on every value used, those used inside nested blocks excepted.
    pub fn for_each_operand(&self, mut visit: impl FnMut(Value)) {
        match self {
            Op::Constant(_) => {}
            Op::Unary(_, a) | Op::Not(a) | Op::FromIndex(a) | Op::Rank(a) | Op::Reshape(a) => visit(*a),
            Op::Binary(_, a, b) | Op::Compare(_, a, b) | Op::And(a, b) | Op::Or(a, b) => {
                [*a, *b].into_iter().for_each(visit)
            }
            Op::Select(c, a, b) => [*c, *a, *b].into_iter().for_each(visit),
            Op::Broadcast { input, .. }
            | Op::Reduce { input, .. }
            | Op::RunningSum { input, .. }
            | Op::Range { input, .. }
            | Op::Pool { input, .. } => visit(*input),
            Op::Unpool { input, by, .. } => std::iter::once(*input).chain(*by).for_each(visit),
            Op::Contract { lhs, rhs, .. } | Op::Convolve { lhs, rhs, .. } => {
                [*lhs, *rhs].into_iter().for_each(visit)
            }
            Op::Slice { input, index, .. } | Op::Before { input, index, .. } => {
                [*input, *index].into_iter().for_each(visit)
            }
            Op::Insert { into, value, index, .. } => [*into, *value, *index].into_iter().for_each(visit),
            Op::Detach { value, path } => {
                visit(*value);
                path.iter().for_each(|&(to, slope)| [to, slope].into_iter().for_each(&mut visit));
            }
            Op::Random { step, .. } => step.iter().copied().for_each(visit),
            Op::Repeat(repeat) => repeat.initial.iter().copied().for_each(visit),
            Op::Map(map) => map.inputs.iter().map(|i| i.value).for_each(visit),
        }
    }

    /// Replaces every used value, those used inside nested blocks excepted.
    pub fn map_operands(&mut self, mut replace: impl FnMut(Value) -> Value) {
        match self {
            Op::Constant(_) => {}
            Op::Unary(_, a) | Op::Not(a) | Op::FromIndex(a) | Op::Rank(a) | Op::Reshape(a) => {
                *a = replace(*a)
            }
            Op::Binary(_, a, b) | Op::Compare(_, a, b) | Op::And(a, b) | Op::Or(a, b) => {
                *a = replace(*a);
                *b = replace(*b);
            }
            Op::Select(c, a, b) => [c, a, b].into_iter().for_each(|v| *v = replace(*v)),
            Op::Broadcast { input, .. }
            | Op::Reduce { input, .. }
            | Op::RunningSum { input, .. }
            | Op::Range { input, .. }
            | Op::Pool { input, .. } => *input = replace(*input),
            Op::Unpool { input, by, .. } => {
                *input = replace(*input);
                by.iter_mut().for_each(|v| *v = replace(*v));
            }
            Op::Contract { lhs, rhs, .. } | Op::Convolve { lhs, rhs, .. } => {
                [lhs, rhs].into_iter().for_each(|v| *v = replace(*v))
            }
            Op::Slice { input, index, .. } | Op::Before { input, index, .. } => {
                [input, index].into_iter().for_each(|v| *v = replace(*v));
            }
            Op::Insert { into, value, index, .. } => {
                [into, value, index].into_iter().for_each(|v| *v = replace(*v));
            }
            Op::Detach { value, path } => {
                *value = replace(*value);
                path.iter_mut().for_each(|(to, slope)| (*to, *slope) = (replace(*to), replace(*slope)));
            }
            Op::Random { step, .. } => step.iter_mut().for_each(|v| *v = replace(*v)),
            Op::Repeat(repeat) => repeat.initial.iter_mut().for_each(|v| *v = replace(*v)),
            Op::Map(map) => map.inputs.iter_mut().for_each(|i| i.value = replace(i.value)),
        }
    }
}
