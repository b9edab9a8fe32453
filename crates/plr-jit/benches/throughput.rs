//! How fast compiled code runs here: `cargo bench -p plr-jit`. Median of 15 rounds; a shared machine is noisy, so compare
//! ratios.

use std::hint::black_box;
use std::time::{Duration, Instant};

use plr_ir::builder::Builder;
use plr_ir::generate;
use plr_ir::pass::{self, optimise};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Precision, Program, Tensor, Type, Value};
use plr_jit::{Context, Executable, Options};

/// Seconds of one run: the median over rounds of as many runs as fit into some milliseconds. Inputs that have the name of an output
/// are updated in place.
fn seconds(program: &Program, threads: usize) -> f64 {
    let options = Options { threads, verify_clif: false, in_place: true, ..Options::default() };
    let mut executable = Executable::compile(program, &options).expect("it compiles");
    let tensor = |value: &Value| {
        let ty = program.type_of(*value);
        let numbers: Vec<f64> = (0..ty.count()).map(|i| (i % 97) as f64 / 97.0 - 0.4).collect();
        Tensor::from_f64(ty.dims.clone(), &numbers, program.precision)
    };
    let kept = program.inputs.iter().zip(&program.body.parameters);
    let kept = kept.filter(|(name, _)| !program.outputs.contains(name));
    let inputs: Vec<Tensor> = kept.map(|(_, value)| tensor(value)).collect();
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let mut outputs: Vec<Tensor> = program.body.results.iter().map(tensor).collect();
    let mut time = |runs: u32| {
        let begin = Instant::now();
        for _ in 0..runs {
            executable.run(black_box(&inputs), &mut outputs, Context::default()).expect("the tensors fit");
        }
        begin.elapsed().as_secs_f64() / f64::from(runs)
    };
    let runs = ((4e-3 / time(3)) as u32).clamp(1, 100_000);
    let mut rounds: Vec<f64> = (0..15).map(|_| time(runs)).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[7]
}

/// A program over `n` elements, optimised.
fn elementwise(
    precision: Precision,
    n: usize,
    body: impl Fn(&mut Builder, Value, Value) -> Value,
) -> Program {
    let mut b = Builder::new("elementwise", precision);
    let (x, y) = (b.input("x", Type::real([n])), b.input("y", Type::real([n])));
    let result = body(&mut b, x, y);
    b.output("z", result);
    let mut program = b.finish();
    optimise(&mut program, pass::Options::default());
    program
}

fn elementwise_lines(precision: Precision) {
    let bytes = 3.0 * precision.bytes() as f64;
    for n in [2_000, 50_000, 4_000_000] {
        let add = elementwise(precision, n, |b, x, y| b.binary(BinaryOp::Add, x, y));
        let rates = [1, 2].map(|threads| n as f64 * bytes / seconds(&add, threads) / 1e9);
        println!("{precision} x + y, {n} elements: {:.1} GB/s, 2 threads {:.1}", rates[0], rates[1]);
    }
    for op in [UnaryOp::Tanh, UnaryOp::Sigmoid, UnaryOp::Exp, UnaryOp::Log] {
        let program = elementwise(precision, 2_000, |b, x, y| {
            let sum = b.binary(BinaryOp::Add, x, y);
            b.unary(op, sum)
        });
        println!("{precision} {op}(x + y): {:.2} G elements/s", 2e-6 / seconds(&program, 1));
    }
}

fn products(m: usize, n: usize, k: usize) {
    for (spec, a, b) in
        [("bj,ij->bi", [m, k], [n, k]), ("bj,ji->bi", [m, k], [k, n]), ("jb,ji->bi", [k, m], [k, n])]
    {
        let mut builder = Builder::new("product", Precision::F32);
        let (a, b) = (builder.input("a", Type::real(a)), builder.input("b", Type::real(b)));
        let c = builder.contract(spec, a, b);
        builder.output("c", c);
        let program = builder.finish();
        let rates = [1, 2].map(|threads| 2.0 * (m * n * k) as f64 / seconds(&program, threads) / 1e9);
        println!("{spec} {m}×{k}×{n}: {:.1} GFLOP/s, 2 threads {:.1}", rates[0], rates[1]);
    }
}

/// A contrast of two phases with a clamped input, over the weights: how fast an update is.
fn update(rows: usize, columns: usize, samples: usize) {
    let mut b = Builder::new("update", Precision::F32);
    let w = b.input("W", Type::real([rows, columns]));
    let [plus, minus] = ["plus", "minus"].map(|name| b.input(name, Type::real([samples, rows])));
    let x = b.input("x", Type::real([samples, columns]));
    let [plus, minus] = [plus, minus].map(|post| b.contract("bi,bj->ij", post, x));
    let contrast = b.binary(BinaryOp::Sub, plus, minus);
    let rate = b.constant(1e-6, &[rows, columns]);
    let change = b.binary(BinaryOp::Mul, rate, contrast);
    let new = b.binary(BinaryOp::Add, w, change);
    b.output("W", new);
    let mut program = b.finish();
    optimise(&mut program, pass::Options::default());
    let times = [1, 2].map(|threads| seconds(&program, threads) * 1e6);
    println!(
        "update of {rows}×{columns} by {samples} samples: {:.1} µs, 2 threads {:.1}",
        times[0], times[1]
    );
}

/// A rule that learns from single samples, with a running sum over units or without.
fn online(units: usize, inputs: usize, deflated: bool) {
    let mut b = Builder::new("online", Precision::F32);
    let (w, x) = (b.input("W", Type::real([units, inputs])), b.input("x", Type::real([inputs])));
    let dims = [units, inputs];
    let y = b.contract("ij,j->i", w, x);
    let (post, pre) = (b.broadcast(y, &[0], &dims), b.broadcast(x, &[1], &dims));
    let mut decay = b.binary(BinaryOp::Mul, post, w);
    if deflated {
        decay = b.running_sum(decay, 0);
    }
    let rest = b.binary(BinaryOp::Sub, pre, decay);
    let rate = b.constant(1e-6, &dims);
    let change = b.binary(BinaryOp::Mul, post, rest);
    let change = b.binary(BinaryOp::Mul, rate, change);
    let new = b.binary(BinaryOp::Add, w, change);
    b.output("W", new);
    let mut program = b.finish();
    optimise(&mut program, pass::Options::default());
    let times = [1, 2].map(|threads| seconds(&program, threads) * 1e6);
    let sums = if deflated { ", running sums" } else { "" };
    println!("a sample for {units}×{inputs} weights{sums}: {:.2} µs, 2 threads {:.2}", times[0], times[1]);
}

/// The time of each pass over programs of a hundred operations.
fn passes() {
    let settings = generate::Settings { operations: 100, ..generate::Settings::new(Precision::F32) };
    let programs: Vec<Program> = (0..20).map(|seed| generate::program(seed, &settings)).collect();
    let mut times: Vec<(&str, f64)> = Vec::new();
    for mut program in programs {
        let note = |pass: &'static pass::Pass, _: &Program, time: Duration| match times
            .iter_mut()
            .find(|(name, _)| *name == pass.name)
        {
            Some((_, sum)) => *sum += time.as_secs_f64(),
            None => times.push((pass.name, time.as_secs_f64())),
        };
        optimise(&mut program, pass::Options { after: Some(Box::new(note)), ..pass::Options::default() });
    }
    for (name, sum) in times {
        println!("pass {name} on a hundred operations: {:.0} µs", sum / 20.0 * 1e6);
    }
}

/// A loop whose steps compute next to nothing: what a step costs.
fn step() {
    let mut b = Builder::new("step", Precision::F32);
    let x = b.input("x", Type::real([4]));
    let results = b.repeat(1000, &[x], |b, _, c| vec![b.binary(BinaryOp::Mul, c[0], x)]);
    b.output("x", results[0]);
    println!("a step on 4 elements: {:.0} ns", seconds(&b.finish(), 1) * 1e6);
}

/// The dynamics of equilibrium propagation on 784-500-10, 20 samples, 24 steps, the input's drive hoisted.
fn relaxation(threads: usize) {
    let (batch, hidden, out) = (20, 500, 10);
    let mut b = Builder::new("relaxation", Precision::F32);
    let (data, first) = (b.input("data", Type::real([batch, 784])), b.input("W1", Type::real([hidden, 784])));
    let second = b.input("W2", Type::real([out, hidden]));
    let (bias, bias_out) = (b.input("b1", Type::real([hidden])), b.input("b2", Type::real([out])));
    let (h, o) = (b.constant(0.0, &[batch, hidden]), b.constant(0.0, &[batch, out]));
    let drive = b.contract("bj,ij->bi", data, first);
    let states = b.repeat(24, &[h, o], |b, _, c| {
        let back = b.contract("bj,ji->bi", c[1], second);
        let forward = b.contract("bj,ij->bi", c[0], second);
        let bias = b.broadcast(bias, &[1], &[batch, hidden]);
        let bias_out = b.broadcast(bias_out, &[1], &[batch, out]);
        let sum = b.binary(BinaryOp::Add, drive, back);
        let sum = b.binary(BinaryOp::Add, sum, bias);
        let sum_out = b.binary(BinaryOp::Add, forward, bias_out);
        vec![b.unary(UnaryOp::Sigmoid, sum), b.unary(UnaryOp::Sigmoid, sum_out)]
    });
    b.output("h", states[0]);
    b.output("o", states[1]);
    let mut program = b.finish();
    optimise(&mut program, pass::Options::default());
    println!(
        "relaxation 784-500-10, 24 steps, {threads} threads: {:.3} ms",
        seconds(&program, threads) * 1e3
    );
}

/// The time to compile a program of many different kernels.
fn compilation() {
    let mut b = Builder::new("compilation", Precision::F32);
    let x = b.input("x", Type::real([64, 512]));
    for (i, &op) in UnaryOp::ALL.iter().enumerate() {
        let y = b.unary(op, x);
        b.output(format!("y{i}"), y);
    }
    let program = b.finish();
    let options = Options { threads: 1, verify_clif: false, ..Options::default() };
    let times = (0..9).map(|_| Executable::compile(&program, &options).expect("it compiles").compile_time());
    let mut times: Vec<f64> = times.map(|time| (time.planning + time.linking).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    println!("{} kernels, one for each unary operation: {:.2} ms to compile", UnaryOp::ALL.len(), times[4]);
}

fn main() {
    Precision::ALL.into_iter().for_each(elementwise_lines);
    for (m, n, k) in [
        (64, 512, 784),
        (64, 512, 512),
        (20, 500, 784),
        (20, 10, 500),
        (20, 500, 10),
        (512, 512, 64),
        (1, 512, 512),
    ] {
        products(m, n, k);
    }
    update(500, 784, 20);
    update(512, 512, 64);
    online(100, 784, false);
    online(100, 784, true);
    step();
    [1, 2].into_iter().for_each(relaxation);
    compilation();
    passes();
}
