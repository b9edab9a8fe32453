//! Several runs of a program, each on what the one before has left, where what they add to large matrices is put off until
//! all are over.
//!
//! ```text
//! y = W x₁;  W = W + d₁ ⊗ x₁          V = W X;  G = Xᵀ X;  C = 0
//! y = W x₂;  W = W + d₂ ⊗ x₂    =>    in the k-th of n runs:  y = V[k] + C G[k];  C[k] = d_k
//! …                                   W = W + C Xᵀ
//! ```
//!
//! In the k-th run only the first k columns of `C` are there: an [`Op::Before`](crate::Op::Before) says so, and the sums are as short.
//!
//! What is presented is known before the first run, and a matrix that is only multiplied by it need not be there in between: what
//! it would answer follows from what it answers now, from what has been added, and from how alike the samples are. So a
//! matrix is read and written once for all runs, and both products with it are of many samples instead of few.
//!
//! This is possible where what a run makes of a matrix is *linear in rows*, `W' = Σ s ∘ W + d ⊗ x`, for any `s` and `d` that
//! have a number for each row: decay, momentum and Oja's rule are, bounds are not. Several matrices may depend on each
//! other in this way. Each run then carries, of every matrix, what its rows have been multiplied by (`s`, from 1), and
//! by how much each sample has been added to each row (`C`, from 0).
//!
//! In real numbers this changes nothing; roundings are others.

mod lift;
mod line;
mod split;

use std::collections::HashMap;

use crate::analysis::renumber;
use crate::builder::Builder;
use crate::program::{Program, Value};
use crate::scalar::BinaryOp;
use crate::several::renews_only;
use crate::types::Type;

use lift::Lift;
use line::{Line, Scale};
use split::{Drive, Split};

/// What of a program's runs can be put off.
#[derive(Debug)]
pub struct Deferral<'a> {
    program: &'a Program,
    /// The inputs that each run has its own of.
    own: Vec<Value>,
    split: Split,
}

impl<'a> Deferral<'a> {
    /// Of a program without [`Op::Map`](crate::Op::Map); inputs of the names in `own` are each run's own, with samples first.
    ///
    /// `None` if there is no such matrix, or if a run leaves anything else than new values for inputs, or depends on how many
    /// were before it: draws do.
    pub fn of(program: &'a Program, own: &[&str]) -> Option<Self> {
        let own: Vec<Value> = own.iter().filter_map(|name| program.input(name)).collect();
        let split = Split::of(program, &own).filter(|_| renews_only(program))?;
        Some(Self { program, own, split })
    }

    /// Each matrix whose changes are put off: its name, its rows and its columns.
    pub fn matrices(&self) -> impl Iterator<Item = (&str, [usize; 2])> {
        let named = self.program.inputs.iter().zip(&self.program.body.parameters);
        named.filter(|(_, input)| self.split.lines.iter().any(|(matrix, _)| matrix == *input)).map(
            |(name, input)| {
                let dims = &self.program.type_of(*input).dims;
                (name.as_str(), [dims[0], dims[1]])
            },
        )
    }

    /// So many runs as one program, whose own inputs have the runs as a further first axis; where each has a single sample, as
    /// the first.
    pub fn program(&self, runs: usize) -> Program {
        let name = format!("{} of {runs} deferred", self.program.name);
        let mut outer = HashMap::new();
        let mut builder = Builder::new(name, self.program.precision);
        for (name, &input) in self.program.inputs.iter().zip(&self.program.body.parameters) {
            let mut ty = self.program.type_of(input).clone();
            if self.own.contains(&input) {
                // A single sample needs no axis beside that of the runs.
                ty.dims.splice(0..usize::from(ty.dims[0] == 1), [runs]);
            }
            outer.insert(input, builder.input(name.clone(), ty));
        }
        let of = Assembly { deferral: self, runs, outer };
        let new = of.all_runs(&mut builder);
        for (name, new) in self.program.outputs.iter().zip(new) {
            builder.output(name.clone(), new);
        }
        let mut program = builder.finish();
        renumber(&mut program);
        program
    }
}

/// A program of several runs in the making.
struct Assembly<'a> {
    deferral: &'a Deferral<'a>,
    runs: usize,
    /// By the program's inputs: those of all runs.
    outer: HashMap<Value, Value>,
}

/// What is known of all samples before the first run.
struct Known {
    /// What is presented in all runs, by what it is in one.
    presented: HashMap<Value, Value>,
    /// By matrix and what it is multiplied by: the products.
    answers: HashMap<(Value, Value), Value>,
    /// By what a matrix is multiplied by: how alike it is to what is added.
    alike: HashMap<Value, Value>,
}

/// What runs carry of the matrices.
struct Carried {
    /// By matrix: how much of each sample has been added to each row.
    added: Vec<Value>,
    /// By matrix and matrix: what the rows of the second are multiplied by in what the first has become; `None` if it is
    /// one, or nothing.
    scales: HashMap<(usize, usize), Value>,
}

impl Assembly<'_> {
    fn split(&self) -> &Split {
        &self.deferral.split
    }

    fn matrix(&self, at: usize) -> Value {
        self.split().lines[at].0
    }

    fn line(&self, at: usize) -> &Line {
        &self.split().lines[at].1
    }

    fn rows(&self, at: usize) -> usize {
        self.type_of(self.matrix(at)).dims[0]
    }

    fn count(&self) -> usize {
        self.split().lines.len()
    }

    fn type_of(&self, value: Value) -> &Type {
        self.deferral.program.type_of(value)
    }

    /// How many axes tell the samples of one run apart.
    fn sample_axes(&self) -> usize {
        self.type_of(self.split().x).rank() - 1
    }

    /// The new values of what the program renews, in its order.
    fn all_runs(&self, b: &mut Builder) -> Vec<Value> {
        let known = self.known(b);
        let whole: Vec<Value> = self.split().whole.iter().map(|(input, _)| self.outer[input]).collect();
        let carried = self.nothing_yet(b);
        let mut initial = whole.clone();
        initial.extend(&carried.added);
        let order: Vec<(usize, usize)> = self.carried_scales();
        initial.extend(order.iter().map(|entry| carried.scales[entry]));
        let read = |values: &[Value]| {
            let (whole, rest) = values.split_at(whole.len());
            let (added, scales) = rest.split_at(self.count());
            let scales = order.iter().copied().zip(scales.iter().copied()).collect();
            (whole.to_vec(), Carried { added: added.to_vec(), scales })
        };
        let after = b.repeat(self.runs as u32, &initial, |b, run, values| {
            let (whole, carried) = read(values);
            let (mut next, carried) = self.one_run(b, run, &known, (&whole, &carried));
            next.extend(&carried.added);
            next.extend(order.iter().map(|entry| carried.scales[entry]));
            next
        });
        let (whole, carried) = read(&after);
        let x = known.presented[&self.split().x];
        let renewed = (0..self.count()).map(|at| (self.matrix(at), self.renewed(b, at, &carried, x)));
        let mut new: HashMap<Value, Value> = renewed.collect();
        new.extend(self.split().whole.iter().map(|(input, _)| *input).zip(whole));
        let program = self.deferral.program;
        let input = |name: &String| program.input(name);
        program.outputs.iter().filter_map(input).map(|input| new[&input]).collect()
    }

    /// Products with what is presented in all runs.
    fn known(&self, b: &mut Builder) -> Known {
        let all = self.deferral.own.iter().map(|own| (*own, self.outer[own])).collect();
        let mut lift = Lift::new(b, self.deferral.program, self.runs, all);
        let x = lift.value(b, self.split().x);
        let mut known = Known { presented: HashMap::new(), answers: HashMap::new(), alike: HashMap::new() };
        for Drive { matrix, x: read, .. } in &self.split().drives {
            let all = lift.value(b, *read);
            let of = self.split().position(*matrix);
            for other in (0..self.count()).filter(|&other| self.is_part(of, other)) {
                let spec = self.spec(if self.sample_axes() == 0 { "K j,i j->i K" } else { "K j,i j->K i" });
                let matrix = self.outer[&self.matrix(other)];
                let answer = known.answers.entry((self.matrix(other), *read));
                answer.or_insert_with(|| b.contract(&spec, all, matrix));
            }
            let spec = self.spec("K j,L j->K L");
            known.alike.entry(*read).or_insert_with(|| b.contract(&spec, all, x));
        }
        known.presented = lift.known;
        known
    }

    /// `K` and `L` stand for the axes of all samples, `k` and `l` for the same without the run.
    fn spec(&self, pattern: &str) -> String {
        let axes = self.sample_axes();
        let [read, added] = ["abcdefgh", "pqrstuvw"].map(|labels| &labels[..axes]);
        let pattern = pattern.replace(' ', "");
        let pattern = pattern.replace('K', &format!("y{read}")).replace('L', &format!("z{added}"));
        pattern.replace('k', read).replace('l', added)
    }

    /// What is carried into the first run.
    fn nothing_yet(&self, b: &mut Builder) -> Carried {
        let x = self.type_of(self.split().x);
        let samples: Vec<usize> = [self.runs].iter().chain(&x.dims[..self.sample_axes()]).copied().collect();
        let added = (0..self.count()).map(|at| {
            let mut dims = samples.clone();
            dims.insert(if self.sample_axes() == 0 { 0 } else { dims.len() }, self.rows(at));
            b.constant(0.0, &dims)
        });
        let added = added.collect();
        let scales = self.carried_scales().into_iter().map(|(of, other)| {
            ((of, other), b.constant(if of == other { 1.0 } else { 0.0 }, &[self.rows(of)]))
        });
        Carried { added, scales: scales.collect() }
    }

    /// Whether something of the second matrix comes to be in the first, in some run.
    fn is_part(&self, of: usize, other: usize) -> bool {
        let mut reached = vec![of];
        let mut at = 0;
        while at < reached.len() {
            let next = self.line(reached[at]).old.keys().map(|&matrix| self.split().position(matrix));
            let new: Vec<usize> = next.filter(|next| !reached.contains(next)).collect();
            reached.extend(new);
            at += 1;
        }
        reached.contains(&other)
    }

    /// Whether what a matrix was itself stays what it was.
    fn stays(&self, at: usize) -> bool {
        let old = &self.line(at).old;
        let itself = matches!(old.get(&self.matrix(at)), Some(Scale::One));
        let mut others = old.keys().map(|&matrix| self.split().position(matrix)).filter(|&other| other != at);
        itself && others.all(|other| !self.is_part(other, at))
    }

    /// The pairs of matrices whose scale changes from run to run.
    fn carried_scales(&self) -> Vec<(usize, usize)> {
        let pairs = (0..self.count()).flat_map(|of| (0..self.count()).map(move |other| (of, other)));
        pairs.filter(|&(of, other)| self.is_part(of, other) && !(of == other && self.stays(of))).collect()
    }

    /// One run: the new values of what it renews, and what is carried on.
    fn one_run(
        &self,
        b: &mut Builder,
        run: Value,
        known: &Known,
        (whole, carried): (&[Value], &Carried),
    ) -> (Vec<Value>, Carried) {
        let split = self.split();
        let mut now = self.outer.clone();
        now.extend(split.whole.iter().map(|(input, _)| *input).zip(whole.iter().copied()));
        for own in &self.deferral.own {
            now.insert(*own, b.slice(known.presented[own], 0, run));
        }
        for drive in &split.drives {
            let answer = self.answer(b, run, known, carried, drive);
            now.insert(drive.result, answer);
        }
        b.splice(&split.program, &split.program.body.operations, &mut now);
        let added = (0..self.count()).map(|at| self.more_added(b, run, at, carried, &now));
        let added = added.collect();
        let scales = self.carried_scales().into_iter().map(|(of, other)| {
            let sum = self.sum_of_old(b, of, &now, |b, via| self.scale(b, (via, other), carried));
            let nothing = |b: &mut Builder| b.constant(0.0, &[self.rows(of)]);
            ((of, other), sum.unwrap_or_else(|| nothing(b)))
        });
        let carried = Carried { scales: scales.collect(), added };
        (split.whole.iter().map(|(_, new)| now[new]).collect(), carried)
    }

    /// What a matrix answers in a run: what it answered before the first one, and what has been added since.
    fn answer(&self, b: &mut Builder, run: Value, known: &Known, carried: &Carried, drive: &Drive) -> Value {
        let of = self.split().position(drive.matrix);
        let first = self.sample_axes() == 0;
        let alike = b.slice(known.alike[&drive.x], 0, run);
        let spec = self.spec(if first { "i L,L->i" } else { "k L,L i->k i" });
        // Later runs have added nothing yet.
        let added = match self.runs {
            1 => carried.added[of],
            _ => b.before(carried.added[of], usize::from(first), run),
        };
        let (lhs, rhs) = if first { (added, alike) } else { (alike, added) };
        let mut sum = b.contract(&spec, lhs, rhs);
        for other in (0..self.count()).rev().filter(|&other| self.is_part(of, other)) {
            let before = known.answers[&(self.matrix(other), drive.x)];
            let mut term = b.slice(before, usize::from(first), run);
            if let Some(&scale) = carried.scales.get(&(of, other)) {
                term = rows_times(b, scale, term, !first);
            }
            sum = b.binary(BinaryOp::Add, term, sum);
        }
        sum
    }

    /// What the second matrix's rows are multiplied by in the first, if there is something of it.
    fn scale(&self, b: &mut Builder, (of, other): (usize, usize), carried: &Carried) -> Option<Value> {
        let carries = carried.scales.get(&(of, other)).copied();
        carries.or_else(|| (of == other).then(|| b.constant(1.0, &[self.rows(of)])))
    }

    /// What the rows of a matrix are made of after a run: `Σ s ∘ e` over the matrices that it comes of.
    fn sum_of_old(
        &self,
        b: &mut Builder,
        of: usize,
        now: &HashMap<Value, Value>,
        mut e: impl FnMut(&mut Builder, usize) -> Option<Value>,
    ) -> Option<Value> {
        let mut sum = None;
        for (&matrix, &scale) in &self.line(of).old {
            let Some(value) = e(b, self.split().position(matrix)) else { continue };
            let term = match scale {
                Scale::One => value,
                Scale::By(rows) => rows_times(b, now[&rows], value, self.sample_axes() > 0),
            };
            sum = Some(sum.map_or(term, |sum| b.binary(BinaryOp::Add, sum, term)));
        }
        sum
    }

    /// How much of each sample has been added to a matrix after a run.
    fn more_added(
        &self,
        b: &mut Builder,
        run: Value,
        at: usize,
        carried: &Carried,
        now: &HashMap<Value, Value>,
    ) -> Value {
        let before = self.sum_of_old(b, at, now, |_, via| Some(carried.added[via]));
        let before = before.unwrap_or_else(|| {
            let dims = b.type_of(carried.added[at]).dims.clone();
            b.constant(0.0, &dims)
        });
        let Some((fresh, _)) = self.line(at).fresh else { return before };
        let axis = usize::from(self.sample_axes() == 0);
        b.insert(before, now[&fresh], axis, run)
    }

    /// A matrix after all runs.
    fn renewed(&self, b: &mut Builder, at: usize, carried: &Carried, x: Value) -> Value {
        let spec = self.spec(if self.sample_axes() == 0 { "i L,L j->i j" } else { "L i,L j->i j" });
        // To a matrix of other columns nothing is added: what is presented does not fit.
        let fits = self.type_of(self.matrix(at)).dims.last() == b.type_of(x).dims.last();
        let mut sum = fits.then(|| b.contract(&spec, carried.added[at], x));
        for other in (0..self.count()).rev().filter(|&other| self.is_part(at, other)) {
            let mut term = self.outer[&self.matrix(other)];
            if let Some(&scale) = carried.scales.get(&(at, other)) {
                term = rows_times(b, scale, term, false);
            }
            sum = Some(sum.map_or(term, |sum| b.binary(BinaryOp::Add, term, sum)));
        }
        sum.unwrap_or(self.outer[&self.matrix(at)])
    }
}

/// A number for each row times a value, of which rows are the last axis or the first.
fn rows_times(b: &mut Builder, rows: Value, value: Value, last: bool) -> Value {
    let dims = b.type_of(value).dims.clone();
    let axis = if last { dims.len() - 1 } else { 0 };
    let rows = b.broadcast(rows, &[axis], &dims);
    b.binary(BinaryOp::Mul, rows, value)
}
