//! States and traces that outlive a presentation (rules 3.11, 3.12 and 20.13).

use std::path::PathBuf;

use plr_ir::model::Model as _;
use plr_ir::{Precision, Tensor};
use plr_run::backend::{Arrays, Backend, Context};
use plr_run::check::run;
use plr_run::data::{Cells, Dataset, Table, Targets};
use plr_run::session::{Control, Options, Session};
use plr_run::{probe, weights};

use crate::bench::{Bench, finds, legal};

/// Input units add up what they are shown, by sample in `n` and by place in `m`.
const ADDING: &str = "rule R {
  neuron {
    persistent state n = 10
    carried state m = 20
  }
  synapse W : below -> self = 0
  synapse V : below -> self = 0
  phase p { input n += data;  input m += data }
  phase q { output n = W @ below.n + V @ below.m }
  learn (sum) { W += pre.n;  V += pre.m }
  predict output.n after q
}
network n { 1 - 1 }";

/// Synapses do the same: `n` is one number for each presynaptic unit, `m` one for each synapse.
const TRACING: &str = "rule R {
  neuron { state x = 0 }
  synapse W : below -> self = 0 { persistent trace n = 10 }
  synapse V : below -> self = 0 { carried trace m = 20 }
  phase p { clamp input x = data;  n += pre.x;  m += pre.x + 0 * post.x }
  learn (sum) { W += n;  V += m }
}
network n { 1 - 2 }";

/// Four samples that show 1, 10, 100 and 1000.
fn data() -> Dataset {
    let inputs = Table::new(1, Cells::F64(vec![1.0, 10.0, 100.0, 1000.0])).expect("one column");
    Dataset::new("numbers", inputs, Targets::None).expect("four samples")
}

fn options(backend: Backend, batch: usize) -> Options {
    Options { backend, precision: Precision::F64, batch, seed: 3 }
}

/// Everything in the weights file after some epochs.
fn left(text: &str, options: Options, epochs: u64, piece: Option<u64>) -> Vec<(String, Vec<f64>)> {
    let model = Bench::new(text).model();
    let mut session = Session::new(&model, options).expect("it compiles");
    while session.position().epoch < epochs {
        session.train(&data(), piece, &mut |_| Control::Continue).expect("it trains");
    }
    // What is stopped leaves nothing.
    session.train(&data(), None, &mut |_| Control::Stop).expect("it stops");
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("keeping");
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    let file =
        directory.join(format!("{}-{epochs}-{}-{}", text.len(), options.batch, piece.unwrap_or_default()));
    session.save(&file).expect("it is written");
    let loaded = weights::load(&file).expect("it is read");
    // A session that goes on from the file does what this one does.
    let mut other = Session::new(&model, options).expect("it compiles");
    other.load(&file, data().samples()).expect("it fits");
    for session in [&mut session, &mut other] {
        session.train(&data(), None, &mut |_| Control::Continue).expect("it trains");
    }
    assert_eq!(session.parameters(), other.parameters());
    loaded.tensors.into_iter().map(|(name, tensor)| (name, tensor.to_f64())).collect()
}

fn of<'a>(left: &'a [(String, Vec<f64>)], name: &str) -> &'a [f64] {
    let found = left.iter().find(|(found, _)| found == name);
    &found.unwrap_or_else(|| panic!("no `{name}` in {left:?}")).1
}

/// R3.11: a persistent state goes on to the next presentation of its sample, a carried one to the next at its place.
#[test]
fn kept_states_go_on() {
    let found = left(ADDING, options(Backend::Jit { threads: 1 }, 3), 2, None);
    assert_eq!(of(&found, "n/input"), [12.0, 30.0, 210.0, 2010.0]);
    // 10 + x in the first epoch, 10 + 2 x in the second.
    assert_eq!(of(&found, "W/input->output"), [8.0 * 10.0 + 3.0 * 1111.0]);
    // In an epoch three places are given a sample each, and the first of them the fourth.
    let places = of(&found, "m/input");
    assert_eq!((places.len(), places.iter().sum::<f64>()), (3, 60.0 + 2.0 * 1111.0));
    for backend in [Backend::Jit { threads: 3 }, Backend::Interpreter] {
        assert_eq!(found, left(ADDING, options(backend, 3), 2, None));
        assert_eq!(found, left(ADDING, options(backend, 3), 2, Some(1)), "in pieces");
    }
    // One place: whatever the order, all that was shown.
    let found = left(ADDING, options(Backend::Interpreter, 1), 3, None);
    assert_eq!(of(&found, "m/input"), [20.0 + 3.0 * 1111.0]);
    // What is left is the end of the presentation, which may be that of an earlier phase.
    let earlier = ADDING
        .replace("  learn", "  phase leave (from = p) { }\n  learn")
        .replace("output n = W", "input n = 7;  output n = W");
    Bench::new(&earlier).present(&[], &[&[5.0]], &[]).is("new/n/input", &[15.0]);
    finds("missing_clause", &ADDING.replace("n = 10", "n"));
    finds("reserved_name", &ADDING.replace("persistent state n = 10", "state n = 10, persistent"));
}

/// R20.13, R20.10: traces go on like states, each as small as it is.
#[test]
fn kept_traces_go_on() {
    let found = left(TRACING, options(Backend::Jit { threads: 1 }, 3), 2, None);
    assert_eq!(of(&found, "W.n/input->output"), [12.0, 30.0, 210.0, 2010.0]);
    assert_eq!(of(&found, "W/input->output"), [8.0 * 10.0 + 3.0 * 1111.0; 2]);
    let places = of(&found, "V.m/input->output");
    assert_eq!((places.len(), places.iter().sum::<f64>()), (3 * 2, 2.0 * (60.0 + 2.0 * 1111.0)));
    for backend in [Backend::Jit { threads: 3 }, Backend::Interpreter] {
        assert_eq!(found, left(TRACING, options(backend, 3), 2, None));
        assert_eq!(found, left(TRACING, options(backend, 3), 2, Some(1)), "in pieces");
    }
    let claims = "check law {
    network 1 - 1
    expect mean(n) == 11 after 3 updates
    expect mean(m) == 21
    expect mean(m) == 24 after 3 updates
  }
  learn";
    let text = TRACING.replace("+= pre.x", "+= 1 + 0 * pre.x").replace("learn", claims);
    for result in run(&legal(&text).workshop(0), 0, Backend::Jit { threads: 1 }) {
        assert!(result.holds(), "{result:?}");
    }
    let bill = crate::locality::audit(&format!("{TRACING}\nexperiment e {{ rule R;  network n }}")).bill;
    let kept = bill.expect("there is a network").kept.into_iter().map(|k| (k.state, k.by_sample, k.values));
    let expected = [("W.n".to_owned(), true, 1), ("V.m".to_owned(), false, 2)];
    assert_eq!(kept.collect::<Vec<_>>(), expected);
    finds("bad_value", &TRACING.replace("state x = 0", "state x = 0\n persistent trace k"));
}

/// R3.8, R3.11: what nobody observes is not kept.
#[test]
fn what_is_not_observed_is_not_kept() {
    let names = |text: &str| -> Vec<String> {
        Bench::new(text).model().kept().iter().map(|kept| kept.name.clone()).collect()
    };
    assert_eq!(names(ADDING), ["n/input", "m/input"]);
    assert_eq!(names(&ADDING.replace("V += pre.m", "V += pre.n").replace("below.m", "below.n")), ["n/input"]);
}

/// R3.12: a prediction begins with the first values, a probe too or with what it is given.
#[test]
fn predictions_do_not_go_on() {
    let bench = Bench::new(ADDING);
    let weights: &[(&str, &[f64])] = &[("W/input->output", &[1.0]), ("V/input->output", &[100.0])];
    bench.evaluate(weights, &[&[1.0], &[2.0]], &[&[0.0], &[0.0]]).is("prediction", &[2111.0, 2212.0]);
    let model = bench.model();
    let array = |numbers: &[f64]| Tensor::from_f64([numbers.len(), 1], numbers, Precision::F64);
    let names = ["W/input->output", "V/input->output"].map(|name| (name.to_owned(), array(&[0.0])));
    let mut arrays = Arrays::from(names);
    arrays.insert("data".to_owned(), array(&[1.0, 2.0]));
    let probed = |arrays: &Arrays| {
        let context = Context { seed: 1, update: 0 };
        let found = probe::probe(&model, arrays, Precision::F64, false, (Backend::Interpreter, context));
        let found: Arrays = found.expect("it is presented").into_iter().collect();
        found["new/n/input"].to_f64()
    };
    assert_eq!(probed(&arrays), [11.0, 12.0]);
    arrays.insert("n/input".to_owned(), array(&[0.0, 5.0]));
    assert_eq!(probed(&arrays), [1.0, 7.0]);
    arrays.insert("n/input".to_owned(), array(&[0.0, 5.0, 6.0]));
    let context = Context { seed: 1, update: 0 };
    assert!(probe::probe(&model, &arrays, Precision::F64, false, (Backend::Interpreter, context)).is_err());
}

/// R3.12: in a check what is carried goes on from update to update, and what is persistent begins anew.
#[test]
fn checks_carry() {
    let claims = "check law {
    network 1 - 1
    expect mean(n) == 11 at input after 3 updates
    expect mean(m) == 21 at input
    expect mean(m) == 24 at input after 3 updates
  }
  predict";
    let text = ADDING.replace("+= data", "+= 1").replace("predict", claims);
    for result in run(&legal(&text).workshop(0), 0, Backend::Jit { threads: 1 }) {
        assert!(result.holds(), "{result:?}");
    }
}

/// R3.12, R20.13: what has no room is refused with its size.
#[test]
fn kept_states_need_room() {
    let text = ADDING
        .replace(
            "  synapse W",
            "  neuron P sized 1000000 { persistent state z = 0 }\n  synapse U : P -> self = 0\n  synapse W",
        )
        .replace("below.m }", "below.m + U @ P.z }")
        .replace("V += pre.m", "V += pre.m;  U += pre.z");
    let model = Bench::new(&text).model();
    let inputs = Table::new(1, Cells::Pixels(vec![0; 1_000_000])).expect("one column");
    let data = Dataset::new("many", inputs, Targets::None).expect("samples");
    let mut session = Session::new(&model, options(Backend::Interpreter, 1)).expect("it compiles");
    let refused =
        session.train(&data, None, &mut |_| Control::Continue).expect_err("it has no room").to_string();
    assert!(refused.contains("`P.z/output`, is 1000000 x 1000000 numbers"), "{refused}");
    assert!(refused.contains("16.0 TB"), "{refused}");
    let traced = TRACING.replace("n += pre.x", "n += pre.x + 0 * post.x").replace("1 - 2", "1 - 1000000");
    let model = Bench::new(&traced).model();
    let mut session = Session::new(&model, options(Backend::Interpreter, 1)).expect("it compiles");
    let refused =
        session.train(&data, None, &mut |_| Control::Continue).expect_err("it has no room").to_string();
    assert!(refused.contains("`W.n/input->output`, is 1000000 x 1000000 x 1 numbers"), "{refused}");
}
