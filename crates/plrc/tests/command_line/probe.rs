//! One presentation against the same written down by hand in plain loops.

use std::collections::BTreeMap;

use plr_ir::{Precision, Tensor};
use plr_run::data::npz;
use plr_run::weights;

use crate::workplace::Workplace;

const SAMPLES: usize = 5;
const LR: f64 = 0.3;

type Matrix = Vec<Vec<f64>>;

/// Numbers between -1 and 1 without a pattern.
fn numbers(rows: usize, columns: usize, phase: f64) -> Matrix {
    let number = |i: usize| (f64::from(i as u32 + 1) * 12.9898 + phase).sin();
    (0..rows).map(|r| (0..columns).map(|c| number(r * columns + c)).collect()).collect()
}

fn tensor(matrix: &Matrix) -> Tensor {
    Tensor::from_f64(vec![matrix.len(), matrix[0].len()], &matrix.concat(), Precision::F64)
}

fn vector(numbers: &[f64]) -> Tensor {
    Tensor::from_f64(vec![numbers.len()], numbers, Precision::F64)
}

/// `W x + b` for each sample.
fn arrive(w: &Matrix, x: &Matrix, b: &[f64]) -> Matrix {
    let row = |x: &Vec<f64>| w.iter().zip(b).map(|(w, b)| dot(w, x) + b).collect();
    x.iter().map(row).collect()
}

/// `Wᵀ d` for each sample.
fn back(w: &Matrix, d: &Matrix) -> Matrix {
    let row = |d: &Vec<f64>| (0..w[0].len()).map(|j| (0..w.len()).map(|i| w[i][j] * d[i]).sum()).collect();
    d.iter().map(row).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn each(a: &Matrix, f: impl Fn(f64) -> f64) -> Matrix {
    a.iter().map(|row| row.iter().map(|&a| f(a)).collect()).collect()
}

fn both(a: &Matrix, b: &Matrix, f: impl Fn(f64, f64) -> f64) -> Matrix {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()).collect()
}

/// The batch mean of `scale · post_i · pre_j`.
fn outer(post: &Matrix, pre: &Matrix, scale: f64) -> Matrix {
    let mean =
        |i: usize, j: usize| (0..SAMPLES).map(|s| post[s][i] * pre[s][j]).sum::<f64>() / SAMPLES as f64;
    (0..post[0].len()).map(|i| (0..pre[0].len()).map(|j| scale * mean(i, j)).collect()).collect()
}

/// The batch mean of `scale · post_i`.
fn mean(post: &Matrix, scale: f64) -> Vec<f64> {
    let mean = |i: usize| scale * (0..SAMPLES).map(|s| post[s][i]).sum::<f64>() / SAMPLES as f64;
    (0..post[0].len()).map(mean).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Presents the arrays, and compares what is expected by name on both back ends.
fn compare(place: &Workplace, network: &str, given: [&[(&str, Tensor)]; 2], expected: &[(&str, Tensor)]) {
    for (name, arrays) in ["params.npz", "data.npz"].into_iter().zip(given) {
        let arrays: BTreeMap<_, _> = arrays.iter().map(|(name, a)| ((*name).to_owned(), a.clone())).collect();
        npz::write_arrays(&place.path(name), &arrays).unwrap();
    }
    let files = ["--params", "params.npz", "--data", "data.npz", "--out", "out.npz"];
    for (backend, precision, near) in
        [("jit", "f64", 1e-13), ("interp", "f64", 1e-13), ("jit", "f32", 1e-5), ("interp", "f32", 1e-5)]
    {
        let how = ["--network", network, "--backend", backend, "--precision", precision];
        place.plrc(["probe", "rule.plr"].iter().chain(&files).chain(&how)).well();
        let found = npz::read_arrays(&place.path("out.npz")).unwrap();
        for (name, wanted) in expected {
            let found = found.get(*name).unwrap_or_else(|| panic!("no {name}")).clone().into_tensor();
            assert_eq!(found.dims, wanted.dims, "{name}");
            for (found, wanted) in found.to_f64().iter().zip(wanted.to_f64()) {
                assert!(
                    (found - wanted).abs() < near,
                    "{name}, {backend} {precision}: {found} is not {wanted}"
                );
            }
        }
    }
}

#[test]
fn backprop_is_what_the_chain_rule_says() {
    let place = Workplace::new("probe_backprop");
    place.write(
        "rule.plr",
        format!(
            "rule Backprop(lr = {LR}) allow weight_transport {{
  neuron {{
    param b = 0
    state a, x, d
  }}
  synapse W : below -> self = glorot()
  phase forward {{ clamp input x = data;  sweep up {{ a = W @ below.x + b;  x = f(a) }} }}
  phase backward {{
    output d = -cost'(a)
    sweep down {{ hidden d = f'(a) * (W.T @ above.d) }}
  }}
  learn {{
    W += lr * post.d * pre.x
    b += lr * d
  }}
  predict output.x after forward
}}
"
        ),
    );
    let (w1, w2) = (numbers(4, 3, 0.0), numbers(2, 4, 1.0));
    let (b1, b2) = (numbers(1, 4, 2.0).concat(), numbers(1, 2, 3.0).concat());
    let (data, target) = (numbers(SAMPLES, 3, 4.0), numbers(SAMPLES, 2, 5.0));

    let a1 = arrive(&w1, &data, &b1);
    let x1 = each(&a1, f64::tanh);
    let a2 = arrive(&w2, &x1, &b2);
    let x2 = each(&a2, sigmoid);
    let error = both(&target, &x2, |target, x| target - x);
    let d2 = both(&error, &x2, |error, x| error * x * (1.0 - x));
    let d1 = both(&back(&w2, &d2), &x1, |d, x| d * (1.0 - x * x));
    let (dw1, dw2) = (outer(&d1, &data, LR), outer(&d2, &x1, LR));

    let parameters = [
        ("W/input->h1", tensor(&w1)),
        ("W/h1->output", tensor(&w2)),
        ("b/h1", vector(&b1)),
        ("b/output", vector(&b2)),
    ];
    let expected = [
        ("state/forward/x/input", tensor(&data)),
        ("state/forward/a/h1", tensor(&a1)),
        ("state/forward/x/h1", tensor(&x1)),
        ("state/forward/x/output", tensor(&x2)),
        ("state/backward/d/output", tensor(&d2)),
        ("state/backward/d/h1", tensor(&d1)),
        ("increment/W/input->h1", tensor(&dw1)),
        ("increment/W/h1->output", tensor(&dw2)),
        ("increment/b/h1", vector(&mean(&d1, LR))),
        ("increment/b/output", vector(&mean(&d2, LR))),
        ("new/W/input->h1", tensor(&both(&w1, &dw1, |w, dw| w + dw))),
        ("new/W/h1->output", tensor(&both(&w2, &dw2, |w, dw| w + dw))),
    ];
    let batch = [("data", tensor(&data)), ("target", tensor(&target))];
    compare(&place, "3 - 4 tanh - 2 sigmoid", [&parameters, &batch], &expected);
}

/// All layers at once, old values read; what a phase begins with is where another one ended.
#[test]
fn a_relaxation_reads_old_values_and_goes_on_from_the_phase_it_names() {
    const BETA: f64 = 0.5;
    let place = Workplace::new("probe_relaxation");
    place.write(
        "rule.plr",
        format!(
            "rule EP(beta = {BETA}, lr = {LR}) {{
  neuron {{
    param b = 0
    state s = 0
    let drive = W @ below.s + W.T @ above.s + b
  }}
  synapse W : below -> self = glorot(), symmetric
  phase free (steps = 7) {{ clamp input s = data;  s = f(drive) }}
  phase nudged (steps = 3, from = free) {{ hidden s = f(drive);  output s = f(drive + beta * (target - s)) }}
  learn {{
    W += lr / beta * (post.s[nudged] * pre.s[nudged] - post.s[free] * pre.s[free])
    b += lr / beta * (s[nudged] - s[free])
  }}
  predict output.s after free
}}
"
        ),
    );
    let (w1, w2) = (numbers(3, 2, 0.5), numbers(2, 3, 1.5));
    let (b1, b2) = (numbers(1, 3, 2.5).concat(), numbers(1, 2, 3.5).concat());
    let (data, target) = (numbers(SAMPLES, 2, 4.5), numbers(SAMPLES, 2, 5.5));

    let step = |(s1, s2): &(Matrix, Matrix), beta: f64| {
        let hidden = both(&arrive(&w1, &data, &b1), &back(&w2, s2), |up, down| sigmoid(up + down));
        let nudge = both(&target, s2, |target, s| beta * (target - s));
        (hidden, both(&arrive(&w2, s1, &b2), &nudge, |drive, nudge| sigmoid(drive + nudge)))
    };
    let mut free = (vec![vec![0.0; 3]; SAMPLES], vec![vec![0.0; 2]; SAMPLES]);
    for _ in 0..7 {
        free = step(&free, 0.0);
    }
    let mut nudged = free.clone();
    for _ in 0..3 {
        nudged = step(&nudged, BETA);
    }
    let contrast = |a: &Matrix, b: &Matrix| both(a, b, |nudged, free| nudged - free);
    let dw1 = contrast(&outer(&nudged.0, &data, LR / BETA), &outer(&free.0, &data, LR / BETA));
    let dw2 = contrast(&outer(&nudged.1, &nudged.0, LR / BETA), &outer(&free.1, &free.0, LR / BETA));

    let parameters = [
        ("W/input->h1", tensor(&w1)),
        ("W/h1->output", tensor(&w2)),
        ("b/h1", vector(&b1)),
        ("b/output", vector(&b2)),
    ];
    let expected = [
        ("state/free/s/h1", tensor(&free.0)),
        ("state/free/s/output", tensor(&free.1)),
        ("state/nudged/s/h1", tensor(&nudged.0)),
        ("state/nudged/s/output", tensor(&nudged.1)),
        ("increment/W/input->h1", tensor(&dw1)),
        ("increment/W/h1->output", tensor(&dw2)),
        ("increment/b/output", vector(&mean(&contrast(&nudged.1, &free.1), LR / BETA))),
        ("new/W/h1->output", tensor(&both(&w2, &dw2, |w, dw| w + dw))),
    ];
    let batch = [("data", tensor(&data)), ("target", tensor(&target))];
    compare(&place, "2 - 3 sigmoid - 2 sigmoid", [&parameters, &batch], &expected);
}

/// Each with its own optimiser and settings.
#[test]
fn an_experiment_of_several_is_named() {
    let place = Workplace::new("probe_experiment");
    let experiment = |name: &str, optimiser: &str| {
        format!("experiment {name} {{ rule Sum(c = 3)\n network 1 - 1\n optimiser {optimiser} }}\n")
    };
    let rule = "rule Sum(c = 1) {
  neuron { state x }
  synapse W : below -> self = 0
  phase forward { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += optim(c * pre.x) }
  predict output.x after forward
}
";
    place.write(
        "rule.plr",
        rule.to_owned() + &experiment("slow", "sgd(lr = 0.25)") + &experiment("fast", "sgd(lr = 2)"),
    );
    let one = || tensor(&vec![vec![1.0]]);
    for (file, name) in [("params.npz", "W/input->output"), ("data.npz", "data")] {
        npz::write_arrays(&place.path(file), &BTreeMap::from([(name.to_owned(), one())])).unwrap();
    }
    let files = ["--params", "params.npz", "--data", "data.npz", "--out", "out.npz"];
    let probe = |how: &[&str]| place.plrc(["probe", "rule.plr"].iter().chain(&files).chain(how));
    for (how, added) in
        [(["--experiment", "slow"], 0.75), (["--experiment", "fast"], 6.0), (["--rule", "Sum"], 0.75)]
    {
        probe(&how).well();
        let found = npz::read_arrays(&place.path("out.npz")).unwrap();
        assert_eq!(found["increment/W/input->output"].clone().into_tensor().to_f64(), [added], "{how:?}");
    }
    probe(&[]).refused(1, "`slow`, `fast`");
    probe(&["--experiment", "none"]).refused(1, "`none`");
    probe(&["--experiment", "slow", "--rule", "Sum"]).refused(2, "cannot be used with");
}

/// R3.12: what a weights file has carried is that of as many samples as there are places; of others it is left, which is said.
#[test]
fn what_is_carried_comes_with_the_weights() {
    let place = Workplace::new("probe_carried");
    place.write(
        "rule.plr",
        "rule Leak(lr = 0) {
  neuron { state x = 0;  carried state c = 0.5 }
  synapse W : below -> self = 1
  phase p { clamp input x = data;  sweep up { output c = 0.5 * c + W @ below.x;  x = c } }
  learn { W += lr * post.x * pre.x }
  predict output.x after p
}",
    );
    let column = |numbers: &[f64]| Tensor::from_f64(vec![numbers.len(), 1], numbers, Precision::F64);
    let named = |name: &str, tensor: Tensor| (name.to_owned(), tensor);
    let tensors = [named("W/input->output", column(&[1.0])), named("c/output", column(&[8.0, 16.0]))];
    let run = weights::Weights { tensors: tensors.into(), about: BTreeMap::new() };
    weights::save(&place.path("run.safetensors"), &run).unwrap();
    for (data, expected, said) in
        [(vec![1.0, 1.0], vec![5.0, 9.0], false), (vec![1.0; 3], vec![1.25; 3], true)]
    {
        npz::write_arrays(&place.path("data.npz"), &[named("data", column(&data))].into()).unwrap();
        let files = ["--params", "run.safetensors", "--data", "data.npz", "--out", "out.npz"];
        let how = ["probe", "rule.plr", "--network", "1 - 1", "--precision", "f64"];
        let ran = place.plrc(how.iter().chain(&files)).well();
        let found = npz::read_arrays(&place.path("out.npz")).unwrap();
        assert_eq!(found["state/p/c/output"].clone().into_tensor().to_f64(), expected);
        assert_eq!(ran.err.contains("`c/output` of the weights file is of other samples"), said, "{ran:?}");
    }
}

#[test]
fn arrays_that_do_not_fit_are_named() {
    let place = Workplace::with_rule("probe_arrays");
    let write = |name: &str, arrays: &[(&str, &[usize])]| {
        let array = |dims: &[usize]| {
            Tensor::from_f64(dims.to_vec(), &vec![0.5; dims.iter().product()], Precision::F64)
        };
        let arrays: BTreeMap<_, _> =
            arrays.iter().map(|(name, dims)| ((*name).to_owned(), array(dims))).collect();
        npz::write_arrays(&place.path(name), &arrays).unwrap();
    };
    let w: (&str, &[usize]) = ("W/input->output", &[2, 3]);
    let b: (&str, &[usize]) = ("b/output", &[2]);
    write("params.npz", &[w, b]);
    write("lacking.npz", &[w]);
    write("more.npz", &[w, b, ("c", &[1])]);
    write("data.npz", &[("data", &[4, 3])]);
    write("none.npz", &[("data", &[0, 3])]);
    write("flat.npz", &[("data", &[3])]);
    write("targets.npz", &[("data", &[4, 3]), ("target", &[3, 2])]);
    place.write("text.npz", "data");
    let probe = |network: &str, params: &str, data: &str, out: &str, words: &str| {
        let files = ["--params", params, "--data", data, "--out", out, "--set", "lr=1"];
        place
            .plrc(["probe", "rule.plr", "--network", network].iter().chain(&files))
            .refused(i32::from(!words.is_empty()), words);
    };
    let chain = "3 - 2 sigmoid";
    probe(chain, "params.npz", "data.npz", "out.npz", "");
    probe(chain, "lacking.npz", "data.npz", "out.npz", "the array `b/output` [2] is missing");
    probe(
        chain,
        "more.npz",
        "data.npz",
        "out.npz",
        "the rule takes no array `c`; it takes `W/input->output`",
    );
    probe(chain, "params.npz", "params.npz", "out.npz", "is in both files");
    probe(
        chain,
        "params.npz",
        "none.npz",
        "out.npz",
        "the array `data` has the shape [0, 3] instead of [samples, 3]",
    );
    probe(
        chain,
        "params.npz",
        "flat.npz",
        "out.npz",
        "the array `data` has the shape [3] instead of [samples, 3]",
    );
    probe(
        chain,
        "params.npz",
        "targets.npz",
        "out.npz",
        "the array `target` has the shape [3, 2] instead of [4, 2]",
    );
    probe(chain, "params.npz", "text.npz", "out.npz", "it is no ZIP archive");
    probe(chain, "params.npz", "missing.npz", "out.npz", "cannot read `missing.npz`");
    probe("3 - 4 - 2", "params.npz", "data.npz", "out.npz", "`W/input->output`");
    probe(
        "4 - 2",
        "params.npz",
        "data.npz",
        "out.npz",
        "the array `W/input->output` has the shape [2, 3] instead of [2, 4]",
    );
    probe(chain, "params.npz", "data.npz", ".", "cannot write `.`: is a directory");
    probe(chain, "params.npz", "data.npz", "no/out.npz", "cannot write `no/out.npz`: No such file");
    if cfg!(target_os = "linux") {
        probe(
            chain,
            "params.npz",
            "data.npz",
            "/dev/full",
            "cannot write `/dev/full`: No space left on device",
        );
    }
}

/// R19.9: what there is at every step, its cost given a target, and refused where it has no room; the counter of updates is the one
/// that is said.
#[test]
fn every_step_is_written() {
    let place = Workplace::new("probe_every_step");
    let rule = |steps: &str| {
        format!(
            "rule R {{
  neuron {{ state x }}
  synapse W : below -> self
  phase p {{ clamp input x = data }}
  phase r (steps = {steps}) {{ sweep up {{ x = (W @ below.x) * (time + 1) }} }}
  learn {{ W += updates * post.x * pre.x }}
  predict output.x after r
}}
"
        )
    };
    let array = |dims: [usize; 2], numbers: &[f64]| Tensor::from_f64(dims, numbers, Precision::F64);
    let write = |name: &str, arrays: &[(&str, Tensor)]| {
        let arrays: BTreeMap<_, _> = arrays.iter().map(|(name, a)| ((*name).to_owned(), a.clone())).collect();
        npz::write_arrays(&place.path(name), &arrays).unwrap();
    };
    write("params.npz", &[("W/input->output", array([1, 1], &[2.0]))]);
    write("data.npz", &[("data", array([2, 1], &[3.0, 5.0]))]);
    write("both.npz", &[("data", array([2, 1], &[3.0, 5.0])), ("target", array([2, 1], &[0.0, 10.0]))]);
    place.write("rule.plr", rule("3"));
    let line = |data: &str, more: &str| {
        format!("probe rule.plr --network 1-1 --params params.npz --data {data} --out out.npz {more}")
    };
    let found = |name: &str| {
        let arrays = npz::read_arrays(&place.path("out.npz")).unwrap();
        arrays.get(name).map(|array| (array.dims.clone(), array.clone().into_tensor().to_f64()))
    };
    for backend in ["jit", "interp"] {
        place.line(&line("both.npz", &format!("--every-step --update 4 --backend {backend}"))).well();
        let x = vec![6.0, 12.0, 18.0, 10.0, 20.0, 30.0];
        assert_eq!(found("every_step/r/x/output"), Some((vec![2, 3, 1], x.clone())));
        assert_eq!(found("prediction/r"), Some((vec![2, 3, 1], x)));
        assert_eq!(found("loss/r"), Some((vec![2, 3], vec![18.0, 72.0, 162.0, 0.0, 50.0, 200.0])));
        assert_eq!(found("increment/W/input->output"), Some((vec![1, 1], vec![5.0 * (54.0 + 150.0) / 2.0])));
        assert_eq!(found("new/updates"), Some((vec![], vec![5.0])));
    }
    place.line(&line("data.npz", "--every-step")).well();
    assert!(found("prediction/r").is_some() && found("loss/r").is_none());
    place.line(&line("both.npz", "")).well();
    assert!(found("prediction/r").is_none() && found("every_step/r/x/output").is_none());
    place.write("rule.plr", rule("1000000000"));
    place.line(&line("both.npz", "--every-step")).refused(1, "what there is at every step needs");
}
