//! What becomes of matrices, as sums of rows of old ones and of what is presented.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::program::{Contraction, Op, Operation, Program, Value};
use crate::scalar::{BinaryOp, UnaryOp};
use crate::types::Type;

/// `Σ s ∘ W + d ⊗ x`.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// By old matrix: what its rows are multiplied by.
    pub(super) old: BTreeMap<Value, Scale>,
    /// What is added of each sample to each row, and what is presented: `[samples…, rows]` and `[samples…, columns]`.
    pub(super) fresh: Option<(Value, Value)>,
}

/// A number for each row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scale {
    /// One for all.
    One,
    /// These.
    By(Value),
}

/// What is known of a value with the dimensions of a matrix.
#[derive(Clone, Debug)]
enum Form {
    /// One number everywhere.
    Number(f64),
    /// One number for each row.
    Rows(Value),
    /// One number for each column, presented.
    Columns(Value),
    Line(Line),
}

/// Writes down what becomes of matrices, beside a program's operations.
pub(super) struct Lines<'a> {
    presented: &'a HashSet<Value>,
    forms: HashMap<Value, Form>,
    /// The types of all values, with those that are made here.
    pub(super) program: Program,
    /// The operations that have been passed, and those that are made here.
    pub(super) operations: Vec<Operation>,
}

impl<'a> Lines<'a> {
    /// Of these matrices in a program, whose operations are [passed](Self::pass) one by one.
    pub(super) fn new(program: &Program, matrices: &[Value], presented: &'a HashSet<Value>) -> Self {
        let itself = |&matrix: &Value| {
            let old = BTreeMap::from([(matrix, Scale::One)]);
            (matrix, Form::Line(Line { old, fresh: None }))
        };
        let forms = matrices.iter().map(itself).collect();
        Self { presented, forms, program: program.clone(), operations: Vec::new() }
    }

    /// What a value is made of, if it is known.
    pub(super) fn line(&self, value: Value) -> Option<&Line> {
        match self.forms.get(&value)? {
            Form::Line(line) => Some(line),
            Form::Number(_) | Form::Rows(_) | Form::Columns(_) => None,
        }
    }

    /// Goes past an operation.
    pub(super) fn pass(&mut self, operation: &Operation) {
        self.operations.push(operation.clone());
        let &[result] = operation.results.as_slice() else { return };
        let &[rows, _] = self.program.type_of(result).dims.as_slice() else { return };
        let form = self.form(&operation.op, rows);
        self.forms.extend(form.map(|form| (result, form)));
    }

    fn form(&mut self, op: &Op, rows: usize) -> Option<Form> {
        if let Op::Constant(number) = op {
            return Some(Form::Number(*number));
        }
        if let Op::Broadcast { input, axes } = op {
            return match axes.as_slice() {
                [] => Some(Form::Rows(self.broadcast(*input, &[], &[rows]))),
                [0] => Some(Form::Rows(*input)),
                [1] if self.presented.contains(input) => Some(Form::Columns(*input)),
                _ => None,
            };
        }
        if let Op::Contract { lhs, rhs, spec } = op {
            return self.outer(*lhs, *rhs, spec);
        }
        if let Op::Unary(UnaryOp::Neg, a) = op {
            let form = self.forms.get(a)?.clone();
            return self.scaled(form, Form::Number(-1.0), BinaryOp::Mul, rows);
        }
        let Op::Binary(op, a, b) = *op else { return None };
        let (a, b) = (self.forms.get(&a)?.clone(), self.forms.get(&b)?.clone());
        match op {
            BinaryOp::Add => self.sum(a, b, rows),
            BinaryOp::Sub => {
                let negative = self.scaled(b, Form::Number(-1.0), BinaryOp::Mul, rows)?;
                self.sum(a, negative, rows)
            }
            BinaryOp::Mul => match (&a, &b) {
                (Form::Line(_) | Form::Columns(_), _) => self.scaled(a, b, op, rows),
                _ => self.scaled(b, a, op, rows),
            },
            BinaryOp::Div => self.scaled(a, b, op, rows),
            BinaryOp::Min | BinaryOp::Max | BinaryOp::Pow => None,
        }
    }

    /// A sum over samples of products with what is presented.
    fn outer(&self, lhs: Value, rhs: Value, spec: &Contraction) -> Option<Form> {
        let &[row, column] = spec.out.as_slice() else { return None };
        [(lhs, &spec.lhs, rhs, &spec.rhs), (rhs, &spec.rhs, lhs, &spec.lhs)].into_iter().find_map(
            |(d, of_d, x, of_x)| {
                let (&last_of_d, samples) = of_d.split_last()?;
                let (&last_of_x, same) = of_x.split_last()?;
                let fits = last_of_d == row && last_of_x == column && samples == same;
                let line = || Line { old: BTreeMap::new(), fresh: Some((d, x)) };
                (fits && self.presented.contains(&x)).then(|| Form::Line(line()))
            },
        )
    }

    /// A form multiplied or divided by one that is the same along rows.
    fn scaled(&mut self, form: Form, by: Form, op: BinaryOp, rows: usize) -> Option<Form> {
        if let (Form::Number(a), Form::Number(b)) = (&form, &by) {
            return Some(Form::Number(if op == BinaryOp::Mul { a * b } else { a / b }));
        }
        let by = self.rows(by, rows)?;
        match form {
            Form::Number(_) | Form::Rows(_) => {
                let form = self.rows(form, rows)?;
                Some(Form::Rows(self.binary(op, form, by)))
            }
            Form::Columns(x) if op == BinaryOp::Mul => {
                Some(Form::Line(Line { old: BTreeMap::new(), fresh: Some((by, x)) }))
            }
            Form::Columns(_) => None,
            Form::Line(line) => {
                let old = line.old.into_iter().map(|(matrix, scale)| {
                    let scale = self.scale(scale, rows);
                    (matrix, Scale::By(self.binary(op, scale, by)))
                });
                let old = old.collect();
                let fresh = line.fresh.map(|(d, x)| {
                    let dims = self.program.type_of(d).dims.clone();
                    let by = self.broadcast(by, &[dims.len() - 1], &dims);
                    (self.binary(op, d, by), x)
                });
                Some(Form::Line(Line { old, fresh }))
            }
        }
    }

    fn sum(&mut self, a: Form, b: Form, rows: usize) -> Option<Form> {
        match (a, b) {
            (Form::Number(0.0), other) | (other, Form::Number(0.0)) => Some(other),
            (Form::Number(a), Form::Number(b)) => Some(Form::Number(a + b)),
            (a @ (Form::Number(_) | Form::Rows(_)), b @ (Form::Number(_) | Form::Rows(_))) => {
                let (a, b) = (self.rows(a, rows)?, self.rows(b, rows)?);
                Some(Form::Rows(self.binary(BinaryOp::Add, a, b)))
            }
            (a, b) => {
                let (a, b) = (self.as_line(a, rows)?, self.as_line(b, rows)?);
                self.sum_of_lines(a, b, rows).map(Form::Line)
            }
        }
    }

    fn sum_of_lines(&mut self, a: Line, b: Line, rows: usize) -> Option<Line> {
        let mut sum = a;
        for (matrix, scale) in b.old {
            let both = match sum.old.remove(&matrix) {
                None => scale,
                Some(other) => {
                    let (other, scale) = (self.scale(other, rows), self.scale(scale, rows));
                    Scale::By(self.binary(BinaryOp::Add, other, scale))
                }
            };
            sum.old.insert(matrix, both);
        }
        sum.fresh = match (sum.fresh, b.fresh) {
            (Some((a, x)), Some((b, y))) if x == y => Some((self.binary(BinaryOp::Add, a, b), x)),
            (Some(_), Some(_)) => return None,
            (one, other) => one.or(other),
        };
        Some(sum)
    }

    fn as_line(&mut self, form: Form, rows: usize) -> Option<Line> {
        match form {
            Form::Line(line) => Some(line),
            Form::Columns(x) => {
                let one = self.constant(1.0, rows);
                Some(Line { old: BTreeMap::new(), fresh: Some((one, x)) })
            }
            Form::Number(_) | Form::Rows(_) => None,
        }
    }

    /// One number for each row.
    fn rows(&mut self, form: Form, rows: usize) -> Option<Value> {
        match form {
            Form::Number(number) => Some(self.constant(number, rows)),
            Form::Rows(value) => Some(value),
            Form::Columns(_) | Form::Line(_) => None,
        }
    }

    fn scale(&mut self, scale: Scale, rows: usize) -> Value {
        match scale {
            Scale::One => self.constant(1.0, rows),
            Scale::By(value) => value,
        }
    }

    fn constant(&mut self, number: f64, rows: usize) -> Value {
        self.push(Op::Constant(number), Type::real([rows]))
    }

    fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        let ty = self.program.type_of(a).clone();
        self.push(Op::Binary(op, a, b), ty)
    }

    fn broadcast(&mut self, input: Value, axes: &[usize], dims: &[usize]) -> Value {
        if self.program.type_of(input).dims == dims {
            return input;
        }
        self.push(Op::Broadcast { input, axes: axes.to_vec() }, Type::real(dims))
    }

    fn push(&mut self, op: Op, ty: Type) -> Value {
        let result = self.program.new_value(ty);
        self.operations.push(Operation { results: vec![result], op, location: Default::default() });
        result
    }
}
