//! Rules 18 and 19: weights files and runs. What the command line writes is tested with the reference's console.

use std::path::PathBuf;

use plr_ir::model::{Model as _, Piece, Reference};
use plr_ir::{Precision, Tensor};
use plr_run::backend::{Backend, Context};
use plr_run::check::{Minibatch, angles};
use plr_run::data::{Dataset, Source, load};
use plr_run::init::with_given;
use plr_run::session::{Begun, Control, Options, Session, SessionError, Together};
use plr_run::weights;
use plr_sema::Specialised;

use crate::bench::Bench;
use crate::text::plain;

fn data() -> Dataset {
    load(&Source::Digits { train: 60, test: 0, seed: 0 }, Some(0)).expect("digits are drawn").train
}

/// The delta rule on digits.
fn delta(lr: &str) -> Bench {
    let text = plain("state x", "state x, e").replace("(lr = 1)", &format!("(lr = {lr})")).replace(
        "  learn { W += lr * post.x",
        "  phase q { output e = target - x }\n  learn { W += lr * post.e",
    );
    Bench::new(&format!("{text}network n {{ 784 - 10 }}\nexperiment digits {{ rule R;  network n }}"))
}

fn options(backend: Backend) -> Options {
    Options { backend, precision: Precision::F32, batch: 8, seed: 3 }
}

fn file(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("semantics");
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    directory.join(name)
}

/// R18.1: a mask that is drawn is in the file, though nothing learns: whoever has the weights has them as they are, whatever the seed.
#[test]
fn masks_go_with_their_weights() {
    let masked = |mask: &str| {
        let text = plain("state x", "state x\n param b = 0")
            .replace(
                "synapse W : below -> self",
                &format!("synapse W : below -> self = 1, fixed, mask(k) {{ fixed param k = {mask} }}"),
            )
            .replace("W @ below.x", "W @ below.x + b");
        let learn = text.find("  learn {").expect("it learns");
        let end = learn + text[learn..].find('}').expect("the block ends") + 1;
        let text = format!("{}  learn {{ b += x }}{}", &text[..learn], &text[end..]);
        Bench::new(&format!("{text}network n {{ 6 - 7 }}")).model()
    };
    let model = masked("bernoulli(0.5)");
    let session = Session::new(&model, options(Backend::Interpreter)).expect("it compiles");
    let path = file("mask.safetensors");
    session.save(&path).expect("a file can be written");
    let file = weights::load(&path).expect("it is well-formed");
    assert!(file.tensors.contains_key("W.k/input->output"), "{:?}", file.tensors.keys());
    for seed in [3, 4] {
        let found = with_given(model.parameters(), seed, Precision::F32, &file.tensors);
        for (parameter, found) in model.parameters().iter().zip(&found) {
            assert_eq!(found, &file.tensors[&parameter.name], "{}", parameter.name);
        }
    }
    let one = masked("if post.index > 2 then 1 else 0");
    assert!(one.parameters().iter().all(|parameter| !parameter.name.starts_with("W.k")));
}

/// R18.1: names, shapes, precision and strings of a file; the same weights are the same bytes.
#[test]
fn weights_files_have_names() {
    let model = delta("0.01").model();
    let data = data();
    let mut session = Session::new(&model, options(Backend::Jit { threads: 1 })).expect("it compiles");
    session.train(&data, None, &mut |_| Control::Continue).expect("it trains");
    let (first, second) = (file("a.safetensors"), file("b.safetensors"));
    session.save(&first).expect("a file can be written");
    session.save(&second).expect("a file can be written");
    assert_eq!(std::fs::read(&first).expect("it is there"), std::fs::read(&second).expect("it is there"));
    let weights = weights::load(&first).expect("it is well-formed");
    let (name, tensor) = weights.tensors.first_key_value().expect("there is a weight");
    assert_eq!(
        (name.as_str(), tensor.dims.as_slice(), tensor.precision()),
        ("W/input->output", &[10, 784][..], Precision::F32)
    );
    assert_eq!(*tensor, session.parameters()[0]);
    for (key, text) in [("rule", "R"), ("seed", "3"), ("epoch", "1"), ("updates", "8")] {
        assert_eq!(weights.about.get(key).map(String::as_str), Some(text), "{key}");
    }
    let mut other = Session::new(&model, options(Backend::Jit { threads: 1 })).expect("it compiles");
    other.load(&first, data.samples()).expect("it fits");
    assert_eq!(other.parameters(), session.parameters());
}

/// A rule with something of everything that weights files have.
fn beginning(before: &str, bounds: &str) -> String {
    format!(
        "rule R(lr = 0.1) {{
  neuron {{ param b = 1\n state x = 0, e = 0\n carried state c = 7 }}
  {before}synapse W : below -> self = normal(0.5){bounds}
  synapse B : above -> self = 2 * W.T + 1, fixed
  phase p {{ clamp input x = data;  output x = W @ below.x + b }}
  phase q {{ output e = target - x;  input e = B @ above.e;  output c = c / 2 + updates }}
  learn {{ W += momentum(post.e * pre.x, lr = lr) + 0 * pre.e * post.c;  b += lr * e }}
  predict output.x after p
}}
network n {{ 784 - 10 }}"
    )
}

fn begun_again<'m>(model: &'m Specialised, path: &std::path::Path) -> Session<'m> {
    let mut session = Session::new(model, options(Backend::Jit { threads: 1 })).expect("it compiles");
    session.begin_with(path).expect("it fits");
    session
}

/// R18.4: a run that goes on from a file, in the middle of an epoch, ends where one does that was not interrupted; a run of another
/// seed, and one of other minibatches, cannot go on.
#[test]
fn runs_go_on() {
    let text = "rule R(lr = 0.1) {
  neuron { param b = 0\n state x = 0, e = 0\n persistent state s = 1 }
  synapse W : below -> self = normal(0.1)
  phase p { clamp input x = data;  output x = W @ below.x + b }
  phase q { output e = target - x;  output s = s / 2 + epoch + minibatch }
  learn { W += adam(post.e * pre.x + 0.001 * post.s);  b += lr * e }
  predict output.x after p
}
network n { 784 - 10 }";
    let model = Bench::new(text).model();
    let data = data();
    let new = |seed| {
        Session::new(&model, Options { seed, ..options(Backend::Jit { threads: 2 }) }).expect("it compiles")
    };
    let mut whole = new(3);
    let train = |session: &mut Session<'_>, most| {
        session.train(&data, most, &mut |_| Control::Continue).expect("it trains");
    };
    train(&mut whole, None);
    train(&mut whole, Some(3));
    let path = file("resume.safetensors");
    whole.save(&path).expect("a file can be written");
    let mut other = new(3);
    other.load(&path, data.samples()).expect("it fits");
    assert_eq!(other.position(), whole.position());
    for session in [&mut whole, &mut other] {
        train(session, None);
        train(session, None);
    }
    assert_eq!(other.parameters(), whole.parameters());
    let refused = |session: &mut Session<'_>, samples| {
        session.load(&path, samples).expect_err("it is another run").to_string()
    };
    let said = refused(&mut new(4), data.samples());
    assert!(said.contains("its seed is 3, and here it is 4"), "{said}");
    let said = refused(&mut new(3), 100);
    assert!(said.contains("minibatches of an epoch is 8, and here it is 13"), "{said}");
}

/// R18.3: what a file has stands in the place of first values, within masks and bounds, and what follows them follows it; the rest begins
/// as ever, and so do memories, what is kept and the counts.
#[test]
fn runs_begin_with_weights() {
    let written = Bench::new(&beginning("", "")).model();
    let data = data();
    let mut first = Session::new(&written, options(Backend::Jit { threads: 1 })).expect("it compiles");
    first.train(&data, None, &mut |_| Control::Continue).expect("it trains");
    let path = file("begin.safetensors");
    first.save(&path).expect("a file can be written");
    let known = weights::load(&path).expect("it is well-formed").tensors;
    assert!(["W.v/input->output", "c/output"].iter().all(|name| known.contains_key(*name)));

    let other = beginning(
        "synapse V : below -> self = normal(1) { fixed param m = pre.index < 3 }\n  ",
        ", in [-0.1, 0.1], mask(m) { fixed param m = pre.index != 5 }",
    );
    let other = other.replace("W @ below.x + b", "W @ below.x + b + (V * V.m) @ below.x");
    let other = Bench::new(&other.replace("learn {", "learn { V += 0 * post.e;")).model();
    let begin = |model: &Specialised, options| -> (Vec<(String, Tensor)>, Begun) {
        let mut session = Session::new(model, options).expect("it compiles");
        let begun = session.begin_with(&path).expect("it fits");
        assert_eq!(session.position(), Default::default());
        let names = model.parameters().iter().map(|p| p.name.clone());
        (names.zip(session.parameters().iter().cloned()).collect(), begun)
    };
    let (begun, said) = begin(&other, options(Backend::Jit { threads: 1 }));
    let find = |name: &str| begun.iter().find(|(known, _)| known == name).expect(name).1.to_f64();
    let given = known["W/input->output"].to_f64();
    assert!(given.iter().any(|w| w.abs() > 0.1));
    let bounded = |w: f64| if w.abs() > 0.1 { w.signum() * f64::from(0.1_f32) } else { w };
    let within = |(at, w): (usize, &f64)| if at % 784 == 5 { 0.0 } else { bounded(*w) };
    let within: Vec<f64> = given.iter().enumerate().map(within).collect();
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-7);
    assert!(near(&find("W/input->output"), &within));
    assert_eq!(find("B/output->input"), known["B/output->input"].to_f64());
    assert_eq!(find("b/output"), known["b/output"].to_f64());
    assert!(known["b/output"].to_f64().iter().any(|b| *b != 1.0));
    assert!(
        find("W.v/input->output").iter().all(|v| *v == 0.0)
            && known["W.v/input->output"].to_f64()[400] != 0.0
    );
    let drawn = Session::new(&other, options(Backend::Jit { threads: 1 })).expect("it compiles");
    let v = other.parameters().iter().position(|p| p.name == "V/input->output").expect("it is built");
    assert_eq!(begun[v].1, drawn.parameters()[v]);
    assert_eq!(said.drawn, ["V/input->output", "V.m/input->output", "W.m/input->output"].map(str::to_owned));
    assert!(said.left.is_empty(), "{said:?}");
    // What follows a first value follows what is given, if it is not given itself.
    let renamed = beginning("", "").replace("synapse B", "synapse C").replace("B @", "C @");
    let renamed = Bench::new(&renamed).model();
    let (begun, said) = begin(&renamed, options(Backend::Jit { threads: 1 }));
    let find = |name: &str| begun.iter().find(|(known, _)| known == name).expect(name).1.to_f64();
    assert!(near(&[find("C/output->input")[3 * 10 + 2]], &[2.0 * given[2 * 784 + 3] + 1.0]));
    assert_eq!(
        (said.drawn, said.left),
        (vec!["C/output->input".to_owned()], vec!["B/output->input".to_owned()])
    );
    // R18.5: evaluated, it is what the other was.
    let [before, after] = [&mut first, &mut begun_again(&written, &path)]
        .map(|session| session.evaluate(&data).expect("it is evaluated").expect("it predicts").loss);
    assert_eq!(before, after);
    // It learns as a run of its own.
    let mut session = Session::new(&written, options(Backend::Jit { threads: 1 })).expect("it compiles");
    session.begin_with(&path).expect("it fits");
    let report = session.train(&data, Some(2), &mut |_| Control::Continue).expect("it trains");
    assert_eq!((report.updates, session.position().updates), (2, 2));
}

/// R18.3: nothing in common, another shape, another precision, and what is no number.
#[test]
fn weights_that_do_not_fit_are_refused() {
    let path = file("refused.safetensors");
    let model = Bench::new(&beginning("", "")).model();
    let session = Session::new(&model, options(Backend::Jit { threads: 1 })).expect("it compiles");
    session.save(&path).expect("a file can be written");
    let refused = |text: &str, precision| {
        let model = Bench::new(text).model();
        let options = Options { precision, ..options(Backend::Jit { threads: 1 }) };
        let mut session = Session::new(&model, options).expect("it compiles");
        let before = session.parameters().to_vec();
        let error = session.begin_with(&path).expect_err("it does not fit").to_string();
        assert_eq!(session.parameters(), before);
        error
    };
    let said = refused(&beginning("", "").replace("784 - 10", "700 - 10"), Precision::F32);
    assert!(said.contains("`W/input->output` has the shape [10, 784] instead of [10, 700]"), "{said}");
    let said = refused(&beginning("", ""), Precision::F64);
    assert!(said.contains("`W/input->output` is f32 instead of f64"), "{said}");
    let said = refused(
        "rule R { neuron { state x = 0 }\n synapse U : below -> self\n phase p { clamp input x = data;  output x = U @ below.x }
  learn { U += post.x } }\nnetwork n { 784 - 10 }",
        Precision::F32,
    );
    assert!(
        said.contains("no parameter of this rule") && said.contains("the rule has `U/input->output`"),
        "{said}"
    );
    let mut broken = weights::load(&path).expect("it is well-formed");
    let endless = Tensor::from_f64([10], &[f64::INFINITY; 10], Precision::F32);
    broken.tensors.insert("b/output".to_owned(), endless);
    weights::save(&path, &broken).expect("a file can be written");
    let said = refused(&beginning("", ""), Precision::F32);
    assert!(said.contains("`b/output`") && said.contains("infinite or NaN"), "{said}");
}

/// R19.1: one thread or three, in one go or in pieces: the same bits; another seed: others.
#[test]
fn runs_are_functions() {
    let model = delta("0.01").model();
    let data = data();
    let trained = |backend, seed, piece: Option<u64>| {
        let mut session = Session::new(&model, Options { seed, ..options(backend) }).expect("it compiles");
        while session.position().epoch < 2 {
            session.train(&data, piece, &mut |_| Control::Continue).expect("it trains");
        }
        session.parameters().to_vec()
    };
    let one = trained(Backend::Jit { threads: 1 }, 3, None);
    assert_eq!(one, trained(Backend::Jit { threads: 3 }, 3, None));
    assert_eq!(one, trained(Backend::Jit { threads: 1 }, 3, Some(3)));
    assert_ne!(one, trained(Backend::Jit { threads: 1 }, 4, None));
}

/// A rule for units that find what their samples have in common; small steps, so that roundings stay small.
fn online() -> Specialised {
    let text = "rule R(lr = 0.001) {
  neuron { state y }
  synapse W : below -> self = normal(0.1)
  phase p { clamp input y = data;  sweep up { y = W @ below.y } }
  learn { W += lr * post.y * (pre.y - post.y * W) }
}
network n { 784 - 100 }
experiment digits { rule R;  network n }";
    Bench::new(text).model()
}

/// R12.8, R19.1: presentations made together leave what the interpreter's leave one by one, up to roundings, to the last bit the same on any
/// number of threads; and so do those of a run in pieces that are too short for it, rounded as one by one.
#[test]
fn weights_can_be_put_off() {
    let model = online();
    let update = model.program(Piece::Update, 1, Precision::F64).expect("every rule has an update");
    let together = Together::of(&model, &update, 1).expect("presentations are small");
    assert!(together.joined && together.presentations == 32);
    assert!(Together::of(&model, &update, 50).is_none_or(|together| !together.joined));
    let data = data();
    let trained = |backend, piece: Option<u64>| {
        let options = Options { backend, precision: Precision::F64, batch: 1, seed: 3 };
        let mut session = Session::new(&model, options).expect("it compiles");
        while session.position().epoch < 2 {
            session.train(&data, piece, &mut |_| Control::Continue).expect("it trains");
        }
        session.parameters()[0].to_f64()
    };
    let apart = |a: &[f64], b: &[f64]| {
        let distances = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        distances.fold(0.0, |largest, d| if d > largest { d } else { largest })
    };
    let interpreted = trained(Backend::Interpreter, None);
    let put_off = trained(Backend::Jit { threads: 1 }, None);
    assert_eq!(put_off, trained(Backend::Jit { threads: 3 }, None));
    assert_eq!(put_off, trained(Backend::Jit { threads: 2 }, Some(32)), "pieces of as many");
    let pieces = trained(Backend::Jit { threads: 1 }, Some(20));
    for other in [&put_off, &pieces] {
        let apart = apart(&interpreted, other);
        assert!(apart > 0.0 && apart < 1e-13, "{apart}");
    }
    assert_ne!(put_off, pieces, "they are rounded elsewhere");
}

/// R12.8: numbers of synapses of another layer, which only decay, are put off beside the weights that learn.
#[test]
fn decay_elsewhere_can_be_put_off() {
    let text = "rule R(lr = 0.01) {
  neuron { state a, x, d }
  synapse W : below -> self = normal(0.1) { param m = normal(1) }
  synapse B : above -> self = normal(0.2), fixed
  phase f { clamp input x = data;  sweep up { a = W @ below.x;  x = f(a) } }
  phase g { output d = target - x;  sweep down { hidden d = f'(a) * (B @ above.d) } }
  learn { W += lr * post.d * pre.x;  W.m -= 0.01 * W.m }
  predict output.x after f
}
network n { 784 - 100 tanh - 10 tanh }";
    let model = Bench::new(text).model();
    let data = data();
    let trained = |backend, batch| {
        let options = Options { backend, precision: Precision::F64, batch, seed: 3 };
        let mut session = Session::new(&model, options).expect("it compiles");
        session.train(&data, None, &mut |_| Control::Continue).expect("it trains");
        session.parameters().iter().flat_map(Tensor::to_f64).collect::<Vec<f64>>()
    };
    for batch in [1, 2, 3] {
        let (put_off, interpreted) =
            (trained(Backend::Jit { threads: 2 }, batch), trained(Backend::Interpreter, batch));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(put_off.iter().zip(&interpreted).all(near), "minibatches of {batch}");
    }
}

/// R19.2: evaluation changes nothing, and says the same again.
#[test]
fn evaluation_changes_nothing() {
    let model = delta("0.01").model();
    let data = data();
    let mut session = Session::new(&model, options(Backend::Jit { threads: 1 })).expect("it compiles");
    let before = session.parameters().to_vec();
    let first = session.evaluate(&data).expect("it is evaluated");
    assert_eq!(first, session.evaluate(&data).expect("it is evaluated"));
    assert_eq!((before.as_slice(), session.position().updates), (session.parameters(), 0));
}

/// R19.3: divergence is an error that names the parameter and the update; the parameters are those before the call.
#[test]
fn training_never_leaves_infinities() {
    let model = delta("1e30").model();
    let data = data();
    let mut session = Session::new(&model, options(Backend::Jit { threads: 1 })).expect("it compiles");
    let before = session.parameters().to_vec();
    let error = session.train(&data, None, &mut |_| Control::Continue).expect_err("it diverges");
    let SessionError::NotFinite { parameter, update, .. } = error else { panic!("{error}") };
    assert_eq!(parameter, "W/input->output");
    assert!((1..=8).contains(&update));
    assert_eq!(before, session.parameters());
}

/// Backpropagation through units half of which are left out at random.
fn dropout() -> Bench {
    Bench::new(
        "rule R(lr = 0.1) allow weight_transport {
  neuron { state a, m = 1, x, d }
  synapse W : below -> self = glorot()
  phase p { clamp input x = data;  sweep up { a = W @ below.x;  hidden m = bernoulli(0.5);  x = m * f(a) } }
  phase q { output d = -cost'(a);  sweep down { hidden d = m * f'(a) * (W.T @ above.d) } }
  learn { W += lr * post.d * pre.x }
  predict output.x after p
}
network n { 784 - 12 tanh - 10 }
experiment digits { rule R;  network n }",
    )
}

/// The angles of all weights on the first samples, as the next update would draw them.
fn angles_of(session: &Session<'_>, data: &Dataset) -> Vec<f64> {
    let (mut inputs, mut targets) = (vec![0.0; 8 * 784], vec![0.0; 8 * 10]);
    data.gather(&[0, 1, 2, 3, 4, 5, 6, 7], &mut inputs, &mut targets);
    let precision = session.options().precision;
    let tensor = |columns, numbers: &[f64]| Tensor::from_f64([8, columns], numbers, precision);
    let minibatch = Minibatch::new(tensor(784, &inputs), tensor(10, &targets));
    let context = Context { seed: 3, update: session.position().updates as u32 };
    let backend = Backend::Jit { threads: 1 };
    let (model, parameters) = (session.model(), session.parameters());
    let found = angles(model, Reference::FeedForward(0), backend, parameters, &minibatch, context);
    found.expect("there is a gradient").into_iter().map(|angle| angle.degrees).collect()
}

/// R19.4: the gradient has the draws of the increments, in the precision of the run.
#[test]
fn angles_have_the_draws_of_the_run() {
    let (model, data) = (dropout().model(), data());
    for precision in Precision::ALL {
        let options = Options { precision, ..options(Backend::Jit { threads: 1 }) };
        let session = Session::new(&model, options).expect("it compiles");
        let found = angles_of(&session, &data);
        assert!(found.len() == 2 && found.iter().all(|degrees| *degrees < 1e-3), "{precision} {found:?}");
    }
}

/// R19.5: a run in which angles are taken leaves the same bits.
#[test]
fn angles_along_training_change_nothing() {
    let (model, data) = (dropout().model(), data());
    let trained = |piece: Option<u64>| {
        let mut session = Session::new(&model, options(Backend::Jit { threads: 1 })).expect("it compiles");
        while session.position().epoch < 2 {
            assert!(angles_of(&session, &data)[0] < 1e-3);
            session.train(&data, piece, &mut |_| Control::Continue).expect("it trains");
        }
        session.parameters().to_vec()
    };
    let mut alone = Session::new(&model, options(Backend::Jit { threads: 1 })).expect("it compiles");
    for _ in 0..2 {
        alone.train(&data, None, &mut |_| Control::Continue).expect("it trains");
    }
    assert_eq!(alone.parameters(), trained(Some(3)));
}
