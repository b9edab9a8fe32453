//! Rules 1: text.

use plr_syntax::ast::{BinaryOp, ExprKind, Item, Setting};
use plr_syntax::parse;

use crate::bench::{Bench, clean, codes, finds};

/// A rule without doubts; other tests vary it.
pub const PLAIN: &str = "rule R(lr = 1) {
  neuron { state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += lr * post.x * pre.x }
  predict output.x after p
}
";

/// The plain rule with a part replaced.
pub fn plain(part: &str, by: &str) -> String {
    assert!(PLAIN.contains(part), "{part}");
    PLAIN.replace(part, by)
}

/// The default of the only hyper-parameter, as a dump of its structure.
fn shape(expression: &str) -> String {
    let parsed = parse(&format!("rule R(x = {expression}) {{ }}"));
    assert!(parsed.findings.is_empty(), "{expression}");
    let Some(Item::Rule(rule)) = parsed.file.items.first() else { panic!("a rule was written") };
    let Setting { value, .. } = &rule.parameters[0];
    structure(&value.kind)
}

fn structure(kind: &ExprKind) -> String {
    match kind {
        ExprKind::Number(x) => x.to_string(),
        ExprKind::Text(text) => format!("{text:?}"),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Field(base, name) => format!("{}.{}", structure(&base.kind), name.text),
        ExprKind::At(base, phase, _) => format!("{}[{}]", structure(&base.kind), phase.text),
        ExprKind::Call(call) => {
            let arguments: Vec<String> = call.arguments.iter().map(|a| structure(&a.kind)).collect();
            format!("{}({})", call.name.text, arguments.join(" "))
        }
        ExprKind::Unary(op, a) => format!("({op:?} {})", structure(&a.kind)),
        ExprKind::Binary(op, a, b) => {
            let op = if *op == BinaryOp::Arrive { "@".to_owned() } else { format!("{op:?}") };
            format!("({op} {} {})", structure(&a.kind), structure(&b.kind))
        }
        ExprKind::If(c, a, b) => {
            format!("(If {} {} {})", structure(&c.kind), structure(&a.kind), structure(&b.kind))
        }
        ExprKind::Error => "error".to_owned(),
    }
}

/// R1.1: byte-order marks and carriage returns separate words and mean nothing else.
#[test]
fn other_systems_files_mean_the_same() {
    let text = format!("\u{feff}{}", PLAIN.replace('\n', "\r\n").replace(" = ", "\t=\t"));
    clean(&text);
}

/// R1.2: all comments are comments, to the end of the line only.
#[test]
fn comments_end_with_the_line() {
    clean(&plain("neuron {", "//! x }\n/// }\n// }\nneuron { // state y\n"));
}

/// R1.3: `;` and line ends are one; an operator at the end or beginning of a line carries on; trailing words too.
#[test]
fn statements_end_where_they_can() {
    clean(&plain("lr * post.x * pre.x", "lr *\n post.x\n * pre.x"));
    clean(&plain("x = W @ below.x", "x = (W\n @\n below.x\n)"));
    clean(&plain("(lr = 1)", "(lr =\n1\n)"));
    clean(&plain("  predict output.x after p", "  predict output.x\n    after p"));
    clean(&plain("x = W @ below.x", "x = if 1 > 0\n then W @ below.x\n else 0"));
    clean(&plain("clamp input x = data;  sweep", "clamp input x = data\n sweep"));
    assert!(
        codes(&plain("clamp input x = data;  sweep", "clamp input x = data sweep"))
            .contains(&"syntax_error".to_owned())
    );
    // A state called like a trailing word begins a statement when it is assigned to.
    clean(
        &PLAIN
            .replace("state x", "state after")
            .replace("below.x", "below.after")
            .replace("post.x", "post.after")
            .replace("pre.x", "pre.after")
            .replace("input x = data;", "input after = data\n")
            .replace("{ x =", "{ after =")
            .replace("output.x", "output.after"),
    );
    // And when it begins a list of those.
    let list = PLAIN
        .replace("state x", "param over = 0, b = 0\n state x")
        .replace("pre.x }", "pre.x\n over, b += x }");
    clean(&list.replace("W @ below.x", "W @ below.x + over + b"));
}

/// R1.4: digits on both sides of a point, a finite value.
#[test]
fn numbers_are_decimal_and_finite() {
    for good in ["1", "0.5", "1e-3", "2.5E+7"] {
        clean(&plain("lr = 1", &format!("lr = {good}")));
    }
    for bad in [".5", "5.", "1e999", "1e", "0x10", "1_000"] {
        finds("bad_number", &plain("lr = 1", &format!("lr = {bad}")));
    }
}

/// R1.5: no escapes, and an end on the same line.
#[test]
fn texts_end_on_their_line() {
    let with = |text: &str| format!("{PLAIN}experiment e {{ rule R;  network 2 - 1;  data idx({text}) }}");
    clean(&with(r#""a\n//b""#));
    assert!(codes(&with("\"a\n\"")).contains(&"unterminated_text".to_owned()));
}

/// R1.6: reserved words are never names; every other word of the grammar is one where the word is not asked for.
#[test]
fn soft_words_are_names() {
    for word in ["signal", "phase", "steps", "from", "sum", "law", "gradient", "layer", "batch", "_x", "θ"] {
        clean(&PLAIN.replace("lr", word));
    }
    for word in [
        "rule",
        "fn",
        "experiment",
        "neuron",
        "state",
        "let",
        "param",
        "synapse",
        "expect",
        "sweep",
        "allow",
        "with",
        "if",
        "then",
        "else",
        "and",
        "or",
        "not",
    ] {
        assert!(
            codes(&plain("(lr = 1)", &format!("({word} = 1)"))).contains(&"syntax_error".to_owned()),
            "{word}"
        );
    }
}

/// R1.7: names with a fixed meaning cannot be declared.
#[test]
fn fixed_meanings_stay() {
    for word in [
        "f", "cost", "loss", "data", "target", "below", "above", "self", "input", "output", "hidden", "pre",
        "post",
    ] {
        assert!(
            codes(&plain("state x", &format!("state x, {word}"))).contains(&"reserved_name".to_owned()),
            "{word}"
        );
        assert!(
            codes(&plain("lr = 1", &format!("lr = 1, {word} = 1"))).contains(&"reserved_name".to_owned()),
            "{word}"
        );
    }
    finds("reserved_name", &format!("fn f(x) = x\n{PLAIN}"));
}

/// R1.8: 200 brackets are fine, 201 are too many.
#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| plain("lr = 1", &format!("lr = {}1{}", "(".repeat(depth), ")".repeat(depth)));
    clean(&nested(199));
    finds("nested_too_deeply", &nested(201));
}

/// R1.9: items stand in any order, functions after those they use; names are unique in their kind.
#[test]
fn items_stand_in_any_order() {
    clean(&format!("experiment e {{ rule R;  network n }}\n{PLAIN}network n {{ 2 - 1 }}"));
    clean("fn g(x) = x\nfn h(x) = g(x)");
    finds("unknown_name", "fn h(x) = g(x)\nfn g(x) = x");
    finds("duplicate_name", "fn g(x) = x\ncost g(x, t) = x");
    finds("duplicate_name", "network n { 2 - 1 }\nnetwork n { 2 - 1 }");
    finds("duplicate_name", &format!("{PLAIN}{PLAIN}"));
    clean(&format!("fn R(x) = x\nnetwork R {{ 2 - 1 }}\n{PLAIN}"));
}

/// R1.10: each level of precedence against the next.
#[test]
fn operators_bind_as_listed() {
    for (text, expected) in [
        ("a.b ^ 2", "(Power a.b 2)"),
        ("a ^ b ^ c", "(Power a (Power b c))"),
        ("2 ^ -1", "(Power 2 (Negate 1))"),
        ("W @ a ^ 2", "(@ W (Power a 2))"),
        ("W @ V @ a", "(@ (@ W V) a)"),
        ("-a ^ 2", "(Negate (Power a 2))"),
        ("-W @ a", "(Negate (@ W a))"),
        ("W @ a * b", "(Multiply (@ W a) b)"),
        ("-a * b", "(Multiply (Negate a) b)"),
        ("a - b - c", "(Subtract (Subtract a b) c)"),
        ("a / b * c", "(Multiply (Divide a b) c)"),
        ("a + b * c", "(Add a (Multiply b c))"),
        ("a + b < c", "(Less (Add a b) c)"),
        ("not a < b", "(Not (Less a b))"),
        ("not a and b", "(And (Not a) b)"),
        ("a or b and c", "(Or a (And b c))"),
        ("if a or b then c else d + 1", "(If (Or a b) c (Add d 1))"),
        ("if a then b else if c then d else e", "(If a b (If c d e))"),
    ] {
        assert_eq!(shape(text), expected, "{text}");
    }
    assert!(!parse("rule R(x = a < b < c) { }").findings.is_empty());
    let bench = Bench::new(&format!("{}network n {{ 1 - 1 }}", plain("lr = 1", "lr = -2 ^ 2")));
    bench.present(&[("W/input->output", &[3.0])], &[&[1.0]], &[]).is("increment/W/input->output", &[-12.0]);
}
