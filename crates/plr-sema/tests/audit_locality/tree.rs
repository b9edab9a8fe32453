//! Resolved expressions and networks, built by hand.

use std::sync::atomic::{AtomicU32, Ordering};

use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_sema::hir::{Dynamics, Learned, Past};
use plr_sema::hir::{
    Endpoint, Expr, ExprKind, Function, HyperId, Initialiser, Integrator, Licence, Phase, PhaseId, Place,
    Plasticity, Population, PopulationId, Reduction, Relative, Rule, Size, Statement, Synapse, SynapseId,
    Variable, VariableId, VariableKind,
};
use plr_sema::network::{Activation, Layer, Network};
use plr_sema::resolve::Library;
use plr_syntax::ast::{BatchReduction, Role};
use plr_syntax::span::Span;

/// A place in a text that does not exist, different each time.
pub fn span() -> Span {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let start = NEXT.fetch_add(1, Ordering::Relaxed);
    Span::new(start, start + 1)
}

pub fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: span() }
}

pub fn number(value: f64) -> Expr {
    expr(ExprKind::Number(value))
}

pub fn hyper(id: usize) -> Expr {
    expr(ExprKind::Hyper(HyperId(id)))
}

pub fn read(place: Place, variable: usize) -> Expr {
    expr(ExprKind::Variable { place, variable: VariableId(variable), past: None })
}

pub fn stored(place: Place, variable: usize, phase: usize) -> Expr {
    expr(ExprKind::Variable { place, variable: VariableId(variable), past: Some(Past::end(PhaseId(phase))) })
}

pub fn arrive(synapse: usize, sent: Expr) -> Expr {
    through(synapse, false, sent)
}

pub fn arrive_backwards(synapse: usize, sent: Expr) -> Expr {
    through(synapse, true, sent)
}

fn through(synapse: usize, transposed: bool, sent: Expr) -> Expr {
    let weight = Box::new(weight(synapse, false));
    expr(ExprKind::Arrive {
        synapse: SynapseId(synapse),
        transposed,
        together: ReduceKind::Sum,
        weight,
        sent: Box::new(sent),
    })
}

pub fn weight(synapse: usize, transposed: bool) -> Expr {
    expr(ExprKind::Weight { synapse: SynapseId(synapse), transposed })
}

pub fn f(argument: Expr) -> Expr {
    expr(ExprKind::Activation { primed: false, argument: Box::new(argument) })
}

pub fn f_primed(argument: Expr) -> Expr {
    expr(ExprKind::Activation { primed: true, argument: Box::new(argument) })
}

pub fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    expr(ExprKind::Binary(op, Box::new(a), Box::new(b)))
}

pub fn add(a: Expr, b: Expr) -> Expr {
    binary(BinaryOp::Add, a, b)
}

pub fn sub(a: Expr, b: Expr) -> Expr {
    binary(BinaryOp::Sub, a, b)
}

pub fn mul(a: Expr, b: Expr) -> Expr {
    binary(BinaryOp::Mul, a, b)
}

pub fn layer_sum(argument: Expr) -> Expr {
    expr(ExprKind::Layer(Reduction::Sum, Box::new(argument)))
}

pub fn batch_mean(argument: Expr) -> Expr {
    expr(ExprKind::Batch(Reduction::Mean, Box::new(argument)))
}

/// An equation for the layers of a role, or for all.
pub fn dynamics(role: Option<Role>, variable: usize, value: Expr) -> Dynamics {
    Dynamics { role, variable: VariableId(variable), value, rate: None, span: span() }
}

pub fn learn_synapse(synapse: usize, increment: Expr) -> Plasticity {
    learn(Learned::Synapse(SynapseId(synapse)), increment)
}

pub fn learn_unit(variable: usize, increment: Expr) -> Plasticity {
    learn(Learned::Unit(VariableId(variable)), increment)
}

fn learn(target: Learned, increment: Expr) -> Plasticity {
    Plasticity {
        role: None,
        target,
        increment,
        sets: false,
        when: None,
        reduction: BatchReduction::Mean,
        span: span(),
    }
}

pub fn phase(name: &str, steps: f64, from: Option<usize>, body: Vec<Statement>) -> Phase {
    Phase {
        name: name.to_owned(),
        steps: number(steps),
        until: None,
        from: from.map(PhaseId),
        over_time: false,
        reversed: false,
        dt: None,
        integrator: Integrator::Euler,
        body,
        span: span(),
    }
}

pub fn clamp_input(variable: usize) -> Statement {
    Statement::Clamp(dynamics(Some(Role::Input), variable, expr(ExprKind::Data)))
}

pub fn state(name: &str) -> Variable {
    variable(name, VariableKind::State(None))
}

pub fn param(name: &str) -> Variable {
    variable(name, VariableKind::Param(Initialiser::Constant(number(0.0))))
}

pub fn definition(name: &str, value: Expr) -> Variable {
    variable(name, VariableKind::Let(vec![(None, value)]))
}

fn variable(name: &str, kind: VariableKind) -> Variable {
    Variable {
        name: name.to_owned(),
        population: PopulationId(0),
        kind,
        fixed: None,
        kept: None,
        span: span(),
    }
}

/// `synapse name : from -> self`
pub fn synapse(name: &str, from: Relative, symmetric: bool) -> Synapse {
    let end = |layer| Endpoint { layer, population: PopulationId(0) };
    Synapse {
        one_to_one: false,
        kernel: None,
        delayed: false,
        trace: None,
        kept: None,
        name: name.to_owned(),
        from: end(from),
        to: end(Relative::Own),
        init: Initialiser::Glorot,
        fixed: None,
        symmetric: symmetric.then(span),
        beside: None,
        bounds: None,
        mask: None,
        span: span(),
    }
}

/// A rule of one unnamed population, without phases and learning yet.
pub fn rule(name: &str, variables: Vec<Variable>, synapses: Vec<Synapse>) -> Rule {
    Rule {
        name: name.to_owned(),
        span: span(),
        hyper_parameters: Vec::new(),
        licences: Vec::new(),
        populations: vec![Population { name: None, size: Size::Layer, number: None, span: span() }],
        variables,
        synapses,
        signals: Vec::new(),
        phases: Vec::new(),
        plasticity: Vec::new(),
        script: Vec::new(),
        predict: None,
        constants: plr_sema::resolve::Constants::default(),
    }
}

pub fn allow(mut rule: Rule, licence: Licence) -> Rule {
    rule.licences.push((licence, span()));
    rule
}

/// The position of [`softmax`] in the functions of [`library`].
pub const SOFTMAX: usize = 1;

/// An element-wise function with a derivative, and softmax.
pub fn library() -> Library {
    let argument = || Box::new(expr(ExprKind::Argument(0)));
    let sigmoid = || expr(ExprKind::Unary(UnaryOp::Sigmoid, argument()));
    let exp = || expr(ExprKind::Unary(UnaryOp::Exp, argument()));
    let function = |name: &str, body, derivative, layer_wide| Function {
        surrogate: false,
        name: name.to_owned(),
        arguments: 1,
        settings: Vec::new(),
        body,
        derivative,
        layer_wide,
        reduced: if layer_wide { vec![vec![0]] } else { Vec::new() },
        of_batch: false,
        draws: false,
        size: 1,
        span: None,
    };
    let functions = vec![
        function("sigmoid", sigmoid(), Some(mul(sigmoid(), sub(number(1.0), sigmoid()))), false),
        function("softmax", binary(BinaryOp::Div, exp(), layer_sum(exp())), None, true),
    ];
    Library { functions, ..Library::default() }
}

/// 3 - 4 sigmoid - 5 sigmoid - 2, the output with the given activation.
pub fn chain(output: Option<usize>) -> Network {
    let function = |id| Activation { function: plr_sema::hir::FunctionId(id), settings: Vec::new() };
    let layer = |name: &str, role, units, activation: Option<usize>| Layer {
        name: name.to_owned(),
        role,
        units,
        space: None,
        local: false,
        activation: activation.map(function),
    };
    Network {
        text: "3 - 4 sigmoid - 5 sigmoid - 2".to_owned(),
        layers: vec![
            layer("input", Role::Input, 3, None),
            layer("h1", Role::Hidden, 4, Some(0)),
            layer("h2", Role::Hidden, 5, Some(0)),
            layer("output", Role::Output, 2, output),
        ],
        edges: vec![(0, 1), (1, 2), (2, 3)],
        ..Network::default()
    }
}

/// The value of a constant expression of these tests: numbers only.
pub fn constant(expr: &Expr) -> f64 {
    if let ExprKind::Number(value) = expr.kind { value } else { f64::NAN }
}
