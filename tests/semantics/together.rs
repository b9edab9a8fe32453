//! Section 5: what a unit's synapses make together, and a synapse among others.

use crate::bench::{Bench, finds};

const WEIGHTS: [f64; 6] = [1.0, -2.0, 3.0, 0.5, -1.0, -4.0];

/// A rule with one projection, from two units to three.
fn rule(equation: &str, learn: &str) -> String {
    format!(
        "rule R allow weight_transport, other_synapse {{
  neuron {{ state x = 0, y = 0 }}
  synapse W : below -> self, mask(m) {{ fixed param m = 1 }}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ in turn {{ y = 0 * x;  {equation} }} }}
  learn {{ W += {learn} + 0 * post.y + 0 * pre.y }}
}}
network n {{ 2 - 3 }}
experiment e {{ rule R;  network n }}
"
    )
}

/// Asserts what the units of a layer have in two samples.
fn units(equation: &str, mask: [f64; 6], layer: &str, expected: &[f64]) {
    let parameters: [(&str, &[f64]); 2] = [("W/input->output", &WEIGHTS), ("W.m/input->output", &mask)];
    let found = Bench::new(&rule(equation, "0")).present(&parameters, &[&[2.0, 3.0], &[0.0, 1.0]], &[]);
    assert_eq!(found.get(&format!("state/q/y/{layer}"))[..expected.len()], *expected, "{equation}");
}

/// R5.23: the largest, smallest, sum and mean of what the synapses of a unit make.
#[test]
fn units_take_their_synapses_together() {
    let all =
        |value: &str, expected: &[f64]| units(&format!("output y = {value}"), [1.0; 6], "output", expected);
    all("max(W + pre.x, over = W)", &[3.0, 5.0, 1.0, 1.0, 3.0, -1.0]);
    all("min(W * pre.x, over = W)", &[-6.0, 1.5, -12.0, -2.0, 0.0, -4.0]);
    all("sum(W ^ 2, over = W)", &[5.0, 9.25, 17.0]);
    all("mean(abs(W), over = W)", &[1.5, 1.75, 2.5]);
    all("max(pre.x, over = W)", &[3.0, 3.0, 3.0, 1.0, 1.0, 1.0]);
    all("max(W * post.x, over = W)", &[8.0, 22.5, 56.0, 4.0, 1.5, 16.0]);
    let leaving =
        |value: &str, expected: &[f64]| units(&format!("input y = {value}"), [1.0; 6], "input", expected);
    leaving("max(W, over = W.T)", &[3.0, 0.5]);
    leaving("min(W.T * post.x, over = W)", &[-4.0, 3.75]);
    // No `W` ends in the input.
    leaving("max(W, over = W)", &[f64::NEG_INFINITY; 2]);
    leaving("min(W, over = W)", &[f64::INFINITY; 2]);
    leaving("sum(W, over = W)", &[0.0; 2]);
    leaving("if mean(W, over = W) == mean(W, over = W) then 1 else 0", &[0.0; 2]);
    let masked = |value: &str, expected: &[f64]| {
        units(&format!("output y = {value}"), [1.0, 0.0, 1.0, 1.0, 0.0, 0.0], "output", expected);
    };
    masked("max(-W, over = W)", &[-1.0, -0.5, f64::NEG_INFINITY]);
    masked("min(pre.x, over = W)", &[2.0, 2.0, f64::INFINITY]);
    masked("sum(pre.x, over = W)", &[2.0, 5.0, 0.0]);
    masked("if mean(pre.x, over = W) == 2.5 then 1 else 0", &[0.0, 1.0, 0.0]);
}

/// R5.23: over all instances, and over the only synapse of a one-to-one projection.
#[test]
fn several_instances_are_taken_together() {
    let text = "rule R {
  neuron { state x = 0, y = 0, z = 0 }
  synapse W : below -> self
  synapse V : self -> self = 2, one_to_one, fixed
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  phase q { output y = max(W * pre.x, over = W);  output z = max(V * pre.x, over = V) }
  learn { W += (post.y + post.z) * pre.x }
}
network n { input a = 1;  layer b = 1;  output c = 1;  a -> b -> c;  a -> c }";
    let weights: [(&str, &[f64]); 4] =
        [("W/a->b", &[3.0]), ("W/b->c", &[-2.0]), ("W/a->c", &[5.0]), ("V/c->c", &[2.0])];
    let found = Bench::new(text).present(&weights, &[&[1.0], &[-1.0]], &[]);
    // -2 × 3 + 5 × 1 = -1
    found.is("state/q/y/c", &[5.0, 6.0]);
    found.is("state/q/z/c", &[-2.0, 2.0]);
}

/// R5.23: what is no reduction of one value, not of these synapses, or shared, is a mistake.
#[test]
fn only_synapses_are_taken_together() {
    let code = |code: &str, value: &str| finds(code, &rule(&format!("output y = {value}"), "0"));
    code("shape_mismatch", "norm(W, over = W)");
    code("shape_mismatch", "max(W, 1, over = W)");
    code("shape_mismatch", "max(W - max(W, over = W), over = W)");
    code("no_synapse", "max(W + below.x, over = W)");
    code("shape_mismatch", "max(W + normal(), over = W)");
    code("unknown_name", "max(W, over = V)");
    finds("shape_mismatch", &rule("", "max(W, over = W)"));
    let convolved = rule("output y = max(W, over = W)", "0").replace("2 - 3", "1x4x4 - conv 2 k3");
    let convolved = convolved.replace(", mask(m) { fixed param m = 1 }", "");
    finds("not_convolvable", &convolved);
    // Licences are for what is not local alone: the units' own are.
    let local =
        rule("output y = max(W, over = W)", "0").replace(" allow weight_transport, other_synapse", "");
    crate::bench::legal(&local);
    finds("non_local_read", &local.replace("over = W)", "over = W.T)").replace("output y", "input y"));
}

/// Asserts what the weights learn from one sample.
fn learns(value: &str, expected: [f64; 6]) {
    let parameters: [(&str, &[f64]); 2] = [("W/input->output", &WEIGHTS), ("W.m/input->output", &[1.0; 6])];
    let found = Bench::new(&rule("", value)).present(&parameters, &[&[2.0, 3.0]], &[]);
    found.is("increment/W/input->output", &expected);
}

/// R5.24: a synapse among those of its instance with the same unit at one end.
#[test]
fn synapses_are_compared() {
    learns("rank(W, over = post)", [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    learns("rank(W, over = pre)", [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
    learns("rank(pre.x, over = post)", [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    learns("rank(W * pre.x, over = pre)", [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
    learns("max(W, over = post)", [1.0, 1.0, 3.0, 3.0, -1.0, -1.0]);
    learns("sum(W, over = pre) * pre.x", [6.0, -16.5, 6.0, -16.5, 6.0, -16.5]);
    learns("mean(pre.x, over = post)", [2.5; 6]);
    learns("running_sum(W, over = post)", [1.0, -1.0, 3.0, 3.5, -1.0, -5.0]);
    learns("running_sum(W, over = pre)", [1.0, -2.0, 4.0, -1.5, 3.0, -5.5]);
    learns("top(abs(W), k = 2, over = pre)", [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    // What a function is given is the synapse's own.
    learns("winner(W - max(W, over = pre), over = post)", [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let sent = "output y = (W * winner(abs(W), over = post)) @ below.x";
    units(sent, [1.0; 6], "output", &[-6.0, 6.0, -12.0, -2.0, 0.0, -4.0]);
    finds("unknown_name", &rule("", "tanh(W, over = post)"));
    finds("wrong_argument_count", &rule("", "rank(W, 1, over = post)"));
    let heard =
        |value: &str| rule(&format!("output y = {value} @ below.x"), "0").replace(", other_synapse", "");
    let local = |text: String| text.replace(" allow weight_transport", "");
    crate::bench::legal(&local(heard("winner(W, over = post)")));
    finds("non_local_read", &local(heard("winner(W, over = pre)")));
    finds("non_local_read", &rule("", "rank(pre.x, over = post)").replace(", other_synapse", ""));
    let convolved = rule("", "rank(W, over = post)").replace("2 - 3", "1x4x4 - conv 2 k3");
    finds("not_convolvable", &convolved.replace(", mask(m) { fixed param m = 1 }", ""));
}
