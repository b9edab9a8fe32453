//! Rules 9 and 10: prediction and signals.
#![allow(clippy::disallowed_methods, reason = "closed forms are computed by an independent library")]

use plr_ir::Precision;
use plr_ir::model::{Model as _, Piece};
use plr_run::metrics;

use crate::bench::{Bench, finds};
use crate::text::{PLAIN, plain};

/// R9.1: the phases up to the named one run, without the target.
#[test]
fn predictions_are_made_without_the_target() {
    let text = plain("  learn", "  phase q { output x = target }\n  learn");
    let bench = Bench::new(&format!("{text}network n {{ 1 - 1 }}"));
    let found = bench.evaluate(&[("W/input->output", &[3.0])], &[&[2.0]], &[&[100.0]]);
    found.is("prediction", &[6.0]);
    assert!(crate::bench::codes(&text.replace("after p", "after q")).contains(&"unknown_to_unit".to_owned()));
    let predict = plain("predict output.x", "predict 2 * output.x + sum(output.x)");
    let bench = Bench::new(&format!("{predict}network n {{ 1 - 2 }}"));
    bench.evaluate(&[("W/input->output", &[3.0, 4.0])], &[&[1.0]], &[]).is("prediction", &[13.0, 15.0]);
    finds("shape_mismatch", &plain("predict output.x", "predict input.x"));
    finds("shape_mismatch", &plain("predict output.x", "predict x"));
}

/// R9.2: the first largest prediction is the class; the loss is the cost of the prediction as an activity.
#[test]
fn classes_are_the_largest_predictions() {
    assert_eq!(metrics::correct(&[0.5, 0.5, 0.1], &[1.0, 0.0, 0.0], 3), 1);
    assert_eq!(metrics::correct(&[0.5, 0.5, 0.1], &[0.0, 1.0, 0.0], 3), 0);
    assert_eq!(metrics::correct(&[0.5, f64::NAN, 0.1], &[1.0, 0.0, 0.0], 3), 0);
    let bench = Bench::new(&format!(
        "{}network n {{ 1 - 1 sigmoid }}",
        plain("predict output.x", "predict output.x + 1")
    ));
    bench.evaluate(&[("W/input->output", &[3.0])], &[&[1.0]], &[&[2.0]]).is("loss", &[2.0]);
}

/// R9.3: at most one prediction; without one there is no cost.
#[test]
fn rules_predict_once_or_never() {
    finds("duplicate_name", &plain("  predict", "  predict output.x after p\n  predict"));
    let none = PLAIN.replace("predict output.x after p", "");
    let model = Bench::new(&format!("{none}network n {{ 1 - 1 }}")).model();
    for piece in [Piece::Predict, Piece::Evaluate, Piece::Cost(0)] {
        assert!(model.program(piece, 1, Precision::F32).is_none());
    }
}

/// R10.1: one number for each sample, heard by units and synapses, read anew, and at the end of a phase.
#[test]
fn signals_are_heard_by_all() {
    let text = "rule R {
  neuron { state x = 1, y = 0 }
  synapse W : below -> self
  signal s = sum(output.x)
  phase p { clamp input x = data;  output x = 2 * s;  y = s }
  phase q { in turn { output x = 10;  y = s + s[p] } }
  learn { W += s * pre.x + 1000 * s[p] + 0 * post.y }
}
network n { 1 - 3 }";
    let found = Bench::new(text).present(&[], &[&[1.0], &[5.0]], &[]);
    found.is("state/p/x/output", &[6.0; 6]);
    found.is("state/p/y/input", &[3.0; 2]);
    found.is("state/q/y/input", &[48.0; 2]);
    found.is("increment/W/input->output", &[30.0 * 3.0 + 18_000.0; 3]);
    finds(
        "definition_cycle",
        &plain("synapse", "signal a = b\n  signal b = a\n  synapse").replace("lr * post.x", "a * post.x"),
    );
}

/// R10.1: what many signals read is evaluated once for an equation, however often it is read.
#[test]
fn signals_may_read_each_other_many_times() {
    let doubled: String = (1..=40).map(|i| format!("  signal s{i} = s{0} + s{0}\n", i - 1)).collect();
    let text = plain("  synapse", &format!("  signal s0 = sum(output.x)\n{doubled}  synapse"));
    let text = text.replace("lr * post.x * pre.x", "s40 + 0 * post.x * pre.x");
    let bench = Bench::new(&format!("{text}network n {{ 1 - 1 }}"));
    let found = bench.present(&[("W/input->output", &[1.0])], &[&[3.0]], &[]);
    found.is("increment/W/input->output", &[3.0 * 2.0_f64.powi(40)]);
}

/// R10.2: reduced over the layer that is named, each by itself.
#[test]
fn signals_are_reduced() {
    let with = |signal: &str| {
        let text = plain("synapse", &format!("signal s = {signal}\n  synapse"));
        format!(
            "{}network n {{ 3 - 2 }}",
            text.replace("lr * post.x * pre.x", "lr * s * (1 + 0 * post.x * pre.x)")
        )
    };
    let one = |signal: &str, expected: f64| {
        let found = Bench::new(&with(signal)).present(
            &[("W/input->output", &[1.0, 1.0, 0.0, 0.0, 0.0, 1.0])],
            &[&[1.0, 2.0, 6.0]],
            &[&[5.0, 6.0]],
        );
        found.is("increment/W/input->output", &[expected; 6]);
    };
    one("mean(input.x)", 3.0);
    one("mean(output.x)", 4.5);
    one("max(softmax(0 * input.x))", 1.0 / 3.0);
    one("sum(output.x * sum(input.x))", 81.0);
    one("sum(target - output.x) - sum(loss(output.x))", 2.0 - 2.0);
    finds("shape_mismatch", &with("output.x"));
    finds("shape_mismatch", &with("sum(input.x * output.x)"));
    finds("shape_mismatch", &with("x"));
}

/// R10.3: over the units of all hidden layers, and of all input layers.
#[test]
fn signals_reduce_over_the_hidden_layers() {
    let with = |signal: &str, network: &str| {
        format!(
            "rule R {{
  neuron {{ state x, y }}
  synapse W : below -> self = 1
  signal s = {signal}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ output y = s + 0 * x }}
  learn {{ W += post.x * pre.x }}
  predict output.y after q
}}
network n {{ {network} }}"
        )
    };
    let one = |signal: &str, network: &str, expected: f64| {
        // The input shows 2: two units of h1 have 2 and 6, the one of h2 has 8, or there is no layer between.
        let given: &[(&str, &[f64])] = if network == "1 - 1" {
            &[]
        } else {
            &[("W/input->h1", &[1.0, 3.0]), ("W/h1->h2", &[1.0, 1.0]), ("W/h2->output", &[1.0])]
        };
        Bench::new(&with(signal, network)).present(given, &[&[2.0]], &[]).is("state/q/y/output", &[expected]);
    };
    let deep = "1 - 2 - 1 - 1";
    one("sum(hidden.x)", deep, 16.0);
    one("mean(hidden.x^2)", deep, 104.0 / 3.0);
    one("max(hidden.x - sum(hidden.x))", deep, -8.0);
    one("min(f(hidden.x))", deep, 2.0);
    one("sum(hidden.x) - sum(output.x) / sum(input.x)", deep, 16.0 - 4.0);
    one("sum(hidden.x)", "1 - 1", 0.0);
    let two = "input a = 2;  input b = 1;  output y = 1;  a -> y;  b -> y";
    let of_inputs = |signal: &str, expected: f64| {
        let given: &[(&str, &[f64])] = &[];
        Bench::new(&with(signal, two))
            .present(given, &[&[2.0, 7.0, 3.0]], &[])
            .is("state/q/y/y", &[expected]);
    };
    of_inputs("sum(input.x)", 12.0);
    of_inputs("mean(input.x)", 4.0);
    of_inputs("max(input.x - mean(input.x))", 3.0);
    of_inputs("sum(rank(input.x))", 1.0);
    one("max(hidden.x)", "1 - 1", f64::NAN);
    finds("shape_mismatch", &with("hidden.x", deep));
    finds("shape_mismatch", &with("sum(hidden.x * output.x)", deep));
    finds("unknown_name", &with("sum(hidden.z)", deep));
}

/// R9.4: one pass for each class, with that class as the target; the activation of the output layer is taken of what they say.
#[test]
fn classes_are_tried_out() {
    let text = |value: &str, activation: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 0, y = 0 }}
  synapse W : below -> self
  phase p (steps = 2) {{ clamp input x = data;  output y = y + (W @ below.x) * target }}
  phase q {{ output x = target }}
  learn {{ W += post.y * pre.x }}
  predict {value} for each class after p
}}
network n {{ 2 - 3 {activation} }}"
        )
    };
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])];
    let (data, target): (&[&[f64]], &[&[f64]]) =
        (&[&[2.0, 3.0], &[0.5, 0.0]], &[&[0.0, 1.0, 0.0], &[1.0, 0.0, 0.0]]);
    let found = Bench::new(&text("sum(output.y)", "")).evaluate(weights, data, target);
    found.is("prediction", &[4.0, 6.0, 10.0, 1.0, 0.0, 1.0]);
    found.is("loss", &[(16.0 + 25.0 + 100.0) / 2.0, 0.5]);
    // The cost of a prediction under softmax has a closed form.
    let found = Bench::new(&text("sum(output.y) / 2", "softmax"))
        .cost("softmax_cross_entropy")
        .evaluate(weights, data, target);
    let p = |scores: [f64; 3]| {
        let sum: f64 = scores.iter().map(|s| s.exp()).sum();
        scores.map(|s| s.exp() / sum)
    };
    let (a, b) = (p([2.0, 3.0, 5.0]), p([0.5, 0.0, 0.5]));
    found.is("prediction", &[a, b].concat());
    found.is("loss", &[-a[1].ln(), -b[0].ln()]);
    finds("shape_mismatch", &text("output.y", ""));
    let check = "check gradient at equilibrium of p { expect cosine(W) > 0 }\n  predict";
    finds("bad_value", &text("sum(output.y)", "").replace("predict", check));
}
