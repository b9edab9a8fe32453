//! What stands before `@`: an expression of one synapse (R5.14).

use plr_syntax::ast::{self, ExprKind as Tree};

use crate::check::shape_mismatch::Shapes;
use crate::hir::{Expr, ExprKind, Rule, SynapseId};

use super::expression::{mismatch, names, resolve};
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
    if let Some(path) = names(tree) {
        return scope.synaptic_path(&path, Reader::Global).map(|(synapse, _)| synapse);
    }
    tree.parts().into_iter().find_map(|part| first_synapse(part, scope))
}

/// What each synapse multiplies by, and whether it is read against its direction: all its weights are, or none.
pub fn transmitted(
    tree: &ast::Expr,
    turned: bool,
    synapse: SynapseId,
    scope: &mut Scope<'_>,
) -> Option<(Expr, bool)> {
    match made(tree, turned, synapse, scope)? {
        (_, None) => mismatch(tree.span, Shapes::NotASynapse, scope),
        (weight, Some(transposed)) => Some((weight, transposed)),
    }
}

/// What each synapse makes, and whether it is read against its direction, if a number of its own stands in that.
pub fn made(
    tree: &ast::Expr,
    turned: bool,
    synapse: SynapseId,
    scope: &mut Scope<'_>,
) -> Option<(Expr, Option<bool>)> {
    let mut weight = resolve(tree, Reader::Synapse(synapse), scope)?;
    let rule = scope.rule?;
    let mut directions = Vec::new();
    let fits = of_one_synapse(&mut weight, rule.weight_of(synapse), rule, &mut directions);
    directions.dedup();
    if draws(&weight, scope.library) {
        return mismatch(tree.span, Shapes::DrawnOnTheWay, scope);
    }
    match directions[..] {
        [transposed] if fits => Some((weight, Some(transposed != turned))),
        [] if fits => Some((weight, None)),
        _ => mismatch(tree.span, Shapes::NotASynapse, scope),
    }
}

/// Whether an expression is one of a single synapse: of its numbers and its two ends, not of what only one of these units is
/// told. Reads all weights forwards, and lists how the numbers were written.
fn of_one_synapse(expr: &mut Expr, synapse: SynapseId, rule: &Rule, directions: &mut Vec<bool>) -> bool {
    let mut fits = match &mut expr.kind {
        ExprKind::Weight { synapse: read, transposed } => {
            directions.push(std::mem::take(transposed));
            rule.weight_of(*read) == synapse
        }
        ExprKind::Trace(..) => {
            directions.push(false);
            true
        }
        ExprKind::Arrive { .. }
        | ExprKind::Beside { .. }
        | ExprKind::Data
        | ExprKind::Target
        | ExprKind::Cost { .. }
        | ExprKind::Argument(_)
        | ExprKind::Setting(_)
        | ExprKind::Filtered { .. } => false,
        ExprKind::Number(_)
        | ExprKind::Hyper(_)
        | ExprKind::Variable { .. }
        | ExprKind::Signal(..)
        | ExprKind::Activation { .. }
        | ExprKind::Updates
        | ExprKind::Count(_)
        | ExprKind::Time { .. }
        | ExprKind::Distance { .. }
        | ExprKind::Coordinate { .. }
        | ExprKind::Draw(_)
        | ExprKind::Call { .. }
        | ExprKind::Unary(..)
        | ExprKind::Binary(..)
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_)
        | ExprKind::If(..)
        | ExprKind::Layer(..)
        | ExprKind::Rank(_)
        | ExprKind::Cut(_)
        | ExprKind::Increment(_)
        | ExprKind::RunningSum(_)
        | ExprKind::Batch(..)
        | ExprKind::Shift(_)
        | ExprKind::Shuffle(_)
        | ExprKind::PoissonQuantile(..)
        | ExprKind::Over(..) => true,
    };
    expr.for_each_child_mut(|child| fits &= of_one_synapse(child, synapse, rule, directions));
    fits
}
