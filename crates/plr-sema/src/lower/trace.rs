//! Traces: quantities of a synapse for each sample (R20.9).
//!
//! A trace that depends on one end of its synapse alone is the same for all synapses of that end, and is kept so: which axes a
//! trace varies over follows from its equations, the smallest sets that agree with all of them (R20.10).

use std::collections::HashMap;

use plr_ir::Value;

use crate::equation::{self, Site, Source};
use crate::group::Evaluator;
use crate::hir::{
    Expr, ExprKind, Learned, Past, PhaseId, Place, Rule, Statement, Synapse, SynapseId, Tracing, VariableKind,
};

use crate::resolve::Library;

use super::environment::{Environment, Quantity, TraceCell, Unavailable};
use super::expression::{Context, Evaluated, Lowerer};
use super::term::{self, Axes, Term};

/// The axes of the traces of a rule.
pub fn axes(rule: &Rule, library: &Library) -> HashMap<SynapseId, Axes> {
    let traces = rule.synapses.iter().enumerate().filter(|(_, synapse)| synapse.trace.is_some());
    // What goes on from a presentation is another in each sample.
    let least = |synapse: &Synapse| if synapse.kept.is_some() { Axes::SAMPLE } else { Axes::NONE };
    let mut axes: HashMap<SynapseId, Axes> = traces.map(|(i, s)| (SynapseId(i), least(s))).collect();
    loop {
        let before = axes.clone();
        for source in equation::sources(rule) {
            let Source::Trace(_, tracing) = source else { continue };
            let one_to_one = rule.synapses[tracing.trace.0].one_to_one;
            let found = axes_of(&tracing.value, one_to_one, library, &axes);
            axes.entry(tracing.trace).and_modify(|axes| *axes = axes.union(found));
        }
        if axes == before {
            return axes;
        }
    }
}

/// Over what the value of an expression of a synapse can vary.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the other expressions are treated alike, present or future"
)]
fn axes_of(expr: &Expr, one_to_one: bool, library: &Library, traces: &HashMap<SynapseId, Axes>) -> Axes {
    let (post, pre) = (Axes::UNIT, if one_to_one { Axes::UNIT } else { Axes::PRE });
    let mut axes = match &expr.kind {
        ExprKind::Number(_) | ExprKind::Hyper(_) | ExprKind::Time { .. } => Axes::NONE,
        ExprKind::Variable { place: Place::Pre, .. } => Axes::SAMPLE.union(pre),
        ExprKind::Variable { place: Place::Post, .. } => Axes::SAMPLE.union(post),
        ExprKind::Coordinate { place: Place::Pre, .. } => pre,
        ExprKind::Coordinate { .. } => post,
        ExprKind::Weight { .. } => post.union(pre),
        ExprKind::Trace(trace, _) => traces.get(trace).copied().unwrap_or(Axes::NONE),
        ExprKind::Signal(..) => Axes::SAMPLE,
        ExprKind::Unary(..)
        | ExprKind::Binary(..)
        | ExprKind::PoissonQuantile(..)
        | ExprKind::Compare(..)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::Not(_)
        | ExprKind::If(..)
        | ExprKind::Activation { .. } => Axes::NONE,
        ExprKind::Call { function, .. } if !library.functions[function.0].draws => Axes::NONE,
        _ => Axes::SAMPLE.union(post).union(pre),
    };
    expr.for_each_child(|child| axes = axes.union(axes_of(child, one_to_one, library, traces)));
    axes
}

impl Lowerer<'_> {
    /// The instances of all traces.
    pub fn traces(&self) -> Vec<TraceCell> {
        let setting = self.setting;
        let synapses = (0..setting.rule.synapses.len()).map(SynapseId);
        let traces = synapses.filter(|&s| setting.rule.synapses[s.0].trace.is_some());
        let cells = |s| setting.rule.instances(&setting.network, s).into_iter().map(move |(u, v)| (s, u, v));
        traces.flat_map(cells).collect()
    }

    /// Every trace is what was left of it, if it is kept (R20.13), and otherwise has its first value.
    pub fn begin_traces(&mut self, environment: &mut Environment) {
        let setting = self.setting;
        let axes = axes(&setting.rule, &setting.library);
        for cell in self.traces() {
            if let Some(&value) = self.kept.get(&Quantity::Trace(cell)) {
                let extents = self.synapse_extents(cell.0, Site::Edge(cell.1, cell.2));
                let kept = Term { value, axes: axes[&cell.0] };
                let kept = term::widen(&mut self.b, &extents, kept, self.trace_axes[&cell.0]);
                environment.write_trace(cell, Ok(kept.value));
                continue;
            }
            let first = setting.rule.synapses[cell.0.0].trace.as_ref();
            let first = first.map_or(0.0, |first| setting.constant_at(first, Site::Edge(cell.1, cell.2)));
            let dims = self.trace_dims(cell);
            let value = self.b.constant(first, &dims);
            environment.write_trace(cell, Ok(value));
        }
    }

    /// The dimensions of a trace, as it is kept.
    pub fn trace_dims(&self, (synapse, pre, post): TraceCell) -> Vec<usize> {
        let extents = self.synapse_extents(synapse, Site::Edge(pre, post));
        extents.dims(self.trace_axes[&synapse])
    }

    /// The traces that a phase writes.
    pub fn traced(&self, phase: PhaseId) -> Vec<TraceCell> {
        let mut found = Vec::new();
        for statement in self.setting.rule.phases[phase.0].statements() {
            if let Statement::Trace(tracing) = statement {
                found.extend(self.traced_by(tracing));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Every synapse keeps a number of its own for each sample, whatever its trace depends on.
    pub fn keep_whole_traces(&mut self) {
        for synapse in self.trace_axes.keys().copied().collect::<Vec<_>>() {
            let whole = self.whole_axes(synapse);
            self.trace_axes.insert(synapse, whole);
        }
    }

    /// The traces that a phase writes, if units hear any of the rule's: a part of the states that the phase moves.
    pub fn moving_traces(&self, phase: PhaseId) -> Vec<TraceCell> {
        let rule = &self.setting.rule;
        if transmit(rule) { self.traced(phase) } else { Vec::new() }
    }

    fn traced_by(&self, tracing: &Tracing) -> Vec<TraceCell> {
        let (rule, network) = (&self.setting.rule, &self.setting.network);
        let edges = rule.instances(network, tracing.trace).into_iter();
        let edges = edges.filter(|&(_, post)| equation::applies(tracing.role, network, post));
        edges.map(|(pre, post)| (tracing.trace, pre, post)).collect()
    }

    /// A trace before a loop; zeros that nobody reads if it has no value.
    pub fn initial_trace(&mut self, cell: TraceCell, environment: &Environment) -> Value {
        let dims = self.trace_dims(cell);
        environment.trace(cell).unwrap_or_else(|_| self.b.constant(0.0, &dims))
    }

    /// Evaluates a statement, if it is the equation of a trace, on the values in `read`.
    pub fn trace(
        &mut self,
        phase: PhaseId,
        statement: &Statement,
        read: &Environment,
        now: &mut Environment,
    ) {
        let Statement::Trace(tracing) = statement else { return };
        for cell in self.traced_by(tracing) {
            let value = self.trace_value(phase, tracing, cell, read);
            now.write_trace(cell, value);
        }
    }

    /// The new value of a trace.
    pub fn trace_value(
        &mut self,
        phase: PhaseId,
        tracing: &Tracing,
        (synapse, pre, post): TraceCell,
        read: &Environment,
    ) -> Result<Value, Unavailable> {
        let site = Site::Edge(pre, post);
        self.draw_for_trace(phase.0, synapse, site);
        let cx = self.learner_context(Learned::Synapse(synapse), site, read);
        let found = self.evaluate(&tracing.value, cx)?;
        let found = term::as_number(&mut self.b, &cx.extents, found);
        let axes = self.trace_axes[&synapse];
        debug_assert!(axes.contains(found.axes), "a trace varies over more than its equations say");
        Ok(term::widen(&mut self.b, &cx.extents, found, axes).value)
    }

    /// A trace read by its synapse, now or at the end of a phase.
    pub fn own_trace(&mut self, synapse: SynapseId, phase: Option<Past>, cx: Context<'_>) -> Evaluated {
        let Evaluator::Synapse(_, pre, post) = cx.reader else {
            unreachable!("resolution gives traces to synapses only")
        };
        // Every phase that is read has ended, with all traces; no definition reads one.
        let environment = self.states(phase, cx).unwrap_or(cx.environment);
        let found = self.read_trace((synapse, pre.layer, post.layer), environment)?;
        Ok(self.of_synapse(found, cx))
    }

    fn read_trace(&self, cell: TraceCell, environment: &Environment) -> Evaluated {
        environment.trace(cell).map(|value| Term { value, axes: self.trace_axes[&cell.0] })
    }

    /// A trace as one number for each sample and synapse.
    pub fn whole_trace(&mut self, cell: TraceCell, environment: &Environment) -> Result<Value, Unavailable> {
        let extents = self.synapse_extents(cell.0, Site::Edge(cell.1, cell.2));
        let found = self.read_trace(cell, environment)?;
        let whole = self.whole_axes(cell.0);
        Ok(term::widen(&mut self.b, &extents, found, whole).value)
    }

    /// The axes of one number for each sample and synapse.
    pub fn whole_axes(&self, synapse: SynapseId) -> Axes {
        let pre = if self.setting.rule.synapses[synapse.0].one_to_one { Axes::UNIT } else { Axes::PRE };
        Axes::SAMPLE.union(Axes::UNIT).union(pre)
    }
}

/// Whether a trace stands before an `@`.
fn transmit(rule: &Rule) -> bool {
    fn heard(expr: &Expr, rule: &Rule) -> bool {
        if let ExprKind::Arrive { weight, .. } = &expr.kind
            && weight.weights().iter().any(|quantity| rule.synapses[quantity.0].trace.is_some())
        {
            return true;
        }
        let mut found = false;
        expr.for_each_child(|child| found = found || heard(child, rule));
        found
    }
    let definitions = rule.variables.iter().filter_map(|variable| match &variable.kind {
        VariableKind::Let(definitions) => Some(definitions.iter().map(|(_, value)| value)),
        VariableKind::State(_) | VariableKind::Param(_) => None,
    });
    let equations = equation::sources(rule).into_iter().map(|source| match source {
        Source::Dynamics(_, dynamics) => &dynamics.value,
        Source::Trace(_, tracing) => &tracing.value,
        Source::Plasticity(plasticity) => &plasticity.increment,
    });
    definitions.flatten().chain(equations).any(|expr| heard(expr, rule))
}
