//! The same run gives the same weights: bit for bit on any number of threads, nearly on the other back end.

use plr_run::weights::{self, Weights};

use crate::workplace::{SHARED, Workplace};

fn trained(place: &Workplace, flags: &str) -> (Vec<u8>, Weights) {
    place.line(&format!("run rule.plr --out out {flags}")).well();
    let weights = weights::load(&place.path("out/weights.safetensors")).unwrap();
    (place.read("out/weights.safetensors"), weights)
}

fn place(test: &str) -> Workplace {
    let place = Workplace::new(test);
    place.write("rule.plr", SHARED);
    place
}

/// The largest difference of any two numbers of the same place.
fn distance(a: &Weights, b: &Weights) -> f64 {
    assert!(a.tensors.keys().eq(b.tensors.keys()));
    let numbers = |w: &Weights| w.tensors.values().flat_map(plr_ir::Tensor::to_f64).collect::<Vec<_>>();
    numbers(a).iter().zip(numbers(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn threads_do_not_matter_and_the_seed_does() {
    let place = place("threads");
    for precision in ["f32", "f64"] {
        let with = |flags: &str| trained(&place, &format!("--precision {precision} {flags}")).0;
        let one = with("--threads 1");
        for threads in [1, 2, 3, 7] {
            assert!(with(&format!("--threads {threads}")) == one, "{threads} threads, {precision}");
        }
        assert!(with("--seed 2") != one);
        assert!(with("--seed 2 --threads 3") == with("--seed 2 --threads 1"));
    }
}

#[test]
fn both_back_ends_learn_the_same() {
    let place = place("back_ends");
    for (precision, near) in [("f32", 1e-5), ("f64", 1e-13)] {
        let with = |flags: &str| trained(&place, &format!("--precision {precision} --updates 5 {flags}")).1;
        let (compiled, interpreted) = (with("--backend jit"), with("--backend interp"));
        let distance = distance(&compiled, &interpreted);
        assert!(distance < near, "{precision}: {distance:e}");
    }
}

#[test]
fn both_precisions_learn_nearly_the_same() {
    let place = place("precisions");
    let with = |precision| trained(&place, &format!("--updates 5 --precision {precision}")).1;
    let distance = distance(&with("f32"), &with("f64"));
    assert!(distance > 0.0 && distance < 1e-4, "{distance:e}");
}

#[test]
fn passes_change_no_bit() {
    let place = place("passes");
    // What an inexact pass finds to do may depend on the others.
    let exactly = "--updates 5 -Z no-factor -Z no-scale -Z no-squeeze -Z no-peel -Z no-steps";
    let all = trained(&place, exactly).0;
    for left_out in ["fold", "cse", "hoist", "dce", "fuse"] {
        assert!(trained(&place, &format!("{exactly} -Z no-{left_out}")).0 == all, "without {left_out}");
    }
}
