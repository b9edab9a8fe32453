//! Programs with one sign changed.

use plr_syntax::ast::{
    Assign, BinaryOp, Equation, Expr, ExprKind, Item, Member, PhaseStatement, Rule, UnaryOp,
};

/// A program with one sign changed.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The rule in which it is changed.
    pub rule: String,
    /// The whole program.
    pub text: String,
    /// The changed line, without the space around it.
    pub line: String,
}

/// All mutations of a program, in the order of its text.
pub fn all(source: &str) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    for item in &plr_syntax::parse(source).file.items {
        if let Item::Rule(rule) = item {
            let mut changes = Changes { source, list: Vec::new() };
            changes.rule(rule);
            changes.list.sort();
            mutations.extend(changes.list.iter().map(|change| mutate(source, rule, *change)));
        }
    }
    mutations
}

/// Where a sign stands and what takes its place.
type Change = (usize, char);

fn mutate(source: &str, rule: &Rule, (at, sign): Change) -> Mutation {
    let mut text = source.to_owned();
    text.replace_range(at..=at, sign.encode_utf8(&mut [0; 4]));
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default().trim().to_owned();
    Mutation { rule: rule.name.text.clone(), text, line }
}

struct Changes<'s> {
    source: &'s str,
    list: Vec<Change>,
}

impl Changes<'_> {
    fn rule(&mut self, rule: &Rule) {
        for member in &rule.members {
            match member {
                Member::Neuron(neuron) => {
                    neuron.variables.iter().filter_map(|v| v.value.as_ref()).for_each(|e| self.expression(e));
                }
                Member::Signal(signal) => self.expression(&signal.value),
                Member::Phase(phase) => self.statements(&phase.body),
                Member::Learn(learn) => learn.body.iter().for_each(|equation| self.equation(equation)),
                Member::Synapse(_) | Member::Predict(_) | Member::Check(_) | Member::Error(_) => {}
            }
        }
    }

    fn statements(&mut self, body: &[PhaseStatement]) {
        for statement in body {
            match statement {
                PhaseStatement::Clamp(clamp) => self.expression(&clamp.value),
                PhaseStatement::Equation(equation) => self.equation(equation),
                PhaseStatement::Sweep(sweep) => {
                    sweep.body.iter().for_each(|equation| self.equation(equation))
                }
                PhaseStatement::Learn(learn) => {
                    learn.body.iter().for_each(|equation| self.equation(equation))
                }
                PhaseStatement::InTurn(body, _) => self.statements(body),
                PhaseStatement::Release(_) | PhaseStatement::Error(_) => {}
            }
        }
    }

    fn equation(&mut self, equation: &Equation) {
        if matches!(equation.assign, Assign::Add | Assign::Subtract) {
            let end = equation.targets.last().map_or(equation.span.start, |target| target.name.span.end);
            self.exchange(end, equation.value.span.start);
        }
        self.expression(&equation.value);
    }

    fn expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Binary(op, a, b) => {
                if matches!(op, BinaryOp::Add | BinaryOp::Subtract) {
                    self.exchange(a.span.end, b.span.start);
                }
                self.expression(a);
                self.expression(b);
            }
            ExprKind::Unary(op, a) => {
                if *op == UnaryOp::Negate {
                    self.list.push((expr.span.start as usize, ' '));
                }
                self.expression(a);
            }
            ExprKind::Call(call) => call.arguments.iter().for_each(|a| self.expression(a)),
            ExprKind::If(c, a, b) => [c, a, b].into_iter().for_each(|e| self.expression(e)),
            ExprKind::At(a, ..) | ExprKind::Field(a, _) => self.expression(a),
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Name(_) | ExprKind::Error => {}
        }
    }

    /// The sign between two places is exchanged for the other.
    fn exchange(&mut self, from: u32, to: u32) {
        let (from, to) = (from as usize, to as usize);
        if let Some((at, sign)) = self.source[from..to].char_indices().find(|(_, c)| matches!(c, '+' | '-')) {
            self.list.push((from + at, if sign == '+' { '-' } else { '+' }));
        }
    }
}
