//! Violations that no text can express, and how a violation is reported. The others are under `tests/filetests/verify`.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::Path;

use plr_ir::builder::Builder;
use plr_ir::pass::{Options, optimise};
use plr_ir::program::{Op, Program, Value};
use plr_ir::scalar::UnaryOp;
use plr_ir::text::parse;
use plr_ir::types::{Precision, Type};
use plr_ir::verify::verify;

fn negation() -> Program {
    let mut builder = Builder::new("negation", Precision::F32);
    let x = builder.input("x", Type::real([3]));
    let y = builder.unary(UnaryOp::Neg, x);
    builder.output("y", y);
    builder.finish()
}

fn violated(program: &Program) -> Vec<u8> {
    verify(program).err().into_iter().flatten().map(|violation| violation.guarantee).collect()
}

#[test]
fn a_built_program_is_correct() {
    assert_eq!(violated(&negation()), []);
}

#[test]
fn v1_names_and_values_are_equally_many() {
    let mut program = negation();
    program.inputs.push("z".to_owned());
    program.outputs.clear();
    assert_eq!(violated(&program), [1, 1]);
}

#[test]
fn v2_values_are_in_the_table() {
    let mut operand = negation();
    operand.body.operations[0].op = Op::Unary(UnaryOp::Neg, Value(99));
    assert_eq!(violated(&operand), [2]);
    let mut result = negation();
    result.body.operations[0].results = vec![Value(99)];
    assert_eq!(violated(&result), [2, 3], "and the output is undefined");
    assert!(result.to_string().contains("%99: ? = neg %0"), "the printer prints it all the same: {result}");
}

#[test]
fn v11_a_body_has_a_step() {
    let program = parse("program \"p\" f32 () { repeat 3 () { yield } }").expect("it is well-formed");
    assert_eq!(violated(&program), [11]);
}

#[test]
fn every_guarantee_has_a_file() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/filetests/verify");
    let names = directory.read_dir().expect("the directory is there").flatten().map(|e| e.file_name());
    let number =
        |name: String| name.strip_prefix('v').and_then(|rest| rest.split('_').next()?.parse::<u8>().ok());
    let covered: BTreeSet<u8> = names.filter_map(|name| number(name.into_string().ok()?)).collect();
    assert_eq!(covered, (1..=18).collect());
}

#[test]
fn the_pipeline_refuses_a_malformed_program_and_saves_it() {
    let mut program = negation();
    program.body.operations[0].op = Op::Not(Value(0));
    let text = program.to_string();
    let refused =
        catch_unwind(move || optimise(&mut program, Options { verify: true, ..Options::default() }));
    let payload = refused.expect_err("the program is malformed");
    let message = payload.downcast_ref::<String>().expect("the message is formatted");
    assert!(message.starts_with("this is a bug in plrc"), "{message}");
    assert!(message.contains("V5: "), "{message}");
    let path =
        message.split_whitespace().find(|word| word.ends_with(".plir")).expect("the message has the path");
    assert_eq!(std::fs::read_to_string(path).expect("the program was saved"), text);
    std::fs::remove_file(path).expect("the file is ours");
}
