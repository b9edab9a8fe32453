//! Networks: small chains, and small graphs with skip connections.

use super::Random;

/// Activations that declare a derivative.
const ACTIVATIONS: [&str; 9] = [
    "",
    "identity",
    "sigmoid",
    "sigmoid(gain = 0.8)",
    "tanh",
    "tanh(gain = 1.3)",
    "relu",
    "relu(slope = 0.1)",
    "softplus",
];

/// A network named `net`, whose output layer is `output`.
pub fn network(random: &mut Random) -> String {
    if random.percent(50) { chain(random) } else { graph(random) }
}

fn units(random: &mut Random) -> usize {
    random.pick(&[1, 2, 3, 4, 5, 8, 9])
}

fn layer(random: &mut Random) -> String {
    format!("{} {}", units(random), random.pick(&ACTIVATIONS)).trim_end().to_owned()
}

fn chain(random: &mut Random) -> String {
    let mut text = format!("network net {{ {}", units(random));
    for _ in 0..1 + random.below(3) {
        text.push_str(&format!(" - {}", layer(random)));
    }
    text + " }\n"
}

/// Hidden layers in a row, each on a path from the input to the output, and edges that skip some of them.
fn graph(random: &mut Random) -> String {
    let hidden = 1 + random.below(3);
    let names: Vec<String> = (0..hidden + 2).map(|i| name(i, hidden)).collect();
    let mut lines = vec![format!("input {} = {}", names[0], units(random))];
    for name in &names[1..=hidden] {
        lines.push(format!("layer {name} = {}", layer(random)));
    }
    lines.push(format!("output {} = {}", names[hidden + 1], layer(random)));
    lines.push(names.join(" -> "));
    for from in 0..names.len() {
        for to in from + 2..names.len() {
            if random.percent(50) {
                lines.push(format!("{} -> {}", names[from], names[to]));
            }
        }
    }
    format!("network net {{\n  {}\n}}\n", lines.join("\n  "))
}

fn name(at: usize, hidden: usize) -> String {
    match at {
        0 => "image".to_owned(),
        at if at > hidden => "output".to_owned(),
        at => format!("area{at}"),
    }
}
