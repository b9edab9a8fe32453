//! Compiled code against the interpreter.
//!
//! Element-wise operations, reductions and random draws agree bit for bit; contractions may be summed in any order, each
//! result within `n·ε·Σ|a·b|` of the exact sum (rule 6 of [`plr_ir`]). How far two runs may then be apart at the outputs
//! depends on the program: a phase that contracts forgets rounding errors, a difference of two nudged phases divided by
//! a small number magnifies them, and a number that differs in its last digit may be rounded the other way by everything that
//! is done with it. The bound is therefore measured: the interpreter runs the program with all of this (`noise`): every result
//! of a contraction moved at random within its allowance, and every result of an operation on what comes of one (`reach`) within
//! what its own rounding allows, times a safety factor. What this does to an output is what the back ends may differ by, and
//! nothing is added to it. The factor is inside because a small error may do nothing in most cases, and in some let a number
//! far larger than itself be rounded the other way. An output that no contraction reaches is not moved, and must agree exactly.

mod deferred;
mod noise;
mod reach;

use plr_ir::model::{Model, Piece};
use plr_ir::{Block, Op, Precision, Program, Tensor};

use crate::backend::{Arrays, Backend, Context, RunError, Runner};
use crate::draws::Draws;
use crate::init;
use crate::session::first_values;

/// How often the allowance is sampled.
const DRAWS: u32 = 4;
/// Both back ends may err, in opposite directions, and a few draws do not find the worst case.
const SAFETY: f64 = 8.0;
/// Consecutive updates that are compared.
const UPDATES: u32 = 3;
/// Steps of a loop that are compared, at most: what a step does wrong shows in the first ones, and thousands take the interpreter
/// long.
const STEPS: u32 = 200;

/// How far the two back ends are apart in one output of one program.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The program: the update or the presentation with everything inside.
    pub piece: Piece,
    /// Its precision.
    pub precision: Precision,
    /// Updates made before it.
    pub updates: u32,
    /// Presentations made by compiled code in one program, and by the interpreter one after the other.
    pub presentations: u32,
    /// The output.
    pub output: String,
    /// The largest difference of an element; infinite where only one is NaN.
    pub largest: f64,
    /// How large it may be.
    pub bound: f64,
    /// Whether there is nothing but NaN to compare.
    pub empty: bool,
}

impl Difference {
    /// Whether the back ends agree.
    pub fn agrees(&self) -> bool {
        self.largest <= self.bound
    }
}

/// Runs a few updates of a rule on random samples, and then the presentation with everything inside, compiled and
/// interpreted, in both precisions, each time from the same parameters, and compares every output. Where weights can be put
/// off, so are those that several presentations leave.
///
/// # Errors
/// If a program cannot be compiled or run.
pub fn run(model: &dyn Model, batch: usize, seed: u64, threads: usize) -> Result<Vec<Difference>, RunError> {
    let mut differences = Vec::new();
    for precision in Precision::ALL {
        let mut arrays = first_arrays(model, batch, seed, precision)?;
        for (piece, first, last) in [(Piece::Update, 0, UPDATES), (Piece::Probe, UPDATES, UPDATES + 1)] {
            let Some(mut program) = model.program(piece, batch, precision) else { continue };
            let Some(mut unfused) = model.unfused(piece, batch, precision) else { continue };
            shorten(&mut program.body);
            shorten(&mut unfused.body);
            let mut compared = Compared::new(&program, &unfused, threads)?;
            for updates in first..last {
                present(model, batch, seed, updates, precision, &mut arrays);
                let (found, outputs) = compared.distances(&arrays, Context { seed, update: updates })?;
                differences.extend(found.into_iter().map(|Distance { output, largest, bound, empty }| {
                    Difference { piece, precision, updates, presentations: 1, output, largest, bound, empty }
                }));
                // An update yields the learned parameters under their own names.
                arrays.extend(outputs.into_iter().filter(|_| piece == Piece::Update));
            }
        }
        differences.extend(deferred::run(model, batch, (seed, threads), precision)?);
    }
    Ok(differences)
}

/// What a rule begins with.
fn first_arrays(
    model: &dyn Model,
    batch: usize,
    seed: u64,
    precision: Precision,
) -> Result<Arrays, RunError> {
    let names = model.parameters().iter().map(|parameter| parameter.name.clone());
    let parameters = init::parameters(model.parameters(), seed, precision)
        .map_err(|room| RunError::NoRoom { program: model.name().to_owned(), room })?;
    Ok(names.zip(parameters).chain(first_values(model, batch, precision)).collect())
}

/// Lets loops end early.
fn shorten(block: &mut Block) {
    for operation in &mut block.operations {
        if let Op::Repeat(repeat) = &mut operation.op {
            repeat.count = repeat.count.clamp(1, STEPS);
            shorten(&mut repeat.body);
        }
    }
}

/// Draws a minibatch into the arrays.
fn present(
    model: &dyn Model,
    batch: usize,
    seed: u64,
    update: u32,
    precision: Precision,
    arrays: &mut Arrays,
) {
    let shape = model.shape();
    let (data, target) = (shape.data(batch), shape.target(batch));
    let count = |dims: &[usize]| dims.iter().product();
    let numbers = Draws::new(seed, "compare: data", update).normals(count(&data));
    arrays.insert("data".to_owned(), Tensor::from_f64(data, &numbers, precision));
    let mut draws = Draws::new(seed, "compare: target", update);
    let numbers: Vec<f64> = (0..count(&target)).map(|_| draws.uniform()).collect();
    arrays.insert("target".to_owned(), Tensor::from_f64(target, &numbers, precision));
}

/// How far an output is from the interpreter's, and how far it may be.
struct Distance {
    output: String,
    largest: f64,
    bound: f64,
    empty: bool,
}

impl Distance {
    /// Of what was computed from the interpreter's number, as far as noise moves it.
    fn of<'t>(
        output: &str,
        (compiled, interpreted): (&Tensor, &Tensor),
        noisy: impl Iterator<Item = &'t Tensor>,
    ) -> Self {
        let bound = noisy.map(|moved| largest_difference(moved, interpreted)).fold(0.0, larger);
        let numbers = interpreted.to_f64();
        let empty = !numbers.is_empty() && numbers.iter().all(|x| x.is_nan());
        let largest = largest_difference(compiled, interpreted);
        Self { output: output.to_owned(), largest, bound, empty }
    }
}

/// One program on both back ends, and with noise.
struct Compared {
    compiled: Runner,
    interpreted: Runner,
    noisy: Vec<Runner>,
}

impl Compared {
    /// Of a program, and the same one without fused operations.
    fn new(program: &Program, unfused: &Program, threads: usize) -> Result<Self, RunError> {
        let draws = if noise::has_contraction(&unfused.body) { DRAWS } else { 0 };
        let noisy =
            (0..draws).map(|draw| Runner::new(noise::add(unfused, draw, SAFETY), Backend::Interpreter));
        Ok(Self {
            compiled: Runner::new(program.clone(), Backend::Jit { threads })?,
            interpreted: Runner::new(program.clone(), Backend::Interpreter)?,
            noisy: noisy.collect::<Result<_, _>>()?,
        })
    }

    /// For each output its distance and bound; and the interpreter's outputs.
    fn distances(&mut self, arrays: &Arrays, context: Context) -> Result<(Vec<Distance>, Arrays), RunError> {
        let compiled = self.compiled.run_named(arrays, context)?;
        let interpreted = self.interpreted.run_named(arrays, context)?;
        let noisy = self.noisy.iter_mut().map(|runner| runner.run_named(arrays, context));
        let noisy: Vec<Arrays> = noisy.collect::<Result<_, _>>()?;
        let compare = |(name, value): (&String, &Tensor)| {
            Distance::of(name, (&compiled[name], value), noisy.iter().map(|outputs| &outputs[name]))
        };
        let found = interpreted.iter().map(compare).collect();
        Ok((found, interpreted))
    }
}

/// The largest difference of two elements; those that are equal do not differ, nor those that are both infinite or NaN: which
/// of the two a sum becomes that overflows depends on the order of its terms.
fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let difference = |(a, b): (f64, f64)| match () {
        () if a == b || !(a.is_finite() || b.is_finite()) => 0.0,
        () if a.is_nan() || b.is_nan() => f64::INFINITY,
        () => (a - b).abs(),
    };
    a.to_f64().into_iter().zip(b.to_f64()).map(difference).fold(0.0, larger)
}

fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

#[cfg(test)]
mod tests {
    use plr_ir::Type;
    use plr_ir::builder::Builder;
    use plr_ir::scalar::BinaryOp;

    use super::*;

    const N: usize = 40;

    /// `W x + sign * c`, with `c` small beside `W x`.
    fn program(sign: f64, precision: Precision) -> Program {
        let mut b = Builder::new("planted", precision);
        let w = b.input("w", Type::real([N, N]));
        let x = b.input("x", Type::real([3, N]));
        let y = b.contract("bj,ij->bi", x, w);
        let c = b.constant(sign * 0.1, &[3, N]);
        let moved = b.binary(BinaryOp::Add, y, c);
        let exact = b.binary(BinaryOp::Mul, x, x);
        b.output("moved", moved);
        b.output("exact", exact);
        b.finish()
    }

    /// The distances when compiled code computes with one sign and the interpreter with the positive one.
    fn distances(sign: f64, precision: Precision) -> Vec<Distance> {
        let program = program(1.0, precision);
        let mut compared = Compared::new(&program, &program, 1).unwrap();
        compared.compiled = Runner::new(self::program(sign, precision), Backend::Jit { threads: 1 }).unwrap();
        let draw = |name, rows| {
            let numbers = Draws::new(1, name, 0).normals(rows * N);
            (name.to_owned(), Tensor::from_f64([rows, N], &numbers, precision))
        };
        let arrays = Arrays::from([draw("w", N), draw("x", 3)]);
        compared.distances(&arrays, Context { seed: 1, update: 0 }).unwrap().0
    }

    fn moved(distances: Vec<Distance>) -> Distance {
        distances.into_iter().find(|distance| distance.output == "moved").unwrap()
    }

    #[test]
    fn a_sign_error_in_compiled_code_is_far_outside_the_bound() {
        for precision in Precision::ALL {
            for Distance { output, largest, bound, .. } in distances(1.0, precision) {
                assert!(largest <= bound, "{output} {largest} {bound}");
                assert_eq!(output == "exact", bound == 0.0);
            }
            let Distance { largest, bound, .. } = moved(distances(-1.0, precision));
            assert!(largest > 100.0 * bound, "{largest} {bound}");
        }
    }

    /// The bound follows the allowance of the contraction: it is about as large, times the safety factor.
    #[test]
    fn the_bound_of_one_contraction_follows_its_allowance() {
        let Distance { bound, .. } = moved(distances(1.0, Precision::F64));
        // Σ|w x| over 40 products of Gaussian numbers is about 40 · 2/π, and at most some 50.
        let allowance = N as f64 * f64::EPSILON * 40.0 * std::f64::consts::FRAC_2_PI;
        assert!(bound > allowance && bound < 2.0 * SAFETY * allowance, "{bound} {allowance}");
    }

    /// Two relaxations of `s = s + (tanh(W s + x ± β) − s) / 2` from one beginning, what their ends tell a weight, and the
    /// difference that this makes to the weight: everything is a difference of nearly equal numbers.
    const NUDGED: &str = r#"program "nudged" f64 (%x "x": real[3,4], %w "w": real[4,4]) {
  %b: real[3,4] = constant 0.001
  %h: real[3,4] = constant 0.5
  %up: real[3,4] = add %x, %b
  %down: real[3,4] = sub %x, %b
  %p: real[3,4] = repeat 20 (%t: index, %s: real[3,4] = %x) {
    %a: real[3,4] = contract bj,ij->bi %s, %w
    %d: real[3,4] = add %a, %up
    %f: real[3,4] = tanh %d
    %e: real[3,4] = sub %f, %s
    %g: real[3,4] = mul %h, %e
    %n: real[3,4] = add %s, %g
    yield %n
  }
  %m: real[3,4] = repeat 20 (%u: index, %s2: real[3,4] = %x) {
    %a2: real[3,4] = contract bj,ij->bi %s2, %w
    %d2: real[3,4] = add %a2, %down
    %f2: real[3,4] = tanh %d2
    %e2: real[3,4] = sub %f2, %s2
    %g2: real[3,4] = mul %h, %e2
    %n2: real[3,4] = add %s2, %g2
    yield %n2
  }
  %difference: real[3,4] = sub %p, %m
  %slope: real[3,4] = div %difference, %b
  %learned: real[4,4] = contract bi,bj->ij %slope, %x
  %rate: real[4,4] = constant 1e-6
  %step: real[4,4] = mul %rate, %learned
  %new: real[4,4] = add %w, %step
  %increment: real[4,4] = sub %new, %w
  output "slope" = %slope
  output "increment" = %increment
}"#;

    fn nudged(precision: Precision) -> (Program, Arrays) {
        let program = plr_ir::text::parse(&NUDGED.replace("f64", &precision.to_string())).unwrap();
        let draw = |name: &str, rows: usize, size: f64| {
            let numbers: Vec<f64> =
                Draws::new(7, name, 0).normals(rows * 4).iter().map(|x| size * x).collect();
            (name.to_owned(), Tensor::from_f64([rows, 4], &numbers, precision))
        };
        (program, Arrays::from([draw("x", 3, 1.0), draw("w", 4, 0.3)]))
    }

    /// Compiled code that computes the second program, where the first one is meant.
    fn against(meant: &Program, done: &Program, arrays: &Arrays) -> Vec<Distance> {
        let mut compared = Compared::new(meant, meant, 1).unwrap();
        compared.compiled = Runner::new(done.clone(), Backend::Jit { threads: 1 }).unwrap();
        compared.distances(arrays, Context { seed: 1, update: 0 }).unwrap().0
    }

    #[test]
    fn differences_of_nearly_equal_numbers_are_within_the_bound() {
        for precision in Precision::ALL {
            let (program, arrays) = nudged(precision);
            for Distance { output, largest, bound, .. } in against(&program, &program, &arrays) {
                assert!(largest <= bound, "{precision} {output} {largest} {bound}");
            }
        }
    }

    /// Every operation done wrongly, and in f64 the rate a little, is outside the bound. In f32 the rounding of a weight hides
    /// that much of what it gains. The sizes of the nudge and of the steps are not among the numbers: a slope and where a
    /// relaxation ends do not depend on them.
    #[test]
    fn no_mistake_in_compiled_code_is_within_the_bound() {
        for precision in Precision::ALL {
            let (program, arrays) = nudged(precision);
            let text = plr_ir::text::print(&program);
            let lines: Vec<&str> = text.lines().collect();
            let mut found = 0;
            for (at, line) in lines.iter().enumerate() {
                for (from, to) in [
                    ("= add", "= sub"),
                    ("= sub", "= add"),
                    ("= mul", "= add"),
                    ("= div", "= mul"),
                    ("= tanh", "= sigmoid"),
                    ("ij->bi", "ji->bi"),
                    ("bi,bj->ij", "bj,bi->ij"),
                    ("repeat 20", "repeat 5"),
                    ("constant 0.000001", "constant 0.0000010000001"),
                ] {
                    let number = from.starts_with("constant");
                    if !line.contains(from) || (number && precision == Precision::F32) {
                        continue;
                    }
                    let mutated = line.replacen(from, to, 1);
                    let done: Vec<&str> = lines
                        .iter()
                        .enumerate()
                        .map(|(k, line)| if k == at { &mutated } else { *line })
                        .collect();
                    let done = plr_ir::text::parse(&done.join("\n")).unwrap();
                    let outside = |d: &Distance| d.largest > d.bound;
                    assert!(against(&program, &done, &arrays).iter().any(outside), "{precision}: {mutated}");
                    found += 1;
                }
            }
            assert!(found >= 20, "{found} mistakes");
        }
    }
}
