//! Rules 13: locality.

use plr_ir::Precision;
use plr_ir::model::{Model as _, Pattern};
use plr_run::backend::Backend;
use plr_run::perturb;
use plr_sema::audit::bill::Bill;
use plr_sema::audit::{Audit, Built, Row};

use crate::bench::{Bench, clean, finds, legal};
use crate::text::plain;

/// The rows of the audit of the first rule, on the network `n` if there is one.
pub fn audit(text: &str) -> Audit {
    audit_of_steps(text, 1.0)
}

/// The audit, if each phase has so many steps.
fn audit_of_steps(text: &str, steps: f64) -> Audit {
    let analysis = legal(text);
    let rule = analysis.rules().next().expect("there is a rule");
    let library = analysis.library();
    match analysis.networks().first() {
        Some((_, network)) => Audit::on_network(rule, library, (network, &Built::everything()), &|_| steps),
        None => Audit::of_rule(rule, library),
    }
}

fn row<'a>(audit: &'a Audit, name: &str) -> &'a Row {
    audit
        .rows
        .iter()
        .find(|row| row.name == name)
        .unwrap_or_else(|| panic!("no `{name}` in {:?}", audit.rows))
}

fn verdict(text: &str, name: &str) -> String {
    row(&audit(text), name).verdict.clone().unwrap_or_default()
}

/// R13.1: an equation answers for its own unit's definitions; another unit's definition for itself.
#[test]
fn definitions_answer_for_themselves() {
    let text = |read: &str| {
        plain("state x", "state x\n let u = sum(x)")
            .replace("= W @ below.x", &format!("= W @ below.x + {read}"))
    };
    assert_eq!(verdict(&text("0 * (W @ below.u)"), "p: x"), "local");
    assert_eq!(verdict(&text("0 * (W @ below.u)"), "let u"), "local + lateral");
    let own = plain("state x", "state x\n let u = sum(W @ below.x)").replace("= W @ below.x", "= u");
    assert_eq!(verdict(&own, "p: x"), "local + lateral");
}

/// R13.2: the table of verdicts.
#[test]
fn verdicts_follow_from_what_is_used() {
    let unit = |read: &str, licence: &str| {
        let text = plain("= W @ below.x", &format!("= W @ below.x + {read}")).replace("(lr = 1)", &format!("(lr = 1){licence}"))
            .replace("synapse W : below -> self", "signal s = sum(input.x)\n  synapse W : below -> self\n  synapse V : below -> self = 1, fixed, symmetric")
            .replace("state x", "state x = 0").replace("predict output.x", "predict output.x + 0 * s");
        verdict(&text.replace("post.x * pre.x", "post.x * pre.x + 0 * s + 0 * post.x"), "p: x")
    };
    assert_eq!(unit("x", ""), "local");
    assert_eq!(unit("s", ""), "local + modulator");
    assert_eq!(unit("max(x)", ""), "local + lateral");
    for lateral in [
        "sum(x, over = channels)",
        "winner(x, over = places)",
        "softmax(x)",
        "rank(x)",
        "top(x, k = 2)",
        "winner(x)",
        "norm(x)",
    ] {
        assert_eq!(unit(lateral, ""), "local + lateral");
    }
    assert_eq!(unit("V.T @ above.x", ""), "local given symmetric synapses");
    assert_eq!(unit("V.T @ above.x + s", ""), "local + modulator, given symmetric synapses");
    assert_eq!(unit("W.T @ above.x", " allow weight_transport"), "not local (weight_transport)");
    assert_eq!(unit("batch_mean(x)", " allow batch_statistics"), "not local (batch_statistics)");
    assert_eq!(unit("batch_shift(x)", " allow batch_statistics"), "not local (batch_statistics)");
    assert_eq!(unit("batch_shuffle(x)", " allow batch_statistics"), "not local (batch_statistics)");
    // What a synapse multiplies by counts as what arrives.
    assert_eq!(unit("min(W, pre.x * post.x) @ below.x", ""), "local");
    assert_eq!(unit("(W * sum(pre.x)) @ 1", ""), "local + lateral");
    assert_eq!(unit("max(V, pre.x).T @ 1 + (W * s) @ 1", ""), "local + modulator, given symmetric synapses");
    assert_eq!(unit("min(W, post.x).T @ 1", " allow weight_transport"), "not local (weight_transport)");
    assert_eq!(unit("running_sum(W) @ 1", " allow other_synapse"), "not local (other_synapse)");
    let synapse = |read: &str, licence: &str| {
        let text = plain("post.x * pre.x", read)
            .replace("(lr = 1)", &format!("(lr = 1){licence}"))
            .replace("synapse W", "synapse V : below -> self = 1, fixed\n  synapse W")
            .replace("= W @ below.x", "= W @ below.x + V @ below.x");
        verdict(&text, "learn: W")
    };
    assert_eq!(synapse("post.x * pre.x[p] * W", ""), "local");
    assert_eq!(synapse("rank(post.x) * pre.x[p]", ""), "local + lateral");
    assert_eq!(synapse("V", " allow other_synapse"), "not local (other_synapse)");
    // The weights of one that runs the other way are the same by either name.
    for (ends, weight) in [("above -> self", "W"), ("above -> self", "W.T"), ("self -> below", "W")] {
        let text = plain("(lr = 1)", "(lr = 1) allow weight_transport")
            .replace("state x", "state x = 0")
            .replace("synapse W", &format!("synapse B : {ends} = 1\n  synapse W"))
            .replace("= W @ below.x", "= W @ below.x + B @ above.x")
            .replace("learn {", &format!("learn {{ B += {weight} - B;"));
        assert_eq!(verdict(&text, "learn: B"), "not local (weight_transport)");
    }
}

/// R13.3: what is not local needs a licence, and there are three.
#[test]
fn what_is_not_local_needs_a_licence() {
    let backwards = plain("state x", "state x = 0").replace("= W @ below.x", "= W @ below.x + W.T @ above.x");
    finds("non_local_read", &backwards);
    clean(&backwards.replace("(lr = 1)", "(lr = 1) allow weight_transport"));
    finds("non_local_read", &plain("= W @ below.x", "= W @ below.x + batch_mean(1)"));
    finds("unknown_name", &plain("(lr = 1)", "(lr = 1) allow telepathy"));
    let other = plain("synapse W", "synapse V : below -> self = 1, fixed\n  synapse W")
        .replace("= W @ below.x", "= W @ below.x + V @ below.x")
        .replace("post.x * pre.x", "V");
    finds("non_local_read", &other);
}

/// R13.4: a licence that nothing needs is a doubt.
#[test]
fn licences_are_needed() {
    for licence in ["weight_transport", "other_synapse", "batch_statistics"] {
        finds("unused_licence", &plain("(lr = 1)", &format!("(lr = 1) allow {licence}")));
    }
}

/// R13.5: a layer-wide activation makes its layer an exception.
#[test]
fn layer_wide_activations_are_exceptions() {
    let text =
        format!("{}network n {{ 3 - 4 relu - 2 softmax }}", plain("= W @ below.x", "= f(W @ below.x)"));
    let audit = audit(&text);
    let row = row(&audit, "p: x");
    assert_eq!(row.verdict.as_deref(), Some("local"));
    let exceptions: Vec<_> = row.exceptions.iter().map(|e| (e.site.as_str(), e.verdict.as_str())).collect();
    assert_eq!(exceptions, [("output", "local + lateral")]);
}

/// R13.5: a cost of the file that reads the whole layer makes lateral whoever reads it.
#[test]
fn costs_of_a_layer_are_lateral() {
    let text =
        plain("state x", "state x, d").replace("learn {", "phase q { output d = -loss'(x) }\n  learn {");
    let of =
        |cost: &str| format!("cost own(x, t) = {cost} with derivative x - t\n{text}network n {{ 3 - 2 }}");
    assert_eq!(verdict(&of("(x - t)^2 / 2"), "q: output d"), "local");
    assert_eq!(verdict(&of("(x - sum(x) - t)^2 / 2"), "q: output d"), "local + lateral");
}

/// R13.6: a signal may reduce; it has no verdict of its own.
#[test]
fn signals_are_global_by_declaration() {
    let text =
        plain("synapse W", "signal s = sum(output.x)\n  synapse W").replace("lr * post.x", "lr * s * post.x");
    assert_eq!(row(&audit(&text), "signal s").verdict, None);
    assert_eq!(verdict(&text, "learn: W"), "local + modulator");
}

/// R13.7: perturbation finds no leak, and each reading does something.
#[test]
fn audits_are_put_to_the_test() {
    for lateral in ["", "top(x, k = 2) + rank(W @ below.x) + "] {
        let text = plain("state x", "state x = 0")
            .replace("= W @ below.x", &format!("= {lateral}tanh(W @ below.x + L @ self.x)"))
            .replace("synapse W", "synapse L : self -> self\n  synapse W")
            .replace("learn {", "learn { L -= lr * L * post.x / (epoch + updates);")
            .replace("{ clamp", "(steps = 2) { clamp")
            .replace("sweep up { x", "x")
            .replace("self.x) } }", "self.x) }");
        let model = Bench::new(&format!("{text}network n {{ 3 - 4 - 2 }}")).model();
        for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
            let found = perturb::run(&model, Precision::F32, 1, backend).expect("the equations run");
            assert!(found.len() >= 6);
            let as_said = found.iter().all(|finding| finding.leaks.is_empty() && finding.idle.is_empty());
            assert!(as_said, "{found:?}");
        }
    }
}

/// R13.7: by the drive the cost of a softmax reads the targets of all units.
#[test]
fn costs_by_the_drive_are_put_to_the_test() {
    let text = "rule R(lr = 1) {
  neuron { param b = 0\n state a, x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { a = W @ below.x + b;  x = f(a) } }
  learn { output W -= lr * cost'(post.a) * pre.x;  output b -= lr * cost'(a) }
  predict output.x after p
}
network n { 3 - 4 softmax }";
    let model = Bench::new(text).cost("softmax_cross_entropy").model();
    for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
        let found = perturb::run(&model, Precision::F64, 1, backend).expect("the equations run");
        let as_said = found.iter().all(|finding| finding.leaks.is_empty() && finding.idle.is_empty());
        assert!(as_said, "{found:?}");
    }
}

/// R13.7, R5.14: what a unit hears through expressions of its synapses, their traces among them, and no more.
#[test]
fn expressions_of_synapses_are_put_to_the_test() {
    let text = "rule R allow weight_transport {
  neuron { param b = 0\n state x = 0, y = 0\n let u = x + b }
  synapse W : below -> self
  synapse S : self -> self, one_to_one { trace t = 0 }
  synapse L : self -> self { trace A = 0 }
  phase p (steps = 2) {
    clamp input x = data
    x = tanh(abs(W - pre.u) @ 1 + (W * post.y - pre.x * W^2) @ below.u + (S * t * pre.y) @ self.x + b)
    y = (L + A * pre.u) @ self.x + min(W, post.u * pre.x).T @ above.y + (A * post.x).T @ 1
    A = 0.5 * A + post.x * pre.y
    t = t + post.x
  }
  phase q { x = (W * pre.u[p]) @ below.u[p] }
  learn { W += post.x * pre.x;  L += A;  S += t;  b += (W * post.x) @ below.y }
}
network n { 3 - 4 - 2 }";
    let model = Bench::new(text).model();
    for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
        let found = perturb::run(&model, Precision::F64, 1, backend).expect("the equations run");
        let as_said = found.iter().all(|finding| finding.leaks.is_empty() && finding.idle.is_empty());
        assert!(found.len() >= 14 && as_said, "{found:?}");
    }
}

/// R13.9: an integrator's stages and learning at every step are paid each time; so is what lies beside a weight.
#[test]
fn what_happens_at_every_step_is_paid_at_every_step() {
    let text = |integrator: &str, within: &str, after: &str| {
        format!(
            "rule R {{
  neuron {{ state x = 0 }}
  synapse W : below -> self {{ param m = 0 }}
  phase p (steps = 10, dt = 0.1, integrator = {integrator}) {{
    clamp input x = data
    dx/dt = W @ below.x - x
    {within}
  }}
  {after}
}}
network n {{ 5 - 2 }}"
        )
    };
    let learn = "learn { W += momentum(post.x * pre.x - W);  m += 0.1 * W }";
    let cost = |integrator, within, after| {
        let audit = audit_of_steps(&text(integrator, within, after), 10.0);
        let bill = audit.bill.expect("there is a network");
        (bill.multiply_adds.dynamics, bill.multiply_adds.plasticity)
    };
    // Two products for W, post.x * pre.x and W, and one for m, at each of ten synapses.
    assert_eq!(cost("euler", "", learn), (10 * 10, 30));
    assert_eq!(cost("heun", "", learn), (2 * 10 * 10, 30));
    assert_eq!(cost("rk4", learn, ""), (4 * 10 * 10, 10 * 30));
    let bill = audit(&text("euler", learn, "")).bill.expect("there is a network");
    let beside: Vec<_> = bill.synapse_parameters.iter().map(|p| (p.name.as_str(), p.values)).collect();
    let memories: Vec<_> = bill.memories.iter().map(|m| (m.name.as_str(), m.values)).collect();
    assert_eq!((beside, memories), (vec![("W.m", 10)], vec![("W.v", 10)]));
    assert_eq!(bill.locking[0].every_step.as_deref(), Some("p"));
    assert!(bill.locking[0].waits_for.is_empty(), "it hears what the phase computes as it goes");
}

/// R13.9: traces wait, are waited for and are copied like states; plain equations wait for nothing in their step (R7.7).
#[test]
fn traces_are_billed_like_states() {
    let bill = |body: &str, learn: &str| {
        let text = format!(
            "rule R {{
  neuron {{ state x = 0, y = 0 }}
  synapse W : below -> self {{ trace e, g }}
  synapse B : above -> self = 1, fixed
  phase p {{ clamp input x = data;  {body} }}
  phase q (from = p) {{ g = 2 * g + post.y * pre.x }}
  learn {{ W += {learn} }}
}}
network n {{ 3 - 2 - 4 - 1 }}
experiment e {{ rule R;  network n }}"
        );
        audit(&text).bill.expect("there is a network")
    };
    let up = "sweep up { x = W @ below.x }";
    let depth = |body: &str| bill(body, "g").phases[0].depth;
    assert_eq!(depth(up), 3);
    // What a unit hears through a trace that has just been written comes after it.
    assert_eq!(depth(&format!("in turn {{ {up}\n e = post.x * pre.x\n y = e @ below.x }}")), 5);
    assert_eq!(depth(&format!("in turn {{ {up}\n e = 0.5 * e\n y = e @ below.x }}")), 3);
    assert_eq!(depth(&format!("{up}\n e = post.x * pre.x\n y = x")), 3);
    // Of two phases, the one whose value it is.
    let waits = |body: &str, learn: &str| bill(body, learn).locking[0].waits_for.join(", ");
    let traced = format!("in turn {{ {up}\n y = B @ above.x\n e = post.y * pre.x }}");
    assert_eq!(
        (waits(&traced, "e"), waits(&traced, "g"), waits(&traced, "g[p]")),
        ("p".to_owned(), "q".to_owned(), String::new())
    );
    // The feedback that it has heard comes from later layers, at the last of them from none.
    assert_eq!(bill(&traced, "e").locking[0].locked_at, ["input->h1", "h1->h2"]);
    let copies = |learn: &str| {
        let copies = bill(&traced.replace("e =", "g ="), learn).copies;
        copies.into_iter().map(|c| (c.state, c.phase, c.values)).collect::<Vec<_>>()
    };
    assert_eq!(copies("g"), []);
    assert_eq!(copies("g[p]"), [("W.g".to_owned(), "p".to_owned(), 6 + 8 + 4)]);
}

/// R13.2, R13.7: what is read of a group, and of units that belong to a unit, stands the test of perturbation, flat and with rows and
/// columns; the audit says that it is no more.
#[test]
fn what_is_near_is_all_that_is_read() {
    let text = "rule R {
  neuron P {
    param c = 0.1
    state x = 0.1, y = 0.2
    let most = x + max(B.v, over = self)
  }
  neuron B sized 2 * self {
    param b = 0.1
    state v = 0.3, w = 0.4, u = 0.5
    let near = sum(v, over = groups(4)) * P.x
  }
  synapse W : below.P -> B
  phase p {
    clamp input P: x = data
    P: x = sum(B.v * B.b, over = self) + c
    P: y = most + max(B.near, over = self)
    B: v = tanh(P.x) + tanh(W @ below.P.x + P.c)
    B: w = v * winner(v, over = groups(4)) + P.most
    B: u = winner(near, over = groups(2))
  }
  learn { W += post.w * pre.x;  b += near + P.most + 0 * u;  c += most + y }
}
";
    for network in ["4 - 6 - 8", "2x2x2 - conv 4 k1 - conv 2 k2 p1", "2x2x2 - local 4 k1 - 4"] {
        let model = Bench::new(&format!("{text}network n {{ {network} }}")).model();
        for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
            for found in perturb::run(&model, Precision::F64, 1, backend).expect("the equations run") {
                assert!(found.leaks.is_empty(), "{network}: {found:?}");
            }
        }
    }
    let model = Bench::new(&format!("{text}network n {{ 4 - 6 - 8 }}")).model();
    let read = |equation: &str, input: &str| {
        let equation = model.equations().iter().find(|e| e.name == equation).expect("there is the equation");
        equation.reads.iter().find(|r| r.input == input).expect("it is read").pattern
    };
    let near = |own, theirs| Pattern::Near { own, theirs, places: 1 };
    assert_eq!(read("p: P.x at h1", "B.v/h1"), near(1, 2));
    assert_eq!(read("p: B.v at h1", "P.x/h1"), near(2, 1));
    assert_eq!(read("p: B.w at h1", "B.v/h1"), near(4, 4));
    assert_eq!(read("p: B.w at h1", "P.x/h1"), near(2, 1));
    // Through the two units of a group of four: the eight branches' groups are theirs.
    assert_eq!(read("p: P.y at h1", "B.v/h1"), near(2, 4));
    assert_eq!(read("p: P.y at h1", "P.x/h1"), Pattern::Own);
    let audit = audit(&format!("{text}network n {{ 4 - 6 - 8 }}"));
    let said = |name: &str| {
        let row = row(&audit, name);
        (row.verdict.clone().unwrap_or_default(), row.reads.join("; "))
    };
    let owned = |verdict: &str, reads: &str| (verdict.to_owned(), reads.to_owned());
    assert_eq!(said("p: P.x"), owned("local", "own P.c; B.v, B.b of the units that belong to it"));
    assert_eq!(
        said("learn: B.b"),
        owned(
            "local + lateral",
            "own B.v, B.u; its group of 4 units; P.x, P.most of the unit to which it belongs",
        )
    );
}

/// R7.7, R13.9: what a plain equation below an ordered block reads is old, so that it waits for nothing in its step, and knows of
/// other layers only what they knew before; in turn it waits.
#[test]
fn plain_equations_wait_for_no_block() {
    let text = |above: &str, below: &str, steps: u32| {
        format!(
            "rule R {{
  neuron {{ param b = 0
    state x = 0, e = 0 }}
  synapse W : below -> self
  synapse B : above -> self
  phase p (steps = {steps}) {{
    clamp input x = data
    {above}
    sweep down {{ hidden x = B @ above.x }}
    e = x
    {below}
  }}
  learn {{ b += e;  W += post.x * pre.x;  B += post.x * pre.x }}
}}
network n {{ 5 - 4 - 3 - 2 }}"
        )
    };
    let bill = |above, below, steps: u32| {
        audit_of_steps(&text(above, below, steps), f64::from(steps)).bill.expect("there is a network")
    };
    let locked = |bill: &Bill| bill.locking[0].locked_at.join(",");
    // The sweep goes through h2 and h1.
    let plain = bill("", "", 1);
    assert_eq!((plain.phases[0].depth, locked(&plain).as_str()), (2, ""));
    let ordered = bill("in turn {", "}", 1);
    assert_eq!((ordered.phases[0].depth, locked(&ordered).as_str()), (3, "h1,h2"));
    // The next step sees it.
    let later = bill("", "", 2);
    assert_eq!((later.phases[0].depth, locked(&later).as_str()), (2, "h1,h2"));
}

/// R13.8 and R13.9: classes and traffic of wires, and the bill of a small rule, counted by hand.
#[test]
fn bills_are_counted() {
    let text = "rule R allow weight_transport {
  neuron { param b = 0\n state x, d }
  synapse W : below -> self
  synapse S : below -> self = 1, fixed, symmetric
  synapse L : self -> self = 1, fixed
  synapse O : output -> self = 1, fixed
  phase p { clamp input x = data;  sweep up { x = W @ below.x + S @ below.x + b } }
  phase q { output d = target - x + x[p];  sweep down { hidden d = W.T @ above.d + S.T @ above.d + O @ output.d + L @ self.x } }
  learn { W += post.d * pre.x;  b += d }
  predict output.x after p
}
network n { 5 - 3 - 2 }";
    let bill = audit(text).bill.expect("there is a network");
    let wires: Vec<String> = bill
        .wires
        .iter()
        .map(|w| format!("{} {} {:?} {} {}", w.synapse, w.class.name(), w.traffic, w.instances, w.synapses))
        .collect();
    assert_eq!(
        wires,
        [
            "W forward Transported 2 21",
            "S forward Bidirectional 2 21",
            "L lateral OneWay 2 13",
            "O broadcast OneWay 1 6",
        ]
    );
    assert_eq!((bill.units, bill.states.len(), bill.steps), (10, 2, 2));
    assert_eq!(bill.phases.iter().map(|p| p.depth).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(bill.sequential_depth, 4);
    // p: W and S, 21 each. q: at h1 W.T and S.T from the output, 6 each, O 6, L 9.
    assert_eq!((bill.multiply_adds.dynamics, bill.multiply_adds.plasticity), (42 + 6 + 6 + 6 + 9, 21));
    assert!(bill.copies.is_empty(), "x is not written after p");
    let locked: Vec<_> = bill.locking.iter().map(|l| (l.equation.as_str(), l.waits_for.join(","))).collect();
    assert_eq!(locked, [("learn: W", "p,q".to_owned()), ("learn: b", "q".to_owned())]);
}

/// R13.9: what learns in a phase waits for the earlier phases that the steps of its own wait for, whoever of them reads what they
/// have come to.
#[test]
fn learning_in_a_phase_waits_for_what_its_steps_wait_for() {
    let waits = |body: &str, error: &str| {
        let text = format!(
            "rule R {{
  neuron {{ state x = 0, y = 0, e = 0 }}
  synapse W : below -> self
  phase free (steps = 3) {{ clamp input x = data;  output x = x / 2 + W @ below.x }}
  phase other {{ output y = target }}
  phase test (steps = 3) {{ clamp input x = 0.5 * data;  {body}
    in turn {{ output x = x / 2 + W @ below.x;  output e = x - 1
      learn {{ W += {error} * pre.x }} }} }}
}}
network n {{ 3 - 2 }}"
        );
        let bill = audit(&text).bill.expect("there is a network");
        let found = &bill.locking[0];
        assert_eq!(found.every_step.as_deref(), Some("test"));
        found.waits_for.join(",")
    };
    let direct = "(post.x[free] - post.x)";
    assert_eq!(waits("", direct), "free");
    assert_eq!(waits("output e = x[free] - x", "post.e"), "free");
    assert_eq!(waits("clamp output e = x[free]", "post.e"), "free");
    assert_eq!(waits("output e = y", "post.e"), "other");
    assert_eq!(waits("output e = y - x[free]", "post.e"), "free,other");
    assert_eq!(waits("", "post.e"), "");
}

/// R13.9: what is not built (R3.8) is not paid for; what reads what was learned before waits for what that has waited for.
#[test]
fn bills_are_for_what_is_built() {
    let text = "rule R {
  neuron { param b = 0\n persistent state z = 0\n state x = 0 }
  synapse W : below -> self { param g = 0 }
  synapse V : self -> self = normal(0.1)
  phase p { clamp input x = data
    hidden x = f(W @ below.x + V @ self.z + b)
    output x = f(W @ below.x + b)
    hidden z = x }
  phase q { in turn { output x = f(W @ below.x + b) } }
  learn { output g += post.x * pre.x }
  learn { output W += g;  b -= x;  hidden V += momentum(post.x * pre.z) }
  predict output.x after q
}
network n { 6 - 4 tanh - 2 }";
    let analysis = legal(text);
    let model = Bench::new(text).model();
    let (rule, network) = (analysis.rules().next().expect("there is one"), &analysis.networks()[0].1);
    let bill_of = |built: &Built| {
        let audit = Audit::on_network(rule, analysis.library(), (network, built), &|_| 1.0);
        audit.bill.expect("there is a network")
    };
    let (bill, whole) = (bill_of(&model.built()), bill_of(&Built::everything()));
    // b, z and V are of the hidden layer, b of the output too.
    assert_eq!((bill.unit_parameters[0].units, bill.unit_parameters[0].values), (6, 6));
    assert_eq!((bill.kept[0].values, bill.memories[0].values), (4, 16));
    let wires = |bill: &Bill| bill.wires.iter().map(|w| (w.instances, w.synapses)).collect::<Vec<_>>();
    assert_eq!(wires(&bill), [(2, 32), (1, 16)]);
    assert_eq!(wires(&whole), [(2, 32), (2, 16 + 4)]);
    // As many as a weights file has.
    let count = |group: &str| {
        let all = model.parameters().iter().filter(|p| p.group == group);
        all.map(|p| p.dims.iter().product::<usize>()).sum::<usize>() as u64
    };
    assert_eq!(
        (count("b"), count("W"), count("V"), count("W.g")),
        (6, 32, 16, bill.synapse_parameters[0].values)
    );
    let waits = |equation: &str| {
        let found = bill.locking.iter().find(|l| l.equation == equation).expect("it learns");
        found.waits_for.join(",")
    };
    assert_eq!(
        (waits("learn: W.g"), waits("learn: W"), waits("learn: V")),
        (waits("learn: W"), "p,q".into(), "p".into())
    );
}
