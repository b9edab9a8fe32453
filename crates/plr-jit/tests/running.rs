//! Running sums between element-wise code: the bits of plain loops, with the sum merged into the code and without.

mod compiled;
mod naive;

use naive::Draws;
use plr_ir::choices::Choices;
use plr_ir::scalar::Real;
use plr_ir::text::parse;
use plr_ir::{Precision, Program, Tensor};
use plr_jit::{Context, Executable, Options};

const CONTEXT: Context = Context { seed: 1, update: 0 };

/// A rule that subtracts from each weight what the units up to its own have of it; `axis` is that of the running sum, and
/// `handed_out` says whether the sums are wanted for themselves.
fn rule(rows: usize, columns: usize, axis: usize, handed_out: bool, precision: Precision) -> Program {
    let sums = if handed_out { "  output \"sums\" = %4\n" } else { "" };
    let text = format!(
        r#"program "deflation" {precision} (%0 "W": real[{rows},{columns}], %1 "y": real[{rows}], %2 "x": real[{columns}]) {{
  %3: real[{rows},{columns}] = map (%1 axes(0), %0 axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = mul $0, $1
    yield $2
  }}
  %4: real[{rows},{columns}] = running_sum %3 axis {axis}
  %5: real[{rows},{columns}] = map (%0 axes(0,1), %1 axes(0), %2 axes(1), %4 axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = input 2
    $3 = input 3
    $4 = sub $2, $3
    $5 = mul $1, $4
    $6 = add $0, $5
    yield $6
  }}
  output "W" = %5
{sums}}}"#
    );
    parse(&text).expect("the text is well-formed")
}

fn check<T: Real>(program: &Program, choices: Choices, threads: usize) {
    let inputs: Vec<Vec<T>> = (0..3)
        .map(|i| compiled::uniform(7 + i, program.type_of(program.body.parameters[i as usize]).count()))
        .collect();
    let expected = naive::run(program, &inputs, Draws { seed: 1, update: 0 });
    let tensors: Vec<Tensor> = inputs
        .iter()
        .zip(&program.body.parameters)
        .map(|(x, &value)| compiled::tensor(&program.type_of(value).dims, x))
        .collect();
    let options = Options { threads, verify_clif: true, choices, ..Options::default() };
    let mut executable = Executable::compile(program, &options).expect("it compiles");
    let mut outputs = compiled::outputs(program);
    executable.run(&tensors.iter().collect::<Vec<_>>(), &mut outputs, CONTEXT).expect("the tensors fit");
    for (found, expected) in outputs.iter().zip(&expected) {
        compiled::assert_same(&program.to_string(), found, expected);
    }
}

#[test]
fn sums_on_the_way_have_the_bits_of_sums_apart() {
    for (rows, columns) in [(2, 2), (3, 17), (50, 40), (1, 9), (9, 1), (100, 784)] {
        for (axis, handed_out) in [(0, false), (0, true), (1, false)] {
            for choices in [
                Choices::default(),
                Choices { running: false, ..Choices::default() },
                Choices { wide: false, ..Choices::default() },
            ] {
                check::<f32>(&rule(rows, columns, axis, handed_out, Precision::F32), choices, 2);
                check::<f64>(&rule(rows, columns, axis, handed_out, Precision::F64), choices, 1);
            }
        }
    }
}

/// Alone in its code, the matrix of sums is nowhere in memory.
#[test]
fn sums_are_merged() {
    let plan = |handed_out| {
        let program = rule(50, 40, 0, handed_out, Precision::F32);
        Executable::compile(&program, &Options::default()).expect("it compiles").plan().to_string()
    };
    assert!(!plan(false).contains("running sums"), "{}", plan(false));
    assert!(plan(true).contains("running sums"), "{}", plan(true));
}
