//! Rules 14: checks.
#![allow(clippy::disallowed_methods, reason = "closed forms are computed by an independent library")]

use plr_ir::Precision;
use plr_ir::model::{Check, Comparison, DataLaw, Init, Measure, Metric, Model as _, Workshop as _};
use plr_run::backend::Backend;
use plr_run::check::{CheckError, ClaimResult, Kind, Undefined, relation, run, sweep};

use crate::bench::{clean, finds, legal};
use crate::text::plain;

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
    let refused = |claimed: &str| {
        finds("bad_value", &descent(&format!("check gradient after p {{ expect {claimed} }}")))
    };
    refused("scale(W) == 1 within 0 - 1");
    refused("scale(W) < 1 within 0.1");
    assert!(!holds("1.5 within 0") && holds("1 within 1e-9"));
    // Without an increment there is no angle.
    for comparison in ["< 1e9", "> -1e9", "== 90 within 1e9"] {
        let check = format!("check gradient after p {{ set k = 0;  expect angle(W) {comparison} }}");
        assert!(!results(&descent(&check))[0].holds());
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
    finds("bad_value", &descent("check gradient after p { expect scale(W) == 1 over 1, 2 }"));
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

/// R8.15, R14.15: what is observed knows where in training it is, whatever the rule asks: in the first epoch, of one minibatch.
#[test]
fn what_is_observed_counts() {
    for value in ["epoch", "minibatch", "minibatches"] {
        let expectation = format!("expect mean(x * 0 + {value}) == 1 after 3 updates");
        assert_eq!(claim("law", &expectation), (1.0, true), "{value}");
    }
}

/// R2.3, R14.15: a name that a unit and a synapse have is the unit's, in a claim and in an objective.
#[test]
fn names_in_claims_are_units_names_first() {
    let text = |check: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state a, e }}
  synapse W : below -> self = 0.5 {{ trace e = 3 }}
  phase p {{ clamp input a = data;  sweep up {{ a = W @ below.a;  e = a }} }}
  learn {{ W -= lr * post.e * pre.a }}
  predict output.a after p
  check {check}
}}"
        )
    };
    let number = |claim: &str| {
        let found =
            results(&text(&format!("law {{ network 2 - 1;  batch 1;  expect {claim} == 0 }}"))).remove(0);
        found.outcome.expect("it is measured").number
    };
    assert_eq!(number("mean(W.e)"), 3.0);
    assert_eq!(number("mean(e)"), number("mean(a)"));
    assert_eq!(number("largest(e - a)"), 0.0);
    let objective = "gradient of e ^ 2 / 2 after p { expect relative_error(W) < 1e-12 at output }";
    assert!(results(&text(objective)).remove(0).outcome.expect("it is measured").holds);
}

/// R14.10: first values are replaced for all parameters of a name, or for those of a population.
#[test]
fn first_values_are_of_a_name_or_of_a_population() {
    let text = |init: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron P {{ param b = 1
    state x, z = 0 }}
  neuron Q {{ param b = 2
    state y = 0, c = 0 }}
  synapse W : below.P -> P
  phase p {{ clamp input P.x = data;  sweep up {{ P.x = W @ below.P.x + P.b + 0 * z }} }}
  phase q {{ Q.y = Q.b + c;  P.z = x }}
  learn {{ W += post.z * pre.x;  P.b += x;  Q.b += y }}
  predict output.P.x after p
  check law {{ network 2 - 1;  init {init};  expect mean(P.b) == 0;  expect mean(Q.b) == 0 }}
}}"
        )
    };
    let means_of = |text: &str| {
        results(text).into_iter().map(|r| r.outcome.expect("it is measured").number).collect::<Vec<_>>()
    };
    let means = |init: &str| means_of(&text(init));
    assert_eq!(means("b = 5"), [5.0, 5.0]);
    assert_eq!(means("P.b = 5"), [5.0, 2.0]);
    assert_eq!(means("b = 5, Q.b = 6"), [5.0, 6.0]);
    assert_eq!(means("Q.b = 6, b = 5"), [5.0, 5.0]);
    for wrong in ["P.x = 1", "Q.c = 1", "R.b = 1", "x = 1"] {
        finds("unknown_name", &text(wrong));
    }
    // So are those of the numbers of a synapse.
    let beside = |init: &str| {
        let text = plain("below -> self", "below -> self { param m = 1 }").replace("W @", "(W * m) @");
        let text = text.replace("learn {", "learn { m += pre.x;");
        let check = format!("check law {{ network 2 - 1;  {init}  expect mean(W.m) == 0 }}\n}}\n");
        means_of(&text.replace("after p\n}\n", &format!("after p\n  {check}")))
    };
    for (init, mean) in
        [("", 1.0), ("init m = 5;", 5.0), ("init W.m = 5;", 5.0), ("init m = 6, W.m = 5;", 5.0)]
    {
        assert_eq!(beside(init), [mean], "{init}");
    }
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
    let law = Init::Normal { mean: 0.0, deviation: 0.5 };
    assert_eq!(model.parameters()[0].init, Init::Own(Box::new(law)));
    finds("bad_value", &descent("check gradient after p { time 5;  expect scale(W) == 1 }"));
    finds("bad_value", &descent("check gradient after p { init W = normal(-1);  expect scale(W) == 1 }"));
    assert_eq!(
        (model.setting().cost.as_str(), model.setting().rule.constants.values[1]),
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
    // One phase alone, and one that is an exception.
    let durations = |setting: &str| -> Vec<_> {
        let text = text.replace("steps until residual < 1e-3", setting);
        let model = legal(&text).workshop(0).specialised(Some(0), &[]).expect("there is a model");
        model.durations().iter().map(|d| (d.steps, d.until)).collect()
    };
    assert_eq!(durations("steps of p until residual < 1e-4"), [(100_000, Some(1e-4)), (2, None)]);
    let both = "steps of q until residual < 1e-5;  steps until residual < 1e-4";
    assert_eq!(durations(both), [(1, None), (100_000, Some(1e-5))]);
    finds("unknown_phase", &text.replace("steps until", "steps of r until"));
    finds("bad_value", &text.replace("steps until residual < 1e-3", "steps of p until residual < 0"));
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

/// R14.24: at a kink the derivative is that of a branch, and `sqrt` is flat at 0.
#[test]
fn references_have_derivatives_at_kinks() {
    let holds = |activity: &str, slope: &str| {
        let text = format!(
            "rule R(lr = 1) {{
  neuron {{ state x, n }}
  synapse W : below -> self = 0
  phase p {{ clamp input n = data
    sweep up {{ x = W @ below.n;  n = {activity} }} }}
  learn {{ W += lr * {slope} * pre.n }}
  predict output.n after p
  check gradient of -n after p {{ network 3 - 2;  expect relative_error(W) == 0 }}
}}"
        );
        results(&text).iter().all(ClaimResult::holds)
    };
    assert!(holds("x", "1") && !holds("x", "0.5"));
    assert!(holds("max(x, 2 * x)", "1") && holds("max(2 * x, x)", "2"));
    for flat in ["abs(x)", "norm(x)", "3 * sqrt(x^2)"] {
        assert!(holds(&format!("x + {flat}"), "1"), "{flat}");
    }
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
    // An end is enough where there is only one synapse.
    assert!(found("largest(pre.x[p] * post.d[q])") > 1e-6);
    assert_eq!(found("largest(pre.x[p] * post.d[q])"), found("largest(0 * W + pre.x[p] * post.d[q])"));
    let two = |claim: &str| {
        descent(&format!("check law {{ expect {claim} >= 0 }}"))
            .replace("  phase p", "  synapse V : below -> self = 0, fixed\n  phase p")
            .replace("W @ below.x;", "W @ below.x + V @ below.x;")
    };
    clean(&two("largest(0 * W + pre.x)"));
    finds("shape_mismatch", &two("largest(pre.x)"));
    finds("wrong_argument_count", &descent("check law { expect largest(W, W) == 1 }"));
    finds("shape_mismatch", &descent("check law { expect largest(W * x) == 1 }"));
    finds("unknown_name", &descent("check law { expect largest(W * y) == 1 }"));
}

/// R14.25: a phase with a fixed point draws nothing at its steps and does not ask for the time.
#[test]
fn a_phase_comes_to_rest_if_its_steps_are_alike() {
    let text = |clamp: &str, equation: &str, reference: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0 }}
  synapse W : below -> self
  phase p (steps = 9) {{ clamp input x = {clamp};  {equation} }}
  learn {{ W += lr * post.x * pre.x }}
  predict output.x after p
  check gradient {reference} p {{ network 3 - 2;  expect angle(W) < 180 }}
}}"
        )
    };
    let still = "output x = x / 2 + W @ below.x";
    let drawn = [
        "output x = x / 2 + W @ below.x + normal()",
        "sweep up { output x = x / 2 + bernoulli(0.5) * (W @ below.x) }",
    ];
    let timed =
        ["output x = x / 2 + (time < 5) * (W @ below.x)", "in turn { output x = time * (W @ below.x) }"];
    for reference in ["at equilibrium of", "unrolled(3) of"] {
        clean(&text("data", still, reference));
        clean(&text("data", "sweep random { output x = x / 2 + (W @ below.x) / duration }", reference));
        for equation in drawn.iter().chain(&timed) {
            finds("bad_value", &text("data", equation, reference));
            legal(&text("data", equation, "after"));
        }
    }
    // What a clamp draws stands still.
    assert!(measured(&text("data + normal()", still, "at equilibrium of")).0 < 180.0);
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

/// R14.16: a synapse counts that has a gradient at one of the values, whichever that is; where there is none, that is said.
#[test]
fn sweeps_are_of_all_that_has_a_gradient_somewhere() {
    let text =
        descent("check gradient after p { }").replace("a = W", "a = c * (W").replace("below.x;", "below.x);");
    let swept = |values: &[f64]| {
        let workshop = legal(&text).workshop(0);
        sweep(&workshop, 0, Metric::Scale, ("c", values), Backend::Interpreter)
    };
    let (first, last) =
        (swept(&[0.0, 0.5]).expect("it is measured"), swept(&[0.5, 0.0]).expect("it is measured"));
    assert_eq!(first.sites, ["W/input->h1", "W/h1->h2", "W/h2->output"]);
    assert_eq!((first.sites, first.points[1].1.clone()), (last.sites, last.points[0].1.clone()));
    assert!(matches!(swept(&[0.0]), Err(CheckError::NothingCompared)));
}

/// R14.16: along training: after each number of updates it is what a claim after so many measures.
#[test]
fn sweeps_are_curves_along_training() {
    let text = descent("check gradient after p { set lr = 0.5;  expect angle(W) < 90 after 3 updates }")
        .replace(
            "  synapse W : below -> self\n",
            "  synapse W : below -> self\n  synapse B : above -> self, fixed\n",
        )
        .replace("W.T @ above.d", "B @ above.d")
        .replace(" allow weight_transport", "");
    let workshop = legal(&text).workshop(0);
    let curve = sweep(&workshop, 0, Metric::Angle, ("updates", &[0.0, 3.0]), Backend::Interpreter);
    let curve = curve.unwrap_or_else(|error| panic!("{error}"));
    let claimed = results(&text).remove(0).outcome.expect("it is measured").per_site;
    assert_eq!(curve.points[1].1, claimed.iter().map(|(_, angle)| *angle).collect::<Vec<_>>());
    assert!(curve.points[0].1[0] != curve.points[1].1[0] && curve.points[1].1[2] < 1e-6, "{curve:?}");
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
    // A truth from elsewhere is held as a number is.
    let truth = |of: &str, learn: &str| {
        let text = format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0, z = 0 }}
  synapse W : below -> self = normal(1)
  signal pos = max(output.x) > 0
  phase p {{ clamp input x = data;  sweep up {{ x = {of};  z = (if pos then x else 0) + pos * x }} }}
  learn {{ W -= lr * {learn} }}
  check gradient of z^2 / 8 after p {{ network 5 - 4 - 3;  expect relative_error(W) < 1e-12 at output }}
}}"
        );
        assert!(results(&text).iter().all(ClaimResult::holds), "{text}");
    };
    truth("W @ below.x", "pos * post.x * pre.x");
    truth("(if pre.x > 0 then W else 0) @ below.x", "pos * post.x * pre.x * (pre.x > 0)");
    truth("((W > -9) * W * (pre.x > 0)) @ below.x", "pos * post.x * pre.x * (pre.x > 0)");
}

/// R14.17: a gradient through an objective holds nothing: two linear layers that are to leave their input as it is.
#[test]
fn objectives_are_of_all_layers_together() {
    // What a signal gathers, of all populations, counts once for a sample; no layer has it as its own.
    let gathered = |reference: &str, learn: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0 }}
  neuron A {{ state u = 0 }}
  synapse W : below -> self = normal(1)
  synapse C : self -> A = 0.5, one_to_one
  signal E = sum(output.x^2) / 2 + sum(output.A.u^2)
  phase p {{ clamp input x = data;  in turn {{ output x = W @ below.x;  output A.u = C @ self.x }} }}
  learn {{ {learn};  C -= lr * 2 * post.A.u * pre.x }}
  check gradient {reference} after p {{ network 4 - 3;  expect relative_error(W) < 1e-12;  expect relative_error(C) < 1e-12 at output }}
}}"
        )
    };
    let down = "W -= lr * (post.x + 0.5 * post.x) * pre.x";
    assert!(results(&gathered("through E", down)).iter().all(ClaimResult::holds));
    assert!(results(&gathered("through 3 * E - 2 * E", down)).iter().all(ClaimResult::holds));
    finds("bad_value", &gathered("of E", down));
    // With e = u - W'W u the negative gradient of ½|e|² is (W u) x e + (W e) x u.
    let text = |through: &str| {
        format!(
            "rule R(lr = 1) allow weight_transport {{
  neuron {{ state x, y = 0, e = 0 }}
  synapse W : below -> self = normal(0.5)
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ output y = x;  in turn {{ input y = W.T @ above.y }} }}
  phase r {{ input e = x - y;  in turn {{ output e = W @ below.e }} }}
  learn {{ W += lr * (post.x * pre.e + post.e * pre.x) }}
  predict output.x after p
  check gradient {through} (x - y)^2 / 2 after q {{
    network 5 - 3
    expect relative_error(W) < 1e-12
  }}
}}"
        )
    };
    assert!(results(&text("through")).iter().all(ClaimResult::holds));
    assert!(!results(&text("of")).iter().all(ClaimResult::holds));
}

/// R14.14: what has no number says why.
#[test]
fn claims_without_a_number_say_why() {
    let cause = |check: &str| {
        let [result] = results(&descent(check)).try_into().unwrap_or_else(|_| panic!("there is one claim"));
        assert!(!result.holds());
        match result.outcome {
            Err(CheckError::Undefined { site, cause }) => (site, cause),
            other => panic!("{other:?}"),
        }
    };
    let nothing = cause("check gradient after p { set k = 0;  expect angle(W) < 1 }");
    assert_eq!(nothing, ("input->h1".to_owned(), Undefined::NothingAdded));
    // All inputs are 0 in the first of the corners.
    let corner = "network 2 - 2;  data corners;  batch 1";
    let neither = cause(&format!("check gradient after p {{ {corner};  expect relative_error(W) < 1 }}"));
    assert_eq!(neither, ("input->output".to_owned(), Undefined::Nothing));
    let (_, order) = cause("check law { expect order(largest(0 * W), c) == 1 }");
    assert_eq!(order, Undefined::NoLogarithm { parameter: "c".to_owned(), value: 0.1, measured: 0.0 });
    assert_eq!(cause("check law { expect mean(log(-1 - W * W)) < 1 }").1, Undefined::NotFinite);
    assert_eq!(cause("check law { expect mean(0 * W) / mean(0 * W) < 1 }").1, Undefined::Arithmetic);
}

/// R14.19: over so many draws, too, differences are of the cost that is expected: synapses that open with a probability
/// sigmoid(q), and REINFORCE, whose error falls with the root of the number of draws.
#[test]
fn differences_of_what_is_drawn_are_of_the_expected_cost() {
    let text = "rule R(lr = 1) {
  neuron { state x = 0 }
  synapse W : below -> self = normal(0.5), fixed { param q = normal(1)\n trace r }
  signal reward = -sum((output.x - target)^2) / 2
  phase act { clamp input x = data
    in turn { r = bernoulli(sigmoid(q));  output x = (W * r) @ below.x } }
  learn { q += lr * reward * (r - sigmoid(q)) }
  predict output.x after act
  check gradient by finite_differences after act { network 2 - 1
    expect order(relative_error(q), draws) == -0.5 within 0.25 over 100, 1000, 10000
    expect relative_error(q) < 1e-9 averaged over all draws }
}";
    for result in results(text) {
        assert!(result.holds(), "{result:?}");
    }
}

/// R14.17, R20.12: an objective one part of which is a target: in a linear layer x = W u, of two views u and v of a sample,
/// ½|W v − cut(W u)|² has the gradient (W v − W u) v, and ½|W v − W u|² has (W v − W u) (v − u).
#[test]
fn objectives_are_cut() {
    let text = |reference: &str, learn: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0 }}
  synapse W : below -> self = normal(0.5)
  phase one {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase two {{ clamp input x = data * data;  sweep up {{ x = W @ below.x }} }}
  learn {{ W -= lr * {learn} }}
  check gradient {reference} after two {{ network 4 - 3;  expect relative_error(W) < 1e-12 }}
}}"
        )
    };
    let holds =
        |reference: &str, learn: &str| results(&text(reference, learn)).iter().all(ClaimResult::holds);
    let (cut, whole) = ("(post.x - post.x[one]) * pre.x", "(post.x - post.x[one]) * (pre.x - pre.x[one])");
    for reference in ["of", "through"] {
        let of = |cuts: &str| format!("{cuts}{reference} (x - cut(x[one]))^2 / 2");
        assert!(holds(&of("with cuts "), cut) && !holds(&of("with cuts "), whole), "{reference}");
        assert!(holds(&of(""), whole) && !holds(&of(""), cut), "{reference}");
    }
    // Given the states: of a² the gradient is 2 a v, and of cut(a) a it is a v.
    let given = |cuts: &str| format!("{cuts}of cut(W @ below.x) * (W @ below.x) given states");
    assert!(holds(&given("with cuts "), "post.x * pre.x") && holds(&given(""), "2 * post.x * pre.x"));
}

/// R14.17: given the states that inference has led to, what counts is how the energy depends on the weights there.
#[test]
fn objectives_are_given_their_states() {
    let text = |reference: &str, learn: &str, network: &str| {
        format!(
            "rule R(lr = 1, g = 0.1) allow weight_transport {{
  neuron {{ state x = 0\n let e = x - W @ f(below.x) }}
  synapse W : below -> self = normal(0.5), symmetric
  phase init {{ clamp input x = data;  sweep up {{ x = W @ f(below.x) }} }}
  phase infer (steps = 5) {{ clamp output x = target;  hidden x += g * (f'(x) * (W.T @ above.e) - e) }}
  learn {{ W += lr * {learn} }}
  predict output.x after init
  check gradient {reference} after infer {{ network {network};  expect relative_error(W) < 1e-12 }}
}}"
        )
    };
    let holds_on = |network: &str, reference: &str, learn: &str| {
        results(&text(reference, learn, network)).iter().all(ClaimResult::holds)
    };
    let holds = |reference: &str, learn: &str| holds_on("6 - 5 tanh - 4 tanh - 3", reference, learn);
    assert!(holds("of e^2 / 2 given states", "post.e * f(pre.x)"));
    assert!(!holds("through e^2 / 2", "post.e * f(pre.x)"));
    // Each unit of a channel has a part of its own.
    for network in ["1x6x6 - conv 3 k3 tanh - 4", "1x6x6 - conv 2 k3 tanh - avgpool 2 - conv 3 k2 tanh - 4"] {
        assert!(holds_on(network, "of e^2 / 2 given states", "post.e * f(pre.x)"), "{network}");
        assert!(!holds_on(network, "of e^2", "post.e * f(pre.x)"), "{network}");
    }
    // Of states at the end of an earlier phase, too: there e[init] is 0, and its gradient is not.
    assert!(holds("of x * e[init] given states", "post.x * f(pre.x[init])"));
}

/// R14.22: what is learned before a phase is there when it begins, and what no synapse has no gradient.
#[test]
fn gradients_are_at_what_was_learned_before_and_of_what_is_there() {
    let text = |reference: &str, before: &str, bound: f64| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ param b = 0\n state x }}
  synapse W : below -> self = normal(0.5), mask(m) {{ fixed param m = bernoulli(0.5)\n param z = 0 }}
  learn {{ {before} }}
  phase p {{ clamp input x = data;  output x = (W + z) @ below.x + b }}
  learn {{ W -= lr * loss'(post.x) * pre.x;  b -= lr * loss'(x) }}
  predict output.x after p
  check gradient {reference} {{
    network 5 - 4
    expect relative_error(W) < {bound}
    expect relative_error(b) < {bound}
  }}
}}"
        )
    };
    let holds = |text: String| results(&text).iter().all(ClaimResult::holds);
    for (reference, bound) in [("after p", 1e-12), ("by finite_differences after p", 1e-8)] {
        assert!(holds(text(reference, "z = 1", bound)), "{reference}");
        assert!(holds(text(reference, "z = normal()", bound)), "{reference}");
    }
    // What is learned before is a constant, whatever it was made of; differences see that.
    assert!(holds(text("after p", "z = W", 1e-12)));
    assert!(!holds(text("by finite_differences after p", "z = W", 1e-8)));
}

/// R14.3: what is measured has the name of a parameter, with its population where another has the same.
#[test]
fn measures_are_of_parameters_by_their_names() {
    let text = |measured: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron P {{ param b = 0\n state x }}
  synapse W : below.P -> P
  phase p {{ clamp input P.x = data;  output P.x = W @ below.P.x + P.b }}
  learn {{ W -= lr * loss'(post.x) * pre.x;  P.b -= lr * loss'(x) }}
  predict output.P.x after p
  check gradient after p {{ network 3 - 2;  expect relative_error({measured}) < 1e-12 }}
}}"
        )
    };
    for measured in ["W", "P.b", "b"] {
        let found = results(&text(measured));
        assert!(found.len() == 1 && found.iter().all(ClaimResult::holds), "{measured}");
    }
    for (code, measured) in
        [("unknown_name", "W.T"), ("unknown_name", "Q.b"), ("bad_value", "2 * W"), ("bad_value", "b[p]")]
    {
        finds(code, &text(measured));
    }
}

/// R14.18: what a presentation adds, before bounds take it back; of weights and parameters, in both directions.
#[test]
fn increments_are_observed() {
    let found = |measure: &str| claim("law", &format!("expect {measure} < 1e9")).0;
    // The increments of `descent` are at the rule's own rate, and `learn` reads what it says.
    assert!(found("relative_error(increment(W), lr * batch_mean(post.d * pre.x))") < 1e-12);
    assert!(near(found("relative_error(increment(W), 2 * increment(W))"), 0.5));
    let both = |measure: &str| {
        measured(&format!(
            "rule R(lr = 1) {{
  neuron {{ param b = 0\n state x }}
  synapse W : below -> self = 0.3, in [0, 0.5]
  synapse B : above -> self = 0.3
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x + b }} }}
  phase q {{ hidden x += 0 * (B @ above.x) }}
  learn {{ W += 7 + pre.x * post.x;  B += 7 + pre.x * post.x;  hidden b += 5 + x }}
  predict output.x after q
  check law {{ init B = 0.3;  expect {measure} < 1e9 }}
}}"
        ))
        .0
    };
    assert!(both("largest(increment(W) - 7 - batch_mean(pre.x * post.x))") < 1e-12);
    assert!(both("largest(increment(B) - increment(W.T))") < 1e-12);
    assert!(
        both("largest(increment(b) - (5 + batch_mean(x)) * (height > 0.5))") < 1e-12,
        "the output learns nothing"
    );
    assert!(both("largest(0 * W + increment(post.b))") > 4.0);
    finds("bad_value", &descent("check law { expect largest(increment(x)) < 1 }"));
    finds(
        "unknown_name",
        &descent("check law { expect largest(x) < 1 }").replace("f(a) }", "increment(a) }"),
    );
}

/// A rule that adds a number drawn for each sample, a coin of probability `k`, or what else is written.
fn drawing(learn: &str, check: &str) -> String {
    format!(
        "rule R(lr = 1, k = 0.25) {{
  neuron {{ state x, d = 0, n = 0, s = 0 }}
  synapse W : below -> self = 0
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ output d = target - x;  output n = normal();  output s = bernoulli(k) }}
  learn {{ {learn} }}
  predict output.x after p
  {check}
}}"
    )
}

/// R14.19: the mean over so many draws, and over all; the noise falls as 1/√N.
#[test]
fn claims_are_averaged_over_draws() {
    let noisy = "W += lr * ((post.d + 10 * post.n + 0 * post.s) * pre.x + 0 * k)";
    let of = |learn: &str, claim: &str| {
        measured(&drawing(learn, &format!("check gradient after p {{ network 20 - 10;  {claim} }}")))
    };
    let error = |draws: &str| of(noisy, &format!("expect relative_error(W) < 1 {draws}")).0;
    let (once, first, many) = (error(""), error("averaged over 1 draws"), error("averaged over 400 draws"));
    assert_eq!(once.to_bits(), first.to_bits());
    assert!((once / many / 20.0 - 1.0).abs() < 0.2, "{once} and {many}");
    let order = "expect order(relative_error(W), draws) == -0.5 over 4, 40, 400";
    assert!(of(noisy, order).1);
    assert!(!of(&noisy.replace("10 *", "0 *"), order).1);
    // A coin thrown for every sample: (s - k) pre.x is 0 in the mean, and s / k is 1.
    let coin = "W += lr * (post.d * post.s / k * pre.x + (post.s - k) * pre.x)";
    let all = "expect relative_error(W) < 1e-12 averaged over all draws";
    assert!(of(coin, all).1);
    assert!(!of(&coin.replace("/ k", "* k"), all).1);
    // Its variance; observed, not increments.
    let variance = "check law { network 2 - 3;  expect mean(s * s - k) == 0 within 1e-12 at output averaged over all draws }";
    assert!(measured(&drawing(coin, variance)).1);
    let normal = drawing(noisy, "check gradient after p { expect scale(W) == 1 averaged over all draws }");
    let error = results(&normal).remove(0).outcome.expect_err("a Gaussian number has no list of outcomes");
    assert!(error.to_string().contains("more than two outcomes"), "{error}");
    let check = "check gradient after p { expect scale(W) == 1 averaged over all draws }";
    finds("bad_value", &drawing(coin, check).replace("learn {", "learn (sum) {"));
    finds("bad_value", &drawing(coin, &check.replace("all", "0")));
    finds("bad_value", &drawing(coin, "check gradient after p { expect order(scale(W), draws) == 1 }"));
}

/// R14.19: over all draws the gradient is that of the expected cost: of a unit that fires with the probability σ(w u),
/// with the output w' s, ½ (w' s - y)²; the score function is its unbiased estimate (Williams 1992).
#[test]
fn expected_costs_have_gradients() {
    let text = |reference: &str, of: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x, p = 0, s = 0 }}
  synapse W : below -> self = normal(1)
  signal C = sum(loss(output.x))
  phase p {{
    clamp input s = data
    sweep up {{ hidden p = sigmoid(W @ below.s);  hidden s = bernoulli(p);  output x = W @ below.s }}
  }}
  learn {{ hidden W -= lr * C * (post.s - post.p) * pre.s;  output W -= lr * loss'(post.x) * pre.s }}
  predict output.x after p
  check gradient {reference}after p {{
    network 3 - 4 - 2
    batch 3
    expect relative_error(W) < 1e-8 averaged over {of} draws
  }}
}}"
        )
    };
    assert!(measured(&text("by finite_differences ", "all")).1);
    let error = results(&text("", "all")).remove(0).outcome.expect_err("a coin has no derivative");
    assert!(error.to_string().contains("finite_differences"), "{error}");
    assert!(measured(&text("", "3")).0 > 1e-2);
}

/// R14.19: contrastive divergence in the mean, for every k, against the sum over all paths of a machine of 2 and 2 units.
#[test]
fn chains_are_averaged_over_all_paths() {
    let text = |k: usize, sample: usize| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state p = 0, q = 0, v = 0, h = 0, s }}
  synapse W : below -> self = normal(2), symmetric
  phase wake {{ clamp input s = data;  hidden p = sigmoid(W @ below.s);  in turn {{ hidden h = bernoulli(p);  output s = 0 * W @ below.p }} }}
  phase dream (steps = {k}) {{
    in turn {{ input v = bernoulli(sigmoid(W.T @ above.h));  hidden q = sigmoid(W @ below.v);  hidden h = bernoulli(q) }}
  }}
  learn {{ hidden W += lr * (post.p * pre.s - post.q * pre.v);  output W += 0 * post.s }}
  predict output.s after wake
  check law {{ network 2 - 2 - 1;  data corners;  batch {sample};  seed 5
    expect largest(increment(W)) < 9 at h1 averaged over all draws
    expect mean(increment(W)) < 9 at h1 averaged over all draws
    expect mean(W) < 9 at h1
    expect largest(W) < 9 at h1
  }}
}}"
        )
        .replace("0 * W @", "W @")
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    for k in [1, 2, 5] {
        let text = text(k, 4);
        let workshop = legal(&text).workshop(0);
        let model = workshop.model(Some(0), &[]).expect("there is a model");
        let first =
            plr_run::init::parameters(model.parameters(), 5, Precision::F64).expect("there is memory");
        let at = model.parameters().iter().position(|p| p.name == "W/input->h1").expect("there are weights");
        let w = first[at].to_f64();
        let up = |v: [f64; 2]| [sigmoid(w[0] * v[0] + w[1] * v[1]), sigmoid(w[2] * v[0] + w[3] * v[1])];
        let down = |h: [f64; 2]| [sigmoid(w[0] * h[0] + w[2] * h[1]), sigmoid(w[1] * h[0] + w[3] * h[1])];
        let corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
        let chance = |p: [f64; 2], x: [f64; 2]| -> f64 {
            (0..2).map(|i| if x[i] == 1.0 { p[i] } else { 1.0 - p[i] }).product()
        };
        // The distribution of the visible units after k times down and up, as a power of the 4 x 4 matrix of transitions.
        let mut mean = [0.0; 4];
        for data in corners {
            let mut visible = corners.map(|v| f64::from(u8::from(v == data)));
            for _ in 0..k {
                let hidden =
                    corners.map(|h| (0..4).map(|i| visible[i] * chance(up(corners[i]), h)).sum::<f64>());
                visible =
                    corners.map(|v| (0..4).map(|i| hidden[i] * chance(down(corners[i]), v)).sum::<f64>());
            }
            for (i, sum) in mean.iter_mut().enumerate() {
                let term = |v: [f64; 2]| up(v)[i / 2] * v[i % 2];
                *sum += (term(data) - (0..4).map(|c| visible[c] * term(corners[c])).sum::<f64>()) / 4.0;
            }
        }
        let largest = mean.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let found: Vec<f64> =
            results(&text).iter().map(|r| r.outcome.as_ref().expect("it is measured").number).collect();
        assert!((found[0] - largest).abs() < 1e-12, "{k}: {} is not {largest}", found[0]);
        assert!((found[1] - mean.iter().sum::<f64>() / 4.0).abs() < 1e-12);
        assert!(near(found[2], w.iter().sum::<f64>() / 4.0));
    }
}

/// R14.20: the output error divided by S, in closed form for one output: S is the sum of the squares of the derivatives.
#[test]
fn output_errors_are_preconditioned() {
    // x2 = W2 x1, x1 = W1 u: dx2/dx2 = 1, dx2/dx1 = W2. What is sent back is e / S, or for each layer e / (J J').
    let text = |by: &str, output: &str, hidden: &str| {
        format!(
            "rule R(lr = 1) allow weight_transport {{
  neuron {{ state x, d = 0, n = 0 }}
  synapse W : below -> self = normal(1)
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{
    output n = 1
    sweep down {{ hidden n = W.T @ above.n }}
  }}
  signal S = sum(output.n)
  phase r {{ output d = (target - x) / ({output});  sweep down {{ hidden d = (W.T @ above.d) / ({hidden}) }} }}
  learn {{ W += lr * post.d * pre.x + 0 * (post.n + S) }}
  predict output.x after p
  check gradient after p {by} {{ network 4 - 3 - 1;  init W = 0.5;  expect relative_error(W) < 1e-12 }}
}}"
        )
    };
    let holds = |text: &str| measured(text).1;
    // Three hidden units with the derivative 1/2: S = 1 + 3/4, and 3/4 for the hidden layer alone.
    assert!(holds(&text("preconditioned by x", "1.75", "1")));
    assert!(holds(&text("preconditioned by own x", "1", "0.75")));
    assert!(!holds(&text("", "1.75", "1")));
    finds("unknown_name", &text("preconditioned by z", "1", "1"));
    let narrow = text("preconditioned by own x", "1", "1").replace("4 - 3 - 1", "4 - 1 - 3");
    let error = results(&narrow).remove(0).outcome.expect_err("one unit cannot undo three errors");
    assert!(error.to_string().contains("inverted"), "{error}");
}

/// R14.21: arithmetic of measures at every site.
#[test]
fn measures_are_calculated_with() {
    let found = |measure: &str| claim("gradient after p", &format!("expect {measure} < 1e9")).0;
    assert!(near(found("2 * scale(W) + k - 4"), -1.0));
    assert!(near(found("-scale(W) ^ 2 / cosine(W)"), -1.0));
    assert!(near(found("order(largest(c * W), c) + 1"), 2.0));
    finds("bad_value", &descent("check law { expect 2 * k < 1 }"));
    finds("wrong_argument_count", &descent("check law { expect 2 * cosine < 1 }"));
    let two = descent("check gradient after p { expect scale(W) - largest(x) < 1e9 }");
    let error = results(&two).remove(0).outcome.expect_err("synapses and units are different sites");
    assert!(error.to_string().contains("different sites"), "{error}");
}

/// What a rule is relative to the gradient of its first check.
fn kind(text: &str) -> Kind {
    let found = relation(&legal(text).workshop(0), 0, Backend::Interpreter);
    found.unwrap_or_else(|error| panic!("{error}")).expect("something has a gradient").kind
}

/// `descent`, with another increment.
fn adding(increment: &str) -> Kind {
    let text = descent("check gradient after p { expect scale(W) > 0 }");
    kind(
        &text.replace(
            "W += lr * k * (post.d * pre.x) + 0 * c",
            &format!("W += lr * ({increment}) + 0 * (k + c)"),
        ),
    )
}

fn approaches(found: &Kind, by: f64, without_scale: bool) -> bool {
    let Kind::Approaches { parameter, order, scaled } = found else { return false };
    parameter == "c" && (order - by).abs() < 0.1 && *scaled == without_scale
}

/// R14.23: the gradient, and what is a multiple of it.
#[test]
fn a_rule_is_backprop_or_that_up_to_a_scale() {
    assert_eq!(adding("post.d * pre.x"), Kind::Equal);
    // A decay that is never seen beside the gradient is one of rounding.
    assert_eq!(adding("post.d * pre.x + 1e-12 * W"), Kind::Equal);
    let Kind::Scaled(scales) = adding("(1 + depth) * post.d * pre.x") else { panic!("it is scaled") };
    let expected = [("W/input->h1", 2.0), ("W/h1->h2", 3.0), ("W/h2->output", 4.0)];
    for ((parameter, scale), (site, factor)) in scales.iter().zip(expected) {
        assert!(parameter == site && near(*scale, factor), "{parameter} {scale}");
    }
    assert_eq!(scales.len(), 3);
    // The opposite of the gradient is no multiple of it that descends.
    assert!(matches!(adding("-post.d * pre.x"), Kind::Differs { degrees: 180.0, signs: false, .. }));
}

/// R14.23: what learns and has no gradient, though the cost depends on it, does not follow one; where the gradient is of something
/// else, what was compared is named.
#[test]
fn what_learns_without_a_gradient_counts() {
    let text = |hidden: &str, nonsense: &str, reference: &str| {
        format!(
            "rule R(lr = 0.1) {{
  neuron {{ state a, x }}
  synapse W : below -> self = normal(0.7)
  synapse V : below -> self = normal(0.7)
  phase p {{ clamp input x = data;  sweep up {{ a = W @ below.x;  hidden x = {hidden};  output x = f(a) }} }}
  phase q {{ output a = a + 0 * (V @ below.x) }}
  learn {{ hidden W += lr * {nonsense};  output W -= lr * cost'(post.a[p]) * pre.x;  V += lr * pre.x }}
  predict output.x after p
  check {reference} {{ network 3 - 4 - 2 sigmoid;  batch 2;  expect relative_error(W) < 1e-12 at output }}
}}"
        )
    };
    let found = |text: &str| {
        let found = relation(&legal(text).workshop(0), 0, Backend::Interpreter);
        found.unwrap_or_else(|error| panic!("{error}")).expect("something has a gradient")
    };
    let aside = Kind::Aside { parameter: "W/input->h1".to_owned() };
    for hidden in ["a > 0", "bernoulli(f(a))"] {
        assert_eq!(found(&text(hidden, "pre.x", "gradient after p")).kind, aside, "{hidden}");
    }
    // What learns nothing is no matter, nor is that on which the cost does not depend.
    let still = found(&text("a > 0", "(0 * pre.x)", "gradient after p"));
    assert_eq!((still.kind, still.groups), (Kind::Equal, vec!["W".to_owned()]));
    let cut = found(&text("cut(f(a))", "pre.x", "gradient with cuts after p"));
    assert_eq!((cut.kind, cut.groups), (Kind::Equal, vec!["W/h1->output".to_owned()]));
}

/// R14.26: of a bias before a centring the gradient is rounding, and the increment too, whatever the angle between them; what is added
/// there in earnest counts.
#[test]
fn roundings_of_zero_are_not_compared() {
    let found = |increment: &str, batch: usize| {
        let text = format!(
            "rule R(lr = 0.1) allow batch_statistics {{
  neuron {{ param b = 0
    state a, x, d }}
  synapse W : below -> self = glorot()
  phase p {{ clamp input x = data
    in turn {{ output a = W @ below.x + b;  output x = a - batch_mean(a)
      output d = -loss'(x);  output d = d - batch_mean(d) }} }}
  learn {{ output W += lr * post.d * pre.x;  output b += {increment} }}
  predict output.x after p
  check gradient after p {{ network 5 - 4 identity;  batch {batch};  expect relative_error(W) < 1e-12 }}
}}"
        );
        let found = relation(&legal(&text).workshop(0), 0, Backend::Interpreter);
        found.unwrap_or_else(|error| panic!("{error}")).expect("something has a gradient")
    };
    for batch in [5, 8, 64] {
        for increment in ["lr * d", "3 * lr * d"] {
            let found = found(increment, batch);
            assert_eq!(
                (found.kind, found.groups),
                (Kind::Equal, vec!["W".to_owned()]),
                "{increment} {batch}"
            );
        }
        let found = found("1e-6 * lr * x^2", batch).kind;
        let bias = |parameter: &str| parameter == "b/output";
        assert!(
            matches!(&found, Kind::Differs { parameter, .. } | Kind::Aside { parameter } if bias(parameter)),
            "{found:?}"
        );
    }
}

/// R14.23: what tends to the gradient, or to a multiple of it, and what nearly does.
#[test]
fn a_rule_may_approach_backprop() {
    for (power, order) in [("c", 1.0), ("c ^ 2", 2.0)] {
        let found = adding(&format!("post.d * pre.x + {power} * W"));
        assert!(approaches(&found, order, false), "{power}: {found:?}");
        // The gradient is small beside the weights.
        let found = adding(&format!("3 * post.d * pre.x + 2e-3 * {power} * W"));
        assert!(approaches(&found, order, true), "{power}: {found:?}");
    }
    // An error that is below all that counts is found out by a larger number.
    let found = adding("post.d * pre.x + 1e-9 * c * W");
    assert!(approaches(&found, 1.0, false), "{found:?}");
    // What is left is a fifth of the error, whatever the number is.
    assert!(matches!(adding("post.d * pre.x + (c + 0.1) * W"), Kind::Differs { .. }));
    assert!(matches!(adding("post.d * pre.x + (c + 0.01) * W"), Kind::Differs { .. }));
}

/// R14.23: what is not the gradient is not said to be, even where it is at first.
#[test]
fn a_rule_that_happens_to_begin_as_backprop_is_not_it() {
    let alignment = |init: &str| {
        let text =
            descent(&format!("check gradient after p {{ init W = glorot(){init};  expect scale(W) > 0 }}"));
        text.replace(
            "  synapse W : below -> self\n",
            "  synapse W : below -> self\n  synapse B : above -> self, fixed\n",
        )
        .replace("W.T @ above.d", "B @ above.d")
        .replace(" allow weight_transport", "")
    };
    let Kind::Differs { parameter, degrees, .. } = kind(&alignment("")) else { panic!("it is random") };
    assert!(parameter != "W/h2->output" && degrees > 1.0, "{parameter} {degrees}");
    let Kind::AtFirst { parameter, error, updates: 10 } = kind(&alignment(", B = W.T")) else {
        panic!("it is tied")
    };
    assert!(parameter != "W/h2->output" && error > 1e-4, "{parameter} {error}");
    // A law has no gradient to be anything to.
    let law = descent("check law { expect row_norm(W) > 0 }");
    assert!(relation(&legal(&law).workshop(0), 0, Backend::Interpreter).expect("nothing is run").is_none());
}

/// R14.23: a rule that learns at every step of a phase is turned by its rate: the angle at its own is said too. What grows beyond
/// all numbers adds none.
#[test]
fn rates_may_turn_what_is_added_and_let_it_diverge() {
    let text = |increment: &str| {
        format!(
            "rule R(lr = 1e-6) {{
  neuron {{ state x, t }}
  synapse W : below -> self = normal(1)
  phase p {{ clamp input x = data;  output x = W @ below.x;  output t = target }}
  phase q (steps = 2) {{ in turn {{ output x = W @ below.x
    learn {{ W += {increment} }} }} }}
  predict output.x after p
  check gradient after p {{ network 3 - 2;  expect angle(W) < 90 }}
}}"
        )
    };
    let online = kind(&text("lr * (post.t - post.x) * pre.x"));
    let Kind::Differs { degrees, at_own_rate: Some((rate, angle)), .. } = online else {
        panic!("{online:?}")
    };
    assert!(degrees > 1.0 && rate == 1e-6 && angle < 1e-2, "{online:?}");
    let Kind::Differs { at_own_rate: None, .. } = adding("post.d * pre.x + W") else {
        panic!("lr is a scale")
    };
    let wild = kind(&text("1e30 * lr * (post.t - post.x) * pre.x"));
    assert_eq!(wild, Kind::Diverges { parameter: "W/input->output".to_owned(), updates: 10 });
}

/// R14.23: directions are those of what counts: every weight may have its sign without the angle being none.
#[test]
fn signs_alone_are_not_the_gradient() {
    let found = adding("post.d * pre.x * (1.5 + sign(W))");
    assert!(matches!(found, Kind::Differs { degrees, signs: true, .. } if degrees > 1.0), "{found:?}");
}

/// R14.15, R5.6: a claim of which nothing fits a network does not hinder what is run there; a check there says what does not fit.
#[test]
fn claims_that_fit_no_site_say_why() {
    let text = "rule R {
  neuron { state x, d }
  synapse W : below -> self = normal(1)
  synapse B : output -> self = normal(1)
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  phase q { in turn { output d = target - x;  hidden d = B @ output.d } }
  learn { W += post.d * pre.x;  B += post.x * pre.d - B }
  predict output.x after p
  check law { expect largest(W - B.T) >= 0 }
}
experiment e { rule R;  network 1x4x4 - conv 2 k1 - avgpool 2 - 3 }";
    assert!(measured(text).1, "on the small network the edges to the output join all pairs");
    let there = text.replace("check law {", "check law { network 1x4x4 - conv 2 k1 - avgpool 2 - 3;");
    let [result] = results(&there).try_into().unwrap_or_else(|_| panic!("there is one claim"));
    let error = result.outcome.expect_err("nothing is measured").to_string();
    assert!(
        error.starts_with("what is observed has a value at no site") && error.contains("in another form"),
        "{error}"
    );
    // Nor does a one-to-one projection that only a claim looks at.
    let one = "rule R {
  neuron { state x }
  synapse W : below -> self
  synapse V : below -> self = 1, one_to_one, fixed
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += post.x }
  predict output.x after p
  check law { network 3 - 3;  expect largest(V) == 1 }
}
network n { 3 - 3 }
network other { 3 - 2 }
experiment e { rule R;  network n }";
    assert!(measured(one).1);
    let analysis = legal(one);
    assert!(analysis.specialise(0, plr_sema::Choice::on(analysis.networks()[1].1.clone())).is_ok());
}
