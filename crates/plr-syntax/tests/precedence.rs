//! How operators group, against the table of the language: loosest first
//! `or`, `and`, `not`, comparison, `+ -`, `* /`, prefix `-`, `@`, `^`, `.name [phase] call`.

use plr_syntax::{dump, parse};

/// The expression with all its parentheses.
fn grouped(expression: &str) -> String {
    let parsed = parse(&format!("fn f() = {expression}"));
    assert!(parsed.findings.is_empty(), "{expression}: {:?}", parsed.findings);
    dump(&parsed.file).lines().nth(1).expect("a body").trim_start_matches("  = ").to_owned()
}

fn fails(expression: &str) -> bool {
    parse(&format!("fn f() = {expression}")).findings.any_error()
}

#[test]
fn each_level_holds_tighter_than_the_one_before() {
    for (expression, expected) in [
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c", "((a and b) or c)"),
        ("not a and b", "((not a) and b)"),
        ("a and not b", "(a and (not b))"),
        ("not a == b", "(not (a == b))"),
        ("a + b < c - d", "((a + b) < (c - d))"),
        ("a + b * c", "(a + (b * c))"),
        ("a * b + c", "((a * b) + c)"),
        ("-a * b", "((-a) * b)"),
        ("a * -b", "(a * (-b))"),
        ("-W @ x", "(-(W @ x))"),
        ("a * W @ x", "(a * (W @ x))"),
        ("W @ x * a", "((W @ x) * a)"),
        ("f'(a) * W.T @ above.d", "(f'(a) * (W.T @ above.d))"),
        ("W @ x ^ 2", "(W @ (x ^ 2.0))"),
        ("-x^2", "(-(x ^ 2.0))"),
        ("2^-x", "(2.0 ^ (-x))"),
        ("x^y.z[p]", "(x ^ y.z[p])"),
    ] {
        assert_eq!(grouped(expression), expected, "{expression}");
    }
}

#[test]
fn operators_of_one_level_group_to_the_left_except_power() {
    for (expression, expected) in [
        ("a or b or c", "((a or b) or c)"),
        ("a and b and c", "((a and b) and c)"),
        ("a - b + c - d", "(((a - b) + c) - d)"),
        ("a / b * c / d", "(((a / b) * c) / d)"),
        ("A @ B @ x", "((A @ B) @ x)"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("2^-x^2", "(2.0 ^ (-(x ^ 2.0)))"),
        ("2^--x^-y", "(2.0 ^ (-(-(x ^ (-y)))))"),
        ("--x", "(-(-x))"),
        ("not not x", "(not (not x))"),
        ("a - -b", "(a - (-b))"),
    ] {
        assert_eq!(grouped(expression), expected, "{expression}");
    }
}

#[test]
fn comparisons_do_not_chain() {
    assert!(fails("a < b < c"));
    assert!(fails("a == b == c"));
    assert_eq!(grouped("(a < b) == c"), "((a < b) == c)");
}

#[test]
fn conditionals_reach_as_far_as_they_can() {
    assert_eq!(grouped("if a then b else c + 1"), "(if a then b else (c + 1.0))");
    assert_eq!(grouped("if a then b else if c then d else e"), "(if a then b else (if c then d else e))");
    assert_eq!(grouped("if a then if b then c else d else e"), "(if a then (if b then c else d) else e)");
    assert_eq!(grouped("1 + (if a then b else c)"), "(1.0 + (if a then b else c))");
    assert!(fails("1 + if a then b else c"));
    assert!(fails("if a then b"));
}

#[test]
fn calls_take_positional_and_named_arguments() {
    assert_eq!(grouped("f()"), "f()");
    assert_eq!(grouped("f'(a, b + c, gain = 0.5)"), "f'(a, (b + c), gain = 0.5)");
    assert_eq!(grouped("g(f(x).y, \"path\")"), "g(f(x).y, \"path\")");
    assert!(fails("f'"));
    assert!(fails("f(a,)"));
}
