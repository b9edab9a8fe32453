//! Filters: what becomes of an increment. Their definitions (R8.8) and their calls.

use plr_ir::scalar::BinaryOp;
use plr_syntax::ast::{self, Assign, FilterLine};
use plr_syntax::diagnostic::Findings;

use crate::check::missing_clause::MissingClause;
use crate::check::shape_mismatch::Shapes;
use crate::hir::{Expr, ExprKind, Filter, FilterId};

use super::expression::{mismatch, resolve};
use super::scope::{Moment, Reader, Scope};
use super::script::combine;
use super::{Constants, Declared, Library, constant, function};

/// The name of the filter that an experiment chooses.
pub const CHOSEN: &str = "optim";

/// What filters call the number of the presentation.
const UPDATES: &str = "updates";

/// Resolves the filters of a file and appends them to the library.
pub fn resolve_all(file: &ast::File, library: &mut Library, findings: &mut Findings) {
    let mut declared = Declared::default();
    for item in &file.items {
        let ast::Item::Filter(item) = item else { continue };
        if function::declare(&item.name, &mut declared, findings)
            && let Some(filter) = filter(item, library, findings)
        {
            library.filters.push(filter);
        }
    }
}

fn filter(item: &ast::Filter, library: &Library, findings: &mut Findings) -> Option<Filter> {
    let arguments = arguments(item);
    let mut names = Declared::default();
    let all = arguments.iter().chain(item.settings.iter().map(|s| &s.name));
    let distinct = all.map(|name| names.add(name, findings)).fold(true, |a, b| a & b);
    let mut scope = function::scope(library, findings);
    let mut default = |tree: &ast::Expr| resolve(tree, Reader::Constant, &mut scope);
    let settings: Option<Vec<_>> =
        item.settings.iter().map(|s| Some((s.name.text.clone(), default(&s.value)?))).collect();
    let mut memories = Vec::new();
    for (name, first) in item.lines.iter().filter_map(params).flatten() {
        let zero = Expr { kind: ExprKind::Number(0.0), span: name.span };
        // A mistake in a first value is none of the filter's calls.
        let found =
            first.as_ref().map(|tree| first_value(tree, &item.settings, settings.as_deref(), &mut scope));
        memories.push((name.text.clone(), found.flatten().unwrap_or(zero)));
    }
    let reader = Reader::Function(&arguments, &item.settings);
    let mut updates = Vec::new();
    let mut result = None;
    for line in &item.lines {
        match line {
            FilterLine::Param(_) => {}
            FilterLine::Update(name, assign, value) => {
                let memory = memory(name, &memories, &mut scope);
                let value = resolve(value, reader, &mut scope).and_then(|value| layerless(value, &mut scope));
                let (memory, value) = (memory?, value?);
                // The first argument is what is filtered.
                let own = Expr { kind: ExprKind::Argument(1 + memory), span: name.span };
                updates.push((memory, assigned(*assign, own, value)));
            }
            FilterLine::Return(value, _) => {
                result = Some(layerless(resolve(value, reader, &mut scope)?, &mut scope)?);
            }
        }
    }
    if result.is_none() {
        findings.push(MissingClause { at: item.name.span, owner: "a filter", clause: "return" });
    }
    let (settings, result) = (settings?, result?);
    distinct.then(|| Filter { name: item.name.text.clone(), settings, memories, updates, result })
}

/// The first value of a memory: a constant in which settings may stand (R8.8).
fn first_value(
    tree: &ast::Expr,
    written: &[ast::Setting],
    settings: Option<&[(String, Expr)]>,
    scope: &mut Scope<'_>,
) -> Option<Expr> {
    let value = resolve(tree, Reader::Function(&[], written), scope)?;
    let defaults: Vec<Expr> = settings?.iter().map(|(_, default)| default.clone()).collect();
    match constant(&value.with_settings(&defaults), &Constants::default(), scope.library) {
        Some(_) => Some(value),
        None => mismatch(tree.span, Shapes::NotConstant, scope),
    }
}

/// What is assigned to a memory.
fn assigned(assign: Assign, own: Expr, value: Expr) -> Expr {
    match assign {
        Assign::Add => combine(BinaryOp::Add, own, value),
        Assign::Subtract => combine(BinaryOp::Sub, own, value),
        Assign::Set | Assign::Rate => value,
    }
}

/// A filter is for weights too, which belong to two layers: it reads none (R8.8).
fn layerless(value: Expr, scope: &mut Scope<'_>) -> Option<Expr> {
    if function::reads_layer(&value, scope.library) {
        return mismatch(value.span, Shapes::NoLayer { weight: None }, scope);
    }
    Some(value)
}

/// What a filter's expressions can name, in the order of [`Filter`].
fn arguments(item: &ast::Filter) -> Vec<ast::Name> {
    let memories = item.lines.iter().filter_map(params).flatten().map(|(name, _)| name.clone());
    let updates = ast::Name { text: UPDATES.to_owned(), span: item.name.span };
    std::iter::once(item.input.clone()).chain(memories).chain([updates]).collect()
}

fn params(line: &FilterLine) -> Option<&Vec<(ast::Name, Option<ast::Expr>)>> {
    if let FilterLine::Param(list) = line { Some(list) } else { None }
}

fn memory(name: &ast::Name, memories: &[(String, Expr)], scope: &mut Scope<'_>) -> Option<usize> {
    let found = memories.iter().position(|(memory, _)| *memory == name.text);
    if found.is_none() {
        let known = memories.iter().map(|(memory, _)| memory.clone()).collect();
        scope.unknown("`param` of the filter", &name.text, name.span, known);
    }
    found
}

/// Resolves the call of a filter; `None` for the outer option if the name is no filter's.
pub fn call(call: &ast::Call, arguments: &[Expr], scope: &mut Scope<'_>) -> Option<Option<ExprKind>> {
    let name = call.name.text.as_str();
    let found = scope.library.filter(name);
    (found.is_some() || name == CHOSEN).then(|| filtered(call, found, arguments, scope))
}

fn filtered(
    call: &ast::Call,
    filter: Option<FilterId>,
    arguments: &[Expr],
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    if scope.moment != Moment::Learning {
        return mismatch(call.span, Shapes::FilterOutsideLearn, scope);
    }
    let [increment] = function::counted(call, arguments.to_vec(), scope)?;
    let settings = settings(call, filter, scope)?;
    Some(ExprKind::Filtered { filter, settings, increment: Box::new(increment), place: call.span.start })
}

/// The settings of a call, in the order of the filter.
pub fn settings(
    call: &ast::Call,
    filter: Option<FilterId>,
    scope: &mut Scope<'_>,
) -> Option<Vec<Option<Expr>>> {
    let library = scope.library;
    let known = filter.map_or(&[][..], |filter| &library.filters[filter.0].settings);
    let mut settings = vec![None; known.len()];
    for setting in &call.settings {
        let Some(position) = known.iter().position(|(name, _)| *name == setting.name.text) else {
            let known = known.iter().map(|(name, _)| name.clone()).collect();
            scope.unknown("setting", &setting.name.text, setting.name.span, known);
            return None;
        };
        settings[position] = Some(resolve(&setting.value, Reader::Constant, scope)?);
    }
    Some(settings)
}
