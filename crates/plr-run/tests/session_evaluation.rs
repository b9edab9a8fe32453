//! Evaluation and checkpoints.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod hand_built;

use std::path::PathBuf;

use hand_built::{Delta, HandBuilt, delta_rule, normal};
use plr_ir::model::Init;
use plr_ir::{Precision, Tensor};
use plr_run::backend::Backend;
use plr_run::data::{Cells, Dataset, Table, Targets};
use plr_run::session::{Control, Options, Session, SessionError};
use plr_run::weights;

fn options(batch: usize, precision: Precision) -> Options {
    Options { backend: Backend::Jit { threads: 1 }, precision, batch, seed: 5 }
}

fn classes(inputs: &[f64], labels: &[u32]) -> Dataset {
    let table = Table::new(2, Cells::F64(inputs.to_vec())).unwrap();
    Dataset::new("test", table, Targets::labels(labels.to_vec())).unwrap()
}

/// Two classes; the weights begin as the matrix of ones.
fn rule(init: Init) -> HandBuilt {
    delta_rule(Delta { features: 2, outputs: 2, lr: 0.05, beta: 0.0, init })
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("plr-run-{}-{name}.safetensors", std::process::id()))
}

#[test]
fn loss_and_accuracy_are_those_computed_by_hand() {
    let rule = rule(Init::Constant(1.0));
    let mut session = Session::new(&rule, options(1, Precision::F64)).unwrap();
    // Both predictions are 3, 1 and -1: the first class wins. Half squared errors: (4 + 9)/2, (0 + 1)/2, (4 + 1)/2.
    let found = session.evaluate(&classes(&[1.0, 2.0, 0.0, 1.0, 0.0, -1.0], &[0, 0, 1])).unwrap().unwrap();
    assert_eq!((found.samples, found.loss, found.accuracy), (3, (6.5 + 0.5 + 2.5) / 3.0, Some(2.0 / 3.0)));
}

#[test]
fn evaluation_does_not_depend_on_the_minibatch_of_training_and_changes_nothing() {
    let count = 1_009;
    let inputs: Vec<f64> = (0..2 * count).map(|k| f64::from(k as u32 * 37 % 101) / 50.0 - 1.0).collect();
    let labels: Vec<u32> = inputs.chunks(2).map(|x| u32::from(x[0] > x[1])).collect();
    let data = classes(&inputs, &labels);
    let rule = rule(normal(1.0));
    let mut found = Vec::new();
    for batch in [1, 20] {
        let mut session = Session::new(&rule, options(batch, Precision::F64)).unwrap();
        let (parameters, position) = (session.parameters().to_vec(), session.position());
        found.push(session.evaluate(&data).unwrap().unwrap());
        assert_eq!((session.parameters(), session.position()), (&parameters[..], position));
    }
    assert_eq!(found[0], found[1]);
}

#[test]
fn real_targets_have_no_accuracy_and_no_targets_no_evaluation() {
    let rule = rule(Init::Constant(1.0));
    let mut session = Session::new(&rule, options(1, Precision::F32)).unwrap();
    let table = |columns| Table::new(columns, Cells::F64(vec![1.0, 1.0])).unwrap();
    let real = Dataset::new("test", table(2), Targets::Values(table(2))).unwrap();
    let found = session.evaluate(&real).unwrap().unwrap();
    assert_eq!((found.loss, found.accuracy), (1.0, None));
    assert_eq!(session.evaluate(&Dataset::new("test", table(2), Targets::None).unwrap()).unwrap(), None);
}

#[test]
fn a_loss_that_overflows_is_an_error() {
    let rule = rule(Init::Constant(1e200));
    let mut session = Session::new(&rule, options(1, Precision::F64)).unwrap();
    let error = session.evaluate(&classes(&[1.0, 2.0], &[1])).unwrap_err();
    assert!(matches!(error, SessionError::LossNotFinite { updates: 0, .. }), "{error}");
}

#[test]
fn a_loaded_session_goes_on_as_if_never_interrupted() {
    let rule = rule(normal(1.0));
    let data = classes(&[1.0, 2.0, 0.0, 1.0, 0.0, -1.0, 2.0, 2.0, -1.0, 1.0], &[0, 0, 1, 1, 0]);
    let path = temporary("resume");
    let mut go_on = |_| Control::Continue;
    for precision in Precision::ALL {
        let mut first = Session::new(&rule, options(2, precision)).unwrap();
        first.train(&data, None, &mut go_on).unwrap();
        first.train(&data, Some(1), &mut go_on).unwrap();
        first.save(&path).unwrap();
        let mut second = Session::new(&rule, Options { seed: 5, ..options(2, precision) }).unwrap();
        second.load(&path, 5).unwrap();
        assert_eq!((second.parameters(), second.position()), (first.parameters(), first.position()));
        // It is not the same run with another seed, or with other minibatches.
        let mut other = Session::new(&rule, Options { seed: 6, ..options(2, precision) }).unwrap();
        assert!(matches!(other.load(&path, 5), Err(SessionError::OtherRun { what: "seed", .. })));
        let mut other = Session::new(&rule, options(2, precision)).unwrap();
        let error = other.load(&path, 7).unwrap_err();
        assert!(error.to_string().contains("minibatches of an epoch is 3, and here it is 4"), "{error}");
        assert_eq!(other.position(), Default::default());
        for session in [&mut first, &mut second] {
            session.train(&data, None, &mut go_on).unwrap();
        }
        assert_eq!((second.parameters(), second.position()), (first.parameters(), first.position()));
    }
    std::fs::remove_file(&path).unwrap();
}

/// R18.4: who does not say of which run they are, or says what cannot be, has no weights to go on with.
#[test]
fn counts_that_cannot_be_are_refused() {
    let rule = rule(normal(1.0));
    let data = classes(&[1.0, 2.0, 0.0, 1.0, 0.0, -1.0, 2.0, 2.0, -1.0, 1.0], &[0, 0, 1, 1, 0]);
    let path = temporary("counts");
    let mut session = Session::new(&rule, options(2, Precision::F64)).unwrap();
    session.train(&data, None, &mut |_| Control::Continue).unwrap();
    session.train(&data, Some(1), &mut |_| Control::Continue).unwrap();
    session.save(&path).unwrap();
    let whole = weights::load(&path).unwrap();
    let mut refused = |key: &str, text: Option<&str>| {
        let mut changed = whole.clone();
        changed.about.remove(key);
        changed.about.extend(text.map(|text| (key.to_owned(), text.to_owned())));
        weights::save(&path, &changed).unwrap();
        let error = session.load(&path, 5).unwrap_err().to_string();
        assert!(error.starts_with("the weights file "), "{error}");
        error
    };
    assert!(refused("rule", None).contains("its rule is not said"));
    assert!(refused("seed", None).contains("its seed is not said"));
    for (key, text) in [
        ("minibatch", "3"),
        ("minibatch", "18446744073709551615"),
        ("updates", "3"),
        ("updates", "18446744073709551615"),
        ("epoch", "0"),
        ("epoch", "9223372036854775808"),
        ("minibatches", "0"),
    ] {
        refused(key, Some(text));
    }
    let mut changed = whole.clone();
    let first = changed.tensors.values_mut().next().unwrap();
    *first = Tensor::from_f64(first.dims.clone(), &vec![f64::NAN; first.count()], Precision::F64);
    weights::save(&path, &changed).unwrap();
    assert!(session.load(&path, 5).unwrap_err().to_string().contains("infinite or NaN"));
    weights::save(&path, &whole).unwrap();
    session.load(&path, 5).unwrap();
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn weights_of_another_network_are_refused() {
    let small = rule(normal(1.0));
    let large = delta_rule(Delta { features: 3, outputs: 2, lr: 0.05, beta: 0.0, init: normal(1.0) });
    let path = temporary("refused");
    Session::new(&large, options(1, Precision::F64)).unwrap().save(&path).unwrap();
    let mut session = Session::new(&small, options(1, Precision::F64)).unwrap();
    let before = session.parameters().to_vec();
    assert!(matches!(session.load(&path, 5).unwrap_err(), SessionError::Weights(_)));
    assert_eq!(session.parameters(), &before[..]);
    std::fs::remove_file(&path).unwrap();
}
