//! Rules 3: neurons.

use plr_ir::model::Model as _;
use plr_run::backend::Backend;
use plr_run::check::run;
use plr_sema::Specialised;

use crate::bench::{Bench, clean, codes, finds, legal};
use crate::text::{PLAIN, plain};

/// R3.1: every population exists in every layer, with the layer's units.
#[test]
fn populations_exist_in_every_layer() {
    let bench = Bench::new(
        "rule R {
  neuron P { state x }
  neuron Q { state y = 0 }
  synapse W : below.P -> P
  synapse V : P -> Q = 1, fixed
  phase p { clamp input P: x = data;  sweep up { P: x = W @ below.P.x;  Q: y = V @ P.x } }
  learn { W += post.x * pre.x }
  predict output.Q.y after p
}
network n { 1 - 2 - 1 }",
    );
    let weights: &[(&str, &[f64])] =
        &[("W/input->h1", &[1.0, 2.0]), ("W/h1->output", &[1.0, 1.0]), ("V/output->output", &[4.0])];
    let found = bench.present(weights, &[&[3.0]], &[]);
    found.is("state/p/P.x/h1", &[3.0, 6.0]);
    found.is("state/p/Q.y/output", &[36.0]);
}

/// R3.1: a state named with its population is that, whatever a synapse has beside it.
#[test]
fn populations_tell_states_from_traces() {
    let text = "rule R {
  neuron { state x = 0 }
  neuron M { state s = 0 }
  synapse U : below -> M = 1 { trace s }
  phase p { clamp input x = data;  U.s = 5 + pre.x;  in turn { output M.s = 2 * (U @ below.x) } }
  learn { U += s * post.s }
}
network n { 1 - 1 }";
    let found = Bench::new(text).present(&[("U/input->output", &[1.0])], &[&[3.0]], &[]);
    found.is("state/p/M.s/output", &[6.0]);
    found.is("increment/U/input->output", &[8.0 * 6.0]);
    finds("unknown_name", &text.replace("U.s =", "s ="));
}

/// R3.2 and R3.3: a state is reset at every presentation; one without a reset value has none until it is written.
#[test]
fn states_live_for_one_presentation() {
    let text = plain("state x", "state x\n state c = 7")
        .replace("{ x = W", "{ c = c + 1;  x = c * (W")
        .replace("@ below.x }", "@ below.x) }");
    let bench = Bench::new(&format!("{text}network n {{ 1 - 1 }}"));
    for _ in 0..2 {
        let found = bench.present(&[("W/input->output", &[1.0])], &[&[1.0], &[2.0]], &[]);
        found.is("state/p/c/output", &[8.0, 8.0]);
        found.is("state/p/x/output", &[8.0, 16.0]);
    }
    finds("read_before_write", &plain("x = W @ below.x", "x = x + W @ below.x"));
}

/// R3.8: what learns from a state without a value, and is not read, is a doubt if it learns nowhere.
#[test]
fn what_learns_nowhere_is_a_doubt() {
    let text = |written: &str| {
        plain("state x", "param m = 0\n    state y\n    state x").replace(
            "x = W @ below.x }",
            &format!("x = W @ below.x }};  {written};  learn {{ m += lr * y }}"),
        )
    };
    assert!(text("").contains("learn { m"));
    assert_eq!(codes(&text("sweep up { y = x }")), ["never_evaluated"]);
    assert_eq!(codes(&text("sweep up { hidden y = x }")), ["never_evaluated"]);
    clean(&text("sweep up { y = x }").replace("learn { m += lr * y } }", "}\n  learn { m += lr * y }"));
}

/// R3.4: what definitions of constants are is found at once, however often each stands in the next.
#[test]
fn definitions_of_constants_are_shared() {
    let doubled: String = (1..=40).map(|i| format!("  let a{i} = a{0} + a{0}\n", i - 1)).collect();
    let text = plain("state x", &format!("let a0 = 1\n{doubled}  state x"))
        .replace("W @ below.x", "a40 * (W @ below.x)");
    assert!(text.contains("a40 *"));
    clean(&text);
}

/// R3.4: a definition is read anew each time: before the step in a plain equation, as just written in an ordered block.
#[test]
fn definitions_are_never_stale() {
    let rule = |block: &str, end: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 1, y = 0\n let u = 10 * x }}
  synapse W : below -> self
  phase p {{ {block} output x = 2;  output y = u {end} }}
  learn {{ W += post.y + post.u + post.u[p] }}
}}
network n {{ 1 - 1 }}"
        )
    };
    Bench::new(&rule("", "")).present(&[], &[&[0.0]], &[]).is("state/p/y/output", &[10.0]);
    let found = Bench::new(&rule("in turn {", "}")).present(&[], &[&[0.0]], &[]);
    found.is("state/p/y/output", &[20.0]);
    found.is("increment/W/input->output", &[20.0 + 20.0 + 20.0]);
}

/// R3.5: a definition for a role comes before the one for all.
#[test]
fn roles_have_their_definitions() {
    let rule = |definitions: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 1\n {definitions} }}
  synapse W : below -> self
  phase p {{ x = u }}
  learn {{ W += post.x + pre.x }}
  predict output.x after p
}}
network n {{ 1 - 1 - 1 }}"
        )
    };
    let found =
        Bench::new(&rule("let u = 2\n output let u = 3\n input let u = 4")).present(&[], &[&[0.0]], &[]);
    found.is("state/p/x/input", &[4.0]);
    found.is("state/p/x/h1", &[2.0]);
    found.is("state/p/x/output", &[3.0]);
    finds("read_before_write", &rule("hidden let u = 2\n input let u = 1"));
}

/// R3.6: a definition that needs itself has no value.
#[test]
fn definitions_do_not_need_themselves() {
    finds(
        "definition_cycle",
        &plain("state x", "state x\n let u = v\n let v = u").replace("W @ below.x", "u + W @ below.x"),
    );
    // Also if nothing reads it, but not if it is of another layer.
    finds("definition_cycle", &plain("state x", "state x\n let u = v\n let v = u + x"));
    finds("definition_cycle", &plain("state x", "state x\n let u = u + x"));
    let roles = "state x\n hidden let u = v\n output let u = 1\n output let v = u\n hidden let v = 1";
    legal(&plain("state x", roles).replace("W @ below.x", "0 * u + W @ below.x"));
}

/// R3.7: a parameter is one number for each unit, whatever the sample.
#[test]
fn parameters_are_shared_by_samples() {
    let text = plain("state x", "param b = 0.5\n state x")
        .replace("W @ below.x", "W @ below.x + b")
        .replace("learn {", "learn { b += lr * x; ");
    let bench = Bench::new(&format!("{text}network n {{ 1 - 1 }}"));
    let init = bench.model().parameters().iter().find(|p| p.name == "b/output").map(|p| p.init.clone());
    let half = plr_ir::model::Init::Constant(0.5);
    assert_eq!(init, Some(plr_ir::model::Init::Own(Box::new(half))));
    let found = bench.present(&[("W/input->output", &[1.0]), ("b/output", &[10.0])], &[&[1.0], &[2.0]], &[]);
    found.is("state/p/x/output", &[11.0, 12.0]);
    found.is("new/b/output", &[21.5]);
}

/// R3.8: what nobody observes may be without a value, and is not built.
#[test]
fn only_what_is_observed_needs_a_value() {
    // The error of the input units would need the target: nobody reads it.
    let text = plain("state x", "param b = 0\n state x, e")
        .replace(
            "learn {",
            "phase q { output e = target - x;  sweep down { hidden e = W.T @ above.e } }\n learn { b += e; ",
        )
        .replace("(lr = 1)", "(lr = 1) allow weight_transport")
        .replace("W @ below.x", "W @ below.x + b");
    let bench = Bench::new(&format!("{text}network n {{ 1 - 1 - 1 }}"));
    let names: Vec<String> = bench.model().parameters().iter().map(|p| p.name.clone()).collect();
    assert_eq!(names, ["W/input->h1", "W/h1->output", "b/h1", "b/output"]);
    // A synapse that only feeds what nobody observes is not built either, unless that is what is to be learned.
    let idle = PLAIN
        .replace("state x", "state x, z = 0")
        .replace("synapse W", "synapse V : below -> self\n  synapse W")
        .replace("{ x = W", "{ z = V @ below.x;  x = W")
        .replace("learn {", "learn { V += post.z * pre.x;");
    let fixed =
        idle.replace("V : below -> self", "V : below -> self = 1, fixed").replace("V += post.z * pre.x;", "");
    let built = |text: &str| Bench::new(&format!("{text}network n {{ 1 - 1 }}")).model().parameters().len();
    assert_eq!([built(&fixed), built(&idle)], [1, 2]);
    let bench = Bench::new(&format!("{idle}network n {{ 1 - 1 }}"));
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[1.0]), ("V/input->output", &[5.0])];
    bench.present(weights, &[&[2.0]], &[]).is("increment/V/input->output", &[20.0]);
}

/// R2.3, R3.5: a role stands before a definition alone, and a definition with a role is no second meaning of a state or `param`.
#[test]
fn roles_are_of_definitions() {
    let declared = |lines: &str| plain("state x", &format!("state x\n {lines}"));
    for (kind, change) in [("state q = 1", "phase r { q = 2 }\n learn {"), ("param q = 1", "learn { q += x;")]
    {
        let read = declared(&format!("hidden {kind}")).replace("W @ below.x", "W @ below.x + q");
        finds("bad_value", &read.replace("learn {", change));
        for lines in [format!("{kind}\n output let q = 5"), format!("output let q = 5\n {kind}")] {
            assert!(codes(&declared(&lines)).contains(&"duplicate_name".to_owned()), "{lines}");
        }
    }
    let two = declared("hidden let q = 1\n let q = 2").replace("W @ below.x", "W @ below.x + q");
    clean(&two);
    finds("duplicate_name", &two.replace("let q = 2", "hidden let q = 2"));
}

/// R3.8: an equation that has a value nowhere for want of a weight is doubted where nothing depends on it, and a mistake where something
/// does.
#[test]
fn an_equation_without_a_weight_is_doubted() {
    let text = |end: &str, predicted: &str| {
        format!(
            "rule R(lr = 1) allow other_synapse {{
  neuron {{ state x = 0, z = 0 }}
  synapse V : {end} -> self = 0
  synapse W : below -> self
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x;  z = V @ {end}.x }} }}
  learn {{ W += lr * post.x * pre.x;  V += post.x * pre.x - W }}
  predict output.{predicted} after p
  check law {{ expect mean(z) < 1 }}
}}"
        )
    };
    assert_eq!(codes(&text("self", "x")), ["never_evaluated"]);
    clean(&text("below", "x"));
    assert_eq!(codes(&text("self", "z")), ["shape_mismatch"]);
}

/// R3.8: what has no value in one step has none in the next, whatever the state was before, and neither has what reads it; where
/// something observable does, that is a mistake.
#[test]
fn what_has_no_value_has_none_in_the_next_step() {
    let text = |predicted: &str, steps: u32| {
        format!(
            "rule R {{
  neuron {{ state x = 0, q = 7, y = 3, z = 5 }}
  synapse W : below -> self = 1
  phase p (steps = {steps}) {{ clamp input x = data;  output x = W @ below.x
    output q = q + data;  y = q;  z = y }}
  learn {{ W += post.x * pre.x }}
  predict output.{predicted} after p
}}
network n {{ 1 - 1 }}"
        )
    };
    let bench = |steps| Bench::new(&text("x", steps)).present(&[("W/input->output", &[2.0])], &[&[3.0]], &[]);
    let found = bench(3);
    found.is("state/p/x/output", &[6.0]);
    // Elsewhere nothing is missing.
    found.is("state/p/z/input", &[7.0]);
    for state in ["q", "y", "z"] {
        assert!(!found.has(&format!("state/p/{state}/output")), "{state}");
    }
    // In the only step of a phase, what was there before is read.
    let found = bench(1);
    found.is("state/p/y/output", &[7.0]);
    found.is("state/p/z/output", &[3.0]);
    assert!(!found.has("state/p/q/output"));
    finds("unknown_to_unit", &text("z", 3));
    assert_eq!(codes(&text("z", 1)), ["stale_read", "stale_read", "blind_prediction"]);
}

/// R3.8: in a check what is observed and an objective need what is `fixed` in their way; a run does not, and what learns is no more
/// than it is without them.
#[test]
fn what_checks_observe_is_built_for_them() {
    let text = |check: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ fixed param g = 2, q = 3\n param b = 0\n state s = 0, u = 0, v = 0 }}
  synapse W : below -> self
  synapse c : self -> self = mask(1), one_to_one, fixed {{ fixed param k = 0.5 }}
  phase p {{ clamp input s = data;  sweep up {{ s = W @ below.s + b;  u = c @ self.s;  v = g * s }} }}
  learn {{ W -= lr * 2 * post.s * pre.s;  b -= lr * 2 * s }}
  predict output.s after p
  check {check} {{ network 5 - 4 - 3;  expect {{claim}} }}
}}
network n {{ 5 - 4 - 3 }}"
        )
        .replace("mask(1)", "1")
    };
    let holds = |check: &str, claim: &str| {
        let workshop = legal(&text(check).replace("{claim}", claim)).workshop(0);
        let [result] = run(&workshop, 0, Backend::Interpreter).try_into().expect("there is one claim");
        let found = result.outcome.as_ref().unwrap_or_else(|error| panic!("{claim}: {error}"));
        assert!(found.holds, "{check}, {claim}: {}", found.number);
    };
    for claim in
        ["largest(u - s) < 1e-12 at h1", "largest(v - 2 * s) < 1e-12 at h1", "mean(u ^ 2) > 0.01 at h1"]
    {
        holds("law", claim);
    }
    // What stands in the claim alone, too.
    for claim in
        ["mean(k) == 0.5", "mean(c.k * c) == 0.5", "mean(q) == 3", "largest(q * s - 3 * s) < 1e-12 at h1"]
    {
        holds("law", claim);
    }
    // Each is s squared.
    for objective in ["u ^ 2", "v ^ 2 / 4", "(g * s) ^ 2 / 4", "s ^ 2"] {
        holds(&format!("gradient of {objective} after p"), "relative_error(W) < 1e-12");
    }
    let names = |model: &Specialised| model.parameters().iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    let text = text("law").replace("{claim}", "largest(u - v + b) >= 0");
    let trained = names(&Bench::new(&text).model());
    assert_eq!(trained, ["W/input->h1", "W/h1->output", "b/h1", "b/output"]);
    let checked = names(&legal(&text).workshop(0).specialised(Some(0), &[]).expect("it is legal"));
    let more = ["c/h1->h1", "c/output->output", "g/input", "g/h1", "g/output"];
    assert_eq!(checked.iter().filter(|name| !trained.contains(name)).collect::<Vec<_>>(), more);
    // What learning needs in one place is there in others for an objective alone.
    let needed = |check: &str, claim: &str| {
        let learns = text.replace("b -= lr", "output b -= 0 * u;  b -= lr");
        let learns = learns.replace("law", check).replace("largest(u - v + b) >= 0", claim);
        let model = legal(&learns).workshop(0).specialised(Some(0), &[]).expect("it is legal");
        names(&model).iter().filter(|name| name.starts_with("c/")).count()
    };
    assert_eq!(needed("law", "largest(u) >= 0"), 1);
    assert_eq!(needed("gradient of u ^ 2 after p", "angle(W) < 180"), 2);
}

/// R3.8: without a prediction the weights that learn are built, and the fixed ones that something reads.
#[test]
fn without_a_prediction_weights_that_nothing_reads_are_not_built() {
    let built = |role: &str| -> Vec<String> {
        let text = format!(
            "rule R {{
  neuron {{ state x = 0, d = 0 }}
  synapse W : below -> self = 1
  synapse B : above -> self = 1, fixed
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ output d = target - x;  sweep down {{ {role} d = B @ above.d }} }}
  learn {{ W += post.x * pre.x }}
}}
network n {{ 3 - 2 - 1 }}"
        );
        Bench::new(&text).model().parameters().iter().map(|p| p.name.clone()).collect()
    };
    assert_eq!(built("hidden"), ["W/input->h1", "W/h1->output", "B/output->h1"]);
    assert_eq!(built("input"), ["W/input->h1", "W/h1->output", "B/h1->input"]);
    assert_eq!(built("").len(), 4);
}

/// R3.8: whatever learns is observed, if nothing of it is otherwise.
#[test]
fn what_learns_is_observed() {
    let learns = plain("state x", "param v = 0\n state x, r")
        .replace("learn {", "phase q { output r = 3 }\n learn { v += r - v;");
    let learns: String =
        learns.lines().filter(|line| !line.contains("predict")).map(|l| format!("{l}\n")).collect();
    let alone =
        learns.replace("below -> self", "below -> self = 1, fixed").replace("W += lr * post.x * pre.x", "");
    let bench = Bench::new(&format!("{alone}network n {{ 1 - 1 - 1 }}"));
    let found = bench.present(&[("v/output", &[1.0])], &[&[1.0]], &[]);
    found.is("increment/v/output", &[2.0]);
    // Not in layers where its equation has no value; and beside weights that learn, which do not depend on it.
    let names = |bench: &Bench| -> Vec<String> {
        bench
            .model()
            .parameters()
            .iter()
            .map(|p| p.name.clone())
            .filter(|name| name.starts_with("v/"))
            .collect()
    };
    assert_eq!(names(&bench), ["v/output"]);
    assert_eq!(names(&Bench::new(&format!("{learns}network n {{ 1 - 1 - 1 }}"))), ["v/output"]);
}

/// R3.9: a population may have the size of another layer, or one of its own; without such a layer it does not exist.
#[test]
fn populations_have_sizes() {
    let text = |size: &str| {
        format!(
            "rule R {{
  neuron P {{ state x = 0, y = 0 }}
  neuron I sized {size} {{ state v = 5 }}
  synapse W : below.P -> P
  synapse V : P -> I = 1, fixed
  synapse U : I -> P = 1, fixed
  phase p {{ clamp input P: x = data
    sweep up {{ P: x = W @ below.P.x;  I: v = f(V @ P.x);  P: y = U @ I.v }} }}
  learn {{ W += post.y * pre.x }}
  predict output.P.x after p
}}
network n {{ input a = 1;  layer b = 1;  output c = 2 relu;  a -> b -> c }}"
        )
    };
    let weights: &[(&str, &[f64])] =
        &[("W/a->b", &[3.0]), ("W/b->c", &[1.0, 1.0]), ("V/b->b", &[1.0, -1.0]), ("U/b->b", &[10.0, 100.0])];
    let found = Bench::new(&text("above")).present(weights, &[&[1.0]], &[]);
    // The activation is that of the layer above.
    found.is("state/p/I.v/b", &[3.0, 0.0]);
    found.is("state/p/P.y/b", &[30.0]);
    found.is("state/p/P.y/c", &[0.0, 0.0]);
    assert!(!found.has("state/p/I.v/c"));
    // One unit everywhere, with the activation of its own layer: none in `b`.
    let weights: &[(&str, &[f64])] = &[("W/a->b", &[-3.0]), ("V/b->b", &[1.0]), ("U/b->b", &[10.0])];
    Bench::new(&text("1")).present(weights, &[&[1.0]], &[]).is("state/p/P.y/b", &[-30.0]);
    finds("bad_value", &text("1.5"));
    finds("shape_mismatch", &text("W"));
    let skip = text("above").replace("a -> b -> c", "a -> b -> c;  a -> c");
    finds("shape_mismatch", &format!("{skip}\nexperiment e {{ rule R;  network n }}"));
}

/// R3.13: the number of units may be a constant, and a layer may be taken a number of times; both follow the setting.
#[test]
fn sizes_are_constants_and_multiples() {
    let text = |size: &str| {
        format!(
            "rule R(k = 2) {{
  neuron P {{ state x = 0 }}
  neuron I sized {size} {{ param b = 0
    state v = 5 }}
  synapse W : below.P -> P
  synapse V : P -> I = 1
  phase p {{ clamp input P: x = data
    sweep up {{ P: x = W @ below.P.x;  I: v = f(V @ P.x + b) }} }}
  learn {{ W += post.x * pre.x;  V += post.v * pre.x;  b += v + 0 * k }}
}}
network n {{ input a = 1;  layer b = 3;  output c = 4 relu;  a -> b -> c }}"
        )
    };
    let units = |bench: &Bench| {
        let model = bench.model();
        let rows = |name: &str| model.parameters().iter().find(|p| p.name == name).map(|p| p.dims[0]);
        ["I.b/a", "I.b/b", "I.b/c"].map(rows)
    };
    let bench = |size: &str| Bench::new(&text(size));
    // Of what the input hears no weight depends.
    assert_eq!(units(&bench("k")), [None, Some(2), Some(2)]);
    assert_eq!(units(&bench("2 * k + 1")), [None, Some(5), Some(5)]);
    assert_eq!(units(&bench("4 * self")), [None, Some(12), Some(16)]);
    assert_eq!(units(&bench("self * (k + 1)")), [None, Some(9), Some(12)]);
    assert_eq!(units(&bench("k * above * 2")), [None, Some(16), None]);
    assert_eq!(units(&bench("3 * input")), [None, Some(3), Some(3)]);
    assert_eq!(units(&bench("k * self").set("k", 5.0)), [None, Some(15), Some(20)]);
    assert_eq!(units(&bench("k").set("k", 7.0)), [None, Some(7), Some(7)]);
    // The activation is that of the layer which is taken several times.
    let weights: &[(&str, &[f64])] = &[
        ("W/a->b", &[1.0, 1.0, 1.0]),
        ("V/b->b", &[1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -2.0, 0.0]),
    ];
    bench("above").present(&weights[..1], &[&[1.0]], &[]).is("state/p/I.v/b", &[0.0; 4]);
    bench("k * input")
        .set("k", 4.0)
        .present(weights, &[&[1.0]], &[])
        .is("state/p/I.v/b", &[1.0, -1.0, 1.0, -2.0]);
    for (bad, code) in [
        ("0", "bad_value"),
        ("0.5 * self", "bad_value"),
        ("self * above", "bad_value"),
        ("k / 4", "bad_value"),
        ("2000000", "bad_value"),
        ("400000 * self", "bad_value"),
        ("self + 1", "unknown_name"),
        ("2 * P", "unknown_name"),
        ("j * self", "unknown_name"),
        ("x", "shape_mismatch"),
    ] {
        finds(code, &text(bad));
    }
    let skip = text("2 * above").replace("a -> b -> c", "a -> b -> c;  a -> c");
    finds("shape_mismatch", &format!("{skip}\nexperiment e {{ rule R;  network n }}"));
}
