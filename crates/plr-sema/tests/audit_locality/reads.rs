//! The exact inputs of every instance of an equation, with their patterns.

use std::collections::BTreeSet;

use plr_ir::model::{Owner, Pattern};
use plr_sema::audit::reads::equation;
use plr_sema::equation::instances;
use plr_sema::hir::{Place, Population, PopulationId, Relative, Rule, Size, Statement};
use plr_sema::network::Network;

use crate::rules::*;
use crate::tree::*;

/// `x/h1 own, W/input->h1 row` of each instance by name.
fn expect(rule: &Rule, network: &Network, expected: &[(&str, &str)]) {
    let library = library();
    let found = instances(rule, network);
    let found: Vec<_> = found.iter().map(|i| equation(rule, &library, network, i)).collect();
    let names: Vec<_> = found.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (equation, (name, expected)) in found.iter().zip(expected) {
        let reads = equation.reads.iter().map(|r| format!("{} {}", r.input, word(r.pattern)));
        let expected = expected.split(", ").filter(|s| !s.is_empty()).map(str::to_owned);
        assert_eq!(reads.collect::<BTreeSet<_>>(), expected.collect::<BTreeSet<_>>(), "{name}");
    }
}

fn word(pattern: Pattern) -> String {
    format!("{pattern:?}").to_lowercase()
}

#[test]
fn oja() {
    let expected = [
        ("respond: y at input", ""),
        ("respond: y at h1", "W/input->h1 row, y/input layer"),
        ("respond: y at h2", "W/h1->h2 row, y/h1 layer"),
        ("respond: y at output", "W/h2->output row, y/h2 layer"),
        ("learn: W at input->h1", "W/input->h1 entry, y/input presynaptic, y/h1 own"),
        ("learn: W at h1->h2", "W/h1->h2 entry, y/h1 presynaptic, y/h2 own"),
        ("learn: W at h2->output", "W/h2->output entry, y/h2 presynaptic, y/output own"),
    ];
    expect(&crate::rules::oja(), &chain(None), &expected);
}

/// The instances of feedback alignment and backprop, which differ in how errors arrive at `h1` and `h2`.
fn layered<'e>(h1: &'e str, h2: &'e str) -> Vec<(&'e str, &'e str)> {
    vec![
        ("forward: a at input", "b/input own"),
        ("forward: a at h1", "W/input->h1 row, x/input layer, b/h1 own"),
        ("forward: a at h2", "W/h1->h2 row, x/h1 layer, b/h2 own"),
        ("forward: a at output", "W/h2->output row, x/h2 layer, b/output own"),
        ("forward: x at input", "a/input own"),
        ("forward: x at h1", "a/h1 own"),
        ("forward: x at h2", "a/h2 own"),
        ("forward: x at output", "a/output own"),
        ("backward: d at output", "a/output own, target own"),
        ("backward: d at h1", h1),
        ("backward: d at h2", h2),
        ("learn: W at input->h1", "d/h1 own, x/input presynaptic"),
        ("learn: W at h1->h2", "d/h2 own, x/h1 presynaptic"),
        ("learn: W at h2->output", "d/output own, x/h2 presynaptic"),
        ("learn: b at input", "d/input own"),
        ("learn: b at h1", "d/h1 own"),
        ("learn: b at h2", "d/h2 own"),
        ("learn: b at output", "d/output own"),
    ]
}

#[test]
fn feedback_alignment_hears_errors_through_its_own_synapses() {
    let h1 = "a/h1 own, B/h2->h1 row, d/h2 layer";
    let h2 = "a/h2 own, B/output->h2 row, d/output layer";
    expect(&feedback_alignment(), &chain(None), &layered(h1, h2));
}

#[test]
fn backprop_reads_the_column_of_the_weights_above() {
    let h1 = "a/h1 own, W/h1->h2 column, d/h2 layer";
    let h2 = "a/h2 own, W/h2->output column, d/output layer";
    expect(&licensed_backprop(), &chain(None), &layered(h1, h2));
}

#[test]
fn centred_ep_reads_both_sides_and_stored_states() {
    let h1 = "b/h1 own, W/input->h1 row, s/input layer, W/h1->h2 column, s/h2 layer";
    let h2 = "b/h2 own, W/h1->h2 row, s/h1 layer, W/h2->output column, s/output layer";
    let output = "b/output own, W/h2->output row, s/h2 layer";
    let nudged = format!("{output}, s/output own, target own");
    let learned = [
        "s/h1@plus own, s/h1@minus own, s/input@plus presynaptic, s/input@minus presynaptic",
        "s/h2@plus own, s/h2@minus own, s/h1@plus presynaptic, s/h1@minus presynaptic",
        "s/output@plus own, s/output@minus own, s/h2@plus presynaptic, s/h2@minus presynaptic",
    ];
    let expected = [
        ("free: s at input", "b/input own, W/input->h1 column, s/h1 layer"),
        ("free: s at h1", h1),
        ("free: s at h2", h2),
        ("free: s at output", output),
        ("plus: s at h1", h1),
        ("plus: s at h2", h2),
        ("plus: s at output", &nudged),
        ("minus: s at h1", h1),
        ("minus: s at h2", h2),
        ("minus: s at output", &nudged),
        ("learn: W at input->h1", learned[0]),
        ("learn: W at h1->h2", learned[1]),
        ("learn: W at h2->output", learned[2]),
        ("learn: b at input", "s/input@plus own, s/input@minus own"),
        ("learn: b at h1", "s/h1@plus own, s/h1@minus own"),
        ("learn: b at h2", "s/h2@plus own, s/h2@minus own"),
        ("learn: b at output", "s/output@plus own, s/output@minus own"),
    ];
    expect(&centred_ep(true), &chain(None), &expected);
}

/// An error that arrives from above was made there with all of the weights above and of this layer's activities.
#[test]
fn predictive_coding_composes_reads_through_errors() {
    let expected = [
        ("predict: x at input", "b/input own"),
        ("predict: x at h1", "b/h1 own, W/input->h1 row, x/input layer"),
        ("predict: x at h2", "b/h2 own, W/h1->h2 row, x/h1 layer"),
        ("predict: x at output", "b/output own, W/h2->output row, x/h2 layer"),
        (
            "infer: x at h1",
            "x/h1 layer, b/h1 own, W/input->h1 row, x/input layer, W/h1->h2 all, x/h2 layer, b/h2 layer",
        ),
        (
            "infer: x at h2",
            "x/h2 layer, b/h2 own, W/h1->h2 row, x/h1 layer, W/h2->output all, x/output layer, b/output layer",
        ),
        ("learn: W at input->h1", "x/h1 own, b/h1 own, W/input->h1 row, x/input layer"),
        ("learn: W at h1->h2", "x/h2 own, b/h2 own, W/h1->h2 row, x/h1 layer"),
        ("learn: W at h2->output", "x/output own, b/output own, W/h2->output row, x/h2 layer"),
        ("learn: b at input", "x/input own, b/input own"),
        ("learn: b at h1", "x/h1 own, b/h1 own, W/input->h1 row, x/input layer"),
        ("learn: b at h2", "x/h2 own, b/h2 own, W/h1->h2 row, x/h1 layer"),
        ("learn: b at output", "x/output own, b/output own, W/h2->output row, x/h2 layer"),
    ];
    expect(&predictive_coding(true), &chain(None), &expected);
}

#[test]
fn softmax_reads_its_layer_through_activation_and_cost() {
    let rule = feedback_alignment();
    let network = chain(Some(SOFTMAX));
    let mut expected =
        layered("a/h1 own, B/h2->h1 row, d/h2 layer", "a/h2 own, B/output->h2 row, d/output layer");
    expected[7].1 = "a/output layer";
    expected[8].1 = "a/output layer, target layer";
    expect(&rule, &network, &expected);
}

#[test]
fn a_signal_reads_the_whole_output_layer() {
    let expected = [
        ("run: x at input", ""),
        ("run: x at h1", "W/input->h1 row, x/input layer"),
        ("run: x at h2", "W/h1->h2 row, x/h1 layer"),
        ("run: x at output", "W/h2->output row, x/h2 layer"),
        ("learn: W at input->h1", "x/input presynaptic, x/output layer, target layer"),
        ("learn: W at h1->h2", "x/h1 presynaptic, x/output layer, target layer"),
        ("learn: W at h2->output", "x/h2 presynaptic, x/output layer, target layer"),
    ];
    expect(&modulated(), &chain(None), &expected);
}

/// A presynaptic definition that is a sum over synapses, and other synapses' weights.
#[test]
fn a_synapse_reads_through_its_presynaptic_unit() {
    let mut rule = feedback_alignment();
    rule.variables.push(definition("drive", arrive(0, read(Place::Sender, 2))));
    rule.phases.clear();
    rule.plasticity = vec![learn_synapse(0, read(Place::Pre, 4)), learn_synapse(1, weight(0, true))];
    let expected = [
        ("learn: W at input->h1", ""),
        ("learn: W at h1->h2", "W/input->h1 all, x/input layer"),
        ("learn: W at h2->output", "W/h1->h2 all, x/h1 layer"),
        ("learn: B at h1->input", "W/input->h1 reciprocal"),
        ("learn: B at h2->h1", "W/h1->h2 reciprocal"),
        ("learn: B at output->h2", "W/h2->output reciprocal"),
    ];
    expect(&rule, &chain(None), &expected);
}

/// Lateral synapses join units of one layer: the two ends read different elements of the same state.
#[test]
fn a_lateral_synapse_in_a_named_population() {
    let mut rule = rule("Lateral", vec![state("u"), param("g")], vec![synapse("L", Relative::Own, false)]);
    rule.populations =
        vec![Population { name: Some("P".to_owned()), size: Size::Layer, number: None, span: span() }];
    let value = add(batch_mean(read(Place::Own, 0)), arrive_backwards(0, read(Place::Sender, 1)));
    rule.phases = vec![phase("run", 1.0, None, vec![Statement::Equation(dynamics(None, 0, value))])];
    rule.plasticity =
        vec![learn_synapse(0, add(read(Place::Pre, 0), add(read(Place::Post, 0), weight(0, true))))];
    assert_eq!(rule.synapses[0].from.population, PopulationId(0));
    let mut network = chain(None);
    network.layers.drain(1..3);
    network.edges = vec![(0, 1)];
    let expected = [
        ("run: P.u at input", "P.u/input batch"),
        ("run: P.u at output", "P.u/output batch, L/output->output column, P.g/output layer"),
        ("learn: L at output->output", "P.u/output layer, L/output->output reciprocal"),
    ];
    expect(&rule, &network, &expected);
}

#[test]
fn owners_are_units_synapses_and_parameters_of_units() {
    let (rule, library, network) = (feedback_alignment(), library(), chain(None));
    let owner = |name: &str| {
        let all = instances(&rule, &network).into_iter().map(|i| equation(&rule, &library, &network, &i));
        all.filter(|e| e.name == name).map(|e| e.owner).collect::<Vec<_>>()
    };
    assert_eq!(owner("forward: a at h1"), [Owner::Unit]);
    assert_eq!(owner("learn: W at input->h1"), [Owner::Synapse]);
    assert_eq!(owner("learn: b at h1"), [Owner::UnitParameter]);
}
