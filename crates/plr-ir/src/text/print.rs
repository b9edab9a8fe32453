//! The printer.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::analysis::Numbering;
use crate::program::{
    Block, ConvolveForm, Law, Local, Map, MapInput, MapInstruction, Op, Operation, PoolKind, Program,
    ReduceKind, Repeat, Value,
};
use crate::types::Location;

/// The text form of a program.
pub fn print(program: &Program) -> String {
    program.to_string()
}

/// The text form of the head of one operation, without its nested block, for messages about it.
pub(crate) fn print_operation(program: &Program, numbering: &Numbering, operation: &Operation) -> String {
    let mut text = String::new();
    let written = Printer { program, numbering, out: &mut text }.operation_head(operation);
    debug_assert!(written.is_ok(), "a string takes everything");
    text
}

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printer { program: self, numbering: &Numbering::of(self), out: f }.program()
    }
}

impl Display for ReduceKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReduceKind::Sum => "sum",
            ReduceKind::Max => "max",
            ReduceKind::Min => "min",
        })
    }
}

impl Display for ConvolveForm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConvolveForm::Forward => "forward",
            ConvolveForm::Adjoint => "adjoint",
            ConvolveForm::Correlate => "correlate",
        })
    }
}

impl Display for PoolKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PoolKind::Mean => "mean",
            PoolKind::Max => "max",
        })
    }
}

impl Display for Law {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Law::Uniform => "uniform",
            Law::Normal => "normal",
        })
    }
}

impl Display for Local {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.0)
    }
}

impl Display for MapInstruction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            MapInstruction::Input(i) => write!(f, "input {i}"),
            MapInstruction::Constant(c) => write!(f, "constant {}", Number(*c)),
            MapInstruction::Unary(op, a) => write!(f, "{op} {a}"),
            MapInstruction::Binary(op, a, b) => write!(f, "{op} {a}, {b}"),
            MapInstruction::Compare(op, a, b) => write!(f, "{op} {a}, {b}"),
            MapInstruction::And(a, b) => write!(f, "and {a}, {b}"),
            MapInstruction::Or(a, b) => write!(f, "or {a}, {b}"),
            MapInstruction::Not(a) => write!(f, "not {a}"),
            MapInstruction::Select(c, a, b) => write!(f, "select {c}, {a}, {b}"),
        }
    }
}

/// A real number that reads back to the same bits; a NaN that is not the usual one shows its bits.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Number(number) = *self;
        if !number.is_nan() {
            return write!(f, "{number:?}");
        }
        match number.to_bits() {
            super::lex::USUAL_NAN => f.write_str("nan"),
            bits => write!(f, "nan({bits:#x})"),
        }
    }
}

/// A quoted name.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// Axes of a broadcast, a reduction or a map's input.
struct Axes<'a>(&'a [usize]);

impl Display for Axes<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        write!(f, "axes({})", axes.join(","))
    }
}

/// A program on its way into text.
struct Printer<'a, W> {
    program: &'a Program,
    numbering: &'a Numbering,
    out: &'a mut W,
}

impl<W: fmt::Write> Printer<'_, W> {
    fn program(mut self) -> fmt::Result {
        let Program { name, precision, inputs, body, .. } = self.program;
        write!(self.out, "program {} {precision} (", Name(name))?;
        for (i, &value) in body.parameters.iter().enumerate() {
            let (value, ty) = (self.value(value), self.ty(value));
            let name = inputs.get(i).map_or("", String::as_str);
            write!(self.out, "\n  {value} {}: {ty},", Name(name))?;
        }
        self.out.write_str(if body.parameters.is_empty() { ") {\n" } else { "\n) {\n" })?;
        self.operations(body, 1)?;
        for (i, &value) in body.results.iter().enumerate() {
            let name = self.program.outputs.get(i).map_or("", String::as_str);
            writeln!(self.out, "  output {} = {}", Name(name), self.numbering.renumbered(value))?;
        }
        self.out.write_str("}\n")
    }

    fn operations(&mut self, block: &Block, depth: usize) -> fmt::Result {
        for operation in &block.operations {
            write!(self.out, "{:1$}", "", 2 * depth)?;
            self.operation_head(operation)?;
            match &operation.op {
                Op::Repeat(repeat) => self.repeat_body(&repeat.body, depth)?,
                Op::Map(map) => self.map_body(map, depth)?,
                Op::Constant(_)
                | Op::Unary(..)
                | Op::Binary(..)
                | Op::Compare(..)
                | Op::And(..)
                | Op::Or(..)
                | Op::Not(_)
                | Op::Select(..)
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
                | Op::Random { .. } => {}
            }
            self.out.write_char('\n')?;
        }
        Ok(())
    }

    /// The operation up to where its nested block begins.
    fn operation_head(&mut self, operation: &Operation) -> fmt::Result {
        for (i, &result) in operation.results.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(self.out, "{separator}{}: {}", self.value(result), self.ty(result))?;
        }
        if !operation.results.is_empty() {
            self.out.write_str(" = ")?;
        }
        self.op(&operation.op)?;
        match operation.location {
            Location(0) => Ok(()),
            Location(at) => write!(self.out, " @{at}"),
        }
    }

    fn op(&mut self, op: &Op) -> fmt::Result {
        let numbering = self.numbering;
        let v = |value: &Value| numbering.renumbered(*value);
        match op {
            Op::Constant(c) => write!(self.out, "constant {}", Number(*c)),
            Op::Unary(op, a) => write!(self.out, "{op} {}", v(a)),
            Op::Binary(op, a, b) => write!(self.out, "{op} {}, {}", v(a), v(b)),
            Op::Compare(op, a, b) => write!(self.out, "{op} {}, {}", v(a), v(b)),
            Op::And(a, b) => write!(self.out, "and {}, {}", v(a), v(b)),
            Op::Or(a, b) => write!(self.out, "or {}, {}", v(a), v(b)),
            Op::Not(a) => write!(self.out, "not {}", v(a)),
            Op::Select(c, a, b) => write!(self.out, "select {}, {}, {}", v(c), v(a), v(b)),
            Op::FromIndex(a) => write!(self.out, "from_index {}", v(a)),
            Op::Broadcast { input, axes } => write!(self.out, "broadcast {} {}", v(input), Axes(axes)),
            Op::Contract { lhs, rhs, spec } => write!(self.out, "contract {spec} {}, {}", v(lhs), v(rhs)),
            Op::Reduce { kind, input, axes } => write!(self.out, "reduce {kind} {} {}", v(input), Axes(axes)),
            Op::Rank(a) => write!(self.out, "rank {}", v(a)),
            Op::RunningSum { input, axis } => write!(self.out, "running_sum {} axis {axis}", v(input)),
            Op::Convolve { form, lhs, rhs, geometry } => {
                write!(self.out, "convolve {form} {}, {} {geometry}", v(lhs), v(rhs))
            }
            Op::Pool { kind, input, geometry } => write!(self.out, "pool {kind} {} {geometry}", v(input)),
            Op::Unpool { input, by, geometry } => {
                write!(self.out, "unpool {}", v(input))?;
                by.iter().try_for_each(|by| write!(self.out, " by {}", v(by)))?;
                write!(self.out, " {geometry}")
            }
            Op::Reshape(a) => write!(self.out, "reshape {}", v(a)),
            Op::Range { input, axis, first } => {
                write!(self.out, "range {} axis {axis} from {first}", v(input))
            }
            Op::Slice { input, axis, index } => {
                write!(self.out, "slice {} axis {axis} at {}", v(input), v(index))
            }
            Op::Before { input, axis, index } => {
                write!(self.out, "before {} axis {axis} at {}", v(input), v(index))
            }
            Op::Insert { into, value, axis, index } => {
                write!(self.out, "insert {} into {} axis {axis} at {}", v(value), v(into), v(index))
            }
            Op::Detach { value, path } => {
                write!(self.out, "detach {}", v(value))?;
                path.iter().try_for_each(|(to, slope)| write!(self.out, " to {} by {}", v(to), v(slope)))
            }
            Op::Random { law, stream, step } => {
                write!(self.out, "random {law} stream {stream}")?;
                step.iter().try_for_each(|step| write!(self.out, " step {}", v(step)))
            }
            Op::Repeat(repeat) => self.repeat_head(repeat),
            Op::Map(map) => self.map_head(map),
        }
    }

    fn repeat_head(&mut self, repeat: &Repeat) -> fmt::Result {
        write!(self.out, "repeat {}{}", repeat.count, if repeat.reversed { " reversed" } else { "" })?;
        if let Some(until) = &repeat.until {
            write!(self.out, " until {} < {}", self.value(until.residual), Number(until.tolerance))?;
        }
        self.out.write_str(" (")?;
        for (i, &parameter) in repeat.body.parameters.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(self.out, "{separator}{}: {}", self.value(parameter), self.ty(parameter))?;
            if let Some(&initial) = i.checked_sub(1).and_then(|i| repeat.initial.get(i)) {
                write!(self.out, " = {}", self.value(initial))?;
            }
        }
        self.out.write_char(')')
    }

    fn repeat_body(&mut self, body: &Block, depth: usize) -> fmt::Result {
        self.out.write_str(" {\n")?;
        self.operations(body, depth + 1)?;
        let results: Vec<String> = body.results.iter().map(|&v| self.value(v).to_string()).collect();
        let gap = if results.is_empty() { "" } else { " " };
        writeln!(self.out, "{:2$}yield{gap}{}", "", results.join(", "), 2 * depth + 2)?;
        write!(self.out, "{:1$}}}", "", 2 * depth)
    }

    fn map_head(&mut self, map: &Map) -> fmt::Result {
        let input = |i: &MapInput| format!("{} {}", self.value(i.value), Axes(&i.axes));
        let inputs: Vec<String> = map.inputs.iter().map(input).collect();
        write!(self.out, "map ({})", inputs.join(", "))
    }

    fn map_body(&mut self, map: &Map, depth: usize) -> fmt::Result {
        let indent = 2 * depth + 2;
        self.out.write_str(" {\n")?;
        for (i, instruction) in map.body.iter().enumerate() {
            writeln!(self.out, "{:indent$}{} = {instruction}", "", Local(i as u32))?;
        }
        let results: Vec<String> = map.results.iter().map(Local::to_string).collect();
        let gap = if results.is_empty() { "" } else { " " };
        writeln!(self.out, "{:indent$}yield{gap}{}", "", results.join(", "))?;
        write!(self.out, "{:1$}}}", "", 2 * depth)
    }

    /// A value under its number in the text.
    fn value(&self, value: Value) -> Value {
        self.numbering.renumbered(value)
    }

    /// The type of a value, which need not exist.
    fn ty(&self, value: Value) -> String {
        self.program.values.get(value.index()).map_or_else(|| "?".to_owned(), ToString::to_string)
    }
}
