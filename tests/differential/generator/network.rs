//! Networks: small chains, with and without kernels and pooling, and small graphs with skip connections.

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
    match random.below(5) {
        0 | 1 => chain(random),
        2 | 3 => graph(random),
        _ => spatial(random),
    }
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

/// A chain that begins with rows and columns, and keeps them for one or two layers.
fn spatial(random: &mut Random) -> String {
    let mut extents = [3 + random.below(3), 3 + random.below(3)];
    let mut text = format!("network net {{ {}x{}x{}", 1 + random.below(2), extents[0], extents[1]);
    for _ in 0..1 + random.below(2) {
        if random.percent(40) && extents.iter().all(|&extent| extent > 2) {
            let stride = 1 + random.below(2);
            extents = extents.map(|extent| (extent - 2) / stride + 1);
            text.push_str(&format!(
                " - {} 2 s{stride}",
                if random.percent(60) { "avgpool" } else { "maxpool" }
            ));
        }
        let kernel = 1 + random.below(extents[0].min(extents[1]).min(3));
        let (stride, padding) = (1 + random.below(2), random.below(kernel));
        extents = extents.map(|extent| (extent + 2 * padding - kernel) / stride + 1);
        let (channels, activation) = (1 + random.below(3), random.pick(&ACTIVATIONS));
        let word = if random.percent(75) { "conv" } else { "local" };
        text.push_str(&format!(" - {word} {channels} k{kernel} s{stride} p{padding} {activation}"));
    }
    if random.percent(40) && extents.iter().all(|&extent| extent > 1) {
        text.push_str(" - avgpool 2");
    }
    format!("{text} - {} }}\n", layer(random))
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
