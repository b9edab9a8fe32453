//! Tiles: that samples are cut apart and put together again, whatever their number, and that nobody can tell.

mod compiled;
mod naive;

use plr_ir::Precision;
use plr_ir::choices::Choices;
use plr_ir::program::Program;
use plr_ir::scalar::Real;
use plr_ir::text::parse;
use plr_jit::{Executable, Options};

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

fn same_as_plain_loops(program: &Program, samples: usize) {
    same_as_plain_loops_of::<f64>(program, samples);
}

fn same_as_plain_loops_of<T: Real>(program: &Program, samples: usize) {
    naive::assert_compiled_is_the_same::<T>(program, &format!("{samples} samples"), &[1, 2, 3, 7]);
}

#[test]
fn tiles_give_what_plain_loops_give() {
    for samples in [8, 9, 16, 20, 33, 64, 71] {
        same_as_plain_loops(&relaxation(samples, Precision::F64), samples);
    }
}

#[test]
fn enough_samples_are_tiled_unless_that_is_left_out() {
    let tiled = relaxation(64, Precision::F32);
    assert!(plan(&tiled, true).contains("tiles of 32 among 64 samples"), "{}", plan(&tiled, true));
    assert!(!plan(&tiled, false).contains("tiles"));
    // Two can share what one tile would have.
    let few = relaxation(16, Precision::F32);
    assert!(
        plan(&few, true).contains("tiles of 8 among 16 samples, which stay rows"),
        "{}",
        plan(&few, true)
    );
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

/// A loop on rows that do not begin at cache lines by themselves. What it carries begins as a constant, as an input and as what was
/// computed before; of what it leaves, rows are ranked, handed out and summed.
fn loop_on_rows(samples: usize, units: usize, precision: Precision) -> Program {
    let text = format!(
        r#"program "rows" {precision} (
  %0 "V": real[6,{units}],
  %1 "b": real[{units}],
  %2 "x": real[{samples},{units}],
  %3 "y": real[{samples},{units}],
) {{
  %4: real[{samples},{units}] = constant 1.0
  %5: real[{samples},6] = contract bj,ij->bi %3, %0
  %6: real[{samples},{units}] = contract bi,ij->bj %5, %0
  %7: real[{samples},{units}], %8: real[{samples},{units}], %9: real[{samples},{units}] = repeat 4 (%10: index, %11: real[{samples},{units}] = %4, %12: real[{samples},{units}] = %2, %13: real[{samples},{units}] = %6) {{
    %14: real[{samples},6] = contract bj,ij->bi %11, %0
    %15: real[{samples},{units}] = contract bi,ij->bj %14, %0
    %16: real[{samples},{units}] = map (%15 axes(0,1), %12 axes(0,1), %1 axes(1)) {{
      $0 = input 0
      $1 = input 1
      $2 = add $0, $1
      $3 = input 2
      $4 = add $2, $3
      $5 = constant 3.0
      $6 = min $4, $5
      $7 = constant -3.0
      $8 = max $6, $7
      yield $8
    }}
    %23: real[{samples},{units},3] = broadcast %16 axes(0,1)
    %24: real[{samples},{units},3] = broadcast %12 axes(0,1)
    %25: real[{samples},{units},3] = max %23, %24
    %26: real[{samples},{units}] = reduce sum %25 axes(2)
    %17: bool[{samples},{units}] = gt %26, %13
    %18: real[{samples},{units}] = select %17, %16, %3
    yield %18, %11, %3
  }}
  %19: real[{samples},{units}] = rank %7
  %20: real[{samples},6] = contract bj,ij->bi %8, %0
  %21: real[{units}] = reduce sum %9 axes(0)
  %22: real[{samples}] = reduce max %7 axes(1)
  output "ranks" = %19
  output "state" = %8
  output "sent" = %20
  output "sum" = %21
  output "largest" = %22
}}
"#
    );
    parse(&text).expect("the text is a program")
}

#[test]
fn rows_that_begin_at_cache_lines_are_those_that_plain_loops_compute() {
    for (samples, units) in [(20, 67), (10, 70), (9, 131), (25, 64), (20, 40)] {
        let program = loop_on_rows(samples, units, Precision::F64);
        naive::assert_compiled_is_the_same::<f64>(&program, &format!("{samples}×{units}"), &[1, 2, 3, 7]);
    }
}

/// In a tile of rows, values of its loops and what these read again and again lie at cache lines; results and inputs where they are.
#[test]
fn rows_of_loops_begin_at_cache_lines() {
    let plan = |align: bool, units: usize| {
        let options = Options { choices: Choices { align, ..Choices::default() }, ..Options::default() };
        let program = loop_on_rows(20, units, Precision::F32);
        Executable::compile(&program, &options).expect("the program compiles").plan().to_string()
    };
    let apart = format!(", {}", 80 * size_of::<f32>());
    assert!(plan(true, 67).contains(&apart), "{}", plan(true, 67));
    assert!(!plan(false, 67).contains(&apart), "{}", plan(false, 67));
    assert_eq!(plan(true, 80), plan(false, 80), "they do so anyway");
    assert_eq!(plan(true, 40), plan(false, 40), "they are too short");
}

/// Constants connect no axes: a constant factor can be summed over what runs over samples elsewhere, or have samples itself.
#[test]
fn constant_factors_are_no_reason_to_cut_what_is_summed() {
    let text = r#"program "constants" f64 (
  %0 "x": real[17],
  %1 "W": real[5,13]
) {
  %2: real[17,17] = constant 2.0
  %3: real[17] = add %0, %0
  %4: real[17] = contract i,ij->j %3, %2
  %5: real[17] = add %4, %0
  %6: real[17,13] = constant 3.0
  %7: real[17,5] = contract bj,ij->bi %6, %1
  %8: real[17,5] = broadcast %0 axes(0)
  %9: real[17,5] = add %7, %8
  %10: real[17,13] = contract bi,ij->bj %9, %1
  output "summed" = %5
  output "kept" = %10
}
"#;
    same_as_plain_loops(&parse(text).expect("the text is a program"), 17);
}

/// A relaxation of two layers with space, joined through pooling windows that share units or do not, downwards by their means or
/// by the largest, and what a rule would learn from it. Numbers are multiples of small powers of 1/2: every order of summation gives the same.
fn relaxation_over_space(samples: usize, stride: usize, by: &str, precision: Precision) -> Program {
    let side = if stride == 1 { 3 } else { 2 };
    let (pooled, high) = (3 * side * side, 4 * (side + 1) * (side + 1));
    let (windows, kernel) = (
        format!("layer (3,4,4) window 2 stride {stride}"),
        format!("layer (3,{side},{side}) channels 4 kernel 2 stride 1 padding 1"),
    );
    let text = format!(
        r#"program "relaxation over space" {precision} (
  %0 "K": real[3,1,3,3],
  %1 "L": real[4,3,2,2],
  %2 "b": real[48],
  %3 "data": real[{samples},36],
  %4 "target": real[{samples},{high}],
) {{
  %5: real[{samples},48] = constant 0.0
  %6: real[{samples},{high}] = constant 1.0
  %7: real[{samples},48] = convolve forward %3, %0 layer (1,6,6) channels 3 kernel 3 stride 1 padding 0
  %8: real[{samples},48], %9: real[{samples},{high}] = repeat 2 (%10: index, %11: real[{samples},48] = %5, %12: real[{samples},{high}] = %6) {{
    %13: real[{samples},{pooled}] = convolve adjoint %12, %1 {kernel}
    %14: real[{samples},48] = unpool %13 {by}{windows}
    %15: real[{samples},48] = map (%7 axes(0,1), %14 axes(0,1), %2 axes(1)) {{
      $0 = input 0
      $1 = input 1
      $2 = add $0, $1
      $3 = input 2
      $4 = add $2, $3
      $5 = constant 3.0
      $6 = min $4, $5
      $7 = constant -3.0
      $8 = max $6, $7
      yield $8
    }}
    %16: real[{samples},{pooled}] = pool mean %11 {windows}
    %17: real[{samples},{high}] = convolve forward %16, %1 {kernel}
    %18: real[{samples},{high}] = sub %17, %4
    yield %15, %18
  }}
  %19: real[{samples},{pooled}] = pool mean %8 {windows}
  %20: real[4,3,2,2] = convolve correlate %9, %19 {kernel}
  %21: real[3,1,3,3] = convolve correlate %8, %3 layer (1,6,6) channels 3 kernel 3 stride 1 padding 0
  %22: real[{samples},3,16] = reshape %8
  %23: real[{samples},3] = reduce sum %22 axes(2)
  %24: real[3] = reduce sum %23 axes(0)
  %25: real[{samples},{pooled}] = pool max %8 {windows}
  %26: real[4,3,2,2] = sub %20, %1
  output "upper" = %26
  output "lower" = %21
  output "bias" = %24
  output "largest" = %25
}}
"#
    );
    parse(&text).expect("the text is a program")
}

#[test]
fn tiles_of_layers_with_space_give_what_plain_loops_give() {
    for (samples, stride) in [(8, 1), (9, 2), (20, 2), (33, 1), (71, 2)] {
        for by in ["", "by %11 "] {
            same_as_plain_loops(&relaxation_over_space(samples, stride, by, Precision::F64), samples);
        }
    }
    for (samples, stride, by) in [(8, 1, "by %11 "), (20, 2, ""), (20, 1, "by %11 "), (65, 2, "by %11 ")] {
        let program = relaxation_over_space(samples, stride, by, Precision::F32);
        same_as_plain_loops_of::<f32>(&program, samples);
    }
}

/// Where samples would leave a quarter of the lanes empty they go on in those of the next place, so that no tile is larger than it need
/// be; not where places are apart.
#[test]
fn samples_of_layers_with_space_need_not_fill_vectors() {
    for (samples, tiles) in [(8, 8), (12, 12), (14, 16), (20, 10), (24, 12), (48, 16), (65, 22), (100, 32)] {
        let plan = plan(&relaxation_over_space(samples, 2, "", Precision::F32), true);
        assert!(plan.contains(&format!("tiles of {tiles} among {samples} samples")), "{plan}");
    }
    let apart = |samples: usize| {
        let text = format!(
            r#"program "apart" f32 (%0 "K": real[3,1,3,3], %1 "x": real[{samples},36]) {{
  %2: real[{samples},12] = convolve forward %1, %0 layer (1,6,6) channels 3 kernel 3 stride 2 padding 0
  output "y" = %2
}}
"#
        );
        plan(&parse(&text).expect("the text is a program"), true)
    };
    assert!(apart(20).contains("tiles of 16 among 20 samples"), "{}", apart(20));
}

/// Sums over samples for a kernel are taken tile by tile, and each is added to the others outside.
#[test]
fn convolutions_are_in_tiles_with_their_sums_over_samples() {
    let plan = plan(&relaxation_over_space(64, 2, "", Precision::F32), true);
    let (_, tiles) = plan.split_once("tiles of 32 among 64 samples").expect("there are tiles");
    let (inside, outside): (Vec<&str>, Vec<&str>) =
        tiles.lines().skip(1).partition(|line| line.starts_with("    "));
    assert_eq!(inside.iter().filter(|line| line.contains(" in 32 lanes,")).count(), 5, "{plan}");
    assert!(!outside.iter().any(|line| line.contains("of (")), "{plan}");
    assert_eq!(outside.iter().filter(|line| line.contains("kernel ")).count(), 4, "{plan}");
}

/// A large matrix that a loop multiplies by its columns is copied in the other order, once for all tiles and steps.
#[test]
fn large_matrices_are_read_along_their_rows() {
    let text = |rows: usize, steps: usize| {
        format!(
            r#"program "downwards" f32 (%0 "V": real[{rows},1024], %1 "x": real[40,{rows}]) {{
  %2: real[40,{rows}] = constant 2.0
  %3: real[40,1024] = constant 1.0
  %11: real[40,1024] = constant -1.0
  %12: real[40,{rows}] = constant -2.0
  %4: real[40,{rows}] = repeat {steps} (%5: index, %6: real[40,{rows}] = %1) {{
    %7: real[40,1024] = contract bi,ij->bj %6, %0
    %8: real[40,1024] = min %7, %3
    %13: real[40,1024] = max %8, %11
    %9: real[40,{rows}] = contract bj,ij->bi %13, %0
    %10: real[40,{rows}] = min %9, %2
    %14: real[40,{rows}] = max %10, %12
    yield %14
  }}
  output "x" = %4
}}
"#
        )
    };
    let program = |rows, steps| parse(&text(rows, steps)).expect("the text is a program");
    assert!(plan(&program(256, 4), true).contains("transpose of"), "{}", plan(&program(256, 4), true));
    assert!(!plan(&program(256, 3), true).contains("transpose of"));
    assert!(!plan(&program(64, 4), true).contains("transpose of"));
    naive::assert_compiled_is_the_same::<f32>(&program(256, 4), "40 samples", &[1, 3]);
}

/// A product of many weights with what is there before any tile, of which tiles go on, and two layers above it.
fn layers(samples: usize, handed_out: bool, precision: Precision) -> Program {
    let drive = if handed_out { "  output \"drive\" = %4\n" } else { "" };
    let text = format!(
        r#"program "layers" {precision} (%0 "W": real[512,200], %1 "V": real[48,512], %2 "x": real[{samples},200]) {{
  %3: real[{samples},512] = constant 2.0
  %4: real[{samples},512] = contract bj,ij->bi %2, %0
  %5: real[{samples},512] = min %4, %3
  %6: real[{samples},48] = contract bj,ij->bi %5, %1
  %7: real[{samples},48] = max %6, %6
  %8: real[{samples},512] = contract bi,ij->bj %7, %1
  %9: real[512,200] = contract bi,bj->ij %8, %2
  output "increment" = %9
{drive}}}
"#
    );
    parse(&text).expect("the text is a program")
}

/// Of a product that is computed with samples last, tiles take their samples as they are: nobody needs its transpose, unless it is
/// handed out.
#[test]
fn tiles_take_samples_that_are_last() {
    let transposes = |handed_out: bool| {
        plan(&layers(64, handed_out, Precision::F32), true).matches("transpose of").count()
    };
    assert_eq!(transposes(false) + 1, transposes(true));
    for samples in [33, 64, 71] {
        for handed_out in [false, true] {
            let program = layers(samples, handed_out, Precision::F64);
            naive::assert_compiled_is_the_same::<f64>(&program, &format!("{samples}"), &[1, 2, 3]);
        }
    }
}
