//! Programs that are none.

use std::ffi::OsString;

use crate::workplace::{RULE, Workplace};

/// Numbers that look random, the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// Every command that reads a program, on all of them at once where it can.
fn check_all(place: &Workplace, names: &[String]) {
    for command in ["check", "fmt", "verify"] {
        let arguments = [command, "--error-format", "plain"].into_iter().map(OsString::from);
        let ran = place.plrc(arguments.chain(names.iter().map(OsString::from)));
        assert!(matches!(ran.code, Some(0 | 1)), "{command}: {:?}", ran.code);
    }
}

#[test]
fn random_bytes_are_refused_where_they_begin() {
    let place = Workplace::new("random_bytes");
    let mut noise = Noise(1);
    let names: Vec<String> = (0..60).map(|i| format!("{i}.plr")).collect();
    for name in &names {
        let bytes: Vec<u8> = (0..noise.next(400)).map(|_| noise.next(256) as u8).collect();
        place.write(name, bytes);
    }
    check_all(&place, &names);
    place.write("bytes.plr", b"rule A {\n  \xff }");
    place.line("check bytes.plr").refused(1, "`bytes.plr` is not UTF-8 text: line 2, byte 3");
}

#[test]
fn a_program_cut_anywhere_is_a_mistake_and_no_more() {
    let place = Workplace::new("cut_anywhere");
    let names: Vec<String> = (0..RULE.len()).step_by(3).map(|end| format!("{end}.plr")).collect();
    for (name, end) in names.iter().zip((0..RULE.len()).step_by(3)) {
        place.write(name, &RULE[..end]);
    }
    check_all(&place, &names);
}

#[test]
fn words_in_any_order_are_a_mistake_and_no_more() {
    let place = Workplace::new("any_order");
    let mut noise = Noise(2);
    let words: Vec<&str> = RULE.split_inclusive(char::is_whitespace).collect();
    let names: Vec<String> = (0..60).map(|i| format!("{i}.plr")).collect();
    for name in &names {
        let text: String = (0..noise.next(80)).map(|_| words[noise.next(words.len())]).collect();
        place.write(name, text);
    }
    check_all(&place, &names);
}

/// Walks over what a rule means go as deep as its definitions stand on one another, and as its network has layers.
#[test]
fn definitions_stand_on_one_another_by_the_thousands() {
    let place = Workplace::new("deep_definitions");
    let rule = |definitions: &str, signals: &str, above: &str| {
        format!(
            "rule R allow weight_transport {{
  neuron {{ state x\n let u0 = W @ below.x + x\n let v = W.T @ above.v + x\n {definitions} }}
  signal s0 = sum(output.x)\n {signals}
  synapse W : below -> self = glorot()
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  learn {{ W += {above} * pre.x }}
}}
"
        )
    };
    let chain = |each: fn(usize) -> String| (1..2000).map(each).collect::<Vec<_>>().join("\n");
    let lets = chain(|i| format!("let u{i} = f(u{}) + u0", i - 1));
    let signals = chain(|i| format!("signal s{i} = s{} + 1", i - 1));
    let layers = vec!["2 tanh"; 300].join(" - ");
    place.write("lets.plr", rule(&lets, "", "post.u1999"));
    place.write("signals.plr", rule("", &signals, "s1999 * post.x"));
    let network = format!("experiment e {{ rule R;  network 2 - {layers} - 2 }}");
    place.write("layers.plr", rule("", "", "post.v") + &network);
    for name in ["lets", "signals", "layers"] {
        place.line(&format!("check {name}.plr")).well();
    }
}

#[test]
fn a_file_that_is_none_is_named() {
    let place = Workplace::new("no_file");
    place.line("check missing.plr").refused(1, "cannot read `missing.plr`: No such file");
    place.line("run .").refused(1, "`.` is a directory, not a program");
    place.write("empty.plr", "");
    place.line("check empty.plr").well();
    for command in ["run", "audit", "verify", "emit ir"] {
        place.line(&format!("{command} empty.plr")).refused(1, "`empty.plr` has no rule");
    }
    // The others are checked all the same.
    let ran = place.line("check missing.plr empty.plr").refused(1, "missing.plr");
    assert!(ran.out.contains("empty.plr: no rules"), "{ran:?}");
}

/// Miette refuses to underline anything in a line of 65 536 characters or more.
#[test]
fn long_lines_are_named_instead_of_shown() {
    let place = Workplace::new("long_lines");
    let rule = |drive: &str| RULE.replace("a = W @ below.x + b", &format!("a = {drive}"));
    let parentheses = ["(", ")"].map(|side| side.repeat(50_000));
    let texts = [
        rule(&format!("{}W @ below.x{}", parentheses[0], parentheses[1])),
        rule(&format!("{}(W @ below.x)", "-".repeat(100_000))),
        rule(&format!("W @ below.x{}", " + 1".repeat(50_000))),
        rule(&format!("{}W", "2^".repeat(50_000))),
        "rule A ".to_owned() + &"{".repeat(1_000_000),
        "a".repeat(10_000_000),
    ];
    for text in texts {
        place.write("long.plr", text);
        let ran = place.line("check long.plr").refused(1, "long.plr:");
        assert!(ran.err.len() < 1000, "{} bytes are said", ran.err.len());
    }
}

#[test]
fn many_lines_are_read() {
    let place = Workplace::new("many_lines");
    place.write("long.plr", RULE.to_owned() + &"// nothing\n".repeat(900_000));
    place.line("check long.plr").well();
}

#[test]
fn the_standard_input_is_a_program_too() {
    let place = Workplace::new("standard_input");
    let ran = place.with_input("check -", RULE).well();
    assert_eq!(ran.out, "standard input: 1 rule, 1 experiment; Delta is local\n");
    place.with_input("run -", RULE).well();
    place.with_input("check -", "rule {").refused(1, "[standard input:1:7]");
    assert_eq!(place.with_input("fmt -", RULE).well().out, RULE);
}

#[test]
fn lines_may_end_as_on_windows_and_begin_with_a_mark() {
    let place = Workplace::new("line_ends");
    place.write("windows.plr", "\u{feff}".to_owned() + &RULE.replace('\n', "\r\n"));
    place.line("check windows.plr").well();
    let ran = place.line("fmt --check windows.plr");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "windows.plr:1: not in the canonical format\n"));
    place.line("fmt windows.plr").well();
    assert_eq!(place.read("windows.plr"), RULE.as_bytes());
}

#[cfg(unix)]
#[test]
fn a_name_need_not_be_text() {
    use std::os::unix::ffi::OsStringExt as _;

    let place = Workplace::new("name_no_text");
    let name = OsString::from_vec(b"r\xe9.plr".to_vec());
    place.write(&name, RULE);
    let arguments = |command: &str| [OsString::from(command), name.clone()];
    place.plrc(arguments("check")).well();
    let out = OsString::from_vec(b"o\xe9".to_vec());
    place.plrc(arguments("run").into_iter().chain(["--out".into(), out.clone()])).well();
    assert!(place.path(out).join("weights.safetensors").is_file());
}
