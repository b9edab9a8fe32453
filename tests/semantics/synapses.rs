//! Rules 4: synapses.

use std::collections::BTreeMap;

use plr_ir::model::{Init, Model as _};
use plr_ir::{Precision, Tensor};
use plr_run::backend::{Backend, Context};
use plr_run::probe::probe;

use crate::bench::{Bench, clean, codes, finds, legal};
use crate::text::{PLAIN, plain};

/// A rule whose weights are all observable, with the synapse `W` declared in some way.
fn declared(synapse: &str) -> String {
    format!(
        "rule R(lr = 1) allow other_synapse {{
  neuron {{ state x = 0 }}
  synapse W : {synapse}
  phase p {{ x = 1 }}
  learn {{ W += lr * post.x }}
}}
network n {{ input i = 1;  layer h = 2;  output o = 3;  i -> h -> o;  i -> o }}"
    )
}

fn instances(synapse: &str) -> Vec<String> {
    Bench::new(&declared(synapse)).model().parameters().iter().map(|p| p.name.clone()).collect()
}

/// R4.1: the table of projections, on a network with a skip.
#[test]
fn projections_have_their_instances() {
    let forward = ["W/i->h", "W/i->o", "W/h->o"];
    let feedback = ["W/h->i", "W/o->i", "W/o->h"];
    assert_eq!(instances("below -> self"), forward);
    assert_eq!(instances("self -> above"), forward);
    assert_eq!(instances("above -> self"), feedback);
    assert_eq!(instances("self -> below"), feedback);
    assert_eq!(instances("self -> self"), ["W/h->h", "W/o->o"]);
    assert_eq!(instances("input -> self"), ["W/i->h", "W/i->o"]);
    assert_eq!(instances("output -> self"), ["W/o->h"]);
    assert_eq!(instances("self -> output"), ["W/h->o"]);
    assert_eq!(instances("self -> input"), ["W/h->i", "W/o->i"]);
    assert_eq!(instances("output -> input"), ["W/o->i"]);
    assert_eq!(instances("input -> output"), ["W/i->o"]);
    assert!(codes(&declared("output -> below")).contains(&"shape_mismatch".to_owned()));
    assert!(codes(&declared("below -> above")).contains(&"shape_mismatch".to_owned()));
}

/// R4.2: ends name populations.
#[test]
fn ends_name_populations() {
    let rule = |ends: &str| {
        format!(
            "rule R {{
  neuron P {{ state x = 0 }}
  neuron Q {{ state y = 0 }}
  synapse W : {ends}
  phase p {{ P: x = 1;  Q: y = 2 }}
  learn {{ W += pre.x * post.y }}
}}"
        )
    };
    for ends in ["below.P -> Q", "P -> Q", "self.P -> self.Q"] {
        legal(&rule(ends));
    }
    finds("unknown_name", &rule("Q -> P").replace("pre.x * post.y", "pre.y * post.y"));
    assert!(codes(&rule("below.S -> Q")).contains(&"unknown_name".to_owned()));
    assert!(codes(&rule("below -> Q")).contains(&"unknown_name".to_owned()));
}

/// R4.3: names and shapes.
#[test]
fn weights_are_post_by_pre() {
    let bench = Bench::new(&format!("{PLAIN}network n {{ 3 - 2 }}"));
    let model = bench.model();
    let weight = &model.parameters()[0];
    assert_eq!((weight.name.as_str(), weight.dims.as_slice()), ("W/input->output", &[2, 3][..]));
    let found =
        bench.present(&[("W/input->output", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])], &[&[1.0, 10.0, 100.0]], &[]);
    found.is("state/p/x/output", &[321.0, 654.0]);
    found.is("increment/W/input->output", &[321.0, 3210.0, 32100.0, 654.0, 6540.0, 65400.0]);
}

/// R4.4: the laws of first values.
#[test]
fn initialisers_are_laws() {
    let law = |written: &str| {
        let text = plain("below -> self", &format!("below -> self{written}"));
        let model = Bench::new(&format!("{text}network n {{ 4 - 2 }}")).model();
        let Init::Own(law) = model.parameters()[0].init.clone() else { panic!("it is the rule's own") };
        *law
    };
    assert_eq!(law(" = 0.25"), Init::Constant(0.25));
    assert_eq!(law(" = 2 * lr"), Init::Constant(2.0));
    assert_eq!(law(" = normal(0.1)"), Init::Normal { mean: 0.0, deviation: 0.1 });
    assert_eq!(law(" = uniform(-1, 2)"), Init::Uniform { low: -1.0, high: 2.0 });
    assert_eq!(law(" = glorot()"), Init::Uniform { low: -1.0, high: 1.0 });
    assert_eq!(law(""), law(" = glorot()"));
    assert_eq!(law(" = he()"), Init::Normal { mean: 0.0, deviation: 0.5_f64.sqrt() });
    finds("wrong_argument_count", &plain("below -> self", "below -> self = normal()"));
    // Their fans by name: of a kernel its channels, rows and columns; a hyper-parameter of that name stands before.
    let first = |init: &str, network: &str| {
        let text = plain("below -> self", &format!("below -> self = {init}"));
        Bench::new(&format!("{text}network n {{ {network} }}")).first("W/input->output")
    };
    assert_eq!(first("1 / sqrt(fan_in)", "4 - 2"), [0.5; 8]);
    assert_eq!(first("fan_out + lr", "4 - 2"), [3.0; 8]);
    assert_eq!(first("fan_in + 0.5 * fan_out", "2x3x3 - conv 1 k3")[..2], [22.5; 2]);
    let drawn = first("uniform(-1, 1) / sqrt(fan_in)", "100 - 200");
    assert!(drawn.iter().all(|x| x.abs() <= 0.1) && drawn.iter().any(|x| x.abs() > 0.0999));
    let named = plain("below -> self", "below -> self = fan_in").replace("(lr = 1)", "(lr = 1, fan_in = 7)");
    assert_eq!(Bench::new(&format!("{named}network n {{ 4 - 2 }}")).first("W/input->output"), [7.0; 8]);
    let of_unit = plain("state x", "param b = fan_in\n state x").replace("learn {", "learn { b += x;");
    let of_unit = of_unit.replace("W @ below.x", "W @ below.x + b");
    assert_eq!(Bench::new(&format!("{of_unit}network n {{ 4 - 2 }}")).first("b/output"), [2.0; 2]);
    assert_eq!(law(" = normal(0)"), Init::Normal { mean: 0.0, deviation: 0.0 });
    for wrong in
        ["normal(-lr)", "0.5 * normal(0 / 0)", "uniform(1, 0)", "bernoulli(1.5)", "1 - bernoulli(-0.1)"]
    {
        finds("bad_value", &plain("below -> self", &format!("below -> self = {wrong}")));
    }
}

/// R4.4: laws of whole matrices, which unit parameters and one-to-one projections do not have.
#[test]
fn matrices_have_laws_of_their_own() {
    let first = |init: &str, network: &str| {
        let text = plain("below -> self", &format!("below -> self = {init}"));
        Bench::new(&format!("{text}network n {{ {network} }}")).first("W/input->output")
    };
    assert_eq!(first("identity()", "3 - 2"), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    // Along kernels, shared or not, every channel is copied.
    let copied: Vec<f64> = (1..=18).map(f64::from).collect();
    for window in ["conv 2 k3 p1", "local 2 k3 p1", "conv 2 k1", "conv 2 k5 p2"] {
        let text = plain("below -> self", "below -> self = identity()");
        let bench = Bench::new(&format!("{text}network n {{ 2x3x3 - {window} }}"));
        let weights = bench.first("W/input->output");
        assert_eq!(weights.iter().sum::<f64>(), if window.starts_with("local") { 18.0 } else { 2.0 });
        bench.present(&[("W/input->output", &weights)], &[&copied], &[]).is("state/p/x/output", &copied);
    }
    let drawn = first("bernoulli(0.25)", "100 - 100");
    assert!(drawn.iter().all(|x| [0.0, 1.0].contains(x)));
    assert!((drawn.iter().sum::<f64>() / 1e4 - 0.25).abs() < 0.02);
    for (network, rows, columns) in [("30 - 20", 20, 30), ("20 - 30", 30, 20), ("20 - 20", 20, 20)] {
        let w = first("orthogonal(2)", network);
        let short = rows.min(columns);
        for (a, b) in (0..short).flat_map(|a| (0..=a).map(move |b| (a, b))) {
            let at =
                |i: usize, k: usize| if rows <= columns { w[i * columns + k] } else { w[k * columns + i] };
            let product: f64 = (0..rows.max(columns)).map(|k| at(a, k) * at(b, k)).sum();
            assert!((product - if a == b { 4.0 } else { 0.0 }).abs() < 1e-13, "{network} {a} {b}");
        }
    }
    for wrong in [
        plain("below -> self", "below -> self = identity(), one_to_one"),
        plain("state x", "param b = orthogonal(1)\n state x").replace("learn {", "learn { b += x;"),
    ] {
        assert!(codes(&wrong).contains(&"bad_value".to_owned()), "{wrong}");
    }
}

/// R4.5: learned or fixed, never neither nor both.
#[test]
fn weights_are_learned_or_fixed() {
    finds(
        "parameter_never_learned",
        &plain("learn { W += lr * post.x * pre.x }", "learn { }").replace("(lr = 1)", ""),
    );
    finds("fixed_is_learned", &plain("below -> self", "below -> self, fixed"));
    let bias = plain("state x", "param b = 0\n state x").replace("W @ below.x", "W @ below.x + b");
    finds("parameter_never_learned", &bias);
    clean(&bias.replace("param b", "fixed param b"));
    finds(
        "fixed_is_learned",
        &bias.replace("param b", "fixed param b").replace("learn {", "learn { b += x;"),
    );
    clean(&bias.replace("learn {", "learn { b += x;"));
    assert!(codes(&plain("below -> self", "below -> self, sticky")).contains(&"unknown_name".to_owned()));
}

/// R4.6: `symmetric` changes the verdict, not the numbers.
#[test]
fn symmetry_changes_no_number() {
    let rule = |attribute: &str, licence: &str| {
        format!(
            "rule R{licence} {{
  neuron {{ state x, y }}
  synapse W : below -> self = glorot(){attribute}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }};  output y = target;  sweep down {{ hidden y = W.T @ above.y }} }}
  learn {{ W += post.y * pre.x }}
  predict output.x after p
}}
network n {{ 1 - 2 - 1 }}"
        )
    };
    finds("non_local_read", &rule("", ""));
    for text in [rule(", symmetric", ""), rule("", " allow weight_transport")] {
        let weights: &[(&str, &[f64])] = &[("W/input->h1", &[1.0, 2.0]), ("W/h1->output", &[3.0, 4.0])];
        let text = text
            .replace(" };  output", " };\n output")
            .replace("after p", "after q")
            .replace("output y", "}\n phase q { output y");
        Bench::new(&text).present(weights, &[&[1.0]], &[&[5.0]]).is("state/q/y/h1", &[15.0, 20.0]);
    }
}

/// R4.7: bounds hold from the first and after learning.
#[test]
fn weights_stay_in_bounds() {
    let text = plain("below -> self", "below -> self, in [-1, 2]");
    for (input, after) in [(3.0, 2.0), (-30.0, 2.0), (0.5, 1.25)] {
        let bench = Bench::new(&format!("{text}network n {{ 1 - 1 }}"));
        bench.present(&[("W/input->output", &[1.0])], &[&[input]], &[]).is("new/W/input->output", &[after]);
    }
    for (first, within) in [("5", 2.0), ("-5", -1.0), ("0.5", 0.5)] {
        let text = text.replace("below -> self", &format!("below -> self = {first}"));
        assert_eq!(Bench::new(&format!("{text}network n {{ 1 - 1 }}")).first("W/input->output"), [within]);
    }
}

/// R4.7: bounds are in order.
#[test]
fn bounds_are_in_order() {
    finds("bad_value", &plain("below -> self", "below -> self, in [1, 0]"));
    let text = plain("below -> self", "below -> self, in [1, top]").replace("(lr = 1)", "(lr = 1, top = 1)");
    clean(&text);
    finds("bad_value", &text.replace("top = 1", "top = 0.5"));
}

/// R4.8: a number beside the weight, learned and read by its synapse, and transmitting.
#[test]
fn synapses_have_further_quantities() {
    let text = "rule R {
  neuron { state x }
  synapse W : below -> self = 1 { param m = 3 }
  phase p { clamp input x = data;  sweep up { x = W @ below.x + m @ below.x } }
  learn { W += m * pre.x;  m = W }
  predict output.x after p
}
network n { 1 - 1 }";
    clean(text);
    let given: &[(&str, &[f64])] = &[("W/input->output", &[2.0]), ("W.m/input->output", &[3.0])];
    let found = Bench::new(text).present(given, &[&[10.0]], &[]);
    found.is("state/p/x/output", &[50.0]);
    found.is("new/W/input->output", &[32.0]);
    found.is("new/W.m/input->output", &[2.0]);
}

/// R4.15, R2.3, R7.22: numbers of two synapses share names with each other and a hyper-parameter, and one equation is for both.
#[test]
fn names_of_a_synapse_are_its_own() {
    let text = "rule R(m = 100) {
  neuron { state x = 0, y = 0 }
  synapse W : below -> self = 1 { trace tag
    param m = 3 }
  synapse V : self -> self = 1 { trace tag = 1
    param m = 5 }
  phase p { clamp input x = data
    in turn {
      output x = W @ below.x + W.m @ below.x + V.m @ self.x + m
      W.tag, V.tag = 10 * tag + post.x * pre.x + m
      output x, y = (W * W.tag) @ below.x + (V * V.tag) @ self.x } }
  learn { W, V += tag + 0 * post.y;  W.m, V.m = 2 * m }
}
network n { 1 - 1 }
experiment e { rule R;  network n }";
    clean(text);
    let given: &[(&str, &[f64])] = &[
        ("W/input->output", &[2.0]),
        ("V/output->output", &[1.0]),
        ("W.m/input->output", &[3.0]),
        ("V.m/output->output", &[5.0]),
    ];
    let found = Bench::new(text).present(given, &[&[10.0]], &[]);
    let x = 20.0 + 30.0 + 100.0;
    let (w, v) = (x * 10.0 + 3.0, 10.0 + x * x + 5.0);
    found.is("state/p/W.tag/input->output", &[w]);
    found.is("state/p/V.tag/output->output", &[v]);
    found.is("increment/W/input->output", &[w]);
    found.is("increment/V/output->output", &[v]);
    // Each target has an equation of its own, and the second reads what the first wrote.
    let first = 2.0 * w * 10.0 + v * x;
    found.is("state/p/x/output", &[first]);
    found.is("state/p/y/output", &[2.0 * w * 10.0 + v * first]);
    found.is("new/W.m/input->output", &[6.0]);
    found.is("new/V.m/output->output", &[10.0]);
    finds("unknown_name", &text.replace("W.tag, V.tag =", "tag ="));
    finds(
        "unknown_name",
        &text.replace("W.m @", "m @").replace("R(m", "R(n").replace("self.x + m", "self.x + n"),
    );
    finds("unknown_name", &text.replace("V.m @", "V.k @"));
    finds("duplicate_name", &text.replace("trace tag = 1", "trace tag, tag"));
    finds("duplicate_name", &text.replace("trace tag = 1", "trace tag, V"));
    finds("reserved_name", &text.replace("trace tag = 1", "trace tag, T"));
    let other = codes(&text.replace("W.m, V.m = 2 * m", "W.m, V.m = 2 * W.m"));
    assert_eq!(other, ["non_local_read", "shape_mismatch"], "between the units of `V` there is no `W`");
    // A bare name is enough where only one synapse has it.
    let alone =
        text.replace("param m = 5", "param k = 5").replace("W.m, V.m", "W.m, k").replace("V.m @", "k @");
    Bench::new(&alone.replace("k = 2 * m", "k = 2 * 3")).present(&given[..3], &[&[10.0]], &[]);
}

/// R4.9: one-to-one projections have one weight for each unit, between groups of equal sizes.
#[test]
fn one_to_one_projections_join_units_in_their_places() {
    let text = "rule R {
  neuron P { state x, y = 0 }
  neuron Q { state z = 0 }
  synapse W : below.P -> P
  synapse V : P -> Q = 1, one_to_one { param m = 2 }
  phase p { clamp input P: x = data
    sweep up { P: x = W @ below.P.x;  Q: z = V @ P.x + m @ P.x;  P: y = V.T @ Q.z } }
  learn { W += post.y * pre.x;  V += V * post.z * pre.x - m;  m += 1 }
  predict output.Q.z after p
}
network n { 1 - 2 }";
    let text = text.replace("rule R {", "rule R allow weight_transport {");
    let weights: &[(&str, &[f64])] = &[
        ("W/input->output", &[3.0, 4.0]),
        ("V/output->output", &[5.0, 6.0]),
        ("V.m/output->output", &[1.0, 1.0]),
    ];
    let found = Bench::new(&text).present(weights, &[&[1.0], &[2.0]], &[]);
    found.is("state/p/Q.z/output", &[18.0, 28.0, 36.0, 56.0]);
    found.is("state/p/P.y/output", &[90.0, 168.0, 180.0, 336.0]);
    let mean = |v: f64, z: f64, x: f64| v + (v * z * x + v * (2.0 * z) * (2.0 * x)) / 2.0 - 1.0;
    found.is("new/V/output->output", &[mean(5.0, 18.0, 3.0), mean(6.0, 28.0, 4.0)]);
    // Where no equation has to do with it, it need not be.
    let hidden = |more: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0 }}
  synapse one : below -> self = 3, one_to_one, fixed
  synapse W : below -> self = 0.5
  phase p {{ clamp input x = data;  in turn {{ hidden x = one @ below.x;  output x = W @ below.x }} }}
  learn {{ output W += lr * post.x * pre.x }}
  predict output.x after p
  {more}
}}
network n {{ 2 - 2 - 1 }}
experiment e {{ rule R;  network n;  data random }}"
        )
    };
    let given: &[(&str, &[f64])] = &[("one/input->h1", &[3.0, 4.0]), ("W/h1->output", &[1.0, 1.0])];
    Bench::new(&hidden("")).present(given, &[&[1.0, 2.0]], &[]).is("state/p/x/output", &[11.0]);
    finds("shape_mismatch", &hidden("check law { expect largest(one) < 9 }"));
    finds("shape_mismatch", &hidden("").replace("hidden x = one", "x = one"));
    let wrong = plain("below -> self", "below -> self, one_to_one");
    finds("shape_mismatch", &format!("{wrong}network n {{ 2 - 3 }}\nexperiment e {{ rule R;  network n }}"));
    let mixed = plain("state x", "state x")
        .replace("learn {", "synapse V : below -> self = 1, one_to_one, fixed\n learn { W += V;");
    assert!(codes(&mixed).contains(&"shape_mismatch".to_owned()));
}

/// R4.10: first values may be functions of laws and of earlier first values, between the same units.
#[test]
fn first_values_may_follow_others() {
    let text = "rule R {
  neuron P { param b = normal(1)\n param c = 3 * b\n state x = 0 }
  neuron I sized above { state v = 0 }
  synapse W : below.P -> P = 2 * abs(normal(1)) + 1
  synapse B : above.P -> P = -W.T / 2, fixed
  synapse T : P -> I = 0.5 * W, fixed
  synapse V : I -> P = -B, fixed
  synapse L : P -> P = normal(1) - normal(1) { fixed param k = 0 * L }
  phase p { clamp input P: x = data;  sweep up { P: x = W @ below.P.x + B @ above.P.x + b + c + L @ P.x + k @ P.x
    I: v = T @ P.x } }
  phase q { clamp input P: x = data;  P: x = x + V @ I.v }
  learn { W += post.x;  b += x;  c += x;  L += post.x }
  predict output.P.x after q
}
network n { 3 - 2 - 2 }";
    let bench = Bench::new(text);
    let transposed = |m: &[f64], columns: usize| -> Vec<f64> {
        (0..columns).flat_map(|j| m.iter().skip(j).step_by(columns)).copied().collect()
    };
    let scaled = |m: &[f64], by: f64| m.iter().map(|x| by * x).collect::<Vec<_>>();
    let (low, high) = (bench.first("W/input->h1"), bench.first("W/h1->output"));
    assert!(low.iter().chain(&high).all(|w| *w > 1.0) && low[0] != low[1]);
    assert_eq!(bench.first("B/output->h1"), scaled(&transposed(&high, 2), -0.5));
    // The units of `I` in `h1` stand for those of the output.
    assert_eq!(bench.first("T/h1->h1"), scaled(&high, 0.5));
    assert_eq!(bench.first("V/h1->h1"), scaled(&bench.first("B/output->h1"), -1.0));
    assert_eq!(bench.first("P.c/h1"), scaled(&bench.first("P.b/h1"), 3.0));
    // Two laws are two draws.
    assert!(bench.first("L/h1->h1").iter().all(|x| *x != 0.0));
    assert!(bench.first("L.k/h1->h1").iter().all(|x| *x == 0.0));
    // Not its own, nor a later one's, nor one that joins other units.
    for init in ["W", "W.T", "2 * V"] {
        let text = plain("below -> self", &format!("below -> self = {init}"));
        let text = text.replace("phase", "synapse V : below -> self = 1, fixed\n phase");
        assert!(codes(&text).contains(&"unknown_name".to_owned()), "{init}");
    }
    let text = plain("phase", "synapse D : output -> self = W + 1, fixed\n phase");
    let text = text.replace("W @ below.x", "W @ below.x + D @ output.x").replace("state x", "state x = 0");
    finds("shape_mismatch", &text);
    // Written out, each is twice as large as the one before.
    let doubled: String = (1..10).map(|i| format!("fixed param p{i} = p{0} * p{0}\n ", i - 1)).collect();
    let text = plain("state x", &format!("fixed param p0 = normal(1)\n {doubled} state x"));
    finds("first_value_too_large", &text.replace("W @ below.x", "p9 * (W @ below.x)"));
}

/// R4.11: a synapse that is not there transmits nothing, whatever stands before `@`.
#[test]
fn absent_synapses_transmit_nothing() {
    let e = std::f64::consts::E;
    for (made, heard) in [
        ("W", 201.0),
        ("n", 402.0),
        ("exp(W)", e + e * e * 100.0),
        ("(W + n)", 603.0),
        ("(n * pre.x)", 40_002.0),
        ("(n - pre.x)", 1.0 - 9600.0),
        ("(W - pre.x)", -9800.0),
        ("(n / pre.x)", 6.0),
        ("abs(W - pre.x)", 9800.0),
        ("(if pre.x > 5 then n else W)", 401.0),
        ("relu(n)", 402.0),
    ] {
        let text = plain("state x", "state x, z")
            .replace("W @ below.x", &format!("W @ below.x;  z = {made} @ below.x"));
        let text =
            text.replace("below -> self", "below -> self, mask(m) { fixed param m = 1;  fixed param n = 1 }");
        let text = text.replace("predict output.x", "predict output.x + 0 * output.z");
        let bench = Bench::new(&format!("{text}network n {{ 3 - 1 }}"));
        let mut given: Vec<(&str, &[f64])> =
            vec![("W/input->output", &[1.0, 0.0, 2.0]), ("W.m/input->output", &[1.0, 0.0, 1.0])];
        if made.contains('n') {
            given.push(("W.n/input->output", &[2.0, 3.0, 4.0]));
        }
        bench.present(&given, &[&[1.0, 10.0, 100.0]], &[]).is("state/p/z/output", &[heard]);
    }
}

/// R4.11: masked synapses are not there, from the first and after learning.
#[test]
fn masked_synapses_are_absent() {
    finds("bad_value", &plain("below -> self", "below -> self = 3, mask(m) { fixed param m = W > 2 }"));
    let text = plain("below -> self", "below -> self = 3, mask(m) { fixed param m = identity() }");
    let bench = Bench::new(&format!("{text}network n {{ 2 - 2 }}"));
    assert_eq!(bench.first("W/input->output"), [3.0, 0.0, 0.0, 3.0]);
    let given: &[(&str, &[f64])] =
        &[("W/input->output", &[1.0, 0.0, 0.0, 1.0]), ("W.m/input->output", &[1.0, 0.0, 0.0, 1.0])];
    bench.present(given, &[&[1.0, 2.0]], &[]).is("new/W/input->output", &[2.0, 0.0, 0.0, 5.0]);
    // What is given to a probe is moved to where first values may be (R4.7).
    let bounded = text.replace("mask(m)", "in [0, 4], mask(m)");
    let model = Bench::new(&format!("{bounded}network n {{ 2 - 2 }}")).model();
    let array = |dims: &[usize], numbers: &[f64]| Tensor::from_f64(dims, numbers, Precision::F64);
    let arrays = BTreeMap::from([
        ("W/input->output".to_owned(), array(&[2, 2], &[5.0, 5.0, 5.0, -5.0])),
        ("W.m/input->output".to_owned(), array(&[2, 2], &[1.0, 0.0, 0.0, 1.0])),
        ("data".to_owned(), array(&[1, 2], &[1.0, 2.0])),
    ]);
    let context = Context { seed: 1, update: 0 };
    let found =
        probe(&model, &arrays, Precision::F64, false, (Backend::Interpreter, context)).expect("it runs");
    let x = found.iter().find(|(name, _)| name == "state/p/x/output").expect("it is a state");
    assert_eq!(x.1.to_f64(), [4.0, 0.0]);
    // What is not there has no bounds.
    let positive = format!("{}network n {{ 2 - 2 }}", text.replace("mask(m)", "in [4, 6], mask(m)"));
    assert_eq!(Bench::new(&positive).first("W/input->output"), [4.0, 0.0, 0.0, 4.0]);
    Bench::new(&positive)
        .present(given, &[&[1.0, 3.0]], &[])
        .is("new/W/input->output", &[4.0, 0.0, 0.0, 6.0]);
    // A mask that learns takes weights with it, in its own block and in others; what comes begins at 0.
    let fixed = "mask(m) { fixed param m = identity() }";
    let grow = "W += lr * post.x * pre.x";
    for (learn, left) in [
        (format!("m = 1 - m;  {grow}"), [0.0, 2.0, 2.0, 0.0]),
        (format!("m = 1 - m }}\n learn {{ {grow}"), [0.0, 2.0, 2.0, 0.0]),
        (format!("{grow} }}\n learn {{ m = 1 - m"), [0.0; 4]),
    ] {
        let moving = text.replace(fixed, "mask(m) { param m = identity() }").replace(grow, &learn);
        let bench = Bench::new(&format!("{moving}network n {{ 2 - 2 }}"));
        let found = bench.present(given, &[&[1.0, 2.0]], &[]);
        found.is("new/W.m/input->output", &[0.0, 1.0, 1.0, 0.0]);
        found.is("new/W/input->output", &left);
    }
    // So at every step of a phase.
    let within = text.replace(fixed, "mask(m) { param m = identity() }");
    let within = within.replace("x = W @ below.x }", "x = W @ below.x }\n learn { m = m * (time == 0) }");
    let within = within.replace("phase p {", "phase p (steps = 2) {");
    let bench = Bench::new(&format!("{within}network n {{ 2 - 2 }}"));
    let found = bench.present(given, &[&[1.0, 2.0]], &[]);
    found.is("state/p/x/output", &[1.0, 2.0]);
    found.is("new/W/input->output", &[0.0; 4]);
    for wrong in ["mask(k)", "mask(1)", "mask(W)"] {
        let text = plain("below -> self", &format!("below -> self = 3, {wrong} {{ param m = 1 }}"));
        assert!(codes(&text).contains(&"bad_value".to_owned()), "{wrong}");
    }
}

/// A rule whose weights begin so.
fn text_of_place(init: &str) -> String {
    format!(
        "rule R {{ neuron {{ state x }}
  synapse W : below -> self = {init}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  learn {{ W += post.x }} }}
network n {{ 3 - 3 }}"
    )
}

/// R4.13: first values ask where units are, and compare.
#[test]
fn first_values_know_places() {
    let first = |init: &str| {
        let text = format!(
            "rule R {{ neuron {{ param b = index + channel\n state x }}
  synapse W : below -> self = {init}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x + b }} }}
  learn {{ W += post.x;  b += x }} }}
network n {{ 3 - 3 }}"
        );
        let bench = Bench::new(&text);
        assert_eq!(bench.first("b/output"), [0.0, 2.0, 4.0]);
        bench.first("W/input->output")
    };
    assert_eq!(first("10 * post.index + pre.index"), [0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 20.0, 21.0, 22.0]);
    assert_eq!(first("pre.index < post.index"), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    assert_eq!(first("post.index - pre.index == 1"), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(
        first("abs(pre.index - post.index) <= 1 and not pre.index == 1"),
        [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    );
    assert_eq!(
        first("if pre.index > 1 or post.index > 1 then 7 else -(pre.index - 3)^2"),
        [-9.0, -4.0, 7.0, -9.0, -4.0, 7.0, 7.0, 7.0, 7.0]
    );
    assert_eq!(
        first("max(pre.index, post.index) - min(pre.index, 1)"),
        [0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 2.0, 1.0, 1.0]
    );
    // One's own functions are written out, with settings, inside each other, before operations of their name (R6.2, R6.4).
    let own = |functions: &str, init: &str| {
        let text = format!(
            "{functions}
rule R(n = 3) {{ neuron {{ param z = normal(n)\n param b = square(z + 1)\n state x }}
  synapse W : below -> self = {init}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x + b }} }}
  learn {{ W += post.x;  b += x;  z += x }} }}
network n {{ 3 - 3 }}"
        );
        let bench = Bench::new(&text);
        let squared: Vec<f64> = bench.first("z/output").iter().map(|z| (z + 1.0) * (z + 1.0)).collect();
        assert_eq!(bench.first("b/output"), squared);
        bench.first("W/input->output")
    };
    let square = "fn square(x) = x * x";
    let ring = format!("{square}\nfn ring(d, n; far = 9) = if d < 0 and not d == -n then far else square(d)");
    assert_eq!(own(&ring, "ring(post.index - pre.index, n)"), [0.0, 9.0, 9.0, 1.0, 0.0, 9.0, 4.0, 1.0, 0.0]);
    assert_eq!(own(&ring, "ring(post.index - pre.index, 2, far = pre.index)")[..3], [0.0, 1.0, 4.0]);
    assert_eq!(own(square, "relu(pre.index - 1, slope = 2)"), [-2.0, 0.0, 1.0].repeat(3));
    assert_eq!(own(square, "relu'(pre.index - 1)"), [0.0, 0.0, 1.0].repeat(3));
    let other = format!("{square}\nfn exp(x) = 2 * x");
    assert_eq!(own(&other, "exp(pre.index)"), [0.0, 2.0, 4.0].repeat(3));
    assert_eq!(own(&other, "exp(n)"), [6.0; 9]);
    assert_eq!(own(square, "0 * normal(square(2)) + square(pre.index)"), [0.0, 1.0, 4.0].repeat(3));
    let wrong = |code: &str, functions: &str, init: &str| {
        let rule = text_of_place(init);
        finds(code, &format!("{square}\n{functions}\n{rule}"));
    };
    wrong("wrong_argument_count", "", "square(pre.index, 1)");
    wrong("unknown_name", "", "relu(pre.index, slop = 1)");
    wrong("missing_derivative", "", "square'(pre.index)");
    wrong("shape_mismatch", "", "softmax(pre.index)");
    wrong("shape_mismatch", "fn noisy(x) = x + normal()", "noisy(pre.index)");
    wrong("shape_mismatch", "", "square(index)");
    wrong("bad_value", "", "normal(pre.index)");
    wrong("bad_value", "", "square(normal(1))");
    let doubled: Vec<String> = (0..12).map(|_| "square(".to_owned()).collect();
    wrong(
        "function_too_large",
        "",
        &format!("{}pre.index + 1{}", doubled.concat().repeat(2), ")".repeat(24)),
    );
    // Where the synapses are, a mask may say; one to one both ends are in one place.
    let text = "rule R { neuron { state x }
  synapse W : below -> self = 1 + pre.row, mask(m) { fixed param m = pre.row == post.index }
  synapse G : self -> self = pre.index + 10 * post.index, one_to_one, fixed
  phase p { clamp input x = data;  sweep up { x = W @ below.x + G @ self.x } }
  learn { W += post.x } }
network n { 1x2x2 - 2 }";
    let bench = Bench::new(&text.replace("state x", "state x = 0"));
    assert_eq!(bench.first("W/input->output"), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0]);
    assert_eq!(bench.first("G/output->output"), [0.0, 11.0]);
    // What is shared has no place, but channels have one.
    let kernel = |b: &str, w: &str| {
        format!(
            "rule R {{ neuron {{ param b = {b}\n state x }}
  synapse W : below -> self = {w}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x + b }} }}
  learn {{ W += post.x;  b += x }} }}
network n {{ 1x3x3 - conv 2 k2 }}
experiment e {{ rule R;  network n }}"
        )
    };
    assert_eq!(Bench::new(&kernel("channel", "0.1")).first("b/output"), [0.0, 1.0]);
    finds("not_convolvable", &kernel("row", "0.1"));
    finds("not_convolvable", &kernel("0", "pre.index"));
}

/// R4.11: fixed weights come and go with a mask that learns, as those that learn do.
#[test]
fn a_learned_mask_is_of_fixed_weights_too() {
    let text = |fixed: &str, learned: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 1, y = 0 }}
  synapse W : below -> self = 2{fixed}, mask(m) {{ param m = 1 }}
  phase p {{ x = 1 }}
  learn {{ W.m -= 1 + 0 * post.x * pre.x{learned} }}
  phase q {{ y = W @ below.x }}
  learn {{ W.m += 0 * post.y }}
}}
network n {{ 1 - 1 }}"
        )
    };
    for text in [text(", fixed", ""), text("", ";  W += 0 * pre.x")] {
        let weights: &[(&str, &[f64])] = &[("W/input->output", &[2.0]), ("W.m/input->output", &[1.0])];
        let found = Bench::new(&text).present(weights, &[&[0.0]], &[]);
        found.is("state/q/y/output", &[0.0]);
        found.is("new/W/input->output", &[0.0]);
    }
}

/// R11.4, R11.5, R11.6: a function that draws draws for each synapse, whatever it is given, in a trace as in a `learn` block; what is
/// written out means the same.
#[test]
fn functions_draw_for_every_synapse() {
    let text = "fn noisy(x) = x + normal()
rule R {
  neuron { state x = 0, p = 0.5, y = 0, z = 0 }
  synapse W : below -> self = 0 { trace release, plain }
  synapse A : below -> self = 0
  synapse B : below -> self = 0
  synapse C : below -> self = 0
  phase q { in turn {
    input x = data
    W.release = bernoulli(pre.p)
    W.plain = noisy(pre.x)
    output y = W.release @ 1
    output z = W.plain @ 1 } }
  learn {
    W += post.y + post.z
    A += noisy(pre.x)
    B += bernoulli(0.5) * post.p * pre.p
    C += bernoulli(pre.p) * (1 - C)
  }
}
network n { 200 - 3 }";
    let bench = Bench::new(text);
    let samples: &[&[f64]] = &[&[0.0; 200], &[0.0; 200]];
    let found = bench.present(&[], samples, &[]);
    let apart = |numbers: &[f64], width: usize| {
        let rows: Vec<&[f64]> = numbers.chunks(width).collect();
        rows.iter().enumerate().all(|(at, row)| rows[..at].iter().all(|other| row != other))
    };
    // Two samples of three units, each of which has heard 200 synapses.
    let (releases, noises) = (found.get("state/q/y/output"), found.get("state/q/z/output"));
    assert!(apart(found.get("state/q/W.release/input->output"), 200) && apart(noises, 1), "{noises:?}");
    assert!(releases.iter().all(|n| (60.0..140.0).contains(n)), "{releases:?}");
    for learned in ["A", "B", "C"] {
        let increment = found.get(&format!("increment/{learned}/input->output"));
        assert!(apart(increment, 200), "{learned}");
        let columns: Vec<f64> =
            (0..200).flat_map(|column| (0..3).map(move |row| increment[200 * row + column])).collect();
        assert!(columns.chunks(3).filter(|column| column.iter().any(|x| *x != column[0])).count() > 100);
    }
    let drawn = found.get("increment/B/input->output");
    assert!(drawn.iter().all(|x| [0.0, 0.25].contains(x)), "the same for all samples");
    // The parameter of a channel has one draw, whether it is in a function or not.
    for noise in ["noisy(x)", "(x + normal())"] {
        let text = plain("state x", "param b = 0\n state x")
            .replace("W @ below.x", "W @ below.x + b")
            .replace("learn {", &format!("learn {{ b += 2 * {noise};"));
        let text = format!("fn noisy(x) = x + normal()\n{text}network n {{ 1x3x3 - conv 5 k2 }}");
        let found = Bench::new(&text).present(&[], &[&[1.0; 9]], &[]);
        let increment = found.get("increment/b/output");
        assert!(apart(increment, 1) && increment.iter().all(|x| x.abs() < 12.0), "{increment:?}");
    }
    let half = drawn.iter().filter(|x| **x > 0.0).count();
    assert!((200..400).contains(&half), "{half} of 600");
}

/// R4.7, R20.5: the numbers of an attribute may stand in round brackets.
#[test]
fn attributes_may_have_round_brackets() {
    let first = |attribute: &str| {
        let text = plain("below -> self", &format!("below -> self = normal(1), {attribute}"));
        Bench::new(&format!("{text}network n {{ 20 - 10 }}")).first("W/input->output")
    };
    assert_eq!(first("in(0, 0.1)"), first("in [0, 0.1]"));
    assert!(first("in(0, 0.1)").iter().all(|w| (0.0..=0.1).contains(w)));
    // Either way what is read in the first step has no value yet.
    for delay in ["delay(1)", "delay 1"] {
        finds("read_before_write", &plain("below -> self", &format!("below -> self = 1, {delay}")));
    }
    finds("bad_value", &plain("below -> self", "below -> self = 1, delay(2)"));
    finds("bad_value", &plain("below -> self", "below -> self = 1, in(1, 0)"));
}
