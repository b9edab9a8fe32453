//! Presentations whose changes are put off leave what they leave one after the other.

mod evaluate;

use plr_ir::Program;
use plr_ir::deferred::Deferral;
use plr_ir::tensor::Tensor;
use plr_ir::text::parse;
use plr_ir::types::Precision;
use plr_ir::verify::verify;

const OWN: [&str; 2] = ["data", "target"];
/// Samples of a presentation, units before and after.
const SAMPLES: usize = 2;
const ROWS: usize = 3;
const COLUMNS: usize = 4;

/// Numbers between −1 and 1 that are the same for a seed.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn below(&mut self, count: usize) -> usize {
        ((self.next() + 1.0) / 2.0 * count as f64) as usize % count
    }
}

/// An update of two matrices `W` and `V` and a bias, of operations that are drawn: sums and differences of old matrices, scaled by
/// numbers and by functions of what was answered, and of products with what is presented. Without samples a run's only one is
/// no axis of what it computes.
fn update(seed: u64, samples: Option<usize>) -> String {
    let mut draws = Draws(seed);
    let mut next = 20;
    let mut lines = Vec::new();
    let (b, batch) = match samples {
        Some(samples) => ("b", format!("{samples},")),
        None => ("", String::new()),
    };
    let mut line = |text: String| {
        next += 1;
        lines.push(format!("  %{next}: {text}"));
        format!("%{next}")
    };
    let row = format!("real[{batch}{ROWS}]");
    let matrix = format!("real[{ROWS},{COLUMNS}]");
    let [data, target] = match samples {
        Some(_) => ["%3".to_owned(), "%4".to_owned()],
        None => {
            [("%3", COLUMNS), ("%4", ROWS)].map(|(of, units)| line(format!("real[{units}] = reshape {of}")))
        }
    };
    let x = match draws.below(2) {
        0 => data,
        _ => line(format!("real[{batch}{COLUMNS}] = tanh {data}")),
    };
    let of_w = line(format!("{row} = contract {b}j,ij->{b}i {x}, %0"));
    let of_v = line(format!("{row} = contract ij,{b}j->{b}i %1, {x}"));
    let bias = match samples {
        Some(_) => line(format!("{row} = broadcast %2 axes(1)")),
        None => "%2".to_owned(),
    };
    let sum = line(format!("{row} = add {of_w}, {bias}"));
    let y = line(format!("{row} = tanh {sum}"));
    let error = line(format!("{row} = sub {target}, {of_v}"));
    let product = line(format!("{row} = mul {y}, {error}"));
    let mean = match samples {
        Some(_) => line(format!("real[{ROWS}] = reduce sum {product} axes(0)")),
        None => product.clone(),
    };
    let half = line("real = constant 0.5".to_owned());
    let of_rows = line(format!("{matrix} = broadcast {mean} axes(0)"));
    let number = line(format!("{matrix} = broadcast {half} axes()"));
    let constant = line(format!("{matrix} = constant -0.25"));
    let learned = [&y, &error].map(|d| line(format!("{matrix} = contract {b}i,{b}j->ij {d}, {x}")));
    let scales = [of_rows, number, constant];
    let mut terms = vec!["%0".to_owned(), "%1".to_owned(), learned[0].clone(), learned[1].clone()];
    let mut new = Vec::new();
    for _ in 0..2 {
        let mut sum = terms[draws.below(terms.len())].clone();
        for _ in 0..1 + draws.below(4) {
            let term = terms[draws.below(terms.len())].clone();
            let scale = &scales[draws.below(scales.len())];
            sum = line(match draws.below(6) {
                0 => format!("{matrix} = add {sum}, {term}"),
                1 => format!("{matrix} = sub {term}, {sum}"),
                2 => format!("{matrix} = mul {scale}, {sum}"),
                3 => format!("{matrix} = mul {sum}, {scale}"),
                4 => format!("{matrix} = div {sum}, {constant}", constant = scales[2]),
                _ => format!("{matrix} = neg {sum}"),
            });
        }
        terms.push(sum.clone());
        new.push(sum);
    }
    let gained = line(format!("real[{ROWS}] = add %2, {mean}"));
    let (body, first) = (lines.join("\n"), samples.unwrap_or(1));
    format!(
        r#"program "update" f64 (
  %0 "W": {matrix},
  %1 "V": {matrix},
  %2 "b": real[{ROWS}],
  %3 "data": real[{first},{COLUMNS}],
  %4 "target": real[{first},{ROWS}],
) {{
{body}
  output "W" = {}
  output "V" = {}
  output "b" = {gained}
}}
"#,
        new[0], new[1]
    )
}

fn tensor(dims: &[usize], draws: &mut Draws) -> Tensor {
    let numbers: Vec<f64> = (0..dims.iter().product()).map(|_| draws.next()).collect();
    Tensor::from_f64(dims, &numbers, Precision::F64)
}

/// The outputs of a program whose inputs are the parameters and the samples.
fn run(program: &Program, parameters: &[Tensor], samples: [&[f64]; 2]) -> Vec<Tensor> {
    let mut inputs = parameters.to_vec();
    for (name, numbers) in OWN.iter().zip(samples) {
        let input = program.input(name).expect("programs keep their inputs");
        inputs.push(Tensor::from_f64(program.type_of(input).dims.clone(), numbers, Precision::F64));
    }
    let outputs = evaluate::outputs::<f64>(program, &inputs);
    let numbers =
        outputs.iter().map(|bits| bits.iter().map(|&bits| f64::from_bits(bits)).collect::<Vec<_>>());
    numbers.zip(parameters).map(|(x, like)| Tensor::from_f64(like.dims.clone(), &x, Precision::F64)).collect()
}

/// How far what the runs leave in a row is from what they leave put off, and how large it is.
fn difference(program: &Program, deferral: &Deferral<'_>, runs: usize, seed: u64) -> (f64, f64) {
    let mut draws = Draws(seed ^ 0x5555);
    let dims = |name| program.type_of(program.input(name).expect("it has them")).dims.clone();
    let first = ["W", "V", "b"].map(|name| tensor(&dims(name), &mut draws));
    let samples = OWN.map(|name| {
        let one: usize = dims(name).iter().product();
        (0..runs * one).map(|_| draws.next()).collect::<Vec<f64>>()
    });
    let mut after = first.to_vec();
    for number in 0..runs {
        let of_run = [0, 1].map(|i| {
            let one = samples[i].len() / runs;
            &samples[i][number * one..(number + 1) * one]
        });
        after = run(program, &after, of_run);
    }
    let all = deferral.program(runs);
    verify(&all).unwrap_or_else(|violations| panic!("{}\n{all}", violations[0]));
    let put_off = run(&all, &first, [&samples[0], &samples[1]]);
    let (mut furthest, mut largest) = (0.0, 0.0);
    for (a, b) in after.iter().zip(&put_off) {
        for (a, b) in a.to_f64().into_iter().zip(b.to_f64()) {
            let apart = (a - b).abs();
            furthest = if apart > furthest { apart } else { furthest };
            largest = if a.abs() > largest { a.abs() } else { largest };
        }
    }
    (furthest, largest)
}

/// Whatever is added, subtracted and scaled, for several samples, for one, and for one that is no axis.
#[test]
fn runs_put_off_leave_what_they_leave_in_a_row() {
    let mut tested = 0;
    for seed in 0..600 {
        let samples = [Some(SAMPLES), Some(1), None][seed as usize % 3];
        let program = parse(&update(seed, samples)).expect("it is a program");
        let Some(deferral) = Deferral::of(&program, &OWN) else { continue };
        for runs in [1, 2, 5] {
            let (furthest, largest) = difference(&program, &deferral, runs, seed);
            let close = furthest <= 1e-11 * (1.0 + largest);
            assert!(close, "seed {seed}, {runs} runs: {furthest} of {largest}\n{program}");
            tested += 1;
        }
    }
    assert!(tested > 1500, "{tested}");
}

/// A matrix that only decays, and is asked by what is presented beside what the other one learns from, is as wide as that is.
#[test]
fn matrices_of_other_widths_are_whole() {
    let text = r#"program "update" f64 (
  %0 "W": real[3,4],
  %1 "V": real[3,5],
  %2 "b": real[3],
  %3 "data": real[2,4],
  %4 "target": real[2,5],
) {
  %5: real[2,3] = contract bj,ij->bi %3, %0
  %6: real[2,3] = contract bj,ij->bi %4, %1
  %7: real[2,3] = add %5, %6
  %8: real[3,4] = contract bi,bj->ij %7, %3
  %9: real[3,4] = add %0, %8
  %10: real[3,5] = constant 0.9
  %11: real[3,5] = mul %10, %1
  %12: real[3] = constant 0.5
  %13: real[3] = mul %12, %2
  output "W" = %9
  output "V" = %11
  output "b" = %13
}
"#;
    let program = parse(text).expect("it is a program");
    let deferral = Deferral::of(&program, &OWN).expect("one of them can be put off");
    let (furthest, largest) = difference(&program, &deferral, 3, 1);
    assert!(furthest <= 1e-12 * (1.0 + largest), "{furthest} of {largest}");
}

/// What is not a sum of scaled rows stays where it is, and with it what depends on it.
#[test]
fn what_is_not_linear_in_rows_is_not_put_off() {
    let text = |new: &str| {
        format!(
            r#"program "update" f64 (%0 "W": real[3,4], %1 "data": real[2,4]) {{
  %2: real[2,3] = contract bj,ij->bi %1, %0
  %3: real[3,4] = contract bi,bj->ij %2, %1
  %4: real[3,4] = constant 0.5
  %5: real[3,4] = {new}
  output "W" = %5
}}
"#
        )
    };
    let put_off = |new: &str| {
        let program = parse(&text(new)).expect("it is a program");
        Deferral::of(&program, &["data"]).is_some()
    };
    assert!(put_off("sub %0, %3"));
    assert!(put_off("mul %3, %4"));
    for new in ["min %0, %4", "add %3, %4", "mul %3, %3", "tanh %3", "div %4, %3"] {
        assert!(!put_off(new), "{new}");
    }
    // Asked by something that is not presented.
    let asked = text("add %0, %3")
        .replace("%1, %0", "%2, %0")
        .replace("%2: real[2,3] = contract", "%2: real[2,3] = constant 1.0\n  %6: real[2,4] = contract");
    let asked = asked.replace("bj,ij->bi %2, %0", "bi,ij->bj %2, %0");
    let program = parse(&asked).expect("it is a program");
    assert!(Deferral::of(&program, &["data"]).is_some(), "nothing needs the answer");
}
