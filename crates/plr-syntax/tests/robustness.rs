//! No text makes the parser or the formatter panic, overflow its stack, or take long.

mod programs;

use plr_syntax::{dump, format, parse, tokens};

/// xorshift64*: a fixed sequence for a fixed seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Everything the crate does with a text.
fn survives(source: &str) {
    let parsed = parse(source);
    let shown = dump(&parsed.file);
    tokens(source);
    for finding in parsed.findings.sorted() {
        let labels = finding.secondary().into_iter().chain([finding.primary()]);
        assert!(labels.into_iter().all(|label| source.get(label.span.range()).is_some()), "{finding:?}");
        assert!(!finding.message().is_empty() && finding.help().is_none_or(|help| !help.is_empty()));
    }
    match format(source) {
        Ok(formatted) => assert_eq!(dump(&parse(&formatted).file), shown),
        Err(findings) => assert!(findings.any_error()),
    }
}

#[test]
fn truncated_programs() {
    for (_, source) in programs::ALL {
        for (end, _) in source.char_indices() {
            survives(&source[..end]);
        }
    }
}

#[test]
fn programs_with_a_piece_missing_or_twice() {
    let mut random = Random(1);
    for _ in 0..2000 {
        let (_, source) = programs::ALL[random.below(programs::ALL.len())];
        let boundaries: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
        let (a, b) = (boundaries[random.below(boundaries.len())], boundaries[random.below(boundaries.len())]);
        let (a, b) = (a.min(b), a.max(b).min(a.min(b) + 40));
        let Some(piece) = source.get(a..b) else { continue };
        survives(&format!("{}{}", &source[..a], &source[b..]));
        survives(&format!("{}{piece}{}", &source[..b], &source[b..]));
    }
}

#[test]
fn random_bytes() {
    let mut random = Random(2);
    for _ in 0..2000 {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.next() as u8).collect();
        survives(&String::from_utf8_lossy(&bytes));
        let ascii: String = bytes.iter().map(|byte| char::from(byte & 0x7f)).collect();
        survives(&ascii);
    }
}

#[test]
fn random_tokens() {
    let words: Vec<&str> = "rule fn neuron state let param synapse signal phase learn predict check expect clamp release \
        sweep experiment allow if then else and or not with input hidden output network cost data validation batch \
        epochs updates seed precision over when after at within until deg layer steps from sum set init up down in \
        turn derivative gradient equilibrium unrolled by finite_differences of law x y 1 0.5 \"a\" ' + - * / ^ @ = += \
        -= == != < <= > >= -> ( ( ) ) [ ] { { } } , : . ; $ 1. // \" \n \n"
        .split(' ')
        .collect();
    let mut random = Random(3);
    for _ in 0..5000 {
        let soup: Vec<&str> = (0..random.below(60)).map(|_| words[random.below(words.len())]).collect();
        survives(&soup.join(" "));
        survives(&format!("rule A {{ {}", soup.join(" ")));
    }
}

#[test]
fn deep_nesting_is_a_finding() {
    let n = 20_000;
    let shapes = [
        "(".repeat(n),
        format!("{}x{}", "(".repeat(n), ")".repeat(n)),
        "-".repeat(n),
        format!("{}x", "-".repeat(n)),
        format!("{}x", "not ".repeat(n)),
        format!("x{}", "^x".repeat(n)),
        format!("2{}", "^-x".repeat(n)),
        format!("1{}", "+1".repeat(100_000)),
        format!("x{}", "@x*-x".repeat(n)),
        format!("x{}", " or x and x".repeat(n)),
        format!("x{}", ".y".repeat(n)),
        format!("x{}", "[p]".repeat(n)),
        format!("{}x", "f(".repeat(n)),
        "x[".repeat(n),
        format!("{}x", "if x then x else ".repeat(n)),
        format!("{}x", "if x then ".repeat(n)),
        "if ".repeat(n),
        format!("{}x{}", "if ".repeat(n), " then x else x".repeat(n)),
        "f(x = ".repeat(n),
    ];
    for shape in shapes {
        let source = format!("rule A {{ phase p {{ x = {shape} }} }}\nfn g(x) = x");
        survives(&source);
        let parsed = parse(&source);
        let all = parsed.findings.sorted();
        assert!(!all.is_empty() && all.len() <= 3, "{}: {all:?}", &shape[..20]);
    }
    for open in ["{", "in turn {", "rule A { phase p { in turn {", "[", "({["] {
        survives(&open.repeat(n));
    }
    survives(&format!("rule A {{ phase p {{ {} x = 1 {} }} }}", "in turn {".repeat(n), "}".repeat(n)));
}

#[test]
fn what_is_below_the_limit_is_no_finding() {
    let n = 190;
    for shape in [
        format!("{}x{}", "(".repeat(n), ")".repeat(n)),
        format!("{}x", "-".repeat(n)),
        format!("1{}", "+1".repeat(n)),
        format!("2{}", "^-x".repeat(n / 2)),
        format!("{}x{}", "f(".repeat(n), ")".repeat(n)),
        format!("{}x", "if x then x else ".repeat(n)),
    ] {
        assert!(parse(&format!("fn g(x) = {shape}")).findings.is_empty(), "{shape}");
    }
}

#[test]
fn the_limit_is_reported_once_and_the_rest_survives() {
    let source = format!("fn f(x) = {}x{} + 1\nfn g(x) = x", "(".repeat(300), ")".repeat(300));
    let parsed = parse(&source);
    let all = parsed.findings.sorted();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].code(), "nested_too_deeply");
    assert_eq!(dump(&parsed.file), "fn f(x; )\n  = (<error> + 1.0)\nfn g(x; )\n  = x\n");
}

#[test]
fn long_tokens_and_long_files() {
    let n = 2_000_000;
    for source in [
        "x".repeat(n),
        "β".repeat(n),
        "1".repeat(n),
        format!("1.{}", "0".repeat(n)),
        "$".repeat(n),
        "$ 1. \"a\n".repeat(50_000),
        format!("fn f(x) = {}", "-".repeat(300) + "x\n").repeat(3000),
        format!("// {}", "x".repeat(n)),
        format!("\"{}", "x".repeat(n)),
        format!("fn f(x) = g(\"{}\")", "x".repeat(n)),
        " ".repeat(n),
        "\n".repeat(n),
        ";".repeat(n),
        "\n;".repeat(n),
    ] {
        survives(&source);
    }
    survives(&"fn f(x) = x * (1 + x)\n".repeat(20_000));
    survives(&format!("network deep {{ input 10{} }}", " - 10 relu".repeat(20_000)));
    survives(&format!("fn f(x) = g({}1)", "1, ".repeat(50_000)));
}
