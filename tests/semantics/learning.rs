//! Rules 8: learning.

use plr_ir::Precision;
use plr_run::backend::Backend;
use plr_run::data::{Cells, Dataset, Table, Targets};
use plr_run::session::{Control, Options, Session};

use crate::bench::{Bench, clean, codes, finds};
use crate::text::plain;

/// The plain rule with a bias and other plasticity, on two samples 1 and 3 and the weight 2.
fn learned(learn: &str, body: &str) -> Bench {
    Bench::new(&format!(
        "rule R(lr = 1) {{
  neuron {{ param b = 0\n state x }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x + b }} }}
  {learn} {{ {body} }}
  predict output.x after p
}}
network n {{ 1 - 1 - 1 }}"
    ))
}

const WEIGHTS: &[(&str, &[f64])] = &[("W/input->h1", &[2.0]), ("W/h1->output", &[10.0])];

fn adds(learn: &str, body: &str, name: &str, expected: f64) {
    let found = learned(learn, body).present(WEIGHTS, &[&[1.0], &[3.0]], &[]);
    found.is(&format!("increment/{name}"), &[expected]);
}

/// R8.1: a block reads old parameters, its own included; what runs later reads new ones.
#[test]
fn plasticity_reads_old_values() {
    let text = "rule R {
  neuron { param b = 0\n state x = 0 }
  synapse W : below -> self
  phase p { x = 1 }
  learn { W += post.x + post.b + W;  b += 10 * x + b }
  phase q { x = 2 + b }
  learn { b += 100 + x }
}
network n { 1 - 1 }";
    let found =
        Bench::new(text).present(&[("W/input->output", &[5.0]), ("b/output", &[7.0])], &[&[0.0]], &[]);
    found.is("new/W/input->output", &[5.0 + 1.0 + 7.0 + 5.0]);
    found.is("state/q/x/output", &[2.0 + 24.0]);
    found.is("new/b/output", &[7.0 + 10.0 + 7.0 + 100.0 + 26.0]);
}

/// R8.2: what blocks of one step add adds up, though one of them reads what was before the step (R8.7).
#[test]
fn blocks_of_a_step_add_up() {
    let text = "rule R {
  neuron { param b = 0\n state x = 0 }
  synapse W : below -> self
  phase p { in turn { learn { b += 1 };  x = b };  learn { b += 10 + b } }
  learn { W += post.x * pre.x }
}
network n { 1 - 1 }";
    for steps in ["p", "p (steps = 2)"] {
        let text = text.replace("phase p", &format!("phase {steps}"));
        let found = Bench::new(&text).present(&[("b/output", &[7.0])], &[&[0.0]], &[]);
        let [first, second] = [7.0 + 1.0 + 17.0, 25.0 + 1.0 + 35.0];
        found.is("new/b/output", &[if steps == "p" { first } else { second }]);
        found.is("state/p/x/output", &[if steps == "p" { 8.0 } else { 26.0 }]);
    }
}

/// R8.1: for a prediction nothing is learned.
#[test]
fn predictions_do_not_learn() {
    let text = "rule R {
  neuron { param b = 0\n state x = 0 }
  phase p { x = 1 }
  learn { b += 10 }
  phase q { x = b }
  predict output.x after q
}
network n { 1 - 1 }";
    Bench::new(text).evaluate(&[("b/output", &[7.0])], &[&[0.0]], &[&[0.0]]).is("prediction", &[7.0]);
}

/// R8.7: at every step from what was before it; in turn from what was just written.
#[test]
fn phases_learn_at_every_step() {
    let text = |body: &str| {
        format!(
            "rule R {{
  neuron {{ param b = 0\n state x = 0 }}
  phase p (steps = 3) {{ {body} }}
  predict output.x after p
}}
network n {{ 1 - 1 }}"
        )
    };
    // x: 0 1 2 3, and b grows by the x before each step.
    let plain = Bench::new(&text("x += 1 + 0 * b;  learn { b += x }")).present(&[], &[&[0.0]], &[]);
    plain.is("new/b/output", &[3.0]);
    plain.is("increment/b/output", &[3.0]);
    let in_turn = text("in turn { x += 1 + 0 * b;  learn { b += x } }");
    Bench::new(&in_turn).present(&[], &[&[0.0]], &[]).is("new/b/output", &[6.0]);
    // The state reads the parameter of the step before.
    let reads = Bench::new(&text("x = b;  learn { b += 1 }")).present(&[], &[&[0.0]], &[]);
    reads.is("state/p/x/output", &[2.0]);
}

/// R8.9: every call has memories of its own, which are called like nothing else.
#[test]
fn memories_have_names_of_their_own() {
    let filter = "filter two(g) {\n  param m = 0, m2 = 0\n  m += g\n  m2 += 2 * g\n  return m + m2\n}\n";
    let text = |state: &str, numbers: &str, learn: &str| {
        let text = plain("state x", state)
            .replace("below -> self", &format!("below -> self {numbers}"))
            .replace("W += lr * post.x * pre.x", &format!("W += lr * {learn}"));
        format!("{filter}{text}network n {{ 1 - 1 }}")
    };
    let present = |text: &str| Bench::new(text).present(&[], &[&[3.0]], &[]);
    let twice = present(&text("state x", "", "(two(pre.x) - two(10 * pre.x))"));
    for (name, value) in [("m", 3.0), ("m2", 6.0), ("m3", 30.0), ("m23", 60.0)] {
        twice.is(&format!("new/W.{name}/input->output"), &[value]);
    }
    let beside =
        present(&text("state x", "{ fixed param m = 7;  fixed param m2 = 7 }", "two(pre.x) * (m + m2)"));
    for (name, value) in [("m3", 3.0), ("m23", 6.0)] {
        beside.is(&format!("new/W.{name}/input->output"), &[value]);
    }
    // A population may be called like a parameter.
    let text = "rule R {
  neuron { state x;  param b = 0 }
  neuron b { state z = 0;  param m = 5 }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x + b };  b: z = m }
  learn { W += pre.x;  b += two(x + 3);  m += z }
  predict output.x after p
}
network n { 1 - 1 }";
    let found = present(&format!("{filter}{text}"));
    for (name, value) in [("b.m", 0.0), ("b.m2", 3.0), ("b.m22", 6.0)] {
        found.is(&format!("new/{name}/output"), &[value]);
    }
}

/// R8.8, R8.9: lines in order, a memory for each weight, of the increment reduced over samples.
#[test]
fn filters_remember() {
    let text = "filter twice(g; s = 1) {
  param m = 3, n = 0
  m = m + g
  n = n + s * m
  return n + m
}
rule R {
  neuron { state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += twice(pre.x, s = 10) }
  predict output.x after p
}
network n { 2 - 1 }";
    let given: &[(&str, &[f64])] = &[("W.m/input->output", &[3.0, 4.0]), ("W.n/input->output", &[1.0, 2.0])];
    let shorter = text.replace("m = m + g", "m += g").replace("n = n + s * m", "n -= -s * m");
    for text in [text, &shorter] {
        let found = Bench::new(text).present(given, &[&[1.0, 2.0], &[3.0, 6.0]], &[]);
        found.is("new/W.m/input->output", &[5.0, 8.0]);
        found.is("new/W.n/input->output", &[51.0, 82.0]);
        found.is("increment/W/input->output", &[56.0, 90.0]);
    }
    // What only itself reads does nothing.
    let idle = text.replace("return n + m", "return g").replace("n = n + s * m", "n = n + 1 / m");
    let found = Bench::new(&idle).present(&[], &[&[1.0, 2.0], &[3.0, 6.0]], &[]);
    found.is("increment/W/input->output", &[2.0, 4.0]);
    // A first value may be made of the settings: of the call, or else of the filter.
    let begun = |call: &str| {
        let text = text.replace("m = 3", "m = 2 * s + max(s, 5)");
        Bench::new(&text.replace(", s = 10)", call)).first("W.m/input->output")
    };
    assert_eq!((begun(")"), begun(", s = 10)")), (vec![7.0, 7.0], vec![30.0, 30.0]));
    for varying in ["g", "n", "updates", "normal(1)"] {
        let wrong =
            format!("filter f5(g; s = 1) {{\n  param n = 0\n  param m = s * {varying}\n  return g\n}}");
        assert_eq!(codes(&wrong).len(), 1, "{varying}: {:?}", codes(&wrong));
    }
    finds("shape_mismatch", &plain("= W @ below.x", "= momentum(W @ below.x)"));
    finds("missing_clause", "filter f2(g) { param m = 0 }");
    finds("shape_mismatch", "filter f3(g) { return g / sum(g) }");
    finds("shape_mismatch", "filter f4(g) {\n  param m = 0\n  m = winner(g)\n  return m\n}");
}

/// R8.10: the number of the presentation.
#[test]
fn presentations_are_counted() {
    let found = learned("learn", "W += 0 * pre.x;  b += updates").present(
        &[("W/input->h1", &[1.0]), ("W/h1->output", &[1.0]), ("updates", &[4.0])],
        &[&[1.0]],
        &[],
    );
    found.is("increment/b/h1", &[5.0]);
    found.is("new/updates", &[5.0]);
    // A phase and what it predicts have the same number.
    let text = "rule R {
  neuron { state x, y = 0
    let u = 10 * updates + epoch }
  synapse W : below -> self = 0
  phase p { clamp input x = data;  x = updates;  y = W @ below.u }
  learn { W += pre.u + 0 * post.y }
  predict output.y + updates after p
}
network n { 1 - 1 }";
    let given: &[(&str, &[f64])] = &[("W/input->output", &[1.0]), ("updates", &[4.0])];
    let found = Bench::new(text).present(given, &[&[7.0]], &[]);
    found.is("state/p/x/output", &[5.0]);
    found.is("state/p/y/output", &[51.0]);
    found.is("increment/W/input->output", &[51.0]);
    Bench::new(text).evaluate(given, &[&[7.0]], &[&[0.0]]).is("prediction", &[56.0]);
}

/// R8.10, R8.12: a filter counts its own steps, in a phase and where it does not always learn: the first one of algorithm 1 of Kingma
/// & Ba (2015), and every one of a constant gradient, is `lr`.
#[test]
fn filters_count_their_steps() {
    let text = |phase: &str, within: &str, behind: &str| {
        format!(
            "rule R(lr = 0.01) {{
  neuron {{ state x = 0 }}
  synapse W : below -> self = 0
  phase p ({phase}) {{ clamp input x = data;  {within} }}
  {behind}
  phase q {{ output x = W @ below.x }}
  predict output.x after q
}}
network n {{ 1 - 1 }}"
        )
    };
    let learn = "{ W += adam(pre.x, lr = lr) }";
    for (text, step, updates) in [
        (text("steps = 10", &format!("learn {learn}"), ""), 0.1, Some(10.0)),
        (text("steps = 10", &format!("learn when time > 6 {learn}"), ""), 0.03, Some(3.0)),
        (text("steps = 1", "", &format!("learn when updates + 0 * lr < 100 {learn}")), 0.01, Some(1.0)),
        (text("steps = 1", "", &format!("learn {learn}")), 0.01, None),
    ] {
        let found = Bench::new(&text).present(&[("W/input->output", &[0.0])], &[&[1.0]], &[]);
        let new = found.get("new/W/input->output")[0];
        assert!((new - step).abs() < 1e-7, "{new} {step}");
        if let Some(updates) = updates {
            found.is("new/W.updates/input->output", &[updates]);
        }
    }
}

/// R8.10: epochs are counted by a run.
#[test]
fn epochs_are_counted() {
    let text = "rule R {
  neuron { state x }
  synapse W : below -> self = 0
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += 100 ^ epoch + 0 * post.x * pre.x }
  predict output.x after p
}
network n { 1 - 1 }";
    let inputs = Table::new(1, Cells::F64(vec![1.0, 2.0, 3.0])).expect("one column");
    let data = Dataset::new("numbers", inputs, Targets::None).expect("three samples");
    for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
        let options = Options { backend, precision: Precision::F64, batch: 1, seed: 1 };
        let model = Bench::new(text).model();
        let mut session = Session::new(&model, options).expect("it compiles");
        while session.position().epoch < 2 {
            session.train(&data, Some(2), &mut |_| Control::Continue).expect("it trains");
        }
        assert_eq!(session.parameters()[0].to_f64(), [30_300.0]);
    }
}

/// R8.15, R5.12, R7.18: what a rule declares is meant before what presentations, phases and layers have of that name.
#[test]
fn declared_names_stand_before_counts() {
    for name in ["epoch", "minibatch", "minibatches", "updates", "time", "duration", "depth", "height"] {
        let text = format!(
            "rule R {{
  neuron {{ state x }}
  synapse {name} : below -> self
  phase p {{ clamp input x = data;  sweep up {{ x = {name} @ below.x }} }}
  learn {{ {name} += post.x - {name} }}
  predict output.x after p
}}
network n {{ 1 - 1 }}"
        );
        let weight = format!("{name}/input->output");
        let found = Bench::new(&text).present(&[(&weight, &[3.0])], &[&[2.0]], &[]);
        found.is(&format!("increment/{weight}"), &[3.0]);
    }
}

/// R8.15: a block learns at the end of every epoch that is not cut off, in one go or in pieces; the smaller last minibatch counts
/// as one.
#[test]
fn epochs_end() {
    let text = "rule R {
  neuron { param b = 0
    state x }
  synapse W : below -> self = 0
  phase p { clamp input x = data;  sweep up { x = W @ below.x + 0 * b } }
  learn { W += 1 + 0 * post.x * pre.x }
  learn when minibatch == minibatches { b += 1 + 1000 * minibatches }
  predict output.x + 10 * minibatch + minibatches after p
}
network n { 1 - 1 }";
    let inputs = Table::new(1, Cells::F64(vec![0.0; 5])).expect("one column");
    let labels = Targets::Values(Table::new(1, Cells::F64(vec![0.0; 5])).expect("one column"));
    let data = Dataset::new("numbers", inputs, labels).expect("five samples");
    let model = Bench::new(text).model();
    for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
        let options = Options { backend, precision: Precision::F64, batch: 2, seed: 1 };
        for (pieces, weights) in [
            (&[2, 1][..], [3.0, 3001.0]),
            (&[3, 1], [4.0, 3001.0]),
            (&[1, 1, 1, 3], [6.0, 6002.0]),
            (&[2], [2.0, 0.0]),
        ] {
            let mut session = Session::new(&model, options).expect("it compiles");
            for &most in pieces {
                session.train(&data, Some(most), &mut |_| Control::Continue).expect("it trains");
            }
            let found: Vec<f64> = session.parameters().iter().flat_map(plr_ir::Tensor::to_f64).collect();
            assert_eq!(found, weights, "{pieces:?}");
            // What is predicted has the numbers of the next presentation, also after a pause.
            let next = 1.0 + (weights[0] % 3.0);
            let directory = std::env::temp_dir().join(format!("plr-epochs-{}", std::process::id()));
            std::fs::create_dir_all(&directory).expect("there is a place for files");
            let file = directory.join("weights.safetensors");
            session.save(&file).expect("a file can be written");
            let mut other = Session::new(&model, options).expect("it compiles");
            other.load(&file, data.samples()).expect("it fits");
            std::fs::remove_dir_all(&directory).expect("it is there");
            for session in [&mut session, &mut other] {
                let found = session.evaluate(&data).expect("it runs").expect("it predicts");
                let predicted = 10.0 * next + 3.0;
                assert_eq!(found.loss, predicted * predicted / 2.0);
            }
        }
    }
    // A check's epochs are of one minibatch, and so is what is presented here.
    Bench::new(text).present(&[("W/input->output", &[4.0])], &[&[0.0]], &[]).is("new/b/output", &[1001.0]);
    // The rule's own names stand before.
    let own =
        text.replace("state x", "state x, minibatch = 7").replace("rule R {", "rule R(minibatches = 7) {");
    let own = own.replace("+ 10 * minibatch + minibatches", "").replace("when minibatch ", "when 7 ");
    let own = own.replace("1 + 1000 * minibatches", "minibatch + minibatches");
    Bench::new(&own).present(&[], &[&[0.0]], &[]).is("new/b/output", &[14.0]);
}

/// R8.14: where the condition does not hold, neither parameters nor what filters remember change; elsewhere the block learns as if
/// it had none.
#[test]
fn learning_has_its_times() {
    let text = "rule R(k = 2, late = 3) {
  neuron { param b = 0
    state x }
  synapse W : below -> self
  phase p (steps = 4) {
    clamp input x = data
    sweep up { x = W @ below.x + b }
    learn when time == duration - 1 or time == 0 { b += 1 }
  }
  learn when mod(updates, k) == 0 and epoch == 1 { W += momentum(pre.x);  b += 10 * x }
  learn (sum) when updates >= late { W = 0 }
  predict output.x after p
}
network n { 1 - 1 }";
    let bench = Bench::new(text);
    let at = |updates: f64| {
        let given: &[(&str, &[f64])] =
            &[("W/input->output", &[1.0]), ("W.v/input->output", &[5.0]), ("updates", &[updates - 1.0])];
        bench.present(given, &[&[4.0]], &[])
    };
    for (updates, [weight, memory, bias]) in
        [(1.0, [1.0, 5.0, 2.0]), (2.0, [1.85, 8.5, 52.0]), (3.0, [0.0, 5.0, 2.0]), (4.0, [0.0, 8.5, 52.0])]
    {
        let found = at(updates);
        found.is("new/W/input->output", &[weight]);
        found.is("new/W.v/input->output", &[memory]);
        found.is("new/b/output", &[bias]);
    }
    // What is not the same for all samples and sites is no time.
    for when in ["x > 0", "sum(output.x) > 0", "data", "uniform() < 0.5", "W > 0", "time > 0"] {
        let text = plain("learn {", &format!("learn when {when} {{"));
        assert!(codes(&text).iter().any(|code| !code.starts_with("unused_")), "{text}");
    }
    finds("bad_value", &plain("learn {", "learn when target {"));
    clean(&plain("lr = 1", "lr = 1, k = 5").replace("learn {", "learn when updates > k {"));
}

/// R8.14, R8.15: a phase that serves a block which learns in few presentations is as if it ran in all of them, with its draws and
/// what filters remember.
#[test]
fn what_learns_at_times_may_have_phases_of_its_own() {
    let text = "rule R allow weight_transport {
  neuron { param b = 0
    state x, s = 0 }
  synapse W : below -> self = normal(0.5)
  phase p { clamp input x = data;  sweep up { x = tanh(W @ below.x + b) } }
  learn { W += 0.1 * (post.x - W) * pre.x }
  learn when updates == 2 or updates == 5 { b += 0.5 * momentum(x) }
  predict output.x after p
  phase sleep (steps = 5) {
    clamp input s = bernoulli(0.5)
    hidden s = tanh(W @ below.s + W.T @ above.s + 0.1 * normal())
    output s = tanh(W @ below.s)
    learn when minibatch == minibatches { W -= 0.01 * post.s * pre.s }
  }
  learn when epoch == 2 and minibatch == 1 { b -= s }
}
network n { 3 - 20 - 2 }";
    let inputs = Table::new(3, Cells::F64((0..33).map(|i| f64::from(i % 7) / 3.0 - 1.0).collect()));
    let labels = Targets::Values(Table::new(2, Cells::F64(vec![0.5; 22])).expect("two columns"));
    let data = Dataset::new("numbers", inputs.expect("three columns"), labels).expect("eleven samples");
    let model = Bench::new(text).model();
    let trained = |backend| {
        let options = Options { backend, precision: Precision::F64, batch: 4, seed: 1 };
        let mut session = Session::new(&model, options).expect("it compiles");
        for _ in 0..3 {
            session.train(&data, None, &mut |_| Control::Continue).expect("it trains");
        }
        session.parameters().iter().flat_map(plr_ir::Tensor::to_f64).collect::<Vec<f64>>()
    };
    let interpreted = trained(Backend::Interpreter);
    for threads in [1, 2] {
        let compiled = trained(Backend::Jit { threads });
        let apart = compiled.iter().zip(&interpreted).map(|(a, b)| (a - b).abs());
        assert!(apart.clone().all(|apart| apart < 1e-13), "{:?}", apart.collect::<Vec<_>>());
    }
}

/// R8.11: without a choice `optim` is what it is given.
#[test]
fn optim_is_chosen_by_the_experiment() {
    adds("learn", "W += optim(pre.x);  b += x", "W/input->h1", 2.0);
    let text = format!(
        "{}\nexperiment e {{\n  rule R\n  network n\n  optimiser sgd(lr = 3)\n}}",
        "rule R {
  neuron { param b = 0\n state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x + b } }
  learn { W += optim(pre.x);  b += x }
  predict output.x after p
}
network n { 1 - 1 }"
    );
    Bench::new(&text).of_experiment().present(&[], &[&[2.0]], &[]).is("increment/W/input->output", &[6.0]);
}

/// R8.12: three steps of every optimiser of the prelude against the formulas, written out in f64.
#[test]
fn optimisers_are_those_of_the_literature() {
    type Step = fn(f64, &mut [f64; 2], i32) -> f64;
    let optimisers: [(&str, &[&str], Step); 5] = [
        ("sgd(lr = 0.3)", &[], |g, _, _| 0.3 * g),
        ("momentum(lr = 0.3)", &["v"], |g, m, _| {
            m[0] = 0.9 * m[0] + g;
            0.3 * m[0]
        }),
        ("nesterov(lr = 0.3)", &["v"], |g, m, _| {
            m[0] = 0.9 * m[0] + g;
            0.3 * (g + 0.9 * m[0])
        }),
        ("rmsprop(lr = 0.3)", &["v"], |g, m, _| {
            m[0] = 0.9 * m[0] + (1.0 - 0.9) * g * g;
            0.3 * g / (m[0].sqrt() + 1e-8)
        }),
        ("adam(lr = 0.3)", &["m", "v"], |g, m, t| {
            m[0] = 0.9 * m[0] + (1.0 - 0.9) * g;
            m[1] = 0.999 * m[1] + (1.0 - 0.999) * g * g;
            let power = |b: f64| (0..t).fold(1.0, |p, _| p * b);
            0.3 * (m[0] / (1.0 - power(0.9))) / ((m[1] / (1.0 - power(0.999))).sqrt() + 1e-8)
        }),
    ];
    for (call, names, step) in optimisers {
        let (name, settings) = call.split_once('(').expect("a call");
        let bench = learned("learn", &format!("W += {name}(pre.x, {settings};  b += 0 * x"));
        let (mut memory, mut weight) = ([0.0; 2], 2.0);
        for (t, g) in [(1, 2.0), (2, -1.0), (3, 0.5)] {
            let group = |name: &&str| format!("W.{name}/input->h1");
            let named: Vec<(String, [f64; 1])> = names
                .iter()
                .zip(memory)
                .map(|(name, m)| (group(name), [m]))
                .chain([("W/input->h1".to_owned(), [weight])])
                .chain((name == "adam").then(|| ("updates".to_owned(), [f64::from(t - 1)])))
                .collect();
            let given: Vec<(&str, &[f64])> = named.iter().map(|(n, x)| (n.as_str(), &x[..])).collect();
            let found = bench.present(&given, &[&[g]], &[]);
            let added = step(g, &mut memory, t);
            weight += added;
            found.is("increment/W/input->h1", &[added]);
            for (name, m) in names.iter().zip(memory) {
                found.is(&format!("new/{}", group(name)), &[m]);
            }
        }
    }
}

/// R8.2: sums, differences, and values to become.
#[test]
fn increments_add_up() {
    adds("learn", "W += 1;  W += 2;  W -= 10;  b += x", "W/input->h1", -7.0);
    adds("learn", "W = 7;  b += x", "W/input->h1", 5.0);
    adds("learn", "W = 7;  W += 1;  b += x", "W/input->h1", 6.0);
}

/// R8.2, R8.4: what is set beside something else, or by the sum over samples, is not what it becomes.
#[test]
fn what_is_set_is_set_alone() {
    let text = |learn: &str| plain("learn { W += lr * post.x * pre.x }", learn);
    for doubtful in [
        "learn { W += lr * post.x * pre.x;  W = max(-1, min(1, W)) }",
        "learn { W = 1;  W = pre.x }",
        "learn { output W += pre.x;  W = 1 }",
        "learn (sum) { W = lr * pre.x }",
    ] {
        assert!(codes(&text(doubtful)).contains(&"set_adds".to_owned()), "{doubtful}");
    }
    for fine in [
        "learn { W += lr * post.x * pre.x }\n learn { W = max(-1, min(1, W)) }",
        "learn { output W += lr * pre.x;  hidden W = 1 }",
        "learn (sum) { W += lr * pre.x }",
        "learn { W += lr * pre.x;  W -= post.x }",
    ] {
        assert!(!codes(&text(fine)).contains(&"set_adds".to_owned()), "{fine}");
    }
}

/// R8.3: the mean over the samples, of products too; what does not vary counts once.
#[test]
fn increments_are_means() {
    adds("learn", "W += pre.x;  b += x", "W/input->h1", 2.0);
    adds("learn", "W += post.x * pre.x;  b += x", "W/input->h1", (2.0 + 18.0) / 2.0);
    adds("learn", "W += max(post.x, pre.x * pre.x);  b += x", "W/input->h1", (2.0 + 9.0) / 2.0);
    adds("learn", "W += pre.x + 1 - 3 * W;  b += x", "W/input->h1", 2.0 + 1.0 - 6.0);
    adds("learn", "W += 1;  b += x", "b/h1", 4.0);
}

/// R8.4: the sum over the samples, of constants too.
#[test]
fn increments_can_be_sums() {
    adds("learn (sum)", "W += pre.x;  b += x", "W/input->h1", 4.0);
    adds("learn (sum)", "W += post.x * pre.x;  b += x", "W/input->h1", 20.0);
    adds("learn (sum)", "W += 1;  b += 1", "W/input->h1", 2.0);
    adds("learn (sum)", "W -= 3 * W;  b += x", "W/input->h1", -12.0);
    adds("learn (sum)", "W += 1;  b += x", "b/h1", 8.0);
}

/// R8.4, R8.9, R8.11: a filter has had the sum over the samples, so that what it returns counts once.
#[test]
fn what_filters_return_counts_once() {
    let adding = |learn: &str, body: &str, expected: f64| {
        let text = format!(
            "filter same(g) {{ return g }}
rule R(lr = 1) {{
  neuron {{ param b = 3\n state x }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x + 0 * b }} }}
  {learn} {{ W += 0 * x;  b += {body} }}
}}
network n {{ 1 - 1 }}"
        );
        let text = text.replace("W += 0 * x", "W += 0 * post.x");
        let given: &[(&str, &[f64])] = &[("W/input->output", &[2.0]), ("b/output", &[3.0])];
        Bench::new(&text).present(given, &[&[1.0], &[3.0]], &[]).is("increment/b/output", &[expected]);
    };
    // Of two samples x is 2 and 6, and b is 3.
    for (body, mean, sum) in [
        ("x", 4.0, 8.0),
        ("same(x)", 4.0, 8.0),
        ("momentum(x, lr = 0.5, mu = 0)", 2.0, 4.0),
        ("optim(x)", 4.0, 8.0),
        ("same(1)", 1.0, 2.0),
        ("same(same(x))", 4.0, 8.0),
        ("lr * same(x) / 2", 2.0, 4.0),
        ("-same(x) - 0.5 * b", -5.5, -8.0 - 3.0),
        ("b * same(x)", 12.0, 24.0),
        ("same(x) * (b + 1)", 16.0, 32.0),
        ("(same(x) + 1) * b", 15.0, 24.0 + 6.0),
        ("max(same(x), 1)", 4.0, 8.0),
        ("if same(x) > 5 then 1 else 0", 0.0, 1.0),
        ("x * same(x)", 16.0, 64.0),
    ] {
        adding("learn", body, mean);
        adding("learn (sum)", body, sum);
    }
    adds("learn (sum)", "W += momentum(post.x * pre.x, lr = 1, mu = 0);  b += x", "W/input->h1", 20.0);
    adds("learn (sum)", "W += W * optim(pre.x);  b += x", "W/input->h1", 8.0);
    adds("learn (sum)", "W += optim(pre.x) * pre.x;  b += x", "W/input->h1", 16.0);
}

/// R8.5: a role keeps plasticity to the layers that own what changes.
#[test]
fn roles_choose_what_is_learned() {
    let found = learned("learn", "output W += pre.x;  hidden b += x").present(WEIGHTS, &[&[1.0]], &[]);
    found.is("increment/W/h1->output", &[2.0]);
    found.is("increment/b/h1", &[2.0]);
    assert!(!found.has("increment/W/input->h1") && !found.has("increment/b/output"));
}

/// R8.6: `learn` writes parameters, phases write states.
#[test]
fn everything_is_written_in_its_place() {
    for body in ["W += pre.x;  x += 1", "W += pre.x;  u = 1"] {
        let text = plain("state x", "state x\n let u = x").replace("W += lr * post.x * pre.x", body);
        assert!(codes(&text).contains(&"shape_mismatch".to_owned()), "{text}");
    }
    finds("shape_mismatch", &plain("sweep up {", "W = 1;  sweep up {"));
    let text = plain("state x", "param b = 0\n state x").replace("sweep up {", "b = 1;  sweep up {");
    finds("shape_mismatch", &text.replace("W += lr * post.x * pre.x", "W += lr * post.x * pre.x;  b += x"));
}
