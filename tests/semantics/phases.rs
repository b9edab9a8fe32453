//! Rules 7: phases.

use plr_run::backend::Backend;
use plr_run::compare;
use plr_run::data::{Dataset, Source, load};
use plr_run::session::{Control, Options, Session};

use crate::bench::{Bench, Found, clean, codes, finds};
use crate::text::{PLAIN, plain};

/// A rule with states `x`, reset to 0, and `y`, without a purpose, in three layers of one unit; the weights are 2 and 3.
fn phases(phases: &str) -> Bench {
    Bench::new(&format!(
        "rule R(k = 2) {{
  neuron {{ state x = 0, y = 0, z = 0 }}
  synapse W : below -> self
  {phases}
  learn {{ W += post.x + post.y + post.z + pre.x + pre.y + pre.z + 0 * k }}
}}
network n {{ 1 - 1 - 1 }}"
    ))
}

const WEIGHTS: &[(&str, &[f64])] = &[("W/input->h1", &[2.0]), ("W/h1->output", &[3.0])];

fn states(bench: &Bench, states: &[(&str, f64)]) {
    let found = bench.present(WEIGHTS, &[&[1.0]], &[&[100.0]]);
    for (name, expected) in states {
        found.is(&format!("state/{name}"), &[*expected]);
    }
}

/// R7.1: a presentation begins from reset values, with nothing clamped; phases follow each other.
#[test]
fn presentations_begin_anew() {
    let bench = phases("phase p { x = x + 1 }\n phase q { clamp x = 5 }\n phase r { x = x + 1 }");
    for _ in 0..2 {
        states(&bench, &[("p/x/h1", 1.0), ("q/x/h1", 5.0), ("r/x/h1", 5.0)]);
    }
}

/// R7.2: so many steps, one by default; a whole number of at least one.
#[test]
fn steps_are_counted() {
    let bench = phases("phase p (steps = 3 * k) { x = x + 1 }\n phase q { y = y + 1 }");
    states(&bench, &[("p/x/h1", 6.0), ("q/y/h1", 1.0)]);
    for steps in ["0", "2.5", "-1", "2e9", "0 / 0"] {
        finds("bad_value", &plain("phase p {", &format!("phase p (steps = {steps}) {{")));
    }
}

/// R7.3: plain equations read old values, whatever their order and layer; of two that write a state the later one counts
/// if a block between them reads the first, and otherwise they are a mistake.
#[test]
fn plain_equations_read_old_values() {
    let clamped = "phase p (steps = 2) { clamp input x = data; ";
    // Synchronously the input needs a step for each layer.
    states(
        &phases("phase p { clamp input x = data;  x = W @ below.x }"),
        &[("p/x/h1", 2.0), ("p/x/output", 0.0)],
    );
    states(&phases(&format!("{clamped} x = W @ below.x }}")), &[("p/x/h1", 2.0), ("p/x/output", 6.0)]);
    states(&phases("phase p { x = y + 1;  y = x + 10 }"), &[("p/x/h1", 1.0), ("p/y/h1", 10.0)]);
    let between = phases("phase p { x += 1;  in turn { y = x };  x += 10 }");
    states(&between, &[("p/x/h1", 10.0), ("p/y/h1", 1.0)]);
    let moved = |body: &str| plain("sweep up { x = W @ below.x }", body);
    finds("lost_equation", &moved("x = W @ below.x;  x = 10"));
    finds("lost_equation", &moved("x = W @ below.x;  output x = 10"));
    let apart = moved("hidden x = W @ below.x;  output x = W @ below.x");
    // What each of them reads is the first value, at every presentation; `output x` alone is no better.
    let apart = apart.replace("state x }", "state x = 0 }");
    assert_eq!(codes(&apart), ["stale_read", "blind_prediction"]);
    clean(&apart.replace("phase p {", "phase p (steps = 3) {"));
}

/// R7.4: `+=` and `-=` are abbreviations.
#[test]
fn increments_are_abbreviations() {
    states(&phases("phase p (steps = 3) { x += 2;  y -= 1 }"), &[("p/x/h1", 6.0), ("p/y/h1", -3.0)]);
}

/// R7.5: a sweep goes layer by layer, and in each layer in the order of the text.
#[test]
fn sweeps_read_what_was_just_written() {
    let up = phases("phase p { clamp input x = data;  sweep up { x = W @ below.x;  y = x + 1 } }");
    states(&up, &[("p/x/h1", 2.0), ("p/x/output", 6.0), ("p/y/h1", 3.0), ("p/y/output", 7.0)]);
    let down = phases("phase p { clamp input x = data;  sweep down { x = W @ below.x } }");
    states(&down, &[("p/x/h1", 2.0), ("p/x/output", 0.0)]);
    let late = phases("phase p { clamp input x = data;  sweep up { y = x + 1;  x = W @ below.x } }");
    states(&late, &[("p/y/output", 1.0), ("p/x/output", 6.0)]);
}

/// R7.6: statements in turn see each other; the layers of one equation do not.
#[test]
fn statements_in_turn_read_what_was_just_written() {
    states(&phases("phase p { in turn { x = y + 1;  y = x + 10 } }"), &[("p/x/h1", 1.0), ("p/y/h1", 11.0)]);
    let layers = phases("phase p { clamp input x = data;  in turn { x = W @ below.x } }");
    states(&layers, &[("p/x/h1", 2.0), ("p/x/output", 0.0)]);
    let nested = phases("phase p { in turn { x = 1;  sweep up { y = x + W @ below.y };  z = y } }");
    states(&nested, &[("p/z/input", 1.0), ("p/z/h1", 3.0), ("p/z/output", 10.0)]);
}

/// R7.7: an ordered block sees plain equations above it; a plain equation below does not see the block.
#[test]
fn plain_equations_read_old_values_beside_ordered_blocks() {
    let bench = phases("phase p { x = 1;  in turn { y = x + 10 };  z = y + 100 }");
    states(&bench, &[("p/y/h1", 11.0), ("p/z/h1", 100.0)]);
}

/// R7.8: roles and populations before equations, clamps and releases.
#[test]
fn roles_choose_layers() {
    let bench = phases(
        "phase p { input x = 1;  hidden x = 2;  output x = 3;  clamp hidden y = 4 }\n phase q { y = 5;  release hidden y }",
    );
    states(
        &bench,
        &[("p/x/input", 1.0), ("p/x/h1", 2.0), ("p/x/output", 3.0), ("p/y/h1", 4.0), ("p/y/output", 0.0)],
    );
    states(&bench, &[("q/y/h1", 5.0), ("q/y/output", 5.0)]);
    for target in ["P.x", "P: x"] {
        let text = PLAIN
            .replace("neuron {", "neuron P {")
            .replace("input x", &format!("input {target}"))
            .replace("output.x", "output.P.x");
        assert_eq!(codes(&text), [""; 0], "{text}");
    }
    // Beside a named population the one without a name is meant.
    let beside = |target: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 0, y = 1\n param b = 0 }}
  neuron E sized 2 {{ state y = 2, z = 0\n param b = 0 }}
  synapse W : below -> self = 1
  phase p {{ clamp input x = data;  output {target} = 5;  hidden z = E.y;  output x = W @ below.x + y + b }}
  learn {{ W += post.x * pre.x;  b += 1 + y;  E.b += 0 * E.b + z }}
  predict output.x after p
}}
network n {{ 1 - 1 }}"
        )
    };
    for target in ["y", "self.y", "self: y"] {
        let found = Bench::new(&beside(target)).present(&[], &[&[1.0]], &[]);
        found.is("state/p/y/output", &[5.0]);
        found.is("state/p/E.y/output", &[2.0; 2]);
        found.is("increment/b/output", &[6.0]);
    }
    let named = beside("y").replace("{ state x", "N { state x");
    assert!(codes(&named).iter().all(|code| code == "unknown_name"), "{:?}", codes(&named));
    assert_eq!(codes(&named).len(), 5, "two of each `y` and `b`, and what the layer has none of");
}

/// R7.9: a clamp takes hold at the beginning of its phase and holds until it is released, through later phases.
#[test]
fn clamps_hold() {
    let bench = phases(
        "phase p (steps = 2) { x = x + 1;  clamp hidden x = 10 + y;  clamp hidden y = 3;  clamp output x = z;  y = y + 1 }
  phase q { x = x + 1 }
  phase r { clamp hidden x = x + 100 }",
    );
    states(
        &bench,
        &[("p/x/h1", 10.0), ("p/x/input", 2.0), ("p/y/h1", 3.0), ("p/x/output", 0.0), ("q/x/h1", 10.0)],
    );
    states(&bench, &[("q/x/input", 3.0), ("r/x/h1", 110.0)]);
}

/// R7.10: what is released keeps its value and moves again, from the beginning of the phase.
#[test]
fn releases_let_go() {
    let bench = phases(
        "phase p { clamp x = 5 }\n phase q (steps = 2) { x = x + 1;  release hidden x }\n phase r { x = x + 1 }",
    );
    states(&bench, &[("q/x/h1", 7.0), ("q/x/output", 5.0), ("r/x/h1", 8.0), ("r/x/output", 5.0)]);
}

/// R7.11: a phase may begin from the end of an earlier one; what is clamped stays.
#[test]
fn phases_begin_from_others() {
    let bench = phases(
        "phase p { x = 1;  y = 2;  z = 3 }
  phase q { x = 10;  y = 20;  clamp output z = 30 }
  phase r (from = p) { x = x + 100;  clamp hidden y = y + 5 }",
    );
    states(
        &bench,
        &[("r/x/h1", 101.0), ("r/y/output", 2.0), ("r/y/h1", 7.0), ("r/z/output", 30.0), ("r/z/h1", 3.0)],
    );
    finds("unknown_phase", &plain("phase p {", "phase p (from = p) {"));
    // A clamp that reads what an earlier one has left, where nobody has taken it back.
    let twice = |between: &str, head: &str, value: &str| {
        let rest = format!(
            "\n  phase q {{ clamp output x = x + 1 }}\n  {between}\n  phase r{head} {{ clamp output x = {value} }}\n  learn {{"
        );
        plain("\n  learn {", &rest)
    };
    for text in [
        twice("", " (from = p)", "x - 1"),
        twice("", " (from = p)", "max(0, -x)"),
        twice("phase s { clamp hidden x = 0 }", " (from = p)", "x"),
        twice("", " (from = p)", "u").replace("state x", "state x\n    let u = 2 * x"),
        twice("", " (from = p)", "x\n release output x"),
    ] {
        finds("stale_clamp", &text);
    }
    for fine in [
        twice("", " (from = p)", "x[p] - 1"),
        twice("", " (from = q)", "x - 1"),
        twice("", "", "x - 1"),
        twice("phase s { release output x }", " (from = p)", "x - 1"),
        twice("", " (from = p)", "0").replace("clamp output x = 0", "clamp hidden x = x - 1"),
    ] {
        assert!(!codes(&fine).contains(&"stale_clamp".to_owned()), "{fine}");
    }
}

/// R7.12: halving from 1, the change falls below 1/20 in the fifth step, where it is 1/32; in the whole minibatch.
#[test]
fn relaxations_stop_at_their_tolerance() {
    let rule = |options: &str| {
        format!(
            "{}network n {{ 1 - 1 }}",
            plain("phase p {", &format!("phase p ({options}) {{"))
                .replace("state x", "state x = 1")
                .replace("sweep up { x = W @ below.x }", "output x = x / 2 * (1 + 0 * (W @ below.x))")
        )
    };
    let bench = Bench::new(&rule("steps = 100 until residual < 0.05"));
    let found = bench.present(&[], &[&[0.0], &[0.0]], &[]);
    found.is("steps/p", &[5.0]);
    found.is("residual/p", &[1.0 / 32.0]);
    found.is("state/p/x/output", &[1.0 / 32.0; 2]);
    // Not below: the change of the fourth step is 1/16.
    let bench = Bench::new(&rule("steps = 100, until residual < 1 / 16"));
    bench.present(&[], &[&[0.0]], &[]).is("steps/p", &[5.0]);
    let bench = Bench::new(&rule("steps = 3 until residual < 0.05"));
    bench.present(&[], &[&[0.0]], &[]).is("steps/p", &[3.0]);
    // One sample that still moves keeps all moving.
    let slow = rule("steps = 100 until residual < 0.05")
        .replace("x / 2 * (1 + 0 * (W @ below.x))", "x * (W @ below.x)");
    let found = Bench::new(&slow).present(&[("W/input->output", &[1.0])], &[&[0.5], &[0.0]], &[]);
    found.is("steps/p", &[5.0]);
    found.is("state/p/x/output", &[1.0 / 32.0, 0.0]);
    // 1, 1e200, infinite: nothing comes of that.
    let wild = rule("steps = 100 until residual < 0.05").replace("x / 2", "x * 1e200");
    let found = Bench::new(&wild).present(&[], &[&[0.0]], &[]);
    found.is("steps/p", &[2.0]);
    found.is("residual/p", &[f64::INFINITY]);
    finds("bad_value", &rule("until residual < 0.05"));
    finds("bad_value", &rule("steps = 3 until residual < 0"));
    finds("bad_value", &rule("steps = 3 until x < 1"));
}

/// R7.13: what is cut off is counted, with its residual.
#[test]
fn cut_off_relaxations_are_counted() {
    let text = plain("phase p {", "phase p (steps = 3 until residual < 0.05) {")
        .replace("state x", "state x = 1")
        .replace("sweep up { x = W @ below.x }", "output x = x / 2 + 0 * (W @ below.x)");
    let text = format!("{text}network n {{ 784 - 10 }}");
    let model = Bench::new(&text).model();
    let options =
        Options { backend: Backend::Interpreter, precision: plr_ir::Precision::F32, batch: 5, seed: 1 };
    let data: Dataset =
        load(&Source::Digits { train: 20, test: 0, seed: 0 }, Some(0)).expect("digits are drawn").train;
    let mut session = Session::new(&model, options).expect("the rule compiles");
    let report = session.train(&data, None, &mut |_| Control::Continue).expect("it trains");
    assert_eq!(report.cut_off.len(), 1);
    let cut_off = &report.cut_off[0];
    assert_eq!((cut_off.phase.as_str(), cut_off.presentations, cut_off.residual), ("p", 4, 0.125));
}

/// R7.17: a phase that changes nothing observable is a doubt.
#[test]
fn phases_have_a_purpose() {
    let text = plain("state x", "state x, y = 0").replace("  learn", "  phase q { y = x + y }\n  learn");
    finds("unused_phase", &text);
    // What a claim looks at is observed.
    let end = text.rfind('}').expect("a rule ends");
    clean(&format!("{} check law {{ expect largest(y) < 9 }} }}", &text[..end]));
}

/// R7.19: what nothing ever sees of an equation is a doubt, in ordered blocks and under clamps.
#[test]
fn equations_are_seen() {
    let moved =
        |body: &str| plain("sweep up { x = W @ below.x }", body).replace("state x }", "state x = 0 }");
    for lost in [
        "in turn { output x = 1;  x = W @ below.x }",
        "hidden x = 1;  sweep up { x = W @ below.x }",
        "sweep up { hidden x = 2 * x;  x = W @ below.x }",
        "in turn { x = W @ below.x;  input x = 3 }",
        "clamp hidden x = 1;  sweep up { hidden x = W @ below.x;  output x = W @ below.x }",
    ] {
        let found = codes(&moved(lost)).into_iter().filter(|code| code != "blind_prediction");
        assert_eq!(found.collect::<Vec<_>>(), ["lost_equation"], "{lost}");
    }
    for seen in [
        // The first counts where the second does not stand, or is read by it.
        "in turn { x = 1;  output x = W @ below.x }",
        "in turn { x = W @ below.x;  x = 2 * x }",
        "x = 1;  sweep up { output x = W @ below.x }",
        "sweep up { hidden x = 1;  x = 2 * x + W @ below.x }",
        "clamp hidden x = 1;  sweep up { x = W @ below.x }",
    ] {
        assert!(codes(&moved(seen)).iter().all(|code| code == "blind_prediction"), "{seen}");
    }
    let later = "phase p { clamp input x = data;  sweep up { x = W @ below.x } }\n  phase q { input x = 0;  output x = 1 }";
    let text = plain("phase p { clamp input x = data;  sweep up { x = W @ below.x } }", later);
    assert_eq!(codes(&text), ["lost_equation"], "{text}");
    clean(&text.replace("phase q {", "phase q { release input x;"));
}

/// A single unit whose state starts at its input and moves through phase `p`.
fn moved(options: &str, body: &str) -> Found {
    let text = format!(
        "rule R {{
  neuron {{ state x, y }}
  phase start {{ clamp input x = data;  clamp input y = 0;  x = 1;  y = 0 }}
  phase p ({options}) {{ {body} }}
  predict output.x after p
}}
network n {{ 1 - 1 }}"
    );
    Bench::new(&text).present(&[], &[&[1.0]], &[])
}

/// R7.14: rates need a time step, which has a name.
#[test]
fn rates_are_per_time() {
    moved("dt = 0.25", "output dx/dt = 2 + dt;  output y = 1").is("state/p/x/output", &[1.0 + 0.25 * 2.25]);
    finds("missing_clause", &plain("sweep up { x = W @ below.x }", "dx/dt = W @ below.x"));
    let text = plain("phase p {", "phase p (dt = -1) {").replace("x = W @ below.x", "dx/dt = W @ below.x");
    finds("bad_value", &text);
}

/// R7.15: the exponential, and a rotation, to the order of each method.
#[test]
fn integrators_have_their_order() {
    let h: f64 = 0.5;
    let series = |order: usize| {
        let mut term = 1.0;
        (1..=order).fold(1.0, |sum, n| {
            term *= -h / n as f64;
            sum + term
        })
    };
    for (method, order) in [("euler", 1), ("heun", 2), ("rk4", 4)] {
        let options = format!("dt = 0.5, integrator = {method}");
        moved(&options, "output dx/dt = -x;  output y = 1").is("state/p/x/output", &[series(order)]);
    }
    // x' = -y, y' = x from (1, 0): all rates move together, whatever is held between them.
    for between in ["", "clamp input y = 2;", "release input x;"] {
        let rotation = format!("output dx/dt = -y;  {between}  output dy/dt = x");
        let found = moved("dt = 0.5, integrator = heun", &rotation);
        found.is("state/p/x/output", &[1.0 - h * h / 2.0]);
        found.is("state/p/y/output", &[h]);
    }
    // Below an ordered block, and in one, each by itself.
    for apart in [
        "in turn { output dx/dt = -y;  output dy/dt = x }",
        "output dx/dt = -y;  in turn { input y = y };  output dy/dt = x",
    ] {
        let found = moved("dt = 0.5, integrator = heun", apart);
        found.is("state/p/x/output", &[1.0]);
        found.is("state/p/y/output", &[h]);
    }
}

/// R7.18: the number of the step and of steps.
#[test]
fn steps_have_numbers() {
    let text = "rule R {
  neuron { state x = 0, y = 0, z = 0 }
  synapse W : below -> self = 1
  phase p (steps = 4) { clamp input x = data + time;  y = 10 * y + time;  z = W @ (below.x + duration) }
  phase q { output x = y + time + 0.5 * duration + 0 * z }
  learn { W += 0 * post.x * pre.x }
  predict output.x after q
}
network n { 1 - 1 }";
    let found = Bench::new(text).present(&[("W/input->output", &[2.0])], &[&[5.0]], &[]);
    found.is("state/p/y/output", &[123.0]);
    found.is("state/p/z/output", &[18.0]);
    found.is("state/q/x/output", &[123.5]);
    finds("unknown_to_unit", &text.replace("0 * post.x", "time * post.x"));
    finds(
        "unknown_to_unit",
        &text
            .replace("state x = 0, y", "state a = 0, x = 0, y")
            .replace("after q", "after q\n check law { expect mean(x + time) < 1 }"),
    );
}

/// R7.18: in a definition or signal the time is that of the phase in which it is read, by units, synapses and what learns there.
#[test]
fn definitions_have_the_time_of_their_reader() {
    let text = "rule R(lr = 1) {
  neuron { let t = 10 * time + duration
    state x = 0, y = 0, z = 0, w = 0 }
  synapse W : below -> self = 1
  signal now = sum(output.t) / 2
  phase p (steps = 3) { clamp input x = data + t;  y = 100 * y + t;  learn { W += lr * post.t * (pre.x >= 0) } }
  phase q (steps = 2) { z = 100 * z + now + t;  w = W @ below.t }
  predict output.z + output.w after q
}
network n { 1 - 1 }";
    let found = Bench::new(text).present(&[("W/input->output", &[2.0])], &[&[5.0]], &[]);
    // 3, 13, 23 in the first phase; 2, 12 in the second, half as much again by the signal; W is 2 + 39 there.
    found.is("state/p/x/input", &[8.0]);
    found.is("state/p/y/output", &[31323.0]);
    found.is("increment/W/input->output", &[39.0]);
    found.is("state/q/z/output", &[318.0]);
    found.is("state/q/w/output", &[492.0]);
    // The duration that it had then, but no time.
    let past = |of: &str| text.replace("10 * time + duration", of).replace("+ now + t;", "+ now + t[p];");
    let found = Bench::new(&past("duration")).present(&[("W/input->output", &[2.0])], &[&[5.0]], &[]);
    found.is("state/q/z/output", &[404.0]);
    finds("unknown_to_unit", &past("time"));
    finds("unknown_to_unit", &text.replace("predict output.z", "predict output.t"));
    finds("unknown_to_unit", &text.replace("  predict", "  learn { W += 0 * post.t * pre.x }\n  predict"));
    // A phase that reads the time behind a name has no fixed point (R14.25).
    let at_rest = "check gradient at equilibrium of q { expect cosine(W) < 2 }\n}\nnetwork";
    finds("bad_value", &text.replace("}\nnetwork", at_rest));
}

/// A rule whose units take turns in this sweep, on a network.
fn one_by_one(options: &str, body: &str, network: &str) -> String {
    format!(
        "rule R {{
  neuron {{ state x = 0, y = 0 }}
  synapse W : below -> self = 1
  signal last = max(max(hidden.x), max(output.x))
  phase p{options} {{ clamp input x = data;  {body} }}
  learn {{ W += 0 * post.x * pre.y }}
  predict output.x after p
}}
network n {{ {network} }}"
    )
}

/// R7.20: every unit of all layers has its turn once in a step, and sees what those before it have become.
#[test]
fn units_take_turns() {
    let samples = vec![&[0.0][..]; 50];
    let text = one_by_one("", "sweep random { hidden x = last + 1;  output x = last + 1 }", "1 - 3 - 2");
    let found = Bench::new(&text).present(&[], &samples, &[]);
    let first = orders(&found);
    let mut orders_seen = first.clone();
    for order in &orders_seen {
        let mut sorted = order.clone();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, [1.0, 2.0, 3.0, 4.0, 5.0]);
    }
    orders_seen.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    orders_seen.dedup();
    assert!(orders_seen.len() > 20, "{}", orders_seen.len());
    // The second step has another order.
    let text =
        one_by_one(" (steps = 2)", "sweep random { hidden x = last + 1;  output x = last + 1 }", "1 - 3 - 2");
    let twice = Bench::new(&text).present(&[], &samples, &[]);
    let mut same = 0;
    for (order, again) in first.iter().zip(orders(&twice)) {
        let mut sorted = again.clone();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, [6.0, 7.0, 8.0, 9.0, 10.0]);
        same += usize::from(order.iter().zip(&again).all(|(a, b)| a + 5.0 == *b));
    }
    assert!(same < 10, "{same}");
}

/// For each sample `x` of the three hidden units and the two of the output.
fn orders(found: &Found) -> Vec<Vec<f64>> {
    let (hidden, output) = (found.get("state/p/x/h1"), found.get("state/p/x/output"));
    hidden.chunks(3).zip(output.chunks(2)).map(|(h, o)| [h, o].concat()).collect()
}

/// R7.20: all orders are as probable as each other. The statistic of Pearson for 24 of them is compared with its quantile for one
/// false alarm in 10⁵.
#[test]
fn orders_are_fair() {
    let text = one_by_one("", "sweep random { output x = last + 1 }", "1 - 1 - 4");
    let found = Bench::new(&text).present(&[], &vec![&[0.0][..]; 2400], &[]);
    let mut times = std::collections::BTreeMap::new();
    for order in found.get("state/p/x/output").chunks(4) {
        *times.entry(format!("{order:?}")).or_insert(0.0) += 1.0;
    }
    assert_eq!(times.len(), 24);
    let statistic: f64 = times.values().map(|n| (n - 100.0) * (n - 100.0) / 100.0).sum();
    assert!(statistic < 63.97, "{statistic}");
}

/// R7.20: in its turn a unit runs all equations, each with what was written before it; who is held has none.
#[test]
fn a_turn_is_of_one_unit() {
    // Each adds what it has just become: the sum is 1 + 2 + 4 + 8.
    let body = "sweep random { output x = 1 + sum(y);  output y = x }";
    let found = Bench::new(&one_by_one("", body, "1 - 1 - 4")).present(&[], &[&[0.0]], &[]);
    let mut sorted = found.get("state/p/y/output").to_vec();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(sorted, [1.0, 2.0, 4.0, 8.0]);
    assert_eq!(found.get("state/p/x/output"), found.get("state/p/y/output"));
    let held = "clamp output x = 3;  sweep random { hidden x = last + 1;  output x = last + 1 }";
    let found = Bench::new(&one_by_one("", held, "1 - 2 - 2")).present(&[], &[&[0.0]], &[]);
    found.is("state/p/x/output", &[3.0, 3.0]);
    let mut sorted = found.get("state/p/x/h1").to_vec();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(sorted, [4.0, 5.0]);
    // What has no value before the sweep has none until all have had their turns.
    finds("read_before_write", &one_by_one("", body, "1 - 1 - 4").replace("y = 0", "y"));
    // The draws of equations are each unit's own, and the same in both back ends, on any number of threads.
    let noisy = "sweep random { hidden x = bernoulli(sigmoid(sum(y) - x));  output x = normal() + W @ below.x;  y = x }";
    let text = one_by_one(" (steps = 3)", noisy, "5 - 4 - 3");
    let differences = compare::run(&Bench::new(&text).model(), 7, 1, 2).expect("the programs run");
    assert!(differences.iter().all(compare::Difference::agrees), "{differences:?}");
}

/// R7.21: a sum over synapses of which none ends where its equation holds is a doubt; without a role there is another end.
#[test]
fn sums_have_terms() {
    let with = |body: &str| {
        let states = plain("sweep up { x = W @ below.x }", body).replace("state x }", "state x = 0 }");
        states.replace("(lr = 1)", "(lr = 1) allow weight_transport")
    };
    finds("empty_sum", &with("sweep up { hidden x = W @ below.x;  output x = W @ below.x + W.T @ above.x }"));
    let released = with("release input x;  in turn { input x = W @ below.x;  x = W @ below.x }");
    assert!(codes(&released).contains(&"empty_sum".to_owned()));
    for meant in
        ["x = W @ below.x + W.T @ above.x", "hidden x = W @ below.x + W.T @ above.x;  output x = W @ below.x"]
    {
        assert!(codes(&with(meant)).iter().all(|code| code != "empty_sum"), "{meant}");
    }
    // What the output sends to all others never arrives at the output itself, whose head learns all the same.
    let heads = |error: &str, learn: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 0 }}
  neuron N sized output {{ state e = 0 }}
  synapse W : below -> self = glorot(), fixed
  synapse V : self -> N = 0
  synapse teach : output -> N = 1, one_to_one, fixed
  synapse own : self -> N = 1, one_to_one, fixed
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ {error} }}
  learn {{ {learn} }}
}}"
        )
    };
    finds("empty_sum", &heads("N.e = teach @ target - V @ self.x", "V += post.e * pre.x"));
    let hidden = "hidden N.e = teach @ target - V @ self.x";
    let both = format!("{hidden};  output N.e = own @ target - V @ self.x");
    for (error, learn) in [(&both[..], "V += post.e * pre.x"), (hidden, "hidden V += post.e * pre.x")] {
        assert!(codes(&heads(error, learn)).iter().all(|code| code != "empty_sum"), "{error}");
    }
}

/// R7.16: two turns, layers together.
#[test]
fn even_layers_take_turns_with_odd_ones() {
    let text = "rule R {
  neuron { state x }
  synapse W : below -> self = 1, symmetric
  phase start { clamp input x = data;  x = 1 }
  phase p { sweep even_odd { x = W @ below.x + W.T @ above.x } }
  learn { W += 0 * post.x * pre.x }
  predict output.x after p
}
network n { 1 - 1 - 1 - 1 }";
    let given: &[(&str, &[f64])] = &[("W/input->h1", &[1.0]), ("W/h1->h2", &[1.0]), ("W/h2->output", &[1.0])];
    let found = Bench::new(text).present(given, &[&[5.0]], &[]);
    // The input (0) and h2 (2) first, h2 from the old neighbours; then h1 and the output.
    found.is("state/p/x/h2", &[2.0]);
    found.is("state/p/x/h1", &[7.0]);
    found.is("state/p/x/output", &[2.0]);
}

/// R7.9: a clamp reads what was before it in all its layers, whichever way it hears them, also at every step of a phase over time.
#[test]
fn a_clamp_takes_hold_in_all_layers_at_once() {
    let text = |time: &str| {
        format!(
            "rule R {{
  neuron {{ state y = 1, z = 1 }}
  synapse W : below -> self = 2
  synapse V : above -> self = 2
  phase p{time} {{ clamp y = y + W @ below.y;  clamp z = z + V @ above.z + 0 * y }}
  learn {{ W += post.y;  V += post.z }}
}}
network n {{ 2 - 2 - 1 }}"
        )
    };
    for bench in [Bench::new(&text("")), Bench::new(&text(" (over time)")).over(1, true, false)] {
        let weights: &[(&str, &[f64])] = &[
            ("W/input->h1", &[2.0; 4]),
            ("W/h1->output", &[2.0; 2]),
            ("V/h1->input", &[2.0; 4]),
            ("V/output->h1", &[2.0; 2]),
        ];
        let found = bench.present(weights, &[&[0.0, 0.0]], &[]);
        found.is("state/p/y/input", &[1.0, 1.0]);
        found.is("state/p/y/h1", &[5.0, 5.0]);
        found.is("state/p/y/output", &[5.0]);
        found.is("state/p/z/output", &[1.0]);
        found.is("state/p/z/h1", &[3.0, 3.0]);
        found.is("state/p/z/input", &[5.0, 5.0]);
    }
}
