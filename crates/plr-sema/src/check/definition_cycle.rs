//! A `let` that is defined by itself.
//!
//! Allowed: `let e = x - mu` with `let mu = W @ below.x`. Forbidden: `let a = b` with `let b = a`.

use plr_syntax::ast::Role;
use plr_syntax::diagnostic::{Finding, Findings, Label};
use plr_syntax::span::Span;

use crate::hir::{Expr, ExprKind, Place, Rule, VariableId, VariableKind};

/// A `let` that is defined by itself.
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

/// Reports the definitions of a unit that need themselves, whether or not anything reads them (R3.6). What comes through synapses is
/// another unit's.
pub fn report(rule: &Rule, findings: &mut Findings) {
    for role in [Role::Input, Role::Hidden, Role::Output] {
        for (id, variable) in rule.variables.iter().enumerate() {
            let mut passed = Vec::new();
            if let Some(at) = needs(VariableId(id), VariableId(id), role, rule, &mut passed) {
                let (declared, name) = (variable.span, variable.name.clone());
                findings.push(DefinitionCycle { at, declared, name });
                // One mistake of several definitions is said once.
                return;
            }
        }
    }
}

/// Where the definition of a variable in layers of a role, or one that it needs, reads the one that is sought.
fn needs(
    variable: VariableId,
    sought: VariableId,
    role: Role,
    rule: &Rule,
    passed: &mut Vec<VariableId>,
) -> Option<Span> {
    if passed.contains(&variable) {
        return None;
    }
    passed.push(variable);
    let VariableKind::Let(definitions) = &rule.variables[variable.0].kind else { return None };
    let (_, value) = definitions.iter().find(|(of, _)| of.is_none_or(|of| of == role))?;
    let mut read = Vec::new();
    own(value, &mut read);
    let itself = read.iter().find(|(other, _)| *other == sought).map(|(_, at)| *at);
    itself.or_else(|| read.iter().find_map(|(other, _)| needs(*other, sought, role, rule, passed)))
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
