//! The sub-expressions of an expression, to look at or to change.

use super::{Expr, ExprKind, Part};

/// The arms of the one `match` over the kinds of expressions by which both walks go; `iter` is `iter` or `iter_mut`.
macro_rules! visit_children {
    ($kind:expr, $iter:ident, $visit:ident) => {
        match $kind {
            ExprKind::Number(_)
            | ExprKind::Hyper(_)
            | ExprKind::Variable { .. }
            | ExprKind::Weight { .. }
            | ExprKind::Trace(..)
            | ExprKind::Signal(..)
            | ExprKind::Data
            | ExprKind::Target
            | ExprKind::Argument(_)
            | ExprKind::Setting(_)
            | ExprKind::Updates
            | ExprKind::Count(_)
            | ExprKind::Time { .. }
            | ExprKind::Distance { .. }
            | ExprKind::Coordinate { .. }
            | ExprKind::Draw(_) => {}
            ExprKind::Filtered { settings, increment, .. } => {
                settings.$iter().flatten().for_each(&mut $visit);
                $visit(increment);
            }
            ExprKind::Arrive { weight, sent, .. } => [weight, sent].into_iter().for_each(|e| $visit(e)),
            ExprKind::Activation { argument, .. } | ExprKind::Cost { argument, .. } => $visit(argument),
            ExprKind::Call { arguments, settings, .. } => {
                arguments.$iter().chain(settings.$iter().flatten()).for_each($visit)
            }
            ExprKind::Unary(_, a)
            | ExprKind::Not(a)
            | ExprKind::Layer(_, a)
            | ExprKind::Rank(a)
            | ExprKind::Cut(a)
            | ExprKind::Increment(a)
            | ExprKind::RunningSum(a)
            | ExprKind::Batch(_, a)
            | ExprKind::Shift(a)
            | ExprKind::Shuffle(a)
            | ExprKind::Beside { value: a, .. } => $visit(a),
            ExprKind::Over(part, a) => {
                if let Part::Groups(size) = part {
                    $visit(size);
                }
                $visit(a);
            }
            ExprKind::Binary(_, a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::PoissonQuantile(a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b) => {
                $visit(a);
                $visit(b);
            }
            ExprKind::If(c, a, b) => [c, a, b].into_iter().for_each(|e| $visit(e)),
        }
    };
}

impl Expr {
    /// Calls `visit` on the direct sub-expressions, not on definitions behind names.
    pub fn for_each_child<'a>(&'a self, mut visit: impl FnMut(&'a Expr)) {
        visit_children!(&self.kind, iter, visit);
    }

    /// The same with the settings of the filter or function around it in their places.
    pub fn with_settings(&self, settings: &[Expr]) -> Self {
        if let ExprKind::Setting(i) = self.kind {
            return settings.get(i).unwrap_or(self).clone();
        }
        let mut changed = self.clone();
        changed.for_each_child_mut(|child| *child = child.with_settings(settings));
        changed
    }

    /// Calls `visit` on the direct sub-expressions, to change them.
    pub fn for_each_child_mut(&mut self, mut visit: impl FnMut(&mut Expr)) {
        visit_children!(&mut self.kind, iter_mut, visit);
    }
}
