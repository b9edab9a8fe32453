//! First values: laws, constants, first values of earlier parameters, places of units, and functions of these (R4.4,
//! R4.10, R4.13).

use plr_ir::scalar::{BinaryOp, CompareOp, UnaryOp};
use plr_syntax::ast::{self, BinaryOp as Infix, ExprKind as Tree};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_value::BadValue;
use crate::check::shape_mismatch::Shapes;
use crate::check::unknown_name::UnknownName;
use crate::check::wrong_argument_count::WrongArgumentCount;
use crate::hir::{Coordinate, Expr, ExprKind, Initialiser, Learned, Place, Rule, VariableId, VariableKind};

use super::expression::{mismatch, names, resolve};
use super::first_function;
use super::function::function_named;
use super::scope::{Reader, Scope};
use super::transmission::untransposed;

/// The laws, and how many numbers each is given.
const LAWS: [(&str, usize); 7] = [
    ("normal", 1),
    ("uniform", 2),
    ("glorot", 0),
    ("he", 0),
    ("bernoulli", 1),
    ("orthogonal", 1),
    ("identity", 0),
];

/// The words for the numbers of units from which and to which synapses run (R4.4).
const FANS: [(&str, bool); 2] = [("fan_in", true), ("fan_out", false)];

/// The first value of a parameter of a rule.
pub fn initialiser(tree: &ast::Expr, owner: Learned, scope: &mut Scope<'_>) -> Option<Initialiser> {
    if let Tree::Name(_) | Tree::Field(..) = &tree.kind
        && let Some(found) = other(tree, owner, scope)
    {
        return found;
    }
    let is_hyper = |word: &String| {
        scope.rule.is_some_and(|rule| rule.hyper_parameters.iter().any(|hyper| hyper.name == *word))
    };
    if let Tree::Name(word) = &tree.kind
        && let Some((_, into)) = FANS.iter().find(|(name, _)| name == word)
        && !is_hyper(word)
    {
        return Some(Initialiser::Fan { into: *into });
    }
    if let (Tree::Name(word), Learned::Synapse(_)) = (&tree.kind, owner)
        && Coordinate::named(word).is_some()
        && !is_hyper(word)
    {
        return mismatch(tree.span, Shapes::UnitInSynapse { variable: word.clone() }, scope);
    }
    if let Some((place, coordinate)) = place_in_layer(tree, owner) {
        return Some(Initialiser::Coordinate { place, coordinate, span: tree.span });
    }
    if let Tree::Call(call) = &tree.kind {
        if let Some(&(_, count)) = LAWS.iter().find(|(name, _)| *name == call.name.text) {
            return law(call, count, owner, scope);
        }
        // An operation is what the prelude's function of its name is.
        let op = UnaryOp::ALL.iter().find(|op| op.name() == call.name.text && **op != UnaryOp::Neg);
        let function = function_named(&call.name.text, scope)
            .filter(|id| op.is_none() || scope.library.functions[id.0].span.is_some());
        if let Some(id) = function {
            return first_function::called((tree, call), id, owner, scope);
        }
        if let (Some(&op), [argument], []) = (op, &call.arguments[..], &call.settings[..]) {
            return Some(apart(op, initialiser(argument, owner, scope)?, tree.span));
        }
        let larger = BinaryOp::ALL.iter().find(|op| op.name() == call.name.text);
        if let (Some(&op @ (BinaryOp::Max | BinaryOp::Min)), [a, b], []) =
            (larger, &call.arguments[..], &call.settings[..])
        {
            let (a, b) = (initialiser(a, owner, scope), initialiser(b, owner, scope));
            return Some(together(op, a?, b?, tree.span));
        }
    }
    if let Tree::Unary(ast::UnaryOp::Negate, argument) = &tree.kind {
        return Some(apart(UnaryOp::Neg, initialiser(argument, owner, scope)?, tree.span));
    }
    if let Tree::Binary(written, a, b) = &tree.kind
        && let Some(op) = arithmetic(*written)
    {
        let (a, b) = (initialiser(a, owner, scope), initialiser(b, owner, scope));
        return Some(together(op, a?, b?, tree.span));
    }
    if let Some(found) = condition(tree, owner, scope) {
        return found;
    }
    resolve(tree, Reader::Constant, scope).map(Initialiser::Constant)
}

/// Comparisons, and what is made of conditions (R4.13).
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn condition(tree: &ast::Expr, owner: Learned, scope: &mut Scope<'_>) -> Option<Option<Initialiser>> {
    let at = tree.span;
    let mut part = |tree| initialiser(tree, owner, scope);
    Some(match &tree.kind {
        Tree::Binary(Infix::And, a, b) => {
            let (a, b) = (part(a), part(b));
            a.zip(b).map(|(a, b)| both(a, b, at))
        }
        Tree::Binary(Infix::Or, a, b) => {
            let (a, b) = (part(a), part(b));
            a.zip(b).map(|(a, b)| either(a, b, at))
        }
        Tree::Unary(ast::UnaryOp::Not, a) => part(a).map(|a| negated(a, at)),
        Tree::If(c, a, b) => {
            let (c, a, b) = (part(c), part(a), part(b));
            c.zip(a.zip(b)).map(|(c, (a, b))| choice(c, a, b))
        }
        Tree::Binary(written, a, b) => {
            let op = comparison(*written)?;
            let (a, b) = (part(a), part(b));
            a.zip(b).map(|(a, b)| Initialiser::Compare(op, Box::new(a), Box::new(b)))
        }
        _ => return None,
    })
}

/// A number as a first value.
pub fn number(x: f64, span: Span) -> Initialiser {
    Initialiser::Constant(Expr { kind: ExprKind::Number(x), span })
}

/// `if c then a else b`
pub fn choice(c: Initialiser, a: Initialiser, b: Initialiser) -> Initialiser {
    Initialiser::Select(Box::new([c, a, b]))
}

/// `a and b`
pub fn both(a: Initialiser, b: Initialiser, at: Span) -> Initialiser {
    choice(a, choice(b, number(1.0, at), number(0.0, at)), number(0.0, at))
}

/// `a or b`
pub fn either(a: Initialiser, b: Initialiser, at: Span) -> Initialiser {
    choice(a, number(1.0, at), choice(b, number(1.0, at), number(0.0, at)))
}

/// `not a`
pub fn negated(a: Initialiser, at: Span) -> Initialiser {
    choice(a, number(0.0, at), number(1.0, at))
}

fn comparison(op: Infix) -> Option<CompareOp> {
    match op {
        Infix::Equal => Some(CompareOp::Eq),
        Infix::NotEqual => Some(CompareOp::Ne),
        Infix::Less => Some(CompareOp::Lt),
        Infix::LessEqual => Some(CompareOp::Le),
        Infix::Greater => Some(CompareOp::Gt),
        Infix::GreaterEqual => Some(CompareOp::Ge),
        Infix::Or
        | Infix::And
        | Infix::Add
        | Infix::Subtract
        | Infix::Multiply
        | Infix::Divide
        | Infix::Power
        | Infix::Arrive => None,
    }
}

/// `pre.index`, `post.row` of a synapse, `index` of a unit.
fn place_in_layer(tree: &ast::Expr, owner: Learned) -> Option<(Place, Coordinate)> {
    if let (Tree::Name(word), Learned::Unit(_)) = (&tree.kind, owner) {
        return Some((Place::Own, Coordinate::named(word)?));
    }
    if let (Tree::Field(end, word), Learned::Synapse(_)) = (&tree.kind, owner)
        && let Tree::Name(end) = &end.kind
    {
        let place = [("pre", Place::Pre), ("post", Place::Post)].into_iter().find(|(name, _)| name == end)?;
        return Some((place.1, Coordinate::named(&word.text)?));
    }
    None
}

/// A function of a first value; of a constant it is a constant.
pub fn apart(op: UnaryOp, argument: Initialiser, span: Span) -> Initialiser {
    if let Initialiser::Constant(a) = argument {
        return Initialiser::Constant(Expr { kind: ExprKind::Unary(op, Box::new(a)), span });
    }
    Initialiser::Unary(op, Box::new(argument))
}

/// A function of two first values; of constants it is a constant.
pub fn together(op: BinaryOp, a: Initialiser, b: Initialiser, span: Span) -> Initialiser {
    match (a, b) {
        (Initialiser::Constant(a), Initialiser::Constant(b)) => {
            Initialiser::Constant(Expr { kind: ExprKind::Binary(op, Box::new(a), Box::new(b)), span })
        }
        (a, b) => Initialiser::Binary(op, Box::new(a), Box::new(b)),
    }
}

fn arithmetic(op: Infix) -> Option<BinaryOp> {
    match op {
        Infix::Add => Some(BinaryOp::Add),
        Infix::Subtract => Some(BinaryOp::Sub),
        Infix::Multiply => Some(BinaryOp::Mul),
        Infix::Divide => Some(BinaryOp::Div),
        Infix::Power => Some(BinaryOp::Pow),
        Infix::Or
        | Infix::And
        | Infix::Equal
        | Infix::NotEqual
        | Infix::Less
        | Infix::LessEqual
        | Infix::Greater
        | Infix::GreaterEqual
        | Infix::Arrive => None,
    }
}

/// The first value of another parameter, if the tree names one: of a synapse another synapse's, of a unit another of its
/// own. Only those declared before are known, so that none needs itself.
fn other(tree: &ast::Expr, owner: Learned, scope: &mut Scope<'_>) -> Option<Option<Initialiser>> {
    let rule = scope.rule?;
    let (read, transposed) = untransposed(tree);
    let (found, earlier) = match owner {
        Learned::Synapse(own) => {
            let path = names(read)?;
            let (synapse, used) = scope.synaptic_path(&path, Reader::Synapse(own))?;
            if used < path.len() {
                return None;
            }
            (Initialiser::Weight { synapse, transposed, span: tree.span }, synapse < own)
        }
        Learned::Unit(own) => {
            let Tree::Name(name) = &read.kind else { return None };
            let id = own_parameter(name, own, rule).filter(|_| !transposed)?;
            (Initialiser::Param(id), id < own)
        }
    };
    if !earlier {
        let name = names(read)?.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        let kind = "parameter declared before this one";
        scope.findings.push(UnknownName { at: read.span, kind, name, known: Vec::new() });
    }
    Some(earlier.then_some(found))
}

fn own_parameter(name: &str, of: VariableId, rule: &Rule) -> Option<VariableId> {
    let population = rule.variables[of.0].population;
    let is = |v: &crate::hir::Variable| {
        v.population == population && v.name == name && matches!(v.kind, VariableKind::Param(_))
    };
    rule.variables.iter().position(is).map(VariableId)
}

fn law(call: &ast::Call, count: usize, owner: Learned, scope: &mut Scope<'_>) -> Option<Initialiser> {
    let name = call.name.text.as_str();
    let found = call.arguments.len();
    if found != count {
        let (name, expected) = (name.to_owned(), count);
        scope.findings.push(WrongArgumentCount { at: call.span, name, expected, found });
        return None;
    }
    let mut numbers = Vec::new();
    for argument in &call.arguments {
        let Initialiser::Constant(number) = initialiser(argument, owner, scope)? else {
            let what = format!("what the law `{name}` is given");
            let wanted =
                "a constant; what differs from place to place stands beside the law, `e * normal(1)`";
            let found = "something else".to_owned();
            scope.findings.push(BadValue { at: argument.span, what, wanted, found });
            return None;
        };
        numbers.push(number);
    }
    if matches!(name, "orthogonal" | "identity") && !has_matrix(owner, scope.rule?) {
        let (what, wanted) = (format!("the first value of what `{name}` is given to"), "a matrix of weights");
        scope.findings.push(BadValue {
            at: call.span,
            what,
            wanted,
            found: "one number for each".to_owned(),
        });
        return None;
    }
    let mut numbers = numbers.into_iter();
    match (name, numbers.next(), numbers.next()) {
        ("glorot", ..) => Some(Initialiser::Glorot),
        ("he", ..) => Some(Initialiser::He),
        ("identity", ..) => Some(Initialiser::Identity),
        ("normal", Some(deviation), _) => Some(Initialiser::Normal(deviation)),
        ("uniform", Some(low), Some(high)) => Some(Initialiser::Uniform(low, high)),
        ("bernoulli", Some(p), _) => Some(Initialiser::Bernoulli(p)),
        ("orthogonal", Some(gain), _) => Some(Initialiser::Orthogonal(gain)),
        _ => None,
    }
}

/// Finds the numbers that are none of their laws (R4.4).
pub fn check_numbers(init: &Initialiser, value: &dyn Fn(&Expr) -> f64, findings: &mut Findings) {
    let mut wrong = |at: &Expr, what: &str, wanted: &'static str| {
        let found = value(at).to_string();
        findings.push(BadValue { at: at.span, what: what.to_owned(), wanted, found });
    };
    if let Initialiser::Normal(deviation) = init
        && !(0.0..).contains(&value(deviation))
    {
        wrong(deviation, "the deviation of `normal`", "a number from 0");
    }
    if let Initialiser::Uniform(low, high) = init
        && !(value(low)..).contains(&value(high))
    {
        wrong(high, "the upper bound of `uniform`", "a number that is not below the lower one");
    }
    if let Initialiser::Bernoulli(probability) = init
        && !(0.0..=1.0).contains(&value(probability))
    {
        wrong(probability, "the probability of `bernoulli`", "a number from 0 to 1");
    }
    init.parts().1.into_iter().for_each(|part| check_numbers(part, value, findings));
}

/// Whether a parameter has one number for each pair of units.
fn has_matrix(owner: Learned, rule: &Rule) -> bool {
    match owner {
        Learned::Synapse(synapse) => !rule.synapses[synapse.0].one_to_one,
        Learned::Unit(_) => false,
    }
}
