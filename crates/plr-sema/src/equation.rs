//! The equations of a rule at the sites of a network, one by one: what the audit judges and the perturbation test runs.

use std::collections::HashSet;

use plr_syntax::ast::{Direction, Occasion, Role};
use plr_syntax::span::Span;

use crate::hir::{
    Act, Dynamics, Expr, ExprKind, Learned, Past, Phase, PhaseId, Plasticity, PlasticityId, Rule, Statement,
    Tracing, VariableId, VariableKind, opened,
};
use crate::network::{LayerId, Network};
use crate::resolve::{self, Library};

/// Where an instance of an equation is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    /// By the units of a layer.
    Layer(LayerId),
    /// By the synapses from the first layer to the second.
    Edge(LayerId, LayerId),
}

impl Site {
    /// The layer that owns the result: a synapse belongs to its postsynaptic layer.
    pub fn owner(self) -> LayerId {
        match self {
            Site::Layer(layer) | Site::Edge(_, layer) => layer,
        }
    }

    /// The layers at its ends: of a layer itself twice.
    pub fn ends(self) -> (LayerId, LayerId) {
        match self {
            Site::Layer(layer) => (layer, layer),
            Site::Edge(pre, post) => (pre, post),
        }
    }

    /// `h1` or `input->h1`
    pub fn name(self, network: &Network) -> String {
        match self {
            Site::Layer(layer) => network.layers[layer].name.clone(),
            Site::Edge(pre, post) => network.edge_name((pre, post)),
        }
    }
}

/// An equation of the rule's text.
#[derive(Clone, Copy, Debug)]
pub enum Source<'r> {
    /// Of a state, in a phase.
    Dynamics(PhaseId, &'r Dynamics),
    /// Of a trace, in a phase.
    Trace(PhaseId, &'r Tracing),
    /// Of a weight or a unit parameter.
    Plasticity(&'r Plasticity),
}

impl<'r> Source<'r> {
    /// What it writes.
    pub fn target(self) -> Learned {
        match self {
            Source::Dynamics(_, dynamics) => Learned::Unit(dynamics.variable),
            Source::Trace(_, tracing) => Learned::Synapse(tracing.trace),
            Source::Plasticity(plasticity) => plasticity.target,
        }
    }

    /// Its right side.
    pub fn value(self) -> &'r Expr {
        match self {
            Source::Dynamics(_, dynamics) => &dynamics.value,
            Source::Trace(_, tracing) => &tracing.value,
            Source::Plasticity(plasticity) => &plasticity.increment,
        }
    }

    /// The layers it is for; all if absent.
    pub fn role(self) -> Option<Role> {
        match self {
            Source::Dynamics(_, dynamics) => dynamics.role,
            Source::Trace(_, tracing) => tracing.role,
            Source::Plasticity(plasticity) => plasticity.role,
        }
    }
}

/// All that a rule computes: definitions, clamps, equations and the conditions of learning, signals, and the prediction.
pub fn expressions(rule: &Rule) -> impl Iterator<Item = &Expr> {
    let lets = rule.variables.iter().flat_map(|variable| match &variable.kind {
        VariableKind::Let(definitions) => definitions.iter().map(|(_, value)| value).collect(),
        VariableKind::State(_) | VariableKind::Param(_) => Vec::new(),
    });
    let equations = sources(rule).into_iter().map(|source| source.value());
    let clamps = clamps(rule).into_iter().map(|clamp| &clamp.value);
    let global = rule.signals.iter().map(|signal| &signal.value).chain(rule.predict.iter().map(|p| &p.value));
    let conditions = rule.plasticity.iter().filter_map(|plasticity| plasticity.when.as_ref());
    lets.chain(equations).chain(conditions).chain(clamps).chain(global)
}

/// An equation at a site.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'r> {
    /// The equation.
    pub source: Source<'r>,
    /// The site.
    pub site: Site,
}

/// Whether an equation with this role prefix is for this layer (R7.8).
pub fn applies(role: Option<Role>, network: &Network, layer: LayerId) -> bool {
    role.is_none_or(|role| network.layers[layer].role == role)
}

/// Whether a layer evaluates an equation for a variable: it has the role and such units (R7.8, R3.9).
pub fn evaluates(
    layer: LayerId,
    (variable, role): (VariableId, Option<Role>),
    rule: &Rule,
    network: &Network,
) -> bool {
    applies(role, network, layer) && rule.exists(network, rule.group(variable, layer))
}

/// The layers that evaluate an equation for a variable.
pub fn layers(variable: VariableId, role: Option<Role>, rule: &Rule, network: &Network) -> Vec<LayerId> {
    (0..network.layers.len()).filter(|&layer| evaluates(layer, (variable, role), rule, network)).collect()
}

/// The layers of a sweep: those that take their turn together, turn after turn (R7.5, R7.16). In a random one the units of all
/// layers have turns of their own (R7.20).
pub fn sweep_order(direction: Direction, network: &Network) -> Vec<Vec<LayerId>> {
    let layers = 0..network.layers.len();
    match direction {
        Direction::Up => layers.map(|layer| vec![layer]).collect(),
        Direction::Down => layers.rev().map(|layer| vec![layer]).collect(),
        Direction::Random => vec![layers.collect()],
        Direction::EvenOdd => {
            let distance = network.distances();
            let (even, odd) = layers.partition(|&layer| distance[layer].is_multiple_of(2));
            vec![even, odd]
        }
    }
}

/// All equations of a rule in the order of the text, clamps excepted.
pub fn sources(rule: &Rule) -> Vec<Source<'_>> {
    let mut found = Vec::new();
    for (phase, p) in rule.phases.iter().enumerate() {
        found.extend(within(PhaseId(phase), &p.body));
    }
    found.extend(rule.plasticity.iter().map(Source::Plasticity));
    found
}

/// The equations of statements of a phase.
fn within(phase: PhaseId, body: &[Statement]) -> Vec<Source<'_>> {
    let mut found = Vec::new();
    for statement in opened(body) {
        if let Statement::Trace(tracing) = statement {
            found.push(Source::Trace(phase, tracing));
        }
        found.extend(statement.dynamics().iter().map(|dynamics| Source::Dynamics(phase, dynamics)));
    }
    found
}

/// The phase in whose steps an equation is evaluated, if it is in one.
pub fn phase_of(rule: &Rule, source: Source<'_>) -> Option<PhaseId> {
    match source {
        Source::Dynamics(phase, _) | Source::Trace(phase, _) => Some(phase),
        Source::Plasticity(plasticity) => {
            let is = |id: &PlasticityId| std::ptr::eq(&raw const rule.plasticity[id.0], plasticity);
            let learns = |phase: &Phase| blocks_of(phase).into_iter().flatten().any(is);
            rule.phases.iter().position(learns).map(PhaseId)
        }
    }
}

/// The equations of each `learn` block, in the order of the text.
pub fn learning_blocks(rule: &Rule) -> Vec<&[PlasticityId]> {
    let mut found = Vec::new();
    for act in &rule.script {
        match act {
            Act::Run(phase) => found.extend(blocks_of(&rule.phases[phase.0])),
            Act::Learn(block) => found.push(block),
        }
    }
    found
}

/// The `learn` blocks at every step of a phase.
pub fn blocks_of(phase: &Phase) -> Vec<&[PlasticityId]> {
    phase.statements().into_iter().filter_map(Statement::learning).collect()
}

/// The states that some phase writes or clamps.
pub fn written(rule: &Rule) -> Vec<VariableId> {
    let statements = rule.phases.iter().flat_map(Phase::statements);
    statements.flat_map(Statement::written).map(|dynamics| dynamics.variable).collect()
}

/// Whether a place is in a plain equation of a phase below an ordered block that writes a state (R7.7).
pub fn is_below_writer(rule: &Rule, state: VariableId, at: Span) -> bool {
    let inside = |span: Span| span.start <= at.start && at.end <= span.end;
    rule.phases.iter().any(|phase| {
        let mut above = Vec::new();
        for (position, statement) in phase.body.iter().enumerate() {
            if matches!(statement, Statement::Equation(dynamics) if inside(dynamics.span)) {
                let blocks = phase.body[..position].iter();
                let ordered = blocks.filter(|s| matches!(s, Statement::Sweep(..) | Statement::InTurn(_)));
                above.extend(ordered.flat_map(|block| within(PhaseId(0), std::slice::from_ref(block))));
            }
        }
        above.iter().any(|source| source.target() == Learned::Unit(state))
    })
}

/// Whether a place is in a plain equation of a phase, beside another one that writes a state in a layer (R7.3).
pub fn is_beside_writer(
    rule: &Rule,
    network: &Network,
    (state, layer): (VariableId, LayerId),
    at: Span,
) -> bool {
    let inside = |span: Span| span.start <= at.start && at.end <= span.end;
    let writes = |found: &Dynamics| {
        found.variable == state && layers(state, found.role, rule, network).contains(&layer)
    };
    rule.phases.iter().any(|phase| {
        let mut plain = Vec::new();
        for statement in &phase.body {
            if let Statement::Equation(found) = statement {
                plain.push(found);
            }
        }
        plain.iter().any(|reader| inside(reader.span))
            && plain.iter().any(|writer| !inside(writer.span) && writes(writer))
    })
}

/// All clamps of a rule.
pub fn clamps(rule: &Rule) -> Vec<&Dynamics> {
    rule.phases.iter().flat_map(clamps_of).collect()
}

/// The clamps of a phase.
pub fn clamps_of(phase: &Phase) -> Vec<&Dynamics> {
    phase.statements().into_iter().filter_map(Statement::clamp).collect()
}

/// Each state that a phase clamps or releases in a layer, in the order of the text: with its clamp, or without one from there on.
pub fn holds<'r>(
    phase: &'r Phase,
    rule: &Rule,
    network: &Network,
) -> Vec<((VariableId, LayerId), Option<&'r Dynamics>)> {
    let mut found = Vec::new();
    for statement in phase.statements() {
        let (variable, role, clamp) = if let Statement::Clamp(clamp) = statement {
            (clamp.variable, clamp.role, Some(clamp))
        } else if let Statement::Release { role, variable } = statement {
            (*variable, *role, None)
        } else {
            continue;
        };
        let layers = layers(variable, role, rule, network).into_iter();
        found.extend(layers.map(|layer| ((variable, layer), clamp)));
    }
    found
}

/// A phase that reads what another one's values were at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The phase that reads.
    pub by: PhaseId,
    /// The phase that is read.
    pub of: PhaseId,
    /// The first such read.
    pub at: Span,
}

/// All pairs of phases of which one reads the other's values step by step (R20.15).
pub fn replays(rule: &Rule) -> Vec<Replay> {
    let mut found: Vec<Replay> = Vec::new();
    for (by, phase) in rule.phases.iter().enumerate() {
        let by = PhaseId(by);
        for value in phase.statements().into_iter().flat_map(|statement| values(statement, rule)) {
            reach(value, rule, &mut |expr| {
                if let ExprKind::Variable { past, .. } | ExprKind::Trace(_, past) | ExprKind::Signal(_, past) =
                    expr.kind
                    && let Some(Past { phase: of, at_time: true }) = past
                    && !found.iter().any(|replay| (replay.by, replay.of) == (by, of))
                {
                    found.push(Replay { by, of, at: expr.span });
                }
            });
        }
    }
    found
}

/// What a statement evaluates in the steps of its phase.
fn values<'r>(statement: &'r Statement, rule: &'r Rule) -> Vec<&'r Expr> {
    match statement {
        Statement::Clamp(clamp) => vec![&clamp.value],
        Statement::Trace(tracing) => vec![&tracing.value],
        Statement::Learn(block) => block.iter().map(|id| &rule.plasticity[id.0].increment).collect(),
        Statement::Equation(_) | Statement::Sweep(..) | Statement::Release { .. } | Statement::InTurn(_) => {
            statement.dynamics().iter().map(|dynamics| &dynamics.value).collect()
        }
    }
}

/// Why the steps of a phase are not alike, so that it has no fixed point (R9.4, R14.25, R20.8); if they are, nothing. What a clamp
/// draws is the same at all steps, and the order of a random sweep moves no fixed point.
pub fn restless(rule: &Rule, library: &Library, phase: PhaseId) -> Option<&'static str> {
    let declared = &rule.phases[phase.0];
    let written = within(phase, &declared.body);
    let draws = |source: &Source<'_>| resolve::draws(source.value(), library);
    let asks_time = |kind: &ExprKind| matches!(kind, ExprKind::Time { whole: false, .. });
    let time = |source: &Source<'_>| {
        let mut found = false;
        reach(source.value(), rule, &mut |expr| found |= asks_time(&expr.kind));
        found
    };
    if rule.predict.as_ref().is_some_and(|predict| predict.occasion == Occasion::EachClass) {
        Some("a phase that is run for each class")
    } else if declared.over_time {
        Some("a phase over time")
    } else if declared.reversed || replays(rule).iter().any(|replay| replay.by == phase) {
        Some("a phase that goes back through the steps of another")
    } else if written.iter().any(draws) {
        Some("a phase that draws at every step")
    } else if written.iter().any(time) {
        Some("a phase that reads the time")
    } else {
        None
    }
}

/// Visits every part of an expression and of the definitions and signals that it reads in the steps of a phase, as they are now or
/// were at the same time (R3.4).
fn reach<'r>(expr: &'r Expr, rule: &'r Rule, visit: &mut dyn FnMut(&'r Expr)) {
    fn within<'r>(
        expr: &'r Expr,
        rule: &'r Rule,
        seen: &mut HashSet<*const Expr>,
        visit: &mut dyn FnMut(&'r Expr),
    ) {
        visit(expr);
        let in_step = |past: &Option<Past>| past.is_none_or(|past| past.at_time);
        let mut definitions: Vec<&Expr> = Vec::new();
        if let ExprKind::Variable { variable, past, .. } = &expr.kind
            && let VariableKind::Let(found) = &rule.variables[variable.0].kind
            && in_step(past)
        {
            definitions.extend(found.iter().map(|(_, value)| value));
        }
        if let ExprKind::Signal(signal, past) = &expr.kind
            && in_step(past)
        {
            definitions.push(&rule.signals[signal.0].value);
        }
        for definition in definitions {
            if seen.insert(std::ptr::from_ref(definition)) {
                within(definition, rule, seen, visit);
            }
        }
        expr.for_each_child(|child| within(child, rule, seen, visit));
    }
    within(expr, rule, &mut HashSet::new(), visit);
}

/// The sites of an equation on a network (R8.5).
pub fn sites(source: Source<'_>, rule: &Rule, network: &Network) -> Vec<Site> {
    owned(source.target(), source.role(), rule, network)
}

/// All equations of a rule at all their sites.
pub fn instances<'r>(rule: &'r Rule, network: &Network) -> Vec<Instance<'r>> {
    let at_sites =
        |source| sites(source, rule, network).into_iter().map(move |site| Instance { source, site });
    sources(rule).into_iter().flat_map(at_sites).collect()
}

/// Where there is something that is written or observed, in layers of a role: in the layers that have such units, at the
/// instances of a synapse that end in them.
pub fn owned(owner: Learned, role: Option<Role>, rule: &Rule, network: &Network) -> Vec<Site> {
    match owner {
        Learned::Unit(variable) => {
            layers(variable, role, rule, network).into_iter().map(Site::Layer).collect()
        }
        Learned::Synapse(synapse) => {
            let edges = rule.instances(network, synapse).into_iter();
            edges.filter(|&(_, post)| applies(role, network, post)).map(|(u, v)| Site::Edge(u, v)).collect()
        }
    }
}

/// The definition of a `let` that holds in a layer (R3.5).
pub fn definition<'r>(kind: &'r VariableKind, network: &Network, layer: LayerId) -> Option<&'r Expr> {
    match kind {
        VariableKind::Let(definitions) => {
            definitions.iter().find(|(role, _)| applies(*role, network, layer)).map(|(_, value)| value)
        }
        VariableKind::State(_) | VariableKind::Param(_) => None,
    }
}
