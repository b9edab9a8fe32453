//! Expressions: what each name, path, call and operator means to its reader.

use plr_ir::model::Count;
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_syntax::ast::{self, BinaryOp as Infix, ExprKind as Tree};
use plr_syntax::span::Span;

use crate::check::no_synapse::{Listener, NoSynapse, Remote};
use crate::check::shape_mismatch::{ShapeMismatch, Shapes};
use crate::check::unknown_to_unit::{Unknown, UnknownToUnit};
use crate::hir::{
    Coordinate, Endpoint, Expr, ExprKind, HyperId, Past, PhaseId, Place, PopulationId, Relative, Synapse,
    SynapseId,
};

use super::present::of_those_present;
use super::scope::{Moment, Reader, Scope};
use super::transmission::{first_synapse, transmitted, untransposed};

/// Resolves an expression for its reader. `None` means that a finding was reported.
pub fn resolve(tree: &ast::Expr, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<Expr> {
    let kind = match &tree.kind {
        Tree::Number(number) => ExprKind::Number(*number),
        Tree::Name(name) => name_alone(name, tree.span, reader, scope)?,
        Tree::Field(..) => path(tree, reader, scope)?,
        Tree::At(inner, phase, at_time) => stored(inner, phase, *at_time, reader, scope)?,
        Tree::Call(call) => super::function::call(call, reader, scope)?,
        Tree::Unary(ast::UnaryOp::Negate, a) => ExprKind::Unary(UnaryOp::Neg, boxed(a, reader, scope)?),
        Tree::Unary(ast::UnaryOp::Not, a) => ExprKind::Not(boxed(a, reader, scope)?),
        Tree::Binary(Infix::Arrive, synapse, sent) => arrive(synapse, sent, reader, scope)?,
        Tree::Binary(op, a, b) => infix(*op, a, b, reader, scope)?,
        Tree::If(c, a, b) => {
            let parts = (boxed(c, reader, scope), boxed(a, reader, scope), boxed(b, reader, scope));
            ExprKind::If(parts.0?, parts.1?, parts.2?)
        }
        Tree::Text(_) => return mismatch(tree.span, Shapes::Text, scope),
        Tree::Error => return None,
    };
    Some(Expr { kind, span: tree.span })
}

fn boxed(tree: &ast::Expr, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<Box<Expr>> {
    resolve(tree, reader, scope).map(Box::new)
}

/// Reports that shapes do not fit.
pub fn mismatch<T>(at: Span, shapes: Shapes, scope: &mut Scope<'_>) -> Option<T> {
    scope.findings.push(ShapeMismatch { at, shapes });
    None
}

fn infix(
    op: Infix,
    a: &ast::Expr,
    b: &ast::Expr,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    // Both sides are resolved before either failure counts, so that the mistakes of both are reported.
    let (a, b) = (boxed(a, reader, scope), boxed(b, reader, scope));
    let (a, b) = (a?, b?);
    Some(match op {
        Infix::Or => ExprKind::Or(a, b),
        Infix::And => ExprKind::And(a, b),
        Infix::Equal => ExprKind::Compare(CompareOp::Eq, a, b),
        Infix::NotEqual => ExprKind::Compare(CompareOp::Ne, a, b),
        Infix::Less => ExprKind::Compare(CompareOp::Lt, a, b),
        Infix::LessEqual => ExprKind::Compare(CompareOp::Le, a, b),
        Infix::Greater => ExprKind::Compare(CompareOp::Gt, a, b),
        Infix::GreaterEqual => ExprKind::Compare(CompareOp::Ge, a, b),
        Infix::Add => ExprKind::Binary(BinaryOp::Add, a, b),
        Infix::Subtract => ExprKind::Binary(BinaryOp::Sub, a, b),
        Infix::Multiply => ExprKind::Binary(BinaryOp::Mul, a, b),
        Infix::Divide => ExprKind::Binary(BinaryOp::Div, a, b),
        Infix::Power => ExprKind::Binary(BinaryOp::Pow, a, b),
        Infix::Arrive => unreachable!("arrivals are resolved before infix operators"),
    })
}

/// A name without a path (R2.3).
fn name_alone(name: &str, at: Span, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<ExprKind> {
    if let Reader::Function(arguments, settings) = reader {
        if let Some(i) = arguments.iter().position(|a| a.text == name) {
            return Some(ExprKind::Argument(i));
        }
        if let Some(i) = settings.iter().position(|s| s.name.text == name) {
            return Some(ExprKind::Setting(i));
        }
        let known =
            arguments.iter().chain(settings.iter().map(|s| &s.name)).map(|n| n.text.clone()).collect();
        scope.unknown("argument", name, at, known);
        return None;
    }
    if let Some((place, population)) = reader.own_place()
        && let Some(variable) = scope.variable(population, name)
    {
        return Some(ExprKind::Variable { place, variable, past: None });
    }
    if let Reader::Synapse(own) = reader
        && let Some(own) = scope.quantity(own, name)
    {
        return weight(own, false, at, reader, scope);
    }
    let hyper = scope
        .rule
        .and_then(|r| r.hyper_parameters[..scope.hyper_parameters].iter().position(|h| h.name == name));
    if let Some(hyper) = hyper {
        return Some(ExprKind::Hyper(HyperId(hyper)));
    }
    if reader == Reader::Constant {
        return constant_name(name, at, scope);
    }
    if let Some(signal) = scope.signal(name) {
        return Some(ExprKind::Signal(signal, None));
    }
    if let Some(synapse) = scope.synaptic(name, reader) {
        return weight(synapse, false, at, reader, scope);
    }
    match name {
        "dt" if let Some(dt) = scope.dt => return Some(dt.kind.clone()),
        // R7.18
        "time" | "duration" if scope.in_phase || scope.moment == Moment::Definition => {
            let phase = scope.in_phase.then_some(PhaseId(scope.ended));
            return Some(ExprKind::Time { phase, whole: name == "duration" });
        }
        "time" | "duration" => {
            scope.findings.push(UnknownToUnit { at, unknown: Unknown::Time });
            return None;
        }
        "updates" => return Some(ExprKind::Updates),
        _ if let Some(count) = Count::named(name) => return Some(ExprKind::Count(count)),
        "depth" if reader != Reader::Global => return Some(ExprKind::Distance { from_input: true }),
        "height" if reader != Reader::Global => return Some(ExprKind::Distance { from_input: false }),
        // R5.17
        _ if let Some(coordinate) = Coordinate::named(name)
            && let Some((place, population)) = reader.own_place() =>
        {
            return Some(ExprKind::Coordinate { place, population, coordinate });
        }
        "data" => return Some(ExprKind::Data),
        "target" => return Some(ExprKind::Target),
        _ => {}
    }
    if let [_, _, ..] = scope.quantities(name)[..] {
        scope.several(name, at);
        return None;
    }
    misplaced_variable(name, at, reader, scope)
}

fn constant_name(name: &str, at: Span, scope: &mut Scope<'_>) -> Option<ExprKind> {
    let rule = scope.rule;
    let varies = rule.is_some_and(|r| {
        r.variables.iter().any(|v| v.name == name) || r.synapses.iter().any(|s| s.name == name)
    });
    if varies || matches!(name, "data" | "target") {
        return mismatch(at, Shapes::NotConstant, scope);
    }
    let known = scope.global_names();
    scope.unknown("hyper-parameter", name, at, known);
    None
}

/// A weight read as a number: by a synapse.
fn weight(
    synapse: SynapseId,
    transposed: bool,
    at: Span,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    if let (Reader::Synapse(own), Some(rule)) = (reader, scope.rule) {
        let other = &rule.synapses[synapse.0];
        let beside = rule.weight_of(own) == rule.weight_of(synapse) && !transposed;
        if other.trace.is_some() && beside {
            return Some(ExprKind::Trace(synapse, None));
        }
        let joins = |of: &Synapse| (of.one_to_one, of.kernel);
        let name = || rule.synapse_name(synapse);
        if other.trace.is_some() {
            return mismatch(at, Shapes::OthersTrace { trace: name() }, scope);
        }
        if joins(other) != joins(&rule.synapses[own.0]) {
            return mismatch(at, Shapes::OtherForm { synapse: name() }, scope);
        }
        return Some(ExprKind::Weight { synapse, transposed });
    }
    let declared = scope.rule.map(|r| (r.synapse_name(synapse), r.synapses[synapse.0].from.layer.word()));
    let (synapse, from) = declared?;
    mismatch(at, Shapes::SynapseInUnit { synapse, from }, scope)
}

/// A name that no rule of scope explains: perhaps a unit's variable where no unit is meant.
fn misplaced_variable(name: &str, at: Span, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<ExprKind> {
    let is_variable = Coordinate::named(name).is_some()
        || scope.rule.is_some_and(|r| r.variables.iter().any(|v| v.name == name));
    let variable = name.to_owned();
    match reader {
        Reader::Synapse(_) if is_variable => mismatch(at, Shapes::UnitInSynapse { variable }, scope),
        Reader::Sender(end) if is_variable => {
            let carries = endpoint_word(end, scope);
            mismatch(at, Shapes::OwnVariableSent { variable, carries }, scope)
        }
        Reader::Global if is_variable => mismatch(at, Shapes::NoUnit { variable }, scope),
        Reader::Unit(_)
        | Reader::Synapse(_)
        | Reader::Sender(_)
        | Reader::Global
        | Reader::Function(..)
        | Reader::Constant => {
            let mut known = scope.global_names();
            if let Some((_, population)) = reader.own_place() {
                known.extend(scope.variables_of(population));
            }
            known.extend(scope.synaptic_names());
            scope.unknown("variable", name, at, known);
            None
        }
    }
}

/// The names of `a.b.c`, or `None` if it starts with something else than a name.
pub fn names(tree: &ast::Expr) -> Option<Vec<ast::Name>> {
    match &tree.kind {
        Tree::Name(text) => Some(vec![ast::Name { text: text.clone(), span: tree.span }]),
        Tree::Field(inner, name) => {
            let mut path = names(inner)?;
            path.push(name.clone());
            Some(path)
        }
        Tree::Number(_)
        | Tree::Text(_)
        | Tree::At(..)
        | Tree::Call(_)
        | Tree::Unary(..)
        | Tree::Binary(..)
        | Tree::If(..)
        | Tree::Error => None,
    }
}

/// `below.x`, `pre.P.x`, `W.T`, `output.x`
fn path(tree: &ast::Expr, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<ExprKind> {
    let at = tree.span;
    let Some(path) = names(tree) else { return mismatch(at, Shapes::NotStored, scope) };
    if let Some((synapse, used)) = scope.synaptic_path(&path, reader) {
        return match &path[used..] {
            [] => weight(synapse, false, at, reader, scope),
            [transpose] if transpose.text == "T" => weight(synapse, true, at, reader, scope),
            [other, ..] => {
                let known = std::iter::once("T".to_owned()).chain(scope.quantities_of(synapse)).collect();
                scope.unknown("property of a synapse", &other.text, other.span, known);
                None
            }
        };
    }
    match (path[0].text.as_str(), reader) {
        ("pre" | "post", Reader::Synapse(synapse)) => return end_of_synapse(&path, synapse, at, scope),
        ("pre" | "post", Reader::Unit(_) | Reader::Sender(_) | Reader::Global) => {
            let (end, claim) = (path[0].text.clone(), scope.moment == Moment::Check);
            return mismatch(path[0].span, Shapes::NoSynapseMeant { end, claim }, scope);
        }
        ("input" | "hidden" | "output", Reader::Global) => return global_path(&path, scope),
        _ => {}
    }
    let Some((end, used)) = scope.endpoint(&path) else {
        let known =
            ["below", "above", "self", "input", "output", "pre", "post"].map(str::to_owned).into_iter();
        let known = known.chain(scope.populations()).collect();
        scope.unknown("layer, population or synapse", &path[0].text, path[0].span, known);
        return None;
    };
    if path.len() > used + 1 || (path.len() == used + 1 && scope.endpoint(&path[used..]).is_some()) {
        let whose = path[..path.len() - 1].iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(".");
        let remote = Remote::Distant { whose, distance: path.len() - used };
        scope.findings.push(NoSynapse { at, remote });
        return None;
    }
    let Some(name) = path.get(used) else {
        let known = scope.variables_of(end.population);
        scope.unknown("variable", &path[used - 1].text, at, known);
        return None;
    };
    place_of(end, name, at, reader, scope)
}

/// A variable of the unit at an endpoint, if the reader hears that unit (R5.1).
fn place_of(
    end: Endpoint,
    name: &ast::Name,
    at: Span,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let own = |population| end == (Endpoint { layer: Relative::Own, population });
    let heard = match reader {
        Reader::Sender(expected) => (expected == end).then_some(Place::Sender),
        Reader::Unit(population) => own(population).then_some(Place::Own),
        Reader::Synapse(_) | Reader::Global | Reader::Function(..) | Reader::Constant => None,
    };
    // R5.22
    if let (Reader::Unit(member), Some(rule)) = (reader, scope.rule)
        && end.layer == Relative::Own
        && rule.belongs(member, end.population)
    {
        let kind = of_unit(Place::Sender, end.population, name, scope)?;
        let value = Box::new(Expr { kind, span: at });
        return Some(ExprKind::Beside { population: end.population, together: None, value });
    }
    let found = of_unit(heard.unwrap_or(Place::Own), end.population, name, scope)?;
    if heard.is_some() {
        return Some(found);
    }
    match reader {
        Reader::Sender(expected) => {
            let (carries, asked) = (endpoint_word(expected, scope), endpoint_word(end, scope));
            let instead = Some(format!("… @ {carries}.…"));
            let remote = Remote::Neighbour { whose: asked, reader: Listener::Unit, instead };
            scope.findings.push(NoSynapse { at, remote });
            None
        }
        Reader::Constant => mismatch(at, Shapes::NotConstant, scope),
        Reader::Unit(_) | Reader::Synapse(_) | Reader::Global | Reader::Function(..) => {
            let (reader, instead) = match reader {
                Reader::Synapse(synapse) => (
                    Listener::Synapse,
                    word_of_end(end, synapse, scope).map(|word| format!("{word}.{}", name.text)),
                ),
                // R10.2
                Reader::Global => {
                    let word = endpoint_word(end, scope);
                    let named = end.layer == Relative::Own && word != Relative::Own.word();
                    (Listener::Global, named.then(|| format!("output.{word}.{}", name.text)))
                }
                Reader::Unit(_) if scope.moment == Moment::Check => {
                    let layer = Some(end.layer.word()).filter(|word| ["input", "output"].contains(word));
                    let instead = layer.map(|layer| format!("… {} … at {layer}", name.text));
                    (Listener::Claim, instead)
                }
                Reader::Unit(_) | Reader::Function(..) | Reader::Sender(_) | Reader::Constant => {
                    (Listener::Unit, local_way(end, &name.text, scope))
                }
            };
            let remote = Remote::Neighbour { whose: endpoint_word(end, scope), reader, instead };
            scope.findings.push(NoSynapse { at, remote });
            None
        }
    }
}

/// `W @ below.x`, if some synapse carries what that endpoint sends.
fn local_way(end: Endpoint, variable: &str, scope: &Scope<'_>) -> Option<String> {
    let synapse = scope.rule?.synapses.iter().find(|s| s.from == end)?;
    Some(format!("{} @ {}.{variable}", synapse.name, endpoint_word(end, scope)))
}

/// How a synapse calls the unit at an endpoint that a unit at its other end has named.
fn word_of_end(end: Endpoint, synapse: SynapseId, scope: &Scope<'_>) -> Option<&'static str> {
    let Synapse { from, to, .. } = scope.rule?.synapses[synapse.0];
    if end == from || end == seen_from(to, from) {
        return Some("pre");
    }
    (end == to || end == seen_from(from, to)).then_some("post")
}

/// `pre.x` or `post.x` (R5.5)
fn end_of_synapse(
    path: &[ast::Name],
    synapse: SynapseId,
    at: Span,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let declared = scope.rule.map(|r| (r.synapses[synapse.0].from, r.synapses[synapse.0].to))?;
    let (place, end) =
        if path[0].text == "pre" { (Place::Pre, declared.0) } else { (Place::Post, declared.1) };
    let rest = &path[1..];
    let named = rest.first().and_then(|n| scope.population(Some(&n.text)));
    let skip = usize::from(rest.len() == 2 && named == Some(end.population));
    if rest.len() == skip + 2 && rest[skip + 1].text == "T" {
        return mismatch(at, Shapes::NothingToTurn, scope);
    }
    if rest.len() > skip + 1 {
        let whose = path[..path.len() - 1].iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(".");
        let remote = Remote::Distant { whose, distance: rest.len() - skip };
        scope.findings.push(NoSynapse { at, remote });
        return None;
    }
    of_unit(place, end.population, &rest[skip], scope)
}

/// A variable of a unit, or where it is in its layer (R5.17).
fn of_unit(
    place: Place,
    population: PopulationId,
    name: &ast::Name,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    if let Some(variable) = scope.variable(population, &name.text) {
        return Some(ExprKind::Variable { place, variable, past: None });
    }
    // Hidden layers are several, of as many sizes.
    if let Some(coordinate) = Coordinate::named(&name.text).filter(|_| place != Place::Hidden) {
        return Some(ExprKind::Coordinate { place, population, coordinate });
    }
    let known = scope.variables_of(population);
    scope.unknown("variable", &name.text, name.span, known);
    None
}

/// `output.x`, `hidden.x` or `input.P.x` in a signal or prediction.
fn global_path(path: &[ast::Name], scope: &mut Scope<'_>) -> Option<ExprKind> {
    let place = match path[0].text.as_str() {
        "input" => Place::Input,
        "hidden" => Place::Hidden,
        _ => Place::Output,
    };
    // Populations are named alike in all layers.
    let mut of_layer = path.to_vec();
    of_layer[0].text = "output".to_owned();
    let (end, used) = scope.endpoint(&of_layer)?;
    let Some(name) = path.get(used).filter(|_| path.len() == used + 1) else {
        let last = &path[path.len() - 1];
        let known = scope.variables_of(end.population);
        scope.unknown("variable", &last.text, last.span, known);
        return None;
    };
    of_unit(place, end.population, name, scope)
}

/// `x[free]`, `x[forward at time]` (R5.7, R20.15)
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn stored(
    inner: &ast::Expr,
    phase: &ast::Name,
    at_time: bool,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let at = inner.span.to(phase.span);
    let (inner, phase) = (resolve(inner, reader, scope), scope.phase(phase));
    let (inner, phase) = (inner?, phase?);
    if at_time && !scope.stepwise && scope.moment != Moment::Definition {
        scope.findings.push(UnknownToUnit { at, unknown: Unknown::Time });
        return None;
    }
    let past = Some(Past { phase, at_time });
    match inner.kind {
        ExprKind::Variable { place, variable, past: None } => {
            Some(ExprKind::Variable { place, variable, past })
        }
        ExprKind::Trace(trace, None) => Some(ExprKind::Trace(trace, past)),
        ExprKind::Signal(signal, None) => Some(ExprKind::Signal(signal, past)),
        ExprKind::Beside { population, together: None, value } => match value.kind {
            ExprKind::Variable { place, variable, past: None } => {
                let kind = ExprKind::Variable { place, variable, past };
                let value = Box::new(Expr { kind, ..*value });
                Some(ExprKind::Beside { population, together: None, value })
            }
            _ => mismatch(inner.span, Shapes::NotStored, scope),
        },
        _ => mismatch(inner.span, Shapes::NotStored, scope),
    }
}

/// `W @ sent` or `W.T @ sent` (R5.3)
fn arrive(
    synapse: &ast::Expr,
    sent: &ast::Expr,
    reader: Reader<'_>,
    scope: &mut Scope<'_>,
) -> Option<ExprKind> {
    let path = names(synapse).unwrap_or_default();
    let (written, turned) = untransposed(synapse);
    let Some(id) = first_synapse(written, scope) else {
        return match path.as_slice() {
            [name] if scope.rule.is_some_and(|r| !r.variables.iter().any(|v| v.name == name.text)) => {
                if let [_, _, ..] = scope.quantities(&name.text)[..] {
                    scope.several(&name.text, name.span);
                    return None;
                }
                let known = scope.synaptic_names();
                scope.unknown("synapse", &name.text, name.span, known);
                None
            }
            _ => mismatch(synapse.span, Shapes::NotASynapse, scope),
        };
    };
    let population = hearer(synapse.span.to(sent.span), reader, scope)?;
    let (weight, transposed) = transmitted(written, turned, id, scope)?;
    let sender = sender((id, transposed), population, synapse.span, scope)?;
    let rule = scope.rule?;
    let (name, span) = (rule.synapse_name(id), rule.synapses[id.0].span);
    check_end(sent, sender, &synapse_text(&name, transposed), span, scope)?;
    let sent = boxed(sent, Reader::Sender(sender), scope)?;
    let together = ReduceKind::Sum;
    let weight = Box::new(of_those_present(weight, id, rule));
    Some(ExprKind::Arrive { synapse: id, transposed, together, weight, sent })
}

/// The population whose units hear together what their synapses make: those of the reader, if it is a unit.
pub fn hearer(at: Span, reader: Reader<'_>, scope: &mut Scope<'_>) -> Option<PopulationId> {
    match reader {
        Reader::Unit(population) => Some(population),
        Reader::Synapse(_) => mismatch(at, Shapes::SumInSynapse, scope),
        // A sum at the sender, or without a reader at all: define it as a `let` there.
        Reader::Sender(_) | Reader::Global | Reader::Function(..) | Reader::Constant => {
            scope.findings.push(NoSynapse { at, remote: Remote::Arrivals });
            None
        }
    }
}

/// Who sends through a synapse, perhaps against its direction, what the units of a population hear.
pub fn sender(
    (synapse, transposed): (SynapseId, bool),
    population: PopulationId,
    at: Span,
    scope: &mut Scope<'_>,
) -> Option<Endpoint> {
    let rule = scope.rule?;
    let declared = &rule.synapses[synapse.0];
    let (far, near) = if transposed { (declared.to, declared.from) } else { (declared.from, declared.to) };
    let sender = seen_from(near, far);
    if near.population == population {
        return Some(sender);
    }
    let asked = rule.populations[population.0].name.clone().unwrap_or_else(|| "self".to_owned());
    let (carries, declared) = (endpoint_word(sender, scope), declared.span);
    mismatch(at, Shapes::WrongEnd { synapse: rule.synapse_name(synapse), carries, asked, declared }, scope)
}

fn synapse_text(name: &str, transposed: bool) -> String {
    if transposed { format!("{name}.T") } else { name.to_owned() }
}

/// The far end of a synapse in the words of the unit at its near end: `below -> self` read backwards is heard from above.
fn seen_from(near: Endpoint, far: Endpoint) -> Endpoint {
    let layer = match (near.layer, far.layer) {
        (Relative::Own, layer) => layer,
        (Relative::Below, Relative::Own) => Relative::Above,
        (Relative::Above, Relative::Own) => Relative::Below,
        (_, layer) => layer,
    };
    Endpoint { layer, population: far.population }
}

/// If everything sent is named at another endpoint, the synapse is the wrong one: say so, once.
fn check_end(
    sent: &ast::Expr,
    sender: Endpoint,
    synapse: &str,
    declared: Span,
    scope: &mut Scope<'_>,
) -> Option<()> {
    let asked = mentioned_endpoints(sent, scope);
    let Some(&(other, at)) = asked.first().filter(|_| asked.iter().all(|(end, _)| *end != sender)) else {
        return Some(());
    };
    let (carries, asked) = (endpoint_word(sender, scope), endpoint_word(other, scope));
    mismatch(at, Shapes::WrongEnd { synapse: synapse.to_owned(), carries, asked, declared }, scope)
}

/// The endpoints of the paths of length two in an expression, `below.x` and the like.
pub fn mentioned_endpoints(tree: &ast::Expr, scope: &Scope<'_>) -> Vec<(Endpoint, Span)> {
    match &tree.kind {
        Tree::Field(..) => {
            let path = names(tree).unwrap_or_default();
            match scope.endpoint(&path) {
                Some((end, used)) if path.len() == used + 1 && scope.endpoint(&path[used..]).is_none() => {
                    vec![(end, tree.span)]
                }
                Some(_) | None => Vec::new(),
            }
        }
        Tree::At(inner, ..) | Tree::Unary(_, inner) => mentioned_endpoints(inner, scope),
        Tree::Call(call) => call.arguments.iter().flat_map(|a| mentioned_endpoints(a, scope)).collect(),
        Tree::Binary(_, a, b) => [a, b].into_iter().flat_map(|e| mentioned_endpoints(e, scope)).collect(),
        Tree::If(c, a, b) => [c, a, b].into_iter().flat_map(|e| mentioned_endpoints(e, scope)).collect(),
        Tree::Number(_) | Tree::Text(_) | Tree::Name(_) | Tree::Error => Vec::new(),
    }
}

/// `below`, `above.P`, `P`
pub fn endpoint_word(end: Endpoint, scope: &Scope<'_>) -> String {
    let population = scope.rule.and_then(|r| r.populations[end.population.0].name.clone());
    match (end.layer, population) {
        (Relative::Own, Some(name)) => name,
        (layer, None) => layer.word().to_owned(),
        (layer, Some(name)) => format!("{}.{name}", layer.word()),
    }
}
