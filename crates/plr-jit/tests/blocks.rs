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
