//! Blocks: element-wise code on products that are never in memory as a whole.

mod compiled;
mod naive;

use naive::Draws;
use plr_ir::Precision;
use plr_ir::choices::Choices;
use plr_ir::program::Program;
use plr_ir::text::parse;
use plr_jit::{Context, Executable, Options};

/// A contrast of two outer products, added to a matrix and kept in bounds; the bound depends on the row, the rate on the
/// column. Sizes are no multiples of anything.
fn contrast(samples: usize, precision: Precision) -> Program {
    let text = format!(
        r#"program "contrast" {precision} (
  %0 "W": real[257,263],
  %1 "a": real[{samples},257],
  %2 "b": real[{samples},263],
  %3 "c": real[{samples},257],
  %4 "d": real[{samples},263],
  %5 "bound": real[257],
  %6 "rate": real[263],
) {{
  %7: real[257,263] = contract bi,bj->ij %1, %2
  %8: real[257,263] = contract bi,bj->ij %3, %4
  %9: real[257,263] = map (%7 axes(0,1), %8 axes(0,1), %0 axes(0,1), %5 axes(0), %6 axes(1)) {{
    $0 = input 0
    $1 = input 1
    $2 = sub $0, $1
    $3 = input 4
    $4 = mul $3, $2
    $5 = input 2
    $6 = add $5, $4
    $7 = input 3
    $8 = min $6, $7
    yield $8
  }}
  output "W" = %9
}}
"#
    );
    parse(&text).expect("the text is a program")
}

#[test]
fn blocks_give_what_plain_loops_give() {
    for samples in [1, 3, 20] {
        let program = contrast(samples, Precision::F32);
        let inputs = compiled::small_integers(&program);
        let elements: Vec<Vec<f32>> = inputs.iter().map(naive::elements).collect();
        let expected = naive::run(&program, &elements, Draws { seed: 0, update: 0 });
        for threads in [1, 2, 3, 7] {
            let found = compiled::run(&program, &inputs, threads, Context::default());
            compiled::assert_same(&format!("{samples} samples"), &found[0], &expected[0]);
        }
    }
}

#[test]
fn products_are_not_in_memory_unless_blocks_are_left_out() {
    let bytes = |block: bool| {
        let options = Options { choices: Choices { block, ..Choices::default() }, ..Options::default() };
        let executable = Executable::compile(&contrast(20, Precision::F64), &options).expect("it compiles");
        executable.plan().arena_bytes()
    };
    assert!(bytes(true) < 257 * 263);
    assert!(bytes(false) >= 8 * 257 * 263);
}

/// A product, and operations of it one after the other; `%2` has the shape of the product, `%3` a number for each row, `%4` one for each
/// column.
fn followed(dims: [usize; 3], precision: Precision, operations: &[&str]) -> Program {
    let [m, n, depth] = dims;
    let mut body = String::new();
    for (at, operation) in operations.iter().enumerate() {
        let sum = if at == 0 { "$0".to_owned() } else { format!("${}", 7 + at) };
        body += &format!("    ${} = {}\n", 8 + at, operation.replace("sum", &sum));
    }
    let text = format!(
        r#"program "followed" {precision} (
  %0 "a": real[{m},{depth}],
  %1 "b": real[{depth},{n}],
  %2 "each": real[{m},{n}],
  %3 "rows": real[{m}],
  %4 "columns": real[{n}],
) {{
  %5: real[{m},{n}] = contract ik,kj->ij %0, %1
  %6: real[{m},{n}] = map (%5 axes(0,1), %2 axes(0,1), %3 axes(0), %4 axes(1)) {{
    $0 = input 0
    $1 = input 1
    $2 = input 2
    $3 = input 3
    $4 = constant 0.0
    $5 = constant -0.5
    $6 = constant -0.0
    $7 = constant 0.5
{body}    yield ${}
  }}
  output "y" = %6
}}
"#,
        7 + operations.len()
    );
    parse(&text).expect("the text is a program")
}

/// What follows a product, and whether sums go through it one by one.
const FOLLOWING: [(&[&str], bool); 16] = [
    (&["add sum, $1"], true),
    (&["add $2, sum", "add sum, $3"], true),
    (&["sub sum, $1", "mul sum, $3", "add $1, sum"], true),
    (&["sub $1, sum", "max sum, $4"], true),
    (&["sub $2, sum", "sub sum, $5", "sub $5, sum"], true),
    (&["mul sum, $5", "max $4, sum"], true),
    (&["mul sum, $6", "max $4, sum"], true),
    (&["mul sum, $6", "min $4, sum"], true),
    (&["mul sum, $6", "max sum, $4", "min sum, $4"], true),
    (&["mul sum, $2", "min sum, $5", "max sum, $6"], true),
    (&["mul sum, $6", "min $7, sum"], true),
    (&["mul sum, $6", "max $5, sum"], true),
    (&["mul sum, $6", "max $6, sum"], false),
    (&["max sum, $1"], false),
    (&["div sum, $1"], false),
    (&["mul sum, sum"], false),
];

fn followed_is_right<T: plr_ir::scalar::Real>(dims: [usize; 3], precision: Precision) {
    for (operations, linked) in FOLLOWING {
        let program = followed(dims, precision, operations);
        let mut inputs = compiled::small_integers(&program);
        // One row of the product is NaN.
        let mut first: Vec<T> = naive::elements(&inputs[0]);
        first[0] = T::from_f64(f64::NAN);
        inputs[0] = compiled::tensor(&inputs[0].dims.clone(), &first);
        let elements: Vec<Vec<T>> = inputs.iter().map(naive::elements).collect();
        let expected = naive::run(&program, &elements, Draws { seed: 0, update: 0 });
        for threads in [1, 2] {
            let found = compiled::run(&program, &inputs, threads, Context::default());
            compiled::assert_same(&format!("{dims:?}, {precision}: {operations:?}"), &found[0], &expected[0]);
        }
        let executable = Executable::compile(&program, &Options::default()).expect("it compiles");
        let kernels = executable.plan().to_string().contains("kernel 0");
        assert!(!(kernels && linked && cfg!(target_arch = "x86_64")), "{}", executable.plan());
        assert!(kernels || linked, "{}", executable.plan());
    }
}

/// Rows and columns that fill no register tile, and products that threads share.
#[test]
fn sums_go_through_what_follows() {
    for dims in [[1, 41, 400], [13, 8, 70], [12, 37, 30], [25, 83, 20], [70, 130, 90]] {
        followed_is_right::<f32>(dims, Precision::F32);
        followed_is_right::<f64>(dims, Precision::F64);
    }
}
