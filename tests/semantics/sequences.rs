//! Rules 20: sequences.

use plr_ir::model::{Model as _, Reference};
use plr_ir::{Precision, Tensor};
use plr_run::backend::{Backend, Context};
use plr_run::check::{self, Minibatch, gradients};
use plr_run::data::{Source, load};
use plr_run::session::{Options, Session};

use crate::bench::{Bench, clean, codes, finds, legal};

/// A rule over time with states `x`, `y`, `z`, reset to 0, in three layers of one unit; the weights are 2 and 3.
fn over_time(phases: &str) -> Bench {
    Bench::new(&rule(phases))
}

fn rule(phases: &str) -> String {
    format!(
        "rule R {{
  neuron {{ state x = 0, y = 0, z = 0 }}
  synapse W : below -> self
  synapse D : below -> self, delay 1
  {phases}
  learn {{ W += post.x + post.y + post.z + pre.x + pre.y + pre.z;  D += post.x * pre.x + post.y + post.z }}
}}
network n {{ 1 - 1 - 1 }}"
    )
}

const WEIGHTS: &[(&str, &[f64])] =
    &[("W/input->h1", &[2.0]), ("W/h1->output", &[3.0]), ("D/input->h1", &[5.0]), ("D/h1->output", &[7.0])];

/// Presents 1, 10, 100 with the targets 0.5, 0.25, 0.125.
fn states(bench: &Bench, states: &[(&str, f64)]) {
    let found = bench.present(WEIGHTS, &[&[1.0, 10.0, 100.0]], &[&[0.5, 0.25, 0.125]]);
    for (name, expected) in states {
        found.is(&format!("state/{name}"), &[*expected]);
    }
}

/// R20.1: as many steps as the sample has, and no other number of them.
#[test]
fn a_phase_over_time_has_the_steps_of_the_sample() {
    for steps in [1_u32, 3, 7] {
        let bench =
            over_time("phase p (over time) { x = x + 1 }\n phase q { y = x + 1 }").over(steps, true, true);
        let data = vec![0.5; steps as usize];
        let found = bench.present(WEIGHTS, &[&data], &[]);
        found.is("state/p/x/h1", &[f64::from(steps)]);
        found.is("state/q/y/output", &[f64::from(steps) + 1.0]);
    }
    finds("bad_value", &rule("phase p (over time, steps = 3) { x = 1;  y = 1;  z = 1 }"));
    finds("bad_value", &rule("phase p (until residual < 1, over time) { x = 1;  y = 1;  z = 1 }"));
    finds("duplicate_clause", &rule("phase p (over time, over time) { x = 1;  y = 1;  z = 1 }"));
}

/// R20.2: the data and the target of the step; afterwards of the last one, in a second phase from the first one on.
#[test]
fn data_and_target_go_along() {
    let p = "phase p (over time) { input x = 2 * x + data;  output y = 2 * y + target }";
    let bench =
        over_time(&format!("{p}\n phase q {{ input z = data;  output z = target }}")).over(3, true, true);
    states(&bench, &[("p/x/input", 124.0), ("p/y/output", 2.0 + 0.5 + 0.125)]);
    states(&bench, &[("q/z/input", 100.0), ("q/z/output", 0.125)]);
    let again =
        over_time(&format!("{p}\n phase q (over time) {{ input z = 10 * z + data }}")).over(3, true, true);
    states(&again, &[("q/z/input", 100.0 + 100.0 + 100.0)]);
    let early = |what: &str| rule(&format!("phase o {{ {what} }}\n{p}"));
    finds("unknown_to_unit", &early("input z = data"));
    finds("unknown_to_unit", &early("output z = target"));
    let whole = format!("{}\nexperiment e {{ rule R;  network n;  time 4 }}", early("input z = data"));
    assert!(!codes(&whole).contains(&"unknown_to_unit".to_owned()), "{:?}", codes(&whole));
    // Three times the same.
    let found = over_time(p).over(3, false, false).present(WEIGHTS, &[&[3.0]], &[&[0.5]]);
    found.is("state/p/x/input", &[7.0 * 3.0]);
    found.is("state/p/y/output", &[7.0 * 0.5]);
}

/// R20.3: a clamp follows its data; everything in the step reads what is clamped now.
#[test]
fn clamps_follow_the_sample() {
    let clamp = "clamp input x = data;";
    let plain = over_time(&format!("phase p (over time) {{ {clamp}  y = y + W @ below.x;  input z = x }}"));
    // 2 (1 + 10 + 100), and the hidden layer holds nothing that it could send on.
    states(&plain.over(3, true, true), &[("p/y/h1", 222.0), ("p/y/output", 0.0), ("p/z/input", 100.0)]);
    let own =
        over_time("phase p (over time) { clamp input x = data + 0 * x;  input x = 7;  input y = y + x }");
    states(&own.over(3, true, true), &[("p/x/input", 100.0), ("p/y/input", 111.0)]);
    let later =
        over_time(&format!("phase p (over time) {{ {clamp} }}\n phase q {{ input x = 7;  input z = 1 }}"));
    states(&later.over(3, true, true), &[("q/x/input", 100.0)]);
    let free =
        over_time(&format!("phase p (over time) {{ {clamp} }}\n phase q {{ release x;  input x = 7 }}"));
    states(&free.over(3, true, true), &[("q/x/input", 7.0)]);
}

/// R20.4: the number of the step and of steps, where there are some.
#[test]
fn time_is_counted() {
    let bench =
        over_time("phase p (over time) { x = 10 * x + time;  y = duration;  z = z + W @ (time * below.y) }");
    // 0 1 2; the hidden layer hears 2 time 3 from the second step on, when there is something to hear.
    states(
        &bench.over(3, true, true),
        &[("p/x/h1", 12.0), ("p/y/h1", 3.0), ("p/z/h1", 2.0 * 3.0 * (1.0 + 2.0))],
    );
}

/// R20.5: through `delay 1` one sees the end of the step before, when transmitting and when learning in the step.
#[test]
fn delayed_synapses_read_the_step_before() {
    let sweep = "clamp input x = data;  sweep up { x = W @ below.x;  y = 10 * y + D @ below.x }";
    let bench = over_time(&format!("phase p (over time) {{ {sweep} }}")).over(3, true, true);
    // Before the steps the input shows 0, 1, 10: times 5. The hidden layer has 0, 2, 20: times 7.
    states(&bench, &[("p/x/output", 600.0), ("p/y/h1", 50.0 + 50.0), ("p/y/output", 140.0 + 140.0)]);
    let plain = "clamp input x = data;  y = 10 * y + D @ below.x;  z = 10 * z + W @ below.x";
    let bench = over_time(&format!("phase p (over time) {{ {plain} }}")).over(3, true, true);
    states(&bench, &[("p/y/h1", 100.0), ("p/z/h1", 2.0 * 300.0)]);
    for (learn, expected) in [
        ("in turn { sweep up { x = W @ below.x };  learn { D += post.x * pre.x } }", 20.0 + 2000.0),
        ("sweep up { x = W @ below.x }\n learn { D += post.x * pre.x }", 2.0 + 200.0),
    ] {
        let text = rule(&format!("phase p (over time) {{ clamp input x = data;  {learn} }}"));
        let text = text.replace("  learn { W +=", "  learn { W += 0 * post.y + 0 * post.z;  W +=");
        let text = text.replace("D += post.x * pre.x + post.y + post.z", "W += 0 * post.x");
        let found = Bench::new(&text).over(3, true, true).present(WEIGHTS, &[&[1.0, 10.0, 100.0]], &[]);
        found.is("increment/D/input->h1", &[expected]);
    }
    // After the phase there is no step before: 200 times 100.
    let after = over_time("phase p (over time) { clamp input x = data;  sweep up { x = W @ below.x } }");
    let found = after.over(3, true, true).present(WEIGHTS, &[&[1.0, 10.0, 100.0]], &[]);
    found.is("increment/D/input->h1", &[20_000.0]);
    let wrong = rule("phase p (over time) { x = 1;  y = 1;  z = 1 }").replace("delay 1", "delay 2");
    finds("bad_value", &wrong);
    finds("bad_value", &wrong.replace("delay 2", "delay"));
}

/// R20.5: what every unit hears is as it is, in an equation of a delayed synapse too.
#[test]
fn signals_are_not_delayed() {
    let increment = |learn: &str| {
        let text = format!(
            "fn same(x) = max(x, -1000)
rule R {{
  neuron {{ state x = 0, y = 3, q = 1 }}
  signal Z = sum(input.q)
  synapse W : below -> self, delay 1
  phase p {{
    clamp input x = data
    sweep up {{ q = q + 1;  y = y + 10 }}
    in turn {{ learn {{ W += {learn} }};  x = W @ below.x }}
  }}
  learn {{ W += 0 * post.x }}
}}
network n {{ 1 - 1 }}"
        );
        let found = Bench::new(&text).present(&[("W/input->output", &[0.0])], &[&[0.0]], &[]);
        found.get("new/W/input->output")[0]
    };
    for learn in ["Z * pre.y", "same(Z * pre.y)", "(if Z * pre.y > 5 then 6 else 0)", "max(pre.y * Z, pre.y)"]
    {
        assert_eq!(increment(learn), 2.0 * 3.0, "{learn}");
    }
}

/// R20.5: read against its direction, a delayed synapse has both ends as they were: `post`, which sends, and `pre` in its own words.
#[test]
fn delays_hold_against_the_direction() {
    let text = |delay: &str| {
        format!(
            "rule R allow weight_transport {{
  neuron {{ state x = 0, y = 1, q = 1, r = 0, s = 0, t = 0 }}
  synapse W : below -> self = 1{delay}
  phase p (steps = 2) {{ clamp input x = data
    in turn {{ y = 10 * y;  q = 20 * q
      input r = (W * pre.y).T @ above.q;  input s = (W * post.y).T @ above.q;  input t = (W * (pre.y + post.y)).T @ 1 }} }}
  learn {{ W += post.x * pre.x }}
}}
network n {{ 1 - 1 }}"
        )
    };
    for (delay, y, q) in [(", delay 1", 10.0, 20.0), ("", 100.0, 400.0)] {
        let bench = Bench::new(&text(delay));
        let found = bench.present(&[("W/input->output", &[1.0])], &[&[1.0]], &[]);
        found.is("state/p/r/input", &[y * q]);
        found.is("state/p/s/input", &[y * q]);
        found.is("state/p/t/input", &[2.0 * y]);
    }
}

/// R20.5: what a delayed synapse sends had the weights, `param`s, data and targets of the step before.
#[test]
fn delayed_definitions_are_of_the_step_before() {
    let text = "rule R {
  neuron { state q = 1, y = 0, s = 0, x = 0, g = 0, h = 0
    param c = 1
    let v = 2 * c
    let w = C @ below.q
    input let r = data
    hidden let r = 0
    output let e = target - x
    hidden let e = 0 }
  synapse C : below -> self = 1
  synapse B : below -> self = 1, delay 1, fixed
  synapse D : above -> self = 1, delay 1, fixed
  phase p { in turn { q = 10;  learn { C += 10 + 0 * post.q;  c += 10 + 0 * q };  hidden y = B @ below.v;  output s = B @ below.w } }
  phase t (over time) { output x = x + 1;  hidden g = B @ below.r;  hidden h = D @ above.e }
  learn { C += 0 * (post.y + post.s + post.g + post.h) }
}
network n { 1 - 1 - 1 }";
    let bench = Bench::new(text).over(3, true, true);
    let given: &[(&str, &[f64])] = &[
        ("C/input->h1", &[1.0]),
        ("C/h1->output", &[1.0]),
        ("B/input->h1", &[1.0]),
        ("B/h1->output", &[1.0]),
        ("D/output->h1", &[1.0]),
        ("D/h1->input", &[1.0]),
        ("c/input", &[1.0]),
        ("c/h1", &[1.0]),
        ("c/output", &[1.0]),
    ];
    let model = bench.model();
    let given: Vec<(&str, &[f64])> = given
        .iter()
        .copied()
        .filter(|(name, _)| model.parameters().iter().any(|parameter| parameter.name == *name))
        .collect();
    let found = bench.every_step(&given, &[&[3.0, 4.0, 5.0]], &[&[10.0, 20.0, 30.0]]);
    found.is("state/p/y/h1", &[2.0]);
    found.is("state/p/s/output", &[1.0]);
    // Before the first step nothing has been presented.
    found.is("every_step/t/g/h1", &[0.0, 3.0, 4.0]);
    found.is("every_step/t/h/h1", &[0.0, 9.0, 18.0]);
}

/// R5.7, R10.1: a definition or signal of the end of a phase has the data and the target that there were then.
#[test]
fn definitions_keep_what_was_presented() {
    let text = |direction: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 0, y = 0, z = 0
    let u = x + 100 * data }}
  synapse W : below -> self = 0
  signal S = sum(output.x) + 100 * sum(target)
  phase p (over time) {{ x = x + 1 }}
  phase q (over time{direction}) {{ input y = y + u[p];  output z = z + S[p] }}
  phase r {{ input x = u[p] }}
  learn {{ W += post.z * pre.y + post.z * pre.x }}
}}
network n {{ 1 - 1 }}"
        )
    };
    for direction in ["", ", reversed"] {
        let bench = Bench::new(&text(direction)).over(3, true, true);
        let found = bench.present(&[], &[&[1.0, 2.0, 4.0]], &[&[5.0, 6.0, 8.0]]);
        found.is("state/q/y/input", &[3.0 * 403.0]);
        found.is("state/q/z/output", &[3.0 * 803.0]);
        found.is("state/r/x/input", &[403.0]);
    }
}

/// R5.7, R20.5, R20.15: a definition that hears a delayed synapse is read later as it was: outside of the steps without delay, in one of
/// them as it was transmitted then.
#[test]
fn what_delayed_synapses_transmitted_is_read_later() {
    let text = "rule R allow stored_trajectory {
  neuron {
    state y = 1, z = 0, s = 0, t = 0, r = 0
    param b = 0
    let w = W @ below.y
    let v = y + b
  }
  synapse W : below -> self = 1, delay 1
  phase p (steps = 3) { y = y * 2;  learn { b += 10 } }
  learn { b += 1000 }
  phase c (steps = 3) { r = 100 * r + v[p at time] }
  phase a (steps = 3) { t = 10 * t + w[p at time];  in turn { y = y * 2;  z = w[p] } }
  phase b { s = w[p] }
  learn { W += post.z + 100 * post.s + 10000 * post.t + post.r }
}
network n { 1 - 1 }";
    let found = Bench::new(text).present(&[("W/input->output", &[1.0])], &[&[0.0]], &[]);
    // y is 2, 4, 8 after the steps of p, and 1, 2, 4 before them.
    found.is("state/a/z/output", &[8.0]);
    found.is("state/b/s/output", &[8.0]);
    found.is("state/a/t/output", &[124.0]);
    found.is("state/c/r/output", &[323_438.0]);
    // What was presented in the step before the one that is read nobody has kept.
    let told = "rule R allow stored_trajectory {
  neuron {
    state x = 0, t = 0
    input let u = x + data
    let u = x
    let w = W @ below.u
  }
  synapse W : below -> self = 1, delay 1
  phase p (over time) { input x = data }
  phase a (over time) { t = 10 * t + w[p at time] }
  learn { W += post.t * pre.x }
}
network n { 1 - 1 }";
    finds("unknown_to_unit", told);
    clean(&told.replace("x + data", "x"));
}

fn predicting(when: &str) -> String {
    format!(
        "rule R {{
  neuron {{ state x = 0 }}
  synapse W : below -> self
  phase p (over time) {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  learn {{ W += post.x * pre.x }}
  predict output.x {when} p
}}
network n {{ 1 - 1 }}"
    )
}

/// R20.6: predictions at every step, their costs added up, their classes counted one by one.
#[test]
fn predictions_at_every_step() {
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[2.0])];
    let data: &[&[f64]] = &[&[1.0, 10.0, 100.0], &[0.0, 0.0, 1.0]];
    let target: &[&[f64]] = &[&[2.0, 16.0, 190.0], &[1.0, 0.0, 0.0]];
    let every = Bench::new(&predicting("over")).over(3, true, true).evaluate(weights, data, target);
    every.is("prediction", &[2.0, 20.0, 200.0, 0.0, 0.0, 2.0]);
    every.is("loss", &[8.0 + 50.0, 0.5 + 2.0]);
    let last = Bench::new(&predicting("after")).over(3, true, true).evaluate(weights, data, target);
    last.is("prediction", &[200.0, 2.0]);
    last.is("loss", &[50.0, 2.0]);
    finds("bad_value", &predicting("over").replace("(over time)", ""));
    // Each of 28 steps of a digit counts, and a prediction of nothing is the first class.
    let text = predicting("over")
        .replace("1 - 1", "28 - 10")
        .replace("synapse W : below -> self", "synapse W : below -> self = 0");
    let digits = load(&Source::Digits { train: 60, test: 0, seed: 3 }, Some(0)).expect("digits").train;
    let model = Bench::new(&text).sequence(digits.sequence(None)).model();
    let options = Options { backend: Backend::Interpreter, precision: Precision::F32, batch: 4, seed: 1 };
    let mut session = Session::new(&model, options).expect("the program compiles");
    let found = session.evaluate(&digits).expect("it evaluates").expect("it predicts");
    let zeros = digits.select(&(0..60).collect::<Vec<_>>());
    let plr_run::data::Targets::Labels { labels, .. } = zeros.targets() else { panic!("digits have labels") };
    let expected = labels.iter().filter(|&&label| label == 0).count() as f64 / 60.0;
    assert_eq!((found.accuracy, found.loss), (Some(expected), 28.0 * 0.5));
}

/// R20.7: a sample's first axis is time, or it is shown whole.
#[test]
fn samples_have_time() {
    let digits = load(&Source::Digits { train: 3, test: 0, seed: 3 }, Some(0)).expect("digits").train;
    let (goes, stays) = (digits.sequence(None), digits.sequence(Some(5)));
    assert_eq!((goes.steps, goes.data, goes.target), (28, true, false));
    assert_eq!((stays.steps, stays.data, stays.target), (5, false, false));
    let clock = "\nexperiment e { rule R;  network n;  time 7 }";
    let analysis = legal(&format!("{}{clock}", predicting("after")));
    assert_eq!(analysis.experiments()[0].time, Some(7));
    finds("bad_value", &format!("{}{}", predicting("after"), clock.replace('7', "0")));
    finds("duplicate_clause", &format!("{}{}", predicting("after"), clock.replace('7', "7;  time 7")));
    // The number of steps that a check draws, counted by a weight.
    for (setting, steps) in [("seed 1", 10.0), ("time 3", 3.0)] {
        let analysis = legal(&format!(
            "rule R {{
  neuron {{ state x = 0 }}
  synapse W : below -> self = 0
  phase p (over time) {{ input x = data;  learn {{ W += 1 + 0 * pre.x }} }}
  check law {{ network 1 - 1;  {setting};  expect row_norm(W) == {steps} after 1 updates }}
}}"
        ));
        let found = check::run(&analysis.workshop(0), 0, Backend::Interpreter);
        assert!(found[0].holds(), "{:?}", found[0].outcome);
    }
}

/// R20.8: backpropagation through time, against differences of the cost; no other gradient of such a phase.
#[test]
fn gradients_go_back_through_time() {
    let text = "rule R {
  neuron { state x = 0 }
  synapse W : below -> self
  synapse R : self -> self, delay 1
  phase p (over time) { clamp input x = data;  sweep up { x = f(W @ below.x + R @ self.x) } }
  learn { W += 0 * post.x;  R += 0 * post.x }
  predict output.x over p
  check gradient after p { expect scale(W) < 1 }
}
network n { 2 - 3 tanh - 2 tanh }";
    clean(&text.replace("network n { 2 - 3 tanh - 2 tanh }", ""));
    let model = Bench::new(text).over(4, true, true).model();
    let parameters = plr_run::init::parameters(plr_ir::model::Model::parameters(&model), 5, Precision::F64)
        .expect("there is memory");
    let wave =
        |rate: f64, n: usize| -> Vec<f64> { (0..n).map(|i| ((i as f64 * rate) % 2.0) - 1.0).collect() };
    let data = Tensor::from_f64([2, 4, 2], &wave(0.37, 16), Precision::F64);
    let target = Tensor::from_f64([2, 4, 2], &wave(0.73, 16), Precision::F64);
    let minibatch = Minibatch::new(data, target);
    let context = Context { seed: 1, update: 0 };
    let find =
        |reference| gradients(&model, reference, &parameters, &minibatch, context).expect("a gradient");
    let (through, differences) = (find(Reference::FeedForward(0)), find(Reference::FiniteDifferences(0)));
    for (a, b) in through.iter().zip(&differences) {
        let of = |at: usize| a.values[at];
        let elements = b.elements.clone().unwrap_or_else(|| (0..a.values.len()).collect());
        for (&at, &b) in elements.iter().zip(&b.values) {
            assert!((of(at) - b).abs() < 1e-7 * (1.0 + b.abs()), "{}: {} {b}", a.parameter, of(at));
        }
    }
    for reference in ["at equilibrium of p", "unrolled(3) of p"] {
        finds("bad_value", &text.replace("after p {", &format!("{reference} {{")));
    }
}

/// A rule that goes forth and back, adding up digits.
fn there_and_back(head: &str, forward: &str, back: &str) -> String {
    format!(
        "rule R {head} {{
  neuron {{
    state x = 7, h = 5, s = 0, t = 0, u = 0, v = 0
    let d = 2 * h
  }}
  signal total = sum(output.h)
  synapse W : below -> self = 1
  synapse R : self -> self = 1, delay 1 {{ trace e, g = 1 }}
  phase forward ({forward}) {{ clamp input x = data;  output h = h + W @ below.x;  g += post.h }}
  phase back ({back}, reversed) {{
    clamp input x = data
    in turn {{
      output s = 10 * s + h[forward at time]
      output t = 10 * t + d[forward at time] + total[forward at time]
      output u = 10 * u + R @ self.h[forward at time]
      output v = 10 * v + W @ below.x + 0.1 * time
      e += post.s * pre.h[forward at time] + 0 * g[forward at time]
    }}
  }}
  learn {{ W += post.u * pre.x + post.t + post.v;  R += e }}
}}
network n {{ 1 - 1 }}
experiment e {{ rule R;  network n }}"
    )
}

/// R20.14, R20.15: a phase goes back through the steps of a sample, and through what another one was in them.
#[test]
fn phases_go_back() {
    let head = "allow stored_trajectory";
    let text = there_and_back(head, "over time", "over time");
    clean(&text);
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[1.0]), ("R/output->output", &[1.0])];
    let found = Bench::new(&text).over(3, true, true).present(weights, &[&[1.0, 2.0, 3.0]], &[]);
    // h is 6, 8, 11 after the steps, and 5, 6, 8 before them.
    found.is("state/back/s/output", &[1186.0]);
    found.is("state/back/t/output", &[3.0 * 1186.0]);
    found.is("state/back/u/output", &[865.0]);
    found.is("state/back/v/output", &[321.0 + 21.0]);
    found.is("state/back/x/input", &[1.0]);
    found.is("state/back/R.e/output->output", &[11.0 * 8.0 + 118.0 * 6.0 + 1186.0 * 5.0]);
    // Phases that are not over time do the same, with what does not change.
    let steps = there_and_back(head, "steps = 3", "steps = 3").replace("0.1 * time", "time");
    let found = Bench::new(&steps).present(weights, &[&[2.0]], &[]);
    // h is 7, 9, 11.
    found.is("state/back/s/output", &[1100.0 + 90.0 + 7.0]);
    found.is("state/back/v/output", &[222.0 + 210.0]);
    // One step is one too.
    let one = there_and_back(head, "steps = 1", "steps = 1");
    Bench::new(&one).present(weights, &[&[2.0]], &[]).is("state/back/u/output", &[5.0]);
    let unlicensed = codes(&there_and_back("", "over time", "over time"));
    assert!(
        unlicensed.iter().all(|code| code == "non_local_read") && unlicensed.len() == 6,
        "{unlicensed:?}"
    );
    for (forward, back) in [
        ("steps = 3", "steps = 2"),
        ("over time", "steps = 3"),
        ("steps = 3 until residual < 1", "steps = 3"),
        ("steps = 3", "steps = 3 until residual < 1"),
    ] {
        finds("bad_value", &there_and_back(head, forward, back));
    }
    // A definition or signal that is read in the steps may say it for them.
    let sum = "d[forward at time] + total[forward at time]";
    let said = text.replace("= 2 * h", "= 2 * h[forward at time]");
    let said = said.replace("sum(output.h)", "sum(output.h[forward at time])");
    for said in [said.clone(), said.replace(sum, "d + total")] {
        let found = Bench::new(&said).over(3, true, true).present(weights, &[&[1.0, 2.0, 3.0]], &[]);
        found.is("state/back/t/output", &[3.0 * 1186.0]);
    }
    let outside = |before: &str, after: &str| finds("unknown_to_unit", &said.replace(before, after));
    outside("R += e }", "R += e + post.h[forward at time] }");
    outside("R += e }", "R += e + post.d }");
    outside("R += e }", "R += e + post.d[back] }");
    outside("clamp input x = data\n    in turn", "clamp input x = d[forward]\n    in turn");
    finds("read_before_write", &said.replace("output h = h + W", "output h = h + d + W"));
    let (forward, back) = ("over time", "steps = 3");
    let said = there_and_back(head, forward, back).replace(&format!(" + {sum}"), " + d");
    finds("bad_value", &said.replace("[forward at time]", "").replace("= 2 * h", "= 2 * h[forward at time]"));
    let bill = crate::locality::audit(&text).bill.expect("there is a network");
    let stored: Vec<_> =
        bill.trajectories.iter().map(|t| (t.each.state.as_str(), t.each.values, t.steps)).collect();
    assert_eq!(stored, [("h", 1, 1), ("R.g", 1, 1)]);
    let large =
        text.replace("1 - 1", "1 - 1000").replace("self -> self = 1,", "self -> self = 1, one_to_one,");
    let model = Bench::new(&large).over(1_000_000, true, true).model();
    let options = Options { backend: Backend::Interpreter, precision: Precision::F64, batch: 64, seed: 1 };
    let refused = Session::new(&model, options).err().expect("it has no room").to_string();
    assert!(
        refused.contains("`R.g/output->output@forward at time`, is 1000000 x 64 x 1000 numbers"),
        "{refused}"
    );
}

/// A rule with a trace, an equation for it, and what the weight learns in the end.
fn traced(trace: &str, equation: &str, learn: &str) -> String {
    format!(
        "rule R {{
  neuron {{ state x = 0 }}
  synapse W : below -> self {{ {trace} }}
  phase p (over time) {{
    clamp input x = data
    in turn {{
      sweep up {{ x = W @ below.x }}
      {equation}
    }}
  }}
  learn {{ W += {learn} }}
}}
network n {{ 2 - 1 }}"
    )
}

/// R20.9: a number for each synapse and sample, written in phases, read by its synapse.
#[test]
fn traces_belong_to_synapses_and_samples() {
    let text = traced("trace e = 7", "e = 0.5 * e + post.x * pre.x", "e");
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[2.0, 1.0])];
    // Each sample: pre (1, 10), then (0, 1); post 12, then 1.
    let data: &[&[f64]] = &[&[1.0, 10.0, 0.0, 1.0], &[0.0, 0.0, 1.0, 0.0]];
    let found = Bench::new(&text).over(2, true, true).present(weights, data, &[]);
    let first = [0.25 * 7.0 + 0.5 * 12.0, 0.25 * 7.0 + 0.5 * 120.0 + 1.0];
    let second = [0.25 * 7.0 + 2.0, 0.25 * 7.0];
    found.is("state/p/W.e/input->output", &[first[0], first[1], second[0], second[1]]);
    found.is("increment/W/input->output", &[(first[0] + second[0]) / 2.0, (first[1] + second[1]) / 2.0]);
    // The state before a plain equation, the one just written in turn; none begins with 0.
    let plain =
        traced("trace e", "", "e").replace("clamp input", "e = e + post.x + 0.1 * pre.x\n    clamp input");
    let found = Bench::new(&plain).over(2, true, true).present(weights, &[&[1.0, 10.0, 0.0, 1.0]], &[]);
    found.is("state/p/W.e/input->output", &[12.0 + 0.1, 12.0 + 1.0 + 0.1]);
    let rate = traced("trace e", "de/dt = pre.x - e", "e").replace("over time", "over time, dt = 0.5");
    let found = Bench::new(&rate).over(2, true, true).present(weights, &[&[1.0, 10.0, 0.0, 1.0]], &[]);
    found.is("state/p/W.e/input->output", &[0.25, 0.5 * 5.0 + 0.5]);
    // Two traces, one of which reads the other and the weight; a role.
    let two = traced("trace e, d", "e += pre.x;  output d = e * W + d;  hidden d = 100", "d");
    let found = Bench::new(&two).over(2, true, true).present(weights, &[&[1.0, 10.0, 0.0, 1.0]], &[]);
    found.is("state/p/W.d/input->output", &[4.0, 21.0]);
    let wrong = |equation: &str, learn: &str| codes(&traced("trace e", equation, learn));
    assert_eq!(wrong("sweep up { e = pre.x }", "e"), ["shape_mismatch"]);
    assert_eq!(wrong("x = e", "e"), ["shape_mismatch"]);
    assert_eq!(wrong("e = pre.x", "e\n    e += 1"), ["shape_mismatch"]);
    assert_eq!(wrong("e = x", "e"), ["shape_mismatch"]);
    let other = traced("trace e", "e = pre.x", "e").replace("learn {", "learn { V += post.x * e;");
    assert_eq!(codes(&other.replace("  phase", "  synapse V : below -> self\n  phase")), ["shape_mismatch"]);
    let unit = traced("trace e", "e = pre.x", "e").replace("state x = 0", "state x = 0\n trace z");
    finds("bad_value", &unit);
}

/// R5.7, R7.11, R20.9: what a trace was at the end of a phase is read later; a phase that starts from another one's states
/// leaves traces as they are.
#[test]
fn traces_are_stored_and_go_on() {
    let text = "rule R {
  neuron { state x = 0, y = 0 }
  synapse W : below -> self = 1 { trace g, h = 5 }
  phase free { clamp input x = data;  output x = 1 }
  phase plus (steps = 3, from = free) { output x += 1;  g += post.x * pre.x;  h = 2 * h }
  phase minus (steps = 2, from = free) { output x -= 1;  g += 100 * pre.x }
  phase last { output y = (W * g[plus]) @ below.x + g @ below.x }
  learn { W += g[plus] + 1000 * g + 0 * h + h[free] + 0 * post.y }
}
network n { 2 - 1 }
experiment e { rule R;  network n }";
    clean(text);
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[2.0, 1.0])];
    let found = Bench::new(text).present(weights, &[&[1.0, 10.0]], &[]);
    // x is 1, 2, 3 before the steps of `plus`, and begins with 1 again.
    found.is("state/plus/W.g/input->output", &[6.0, 60.0]);
    found.is("state/minus/W.g/input->output", &[206.0, 2060.0]);
    found.is("state/minus/x/output", &[-1.0]);
    found.is("state/minus/W.h/input->output", &[40.0, 40.0]);
    found.is("increment/W/input->output", &[6.0 + 206_000.0 + 5.0, 60.0 + 2_060_000.0 + 5.0]);
    found.is("state/last/y/output", &[2.0 * 6.0 + 600.0 + 206.0 + 20_600.0]);
    finds("unknown_phase", &text.replace("g[plus]) @", "g[last]) @"));
}

/// R20.9, R5.14: units hear traces. Weights that learn within a presentation, computed with loops.
#[test]
fn traces_transmit() {
    let text = "rule R {
  neuron { state x = 0 }
  synapse W : below -> self
  synapse L : self -> self { trace A = 0, u = 1 }
  phase p (over time) {
    clamp input x = data
    in turn {
      output x = W @ below.x + (L + A) @ self.x - (A * u).T @ self.x
      A = 0.5 * A + 0.1 * post.x * pre.x ^ 2
      u = 0.5 * pre.x
    }
  }
  learn { W += post.x;  L += post.x }
  predict output.x after p
}
network n { 1 - 2 }";
    let text = text.replace("rule R", "rule R allow weight_transport");
    let (w, l) = ([1.0, -2.0], [0.3, 0.1, -0.4, 0.2]);
    let given: &[(&str, &[f64])] = &[("W/input->output", &w), ("L/output->output", &l)];
    let data: [&[f64]; 2] = [&[1.0, 2.0, -1.0], &[0.5, 0.0, 3.0]];
    let mut expected = Vec::new();
    for sample in data {
        let (mut x, mut a, mut u) = ([0.0; 2], [[0.0; 2]; 2], [1.0; 2]);
        for shown in sample {
            let arrives = |i: usize| {
                let heard = |j: usize| (l[2 * i + j] + a[i][j]) * x[j] - a[j][i] * u[i] * x[j];
                w[i] * shown + heard(0) + heard(1)
            };
            x = [arrives(0), arrives(1)];
            for i in 0..2 {
                for j in 0..2 {
                    a[i][j] = 0.5 * a[i][j] + 0.1 * x[i] * x[j] * x[j];
                }
            }
            u = [0.5 * x[0], 0.5 * x[1]];
        }
        expected.extend(x);
    }
    Bench::new(&text).over(3, true, true).present(given, &data, &[]).is("state/p/x/output", &expected);
    finds("shape_mismatch", &text.replace("(A * u).T", "(A.T * u)"));
    // A trace is the synapse's: read backwards it is at the wrong end.
    let text = text.replace("output x = ", "x = ");
    finds("non_local_read", &text.replace(" allow weight_transport", ""));
    let symmetric =
        text.replace(" allow weight_transport", "").replace("self { trace", "self, symmetric { trace");
    assert!(codes(&symmetric).is_empty(), "{:?}", codes(&symmetric));
}

/// R20.9, R20.8: where units hear a trace, it is a state of the phase whose fixed point is differentiated.
#[test]
fn traces_that_transmit_come_to_rest() {
    let text = "rule R {
  neuron { state x = 0.5 }
  synapse W : below -> self
  synapse L : self -> self { trace A = 0.1 }
  phase p (steps = 300) {
    clamp input x = data
    x = tanh(W @ below.x + (L + A) @ self.x)
    A = 0.4 * A + 0.2 * post.x * pre.x
  }
  learn { W += post.x * pre.x;  L += A }
  predict output.x after p
}
network n { 2 - 3 }";
    let model = Bench::new(text).model();
    let parameters = plr_run::init::parameters(plr_ir::model::Model::parameters(&model), 5, Precision::F64)
        .expect("there is memory");
    let parameters: Vec<Tensor> = parameters
        .iter()
        .map(|p| {
            Tensor::from_f64(
                p.dims.clone(),
                &p.to_f64().iter().map(|x| 0.3 * x).collect::<Vec<_>>(),
                Precision::F64,
            )
        })
        .collect();
    let data = Tensor::from_f64([2, 2], &[1.0, -0.5, 0.3, 0.8], Precision::F64);
    let target = Tensor::from_f64([2, 3], &[0.1, 0.7, 0.3, 0.9, 0.2, 0.5], Precision::F64);
    let context = Context { seed: 1, update: 0 };
    let find = |reference| {
        gradients(&model, reference, &parameters, &Minibatch::new(data.clone(), target.clone()), context)
            .expect("a gradient")
    };
    let differences = find(Reference::FiniteDifferences(0));
    for reference in [Reference::Equilibrium(0), Reference::Unrolled { steps: 200, phase: 0 }] {
        for (a, b) in find(reference).iter().zip(&differences) {
            let elements = b.elements.clone().unwrap_or_else(|| (0..a.values.len()).collect());
            for (&at, &b) in elements.iter().zip(&b.values) {
                let near = (a.values[at] - b).abs() < 1e-7 * (1.0 + b.abs()) && b != 0.0;
                assert!(near, "{}: {} {b}", a.parameter, a.values[at]);
            }
        }
    }
}

/// R5.14: what is written out for each sample and synapse is refused, with its size, if there is no room for it.
#[test]
fn what_is_written_out_needs_room() {
    let text = "rule R { neuron { state x = 0 }
  synapse W : below -> self
  phase p { clamp input x = data;  output x = rank(min(W, pre.x), over = post) @ 1 }
  learn { W += post.x } }
network n { 30000 - 30000 }";
    let model = Bench::new(text).model();
    let options =
        |batch| Options { backend: Backend::Jit { threads: 1 }, precision: Precision::F32, batch, seed: 1 };
    let refused = Session::new(&model, options(20_000)).err().expect("there is no room").to_string();
    assert!(refused.contains("TB of memory, but only"), "{refused}");
}

/// R11.4: what a trace draws is another number for each synapse and sample, and in each phase.
#[test]
fn traces_draw() {
    let text = "rule R {
  neuron { state x = 0 }
  synapse W : below -> self { trace r = 0 }
  phase p { clamp input x = data;  in turn { r = normal();  output x = (W * r) @ below.x } }
  phase q { r = normal() }
  learn { W += r * post.x }
}
network n { 2 - 2 }";
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[1.0, 2.0, 3.0, 4.0])];
    let found = Bench::new(text).present(weights, &[&[1.0, 10.0], &[1.0, 10.0]], &[]);
    let r = found.get("state/p/W.r/input->output").to_vec();
    let x: Vec<f64> =
        (0..4).map(|k| [1.0, 3.0][k % 2] * r[2 * k] + [20.0, 40.0][k % 2] * r[2 * k + 1]).collect();
    found.is("state/p/x/output", &x);
    let mut all = [r, found.get("state/q/W.r/input->output").to_vec()].concat();
    all.sort_by(f64::total_cmp);
    all.dedup();
    assert_eq!(all.len(), 16, "{all:?}");
}

/// R20.10: kept once for each unit where one end alone matters, which no number shows; refused with its size.
#[test]
fn traces_are_kept_as_small_as_they_are() {
    let dims = |equation: &str, attribute: &str| {
        let text =
            traced("trace e", equation, "e").replace("below -> self", &format!("below -> self{attribute}"));
        let network = if attribute.is_empty() {
            "network n { 3 - 2 }"
        } else {
            "network n { 2 - 2 }\nexperiment e { rule R;  network n }"
        };
        let bench = Bench::new(&text.replace("network n { 2 - 1 }", network)).over(2, true, true);
        plr_ir::model::Model::traces(&bench.model(), 5)
    };
    let is = |equation: &str, expected: &[usize]| {
        assert_eq!(dims(equation, ""), [("W.e/input->output".to_owned(), expected.to_vec())], "{equation}");
    };
    is("e = 0.5 * e + f(pre.x)", &[5, 3]);
    is("e = 0.5 * e + post.x ^ 2", &[5, 2]);
    is("e = 0.5 * e + post.x * pre.x", &[5, 2, 3]);
    is("e = W + time", &[2, 3]);
    is("e = bernoulli(0.5)", &[5, 2, 3]);
    assert_eq!(dims("e = post.x * pre.x", ", one_to_one")[0].1, [5, 2]);
    let kernel = |equation: &str| {
        let text = traced("trace e", equation, "post.x * e");
        codes(&text.replace("network n { 2 - 1 }", "experiment e { rule R;  network 1x4x4 - conv 2 k3 - 3 }"))
    };
    assert_eq!(kernel("e = 0.5 * e + pre.x"), [""; 0]);
    assert_eq!(kernel("e = 0.5 * e + post.x * pre.x"), ["shape_mismatch"]);
    for equation in ["e = 0.5 * e + pre.x", "e = 0.5 * e + pre.x + 0 * post.x"] {
        let text = traced("trace e", equation, "post.x * e");
        let weights: &[(&str, &[f64])] = &[("W/input->output", &[2.0, 1.0])];
        let found = Bench::new(&text).over(2, true, true).present(weights, &[&[1.0, 10.0, 0.0, 1.0]], &[]);
        found.is("state/p/W.e/input->output", &[0.5, 6.0]);
        found.is("increment/W/input->output", &[0.5, 6.0]);
    }
    let large = traced("trace e", "e = 0.5 * e + post.x * pre.x", "e").replace("2 - 1", "100000 - 100000");
    let model = Bench::new(&large).over(2, true, true).model();
    let options = Options { backend: Backend::Interpreter, precision: Precision::F32, batch: 64, seed: 1 };
    let refused = Session::new(&model, options).err().expect("it has no room").to_string();
    assert!(refused.contains("`W.e/input->output`, is 64 x 100000 x 100000 numbers"), "{refused}");
    assert!(refused.contains("2.6 TB"), "{refused}");
}

/// The gradient of the cost at the end by the weight of one synapse from a unit that shows 2 to a linear one; the target is 1.
fn slope(reference: &str, functions: &str, sent: &str, equation: &str) -> f64 {
    let text = format!(
        "{functions}
rule R {{
  neuron {{ state x = 0 }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  sweep up {{ x = {equation} + W @ {sent} }} }}
  learn {{ W += 0 * post.x * pre.x }}
  predict output.x after p
  check gradient {reference} after p {{ expect scale(W) < 1 }}
}}
network n {{ 1 - 1 }}"
    );
    let bench = Bench::new(&text);
    let analysis = legal(&text);
    let reference = plr_ir::model::Workshop::checks(&analysis.workshop(0))[0].reference;
    let weight = Tensor::from_f64([1, 1], &[3.0], Precision::F64);
    let [data, target] = [2.0, 1.0].map(|x| Tensor::from_f64([1, 1], &[x], Precision::F64));
    let minibatch = Minibatch::new(data, target);
    let context = Context { seed: 1, update: 0 };
    let found = gradients(&bench.model(), reference, &[weight], &minibatch, context).expect("a gradient");
    found[0].values[0]
}

/// R20.11: references take a surrogate for the derivative, whatever the value does; differences do not.
#[test]
fn surrogates_lead_gradients() {
    let jump = "fn jump(x; size = 1) = if x > 0 then size else 0 with surrogate derivative 10 * x * size";
    let value = |functions: &str, call: &str, reference: &str| {
        let text = format!(
            "{functions}
rule R {{
  neuron {{ state u = 0, x = 0 }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  sweep up {{ output u = W @ below.x;  output x = {call} }} }}
  learn {{ W += 0 * post.x * pre.x }}
  predict output.x after p
  check gradient {reference} after p {{ expect scale(W) < 1 }}
}}
network n {{ 1 - 1 }}"
        );
        let analysis = legal(&text);
        let reference = plr_ir::model::Workshop::checks(&analysis.workshop(0))[0].reference;
        let weight = Tensor::from_f64([1, 1], &[3.0], Precision::F64);
        let [data, target] = [2.0, 1.0].map(|x| Tensor::from_f64([1, 1], &[x], Precision::F64));
        let minibatch = Minibatch::new(data, target);
        let context = Context { seed: 1, update: 0 };
        let model = Bench::new(&text).model();
        let found = gradients(&model, reference, &[weight], &minibatch, context).expect("a gradient");
        found[0].values[0]
    };
    // u = 6; the value is 5, its distance from the target 4, and u moves by 2 with the weight.
    assert_eq!(value(jump, "jump(u, size = 5)", ""), 4.0 * (10.0 * 6.0 * 5.0) * 2.0);
    assert_eq!(value(jump, "jump(u, size = 5)", "by finite_differences"), 0.0);
    assert_eq!(value(jump, "jump(u, size = 5) + jump'(u)", ""), (5.0 + 60.0 - 1.0) * (300.0 + 10.0) * 2.0);
    let declared = jump.replace("surrogate ", "");
    assert_eq!(value(&declared, "jump(u, size = 5)", ""), 0.0);
    // The prelude's: 0.3 (1 - 0.5) there.
    assert_eq!(value("", "step(u - 5.5)", ""), 0.0);
    assert_eq!(value("", "step(u - 5.5) + 1", ""), 0.3 * 0.5 * 2.0);
    assert_eq!(value("", "step(u - 6.5, height = 1, width = 2) + 2", ""), 0.75 * 2.0);
}

/// R20.12: what is cut is what it is, and no gradient flows through it where the check says so.
#[test]
fn cuts_stop_gradients() {
    // x = 6 + 2 · 6: the error is 17; cut, the second way to the weight is closed.
    assert_eq!(slope("", "", "below.x", "2 * cut(W @ below.x)"), 17.0 * 6.0);
    assert_eq!(slope("with cuts", "", "below.x", "2 * cut(W @ below.x)"), 17.0 * 2.0);
    assert_eq!(slope("with cuts", "", "cut(below.x)", "2 * (W @ below.x)"), 17.0 * 6.0);
    assert_eq!(slope("with cuts", "", "below.x", "2 * (W @ below.x)"), 17.0 * 6.0);
}

/// The weight change of `examples/rules/stdp.plr` for given trains of spikes is the sum over all pairs of the window.
#[test]
#[allow(clippy::disallowed_methods, reason = "the window is computed by an independent library")]
fn traces_of_spikes_sum_over_pairs() {
    let path = plr_tests::root().join("examples/rules/stdp.plr");
    let text = std::fs::read_to_string(path).expect("the example is there");
    let bench = |steps| {
        let bench = Bench::new(&format!("{text}\nnetwork n {{ 1 - 1 }}")).over(steps, true, true);
        bench.set("rate", 1.0).set("teach", 1.0).set("taup", 8.0).set("taum", 5.0)
    };
    let change = |pre: &[f64], post: &[f64]| {
        let found = bench(pre.len() as u32).present(&[("W/input->output", &[0.5])], &[pre], &[post]);
        found.get("increment/W/input->output")[0]
    };
    let window = |pre: &[f64], post: &[f64]| -> f64 {
        let mut sum = 0.0;
        for (i, a) in pre.iter().enumerate() {
            for (j, b) in post.iter().enumerate() {
                let apart = j as f64 - i as f64;
                sum += a * b * if apart > 0.0 { 0.01 * (-apart / 8.0).exp() } else { 0.0 };
                sum -= a * b * if apart < 0.0 { 0.011 * (apart / 5.0).exp() } else { 0.0 };
            }
        }
        sum
    };
    let alone = |at: usize| (0..25).map(|t| f64::from(u8::from(t == at))).collect::<Vec<_>>();
    for at in [2, 11, 12, 13, 24] {
        let (pre, post) = (alone(12), alone(at));
        assert!((change(&pre, &post) - window(&pre, &post)).abs() < 1e-14, "{at}");
        assert_eq!(change(&pre, &post) > 0.0, at > 12, "{at}");
    }
    let train = |of: usize| (0..25).map(|t| f64::from(u8::from(t * t % of < of / 3))).collect::<Vec<_>>();
    let (pre, post) = (train(7), train(11));
    assert!((change(&pre, &post) - window(&pre, &post)).abs() < 1e-13);
}

/// R19.9: at the end of every step there is what equations and definitions say, and at that of the last one what there is at the end
/// of the phase.
#[test]
fn every_step_can_be_looked_at() {
    // A leak towards what arrives, which stops at a change below 0.3; then a phase of one step.
    let text = "rule R {
  neuron { state v = 0, z = 1\n let twice = 2 * v }
  synapse W : below -> self = 1 { trace e = 10 }
  signal S = sum(output.twice) + sum(input.v)
  phase p (steps = 6 until residual < 0.3) { clamp input v = data;  output v = (v + W @ below.v) / 2;  W.e = W.e + post.v }
  phase q { output z = v + twice }
  learn { W += e * post.z }
  predict output.v after p
}
network n { 1 - 1 }";
    let bench = Bench::new(&text.replace("W.e = W.e + post.v", "e = e + post.v"));
    let found = bench.every_step(&[("W/input->output", &[1.0])], &[&[4.0], &[0.0]], &[&[1.0], &[0.0]]);
    // 4 - 4 / 2^n: changes of 2, 1, 0.5, 0.25, which is small enough.
    let v = [2.0, 3.0, 3.5, 3.75, f64::NAN, f64::NAN];
    let of = |f: &dyn Fn(f64) -> f64, zero: f64| {
        let none = v.map(|v| if v.is_nan() { v } else { zero });
        [v.map(f), none].concat()
    };
    found.is("steps/p", &[4.0]);
    found.is("every_step/p/v/output", &of(&|v| v, 0.0));
    found.is("every_step/p/twice/output", &of(&|v| 2.0 * v, 0.0));
    found.is("every_step/p/S", &of(&|v| 2.0 * v + 4.0, 0.0));
    found.is("prediction/p", &of(&|v| v, 0.0));
    found.is("loss/p", &of(&|v| (v - 1.0) * (v - 1.0) / 2.0, 0.0));
    // It reads what was before the step.
    let e = [10.0, 12.0, 15.0, 18.5, f64::NAN, f64::NAN];
    found.is("every_step/p/W.e/input->output", &[e, of(&|v| v, 10.0)[6..].try_into().unwrap()].concat());
    found.is("every_step/q/z/output", &[11.25, 0.0]);
    found.is("prediction/q", &[3.75, 0.0]);
    for (state, end) in [("p/v/output", [3.75, 0.0]), ("q/z/output", [11.25, 0.0]), ("p/v/input", [4.0, 0.0])]
    {
        found.is(&format!("state/{state}"), &end);
    }
    found.is("every_step/q/v/input", &[4.0, 0.0]);

    // Over time, with a delay, learning at every step, and what is not known at first: a sum of weights of then.
    let text = "rule R {
  neuron { state x = 0, y = 0, n = 0\n let heard = L @ self.x }
  synapse W : below -> self = 1
  synapse L : self -> self = 1, delay 1, fixed
  phase p (over time) { clamp input x = data;  in turn { output x = W @ below.x + 0 * heard;  output y = heard + n;  n = n + 1 }
    learn { W += 1 + 0 * post.x * pre.x } }
  predict output.x over p
}
network n { 1 - 1 }";
    let bench = Bench::new(text).over(3, true, false);
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[1.0]), ("L/output->output", &[10.0])];
    let found = bench.every_step(weights, &[&[5.0, 6.0, 7.0]], &[&[0.0]]);
    // The weight is 1, 2, 3 as the steps begin.
    let x = [5.0, 12.0, 21.0];
    found.is("every_step/p/x/output", &x);
    found.is("every_step/p/x/input", &[5.0, 6.0, 7.0]);
    found.is("every_step/p/heard/output", &[0.0, 50.0, 120.0]);
    found.is("every_step/p/y/output", &[0.0, 51.0, 122.0]);
    found.is("prediction/p", &x);
    found.is("loss/p", &x.map(|x| x * x / 2.0));
    found.is("new/W/input->output", &[4.0]);
}
