//! Functions of first values, written out where they are called (R4.10, R6.2).

use plr_syntax::ast;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::function_too_large::{FunctionTooLarge, LIMIT};
use crate::check::shape_mismatch::Shapes;
use crate::hir::{Expr, ExprKind, FunctionId, Initialiser, Learned};

use super::Library;
use super::expression::{mismatch, resolve};
use super::function::{reduces, user_call};
use super::initialiser::{apart, both, choice, either, initialiser, negated, number, together};
use super::scope::{Reader, Scope};

/// The first value that a call of a function of the library is.
pub fn called(
    (tree, call): (&ast::Expr, &ast::Call),
    id: FunctionId,
    owner: Learned,
    scope: &mut Scope<'_>,
) -> Option<Initialiser> {
    let arguments: Vec<Option<Initialiser>> =
        call.arguments.iter().map(|argument| initialiser(argument, owner, scope)).collect();
    let arguments: Vec<Initialiser> = arguments.into_iter().collect::<Option<_>>()?;
    let given: Vec<Option<Initialiser>> =
        call.settings.iter().map(|setting| initialiser(&setting.value, owner, scope)).collect();
    let given: Vec<Initialiser> = given.into_iter().collect::<Option<_>>()?;
    if arguments.iter().chain(&given).all(|init| matches!(init, Initialiser::Constant(_))) {
        return resolve(tree, Reader::Constant, scope).map(Initialiser::Constant);
    }
    may_be_called(call, id, scope)?;
    let library = scope.library;
    let function = &library.functions[id.0];
    let mut settings: Vec<Initialiser> =
        function.settings.iter().map(|(_, default)| Initialiser::Constant(default.clone())).collect();
    for (setting, value) in call.settings.iter().zip(given) {
        let Some(position) = function.settings.iter().position(|(name, _)| *name == setting.name.text) else {
            let known = function.settings.iter().map(|(name, _)| name.clone()).collect();
            scope.unknown("setting", &setting.name.text, setting.name.span, known);
            return None;
        };
        settings[position] = value;
    }
    let writing = Writing { arguments: &arguments, settings: &settings, library, at: call.span };
    let body = if call.primed { function.derivative.as_ref()? } else { &function.body };
    let name = &call.name.text;
    let size = weigh(body, 1, &sizes(&arguments), &sizes(&settings), library);
    if size > LIMIT {
        scope.findings.push(FunctionTooLarge { at: call.span, name: name.clone(), size });
        return None;
    }
    if draws_twice(body, &writing) {
        let (what, found) =
            (format!("a random number that `{name}` reads several times"), "drawn in the call");
        let wanted = "a first value by itself, declared before, which the call names";
        scope.findings.push(BadValue { at: call.span, what, wanted, found: found.to_owned() });
        return None;
    }
    writing.expression(body).or_else(|| mismatch(call.span, Shapes::NotConstant, scope))
}

/// Makes sure that a function has as many arguments, and the derivative that is called, and is one of numbers.
fn may_be_called(call: &ast::Call, id: FunctionId, scope: &mut Scope<'_>) -> Option<()> {
    let number_at = |span| Expr { kind: ExprKind::Number(0.0), span };
    let numbers = call.arguments.iter().map(|argument| number_at(argument.span)).collect();
    let of_numbers = ast::Call { settings: Vec::new(), ..call.clone() };
    let kind = user_call(&of_numbers, id, numbers, Reader::Constant, scope)?;
    if reduces(&Expr { kind, span: call.span }, scope.library) {
        return mismatch(call.span, Shapes::NotConstant, scope);
    }
    Some(())
}

fn sizes(parts: &[Initialiser]) -> Vec<u64> {
    fn size(init: &Initialiser) -> u64 {
        init.parts().1.into_iter().fold(1, |sum, part| sum.saturating_add(size(part)))
    }
    parts.iter().map(size).collect()
}

/// Whether a law in an argument or setting would be written several times, and so be drawn several times.
fn draws_twice(body: &Expr, writing: &Writing<'_>) -> bool {
    fn draws(init: &Initialiser) -> bool {
        let law = matches!(
            init,
            Initialiser::Normal(_)
                | Initialiser::Uniform(..)
                | Initialiser::Glorot
                | Initialiser::He
                | Initialiser::Bernoulli(_)
                | Initialiser::Orthogonal(_)
        );
        law || init.parts().1.into_iter().any(draws)
    }
    let only = |at: usize, count: usize| (0..count).map(|i| u64::from(i == at)).collect::<Vec<_>>();
    let Writing { arguments, settings, library, .. } = *writing;
    let nothing = |count: usize| vec![0; count];
    let twice = |(at, init): (usize, &Initialiser), of_setting: bool| {
        let counted = match of_setting {
            false => weigh(body, 0, &only(at, arguments.len()), &nothing(settings.len()), library),
            true => weigh(body, 0, &nothing(arguments.len()), &only(at, settings.len()), library),
        };
        draws(init) && counted > 1
    };
    arguments.iter().enumerate().any(|given| twice(given, false))
        || settings.iter().enumerate().any(|given| twice(given, true))
}

/// The sum over the nodes of a body that is written out: so much for each of its own, and for each argument and setting.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn weigh(expr: &Expr, own: u64, arguments: &[u64], settings: &[u64], library: &Library) -> u64 {
    match &expr.kind {
        &ExprKind::Argument(i) => arguments[i],
        &ExprKind::Setting(i) => settings[i],
        ExprKind::Call { function, primed, arguments: given, settings: set, .. } => {
            let function = &library.functions[function.0];
            let weight = |e: &Expr| weigh(e, own, arguments, settings, library);
            let given: Vec<u64> = given.iter().map(weight).collect();
            let set: Vec<u64> = set.iter().map(|setting| setting.as_ref().map_or(own, weight)).collect();
            let body = if *primed { function.derivative.as_ref() } else { Some(&function.body) };
            body.map_or(0, |body| weigh(body, own, &given, &set, library))
        }
        _ => {
            let mut total = own;
            expr.for_each_child(|child| {
                total = total.saturating_add(weigh(child, own, arguments, settings, library));
            });
            total
        }
    }
}

/// What is put into the body of a function.
#[derive(Clone, Copy)]
struct Writing<'a> {
    arguments: &'a [Initialiser],
    settings: &'a [Initialiser],
    library: &'a Library,
    /// Where the call stands.
    at: Span,
}

impl Writing<'_> {
    /// A part of the body; nothing if it is no function of numbers.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other expressions are treated alike, present or future"
    )]
    fn expression(&self, expr: &Expr) -> Option<Initialiser> {
        let part = |e: &Expr| self.expression(e);
        Some(match &expr.kind {
            &ExprKind::Number(x) => number(x, self.at),
            &ExprKind::Argument(i) => self.arguments[i].clone(),
            &ExprKind::Setting(i) => self.settings[i].clone(),
            ExprKind::Unary(op, a) => apart(*op, part(a)?, self.at),
            ExprKind::Binary(op, a, b) => together(*op, part(a)?, part(b)?, self.at),
            ExprKind::Compare(op, a, b) => Initialiser::Compare(*op, Box::new(part(a)?), Box::new(part(b)?)),
            ExprKind::And(a, b) => both(part(a)?, part(b)?, self.at),
            ExprKind::Or(a, b) => either(part(a)?, part(b)?, self.at),
            ExprKind::Not(a) => negated(part(a)?, self.at),
            ExprKind::If(c, a, b) => choice(part(c)?, part(a)?, part(b)?),
            ExprKind::Cut(a) => part(a)?,
            ExprKind::Call { function, primed, arguments, settings, .. } => {
                let function = &self.library.functions[function.0];
                let arguments: Vec<Initialiser> = arguments.iter().map(part).collect::<Option<_>>()?;
                let set = |(given, (_, default)): (&Option<Expr>, &(String, Expr))| match given {
                    Some(given) => part(given),
                    None => Some(Initialiser::Constant(default.clone())),
                };
                let settings: Vec<Initialiser> =
                    settings.iter().zip(&function.settings).map(set).collect::<Option<_>>()?;
                let inside = Writing { arguments: &arguments, settings: &settings, ..*self };
                inside.expression(if *primed { function.derivative.as_ref()? } else { &function.body })?
            }
            _ => return None,
        })
    }
}
