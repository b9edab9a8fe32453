//! Functions and costs: their definitions and their calls.
//!
//! A function sees the functions above it, so none can call itself; in its own definition its name means the primitive
//! operation of that name.

use plr_ir::program::Law;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_syntax::ast;
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::function_too_large::{FunctionTooLarge, LIMIT};
use crate::check::missing_derivative::MissingDerivative;
use crate::check::reserved_name::{RESERVED, ReservedName};
use crate::check::shape_mismatch::Shapes;
use crate::check::wrong_argument_count::WrongArgumentCount;
use crate::hir::{
    Cost, Expr, ExprKind, Function, FunctionId, Learned, Part, Place, Reduction, Relative, Rule,
};

use crate::memory::mentions;

use super::expression::{mentioned_endpoints, mismatch, resolve};
use super::global::unit_layers;
use super::scope::{Moment, Reader, Scope};
use super::{Declared, Library, synapses};

/// Resolves the functions and costs of a file and appends them to the library. `own` is where the file's own begin;
/// absent for the prelude.
pub fn resolve_all(
    file: &ast::File,
    own: Option<(usize, usize)>,
    library: &mut Library,
    findings: &mut Findings,
) {
    let mut declared = Declared::default();
    for item in &file.items {
        match item {
            ast::Item::Function(item) => {
                if declare(&item.name, &mut declared, findings)
                    && let Some(function) = function(item, own.is_some(), library, findings)
                {
                    library.functions.push(function);
                }
            }
            ast::Item::Cost(item) => {
                if declare(&item.name, &mut declared, findings)
                    && let Some(cost) = cost(item, own.is_some(), library, findings)
                {
                    library.costs.push(cost);
                }
            }
            ast::Item::Rule(_)
            | ast::Item::Filter(_)
            | ast::Item::Network(_)
            | ast::Item::Experiment(_)
            | ast::Item::Use(_)
            | ast::Item::Error(_) => {}
        }
    }
}

/// Declares a name that is not reserved.
pub fn declare(name: &ast::Name, declared: &mut Declared, findings: &mut Findings) -> bool {
    if RESERVED.contains(&name.text.as_str()) {
        findings.push(ReservedName { at: name.span, name: name.text.clone() });
        return false;
    }
    declared.add(name, findings)
}

/// What an expression outside rules can name.
pub fn scope<'a>(library: &'a Library, findings: &'a mut Findings) -> Scope<'a> {
    let visible = library.functions.len();
    Scope {
        library,
        visible,
        rule: None,
        hyper_parameters: 0,
        ended: 0,
        dt: None,
        in_phase: false,
        stepwise: false,
        moment: Moment::Definition,
        findings,
    }
}

fn function(item: &ast::Function, own: bool, library: &Library, findings: &mut Findings) -> Option<Function> {
    let mut names = Declared::default();
    let all = item.arguments.iter().chain(item.settings.iter().map(|s| &s.name));
    let distinct = all.map(|name| names.add(name, findings)).fold(true, |a, b| a & b);
    let mut scope = scope(library, findings);
    let settings: Option<Vec<_>> = item
        .settings
        .iter()
        .map(|s| Some((s.name.text.clone(), resolve(&s.value, Reader::Constant, &mut scope)?)))
        .collect();
    // R6.1
    let reader = Reader::Function(&item.arguments, &item.settings);
    let body = resolve(&item.body, reader, &mut scope);
    let derivative = match &item.derivative {
        Some(derivative) => Some(resolve(derivative, reader, &mut scope)?),
        None => None,
    };
    let (settings, body) = (settings?, body?);
    let layer_wide = std::iter::once(&body).chain(&derivative).any(|e| reads_layer(e, library));
    let reduced = std::iter::once(&body).chain(&derivative).flat_map(|e| reduced(e, library)).collect();
    let of_batch = std::iter::once(&body).chain(&derivative).any(|e| reads_batch(e, library));
    let draws = draws(&body, library);
    let mut size = size(&body, library).max(derivative.as_ref().map_or(0, |d| size(d, library)));
    let (mut body, mut derivative) = (body, derivative);
    if size > LIMIT {
        findings.push(FunctionTooLarge { at: item.name.span, name: item.name.text.clone(), size });
        // Its uses are no further mistakes: it stands for its argument.
        let argument = Expr { kind: ExprKind::Argument(0), span: body.span };
        (size, body, derivative) = (1, argument.clone(), derivative.map(|_| argument));
    }
    let span = own.then_some(item.name.span);
    distinct.then(|| Function {
        name: item.name.text.clone(),
        arguments: item.arguments.len(),
        settings,
        body,
        derivative,
        surrogate: item.surrogate,
        layer_wide,
        reduced,
        of_batch,
        draws,
        size,
        span,
    })
}

/// Whether an expression reads a whole layer.
pub fn reads_layer(expr: &Expr, library: &Library) -> bool {
    has(expr, library, &is_reduction, |f| f.layer_wide)
}

fn is_reduction(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Layer(..) | ExprKind::Rank(_) | ExprKind::RunningSum(_))
}

/// For each reduction in the body of a function, the arguments of the function that stand in what is reduced.
fn reduced(body: &Expr, library: &Library) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    if is_reduction(body) {
        found.push(arguments_in(body));
    }
    if let ExprKind::Call { function, arguments, .. } = &body.kind {
        let of_all = |all: &Vec<usize>| all.iter().flat_map(|&k| arguments_in(&arguments[k])).collect();
        found.extend(library.functions[function.0].reduced.iter().map(of_all));
    }
    body.for_each_child(|child| found.extend(reduced(child, library)));
    found
}

/// The arguments of a function that stand in an expression of its body.
fn arguments_in(expr: &Expr) -> Vec<usize> {
    let mut found = Vec::new();
    if let ExprKind::Argument(argument) = expr.kind {
        found.push(argument);
    }
    expr.for_each_child(|child| found.extend(arguments_in(child)));
    found
}

/// Whether an expression reads other samples.
fn reads_batch(expr: &Expr, library: &Library) -> bool {
    let here = |e: &Expr| matches!(e.kind, ExprKind::Batch(..) | ExprKind::Shift(_) | ExprKind::Shuffle(_));
    has(expr, library, &here, |f| f.of_batch)
}

/// Whether an expression draws a number.
pub fn draws(expr: &Expr, library: &Library) -> bool {
    has(expr, library, &|e| matches!(e.kind, ExprKind::Draw(_)), |f| f.draws)
}

/// How many operations an expression is when the functions it calls are written out.
fn size(expr: &Expr, library: &Library) -> u64 {
    let mut total: u64 = 1;
    if let ExprKind::Call { function, .. } = &expr.kind {
        total = library.functions[function.0].size;
    }
    expr.for_each_child(|child| total = total.saturating_add(size(child, library)));
    total
}

/// Whether an expression, or a function it calls, has something in it.
fn has(expr: &Expr, library: &Library, here: &dyn Fn(&Expr) -> bool, called: fn(&Function) -> bool) -> bool {
    let mut found = here(expr);
    if let ExprKind::Call { function, .. } = &expr.kind {
        found |= called(&library.functions[function.0]);
    }
    expr.for_each_child(|child| found |= has(child, library, here, called));
    found
}

fn cost(item: &ast::CostFunction, own: bool, library: &Library, findings: &mut Findings) -> Option<Cost> {
    let mut scope = scope(library, findings);
    let arguments = [item.activity.clone(), item.target.clone()];
    let reader = Reader::Function(&arguments, &[]);
    let body = resolve(&item.body, reader, &mut scope);
    let derivative = match &item.derivative {
        Some(derivative) => Some(resolve(derivative, reader, &mut scope)?),
        None => None,
    };
    let mut after = Vec::new();
    for (activation, derivative) in &item.after {
        let function = function_named(&activation.text, &scope);
        if function.is_none() {
            let known = library.functions.iter().map(|f| f.name.clone()).collect();
            scope.unknown("function", &activation.text, activation.span, known);
        }
        after.push((function?, resolve(derivative, reader, &mut scope)?));
    }
    let body = body?;
    let by_activity = || std::iter::once(&body).chain(&derivative);
    // R6.6
    let mut all = by_activity().chain(after.iter().map(|(_, derivative)| derivative));
    if let Some(expr) = all.find(|expr| draws(expr, library) || reads_batch(expr, library)) {
        return mismatch(expr.span, Shapes::NotOfSample, &mut scope);
    }
    let layer_wide = by_activity().any(|expr| reads_layer(expr, library));
    let span = own.then_some(item.name.span);
    Some(Cost { name: item.name.text.clone(), body, derivative, after, layer_wide, span })
}

/// The function of that name that is seen.
pub fn function_named(name: &str, scope: &Scope<'_>) -> Option<FunctionId> {
    scope.library.functions[..scope.visible].iter().rposition(|f| f.name == name).map(FunctionId)
}

/// `sum(e, over = channels)`: a call that is about a part of the layer (R5.19); `None` if it does not say so.
fn over_part(call: &ast::Call, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<Option<ExprKind>> {
    let at = call.settings.iter().position(|setting| setting.name.text == "over")?;
    let own = function_named(&call.name.text, scope).map(|id| &scope.library.functions[id.0].settings);
    if own.is_some_and(|settings| settings.iter().any(|(name, _)| name == "over")) {
        return None;
    }
    if let Some(found) = synapses::together(call, at, reader, scope) {
        return Some(found);
    }
    let part = if let ast::ExprKind::Name(word) = &call.settings[at].value.kind {
        if word == Relative::Own.word() {
            return Some(of_belonging(call, at, reader, scope));
        }
        match Part::named(word) {
            Some(part) => part,
            None => return Some(unknown_part(word, call.settings[at].value.span, scope)),
        }
    } else if let ast::ExprKind::Call(groups) = &call.settings[at].value.kind
        && groups.name.text == "groups"
    {
        let Some(size) = group_size(groups, scope) else { return Some(None) };
        Part::Groups(Box::new(size))
    } else {
        return None;
    };
    let mut whole = call.clone();
    let setting = whole.settings.remove(at);
    let Some(kind) = self::call(&whole, reader, scope) else { return Some(None) };
    let reduced = Expr { kind, span: call.span };
    let wide = if let ExprKind::Call { function, .. } = &reduced.kind {
        scope.library.functions[function.0].layer_wide
    } else {
        matches!(reduced.kind, ExprKind::Layer(..) | ExprKind::Rank(_) | ExprKind::RunningSum(_))
    };
    if !wide {
        scope.unknown("setting", "over", setting.name.span, Vec::new());
        return Some(None);
    }
    if matches!(reader, Reader::Global) || has_weight(&reduced) || places(&reduced).len() > 1 {
        return Some(mismatch(call.span, Shapes::NoLayer { weight: None }, scope));
    }
    Some(Some(ExprKind::Over(part, Box::new(reduced))))
}

/// Reports a name that is no part of a layer and no synapse.
fn unknown_part(word: &str, at: Span, scope: &mut Scope<'_>) -> Option<ExprKind> {
    let parts = ["channels", "places", "self", "pre", "post"].map(str::to_owned).into_iter();
    let known = parts.chain(scope.synaptic_names()).collect();
    scope.unknown("part of a layer, or synapse,", word, at, known);
    None
}

/// `groups(4)`: how many units a group has, a constant (R5.21).
fn group_size(groups: &ast::Call, scope: &mut Scope<'_>) -> Option<Expr> {
    let sizes: Vec<Option<Expr>> =
        groups.arguments.iter().map(|a| resolve(a, Reader::Constant, scope)).collect();
    let [size] = exactly(groups, sizes.into_iter().collect::<Option<_>>()?, scope)?;
    Some(size)
}

/// `sum(B.v, over = self)`: a reduction over the units that belong to the reader (R5.22).
fn of_belonging(
    call: &ast::Call,
    setting: usize,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let together = reduction(&call.name.text).filter(|_| !call.primed);
    let ends = call.arguments.first().map(|e| mentioned_endpoints(e, scope)).unwrap_or_default();
    let (Reader::Unit(own), Some(together), [argument], 1, Some((end, _)), Some(rule)) =
        (reader, together, &call.arguments[..], call.settings.len(), ends.first().copied(), scope.rule)
    else {
        return mismatch(call.span, Shapes::NotBelonging, scope);
    };
    if end.layer != Relative::Own || !rule.belongs(end.population, own) {
        return mismatch(call.settings[setting].value.span, Shapes::NotBelonging, scope);
    }
    let value = Box::new(resolve(argument, Reader::Sender(end), scope)?);
    Some(ExprKind::Beside { population: end.population, together: Some(together), value })
}

/// Resolves a call for its reader.
pub fn call(call: &ast::Call, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<ExprKind> {
    if let Some(found) = over_part(call, reader, scope) {
        return found;
    }
    let arguments: Vec<Option<Expr>> = call.arguments.iter().map(|a| resolve(a, reader, scope)).collect();
    let arguments: Vec<Expr> = arguments.into_iter().collect::<Option<_>>()?;
    let name = call.name.text.as_str();
    let in_rule = !matches!(reader, Reader::Function(..) | Reader::Constant);
    match name {
        "f" if in_rule => {
            let [argument] = exactly(call, arguments, scope)?;
            if !of_one_layer(&[&argument], reader) {
                return mismatch(argument.span, Shapes::NoLayer { weight: None }, scope);
            }
            Some(ExprKind::Activation { primed: call.primed, argument: Box::new(argument) })
        }
        "cost" | "loss" if in_rule => {
            let [argument] = exactly(call, arguments, scope)?;
            Some(ExprKind::Cost {
                primed: call.primed,
                of_drive: name == "cost",
                argument: Box::new(argument),
            })
        }
        _ => {
            let kind = match function_named(name, scope) {
                Some(function) => {
                    let found = user_call(call, function, arguments, reader, scope);
                    if let Some(ExprKind::Call { arguments, .. }) = &found {
                        about_one_layer(call.span, function, arguments, reader, scope)?;
                    }
                    found
                }
                None => match super::filter::call(call, &arguments, scope) {
                    Some(filtered) => filtered,
                    None => primitive(call, arguments, reader, scope),
                },
            }?;
            let called = Expr { kind, span: call.span };
            // R2.2, R4.4
            if reader == Reader::Constant && reduces(&called, scope.library) {
                return mismatch(call.span, Shapes::NotConstant, scope);
            }
            Some(called.kind)
        }
    }
}

/// Whether an expression takes together what differs between units, synapses or samples.
pub fn reduces(expr: &Expr, library: &Library) -> bool {
    if let ExprKind::Call { function, .. } = &expr.kind
        && reduces(&library.functions[function.0].body, library)
    {
        return true;
    }
    let mut found = reads_layer(expr, library)
        || matches!(expr.kind, ExprKind::Batch(..) | ExprKind::Shift(_) | ExprKind::Shuffle(_));
    expr.for_each_child(|child| found |= reduces(child, library));
    found
}

/// Whether arguments together are a value of the units of one layer, which then is the layer that an activation or a
/// reduction is about. A weight belongs to two.
fn of_one_layer(arguments: &[&Expr], reader: Reader<'_>) -> bool {
    let of_synapse = matches!(reader, Reader::Synapse(_));
    let own = |place: Place| if of_synapse && place == Place::Own { Place::Post } else { place };
    let mut found: Vec<Place> = arguments.iter().flat_map(|a| places(a)).map(own).collect();
    found.sort_by_key(|place| *place as usize);
    found.dedup();
    found.len() == 1 && !arguments.iter().any(|a| has_weight(a))
}

/// Whether an expression has a weight as a number; what arrives through weights is a unit's.
pub fn has_weight(expr: &Expr) -> bool {
    if matches!(expr.kind, ExprKind::Arrive { .. }) {
        return false;
    }
    let mut found = matches!(expr.kind, ExprKind::Weight { .. } | ExprKind::Trace(..));
    expr.for_each_child(|child| found = found || has_weight(child));
    found
}

/// In a synapse's equation, a reduction over a layer must be about the layer of one of its ends (R5.10). What is drawn
/// there belongs to both (R11.5).
fn reduces_one_layer(at: Span, reduced: &[&Expr], reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<()> {
    let drawn = || reduced.iter().any(|e| draws(e, scope.library));
    let of_one_end = || of_one_layer(reduced, reader) && !drawn();
    if matches!(reader, Reader::Synapse(_)) && !of_one_end() {
        let weights = reduced.iter().flat_map(|e| e.weights());
        let weight =
            weights.into_iter().next().zip(scope.rule).map(|(weight, rule)| rule.synapse_name(weight));
        return mismatch(at, Shapes::NoLayer { weight }, scope);
    }
    Some(())
}

/// So must a rank, and in a signal or prediction it must be about the input or the output layer (R5.13).
fn ranks_one_layer(at: Span, ranked: &[&Expr], reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<()> {
    let nowhere = |rule: &Rule| ranked.iter().all(|e| unit_layers(e, rule).is_empty());
    if matches!(reader, Reader::Global) && scope.rule.is_some_and(nowhere) {
        return mismatch(at, Shapes::NoLayer { weight: None }, scope);
    }
    reduces_one_layer(at, ranked, reader, scope)
}

/// A running sum is about a layer as a rank is, or in a synapse's equation about the synapses from one unit (R5.15).
fn sums_in_order(at: Span, summed: &Expr, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<()> {
    let joins = has_weight(summed) || places(summed).len() > 1;
    if matches!(reader, Reader::Synapse(_)) && joins && !draws(summed, scope.library) {
        return Some(());
    }
    ranks_one_layer(at, &[summed], reader, scope)
}

/// The places whose variables an expression has.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
pub fn places(expr: &Expr) -> Vec<Place> {
    let mut found = match &expr.kind {
        ExprKind::Variable { place, .. } | ExprKind::Coordinate { place, .. } => vec![*place],
        ExprKind::Arrive { .. } | ExprKind::Beside { .. } => return vec![Place::Own],
        ExprKind::Filtered { .. } => return Vec::new(),
        // It is each synapse's, whichever end what is taken together belongs to.
        ExprKind::Over(Part::Synapses(..), _) => vec![Place::Pre, Place::Post],
        // A draw is the evaluator's, also that of a function (R11.6).
        ExprKind::Data | ExprKind::Target | ExprKind::Draw(_) | ExprKind::Call { draws: true, .. } => {
            vec![Place::Own]
        }
        _ => Vec::new(),
    };
    expr.for_each_child(|child| found.extend(places(child)));
    found.sort_by_key(|p| *p as usize);
    found.dedup();
    found
}

/// Whether an expression is about signals, and about nothing that a unit or synapse has.
pub fn is_global(expr: &Expr) -> bool {
    let signal = |kind: &ExprKind| matches!(kind, ExprKind::Signal(..));
    places(expr).is_empty() && !has_weight(expr) && mentions(expr, &signal)
}

/// The arguments as an array of the wanted length; otherwise a finding (R6.2).
pub fn exactly<const N: usize>(
    call: &ast::Call,
    arguments: Vec<Expr>,
    scope: &mut Scope<'_>,
) -> Option<[Expr; N]> {
    if let Some(setting) = call.settings.first() {
        scope.unknown("setting", &setting.name.text, setting.name.span, Vec::new());
        return None;
    }
    counted(call, arguments, scope)
}

/// The arguments as an array of the wanted length, whatever settings there are; otherwise a finding (R6.2).
pub fn counted<const N: usize>(
    call: &ast::Call,
    arguments: Vec<Expr>,
    scope: &mut Scope<'_>,
) -> Option<[Expr; N]> {
    let found = arguments.len();
    arguments.try_into().ok().or_else(|| {
        scope.findings.push(WrongArgumentCount {
            at: call.span,
            name: call.name.text.clone(),
            expected: N,
            found,
        });
        None
    })
}

/// A call of a function that the library has.
pub fn user_call(
    call: &ast::Call,
    id: FunctionId,
    arguments: Vec<Expr>,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let function = &scope.library.functions[id.0];
    if arguments.len() != function.arguments {
        let (expected, found) = (function.arguments, arguments.len());
        scope.findings.push(WrongArgumentCount {
            at: call.span,
            name: call.name.text.clone(),
            expected,
            found,
        });
        return None;
    }
    // R6.3
    if call.primed && function.derivative.is_none() {
        scope.findings.push(MissingDerivative {
            at: call.span,
            function: function.name.clone(),
            layer: None,
            cost: None,
        });
        return None;
    }
    if function.draws {
        drawn(call, reader, scope)?;
    }
    let mut settings = vec![None; function.settings.len()];
    for setting in &call.settings {
        let Some(position) = function.settings.iter().position(|(n, _)| *n == setting.name.text) else {
            let known = function.settings.iter().map(|(n, _)| n.clone()).collect();
            scope.unknown("setting", &setting.name.text, setting.name.span, known);
            return None;
        };
        settings[position] = Some(resolve(&setting.value, reader, scope)?);
    }
    let draws = scope.library.functions[id.0].draws;
    Some(ExprKind::Call { function: id, primed: call.primed, arguments, settings, draws })
}

/// What a function reduces is about one layer.
fn about_one_layer(
    at: Span,
    id: FunctionId,
    arguments: &[Expr],
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<()> {
    for together in &scope.library.functions[id.0].reduced {
        // What reduces constants is about the layer that all of the function is about.
        let taken = |k: &usize| together.is_empty() || together.contains(k);
        let together: Vec<&Expr> = (0..arguments.len()).filter(taken).map(|k| &arguments[k]).collect();
        ranks_one_layer(at, &together, reader, scope)?;
    }
    Some(())
}

/// Primitives beside the scalar operations of one number.
const OTHER_PRIMITIVES: [&str; 15] = [
    "max",
    "min",
    "sum",
    "mean",
    "rank",
    "running_sum",
    "normal",
    "uniform",
    "poisson_quantile",
    "batch_shift",
    "batch_shuffle",
    "cut",
    "f",
    "cost",
    "loss",
];

/// Scalar operations and reductions (R6.10).
fn primitive(
    call: &ast::Call,
    arguments: Vec<Expr>,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let name = call.name.text.as_str();
    if call.primed {
        scope.findings.push(MissingDerivative {
            at: call.span,
            function: name.to_owned(),
            layer: None,
            cost: None,
        });
        return None;
    }
    if let ("max" | "min", 2..) = (name, arguments.len()) {
        let [a, b] = exactly(call, arguments, scope)?;
        let op = if name == "max" { BinaryOp::Max } else { BinaryOp::Min };
        return Some(ExprKind::Binary(op, Box::new(a), Box::new(b)));
    }
    if let Some(law) = law(name) {
        let [] = exactly(call, arguments, scope)?;
        drawn(call, reader, scope)?;
        return Some(ExprKind::Draw(law));
    }
    if let Some(reduction) = reduction(name) {
        let [a] = exactly(call, arguments, scope)?;
        reduces_one_layer(call.span, &[&a], reader, scope)?;
        return Some(ExprKind::Layer(reduction, Box::new(a)));
    }
    if name == "cut" {
        let [a] = exactly(call, arguments, scope)?;
        return Some(ExprKind::Cut(Box::new(a)));
    }
    if name == "increment" && scope.moment == Moment::Check {
        let [a] = exactly(call, arguments, scope)?;
        return increment(a, scope);
    }
    if name == "rank" {
        let [a] = exactly(call, arguments, scope)?;
        ranks_one_layer(call.span, &[&a], reader, scope)?;
        return Some(ExprKind::Rank(Box::new(a)));
    }
    // R5.15
    if name == "running_sum" {
        let [a] = exactly(call, arguments, scope)?;
        sums_in_order(call.span, &a, reader, scope)?;
        return Some(ExprKind::RunningSum(Box::new(a)));
    }
    // R11.8
    if name == "poisson_quantile" {
        let [level, rate] = exactly(call, arguments, scope)?;
        return Some(ExprKind::PoissonQuantile(Box::new(level), Box::new(rate)));
    }
    // R5.18
    if name == "batch_shift" {
        let [a] = exactly(call, arguments, scope)?;
        return Some(ExprKind::Shift(Box::new(a)));
    }
    // R5.20
    if name == "batch_shuffle" {
        let [a] = exactly(call, arguments, scope)?;
        return Some(ExprKind::Shuffle(Box::new(a)));
    }
    // R5.11
    if let Some(reduction) = name.strip_prefix("batch_").and_then(reduction) {
        let [a] = exactly(call, arguments, scope)?;
        return Some(ExprKind::Batch(reduction, Box::new(a)));
    }
    if let Some(op) = UnaryOp::ALL.iter().find(|op| op.name() == name && **op != UnaryOp::Neg) {
        let [a] = exactly(call, arguments, scope)?;
        return Some(ExprKind::Unary(*op, Box::new(a)));
    }
    let mut known: Vec<String> = UnaryOp::ALL.iter().map(|op| op.name().to_owned()).collect();
    known.extend(OTHER_PRIMITIVES.map(str::to_owned));
    known.extend(scope.library.functions[..scope.visible].iter().map(|f| f.name.clone()));
    // R1.9
    let below = |written: &ast::Name| written.text == name && written.span.start > call.name.span.start;
    let kind = if scope.library.written.iter().any(below) { "function above this one" } else { "function" };
    scope.unknown(kind, name, call.name.span, known);
    None
}

/// `increment(W)`, `increment(post.b)`: what is named is learned (R14.18).
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn increment(of: Expr, scope: &mut Scope<'_>) -> Option<ExprKind> {
    let named = match of.kind {
        ExprKind::Weight { synapse, .. } => Some(Learned::Synapse(synapse)),
        ExprKind::Variable { variable, past: None, .. } => Some(Learned::Unit(variable)),
        _ => None,
    };
    let is_learned = |named| scope.rule.is_some_and(|rule| rule.plasticity.iter().any(|p| p.target == named));
    if named.is_some_and(is_learned) {
        return Some(ExprKind::Increment(Box::new(of)));
    }
    let (what, found) = ("the argument of `increment`".to_owned(), "something else".to_owned());
    let wanted = "a weight or `param` that is learned";
    scope.findings.push(BadValue { at: of.span, what, wanted, found });
    None
}

/// A number is drawn by an equation (R11.6); a function may pass the draw on to its caller.
fn drawn(call: &ast::Call, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<()> {
    match reader {
        Reader::Function(..) => Some(()),
        Reader::Unit(_) | Reader::Synapse(_) if matches!(scope.moment, Moment::Step | Moment::Learning) => {
            Some(())
        }
        Reader::Sender(_) | Reader::Unit(_) | Reader::Synapse(_) | Reader::Global | Reader::Constant => {
            mismatch(call.span, Shapes::DrawOutsideEquation, scope)
        }
    }
}

fn law(name: &str) -> Option<Law> {
    match name {
        "normal" => Some(Law::Normal),
        "uniform" => Some(Law::Uniform),
        _ => None,
    }
}

/// The reduction of that name.
pub fn reduction(name: &str) -> Option<Reduction> {
    match name {
        "sum" => Some(Reduction::Sum),
        "mean" => Some(Reduction::Mean),
        "max" => Some(Reduction::Max),
        "min" => Some(Reduction::Min),
        _ => None,
    }
}
