//! Places that cannot be written, and results that stay where they are.

use std::collections::BTreeMap;

use plr_ir::{Precision, Tensor};
use plr_run::data::npz;
use plr_run::weights;

use crate::workplace::{RULE, SHARED, Workplace};

#[test]
fn a_run_leaves_its_weights_its_epochs_and_what_it_was() {
    let place = Workplace::with_rule("results");
    let ran = place.line("run rule.plr --out a/b").well();
    assert!(ran.out.contains("accuracy on test") && ran.out.contains("time per epoch"), "{ran:?}");
    let weights = weights::load(&place.path("a/b/weights.safetensors")).unwrap();
    assert_eq!(weights.tensors["W/input->output"].dims, [10, 784]);
    assert_eq!((weights.about["epoch"].as_str(), weights.about["updates"].as_str()), ("2", "12"));
    let epochs = String::from_utf8(place.read("a/b/epochs.csv")).unwrap();
    assert_eq!(epochs.lines().count(), 3);
    let about: serde_json::Value = serde_json::from_slice(&place.read("a/b/run.json")).unwrap();
    assert_eq!(about["result"]["updates"], 12);
    assert_eq!(about["program"][0]["text"].as_str(), Some(RULE));
    assert_eq!(about["length"]["epochs"], 2);
    assert_eq!(std::fs::read_dir(place.path("a/b")).unwrap().count(), 3);
}

/// R18.2: what tells two runs apart is written down, and nothing of an earlier run stays beside.
#[test]
fn a_run_says_what_its_result_depends_on() {
    let place = Workplace::new("depends");
    let rule = RULE.replace("W += lr * (", "W += lr * optim((").replace("* pre.x\n", "* pre.x)\n");
    place.write("rules.plr", rule.replace("experiment small", "experiment other"));
    let experiment = rule.split_once("experiment").unwrap().1;
    let text = |optimiser: &str| {
        let experiment = experiment.replace("epochs 2", &format!("epochs 2\n  optimiser {optimiser}"));
        format!("use \"rules.plr\"\nexperiment{experiment}")
    };
    let about = |text: &str, flags: &str| -> serde_json::Value {
        place.write("rule.plr", text);
        place.line(&format!("run rule.plr small --out out {flags}")).well();
        serde_json::from_slice(&place.read("out/run.json")).unwrap()
    };
    let first = about(&text("adam(lr = 0.01)"), "--angles");
    assert!(place.path("out/angles.csv").exists());
    assert_eq!((&first["file"], &first["experiment"]), (&"rule.plr".into(), &"small".into()));
    assert_eq!(first["optimiser"]["name"], "adam");
    let settings = first["optimiser"]["settings"].as_object().unwrap();
    assert!(settings["lr"] == 0.01 && settings.len() > 2 && settings.values().all(|v| v.is_f64()));
    assert_eq!(first["data_settings"]["seed"], 0);
    assert_eq!(first["length"]["epochs"], 2);
    let program = first["program"].as_array().unwrap();
    assert_eq!(program[0]["text"], text("adam(lr = 0.01)"));
    assert_eq!(program[1]["text"].as_str().unwrap().as_bytes(), place.read("rules.plr"));
    let second = about(&text("sgd(lr = 0.5)"), "--no-angles --data digits:train=60,test=20,seed=3");
    assert_eq!(second["optimiser"]["settings"]["lr"], 0.5);
    assert_eq!(second["data_settings"]["seed"], 3);
    assert!(second["result"]["test"]["samples"] == 20 && second["result"]["angles"] == serde_json::json!([]));
    assert!(!place.path("out/angles.csv").exists());
    place.line("run rule.plr small --angles --no-angles").refused(2, "cannot be used with");
}

/// The rows of a table.
fn rows(place: &Workplace, name: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(place.read(name)).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Gradient descent whose training accuracy goes on to rise when that on validation no longer does.
fn overfitting() -> String {
    SHARED
        .replace("train = 500, test = 100", "train = 200, test = 100")
        .replace("batch 64", "batch 10")
        .replace("epochs 2", "epochs 8")
}

/// R19.6: the training samples are predicted with the weights at the end of an epoch, as a run does that has them as its test set;
/// nothing else changes.
#[test]
fn training_samples_are_watched() {
    let place = Workplace::new("curve");
    // The training samples are those of a test set too.
    let (x, y): (Vec<f64>, Vec<f64>) =
        (0..120).map(|k| (f64::from(k * 37 % 101) / 50.0 - 1.0, f64::from(u8::from(k % 3 == 0)))).unzip();
    let arrays = |names: [&str; 2]| {
        let x = Tensor::from_f64(vec![40, 3], &x, Precision::F64);
        let y: Vec<f64> = y[..40].iter().flat_map(|y| [*y, 1.0 - y]).collect();
        let y = Tensor::from_f64(vec![40, 2], &y, Precision::F64);
        [(names[0].to_owned(), x), (names[1].to_owned(), y)]
    };
    let all: BTreeMap<_, _> = arrays(["x", "y"]).into_iter().chain(arrays(["x_test", "y_test"])).collect();
    npz::write_arrays(&place.path("data.npz"), &all).unwrap();
    place.write("rule.plr", SHARED.replace("784 - 96 tanh - 10", "3 - 5 tanh - 2"));
    let run = "run rule.plr --no-angles --data data.npz --validation 0 --batch 7 --epochs";
    let plain = place.line(&format!("{run} 2 --out plain")).well();
    let ran = place.line(&format!("{run} 2 --out out --curve")).well();
    let (table, results) = (rows(&place, "out/epochs.csv"), |name: &str| -> serde_json::Value {
        let about: serde_json::Value =
            serde_json::from_slice(&place.read(format!("{name}/run.json"))).unwrap();
        about["result"].clone()
    });
    assert_eq!(table[0][5..], ["training_loss", "training_accuracy"]);
    assert_eq!((table.len(), table[1].len(), rows(&place, "plain/epochs.csv")[1].len()), (3, 7, 5));
    for epochs in [1, 2] {
        place.line(&format!("{run} {epochs} --out test")).well();
        let test = &results("test")["test"];
        assert_eq!(
            [&table[epochs][5], &table[epochs][6]].map(|cell| cell.parse::<f64>().unwrap()),
            [test["loss"].as_f64().unwrap(), test["accuracy"].as_f64().unwrap()]
        );
    }
    assert_eq!(results("out")["training"], results("plain")["test"]);
    assert_eq!(place.read("out/weights.safetensors"), place.read("plain/weights.safetensors"));
    assert!(ran.out.contains("training accuracy ") && ran.out.contains("accuracy on training"), "{ran:?}");
    assert!(ran.out.contains("time of the curve") && ran.out.contains("2 times"), "{ran:?}");
    assert!(!plain.out.contains("training"), "{plain:?}");
    // Some of them, the same ones under another seed.
    let some = |seed: u32| {
        place.line(&format!("{run} 0 --seed {seed} --curve=11 --out some")).well();
        results("some")["training"]["samples"].clone()
    };
    assert_eq!((some(1), some(2)), (11.into(), 11.into()));
    place.write("silent.plr", RULE.replace("  predict output.x after forward\n", ""));
    place.line("run silent.plr --curve").refused(1, "the rule predicts nothing");
}

/// R19.7: the weights that are evaluated and kept are those of the best epoch, those that a run goes on from the last ones.
#[test]
fn the_best_epoch_is_kept() {
    let place = Workplace::new("best");
    place.write("rule.plr", overfitting());
    let about = |name: &str| -> serde_json::Value {
        let about: serde_json::Value =
            serde_json::from_slice(&place.read(format!("{name}/run.json"))).unwrap();
        about["result"].clone()
    };
    let of = |path: &str| weights::load(&place.path(path)).unwrap();
    place.line("run rule.plr --out plain --no-angles").well();
    let ran = place.line("run rule.plr --out out --keep-best --no-angles").well();
    let accuracies: Vec<f64> =
        rows(&place, "out/epochs.csv")[1..].iter().map(|row| row[4].parse().unwrap()).collect();
    let best = (0..8).fold(0, |best, at| if accuracies[at] > accuracies[best] { at } else { best });
    assert!(best < 7, "the last epoch is not the only best one: {accuracies:?}");
    assert_eq!(about("out")["best"]["epoch"], best + 1);
    assert_eq!(about("out")["updates"], 8 * 18);
    assert_eq!(about("out")["validation"]["accuracy"], accuracies[best]);
    assert!(ran.out.contains("best epoch"), "{ran:?}");
    assert_eq!(of("out/weights.safetensors"), of("plain/weights.safetensors"));
    // What it evaluates is what a run of so many epochs does.
    place.line(&format!("run rule.plr --out short --no-angles --epochs {}", best + 1)).well();
    assert_eq!(of("out/best.safetensors").tensors, of("short/weights.safetensors").tensors);
    assert_eq!(about("out")["test"], about("short")["test"]);
    assert!(about("plain")["best"].is_null() && !place.path("plain/best.safetensors").exists());
    // Interrupted after the best epoch, or before it, the run that goes on ends the same.
    for first in [best + 2, best.max(1)] {
        place.line(&format!("run rule.plr --out part --keep-best --no-angles --epochs {first}")).well();
        place
            .line("run rule.plr --out part --keep-best --no-angles --resume part/weights.safetensors")
            .well();
        assert_eq!(of("part/best.safetensors"), of("out/best.safetensors"));
        assert_eq!(
            (&about("part")["best"], &about("part")["test"]),
            (&about("out")["best"], &about("out")["test"])
        );
    }
    // Enough of epochs that are not better.
    let patient = place.line("run rule.plr --out patient --keep-best --patience 1 --no-angles").well();
    let until = (1..8).find(|&at| accuracies[at] <= accuracies[..at].iter().copied().fold(0.0, f64::max));
    let epochs = patient.out.lines().filter(|line| line.starts_with("epoch ")).count();
    assert_eq!(epochs, until.unwrap() + 1, "{patient:?}");
    // A run of its own there has nothing of it.
    place.line("run rule.plr --out out --no-angles --epochs 1").well();
    assert!(!place.path("out/best.safetensors").exists());
    place.line("run rule.plr --keep-best --validation 0").refused(1, "there are no such samples");
    place.line("run rule.plr --patience 2").refused(2, "--keep-best");
}

/// R19.8: what is written for each test sample gives the loss and the accuracy that the run says.
#[test]
fn predictions_are_written() {
    let place = Workplace::new("predictions");
    place.write("rule.plr", SHARED);
    place.line("run rule.plr --out out --predictions --no-angles --precision f64").well();
    let arrays = npz::read_arrays(&place.path("out/predictions.npz")).unwrap();
    let of = |name: &str| arrays[name].clone().into_tensor();
    let (predictions, targets) = (of("prediction"), of("target"));
    assert_eq!((&predictions.dims[..], &targets.dims[..]), (&[100, 10][..], &[100, 10][..]));
    let largest = |row: &[f64]| (0..10).fold(0, |best, at| if row[at] > row[best] { at } else { best });
    let (predictions, targets) = (predictions.to_f64(), targets.to_f64());
    let pairs = || predictions.chunks(10).zip(targets.chunks(10));
    let right = pairs().filter(|(made, target)| largest(made) == largest(target)).count();
    let loss: f64 = pairs().map(|(made, target)| -made[largest(target)].ln()).sum();
    let about: serde_json::Value = serde_json::from_slice(&place.read("out/run.json")).unwrap();
    let test = &about["result"]["test"];
    assert_eq!(test["accuracy"], right as f64 / 100.0);
    assert!((test["loss"].as_f64().unwrap() - loss / 100.0).abs() < 1e-12, "{test}");
    place.line("run rule.plr --predictions").refused(2, "--out");
    place
        .line("run rule.plr --predictions --out out --batch 10 --data digits:train=60,test=0")
        .refused(1, "there are no such samples");
}

/// R18.4: killed between a line and its weights, a run goes on without a gap, and what was half written is removed.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_run_lacks_no_line() {
    let place = Workplace::with_rule("no_gap");
    place.line("run rule.plr --out out --epochs 2 --angles").well();
    std::fs::copy(place.path("out/weights.safetensors"), place.path("before.safetensors")).unwrap();
    place.line("run rule.plr --out out --epochs 3 --angles --resume out/weights.safetensors").well();
    std::fs::copy(place.path("before.safetensors"), place.path("out/weights.safetensors")).unwrap();
    // No process has such a number.
    place.write("out/.epochs.csv.4294967295-3.partial", "half");
    let own = format!("out/.weights.safetensors.{}-0.partial", std::process::id());
    place.write(&own, "at work");
    place.line("run rule.plr --out out --epochs 4 --resume out/weights.safetensors").well();
    let epochs = String::from_utf8(place.read("out/epochs.csv")).unwrap();
    let numbers: Vec<&str> = epochs.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(numbers, ["epoch", "1", "2", "3", "4"]);
    assert!(epochs.lines().all(|line| line.split(',').count() == 5), "{epochs}");
    assert!(!place.path("out/.epochs.csv.4294967295-3.partial").exists());
    assert!(place.path(own).exists() && place.path("out/angles.csv").exists());
}

/// R19.4: angles for which there is no room are left out, and the results are there.
#[cfg(target_os = "linux")]
#[test]
fn angles_without_room_cost_no_result() {
    let place = Workplace::new("no_room");
    let wide = SHARED.replace("96 tanh", "30000 tanh").replace("train = 500", "train = 20");
    place.write("rule.plr", wide.replace("batch 64", "batch 10").replace("epochs 2", "epochs 1"));
    let limited = "ulimit -v 1500000; exec $PLRC run rule.plr --threads 1 --out out";
    let ran = place.shell(limited).well();
    assert!(ran.out.contains("the gradient needs") && ran.out.contains("accuracy on test"), "{ran:?}");
    let about: serde_json::Value = serde_json::from_slice(&place.read("out/run.json")).unwrap();
    assert_eq!(about["result"]["test"]["samples"], 100);
}

#[test]
fn a_run_goes_on_where_it_stopped() {
    let place = Workplace::with_rule("resume");
    place.line("run rule.plr --out whole --epochs 3 --angles").well();
    place.line("run rule.plr --out part --epochs 1 --angles").well();
    std::fs::copy(place.path("part/weights.safetensors"), place.path("early.safetensors")).unwrap();
    // Whatever was written later is not known to an early file.
    place.line("run rule.plr --out part --epochs 2 --angles --resume part/weights.safetensors").well();
    let ran = place.line("run rule.plr --out part --epochs 3 --angles --resume early.safetensors").well();
    assert!(ran.out.contains("early.safetensors, goes on after update 6"), "{ran:?}");
    assert!(!ran.out.contains("epoch   1 ") && ran.out.contains("epoch   3 "), "{ran:?}");
    assert!(place.read("part/weights.safetensors") == place.read("whole/weights.safetensors"));
    assert_eq!(place.read("part/angles.csv"), place.read("whole/angles.csv"));
    let epochs = |name: &str| -> Vec<String> {
        let text = String::from_utf8(place.read(name)).unwrap();
        let without_time = |line: &str| {
            let cells = line.split(',').enumerate().filter(|(cell, _)| *cell != 2);
            cells.map(|(_, cell)| cell.to_owned()).collect::<Vec<_>>().join(",")
        };
        text.lines().map(without_time).collect()
    };
    assert_eq!(epochs("part/epochs.csv"), epochs("whole/epochs.csv"));
    // A finished run says how it is.
    let ran = place.line("run rule.plr --epochs 3 --resume part/weights.safetensors").well();
    assert!(ran.out.contains("accuracy on validation") && !ran.out.contains("time per epoch"), "{ran:?}");
    let resume = "run rule.plr --resume early.safetensors";
    place.line(&format!("{resume} --seed 2")).refused(1, "its seed is 1, and here it is 2");
    place.line(&format!("{resume} --batch 20")).refused(1, "minibatches of an epoch is 6, and here it is 3");
    place.line(&format!("{resume} --precision f64")).refused(1, "is f32 instead of f64");
    place.line(&format!("{resume} --weights early.safetensors")).refused(2, "cannot be used with");
}

#[test]
fn a_run_begins_with_the_weights_of_another() {
    let place = Workplace::with_rule("begin");
    place.line("run rule.plr --out a").well();
    let evaluated = place.line("run rule.plr --weights a/weights.safetensors --epochs 0 --out b").well();
    assert!(evaluated.out.contains("weights  a/weights.safetensors"), "{evaluated:?}");
    assert!(!evaluated.out.contains("time per epoch"), "{evaluated:?}");
    let [a, b] =
        ["a", "b"].map(|name| weights::load(&place.path(format!("{name}/weights.safetensors"))).unwrap());
    assert_eq!((&a.tensors, b.about["updates"].as_str()), (&b.tensors, "0"));
    let results = |name: &str| -> serde_json::Value {
        let about: serde_json::Value =
            serde_json::from_slice(&place.read(format!("{name}/run.json"))).unwrap();
        about["result"]["test"].clone()
    };
    assert_eq!(results("a"), results("b"));
    // Its states and increments, from a minibatch of one's own.
    let data = Tensor::from_f64(vec![2, 784], &[0.5; 1568], Precision::F64);
    npz::write_arrays(&place.path("data.npz"), &BTreeMap::from([("data".to_owned(), data)])).unwrap();
    let files = "--params a/weights.safetensors --data data.npz --out probed.npz";
    place.line(&format!("probe rule.plr {files}")).well();
    let probed = npz::read_arrays(&place.path("probed.npz")).unwrap();
    assert_eq!(probed["increment/W/input->output"].dims, [10, 784]);
    // Another task in turn, and another rule that has some of it.
    let ran = place
        .line("run rule.plr --weights a/weights.safetensors --data digits:train=60,test=20,seed=4")
        .well();
    assert!(ran.out.contains("epoch   1 ") && ran.out.contains("epoch   2 "), "{ran:?}");
    place.write(
        "other.plr",
        RULE.replace("param b", "param c").replace("+ b;", "+ c;").replace("    b +=", "    c +="),
    );
    let ran = place.line("run other.plr --weights a/weights.safetensors --epochs 0").well();
    assert!(ran.out.contains("not in it, so as drawn: c/output"), "{ran:?}");
    assert!(ran.out.contains("not of this rule: b/output"), "{ran:?}");
    place.line("run rule.plr --weights nowhere.safetensors").refused(1, "nowhere.safetensors");
    place.line("run rule.plr --weights rule.plr").refused(1, "not a usable safetensors file");
}

/// R16.7: clauses on the command line are those of an experiment.
#[test]
fn clauses_are_given_on_the_command_line() {
    let place = Workplace::new("with");
    let rule = "rule R(lr = 0.5) {
  neuron { state a, x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { a = W @ below.x;  x = f(a) } }
  learn { output W -= lr * optim(cost'(post.a) * pre.x) }
  predict output.x after p
}
";
    place.write("alone.plr", rule);
    place.write(
        "rule.plr",
        format!("{rule}experiment e {{ rule R(lr = 0.25)\n network 5 - 3\n data random(train = 40, test = 10)\n epochs 1 }}"),
    );
    place.line("run alone.plr --no-angles").refused(1, "--network");
    let clauses =
        "network 5 - 3 softmax; cost softmax_cross_entropy; data classes(train = 40, test = 10); epochs 2";
    let command = format!(
        "$PLRC run alone.plr --no-angles --out out --with '{clauses}' --with 'optimiser sgd(lr = 0.5)'"
    );
    let ran = place.shell(&command);
    assert!(ran.out.contains("epoch   2 ") && ran.out.contains("softmax_cross_entropy"), "{ran:?}");
    assert!(ran.out.contains("angle to the gradient") && ran.out.contains("not taken"), "{ran:?}");
    let about: serde_json::Value = serde_json::from_slice(&place.read("out/run.json")).unwrap();
    assert_eq!(about["optimiser"], serde_json::json!({ "name": "sgd", "settings": { "lr": 0.5 } }));
    assert_eq!(
        (about["experiment"].as_str(), &about["program"][1]["file"]),
        (Some("R"), &serde_json::json!("--with"))
    );
    // Drawn for the network of the command line (R17.5).
    let ran = place.shell("$PLRC run rule.plr e --no-angles --network '7 - 2'").well();
    assert!(ran.out.contains("network  7 - 2\n"), "{ran:?}");
    // In the place of its own, or beside them.
    let ran = place.shell("$PLRC run rule.plr e --with 'epochs 3; precision f64'");
    assert!(ran.out.contains("epoch   3 ") && ran.out.contains("lr = 0.25"), "{ran:?}");
    assert!(ran.out.contains("f64") && ran.out.contains("drawn samples"), "{ran:?}");
    place.shell("$PLRC run rule.plr --with 'cost nothing'").refused(1, "--with:1:6");
    place.shell("$PLRC run rule.plr --with 'cost'").refused(1, "expected a name");
    place.shell("$PLRC run alone.plr --network '5 - 3' --data random").refused(2, "--with");
    place.shell("$PLRC emit ir alone.plr --with 'network 5 - 3; optimiser nothing'").refused(1, "nothing");
}

#[test]
fn angles_along_training_are_printed_and_written() {
    let place = Workplace::with_rule("angles");
    let plain = place.line("run rule.plr --out plain").well();
    let ran = place.line("run rule.plr --out out --angles=4").well();
    // 6 updates an epoch: before, after 4, 6, 8 and 12.
    let lines: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("angles after")).collect();
    let times: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(times, ["0", "4", "6", "8", "12"], "{ran:?}");
    assert!(lines.iter().all(|line| line.ends_with("° W/input->output")), "{ran:?}");
    assert!(ran.out.contains("time of angles") && ran.out.contains("5 times"), "{ran:?}");
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = String::from_utf8(place.read(name)).unwrap();
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let (angles, epochs) = (rows("out/angles.csv"), rows("out/epochs.csv"));
    assert_eq!((angles.len(), angles[0].join(",").as_str()), (6, "updates,angle W/input->output"));
    assert_eq!(epochs[0].last(), angles[0].last());
    // Each epoch has the angle that was taken at its end.
    assert_eq!((&epochs[1][5], &epochs[2][5]), (&angles[3][1], &angles[5][1]));
    // Nothing else is different.
    assert_eq!(place.read("plain/weights.safetensors"), place.read("out/weights.safetensors"));
    let without = |text: &str| {
        text.lines().filter(|l| l.starts_with("accuracy")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without(&plain.out), without(&ran.out));
    assert_eq!(rows("plain/epochs.csv")[0].len(), 5);

    let silent = RULE.replace("  predict output.x after forward\n", "");
    place.write("silent.plr", silent);
    let ran = place.line("run silent.plr --angles").well();
    assert_eq!(ran.err.matches("no angles along training: the rule has no cost").count(), 1, "{ran:?}");
    place.line("run rule.plr --angles=0").refused(2, "--angles");
}

#[test]
fn a_place_that_cannot_be_written_is_found_out_before_training() {
    let place = Workplace::with_rule("no_place");
    let out = |path: &str, words: &str| {
        let ran = place.plrc(["run", "rule.plr", "--out", path]);
        assert_eq!(ran.out, "", "{path}");
        ran.refused(1, words)
    };
    out("rule.plr", "`rule.plr` is not a directory");
    out("rule.plr/in", "cannot write `rule.plr/in`: Not a directory");
    std::fs::create_dir_all(place.path("taken/weights.safetensors")).unwrap();
    out("taken", "cannot write the weights `taken/weights.safetensors`: is a directory");
    place.plrc(["run", "rule.plr", "--out", ""]).refused(2, "--out");
}

#[cfg(target_os = "linux")]
#[test]
fn devices_are_not_mistaken_for_files() {
    let place = Workplace::with_rule("devices");
    place.line("run rule.plr --out /dev/full").refused(1, "`/dev/full` is not a directory");
    place.line("run rule.plr --out /proc/plr").refused(1, "cannot write `/proc/plr`");
    for command in
        ["run rule.plr", "check rule.plr", "audit rule.plr", "emit ir rule.plr", "explain unknown_name"]
    {
        place
            .shell(&format!("$PLRC {command} > /dev/full"))
            .refused(1, "cannot print: No space left on device");
    }
    std::fs::create_dir(place.path("full")).unwrap();
    std::os::unix::fs::symlink("/dev/full", place.path("full/weights.safetensors")).unwrap();
    place.line("run rule.plr --out full").refused(1, "weights.safetensors`: No space left on device");
}

/// A limit on the size of files stands for a disk that is full: the write fails half-way.
#[cfg(unix)]
#[test]
fn what_was_written_before_survives_a_full_disk() {
    let place = Workplace::with_rule("full_disk");
    place.line("run rule.plr --out out").well();
    let names = ["weights.safetensors", "epochs.csv", "run.json"].map(|name| format!("out/{name}"));
    let before = names.clone().map(|name| place.read(name));
    let limited = "trap '' XFSZ; ulimit -f 8; exec $PLRC run rule.plr --seed 2 --out out";
    place.shell(limited).refused(1, "cannot write the weights `out/weights.safetensors`: File too large");
    assert_eq!(names.map(|name| place.read(name)), before);
    assert_eq!(std::fs::read_dir(place.path("out")).unwrap().count(), 3);

    let program = RULE.replace("  ", "\t");
    place.write("tabs.plr", program.clone() + &"// x\n".repeat(10_000));
    let source = place.read("tabs.plr");
    place.shell("trap '' XFSZ; ulimit -f 8; exec $PLRC fmt tabs.plr").refused(1, "cannot write `tabs.plr`");
    assert_eq!(place.read("tabs.plr"), source);
}

#[cfg(unix)]
#[test]
fn a_reader_who_has_read_enough_is_no_error() {
    let place = Workplace::with_rule("closed_pipe");
    for command in ["run rule.plr --epochs 50", "audit rule.plr", "emit asm rule.plr", "emit tokens rule.plr"]
    {
        let ran = place.shell(&format!("$PLRC {command} | head -n 1; $PLRC {command} | true"));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command}");
        assert_eq!(ran.out.lines().count(), 1, "{command}");
    }
}

#[test]
fn training_that_diverges_stops_and_says_when() {
    let place = Workplace::new("diverges");
    place.write(
        "rule.plr",
        RULE.replace("(post.x - post.x * post.x)", "post.a").replace("lr input->output = 0.05", ""),
    );
    place
        .line("run rule.plr --set lr=1e9 --epochs 50")
        .refused(1, "error: training diverged: `W/input->output` became ");
    let ran = place
        .line("run rule.plr --set lr=1e9 --epochs 50 --out out")
        .refused(1, "; the weights after 0 updates are in `out/weights.safetensors`");
    assert!(ran.err.contains(" (epoch 1)"), "{ran:?}");
    let weights = weights::load(&place.path("out/weights.safetensors")).unwrap();
    assert!(weights.tensors.values().all(|tensor| tensor.to_f64().iter().all(|x| x.is_finite())));
}

#[test]
fn a_pipe_gets_plain_lines() {
    let place = Workplace::with_rule("plain_lines");
    let ran = place.line("run rule.plr").well();
    assert_eq!(ran.err, "");
    assert_eq!(ran.out.lines().filter(|line| line.starts_with("epoch ")).count(), 2);
    assert!(!ran.out.contains(['\u{1b}', '\r']), "{ran:?}");
}

#[test]
fn findings_for_programs_are_objects_on_lines() {
    let place = Workplace::new("json");
    place.write("rule.plr", RULE.replace("+ b;", "+ c;"));
    let ran = place.line("check rule.plr --error-format json").refused(1, "plr::");
    for line in ran.err.lines() {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(finding["code"].is_string() && finding["labels"][0]["line"].is_u64(), "{line}");
    }
    let ran = place.line("check missing.plr --error-format json").refused(1, "No such file");
    assert!(serde_json::from_str::<serde_json::Value>(&ran.err).is_ok(), "{ran:?}");
}

#[test]
fn a_claim_that_does_not_hold_fails_and_is_named() {
    let place = Workplace::new("claims");
    let claiming = |claim: &str| {
        let check = format!("predict output.x after forward\n  check gradient after forward {{ {claim} }}");
        place.write("rule.plr", SHARED.replace("predict output.x after forward", &check));
        place.line("verify rule.plr")
    };
    assert!(claiming("expect cosine(W) > 0.999").well().out.contains("cosine(W) > 0.999"));
    let ran = claiming("expect cosine(W) < 0").refused(1, "1 of ");
    let line = ran.out.lines().find(|line| line.starts_with("cosine(W) < 0")).unwrap();
    assert!(line.trim_end().ends_with("NO"), "{line}");
    // Of the sites, the one that decides; where the claim names one, nobody needs to be told.
    assert!(
        ["input->h1", "h1->h2", "h2->output"].iter().any(|site| line.contains(&format!(" at {site}"))),
        "{line}"
    );
    let ran = claiming("expect cosine(W) < 0 at output").refused(1, "1 of ");
    let line = ran.out.lines().find(|line| line.starts_with("cosine(W) < 0 at output")).unwrap();
    assert!(!line.contains("h2->output"), "{line}");
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 1, "it writes no file");
}

/// R13.9, R4.11: on five units each, of which those of the same place and next to each other are joined, there are 13 synapses.
#[test]
fn an_audit_counts_the_synapses_that_masks_leave() {
    let place = Workplace::new("masks");
    let rule = "rule R(lr = 0.1) {
  neuron { state x = 0 }
  synapse W : below -> self = glorot(), mask(m) { fixed param m = abs(pre.index - post.index) <= 1 }
  phase p { clamp input x = data;  sweep up { x = f(W @ below.x) } }
  learn { W += momentum(post.x * pre.x) }
}
experiment e { rule R;  network 5 - 5 }
";
    let bill = |rule: &str| {
        place.write("rule.plr", rule);
        let ran = place.line("audit --json rule.plr").well();
        let audits: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let bill = &audits[0]["bill"];
        let wire = &bill["wires"][0];
        let adds = &bill["multiply_adds"];
        [
            &wire["synapses"],
            &wire["weights"],
            &bill["memories"][0]["values"],
            &adds["dynamics"],
            &adds["plasticity"],
        ]
        .map(|number| number.as_u64().unwrap())
    };
    assert_eq!(bill(rule), [13; 5]);
    assert_eq!(bill(&rule.replace("abs(pre.index - post.index) <= 1", "identity()")), [5; 5]);
    assert_eq!(bill(&rule.replace("abs(pre.index - post.index) <= 1", "bernoulli(1)")), [25; 5]);
    // What a mask becomes that learns, nobody knows.
    let learned = rule.replace("fixed param m", "param m").replace("learn {", "learn { m += 0 * post.x;");
    assert_eq!(bill(&learned), [25, 25, 25, 25, 50]);
}

#[test]
fn an_audit_for_programs_is_an_array() {
    let place = Workplace::with_rule("audit_json");
    let ran = place.line("audit --json rule.plr").well();
    let audits: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(audits.as_array().unwrap().len(), 1);
}

/// R16.6: what an experiment expects is part of what its run answers for, unless something else is run.
#[test]
fn runs_are_held_to_what_their_experiment_expects() {
    let place = Workplace::new("expected");
    let text = |claim: &str| {
        format!(
            "{RULE}\nexperiment e {{
  rule Delta
  network 784 - 10 sigmoid
  data digits(train = 200, test = 100)
  epochs 1
  {claim}
}}"
        )
    };
    place.write("modest.plr", text("expect loss > 0;  expect accuracy >= 0"));
    let well = place.line("run modest.plr e").well();
    assert!(well.out.contains("expected loss > 0") && well.out.contains("yes"), "{well:?}");
    place.write("bold.plr", text("expect accuracy > 1"));
    let bold = place.line("run bold.plr e").refused(1, "does not end as its experiment expects");
    assert!(bold.out.contains("expected accuracy > 1") && bold.out.contains("NO"), "{bold:?}");
    place.line("run bold.plr e --seed 2").well();
    // The seed and the length that it has anyway make no other run of it.
    place.line("run bold.plr e --seed 1 --epochs 1").refused(1, "does not end as its experiment expects");
    // What is expected on the command line is of this very run, and in the place of what the file expects.
    let given = place.shell("$PLRC run bold.plr e --seed 2 --with 'expect loss < 0'");
    let given = given.refused(1, "does not end as its experiment expects");
    assert!(given.out.contains("expected loss < 0") && !given.out.contains("accuracy > 1"), "{given:?}");
    place.shell("$PLRC run bold.plr e --with 'expect loss > 0'").well();
    place.shell("$PLRC run bold.plr e --with 'batch 10'").well();
    place.line("run bold.plr e --threads 1").refused(1, "does not end as its experiment expects");
    for (claim, code) in [
        ("expect beauty > 1", "unknown_name"),
        ("expect accuracy == 1", "bad_value"),
        ("expect accuracy > 90", "bad_value"),
        ("expect accuracy >= -0.1", "bad_value"),
        ("expect accuracy(W) > 1", "bad_value"),
        ("expect loss < 1 after 3 updates", "bad_value"),
    ] {
        place.write("wrong.plr", text(claim));
        place.line("check wrong.plr").refused(1, code);
    }
}

/// R6.8: a cost that is made for an activation is doubted on the network of the command line too; the head says which experiment it is.
#[test]
fn another_network_is_doubted_as_the_experiments_own() {
    let place = Workplace::new("doubted");
    place.write("rule.plr", SHARED);
    let run = |network: &str| {
        place.shell(&format!("$PLRC run rule.plr --no-angles --epochs 0 --network '{network}'")).well()
    };
    let ran = run("784 - 20 tanh - 10");
    assert!(ran.out.contains("Shared(lr = 0.2), experiment digits"), "{ran:?}");
    assert!(ran.err.contains("linear_output") && ran.err.contains("--network"), "{ran:?}");
    let ran = run("784 - 20 tanh - 10 softmax");
    assert!(!ran.err.contains("linear_output"), "{ran:?}");
    let ran = run("784 - 10");
    assert!(ran.err.contains("linear_output") && ran.err.contains("--network"), "{ran:?}");
}

/// R14.16: for programs there is an object for each rule, or each curve, with the numbers of the tables.
#[test]
fn verifications_for_programs_are_objects_on_lines() {
    let place = Workplace::new("verify_json");
    let check = "predict output.x after forward
  check gradient after forward { expect cosine(W) > 0.999;  expect mean(x) < 1e9 at output }";
    place.write("rule.plr", SHARED.replace("predict output.x after forward", check));
    let object = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let ran = place.line("verify rule.plr --json").well();
    let [line] = ran.out.lines().collect::<Vec<_>>().try_into().unwrap();
    let found = object(line);
    assert_eq!((&found["file"], &found["rule"]), (&"rule.plr".into(), &"Shared".into()));
    let table = place.line("verify rule.plr").well().out;
    let lines = found["lines"].as_array().unwrap();
    assert_eq!(lines.len(), table.lines().filter(|line| line.trim_end().ends_with("  yes")).count());
    for line in lines {
        assert_eq!(line["ok"], true);
        assert!(table.contains(line["what"].as_str().unwrap()), "{line}");
    }
    let cosine = lines.iter().find(|line| line["what"] == "cosine(W) > 0.999").unwrap();
    assert!((cosine["number"].as_f64().unwrap() - 1.0).abs() < 1e-12, "{cosine}");
    assert!(table.contains(found["relations"][0].as_str().unwrap()));
    // The gradient scales with the rate, and so the error with what is left of it.
    let ran = place.line("verify rule.plr --sweep lr=0.5,0.25 --json").well();
    let found = object(ran.out.lines().next().unwrap());
    assert_eq!((&found["number"], &found["measure"]), (&"lr".into(), &"relative_error".into()));
    for (point, rate) in found["points"].as_array().unwrap().iter().zip([0.5, 0.25]) {
        assert_eq!(point["value"], rate);
        let error = point["measured"]["W/input->h1"].as_f64().unwrap();
        assert!((error - (1.0 - rate)).abs() < 1e-9, "{point}");
    }
    assert!(found["order"]["W/h2->output"].is_f64());
}

/// R19.10: what is watched is what the rule does with its weights of then on the samples held out, at every site.
#[test]
fn measures_are_watched_along_training() {
    let place = Workplace::new("watch");
    place.write("rule.plr", SHARED.replace("784 - 96 tanh - 10", "3 - 5 tanh - 2"));
    let numbers: Vec<f64> = (0..60).map(|k| f64::from(k * 37 % 101) / 50.0 - 1.0).collect();
    let classes: Vec<f64> = (0..20).flat_map(|k| [f64::from(k % 2), f64::from((k + 1) % 2)]).collect();
    let x = Tensor::from_f64(vec![20, 3], &numbers, Precision::F64);
    let y = Tensor::from_f64(vec![20, 2], &classes, Precision::F64);
    let arrays = ["x", "x_val", "x_test"].map(|name| (name.to_owned(), x.clone()));
    let targets = ["y", "y_val", "y_test"].map(|name| (name.to_owned(), y.clone()));
    npz::write_arrays(&place.path("data.npz"), &arrays.into_iter().chain(targets).collect()).unwrap();
    let run = |more: &str| {
        place.shell(&format!(
            "$PLRC run rule.plr --data data.npz --batch 5 --precision f64 --no-angles --out out {more}"
        ))
    };
    let plain = run("--epochs 2").well();
    let weights = place.read("out/weights.safetensors");
    let ran = run("--epochs 2 --predictions --watch 'mean(x ^ 2)' --watch '2 * largest(W, ) - 1'");
    ran.refused(1, "--watch");
    let ran =
        run("--epochs 2 --predictions --watch 'mean(x ^ 2)' --watch '2 * mean(x) - 1' --watch 'angle(W, W)'")
            .well();
    assert_eq!(weights, place.read("out/weights.safetensors"));
    let predicted = npz::read_arrays(&place.path("out/predictions.npz")).unwrap()["prediction"].clone();
    let predicted = predicted.into_tensor().to_f64();
    let mean = |f: &dyn Fn(f64) -> f64, of: &[f64]| of.iter().map(|x| f(*x)).sum::<f64>() / of.len() as f64;
    let expected = [
        ("mean(x ^ 2) input", mean(&|x| x * x, &numbers)),
        ("mean(x ^ 2) output", mean(&|x| x * x, &predicted)),
        ("2 * mean(x) - 1 output", 2.0 * mean(&|x| x, &predicted) - 1.0),
        ("angle(W; W) h1->output", 0.0),
    ];
    let table = rows(&place, "out/epochs.csv");
    let about: serde_json::Value = serde_json::from_slice(&place.read("out/run.json")).unwrap();
    for (column, number) in expected {
        let at = table[0].iter().position(|head| head == column).unwrap();
        let found = table[2][at].parse::<f64>().unwrap();
        assert!((found - number).abs() < 1e-12, "{column}: {found} is not {number}");
    }
    assert_eq!(table[0].len(), 5 + 3 + 3 + 2);
    assert_eq!(about["result"]["watched"]["mean(x ^ 2)"]["output"].to_string(), table[2][7]);
    let before = ran.out.lines().find(|line| line.starts_with("before")).unwrap();
    assert!(before.contains("mean(x ^ 2)") && ran.out.contains(" output"), "{ran:?}");
    assert!(!plain.out.contains("mean(x"), "{plain:?}");
    // A rule that predicts nothing can be followed.
    let silent = RULE.replace("  predict output.x after forward\n", "");
    place.write("silent.plr", silent);
    let ran = place.shell("$PLRC run silent.plr --watch 'mean(x)'").well();
    assert_eq!(ran.out.matches("mean(x) ").count(), 3, "{ran:?}");
    place.shell("$PLRC run rule.plr --watch 'mean(nothing)'").refused(1, "unknown_name");
    place
        .shell("$PLRC run rule.plr --watch 'row_norm(b)' --data data.npz --batch 5")
        .refused(1, "has no rows");
}
