//! Rules 6: functions and costs.
#![allow(clippy::disallowed_methods, reason = "closed forms are computed by an independent library")]

use crate::bench::{Bench, clean, finds};
use crate::text::PLAIN;

/// The value of an expression of the output's state `x`, which is the input, with functions before the rule.
fn value(functions: &str, expression: &str, network: &str, x: &[f64], expected: &[f64]) {
    valued(functions, expression, network, "half_squared_error", x, &vec![0.0; x.len()], expected);
}

fn valued(
    functions: &str,
    expression: &str,
    network: &str,
    cost: &str,
    x: &[f64],
    target: &[f64],
    expected: &[f64],
) {
    let text = format!(
        "{functions}
rule R {{
  neuron {{ state x = 0, y = 0 }}
  synapse W : below -> self = 1, one
  phase p {{ clamp input x = data;  sweep up {{ x = W @ below.x }} }}
  phase q {{ output y = {expression} }}
  learn {{ W += post.y + pre.y }}
  predict output.x after p
}}
network n {{ {network} }}"
    )
    .replace(", one", "");
    let size = x.len();
    let identity: Vec<f64> = (0..size * size).map(|k| if k % (size + 1) == 0 { 1.0 } else { 0.0 }).collect();
    let bench = Bench::new(&text).cost(cost);
    let found = bench.present(&[("W/input->output", &identity)], &[x], &[target]);
    found.is("state/q/y/output", expected);
}

/// R6.1: arguments by position, settings by name with defaults; the body sees nothing else.
#[test]
fn functions_have_arguments_and_settings() {
    let g = "fn g(a, b; s = 2, t = 1) = s * a + t * b";
    value(g, "g(x, 1)", "1 - 1", &[3.0], &[7.0]);
    value(g, "g(x, 1, t = 10)", "1 - 1", &[3.0], &[16.0]);
    finds("unknown_name", &format!("fn g(x) = x + lr\n{PLAIN}"));
    finds("unknown_name", &format!("{g}\n{}", PLAIN.replace("= W @ below.x", "= g(W @ below.x, 1, u = 3)")));
}

/// R6.2: as many arguments as declared.
#[test]
fn calls_fit() {
    finds("wrong_argument_count", &PLAIN.replace("= W @ below.x", "= relu(W @ below.x, 1)"));
    finds("wrong_argument_count", &PLAIN.replace("= W @ below.x", "= exp(W @ below.x, 1)"));
}

/// R6.3: the prime is the declared derivative and nothing else.
#[test]
fn derivatives_are_declared() {
    value("fn g(x) = x ^ 2\n  with derivative 42", "g'(x)", "1 - 1", &[3.0], &[42.0]);
    let call = |g: &str| format!("{g}\n{}", PLAIN.replace("= W @ below.x", "= g'(W @ below.x)"));
    finds("missing_derivative", &call("fn g(x) = x ^ 2"));
    finds("missing_derivative", &PLAIN.replace("= W @ below.x", "= exp'(W @ below.x)"));
}

/// R6.4: a file's own function replaces the prelude's from there on; in its definition the name has its old meaning.
#[test]
fn functions_replace_those_above() {
    value("fn h(x) = relu(x)\nfn relu(x) = 10 * relu(x)", "relu(x) + h(x)", "1 - 1", &[3.0], &[33.0]);
    value("fn tanh(x) = 2 * tanh(x)", "tanh(x)", "1 - 1", &[0.5], &[2.0 * 0.5_f64.tanh()]);
    let cost = "cost half_squared_error(x, t) = 3 * x";
    valued(cost, "loss(x)", "1 - 1", "half_squared_error", &[2.0], &[0.0], &[6.0]);
}

/// R6.5: the activation of the argument's layer, the identity where there is none.
#[test]
fn activations_are_of_the_layer() {
    value("", "f(x)", "1 - 1 relu", &[-3.0], &[0.0]);
    value("", "f(x) + f'(x)", "1 - 1", &[-3.0], &[-2.0]);
    value("", "f'(x)", "1 - 1 relu(slope = 0.1)", &[-3.0], &[0.1]);
    finds("shape_mismatch", &PLAIN.replace("= W @ below.x", "= f(1) + W @ below.x"));
    finds(
        "missing_derivative",
        &format!(
            "{}network n {{ 2 - 2 softmax }}
experiment e {{ rule R;  network n }}",
            PLAIN.replace("= W @ below.x", "= f'(W @ below.x)")
        ),
    );
}

/// R6.5: `target` belongs to the output layer, whatever the populations there, in signals and predictions.
#[test]
fn targets_are_of_the_output_layer() {
    for first in ["neuron I sized above { state v = 0 }", "neuron I sized input { state v = 0 }", ""] {
        let text = format!(
            "rule R {{
  {first}
  neuron P {{ state x }}
  synapse W : below.P -> P
  signal G = sum(f(target) * f'(target))
  phase p {{ clamp input P.x = data;  sweep up {{ P.x = W @ below.P.x }} }}
  learn {{ W += G * post.x }}
  predict output.P.x after p
}}
network n {{ 1 - 2 relu(slope = 0.5) }}"
        );
        let found =
            Bench::new(&text).present(&[("W/input->output", &[1.0, 1.0])], &[&[1.0]], &[&[-4.0, 3.0]]);
        found.is("increment/W/input->output", &[2.0, 2.0]);
    }
}

/// R6.6: summed over output units, averaged over samples.
#[test]
fn costs_add_over_units() {
    let bench = Bench::new(&format!("{PLAIN}network n {{ 1 - 2 }}"));
    let found =
        bench.evaluate(&[("W/input->output", &[1.0, 2.0])], &[&[1.0], &[3.0]], &[&[0.0, 0.0], &[3.0, 0.0]]);
    found.is("loss", &[0.5 + 2.0, 18.0]);
    let text = format!("cost c(x, target) = x * target\n{PLAIN}network n {{ 1 - 2 }}");
    let found =
        Bench::new(&text).cost("c").evaluate(&[("W/input->output", &[1.0, 2.0])], &[&[3.0]], &[&[1.0, 10.0]]);
    found.is("loss", &[63.0]);
}

/// R6.7: `loss` of the activity, `cost` of the drive, and their derivatives by the chain rule.
#[test]
fn costs_are_of_activity_or_drive() {
    let squared = |expression: &str, expected: f64| {
        valued("", expression, "1 - 1 relu(slope = 0.5)", "half_squared_error", &[-4.0], &[1.0], &[expected]);
    };
    squared("loss(x)", 12.5);
    squared("loss'(x)", -5.0);
    squared("cost(x)", 4.5);
    squared("cost'(x)", -3.0 * 0.5);
}

/// R6.8: the closed form, where the activation is the one that it is for, unchanged.
#[test]
fn closed_forms_hold_after_their_activation() {
    let both = "cost c(x, t) = x - t\n  with derivative 1, derivative after sigmoid 42";
    let s = 1.0 / (1.0 + (-1.0_f64).exp());
    valued(both, "cost'(x)", "1 - 1 sigmoid", "c", &[1.0], &[0.0], &[42.0]);
    valued(both, "loss'(x)", "1 - 1 sigmoid", "c", &[1.0], &[0.0], &[1.0]);
    let slope = 1.0 - 1.0_f64.tanh() * 1.0_f64.tanh();
    valued(both, "cost'(x)", "1 - 1 tanh", "c", &[1.0], &[0.0], &[slope]);
    valued(both, "cost'(x)", "1 - 1 sigmoid(gain = 1)", "c", &[1.0], &[0.0], &[s * (1.0 - s)]);
}

/// R6.9: the table of functions, values and derivatives, corners included.
#[test]
fn prelude_functions_are_those_of_the_table() {
    let x = [-2.0, 0.0, 0.3, 2.0];
    let sigma = |x: f64| 1.0 / (1.0 + (-x).exp());
    let each = |g: &dyn Fn(f64) -> f64| x.map(g);
    let at = |expression: &str, expected: [f64; 4]| value("", expression, "4 - 4", &x, &expected);
    at("identity(x) + 10 * identity'(x)", each(&|x| x + 10.0));
    at("relu(x)", [0.0, 0.0, 0.3, 2.0]);
    at("relu'(x, slope = 0.1)", [0.1, 0.1, 1.0, 1.0]);
    at("relu(x, slope = 0.1)", [-0.2, 0.0, 0.3, 2.0]);
    at("sigmoid(x)", each(&sigma));
    at("sigmoid(x, gain = 3)", each(&|x| sigma(3.0 * x)));
    at("sigmoid'(x, gain = 3)", each(&|x| 3.0 * sigma(3.0 * x) * sigma(-3.0 * x)));
    at("hard_sigmoid(x)", [0.0, 0.0, 0.3, 1.0]);
    at("hard_sigmoid'(x, gain = 0.5)", [0.0, 0.0, 0.5, 0.0]);
    at("tanh(x, gain = 2)", each(&|x| (2.0 * x).tanh()));
    at("tanh'(x, gain = 2)", each(&|x| 2.0 * (1.0 - (2.0 * x).tanh().powi(2))));
    at("softplus(x)", each(&|x| x.exp().ln_1p()));
    at("softplus'(x)", each(&sigma));
    let total: f64 = x.iter().map(|x| x.exp()).sum();
    at("softmax(x)", each(&|x| x.exp() / total));
    value("", "softmax(x)", "2 - 2", &[1000.0, 1000.0], &[0.5, 0.5]);
    at("top(x)", [0.0, 0.0, 0.0, 1.0]);
    at("top(x, k = 3)", [0.0, 1.0, 1.0, 1.0]);
    at("top(abs(x), k = 2)", [1.0, 0.0, 0.0, 1.0]);
    at("winner(abs(x))", [1.0, 0.0, 0.0, 0.0]);
    at("norm(x)", [8.09_f64.sqrt(); 4]);
    value("", "mod(x, 3)", "4 - 4", &[-7.0, 0.0, 6.0, 7.5], &[2.0, 0.0, 0.0, 1.5]);
    let base = [0.0, 0.25, 0.5, 0.999];
    value("", "one_minus_power(x, 3)", "4 - 4", &base, &base.map(|x: f64| 1.0 - x * x * x));
}

/// R6.10: operations of one and two numbers.
#[test]
fn operations_are_those_listed() {
    let x = [-2.5, 0.5, 1.5];
    let at = |expression: &str, g: &dyn Fn(f64) -> f64| value("", expression, "3 - 3", &x, &x.map(g));
    at("abs(x) + sign(x)", &|x| x.abs() + x.signum());
    at("sqrt(abs(x)) + exp(x)", &|x| x.abs().sqrt() + x.exp());
    at("log(abs(x)) + sin(x) + cos(x)", &|x| x.abs().ln() + x.sin() + x.cos());
    at("floor(x)", &f64::floor);
    value("", "round(x)", "3 - 3", &x, &[-2.0, 0.0, 2.0]);
    at("max(x, 1) + min(x, 0)", &|x| x.max(1.0) + x.min(0.0));
    // The prelude's functions have settings and derivatives, which operations have not.
    at("tanh'(x) + sigmoid(x, gain = 0) + softplus'(0 * x)", &|x| 1.0 - x.tanh().powi(2) + 1.0);
}

/// R6.11: the table of costs.
#[test]
fn prelude_costs_are_those_of_the_table() {
    let (x, t) = ([0.2, 0.7], [1.0, 0.4]);
    let each = |g: &dyn Fn(f64, f64) -> f64| [g(x[0], t[0]), g(x[1], t[1])];
    let at = |cost: &str, expression: &str, expected: [f64; 2]| {
        valued("", expression, "2 - 2", cost, &x, &t, &expected);
    };
    at("half_squared_error", "loss(x)", each(&|x, t| (x - t) * (x - t) / 2.0));
    at("half_squared_error", "loss'(x)", each(&|x, t| x - t));
    at("softmax_cross_entropy", "loss(x)", each(&|x, t| -t * x.ln()));
    at("softmax_cross_entropy", "loss'(x)", each(&|x, t| -t / x));
    at("binary_cross_entropy", "loss(x)", each(&|x, t| -t * x.ln() - (1.0 - t) * (1.0 - x).ln()));
    at("binary_cross_entropy", "loss'(x)", each(&|x, t| (x - t) / (x * (1.0 - x))));
    // At 0 the logarithm is that of 1e-30.
    valued("", "loss(x)", "1 - 1", "softmax_cross_entropy", &[0.0], &[1.0], &[-(1e-30_f64.ln())]);
    let total: f64 = x.iter().map(|x| x.exp()).sum();
    // Of Σ -t log p, also where the targets do not sum to 1.
    let soft = each(&|x, target| x.exp() / total * (t[0] + t[1]) - target);
    valued("", "cost'(x)", "2 - 2 softmax", "softmax_cross_entropy", &x, &t, &soft);
    let logistic = each(&|x, t| 1.0 / (1.0 + (-x).exp()) - t);
    valued("", "cost'(x)", "2 - 2 sigmoid", "binary_cross_entropy", &x, &t, &logistic);
    clean(&format!("{PLAIN}experiment e {{ rule R;  network 2 - 2 softmax;  cost softmax_cross_entropy }}"));
}
