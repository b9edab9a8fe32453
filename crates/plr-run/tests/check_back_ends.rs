//! Compiled against interpreted, the audit against perturbation, and presentations from given arrays.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod hand_built;

use hand_built::{Delta, HandBuilt, Settling, backprop, delta_rule, normal, parameter, settling};
use plr_ir::builder::Builder;
use plr_ir::model::{Init, Pattern, Piece};
use plr_ir::scalar::{BinaryOp, UnaryOp};
use plr_ir::{Precision, Tensor, Type};
use plr_run::backend::{Arrays, Backend, Context};
use plr_run::compare;
use plr_run::perturb::{self, Finding};
use plr_run::probe::{ProbeError, probe};

const CONTEXT: Context = Context { seed: 1, update: 0 };
const BACKENDS: [Backend; 2] = [Backend::Jit { threads: 2 }, Backend::Interpreter];

fn delta() -> HandBuilt {
    delta_rule(Delta { features: 5, outputs: 4, lr: 0.1, beta: 0.0, init: normal(0.5) })
}

#[test]
fn back_ends_agree_within_the_bound_of_contractions() {
    let relaxing = Settling { features: 5, units: 6, steps: 20, tolerance: Some(1e-4), recurrence: 0.2 };
    for rule in [delta(), backprop(0.1, 1.0), settling(relaxing)] {
        let differences = compare::run(&rule, 3, 8, 1).unwrap();
        assert!(!differences.is_empty());
        for difference in differences {
            assert!(difference.agrees(), "{difference:?}");
            // The bound is a bound of rounding: far below the numbers themselves, which are of order one.
            let (single, double) = (1e-3, 1e-11);
            assert!(difference.bound < difference.precision.choose(single, double), "{difference:?}");
        }
    }
}

#[test]
fn outputs_without_contractions_agree_exactly() {
    let build = |piece, batch: usize, precision| {
        if !matches!(piece, Piece::Update | Piece::Probe) {
            return None;
        }
        let mut b = Builder::new("elementwise", precision);
        let bias = b.input("b/output", Type::real([batch]));
        let square = b.binary(BinaryOp::Mul, bias, bias);
        let new = b.unary(UnaryOp::Tanh, square);
        b.output("b/output", new);
        Some(b.finish())
    };
    let bias = parameter("b/output", vec![3], normal(1.0), false);
    for difference in compare::run(&HandBuilt::new(vec![bias], (1, 1), Box::new(build)), 3, 8, 1).unwrap() {
        assert_eq!((difference.largest, difference.bound), (0.0, 0.0));
    }
}

#[test]
fn a_local_rule_passes_and_every_reading_matters() {
    let rule = delta();
    for backend in BACKENDS {
        for precision in Precision::ALL {
            let findings = perturb::run(&rule, precision, 3, backend).unwrap();
            assert_eq!(findings.len(), 2);
            for finding in findings {
                assert!(
                    finding.leaks.is_empty() && finding.idle.is_empty() && finding.owners >= 2,
                    "{finding:?}"
                );
            }
        }
    }
}

/// The findings after one reading of one equation was changed.
fn with_reading(equation: usize, reading: usize, pattern: Option<Pattern>, backend: Backend) -> Finding {
    let mut rule = delta();
    let reads = &mut rule.equations[equation].reads;
    match pattern {
        Some(pattern) => reads[reading].pattern = pattern,
        None => drop(reads.remove(reading)),
    }
    perturb::run(&rule, Precision::F64, 3, backend).unwrap().remove(equation)
}

#[test]
fn a_read_that_the_audit_does_not_know_is_found_and_named() {
    for backend in BACKENDS {
        let leaks = |equation, reading, pattern| -> Vec<String> {
            let finding = with_reading(equation, reading, pattern, backend);
            finding.leaks.into_iter().map(|leak| leak.input).collect()
        };
        // A sum over the layer below is more than the unit of the same number.
        assert_eq!(leaks(0, 1, Some(Pattern::Own)), ["data"]);
        // All synapses that end at a unit are more than those that leave it.
        assert_eq!(leaks(0, 0, Some(Pattern::Column)), ["W/input->output"]);
        // Plasticity that reads the target of its postsynaptic unit.
        assert_eq!(leaks(1, 0, None), ["target"]);
        assert_eq!(leaks(1, 2, Some(Pattern::Own)), ["data"]);
    }
}

#[test]
fn a_reading_that_does_not_matter_is_idle() {
    let mut rule = delta();
    rule.equations[0].reads.push(plr_ir::model::Reading {
        input: "target".to_owned(),
        pattern: Pattern::Own,
        part: None,
    });
    let findings = perturb::run(&rule, Precision::F64, 3, BACKENDS[0]).unwrap();
    assert_eq!((findings[0].idle.as_slice(), findings[0].leaks.len()), (&["target".to_owned()][..], 0));
}

fn arrays(list: &[(&str, &[usize], &[f64])]) -> Arrays {
    let tensor = |&(name, dims, numbers): &(&str, &[usize], &[f64])| {
        (name.to_owned(), Tensor::from_f64(dims, numbers, Precision::F64))
    };
    list.iter().map(tensor).collect()
}

#[test]
fn a_probe_yields_states_increments_and_new_weights_by_name() {
    let rule = delta_rule(Delta { features: 2, outputs: 1, lr: 0.1, beta: 0.0, init: Init::Constant(0.0) });
    let given = arrays(&[
        ("W/input->output", &[1, 2], &[0.5, 0.5]),
        ("data", &[1, 2], &[1.0, 2.0]),
        ("target", &[1, 1], &[1.0]),
    ]);
    for (precision, tolerance) in [(Precision::F32, 1e-7), (Precision::F64, 1e-15)] {
        let found = probe(&rule, &given, precision, false, (BACKENDS[0], CONTEXT)).unwrap();
        let expected = [
            ("increment/W/input->output", vec![-0.05, -0.1]),
            ("new/W/input->output", vec![0.45, 0.4]),
            ("state/free/y/output", vec![1.5]),
        ];
        assert_eq!(found.len(), expected.len());
        for ((name, tensor), (expected_name, expected)) in found.iter().zip(&expected) {
            let close = tensor.to_f64().iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance);
            assert!(name == expected_name && close && tensor.precision() == precision, "{name} {tensor:?}");
        }
    }
}

#[test]
fn a_probe_says_what_is_wrong_with_its_arrays() {
    let rule = delta();
    let weights = vec![0.0; 20];
    let all: [(&str, &[usize], &[f64]); 3] = [
        ("W/input->output", &[4, 5], &weights),
        ("data", &[2, 5], &[0.0; 10]),
        ("target", &[2, 4], &[0.0; 8]),
    ];
    let error =
        |given: Arrays| probe(&rule, &given, Precision::F64, false, (BACKENDS[0], CONTEXT)).unwrap_err();
    let texts = [
        error(arrays(&all[1..])),
        error(arrays(&all[..2])),
        error(arrays(&[all[0], all[1], all[2], ("V", &[1], &[0.0])])),
        error(arrays(&[("W/input->output", &[5, 4], &weights), all[1], all[2]])),
        error(arrays(&[all[0], ("data", &[10], &[0.0; 10]), all[2]])),
        error(arrays(&[all[0], all[1], ("target", &[1, 4], &[0.0; 4])])),
        error(arrays(&[all[0], ("data", &[0, 5], &[]), all[2]])),
    ]
    .map(|error: ProbeError| error.to_string());
    assert_eq!(
        texts,
        [
            "the array `W/input->output` [4, 5] is missing",
            "the array `target` [2, 4] is missing",
            "the rule takes no array `V`; it takes `W/input->output`, `data`, `target`",
            "the array `W/input->output` has the shape [5, 4] instead of [4, 5]",
            "the array `data` has the shape [10] instead of [samples, 5]",
            "the array `target` has the shape [1, 4] instead of [2, 4]",
            "the array `data` has the shape [0, 5] instead of [samples, 5]",
        ]
    );
}
