//! Sums that are picked: of a product of which a choice takes some elements no others are computed.

mod compiled;
mod naive;

use naive::Draws;
use plr_ir::Precision;
use plr_ir::choices::Choices;
use plr_ir::program::Program;
use plr_ir::text::parse;
use plr_jit::{Context, Executable, Options};

/// How units are joined: what a unit's sum is, and the weights' own axes.
const ONWARDS: &str = "contract bj,ij->bi %s, %0";
const BACKWARDS: &str = "contract bi,ij->bj %s, %0";
const WEIGHTS_FIRST: &str = "contract ij,bj->bi %0, %s";

/// Units that move one after the other: each becomes its sum, plus what it begins with; the place in the order is that of each sample.
fn in_turns(samples: usize, units: usize, sum: &str, precision: Precision) -> Program {
    let (b, n) = (samples, units);
    let text = format!(
        r#"program "turns" {precision} (
  %0 "W": real[{n},{n}],
  %1 "s": real[{b},{n}],
  %2 "keys": real[{b},{n}],
) {{
  %3: real[{b},{n}] = rank %2
  %4: real[{b},{n}] = repeat 5 (%5: index, %s: real[{b},{n}] = %1) {{
    %6: real = from_index %5
    %7: real[{b},{n}] = {sum}
    %8: real[{b},{n}] = map (%7 axes(0,1), %3 axes(0,1), %6 axes(), %s axes(0,1), %1 axes(0,1)) {{
      $0 = input 0
      $1 = input 1
      $2 = input 2
      $3 = eq $1, $2
      $4 = input 4
      $5 = add $0, $4
      $6 = constant 8.0
      $7 = min $5, $6
      $8 = input 3
      $9 = select $3, $7, $8
      yield $9
    }}
    yield %8
  }}
  output "s" = %4
}}
"#
    );
    parse(&text).expect("the text is a program")
}

fn plan(program: &Program, choices: Choices) -> String {
    let options = Options { choices, ..Options::default() };
    Executable::compile(program, &options).expect("it compiles").plan().to_string()
}

#[test]
fn units_that_move_in_turns_hear_what_is_there() {
    for (samples, units) in [(1, 64), (3, 131), (20, 67), (64, 64)] {
        for sum in [ONWARDS, BACKWARDS, WEIGHTS_FIRST] {
            for precision in Precision::ALL {
                let program = in_turns(samples, units, sum, precision);
                assert!(plan(&program, Choices::default()).contains(" where "), "{samples} {units} {sum}");
                let inputs = compiled::small_integers(&program);
                let elements: Vec<Vec<f64>> = inputs.iter().map(naive::elements).collect();
                let expected = naive::run(&program, &elements, Draws { seed: 0, update: 0 });
                for threads in [1, 2, 3, 7] {
                    let found = compiled::run(&program, &inputs, threads, Context::default());
                    compiled::assert_same(
                        &format!("{samples} {units} {sum} {precision}"),
                        &found[0],
                        &expected[0],
                    );
                }
            }
        }
    }
}

#[test]
fn without_the_choice_all_sums_are_computed() {
    let choices = Choices { picked: false, ..Choices::default() };
    assert!(!plan(&in_turns(20, 67, ONWARDS, Precision::F32), choices).contains(" where "));
}

/// What else reads a sum, and what is not known yet when it is made, keep all of it.
#[test]
fn sums_that_are_read_elsewhere_are_whole() {
    let program = in_turns(20, 67, ONWARDS, Precision::F32).to_string();
    let changed = |from: &str, to: &str| {
        assert!(program.contains(from), "{program}");
        let program = parse(&program.replace(from, to)).expect("the text is a program");
        plan(&program, Choices::default()).contains(" where ")
    };
    assert!(changed("$7 = min $5, $6", "$7 = max $5, $6"));
    // Read where the places differ, in the other branch, or in the sum's own comparison.
    assert!(!changed("eq $1, $2", "lt $1, $2"));
    assert!(!changed("select $3, $7, $8", "select $3, $8, $7"));
    assert!(!changed("eq $1, $2", "eq $0, $2"));
    assert!(!changed("$8 = input 3", "$8 = add $4, $0"));
}
