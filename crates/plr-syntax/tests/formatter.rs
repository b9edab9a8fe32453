//! Canonical formatting: it keeps the tree, is its own fixed point, and looks as the language is written.

mod programs;

use plr_syntax::{dump, format, parse};

fn formatted(source: &str) -> String {
    format(source).unwrap_or_else(|findings| panic!("{source}\n{findings:?}"))
}

/// Formats, and checks that the tree is kept and that formatting again changes nothing.
fn checked(source: &str) -> String {
    let once = formatted(source);
    assert_eq!(dump(&parse(&once).file), dump(&parse(source).file), "the tree changed:\n{source}\n{once}");
    assert_eq!(formatted(&once), once, "not a fixed point:\n{source}");
    once
}

#[test]
fn programs_keep_their_tree_and_comments() {
    for (name, source) in programs::ALL {
        let text = checked(source);
        let comments = |text: &str| parse(text).comments.into_iter().map(|c| c.text).collect::<Vec<_>>();
        assert_eq!(comments(&text), comments(source), "{name}");
        let wide = |line: &&str| line.split("//").next().unwrap_or_default().trim_end().chars().count() > 100;
        assert_eq!(text.lines().find(wide), None, "{name}");
        assert!(text.lines().all(|line| line.trim_end() == line), "{name}");
    }
}

#[test]
fn any_layout_of_a_program_gives_the_same_text() {
    let source: String =
        programs::ALL[2].1.lines().map(|line| format!("{}\n", line.split("//").next().unwrap())).collect();
    let tight = source.replace("  ", " ").replace(" = ", "=").replace(" * ", "*").replace(", ", ",");
    let wide = source.replace(' ', "   ").replace('\n', "  \r\n");
    assert_eq!(checked(&tight), checked(&source));
    assert_eq!(checked(&wide), checked(&source));
}

#[test]
fn short_blocks_stay_on_their_line() {
    assert_eq!(
        checked("rule A { neuron{state   x;let y=2*x} }"),
        "rule A { neuron { state x;  let y = 2 * x } }\n"
    );
    assert_eq!(
        checked("rule A {\n neuron { state x; let y=2*x }}"),
        "rule A {\n  neuron { state x;  let y = 2 * x }\n}\n"
    );
    assert_eq!(checked("rule A {\n}"), "rule A {}\n");
    assert_eq!(checked("rule A{// why\n}"), "rule A {  // why\n}\n");
}

#[test]
fn blocks_that_do_not_fit_are_broken() {
    let long = "x".repeat(40);
    let source = format!("rule A {{ phase p {{ sweep up {{ {long} = 1 }};  {long} = 2 }} }}");
    let expected =
        format!("rule A {{\n  phase p {{\n    sweep up {{ {long} = 1 }}\n    {long} = 2\n  }}\n}}\n");
    assert_eq!(checked(&source), expected);
}

#[test]
fn a_block_of_exactly_the_width_fits() {
    let fill = |n: usize| format!("rule A {{ signal {} = 1 }}", "x".repeat(n));
    let widest = 100 - fill(0).len();
    assert_eq!(checked(&fill(widest)).lines().count(), 1);
    assert_eq!(checked(&fill(widest + 1)).lines().count(), 3);
}

#[test]
fn single_blank_lines_and_comments_are_kept() {
    let source = "\n\n// a\n\n\n\n// b\nrule A {\n\n  // c\n\n  neuron { state x } // d\n\n\n  // e\n\n}\n\n\n// f\n\n";
    let expected = "// a\n\n// b\nrule A {\n  // c\n\n  neuron { state x }  // d\n\n  // e\n}\n\n// f\n";
    assert_eq!(checked(source), expected);
}

#[test]
fn broken_statements_continue_further_in() {
    let source = "fn f(x) = a +\nb\n* c // why\n// more\n- d\nfn g(\nx\n) = x";
    let expected = "fn f(x) = a +\n    b\n    * c  // why\n    // more\n    - d\nfn g(\n    x\n) = x\n";
    assert_eq!(checked(source), expected);
}

#[test]
fn parentheses_that_change_nothing_go() {
    for (source, expected) in [
        ("((a))", "a"),
        ("(a * b) + c", "a * b + c"),
        ("a * (b + c)", "a * (b + c)"),
        ("a + (b + c)", "a + (b + c)"),
        ("(a + b) + c", "a + b + c"),
        ("a - (b - c)", "a - (b - c)"),
        ("-(a * b)", "-(a * b)"),
        ("(-a) * b", "-a * b"),
        ("-(W @ x)", "-W @ x"),
        ("(-W) @ x", "(-W) @ x"),
        ("a * (W @ x)", "a * (W @ x)"),
        ("(W @ x) / (a + (B @ y))", "(W @ x) / (a + B @ y)"),
        ("a * W @ x", "a * W @ x"),
        ("-(-(x))", "--x"),
        ("a ^ (b ^ c)", "a^b^c"),
        ("(a ^ b) ^ c", "(a^b)^c"),
        ("2 ^ (-(x))", "2^-x"),
        ("2 ^ (-(x ^ 2))", "2^-x^2"),
        ("(-x) ^ 2", "(-x)^2"),
        ("2 ^ (a * b)", "2^(a * b)"),
        ("(W.T) @ (above.d)", "W.T @ above.d"),
        ("A @ (B @ x)", "A @ (B @ x)"),
        ("(x).y", "x.y"),
        ("(1).y", "(1).y"),
        ("(a + b)[p]", "(a + b)[p]"),
        ("f((a), g = (b + c))", "f(a, g = b + c)"),
        ("not (a == b)", "not a == b"),
        ("not (a and b)", "not (a and b)"),
        ("(not a) == b", "(not a) == b"),
        ("(a < b) == c", "(a < b) == c"),
        ("(if a then (b) else (c))", "if a then b else c"),
        ("1 + (if a then b else c)", "1 + (if a then b else c)"),
        ("if (a) then b else (if c then d else e)", "if a then b else if c then d else e"),
        ("(a or b) and (c)", "(a or b) and c"),
    ] {
        assert_eq!(checked(&format!("fn f() = {source}")), format!("fn f() = {expected}\n"), "{source}");
    }
    assert_eq!(checked("network n { (3) - (a) - (2*3) }"), "network n { 3 - (a) - (2 * 3) }\n");
}

#[test]
fn spaces_follow_the_language() {
    for (source, expected) in [
        ("rule A{phase p(steps=3){x=1}}", "rule A { phase p (steps = 3) { x = 1 } }"),
        ("rule A{learn(sum){W+=1}}", "rule A { learn (sum) { W += 1 } }"),
        ("rule A{synapse W:below . P->self}", "rule A { synapse W : below.P -> self }"),
        ("rule A{phase p{hidden P :x=f' (a)}}", "rule A { phase p { hidden P: x = f'(a) } }"),
        ("experiment e{lr a -> b=1,c=2}", "experiment e { lr a->b = 1, c = 2 }"),
        ("network n{a->b}", "network n { a -> b }"),
        ("fn f (x;a=- 1)=x [p] .y", "fn f(x; a = -1) = x[p].y"),
        (
            "rule A{check gradient unrolled (3) of p{batch (a)}}",
            "rule A { check gradient unrolled(3) of p { batch a } }",
        ),
    ] {
        assert_eq!(checked(source), format!("{expected}\n"));
    }
}

#[test]
fn a_text_with_mistakes_is_not_formatted() {
    let findings = format("fn f(x) = ").expect_err("a mistake");
    assert_eq!(findings.sorted().len(), 1);
}

#[test]
fn an_empty_text_stays_empty() {
    assert_eq!(checked(""), "");
    assert_eq!(checked("\n\n"), "");
    assert_eq!(checked("// only"), "// only\n");
}
