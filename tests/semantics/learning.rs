//! Rules 8: learning.

use crate::bench::{Bench, finds};
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

/// R8.1: all plasticity reads the end of the last phase and old parameters, its own included, wherever it stands.
#[test]
fn plasticity_reads_old_values() {
    let text = "rule R {
  neuron { param b = 0\n state x = 0 }
  synapse W : below -> self
  learn { W += post.x + post.b + W }
  phase p { x = 1 }
  learn { b += 10 * x + b }
  phase q { x = 2 }
  learn { b += 100 }
}
network n { 1 - 1 }";
    let found =
        Bench::new(text).present(&[("W/input->output", &[5.0]), ("b/output", &[7.0])], &[&[0.0]], &[]);
    found.is("new/W/input->output", &[5.0 + 2.0 + 7.0 + 5.0]);
    found.is("new/b/output", &[7.0 + 20.0 + 7.0 + 100.0]);
}

/// R8.2: sums, differences, and values to become.
#[test]
fn increments_add_up() {
    adds("learn", "W += 1;  W += 2;  W -= 10;  b += x", "W/input->h1", -7.0);
    adds("learn", "W = 7;  b += x", "W/input->h1", 5.0);
    adds("learn", "W = 7;  W += 1;  b += x", "W/input->h1", 6.0);
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
        assert!(crate::bench::codes(&text).contains(&"shape_mismatch".to_owned()), "{text}");
    }
    finds("shape_mismatch", &plain("sweep up {", "W = 1;  sweep up {"));
    let text = plain("state x", "param b = 0\n state x").replace("sweep up {", "b = 1;  sweep up {");
    finds("shape_mismatch", &text.replace("W += lr * post.x * pre.x", "W += lr * post.x * pre.x;  b += x"));
}
