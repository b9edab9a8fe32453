//! Data that is none, or of something else.

use std::collections::BTreeMap;

use plr_ir::{Precision, Tensor};
use plr_run::data::npz;

use crate::workplace::{RULE, SHARED, Workplace};

/// A run of the rule on a file, on a network of two inputs.
fn run(place: &Workplace, data: &str, code: i32, words: &str) {
    let arguments = ["run", "rule.plr", "--set", "lr=0.1", "--network", "2 - 3 sigmoid", "--batch", "2"];
    let ran = place.plrc(arguments.iter().chain(&["--data", data, "--out", "out"]));
    if code > 0 {
        assert_eq!(ran.out, "", "{data}");
        assert!(!place.path("out").exists(), "{data}");
    }
    ran.refused(code, words);
}

#[test]
fn tables_are_refused_with_the_line() {
    let place = Workplace::with_rule("tables");
    let good = "0.1,0.2,0\n0.3,0.4,1\n0.5,0.6,2\n";
    for (name, text, words) in [
        ("empty", "", "there is no line with numbers in it"),
        ("nan", "0.1,0.2,0\nNaN,0.4,1\n", "line 2, column 1 is `NaN` instead of a finite number"),
        ("word", "0.1,0.2,0\n0.3,x,1\n", "line 2, column 2 is `x` instead of a"),
        ("short", "0.1,0.2,0\n0.3,1\n", "line 2"),
        ("label", "0.1,0.2,0\n0.3,0.4,-1\n", "line 2, column 3 is `-1` instead of a class"),
        ("huge", "0.1,0.2,0\n0.3,0.4,9999999\n", "instead of a class"),
        ("wide", "0,0.1,0.2,0\n0,0.3,0.4,1\n", "the network has 2 input units, but a sample has 3 features"),
        ("one", "0.1,0.2,0\n", "a minibatch of 2 samples is larger than the training set of 1"),
    ] {
        let name = format!("{name}.csv");
        place.write(&name, text);
        run(&place, &name, 1, words);
    }
    place.write("good.csv", good);
    run(&place, "good.csv", 0, "");
    // Where nobody says how large a minibatch is, all of a small set are one.
    let rule = String::from_utf8(place.read("rule.plr")).unwrap();
    place.write("unsaid.plr", rule.replace("batch 10", ""));
    let unsaid = ["run", "unsaid.plr", "--set", "lr=0.1", "--network", "2 - 3 sigmoid", "--data", "good.csv"];
    place.plrc(unsaid).refused(0, "");
}

#[test]
fn archives_are_refused_with_the_array() {
    let place = Workplace::with_rule("archives");
    let tensor = |dims: &[usize], numbers: &[f64]| Tensor::from_f64(dims.to_vec(), numbers, Precision::F64);
    let write = |name: &str, arrays: &[(&str, Tensor)]| {
        let arrays: BTreeMap<_, _> = arrays.iter().map(|(name, a)| ((*name).to_owned(), a.clone())).collect();
        npz::write_arrays(&place.path(name), &arrays).unwrap();
    };
    let x = tensor(&[3, 2], &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    write("good.npz", &[("x", x.clone()), ("y", tensor(&[3, 3], &[0.5; 9]))]);
    write("no_x.npz", &[("z", x.clone())]);
    write("nan.npz", &[("x", tensor(&[2, 2], &[0.0, 0.0, f64::NAN, 0.0]))]);
    write("counts.npz", &[("x", x.clone()), ("y", tensor(&[2, 3], &[0.5; 6]))]);
    write("rank.npz", &[("x", tensor(&[4], &[0.0; 4]))]);
    write("none.npz", &[("x", tensor(&[0, 2], &[]))]);
    let good = place.read("good.npz");
    place.write("cut.npz", &good[..good.len() / 2]);
    place.write("text.npz", "x = 1");
    run(&place, "no_x.npz", 1, "it has no array `x` (it has: z)");
    run(&place, "nan.npz", 1, "feature 0 of sample 1 is NaN");
    run(&place, "counts.npz", 1, "there are 3 samples but 2 targets");
    run(&place, "rank.npz", 1, "the array `x`");
    run(&place, "none.npz", 1, "none.npz");
    run(&place, "cut.npz", 1, "it is no ZIP archive, or not all of one");
    run(&place, "text.npz", 1, "it is no ZIP archive, or not all of one");
    run(&place, "npz:.", 1, "cannot read `.`: is a directory");
    run(&place, "npz:", 2, "a path is missing");
    run(&place, "good.npz", 0, "");
}

/// Files of the MNIST family: images `[3, 1, 2]` and labels.
#[test]
fn idx_files_are_refused_with_the_file() {
    let images = |magic: u8, count: u8, pixels: &[u8]| {
        [&[0, 0, magic, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 2][..], pixels].concat()
    };
    let labels = |labels: &[u8]| [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8][..], labels].concat();
    let whole = images(8, 3, &[1; 6]);
    let place = Workplace::with_rule("idx");
    let mut number = 0;
    let mut directory = |train: &[u8], of_train: &[u8], code: i32, words: &str| {
        number += 1;
        let name = format!("data{number}");
        std::fs::create_dir(place.path(&name)).unwrap();
        for (file, bytes) in [
            ("train-images-idx3-ubyte", train),
            ("train-labels-idx1-ubyte", of_train),
            ("t10k-images-idx3-ubyte", &whole),
            ("t10k-labels-idx1-ubyte", &labels(&[0, 1, 2])),
        ] {
            place.write(format!("{name}/{file}"), bytes);
        }
        run(&place, &name, code, words);
    };
    let good = labels(&[0, 1, 2]);
    directory(&whole[..20], &good, 1, "train-images-idx3-ubyte` is not a usable IDX file");
    directory(&[], &good, 1, "train-images-idx3-ubyte` is not a usable IDX file");
    directory(&images(13, 3, &[1; 6]), &good, 1, "train-images-idx3-ubyte` is not a usable IDX file");
    directory(&images(8, 255, &[1; 6]), &good, 1, "train-images-idx3-ubyte` is not a usable IDX file");
    directory(&good, &good, 1, "train-images-idx3-ubyte` is not a usable IDX file");
    directory(&whole, &whole, 1, "train-labels-idx1-ubyte` is not a usable IDX file");
    directory(&whole, &labels(&[0, 1]), 1, "3 samples but 2 targets");
    run(&place, ".", 1, "the directory `.` has no file `train-images-idx3-ubyte`");
    run(&place, "nothing", 1, "cannot read `nothing`: No such file");
    run(&place, "rule.plr", 1, "is neither a directory of IDX files nor a file ending in");
    run(&place, "digits:train=0", 1, "at least one training sample");
    run(&place, "digits:test=x", 2, "`test=x` is not a name, `=` and an integer");
    directory(&whole, &good, 0, "");
}

#[test]
fn a_rule_that_needs_targets_says_so() {
    let place = Workplace::new("needs_targets");
    place.write("rule.plr", SHARED);
    place.write("classes.csv", "0.1,0.2,0\n0.3,0.4,7\n0.3,0.4,6\n");
    let x = Tensor::from_f64(vec![3, 2], &[0.5; 6], Precision::F64);
    npz::write_arrays(&place.path("none.npz"), &BTreeMap::from([("x".to_owned(), x)])).unwrap();
    run(&place, "classes.csv", 1, "the network's output has 3 units, but there are labels up to 7");
    run(&place, "none.npz", 1, "the rule reads `target`, but the data has no targets");
    let words = "run rule.plr --set lr=0.1 --batch 2 --data classes.csv".split(' ');
    let ran = place.plrc(words.chain(["--network", "2 - 1 sigmoid"]));
    ran.refused(1, "targets of one number are reals, or [samples, 1]");
}

/// What learns without targets is evaluated with them: whether they fit is seen before it learns.
#[test]
fn targets_that_only_evaluation_reads_are_looked_at_first() {
    let place = Workplace::new("evaluated_targets");
    place.write(
        "rule.plr",
        "rule Hebb(lr = 0.01) {
  neuron { state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += lr * post.x * pre.x }
  predict output.x after p
}",
    );
    let tensor = |columns: usize| Tensor::from_f64(vec![4, columns], &vec![0.5; 4 * columns], Precision::F64);
    let arrays = BTreeMap::from([("x".to_owned(), tensor(2)), ("y".to_owned(), tensor(5))]);
    npz::write_arrays(&place.path("x.npz"), &arrays).unwrap();
    let line = "$PLRC run rule.plr --network '2 - 3' --epochs 1 --data x.npz --out out";
    let ran = place.shell(line).refused(1, "the network's output has 3 units, but a target has 5 values");
    assert_eq!(ran.out, "");
    assert!(!place.path("out").exists());
}

/// R17.3, R15.7: images whose axes are in another order are refused, with an axis for the channel and without, and at each step.
#[test]
fn images_have_the_order_of_the_input_layer() {
    let place = Workplace::new("images");
    place.write("rule.plr", SHARED);
    let run = |dims: &[usize], code: i32, words: &str| {
        let count = dims.iter().product();
        let x = Tensor::from_f64(dims.to_vec(), &vec![0.5; count], Precision::F64);
        let y = Tensor::from_f64(vec![dims[0], 2], &[1.0, 0.0].repeat(dims[0]), Precision::F64);
        let arrays = BTreeMap::from([("x".to_owned(), x), ("y".to_owned(), y)]);
        npz::write_arrays(&place.path("x.npz"), &arrays).unwrap();
        let network = "--network '1x5x6 - 2 softmax' --epochs 1 --batch 2 --no-angles";
        place.shell(&format!("$PLRC run rule.plr {network} --data x.npz")).refused(code, words);
    };
    run(&[4, 5, 6], 0, "");
    run(&[4, 1, 5, 6], 0, "");
    run(&[4, 30], 0, "");
    run(&[4, 6, 5], 1, "a sample is 6x5, and the input layer 1x5x6: channels come first");
    run(&[4, 1, 6, 5], 1, "a sample is 1x6x5, and the input layer 1x5x6: channels come first");
    run(&[4, 5, 6, 1], 1, "a sample is 5x6x1, and the input layer 1x5x6: channels come first");
    run(&[4, 3, 6, 5], 1, "a sample is 3x6x5, and the input layer 1x5x6: channels come first");
}

/// R17.2, R17.3: between which numbers features are, and what of a file is not used; a validation set of its own.
#[test]
fn a_run_says_what_it_takes_of_a_file() {
    let place = Workplace::new("what_it_takes");
    place.write("rule.plr", SHARED);
    let tensor = |dims: &[usize], numbers: &[f64]| Tensor::from_f64(dims.to_vec(), numbers, Precision::F64);
    let set = |[x, y]: [&str; 2], samples: usize, scale: f64| {
        let numbers: Vec<f64> = (0..2 * samples).map(|k| scale * k as f64).collect();
        let classes: Vec<f64> = (0..samples).flat_map(|k| [(k % 2) as f64, ((k + 1) % 2) as f64]).collect();
        let of = |name: &str, numbers: &[f64]| (name.to_owned(), tensor(&[samples, 2], numbers));
        [of(x, &numbers), of(y, &classes)]
    };
    let arrays = |sets: Vec<[(String, Tensor); 2]>| sets.into_iter().flatten().collect::<BTreeMap<_, _>>();
    let mut all = arrays(vec![set(["x", "y"], 8, -2.5), set(["x_val", "y_val"], 3, 1.0)]);
    all.insert("lengths".to_owned(), tensor(&[8], &[1.0; 8]));
    npz::write_arrays(&place.path("all.npz"), &all).unwrap();
    let run = |more: &str| {
        place.shell(&format!(
            "$PLRC run rule.plr --no-angles --network '2 - 3 tanh - 2 softmax' --epochs 1 --batch 2 {more}"
        ))
    };
    let ran = run("--data all.npz").well();
    assert!(ran.out.contains("8 to train, 3 to validate, 0 to test"), "{ran:?}");
    assert!(ran.out.contains("features from -37.5 to 0\n"), "{ran:?}");
    assert!(ran.out.contains("not used: lengths\n"), "{ran:?}");
    let ran = run("--data all.npz --validation 2").well();
    assert!(ran.out.contains("6 to train, 2 to validate"), "{ran:?}");
    assert!(ran.out.contains("not used: lengths, the validation set\n"), "{ran:?}");
    let ran =
        place.line("run rule.plr --no-angles --epochs 1 --batch 2 --data digits:train=60,test=20").well();
    assert!(!ran.out.contains("features from"), "{ran:?}");
    place.write("none.csv", "0.5,1\n0.25,1\n");
    let none = RULE
        .replace("784 - 10", "2 - 2")
        .replace("digits(train = 60, test = 20)", "csv(\"none.csv\", outputs = 0)");
    place.write("none.plr", none.replace("batch 10", "batch 1"));
    let ran = place.line("run none.plr --no-angles").well();
    assert!(ran.out.contains("features from 0.25 to 1\n"), "{ran:?}");
    let wide = arrays(vec![set(["x", "y"], 8, 1.0)]);
    let mut wide: BTreeMap<_, _> = wide.into_iter().collect();
    wide.insert("x_val".to_owned(), tensor(&[1, 3], &[0.0; 3]));
    wide.insert("y_val".to_owned(), tensor(&[1, 2], &[0.0, 1.0]));
    npz::write_arrays(&place.path("wide.npz"), &wide).unwrap();
    run("--data wide.npz").refused(1, "the validation set has 3 features and 2 outputs");
}
