//! Rules 15: networks.

use plr_syntax::ast::Role;

use crate::bench::{clean, finds, legal};

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
        "input x = 1;  input z = 1;  output y = 1;  x -> y;  z -> y",
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
