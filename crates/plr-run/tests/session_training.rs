//! Training: against the delta rule computed by hand, and the laws at the head of `session.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod hand_built;

use hand_built::{Delta, HandBuilt, Settling, delta_rule, normal, settling};
use plr_ir::Precision;
use plr_ir::model::Init;
use plr_run::backend::Backend;
use plr_run::data::{Batches, Cells, Dataset, Table, Targets};
use plr_run::session::{Control, Options, Progress, Report, Session, SessionError};

const SEED: u64 = 11;

fn options(batch: usize) -> Options {
    Options { backend: Backend::Jit { threads: 1 }, precision: Precision::F64, batch, seed: SEED }
}

fn table(columns: usize, numbers: &[f64]) -> Table {
    Table::new(columns, Cells::F64(numbers.to_vec())).unwrap()
}

fn data(features: usize, inputs: &[f64], outputs: usize, targets: &[f64]) -> Dataset {
    Dataset::new("test", table(features, inputs), Targets::Values(table(outputs, targets))).unwrap()
}

/// Seven samples with two features and one output.
fn seven() -> Dataset {
    let inputs: Vec<f64> = (0..14).map(|k| f64::from(k * k % 11) / 5.0 - 1.0).collect();
    let targets: Vec<f64> = (0..7).map(|k| f64::from(k * 3 % 7) / 4.0).collect();
    data(2, &inputs, 1, &targets)
}

fn rule() -> HandBuilt {
    delta_rule(Delta { features: 2, outputs: 1, lr: 0.1, beta: 0.0, init: Init::Constant(0.5) })
}

fn go_on(_: Progress) -> Control {
    Control::Continue
}

fn weights(session: &Session<'_>) -> Vec<f64> {
    session.parameters()[0].to_f64()
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-14)
}

#[test]
fn one_update_is_the_one_computed_by_hand() {
    let rule = rule();
    let mut session = Session::new(&rule, options(1)).unwrap();
    // y = 1.5, error = -0.5, increment = 0.1 * -0.5 * (1, 2)
    session.train(&data(2, &[1.0, 2.0], 1, &[1.0]), None, &mut go_on).unwrap();
    assert!(close(&weights(&session), &[0.45, 0.4]), "{:?}", weights(&session));
}

#[test]
fn an_increment_is_the_mean_over_the_minibatch() {
    let rule = rule();
    let mut session = Session::new(&rule, options(2)).unwrap();
    // errors -0.5 and 1.5, increments 0.1 * (-0.5 * (1, 2) + 1.5 * (2, -1)) / 2
    session.train(&data(2, &[1.0, 2.0, 2.0, -1.0], 1, &[1.0, 2.0]), None, &mut go_on).unwrap();
    assert!(close(&weights(&session), &[0.625, 0.375]), "{:?}", weights(&session));
}

/// The delta rule in plain Rust, on the order that [`Batches`] gives.
fn by_hand(data: &Dataset, batch: usize, epochs: u64) -> Vec<f64> {
    let (mut inputs, mut targets) = (vec![0.0; 2 * data.samples()], vec![0.0; data.samples()]);
    data.gather(&(0..data.samples()).collect::<Vec<_>>(), &mut inputs, &mut targets);
    let mut w = vec![0.5, 0.5];
    let batches = Batches::new(data.samples(), batch, SEED).unwrap();
    for epoch in 0..epochs {
        for samples in batches.epoch(epoch).batches() {
            let mut increment = [0.0, 0.0];
            for &k in samples {
                let x = &inputs[2 * k..2 * k + 2];
                let error = targets[k] - (w[0] * x[0] + w[1] * x[1]);
                increment = [increment[0] + error * x[0], increment[1] + error * x[1]];
            }
            let rate = 0.1 / samples.len() as f64;
            w = vec![w[0] + rate * increment[0], w[1] + rate * increment[1]];
        }
    }
    w
}

#[test]
fn epochs_with_a_smaller_last_minibatch_follow_the_rule() {
    let (rule, data) = (rule(), seven());
    for batch in [1, 3, 7] {
        let mut session = Session::new(&rule, options(batch)).unwrap();
        for _ in 0..4 {
            let report = session.train(&data, None, &mut go_on).unwrap();
            assert_eq!((report.updates, report.samples), (7_u64.div_ceil(batch as u64), 7));
            assert!(report.complete && !report.stopped);
        }
        assert_eq!(session.position().epoch, 4);
        let expected = by_hand(&data, batch, 4);
        assert!(close(&weights(&session), &expected), "{:?} {expected:?}", weights(&session));
    }
}

/// As [`seven`], so many.
fn samples(count: u32) -> Dataset {
    let inputs: Vec<f64> = (0..2 * count).map(|k| f64::from(k * k % 11) / 5.0 - 1.0).collect();
    let targets: Vec<f64> = (0..count).map(|k| f64::from(k * 3 % 7) / 4.0).collect();
    data(2, &inputs, 1, &targets)
}

#[test]
fn presentations_made_together_are_those_made_one_by_one() {
    let (rule, data) = (rule(), samples(43));
    for batch in [1, 2] {
        let mut together = Session::new(&rule, options(batch)).unwrap();
        let mut alone = Session::new(&rule, options(batch)).unwrap();
        let mut calls = 0;
        let updates = 43_u64.div_ceil(batch as u64);
        for _ in 0..3 {
            let counted = &mut |_: Progress| {
                calls += 1;
                Control::Continue
            };
            let report = together.train(&data, None, counted).unwrap();
            assert_eq!((report.updates, report.samples, report.complete), (updates, 43, true));
            while !alone.train(&data, Some(1), &mut go_on).unwrap().complete {}
        }
        assert!(calls < 3 * updates, "{calls} calls for {} updates", 3 * updates);
        assert_eq!(together.parameters(), alone.parameters());
        assert_eq!(together.position(), alone.position());
        let expected = by_hand(&data, batch, 3);
        assert!(close(&weights(&together), &expected), "{:?} {expected:?}", weights(&together));
    }
}

#[test]
fn a_run_does_not_depend_on_where_it_was_divided() {
    let (rule, data) = (rule(), seven());
    let mut whole = Session::new(&rule, options(2)).unwrap();
    let mut parts = Session::new(&rule, options(2)).unwrap();
    for _ in 0..2 {
        whole.train(&data, None, &mut go_on).unwrap();
    }
    let reports: Vec<Report> = (0..4).map(|_| parts.train(&data, Some(3), &mut go_on).unwrap()).collect();
    // Four minibatches per epoch: three, the last one, three, the last one.
    assert_eq!(reports.iter().map(|r| r.updates).collect::<Vec<_>>(), [3, 1, 3, 1]);
    assert_eq!(reports.iter().map(|r| r.complete).collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!(whole.parameters(), parts.parameters());
    assert_eq!(whole.position(), parts.position());
}

#[test]
fn both_back_ends_learn_the_same() {
    let rule = delta_rule(Delta { features: 2, outputs: 1, lr: 0.1, beta: 0.0, init: normal(1.0) });
    let mut sessions = [Backend::Interpreter, Backend::Jit { threads: 2 }]
        .map(|backend| Session::new(&rule, Options { backend, ..options(3) }).unwrap());
    for session in &mut sessions {
        session.train(&seven(), None, &mut go_on).unwrap();
    }
    assert!(close(&weights(&sessions[0]), &weights(&sessions[1])));
}

#[test]
fn a_stopped_call_changes_nothing() {
    let (rule, data) = (rule(), seven());
    let mut session = Session::new(&rule, options(2)).unwrap();
    session.train(&data, None, &mut go_on).unwrap();
    let (before, position) = (session.parameters().to_vec(), session.position());
    let mut stop =
        |progress: Progress| if progress.minibatch == 3 { Control::Stop } else { Control::Continue };
    let report = session.train(&data, None, &mut stop).unwrap();
    assert!(report.stopped && !report.complete && report.updates == 0);
    assert_eq!((session.parameters(), session.position()), (&before[..], position));
    // And it can go on as if nothing had happened.
    session.train(&data, None, &mut go_on).unwrap();
    assert!(close(&weights(&session), &by_hand(&data, 2, 2)));
}

/// What is presented next is gathered while other threads compute: it is of the data of its call.
#[test]
fn what_a_stopped_call_has_gathered_is_forgotten() {
    let (rule, stopped, data) = (rule(), samples(60), samples(61));
    let other = data.select(&(1..61).collect::<Vec<_>>());
    for batch in [1, 6] {
        let threads = |threads| Options { backend: Backend::Jit { threads }, ..options(batch) };
        let [mut one, mut two] = [1, 2].map(|count| Session::new(&rule, threads(count)).unwrap());
        let report = two.train(&stopped, None, &mut |_| Control::Stop).unwrap();
        assert!(report.stopped);
        // A call of one update gathers nothing, and the next one begins where the stopped one would have gone on.
        for most in [Some(1), None] {
            one.train(&other, most, &mut go_on).unwrap();
            two.train(&other, most, &mut go_on).unwrap();
        }
        assert_eq!(weights(&one), weights(&two), "minibatches of {batch}");
    }
}

#[test]
fn progress_counts_minibatches_and_updates() {
    let (rule, data) = (rule(), seven());
    let mut session = Session::new(&rule, options(3)).unwrap();
    let mut heard = Vec::new();
    for _ in 0..2 {
        let mut listen = |p: Progress| {
            heard.push((p.epoch, p.minibatch, p.of, p.updates));
            Control::Continue
        };
        session.train(&data, None, &mut listen).unwrap();
    }
    assert_eq!(heard, [(0, 1, 3, 1), (0, 2, 3, 2), (0, 3, 3, 3), (1, 1, 3, 4), (1, 2, 3, 5), (1, 3, 3, 6)]);
}

#[test]
fn divergence_names_the_parameter_and_the_first_bad_update() {
    // With x = 1e30 and lr = 1 the error grows by 1e60 in every update: 1e30, 1e90, 1e150, 1e210, 1e270, overflow.
    let rule = delta_rule(Delta { features: 1, outputs: 1, lr: 1.0, beta: 0.0, init: Init::Constant(1.0) });
    let data = data(1, &[1e30; 8], 1, &[0.0; 8]);
    let mut session = Session::new(&rule, options(1)).unwrap();
    session.train(&data, Some(1), &mut go_on).unwrap();
    let (before, position) = (session.parameters().to_vec(), session.position());
    let error = session.train(&data, None, &mut go_on).unwrap_err();
    let SessionError::NotFinite { parameter, update, epoch, value } = &error else { panic!("{error}") };
    // |W| after update n is 1e60^n: finite up to 1e300 after the fifth.
    assert_eq!((parameter.as_str(), *update, *epoch), ("W/input->output", 6, 1));
    assert!(!value.is_finite());
    let message = format!("training diverged: `W/input->output` became {value} in update 6 (epoch 1)");
    assert_eq!(error.to_string(), message);
    assert_eq!((session.parameters(), session.position()), (&before[..], position));
}

#[test]
fn relaxations_that_are_cut_off_are_counted() {
    // s ← 0.5 s + x from 0: the change of step k is x / 2^(k-1), that of the tenth x / 512.
    let make =
        |steps| settling(Settling { features: 1, units: 1, steps, tolerance: Some(1e-3), recurrence: 0.0 });
    let (mut cut, mut enough) = (make(10), make(20));
    for rule in [&mut cut, &mut enough] {
        rule.parameters[0].init = Init::Constant(0.5);
        rule.parameters[1].init = Init::Constant(1.0);
    }
    let data = data(1, &[0.25, 1.0, 2.0], 1, &[0.0; 3]);
    let report = Session::new(&cut, options(1)).unwrap().train(&data, None, &mut go_on).unwrap();
    let [cut_off] = &report.cut_off[..] else { panic!("{:?}", report.cut_off) };
    assert_eq!((cut_off.phase.as_str(), cut_off.presentations, cut_off.residual), ("free", 2, 2.0 / 512.0));
    let report = Session::new(&enough, options(1)).unwrap().train(&data, None, &mut go_on).unwrap();
    assert_eq!(report.cut_off, []);
}

#[test]
fn data_that_does_not_fit_is_an_error() {
    let rule = rule();
    let mut session = Session::new(&rule, options(2)).unwrap();
    let error =
        |data: &Dataset, session: &mut Session<'_>| session.train(data, None, &mut go_on).unwrap_err();
    let wide = data(3, &[0.0; 6], 1, &[0.0; 2]);
    assert!(matches!(error(&wide, &mut session), SessionError::FeaturesDiffer { network: 2, data: 3 }));
    let more = data(2, &[0.0; 4], 2, &[0.0; 4]);
    assert!(matches!(error(&more, &mut session), SessionError::OutputsDiffer { network: 1, data: 2 }));
    let none = Dataset::new("test", table(2, &[0.0; 4]), Targets::None).unwrap();
    assert!(matches!(error(&none, &mut session), SessionError::NoTargets));
    let one = data(2, &[0.0; 2], 1, &[0.0]);
    assert!(matches!(error(&one, &mut session), SessionError::Batch(_)));
}
