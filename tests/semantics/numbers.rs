//! Rules 11 and 12: randomness and numbers. What each operation returns on every input is tested beside it, in `plr-ir`.

use plr_ir::model::{Init, Parameter};
use plr_ir::scalar::{self, BinaryOp, CompareOp, Host, UnaryOp};
use plr_ir::{Precision, Tensor, random};
use plr_run::data::Batches;
use plr_run::draws::Draws;
use plr_run::{compare, init};

use crate::bench::{Bench, Found, codes, finds};
use crate::text::{PLAIN, plain};

fn unary(op: UnaryOp, x: f64) -> f64 {
    scalar::unary(&mut Host::<f64>::default(), op, x)
}

fn binary(op: BinaryOp, a: f64, b: f64) -> f64 {
    scalar::binary(&mut Host::<f64>::default(), op, a, b)
}

/// R11.1: the published vectors of Philox4x32-10 (Random123, `kat_vectors`); a draw is a function of its address.
#[test]
fn draws_are_functions_of_what_they_are_for() {
    assert_eq!(random::philox4x32_10([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    let first = |seed, name, item| Draws::new(seed, name, item).bits();
    assert_eq!(first(1, "a", 0), first(1, "a", 0));
    assert!(
        first(1, "a", 0) != first(2, "a", 0)
            && first(1, "a", 0) != first(1, "b", 0)
            && first(1, "a", 0) != first(1, "a", 1)
    );
}

/// R11.2: a first value depends on seed, full name and law; in f32 it is the rounded one.
#[test]
fn first_values_depend_on_their_name() {
    let weight = |name: &str| Parameter {
        name: name.to_owned(),
        group: "W".to_owned(),
        site: "a->b".to_owned(),
        layer: "b".to_owned(),
        dims: vec![3, 2],
        init: Init::Normal { mean: 0.0, deviation: 1.0 },
        learned: true,
        synaptic: true,
        mask: None,
    };
    let values = |names: &[&str], seed| -> Vec<Tensor> {
        let all: Vec<Parameter> = names.iter().map(|name| weight(name)).collect();
        init::parameters(&all, seed, Precision::F64).expect("there is memory")
    };
    assert_eq!(values(&["W/a->b"], 1)[0], values(&["V/a->b", "W/a->b"], 1)[1]);
    assert_ne!(values(&["W/a->b"], 1), values(&["W/a->c"], 1));
    assert_ne!(values(&["W/a->b"], 1), values(&["W/a->b"], 2));
    let single = init::parameters(&[weight("W/a->b")], 1, Precision::F32).expect("there is memory");
    assert_eq!(single[0], values(&["W/a->b"], 1)[0].cast(Precision::F32));
}

/// R11.3: the order of an epoch is a permutation that depends on seed, epoch and number of samples.
#[test]
fn orders_depend_on_seed_and_epoch() {
    let order = |samples, seed, epoch| {
        Batches::new(samples, 4, seed).expect("the minibatch fits").epoch(epoch).order().to_vec()
    };
    let mut sorted = order(20, 1, 0);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..20).collect::<Vec<_>>());
    assert_eq!(order(20, 1, 3), order(20, 1, 3));
    assert!(order(20, 1, 3) != order(20, 1, 2) && order(20, 1, 3) != order(20, 2, 3));
}

/// R12.1: one third in f32 is the rounded third, and a product of it the rounded product.
#[test]
fn constants_are_rounded_to_the_precision() {
    use plr_ir::model::{Model as _, Piece};
    let text = format!("{}network n {{ 1 - 1 }}", plain("lr = 1", "a = 1 / 3, lr = a + a"));
    let program =
        Bench::new(&text).model().program(Piece::Update, 1, Precision::F32).expect("there is an update");
    let one = Tensor::from_f64([1, 1], &[1.0], Precision::F32);
    let inputs: Vec<&Tensor> = program.inputs.iter().map(|_| &one).collect();
    let mut runner = plr_run::backend::Runner::new(program, plr_run::backend::Backend::Interpreter)
        .expect("it is made ready");
    let context = plr_run::backend::Context { seed: 1, update: 0 };
    let new = runner.run(&inputs, context).expect("it runs")[0].to_f64();
    assert_eq!(new, [f64::from(1.0_f32 + (2.0 / 3.0) as f32)]);
}

/// R12.2: NaN is never swallowed; comparisons with it are false.
#[test]
fn nan_stays() {
    let nan = f64::NAN;
    for op in UnaryOp::ALL {
        assert!(unary(*op, nan).is_nan(), "{op}");
    }
    for op in BinaryOp::ALL {
        assert!(binary(*op, nan, 1.0).is_nan() && binary(*op, 1.0, nan).is_nan(), "{op}");
    }
    for op in CompareOp::ALL {
        assert_eq!(scalar::compare(&mut Host::<f64>::default(), *op, nan, nan), *op == CompareOp::Ne, "{op}");
    }
}

/// R12.3: extremes, signs and roundings, zeros included.
#[test]
fn order_is_as_stated() {
    let zero_sign = |x: f64| (x == 0.0).then(|| x.is_sign_negative());
    assert_eq!(zero_sign(binary(BinaryOp::Max, -0.0, 0.0)), Some(true));
    assert_eq!(zero_sign(binary(BinaryOp::Min, 0.0, -0.0)), Some(false));
    assert_eq!((binary(BinaryOp::Max, 1.0, 2.0), binary(BinaryOp::Min, 1.0, 2.0)), (2.0, 1.0));
    assert_eq!([-3.0, 5.0].map(|x| unary(UnaryOp::Sign, x)), [-1.0, 1.0]);
    for op in [UnaryOp::Sign, UnaryOp::Floor, UnaryOp::Round] {
        assert_eq!(zero_sign(unary(op, -0.0)), Some(true), "{op}");
    }
    assert_eq!([0.5, 1.5, 2.5, -0.6].map(|x| unary(UnaryOp::Round, x)), [0.0, 2.0, 2.0, -1.0]);
}

/// R12.4: limits.
#[test]
fn limits_are_as_stated() {
    let infinity = f64::INFINITY;
    assert_eq!([-infinity, 1e4].map(|x| unary(UnaryOp::Exp, x)), [0.0, infinity]);
    assert_eq!(unary(UnaryOp::Log, 0.0), -infinity);
    assert!(unary(UnaryOp::Log, -1.0).is_nan() && unary(UnaryOp::Sqrt, -1.0).is_nan());
    assert_eq!([-infinity, infinity].map(|x| unary(UnaryOp::Sigmoid, x)), [0.0, 1.0]);
    for x in [-40.0, -1.0, 0.0, 1.0, 40.0, 1e300] {
        assert!(unary(UnaryOp::Softplus, x) >= x && unary(UnaryOp::Softplus, x) >= 0.0);
    }
    assert_eq!([-30.0, 30.0].map(|x| unary(UnaryOp::Tanh, x)), [-1.0, 1.0]);
    assert_eq!(binary(BinaryOp::Div, -1.0, 0.0), -infinity);
    assert!(binary(BinaryOp::Div, 0.0, 0.0).is_nan());
}

/// R12.5: large angles are seen.
#[test]
fn large_angles_are_mistakes() {
    let (inside, beyond) = (f64::from(1 << 20), f64::from((1 << 20) + 1));
    for op in [UnaryOp::Sin, UnaryOp::Cos] {
        assert!(unary(op, inside).is_finite() && unary(op, beyond).is_nan());
        let single = |x: f32| scalar::unary(&mut Host::<f32>::default(), op, x);
        assert!(single(8192.0).is_finite() && single(8193.0).is_nan());
    }
}

/// R12.6: powers.
#[test]
fn powers_are_as_stated() {
    let pow = |x, y| binary(BinaryOp::Pow, x, y);
    assert_eq!([pow(0.0, 0.0), pow(-2.0, 0.0), pow(1.0, f64::INFINITY)], [1.0; 3]);
    assert_eq!([pow(-2.0, 3.0), pow(-2.0, 2.0)].map(f64::round), [-8.0, 4.0]);
    assert!(pow(-2.0, 0.5).is_nan());
}

/// R12.7: what does not contract agrees bit for bit; what does, within its bound, in both precisions.
#[test]
fn back_ends_agree() {
    let text =
        format!("{}network n {{ 30 - 20 tanh - 10 }}", PLAIN.replace("= W @ below.x", "= f(W @ below.x)"));
    let differences = compare::run(&Bench::new(&text).model(), 7, 1, 2).expect("the programs run");
    assert!(differences.iter().all(compare::Difference::agrees));
    assert!(differences.iter().any(|d| d.precision == Precision::F32 && d.bound > 0.0));
    // Without a contraction on the way the bound is 0.
    let element_wise = "rule R {
  neuron { state x }
  synapse W : below -> self
  phase p { input x = softplus(data) / 3;  hidden x = 1;  output x = exp(tanh(target)) + sin(target) * mean(softmax(target)) }
  learn { W += pre.x + post.x }
}
network n { 3 - 3 }";
    let differences = compare::run(&Bench::new(element_wise).model(), 7, 1, 2).expect("the programs run");
    let mut one_by_one = differences.iter().filter(|d| d.presentations == 1);
    assert!(one_by_one.all(|d| d.largest == 0.0 && d.bound == 0.0), "{differences:?}");
    // What is put off may depend on where in training it is (R8.10, R8.15).
    let later = text.replace("post.x * pre.x", "0.9 ^ epoch * minibatches * post.x * pre.x");
    assert!(later.contains("epoch"), "{later}");
    let differences = compare::run(&Bench::new(&later).model(), 2, 1, 1).expect("the programs run");
    assert!(differences.iter().any(|d| d.presentations > 1), "{differences:?}");
    assert!(differences.iter().all(compare::Difference::agrees), "{differences:?}");
    // Of a phase that would take days its first steps.
    let long = text.replace("phase p {", "phase p (steps = 1000000000) {");
    let differences = compare::run(&Bench::new(&long).model(), 2, 1, 1).expect("the programs run");
    assert!(!differences.is_empty() && differences.iter().all(compare::Difference::agrees));
}

/// The draws of one presentation of `samples` samples on a layer of 200 units.
fn drawn(equations: &str, samples: usize) -> Found {
    let text = format!(
        "fn coin() = bernoulli(0.5)
rule R {{
  neuron {{ param b = 0\n state x, y = 0, z = 0 }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  {equations} }}
  phase q {{ z = y + 0 * (W @ below.y + b) }}
  learn {{ W += normal() + 0 * post.z;  b += uniform() + 0 * z }}
  predict output.z after q
}}
network n {{ 1 - 200 }}"
    );
    Bench::new(&text).present(&[], &vec![&[0.0][..]; samples], &[])
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// R11.4: fresh for every unit and sample, independent in one equation, of the right law.
#[test]
fn states_draw_numbers() {
    let found = drawn("output x = normal();  output y = normal() * normal()", 100);
    let (x, y) = (found.get("state/p/x/output"), found.get("state/p/y/output"));
    let square = |numbers: &[f64]| numbers.iter().map(|n| n * n).collect::<Vec<_>>();
    assert_eq!(x.len(), 20_000);
    assert!(mean(x).abs() < 0.03, "{}", mean(x));
    assert!((mean(&square(x)) - 1.0).abs() < 0.05);
    // The product of two independent ones has the variance 1; the square of one would have the mean 1.
    assert!(mean(y).abs() < 0.03);
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    assert!(sorted.len() > 19_900);
}

/// R11.4: two draws of one step are independent, also with a stage of an integrator between them, and so are those of a clamp that
/// is let go and of the first step; the stages see the same.
#[test]
fn draws_of_a_step_are_independent() {
    let text = |options: &str, body: &str| {
        format!(
            "rule R(lr = 1) {{
  neuron {{ state x = 0, y = 0, z = 0 }}
  synapse W : below -> self = 1
  phase p ({options}) {{ clamp input z = data;  {body} }}
  learn {{ W += lr * post.x * pre.z }}
  predict output.x + output.y + output.z after p
}}
network n {{ 1 - 200 }}"
        )
    };
    let at_end = |options: &str, body: &str| Bench::new(&text(options, body)).present(&[], &[&[0.0]], &[]);
    let variance = |numbers: &[f64]| numbers.iter().map(|n| n * n).sum::<f64>() / numbers.len() as f64;
    for method in ["euler", "heun", "rk4"] {
        let apart = "in turn { output x = normal();  output dy/dt = x - y;  output x = x - normal() }";
        let found = at_end(&format!("dt = 0.1, integrator = {method}"), apart);
        assert!((variance(found.get("state/p/x/output")) - 2.0).abs() < 0.7, "{method}");
        let twice = "in turn { output dx/dt = normal();  output dx/dt = -normal() }";
        let found = at_end(&format!("dt = 1, integrator = {method}"), twice);
        assert!((variance(found.get("state/p/x/output")) - 2.0).abs() < 0.7, "{method}");
        // A constant force, whatever the method: its noise is the same at every stage.
        let found = at_end(&format!("dt = 1, integrator = {method}"), "output dx/dt = normal()");
        assert!((variance(found.get("state/p/x/output")) - 1.0).abs() < 0.35, "{method}");
    }
    for steps in ["", "steps = 2"] {
        let body = "clamp output x = normal();  release output x;  output y = x - z;  output z = normal();  output x = normal()";
        let first = at_end(steps, &body.replace("output y = x - z", "output y = if time == 0 then x else y"));
        let (x, y) = (first.get("state/p/x/output"), first.get("state/p/y/output"));
        assert!(x.iter().zip(y).all(|(x, y)| x != y), "{steps}");
    }
}

/// R11.4: so are many draws of one equation, and those of the layers.
#[test]
fn many_draws_are_independent() {
    let sum = vec!["normal()"; 130].join(" + ");
    let text = format!(
        "rule R(lr = 1) {{
  neuron {{ state x = 0 }}
  synapse W : below -> self = 1
  phase p {{ clamp input x = data;  hidden x = {sum} }}
  learn {{ W += lr * post.x * pre.x }}
}}
network n {{ 1 - 300 - 300 - 300 - 1 }}"
    );
    let found = Bench::new(&text).present(&[], &[&[0.0]], &[]);
    let layers = ["h1", "h2", "h3"].map(|layer| found.get(&format!("state/p/x/{layer}")));
    let correlation =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / (130.0 * a.len() as f64);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        // Of independent sums it has the deviation 0.06; half of the draws in common make it a half.
        assert!(correlation(layers[a], layers[b]).abs() < 0.25, "{a} {b}");
        assert!((correlation(layers[a], layers[a]) - 1.0).abs() < 0.35);
    }
}

/// R11.9: a clamp draws once for all steps of a phase, which is a doubt if there are several; without it each step draws; over time a
/// clamp does.
#[test]
fn clamps_draw_once() {
    let text = |phase: &str, statement: &str| {
        format!(
            "rule R(lr = 1, T = 3) {{
  neuron {{ state x = 0, n = 0, s = 0 }}
  synapse W : below -> self
  phase p ({phase}) {{ in turn {{ input n += x;  input s += x * x }} }}
  learn {{ W += lr * post.x * (pre.n + pre.s + 0 * T) }}
}}
network n {{ 50 - 1 }}"
        )
        .replace("{ in turn {", &format!("{{ {statement}\n in turn {{ input n = n\n "))
    };
    let zeros: &[f64] = &[0.0; 50];
    let clamped = text("steps = T", "clamp input x = uniform()");
    let found = Bench::new(&clamped).present(&[], &[zeros, zeros], &[]);
    let (n, s) = (found.get("state/p/n/input"), found.get("state/p/s/input"));
    // Of three times the same number the sum of squares is a third of the square of the sum.
    assert!(n.iter().zip(s).all(|(n, s)| (3.0 * s - n * n).abs() < 1e-12 && *n > 0.0));
    finds("frozen_draw", &clamped);
    let drawn = text("steps = T", "").replace("input n = n", "input x = uniform()");
    let found = Bench::new(&drawn).present(&[], &[zeros, zeros], &[]);
    let (n, s) = (found.get("state/p/n/input"), found.get("state/p/s/input"));
    assert!(n.iter().zip(s).all(|(n, s)| 3.0 * s - n * n > 1e-9));
    let over_time = text("over time", "clamp input x = uniform()");
    let before = text("steps = T", "").replace("phase p", "phase o { clamp input x = uniform() }\n  phase p");
    for fine in [drawn, text("", "clamp input x = uniform()"), over_time, before] {
        assert!(!codes(&fine).contains(&"frozen_draw".to_owned()), "{fine}");
    }
}

/// R11.5: plasticity draws one number for each synapse and unit.
#[test]
fn plasticity_draws_for_all_samples() {
    let (one, many) = (drawn("output x = 1", 1), drawn("output x = 1", 50));
    for name in ["increment/W/input->output", "increment/b/output"] {
        assert_eq!(one.get(name), many.get(name));
        assert!(one.get(name)[0] != one.get(name)[1]);
    }
    let b = one.get("increment/b/output");
    assert!(b.iter().all(|u| (0.0..1.0).contains(u)) && (mean(b) - 0.5).abs() < 0.1);
}

/// R11.6, R11.7: what is drawn can be read again; definitions draw nothing; functions may.
#[test]
fn draws_are_states() {
    let found = drawn("output x = 1;  output y = coin()", 100);
    let y = found.get("state/p/y/output");
    assert_eq!(y, found.get("state/q/z/output"));
    assert!(y.iter().all(|&n| n == 0.0 || n == 1.0));
    assert!((mean(y) - 0.5).abs() < 0.02);
    finds("shape_mismatch", &plain("state x", "state x\n  let y = normal()").replace("= W @ below.x", "= y"));
    let gumbel = drawn("output x = 1;  output y = gumbel()", 100);
    // Euler's constant is its mean.
    assert!((mean(gumbel.get("state/p/y/output")) - 0.5772).abs() < 0.05);
}

/// The probabilities of the counts from 0 to 399 under Poisson's law, by logarithms.
#[allow(clippy::disallowed_methods, reason = "the platform's library is the independent source of the law")]
fn poisson(rate: f64) -> Vec<f64> {
    let mut log_factorial = 0.0;
    let mut probabilities = Vec::new();
    for count in 0..400 {
        log_factorial += if count > 0 { f64::from(count).ln() } else { 0.0 };
        let log = -rate + if count > 0 { f64::from(count) * rate.ln() } else { 0.0 } - log_factorial;
        probabilities.push(log.exp());
    }
    probabilities
}

/// What a class adds to Pearson's statistic.
fn pearson(seen: f64, expected: f64) -> f64 {
    (seen - expected) * (seen - expected) / expected
}

/// R11.8: between two values of the distribution function lies one count; the rate has bounds.
#[test]
fn counts_are_quantiles() {
    let quantiles = |levels: &[f64], rate: f64| {
        let text = format!(
            "rule R {{
  neuron {{ state x, y = 0 }}
  synapse W : below -> self
  phase p {{ clamp input x = data;  input y = poisson_quantile(x, {rate:?});  output y = W @ below.y }}
  learn {{ W += post.y }}
  predict output.y after p
}}
network n {{ {} - 1 }}",
            levels.len()
        );
        Bench::new(&text).present(&[], &[levels], &[]).get("state/p/y/input").to_vec()
    };
    for rate in [1e-3, 0.5, 1.0, 3.7, 30.0, 128.0] {
        let mut below = 0.0;
        let (mut levels, mut counts) = (Vec::new(), Vec::new());
        for (count, probability) in poisson(rate).into_iter().enumerate() {
            if probability > 1e-9 {
                levels.extend([1e-3, 0.5, 0.999].map(|part| below + part * probability));
                counts.extend([count as f64; 3]);
            }
            below += probability;
        }
        assert!(counts.len() >= 9, "{rate}");
        assert_eq!(quantiles(&levels, rate), counts, "{rate}");
    }
    let most = 1.0 - f64::EPSILON / 2.0;
    assert_eq!(quantiles(&[0.0, 0.5, most], 0.0), [0.0; 3]);
    // 6 · 10⁻¹⁷ lies beyond 17, and what can be told apart from 1 below 19.
    let last = quantiles(&[most], 1.0)[0];
    assert!((16.0..=19.0).contains(&last), "{last}");
    for rate in [-0.1, 128.1, 1e300] {
        assert!(quantiles(&[0.5], rate)[0].is_nan(), "{rate}");
    }
    assert!(quantiles(&[0.5], 128.0)[0] == 128.0);
}

/// R11.7, R11.8: counts are drawn by Poisson's law, in both precisions, fresh for each unit, sample and step. Of 20,000
/// draws the statistic of Pearson is compared with its quantile for one false alarm in 10⁵.
#[test]
fn counts_are_drawn() {
    // For each rate the degrees of freedom, and the quantile of χ² for 1 − 10⁻⁵.
    for (rate, degrees, bound) in [(0.25, 3, 25.90), (3.0, 9, 39.34), (20.0, 26, 68.77)] {
        let found = drawn(&format!("output x = 1;  output y = poisson({rate})"), 100);
        let counts = found.get("state/p/y/output");
        let probabilities = poisson(rate);
        // Neighbouring counts are taken together until they are expected 40 times.
        let (mut statistic, mut classes, mut expected, mut seen, mut rest) = (0.0, 0, 0.0, 0.0, 1.0);
        for (count, probability) in probabilities.iter().enumerate() {
            expected += probability * counts.len() as f64;
            rest -= probability;
            seen += counts.iter().filter(|&&c| c == count as f64).count() as f64;
            let after = rest * counts.len() as f64;
            if expected >= 40.0 && after >= 40.0 {
                statistic += pearson(seen, expected);
                (classes, expected, seen) = (classes + 1, 0.0, 0.0);
            }
        }
        statistic += pearson(seen, expected);
        assert_eq!(classes, degrees, "{rate}");
        assert!(statistic < bound, "{rate}: {statistic}");
    }
    // Bit for bit the same in both back ends, in both precisions, on any number of threads.
    let element_wise = "rule R {
  neuron { state x }
  synapse W : below -> self
  phase p (steps = 3) { input x = poisson(exp(data));  hidden x = 1;  output x = poisson(1) + poisson(softplus(target)) }
  learn { W += poisson(2) * (pre.x + post.x) }
}
network n { 40 - 30 }";
    let differences = compare::run(&Bench::new(element_wise).model(), 7, 1, 2).expect("the programs run");
    assert!(differences.iter().all(|d| d.largest == 0.0), "{differences:?}");
    finds(
        "shape_mismatch",
        &plain("state x", "state x\n  let y = poisson(1)").replace("= W @ below.x", "= y"),
    );
}

/// R11.7: as often as the share of the weight; without a weight, or with one that is none, never.
#[test]
fn categories_are_drawn() {
    let text = "rule R {
  neuron { param b = 0\n state x, y = 0, z = 0 }
  synapse W : below -> self
  phase p { clamp input x = data;  output x = 0;  output y = categorical(b) }
  phase q { z = y + 0 * (W @ below.y) }
  learn { W += post.z;  b += 0 * z }
  predict output.z after q
}
network n { 1 - 6 }";
    let weights = [1.0, 0.0, 5.0, 3.0, -2.0, 1.0];
    let samples = vec![&[0.0][..]; 10_000];
    let found = Bench::new(text).present(&[("b/output", &weights)], &samples, &[]);
    let chosen = found.get("state/p/y/output");
    assert!(chosen.iter().all(|&y| y == 0.0 || y == 1.0));
    assert!(chosen.chunks(6).all(|sample| sample.iter().sum::<f64>() == 1.0));
    let mut statistic = 0.0;
    for (unit, weight) in weights.iter().enumerate() {
        let times: f64 = chosen.iter().skip(unit).step_by(6).sum();
        let expected = if *weight > 0.0 { weight * 1000.0 } else { 0.0 };
        if expected == 0.0 {
            assert_eq!(times, 0.0);
        } else {
            statistic += pearson(times, expected);
        }
    }
    // The quantile of χ² for 1 − 10⁻⁵ and 3 degrees of freedom.
    assert!(statistic < 25.90, "{statistic}");
}
