//! Presentations whose changes are put off: loops around tiles, loops of rows of weights, and products in the other order. All
//! numbers are small integers, so that every order of summation gives the same.

mod compiled;
mod naive;

use plr_ir::Precision;
use plr_ir::deferred::Deferral;
use plr_ir::pass::{Options, optimise};
use plr_ir::program::Program;
use plr_ir::text::parse;

fn same_as_plain_loops(program: &Program) {
    match program.precision {
        Precision::F32 => naive::assert_compiled_is_the_same::<f32>(program, &program.name, &[1, 2, 3, 7]),
        Precision::F64 => naive::assert_compiled_is_the_same::<f64>(program, &program.name, &[1, 2, 3, 7]),
    }
}

fn plan(program: &Program) -> String {
    compiled::compile(program, 1).plan().to_string()
}

/// So many runs of a program, put off and optimised.
fn put_off(text: &str, runs: usize) -> Program {
    let program = parse(text).expect("the text is a program");
    let deferral = Deferral::of(&program, &["data", "target"]).expect("W is asked by data alone");
    let mut all = deferral.program(runs);
    optimise(&mut all, Options::default());
    all
}

/// Two layers relax; of what they learn, `V` and `b` stay in bounds, and `W` is only asked by what is presented.
fn relaxation(samples: usize) -> String {
    format!(
        r#"program "relaxation" f32 (
  %0 "W": real[19,33],
  %1 "V": real[6,19],
  %2 "b": real[19],
  %3 "data": real[{samples},33],
  %4 "target": real[{samples},6],
) {{
  %5: real[{samples},19] = constant 0.0
  %6: real[{samples},6] = constant 1.0
  %7: real[{samples},19] = contract bj,ij->bi %3, %0
  %8: real[{samples},19] = constant 2.0
  %9: real[{samples},19] = constant -2.0
  %10: real[{samples},6] = constant 1.0
  %11: real[{samples},19] = broadcast %2 axes(1)
  %12: real[{samples},19], %13: real[{samples},6] = repeat 3 (%14: index, %15: real[{samples},19] = %5, %16: real[{samples},6] = %6) {{
    %17: real[{samples},19] = contract bi,ij->bj %16, %1
    %18: real[{samples},19] = add %7, %17
    %19: real[{samples},19] = add %18, %11
    %20: real[{samples},19] = min %19, %8
    %21: real[{samples},19] = max %20, %9
    %22: real[{samples},6] = contract bj,ij->bi %15, %1
    %23: real[{samples},6] = min %22, %10
    %24: real[{samples},6] = sub %23, %4
    yield %21, %24
  }}
  %25: real[19,33] = contract bi,bj->ij %12, %3
  %26: real[19,33] = sub %0, %25
  %27: real[6,19] = contract bi,bj->ij %13, %12
  %28: real[6,19] = add %1, %27
  %29: real[6,19] = constant 1.0
  %30: real[6,19] = constant -1.0
  %31: real[6,19] = min %28, %29
  %32: real[6,19] = max %31, %30
  %33: real[19] = reduce sum %12 axes(0)
  %34: real[19] = constant 1.0
  %35: real[19] = min %33, %34
  output "W" = %26
  output "V" = %32
  output "b" = %35
}}
"#
    )
}

#[test]
fn loops_around_tiles_give_what_plain_loops_give() {
    for samples in [8, 9, 20, 33, 64] {
        same_as_plain_loops(&put_off(&relaxation(samples), 3));
    }
}

/// Samples of each step of the loop are cut into tiles, in which the relaxation runs; there is no other.
#[test]
fn samples_of_each_run_are_tiled() {
    let plan = plan(&put_off(&relaxation(64), 3));
    let (_, runs) = plan.split_once("repeat 3 with").expect("the runs are a loop");
    let (_, tiles) = runs.split_once("    tiles of 32 among 64 samples").expect("there are tiles in it");
    assert!(tiles.lines().any(|line| line.contains("repeat 2 with")), "{plan}");
    assert_eq!(plan.matches("tiles of").count(), 1, "{plan}");
}

/// What later runs will have added is neither multiplied nor made: sums have the terms of earlier runs, and the loop begins with
/// whatever is in memory.
#[test]
fn sums_have_the_terms_of_earlier_runs() {
    let plan = plan(&put_off(&relaxation(64), 3));
    assert!(plan.contains("the first !0 times 64 terms"), "{plan}");
    assert!(!plan.contains("before"), "{plan}");
    let (beginning, _) = plan.split_once("repeat 3 with").expect("the runs are a loop");
    assert!(!beginning.contains("over 3648"), "nothing fills 3 times 64 rows of 19: {plan}");
}

/// An online rule that multiplies rows by −1, 0 or 1, so many rows of so many columns.
fn online(rows: usize, columns: usize) -> String {
    format!(
        r#"program "online" f32 (
  %0 "W": real[{rows},{columns}],
  %1 "data": real[1,{columns}],
) {{
  %2: real[{columns}] = reshape %1
  %3: real[{rows}] = contract j,ij->i %2, %0
  %4: real[{rows}] = constant 1.0
  %5: real[{rows}] = constant -1.0
  %6: real[{rows}] = min %3, %4
  %7: real[{rows}] = max %6, %5
  %8: real[{rows},{columns}] = broadcast %7 axes(0)
  %9: real[{rows},{columns}] = broadcast %2 axes(1)
  %10: real[{rows},{columns}] = mul %8, %9
  %11: real[{rows},{columns}] = mul %8, %0
  %12: real[{rows},{columns}] = sub %10, %11
  output "W" = %12
}}
"#
    )
}

#[test]
fn loops_of_rows_give_what_plain_loops_give() {
    for (rows, columns) in [(10, 40), (33, 70), (100, 784)] {
        same_as_plain_loops(&put_off(&online(rows, columns), 7));
    }
}

/// Rows of weights go through all runs at a time, where they are in memory.
#[test]
fn rows_go_through_all_runs_in_one_tile() {
    let plan = plan(&put_off(&online(100, 784), 32));
    let (before, tile) =
        plan.split_once("tiles of 50 among 100 samples, which stay rows").expect("rows are cut");
    assert!(!before.contains("repeat") && tile.contains("repeat 32"), "{plan}");
}

/// Products of rows, one of which is multiplied twice, and one by itself.
#[test]
fn products_in_the_other_order_give_what_plain_loops_give() {
    let sizes = [(40, 300, 200), (80, 150, 784), (33, 401, 513)];
    for (precision, (samples, rows, columns)) in
        Precision::ALL.into_iter().flat_map(|p| sizes.map(|s| (p, s)))
    {
        let text = format!(
            r#"program "products" {precision} (%0 "x": real[{samples},{columns}], %1 "W": real[{rows},{columns}]) {{
  %2: real[{samples},{rows}] = contract bj,ij->bi %0, %1
  %3: real[{samples},{samples}] = contract aj,bj->ab %0, %0
  %4: real[{rows},{samples}] = contract ij,bj->ib %1, %0
  output "by samples" = %2
  output "of samples" = %3
  output "by rows" = %4
}}
"#
        );
        let program = parse(&text).expect("the text is a program");
        assert!(plan(&program).contains("transpose of"), "{}", plan(&program));
        same_as_plain_loops(&program);
    }
}
