//! Rules 16 and 17: experiments and data.

use std::collections::HashMap;

use plr_ir::Precision;
use plr_ir::model::{DataLaw, Model as _, Shape};
use plr_run::data::{Batches, DataError, Dataset, Source, Targets, digits, load};
use plr_sema::resolve::Length;

use crate::bench::{Bench, finds, legal};
use crate::text::{PLAIN, plain};

fn experiment(clauses: &str) -> String {
    format!("{PLAIN}experiment e {{ {clauses} }}")
}

/// R16.1: a rule with settings and a network; each clause once.
#[test]
fn experiments_have_clauses() {
    let text = experiment("rule R(lr = 3);  network 2 - 1");
    assert_eq!(legal(&text).experiments()[0].settings, [("lr".to_owned(), 3.0)]);
    finds("missing_clause", &experiment("rule R"));
    finds("missing_clause", &experiment("network 2 - 1"));
    finds("unknown_name", &experiment("rule R(rate = 3);  network 2 - 1"));
    finds("duplicate_clause", &experiment("rule R;  network 2 - 1;  batch 2;  batch 3"));
    finds("duplicate_clause", &experiment("rule R;  network 2 - 1;  epochs 2;  updates 3"));
}

/// R16.2: what an experiment does not say.
#[test]
fn experiments_have_defaults() {
    let analysis = legal(&experiment("rule R;  network 2 - 1"));
    let e = &analysis.experiments()[0];
    assert_eq!(plr_sema::DEFAULT_BATCH, 64);
    assert_eq!((e.batch, e.length, e.seed, e.precision), (None, Length::Epochs(10), 1, Precision::F32));
    assert!(e.cost.is_none() && e.data.is_none() && e.validation.is_none());
    assert_eq!(plr_sema::DEFAULT_COST, "half_squared_error");
    assert_eq!(plr_sema::default_data().name, "digits");
    let text =
        experiment("rule R;  network 2 - 1;  batch 2;  updates 7;  seed 0;  precision f64;  validation 3");
    let analysis = legal(&text);
    let e = &analysis.experiments()[0];
    assert_eq!((e.batch, e.length, e.seed, e.precision), (Some(2), Length::Updates(7), 0, Precision::F64));
    assert_eq!(e.validation, Some(3));
}

/// R16.3: a hyper-parameter on an edge or a layer, for its synapses and units; the last one counts.
#[test]
fn sites_have_their_own_values() {
    let text = "rule R(lr = 1) {
  neuron { param b = 0\n state x = 0 }
  synapse W : below -> self
  synapse B : above -> self
  phase p { x = 1 }
  learn { W += lr * post.x;  B += lr * post.x;  b += lr * x }
}
network n { 1 - 1 - 1 }";
    let is = |bench: &Bench, expected: [f64; 4]| {
        let found = bench.present(&[], &[&[0.0]], &[]);
        let names = ["W/input->h1", "W/h1->output", "B/h1->input", "B/output->h1"];
        for (name, expected) in names.iter().zip(expected) {
            found.is(&format!("increment/{name}"), &[expected]);
        }
    };
    is(&Bench::new(text), [1.0; 4]);
    is(&Bench::new(text).at("lr", "input->h1", 5.0), [5.0, 1.0, 5.0, 1.0]);
    is(&Bench::new(text).at("lr", "h1", 5.0), [5.0, 1.0, 1.0, 5.0]);
    is(&Bench::new(text).at("lr", "input", 5.0), [1.0, 1.0, 5.0, 1.0]);
    is(&Bench::new(text).at("lr", "h1", 5.0).at("lr", "input->h1", 7.0), [7.0, 1.0, 7.0, 5.0]);
    // What is made of it follows, unless it has a value of its own.
    let made = text.replace("(lr = 1)", "(lr = 1, k = 2 * lr)").replace("+= lr * post.x", "+= k * post.x");
    is(&Bench::new(&made).at("lr", "h1", 5.0), [10.0, 2.0, 2.0, 10.0]);
    is(&Bench::new(&made).at("lr", "h1", 5.0).at("k", "h1", 3.0), [3.0, 2.0, 2.0, 3.0]);
    let bias = plain("state x", "param b = 0\n state x")
        .replace("W @ below.x", "W @ below.x + b")
        .replace("learn {", "learn { b += lr * x;");
    let bench = Bench::new(&format!("{bias}network n {{ 1 - 1 - 1 }}")).at("lr", "input->h1", 5.0);
    let found = bench.present(&[("b/h1", &[2.0]), ("W/h1->output", &[1.0])], &[&[0.0]], &[]);
    found.is("increment/b/h1", &[10.0]);
    found.is("increment/b/output", &[2.0]);
    finds("unknown_edge", &experiment("rule R;  network 2 - 1;  lr input->h1 = 3"));
    let analysis = legal(&experiment("rule R;  network 2 - 3 - 1;  lr input->h1 = 3, output = 4"));
    assert_eq!(analysis.experiments()[0].sites.len(), 2);
    legal(&experiment("rule R;  network 2 - 1;  lr input = 3"));
}

/// R16.3: what begins, and what is bounded, follows as what is computed does.
#[test]
fn sites_have_first_values_of_their_own() {
    let text = "rule R(s = 1, c = 9) {
  neuron { param b = 2 * s
    state x = s, y = 0 }
  synapse W : below -> self = s, in [-c, c] { trace e = s }
  phase p { y = x }
  learn { W += 100 + 0 * e;  b += y }
}
network n { 1 - 1 - 1 }
experiment e { rule R;  network n;  SITES }";
    let plain = text.replace(";  SITES", "");
    let bench = Bench::new(&plain).at("s", "h1", 3.0).at("c", "h1->output", 5.0);
    let model = bench.model();
    let first = plr_run::init::parameters(model.parameters(), 1, Precision::F64).expect("there is room");
    let names = model.parameters().iter().map(|parameter| parameter.name.clone());
    let firsts: Vec<(String, f64)> = names.zip(first.iter().map(|value| value.to_f64()[0])).collect();
    let expected =
        [("W/input->h1", 3.0), ("W/h1->output", 1.0), ("b/input", 2.0), ("b/h1", 6.0), ("b/output", 2.0)];
    assert_eq!(firsts, expected.map(|(name, value)| (name.to_owned(), value)));
    let found = bench.present(&[("W/input->h1", &[3.0]), ("W/h1->output", &[1.0])], &[&[0.0]], &[]);
    found.is("state/p/y/h1", &[3.0]);
    found.is("state/p/y/output", &[1.0]);
    found.is("new/W/input->h1", &[9.0]);
    found.is("new/W/h1->output", &[5.0]);
    // A number that is none of its law there is a mistake.
    let drawn = plain.replace("= s, in [-c, c]", "= normal(s)");
    let analysis = legal(&drawn);
    let wrong = Bench::new(&drawn).at("s", "h1", -3.0);
    assert!(analysis.specialise(0, wrong.choice()).is_err());
}

/// R16.4: an epoch has every sample once, the last minibatch what is left.
#[test]
fn epochs_present_every_sample_once() {
    let batches = Batches::new(10, 4, 1).expect("the minibatch fits");
    let epoch = batches.epoch(0);
    assert_eq!(epoch.batches().map(<[usize]>::len).collect::<Vec<_>>(), [4, 4, 2]);
    let mut all: Vec<usize> = epoch.batches().flatten().copied().collect();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<_>>());
}

/// R16.5: counts are whole numbers in range.
#[test]
fn counts_are_integers() {
    for clause in
        ["batch 0", "batch 2.5", "epochs 0", "updates 0", "seed -1", "seed 4294967296", "validation 0.5"]
    {
        finds("bad_value", &experiment(&format!("rule R;  network 2 - 1;  {clause}")));
    }
    legal(&experiment("rule R;  network 2 - 1;  seed 4294967295"));
}

fn labels(data: &Dataset) -> Vec<f64> {
    assert!(matches!(data.targets(), Targets::Labels { .. }));
    let all: Vec<usize> = (0..data.samples()).collect();
    let mut inputs = vec![0.0_f64; data.samples() * data.features()];
    let mut targets = vec![0.0_f64; data.samples() * data.outputs()];
    data.gather(&all, &mut inputs, &mut targets);
    targets
}

/// R17.1: the embedded digits are a function of seed and place.
#[test]
fn digits_are_functions_of_seed_and_place() {
    assert_eq!((digits::TRAIN_SAMPLES, digits::TEST_SAMPLES, digits::SEED), (12_000, 2_000, 0));
    let image = |train, at: usize, seed| {
        let (data, _) = digits::generate(train, 0, seed).expect("digits are drawn");
        let mut inputs = vec![0.0_f64; 784];
        data.gather(&[at], &mut inputs, &mut [0.0_f64; 10]);
        (inputs, data.outputs())
    };
    assert_eq!(image(5, 3, 0), image(20, 3, 0));
    assert_ne!(image(5, 3, 0), image(5, 3, 1));
    assert_ne!(image(5, 3, 0), image(5, 2, 0));
}

/// R17.2: the sources of an experiment, as they are written.
#[test]
fn sources_are_named() {
    let with = |data: &str| experiment(&format!("rule R;  network 2 - 1;  data {data}"));
    for good in [
        "digits(train = 20, test = 5, seed = 3)",
        "idx(\"a\")",
        "npz(\"a.npz\")",
        "csv(\"a\")",
        "csv(\"a\", \"b\", outputs = 2)",
        "teacher",
        "patterns(3, train = 20)",
        "gaussian(2, 1, test = 5, seed = 3)",
    ] {
        legal(&with(good));
    }
    finds("wrong_argument_count", &with("patterns"));
    finds("bad_value", &with("patterns(0)"));
    finds("unknown_name", &with("teacher(size = 3)"));
    finds("unknown_name", &with("mnist"));
    finds("unknown_name", &with("digits(size = 3)"));
    finds("bad_value", &with("idx(\"a\", \"b\")"));
    finds("bad_value", &with("digits(train = 0.5)"));
}

/// R17.3: bytes become grey levels, classes become rows with a single 1, other numbers stay.
#[test]
fn bytes_are_grey_levels() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("semantics");
    std::fs::create_dir_all(&directory).expect("a directory can be made");
    let images = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 255, 102];
    let labels_file = [0, 0, 8, 1, 0, 0, 0, 2, 1, 0];
    std::fs::write(directory.join("train-images-idx3-ubyte"), images).expect("a file can be written");
    std::fs::write(directory.join("train-labels-idx1-ubyte"), labels_file).expect("a file can be written");
    let data = load(&Source::Idx(directory.clone()), Some(0)).expect("the files are well-formed").train;
    let mut inputs = vec![0.0_f64; 4];
    data.gather(&[0, 1], &mut inputs, &mut [0.0_f64; 4]);
    assert_eq!(inputs, [0.0, 0.2, 1.0, 0.4]);
    assert_eq!(labels(&data), [0.0, 1.0, 1.0, 0.0]);
    std::fs::write(directory.join("t.csv"), "a,b,label\n0.5,-3,1\n2,7,0\n").expect("a file can be written");
    let csv = Source::Csv {
        train: directory.join("t.csv"),
        test: None,
        targets: plr_run::data::csv::CsvTargets::Class,
    };
    let data = load(&csv, Some(0)).expect("the file is well-formed").train;
    data.gather(&[0, 1], &mut inputs, &mut [0.0_f64; 4]);
    assert_eq!(inputs, [0.5, -3.0, 2.0, 7.0]);
    // Targets that are classes.
    let csv = Source::Csv {
        train: directory.join("t.csv"),
        test: None,
        targets: plr_run::data::csv::CsvTargets::Values(2),
    };
    let of = |rows: &str| {
        std::fs::write(directory.join("t.csv"), rows).expect("a file can be written");
        load(&csv, Some(0)).expect("the file is well-formed").train.targets().clone()
    };
    assert_eq!(of("7,0,1\n8,1,0\n"), Targets::Labels { labels: vec![1, 0], classes: 2 });
    assert!(matches!(of("7,0,1\n8,1,1\n"), Targets::Values(_)));
}

/// Training samples, then test samples, of a law: inputs and targets in one row each.
fn drawn(law: DataLaw, features: usize, outputs: usize) -> Vec<(Vec<f64>, Vec<f64>)> {
    let shape = Shape { features, outputs, sequence: None };
    let splits =
        load(&Source::Drawn { law, shape, train: 400, test: 100, seed: 3 }, Some(0)).expect("they are drawn");
    let train = splits.train.clone();
    let test = splits.into_test().expect("there are test samples");
    assert_eq!((train.samples(), test.samples()), (400, 100));
    let row = |data: &Dataset, i: usize| {
        let (mut x, mut y) = (vec![0.0_f64; features], vec![0.0_f64; data.outputs()]);
        data.gather(&[i], &mut x, &mut y);
        (x, y)
    };
    let rows = |data: &Dataset| (0..data.samples()).map(|i| row(data, i)).collect::<Vec<_>>();
    [rows(&train), rows(&test)].concat()
}

/// R17.5: training and test samples of one law, with the same teacher, patterns or directions.
#[test]
fn samples_are_drawn_by_a_law() {
    let taught = drawn(DataLaw::Teacher, 1, 2);
    let slope = taught[0].1[1] / taught[0].0[0];
    assert!(taught.iter().all(|(x, y)| (y[1] - slope * x[0]).abs() < 1e-12), "one linear map");
    let patterns = drawn(DataLaw::Patterns(3), 2, 2);
    let mut classes: HashMap<[u64; 2], Vec<f64>> = HashMap::new();
    for (x, y) in &patterns {
        assert_eq!(classes.entry([x[0].to_bits(), x[1].to_bits()]).or_insert_with(|| y.clone()), y);
    }
    assert_eq!(classes.len(), 3);
    let classes = drawn(DataLaw::Classes, 2, 3);
    assert!(classes.iter().all(|(_, y)| y.iter().sum::<f64>() == 1.0));
    let gaussian = drawn(DataLaw::Gaussian(vec![3.0, 1.0]), 2, 0);
    let power = gaussian.iter().flat_map(|(x, _)| x).map(|x| x * x).sum::<f64>() / 500.0;
    assert!(
        (power - 10.0).abs() < 2.0,
        "{power} is the sum of the variances, 10, give or take three deviations"
    );
    let differs = Source::Drawn {
        law: DataLaw::Gaussian(vec![1.0]),
        shape: Shape { features: 2, outputs: 1, sequence: None },
        train: 4,
        test: 0,
        seed: 0,
    };
    assert!(matches!(load(&differs, Some(0)), Err(DataError::SpectrumDiffers { spectrum: 1, features: 2 })));
}

/// R17.4: the choice of the held-out samples does not know the seed of the run: it is made without one.
#[test]
fn held_out_samples_are_the_same_in_every_run() {
    let held_out = || {
        let splits =
            load(&Source::Digits { train: 40, test: 0, seed: 0 }, Some(10)).expect("digits are drawn");
        let validation = splits.validation.expect("ten are held out");
        assert_eq!((validation.samples(), splits.train.samples()), (10, 30));
        labels(&validation)
    };
    assert_eq!(held_out(), held_out());
}

/// R16.6: what an experiment ends with, as data; the command line is tested with the command.
#[test]
fn experiments_expect_figures() {
    let expected = |claims: &str| {
        let text = format!("{PLAIN}experiment e {{ rule R;  network 2 - 1;  {claims} }}");
        legal(&text).experiments()[0].expected.clone()
    };
    let both = expected("expect accuracy > 0.9;  expect loss <= 0.1");
    assert_eq!(both.iter().map(ToString::to_string).collect::<Vec<_>>(), ["accuracy > 0.9", "loss <= 0.1"]);
    let holds = |accuracy, loss| both.iter().map(|claim| claim.holds(accuracy, loss)).collect::<Vec<_>>();
    assert_eq!(holds(Some(0.91), Some(0.1)), [true, true]);
    assert_eq!(holds(Some(0.9), Some(0.11)), [false, false]);
    assert_eq!(holds(None, Some(f64::NAN)), [false, false]);
}
