//! A `let` or signal that is defined by itself.
//!
//! Allowed: `let e = x - mu` with `let mu = W @ below.x`. Forbidden: `let a = b` with `let b = a`.

use plr_syntax::ast::Role;
use plr_syntax::diagnostic::{Finding, Findings, Label};
use plr_syntax::span::Span;

use crate::hir::{Expr, ExprKind, Place, Rule, VariableId, VariableKind};

/// A `let` or signal that is defined by itself.
#[derive(Debug)]
pub struct DefinitionCycle {
    /// Where it is read inside its own definition.
    pub at: Span,
    /// Its declaration.
    pub declared: Span,
    /// Its name.
    pub name: String,
}

impl Finding for DefinitionCycle {
    fn code(&self) -> &'static str {
        "definition_cycle"
    }

    fn message(&self) -> String {
        format!("the definition of `{}` needs `{}` itself", self.name, self.name)
    }

    fn primary(&self) -> Label {
        Label::new(self.at, "read while it is being defined")
    }

    fn secondary(&self) -> Vec<Label> {
        vec![Label::new(self.declared, "defined here")]
    }

    fn help(&self) -> Option<String> {
        Some("make one of them a `state`: a state has a value from before the step".to_owned())
    }
}

/// Reports the definitions of a unit that need themselves, whether or not anything reads them (R3.6), the first of those that need
/// each other. What comes through synapses is another unit's.
pub fn report(rule: &Rule, findings: &mut Findings) {
    for role in [Role::Input, Role::Hidden, Role::Output] {
        let mut walk = Walk { rule, role, seen: vec![Seen::Not; rule.variables.len()] };
        let found = (0..rule.variables.len()).find_map(|id| walk.needs_itself(VariableId(id)));
        if let Some((VariableId(id), at)) = found {
            let (declared, name) = (rule.variables[id].span, rule.variables[id].name.clone());
            findings.push(DefinitionCycle { at, declared, name });
            return;
        }
    }
}

/// How far the walk has come with a definition.
#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Not,
    Open,
    Whole,
}

/// A walk over the definitions that hold in layers of a role.
struct Walk<'r> {
    rule: &'r Rule,
    role: Role,
    seen: Vec<Seen>,
}

impl Walk<'_> {
    /// The definition that is read where it is being defined, and where, among this one and those that it needs.
    fn needs_itself(&mut self, variable: VariableId) -> Option<(VariableId, Span)> {
        let VariableKind::Let(definitions) = &self.rule.variables[variable.0].kind else { return None };
        let (_, value) = definitions.iter().find(|(role, _)| role.is_none_or(|role| role == self.role))?;
        self.seen[variable.0] = Seen::Open;
        let mut read = Vec::new();
        own(value, &mut read);
        for (other, at) in read {
            let found = match self.seen[other.0] {
                Seen::Open => Some((other, at)),
                Seen::Not => self.needs_itself(other),
                Seen::Whole => None,
            };
            if found.is_some() {
                return found;
            }
        }
        self.seen[variable.0] = Seen::Whole;
        None
    }
}

/// The unit's own variables that an expression reads as they are now.
fn own(expr: &Expr, found: &mut Vec<(VariableId, Span)>) {
    if let ExprKind::Arrive { .. } | ExprKind::Beside { .. } = expr.kind {
        return;
    }
    if let ExprKind::Variable { place: Place::Own, variable, past: None } = expr.kind {
        found.push((variable, expr.span));
    }
    expr.for_each_child(|child| own(child, found));
}
