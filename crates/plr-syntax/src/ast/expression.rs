//! Expressions, as written.

use super::Name;
use crate::span::Span;

/// `name = value`: a hyper-parameter with its default, or a named argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

impl Expr {
    /// The expressions it is directly made of, in the order of the text.
    pub fn parts(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Name(_) | ExprKind::Error => Vec::new(),
            ExprKind::Field(a, _) | ExprKind::At(a, ..) | ExprKind::Unary(_, a) => vec![a],
            ExprKind::Binary(_, a, b) => vec![a, b],
            ExprKind::If(c, a, b) => vec![c, a, b],
            ExprKind::Call(call) => {
                call.arguments.iter().chain(call.settings.iter().map(|setting| &setting.value)).collect()
            }
        }
    }
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `0.1`, `1e-3`
    Number(f64),
    /// `"text"`, only as an argument of a data source
    Text(String),
    /// `x`, `W`, `below`, `target`
    Name(String),
    /// `below.x`, `W.T`
    Field(Box<Expr>, Name),
    /// `x[free]`, and, if marked, `x[forward at time]`
    At(Box<Expr>, Name, bool),
    /// `f(a)`, `f'(a)`, `normal(0.1)`
    Call(Call),
    /// `-x`, `not x`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`, `W @ below.x`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Text that did not parse.
    Error,
}

/// `name(arguments, setting = value)`, `name'(…)`; also a bare name where a call may have no parentheses.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The function's name, without the prime.
    pub name: Name,
    /// Whether the derivative is meant.
    pub primed: bool,
    /// Positional arguments.
    pub arguments: Vec<Expr>,
    /// Named arguments.
    pub settings: Vec<Setting>,
    /// The whole call.
    pub span: Span,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-x`
    Negate,
    /// `not x`
    Not,
}

/// Infix operators, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a or b`
    Or,
    /// `a and b`
    And,
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
    /// `a > b`
    Greater,
    /// `a >= b`
    GreaterEqual,
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
    /// `W @ below.x`: what arrives through all instances of a synapse
    Arrive,
    /// `a ^ b`
    Power,
}
