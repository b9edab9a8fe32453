//! Tokens, comments, and where statements end.

use plr_syntax::{dump, parse, tokens};

/// The kinds and texts of the tokens, without their places; a separator is `|`.
fn kinds(source: &str) -> String {
    let line = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        match (words.next(), words.next()) {
            (Some("separator"), _) => "|".to_owned(),
            (Some("bad"), text) => format!("bad:{}", text.unwrap_or_default()),
            (_, text) => text.unwrap_or_default().to_owned(),
        }
    };
    tokens(source).lines().map(line).collect::<Vec<_>>().join(" ")
}

/// The codes of the findings with the text they underline.
fn findings(source: &str) -> Vec<(&'static str, &str)> {
    parse(source).findings.sorted().iter().map(|f| (f.code(), &source[f.primary().span.range()])).collect()
}

#[test]
fn a_token_has_its_place_and_kind() {
    let expected = "0..4         keyword    rule\n\
                    5..7         word       β\n\
                    8..12        number     1e-3\n\
                    13..16       text       \"a\"\n\
                    17..19       symbol     ->\n\
                    20..25       word       steps\n";
    assert_eq!(tokens("rule β 1e-3 \"a\" -> steps"), expected);
}

#[test]
fn names_are_unicode() {
    assert_eq!(kinds("β μ_2 x̂ Δw"), "β μ_2 x̂ Δw");
    assert!(findings("fn f(β, μ) = β * μ").is_empty());
}

#[test]
fn operators_are_the_longest_that_fit() {
    assert_eq!(kinds("a+=-b->c<=d==e!=f"), "a += - b -> c <= d == e != f");
    assert_eq!(kinds("f'(a)"), "f ' ( a )");
}

#[test]
fn a_line_end_separates_statements() {
    assert_eq!(kinds("a = 1\nb = 2"), "a = 1 | b = 2");
    assert_eq!(kinds("a = 1\n\n// c\n\nb = 2"), "a = 1 | b = 2");
    assert_eq!(kinds("a = 1\r\nb = 2"), "a = 1 | b = 2");
    assert_eq!(kinds("a = f(1)\nb = x[p]\nc"), "a = f ( 1 ) | b = x [ p ] | c");
    assert_eq!(kinds("{ a }\nb"), "{ a } | b");
}

#[test]
fn separators_collapse_and_never_stand_at_an_edge() {
    assert_eq!(kinds(";; a = 1 ;;\n; b = 2 ;\n"), "a = 1 | b = 2");
    assert_eq!(kinds("{ ; a ; }"), "{ a }");
    assert_eq!(kinds("{\n a\n}\n"), "{ a }");
}

#[test]
fn a_line_that_begins_with_an_operator_continues_the_statement() {
    for start in
        ["+ b", "- b", "* b", "@ b", "^ b", "== b", ", b", ") b", ". b", "{ b", "[ b", "( b", "-> b", "= b"]
    {
        let text = kinds(&format!("a\n{start}"));
        assert!(!text.contains('|'), "{start}: {text}");
    }
    for word in ["with", "and", "or", "then", "else", "allow"] {
        assert_eq!(kinds(&format!("a\n{word} b")), format!("a {word} b"));
    }
}

#[test]
fn a_line_after_an_operator_continues_the_statement() {
    for end in
        ["+", "-", "*", "@", "=", "+=", ",", "->", ":", "and", "not", "if", "then", "else", "let", "with"]
    {
        assert_eq!(kinds(&format!("a {end}\nb")), format!("a {end} b"));
    }
}

#[test]
fn no_statement_ends_inside_parentheses() {
    assert_eq!(kinds("f(a\nb)\nc"), "f ( a b ) | c");
    assert_eq!(kinds("x[a\nb]\nc"), "x [ a b ] | c");
    assert_eq!(kinds("fn f(x; a = 1)"), "fn f ( x ; a = 1 )");
}

#[test]
fn a_forgotten_parenthesis_ends_at_the_next_brace_or_member() {
    assert_eq!(kinds("a = (1 }\nb\nc"), "a = ( 1 } | b | c");
    assert_eq!(kinds("a = (1\nneuron { x }"), "a = ( 1 | neuron { x }");
    assert_eq!(kinds("a = (1\nphase p { x }"), "a = ( 1 | phase p { x }");
    assert_eq!(kinds("a = (1,\nphase, 2)"), "a = ( 1 , phase , 2 )");
}

#[test]
fn a_line_that_begins_with_a_trailing_clause_continues_unless_it_is_an_equation() {
    for word in ["over", "when", "after", "at", "within", "until", "deg"] {
        assert_eq!(kinds(&format!("a\n{word} b")), format!("a {word} b"));
        assert_eq!(kinds(&format!("a\n{word} = b")), format!("a | {word} = b"));
        assert_eq!(kinds(&format!("a\n{word} -= b")), format!("a | {word} -= b"));
    }
}

#[test]
fn keywords_of_clauses_are_names_elsewhere() {
    for word in [
        "steps",
        "from",
        "until",
        "data",
        "batch",
        "epochs",
        "seed",
        "cost",
        "validation",
        "precision",
        "network",
        "updates",
        "init",
        "set",
        "deg",
        "over",
        "when",
        "after",
        "at",
        "within",
        "up",
        "down",
        "in",
        "turn",
        "sum",
        "T",
        "target",
        "layer",
        "gradient",
        "law",
        "by",
        "of",
        "derivative",
        "unrolled",
        "equilibrium",
        "phase",
        "predict",
        "signal",
        "learn",
        "check",
        "clamp",
        "release",
    ] {
        let source = format!(
            "rule R({word} = 1) {{\n  neuron {{ state {word}, x = {word} }}\n  phase {word} {{\n    \
             {word} = {word}(2 * {word}.{word}[{word}], {word} = 3)\n    \
             hidden {word} += {word} - x\n    clamp input {word} = {word}\n  }}\n  \
             predict {word} after {word}\n}}"
        );
        assert_eq!(findings(&source), [], "{source}");
    }
}

#[test]
fn layer_words_are_names_in_expressions() {
    for word in ["input", "output", "hidden", "below", "above", "self", "pre", "post"] {
        let source = format!("fn f(x) = {word} + {word}.x");
        assert!(findings(&source).is_empty());
        assert!(dump(&parse(&source).file).contains(&format!("({word} + {word}.x)")));
    }
}

#[test]
fn comments_are_kept_with_their_places() {
    let source = "//! head\nfn f(x) = x // tail  \n// end";
    let comments = parse(source).comments;
    let texts: Vec<&str> = comments.iter().map(|comment| comment.text.as_str()).collect();
    assert_eq!(texts, ["//! head", "// tail", "// end"]);
    assert!(comments.iter().all(|comment| source[comment.span.range()] == comment.text));
}

#[test]
fn what_is_no_token_is_reported_once() {
    assert_eq!(findings("fn f(x) = 2 $$§ x"), [("unknown_character", "$$§")]);
    assert_eq!(findings("fn f(x) = $ * x"), [("unknown_character", "$")]);
    assert_eq!(findings("fn f(x) = g '(x)"), [("unknown_character", "'")]);
    assert_eq!(findings("fn f(x) = g(\"abc)\nfn h(x) = x"), [("unterminated_text", "\"abc)")]);
    for number in ["1.", ".5", "1.2.3", "2x", "1e", "1e999", "0x10", "28x28", "1_000"] {
        assert_eq!(findings(&format!("fn f(x) = {number}")), [("bad_number", number)]);
    }
}

#[test]
fn numbers_have_their_value() {
    for (text, value) in
        [("0.1", "0.1"), ("1e-3", "0.001"), ("1E+2", "100.0"), ("12", "12.0"), ("00.50", "0.5")]
    {
        assert_eq!(dump(&parse(&format!("fn f() = {text}")).file), format!("fn f(; )\n  = {value}\n"));
    }
}
