//! Passes keep the meaning of programs bit for bit, and do what their heads promise in the cases that matter.

mod evaluate;

use std::time::{Duration, Instant};

use plr_ir::analysis::renumber;
use plr_ir::builder::Builder;
use plr_ir::generate::{Settings, inputs, program};
use plr_ir::pass::{Options, PIPELINE, Pass, find, inexact, optimise};
use plr_ir::program::{Block, Op, Program};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::tensor::Tensor;
use plr_ir::text::parse;
use plr_ir::types::{Precision, Type};
use plr_ir::verify::verify;

fn outputs(program: &Program, inputs: &[Tensor]) -> Vec<Vec<u64>> {
    match program.precision {
        Precision::F32 => evaluate::outputs::<f32>(program, inputs),
        Precision::F64 => evaluate::outputs::<f64>(program, inputs),
    }
}

/// Generated programs; in half of them contractions have arbitrary factors.
fn programs(count: u64) -> impl Iterator<Item = (u64, Program, Vec<Tensor>)> {
    (0..count).map(|seed| {
        let precision = if seed % 3 == 0 { Precision::F64 } else { Precision::F32 };
        let settings = Settings { exact: seed % 2 == 0, ..Settings::new(precision) };
        let program = program(seed, &settings);
        let inputs = inputs(&program, seed);
        (seed, program, inputs)
    })
}

fn passes() -> Vec<&'static Pass> {
    ["fold", "cse", "hoist", "squeeze", "single", "peel", "dce", "fuse"]
        .into_iter()
        .filter_map(find)
        .collect()
}

fn assert_verifies(program: &Program, what: &str) {
    if let Err(violations) = verify(program) {
        panic!("{what}: {}\n{program}", violations[0]);
    }
}

#[test]
fn generated_programs_verify_and_mostly_have_finite_outputs() {
    let (mut finite, mut total) = (0, 0);
    for (seed, program, inputs) in programs(300) {
        assert_verifies(&program, &format!("seed {seed}"));
        for output in outputs(&program, &inputs) {
            total += 1;
            finite += usize::from(output.iter().all(|&bits| f64::from_bits(bits).is_finite()));
        }
    }
    assert!(finite * 10 > total * 7, "only {finite} of {total} outputs are finite");
}

#[test]
fn each_pass_alone_keeps_every_bit() {
    assert_eq!(passes().len(), 8);
    for (seed, program, inputs) in programs(400) {
        let expected = outputs(&program, &inputs);
        for pass in passes() {
            let mut changed = program.clone();
            (pass.run)(&mut changed);
            assert_verifies(&changed, &format!("seed {seed}, {}", pass.name));
            assert_eq!(
                outputs(&changed, &inputs),
                expected,
                "seed {seed}, {}:\n{program}\n{changed}",
                pass.name
            );
        }
    }
}

#[test]
fn the_pipeline_keeps_every_bit_after_each_of_its_passes() {
    for (seed, program, inputs) in programs(600) {
        let expected = outputs(&program, &inputs);
        let mut changed = program.clone();
        for (i, pass) in PIPELINE.iter().enumerate().filter(|(_, pass)| pass.exact) {
            (pass.run)(&mut changed);
            assert_verifies(&changed, &format!("seed {seed}, {} at {i}", pass.name));
            assert_eq!(outputs(&changed, &inputs), expected, "seed {seed}, {} at {i}:\n{program}", pass.name);
        }
    }
}

#[test]
fn any_set_of_passes_can_be_left_out() {
    for (seed, program, inputs) in programs(160) {
        let some = passes().into_iter().enumerate().filter(|(i, _)| seed >> i & 1 == 1);
        let without: Vec<String> = some.map(|(_, p)| p.name.to_owned()).chain(inexact()).collect();
        let mut changed = program.clone();
        optimise(&mut changed, Options { without: without.clone(), verify: true, after: None });
        assert_eq!(outputs(&changed, &inputs), outputs(&program, &inputs), "seed {seed} without {without:?}");
    }
}

#[test]
fn optimising_twice_changes_little_and_the_result_is_numbered_like_its_text() {
    for (seed, mut program, inputs) in programs(100) {
        let expected = outputs(&program, &inputs);
        let exactly = || Options { without: inexact(), ..Options::default() };
        optimise(&mut program, exactly());
        let mut again = program.clone();
        renumber(&mut again);
        assert_eq!(program.to_string(), again.to_string(), "seed {seed}");
        assert_eq!(program.values, again.values, "seed {seed}");
        optimise(&mut again, exactly());
        assert_eq!(outputs(&again, &inputs), expected, "seed {seed}");
    }
}

#[test]
fn the_observer_sees_every_pass_in_order() {
    let mut seen = Vec::new();
    let (_, mut program, _) = programs(1).next().expect("there is one");
    optimise(
        &mut program,
        Options { after: Some(Box::new(|pass, _, _| seen.push(pass.name))), ..Options::default() },
    );
    assert_eq!(seen, PIPELINE.iter().map(|pass| pass.name).collect::<Vec<_>>());
}

/// The number of such operations in a block and those inside it.
fn count(block: &Block, wanted: fn(&Op) -> bool) -> usize {
    let nested = |op: &Op| if let Op::Repeat(repeat) = op { count(&repeat.body, wanted) } else { 0 };
    block.operations.iter().map(|o| usize::from(wanted(&o.op)) + nested(&o.op)).sum()
}

#[test]
fn a_relaxation_becomes_one_map_per_layer_and_its_input_drive_leaves_the_loop() {
    let mut program = parse(RELAXATION).expect("the text is well-formed");
    optimise(&mut program, Options { verify: true, ..Options::default() });
    let Some(Op::Repeat(repeat)) =
        program.body.operations.iter().map(|o| &o.op).find(|op| matches!(op, Op::Repeat(_)))
    else {
        panic!("there is a loop:\n{program}");
    };
    assert_eq!(count(&repeat.body, |op| matches!(op, Op::Contract { .. })), 2, "{program}");
    assert_eq!(count(&repeat.body, |op| matches!(op, Op::Map(_))), 2, "{program}");
    assert_eq!(repeat.body.operations.len(), 4, "{program}");
    assert_eq!(repeat.initial.len(), 2, "the clamped input is not carried:\n{program}");
    assert_eq!(count(&program.body, |op| matches!(op, Op::Contract { .. })), 3, "{program}");
    assert_eq!(count(&program.body, |op| matches!(op, Op::Broadcast { .. })), 0, "{program}");
}

/// Two layers that relax while their input is clamped.
const RELAXATION: &str = r#"
program "relaxation" f32 (%x "x": real[4,7], %w1 "W1": real[5,7], %w2 "W2": real[3,5], %b1 "b1": real[5], %b2 "b2": real[3]) {
  %zero1: real[4,5] = constant 0.0
  %zero2: real[4,3] = constant 0.0
  %x9: real[4,7], %h9: real[4,5], %o9: real[4,3] = repeat 9 (%t: index, %x0: real[4,7] = %x, %h: real[4,5] = %zero1, %o: real[4,3] = %zero2) {
    %up: real[4,5] = contract bj,ij->bi %x0, %w1
    %down: real[4,5] = contract bi,ij->bj %o, %w2
    %bias: real[4,5] = broadcast %b1 axes(1)
    %d: real[4,5] = add %up, %bias
    %drive: real[4,5] = add %d, %down
    %rate: real[4,5] = constant 0.5
    %leak: real[4,5] = neg %h
    %net: real[4,5] = add %leak, %drive
    %step: real[4,5] = mul %rate, %net
    %sum: real[4,5] = add %h, %step
    %h1: real[4,5] = tanh %sum
    %up2: real[4,3] = contract bj,ij->bi %h, %w2
    %bias2: real[4,3] = broadcast %b2 axes(1)
    %drive2: real[4,3] = add %up2, %bias2
    %o1: real[4,3] = tanh %drive2
    yield %x0, %h1, %o1
  }
  output "h" = %h9
  output "o" = %o9
}
"#;

#[test]
fn five_hundred_operations_are_optimised_at_once() {
    let settings = Settings { operations: 500, ..Settings::new(Precision::F32) };
    let mut program = program(1, &settings);
    let start = Instant::now();
    optimise(&mut program, Options { verify: false, ..Options::default() });
    let took = start.elapsed();
    assert!(took < Duration::from_millis(100), "it took {took:?}");
}

/// `(p⊗x − q⊗x) / 3` and `p⊗y + p⊗z` over nine samples; in the second program `p⊗x` is handed out too.
fn with_common_factors(handed_out: bool) -> Program {
    let mut b = Builder::new("contrast", Precision::F32);
    let [p, q] = ["p", "q"].map(|name| b.input(name, Type::real([9, 3])));
    let [x, y, z] = ["x", "y", "z"].map(|name| b.input(name, Type::real([9, 4])));
    let third = b.constant(1.0 / 3.0, &[3, 4]);
    let [plus, minus] = [p, q].map(|post| b.contract("bi,bj->ij", post, x));
    let scaled = [plus, minus].map(|product| b.binary(BinaryOp::Mul, product, third));
    let difference = b.binary(BinaryOp::Sub, scaled[0], scaled[1]);
    b.output("difference", difference);
    let [left, right] = [y, z].map(|pre| b.contract("bi,bj->ij", p, pre));
    let sum = b.binary(BinaryOp::Add, left, right);
    b.output("sum", sum);
    if handed_out {
        b.output("product", plus);
    }
    b.finish()
}

/// R12.7: what was two sums is one, and no element is farther from the exact one than both sums may be.
#[test]
fn contractions_with_a_factor_in_common_are_joined_within_their_bound() {
    let contractions = |program: &Program| count(&program.body, |op| matches!(op, Op::Contract { .. }));
    for (handed_out, left) in [(false, 2), (true, 3)] {
        let mut program = with_common_factors(handed_out);
        let inputs = inputs(&program, 3);
        optimise(&mut program, Options { verify: true, ..Options::default() });
        assert_eq!(contractions(&program), left, "{program}");
        let found = outputs(&program, &inputs);
        let [p, q, x, y, z] = [0, 1, 2, 3, 4].map(|i| inputs[i].to_f64());
        let terms = |a: &[f64], x: &[f64], i: usize, j: usize| -> Vec<f64> {
            (0..9).map(|b| a[3 * b + i] * x[4 * b + j]).collect()
        };
        for (i, j) in (0..3).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let both =
                [[terms(&p, &x, i, j), terms(&q, &x, i, j)], [terms(&p, &y, i, j), terms(&p, &z, i, j)]];
            for (k, ([a, b], (sign, scale))) in both.iter().zip([(-1.0, 1.0 / 3.0), (1.0, 1.0)]).enumerate() {
                let exact: f64 = scale * (a.iter().sum::<f64>() + sign * b.iter().sum::<f64>());
                let magnitude: f64 = scale * a.iter().chain(b).map(|term| term.abs()).sum::<f64>();
                let error = (f64::from_bits(found[k][4 * i + j]) - exact).abs();
                let bound = 10.0 * f64::from(f32::EPSILON) * magnitude;
                assert!(error <= bound, "output {k}, ({i}, {j}): {error:e} is above {bound:e}");
            }
        }
    }
}

/// `Σ (rate·d)⊗x / 4` over nine samples, and what else is needed of `d` and of `rate·d`.
fn with_a_rate(rate: f64, [plain, scaled]: [bool; 2]) -> Program {
    let mut b = Builder::new("rate", Precision::F32);
    let (error, x) = (b.input("d", Type::real([9, 3])), b.input("x", Type::real([9, 4])));
    let d = b.unary(UnaryOp::Abs, error);
    let rate = b.constant(rate, &[9, 3]);
    let quarter = b.constant(0.25, &[3, 4]);
    let step = b.binary(BinaryOp::Mul, rate, d);
    let sum = b.contract("bi,bj->ij", step, x);
    let mean = b.binary(BinaryOp::Mul, sum, quarter);
    b.output("mean", mean);
    if plain {
        b.output("error", d);
    }
    if scaled {
        b.output("step", step);
    }
    b.finish()
}

/// R12.7: a constant in front of what is summed goes in front of the sum, where that spares a value.
#[test]
fn constants_are_taken_out_of_contractions_within_their_bound() {
    let products = |program: &Program| count(&program.body, |op| matches!(op, Op::Binary(BinaryOp::Mul, ..)));
    let pass = find("scale").expect("there is such a pass");
    for (rate, needed, left) in [
        (0.1, [true, false], 1),
        (0.1, [false, false], 2),
        (0.1, [true, true], 2),
        (1e-12, [true, false], 2),
        (3.0, [true, false], 2),
    ] {
        let mut program = with_a_rate(rate, needed);
        let inputs = inputs(&program, 5);
        (pass.run)(&mut program);
        (find("dce").expect("there is such a pass").run)(&mut program);
        assert_verifies(&program, &format!("{rate}"));
        assert_eq!(products(&program), left, "{rate}, {needed:?}:\n{program}");
        let found = outputs(&program, &inputs);
        let [d, x] = [0, 1].map(|i| inputs[i].to_f64());
        for (i, j) in (0..3).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let terms: Vec<f64> = (0..9).map(|b| 0.25 * rate * d[3 * b + i].abs() * x[4 * b + j]).collect();
            let magnitude: f64 = terms.iter().map(|term| term.abs()).sum();
            let error = (f64::from_bits(found[0][4 * i + j]) - terms.iter().sum::<f64>()).abs();
            let bound = 9.0 * f64::from(f32::EPSILON) * magnitude;
            assert!(error <= bound, "{rate}, ({i}, {j}): {error:e} is above {bound:e}");
        }
    }
}

/// A loop over seven steps of three samples: its state hears what is presented, and three sums of products are added up, of which one
/// is also read; `axis` is that of the steps of what is presented.
fn with_steps(axis: usize, reversed: bool) -> Program {
    let slice = format!("axis {axis}");
    let dims = |n: usize| if axis == 0 { format!("7,3,{n}") } else { format!("3,7,{n}") };
    let (x, d, reversed) = (dims(11), dims(13), if reversed { " reversed" } else { "" });
    let text = format!(
        r#"program "steps" f64 (%x "x": real[{x}], %d "d": real[{d}], %w "W": real[13,11], %g "G": real[13,11], %h "H": real[13,13]) {{
  %z: real[3,13] = constant 0.0
  %k: real[13,11] = constant 0.5
  %s: real[3,13], %a: real[13,11], %b: real[13,13], %c: real[13,11] = repeat 7{reversed} (%t: index, %s0: real[3,13] = %z, %a0: real[13,11] = %g, %b0: real[13,13] = %h, %c0: real[13,11] = %g) {{
    %xt: real[3,11] = slice %x {slice} at %t
    %dt: real[3,13] = slice %d {slice} at %t
    %r: real[3,13] = contract bj,ij->bi %xt, %w
    %s1: real[3,13] = sub %r, %s0
    %p: real[13,11] = contract bi,bj->ij %dt, %xt
    %pk: real[13,11] = mul %k, %p
    %a1: real[13,11] = add %a0, %pk
    %q: real[13,13] = contract bi,bj->ij %s1, %dt
    %b1: real[13,13] = add %q, %b0
    %m: real = reduce max %c0 axes(0,1)
    %mm: real[3,13] = broadcast %m axes()
    %n: real[3,13] = sub %mm, %dt
    %u: real[13,11] = contract bi,bj->ij %n, %xt
    %c1: real[13,11] = sub %u, %c0
    yield %s1, %a1, %b1, %c1
  }}
  output "s" = %s
  output "a" = %a
  output "b" = %b
  output "c" = %c
}}
"#
    );
    parse(&text).expect("the text is a program")
}

/// R12.7: what the steps of a loop contract one by one is contracted at once. Sums of small integers are exact in any order.
#[test]
fn what_steps_contract_is_contracted_at_once() {
    for (axis, reversed) in [(0, false), (0, true), (1, false), (1, true)] {
        let mut program = with_steps(axis, reversed);
        let inputs: Vec<Tensor> = inputs(&program, 8)
            .into_iter()
            .map(|x| {
                let small = x.to_f64().iter().map(|x| (4.0 * x).round()).collect::<Vec<_>>();
                Tensor::from_f64(x.dims, &small, Precision::F64)
            })
            .collect();
        let expected = outputs(&program, &inputs);
        for name in ["steps", "hoist", "dce"] {
            (find(name).expect("there is such a pass").run)(&mut program);
            assert_verifies(&program, name);
        }
        assert_eq!(outputs(&program, &inputs), expected, "{program}");
        let inside = |op: &Op| {
            let Op::Repeat(repeat) = op else { return None };
            Some(repeat.body.operations.iter().filter(|o| matches!(o.op, Op::Contract { .. })).count())
        };
        let left: usize = program.body.operations.iter().filter_map(|operation| inside(&operation.op)).sum();
        assert_eq!(left, 1, "{program}");
    }
}
