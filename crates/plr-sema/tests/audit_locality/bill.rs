//! The hardware bill on 3 - 4 - 5 - 2: 12 + 20 + 10 = 42 synapses per projection along the edges.

use plr_sema::audit::bill::{Bill, PhaseCopy};
use plr_sema::audit::operations::MultiplyAdds;
use plr_sema::audit::timing::Locking;
use plr_sema::audit::wires::{Class, Traffic, Wire};
use plr_sema::audit::{Audit, Built};
use plr_sema::hir::{Place, Rule, Statement};

use crate::rules::*;
use crate::tree::*;

fn bill(rule: &Rule) -> Bill {
    let audit = Audit::on_network(rule, &library(), (&chain(None), &Built::everything()), &|phase| {
        constant(&phase.steps)
    });
    audit.bill.expect("the audit of a network has a bill")
}

fn locking(equation: &str, waits_for: &[&str], locked_at: &[&str]) -> Locking {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Locking {
        equation: equation.to_owned(),
        every_step: None,
        waits_for: owned(waits_for),
        locked_at: owned(locked_at),
    }
}

fn wire(synapse: &str, class: Class, traffic: Traffic, learned: bool) -> Wire {
    Wire {
        synapse: synapse.to_owned(),
        class,
        traffic,
        learned,
        delayed: false,
        instances: 3,
        synapses: 42,
        weights: 42,
    }
}

/// One sweep through three layers; `post * pre` and `post * post * W` are two products per synapse.
#[test]
fn oja() {
    let bill = bill(&crate::rules::oja());
    assert_eq!((bill.units, bill.steps, bill.sequential_depth), (14, 1, 3));
    assert_eq!(bill.multiply_adds, MultiplyAdds { dynamics: 42, plasticity: 84 });
    assert_eq!(bill.wires, [wire("W", Class::Forward, Traffic::OneWay, true)]);
    assert_eq!(bill.copies, []);
    assert_eq!(bill.locking, [locking("learn: W", &["respond"], &[])]);
}

/// Three layers up, the output's error, two layers down. Errors cross the 20 + 10 upper synapses only.
#[test]
fn feedback_alignment_and_backprop_differ_in_wires_only() {
    let (fa, bp) = (bill(&feedback_alignment()), bill(&licensed_backprop()));
    assert_eq!(
        fa.phases.iter().map(|p| (p.name.as_str(), p.depth)).collect::<Vec<_>>(),
        [("forward", 3), ("backward", 3)]
    );
    let wires = [
        wire("W", Class::Forward, Traffic::OneWay, true),
        wire("B", Class::Feedback, Traffic::OneWay, false),
    ];
    assert_eq!(fa.wires, wires);
    assert_eq!(bp.wires, [wire("W", Class::Forward, Traffic::Transported, true)]);
    let waits = [
        locking("learn: W", &["forward", "backward"], &["input->h1", "h1->h2"]),
        locking("learn: b", &["backward"], &["h1", "h2"]),
    ];
    for bill in [fa, bp] {
        assert_eq!((bill.steps, bill.sequential_depth), (2, 6));
        assert_eq!(bill.multiply_adds, MultiplyAdds { dynamics: 72, plasticity: 42 });
        assert_eq!(bill.copies, []);
        assert_eq!(bill.locking, waits);
        assert_eq!((bill.unit_parameters.len(), bill.unit_parameters[0].values), (1, 14));
    }
}

/// `plus` ends before learning, and `minus` starts from `free` after `plus` has moved the states: two copies each in the
/// 4 + 5 + 2 units that move. The clamped input is the same value throughout.
#[test]
fn centred_ep_remembers_two_phases() {
    let bill = bill(&centred_ep(true));
    let copy = |phase: &str| PhaseCopy {
        state: "s".to_owned(),
        phase: phase.to_owned(),
        layers: ["h1", "h2", "output"].map(str::to_owned).to_vec(),
        values: 11,
    };
    assert_eq!(bill.copies, [copy("free"), copy("plus")]);
    assert_eq!((bill.steps, bill.sequential_depth), (50, 50));
    // Each step 42 up and 20 + 10 down; two outer products per synapse.
    assert_eq!(bill.multiply_adds, MultiplyAdds { dynamics: 50 * 72, plasticity: 84 });
    assert_eq!(bill.wires, [wire("W", Class::Forward, Traffic::Bidirectional, true)]);
    let waits = [
        locking("learn: W", &["free", "plus", "minus"], &["input->h1", "h1->h2"]),
        locking("learn: b", &["free", "plus", "minus"], &["h1", "h2"]),
    ];
    assert_eq!(bill.locking, waits);
}

/// In each of 20 steps the predictions of three layers and the errors of two layers travel; learning needs the final
/// predictions again.
#[test]
fn predictive_coding_computes_predictions_once_per_step() {
    let bill = bill(&predictive_coding(true));
    assert_eq!((bill.steps, bill.sequential_depth), (21, 23));
    assert_eq!(bill.multiply_adds, MultiplyAdds { dynamics: 42 + 20 * (42 + 30), plasticity: 42 + 42 });
    assert_eq!(bill.copies, []);
    assert_eq!(bill.locking[0], locking("learn: W", &["predict", "infer"], &["input->h1", "h1->h2"]));
}

/// After the forward sweep alone no layer knows anything of those above it; one step of inference changes that.
#[test]
fn a_phase_without_steps_locks_nothing() {
    let mut rule = predictive_coding(true);
    rule.plasticity = vec![learn_unit(0, read(Place::Own, 1))];
    for (steps, locked) in [(1.0, &["h1", "h2"][..]), (0.0, &[])] {
        rule.phases[1].steps = number(steps);
        assert_eq!(bill(&rule).locking[0].locked_at, locked, "{steps} steps");
    }
}

/// A released state moves again.
#[test]
fn a_released_state_is_computed_again() {
    let mut rule = centred_ep(true);
    let release = Statement::Release { role: None, variable: plr_sema::hir::VariableId(1) };
    rule.phases[1].body = vec![release, Statement::Equation(dynamics(None, 1, f(read(Place::Own, 2))))];
    let copies = bill(&rule).copies;
    let found: Vec<_> = copies.iter().map(|copy| (copy.phase.as_str(), copy.values)).collect();
    // `minus` restores all 14 units; `s[plus]` differs from then on where they moved.
    assert_eq!(found, [("free", 14), ("plus", 14)]);
}

#[test]
fn a_signal_reaches_every_synapse_that_hears_it() {
    let bill = bill(&modulated());
    assert_eq!(bill.broadcasts.len(), 1);
    assert_eq!((bill.broadcasts[0].signal.as_str(), bill.broadcasts[0].fan_out), ("R", 42));
    // The cost at the output is known only after the forward pass.
    assert_eq!(bill.locking[0].locked_at, ["input->h1", "h1->h2"]);
}
