//! Rules about layers with rows and columns: 3.10, 4.12, 5.16, 8.13, 13.10, 15.7 to 15.9.

use plr_ir::Precision;
use plr_ir::model::{Model as _, Pattern};
use plr_run::backend::Backend;
use plr_run::check::run;
use plr_run::perturb;
use plr_sema::audit::{Audit, Built};

use crate::bench::{Bench, codes, finds, legal};
use crate::text::{PLAIN, plain};

/// The text of a network, as the compiler says it back.
fn said(text: &str) -> String {
    legal(&format!("network n {{ {text} }}")).networks()[0].1.text.clone()
}

fn on(rule: &str, network: &str) -> String {
    format!("{rule}network n {{ {network} }}\n")
}

/// R15.7: channels, rows and columns are the units, and a network says them back.
#[test]
fn layers_may_have_rows_and_columns() {
    assert_eq!(said("2x3x4 - 5 tanh"), "2x3x4 - 5 tanh");
    assert_eq!(said("3 - 2x2x1 tanh - 5 tanh"), "3 - 2x2x1 tanh - 5 tanh");
    let analysis = legal("network n { 2x3x4 - 5 }");
    let layer = &analysis.networks()[0].1.layers[0];
    assert_eq!((layer.units, layer.space.map(|space| space.to_string())), (24, Some("2x3x4".to_owned())));
    finds("bad_network", "network n { 0x3x4 - 5 }");
    finds("bad_network", "network n { 1000x1000x2 - 5 }");
    finds("bad_number", "network n { 1x3 - 5 }");
    finds("bad_number", "network n { 1x3x4x5 - 5 }");
}

/// R15.8: a convolution has channels and a kernel, and as many rows and columns as the kernel has places.
#[test]
fn convolutions_have_a_kernel() {
    let space = |text: &str| {
        let analysis = legal(&format!("network n {{ {text} - 1 }}"));
        analysis.networks()[0].1.layers[1].space.expect("it has a space").to_string()
    };
    assert_eq!(space("1x28x28 - conv 16 k5 relu"), "16x24x24");
    assert_eq!(space("3x7x8 - conv 4 k3 s2 p1"), "4x4x4");
    assert_eq!(space("3x7x8 - conv 4 p1 s2 k3"), "4x4x4");
    assert_eq!(said("3x7x8 - conv 4 k3 s2 p1 relu - 1"), "3x7x8 - conv 4 k3 s2 p1 relu - 1");
    assert_eq!(said("3x7x8 - conv 4 p0 k3 - 1 tanh"), "3x7x8 - conv 4 k3 tanh - 1 tanh");
    for bad in [
        "conv 4",
        "conv 4 k0",
        "conv 4 k3 k3",
        "conv 4 k3 s0",
        "conv 4 k3 relu tanh",
        "conv 0 k3",
        "conv 4 k9",
    ] {
        finds("bad_network", &format!("network n {{ 3x7x8 - {bad} - 1 }}"));
    }
    finds("bad_network", "network n { 3x7x8 - conv 4 k2 p2 - 1 }");
    finds("bad_network", "network n { 9 - conv 4 k3 - 1 }");
    let graph = |last: &str| {
        format!(
            "network n {{ input x = 1x5x5;  layer h = conv 2 k3;  layer g = {last};  output y = 2;  x -> h -> g -> y;  x -> g }}"
        )
    };
    finds("bad_network", &graph("conv 1 k2"));
    legal(&graph("4"));
}

/// R15.9: pooling stands between two layers of a chain.
#[test]
fn pooling_stands_between_layers() {
    assert_eq!(said("1x6x6 - avgpool 2 - 3"), "1x6x6 - avgpool 2 - 3");
    assert_eq!(said("1x6x6 - maxpool 3 s1 - conv 2 k2 - 3"), "1x6x6 - maxpool 3 s1 - conv 2 k2 - 3");
    for bad in [
        "1x6x6 - avgpool 2",
        "avgpool 2 - 3",
        "1x6x6 - avgpool 2 - avgpool 2 - 3",
        "1x6x6 - avgpool 2 relu - 3",
        "1x6x6 - avgpool 2 p1 - 3",
        "1x6x6 - avgpool 2 k2 - 3",
        "1x6x6 - avgpool 7 - 3",
        "36 - avgpool 2 - 3",
        "input x = 1x6x6;  layer h = avgpool 2;  output y = 2;  x -> h -> y",
    ] {
        finds("bad_network", &format!("network n {{ {bad} }}"));
    }
}

const TWO_WAYS: &str = "rule R(lr = 1) allow weight_transport {
  neuron { state x, d = 0, e = 0 }
  synapse W : below -> self
  synapse B : above -> self
  phase up { clamp input x = data;  sweep up { x = W @ below.x } }
  phase down { d = W.T @ above.x;  e = B @ above.x }
  learn { W += lr * post.x * pre.x;  B += lr * post.x * pre.x }
  predict output.x + 0 * sum(input.d + input.e) after down
}
";

/// The numbers 1, 2, 3, … in some order without a pattern.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * i * 7 + i * 3) % 11) as f64 - 4.0).collect()
}

/// The pairs of a low and a high unit that a kernel of 2 x 2 joins, moved by 1 over two channels of 3 x 3, with the weight's
/// place in a kernel of two channels.
fn pairs() -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    for high in 0..2 {
        for (v, u) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for low in 0..2 {
                for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let seen = (low * 3 + v + i) * 3 + u + j;
                    found.push((seen, (high * 2 + v) * 2 + u, ((high * 2 + low) * 2 + i) * 2 + j));
                }
            }
        }
    }
    found
}

/// R4.12: along a kernel a synapse joins what the kernel joins, upwards and downwards; both directions have kernels of the
/// same layout, which learn the sums over all pairs (R8.13).
#[test]
fn a_kernel_joins_pairs_of_units_both_ways() {
    let bench = Bench::new(&on(TWO_WAYS, "2x3x3 - conv 2 k2"));
    let (data, w, b) =
        (numbers(18), numbers(16), numbers(16).into_iter().map(|x| x * x - 3.0).collect::<Vec<_>>());
    let found = bench.present(&[("W/input->output", &w), ("B/output->input", &b)], &[&data], &[]);
    let (mut x, mut d, mut e) = (vec![0.0; 8], vec![0.0; 18], vec![0.0; 18]);
    pairs().into_iter().for_each(|(low, high, weight)| x[high] += w[weight] * data[low]);
    let mut learned = vec![0.0; 16];
    for (low, high, weight) in pairs() {
        d[low] += w[weight] * x[high];
        e[low] += b[weight] * x[high];
        learned[weight] += x[high] * data[low];
    }
    found.is("state/up/x/output", &x);
    found.is("state/down/d/input", &d);
    found.is("state/down/e/input", &e);
    found.is("increment/W/input->output", &learned);
    found.is("increment/B/output->input", &learned);
}

/// Kernels within a layer: between its own units in both directions, and to a population of twice the channels.
const WITHIN: &str = "rule R(lr = 1) allow weight_transport {
  neuron { state x, u = 0, v = 0 }
  neuron Far sized 2 * self { state y = 0 }
  synapse W : below -> self = 1
  synapse L : self -> self, kernel 3
  synapse K : self -> Far, kernel 5
  phase p {
    clamp input x = data
    sweep up { x = W @ below.x }
  }
  phase q {
    u = L @ self.x
    v = L.T @ self.x
    Far: y = K @ self.x
  }
  learn {
    W += lr * post.x * pre.x
    L += lr * (post.u * pre.x - 0.5 * L)
    K += lr * post.y * pre.x
  }
}
";

/// The pairs of units that a kernel of so many rows joins within a layer of 3 rows and 4 columns, and its weight: who hears, who is
/// heard, the weight; each with so many channels.
fn around(hearing: usize, heard: usize, rows: usize) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    let unit = |channel: usize, row: usize, column: usize| (channel * 3 + row) * 4 + column;
    let places = (0..3).flat_map(|row| (0..4).map(move |column| (row, column)));
    for ((row, column), (i, j)) in places.flat_map(|place| taps(rows).map(move |tap| (place, tap))) {
        let (Some(y), Some(x)) = ((row + i).checked_sub(rows / 2), (column + j).checked_sub(rows / 2)) else {
            continue;
        };
        for (to, from) in (0..hearing).flat_map(|to| (0..heard).map(move |from| (to, from))) {
            if y < 3 && x < 4 {
                let weight = ((to * heard + from) * rows + i) * rows + j;
                found.push((unit(to, row, column), unit(from, y, x), weight));
            }
        }
    }
    found
}

fn taps(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |i| (0..rows).map(move |j| (i, j)))
}

/// R4.16: a kernel within a layer joins each unit with those around its place, both ways, and learns the sums over all pairs; to a
/// population of other channels too. Where there are no rows and columns there are no synapses.
#[test]
fn a_kernel_within_a_layer_joins_what_is_around() {
    let bench = Bench::new(&on(WITHIN, "1x3x4 - conv 2 k1 - 3"));
    let (data, w, l) = (numbers(12), [0.5, -1.5], numbers(36));
    let k: Vec<f64> = numbers(200).iter().map(|x| 0.1 * x * x - 1.0).collect();
    let given: [(&str, &[f64]); 3] = [("W/input->h1", &w), ("L/h1->h1", &l), ("K/h1->h1", &k)];
    let found = bench.present(&given, &[&data], &[]);
    let x: Vec<f64> = w.iter().flat_map(|w| data.iter().map(move |x| w * x)).collect();
    let (mut u, mut v, mut y) = (vec![0.0; 24], vec![0.0; 24], vec![0.0; 48]);
    for (post, pre, weight) in around(2, 2, 3) {
        u[post] += l[weight] * x[pre];
        v[pre] += l[weight] * x[post];
    }
    around(4, 2, 5).into_iter().for_each(|(post, pre, weight)| y[post] += k[weight] * x[pre]);
    let mut learned = [vec![0.0; 36], vec![0.0; 200]];
    around(2, 2, 3).into_iter().for_each(|(post, pre, weight)| learned[0][weight] += u[post] * x[pre]);
    around(4, 2, 5).into_iter().for_each(|(post, pre, weight)| learned[1][weight] += y[post] * x[pre]);
    learned[0].iter_mut().zip(&l).for_each(|(learned, l)| *learned -= 0.5 * l);
    found.is("state/q/u/h1", &u);
    found.is("state/q/v/h1", &v);
    found.is("state/q/Far.y/h1", &y);
    found.is("state/q/u/output", &[0.0; 3]);
    found.is("increment/L/h1->h1", &learned[0]);
    found.is("increment/K/h1->h1", &learned[1]);
    assert!(bench.model().parameters().iter().all(|p| !p.name.contains("output->output")));
}

/// Feedback through the forward weights, a bias, and a normalising term, in three layers.
const LOCAL: &str = "rule R(lr = 1) allow weight_transport {
  neuron { param b = 0;  state x, d = 0, e = 0 }
  synapse W : below -> self, mask(m) { fixed param m = 1 }
  synapse B : above -> self, mask(n) { fixed param n = 1 }
  phase up { clamp input x = data;  sweep up { x = f(W @ below.x + b) } }
  phase down { output d = x - target;  sweep down { hidden d = W.T @ above.d;  hidden e = B @ above.d } }
  learn {
    W += lr * (post.d + post.e) * (pre.x - 0.5 * post.d * W)
    B += lr * post.x * pre.d
    b += lr * d
  }
  predict output.x after down
}
";

/// R15.8, R3.10, R4.12: a `local` layer is a dense one with masks: states, weights of both directions and biases learn the same.
#[test]
fn a_local_layer_is_a_dense_one_with_masks() {
    let joined = "2x3x4 - local 3 k2 s2 p1 tanh - 2";
    assert_eq!(said(joined), joined);
    let local = Bench::new(&on(LOCAL, joined));
    let dense = Bench::new(&on(LOCAL, "24 - 18 tanh - 2"));
    // Rows 2, columns 3 of places above; where a place sees a unit, the tap's place.
    let tap = |high: usize, low: usize| {
        let (v, u) = (high % 6 / 3, high % 3);
        let (c, y, x) = (low / 12, low % 12 / 4, low % 4);
        let (i, j) = ((y + 1).checked_sub(2 * v)?, (x + 1).checked_sub(2 * u)?);
        (i < 2 && j < 2).then_some(high * 8 + (c * 2 + i) * 2 + j)
    };
    let pairs: Vec<_> = (0..18 * 24).map(|at| (at / 24, at % 24)).collect();
    let spread = |kernel: &[f64]| -> Vec<f64> {
        pairs.iter().map(|&(high, low)| tap(high, low).map_or(0.0, |at| kernel[at])).collect()
    };
    let turned =
        |matrix: &[f64]| -> Vec<f64> { (0..24 * 18).map(|at| matrix[at % 18 * 24 + at / 18]).collect() };
    let (w, b) = (numbers(144), numbers(144).into_iter().map(|x| 0.1 * x * x - 1.0).collect::<Vec<_>>());
    let w: Vec<f64> = w.iter().map(|x| 0.2 * x).collect();
    let (top, back, bias, ones) = (numbers(36), numbers(36), numbers(18), vec![1.0; 144]);
    let mask = spread(&ones);
    let samples: [Vec<f64>; 2] = [numbers(24), numbers(30).split_off(6)];
    let (data, target) = ([&samples[0][..], &samples[1][..]], [&[1.0, 2.0][..], &[0.0, -1.0]]);
    let all = vec![1.0; 36];
    let shared: [(&str, &[f64]); 5] = [
        ("W/h1->output", &top),
        ("B/output->h1", &back),
        ("m/h1->output", &all),
        ("n/output->h1", &all),
        ("b/h1", &bias),
    ];
    let with = |w: &[f64], b: &[f64], m: &[f64], n: &[f64], bench: &Bench| {
        let own = [("W/input->h1", w), ("B/h1->input", b), ("W.m/input->h1", m), ("B.n/h1->input", n)];
        let has = |name: &str| bench.model().parameters().iter().any(|p| p.name == name);
        let given: Vec<_> = own.into_iter().chain(shared).filter(|(name, _)| has(name)).collect();
        bench.present(&given, &data, &target)
    };
    let found = with(&w, &b, &ones, &ones, &local);
    let expected = with(&spread(&w), &turned(&spread(&b)), &mask, &turned(&mask), &dense);
    for state in
        ["state/up/x/h1", "state/down/d/h1", "state/down/e/h1", "state/up/x/output", "increment/b/h1"]
    {
        found.is(state, expected.get(state));
    }
    let name = "increment/W/input->h1";
    let of_pairs: Vec<f64> = expected.get(name).iter().zip(&mask).map(|(x, m)| x * m).collect();
    assert!(of_pairs.iter().any(|x| x.abs() > 1.0));
    for (a, b) in spread(found.get(name)).iter().zip(&of_pairs) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} {b}");
    }
    // What is beyond the edges has no end that anything could come from.
    let seen: Vec<usize> = pairs.iter().filter_map(|&(high, low)| tap(high, low)).collect();
    for (at, x) in found.get(name).iter().enumerate().filter(|(at, _)| !seen.contains(at)) {
        assert_eq!(*x, 0.0, "weight {at} joins nothing");
    }
}

/// R15.8: downwards, too, from a local output to the input.
#[test]
fn local_kernels_join_pairs_of_units_both_ways() {
    let bench = Bench::new(&on(TWO_WAYS, "2x3x3 - local 2 k2"));
    let (data, w) = (numbers(18), numbers(64));
    let b: Vec<f64> = numbers(64).into_iter().map(|x| x * x - 3.0).collect();
    let found = bench.present(&[("W/input->output", &w), ("B/output->input", &b)], &[&data], &[]);
    let own = |(low, high, weight): (usize, usize, usize)| (low, high, high * 8 + weight % 8);
    let (mut x, mut d, mut e) = (vec![0.0; 8], vec![0.0; 18], vec![0.0; 18]);
    pairs().into_iter().map(own).for_each(|(low, high, weight)| x[high] += w[weight] * data[low]);
    let mut learned = vec![0.0; 64];
    for (low, high, weight) in pairs().into_iter().map(own) {
        d[low] += w[weight] * x[high];
        e[low] += b[weight] * x[high];
        learned[weight] += x[high] * data[low];
    }
    found.is("state/up/x/output", &x);
    found.is("state/down/d/input", &d);
    found.is("state/down/e/input", &e);
    found.is("increment/W/input->output", &learned);
    found.is("increment/B/output->input", &learned);
    let first = bench.first("W/input->output");
    let fans = first.into_iter().fold(0.0, |a: f64, b| if b.abs() > a { b.abs() } else { a });
    let bound = (6.0_f64 / (2.0 * 4.0 + 2.0 * 4.0)).sqrt();
    assert!(fans <= bound && fans > 0.9 * bound, "{fans} and {bound}");
    for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
        let found = perturb::run(&bench.model(), Precision::F64, 1, backend).expect("the programs run");
        assert!(found.iter().all(|equation| equation.leaks.is_empty()), "{found:?}");
    }
}

/// R4.12: upwards the means of windows are sent, and downwards each unit of a window gets its share; so also where all units
/// are joined.
#[test]
fn pooling_is_sent_through_both_ways() {
    let bench = Bench::new(&on(TWO_WAYS, "1x2x4 - avgpool 2 - 1"));
    let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let (w, b) = ([2.0, -1.0], [4.0, 8.0]);
    let found = bench.present(&[("W/input->output", &w), ("B/output->input", &b)], &[&data], &[]);
    // The means are 3.5 and 5.5.
    found.is("state/up/x/output", &[1.5]);
    found.is("state/down/d/input", &[0.75, 0.75, -0.375, -0.375, 0.75, 0.75, -0.375, -0.375]);
    found.is("state/down/e/input", &[1.5, 1.5, 3.0, 3.0, 1.5, 1.5, 3.0, 3.0]);
    found.is("increment/W/input->output", &[5.25, 8.25]);
    found.is("increment/B/output->input", &[5.25, 8.25]);
    let largest = Bench::new(&on(PLAIN, "1x2x4 - maxpool 2 s1 - 1"));
    let found = largest.present(&[("W/input->output", &[1.0, 10.0, 100.0])], &[&data], &[]);
    found.is("state/p/x/output", &[876.0]);
}

/// R4.14: downwards the unit that won a window gets it all; windows may share units, and one unit may win several.
#[test]
fn what_comes_down_goes_to_the_largest() {
    let data = [1.0, 2.0, 3.0, 9.0, 5.0, 6.0, 6.0, 8.0];
    let (w, b) = ([2.0, -1.0], [4.0, 8.0]);
    let bench = Bench::new(&on(TWO_WAYS, "1x2x4 - maxpool 2 - 1"));
    let found = bench.present(&[("W/input->output", &w), ("B/output->input", &b)], &[&data], &[]);
    found.is("state/up/x/output", &[3.0]);
    found.is("state/down/d/input", &[0.0, 0.0, 0.0, -3.0, 0.0, 6.0, 0.0, 0.0]);
    found.is("state/down/e/input", &[0.0, 0.0, 0.0, 24.0, 0.0, 12.0, 0.0, 0.0]);
    found.is("increment/B/output->input", &[18.0, 27.0]);
    // Units 5 and 6 are equal: unit 5 wins the windows at columns 0 and 1.
    let bench = Bench::new(&on(TWO_WAYS, "1x2x4 - maxpool 2 s1 - 1"));
    let w = [1.0, 10.0, 0.5];
    let found = bench.present(&[("W/input->output", &w)], &[&data, &[0.0; 8]], &[]);
    found.is("state/up/x/output", &[70.5, 0.0]);
    let mut down = vec![0.0; 16];
    (down[5], down[3]) = (11.0 * 70.5, 0.5 * 70.5);
    found.is("state/down/d/input", &down);
    let other = TWO_WAYS.replace("e = B @ above.x }", "e = B @ above.x }\n  phase o { x = W @ below.d }");
    let with =
        |rule: &str| format!("{}experiment e {{ rule R;  network n }}\n", on(rule, "1x2x4 - maxpool 2 - 1"));
    finds("not_convolvable", &with(&other));
    legal(&with(&TWO_WAYS.replace("e = B @ above.x }", "e = B @ above.x;  x = W @ below.x }")));
}

/// R4.14, R13.5: of what is sent up, not of what a unit is; its neighbours' are read, and nothing else. The gradient comes so.
#[test]
fn the_largest_of_what_is_sent_up_gets_the_gradient() {
    let text = "rule R(lr = 1) allow weight_transport {
  neuron { state x, d }
  synapse W : below -> self = normal(0.4)
  phase up { clamp input x = data;  sweep up { x = W @ f(below.x) } }
  phase down { output d = target - x;  sweep down { hidden d = f'(x) * (W.T @ above.d) } }
  learn { W += lr * post.d * f(pre.x) }
  predict output.x after down
  check gradient after up {
    network 1x7x6 - conv 3 k2 tanh - maxpool 3 s1 - conv 2 k2 tanh - maxpool 2 - 3
    expect relative_error(W) < 1e-12
  }
  check gradient by finite_differences after up {
    network 1x7x6 - local 2 k2 tanh - maxpool 2 - 3
    expect relative_error(W) < 1e-6
  }
}
network n { 1x5x5 - conv 2 k2 tanh - maxpool 2 s1 - 3 }
";
    let bench = Bench::new(text);
    for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
        let found = perturb::run(&bench.model(), Precision::F64, 1, backend).expect("the programs run");
        assert!(found.iter().all(|equation| equation.leaks.is_empty()), "{found:?}");
    }
    let model = bench.model();
    let equation = model.equations().iter().find(|e| e.name.ends_with("d at h1")).expect("it is there");
    let reading = equation.reads.iter().find(|reading| reading.input == "x/h1").expect("it is read");
    assert_eq!(reading.pattern, Pattern::Layer);
    let workshop = legal(text).workshop(0);
    let claims: Vec<_> = (0..2).flat_map(|at| run(&workshop, at, Backend::Jit { threads: 1 })).collect();
    assert_eq!(claims.len(), 2);
    assert!(claims.iter().all(|claim| claim.outcome.as_ref().is_ok_and(|m| m.holds)), "{claims:?}");
}

/// R15.9: on a path of a graph, so that a connection may skip it, or be pooled beside it.
#[test]
fn pooling_stands_on_paths() {
    let graph = "input x = 1x6x6; layer h = conv 2 k3 p1 tanh; layer g = conv 3 k1; output y = 2; x -> h; x -> avgpool 2 -> g; h -> maxpool 2 -> g; h -> y; g -> y";
    assert_eq!(said(graph), graph);
    let analysis = legal(&format!("network n {{ {graph} }}"));
    let network = &analysis.networks()[0].1;
    assert_eq!(network.layers.iter().map(|layer| layer.units).collect::<Vec<_>>(), [36, 72, 27, 2]);
    let pools: Vec<_> =
        network.joins.iter().filter(|(_, join)| join.pool.is_some()).map(|(e, _)| *e).collect();
    assert_eq!(pools, [(0, 2), (1, 2)]);
    for path in [
        "x -> avgpool 2",
        "x -> avgpool 2 -> maxpool 2 -> y",
        "x -> avgpool 7 -> y",
        "x -> avgpool 2 p1 -> y",
    ] {
        finds("bad_network", &format!("network n {{ input x = 1x6x6;  output y = 2;  {path} }}"));
    }
    finds("bad_network", "network n { input x = 36;  output y = 2;  x -> avgpool 2 -> y }");
    finds("syntax_error", "network n { input x = 1x6x6;  output y = 2;  avgpool 2 -> y }");
    let pooled = Bench::new(&on(PLAIN, "input x = 1x2x4;  output y = 1;  x -> maxpool 2 -> y"));
    let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    pooled.present(&[("W/x->y", &[2.0, -1.0])], &[&data], &[]).is("state/p/x/y", &[4.0]);
}

/// R4.12: the fans count what a unit sees and is seen by.
#[test]
fn fans_of_kernels_count_taps() {
    let bench = Bench::new(&on(TWO_WAYS, "2x3x3 - conv 6 k2"));
    let bound = (6.0_f64 / (2.0 * 4.0 + 6.0 * 4.0)).sqrt();
    for name in ["W/input->output", "B/output->input"] {
        let largest =
            bench.first(name).into_iter().fold(0.0, |a: f64, b| if b.abs() > a { b.abs() } else { a });
        assert!(largest <= bound && largest > 0.9 * bound, "{largest} and {bound}");
    }
    let normal = TWO_WAYS.replace("below -> self", "below -> self = he()");
    let found = Bench::new(&on(&normal, "2x9x9 - conv 200 k5")).first("W/input->output");
    let variance = found.iter().map(|x| x * x).sum::<f64>() / found.len() as f64;
    assert!((variance * 25.0 - 1.0).abs() < 0.05, "{variance}");
}

/// R5.16: each end's part of a synapse's equation is computed by its units, and then pooled.
#[test]
fn parts_of_an_equation_are_pooled() {
    let learn = |increment: &str| {
        let bench = Bench::new(&on(&plain("post.x * pre.x", increment), "1x2x2 - avgpool 2 - 1"));
        bench
            .present(&[("W/input->output", &[3.0])], &[&[1.0, 2.0, 3.0, 4.0]], &[])
            .get("increment/W/input->output")[0]
    };
    assert_eq!(learn("post.x * pre.x"), 7.5 * 2.5);
    assert_eq!(learn("post.x * pre.x ^ 2"), 7.5 * 7.5);
    assert_eq!(learn("post.x * max(pre.x, 3)"), 7.5 * 3.25);
    assert_eq!(learn("post.x * (pre.x - post.x * W)"), 7.5 * (2.5 - 7.5 * 3.0));
    // Of the largest of a window it is what its winner has.
    let text = |sent: &str, increment: &str| {
        let rule = plain("post.x * pre.x", increment).replace("below.x", sent);
        on(&rule.replace("state x", "state x, d").replace("x = W", "d = 0;  x = W"), "1x2x2 - maxpool 2 - 1")
    };
    let largest = |sent: &str, increment: &str| {
        let bench = Bench::new(&text(sent, increment));
        let found = bench.present(&[("W/input->output", &[3.0])], &[&[-1.0, -2.0, -3.0, -4.0]], &[]);
        found.get("increment/W/input->output")[0]
    };
    assert_eq!(largest("below.x", "post.x * pre.x ^ 2"), -3.0);
    assert_eq!(largest("below.x", "post.x * (2 - 3 * pre.x)"), -15.0);
    assert_eq!(largest("abs(below.x)", "post.x * abs(pre.x) ^ 2"), 12.0 * 16.0);
    assert_eq!(largest("abs(below.x)", "post.x * abs(pre.x[p])"), 12.0 * 4.0);
    for (sent, increment) in [
        ("below.x", "post.x * pre.d"),
        ("abs(below.x)", "post.x * pre.x"),
        ("below.x", "post.x * (pre.x + pre.d)"),
    ] {
        finds(
            "not_convolvable",
            &format!("{}experiment e {{ rule R;  network n }}\n", text(sent, increment)),
        );
    }
}

/// R8.13: what is added is added up over the pairs that share a weight, but what has the weight and nothing of the ends counts once.
/// Half of the pairs of a padded kernel's corner taps do not exist.
#[test]
fn shared_weights_add_up_over_pairs() {
    let increment = |text: &str| {
        let bench = Bench::new(&on(&plain("post.x * pre.x", text), "1x2x1 - conv 1 k3 p1"));
        let w = [0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0, 5.0, 0.0];
        let found = bench.present(&[("W/input->output", &w)], &[&[1.0, 10.0], &[1.0, 10.0]], &[]);
        let found = found.get("increment/W/input->output").to_vec();
        assert!([0, 2, 3, 5, 6, 8].into_iter().all(|side| text == "W" || text == "1" || found[side] == 0.0));
        [found[1], found[4], found[7]]
    };
    // The two units above are 3 + 50 and 2 + 30: each sees itself through the middle, the other through the tap beside it.
    assert_eq!(increment("post.x * pre.x"), [32.0, 53.0 + 320.0, 530.0]);
    assert_eq!(increment("post.x"), [32.0, 85.0, 53.0]);
    assert_eq!(increment("pre.x * W"), [2.0, 33.0, 50.0]);
    assert_eq!(increment("W"), [2.0, 3.0, 5.0]);
    assert_eq!(increment("W * 3 - W"), [4.0, 6.0, 10.0]);
    assert_eq!(increment("1"), [1.0, 2.0, 1.0]);
    assert_eq!(increment("post.x * pre.x - W * (1 + post.x)"), [32.0 - 66.0, 373.0 - 261.0, 530.0 - 270.0]);
    // The layer above has the mean 42.5, and the largest 53.
    assert_eq!(increment("post.x - mean(post.x)"), [-10.5, 0.0, 10.5]);
    assert_eq!(increment("(post.x - mean(post.x)) * (pre.x - 1)"), [0.0, -94.5, 94.5]);
    assert_eq!(increment("max(post.x) * W"), [106.0, 318.0, 265.0]);
    // Set to the mean over the pairs.
    let set = plain("W += lr * post.x * pre.x", "W = post.x * pre.x - 1");
    assert!(set.contains("W = "));
    let found = Bench::new(&on(&set, "1x2x1 - conv 1 k3 p1"));
    let w = [0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0, 5.0, 0.0];
    let found = found.present(&[("W/input->output", &w)], &[&[1.0, 10.0]], &[]);
    let new = found.get("new/W/input->output");
    assert_eq!([new[1], new[4], new[7]], [31.0, 373.0 / 2.0 - 1.0, 529.0]);
    let refused = |text: &str| {
        let rule = plain("post.x * pre.x", text);
        finds(
            "not_convolvable",
            &format!("{}experiment e {{ rule R;  network n }}\n", on(&rule, "1x2x1 - conv 1 k3 p1")),
        );
    };
    refused("max(post.x, pre.x)");
    refused("(if W > 0 then post.x else pre.x)");
    refused("post.x * exp(post.x * pre.x)");
}

/// R8.13, R6.2, R5.9: a function of both ends, or a power, is what it says, written out.
#[test]
fn functions_and_powers_of_both_ends_are_sums_of_products() {
    let increment = |increment: &str, network: &str| {
        let rule = plain("post.x * pre.x", increment);
        let text = format!(
            "fn hebb(y, x; s = 1) = s * y * x\nfn twice(x) = hebb(x, 1, s = 2)\nfn shifted(x) = x + 0.5\n{}",
            on(&rule, network)
        );
        let w: Vec<f64> = (0..9).map(|at| f64::from(at % 4) - 1.5).collect();
        let found = Bench::new(&text).present(&[("W/input->output", &w)], &[&[1.0; 9], &[3.0; 9]], &[]);
        found.get("increment/W/input->output").to_vec()
    };
    for (written, meant) in [
        ("hebb(post.x, pre.x)", "post.x * pre.x"),
        ("hebb(post.x, pre.x - W, s = 3)", "3 * post.x * (pre.x - W)"),
        ("hebb(hebb(post.x, W), twice(pre.x))", "2 * post.x * W * pre.x"),
        ("post.x * (pre.x - W) ^ 2", "post.x * (pre.x - W) * (pre.x - W)"),
        ("(pre.x - 2) * (post.x + 3)", "pre.x * post.x + 3 * pre.x - 2 * post.x - 6"),
        ("(pre.x - 2) * (post.x - W)", "pre.x * post.x - W * pre.x - 2 * post.x + 2 * W * (1 + 0 * pre.x)"),
        ("shifted(pre.x) * W", "(pre.x + 0.5) * W"),
        ("shifted(pre.x)", "pre.x + 0.5"),
        ("shifted(post.x) ^ 2", "post.x ^ 2 + post.x + 0.25"),
        ("-(pre.x - 2) * ((post.x + 3) / 0.25 - 1)", "-4 * pre.x * post.x - 11 * pre.x + 8 * post.x + 22"),
        ("(post.x + pre.x) ^ 3", "(post.x + pre.x) * (post.x + pre.x) * (post.x + pre.x)"),
    ] {
        for network in ["1x3x3 - conv 1 k3 p1", "1x3x3 - 1"] {
            let pairs: Vec<_> =
                increment(written, network).into_iter().zip(increment(meant, network)).collect();
            assert!(
                pairs.iter().all(|(a, b)| (a - b).abs() <= 1e-12 * (1.0 + b.abs())),
                "{written}: {pairs:?}"
            );
            assert!(pairs.iter().any(|(_, b)| b.abs() > 1.0), "{written}");
        }
    }
    // A product of many sums stays one, where no weights are shared, and is refused where they are.
    let many = |sum: &str, n: usize| vec![format!("({sum})"); n].join(" * ");
    let found = increment(&many("pre.x - post.x / 20", 40), "1x3x3 - 1");
    // The weights sum up to -1.5 + -0.5 + 0.5 + 1.5, twice, and -1.5 once more.
    let one = |x: f64| std::iter::repeat_n(x + 1.5 * x / 20.0, 40).product::<f64>();
    let meant = (one(1.0) + one(3.0)) / 2.0;
    assert!(found.iter().all(|found| (found / meant - 1.0).abs() < 1e-12), "{found:?} {meant}");
    // What a function draws it draws once, and of what is neither sum nor product it is one factor.
    let kernel = |increment: &str| {
        let rule = on(&plain("post.x * pre.x", increment), "1x3x3 - conv 1 k3 p1");
        format!(
            "fn noisy(y, x) = y * (x + normal())\nfn bent(y) = tanh(y)\n{rule}experiment e {{ rule R;  network n }}\n"
        )
    };
    finds("not_convolvable", &kernel("bent(post.x * pre.x)"));
    finds("not_convolvable", &kernel("noisy(post.x, pre.x) ^ 2"));
    finds("not_convolvable", &kernel(&many("post.x + pre.x", 40)));
    let before = kernel("post.x").replace("W @ below.x", &format!("({}) @ below.x", many("W + pre.x", 40)));
    assert!(before.contains("W + pre.x"));
    finds("not_convolvable", &before);
    // A function of so much stays one.
    let nested = |inner: &str, n: usize| format!("{}{inner}{}", "hebb(1, ".repeat(n), ")".repeat(n));
    let squares = |inner: &str, n: usize| format!("{}{inner}{}", "sq(".repeat(n), ")".repeat(n));
    let ones = format!(
        "fn sq(x) = x * x\n{}",
        on(&plain("post.x * pre.x", &squares("post.x * pre.x / 1e9", 40)), "1x3x3 - 1")
    );
    let w: Vec<f64> = (0..9).map(|at| f64::from(at % 4) - 1.5).collect();
    Bench::new(&ones)
        .present(&[("W/input->output", &w)], &[&[1.0; 9]], &[])
        .is("increment/W/input->output", &[0.0; 9]);
    finds("not_convolvable", &format!("fn sq(x) = x * x\n{}", kernel(&squares("post.x * pre.x + W", 40))));
    let deep = increment(&nested("post.x * pre.x", 40), "1x3x3 - conv 1 k3 p1");
    assert_eq!(deep, increment("post.x * pre.x", "1x3x3 - conv 1 k3 p1"));
}

/// R8.13: what filters remember has the shape of what they filter.
#[test]
fn filters_remember_kernels() {
    let text = plain("lr * post.x * pre.x", "momentum(lr * post.x * pre.x)");
    let bench = Bench::new(&on(&text, "1x2x1 - conv 1 k3 p1"));
    let parameters: Vec<_> =
        bench.model().parameters().iter().map(|p| (p.name.clone(), p.dims.clone())).collect();
    let kernel = vec![1, 1, 3, 3];
    assert_eq!(
        parameters,
        [("W/input->output".to_owned(), kernel.clone()), ("W.v/input->output".to_owned(), kernel)]
    );
    let w = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let v = [0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let found = bench.present(&[("W/input->output", &w), ("W.v/input->output", &v)], &[&[1.0, 2.0]], &[]);
    // v = 0.9 v + g, and the weight moves by 0.1 of it.
    found.is("new/W.v/input->output", &[0.0, 11.0, 0.0, 0.0, 5.0, 0.0, 0.0, 2.0, 0.0]);
    found.is("increment/W/input->output", &[0.0, 1.1, 0.0, 0.0, 0.5, 0.0, 0.0, 0.2, 0.0]);
}

/// R3.10, R8.13: the units of a channel share their parameters, which add up what each would add, or are set to the mean.
#[test]
fn channels_share_parameters() {
    let text = |learn: &str| {
        plain("state x", "state x\n param b")
            .replace("W @ below.x", "W @ below.x + b")
            .replace("pre.x }", &format!("pre.x;  b += {learn} }}"))
    };
    let increment = |learn: &str| {
        let bench = Bench::new(&on(&text(learn), "1x1x2 - conv 2 k1"));
        let given: [(&str, &[f64]); 2] = [("W/input->output", &[1.0, 2.0]), ("b/output", &[100.0, 1000.0])];
        let found = bench.present(&given, &[&[1.0, 3.0], &[1.0, 3.0]], &[]);
        found.is("state/p/x/output", &[101.0, 103.0, 1002.0, 1006.0, 101.0, 103.0, 1002.0, 1006.0]);
        found.get("increment/b/output").to_vec()
    };
    assert_eq!(increment("x"), [204.0, 2008.0]);
    assert_eq!(increment("x - 0.5 * b"), [154.0, 1508.0]);
    assert_eq!(increment("b * x"), [20400.0, 2008000.0]);
    assert_eq!(increment("1"), [2.0, 2.0]);
    assert_eq!(increment("0.5 * b - 2 * b"), [-150.0, -1500.0]);
    assert_eq!(increment("x - mean(x)"), [204.0 - 1106.0, 2008.0 - 1106.0]);
    assert_eq!(increment("x / sum(1, over = places)"), [102.0, 1004.0]);
    assert_eq!(increment("x * rank(1)"), [103.0, 1002.0 * 2.0 + 1006.0 * 3.0]);
    assert_eq!(increment("(x - 2) * (x + 3)"), increment("x * x + x - 6"));
    // What is set becomes the mean.
    let set = |learn: &str| {
        let text = text(learn).replace("b += ", "b = ");
        let given: [(&str, &[f64]); 2] = [("W/input->output", &[1.0, 2.0]), ("b/output", &[100.0, 1000.0])];
        let bench = Bench::new(&on(&text, "1x1x2 - conv 2 k1"));
        bench.present(&given, &[&[1.0, 3.0], &[1.0, 3.0]], &[]).get("new/b/output").to_vec()
    };
    assert_eq!(set("x"), [102.0, 1004.0]);
    assert_eq!(set("b + 0.5 * (x - b)"), [101.0, 1002.0]);
    assert_eq!(set("7"), [7.0, 7.0]);
    // The number itself beside what counts for each unit is a doubt; not where there is one place, nor with a factor of its own.
    let doubted = |learn: &str, network: &str| {
        let rule = text(learn).replace("(lr = 1) {", "(lr = 1) {\n  signal S = mean(target)");
        let rule = rule.replace("b += ", "b += 0 * S * x + ");
        let found = codes(&format!("{}experiment e {{ rule R;  network n }}\n", on(&rule, network)));
        found.contains(&"counted_once".to_owned())
    };
    let places = "1x1x2 - conv 2 k1";
    for learn in ["lr * (x - b)", "2 * (x * x - (b + 1))", "x - b", "momentum(x - b)"] {
        assert!(doubted(learn, places), "{learn}: {:?} {}", codes(&on(&text(learn), places)), text(learn));
        assert!(!doubted(learn, "1x1x2 - local 2 k1") && !doubted(learn, "2 - 2"), "{learn}");
        assert!(!doubted(learn, "1x1x1 - conv 2 k1"), "{learn}");
    }
    for fine in ["x - 0.5 * b", "x * (1 + S)", "0.3 - x", "x + 0.01 * normal()", "(1 - b) * x", "x * (b - x)"]
    {
        assert!(!doubted(fine, places), "{fine}");
    }
    let bench = Bench::new(&on(&text("x"), "1x1x2 - conv 2 k1"));
    let dims = bench.model().parameters().iter().find(|p| p.name == "b/output").map(|p| p.dims.clone());
    assert_eq!(dims, Some(vec![2]));
}

/// R13.10: the bill has the physical synapses and the numbers they share.
#[test]
fn the_bill_says_what_is_shared() {
    let analysis = legal(&on(
        &plain("state x", "state x\n param b")
            .replace("W @ below.x", "W @ below.x + b")
            .replace("pre.x }", "pre.x;  b += x }"),
        "2x3x3 - conv 4 k2 - 5",
    ));
    let rule = analysis.rules().next().expect("there is a rule");
    let audit = Audit::on_network(
        rule,
        analysis.library(),
        (&analysis.networks()[0].1, &Built::everything()),
        &|_| 1.0,
    );
    let bill = audit.bill.clone().expect("it has a bill");
    // 4 channels of 2 x 2 places see 2 channels of 2 x 2 taps; 5 units see 16.
    assert_eq!((bill.wires[0].synapses, bill.wires[0].weights), (128 + 80, 32 + 80));
    assert_eq!((bill.unit_parameters[0].units, bill.unit_parameters[0].values), (18 + 16 + 5, 2 + 4 + 5));
    assert_eq!((bill.multiply_adds.dynamics, bill.multiply_adds.plasticity), (208, 208));
    let text = audit.render();
    assert!(text.contains("W: 208 synapses hold 112 different numbers"), "{text}");
    assert!(text.contains("b: 39 units hold 11 different numbers"), "{text}");
}

/// R3.13, R4.12: a population of twice the channels does what a layer of twice the channels does, below a kernel and above, through
/// pools, in both directions; its units share parameters by channel.
#[test]
fn channels_are_taken_several_times() {
    let text = |neurons: &str, own: &str, far: &str| {
        format!(
            "rule R allow weight_transport {{
  {neurons}
  synapse W : below.P -> {own}
  synapse U : below.{far} -> P
  phase up {{
    clamp input P: x = data
    sweep up {{ {own}: y = W @ below.P.x + b;  P: x = U @ below.{far}.y }}
  }}
  phase down {{ hidden {own}: e = U.T @ above.P.x }}
  learn {{ W += post.y * pre.x;  U += post.x * pre.y;  {own}.b += y + e }}
}}
"
        )
    };
    let twice = text(
        "neuron P { state x = 0 }\n  neuron B sized 2 * self { param b = 0;  state y = 0, e = 0 }",
        "B",
        "B",
    );
    let whole = text("neuron P { param b = 0;  state x = 0, y = 0, e = 0 }", "P", "P");
    for (small, large) in [
        ("conv 2 k2 - avgpool 2 - conv 3 k2", "conv 4 k2 - avgpool 2 - conv 3 k2"),
        ("local 2 k2 s2 - 3", "local 4 k2 s2 - 3"),
        ("conv 2 k3 p1 - avgpool 2 - 3", "conv 4 k3 p1 - avgpool 2 - 3"),
    ] {
        let network = |hidden: &str| format!("2x5x5 - {hidden}");
        let (twice, whole) =
            (Bench::new(&on(&twice, &network(small))), Bench::new(&on(&whole, &network(large))));
        let size = |bench: &Bench, name: &str| {
            let model = bench.model();
            let found = model.parameters().iter().find(|p| p.name == name).map(|p| p.dims.clone());
            found.unwrap_or_else(|| panic!("there is no `{name}`"))
        };
        let names = ["W/input->h1", "U/h1->output"];
        let values = names.map(|name| {
            assert_eq!(size(&twice, name), size(&whole, name));
            numbers(size(&whole, name).iter().product())
        });
        let biases = numbers(size(&whole, "P.b/h1")[0]);
        assert_eq!(size(&twice, "B.b/h1"), size(&whole, "P.b/h1"));
        let data = [numbers(50), numbers(50).into_iter().rev().collect()];
        let data = [&data[0][..], &data[1][..]];
        let given = |bias: &'static str| {
            vec![(names[0], &values[0][..]), (names[1], &values[1][..]), (bias, &biases[..])]
        };
        let one = twice.present(&given("B.b/h1"), &data, &[]);
        let other = whole.present(&given("P.b/h1"), &data, &[]);
        for (of_twice, of_whole) in [
            ("state/up/B.y/h1", "state/up/P.y/h1"),
            ("state/up/P.x/output", "state/up/P.x/output"),
            ("state/down/B.e/h1", "state/down/P.e/h1"),
            ("increment/W/input->h1", "increment/W/input->h1"),
            ("increment/U/h1->output", "increment/U/h1->output"),
            ("increment/B.b/h1", "increment/P.b/h1"),
        ] {
            one.is(of_twice, other.get(of_whole));
        }
        let findings = perturb::run(&twice.model(), Precision::F64, 1, Backend::Jit { threads: 1 });
        for finding in findings.expect("the equations run") {
            assert!(finding.leaks.is_empty(), "{small}: {finding:?}");
        }
    }
}

/// R13.7: the audit of kernels, pooling and shared parameters stands the test of perturbation.
#[test]
fn the_audit_of_kernels_is_tested() {
    let rule = "rule R(lr = 1) allow weight_transport {
  neuron {
    param b = 0.1
    state x
    state d = 0
  }
  synapse W : below -> self
  synapse B : above -> self
  synapse L : self -> self
  phase up { clamp input x = data;  sweep up { x = W @ below.x + b } }
  phase down { sweep down { d = W.T @ above.x + B @ above.x + L @ self.x } }
  learn {
    W += lr * (post.d - W * post.x) * pre.x
    B += lr * post.x * (pre.d - B)
    L += lr * post.x * pre.d
    b += lr * (d - b)
  }
  predict output.x after up
}
";
    for network in
        ["2x4x4 - conv 3 k3 p1 tanh - avgpool 2 - conv 2 k2 tanh - 3", "1x2x4 - avgpool 2 - 3 tanh - 2"]
    {
        let model = Bench::new(&on(rule, network)).model();
        for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
            let findings = perturb::run(&model, Precision::F64, 1, backend).expect("the equations run");
            for finding in findings {
                assert!(finding.leaks.is_empty(), "{network}: {finding:?}");
            }
        }
    }
}
