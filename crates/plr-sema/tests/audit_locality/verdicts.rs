//! The verdict of every definition, clamp and equation.

use plr_sema::audit::subject::Subject;
use plr_sema::audit::verdict::{Requirement, Verdict};
use plr_sema::audit::{Audit, Built};
use plr_sema::hir::{Expr, ExprKind, Place, Relative, Rule, Signal, SignalId, Statement};

use crate::rules::*;
use crate::tree::*;

fn verdicts(rule: &Rule) -> Vec<(String, String)> {
    let rows = Audit::of_rule(rule, &library()).rows;
    rows.into_iter().map(|row| (row.name, row.verdict.unwrap_or_else(|| "global".to_owned()))).collect()
}

fn expect(rule: &Rule, expected: &[(&str, &str)]) {
    let found = verdicts(rule);
    let found: Vec<_> = found.iter().map(|(name, verdict)| (name.as_str(), verdict.as_str())).collect();
    assert_eq!(found, expected, "{}", rule.name);
}

#[test]
fn oja_is_local() {
    expect(&oja(), &[("respond: clamp input y", "local"), ("respond: y", "local"), ("learn: W", "local")]);
}

#[test]
fn feedback_alignment_is_local() {
    expect(
        &feedback_alignment(),
        &[
            ("forward: clamp input x", "local"),
            ("forward: a", "local"),
            ("forward: x", "local"),
            ("backward: output d", "local"),
            ("backward: hidden d", "local"),
            ("learn: W", "local"),
            ("learn: b", "local"),
        ],
    );
}

#[test]
fn backprop_transports_weights_in_one_equation() {
    expect(
        &licensed_backprop(),
        &[
            ("forward: clamp input x", "local"),
            ("forward: a", "local"),
            ("forward: x", "local"),
            ("backward: output d", "local"),
            ("backward: hidden d", "not local (weight_transport)"),
            ("learn: W", "local"),
            ("learn: b", "local"),
        ],
    );
}

#[test]
fn centred_ep_is_local_given_symmetric_synapses() {
    let given = "local given symmetric synapses";
    expect(
        &centred_ep(true),
        &[
            ("let drive", given),
            ("free: clamp input s", "local"),
            ("free: s", given),
            ("plus: hidden s", given),
            ("plus: output s", given),
            ("minus: hidden s", given),
            ("minus: output s", given),
            ("learn: W", "local"),
            ("learn: b", "local"),
        ],
    );
}

/// What `above.e` is made of is the affair of the unit above; that it arrives backwards is the affair of this one.
#[test]
fn predictive_coding_hears_errors_backwards() {
    for (symmetric, feedback) in
        [(true, "local given symmetric synapses"), (false, "not local (weight_transport)")]
    {
        expect(
            &predictive_coding(symmetric),
            &[
                ("let mu", "local"),
                ("let e", "local"),
                ("predict: clamp input x", "local"),
                ("infer: clamp output x", "local"),
                ("predict: x", "local"),
                ("infer: hidden x", feedback),
                ("learn: W", "local"),
                ("learn: b", "local"),
            ],
        );
    }
}

#[test]
fn a_signal_is_a_modulator_for_its_readers() {
    let rows = [
        ("signal R", "global"),
        ("run: clamp input x", "local"),
        ("run: x", "local"),
        ("learn: W", "local + modulator"),
    ];
    expect(&modulated(), &rows);
}

#[test]
fn a_synapse_that_reads_another_weight_is_not_local() {
    let mut rule = feedback_alignment();
    rule.synapses.push(synapse("V", Relative::Below, false));
    rule.plasticity = vec![
        learn_synapse(1, weight(0, true)),
        learn_synapse(2, weight(0, false)),
        learn_synapse(0, weight(0, false)),
    ];
    let learned = &verdicts(&rule)[5..];
    let expected = [
        ("learn: B", "not local (weight_transport)"),
        ("learn: V", "not local (other_synapse)"),
        ("learn: W", "local"),
    ];
    assert_eq!(learned, expected.map(|(name, verdict)| (name.to_owned(), verdict.to_owned())));
}

/// A definition of another unit that transports weights is judged in its own row and not in its readers'.
#[test]
fn a_definition_answers_for_itself() {
    let mut rule = centred_ep(false);
    rule.plasticity = vec![learn_synapse(0, mul(read(Place::Post, 2), read(Place::Pre, 1)))];
    let found = verdicts(&rule);
    assert_eq!(found[0], ("let drive".to_owned(), "not local (weight_transport)".to_owned()));
    assert_eq!(found[7], ("learn: W".to_owned(), "local".to_owned()));
}

/// Softmax at the output makes two equations lateral there and nowhere else.
#[test]
fn a_layer_wide_activation_is_lateral_where_it_is() {
    let audit = Audit::on_network(
        &feedback_alignment(),
        &library(),
        (&chain(Some(SOFTMAX)), &Built::everything()),
        &|phase| constant(&phase.steps),
    );
    let found: Vec<_> = audit
        .rows
        .iter()
        .flat_map(|row| {
            row.exceptions.iter().map(|e| (row.name.as_str(), e.site.as_str(), e.verdict.as_str()))
        })
        .collect();
    let expected =
        [("forward: x", "output", "local + lateral"), ("backward: output d", "output", "local + lateral")];
    assert_eq!(found, expected);
}

#[test]
fn the_words_for_sets_of_requirements() {
    use Requirement::{
        BatchStatistics, Lateral, Modulator, OtherSynapse, SymmetricSynapses, WeightTransport,
    };
    let cases: [(&[Requirement], &str); 7] = [
        (&[], "local"),
        (&[Lateral], "local + lateral"),
        (&[Modulator, Lateral], "local + modulator + lateral"),
        (&[SymmetricSynapses], "local given symmetric synapses"),
        (&[Lateral, SymmetricSynapses], "local + lateral, given symmetric synapses"),
        (&[Modulator, WeightTransport], "not local (weight_transport)"),
        (&[BatchStatistics, OtherSynapse], "not local (other_synapse, batch_statistics)"),
    ];
    for (requirements, words) in cases {
        assert_eq!(requirements.iter().copied().collect::<Verdict>().to_string(), words);
    }
}

/// Expressions that a unit's equation can be extended by, of every kind of information.
fn extensions() -> Vec<Expr> {
    vec![
        read(Place::Own, 1),
        arrive(0, read(Place::Sender, 1)),
        arrive_backwards(0, read(Place::Sender, 1)),
        layer_sum(read(Place::Own, 1)),
        batch_mean(read(Place::Own, 1)),
        expr(ExprKind::Signal(SignalId(0), None)),
        expr(ExprKind::Target),
        read(Place::Own, 2),
    ]
}

/// Adding a read to an equation never removes a requirement.
#[test]
fn verdicts_are_monotone() {
    let mut rule = centred_ep(true);
    rule.signals = vec![Signal { name: "R".to_owned(), value: number(1.0), span: span() }];
    for extension in extensions() {
        let mut extended = rule.clone();
        for statement in extended.phases.iter_mut().flat_map(|phase| &mut phase.body) {
            if let Statement::Equation(dynamics) = statement {
                dynamics.value = add(dynamics.value.clone(), extension.clone());
            }
        }
        for (before, after) in Subject::all(&rule).into_iter().zip(Subject::all(&extended)) {
            let before: Vec<_> = Verdict::of(before, &rule, &library(), None).requirements().collect();
            let after: Vec<_> = Verdict::of(after, &extended, &library(), None).requirements().collect();
            assert!(
                before.iter().all(|r| after.contains(r)),
                "{before:?} became {after:?} with {extension:?}"
            );
        }
    }
}
