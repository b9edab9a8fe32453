//! Rules 14: checks.
#![allow(clippy::disallowed_methods, reason = "closed forms are computed by an independent library")]

use plr_ir::Precision;
use plr_ir::model::{Check, Comparison, DataLaw, Init, Measure, Metric, Model as _, Workshop as _};
use plr_run::backend::Backend;
use plr_run::check::{ClaimResult, run, sweep};

use crate::bench::{clean, finds, legal};

/// Gradient descent by hand, scaled; the claims are those of the check.
fn descent(check: &str) -> String {
    format!(
        "rule R(lr = 0.1, k = 1, c = 0.5) allow weight_transport {{
  neuron {{ state a, x, d }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  sweep up {{ a = W @ below.x;  x = f(a) }} }}
  phase q {{ output d = -cost'(a);  sweep down {{ hidden d = f'(a) * (W.T @ above.d) }} }}
  learn {{ W += lr * k * (post.d * pre.x) + 0 * c }}
  predict output.x after p
  {check}
}}"
    )
}

fn results(text: &str) -> Vec<ClaimResult> {
    let workshop = legal(text).workshop(0);
    (0..workshop.checks().len()).flat_map(|at| run(&workshop, at, Backend::Interpreter)).collect()
}

/// The measured number of the only claim, and whether it holds.
fn measured(text: &str) -> (f64, bool) {
    let [result] = results(text).try_into().unwrap_or_else(|_| panic!("there is one claim"));
    let measured = result.outcome.as_ref().unwrap_or_else(|error| panic!("{error}"));
    (measured.number, measured.holds)
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3)
}

fn claim(reference: &str, claim: &str) -> (f64, bool) {
    measured(&descent(&format!("check {reference} {{ {claim} }}")))
}

/// R14.1: each reference is the gradient that it is of.
#[test]
fn references_are_gradients() {
    assert!(claim("gradient after p", "expect relative_error(W) < 1e-12").1);
    assert!(claim("gradient by finite_differences after p", "expect relative_error(W) < 1e-6").1);
    // The first row of a constant matrix of four columns has the norm 2 times the constant.
    assert!(near(claim("law", "network 4 - 3;  init W = 3;  expect row_norm(W) == 6").0, 6.0));
    // x = w u + x / 2 has the fixed point 2 w u; k steps of it have Σ 2^-i of the input.
    let linear = |check: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0, d = 0 }}
  synapse W : below -> self
  phase p (steps = 60) {{ clamp input x = data;  output x = W @ below.x + x / 2 }}
  phase q {{ output d = target - x }}
  learn {{ W += post.d * pre.x }}
  predict output.x after p
  check {check} {{ network 3 - 2;  expect scale(W) > 0 }}
}}"
        )
    };
    assert!(near(measured(&linear("gradient at equilibrium of p")).0, 0.5));
    assert!(near(measured(&linear("gradient after p")).0, 0.5));
    assert!(near(measured(&linear("gradient unrolled(1) of p")).0, 1.0));
    assert!(near(measured(&linear("gradient unrolled(2) of p")).0, 1.0 / 1.5));
}

/// R14.2: increments are measured at `lr = 1`, unless the claim sets it; the rule's own counts for updates.
#[test]
fn increments_are_measured_at_a_rate_of_one() {
    assert!(near(claim("gradient after p", "expect scale(W) == 1").0, 1.0));
    assert!(near(claim("gradient after p", "set lr = 7;  expect scale(W) == 1").0, 1.0));
    assert!(near(claim("gradient after p", "expect scale(W) == 3 when lr = 3").0, 3.0));
    assert!(near(
        claim(
            "gradient after p",
            "set lr = 0;  network 3 - 2;  init W = 1;  expect row_norm(W) == 2 after 9 updates"
        )
        .0,
        3.0_f64.sqrt()
    ));
}

/// R14.3: measures, on an increment that is the negative gradient times `k`, and on one that is turned.
#[test]
fn measures_are_those_of_the_table() {
    let scaled = |measure: &str| claim("gradient after p", &format!("set k = -3;  expect {measure} < 1e9")).0;
    assert!(near(scaled("cosine(W)"), -1.0));
    assert!(near(scaled("cosine_distance(W)"), 2.0));
    assert!(near(scaled("angle(W)"), 180.0));
    assert!(near(scaled("relative_error(W)"), 4.0));
    assert!(near(scaled("scale(W)"), -3.0));
    assert!(near(scaled("sign_agreement(W)"), 0.0));
    let principal = "data gaussian(3, 2, 1);  network 3 - 2;  expect principal_alignment(W) <= 1";
    assert!(claim("law", principal).1);
    // relative_error is |k - 1|: with k = 1 + c its order in c is 1.
    let order = descent("check gradient after p { expect order(relative_error(W), c) == 1 }")
        .replace("* k *", "* (k + c) *");
    assert!(near(measured(&order).0, 1.0));
    finds("unknown_name", &descent("check law { expect beauty(W) == 1 }"));
}

/// R14.4: each instance by itself, and the worst decides.
#[test]
fn the_worst_instance_decides() {
    // Only the output layer follows the gradient; the hidden layer goes against it.
    let text = |claim: &str| {
        descent(&format!("check gradient after p {{ {claim} }}")).replace(
            "learn { W += lr * k * (post.d * pre.x)",
            "learn { hidden W -= lr * post.d * pre.x;  output W += lr * k * (post.d * pre.x)",
        )
    };
    assert!(near(measured(&text("expect cosine(W) > 0")).0, -1.0));
    assert!(near(measured(&text("expect cosine(W) < 2")).0, 1.0));
    assert!(near(measured(&text("expect cosine(W) == 1")).0, -1.0));
    let all = results(&text("expect cosine(W) > 0")).remove(0).outcome.expect("it is measured").per_site;
    assert_eq!(
        all.iter().map(|(site, _)| site.as_str()).collect::<Vec<_>>(),
        ["input->h1", "h1->h2", "h2->output"]
    );
}

/// R14.5: tolerances, and NaN.
#[test]
fn equality_has_a_tolerance() {
    let holds = |claimed: &str| claim("gradient after p", &format!("expect scale(W) == {claimed}")).1;
    assert!(holds("1.0000005") && !holds("1.000002") && holds("1.5 within 0.6") && !holds("1.5 within 0.4"));
    let order = |claimed: &str| {
        let check = format!("check gradient after p {{ expect order(relative_error(W), c) == {claimed} }}");
        measured(&descent(&check).replace("* k *", "* (k + c) *")).1
    };
    assert!(order("1.09") && !order("1.11"));
    // Without an increment there is no angle.
    for comparison in ["< 1e9", "> -1e9", "== 90 within 1e9"] {
        assert!(!claim("gradient after p", &format!("set k = 0;  expect angle(W) {comparison}")).1);
    }
}

/// R14.6: the slope through the values that are named, three decades if none are.
#[test]
fn orders_are_slopes() {
    let order = |over: &str| {
        let check = format!("check gradient after p {{ expect order(relative_error(W), c) == 2 {over} }}");
        let text = descent(&check).replace("* k *", "* (k + c * c) *");
        results(&text).remove(0).outcome.unwrap_or_else(|error| panic!("{error}"))
    };
    let decades = order("");
    assert!(near(decades.number, 2.0));
    let values =
        |measured: &plr_run::check::Measured| measured.points.iter().map(|p| p.0).collect::<Vec<_>>();
    assert_eq!(values(&decades), [0.1, 0.01, 0.001]);
    assert_eq!(values(&order("over 0.5, 0.25")), [0.5, 0.25]);
    // Least squares through three points on no line.
    let mixed = "check gradient after p { expect order(relative_error(W), c) > 0 over 1, 2, 4 }";
    let text = descent(mixed).replace("* k *", "* (k + c + c * c) *");
    let (x, y) = ([1.0_f64, 2.0, 4.0].map(f64::ln), [2.0_f64, 6.0, 20.0].map(f64::ln));
    let mean = |v: [f64; 3]| v.iter().sum::<f64>() / 3.0;
    let products = x.iter().zip(y).map(|(x_k, y_k)| (x_k - mean(x)) * (y_k - mean(y))).sum::<f64>();
    let slope = products / x.iter().map(|x_k| (x_k - mean(x)).powi(2)).sum::<f64>();
    assert!(near(measured(&text).0, slope));
    finds("bad_value", &descent("check gradient after p { expect order(scale(W), c) == 1 over 0.1 }"));
    finds("bad_value", &descent("check gradient after p { expect order(scale(W), c) == 1 over 0.1, -0.1 }"));
}

/// R14.7 and R14.9: what belongs to one claim.
#[test]
fn claims_have_clauses() {
    assert!(near(claim("gradient after p", "expect scale(W) == 5 when k = 5").0, 5.0));
    let text =
        descent("check gradient after p { expect angle(W) < 90 deg at h1 when k = 2 after 3 updates }");
    let workshop = legal(&text).workshop(0);
    let claim = &workshop.checks()[0].claims[0];
    assert_eq!(claim.at.as_deref(), Some("h1"));
    assert_eq!((claim.updates, claim.bound, claim.comparison), (3, 90.0, Comparison::Less));
    assert_eq!(claim.settings, [("k".to_owned(), 2.0)]);
    let per_site = results(&text).remove(0).outcome.expect("it is measured").per_site;
    assert_eq!(per_site.iter().map(|(site, _)| site.as_str()).collect::<Vec<_>>(), ["input->h1"]);
    let plain = legal(&text.replace(" deg", "")).workshop(0).checks()[0].claims[0].bound;
    assert_eq!(plain, 90.0);
    finds("unknown_name", &descent("check gradient after p { expect scale(W) == 1 at h9 }"));
    finds("syntax_error", &descent("check gradient after p { expect angle(W) < 1 rad }"));
}

/// R14.8: minibatch after minibatch: one update, by hand, sees the first, and the measurement the second.
#[test]
fn updates_see_fresh_minibatches() {
    // Every update adds the mean of the input; so the weights after 1 and 2 updates are sums of different minibatches.
    let text = |updates: u32| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x }}
  synapse W : below -> self = 0
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  learn {{ W += lr * pre.x + 0 * post.x }}
  predict output.x after p
  check law {{ network 1 - 1;  batch 1;  expect row_norm(W) > 0 after {updates} updates }}
}}"
        )
    };
    let norms = [1, 2, 3].map(|updates| measured(&text(updates)).0);
    assert!(norms[0] > 0.0 && !near(norms[1], 2.0 * norms[0]) && !near(norms[2], norms[1]), "{norms:?}");
    assert!(near(measured(&text(2)).0, norms[1]));
}

/// R14.10: the default setting, and what replaces it.
#[test]
fn checks_have_their_setting() {
    let workshop = legal(&descent("check gradient after p { expect scale(W) == 1 }")).workshop(0);
    let Check { data, batch, seed, precision, .. } = &workshop.checks()[0];
    assert_eq!((data, *batch, *seed, *precision), (&DataLaw::Random, 5, 1, Precision::F64));
    let model = workshop.model(Some(0), &[]).expect("there is a model");
    assert_eq!((model.shape().features, model.shape().outputs), (6, 4));
    let setting = workshop.specialised(Some(0), &[]).expect("there is a model");
    assert_eq!(
        setting.setting().network.text,
        "6 - 8 sigmoid(gain = 0.8) - 7 sigmoid(gain = 0.8) - 4 sigmoid(gain = 0.8)"
    );
    assert_eq!(setting.setting().cost, "half_squared_error");
    let replaced = descent(
        "check gradient after p { network 3 - 2 softmax;  cost softmax_cross_entropy;  data teacher;  batch 2
    seed 9;  precision f32;  set k = 2;  init W = normal(0.5);  expect scale(W) == 2 }",
    );
    let workshop = legal(&replaced).workshop(0);
    let Check { data, batch, seed, precision, .. } = &workshop.checks()[0];
    assert_eq!((data, *batch, *seed, *precision), (&DataLaw::Teacher, 2, 9, Precision::F32));
    let model = workshop.specialised(Some(0), &[]).expect("there is a model");
    assert_eq!(model.parameters()[0].init, Init::Normal { mean: 0.0, deviation: 0.5 });
    assert_eq!(
        (model.setting().cost.as_str(), model.setting().constants.0[1]),
        ("softmax_cross_entropy", 2.0)
    );
}

/// R14.11: phases of several steps, and only these, run until the residual.
#[test]
fn relaxations_can_be_longer_in_checks() {
    let text = descent("check gradient after p { steps until residual < 1e-3;  expect scale(W) == 1 }")
        .replace("phase q {", "phase q (steps = 2) {");
    let model = legal(&text).workshop(0).specialised(Some(0), &[]).expect("there is a model");
    let durations: Vec<_> = model.durations().iter().map(|d| (d.steps, d.until)).collect();
    assert_eq!(durations, [(1, None), (100_000, Some(1e-3))]);
}

/// R14.12: the laws of a check's data, by their moments; the spectrum fits the input.
#[test]
fn data_has_its_law() {
    // With W = 0 and the increment `pre.x²` the row's norm is that of the mean squares of the inputs: 1 each.
    let moments = |data: &str, learned: &str, network: &str| {
        let text = format!(
            "rule R(lr = 1) {{
  neuron {{ state x, t = 0 }}
  synapse W : below -> self = 0
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }};  output t = target }}
  learn {{ W += lr * {learned} }}
  predict output.x after p
  check law {{ network {network};  batch 20000;  data {data};  expect row_norm(W) > 0 after 1 updates }}
}}"
        )
        .replace("}};", "}");
        measured(&text.replace(" };  output t", " }\n output t")).0
    };
    let about = |found: f64, expected: f64| (found - expected).abs() < 0.05 * expected;
    assert!(about(moments("random", "pre.x ^ 2 + 0 * post.x", "1 - 1"), 1.0));
    assert!(about(moments("random", "post.t + 0 * pre.x", "1 - 1"), 0.5));
    assert!(about(moments("random", "(post.t - 0.5) ^ 2 + 0 * pre.x", "1 - 1"), 0.6 * 0.6 / 12.0));
    assert!(about(moments("classes", "pre.x ^ 2 + 0 * post.x", "1 - 1"), 1.0));
    assert!(about(moments("classes", "post.t + 0 * pre.x", "1 - 4"), 0.25));
    assert!(about(moments("patterns(2)", "post.t + 0 * pre.x", "1 - 2"), 0.5));
    // One pattern is always the same.
    let only = moments("patterns(1)", "pre.x + 0 * post.x", "1 - 1");
    assert!(only > 0.0 && near(moments("patterns(1)", "pre.x ^ 2 + 0 * post.x", "1 - 1"), only * only));
    assert!(about(moments("teacher", "pre.x ^ 2 + 0 * post.x", "1 - 1"), 1.0));
    assert!(about(moments("gaussian(3)", "pre.x ^ 2 + 0 * post.x", "1 - 1"), 9.0));
    assert_eq!(moments("gaussian(3)", "post.t ^ 2 + 0 * pre.x", "1 - 1"), 0.0);
    let result =
        results(&descent("check law { network 3 - 2;  data gaussian(2, 1);  expect row_norm(W) > 0 }"))
            .remove(0);
    assert!(!result.holds() && result.outcome.is_err());
    finds("unknown_name", &descent("check law { data digits;  expect row_norm(W) > 0 }"));
}

/// R14.13: the gradient is in f64 whatever the precision of the check, and a check leaves nothing behind.
#[test]
fn gradients_are_in_double_precision() {
    let single = claim("gradient after p", "precision f32;  expect relative_error(W) < 1e-5");
    assert!(single.1 && single.0 > 1e-9, "the increment is rounded, the gradient is not: {}", single.0);
    let text =
        descent("check gradient after p { expect scale(W) == 1 after 2 updates;  expect scale(W) == 1 }");
    let workshop = legal(&text).workshop(0);
    let numbers = |results: Vec<ClaimResult>| -> Vec<f64> {
        results.into_iter().map(|r| r.outcome.expect("it is measured").number).collect()
    };
    let first = numbers(run(&workshop, 0, Backend::Jit { threads: 1 }));
    assert_eq!(first, numbers(run(&workshop, 0, Backend::Jit { threads: 1 })));
}

/// R14.14: what cannot be measured does not hold.
#[test]
fn what_cannot_be_measured_does_not_hold() {
    for check in [
        "check law { expect scale(W) == 1 }",
        "check gradient unrolled(3) of p { expect scale(W) == 1 }",
        "check law { expect principal_alignment(W) <= 1 }",
    ] {
        let result = results(&descent(check)).remove(0);
        assert!(!result.holds() && result.outcome.is_err(), "{check}");
    }
    assert!(matches!(
        legal(&descent("check law { expect row_norm(W) > 0 }")).workshop(0).checks()[0].claims[0].measure,
        Measure::RowNorm(_)
    ));
    clean(&descent("check law { expect row_norm(W) > 0 }").replace(", c = 0.5", "").replace(" + 0 * c", ""));
}

/// R14.15: what is observed is a unit's or a synapse's expression at the end of a presentation without learning.
#[test]
fn expressions_are_observed() {
    let found = |measure: &str| claim("law", &format!("init W = 3;  expect {measure} < 1e9")).0;
    assert!(near(found("largest(-W * W)"), 9.0));
    assert!(near(found("mean(-W)"), -3.0));
    assert!(near(found("relative_error(W, 2 * W)"), 0.5));
    assert!(near(found("scale(k * W, W)"), 1.0));
    assert!(near(found("angle(W, -W)"), 180.0));
    assert!(near(found("cosine_distance(x[p], -x[p])"), 2.0));
    assert!(near(found("sign_agreement(W, -W)"), 0.0));
    assert!(near(found("largest(7)"), 7.0));
    // At every unit and sample; a sum over synapses belongs to the unit.
    assert!(found("largest(a[p] - W @ below.x[p])") < 1e-12);
    assert!(claim("law", "expect largest(x[p] - f(a[p])) < 1e-12 at h1").1);
    assert!(found("largest(a[p] - target)") > 0.1);
    assert!(found("largest(0 * W + pre.x[p] * post.d[q])") > 1e-6);
    // Where something has no value it is left out, and only there.
    let only = |measure: &str| results(&descent(&format!("check law {{ expect {measure} >= 0 }}"))).remove(0);
    let sites = |measure: &str| only(measure).outcome.expect("it is measured").per_site.len();
    assert_eq!((sites("largest(x[p])"), sites("largest(d[q])"), sites("largest(target)")), (4, 3, 1));
    assert_eq!(sites("largest(W)"), 3);
    assert!(only("largest(data + target)").outcome.is_err());
    finds("wrong_argument_count", &descent("check law { expect largest(W, W) == 1 }"));
    finds("shape_mismatch", &descent("check law { expect largest(W * x) == 1 }"));
    finds("unknown_name", &descent("check law { expect largest(W * y) == 1 }"));
}

/// R14.16: curves over a hyper-parameter and over the number of steps of a phase.
#[test]
fn sweeps_are_curves_over_numbers_of_the_rule() {
    let curve = |text: &str, metric: Metric, parameter: &str, values: &[f64]| {
        sweep(&legal(text).workshop(0), 0, metric, (parameter, values), Backend::Interpreter)
    };
    let text = descent("check gradient after p { }").replace("* k *", "* (k + c) *");
    let found = curve(&text, Metric::RelativeError, "c", &[0.1, 0.01]).expect("it is measured");
    assert_eq!(found.sites, ["W/input->h1", "W/h1->h2", "W/h2->output"]);
    assert!(found.points.iter().all(|(c, numbers)| numbers.iter().all(|number| near(*number, *c))));
    assert!(found.orders.iter().all(|order| near(*order, 1.0)));
    // Every step adds the gradient once more, and a tolerance that would go on for ever does not matter.
    let text = descent("check gradient after p { steps until residual < 1e-9 }")
        .replace("state a,", "state e = 0, a,")
        .replace("learn", "phase r(steps = 2) { e = e + 1 }\n learn")
        .replace("* k *", "* post.e * (k + 0 * c) *");
    let found = curve(&text, Metric::Scale, "r.steps", &[1.0, 3.0, 7.0]).expect("it is measured");
    assert!(found.points.iter().all(|(steps, numbers)| numbers.iter().all(|scale| near(*scale, *steps))));
    assert!(curve(&text, Metric::Scale, "r.steps", &[1.5]).is_err());
    let lawful = descent("check law { expect row_norm(W) > 0 }");
    assert!(curve(&lawful, Metric::Scale, "c", &[1.0]).is_err());
}

/// R14.17: every layer's own objective, with what comes from other layers held.
#[test]
fn objectives_are_each_layers_own() {
    // Half the sum of squares of the activities: its gradient by the weights is x f'(a) below.x, in each layer by itself,
    // and by the bias x f'(a).
    let rule = |learn: &str, objective: &str| {
        format!(
            "rule R(lr = 1) allow weight_transport {{
  neuron {{ param b = 0.1\n state a, x, y = 0 }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  sweep up {{ a = W @ below.x + b;  x = f(a) }} }}
  phase q {{ hidden y = W.T @ above.x }}
  learn {{ {learn} }}
  predict output.x after p
  check gradient of {objective} after q {{ expect relative_error(W) < 1e-12;  expect relative_error(b) < 1e-12 }}
}}"
        )
    };
    let own = "W -= lr * post.x * f'(post.a) * pre.x;  b -= lr * x * f'(a)";
    let holds = |text: &str| results(text).iter().all(ClaimResult::holds);
    assert!(holds(&rule(own, "x^2 / 2")));
    assert!(holds(&rule(own, "x[p]^2 / 2")));
    // What is read backwards is another layer's, weights and all.
    assert!(holds(&rule(own, "x^2 / 2 + y^2")));
    assert!(!holds(&rule(own, "x^2")));
    // What does not depend on the sample counts once, as a mean.
    let decayed = own.replace("lr * x * f'(a)", "lr * (x * f'(a) + b)");
    assert!(holds(&rule(&decayed, "x^2 / 2 + b^2 / 2")));
    finds("bad_value", &rule(own, "W"));
    finds("unknown_name", &rule(own, "z"));
}
