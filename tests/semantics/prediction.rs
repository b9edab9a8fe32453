//! Rules 9 and 10: prediction and signals.

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
