//! Rules built by hand from IR, so that sessions and checks are tested without the language.

#![allow(dead_code, reason = "every test file uses some of the rules")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use plr_ir::builder::Builder;
use plr_ir::model::{
    Check, Claim, Comparison, DataLaw, Equation, Init, Kept, Measure, Model, Parameter, Piece, Reference,
    Sampling,
};
use plr_ir::model::{Pattern, Reading, Shape, Workshop};
use plr_ir::program::ReduceKind;
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::types::Location;
use plr_ir::{Precision, Program, Type, Value};

pub type Build = Box<dyn Fn(Piece, usize, Precision) -> Option<Program>>;

/// A rule made of what a test says.
pub struct HandBuilt {
    pub parameters: Vec<Parameter>,
    pub shape: (usize, usize),
    pub phases: Vec<String>,
    pub equations: Vec<Equation>,
    pub build: Build,
}

impl HandBuilt {
    pub fn new(parameters: Vec<Parameter>, shape: (usize, usize), build: Build) -> Self {
        Self { parameters, shape, phases: vec!["free".to_owned()], equations: Vec::new(), build }
    }
}

impl Model for HandBuilt {
    fn name(&self) -> &str {
        "HandBuilt"
    }
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }
    fn kept(&self) -> &[Kept] {
        &[]
    }
    fn traces(&self, _batch: usize) -> Vec<(String, Vec<usize>)> {
        Vec::new()
    }
    fn shape(&self) -> Shape {
        let (features, outputs) = self.shape;
        Shape { features, outputs, sequence: None }
    }
    fn phases(&self) -> &[String] {
        &self.phases
    }
    fn equations(&self) -> &[Equation] {
        &self.equations
    }
    fn program(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        (self.build)(piece, batch, precision)
    }
    fn unfused(&self, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
        (self.build)(piece, batch, precision)
    }
}

/// Makes a rule from all hyper-parameters.
pub type Make = Box<dyn Fn(&[f64]) -> HandBuilt>;

/// Makes hand-built rules from hyper-parameters.
pub struct HandWorkshop {
    pub checks: Vec<Check>,
    /// Names and defaults.
    pub hyper_parameters: Vec<(String, f64)>,
    /// From all hyper-parameters, in the order of their defaults.
    pub make: Make,
}

impl Workshop for HandWorkshop {
    fn model(&self, _check: Option<usize>, settings: &[(String, f64)]) -> Result<Box<dyn Model>, String> {
        let known = |name: &String| self.hyper_parameters.iter().any(|(known, _)| known == name);
        if let Some((name, _)) = settings.iter().find(|(name, _)| !known(name)) {
            return Err(format!("no hyper-parameter `{name}`"));
        }
        let value = |(name, default): &(String, f64)| {
            settings.iter().find(|(set, _)| set == name).map_or(*default, |(_, value)| *value)
        };
        let values: Vec<f64> = self.hyper_parameters.iter().map(value).collect();
        Ok(Box::new((self.make)(&values)))
    }
    fn checks(&self) -> &[Check] {
        &self.checks
    }
    fn hyper_parameter(&self, name: &str) -> Option<f64> {
        self.hyper_parameters.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
    fn hyper_parameters(&self, _check: Option<usize>) -> Vec<(String, f64)> {
        self.hyper_parameters.clone()
    }
}

pub fn synapse(name: &str, dims: [usize; 2], init: Init) -> Parameter {
    parameter(name, dims.to_vec(), init, true)
}

pub fn parameter(name: &str, dims: Vec<usize>, init: Init, synaptic: bool) -> Parameter {
    let (group, site) = name.split_once('/').unwrap();
    let layer = site.rsplit("->").next().unwrap();
    Parameter {
        name: name.to_owned(),
        group: group.to_owned(),
        site: site.to_owned(),
        layer: layer.to_owned(),
        dims,
        init,
        learned: true,
        synaptic,
        mask: None,
    }
}

pub fn normal(deviation: f64) -> Init {
    Init::Normal { mean: 0.0, deviation }
}

pub fn claim(text: &str, measure: Measure, comparison: Comparison, bound: f64) -> Claim {
    Claim {
        text: text.to_owned(),
        measure,
        comparison,
        bound,
        tolerance: 1e-9,
        at: None,
        settings: Vec::new(),
        updates: 0,
        sampling: Sampling::Once,
        location: Location::default(),
    }
}

pub fn check(reference: Reference, claims: Vec<Claim>) -> Check {
    Check { reference, data: DataLaw::Random, batch: 5, seed: 3, precision: Precision::F64, claims }
}

/// `factor * value`
pub fn scaled(b: &mut Builder, factor: f64, value: Value) -> Value {
    let dims = b.type_of(value).dims.clone();
    let factor = b.constant(factor, &dims);
    b.binary(BinaryOp::Mul, factor, value)
}

/// Half the squared error per sample, and its mean over the batch.
pub fn half_squared_error(b: &mut Builder, error: Value) -> (Value, Value) {
    let batch = b.type_of(error).dims[0];
    let square = b.binary(BinaryOp::Mul, error, error);
    let sum = b.reduce(ReduceKind::Sum, square, &[1]);
    let loss = scaled(b, 0.5, sum);
    let total = b.reduce(ReduceKind::Sum, loss, &[0]);
    (loss, scaled(b, 1.0 / batch as f64, total))
}

/// Hands out what the pieces that present a minibatch have in common.
pub fn finish(
    mut b: Builder,
    piece: Piece,
    increments: &[(&str, Value, Value)],
    outputs: &[(&str, Value)],
) -> Program {
    for &(name, parameter, increment) in increments {
        let new = b.binary(BinaryOp::Add, parameter, increment);
        match piece {
            Piece::Update => b.output(name, new),
            Piece::Probe => {
                b.output(format!("increment/{name}"), increment);
                b.output(format!("new/{name}"), new);
            }
            Piece::Predict
            | Piece::Evaluate
            | Piece::Cost(_)
            | Piece::CutCost(_)
            | Piece::Step(_)
            | Piece::Equation(_)
            | Piece::Observe(_)
            | Piece::Objective { .. }
            | Piece::EveryStep { .. }
            | Piece::Nudged { .. } => {}
        }
    }
    for &(name, value) in outputs {
        let wanted = match piece {
            Piece::Predict => name == "prediction",
            Piece::Evaluate => name == "prediction" || name == "loss",
            Piece::Cost(_) | Piece::CutCost(_) => name == "cost",
            Piece::Probe => {
                name.starts_with("state/") || name.starts_with("steps/") || name.starts_with("residual/")
            }
            Piece::Update => name.starts_with("steps/") || name.starts_with("residual/"),
            Piece::Step(_)
            | Piece::Equation(_)
            | Piece::Observe(_)
            | Piece::Objective { .. }
            | Piece::EveryStep { .. }
            | Piece::Nudged { .. } => false,
        };
        if wanted {
            b.output(name, value);
        }
    }
    b.finish()
}

/// What a variant of the delta rule changes.
#[derive(Clone)]
pub struct Delta {
    pub features: usize,
    pub outputs: usize,
    pub lr: f64,
    /// The increment is multiplied by `1 + 3 beta²`.
    pub beta: f64,
    pub init: Init,
}

/// The delta rule (Widrow and Hoff 1960): `W += lr (target − W x) x`, mean over the batch.
pub fn delta_rule(delta: Delta) -> HandBuilt {
    let Delta { features, outputs, lr, beta, init } = delta.clone();
    let name = "W/input->output";
    let build = move |piece, batch: usize, precision| {
        if matches!(piece, Piece::Step(_) | Piece::Observe(_) | Piece::Objective { .. }) {
            return None;
        }
        if let Piece::Equation(which) = piece {
            return delta_equation(which, delta.clone(), batch, precision);
        }
        let mut b = Builder::new("delta", precision);
        let w = b.input(name, Type::real([outputs, features]));
        let x = b.input("data", Type::real([batch, features]));
        let y = b.contract("bj,ij->bi", x, w);
        if piece == Piece::Predict {
            b.output("prediction", y);
            return Some(b.finish());
        }
        let t = b.input("target", Type::real([batch, outputs]));
        let error = b.binary(BinaryOp::Sub, t, y);
        let outer = b.contract("bi,bj->ij", error, x);
        let increment = scaled(&mut b, lr * (1.0 + 3.0 * beta * beta) / batch as f64, outer);
        let (loss, cost) = half_squared_error(&mut b, error);
        let given = [("prediction", y), ("loss", loss), ("cost", cost), ("state/free/y/output", y)];
        Some(finish(b, piece, &[(name, w, increment)], &given))
    };
    let mut rule =
        HandBuilt::new(vec![synapse(name, [outputs, features], init)], (features, outputs), Box::new(build));
    rule.equations = delta_equations();
    rule
}

fn delta_equations() -> Vec<Equation> {
    use plr_ir::model::Owner;
    let reading = |input: &str, pattern| Reading { input: input.to_owned(), pattern, part: None };
    let location = Location::default();
    vec![
        Equation {
            name: "respond: y at output".to_owned(),
            owner: Owner::Unit,
            reads: vec![reading("W/input->output", Pattern::Row), reading("data", Pattern::Layer)],
            location,
        },
        Equation {
            name: "learn: W at input->output".to_owned(),
            owner: Owner::Synapse,
            reads: vec![
                reading("target", Pattern::Own),
                reading("y/output", Pattern::Own),
                reading("data", Pattern::Presynaptic),
            ],
            location,
        },
    ]
}

fn delta_equation(which: usize, delta: Delta, batch: usize, precision: Precision) -> Option<Program> {
    let Delta { features, outputs, .. } = delta;
    let mut b = Builder::new("delta.equation", precision);
    let w = b.input("W/input->output", Type::real([outputs, features]));
    let x = b.input("data", Type::real([batch, features]));
    let t = b.input("target", Type::real([batch, outputs]));
    let y = b.input("y/output", Type::real([batch, outputs]));
    let value = if which == 0 {
        b.contract("bj,ij->bi", x, w)
    } else {
        let error = b.binary(BinaryOp::Sub, t, y);
        let outer = b.contract("bi,bj->ij", error, x);
        scaled(&mut b, 1.0 / batch as f64, outer)
    };
    b.output("value", value);
    Some(b.finish())
}

/// Layer sizes of the two-layer network.
pub const LAYERS: (usize, usize, usize) = (4, 6, 3);

/// Backpropagation written out by hand for `y = V tanh(W x)`; `sign` is −1 for a rule with a sign error in the hidden
/// layer.
pub fn backprop(lr: f64, sign: f64) -> HandBuilt {
    let (inputs, hidden, outputs) = LAYERS;
    let build = move |piece, batch: usize, precision| {
        if matches!(piece, Piece::Step(_) | Piece::Equation(_) | Piece::Observe(_) | Piece::Objective { .. })
        {
            return None;
        }
        let mut b = Builder::new("backprop", precision);
        let w = b.input("W/input->h1", Type::real([hidden, inputs]));
        let v = b.input("W/h1->output", Type::real([outputs, hidden]));
        let x = b.input("data", Type::real([batch, inputs]));
        let t = b.input("target", Type::real([batch, outputs]));
        let drive = b.contract("bj,ij->bi", x, w);
        let h = b.unary(UnaryOp::Tanh, drive);
        let y = b.contract("bj,ij->bi", h, v);
        let error = b.binary(BinaryOp::Sub, t, y);
        let back = b.contract("bi,ij->bj", error, v);
        let square = b.binary(BinaryOp::Mul, h, h);
        let one = b.constant(1.0, &[batch, hidden]);
        let slope = b.binary(BinaryOp::Sub, one, square);
        let delta = b.binary(BinaryOp::Mul, back, slope);
        let dw = b.contract("bi,bj->ij", delta, x);
        let dv = b.contract("bi,bj->ij", error, h);
        let dw = scaled(&mut b, sign * lr / batch as f64, dw);
        let dv = scaled(&mut b, lr / batch as f64, dv);
        let (loss, cost) = half_squared_error(&mut b, error);
        let given = [("prediction", y), ("loss", loss), ("cost", cost), ("state/free/h/h1", h)];
        Some(finish(b, piece, &[("W/input->h1", w, dw), ("W/h1->output", v, dv)], &given))
    };
    let parameters = vec![
        synapse("W/input->h1", [hidden, inputs], normal(0.5)),
        synapse("W/h1->output", [outputs, hidden], normal(0.5)),
    ];
    HandBuilt::new(parameters, (inputs, outputs), Box::new(build))
}

/// A linear network that relaxes: `s ← A s + W x` from zero, with cost `½|s − target|²`, and no plasticity of its own
/// (increments are zero).
#[derive(Clone, Copy)]
pub struct Settling {
    pub features: usize,
    pub units: usize,
    pub steps: u32,
    pub tolerance: Option<f64>,
    /// The deviation of the elements of `A`.
    pub recurrence: f64,
}

pub fn settling(settling: Settling) -> HandBuilt {
    let Settling { features, units, recurrence, .. } = settling;
    let build = move |piece, batch: usize, precision| settling_piece(settling, piece, batch, precision);
    let parameters = vec![
        synapse("A/output->output", [units, units], normal(recurrence)),
        synapse("W/input->output", [units, features], normal(1.0)),
    ];
    HandBuilt::new(parameters, (features, units), Box::new(build))
}

fn settling_piece(settling: Settling, piece: Piece, batch: usize, precision: Precision) -> Option<Program> {
    let Settling { features, units, steps, tolerance, .. } = settling;
    if matches!(piece, Piece::Equation(_) | Piece::Observe(_) | Piece::Objective { .. }) {
        return None;
    }
    let mut b = Builder::new("settling", precision);
    let a = b.input("A/output->output", Type::real([units, units]));
    let w = b.input("W/input->output", Type::real([units, features]));
    let x = b.input("data", Type::real([batch, features]));
    let t = b.input("target", Type::real([batch, units]));
    let step = |b: &mut Builder, s: Value| {
        let (recurrent, forward) = (b.contract("bj,ij->bi", s, a), b.contract("bj,ij->bi", x, w));
        let next = b.binary(BinaryOp::Add, recurrent, forward);
        let change = b.binary(BinaryOp::Sub, next, s);
        let change = b.unary(UnaryOp::Abs, change);
        (next, b.reduce(ReduceKind::Max, change, &[0, 1]))
    };
    if matches!(piece, Piece::Step(_)) {
        let s = b.input("state/s/output", Type::real([batch, units]));
        let error = b.binary(BinaryOp::Sub, t, s);
        let (_, cost) = half_squared_error(&mut b, error);
        let (next, residual) = step(&mut b, s);
        for (name, value) in [("state/s/output", next), ("cost", cost), ("residual", residual)] {
            b.output(name, value);
        }
        return Some(b.finish());
    }
    let zero = b.constant(0.0, &[batch, units]);
    let results = match tolerance {
        None => b.repeat(steps, &[zero], |b, _, carried| vec![step(b, carried[0]).0]),
        Some(tolerance) => b.repeat_until(steps, tolerance, &[zero], |b, _, carried| {
            let (next, residual) = step(b, carried[0]);
            (vec![next], residual)
        }),
    };
    let s = results[0];
    let error = b.binary(BinaryOp::Sub, t, s);
    let (loss, cost) = half_squared_error(&mut b, error);
    let mut given = vec![("prediction", s), ("loss", loss), ("cost", cost), ("state/free/s/output", s)];
    if tolerance.is_some() {
        let made = b.convert_index(results[1]);
        given.extend([("steps/free", made), ("residual/free", results[2])]);
    }
    let (da, dw) = (scaled(&mut b, 0.0, a), scaled(&mut b, 0.0, w));
    Some(finish(b, piece, &[("A/output->output", a, da), ("W/input->output", w, dw)], &given))
}
