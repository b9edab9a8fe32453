//! Several errors of one file at once, each where it is, and what of the tree survives them.

use plr_syntax::{dump, parse};

/// Line, code and underlined text of each finding.
fn findings(source: &str) -> Vec<(usize, &'static str, &str)> {
    let parsed = parse(source);
    let place =
        |span: plr_syntax::span::Span| (source[..span.start as usize].matches('\n').count() + 1, span);
    parsed
        .findings
        .sorted()
        .iter()
        .map(|f| {
            let (line, span) = place(f.primary().span);
            (line, f.code(), &source[span.range()])
        })
        .collect()
}

/// Message and label of the only finding.
fn sentence(source: &str) -> String {
    let parsed = parse(source);
    let all = parsed.findings.sorted();
    assert_eq!(all.len(), 1, "{all:?}");
    format!("{}: {}", all[0].message(), all[0].primary().text)
}

const MISTAKES: &str = "\
rule A(lr = ) {
  neurn { state x; let y = 3 }
  neuron { state x = (1 + ; y }
  synapse W : below -> = 3
  phase p (stps = 3) {
    x = a b
    y = f(1, +, 2)
    clamp input x data
    in turn { z = ;  x = 1 }
  }
  learn {
    W += 1 +
    b += $ 2
  }
  predict x afer p
}
flter adam(g) { x = 3 }
network n { 3 }
network m { input x = ;  a -> }
experiment e { rule; batch 3;  foo h1 = 1 2 }
fn f(x) = 1.
";

#[test]
fn every_mistake_of_a_file_is_reported_once() {
    let syntax = |line, text| (line, "syntax_error", text);
    let expected = vec![
        syntax(1, ")"),
        syntax(2, "neurn"),
        syntax(3, ";"),
        syntax(4, "="),
        syntax(5, "stps"),
        syntax(6, "b"),
        syntax(7, "+"),
        syntax(8, "data"),
        syntax(9, ";"),
        syntax(13, "+="),
        (13, "unknown_character", "$"),
        syntax(15, "afer"),
        syntax(17, "flter"),
        syntax(18, "}"),
        syntax(19, ";"),
        syntax(19, "}"),
        syntax(20, ";"),
        syntax(20, "2"),
        (21, "bad_number", "1."),
    ];
    assert_eq!(findings(MISTAKES), expected);
}

#[test]
fn what_is_right_around_a_mistake_survives() {
    let tree = dump(&parse(MISTAKES).file);
    for kept in [
        "rule A()",
        "    in turn",
        "        x = 1.0",
        "  learn Mean",
        "network m graph",
        "  batch 3.0",
        "fn f(x; )",
    ] {
        assert!(
            tree.lines().any(|line| line.trim_end() == kept || line.trim() == kept.trim()),
            "{kept}\n{tree}"
        );
    }
}

#[test]
fn a_mistake_inside_parentheses_leaves_the_statement() {
    let tree = dump(&parse("rule A { learn { W += f(1 2) * x[1 2] * (3 4) } }").file);
    assert!(tree.contains("W += ((f() * <error>) * <error>)"), "{tree}");
}

#[test]
fn a_lost_head_takes_its_block_along() {
    let source = "rule A {\n  phse p { a = 1;  sweep up { b = 2 } }\n  neuron { state x }\n}";
    assert_eq!(findings(source), [(2, "syntax_error", "phse")]);
    assert_eq!(dump(&parse(source).file), "rule A()\n  error\n  neuron\n    state x\n");
}

#[test]
fn a_missing_brace_is_one_mistake() {
    assert_eq!(findings("rule A {\n  neuron { state x }\n"), [(2, "syntax_error", "")]);
    assert_eq!(findings("fn f(x) = x\n}\nfn g(x) = x"), [(2, "syntax_error", "}")]);
}

#[test]
fn a_message_says_what_was_found_and_what_was_expected() {
    assert_eq!(
        sentence("fn f(x) = x x"),
        "unexpected `x`: expected the end of the statement, `with` or an operator"
    );
    assert_eq!(sentence("fn f(x) = "), "unexpected end of the file: expected an expression");
    assert_eq!(sentence("fn f(x = 3"), "unexpected `=`: expected `)`, `,` or `;`");
    assert_eq!(sentence("fn 3(x) = x"), "unexpected `3`: expected a name");
    assert_eq!(
        sentence("rule A { predict x afer p }"),
        "unexpected `afer`: expected `after`, `for`, `over` or an operator"
    );
    assert_eq!(
        sentence("rule A { phase p { x 3 } }"),
        "unexpected `3`: expected an assignment (`=`, `+=`, `-=`), `,`, `.`, `/` or `:`"
    );
}

#[test]
fn forms_of_later_versions_are_syntax_errors() {
    for (source, found) in [
        ("rule A { trace e = 0 }", "trace"),
        ("rule A { neuron { persistent let x = 1 } }", "let"),
        ("rule A { phase run (over space) { x = 1 } }", "space"),
    ] {
        let all = findings(source);
        assert_eq!(all.len(), 1, "{source}: {all:?}");
        assert_eq!(all[0].2, found, "{source}");
    }
}

#[test]
fn a_clause_that_stands_twice_is_reported_at_the_second() {
    let source = "rule A { check law { expect norm(W) == 1 at output within 0.1 at hidden } }";
    assert_eq!(findings(source), [(1, "duplicate_clause", "at hidden")]);
    assert_eq!(
        findings("rule A { phase p (steps = 1, from = q, steps = 2) { x = 1 } }"),
        [(1, "duplicate_clause", "steps = 2")]
    );
}

#[test]
fn a_hopeless_file_is_given_up_after_a_while() {
    let source = "x y\n".repeat(100_000);
    let shown = findings(&source);
    assert_eq!(shown.len(), 50);
    assert_eq!(shown[49].0, 50);
}

#[test]
fn help_is_given_where_it_is_sure() {
    for (source, help) in [
        ("fn f(x) = .5", "write `0.5`"),
        ("fn f(x) = 2 × x", "write `*`"),
        ("fn f(x) = 2x", "leave a space: `2 x`, or multiply: `2 * x`"),
        ("fn f(x) = 3.", "write `3`"),
    ] {
        let parsed = parse(source);
        assert_eq!(parsed.findings.sorted()[0].help().as_deref(), Some(help), "{source}");
    }
}
