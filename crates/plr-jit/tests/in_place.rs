//! Inputs that outputs take the memory of: the same numbers as in memory of their own.

mod compiled;

use plr_ir::choices::Choices;
use plr_ir::generate::{self, Settings};
use plr_ir::text::parse;
use plr_ir::{Precision, Program, Tensor};
use plr_jit::{Context, Executable, Options};

const CONTEXT: Context = Context { seed: 5, update: 2 };

/// The outputs of two runs, each renewing what the one before left.
fn in_place(program: &Program, inputs: &[Tensor], threads: usize) -> [Vec<Tensor>; 2] {
    let options = Options { threads, verify_clif: true, in_place: true, ..Options::default() };
    let mut executable = Executable::compile(program, &options).expect("the program compiles");
    let input = |name: &String| program.inputs.iter().position(|input| input == name);
    let mut outputs = compiled::outputs(program);
    for (output, name) in outputs.iter_mut().zip(&program.outputs) {
        if let Some(at) = input(name) {
            output.clone_from(&inputs[at]);
        }
    }
    let kept = program.inputs.iter().zip(inputs).filter(|(name, _)| !program.outputs.contains(name));
    let kept: Vec<&Tensor> = kept.map(|(_, tensor)| tensor).collect();
    executable.run(&kept, &mut outputs, CONTEXT).expect("the tensors fit");
    let first = outputs.clone();
    executable.run(&kept, &mut outputs, CONTEXT).expect("the tensors fit");
    [first, outputs]
}

/// The same with outputs in memory of their own.
fn apart(program: &Program, inputs: &[Tensor], threads: usize) -> [Vec<Tensor>; 2] {
    let mut inputs = inputs.to_vec();
    [(), ()].map(|()| {
        let outputs = compiled::run(program, &inputs, threads, CONTEXT);
        for (output, name) in outputs.iter().zip(&program.outputs) {
            if let Some(at) = program.inputs.iter().position(|input| input == name) {
                inputs[at].clone_from(output);
            }
        }
        outputs
    })
}

fn compare(what: &str, program: &Program, inputs: &[Tensor], threads: usize) {
    let (expected, found) = (apart(program, inputs, threads), in_place(program, inputs, threads));
    for (expected, found) in expected.iter().zip(&found) {
        assert!(
            compiled::same(expected, found),
            "{what}:\n{program}\nexpected {expected:?}\nfound {found:?}"
        );
    }
}

/// Outputs get the names of inputs that they could replace.
fn renewing(mut program: Program) -> Program {
    for k in 0..program.outputs.len() {
        let ty = program.type_of(program.body.results[k]).clone();
        let fits = |&i: &usize| *program.type_of(program.body.parameters[i]) == ty;
        let free = |&i: &usize| !program.outputs.contains(&program.inputs[i]);
        if let Some(i) = (0..program.inputs.len()).filter(fits).find(free) {
            program.outputs[k] = program.inputs[i].clone();
        }
    }
    program
}

#[test]
fn generated_programs_renew_their_inputs() {
    let mut renewed = 0;
    for seed in 0..150 {
        let make = if seed % 2 == 0 { generate::program } else { generate::fused };
        let program = renewing(make(seed, &Settings::new(Precision::ALL[seed as usize / 2 % 2])));
        renewed += program.outputs.iter().filter(|name| program.inputs.contains(name)).count();
        compare(&format!("seed {seed}"), &program, &generate::inputs(&program, seed), 1 + seed as usize % 3);
    }
    assert!(renewed > 100, "only {renewed} outputs renew an input");
}

/// What is exchanged needs memory in between, and what is only handed on none.
#[test]
fn inputs_change_places() {
    let text = r#"program "exchange" f32 (%0 "a": real[40], %1 "b": real[40], %2 "c": real[40]) {
  output "a" = %1
  output "b" = %0
  output "c" = %2
}"#;
    let program = parse(text).expect("the text is well-formed");
    compare("exchange", &program, &compiled::small_integers(&program), 1);
}

/// A weight matrix that is read by the products before and by its own update is updated where it is, large as it is.
#[test]
fn weights_are_updated_where_they_are() {
    let text = r#"program "update" f32 (%0 "W": real[300,400], %1 "x": real[20,400]) {
  %2: real[20,300] = contract bj,ij->bi %1, %0
  %3: real[300,400] = contract bi,bj->ij %2, %1
  %4: real[300,400] = contract bi,bj->ij %2, %1
  %5: real[300,400] = map (%3 axes(0,1), %4 axes(0,1), %0 axes(0,1)) {
    $0 = input 0
    $1 = input 1
    $2 = input 2
    $3 = sub $0, $1
    $4 = constant 0.5
    $5 = mul $2, $4
    $6 = add $3, $5
    yield $6
  }
  output "W" = %5
}"#;
    let program = parse(text).expect("the text is well-formed");
    compare("update", &program, &compiled::small_integers(&program), 2);
    let options = Options { in_place: true, ..Options::default() };
    let plan = Executable::compile(&program, &options).expect("it compiles").plan().to_string();
    assert!(!plan.contains("480000 bytes at"), "there is a second matrix:\n{plan}");
}

/// A rule that learns from one sample, on rows that are cut into tiles with a remainder and without: each row is read, multiplied and
/// updated where it is.
#[test]
fn rows_of_weights_are_updated_tile_by_tile() {
    for (rows, columns) in [(100, 784), (97, 784), (13, 5000), (64, 40)] {
        let text = format!(
            r#"program "online" f32 (%0 "W": real[{rows},{columns}], %1 "x": real[{columns}]) {{
  %2: real[{rows}] = contract ij,j->i %0, %1
  %3: real[{rows},{columns}] = map (%2 axes(0), %1 axes(1), %0 axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = input 2
    $3 = mul $0, $2
    $4 = sub $1, $3
    $5 = constant 0.25
    $6 = mul $5, $4
    $7 = add $2, $6
    yield $7
  }}
  output "W" = %3
}}"#
        );
        let program = parse(&text).expect("the text is well-formed");
        let inputs = compiled::small_integers(&program);
        for threads in [1, 2, 3] {
            compare("online", &program, &inputs, threads);
        }
        let options = Options { in_place: true, ..Options::default() };
        let plan = Executable::compile(&program, &options).expect("it compiles").plan().to_string();
        assert!(plan.contains("which stay rows"), "{plan}");
        let untiled = Options { choices: Choices { tile: false, ..Choices::default() }, ..options };
        let mut executable = Executable::compile(&program, &untiled).expect("it compiles");
        let mut outputs = vec![inputs[0].clone()];
        executable.run(&[&inputs[1]], &mut outputs, CONTEXT).expect("the tensors fit");
        assert!(compiled::same(&outputs, &in_place(&program, &inputs, 2)[0]), "tiles give other results");
    }
}
