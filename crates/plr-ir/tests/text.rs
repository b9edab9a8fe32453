//! The text form reads back to the same program, and no text makes the parser panic.

use plr_ir::analysis::renumber;
use plr_ir::builder::Builder;
use plr_ir::generate::{Settings, fused, program};
use plr_ir::program::{MapInstruction, Op, Program};
use plr_ir::text::{ParseErrorKind, parse, print};
use plr_ir::types::{Location, Precision, Type};
use plr_ir::verify::verify;

fn generated() -> impl Iterator<Item = Program> {
    (0..300).map(|seed| {
        let settings = Settings::new(Precision::ALL[(seed % 2) as usize]);
        if seed % 3 == 0 { fused(seed, &settings) } else { program(seed, &settings) }
    })
}

#[test]
fn what_is_printed_reads_back_as_the_same_program() {
    for mut program in generated() {
        let text = print(&program);
        let parsed = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        renumber(&mut program);
        // A NaN is not equal to itself: it is compared as it is written, here, and with its bits in the text.
        assert_eq!(format!("{parsed:?}"), format!("{program:?}"), "{text}");
        assert_eq!(print(&parsed), text);
    }
}

/// Numbers at the borders of f64, and NaNs of either sign with and without payload.
#[test]
fn reals_and_names_keep_every_bit() {
    let bits = [
        0,
        1,
        1 << 63,
        0x000f_ffff_ffff_ffff,
        0x0010_0000_0000_0000,
        0x7fef_ffff_ffff_ffff,
        0x7ff0_0000_0000_0000,
        0xfff0_0000_0000_0000,
        0x7ff8_0000_0000_0000,
        0xfff8_0000_0000_0000,
        0x7ff8_0000_0000_0001,
        0x7ff0_0000_0000_0001,
        0x3ff0_0000_0000_0001,
        0x3fb9_9999_9999_999a,
        0xc004_0000_0000_0000,
        0x7e37_e43c_8800_759c,
    ];
    let names = ["W/input->h1", "β \"quoted\" \\", "line\nbreak\ttab\u{7f}", "", "ω̂ 漢"];
    let mut builder = Builder::new(names[1], Precision::F64);
    for name in names {
        builder.input(name, Type::real([2]));
    }
    for (i, &bits) in bits.iter().enumerate() {
        builder.set_location(Location(i as u32));
        let value = builder.constant(f64::from_bits(bits), &[2]);
        builder.output(format!("{i}"), value);
    }
    let program = builder.finish();
    let parsed = parse(&print(&program)).expect("what is printed can be parsed");
    assert_eq!((&parsed.name, &parsed.inputs), (&program.name, &program.inputs));
    for ((operation, old), bits) in parsed.body.operations.iter().zip(&program.body.operations).zip(bits) {
        let Op::Constant(c) = operation.op else { panic!("all are constants") };
        assert_eq!(c.to_bits(), bits);
        assert_eq!(operation.location, old.location);
    }
}

#[test]
fn values_may_have_names_and_newlines_do_not_matter() {
    let text =
        "program \"p\" f32(%x \"x\":real[2]){%y:real[2]=map(%x axes(0)){$0=input 0 $1=constant -1e-3 // why
        $2=add $0,$1 yield $2,}output \"y\"=%y}";
    let program = parse(text).expect("it is well-formed");
    let Op::Map(map) = &program.body.operations[0].op else { panic!("it is a map") };
    assert_eq!(map.body[1], MapInstruction::Constant(-1e-3));
    assert_eq!(parse(&print(&program)), Ok(program));
}

#[test]
fn errors_say_where_and_what() {
    let cases: [(&str, u32, u32, ParseErrorKind); 12] = [
        ("program", 1, 8, expected("a quoted name", "the end of the text")),
        ("program \"a\" f16 () {}", 1, 13, expected("`f32` or `f64`", "`f16`")),
        ("program \"a", 1, 9, ParseErrorKind::UnclosedName),
        ("program \"\\x\" f32 () {}", 1, 10, ParseErrorKind::MalformedEscape),
        ("program \"é\" ü", 1, 13, ParseErrorKind::UnexpectedCharacter('ü')),
        (
            "program \"a\" f32 () {\n  %0: real = frob %1\n}",
            2,
            14,
            ParseErrorKind::UnknownOperation("frob".into()),
        ),
        ("program \"a\" f32 () {\n  %0: real = neg %1\n}", 2, 18, ParseErrorKind::UndefinedValue("1".into())),
        (
            "program \"a\" f32 () {\n  %0: real = constant 1.2.3\n}",
            2,
            23,
            ParseErrorKind::MalformedNumber("1.2.3".into()),
        ),
        (
            "program \"a\" f32 (%0 \"x\": real[99999999999999999999]) {}",
            1,
            31,
            ParseErrorKind::MalformedNumber("99999999999999999999".into()),
        ),
        (
            "program \"a\" f32 () { %0: real = map () { $1 = constant 1 } }",
            1,
            42,
            ParseErrorKind::MisnumberedInstruction(0),
        ),
        ("program \"a\" f32 () {} }", 1, 23, expected("the end of the text", "`}`")),
        (
            "program \"a\" f32 () { %0: real = contract a1,b-> %0, %0 }",
            1,
            42,
            expected("axis labels, which are letters", "`a1`"),
        ),
    ];
    for (text, line, column, kind) in cases {
        let error = parse(text).expect_err(text);
        assert_eq!((error.line, error.column, &error.kind), (line, column, &kind), "{text}: {error}");
    }
}

fn expected(expected: &'static str, found: &str) -> ParseErrorKind {
    ParseErrorKind::Expected { expected, found: found.into() }
}

#[test]
fn blocks_nest_only_so_deep() {
    let text = format!("program \"a\" f32 () {{ {}", "repeat 1 (%t: index) { ".repeat(100_000));
    assert_eq!(parse(&text).map_err(|error| error.kind), Err(ParseErrorKind::TooDeep));
}

/// Every prefix of a program, and programs in which one character was replaced by each of some others.
#[test]
fn truncated_and_damaged_texts_are_errors_or_programs_that_can_be_verified() {
    let text = print(&fused(3, &Settings::new(Precision::F32)));
    let characters: Vec<char> = text.chars().collect();
    for end in 0..characters.len().min(3000) {
        let prefix: String = characters[..end].iter().collect();
        let complete = prefix.trim_end().ends_with("\n}");
        assert_eq!(parse(&prefix).is_ok(), complete, "{prefix}");
    }
    let (mut verified, mut total) = (0, 0);
    for at in (0..characters.len().min(3000)).step_by(3) {
        for replacement in ['%', '$', '"', '-', '9', 'e', '}', '(', '\n', '\u{0}', '€'] {
            let mut damaged = characters.clone();
            damaged[at] = replacement;
            if let Ok(program) = parse(&damaged.into_iter().collect::<String>()) {
                let reread = parse(&print(&program));
                assert!(reread.is_ok(), "{reread:?}");
                verified += usize::from(verify(&program).is_ok());
                total += 1;
            }
        }
    }
    assert!(verified > 0 && verified < total, "{verified} of {total} damaged programs verify");
}
