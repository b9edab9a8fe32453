//! What is larger than all that it is made of is computed where it is read: the same bits as plain loops, and no memory for it.

mod compiled;
mod naive;

use naive::Draws;
use plr_ir::choices::Choices;
use plr_ir::program::Program;
use plr_ir::text::parse;
use plr_ir::{Precision, Tensor};
use plr_jit::{Context, Executable, Options};

/// Folds of a number for each sample and pair of units, along every axis: of one that two folds and a comparison read, of one
/// that is computed from it, and of a truth value for each sample and unit.
fn pairs(precision: Precision, [b, i, j]: [usize; 3]) -> Program {
    let text = format!(
        r#"program "pairs" {precision} (
  %0 "W": real[{i},{j}],
  %1 "x": real[{b},{j}],
  %2 "y": real[{b},{i}],
  %3 "V": real[{j},{i}],
) {{
  %4: bool[{b},{j}] = map (%1 axes(0,1)) {{
    $0 = input 0
    $1 = constant 0.0
    $2 = lt $0, $1
    yield $2
  }}
  %5: real[{b},{i},{j}], %6: real[{b},{i},{j}] = map (%0 axes(1,2), %1 axes(0,2), %4 axes(0,2), %2 axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = add $0, $1
    $3 = input 2
    $4 = input 3
    $5 = select $3, $2, $4
    yield $2, $5
  }}
  %7: real[{b},{i}] = reduce max %5 axes(2)
  %8: real[{b},{j}] = reduce min %5 axes(1)
  %9: real[{i},{j}] = reduce sum %6 axes(0)
  %10: real[{b},{i},{j}] = map (%5 axes(0,1,2), %7 axes(0,1), %0 axes(1,2)) {{
    $0 = input 0
    $1 = input 1
    $2 = eq $0, $1
    $3 = input 2
    $4 = constant 0.5
    $5 = select $2, $3, $4
    yield $5
  }}
  %11: real[{i}] = reduce sum %10 axes(0,2)
  %12: real[{b},{j}] = contract bij,bi->bj %10, %2
  %13: real[{b}] = reduce max %6 axes(1,2)
  %14: real[{b},{j},{i}] = map (%3 axes(1,2), %1 axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = mul $0, $1
    yield $2
  }}
  %15: real[{b},{i}] = reduce sum %14 axes(1)
  output "a" = %7
  output "b" = %8
  output "c" = %9
  output "d" = %11
  output "e" = %12
  output "f" = %13
  output "g" = %15
}}
"#
    );
    parse(&text).expect("the text is a program")
}

/// Whether the outputs have the bits of plain loops, but for those that are sums in any order.
fn compare(program: &Program, inputs: &[Tensor], any_order: &[usize], what: &str) {
    let elements: Vec<Vec<f32>> = inputs.iter().map(naive::elements).collect();
    let expected = naive::run(program, &elements, Draws { seed: 0, update: 0 });
    for threads in [1, 2, 3, 7] {
        let found = compiled::run(program, inputs, threads, Context::default());
        let outputs = found.iter().zip(&expected).enumerate().filter(|(at, _)| !any_order.contains(at));
        outputs.for_each(|(at, (found, expected))| {
            compiled::assert_same(&format!("output {at} of {what}"), found, expected);
        });
    }
}

#[test]
fn folds_of_what_is_nowhere_have_the_bits_of_plain_loops() {
    for extents in [[2, 3, 5], [5, 18, 33], [4, 70, 21], [19, 4, 64]] {
        let program = pairs(Precision::F32, extents);
        let what = format!("{extents:?}");
        compare(&program, &compiled::small_integers(&program), &[], &what);
        let draws = program.body.parameters.iter().zip(1..).map(|(&input, seed)| {
            let dims = &program.type_of(input).dims;
            compiled::tensor::<f32>(dims, &compiled::uniform(seed, dims.iter().product()))
        });
        compare(&program, &draws.collect::<Vec<_>>(), &[4], &what);
    }
}

#[test]
fn a_number_for_each_sample_and_pair_is_not_in_memory_unless_that_is_left_out() {
    let [b, i, j] = [16, 40, 50];
    let bytes = |fleeting: bool| {
        let options = Options { choices: Choices { fleeting, ..Choices::default() }, ..Options::default() };
        let executable =
            Executable::compile(&pairs(Precision::F64, [b, i, j]), &options).expect("it compiles");
        executable.plan().arena_bytes()
    };
    assert!(bytes(true) < 8 * (b * i * j), "{}", bytes(true));
    assert!(bytes(false) >= 8 * (b * i * j), "{}", bytes(false));
}
