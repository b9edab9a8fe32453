//! Rules 5: reading.

use plr_ir::Precision;
use plr_ir::model::{Model as _, Piece};

use crate::bench::{Bench, clean, codes, finds, legal};
use crate::text::plain;

/// A rule on two layers of one and two units whose state `y` is an expression, with a learned forward and a fixed
/// feedback synapse.
fn reads(expression: &str, licences: &str) -> String {
    format!(
        "rule R(k = 3){licences} {{
  neuron {{ param b = 0\n state x = 0, y = 0, used = 0 }}
  synapse W : below -> self
  synapse B : above -> self = 1, fixed
  phase p {{ clamp input x = data;  sweep up {{ output x = W @ below.x }} }}
  phase q {{ output used = 0 * x + b + 0 * k;  {expression} }}
  learn {{ W += post.y + pre.y + post.used;  b += y }}
}}
network n {{ 2 - 1 }}
experiment e {{ rule R;  network n }}"
    )
}

const WEIGHTS: &[(&str, &[f64])] = &[("W/input->output", &[5.0, 7.0]), ("B/output->input", &[2.0, 4.0])];

/// The weights that are built for an expression: what it does not read is not (R3.8).
fn weights(expression: &str) -> &'static [(&'static str, &'static [f64])] {
    if expression.contains("B ") { WEIGHTS } else { &WEIGHTS[..1] }
}

fn found(expression: &str, name: &str, expected: &[f64]) {
    let bench = Bench::new(&reads(expression, " allow weight_transport"));
    bench.present(weights(expression), &[&[1.0, 10.0]], &[&[9.0]]).is(&format!("state/q/{name}"), expected);
}

/// R5.1: own variables, with or without `self`; not those of others.
#[test]
fn units_name_their_own() {
    found("y = x + self.x", "y/input", &[2.0, 20.0]);
    finds("no_synapse", &plain("W @ below.x", "below.x + 0 * (W @ below.x)"));
    finds("no_synapse", &plain("W @ below.x", "W @ below.below.x"));
}

/// R5.2: a sum over all instances that end here and all their senders; an empty sum is 0.
#[test]
fn arrivals_are_sums() {
    found("y = W @ below.x", "y/output", &[75.0]);
    found("y = W @ below.x", "y/input", &[0.0, 0.0]);
    found("y = B @ above.x", "y/input", &[150.0, 300.0]);
    // Two instances of one synapse end in the output.
    let bench = Bench::new(
        "rule R { neuron { state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += post.x }
  predict output.x after p }
network n { input i = 1;  layer h = 1;  output o = 1;  i -> h -> o;  i -> o }",
    );
    let weights: &[(&str, &[f64])] = &[("W/i->h", &[2.0]), ("W/h->o", &[3.0]), ("W/i->o", &[10.0])];
    bench.present(weights, &[&[1.0]], &[]).is("state/p/x/o", &[16.0]);
}

/// R5.3: the sender evaluates what it sends: its variables, its activation, its reductions, its target; the reader's
/// hyper-parameters.
#[test]
fn senders_evaluate_what_they_send() {
    found("y = W @ (below.x + 1)", "y/output", &[87.0]);
    found("y = W @ sum(below.x)", "y/output", &[132.0]);
    found("y = B @ (target - above.x)", "y/input", &[2.0 * -66.0, 4.0 * -66.0]);
    let bench = Bench::new(&reads("y = W @ (k * below.x)", "")).at("k", "output", 2.0);
    bench.present(weights("W"), &[&[1.0, 10.0]], &[]).is("state/q/y/output", &[150.0]);
    let bench = Bench::new(&reads("y = B @ f(above.x)", "").replace("2 - 1", "2 - 1 relu"));
    bench.present(WEIGHTS, &[&[1.0, -10.0]], &[]).is("state/q/y/input", &[0.0, 0.0]);
    finds("shape_mismatch", &reads("y = W @ above.x", ""));
    finds("shape_mismatch", &reads("y = W @ (below.x + x)", ""));
}

/// R5.4: the same weights read from the other end.
#[test]
fn transposed_sums_go_backwards() {
    found("y = W.T @ above.x", "y/input", &[375.0, 525.0]);
    found("y = W.T @ above.x", "y/output", &[0.0]);
}

fn learned(synapses: &str, learn: &str, licences: &str) -> String {
    format!(
        "rule R(lr = 1){licences} {{
  neuron {{ state x }}
  synapse W : below -> self
  {synapses}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  learn {{ {learn} }}
  predict output.x after p
}}
network n {{ 2 - 1 }}"
    )
}

/// R5.5: a synapse knows its weight, `pre` and `post`.
#[test]
fn synapses_know_their_ends() {
    let bench = Bench::new(&learned("", "W += 1000 * W + 100 * post.x + pre.x", ""));
    let found = bench.present(&[("W/input->output", &[2.0, 3.0])], &[&[1.0, 10.0]], &[]);
    found.is("increment/W/input->output", &[2000.0 + 3200.0 + 1.0, 3000.0 + 3200.0 + 10.0]);
    finds("shape_mismatch", &learned("", "W += x", ""));
    finds("shape_mismatch", &learned("", "W += W @ pre.x", ""));
    // A function of a weight and of one end is a function of both.
    let bench = Bench::new(&learned("", "W += max(pre.x * W, post.x)", ""));
    let found = bench.present(&[("W/input->output", &[-2.0, 3.0])], &[&[1.0, 1.0]], &[]);
    found.is("increment/W/input->output", &[1.0, 3.0]);
}

/// R5.6: the weight beside: parallel before reciprocal, `.T` always reciprocal.
#[test]
fn weights_beside_are_found_by_direction() {
    let other = " allow other_synapse, weight_transport";
    let given: &[(&str, &[f64])] = &[("W/input->output", &[2.0, 3.0]), ("B/output->input", &[5.0, 7.0])];
    let text = learned("synapse B : above -> self = 1, fixed", "W += B", " allow weight_transport");
    Bench::new(&text).present(given, &[&[0.0, 0.0]], &[]).is("increment/W/input->output", &[5.0, 7.0]);
    let given: &[(&str, &[f64])] = &[("W/input->output", &[2.0, 3.0]), ("V/input->output", &[5.0, 7.0])];
    let text = learned("synapse V : below -> self = 1, fixed", "W += V", " allow other_synapse");
    Bench::new(&text).present(given, &[&[0.0, 0.0]], &[]).is("increment/W/input->output", &[5.0, 7.0]);
    finds("shape_mismatch", &learned("synapse V : below -> self = 1, fixed", "W += V + V.T", other));
    // Within a layer both directions exist: a bare name is the synapse's own.
    let lateral = |learn: &str, licence: &str| {
        let text = format!(
            "rule R{licence} {{
  neuron {{ state x = 1 }}
  synapse L : self -> self
  phase p {{ x = L @ self.x }}
  learn {{ L += {learn} }}
}}
network n {{ 1 - 2 }}"
        );
        let given: &[(&str, &[f64])] = &[("L/output->output", &[1.0, 2.0, 3.0, 4.0])];
        Bench::new(&text).present(given, &[&[0.0]], &[])
    };
    lateral("10 * L", "").is("increment/L/output->output", &[10.0, 20.0, 30.0, 40.0]);
    lateral("10 * L.T", " allow weight_transport")
        .is("increment/L/output->output", &[10.0, 30.0, 20.0, 40.0]);
}

/// R5.6, R4.10: weights are beside each other where both projections join the same pairs of units.
#[test]
fn weights_of_other_forms_are_not_beside() {
    let rule = |first: &str, learn: &str, sum: &str| {
        format!(
            "rule R allow weight_transport, other_synapse {{
  neuron {{ state x = 0, d = 0 }}
  synapse W : below -> self = normal(1)
  synapse U : above -> self = 1
  synapse B : output -> self = {first}
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ hidden d = {sum} @ output.x + U @ above.x }}
  learn {{ W += post.d;  B += post.d * pre.x{learn};  U += post.d * pre.x }}
  predict output.x after q
}}
"
        )
    };
    let on = |text: &str, network: &str| {
        format!("{text}network n {{ {network} }}\nexperiment e {{ rule R;  network n }}")
    };
    let (plain, pooled, kernel) =
        ("3 - 4 - 2", "1x4x4 - conv 2 k1 - avgpool 2 - 3", "1x4x4 - conv 2 k1 - conv 3 k4");
    let named =
        [rule("0.5 * W.T", "", "B"), rule("U", "", "B"), rule("1", " - W.T", "B"), rule("1", " - U", "B")];
    for text in &named {
        assert!(!codes(&on(text, plain)).contains(&"shape_mismatch".to_owned()), "{text}");
        for network in [pooled, kernel, "1x4x4 - conv 2 k1 - local 3 k2"] {
            finds("shape_mismatch", &on(text, network));
        }
    }
    // Where the edge to the output joins all pairs, they are each other's counterparts.
    let bench = Bench::new(&on(&rule("0.5 * W.T", " - W.T", "B"), "1x2x2 - conv 2 k1 - 3"));
    let (w, b) = (bench.first("W/h1->output"), bench.first("B/output->h1"));
    for (row, column) in [(0, 0), (2, 1), (1, 7)] {
        assert_eq!(b[column * 3 + row], 0.5 * w[row * 8 + column]);
    }
    // Of units of a given number those of the same layer are meant.
    let counted = "rule R {
  neuron { state x }
  neuron I sized 2 { state y = 1 }
  neuron J sized 2 { state z = 1 }
  synapse W : below -> self = 1
  synapse A : I -> I = normal(1), fixed
  synapse B : I -> I = 2 * A, fixed
  synapse C : J -> J = 3 * A, fixed
  synapse P : I -> self = 1, fixed
  synapse Q : J -> self = 1, fixed
  phase p { clamp input x = data
    I.y = A @ I.y + B @ I.y;  J.z = C @ J.z }
  phase q { sweep up { x = W @ below.x + P @ I.y + Q @ J.z } }
  learn { W += post.x }
  predict output.x after q
}
network n { 1 - 2 - 2 - 2 }";
    let bench = Bench::new(counted);
    for layer in ["h1", "h2"] {
        let of = |name: &str, by: f64| -> Vec<f64> {
            bench.first(&format!("{name}/{layer}->{layer}")).iter().map(|x| by * x).collect()
        };
        assert_eq!(of("B", 1.0), of("A", 2.0));
        assert_eq!(of("C", 1.0), of("A", 3.0));
    }
}

/// R5.7: the value at the end of a phase that has ended, of states, definitions and signals.
#[test]
fn ends_of_phases_are_stored() {
    let text = "rule R {
  neuron { state x = 1\n let u = 10 * x }
  synapse W : below -> self
  signal s = sum(output.x)
  phase p { x = 2 }
  phase q { x = x + x[p] + u[p] }
  learn { W += post.x + 100 * post.x[p] + 1000 * post.u[p] + 100000 * s[p] }
}
network n { 1 - 1 }";
    let found = Bench::new(text).present(&[], &[&[0.0]], &[]);
    found.is("state/q/x/output", &[24.0]);
    found.is("increment/W/input->output", &[24.0 + 200.0 + 20_000.0 + 200_000.0]);
    finds("unknown_phase", &text.replace("x = x + x[p] + u[p]", "x = x[q]"));
    finds("unknown_phase", &text.replace("u[p] }", "u[r] }"));
    finds("shape_mismatch", &text.replace("post.u[p]", "(post.u + 1)[p]"));
}

/// R5.7: with the parameters that there were then, whatever has been learned since.
#[test]
fn ends_of_phases_have_their_parameters() {
    let text = "rule R {
  neuron { param b = 0\n state x = 1, y = 0, z = 0\n let u = 10 * x + b }
  synapse W : below -> self
  signal s = sum(output.u)
  phase p { x = 2 }
  learn { b += 5 }
  phase q (steps = 3) { y = u[p];  z = u + 100 * s[p] }
  learn { W += post.y + post.z + 10000 * s[p] }
}
network n { 1 - 1 }";
    let found = Bench::new(text).present(&[("b/output", &[1.0])], &[&[0.0]], &[]);
    found.is("state/q/y/output", &[21.0]);
    found.is("state/q/z/output", &[26.0 + 2100.0]);
    found.is("increment/W/input->output", &[21.0 + 2126.0 + 210_000.0]);
}

/// R5.8: the input is known to the input units, the target to the output units.
#[test]
fn data_and_target_are_known_where_they_are() {
    found("input y = data;  output y = target", "y/input", &[1.0, 10.0]);
    found("input y = data;  output y = target", "y/output", &[9.0]);
    finds("unknown_to_unit", &plain("x = W @ below.x", "x = W @ below.x + target"));
    finds("unknown_to_unit", &plain("x = W @ below.x", "x = W @ below.x + data"));
}

/// R5.9: conditions are numbers and numbers are conditions.
#[test]
fn conditions_are_numbers() {
    for (expression, expected) in [
        ("y = (x > 5) + (x <= 5)", [1.0, 1.0]),
        ("y = x > 5", [0.0, 1.0]),
        ("y = x > 0 and x != 10", [1.0, 0.0]),
        ("y = x == 1 or x == 2", [1.0, 0.0]),
        ("y = not x", [0.0, 0.0]),
        ("y = not (x - 1)", [1.0, 0.0]),
        ("y = if x - 1 then 7 else 8", [8.0, 7.0]),
        ("y = if x > 1 then 1 / (x - 1) else 0", [0.0, 1.0 / 9.0]),
        ("y = x ^ 3", [1.0, 1000.0]),
        ("y = (-x) ^ 3", [-1.0, -1000.0]),
        ("y = x ^ 0.5", [1.0, 10.0_f64.sqrt()]),
        ("y = x ^ -1", [1.0, 0.1]),
    ] {
        found(expression, "y/input", &expected);
    }
}

/// R5.9: a power that is known to be whole is products in their stated order, to the last bit, wherever its number comes from.
#[test]
fn whole_powers_are_products() {
    fn products(x: f64, n: u32) -> f64 {
        match n {
            1 => x,
            _ if n.is_multiple_of(2) => products(x, n / 2) * products(x, n / 2),
            _ => products(x, n - 1) * x,
        }
    }
    let data = [1.1, -0.7];
    let of = |expression: &str, k: f64| {
        let functions = "fn raise(x; n = 2) = x ^ (n + 1)\n";
        let text = functions.to_owned() + &reads(expression, " allow weight_transport");
        let bench = Bench::new(&text).set("k", k);
        let program = bench.model().program(Piece::Probe, 1, Precision::F64).expect("it has equations");
        let found = bench.present(weights(expression), &[&data], &[]);
        (found.get("state/q/y/input").to_vec(), program.to_string().contains("pow"))
    };
    let expressions =
        ["y = x ^ k", "y = x ^ (2 * k - abs(-k))", "y = raise(x, n = k - 1)", "y = (-x) ^ k * (-1) ^ k"];
    for n in 1..=16 {
        let expected = data.map(|x| products(x, n));
        for (x, expected) in data.iter().zip(expected) {
            let exact = (1..n).fold(*x, |product, _| product * x);
            assert!((expected - exact).abs() <= 2.0 * f64::from(n) * f64::EPSILON * exact.abs());
        }
        for expression in expressions {
            let (found, a_power) = of(expression, f64::from(n));
            assert_eq!(found, expected, "{expression} {n}");
            assert!(!a_power, "{expression} {n}");
        }
        let (found, a_power) = of(&format!("y = x ^ {n}"), 3.0);
        assert!(found == expected && !a_power, "{found:?} {n}");
    }
    // The order is one of several.
    let in_a_row = |n| data.map(|x| (1..n).fold(x, |product, _| product * x));
    assert!((4..=16).any(|n| data.map(|x| products(x, n)) != in_a_row(n)));
    for (expression, k) in [
        ("y = x ^ k", 17.0),
        ("y = x ^ k", 2.5),
        ("y = x ^ k", 0.0),
        ("y = x ^ -k", 2.0),
        ("y = x ^ (k + b)", 2.0),
    ] {
        assert!(of(expression, k).1, "{expression} {k}");
    }
}

/// R5.10: reductions are over one layer: the unit's, the sender's, that of one end of a synapse.
#[test]
fn reductions_are_over_one_layer() {
    found("y = sum(x)", "y/input", &[11.0, 11.0]);
    found("y = mean(x) + max(x) + min(x)", "y/input", &[16.5, 16.5]);
    found("y = W @ mean(below.x)", "y/output", &[66.0]);
    let bench = Bench::new(&learned("", "W += mean(pre.x) * sum(post.x)", ""));
    let increment = bench.present(&[("W/input->output", &[2.0, 0.0])], &[&[1.0, 10.0]], &[]);
    increment.is("increment/W/input->output", &[11.0, 11.0]);
    for joined in ["sum(W)", "mean(pre.x * W)", "sum(pre.x * post.x)", "softmax(W)", "f(pre.x * W)", "sum(1)"]
    {
        finds("shape_mismatch", &learned("", &format!("W += {joined} + 0 * W"), ""));
    }
    clean(&learned("", "W += lr * softmax(post.x) * tanh(W * pre.x)", ""));
    // Of a function it is what is reduced in it that belongs to one layer.
    let share = |reduced: &str| {
        let function = format!("fn share(w, x, y) = w * x / sum({reduced})\n");
        function + &learned("", "W += share(W, pre.x, 2 * post.x)", "")
    };
    let increment =
        Bench::new(&share("y")).present(&[("W/input->output", &[2.0, 3.0])], &[&[1.0, 10.0]], &[]);
    increment.is("increment/W/input->output", &[2.0 / 64.0, 30.0 / 64.0]);
    finds("shape_mismatch", &share("x * y"));
}

/// R5.11: reductions over the samples.
#[test]
fn batch_reductions_are_over_samples() {
    for (expression, expected) in [
        ("batch_sum(x)", [4.0, 40.0]),
        ("batch_mean(x)", [2.0, 20.0]),
        ("batch_max(x)", [3.0, 30.0]),
        ("batch_min(x)", [1.0, 10.0]),
    ] {
        let text = reads(&format!("y = {expression}"), " allow batch_statistics");
        let found = Bench::new(&text).present(weights(expression), &[&[1.0, 10.0], &[3.0, 30.0]], &[]);
        found.is("state/q/y/input", &[expected, expected].concat());
    }
}

/// R5.17: units know their places in their layers; synapses those of their ends, and what is sent has the sender's.
#[test]
fn units_know_their_places() {
    found("y = index", "y/input", &[0.0, 1.0]);
    found("y = 100 * row + 10 * column + channel", "y/input", &[0.0, 1.0]);
    found("y = W @ (below.index * below.x)", "y/output", &[70.0]);
    found("y = (W * (pre.index == 1 - post.index)) @ below.x", "y/output", &[70.0]);
    found("y = sum(index * x)", "y/input", &[10.0, 10.0]);
    let bench =
        Bench::new(&learned("", "W += 10 * post.index * post.x + pre.index", "").replace("2 - 1", "2 - 2"));
    let increment = bench.present(&[("W/input->output", &[1.0, 0.0, 0.0, 1.0])], &[&[1.0, 10.0]], &[]);
    increment.is("increment/W/input->output", &[0.0, 1.0, 100.0, 101.0]);
    // Channel by channel, row by row.
    let spatial = |value: &str, expected: &[f64]| {
        let text = reads(&format!("y = {value}"), "").replace("2 - 1", "2x2x3 - 1");
        let found = Bench::new(&text).present(&[("W/input->output", &[1.0; 12])], &[&[1.0; 12]], &[]);
        found.is("state/q/y/input", expected);
    };
    spatial("row", &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    spatial("column", &[0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    spatial("channel", &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    spatial("index", &(0..12).map(f64::from).collect::<Vec<_>>());
    // A kernel's weights add up what is of either end, as R8.13 says.
    let text = learned("", "W += pre.index * post.x", "").replace("2 - 1", "1x1x3 - conv 1 k1");
    let found = Bench::new(&text).present(&[("W/input->output", &[1.0])], &[&[5.0, 7.0, 9.0]], &[]);
    found.is("increment/W/input->output", &[7.0 + 18.0]);
    finds("shape_mismatch", &learned("", "W += index", ""));
    // A signal has those of a layer.
    let text = learned("signal s = sum(input.x * (input.index == 1))", "W += s", "");
    let found = Bench::new(&text).present(&[("W/input->output", &[1.0, 0.0])], &[&[1.0, 10.0]], &[]);
    found.is("increment/W/input->output", &[10.0, 10.0]);
    finds("unknown_name", &learned("signal s = sum(hidden.index)", "W += s", ""));
    // A variable of that name is meant before.
    let bench = Bench::new(&reads("y = index", "").replace("y = 0,", "y = 0, index = 5,"));
    bench.present(weights("y = index"), &[&[1.0, 10.0]], &[]).is("state/q/y/input", &[5.0, 5.0]);
}

/// R5.19: the channels of a place, the places of a channel.
#[test]
fn reductions_are_over_parts_of_a_layer() {
    let x = [1.0, 5.0, 3.0, 8.0, 4.0, 2.0, 9.0, 7.0];
    let spatial = |value: &str, expected: &[f64]| {
        let text = reads(&format!("y = {value}"), "").replace("2 - 1", "2x2x2 - 1");
        let found = Bench::new(&text).present(&[("W/input->output", &[1.0; 8])], &[&x, &[0.0; 8]], &[]);
        assert_eq!(found.get("state/q/y/input")[..8], *expected, "{value}");
    };
    spatial("sum(x, over = channels)", &[5.0, 7.0, 12.0, 15.0, 5.0, 7.0, 12.0, 15.0]);
    spatial("mean(x, over = channels)", &[2.5, 3.5, 6.0, 7.5, 2.5, 3.5, 6.0, 7.5]);
    spatial("max(x, over = places)", &[8.0, 8.0, 8.0, 8.0, 9.0, 9.0, 9.0, 9.0]);
    spatial("min(x, over = places) + 0 * sum(x)", &[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
    spatial("rank(x, over = channels)", &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    spatial("rank(x, over = places)", &[3.0, 1.0, 2.0, 0.0, 2.0, 3.0, 0.0, 1.0]);
    spatial("running_sum(x, over = places)", &[1.0, 6.0, 9.0, 17.0, 4.0, 6.0, 15.0, 22.0]);
    spatial("running_sum(x, over = channels)", &[1.0, 5.0, 3.0, 8.0, 5.0, 7.0, 12.0, 15.0]);
    spatial("winner(x, over = channels)", &[0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    spatial("top(x, k = 2, over = places)", &[0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
    // What a function is given is the caller's: here the whole layer's.
    spatial("winner(x - sum(x), over = places)", &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    found("y = sum(x, over = channels)", "y/input", &[11.0, 11.0]);
    found("y = sum(x, over = places)", "y/input", &[1.0, 10.0]);
    let bench = Bench::new(&learned("", "W += winner(pre.x, over = channels)", ""));
    let increment = bench.present(&[("W/input->output", &[2.0, 0.0])], &[&[1.0, 10.0]], &[]);
    increment.is("increment/W/input->output", &[0.0, 1.0]);
    finds("unknown_name", &reads("y = tanh(x, over = channels)", ""));
    finds("shape_mismatch", &learned("signal s = sum(output.x, over = places)", "W += s", ""));
}

/// R5.21: groups of units or, with rows and columns, of the channels of a place.
#[test]
fn reductions_are_over_groups() {
    let x = [1.0, 5.0, 3.0, 8.0, 4.0, 2.0, 9.0, 7.0];
    let on = |network: &str, value: &str| {
        reads(&format!("input y = {value}"), "").replace("2 - 1", &format!("{network} - 1"))
    };
    let value = |network: &str, value: &str, expected: &[f64]| {
        let found =
            Bench::new(&on(network, value)).present(&[("W/input->output", &[1.0; 8])], &[&x, &[0.0; 8]], &[]);
        assert_eq!(found.get("state/q/y/input")[..8], *expected, "{value}");
    };
    value("8", "max(x, over = groups(4))", &[8.0, 8.0, 8.0, 8.0, 9.0, 9.0, 9.0, 9.0]);
    value("8", "sum(x, over = groups(k - 1))", &[6.0, 6.0, 11.0, 11.0, 6.0, 6.0, 16.0, 16.0]);
    value("8", "mean(x, over = groups(8)) - min(x, over = groups(1))", &x.map(|x| 39.0 / 8.0 - x));
    value("8", "rank(x, over = groups(2))", &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    value("8", "running_sum(x, over = groups(4))", &[1.0, 6.0, 9.0, 17.0, 4.0, 6.0, 15.0, 22.0]);
    value("8", "x * winner(x, over = groups(4))", &[0.0, 0.0, 0.0, 8.0, 0.0, 0.0, 9.0, 0.0]);
    // What a function is given is the caller's.
    value("8", "winner(x - sum(x), over = groups(4))", &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    let spatial = |said: &str, expected: &[f64]| value("4x1x2", said, expected);
    spatial("sum(x, over = groups(2))", &[4.0, 13.0, 4.0, 13.0, 13.0, 9.0, 13.0, 9.0]);
    spatial("max(x, over = groups(4))", &[9.0, 8.0, 9.0, 8.0, 9.0, 8.0, 9.0, 8.0]);
    spatial("rank(x, over = groups(2))", &[1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    spatial("running_sum(x, over = groups(2))", &[1.0, 5.0, 4.0, 13.0, 4.0, 2.0, 13.0, 9.0]);
    spatial("top(x, k = 2, over = groups(4))", &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    for (bad, code) in [
        ("sum(x, over = groups(3))", "shape_mismatch"),
        ("sum(x, over = groups(2.5))", "shape_mismatch"),
        ("sum(x, over = groups(0 - 2))", "shape_mismatch"),
        ("sum(x, over = groups(16))", "shape_mismatch"),
        ("sum(x, over = groups(x))", "shape_mismatch"),
        ("sum(x, over = groups(2, 3))", "wrong_argument_count"),
        ("tanh(x, over = groups(2))", "unknown_name"),
        ("sum(x, over = groups)", "unknown_name"),
    ] {
        finds(code, &on("8", bad));
        finds(code, &on("8x1x2", bad).replace("(16)", "(32)"));
    }
    // Without a network there are as many units as it takes.
    legal(&reads("y = sum(x, over = groups(5))", "").replace("experiment e { rule R;  network n }", ""));
    // Layers made small keep their groups, and what is left over.
    let large = |size: usize| on("784", &format!("sum(x, over = groups({size}))"));
    legal(&large(28));
    finds("shape_mismatch", &large(5));
}

/// The units that belong to a unit, on two layers.
const BRANCHES: &str = "rule R(k = 3) {
  neuron P { state x = 0, y = 0, z = 0 }
  neuron B sized k * self {
    state v = 0, e = 0
    let twice = 2 * v
  }
  synapse W : below.P -> B
  phase p {
    clamp input P: x = data
    sweep up { B: v = W @ below.P.x;  P: x = sum(B.v, over = self) }
  }
  phase q {
    P: y = max(B.twice + B.v[p], over = self) - min(f(B.v), over = self)
    P: z = mean(B.v, over = self)
    B: e = v * P.x[p]
  }
  learn { W += (post.e + 0 * post.twice) * pre.x }
}
network n { 1 - 2 }
experiment e { rule R;  network n }
";

/// R5.22: a unit hears together what those have that belong to it, and they hear it.
#[test]
fn units_belong_to_units() {
    let found = Bench::new(BRANCHES).present(
        &[("W/input->output", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])],
        &[&[1.0], &[10.0]],
        &[],
    );
    found.is("state/p/P.x/output", &[6.0, 15.0, 60.0, 150.0]);
    found.is("state/q/P.y/output", &[8.0, 14.0, 80.0, 140.0]);
    found.is("state/q/P.z/output", &[2.0, 5.0, 20.0, 50.0]);
    found.is(
        "state/q/B.e/output",
        &[6.0, 12.0, 18.0, 60.0, 75.0, 90.0]
            .into_iter()
            .chain([600.0, 1200.0, 1800.0, 6000.0, 7500.0, 9000.0])
            .collect::<Vec<_>>(),
    );
    found.is(
        "increment/W/input->output",
        &[6.0, 12.0, 18.0, 60.0, 75.0, 90.0].map(|e| (e + 1000.0 * e) / 2.0),
    );
    let wider = Bench::new(BRANCHES).set("k", 2.0);
    let found = wider.present(&[("W/input->output", &[1.0, 2.0, 3.0, 4.0])], &[&[1.0]], &[]);
    found.is("state/p/P.x/output", &[3.0, 7.0]);
    // Place by place, channel c for channel c div 3.
    let spatial = Bench::new(&BRANCHES.replace("1 - 2", "1x1x2 - conv 2 k1"));
    let found =
        spatial.present(&[("W/input->output", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])], &[&[1.0, 10.0]], &[]);
    found.is("state/p/P.x/output", &[6.0, 60.0, 15.0, 150.0]);
    found.is(
        "state/q/B.e/output",
        &[6.0, 600.0, 12.0, 1200.0, 18.0, 1800.0, 60.0, 6000.0, 75.0, 7500.0, 90.0, 9000.0],
    );
    found.is("increment/W/input->output", &[6006.0, 12012.0, 18018.0, 60060.0, 75075.0, 90090.0]);
    let changed = |part: &str, by: &str, code: &str| {
        assert!(BRANCHES.contains(part), "{part}");
        let found = codes(&BRANCHES.replace(part, by));
        assert!(found.iter().any(|other| other == code), "{by}: {found:?}");
    };
    changed("mean(B.v, over = self)", "B.v", "no_synapse");
    changed("mean(B.v, over = self)", "mean(B.v)", "no_synapse");
    changed("mean(B.v, over = self)", "mean(P.x, over = self)", "shape_mismatch");
    changed("mean(B.v, over = self)", "mean(1, over = self)", "shape_mismatch");
    changed("mean(B.v, over = self)", "norm(B.v, over = self)", "shape_mismatch");
    changed("sized k * self", "sized k * above", "shape_mismatch");
    changed("sized k * self", "sized k", "shape_mismatch");
    changed("post.e +", "post.P.x + post.e +", "no_synapse");
    // So with the units of another layer's size.
    let above = "rule R {
  neuron P { state x = 0 }
  neuron I sized above { state s = 0 }
  neuron B sized 2 * above { state v = 0, w = 0 }
  synapse W : P -> B
  phase p { clamp input P: x = data
    in turn { B: v = W @ P.x;  I: s = sum(B.v, over = self);  B: w = I.s - v } }
  learn { W += post.w * pre.x }
}
network n { input a = 1;  layer b = 1;  output c = 2;  a -> b -> c }";
    let above = above.replace("clamp input P: x = data", "P: x = 1");
    let found = Bench::new(&above).present(&[("W/b->b", &[1.0, 2.0, 3.0, 4.0])], &[&[1.0]], &[]);
    found.is("state/p/I.s/b", &[3.0, 7.0]);
    found.is("state/p/B.w/b", &[2.0, 1.0, 4.0, 3.0]);
}

/// R5.20: every sample gets one, all values in the same order; alone, a sample gets its own.
#[test]
fn samples_are_shuffled() {
    let present = |expression: &str, samples: &[&[f64]]| {
        let bench = Bench::new(&reads(expression, " allow batch_statistics"));
        bench.present(weights(expression), samples, &[]).get("state/q/y/input").to_vec()
    };
    let numbers: Vec<[f64; 2]> = (0..200).map(|i| [f64::from(i), -f64::from(i)]).collect();
    let mut samples: Vec<&[f64]> = numbers.iter().map(|pair| &pair[..]).collect();
    let given = present("y = batch_shuffle(x)", &samples);
    assert!(given.chunks(2).all(|pair| pair[0] == -pair[1]));
    let mut sorted: Vec<f64> = given.iter().step_by(2).copied().collect();
    // A random order leaves one where it is, on the average; twelve or more with a probability below 10⁻⁸.
    let left = sorted.iter().enumerate().filter(|(at, x)| *at as f64 == **x).count();
    assert!(left < 12, "{left}");
    sorted.sort_by(f64::total_cmp);
    assert!(sorted.iter().enumerate().all(|(at, x)| at as f64 == *x));
    let twice = present("y = batch_shuffle(x) + 1000 * batch_shuffle(x + sum(x))", &samples);
    assert!(given.iter().zip(&twice).all(|(x, y)| 1001.0 * x == *y));
    // What a sample does not get does not reach it.
    samples[7] = &[f64::NAN, f64::INFINITY];
    let beside = present("y = batch_shuffle(x)", &samples);
    let other = given.iter().zip(&beside).filter(|(x, y)| x != y).count();
    assert_eq!(other, 2);
    assert_eq!(present("y = batch_shuffle(x)", &[&[1.0, 10.0]]), [1.0, 10.0]);
    assert_eq!(present("y = batch_shuffle(b + 7)", &[&[1.0, 10.0], &[2.0, 20.0]]), [7.0; 4]);
    finds("non_local_read", &reads("y = batch_shuffle(x)", ""));
}

/// R5.18: the sample before; of the first, the last; alone, a sample is its own.
#[test]
fn samples_see_the_one_before() {
    let present = |expression: &str, samples: &[&[f64]], expected: &[f64]| {
        let bench = Bench::new(&reads(expression, " allow batch_statistics"));
        bench.present(weights(expression), samples, &[]).is("state/q/y/input", expected);
    };
    let three: [&[f64]; 3] = [&[1.0, 10.0], &[2.0, f64::NAN], &[3.0, 30.0]];
    present("y = batch_shift(x)", &three, &[3.0, 30.0, 1.0, 10.0, 2.0, f64::NAN]);
    present("y = batch_shift(batch_shift(x + 1))", &three, &[3.0, f64::NAN, 4.0, 31.0, 2.0, 11.0]);
    present("y = x - batch_shift(sum(x))", &[&[1.0, 10.0], &[2.0, 20.0]], &[-21.0, -12.0, -9.0, 9.0]);
    present("y = batch_shift(x > 1)", &[&[1.0, 10.0], &[2.0, 0.0]], &[1.0, 0.0, 0.0, 1.0]);
    present("y = batch_shift(x)", &[&[1.0, 10.0]], &[1.0, 10.0]);
    present("y = batch_shift(b + 7)", &[&[1.0, 10.0], &[2.0, 20.0]], &[7.0; 4]);
    finds("non_local_read", &reads("y = batch_shift(x)", ""));
    // What a synapse learns from another sample.
    let text = learned("", "W += post.x * batch_shift(pre.x)", " allow batch_statistics");
    let found =
        Bench::new(&text).present(&[("W/input->output", &[1.0, 0.0])], &[&[1.0, 10.0], &[3.0, 4.0]], &[]);
    found.is("increment/W/input->output", &[(1.0 * 3.0 + 3.0 * 1.0) / 2.0, (1.0 * 4.0 + 3.0 * 10.0) / 2.0]);
}

/// R5.12: layers know how far they are from both ends, by the longest way.
#[test]
fn layers_know_their_distances() {
    let text = "rule R {
  neuron { param b = 0\n state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x + b + 10 * depth + height } }
  learn { W += depth * pre.x - height * pre.x;  b += height }
  predict output.x after p
}
network n { input i = 1;  layer h = 1;  output o = 1;  i -> h -> o;  i -> o }";
    let found = Bench::new(text).present(&[], &[&[3.0]], &[]);
    found.is("state/p/x/h", &[11.0]);
    found.is("state/p/x/o", &[20.0]);
    found.is("increment/W/i->h", &[0.0]);
    found.is("increment/W/i->o", &[6.0]);
    found.is("increment/b/h", &[1.0]);
}

/// R5.13: how many come before: the larger, of equal ones the earlier, and everything before NaN.
#[test]
fn ranks_count_those_before() {
    let ranks = |expression: &str, x: &[&[f64]], expected: &[f64]| {
        let bench = Bench::new(&reads(&format!("y = {expression}"), "").replace("2 - 1", "4 - 1"));
        bench.present(&[("W/input->output", &[1.0; 4])], x, &[]).is("state/q/y/input", expected);
    };
    ranks("rank(x)", &[&[1.0, 10.0, -3.0, 2.0]], &[2.0, 0.0, 3.0, 1.0]);
    ranks("rank(-x)", &[&[1.0, 10.0, -3.0, 2.0]], &[1.0, 3.0, 0.0, 2.0]);
    ranks("rank(x)", &[&[0.0, 2.0, -0.0, 2.0]], &[2.0, 0.0, 3.0, 1.0]);
    ranks("rank(x)", &[&[f64::NAN, f64::NEG_INFINITY, f64::NAN, 0.0]], &[2.0, 1.0, 3.0, 0.0]);
    ranks("rank(7)", &[&[3.0, 1.0, 2.0, 4.0]], &[0.0, 1.0, 2.0, 3.0]);
    // Each sample has its own ranks.
    let samples: [&[f64]; 2] = [&[1.0, 2.0, 3.0, 4.0], &[4.0, 3.0, 2.0, 1.0]];
    ranks("rank(x)", &samples, &[3.0, 2.0, 1.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
}

/// R5.13: of the layers of R5.10; of signals, input or output.
#[test]
fn ranks_are_over_one_layer() {
    found("y = W @ rank(below.x)", "y/output", &[5.0]);
    let bench =
        Bench::new(&learned("", "W += rank(pre.x) + 10 * rank(post.x)", "").replace("2 - 1", "2 - 2"));
    let found = bench.present(&[("W/input->output", &[1.0, 0.0, 0.0, 1.0])], &[&[1.0, 10.0]], &[]);
    found.is("increment/W/input->output", &[11.0, 10.0, 1.0, 0.0]);
    let joined = [
        "rank(W)",
        "rank(pre.x * post.x)",
        "top(pre.x * W, k = 2)",
        "rank(1)",
        "softmax(post.x * bernoulli(0.5))",
        "rank(post.x + normal())",
    ];
    for joined in joined {
        finds("shape_mismatch", &learned("", &format!("W += {joined} + 0 * W"), ""));
    }
    let signal = |value: &str| learned(&format!("signal s = {value}"), "W += s * pre.x", "");
    let present = |value: &str| {
        let found = Bench::new(&signal(value)).present(&[], &[&[1.0, 10.0]], &[]);
        found.get("increment/W/input->output").to_vec()
    };
    assert_eq!(present("sum(rank(input.x) * input.x)"), [1.0, 10.0]);
    assert_eq!(present("sum(top(input.x) * input.x)"), [10.0, 100.0]);
    for unclear in ["rank(input.x)", "rank(3)", "top(3)", "winner(sum(output.x))"] {
        finds("shape_mismatch", &signal(unclear));
    }
}

/// R5.14: what is sent is multiplied by a function of the synapse's numbers.
#[test]
fn functions_of_weights_transmit() {
    found("y = sign(W - 6) @ below.x", "y/output", &[9.0]);
    found("y = (W * W) @ below.x", "y/output", &[515.0]);
    found("y = (k * W - 1) @ 1", "y/output", &[34.0]);
    found("y = max(W, 6) @ below.x", "y/output", &[76.0]);
    found("y = (if W > 6 then 1 else 0) @ below.x", "y/output", &[10.0]);
    found("y = sign(W - 6).T @ above.x", "y/input", &[-75.0, 75.0]);
    found("y = (W.T * W.T) @ above.x", "y/input", &[75.0 * 25.0, 75.0 * 49.0]);
    for wrong in [
        "(W * B) @ below.x",
        "(W.T * W) @ below.x",
        "(W * x) @ below.x",
        "(W * normal()) @ below.x",
        "softmax(W) @ below.x",
        "3 @ below.x",
    ] {
        finds("shape_mismatch", &reads(&format!("y = {wrong}"), " allow weight_transport"));
    }
}

/// R5.14, R4.8: a synapse's further numbers, and what no synapse is between.
#[test]
fn functions_of_what_is_beside_a_weight_transmit() {
    let text = "rule R { neuron { state x }
  synapse W : below -> self = 1 { param m = 1 }
  phase p { clamp input x = data;  sweep up { x = (W * m) @ below.x } }
  learn { W += post.x * m;  m += pre.x }
  predict output.x after p }
network n { 2 - 2 }
experiment e { rule R;  network n }";
    let given: &[(&str, &[f64])] =
        &[("W/input->output", &[1.0, 2.0, 3.0, 4.0]), ("W.m/input->output", &[1.0, 0.0, 0.0, -1.0])];
    let found = Bench::new(text).present(given, &[&[1.0, 10.0]], &[]);
    found.is("state/p/x/output", &[1.0, -40.0]);
    found.is("increment/W/input->output", &[1.0, 0.0, 0.0, 40.0]);
    // One to one, each unit has one synapse.
    let text = text.replace("below -> self = 1 {", "below -> self = 1, one_to_one {");
    let given: &[(&str, &[f64])] = &[("W/input->output", &[2.0, 3.0]), ("W.m/input->output", &[5.0, 7.0])];
    Bench::new(&text).present(given, &[&[1.0, 10.0]], &[]).is("state/p/x/output", &[10.0, 210.0]);
}

/// R5.14: each synapse multiplies by an expression of its own weight and of both its ends, now and earlier.
#[test]
fn expressions_of_synapses_transmit() {
    for (expression, expected) in [
        ("min(W, pre.x) @ 1", 1.0 + 7.0),
        ("abs(W - pre.x) @ 1", 4.0 + 3.0),
        ("(W - pre.x)^2 @ 1", 16.0 + 9.0),
        ("(W * pre.x) @ below.x", 5.0 + 700.0),
        ("(W * post.x) @ below.x", 75.0 * 75.0),
        ("(W - post.x * pre.x) @ 1", 12.0 - 75.0 * 11.0),
        ("(k - (W - pre.x)) @ 1", 6.0 - 12.0 + 11.0),
        ("(-(W * pre.x) / post.x) @ below.x", -705.0 / 75.0),
        ("(W + max(W, pre.x) * (post.x + pre.x)) @ 1", 12.0 + 5.0 * 76.0 + 10.0 * 85.0),
        ("(W * sum(pre.x)) @ 1", 12.0 * 11.0),
        ("(W * rank(pre.x)) @ below.x", 5.0),
        ("(W * pre.x[p] * post.x[p]) @ 1", 75.0 * 75.0),
        ("(if W > pre.x then W else 0) @ 1", 5.0),
    ] {
        found(&format!("y = {expression}"), "y/output", &[expected]);
    }
    for (expression, expected) in [
        ("min(W, pre.x).T @ above.x", [75.0, 525.0]),
        ("(W.T * pre.x) @ above.x", [375.0, 5250.0]),
        ("(W * post.x + pre.x).T @ 1", [376.0, 535.0]),
        ("max(W, post.x - 69).T @ 1", [6.0, 7.0]),
    ] {
        found(&format!("y = {expression}"), "y/input", &expected);
    }
    for wrong in ["(W * below.x) @ 1", "(pre.x * post.x) @ 1", "(W.T + W * pre.x) @ 1", "(W * target) @ 1"] {
        let code = if wrong.contains("below") { "no_synapse" } else { "shape_mismatch" };
        finds(code, &reads(&format!("y = {wrong}"), " allow weight_transport"));
    }
    // Each sample has its own.
    let bench = Bench::new(&reads("y = min(W, pre.x) @ 1", ""));
    bench.present(weights("W"), &[&[1.0, 10.0], &[6.0, -1.0]], &[]).is("state/q/y/output", &[8.0, 4.0]);
}

/// R5.14: with a kernel, only what is a sum of products of one end or weight each.
#[test]
fn kernels_transmit_products() {
    let text = |weight: &str| {
        format!(
            "rule R {{ neuron {{ state x = 0, y = 0 }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  in turn {{ output x = 3;  output y = {weight} @ below.x }} }}
  learn {{ W += post.y * pre.x }} }}
network n {{ 1x1x3 - conv 1 k1 }}
experiment e {{ rule R;  network n }}"
        )
    };
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[2.0])];
    let found = Bench::new(&text("(W * pre.x * post.x - W)")).present(weights, &[&[1.0, 5.0, 10.0]], &[]);
    found.is("state/p/y/output", &[6.0 - 2.0, 150.0 - 10.0, 600.0 - 20.0]);
    // A function or a power is written out, and products of sums of both ends are multiplied out.
    for (weight, expected) in [
        ("((W - pre.x) ^ 2)", [1.0, 9.0 * 5.0, 64.0 * 10.0]),
        ("((W - pre.x) * (post.x + W * pre.x))", [5.0, -3.0 * 13.0 * 5.0, -8.0 * 23.0 * 10.0]),
        ("gate(W, pre.x - post.x)", [-4.0, 4.0 * 5.0, 14.0 * 10.0]),
    ] {
        let text = format!("fn gate(w, x) = w * x\n{}", text(weight));
        let found = Bench::new(&text).present(weights, &[&[1.0, 5.0, 10.0]], &[]);
        found.is("state/p/y/output", &expected);
    }
    finds("not_convolvable", &text("min(W, pre.x)"));
    // Elsewhere a square stays one: what comes close to the weight is not less than nothing, whatever rounding does.
    let near = text("((W - pre.x) ^ 2)").replace("@ below.x", "@ 1").replace("1x1x3 - conv 1 k1", "3 - 1");
    let close: &[(&str, &[f64])] = &[("W/input->output", &[0.1, 0.2, 0.7])];
    let found = Bench::new(&near).present(close, &[&[0.1, 0.2, 0.7]], &[]);
    assert_eq!(found.get("state/p/y/output"), [0.0]);
    // Pooled, a synapse knows the window and hears it.
    let pooled = text("(W * pre.x)").replace("1x1x3 - conv 1 k1", "1x2x2 - avgpool 2 - 1");
    let found = Bench::new(&pooled).present(weights, &[&[1.0, 2.0, 3.0, 4.0]], &[]);
    found.is("state/p/y/output", &[2.0 * 2.5 * 2.5]);
}

/// R5.15: the sums over the units of a layer so far.
#[test]
fn running_sums_are_over_units_in_order() {
    let text = reads("y = running_sum(x + 1)", "").replace("2 - 1", "4 - 1");
    let bench = Bench::new(&text);
    let found = bench.present(
        &[("W/input->output", &[1.0; 4])],
        &[&[1.0, 10.0, -3.0, 2.0], &[0.0, 0.0, 1.0, 0.0]],
        &[],
    );
    found.is("state/q/y/input", &[2.0, 13.0, 11.0, 14.0, 1.0, 2.0, 4.0, 5.0]);
    found.is("state/q/y/output", &[11.0, 2.0]);
    // What is the same for all units counts for each.
    let found = Bench::new(&text.replace("x + 1", "7")).present(&[], &[&[0.0; 4]], &[]);
    found.is("state/q/y/input", &[7.0, 14.0, 21.0, 28.0]);
}

/// R5.15: in a synapse's equation, of one end, or of the synapses from the same unit.
#[test]
fn running_sums_are_over_the_synapses_from_a_unit() {
    let learned = |increment: &str, licence: &str| learned("", increment, licence).replace("2 - 1", "2 - 3");
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    let present = |increment: &str, licence: &str| {
        let found = Bench::new(&learned(increment, licence)).present(weights, &[&[1.0, 10.0]], &[]);
        found.get("increment/W/input->output").to_vec()
    };
    // The outputs are 21, 43 and 65.
    assert_eq!(present("W += 0 * W + running_sum(post.x)", ""), [21.0, 21.0, 64.0, 64.0, 129.0, 129.0]);
    assert_eq!(present("W += 0 * W + running_sum(pre.x)", ""), [1.0, 11.0, 1.0, 11.0, 1.0, 11.0]);
    let other = " allow other_synapse";
    assert_eq!(present("W += running_sum(W)", other), [1.0, 2.0, 4.0, 6.0, 9.0, 12.0]);
    let sums = [21.0, 42.0, 21.0 + 129.0, 42.0 + 172.0, 150.0 + 325.0, 214.0 + 390.0];
    assert_eq!(present("W += running_sum(post.x * W)", other), sums);
    let both = present("W += running_sum(post.x * pre.x) + 0 * W", "");
    assert_eq!(both, [21.0, 210.0, 64.0, 640.0, 129.0, 1290.0]);
    finds("non_local_read", &learned("W += running_sum(W)", ""));
    finds("shape_mismatch", &learned("W += running_sum(W * normal())", other));
    finds("shape_mismatch", &learned("W += W + running_sum(1)", ""));
}
