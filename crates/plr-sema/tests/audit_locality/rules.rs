//! The five rules of the language's introduction, resolved by hand. `hyper(0)` is the learning rate in each.

use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_sema::hir::{Expr, ExprKind, Licence, Place, Relative, Rule, Statement};
use plr_syntax::ast::{Direction, Role};

use crate::tree::*;

/// Oja: `y = W @ below.y` in a sweep, `W += lr * post.y * (pre.y - post.y * W)`.
pub fn oja() -> Rule {
    let mut rule = rule("Oja", vec![state("y")], vec![synapse("W", Relative::Below, false)]);
    let respond = dynamics(None, 0, arrive(0, read(Place::Sender, 0)));
    rule.phases = vec![phase(
        "respond",
        1.0,
        None,
        vec![clamp_input(0), Statement::Sweep(Direction::Up, vec![respond])],
    )];
    let forget = mul(read(Place::Post, 0), weight(0, false));
    let increment = mul(mul(hyper(0), read(Place::Post, 0)), sub(read(Place::Pre, 0), forget));
    rule.plasticity = vec![learn_synapse(0, increment)];
    rule
}

/// Feedback alignment with `b`, `a`, `x`, `d` as variables 0 to 3, `W` and `B` as synapses 0 and 1.
pub fn feedback_alignment() -> Rule {
    let mut rule = layered("FeedbackAlignment", arrive(1, read(Place::Sender, 3)));
    rule.synapses.push(synapse("B", Relative::Above, false));
    rule
}

/// Backprop, without a licence.
pub fn backprop() -> Rule {
    layered("Backprop", arrive_backwards(0, read(Place::Sender, 3)))
}

/// Backprop as it compiles.
pub fn licensed_backprop() -> Rule {
    allow(backprop(), Licence::WeightTransport)
}

/// A forward sweep, the output's error, and a downward sweep of errors that arrive as given.
fn layered(name: &str, error: Expr) -> Rule {
    let (b, a, x, d) = (0, 1, 2, 3);
    let variables = vec![param("b"), state("a"), state("x"), state("d")];
    let mut rule = rule(name, variables, vec![synapse("W", Relative::Below, false)]);
    let drive = dynamics(None, a, add(arrive(0, read(Place::Sender, x)), read(Place::Own, b)));
    let activity = dynamics(None, x, f(read(Place::Own, a)));
    let cost = expr(ExprKind::Cost { primed: true, of_drive: true, argument: Box::new(read(Place::Own, a)) });
    let output = dynamics(Some(Role::Output), d, expr(ExprKind::Unary(UnaryOp::Neg, Box::new(cost))));
    let hidden = dynamics(Some(Role::Hidden), d, mul(f_primed(read(Place::Own, a)), error));
    rule.phases = vec![
        phase(
            "forward",
            1.0,
            None,
            vec![clamp_input(x), Statement::Sweep(Direction::Up, vec![drive, activity])],
        ),
        phase(
            "backward",
            1.0,
            None,
            vec![Statement::Equation(output), Statement::Sweep(Direction::Down, vec![hidden])],
        ),
    ];
    rule.plasticity = vec![
        learn_synapse(0, mul(mul(hyper(0), read(Place::Post, d)), read(Place::Pre, x))),
        learn_unit(b, mul(hyper(0), read(Place::Own, d))),
    ];
    rule
}

/// Centred equilibrium propagation: `b`, `s`, `drive` as variables 0 to 2, `beta` as hyper-parameter 1.
pub fn centred_ep(symmetric: bool) -> Rule {
    let (b, s, drive) = (0, 1, 2);
    let sum = add(arrive(0, read(Place::Sender, s)), arrive_backwards(0, read(Place::Sender, s)));
    let variables = vec![param("b"), state("s"), definition("drive", add(sum, read(Place::Own, b)))];
    let mut rule = rule("CentredEP", variables, vec![synapse("W", Relative::Below, symmetric)]);
    let relax = |role| Statement::Equation(dynamics(role, s, f(read(Place::Own, drive))));
    let nudge = |op| {
        let pull = mul(hyper(1), sub(expr(ExprKind::Target), read(Place::Own, s)));
        Statement::Equation(dynamics(Some(Role::Output), s, f(binary(op, read(Place::Own, drive), pull))))
    };
    rule.phases = vec![
        phase("free", 30.0, None, vec![clamp_input(s), relax(None)]),
        phase("plus", 10.0, Some(0), vec![relax(Some(Role::Hidden)), nudge(BinaryOp::Add)]),
        phase("minus", 10.0, Some(0), vec![relax(Some(Role::Hidden)), nudge(BinaryOp::Sub)]),
    ];
    let scale = || binary(BinaryOp::Div, hyper(0), mul(number(2.0), hyper(1)));
    let product = |phase| mul(stored(Place::Post, s, phase), stored(Place::Pre, s, phase));
    rule.plasticity = vec![
        learn_synapse(0, mul(scale(), sub(product(1), product(2)))),
        learn_unit(b, mul(scale(), sub(stored(Place::Own, s, 1), stored(Place::Own, s, 2)))),
    ];
    rule
}

/// Predictive coding: `b`, `x`, `mu`, `e` as variables 0 to 3, `gamma` as hyper-parameter 1.
pub fn predictive_coding(symmetric: bool) -> Rule {
    let (b, x, mu, e) = (0, 1, 2, 3);
    let prediction = add(arrive(0, f(read(Place::Sender, x))), read(Place::Own, b));
    let error = sub(read(Place::Own, x), read(Place::Own, mu));
    let variables = vec![param("b"), state("x"), definition("mu", prediction), definition("e", error)];
    let mut rule = rule("PredictiveCoding", variables, vec![synapse("W", Relative::Below, symmetric)]);
    let feedback = mul(f_primed(read(Place::Own, x)), arrive_backwards(0, read(Place::Sender, e)));
    let step = mul(hyper(1), sub(feedback, read(Place::Own, e)));
    let infer = dynamics(Some(Role::Hidden), x, add(read(Place::Own, x), step));
    let target = Statement::Clamp(dynamics(Some(Role::Output), x, expr(ExprKind::Target)));
    let predict = dynamics(None, x, read(Place::Own, mu));
    rule.phases = vec![
        phase("predict", 1.0, None, vec![clamp_input(x), Statement::Sweep(Direction::Up, vec![predict])]),
        phase("infer", 20.0, None, vec![target, Statement::Equation(infer)]),
    ];
    rule.plasticity = vec![
        learn_synapse(0, mul(mul(hyper(0), read(Place::Post, e)), f(read(Place::Pre, x)))),
        learn_unit(b, mul(hyper(0), read(Place::Own, e))),
    ];
    rule
}

/// A node-perturbation-like rule: `R = sum(cost(output.x))`, `W += R * pre.x`, with a forward sweep.
pub fn modulated() -> Rule {
    let mut rule = rule("Modulated", vec![state("x")], vec![synapse("W", Relative::Below, false)]);
    let cost = ExprKind::Cost { primed: false, of_drive: false, argument: Box::new(read(Place::Output, 0)) };
    let value = layer_sum(expr(cost));
    rule.signals = vec![plr_sema::hir::Signal { name: "R".to_owned(), value, span: span() }];
    let forward = dynamics(None, 0, f(arrive(0, read(Place::Sender, 0))));
    rule.phases =
        vec![phase("run", 1.0, None, vec![clamp_input(0), Statement::Sweep(Direction::Up, vec![forward])])];
    let signal = expr(ExprKind::Signal(plr_sema::hir::SignalId(0), None));
    rule.plasticity = vec![learn_synapse(0, mul(signal, read(Place::Pre, 0)))];
    rule
}
