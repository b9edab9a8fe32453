//! The parts of a dump that stand on one line.

use crate::ast::{
    Assign, BinaryOp, Call, ChainLayer, Comparison, Endpoint, Expr, ExprKind, Holding, Name, Reference, Role,
    Setting, Stop, Target, UnaryOp, Units, VariableKind,
};
use crate::span::Span;

/// `a, b`
pub(super) fn names(names: &[Name]) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(", ")
}

/// `x, avgpool 2, y`
pub(super) fn stops(stops: &[Stop]) -> String {
    let one = |stop: &Stop| match stop {
        Stop::Layer(name) => name.text.clone(),
        Stop::Pool(window) => layer(window),
    };
    stops.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `a = 1, b = 2`
pub(super) fn settings(settings: &[Setting]) -> String {
    let one = |setting: &Setting| format!("{} = {}", setting.name.text, expr(&setting.value));
    settings.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `1, (a + b)`
pub(super) fn exprs(list: &[Expr]) -> String {
    list.iter().map(expr).collect::<Vec<_>>().join(", ")
}

/// An expression with all its parentheses; it recurses as deep as the tree is high, which the parser bounds.
pub(super) fn expr(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Number(number) => format!("{number:?}"),
        ExprKind::Text(text) => format!("{text:?}"),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Field(base, name) => format!("{}.{}", expr(base), name.text),
        ExprKind::At(base, phase, at_time) => {
            format!("{}[{}{}]", expr(base), phase.text, if *at_time { " at time" } else { "" })
        }
        ExprKind::Call(inner) => call(inner),
        ExprKind::Unary(UnaryOp::Negate, operand) => format!("(-{})", expr(operand)),
        ExprKind::Unary(UnaryOp::Not, operand) => format!("(not {})", expr(operand)),
        ExprKind::Binary(op, left, right) => format!("({} {} {})", expr(left), symbol(*op), expr(right)),
        ExprKind::If(condition, then, otherwise) => {
            format!("(if {} then {} else {})", expr(condition), expr(then), expr(otherwise))
        }
        ExprKind::Error => "<error>".to_owned(),
    }
}

/// `f'(a, gain = 0.8)`; the parentheses stand even when nothing is in them.
pub(super) fn call(call: &Call) -> String {
    let mut arguments: Vec<String> = call.arguments.iter().map(expr).collect();
    arguments.extend(call.settings.iter().map(|s| format!("{} = {}", s.name.text, expr(&s.value))));
    format!("{}{}({})", call.name.text, if call.primed { "'" } else { "" }, arguments.join(", "))
}

/// `fixed`, `in(0, 1)`
pub(super) fn attribute(attribute: &Call) -> String {
    let plain = attribute.arguments.is_empty() && attribute.settings.is_empty();
    if plain { attribute.name.text.clone() } else { call(attribute) }
}

/// `input 784 relu()`
pub(super) fn layer(layer: &ChainLayer) -> String {
    let activation = layer.activation.as_ref().map_or(String::new(), |a| format!(" {}", call(a)));
    format!("{}{}{activation}", role(layer.role), units(&layer.units))
}

/// `784`, `1x28x28`, `conv 16 k5`
fn units(units: &Units) -> String {
    let shared = |word: &str, number: &Expr, words: &[Name]| {
        let words: String = words.iter().map(|word| format!(" {}", word.text)).collect();
        format!("{word} {}{words}", expr(number))
    };
    match units {
        Units::Count(count) => expr(count),
        Units::Grid([channels, rows, columns], _) => format!("{channels}x{rows}x{columns}"),
        Units::Convolution(channels, words) => shared("conv", channels, words),
        Units::Local(channels, words) => shared("local", channels, words),
        Units::AveragePool(window, words) => shared("avgpool", window, words),
        Units::MaxPool(window, words) => shared("maxpool", window, words),
    }
}

/// The role with a space after it, or nothing.
pub(super) fn role(role: Option<(Role, Span)>) -> &'static str {
    match role.map(|(role, _)| role) {
        None => "",
        Some(Role::Input) => "input ",
        Some(Role::Hidden) => "hidden ",
        Some(Role::Output) => "output ",
    }
}

/// The keyword.
pub(super) fn kind(kind: VariableKind) -> &'static str {
    match kind {
        VariableKind::State => "state",
        VariableKind::Let => "let",
        VariableKind::Param => "param",
        VariableKind::Trace => "trace",
    }
}

/// `P.x`
pub(super) fn target(target: &Target) -> String {
    let population = target.population.as_ref().map_or(String::new(), |p| format!("{}.", p.text));
    format!("{population}{}", target.name.text)
}

/// `above.P`
pub(super) fn endpoint(endpoint: &Endpoint) -> String {
    let population = endpoint.population.as_ref().map_or(String::new(), |p| format!(".{}", p.text));
    format!("{}{population}", endpoint.head.text)
}

/// The words after `check`.
pub(super) fn reference(reference: &Reference) -> String {
    match reference {
        Reference::FeedForward(phase) => format!("gradient after {}", phase.text),
        Reference::Preconditioned { phase, state, own } => {
            let own = if *own { "own " } else { "" };
            format!("gradient after {} preconditioned by {own}{}", phase.text, state.text)
        }
        Reference::Cut(phase) => format!("gradient with cuts after {}", phase.text),
        Reference::Equilibrium(phase) => format!("gradient at equilibrium of {}", phase.text),
        Reference::Unrolled(steps, phase) => format!("gradient unrolled({}) of {}", expr(steps), phase.text),
        Reference::FiniteDifferences(phase) => format!("gradient by finite_differences after {}", phase.text),
        Reference::Objective { objective, phase, holding, cuts } => {
            let (of, given) = match holding {
                Holding::Nothing => ("through", ""),
                Holding::Layers => ("of", ""),
                Holding::States => ("of", " given states"),
            };
            let cuts = if *cuts { "with cuts " } else { "" };
            format!("gradient {cuts}{of} {}{given} after {}", expr(objective), phase.text)
        }
        Reference::Law => "law".to_owned(),
    }
}

/// The operator of an equation.
pub(super) fn assign(assign: Assign) -> &'static str {
    match assign {
        Assign::Set => "=",
        Assign::Add => "+=",
        Assign::Subtract => "-=",
        Assign::Rate => "rate",
    }
}

/// The comparison of a claim.
pub(super) fn comparison(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => ">=",
        Comparison::Equal => "==",
    }
}

/// The operator as written.
fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Arrive => "@",
        BinaryOp::Power => "^",
    }
}
