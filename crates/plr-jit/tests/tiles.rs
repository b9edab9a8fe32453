//! Tiles: that samples are cut apart and put together again, whatever their number, and that nobody can tell.

mod compiled;
mod naive;

use naive::Draws;
use plr_ir::Precision;
use plr_ir::choices::Choices;
use plr_ir::program::Program;
use plr_ir::text::parse;
use plr_jit::{Context, Executable, Options};

/// A relaxation of two layers in two phases, and what a rule would learn from it. All numbers stay small integers, so that
/// every order of summation gives the same.
fn relaxation(samples: usize, precision: Precision) -> Program {
    let text = format!(
        r#"program "relaxation" {precision} (
  %0 "W": real[9,13],
  %1 "V": real[6,9],
  %2 "b": real[9],
  %3 "data": real[{samples},13],
  %4 "target": real[{samples},6],
) {{
  %5: real[{samples},9] = constant 0.0
  %6: real[{samples},6] = constant 1.0
  %7: real[{samples},9] = contract bj,ij->bi %3, %0
  %8: real[{samples},9], %9: real[{samples},6] = repeat 3 (%10: index, %11: real[{samples},9] = %5, %12: real[{samples},6] = %6) {{
    %13: real = from_index %10
    %14: real[{samples},9] = contract bi,ij->bj %12, %1
    %15: real[{samples},9] = map (%7 axes(0,1), %14 axes(0,1), %2 axes(1), %13 axes()) {{
      $0 = input 0
      $1 = input 1
      $2 = add $0, $1
      $3 = input 2
      $4 = add $2, $3
      $5 = input 3
      $6 = sub $4, $5
      $7 = constant 3.0
      $8 = min $6, $7
      $9 = constant -3.0
      $10 = max $8, $9
      yield $10
    }}
    %16: real[{samples},6] = contract bj,ij->bi %11, %1
    %17: real[{samples}] = reduce sum %16 axes(1)
    %18: real[{samples},6] = map (%16 axes(0,1), %17 axes(0), %4 axes(0,1)) {{
      $0 = input 0
      $1 = input 1
      $2 = sub $0, $1
      $3 = constant 2.0
      $4 = min $2, $3
      $5 = neg $3
      $6 = max $4, $5
      $7 = input 2
      $8 = add $6, $7
      yield $8
    }}
    yield %15, %18
  }}
  %19: bool[{samples},9] = gt %8, %7
  %20: real[{samples},9] = select %19, %8, %5
  %21: real[{samples},6] = contract bj,ij->bi %20, %1
  %22: real[9,13] = contract bi,bj->ij %20, %3
  %23: real[6] = reduce sum %9 axes(0)
  %24: real[{samples}] = contract bi,bi->b %21, %9
  output "increment" = %22
  output "state" = %9
  output "sum" = %23
  output "prediction" = %21
  output "energy" = %24
}}
"#
    );
    parse(&text).expect("the text is a program")
}

/// The program's plan as text, with or without tiles.
fn plan(program: &Program, tile: bool) -> String {
    let options = Options { choices: Choices { tile, ..Choices::default() }, ..Options::default() };
    Executable::compile(program, &options).expect("the program compiles").plan().to_string()
}

#[test]
fn tiles_give_what_plain_loops_give() {
    for samples in [8, 9, 16, 20, 33, 64, 71] {
        let program = relaxation(samples, Precision::F64);
        let inputs = compiled::small_integers(&program);
        let elements: Vec<Vec<f64>> = inputs.iter().map(naive::elements).collect();
        let expected = naive::run(&program, &elements, Draws { seed: 0, update: 0 });
        for threads in [1, 2, 3, 7] {
            let found = compiled::run(&program, &inputs, threads, Context::default());
            for ((name, found), expected) in program.outputs.iter().zip(&found).zip(&expected) {
                compiled::assert_same(&format!("{samples} samples, {name}"), found, expected);
            }
        }
    }
}

#[test]
fn enough_samples_are_tiled_unless_that_is_left_out() {
    let tiled = relaxation(64, Precision::F32);
    assert!(plan(&tiled, true).contains("tiles of 32 among 64 samples"), "{}", plan(&tiled, true));
    assert!(!plan(&tiled, false).contains("tiles"));
    assert!(!plan(&relaxation(4, Precision::F32), true).contains("tiles"));
}

/// Sums over samples stay outside, and so does what needs them.
#[test]
fn only_what_treats_samples_separately_is_in_a_tile() {
    let plan = plan(&relaxation(64, Precision::F32), true);
    let (_, tiles) = plan.split_once("tiles of").expect("there are tiles");
    let inside = tiles.lines().skip(1).take_while(|line| line.starts_with("    ")).count();
    let outside: Vec<&str> = tiles.lines().skip(1 + inside).filter(|line| !line.contains("output")).collect();
    assert_eq!(outside.len(), 2, "a product and a sum over samples: {outside:?}");
}
