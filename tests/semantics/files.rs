//! Rule 1.11: files that use files.

use std::fs;
use std::path::PathBuf;

use plr_ir::model::Workshop as _;
use plrc::diagnostics::{ErrorFormat, render};
use plrc::driver::{self, Checked};
use plrc::failure::Failure;

/// A directory of its own for a test, with these files in it.
fn written(test: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files").join(test);
    for (name, text) in files {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().expect("it is in a directory")).expect("a directory can be made");
        fs::write(path, text).expect("a file can be written");
    }
    directory
}

/// What comes of the file `main.plr`: a legal program with its doubts, or its mistakes in plain text.
fn checked(test: &str, files: &[(&str, &[u8])]) -> Result<Checked, String> {
    let source = driver::read(&written(test, files).join("main.plr")).expect("it is there");
    driver::check(source).map_err(|failure| {
        let Failure::Findings { source, findings } = failure else { panic!("{failure}") };
        let graphical = render(&source, &findings, ErrorFormat::Graphical, false);
        render(&source, &findings, ErrorFormat::Plain, false) + &graphical
    })
}

const RULES: &[u8] = b"use \"functions.plr\"
use \"functions.plr\"

rule R(unused = 1) {
  neuron { state x }
  synapse W : below -> self
  phase p { clamp input x = data;  sweep up { x = twice(W @ below.x) } }
  learn { W += slow(post.x * pre.x) }
  predict output.x after p
  check law { network 2 - 1;  expect row_norm(W) < 1000 }
}
network n { 2 - 1 }
experiment elsewhere { rule R;  network n }
";

const FUNCTIONS: &[u8] = b"fn twice(x) = 2 * x
filter slow(g; rate = 0.5) { return rate * g }
";

/// R1.11: everything but experiments and claims, from where the file is, once, and without the doubts of others.
#[test]
fn files_give_what_they_define() {
    let main = b"use \"library/rules.plr\"
use \"library/functions.plr\"
experiment e { rule R;  network n }
";
    let files: &[(&str, &[u8])] =
        &[("main.plr", main), ("library/rules.plr", RULES), ("library/functions.plr", FUNCTIONS)];
    let checked = checked("gives", files).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(checked.warnings.is_empty(), "{:?}", checked.warnings);
    let analysis = &checked.analysis;
    assert_eq!(analysis.rules().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["R"]);
    assert_eq!(analysis.networks().len(), 1);
    assert_eq!(analysis.experiments().iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["e"]);
    assert!(analysis.workshop(0).checks().is_empty());
}

/// R1.11: a mistake is shown in the file in which it is.
#[test]
fn mistakes_are_where_they_are() {
    let main = b"use \"functions.plr\"\nfn twice(x) = x + x\n";
    let clash =
        checked("clash", &[("main.plr", main), ("functions.plr", FUNCTIONS)]).expect_err("two of a name");
    assert!(clash.contains("main.plr:2:4: error[plr::duplicate_name]"), "{clash}");
    assert!(clash.contains("functions.plr:1:4: note:"), "{clash}");
    assert!(clash.contains("  note: "), "{clash}");
    let main = b"use \"functions.plr\"\n";
    let wrong =
        checked("wrong", &[("main.plr", main), ("functions.plr", b"\n\nfn g(x) = y\n")]).expect_err("no y");
    assert!(wrong.contains("functions.plr:3:11: error[plr::unknown_name]"), "{wrong}");
    assert!(wrong.contains("functions.plr:3:11]"), "{wrong}");
    let wrong = checked("syntax", &[("main.plr", main), ("functions.plr", b"fn g(x) = = 1\n")])
        .expect_err("no syntax");
    assert!(wrong.contains("functions.plr:1:11: error[plr::syntax_error]"), "{wrong}");
}

/// R1.11: what cannot be used is a mistake at the place that names it.
#[test]
fn what_cannot_be_used_is_a_mistake() {
    let one = |test: &str, files: &[(&str, &[u8])]| {
        let found = checked(test, files).expect_err("it cannot be used");
        assert!(found.contains("error[plr::bad_use]"), "{found}");
        found
    };
    let missing = one("missing", &[("main.plr", b"use \"nowhere.plr\"\n")]);
    assert!(missing.contains("there is no file `nowhere.plr`"), "{missing}");
    one("itself", &[("main.plr", b"use \"main.plr\"\n")]);
    let cycle = one("cycle", &[("main.plr", b"use \"a.plr\"\n"), ("a.plr", b"\nuse \"main.plr\"\n")]);
    assert!(cycle.contains("a.plr:2:5: error[plr::bad_use]"), "{cycle}");
    let text = one("no_text", &[("main.plr", b"use \"a.plr\"\n"), ("a.plr", b"\xff")]);
    assert!(text.contains("is not UTF-8 text"), "{text}");
    one("directory", &[("main.plr", b"use \"a\"\n"), ("a/b.plr", b"")]);
}
