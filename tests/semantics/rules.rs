//! Rules 2: rules.

use crate::bench::{Bench, clean, codes, finds};
use crate::text::{PLAIN, plain};

/// R2.1: declarations may follow their use; phases run in the order of the text.
#[test]
fn declarations_stand_in_any_order() {
    let bench = Bench::new(
        "network n { 1 - 1 }
rule R(lr = 1) {
  predict output.x after q
  phase p { clamp input x = data;  output x = W @ below.x }
  phase q { output x = 2 * x }
  learn { W += lr * post.x * pre.x }
  synapse W : below -> self
  neuron { state x = 1 }
}",
    );
    bench.present(&[("W/input->output", &[5.0])], &[&[3.0]], &[]).is("state/q/x/output", &[30.0]);
}

/// R2.2: a default follows what it is computed from.
#[test]
fn defaults_follow() {
    let text = plain("(lr = 1)", "(a = 3, lr = 2 * a)");
    let text = format!("{text}network n {{ 1 - 1 }}");
    let weight: &[(&str, &[f64])] = &[("W/input->output", &[1.0])];
    Bench::new(&text).present(weight, &[&[1.0]], &[]).is("increment/W/input->output", &[6.0]);
    Bench::new(&text).set("a", 5.0).present(weight, &[&[1.0]], &[]).is("increment/W/input->output", &[10.0]);
    finds("unknown_name", &plain("(lr = 1)", "(lr = a, a = 1)"));
}

/// R2.3: one name, one meaning; an own variable comes before a hyper-parameter.
#[test]
fn names_mean_the_nearest_thing() {
    finds("duplicate_name", &plain("synapse W", "synapse W : below -> self\n  synapse W"));
    finds("duplicate_name", &plain("lr = 1", "lr = 1, lr = 2"));
    finds("duplicate_name", &plain("phase p {", "phase p { clamp input x = data }\n  phase p {"));
    assert!(codes(&plain("state x", "state x, x")).contains(&"duplicate_name".to_owned()));
    finds("unknown_name", &plain("lr * post", "rate * post"));
    let text = plain("state x", "state x, lr = 5").replace("= W @ below.x", "= lr * (W @ below.x)");
    let bench = Bench::new(&format!("{text}network n {{ 1 - 1 }}"));
    let found = bench.present(&[("W/input->output", &[1.0])], &[&[2.0]], &[]);
    found.is("state/p/x/output", &[10.0]);
    found.is("increment/W/input->output", &[20.0]);
}

/// R2.4: a rule whose hidden units would lack something is legal in a file whose experiment has none.
#[test]
fn rules_are_examined_on_their_network() {
    let rule = "rule R(lr = 1) {
  neuron { state x, e }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  phase q { output e = target - x }
  learn { W += lr * post.e * pre.x }
  predict output.x after p
}
";
    finds("read_before_write", rule);
    clean(&format!("{rule}experiment e {{ rule R;  network 700 - 10 }}"));
    finds("read_before_write", &format!("{rule}experiment e {{ rule R;  network 700 - 5 - 10 }}"));
    let copy = rule.replace("synapse W : below -> self", "synapse W : below -> self = 1, one_to_one");
    clean(&format!("{copy}experiment e {{ rule R;  network 700 - 700 }}"));
    finds("shape_mismatch", &format!("{copy}experiment e {{ rule R;  network 700 - 500 }}"));
    let check = "  check law { network 5 - 5;  expect mean(W) > 0 }\n}\n";
    clean(&format!("{}{check}", copy.trim_end().trim_end_matches('}')));
    // Sizes that fit each other in numbers of the rule do not when layers are made small.
    let tied = |size: &str, network: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0 }}
  neuron D sized {size} {{ state v = 0 }}
  synapse W : below -> D
  synapse G : D -> self = 1, one_to_one, fixed
  phase p {{ clamp input x = data;  in turn {{ output D.v = W @ below.x;  output x = G @ D.v }} }}
  learn {{ output W += lr * post.v * pre.x }}
  predict output.x after p
}}
experiment e {{ rule R;  network {network} }}"
        )
    };
    clean(&tied("2 * below", "40 - 80"));
    clean(&tied("10", "20 - 10"));
    finds("shape_mismatch", &tied("2 * below", "40 - 70"));
    // The numbers are those of the experiment, or of the check, too.
    let groups = |head: &str| {
        let sum =
            rule.replace("{ x = W @", "{ hidden x = sum(W @ below.x, over = groups(k));  output x = W @");
        sum.replace("output e", "e").replace("target - x", "1 - x").replace("(lr = 1)", head)
    };
    clean(&format!("{}experiment e {{ rule R(k = 3);  network 700 - 9 - 10 }}", groups("(lr = 1, k = 4)")));
    finds(
        "shape_mismatch",
        &format!("{}experiment e {{ rule R(k = 4);  network 700 - 9 - 10 }}", groups("(lr = 1, k = 3)")),
    );
    let check = "  check law { network 5 - 9 - 5;  set k = 3;  expect row_norm(W) > 0 }\n}\n";
    clean(&format!("{}{check}", groups("(lr = 1, k = 4)").trim_end().trim_end_matches('}')));
    // The closed form makes up for the derivative that softmax does not declare: with another cost it is missing.
    let descent = plain("state x", "state a, x, d")
        .replace("{ x = W @ below.x }", "{ a = W @ below.x;  x = f(a) }")
        .replace(
            "  learn { W += lr * post.x",
            "  phase q { output d = -cost'(a) }\n  learn { W += lr * post.d",
        );
    let on = |cost: &str| format!("{descent}experiment e {{ rule R;  network 3 - 2 softmax;  cost {cost} }}");
    clean(&on("softmax_cross_entropy"));
    finds("missing_derivative", &on("half_squared_error"));
}

/// What the reference says is not in the language does not compile.
#[test]
fn what_is_absent_does_not_compile() {
    let absent = [
        ("state x", "persistent state x"),
        ("below -> self", "below -> self, delay 2"),
        ("below -> self", "below -> self in [0, 1]"),
        ("below -> self", "below -> self, one_to_one"),
        ("neuron {", "neuron I sized above {"),
    ];
    for (part, by) in absent {
        let text = plain(part, by);
        assert!(codes(&text).iter().any(|code| !code.starts_with("unused_")), "{text}");
    }
}

/// R2.5, R2.3: a state that only has a first value, and may hide a signal.
#[test]
fn states_that_nothing_writes_are_doubts() {
    let text = |phase: &str| {
        plain("state x", "state x, y = 2")
            .replace("W @ below.x", "W @ below.x + y")
            .replace("phase p {", phase)
    };
    assert_eq!(codes(&text("phase p {")), ["never_written"]);
    for written in ["phase p { output y = 1;", "phase p { clamp y = 1;", "phase p { in turn { y += 1 };"] {
        assert_eq!(codes(&text(written)), [""; 0], "{written}");
    }
}

/// R2.5: what nothing reads is a doubt, not a mistake.
#[test]
fn unread_names_are_doubts() {
    for (part, by) in [
        ("lr = 1", "lr = 1, k = 2"),
        ("state x", "state x\n state y"),
        ("state x", "state x\n let u = x"),
        ("synapse W", "synapse V : below -> self = 1, fixed\n  synapse W"),
        ("synapse W", "signal s = 1\n  synapse W"),
    ] {
        finds("unused_name", &plain(part, by));
    }
    clean(PLAIN);
    // A claim is somebody.
    let observed = plain("state x", "state x\n let u = 2 * x");
    let end = observed.rfind('}').expect("a rule ends");
    clean(&format!("{}  check law {{ expect largest(u) >= 0 }}\n}}", &observed[..end]));
}
