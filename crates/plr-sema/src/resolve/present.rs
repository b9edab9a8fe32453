//! What the synapses make that there are: one that a mask leaves out (R4.11) makes nothing, whatever stands before `@`.

use plr_ir::scalar::{BinaryOp, UnaryOp};

use crate::hir::{Expr, ExprKind, Rule, SynapseId};

/// What each synapse makes, with 0 for those that are not there. What is 0 of a weight that is 0 stays as it is.
pub fn of_those_present(weight: Expr, synapse: SynapseId, rule: &Rule) -> Expr {
    let own = rule.weight_of(synapse);
    match rule.synapses[own.0].mask {
        Some(mask) => Present { own, mask }.of(weight),
        None => weight,
    }
}

/// `if m then e else nothing`
pub fn if_present(value: Expr, mask: SynapseId, nothing: f64) -> Expr {
    let span = value.span;
    let boxed = |kind| Box::new(Expr { kind, span });
    let there = boxed(ExprKind::Weight { synapse: mask, transposed: false });
    let kind = ExprKind::If(there, Box::new(value), boxed(ExprKind::Number(nothing)));
    Expr { kind, span }
}

/// The weights of which some are not there, and the number that says so.
#[derive(Clone, Copy)]
struct Present {
    own: SynapseId,
    mask: SynapseId,
}

impl Present {
    /// Sums and products stay sums and products, which can be taken apart.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn of(self, weight: Expr) -> Expr {
        if self.vanishes(&weight) {
            return weight;
        }
        let span = weight.span;
        let expr = |kind| Expr { kind, span };
        let both = |op, a, b| expr(ExprKind::Binary(op, Box::new(a), Box::new(b)));
        if is_of_weights(&weight) {
            return self.or_nothing(weight);
        }
        match weight.kind {
            ExprKind::Unary(UnaryOp::Neg, a) => expr(ExprKind::Unary(UnaryOp::Neg, Box::new(self.of(*a)))),
            ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) => {
                both(op, self.of(*a), self.of(*b))
            }
            ExprKind::Binary(BinaryOp::Mul, a, b) if is_of_weights(&b) => {
                both(BinaryOp::Mul, *a, self.of(*b))
            }
            ExprKind::Binary(op @ (BinaryOp::Mul | BinaryOp::Div), a, b) => both(op, self.of(*a), *b),
            ExprKind::Unary(..) | ExprKind::Binary(..) | ExprKind::If(..) if !weight.weights().is_empty() => {
                self.or_nothing(weight)
            }
            _ => {
                let there = self.or_nothing(expr(ExprKind::Number(1.0)));
                both(BinaryOp::Mul, weight, there)
            }
        }
    }

    fn or_nothing(self, weight: Expr) -> Expr {
        if_present(weight, self.mask, 0.0)
    }

    /// Whether it is 0 where the weight and its mask are.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn vanishes(self, weight: &Expr) -> bool {
        match &weight.kind {
            ExprKind::Weight { synapse, .. } => [self.own, self.mask].contains(synapse),
            ExprKind::Number(number) => *number == 0.0,
            ExprKind::Unary(op, a) => keeps_zero(*op) && self.vanishes(a),
            ExprKind::Binary(BinaryOp::Mul, a, b) => self.vanishes(a) || self.vanishes(b),
            ExprKind::Binary(BinaryOp::Div, a, _) => self.vanishes(a),
            ExprKind::Binary(BinaryOp::Add | BinaryOp::Sub, a, b) => self.vanishes(a) && self.vanishes(b),
            _ => false,
        }
    }
}

/// Whether the operation gives 0 for 0.
fn keeps_zero(op: UnaryOp) -> bool {
    match op {
        UnaryOp::Neg
        | UnaryOp::Abs
        | UnaryOp::Sqrt
        | UnaryOp::Tanh
        | UnaryOp::Sin
        | UnaryOp::Sign
        | UnaryOp::Floor
        | UnaryOp::Round => true,
        UnaryOp::Exp | UnaryOp::Log | UnaryOp::Sigmoid | UnaryOp::Softplus | UnaryOp::Cos => false,
    }
}

/// Whether nothing but the numbers of synapses and what is the same for all decides about it.
fn is_of_weights(expr: &Expr) -> bool {
    fn alone(expr: &Expr) -> bool {
        let mut of_weights = matches!(
            expr.kind,
            ExprKind::Number(_)
                | ExprKind::Hyper(_)
                | ExprKind::Weight { .. }
                | ExprKind::Updates
                | ExprKind::Count(_)
                | ExprKind::Unary(..)
                | ExprKind::Binary(..)
                | ExprKind::Compare(..)
                | ExprKind::And(..)
                | ExprKind::Or(..)
                | ExprKind::Not(_)
                | ExprKind::If(..)
                | ExprKind::Call { .. }
        );
        expr.for_each_child(|child| of_weights &= alone(child));
        of_weights
    }
    alone(expr) && !expr.weights().is_empty()
}
