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

/// So do those of every step of a loop.
#[test]
fn sums_in_loops_are_merged() {
    for (rows, columns) in [(3, 17), (100, 32)] {
        let text = format!(
            r#"program "steps" f32 (%0 "W": real[{rows},{columns}], %1 "y": real[{rows}]) {{
  %2: real[{rows},{columns}] = repeat 4 (%3: index, %4: real[{rows},{columns}] = %0) {{
    %5: real[{rows},{columns}] = map (%1 axes(0), %4 axes(0,1)) {{
      $0 = input 0
      $1 = input 1
      $2 = mul $0, $1
      yield $2
    }}
    %6: real[{rows},{columns}] = running_sum %5 axis 0
    %7: real[{rows},{columns}] = map (%4 axes(0,1), %6 axes(0,1)) {{
      $0 = input 0
      $1 = input 1
      $2 = constant 0.125
      $3 = mul $1, $2
      $4 = sub $0, $3
      yield $4
    }}
    yield %7
  }}
  output "W" = %2
}}"#
        );
        let program = parse(&text).expect("the text is well-formed");
        let inputs: Vec<Vec<f32>> = vec![compiled::uniform(1, rows * columns), compiled::uniform(2, rows)];
        let expected = naive::run(&program, &inputs, Draws { seed: 1, update: 0 });
        let tensors = [compiled::tensor(&[rows, columns], &inputs[0]), compiled::tensor(&[rows], &inputs[1])];
        let found = compiled::run(&program, &tensors, 2, CONTEXT);
        compiled::assert_same(&text, &found[0], &expected[0]);
        let plan = compiled::compile(&program, 1).plan().to_string();
        assert!(!plan.contains("running sums"), "{plan}");
    }
}

/// Sums along an axis within samples, which lie first or last, or along the first of three axes, by code that repeats along the second.
fn within_samples(samples: usize, precision: Precision) -> Program {
    let text = format!(
        r#"program "deflation" {precision} (%0 "W": real[3,5], %1 "x": real[{samples},5]) {{
  %2: real[{samples},3] = contract bj,ij->bi %1, %0
  %3: real[{samples},3,5] = map (%2 axes(0,1), %0 axes(1,2)) {{
    $0 = input 0
    $1 = input 1
    $2 = mul $0, $1
    yield $2
  }}
  %4: real[{samples},3,5] = running_sum %3 axis 1
  %5: real[{samples},3,5] = map (%2 axes(0,1), %4 axes(0,1,2)) {{
    $0 = input 0
    $1 = input 1
    $2 = mul $0, $1
    yield $2
  }}
  %6: real[3,5] = reduce sum %5 axes(0)
  %7: real[{samples},3,5] = map (%2 axes(0,1), %1 axes(0,2)) {{
    $0 = input 0
    $1 = input 1
    $2 = sub $0, $1
    yield $2
  }}
  %8: real[{samples},3,5] = running_sum %7 axis 0
  %9: real[{samples},3,5] = map (%8 axes(0,1,2), %2 axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = mul $0, $1
    yield $2
  }}
  output "change" = %6
  output "sums" = %9
}}"#
    );
    parse(&text).expect("the text is well-formed")
}

#[test]
fn sums_within_samples_have_the_bits_of_sums_apart() {
    for samples in [1, 2, 7, 8, 20, 33, 80] {
        let [single, double] = Precision::ALL.map(|precision| within_samples(samples, precision));
        let what = format!("{samples} samples");
        naive::assert_compiled_is_the_same::<f32>(&single, &what, &[1, 2]);
        naive::assert_compiled_is_the_same::<f64>(&double, &what, &[1, 2]);
    }
}

/// A rule that presents three inputs in a row: each weight is multiplied, and loses what the units up to its own have of it.
fn online(rows: usize, columns: usize, precision: Precision) -> Program {
    let matrix = format!("real[{rows},{columns}]");
    let mut text = format!("program \"online\" {precision} (%0 \"W\": {matrix}");
    (1..4).for_each(|run| text.push_str(&format!(", %{run} \"x{run}\": real[{columns}]")));
    text.push_str(") {\n");
    let (mut weights, mut next) = (0, 4);
    for run in 1..4 {
        let [y, terms, sums, new] = [next, next + 1, next + 2, next + 3];
        text.push_str(&format!(
            "  %{y}: real[{rows}] = contract j,ij->i %{run}, %{weights}
  %{terms}: {matrix} = map (%{y} axes(0), %{weights} axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = mul $0, $1
    yield $2
  }}
  %{sums}: {matrix} = running_sum %{terms} axis 0
  %{new}: {matrix} = map (%{weights} axes(0,1), %{y} axes(0), %{run} axes(1), %{sums} axes(0,1)) {{
    $0 = input 0
    $1 = input 1
    $2 = input 2
    $3 = input 3
    $4 = sub $2, $3
    $5 = mul $1, $4
    $6 = constant 0.125
    $7 = mul $5, $6
    $8 = add $0, $7
    yield $8
  }}\n"
        ));
        (weights, next) = (new, next + 4);
    }
    text.push_str(&format!("  output \"W\" = %{weights}\n}}"));
    parse(&text).expect("the text is well-formed")
}

/// Rows of weights go through all presentations a few at a time, each tile going on with the sums of the one before, and nobody can
/// tell by the bits, whatever the threads.
#[test]
fn sums_go_on_from_tile_to_tile() {
    for (rows, columns, in_order) in [(100, 784, true), (64, 1024, true), (97, 784, false), (24, 9, true)] {
        for precision in [Precision::F32, Precision::F64] {
            let program = online(rows, columns, precision);
            let inputs = compiled::small_integers(&program);
            let run = |choices: Choices, threads: usize| {
                let options = Options { threads, choices, in_place: false, ..Options::default() };
                let mut executable = Executable::compile(&program, &options).expect("it compiles");
                let mut outputs = compiled::outputs(&program);
                executable
                    .run(&inputs.iter().collect::<Vec<_>>(), &mut outputs, CONTEXT)
                    .expect("the tensors fit");
                (outputs, executable.plan().to_string())
            };
            let (whole, _) = run(Choices { tile: false, ..Choices::default() }, 1);
            for threads in [1, 2, 3, 7] {
                let (tiled, plan) = run(Choices::default(), threads);
                assert!(compiled::same(&tiled, &whole), "{rows}x{columns} on {threads} threads");
                assert_eq!(plan.contains("in order"), in_order, "{plan}");
            }
        }
    }
}
