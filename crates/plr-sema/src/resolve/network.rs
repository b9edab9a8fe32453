//! Networks: chains and graphs of layers.

use plr_syntax::ast::{self, ChainLayer, GraphStatement, NetworkBody, Role};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_network::{BadNetwork, Flaw, WrongEdge};
use crate::check::unknown_name::UnknownName;
use crate::network::{Activation, Layer, LayerId, Network};

use super::constant::{Constants, constant};
use super::scope::{Reader, Scope};
use super::{Declared, Library};

/// The most units of a layer: beyond it the number is a slip of the pen (R15.5).
const MOST_UNITS: f64 = 1e6;

/// Resolves a network; `None` means that a finding was reported.
pub fn resolve(body: &NetworkBody, at: Span, library: &Library, findings: &mut Findings) -> Option<Network> {
    match body {
        NetworkBody::Chain(layers) => chain(layers, at, library, findings),
        NetworkBody::Graph(statements) => graph(statements, at, library, findings),
    }
}

fn flaw<T>(at: Span, flaw: Flaw, findings: &mut Findings) -> Option<T> {
    findings.push(BadNetwork { at, flaw });
    None
}

/// A chain: the first layer is the input, the last the output, those between are `h1`, `h2`, … A layer without an
/// activation has that of the next layer that names one; without any it is linear (R15.1, R15.2).
pub fn chain(
    written: &[ChainLayer],
    at: Span,
    library: &Library,
    findings: &mut Findings,
) -> Option<Network> {
    if written.len() < 2 {
        return flaw(at, Flaw::TooShort, findings);
    }
    let last = written.len() - 1;
    let mut layers = Vec::new();
    let mut inherited: Option<Activation> = None;
    for (i, layer) in written.iter().enumerate().rev() {
        let role = chain_role(layer, i, last, findings)?;
        let own = match &layer.activation {
            Some(call) => Some(activation(call, library, findings)?),
            None => None,
        };
        let named = own.is_some();
        if named {
            inherited = own;
        }
        no_activation_of_input(role, layer, findings)?;
        let activation = if role == Role::Input { None } else { inherited.clone() };
        if let Some(activation) = &activation
            && !named
            && library.functions[activation.function.0].layer_wide
        {
            let name = library.functions[activation.function.0].name.clone();
            return flaw(layer.span, Flaw::InheritedLayerWide(name), findings);
        }
        let name = match role {
            Role::Input => "input".to_owned(),
            Role::Hidden => format!("h{i}"),
            Role::Output => "output".to_owned(),
        };
        layers.push(Layer { name, role, units: units(layer, library, findings)?, activation });
    }
    layers.reverse();
    let edges = (0..last).map(|i| (i, i + 1)).collect();
    Some(Network { text: text(&layers, library), layers, edges })
}

fn chain_role(layer: &ChainLayer, i: usize, last: usize, findings: &mut Findings) -> Option<Role> {
    let natural = match i {
        0 => Role::Input,
        i if i == last => Role::Output,
        _ => Role::Hidden,
    };
    match layer.role {
        Some((role, at)) if role != natural => flaw(at, Flaw::Misplaced(role), findings),
        Some(_) | None => Some(natural),
    }
}

/// Input units are what the data says: nothing would apply an activation there.
fn no_activation_of_input(role: Role, layer: &ChainLayer, findings: &mut Findings) -> Option<()> {
    match (&layer.activation, role) {
        (Some(call), Role::Input) => flaw(call.span, Flaw::InputActivation, findings),
        (Some(_) | None, _) => Some(()),
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Input => "input",
        Role::Hidden => "hidden",
        Role::Output => "output",
    }
}

fn scope<'a>(library: &'a Library, findings: &'a mut Findings) -> Scope<'a> {
    super::function::scope(library, findings)
}

fn units(layer: &ChainLayer, library: &Library, findings: &mut Findings) -> Option<usize> {
    let value = super::expression::resolve(&layer.units, Reader::Constant, &mut scope(library, findings))?;
    let value = constant(&value, &Constants::default(), library)?;
    number_of_units(value).or_else(|| flaw(layer.units.span, Flaw::Units, findings))
}

/// A number as a number of units, if it can be one (R15.5).
pub fn number_of_units(number: f64) -> Option<usize> {
    (number.fract() == 0.0 && (1.0..=MOST_UNITS).contains(&number)).then_some(number as usize)
}

/// `relu` or `sigmoid(gain = 0.8)`
fn activation(call: &ast::Call, library: &Library, findings: &mut Findings) -> Option<Activation> {
    let Some(function) =
        library.function(&call.name.text).filter(|id| library.functions[id.0].arguments == 1)
    else {
        let known = library.functions.iter().filter(|f| f.arguments == 1).map(|f| f.name.clone()).collect();
        findings.push(UnknownName {
            at: call.name.span,
            kind: "activation",
            name: call.name.text.clone(),
            known,
        });
        return None;
    };
    let declared = &library.functions[function.0].settings;
    let mut settings = vec![None; declared.len()];
    for setting in &call.settings {
        let Some(position) = declared.iter().position(|(n, _)| *n == setting.name.text) else {
            let known = declared.iter().map(|(n, _)| n.clone()).collect();
            findings.push(UnknownName {
                at: setting.name.span,
                kind: "setting",
                name: setting.name.text.clone(),
                known,
            });
            return None;
        };
        let value =
            super::expression::resolve(&setting.value, Reader::Constant, &mut scope(library, findings))?;
        settings[position] = constant(&value, &Constants::default(), library);
    }
    Some(Activation { function, settings })
}

/// One line that says the network.
fn text(layers: &[Layer], library: &Library) -> String {
    let layer = |l: &Layer| match &l.activation {
        Some(a) => format!("{} {}", l.units, activation_text(a, library)),
        None => l.units.to_string(),
    };
    layers.iter().map(layer).collect::<Vec<_>>().join(" - ")
}

fn activation_text(activation: &Activation, library: &Library) -> String {
    let function = &library.functions[activation.function.0];
    let given = function.settings.iter().zip(&activation.settings);
    let given: Vec<String> = given.filter_map(|((n, _), v)| v.map(|v| format!("{n} = {v}"))).collect();
    if given.is_empty() { function.name.clone() } else { format!("{}({})", function.name, given.join(", ")) }
}

/// A graph of named layers and paths between them (R15.3).
fn graph(
    statements: &[GraphStatement],
    at: Span,
    library: &Library,
    findings: &mut Findings,
) -> Option<Network> {
    let mut declared = Declared::default();
    let mut layers: Vec<(Layer, Span)> = Vec::new();
    for statement in statements {
        match statement {
            GraphStatement::Layer(name, written) => {
                if !declared.add(name, findings) {
                    return None;
                }
                let role = written.role.map_or(Role::Hidden, |(role, _)| role);
                no_activation_of_input(role, written, findings)?;
                let activation = match &written.activation {
                    Some(call) => Some(activation(call, library, findings)?),
                    None => None,
                };
                let units = units(written, library, findings)?;
                layers.push((Layer { name: name.text.clone(), role, units, activation }, name.span));
            }
            GraphStatement::Path(..) => {}
            GraphStatement::Error(_) => return None,
        }
    }
    for role in [Role::Input, Role::Output] {
        if layers.iter().filter(|(l, _)| l.role == role).count() != 1 {
            return flaw(at, Flaw::Role(role_word(role)), findings);
        }
    }
    let edges = edges(statements, &layers, findings)?;
    sorted(layers, edges, at, library, findings)
}

fn edges(
    statements: &[GraphStatement],
    layers: &[(Layer, Span)],
    findings: &mut Findings,
) -> Option<Vec<(LayerId, LayerId)>> {
    let mut edges = Vec::new();
    for statement in statements {
        let GraphStatement::Path(path, _) = statement else { continue };
        let mut places = Vec::new();
        for name in path {
            let Some(place) = layers.iter().position(|(l, _)| l.name == name.text) else {
                let known = layers.iter().map(|(l, _)| l.name.clone()).collect();
                findings.push(UnknownName { at: name.span, kind: "layer", name: name.text.clone(), known });
                return None;
            };
            places.push(place);
        }
        for (pair, names) in places.windows(2).zip(path.windows(2)) {
            let edge = (pair[0], pair[1]);
            let wrong = match () {
                () if layers[edge.0].0.role == Role::Output => Some(WrongEdge::OutOfOutput),
                () if layers[edge.1].0.role == Role::Input => Some(WrongEdge::IntoInput),
                () => edges.contains(&edge).then_some(WrongEdge::Twice),
            };
            if let Some(wrong) = wrong {
                let name = format!("{} -> {}", names[0].text, names[1].text);
                return flaw(names[0].span.to(names[1].span), Flaw::Edge(name, wrong), findings);
            }
            edges.push(edge);
        }
    }
    Some(edges)
}

/// Layers in topological order, in the order of the text where the edges leave a choice (R15.6).
fn sorted(
    layers: Vec<(Layer, Span)>,
    edges: Vec<(LayerId, LayerId)>,
    at: Span,
    library: &Library,
    findings: &mut Findings,
) -> Option<Network> {
    for (i, (layer, span)) in layers.iter().enumerate() {
        let entered = layer.role == Role::Input || edges.iter().any(|e| e.1 == i);
        let left = layer.role == Role::Output || edges.iter().any(|e| e.0 == i);
        if !entered || !left {
            return flaw(*span, Flaw::Disconnected(layer.name.clone()), findings);
        }
    }
    let mut order: Vec<LayerId> = Vec::new();
    while order.len() < layers.len() {
        let ready =
            |i: &LayerId| !order.contains(i) && edges.iter().all(|(u, v)| v != i || order.contains(u));
        match (0..layers.len()).find(ready) {
            Some(next) => order.push(next),
            None => return flaw(at, Flaw::Cycle, findings),
        }
    }
    let place = |i: LayerId| order.iter().position(|&o| o == i).unwrap_or(i);
    let mut edges: Vec<_> = edges.into_iter().map(|(u, v)| (place(u), place(v))).collect();
    edges.sort_by_key(|&(u, v)| (v, u));
    let layers: Vec<Layer> = order.iter().map(|&i| layers[i].0.clone()).collect();
    Some(Network { text: text(&layers, library), layers, edges })
}
