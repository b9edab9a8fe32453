//! Arguments that cannot be meant.

use crate::workplace::{RULE, Workplace};

/// Refused with the code and the words, and with nothing on the standard output.
fn refuse(place: &Workplace, cases: &[(&str, i32, &str)]) {
    for (line, code, words) in cases {
        let ran = place.line(line).refused(*code, words);
        assert_eq!(ran.out, "", "{line}");
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let place = Workplace::with_rule("numbers_out_of_range");
    refuse(
        &place,
        &[
            ("run rule.plr --batch 0", 2, "--batch"),
            ("run rule.plr --batch=-1", 2, "--batch"),
            ("run rule.plr --batch 55", 1, "a minibatch of 55 samples is larger than the training set of 54"),
            ("run rule.plr --batch 4294967295", 1, "a minibatch of 4294967295 samples is larger than"),
            ("run rule.plr --batch 4294967296", 2, "--batch"),
            ("run rule.plr --epochs=-1", 2, "--epochs"),
            ("run rule.plr --updates 0", 2, "--updates"),
            ("run rule.plr --updates 4294967296", 2, "--updates"),
            ("run rule.plr --seed 4294967296", 2, "4294967296 is not in 0..=4294967295"),
            ("run rule.plr --epochs 1 --updates 1", 2, "cannot be used with"),
            ("run rule.plr --threads 0", 2, "--threads"),
            ("run rule.plr --threads 1025", 2, "1..=1024"),
            ("run rule.plr --seed 99999999999999999999", 2, "--seed"),
            ("run rule.plr --precision f16", 2, "f32, f64"),
            ("run rule.plr --backend gpu", 2, "jit, interp"),
            ("run rule.plr -Z no-such", 2, "no-fuse"),
            ("emit ir rule.plr --batch 4294967296", 2, "--batch"),
        ],
    );
}

#[test]
fn many_threads_are_only_slow() {
    Workplace::with_rule("many_threads").line("run rule.plr --threads 300 --updates 1").well();
}

#[test]
fn settings_are_names_with_finite_numbers() {
    let place = Workplace::with_rule("settings");
    refuse(
        &place,
        &[
            ("run rule.plr --set lr=nan", 2, "`NaN` is not a finite number"),
            ("run rule.plr --set lr=inf", 2, "`inf` is not a finite number"),
            ("run rule.plr --set lr=1e400", 2, "is not a finite number"),
            ("verify rule.plr --sweep lr=nan", 2, "`NaN` is not a finite number"),
            ("run rule.plr --set lr=0.1x", 2, "`0.1x` is not a number"),
            ("run rule.plr --set lr", 2, "a name, `=` and a number"),
            ("run rule.plr --set =1", 2, "there is no name before `=`"),
            ("run rule.plr --set l=1", 1, "error[plr::unknown_name]"),
            ("run rule.plr --set l=1", 1, "[--set:1:1]"),
            ("run rule.plr --set LR=1", 1, "did you mean `lr`?"),
        ],
    );
    place.line("run rule.plr --set lr=-0.1 --updates 1").well();
}

#[test]
fn a_network_is_a_chain_or_has_a_name() {
    let place = Workplace::with_rule("network");
    let network = |text: &str, words: &str| {
        let ran = place.plrc(["run", "rule.plr", "--error-format", "plain", "--network", text]);
        assert_eq!(ran.out, "", "{text}");
        ran.refused(1, words)
    };
    network(
        "784",
        "--network:1:4: error[plr::syntax_error]: unexpected end of the file: expected a name or `-`",
    );
    network("784 - 3 -", "--network:1:10: error[plr::syntax_error]: unexpected end of the file");
    network("784 - -3", "--network:1:7: error[plr::syntax_error]: unexpected `-`");
    network("784 - 0", "--network:1:7: error[plr::bad_network]");
    network("0 - 10", "--network:1:1: error[plr::bad_network]");
    network("784 - 1.5", "--network:1:7: error[plr::bad_network]");
    network("784 - 99999999999999999999", "an integer from 1 to 1000000");
    network(
        "784 - 10 sigmod",
        "--network:1:10: error[plr::unknown_name]: there is no activation named `sigmod`",
    );
    network("deep", "--network:1:1: error[plr::unknown_name]: there is no network named `deep`");
    network("784 - 3 } rule X {", "error[plr::syntax_error]");
    network("784 - 3 - 10", "sets `lr` on `input->output`, which the network 784 - 3 - 10 does not have");
    place.plrc(["run", "rule.plr", "--network", ""]).refused(2, "a value is required");
    place.plrc(["run", "rule.plr", "--network", "784 - 3 - 10 sigmoid", "--set", "lr=1e-6"]).well();
}

#[test]
fn a_network_that_does_not_fit_into_memory_is_refused_with_its_size() {
    let place = Workplace::with_rule("memory");
    for more in [&[][..], &["--backend", "interp"], &["--precision", "f64", "--threads", "3"]] {
        let network = "784 - 1000000 - 1000000 - 10";
        let arguments = ["run", "rule.plr", "--set", "lr=1", "--network", network];
        let ran = place.plrc(arguments.iter().chain(more));
        assert_eq!(ran.out, "");
        ran.refused(1, " TB of memory, but only ");
    }
    place
        .line("run rule.plr --data digits:train=4000000000")
        .refused(1, "so many digits need 6.3 TB of memory");
    place.line("emit asm rule.plr --batch 4294967295").refused(1, " of memory, but only ");
    place.line("emit ir rule.plr --batch 4294967295").well();
}

#[test]
fn samples_and_parameters_of_checks_that_do_not_fit_into_memory_are_refused_with_their_size() {
    let place = Workplace::new("large_checks");
    let rule = "rule R {
  neuron { state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = W @ below.x } }
  learn { W += post.x * pre.x }
  predict output.x after p
  check gradient after p {
    SETTING
    expect angle(W) < 90 deg
  }
}
";
    let large = "network 1000000 - 1000000";
    for setting in
        ["data patterns(4000000000)", &format!("{large}\n data teacher"), large, "batch 4000000000"]
    {
        place.write("check.plr", rule.replace("SETTING", setting));
        let ran = place.line("verify check.plr");
        assert!(ran.out.contains(" of memory, but only "), "{setting}: {ran:?}");
        assert_eq!(ran.code, Some(1));
    }
}

#[test]
fn an_unknown_edge_is_found_in_the_program() {
    let place = Workplace::new("unknown_edge");
    place.write("rule.plr", RULE.replace("lr input->output", "lr input->h1"));
    place.line("check rule.plr").refused(1, "error[plr::unknown_edge]");
}

#[test]
fn names_that_are_not_there_come_with_those_that_are() {
    let place = Workplace::with_rule("names");
    refuse(
        &place,
        &[
            ("run rule.plr smal", 1, "`rule.plr` has no experiment `smal`; did you mean `small`?"),
            ("run rule.plr nothing", 1, "`rule.plr` has no experiment `nothing`; it has `small`"),
            ("emit ir rule.plr --rule delta", 1, "did you mean `Delta`?"),
            ("emit ir rule.plr --piece nothing", 1, "it has `update`"),
            ("emit ir rule.plr --piece equation:99", 1, "equation:0 to equation:"),
            ("emit ir rule.plr --after nothing", 1, "it has `none`, `fold`"),
            ("emit ir rule.plr --after cse:9", 1, "the pipeline has no pass `cse:9`"),
            ("explain non_local_reed", 1, "did you mean `non_local_read`?"),
            ("explain plr::", 1, "it has `bad_network`"),
            ("check", 2, "<FILE>"),
            ("learn rule.plr", 2, "unrecognized subcommand 'learn'"),
        ],
    );
}

#[test]
fn a_new_rule_has_a_name_and_overwrites_nothing() {
    let place = Workplace::new("new");
    for name in ["", "a b", "../a", "_a", "1a", "a/b", "a.plr.plr"] {
        place.plrc(["new", name]).refused(2, "a name begins with a letter");
    }
    let long = "a".repeat(300);
    place.plrc(["new", &long]).refused(1, "cannot write");
    for name in ["my_rule", "été.plr", "fn"] {
        place.plrc(["new", name]).well();
    }
    place.line("new my_rule").refused(1, "`my_rule.plr` is there already");
    place.line("check my_rule.plr été.plr fn.plr").well();
    place.line("fmt --check my_rule.plr").well();
    place.line("run my_rule.plr --updates 1").well();
}
