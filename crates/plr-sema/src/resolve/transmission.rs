//! What stands before `@`: a function of the numbers of one synapse (R5.14).

use plr_syntax::ast::{self, ExprKind as Tree};

use crate::check::shape_mismatch::Shapes;
use crate::hir::{Expr, ExprKind, Rule, SynapseId};

use super::expression::{mismatch, resolve};
use super::function::draws;
use super::scope::{Reader, Scope};

/// What stands before `.T`, and whether anything does.
pub fn untransposed(tree: &ast::Expr) -> (&ast::Expr, bool) {
    if let Tree::Field(inner, name) = &tree.kind
        && name.text == "T"
    {
        return (inner, true);
    }
    (tree, false)
}

/// The first synapse that an expression names.
pub fn first_synapse(tree: &ast::Expr, scope: &Scope<'_>) -> Option<SynapseId> {
    if let Tree::Name(name) = &tree.kind {
        return scope.synapse(name);
    }
    tree.parts().into_iter().find_map(|part| first_synapse(part, scope))
}

/// What each synapse multiplies by, and whether it is read against its direction: all its numbers are, or none.
pub fn transmitted(
    tree: &ast::Expr,
    turned: bool,
    synapse: SynapseId,
    scope: &mut Scope<'_>,
) -> Option<(Expr, bool)> {
    let mut weight = resolve(tree, Reader::Synapse(synapse), scope)?;
    let rule = scope.rule?;
    let mut directions = Vec::new();
    let fits = of_one_synapse(&mut weight, rule.weight_of(synapse), rule, &mut directions);
    directions.dedup();
    match directions[..] {
        [transposed] if fits && !draws(&weight, scope.library) => Some((weight, transposed != turned)),
        _ => mismatch(tree.span, Shapes::NotASynapse, scope),
    }
}

/// Whether an expression is made of the numbers of one synapse and constants; reads all of them forwards, and lists how
/// they were written.
fn of_one_synapse(expr: &mut Expr, synapse: SynapseId, rule: &Rule, directions: &mut Vec<bool>) -> bool {
    let mut fits = match &mut expr.kind {
        ExprKind::Weight { synapse: read, transposed } => {
            directions.push(std::mem::take(transposed));
            rule.weight_of(*read) == synapse
        }
        ExprKind::Number(_)
        | ExprKind::Hyper(_)
        | ExprKind::Distance { .. }
        | ExprKind::Call { .. }
        | ExprKind::Unary(..)
        | ExprKind::Binary(..)
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_)
        | ExprKind::If(..) => true,
        ExprKind::Variable { .. }
        | ExprKind::Arrive { .. }
        | ExprKind::Signal(..)
        | ExprKind::Data
        | ExprKind::Target
        | ExprKind::Activation { .. }
        | ExprKind::Cost { .. }
        | ExprKind::Argument(_)
        | ExprKind::Setting(_)
        | ExprKind::Filtered { .. }
        | ExprKind::Updates
        | ExprKind::Epoch
        | ExprKind::Trace(_)
        | ExprKind::Time { .. }
        | ExprKind::Draw(_)
        | ExprKind::Layer(..)
        | ExprKind::Rank(_)
        | ExprKind::Cut(_)
        | ExprKind::RunningSum(_)
        | ExprKind::Batch(..) => false,
    };
    expr.for_each_child_mut(|child| fits &= of_one_synapse(child, synapse, rule, directions));
    fits
}
