//! Ctrl-C and other ends before the end.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use plr_run::weights;

use crate::workplace::{PLRC, RULE, Ran, Workplace};

/// The compiler at work, after it has printed a line that begins so.
struct AtWork {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    lines: String,
}

impl AtWork {
    fn after(place: &Workplace, line: &str, beginning: &str) -> Self {
        let mut child = place.command(PLRC).args(line.split_whitespace()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = String::new();
        while !lines.lines().any(|line| line.starts_with(beginning)) {
            assert!(out.read_line(&mut lines).unwrap() > 0, "it ended after {lines}");
        }
        Self { child, out, lines }
    }

    /// Reads a line more: what is not read in the end is not printed either.
    fn listen(&mut self) {
        assert!(self.out.read_line(&mut self.lines).unwrap() > 0, "it ended after {}", self.lines);
    }

    /// Reads what comes for so long.
    fn listen_for(&mut self, seconds: u64) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(seconds) {
            self.listen();
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn end(mut self) -> Ran {
        self.out.read_to_string(&mut self.lines).unwrap();
        let mut ran = Ran::of(self.child.wait_with_output().unwrap());
        ran.out = self.lines;
        ran
    }
}

#[test]
fn ctrl_c_in_an_epoch_leaves_the_weights_of_the_last_one() {
    leaves_the_weights_of_the_last_epoch("INT");
}

/// As schedulers end a process.
#[test]
fn termination_is_as_soft_as_ctrl_c() {
    leaves_the_weights_of_the_last_epoch("TERM");
}

fn leaves_the_weights_of_the_last_epoch(signal: &str) {
    let place = Workplace::with_rule(&format!("soft_{signal}"));
    let at_work = AtWork::after(&place, "run rule.plr --epochs 4000000 --out out", "epoch   3");
    at_work.signal(signal);
    let ran = at_work.end().refused(130, "press Ctrl-C again to stop at once");
    let weights = weights::load(&place.path("out/weights.safetensors")).unwrap();
    let epochs = String::from_utf8(place.read("out/epochs.csv")).unwrap();
    let (updates, epoch) = (&weights.about["updates"], &weights.about["epoch"]);
    assert!(epoch.parse::<usize>().unwrap() >= 3, "{epoch}");
    assert_eq!(epochs.lines().count() - 1, epoch.parse::<usize>().unwrap());
    assert!(ran.err.contains(&format!("stopped; the weights after {updates} updates are in")), "{ran:?}");

    // What was kept is what a run of so many epochs gives.
    place.line(&format!("run rule.plr --epochs {epoch} --out again")).well();
    assert_eq!(weights::load(&place.path("again/weights.safetensors")).unwrap(), weights);
}

#[test]
fn ctrl_c_in_the_first_epoch_leaves_the_first_weights() {
    let place = Workplace::with_rule("ctrl_c_first");
    place.write(
        "long.plr",
        RULE.replace("phase forward {", "phase wait (steps = 1000) { x = f(x) }\n  phase forward {"),
    );
    let line = "run long.plr --data digits:train=2000 --batch 500 --epochs 9 --out out";
    let at_work = AtWork::after(&place, line, "run ");
    at_work.signal("INT");
    let ran = at_work.end();
    assert_eq!(ran.code, Some(130), "{ran:?}");
    let weights = weights::load(&place.path("out/weights.safetensors")).unwrap();
    assert!(ran.err.contains(&format!("the weights after {} updates", weights.about["updates"])), "{ran:?}");
}

#[test]
fn a_second_ctrl_c_ends_a_minibatch_that_never_would() {
    let place = Workplace::new("ctrl_c_twice");
    place.write(
        "rule.plr",
        RULE.replace("phase forward {", "phase wait (steps = 1000000000) { x = f(x) }\n  phase forward {"),
    );
    let at_work = AtWork::after(&place, "run rule.plr --out out", "run ");
    // Between its first words and its first minibatch it does not listen yet, and one is enough.
    for _ in 0..2 {
        at_work.signal("INT");
        std::thread::sleep(Duration::from_millis(300));
    }
    let ran = at_work.end();
    assert!(ran.code.is_none_or(|code| code == 130), "{ran:?}");
    assert!(weights::load(&place.path("out/weights.safetensors")).is_ok());
}

/// R18.1: short epochs are written about once a second, so that a run that is killed has lost no more.
#[test]
fn a_run_that_is_killed_leaves_the_weights_of_an_epoch() {
    let place = Workplace::with_rule("killed");
    for signal in ["HUP", "KILL"] {
        let begun = Instant::now();
        let mut at_work = AtWork::after(&place, "run rule.plr --epochs 4000000 --out out", "epoch   3");
        let written = || weights::load(&place.path("out/weights.safetensors")).unwrap();
        let mut found = vec![written()];
        // Twice after the first ones, which are those before training or, on a slow machine, later ones.
        while found.len() < 3 {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written");
            at_work.listen();
            let now = written();
            if found.last().is_none_or(|last| last.about["epoch"] != now.about["epoch"]) {
                found.push(now);
            }
        }
        at_work.signal(signal);
        assert_eq!(at_work.end().code, None);
        assert!(begun.elapsed() > Duration::from_secs(1), "what was written two times was written too often");
        let weights = written();
        let epoch: usize = weights.about["epoch"].parse().unwrap();
        let epochs = String::from_utf8(place.read("out/epochs.csv")).unwrap();
        assert!(weights.about["minibatch"] == "0" && epoch > 3, "{:?}", weights.about);
        // A line is there before the weights of its epoch.
        assert!(epochs.lines().count() > epoch, "{epochs}");
    }
}

/// R18.1: a directory that cannot be written for a while ends no run, whose weights are there in the end.
#[test]
fn what_cannot_be_written_now_is_written_later() {
    let place = Workplace::with_rule("unwritten");
    let mut at_work = AtWork::after(&place, "run rule.plr --epochs 4000000 --out out", "epoch   3");
    let [there, away] = ["out", "away"].map(|name| place.path(name));
    std::fs::rename(&there, &away).unwrap();
    at_work.listen_for(3);
    let before = weights::load(&away.join("weights.safetensors")).unwrap();
    std::fs::rename(&away, &there).unwrap();
    at_work.listen_for(3);
    at_work.signal("INT");
    let ran = at_work.end().refused(130, "training goes on, and tries again");
    assert_eq!(ran.err.matches("tries again").count(), 1, "{ran:?}");
    let after = weights::load(&there.join("weights.safetensors")).unwrap();
    let epoch = |weights: &weights::Weights| weights.about["epoch"].parse::<usize>().unwrap();
    let epochs = String::from_utf8(place.read("out/epochs.csv")).unwrap();
    assert!(epoch(&after) > epoch(&before), "{:?}", after.about);
    assert_eq!(epochs.lines().count() - 1, epoch(&after));
}

/// R18.1: a reader who stops listening ends a run, of which everything is there.
#[test]
fn a_run_that_nobody_hears_leaves_all_that_it_has_learned() {
    let place = Workplace::with_rule("unheard");
    place.shell("$PLRC run rule.plr --epochs 4000000 --out out | grep -m 1 'epoch   3'").well();
    let weights = weights::load(&place.path("out/weights.safetensors")).unwrap();
    let epochs = String::from_utf8(place.read("out/epochs.csv")).unwrap();
    let epoch: usize = weights.about["epoch"].parse().unwrap();
    assert!(epoch >= 3 && epochs.lines().count() == epoch + 1, "{epoch} {epochs}");
}

/// What does not listen is ended at once.
#[test]
fn termination_ends_what_is_no_run() {
    let place = Workplace::new("termination");
    // It waits for a program that never comes.
    let mut child =
        place.command(PLRC).args(["check", "-"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let stdin = child.stdin.take();
    let ran = Ran::of(child.wait_with_output().unwrap());
    drop(stdin);
    assert!(ran.code == Some(143) || ran.code.is_none(), "{ran:?}");
}
