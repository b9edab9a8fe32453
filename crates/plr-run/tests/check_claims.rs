//! Claims: what is measured in which setting, and which hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod hand_built;

use hand_built::{Delta, HandBuilt, HandWorkshop, backprop, check, claim, delta_rule, normal};
use plr_ir::Precision;
use plr_ir::model::{Check, Claim, Comparison, DataLaw, Init, Measure, Metric, Reference, Workshop as _};
use plr_run::backend::Backend;
use plr_run::check::{CheckError, ClaimResult, Measured, run};
use plr_run::data::DataError;

const BACKEND: Backend = Backend::Jit { threads: 1 };

fn w() -> String {
    "W".to_owned()
}

/// The delta rule with its learning rate and a small parameter whose square it errs by.
fn delta(checks: Vec<Check>) -> HandWorkshop {
    let make = |values: &[f64]| -> HandBuilt {
        let [lr, beta] = *values else { panic!("two hyper-parameters") };
        delta_rule(Delta { features: 4, outputs: 3, lr, beta, init: normal(0.5) })
    };
    let hyper_parameters = vec![("lr".to_owned(), 0.02), ("beta".to_owned(), 0.0)];
    HandWorkshop { checks, hyper_parameters, make: Box::new(make) }
}

fn two_layers(sign: f64, checks: Vec<Check>) -> HandWorkshop {
    let make = move |values: &[f64]| backprop(values[0], sign);
    HandWorkshop { checks, hyper_parameters: vec![("lr".to_owned(), 0.1)], make: Box::new(make) }
}

fn measured(result: &ClaimResult) -> &Measured {
    match &result.outcome {
        Ok(measured) => measured,
        Err(error) => panic!("{}: {error}", result.claim.text),
    }
}

#[test]
fn a_gradient_rule_satisfies_every_measure() {
    let claims = vec![
        claim("relative_error", Measure::Gradient(Metric::RelativeError, w()), Comparison::Less, 1e-12),
        claim("cosine", Measure::Gradient(Metric::Cosine, w()), Comparison::Equal, 1.0),
        claim(
            "cosine_distance",
            Measure::Gradient(Metric::CosineDistance, w()),
            Comparison::LessEqual,
            1e-20,
        ),
        claim("angle", Measure::Gradient(Metric::Angle, w()), Comparison::Less, 1e-6),
        claim("scale", Measure::Gradient(Metric::Scale, w()), Comparison::Equal, 1.0),
        claim("sign_agreement", Measure::Gradient(Metric::SignAgreement, w()), Comparison::GreaterEqual, 1.0),
    ];
    for reference in [Reference::FeedForward(0), Reference::FiniteDifferences(0)] {
        let mut claims = claims.clone();
        if reference == Reference::FiniteDifferences(0) {
            claims.iter_mut().for_each(|claim| claim.tolerance = 1e-8);
            claims[0].bound = 1e-8;
            claims[2].bound = 1e-16;
        }
        for backend in [BACKEND, Backend::Interpreter] {
            for result in run(&two_layers(1.0, vec![check(reference, claims.clone())]), 0, backend) {
                assert!(result.holds(), "{}: {:?}", result.claim.text, result.outcome);
                assert_eq!(measured(&result).per_site.len(), 2);
            }
        }
    }
}

#[test]
fn a_sign_error_in_one_layer_is_the_number_of_the_claim() {
    let claims = vec![
        claim("cosine == 1", Measure::Gradient(Metric::Cosine, w()), Comparison::Equal, 1.0),
        claim("angle < 90", Measure::Gradient(Metric::Angle, w()), Comparison::Less, 90.0),
        Claim {
            at: Some("output".to_owned()),
            ..claim("at output", Measure::Gradient(Metric::Angle, w()), Comparison::Less, 90.0)
        },
    ];
    let results = run(&two_layers(-1.0, vec![check(Reference::FeedForward(0), claims)]), 0, BACKEND);
    assert_eq!(results.iter().map(ClaimResult::holds).collect::<Vec<_>>(), [false, false, true]);
    assert!((measured(&results[0]).number + 1.0).abs() < 1e-12);
    assert!((measured(&results[1]).number - 180.0).abs() < 1e-6);
    assert_eq!(measured(&results[2]).per_site.len(), 1);
}

#[test]
fn single_precision_is_measured_against_a_double_reference() {
    let claims =
        vec![claim("relative_error", Measure::Gradient(Metric::RelativeError, w()), Comparison::Less, 1e-6)];
    let check = Check { precision: Precision::F32, ..check(Reference::FeedForward(0), claims) };
    let result = &run(&two_layers(1.0, vec![check]), 0, BACKEND)[0];
    let number = measured(result).number;
    assert!(result.holds() && number > 1e-9, "{number}");
}

#[test]
fn increments_are_measured_with_unit_learning_rate_unless_the_claim_sets_it() {
    let scale = |bound, settings: Vec<(String, f64)>| Claim {
        settings,
        ..claim("scale", Measure::Gradient(Metric::Scale, w()), Comparison::Equal, bound)
    };
    let claims = vec![
        scale(1.0, Vec::new()),
        scale(0.5, vec![("lr".to_owned(), 0.5)]),
        scale(1.75, vec![("beta".to_owned(), 0.5)]),
    ];
    for result in run(&delta(vec![check(Reference::FeedForward(0), claims)]), 0, BACKEND) {
        assert!(result.holds(), "{:?}", result.outcome);
    }
}

#[test]
fn the_order_of_an_error_is_the_slope_on_a_log_log_line() {
    let order = |bound| {
        let (of, parameter) = (Box::new(Measure::Gradient(Metric::RelativeError, w())), "beta".to_owned());
        let measure = Measure::Order { of, parameter, values: vec![0.1, 0.01, 0.001] };
        Claim { tolerance: 0.01, ..claim("order", measure, Comparison::Equal, bound) }
    };
    let results =
        run(&delta(vec![check(Reference::FeedForward(0), vec![order(2.0), order(1.0)])]), 0, BACKEND);
    assert_eq!(results.iter().map(ClaimResult::holds).collect::<Vec<_>>(), [true, false]);
    // The increment is (1 + 3 beta²) times the negative gradient.
    for (beta, error) in &measured(&results[0]).points {
        assert!((error / (3.0 * beta * beta) - 1.0).abs() < 1e-8, "{beta} {error}");
    }
}

#[test]
fn laws_are_about_parameters_after_updates() {
    // The teacher is linear, so the delta rule finds it: its rows have the teacher's norms, about 1 each.
    let law = |text, measure, comparison, bound, updates| Claim {
        updates,
        ..claim(text, measure, comparison, bound)
    };
    let claims = vec![
        law("before", Measure::RowNorm(w()), Comparison::Less, 1e-9, 0),
        law("after 2000", Measure::RowNorm(w()), Comparison::Greater, 0.1, 2000),
        law("cosine", Measure::Gradient(Metric::Cosine, w()), Comparison::Greater, 0.0, 0),
    ];
    let make = |values: &[f64]| {
        delta_rule(Delta { features: 4, outputs: 3, lr: values[0], beta: 0.0, init: Init::Constant(0.0) })
    };
    let check = Check { data: DataLaw::Teacher, ..check(Reference::Law, claims) };
    let hyper_parameters = vec![("lr".to_owned(), 0.02)];
    let workshop = HandWorkshop { checks: vec![check], hyper_parameters, make: Box::new(make) };
    let results = run(&workshop, 0, BACKEND);
    assert!(results[0].holds() && results[1].holds(), "{results:?}");
    let sites: Vec<&str> = measured(&results[1]).per_site.iter().map(|(site, _)| site.as_str()).collect();
    assert_eq!(sites, ["input->output[0]", "input->output[1]", "input->output[2]"]);
    assert!(matches!(results[2].outcome, Err(CheckError::NoReference)));
}

#[test]
fn training_before_a_measurement_is_the_same_whichever_claims_share_it() {
    let after = |updates| Claim { updates, ..claim("norm", Measure::RowNorm(w()), Comparison::Greater, 0.0) };
    let numbers = |claims: Vec<Claim>| -> Vec<f64> {
        run(&delta(vec![check(Reference::Law, claims)]), 0, BACKEND)
            .iter()
            .map(|r| measured(r).number)
            .collect()
    };
    let together = numbers(vec![after(3), after(10), after(10), after(7)]);
    let alone: Vec<f64> =
        [3, 10, 10, 7].into_iter().flat_map(|updates| numbers(vec![after(updates)])).collect();
    assert_eq!(together, alone);
}

#[test]
fn the_samples_of_a_spectrum_have_a_principal_direction() {
    let claims = vec![claim("alignment", Measure::PrincipalAlignment(w()), Comparison::LessEqual, 1.0)];
    let with = |spectrum: &[f64]| {
        let data = DataLaw::Gaussian(spectrum.to_vec());
        run(&delta(vec![Check { data, ..check(Reference::Law, claims.clone()) }]), 0, BACKEND).remove(0)
    };
    assert!(with(&[2.0, 1.0, 0.5, 0.1]).holds());
    assert!(matches!(
        with(&[2.0, 1.0]).outcome,
        Err(CheckError::Data(DataError::SpectrumDiffers { spectrum: 2, features: 4 }))
    ));
}

#[test]
fn claims_about_nothing_are_errors() {
    let unknown = claim("V", Measure::Gradient(Metric::Cosine, "V".to_owned()), Comparison::Greater, 0.0);
    let elsewhere = Claim {
        at: Some("h7".to_owned()),
        ..claim("W", Measure::Gradient(Metric::Cosine, w()), Comparison::Greater, 0.0)
    };
    let gamma = vec![("gamma".to_owned(), 1.0)];
    let setting = Claim {
        settings: gamma,
        ..claim("W", Measure::Gradient(Metric::Cosine, w()), Comparison::Greater, 0.0)
    };
    let aligned = claim("W", Measure::PrincipalAlignment(w()), Comparison::Greater, 0.0);
    let workshop = delta(vec![check(Reference::FeedForward(0), vec![unknown, elsewhere, setting, aligned])]);
    let text = |result: &ClaimResult| result.outcome.as_ref().unwrap_err().to_string();
    let texts: Vec<String> = run(&workshop, 0, BACKEND).iter().map(text).collect();
    assert_eq!(
        texts,
        [
            "no parameter `V` is learned",
            "no parameter `W` is learned at `h7`",
            "no hyper-parameter `gamma`",
            "the samples of the check have no principal direction among the rows' elements",
        ]
    );
}

#[test]
fn a_check_gives_the_same_numbers_every_time() {
    let claims = vec![Claim {
        updates: 5,
        ..claim("angle", Measure::Gradient(Metric::Angle, w()), Comparison::Less, 1.0)
    }];
    let workshop = delta(vec![check(Reference::FeedForward(0), claims)]);
    let number = || measured(&run(&workshop, 0, BACKEND)[0]).number;
    assert_eq!(number().to_bits(), number().to_bits());
    assert_eq!(workshop.checks().len(), 1);
}
