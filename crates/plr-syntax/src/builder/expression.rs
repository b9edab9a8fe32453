//! Expressions in the making: their height is bounded, and parentheses they do not need are marked.

use super::Builder;
use crate::ast::{BinaryOp, Call, Expr, ExprKind, Name, Setting, UnaryOp};
use crate::finding::NestedTooDeeply;
use crate::layout::MAX_DEPTH;
use crate::span::Span;

/// An expression in the making.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    expr: Expr,
    /// The number of nodes on the longest way down.
    height: u32,
    /// Where it begins and ends with its parentheses, if it has some.
    group: Option<Span>,
    /// How tightly holds together what is printed after its prefix operators of one kind.
    core: Level,
}

/// The arguments of a call in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    positional: Vec<Expr>,
    named: Vec<Setting>,
    height: u32,
}

/// One argument of a call.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    /// `x`
    Positional(Operand),
    /// `gain = 0.8`
    Named(Name, Operand),
}

/// How tightly an expression holds together, loosest first; an operand must hold at least as tightly as its place asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Anything, `if` included.
    Whole,
    /// `or`
    Or,
    /// `and`
    And,
    /// `not`
    Not,
    /// `<`, `==`, …
    Compare,
    /// `+`, `-`
    Sum,
    /// `*`, `/`
    Product,
    /// Prefix `-`
    Negate,
    /// `@`
    Arrive,
    /// `^`
    Power,
    /// Names, numbers, calls, `.name`, `[phase]`
    Atom,
}

impl Builder<'_> {
    /// `0.1`
    pub(crate) fn number(&self, value: f64, start: u32, end: u32) -> Operand {
        leaf(ExprKind::Number(value), Span::new(start, end))
    }

    /// `"text"`
    pub(crate) fn string(&self, start: u32, end: u32) -> Operand {
        leaf(ExprKind::Text(self.text(start + 1, end - 1)), Span::new(start, end))
    }

    /// `x`
    pub(crate) fn variable(&self, name: Name) -> Operand {
        leaf(ExprKind::Name(name.text), name.span)
    }

    /// Text that is no expression.
    pub(crate) fn hole(&self, span: Span) -> Operand {
        leaf(ExprKind::Error, span)
    }

    /// `(x)`
    pub(crate) fn group(&mut self, inner: Operand, start: u32, end: u32) -> Operand {
        self.ungroup(&inner, true);
        Operand { group: Some(Span::new(start, end)), ..inner }
    }

    /// `base.name`
    pub(crate) fn field(&mut self, base: Operand, name: Name) -> Operand {
        let span = base.extent().to(name.span);
        let (base, height) = self.base(base);
        self.node(ExprKind::Field(Box::new(base), name), span, height)
    }

    /// `base[phase]`, `base[phase at time]`
    pub(crate) fn at(&mut self, base: Operand, phase: Name, at_time: bool, end: u32) -> Operand {
        let span = Span::new(base.extent().start, end);
        let (base, height) = self.base(base);
        self.node(ExprKind::At(Box::new(base), phase, at_time), span, height)
    }

    /// What stands before `.` or `[`. A number keeps its parentheses: `1.x` would be a bad number.
    fn base(&mut self, base: Operand) -> (Expr, u32) {
        let number = matches!(base.expr.kind, ExprKind::Number(_));
        self.ungroup(&base, !number && base.level() == Level::Atom);
        (base.expr, base.height)
    }

    /// `name(arguments)` as an expression.
    pub(crate) fn call(&mut self, (call, height): (Call, u32)) -> Operand {
        let span = call.span;
        self.node(ExprKind::Call(call), span, height)
    }

    /// The arguments of a call, positional and named ones apart.
    pub(crate) fn arguments(&mut self, list: Vec<Argument>) -> Arguments {
        let mut arguments = Arguments::default();
        for argument in list {
            self.argument(&mut arguments, argument);
        }
        arguments
    }

    fn argument(&mut self, arguments: &mut Arguments, argument: Argument) {
        let height = match argument {
            Argument::Positional(operand) => {
                let (value, height) = self.take(operand, Level::Whole);
                arguments.positional.push(value);
                height
            }
            Argument::Named(name, operand) => {
                let (value, height) = self.take(operand, Level::Whole);
                arguments.named.push(Setting { name, value });
                height
            }
        };
        arguments.height = arguments.height.max(height);
    }

    /// `a + b`
    pub(crate) fn binary(&mut self, left: Operand, op: BinaryOp, right: Operand) -> Operand {
        let span = left.extent().to(right.extent());
        let (left_place, right_place) = places(op);
        let (left, left_height) = self.operand(op, left, left_place);
        let (right, right_height) = self.operand(op, right, right_place);
        let kind = ExprKind::Binary(op, Box::new(left), Box::new(right));
        self.node(kind, span, left_height.max(right_height))
    }

    /// The operand of an infix operator. What arrives keeps its parentheses as a factor: on paper it is one thing, and
    /// nobody learns at school that `@` binds more tightly than `*`.
    fn operand(&mut self, op: BinaryOp, operand: Operand, place: Level) -> (Expr, u32) {
        let arriving_factor = binary_level(op) == Level::Product && operand.level() == Level::Arrive;
        if arriving_factor { (operand.expr, operand.height) } else { self.take(operand, place) }
    }

    /// `-x`, `--x`: a minus at each of `offsets`, before an operand of `place`.
    pub(crate) fn negate(&mut self, offsets: &[u32], operand: Operand, place: Level) -> Operand {
        self.marks.glued_after.extend(offsets);
        self.prefix(UnaryOp::Negate, offsets, operand, place)
    }

    /// One prefix operator at each of `offsets`, before an operand of `place`.
    pub(crate) fn prefix(&mut self, op: UnaryOp, offsets: &[u32], operand: Operand, place: Level) -> Operand {
        offsets.iter().rev().fold(operand, |operand, offset| {
            let span = Span::new(*offset, operand.extent().end);
            let fits = operand.fits_after(op, place);
            self.ungroup(&operand, fits);
            let core = match operand.group {
                Some(_) if !fits => Level::Atom,
                Some(_) | None if operand.has_prefix(op) => operand.core,
                Some(_) | None => operand.level(),
            };
            let node = self.node(ExprKind::Unary(op, Box::new(operand.expr)), span, operand.height);
            Operand { core, ..node }
        })
    }

    /// `base ^ -exponent ^ …`, which groups to the right; each exponent with the offsets of its signs.
    pub(crate) fn power(&mut self, base: Operand, exponents: Vec<(Vec<u32>, Operand)>) -> Operand {
        let mut result: Option<(Vec<u32>, Operand)> = None;
        for (signs, base) in exponents.into_iter().rev() {
            result = Some((signs, self.raise(base, result)));
        }
        self.raise(base, result)
    }

    /// `base ^ exponent`, or the base alone.
    fn raise(&mut self, base: Operand, exponent: Option<(Vec<u32>, Operand)>) -> Operand {
        let Some((signs, exponent)) = exponent else { return base };
        let exponent = self.negate(&signs, exponent, Level::Power);
        self.ungroup(&exponent, exponent.fits_after(UnaryOp::Negate, Level::Power));
        let span = base.extent().to(exponent.extent());
        let (base, base_height) = self.take(base, Level::Atom);
        let kind = ExprKind::Binary(BinaryOp::Power, Box::new(base), Box::new(exponent.expr));
        self.node(kind, span, base_height.max(exponent.height))
    }

    /// `if c then a else b`, several times; each is the `else` of the one before.
    pub(crate) fn conditional(&mut self, arms: Vec<(u32, Operand, Operand)>, last: Operand) -> Operand {
        arms.into_iter().rev().fold(last, |otherwise, (start, condition, then)| {
            let span = Span::new(start, otherwise.extent().end);
            let (condition, a) = self.take(condition, Level::Whole);
            let (then, b) = self.take(then, Level::Whole);
            let (otherwise, c) = self.take(otherwise, Level::Whole);
            let kind = ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise));
            self.node(kind, span, a.max(b).max(c))
        })
    }

    /// The finished expression where one of `place` is asked for.
    pub(crate) fn finish_at(&mut self, operand: Operand, place: Level) -> Expr {
        self.take(operand, place).0
    }

    /// The finished expression where any is allowed.
    pub(crate) fn expr(&mut self, operand: Operand) -> Expr {
        self.finish_at(operand, Level::Whole)
    }

    /// The number of units of a layer, where only a number needs no parentheses.
    pub(crate) fn units(&mut self, operand: Operand) -> Expr {
        let number = matches!(operand.expr.kind, ExprKind::Number(_));
        self.ungroup(&operand, number);
        operand.expr
    }

    /// The bare expression, its parentheses marked if the place does not need them.
    fn take(&mut self, operand: Operand, place: Level) -> (Expr, u32) {
        self.ungroup(&operand, operand.level() >= place);
        (operand.expr, operand.height)
    }

    /// Marks the operand's parentheses, if it has some, as redundant.
    fn ungroup(&mut self, operand: &Operand, redundant: bool) {
        if let Some(group) = operand.group.filter(|_| redundant) {
            self.marks.redundant.insert(group.start);
            self.marks.redundant.insert(group.end - 1);
        }
    }

    /// A node over children of `below` nodes' height; an error where the tree would grow too high.
    fn node(&mut self, kind: ExprKind, span: Span, below: u32) -> Operand {
        if below < MAX_DEPTH {
            return Operand { height: below + 1, ..leaf(kind, span) };
        }
        // The node right above the limit reports; those above it only pass the mark on.
        if below == MAX_DEPTH {
            self.errors.set(self.errors.get() + 1);
            self.findings.push(NestedTooDeeply { span, limit: MAX_DEPTH });
        }
        Operand { height: MAX_DEPTH + 1, ..self.hole(span) }
    }
}

impl Operand {
    /// Where it stands with its parentheses.
    fn extent(&self) -> Span {
        self.group.unwrap_or(self.expr.span)
    }

    /// How tightly it holds together without its parentheses.
    fn level(&self) -> Level {
        level(&self.expr)
    }

    /// Whether it begins with `op`, not counting its parentheses.
    fn has_prefix(&self, op: UnaryOp) -> bool {
        matches!(&self.expr.kind, ExprKind::Unary(outer, _) if *outer == op)
    }

    /// Whether it can stand without parentheses where any number of `op` may come before an operand of `place`.
    fn fits_after(&self, op: UnaryOp, place: Level) -> bool {
        self.level() >= place || (self.has_prefix(op) && self.core >= place)
    }
}

impl Arguments {
    /// `name(arguments)`, with its height below.
    pub(crate) fn of(self, name: Name, primed: bool, end: u32) -> (Call, u32) {
        let span = Span::new(name.span.start, end);
        (Call { name, primed, arguments: self.positional, settings: self.named, span }, self.height)
    }
}

fn leaf(kind: ExprKind, span: Span) -> Operand {
    let expr = Expr { kind, span };
    let core = level(&expr);
    Operand { expr, height: 1, group: None, core }
}

fn level(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::If(..) => Level::Whole,
        ExprKind::Unary(UnaryOp::Not, _) => Level::Not,
        ExprKind::Unary(UnaryOp::Negate, _) => Level::Negate,
        ExprKind::Binary(op, ..) => binary_level(*op),
        ExprKind::Number(_)
        | ExprKind::Text(_)
        | ExprKind::Name(_)
        | ExprKind::Field(..)
        | ExprKind::At(..)
        | ExprKind::Call(_)
        | ExprKind::Error => Level::Atom,
    }
}

fn binary_level(op: BinaryOp) -> Level {
    match op {
        BinaryOp::Or => Level::Or,
        BinaryOp::And => Level::And,
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => Level::Compare,
        BinaryOp::Add | BinaryOp::Subtract => Level::Sum,
        BinaryOp::Multiply | BinaryOp::Divide => Level::Product,
        BinaryOp::Arrive => Level::Arrive,
        BinaryOp::Power => Level::Power,
    }
}

/// The levels that the grammar asks of the left and the right operand.
fn places(op: BinaryOp) -> (Level, Level) {
    match binary_level(op) {
        Level::Whole | Level::Or => (Level::Or, Level::And),
        Level::And => (Level::And, Level::Not),
        Level::Not | Level::Compare => (Level::Sum, Level::Sum),
        Level::Sum => (Level::Sum, Level::Product),
        Level::Product | Level::Negate => (Level::Product, Level::Negate),
        Level::Arrive => (Level::Arrive, Level::Power),
        Level::Power | Level::Atom => (Level::Atom, Level::Power),
    }
}
