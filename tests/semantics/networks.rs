//! Rules 15: networks.

use plr_ir::Precision;
use plr_ir::model::Model as _;
use plr_run::backend::Backend;
use plr_run::perturb;
use plr_syntax::ast::Role;

use crate::bench::{Bench, clean, finds, legal};
use crate::text::{PLAIN, plain};

fn shape(text: &str) -> Vec<(String, Role, usize, bool)> {
    let analysis = legal(text);
    let (_, network) = &analysis.networks()[0];
    network.layers.iter().map(|l| (l.name.clone(), l.role, l.units, l.activation.is_some())).collect()
}

fn layer(name: &str, role: Role, units: usize, active: bool) -> (String, Role, usize, bool) {
    (name.to_owned(), role, units, active)
}

/// R15.1: the layers of a chain and their names.
#[test]
fn chains_have_named_layers() {
    let expected = [
        layer("input", Role::Input, 4, false),
        layer("h1", Role::Hidden, 3, true),
        layer("h2", Role::Hidden, 6, true),
        layer("output", Role::Output, 2, true),
    ];
    assert_eq!(shape("network n { 4 - 3 relu - (2 * 3) tanh - 2 softmax }"), expected);
    assert_eq!(shape("network n { input 4 - hidden 3 relu - 6 tanh - output 2 softmax }"), expected);
    finds("bad_network", "network n { 4 - output 3 - 2 }");
}

/// R15.2: activations are passed down a chain, but not those that read the whole layer.
#[test]
fn activations_are_passed_on_in_chains() {
    let analysis = legal("network n { 4 - 3 - 3 relu - 2 - 2 }\nnetwork m { 4 - 3 - 2 sigmoid(gain = 0.8) }");
    assert_eq!(analysis.networks()[0].1.text, "4 - 3 relu - 3 relu - 2 - 2");
    assert_eq!(analysis.networks()[1].1.text, "4 - 3 sigmoid(gain = 0.8) - 2 sigmoid(gain = 0.8)");
    finds("bad_network", "network n { 4 - 3 - 2 softmax }");
}

/// R15.3: graphs name their layers and pass nothing on.
#[test]
fn graphs_have_paths() {
    let text = "network n { input x = 4;  layer h = 3;  output y = 2 relu;  x -> h -> y;  x -> y }";
    let expected = [
        layer("x", Role::Input, 4, false),
        layer("h", Role::Hidden, 3, false),
        layer("y", Role::Output, 2, true),
    ];
    assert_eq!(shape(text), expected);
    assert_eq!(legal(text).networks()[0].1.edges, [(0, 1), (0, 2), (1, 2)]);
}

/// R15.4: what is no network.
#[test]
fn networks_lead_from_input_to_output() {
    for bad in [
        "layer x = 1;  output y = 1;  x -> y",
        "input x = 1;  input z = 1;  output y = 1;  x -> y",
        "input x = 1;  input z = 1;  output y = 1;  x -> y;  z -> x",
        "input x = 1;  output z = 1;  output y = 1;  x -> y;  x -> z",
        "input x = 1;  layer y = 1;  x -> y",
        "input x = 1;  layer h = 1;  output y = 1;  x -> y",
        "input x = 1;  layer h = 1;  output y = 1;  x -> h;  x -> y",
        "input x = 1;  layer h = 1;  layer g = 1;  output y = 1;  x -> h -> g -> h;  g -> y",
        "input x = 1;  output y = 1;  x -> y;  x -> y",
        "input x = 1;  layer h = 1;  output y = 1;  x -> h -> y -> h",
        "input x = 1 relu;  output y = 1;  x -> y",
        "4 relu - 2",
    ] {
        finds("bad_network", &format!("network n {{ {bad} }}"));
    }
}

/// R15.5: units are counted, activations are functions of one number.
#[test]
fn layers_have_units_and_activations() {
    for bad in ["0", "2.5", "1000001", "(0 / 0)"] {
        finds("bad_network", &format!("network n {{ {bad} - 2 }}"));
    }
    clean("network n { 1000000 - 1 }");
    finds("unknown_name", "network n { 4 - 2 relu(gain = 1) }");
    finds("unknown_name", "fn g(x, y) = x + y\nnetwork n { 4 - 2 g }");
    clean("fn g(x; s = 1) = s * x\nnetwork n { 4 - 2 g(s = 2) }");
}

/// R15.6: layers stand so that every edge goes up, else as written.
#[test]
fn layers_are_sorted() {
    let text = "network n { output y = 1;  layer b = 1;  layer a = 1;  layer c = 1;  input x = 1
  x -> a -> b -> y;  x -> c -> y }";
    let names: Vec<String> = shape(text).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["x", "a", "b", "c", "y"]);
}

/// Two inputs of two units and of one, which meet in `h`; the second reaches the output directly too.
const TWO_INPUTS: &str =
    "network n { output y = 1;  input a = 2;  layer h = 2;  input b = 1;  a -> h;  b -> h -> y;  b -> y }\n";

/// R15.10: each input layer has its own features of a sample, in the order of the text.
#[test]
fn several_input_layers_share_a_sample() {
    let bench = Bench::new(&format!("{PLAIN}{TWO_INPUTS}"));
    let model = bench.model();
    assert_eq!(model.shape().features, 3);
    let given: &[(&str, &[f64])] = &[
        ("W/a->h", &[1.0, 10.0, 2.0, 20.0]),
        ("W/b->h", &[100.0, 200.0]),
        ("W/h->y", &[1.0, -1.0]),
        ("W/b->y", &[0.5]),
    ];
    let found = bench.present(given, &[&[1.0, 2.0, 3.0], &[-1.0, 0.0, 4.0]], &[]);
    found.is("state/p/x/a", &[1.0, 2.0, -1.0, 0.0]);
    found.is("state/p/x/b", &[3.0, 4.0]);
    found.is("state/p/x/h", &[321.0, 642.0, 399.0, 798.0]);
    found.is("state/p/x/y", &[-321.0 + 1.5, -399.0 + 2.0]);
    found.is("increment/W/b->h", &[0.5 * (3.0 * 321.0 + 4.0 * 399.0), 0.5 * (3.0 * 642.0 + 4.0 * 798.0)]);
    for backend in [Backend::Interpreter, Backend::Jit { threads: 1 }] {
        let found = perturb::run(&model, Precision::F64, 1, backend).expect("the programs run");
        assert!(found.iter().all(|equation| equation.leaks.is_empty()), "{found:?}");
        assert!(found.iter().all(|equation| equation.idle.is_empty()), "{found:?}");
    }
}

/// R15.10, R20.2: at each step, too, where samples have steps.
#[test]
fn several_input_layers_share_each_step() {
    let text = "rule R {
  neuron { state x = 0, sum = 0 }
  synapse W : below -> self = 1
  phase run (over time) { clamp input x = data;  hidden x = W @ below.x;  output x += W @ below.x }
  predict output.x after run
  learn { W += 0 * post.x * pre.x }
}
network n { input a = 1;  input b = 2;  output y = 1;  a -> y;  b -> y }";
    let given: &[(&str, &[f64])] = &[("W/a->y", &[1.0]), ("W/b->y", &[10.0, 100.0])];
    let data: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    Bench::new(text).over(2, true, false).evaluate(given, &[data], &[]).is("prediction", &[321.0 + 654.0]);
}

/// R4.1: `input` is each of several input layers; R3.9: which size is meant is then not clear.
#[test]
fn each_of_several_input_layers_is_an_input() {
    let text = plain("below -> self", "input -> self").replace("below.x", "input.x");
    let names = |text: &str| {
        let model = Bench::new(&format!("{text}{TWO_INPUTS}")).model();
        model.parameters().iter().map(|p| p.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&text), ["W/a->y", "W/b->y"]);
    let up =
        plain("synapse W : below -> self", "synapse W : below -> self\n  synapse B : self -> input, fixed")
            .replace("state x", "state x, z")
            .replace("learn", "phase q { input z = B @ self.x }\n  learn")
            .replace("predict output.x after p", "");
    let edges = ["W/a->h", "W/b->h", "W/b->y", "W/h->y"];
    assert_eq!(names(&up), [&edges[..], &["B/h->a", "B/y->a", "B/h->b", "B/y->b"]].concat());
    let sized = plain("learn", "neuron I sized input { state z = 0 }\n  learn");
    finds("shape_mismatch", &format!("{sized}{TWO_INPUTS}experiment e {{ rule R;  network n }}"));
}
