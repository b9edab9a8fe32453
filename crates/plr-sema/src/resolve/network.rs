//! Networks: chains and graphs of layers.

use std::collections::BTreeSet;

use plr_ir::geometry::Grid;
use plr_ir::program::PoolKind;
use plr_syntax::ast::{self, ChainLayer, GraphStatement, Name, NetworkBody, Role, Stop};
use plr_syntax::diagnostic::Findings;
use plr_syntax::span::Span;

use crate::check::bad_network::{BadNetwork, Flaw, WrongEdge};
use crate::check::unknown_name::UnknownName;
use crate::network::{Activation, Join, Layer, LayerId, Network};

use super::constant::{Constants, constant};
use super::scope::{Reader, Scope};
use super::space::{self, Shape};
use super::{Declared, Library};

/// The most units of a layer: beyond it the number is a slip of the pen (R15.5).
pub const MOST_UNITS: usize = 1_000_000;

/// Resolves a network; `None` means that a finding was reported.
pub fn resolve(body: &NetworkBody, at: Span, library: &Library, findings: &mut Findings) -> Option<Network> {
    match body {
        NetworkBody::Chain(layers) => chain(layers, at, library, findings),
        NetworkBody::Graph(statements) => graph(statements, at, library, findings),
    }
}

/// Reports a flaw.
pub fn flaw<T>(at: Span, flaw: Flaw, findings: &mut Findings) -> Option<T> {
    findings.push(BadNetwork { at, flaw });
    None
}

/// A pooling window, and what becomes of it.
type Pool = (PoolKind, space::Window);

/// A layer of a chain and the pooling window before it.
struct Step<'a> {
    pool: Option<Pool>,
    layer: &'a ChainLayer,
}

/// A chain: the first layer is the input, the last the output, those between are `h1`, `h2`, … A layer without an
/// activation has that of the next layer that names one; without any it is linear (R15.1, R15.2).
pub fn chain(
    written: &[ChainLayer],
    at: Span,
    library: &Library,
    findings: &mut Findings,
) -> Option<Network> {
    let steps = steps(written, library, findings)?;
    if steps.len() < 2 {
        return flaw(at, Flaw::TooShort, findings);
    }
    let activations = activations(&steps, library, findings)?;
    let mut network = Network::default();
    let mut texts = Vec::new();
    for (i, (step, activation)) in steps.iter().zip(activations).enumerate() {
        let role = chain_role(step.layer, i, steps.len() - 1, findings)?;
        let shape = space::shape(step.layer, library, findings)?;
        let below = network.layers.last().and_then(|l| l.space);
        let (join, space) = space::seen(shape, below, step.pool, findings)?;
        let name = match role {
            Role::Input => "input".to_owned(),
            Role::Hidden => format!("h{i}"),
            Role::Output => "output".to_owned(),
        };
        texts.extend(step.pool.map(space::pool_text));
        texts.push(layer_text(shape, activation.as_ref(), library));
        let (units, local) = (shape.units(space), shape.is_local());
        network.layers.push(Layer { name, role, units, space, local, activation });
        if i > 0 {
            network.add((i - 1, i), join);
        }
    }
    network.text = texts.join(" - ");
    Some(network)
}

/// The layers of a chain. Pooling stands between two of them (R15.9).
fn steps<'a>(written: &'a [ChainLayer], library: &Library, findings: &mut Findings) -> Option<Vec<Step<'a>>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut pending = None;
    for (i, layer) in written.iter().enumerate() {
        if !space::is_pool(layer) {
            steps.push(Step { pool: pending.take(), layer });
            continue;
        }
        if pending.is_some() || steps.is_empty() || i + 1 == written.len() {
            return flaw(layer.span, Flaw::Pool, findings);
        }
        pending = Some(space::pool(layer, library, findings)?);
    }
    Some(steps)
}

/// The activation of each layer: its own, or that of the next layer that names one.
fn activations(
    steps: &[Step<'_>],
    library: &Library,
    findings: &mut Findings,
) -> Option<Vec<Option<Activation>>> {
    let mut found = Vec::new();
    let mut inherited: Option<Activation> = None;
    for (i, Step { layer, .. }) in steps.iter().enumerate().rev() {
        if let Some(call) = &layer.activation {
            let role = if i == 0 { Role::Input } else { Role::Hidden };
            no_activation_of_input(role, layer, findings)?;
            inherited = Some(activation(call, library, findings)?);
        } else if let Some(activation) = inherited.as_ref().filter(|_| i > 0)
            && library.functions[activation.function.0].layer_wide
        {
            let name = library.functions[activation.function.0].name.clone();
            return flaw(layer.span, Flaw::InheritedLayerWide(name), findings);
        }
        found.push(if i == 0 { None } else { inherited.clone() });
    }
    found.reverse();
    Some(found)
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

fn scope<'a>(library: &'a Library, findings: &'a mut Findings) -> Scope<'a> {
    super::function::scope(library, findings)
}

/// A number of units, or of anything else of which there is at least one.
pub fn count(written: &ast::Expr, library: &Library, findings: &mut Findings) -> Option<usize> {
    let value = super::expression::resolve(written, Reader::Constant, &mut scope(library, findings))?;
    let value = constant(&value, &Constants::default(), library)?;
    number_of_units(value).or_else(|| flaw(written.span, Flaw::Units, findings))
}

/// A number as a number of units, if it can be one (R15.5).
pub fn number_of_units(number: f64) -> Option<usize> {
    (number.fract() == 0.0 && (1.0..=MOST_UNITS as f64).contains(&number)).then_some(number as usize)
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
    // R15.5
    if library.functions[function.0].draws || library.functions[function.0].of_batch {
        return flaw(call.span, Flaw::NotOfSample(call.name.text.clone()), findings);
    }
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

/// A layer with its activation.
fn layer_text(shape: Shape, activation: Option<&Activation>, library: &Library) -> String {
    let units = space::text(shape);
    activation.map_or(units.clone(), |a| format!("{units} {}", activation_text(a, library)))
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
    let mut shapes = Vec::new();
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
                shapes.push(space::shape(written, library, findings)?);
                let name_text = name.text.clone();
                let layer = Layer { name: name_text, role, units: 0, space: None, local: false, activation };
                layers.push((layer, name.span));
            }
            GraphStatement::Path(..) => {}
            GraphStatement::Error(_) => return None,
        }
    }
    let count = |role| layers.iter().filter(|(l, _)| l.role == role).count();
    if count(Role::Input) == 0 {
        return flaw(at, Flaw::NoInput, findings);
    }
    if count(Role::Output) != 1 {
        return flaw(at, Flaw::Outputs, findings);
    }
    let edges = edges(statements, &layers, library, findings)?;
    sorted(layers, &shapes, edges, at, library, findings)
}

/// An edge, and the pooling window on it.
struct Edge {
    ends: (LayerId, LayerId),
    pool: Option<Pool>,
}

fn edges(
    statements: &[GraphStatement],
    layers: &[(Layer, Span)],
    library: &Library,
    findings: &mut Findings,
) -> Option<Vec<Edge>> {
    let mut edges: Vec<Edge> = Vec::new();
    for statement in statements {
        let GraphStatement::Path(path, _) = statement else { continue };
        let mut from: Option<(LayerId, &Name)> = None;
        let mut pending = None;
        for (i, stop) in path.iter().enumerate() {
            let name = match stop {
                Stop::Layer(name) => name,
                Stop::Pool(window) if pending.is_some() || i + 1 == path.len() => {
                    return flaw(window.span, Flaw::Pool, findings);
                }
                Stop::Pool(window) => {
                    pending = Some(space::pool(window, library, findings)?);
                    continue;
                }
            };
            let to = position(name, layers, findings)?;
            if let Some((from, first)) = from.replace((to, name)) {
                let ends = (from, to);
                let wrong = match () {
                    () if layers[from].0.role == Role::Output => Some(WrongEdge::OutOfOutput),
                    () if layers[to].0.role == Role::Input => Some(WrongEdge::IntoInput),
                    () => edges.iter().any(|edge| edge.ends == ends).then_some(WrongEdge::Twice),
                };
                if let Some(wrong) = wrong {
                    let edge = format!("{} -> {}", first.text, name.text);
                    return flaw(first.span.to(name.span), Flaw::Edge(edge, wrong), findings);
                }
                edges.push(Edge { ends, pool: pending.take() });
            }
        }
    }
    Some(edges)
}

/// The layer of that name.
fn position(name: &Name, layers: &[(Layer, Span)], findings: &mut Findings) -> Option<LayerId> {
    let found = layers.iter().position(|(l, _)| l.name == name.text);
    if found.is_none() {
        let known = layers.iter().map(|(l, _)| l.name.clone()).collect();
        findings.push(UnknownName { at: name.span, kind: "layer", name: name.text.clone(), known });
    }
    found
}

/// So many layers in an order in which every edge goes up, the first in the text first where there is a choice; none if there is a
/// cycle.
fn upward(layers: usize, edges: &[Edge]) -> Option<Vec<LayerId>> {
    let mut above: Vec<Vec<LayerId>> = vec![Vec::new(); layers];
    let mut waiting = vec![0_usize; layers];
    for edge in edges {
        above[edge.ends.0].push(edge.ends.1);
        waiting[edge.ends.1] += 1;
    }
    let mut ready: BTreeSet<LayerId> = (0..layers).filter(|&layer| waiting[layer] == 0).collect();
    let mut order = Vec::new();
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &layer in &above[next] {
            waiting[layer] -= 1;
            if waiting[layer] == 0 {
                ready.insert(layer);
            }
        }
    }
    (order.len() == layers).then_some(order)
}

/// Layers in topological order, in the order of the text where the edges leave a choice (R15.6).
fn sorted(
    layers: Vec<(Layer, Span)>,
    shapes: &[Shape],
    mut edges: Vec<Edge>,
    at: Span,
    library: &Library,
    findings: &mut Findings,
) -> Option<Network> {
    for (i, (layer, span)) in layers.iter().enumerate() {
        let entered = layer.role == Role::Input || edges.iter().any(|e| e.ends.1 == i);
        let left = layer.role == Role::Output || edges.iter().any(|e| e.ends.0 == i);
        if !entered || !left {
            return flaw(*span, Flaw::Disconnected(layer.name.clone()), findings);
        }
    }
    let Some(order) = upward(layers.len(), &edges) else { return flaw(at, Flaw::Cycle, findings) };
    let mut place = vec![0; layers.len()];
    order.iter().enumerate().for_each(|(at, &layer)| place[layer] = at);
    edges.iter_mut().for_each(|edge| edge.ends = (place[edge.ends.0], place[edge.ends.1]));
    edges.sort_by_key(|edge| (edge.ends.1, edge.ends.0));
    let mut network = Network::default();
    let mut texts = Vec::new();
    for (at, &i) in order.iter().enumerate() {
        let (layer, span) = &layers[i];
        let below: Vec<&Edge> = edges.iter().filter(|e| e.ends.1 == at).collect();
        let spaces = below.iter().map(|e| (network.layers[e.ends.0].space, e.pool)).collect();
        let (joins, space) = above(shapes[i], spaces, *span, findings)?;
        let text = layer_text(shapes[i], layer.activation.as_ref(), library);
        texts.push(format!("{} {} = {text}", layer_word(layer.role), layer.name));
        let (units, local) = (shapes[i].units(space), shapes[i].is_local());
        network.layers.push(Layer { units, space, local, ..layer.clone() });
        below.into_iter().zip(joins).for_each(|(edge, join)| network.add(edge.ends, join));
    }
    let name = |layer: LayerId| &network.layers[layer].name;
    texts.extend(edges.iter().map(|edge| {
        let pool = edge.pool.map(|pool| format!("{} -> ", space::pool_text(pool))).unwrap_or_default();
        format!("{} -> {pool}{}", name(edge.ends.0), name(edge.ends.1))
    }));
    network.text = texts.join("; ");
    Some(network)
}

/// How a graph declares a layer.
fn layer_word(role: Role) -> &'static str {
    match role {
        Role::Input => "input",
        Role::Hidden => "layer",
        Role::Output => "output",
    }
}

/// How a layer of a graph sees each layer below, and the rows and columns it has: the same whichever it sees.
fn above(
    shape: Shape,
    below: Vec<(Option<Grid>, Option<Pool>)>,
    at: Span,
    findings: &mut Findings,
) -> Option<(Vec<Join>, Option<Grid>)> {
    let mut joins = Vec::new();
    let mut space = None;
    let below = if below.is_empty() { vec![(None, None)] } else { below };
    for (i, (low, pool)) in below.into_iter().enumerate() {
        let (join, own) = space::seen(shape, low, pool, findings)?;
        if i > 0 && own != space {
            return flaw(at, Flaw::OtherSpace, findings);
        }
        space = own;
        joins.push(join);
    }
    Some((joins, space))
}
